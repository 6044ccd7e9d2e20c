//! JSON as text: what is not JSON stays in the field, with what is wrong, and changes nothing.

use std::collections::HashMap;

use egui::text::{LayoutJob, TextFormat};
use egui::{FontId, Id, RichText, TextEdit, Ui, vec2};
use serde_json::Value;

use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

/// What is in such fields, by the id of each, as long as it is not what the check has.
pub(super) type Typed = HashMap<Id, String>;

/// A field for a value.
pub(super) struct JsonField<'a> {
    pub label: &'a str,
    /// Stands in the field where nothing is typed.
    pub example: &'a str,
    /// The value may be `Null`, which is an empty field.
    pub optional: bool,
    /// It has to be an object.
    pub object: bool,
}

impl JsonField<'_> {
    /// Draws it under its label.
    pub fn show(&self, ui: &mut Ui, value: &mut Value, typed: &mut Typed) {
        let id = ui.make_persistent_id(("json", self.label));
        let text = typed.entry(id).or_insert_with(|| self.pretty(value));
        // Undo, or a file that was read again, has put another value below the field.
        if self.read(text).is_ok_and(|read| read != *value) {
            *text = self.pretty(value);
        }
        let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
            let mut job = coloured(text.as_str(), Theme::of(ui));
            job.wrap.max_width = width;
            ui.fonts_mut(|fonts| fonts.layout_job(job))
        };
        let response = widgets::labelled(ui, self.label, |ui| {
            let least = if self.optional { 2 } else { 4 };
            let rows = text.lines().count().clamp(least, 18);
            let hint = if self.example.is_empty() { String::new() } else { format!("such as {}", self.example) };
            let edit = TextEdit::multiline(text)
                .code_editor()
                .hint_text(hint)
                .desired_rows(rows)
                .desired_width(f32::INFINITY)
                .margin(vec2(10.0, 8.0))
                .layouter(&mut layouter);
            let response = ui.add(edit);
            widgets::focus_ring(ui, &response);
            response
        });
        match self.read(text) {
            Ok(read) => {
                if response.changed() && read != *value {
                    *value = read;
                }
                if self.pretty(value) != *text {
                    ui.horizontal(|ui| {
                        if widgets::link(ui, "Tidy up").clicked() {
                            *text = self.pretty(value);
                        }
                    });
                }
            }
            Err(wrong) => {
                ui.horizontal_wrapped(|ui| {
                    ui.label(RichText::new(wrong).small().color(Theme::of(ui).tone(Tone::Fail).0));
                    if widgets::link(ui, "Take back").clicked() {
                        *text = self.pretty(value);
                    }
                });
            }
        }
    }

    fn pretty(&self, value: &Value) -> String {
        if self.optional && value.is_null() {
            return String::new();
        }
        serde_json::to_string_pretty(value).unwrap_or_default()
    }

    fn read(&self, text: &str) -> Result<Value, String> {
        if self.optional && text.trim().is_empty() {
            return Ok(Value::Null);
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) if map.is_empty() && self.object && self.optional => Ok(Value::Null),
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) if self.object => Err("Not an object yet: { … }. The check keeps what it had.".to_owned()),
            Ok(value) => Ok(value),
            Err(error) => Err(format!("Not JSON yet: {error}. The check keeps what it had.")),
        }
    }
}

/// Keys, strings and the rest, each in its colour.
fn coloured(text: &str, theme: &Theme) -> LayoutJob {
    let font = FontId::monospace(theme.size.text.mono);
    let format = |colour| TextFormat { font_id: font.clone(), color: colour, ..TextFormat::default() };
    let mut job = LayoutJob::default();
    let mut rest = text;
    while !rest.is_empty() {
        let string = rest.starts_with('"');
        let length = if string { string_end(rest) } else { rest.find('"').unwrap_or(rest.len()) };
        let (piece, after) = rest.split_at(length);
        let key = string && after.trim_start().starts_with(':');
        let colour = match (string, key) {
            (true, true) => theme.accent.plain,
            (true, false) => theme.layer("Context"),
            (false, _) => theme.texts.plain,
        };
        job.append(piece, 0.0, format(colour));
        rest = after;
    }
    job
}

/// Where the string ends that `text` begins with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_is_no_value_only_where_there_may_be_none() {
        let field = |optional, object| JsonField { label: "Value", example: "", optional, object };
        assert_eq!(field(true, false).read("  "), Ok(Value::Null));
        assert!(field(false, false).read("").is_err());
        assert_eq!(field(true, false).read("[1]"), Ok(serde_json::json!([1])));
        assert!(field(true, true).read("[1]").is_err());
        assert_eq!(field(true, true).read("{}"), Ok(Value::Null));
    }

    #[test]
    fn a_string_ends_at_its_quote_and_not_at_an_escaped_one() {
        let check = |text: &str, expect| assert_eq!(string_end(text), expect, "{text}");
        check(r#""a" : 1"#, 3);
        check(r#""a\"b", 1"#, 6);
        check("\"open", 5);
        check("\"ä\" ", 4);
    }

    #[test]
    fn colouring_keeps_every_letter() {
        let text = r#"{"a": ["x\"y", 1], "open: "#;
        assert_eq!(coloured(text, Theme::dark_or_light(true)).text, text);
    }
}
