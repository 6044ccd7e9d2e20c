//! A run: one execution of an experiment, and the events that tell it.
//!
//! Events are what the engine says, what the database records and what the window draws. The last is always after the
//! one before: recorded before shown.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chat::{Completion, RawReply};
use super::experiment::Experiment;
use super::fault::CallError;
use super::guarded::Guarded;
use super::ids::{CaseId, DatasetId, ExperimentId, ModelId, ProjectId, RunId, VariantId};
use super::money::{Usage, Usd};
use super::verdict::{CheckResult, Outcome, Verdict};
use super::{Fingerprint, is_default};

/// What a run is about, written once at its start. It is enough to show the run when the workspace has changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    pub id: RunId,
    pub project: ProjectId,
    pub experiment: ExperimentId,
    /// The experiment as it was run.
    pub definition: Experiment,
    /// The columns of the grid are variants × models, models innermost.
    pub variants: Vec<VariantId>,
    pub models: Vec<RunModel>,
    pub dataset: DatasetId,
    pub dataset_fingerprint: Fingerprint,
    /// Cases that take part.
    pub cases: u32,
    pub repeats: u32,
    pub started_at: Timestamp,
    /// The version of Strata that ran it.
    pub program: String,
    /// The day of the price table that costs were computed with.
    pub prices_dated: String,
    /// Models that only judges ask.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub judges: Vec<RunModel>,
    /// By variant, where one sets it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub temperatures: Vec<Option<f64>>,
    /// Trials of the grid that are not run, since their case or their pair of variant and model leaves them out.
    #[serde(default, skip_serializing_if = "is_default")]
    pub left_out: u64,
    /// Columns of the grid of which no trial is run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub idle: Vec<u32>,
}

impl RunHeader {
    #[must_use]
    pub fn trials(&self) -> u64 {
        self.places().saturating_sub(self.left_out)
    }

    /// Places of the grid, those that are left out included.
    #[must_use]
    pub fn places(&self) -> u64 {
        u64::from(self.cases) * self.columns() as u64 * u64::from(self.repeats)
    }

    /// Variants × models.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.variants.len() * self.models.len()
    }

    /// Whether any trial of the column is run.
    #[must_use]
    pub fn takes_part(&self, column: usize) -> bool {
        !self.idle.iter().any(|idle| *idle as usize == column)
    }

    /// The trial's column in the grid.
    #[must_use]
    pub fn column(&self, trial: TrialRef) -> usize {
        usize::from(trial.variant) * self.models.len() + usize::from(trial.model)
    }

    /// A model that the run asks, for answers or as a judge.
    #[must_use]
    pub fn model(&self, id: &ModelId) -> Option<&RunModel> {
        self.models.iter().chain(&self.judges).find(|model| model.id == *id)
    }

    /// Whether an answer has the form that checks of form ask for; `None` where there is no such check. The results are
    /// in the order of the experiment's checks.
    #[must_use]
    pub fn is_valid(&self, results: &[CheckResult]) -> Option<bool> {
        let checks = self.definition.checks.iter().zip(results).filter(|(check, _)| check.kind.is_form());
        checks.map(|(_, result)| result.verdict != Verdict::Fail).reduce(|all, one| all && one)
    }

    /// The canary that stood in the run's system messages, where its policy planted one.
    #[must_use]
    pub fn planted_canary(&self) -> Option<&str> {
        self.definition.policy.as_ref().and_then(|policy| policy.output.leak.planted())
    }

    /// Any of the models is a script.
    #[must_use]
    pub fn scripted(&self) -> bool {
        self.models.iter().any(|model| model.scripted)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunModel {
    pub id: ModelId,
    /// The provider's own name of the model.
    pub model: String,
    /// Scheme, host and port; `scripted` for a script.
    pub origin: String,
    /// *Scripted, not a model.*
    pub scripted: bool,
}

/// A trial's place in its run. Its parts are positions in the run's header, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TrialRef {
    pub case: u32,
    pub variant: u16,
    pub model: u16,
    pub repeat: u16,
}

/// What a trial *is*, whatever its place: case id, variant, model, request and repeat, hashed. Resume goes by it.
pub type TrialKey = Fingerprint;

