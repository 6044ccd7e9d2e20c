//! Runs: the one under way, the one that is shown, and the recorded ones.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::command::Command;
use super::feed::Feed;
use super::notices::Level;
use super::route::Route;
use super::shown::Shown;
use super::state::Session;
use crate::analysis::{AlertWatch, Board, Totals};
use crate::domain::{Alert, AlertKey, Numbered, RunEvent, RunHeader, RunId, RunState, RunSummary, Usd};
use crate::engine::{RunHandle, RunStatus};
use crate::store::records::Records;

/// How long a frame may take events in.
const SLICE: Duration = Duration::from_millis(8);
/// How often a run under way is looked at for alerts.
const ALERTS: Duration = Duration::from_millis(250);

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
#[derive(Debug, Clone, PartialEq)]
pub struct RunView<'a> {
    pub header: &'a RunHeader,
    /// What the engine says of it: calls on the wire, what is reserved, how its endpoints are.
    pub status: RunStatus,
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
    live: Option<Live>,
    pub(super) records: Option<Records>,
    pub(super) recorded: Vec<RunSummary>,
    pub(super) shown: Option<Shown>,
}

/// A run that has begun: its owner's end, and what was known of it before.
pub(super) struct Begun {
    pub handle: RunHandle,
    pub board: Board,
    pub watch: AlertWatch,
}

struct Live {
    handle: RunHandle,
    feed: Feed,
    started: Instant,
    board: Board,
    budget: Option<Usd>,
    watch: AlertWatch,
    /// Conditions that were told of.
    told: BTreeSet<AlertKey>,
    /// When conditions were looked at.
    looked: Instant,
}

impl Live {
    /// Conditions that are met and were not told of; with them all that are met.
    fn fresh_alerts(&mut self) -> Option<(Vec<Alert>, Vec<Alert>)> {
        self.looked = Instant::now();
        let all = self.watch.alerts();
        let fresh: Vec<Alert> = all.iter().filter(|alert| self.told.insert(alert.key.clone())).cloned().collect();
        (!fresh.is_empty()).then_some((fresh, all))
    }
}

