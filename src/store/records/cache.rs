//! The call cache: attempts that may answer the same request again.

use std::sync::Arc;

use rusqlite::OptionalExtension;

use super::database::Records;
use super::rows::{self, ANSWER, ANSWER_WIDTH};
use crate::domain::Fingerprint;
use crate::engine::{CachedCall, CallCache};

impl Records {
    /// Answers of all runs that were stored as cacheable. It is filled by recorders alone.
    #[must_use]
    pub fn cache(&self) -> Arc<dyn CallCache> {
        Arc::new(self.clone())
    }
}

impl CallCache for Records {
    /// The latest answer. A cache that cannot be read answers nothing: the call is then made.
    fn get(&self, request: &Fingerprint) -> Option<CachedCall> {
        let found = self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT {ANSWER}, text, more, cost FROM attempts a JOIN completions c ON c.id = a.content
                 WHERE request = ?1 AND cacheable = 1 ORDER BY a.id DESC LIMIT 1"
            ))?;
            let call = statement.query_row([request.0], |row| {
                Ok((rows::read_full_answer(row, 0)?, rows::get_usd(row, ANSWER_WIDTH + 2)?))
            });
            call.optional()
        });
        let (completion, cost) = found.ok()??;
        Some(CachedCall { completion: completion?, cost })
    }
}
