//! What can be typed: raw arguments as clap reads them, then resolved ones that make sense together.

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::domain::{ExperimentId, ModelId, Policy, ProjectId, PromptId, RunId, Usd, VariantId};
use crate::interop::call_log::CallFormat;
use crate::interop::run_formats::RunFormat;
use crate::publish::{Step, Version};
use crate::store::{PRESETS, preset};

mod interop;

pub use self::interop::{EvalArgs, EvalFormat, ExportArgs, ExportTarget, ImportArgs};
use self::interop::{RawEval, RawExport, RawImport};

/// All that a command line says.
#[derive(Debug, Clone, PartialEq)]
pub struct Arguments {
    /// `None` opens the window.
    pub verb: Option<Verb>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    Run(RunArgs),
    Check(CheckArgs),
    Runs(RunsArgs),
    Show(ShowArgs),
    Tiers(TiersArgs),
    Release(ReleaseArgs),
    Init(InitArgs),
    Trust(TrustArgs),
    Guardrails(GuardrailsArgs),
    Log(LogArgs),
    Eval(EvalArgs),
    Import(ImportArgs),
    Export(ExportArgs),
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunArgs {
    pub workspace: PathBuf,
    /// The only project of the workspace where it is not given.
    pub project: Option<ProjectId>,
    /// The only one, or the one named as its project, where it is not given.
    pub experiment: Option<ExperimentId>,
    /// The most calls in flight for each provider.
    pub jobs: Option<NonZeroU32>,
    pub budget: Option<Usd>,
    /// The first cases.
    pub limit: Option<NonZeroUsize>,
    pub repeat: Option<NonZeroU32>,
    /// How calls are guarded, whatever the experiment says; its fallback stays.
    pub preset: Option<&'static Policy>,
    pub cache: bool,
    /// Go on with the last run that was not finished.
    pub resume: bool,
    pub output: Output,
    pub trust_file: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CheckArgs {
    pub workspace: PathBuf,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RunsArgs {
    pub workspace: PathBuf,
    pub project: Option<ProjectId>,
    pub output: Output,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ShowArgs {
    pub workspace: PathBuf,
    pub run: RunId,
    pub output: Output,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TiersArgs {
    pub workspace: PathBuf,
    pub run: RunId,
    /// The share of cases that tiers may fail beyond the best model.
    pub margin: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseArgs {
    pub workspace: PathBuf,
    pub project: Option<ProjectId>,
    /// What is frozen.
    pub source: Frozen,
    pub version: VersionChoice,
    /// The run that is the evidence.
    pub run: Option<RunId>,
    pub note: String,
    pub repository: PathBuf,
    /// The name of folder, branch and tag.
    pub name: Option<String>,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What a release is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frozen {
    Variant(VariantId),
    /// The prompt as it is.
    Prompt(PromptId),
}

/// Which version a release gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionChoice {
    Exactly(Version),
    /// A step on from the last.
    Next(Step),
    /// As big a step as the changes ask for.
    Proposed,
}

#[derive(Debug, Clone, PartialEq)]
pub struct InitArgs {
    pub folder: PathBuf,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TrustArgs {
    pub workspace: PathBuf,
    /// Write what is asked, with its hash, to a file for `run --trust-file`.
    pub write: Option<PathBuf>,
    pub revoke: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct GuardrailsArgs {
    /// Labelled texts of the user's own instead of the bundled ones.
    pub file: Option<PathBuf>,
    /// List the texts that the guards are wrong about.
    pub misses: bool,
    pub output: Output,
}

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
    /// To the workspace's collector.
    Send { trust_file: Option<PathBuf> },
}

/// Where results go and how they are written.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub format: RunFormat,
    /// Standard output where it is not given.
    pub file: Option<PathBuf>,
}

impl ValueEnum for RunFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Table, Self::Json, Self::Jsonl, Self::Junit, Self::Csv, Self::Md, Self::Html]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Table => PossibleValue::new("table").help("For people: one line for each variant and model"),
            Self::Json => PossibleValue::new("json").help("The whole run as one JSON object"),
            Self::Jsonl => PossibleValue::new("jsonl").help("One JSON object a line for each trial"),
            Self::Junit => PossibleValue::new("junit").help("JUnit XML for CI"),
            Self::Csv => PossibleValue::new("csv").help("One row for each trial"),
            Self::Md => PossibleValue::new("md").alias("markdown").help("A summary in Markdown"),
            Self::Html => PossibleValue::new("html").help("One web page with every trial"),
        })
    }
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

/// A command line that cannot be followed, help and version included: clap says it in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(#[from] pub clap::Error);

/// Reads a command line, the program's name first.
///
/// # Errors
/// Unknown or missing arguments, values that are out of range, arguments that do not go together; help and version.
pub fn parse(line: impl IntoIterator<Item = OsString>) -> Result<Arguments, UsageError> {
    let raw = RawArguments::try_parse_from(line)?;
    Ok(Arguments { verb: raw.verb.map(RawVerb::resolve) })
}

#[derive(Parser)]
#[command(
    name = "strata",
    version,
    about = "A workbench for prompts that go to production. Without a command, the window opens.",
    after_help = "Exit codes: 0 all gates pass · 1 checks failed · 2 wrong usage or files · \
                  3 incomplete (errors, budget, interrupted work left) · 130 interrupted"
)]
struct RawArguments {
    #[command(subcommand)]
    verb: Option<RawVerb>,
}

