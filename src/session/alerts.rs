//! Alerts: raised while a run goes on, found when an old one is opened, kept in the records, acknowledged by a person.

use std::sync::Arc;

use super::state::Session;
use crate::analysis::{AlertWatch, Board, against};
use crate::domain::{Acknowledged, Alert, AlertKey, AlertRules, CallFilter, RunHeader, RunId};
use crate::engine::now;
use crate::store::records::{Records, RecordsError};

/// Who has seen an alert where no name is set.
const NOBODY: &str = "someone";

/// A watch that knows all calls that are on record for a run.
///
/// # Errors
/// The records cannot be read.
pub(super) fn watch_recorded(
    records: &Records,
    rules: AlertRules,
    header: Arc<RunHeader>,
) -> Result<AlertWatch, RecordsError> {
    let run = header.id.clone();
    let mut watch = AlertWatch::new(rules, header);
    // Budgets that were raised stand among the run's notices.
    records.notices(&run)?.iter().for_each(|event| watch.apply(event));
    for call in records.call_stream(CallFilter { run: Some(run), ..CallFilter::default() }) {
        watch.call(&call?);
    }
    Ok(watch)
}

/// The alerts of a run that is over, the run before it included: what the window raises of it.
///
/// Reads all calls of the run, so not for the main thread.
///
/// # Errors
/// The records cannot be read.
pub fn raised(records: &Records, rules: AlertRules, board: &Board) -> Result<Vec<Alert>, RecordsError> {
    let header = board.header();
    let mut watch = watch_recorded(records, rules, header.clone())?;
    let before = records.previous_run(&header.project, &header.experiment, Some(&header.id))?;
    if let Some(before) = before.filter(|before| before.ended() > 0) {
        let mut old = Board::new(before.header.clone());
        records.replay(&before.header.id, &mut |event| old.apply(&event))?;
        watch.compare(board, &against(board, &old), &before.header);
    }
    Ok(watch.alerts())
}

impl Session {
    /// All alerts, those of the run under way as they stand now; the latest first.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        let Some((run, raised)) = self.runs.live_alerts() else { return self.calls.alerts.clone() };
        merged(&self.calls.alerts, &run, raised)
    }

    /// Whether there is an alert that nobody has acknowledged.
    #[must_use]
    pub fn has_open_alerts(&self) -> bool {
        self.calls.alerts.iter().any(|alert| alert.acknowledged.is_none())
    }

    /// The rules of the open workspace.
    pub(super) fn alert_rules(&self) -> AlertRules {
        self.workspace.as_ref().map(|workspace| workspace.manifest.alerts.clone()).unwrap_or_default()
    }

    /// Looks through the calls of a run that was opened.
    pub(super) fn look_for_alerts(&mut self, run: RunId, header: Arc<RunHeader>) {
        let Some(records) = self.runs.records.clone() else { return };
        let rules = self.alert_rules();
        self.jobs.quiet(move |_| {
            let watch = watch_recorded(&records, rules, header);
            Box::new(move |session| match watch {
                Ok(watch) => session.watched(&run, watch),
                Err(error) => session.notices.error("The calls of the run cannot be read.", error.to_string()),
            })
        });
    }

    /// All calls of the shown run are known.
    pub(super) fn watched(&mut self, run: &RunId, watch: AlertWatch) {
        if let Some(shown) = self.runs.shown.as_mut().filter(|shown| shown.run == *run) {
            shown.watch = Some(watch);
            self.settle_alerts();
        } else {
            self.keep_alerts(run.clone(), watch.alerts());
        }
    }

    /// Keeps the alerts of the shown run, against the run before it where that is read.
    pub(super) fn settle_alerts(&mut self) {
        let Some(shown) = &mut self.runs.shown else { return };
        let Some(watch) = &mut shown.watch else { return };
        if let (Some(previous), Some(board)) = (&shown.previous, &shown.board) {
            watch.compare(board, &previous.baseline, &previous.run.header);
        }
        let (run, alerts) = (shown.run.clone(), watch.alerts());
        self.keep_alerts(run, alerts);
    }

    /// Tells of conditions of the run under way that are met for the first time.
    pub(super) fn raise_alerts(&mut self, fresh: &[Alert], all: Vec<Alert>) {
        for alert in fresh {
            // Not one that stays: the alert itself stays in Calls.
            self.notices.warning(alert.cause.clone(), "See the alerts in Calls.");
        }
        if let Some(run) = fresh.first().map(|alert| alert.key.run.clone()) {
            self.keep_alerts(run, all);
        }
    }

    /// Keeps what was found in a run, in memory and in the records.
    pub(super) fn keep_alerts(&mut self, run: RunId, found: Vec<Alert>) {
        let kept = merged(&self.calls.alerts, &run, found.clone());
        if kept == self.calls.alerts {
            return;
        }
        self.calls.alerts = kept;
        let Some(records) = self.runs.records.clone().filter(|records| records.access().can_write()) else { return };
        self.jobs.quiet(move |_| {
            let kept = records.keep_alerts(&run, &found);
            Box::new(move |session| {
                if let Err(error) = kept {
                    session.notices.warning("Alerts could not be kept.", error.to_string());
                }
            })
        });
    }

    /// A person has seen an alert.
    pub(super) fn acknowledge(&mut self, key: AlertKey) {
        let Some(records) = self.runs.records.clone() else { return };
        if !records.access().can_write() {
            self.notices.warning("The alert cannot be acknowledged here.", records.access().to_string());
            return;
        }
        let name = self.settings.name.trim();
        let by = if name.is_empty() { NOBODY } else { name }.to_owned();
        let seen = Acknowledged { by, at: now() };
        // One that was raised a moment ago may not be on record yet.
        if let Some((run, raised)) = self.runs.live_alerts().filter(|(run, _)| *run == key.run) {
            self.keep_alerts(run, raised);
        }
        if let Some(alert) = self.calls.alerts.iter_mut().find(|alert| alert.key == key) {
            alert.acknowledged.get_or_insert_with(|| seen.clone());
        }
        let alerts: Vec<Alert> = self.calls.alerts.iter().filter(|alert| alert.key.run == key.run).cloned().collect();
        self.jobs.quiet(move |_| {
            let done = records.keep_alerts(&key.run, &alerts).and_then(|()| records.acknowledge(&key, &seen));
            Box::new(move |session| {
                if let Err(error) = done {
                    session.notices.error("The alert could not be acknowledged.", error.to_string());
                }
            })
        });
    }
}

