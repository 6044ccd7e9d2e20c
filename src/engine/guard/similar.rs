//! Answers by the vectors of their questions: a bounded store that finds the nearest.
//!
//! The vectors of one namespace stand in blocks of memory, so that ten thousand are looked through in under a millisecond:
//! rows that cannot come near any more are left after a rough look at their first quarter ([`Rough`]). When the store is full, the answer goes that was used least, the older uses counting less (LFU with dynamic ageing, Arlitt et al. 2000,
//! Performance Evaluation Review 27:4), and of several the one that was used longest ago; so a new answer is never the
//! first to go.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::Fingerprint;
use crate::engine::sink::CachedCall;
use crate::scoring::Facts;

/// Rounding of two vectors of length 1.
const ROUNDING: f32 = 1e-6;
/// Rounding of a bound, on the safe side.
const SLACK: f32 = 1e-4;

/// A question as the store compares it.
#[derive(Debug, Clone)]
pub struct Question {
    /// Of length 1.
    pub vector: Vec<f32>,
    pub facts: Facts,
}

/// The answer of the nearest question.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The cosine, 0 to 1.
    pub similarity: f64,
    pub age: Duration,
    pub call: CachedCall,
}

/// What a look-up found.
#[derive(Debug, Default)]
pub struct Found {
    pub hit: Option<Hit>,
    /// The nearest question that is similar and yet another one, with a sentence on what differs.
    pub refused: Option<(f64, String)>,
}

/// Answers of similar questions, at most `capacity` of them, each for `ttl`.
#[derive(Debug)]
pub struct SimilarAnswers {
    threshold: f32,
    capacity: usize,
    ttl: Duration,
    racks: HashMap<Fingerprint, Rack>,
    kept: usize,
    /// Counts uses; later ones have the higher number.
    uses: u64,
    /// What the last that had to go was worth: a new answer begins there.
    age: u64,
}

/// The questions of one namespace.
#[derive(Debug)]
struct Rack {
    dimensions: usize,
    /// The rough first numbers of each row, row after row: all that most look-ups read.
    roughs: Vec<i8>,
    /// How rough each row is.
    bounds: Vec<Bound>,
    /// The rows as they are, one after the other.
    rows: Vec<f32>,
    entries: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    /// Tells most facts apart without reading them.
    mark: u64,
    facts: Facts,
    call: CachedCall,
    since: Instant,
    uses: u64,
    worth: u64,
    last_use: u64,
}

impl SimilarAnswers {
    /// `threshold`: the least cosine at which questions are similar, 0 to 1.
    #[expect(clippy::cast_possible_truncation, reason = "a share needs no more digits")]
    pub fn new(threshold: f64, capacity: u32, ttl: Duration) -> Self {
        let capacity = (capacity as usize).max(1);
        let threshold = threshold as f32;
        Self { threshold, capacity, ttl, racks: HashMap::new(), kept: 0, uses: 0, age: 0 }
    }

    /// The answer of the nearest question that says the same, which counts as a use.
    pub fn look_up(&mut self, namespace: &Fingerprint, question: &Question, now: Instant) -> Found {
        let (threshold, ttl) = (self.threshold, self.ttl);
        let Some(rack) = self.racks.get_mut(namespace) else { return Found::default() };
        let Nearest { same, other } = rack.nearest(question, threshold, |kept| now.duration_since(kept.since) < ttl);
        let refused = other.and_then(|(row, similarity)| {
            Some((cosine(similarity), question.facts.difference(&rack.entries[row].facts)?))
        });
        let Some((row, similarity)) = same else { return Found { hit: None, refused } };
        self.uses += 1;
        let entry = &mut rack.entries[row];
        entry.uses += 1;
        entry.worth = self.age + entry.uses;
        entry.last_use = self.uses;
        let age = now.duration_since(entry.since);
        let hit = Hit { similarity: cosine(similarity), age, call: entry.call.clone() };
        Found { hit: Some(hit), refused: None }
    }

