//! Releases leave the house: a variant is frozen as a version, written as files, and committed to a git repository.
//!
//! ```text
//! variant + evidence ─ freeze ─▶ Release ─ files ─▶ bytes ─┐
//!                                    └──── message ────────┴─ export ─▶ branch strata/<name>, tag <name>-v<version>
//! ```
//!
//! Export uses git's plumbing only. It writes objects and moves two refs in one transaction; it never touches the user's
//! HEAD, index or work tree, and runs none of the programs that a repository's configuration names.

mod error;
mod export;
mod files;
mod freeze;
mod git;
mod markdown;
mod message;
mod names;
mod repository;
mod secrets;
mod version;

pub use error::ExportError;
pub use export::{Base, Change, ExportOptions, Exported, PlannedFile, Preview, export, preview};
pub use files::{ReleaseFile, files};
pub use freeze::{
    FreezeError, Freezing, Frozen, Measured, evidence, freeze, latest, propose, release_id, step_for, step_on,
};
pub use git::Git;
pub use message::commit_message;
pub use names::{branch_name, slug, tag_name};
pub use secrets::{Leak, find_leak};
pub use version::{Step, Version};
