//! Drives the window without a display: everything is found by its accessible name, as a screen reader finds it.
#![cfg(feature = "ui-tests")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod assertions;
mod build;
mod calls;
mod data;
mod experiment;
mod import;
mod narrow;
mod plots;
mod release;
mod results;
mod screens;
mod shell;
mod support;
