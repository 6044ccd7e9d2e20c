//! A form for each kind of layer.

mod context;
mod foundation;
mod free;
mod task;

use egui::Ui;

use super::fields::Fields;
use crate::domain::Content;
use crate::session::Session;

/// Draws the form of a layer's content.
pub(super) fn content(ui: &mut Ui, session: &Session, fields: &Fields<'_>, content: &mut Content) {
    match content {
        Content::Foundation(layer) => foundation::show(ui, fields, layer),
        Content::Context(layer) => context::show(ui, fields, layer),
        Content::Task(layer) => task::show(ui, fields, layer),
        Content::Text(layer) => free::text(ui, fields, layer),
        Content::Examples(layer) => free::examples(ui, session, fields, layer),
        Content::Snippet(layer) => free::snippet(ui, session, fields, layer),
        Content::Tools(layer) => free::tools(ui, fields, layer),
        Content::History(layer) => free::history(ui, fields, layer),
    }
}
