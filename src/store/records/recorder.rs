//! The recorder: writes a run's events, a group in one transaction, before anybody else sees them.

use std::collections::hash_map::Entry;
use std::io;
use std::sync::Arc;

use rusqlite::{Connection, Params, TransactionBehavior, params};

use super::database::{Inner, Records};
use super::error::RecordsError;
use super::memory::{Memory, OpenAttempt, OpenTrial, ReplyFacts, attempt_state};
use super::rows::{self, Content, Tally};
use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CallError, Completion, Numbered, RawReply, RunEvent, RunHeader, RunId,
    RunState, TrialEnded, TrialKey, TrialRef, Usd,
};
use crate::engine::{RunSink, SinkError};

/// Bytes of a failed answer that are kept.
const KEPT_OF_FAILURES: usize = 2048;

impl Records {
    /// The recorder of a run that begins or goes on. What an earlier program left open is settled first: sent without a
    /// reply is *ambiguous* from now on.
    ///
    /// # Errors
    /// The records are read-only, or the run has a recorder already.
    pub fn recorder(&self, run: &RunId) -> Result<Recorder, RecordsError> {
        let inner = Arc::clone(&self.inner);
        if !inner.active().insert(run.clone()) {
            return Err(RecordsError::UnderWay(run.clone()));
        }
        let active = Active { inner, run: run.clone() };
        let memory = {
            let mut writer = active.inner.writer()?;
            let explain = |error: rusqlite::Error| active.inner.explain(&error);
            super::resume::settle(&mut writer, run).map_err(explain)?;
            // The numbers of this recorder's events begin anew.
            writer.execute("UPDATE runs SET last_event = 0 WHERE name = ?1", [run.as_str()]).map_err(explain)?;
            Memory::load(&writer, run).map_err(explain)?
        };
        let low = active.inner.ballast.load().is_err_and(|error| is_full(&error));
        Ok(Recorder {
            active,
            memory,
            shelved: false,
            attempted: (0, false),
            stale: false,
            low,
            faults: Faults::default(),
        })
    }
}

/// Writes what happens in one run. The only writer of it.
pub struct Recorder {
    active: Active,
    memory: Memory,
    /// Trials of before have left their places; those that are kept come back one by one.
    shelved: bool,
    /// The last event of the group that was last committed, whether or not that went well, and `shelved` after it.
    attempted: (u64, bool),
    /// The last group failed: memory may tell of rows that are not there.
    stale: bool,
    /// The ballast is spent: nothing that costs money is taken until it could be loaded again.
    low: bool,
    faults: Faults,
}

impl RunSink for Recorder {
    fn on_events(&mut self, events: &[Arc<Numbered>]) -> Result<(), SinkError> {
        self.record(events).map_err(|error| SinkError { message: error.to_string() })
    }
}

impl Recorder {
    /// Stores a group as a whole or not at all. Offered again after an error, it is stored once.
    ///
    /// # Errors
    /// Says what is in the way and what to do; `Full` where the disk is full and the ballast is spent.
    pub fn record(&mut self, events: &[Arc<Numbered>]) -> Result<(), RecordsError> {
        if self.low && events.iter().any(|event| matches!(event.event, RunEvent::AttemptSent(_))) {
            self.reload_ballast()?;
        }
        match self.store(events) {
            Err(RecordsError::Full { .. }) if self.active.inner.ballast.free() => {
                self.low = true;
                self.store(events)
            }
            outcome => outcome,
        }
    }

    /// Fills up what the last full disk took; where there is no room yet, nothing new may be paid.
    fn reload_ballast(&mut self) -> Result<(), RecordsError> {
        let full = |_| RecordsError::Full { path: self.active.inner.path.clone() };
        self.active.inner.ballast.load().map_err(full)?;
        self.low = false;
        Ok(())
    }

    fn store(&mut self, events: &[Arc<Numbered>]) -> Result<(), RecordsError> {
        let inner = Arc::clone(&self.active.inner);
        let mut writer = inner.writer()?;
        let outcome = self.transact(&mut writer, events);
        self.stale = outcome.is_err();
        outcome.map_err(|error| inner.explain(&error))
    }

