//! A variant: what it changes in the prompt, the values it sets, and the parameters of its calls.

use egui::{Id, Ui, vec2};
use serde_json::json;

use super::data;
use super::draft::Draft;
use super::fields::{add, caption, part, row_with_remove};
use super::tiers_form::{self, FitState};
use super::values;
use crate::domain::{Override, Params, ReasoningEffort, ResponseFormat, Variant};
use crate::session::Session;
use crate::ui::sender::CommandSender;
use crate::ui::theme::Tone;
use crate::ui::widgets;

pub(super) fn show(ui: &mut Ui, session: &Session, fit: &mut FitState, draft: &mut Draft, sender: &CommandSender) {
    let orphans = data::orphans(&draft.prompt, draft.variant.as_ref());
    let prompt = &draft.prompt;
    let Some(variant) = &mut draft.variant else { return };
    widgets::field(ui, "Variant's title", &mut variant.title, "what people call it");
    widgets::multiline(ui, "Variant's note", &mut variant.note, 2);
    part(ui, "Parameters", |ui| {
        widgets::muted(ui, "What is not set is not sent: the provider's own default holds.");
        params(ui, &mut variant.params);
    });
    tiers_form::show(ui, session, fit, variant, sender);
    part(ui, "Layers it changes", |ui| {
        if variant.layers.is_empty() {
            widgets::muted(ui, "None. Choose a layer, and say at its top what it is in this variant.");
        }
        let mut gone = None;
        for (id, change) in &variant.layers {
            let word = match change {
                Override::On => "switched on",
                Override::Off => "switched off",
                Override::Replace(_) => "replaced by other words",
            };
            row_with_remove(ui, &format!("Change of {id}"), &mut gone, id.clone(), |ui| {
                let name = prompt.layer(id).map_or(id.as_str(), |layer| layer.name());
                widgets::strong(ui, name);
                widgets::muted(ui, word);
                if orphans.contains(id) {
                    widgets::pill(ui, Tone::Fail, "The prompt has no such layer");
                }
            });
        }
        if let Some(id) = gone {
            variant.layers.remove(&id);
        }
    });
    part(ui, "Values it sets", |ui| set_values(ui, prompt.variables.keys(), variant));
}

fn set_values<'a>(ui: &mut Ui, declared: impl Iterator<Item = &'a String>, variant: &mut Variant) {
    widgets::muted(ui, "They stand for a variable's default; a case that has the variable goes before them.");
    let mut gone = None;
    for (name, value) in &mut variant.variables {
        row_with_remove(ui, &format!("Value of {name}"), &mut gone, name.clone(), |ui| {
            ui.allocate_ui(vec2(120.0, 32.0), |ui| widgets::mono(ui, name));
            let mut set = Some(value.clone());
            let width = ui.available_width() - 24.0;
            values::lenient(ui, Id::unique(("value of", name)), &format!("Value of {name}"), &mut set, width);
            *value = set.unwrap_or_else(|| json!(""));
        });
    }
    if let Some(name) = gone {
        variant.variables.remove(&name);
    }
    ui.horizontal_wrapped(|ui| {
        for name in declared.filter(|name| !variant.variables.contains_key(*name)).cloned().collect::<Vec<_>>() {
            if add(ui, &format!("Set {name}")).clicked() {
                variant.variables.insert(name, json!(""));
            }
        }
    });
}

fn params(ui: &mut Ui, params: &mut Params) {
    let id = Id::unique("params");
    ui.horizontal_top(|ui| {
        values::number(ui, id, "Temperature", "", &mut params.temperature);
        values::number(ui, id, "Top p", "0–1", &mut params.top_p);
        values::number(ui, id, "Seed", "", &mut params.seed);
    });
    values::number(ui, id, "Most output", "tokens", &mut params.max_tokens);
    caption(ui, "Reasoning effort");
    let efforts = [
        (None, "Not set"),
        (Some(ReasoningEffort::Minimal), "Minimal"),
        (Some(ReasoningEffort::Low), "Low"),
        (Some(ReasoningEffort::Medium), "Medium"),
        (Some(ReasoningEffort::High), "High"),
    ];
    if let Some(picked) = widgets::segmented(ui, "Reasoning effort", params.reasoning_effort, &efforts) {
        params.reasoning_effort = picked;
    }
    response(ui, id, &mut params.response);
    ui.horizontal(|ui| {
        widgets::switch(ui, "Stream the answer", &mut params.stream);
        widgets::muted(ui, "Stream the answer, so that time to first token is measured");
    });
    stops(ui, &mut params.stop);
    values::object(ui, id, "Further fields of the request (JSON)", &mut params.extra, 3);
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Text,
    Json,
    Schema,
}

fn response(ui: &mut Ui, id: Id, response: &mut ResponseFormat) {
    caption(ui, "Form of the answer");
    let form = match response {
        ResponseFormat::Text => Form::Text,
        ResponseFormat::Json => Form::Json,
        ResponseFormat::Schema(_) => Form::Schema,
    };
    let choices = [(Form::Text, "Text"), (Form::Json, "JSON"), (Form::Schema, "JSON by schema")];
    if let Some(picked) = widgets::segmented(ui, "Form of the answer", form, &choices) {
        *response = match picked {
            Form::Text => ResponseFormat::Text,
            Form::Json => ResponseFormat::Json,
            Form::Schema => ResponseFormat::Schema(json!({"type": "object", "properties": {}})),
        };
    }
    if let ResponseFormat::Schema(schema) = response {
        let mut value = Some(schema.clone());
        values::json(ui, id, "JSON Schema of the response", &mut value, 6);
        if let Some(value) = value {
            *schema = value;
        }
    }
}

fn stops(ui: &mut Ui, stops: &mut Vec<String>) {
    caption(ui, "Stop at");
    let mut gone = None;
    for (at, stop) in stops.iter_mut().enumerate() {
        let name = format!("Stop text {}", at + 1);
        row_with_remove(ui, &name, &mut gone, at, |ui| {
            let width = ui.available_width() - 24.0;
            let edit = egui::TextEdit::singleline(stop).desired_width(width).margin(vec2(10.0, 7.0));
            widgets::named(ui.add(edit), egui::Role::TextInput, &name);
        });
    }
    if let Some(at) = gone {
        stops.remove(at);
    }
    if add(ui, "Add a stop text").clicked() {
        stops.push(String::new());
    }
}
