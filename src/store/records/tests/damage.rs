//! Damaged files: a clear error or a right answer, never a panic.

use super::super::samples::*;
use super::super::*;
use crate::domain::{CallFilter, CallQuery, RunEvent, RunId, RunState};

/// The bytes of a closed file with two runs in it.
fn bytes() -> Vec<u8> {
    let (dir, records) = records();
    record_run(&records, "r1", 30, Some(RunState::Completed));
    record_run(&records, "r2", 10, None);
    drop(records);
    std::fs::read(dir.path().join(".strata/records.db")).unwrap()
}

/// Asks everything there is to ask of a file; what counts is that each question is answered or refused.
fn ask_everything(bytes: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".strata")).unwrap();
    std::fs::write(dir.path().join(".strata/records.db"), bytes).unwrap();
    let records = match Records::open_with(dir.path(), 1 << 12) {
        Ok(records) => records,
        Err(error) => return assert!(error.to_string().contains("records.db"), "{error}"),
    };
    let run = RunId::from("r1");
    drop(records.runs());
    drop(records.replay(&run, &mut |_| ()));
    drop(records.trial(&run, place(4)));
    drop(records.outputs(&run, &[place(0), place(1)], 100));
    drop(records.search_outputs(&run, "answer", 5));
    drop(records.calls(&CallQuery::default(), 0, 1000));
    drop(records.call_sums(&CallFilter::default()));
    drop(records.alerts());
    drop(records.spend_by(SpendBy::Day, None));
    drop(records.spend_by(SpendBy::Model, None));
    drop(records.notices(&run));
    let _ = records.cache().get(&request(1));
    drop(records.resume(&RunId::from("r2")));
    if let Ok(mut recorder) = records.recorder(&RunId::from("r2")) {
        let events = [vec![RunEvent::Resumed { kept: 0, ambiguous: 0 }], whole_trial(3)].concat();
        drop(recorder.record(&number("r2", 1, events)));
    }
    drop(records.delete_run(&run));
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 64, ..Default::default() })]

    #[test]
    fn changed_bytes_are_an_error_or_do_not_matter(
        changes in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), 0_u8..=255), 1..40),
    ) {
        use std::sync::LazyLock;
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(bytes);
        let mut bytes = WHOLE.clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        ask_everything(&bytes);
    }
}

#[test]
fn a_file_that_ends_anywhere_is_an_error_or_does_not_matter() {
    let whole = bytes();
    for part in 0..24 {
        ask_everything(&whole[..whole.len() * part / 24]);
    }
}

#[test]
fn a_file_that_was_not_closed_is_looked_through() {
    let (dir, records) = records();
    record_run(&records, "r1", 400, None);
    records.inner.writer().unwrap().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    record_run(&records, "r2", 1, None);
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join(".strata")).unwrap();
    for name in ["records.db", "records.db-wal"] {
        let mut bytes = std::fs::read(dir.path().join(".strata").join(name)).unwrap();
        if name == "records.db" {
            // Page 20 and the next are rows and indices; the journal does not hold them.
            bytes[20 * 4096..22 * 4096].fill(0x5a);
        }
        std::fs::write(copy.path().join(".strata").join(name), bytes).unwrap();
    }
    let refused = Records::open(copy.path()).unwrap_err();
    assert!(matches!(refused, RecordsError::Damaged { .. }), "{refused:?}");
    assert!(refused.to_string().contains("set the file aside"), "{refused}");
}
