//! [`Records`]: the one type through which everything else sees the record database.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::ballast::{self, Ballast};
use super::error::RecordsError;
use super::folder::Folder;
use super::lock::{self, Held, Lock};
use super::{medium, schema};
use crate::domain::RunId;

/// The records of one workspace. Clones are the same records.
#[derive(Clone)]
pub struct Records {
    pub(super) inner: Arc<Inner>,
}

/// What this program may do with the records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    Write,
    /// Another program writes them.
    Held(Held),
    /// A newer version of Strata wrote them.
    Newer {
        found: i32,
        known: i32,
    },
    /// The folder cannot be written.
    Medium {
        detail: String,
    },
}

impl Access {
    #[must_use]
    pub const fn can_write(&self) -> bool {
        matches!(self, Self::Write)
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write => f.write_str("The records can be read and written."),
            Self::Held(held) => {
                write!(f, "The records are read-only here, since {held} has them. Close it to start runs here.")
            }
            Self::Newer { found, known } => write!(
                f,
                "The records are read-only here, since a newer version of Strata wrote them (format {found}; this one \
                 knows {known}). Use the newer version to start runs."
            ),
            Self::Medium { detail } => write!(
                f,
                "The records are read-only here, since their folder cannot be written ({detail}). Make it writable to \
                 start runs."
            ),
        }
    }
}

/// Fields are dropped in this order: connections before the lock.
pub(super) struct Inner {
    pool: Pool,
    writer: Option<Mutex<Connection>>,
    pub(super) active: Mutex<BTreeSet<RunId>>,
    pub(super) ballast: Ballast,
    access: Access,
    warning: Option<String>,
    pub(super) path: PathBuf,
    _lock: Option<Lock>,
}

impl Records {
    /// Opens the records of a workspace, and begins them where there are none.
    ///
    /// The first program to open them may write; others, and this one too where it cannot write, read ([`Self::access`]).
    ///
    /// # Errors
    /// A network file system, a damaged or foreign file, an `SQLite` with known faults, a folder that cannot be used.
    pub fn open(workspace: &Path) -> Result<Self, RecordsError> {
        Self::open_with(workspace, ballast::SIZE)
    }

    pub(super) fn open_with(workspace: &Path, ballast: u64) -> Result<Self, RecordsError> {
        schema::refuse_old_sqlite(rusqlite::version_number())?;
        let warning = medium::check(workspace)?;
        let folder = Folder::of(workspace);
        folder.refuse_links()?;
        let opened = match folder.create().and_then(|()| lock::take(&folder)) {
            Ok(Ok(lock)) => open_as_writer(&folder, lock)?,
            Ok(Err(held)) => open_as_reader(&folder, Access::Held(held), false)?,
            Err(RecordsError::NotWritable { detail, .. }) => {
                let still = !folder.journal().exists();
                open_as_reader(&folder, Access::Medium { detail }, still)?
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                pool: Pool { source: opened.source, idle: Mutex::default() },
                writer: opened.writer.map(Mutex::new),
                active: Mutex::default(),
                ballast: Ballast::new(folder.ballast(), ballast),
                access: opened.access,
                warning,
                path: folder.database(),
                _lock: opened.lock,
            }),
        })
    }

    /// Moves damaged or foreign records out of the way, so that new ones can be begun. Returns where they are now.
    ///
    /// # Errors
    /// Another program has them open, or the folder cannot be written.
    pub fn set_aside(workspace: &Path) -> Result<PathBuf, RecordsError> {
        let folder = Folder::of(workspace);
        folder.refuse_links()?;
        let path = folder.database();
        let Ok(_lock) = lock::take(&folder)? else { return Err(RecordsError::Busy { path }) };
        let mut names = (1..1000).map(|number| path.with_file_name(format!("records.damaged-{number}.db")));
        let target = names.find(|name| !name.exists()).unwrap_or_else(|| path.with_extension("damaged"));
        let move_file =
            |from: &Path, to: &Path| std::fs::rename(from, to).map_err(|error| RecordsError::io(from, error));
        move_file(&path, &target)?;
        for suffix in ["-wal", "-shm"] {
            let (from, to) = (with_suffix(&path, suffix), with_suffix(&target, suffix));
            if from.exists() {
                move_file(&from, &to)?;
            }
        }
        Ok(target)
    }

    #[must_use]
    pub fn access(&self) -> &Access {
        &self.inner.access
    }

    /// Something about the place of the records that a person should know.
    #[must_use]
    pub fn warning(&self) -> Option<&str> {
        self.inner.warning.as_deref()
    }

    /// The database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Runs a question on a connection that can only read and that waits for nobody.
    pub(super) fn read<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, RecordsError> {
        self.inner.read(question)
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("path", &self.inner.path).field("access", &self.inner.access).finish()
    }
}

impl Inner {
    pub(super) fn read<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, RecordsError> {
        self.pool.with(question).map_err(|error| self.explain(&error))
    }

