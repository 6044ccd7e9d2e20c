//! Gathers what the Experiment screen shows.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::{
    Dataset, DatasetId, DefinitionKey, Experiment, ExperimentId, ModelId, Place, Policy, Price, Problem, Project,
    ProjectId, Source, Usd, VariantId,
};
use crate::plan::Range;
use crate::session::{Detections, Forecast, Ready, Session};
use crate::store::price_of;
use crate::ui::format;

/// A variant of the project, or one that the experiment names and that is not there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VariantRow {
    pub id: VariantId,
    /// Its prompt, and its title where it has one.
    pub about: String,
    pub on: bool,
    pub there: bool,
}

/// A model of the workspace, or one that the experiment names and that is not there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ModelColumn {
    pub id: ModelId,
    /// Input and output for a million tokens.
    pub price: String,
    pub scripted: bool,
    pub on: bool,
    pub there: bool,
}

/// What a run would cost in one of its parts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CostLine {
    pub name: String,
    pub about: String,
    /// `≈ $0.37`, or that it is not known.
    pub likely: String,
    pub range: String,
    /// Of the whole, from 0 to 1.
    pub share: f64,
}

/// A run before it begins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunAhead {
    pub trials: u64,
    pub cases: u32,
    /// `None` where a price is unknown.
    pub total: Option<Range>,
    /// What happens at the budget, where that is less than the estimate; and whether it is likely.
    pub shortfall: Option<(bool, Problem)>,
    pub lines: Vec<CostLine>,
    /// All models are scripts.
    pub scripted: bool,
}

/// What a problem is about, so that a click can lead there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Check(usize),
    Cases,
    Matrix,
    Elsewhere,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ExperimentData {
    pub key: DefinitionKey,
    pub project: ProjectId,
    pub id: ExperimentId,
    pub variants: Vec<VariantRow>,
    pub models: Vec<ModelColumn>,
    pub datasets: Vec<(DatasetId, String)>,
    /// Rows of the dataset, where it could be read.
    pub rows: Option<usize>,
    /// Cases of the dataset bring checks of their own.
    pub own_checks: bool,
    /// With how many cases carry each; `None` for one that the filter names and no case has.
    pub tags: Vec<(String, Option<u64>)>,
    /// What templates of checks can name: `expected.*` first.
    pub names: Vec<String>,
    /// The policy of experiments that have none of their own.
    pub workspace_policy: Policy,
    /// How good the sanitiser and the validator are on the bundled texts, once that was measured.
    pub guardrails: Option<Arc<Detections>>,
    pub ahead: Option<RunAhead>,
    pub problems: Vec<(Target, Problem)>,
    /// The forecast is being made again.
    pub stale: bool,
}

/// Everything that the screen shows of the chosen experiment but its own fields.
pub(super) fn gather(session: &Session) -> Option<ExperimentData> {
    let project = session.project()?;
    let experiment = session.experiment()?;
    let workspace = session.workspace()?;
    let (project_id, id) = (session.selection().project.clone()?, session.selection().experiment.clone()?);
    let forecast = session.forecast();
    let scripted = |id: &ModelId| {
        let spec = workspace.manifest.models.get(id);
        spec.and_then(|spec| workspace.manifest.providers.get(&spec.provider))
            .is_some_and(|provider| provider.api.is_scripted())
    };
    let models = ticked(workspace.manifest.models.keys(), &experiment.models)
        .map(|(id, on, there)| {
            let price = price(price_of(&workspace.manifest, &id));
            ModelColumn { scripted: scripted(&id), id, price, on, there }
        })
        .collect();
    Some(ExperimentData {
        key: session.experiment_key()?,
        project: project_id,
        id,
        variants: variants(project, experiment),
        models,
        datasets: project.datasets.iter().map(|(id, dataset)| (id.clone(), named(id, &dataset.title))).collect(),
        rows: forecast.and_then(|forecast| Some(forecast.choice.as_ref()?.cases.cases.len())),
        own_checks: project.datasets.get(&experiment.dataset).is_some_and(|dataset| has_checks(dataset)),
        tags: tags(experiment, forecast),
        names: forecast.map(names).unwrap_or_default(),
        workspace_policy: workspace.manifest.policy.clone(),
        guardrails: session.guardrails().cloned(),
        ahead: forecast.and_then(ahead),
        problems: forecast.map(problems).unwrap_or_default(),
        stale: session.is_forecasting(),
    })
}

fn has_checks(dataset: &Dataset) -> bool {
    match &dataset.source {
        Source::Cases(cases) => cases.iter().any(|case| !case.checks.is_empty()),
        Source::File(_) => false,
    }
}

