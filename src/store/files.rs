//! Files inside a workspace: which paths are allowed, how bytes are read and how they are written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use super::ron::MAX_BYTES;
use crate::domain::{Fingerprint, Place, Problem};

/// What stands in the way of a path that a definition gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PathError {
    pub message: String,
    pub hint: &'static str,
}

/// A path that a definition gives, below `folder`; it may not lead out of `root`, by itself or through a link.
///
/// # Errors
/// Absolute paths, `..`, `~`, URLs, backslashes, what is not an ordinary file, and links that leave the workspace.
pub fn inside(root: &Path, folder: &Path, given: &str) -> Result<PathBuf, PathError> {
    let refuse =
        |message: String| Err(PathError { message, hint: "Give a path inside the workspace, such as `cases.csv`." });
    if given.is_empty() {
        return refuse("The path is empty.".to_owned());
    }
    let odd = given.contains(['\\', '\0'])
        || given.contains("://")
        || given.starts_with(['~', '/'])
        || given.get(1..2) == Some(":");
    if odd || !Path::new(given).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
        return refuse(format!("The path `{}` leads out of the workspace.", given.escape_debug()));
    }
    let path = folder.join(given);
    stays_inside(root, &path)?;
    Ok(path)
}

/// An existing path, links followed, must be below the root.
pub(super) fn stays_inside(root: &Path, path: &Path) -> Result<(), PathError> {
    let (Ok(real), Ok(root)) = (path.canonicalize(), root.canonicalize()) else { return Ok(()) };
    if real.starts_with(&root) {
        return Ok(());
    }
    Err(PathError {
        message: "The file is a link that leads out of the workspace.".to_owned(),
        hint: "Copy the file into the workspace.",
    })
}

/// Reads an ordinary file of at most `limit` bytes.
///
/// # Errors
/// A problem at `shown`: not there, not readable, not an ordinary file, too large, a link that leaves the workspace.
pub(super) fn read_inside(root: &Path, path: &Path, shown: &Path, limit: u64) -> Result<Vec<u8>, Problem> {
    let place = || Place::file(shown);
    stays_inside(root, path).map_err(|error| Problem::error(place(), error.message, error.hint))?;
    let unreadable = |error: &io::Error| Problem::error(place(), cannot("read", error), "");
    let about = fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !about.is_file() {
        return Err(Problem::error(place(), "This is not an ordinary file.", "Remove it or put a file in its place."));
    }
    if about.len() > limit {
        let message = format!("The file is larger than {} MB.", limit / (1024 * 1024));
        return Err(Problem::error(place(), message, "Put cases into a CSV or JSONL file beside it."));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&error))?;
    Ok(bytes)
}

/// A text file that the user names, wherever it is.
///
/// # Errors
/// A problem at `path`: not there, not readable, not an ordinary file, larger than 16 MB, not UTF-8.
pub fn read_text(path: &Path) -> Result<String, Problem> {
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let bytes = read_inside(Path::new("/"), &real, path, MAX_BYTES)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("The file is not UTF-8: the byte at {at} is none of its letters.");
        Problem::error(Place::file(path), message, "Save it as UTF-8.")
    })
}

/// `The file cannot be read: permission denied.`
pub(super) fn cannot(what: &str, error: &io::Error) -> String {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        _ => error.to_string(),
    };
    format!("The file cannot be {what}{}: {reason}.", if what == "read" { "" } else { "n" })
}

pub(super) fn fingerprint(bytes: &[u8]) -> Fingerprint {
    Fingerprint(Sha256::digest(bytes).into())
}

/// Writes a file so that at any moment the old or the new one is there, complete: a temporary file beside it, flushed to
/// the disk, renamed over it. A link keeps its target; the mode of the old file stays, a new file is for its owner only.
///
/// # Errors
/// What the file system says; the old file is untouched then.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(path, bytes, || Ok(()))
}

/// Like [`write_atomic`]; `last_look` may still refuse when everything is written and only the rename is left.
pub(super) fn replace(path: &Path, bytes: &[u8], last_look: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let target = if path.is_symlink() { path.canonicalize()? } else { path.to_owned() };
    let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let temporary = folder.join(temporary_name(&target));
    let done =
        write_new(&temporary, &target, bytes).and_then(|()| last_look()).and_then(|()| fs::rename(&temporary, &target));
    if done.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    done?;
    sync_folder(folder)
}

fn write_new(temporary: &Path, target: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private().create_new(true).write(true).open(temporary)?;
    if let Ok(old) = fs::metadata(target) {
        file.set_permissions(old.permissions())?;
    }
    file.write_all(bytes)?;
    file.sync_all()
}

pub(super) fn temporary_name(target: &Path) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.{}-{}.tmp", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

/// New files are readable by their owner only.
#[cfg(unix)]
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(not(unix))]
pub(super) fn private() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(unix)]
fn private_builder() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(not(unix))]
fn private_builder() -> fs::DirBuilder {
    fs::DirBuilder::new()
}

#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Creates a folder for the machine's own files: for its owner only, and unknown to git.
///
/// # Errors
/// What the file system says.
pub(super) fn private_folder(root: &Path, below: &Path) -> io::Result<PathBuf> {
    let own = root.join(".strata");
    let folder = own.join(below);
    private_builder().recursive(true).create(&folder)?;
    let ignore = own.join(".gitignore");
    if !ignore.exists() {
        fs::write(ignore, "*\n")?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        for bad in [
            "../x.csv",
            "/etc/passwd",
            "~/x",
            "\\\\host\\share",
            "file:///etc/passwd",
            "C:\\x",
            "a/../../x",
            "",
            "a\0b",
        ] {
            assert!(inside(dir.path(), dir.path(), bad).is_err(), "{bad}");
        }
        assert_eq!(inside(dir.path(), dir.path(), "a/b.csv").unwrap(), dir.path().join("a/b.csv"));
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_inside_or_are_refused() {
        let outside = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.csv"), "x").unwrap();
        fs::write(dir.path().join("own.csv"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path().join("secret.csv"), dir.path().join("out.csv")).unwrap();
        std::os::unix::fs::symlink(dir.path().join("own.csv"), dir.path().join("in.csv")).unwrap();
        assert!(inside(dir.path(), dir.path(), "out.csv").is_err());
        assert!(inside(dir.path(), dir.path(), "in.csv").is_ok());
        assert!(read_inside(dir.path(), &dir.path().join("out.csv"), Path::new("out.csv"), 9).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_write_keeps_mode_and_link_and_leaves_nothing_behind() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("a.ron"), dir.path().join("link.ron"));
        write_atomic(&file, b"one").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_atomic(&link, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o644);
        assert!(link.is_symlink());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_refused_write_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.ron");
        fs::write(&file, "old").unwrap();
        let refused = replace(&file, b"new", || Err(io::Error::other("no")));
        assert!(refused.is_err());
        assert_eq!(fs::read(&file).unwrap(), b"old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
