//! What a recorder knows between two groups of events. All of it can be read again from the file.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{self, Tally};
use crate::domain::{AttemptRef, Completion, Fingerprint, ModelId, RunId, TrialKey};

/// States of an attempt, as they are in the file.
pub(super) mod attempt_state {
    /// Its row is durable and it may have left. Received as well where it has a row in `replies`.
    pub const SENT: i64 = 0;
    pub const ENDED: i64 = 1;
    pub const FAILED: i64 = 2;
    /// Sent, and its program died before an answer was stored.
    pub const AMBIGUOUS: i64 = 3;
    /// Received, and its program died before the answer was read.
    pub const RECEIVED: i64 = 4;
}

#[derive(Default)]
pub(super) struct Memory {
    /// The run's number, once its first event is stored.
    pub run: Option<i64>,
    pub next_attempt: i64,
    pub next_trial: i64,
    /// Events up to this number are stored.
    pub last_event: u64,
    /// Attempts of this program that are not over.
    pub open: HashMap<AttemptRef, OpenAttempt>,
    /// Replies that an earlier program received and did not read.
    pub received: HashMap<Fingerprint, Vec<OpenAttempt>>,
    /// Trials with attempts that are not over.
    pub trials: HashMap<TrialKey, OpenTrial>,
    /// Trials that are over, for a run that goes on; read when the first is kept.
    pub finished: Option<HashMap<TrialKey, FinishedTrial>>,
    models: HashMap<ModelId, i64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct OpenAttempt {
    pub id: i64,
    pub key: TrialKey,
    /// What is booked for it so far, in nano-dollars.
    pub booked: i64,
    pub reply: Option<ReplyFacts>,
}

/// What is kept of a reply when its body is dropped.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReplyFacts {
    pub status: u16,
    pub first_token_ms: Option<f64>,
    pub latency_ms: f64,
}

