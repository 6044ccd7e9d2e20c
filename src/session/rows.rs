//! What the rows of the shown run are about: the ids of its cases, their tags and the first words of their inputs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::launch::select;
use super::shelf::Shelf;
use super::state::Session;
use crate::domain::{Case, CaseId, Problem, RunHeader, RunId, Workspace};
use crate::plan::Selection;
use crate::store::OpenCases;

/// Characters of a case's inputs that its row shows.
const WORDS: usize = 160;

/// A case as the head of its row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CaseHead {
    pub id: CaseId,
    pub tags: Vec<String>,
    /// The beginning of its inputs, on one line; empty where they cannot be read any more.
    pub words: String,
}

/// Whether the dataset still has the rows that the run had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowsState {
    Same,
    /// Its rows are others now: the run's inputs and tags cannot be shown.
    Changed,
    /// It cannot be read; a sentence that says why.
    Gone(String),
}

/// The cases of the shown run.
pub struct RunRows {
    pub(super) rows: Option<(Arc<OpenCases>, Selection)>,
    pub(super) state: RowsState,
    tags: Vec<String>,
    /// By case: places in `tags`.
    tagged: Vec<Box<[u16]>>,
}

impl RunRows {
    #[must_use]
    pub const fn state(&self) -> &RowsState {
        &self.state
    }

    /// Every tag of the run's cases, in the order of the alphabet.
    #[must_use]
    pub fn tags(&self) -> &[String] {
        &self.tags
    }

    /// Whether a case has the tag at this place in [`Self::tags`].
    #[must_use]
    pub fn has_tag(&self, case: u32, tag: usize) -> bool {
        self.tagged.get(case as usize).is_some_and(|tags| tags.iter().any(|have| usize::from(*have) == tag))
    }

    /// Reads a case as it was when it was run.
    pub(super) fn case(&self, case: u32) -> Option<Case> {
        let (rows, selection) = self.rows.as_ref()?;
        rows.cases.case(selection.row(case)?).ok()
    }

    /// The cases that can be read, each with its number.
    pub(super) fn cases(&self) -> impl Iterator<Item = (u32, Case)> + '_ {
        let count = self.rows.as_ref().map_or(0, |(_, selection)| selection.len());
        (0..u32::try_from(count).unwrap_or(u32::MAX)).filter_map(|number| Some((number, self.case(number)?)))
    }

    fn open(workspace: &Workspace, header: &RunHeader) -> Self {
        match Self::rows_of(workspace, header) {
            Ok((rows, _)) if rows.cases.fingerprint() != header.dataset_fingerprint => {
                Self::without(RowsState::Changed)
            }
            Ok((rows, selection)) => Self::with(rows, selection),
            Err(reason) => Self::without(RowsState::Gone(reason)),
        }
    }

    fn rows_of(workspace: &Workspace, header: &RunHeader) -> Result<(Arc<OpenCases>, Selection), String> {
        let project = workspace.projects.get(&header.project);
        let dataset = project.and_then(|project| project.datasets.get(&header.dataset));
        let dataset =
            dataset.ok_or_else(|| format!("The dataset `{}` is not in the workspace any more.", header.dataset))?;
        let said = |problems: Vec<Problem>| problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
        let rows = Shelf::default().open(&workspace.root, &header.project, &header.dataset, dataset).map_err(said)?;
        let selection = select(&header.definition, &rows).map_err(|problem| problem.message)?;
        Ok((rows, selection))
    }

    const fn without(state: RowsState) -> Self {
        Self { rows: None, state, tags: Vec::new(), tagged: Vec::new() }
    }

    fn with(rows: Arc<OpenCases>, selection: Selection) -> Self {
        let cases = u32::try_from(selection.len()).unwrap_or(u32::MAX);
        let read = |case| rows.cases.case(selection.row(case)?).ok();
        let of_cases: Vec<Vec<String>> =
            (0..cases).map(|case| read(case).map(|case| case.tags).unwrap_or_default()).collect();
        let mut places: BTreeMap<&str, u16> = of_cases.iter().flatten().map(|tag| (tag.as_str(), 0)).collect();
        for (place, number) in places.values_mut().zip(0..) {
            *place = number;
        }
        let tagged = of_cases.iter().map(|tags| tags.iter().map(|tag| places[tag.as_str()]).collect()).collect();
        let tags = places.into_keys().map(str::to_owned).collect();
        Self { rows: Some((rows, selection)), state: RowsState::Same, tags, tagged }
    }
}

