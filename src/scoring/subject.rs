//! What checks look at: the answer as text, or as JSON that is parsed once for all checks.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;

use super::found::{Found, quote};
use super::json;
use crate::domain::{Case, Code, Completion, Message, Usd};

/// An answer and what it answers.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub completion: &'a Completion,
    pub case: &'a Case,
    /// The messages that it answers.
    pub messages: &'a [Message],
    /// What the answer costs; `None` where the price is unknown.
    pub cost: Option<Usd>,
    /// It comes from the cache, so that its latency says nothing of now.
    pub cached: bool,
    /// The prompt as one text, where its dialect has it so.
    pub prompt: Option<&'a str>,
    /// The model that answers, by its id.
    pub model: &'a str,
    /// The tools that were declared to the model, as the request has them.
    pub tools: &'a [Value],
    /// What the model's definition makes of each of its answers.
    pub transform: Option<&'a Code>,
}

impl<'a> Answer<'a> {
    /// An answer of which no more is known.
    #[must_use]
    pub const fn new(completion: &'a Completion, case: &'a Case) -> Self {
        Self {
            completion,
            case,
            messages: &[],
            cost: None,
            cached: false,
            prompt: None,
            model: "",
            tools: &[],
            transform: None,
        }
    }
}

/// The answer while it is scored.
pub(super) struct Subject<'a> {
    pub(super) answer: Answer<'a>,
    json: OnceCell<Result<Value, String>>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(answer: Answer<'a>) -> Self {
        Self { answer, json: OnceCell::new() }
    }

    /// The whole output.
    pub(super) fn output(&self) -> &'a str {
        &self.answer.completion.text
    }

    /// The whole output as JSON, or a sentence that says why it is none.
    pub(super) fn json(&self) -> Result<&Value, &str> {
        self.json.get_or_init(|| json::parse(self.output())).as_ref().map_err(String::as_str)
    }

    /// The value at the JSON Pointer, or in the whole output where there is none.
    pub(super) fn value(&self, at: Option<&str>) -> Result<&Value, Found> {
        let whole = self.json().map_err(|reason| Found::absent(reason.to_owned()))?;
        let Some(at) = at else { return Ok(whole) };
        whole
            .pointer(at)
            .ok_or_else(|| Found::absent(format!("The output {} has no value at `{at}`.", quote(self.output()))))
    }

    /// The text at the JSON Pointer (a string as it is, anything else as JSON), or the whole output.
    pub(super) fn text(&self, at: Option<&str>) -> Result<Cow<'_, str>, Found> {
        if at.is_none() {
            return Ok(Cow::Borrowed(self.output()));
        }
        Ok(match self.value(at)? {
            Value::String(text) => Cow::Borrowed(text),
            value => Cow::Owned(value.to_string()),
        })
    }
}

/// How reasons name what was looked at.
pub(super) fn place(at: Option<&str>) -> String {
    at.map_or_else(|| "The output".to_owned(), |at| format!("The value at `{at}`"))
}
