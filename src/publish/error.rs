//! Why a release could not be exported: a sentence each, and a hint what to do.

use std::path::PathBuf;
use std::time::Duration;

/// In every case the user's HEAD, index, work tree and refs are as they were; at most, unused objects were written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExportError {
    #[error("The git program was not found.")]
    GitAbsent,
    #[error("git {found} is too old; Strata needs 2.30 or later.")]
    GitTooOld { found: String },
    #[error("There is no folder {0}.")]
    NoFolder(PathBuf),
    #[error("{0} is not in a git repository.")]
    NotARepository(PathBuf),
    #[error("git refuses {0}, since the repository belongs to another user.")]
    ForeignOwner(PathBuf),
    #[error("The branch {branch} is checked out in {}.", folder.display())]
    CheckedOut { branch: String, folder: PathBuf },
    #[error("The tag {tag} is there already, with other content.")]
    TagTaken { tag: String },
    #[error("In the branch, {path} is {kind}, so the release cannot be written there.")]
    InTheWay { path: String, kind: &'static str },
    #[error("{reference} cannot be written, since a branch or tag with the name of its folder is there.")]
    NameClash { reference: String },
    #[error("{reference} was moved by another program, three times in a row.")]
    Moved { reference: String },
    #[error("Another git program holds a lock{}.", lock.as_ref().map(|lock| format!(": {}", lock.display())).unwrap_or_default())]
    Locked { lock: Option<PathBuf> },
    #[error("The repository cannot be written: {0}")]
    ReadOnly(String),
    #[error("There is no space left on the disk.")]
    NoSpace,
    #[error("git {command} did not end within {} seconds and was stopped.", deadline.as_secs_f32())]
    Deadline { command: String, deadline: Duration },
    #[error("{file} holds what looks like {kind} (`{start}…`, line {line}).")]
    Secret { file: String, kind: &'static str, start: &'static str, line: usize },
    #[error("The release's version is wrong: {0}.")]
    Version(String),
    #[error("The release cannot be written as files: {0}")]
    Files(String),
    #[error("git {command} failed: {message}")]
    Git { command: String, message: String },
}

impl ExportError {
    /// What to do about it; empty where the sentence says it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::GitAbsent => "Install git 2.30 or later and see that it is in PATH.",
            Self::GitTooOld { .. } => "Install a newer git.",
            Self::NoFolder(_) | Self::NotARepository(_) => {
                "Choose the folder of a repository, or make one there with `git init`."
            }
            Self::ForeignOwner(_) => {
                "If you trust the repository, tell git so yourself with `git config --global --add safe.directory <folder>`; Strata never does."
            }
            Self::CheckedOut { .. } => "Switch that work tree to another branch, or export under another name.",
            Self::TagTaken { .. } => "A released version is never moved: take the next version, or another name.",
            Self::InTheWay { .. } => "Move it away in that branch, or export under another name.",
            Self::NameClash { .. } => "Export under another name, or rename that branch or tag.",
            Self::Moved { .. } => "Wait until the other program is done, then export again.",
            Self::Locked { .. } => {
                "Wait until the other program is done. If none is running, the lock is left over from a crash: look at it and remove it yourself."
            }
            Self::ReadOnly(_) => "See that you may write to the repository's folder.",
            Self::NoSpace => "Free some space, then export again. Nothing was changed.",
            Self::Deadline { .. } => "See whether the disk or the network drive answers, then export again.",
            Self::Secret { .. } => {
                "Take it out of the prompt and give it to the program that calls the prompt; if it is a real key, replace it at its provider."
            }
            Self::Version(_) | Self::Files(_) | Self::Git { .. } => "",
        }
    }

    /// Another try may succeed at once.
    pub(super) const fn is_contention(&self) -> bool {
        matches!(self, Self::Moved { .. } | Self::Locked { .. })
    }
}