/// The head of a case's row. Texts come before what is only a word: a plan, a language, a number.
pub(super) fn head(case: &Case) -> CaseHead {
    const WORD: usize = 16;
    let text = |value: &serde_json::Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let cut: String = text.chars().take(WORDS * 2).collect();
        cut.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let texts = case.vars.values().map(text).filter(|text| !text.is_empty());
    let (short, long): (Vec<String>, Vec<String>) = texts.partition(|text| text.chars().count() <= WORD);
    let words = long.into_iter().chain(short).collect::<Vec<_>>().join(" · ");
    CaseHead { id: case.id.clone(), tags: case.tags.clone(), words: words.chars().take(WORDS).collect() }
}

impl super::Runs {
    /// The cases of the shown run; `None` while they are being read.
    #[must_use]
    pub fn rows(&self) -> Option<&RunRows> {
        self.shown.as_ref()?.rows.as_deref()
    }

    /// The head of a case's row; `None`: not read yet, ask with [`super::Command::ReadOutputs`].
    #[must_use]
    pub fn head(&self, case: u32) -> Option<&CaseHead> {
        self.shown.as_ref()?.heads.get(&case)
    }
}

impl Session {
    /// Opens the dataset of the shown run, in the background.
    pub(super) fn read_rows(&mut self, run: RunId, header: Arc<RunHeader>) {
        let Some(workspace) = self.workspace.clone() else { return };
        self.jobs.quiet(move |_| {
            let rows = RunRows::open(&workspace, &header);
            Box::new(move |session| {
                if let Some(shown) = session.runs.shown.as_mut().filter(|shown| shown.run == run) {
                    shown.rows = Some(Arc::new(rows));
                }
            })
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_begins_with_the_first_words_of_its_inputs() {
        let check = |vars: &str, expect: &str| {
            let case = Case { vars: serde_json::from_str(vars).unwrap(), ..Case::default() };
            assert_eq!(head(&case).words, expect);
        };
        check(r#"{"text": "Where is\n my parcel?"}"#, "Where is my parcel?");
        check(
            r#"{"plan": "pro", "count": 3, "none": "", "text": "Where is my parcel?"}"#,
            "Where is my parcel? · pro · 3",
        );
        check("{}", "");
        assert_eq!(
            head(&Case {
                vars: serde_json::from_str(&format!(r#"{{"a": "{}"}}"#, "é".repeat(500))).unwrap(),
                ..Case::default()
            })
            .words
            .chars()
            .count(),
            WORDS
        );
    }

    #[test]
    fn tags_are_listed_once_and_found_by_case() {
        let tagged = |id: &str, tags: &[&str]| Case {
            id: id.into(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..Case::default()
        };
        let cases = vec![tagged("1", &["b", "a"]), tagged("2", &[]), tagged("3", &["b"])];
        let dataset = crate::domain::Dataset {
            source: crate::domain::Source::Cases(cases),
            ..crate::domain::Dataset::of_file(String::new())
        };
        let open = crate::store::open_cases(std::path::Path::new("/"), &"p".into(), &dataset).unwrap();
        let rows = RunRows::with(Arc::new(open), Selection::First(3));
        assert_eq!(rows.tags(), ["a", "b"]);
        let with_b: Vec<u32> = (0..4).filter(|case| rows.has_tag(*case, 1)).collect();
        assert_eq!(with_b, [0, 2]);
        assert_eq!(rows.case(2).unwrap().id, "3".into());
    }
}