    /// Keeps an answer; that of the same question gives way to it.
    pub fn keep(&mut self, namespace: Fingerprint, question: Question, call: CachedCall, now: Instant) {
        self.uses += 1;
        let use_number = self.uses;
        if let Some(rack) = self.racks.get_mut(&namespace) {
            let Nearest { same, .. } = rack.nearest(&question, 1.0, |_| true);
            if let Some((row, _)) = same {
                let entry = &mut rack.entries[row];
                (entry.call, entry.since, entry.last_use) = (call, now, use_number);
                return;
            }
        }
        if self.kept >= self.capacity {
            self.let_one_go(now);
        }
        let dimensions = question.vector.len();
        let empty =
            || Rack { dimensions, roughs: Vec::new(), bounds: Vec::new(), rows: Vec::new(), entries: Vec::new() };
        let rack = self.racks.entry(namespace).or_insert_with(empty);
        if rack.dimensions != dimensions || dimensions == 0 {
            return;
        }
        let rough = Rough::of(&question.vector);
        rack.roughs.extend_from_slice(&rough.head);
        rack.bounds.push(rough.bound);
        rack.rows.extend_from_slice(&question.vector);
        let worth = self.age + 1;
        let (mark, facts) = (mark(&question.facts), question.facts);
        rack.entries.push(Kept { mark, facts, call, since: now, uses: 1, worth, last_use: use_number });
        self.kept += 1;
    }

    /// One that is too old goes first, else the one that is worth least.
    fn let_one_go(&mut self, now: Instant) {
        let ttl = self.ttl;
        let all = self.racks.iter().flat_map(|(namespace, rack)| {
            rack.entries.iter().enumerate().map(move |(row, entry)| (namespace, row, entry))
        });
        let least =
            all.min_by_key(|(_, _, entry)| (now.duration_since(entry.since) < ttl, entry.worth, entry.last_use));
        let Some((namespace, row, entry)) = least else { return };
        let (namespace, worth) = (*namespace, entry.worth);
        self.age = self.age.max(worth);
        self.kept -= 1;
        if let Some(rack) = self.racks.get_mut(&namespace) {
            rack.remove(row);
            if rack.entries.is_empty() {
                self.racks.remove(&namespace);
            }
        }
    }
}

/// Rows with their similarity.
#[derive(Debug, Default)]
struct Nearest {
    /// Says the same as the question.
    same: Option<(usize, f32)>,
    /// Says something else.
    other: Option<(usize, f32)>,
}

impl Rack {
    /// The nearest row that is taken and says the same, and the nearest that says something else.
    fn nearest(&self, question: &Question, threshold: f32, takes: impl Fn(&Kept) -> bool) -> Nearest {
        let mut nearest = Nearest::default();
        if question.vector.len() != self.dimensions {
            return nearest;
        }
        let mark = mark(&question.facts);
        let Rough { head, bound: asked } = Rough::of(&question.vector);
        let head: Vec<i16> = head.into_iter().map(i16::from).collect();
        let roughs = self.roughs.chunks_exact(head.len());
        for (row, ((rough, bound), entry)) in roughs.zip(&self.bounds).zip(&self.entries).enumerate() {
            if asked.at_most(rough_dot(&head, rough), bound) + SLACK < threshold {
                continue;
            }
            let vector = &self.rows[row * self.dimensions..][..self.dimensions];
            let similarity = dot(vector, &question.vector);
            if similarity + ROUNDING < threshold || !takes(entry) {
                continue;
            }
            let says_the_same = entry.mark == mark && entry.facts == question.facts;
            let best = if says_the_same { &mut nearest.same } else { &mut nearest.other };
            if best.is_none_or(|(_, known)| similarity > known) {
                *best = Some((row, similarity));
            }
        }
        nearest
    }

    /// The last row takes the place of the one that goes.
    fn remove(&mut self, row: usize) {
        let last = self.entries.len() - 1;
        keep_without(&mut self.roughs, head(self.dimensions), row, last);
        keep_without(&mut self.rows, self.dimensions, row, last);
        self.bounds.swap_remove(row);
        self.entries.swap_remove(row);
    }
}

/// Puts the last row in the place of another.
fn keep_without<T: Copy>(numbers: &mut Vec<T>, width: usize, row: usize, last: usize) {
    numbers.copy_within(last * width.., row * width);
    numbers.truncate(last * width);
}

/// A vector of length 1 at a glance: its first numbers in a byte each, and how far that is from the truth.
#[derive(Debug)]
struct Rough {
    head: Vec<i8>,
    bound: Bound,
}

#[derive(Debug, Clone, Copy)]
struct Bound {
    /// What a byte's one stands for.
    unit: f32,
    /// The length of the head.
    head: f32,
    /// The length of what rounding took from the head.
    lost: f32,
    /// The length of what comes behind the head.
    tail: f32,
}

