//! Fields whose text is not their value: numbers, names and JSON. What cannot be read stays in the field, with why.

use std::fmt::Display;
use std::str::FromStr;

use egui::{FontFamily, FontId, Id, RichText, TextEdit, Ui, vec2};
use serde_json::{Map, Value};

use super::fields::caption;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

/// What is typed, and the value that it was made of or read as.
#[derive(Clone)]
struct Typed<T> {
    text: String,
    value: T,
}

fn typed<T: Clone + PartialEq + Send + Sync + 'static>(
    ui: &Ui,
    id: Id,
    value: &T,
    show: impl Fn(&T) -> String,
) -> String {
    let known: Option<Typed<T>> = ui.data(|data| data.get_temp(id));
    // Undo, or another screen, has changed the value: what was typed no longer stands.
    known.filter(|typed| typed.value == *value).map_or_else(|| show(value), |typed| typed.text)
}

fn keep<T: Clone + Send + Sync + 'static>(ui: &Ui, id: Id, text: String, value: &T) {
    ui.data_mut(|data| data.insert_temp(id, Typed { text, value: value.clone() }));
}

/// A number, or nothing where the field is empty.
pub(super) fn number<T>(ui: &mut Ui, salt: Id, label: &str, unit: &str, value: &mut Option<T>)
where
    T: FromStr + Display + Copy + PartialEq + Send + Sync + 'static,
{
    ui.vertical(|ui| {
        ui.set_width(132.0);
        ui.spacing_mut().item_spacing.y = 4.0;
        caption(ui, &if unit.is_empty() { label.to_owned() } else { format!("{label} ({unit})") });
        let id = salt.with(label);
        let mut text = typed(ui, id, value, |value| value.map(|number| number.to_string()).unwrap_or_default());
        let edit = TextEdit::singleline(&mut text)
            .id(id.with("edit"))
            .hint_text("not set")
            .align(egui::Align2::RIGHT_CENTER)
            .desired_width(112.0)
            .margin(vec2(10.0, 7.0));
        let response = widgets::named(ui.add(edit), egui::Role::TextInput, label);
        widgets::focus_ring(ui, &response);
        let trimmed = text.trim();
        let read = if trimmed.is_empty() { Ok(None) } else { trimmed.parse().map(Some).map_err(|_| ()) };
        match read {
            Ok(read) if response.changed() => *value = read,
            Ok(_) => {}
            Err(()) => wrong(ui, &format!("`{trimmed}` is no number that fits here.")),
        }
        if response.changed() {
            keep(ui, id, text, value);
        }
    });
}

/// A name that is taken over when the field is left. Returns the new one then.
pub(super) fn name(ui: &mut Ui, id: Id, label: &str, value: &str, width: f32) -> Option<String> {
    let mut text = typed(ui, id, &value.to_owned(), String::clone);
    let edit = TextEdit::singleline(&mut text).id(id.with("edit")).desired_width(width).margin(vec2(10.0, 7.0));
    let response = widgets::named(ui.add(edit), egui::Role::TextInput, label);
    widgets::focus_ring(ui, &response);
    if response.changed() {
        keep(ui, id, text.clone(), &value.to_owned());
    }
    let text = text.trim();
    let done = response.lost_focus() && !text.is_empty() && text != value;
    done.then(|| text.to_owned())
}

/// Any JSON value, or nothing where the field is empty.
pub(super) fn json(ui: &mut Ui, salt: Id, label: &str, value: &mut Option<Value>, rows: usize) {
    json_with(ui, salt, label, value, rows, |value| value);
}

/// A JSON object.
pub(super) fn object(ui: &mut Ui, salt: Id, label: &str, value: &mut Map<String, Value>, rows: usize) {
    let mut whole = (!value.is_empty()).then(|| Value::Object(value.clone()));
    json_with(ui, salt, label, &mut whole, rows, |value| value);
    match whole {
        None => value.clear(),
        Some(Value::Object(map)) => *value = map,
        Some(_) => wrong(ui, "An object is needed here: { … }."),
    }
}

/// Text where it is no JSON, so that a plain word needs no quotes.
pub(super) fn lenient(ui: &mut Ui, salt: Id, label: &str, value: &mut Option<Value>, width: f32) {
    let id = salt.with(label);
    let show = |value: &Option<Value>| match value {
        None => String::new(),
        Some(Value::String(text)) if !text.is_empty() && serde_json::from_str::<Value>(text).is_err() => text.clone(),
        Some(other) => other.to_string(),
    };
    let mut text = typed(ui, id, value, show);
    let edit = TextEdit::singleline(&mut text)
        .id(id.with("edit"))
        .hint_text("required")
        .desired_width(width)
        .margin(vec2(10.0, 7.0));
    let response = widgets::named(ui.add(edit), egui::Role::TextInput, label);
    widgets::focus_ring(ui, &response);
    if response.changed() {
        *value = if text.is_empty() {
            None
        } else {
            Some(serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone())))
        };
        keep(ui, id, text, value);
    }
}

fn json_with(
    ui: &mut Ui,
    salt: Id,
    label: &str,
    value: &mut Option<Value>,
    rows: usize,
    made: impl Fn(Option<Value>) -> Option<Value>,
) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        caption(ui, label);
        let id = salt.with(label);
        let show = |value: &Option<Value>| value.as_ref().map(|value| format!("{value:#}")).unwrap_or_default();
        let mut text = typed(ui, id, value, show);
        let edit = TextEdit::multiline(&mut text)
            .id(id.with("edit"))
            .font(FontId::new(Theme::of(ui).size.text.mono, FontFamily::Monospace))
            .desired_rows(rows)
            .desired_width(f32::INFINITY)
            .margin(vec2(10.0, 7.0));
        let response = widgets::named(ui.add(edit), egui::Role::MultilineTextInput, label);
        widgets::focus_ring(ui, &response);
        let read = if text.trim().is_empty() { Ok(None) } else { serde_json::from_str(&text).map(Some) };
        match read {
            Ok(read) if response.changed() => *value = made(read),
            Ok(_) => {}
            Err(error) => wrong(ui, &format!("This is no JSON yet: {error}.")),
        }
        if response.changed() {
            keep(ui, id, text, value);
        }
    });
}

fn wrong(ui: &mut Ui, words: &str) {
    let (colour, _) = Theme::of(ui).tone(Tone::Fail);
    ui.add(egui::Label::new(RichText::new(words).small().color(colour)).wrap());
}
