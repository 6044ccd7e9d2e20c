//! The form of an assertion, as the table of its type says it: a value, a grader, a transform, settings.

use egui::{TextEdit, Ui, vec2};
use egui_material_icons::icons;
use serde_json::{Map, Number, Value, json};

use super::assertions::{self, Asks};
use super::check_form::{names, template};
use super::data::ExperimentData;
use super::json_field::{JsonField, Typed};
use super::screen::row;
use crate::domain::{Assertion, AssertionKind, Code, ModelId};
use crate::ui::theme::Theme;
use crate::ui::widgets::{self, Amount};

pub(super) fn show(ui: &mut Ui, assertion: &mut Assertion, data: &ExperimentData, typed: &mut Typed) {
    if let Some(reason) = &assertion.broken {
        widgets::error_panel(ui, reason, "Its trials are errors until it is replaced.");
    }
    let Some(row) = assertions::row(&assertion.kind) else {
        let what = format!("There is no assertion of the type “{}”.", assertion.kind.name());
        widgets::error_panel(ui, &what, "As in promptfoo, its trials are errors.");
        json_value(ui, "Value", "", &mut assertion.value, typed);
        return;
    };
    head(ui, row);
    value(ui, row.asks, assertion, data, typed);
    if assertion.kind.is_model_graded() {
        grader(ui, assertion, data, typed);
    }
    transform(ui, assertion);
    if row.config.is_some() || !assertion.config.is_empty() {
        config(ui, row.config.unwrap_or_default(), &mut assertion.config, typed);
    }
}

fn head(ui: &mut Ui, row: &assertions::Row) {
    ui.horizontal_wrapped(|ui| {
        let colour = Theme::of(ui).texts.muted;
        widgets::tag(ui, colour, row.name);
        widgets::muted(ui, row.help);
    });
}

fn value(ui: &mut Ui, asks: Asks, assertion: &mut Assertion, data: &ExperimentData, typed: &mut Typed) {
    if let Some(script) = &mut assertion.script {
        code(ui, &format!("Script of {}", script.name), &mut script.source);
        return;
    }
    let texts = Texts { data, templates: true };
    if !texts.show(ui, asks, &mut assertion.value, typed) {
        json_value(ui, "Value", "", &mut assertion.value, typed);
    }
}

/// How texts of a value are typed: as templates, with names to insert, or plainly.
#[derive(Clone, Copy)]
struct Texts<'a> {
    data: &'a ExperimentData,
    templates: bool,
}

