//! Text by its place in the hierarchy.

use egui::{Align, Color32, FontId, Label, Layout, Response, RichText, Ui, WidgetText, vec2};
use egui_material_icons::MaterialIcon;

use crate::ui::theme::Theme;

/// A page's title.
pub fn title(ui: &mut Ui, text: &str) -> Response {
    let theme = Theme::of(ui);
    heavy(ui, RichText::new(text).size(theme.size.text.title).color(theme.texts.plain))
}

/// A section's heading.
pub fn heading(ui: &mut Ui, text: &str) -> Response {
    let theme = Theme::of(ui);
    heavy(ui, RichText::new(text).size(theme.size.text.heading).color(theme.texts.plain))
}

/// Body text that stands out.
pub fn strong(ui: &mut Ui, text: &str) -> Response {
    let colour = Theme::of(ui).texts.plain;
    heavy(ui, RichText::new(text).color(colour))
}

pub fn body(ui: &mut Ui, text: &str) -> Response {
    ui.add(Label::new(text).wrap())
}

/// Text that explains.
pub fn muted(ui: &mut Ui, text: &str) -> Response {
    let colour = Theme::of(ui).texts.muted;
    ui.add(Label::new(RichText::new(text).color(colour)).wrap())
}

/// A caption.
pub fn small(ui: &mut Ui, text: &str) -> Response {
    let colour = Theme::of(ui).texts.muted;
    ui.add(Label::new(RichText::new(text).small().color(colour)))
}

/// What stands back behind everything else: a path, a date.
pub fn faint(ui: &mut Ui, text: &str) -> Response {
    let colour = Theme::of(ui).texts.faint;
    ui.add(Label::new(RichText::new(text).small().color(colour)).truncate())
}

pub fn mono(ui: &mut Ui, text: &str) -> Response {
    ui.add(Label::new(RichText::new(text).monospace()).truncate())
}

/// A number at the right edge of a column `width` points wide, so that digits stand below each other.
pub fn number(ui: &mut Ui, width: f32, text: impl Into<WidgetText>) -> Response {
    let size = vec2(width, ui.text_style_height(&egui::TextStyle::Body));
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| ui.label(text)).inner
}

/// An icon that says nothing that the words beside it do not say.
pub fn icon(ui: &mut Ui, icon: MaterialIcon, colour: Color32) -> Response {
    let size = Theme::of(ui).size.text.icon;
    let (rect, response) = ui.allocate_exact_size(vec2(size, size), egui::Sense::hover());
    let font = FontId::new(size, icon.font_family());
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, icon.codepoint, font, colour);
    response
}

/// Points that a line of text takes.
#[must_use]
pub fn width_of(ui: &Ui, text: &str, style: &egui::TextStyle) -> f32 {
    let font = style.resolve(ui.style());
    ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x
}

/// Text drawn twice, a third of a point apart: the fonts that come along have one weight, and a hierarchy needs two.
fn heavy(ui: &mut Ui, text: RichText) -> Response {
    let (at, galley, response) = Label::new(text).truncate().layout_in_ui(ui);
    let name = galley.text().to_owned();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &name));
    let colour = Theme::of(ui).texts.plain;
    ui.painter().galley(at, galley.clone(), colour);
    ui.painter().galley(at + vec2(0.35, 0.0), galley, colour);
    response
}
