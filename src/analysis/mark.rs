//! What is remembered of a trial: enough to draw, filter and compare, in a few dozen bytes.

use crate::domain::{CheckResult, Fault, Guarded, Outcome, Step, TrialEnded, Usd, Verdict};

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    Passed,
    Failed,
    /// Could not be told.
    Unscored,
    /// Machinery failed.
    Errored(Fault),
}

impl Ending {
    /// Passed or failed: it counts in a rate.
    #[must_use]
    pub const fn is_scored(self) -> bool {
        matches!(self, Self::Passed | Self::Failed)
    }
}

/// A trial that ended. Unknown amounts are kept as values that cannot occur, to stay small.
#[derive(Debug, Clone, Copy)]
pub struct TrialMark {
    key: u64,
    cost: i64,
    judges: i64,
    latency_ms: f32,
    first_token_ms: f32,
    input_tokens: u32,
    output_tokens: u32,
    score: f32,
    failed: u32,
    retries: u16,
    repairs: u8,
    semantic: Semantic,
    flags: u8,
    ending: Ending,
}

/// The semantic cache's part in a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Semantic {
    /// It had no answer, or was not asked.
    #[default]
    None,
    /// It answered.
    Hit,
    /// It would have answered as the model did.
    WouldBeRight,
    /// It would have answered otherwise than the model did.
    WouldBeWrong,
}

const UNKNOWN: u32 = u32::MAX;
const CACHED: u8 = 1;
const STOOD_IN: u8 = 2;
const LEFT_OUT: u8 = 4;
const FLAGGED: u8 = 8;

impl TrialMark {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds and scores need no more digits")]
    pub(super) fn of(trial: &TrialEnded) -> Self {
        let tokens = |count: Option<u64>| count.map_or(UNKNOWN, |count| u32::try_from(count).unwrap_or(UNKNOWN - 1));
        // An answer of another model has no time, cost or tokens of this one.
        let answer = trial.answer.as_deref().filter(|_| !trial.guarded.left_out);
        let usage = answer.and_then(|answer| answer.usage);
        Self {
            key: short_key(&trial.key.0),
            cost: trial.cost.filter(|_| !trial.guarded.left_out).map_or(i64::MIN, Usd::nanos),
            judges: trial.judge_spent.nanos(),
            latency_ms: answer.filter(|_| !trial.guarded.given).map_or(f32::NAN, |answer| answer.latency_ms as f32),
            first_token_ms: answer.and_then(|answer| answer.first_token_ms).map_or(f32::NAN, |ms| ms as f32),
            input_tokens: tokens(usage.map(|usage| usage.input_tokens)),
            output_tokens: tokens(usage.map(|usage| usage.output_tokens)),
            score: score(&trial.outcome),
            failed: if trial.guarded.left_out { 0 } else { failed_checks(trial.outcome.checks()) },
            retries: u16::try_from(trial.guarded.retries(trial.attempts)).unwrap_or(u16::MAX),
            repairs: u8::try_from(trial.guarded.repairs).unwrap_or(u8::MAX),
            semantic: semantic(&trial.guarded),
            flags: flags(trial),
            ending: ending(&trial.outcome),
        }
    }

    #[must_use]
    pub const fn ending(&self) -> Ending {
        self.ending
    }

    /// What the answer costs in production; `None` where the price is unknown or there is no answer.
    #[must_use]
    pub fn cost(&self) -> Option<Usd> {
        (self.cost != i64::MIN).then(|| Usd::from_nanos(self.cost))
    }

    /// What the run paid judges for this trial.
    #[must_use]
    pub const fn judge_spent(&self) -> Usd {
        Usd::from_nanos(self.judges)
    }

    /// Milliseconds; a cached answer has the original call's.
    #[must_use]
    pub fn latency_ms(&self) -> Option<f32> {
        self.latency_ms.is_finite().then_some(self.latency_ms)
    }

    /// Milliseconds to the first token; streams only.
    #[must_use]
    pub fn first_token_ms(&self) -> Option<f32> {
        self.first_token_ms.is_finite().then_some(self.first_token_ms)
    }

