//! Who may open what: second programs, older and newer formats, files of others.

use super::super::samples::*;
use super::super::*;
use super::support::*;
use crate::domain::*;

#[test]
fn a_second_program_reads_while_the_first_writes() {
    let (dir, first) = records();
    let mut recorder = first.recorder(&RunId::from("r1")).unwrap();
    let mut events = vec![RunEvent::Started(header("r1", 4))];
    events.extend(whole_trial(0));
    record(&mut recorder, "r1", 1, events.clone());
    let second = Records::open(dir.path()).unwrap();
    let Access::Held(held) = second.access().clone() else { panic!("{:?}", second.access()) };
    assert_eq!(held.pid, Some(std::process::id()));
    assert_eq!(replayed(&second, "r1"), told(&events));
    let Err(refused) = second.recorder(&RunId::from("r2")) else { panic!("it must not write") };
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    record(&mut recorder, "r1", 10, whole_trial(1));
    assert_eq!(replayed(&second, "r1").len(), 3, "what is written later is seen as well");
    drop((recorder, first));
    assert!(Records::open(dir.path()).unwrap().access().can_write());
}

/// The first format, as a program of then wrote it.
const FIRST_FORMAT: &str = include_str!("first_format.sql");

#[test]
fn the_first_format_is_brought_up_to_date_and_a_copy_stays() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".strata")).unwrap();
    let path = dir.path().join(".strata/records.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(FIRST_FORMAT).unwrap();
    let records = Records::open_with(dir.path(), 1 << 12).unwrap();
    check_consistent(&records, "20261123-140501-7f3a");
    let detail = records.trial(&"20261123-140501-7f3a".into(), place(0)).unwrap().unwrap();
    assert_eq!(detail.ended.answer.unwrap().text, "Kind regards");
    assert_eq!(detail.attempts.len(), 1);
    record_run(&records, "r2", 4, Some(RunState::Completed));
    assert_eq!(records.runs().unwrap().len(), 2);
    let copy = rusqlite::Connection::open(dir.path().join(".strata/records.v1.db")).unwrap();
    let version: i32 = copy.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
}

/// What the second format added.
const SECOND_STEP: &str =
    "CREATE TABLE notices(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, event TEXT NOT NULL) STRICT;
    CREATE INDEX notices_of_run ON notices(run);
    PRAGMA user_version = 2;";

#[test]
fn the_second_format_gets_a_call_log_that_is_found_by_time() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join(".strata")).unwrap();
    let path = dir.path().join(".strata/records.db");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(FIRST_FORMAT).unwrap();
    conn.execute_batch(SECOND_STEP).unwrap();
    drop(conn);
    let records = Records::open_with(dir.path(), 1 << 12).unwrap();
    let calls = records.calls(&CallQuery::default(), 0, 10).unwrap();
    assert_eq!((calls.len(), calls[0].run.as_str(), calls[0].temperature), (1, "20261123-140501-7f3a", None));
    assert_eq!(records.alerts().unwrap(), []);
    check_consistent(&records, "20261123-140501-7f3a");
    assert!(dir.path().join(".strata/records.v2.db").exists());
}

#[test]
fn records_of_a_newer_version_are_only_read() {
    let (dir, records) = records();
    let events = record_run(&records, "r1", 2, Some(RunState::Completed));
    records.inner.writer().unwrap().pragma_update(None, "user_version", 99).unwrap();
    drop(records);
    let records = Records::open(dir.path()).unwrap();
    assert!(matches!(records.access(), Access::Newer { found: 99, .. }));
    assert!(records.access().to_string().contains("a newer version of Strata"));
    assert_eq!(replayed(&records, "r1"), told(&events));
    assert!(matches!(records.recorder(&RunId::from("r2")), Err(RecordsError::ReadOnly(_))));
}

#[test]
fn files_of_others_are_refused_and_can_be_set_aside() {
    let check = |write: &dyn Fn(&std::path::Path), expect: &str| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".strata")).unwrap();
        let path = dir.path().join(".strata/records.db");
        write(&path);
        let refused = Records::open(dir.path()).unwrap_err();
        assert!(matches!(refused, RecordsError::Foreign { .. }), "{refused:?}");
        assert!(refused.to_string().contains(expect), "{refused}");
        let aside = Records::set_aside(dir.path()).unwrap();
        assert!(aside.exists());
        assert!(Records::open_with(dir.path(), 1 << 12).unwrap().access().can_write());
    };
    check(
        &|path| std::fs::write(path, "not a database at all, but long enough to be looked at".repeat(99)).unwrap(),
        "not a database",
    );
    let sql = |path: &std::path::Path, sql: &str| rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
    check(&|path| sql(path, "CREATE TABLE t(a)"), "another program");
    check(
        &|path| {
            sql(path, FIRST_FORMAT);
            sql(path, "CREATE TRIGGER evil AFTER INSERT ON runs BEGIN DELETE FROM attempts; END");
        },
        "triggers",
    );
}
