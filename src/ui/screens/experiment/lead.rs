//! The way from another screen to a guard of the policy.

use egui::{Align, Context, Id, Ui};

fn id() -> Id {
    Id::unique("lead to a guard")
}

/// Asks the screen to show the guard of this name when it is drawn next.
pub(in crate::ui::screens) fn lead_to_guard(ctx: &Context, name: &'static str) {
    ctx.data_mut(|data| data.insert_temp(id(), name));
}

/// Scrolls to what is drawn next, where somebody asked for the guard of this name.
pub(super) fn arrive(ui: &Ui, name: &str) {
    if ui.data(|data| data.get_temp::<&'static str>(id())) == Some(name) {
        ui.data_mut(|data| data.remove_temp::<&'static str>(id()));
        ui.scroll_to_cursor(Some(Align::Center));
    }
}
