//! Arguments of `release`.

use std::path::PathBuf;

use clap::Args;

use super::RawWorkspace;
use crate::domain::{ProjectId, PromptId, RunId, VariantId};
use crate::publish::{Step, Version};

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

#[derive(Args)]
pub(super) struct RawRelease {
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

impl RawRelease {
    pub(super) fn resolve(self) -> ReleaseArgs {
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
    use super::super::Verb;
    use super::super::tests::read;
    use super::*;

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
