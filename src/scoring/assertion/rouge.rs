//! `rouge-n`: how many words the output and a reference share.

use std::collections::HashMap;

use super::overlap::{grade, ratio};
use super::treebank;
use super::{Asked, Grading, Output};

const THRESHOLD: f64 = 0.75;

/// ROUGE-1 (Lin 2004, ACL workshop Text Summarization Branches Out) of the output against the value, one text: the
/// harmonic mean of precision and recall of single words, each counted as often as both have it. Words are lower case and
/// separated as in the Penn Treebank. Without a word in common, or without words at all, it is 0.
pub fn rouge_n(asked: &Asked, output: &Output) -> Grading {
    let reference = asked.text("rouge-n")?;
    let (candidate, reference) = (words(&output.text), words(reference));
    Ok(grade("ROUGE-1", score(&candidate, &reference), THRESHOLD, asked))
}

fn words(text: &str) -> Vec<String> {
    treebank::words(&text.to_lowercase())
}

fn score(candidate: &[String], reference: &[String]) -> f64 {
    let (ours, theirs) = (count(candidate), count(reference));
    let shared = ours.iter().map(|(word, count)| theirs.get(word).map_or(0, |there| *count.min(there))).sum();
    let (precision, recall) = (ratio(shared, candidate.len()), ratio(shared, reference.len()));
    if shared == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
}

fn count(words: &[String]) -> HashMap<&str, usize> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word.as_str()).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::json;

    use super::super::testing::{grade as ask, undone};
    use super::*;

    #[test]
    fn words_are_shared_whatever_their_order() {
        for (value, output, expect) in [
            ("a small red boat", "Boat red small A", 1.0),
            ("a small red boat", "a small red boat.", 8.0 / 9.0),
            ("red boat", "red ship", 0.5),
            ("red boat", "the sea", 0.0),
            ("boat", "boat boat boat boat", 0.4),
            ("can not", "cannot", 1.0),
            ("do n't", "don't", 1.0),
            ("boat", "", 0.0),
            ("", "boat", 0.0),
            ("", "", 0.0),
            (" ", "\u{85}", 0.0),
        ] {
            let graded = ask(rouge_n, false, None, &json!(value), &json!(output)).unwrap();
            assert!((graded.score - expect).abs() < 1e-12, "{value} with {output}: {}", graded.score);
            assert_eq!(graded.pass, expect >= 0.75);
            let negated = ask(rouge_n, true, None, &json!(value), &json!(output)).unwrap();
            assert!((negated.score - (1.0 - expect)).abs() < 1e-12 && negated.pass != graded.pass);
        }
        assert!(ask(rouge_n, false, Some(0.0), &json!("boat"), &json!("")).unwrap().pass);
    }

    #[test]
    fn one_text_must_be_given() {
        for value in [json!(null), json!(5), json!(true), json!(["a"]), json!({"a": 1})] {
            undone(rouge_n, &value);
        }
    }

    proptest! {
        #[test]
        fn scores_are_shares_and_the_same_both_ways(one in "[ab .,']{0,30}", other in "[ab .,']{0,30}") {
            let score = |candidate: &str, reference: &str| {
                ask(rouge_n, false, None, &json!(reference), &json!(candidate)).unwrap().score
            };
            assert!((0.0..=1.0).contains(&score(&one, &other)));
            assert!((score(&one, &other) - score(&other, &one)).abs() < 1e-12);
            assert!(one.trim().is_empty() || (score(&one, &one) - 1.0).abs() < 1e-12);
        }
    }
}
