//! Full disks, failing disks, killed programs: what was acknowledged is stored.

use std::sync::Arc;

use super::super::samples::*;
use super::super::*;
use super::support::*;
use crate::domain::*;

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

/// The events of a run in which `trials` trials are under way at a time, in the order in which they end.
fn interleaved(trials: u32) -> Vec<RunEvent> {
    let mut waiting: Vec<_> = (0..trials).map(|index| whole_trial(index).into_iter()).collect();
    let mut events = vec![RunEvent::Started(header("r1", trials.div_ceil(2)))];
    while !waiting.is_empty() {
        let window = waiting.len().min(3);
        let position = events.len() % window;
        match waiting[position].next() {
            Some(event) => events.push(event),
            None => drop(waiting.remove(position)),
        }
    }
    events
}

/// Stores groups of these sizes and returns where each ended.
fn record_in_groups(records: &Records, events: &[RunEvent], sizes: &[usize]) -> Vec<usize> {
    let numbered = number("r1", 1, events.to_vec());
    let mut recorder = records.recorder(&RunId::from("r1")).unwrap();
    let mut ends = vec![0];
    for size in sizes {
        let from = ends[ends.len() - 1];
        let to = (from + size).min(events.len());
        recorder.record(&numbered[from..to]).unwrap();
        ends.push(to);
    }
    ends
}

/// What a killed program leaves: the files as they are, its locks gone.
fn killed(dir: &std::path::Path, journal_bytes: Option<usize>) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let (from, to) = (dir.join(".strata"), copy.path().join(".strata"));
    std::fs::create_dir(&to).unwrap();
    std::fs::copy(from.join("records.db"), to.join("records.db")).unwrap();
    let mut journal = std::fs::read(from.join("records.db-wal")).unwrap_or_default();
    journal.truncate(journal_bytes.unwrap_or(usize::MAX));
    std::fs::write(to.join("records.db-wal"), journal).unwrap();
    copy
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 24, ..Default::default() })]

    /// Killed between any two groups, the file has each acknowledged event, and the run goes on to the same totals.
    #[test]
    fn a_killed_program_loses_nothing_and_pays_nothing_twice(
        sizes in proptest::collection::vec(1_usize..9, 1..16),
    ) {
        let (dir, records) = records();
        let events = interleaved(12);
        let stored = record_in_groups(&records, &events, &sizes).pop().unwrap_or_default();
        let (told_before, open) = (told(&events[..stored]), open_attempts(&events[..stored]));
        let copy = killed(dir.path(), None);
        let records = Records::open_with(copy.path(), 1 << 12).unwrap();
        let run = RunId::from("r1");
        let sorted = |mut events: Vec<RunEvent>| {
            events.sort_by_key(|event| match event {
                RunEvent::TrialEnded(ended) => Some(ended.trial),
                _ => None,
            });
            events
        };
        proptest::prop_assert_eq!(sorted(replayed(&records, "r1")), sorted(told_before));
        let resume = records.resume(&run).unwrap();
        proptest::prop_assert_eq!(resume.ambiguous, open.sent);
        proptest::prop_assert_eq!(resume.received.len() as u64, open.received);
        let kept: Vec<_> = resume.finished.keys().copied().collect();
        let mut rest = vec![RunEvent::Resumed { kept: kept.len() as u64, ambiguous: resume.ambiguous }];
        for index in 0..12 {
            if kept.contains(&key(index)) {
                rest.push(RunEvent::TrialKept { trial: place(index), key: key(index) });
            } else {
                rest.extend(whole_trial(index));
            }
        }
        rest.push(ended(RunState::Completed));
        record(&mut records.recorder(&run).unwrap(), "r1", 1, rest);
        check_consistent(&records, "r1");
        proptest::prop_assert_eq!(records.run(&run).unwrap().unwrap().ended(), 12);
    }

    /// A power cut may take the end of the journal: what is left is whole groups.
    #[test]
    fn a_torn_journal_leaves_whole_groups(
        sizes in proptest::collection::vec(1_usize..9, 1..16),
        share in 0.0_f64..1.0,
    ) {
        let (dir, records) = records();
        let events = interleaved(12);
        let ends = record_in_groups(&records, &events, &sizes);
        let length = std::fs::metadata(dir.path().join(".strata/records.db-wal")).unwrap().len();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small")]
        let copy = killed(dir.path(), Some((length as f64 * share) as usize));
        let records = Records::open_with(copy.path(), 1 << 12).unwrap();
        let events_stored = records
            .read(|conn| conn.query_row("SELECT max(last_event) FROM runs", [], |row| row.get::<_, Option<i64>>(0)))
            .unwrap();
        let stored = usize::try_from(events_stored.unwrap_or(0)).unwrap();
        proptest::prop_assert!(ends.contains(&stored), "{} is not the end of a group: {:?}", stored, ends);
        proptest::prop_assert_eq!(replayed_or_none(&records, "r1").len(), told(&events[..stored]).len());
    }
}

struct Open {
    sent: u64,
    received: u64,
}

/// Attempts that were sent and not over, by whether a reply was stored.
fn open_attempts(events: &[RunEvent]) -> Open {
    let (mut sent, mut received) = (std::collections::HashSet::new(), std::collections::HashSet::new());
    for event in events {
        match event {
            RunEvent::AttemptSent(attempt) => drop(sent.insert(attempt.attempt)),
            RunEvent::AttemptReceived { attempt, .. } => drop(received.insert(*attempt)),
            RunEvent::AttemptEnded(attempt) => {
                sent.remove(&attempt.attempt);
                received.remove(&attempt.attempt);
            }
            _ => {}
        }
    }
    Open { sent: (sent.len() - received.len()) as u64, received: received.len() as u64 }
}
