//! What is on disk: definitions, cases, prices, settings, trust, records.

mod cases;
mod files;
mod pricing;
pub mod records;
pub mod ron;
mod save;
mod workspace;

pub use cases::{OpenCases, open_cases, parse_json};
pub use files::{PathError, inside, write_atomic};
pub use pricing::{TokenLimits, limits_of, price_of, pricing};
pub use save::{SaveError, SaveOutcome, definition_text, save, save_conflict};
pub use workspace::open_workspace;
