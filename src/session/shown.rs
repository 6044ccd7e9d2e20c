//! The recorded runs and the one that is shown: its board, the beginnings of its answers, one trial in detail.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::DropGuard;

use super::disk;
use super::launch::TRY_IT;
use super::previous::Previous;
use super::raising::Rest;
use super::route::Route;
use super::rows::{self, CaseHead, RunRows};
use super::sent::{PlanNow, Sent};
use super::state::Session;
use super::sweep::Sweep;
use super::traffic::TrafficView;
use crate::analysis::{AlertWatch, Board};
use crate::domain::{Case, CaseId, RunId, RunSummary, TrialRef};
use crate::store::records::{Records, TrialDetail};

/// Characters of an answer that a cell of the grid may show.
const BEGINNING: usize = 240;
/// Beginnings that are kept; past this all are let go, and those in sight are asked for again.
const BEGINNINGS: usize = 20_000;
/// Trials that are kept whole; past this all but the newest are let go.
const TRIALS: usize = 32;
/// Answers that a search finds at most.
const FOUND: usize = 10_000;

/// A run taken out of the records.
pub(super) struct Shown {
    pub run: RunId,
    /// `None` while it is being read.
    pub board: Option<Arc<Board>>,
    /// `None` while its dataset is being opened.
    pub rows: Option<Arc<RunRows>>,
    pub heads: HashMap<u32, CaseHead>,
    pub previous: Option<Arc<Previous>>,
    pub rest: Option<Rest>,
    pub traffic: Option<TrafficView>,
    /// Its labelled lists were asked for; reading them ends with it.
    pub sweeping: Option<DropGuard>,
    pub sweep: Option<Arc<Sweep>>,
    /// All its calls; `None` while they are being read, and while the run goes on.
    pub watch: Option<AlertWatch>,
    outputs: HashMap<TrialRef, Option<String>>,
    asked: HashSet<TrialRef>,
    trials: HashMap<TrialRef, ShownTrial>,
    plan: Option<PlanNow>,
    sent: Option<(TrialRef, Sent)>,
    search: Option<Search>,
}

/// A trial of the shown run, whole.
#[derive(Debug, Clone, PartialEq)]
pub struct ShownTrial {
    pub detail: TrialDetail,
    /// Its case; `None` where the dataset does not have it any more.
    pub case: Option<Case>,
}

/// Trials whose answers hold a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    pub text: String,
    /// `None` while it is being looked for.
    pub trials: Option<Vec<TrialRef>>,
}

impl Shown {
    pub fn new(run: RunId) -> Self {
        Self {
            run,
            board: None,
            rows: None,
            heads: HashMap::new(),
            previous: None,
            rest: None,
            traffic: None,
            sweeping: None,
            sweep: None,
            watch: None,
            outputs: HashMap::new(),
            asked: HashSet::new(),
            trials: HashMap::new(),
            plan: None,
            sent: None,
            search: None,
        }
    }
}

impl super::Runs {
    /// The workspace's runs, newest first.
    #[must_use]
    pub fn recorded(&self) -> &[RunSummary] {
        &self.recorded
    }

    /// Whether the records can be written here; a sentence that says why not.
    #[must_use]
    pub fn read_only(&self) -> Option<String> {
        let access = self.records.as_ref()?.access();
        (!access.can_write()).then(|| access.to_string())
    }

    /// The board of the chosen run; `None` while it is being read and where none is chosen.
    #[must_use]
    pub fn board(&self) -> Option<&Board> {
        let shown = self.shown.as_ref()?;
        self.live_board(&shown.run).or(shown.board.as_deref())
    }

    /// The run whose board is, or is about to be, shown.
    #[must_use]
    pub fn shown(&self) -> Option<&RunId> {
        self.shown.as_ref().map(|shown| &shown.run)
    }

    /// Whether the chosen run is being read.
    #[must_use]
    pub fn is_reading(&self) -> bool {
        self.shown.is_some() && self.board().is_none()
    }

    /// The beginning of a trial's answer. The outer `None`: not read yet, ask with [`super::Command::ReadOutputs`]; the
    /// inner one: there is no answer.
    #[must_use]
    pub fn output(&self, trial: TrialRef) -> Option<Option<&str>> {
        self.shown.as_ref()?.outputs.get(&trial).map(Option::as_deref)
    }

