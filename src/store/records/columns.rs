//! Figures of a run by its columns, counted where they lie: nothing is replayed for them.

use rusqlite::{OptionalExtension, params};

use super::database::Records;
use super::error::RecordsError;
use super::resume::number_of;
use super::rows::{self, Tally};
use crate::domain::RunId;

/// The places of a variant and of a model in a run's header.
pub type Column = (u16, u16);

/// Answers whose tokens are looked at: their mean is as good as that of a million, and is there at once.
const LOOKED_AT: i64 = 20_000;

impl Records {
    /// Mean output tokens of a run's answers by column. Columns without an answer whose tokens were counted are left out;
    /// of a run that is not recorded there is none.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn output_tokens(&self, run: &RunId) -> Result<Vec<(Column, f64)>, RecordsError> {
        self.read(|conn| {
            let Some(number) = number_of(conn, run).optional()? else { return Ok(Vec::new()) };
            let (first, last) = rows::ids_of(number);
            let mut statement = conn.prepare_cached(
                "SELECT slot >> 32, slot >> 16 & 65535, avg(output) FROM (
                     SELECT slot, output FROM trials
                     WHERE id BETWEEN ?1 AND ?2 AND case_no IS NOT NULL AND output IS NOT NULL ORDER BY id LIMIT ?3)
                 GROUP BY 1, 2 ORDER BY 1, 2",
            )?;
            let column = |row: &rusqlite::Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get(2)?));
            statement.query_map(params![first, last, LOOKED_AT], column)?.collect()
        })
    }

    /// Scored trials of a variant, by its place in the run's header; of a run that is not recorded there is none.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn scored(&self, run: &RunId, variant: u16) -> Result<u64, RecordsError> {
        self.read(|conn| {
            let Some(number) = number_of(conn, run).optional()? else { return Ok(0) };
            let (first, last) = rows::ids_of(number);
            let mut statement = conn.prepare_cached(
                "SELECT count(*) FROM trials WHERE id BETWEEN ?1 AND ?2 AND case_no IS NOT NULL AND slot >> 32 = ?3
                     AND outcome & 3 IN (?4, ?5)",
            )?;
            let scored = params![first, last, variant, Tally::Passed as i64, Tally::Failed as i64];
            statement.query_row(scored, |row| row.get(0).map(rows::count))
        })
    }
}
