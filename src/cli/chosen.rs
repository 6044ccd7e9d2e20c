//! What a command is about: the workspace, and in it the project and the experiment.

use std::fmt::Display;
use std::io::Write as _;
use std::path::Path;

use super::exit::Exit;
use crate::domain::{ExperimentId, Problem, ProjectId, Workspace};
use crate::interop::run_formats::harmless;
use crate::store::open_workspace;
use crate::store::records::Records;

/// Says on standard error what is wrong, and ends with wrong usage.
pub(super) fn refuse(message: impl Display) -> Exit {
    complain(message);
    Exit::Usage
}

pub(super) fn complain(message: impl Display) {
    note(format!("strata: {message}"));
}

/// A line on standard error. Where nobody reads it, nobody misses it.
pub(super) fn note(line: impl Display) {
    drop(writeln!(std::io::stderr(), "{}", harmless(&line.to_string())));
}

/// A line on standard output. Whoever closed the pipe does not want to read on.
pub(super) fn say(line: impl Display) {
    drop(writeln!(std::io::stdout(), "{}", harmless(&line.to_string())));
}

/// A word of a command that is shown, so that a shell reads it as one word.
pub(super) fn word(text: impl Display) -> String {
    let text = text.to_string();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-./:@%+,=".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

pub(super) fn complain_all(problems: &[Problem]) {
    problems.iter().for_each(complain);
}

pub(super) fn workspace(folder: &Path) -> Result<Workspace, Exit> {
    open_workspace(folder).map_err(refuse)
}

/// The records of a workspace.
pub(super) fn records(workspace: &Workspace) -> Result<Records, Exit> {
    let records = Records::open(&workspace.root).map_err(refuse)?;
    if let Some(warning) = records.warning() {
        complain(warning);
    }
    Ok(records)
}

/// The project that was named, or the only one.
pub(super) fn project(workspace: &Workspace, named: Option<&ProjectId>) -> Result<ProjectId, Exit> {
    match named {
        Some(id) if workspace.projects.contains_key(id) => Ok(id.clone()),
        Some(id) => Err(refuse(format!("There is no project `{id}`. {}", choices(workspace.projects.keys())))),
        None if workspace.projects.len() == 1 => Ok(workspace.projects.keys().next().cloned().unwrap_or_default()),
        None => Err(refuse(format!("Say which project with --project. {}", choices(workspace.projects.keys())))),
    }
}

/// The experiment that was named, or the project's main one.
pub(super) fn experiment(
    workspace: &Workspace,
    project: &ProjectId,
    named: Option<&ExperimentId>,
) -> Result<ExperimentId, Exit> {
    let Some(found) = workspace.projects.get(project) else {
        return Err(refuse(format!("There is no project `{project}`.")));
    };
    let experiment = match named {
        Some(id) => Some(id).filter(|id| found.experiments.contains_key(id)),
        None => found.main_experiment(project),
    };
    experiment.cloned().ok_or_else(|| {
        if found.experiments.is_empty() {
            return refuse(format!("The project `{project}` has no experiment that can be read."));
        }
        let wanted = named.map_or("Say which experiment with --experiment.".to_owned(), |id| {
            format!("There is no experiment `{id}`.")
        });
        refuse(format!("{wanted} {}", choices(found.experiments.keys())))
    })
}

fn choices<T: Display>(ids: impl Iterator<Item = T>) -> String {
    let ids: Vec<String> = ids.map(|id| format!("`{id}`")).collect();
    if ids.is_empty() { "There is none.".to_owned() } else { format!("There are: {}.", ids.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_shown_word_as_one() {
        let check = |text: &str, expect: &str| assert_eq!(word(text), expect);
        check("workspaces/support-triage", "workspaces/support-triage");
        check("my project", "'my project'");
        check("", "''");
        check("~/$HOME; rm *", "'~/$HOME; rm *'");
        check("it's", r"'it'\''s'");
        check("größe", "'größe'");
    }
}
