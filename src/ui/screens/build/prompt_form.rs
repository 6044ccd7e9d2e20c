//! The prompt's own settings: title, note, version and its table of variables.

use egui::{Id, Ui, vec2};

use super::data::Name;
use super::fields::{add, part, row_with_remove};
use super::values;
use crate::domain::{Prompt, Variable};
use crate::ui::widgets;

pub(super) fn show(ui: &mut Ui, prompt: &mut Prompt, names: &[Name]) {
    ui.horizontal_top(|ui| {
        let width = ui.available_width();
        ui.allocate_ui(vec2(width - 118.0, 0.0), |ui| {
            widgets::field(ui, "Title", &mut prompt.title, "what people call it")
        });
        ui.allocate_ui(vec2(110.0, 0.0), |ui| widgets::field(ui, "Version", &mut prompt.version, "1.0.0"));
    });
    widgets::multiline(ui, "Note", &mut prompt.note, 2);
    part(ui, "Variables", |ui| {
        widgets::muted(
            ui,
            "What a case, a default or a variant fills. Untrusted text is fenced, so that it gives no orders.",
        );
        variables(ui, prompt, names);
    });
}

fn variables(ui: &mut Ui, prompt: &mut Prompt, names: &[Name]) {
    let mut gone = None;
    let mut renamed = None;
    for (name, variable) in &mut prompt.variables {
        ui.push_id(name, |ui| {
            row_with_remove(ui, &format!("Variable {name}"), &mut gone, name.clone(), |ui| {
                if let Some(to) = row(ui, name, variable) {
                    renamed = Some((name.clone(), to));
                }
            });
        });
    }
    if let Some(name) = gone {
        prompt.variables.remove(&name);
    }
    if let Some((from, to)) = renamed
        && !prompt.variables.contains_key(&to)
        && let Some(variable) = prompt.variables.remove(&from)
    {
        prompt.variables.insert(to, variable);
    }
    ui.horizontal_wrapped(|ui| {
        if add(ui, "Add a variable").clicked() {
            let fresh = (1..).map(|number| format!("variable{number}"));
            if let Some(name) = fresh.into_iter().find(|name| !prompt.variables.contains_key(name)) {
                prompt.variables.insert(name, Variable::default());
            }
        }
        for name in names.iter().filter(|name| !name.declared) {
            if add(ui, &format!("Declare column {}", name.word)).clicked() {
                prompt.variables.insert(name.word.clone(), Variable::default());
            }
        }
    });
}

/// One variable. Returns its new name where that was changed.
fn row(ui: &mut Ui, name: &str, variable: &mut Variable) -> Option<String> {
    let id = Id::unique(("variable", name));
    let width = ui.available_width();
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        let renamed = ui.horizontal(|ui| {
            let renamed = values::name(ui, id, &format!("Name of variable {name}"), name, width * 0.34 - 20.0);
            widgets::small(ui, "default");
            let room = ui.available_width() - 130.0;
            values::lenient(ui, id, &format!("Default of {name}"), &mut variable.default, room.max(60.0));
            widgets::switch(ui, &format!("{name} is untrusted"), &mut variable.untrusted);
            widgets::small(ui, "untrusted");
            renamed
        });
        let edit = egui::TextEdit::singleline(&mut variable.note)
            .hint_text("What it holds, for people")
            .desired_width(width - 20.0)
            .margin(vec2(10.0, 7.0));
        widgets::named(ui.add(edit), egui::Role::TextInput, &format!("Note of {name}"));
        ui.add_space(6.0);
        renamed.inner
    })
    .inner
}