impl Rough {
    #[expect(clippy::cast_possible_truncation, reason = "a head's numbers are 127 units at most")]
    fn of(vector: &[f32]) -> Self {
        let (first, rest) = vector.split_at(head(vector.len()));
        let largest = first.iter().fold(0.0_f32, |largest, number| largest.max(number.abs()));
        let unit = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        let head: Vec<i8> = first.iter().map(|number| (number / unit).round() as i8).collect();
        let lost: Vec<f32> = first.iter().zip(&head).map(|(number, rough)| number - unit * f32::from(*rough)).collect();
        let length = |numbers: &[f32]| dot(numbers, numbers).sqrt();
        let bound = Bound { unit, head: length(first), lost: length(&lost), tail: length(rest) };
        Self { head, bound }
    }
}

impl Bound {
    /// The cosine of two vectors is at most this, `product` being that of their rough heads. What rounding lost on either
    /// side, and what comes behind the heads, adds at most the product of the lengths (Cauchy and Schwarz).
    fn at_most(&self, product: f32, other: &Self) -> f32 {
        let lost = self.lost * other.head + (self.head + self.lost) * other.lost;
        self.unit * other.unit * product + lost + self.tail * other.tail
    }
}

fn mark(facts: &Facts) -> u64 {
    let mut hasher = DefaultHasher::new();
    facts.hash(&mut hasher);
    hasher.finish()
}

/// How many of a vector's numbers are looked at first: most rows are out after them.
fn head(dimensions: usize) -> usize {
    (dimensions / 4).next_multiple_of(16).max(1).min(dimensions)
}

/// One side in 16 bits and the other in 8: there is a vector instruction for that.
#[expect(clippy::cast_precision_loss, reason = "a sum of some thousand small products needs no more digits")]
fn rough_dot(a: &[i16], b: &[i8]) -> f32 {
    a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>() as f32
}

/// Whether one answer does for both questions.
#[expect(clippy::cast_possible_truncation, reason = "a share needs no more digits")]
pub fn is_same(a: &Question, b: &Question, threshold: f64) -> bool {
    a.facts == b.facts && a.vector.len() == b.vector.len() && dot(&a.vector, &b.vector) + ROUNDING >= threshold as f32
}

/// In eight sums at once, which the compiler makes into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

