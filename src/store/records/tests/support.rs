//! What tests of the records have in common.

use std::sync::Arc;

use super::super::*;
use crate::domain::{Completion, RunEvent, RunId};

/// What a replay tells of the events of a run.
pub(super) fn told(events: &[RunEvent]) -> Vec<RunEvent> {
    let told = events.iter().filter_map(|event| match event {
        RunEvent::Started(_) | RunEvent::Ended { .. } => Some(event.clone()),
        RunEvent::TrialEnded(ended) => Some(RunEvent::TrialEnded(Arc::new(without_text(ended)))),
        _ => None,
    });
    told.collect()
}

fn without_text(ended: &crate::domain::TrialEnded) -> crate::domain::TrialEnded {
    use crate::domain::Outcome;
    let mut ended = ended.clone();
    ended.answer =
        ended.answer.map(|answer| Arc::new(Completion { text: String::new(), ..Completion::clone(&answer) }));
    if let Outcome::Scored(score) | Outcome::Unscored(score) = &mut ended.outcome {
        score.checks.iter_mut().for_each(|check| check.reason.clear());
    }
    ended
}

pub(super) fn replayed(records: &Records, run: &str) -> Vec<RunEvent> {
    let mut events = Vec::new();
    records.replay(&RunId::from(run), &mut |event| events.push(event)).unwrap();
    events
}

/// Everything that a run left in the file, checked against itself.
pub(super) fn check_consistent(records: &Records, run: &str) {
    let summary = records.run(&RunId::from(run)).unwrap().unwrap();
    let name = run.to_owned();
    let (counts, spent, ambiguous) = records
        .read(|conn| {
            let mut counts = [0_u64; 4];
            let mut statement = conn.prepare(
                "SELECT outcome & 3, count(*) FROM trials t JOIN runs r ON r.id = t.run
                 WHERE name = ?1 AND case_no IS NOT NULL GROUP BY 1",
            )?;
            let mut found = statement.query([&name])?;
            while let Some(row) = found.next()? {
                counts[usize::from(row.get::<_, u8>(0)?)] = rows::count(row.get(1)?);
            }
            let (spent, ambiguous): (i64, i64) = conn.query_row(
                "SELECT coalesce(sum(cost), 0), count(*) FILTER (WHERE a.state = 3)
                 FROM attempts a JOIN runs r ON r.id = a.id >> 40 WHERE name = ?1",
                [&name],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let answer: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
            assert_eq!(answer, "ok");
            Ok((counts, spent, rows::count(ambiguous)))
        })
        .unwrap();
    let totals = [summary.passed, summary.failed, summary.unscored, summary.errored];
    assert_eq!((totals, summary.spent.nanos(), summary.ambiguous), (counts, spent, ambiguous));
}

pub(super) fn replayed_or_none(records: &Records, run: &str) -> Vec<RunEvent> {
    if records.run(&RunId::from(run)).unwrap().is_none() { Vec::new() } else { replayed(records, run) }
}
