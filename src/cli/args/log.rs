//! Arguments of `log`.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::RawWorkspace;
use crate::domain::{ModelId, ProjectId, RunId};
use crate::interop::call_log::CallFormat;

#[derive(Debug, Clone, PartialEq)]
pub struct LogArgs {
    pub workspace: PathBuf,
    pub run: Option<RunId>,
    pub project: Option<ProjectId>,
    pub model: Option<ModelId>,
    /// A fault's word.
    pub fault: Option<String>,
    pub since: Option<Since>,
    /// The newest calls; a table shows 100 where it is not given.
    pub limit: Option<NonZeroU64>,
    pub task: LogTask,
}

/// From when on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    At(Timestamp),
    /// So long before now.
    Ago(SignedDuration),
}

/// What is done with the calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTask {
    List {
        format: CallFormat,
        /// Standard output where it is not given.
        file: Option<PathBuf>,
    },
    /// What they cost, by day, model and project.
    Spend,
    /// What was raised.
    Alerts,
    /// To the workspace's collector.
    Send { trust_file: Option<PathBuf> },
}

impl ValueEnum for CallFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Table, Self::Jsonl, Self::Otlp]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Table => PossibleValue::new("table").help("For people: one line for each call"),
            Self::Jsonl => PossibleValue::new("jsonl").help("One JSON object a line for each call"),
            Self::Otlp => PossibleValue::new("otlp").help("OpenTelemetry traces (OTLP) as JSON, one request a line"),
        })
    }
}

#[derive(Args)]
pub(super) struct RawLog {
    #[command(flatten)]
    workspace: RawWorkspace,
    /// Calls of one run
    #[arg(long)]
    run: Option<String>,
    /// Calls of one project
    #[arg(long)]
    project: Option<String>,
    /// Calls to one model
    #[arg(long)]
    model: Option<String>,
    /// Calls that failed this way, such as `rate-limited`
    #[arg(long)]
    fault: Option<String>,
    /// Calls since a day or an instant (2026-11-23, 2026-11-23T14:05:00Z), or for so long (30m, 24h, 7d)
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Since>,
    /// The newest N calls; a table shows 100 where it is left out
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroU64>,
    /// How calls are written; by the file's extension, else a table
    #[arg(long, value_enum)]
    format: Option<CallFormat>,
    /// Write calls to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Show what was spent by day, model and project
    #[arg(long, conflicts_with_all = ["format", "output", "send", "run", "project", "model", "fault", "limit"])]
    spend: bool,
    /// List the alerts that were raised, with their causes; of one run with --run
    #[arg(long, conflicts_with_all = ["spend", "send", "format", "output", "project", "model", "fault", "since", "limit"])]
    alerts: bool,
    /// Send the calls to the workspace's collector (`otlp` in workspace.ron)
    #[arg(long, conflicts_with_all = ["format", "output"])]
    send: bool,
    /// What the workspace may reach, as `strata trust --write` wrote it
    #[arg(long, value_name = "FILE", requires = "send")]
    trust_file: Option<PathBuf>,
}

impl RawLog {
    pub(super) fn resolve(self) -> LogArgs {
        let file = self.output.filter(|file| file != Path::new("-"));
        let by_name = || file.as_deref().and_then(CallFormat::of_file);
        let task = match (self.spend, self.alerts, self.send) {
            (true, ..) => LogTask::Spend,
            (_, true, _) => LogTask::Alerts,
            (.., true) => LogTask::Send { trust_file: self.trust_file },
            (false, false, false) => {
                LogTask::List { format: self.format.or_else(by_name).unwrap_or(CallFormat::Table), file }
            }
        };
        LogArgs {
            workspace: self.workspace.workspace,
            run: self.run.map(RunId),
            project: self.project.map(ProjectId),
            model: self.model.map(ModelId),
            fault: self.fault,
            since: self.since,
            limit: self.limit,
            task,
        }
    }
}

/// A day of this machine's calendar, an instant, or a length of time before now.
fn since(text: &str) -> Result<Since, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Since::At(at));
    }
    if let Ok(day) = text.parse::<Date>() {
        let start = day.to_zoned(TimeZone::system()).map_err(|error| error.to_string())?;
        return Ok(Since::At(start.timestamp()));
    }
    let unit = text.chars().last().and_then(|unit| Some((unit, text.strip_suffix(unit)?.parse::<u32>().ok()?)));
    let hours = |hours: u32| SignedDuration::from_hours(hours.into());
    match unit {
        Some(('m', minutes)) => Ok(Since::Ago(SignedDuration::from_mins(minutes.into()))),
        Some(('h', count)) => Ok(Since::Ago(hours(count))),
        Some(('d', days)) => Ok(Since::Ago(hours(days.saturating_mul(24)))),
        _ => Err("a day (2026-11-23), an instant (2026-11-23T14:05:00Z) or a length of time (30m, 24h, 7d) is needed"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verb;
    use super::super::tests::read;
    use super::*;

    fn log(line: &str) -> LogArgs {
        match read(line).unwrap() {
            Verb::Log(arguments) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_call_log_is_listed_summed_up_or_sent() {
        let list = |format, file: Option<&str>| LogTask::List { format, file: file.map(PathBuf::from) };
        let check = |line: &str, expect| assert_eq!(log(line).task, expect, "{line}");
        check("log ws", list(CallFormat::Table, None));
        check("log ws -o calls.jsonl", list(CallFormat::Jsonl, Some("calls.jsonl")));
        check("log ws -o traces.json", list(CallFormat::Otlp, Some("traces.json")));
        check("log ws --format otlp -o -", list(CallFormat::Otlp, None));
        check("log ws --spend --since 7d", LogTask::Spend);
        check("log ws --send --trust-file t.ron", LogTask::Send { trust_file: Some("t.ron".into()) });
    }

    #[test]
    fn times_are_days_instants_or_lengths() {
        let check = |text: &str, expect: Since| assert_eq!(since(text), Ok(expect), "{text}");
        check("30m", Since::Ago(SignedDuration::from_mins(30)));
        check("24h", Since::Ago(SignedDuration::from_hours(24)));
        check("7d", Since::Ago(SignedDuration::from_hours(168)));
        check("2026-11-23T14:05:00Z", Since::At("2026-11-23T14:05:00Z".parse().unwrap()));
        let day = Date::constant(2026, 11, 23).to_zoned(TimeZone::system()).unwrap();
        check("2026-11-23", Since::At(day.timestamp()));
        for wrong in ["", "d", "-3d", "yesterday", "3w", "é"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