    /// A trial with its whole answer and every attempt. `None`: not read yet, ask with [`super::Command::ReadTrials`].
    #[must_use]
    pub fn trial(&self, trial: TrialRef) -> Option<&ShownTrial> {
        self.shown.as_ref()?.trials.get(&trial)
    }

    /// What the chosen trial sent; `None` while it is being rendered.
    #[must_use]
    pub fn sent(&self) -> Option<(TrialRef, &Sent)> {
        let (trial, sent) = self.shown.as_ref()?.sent.as_ref()?;
        Some((*trial, sent))
    }

    /// The last search in the shown run's answers.
    #[must_use]
    pub fn search(&self) -> Option<&Search> {
        self.shown.as_ref()?.search.as_ref()
    }
}

impl Session {
    /// Opens the records of a workspace, and lists its runs.
    pub(super) fn open_records(&mut self, root: &Path) {
        self.end_run();
        self.runs.clear();
        self.calls.clear();
        let root = root.to_owned();
        self.jobs.blocking("Reading the records", move |_| {
            let read = disk::open_records(&root);
            Box::new(move |session| match read {
                Ok(opened) => session.records_opened(&root, opened),
                Err(reason) => session.notices.error("The records of this workspace cannot be used.", reason),
            })
        });
    }

    fn records_opened(&mut self, root: &Path, opened: disk::OpenRecords) {
        if self.workspace.as_ref().is_none_or(|workspace| workspace.root != root) {
            return;
        }
        if let Some(warning) = opened.records.warning() {
            self.notices.warning(warning, "");
        }
        self.runs.records = Some(opened.records);
        self.runs.recorded = of_experiments(opened.runs);
        self.calls.alerts = opened.alerts;
        self.calls_changed();
        // What runs on record answered tells what another one would cost.
        self.estimate_due(Instant::now());
        self.choose_run();
        self.go_on_after_a_crash();
    }

    /// Lists the runs anew.
    pub(super) fn list_runs(&mut self) {
        let Some(records) = self.runs.records.clone() else { return };
        self.jobs.blocking("Reading the runs", move |_| {
            let runs = records.runs();
            Box::new(move |session| match runs {
                Ok(runs) => {
                    session.runs.recorded = of_experiments(runs);
                    session.estimate_due(Instant::now());
                    session.choose_run();
                }
                Err(error) => session.notices.error("The runs cannot be read.", error.to_string()),
            })
        });
    }

    /// Chooses the newest run of the chosen experiment where none of its runs is chosen, and shows it where one looks.
    pub(super) fn choose_run(&mut self) {
        let of_experiment = |run: &&RunSummary| {
            Some(&run.header.project) == self.selection.project.as_ref()
                && Some(&run.header.experiment) == self.selection.experiment.as_ref()
        };
        let mut runs = self.runs.recorded.iter().filter(of_experiment);
        let chosen = self.selection.run.as_ref();
        if !runs.clone().any(|run| Some(&run.header.id) == chosen) && !self.runs.is_live(chosen) {
            self.selection.run = runs.next().map(|run| run.header.id.clone());
            self.selection.trial = None;
        }
        self.show_chosen_run();
    }

    /// Reads the chosen run where a screen shows it and it is not read yet.
    pub(super) fn show_chosen_run(&mut self) {
        if !matches!(self.route, Route::Results | Route::Plots | Route::Release | Route::Calls) {
            return;
        }
        let Some(run) = self.selection.run.clone() else {
            self.runs.shown = None;
            return;
        };
        if self.runs.shown() != Some(&run) {
            self.read_run(run);
        }
    }

    /// Shows a recorded run, and chooses its experiment.
    pub(super) fn open_run(&mut self, id: RunId) {
        let header = self.runs.recorded.iter().find(|run| run.header.id == id).map(|run| run.header.clone());
        if let (Some(header), Some(workspace)) = (header, &self.workspace) {
            self.selection.choose_project(header.project.clone());
            self.selection.experiment = Some(header.experiment.clone());
            self.selection.settle(workspace);
        }
        self.selection.run = Some(id.clone());
        self.selection.trial = None;
        self.read_run(id);
        self.selection_changed();
    }

