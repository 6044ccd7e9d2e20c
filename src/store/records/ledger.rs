//! The spend ledger: what calls cost, by day, model, project or run.

use jiff::Timestamp;
use rusqlite::params;

use super::database::Records;
use super::error::RecordsError;
use super::memory::attempt_state;
use super::rows;
use crate::domain::Usd;

/// What a line of the ledger stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpendBy {
    /// The day of UTC on which a call was sent, as `2026-11-23`.
    Day,
    Model,
    Project,
    Run,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendLine {
    /// The day, or the id of the model, project or run.
    pub key: String,
    pub calls: u64,
    pub spent: Usd,
    /// Calls of which nobody knows the price; they are not in `spent`.
    pub unpriced: u64,
}

impl Records {
    /// What calls sent since then have cost, reservations of ambiguous ones included; days in order, others by cost.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn spend_by(&self, by: SpendBy, since: Option<Timestamp>) -> Result<Vec<SpendLine>, RecordsError> {
        let (key, order) = match by {
            SpendBy::Day => ("date(sent_at / 1000000000, 'unixepoch')", "1"),
            SpendBy::Model => ("m.name", "3 DESC, 1"),
            SpendBy::Project => ("r.project", "3 DESC, 1"),
            SpendBy::Run => ("r.name", "3 DESC, 1"),
        };
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT {key}, count(*), coalesce(sum(cost), 0), count(*) FILTER (WHERE cost IS NULL)
                 FROM attempts a JOIN models m ON m.id = a.model JOIN runs r ON r.id = a.id >> 40
                 WHERE a.state <> ?1 AND (?2 IS NULL OR sent_at >= ?2) GROUP BY 1 ORDER BY {order}"
            ))?;
            let lines = statement.query_map(params![attempt_state::SENT, since.map(rows::instant)], |row| {
                Ok(SpendLine {
                    key: row.get(0)?,
                    calls: row.get(1).map(rows::count)?,
                    spent: Usd::from_nanos(row.get(2)?),
                    unpriced: row.get(3).map(rows::count)?,
                })
            })?;
            lines.collect()
        })
    }
}
