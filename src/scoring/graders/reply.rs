//! What a grader's reply says: the one JSON object in it, or why it cannot be used.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::found::{Found, quote};
use super::super::json::fenced;
use crate::domain::{Completion, FinishReason};

/// The one JSON object of a reply: all of it, all in a code fence, or the only one in prose that has one of the keys.
///
/// # Errors
/// Why there is none, as a clause.
pub(in crate::scoring) fn object(text: &str, keys: &[&str]) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    for whole in [Some(text), fenced(text)].into_iter().flatten() {
        if let Ok(value @ Value::Object(_)) = serde_json::from_str(whole) {
            return Ok(value);
        }
    }
    let mut found = objects(text, keys);
    let key = keys.join("` or `");
    match (found.pop(), found.pop()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(format!("there is no JSON object with a {key} in {}", quote(text))),
        // The output may have been quoted, with a grade of its own choice.
        (Some(_), Some(_)) => Err(format!("there is more than one {key} in {}", quote(text))),
    }
}

/// JSON objects with one of the keys in running text, outermost only.
fn objects(text: &str, keys: &[&str]) -> Vec<Value> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find('{').map(|at| from + at) {
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(value)) => {
                from = start + values.byte_offset().max(1);
                if keys.iter().any(|key| value.get(key).is_some()) {
                    found.push(value);
                }
            }
            _ => from = start + 1,
        }
    }
    found
}

pub(in crate::scoring) const fn ending(finish: &FinishReason) -> &'static str {
    match finish {
        FinishReason::Length => " (it was cut at its token limit)",
        FinishReason::Refusal => " (the judge refused)",
        FinishReason::ContentFilter => " (the provider's filter withheld it)",
        FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Other(_) => "",
    }
}

/// A reply that cannot be used leaves the check unscored.
pub(super) fn unusable(reply: &Completion, why: &str) -> Found {
    Found::untold(format!("The grader's reply cannot be used: {why}{}.", ending(&reply.finish)))
}

/// The reply's object, which has this key.
pub(super) fn with_key(reply: &Completion, key: &str) -> Result<Value, Found> {
    match object(&reply.text, &[key]) {
        Ok(object) if object.get(key).is_some() => Ok(object),
        Ok(_) => Err(unusable(reply, &format!("there is no {key} in {}", quote(&reply.text)))),
        Err(why) => Err(unusable(reply, &why)),
    }
}

/// The texts of a list in the reply, none of them empty.
pub(super) fn texts(reply: &Completion, key: &str) -> Result<Vec<String>, Found> {
    let object = with_key(reply, key)?;
    let items = object[key].as_array().map(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
    let Some(Some(items)) = items else {
        return Err(unusable(reply, &format!("`{key}` in {} is no list of texts", quote(&reply.text))));
    };
    Ok(items.into_iter().map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect())
}

/// How many of the things that were numbered from 1 to `count` are in a list of numbers in the reply.
pub(super) fn counted(reply: &Completion, key: &str, count: usize) -> Result<usize, Found> {
    let object = with_key(reply, key)?;
    let numbers = object[key].as_array().map(|items| items.iter().map(Value::as_u64).collect::<Option<BTreeSet<_>>>());
    let Some(Some(numbers)) = numbers else {
        return Err(unusable(reply, &format!("`{key}` in {} is no list of numbers", quote(&reply.text))));
    };
    if let Some(wrong) = numbers.iter().find(|number| **number == 0 || **number > count as u64) {
        return Err(unusable(reply, &format!("it names number {wrong}, and there are {count}")));
    }
    Ok(numbers.len())
}

/// The reply's reason, or that it gave none.
pub(super) fn reason(object: &Value) -> String {
    let reason = object["reason"].as_str().map(str::trim).filter(|reason| !reason.is_empty());
    reason.unwrap_or("(it gave no reason)").to_owned()
}
