//! Arguments of `run`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValue;

use super::RawWorkspace;
use super::output::{Output, RawOutput};
use crate::domain::{ExperimentId, Policy, ProjectId, Usd};
use crate::store::{PRESETS, preset};

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
    /// How long the run stands still behind a provider that is out of health; `None` waits for ever.
    pub patience: Option<Duration>,
    pub output: Output,
    pub trust_file: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct RawRun {
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
    /// How long a run that stands still waits for a provider to get well, such as 90s, 15m, 2h or `forever`
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = patience)]
    patience: Patience,
    #[command(flatten)]
    output: RawOutput,
    /// What the workspace may reach, as `strata trust --write` wrote it
    #[arg(long, value_name = "FILE")]
    trust_file: Option<PathBuf>,
}

impl RawRun {
    pub(super) fn resolve(self) -> RunArgs {
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
            patience: self.patience.0,
            output: self.output.resolve(),
            trust_file: self.trust_file,
        }
    }
}

fn dollars(text: &str) -> Result<Usd, String> {
    let amount = text.strip_prefix('$').unwrap_or(text).parse().ok().and_then(Usd::from_dollars);
    amount.ok_or_else(|| "an amount of US dollars is needed, such as 2.50".to_owned())
}

/// How long is waited; `None` is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Patience(Option<Duration>);

fn patience(text: &str) -> Result<Patience, String> {
    if text == "forever" {
        return Ok(Patience(None));
    }
    let units = [("s", 1), ("m", 60), ("h", 3_600)];
    let secs = units.iter().find_map(|(unit, secs)| text.strip_suffix(unit)?.parse::<u32>().ok()?.checked_mul(*secs));
    let time = secs.map(|secs| Patience(Some(Duration::from_secs(secs.into()))));
    time.ok_or_else(|| "a length of time (90s, 15m, 2h) or `forever` is needed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::Verb;
    use super::super::tests::read;
    use super::*;
    use crate::interop::run_formats::RunFormat;

    fn run(line: &str) -> RunArgs {
        match read(line).unwrap() {
            Verb::Run(arguments) => arguments,
            other => panic!("{other:?}"),
        }
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
            patience: Some(Duration::from_mins(15)),
            output: Output { format: RunFormat::Table, file: None },
            trust_file: None,
        };
        assert_eq!(run("run ws"), plain);
    }

    #[test]
    fn every_switch_of_a_run_is_understood() {
        let full =
            run("run ws --project p --experiment e -j 4 --budget 2.50 --limit 10 --repeat 3 --no-cache -o out.csv \
                        --preset strict --patience 2h --trust-file trust.ron");
        assert_eq!((full.project, full.experiment), (Some("p".into()), Some("e".into())));
        assert_eq!((full.jobs.map(NonZeroU32::get), full.repeat.map(NonZeroU32::get)), (Some(4), Some(3)));
        assert_eq!((full.budget, full.limit.map(NonZeroUsize::get)), (Usd::from_dollars(2.5), Some(10)));
        assert!(!full.cache);
        assert_eq!((full.preset, full.patience), (preset("strict"), Some(Duration::from_hours(2))));
        assert_eq!(run("run ws --patience forever").patience, None);
        assert!(read("run ws --patience 5").is_err() && read("run ws --patience 9999999h").is_err());
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
}
