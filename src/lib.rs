//! Strata: a workbench for prompts that go to production.
//!
//! This page is the map for people who carry the work on. README is for those who use it.
//!
//! # The order
//!
//! The modules stand here from bedrock to surface. **A module imports only what is listed above it**: a total order
//! cannot hold a circle. Data falls the other way once, as events: plan → run events → board → screen. A live run, a
//! replayed run and a run without a window take the same path.
//!
//! # One evaluation, from click to plotted point
//!
//! 1. A screen sends `session::Command::StartRun`. Nothing else happens in that frame.
//! 2. [`session::launch::prepare`] looks at everything that the run needs and tells all that is wrong at once; it gives a
//!    [`plan::Plan`], in which a trial is an index, and can [estimate](session::launch::Prepared::estimate) its cost.
//! 3. [`session::launch::begin`] refuses what the user has not agreed to, connects the providers, and calls
//!    [`engine::start`] with two sinks: the recorder, then the feed. **Recorded before shown.**
//! 4. The executor takes trials, each endpoint at its own pace. A trial renders, is sanitised, goes through the guarded
//!    call, and is scored by [`scoring::Checks`]. `engine/guard/call.rs` shows the whole order in three functions, each a
//!    paragraph: a call is *asked*, validated and asked again; asking goes through the *route*; at one endpoint there are
//!    *attempts*. What the guards did beside sending is kept with the trial, as [`domain::Guarded`].
//! 5. Each step is said to the dispatcher, which numbers it and hands it to the sinks in groups. *Sent* is durable before
//!    the first byte leaves, *received* before anybody parses it. A full queue slows the executor down.
//! 6. The window's `logic` drains the feed for at most 8 ms a frame into an [`analysis::Board`]; screens gather a plain
//!    value out of it, and draw that.
//!
//! Opening an old run replays its rows into the same board. Resuming is the plan without the trials that have ended:
//! trials go by what they are (case, variant, model, request, repeat), not by their place.
//!
//! # Seams
//!
//! Four traits, and plain functions over values for all the rest: [`provider::Provider`] (an API), [`engine::RunSink`]
//! (who hears of events), [`engine::CallCache`] (answers paid before), and [`domain::Cases`] (a dataset read by row, so
//! that a million of them need no memory). A model that grades, whose call the engine must make and whose meaning is
//! scoring's, is a small machine: [`scoring::Grading::next`] says what is asked, and reads what was answered.
//!
//! | To add … | touch |
//! |---|---|
//! | a provider | `provider/<name>.rs`, one line in `provider/registry.rs`, a variant of [`domain::Api`], its prices |
//! | a check | a variant of [`domain::CheckKind`]; the compiler lists the rest: `scoring/<kind>.rs`, its form |
//! | an assertion of promptfoo | a line in `domain/assertion.rs`; the compiler lists the rest: its function in `scoring/assertion`, its row in `ui/screens/experiment` |
//! | a format of another tool | `interop/formats/<name>.rs`, a variant of [`interop::formats::Format`] |
//! | a guard | `engine/guard/<name>.rs`, its data in [`domain::Policy`], its place in `call.rs` |
//! | a plot | a function in [`analysis`], then `ui/screens/plots/data.rs` |
//! | a command | a variant of [`session::Command`] with its words; menu, palette and shortcuts follow |
//! | a screen | `ui/screens/<name>/{data,screen}.rs` and a variant of [`session::Route`] |
//! | a verb of the command line | `cli/<verb>.rs` and its arguments in `cli/args.rs`, those of larger verbs in `cli/args/` |
//!
//! # Projects of other tools
//!
//! A promptfoo config is read as promptfoo reads it ([`interop::promptfoo::read`] gives a `Suite` of plain values), and put
//! into Strata's nouns ([`interop::promptfoo::import`]): in memory for `strata eval`, into files for `strata import`. From
//! there on it takes the one path. What differs is the project's [`domain::Dialect`]: [`compose::nunjucks`] renders it, and
//! [`scoring::assertion`] grades it by promptfoo's rules, in which an assertion that cannot be done is the trial's error.
//! JavaScript runs in [`scoring::script`], a sandbox, and only where [`domain::Capability::Run`] was granted for exactly that code,
//! of which a template may be a part that each case fills in.
//!
//! # Two kinds of file
//!
//! *Definitions* are RON, written by people and by the window, and live in git ([`store::open_workspace`],
//! [`store::save`]). A save follows the hand-written layout: one edit touches only its lines, comments stay. *Records*
//! are written by the machine, in `SQLite` under `<workspace>/.strata/` ([`store::records`]): one writer, group commit,
//! all SQL in one place. Secrets are in neither: a provider names an environment variable or an entry of the keyring.
//!
//! # Invariants
//!
//! Each is held by a test in `tests/architecture.rs`, or by the compiler:
//!
//! - the order above, and that each outside crate is used in one module only (reqwest and keys in `provider`, SQL and
//!   files in `store`, git in `publish`, printing in `cli`, egui in `ui`);
//! - the core builds without the feature `gui` and then has no window crate in its tree;
//! - the engine does not know what a window, a file or a database is; the window does nothing but draw and send;
//! - nothing reaches the network, a key, or a folder outside the workspace before the user has agreed to exactly that.

pub mod domain;

pub mod compose;

pub mod plan;

pub mod provider;

pub mod scoring;

pub mod engine;

pub mod analysis;

pub mod store;

pub mod interop;

pub mod publish;

pub mod session;

pub mod cli;

#[cfg(feature = "gui")]
pub mod ui;
