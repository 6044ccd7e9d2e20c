//! The kinds of checks: their names, what each is good for, and one to begin with.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::assertions;
use crate::domain::{Assertion, Check, CheckKind, LengthUnit, ModelId, Need, PiiKind, Tolerance, Usd};
use crate::ui::format;

pub(super) struct Kind {
    pub name: &'static str,
    pub help: &'static str,
    pub make: fn(Option<ModelId>) -> CheckKind,
}

pub(super) static KINDS: [Kind; 14] = [
    Kind {
        name: "Equals",
        help: "The answer is exactly this text.",
        make: |_| CheckKind::Equals { value: String::new(), ignore_case: false },
    },
    Kind {
        name: "Contains",
        help: "All, or any, of these texts stand in the answer.",
        make: |_| CheckKind::Contains { values: vec![String::new()], need: Need::All, ignore_case: true },
    },
    Kind {
        name: "Starts with",
        help: "The answer begins with this text.",
        make: |_| CheckKind::StartsWith { value: String::new(), ignore_case: false },
    },
    Kind {
        name: "Regex",
        help: "A pattern is found in the answer.",
        make: |_| CheckKind::Regex { pattern: String::new() },
    },
    Kind { name: "JSON", help: "The whole answer is JSON.", make: |_| CheckKind::Json },
    Kind {
        name: "JSON Schema",
        help: "The answer is JSON of this shape.",
        make: |_| CheckKind::JsonSchema { schema: json!({"type": "object"}) },
    },
    Kind {
        name: "Number",
        help: "The first number is close to this one.",
        make: |_| CheckKind::Number { value: String::new(), tolerance: Tolerance::default() },
    },
    Kind {
        name: "Length",
        help: "The answer is neither too short nor too long.",
        make: |_| CheckKind::Length { min: None, max: Some(500), unit: LengthUnit::Characters },
    },
    Kind {
        name: "Cost",
        help: "The answer costs at most this.",
        make: |_| CheckKind::Cost { max: Usd::from_nanos(10_000_000) },
    },
    Kind {
        name: "Latency",
        help: "The answer is there within this time.",
        make: |_| CheckKind::Latency { max_ms: 3_000.0 },
    },
    Kind {
        name: "Judge",
        help: "A model reads the answer against a rubric. Costs a call.",
        make: |model| CheckKind::Judge { model: model.unwrap_or_default(), rubric: String::new() },
    },
    Kind {
        name: "No personal data",
        help: "No addresses, numbers or keys but those that were sent.",
        make: |_| CheckKind::NoPii { kinds: BTreeSet::new() },
    },
    Kind {
        name: "No leak",
        help: "The system messages do not come back.",
        make: |_| CheckKind::NoLeak { canary: String::new(), share: 0.1 },
    },
    Kind {
        name: "No injection",
        help: "The answer gives no orders to a model that reads it next.",
        make: |_| CheckKind::NoInjection,
    },
];

/// The kind's name, for people.
pub(super) fn name(kind: &CheckKind) -> &str {
    match kind {
        CheckKind::Equals { .. } => "Equals",
        CheckKind::Contains { .. } => "Contains",
        CheckKind::StartsWith { .. } => "Starts with",
        CheckKind::Regex { .. } => "Regex",
        CheckKind::Json => "JSON",
        CheckKind::JsonSchema { .. } => "JSON Schema",
        CheckKind::Number { .. } => "Number",
        CheckKind::Length { .. } => "Length",
        CheckKind::Cost { .. } => "Cost",
        CheckKind::Latency { .. } => "Latency",
        CheckKind::Judge { .. } => "Judge",
        CheckKind::NoPii { .. } => "No personal data",
        CheckKind::NoLeak { .. } => "No leak",
        CheckKind::NoInjection => "No injection",
        CheckKind::Assertion(assertion) => {
            assertions::row(&assertion.kind).map_or_else(|| assertion.kind.name(), |row| row.title)
        }
        CheckKind::Set(_) => "Set",
    }
}