    fn transact(&mut self, writer: &mut Connection, events: &[Arc<Numbered>]) -> rusqlite::Result<()> {
        if self.stale {
            self.memory = Memory::load(writer, &self.active.run)?;
            // A commit may have gone well and said otherwise.
            let (last_event, shelved) = self.attempted;
            if self.memory.last_event == last_event {
                self.shelved = shelved;
            }
        }
        self.faults.pass()?;
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut group = Group {
            conn: &transaction,
            memory: &mut self.memory,
            faults: &self.faults,
            name: &self.active.run,
            shelved: self.shelved,
            totals: Totals::default(),
        };
        group.take(events)?;
        let shelved = group.shelved;
        self.attempted = (self.memory.last_event, shelved);
        self.faults.pass()?;
        transaction.commit()?;
        self.faults.pass()?;
        self.shelved = shelved;
        Ok(())
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Marks the run as under way until it is dropped.
struct Active {
    inner: Arc<Inner>,
    run: RunId,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.inner.active().remove(&self.run);
    }
}

/// Changes of a run's totals.
#[derive(Default)]
struct Totals {
    tallies: [i64; 4],
    spent: i64,
}

/// One group of events in one transaction.
struct Group<'a> {
    conn: &'a Connection,
    memory: &'a mut Memory,
    faults: &'a Faults,
    name: &'a RunId,
    shelved: bool,
    totals: Totals,
}

