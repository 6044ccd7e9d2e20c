//! Arguments of the verbs about other tools' files: `eval`, `import`, `export`.

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::domain::{Capability, ExperimentId, ProjectId, PromptId, VariantId};
use crate::interop::formats::ExportFormat;
use crate::interop::promptfoo::Narrowing;
use crate::interop::run_formats::RunFormat;

#[derive(Debug, Clone, PartialEq)]
pub struct EvalArgs {
    /// A promptfoo config, or the folder that has one.
    pub config: PathBuf,
    /// The most calls in flight for each provider; the config's own number where it is not given.
    pub jobs: Option<NonZeroU32>,
    pub format: Option<EvalFormat>,
    /// Standard output where it is not given.
    pub file: Option<PathBuf>,
    pub cache: bool,
    /// Go on with the last run of this config.
    pub resume: bool,
    /// Grant for this run what the config asks for.
    pub trust: bool,
    /// Hosts that may get a key which is not theirs by its name.
    pub trust_hosts: Vec<String>,
    pub filter: Narrowing,
}

impl EvalArgs {
    /// Whether the host that a capability sends to was named.
    #[must_use]
    pub fn trusts_host(&self, capability: &Capability) -> bool {
        self.trust_hosts.iter().any(|named| is_sent_to(named, capability))
    }

    /// The hosts that were named and that none of these sends anything to.
    pub fn idle_hosts(&self, asked: &BTreeSet<Capability>) -> impl Iterator<Item = &str> {
        let hosts = self.trust_hosts.iter().map(String::as_str);
        hosts.filter(|named| !asked.iter().any(|capability| is_sent_to(named, capability)))
    }

    /// The format that was asked for, by its name or by the file's.
    #[must_use]
    pub fn format(&self) -> EvalFormat {
        let by_name = || match RunFormat::of_file(self.file.as_deref()?)? {
            RunFormat::Json => Some(EvalFormat::Results),
            other => Some(EvalFormat::Run(other)),
        };
        self.format.or_else(by_name).unwrap_or(EvalFormat::Run(RunFormat::Table))
    }
}

/// Whether a capability sends to this host. One that is named without a port, or with the usual one of the scheme, is
/// the host at that port and at no other.
fn is_sent_to(named: &str, capability: &Capability) -> bool {
    let Capability::Send { origin, .. } = capability else { return false };
    let Some((scheme, host)) = origin.split_once("://") else { return false };
    let named = named.trim_end_matches('/').to_ascii_lowercase();
    let named = match named.split_once("://") {
        Some((its, named)) if its == scheme => named,
        Some(_) => return false,
        None => named.as_str(),
    };
    let usual = if scheme == "https" { ":443" } else { ":80" };
    named.strip_suffix(usual).unwrap_or(named) == host
}

/// How an evaluation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvalFormat {
    /// One JSON object with a row for each test and column, by promptfoo's names.
    Results,
    Run(RunFormat),
}

impl ValueEnum for EvalFormat {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Run(RunFormat::Table),
            Self::Results,
            Self::Run(RunFormat::Html),
            Self::Run(RunFormat::Junit),
            Self::Run(RunFormat::Csv),
            Self::Run(RunFormat::Jsonl),
            Self::Run(RunFormat::Md),
        ]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::Results => Some(clap::builder::PossibleValue::new("json").help("Rows by promptfoo's names")),
            Self::Run(format) => format.to_possible_value(),
        }
    }
}

#[derive(Args)]
pub(super) struct RawEval {
    /// A promptfoo config (YAML or JSON), or the folder with a promptfooconfig.yaml
    #[arg(value_name = "CONFIG")]
    config: PathBuf,
    /// The most calls in flight
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroU32>,
    /// How results are written; by the file's extension, else a table
    #[arg(long, value_enum)]
    format: Option<EvalFormat>,
    /// Write results to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Ask again for answers that are in the cache
    #[arg(long)]
    no_cache: bool,
    /// Go on with the last run of this config
    #[arg(long)]
    resume: bool,
    /// Grant for this run what the config asks for: scripts (in a sandbox), addresses, files outside its folder
    #[arg(long)]
    trust: bool,
    /// Let this host (with its port, where that is not the usual one) have a key that is another vendor's by its name
    #[arg(long, value_name = "HOST[:PORT]", requires = "trust")]
    trust_host: Vec<String>,
    /// Only tests whose description or variables hold this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// The first N tests only
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
    /// Only providers whose id or label holds this text
    #[arg(long, value_name = "TEXT")]
    provider: Option<String>,
}

