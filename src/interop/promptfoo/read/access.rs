//! Which files may be opened: those inside the config's folder and the granted roots, links followed.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};

/// Larger files are refused.
const LARGEST: u64 = 64 << 20;

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FileFault {
    Missing(PathBuf),
    /// Outside of every root.
    Outside(PathBuf),
    /// A folder, a device, too large, not to be opened; in a sentence.
    Unreadable(PathBuf, String),
}

impl FileFault {
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Missing(path) => format!("There is no file `{}`.", path.display()),
            Self::Outside(path) => {
                format!("`{}` lies outside the config's folder and needs trust.", path.display())
            }
            Self::Unreadable(path, why) => format!("`{}` cannot be read: {why}.", path.display()),
        }
    }
}

#[derive(Debug)]
pub(super) struct Access {
    folder: Option<PathBuf>,
    roots: Vec<PathBuf>,
}

impl Access {
    /// Roots that do not exist grant nothing.
    pub(super) fn new(folder: &Path, granted: &[PathBuf]) -> Self {
        let roots = std::iter::once(folder).chain(granted.iter().map(PathBuf::as_path));
        Self { folder: folder.canonicalize().ok(), roots: roots.filter_map(|root| root.canonicalize().ok()).collect() }
    }

    /// Where a granted path leads, if that is outside the config's folder.
    pub(super) fn granted(&self, path: &Path) -> Option<PathBuf> {
        let real = self.resolve(path).ok()?;
        let beside = self.folder.as_ref().is_some_and(|folder| real.starts_with(folder));
        (!beside).then_some(real)
    }

    /// The path with its links followed.
    pub(super) fn resolve(&self, path: &Path) -> Result<PathBuf, FileFault> {
        let inside = |path: &Path| self.roots.iter().any(|root| path.starts_with(root));
        match path.canonicalize() {
            Ok(real) if inside(&real) => Ok(real),
            Ok(_) => Err(FileFault::Outside(plain(path))),
            // What lies outside is not told apart by whether it is there.
            Err(_) if !inside(&nearest(path)) => Err(FileFault::Outside(plain(path))),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(FileFault::Missing(plain(path))),
            Err(error) => Err(FileFault::Unreadable(plain(path), error.to_string())),
        }
    }

    /// A file's text; what is not UTF-8 in it becomes U+FFFD.
    pub(super) fn text(&self, path: &Path) -> Result<String, FileFault> {
        Ok(String::from_utf8(self.bytes(path)?)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    pub(super) fn bytes(&self, path: &Path) -> Result<Vec<u8>, FileFault> {
        let real = self.resolve(path)?;
        let fault = |why: String| FileFault::Unreadable(plain(path), why);
        let about = fs::metadata(&real).map_err(|error| fault(error.to_string()))?;
        if !about.is_file() {
            return Err(fault("it is not a file".to_owned()));
        }
        if about.len() > LARGEST {
            return Err(fault(format!("it is larger than {} MB", LARGEST >> 20)));
        }
        let mut bytes = Vec::new();
        let file = File::open(&real).map_err(|error| fault(error.to_string()))?;
        file.take(LARGEST).read_to_end(&mut bytes).map_err(|error| fault(error.to_string()))?;
        Ok(bytes)
    }

    /// The names in a folder, and whether each is a folder itself (links are not).
    pub(super) fn names(&self, folder: &Path) -> Result<Vec<(String, bool)>, FileFault> {
        let real = self.resolve(folder)?;
        let entries = fs::read_dir(&real).map_err(|error| FileFault::Unreadable(plain(folder), error.to_string()))?;
        Ok(entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                Some((entry.file_name().into_string().ok()?, folder))
            })
            .collect())
    }

    pub(super) fn is_folder(&self, path: &Path) -> bool {
        self.resolve(path).is_ok_and(|real| real.is_dir())
    }
}

/// The real path of the deepest part that exists, with the rest put after it.
fn nearest(path: &Path) -> PathBuf {
    let path = plain(path);
    let real = path.ancestors().find_map(|part| {
        let real = part.canonicalize().ok()?;
        let rest = path.strip_prefix(part).ok()?;
        Some(real.join(rest))
    });
    real.unwrap_or(path)
}

/// The path without `.` and `..`, as far as they can be taken out.
pub(super) fn plain(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(parts.components().next_back(), Some(Component::Normal(_))) => {
                parts.pop();
            }
            Component::ParentDir if parts.has_root() => {}
            other => parts.push(other),
        }
    }
    parts
}
