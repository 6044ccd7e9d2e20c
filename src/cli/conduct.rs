//! A run from its start to its end, with its progress on a terminal.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};
#[cfg(unix)]
use std::task::{Context, Poll};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::chosen::{complain, note, refuse};
use super::exit::Exit;
use super::write::trials;
use crate::analysis::Board;
use crate::domain::{
    CallError, Capability, Fault, Numbered, Outcome, Retry, RunEvent, RunState, RunSummary, TrialEnded, Usd,
};
use crate::engine::{RunHandle, RunSink, RunStatus, SinkError};
use crate::interop::run_formats::{Report, counted};
use crate::plan::Estimate;
use crate::provider::KeyStore;
use crate::session::launch::{self, LaunchError, Prepared, Start};
use crate::store::records::Records;

/// Between two looks at a run under way.
const LOOK: Duration = Duration::from_millis(100);
/// How long the run waits for a full disk to have room again.
const STALL_LIMIT: Duration = Duration::from_mins(1);

/// How long a run that stands still waits for a provider to get well, where nobody says otherwise.
pub(super) const PATIENCE: Duration = Duration::from_mins(15);

/// What a run is conducted with.
pub(super) struct Conduct<'a> {
    pub records: &'a Records,
    pub granted: &'a BTreeSet<Capability>,
    pub keys: Arc<dyn KeyStore>,
    /// The run that goes on.
    pub earlier: Option<&'a RunSummary>,
    /// How long the run stands still behind a provider that is out of health; `None` waits for ever.
    pub patience: Option<Duration>,
    /// What is said of a run that cannot start.
    pub told: &'a dyn Fn(LaunchError) -> Exit,
}

/// Runs to the end, or to the first reason to stop.
pub(super) fn conduct(prepared: Prepared, how: &Conduct) -> Result<(Board, RunState), Exit> {
    let Conduct { records, granted, keys, earlier, patience, told } = how;
    let runtime = launch::runtime().map_err(refuse)?;
    let progress = Progress::new();
    let mut estimate = prepared.estimate(Some(records)).map_err(refuse)?;
    let budget = prepared.plan.header.definition.budget.hard;
    let mut spent = Usd::ZERO;
    let watch = |board: Board| Arc::new(Mutex::new(board));
    let start = |board: &Arc<Mutex<Board>>| Start {
        records,
        granted,
        keys: keys.clone(),
        watchers: vec![Box::new(BoardSink { board: board.clone(), told: BTreeSet::new() })],
        runtime: runtime.handle(),
        on_text: None,
        stall_limit: Some(STALL_LIMIT),
        patience: *patience,
    };
    let (handle, board) = match earlier {
        None => {
            let board = watch(Board::new(prepared.plan.header.clone()));
            (launch::begin(prepared, start(&board)), board)
        }
        Some(run) => {
            let resumed = launch::take_up(prepared, &run.header.id, records).map_err(*told)?;
            progress.say(&format!(
                "Run {} goes on: {} kept, {} to run, {} ambiguous.",
                run.header.id,
                counted(resumed.kept(), "trial"),
                resumed.left(),
                counted(resumed.ambiguous(), "call")
            ));
            (estimate, spent) = (resumed.estimate(records).map_err(refuse)?, resumed.spent());
            let board = watch(replayed(records, run)?);
            (launch::resume(resumed, start(&board)), board)
        }
    };
    let handle = handle.map_err(*told)?;
    progress.announce(&estimate);
    if let Some(short) = budget.and_then(|budget| estimate.shortfall(budget, spent)) {
        let fewer = if short.fit > 0 && earlier.is_none() { ", or run fewer cases with --limit" } else { "" };
        progress.say(&format!("strata: {short} Raise it with --budget{fewer}."));
    }
    let state = runtime.block_on(attend(&handle, &progress));
    runtime.shutdown_timeout(Duration::from_secs(1));
    let board = Arc::into_inner(board).map(|board| board.into_inner().unwrap_or_else(PoisonError::into_inner));
    let mut board = match board {
        Some(board) => board,
        None => replay(records, handle.header())?,
    };
    // The record alone knows what became of calls that were open when the run was cut off.
    if let Some(summary) = records.run(&handle.header().id).map_err(refuse)? {
        board.settle(&summary);
    }
    Ok((board, state))
}

/// Waits for the run's end; shows how far it is, and passes on a wish to stop.
async fn attend(handle: &RunHandle, progress: &Progress) -> RunState {
    let mut look = tokio::time::interval(LOOK);
    // Listens all the time: a signal between two rounds is not lost.
    let mut stop = StopSignals::new();
    let mut stall_told = false;
    loop {
        tokio::select! {
            state = handle.ended() => {
                progress.end();
                return state;
            }
            () = stop.next() => {
                progress.say("Stopping: calls under way may end, no further one is made. Once more to drop them.");
                handle.cancel();
            }
            _ = look.tick() => {
                let status = handle.status();
                if let Some(reason) = status.stalled.as_ref().filter(|_| !stall_told) {
                    progress.say(&format!("{reason} The run waits."));
                }
                stall_told = status.stalled.is_some();
                progress.show(&status);
            }
        }
    }
}

