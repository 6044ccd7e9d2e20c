//! Runs of words, as `bleu` and `gleu` count them.

use std::collections::HashMap;

use super::js;

/// The longest run that counts.
pub(super) const LONGEST: usize = 4;

/// How often each run of words is there.
pub(super) type Counts<'a> = HashMap<&'a [String], usize>;

/// The words of a text in lower case, separated by white space; punctuation stays where it is. A blank text is one empty
/// word, as JavaScript splits it.
pub(super) fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let text = js::trim(&text);
    if text.is_empty() {
        return vec![String::new()];
    }
    text.split(js::is_space).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

pub(super) fn count(words: &[String], length: usize) -> Counts<'_> {
    let mut counts = HashMap::new();
    for run in words.windows(length) {
        *counts.entry(run).or_insert(0) += 1;
    }
    counts
}

/// How many runs of one the other has too, each as often as it is in both.
pub(super) fn shared(one: &Counts, other: &Counts) -> usize {
    one.iter().map(|(run, count)| other.get(run).map_or(0, |there| *count.min(there))).sum()
}

/// Runs of a length in so many words.
pub(super) fn runs(words: usize, length: usize) -> usize {
    (words + 1).saturating_sub(length)
}
