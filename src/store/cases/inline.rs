//! Cases that stand in the dataset's own RON file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ids::{Collector, Occurrences, of_row};
use super::open::OpenCases;
use crate::domain::{Case, CaseOptions, Cases, ColumnRole, Fingerprint, Place, Problem};
use crate::store::files::fingerprint;

struct Inline {
    cases: Vec<Case>,
    folder: PathBuf,
    fingerprint: Fingerprint,
    /// Some case has options or checks of its own.
    has_options: bool,
}

#[expect(clippy::unnecessary_wraps, reason = "files of rows can fail, and are opened by the same call")]
pub(super) fn open(cases: &[Case], folder: &Path) -> Result<OpenCases, Problem> {
    let bytes = serde_json::to_vec(cases).unwrap_or_default();
    let (ids, found) = identify(cases);
    let cases: Vec<Case> = cases
        .iter()
        .zip(ids)
        .enumerate()
        .map(|(row, (case, id))| Case { id: found.id(row, id), ..case.clone() })
        .collect();
    let mut problems = Vec::new();
    if let Some((first, second)) = found.first() {
        problems.push(Problem::warning(
            Place::file(folder),
            format!("Cases {} and {} have the same id `{}`.", first + 1, second + 1, cases[first].id),
            "Give each case an id of its own; the later ones are numbered.",
        ));
    }
    let names = |of: fn(&Case) -> &serde_json::Map<String, serde_json::Value>| {
        let mut seen = BTreeSet::new();
        cases.iter().flat_map(|case| of(case).keys()).filter(|name| seen.insert(*name)).cloned().collect()
    };
    let (columns, expected): (Vec<String>, Vec<String>) = (names(|case| &case.vars), names(|case| &case.expected));
    let header = columns
        .iter()
        .map(|name| (name.clone(), ColumnRole::Input))
        .chain(expected.iter().map(|name| (name.clone(), ColumnRole::Expected)))
        .collect();
    let has_options = cases.iter().any(|case| case.options != CaseOptions::default() || !case.checks.is_empty());
    Ok(OpenCases {
        columns,
        expected,
        header,
        untrusted: BTreeSet::new(),
        problems,
        cases: Arc::new(Inline { fingerprint: fingerprint(&bytes), cases, folder: folder.to_owned(), has_options }),
    })
}

fn identify(cases: &[Case]) -> (Vec<String>, Occurrences) {
    let mut collector = Collector::default();
    let mut ids = Vec::with_capacity(cases.len());
    for case in cases {
        let id = match case.id.as_str() {
            "" => of_row(&serde_json::to_vec(case).unwrap_or_default()),
            id => id.to_owned(),
        };
        collector.push(&id);
        ids.push(id);
    }
    (ids, collector.finish())
}

impl Cases for Inline {
    fn len(&self) -> usize {
        self.cases.len()
    }

    fn has_options(&self) -> bool {
        self.has_options
    }

    fn case(&self, index: usize) -> Result<Case, Problem> {
        self.cases.get(index).cloned().ok_or_else(|| {
            let message = format!("There is no case {}: the dataset has {}.", index + 1, self.cases.len());
            Problem::error(Place::file(&self.folder), message, "")
        })
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}