    pub(super) fn read_run(&mut self, id: RunId) {
        self.runs.shown = Some(Shown::new(id.clone()));
        if let Some(header) = self.runs.live_board(&id).map(|board| board.header().clone()) {
            self.read_rows(id, header);
            return;
        }
        let Some(records) = self.runs.records.clone() else { return };
        self.jobs.blocking(format!("Reading run {id}"), move |context| {
            let mut board: Option<Board> = None;
            let mut told = 0_u64;
            let result = records.replay(&id, &mut |event| {
                told += 1;
                if told.is_multiple_of(4096) {
                    context.progress(told, board.as_ref().map_or(0, Board::trials));
                }
                if let crate::domain::RunEvent::Started(header) = &event {
                    board.get_or_insert_with(|| Board::new(header.clone()));
                }
                if let Some(board) = &mut board {
                    board.apply(&event);
                }
            });
            Box::new(move |session| match result {
                Ok(()) => session.run_was_read(&id, board),
                Err(error) => session.notices.error(format!("Run {id} cannot be read."), error.to_string()),
            })
        });
    }

    fn run_was_read(&mut self, id: &RunId, board: Option<Board>) {
        let Some(board) = board.map(Arc::new) else { return };
        if let Some(shown) = self.runs.shown.as_mut().filter(|shown| shown.run == *id) {
            shown.board = Some(board.clone());
            self.read_rows(id.clone(), board.header().clone());
            self.estimate_rest(&board);
            self.look_for_alerts(id.clone(), board.header().clone());
            self.read_previous(id.clone(), board);
        }
    }

    /// Reads the beginnings of answers that are in sight, and the heads of their rows.
    pub(super) fn read_outputs(&mut self, trials: Vec<TrialRef>) {
        let Some(records) = self.runs.records.clone() else { return };
        let cases: BTreeSet<u32> = trials.iter().map(|trial| trial.case).collect();
        let ended = |trial: &TrialRef, board: Option<&Board>| board.is_some_and(|board| board.trial(*trial).is_some());
        let wanted: Vec<TrialRef> = {
            let board = self.runs.board();
            trials.into_iter().filter(|trial| ended(trial, board)).collect()
        };
        let Some(shown) = &mut self.runs.shown else { return };
        let full = shown.outputs.len() > BEGINNINGS;
        let old = full.then(|| (std::mem::take(&mut shown.outputs), std::mem::take(&mut shown.heads)));
        let new = |trial: &TrialRef| !shown.outputs.contains_key(trial) && !shown.asked.contains(trial);
        let wanted: Vec<TrialRef> = wanted.into_iter().filter(new).collect();
        // Heads wait for the dataset: only then is it known what can be said of a case.
        let rows = shown.rows.clone();
        let cases: Vec<u32> =
            cases.into_iter().filter(|case| rows.is_some() && !shown.heads.contains_key(case)).collect();
        if wanted.is_empty() && cases.is_empty() {
            return;
        }
        shown.asked.extend(wanted.iter().copied());
        let run = shown.run.clone();
        self.jobs.quiet(move |_| {
            // Letting tens of thousands of texts go takes longer than a frame has.
            drop(old);
            let read = records.outputs(&run, &wanted, BEGINNING);
            let heads = rows.map(|rows| read_heads(&records, &run, &rows, &cases)).unwrap_or_default();
            Box::new(move |session| {
                let Some(shown) = session.runs.shown.as_mut().filter(|shown| shown.run == run) else { return };
                for trial in &wanted {
                    shown.asked.remove(trial);
                }
                shown.heads.extend(heads);
                match read {
                    Ok(outputs) => shown.outputs.extend(wanted.into_iter().zip(outputs)),
                    Err(error) => {
                        // Said once: what cannot be read now is not asked for at every frame.
                        shown.outputs.extend(wanted.into_iter().map(|trial| (trial, None)));
                        session.notices.error("Answers cannot be read.", error.to_string());
                    }
                }
            })
        });
    }

    /// Chooses a trial, reads all about it, and renders what it sent.
    pub(super) fn choose_trial(&mut self, trial: Option<TrialRef>) {
        self.selection.trial = trial;
        let Some(trial) = trial else { return };
        self.read_trials(vec![trial]);
        self.render_sent(trial);
    }

