//! One writer: a lock of the operating system, which ends with its program however that ends.

use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};

use jiff::Timestamp;

use super::error::RecordsError;
use super::folder::{Folder, private_file, write_private};

/// Who has the records. It is what that program wrote about itself, for people; the lock is the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub pid: Option<u32>,
    pub host: Option<String>,
    pub since: Option<Timestamp>,
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("another program")?;
        match (self.pid, &self.host) {
            (Some(pid), Some(host)) => write!(f, " (process {pid} on {host}"),
            (Some(pid), None) => write!(f, " (process {pid}"),
            (None, _) => return Ok(()),
        }?;
        if let Some(since) = self.since {
            write!(f, ", since {since:.0}")?;
        }
        f.write_char(')')
    }
}

/// The right to write, until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// The lock, or who has it.
pub(super) fn take(folder: &Folder) -> Result<Result<Lock, Held>, RecordsError> {
    let path = folder.lock();
    let file = private_file(&path).map_err(|error| RecordsError::io(&path, error))?;
    match file.try_lock() {
        Ok(()) => {
            // Only for people: a disk that is too full for these bytes must not keep the records shut.
            let _ = write_private(&folder.holder(), &introduce());
            Ok(Ok(Lock { _file: file }))
        }
        Err(TryLockError::WouldBlock) => Ok(Err(parse(&fs::read_to_string(folder.holder()).unwrap_or_default()))),
        Err(TryLockError::Error(error)) => Err(RecordsError::io(&path, error)),
    }
}

fn introduce() -> String {
    format!("pid {}\nhost {}\nsince {}\n", std::process::id(), host(), Timestamp::now())
}

fn parse(text: &str) -> Held {
    let value = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map(|value| value.trim().to_owned())
    };
    Held {
        pid: value("pid").and_then(|pid| pid.parse().ok()),
        host: value("host").filter(|host| !host.is_empty()),
        since: value("since").and_then(|since| since.parse().ok()),
    }
}

fn host() -> String {
    let from_kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    from_kernel
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map_or_else(|| "this computer".to_owned(), |name| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_is_first_and_the_lock_ends_with_its_holder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::of(dir.path());
        folder.create().unwrap();
        let first = take(&folder).unwrap().expect("nobody has it");
        let held = take(&folder).unwrap().expect_err("the first has it");
        assert_eq!(held.pid, Some(std::process::id()));
        assert!(held.host.is_some() && held.since.is_some());
        drop(first);
        assert!(take(&folder).unwrap().is_ok());
    }

    #[test]
    fn a_holder_that_says_nothing_sensible_is_still_a_holder() {
        assert_eq!(parse("pid x\nwhat\n").to_string(), "another program");
        let held = parse("pid 12\nhost desk\nsince 2026-11-23T14:05:01Z\n");
        assert_eq!(held.to_string(), "another program (process 12 on desk, since 2026-11-23T14:05:01Z)");
    }
}
