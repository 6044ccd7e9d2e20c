//! What the reader cannot do itself: render a template, look at the environment, run code.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::suite::Code;

/// Renders one text with `env` as the only name in it. The error is a sentence.
pub type Render<'a> = dyn Fn(&str, &BTreeMap<String, String>) -> Result<String, String> + 'a;

/// Runs `options.transformVars` on a test's variables and gives those that it sets. The error is a sentence.
pub type TransformVars<'a> = dyn Fn(&Code, &Map<String, Value>) -> Result<Map<String, Value>, String> + 'a;

/// The variables of the process that reads, and what is done with them.
#[derive(Clone, Copy)]
pub enum Process<'a> {
    /// Asked for names only that the config mentions.
    Read(&'a dyn Fn(&str) -> Option<String>),
    /// Never asked; as though there were none.
    Empty,
    /// Never asked; what it would have to give stays as it is written.
    Kept,
}

/// What a caller lends to [`read`](super::read).
#[derive(Clone)]
pub struct Means<'a> {
    /// Files and folders that may be read besides the config's own folder.
    pub roots: Vec<PathBuf>,
    pub render: &'a Render<'a>,
    pub environment: Process<'a>,
    /// Without it, `transformVars` is left undone and listed among the asks.
    pub transform_vars: Option<&'a TransformVars<'a>>,
}