/// What a call is for. Judges have a line of their own in the cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Purpose {
    Answer,
    /// The check at this position: the experiment's, then the case's own, then the parts of sets.
    Judge(u16),
    /// A vector of the question, for the semantic cache.
    Embedding,
    /// The context layer at this position among the prompt's, shortened.
    Compression(u16),
}

/// One HTTP call (or one answer by script) in a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AttemptRef {
    pub trial: TrialRef,
    pub purpose: Purpose,
    /// From 0; a retry is the next one.
    pub number: u32,
}

/// An attempt that is about to leave. It is durable before the first byte does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptSent {
    pub attempt: AttemptRef,
    pub key: TrialKey,
    /// Hash of all that can change the answer: origin, model, whole request, sample, cache epoch.
    pub request: Fingerprint,
    pub model: ModelId,
    /// What the call may cost at most; `None` where the price is unknown.
    pub reserved: Option<Usd>,
    pub at: Timestamp,
}

/// An attempt that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttemptEnded {
    pub attempt: AttemptRef,
    pub request: Fingerprint,
    pub result: Result<Arc<Completion>, CallError>,
    /// What is booked as spent; the reservation where the provider did not say; `None` where the price is unknown.
    pub cost: Option<Usd>,
    /// The completion may answer the same request again.
    pub cacheable: bool,
    /// Milliseconds until the next attempt, where there will be one.
    pub retry_in_ms: Option<u64>,
}

/// A trial that is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialEnded {
    pub trial: TrialRef,
    pub key: TrialKey,
    pub case_id: CaseId,
    pub request: Fingerprint,
    pub outcome: Outcome,
    /// The answer that was scored; `None` where there was none.
    pub answer: Option<Arc<Completion>>,
    /// The answer came out of the cache: it cost nothing now, latency and usage are the original call's.
    pub cached: bool,
    /// Attempts for the answer, the first included; 0 where it was cached.
    pub attempts: u32,
    /// What the answer costs in production: for a cached one, what it cost when it was paid; for one of the semantic
    /// cache, what the look-up cost. `None`: unknown price.
    pub cost: Option<Usd>,
    /// What this run paid for the trial, retries and judges included.
    pub spent: Usd,
    /// The part of `spent` that judges took.
    pub judge_spent: Usd,
    pub guarded: Guarded,
}

impl TrialEnded {
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.answer.as_ref().and_then(|answer| answer.usage)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RunState {
    /// Not over yet, or its program died.
    Running,
    /// Every trial ended, scored or not.
    Completed,
    /// The hard budget was reached; trials are left.
    BudgetReached,
    /// A person stopped it; trials are left.
    Cancelled,
    /// Endpoints stopped or the record could not be written; trials are left.
    Incomplete,
}

impl RunState {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::BudgetReached => "budget reached",
            Self::Cancelled => "cancelled",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Everything that can happen in a run, in the order in which it is numbered, recorded and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RunEvent {
    Started(Arc<RunHeader>),
    /// A run goes on: these many trials were finished before and are kept.
    Resumed {
        kept: u64,
        ambiguous: u64,
    },
    AttemptSent(AttemptSent),
    /// Raw bytes, recorded before anything is parsed.
    AttemptReceived {
        attempt: AttemptRef,
        reply: Arc<RawReply>,
    },
    AttemptEnded(AttemptEnded),
    /// A trial that had ended before the run went on, at its place in the plan of now.
    TrialKept {
        trial: TrialRef,
        key: TrialKey,
    },
    TrialEnded(Arc<TrialEnded>),
    Paused {
        reason: String,
    },
    Continued,
    /// Something a person should know; told once.
    Notice {
        message: String,
    },
    BudgetRaised {
        hard: Option<Usd>,
    },
    Ended {
        state: RunState,
        at: Timestamp,
    },
}

/// An event with its place in the run's order, from 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbered {
    pub run: RunId,
    pub number: u64,
    pub event: RunEvent,
}

/// A run as lists show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunSummary {
    pub header: Arc<RunHeader>,
    pub state: RunState,
    pub ended_at: Option<Timestamp>,
    pub passed: u64,
    pub failed: u64,
    pub unscored: u64,
    pub errored: u64,
    /// Attempts of which nobody knows whether they were answered: sent, and the program died.
    pub ambiguous: u64,
    pub spent: Usd,
}

impl RunSummary {
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.passed + self.failed + self.unscored + self.errored
    }
}
