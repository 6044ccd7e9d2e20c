//! Watches a workspace for changes that somebody else makes.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::domain::{Place, Problem};

/// Changes are told when nothing more has come for this long …
const QUIET: Duration = Duration::from_millis(150);
/// … or this long after the first, so that a busy folder is seen too.
const LONGEST: Duration = Duration::from_millis(800);

/// Watches until it is dropped.
pub struct Watcher {
    _watcher: RecommendedWatcher,
}

/// Calls `changed` on a thread of its own with the paths that changed, relative to the workspace, at most 1 s after the
/// change. The machine's own files (`.strata`, `.git`, temporary files) are left out. The program's own saves are among
/// them: compare the fingerprint of [`super::SaveOutcome`].
///
/// # Errors
/// The system cannot watch the folder; changes are then seen only when the workspace is opened again.
pub fn watch(root: &Path, changed: impl Fn(Vec<PathBuf>) + Send + 'static) -> Result<Watcher, Problem> {
    let problem = |error: &dyn std::fmt::Display| {
        let hint = "Open the workspace again to see what others change.";
        Problem::warning(Place::file(root), format!("The folder cannot be watched: {error}."), hint)
    };
    let root = root.canonicalize().map_err(|error| problem(&error))?;
    let (sender, receiver) = channel();
    let handler = handler(root.clone(), sender);
    let mut watcher = notify::recommended_watcher(handler).map_err(|error| problem(&error))?;
    watcher.watch(&root, RecursiveMode::Recursive).map_err(|error| problem(&error))?;
    std::thread::Builder::new()
        .name("watch".to_owned())
        .spawn(move || {
            while let Some(paths) = gather(&receiver, QUIET, LONGEST) {
                changed(paths);
            }
        })
        .map_err(|error| problem(&error))?;
    Ok(Watcher { _watcher: watcher })
}

fn handler(root: PathBuf, sender: Sender<PathBuf>) -> impl Fn(notify::Result<notify::Event>) {
    move |event| {
        let Ok(event) = event else { return };
        if matches!(event.kind, EventKind::Access(_)) {
            return;
        }
        for path in event.paths.iter().filter_map(|path| path.strip_prefix(&root).ok()) {
            if is_watched(path) {
                // Nobody listens any more when the watcher is being dropped.
                let _ = sender.send(path.to_owned());
            }
        }
    }
}

/// Hidden files and folders are not part of a workspace.
fn is_watched(path: &Path) -> bool {
    path.components().all(|part| match part {
        Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
        _ => true,
    })
}

/// Waits for a change and gathers those that follow it; `None` when there will be no more.
fn gather(receiver: &Receiver<PathBuf>, quiet: Duration, longest: Duration) -> Option<Vec<PathBuf>> {
    let mut paths = BTreeSet::from([receiver.recv().ok()?]);
    let end = Instant::now() + longest;
    loop {
        let left = end.saturating_duration_since(Instant::now()).min(quiet);
        match receiver.recv_timeout(left) {
            Ok(path) if !left.is_zero() => drop(paths.insert(path)),
            Ok(path) => {
                paths.insert(path);
                return Some(paths.into_iter().collect());
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                return Some(paths.into_iter().collect());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_come_together_are_told_together_and_once() {
        let (sender, receiver) = channel();
        for path in ["b", "a", "b"] {
            sender.send(PathBuf::from(path)).unwrap();
        }
        drop(sender);
        let gathered = gather(&receiver, Duration::from_mins(1), Duration::from_mins(1));
        assert_eq!(gathered, Some(vec![PathBuf::from("a"), PathBuf::from("b")]));
        assert_eq!(gather(&receiver, QUIET, LONGEST), None);
    }

    #[test]
    fn the_machines_own_files_are_left_out() {
        for (path, expect) in [
            ("projects/a/prompts/p.ron", true),
            (".strata/records.db-wal", false),
            ("projects/a/prompts/.p.ron.1.tmp", false),
        ] {
            assert_eq!(is_watched(Path::new(path)), expect, "{path}");
        }
    }

    #[test]
    fn a_change_by_somebody_else_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, receiver) = channel();
        let watcher = watch(dir.path(), move |paths| drop(sender.send(paths))).unwrap();
        std::fs::write(dir.path().join("workspace.ron"), "()").unwrap();
        let seen = receiver.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(seen, [PathBuf::from("workspace.ron")]);
        drop(watcher);
    }
}
