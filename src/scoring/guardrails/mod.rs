//! Guards of input and output, without the calls: text in, findings out. Pure, and compiled once for a run.
//!
//! [`Sanitiser`] looks for orders in text from outside, [`Inspector`] looks at answers. Both see the text as
//! [`normalise`] writes it, where disguises are off, and name places of the text as it came. What the patterns are is
//! data (`assets/guardrails/*.ron`); how good they are is measured on [`labelled`] texts, half of which the
//! patterns are not tuned on.
//!
//! | file | subject |
//! |---|---|
//! | `normalise`, `confusables` | one spelling for each text, with the way back to its bytes |
//! | `hidden` | text inside text: base64, hex, escapes, spaced letters, tag characters |
//! | `patterns` | patterns as data, found from their first words |
//! | `injection`, `neutralise` | the sanitiser |
//! | `leak`, `pii`, `harm`, `phrases` | one finder each |
//! | `scan`, `excerpt` | what all of them need |
//! | `inspect`, `redact` | the validator, and taking out what it found |
//!
//! # Limitations
//! An attack in words that no pattern has, or in a language that none is written for, is not seen; nor is a system text
//! that comes back in other words or translated. A finding is a signal; that no finding came is no proof.

mod confusables;
mod excerpt;
mod harm;
mod hidden;
mod injection;
mod inspect;
pub mod labelled;
mod leak;
mod neutralise;
mod normalise;
mod patterns;
mod phrases;
mod pii;
mod redact;
mod scan;

#[cfg(test)]
mod laws;

pub use injection::{Sanitised, Sanitiser};
pub use inspect::{Context, Inspector};
pub use redact::redact;
