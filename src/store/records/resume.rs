//! What a run that stopped has already, so that nothing that was paid for is paid again.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::database::Records;
use super::error::RecordsError;
use super::memory::attempt_state;
use super::rows::{self, ANSWER, ANSWER_WIDTH, Tally};
use crate::domain::{
    ExperimentId, Fingerprint, ProjectId, RawReply, RunHeader, RunId, RunState, RunSummary, TrialKey, TrialRef, Usd,
};
use crate::engine::{Answers, CachedCall, Unread};

/// A run that can go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Resume {
    /// The run as it was when it last went on.
    pub header: Arc<RunHeader>,
    /// Trials that ended scored or unscored, with their place in the plan of then; `None`: that plan was changed before
    /// and did not contain them any more.
    pub finished: HashMap<TrialKey, Option<TrialRef>>,
    /// Trials that ended because machinery failed. They can be kept like finished ones, or be run again.
    pub errored: HashMap<TrialKey, Option<TrialRef>>,
    /// How many trials of its case a finished trial was compared among, itself included; not here: it ended by itself.
    pub compared: HashMap<TrialKey, u32>,
    /// Replies that were received and not read, by request: read them instead of paying again. Reading one is told by an
    /// `AttemptEnded` with its request and no `AttemptSent`; an `AttemptSent` is always another call, paid again.
    pub received: HashMap<Fingerprint, Vec<Unread>>,
    /// Answers that were paid for and whose trial did not end: score them instead of paying again.
    pub answered: Answers,
    /// Attempts of the run of which nobody knows whether they were answered. Their reservations are in `spent`.
    pub ambiguous: u64,
    pub spent: Usd,
}

impl Records {
    /// Settles what the program before left open, and returns what need not be done again. Asking twice changes nothing.
    ///
    /// # Errors
    /// There is no such run, it is under way, or the records are read-only.
    pub fn resume(&self, run: &RunId) -> Result<Resume, RecordsError> {
        if self.inner.active().contains(run) {
            return Err(RecordsError::UnderWay(run.clone()));
        }
        settle(&mut *self.inner.writer()?, run).map_err(|error| self.inner.explain(&error))?;
        let summary = self.run(run)?.ok_or_else(|| RecordsError::NoRun(run.clone()))?;
        self.read(|conn| {
            let number = number_of(conn, run)?;
            let Ended { finished, errored, compared } = load_trials(conn, number)?;
            Ok(Resume {
                header: summary.header,
                finished,
                errored,
                compared,
                received: load_received(conn, number)?,
                answered: load_answered(conn, number)?,
                ambiguous: summary.ambiguous,
                spent: summary.spent,
            })
        })
    }

    /// Answers of trials that ended well and are run again all the same: score them instead of paying again.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn answers_of(&self, run: &RunId, again: &HashSet<TrialKey>) -> Result<Answers, RecordsError> {
        self.read(|conn| load_answers(conn, number_of(conn, run)?, again))
    }

    /// The last run of an experiment of which anything is left: trials that did not end, or that errored. Later ones may
    /// be whole.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn latest_unfinished(
        &self,
        project: &ProjectId,
        experiment: &ExperimentId,
    ) -> Result<Option<RunSummary>, RecordsError> {
        let mut before = None;
        while let Some(run) = self.previous_run(project, experiment, before.as_ref())? {
            if run.state != RunState::Completed || run.errored > 0 {
                return Ok(Some(run));
            }
            before = Some(run.header.id.clone());
        }
        Ok(None)
    }

    /// Whether this program has a recorder of the run.
    #[must_use]
    pub fn is_under_way(&self, run: &RunId) -> bool {
        self.inner.active().contains(run)
    }
}

/// What is sent and not over when nobody is at the run any more: its reservation is booked, since it may be billed.
pub(super) fn settle(conn: &mut Connection, run: &RunId) -> rusqlite::Result<()> {
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(number) = number_of(&transaction, run).optional()? else { return Ok(()) };
    let (first, last) = rows::ids_of(number);
    let (open, reserved): (i64, i64) = transaction.query_row(
        "SELECT count(*), coalesce(sum(reserved), 0) FROM attempts WHERE id BETWEEN ?1 AND ?2 AND state = ?3",
        params![first, last, attempt_state::SENT],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if open == 0 {
        return Ok(());
    }
    let received = transaction.execute(
        "UPDATE attempts SET state = ?4, cost = reserved
         WHERE id BETWEEN ?1 AND ?2 AND state = ?3 AND id IN (SELECT attempt FROM replies)",
        params![first, last, attempt_state::SENT, attempt_state::RECEIVED],
    )?;
    let ambiguous = transaction.execute(
        "UPDATE attempts SET state = ?4, cost = reserved WHERE id BETWEEN ?1 AND ?2 AND state = ?3",
        params![first, last, attempt_state::SENT, attempt_state::AMBIGUOUS],
    )?;
    debug_assert_eq!(i64::try_from(received + ambiguous), Ok(open));
    transaction.execute(
        "UPDATE runs SET ambiguous = ambiguous + ?2, spent = spent + ?3 WHERE id = ?1",
        params![number, rows::int(ambiguous as u64), reserved],
    )?;
    transaction.commit()
}

pub(super) fn number_of(conn: &Connection, run: &RunId) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT id FROM runs WHERE name = ?1")?.query_row([run.as_str()], |row| row.get(0))
}

