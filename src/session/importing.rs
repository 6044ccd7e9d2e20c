//! Another tool's file becomes a project of a workspace.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::compose::nunjucks;
use crate::domain::{Definition, DefinitionKey, Manifest, ModelId, Place, Problem, ProjectId, ProviderId, Workspace};
use crate::interop::promptfoo::{self, Layers, Means, Process, Refused, Suite, Usual};
use crate::interop::{Imported, formats, unique};
use crate::scoring::script;
use crate::store::{add_project, inside, read_text};

/// Reads a file of another tool. Files beside it are read as far as it names them; those outside its folder only where
/// they are `trusted`, and so are scripts that the import itself would have to run. The environment is never read: what
/// is imported is written to files.
///
/// # Errors
/// It cannot be read, or is of no format that is known.
pub fn read(file: &Path, trusted: bool) -> Result<Imported, Problem> {
    let problem = |message: String, hint: &str| Problem::error(Place::file(file), message, hint);
    if promptfoo::is_config(file) {
        let suite = config(file, trusted, Process::Kept).map_err(|refused| match refused {
            Refused::NeedsTrust(_) => problem(refused.to_string(), "Look at them, and trust the file if you do."),
            Refused::Invalid { .. } => problem(refused.to_string(), "promptfoo would refuse it as well."),
        })?;
        return Ok(promptfoo::import(&suite, Layers::ByRole, Usual::LeftOut).0);
    }
    let text = read_text(file)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let known = || formats::Format::ALL.map(formats::Format::title).join(", ");
    let format = formats::detect(&name, &text).ok_or_else(|| {
        let hint = format!("There are: promptfoo, {}.", known());
        problem("The file is of no format that can be imported.".to_owned(), &hint)
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let beside = |relative: &str| {
        let path = inside(folder, folder, relative).map_err(|error| error.message)?;
        read_text(&path).map_err(|problem| problem.message)
    };
    formats::import(format, &name, &text, &beside).map_err(|error| {
        let place = if error.place.line.is_some() { error.place } else { Place::file(file) };
        Problem::error(place, error.message, error.hint)
    })
}

/// Reads a promptfoo config into a suite that is run. Only where it is `trusted` may it ask for files outside its folder
/// and for variables of the environment.
///
/// # Errors
/// promptfoo refuses it as well, or it names files outside its folder that are not trusted.
pub fn read_config(file: &Path, trusted: bool) -> Result<Suite, Refused> {
    let variable = |name: &str| crate::provider::environment(name);
    config(file, trusted, if trusted { Process::Read(&variable) } else { Process::Empty })
}

fn config(file: &Path, trusted: bool, environment: Process<'_>) -> Result<Suite, Refused> {
    let render = |source: &str, env: &BTreeMap<String, String>| {
        nunjucks::render(source, &Map::new(), env).map_err(|error| error.to_string())
    };
    let transform = |code: &promptfoo::Code, vars: &Map<String, Value>| {
        let code = promptfoo::javascript(code).ok_or("Only JavaScript is run.")?;
        script::transform_vars((&code).into(), vars, &json!({})).map_err(|error| error.to_string())
    };
    let means = Means {
        roots: if trusted { vec![PathBuf::from("/")] } else { Vec::new() },
        render: &render,
        environment,
        transform_vars: if trusted { Some(&transform) } else { None },
    };
    promptfoo::read(file, &means)
}

/// What has to be saved of an imported project, under ids of its models as the workspace has them.
fn definitions(
    project: &ProjectId,
    imported: &Imported,
    models: &BTreeMap<ModelId, ModelId>,
) -> Vec<(DefinitionKey, Definition)> {
    let key = DefinitionKey::Project(project.clone());
    let mut definitions = vec![(key, Definition::Project(Arc::new(imported.spec.clone())))];
    for (id, prompt) in &imported.prompts {
        let key = DefinitionKey::Prompt(project.clone(), id.clone());
        definitions.push((key, Definition::Prompt(Arc::new(prompt.clone()))));
    }
    for (id, variant) in &imported.variants {
        let key = DefinitionKey::Variant(project.clone(), id.clone());
        definitions.push((key, Definition::Variant(Arc::new(variant.clone()))));
    }
    for (id, dataset) in &imported.datasets {
        let mut dataset = dataset.clone();
        if let crate::domain::Source::Cases(cases) = &mut dataset.source {
            for case in cases {
                case.options.models.iter_mut().flatten().for_each(|model| renamed(model, models));
                case.checks.iter_mut().for_each(|check| rename_in(check, models));
            }
        }
        let key = DefinitionKey::Dataset(project.clone(), id.clone());
        definitions.push((key, Definition::Dataset(Arc::new(dataset))));
    }
    for (id, experiment) in &imported.experiments {
        let mut experiment = experiment.clone();
        experiment.models.iter_mut().for_each(|model| renamed(model, models));
        experiment.without.iter_mut().for_each(|(_, model)| renamed(model, models));
        experiment.checks.iter_mut().for_each(|check| rename_in(check, models));
        let key = DefinitionKey::Experiment(project.clone(), id.clone());
        definitions.push((key, Definition::Experiment(Arc::new(experiment))));
    }
    definitions
}

/// Saves an import into a workspace, under ids that are free there; gives the new project.
///
/// # Errors
/// A name that no file can have, a file that would be too large to be read, or one that cannot be written. The workspace is
/// as it was then.
pub fn add(workspace: &Workspace, imported: &Imported) -> Result<ProjectId, Problem> {
    let mut manifest = (*workspace.manifest).clone();
    let models = add_models(&mut manifest, imported);
    let project = free_project(workspace, &imported.project);
    let manifest = [&Definition::Manifest(workspace.manifest.clone()), &Definition::Manifest(Arc::new(manifest))];
    add_project(&workspace.root, &project, manifest, &definitions(&project, imported, &models))?;
    Ok(project)
}

/// Puts providers and models into the manifest: what is there already is used, another thing of the same name gets a
/// number. Gives the names of the import's models in the workspace.
fn add_models(manifest: &mut Manifest, imported: &Imported) -> BTreeMap<ModelId, ModelId> {
    let mut providers: BTreeMap<&ProviderId, ProviderId> = BTreeMap::new();
    for (id, spec) in &imported.providers {
        let same = manifest.providers.iter().find(|(_, known)| *known == spec).map(|(known, _)| known.clone());
        let name = same.unwrap_or_else(|| {
            ProviderId(unique(id.0.clone(), |name| manifest.providers.contains_key(&ProviderId(name.to_owned()))))
        });
        manifest.providers.insert(name.clone(), spec.clone());
        providers.insert(id, name);
    }
    let mut models: BTreeMap<ModelId, ModelId> = BTreeMap::new();
    for (id, spec) in &imported.models {
        let mut spec = spec.clone();
        if let Some(provider) = providers.get(&spec.provider) {
            spec.provider.clone_from(provider);
        }
        // Two models of the import that differ in nothing but their names stay two.
        let is_free = |known: &ModelId| !models.values().any(|taken: &ModelId| taken == known);
        let same = manifest.models.iter().find(|(known, there)| **there == spec && is_free(known));
        let is_taken = |name: &str| manifest.models.contains_key(&ModelId(name.to_owned()));
        let name = same.map_or_else(|| ModelId(unique(id.0.clone(), is_taken)), |(known, _)| known.clone());
        manifest.models.insert(name.clone(), spec);
        models.insert(id.clone(), name);
    }
    models
}

fn free_project(workspace: &Workspace, id: &ProjectId) -> ProjectId {
    // Names that differ in capitals alone are one folder on some systems.
    let taken: Vec<String> = workspace.projects.keys().map(|project| project.as_str().to_lowercase()).collect();
    ProjectId(unique(id.0.clone(), |name| taken.contains(&name.to_lowercase())))
}

fn renamed(model: &mut ModelId, models: &BTreeMap<ModelId, ModelId>) {
    if let Some(name) = models.get(model) {
        model.clone_from(name);
    }
}

fn rename_in(check: &mut crate::domain::Check, models: &BTreeMap<ModelId, ModelId>) {
    use crate::domain::CheckKind;
    match &mut check.kind {
        CheckKind::Judge { model, .. } => renamed(model, models),
        CheckKind::Assertion(assertion) => {
            assertion.model.iter_mut().chain(&mut assertion.embedder).for_each(|model| renamed(model, models));
        }
        CheckKind::Set(set) => set.checks.iter_mut().for_each(|check| rename_in(check, models)),
        _ => {}
    }
}
