//! `classifier`: a service gives the output a label with a score that is high enough.

use super::material::{Material, text};
use super::{Reply, Step, turned};
use crate::domain::Label;

const THRESHOLD: f64 = 1.0;

pub(super) fn next(material: &Material, replies: &[Reply]) -> Step {
    let Some(Reply::Labels(labels)) = replies.first() else { return Step::Label(material.output.clone()) };
    let wanted = text(&material.value);
    let best = labels.iter().reduce(|best, next| if next.score > best.score { next } else { best });
    let score_of = |label: Option<&Label>| label.map_or(0.0, |label| label.score);
    // Without a label that is wanted, the surest one counts.
    let (score, reason) = if wanted.is_empty() {
        let score = score_of(best);
        (score, format!("Its surest label has the score {score:.2}."))
    } else {
        let score = score_of(labels.iter().find(|label| label.name == wanted));
        (score, format!("The label `{wanted}` has the score {score:.2}."))
    };
    let surest = best.map(|best| format!(" The surest is `{}`.", best.name)).unwrap_or_default();
    let passes = score >= material.threshold.unwrap_or(THRESHOLD) - f64::EPSILON;
    Step::Done(turned(material, passes, score.clamp(0.0, 1.0), &format!("{reason}{surest}")))
}
