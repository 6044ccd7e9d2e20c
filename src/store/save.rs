//! Saves definitions: one edit touches only its lines, what somebody else changed is never overwritten, and the last
//! three states of each file are kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::files::{cannot, fingerprint, private_folder, replace, stays_inside};
use super::ron::{edit, read, to_text};
use crate::domain::{Dataset, Definition, DefinitionKey, FORMAT, Fingerprint, Problem, Source};

/// How many earlier states of a file `.strata/backups` holds.
const BACKUPS: usize = 3;

/// What a save did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaveOutcome {
    /// Relative to the workspace.
    pub path: PathBuf,
    /// `false` where the file said it already.
    pub written: bool,
    /// SHA-256 of the file as it is now; `None` where it was removed. A watcher knows its own writes by it.
    pub fingerprint: Option<Fingerprint>,
}

#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The file says something else than `before`: somebody changed, added or removed it.
    #[error("`{}` was changed outside of Strata since it was read; nothing was saved", .path.display())]
    Changed { path: PathBuf, theirs: Option<Box<Definition>> },
    /// The file cannot be read any more, so that a save would lose what is in it.
    #[error("`{}` has an error, so nothing was saved: {problem}", .path.display())]
    Broken { path: PathBuf, problem: Box<Problem> },
    #[error("`{}` has format {format}, which this version of Strata only reads", .path.display())]
    Newer { path: PathBuf, format: u32 },
    #[error("`{name}` cannot be the name of a file: {reason}")]
    Name { name: String, reason: &'static str },
    #[error("{message} ({})", .path.display())]
    Io { path: PathBuf, message: String, source: io::Error },
    #[error("`{}` cannot be written: {reason}", .path.display())]
    Refused { path: PathBuf, reason: String },
}

/// Saves a definition: `before` is what it was when it was read (`None`: it is new), `after` what it shall be (`None`:
/// the file is removed).
///
/// # Errors
/// See [`SaveError`]; the file is as it was then.
pub fn save(
    root: &Path,
    key: &DefinitionKey,
    before: Option<&Definition>,
    after: Option<&Definition>,
) -> Result<SaveOutcome, SaveError> {
    use Definition as D;
    let wrong = || SaveError::Refused { path: key.path(), reason: "the definition is of another kind".to_owned() };
    macro_rules! of_kind {
        ($kind:path) => {{
            let take = |side: Option<&Definition>| match side {
                None => Ok(None),
                Some($kind(value)) => Ok(Some(std::sync::Arc::clone(value))),
                Some(_) => Err(wrong()),
            };
            let (before, after) = (take(before)?, take(after)?);
            File::new(root, key)?.save(before.as_deref(), after.as_deref(), |value| $kind(value.into()))
        }};
    }
    match key {
        DefinitionKey::Manifest => of_kind!(D::Manifest),
        DefinitionKey::Project(_) => of_kind!(D::Project),
        DefinitionKey::Prompt(..) => of_kind!(D::Prompt),
        DefinitionKey::Variant(..) => of_kind!(D::Variant),
        DefinitionKey::Dataset(..) => of_kind!(D::Dataset),
        DefinitionKey::Experiment(..) => of_kind!(D::Experiment),
        DefinitionKey::Release(..) => of_kind!(D::Release),
    }
}

/// Writes a definition beside the file that somebody else changed, as `<id>.conflict-<stamp>.ron`, so that neither side
/// is lost. Such files are not part of the workspace.
///
/// # Errors
/// See [`SaveError`].
pub fn save_conflict(root: &Path, key: &DefinitionKey, ours: &Definition, stamp: &str) -> Result<PathBuf, SaveError> {
    let path = key.path().with_extension(format!("conflict-{stamp}.ron"));
    let text = definition_text(ours).map_err(|reason| SaveError::Refused { path: path.clone(), reason })?;
    let file = File { root, path: root.join(&path), shown: path };
    replace(&file.path, text.as_bytes(), || Ok(())).map_err(|error| file.io("writte", error))?;
    Ok(file.shown)
}

