//! `strata runs` and `strata show`: what is on record.

use std::io::{self, Write};

use super::args::{RunsArgs, ShowArgs};
use super::chosen::{self, refuse, word};
use super::conduct::replayed;
use super::exit::Exit;
use super::write::{self, Target};
use crate::domain::{RunState, RunSummary};
use crate::interop::run_formats::{Report, RunFormat, one_line};
use crate::store::records::Records;

pub(super) fn runs(arguments: &RunsArgs) -> Exit {
    list(arguments).map_or_else(|exit| exit, |()| Exit::Passed)
}

pub(super) fn show(arguments: &ShowArgs) -> Exit {
    tell(arguments).map_or_else(|exit| exit, |()| Exit::Passed)
}

fn list(arguments: &RunsArgs) -> Result<(), Exit> {
    let workspace = chosen::workspace(&arguments.workspace)?;
    let target = Target::open(arguments.output.file.as_deref())?;
    let records = chosen::records(&workspace)?;
    let mut runs = records.runs().map_err(refuse)?;
    runs.retain(|run| arguments.project.as_ref().is_none_or(|project| run.header.project == *project));
    let file = arguments.output.file.as_deref();
    match arguments.output.format {
        RunFormat::Table => target.write(file, |out| table(&runs, &|run| state(run, &records), out)),
        RunFormat::Json => target.write(file, |out| Ok(serde_json::to_writer_pretty(out, &runs)?)),
        RunFormat::Jsonl => target.write(file, |out| lines(&runs, out)),
        RunFormat::Junit | RunFormat::Csv | RunFormat::Md | RunFormat::Html => {
            Err(refuse("Runs are listed as table, json or jsonl; `strata show` writes one run in every format."))
        }
    }
}

/// A run that nobody is at any more, and that did not end, was interrupted: who may write here is alone.
fn state(run: &RunSummary, records: &Records) -> &'static str {
    if run.state == RunState::Running && records.access().can_write() { "interrupted" } else { run.state.word() }
}

fn table(runs: &[RunSummary], state: &dyn Fn(&RunSummary) -> &'static str, out: &mut dyn Write) -> io::Result<()> {
    if runs.is_empty() {
        return writeln!(out, "No run is on record yet.");
    }
    writeln!(
        out,
        "{:22}{:28}{:16}{:>10}{:>9}{:>9}{:>11}",
        "run", "experiment", "state", "trials", "passed", "errored", "spent"
    )?;
    for run in runs {
        let experiment = one_line(&format!("{}/{}", run.header.project, run.header.experiment), 26);
        writeln!(
            out,
            "{:22}{experiment:28}{:16}{:>10}{:>9}{:>9}{:>11}",
            run.header.id.as_str(),
            state(run),
            format!("{}/{}", run.ended(), run.header.trials()),
            run.passed,
            run.errored,
            run.spent.to_string(),
        )?;
    }
    Ok(())
}

fn lines(runs: &[RunSummary], out: &mut dyn Write) -> io::Result<()> {
    for run in runs {
        serde_json::to_writer(&mut *out, run)?;
        writeln!(out)?;
    }
    Ok(())
}

fn tell(arguments: &ShowArgs) -> Result<(), Exit> {
    let workspace = chosen::workspace(&arguments.workspace)?;
    let target = Target::open(arguments.output.file.as_deref())?;
    let records = chosen::records(&workspace)?;
    let run = records.run(&arguments.run).map_err(refuse)?;
    let run = run.ok_or_else(|| {
        let workspace = word(arguments.workspace.display());
        refuse(format!("There is no run `{}`. See: strata runs {workspace}", arguments.run))
    })?;
    let report = Report::of(&replayed(&records, &run)?);
    write::run(target, &arguments.output, &report, &records)
}
