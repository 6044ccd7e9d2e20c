//! A file that is written piece by piece and takes its place only when it is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::files::{private, sync_folder, temporary_name};

/// The new content of a file, beside the old one until [`Replacement::commit`]. Dropped before, it leaves no trace.
pub struct Replacement {
    writer: BufWriter<File>,
    temporary: PathBuf,
    target: PathBuf,
}

impl Replacement {
    /// Begins to write; what cannot be written to is found now, and not when there is something to write.
    ///
    /// # Errors
    /// What the file system says.
    pub fn begin(path: &Path) -> io::Result<Self> {
        let target = if path.is_symlink() { path.canonicalize()? } else { path.to_owned() };
        if fs::metadata(&target).is_ok_and(|there| !there.is_file()) {
            return Err(io::Error::other("it is there, and is no file"));
        }
        if is_of_workspace(&target) {
            return Err(io::Error::other("it is a file of a workspace, which this would take the place of"));
        }
        let temporary = target.with_file_name(temporary_name(&target));
        let file = private().create_new(true).write(true).open(&temporary)?;
        if let Ok(old) = fs::metadata(&target) {
            file.set_permissions(old.permissions())?;
        }
        Ok(Self { writer: BufWriter::new(file), temporary, target })
    }

    /// Puts the whole file in its place.
    ///
    /// # Errors
    /// What the file system says; the old file is untouched then.
    pub fn commit(mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.writer.get_ref().sync_all()?;
        fs::rename(&self.temporary, &self.target)?;
        sync_folder(self.target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

/// Whether a file is there that people write: a definition, a dataset, the records.
fn is_of_workspace(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let root = path.ancestors().skip(1).find(|folder| folder.join("workspace.ron").is_file());
    let inside = root.and_then(|root| path.strip_prefix(root).ok());
    inside.is_some_and(|inside| {
        let is_definition = inside.extension().is_some_and(|extension| extension == "ron");
        is_definition || inside.starts_with("projects") || inside.starts_with(".strata")
    })
}

impl Write for Replacement {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // After a commit there is nothing under this name.
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_when_it_is_whole_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        fs::write(&path, "old").unwrap();
        let mut given_up = Replacement::begin(&path).unwrap();
        given_up.write_all(b"half").unwrap();
        drop(given_up);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        let mut whole = Replacement::begin(&path).unwrap();
        whole.write_all(b"new").unwrap();
        whole.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn files_of_a_workspace_are_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("projects/p/datasets")).unwrap();
        for name in ["workspace.ron", "projects/p/datasets/rows.csv", "desk.ron", "results.csv"] {
            fs::write(at(name), "old").unwrap();
        }
        for name in ["workspace.ron", "projects/p/datasets/rows.csv", "desk.ron"] {
            assert!(Replacement::begin(&at(name)).is_err(), "{name}");
        }
        for name in ["results.csv", "projects/p/new.csv"] {
            assert!(Replacement::begin(&at(name)).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_told_at_the_beginning() {
        assert!(Replacement::begin(Path::new("/nowhere/at/all/out.csv")).is_err());
        let folder = tempfile::tempdir().unwrap();
        assert!(Replacement::begin(folder.path()).is_err());
    }
}
