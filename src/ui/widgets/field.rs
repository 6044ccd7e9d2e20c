//! Fields to type in, each with a label.

use egui::{Align2, Key, Response, RichText, TextEdit, Ui, vec2};

use super::focus_ring;
use crate::ui::theme::Theme;

/// A label above whatever is given a value in; the label names it.
pub fn labelled(ui: &mut Ui, label: &str, contents: impl FnOnce(&mut Ui) -> Response) -> Response {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let colour = Theme::of(ui).texts.muted;
        let label = ui.label(RichText::new(label).small().color(colour));
        contents(ui).labelled_by(label.id)
    })
    .inner
}

/// A line of text under a label.
pub fn field(ui: &mut Ui, label: &str, value: &mut String, hint: &str) -> Response {
    labelled(ui, label, |ui| line(ui, TextEdit::singleline(value).hint_text(hint)))
}

/// A line that is not shown while it is typed.
pub fn secret(ui: &mut Ui, label: &str, value: &mut String) -> Response {
    labelled(ui, label, |ui| line(ui, TextEdit::singleline(value).password(true)))
}

/// Lines of text under a label.
pub fn multiline(ui: &mut Ui, label: &str, value: &mut String, rows: usize) -> Response {
    labelled(ui, label, |ui| line(ui, TextEdit::multiline(value).desired_rows(rows)))
}

/// A line to look for something in a list; `name` is heard, `hint` is seen. Whether Enter was pressed in it.
pub fn search(ui: &mut Ui, name: &str, hint: &str, text: &mut String) -> bool {
    let size = Theme::of(ui).size;
    // The whole hint is seen, where there is room for it.
    let hinted = super::width_of(ui, hint, &egui::TextStyle::Body) + 24.0;
    let edit = TextEdit::singleline(text)
        .hint_text(hint)
        .desired_width(hinted.min(ui.available_width() - 24.0).max(150.0))
        .align(Align2::LEFT_CENTER)
        .margin(vec2(10.0, 6.0))
        .min_size(vec2(0.0, size.control));
    let response = ui.add(edit);
    focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
    response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

fn line(ui: &mut Ui, edit: TextEdit<'_>) -> Response {
    let size = Theme::of(ui).size;
    let edit = edit.desired_width(f32::INFINITY).margin(vec2(10.0, 7.0)).min_size(vec2(0.0, size.control));
    let response = ui.add(edit);
    focus_ring(ui, &response);
    response
}
