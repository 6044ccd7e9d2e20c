//! A part of a suite: some of its tests, some of its providers. Rows and columns keep their numbers.

use std::sync::Arc;

use super::suite::{Row, Suite};

/// What takes part; all of it where nothing is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Narrowing {
    /// Tests whose description or variables hold this text, whatever its capitals.
    pub text: Option<String>,
    /// The first so many tests of those.
    pub first: Option<usize>,
    /// Providers whose id or label holds this text.
    pub provider: Option<String>,
}

/// The suite with what was asked for left in it.
#[must_use]
pub fn narrowed(mut suite: Suite, to: &Narrowing) -> Suite {
    if let Some(text) = &to.text {
        let text = text.to_lowercase();
        suite.rows.retain(|row| says(row, &text));
    }
    if let Some(first) = to.first {
        suite.rows.truncate(first);
    }
    if let Some(wanted) = &to.provider {
        let is_wanted = |column: &usize| {
            let provider = &suite.providers[suite.columns[*column].provider];
            provider.id.contains(wanted) || provider.label.as_ref().is_some_and(|label| label.contains(wanted))
        };
        let kept: Vec<Arc<[usize]>> = suite
            .rows
            .iter()
            .map(|row| row.columns.iter().copied().filter(|column| is_wanted(column)).collect())
            .collect();
        for (row, columns) in suite.rows.iter_mut().zip(kept) {
            row.columns = columns;
        }
    }
    suite
}

fn says(row: &Row, text: &str) -> bool {
    let described = row.case.description.as_ref().is_some_and(|words| words.to_lowercase().contains(text));
    described || row.vars.values().any(|value| value.to_string().to_lowercase().contains(text))
}
