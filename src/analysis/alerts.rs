//! Which alerts a run raises: its calls and trials, folded into conditions that are met or not.
//!
//! A live run's events and the rows of a recorded one fold the same way, in any order. A condition is met once, however
//! many calls meet it; its cause says how many and how badly.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;

use super::baseline::{Baseline, ColumnChange};
use super::board::Board;
use crate::domain::{
    Alert, AlertKey, AlertRule, AlertRules, AttemptEnded, AttemptRef, AttemptSent, AttemptState, CallRow, Fault,
    Fingerprint, ModelId, Purpose, RunEvent, RunHeader, TrialEnded, TrialRef, Usd,
};

/// A share of failed calls says nothing before there are as many calls.
const FEWEST_CALLS: u64 = 20;

/// Looks at a run for what its rules ask.
#[derive(Debug, Clone)]
pub struct AlertWatch {
    rules: AlertRules,
    header: Arc<RunHeader>,
    budget: Option<Usd>,
    spent: Usd,
    /// When the last call was sent.
    last: Option<Timestamp>,
    models: BTreeMap<ModelId, Calls>,
    /// Calls under way, with their model and the time at which they were sent.
    open: HashMap<AttemptRef, (ModelId, Timestamp)>,
    /// When the last call for the answer of a trial that has not ended was sent.
    asked: HashMap<TrialRef, Timestamp>,
    /// Requests that were sent again as they were, by the trial that they were for.
    repeated: HashMap<TrialRef, Vec<Repeated>>,
    regressed: Vec<Alert>,
}

/// The calls to one model.
#[derive(Debug, Clone, Default)]
struct Calls {
    ended: u64,
    failures: Span,
    faults: BTreeMap<&'static str, u64>,
    slow: Worst<f64>,
    retried: Worst<u32>,
    dear: Worst<Usd>,
    invalid: Span,
}

/// How often something happened, and from when to when.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    count: u64,
    ends: Option<(Timestamp, Timestamp)>,
}

impl Span {
    fn add(&mut self, at: Timestamp) {
        self.count += 1;
        self.reach(at);
    }

    fn reach(&mut self, at: Timestamp) {
        self.ends = Some(self.ends.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
    }
}

/// A request and its attempts after which it was sent again as it was. One in other words or to another model is a
/// request of its own.
#[derive(Debug, Clone)]
struct Repeated {
    purpose: Purpose,
    request: Fingerprint,
    failures: Span,
}

/// Calls past a limit, and the one that was furthest past it.
#[derive(Debug, Clone, Copy, Default)]
struct Worst<T> {
    span: Span,
    most: Option<T>,
}

impl<T: PartialOrd + Copy> Worst<T> {
    fn add(&mut self, value: Option<T>, limit: Option<T>, at: Timestamp) {
        let Some(value) = value.filter(|value| limit.is_some_and(|limit| *value > limit)) else { return };
        self.span.add(at);
        if self.most.is_none_or(|most| value > most) {
            self.most = Some(value);
        }
    }
}

/// A call that is over.
struct Over<'a> {
    model: &'a ModelId,
    at: Timestamp,
    attempt: AttemptRef,
    request: Fingerprint,
    /// It is sent again as it was.
    repeats: bool,
    latency_ms: Option<f64>,
    cost: Option<Usd>,
    fault: Option<Fault>,
}

impl AlertWatch {
    #[must_use]
    pub fn new(rules: AlertRules, header: Arc<RunHeader>) -> Self {
        Self {
            rules,
            budget: header.definition.budget.hard,
            header,
            spent: Usd::ZERO,
            last: None,
            models: BTreeMap::new(),
            open: HashMap::new(),
            asked: HashMap::new(),
            repeated: HashMap::new(),
            regressed: Vec::new(),
        }
    }

    /// Takes in an event of a run under way.
    pub fn apply(&mut self, event: &RunEvent) {
        match event {
            RunEvent::AttemptSent(sent) => self.sent(sent),
            RunEvent::AttemptEnded(ended) => self.ended(ended),
            RunEvent::TrialEnded(ended) => self.trial_ended(ended),
            RunEvent::BudgetRaised { hard } => self.budget = *hard,
            RunEvent::Started(_)
            | RunEvent::Resumed { .. }
            | RunEvent::AttemptReceived { .. }
            | RunEvent::TrialKept { .. }
            | RunEvent::Paused { .. }
            | RunEvent::Continued
            | RunEvent::Notice { .. }
            | RunEvent::Ended { .. } => {}
        }
    }

