//! `gleu`: how much of their runs of words the output and a reference share.

use super::ngrams::{self, LONGEST};
use super::overlap::{grade, ratio};
use super::{Asked, Grading, Output, Undone};

const THRESHOLD: f64 = 0.5;

/// GLEU (Wu et al. 2016, arXiv:1609.08144, section 4.3) of the output against the value, a text or a list of texts: the
/// runs of one to four words that both have, over those of the longer of the two; the best reference counts. Full stops at
/// the end of words do not count.
pub fn gleu(asked: &Asked, output: &Output) -> Grading {
    let references = asked.texts("gleu")?;
    if output.text.is_empty() {
        return Err(Undone("“gleu” cannot measure an empty output.".to_owned()));
    }
    let candidate = words(&output.text);
    let score = references.into_iter().map(|reference| against(&candidate, &words(reference))).fold(0.0, f64::max);
    Ok(grade("GLEU", score, THRESHOLD, asked))
}

fn words(text: &str) -> Vec<String> {
    let mut words = ngrams::words(text);
    for word in &mut words {
        word.truncate(word.trim_end_matches('.').len());
    }
    words
}

/// The lesser of precision and recall.
fn against(candidate: &[String], reference: &[String]) -> f64 {
    if candidate == reference {
        return 1.0;
    }
    let (mut shared, mut of_candidate, mut of_reference) = (0, 0, 0);
    for length in 1..=LONGEST {
        shared += ngrams::shared(&ngrams::count(candidate, length), &ngrams::count(reference, length));
        of_candidate += ngrams::runs(candidate.len(), length);
        of_reference += ngrams::runs(reference.len(), length);
    }
    ratio(shared, of_candidate).min(ratio(shared, of_reference))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;
    use serde_json::{Value, json};

    use super::super::testing::{grade as ask, undone};
    use super::*;

    fn check(value: &Value, output: &str, expect: f64) {
        let graded = ask(gleu, false, None, value, &json!(output)).unwrap();
        assert!((graded.score - expect).abs() < 1e-12, "{value} with {output}: {}", graded.score);
        assert_eq!(graded.pass, expect >= 0.5);
        let negated = ask(gleu, true, None, value, &json!(output)).unwrap();
        assert!((negated.score - (1.0 - expect)).abs() < 1e-12 && negated.pass != graded.pass);
    }

    #[test]
    fn runs_of_words_are_shared() {
        for (value, output, expect) in [
            (json!("a small red boat"), "A small red boat.", 1.0),
            (json!("a small red boat"), "A small red. Boat..", 1.0),
            (json!("boat!"), "boat", 0.0),
            // Words 2, pairs 1 of ten runs.
            (json!("a small red boat"), "a small", 0.3),
            (json!("a small"), "a small red boat", 0.3),
            (json!(["red boat", "a small red boat"]), "a small red ship", 0.6),
            (json!("..."), ".", 1.0),
            (json!("x"), ".", 0.0),
            (json!(" "), "\n", 1.0),
            (json!("x"), " ", 0.0),
        ] {
            check(&value, output, expect);
        }
    }

    #[test]
    fn references_must_be_texts_and_the_output_must_not_be_empty() {
        for value in [json!(null), json!(5), json!(true), json!([]), json!(["a", null]), json!({"a": 1})] {
            undone(gleu, &value);
        }
        for not in [false, true] {
            assert!(ask(gleu, not, None, &json!("a"), &json!("")).is_err());
        }
    }

    proptest! {
        #[test]
        fn scores_are_shares_and_the_same_both_ways(one in "[ab .]{1,30}", other in "[ab .]{1,30}") {
            let score = |candidate: &str, reference: &str| {
                ask(gleu, false, None, &json!(reference), &json!(candidate)).unwrap().score
            };
            assert!((0.0..=1.0).contains(&score(&one, &other)));
            assert!((score(&one, &other) - score(&other, &one)).abs() < 1e-12);
            assert!((score(&one, &one) - 1.0).abs() < 1e-12);
        }
    }
}
