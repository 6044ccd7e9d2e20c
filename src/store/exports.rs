//! The repositories that a person lets a workspace export into: kept apart from what the workspace itself asks for, since
//! nobody but the person names them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files::write_atomic;
use super::ron::{read, to_text};
use crate::domain::{Place, Problem};

const FILE: &str = "exports.ron";

/// Grants by workspace.
#[derive(Debug, Clone)]
pub struct ExportGrants {
    file: PathBuf,
    grants: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    /// The file could not be read: it is not overwritten, and nothing is granted.
    broken: bool,
}

impl ExportGrants {
    /// The grants in a folder. Where they cannot be read, nothing is granted, and the problem says why.
    pub fn load(folder: &Path) -> (Self, Option<Problem>) {
        let file = folder.join(FILE);
        let none = |broken| Self { file: folder.join(FILE), grants: BTreeMap::new(), broken };
        let bytes = match fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (none(false), None),
            Err(error) => {
                let message = super::files::cannot("read", &error);
                let hint = "No repository is granted until then.";
                return (none(true), Some(Problem::error(Place::file(&file), message, hint)));
            }
        };
        let loaded = read(&bytes, &file);
        match loaded.value {
            Some(grants) => (Self { grants, ..none(false) }, None),
            None => (none(true), loaded.problems.into_iter().find(Problem::is_error)),
        }
    }

    /// The repositories that this workspace may write into.
    pub fn of(&self, workspace: &Path) -> BTreeSet<PathBuf> {
        self.grants.get(&key(workspace)).cloned().unwrap_or_default()
    }

    /// Remembers which repositories the workspace may write into; none forgets it.
    ///
    /// # Errors
    /// The file cannot be written, or could not be read; what was granted before still holds then.
    pub fn set(&mut self, workspace: &Path, repositories: BTreeSet<PathBuf>) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("the file of grants has an error and is not overwritten; mend or remove it"));
        }
        let mut grants = self.grants.clone();
        if repositories.is_empty() {
            grants.remove(&key(workspace));
        } else {
            grants.insert(key(workspace), repositories);
        }
        write_atomic(&self.file, to_text(&grants).map_err(io::Error::other)?.as_bytes())?;
        self.grants = grants;
        Ok(())
    }
}

fn key(workspace: &Path) -> PathBuf {
    workspace.canonicalize().unwrap_or_else(|_| workspace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_hold_for_one_workspace_and_survive() {
        let dir = tempfile::tempdir().unwrap();
        let (mut grants, problem) = ExportGrants::load(dir.path());
        assert_eq!(problem, None);
        let (one, two) = (Path::new("/w/one"), Path::new("/w/two"));
        let repository: BTreeSet<PathBuf> = [PathBuf::from("/r")].into();
        grants.set(one, repository.clone()).unwrap();
        let (again, _) = ExportGrants::load(dir.path());
        assert_eq!((again.of(one), again.of(two)), (repository, BTreeSet::new()));
        grants.set(one, BTreeSet::new()).unwrap();
        assert_eq!(ExportGrants::load(dir.path()).0.of(one), BTreeSet::new());
    }

    #[test]
    fn a_broken_file_grants_nothing_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "{oops").unwrap();
        let (mut grants, problem) = ExportGrants::load(dir.path());
        assert!(problem.is_some());
        assert!(grants.set(Path::new("/w"), [PathBuf::from("/r")].into()).is_err());
        assert_eq!(fs::read_to_string(dir.path().join(FILE)).unwrap(), "{oops");
    }
}
