//! Something that is on or off.

use egui::{Align2, Button, FontId, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};
use egui_material_icons::icons;

use super::focus_ring;
use crate::ui::theme::Theme;

/// A box with a tick in it; the words around it say what it means, `name` says it to those who do not see them.
pub fn tick(ui: &mut Ui, on: bool, name: &str) -> Response {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::click());
    let hovered = response.hovered();
    let square = egui::Rect::from_center_size(rect.center(), vec2(18.0, 18.0));
    let ground = if on { theme.accent.plain } else { theme.grounds.sunken };
    let edge = if on || hovered { theme.accent.plain } else { theme.lines.strong };
    ui.painter().rect(square, 4.0, ground, Stroke::new(1.0, edge), StrokeKind::Inside);
    if on {
        let icon = icons::ICON_CHECK;
        let font = FontId::new(16.0, icon.font_family());
        ui.painter().text(square.center(), Align2::CENTER_CENTER, icon.codepoint, font, theme.accent.on);
    }
    focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, name));
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}

/// A tick with its words beside it. Returns whether it was pressed.
pub fn option(ui: &mut Ui, on: bool, words: &str) -> bool {
    ui.horizontal(|ui| {
        let pressed = tick(ui, on, words).clicked();
        let label = ui.add(egui::Label::new(words).sense(Sense::click()));
        pressed || label.clicked()
    })
    .inner
}

/// A word in a rounded box that can be switched on.
pub fn chip(ui: &mut Ui, on: bool, words: &str, name: &str) -> Response {
    let theme = Theme::of(ui);
    let (colour, fill, edge) = if on {
        (theme.accent.plain, theme.accent.soft, theme.accent.plain)
    } else {
        (theme.texts.muted, theme.grounds.surface, theme.lines.strong)
    };
    // Without a scope of its own, so that it wraps as a whole where it stands in a row that wraps.
    let padding = std::mem::replace(&mut ui.spacing_mut().button_padding, vec2(10.0, 2.0));
    let least = std::mem::replace(&mut ui.spacing_mut().interact_size.y, 24.0);
    let button = Button::new(RichText::new(words).color(colour).small())
        .fill(fill)
        .stroke(Stroke::new(1.0, edge))
        .corner_radius(theme.size.radius.pill)
        .wrap_mode(egui::TextWrapMode::Extend)
        .min_size(vec2(0.0, 24.0));
    let response = ui.add(button);
    ui.spacing_mut().button_padding = padding;
    ui.spacing_mut().interact_size.y = least;
    focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, name));
    response
}
