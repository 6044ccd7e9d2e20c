//! Fields of a form: templates with their problems below them, lists, and parts that can be switched on.

use std::cell::RefCell;

use egui::text::CCursorRange;
use egui::{
    CompletionPopup, FontFamily, FontId, Id, Label, RectAlign, Response, RichText, Suggestion, TextEdit, Ui, vec2,
};
use egui_material_icons::icons;

use super::data::Name;
use super::highlight::{self, Slip};
use crate::session::Found;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

/// What the fields of one form share.
pub(super) struct Fields<'a> {
    /// Of the layer, so that fields of two layers are not taken for each other.
    pub id: Id,
    pub problems: Vec<&'a Found>,
    pub names: &'a [Name],
    /// Columns that were used in a template and are to be declared.
    pub declare: RefCell<Vec<String>>,
}

impl Fields<'_> {
    /// A template: several lines, colours, completion of variables, problems below.
    pub fn template(&self, ui: &mut Ui, label: &str, field: &str, value: &mut String, rows: usize) -> Response {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            caption(ui, label);
            let response = self.editor(ui, label, field, value, rows);
            self.problems(ui, field);
            response
        })
        .inner
    }

    fn editor(&self, ui: &mut Ui, label: &str, field: &str, value: &mut String, rows: usize) -> Response {
        let slips = self.slips(field);
        let mono = FontId::new(Theme::of(ui).size.text.mono, FontFamily::Monospace);
        let mut layouter =
            |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| highlight::galley(ui, text.as_str(), width, &slips);
        let edit = TextEdit::multiline(value)
            .font(mono)
            .desired_rows(rows)
            .desired_width(f32::INFINITY)
            .margin(vec2(10.0, 7.0))
            .layouter(&mut layouter);
        let output = CompletionPopup::new(self.id.with((label, field)))
            .align(RectAlign::BOTTOM_START)
            .word_boundary(|letter| !(letter.is_alphanumeric() || letter == '_'))
            .show(ui, edit, |query| self.suggestions(query));
        if let Some(accepted) = output.accepted {
            self.note(accepted.insert.trim_end_matches([' ', '}']));
        }
        let response = output.text_edit.response.response;
        widgets::focus_ring(ui, &response);
        widgets::named(response, egui::Role::MultilineTextInput, label)
    }

    fn suggestions(&self, query: &egui::CompletionQuery<'_>) -> Vec<Suggestion> {
        let cursor: usize = query.text.chars().take(query.word_range.end.0).map(char::len_utf8).sum();
        let Some(closed) = highlight::inside_tag(query.text, cursor) else { return Vec::new() };
        let fits = |name: &&Name| name.word.starts_with(query.word) && (name.word != query.word || !closed);
        let suggestion = |name: &Name| {
            let insert = if closed { name.word.clone() } else { format!("{} }}}}", name.word) };
            Suggestion::new(insert).content(name.word.clone()).description(name.about.clone())
        };
        self.names.iter().filter(fits).map(suggestion).collect()
    }

    /// A column that a template uses from now on is declared with it.
    fn note(&self, name: &str) {
        if self.names.iter().any(|known| known.word == name && !known.declared) {
            self.declare.borrow_mut().push(name.to_owned());
        }
    }

    fn slips(&self, field: &str) -> Vec<Slip> {
        let here = self.problems.iter().filter(|found| found.field == field);
        here.filter_map(|found| {
            let (line, column) = (found.problem.place.line?, found.problem.place.column?);
            Some(Slip { line, column, error: found.problem.is_error() })
        })
        .collect()
    }

    /// The problems of a field, with line and column.
    pub fn problems(&self, ui: &mut Ui, field: &str) {
        for found in self.problems.iter().filter(|found| found.field == field) {
            problem(ui, found);
        }
    }

    /// Problems of the layer that no field shows.
    pub fn other_problems(&self, ui: &mut Ui, shown: &[&str]) {
        let stem = |field: &str| field.split('.').next().unwrap_or_default().to_owned();
        for found in &self.problems {
            if !shown.contains(&found.field.as_str()) && !shown.contains(&stem(&found.field).as_str()) {
                problem(ui, found);
            }
        }
    }

    /// A list of templates, with a row for a further one.
    pub fn list(&self, ui: &mut Ui, label: &str, field: &str, items: &mut Vec<String>) {
        caption(ui, label);
        let mut gone = None;
        for (at, item) in items.iter_mut().enumerate() {
            let name = format!("{label} {}", at + 1);
            let place = format!("{field}.{}", at + 1);
            row_with_remove(ui, &name, &mut gone, at, |ui| {
                self.editor(ui, &name, &place, item, 1);
            });
            self.problems(ui, &place);
        }
        if let Some(at) = gone {
            items.remove(at);
        }
        if add(ui, &format!("Add to {}", lower(label))).clicked() {
            items.push(String::new());
        }
        ui.add_space(4.0);
    }

    /// Names and templates; a name is changed when the field is left, so that half a name replaces no other.
    pub fn map(&self, ui: &mut Ui, label: &str, field: &str, entries: &mut std::collections::BTreeMap<String, String>) {
        caption(ui, label);
        let mut gone = None;
        let mut renamed = None;
        for (name, value) in entries.iter_mut() {
            row_with_remove(ui, &format!("{label} {name}"), &mut gone, name.clone(), |ui| {
                let id = self.id.with(("name of", field, name));
                let width = 120.0_f32.min(ui.available_width() * 0.35);
                if let Some(to) = super::values::name(ui, id, &format!("Name of {name}"), name, width) {
                    renamed = Some((name.clone(), to));
                }
                self.editor(ui, name, &format!("{field}.{name}"), value, 1);
            });
            self.problems(ui, &format!("{field}.{name}"));
        }
        if let Some(name) = gone {
            entries.remove(&name);
        }
        if let Some((from, to)) = renamed
            && !entries.contains_key(&to)
            && let Some(value) = entries.remove(&from)
        {
            entries.insert(to, value);
        }
        if add(ui, &format!("Add to {}", lower(label))).clicked() {
            let names = (1..).map(|number| format!("name{number}"));
            if let Some(name) = names.into_iter().find(|name| !entries.contains_key(name)) {
                entries.insert(name, String::new());
            }
        }
        ui.add_space(4.0);
    }

    /// The name of a variable that is used as a whole: a choice of the declared ones, or typed.
    pub fn variable(&self, ui: &mut Ui, label: &str, field: &str, value: &mut String) {
        ui.horizontal(|ui| {
            let width = (ui.available_width() * 0.5).min(220.0);
            ui.allocate_ui(vec2(width, 0.0), |ui| widgets::field(ui, label, value, "a variable's name"));
        });
        ui.horizontal_wrapped(|ui| {
            for name in self.names {
                if name.word != *value && chip(ui, &name.word, &format!("Use {} as {}", name.word, lower(label))) {
                    value.clone_from(&name.word);
                    self.note(&name.word);
                }
            }
        });
        self.problems(ui, field);
    }

    /// The variables as chips; one that is clicked is put in where the cursor last stood.
    pub fn chips(&self, ui: &mut Ui, target: Id, value: &mut String) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(4.0, 4.0);
            widgets::small(ui, "Insert");
            for name in self.names {
                let hint = if name.declared { &name.about } else { "A column; it will be declared as a variable" };
                let label = format!("Insert {{{{ {} }}}}", name.word);
                if chip(ui, &name.word, if hint.is_empty() { &label } else { hint }) {
                    insert(ui, target, value, &format!("{{{{ {} }}}}", name.word));
                    self.note(&name.word);
                }
            }
        });
    }

    /// The id of a template's editor, for [`Fields::chips`].
    pub fn editor_id(&self, label: &str, field: &str) -> Id {
        self.id.with((label, field))
    }
}

