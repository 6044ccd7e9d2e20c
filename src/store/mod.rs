//! What is on disk: definitions, cases, prices, settings, trust.

mod files;
pub mod ron;
mod save;
mod workspace;

pub use files::{PathError, inside, write_atomic};
pub use save::{SaveError, SaveOutcome, definition_text, save, save_conflict};
pub use workspace::open_workspace;