impl Texts<'_> {
    /// Draws the fields for a value. Returns whether the value is of the form that is asked for.
    fn show(self, ui: &mut Ui, asks: Asks, value: &mut Value, typed: &mut Typed) -> bool {
        match asks {
            Asks::Nothing => true,
            Asks::Json(label, example) => {
                json_value(ui, label, example, value, typed);
                true
            }
            Asks::Text(label, rows) => self.text(ui, label, rows, value),
            Asks::Texts(label, example) => self.texts(ui, label, example, value),
            Asks::Commas(label) => match value {
                Value::String(text) => {
                    self.field(ui, &format!("{label}s, parted by commas"), text, 1);
                    true
                }
                _ => self.texts(ui, label, "", value),
            },
            Asks::Number(label, hint) => number(ui, label, hint, value),
            Asks::Count(unit) => count(ui, unit, value),
            Asks::Parts(parts) => self.parts(ui, parts, value, typed),
            Asks::Code => script(ui, value),
        }
    }

    fn field(self, ui: &mut Ui, label: &str, text: &mut String, rows: usize) {
        if self.templates {
            template(ui, label, text, self.data, rows);
        } else {
            widgets::field(ui, label, text, "");
        }
    }

    fn text(self, ui: &mut Ui, label: &str, rows: usize, value: &mut Value) -> bool {
        let Some(mut text) = plain(value) else { return false };
        let before = text.clone();
        self.field(ui, label, &mut text, rows);
        if text != before {
            *value = Value::String(text);
        }
        true
    }

    /// A text alone, or a list of them.
    fn texts(self, ui: &mut Ui, label: &str, example: &str, value: &mut Value) -> bool {
        let Some(mut texts) = listed(value) else { return false };
        let (before, mut gone) = (texts.clone(), None);
        let several = texts.len() > 1;
        for (index, text) in texts.iter_mut().enumerate() {
            ui.push_id(("text", index), |ui| {
                let label = if several { format!("{label} {}", index + 1) } else { label.to_owned() };
                ui.horizontal_top(|ui| {
                    let width = ui.available_width() - if several { 48.0 } else { 0.0 };
                    ui.allocate_ui(vec2(width, 0.0), |ui| ui.vertical(|ui| self.item(ui, &label, example, text)));
                    let remove = format!("Remove {}", label.to_lowercase());
                    if several && widgets::icon_button(ui, icons::ICON_CLOSE, &remove).clicked() {
                        gone = Some(index);
                    }
                });
            });
        }
        if let Some(gone) = gone {
            texts.remove(gone);
        }
        if widgets::link(ui, &format!("Add {}", article(label))).clicked() {
            texts.push(String::new());
        }
        if texts != before {
            // What was a text alone stays one, as long as it is alone.
            let alone = value.is_string() && texts.len() == 1;
            *value = if alone { json!(texts[0]) } else { json!(texts) };
        }
        true
    }

    fn item(self, ui: &mut Ui, label: &str, example: &str, text: &mut String) {
        if example.is_empty() {
            self.field(ui, label, text, 1);
        } else {
            widgets::field(ui, label, text, example);
        }
    }

    fn parts(self, ui: &mut Ui, parts: &[(&str, Asks)], value: &mut Value, typed: &mut Typed) -> bool {
        let mut map = match value {
            Value::Null => Map::new(),
            Value::Object(map) => map.clone(),
            _ => return false,
        };
        if map.keys().any(|key| !parts.iter().any(|(part, _)| part == key)) {
            return false;
        }
        let plain = Texts { templates: false, ..self };
        for (key, asks) in parts {
            ui.push_id(key, |ui| {
                let mut part = map.get(*key).cloned().unwrap_or_default();
                if !plain.show(ui, *asks, &mut part, typed) {
                    json_value(ui, key, "", &mut part, typed);
                }
                if is_nothing(&part) {
                    map.shift_remove(*key);
                } else {
                    map.insert((*key).to_owned(), part);
                }
            });
        }
        if value.as_object() != Some(&map) && !(value.is_null() && map.is_empty()) {
            *value = Value::Object(map);
        }
        true
    }
}

