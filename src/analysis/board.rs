//! The board: a run's events, folded. Live, replayed and headless runs fold the same way.
//!
//! It does not depend on the order in which trials end. A trial takes about 65 bytes, and 64 more
//! where a guard saved something; outputs are not kept, the store has
//! them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::deeds::Deeds;
use super::mark::{Ending, TrialMark, short_key};
use super::metrics::ColumnMetrics;
use super::pages::{FULL_SCORE, NO_SCORE, Pages, SmallScore};
use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CaseId, CheckResult, Purpose, RunEvent, RunHeader, RunState, RunSummary,
    TrialEnded, TrialKey, TrialRef, Usd,
};

/// Everything that screens, reports and comparisons know of a run.
#[derive(Debug, Clone)]
pub struct Board {
    header: Arc<RunHeader>,
    revision: u64,
    pages: Pages,
    columns: Vec<ColumnMetrics>,
    /// By case: a hash of its id, 0 where it is not known yet.
    cases: Vec<u64>,
    totals: Totals,
    in_flight: HashMap<AttemptRef, Usd>,
    /// How many of them belong to a trial: the grid asks for every cell in sight.
    running: HashMap<TrialRef, u32>,
    /// What trials that have not ended took so far, judges apart.
    open: HashMap<TrialRef, (Usd, Usd)>,
    /// Trials from before the run went on, until they are kept; a later plan may keep what an earlier one left out.
    before: HashMap<u64, Kept>,
    /// What guards did that save something, by trial, where they did anything.
    deeds: HashMap<u64, Deeds>,
    state: RunState,
    paused: Option<String>,
    ended_at: Option<Timestamp>,
}

/// Counts over the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    pub passed: u64,
    pub failed: u64,
    pub unscored: u64,
    pub errored: u64,
    pub cached: u64,
    /// Trials that had ended before the run went on.
    pub kept: u64,
    /// Calls that were sent.
    pub attempts: u64,
    /// Calls that will be followed by another for the same trial.
    pub retries: u64,
    /// Calls of which nobody knows whether they were answered.
    pub ambiguous: u64,
    /// What the run paid so far, retries, judges and unanswered calls included.
    pub spent: Usd,
    /// The part of `spent` that judges took.
    pub judge_spent: Usd,
    /// The part of `spent` that went into vectors of questions, of trials that ended.
    pub embedding_spent: Usd,
}

impl Totals {
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.passed + self.failed + self.unscored + self.errored
    }
}

#[derive(Debug, Clone)]
struct Kept {
    mark: TrialMark,
    scores: Box<[SmallScore]>,
    case: u64,
}

/// The trials of one case in one column.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CellView {
    pub passed: u32,
    pub failed: u32,
    pub unscored: u32,
    pub errored: u32,
    /// Trials that have not ended.
    pub open: u32,
    /// Mean over the cell's answers.
    pub latency_ms: Option<f32>,
    /// Mean over the cell's answers with a known price.
    pub cost: Option<Usd>,
    /// Every answer came out of the cache.
    pub cached: bool,
}

impl CellView {
    #[must_use]
    pub const fn scored(&self) -> u32 {
        self.passed + self.failed
    }

    /// Share of the scored trials that passed.
    #[must_use]
    pub fn pass_share(&self) -> Option<f64> {
        (self.scored() > 0).then(|| f64::from(self.passed) / f64::from(self.scored()))
    }
}

impl Board {
    #[must_use]
    pub fn new(header: Arc<RunHeader>) -> Self {
        let checks = &header.definition.checks;
        Self {
            revision: 0,
            pages: Pages::new(checks.len()),
            columns: vec![ColumnMetrics::new(checks); header.columns()],
            cases: Vec::new(),
            totals: Totals::default(),
            in_flight: HashMap::new(),
            running: HashMap::new(),
            open: HashMap::new(),
            before: HashMap::new(),
            deeds: HashMap::new(),
            state: RunState::Running,
            paused: None,
            ended_at: None,
            header,
        }
    }

    /// Folds one event. An event of another plan (a place that the header does not have) changes nothing but the
    /// revision.
    pub fn apply(&mut self, event: &RunEvent) {
        match event {
            RunEvent::Started(header) => self.started(header),
            RunEvent::Resumed { ambiguous, .. } => self.resumed(*ambiguous),
            RunEvent::AttemptSent(sent) => self.sent(sent),
            RunEvent::AttemptEnded(ended) => self.attempt_ended(ended),
            RunEvent::TrialKept { trial, key } => self.kept(*trial, key),
            RunEvent::TrialEnded(ended) => self.trial_ended(ended),
            RunEvent::Paused { reason } => self.paused = Some(reason.clone()),
            RunEvent::Continued => self.paused = None,
            RunEvent::Ended { state, at } => self.over(*state, *at),
            RunEvent::AttemptReceived { .. } | RunEvent::Notice { .. } | RunEvent::BudgetRaised { .. } => {}
        }
        self.revision += 1;
    }

