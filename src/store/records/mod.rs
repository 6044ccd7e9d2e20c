//! The record database: what runs did, answered and cost. All SQL of the project is in this folder.
//!
//! - `database` is the one type that the rest of the project sees: [`Records`].
//! - `folder`, `lock`, `ballast` and `medium` keep `<workspace>/.strata` private, owned by one writer and able to store
//!   what has been paid for when the disk fills up; `schema` opens, checks and migrates the file in it.
//! - `recorder` is the only writer of runs; `memory` is what it knows between two groups of events.
//! - `read`, `columns`, `attempts`, `calls`, `ledger`, `resume` and `cache` answer questions on connections of their own that
//!   can only read.
//! - `alerts` keeps what was raised, and who has seen it.
//! - `delete` forgets a run, down to the bytes.
//!
//! How it lies in the file: a run has a number. Its trials and attempts have ids `number << 40 | n`, so that a run is
//! one range of each table, in order. An attempt is *sent* from its row on; its raw reply, until somebody has read it,
//! is a row in `replies`. What was said is kept once in `completions`; how it was said (tokens, times) is in the rows of
//! attempts and trials. The cache is an index over attempts that may answer again.
//!
//! Limitations: days are those of UTC. Deleting a run frees the bytes of the file, not those of copies of it.

mod alerts;
mod attempts;
mod ballast;
mod cache;
mod calls;
mod columns;
mod database;
mod delete;
mod error;
mod folder;
mod ledger;
mod lock;
mod medium;
mod memory;
mod read;
mod recorder;
mod resume;
mod rows;
mod schema;

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use attempts::AttemptRecord;
pub use calls::CallStream;
pub use columns::Column;
pub use database::{Access, Records};
pub use error::RecordsError;
pub use ledger::{SpendBy, SpendLine};
pub use lock::Held;
pub use read::TrialDetail;
pub use recorder::Recorder;
pub use resume::Resume;
