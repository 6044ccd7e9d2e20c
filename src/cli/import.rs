//! `strata import`: another tool's file becomes a project, with a report on what became of each part.

use super::args::ImportArgs;
use super::chosen::{note, refuse, say, workspace};
use super::exit::Exit;
use crate::interop::{Fidelity, ImportReport};
use crate::session::importing;
use crate::store::empty_workspace;

pub(super) fn import(arguments: &ImportArgs) -> Exit {
    perform(arguments).unwrap_or_else(|exit| exit)
}

fn perform(arguments: &ImportArgs) -> Result<Exit, Exit> {
    let mut imported = importing::read(&arguments.file, arguments.trust).map_err(refuse)?;
    if let Some(project) = &arguments.project {
        imported.project.clone_from(project);
    }
    show(&imported.report);
    if arguments.dry_run {
        return Ok(Exit::Passed);
    }
    let folder = &arguments.workspace;
    if !folder.join("workspace.ron").exists() {
        empty_workspace(folder).map_err(refuse)?;
    }
    let workspace = workspace(folder)?;
    let project = importing::add(&workspace, &imported).map_err(refuse)?;
    let shown = folder.display();
    say(format!("The project `{project}` is in {shown}. Run it with: strata run {shown} --project {project}"));
    Ok(Exit::Passed)
}

/// Every part that is not exact, a line each, then how many there are of each kind.
fn show(report: &ImportReport) {
    let mut parts: Vec<_> = report.parts.iter().filter(|part| part.fidelity != Fidelity::Exact).collect();
    parts.sort_by(|one, other| (&one.place, &one.part).cmp(&(&other.place, &other.part)));
    for part in parts {
        note(format!("{}: {}: {}. {}", part.place, part.part, part.fidelity, part.note));
    }
    let count = |fidelity| format!("{} {fidelity}", report.count(fidelity));
    say([Fidelity::Exact, Fidelity::Approximated, Fidelity::Unsupported].map(count).join(", "));
}
