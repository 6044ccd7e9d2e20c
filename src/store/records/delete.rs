//! Forgetting a run.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::database::Records;
use super::error::RecordsError;
use super::resume::number_of;
use super::rows;
use crate::domain::RunId;

impl Records {
    /// Deletes a run with its attempts, its share of the cache and all answers that no other run holds, and writes the
    /// file anew so that no byte of them stays in it. Needs as much free space as the file is large.
    ///
    /// # Errors
    /// There is no such run, it is under way, another reader is at work, or the disk is full.
    pub fn delete_run(&self, run: &RunId) -> Result<(), RecordsError> {
        if self.is_under_way(run) {
            return Err(RecordsError::UnderWay(run.clone()));
        }
        let mut writer = self.inner.writer()?;
        let explain = |error: rusqlite::Error| self.inner.explain(&error);
        let number = number_of(&writer, run).optional().map_err(explain)?;
        let number = number.ok_or_else(|| RecordsError::NoRun(run.clone()))?;
        delete(&mut writer, number).map_err(explain)?;
        self.inner.close_idle_readers();
        let busy = sweep(&writer).map_err(explain)?;
        if busy { Err(RecordsError::Busy { path: self.inner.path.clone() }) } else { Ok(()) }
    }
}

fn delete(conn: &mut Connection, run: i64) -> rusqlite::Result<()> {
    let (first, last) = rows::ids_of(run);
    conn.execute_batch("PRAGMA secure_delete = ON")?;
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let range = [first, last];
    transaction.execute("DELETE FROM replies WHERE attempt BETWEEN ?1 AND ?2", range)?;
    transaction.execute("DELETE FROM attempts WHERE id BETWEEN ?1 AND ?2", range)?;
    transaction.execute("DELETE FROM trials WHERE id BETWEEN ?1 AND ?2", range)?;
    transaction.execute("DELETE FROM notices WHERE run = ?1", [run])?;
    transaction.execute("DELETE FROM alerts WHERE run = ?1", [run])?;
    transaction.execute("DELETE FROM runs WHERE id = ?1", [run])?;
    transaction.execute(
        "DELETE FROM completions WHERE id NOT IN (
             SELECT content FROM attempts WHERE content IS NOT NULL
             UNION SELECT content FROM trials WHERE content IS NOT NULL)",
        [],
    )?;
    transaction.commit()?;
    conn.execute_batch("PRAGMA secure_delete = OFF")
}

/// Writes the file anew and empties the journal. True where somebody still reads what was deleted.
fn sweep(conn: &Connection) -> rusqlite::Result<bool> {
    conn.execute_batch("VACUUM")?;
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
}