/// Ctrl-C, or the wish of the system that the program ends. Where no signal can be heard, none stops the run.
struct StopSignals {
    #[cfg(unix)]
    heard: Vec<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl StopSignals {
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        Self { heard: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
    }

    async fn next(&mut self) {
        let any = |context: &mut Context<'_>| {
            let heard = self.heard.iter_mut().any(|signal| matches!(signal.poll_recv(context), Poll::Ready(Some(()))));
            if heard { Poll::Ready(()) } else { Poll::Pending }
        };
        std::future::poll_fn(any).await;
    }
}

#[cfg(not(unix))]
impl StopSignals {
    const fn new() -> Self {
        Self {}
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// What did not come to its end, and how to go on with it.
pub(super) fn what_is_left(report: &Report, records: &Records) -> Option<String> {
    let left = report.header.trials().saturating_sub(report.ended());
    let errored: u64 = report.columns.iter().map(|column| column.errored).sum();
    let are_left = if left == 1 { "1 trial is left".to_owned() } else { format!("{left} trials are left") };
    match (report.state, left, errored) {
        (_, 0, 0) => None,
        (RunState::BudgetReached, ..) => {
            let budget = report.header.definition.budget.hard.map_or(String::new(), |hard| format!(" of {hard}"));
            Some(format!("The budget{budget} is reached, {are_left}. Go on with --resume and a higher --budget."))
        }
        (_, 0, _) => Some(of_errors(errored, may_pass(report, records))),
        (_, _, 0) => Some(format!("{are_left}. Go on with --resume.")),
        _ => Some(format!("{are_left}, {errored} errored. Go on with --resume.")),
    }
}

fn of_errors(errored: u64, may_pass: u64) -> String {
    let trials = counted(errored, "trial");
    if may_pass == 0 {
        format!("{trials} errored, and will again until the cause is mended.")
    } else if may_pass == errored {
        format!("{trials} errored. Try again with --resume.")
    } else {
        format!("{trials} errored; {may_pass} of them may pass with --resume.")
    }
}

/// How many trials of the report errored for a reason that may pass: a server's, the network's, a key's.
fn may_pass(report: &Report, records: &Records) -> u64 {
    let passes = |error: &CallError| {
        error.retry() != Retry::No || matches!(error.fault, Fault::Auth | Fault::Quota | Fault::Tls | Fault::Cancelled)
    };
    let ended = trials(report, records);
    ended.filter(|ended| matches!(&ended.outcome, Outcome::Errored(error) if passes(error))).count() as u64
}

/// A recorded run as a board.
pub(super) fn replayed(records: &Records, run: &RunSummary) -> Result<Board, Exit> {
    let mut board = replay(records, &run.header)?;
    board.settle(run);
    Ok(board)
}

fn replay(records: &Records, header: &Arc<crate::domain::RunHeader>) -> Result<Board, Exit> {
    let mut board = Board::new(header.clone());
    records.replay(&header.id, &mut |event: RunEvent| board.apply(&event)).map_err(refuse)?;
    Ok(board)
}

/// Errors that are told when they happen, each once: the others are in the results.
const ERRORS_TOLD: usize = 5;

/// Folds what happens into a board, and tells what a person should know.
struct BoardSink {
    board: Arc<Mutex<Board>>,
    told: BTreeSet<String>,
}

impl RunSink for BoardSink {
    fn on_events(&mut self, events: &[Arc<Numbered>]) -> Result<(), SinkError> {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        for numbered in events {
            match &numbered.event {
                RunEvent::Notice { message } => complain(message),
                RunEvent::TrialEnded(ended) => tell_error(&mut self.told, ended),
                _ => {}
            }
            board.apply(&numbered.event);
        }
        Ok(())
    }
}

/// Says why a trial errored, where no other did for the same reason.
fn tell_error(told: &mut BTreeSet<String>, ended: &TrialEnded) {
    if let Outcome::Errored(error) = &ended.outcome
        && told.len() < ERRORS_TOLD
        && told.insert(error.message.clone())
    {
        complain(format!("{} errored: {}", ended.case_id, error.message));
    }
}

/// A line that moves, on a terminal. What must be known is said everywhere.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new() -> Self {
        let terminal = io::stderr().is_terminal();
        let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} · {eta} left · {msg}") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Says what the run will take, before it takes it.
    fn announce(&self, estimate: &Estimate) {
        let cost = estimate.total().map_or("at an unknown price".to_owned(), |total| {
            let range =
                if total.low == total.high { String::new() } else { format!(" ({} to {})", total.low, total.high) };
            format!("≈ {}{range}", total.likely)
        });
        self.say(&format!("{} {cost}", counted(estimate.trials, "trial")));
    }

    fn say(&self, text: &str) {
        self.bar.suspend(|| note(text));
    }

    fn show(&self, status: &RunStatus) {
        self.bar.set_length(status.total);
        self.bar.set_position(status.ended);
        let of_budget = status.budget.map_or(String::new(), |budget| format!(" of {budget}"));
        self.bar.set_message(format!("{}{of_budget} spent · {} in flight", status.spent, status.in_flight));
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
