//! Where a value that is being read stands: in which file, and on which path inside it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::super::report::Location;
use crate::scoring::yaml::{Places, Step};

/// A file that values come from, with the places in it where the format tells them.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub file: Arc<Path>,
    pub places: Option<Places>,
}

/// A value's place. Cheap to clone and to lengthen.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    source: Arc<Source>,
    path: Vec<Step>,
    /// Known already, for formats that have rows and no paths.
    line: Option<usize>,
}

impl Spot {
    pub(super) fn root(source: Source) -> Self {
        Self { source: Arc::new(source), path: Vec::new(), line: None }
    }

    pub(super) fn file(file: impl Into<Arc<Path>>) -> Self {
        Self::root(Source { file: file.into(), places: None })
    }

    pub(super) fn at_line(&self, line: usize) -> Self {
        Self { line: Some(line), ..self.clone() }
    }

    pub(super) fn then(&self, step: impl Into<Step>) -> Self {
        let mut longer = self.clone();
        longer.path.push(step.into());
        longer
    }

    pub(super) fn location(&self) -> Location {
        let file = Arc::clone(&self.source.file);
        match (self.line, &self.source.places) {
            (Some(line), _) => Location { file, line, column: 1 },
            (None, Some(places)) => {
                let place = places.of(&self.path);
                Location { file, line: place.line, column: place.column }
            }
            (None, None) => Location { file, line: 0, column: 0 },
        }
    }

    /// `tests[3].assert[0]`
    pub(super) fn path(&self) -> String {
        let mut text = String::new();
        for step in &self.path {
            match step {
                Step::Index(index) => _ = write!(text, "[{index}]"),
                Step::Key(key) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(key);
                }
            }
        }
        text
    }
}