/// Alerts with those of one run as they were found now: who has acknowledged one stays, and so does the alert.
fn merged(known: &[Alert], run: &RunId, found: Vec<Alert>) -> Vec<Alert> {
    let (of_run, mut all): (Vec<Alert>, Vec<Alert>) = known.iter().cloned().partition(|alert| alert.key.run == *run);
    for mut alert in found {
        let before = of_run.iter().find(|before| before.key == alert.key);
        alert.acknowledged = before.and_then(|before| before.acknowledged.clone());
        all.push(alert);
    }
    let gone = |alert: &Alert| alert.acknowledged.is_some() && !all.iter().any(|other| other.key == alert.key);
    let seen: Vec<Alert> = of_run.into_iter().filter(gone).collect();
    all.extend(seen);
    all.sort_by(|a, b| b.last_at.cmp(&a.last_at).then_with(|| a.key.cmp(&b.key)));
    all
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan};

    use super::*;
    use crate::domain::AlertRule;

    fn alert(run: &str, rule: AlertRule, count: u64) -> Alert {
        let at = Timestamp::UNIX_EPOCH + i64::try_from(count).unwrap().seconds();
        let key = AlertKey { run: run.into(), rule, subject: "m".to_owned() };
        Alert { key, count, first_at: Timestamp::UNIX_EPOCH, last_at: at, cause: String::new(), acknowledged: None }
    }

    #[test]
    fn what_is_found_again_takes_its_place_and_keeps_who_has_seen_it() {
        let seen = Some(Acknowledged { by: "Ada".to_owned(), at: Timestamp::UNIX_EPOCH });
        let slow = Alert { acknowledged: seen.clone(), ..alert("r1", AlertRule::Latency, 3) };
        let dear = Alert { acknowledged: seen.clone(), ..alert("r1", AlertRule::Cost, 2) };
        let known = [alert("r2", AlertRule::Latency, 5), slow, dear.clone(), alert("r1", AlertRule::Retries, 1)];
        let found = vec![alert("r1", AlertRule::Latency, 7), alert("r1", AlertRule::Validation, 1)];
        let expect = [
            Alert { acknowledged: seen, ..alert("r1", AlertRule::Latency, 7) },
            alert("r2", AlertRule::Latency, 5),
            dear,
            alert("r1", AlertRule::Validation, 1),
        ];
        let all = merged(&known, &"r1".into(), found.clone());
        assert_eq!(all, expect, "the latest first; what nobody had seen and is not found any more is gone");
        assert_eq!(merged(&all, &"r1".into(), found), expect);
    }
}
