//! The folder `.strata` of a workspace: private, ignored by git, never a link.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::RecordsError;

/// Paths in a workspace's record folder.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn of(workspace: &Path) -> Self {
        let workspace = workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned());
        Self { root: workspace.join(".strata") }
    }

    #[cfg(test)]
    pub(super) fn path(&self) -> &Path {
        &self.root
    }

    pub(super) fn database(&self) -> PathBuf {
        self.root.join("records.db")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.root.join("records.db-wal")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Who holds the lock, in words. It is a file of its own, since Windows lets nobody read a locked file.
    pub(super) fn holder(&self) -> PathBuf {
        self.root.join("holder")
    }

    pub(super) fn ballast(&self) -> PathBuf {
        self.root.join("ballast")
    }

    /// A link here could make Strata write anywhere.
    pub(super) fn refuse_links(&self) -> Result<(), RecordsError> {
        let files = [self.database(), self.journal(), self.root.join("records.db-shm")];
        let others = [self.root.clone(), self.lock(), self.holder(), self.ballast()];
        for path in files.into_iter().chain(others) {
            if fs::symlink_metadata(&path).is_ok_and(|data| data.file_type().is_symlink()) {
                return Err(RecordsError::Link { path });
            }
        }
        Ok(())
    }

    /// Makes the folder where it is missing, and makes it private where it is not.
    pub(super) fn create(&self) -> Result<(), RecordsError> {
        fs::create_dir_all(&self.root).map_err(|error| RecordsError::io(&self.root, error))?;
        make_private(&self.root, 0o700).map_err(|error| RecordsError::io(&self.root, error))?;
        let ignore = self.root.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(|error| RecordsError::io(&ignore, error))?;
        }
        let database = self.database();
        // SQLite gives its journals the mode of the database.
        private_file(&database).map(drop).map_err(|error| RecordsError::io(&database, error))
    }
}

/// Opens a file for reading and writing that only its user can read, made where it is missing.
pub(super) fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    make_private(path, 0o600)?;
    Ok(file)
}

/// Replaces what is in a private file.
pub(super) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = private_file(path)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())
}

#[cfg(unix)]
fn make_private(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path)?.permissions().mode() & 0o777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
fn make_private(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(()) // A user's folders are private to the user already.
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_ignores_itself_in_git() {
        let dir = tempfile::tempdir().unwrap();
        Folder::of(dir.path()).create().unwrap();
        assert_eq!(fs::read_to_string(dir.path().join(".strata/.gitignore")).unwrap(), "*\n");
    }

    #[cfg(unix)]
    #[test]
    fn an_open_folder_is_made_private() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::of(dir.path());
        fs::create_dir(folder.path()).unwrap();
        fs::write(folder.database(), "").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(folder.database(), fs::Permissions::from_mode(0o644)).unwrap();
        folder.create().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(folder.path()), mode(&folder.database())), (0o700, 0o600));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), dir.path().join(".strata")).unwrap();
        assert!(matches!(Folder::of(dir.path()).refuse_links(), Err(RecordsError::Link { .. })));
    }
}
