//! The file's format: how it is opened, checked and brought up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::RecordsError;

/// Says in the file's header that it is ours ("Strt").
const APPLICATION_ID: i32 = 0x5374_7274;

/// The first version without the fault that damages a file which two connections checkpoint (WAL reset, 3.7.0–3.51.2).
const OLDEST_SQLITE: i32 = 3_051_003;

/// The version of the format is the number of steps taken. Steps are never changed, only added.
const STEPS: &[&str] = &[BASE, NOTICES, CALL_LOG, GUARDED, BREAKDOWN];

const BASE: &str = "
CREATE TABLE runs(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL,
    experiment TEXT NOT NULL,
    started_at INTEGER NOT NULL,            -- nanoseconds since 1970, like all times here
    ended_at INTEGER,
    state INTEGER NOT NULL,
    header TEXT NOT NULL,
    passed INTEGER NOT NULL DEFAULT 0,      -- totals over placed trials
    failed INTEGER NOT NULL DEFAULT 0,
    unscored INTEGER NOT NULL DEFAULT 0,
    errored INTEGER NOT NULL DEFAULT 0,
    ambiguous INTEGER NOT NULL DEFAULT 0,   -- totals over attempts
    spent INTEGER NOT NULL DEFAULT 0,       -- nano-dollars, like all money here
    last_event INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE models(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE completions(
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    text TEXT NOT NULL,
    more TEXT                               -- JSON: reasoning and tool calls, where there are any
) STRICT;

CREATE TABLE attempts(
    id INTEGER PRIMARY KEY,                 -- run << 40 | n
    trial INTEGER NOT NULL,                 -- the id that the trial has or will have
    key BLOB NOT NULL,
    request BLOB NOT NULL,
    case_no INTEGER NOT NULL,
    slot INTEGER NOT NULL,                  -- variant << 32 | model << 16 | repeat
    purpose INTEGER NOT NULL,               -- -1: answer, -2: vector, -3 and below: layer, else check
    number INTEGER NOT NULL,
    model INTEGER NOT NULL,
    reserved INTEGER,
    sent_at INTEGER NOT NULL,
    state INTEGER NOT NULL,
    cost INTEGER,                           -- what is booked as spent
    cacheable INTEGER NOT NULL DEFAULT 0,
    status INTEGER,
    fault TEXT,
    error TEXT,
    retry_in INTEGER,
    content INTEGER,
    finish TEXT,
    input INTEGER, output INTEGER, cached_input INTEGER, cache_write INTEGER, reasoning INTEGER,
    answered_by TEXT, request_id TEXT, first_token REAL, latency REAL
) STRICT;
CREATE INDEX attempts_of_trial ON attempts(trial);
CREATE INDEX attempts_cached ON attempts(request) WHERE cacheable = 1;

CREATE TABLE replies(
    attempt INTEGER PRIMARY KEY,
    status INTEGER NOT NULL,
    headers TEXT NOT NULL,
    streamed INTEGER NOT NULL,
    first_token REAL,
    latency REAL,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE trials(
    id INTEGER PRIMARY KEY,                 -- run << 40 | n
    run INTEGER NOT NULL,
    case_no INTEGER,                        -- NULL: superseded, not in the plan of now
    slot INTEGER,
    key BLOB NOT NULL,
    request BLOB NOT NULL,
    case_id TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    score REAL,
    fault TEXT,
    error TEXT,
    cached INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    cost INTEGER,
    spent INTEGER NOT NULL,
    judge_spent INTEGER NOT NULL,
    content INTEGER,
    finish TEXT,
    input INTEGER, output INTEGER, cached_input INTEGER, cache_write INTEGER, reasoning INTEGER,
    answered_by TEXT, request_id TEXT, first_token REAL, latency REAL,
    checks TEXT,                            -- JSON: [metric, verdict, score, weight] each
    reasons TEXT                            -- JSON: a sentence each, apart since a replay does without
) STRICT;
CREATE UNIQUE INDEX trials_by_place ON trials(run, case_no, slot);
";

const NOTICES: &str = "
CREATE TABLE notices(
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    event TEXT NOT NULL                     -- JSON
) STRICT;
CREATE INDEX notices_of_run ON notices(run);
";

const CALL_LOG: &str = "
CREATE INDEX attempts_by_time ON attempts(sent_at);
CREATE INDEX attempts_failed ON attempts(fault, sent_at) WHERE fault IS NOT NULL;
CREATE TABLE alerts(
    run INTEGER NOT NULL,
    rule TEXT NOT NULL,
    subject TEXT NOT NULL,
    count INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    cause TEXT NOT NULL,
    acknowledged_by TEXT,                   -- NULL: nobody yet
    acknowledged_at INTEGER,
    PRIMARY KEY(run, rule, subject)
) STRICT;
";

const GUARDED: &str = "
ALTER TABLE trials ADD COLUMN guarded TEXT; -- JSON: what the guards did, where they did anything
";

const BREAKDOWN: &str = "
ALTER TABLE trials ADD COLUMN breakdown TEXT; -- JSON: what an imported project's verdict is made of, apart like reasons
";

/// The format that this version writes.
pub(super) fn version() -> i32 {
    i32::try_from(STEPS.len()).unwrap_or(i32::MAX)
}

pub(super) fn refuse_old_sqlite(version: i32) -> Result<(), RecordsError> {
    if version >= OLDEST_SQLITE {
        return Ok(());
    }
    let (major, minor, patch) = (version / 1_000_000, version / 1000 % 1000, version % 1000);
    Err(RecordsError::SqliteTooOld { found: format!("{major}.{minor}.{patch}") })
}

/// A connection that can write.
pub(super) fn open_to_write(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | SAFE_FLAGS;
    let conn = Connection::open_with_flags(path, flags)?;
    harden(&conn)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;
         PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384;",
    )?;
    Ok(conn)
}

/// A connection that can only read. `still`: nobody else writes, so that no journal is needed (read-only media).
pub(super) fn open_to_read(path: &Path, still: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | SAFE_FLAGS;
    let conn = if still {
        Connection::open_with_flags(still_uri(path), flags | OpenFlags::SQLITE_OPEN_URI)?
    } else {
        Connection::open_with_flags(path, flags)?
    };
    harden(&conn)?;
    conn.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -16384;")?;
    Ok(conn)
}

/// What stands in for records that are not there and cannot be begun.
pub(super) fn empty() -> rusqlite::Result<Connection> {
    let conn = Connection::open_in_memory()?;
    STEPS.iter().try_for_each(|step| conn.execute_batch(step))?;
    Ok(conn)
}

const SAFE_FLAGS: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX.union(OpenFlags::SQLITE_OPEN_NOFOLLOW);

/// The file may come from somebody else: nothing in its schema is run.
fn harden(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    // Plans do not depend on the values that are bound, so that no statement is prepared anew each time it is run: partial
    // indexes would have it so.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    conn.execute_batch("PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;")
}

fn still_uri(path: &Path) -> String {
    let text = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{text}?immutable=1")
}

/// Whose file it is and which format it has; 0 for a new one.
pub(super) fn identify(conn: &Connection, path: &Path) -> Result<i32, RecordsError> {
    let sqlite = |error: rusqlite::Error| RecordsError::sqlite(path, &error);
    let number = |sql| conn.query_row(sql, [], |row| row.get::<_, i32>(0)).map_err(sqlite);
    let objects = number("SELECT count(*) FROM sqlite_schema")?;
    if objects == 0 {
        return Ok(0);
    }
    let foreign = |detail: &str| RecordsError::Foreign { path: path.to_owned(), detail: detail.to_owned() };
    if number("PRAGMA application_id")? != APPLICATION_ID {
        return Err(foreign("it is the database of another program"));
    }
    if number("SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')")? > 0 {
        return Err(foreign("it holds triggers or views, which Strata never writes"));
    }
    number("PRAGMA user_version")
}

/// Looks through the whole file, for when the last writer did not close it.
pub(super) fn quick_check(conn: &Connection, path: &Path) -> Result<(), RecordsError> {
    let answer: String = conn
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| RecordsError::sqlite(path, &error))?;
    if answer == "ok" { Ok(()) } else { Err(RecordsError::Damaged { path: path.to_owned(), detail: answer }) }
}

/// Takes the steps that are missing, all or none of them. An older file is copied beside it first.
pub(super) fn migrate(conn: &mut Connection, path: &Path, found: i32) -> Result<(), RecordsError> {
    let sqlite = |error: rusqlite::Error| RecordsError::sqlite(path, &error);
    if found == version() {
        return Ok(());
    }
    if found > 0 {
        back_up(conn, path, found)?;
    }
    let transaction = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(step).map_err(sqlite)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(sqlite)?;
    transaction.pragma_update(None, "user_version", version()).map_err(sqlite)?;
    transaction.commit().map_err(sqlite)
}

fn back_up(conn: &Connection, path: &Path, found: i32) -> Result<(), RecordsError> {
    let copy = path.with_file_name(format!("records.v{found}.db"));
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(|error| RecordsError::sqlite(path, &error))?;
    std::fs::copy(path, &copy).map(drop).map_err(|error| RecordsError::io(&copy, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_sqlites_are_refused_by_name() {
        assert!(refuse_old_sqlite(rusqlite::version_number()).is_ok());
        assert!(refuse_old_sqlite(3_051_003).is_ok());
        let refused = refuse_old_sqlite(3_051_002).unwrap_err();
        assert!(refused.to_string().starts_with("SQLite 3.51.2 "), "{refused}");
    }

    #[test]
    fn the_journal_is_flushed_with_every_commit() {
        let dir = tempfile::tempdir().unwrap();
        let conn = open_to_write(&dir.path().canonicalize().unwrap().join("records.db")).unwrap();
        let pragma = |name: &str| conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((pragma("synchronous"), pragma("trusted_schema"), pragma("cell_size_check")), (2, 0, 1));
        let mode: String = conn.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
    }
}