/// What a check asks for, in one line.
pub(super) fn summary(check: &Check) -> String {
    let asked = match &check.kind {
        CheckKind::Equals { value, .. } | CheckKind::StartsWith { value, .. } => quoted(value),
        CheckKind::Contains { values, need, .. } => {
            let word = if *need == Need::All { " and " } else { " or " };
            values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(word)
        }
        CheckKind::Regex { pattern } => pattern.clone(),
        CheckKind::Json | CheckKind::NoInjection => String::new(),
        CheckKind::JsonSchema { schema } => {
            let fields = schema.get("properties").and_then(Value::as_object);
            fields.map_or_else(String::new, |fields| fields.keys().cloned().collect::<Vec<_>>().join(", "))
        }
        CheckKind::Number { value, tolerance } => match tolerance {
            Tolerance::Absolute(0.0) => value.clone(),
            Tolerance::Absolute(by) => format!("{value} ± {by}"),
            Tolerance::Relative(by) => format!("{value} ± {}", format::percent(*by)),
        },
        CheckKind::Length { min, max, unit } => format!("{} {}", between(*min, *max), unit_word(*unit)),
        CheckKind::Cost { max } => format!("at most {max}"),
        CheckKind::Latency { max_ms } => format!("within {}", format::seconds(*max_ms)),
        CheckKind::Judge { model, rubric } => {
            let first = rubric.lines().next().unwrap_or_default();
            format!("{model}: {first}")
        }
        CheckKind::NoPii { kinds } if kinds.is_empty() => "all kinds".to_owned(),
        CheckKind::NoPii { kinds } => kinds.iter().map(|kind| pii_word(*kind)).collect::<Vec<_>>().join(", "),
        CheckKind::NoLeak { canary, share } => {
            let canary = if canary.is_empty() { String::new() } else { format!(", canary {canary}") };
            format!("less than {}{canary}", format::percent(*share))
        }
        CheckKind::Assertion(assertion) => asked(assertion),
        CheckKind::Set(set) => match set.checks.len() {
            0 => "no check yet".to_owned(),
            1 => "1 check".to_owned(),
            count => format!("{count} checks"),
        },
    };
    let place = check.at.as_ref().map(|at| format!("at {at}")).unwrap_or_default();
    let not = if check.not { "not".to_owned() } else { String::new() };
    [not, asked, place].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// An assertion's value in a line.
fn asked(assertion: &Assertion) -> String {
    match (&assertion.script, &assertion.value) {
        (Some(script), _) => script.name.clone(),
        (None, Value::Null) => String::new(),
        (None, Value::String(text)) => quoted(text),
        (None, Value::Array(items)) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).map(quoted).collect::<Vec<_>>().join(", ")
        }
        (None, Value::Object(map))
            if map.iter().all(|(key, bound)| matches!(key.as_str(), "min" | "max") && bound.is_u64()) =>
        {
            let bound = |key: &str| map.get(key).and_then(Value::as_u64);
            if map.is_empty() { String::new() } else { between(bound("min"), bound("max")) }
        }
        (None, other) => other.to_string(),
    }
}

/// A check in a line: what it is, what it asks, what it counts.
pub(in crate::ui::screens) fn line(check: &Check) -> String {
    let counts = ((check.weight - 1.0).abs() > f64::EPSILON).then(|| format!("× {}", check.weight));
    let metric = (!check.metric.is_empty()).then(|| format!("({})", check.metric));
    let parts = [Some(name(&check.kind).to_owned()), Some(summary(check)), counts, metric];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn quoted(value: &str) -> String {
    if value.is_empty() { "(nothing yet)".to_owned() } else { value.replace('\n', " ↵ ") }
}

fn between(min: Option<u64>, max: Option<u64>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any number of".to_owned(),
    }
}

pub(super) const fn unit_word(unit: LengthUnit) -> &'static str {
    match unit {
        LengthUnit::Characters => "characters",
        LengthUnit::Words => "words",
        LengthUnit::Lines => "lines",
    }
}

/// The kind of personal data, for people.
pub(super) const fn pii_word(kind: PiiKind) -> &'static str {
    match kind {
        PiiKind::Email => "e-mail addresses",
        PiiKind::Phone => "telephone numbers",
        PiiKind::Card => "payment cards",
        PiiKind::Ssn => "social security numbers",
        PiiKind::Iban => "bank accounts",
        PiiKind::Ip => "IP addresses",
        PiiKind::Key => "API keys",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AssertionKind;

    #[test]
    fn every_kind_is_offered_once_under_its_own_name() {
        for kind in &KINDS {
            assert_eq!(name(&(kind.make)(None)), kind.name);
        }
        let mut names: Vec<_> = KINDS.iter().map(|kind| (kind.make)(None).name().to_owned()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KINDS.len());
    }

    #[test]
    fn a_check_is_told_in_a_line() {
        let check = |kind, expect: &str| assert_eq!(summary(&Check::new(kind)), expect);
        check(CheckKind::Equals { value: "yes".into(), ignore_case: false }, "yes");
        check(CheckKind::Length { min: Some(5), max: Some(160), unit: LengthUnit::Words }, "5 to 160 words");
        check(CheckKind::Latency { max_ms: 3000.0 }, "within 3.00 s");
        check(CheckKind::Number { value: "4".into(), tolerance: Tolerance::Relative(0.01) }, "4 ± 1 %");
        check(CheckKind::NoPii { kinds: BTreeSet::new() }, "all kinds");
        check(CheckKind::NoPii { kinds: [PiiKind::Key, PiiKind::Ip].into() }, "IP addresses, API keys");
        check(CheckKind::NoLeak { canary: "heron".into(), share: 0.1 }, "less than 10 %, canary heron");
        let listed = Assertion::new(AssertionKind::ContainsAny, json!(["a", "b"]));
        check(CheckKind::Assertion(Box::new(listed.clone())), "a, b");
        let count = |value| CheckKind::Assertion(Box::new(Assertion::new(AssertionKind::WordCount, value)));
        check(count(json!({"min": 1, "max": 60})), "1 to 60");
        check(count(json!({})), "");
        let own = Check { weight: 2.0, metric: "tone".into(), ..Check::new(CheckKind::Assertion(Box::new(listed))) };
        assert_eq!(line(&own), "Contains any a, b × 2 (tone)");
        let not = Check { not: true, at: Some("/a".into()), ..Check::new(CheckKind::Regex { pattern: "x+".into() }) };
        assert_eq!(summary(&not), "not x+ at /a");
    }
}
