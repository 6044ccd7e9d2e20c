//! What the types that measure overlap with a reference do with their score.

use super::js;
use super::{Asked, Graded};

/// Passes from the threshold on. Negation turns the verdict, and the score becomes what is missing to 1.
pub(super) fn grade(name: &str, score: f64, default_threshold: f64, asked: &Asked) -> Graded {
    let threshold = asked.threshold.unwrap_or(default_threshold);
    Graded {
        pass: (score >= threshold) != asked.not,
        score: if asked.not { 1.0 - score } else { score },
        reason: format!("{name} is {score:.4}; the threshold is {}.", js::print(threshold)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of words of one text")]
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
