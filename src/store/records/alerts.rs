//! Alerts that were raised, and who has seen them.

use rusqlite::{OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::database::Records;
use super::error::RecordsError;
use super::resume::number_of;
use super::rows;
use crate::domain::{Acknowledged, Alert, AlertKey, AlertRule, RunId};

impl Records {
    /// All alerts, the latest first. One of a rule that is not known (a newer version wrote it) is left out.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn alerts(&self) -> Result<Vec<Alert>, RecordsError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT r.name, rule, subject, count, first_at, last_at, cause, acknowledged_by, acknowledged_at
                 FROM alerts a JOIN runs r ON r.id = a.run ORDER BY last_at DESC, a.run DESC, rule, subject",
            )?;
            let mut found = statement.query([])?;
            let mut alerts = Vec::new();
            while let Some(row) = found.next()? {
                alerts.extend(read_alert(row)?);
            }
            Ok(alerts)
        })
    }

    /// Keeps what was found in a run. Alerts that are no longer found go, unless a person has acknowledged them.
    ///
    /// # Errors
    /// There is no such run, or the records are read-only.
    pub fn keep_alerts(&self, run: &RunId, found: &[Alert]) -> Result<(), RecordsError> {
        let mut writer = self.inner.writer()?;
        let explain = |error: rusqlite::Error| self.inner.explain(&error);
        let number = number_of(&writer, run).optional().map_err(explain)?;
        let number = number.ok_or_else(|| RecordsError::NoRun(run.clone()))?;
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
        keep(&transaction, number, found).and_then(|()| transaction.commit()).map_err(explain)
    }

    /// Remembers that a person has seen an alert. One that was acknowledged before keeps its first name.
    ///
    /// # Errors
    /// The records are read-only.
    pub fn acknowledge(&self, key: &AlertKey, seen: &Acknowledged) -> Result<(), RecordsError> {
        let writer = self.inner.writer()?;
        let at = rows::instant(seen.at);
        let changed = writer.execute(
            "UPDATE alerts SET acknowledged_by = ?4, acknowledged_at = ?5
             WHERE run = (SELECT id FROM runs WHERE name = ?1) AND rule = ?2 AND subject = ?3
                 AND acknowledged_by IS NULL",
            params![key.run.as_str(), key.rule.word(), key.subject, seen.by, at],
        );
        changed.map(drop).map_err(|error| self.inner.explain(&error))
    }
}

fn keep(transaction: &Transaction<'_>, run: i64, found: &[Alert]) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM alerts WHERE run = ?1 AND acknowledged_by IS NULL", [run])?;
    let mut statement = transaction.prepare_cached(
        "INSERT INTO alerts(run, rule, subject, count, first_at, last_at, cause) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO UPDATE SET count = ?4, first_at = ?5, last_at = ?6, cause = ?7",
    )?;
    for alert in found {
        statement.execute(params![
            run,
            alert.key.rule.word(),
            alert.key.subject,
            rows::int(alert.count),
            rows::instant(alert.first_at),
            rows::instant(alert.last_at),
            alert.cause,
        ])?;
    }
    Ok(())
}

fn read_alert(row: &Row<'_>) -> rusqlite::Result<Option<Alert>> {
    let Some(rule) = AlertRule::of_word(&row.get::<_, String>(1)?) else { return Ok(None) };
    let at = |column: usize| rows::get_instant(row, column).map(Option::unwrap_or_default);
    let by: Option<String> = row.get(7)?;
    let seen_at = at(8)?;
    Ok(Some(Alert {
        key: AlertKey { run: RunId(row.get(0)?), rule, subject: row.get(2)? },
        count: row.get(3).map(rows::count)?,
        first_at: at(4)?,
        last_at: at(5)?,
        cause: row.get(6)?,
        acknowledged: by.map(|by| Acknowledged { by, at: seen_at }),
    }))
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::super::samples::{record_run, records, start};
    use super::*;

    fn alert(rule: AlertRule, count: u64) -> Alert {
        Alert {
            key: AlertKey { run: "r1".into(), rule, subject: "m".to_owned() },
            count,
            first_at: start(),
            last_at: start() + 5.seconds(),
            cause: format!("{count} calls to m did."),
            acknowledged: None,
        }
    }

    #[test]
    fn an_alert_is_kept_once_and_stays_acknowledged() {
        let (dir, records) = records();
        record_run(&records, "r1", 2, None);
        let run = RunId::from("r1");
        let seen = Acknowledged { by: "Ada".to_owned(), at: start() + 9.seconds() };
        records.keep_alerts(&run, &[alert(AlertRule::Latency, 1), alert(AlertRule::Retries, 1)]).unwrap();
        records.acknowledge(&alert(AlertRule::Latency, 1).key, &seen).unwrap();
        let other = Acknowledged { by: "Somebody else".to_owned(), ..seen.clone() };
        records.acknowledge(&alert(AlertRule::Latency, 1).key, &other).unwrap();
        records.keep_alerts(&run, &[alert(AlertRule::Latency, 7)]).unwrap();
        drop(records);
        let records = Records::open(dir.path()).unwrap();
        let expect = Alert { acknowledged: Some(seen), ..alert(AlertRule::Latency, 7) };
        assert_eq!(records.alerts().unwrap(), std::slice::from_ref(&expect));
        records.keep_alerts(&run, &[]).unwrap();
        assert_eq!(records.alerts().unwrap(), [expect], "what a person has seen stays");
        records.delete_run(&run).unwrap();
        assert_eq!(records.alerts().unwrap(), []);
    }

    #[test]
    fn alerts_of_a_run_that_is_not_there_are_refused() {
        let (_dir, records) = records();
        let refused = records.keep_alerts(&"r1".into(), &[alert(AlertRule::Cost, 1)]);
        assert!(matches!(refused, Err(RecordsError::NoRun(_))));
    }
}
