//! From the chosen experiment to a run: what it would be and cost, and off it goes.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::alerts::watch_recorded;
use super::command::Command;
use super::feed::Feed;
use super::launch::{self, LaunchError, Prepared, Start, Wish};
use super::notices::Level;
use super::rehearsal::{Choice, Rehearsal, choice, rehearse};
use super::route::Route;
use super::runs::{Begun, RunOffer};
use super::state::Session;
use crate::analysis::{AlertWatch, Board};
use crate::domain::{Capability, ExperimentId, Place, Problem, ProjectId, RunHeader, RunId, RunState, RunSummary, Usd};
use crate::plan::{Estimate, Shortfall};
use crate::provider::SystemKeys;
use crate::store::records::{Records, RecordsError};

/// The estimate is made this long after the last change.
const REST: Duration = Duration::from_millis(300);

/// The chosen experiment, looked at as if it were about to run.
#[derive(Debug, Clone)]
pub struct Forecast {
    pub project: ProjectId,
    pub experiment: ExperimentId,
    /// What it would be, or all that keeps it from running.
    pub outcome: Result<Ready, Vec<Problem>>,
    /// The cases to choose from; `None` where the dataset cannot be read.
    pub choice: Option<Choice>,
}

/// A run that could be started.
#[derive(Debug, Clone)]
pub struct Ready {
    pub header: Arc<RunHeader>,
    pub estimate: Estimate,
    /// How the budget falls short of the estimate, where it does.
    pub shortfall: Option<Shortfall>,
    pub warnings: Vec<Problem>,
    /// What the run needs beyond the workspace's folder.
    pub asks: BTreeSet<Capability>,
    /// The first requests of each variant.
    pub rehearsals: Vec<Rehearsal>,
}

impl Ready {
    fn of(prepared: Prepared, records: Option<&Records>) -> Result<Self, Vec<Problem>> {
        let unread = |error: RecordsError| vec![Problem::error(Place::default(), error.to_string(), "")];
        let header = prepared.plan.header.clone();
        let estimate = prepared.estimate(records).map_err(unread)?;
        let budget = header.definition.budget.hard;
        Ok(Self {
            rehearsals: rehearse(&prepared),
            shortfall: budget.and_then(|budget| estimate.shortfall(budget, Usd::ZERO)),
            header,
            estimate,
            warnings: prepared.warnings,
            asks: prepared.asks,
        })
    }
}

#[derive(Default)]
pub(super) struct Forecasting {
    forecast: Option<Forecast>,
    due: Option<Instant>,
    under_way: bool,
}

impl Forecasting {
    pub fn next_due(&self, now: Instant) -> Option<Duration> {
        self.due.filter(|_| !self.under_way).map(|due| due.saturating_duration_since(now))
    }
}

impl Session {
    /// What a run of the chosen experiment would be; `None` while that is being found out.
    #[must_use]
    pub fn forecast(&self) -> Option<&Forecast> {
        let chosen = (self.selection.project.as_ref()?, self.selection.experiment.as_ref()?);
        self.forecast.forecast.as_ref().filter(|found| (&found.project, &found.experiment) == chosen)
    }

    /// Whether the forecast is being made anew, so that the one at hand may be of an earlier state.
    #[must_use]
    pub const fn is_forecasting(&self) -> bool {
        self.forecast.under_way || self.forecast.due.is_some()
    }

    /// What [`Command::StartRun`] would do now; `None` where there is nothing to run.
    #[must_use]
    pub fn offer(&self) -> Option<RunOffer> {
        let ready = self.forecast()?.outcome.as_ref().ok()?;
        let total = ready.estimate.total();
        Some(RunOffer {
            trials: ready.estimate.trials,
            cost: total.map(|total| total.likely),
            at_most: total.map(|total| total.high),
            scripted: ready.header.models.iter().all(|model| model.scripted),
        })
    }

    /// The estimate is made again, soon.
    pub(super) fn estimate_due(&mut self, now: Instant) {
        self.forecast.due = Some(now + REST);
    }

    pub(super) fn forecast_if_due(&mut self, now: Instant) {
        if self.forecast.next_due(now).is_none_or(|left| !left.is_zero()) {
            return;
        }
        self.forecast.due = None;
        let (Some(workspace), Some(wish)) = (self.workspace.clone(), self.wish()) else {
            self.forecast.forecast = None;
            return;
        };
        self.forecast.under_way = true;
        let (datasets, records) = (self.shelf.clone(), self.runs.records.clone());
        let known = self.forecast.forecast.as_ref().and_then(|last| last.choice.clone());
        self.jobs.quiet(move |_| {
            let choice = choice(&workspace, &datasets, &wish, known);
            let outcome = launch::prepare(&workspace, &datasets, &wish)
                .and_then(|prepared| Ready::of(prepared, records.as_ref()));
            Box::new(move |session| {
                session.forecast.under_way = false;
                session.forecast.forecast =
                    Some(Forecast { project: wish.project, experiment: wish.experiment, outcome, choice });
            })
        });
    }

