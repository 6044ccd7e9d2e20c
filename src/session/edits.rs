//! Edits, undo, and how they reach the disk: a second after the last keystroke, never over somebody else's change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use super::command::Command;
use super::disk::{self, SaveRefused};
use super::history::Step;
use super::notices::Level;
use super::state::Session;
use crate::domain::{Definition, DefinitionKey};

/// How long a definition rests before it is saved by itself.
const REST: Duration = Duration::from_secs(1);

/// An edit that goes on and on is saved this long after its first keystroke.
const LONGEST: Duration = Duration::from_secs(4);

/// What differs from the disk.
#[derive(Debug, Default)]
pub(super) struct Edits {
    unsaved: BTreeMap<DefinitionKey, Unsaved>,
    saving: bool,
    /// Counts saves, begun and ended.
    saves: u64,
    /// Changed here and on disk; not saved before a person has chosen.
    conflicts: BTreeSet<DefinitionKey>,
}

#[derive(Debug)]
struct Unsaved {
    /// What is on disk, as it was last read or written.
    on_disk: Option<Definition>,
    /// The first change since the last save, and the last one.
    since: Instant,
    changed: Instant,
}

impl Unsaved {
    fn due(&self) -> Instant {
        (self.changed + REST).min(self.since + LONGEST).max(self.changed)
    }
}

impl Edits {
    pub fn len(&self) -> usize {
        self.unsaved.len()
    }

    pub fn is_unsaved(&self, key: &DefinitionKey) -> bool {
        self.unsaved.contains_key(key)
    }

    pub fn is_saving(&self) -> bool {
        self.saving
    }

    pub fn next_due(&self, now: Instant) -> Option<Duration> {
        let waiting = self.unsaved.iter().filter(|(key, _)| !self.saving && !self.conflicts.contains(*key));
        waiting.map(|(_, unsaved)| unsaved.due().saturating_duration_since(now)).min()
    }

    pub fn saves(&self) -> u64 {
        self.saves
    }

    /// What has rested long enough by now; all that may be saved where no time is given.
    fn due(&self, now: Option<Instant>) -> Vec<DefinitionKey> {
        let rested = |(key, unsaved): &(&DefinitionKey, &Unsaved)| {
            !self.conflicts.contains(*key) && now.is_none_or(|now| now >= unsaved.due())
        };
        self.unsaved.iter().filter(rested).map(|(key, _)| key.clone()).collect()
    }
}

/// A definition on its way to the disk.
struct Saving {
    key: DefinitionKey,
    before: Option<Definition>,
    after: Option<Definition>,
}

impl Session {
    /// Puts a definition and remembers the step.
    pub(super) fn edit(&mut self, key: DefinitionKey, definition: Option<Definition>, now: Instant) {
        let before = self.workspace.as_ref().and_then(|workspace| workspace.get(&key));
        if self.put(&key, definition.as_ref(), now) {
            self.history.record(Step { key, before, after: definition }, now);
        }
    }

    pub(super) fn undo(&mut self) {
        if let Some(Step { key, before, .. }) = self.history.undo() {
            self.put(&key, before.as_ref(), Instant::now());
        }
    }

    pub(super) fn redo(&mut self) {
        if let Some(Step { key, after, .. }) = self.history.redo() {
            self.put(&key, after.as_ref(), Instant::now());
        }
    }

    /// Changes the workspace in memory. Returns whether anything is other than it was.
    fn put(&mut self, key: &DefinitionKey, after: Option<&Definition>, now: Instant) -> bool {
        let Some(workspace) = self.workspace.as_mut() else { return false };
        let before = workspace.put(key, after.cloned());
        let stands = workspace.get(key);
        if stands == before {
            return false;
        }
        let unsaved =
            self.edits.unsaved.entry(key.clone()).or_insert(Unsaved { on_disk: before, since: now, changed: now });
        unsaved.changed = now;
        if unsaved.on_disk == stands && !self.edits.saving {
            self.edits.unsaved.remove(key);
        }
        self.selection.settle(workspace);
        self.definitions_changed();
        true
    }