/// A definition as the text of a new file.
///
/// # Errors
/// The value cannot be written as RON.
pub fn definition_text(definition: &Definition) -> Result<String, String> {
    match definition {
        Definition::Manifest(value) => to_text(&**value),
        Definition::Project(value) => to_text(&**value),
        Definition::Prompt(value) => to_text(&**value),
        Definition::Variant(value) => to_text(&**value),
        Definition::Dataset(value) => to_text(&**value),
        Definition::Experiment(value) => to_text(&**value),
        Definition::Release(value) => to_text(&**value),
    }
}

/// What a definition must have for [`save`]: its format, and whether it can stand for a missing file.
trait Saved: Serialize + DeserializeOwned + PartialEq + Clone {
    fn format(&self) -> u32;

    /// A dataset that is only a CSV or JSONL file has no RON file yet.
    fn needs_no_file(&self) -> bool {
        false
    }
}

macro_rules! saved {
    ($($kind:ident),+) => {$(
        impl Saved for crate::domain::$kind {
            fn format(&self) -> u32 {
                self.format
            }
        }
    )+};
}

saved!(Manifest, ProjectSpec, Prompt, Variant, Experiment, Release);

impl Saved for Dataset {
    fn format(&self) -> u32 {
        self.format
    }

    fn needs_no_file(&self) -> bool {
        matches!(&self.source, Source::File(file) if *self == Self::of_file(file.clone()))
    }
}

struct File<'r> {
    root: &'r Path,
    path: PathBuf,
    shown: PathBuf,
}

impl<'r> File<'r> {
    fn new(root: &'r Path, key: &DefinitionKey) -> Result<Self, SaveError> {
        let shown = key.path();
        check_names(key)?;
        let file = Self { root, path: root.join(&shown), shown };
        stays_inside(root, &file.path)
            .map_err(|error| SaveError::Refused { path: file.shown.clone(), reason: error.message })?;
        Ok(file)
    }

    fn save<T: Saved>(
        &self,
        before: Option<&T>,
        after: Option<&T>,
        wrap: impl Fn(T) -> Definition,
    ) -> Result<SaveOutcome, SaveError> {
        let newer = [before, after].into_iter().flatten().map(T::format).find(|format| *format > FORMAT);
        if let Some(format) = newer {
            return Err(SaveError::Newer { path: self.shown.clone(), format });
        }
        let bytes = self.bytes()?;
        self.compare(bytes.as_deref(), before, wrap)?;
        let Some(after) = after else { return self.remove(bytes.as_deref()) };
        let text = self.text(bytes.as_deref(), before, after)?;
        if bytes.as_deref() == Some(text.as_bytes()) {
            return Ok(self.outcome(false, Some(text.as_bytes())));
        }
        self.back_up(bytes.as_deref())?;
        replace(&self.path, text.as_bytes(), || self.unchanged(bytes.as_deref()))
            .map_err(|error| self.io("writte", error))?;
        Ok(self.outcome(true, Some(text.as_bytes())))
    }

    /// The file must say what `before` says. Comments and layout may have changed: they are kept.
    fn compare<T: Saved>(
        &self,
        bytes: Option<&[u8]>,
        before: Option<&T>,
        wrap: impl Fn(T) -> Definition,
    ) -> Result<(), SaveError> {
        let changed = |theirs: Option<T>| SaveError::Changed {
            path: self.shown.clone(),
            theirs: theirs.map(|theirs| Box::new(wrap(theirs))),
        };
        match (bytes, before) {
            (None, None) => Ok(()),
            (None, Some(before)) if before.needs_no_file() => Ok(()),
            (None, Some(_)) => Err(changed(None)),
            (Some(bytes), before) => {
                let loaded = read::<T>(bytes, &self.shown);
                match (loaded.value, before) {
                    (Some(theirs), Some(before)) if same(&theirs, before) => Ok(()),
                    (Some(theirs), _) => Err(changed(Some(theirs))),
                    (None, _) => Err(SaveError::Broken {
                        path: self.shown.clone(),
                        problem: Box::new(loaded.problems.into_iter().find(Problem::is_error).unwrap_or_else(|| {
                            Problem::error(crate::domain::Place::file(&self.shown), "The file cannot be read.", "")
                        })),
                    }),
                }
            }
        }
    }