    /// Takes in a recorded call.
    pub fn call(&mut self, row: &CallRow) {
        self.last = self.last.max(Some(row.sent_at));
        self.spent += row.cost.unwrap_or_default();
        if !matches!(row.state, AttemptState::Ended | AttemptState::Failed) {
            return;
        }
        self.over(&Over {
            model: &row.model,
            at: row.sent_at,
            attempt: row.attempt,
            request: row.request,
            repeats: row.retry_in_ms.is_some(),
            latency_ms: row.latency_ms.filter(|_| row.state == AttemptState::Ended),
            cost: row.cost,
            fault: row.error.as_ref().map(|error| error.fault),
        });
        if row.valid == Some(false) {
            self.models.entry(row.model.clone()).or_default().invalid.add(row.sent_at);
        }
    }

    /// Takes in how the columns stand against the run before.
    pub fn compare(&mut self, board: &Board, baseline: &Baseline, before: &RunHeader) {
        self.regressed.clear();
        let at = board.ended_at().unwrap_or(self.header.started_at);
        for (column, change) in baseline.columns.iter().enumerate() {
            let Some(cause) = change.as_ref().and_then(|change| worse(change, before)) else { continue };
            let subject = full_name(&self.header, column);
            let cause = format!("{subject} {cause}");
            let key = self.key(AlertRule::Success, subject);
            self.regressed.push(Alert { key, count: 1, first_at: at, last_at: at, cause, acknowledged: None });
        }
    }

