//! One trial as a flat row, for the formats that list trials.

use serde::Serialize;

use super::report::Report;
use crate::domain::{Outcome, StandIn, TrialEnded, Usd, Verdict};

/// The same fields in CSV and JSONL. Allow-listed: what is not here does not leave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Row<'t> {
    pub case: &'t str,
    /// What people call the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'t str>,
    pub variant: &'t str,
    pub model: &'t str,
    /// From 1.
    pub repeat: u32,
    /// `pass`, `fail`, `unscored` or `errored`.
    pub outcome: &'static str,
    /// Weighted mean of the checks' scores, 0 to 1.
    pub score: Option<f64>,
    /// Why it did not pass.
    pub reason: String,
    pub output: &'t str,
    pub finish: Option<String>,
    /// US dollars; none where the price is unknown.
    pub cost_usd: Option<f64>,
    pub spent_usd: f64,
    pub latency_ms: Option<f64>,
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cached: bool,
    pub attempts: u32,
    /// The class of the fault where it errored.
    pub fault: Option<&'static str>,
    /// How often the answer was asked for again in other words.
    pub repairs: u32,
    /// The model that answered in the place of the trial's own, or `canned`.
    pub stand_in: Option<&'t str>,
    /// The stand-in's answer is in no number.
    pub left_out: bool,
    /// The output guard let no answer through.
    pub withheld: bool,
    /// Places in the input and the output that a guard objected to.
    pub findings: usize,
}

impl<'t> Row<'t> {
    pub fn of(report: &'t Report, ended: &'t TrialEnded) -> Self {
        let header = &report.header;
        let trial = ended.trial;
        let answer = ended.answer.as_deref();
        let usage = ended.usage();
        Self {
            case: ended.case_id.as_str(),
            description: report.descriptions.get(&ended.case_id).map(String::as_str),
            variant: header.variants.get(usize::from(trial.variant)).map_or("", |variant| variant.as_str()),
            model: header.models.get(usize::from(trial.model)).map_or("", |model| model.id.as_str()),
            repeat: u32::from(trial.repeat) + 1,
            outcome: outcome(&ended.outcome),
            score: match &ended.outcome {
                Outcome::Scored(score) => Some(score.score),
                Outcome::Unscored(_) | Outcome::Errored(_) => None,
            },
            reason: reason(&ended.outcome),
            output: answer.map_or("", |answer| answer.text.as_str()),
            finish: answer.map(|answer| format!("{:?}", answer.finish)),
            cost_usd: ended.cost.map(Usd::dollars),
            spent_usd: ended.spent.dollars(),
            latency_ms: answer.map(|answer| answer.latency_ms),
            input_tokens: usage.map(|usage| usage.input_tokens),
            output_tokens: usage.map(|usage| usage.output_tokens),
            cached: ended.cached,
            attempts: ended.attempts,
            fault: match &ended.outcome {
                Outcome::Errored(error) => Some(error.fault.word()),
                Outcome::Scored(_) | Outcome::Unscored(_) => None,
            },
            repairs: ended.guarded.repairs,
            stand_in: ended.guarded.stand_in.as_ref().map(|who| match who {
                StandIn::Model(model) => model.as_str(),
                StandIn::Canned => "canned",
            }),
            left_out: ended.guarded.left_out,
            withheld: ended.guarded.withheld,
            findings: ended.guarded.findings(),
        }
    }

    /// The case for people: its id, and what it is called.
    pub fn name(&self) -> String {
        self.description.map_or_else(|| self.case.to_owned(), |called| format!("{} {called}", self.case))
    }
}

/// Why it did not pass, by the first check that says so.
pub(super) fn first_reason(outcome: &Outcome) -> String {
    let score = match outcome {
        Outcome::Errored(error) => return error.message.clone(),
        Outcome::Scored(score) | Outcome::Unscored(score) => score,
    };
    let first = score.checks.iter().find(|check| check.verdict == score.verdict);
    first.map_or_else(
        || format!("No check fails alone; the score of all is {}.", score.score),
        |check| format!("{}: {}", check.metric, check.reason),
    )
}

pub(super) fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Scored(score) if score.verdict == Verdict::Pass => "pass",
        Outcome::Scored(_) => "fail",
        Outcome::Unscored(_) => "unscored",
        Outcome::Errored(_) => "errored",
    }
}

/// What the checks that did not pass say, or the error's sentence.
fn reason(outcome: &Outcome) -> String {
    if let Outcome::Errored(error) = outcome {
        return error.message.clone();
    }
    if outcome.verdict() == Some(Verdict::Pass) {
        return String::new();
    }
    let said = outcome.checks().iter().filter(|check| check.verdict != Verdict::Pass);
    said.map(|check| format!("{}: {}", check.metric, check.reason)).collect::<Vec<_>>().join("\n")
}
