//! The forms of Text, Examples, Snippet, Tools and History.

use egui::Ui;

use super::context::{form, turns};
use crate::compose::layer_text;
use crate::domain::{DatasetId, Examples, History, LayerId, Pick, PromptId, Snippet, Text, Tool, Tools};
use crate::session::Session;
use crate::ui::screens::build::fields::{Fields, add, caption, part, row_with_remove};
use crate::ui::screens::build::values;
use crate::ui::widgets;

pub(super) fn text(ui: &mut Ui, fields: &Fields<'_>, layer: &mut Text) {
    ui.add_space(8.0);
    fields.template(ui, "Text", "", &mut layer.text, 12);
    fields.chips(ui, fields.editor_id("Text", ""), &mut layer.text);
    fields.other_problems(ui, &[""]);
}

pub(super) fn examples(ui: &mut Ui, session: &Session, fields: &Fields<'_>, layer: &mut Examples) {
    let datasets: Vec<DatasetId> =
        session.project().map(|project| project.datasets.keys().cloned().collect()).unwrap_or_default();
    part(ui, "Which examples", |ui| {
        ui.horizontal(|ui| {
            widgets::small(ui, "Dataset");
            let choices = datasets.iter().map(|id| (id.clone(), id.to_string()));
            if let Some(picked) = widgets::picker(ui, "Dataset of examples", Some(&layer.dataset), choices) {
                layer.dataset = picked;
            }
        });
        pick(ui, fields, &mut layer.pick);
        widgets::small(ui, "The case under test is never among them.");
    });
    part(ui, "Each example", |ui| {
        fields.template(ui, "Example input", "input", &mut layer.input, 2);
        fields.template(ui, "Example output", "output", &mut layer.output, 2);
        widgets::small(ui, "Filled from the example's own row: its variables, and expected.<name>.");
        form(ui, "Examples", &mut layer.form);
    });
    fields.other_problems(ui, &["input", "output"]);
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    First,
    Tagged,
    Sample,
}

fn pick(ui: &mut Ui, fields: &Fields<'_>, pick: &mut Pick) {
    let (way, count) = match pick {
        Pick::First(count) => (Way::First, *count),
        Pick::Tagged { most, .. } => (Way::Tagged, *most),
        Pick::Sample { count, .. } => (Way::Sample, *count),
    };
    let choices = [(Way::First, "The first"), (Way::Tagged, "By tag"), (Way::Sample, "A sample")];
    if let Some(picked) = widgets::segmented(ui, "Which rows", way, &choices) {
        *pick = match picked {
            Way::First => Pick::First(count),
            Way::Tagged => Pick::Tagged { tag: String::new(), most: count },
            Way::Sample => Pick::Sample { count, seed: 1 },
        };
    }
    ui.horizontal_top(|ui| match pick {
        Pick::First(count) => counted(ui, fields, "How many", count),
        Pick::Tagged { tag, most } => {
            counted(ui, fields, "At most", most);
            ui.allocate_ui(egui::vec2(180.0, 0.0), |ui| widgets::field(ui, "Tag", tag, "a case's tag"));
        }
        Pick::Sample { count, seed } => {
            counted(ui, fields, "How many", count);
            let mut number = Some(*seed);
            values::number(ui, fields.id, "Seed", "", &mut number);
            *seed = number.unwrap_or(*seed);
        }
    });
}

fn counted(ui: &mut Ui, fields: &Fields<'_>, label: &str, count: &mut u32) {
    let mut number = Some(*count);
    values::number(ui, fields.id, label, "rows", &mut number);
    *count = number.unwrap_or(*count);
}

pub(super) fn snippet(ui: &mut Ui, session: &Session, fields: &Fields<'_>, layer: &mut Snippet) {
    let own = session.selection().prompt.as_ref();
    let prompts = session.project().map(|project| &project.prompts);
    part(ui, "Whose words", |ui| {
        ui.horizontal(|ui| {
            widgets::small(ui, "Prompt");
            let others = prompts.into_iter().flat_map(|all| all.keys()).filter(|id| Some(*id) != own);
            let choices: Vec<(PromptId, String)> = others.map(|id| (id.clone(), id.to_string())).collect();
            if let Some(picked) = widgets::picker(ui, "Prompt of the snippet", Some(&layer.prompt), choices) {
                layer.prompt = picked;
                layer.layer = LayerId::default();
            }
            widgets::small(ui, "Layer");
            let target = prompts.and_then(|all| all.get(&layer.prompt));
            let layers = target.into_iter().flat_map(|prompt| &prompt.layers);
            let choices: Vec<(LayerId, String)> =
                layers.map(|found| (found.id.clone(), found.name().to_owned())).collect();
            if let Some(picked) = widgets::picker(ui, "Layer of the snippet", Some(&layer.layer), choices) {
                layer.layer = picked;
                layer.version = target.map(|prompt| prompt.version.clone());
            }
        });
    });
    fields.other_problems(ui, &[]);
    let Some(target) = prompts.and_then(|all| all.get(&layer.prompt)) else {
        widgets::muted(ui, "Choose a prompt and one of its layers; its words then stand here.");
        return;
    };
    ui.horizontal(|ui| {
        let agreed = layer.version.as_deref().unwrap_or("any version");
        widgets::small(ui, &format!("Agreed: {agreed}. The prompt is at {}.", target.version));
        if layer.version.as_ref() != Some(&target.version)
            && widgets::secondary(ui, None, &format!("Agree to version {}", target.version)).clicked()
        {
            layer.version = Some(target.version.clone());
        }
        if layer.version.is_some() && widgets::ghost(ui, None, "Follow any version").clicked() {
            layer.version = None;
        }
    });
    if let Some(found) = target.layer(&layer.layer) {
        caption(ui, "Its words");
        widgets::well(ui, |ui| widgets::source(ui, &layer_text(found)));
    }
}

pub(super) fn tools(ui: &mut Ui, fields: &Fields<'_>, layer: &mut Tools) {
    let mut gone = None;
    if layer.tools.is_empty() {
        ui.add_space(8.0);
        widgets::muted(ui, "Tools are declared to the provider; they are not written into the text.");
    }
    for (at, tool) in layer.tools.iter_mut().enumerate() {
        let number = at + 1;
        part(ui, &format!("Tool {number}"), |ui| {
            row_with_remove(ui, &format!("Tool {number}"), &mut gone, at, |ui| {
                ui.vertical(|ui| {
                    let described = format!("{}.description", tool.name);
                    fields.template(ui, &format!("Name of tool {number}"), "name", &mut tool.name, 1);
                    fields.template(ui, &format!("Description of tool {number}"), &described, &mut tool.description, 2);
                    let label = format!("Parameters of tool {number} (JSON Schema)");
                    values::object(ui, fields.id, &label, &mut tool.parameters, 6);
                });
            });
        });
    }
    if let Some(at) = gone {
        layer.tools.remove(at);
    }
    if add(ui, "Add a tool").clicked() {
        layer.tools.push(Tool::default());
    }
    fields.other_problems(ui, &["name"]);
}

pub(super) fn history(ui: &mut Ui, fields: &Fields<'_>, layer: &mut History) {
    part(ui, "Which conversation", |ui| {
        fields.variable(ui, "Variable of the turns", "variable", &mut layer.variable);
        widgets::small(ui, "A list of {role, content}; each turn goes in as a message of its own.");
        turns(ui, fields, "history", &mut layer.last, &mut layer.max_tokens);
    });
    fields.other_problems(ui, &["variable"]);
}