#[derive(Debug, Clone)]
pub(super) struct OpenTrial {
    pub id: i64,
    /// The last answer and the id of its content.
    pub answer: Option<(Arc<Completion>, i64)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct FinishedTrial {
    pub id: i64,
    pub tally: Tally,
    pub placed: bool,
}

impl Memory {
    pub(super) fn load(conn: &Connection, name: &RunId) -> rusqlite::Result<Self> {
        let mut memory = Self::default();
        let found = conn
            .prepare_cached("SELECT id, last_event FROM runs WHERE name = ?1")?
            .query_row([name.as_str()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
            .optional()?;
        let Some((run, last_event)) = found else { return Ok(memory) };
        memory.begin(run);
        memory.last_event = rows::count(last_event);
        memory.load_ids(conn, run)?;
        memory.load_open(conn, run)?;
        memory.load_trials(conn, run)?;
        Ok(memory)
    }

    pub(super) fn begin(&mut self, run: i64) {
        let (first, _) = rows::ids_of(run);
        self.run = Some(run);
        self.next_attempt = first;
        self.next_trial = first;
    }

    fn load_ids(&mut self, conn: &Connection, run: i64) -> rusqlite::Result<()> {
        let (first, last) = rows::ids_of(run);
        let highest = |sql: &str| -> rusqlite::Result<i64> {
            Ok(conn.query_row(sql, [first, last], |row| row.get::<_, Option<i64>>(0))?.map_or(first, |id| id + 1))
        };
        self.next_attempt = highest("SELECT max(id) FROM attempts WHERE id BETWEEN ?1 AND ?2")?;
        let of_attempts = highest("SELECT max(trial) FROM attempts WHERE trial BETWEEN ?1 AND ?2")?;
        let of_trials = highest("SELECT max(id) FROM trials WHERE id BETWEEN ?1 AND ?2")?;
        self.next_trial = of_attempts.max(of_trials);
        Ok(())
    }

    fn load_open(&mut self, conn: &Connection, run: i64) -> rusqlite::Result<()> {
        let (first, last) = rows::ids_of(run);
        let mut statement = conn.prepare_cached(
            "SELECT a.id, a.key, a.request, a.case_no, a.slot, a.purpose, a.number, a.state, a.cost,
                    r.status, r.first_token, r.latency
             FROM attempts a LEFT JOIN replies r ON r.attempt = a.id
             WHERE a.id BETWEEN ?1 AND ?2 AND a.state IN (?3, ?4) ORDER BY a.id",
        )?;
        let mut found = statement.query(params![first, last, attempt_state::SENT, attempt_state::RECEIVED])?;
        while let Some(row) = found.next()? {
            let reply = row.get::<_, Option<u16>>(9)?.map(|status| -> rusqlite::Result<_> {
                Ok(ReplyFacts {
                    status,
                    first_token_ms: row.get(10)?,
                    latency_ms: row.get::<_, Option<f64>>(11)?.unwrap_or(f64::NAN),
                })
            });
            let attempt = OpenAttempt {
                id: row.get(0)?,
                key: rows::get_fingerprint(row, 1)?,
                booked: row.get::<_, Option<i64>>(8)?.unwrap_or(0),
                reply: reply.transpose()?,
            };
            if row.get::<_, i64>(7)? == attempt_state::RECEIVED {
                self.received.entry(rows::get_fingerprint(row, 2)?).or_default().push(attempt);
            } else {
                let place = AttemptRef {
                    trial: rows::get_trial(row, 3)?,
                    purpose: rows::get_purpose(row, 5)?,
                    number: row.get(6)?,
                };
                self.open.insert(place, attempt);
            }
        }
        Ok(())
    }

    fn load_trials(&mut self, conn: &Connection, run: i64) -> rusqlite::Result<()> {
        let mut statement = conn.prepare_cached(
            "SELECT DISTINCT key, trial FROM attempts
             WHERE id BETWEEN ?1 AND ?2 AND trial NOT IN (SELECT id FROM trials WHERE id BETWEEN ?1 AND ?2)",
        )?;
        let mut found = statement.query(<[i64; 2]>::from(rows::ids_of(run)))?;
        while let Some(row) = found.next()? {
            self.trials.insert(rows::get_fingerprint(row, 0)?, OpenTrial { id: row.get(1)?, answer: None });
        }
        Ok(())
    }

    /// Takes out an attempt for this request whose reply an earlier program did not read.
    pub(super) fn unread(&mut self, request: &Fingerprint) -> Option<OpenAttempt> {
        self.received.get_mut(request)?.pop()
    }

    /// Trials that are over, by what they are; of several with one key, the last that did not fail.
    pub(super) fn finished(&mut self, conn: &Connection) -> rusqlite::Result<&mut HashMap<TrialKey, FinishedTrial>> {
        if self.finished.is_none() {
            self.finished = Some(load_finished(conn, self.run.unwrap_or_default())?);
        }
        Ok(self.finished.get_or_insert_default())
    }

    /// The number of a model's name.
    pub(super) fn model(&mut self, conn: &Connection, name: &ModelId) -> rusqlite::Result<i64> {
        if let Some(id) = self.models.get(name) {
            return Ok(*id);
        }
        conn.prepare_cached("INSERT OR IGNORE INTO models(name) VALUES (?1)")?.execute([name.as_str()])?;
        let id = conn
            .prepare_cached("SELECT id FROM models WHERE name = ?1")?
            .query_row([name.as_str()], |row| row.get(0))?;
        self.models.insert(name.clone(), id);
        Ok(id)
    }
}

fn load_finished(conn: &Connection, run: i64) -> rusqlite::Result<HashMap<TrialKey, FinishedTrial>> {
    let mut statement = conn.prepare_cached(
        "SELECT id, key, outcome, case_no IS NOT NULL FROM trials WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    )?;
    let mut found = statement.query(<[i64; 2]>::from(rows::ids_of(run)))?;
    let mut finished = HashMap::<TrialKey, FinishedTrial>::new();
    while let Some(row) = found.next()? {
        let trial = FinishedTrial { id: row.get(0)?, tally: Tally::from_code(row.get(2)?), placed: row.get(3)? };
        let known = finished.entry(rows::get_fingerprint(row, 1)?).or_insert(trial);
        if trial.tally != Tally::Errored || known.tally == Tally::Errored {
            *known = trial;
        }
    }
    Ok(finished)
}
