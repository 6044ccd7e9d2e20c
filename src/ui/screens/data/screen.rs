//! Draws the Data screen: the table, and beside it the chosen case or the columns.

use std::sync::Arc;

use egui::{Frame, Margin, Panel, ScrollArea, Stroke, TextEdit, Ui, vec2};
use egui_material_icons::icons;

use super::table::{Asked, Cache, Rows, Typing, Wishes};
use super::view::{self, DataView, Reading};
use super::{cells, columns, detail, import, table};
use crate::domain::{Case, Dataset, DatasetId, Definition, DefinitionKey, Source};
use crate::session::{CasesView, Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Side {
    #[default]
    Case,
    Columns,
}

#[derive(Default)]
pub(in crate::ui) struct State {
    view: Option<(u64, DataView)>,
    shown: Option<DefinitionKey>,
    pub(super) row: Option<usize>,
    pub(super) column: usize,
    /// The place of a row that is to be brought into sight.
    pub(super) scroll: Option<usize>,
    pub(super) typing: Option<Typing>,
    pub(super) unread: Option<detail::Unread>,
    /// The chosen value is to be typed over in the pane beside the table.
    pub(super) focus_detail: bool,
    pub(super) cache: Cache,
    pub(super) wishes: Wishes,
    pub(super) new_column: String,
    side: Side,
    find: String,
    import: import::State,
    /// The name of a new dataset, while it is typed.
    new: Option<String>,
    /// What the last paste came to.
    told: Option<String>,
}

impl State {
    /// Something stands over the table.
    pub(super) const fn busy(&self) -> bool {
        self.import.open || self.new.is_some()
    }
}

pub(in crate::ui) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    import::show(ui, session, &mut state.import, sender);
    let (Some(view), Some(defined)) = (gathered(session, state), session.dataset()) else {
        nothing(ui, session, state, sender);
        return;
    };
    if state.shown.as_ref() != Some(&view.key) {
        let import = std::mem::take(&mut state.import);
        *state = State { shown: Some(view.key.clone()), side: state.side, import, ..State::default() };
    }
    let rows = rows(session, defined);
    state.cache.settle(session.edition(), rows);
    keep_searching(session, state, sender);
    let found = session.case_search().and_then(|search| search.rows.clone());
    let found = found.filter(|_| !state.find.is_empty());

    let mut draft: Option<Dataset> = None;
    head(ui, session, &view, defined, state, &mut draft, sender);
    side_panel(ui, &view, defined, rows, state, &mut draft);
    Frame::new().show(ui, |ui| {
        let asked = body(ui, &view, rows, found.as_ref().map(|rows| rows.as_slice()), state, sender);
        take_in(asked, &view, defined, state, &mut draft);
    });
    if let Some(draft) = draft.filter(|draft| draft != &**defined) {
        let definition = Some(Definition::Dataset(Arc::new(draft)));
        sender.send(Command::Edit { key: view.key.clone(), definition });
    }
    state.view = Some((session.revision(), view));
}

/// Gathered anew only when something has changed.
fn gathered(session: &Session, state: &mut State) -> Option<DataView> {
    let kept = state.view.take().filter(|(revision, _)| *revision == session.revision());
    kept.map(|(_, view)| view).or_else(|| view::gather(session))
}

fn rows<'a>(session: &'a Session, defined: &'a Dataset) -> Rows<'a> {
    match (&defined.source, session.cases()) {
        (Source::Cases(cases), _) => Rows::Inline(cases),
        (Source::File(_), CasesView::Ready(open)) => Rows::File(open),
        (Source::File(_), _) => Rows::None,
    }
}

fn nothing(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    if session.project().is_none() {
        let about = "A dataset holds the cases that a prompt is tried on. It belongs to a project.";
        if widgets::empty(ui, icons::ICON_DATABASE, "No project is open", about, Some("Go to Home")) {
            sender.send(Command::Go(Route::Home));
        }
        return;
    }
    let about = "A dataset holds the cases that a prompt is tried on, and what is right for each. Import a CSV or JSONL \
                 file, or begin with an empty one.";
    if widgets::empty(ui, icons::ICON_DATABASE, "No dataset yet", about, Some("Import a file…")) {
        state.import.open = true;
    }
    ui.vertical_centered(|ui| {
        if widgets::link(ui, "Begin with an empty dataset").clicked() {
            create(session, "cases", sender);
        }
    });
}

fn create(session: &Session, id: &str, sender: &CommandSender) {
    let Some(project) = session.selection().project.clone() else { return };
    let mut cases = Vec::new();
    cells::add_column(&mut cases, "input", crate::domain::ColumnRole::Input);
    let dataset = Dataset { source: Source::Cases(cases), ..Dataset::of_file(String::new()) };
    let id = DatasetId::from(id);
    let key = DefinitionKey::Dataset(project, id.clone());
    sender.send(Command::Edit { key, definition: Some(Definition::Dataset(Arc::new(dataset))) });
    sender.send(Command::SelectDataset(id));
}

