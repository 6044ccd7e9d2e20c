//! The confidence filter: which items of a list stay.

use serde_json::Value;

use super::json::parse;
use crate::domain::ConfidencePolicy;

/// An answer without the items that its model does not believe in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filtered {
    /// The answer as JSON; the original letter by letter where nothing was taken out.
    pub text: String,
    pub kept: u64,
    pub dropped: u64,
    /// Items without a usable confidence, kept or dropped as the policy says; they are among the others.
    pub unknown: u64,
}

/// Filters a list of items by confidence and severity.
///
/// # Errors
/// A sentence that says why there is no list to filter.
pub fn filter_by_confidence(text: &str, policy: &ConfidencePolicy) -> Result<Filtered, String> {
    let (mut answer, mut items) = list_of(text, policy)?;
    let all = items.len();
    let mut unknown = 0;
    items.retain(|item| {
        let confidence = confidence_of(item, policy);
        unknown += u64::from(confidence.is_none());
        confidence.map_or(policy.keep_unknown, |confidence| confidence > threshold(item, policy))
    });
    let kept = items.len();
    if let Some(list) = answer.pointer_mut(&policy.at) {
        *list = Value::Array(items);
    }
    let text = if kept == all { text.to_owned() } else { answer.to_string() };
    Ok(Filtered { text, kept: kept as u64, dropped: (all - kept) as u64, unknown })
}

/// The answer as JSON without its list, and the list.
///
/// # Errors
/// A sentence that says why there is no list.
pub(super) fn list_of(text: &str, policy: &ConfidencePolicy) -> Result<(Value, Vec<Value>), String> {
    let mut answer = parse(text)?;
    let place = if policy.at.is_empty() { "The answer".to_owned() } else { format!("`{}`", policy.at) };
    let list = answer.pointer_mut(&policy.at).ok_or_else(|| format!("{place} is not there."))?;
    let items = list.as_array_mut().ok_or_else(|| format!("{place} is no list."))?;
    let items = std::mem::take(items);
    Ok((answer, items))
}

/// The item's own confidence; `None` where it is missing or no number from 0 to 1, `"NaN"` included.
#[must_use]
pub fn confidence_of(item: &Value, policy: &ConfidencePolicy) -> Option<f64> {
    let confidence = match item.get(&policy.confidence)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    (0.0..=1.0).contains(&confidence).then_some(confidence)
}

fn threshold(item: &Value, policy: &ConfidencePolicy) -> f64 {
    if is_critical(item, policy) { policy.critical } else { policy.others }
}

pub(super) fn is_critical(item: &Value, policy: &ConfidencePolicy) -> bool {
    let severity = item.get(&policy.severity).and_then(Value::as_str).unwrap_or_default();
    severity.trim().to_lowercase() == policy.critical_word.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(text: &str) -> Result<Filtered, String> {
        filter_by_confidence(text, &ConfidencePolicy { on: true, ..ConfidencePolicy::default() })
    }

    #[test]
    fn critical_items_stay_from_a_lower_confidence_on() {
        let check = |item: &str, kept: u64, unknown: u64| {
            let found = filtered(&format!("[{item}]")).unwrap();
            assert_eq!((found.kept, found.dropped, found.unknown), (kept, 1 - kept, unknown), "{item}");
        };
        check(r#"{"severity": "critical", "confidence": 0.51}"#, 1, 0);
        check(r#"{"severity": " Critical", "confidence": 0.5}"#, 0, 0);
        check(r#"{"severity": "minor", "confidence": 0.51}"#, 0, 0);
        check(r#"{"severity": "minor", "confidence": 0.71}"#, 1, 0);
        check(r#"{"severity": "minor", "confidence": 0.7}"#, 0, 0);
        check(r#"{"confidence": "0.9"}"#, 1, 0);
        check(r#"{"severity": "critical"}"#, 0, 1);
        for unusable in [r#""NaN""#, r#""inf""#, "null", "true", "1.01", "-0.1", "95", r#""high""#] {
            check(&format!(r#"{{"severity": "critical", "confidence": {unusable}}}"#), 0, 1);
        }
        check("7", 0, 1);
    }

    #[test]
    fn unknown_items_are_kept_where_that_is_asked_and_an_untouched_answer_keeps_its_letters() {
        let policy = ConfidencePolicy { keep_unknown: true, at: "/found".to_owned(), ..ConfidencePolicy::default() };
        let text = "{ \"found\": [ {\"a\": 1} ] }";
        let found = filter_by_confidence(text, &policy).unwrap();
        assert_eq!(found, Filtered { text: text.to_owned(), kept: 1, dropped: 0, unknown: 1 });
        let less = filter_by_confidence(r#"{"b": 2, "found": [{"confidence": 0}], "a": 1}"#, &policy).unwrap();
        assert_eq!(less.text, r#"{"b":2,"found":[],"a":1}"#);
    }

    #[test]
    fn what_is_no_list_is_told() {
        assert_eq!(filtered("{}"), Err("The answer is no list.".to_owned()));
        assert!(filtered("nothing found").is_err());
        let elsewhere = ConfidencePolicy { at: "/found".to_owned(), ..ConfidencePolicy::default() };
        assert_eq!(filter_by_confidence("{}", &elsewhere), Err("`/found` is not there.".to_owned()));
    }
}
