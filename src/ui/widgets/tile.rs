//! One number with its name.

use egui::{Color32, Frame, Margin, Response, RichText, Stroke, Ui};

use crate::ui::theme::Theme;

/// A number `value` called `name`, with a line below it that says more.
pub fn tile(ui: &mut Ui, width: f32, name: &str, value: &str, below: &str, colour: Option<Color32>) -> Response {
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.grounds.surface)
        .stroke(Stroke::new(1.0, theme.lines.border))
        .corner_radius(theme.size.radius.card)
        .inner_margin(Margin::symmetric(16, 12))
        .show(ui, |ui| {
            ui.set_width(width - 34.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.label(RichText::new(name).small().color(theme.texts.muted));
                let number =
                    RichText::new(value).size(theme.size.text.title).color(colour.unwrap_or(theme.texts.plain));
                let response = ui.label(number);
                ui.label(RichText::new(below).small().color(theme.texts.faint));
                response
            })
            .inner
        })
        .inner
}
