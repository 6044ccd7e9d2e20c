//! What the columns are: roles, which are untrusted, and, where the cases stand in the dataset itself, new ones.

use egui::{Ui, vec2};
use egui_material_icons::icons;

use super::cells;
use super::screen::State;
use super::table;
use super::view::{self, DataView, FileColumn, role_help, role_word};
use crate::domain::{Column, ColumnRole, Dataset, Source};
use crate::ui::theme::Theme;
use crate::ui::widgets;

const ROLES: [ColumnRole; 5] =
    [ColumnRole::Input, ColumnRole::Expected, ColumnRole::Id, ColumnRole::Tags, ColumnRole::Note];

/// Draws them; changes go into `draft`.
pub(super) fn show(ui: &mut Ui, view: &DataView, draft: &mut Dataset, state: &mut State) {
    widgets::field(ui, "Title", &mut draft.title, view.id.as_str());
    widgets::multiline(ui, "Note", &mut draft.note, 2);
    ui.add_space(8.0);
    widgets::strong(ui, "Columns");
    widgets::small(ui, "Expected values are for checks: no prompt ever sees them.");
    for column in &view.header {
        ui.push_id(("column", &column.name, role_word(column.role)), |ui| {
            widgets::well(ui, |ui| one(ui, view, column, draft));
        });
    }
    if view.inline {
        new_column(ui, draft, state);
    }
}

fn one(ui: &mut Ui, view: &DataView, column: &FileColumn, draft: &mut Dataset) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        widgets::icon(ui, table::icon(column.role), theme.texts.muted).on_hover_text(role_help(column.role));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let name = format!("Delete column {}", column.name);
            if view.inline
                && widgets::icon_button(ui, icons::ICON_DELETE, &name).clicked()
                && let Some(cases) = cells::cases_mut(draft)
            {
                cells::remove_column(cases, &column.name, column.role);
            }
            // Ids, tags and notes of inline cases have a place of their own in each case.
            let roles: &[ColumnRole] = if view.inline { &ROLES[..2] } else { &ROLES };
            let choices = roles.iter().map(|role| (*role, role_word(*role).to_owned()));
            let label = format!("Role of {}", column.name);
            if let Some(role) = widgets::picker(ui, &label, Some(&column.role), choices) {
                set_role(view, column, role, draft);
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| widgets::strong(ui, &column.name));
        });
    });
    let csv = matches!(&draft.source, Source::File(file) if !file.ends_with("jsonl") && !file.ends_with("ndjson"));
    let input = column.role == ColumnRole::Input;
    let json = csv && (input || column.role == ColumnRole::Expected);
    if !input && !json {
        return;
    }
    ui.horizontal(|ui| {
        let now = Column { role: column.role, untrusted: column.untrusted, json: column.json };
        ui.push_id("flags", |ui| {
            if input && widgets::option(ui, now.untrusted, "Untrusted") {
                view::set_column(draft, &column.name, Column { untrusted: !now.untrusted, ..now.clone() });
            }
            if json && widgets::option(ui, now.json, "Cells hold JSON") {
                view::set_column(draft, &column.name, Column { json: !now.json, ..now.clone() });
            }
        });
    });
}

fn set_role(view: &DataView, column: &FileColumn, role: ColumnRole, draft: &mut Dataset) {
    if view.inline {
        draft.columns.remove(&column.name);
        if let Some(cases) = cells::cases_mut(draft) {
            cells::move_column(cases, &column.name, role);
        }
    } else {
        let untrusted = column.untrusted && role == ColumnRole::Input;
        view::set_column(draft, &column.name, Column { role, untrusted, json: column.json });
    }
}

fn new_column(ui: &mut Ui, draft: &mut Dataset, state: &mut State) {
    ui.add_space(4.0);
    let name = &mut state.new_column;
    ui.allocate_ui(vec2(ui.available_width(), 0.0), |ui| widgets::field(ui, "New column", name, "name"));
    let plain = name.trim().to_owned();
    let taken = cells::cases_mut(draft).is_some_and(|cases| {
        cases.iter().any(|case| case.vars.contains_key(&plain) || case.expected.contains_key(&plain))
    });
    let fits = !plain.is_empty() && !taken && !plain.contains(['{', '}', '\n']);
    if taken {
        widgets::small(ui, "There is one of this name already.");
    }
    ui.horizontal(|ui| {
        for (role, words) in [(ColumnRole::Input, "Add input"), (ColumnRole::Expected, "Add expected")] {
            let pressed =
                ui.add_enabled_ui(fits, |ui| widgets::secondary(ui, Some(icons::ICON_ADD), words)).inner.clicked();
            if let Some(cases) = cells::cases_mut(draft).filter(|_| pressed) {
                cells::add_column(cases, &plain, role);
                state.new_column.clear();
            }
        }
    });
}