    /// Starts a run of the chosen experiment.
    pub(super) fn start_run(&mut self) {
        self.palette = false;
        let Some(wish) = self.wish() else {
            self.notices.info("Choose an experiment first: it says what to run.");
            return;
        };
        let rules = self.alert_rules();
        self.launch("Starting the run", wish, |prepared, how| {
            let header = prepared.plan.header.clone();
            let (board, watch) = (Board::new(header.clone()), AlertWatch::new(rules, header));
            Ok(Begun { handle: launch::begin(prepared, how)?, board, watch })
        });
    }

    /// A run that was under way when its program died goes on by itself: its user had agreed to it and to its budget.
    pub(super) fn go_on_after_a_crash(&mut self) {
        let writable = self.runs.records.as_ref().is_some_and(|records| records.access().can_write());
        let died = |run: &&RunSummary| run.state == RunState::Running;
        let Some(run) = self.runs.recorded.iter().find(died).filter(|_| writable) else { return };
        let (id, ended, trials) = (run.header.id.clone(), run.ended(), run.header.trials());
        let text = format!("The run of {} goes on: {ended} of {trials} trials had ended.", run.header.experiment);
        let cancel = vec![Command::CancelRun];
        self.notices.raise(Level::Info, text, "The program had ended while it was under way.", cancel);
        self.resume_run(id);
    }

    /// Goes on with a run whose trials have not all ended.
    pub(super) fn resume_run(&mut self, id: RunId) {
        let Some(header) = self.recorded_header(&id) else { return };
        self.go_on(id, Wish::again(&header));
    }

    /// The header of a run that is shown or recorded.
    pub(super) fn recorded_header(&self, id: &RunId) -> Option<Arc<RunHeader>> {
        let shown = self.runs.board().map(Board::header);
        let recorded = self.runs.recorded.iter().map(|run| &run.header);
        shown.into_iter().chain(recorded).find(|header| header.id == *id).cloned()
    }

    /// Goes on with a run as it is wished for now.
    pub(super) fn go_on(&mut self, id: RunId, wish: Wish) {
        let rules = self.alert_rules();
        self.launch("Resuming the run", wish, move |prepared, how| {
            let mut board = Board::new(prepared.plan.header.clone());
            how.records.replay(&id, &mut |event| board.apply(&event))?;
            let resumed = launch::take_up(prepared, &id, how.records)?;
            let watch = watch_recorded(how.records, rules, resumed.prepared.plan.header.clone())?;
            Ok(Begun { handle: launch::resume(resumed, how)?, board, watch })
        });
    }

    /// Prepares and begins in a job: the dataset is read, and keys may be asked for.
    fn launch<F>(&mut self, name: &str, wish: Wish, begin: F)
    where
        F: FnOnce(Prepared, Start<'_>) -> Result<Begun, LaunchError> + Send + 'static,
    {
        if let Some(live) = self.runs.live() {
            let text = format!("A run of {} is under way.", live.header.experiment);
            self.notices.warning(text, "Wait for its end, or cancel it.");
            return;
        }
        let (Some(workspace), Some(records), Some(runtime)) =
            (self.workspace.clone(), self.runs.records.clone(), self.handle())
        else {
            self.notices
                .warning("The records of this workspace are not open.", "A run is recorded before it is shown.");
            return;
        };
        let (datasets, granted) = (self.shelf.clone(), self.trust.granted().clone());
        let (sink, feed) = Feed::new(self.jobs.wake());
        self.jobs.blocking(name, move |_| {
            let prepared = launch::prepare(&workspace, &datasets, &wish).map_err(LaunchError::Problems);
            let started = prepared.and_then(|prepared| {
                let how = Start {
                    records: &records,
                    granted: &granted,
                    keys: Arc::new(SystemKeys::default()),
                    watchers: vec![Box::new(sink)],
                    runtime: &runtime,
                    on_text: None,
                    stall_limit: None,
                    patience: None,
                };
                begin(prepared, how)
            });
            Box::new(move |session| match started {
                Ok(run) => session.run_began(run, feed),
                Err(error) => session.not_started(&error),
            })
        });
    }

    fn not_started(&mut self, error: &LaunchError) {
        let trust = matches!(error, LaunchError::Untrusted(_));
        let actions = if trust { vec![Command::Go(Route::Settings)] } else { Vec::new() };
        self.notices.raise(Level::Error, "The run was not started. Nothing was sent.", error.to_string(), actions);
    }

    fn wish(&self) -> Option<Wish> {
        Some(Wish {
            project: self.selection.project.clone()?,
            experiment: self.selection.experiment.clone()?,
            ..Wish::default()
        })
    }
}
