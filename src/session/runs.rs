//! Runs: the one under way, the one that is shown, and the recorded ones.

use std::path::Path;
use std::time::{Duration, Instant};

use super::command::Command;
use super::feed::Feed;
use super::state::Session;
use crate::domain::{Numbered, Outcome, RunEvent, RunHeader, RunId, RunState, RunSummary, Usd, Verdict};

/// How long a frame may take events in.
const SLICE: Duration = Duration::from_millis(8);

/// What a run of the chosen experiment would be: the primary action says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunOffer {
    pub trials: u64,
    /// What it will likely cost; `None` where a price is unknown.
    pub cost: Option<Usd>,
    /// The most that it can be expected to cost.
    pub at_most: Option<Usd>,
    /// All of its models are scripts.
    pub scripted: bool,
}

/// The run under way, as the bottom bar shows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunView<'a> {
    pub header: &'a RunHeader,
    pub passed: u64,
    pub failed: u64,
    pub unscored: u64,
    pub errored: u64,
    /// Trials that have ended, those kept from before included.
    pub ended: u64,
    pub total: u64,
    pub spent: Usd,
    pub budget: Option<Usd>,
    pub paused: bool,
    /// Time that is left at the pace so far.
    pub left: Option<Duration>,
}

#[derive(Default)]
pub struct Runs {
    offer: Option<RunOffer>,
    live: Option<Live>,
    recorded: Vec<RunSummary>,
}

struct Live {
    header: std::sync::Arc<RunHeader>,
    feed: Feed,
    started: Instant,
    tally: Tally,
}

/// What has come of a run so far, added up from its events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
    unscored: u64,
    errored: u64,
    kept: u64,
    spent: Usd,
    budget: Option<Usd>,
    paused: bool,
    over: Option<RunState>,
}

impl Tally {
    const fn ended(&self) -> u64 {
        self.passed + self.failed + self.unscored + self.errored + self.kept
    }

    fn add(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Started(header) => self.budget = header.definition.budget.hard,
            RunEvent::TrialEnded(ended) => {
                self.spent += ended.spent;
                match &ended.outcome {
                    Outcome::Scored(score) if score.verdict == Verdict::Pass => self.passed += 1,
                    Outcome::Scored(_) => self.failed += 1,
                    Outcome::Unscored(_) => self.unscored += 1,
                    Outcome::Errored(_) => self.errored += 1,
                }
            }
            RunEvent::TrialKept { .. } => self.kept += 1,
            RunEvent::Paused { .. } => self.paused = true,
            RunEvent::Continued => self.paused = false,
            RunEvent::BudgetRaised { hard } => self.budget = *hard,
            RunEvent::Ended { state, .. } => self.over = Some(*state),
            RunEvent::Resumed { .. }
            | RunEvent::AttemptSent(_)
            | RunEvent::AttemptReceived { .. }
            | RunEvent::AttemptEnded(_)
            | RunEvent::Notice { .. } => {}
        }
    }
}

impl Runs {
    /// What [`Command::StartRun`] would do now; `None` where there is nothing to run.
    #[must_use]
    pub const fn offer(&self) -> Option<&RunOffer> {
        self.offer.as_ref()
    }

    /// The run under way.
    #[must_use]
    pub fn live(&self) -> Option<RunView<'_>> {
        let Live { header, started, tally, .. } = self.live.as_ref()?;
        let (total, ended) = (header.trials(), tally.ended());
        let fresh = ended - tally.kept;
        let left = (fresh > 0 && !tally.paused && total >= ended)
            .then(|| started.elapsed().checked_div(u32::try_from(fresh).unwrap_or(u32::MAX)))
            .flatten()
            .map(|each| each.saturating_mul(u32::try_from(total - ended).unwrap_or(u32::MAX)));
        Some(RunView {
            header,
            passed: tally.passed,
            failed: tally.failed,
            unscored: tally.unscored,
            errored: tally.errored,
            ended,
            total,
            spent: tally.spent,
            budget: tally.budget,
            paused: tally.paused,
            left,
        })
    }

    /// The workspace's runs, newest first.
    #[must_use]
    pub fn recorded(&self) -> &[RunSummary] {
        &self.recorded
    }

    pub(super) fn live_commands(&self) -> Vec<Command> {
        match &self.live {
            None => Vec::new(),
            Some(live) if live.tally.paused => vec![Command::ContinueRun, Command::CancelRun],
            Some(_) => vec![Command::PauseRun, Command::CancelRun],
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Session {
    /// Takes in events of the run under way. Returns whether there were any, and whether some are left.
    pub(super) fn drain_run(&mut self) -> (bool, bool) {
        let Some(live) = &mut self.runs.live else { return (false, false) };
        let (tally, mut moved) = (&mut live.tally, false);
        let more = live.feed.drain(SLICE, |numbered: &Numbered| {
            tally.add(&numbered.event);
            moved = true;
        });
        (moved, more)
    }

    pub(super) fn start_run(&mut self) {}

    pub(super) fn pause_run(&mut self) {}

    pub(super) fn continue_run(&mut self) {}

    pub(super) fn cancel_run(&mut self) {}

    pub(super) fn raise_budget(&mut self, _to: Usd) {}

    pub(super) fn open_run(&mut self, id: RunId) {
        self.selection.run = Some(id);
    }

    pub(super) fn resume_run(&mut self, _id: RunId) {}

    /// Reads the list of recorded runs of a workspace.
    pub(super) fn runs_of(&mut self, _root: &Path) {
        self.runs.clear();
    }

    /// The estimate is made again, soon.
    pub(super) fn estimate_due(&mut self, _now: Instant) {}
}