impl Group<'_> {
    fn take(&mut self, events: &[Arc<Numbered>]) -> rusqlite::Result<()> {
        let stored = self.memory.last_event;
        for event in events.iter().filter(|event| event.number > stored) {
            self.event(&event.event)?;
            self.memory.last_event = event.number;
        }
        let Some(run) = self.memory.run else { return Ok(()) };
        let [passed, failed, unscored, errored] = self.totals.tallies;
        self.run(
            "UPDATE runs SET passed = passed + ?2, failed = failed + ?3, unscored = unscored + ?4,
                 errored = errored + ?5, spent = spent + ?6, last_event = ?7 WHERE id = ?1",
            params![run, passed, failed, unscored, errored, self.totals.spent, rows::int(self.memory.last_event)],
        )?;
        Ok(())
    }

    fn event(&mut self, event: &RunEvent) -> rusqlite::Result<()> {
        match event {
            RunEvent::Started(header) => self.started(header),
            RunEvent::Resumed { .. } => {
                self.shelve()?;
                self.set_state(RunState::Running, None)
            }
            RunEvent::AttemptSent(sent) => self.sent(sent),
            RunEvent::AttemptReceived { attempt, reply } => self.received(*attempt, reply),
            RunEvent::AttemptEnded(ended) => self.attempt_ended(ended),
            RunEvent::TrialKept { trial, key } => self.kept(*trial, key),
            RunEvent::TrialEnded(ended) => self.trial_ended(ended),
            RunEvent::Paused { .. } | RunEvent::Continued | RunEvent::Notice { .. } | RunEvent::BudgetRaised { .. } => {
                let run = self.number()?;
                self.run("INSERT INTO notices(run, event) VALUES (?1, ?2)", params![run, rows::json(event)?]).map(drop)
            }
            RunEvent::Ended { state, at } => self.set_state(*state, Some(rows::instant(*at))),
        }
    }

    fn started(&mut self, header: &RunHeader) -> rusqlite::Result<()> {
        let stored = rows::json(header)?;
        if let Some(run) = self.memory.run {
            self.shelve()?;
            self.set_state(RunState::Running, None)?;
            return self.run("UPDATE runs SET header = ?2 WHERE id = ?1", params![run, stored]).map(drop);
        }
        self.run(
            "INSERT INTO runs(name, project, experiment, started_at, state, header) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                self.name.as_str(),
                header.project.as_str(),
                header.experiment.as_str(),
                rows::instant(header.started_at),
                rows::state(RunState::Running),
                stored,
            ],
        )?;
        self.memory.begin(self.conn.last_insert_rowid());
        self.shelved = true; // There is nothing on its shelf.
        Ok(())
    }

    fn set_state(&mut self, state: RunState, ended_at: Option<i64>) -> rusqlite::Result<()> {
        let run = self.number()?;
        self.run("UPDATE runs SET state = ?2, ended_at = ?3 WHERE id = ?1", params![run, rows::state(state), ended_at])
            .map(drop)
    }

    /// Takes the trials of before out of their places, once: those that the plan of now contains are kept one by one,
    /// the others are superseded.
    fn shelve(&mut self) -> rusqlite::Result<()> {
        if self.shelved {
            return Ok(());
        }
        let run = self.number()?;
        let (first, last) = rows::ids_of(run);
        self.run("UPDATE trials SET case_no = NULL, slot = NULL WHERE id BETWEEN ?1 AND ?2", [first, last])?;
        self.run("UPDATE runs SET passed = 0, failed = 0, unscored = 0, errored = 0 WHERE id = ?1", [run])?;
        self.totals.tallies = [0; 4];
        self.memory.finished = None;
        self.shelved = true;
        Ok(())
    }

    fn kept(&mut self, trial: TrialRef, key: &TrialKey) -> rusqlite::Result<()> {
        self.shelve()?;
        let conn = self.conn;
        let Some(finished) = self.memory.finished(conn)?.get_mut(key) else {
            return Err(broken(&format!("a trial is kept that never ended ({})", key.short())));
        };
        let first_time = !std::mem::replace(&mut finished.placed, true);
        let (id, tally) = (finished.id, finished.tally);
        self.totals.tallies[tally as usize] += i64::from(first_time);
        self.run("UPDATE trials SET case_no = ?2, slot = ?3 WHERE id = ?1", params![id, trial.case, rows::slot(trial)])
            .map(drop)
    }

    fn sent(&mut self, sent: &AttemptSent) -> rusqlite::Result<()> {
        let trial = self.open_trial(sent.key)?;
        let model = self.memory.model(self.conn, &sent.model)?;
        let id = self.next_attempt()?;
        self.run(
            "INSERT INTO attempts
                 (id, trial, key, request, case_no, slot, purpose, number, model, reserved, sent_at, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                id,
                trial,
                sent.key.0,
                sent.request.0,
                sent.attempt.trial.case,
                rows::slot(sent.attempt.trial),
                rows::purpose(sent.attempt.purpose),
                sent.attempt.number,
                model,
                rows::nanos(sent.reserved),
                rows::instant(sent.at),
                attempt_state::SENT,
            ],
        )?;
        self.memory.open.insert(sent.attempt, OpenAttempt { id, key: sent.key, booked: 0, reply: None });
        Ok(())
    }

    fn received(&mut self, attempt: AttemptRef, reply: &RawReply) -> rusqlite::Result<()> {
        let Some(open) = self.memory.open.get_mut(&attempt) else {
            return Err(broken("a reply came to an attempt that was never sent"));
        };
        open.reply = Some(ReplyFacts {
            status: reply.status,
            first_token_ms: reply.first_token_ms,
            latency_ms: reply.latency_ms,
        });
        let id = open.id;
        self.insert_reply(id, reply)
    }

    fn insert_reply(&mut self, attempt: i64, reply: &RawReply) -> rusqlite::Result<()> {
        self.run(
            "INSERT OR REPLACE INTO replies(attempt, status, headers, streamed, first_token, latency, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                attempt,
                reply.status,
                rows::json(&reply.headers)?,
                reply.streamed,
                reply.first_token_ms,
                reply.latency_ms,
                reply.body,
            ],
        )
        .map(drop)
    }

    fn attempt_ended(&mut self, ended: &AttemptEnded) -> rusqlite::Result<()> {
        let Some(open) = self.memory.open.remove(&ended.attempt).or_else(|| self.memory.unread(&ended.request)) else {
            // Refused on this side: nothing left, so there is nothing to tell of.
            let free = ended.result.is_err() && ended.cost.is_none_or(|cost| cost == Usd::ZERO);
            return if free { Ok(()) } else { Err(broken("an attempt was paid that was never sent")) };
        };
        self.totals.spent += ended.cost.map_or(0, Usd::nanos) - open.booked;
        match &ended.result {
            Ok(completion) => self.succeeded(&open, ended, completion),
            Err(error) => self.failed(&open, ended, error),
        }
    }

    fn succeeded(
        &mut self,
        open: &OpenAttempt,
        ended: &AttemptEnded,
        completion: &Arc<Completion>,
    ) -> rusqlite::Result<()> {
        let content = self.content(completion)?;
        let [input, output, cached, written, reasoning] = rows::usage_columns(completion);
        self.run(
            "UPDATE attempts SET state = ?2, cost = ?3, cacheable = ?4, status = ?5, content = ?6, finish = ?7,
                 input = ?8, output = ?9, cached_input = ?10, cache_write = ?11, reasoning = ?12, answered_by = ?13,
                 request_id = ?14, first_token = ?15, latency = ?16
             WHERE id = ?1",
            params![
                open.id,
                attempt_state::ENDED,
                rows::nanos(ended.cost),
                ended.cacheable,
                open.reply.map(|reply| reply.status),
                content,
                rows::finish(&completion.finish),
                input,
                output,
                cached,
                written,
                reasoning,
                completion.model,
                completion.request_id,
                completion.first_token_ms,
                completion.latency_ms,
            ],
        )?;
        if open.reply.is_some() {
            self.run("DELETE FROM replies WHERE attempt = ?1", [open.id])?;
        }
        if let Some(trial) = self.memory.trials.get_mut(&open.key) {
            trial.answer = Some((Arc::clone(completion), content));
        }
        Ok(())
    }

    fn failed(&mut self, open: &OpenAttempt, ended: &AttemptEnded, error: &CallError) -> rusqlite::Result<()> {
        let reply = open.reply;
        self.run(
            "UPDATE attempts SET state = ?2, cost = ?3, status = ?4, fault = ?5, error = ?6, retry_in = ?7,
                 request_id = ?8, first_token = ?9, latency = ?10
             WHERE id = ?1",
            params![
                open.id,
                attempt_state::FAILED,
                rows::nanos(ended.cost),
                error.status.or(reply.map(|reply| reply.status)),
                error.fault.word(),
                rows::error_json(error)?,
                ended.retry_in_ms.map(rows::int),
                error.request_id,
                reply.and_then(|reply| reply.first_token_ms),
                reply.map(|reply| reply.latency_ms),
            ],
        )?;
        if reply.is_some() {
            // Only what is too long: cutting an empty body gives NULL, which is no body.
            self.run(
                "UPDATE replies SET body = substr(body, 1, ?2) WHERE attempt = ?1 AND length(body) > ?2",
                params![open.id, rows::int(KEPT_OF_FAILURES as u64)],
            )?;
        } else if !error.partial.is_empty() {
            let beginning = error.partial[..error.partial.len().min(KEPT_OF_FAILURES)].to_vec();
            let status = error.status.unwrap_or_default();
            self.insert_reply(open.id, &RawReply { status, body: beginning, ..RawReply::default() })?;
        }
        Ok(())
    }

    fn trial_ended(&mut self, ended: &TrialEnded) -> rusqlite::Result<()> {
        let id = self.open_trial(ended.key)?;
        let content = ended.answer.as_ref().map(|answer| self.content_of_trial(ended.key, answer)).transpose()?;
        if let Err(error) = self.insert_trial(id, ended, content) {
            if error.sqlite_error_code() != Some(rusqlite::ErrorCode::ConstraintViolation) {
                return Err(error);
            }
            self.vacate(ended.trial)?;
            self.insert_trial(id, ended, content)?;
        }
        self.memory.trials.remove(&ended.key);
        self.totals.tallies[Tally::of(&ended.outcome) as usize] += 1;
        Ok(())
    }

    fn insert_trial(&mut self, id: i64, ended: &TrialEnded, content: Option<i64>) -> rusqlite::Result<()> {
        let run = self.number()?;
        let outcome = Stored::of(ended)?;
        let guarded = (!ended.guarded.is_empty()).then(|| rows::json(&ended.guarded)).transpose()?;
        let answer = ended.answer.as_deref();
        let [input, output, cached, written, reasoning] = answer.map_or([None; 5], rows::usage_columns);
        self.run(
            "INSERT INTO trials(id, run, case_no, slot, key, request, case_id, outcome, score, fault, error, cached,
                 attempts, cost, spent, judge_spent, content, finish, input, output, cached_input, cache_write,
                 reasoning, answered_by, request_id, first_token, latency, checks, reasons, guarded, breakdown)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21,
                 ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)",
            params![
                id,
                run,
                ended.trial.case,
                rows::slot(ended.trial),
                ended.key.0,
                ended.request.0,
                ended.case_id.as_str(),
                rows::outcome_code(&ended.outcome),
                outcome.score,
                outcome.fault,
                outcome.error,
                ended.cached,
                ended.attempts,
                rows::nanos(ended.cost),
                ended.spent.nanos(),
                ended.judge_spent.nanos(),
                content,
                answer.and_then(|answer| rows::finish(&answer.finish)),
                input,
                output,
                cached,
                written,
                reasoning,
                answer.and_then(|answer| answer.model.as_deref()),
                answer.and_then(|answer| answer.request_id.as_deref()),
                answer.and_then(|answer| answer.first_token_ms),
                answer.map(|answer| answer.latency_ms),
                outcome.checks,
                outcome.reasons,
                guarded,
                outcome.breakdown,
            ],
        )
        .map(drop)
    }

    /// A trial ends at a place where one has ended before: the earlier one is superseded.
    fn vacate(&mut self, trial: TrialRef) -> rusqlite::Result<()> {
        let place = params![self.number()?, trial.case, rows::slot(trial)];
        let code: i64 = self
            .conn
            .prepare_cached("SELECT outcome FROM trials WHERE run = ?1 AND case_no = ?2 AND slot = ?3")?
            .query_row(place, |row| row.get(0))?;
        self.totals.tallies[Tally::from_code(code) as usize] -= 1;
        self.run("UPDATE trials SET case_no = NULL, slot = NULL WHERE run = ?1 AND case_no = ?2 AND slot = ?3", place)
            .map(drop)
    }

    fn content_of_trial(&mut self, key: TrialKey, answer: &Arc<Completion>) -> rusqlite::Result<i64> {
        match self.memory.trials.get(&key).and_then(|trial| trial.answer.as_ref()) {
            Some((known, content)) if Arc::ptr_eq(known, answer) => Ok(*content),
            _ => self.content(answer),
        }
    }

    /// The id of what a completion says, stored once.
    fn content(&mut self, completion: &Completion) -> rusqlite::Result<i64> {
        let content = Content::of(completion)?;
        let new = self.run(
            "INSERT OR IGNORE INTO completions(hash, text, more) VALUES (?1, ?2, ?3)",
            params![content.hash.0, completion.text, content.more],
        )?;
        if new == 1 {
            return Ok(self.conn.last_insert_rowid());
        }
        self.conn
            .prepare_cached("SELECT id FROM completions WHERE hash = ?1")?
            .query_row([content.hash.0], |row| row.get(0))
    }

    fn open_trial(&mut self, key: TrialKey) -> rusqlite::Result<i64> {
        let (_, last) = rows::ids_of(self.number()?);
        let next = &mut self.memory.next_trial;
        match self.memory.trials.entry(key) {
            Entry::Occupied(known) => Ok(known.get().id),
            Entry::Vacant(free) => {
                let id = *next;
                if id > last {
                    return Err(broken("a run has more trials than can be numbered"));
                }
                *next += 1;
                free.insert(OpenTrial { id, answer: None });
                Ok(id)
            }
        }
    }

    fn next_attempt(&mut self) -> rusqlite::Result<i64> {
        let (_, last) = rows::ids_of(self.number()?);
        let id = self.memory.next_attempt;
        if id > last {
            return Err(broken("a run has more attempts than can be numbered"));
        }
        self.memory.next_attempt += 1;
        Ok(id)
    }

    fn number(&self) -> rusqlite::Result<i64> {
        self.memory.run.ok_or_else(|| broken("an event came before the run had started"))
    }

    /// Every statement that writes goes through here.
    fn run(&self, sql: &'static str, values: impl Params) -> rusqlite::Result<usize> {
        self.faults.pass()?;
        self.conn.prepare_cached(sql)?.execute(values)
    }
}

