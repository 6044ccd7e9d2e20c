//! Which parts each kind of layer has: one file for each.

mod context;
mod definition;
mod documents;
mod examples;
mod foundation;
mod free;
mod task;
mod turns;

pub use definition::layer_text;

pub(super) use context::context;
pub(super) use definition::content_slots;
pub(super) use documents::documents;
pub(super) use examples::ExamplesBody;
pub(super) use foundation::foundation;
pub(super) use free::{ToolBody, tools};
pub(super) use task::{task, task_turns};
pub(super) use turns::{as_block, chosen};