fn insert(ui: &Ui, target: Id, value: &mut String, text: &str) {
    let state = TextEdit::load_state(ui.ctx(), target);
    let cursor = state.as_ref().and_then(|state| state.cursor.char_range()).map(|range| range.primary.index.0);
    let at = cursor.unwrap_or(usize::MAX).min(value.chars().count());
    let byte: usize = value.chars().take(at).map(char::len_utf8).sum();
    value.insert_str(byte, text);
    if let Some(mut state) = state {
        let end = egui::text::CCursor::new(at + text.chars().count());
        state.cursor.set_char_range(Some(CCursorRange::one(end)));
        TextEdit::store_state(ui.ctx(), target, state);
    }
    ui.memory_mut(|memory| memory.request_focus(target));
}

/// A small button with a variable's name.
fn chip(ui: &mut Ui, text: &str, hint: &str) -> bool {
    let theme = Theme::of(ui);
    let words = RichText::new(text).monospace().size(theme.size.text.small).color(theme.accent.plain);
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(7.0, 1.0);
        ui.spacing_mut().interact_size.y = 20.0;
        ui.add(egui::Button::new(words).corner_radius(theme.size.radius.pill))
    });
    widgets::named(response.inner, egui::Role::Button, &format!("Insert {text}")).on_hover_text(hint).clicked()
}

