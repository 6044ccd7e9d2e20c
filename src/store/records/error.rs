//! What can go wrong with records, each as sentences that say what to do.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::domain::RunId;

#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    #[error("SQLite {found} may damage records that two programs use; 3.51.3 or newer is needed. Build Strata anew.")]
    SqliteTooOld { found: String },
    #[error("The records cannot be kept on {filesystem}, a network file system ({}). Move the workspace to a disk of this computer.", path.display())]
    Network { path: PathBuf, filesystem: String },
    #[error("{} is not a file of records ({detail}). Move it away, and new records will be begun.", path.display())]
    Foreign { path: PathBuf, detail: String },
    #[error("The records in {} are damaged ({detail}). Put a backup in its place, or set the file aside to begin anew.", path.display())]
    Damaged { path: PathBuf, detail: String },
    #[error("{} is a link. The records must be a real folder in the workspace: remove the link.", path.display())]
    Link { path: PathBuf },
    #[error("The disk of {} is full: free some space; the run goes on by itself.", path.display())]
    Full { path: PathBuf },
    #[error("{} cannot be written ({detail}). Make it writable; the run goes on by itself.", path.display())]
    NotWritable { path: PathBuf, detail: String },
    #[error("Another program is at work in {}. Wait for it to end, then try again.", path.display())]
    Busy { path: PathBuf },
    #[error("{0}")]
    ReadOnly(String),
    #[error("There is no run `{0}` in the records.")]
    NoRun(RunId),
    #[error("The run `{0}` is under way. Stop it first.")]
    UnderWay(RunId),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("The records in {} could not be used: {detail}.", path.display())]
    Other { path: PathBuf, detail: String },
}

impl RecordsError {
    /// Whether waiting and trying again may help without anybody's doing anything in Strata.
    #[must_use]
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::NotWritable { .. } | Self::Busy { .. })
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { path, detail: source.to_string() }
            }
            _ => Self::Io { path, source },
        }
    }

    /// What a failure of `SQLite` means to people; `path` is the database file.
    pub(super) fn sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure) => {
                Self::NotWritable { path, detail }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::NotADatabase) => Self::Foreign { path, detail },
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, detail },
            None if is_bad_value(error) => Self::Damaged { path, detail },
            _ => Self::Other { path, detail },
        }
    }
}

/// A value in the file is not what its column promises.
fn is_bad_value(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
            | rusqlite::Error::InvalidColumnType(..)
    )
}