/// All that there are, then those that are named and are not there. `(id, named, there)`.
fn ticked<'a, Id: Ord + Clone + 'a>(
    all: impl Iterator<Item = &'a Id>,
    named: &[Id],
) -> impl Iterator<Item = (Id, bool, bool)> {
    let all: Vec<Id> = all.cloned().collect();
    let known: BTreeSet<Id> = all.iter().cloned().collect();
    let wanted: BTreeSet<Id> = named.iter().cloned().collect();
    let strangers: Vec<Id> = wanted.difference(&known).cloned().collect();
    all.into_iter()
        .map(move |id| (wanted.contains(&id), id))
        .map(|(on, id)| (id, on, true))
        .chain(strangers.into_iter().map(|id| (id, true, false)))
}

fn variants(project: &Project, experiment: &Experiment) -> Vec<VariantRow> {
    ticked(project.variants.keys(), &experiment.variants)
        .map(|(id, on, there)| {
            let about = project.variants.get(&id).map_or_else(String::new, |variant| {
                if variant.title.is_empty() { format!("Prompt {}", variant.prompt) } else { variant.title.clone() }
            });
            VariantRow { id, about, on, there }
        })
        .collect()
}

pub(super) fn named(id: &DatasetId, title: &str) -> String {
    if title.is_empty() || title.eq_ignore_ascii_case(id.as_str()) { id.to_string() } else { format!("{title} ({id})") }
}

/// `$0.15 in · $0.60 out` for a million tokens.
fn price(price: Option<Price>) -> String {
    match price {
        None => "price unknown".to_owned(),
        Some(price) if price == Price::FREE => "free".to_owned(),
        Some(price) => format!("{} in · {} out", price.input, price.output),
    }
}

fn tags(experiment: &Experiment, forecast: Option<&Forecast>) -> Vec<(String, Option<u64>)> {
    let counted = forecast.and_then(|forecast| forecast.choice.as_ref()).map(|choice| choice.tags.iter());
    let mut tags: Vec<(String, Option<u64>)> =
        counted.into_iter().flatten().map(|(tag, count)| (tag.clone(), Some(*count))).collect();
    let strangers = experiment.filter.tags.iter().filter(|tag| !tags.iter().any(|(known, _)| known == *tag));
    let strangers: Vec<_> = strangers.map(|tag| (tag.clone(), None)).collect();
    tags.extend(strangers);
    tags
}

fn names(forecast: &Forecast) -> Vec<String> {
    let Some(open) = forecast.choice.as_ref().map(|choice| &choice.cases) else { return Vec::new() };
    open.expected.iter().map(|name| format!("expected.{name}")).chain(open.columns.iter().cloned()).collect()
}

fn ahead(forecast: &Forecast) -> Option<RunAhead> {
    let Ready { header, estimate, shortfall, .. } = forecast.outcome.as_ref().ok()?;
    let total = estimate.total();
    let whole = total.map_or(0.0, |total| total.likely.dollars());
    let line = |name: String, about: String, cost: Option<Range>| CostLine {
        name,
        about,
        likely: cost.map_or_else(|| "price unknown".to_owned(), |cost| money(cost.likely)),
        range: cost.filter(|cost| cost.low != cost.high).map(range).unwrap_or_default(),
        share: cost.filter(|_| whole > 0.0).map_or(0.0, |cost| cost.likely.dollars() / whole),
    };
    let mut lines: Vec<CostLine> = estimate
        .models
        .iter()
        .map(|model| {
            let about =
                format!("{} calls, {} input tokens", format::count(model.calls), format::count(model.input_tokens));
            line(model.model.to_string(), about, model.cost)
        })
        .collect();
    if estimate.judges != Some(Range::default()) {
        lines.push(line("Judges".to_owned(), "Checks that a model does".to_owned(), estimate.judges));
    }
    let scripted = header.models.iter().all(|model| model.scripted);
    let shortfall = shortfall.map(|short| {
        let hint = if short.fit > 0 { "Raise the budget, or run fewer trials." } else { "Raise the budget." };
        (short.sure, Problem::warning(Place::default(), short.to_string(), hint))
    });
    Some(RunAhead { trials: estimate.trials, cases: header.cases, total, shortfall, lines, scripted })
}

pub(super) fn money(amount: Usd) -> String {
    format!("≈ {amount}")
}

/// `$0.21 to $0.80`.
pub(super) fn range(range: Range) -> String {
    format!("{} to {}", range.low, range.high)
}

/// Errors first.
fn problems(forecast: &Forecast) -> Vec<(Target, Problem)> {
    let all = match &forecast.outcome {
        Ok(ready) => &ready.warnings,
        Err(problems) => problems,
    };
    let mut all: Vec<_> = all.iter().map(aimed).collect();
    all.sort_by_key(|(_, problem)| !problem.is_error());
    all
}

fn aimed(problem: &Problem) -> (Target, Problem) {
    let check = problem.message.strip_prefix("Check ").and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
    let says = |words: &[&str]| words.iter().any(|word| problem.message.contains(word));
    let target = match check {
        Some(number) if number > 0 => Target::Check(number - 1),
        _ if says(&["dataset", "No case", "filter", "row"]) => Target::Cases,
        _ if says(&["no variant", "no model", "There is no variant", "There is no model"]) => Target::Matrix,
        _ => Target::Elsewhere,
    };
    (target, problem.clone())
}

