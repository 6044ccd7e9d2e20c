//! Importing a file: which one, what is in it, what its columns are, and under which name it is copied.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use egui::{Grid, Id, Key, Label, Modal, RichText, ScrollArea, Ui, vec2};
use egui_material_icons::icons;

use super::view::{self, role_by_name, role_word};
use crate::domain::{Column, ColumnRole, DatasetId};
use crate::session::{Command, Peeked, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::{dialogs, format, widgets};

const ROLES: [ColumnRole; 5] =
    [ColumnRole::Input, ColumnRole::Expected, ColumnRole::Id, ColumnRole::Tags, ColumnRole::Note];

#[derive(Default)]
pub(super) struct State {
    pub open: bool,
    path: String,
    /// The file whose columns stand below.
    of: Option<PathBuf>,
    id: String,
    columns: BTreeMap<String, Column>,
}

pub(super) fn show(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    if session.peek().is_some() {
        state.open = true;
    }
    if !state.open {
        return;
    }
    let room = ui.ctx().content_rect().size();
    let response = Modal::new(Id::unique("import")).frame(widgets::raised(ui)).show(ui.ctx(), |ui| {
        ui.set_width((room.x - 160.0).clamp(320.0, 900.0));
        ui.set_max_height((room.y - 120.0).clamp(240.0, 760.0));
        contents(ui, session, state, sender)
    });
    if response.inner || response.should_close() {
        sender.send(Command::PeekDataset(None));
        *state = State::default();
    }
}

/// Returns whether it is over.
fn contents(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) -> bool {
    let mut over = false;
    ui.horizontal(|ui| {
        widgets::heading(ui, "Import cases");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            over = widgets::icon_button(ui, icons::ICON_CLOSE, "Close the import").clicked();
        });
    });
    widgets::muted(ui, "A CSV or JSONL file is copied into the project; the file itself stays as it is.");
    which(ui, state, sender);
    let Some(peek) = session.peek() else { return over };
    match &peek.seen {
        None => {
            widgets::muted(ui, "Reading the file…");
        }
        Some(Err(problems)) => widgets::problems(ui, problems),
        Some(Ok(seen)) => over |= seen_ui(ui, session, &peek.path, seen, state, sender),
    }
    over
}

fn which(ui: &mut Ui, state: &mut State, sender: &CommandSender) {
    ui.horizontal_top(|ui| {
        let width = (ui.available_width() - 236.0).max(80.0);
        let response = ui
            .allocate_ui(vec2(width, 0.0), |ui| widgets::field(ui, "File", &mut state.path, "/home/you/cases.csv"))
            .inner;
        let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.vertical(|ui| {
            ui.add_space(18.0);
            ui.horizontal(|ui| {
                let typed = !state.path.trim().is_empty();
                let look = ui.add_enabled_ui(typed, |ui| widgets::secondary(ui, None, "Look in")).inner.clicked();
                if (look || enter) && typed {
                    sender.send(Command::PeekDataset(Some(PathBuf::from(state.path.trim()))));
                }
                if widgets::secondary(ui, Some(icons::ICON_FOLDER_OPEN), "Choose file…").clicked() {
                    let kinds = &["csv", "tsv", "jsonl", "ndjson"];
                    dialogs::ask_for_file("Import cases", "Cases", kinds, sender.clone(), |path| {
                        Command::PeekDataset(Some(path))
                    });
                }
            });
        });
    });
}

fn seen_ui(
    ui: &mut Ui,
    session: &Session,
    path: &Path,
    seen: &Peeked,
    state: &mut State,
    sender: &CommandSender,
) -> bool {
    if state.of.as_deref() != Some(path) {
        settle(state, path, seen);
    }
    widgets::problems(ui, &seen.problems);
    let rows = format::count(seen.rows as u64);
    widgets::small(ui, &format!("{rows} rows, {} columns. These are the first.", seen.header.len()));
    ScrollArea::both().max_height(ui.available_height() - 110.0).auto_shrink([false, true]).show(ui, |ui| {
        preview(ui, seen, state);
    });
    ui.add_space(8.0);
    let Some(project) = session.project() else { return false };
    let wrong = view::wrong_id(project, &state.id);
    ui.horizontal_top(|ui| {
        ui.allocate_ui(vec2(260.0, 0.0), |ui| widgets::field(ui, "Name of the dataset", &mut state.id, "cases"));
        ui.vertical(|ui| {
            ui.add_space(18.0);
            ui.horizontal(|ui| {
                let import = ui
                    .add_enabled_ui(wrong.is_none(), |ui| widgets::primary(ui, Some(icons::ICON_DOWNLOAD), "Import"))
                    .inner;
                if import.clicked() {
                    let id = DatasetId::from(state.id.as_str());
                    let columns = worth_saying(&state.columns);
                    sender.send(Command::ImportDataset { from: path.to_owned(), id, columns });
                    state.open = false;
                }
                if let Some(wrong) = wrong {
                    widgets::small(ui, wrong);
                }
            });
        });
    });
    false
}

/// The mapping to begin with: as the names say.
fn settle(state: &mut State, path: &Path, seen: &Peeked) {
    state.of = Some(path.to_owned());
    state.path = path.display().to_string();
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    state.id = view::id_from(&stem);
    let column = |role| Column { role, ..Column::default() };
    state.columns = seen.header.iter().map(|(name, role)| (name.clone(), column(*role))).collect();
}

/// The columns that are not what their names say.
fn worth_saying(columns: &BTreeMap<String, Column>) -> BTreeMap<String, Column> {
    let differs =
        |(name, column): &(&String, &Column)| column.role != role_by_name(name) || column.untrusted || column.json;
    columns.iter().filter(differs).map(|(name, column)| (name.clone(), column.clone())).collect()
}

fn preview(ui: &mut Ui, seen: &Peeked, state: &mut State) {
    let theme = Theme::of(ui);
    Grid::new("preview").striped(true).min_col_width(120.0).max_col_width(220.0).spacing(vec2(16.0, 6.0)).show(
        ui,
        |ui| {
            for (name, _) in &seen.header {
                widgets::strong(ui, name);
            }
            ui.end_row();
            for (name, _) in &seen.header {
                let Some(column) = state.columns.get_mut(name) else { continue };
                ui.vertical(|ui| {
                    ui.push_id(("role", name), |ui| {
                        let choices = ROLES.iter().map(|role| (*role, role_word(*role).to_owned()));
                        if let Some(role) = widgets::picker(ui, &format!("Role of {name}"), Some(&column.role), choices)
                        {
                            column.role = role;
                        }
                        if column.role == ColumnRole::Input && widgets::option(ui, column.untrusted, "Untrusted") {
                            column.untrusted = !column.untrusted;
                        }
                    });
                });
            }
            ui.end_row();
            for row in &seen.first {
                match row {
                    Ok(cells) => {
                        for cell in cells {
                            ui.add(Label::new(super::cells::beginning(cell)).truncate());
                        }
                    }
                    Err(wrong) => {
                        ui.add(Label::new(RichText::new(wrong).color(theme.verdicts.fail.plain)).truncate());
                    }
                }
                ui.end_row();
            }
        },
    );
}
