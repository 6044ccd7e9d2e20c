//! A word or two in a rounded box, in a tone.

use egui::{Color32, FontFamily, FontId, Response, Role, Sense, Ui, vec2};

use super::named;
use crate::ui::theme::{Theme, Tone};

/// A state, in its tone.
pub fn pill(ui: &mut Ui, tone: Tone, text: &str) -> Response {
    let theme = Theme::of(ui);
    let (colour, ground) = theme.tone(tone);
    boxed(ui, colour, ground, text)
}

/// A name that something carries: a tag, a kind.
pub fn tag(ui: &mut Ui, colour: Color32, text: &str) -> Response {
    let theme = Theme::of(ui);
    boxed(ui, colour, theme.grounds.hover, text)
}

/// A dot before a name; the name says the same in words.
pub fn dot(ui: &mut Ui, colour: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(10.0, 14.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, colour);
    response
}

fn boxed(ui: &mut Ui, colour: Color32, ground: Color32, text: &str) -> Response {
    let theme = Theme::of(ui);
    let font = FontId::new(theme.size.text.small, FontFamily::Proportional);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), font, colour);
    let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(16.0, 6.0), Sense::hover());
    ui.painter().rect_filled(rect, theme.size.radius.pill, ground);
    ui.painter().galley(rect.center() - galley.size() / 2.0, galley, colour);
    named(response, Role::Label, text)
}