#[derive(Subcommand)]
enum RawVerb {
    /// Run an experiment and check its gate
    Run(RawRun),
    /// Look for mistakes in a workspace; nothing is sent
    Check(RawWorkspace),
    /// List the recorded runs
    Runs(RawRuns),
    /// Show a recorded run
    Show(RawShow),
    /// Fit the tiers of a variant to a recorded run of several models
    Tiers(RawTiers),
    /// Freeze a variant as a version and commit it to a git repository
    Release(RawRelease),
    /// Make a new workspace
    Init(RawInit),
    /// Show, grant or take back what a workspace may reach
    Trust(RawTrust),
    /// Measure the guards on labelled texts
    Guardrails(RawGuardrails),
    /// List the calls to models, their cost, and send them to a collector
    Log(RawLog),
    /// Run a promptfoo config as it stands
    Eval(RawEval),
    /// Make a project of another tool's file
    Import(RawImport),
    /// Write a project or a prompt for another tool
    Export(RawExport),
}

#[derive(Args)]
struct RawWorkspace {
    /// The workspace's folder
    workspace: PathBuf,
}

#[derive(Args)]
struct RawOutput {
    /// How results are written; by the file's extension, else a table
    #[arg(long, value_enum)]
    format: Option<RunFormat>,
    /// Write results to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Args)]
struct RawRun {
    #[command(flatten)]
    workspace: RawWorkspace,
    /// The project; it may be left out where there is one only
    #[arg(long)]
    project: Option<String>,
    /// The experiment; it may be left out where there is one only, or one named as its project
    #[arg(long)]
    experiment: Option<String>,
    /// The most calls in flight for each provider
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroU32>,
    /// The most that the run may cost in US dollars
    #[arg(long, value_name = "USD", value_parser = dollars)]
    budget: Option<Usd>,
    /// Take the first N cases only
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Trials in each cell
    #[arg(long, value_name = "K")]
    repeat: Option<NonZeroU32>,
    /// How calls are guarded, whatever the experiment says; its fallback stays
    #[arg(long, value_parser = PRESETS.map(|(name, about)| PossibleValue::new(name).help(about)))]
    preset: Option<String>,
    /// Ask again what has been answered before
    #[arg(long)]
    no_cache: bool,
    /// Go on with the last run that was not finished
    #[arg(long, conflicts_with_all = ["limit", "repeat", "preset"])]
    resume: bool,
    #[command(flatten)]
    output: RawOutput,
    /// What the workspace may reach, as `strata trust --write` wrote it
    #[arg(long, value_name = "FILE")]
    trust_file: Option<PathBuf>,
}

#[derive(Args)]
struct RawRuns {
    #[command(flatten)]
    workspace: RawWorkspace,
    #[arg(long)]
    project: Option<String>,
    #[command(flatten)]
    output: RawOutput,
}

#[derive(Args)]
struct RawShow {
    #[command(flatten)]
    workspace: RawWorkspace,
    /// The run's id, as `strata runs` lists it
    run: String,
    #[command(flatten)]
    output: RawOutput,
}

#[derive(Args)]
struct RawTiers {
    #[command(flatten)]
    workspace: RawWorkspace,
    /// The run's id, as `strata runs` lists it
    run: String,
    /// The share of cases (0 to 1) that tiers may fail beyond the dearest model
    #[arg(long, default_value = "0.02", value_parser = margin)]
    margin: f64,
}

fn margin(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "give a share from 0 to 1, such as 0.02".to_owned())
}

