//! The call log: a line for each attempt, which of them are wanted, and what they sum up to.

use jiff::Timestamp;

use super::Fingerprint;
use super::chat::FinishReason;
use super::fault::CallError;
use super::ids::{CaseId, ExperimentId, ModelId, ProjectId, RunId, VariantId};
use super::money::{Usage, Usd};
use super::run::{AttemptRef, Purpose, TrialRef};

/// How far an attempt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptState {
    /// Under way, or its program died a moment ago.
    Sent,
    /// Its reply is stored and not read yet.
    Received,
    /// Answered.
    Ended,
    Failed,
    /// Sent, and its program died: nobody knows whether it was answered and billed.
    Ambiguous,
}

impl AttemptState {
    pub const ALL: [Self; 5] = [Self::Sent, Self::Received, Self::Ended, Self::Failed, Self::Ambiguous];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Ended => "answered",
            Self::Failed => "failed",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// A line of the call log: one attempt, with what its run says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRow {
    /// Unique in the workspace; grows within a run.
    pub id: i64,
    pub run: RunId,
    pub project: ProjectId,
    pub experiment: ExperimentId,
    /// `None` until its trial ends.
    pub case_id: Option<CaseId>,
    /// Who asked, by the dataset's column; `None` until its trial ends, and where the dataset does not say.
    pub user: Option<String>,
    /// In which session, likewise.
    pub session: Option<String>,
    /// Its trial's place in the run as it is now; `None` until the trial ends, and where a later plan does not have it.
    pub trial: Option<TrialRef>,
    /// `None` where a later plan does not have its trial.
    pub variant: Option<VariantId>,
    pub model: ModelId,
    /// The provider's own name of the model that was asked; `None` where the run's header does not have the model.
    pub provider_model: Option<String>,
    /// Scheme, host and port; `scripted` for a script.
    pub origin: Option<String>,
    pub scripted: bool,
    /// All attempts of a trial have the same.
    pub trial_id: i64,
    /// Its place when it was sent, what it was for, and which attempt it was.
    pub attempt: AttemptRef,
    /// Hash of the whole request: prompt, parameters, model and origin.
    pub request: Fingerprint,
    pub temperature: Option<f64>,
    pub state: AttemptState,
    pub sent_at: Timestamp,
    pub reserved: Option<Usd>,
    /// What is booked as spent; `None` while it is under way and where the price is unknown.
    pub cost: Option<Usd>,
    pub status: Option<u16>,
    pub usage: Option<Usage>,
    pub finish: Option<FinishReason>,
    /// The model version as the provider answered it.
    pub answered_by: Option<String>,
    pub request_id: Option<String>,
    /// Milliseconds.
    pub first_token_ms: Option<f64>,
    /// Milliseconds.
    pub latency_ms: Option<f64>,
    /// Milliseconds until the next attempt.
    pub retry_in_ms: Option<u64>,
    pub error: Option<CallError>,
    /// Whether the answer has the form that the experiment's checks of form ask for (JSON, JSON Schema).
    pub valid: Option<bool>,
}

impl CallRow {
    /// The fault's word, or how far the attempt has come.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.error.as_ref().map_or(self.state.word(), |error| error.fault.word())
    }

    /// A retry is the second attempt or a later one.
    #[must_use]
    pub const fn retries(&self) -> u32 {
        self.attempt.number
    }

    #[must_use]
    pub const fn is_judge(&self) -> bool {
        matches!(self.attempt.purpose, Purpose::Judge(_))
    }
}

/// Which calls are wanted; what is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallFilter {
    pub run: Option<RunId>,
    pub project: Option<ProjectId>,
    pub model: Option<ModelId>,
    pub state: Option<AttemptState>,
    /// A fault's word.
    pub fault: Option<String>,
    /// Only calls of judges, or only others.
    pub judge: Option<bool>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub min_latency_ms: Option<f64>,
    pub min_cost: Option<Usd>,
    /// Found in the case's id, the user's or the session's, the error, the request id or the name of the model that answered; capitals do not matter in
    /// ASCII.
    pub text: Option<String>,
}

impl CallFilter {
    /// Every call is wanted.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// In which order calls are listed; equal ones by time, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CallSort {
    #[default]
    Newest,
    Oldest,
    Slowest,
    Dearest,
    /// By input and output tokens together.
    Longest,
}

impl CallSort {
    pub const ALL: [Self; 5] = [Self::Newest, Self::Oldest, Self::Slowest, Self::Dearest, Self::Longest];

    /// The words in menus.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Newest => "Newest first",
            Self::Oldest => "Oldest first",
            Self::Slowest => "Slowest first",
            Self::Dearest => "Dearest first",
            Self::Longest => "Most tokens first",
        }
    }
}

/// Which calls, in which order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallQuery {
    pub filter: CallFilter,
    pub sort: CallSort,
}

/// What calls sum up to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallSums {
    pub calls: u64,
    pub answered: u64,
    pub failed: u64,
    pub ambiguous: u64,
    pub spent: Usd,
    /// Calls that are over and of which nobody knows the price; they are not in `spent`.
    pub unpriced: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Failed calls by the fault's word, the most frequent first.
    pub faults: Vec<(String, u64)>,
}

impl CallSums {
    /// Failed calls over answered and failed ones, 0 to 1; `None` where there are none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of calls")]
    pub fn error_rate(&self) -> Option<f64> {
        let over = self.answered + self.failed;
        (over > 0).then(|| self.failed as f64 / over as f64)
    }
}