impl Runs {
    /// The run under way.
    #[must_use]
    pub fn live(&self) -> Option<RunView<'_>> {
        let Live { handle, board, started, budget, .. } = self.live.as_ref()?;
        let totals = board.totals();
        let (total, ended) = (board.trials(), totals.ended());
        let paused = board.paused().is_some();
        let fresh = ended.saturating_sub(totals.kept);
        let left = (fresh > 0 && !paused)
            .then(|| started.elapsed().checked_div(u32::try_from(fresh).unwrap_or(u32::MAX)))
            .flatten()
            .map(|each| each.saturating_mul(u32::try_from(total.saturating_sub(ended)).unwrap_or(u32::MAX)));
        Some(RunView { header: board.header(), status: handle.status(), totals, total, budget: *budget, paused, left })
    }

    /// How often a run under way is looked at though it says nothing. A paused one tells of its end.
    pub(super) fn next_look(&self) -> Option<Duration> {
        let moves = |live: &&Live| live.board.paused().is_none() || live.handle.status().draining;
        self.live.as_ref().filter(moves).map(|_| Duration::from_millis(500))
    }

    pub(super) fn is_live(&self, run: Option<&RunId>) -> bool {
        run.is_some_and(|run| self.live_board(run).is_some())
    }

    pub(super) fn live_board(&self, run: &RunId) -> Option<&Board> {
        self.live.as_ref().map(|live| &live.board).filter(|board| board.header().id == *run)
    }

    /// The alerts of the run under way, as they stand.
    pub(super) fn live_alerts(&self) -> Option<(RunId, Vec<Alert>)> {
        self.live.as_ref().map(|live| (live.board.header().id.clone(), live.watch.alerts()))
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
        let (board, watch, budget, mut moved) = (&mut live.board, &mut live.watch, &mut live.budget, false);
        let mut said = Vec::new();
        let mut over = None;
        let more = live.feed.drain(SLICE, |numbered: &Numbered| {
            match &numbered.event {
                RunEvent::BudgetRaised { hard } => *budget = *hard,
                RunEvent::Notice { message } => said.push(message.clone()),
                RunEvent::Ended { state, .. } => over = Some(*state),
                _ => {}
            }
            board.apply(&numbered.event);
            watch.apply(&numbered.event);
            moved = true;
        });
        let alerts = if live.looked.elapsed() < ALERTS { None } else { live.fresh_alerts() };
        // A run whose record failed ends without a word of its own.
        let over = over.or_else(|| live.handle.status().state.filter(|_| !moved && !more));
        for message in said {
            self.notices.warning(message, "");
        }
        if let Some((fresh, all)) = alerts {
            self.raise_alerts(&fresh, all);
        }
        if let Some(state) = over {
            self.run_is_over(state);
        }
        (moved, more)
    }

    /// Shows a run that has begun, from its first event on.
    pub(super) fn run_began(&mut self, begun: Begun, feed: Feed) {
        let Begun { handle, board, watch } = begun;
        let header = handle.header().clone();
        let told = watch.alerts().into_iter().map(|alert| alert.key).collect();
        let (started, budget) = (Instant::now(), header.definition.budget.hard);
        self.runs.live = Some(Live { handle, feed, started, board, budget, watch, told, looked: started });
        self.selection.run = Some(header.id.clone());
        self.selection.trial = None;
        self.runs.shown = Some(Shown::new(header.id.clone()));
        self.read_rows(header.id.clone(), header);
        if matches!(self.route, Route::Home | Route::Experiment) {
            self.route = Route::Results;
        }
    }

    fn run_is_over(&mut self, state: RunState) {
        let Some(mut live) = self.runs.live.take() else { return };
        if let Some((fresh, all)) = live.fresh_alerts() {
            self.raise_alerts(&fresh, all);
        }
        let header = live.board.header().clone();
        let text = format!("Run of {}: {}.", header.experiment, state.word());
        match state {
            RunState::Completed => self.notices.success(text),
            RunState::BudgetReached => {
                let hint =
                    "What was paid for is kept. Results goes on with the trials that are left, under a higher budget.";
                self.notices.raise(Level::Warning, text, hint, vec![Command::Go(Route::Results)]);
            }
            RunState::Running | RunState::Cancelled | RunState::Incomplete => {
                let hint = "What was paid for is kept. Resume runs the trials that are left.";
                self.notices.raise(Level::Warning, text, hint, vec![Command::ResumeRun(header.id.clone())]);
            }
        }
        if let Some(shown) = self.runs.shown.as_mut().filter(|shown| shown.run == header.id) {
            let board = Arc::new(live.board);
            shown.board = Some(board.clone());
            self.estimate_rest(&board);
            self.read_previous(header.id.clone(), board);
        }
        self.watched(&header.id, live.watch);
        self.list_runs();
        self.calls_changed();
    }

    pub(super) fn pause_run(&self) {
        if let Some(live) = &self.runs.live {
            live.handle.pause();
        }
    }

    pub(super) fn continue_run(&self) {
        if let Some(live) = &self.runs.live {
            live.handle.resume();
        }
    }

    /// The first time, calls under way may end; the second time they are dropped.
    pub(super) fn cancel_run(&self) {
        if let Some(live) = &self.runs.live {
            live.handle.cancel();
        }
    }

    /// Calls under way may end; they are never dropped by this, however often it is asked.
    pub(super) fn end_run(&self) {
        if self.runs.live.as_ref().is_some_and(|live| !live.handle.status().draining) {
            self.cancel_run();
        }
    }

    /// The program ends: calls under way may end, and the run goes on at the next opening.
    pub(super) fn leave_run(&self) {
        if let Some(live) = &self.runs.live {
            live.handle.leave();
        }
    }

    pub(super) fn raise_budget(&self, to: Usd) {
        if let Some(live) = &self.runs.live {
            live.handle.set_budget(Some(to));
        }
    }
}