/// A trial's outcome in columns.
struct Stored {
    score: Option<f64>,
    fault: Option<&'static str>,
    error: Option<String>,
    checks: Option<String>,
    reasons: Option<String>,
    breakdown: Option<String>,
}

impl Stored {
    fn of(ended: &TrialEnded) -> rusqlite::Result<Self> {
        use crate::domain::Outcome;
        Ok(match &ended.outcome {
            Outcome::Errored(error) => Self {
                score: None,
                fault: Some(error.fault.word()),
                error: Some(rows::error_json(error)?),
                checks: None,
                reasons: None,
                breakdown: None,
            },
            Outcome::Scored(score) | Outcome::Unscored(score) => Self {
                score: Some(score.score),
                fault: None,
                error: None,
                checks: rows::checks_json(&score.checks)?,
                reasons: rows::reasons_json(&score.checks)?,
                breakdown: score.breakdown.as_ref().map(rows::json).transpose()?,
            },
        })
    }
}

/// Events that cannot follow each other: a mistake of the program, not of the disk.
fn broken(detail: &str) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(detail.into())
}

/// Lets tests make the n-th step of a recorder fail, commits included.
#[derive(Default)]
pub(super) struct Faults {
    #[cfg(test)]
    pub(super) plan: std::cell::RefCell<Option<(u32, rusqlite::ffi::ErrorCode)>>,
}

impl Faults {
    #[cfg(not(test))]
    #[inline]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same signature as in tests")]
    fn pass(&self) -> rusqlite::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn pass(&self) -> rusqlite::Result<()> {
        let mut plan = self.plan.borrow_mut();
        match plan.as_mut() {
            Some((0, code)) => {
                let error = rusqlite::ffi::Error { code: *code, extended_code: 0 };
                *plan = None;
                Err(rusqlite::Error::SqliteFailure(error, Some("on purpose".to_owned())))
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
impl Recorder {
    /// Lets so many steps succeed and the next one fail.
    pub(super) fn fail_after(&mut self, steps: u32, code: rusqlite::ffi::ErrorCode) {
        *self.faults.plan.borrow_mut() = Some((steps, code));
    }

    /// Whether the failure asked for is still to come.
    pub(super) fn is_about_to_fail(&self) -> bool {
        self.faults.plan.borrow().is_some()
    }
}
