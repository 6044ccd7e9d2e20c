//! Composes every variant with the columns of the datasets that it meets, so that a variable that no case fills is told
//! before anything is sent; makes the checks of every experiment ready for the same reason.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compose::{Composer, Library};
use crate::domain::{
    Case, DatasetId, DefinitionKey, Dialect, Experiment, ExperimentId, Place, Problem, Project, ProjectId, Severity,
    Source, UserLimits, VariantId,
};
use crate::scoring::Checks;
use crate::store::cases::{OpenCases, open_cases};

use super::Checker;
use super::users::{arrival, user_columns};

/// Cases whose times of arrival are looked at, from the first on.
const MOST_ARRIVALS: usize = 10_000;
/// Examples are taken from the first cases of a dataset; more are not needed to check templates.
const MOST_EXAMPLES: usize = 10_000;

impl Checker<'_> {
    pub(super) fn compositions(&mut self, id: &ProjectId, project: &Project) {
        let datasets = Datasets { root: &self.workspace.root, id, project, opened: RefCell::default() };
        let mut met: BTreeSet<&VariantId> = BTreeSet::new();
        for (name, experiment) in &project.experiments {
            let columns = datasets.columns(&experiment.dataset);
            for variant in &experiment.variants {
                met.insert(variant);
                self.variant_with(id, project, variant, columns.as_ref().map(|(inputs, _)| inputs), &datasets);
            }
            self.checks(id, name, (experiment, project.spec.dialect), columns.as_ref());
            self.askers(id, name, experiment, &datasets);
        }
        for variant in project.variants.keys().filter(|variant| !met.contains(variant)) {
            self.variant_with(id, project, variant, None, &datasets);
        }
        for (dataset, opened) in datasets.opened.into_inner() {
            let problems = match &*opened {
                Ok(opened) => &opened.problems,
                Err(problems) => problems,
            };
            // Inline cases do not know their file.
            let file = DefinitionKey::Dataset(id.clone(), dataset).path();
            self.problems.extend(problems.iter().cloned().map(|mut problem| {
                if problem.place.file.extension().is_none() {
                    problem.place.file.clone_from(&file);
                }
                problem
            }));
        }
    }

    /// Columns that say who asks and when.
    fn askers(&mut self, id: &ProjectId, name: &ExperimentId, experiment: &Experiment, datasets: &Datasets<'_>) {
        let dataset = &experiment.dataset;
        let Some((inputs, expected)) = datasets.columns(dataset) else { return };
        let (key, policy) = match &experiment.policy {
            Some(policy) => (DefinitionKey::Experiment(id.clone(), name.clone()), policy),
            None => (DefinitionKey::Manifest, &self.workspace.manifest.policy),
        };
        let columns = inputs.union(&expected).map(String::as_str).collect();
        self.problems.extend(user_columns(&mut self.places, &key, &policy.users, (dataset, &columns)));
        if policy.users.on
            && let Some(problem) = datasets.wrong_arrival(dataset, &policy.users)
        {
            // A run does not read it; the rehearsal of its traffic does.
            let place = Place::file(datasets.file(dataset));
            self.problems.push(Problem { place, severity: Severity::Warning, ..problem });
        }
    }

    fn variant_with(
        &mut self,
        id: &ProjectId,
        project: &Project,
        variant: &VariantId,
        columns: Option<&BTreeSet<String>>,
        datasets: &Datasets<'_>,
    ) {
        let Some(definition) = project.variants.get(variant) else { return };
        let Some(prompt) = project.prompts.get(&definition.prompt) else { return };
        if self.unread.is_part_of(id, project, (prompt, definition)) {
            return;
        }
        let examples = |dataset: &DatasetId| datasets.examples(dataset);
        let library = Library { dialect: project.spec.dialect, prompts: &project.prompts, examples: &examples };
        let problems = match Composer::new(prompt, definition, &library) {
            Ok(composer) => composer.lint(columns),
            Err(problems) => problems,
        };
        self.problems.extend(self.places.in_files(id, project, variant, problems));
    }

    fn checks(
        &mut self,
        id: &ProjectId,
        name: &ExperimentId,
        (experiment, dialect): (&Experiment, Dialect),
        columns: Option<&(BTreeSet<String>, BTreeSet<String>)>,
    ) {
        let problems = match (Checks::in_dialect(dialect, &experiment.checks, experiment.pass), columns) {
            (Ok(checks), Some((inputs, expected))) => checks.lint(inputs, expected),
            (Ok(_), None) => Vec::new(),
            (Err(problems), _) => problems,
        };
        let key = DefinitionKey::Experiment(id.clone(), name.clone());
        for problem in problems {
            let index = position(&problem.message).map(|index| index.to_string());
            let path: &[&str] = match &index {
                Some(index) => &["checks", index],
                None if problem.message.contains("pass rule") => &["pass"],
                None => &["checks"],
            };
            let place = self.places.of(&key, path);
            self.problems.push(Problem { place, ..problem });
        }
    }
}

/// The index of the check that a message of the checks is about: `Check 3 (regex)…` is 2.
fn position(message: &str) -> Option<usize> {
    let number = message.strip_prefix("Check ")?.split(' ').next()?;
    number.parse::<usize>().ok()?.checked_sub(1)
}

type Opened = Arc<Result<OpenCases, Vec<Problem>>>;

/// The datasets of a project, each opened when it is first asked for.
struct Datasets<'p> {
    root: &'p Path,
    id: &'p ProjectId,
    project: &'p Project,
    opened: RefCell<BTreeMap<DatasetId, Opened>>,
}

impl Datasets<'_> {
    fn open(&self, id: &DatasetId) -> Option<Opened> {
        if let Some(opened) = self.opened.borrow().get(id) {
            return Some(Arc::clone(opened));
        }
        let dataset = self.project.datasets.get(id)?;
        let opened = Arc::new(open_cases(self.root, self.id, dataset));
        self.opened.borrow_mut().insert(id.clone(), Arc::clone(&opened));
        Some(opened)
    }

    /// Inputs, and what is expected.
    fn columns(&self, id: &DatasetId) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
        let opened = self.open(id)?;
        let opened = opened.as_ref().as_ref().ok()?;
        Some((opened.columns.iter().cloned().collect(), opened.expected.iter().cloned().collect()))
    }

    /// Where the dataset's cases stand, relative to the workspace.
    fn file(&self, id: &DatasetId) -> PathBuf {
        let definition = DefinitionKey::Dataset(self.id.clone(), id.clone()).path();
        match self.project.datasets.get(id).map(|dataset| &dataset.source) {
            Some(Source::File(file)) => definition.with_file_name(file),
            _ => definition,
        }
    }

    /// The first case whose time of arrival is none, where the first case has one.
    fn wrong_arrival(&self, id: &DatasetId, users: &UserLimits) -> Option<Problem> {
        let opened = self.open(id)?;
        let cases = &opened.as_ref().as_ref().ok()?.cases;
        users.columns.asker(&cases.case(0).ok()?).arrival?;
        let rows = (0..cases.len().min(MOST_ARRIVALS)).filter_map(|row| cases.case(row).ok());
        rows.map(|case| (users.columns.asker(&case), case.id)).find_map(|(asker, id)| arrival(&asker, &id).err())
    }

    fn examples(&self, id: &DatasetId) -> Option<Arc<Vec<Case>>> {
        let opened = self.open(id)?;
        let cases = &opened.as_ref().as_ref().ok()?.cases;
        let rows = 0..cases.len().min(MOST_EXAMPLES);
        Some(Arc::new(rows.filter_map(|row| cases.case(row).ok()).collect()))
    }
}
