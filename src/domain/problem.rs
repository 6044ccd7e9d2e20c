//! A mistake in a file, told so that the reader can mend it: place, what is wrong, what to do.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ids::LayerId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    Warning,
    Error,
}

/// Where in a file; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Place {
    /// Relative to the workspace, where the file is in it.
    pub file: PathBuf,
    /// A text inside a layer of the file's prompt; lines and columns then count within that text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Box<LayerText>>,
    pub line: Option<u32>,
    pub column: Option<u32>,
}

/// One of the texts of a layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LayerText {
    pub layer: LayerId,
    /// `identity.role`, lists counted from 1; empty for the layer as a whole, or where it is one text.
    pub field: String,
}

impl Place {
    #[must_use]
    pub fn file(file: impl Into<PathBuf>) -> Self {
        Self { file: file.into(), ..Self::default() }
    }

    #[must_use]
    pub fn at(file: impl Into<PathBuf>, line: u32, column: u32) -> Self {
        Self::file(file).line(line, column)
    }

    /// The same place, at this line and column.
    #[must_use]
    pub fn line(self, line: u32, column: u32) -> Self {
        Self { line: Some(line), column: Some(column), ..self }
    }

    /// The layer of the prompt in this file.
    #[must_use]
    pub fn layer(self, layer: LayerId) -> Self {
        Self { inside: Some(Box::new(LayerText { layer, field: String::new() })), ..self }
    }

    /// The text of this name in the layer.
    #[must_use]
    pub fn field(mut self, field: &str) -> Self {
        if let Some(inside) = &mut self.inside {
            field.clone_into(&mut inside.field);
        }
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(inside) = &self.inside {
            write!(f, " · layer {}", inside.layer)?;
            if !inside.field.is_empty() {
                write!(f, " · {}", inside.field)?;
            }
        }
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
pub struct Problem {
    pub severity: Severity,
    pub place: Place,
    /// What is wrong, as a sentence.
    pub message: String,
    /// What to do about it, as a sentence; empty where the message says it.
    pub hint: String,
}

impl Problem {
    #[must_use]
    pub fn error(place: Place, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity: Severity::Error, place, message: message.into(), hint: hint.into() }
    }

    #[must_use]
    pub fn warning(place: Place, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, place, message: message.into(), hint: hint.into() }
    }

    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    /// `prompts/a.ron:3:7: error: … Hint.`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        if self.place.file.as_os_str().is_empty() {
            write!(f, "{word}: {}", self.message)?;
        } else {
            write!(f, "{}: {word}: {}", self.place, self.message)?;
        }
        if self.hint.is_empty() { Ok(()) } else { write!(f, " {}", self.hint) }
    }
}