/// Trials that are over, by how they ended.
#[derive(Default)]
struct Ended {
    finished: HashMap<TrialKey, Option<TrialRef>>,
    errored: HashMap<TrialKey, Option<TrialRef>>,
    compared: HashMap<TrialKey, u32>,
}

/// Finished and errored trials. A trial that failed once and ended later is finished; of one that ended several times, the
/// last end counts.
fn load_trials(conn: &Connection, run: i64) -> rusqlite::Result<Ended> {
    let mut statement = conn.prepare_cached(
        "SELECT key, outcome, case_no, slot, guarded ->> '$.compared'
         FROM trials WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    )?;
    let mut found = statement.query(<[i64; 2]>::from(rows::ids_of(run)))?;
    let mut ended = Ended::default();
    while let Some(row) = found.next()? {
        let key = rows::get_fingerprint(row, 0)?;
        let place = row.get::<_, Option<i64>>(2)?.map(|_| rows::get_trial(row, 2)).transpose()?;
        if Tally::from_code(row.get(1)?) == Tally::Errored {
            ended.errored.insert(key, place);
            continue;
        }
        ended.finished.insert(key, place);
        match row.get::<_, Option<u32>>(4)? {
            Some(size) => ended.compared.insert(key, size),
            None => ended.compared.remove(&key),
        };
    }
    ended.errored.retain(|key, _| !ended.finished.contains_key(key));
    Ok(ended)
}

/// Answers of attempts whose trial has no row, or one that will be run again.
fn load_answered(conn: &Connection, run: i64) -> rusqlite::Result<Answers> {
    let (first, last) = rows::ids_of(run);
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ANSWER}, text, more, a.cost, a.request, a.key
         FROM attempts a JOIN completions c ON c.id = a.content
         WHERE a.id BETWEEN ?1 AND ?2 AND a.state = ?3
         AND NOT EXISTS (SELECT 1 FROM trials t WHERE t.id = a.trial AND t.outcome <> ?4)
         ORDER BY a.id",
    ))?;
    let errored = Tally::Errored as i64;
    let mut found = statement.query(params![first, last, attempt_state::ENDED, errored])?;
    let mut answered = Answers::default();
    while let Some(row) = found.next()? {
        keep_answer(row, key_of(row)?, &mut answered)?;
    }
    Ok(answered)
}

/// Answers of attempts whose trial is one of these.
fn load_answers(conn: &Connection, run: i64, again: &HashSet<TrialKey>) -> rusqlite::Result<Answers> {
    let (first, last) = rows::ids_of(run);
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ANSWER}, text, more, a.cost, a.request, a.key
         FROM attempts a JOIN completions c ON c.id = a.content
         WHERE a.id BETWEEN ?1 AND ?2 AND a.state = ?3 ORDER BY a.id",
    ))?;
    let mut found = statement.query(params![first, last, attempt_state::ENDED])?;
    let mut answers = Answers::default();
    while let Some(row) = found.next()? {
        let key = key_of(row)?;
        if again.contains(&key) {
            keep_answer(row, key, &mut answers)?;
        }
    }
    Ok(answers)
}

fn key_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<TrialKey> {
    rows::get_fingerprint(row, ANSWER_WIDTH + 4)
}

/// Takes in an answer with its request, as far as it is on record whole.
fn keep_answer(row: &rusqlite::Row<'_>, key: TrialKey, answers: &mut Answers) -> rusqlite::Result<()> {
    if let Some(completion) = rows::read_full_answer(row, 0)? {
        let cost = rows::get_usd(row, ANSWER_WIDTH + 2)?;
        answers.keep(key, rows::get_fingerprint(row, ANSWER_WIDTH + 3)?, CachedCall { completion, cost });
    }
    Ok(())
}

fn load_received(conn: &Connection, run: i64) -> rusqlite::Result<HashMap<Fingerprint, Vec<Unread>>> {
    let (first, last) = rows::ids_of(run);
    let mut statement = conn.prepare_cached(
        "SELECT a.request, r.status, r.headers, r.streamed, r.first_token, r.latency, r.body, a.cost
         FROM attempts a JOIN replies r ON r.attempt = a.id WHERE a.id BETWEEN ?1 AND ?2 AND a.state = ?3
         ORDER BY a.id",
    )?;
    let mut found = statement.query(params![first, last, attempt_state::RECEIVED])?;
    let mut received = HashMap::<_, Vec<_>>::new();
    while let Some(row) = found.next()? {
        let reply = RawReply {
            status: row.get(1)?,
            headers: rows::get_json(row, 2)?.unwrap_or_default(),
            streamed: row.get(3)?,
            first_token_ms: row.get(4)?,
            latency_ms: row.get::<_, Option<f64>>(5)?.unwrap_or(f64::NAN),
            body: row.get(6)?,
        };
        let booked = rows::get_usd(row, 7)?.unwrap_or_default();
        received.entry(rows::get_fingerprint(row, 0)?).or_default().push(Unread { reply, booked });
    }
    Ok(received)
}
