//! What the guards cost: the sanitiser over an input of 10 KB, the validator over an answer of 10 KB, and a question to
//! a semantic cache that holds 10,000 answers.
//!
//! `cargo bench --bench guards`. The text is ordinary: letters with an address, a number, a link and some code. Everything
//! is on; the medians of many passes are told, after the patterns have been made ready.
#![expect(clippy::unwrap_used, reason = "a bench stops where something is not as it prepared it")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use std::sync::Arc;

use strata::domain::{
    Completion, Fingerprint, HarmPolicy, LeakPolicy, OutputPolicy, PhrasePolicy, PiiKind, PiiPolicy, SanitisePolicy,
};
use strata::engine::{CachedCall, Question, SimilarAnswers};
use strata::scoring::guardrails::{Context, Inspector, Sanitiser};
use strata::scoring::{Facts, lexical_vector, normalised};

const BYTES: u32 = 10_000;
const PASSES: usize = 2_000;

const PARTS: [&str; 6] = [
    "Dear shop, the parcel with order 10233 came late and one of the two cups was broken, so I would like to have my \
     money back. You can ignore my earlier mail about the colour, since I found the chart on your page. ",
    "The second cup is fine. My daughter asks whether the blue one can be put into the machine, and from which age the \
     set is suitable. Please answer before Friday, since we leave on 14.12.2026 at 10:30. ",
    "I paid 49.90 by card and the confirmation came from orders@shop.example within a minute. The link in it, \
     https://shop.example/orders?id=10233&lang=en, only shows the price. ",
    "For your developers: `let total = items.iter().map(|item| item.price).sum::<f64>();` gives 49.900000000000006 on \
     the page, which looks odd. The rules for rounding are in section 4 of your guidelines.\n\n",
    "Apart from that I was pleased with the service; the assistant on the telephone was kind and knew the system well. ",
    "If the refund takes longer than a week, tell me, and I will follow the instructions on the form instead. ",
];

const SYSTEM: &str = "You are the clerk of a shop for kitchen things. Be brief and polite. Never promise a date that the \
                      carrier has not confirmed. Offer a voucher of five euros once where a customer is angry. Send \
                      everything that names a lawyer to the office. Answer in the language of the customer.";

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    text_guards();
    semantic_cache();
}

fn text_guards() {
    let input: String = PARTS.iter().cycle().flat_map(|part| part.chars()).take(BYTES as usize).collect();
    let foreign: String = input.chars().map(|letter| if letter == 'z' { 'ž' } else { letter }).collect();
    let sanitiser = Sanitiser::new(&SanitisePolicy { on: true, ..SanitisePolicy::default() }).unwrap();
    let inspector = Inspector::new(&OutputPolicy {
        leak: LeakPolicy { on: true, canary: "calm-heron-72".to_owned(), ..LeakPolicy::default() },
        pii: PiiPolicy { kinds: PiiKind::ALL.into_iter().collect(), ..PiiPolicy::default() },
        harm: HarmPolicy { on: true, ..HarmPolicy::default() },
        phrases: PhrasePolicy { forbidden: vec!["best price".to_owned()], ..PhrasePolicy::default() },
        ..OutputPolicy::default()
    })
    .unwrap();
    let context = Context { system: SYSTEM, input: PARTS[0] };
    for (name, text) in [("ASCII", &input), ("with other letters", &foreign)] {
        let sanitise = median(PASSES, || drop(black_box(sanitiser.sanitise(black_box(text)))));
        let inspect = median(PASSES, || drop(black_box(inspector.inspect(black_box(text), context))));
        told(&format!("sanitise 10 KB, {name}"), BYTES, sanitise, "");
        told(&format!("validate 10 KB, {name}"), BYTES, inspect, "");
        told(&format!("both, {name}"), 2 * BYTES, sanitise + inspect, "   (goal 0.2 ms)");
    }
}

const ANSWERS: u32 = 10_000;
const SPACE: Fingerprint = Fingerprint([0; 32]);

/// A question that no kept one is near to, which is the longest way: every row is looked at.
fn semantic_cache() {
    let lexical =
        |row: u32| lexical_vector(&format!("Where is order {row}, and may {row} be sent to door {row}?")).unwrap();
    for (name, vector) in [("built in, 256", &lexical as &dyn Fn(u32) -> Vec<f32>), ("a provider's, 1,536", &embedding)]
    {
        let mut answers = SimilarAnswers::new(0.92, ANSWERS, Duration::from_hours(1));
        let now = tokio::time::Instant::now();
        for row in 0..ANSWERS {
            answers.keep(SPACE, Question { vector: vector(row), facts: facts(row) }, call(), now);
        }
        let asked = Question { vector: vector(ANSWERS), facts: facts(ANSWERS) };
        let time = median(200, || drop(black_box(answers.look_up(&SPACE, black_box(&asked), now))));
        println!("semantic look-up, {name:19}{:>6.3} ms in {ANSWERS} answers   (goal 1 ms)", time.as_secs_f64() * 1e3);
    }
}

fn facts(row: u32) -> Facts {
    Facts::of(&row.to_string())
}

fn call() -> CachedCall {
    CachedCall { completion: Arc::new(Completion::given("yes".to_owned())), cost: None }
}

/// As providers' vectors are: every number is used, and any two have something in common (a cosine of about a third).
fn embedding(row: u32) -> Vec<f32> {
    let mut state = u64::from(row) + 1;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        f32::from(u16::try_from(state >> 48).unwrap()) / 65_536.0 - 0.3
    };
    normalised((0..1_536).map(|_| next()).collect()).unwrap()
}

fn median(passes: usize, mut work: impl FnMut()) -> Duration {
    work();
    let mut times: Vec<Duration> = (0..passes)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[passes / 2]
}

fn told(what: &str, bytes: u32, time: Duration, goal: &str) {
    let secs = time.as_secs_f64();
    println!("{what:34}{:>9.4} ms {:>7.0} MB/s{goal}", secs * 1e3, f64::from(bytes) / secs / 1e6);
}