fn cosine(similarity: f32) -> f64 {
    f64::from(similarity).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::Completion;
    use crate::scoring::lexical_vector;

    const SPACE: Fingerprint = Fingerprint([1; 32]);
    const OTHER_SPACE: Fingerprint = Fingerprint([2; 32]);

    fn question(text: &str) -> Question {
        Question { vector: lexical_vector(text).unwrap(), facts: Facts::of(text) }
    }

    fn call(text: &str) -> CachedCall {
        let completion = Completion::given(text.to_owned());
        CachedCall { completion: Arc::new(completion), cost: None }
    }

    fn answers(capacity: u32) -> SimilarAnswers {
        SimilarAnswers::new(0.8, capacity, Duration::from_secs(10))
    }

    fn text(found: &Found) -> Option<&str> {
        found.hit.as_ref().map(|hit| hit.call.completion.text.as_str())
    }

    #[tokio::test(start_paused = true)]
    async fn the_best_match_answers_and_not_the_first() {
        let (mut answers, now) = (answers(10), Instant::now());
        answers.keep(SPACE, question("how do i reset my passwords today"), call("first"), now);
        answers.keep(SPACE, question("how do i reset my password"), call("best"), now);
        let found = answers.look_up(&SPACE, &question("how do i reset my password?"), now);
        assert_eq!(text(&found), Some("best"));
        assert!((found.hit.unwrap().similarity - 1.0).abs() < 1e-5);
        assert_eq!(text(&answers.look_up(&OTHER_SPACE, &question("how do i reset my password"), now)), None);
        assert_eq!(text(&answers.look_up(&SPACE, &question("where is the station"), now)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_says_something_else_is_refused_though_it_is_similar() {
        let (mut answers, now) = (answers(10), Instant::now());
        answers.keep(SPACE, question("what is the rate of vat in the EU in our books"), call("EU"), now);
        let found = answers.look_up(&SPACE, &question("what is the rate of vat in the US in our books"), now);
        assert!(found.hit.is_none());
        let (similarity, reason) = found.refused.unwrap();
        assert!(similarity >= 0.8 && reason.contains("`US`") && reason.contains("`EU`"), "{similarity} {reason}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_has_its_time() {
        let (mut answers, now) = (answers(10), Instant::now());
        answers.keep(SPACE, question("a question"), call("old"), now);
        let later = |secs| now + Duration::from_secs(secs);
        assert_eq!(text(&answers.look_up(&SPACE, &question("a question"), later(9))), Some("old"));
        assert_eq!(text(&answers.look_up(&SPACE, &question("a question"), later(10))), None);
        answers.keep(SPACE, question("a question"), call("new"), later(11));
        assert_eq!(text(&answers.look_up(&SPACE, &question("a question"), later(20))), Some("new"));
        assert_eq!(answers.kept, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_used_stays_and_the_newest_is_not_the_first_to_go() {
        let (mut answers, now) = (answers(2), Instant::now());
        answers.keep(SPACE, question("apples"), call("apples"), now);
        answers.keep(SPACE, question("bridges"), call("bridges"), now);
        answers.look_up(&SPACE, &question("apples"), now);
        answers.keep(SPACE, question("candles"), call("candles"), now);
        let mut known = |name: &str| answers.look_up(&SPACE, &question(name), now).hit.is_some();
        assert_eq!([known("apples"), known("bridges"), known("candles")], [true, false, true]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_used_often_long_ago_goes_at_last() {
        let (mut answers, now) = (answers(2), Instant::now());
        answers.keep(SPACE, question("apples"), call(""), now);
        for _ in 0..5 {
            answers.look_up(&SPACE, &question("apples"), now);
        }
        for name in ["bridges", "candles", "doors", "elephants", "forests", "gardens", "houses", "islands"] {
            answers.keep(SPACE, question(name), call(""), now);
        }
        assert!(answers.look_up(&SPACE, &question("apples"), now).hit.is_none());
    }

    fn random(seed: u64, dimensions: usize) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            f32::from(u16::try_from(state >> 48).unwrap()) / 65_536.0 - 0.3
        };
        crate::scoring::normalised((0..dimensions).map(|_| next()).collect()).unwrap()
    }

    proptest! {
        /// Rows that are left early are never the nearest.
        #[test]
        fn the_short_way_finds_what_the_long_way_finds(
            seeds in proptest::collection::vec(any::<u64>(), 1..40), dimensions in 1_usize..70, threshold in 0.1_f64..1.0,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let _inside = runtime.enter();
            let now = Instant::now();
            let mut answers = SimilarAnswers::new(threshold, 100, Duration::from_secs(10));
            let asked = Question { vector: random(7, dimensions), facts: Facts::default() };
            let mut nearest: f32 = 0.0;
            for seed in seeds {
                let vector = random(seed, dimensions);
                nearest = nearest.max(dot(&vector, &asked.vector));
                answers.keep(SPACE, Question { vector, facts: Facts::default() }, call("x"), now);
            }
            let found = answers.look_up(&SPACE, &asked, now).hit.map_or(0.0, |hit| hit.similarity);
            let close = (f64::from(nearest) - threshold).abs() < 1e-5;
            let expect = if f64::from(nearest) >= threshold { f64::from(nearest).min(1.0) } else { 0.0 };
            prop_assert!(close || (found - expect).abs() < 1e-5, "{found} {expect}");
        }

        /// Whatever is asked, no more is kept than may be, every row has its vector, and the last is always there.
        #[test]
        fn the_store_is_bounded(asked in proptest::collection::vec((0_u8..40, any::<bool>()), 1..120), capacity in 1_u32..12) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            let _inside = runtime.enter();
            let (mut answers, now) = (answers(capacity), Instant::now());
            for (number, space) in asked {
                let space = if space { SPACE } else { OTHER_SPACE };
                let words = question(&format!("word{}", char::from(b'a' + number)).repeat(3));
                answers.keep(space, words.clone(), call("x"), now);
                prop_assert!(answers.look_up(&space, &words, now).hit.is_some());
                let rows: usize = answers.racks.values().map(|rack| rack.entries.len()).sum();
                prop_assert!(rows == answers.kept && rows <= capacity as usize);
                for rack in answers.racks.values() {
                    prop_assert_eq!(rack.rows.len(), rack.entries.len() * rack.dimensions);
                    prop_assert_eq!(rack.roughs.len(), rack.entries.len() * head(rack.dimensions));
                    prop_assert_eq!(rack.bounds.len(), rack.entries.len());
                }
            }
        }
    }
}
