//! `bleu`: how much of the output's runs of words are in a reference.

use super::ngrams::{self, LONGEST};
use super::overlap::{grade, ratio};
use super::{Asked, Grading, Output};

const THRESHOLD: f64 = 0.5;

/// The precision of a run length of which nothing matches.
const NOTHING: f64 = 1e-7;

/// BLEU (Papineni et al. 2002, ACL) of the output against the value, a text or a list of texts: the geometric mean of the
/// clipped precisions of runs of one to four words, times the brevity penalty. Of sentences, so precisions of 0 become
/// 1e-7, and lengths of runs that the output is too short for do not count. Of several references the one that shares the
/// most counts, for each length of runs, and the penalty looks at the one whose length is nearest.
pub fn bleu(asked: &Asked, output: &Output) -> Grading {
    let references = asked.texts("bleu")?;
    let references: Vec<_> = references.into_iter().map(ngrams::words).collect();
    Ok(grade("BLEU", score(&ngrams::words(&output.text), &references), THRESHOLD, asked))
}

fn score(candidate: &[String], references: &[Vec<String>]) -> f64 {
    if candidate.iter().all(String::is_empty) {
        return 0.0;
    }
    let lengths = LONGEST.min(candidate.len());
    let weight = 1.0 / if lengths == LONGEST { 4.0 } else { ratio(lengths, 1) };
    let logarithm: f64 = (1..=lengths).map(|length| weight * precision(candidate, references, length).ln()).sum();
    brevity_penalty(candidate.len(), references) * logarithm.exp()
}

fn precision(candidate: &[String], references: &[Vec<String>], length: usize) -> f64 {
    let counts = ngrams::count(candidate, length);
    let shared = references.iter().map(|reference| ngrams::shared(&counts, &ngrams::count(reference, length))).max();
    let precision = ratio(shared.unwrap_or(0), ngrams::runs(candidate.len(), length));
    if precision == 0.0 { NOTHING } else { precision }
}

/// An output that is shorter than its reference is not precise but brief. The reference is the one nearest in length, of
/// two equally near the shorter.
fn brevity_penalty(candidate: usize, references: &[Vec<String>]) -> f64 {
    let nearest = references.iter().map(Vec::len).min_by_key(|length| (length.abs_diff(candidate), *length));
    let nearest = nearest.unwrap_or(candidate);
    if candidate > nearest { 1.0 } else { (1.0 - ratio(nearest, candidate)).exp() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::{Value, json};

    use super::super::testing::{grade as ask, undone};
    use super::*;

    fn check(value: &Value, output: &str, expect: f64) {
        let graded = ask(bleu, false, None, value, &json!(output)).unwrap();
        assert!((graded.score - expect).abs() < 1e-12, "{value} with {output}: {}", graded.score);
        assert_eq!(graded.pass, expect >= 0.5);
        let negated = ask(bleu, true, None, value, &json!(output)).unwrap();
        assert!((negated.score - (1.0 - expect)).abs() < 1e-12 && negated.pass != graded.pass);
    }

    #[test]
    fn runs_of_words_are_compared() {
        let e = std::f64::consts::E;
        for (value, output, expect) in [
            (json!("a small red boat"), "A small  red\nboat", 1.0),
            (json!("boat"), "boat", 1.0),
            (json!("boat."), "boat", 1e-7),
            (json!("boat"), "ship", 1e-7),
            // Three of four words, two of three pairs, one of two triples, nothing longer.
            (json!("a small red boat"), "a small red ship", (0.75_f64 * (2.0 / 3.0) * 0.5 * 1e-7).powf(0.25)),
            // Two words: only words and pairs count; half as long as the reference.
            (json!("a small red boat"), "a small", 1.0 / e),
            // Each word as often as the reference has it.
            (json!("the boat"), "the the the the", (0.25_f64 * 1e-21).powf(0.25)),
            // The reference that shares the most, for each length of runs.
            (json!(["red boat", "small boat"]), "red small boat", ((2.0 / 3.0) * 0.5_f64 * 1e-7).powf(1.0 / 3.0)),
            // Two references equally near in length: the shorter one makes no penalty.
            (json!(["a b c d x", "a b c"]), "a b c d", 1.0),
            (json!("a b"), "", 0.0),
            (json!("a b"), " \n", 0.0),
            (json!(""), "a", 1e-7),
        ] {
            check(&value, output, expect);
        }
    }

    #[test]
    fn the_threshold_is_reached_by_an_equal_score() {
        for (threshold, pass) in [(1.0, true), (1.0001, false), (0.0, true)] {
            assert_eq!(ask(bleu, false, Some(threshold), &json!("a b c"), &json!("a b c")).unwrap().pass, pass);
        }
        assert!(ask(bleu, false, Some(0.0), &json!("a"), &json!("")).unwrap().pass);
    }

    #[test]
    fn references_must_be_texts() {
        for value in [json!(null), json!(5), json!(true), json!([]), json!(["a", 5]), json!({"a": 1})] {
            undone(bleu, &value);
        }
    }

    proptest! {
        #[test]
        fn scores_are_shares_and_a_text_is_like_itself(one in "[ab .]{0,30}", other in "[ab .]{0,30}") {
            let score = ask(bleu, false, None, &json!(other), &json!(one)).unwrap().score;
            assert!((0.0..=1.0).contains(&score));
            let same = ask(bleu, false, None, &json!(one), &json!(one)).unwrap().score;
            assert!(one.trim().is_empty() || (same - 1.0).abs() < 1e-12);
        }

        #[test]
        fn no_text_breaks_it(one in ".*", other in ".*") {
            assert!(ask(bleu, false, None, &json!(other), &json!(one)).is_ok());
        }
    }
}