    pub(super) fn save_due(&mut self, now: Instant) {
        self.save(&self.edits.due(Some(now)));
    }

    pub(super) fn save_now(&mut self) {
        self.save(&self.edits.due(None));
    }

    /// Saves these definitions in one job. There is one at a time, so that a file's writes keep their order.
    fn save(&mut self, keys: &[DefinitionKey]) {
        let Some(workspace) = &self.workspace else { return };
        if keys.is_empty() || self.edits.saving {
            return;
        }
        let saving = |key: &DefinitionKey| {
            let before = self.edits.unsaved.get(key)?.on_disk.clone();
            Some(Saving { key: key.clone(), before, after: workspace.get(key) })
        };
        let batch: Vec<Saving> = keys.iter().filter_map(saving).collect();
        let root = workspace.root.clone();
        self.edits.saving = true;
        self.edits.saves += 1;
        self.jobs.blocking("Saving", move |_| {
            let results: Vec<_> = batch
                .into_iter()
                .map(|Saving { key, before, after }| {
                    let result = disk::save(&root, &key, before.as_ref(), after.as_ref());
                    (key, after, result)
                })
                .collect();
            Box::new(move |session| session.saved(results))
        });
    }

    fn saved(&mut self, results: Vec<(DefinitionKey, Option<Definition>, Result<(), SaveRefused>)>) {
        self.edits.saving = false;
        self.edits.saves += 1;
        for (key, after, result) in results {
            match result {
                Ok(()) => self.is_on_disk(&key, after),
                Err(SaveRefused::Conflict) => self.conflict(key),
                Err(SaveRefused::Failed(reason)) => {
                    // Tried again after a further rest, and at each Save.
                    if let Some(unsaved) = self.edits.unsaved.get_mut(&key) {
                        unsaved.changed = Instant::now() + REST * 9;
                        unsaved.since = unsaved.changed;
                    }
                    self.write_down(&key);
                    let text = format!("{} could not be saved. Your edit is kept in the window.", key.path().display());
                    self.notices.raise(Level::Error, text, reason, vec![Command::Save]);
                }
            }
        }
        self.grant_typed();
    }

    fn is_on_disk(&mut self, key: &DefinitionKey, written: Option<Definition>) {
        let now = self.workspace.as_ref().and_then(|workspace| workspace.get(key));
        if now == written {
            self.edits.unsaved.remove(key);
        } else if let Some(unsaved) = self.edits.unsaved.get_mut(key) {
            unsaved.on_disk = written;
            unsaved.since = unsaved.changed;
        }
        self.strike_out(key);
    }

    fn conflict(&mut self, key: DefinitionKey) {
        let path = key.path();
        self.notices.raise(
            Level::Warning,
            format!("{} was changed here and on disk.", path.display()),
            "Nothing was overwritten. Choose which one stays.",
            vec![Command::Overwrite(key.clone()), Command::TakeFromDisk(key.clone())],
        );
        self.write_down(&key);
        self.edits.conflicts.insert(key);
    }

    /// An edit that cannot be saved now goes into the journal, so that it outlives the program.
    fn write_down(&self, key: &DefinitionKey) {
        let (Some(workspace), Some(unsaved)) = (&self.workspace, self.edits.unsaved.get(key)) else { return };
        let (journal, key) = (disk::Journal::new(&workspace.root), key.clone());
        let (before, after) = (unsaved.on_disk.clone(), workspace.get(&key));
        self.jobs.quiet(move |_| {
            let result = journal.record(&key, before.as_ref(), after.as_ref());
            Box::new(move |session| {
                if let Err(error) = result {
                    session.notices.error("The journal of unsaved edits cannot be written.", error.to_string());
                }
            })
        });
    }

