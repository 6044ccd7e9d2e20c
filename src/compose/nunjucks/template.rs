//! A template that is read once and rendered often.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::ast::Node;
use super::error::TemplateError;
use super::{needs, parser, run};

/// A template that has been read; it can be rendered from any thread.
#[derive(Debug)]
pub struct Template {
    nodes: Vec<Node>,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// A sentence with line and column, where the template is none.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        Ok(Self { nodes: parser::parse(source)? })
    }

    /// The variables whose values it prints, in the order of their names: not those that it sets, asks for in a condition,
    /// or gives a default, and no globals. Where nothing gives one of them, nothing is printed in its place.
    #[must_use]
    pub fn needed(&self) -> BTreeSet<Arc<str>> {
        needs::needed(&self.nodes)
    }

    /// As [`Template::needed`], of the variables of the environment: `X` of `env.X` and `env['X']`.
    #[must_use]
    pub fn needed_of_env(&self) -> BTreeSet<String> {
        needs::needed_of_env(&self.nodes)
    }

    /// The text of the template for these variables; `env` is the global of that name.
    ///
    /// # Errors
    /// A sentence, mostly with line and column, where the template does something that Nunjucks refuses, or takes more
    /// than 200,000 steps, 4 MB of text or 200 levels.
    pub fn render(&self, vars: &Map<String, Value>, env: &BTreeMap<String, String>) -> Result<String, TemplateError> {
        run::render(&self.nodes, vars, env)
    }
}

/// Reads and renders a template.
///
/// # Errors
/// As [`Template::parse`] and [`Template::render`].
pub fn render(
    source: &str,
    vars: &Map<String, Value>,
    env: &BTreeMap<String, String>,
) -> Result<String, TemplateError> {
    Template::parse(source)?.render(vars, env)
}