    /// Takes money and unanswered calls from the record, which also knows of calls whose trial never ended; a replay tells
    /// trials only.
    pub fn settle(&mut self, summary: &RunSummary) {
        self.totals.spent = summary.spent;
        self.totals.ambiguous = summary.ambiguous;
        self.revision += 1;
    }

    /// Grows with every event; what was computed for a revision holds as long as it stands.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    #[must_use]
    pub const fn header(&self) -> &Arc<RunHeader> {
        &self.header
    }

    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Trials in the plan.
    #[must_use]
    pub fn trials(&self) -> u64 {
        self.header.trials()
    }

    /// Trials that ended, kept ones included.
    #[must_use]
    pub const fn ended(&self) -> u64 {
        self.totals.ended()
    }

    /// Calls under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// A call for this cell is under way.
    #[must_use]
    pub fn is_running(&self, case: u32, column: usize) -> bool {
        let models = self.header.models.len().max(1);
        let place = |index: usize| u16::try_from(index).unwrap_or(u16::MAX);
        let (variant, model) = (place(column / models), place(column % models));
        let repeats = place(self.repeats(case, column) as usize);
        (0..repeats).any(|repeat| self.running.contains_key(&TrialRef { case, variant, model, repeat }))
    }

    #[must_use]
    pub const fn state(&self) -> RunState {
        self.state
    }

    /// Why the run pauses, while it does.
    #[must_use]
    pub fn paused(&self) -> Option<&str> {
        self.paused.as_deref()
    }

    #[must_use]
    pub const fn ended_at(&self) -> Option<Timestamp> {
        self.ended_at
    }

    /// What came of one variant on one model. A column that does not exist is empty.
    #[must_use]
    pub fn column(&self, column: usize) -> &ColumnMetrics {
        static EMPTY: std::sync::OnceLock<ColumnMetrics> = std::sync::OnceLock::new();
        self.columns.get(column).unwrap_or_else(|| EMPTY.get_or_init(ColumnMetrics::default))
    }

    #[must_use]
    pub fn columns(&self) -> &[ColumnMetrics] {
        &self.columns
    }

    /// `variant · model`, or the one that tells the columns apart.
    #[must_use]
    pub fn column_name(&self, column: usize) -> String {
        let (variants, models) = (&self.header.variants, &self.header.models);
        let count = models.len().max(1);
        let variant = variants.get(column / count).map(ToString::to_string).unwrap_or_default();
        let model = models.get(column % count).map(|model| model.id.to_string()).unwrap_or_default();
        match (variants.len(), models.len()) {
            (_, 1) => variant,
            (1, _) => model,
            _ => format!("{variant} · {model}"),
        }
    }

    #[must_use]
    pub fn trial(&self, trial: TrialRef) -> Option<&TrialMark> {
        self.pages.mark(self.index(trial)?)
    }

    /// The score (0 to 1) of each check, in the experiment's order; empty where the trial has not ended.
    #[must_use]
    pub fn check_scores(&self, trial: TrialRef) -> Vec<Option<f64>> {
        let Some(index) = self.index(trial).filter(|index| self.pages.mark(*index).is_some()) else {
            return Vec::new();
        };
        let score = |score: &SmallScore| (*score != NO_SCORE).then(|| f64::from(*score) / f64::from(FULL_SCORE));
        self.pages.scores(index).iter().map(score).collect()
    }

    #[must_use]
    pub fn cell(&self, case: u32, column: usize) -> CellView {
        let mut view = CellView { cached: true, ..CellView::default() };
        let (mut latency, mut answers) = (0.0, 0.0);
        let (mut cost, mut priced) = (Usd::ZERO, 0_i64);
        for mark in self.cell_marks(case, column) {
            match mark.ending() {
                Ending::Passed => view.passed += 1,
                Ending::Failed => view.failed += 1,
                Ending::Unscored => view.unscored += 1,
                Ending::Errored(_) => view.errored += 1,
            }
            if let Some(ms) = mark.latency_ms() {
                (latency, answers) = (latency + ms, answers + 1.0);
            }
            if let Some(one) = mark.cost() {
                (cost, priced) = (cost + one, priced + 1);
            }
            view.cached &= mark.cached();
        }
        let ended = view.scored() + view.unscored + view.errored;
        view.open = self.repeats(case, column).saturating_sub(ended);
        view.cached &= ended > 0;
        view.latency_ms = (answers > 0.0).then(|| latency / answers);
        view.cost = (priced > 0).then(|| Usd::from_nanos(cost.nanos() / priced));
        view
    }