/// A label above a field.
pub(super) fn caption(ui: &mut Ui, label: &str) {
    if !label.is_empty() {
        let colour = Theme::of(ui).texts.muted;
        ui.label(RichText::new(label).small().color(colour));
    }
}

/// A problem in a line or two: what, where, what to do.
pub(super) fn problem(ui: &mut Ui, found: &Found) {
    let theme = Theme::of(ui);
    let problem = &found.problem;
    let (tone, icon) =
        if problem.is_error() { (Tone::Fail, icons::ICON_ERROR) } else { (Tone::Warning, icons::ICON_WARNING) };
    let (colour, _) = theme.tone(tone);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(vec2(14.0, 16.0), egui::Sense::hover());
        let font = FontId::new(14.0, icon.font_family());
        ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, icon.codepoint, font, colour);
        let place = match (problem.place.line, problem.place.column) {
            (Some(line), Some(column)) => format!("Line {line}, column {column}: "),
            _ => String::new(),
        };
        let words = format!("{place}{} {}", problem.message, problem.hint);
        ui.add(Label::new(RichText::new(words.trim_end()).small().color(colour)).wrap().selectable(true));
    });
}

/// A quiet button that adds something.
pub(super) fn add(ui: &mut Ui, text: &str) -> Response {
    let theme = Theme::of(ui);
    let words = RichText::new(text).small().color(theme.texts.muted);
    let icon = icons::ICON_ADD.rich_text().size(14.0).color(theme.texts.muted);
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(6.0, 2.0);
        ui.spacing_mut().interact_size.y = 24.0;
        ui.add(egui::Button::new((icon, words)).frame_when_inactive(false))
    });
    widgets::named(response.inner, egui::Role::Button, text)
}

/// Fields in a row with a button at its end that takes the row away.
pub(super) fn row_with_remove<T>(
    ui: &mut Ui,
    name: &str,
    gone: &mut Option<T>,
    this: T,
    contents: impl FnOnce(&mut Ui),
) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let width = ui.available_width() - Theme::of(ui).size.control - 4.0;
        ui.allocate_ui_with_layout(vec2(width, 0.0), egui::Layout::left_to_right(egui::Align::Min), |ui| {
            ui.set_width(width);
            contents(ui);
        });
        if widgets::icon_button(ui, icons::ICON_CLOSE, &format!("Remove {}", lower(name))).clicked() {
            *gone = Some(this);
        }
    });
}

/// A part of a form under a heading.
pub(super) fn part(ui: &mut Ui, heading: &str, contents: impl FnOnce(&mut Ui)) {
    ui.add_space(8.0);
    widgets::strong(ui, heading);
    contents(ui);
}

/// A part that is there or not, with a switch in its heading.
pub(super) fn optional<T>(
    ui: &mut Ui,
    heading: &str,
    value: &mut Option<T>,
    fresh: impl FnOnce() -> T,
    contents: impl FnOnce(&mut Ui, &mut T),
) {
    ui.add_space(8.0);
    let mut on = value.is_some();
    ui.horizontal(|ui| {
        widgets::switch(ui, heading, &mut on);
        widgets::strong(ui, heading);
    });
    match (on, value.is_some()) {
        (true, false) => *value = Some(fresh()),
        (false, true) => *value = None,
        _ => {}
    }
    if let Some(value) = value {
        contents(ui, value);
    }
}

pub(super) fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
