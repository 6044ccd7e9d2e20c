//! A JSON Schema as text: what is not JSON stays in the field, with what is wrong, and changes nothing.

use std::collections::HashMap;

use egui::text::{LayoutJob, TextFormat};
use egui::{FontId, RichText, TextEdit, Ui, vec2};
use serde_json::Value;

use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

/// The editor of the schema of check `index`; `typed` holds what is in the fields.
pub(super) fn show(ui: &mut Ui, index: usize, schema: &mut Value, typed: &mut HashMap<usize, String>) {
    let theme = Theme::of(ui);
    let text = typed.entry(index).or_insert_with(|| pretty(schema));
    // Undo, or a file that was read again, has put another schema below the field.
    if read(text).is_ok_and(|read| read != *schema) {
        *text = pretty(schema);
    }
    let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
        let mut job = coloured(text.as_str(), Theme::of(ui));
        job.wrap.max_width = width;
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let response = widgets::labelled(ui, "JSON Schema", |ui| {
        let rows = text.lines().count().clamp(4, 18);
        let edit = TextEdit::multiline(text)
            .code_editor()
            .desired_rows(rows)
            .desired_width(f32::INFINITY)
            .margin(vec2(10.0, 8.0))
            .layouter(&mut layouter);
        let response = ui.add(edit);
        widgets::focus_ring(ui, &response);
        response
    });
    match read(text) {
        Ok(read) => {
            if response.changed() && read != *schema {
                *schema = read;
            }
            ui.horizontal(|ui| {
                if pretty(schema) != *text && widgets::link(ui, "Tidy up").clicked() {
                    *text = pretty(schema);
                }
            });
        }
        Err(wrong) => {
            ui.horizontal(|ui| {
                ui.label(RichText::new(wrong).small().color(theme.tone(Tone::Fail).0));
                if widgets::link(ui, "Take back").clicked() {
                    *text = pretty(schema);
                }
            });
        }
    }
}

fn pretty(schema: &Value) -> String {
    serde_json::to_string_pretty(schema).unwrap_or_default()
}

fn read(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("Not JSON yet: {error}. The check keeps what it had."))
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
