//! Every call to a model: the log, alerts, the endpoints of the run under way, and what was spent.
//!
//! `data` gathers what is drawn; `filter` says which calls are wanted; `table` and `detail` draw them; `alerts`, `health`
//! and `spend` are the other views; `export` asks where calls go.

mod alerts;
mod data;
mod detail;
mod export;
mod filter;
mod health;
mod screen;
mod spend;
mod table;

pub(super) use screen::{State, show};
