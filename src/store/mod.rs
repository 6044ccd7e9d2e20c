//! What is on disk: definitions, cases, prices, settings, trust, records.

mod bundled;
mod cases;
mod check;
mod definitions;
mod exports;
mod files;
mod import;
mod init;
mod journal;
mod presets;
mod pricing;
pub mod records;
mod replacement;
pub mod ron;
mod save;
mod settings;
mod trust;
mod watch;
mod workspace;

pub use bundled::{Bundled, bundled, copy_bundled};
pub use cases::{OpenCases, open_cases, parse_json, peek_cases};
pub use check::{Places, check_workspace};
pub use definitions::{key_of, read_definition};
pub use exports::ExportGrants;
pub use files::{PathError, inside, read_text, write_atomic};
pub use import::import_cases;
pub use init::init_workspace;
pub use journal::{Journal, Unsaved};
pub use presets::{PRESETS, preset};
pub use pricing::{TokenLimits, limits_of, price_of, pricing};
pub use replacement::Replacement;
pub use save::{SaveError, SaveOutcome, definition_text, save, save_conflict};
pub use settings::{Settings, Theme, config_dir, data_dir};
pub use trust::{Decision, Trust, TrustStore};
pub use watch::{Watcher, watch};
pub use workspace::open_workspace;
