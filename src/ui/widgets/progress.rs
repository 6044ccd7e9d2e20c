//! How far something is, and what it is made of.

use egui::{Color32, CornerRadius, Rect, Response, Role, Sense, Ui, WidgetInfo, vec2};

use crate::ui::theme::Theme;

/// A part of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    pub amount: f64,
    pub colour: Color32,
}

/// A bar that fills; `None` is work of unknown length. `name` says what is under way.
pub fn progress(ui: &mut Ui, name: &str, done: Option<f32>, width: f32) -> Response {
    let theme = Theme::of(ui);
    let amount = f64::from(done.unwrap_or(0.35).clamp(0.0, 1.0));
    shares(ui, name, 1.0, &[Share { amount, colour: theme.accent.plain }], vec2(width, 6.0))
}

/// A bar in parts, of `total`; what is left stays empty.
pub fn shares(ui: &mut Ui, name: &str, total: f64, parts: &[Share], size: egui::Vec2) -> Response {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let radius = CornerRadius::same(3);
    ui.painter().rect_filled(rect, radius, theme.grounds.pressed);
    let mut left = rect.left();
    for part in parts.iter().filter(|part| part.amount > 0.0 && total > 0.0) {
        #[expect(clippy::cast_possible_truncation, reason = "points on a screen")]
        let width = (f64::from(rect.width()) * part.amount / total) as f32;
        let right = (left + width).min(rect.right());
        // A hair between parts, so that two of one colour are two.
        let gap = if right < rect.right() - 1.0 && width > 3.0 { 1.0 } else { 0.0 };
        let piece = Rect::from_min_max(egui::pos2(left, rect.top()), egui::pos2(right - gap, rect.bottom()));
        ui.painter().rect_filled(piece, radius, part.colour);
        left = right;
    }
    response.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, name));
    response
}
