//! What can be typed: raw arguments as clap reads them, then resolved ones that make sense together.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::domain::{ProjectId, RunId};
use crate::interop::run_formats::RunFormat;

mod interop;
mod log;
mod output;
mod release;
mod run;

pub use self::interop::{EvalArgs, EvalFormat, ExportArgs, ExportTarget, ImportArgs};
use self::interop::{RawEval, RawExport, RawImport};
use self::log::RawLog;
pub use self::log::{LogArgs, LogTask, Since};
pub use self::output::Output;
use self::output::{RawOutput, only};
use self::release::RawRelease;
pub use self::release::{Frozen, ReleaseArgs, VersionChoice};
use self::run::RawRun;
pub use self::run::RunArgs;

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
    Traffic(TrafficArgs),
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
pub struct TrafficArgs {
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
    pub output: Output,
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

const OF_RUNS: [(RunFormat, &str); 3] = [
    (RunFormat::Table, "For people: one line for each run"),
    (RunFormat::Json, "All runs as one JSON array"),
    (RunFormat::Jsonl, "One JSON object a line for each run"),
];
const OF_TRAFFIC: [(RunFormat, &str); 2] = [
    (RunFormat::Table, "For people: one line for each tier"),
    (RunFormat::Json, "All columns and tiers as one JSON object"),
];
const OF_GUARDS: [(RunFormat, &str); 2] = [
    (RunFormat::Table, "For people: the figures of each guard, by kind"),
    (RunFormat::Json, "All figures as one JSON array"),
];

#[derive(Subcommand)]
enum RawVerb {
    /// Run an experiment and check its gate
    Run(RawRun),
    /// Look for mistakes in a workspace; nothing is sent
    Check(RawWorkspace),
    /// List the recorded runs
    #[command(mut_arg("format", only(OF_RUNS)))]
    Runs(RawRuns),
    /// Show a recorded run
    Show(RawShow),
    /// Fit the tiers of a variant to a recorded run of several models
    Tiers(RawTiers),
    /// Let the requests of a recorded run in as its users' traffic, under their limits; nothing is sent
    #[command(mut_arg("format", only(OF_TRAFFIC)))]
    Traffic(RawShow),
    /// Freeze a variant as a version and commit it to a git repository
    Release(RawRelease),
    /// Make a new workspace
    Init(RawInit),
    /// Show, grant or take back what a workspace may reach
    Trust(RawTrust),
    /// Measure the guards on labelled texts
    #[command(mut_arg("format", only(OF_GUARDS)))]
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
    #[command(flatten)]
    output: RawOutput,
}

fn margin(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "give a share from 0 to 1, such as 0.02".to_owned())
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
            Self::Tiers(RawTiers { workspace, run, margin, output }) => Verb::Tiers(TiersArgs {
                workspace: workspace.workspace,
                run: RunId(run),
                margin,
                output: output.resolve(),
            }),
            Self::Traffic(RawShow { workspace, run, output }) => {
                Verb::Traffic(TrafficArgs { workspace: workspace.workspace, run: RunId(run), output: output.resolve() })
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    pub(super) fn read(line: &str) -> Result<Verb, String> {
        let words = std::iter::once("strata").chain(line.split_whitespace()).map(OsString::from);
        parse(words).map(|arguments| arguments.verb.unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_is_sound() {
        RawArguments::command().debug_assert();
    }

    #[test]
    fn help_offers_the_formats_that_a_verb_writes_and_no_others() {
        let check = |verb: &str, expect: &[&str]| {
            let command = RawArguments::command();
            let verb = command.find_subcommand(verb).unwrap();
            let format = verb.get_arguments().find(|argument| argument.get_id() == "format").unwrap();
            let offered: Vec<String> =
                format.get_possible_values().iter().map(|one| one.get_name().to_owned()).collect();
            assert_eq!(offered, expect, "{verb}");
        };
        check("run", &["table", "json", "jsonl", "junit", "csv", "md", "html"]);
        check("show", &["table", "json", "jsonl", "junit", "csv", "md", "html"]);
        check("runs", &["table", "json", "jsonl"]);
        check("traffic", &["table", "json"]);
        check("guardrails", &["table", "json"]);
        check("log", &["table", "jsonl", "otlp"]);
        for line in ["runs ws --format jsonl", "traffic ws r --format json", "guardrails --format table"] {
            assert!(read(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn no_verb_opens_the_window() {
        assert_eq!(parse([OsString::from("strata")]).unwrap(), Arguments { verb: None });
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
            "runs ws --format csv",
            "traffic ws r --format jsonl",
            "guardrails --format md",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