    /// Reads all about trials; those that have not ended are left out.
    pub(super) fn read_trials(&mut self, trials: Vec<TrialRef>) {
        let (Some(records), Some(shown)) = (self.runs.records.clone(), &self.runs.shown) else { return };
        let missing: Vec<TrialRef> = trials.into_iter().filter(|trial| !shown.trials.contains_key(trial)).collect();
        if missing.is_empty() {
            return;
        }
        let (run, rows) = (shown.run.clone(), shown.rows.clone());
        self.jobs.quiet(move |_| {
            let read: Result<Vec<_>, _> =
                missing.into_iter().map(|trial| records.trial(&run, trial).map(|detail| (trial, detail))).collect();
            let read = read.map(|details| {
                let whole = |(trial, detail): (TrialRef, Option<TrialDetail>)| {
                    let case = rows.as_ref().and_then(|rows| rows.case(trial.case));
                    Some((trial, ShownTrial { detail: detail?, case }))
                };
                details.into_iter().filter_map(whole).collect::<Vec<_>>()
            });
            Box::new(move |session| {
                let Some(shown) = session.runs.shown.as_mut().filter(|shown| shown.run == run) else { return };
                match read {
                    Ok(trials) => {
                        if shown.trials.len() + trials.len() > TRIALS {
                            shown.trials.clear();
                        }
                        shown.trials.extend(trials);
                    }
                    Err(error) => session.notices.error("The trial cannot be read.", error.to_string()),
                }
            })
        });
    }

    fn render_sent(&mut self, trial: TrialRef) {
        let Some((run, plan)) = self.runs.shown.as_ref().map(|shown| (shown.run.clone(), shown.plan.clone())) else {
            return;
        };
        let (Some(workspace), Some(records)) = (self.workspace.clone(), self.runs.records.clone()) else { return };
        let Some(header) = self.runs.board().map(|board| board.header().clone()) else { return };
        let edition = self.edition;
        self.jobs.quiet(move |_| {
            let plan = plan
                .filter(|plan| plan.edition == edition)
                .unwrap_or_else(|| PlanNow::make(edition, &workspace, &header));
            let sent = plan.render(&records, &run, trial);
            Box::new(move |session| {
                if let Some(shown) = session.runs.shown.as_mut().filter(|shown| shown.run == run) {
                    shown.plan = Some(plan);
                    shown.sent = Some((trial, sent));
                }
            })
        });
    }

    /// Looks for a text in the shown run's answers; an empty one ends the search.
    pub(super) fn search_outputs(&mut self, text: String) {
        let (Some(records), Some(shown)) = (self.runs.records.clone(), &mut self.runs.shown) else { return };
        if text.is_empty() {
            shown.search = None;
            return;
        }
        shown.search = Some(Search { text: text.clone(), trials: None });
        let run = shown.run.clone();
        self.jobs.blocking("Searching answers", move |_| {
            let found = records.search_outputs(&run, &text, FOUND);
            Box::new(move |session| {
                let shown = session.runs.shown.as_mut().filter(|shown| shown.run == run);
                let Some(search) = shown.and_then(|shown| shown.search.as_mut()) else { return };
                match found {
                    Ok(trials) if search.text == text => search.trials = Some(trials),
                    Ok(_) => {}
                    Err(error) => session.notices.error("Answers cannot be searched.", error.to_string()),
                }
            })
        });
    }
}

/// Heads out of the dataset; out of the records, where the dataset has changed.
fn read_heads(records: &Records, run: &RunId, rows: &RunRows, cases: &[u32]) -> Vec<(u32, CaseHead)> {
    if rows.rows.is_some() {
        return cases
            .iter()
            .map(|case| (*case, rows.case(*case).as_ref().map(rows::head).unwrap_or_default()))
            .collect();
    }
    let ids = records.case_ids(run, cases).unwrap_or_else(|_| vec![None; cases.len()]);
    let named = |id: Option<CaseId>| CaseHead { id: id.unwrap_or_default(), ..CaseHead::default() };
    cases.iter().copied().zip(ids.into_iter().map(named)).collect()
}

/// Runs of experiments; a case that was tried alone is not shown among them.
fn of_experiments(mut runs: Vec<RunSummary>) -> Vec<RunSummary> {
    runs.retain(|run| run.header.experiment.0 != TRY_IT);
    runs
}
