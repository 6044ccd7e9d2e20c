//! Alerts: the rules as data, and what is raised, once for each condition and not once for each call.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::RunId;
use super::money::Usd;

/// When an alert is raised. A limit of `None` switches its rule off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertRules {
    /// A call that took longer, in milliseconds.
    pub latency_over_ms: Option<u64>,
    /// A call that was repeated more often.
    pub retries_over: Option<u32>,
    /// A single call that cost more.
    pub cost_over: Option<Usd>,
    /// An answer that is not JSON, or not as its schema asks, where a check of the experiment asks for it.
    pub validation_failed: bool,
    /// Failed calls to a model over all that ended, 0 to 1, from 20 calls on.
    pub error_rate_over: Option<f64>,
    /// What a run spent over its hard budget, 0 to 1.
    pub budget_share_over: Option<f64>,
    /// A variant on a model passes less often than in the run before, by more than chance can explain (p < 0.05).
    pub success_below_baseline: bool,
}

impl Default for AlertRules {
    fn default() -> Self {
        Self {
            latency_over_ms: Some(10_000),
            retries_over: Some(2),
            cost_over: Some(Usd::from_nanos(1_000_000_000)),
            validation_failed: true,
            error_rate_over: Some(0.1),
            budget_share_over: Some(0.8),
            success_below_baseline: true,
        }
    }
}

/// Which rule an alert is raised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertRule {
    ErrorRate,
    Budget,
    Success,
    Validation,
    Latency,
    Retries,
    Cost,
}

impl AlertRule {
    pub const ALL: [Self; 7] =
        [Self::ErrorRate, Self::Budget, Self::Success, Self::Validation, Self::Latency, Self::Retries, Self::Cost];

    /// As it stands in the records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ErrorRate => "error-rate",
            Self::Budget => "budget",
            Self::Success => "success",
            Self::Validation => "validation",
            Self::Latency => "latency",
            Self::Retries => "retries",
            Self::Cost => "cost",
        }
    }

    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }

    /// The words over an alert.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ErrorRate => "Calls fail",
            Self::Budget => "Budget nearly used up",
            Self::Success => "Success below the run before",
            Self::Validation => "Answers of the wrong form",
            Self::Latency => "Slow calls",
            Self::Retries => "Many retries",
            Self::Cost => "Dear calls",
        }
    }
}

/// The condition that an alert stands for: however many calls meet it, it is raised once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey {
    pub run: RunId,
    pub rule: AlertRule,
    /// The model, or the variant on a model; empty for the whole run.
    pub subject: String,
}

impl fmt::Display for AlertKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule.title())?;
        if self.subject.is_empty() { Ok(()) } else { write!(f, ": {}", self.subject) }
    }
}

/// A condition that is met, with its cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    pub key: AlertKey,
    /// Calls that meet the condition; 1 where it is not about calls.
    pub count: u64,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// What happened, how often and how badly, in sentences.
    pub cause: String,
    pub acknowledged: Option<Acknowledged>,
}

/// A person has seen an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    pub by: String,
    pub at: Timestamp,
}
