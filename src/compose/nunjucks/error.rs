//! What is wrong with a template, and where.

use std::fmt;

use super::lexer::Place;

/// A template that cannot be read or rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// A sentence.
    pub message: String,
    /// From 1, where it is known.
    pub line: Option<u32>,
    /// From 1, in UTF-16 units, where it is known.
    pub column: Option<u32>,
}

impl TemplateError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), line: None, column: None }
    }

    pub(super) fn at(message: impl Into<String>, place: Place) -> Self {
        Self::new(message).placed(place)
    }

    /// The same mistake with a place, if it has none yet.
    pub(super) fn placed(mut self, place: Place) -> Self {
        if self.line.is_none() {
            self.line = Some(place.line);
            self.column = Some(place.column);
        }
        self
    }

    pub(super) fn too_much_work() -> Self {
        Self::new(
            "The template does more work than a prompt may (200,000 steps or 4 MB of text). \
             Loop over fewer items or cut the values.",
        )
    }

    pub(super) fn too_deep() -> Self {
        Self::new("The template nests deeper than a prompt may. Take parts of it out of each other.")
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "line {line}, column {column}: {}", self.message),
            _ => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for TemplateError {}
