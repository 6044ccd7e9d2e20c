//! What came of a trial: scored, unscored or errored; never one for another.

use serde::{Deserialize, Serialize};

use super::fault::CallError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Verdict {
    Pass,
    Fail,
    /// Could not be told (a judge gave no usable answer): shown, and not in the denominator.
    Unscored,
}

/// What one check said of one output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    pub metric: String,
    pub verdict: Verdict,
    /// 0 to 1; `None` where unscored.
    pub score: Option<f64>,
    pub weight: f64,
    /// Why, in a sentence that quotes what was found and what was expected.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    Scored(Score),
    /// At least one check that the verdict hangs on could not be told.
    Unscored(Score),
    /// Machinery failed: no answer, or none that can be judged. Shown, and not in the denominator.
    Errored(CallError),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub verdict: Verdict,
    /// Weighted mean of the checks' scores, 0 to 1.
    pub score: f64,
    pub checks: Vec<CheckResult>,
}

impl Outcome {
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        match self {
            Self::Scored(score) | Self::Unscored(score) => Some(score.verdict),
            Self::Errored(_) => None,
        }
    }

    #[must_use]
    pub fn checks(&self) -> &[CheckResult] {
        match self {
            Self::Scored(score) | Self::Unscored(score) => &score.checks,
            Self::Errored(_) => &[],
        }
    }
}
