//! On or off, at a glance.

use egui::{Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::focus_ring;
use crate::ui::theme::Theme;

/// A switch called `name`. Returns its response, marked as changed where it was turned.
pub fn switch(ui: &mut Ui, name: &str, on: &mut bool) -> Response {
    let theme = Theme::of(ui);
    let (rect, mut response) = ui.allocate_exact_size(vec2(32.0, 18.0), Sense::click());
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    let (ground, knob) =
        if *on { (theme.accent.plain, theme.accent.on) } else { (theme.grounds.pressed, theme.texts.faint) };
    let along = ui.ctx().animate_bool_responsive(response.id, *on);
    let x = egui::lerp(rect.left() + 9.0..=rect.right() - 9.0, along);
    ui.painter().rect_filled(rect, 9.0, ground);
    ui.painter().circle_filled(pos2(x, rect.center().y), 6.0, knob);
    focus_ring(ui, &response);
    let state = *on;
    response.widget_info(|| WidgetInfo::selected(Role::Switch, true, state, name));
    response.on_hover_text(name)
}
