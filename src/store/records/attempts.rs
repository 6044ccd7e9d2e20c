//! The call log: every attempt, with its times, costs and errors.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::database::Records;
use super::error::RecordsError;
use super::memory::attempt_state;
use super::rows::{self, ANSWER, ANSWER_WIDTH};
use crate::domain::{AttemptRef, CallError, CaseId, Completion, Fingerprint, ModelId, RunId, Usd};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptState {
    /// Under way, or its program died a moment ago.
    Sent,
    /// Its reply is stored and not read yet.
    Received,
    /// Answered.
    Ended,
    Failed,
    /// Sent, and its program died: nobody knows whether it was answered and billed.
    Ambiguous,
}

impl AttemptState {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Ended => "answered",
            Self::Failed => "failed",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// As in the column `phase` of [`SELECT`], where a received attempt is the same whoever received it.
    const fn code(self) -> i64 {
        match self {
            Self::Sent => attempt_state::SENT,
            Self::Received => attempt_state::RECEIVED,
            Self::Ended => attempt_state::ENDED,
            Self::Failed => attempt_state::FAILED,
            Self::Ambiguous => attempt_state::AMBIGUOUS,
        }
    }

    const fn from_code(code: i64) -> Self {
        match code {
            attempt_state::SENT => Self::Sent,
            attempt_state::RECEIVED => Self::Received,
            attempt_state::ENDED => Self::Ended,
            attempt_state::FAILED => Self::Failed,
            _ => Self::Ambiguous,
        }
    }
}

/// One attempt as it stands in the records.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptRecord {
    pub attempt: AttemptRef,
    pub request: Fingerprint,
    pub model: ModelId,
    pub state: AttemptState,
    pub sent_at: Timestamp,
    pub reserved: Option<Usd>,
    /// What is booked as spent; `None` while it is under way and where the price is unknown.
    pub cost: Option<Usd>,
    pub status: Option<u16>,
    pub request_id: Option<String>,
    /// Milliseconds.
    pub first_token_ms: Option<f64>,
    /// Milliseconds.
    pub latency_ms: Option<f64>,
    /// Milliseconds until the next attempt.
    pub retry_in_ms: Option<u64>,
    pub error: Option<CallError>,
    /// Without text, reasoning and tool calls in the call log; whole in a trial's detail.
    pub completion: Option<Arc<Completion>>,
    /// The raw bytes, where they are kept: all until they are read, the beginning of a failed answer. Not in the call log.
    pub body: Option<Vec<u8>>,
}

/// A line of the call log.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// Grows with time; for [`CallFilter::before`].
    pub id: i64,
    pub run: RunId,
    /// `None` until its trial ends.
    pub case_id: Option<CaseId>,
    pub record: AttemptRecord,
}

/// Which calls are asked for; what is `None` does not matter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallFilter {
    pub run: Option<RunId>,
    pub model: Option<ModelId>,
    pub state: Option<AttemptState>,
    /// A fault's word.
    pub fault: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Only calls before this one: the next page.
    pub before: Option<i64>,
    /// At most so many; 1,000 where it is `None`.
    pub limit: Option<u32>,
}

impl Records {
    /// The call log, the newest calls first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn calls(&self, filter: &CallFilter) -> Result<Vec<CallRecord>, RecordsError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT {COLUMNS}, {ANSWER}, a.id, r.name, (SELECT case_id FROM trials t WHERE t.id = a.trial)
                 FROM attempts a JOIN models m ON m.id = a.model JOIN runs r ON r.id = a.id >> 40
                 WHERE (?1 IS NULL OR r.name = ?1) AND (?2 IS NULL OR m.name = ?2) AND (?3 IS NULL OR phase = ?3)
                     AND (?4 IS NULL OR fault = ?4) AND (?5 IS NULL OR sent_at >= ?5) AND (?6 IS NULL OR sent_at < ?6)
                     AND (?7 IS NULL OR a.id < ?7)
                 ORDER BY a.id DESC LIMIT ?8"
            ))?;
            let mut found = statement.query(params![
                filter.run.as_ref().map(RunId::as_str),
                filter.model.as_ref().map(ModelId::as_str),
                filter.state.map(AttemptState::code),
                filter.fault,
                filter.since.map(rows::instant),
                filter.until.map(rows::instant),
                filter.before,
                filter.limit.unwrap_or(1000),
            ])?;
            let mut calls = Vec::new();
            while let Some(row) = found.next()? {
                let mut record = read_attempt(row)?;
                record.completion = rows::read_answer(row, WIDTH)?.map(Arc::new);
                let after = WIDTH + ANSWER_WIDTH;
                calls.push(CallRecord {
                    id: row.get(after)?,
                    run: RunId(row.get(after + 1)?),
                    case_id: row.get::<_, Option<String>>(after + 2)?.map(CaseId),
                    record,
                });
            }
            Ok(calls)
        })
    }
}

/// Every attempt that was made for a trial, in order.
pub(super) fn of_trial(conn: &Connection, trial: i64) -> rusqlite::Result<Vec<AttemptRecord>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {COLUMNS}, {ANSWER}, text, more, (SELECT body FROM replies WHERE attempt = a.id)
         FROM attempts a JOIN models m ON m.id = a.model LEFT JOIN completions c ON c.id = a.content
         WHERE a.trial = ?1 ORDER BY a.id"
    ))?;
    let mut found = statement.query([trial])?;
    let mut attempts = Vec::new();
    while let Some(row) = found.next()? {
        let mut record = read_attempt(row)?;
        record.completion = rows::read_full_answer(row, WIDTH)?;
        record.body = row.get(WIDTH + ANSWER_WIDTH + 2)?;
        attempts.push(record);
    }
    Ok(attempts)
}

/// The columns of [`read_attempt`]; those of an answer follow.
const COLUMNS: &str = "case_no, slot, purpose, number, request, m.name, \
                       iif(a.state = 0 AND a.id IN (SELECT attempt FROM replies), 4, a.state) AS phase, sent_at, reserved, \
                       cost, status, retry_in, error, request_id, first_token, latency";
const WIDTH: usize = 16;

fn read_attempt(row: &Row<'_>) -> rusqlite::Result<AttemptRecord> {
    Ok(AttemptRecord {
        attempt: AttemptRef {
            trial: rows::get_trial(row, 0)?,
            purpose: rows::get_purpose(row, 2)?,
            number: row.get(3)?,
        },
        request: rows::get_fingerprint(row, 4)?,
        model: ModelId(row.get(5)?),
        state: AttemptState::from_code(row.get(6)?),
        sent_at: rows::get_instant(row, 7)?.unwrap_or_default(),
        reserved: rows::get_usd(row, 8)?,
        cost: rows::get_usd(row, 9)?,
        status: row.get(10)?,
        retry_in_ms: row.get::<_, Option<i64>>(11)?.map(rows::count),
        error: rows::get_json(row, 12)?,
        request_id: row.get(13)?,
        first_token_ms: row.get(14)?,
        latency_ms: row.get(15)?,
        completion: None,
        body: None,
    })
}