    /// The conditions that are met now, in the order of their rules.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        let mut alerts: Vec<Alert> =
            self.models.iter().flat_map(|(model, calls)| self.of_model(model, calls)).chain(self.of_budget()).collect();
        if self.rules.success_below_baseline {
            alerts.extend(self.regressed.iter().cloned());
        }
        alerts.sort_by(|a, b| a.key.cmp(&b.key));
        alerts
    }

    fn sent(&mut self, sent: &AttemptSent) {
        self.last = self.last.max(Some(sent.at));
        self.open.insert(sent.attempt, (sent.model.clone(), sent.at));
        if sent.attempt.purpose == Purpose::Answer {
            self.asked.insert(sent.attempt.trial, sent.at);
        }
    }

    fn ended(&mut self, ended: &AttemptEnded) {
        let Some((model, at)) = self.open.remove(&ended.attempt) else { return };
        self.spent += ended.cost.unwrap_or_default();
        let (latency_ms, fault) = match &ended.result {
            Ok(completion) => (Some(completion.latency_ms), None),
            Err(error) => (None, Some(error.fault)),
        };
        self.over(&Over {
            model: &model,
            at,
            attempt: ended.attempt,
            request: ended.request,
            repeats: ended.retry_in_ms.is_some(),
            latency_ms,
            cost: ended.cost,
            fault,
        });
    }

    fn trial_ended(&mut self, ended: &TrialEnded) {
        self.repeated.remove(&ended.trial);
        // A cached answer was no call of this run.
        let Some(at) = self
            .asked
            .remove(&ended.trial)
            .filter(|_| ended.answer.is_some() && !ended.cached && !ended.guarded.left_out)
        else {
            return;
        };
        let model = self.header.models.get(usize::from(ended.trial.model)).map(|model| model.id.clone());
        if let Some(model) = model.filter(|_| self.header.is_valid(ended.outcome.checks()) == Some(false)) {
            self.models.entry(model).or_default().invalid.add(at);
        }
    }

    fn over(&mut self, call: &Over<'_>) {
        // What a person broke off says nothing of the model.
        if call.fault == Some(Fault::Cancelled) {
            return;
        }
        let rules = &self.rules;
        let calls = self.models.entry(call.model.clone()).or_default();
        calls.ended += 1;
        if let Some(fault) = call.fault {
            calls.failures.add(call.at);
            *calls.faults.entry(fault.word()).or_default() += 1;
        }
        let slow = rules.latency_over_ms.map(milliseconds);
        calls.slow.add(call.latency_ms, slow, call.at);
        calls.dear.add(call.cost, rules.cost_over, call.at);
        if call.repeats {
            self.sent_again(call);
        }
    }

    /// Counts a request once, however far past the limit its retries go; it reaches from its first failure to its last.
    fn sent_again(&mut self, call: &Over<'_>) {
        let known = self.repeated.entry(call.attempt.trial).or_default();
        let (purpose, request) = (call.attempt.purpose, call.request);
        let same = |one: &Repeated| one.purpose == purpose && one.request == request;
        let place = known.iter().position(same).unwrap_or_else(|| {
            known.push(Repeated { purpose, request, failures: Span::default() });
            known.len() - 1
        });
        let failures = &mut known[place].failures;
        failures.add(call.at);
        let repeats = u32::try_from(failures.count).unwrap_or(u32::MAX);
        let Some(limit) = self.rules.retries_over.filter(|limit| repeats > *limit) else { return };
        let retried = &mut self.models.entry(call.model.clone()).or_default().retried;
        retried.span.count += u64::from(repeats == limit + 1);
        failures.ends.into_iter().flat_map(|(first, last)| [first, last]).for_each(|at| retried.span.reach(at));
        retried.most = retried.most.max(Some(repeats));
    }

    fn of_model(&self, model: &ModelId, calls: &Calls) -> Vec<Alert> {
        let mut alerts = Vec::new();
        let mut raise = |rule: AlertRule, span: Span, cause: String| {
            let Some((first_at, last_at)) = span.ends else { return };
            let key = self.key(rule, model.to_string());
            alerts.push(Alert { key, count: span.count, first_at, last_at, cause, acknowledged: None });
        };
        if let Some(cause) = self.failing(model, calls) {
            raise(AlertRule::ErrorRate, calls.failures, cause);
        }
        if self.rules.validation_failed && calls.invalid.count > 0 {
            let answers = counted(calls.invalid.count, "answer");
            raise(
                AlertRule::Validation,
                calls.invalid,
                format!("{answers} of {model} did not have the form that the experiment's checks ask for."),
            );
        }
        if let (Some(most), Some(limit)) = (calls.slow.most, self.rules.latency_over_ms) {
            let (slow, limit) = (counted(calls.slow.span.count, "call"), seconds(milliseconds(limit)));
            let cause = format!("{slow} to {model} took longer than {limit}; the slowest took {}.", seconds(most));
            raise(AlertRule::Latency, calls.slow.span, cause);
        }
        if let (Some(most), Some(limit)) = (calls.retried.most, self.rules.retries_over) {
            let retried = counted(calls.retried.span.count, "call");
            let limit = if limit == 1 { "1 retry".to_owned() } else { format!("{limit} retries") };
            let cause = format!("{retried} to {model} took more than {limit}, up to {most}.");
            raise(AlertRule::Retries, calls.retried.span, cause);
        }
        if let (Some(most), Some(limit)) = (calls.dear.most, self.rules.cost_over) {
            let dear = counted(calls.dear.span.count, "call");
            let cause = format!("{dear} to {model} cost more than {limit}; the dearest cost {most}.");
            raise(AlertRule::Cost, calls.dear.span, cause);
        }
        alerts
    }

    fn failing(&self, model: &ModelId, calls: &Calls) -> Option<String> {
        let limit = self.rules.error_rate_over?;
        let failed = calls.failures.count;
        let rate = share(failed, calls.ended);
        if calls.ended < FEWEST_CALLS || rate <= limit {
            return None;
        }
        let mut cause = format!("{failed} of {} to {model} failed ({}):", counted(calls.ended, "call"), percent(rate));
        let mut faults: Vec<_> = calls.faults.iter().collect();
        faults.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        for (at, (fault, count)) in faults.into_iter().enumerate() {
            let between = if at == 0 { " " } else { ", " };
            // Writing into a text cannot fail.
            let _ = write!(cause, "{between}{count} × {fault}");
        }
        cause.push('.');
        Some(cause)
    }

    fn of_budget(&self) -> Option<Alert> {
        let (limit, budget, at) = (self.rules.budget_share_over?, self.budget?, self.last?);
        let spent = self.spent.dollars() / budget.dollars();
        if budget == Usd::ZERO || spent <= limit {
            return None;
        }
        let cause = format!("The run has spent {} of its budget of {budget} ({}).", self.spent, percent(spent));
        let key = self.key(AlertRule::Budget, String::new());
        Some(Alert { key, count: 1, first_at: at, last_at: at, cause, acknowledged: None })
    }

    fn key(&self, rule: AlertRule, subject: String) -> AlertKey {
        AlertKey { run: self.header.id.clone(), rule, subject }
    }
}

/// In what way a column is worse than before; `None` where it is not, or where chance can explain it.
fn worse(change: &ColumnChange, before: &RunHeader) -> Option<String> {
    let (difference, p) = (change.difference?, change.p?);
    (difference.value < 0.0 && p < 0.05).then(|| {
        format!(
            "passes {:.1} points less often than in run {} over {}: {} turned wrong, {} turned right (p = {p:.2}).",
            -difference.value * 100.0,
            before.id,
            counted(change.cases, "case"),
            change.regressed,
            change.fixed,
        )
    })
}

/// Variant and model, both, whatever the other columns are.
fn full_name(header: &RunHeader, column: usize) -> String {
    let models = header.models.len().max(1);
    let variant = header.variants.get(column / models).map(ToString::to_string).unwrap_or_default();
    let model = header.models.get(column % models).map(|model| model.id.to_string()).unwrap_or_default();
    format!("{variant} · {model}")
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds")]
const fn milliseconds(whole: u64) -> f64 {
    whole as f64
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn seconds(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

fn counted(count: u64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests;