    fn strike_out(&self, key: &DefinitionKey) {
        let Some(workspace) = &self.workspace else { return };
        let (journal, key) = (disk::Journal::new(&workspace.root), key.clone());
        self.jobs.quiet(move |_| {
            let result = journal.forget(&key);
            Box::new(move |session| {
                if let Err(error) = result {
                    session.notices.warning("The journal of unsaved edits cannot be written.", error.to_string());
                }
            })
        });
    }

    /// Takes up edits that were not saved when the program ended.
    pub(super) fn recovered(&mut self, root: &Path, found: Vec<crate::store::Unsaved>) {
        if found.is_empty() || self.workspace.as_ref().is_none_or(|workspace| workspace.root != root) {
            return;
        }
        let count = found.len();
        for crate::store::Unsaved { key, before, after } in found {
            self.history.end_burst();
            self.edit(key.clone(), after, Instant::now());
            if let Some(unsaved) = self.edits.unsaved.get_mut(&key) {
                unsaved.on_disk = before;
            }
        }
        let text = if count == 1 { "An unsaved edit".to_owned() } else { format!("{count} unsaved edits") };
        self.notices.info(format!("{text} of the last time came back. Undo takes them away."));
    }

    /// What is in the window stands; the next save goes over what is on disk now.
    pub(super) fn overwrite(&mut self, key: DefinitionKey) {
        let Some(workspace) = &self.workspace else { return };
        let root = workspace.root.clone();
        self.jobs.blocking("Reading the file again", move |_| {
            let read = disk::open(&root);
            Box::new(move |session| match read {
                Ok(fresh) => {
                    if let Some(unsaved) = session.edits.unsaved.get_mut(&key) {
                        unsaved.on_disk = fresh.get(&key);
                    }
                    session.edits.conflicts.remove(&key);
                    session.save(&[key]);
                }
                Err(problem) => session.notices.error(problem.message, problem.hint),
            })
        });
    }

    /// What is on disk stands; the edit stays in the history.
    pub(super) fn take_from_disk(&mut self, key: &DefinitionKey) {
        let Some(workspace) = &self.workspace else { return };
        let (root, key) = (workspace.root.clone(), key.clone());
        self.jobs.blocking("Reading the file again", move |_| {
            let read = disk::open(&root);
            Box::new(move |session| match read {
                Ok(fresh) => {
                    session.edits.conflicts.remove(&key);
                    session.history.end_burst();
                    session.edit(key.clone(), fresh.get(&key), Instant::now());
                    session.history.end_burst();
                    session.edits.unsaved.remove(&key);
                    session.strike_out(&key);
                }
                Err(problem) => session.notices.error(problem.message, problem.hint),
            })
        });
    }

    /// Takes in files as they are on disk now. What is unsaved here stays, and is a conflict where its file changed.
    pub(super) fn merge(&mut self, mut fresh: crate::domain::Workspace) {
        let Some(workspace) = &self.workspace else { return };
        let mut conflicts = Vec::new();
        for (key, unsaved) in &self.edits.unsaved {
            if fresh.get(key) != unsaved.on_disk && !self.edits.saving {
                conflicts.push(key.clone());
            }
            fresh.put(key, workspace.get(key));
        }
        for key in conflicts {
            if !self.edits.conflicts.contains(&key) {
                self.conflict(key);
            }
        }
        let differs = self.workspace.as_ref() != Some(&fresh);
        // A dataset's own file may have changed, which no definition tells.
        self.shelf.clear();
        self.preview_due(Instant::now());
        self.selection.settle(&fresh);
        self.workspace = Some(fresh);
        if differs {
            self.definitions_changed();
        }
    }

    pub(super) fn forget_edits(&mut self) {
        self.edits = Edits::default();
        self.history.clear();
    }

    /// Whether a definition is not on disk as it is here.
    #[must_use]
    pub fn is_unsaved(&self, key: &DefinitionKey) -> bool {
        self.edits.is_unsaved(key)
    }
}
