//! Something that is on or off.

use egui::{Align2, Button, FontId, Response, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};
use egui_material_icons::icons;

use super::focus_ring;
use crate::ui::theme::Theme;

/// A box with a tick in it; the words around it say what it means, `name` says it to those who do not see them.
pub fn tick(ui: &mut Ui, on: bool, name: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::click());
    painted(ui, rect, on, response, name)
}

/// A tick with its words beside it, one thing to press. Returns whether it was pressed.
pub fn option(ui: &mut Ui, on: bool, words: &str) -> bool {
    let theme = Theme::of(ui);
    let font = egui::TextStyle::Body.resolve(ui.style());
    let galley = ui.painter().layout_no_wrap(words.to_owned(), font, theme.texts.plain);
    let size = vec2(28.0 + galley.size().x, galley.size().y.max(20.0));
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let at = egui::pos2(rect.left() + 28.0, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, theme.texts.plain);
    let square = egui::Rect::from_min_size(egui::pos2(rect.left(), rect.center().y - 10.0), vec2(20.0, 20.0));
    painted(ui, square, on, response, words).clicked()
}

fn painted(ui: &Ui, rect: egui::Rect, on: bool, response: Response, name: &str) -> Response {
    let theme = Theme::of(ui);
    let square = egui::Rect::from_center_size(rect.center(), vec2(18.0, 18.0));
    let ground = if on { theme.accent.plain } else { theme.grounds.sunken };
    let edge = if on || response.hovered() { theme.accent.plain } else { theme.lines.strong };
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
