//! Where each part of a document stands in its text, for messages.

use std::sync::Arc;

/// A step into a value: a key of a mapping, or an index of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A line and a column, both from 1; the column is in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

/// The places of a document's parts. A part of a mapping stands where its key does.
#[derive(Debug, Clone)]
pub struct Places {
    root: Spot,
}

/// A node's place, with those of its parts. What an alias repeats shares the parts of its anchor.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub line: u32,
    pub column: u32,
    pub parts: Parts,
}

#[derive(Debug, Clone)]
pub(super) enum Parts {
    None,
    Items(Arc<[Spot]>),
    /// Sorted by key.
    Keys(Arc<[(Box<str>, Spot)]>),
}

impl Default for Spot {
    fn default() -> Self {
        Self { line: 1, column: 1, parts: Parts::None }
    }
}

impl Spot {
    pub(super) fn moved(self, to: (u32, u32)) -> Self {
        Self { line: to.0, column: to.1, ..self }
    }

    pub(super) fn place(&self) -> Place {
        let wide = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Place { line: wide(self.line), column: wide(self.column) }
    }

    fn part(&self, step: &Step) -> Option<&Self> {
        match (&self.parts, step) {
            (Parts::Items(items), Step::Index(index)) => items.get(*index),
            (Parts::Keys(keys), Step::Key(key)) => {
                let at = keys.binary_search_by(|(known, _)| known.as_ref().cmp(key.as_str())).ok()?;
                Some(&keys[at].1)
            }
            _ => None,
        }
    }
}

impl Places {
    pub(super) fn new(root: Spot) -> Self {
        Self { root }
    }

    /// The place of the part that `path` leads to; where it leads nowhere, that of the last part on the way.
    #[must_use]
    pub fn of(&self, path: &[Step]) -> Place {
        let mut spot = &self.root;
        for step in path {
            match spot.part(step) {
                Some(part) => spot = part,
                None => break,
            }
        }
        spot.place()
    }
}