impl RawEval {
    pub(super) fn resolve(self) -> EvalArgs {
        EvalArgs {
            config: self.config,
            jobs: self.jobs,
            format: self.format,
            file: self.output.filter(|file| file.as_os_str() != "-"),
            cache: !self.no_cache,
            resume: self.resume,
            trust: self.trust,
            trust_hosts: self.trust_host,
            filter: Narrowing { text: self.filter, first: self.limit.map(NonZeroUsize::get), provider: self.provider },
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportArgs {
    /// The file to be imported.
    pub file: PathBuf,
    pub workspace: PathBuf,
    /// The name of the new project; after the file where it is not given.
    pub project: Option<ProjectId>,
    /// Files outside the file's folder may be read.
    pub trust: bool,
    /// Only say what would be imported.
    pub dry_run: bool,
}

#[derive(Args)]
pub(super) struct RawImport {
    /// A file of another tool, such as a promptfoo config, a .prompty file or a snippet of code
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The workspace that gets the project; it is made where it is not there
    #[arg(value_name = "WORKSPACE")]
    workspace: PathBuf,
    /// The new project's name
    #[arg(short, long, value_name = "NAME")]
    project: Option<String>,
    /// Read files outside the file's folder that it names
    #[arg(long)]
    trust: bool,
    /// Only show the report
    #[arg(long)]
    dry_run: bool,
}

impl RawImport {
    pub(super) fn resolve(self) -> ImportArgs {
        let Self { file, workspace, project, trust, dry_run } = self;
        ImportArgs { file, workspace, project: project.map(ProjectId), trust, dry_run }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportArgs {
    pub workspace: PathBuf,
    pub project: Option<ProjectId>,
    pub format: ExportTarget,
    /// The experiment, for promptfoo: the project's main one where it is not given.
    pub experiment: Option<ExperimentId>,
    /// What is written, for formats of one prompt: the project's first variant where it is not given.
    pub variant: Option<VariantId>,
    pub prompt: Option<PromptId>,
    pub file: Option<PathBuf>,
}

/// For which tool something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportTarget {
    /// A whole experiment.
    Promptfoo,
    /// One prompt.
    Prompt(ExportFormat),
}

impl ValueEnum for ExportTarget {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Promptfoo,
            Self::Prompt(ExportFormat::Prompty),
            Self::Prompt(ExportFormat::OpenAiRequest),
            Self::Prompt(ExportFormat::AnthropicRequest),
            Self::Prompt(ExportFormat::LangfusePrompt),
        ]
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        let value = clap::builder::PossibleValue::new;
        Some(match self {
            Self::Promptfoo => value("promptfoo").help("An experiment as a promptfoo config"),
            Self::Prompt(ExportFormat::Prompty) => value("prompty").help("A .prompty file, version 2"),
            Self::Prompt(ExportFormat::OpenAiRequest) => {
                value("openai").help("The body of a call of OpenAI's Chat Completions")
            }
            Self::Prompt(ExportFormat::AnthropicRequest) => {
                value("anthropic").help("The body of a call of Anthropic's Messages")
            }
            Self::Prompt(ExportFormat::LangfusePrompt) => value("langfuse").help("A prompt as Langfuse's API takes it"),
        })
    }
}

#[derive(Args)]
pub(super) struct RawExport {
    /// The workspace's folder
    #[arg(value_name = "WORKSPACE")]
    workspace: PathBuf,
    /// The project, where there are several
    #[arg(short, long, value_name = "PROJECT")]
    project: Option<String>,
    /// What for
    #[arg(long, value_enum)]
    format: ExportTarget,
    /// The experiment, for promptfoo
    #[arg(long, value_name = "EXPERIMENT")]
    experiment: Option<String>,
    /// The variant, for formats of one prompt
    #[arg(long, value_name = "VARIANT", conflicts_with = "prompt")]
    variant: Option<String>,
    /// The prompt, for formats of one prompt
    #[arg(long, value_name = "PROMPT")]
    prompt: Option<String>,
    /// Write to a file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl RawExport {
    pub(super) fn resolve(self) -> ExportArgs {
        ExportArgs {
            workspace: self.workspace,
            project: self.project.map(ProjectId),
            format: self.format,
            experiment: self.experiment.map(ExperimentId),
            variant: self.variant.map(VariantId),
            prompt: self.prompt.map(PromptId),
            file: self.output.filter(|file| file.as_os_str() != "-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Verb;
    use super::super::tests::read;
    use super::*;
    use crate::domain::SecretRef;

    fn eval(line: &str) -> EvalArgs {
        match read(line).unwrap() {
            Verb::Eval(arguments) => arguments,
            other => panic!("{other:?}"),
        }
    }

    fn send(origin: &str) -> Capability {
        let key = Some(SecretRef::Env("OPENAI_API_KEY".to_owned()));
        Capability::Send { origin: origin.to_owned(), key, request: None }
    }

    #[test]
    fn a_host_without_a_port_is_trusted_at_the_usual_port_alone() {
        let check = |named: &str, origin: &str, expect: bool| {
            let arguments = eval(&format!("eval c --trust --trust-host {named}"));
            assert_eq!(arguments.trusts_host(&send(origin)), expect, "{named} {origin}");
            let asked = BTreeSet::from([send(origin)]);
            assert_eq!(arguments.idle_hosts(&asked).collect::<Vec<_>>().is_empty(), expect, "{named} {origin}");
        };
        check("proxy.example", "https://proxy.example", true);
        check("Proxy.Example", "https://proxy.example", true);
        check("proxy.example:443", "https://proxy.example", true);
        check("https://proxy.example/", "https://proxy.example", true);
        check("proxy.example:80", "http://proxy.example", true);
        check("proxy.example:8443", "https://proxy.example:8443", true);
        check("[::1]:8080", "http://[::1]:8080", true);
        check("proxy.example", "https://proxy.example:8443", false);
        check("proxy.example:80", "https://proxy.example", false);
        check("http://proxy.example", "https://proxy.example", false);
        check("proxy.example:443", "https://proxy.example:8443", false);
        check("example", "https://proxy.example", false);
        check("proxy.example.org", "https://proxy.example", false);
        check("127.0.0.1", "http://127.0.0.1:4000", false);
    }
}
