//! What the reader has to say besides the suite: refusals, asks for trust, and notes.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A place in a file. Line and column count from 1; line 0 is the file as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    pub file: Arc<Path>,
    pub line: usize,
    /// In characters.
    pub column: usize,
}

impl Location {
    /// The file as a whole.
    #[must_use]
    pub fn whole(file: impl Into<Arc<Path>>) -> Self {
        Self { file: file.into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.file.display())?;
        if self.line > 0 { write!(out, ":{}:{}", self.line, self.column) } else { Ok(()) }
    }
}

/// Why a config gives no suite.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// promptfoo refuses it too, or it cannot be read.
    #[error("{at}: {message}")]
    Invalid { message: String, at: Location },
    /// It cannot be read without files that need trust. All that it asks for is listed, those files first.
    #[error("The config asks for what needs trust: {}.", list(.0))]
    NeedsTrust(Vec<Ask>),
}

fn list(asks: &[Ask]) -> String {
    asks.iter().map(Ask::to_string).collect::<Vec<_>>().join(", ")
}

impl Refused {
    pub(super) fn new(message: impl Into<String>, at: Location) -> Self {
        Self::Invalid { message: message.into(), at }
    }
}

/// Something that runs or is read only after the user has agreed to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub kind: AskKind,
    /// What exactly: a path, an address, or where the code stands.
    pub subject: String,
    /// The part of the file that asks first, like `providers[1].transform`.
    pub path: String,
    pub at: Location,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AskKind {
    /// JavaScript, for the sandbox.
    Script,
    /// A file or folder outside the config's folder.
    File,
    /// An address that the config names for its calls.
    Origin,
    /// A variable of the process, which a text of the config asks for.
    Environment,
}

impl fmt::Display for Ask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = &self.subject;
        match self.kind {
            AskKind::Script => write!(out, "run the script `{subject}`"),
            AskKind::File => write!(out, "read `{subject}`, outside the config's folder"),
            AskKind::Origin => write!(out, "send to {subject}"),
            AskKind::Environment => write!(out, "read the variable {subject} of the environment"),
        }
    }
}

/// Something that the import report tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub kind: NoteKind,
    /// The part of the config, like `tests[3].assert[0].treshold`.
    pub path: String,
    pub at: Location,
    /// A sentence.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// promptfoo has no such key; it is kept for the way back.
    Unknown,
    /// A feature that is not carried out; it is kept for the way back.
    Unsupported,
    /// Read, but perhaps not as meant.
    Warning,
    /// Carried out by an evaluation; a project that is made of it does not have it.
    NotInProject,
    /// A template prints a variable that nothing gives: it prints nothing there, as in promptfoo.
    Unfilled,
}
