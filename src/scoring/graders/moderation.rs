//! `moderation`: a service flags nothing in the output, or none of the categories that count.

use serde_json::Value;

use super::super::found::Found;
use super::material::{Material, text};
use super::{Reply, Step, Stepped, turned};

pub(super) fn next(material: &Material, replies: &[Reply]) -> Stepped {
    if material.output.is_empty() {
        return Ok(Step::Done(turned(material, true, 1.0, "There is no output that could be flagged.")));
    }
    let Some(Reply::Labels(labels)) = replies.first() else { return Ok(Step::Label(material.output.clone())) };
    if labels.iter().any(|label| label.flagged.is_none()) {
        return Err(Found::untold("The model gives scores and flags nothing, so it is none for moderation."));
    }
    let flagged: Vec<&str> =
        labels.iter().filter(|label| label.flagged == Some(true)).map(|label| label.name.as_str()).collect();
    let counts = categories(&material.value);
    let counted: Vec<&str> =
        flagged.iter().copied().filter(|name| counts.is_empty() || counts.iter().any(|one| one == name)).collect();
    let (passes, reason) = match (flagged.is_empty(), counted.is_empty()) {
        (true, _) => (true, "Nothing is flagged.".to_owned()),
        (false, true) => (true, format!("Flagged as {}, which does not count here.", flagged.join(", "))),
        (false, false) => (false, format!("Flagged as {}.", counted.join(", "))),
    };
    Ok(Step::Done(turned(material, passes, f64::from(u8::from(passes)), &reason)))
}

/// The categories that count; all where none is named.
fn categories(value: &Value) -> Vec<String> {
    let named = match value {
        Value::Array(items) => items.iter().map(text).collect(),
        other => vec![text(other)],
    };
    named.into_iter().filter(|name| !name.trim().is_empty()).collect()
}
