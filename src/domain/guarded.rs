//! What the guards did to a trial, beside sending its request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration::duration;
use super::finding::Finding;
use super::ids::{LayerId, ModelId};
use super::is_default;
use super::money::Usd;
use super::policy::Strategy;

/// The guards' part in a trial; empty where the first answer simply came.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Guarded {
    /// How often the answer was asked for again in other words: a trial with none passed or failed at first.
    #[serde(skip_serializing_if = "is_default")]
    pub repairs: u32,
    /// Attempts after the first that were no retries: they asked in other words, for a part of the task, or another model.
    #[serde(skip_serializing_if = "is_default")]
    pub other_requests: u32,
    /// Who answered in the place of the trial's own model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stand_in: Option<StandIn>,
    /// The answer says nothing of the trial's own model and is not in its numbers; the trial is unscored.
    #[serde(skip_serializing_if = "is_default")]
    pub left_out: bool,
    /// The output guard let no answer through: the trial fails, whatever its checks say.
    #[serde(skip_serializing_if = "is_default")]
    pub withheld: bool,
    /// The part of the trial's spending that went into vectors of its questions.
    #[serde(skip_serializing_if = "is_default")]
    pub embedding_spent: Usd,
    /// The part of the trial's spending that went into shortening its context.
    #[serde(skip_serializing_if = "is_default")]
    pub compression_spent: Usd,
    /// The case gave the answer: no model was asked, and neither time nor money says anything of one.
    #[serde(skip_serializing_if = "is_default")]
    pub given: bool,
    /// So many trials of its case ended together, since their outputs are compared; 0: it ended by itself.
    #[serde(skip_serializing_if = "is_default")]
    pub compared: u32,
    /// Who asked, by the column that the policy names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// In which session, by the column that the policy names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// In the order in which they were taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<TimedStep>,
}

impl Guarded {
    /// Of so many attempts, those that sent the same request to the same model once more, after a fault.
    #[must_use]
    pub const fn retries(&self, attempts: u32) -> u32 {
        // Runs on record from before the count was kept have their repairs alone.
        let apart = if self.other_requests == 0 { self.repairs } else { self.other_requests };
        attempts.saturating_sub(1 + apart)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many places in the input and the output a guard objected to.
    #[must_use]
    pub fn findings(&self) -> usize {
        self.steps.iter().filter(|timed| matches!(timed.step, Step::Found { .. })).count()
    }
}

/// An answer that is not the asked model's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StandIn {
    Model(ModelId),
    /// The route's canned text: the trial is degraded.
    Canned,
}

/// A step and when it was taken, in milliseconds from the beginning of the trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimedStep {
    pub at_ms: u64,
    pub step: Step,
}

/// What a guard did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Step {
    /// The answer broke the prompt's form and was asked for again.
    Repaired { strategy: Strategy, reason: String },
    /// The answer broke the prompt's form, and no strategy was left.
    Invalid { reason: String },
    /// A model could not answer, and the next of the route was asked.
    FellBack { from: ModelId, to: ModelId, reason: String },
    /// A model of the route was not asked.
    PassedOver { model: ModelId, reason: String },
    /// No model could answer, and the canned text stands in.
    Degraded { reason: String },
    /// Waited for another call of the same request.
    Shared,
    /// A guard objected to a place in the input or the output.
    Found { side: Side, finding: Finding, treatment: Treatment },
    /// The answer held something that it must not, and was asked for again without it.
    AskedWithout { reason: String },
    /// The variant's tiers gave the request to this model.
    Tiered { model: ModelId, complexity: f64, reasons: Vec<String> },
    /// Items of the answer's list were kept or dropped by their confidence; `unknown` of them had none.
    Filtered { kept: u64, dropped: u64, unknown: u64 },
    /// The answer has no list to filter, and stands as it is.
    NotFiltered { reason: String },
    /// A layer of context was shortened; its tokens before and after.
    Compressed { layer: LayerId, before: u64, after: u64 },
    /// A layer of context was to be shortened, and stands as it was.
    NotCompressed { layer: LayerId, reason: String },
    /// The semantic cache answered with what was said to a similar question, and so saved a call.
    SemanticHit {
        /// The cosine of the two questions.
        similarity: f64,
        /// How long ago that answer came.
        age_ms: u64,
        /// What that answer cost; `None` where the price is unknown.
        saved: Option<Usd>,
    },
    /// The model answered, and the semantic cache would have; `wrong` where its answer is not the model's.
    SemanticAudit { similarity: f64, wrong: bool },
    /// A similar question was known, and its answer was not taken.
    SemanticRefused { similarity: f64, reason: String },
    /// The question has no vector, so that the semantic cache was not asked.
    NoVector { reason: String },
}