    fn text<T: Saved>(&self, bytes: Option<&[u8]>, before: Option<&T>, after: &T) -> Result<String, SaveError> {
        let refused = |reason: String| SaveError::Refused { path: self.shown.clone(), reason };
        let source = bytes.and_then(|bytes| std::str::from_utf8(bytes).ok());
        match (source, before) {
            (Some(source), Some(before)) => edit(source, before, after).map_err(|error| refused(error.to_string())),
            _ => to_text(after).map_err(refused),
        }
    }

    fn bytes(&self) -> Result<Option<Vec<u8>>, SaveError> {
        match fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.io("read", error)),
        }
    }

    /// The last look before the rename: the bytes must still be those that the new text was made from.
    fn unchanged(&self, bytes: Option<&[u8]>) -> io::Result<()> {
        let now = match fs::read(&self.path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if now.as_deref() == bytes { Ok(()) } else { Err(io::Error::other(Raced)) }
    }

    fn remove(&self, bytes: Option<&[u8]>) -> Result<SaveOutcome, SaveError> {
        if bytes.is_some() {
            self.back_up(bytes)?;
            fs::remove_file(&self.path).map_err(|error| self.io("remove", error))?;
        }
        Ok(self.outcome(bytes.is_some(), None))
    }

    /// `.strata/backups/<path>.1` is the youngest.
    fn back_up(&self, bytes: Option<&[u8]>) -> Result<(), SaveError> {
        let Some(bytes) = bytes else { return Ok(()) };
        let folder = Path::new("backups").join(self.shown.parent().unwrap_or(Path::new("")));
        let folder = private_folder(self.root, &folder).map_err(|error| self.io("back up", error))?;
        let name = self.shown.file_name().unwrap_or_default().to_string_lossy();
        let slot = |number: usize| folder.join(format!("{name}.{number}"));
        if fs::read(slot(1)).is_ok_and(|youngest| youngest == bytes) {
            return Ok(());
        }
        for number in (1..BACKUPS).rev().filter(|number| slot(*number).exists()) {
            fs::rename(slot(number), slot(number + 1)).map_err(|error| self.io("back up", error))?;
        }
        super::files::write_atomic(&slot(1), bytes).map_err(|error| self.io("back up", error))
    }

    fn outcome(&self, written: bool, bytes: Option<&[u8]>) -> SaveOutcome {
        SaveOutcome { path: self.shown.clone(), written, fingerprint: bytes.map(fingerprint) }
    }

    fn io(&self, what: &str, source: io::Error) -> SaveError {
        let path = self.shown.clone();
        if source.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Raced>) {
            return SaveError::Changed { path, theirs: None };
        }
        SaveError::Io { path, message: cannot(what, &source), source }
    }
}

/// The file changed while it was being saved.
#[derive(Debug, thiserror::Error)]
#[error("the file changed while it was being saved")]
struct Raced;

/// Equal, NaN being equal to itself.
fn same<T: Saved>(a: &T, b: &T) -> bool {
    a == b || matches!((to_text(a), to_text(b)), (Ok(a), Ok(b)) if a == b)
}

/// Whether all parts of a key can be names of files and folders.
///
/// # Errors
/// [`SaveError::Name`] of the first that cannot.
pub(super) fn check_names(key: &DefinitionKey) -> Result<(), SaveError> {
    ids(key).into_iter().try_for_each(check_name)
}

