//! A screen, or a part of one, that has nothing to show yet.

use egui::{Align2, FontId, Label, RichText, Sense, Ui, vec2};
use egui_material_icons::MaterialIcon;

use super::{button, text};
use crate::ui::theme::Theme;

/// Says what this place is for, and has the one button that fills it. Returns whether the button was pressed.
pub fn empty(ui: &mut Ui, icon: MaterialIcon, heading: &str, about: &str, button: Option<&str>) -> bool {
    let theme = Theme::of(ui);
    let room = ui.available_height();
    ui.vertical_centered(|ui| {
        ui.add_space((room * 0.28).clamp(theme.size.space.xl, 220.0));
        let (rect, _) = ui.allocate_exact_size(vec2(64.0, 64.0), Sense::hover());
        ui.painter().circle_filled(rect.center(), 32.0, theme.accent.soft);
        let font = FontId::new(30.0, icon.font_family());
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, icon.codepoint, font, theme.accent.plain);
        ui.add_space(theme.size.space.s);
        text::heading(ui, heading);
        ui.allocate_ui(vec2(ui.available_width().min(460.0), 0.0), |ui| {
            ui.vertical_centered(|ui| {
                ui.add(Label::new(RichText::new(about).color(theme.texts.muted)).wrap());
            });
        });
        ui.add_space(theme.size.space.m);
        button.is_some_and(|words| button::primary(ui, None, words).clicked())
    })
    .inner
}
