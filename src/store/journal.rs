//! The recovery journal: edits that are not saved yet, in `.strata/journal`, so that they survive a crash.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::definitions::{key_of, read_definition};
use super::files::{fingerprint, private_folder, write_atomic};
use super::ron::{MAX_BYTES, read, to_text};
use super::save::definition_text;
use crate::domain::{Definition, DefinitionKey};

/// One file for each definition with unsaved edits.
#[derive(Debug, Clone)]
pub struct Journal {
    root: PathBuf,
}

/// An edit that was not saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsaved {
    pub key: DefinitionKey,
    /// What the file said when the edit began; for [`super::save()`], which refuses where it says something else now.
    pub before: Option<Definition>,
    /// What the user made of it; `None` where it was removed.
    pub after: Option<Definition>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    path: String,
    before: Option<String>,
    after: Option<String>,
}

impl Journal {
    /// The journal of a workspace. Nothing is written before the first edit.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Remembers an edit; the next one of the same definition stands in its place.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn record(
        &self,
        key: &DefinitionKey,
        before: Option<&Definition>,
        after: Option<&Definition>,
    ) -> io::Result<()> {
        let text = |side: Option<&Definition>| side.map(definition_text).transpose().map_err(io::Error::other);
        let path = key.path().to_string_lossy().into_owned();
        let entry = to_text(&Entry { path, before: text(before)?, after: text(after)? }).map_err(io::Error::other)?;
        private_folder(&self.root, Path::new("journal"))?;
        write_atomic(&self.file(key), entry.as_bytes())
    }

    /// Forgets the edit of a definition, which was saved or given up.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn forget(&self, key: &DefinitionKey) -> io::Result<()> {
        match fs::remove_file(self.file(key)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The edits that were not saved when the program ended. An entry that cannot be read is passed over and kept.
    pub fn unsaved(&self) -> Vec<Unsaved> {
        let Ok(listing) = fs::read_dir(self.folder()) else { return Vec::new() };
        let mut files: Vec<PathBuf> = listing.flatten().map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "ron"));
        files.sort();
        files.iter().filter_map(|file| unsaved(file)).collect()
    }

    fn folder(&self) -> PathBuf {
        self.root.join(".strata").join("journal")
    }

    fn file(&self, key: &DefinitionKey) -> PathBuf {
        let name = fingerprint(key.path().to_string_lossy().as_bytes());
        self.folder().join(format!("{}.ron", name.short()))
    }
}

fn unsaved(file: &Path) -> Option<Unsaved> {
    fs::metadata(file).ok().filter(|about| about.is_file() && about.len() <= MAX_BYTES)?;
    let entry: Entry = read(&fs::read(file).ok()?, file).value?;
    let key = key_of(Path::new(&entry.path))?;
    let side = |text: Option<String>| match text {
        None => Some(None),
        Some(text) => read_definition(&key, text.as_bytes(), file).value.map(Some),
    };
    Some(Unsaved { before: side(entry.before)?, after: side(entry.after)?, key: key.clone() })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Content, Layer, Prompt, Text};

    fn prompt(text: &str) -> Definition {
        let content = Content::Text(Text { text: text.to_owned() });
        let layer = Layer { id: "l".into(), title: String::new(), note: String::new(), on: true, role: None, content };
        Definition::Prompt(Arc::new(Prompt { layers: vec![layer], ..Prompt::default() }))
    }

    #[test]
    fn the_last_edit_of_each_definition_is_remembered_until_it_is_saved() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        assert_eq!(journal.unsaved(), []);
        let (one, two) = (DefinitionKey::Prompt("a".into(), "p".into()), DefinitionKey::Prompt("a".into(), "q".into()));
        journal.record(&one, None, Some(&prompt("first"))).unwrap();
        journal.record(&one, None, Some(&prompt("a \"#\nsecond\n"))).unwrap();
        journal.record(&two, Some(&prompt("old")), None).unwrap();
        let mut found = Journal::new(dir.path()).unsaved();
        found.sort_by(|a, b| a.key.cmp(&b.key));
        let expect = [
            Unsaved { key: one.clone(), before: None, after: Some(prompt("a \"#\nsecond\n")) },
            Unsaved { key: two.clone(), before: Some(prompt("old")), after: None },
        ];
        assert_eq!(found, expect);
        journal.forget(&one).unwrap();
        journal.forget(&one).unwrap();
        assert_eq!(journal.unsaved().len(), 1);
    }

    #[test]
    fn a_broken_entry_does_not_hide_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::new(dir.path());
        journal.record(&DefinitionKey::Prompt("a".into(), "p".into()), None, Some(&prompt("x"))).unwrap();
        fs::write(dir.path().join(".strata/journal/000.ron"), "(path: \"projects").unwrap();
        assert_eq!(journal.unsaved().len(), 1);
    }
}