/// An id that no experiment of the project has: `base`, `base-2`, `base-3` …
pub(super) fn free_id(project: &Project, base: &str) -> String {
    let taken = |id: &str| project.experiments.contains_key(&ExperimentId::from(id));
    if !taken(base) {
        return base.to_owned();
    }
    (2..10_000).map(|number| format!("{base}-{number}")).find(|id| !taken(id)).unwrap_or_else(|| base.to_owned())
}

/// Why a text cannot be the id of a new experiment: it names a file.
pub(super) fn wrong_id(project: &Project, id: &str) -> Option<&'static str> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if id.is_empty() {
        Some("It needs a name.")
    } else if !id.chars().all(fits) || id.starts_with('.') {
        Some("Letters, digits, - and _ only: it is the name of a file.")
    } else if project.experiments.contains_key(&ExperimentId::from(id)) {
        Some("There is one of this name already.")
    } else {
        None
    }
}

/// An experiment to begin with: everything that is there once, on the first dataset.
pub(super) fn blank(project: &Project, models: impl Iterator<Item = ModelId>) -> Experiment {
    Experiment {
        format: 1,
        title: String::new(),
        note: String::new(),
        variants: project.variants.keys().take(2).cloned().collect(),
        models: models.take(1).collect(),
        dataset: project.datasets.keys().next().cloned().unwrap_or_default(),
        filter: crate::domain::Filter::default(),
        repeats: 1,
        without: Vec::new(),
        checks: Vec::new(),
        pass: crate::domain::PassRule::All,
        gate: None,
        policy: None,
        budget: crate::domain::Budget::default(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::session::{Command, SessionOptions};

    fn bundled() -> (Session, tempfile::TempDir) {
        let config = tempfile::tempdir().unwrap();
        let options = SessionOptions { config_dir: Some(config.path().join("c")), ..SessionOptions::default() };
        let mut session = Session::new(options).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces/support-triage");
        session.adopt(crate::store::open_workspace(&root).unwrap());
        session.apply(Command::SelectExperiment("triage".into()));
        let end = Instant::now() + Duration::from_secs(30);
        while session.forecast().is_none() || session.is_forecasting() {
            assert!(Instant::now() < end, "waited too long");
            session.tick(Instant::now());
            std::thread::yield_now();
        }
        (session, config)
    }

    #[test]
    fn rows_columns_trials_and_names_come_from_the_experiment() {
        let (session, _config) = bundled();
        let data = gather(&session).unwrap();
        let ticked: Vec<&str> = data.variants.iter().filter(|row| row.on).map(|row| row.id.as_str()).collect();
        assert_eq!(ticked, ["baseline", "layered", "layered-examples"]);
        assert!(data.variants.iter().any(|row| !row.on && row.id.as_str() == "layered-lean"));
        assert!(data.models.iter().all(|column| column.scripted && column.there));
        let ahead = data.ahead.unwrap();
        assert_eq!((ahead.trials, ahead.cases, ahead.scripted), (444, 74, true));
        assert_eq!(data.rows, Some(74));
        assert!(data.names.contains(&"expected.category".to_owned()));
        assert!(data.tags.iter().any(|(_, count)| count.is_some_and(|count| count > 0)));
        assert!(data.problems.iter().all(|(_, problem)| !problem.is_error()), "{:?}", data.problems);
    }

    #[test]
    fn what_is_named_and_not_there_is_shown_last() {
        let all = ["a".to_owned(), "b".to_owned()];
        let shown: Vec<_> = ticked(all.iter(), &["b".to_owned(), "gone".to_owned()]).collect();
        let expect = [("a", false, true), ("b", true, true), ("gone", true, false)];
        assert_eq!(shown, expect.map(|(id, on, there)| (id.to_owned(), on, there)));
    }

    #[test]
    fn a_problem_leads_to_what_it_is_about() {
        let check = |message: &str, expect| {
            let problem = Problem::error(Place::default(), message, "");
            assert_eq!(aimed(&problem).0, expect, "{message}");
        };
        check("Check 3 (equals): the value is empty.", Target::Check(2));
        check("There is no dataset `x`.", Target::Cases);
        check("The experiment has no variant.", Target::Matrix);
        check("Something else.", Target::Elsewhere);
    }

    #[test]
    fn names_of_new_experiments_are_names_of_files_that_are_free() {
        let (session, _config) = bundled();
        let project = session.project().unwrap();
        assert_eq!(free_id(project, "triage"), "triage-2");
        assert_eq!(free_id(project, "other"), "other");
        assert!(wrong_id(project, "triage").is_some());
        assert!(wrong_id(project, "a/b").is_some());
        assert!(wrong_id(project, "a-b_2").is_none());
    }
}
