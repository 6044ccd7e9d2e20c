//! The attempts of a trial, with their times, costs and errors.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Row};

use super::rows::{self, ANSWER, ANSWER_WIDTH};
use crate::domain::{AttemptRef, AttemptState, CallError, Completion, Fingerprint, ModelId, Usd};

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
    pub completion: Option<Arc<Completion>>,
    /// The raw bytes, where they are kept: all until they are read, the beginning of a failed answer.
    pub body: Option<Vec<u8>>,
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
        state: rows::attempt_state(row.get(6)?),
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
