//! Why a file cannot be read.

use std::fmt;

use crate::domain::Place;

/// A file that cannot be imported: where, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ImportError {
    pub place: Place,
    /// What is wrong, as a sentence.
    pub message: String,
    /// What to do about it, as a sentence; empty where the message says it.
    pub hint: String,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.file.as_os_str().is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, " {}", self.hint) }
    }
}
