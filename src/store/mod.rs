//! What is on disk: definitions, cases, prices, settings, trust, records.

mod files;
pub mod records;
pub mod ron;
mod save;
mod workspace;

pub use files::{PathError, inside, write_atomic};
pub use save::{SaveError, SaveOutcome, definition_text, save, save_conflict};
pub use workspace::open_workspace;