    #[must_use]
    pub fn input_tokens(&self) -> Option<u32> {
        (self.input_tokens != UNKNOWN).then_some(self.input_tokens)
    }

    #[must_use]
    pub fn output_tokens(&self) -> Option<u32> {
        (self.output_tokens != UNKNOWN).then_some(self.output_tokens)
    }

    /// Weighted mean of the checks' scores, 0 to 1; `None` where the trial was not scored.
    #[must_use]
    pub fn score(&self) -> Option<f32> {
        self.score.is_finite().then_some(self.score)
    }

    /// Whether the check at this position failed; only the first 32 are remembered.
    #[must_use]
    pub const fn check_failed(&self, check: usize) -> bool {
        check < 32 && self.failed >> check & 1 == 1
    }

    /// How often a request for the answer was sent again as it was, after a fault of the machinery.
    #[must_use]
    pub const fn retries(&self) -> u16 {
        self.retries
    }

    /// How often the answer was asked for again in other words.
    #[must_use]
    pub const fn repairs(&self) -> u8 {
        self.repairs
    }

    #[must_use]
    pub const fn cached(&self) -> bool {
        self.flags & CACHED != 0
    }

    /// Another model answered, or the canned text.
    #[must_use]
    pub const fn stood_in(&self) -> bool {
        self.flags & STOOD_IN != 0
    }

    /// The answer is a stand-in's and in none of the column's numbers.
    #[must_use]
    pub const fn left_out(&self) -> bool {
        self.flags & LEFT_OUT != 0
    }

    /// A guard objected to something in the input or the output.
    #[must_use]
    pub const fn flagged(&self) -> bool {
        self.flags & FLAGGED != 0
    }

    #[must_use]
    pub const fn semantic(&self) -> Semantic {
        self.semantic
    }

    pub(super) const fn key(&self) -> u64 {
        self.key
    }
}

/// Of several requests of one trial, the worst.
fn semantic(guarded: &Guarded) -> Semantic {
    let of_step = |step: &Step| match step {
        Step::SemanticAudit { wrong: true, .. } => Semantic::WouldBeWrong,
        Step::SemanticAudit { wrong: false, .. } => Semantic::WouldBeRight,
        Step::SemanticHit { .. } => Semantic::Hit,
        _ => Semantic::None,
    };
    guarded.steps.iter().map(|timed| of_step(&timed.step)).max_by_key(|semantic| *semantic as u8).unwrap_or_default()
}

/// The beginning of a hash: enough to tell the trials of one run apart.
pub(super) fn short_key(hash: &[u8; 32]) -> u64 {
    hash.iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}

fn flags(trial: &TrialEnded) -> u8 {
    let guarded = &trial.guarded;
    let flags = [
        (trial.cached, CACHED),
        (guarded.stand_in.is_some(), STOOD_IN),
        (guarded.left_out, LEFT_OUT),
        (guarded.findings() > 0, FLAGGED),
    ];
    flags.into_iter().filter(|(on, _)| *on).fold(0, |flags, (_, flag)| flags | flag)
}

fn ending(outcome: &Outcome) -> Ending {
    match outcome {
        Outcome::Scored(score) => match score.verdict {
            Verdict::Pass => Ending::Passed,
            Verdict::Fail => Ending::Failed,
            Verdict::Unscored => Ending::Unscored,
        },
        Outcome::Unscored(_) => Ending::Unscored,
        Outcome::Errored(error) => Ending::Errored(error.fault),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "scores need no more digits")]
fn score(outcome: &Outcome) -> f32 {
    match outcome {
        Outcome::Scored(score) => score.score as f32,
        Outcome::Unscored(_) | Outcome::Errored(_) => f32::NAN,
    }
}

fn failed_checks(checks: &[CheckResult]) -> u32 {
    let failed = checks.iter().enumerate().take(32).filter(|(_, check)| check.verdict == Verdict::Fail);
    failed.fold(0, |bits, (index, _)| bits | 1 << index)
}