/// A part that says nothing is left away.
fn is_nothing(part: &Value) -> bool {
    match part {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The text that a value is; an empty one where there is none.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// The texts that a value is.
fn listed(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        Value::Null => Some(Vec::new()),
        other => plain(other).map(|text| vec![text]),
    }
}

/// `a text`, `an element`.
fn article(label: &str) -> String {
    let label = label.to_lowercase();
    let word = if label.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{word} {label}")
}

/// A number as JSON, whole where it is whole.
fn as_number(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
    let whole = (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    whole.map_or_else(|| Number::from_f64(number).map_or(Value::Null, Value::Number), Value::from)
}

fn number(ui: &mut Ui, label: &str, hint: &str, value: &mut Value) -> bool {
    if !value.is_null() && !value.is_number() {
        return false;
    }
    let show = |number: &Option<f64>| number.map_or_else(String::new, |number| number.to_string());
    let read = |text: &str| widgets::maybe(text, |text| widgets::within(text, f64::NEG_INFINITY, f64::INFINITY));
    let how = Amount { label, hint, width: 140.0, show: &show, read: &read };
    if let Some(number) = widgets::amount(ui, &value.as_f64(), &how) {
        *value = number.map_or(Value::Null, as_number);
    }
    true
}

/// Exactly so many, or a range.
fn count(ui: &mut Ui, unit: &str, value: &mut Value) -> bool {
    let is_range = |map: &Map<String, Value>| {
        map.iter().all(|(key, bound)| matches!(key.as_str(), "min" | "max") && bound.is_number())
    };
    let exact = match &*value {
        Value::Number(_) => true,
        Value::Object(map) if is_range(map) => false,
        _ => return false,
    };
    row(ui, |ui| {
        ui.vertical(|ui| {
            ui.add_space(18.0);
            let choices = [(false, "A range"), (true, "Exactly")];
            match widgets::segmented(ui, &format!("How many {unit}"), exact, &choices) {
                Some(true) => {
                    *value = value.get("max").or_else(|| value.get("min")).cloned().unwrap_or_else(|| json!(100));
                }
                Some(false) => *value = json!({ "max": value.clone() }),
                None => {}
            }
        });
        if exact {
            if value.is_number() {
                number(ui, &format!("Number of {unit}"), "100", value);
            }
            return;
        }
        for (key, label) in [("min", "At least"), ("max", "At most")] {
            let mut bound = value.get(key).cloned().unwrap_or_default();
            number(ui, label, "no limit", &mut bound);
            let Value::Object(map) = &mut *value else { continue };
            if bound.is_null() {
                map.shift_remove(key);
            } else {
                map.insert(key.to_owned(), bound);
            }
        }
    });
    true
}

fn script(ui: &mut Ui, value: &mut Value) -> bool {
    let Some(mut text) = plain(value) else { return false };
    let before = text.clone();
    code(ui, "JavaScript", &mut text);
    widgets::small(
        ui,
        "One line is an expression; several are a function's body with return. It sees output and context.",
    );
    if text != before {
        *value = Value::String(text);
    }
    true
}

/// Lines of code in a fixed width, where Tab indents.
fn code(ui: &mut Ui, label: &str, text: &mut String) {
    widgets::labelled(ui, label, |ui| {
        let rows = text.lines().count().clamp(2, 18);
        let edit = TextEdit::multiline(text).code_editor().desired_rows(rows).desired_width(f32::INFINITY);
        let response = ui.add(edit.margin(vec2(10.0, 8.0)));
        widgets::focus_ring(ui, &response);
        response
    });
}

fn json_value(ui: &mut Ui, label: &str, example: &str, value: &mut Value, typed: &mut Typed) {
    JsonField { label, example, optional: true, object: false }.show(ui, value, typed);
}

/// The label of what stands in the place of the built-in words.
const TOLD: &str = "What the grader is told";

/// What stands for no model where a check needs one.
const NO_MODEL: &str = "None: unscored";
const NO_VECTORS: &str = "None: letters and words";

/// Who grades, and what it is told.
fn grader(ui: &mut Ui, assertion: &mut Assertion, data: &ExperimentData, typed: &mut Typed) {
    let kind = assertion.kind.clone();
    if kind.asks_words() {
        widgets::small(ui, "Grader");
        model(ui, "Grader model", NO_MODEL, &mut assertion.model, data);
    }
    if kind.asks_vectors() {
        widgets::small(ui, "Vectors");
        vectors(ui, assertion, data);
    }
    if kind.asks_labels() {
        widgets::small(ui, "Labels");
        model(ui, "Model for labels", NO_MODEL, &mut assertion.model, data);
        widgets::small(ui, labels_from(&kind));
    }
    if kind.asks_words() {
        told(ui, &mut assertion.prompt, data, typed);
    }
}

/// The models of the workspace, and that none is chosen.
fn model(ui: &mut Ui, label: &str, none: &str, chosen: &mut Option<ModelId>, data: &ExperimentData) {
    let there = data.models.iter().filter(|column| column.there);
    let there = there.map(|column| (Some(column.id.clone()), format!("{} ({})", column.id, column.price)));
    let gone = chosen.clone().filter(|id| !data.models.iter().any(|column| column.there && column.id == *id));
    let gone = gone.map(|id: ModelId| (Some(id.clone()), format!("{id} (not there)")));
    let choices = std::iter::once((None, none.to_owned())).chain(there).chain(gone);
    if let Some(picked) = widgets::picker(ui, label, Some(&*chosen), choices) {
        *chosen = picked;
    }
}

fn vectors(ui: &mut Ui, assertion: &mut Assertion, data: &ExperimentData) {
    // A type that asks no words may have its one model under either name.
    let in_place_of_it = assertion.model.clone().filter(|_| !assertion.kind.asks_words());
    let mut embedder = assertion.embedder.clone().or(in_place_of_it);
    let before = embedder.clone();
    model(ui, "Model for vectors", NO_VECTORS, &mut embedder, data);
    if embedder != before {
        assertion.embedder = embedder;
        if !assertion.kind.asks_words() {
            assertion.model = None;
        }
    }
}

/// Whose models give the labels that a type needs.
const fn labels_from(kind: &AssertionKind) -> &'static str {
    match kind {
        AssertionKind::Moderation => {
            "A model of OpenAI's moderation, such as omni-moderation-latest. Others flag nothing: the check is unscored."
        }
        _ => "A text classifier of Hugging Face; with OpenAI's moderation, its categories are the labels.",
    }
}

/// What the grader is told: the built-in words, or others.
fn told(ui: &mut Ui, prompt: &mut Value, data: &ExperimentData, typed: &mut Typed) {
    match &mut *prompt {
        Value::Null => {
            if widgets::link(ui, "Tell the grader in your own words").clicked() {
                *prompt = json!("");
            }
            return;
        }
        Value::String(text) => {
            widgets::multiline(ui, TOLD, text, 4);
            names(ui, TOLD, text, data);
        }
        messages => json_value(ui, TOLD, "", messages, typed),
    }
    if widgets::link(ui, "Use the built-in words").clicked() {
        *prompt = Value::Null;
    }
}

fn transform(ui: &mut Ui, assertion: &mut Assertion) {
    match &mut assertion.transform {
        None => {
            if widgets::link(ui, "Transform the answer first").clicked() {
                assertion.transform = Some(Code::Inline(String::new()));
            }
            return;
        }
        Some(Code::Inline(text)) => code(ui, "Transform of the answer (JavaScript)", text),
        Some(Code::File(file)) => code(ui, &format!("Transform of the answer, {}", file.name), &mut file.source),
        Some(Code::Unrun { why, .. }) => widgets::error_panel(ui, why, "Its trials are errors until it is replaced."),
    }
    if widgets::link(ui, "Look at the answer as it is").clicked() {
        assertion.transform = None;
    }
}

fn config(ui: &mut Ui, example: &str, config: &mut Map<String, Value>, typed: &mut Typed) {
    let mut value = if config.is_empty() { Value::Null } else { Value::Object(config.clone()) };
    let field = JsonField { label: "Settings (JSON)", example, optional: true, object: true };
    field.show(ui, &mut value, typed);
    match value {
        Value::Object(map) if map != *config => *config = map,
        Value::Null => config.clear(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_whole() {
        assert_eq!(as_number(5.0), json!(5));
        assert_eq!(as_number(0.5), json!(0.5));
        assert_eq!(as_number(f64::NAN), Value::Null);
    }

    #[test]
    fn a_value_is_a_text_a_list_of_texts_or_neither() {
        let check = |value: Value, expect: Option<&[&str]>| {
            let expect = expect.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
            assert_eq!(listed(&value), expect, "{value}");
        };
        check(json!("a"), Some(&["a"]));
        check(json!(["a", "b"]), Some(&["a", "b"]));
        check(Value::Null, Some(&[]));
        check(json!(["a", 1]), None);
        check(json!({}), None);
    }
}
