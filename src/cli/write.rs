//! Where a command's results go: standard output, or a file that is replaced when it is whole.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use super::args::Output;
use super::chosen::refuse;
use super::exit::Exit;
use crate::domain::{RunId, TrialEnded, TrialRef};
use crate::interop::run_formats::{Report, RunFormat, harmless, write_run};
use crate::store::Replacement;
use crate::store::records::Records;

/// Trials that are read together.
const READ_AT_ONCE: usize = 256;

/// An open place for results.
pub(super) enum Target {
    Screen,
    File(Box<Replacement>),
}

impl Target {
    /// Opens the place before anything is paid for, so that the results have somewhere to go.
    pub fn open(file: Option<&Path>) -> Result<Self, Exit> {
        let Some(file) = file else { return Ok(Self::Screen) };
        let refused = |error| refuse(format!("{} cannot be written: {error}.", file.display()));
        Replacement::begin(file).map(Box::new).map(Self::File).map_err(refused)
    }

    /// Writes by `write` and closes. A reader that closed the pipe has seen what it wanted.
    pub fn write(self, file: Option<&Path>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Exit> {
        let written = match self {
            Self::Screen => {
                let mut out = BufWriter::new(io::stdout().lock());
                write(&mut out).and_then(|()| out.flush())
            }
            Self::File(mut replacement) => write(&mut replacement).and_then(|()| replacement.commit()),
        };
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let place = file.map_or("Standard output".to_owned(), |file| file.display().to_string());
                Err(refuse(format!("{place} cannot be written: {error}.")))
            }
            _ => Ok(()),
        }
    }
}

/// Writes a recorded run; its trials are read one by one.
pub(super) fn run(target: Target, output: &Output, report: &Report, records: &Records) -> Result<(), Exit> {
    run_as(target, output.file.as_deref(), output.format, report, records)
}

/// Writes a recorded run in a format.
pub(super) fn run_as(
    target: Target,
    file: Option<&Path>,
    format: RunFormat,
    report: &Report,
    records: &Records,
) -> Result<(), Exit> {
    let mut trials = trials(report, records);
    target.write(file, |out| write_run(format, report, &mut trials, out))
}

/// What standard output has where the results went to a file: a table for people, and where they are.
pub(super) fn beside(file: &Path, table: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Exit> {
    Target::Screen.write(None, |out| {
        table(out)?;
        writeln!(out, "\nWritten to {}.", harmless(&file.display().to_string()))
    })
}

/// The trials of a run that have ended, in the order of its grid.
pub(super) fn trials<'a>(report: &'a Report, records: &'a Records) -> impl Iterator<Item = Arc<TrialEnded>> + use<'a> {
    let header = &report.header;
    let run: &RunId = &header.id;
    let mut places = places(header.cases, header.variants.len(), header.models.len(), header.repeats);
    let some = std::iter::from_fn(move || {
        let some: Vec<TrialRef> = places.by_ref().take(READ_AT_ONCE).collect();
        (!some.is_empty()).then_some(some)
    });
    some.flat_map(move |some| records.ended(run, &some).unwrap_or_default()).map(Arc::new)
}

#[expect(clippy::cast_possible_truncation, reason = "a plan has no more columns and repeats than fit")]
fn places(cases: u32, variants: usize, models: usize, repeats: u32) -> impl Iterator<Item = TrialRef> {
    (0..cases).flat_map(move |case| {
        (0..variants as u16).flat_map(move |variant| {
            (0..models as u16)
                .flat_map(move |model| (0..repeats as u16).map(move |repeat| TrialRef { case, variant, model, repeat }))
        })
    })
}
