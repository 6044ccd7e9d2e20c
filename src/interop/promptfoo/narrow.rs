//! A part of a suite: some of its tests, some of its providers. Rows and columns keep their numbers. Scripts of providers
//! that are left out are not asked for.

use std::collections::HashSet;
use std::sync::Arc;

use super::report::{Ask, AskKind};
use super::suite::{ProviderEntry, Row, Suite};

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
    if !suite.asks.is_empty() {
        forget_scripts(&mut suite);
    }
    suite
}

/// Takes out what only providers without any cell ask for.
fn forget_scripts(suite: &mut Suite) {
    let run: HashSet<usize> = suite.rows.iter().flat_map(|row| row.columns.iter().copied()).collect();
    let run: HashSet<usize> = run.into_iter().map(|column| suite.columns[column].provider).collect();
    let idle: Vec<&ProviderEntry> =
        suite.providers.iter().enumerate().filter(|(at, _)| !run.contains(at)).map(|(_, entry)| entry).collect();
    suite.asks.retain(|ask| ask.kind != AskKind::Script || !idle.iter().any(|entry| is_part(ask, entry)));
}

fn is_part(ask: &Ask, entry: &ProviderEntry) -> bool {
    let inside = ask.path.strip_prefix(&entry.path);
    ask.at.file == entry.at.file && inside.is_some_and(|rest| entry.path.is_empty() || rest.starts_with(['.', '[']))
}

fn says(row: &Row, text: &str) -> bool {
    let described = row.case.description.as_ref().is_some_and(|words| words.to_lowercase().contains(text));
    described || row.vars.values().any(|value| value.to_string().to_lowercase().contains(text))
}
