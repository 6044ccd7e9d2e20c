//! `strata import`: another tool's file becomes a project, with a report on what became of each part.

use std::path::Path;

use super::args::ImportArgs;
use super::chosen::{note, refuse, say, word};
use super::exit::Exit;
use crate::interop::{Fidelity, ImportReport};
use crate::session::importing;
use crate::store::{new_workspace_with, open_workspace};

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
    let add = |folder: &Path| importing::add(&open_workspace(folder)?, &imported);
    let is_there = folder.join("workspace.ron").exists();
    let project = if is_there { add(folder) } else { new_workspace_with(folder, add) }.map_err(refuse)?;
    let shown = folder.display();
    let again = format!("strata run {} --project {}", word(&shown), word(&project));
    say(format!("The project `{project}` is in {shown}. Run it with: {again}"));
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
