//! JavaScript in a sandbox: assertions, transforms and files of functions, as imported configs have them.
//!
//! The engine is `QuickJS`. A script gets values and gives one back, both as JSON; it has no files, no network, no
//! clock and no randomness, so that the same answer gets the same verdict. It ends at its [`Limits`], in an error that
//! says which.
//!
//! Whether a script may run at all is not asked here: **only code of a workspace that the user has trusted comes this
//! far.** The sandbox keeps a mistake from doing harm; it does not make strangers' code welcome.
//!
//! # Limitations
//!
//! `Intl`, `URL`, `Buffer` and what else is no part of the language itself are absent, and a file cannot load another
//! one. Words are ordered and numbers written as in English. Local time is the machine's. The time limit is looked at
//! between steps, and before each of the engine's own that may be long; a script that does nothing but multiply huge
//! whole numbers, or gives a list's method a proxy that lies about its length, ends later than it should.

mod body;
mod context;
mod cross;
mod error;
mod file;
mod grade;
mod realm;
mod sandbox;
mod transform;

#[cfg(test)]
mod tests;

pub use context::Context;
pub use error::ScriptError;
pub use file::{ScriptFile, call_file};
pub use grade::{Scripted, javascript, javascript_file};
pub use sandbox::Limits;
pub use transform::{Code, transform, transform_vars};
