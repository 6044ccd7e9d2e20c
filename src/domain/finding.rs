//! What a guard found in a text: what it is, where it stands, how bad it is.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What a guard looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FindingKind {
    /// Text from outside that tries to give the model orders.
    Injection,
    /// An input past the policy's length.
    Length,
    /// The system text, or its canary, in an output.
    Leak,
    /// Personal data or a key in an output.
    Pii,
    Harm,
    /// A phrase that the policy forbids.
    Phrase,
}

impl FindingKind {
    /// Lower-case word for reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Injection => "injection",
            Self::Length => "length",
            Self::Leak => "leak",
            Self::Pii => "pii",
            Self::Harm => "harm",
            Self::Phrase => "phrase",
        }
    }
}

/// How bad a finding is, from the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Risk {
    #[default]
    Low,
    Medium,
    High,
}

impl Risk {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// One place in a text that a guard objects to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    pub kind: FindingKind,
    /// The pattern, or the kind of datum: `override`, `email`, `canary`.
    pub name: String,
    /// Bytes of the text that was looked at; both ends lie between characters.
    pub span: Range<usize>,
    pub risk: Risk,
    /// What stands there, on one line and shortened; of personal data and keys no more than the first characters.
    pub excerpt: String,
}
