//! Text from outside, as text: never as markup, and with what hides in it marked.

use egui::text::{LayoutJob, TextFormat};
use egui::{FontFamily, FontId, Label, Response, Ui};

use crate::ui::theme::{Theme, Tone};
use crate::ui::visible::{Mark, visible};

/// Shows a text in a fixed-width font; it can be selected and copied as it is shown.
pub fn source(ui: &mut Ui, text: &str) -> Response {
    let theme = Theme::of(ui);
    let font = FontId::new(theme.size.text.mono, FontFamily::Monospace);
    let (hidden, ground) = theme.tone(Tone::Warning);
    let plain = TextFormat { font_id: font.clone(), color: theme.texts.plain, ..TextFormat::default() };
    let marked = TextFormat { font_id: font, color: hidden, background: ground, ..TextFormat::default() };
    let mut job = LayoutJob::default();
    for mark in visible(text) {
        match mark {
            Mark::Plain(text) => job.append(text, 0.0, plain.clone()),
            Mark::Hidden(name) => job.append(&format!("‹{name}›"), 0.0, marked.clone()),
        }
    }
    ui.add(Label::new(job).wrap().selectable(true))
}
