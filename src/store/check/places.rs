//! Where a value of a definition stands in its file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::domain::{DefinitionKey, Place};
use crate::store::files::read_inside;
use crate::store::ron::{MAX_BYTES, Tree, locate};

/// Finds places, each file being parsed once.
pub(super) struct Places<'r> {
    root: &'r Path,
    files: HashMap<PathBuf, Option<(String, Tree)>>,
}

impl<'r> Places<'r> {
    pub fn new(root: &'r Path) -> Self {
        Self { root, files: HashMap::new() }
    }

    /// The place of the value that a path leads to, or of the nearest value above it that the file has.
    pub fn of(&mut self, key: &DefinitionKey, path: &[&str]) -> Place {
        let file = key.path();
        let root = self.root;
        let parsed = self.files.entry(file.clone()).or_insert_with(|| {
            let bytes = read_inside(root, &root.join(&file), &file, MAX_BYTES).ok()?;
            let source = String::from_utf8(bytes).ok()?;
            let source = source.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(source);
            let tree = Tree::parse(&source).ok()?;
            Some((source, tree))
        });
        let found = parsed.as_ref().and_then(|(source, tree)| {
            let depth = (1..=path.len()).rev().find(|depth| tree.find(&path[..*depth]).is_some())?;
            Some(locate(source, tree.find(&path[..depth])?.span.start))
        });
        match found {
            Some((line, column)) => Place::at(file, line, column),
            None => Place::file(file),
        }
    }
}
