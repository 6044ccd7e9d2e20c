//! A suite in Strata's own nouns: providers and models, prompts and variants, a dataset, an experiment, and the report.
//!
//! Nothing is interpreted twice: assertions, transforms and templates stay as they are written, and the project's dialect
//! says that they are read as promptfoo reads them. So the import that is run in memory and the one that is written to a
//! workspace give the same verdicts.

mod cases;
mod checks;
#[cfg(test)]
mod environment_tests;
mod graders;
#[cfg(test)]
mod graders_tests;
mod kept;
mod models;
mod names;
mod otherwise;
mod prompts;
#[cfg(test)]
mod tests;

use crate::domain::{
    DatasetId, Dialect, Experiment, ExperimentId, Filter, ModelId, PassRule, Place, ProjectId, ProjectSpec, Source,
    VariantId,
};
use crate::interop::{Fidelity, Imported};

use self::checks::Checks;
use self::models::Models;
use super::report::{Ask, AskKind, Location, NoteKind};
use super::suite::Suite;

pub use self::cases::{code as javascript, test_index, without_environment};
pub use self::graders::{USUAL_KEY, Usual};
pub(super) use self::kept::ID as KEPT_ID;
pub use self::models::InlineKey;
pub(super) use self::names::id;

/// The dataset and the experiment of an imported project.
pub const TESTS: &str = "tests";
pub const EVALUATION: &str = "evaluation";

/// How prompts become layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layers {
    /// One layer with the text as it is: what is sent is the same to the byte.
    Whole,
    /// A layer for each message of a chat.
    ByRole,
}

/// A suite as a project, and the keys that its providers had in the config itself. Keys are in no definition.
#[must_use]
pub fn import(suite: &Suite, layers: Layers, usual: Usual) -> (Imported, Vec<InlineKey>) {
    let title = suite.description.clone().unwrap_or_else(|| names::of_file(&suite.file));
    let spec = ProjectSpec { dialect: Dialect::Nunjucks, kept: kept::of_config(suite), ..ProjectSpec::titled(&title) };
    let mut imported = Imported::new(ProjectId::from(id(&names::of_file(&suite.file))), spec);
    let mut models = Models::new(suite, layers, usual);
    let columns = models.columns(suite, &mut imported.report);
    let variants = prompts::add(suite, layers, &mut imported);
    let checks = Checks::new(suite, (layers, usual), &mut models);
    let rows = cases::rows(suite, &columns, &variants, &checks, &mut imported.report);
    let common = checks.common(suite);
    checks.report(suite, &mut imported.report);
    if layers == Layers::ByRole {
        otherwise::report(suite, &mut imported.report);
    }
    notes(suite, &mut imported);
    let mut dataset = crate::domain::Dataset::of_file(String::new());
    dataset.source = Source::Cases(rows);
    imported.datasets.insert(DatasetId::from(TESTS), dataset);
    imported.experiments.insert(ExperimentId::from(EVALUATION), experiment(suite, &columns, &variants, common));
    let keys = models.finish(&mut imported);
    (imported, keys)
}

fn experiment(
    suite: &Suite,
    columns: &[ModelId],
    variants: &[VariantId],
    checks: Vec<crate::domain::Check>,
) -> Experiment {
    let is_column = |provider: usize, prompt: usize| {
        suite.columns.iter().any(|column| column.provider == provider && column.prompt == prompt)
            && suite.prompts[prompt].code.is_none()
    };
    let pairs = (0..columns.len()).flat_map(|provider| (0..variants.len()).map(move |prompt| (provider, prompt)));
    let without = pairs.filter(|(provider, prompt)| !is_column(*provider, *prompt));
    Experiment {
        format: crate::domain::FORMAT,
        title: suite.description.clone().unwrap_or_default(),
        note: String::new(),
        variants: variants.to_vec(),
        models: columns.to_vec(),
        dataset: DatasetId::from(TESTS),
        filter: Filter::default(),
        repeats: 1,
        without: without.map(|(provider, prompt)| (variants[prompt].clone(), columns[provider].clone())).collect(),
        checks,
        pass: PassRule::All,
        gate: None,
        policy: None,
        budget: crate::domain::Budget::default(),
    }
}

/// What the reader has noted, as parts of the report.
fn notes(suite: &Suite, imported: &mut Imported) {
    for note in &suite.notes {
        let fidelity = match note.kind {
            NoteKind::Unknown | NoteKind::Unsupported => Fidelity::Unsupported,
            NoteKind::Warning | NoteKind::NotInProject | NoteKind::Unfilled => Fidelity::Approximated,
        };
        imported.report.add(fidelity, note.path.clone(), place(&note.at), note.text.clone());
    }
    for ask in &suite.asks {
        if let Some(note) = told(ask) {
            imported.report.add(Fidelity::Approximated, ask.subject.clone(), place(&ask.at), note);
        }
    }
}

/// What a reader should know of that which was read beside the config.
fn told(ask: &Ask) -> Option<&'static str> {
    match ask.kind {
        AskKind::File => Some("It lies outside the config's folder, and is read only where the config is trusted."),
        AskKind::Environment => Some(
            "A variable of the environment. Its value is written to no file: `{{ env.… }}` stays as it is written, and \
             prints nothing in a project. Write the value in its place.",
        ),
        AskKind::Script | AskKind::Origin => None,
    }
}

fn place(at: &Location) -> Place {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    if at.line == 0 { Place::file(&*at.file) } else { Place::at(&*at.file, count(at.line), count(at.column)) }
}
