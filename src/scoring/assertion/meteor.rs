//! `meteor`: how well the words of the output align with those of a reference.

use std::collections::{HashMap, HashSet};

use rust_stemmers::{Algorithm, Stemmer};
use serde_json::Value;

use super::js;
use super::overlap::{grade, ratio};
use super::{Asked, Grading, Output, Undone};

const THRESHOLD: f64 = 0.5;

/// METEOR (Banerjee and Lavie 2005, ACL workshop) of the output against the value, a text or a list of texts: the best
/// reference counts. Words are aligned where they are equal, then where their stems are: `alpha` (0.9) weighs precision
/// against recall, and `gamma` (0.5) times the share of pieces to the power of `beta` (3) is taken off for an alignment in
/// pieces. The assertion's `config` may give the three.
///
/// Approximated: there is no third stage with the synonyms of `WordNet`, and stems are those of the English Snowball
/// stemmer, Porter's own revision of the one that promptfoo names, from which it differs in some words.
pub fn meteor(asked: &Asked, output: &Output) -> Grading {
    let references = asked.texts("meteor")?;
    if output.text.is_empty() {
        return Err(Undone("“meteor” cannot measure an empty output.".to_owned()));
    }
    let weights = Weights::of(asked);
    let candidate = words(&output.text);
    let scores = references.into_iter().map(|reference| weights.score(&candidate, &words(reference)));
    Ok(grade("METEOR", scores.fold(0.0, f64::max), THRESHOLD, asked))
}

struct Weights {
    alpha: f64,
    beta: f64,
    gamma: f64,
}

impl Weights {
    fn of(asked: &Asked) -> Self {
        let given = |name: &str, default| asked.config.get(name).and_then(Value::as_f64).unwrap_or(default);
        Self { alpha: given("alpha", 0.9), beta: given("beta", 3.0), gamma: given("gamma", 0.5) }
    }

    fn score(&self, candidate: &[String], reference: &[String]) -> f64 {
        let pairs = align(candidate, reference);
        if pairs.is_empty() {
            return 0.0;
        }
        let (precision, recall) = (ratio(pairs.len(), candidate.len()), ratio(pairs.len(), reference.len()));
        let mean = precision * recall / (self.alpha * precision + (1.0 - self.alpha) * recall);
        let penalty = self.gamma * ratio(pieces(&pairs), pairs.len()).powf(self.beta);
        (1.0 - penalty) * mean
    }
}

/// In lower case, separated by white space, without the full stops at their ends. White space around the text leaves an
/// empty word there, as JavaScript splits it.
fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let mut words = Vec::new();
    let mut rest = text.as_str();
    while let Some(end) = rest.find(js::is_space) {
        words.push(&rest[..end]);
        rest = rest[end..].trim_start_matches(js::is_space);
    }
    words.push(rest);
    words.into_iter().map(|word| word.trim_end_matches('.').to_owned()).collect()
}

/// Places of words in the output and in the reference.
type Pair = (usize, usize);

/// A word and its place.
type Placed = (usize, String);

/// Each word of the output, from the last on, with the last free word of the reference that is equal; then the same with
/// stems for what is left. In the order of the output.
fn align(candidate: &[String], reference: &[String]) -> Vec<Pair> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut ours: Vec<_> = candidate.iter().cloned().enumerate().collect();
    let mut theirs: Vec<_> = reference.iter().cloned().enumerate().collect();
    let mut pairs = take_equal(&mut ours, &mut theirs);
    for (_, word) in ours.iter_mut().chain(&mut theirs) {
        *word = stemmer.stem(word).into_owned();
    }
    pairs.extend(take_equal(&mut ours, &mut theirs));
    pairs.sort_unstable();
    pairs
}

/// Takes out what is equal.
fn take_equal(ours: &mut Vec<Placed>, theirs: &mut Vec<Placed>) -> Vec<Pair> {
    let mut free: HashMap<&str, Vec<usize>> = HashMap::new();
    for (place, word) in theirs.iter() {
        free.entry(word).or_default().push(*place);
    }
    let pairs: Vec<Pair> = ours
        .iter()
        .rev()
        .filter_map(|(place, word)| Some((*place, free.get_mut(word.as_str()).and_then(Vec::pop)?)))
        .collect();
    let (taken, taken_of_theirs): (HashSet<_>, HashSet<_>) = pairs.iter().copied().unzip();
    ours.retain(|(place, _)| !taken.contains(place));
    theirs.retain(|(place, _)| !taken_of_theirs.contains(place));
    pairs
}

/// Runs of pairs that follow one another on both sides.
fn pieces(pairs: &[Pair]) -> usize {
    1 + pairs.windows(2).filter(|two| two[1].0 != two[0].0 + 1 || two[1].1 != two[0].1 + 1).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::{Map, json};

    use super::super::testing::{grade as ask, undone};
    use super::*;

    #[test]
    fn words_are_aligned_and_pieces_are_counted() {
        for (value, output, expect) in [
            // One piece of four.
            (json!("a small red boat"), "A small red boat.", 1.0 - 0.5 / 64.0),
            // Two pieces of four.
            (json!("a small red boat"), "red boat a small", 1.0 - 0.5 / 8.0),
            // Equal stems.
            (json!("boats sailing"), "boat sailed", 1.0 - 0.5 / 8.0),
            // Half of the words, recall weighs more: 0.5 * 1 / (0.9 * 0.5 + 0.1).
            (json!("boat"), "boat ship", 0.5 * (0.5 / 0.55)),
            (json!(["sea", "boat"]), "boat", 0.5),
            (json!("boat"), "ship", 0.0),
        ] {
            let graded = ask(meteor, false, None, &value, &json!(output)).unwrap();
            assert!((graded.score - expect).abs() < 1e-12, "{value} with {output}: {}", graded.score);
            let negated = ask(meteor, true, None, &value, &json!(output)).unwrap();
            assert!((negated.score - (1.0 - expect)).abs() < 1e-12 && negated.pass != graded.pass);
        }
    }

    #[test]
    fn the_last_free_word_is_taken() {
        assert_eq!(align(&words("a b a"), &words("a a c")), [(0, 0), (2, 1)]);
        assert_eq!(align(&words("a"), &words("a b a")), [(0, 2)]);
        assert_eq!(align(&words("boats boat"), &words("boat boats")), [(0, 1), (1, 0)]);
    }

    #[test]
    fn the_weights_can_be_given() {
        let config: Map<_, _> = [("gamma".to_owned(), json!(0))].into_iter().collect();
        let (value, output) = (json!("a b"), json!("b a"));
        let asked = Asked { not: false, value: &value, threshold: None, config: &config, tools: &[] };
        assert!((meteor(&asked, &Output::new(&output)).unwrap().score - 1.0).abs() < 1e-12);
    }

    #[test]
    fn references_must_be_texts_and_the_output_must_not_be_empty() {
        for value in [json!(null), json!(5), json!(true), json!([]), json!(["a", 1]), json!({"a": 1})] {
            undone(meteor, &value);
        }
        assert!(ask(meteor, false, None, &json!("a"), &json!("")).is_err());
    }

    proptest! {
        #[test]
        fn scores_are_shares(one in "[ab .]{1,30}", other in "[ab .]{0,30}") {
            let score = ask(meteor, false, None, &json!(other), &json!(one)).unwrap().score;
            assert!((0.0..=1.0).contains(&score));
        }

        #[test]
        fn no_text_breaks_it(one in ".+", other in ".*") {
            assert!(ask(meteor, false, None, &json!(other), &json!(one)).is_ok());
        }
    }
}