/// Asks again where the rows have changed since they were searched.
fn keep_searching(session: &Session, state: &State, sender: &CommandSender) {
    let outdated = session.case_search().is_some_and(|search| search.edition != session.edition());
    if outdated && !state.find.is_empty() {
        sender.send(Command::SearchCases(state.find.clone()));
    }
}

fn head(
    ui: &mut Ui,
    session: &Session,
    view: &DataView,
    defined: &Dataset,
    state: &mut State,
    draft: &mut Option<Dataset>,
    sender: &CommandSender,
) {
    let theme = Theme::of(ui);
    let response = Panel::top("dataset")
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().inner_margin(Margin { left: 24, right: 16, top: 14, bottom: 12 }))
        .show(ui, |ui| {
            let names = |ui: &mut Ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    let title = if defined.title.is_empty() { view.id.as_str() } else { &defined.title };
                    widgets::heading(ui, title);
                    widgets::faint(ui, &view.place);
                });
            };
            widgets::ends(ui, "dataset", names, |ui| {
                buttons(ui, view, defined, state, draft, sender);
                find(ui, session, state, sender);
            });
            naming(ui, session, state, sender);
            notes(ui, view, state, sender);
        });
    let rect = response.response.rect;
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.lines.border));
}

fn buttons(
    ui: &mut Ui,
    view: &DataView,
    defined: &Dataset,
    state: &mut State,
    draft: &mut Option<Dataset>,
    sender: &CommandSender,
) {
    if widgets::secondary(ui, Some(icons::ICON_DOWNLOAD), "Import…").clicked() {
        state.import.open = true;
    }
    if widgets::icon_button(ui, icons::ICON_ADD_BOX, "New dataset").clicked() {
        state.new = Some(String::new());
    }
    if !view.inline {
        return;
    }
    ui.spacing_mut().item_spacing.x = 4.0;
    if widgets::icon_button(ui, icons::ICON_DELETE_FOREVER, "Delete dataset").clicked() {
        sender.send(Command::Edit { key: view.key.clone(), definition: None });
    }
    ui.separator();
    let chosen = state.row.filter(|row| *row < view.rows);
    ui.add_enabled_ui(chosen.is_some(), |ui| {
        if widgets::icon_button(ui, icons::ICON_DELETE, "Delete row (Del)").clicked() {
            delete(view, defined, state, draft);
        }
        if widgets::icon_button(ui, icons::ICON_CONTENT_COPY, "Duplicate row (Ctrl+D)").clicked() {
            duplicate(defined, state, draft);
        }
    });
    if widgets::secondary(ui, Some(icons::ICON_ADD), "Add row").clicked() {
        let at = view.rows;
        change(defined, draft, |cases| cases.push(cells::blank(&view.columns)));
        state.row = Some(at);
        state.scroll = Some(at);
    }
}

fn find(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    let edit =
        TextEdit::singleline(&mut state.find).hint_text("Find in rows").desired_width(170.0).margin(vec2(10.0, 7.0));
    let response = ui.add(edit);
    widgets::focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Find in rows"));
    if response.changed() {
        sender.send(Command::SearchCases(state.find.clone()));
    }
    if let Some(search) = session.case_search().filter(|_| !state.find.is_empty()) {
        let words = match &search.rows {
            None => "searching…".to_owned(),
            Some(rows) => format!("{} found", format::count(rows.len() as u64)),
        };
        widgets::faint(ui, &words);
    }
}

/// The name of a new dataset, while it is typed.
fn naming(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    let (Some(id), Some(project)) = (&mut state.new, session.project()) else { return };
    let mut done = false;
    widgets::well(ui, |ui| {
        widgets::field(ui, "Name of the new dataset", id, "a-name-for-its-file");
        let wrong = view::wrong_id(project, id);
        ui.horizontal(|ui| {
            if ui.add_enabled_ui(wrong.is_none(), |ui| widgets::primary(ui, None, "Create")).inner.clicked() {
                create(session, id, sender);
                done = true;
            }
            done |= widgets::ghost(ui, None, "Cancel").clicked();
            if let Some(wrong) = wrong.filter(|_| !id.is_empty()) {
                widgets::small(ui, wrong);
            }
        });
    });
    if done {
        state.new = None;
    }
}

/// What is to be known of the dataset: how it can be edited, what is wrong, what the last paste came to.
fn notes(ui: &mut Ui, view: &DataView, state: &mut State, sender: &CommandSender) {
    if !view.inline && view.state == Reading::Done {
        ui.horizontal_wrapped(|ui| {
            if view.can_embed {
                widgets::small(
                    ui,
                    "The rows of a file are shown here and edited in the file, or taken into the dataset:",
                );
                if widgets::link(ui, "Make editable").clicked() {
                    sender.send(Command::EmbedCases);
                }
            } else {
                widgets::small(ui, "The rows of a file this long are shown here and edited in the file itself.");
            }
        });
    }
    if let Some(told) = state.told.clone() {
        ui.horizontal(|ui| {
            widgets::pill(ui, Tone::Info, &told);
            if widgets::link(ui, "Dismiss").clicked() {
                state.told = None;
            }
        });
    }
    if !view.problems.is_empty() && view.state != Reading::Broken {
        ui.add_space(4.0);
        ScrollArea::vertical().max_height(132.0).show(ui, |ui| widgets::problems(ui, &view.problems));
    }
}

