//! The confidence filter: of a list of findings, those that the model itself believes in.

use serde::{Deserialize, Serialize};

use crate::domain::is_default;

/// Takes items out of an answer that is a JSON list, or has one in it. A model's confidence in itself is no probability:
/// sweep the threshold over labelled cases before it is relied on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfidencePolicy {
    pub on: bool,
    /// Where the list is, as a JSON Pointer; the whole answer where it is empty.
    pub at: String,
    /// The field with a number from 0 to 1.
    pub confidence: String,
    /// The field with a word.
    pub severity: String,
    /// The word, in whatever case, of items that are kept from a lower confidence on.
    pub critical_word: String,
    /// Critical items are kept above this, and not at it.
    pub critical: f64,
    /// All other items are kept above this, and not at it.
    pub others: f64,
    /// The expected column that lists the items which are right, to sweep the thresholds by; the first one with a list
    /// where it is empty.
    #[serde(skip_serializing_if = "is_default")]
    pub expected: String,
    /// Keep items whose confidence is missing or no number from 0 to 1.
    pub keep_unknown: bool,
}

impl Default for ConfidencePolicy {
    fn default() -> Self {
        Self {
            on: false,
            at: String::new(),
            confidence: "confidence".to_owned(),
            severity: "severity".to_owned(),
            critical_word: "critical".to_owned(),
            critical: 0.5,
            others: 0.7,
            expected: String::new(),
            keep_unknown: false,
        }
    }
}