    /// The marks of a cell's trials that ended.
    pub fn cell_marks(&self, case: u32, column: usize) -> impl Iterator<Item = &TrialMark> {
        let first = self.cell_start(case, column);
        (0..u64::from(self.repeats(case, column))).filter_map(move |repeat| self.pages.mark(first + repeat))
    }

    /// A hash of the case's id, where a trial of the case has ended: the same case in another run has the same.
    #[must_use]
    pub fn case_key(&self, case: u32) -> Option<u64> {
        self.cases.get(case as usize).copied().filter(|key| *key != 0)
    }

    /// Trials in a cell; none in one that is not in the plan.
    fn repeats(&self, case: u32, column: usize) -> u32 {
        let inside = case < self.header.cases && column < self.header.columns();
        if inside { self.header.repeats } else { 0 }
    }

    fn cell_start(&self, case: u32, column: usize) -> u64 {
        (u64::from(case) * self.header.columns() as u64 + column as u64) * u64::from(self.header.repeats)
    }

    fn index(&self, trial: TrialRef) -> Option<u64> {
        let header = &self.header;
        let inside = trial.case < header.cases
            && usize::from(trial.variant) < header.variants.len()
            && usize::from(trial.model) < header.models.len()
            && u32::from(trial.repeat) < header.repeats;
        inside.then(|| self.cell_start(trial.case, header.column(trial)) + u64::from(trial.repeat))
    }

    fn started(&mut self, header: &Arc<RunHeader>) {
        let shape =
            |header: &RunHeader| (header.cases, header.columns(), header.repeats, header.definition.checks.len());
        if shape(header) == shape(&self.header) {
            self.header = Arc::clone(header);
            return;
        }
        self.set_aside();
        self.header = Arc::clone(header);
        self.clear();
    }

    /// Trials from before come back one by one as they are kept, perhaps in other places. What was under way is paid for
    /// in full, since nobody knows better.
    fn resumed(&mut self, ambiguous: u64) {
        self.give_up_in_flight();
        self.totals.ambiguous = ambiguous; // Those of all earlier executions.
        self.open.clear();
        self.set_aside();
        self.clear();
        self.state = RunState::Running;
        self.paused = None;
        self.ended_at = None;
    }

    fn give_up_in_flight(&mut self) {
        self.running.clear();
        for (attempt, reserved) in std::mem::take(&mut self.in_flight) {
            self.totals.spent += reserved;
            if matches!(attempt.purpose, Purpose::Judge(_)) {
                self.totals.judge_spent += reserved;
            }
        }
    }

    fn no_longer_in_flight(&mut self, attempt: &AttemptRef) {
        if self.in_flight.remove(attempt).is_some()
            && let Entry::Occupied(mut calls) = self.running.entry(attempt.trial)
        {
            *calls.get_mut() -= 1;
            if *calls.get() == 0 {
                calls.remove();
            }
        }
    }

    fn set_aside(&mut self) {
        let per_case = (self.header.columns() as u64 * u64::from(self.header.repeats)).max(1);
        for (index, mark) in self.pages.trials() {
            let case = usize::try_from(index / per_case).ok().and_then(|case| self.cases.get(case)).copied();
            let kept = Kept { mark: *mark, scores: self.pages.scores(index).into(), case: case.unwrap_or(0) };
            self.before.insert(mark.key(), kept);
        }
    }

    fn clear(&mut self) {
        let checks = &self.header.definition.checks;
        self.pages = Pages::new(checks.len());
        self.columns = vec![ColumnMetrics::new(checks); self.header.columns()];
        self.cases = Vec::new();
        let Totals { attempts, retries, ambiguous, spent, judge_spent, embedding_spent, .. } = self.totals;
        self.totals = Totals { attempts, retries, ambiguous, spent, judge_spent, embedding_spent, ..Totals::default() };
    }

    fn sent(&mut self, sent: &AttemptSent) {
        self.totals.attempts += 1;
        if self.in_flight.insert(sent.attempt, sent.reserved.unwrap_or(Usd::ZERO)).is_none() {
            *self.running.entry(sent.attempt.trial).or_default() += 1;
        }
    }

