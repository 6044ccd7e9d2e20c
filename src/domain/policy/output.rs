//! Output validation: what an answer must not hold, and what is done where it does.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::is_default;
use crate::domain::finding::{FindingKind, Risk};

/// What is looked for in every answer. Nothing, unless it is switched on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputPolicy {
    #[serde(skip_serializing_if = "is_default")]
    pub leak: LeakPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub pii: PiiPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub harm: HarmPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub phrases: PhrasePolicy,
    /// Findings of less risk are left out.
    #[serde(skip_serializing_if = "is_default")]
    pub at_least: Risk,
}

impl OutputPolicy {
    /// Whether anything is looked for.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.leak.on || !self.pii.kinds.is_empty() || self.harm.on || !self.phrases.forbidden.is_empty()
    }

    /// What is done about a finding of this kind.
    #[must_use]
    pub const fn action(&self, kind: FindingKind) -> OutputAction {
        match kind {
            FindingKind::Leak => self.leak.action,
            FindingKind::Pii => self.pii.action,
            FindingKind::Harm => self.harm.action,
            FindingKind::Phrase => self.phrases.action,
            FindingKind::Injection | FindingKind::Length => OutputAction::Flag,
        }
    }
}

/// What is done about a finding, from the mildest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum OutputAction {
    /// The answer stays as it is; the finding is recorded.
    #[default]
    Flag,
    /// The found place is replaced by its kind in brackets, such as `[email]`.
    Redact,
    /// Asked again.
    Retry,
    /// The trial fails.
    Fail,
}

/// The system text in the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LeakPolicy {
    pub on: bool,
    /// So many words in a row, the same as in the system text, are a trace of it; at least 5. A system text that is
    /// shorter is looked for as a whole.
    pub words: u32,
    /// From this share (0 to 1) of the system text's runs of words, the traces are a leak.
    pub share: f64,
    /// A word that stands in the system text and nowhere else; wherever an answer has it, plain or encoded, the text
    /// has leaked. Empty for none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub canary: String,
    /// The canary is added to the system message of every request, as a line at its end. Where `canary` is empty, one is
    /// made of the names of the project and the experiment, the same in each of its runs. It changes what is sent: evidence
    /// of such a run is of the variant's messages and the canary.
    #[serde(skip_serializing_if = "is_default")]
    pub plant: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub action: OutputAction,
}

impl Default for LeakPolicy {
    fn default() -> Self {
        Self { on: false, words: 8, share: 0.1, canary: String::new(), plant: false, action: OutputAction::default() }
    }
}

impl LeakPolicy {
    /// The canary that requests are sent with; `None` where none is planted.
    #[must_use]
    pub fn planted(&self) -> Option<&str> {
        (self.on && self.plant && !self.canary.is_empty()).then_some(self.canary.as_str())
    }
}

/// Personal data and keys that do not stand in the input.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PiiPolicy {
    /// What is looked for; empty for nothing.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<PiiKind>,
    #[serde(skip_serializing_if = "is_default")]
    pub action: OutputAction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum PiiKind {
    Email,
    Phone,
    /// A payment card: 13 to 19 digits with a known start and Luhn's check digit.
    Card,
    /// A social security number of the United States, within its valid ranges.
    Ssn,
    /// A bank account with its check digits (ISO 13616).
    Iban,
    /// An IP address, version 4 or 6.
    Ip,
    /// An API key of a known shape, a signed token, a private key.
    Key,
}

impl PiiKind {
    pub const ALL: [Self; 7] = [Self::Email, Self::Phone, Self::Card, Self::Ssn, Self::Iban, Self::Ip, Self::Key];

    /// Lower-case name, as it stands in findings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Card => "card",
            Self::Ssn => "ssn",
            Self::Iban => "iban",
            Self::Ip => "ip",
            Self::Key => "key",
        }
    }
}

/// Harmful content, by patterns; refusals that name the thing are not harmful. Patterns know few ways to say a thing:
/// where it matters, let a judge read the answers too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HarmPolicy {
    pub on: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub action: OutputAction,
}

/// Phrases that no answer may have.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PhrasePolicy {
    /// Whole words in this order, in any case and with any white space between them; empty for nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub forbidden: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub action: OutputAction,
}
