//! The form of a Task.

use egui::Ui;
use serde_json::{Value, json};

use super::context::form;
use crate::domain::{Example, Task};
use crate::ui::screens::build::fields::{Fields, add, optional, part, row_with_remove};
use crate::ui::screens::build::values;
use crate::ui::widgets;

pub(super) fn show(ui: &mut Ui, fields: &Fields<'_>, layer: &mut Task) {
    ui.add_space(8.0);
    fields.template(ui, "Action", "action", &mut layer.action, 3);
    fields.chips(ui, fields.editor_id("Action", "action"), &mut layer.action);
    ui.add_space(8.0);
    fields.map(ui, "Inputs", "inputs", &mut layer.inputs);
    optional(ui, "Output schema", &mut layer.output_schema, object, |ui, schema| {
        let mut value = Some(schema.clone());
        values::json(ui, fields.id, "JSON Schema of the answer", &mut value, 8);
        if let Some(value) = value {
            *schema = value;
        }
    });
    if layer.output_schema.is_some() {
        ui.horizontal(|ui| {
            widgets::switch(ui, "Ask the provider itself for the schema", &mut layer.structured_output);
            widgets::muted(ui, "Ask the provider itself for the schema, where it can");
        });
    }
    part(ui, "Examples", |ui| {
        let mut gone = None;
        for (at, example) in layer.examples.iter_mut().enumerate() {
            let number = at + 1;
            row_with_remove(ui, &format!("Example {number}"), &mut gone, at, |ui| {
                ui.vertical(|ui| {
                    let (input, output) = (format!("examples.{number}.input"), format!("examples.{number}.output"));
                    fields.template(ui, &format!("Example {number}, input"), &input, &mut example.input, 1);
                    fields.template(ui, &format!("Example {number}, output"), &output, &mut example.output, 1);
                });
            });
        }
        if let Some(at) = gone {
            layer.examples.remove(at);
        }
        if add(ui, "Add an example").clicked() {
            layer.examples.push(Example::default());
        }
        if !layer.examples.is_empty() {
            form(ui, "Examples", &mut layer.example_form);
        }
    });
    ui.add_space(8.0);
    fields.list(ui, "Constraints", "constraints", &mut layer.constraints);
    fields.other_problems(ui, &["action", "inputs", "examples", "constraints"]);
}

fn object() -> Value {
    json!({"type": "object", "properties": {}, "required": []})
}
