//! The chosen case with all its values in full; those of the dataset itself can be typed over.

use egui::{TextEdit, Ui, vec2};
use egui_material_icons::icons;

use super::cells;
use super::own;
use super::screen::State;
use super::table::{self, Rows};
use super::view::{ColumnView, DataView, role_word};
use crate::domain::{Case, ColumnRole};
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

/// Draws it. Returns the case as it was typed over.
pub(super) fn show(ui: &mut Ui, view: &DataView, rows: Rows<'_>, state: &mut State) -> Option<(usize, Case)> {
    let Some(row) = state.row.filter(|row| *row < view.rows) else {
        widgets::muted(ui, "Choose a row to see its values in full. Arrow keys, or j and k, go from row to row.");
        return None;
    };
    match rows.case(row)? {
        Err(problem) => {
            widgets::problems(ui, std::slice::from_ref(&problem));
            None
        }
        Ok(case) => {
            let mut typed = None;
            for (index, column) in view.columns.iter().enumerate() {
                ui.push_id(("value", row, index), |ui| {
                    let focus = state.focus_detail && state.column == index;
                    if focus {
                        state.focus_detail = false;
                    }
                    typed = value(ui, view, &case, column, focus, state).or(typed.take());
                });
            }
            own::show(ui, &case);
            typed.map(|case| (row, case))
        }
    }
}

fn value(
    ui: &mut Ui,
    view: &DataView,
    case: &Case,
    column: &ColumnView,
    focus: bool,
    state: &mut State,
) -> Option<Case> {
    let theme = Theme::of(ui);
    let text = cells::text(case, column);
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 22.0;
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            widgets::icon(ui, table::icon(column.role), theme.texts.muted);
            widgets::strong(ui, &column.name);
            widgets::faint(ui, role_word(column.role));
            if column.untrusted {
                widgets::icon(ui, icons::ICON_SHIELD, theme.tone(Tone::Warning).0).on_hover_text("Untrusted text");
            }
        });
    });
    let typed = if view.inline { edit(ui, case, column, text, focus, state) } else { read(ui, &text) };
    ui.add_space(8.0);
    typed
}

fn read(ui: &mut Ui, text: &str) -> Option<Case> {
    if text.is_empty() {
        widgets::faint(ui, "empty");
    } else {
        widgets::well(ui, |ui| widgets::source(ui, text));
    }
    None
}

fn edit(ui: &mut Ui, case: &Case, column: &ColumnView, text: String, focus: bool, state: &mut State) -> Option<Case> {
    let name = column.full_name();
    // What cannot be read yet is kept, and changes nothing.
    let kept = state.unread.as_ref().filter(|unread| unread.column == name && unread.case == *case);
    let (mut text, wrong) = kept.map_or((text, None), |kept| (kept.text.clone(), Some(kept.wrong.clone())));
    let multiline = matches!(column.role, ColumnRole::Input | ColumnRole::Expected | ColumnRole::Note);
    let lines = text.lines().count().clamp(1, 14);
    let edit =
        if multiline { TextEdit::multiline(&mut text).desired_rows(lines) } else { TextEdit::singleline(&mut text) };
    let hint = match column.role {
        ColumnRole::Id => "made from the row where it is empty",
        ColumnRole::Tags => "one; another",
        _ => "",
    };
    let response = ui.add(edit.hint_text(hint).desired_width(f32::INFINITY).margin(vec2(10.0, 7.0)));
    widgets::focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(format!("Value of {name}")));
    if focus {
        response.request_focus();
        response.scroll_to_me(None);
    }
    if let Some(wrong) = wrong {
        widgets::small(ui, &wrong);
    }
    if !response.changed() {
        return None;
    }
    let mut changed = case.clone();
    match cells::put(&mut changed, column, &text) {
        Ok(()) => {
            state.unread = None;
            Some(changed)
        }
        Err(wrong) => {
            state.unread = Some(Unread { column: name, case: case.clone(), text, wrong });
            None
        }
    }
}

/// A value that was typed and is not JSON yet.
pub(super) struct Unread {
    column: String,
    case: Case,
    text: String,
    wrong: String,
}
