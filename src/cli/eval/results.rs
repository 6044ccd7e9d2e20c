//! The results of an evaluation: its table and what did not pass for people, and the file that was asked for.

use std::io::{self, Write};
use std::path::Path;

use super::super::args::{EvalArgs, EvalFormat};
use super::super::exit::Exit;
use super::super::write::{Target, beside, run_as, trials as in_grid};
use super::READ_AT_ONCE;
use crate::domain::TrialRef;
use crate::interop::promptfoo::{ResultRow, Suite, trials, without_environment, write_results};
use crate::interop::run_formats::{Report, RunFormat, write_not_passed, write_run};
use crate::plan::Plan;
use crate::store::records::Records;

/// Writes the results where they are asked for. Where that is a file, standard output has the table all the same.
pub(super) fn write(
    target: Target,
    arguments: &EvalArgs,
    suite: &Suite,
    plan: &Plan,
    report: &Report,
    records: &Records,
) -> Result<(), Exit> {
    let (format, file) = (arguments.format(), arguments.file.as_deref());
    match format {
        EvalFormat::Run(RunFormat::Table) => target.write(file, |out| table(report, records, None, out))?,
        EvalFormat::Run(format) => run_as(target, file, format, report, records)?,
        EvalFormat::Results => target.write(file, |out| results(suite, plan, report, records, out))?,
    }
    let Some(file) = file else { return Ok(()) };
    let is_summary = matches!(format, EvalFormat::Run(RunFormat::Table | RunFormat::Md));
    beside(file, |out| table(report, records, Some(file).filter(|_| !is_summary), out))
}

/// The table of a run, and what did not pass; `whole` is the file that lists all of it.
fn table(report: &Report, records: &Records, whole: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    write_run(RunFormat::Table, report, &mut std::iter::empty(), out)?;
    write_not_passed(report, &mut in_grid(report, records), whole, out)
}

/// Rows by promptfoo's names.
fn results(suite: &Suite, plan: &Plan, report: &Report, records: &Records, out: &mut dyn Write) -> io::Result<()> {
    let header = &report.header;
    let places: Vec<TrialRef> = trials(header).collect();
    let ended = places.chunks(READ_AT_ONCE).flat_map(|some| records.ended(&header.id, some).unwrap_or_default());
    let case = |trial: TrialRef| {
        let row = usize::try_from(trial.case).unwrap_or(usize::MAX);
        without_environment(suite, row, plan.case(trial).unwrap_or_default())
    };
    let mut rows = ended.map(|ended| ResultRow {
        case: case(ended.trial),
        label: &suite.prompts[usize::from(ended.trial.variant)].label,
        provider: suite.providers[usize::from(ended.trial.model)].name(),
        ended,
    });
    write_results(header, &suite.derived_metrics, &mut rows, out)
}
