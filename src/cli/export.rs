//! `strata export`: an experiment or a prompt as a file of another tool.

use std::sync::Arc;

use super::args::{ExportArgs, ExportTarget};
use super::chosen::{self, complain, complain_all, refuse};
use super::exit::Exit;
use super::write::Target;
use crate::domain::{Case, DatasetId, ModelSpec, Place, Project, ProjectId, ProviderSpec, Variant, Workspace};
use crate::interop::formats::{ExportFormat, Exported, Outgoing, export as written};
use crate::interop::promptfoo;
use crate::session::Shelf;
use crate::session::launch::Bookcase;

pub(super) fn export(arguments: &ExportArgs) -> Exit {
    perform(arguments).map_or_else(|exit| exit, |()| Exit::Passed)
}

fn perform(arguments: &ExportArgs) -> Result<(), Exit> {
    let workspace = chosen::workspace(&arguments.workspace)?;
    let id = chosen::project(&workspace, arguments.project.as_ref())?;
    let Some(project) = workspace.projects.get(&id) else { return Err(refuse("There is no such project.")) };
    let target = Target::open(arguments.file.as_deref())?;
    let exported = match arguments.format {
        ExportTarget::Promptfoo => experiment(&workspace, &id, project, arguments)?,
        ExportTarget::Prompt(format) => prompt(&workspace, &id, project, arguments, format)?,
    };
    exported.notes.iter().for_each(complain);
    target.write(arguments.file.as_deref(), |out| out.write_all(exported.text.as_bytes()))
}

/// An experiment with its prompts, models, cases and checks.
fn experiment(
    workspace: &Workspace,
    id: &ProjectId,
    project: &Project,
    arguments: &ExportArgs,
) -> Result<Exported, Exit> {
    let experiment = chosen::experiment(workspace, id, arguments.experiment.as_ref())?;
    let dataset = project.experiments.get(&experiment).map(|found| found.dataset.clone()).unwrap_or_default();
    let cases = cases(workspace, id, project, &dataset)?;
    Ok(promptfoo::export(project, &workspace.manifest, &experiment, &cases))
}

fn cases(workspace: &Workspace, id: &ProjectId, project: &Project, dataset: &DatasetId) -> Result<Vec<Case>, Exit> {
    let bookcase = Bookcase { workspace, shelf: &Shelf::default(), id, project };
    let told = |problems: Vec<_>| {
        complain_all(&problems);
        Exit::Usage
    };
    let open = bookcase.cases(dataset, &Place::default()).map_err(told)?;
    let cases: Result<Vec<Case>, _> = (0..open.cases.len()).map(|row| open.cases.case(row)).collect();
    cases.map_err(|problem| told(vec![problem]))
}

/// One prompt, as a variant has it.
fn prompt(
    workspace: &Workspace,
    id: &ProjectId,
    project: &Project,
    arguments: &ExportArgs,
    format: ExportFormat,
) -> Result<Exported, Exit> {
    let variant = variant(project, arguments)?;
    let bookcase = Bookcase { workspace, shelf: &Shelf::default(), id, project };
    let composer = bookcase.composer(&variant).map_err(|problems| {
        complain_all(&problems);
        Exit::Usage
    })?;
    let prompt = composer.standalone();
    let name = if prompt.title.is_empty() { variant.prompt.as_str() } else { prompt.title.as_str() };
    let outgoing = Outgoing { name, prompt: &prompt, params: &variant.params, model: model(workspace, project) };
    Ok(written(format, &outgoing))
}

fn variant(project: &Project, arguments: &ExportArgs) -> Result<Arc<Variant>, Exit> {
    if let Some(prompt) = &arguments.prompt {
        return if project.prompts.contains_key(prompt) {
            Ok(Arc::new(Variant::of(prompt.clone())))
        } else {
            Err(refuse(format!("There is no prompt `{prompt}`.")))
        };
    }
    let found = match &arguments.variant {
        Some(id) => project.variants.get(id),
        None => project.variants.values().next(),
    };
    found
        .cloned()
        .ok_or_else(|| refuse("There is no such variant. Name one with --variant, or a prompt with --prompt."))
}

/// The first model that an experiment asks, with its provider.
fn model<'w>(workspace: &'w Workspace, project: &Project) -> Option<(&'w ModelSpec, &'w ProviderSpec)> {
    let id = project.experiments.values().flat_map(|experiment| &experiment.models).next()?;
    let model = workspace.manifest.models.get(id)?;
    Some((model, workspace.manifest.providers.get(&model.provider)?))
}
