//! `strata run`: an experiment from its files to its gates, on a terminal or for CI.

use std::sync::Arc;

use super::args::RunArgs;
use super::chosen::{self, complain, complain_all, note, refuse, word};
use super::conduct::{Conduct, conduct, replayed, what_is_left};
use super::exit::Exit;
use super::log::alert_words;
use super::write::{self, Target};
use crate::analysis::Board;
use crate::domain::{RunState, RunSummary, Workspace};
use crate::interop::run_formats::{Report, RunFormat, write_run};
use crate::provider::SystemKeys;
use crate::session::Shelf;
use crate::session::alerts::raised;
use crate::session::launch::{self, LaunchError, Wish};
use crate::store::records::Records;

pub(super) fn run(arguments: &RunArgs) -> Exit {
    perform(arguments).unwrap_or_else(|exit| exit)
}

fn perform(arguments: &RunArgs) -> Result<Exit, Exit> {
    let workspace = chosen::workspace(&arguments.workspace)?;
    let mut wish = wish(&workspace, arguments).inspect_err(|_| complain_broken(&workspace))?;
    let target = Target::open(arguments.output.file.as_deref())?;
    let (records, earlier) = if arguments.resume {
        let records = chosen::records(&workspace)?;
        let earlier = latest(&records, &wish)?;
        (Some(records), earlier)
    } else {
        (None, None)
    };
    match &earlier {
        Some(run) => wish = as_it_was(run, &wish),
        None if arguments.resume => {
            complain(format!("No run of `{}` is on record: a new one begins.", wish.experiment));
        }
        None => {}
    }
    let shelf = Shelf::default();
    let prepared = launch::prepare(&workspace, &shelf, &wish).map_err(|problems| {
        complain_all(&problems);
        complain_broken(&workspace);
        Exit::Usage
    })?;
    complain_all(&prepared.warnings);
    let records = records.map_or_else(|| chosen::records(&workspace), Ok)?;
    if !records.access().can_write() {
        return Err(refuse(records.access()));
    }
    if let Some(run) = earlier.as_ref().filter(|run| run.state == RunState::Completed && run.errored == 0) {
        complain(format!("Run {} is complete; nothing is left to do.", run.header.id));
        return report(target, arguments, &records, &replayed(&records, run)?, Exit::of);
    }
    let granted = launch::granted(&workspace, arguments.trust_file.as_deref()).map_err(refuse)?;
    let how = Conduct {
        records: &records,
        granted: &granted,
        keys: Arc::new(SystemKeys::default()),
        earlier: earlier.as_ref(),
        patience: arguments.patience,
        told: &|error| told(error, arguments),
    };
    let (board, state) = conduct(prepared, &how)?;
    raise_alerts(&workspace, &records, &board);
    let interrupted = state == RunState::Cancelled;
    report(target, arguments, &records, &board, |report| if interrupted { Exit::Interrupted } else { Exit::of(report) })
}

/// Tells what the workspace's rules raise of the run, and keeps it for Calls. The run itself is done, whatever becomes
/// of this.
fn raise_alerts(workspace: &Workspace, records: &Records, board: &Board) {
    let found = raised(records, workspace.manifest.alerts.clone(), board);
    let kept = found.and_then(|alerts| records.keep_alerts(&board.header().id, &alerts).map(|()| alerts));
    match kept {
        Ok(alerts) => alerts.iter().for_each(|alert| note(format!("alert: {}", alert_words(alert)))),
        Err(error) => complain(format!("Alerts could not be raised: {error}")),
    }
}

/// Files that could not be read may be why something is missing.
fn complain_broken(workspace: &Workspace) {
    workspace.problems.iter().filter(|problem| problem.is_error()).for_each(complain);
}

fn wish(workspace: &Workspace, arguments: &RunArgs) -> Result<Wish, Exit> {
    let project = chosen::project(workspace, arguments.project.as_ref())?;
    let experiment = chosen::experiment(workspace, &project, arguments.experiment.as_ref())?;
    Ok(Wish {
        project,
        experiment,
        definition: None,
        concurrency: arguments.jobs.map(Into::into),
        budget: arguments.budget,
        limit: arguments.limit.map(Into::into),
        repeats: arguments.repeat.map(Into::into),
        policy: arguments.preset.cloned(),
        no_cache: !arguments.cache,
        unmapped_errs: false,
    })
}

/// The wish of the run that goes on, where the command line does not say otherwise.
fn as_it_was(run: &RunSummary, now: &Wish) -> Wish {
    let then = Wish::again(&run.header);
    Wish { budget: now.budget.or(then.budget), concurrency: now.concurrency, no_cache: now.no_cache, ..then }
}

/// The last run that was not finished, else the last one.
fn latest(records: &Records, wish: &Wish) -> Result<Option<RunSummary>, Exit> {
    let (project, experiment) = (&wish.project, &wish.experiment);
    match records.latest_unfinished(project, experiment).map_err(refuse)? {
        None => records.previous_run(project, experiment, None).map_err(refuse),
        unfinished => Ok(unfinished),
    }
}

fn told(error: LaunchError, arguments: &RunArgs) -> Exit {
    let workspace = word(arguments.workspace.display());
    match (&error, &arguments.trust_file) {
        (LaunchError::Untrusted(_), None) => {
            refuse(format!("{error}\nSee and grant it with: strata trust {workspace}"))
        }
        (LaunchError::Untrusted(_), Some(file)) => {
            let again = format!("strata trust {workspace} --write {}", word(file.display()));
            let file = file.display();
            refuse(format!(
                "{error}\n{file} was written for something else. Look at what is asked, and write it anew: {again}"
            ))
        }
        _ => refuse(error),
    }
}

fn report(
    target: Target,
    arguments: &RunArgs,
    records: &Records,
    board: &Board,
    exit: impl FnOnce(&Report) -> Exit,
) -> Result<Exit, Exit> {
    let report = Report::of(board);
    write::run(target, &arguments.output, &report, records)?;
    if let Some(file) = &arguments.output.file {
        write::beside(file, |out| write_run(RunFormat::Table, &report, &mut std::iter::empty(), out))?;
    }
    if let Some(left) = what_is_left(&report, records) {
        complain(left);
    }
    Ok(exit(&report))
}