/// The parts of a key that become names of files and folders.
fn ids(key: &DefinitionKey) -> Vec<&str> {
    match key {
        DefinitionKey::Manifest => Vec::new(),
        DefinitionKey::Project(project) => vec![project.as_str()],
        DefinitionKey::Prompt(project, id) => vec![project.as_str(), id.as_str()],
        DefinitionKey::Variant(project, id) => vec![project.as_str(), id.as_str()],
        DefinitionKey::Dataset(project, id) => vec![project.as_str(), id.as_str()],
        DefinitionKey::Experiment(project, id) => vec![project.as_str(), id.as_str()],
        DefinitionKey::Release(project, id) => vec![project.as_str(), id.as_str()],
    }
}

/// Ids must be good file names on every system.
fn check_name(stem: &str) -> Result<(), SaveError> {
    let device = stem.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let reason = if stem.is_empty() {
        "it is empty"
    } else if stem.chars().any(|c| c.is_control() || "/\\:*?\"<>|".contains(c)) {
        "it holds a character that file names must not have"
    } else if stem.starts_with(['.', '~']) || stem.ends_with(['.', ' ']) || stem.starts_with(' ') {
        "it begins or ends with a dot, a tilde or a space"
    } else if stem.len() > 120 {
        "it is longer than 120 bytes"
    } else if stem.contains(".conflict-") {
        "`.conflict-` marks copies of conflicts"
    } else if matches!(device.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || matches!(device.as_bytes(), [b'C', b'O', b'M', b'0'..=b'9'] | [b'L', b'P', b'T', b'0'..=b'9'])
    {
        "some systems keep it for a device"
    } else {
        return Ok(());
    };
    Err(SaveError::Name { name: stem.to_owned(), reason })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::open_workspace;
    use super::super::workspace::tests::{SMALL, workspace};
    use super::*;
    use crate::domain::{Prompt, PromptId, Workspace};

    fn key() -> DefinitionKey {
        DefinitionKey::Prompt("a".into(), "p".into())
    }

    fn open(root: &Path) -> (Workspace, Definition) {
        let opened = open_workspace(root).unwrap();
        let definition = opened.get(&key()).unwrap();
        (opened, definition)
    }

    fn titled(definition: &Definition, title: &str) -> Definition {
        let Definition::Prompt(prompt) = definition else { panic!() };
        Definition::Prompt(Arc::new(Prompt { title: title.to_owned(), ..(**prompt).clone() }))
    }

    #[test]
    fn an_edit_is_saved_and_the_old_file_is_kept() {
        let dir = workspace(&SMALL);
        let (_, mut before) = open(dir.path());
        for title in ["1", "2", "3", "4", "5"] {
            let after = titled(&before, title);
            let outcome = save(dir.path(), &key(), Some(&before), Some(&after)).unwrap();
            assert!(outcome.written && outcome.fingerprint.is_some());
            assert_eq!(open(dir.path()).1, after);
            before = after;
        }
        let backups: Vec<_> = fs::read_dir(dir.path().join(".strata/backups/projects/a/prompts")).unwrap().collect();
        assert_eq!(backups.len(), BACKUPS);
        let youngest = fs::read_to_string(dir.path().join(".strata/backups/projects/a/prompts/p.ron.1")).unwrap();
        assert!(youngest.contains("title: \"4\""), "{youngest}");
        assert_eq!(fs::read_to_string(dir.path().join(".strata/.gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn a_save_without_a_change_writes_nothing() {
        let dir = workspace(&SMALL);
        let (_, before) = open(dir.path());
        let outcome = save(dir.path(), &key(), Some(&before), Some(&before)).unwrap();
        assert!(!outcome.written);
        assert!(!dir.path().join(".strata").exists());
    }

    #[test]
    fn what_somebody_else_wrote_is_never_overwritten() {
        let dir = workspace(&SMALL);
        let path = dir.path().join(key().path());
        let (_, before) = open(dir.path());
        let after = titled(&before, "mine");
        let refused = |text: &str, theirs: bool| {
            fs::write(&path, text).unwrap();
            match save(dir.path(), &key(), Some(&before), Some(&after)) {
                Err(SaveError::Changed { theirs: found, .. }) => assert_eq!(found.is_some(), theirs),
                Err(SaveError::Broken { .. }) => assert!(!theirs),
                other => panic!("{other:?}"),
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        };
        refused("(title: \"theirs\")", true);
        refused("(title: ", false);
        fs::remove_file(&path).unwrap();
        let gone = save(dir.path(), &key(), Some(&before), Some(&after));
        assert!(matches!(gone, Err(SaveError::Changed { theirs: None, .. })), "{gone:?}");
        let copy = save_conflict(dir.path(), &key(), &after, "20261123-101500").unwrap();
        assert!(fs::read_to_string(dir.path().join(copy)).unwrap().contains("mine"));
    }

    #[test]
    fn a_comment_that_somebody_else_added_is_kept() {
        let dir = workspace(&SMALL);
        let (_, before) = open(dir.path());
        let path = dir.path().join(key().path());
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("// theirs\n{text}")).unwrap();
        save(dir.path(), &key(), Some(&before), Some(&titled(&before, "mine"))).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("// theirs\n") && text.contains("mine"), "{text}");
    }

    #[test]
    fn new_definitions_are_written_and_removed_ones_are_backed_up() {
        let dir = workspace(&SMALL);
        let (_, before) = open(dir.path());
        let new = DefinitionKey::Prompt("a".into(), "new".into());
        save(dir.path(), &new, None, Some(&before)).unwrap();
        assert_eq!(open_workspace(dir.path()).unwrap().get(&new), Some(before.clone()));
        assert!(matches!(save(dir.path(), &new, None, Some(&before)), Err(SaveError::Changed { .. })));
        save(dir.path(), &new, Some(&before), None).unwrap();
        assert_eq!(open_workspace(dir.path()).unwrap().get(&new), None);
        assert!(dir.path().join(".strata/backups/projects/a/prompts/new.ron.1").exists());
    }

    #[test]
    fn a_dataset_that_was_only_a_csv_gets_its_file() {
        let dir = workspace(&SMALL);
        let key = DefinitionKey::Dataset("a".into(), "d".into());
        let before = open(dir.path()).0.get(&key).unwrap();
        let Definition::Dataset(dataset) = &before else { panic!() };
        let after = Definition::Dataset(Arc::new(Dataset { title: "Cases".to_owned(), ..(**dataset).clone() }));
        save(dir.path(), &key, Some(&before), Some(&after)).unwrap();
        assert_eq!(open(dir.path()).0.get(&key), Some(after));
    }

    #[test]
    fn names_that_are_no_file_names_are_refused() {
        let dir = workspace(&SMALL);
        let (_, before) = open(dir.path());
        for bad in ["", "../x", "a/b", ".hidden", "a\0", "nul", "com1", "a:b", "x ", &"x".repeat(200)] {
            let key = DefinitionKey::Prompt("a".into(), PromptId::from(bad));
            let saved = save(dir.path(), &key, None, Some(&before));
            assert!(matches!(saved, Err(SaveError::Name { .. })), "{bad}: {saved:?}");
        }
    }

    #[test]
    fn a_newer_format_is_read_only() {
        let mut files = SMALL;
        files[3].1 = "(format: 2, title: \"x\", new: 1)";
        let dir = workspace(&files);
        let (_, before) = open(dir.path());
        let saved = save(dir.path(), &key(), Some(&before), Some(&titled(&before, "y")));
        assert!(matches!(saved, Err(SaveError::Newer { format: 2, .. })), "{saved:?}");
    }
}
