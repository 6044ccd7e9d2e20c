//! promptfoo configs, read into plain values as promptfoo itself reads them.
//!
//! [`read`] takes a file (or the folder that holds it) and gives a [`Suite`]: prompts and providers with their columns,
//! and the tests, merged and expanded, a row for each test index. Templates are not filled in, and no code is run: both
//! are the caller's [`Means`]. What promptfoo refuses to load is [`Refused`] with a sentence. What is read but not
//! understood is kept and listed in [`Suite::notes`]; what needs the user's trust is listed in [`Suite::asks`].
//!
//! Only files inside the config's folder are opened, after links are followed, unless a root was granted.

mod export;
mod import;
mod means;
mod narrow;
mod pace;
mod providers;
mod read;
mod report;
mod results;
mod suite;
mod totals;

pub use export::export;
pub use import::{EVALUATION, InlineKey, Layers, TESTS, USUAL_KEY, Usual, import, javascript, without_environment};
pub use means::{Means, Process, Render, TransformVars};
pub use narrow::{Narrowing, narrowed};
pub use providers::config_for;
pub use read::{is_config, is_read, read};
pub use report::{Ask, AskKind, Location, Note, NoteKind, Refused};
pub use results::{ResultRow, trials, write_load_error, write_results};
pub use suite::{
    AssertionEntry, CaseEntry, CaseOptions, Code, Column, DerivedMetric, FileTexts, Given, PromptEntry, ProviderEntry,
    Row, Settings, Suite,
};