fn side_panel(
    ui: &mut Ui,
    view: &DataView,
    defined: &Dataset,
    rows: Rows<'_>,
    state: &mut State,
    draft: &mut Option<Dataset>,
) {
    let theme = Theme::of(ui);
    let frame = Frame::new().fill(theme.grounds.surface);
    let most = (ui.available_width() * 0.42).clamp(200.0, 640.0);
    let panel = Panel::right("case").default_size(most.min(336.0)).size_range(most.min(240.0)..=most).frame(frame);
    panel.show_separator_line(false).show(ui, |ui| {
        let left = ui.max_rect().left();
        ui.painter().vline(left + 0.5, ui.clip_rect().y_range(), Stroke::new(1.0, theme.lines.border));
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            Frame::new().inner_margin(Margin::same(20)).show(ui, |ui| {
                ui.set_width(ui.available_width());
                let choices = [(Side::Case, "Case"), (Side::Columns, "Columns")];
                if let Some(side) = widgets::segmented(ui, "Beside the table", state.side, &choices) {
                    state.side = side;
                }
                if state.focus_detail {
                    state.side = Side::Case;
                }
                ui.add_space(8.0);
                match state.side {
                    Side::Case => {
                        if let Some((row, case)) = detail::show(ui, view, rows, state) {
                            put(defined, draft, row, case);
                        }
                    }
                    Side::Columns => {
                        let mut changed = draft.take().unwrap_or_else(|| defined.clone());
                        columns::show(ui, view, &mut changed, state);
                        *draft = Some(changed);
                    }
                }
            });
        });
    });
}

fn body(
    ui: &mut Ui,
    view: &DataView,
    rows: Rows<'_>,
    found: Option<&[u32]>,
    state: &mut State,
    sender: &CommandSender,
) -> Asked {
    if view.state == Reading::Broken {
        Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| {
            widgets::problems(ui, &view.problems);
            if widgets::secondary(ui, Some(icons::ICON_REFRESH), "Read it again").clicked() {
                sender.send(Command::Reload);
            }
        });
        return Asked::default();
    }
    if view.state == Reading::UnderWay {
        Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| widgets::muted(ui, "Reading the file…"));
        return Asked::default();
    }
    if view.rows == 0 {
        let about = "Add a row, or paste cells that you copied from a spreadsheet (Ctrl+V).";
        let button = view.inline.then_some("Add the first row");
        let mut asked = table::show(ui, view, rows, found, state);
        if widgets::empty(ui, icons::ICON_DATABASE, "No case yet", about, button) {
            asked.changed = Some((0, cells::blank(&view.columns)));
        }
        return asked;
    }
    table::show(ui, view, rows, found, state)
}

/// Does what the table asked for.
fn take_in(asked: Asked, view: &DataView, defined: &Dataset, state: &mut State, draft: &mut Option<Dataset>) {
    if let Some((row, case)) = asked.changed {
        put(defined, draft, row, case);
    }
    if asked.delete {
        delete(view, defined, state, draft);
    }
    if asked.duplicate {
        duplicate(defined, state, draft);
    }
    if let Some(text) = asked.paste {
        let new = cells::pasted(&text, &view.columns);
        let count = new.len();
        change(defined, draft, |cases| cases.extend(new));
        state.told = Some(match count {
            0 => "The clipboard holds no cells.".to_owned(),
            1 => "1 row was pasted at the end.".to_owned(),
            count => format!("{} rows were pasted at the end.", format::count(count as u64)),
        });
        if count > 0 {
            state.row = Some(view.rows);
            state.scroll = Some(view.rows);
        }
    }
}

fn put(defined: &Dataset, draft: &mut Option<Dataset>, row: usize, case: Case) {
    change(defined, draft, |cases| match cases.get_mut(row) {
        Some(place) => *place = case,
        None => cases.push(case),
    });
}

fn delete(view: &DataView, defined: &Dataset, state: &mut State, draft: &mut Option<Dataset>) {
    let Some(row) = state.row.filter(|row| *row < view.rows) else { return };
    change(defined, draft, |cases| drop(cases.remove(row)));
    state.row = if view.rows > 1 { Some(row.min(view.rows - 2)) } else { None };
}

fn duplicate(defined: &Dataset, state: &mut State, draft: &mut Option<Dataset>) {
    let Some(row) = state.row else { return };
    change(defined, draft, |cases| {
        if let Some(case) = cases.get(row).cloned() {
            // Two cases of one id would be one case with two answers.
            cases.insert(row + 1, Case { id: crate::domain::CaseId::default(), ..case });
        }
    });
    state.row = Some(row + 1);
}

fn change(defined: &Dataset, draft: &mut Option<Dataset>, what: impl FnOnce(&mut Vec<Case>)) {
    let changed = draft.get_or_insert_with(|| defined.clone());
    if let Some(cases) = cells::cases_mut(changed) {
        what(cases);
    }
}
