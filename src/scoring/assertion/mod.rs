//! Assertions as promptfoo declares them, graded with its semantics, so that an imported config gives the same verdicts.
//!
//! Each type is a function of what is [`Asked`] and the [`Output`]. It applies the negation itself, since types differ in
//! what it does to the score. A type that cannot be done is [`Undone`]: promptfoo throws there, and the whole row is an
//! error, not a failure.

mod affix;
mod bleu;
pub(super) mod compare;
mod contains;
mod counts;
mod equals;
mod facts;
mod given;
mod gleu;
mod html;
mod js;
mod json;
mod kinds;
mod levenshtein;
mod list;
mod meteor;
mod ngrams;
mod overlap;
mod refusal;
mod regex;
mod rouge;
pub(super) mod row;
mod space;
mod sql;
mod tools;
mod trace;
mod treebank;
mod xml;

#[cfg(test)]
mod testing;

use std::borrow::Cow;

use serde_json::{Map, Value};

pub use affix::{ends_with, starts_with};
pub use bleu::bleu;
pub use contains::{contains, contains_all, contains_any, icontains, icontains_all, icontains_any};
pub use counts::{character_count, word_count};
pub use equals::equals;
pub use facts::{cost, finish_reason, guardrails, latency, perplexity, perplexity_score};
pub use gleu::gleu;
pub use html::{contains_html, is_html};
pub use json::{contains_json, is_json};
pub use kinds::by_kind;
pub use levenshtein::levenshtein;
pub use meteor::meteor;
pub use refusal::is_refusal;
pub use regex::regex;
pub use rouge::rouge_n;
pub use sql::{contains_sql, is_sql};
pub use tools::{is_valid_function_call, is_valid_openai_tools_call, tool_call_f1};
pub use trace::without_trace;
pub use xml::{contains_xml, is_xml};

/// What an assertion asks, with its templates filled in.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub not: bool,
    /// `Null` where the config gives none.
    pub value: &'a Value,
    pub threshold: Option<f64>,
    /// The assertion's `config`, for types that have one.
    pub config: &'a Map<String, Value>,
    /// The tools that the provider was given, as the config declares them; for types that look at calls.
    pub tools: &'a [Value],
}

/// What is looked at: an answer's text, or a value that a transform made of it.
#[derive(Debug, Clone)]
pub struct Output<'a> {
    pub value: &'a Value,
    /// A string as it is, anything else as compact JSON.
    pub text: Cow<'a, str>,
}

impl<'a> Output<'a> {
    #[must_use]
    pub fn new(value: &'a Value) -> Self {
        let text = value.as_str().map_or_else(|| Cow::Owned(js::json(value)), Cow::Borrowed);
        Self { value, text }
    }
}

/// What is known of an answer beside its output, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AnswerFacts<'a> {
    pub latency_ms: Option<f64>,
    /// In US dollars.
    pub cost: Option<f64>,
    /// It was kept from an earlier call, so that its time is not that of a call.
    pub cached: bool,
    /// `stop`, `length`, `content_filter` or `tool_calls`, or what the provider calls it.
    pub finish_reason: Option<&'a str>,
    /// Whether the provider's guardrails flagged it; `None` where it has none.
    pub flagged: Option<bool>,
    /// Natural logarithms of the likelihood of its tokens.
    pub logprobs: Option<&'a [f64]>,
}

/// What came of an assertion, negation included.
#[derive(Debug, Clone, PartialEq)]
pub struct Graded {
    pub pass: bool,
    /// Mostly 0 to 1; a script may return any number.
    pub score: f64,
    /// Why, in a sentence.
    pub reason: String,
}

impl Graded {
    /// Of a type that is true or false: negation turns both, the verdict and the score.
    #[must_use]
    pub fn binary(found: bool, not: bool, reason: impl Into<String>) -> Self {
        let pass = found != not;
        Self { pass, score: if pass { 1.0 } else { 0.0 }, reason: reason.into() }
    }
}

/// The assertion cannot be done, with the reason in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone(pub String);

pub type Grading = Result<Graded, Undone>;
