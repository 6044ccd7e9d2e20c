//! What went wrong: what happened, why, and what to do.

use egui::{Frame, Label, Margin, RichText, Stroke, Ui};
use egui_material_icons::icons;

use super::text;
use crate::domain::{Problem, Severity};
use crate::ui::theme::{Theme, Tone};

/// A box that says what happened and what to do.
pub fn error_panel(ui: &mut Ui, what: &str, hint: &str) {
    panel(ui, Severity::Error, "", what, hint);
}

/// Problems of files, each with its place. Errors first.
pub fn problems(ui: &mut Ui, problems: &[Problem]) {
    let (errors, warnings): (Vec<_>, Vec<_>) = problems.iter().partition(|problem| problem.is_error());
    for problem in errors.into_iter().chain(warnings) {
        panel(ui, problem.severity, &problem.place.to_string(), &problem.message, &problem.hint);
    }
}

fn panel(ui: &mut Ui, severity: Severity, place: &str, what: &str, hint: &str) {
    let theme = Theme::of(ui);
    let (tone, icon) = match severity {
        Severity::Error => (Tone::Fail, icons::ICON_ERROR),
        Severity::Warning => (Tone::Warning, icons::ICON_WARNING),
    };
    let (colour, ground) = theme.tone(tone);
    Frame::new()
        .fill(ground)
        .stroke(Stroke::new(1.0, colour.gamma_multiply(0.4)))
        .corner_radius(theme.size.radius.control)
        .inner_margin(Margin::symmetric(12, 10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                text::icon(ui, icon, colour);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.add(Label::new(what).wrap().selectable(true));
                    if !hint.is_empty() {
                        ui.add(Label::new(RichText::new(hint).color(theme.texts.muted)).wrap().selectable(true));
                    }
                    if !place.is_empty() {
                        ui.add(Label::new(RichText::new(place).monospace().color(theme.texts.muted)).selectable(true));
                    }
                });
            });
        });
}