    fn attempt_ended(&mut self, ended: &AttemptEnded) {
        self.no_longer_in_flight(&ended.attempt);
        self.totals.retries += u64::from(ended.retry_in_ms.is_some());
        let cost = ended.cost.unwrap_or(Usd::ZERO);
        let judge = if matches!(ended.attempt.purpose, Purpose::Judge(_)) { cost } else { Usd::ZERO };
        self.totals.spent += cost;
        self.totals.judge_spent += judge;
        let open = self.open.entry(ended.attempt.trial).or_default();
        *open = (open.0 + cost, open.1 + judge);
    }

    fn trial_ended(&mut self, ended: &TrialEnded) {
        // The trial's own account stands for the sum of its attempts, which a replay may leave out.
        let (spent, judge_spent) = self.open.remove(&ended.trial).unwrap_or_default();
        self.totals.spent += ended.spent - spent;
        self.totals.judge_spent += ended.judge_spent - judge_spent;
        self.totals.embedding_spent += ended.guarded.embedding_spent;
        // An answer of another model has no scores of this one.
        let checks = if ended.guarded.left_out { &[] } else { ended.outcome.checks() };
        let scores: Vec<SmallScore> = checks.iter().map(small_score).collect();
        let asked = self.header.models.get(usize::from(ended.trial.model)).map(|model| &model.id);
        let deeds = Deeds::of(&ended.guarded, asked);
        self.put(ended.trial, TrialMark::of(ended), &scores, case_key(&ended.case_id), deeds);
    }

    fn kept(&mut self, trial: TrialRef, key: &TrialKey) {
        if let Some(kept) = self.before.remove(&short_key(&key.0)) {
            let deeds = self.deeds.remove(&kept.mark.key()).unwrap_or_default();
            self.put(trial, kept.mark, &kept.scores, kept.case, deeds);
            self.totals.kept += 1;
        }
    }

    fn over(&mut self, state: RunState, at: Timestamp) {
        self.give_up_in_flight();
        self.state = state;
        self.paused = None;
        self.ended_at = Some(at);
    }

    fn put(&mut self, trial: TrialRef, mark: TrialMark, scores: &[SmallScore], case: u64, deeds: Deeds) {
        let Some(index) = self.index(trial) else { return };
        let column = self.header.column(trial);
        let before = self.scored_in(trial.case, column);
        if let Some(old) = self.pages.mark(index).copied() {
            self.columns[column].remove(&old, self.pages.scores(index));
            self.columns[column].deeds -= self.deeds.remove(&old.key()).unwrap_or_default();
            self.totals.tally(&old, -1);
        }
        self.deeds.remove(&mark.key());
        if deeds != Deeds::default() {
            self.deeds.insert(mark.key(), deeds);
            self.columns[column].deeds += deeds;
        }
        self.pages.put(index, mark, scores);
        let after = self.scored_in(trial.case, column);
        let metrics = &mut self.columns[column];
        metrics.add(&mark, self.pages.scores(index));
        metrics.recluster(before, after);
        self.totals.tally(&mark, 1);
        self.know_case(trial.case as usize, case);
    }

    /// Scored trials of a cell, and how many passed.
    fn scored_in(&self, case: u32, column: usize) -> (u64, u64) {
        self.cell_marks(case, column).fold((0, 0), |(scored, passed), mark| {
            (scored + u64::from(mark.ending().is_scored()), passed + u64::from(mark.ending() == Ending::Passed))
        })
    }

    fn know_case(&mut self, case: usize, key: u64) {
        if self.cases.len() <= case {
            self.cases.resize(case + 1, 0);
        }
        self.cases[case] = key;
    }
}

impl Totals {
    fn tally(&mut self, mark: &TrialMark, sign: i64) {
        let sum = match mark.ending() {
            Ending::Passed => &mut self.passed,
            Ending::Failed => &mut self.failed,
            Ending::Unscored => &mut self.unscored,
            Ending::Errored(_) => &mut self.errored,
        };
        *sum = sum.saturating_add_signed(sign);
        if mark.cached() {
            self.cached = self.cached.saturating_add_signed(sign);
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to the full score")]
fn small_score(check: &CheckResult) -> SmallScore {
    check.score.map_or(NO_SCORE, |score| (score.clamp(0.0, 1.0) * f64::from(FULL_SCORE)).round() as SmallScore)
}

fn case_key(id: &CaseId) -> u64 {
    short_key(&Sha256::digest(id.as_str().as_bytes()).into()).max(1)
}