    /// The connection that writes, for as long as the guard lives.
    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Connection>, RecordsError> {
        let writer = self.writer.as_ref().ok_or_else(|| RecordsError::ReadOnly(self.access.to_string()))?;
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn explain(&self, error: &rusqlite::Error) -> RecordsError {
        RecordsError::sqlite(&self.path, error)
    }

    pub(super) fn active(&self) -> MutexGuard<'_, BTreeSet<RunId>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes connections that nobody uses, so that the journal can be emptied.
    pub(super) fn close_idle_readers(&self) {
        self.pool.idle().clear();
    }
}

struct Opened {
    source: Source,
    writer: Option<Connection>,
    access: Access,
    lock: Option<Lock>,
}

fn open_as_writer(folder: &Folder, lock: Lock) -> Result<Opened, RecordsError> {
    let path = folder.database();
    let sqlite = |error: rusqlite::Error| RecordsError::sqlite(&path, &error);
    let unclean = std::fs::metadata(folder.journal()).is_ok_and(|data| data.len() > 0);
    let mut conn = schema::open_to_write(&path).map_err(sqlite)?;
    let found = schema::identify(&conn, &path)?;
    if unclean {
        schema::quick_check(&conn, &path)?;
    }
    let source = Source::File { path: path.clone(), still: false };
    if found > schema::version() {
        let access = Access::Newer { found, known: schema::version() };
        return Ok(Opened { source, writer: None, access, lock: None });
    }
    schema::migrate(&mut conn, &path, found)?;
    Ok(Opened { source, writer: Some(conn), access: Access::Write, lock: Some(lock) })
}

fn open_as_reader(folder: &Folder, access: Access, still: bool) -> Result<Opened, RecordsError> {
    let path = folder.database();
    let begun = std::fs::metadata(&path).is_ok_and(|data| data.len() > 0);
    if !begun {
        return Ok(Opened { source: Source::Nothing, writer: None, access, lock: None });
    }
    let sqlite = |error: rusqlite::Error| RecordsError::sqlite(&path, &error);
    let conn = schema::open_to_read(&path, still).map_err(sqlite)?;
    let found = schema::identify(&conn, &path)?;
    // An older format under another program's hands is about to be migrated by it; ours would not fit.
    let source = if found < schema::version() { Source::Nothing } else { Source::File { path: path.clone(), still } };
    Ok(Opened { source, writer: None, access, lock: None })
}

enum Source {
    File {
        path: PathBuf,
        still: bool,
    },
    /// There is nothing to read.
    Nothing,
}

/// Connections that read. Each is used by one thread at a time and kept for the next.
struct Pool {
    source: Source,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    const KEPT: usize = 4;

    fn with<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let waiting = self.idle().pop();
        let conn = match waiting {
            Some(conn) => conn,
            None => self.open()?,
        };
        let answer = question(&conn)?;
        let mut idle = self.idle();
        if idle.len() < Self::KEPT {
            idle.push(conn);
        }
        Ok(answer)
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        match &self.source {
            Source::File { path, still } => schema::open_to_read(path, *still),
            Source::Nothing => schema::empty(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::super::samples::record_run;
    use super::*;

    #[test]
    fn a_medium_that_cannot_be_written_is_read_whatever_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = dir.path().join("50 % of #1? yes");
        std::fs::create_dir(&workspace).unwrap();
        let records = Records::open_with(&workspace, 1 << 12).unwrap();
        record_run(&records, "r1", 2, None);
        drop(records);
        let folder = Folder::of(&workspace);
        assert!(!folder.journal().exists(), "closing empties the journal");
        let access = Access::Medium { detail: "read-only".to_owned() };
        let opened = open_as_reader(&folder, access, true).unwrap();
        let pool = Pool { source: opened.source, idle: Mutex::default() };
        let runs = pool.with(|conn| conn.query_row("SELECT count(*) FROM runs", [], |row| row.get::<_, i64>(0)));
        assert_eq!(runs.unwrap(), 1);
        assert!(!folder.journal().exists(), "reading leaves nothing behind");
    }

    #[test]
    fn a_medium_without_records_has_no_runs() {
        let dir = tempfile::tempdir().unwrap();
        let opened = open_as_reader(&Folder::of(dir.path()), Access::Medium { detail: String::new() }, true).unwrap();
        let pool = Pool { source: opened.source, idle: Mutex::default() };
        let runs = pool.with(|conn| conn.query_row("SELECT count(*) FROM runs", [], |row| row.get::<_, i64>(0)));
        assert_eq!(runs.unwrap(), 0);
    }

    #[test]
    fn questions_are_answered_while_the_writer_writes() {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open_with(dir.path(), 1 << 12).unwrap();
        record_run(&records, "r1", 2, None);
        let mut writer = records.inner.writer().unwrap();
        let transaction = writer.transaction().unwrap();
        transaction.execute("DELETE FROM runs", []).unwrap();
        assert_eq!(records.runs().unwrap().len(), 1, "what is not committed is not seen, and nobody waits");
    }
}
