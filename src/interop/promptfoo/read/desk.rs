//! What all parts of the reader share: the folder, the files read so far, and what there is to report.

use std::cell::{Ref, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::means::Means;
use super::super::report::{Ask, AskKind, Note, NoteKind, Refused};
use super::access::{Access, FileFault, plain};
use super::environment::Environment;
use super::spot::Spot;

/// A step of the reading; the error ends it.
pub(super) type Read<T> = Result<T, Refused>;

pub(super) struct Desk<'a> {
    pub means: &'a Means<'a>,
    pub access: Access,
    /// The config's folder, absolute.
    pub folder: PathBuf,
    pub environment: Environment<'a>,
    files: RefCell<HashMap<PathBuf, Result<Arc<str>, FileFault>>>,
    notes: RefCell<Vec<Note>>,
    asks: RefCell<Vec<Ask>>,
    /// What was asked for or noted already.
    told: RefCell<HashSet<String>>,
    /// Asks without which there is no suite.
    needed: RefCell<Vec<Ask>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(folder: &Path, means: &'a Means<'a>) -> Self {
        Self {
            means,
            access: Access::new(folder, &means.roots),
            folder: folder.to_owned(),
            environment: Environment::new(means),
            files: RefCell::default(),
            notes: RefCell::default(),
            asks: RefCell::default(),
            told: RefCell::default(),
            needed: RefCell::default(),
        }
    }

    /// `file://x`, or a bare path, below the config's folder.
    pub(super) fn path(&self, reference: &str) -> PathBuf {
        path_from(&self.folder, reference)
    }

    /// A file's text, read once. A file outside the folder is asked for, whether it is granted or not.
    pub(super) fn text(&self, path: &Path, spot: &Spot) -> Result<Arc<str>, FileFault> {
        let known = self.files.borrow().get(path).cloned();
        let found = known.unwrap_or_else(|| {
            let read = self.access.text(path).map(Arc::from);
            self.files.borrow_mut().insert(path.to_owned(), read.clone());
            read
        });
        self.ask_for_file(path, found.as_ref().err(), spot);
        found
    }

    /// A file's bytes, asked for as its text is.
    pub(super) fn bytes(&self, path: &Path, spot: &Spot) -> Result<Vec<u8>, FileFault> {
        let found = self.access.bytes(path);
        self.ask_for_file(path, found.as_ref().err(), spot);
        found
    }

    fn ask_for_file(&self, path: &Path, fault: Option<&FileFault>, spot: &Spot) {
        let outside = match fault {
            Some(FileFault::Outside(path)) => Some(path.clone()),
            Some(_) => None,
            None => self.access.granted(path),
        };
        if let Some(path) = outside {
            self.ask(AskKind::File, path.display().to_string(), spot);
        }
    }

    /// A file that the suite cannot be without: nothing where it needs trust first, so that all asks are told at once.
    pub(super) fn needed_text(&self, path: &Path, spot: &Spot) -> Read<Option<Arc<str>>> {
        match self.text(path, spot) {
            Ok(text) => Ok(Some(text)),
            Err(fault) => self.needed(&fault, spot).map(|()| None),
        }
    }

    pub(super) fn needed(&self, fault: &FileFault, spot: &Spot) -> Read<()> {
        let FileFault::Outside(path) = fault else {
            return Err(refuse(fault.sentence(), spot));
        };
        let ask =
            Ask { kind: AskKind::File, subject: path.display().to_string(), path: spot.path(), at: spot.location() };
        let mut needed = self.needed.borrow_mut();
        if !needed.iter().any(|known| known.subject == ask.subject) {
            needed.push(ask);
        }
        Ok(())
    }

    pub(super) fn ask(&self, kind: AskKind, subject: impl Into<String>, spot: &Spot) {
        let subject = subject.into();
        if self.told.borrow_mut().insert(format!("{kind:?} {subject}")) {
            self.asks.borrow_mut().push(Ask { kind, subject, path: spot.path(), at: spot.location() });
        }
    }

    pub(super) fn note(&self, kind: NoteKind, spot: &Spot, text: impl Into<String>) {
        self.tell(Note { kind, path: spot.path(), at: spot.location(), text: text.into() });
    }

    /// Keeps a note, where it is not there already.
    pub(super) fn tell(&self, note: Note) {
        if self.told.borrow_mut().insert(format!("{} {} {}", note.path, note.at, note.text)) {
            self.notes.borrow_mut().push(note);
        }
    }

    pub(super) fn warn(&self, spot: &Spot, text: impl Into<String>) {
        self.note(NoteKind::Warning, spot, text);
    }

    pub(super) fn unsupported(&self, spot: &Spot, text: impl Into<String>) {
        self.note(NoteKind::Unsupported, spot, text);
    }

    pub(super) fn still_needed(&self) -> Ref<'_, Vec<Ask>> {
        self.needed.borrow()
    }

    /// What there is to report; the same thing once, where it stands first.
    pub(super) fn reports(&self) -> (Vec<Ask>, Vec<Note>) {
        (self.asks.take(), self.notes.take())
    }
}

/// `file://x`, or a bare path, below a folder.
pub(super) fn path_from(folder: &Path, reference: &str) -> PathBuf {
    plain(&folder.join(reference.strip_prefix("file://").unwrap_or(reference)))
}

pub(super) fn refuse(message: impl Into<String>, spot: &Spot) -> Refused {
    Refused::new(message, spot.location())
}
