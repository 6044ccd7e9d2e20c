//! The records as a whole: what is stored is what was told, whatever fails in between.

use std::sync::Arc;

use super::samples::*;
use super::*;
use crate::domain::{Completion, RunEvent, RunId, RunState};

/// What a replay tells of the events of a run.
fn told(events: &[RunEvent]) -> Vec<RunEvent> {
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

fn replayed(records: &Records, run: &str) -> Vec<RunEvent> {
    let mut events = Vec::new();
    records.replay(&RunId::from(run), &mut |event| events.push(event)).unwrap();
    events
}

#[test]
fn a_replay_tells_what_the_run_told() {
    let (_dir, records) = records();
    let events = record_run(&records, "r1", 12, Some(RunState::Completed));
    assert_eq!(replayed(&records, "r1"), told(&events));
}

/// Everything that a run left in the file, checked against itself.
fn check_consistent(records: &Records, run: &str) {
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

#[test]
fn totals_equal_the_rows() {
    let (_dir, records) = records();
    record_run(&records, "r1", 40, Some(RunState::Completed));
    check_consistent(&records, "r1");
    let summary = records.run(&RunId::from("r1")).unwrap().unwrap();
    assert_eq!((summary.passed, summary.failed, summary.unscored, summary.errored), (20, 10, 10, 0));
    assert_eq!(summary.spent.nanos(), 40 * CENT);
}

/// Fails the n-th step for every n, commits included, before and after they are durable.
#[test]
fn a_failed_group_leaves_nothing_and_is_stored_once_when_offered_again() {
    let mut events = vec![RunEvent::Started(header("r1", 3))];
    events.extend((0..6).flat_map(whole_trial));
    events.push(ended(RunState::Completed));
    let groups: Vec<_> = number("r1", 1, events.clone()).chunks(4).map(<[_]>::to_vec).collect();
    for step in 0.. {
        let (_dir, records) = records();
        let mut recorder = records.recorder(&RunId::from("r1")).unwrap();
        recorder.fail_after(step, rusqlite::ffi::ErrorCode::SystemIoFailure);
        let mut acknowledged = 0;
        for group in &groups {
            if let Err(error) = recorder.record(group) {
                assert!(error.passes(), "{error}");
                let stored = replayed_or_none(&records, "r1");
                let before = told(&events[..acknowledged]);
                let after = told(&events[..acknowledged + group.len()]);
                // A commit that went well and said otherwise leaves the whole group; anything else leaves nothing.
                assert!(stored == before || stored == after, "step {step}: {stored:?}");
                recorder.record(group).unwrap();
            }
            acknowledged += group.len();
            assert_eq!(replayed_or_none(&records, "r1"), told(&events[..acknowledged]), "step {step}");
        }
        check_consistent(&records, "r1");
        if recorder.is_about_to_fail() {
            assert!(step > 40, "every step was made to fail");
            return;
        }
    }
}

fn replayed_or_none(records: &Records, run: &str) -> Vec<RunEvent> {
    if records.run(&RunId::from(run)).unwrap().is_none() { Vec::new() } else { replayed(records, run) }
}

#[test]
fn a_full_disk_is_told_and_the_group_fits_once_there_is_room() {
    let (_dir, records) = records();
    let mut recorder = records.recorder(&RunId::from("r1")).unwrap();
    record(&mut recorder, "r1", 1, vec![RunEvent::Started(header("r1", 500))]);
    let set_limit = |pages: i64| {
        records.inner.writer().unwrap().query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).unwrap();
    };
    let pages = records.read(|conn| conn.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0))).unwrap();
    set_limit(pages + 4);
    let events = number("r1", 2, (0..1000).flat_map(whole_trial).collect());
    let mut stored = 0;
    let refused = loop {
        match recorder.record(&events[stored..stored + 20]) {
            Ok(()) => stored += 20,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, RecordsError::Full { .. }), "{refused}");
    assert!(refused.to_string().ends_with("is full: free some space; the run goes on by itself."), "{refused}");
    check_consistent(&records, "r1");
    set_limit(1_000_000);
    for group in events[stored..].chunks(20) {
        recorder.record(group).unwrap();
    }
    check_consistent(&records, "r1");
    assert_eq!(records.run(&RunId::from("r1")).unwrap().unwrap().ended(), 1000);
}

#[test]
fn ballast_stores_what_is_on_its_way_and_nothing_new_is_paid_until_it_is_back() {
    let (dir, records) = records();
    let mut recorder = records.recorder(&RunId::from("r1")).unwrap();
    let ballast = dir.path().join(".strata/ballast");
    assert!(ballast.exists());
    record(&mut recorder, "r1", 1, vec![RunEvent::Started(header("r1", 5)), sent(0, 0)]);
    recorder.fail_after(2, rusqlite::ffi::ErrorCode::DiskFull);
    recorder.record(&number("r1", 3, vec![received(0, 0)])).unwrap();
    assert!(!ballast.exists(), "it was freed");
    // A folder in its place keeps the ballast from being loaded again, as a disk that stays full would.
    std::fs::create_dir(&ballast).unwrap();
    let refused = recorder.record(&number("r1", 4, vec![sent(1, 0)])).unwrap_err();
    assert!(matches!(refused, RecordsError::Full { .. }), "{refused}");
    let answer = Arc::new(completion("late"));
    recorder.record(&number("r1", 4, vec![answered(0, 0, &answer)])).unwrap();
    std::fs::remove_dir(&ballast).unwrap();
    recorder.record(&number("r1", 5, vec![sent(1, 0)])).unwrap();
    assert!(ballast.exists(), "it is back");
}
