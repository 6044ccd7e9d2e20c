//! Prompts, datasets and evals of other tools: read into Strata's nouns, and prompts written back.
//!
//! [`detect`] tells the format of a text, [`import`] reads it, [`export`] writes a prompt. Reading is a function of text:
//! nothing is run, sent or looked up, and a key that stands in a file is nowhere in what comes of it. Each reader tells
//! in its report what of the file it kept, and how: exactly, nearly, or not at all.
//!
//! ```text
//! text ─ Source ─▶ JSON, rows, YAML ─ a reader for each format ─▶ Said, cases, checks ─ Draft ─▶ Imported
//!                                          └─ wire (requests) · words (texts with slots)
//! ```

mod chainforge;
mod draft;
mod endpoints;
mod error;
mod evals;
mod format;
mod langfuse;
mod langsmith;
mod names;
mod outgoing;
mod params;
mod prompty;
mod reading;
#[cfg(test)]
mod shown;
mod snippet;
mod source;
mod wire;
mod words;
mod yaml;

pub use error::ImportError;
pub use format::{Format, detect};
pub use outgoing::{ExportFormat, Exported, Outgoing, export};
pub use reading::{Read, import};
pub use source::MOST_BYTES;
