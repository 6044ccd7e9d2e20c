//! Runs: the one under way, the one that is shown, and the recorded ones.

use std::time::{Duration, Instant};

use super::command::Command;
use super::feed::Feed;
use super::shown::Shown;
use super::state::Session;
use crate::analysis::{Board, Totals};
use crate::domain::{Numbered, RunEvent, RunHeader, RunId, RunSummary, Usd};
use crate::store::records::Records;

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
    pub totals: &'a Totals,
    /// Trials in the plan.
    pub total: u64,
    pub budget: Option<Usd>,
    pub paused: bool,
    /// Time that is left at the pace so far.
    pub left: Option<Duration>,
}

#[derive(Default)]
pub struct Runs {
    offer: Option<RunOffer>,
    live: Option<Live>,
    pub(super) records: Option<Records>,
    pub(super) recorded: Vec<RunSummary>,
    pub(super) shown: Option<Shown>,
}

struct Live {
    feed: Feed,
    started: Instant,
    board: Board,
    budget: Option<Usd>,
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
        let Live { board, started, budget, .. } = self.live.as_ref()?;
        let totals = board.totals();
        let (total, ended) = (board.trials(), totals.ended());
        let paused = board.paused().is_some();
        let fresh = ended.saturating_sub(totals.kept);
        let left = (fresh > 0 && !paused)
            .then(|| started.elapsed().checked_div(u32::try_from(fresh).unwrap_or(u32::MAX)))
            .flatten()
            .map(|each| each.saturating_mul(u32::try_from(total.saturating_sub(ended)).unwrap_or(u32::MAX)));
        Some(RunView { header: board.header(), totals, total, budget: *budget, paused, left })
    }

    pub(super) fn is_live(&self, run: Option<&RunId>) -> bool {
        run.is_some_and(|run| self.live_board(run).is_some())
    }

    pub(super) fn live_board(&self, run: &RunId) -> Option<&Board> {
        self.live.as_ref().map(|live| &live.board).filter(|board| board.header().id == *run)
    }

    pub(super) fn live_commands(&self) -> Vec<Command> {
        match &self.live {
            None => Vec::new(),
            Some(live) if live.board.paused().is_some() => vec![Command::ContinueRun, Command::CancelRun],
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
        let (board, budget, mut moved) = (&mut live.board, &mut live.budget, false);
        let more = live.feed.drain(SLICE, |numbered: &Numbered| {
            if let RunEvent::BudgetRaised { hard } = &numbered.event {
                *budget = *hard;
            }
            board.apply(&numbered.event);
            moved = true;
        });
        (moved, more)
    }

    pub(super) fn start_run(&mut self) {}

    pub(super) fn pause_run(&mut self) {}

    pub(super) fn continue_run(&mut self) {}

    pub(super) fn cancel_run(&mut self) {}

    pub(super) fn raise_budget(&mut self, _to: Usd) {}

    pub(super) fn resume_run(&mut self, _id: RunId) {}

    /// The estimate is made again, soon.
    pub(super) fn estimate_due(&mut self, _now: Instant) {}
}