#[derive(Args)]
struct RawRelease {
    #[command(flatten)]
    workspace: RawWorkspace,
    #[arg(long)]
    project: Option<String>,
    /// The variant that is frozen
    #[arg(long, conflicts_with = "prompt", required_unless_present = "prompt")]
    variant: Option<String>,
    /// The prompt that is frozen as it is
    #[arg(long)]
    prompt: Option<String>,
    /// A semantic version, or `patch`, `minor` or `major` for the next one; as the changes ask where it is left out
    #[arg(long, value_parser = version_choice)]
    version: Option<VersionChoice>,
    /// The run that is the evidence
    #[arg(long)]
    run: Option<String>,
    /// What the release is about
    #[arg(long, default_value = "")]
    note: String,
    /// The git repository that the release goes to
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// The name of folder, branch and tag; the prompt's where it is left out
    #[arg(long)]
    name: Option<String>,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
struct RawInit {
    /// A folder that is empty or not there yet
    folder: PathBuf,
}

#[derive(Args)]
struct RawTrust {
    #[command(flatten)]
    workspace: RawWorkspace,
    /// Write what the workspace asks for to a file for `run --trust-file`, without granting it here
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
    /// Take back what was granted
    #[arg(long, conflicts_with = "write")]
    revoke: bool,
}

#[derive(Args)]
struct RawGuardrails {
    /// Labelled texts of your own, one JSON object a line: id, text, kind, and `attack` of an input or `expect` of an answer
    file: Option<PathBuf>,
    /// List the texts that the guards are wrong about
    #[arg(long)]
    misses: bool,
    #[command(flatten)]
    output: RawOutput,
}

#[derive(Args)]
struct RawLog {
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
    /// Send the calls to the workspace's collector (`otlp` in workspace.ron)
    #[arg(long, conflicts_with_all = ["format", "output"])]
    send: bool,
    /// What the workspace may reach, as `strata trust --write` wrote it
    #[arg(long, value_name = "FILE", requires = "send")]
    trust_file: Option<PathBuf>,
}

impl RawVerb {
    fn resolve(self) -> Verb {
        match self {
            Self::Run(raw) => Verb::Run(raw.resolve()),
            Self::Check(RawWorkspace { workspace }) => Verb::Check(CheckArgs { workspace }),
            Self::Runs(RawRuns { workspace, project, output }) => Verb::Runs(RunsArgs {
                workspace: workspace.workspace,
                project: project.map(ProjectId),
                output: output.resolve(),
            }),
            Self::Show(RawShow { workspace, run, output }) => {
                Verb::Show(ShowArgs { workspace: workspace.workspace, run: RunId(run), output: output.resolve() })
            }
            Self::Tiers(RawTiers { workspace, run, margin }) => {
                Verb::Tiers(TiersArgs { workspace: workspace.workspace, run: RunId(run), margin })
            }
            Self::Release(raw) => Verb::Release(raw.resolve()),
            Self::Init(RawInit { folder }) => Verb::Init(InitArgs { folder }),
            Self::Trust(RawTrust { workspace, write, revoke }) => {
                Verb::Trust(TrustArgs { workspace: workspace.workspace, write, revoke })
            }
            Self::Guardrails(RawGuardrails { file, misses, output }) => {
                Verb::Guardrails(GuardrailsArgs { file, misses, output: output.resolve() })
            }
            Self::Log(raw) => Verb::Log(raw.resolve()),
            Self::Eval(raw) => Verb::Eval(raw.resolve()),
            Self::Import(raw) => Verb::Import(raw.resolve()),
            Self::Export(raw) => Verb::Export(raw.resolve()),
        }
    }
}

impl RawRun {
    fn resolve(self) -> RunArgs {
        RunArgs {
            workspace: self.workspace.workspace,
            project: self.project.map(ProjectId),
            experiment: self.experiment.map(ExperimentId),
            jobs: self.jobs,
            budget: self.budget,
            limit: self.limit,
            repeat: self.repeat,
            // Clap takes no other name.
            preset: self.preset.and_then(|name| preset(&name)),
            cache: !self.no_cache,
            resume: self.resume,
            output: self.output.resolve(),
            trust_file: self.trust_file,
        }
    }
}

impl RawRelease {
    fn resolve(self) -> ReleaseArgs {
        let source = match self.variant {
            Some(variant) => Frozen::Variant(VariantId(variant)),
            // One of the two is there: clap asks for it.
            None => Frozen::Prompt(PromptId(self.prompt.unwrap_or_default())),
        };
        ReleaseArgs {
            workspace: self.workspace.workspace,
            project: self.project.map(ProjectId),
            source,
            version: self.version.unwrap_or(VersionChoice::Proposed),
            run: self.run.map(RunId),
            note: self.note,
            repository: self.repo,
            name: self.name,
            dry_run: self.dry_run,
        }
    }
}

impl RawLog {
    fn resolve(self) -> LogArgs {
        let file = self.output.filter(|file| file != Path::new("-"));
        let by_name = || file.as_deref().and_then(CallFormat::of_file);
        let task = match (self.spend, self.send) {
            (true, _) => LogTask::Spend,
            (_, true) => LogTask::Send { trust_file: self.trust_file },
            (false, false) => LogTask::List { format: self.format.or_else(by_name).unwrap_or(CallFormat::Table), file },
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

impl RawOutput {
    /// `-` is standard output, as everywhere.
    fn resolve(self) -> Output {
        let file = self.output.filter(|file| file != Path::new("-"));
        let by_name = || file.as_deref().and_then(RunFormat::of_file);
        Output { format: self.format.or_else(by_name).unwrap_or(RunFormat::Table), file }
    }
}

fn dollars(text: &str) -> Result<Usd, String> {
    let amount = text.strip_prefix('$').unwrap_or(text).parse().ok().and_then(Usd::from_dollars);
    amount.ok_or_else(|| "an amount of US dollars is needed, such as 2.50".to_owned())
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

fn version_choice(text: &str) -> Result<VersionChoice, String> {
    match text {
        "patch" => Ok(VersionChoice::Next(Step::Patch)),
        "minor" => Ok(VersionChoice::Next(Step::Minor)),
        "major" => Ok(VersionChoice::Next(Step::Major)),
        _ => text.parse().map(VersionChoice::Exactly),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn read(line: &str) -> Result<Verb, String> {
        let words = std::iter::once("strata").chain(line.split_whitespace()).map(OsString::from);
        parse(words).map(|arguments| arguments.verb.unwrap()).map_err(|error| error.to_string())
    }

    fn run(line: &str) -> RunArgs {
        match read(line).unwrap() {
            Verb::Run(arguments) => arguments,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_is_sound() {
        RawArguments::command().debug_assert();
    }

    #[test]
    fn no_verb_opens_the_window() {
        assert_eq!(parse([OsString::from("strata")]).unwrap(), Arguments { verb: None });
    }

    #[test]
    fn a_run_has_plain_defaults() {
        let plain = RunArgs {
            workspace: "ws".into(),
            project: None,
            experiment: None,
            jobs: None,
            budget: None,
            limit: None,
            repeat: None,
            preset: None,
            cache: true,
            resume: false,
            output: Output { format: RunFormat::Table, file: None },
            trust_file: None,
        };
        assert_eq!(run("run ws"), plain);
    }

    #[test]
    fn every_switch_of_a_run_is_understood() {
        let full =
            run("run ws --project p --experiment e -j 4 --budget 2.50 --limit 10 --repeat 3 --no-cache -o out.csv \
                        --preset strict --trust-file trust.ron");
        assert_eq!((full.project, full.experiment), (Some("p".into()), Some("e".into())));
        assert_eq!((full.jobs.map(NonZeroU32::get), full.repeat.map(NonZeroU32::get)), (Some(4), Some(3)));
        assert_eq!((full.budget, full.limit.map(NonZeroUsize::get)), (Usd::from_dollars(2.5), Some(10)));
        assert!(!full.cache);
        assert_eq!(full.preset, preset("strict"));
        assert_eq!(full.trust_file, Some("trust.ron".into()));
    }

    #[test]
    fn the_format_follows_the_files_name() {
        let check = |line: &str, format, file: Option<&str>| {
            assert_eq!(run(line).output, Output { format, file: file.map(PathBuf::from) }, "{line}");
        };
        check("run ws -o a/report.xml", RunFormat::Junit, Some("a/report.xml"));
        check("run ws -o report.JSONL", RunFormat::Jsonl, Some("report.JSONL"));
        check("run ws -o report.txt", RunFormat::Table, Some("report.txt"));
        check("run ws -o report.csv --format md", RunFormat::Md, Some("report.csv"));
        check("run ws --format json -o -", RunFormat::Json, None);
    }

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

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "run",
            "run ws -j 0",
            "run ws --budget -1",
            "run ws --budget NaN",
            "run ws --limit 0",
            "run ws --repeat 0",
            "run ws --format yaml",
            "run ws --resume --limit 3",
            "run ws --preset lax",
            "log ws --spend --send",
            "log ws --send -o calls.jsonl",
            "log ws --limit 0",
            "log ws --trust-file t.ron",
            "log ws --since soon",
            "run ws --unknown",
            "dance",
            "show ws",
            "init",
            "release ws --repo r",
            "release ws --variant v",
            "release ws --variant v --prompt p --repo r",
            "release ws --variant v --repo r --version 1.0",
            "trust ws --revoke --write f",
            "run ws --yes-to-all",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_release_takes_a_version_or_a_step() {
        let check = |version: &str, expect| match read(&format!("release ws --variant v --repo r {version}")).unwrap() {
            Verb::Release(arguments) => assert_eq!(arguments.version, expect),
            other => panic!("{other:?}"),
        };
        check("", VersionChoice::Proposed);
        check("--version minor", VersionChoice::Next(Step::Minor));
        check("--version 2.0.0", VersionChoice::Exactly(Version::new(2, 0, 0)));
    }
}
