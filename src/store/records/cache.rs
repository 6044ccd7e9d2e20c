//! The call cache: attempts that may answer the same request again.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::database::Records;
use super::resume::number_of;
use super::rows::{self, ANSWER, ANSWER_WIDTH};
use crate::domain::{Fingerprint, RunId};
use crate::engine::{CachedCall, CallCache};

impl Records {
    /// Answers of all runs that were stored as cacheable. It is filled by recorders alone.
    #[must_use]
    pub fn cache(&self) -> Arc<dyn CallCache> {
        Arc::new(self.clone())
    }

    /// Vectors that this run has on record, whichever trial asked for them.
    #[must_use]
    pub fn vectors_of(&self, run: &RunId) -> Arc<dyn CallCache> {
        Arc::new(OfRun { records: self.clone(), run: run.clone() })
    }
}

/// What one run has paid for.
struct OfRun {
    records: Records,
    run: RunId,
}

impl CallCache for Records {
    /// The latest answer. A cache that cannot be read answers nothing: the call is then made.
    fn get(&self, request: &Fingerprint) -> Option<CachedCall> {
        self.read(|conn| latest(conn, request, (0, i64::MAX))).ok()?
    }
}

impl CallCache for OfRun {
    fn get(&self, request: &Fingerprint) -> Option<CachedCall> {
        let of_run = |conn: &Connection| latest(conn, request, rows::ids_of(number_of(conn, &self.run)?));
        self.records.read(of_run).ok()?
    }
}

/// The latest answer to a request among the attempts with these ids, both ends included.
fn latest(conn: &Connection, request: &Fingerprint, (first, last): (i64, i64)) -> rusqlite::Result<Option<CachedCall>> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {ANSWER}, text, more, cost FROM attempts a JOIN completions c ON c.id = a.content
         WHERE request = ?1 AND cacheable = 1 AND a.id BETWEEN ?2 AND ?3 ORDER BY a.id DESC LIMIT 1"
    ))?;
    let call = statement.query_row(params![request.0, first, last], |row| {
        Ok((rows::read_full_answer(row, 0)?, rows::get_usd(row, ANSWER_WIDTH + 2)?))
    });
    let found = call.optional()?;
    Ok(found.and_then(|(completion, cost)| Some(CachedCall { completion: completion?, cost })))
}
