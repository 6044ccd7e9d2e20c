//! What the wire formats share: bodies with extra fields, tolerant fields of answers, and how they become a completion.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::failure::request_id;
use crate::domain::{CallError, Completion, Fault, FinishReason, RawReply, Usage};

/// Writes a request body once; `extra` goes in last, objects field by field, so that it can add to `options` and the
/// like without repeating them.
///
/// # Errors
/// A body that cannot be written as JSON, which is a mistake of Strata's own.
pub(super) fn body(body: &impl Serialize, extra: &Map<String, Value>) -> Result<Vec<u8>, CallError> {
    let written = if extra.is_empty() {
        serde_json::to_vec(body)
    } else {
        serde_json::to_value(body).and_then(|mut body| {
            merge(&mut body, extra);
            serde_json::to_vec(&body)
        })
    };
    written.map_err(|error| CallError::new(Fault::Internal, format!("The request cannot be written as JSON: {error}.")))
}

fn merge(body: &mut Value, extra: &Map<String, Value>) {
    let Value::Object(fields) = body else { return };
    for (name, value) in extra {
        match (fields.get_mut(name), value) {
            (Some(field @ Value::Object(_)), Value::Object(more)) => merge(field, more),
            _ => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
}

/// A count of tokens as a provider wrote it. Negative, broken and absurd ones are no counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count(Option<Tally>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tally {
    Tokens(u64),
    Unusable,
}

impl Count {
    pub fn is_missing(self) -> bool {
        self.0.is_none()
    }

    /// `None` where it is missing or unusable.
    pub fn tokens(self) -> Option<u64> {
        match self.0? {
            Tally::Tokens(tokens) => Some(tokens),
            Tally::Unusable => None,
        }
    }

    /// Zero where it is missing, `None` where it is unusable.
    pub fn or_zero(self) -> Option<u64> {
        if self.0.is_none() { Some(0) } else { self.tokens() }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // No model has taken or written this many tokens in a call.
        const ABSURD: u64 = 1_000_000_000;
        let tally = match Value::deserialize(deserializer)? {
            Value::Null => None,
            Value::Number(number) => {
                let tokens = number.as_u64().filter(|tokens| *tokens < ABSURD);
                Some(tokens.map_or(Tally::Unusable, Tally::Tokens))
            }
            _ => Some(Tally::Unusable),
        };
        Ok(Self(tally))
    }
}

/// A usage whose parts fit into their wholes, or none.
pub(super) fn sound(usage: Usage) -> Option<Usage> {
    let fits = usage.cached_tokens + usage.cache_write_tokens <= usage.input_tokens
        && usage.reasoning_tokens <= usage.output_tokens;
    fits.then_some(usage)
}

/// Text that may come as a string, as a list of parts, as null, or as something else, which is left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OpenText(pub String);

impl<'de> Deserialize<'de> for OpenText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OpenTextVisitor)
    }
}

struct OpenTextVisitor;

impl<'de> Visitor<'de> for OpenTextVisitor {
    type Value = OpenText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text or parts of text")
    }

    fn visit_str<E>(self, text: &str) -> Result<OpenText, E> {
        Ok(OpenText(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<OpenText, E> {
        Ok(OpenText(text))
    }

    fn visit_unit<E>(self) -> Result<OpenText, E> {
        Ok(OpenText::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<OpenText, E> {
        Ok(OpenText::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<OpenText, E> {
        Ok(OpenText::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<OpenText, E> {
        Ok(OpenText::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<OpenText, E> {
        Ok(OpenText::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<OpenText, A::Error> {
        let mut text = String::new();
        while let Some(part) = parts.next_element::<Value>()? {
            let spoken = part.get("type").is_none_or(|kind| kind == "text");
            match part.as_str().or_else(|| part.get("text")?.as_str()) {
                Some(part) if spoken => text.push_str(part),
                _ => {}
            }
        }
        Ok(OpenText(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<OpenText, A::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(OpenText::default())
    }
}

/// A field that null stands for as well as its absence.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// An answer while it is put together.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub text: String,
    pub reasoning: String,
    pub tool_calls: Vec<Value>,
    pub finish: Option<FinishReason>,
    pub usage: Option<Usage>,
    pub model: Option<String>,
}

impl Draft {
    pub fn complete(self, reply: &RawReply) -> Completion {
        let finish = match self.finish {
            Some(FinishReason::Stop) | None if !self.tool_calls.is_empty() => FinishReason::ToolCalls,
            Some(finish) => finish,
            None => FinishReason::Stop,
        };
        Completion {
            text: self.text,
            reasoning: (!self.reasoning.is_empty()).then_some(self.reasoning),
            tool_calls: self.tool_calls,
            finish,
            usage: self.usage,
            model: self.model,
            request_id: request_id(reply),
            first_token_ms: reply.first_token_ms,
            latency_ms: reply.latency_ms,
        }
    }
}

/// A call of a tool as a completion keeps it. Arguments that are not JSON stay as text: a check can then say so.
pub(super) fn tool_call(id: Option<&str>, name: &str, arguments: &str) -> Value {
    let arguments = match arguments.trim() {
        "" => json!({}),
        text => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    };
    json!({"id": id, "name": name, "arguments": arguments})
}

/// A body as people read it, for snapshots.
#[cfg(test)]
pub(super) fn pretty(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap();
    serde_json::to_string_pretty(&body).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extra_fields_go_in_last_and_add_to_objects() {
        let Value::Object(extra) = json!({"options": {"b": 3, "c": 4}, "d": {"e": 5}, "f": null}) else {
            unreachable!()
        };
        let written = body(&json!({"a": 0, "options": {"a": 1, "b": 2}, "d": 1}), &extra).unwrap();
        let written: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(written, json!({"a": 0, "options": {"a": 1, "b": 3, "c": 4}, "d": {"e": 5}, "f": null}));
    }

    #[test]
    fn counts_that_are_none_are_told_from_missing_ones() {
        let check = |text: &str, tokens, or_zero| {
            let count: Count = serde_json::from_str(text).unwrap();
            assert_eq!((count.tokens(), count.or_zero()), (tokens, or_zero), "{text}");
        };
        check("7", Some(7), Some(7));
        check("0", Some(0), Some(0));
        check("null", None, Some(0));
        for wrong in ["-1", "1.5", "1e300", "99999999999", "\"7\"", "[]", "{}"] {
            check(wrong, None, None);
        }
    }

    #[test]
    fn text_comes_in_many_shapes() {
        let check = |text: &str, expect: &str| assert_eq!(serde_json::from_str::<OpenText>(text).unwrap().0, expect);
        check("\"a\"", "a");
        check("null", "");
        check(r#"[{"type":"thinking","thinking":[]},{"type":"text","text":"a"},"b",{"text":"c"}]"#, "abc");
        check(r#"{"x":1}"#, "");
        check("7", "");
    }
}