/// Which text a guard looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    Input,
    Output,
}

/// What was done about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Treatment {
    Flagged,
    /// Written so that no model takes it for an order; of an input that is too long, cut.
    Neutralised,
    /// Not sent.
    Blocked,
    Redacted,
    AskedAgain,
    /// Not let through.
    Withheld,
}

impl Treatment {
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Flagged => "flagged",
            Self::Neutralised => "neutralised",
            Self::Blocked => "not sent",
            Self::Redacted => "redacted",
            Self::AskedAgain => "asked again",
            Self::Withheld => "not let through",
        }
    }
}

impl Step {
    /// A sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Repaired { strategy, reason } => format!("Asked again, {}: {reason}", strategy.words()),
            Self::Invalid { reason } => format!("The answer stands, though it is not valid: {reason}"),
            Self::FellBack { from, to, reason } => format!("{from} could not answer, {to} was asked: {reason}"),
            Self::PassedOver { model, reason } => format!("{model} was passed over: {reason}"),
            Self::Degraded { reason } => format!("No model could answer, the canned text stands in: {reason}"),
            Self::Found { side, finding, treatment } => {
                let side = match side {
                    Side::Input => "input",
                    Side::Output => "answer",
                };
                let (kind, name) = (finding.kind.word(), &finding.name);
                format!(
                    "The {side} has {kind} ({name}, {} risk), {}: {}",
                    finding.risk.word(),
                    treatment.words(),
                    finding.excerpt
                )
            }
            Self::AskedWithout { reason } => format!("Asked again without what the answer must not hold: {reason}"),
            Self::Shared => "Took the answer of the same request, which was under way.".to_owned(),
            Self::Tiered { model, complexity, reasons } => {
                let why = if reasons.is_empty() { "nothing speaks for more".to_owned() } else { reasons.join("; ") };
                format!("{model} was asked, for a complexity of {complexity:.2}: {why}.")
            }
            Self::Filtered { kept, dropped, unknown } => format!(
                "Of {} items {kept} were kept by their confidence; {unknown} had none that can be used.",
                kept + dropped
            ),
            Self::NotFiltered { reason } => format!("Nothing was filtered by confidence: {reason}"),
            Self::Compressed { layer, before, after } => {
                format!("The layer `{layer}` was shortened from {before} tokens to {after}.")
            }
            Self::NotCompressed { layer, reason } => format!("The layer `{layer}` stands in its full length: {reason}"),
            Self::SemanticHit { similarity, age_ms, saved } => {
                let saved = saved.map_or_else(String::new, |saved| format!(", which saved {saved}"));
                format!(
                    "Took the answer of a question that is {similarity:.3} similar, {} old{saved}.",
                    duration(Duration::from_millis(*age_ms))
                )
            }
            Self::SemanticAudit { similarity, wrong } => {
                let verdict = if *wrong { "wrongly" } else { "rightly" };
                format!(
                    "The semantic cache would have answered, {verdict}, as for a question that is {similarity:.3} similar."
                )
            }
            Self::SemanticRefused { similarity, reason } => {
                format!("A question that is {similarity:.3} similar was not taken for the same: {reason}")
            }
            Self::NoVector { reason } => format!("The semantic cache was not asked: {reason}"),
        }
    }
}
