//! Names and values below each other.

use egui::{Align, Label, Layout, Response, RichText, Ui, vec2};

use crate::ui::theme::Theme;

/// Points that a row of text takes at least; one with something to press is as high as that.
const TEXT: f32 = 20.0;

/// Rows of a name and a value.
pub struct Facts<'a> {
    ui: &'a mut Ui,
    name_width: f32,
}

impl Facts<'_> {
    /// A row whose value is text.
    pub fn text(&mut self, name: &str, value: &str) -> Response {
        let usual = std::mem::replace(&mut self.ui.spacing_mut().interact_size.y, TEXT);
        let response = self.row(name, |ui| ui.add(Label::new(value).wrap().selectable(true)));
        self.ui.spacing_mut().interact_size.y = usual;
        response
    }

    /// A row whose value is drawn.
    pub fn row<R>(&mut self, name: &str, value: impl FnOnce(&mut Ui) -> R) -> R {
        let width = self.name_width;
        self.ui
            .horizontal(|ui| {
                let theme = Theme::of(ui);
                let size = vec2(width, ui.text_style_height(&egui::TextStyle::Body));
                ui.allocate_ui_with_layout(size, Layout::left_to_right(Align::Center), |ui| {
                    ui.set_min_width(width);
                    ui.add(Label::new(RichText::new(name).color(theme.texts.muted)).truncate());
                });
                value(ui)
            })
            .inner
    }
}

/// Rows of names and values; names take `name_width` points.
pub fn facts(ui: &mut Ui, name_width: f32, rows: impl FnOnce(&mut Facts<'_>)) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        rows(&mut Facts { ui, name_width });
    });
}
