//! The rows as a table. Only rows in sight are read; a million of them scroll like ten.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{
    Align, Event, EventFilter, Id, Key, Label, Layout, Rect, RichText, Role, Sense, Stroke, TextEdit, Ui, WidgetInfo,
    vec2,
};
use egui_material_icons::{MaterialIcon, icons};
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, Table, TableDelegate, TableState};

use super::cells;
use super::screen::State;
use super::view::{ColumnView, DataView, role_help, role_word};
use super::widths::{self, Dragged, Wish};
use crate::domain::{Case, ColumnRole, Problem};
use crate::store::OpenCases;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

/// A multiple of 4, so that the offset of the millionth row is still exact.
const ROW: f32 = 32.0;
const HEAD: f32 = 44.0;
/// The width of the row's number.
const NUMBER: f32 = 64.0;
/// Rows whose cells are kept; past this all are let go, and those in sight are read again.
const KEPT: usize = 2_000;

/// Rows whose texts say how wide a column is.
const LOOKED_AT: usize = 24;

/// Where the rows are.
#[derive(Clone, Copy)]
pub(super) enum Rows<'a> {
    Inline(&'a [Case]),
    File(&'a Arc<OpenCases>),
    None,
}

impl Rows<'_> {
    pub fn case(&self, row: usize) -> Option<Result<Case, Problem>> {
        match self {
            Self::Inline(cases) => cases.get(row).cloned().map(Ok),
            Self::File(open) => (row < open.cases.len()).then(|| open.cases.case(row)),
            Self::None => None,
        }
    }
}

/// The beginnings of a row's cells, or why it cannot be read.
type RowCells = Result<Vec<String>, String>;

/// Cells that have been read.
#[derive(Default)]
pub(super) struct Cache {
    of: Option<(u64, usize)>,
    rows: HashMap<usize, RowCells>,
}

impl Cache {
    /// Lets go of everything where the dataset is another, or has been changed.
    pub fn settle(&mut self, edition: u64, rows: Rows<'_>) {
        let of = match rows {
            Rows::File(open) => Arc::as_ptr(open).addr(),
            Rows::Inline(_) | Rows::None => 0,
        };
        if self.of != Some((edition, of)) || self.rows.len() > KEPT {
            self.of = Some((edition, of));
            self.rows.clear();
        }
    }

    fn row(&mut self, view: &DataView, rows: Rows<'_>, row: usize) -> &RowCells {
        self.rows.entry(row).or_insert_with(|| match rows.case(row) {
            Some(Ok(case)) => {
                Ok(view.columns.iter().map(|column| cells::beginning(&cells::text(&case, column))).collect())
            }
            Some(Err(problem)) => Err(problem.message),
            None => Err("This row is not there any more.".to_owned()),
        })
    }
}

/// What the columns ask for. It stands while columns and first rows are the same: typing moves no column.
#[derive(Default)]
pub(super) struct Wishes {
    of: (Vec<ColumnView>, usize),
    wishes: Vec<Wish>,
}

impl Wishes {
    fn settle(&mut self, view: &DataView, rows: Rows<'_>, cache: &mut Cache) {
        let looked_at = view.rows.min(LOOKED_AT);
        if self.of.1 == looked_at && self.of.0 == view.columns {
            return;
        }
        let mut longest = vec![0; view.columns.len()];
        for row in 0..looked_at {
            for (longest, text) in longest.iter_mut().zip(cache.row(view, rows, row).iter().flatten()) {
                *longest = text.chars().count().max(*longest);
            }
        }
        self.wishes = view.columns.iter().zip(longest).map(|(column, longest)| widths::wish(column, longest)).collect();
        self.of = (view.columns.clone(), looked_at);
    }
}

/// A cell that is being typed into.
pub(super) struct Typing {
    pub row: usize,
    pub column: usize,
    pub text: String,
    /// The case before it was typed into; Escape brings it back.
    pub before: Case,
    pub wrong: Option<String>,
    fresh: bool,
}

/// What the table asks for.
#[derive(Default)]
pub(super) struct Asked {
    pub changed: Option<(usize, Case)>,
    pub paste: Option<String>,
    pub delete: bool,
    pub duplicate: bool,
}

/// Draws the table. `found` are the rows that a search has found; all where there is none.
pub(super) fn show(ui: &mut Ui, view: &DataView, rows: Rows<'_>, found: Option<&[u32]>, state: &mut State) -> Asked {
    let count = found.map_or(view.rows, <[u32]>::len);
    let area = ui.available_rect_before_wrap();
    let focus = ui.interact(area, ui.scope_id().with("cases"), Sense::focusable_noninteractive());
    focus.widget_info(|| WidgetInfo::labeled(Role::Table, true, "Cases"));
    let mut asked = Asked::default();
    keys(ui, &focus, view, rows, found, state, &mut asked);

    state.wishes.settle(view, rows, &mut state.cache);
    let widths = widths(ui, view, &state.wishes.wishes);
    let mut columns = vec![Column::new(NUMBER).resizable(false)];
    columns.extend(widths.iter().map(|width| Column::new(*width).range(widths::RANGE.0..=widths::RANGE.1)));
    let mut table = Table::new()
        .id_salt(("cases", view.id.as_str(), view.columns.len()))
        .num_rows(count as u64)
        .columns(columns.clone())
        .num_sticky_cols(1)
        .headers([HeaderRow::new(HEAD)]);
    if let Some(to) = state.scroll.take() {
        table = table.scroll_to_row(to as u64, None);
    }
    let id = table.get_id(ui);
    give(ui, id, &columns);
    let mut drawing = Drawing { view, rows, found, state, asked: &mut asked };
    table.show(ui, &mut drawing);
    take_drag(ui, id, view, &columns, &widths);
    if focus.has_focus() {
        let colour = Theme::of(ui).lines.focus;
        ui.painter().rect_stroke(area.shrink(1.0), 2.0, Stroke::new(2.0, colour), egui::StrokeKind::Inside);
    }
    asked
}

/// The widths of the columns, number aside.
fn widths(ui: &Ui, view: &DataView, wishes: &[Wish]) -> Vec<f32> {
    let dragged: Dragged = ui.data_mut(|data| data.get_persisted(dragged_id(view)).unwrap_or_default());
    let wishes: Vec<Wish> = view
        .columns
        .iter()
        .zip(wishes)
        .map(|(column, wish)| Wish { dragged: dragged.get(&column.full_name()).copied(), ..*wish })
        .collect();
    widths::share(&wishes, ui.available_width() - NUMBER)
}

/// Where the dragged widths of this dataset are remembered.
fn dragged_id(view: &DataView) -> Id {
    Id::unique(("widths of columns", &view.root, view.key.path()))
}

/// Gives the table these widths in place of those that it remembers itself.
fn give(ui: &Ui, id: Id, columns: &[Column]) {
    let col_widths = columns.iter().enumerate().map(|(at, column)| (column.id_for(at), column.current)).collect();
    TableState { col_widths, parent_width: None }.store(ui, id);
}

/// Remembers an edge that is being dragged; a double click on it lets the column share the room again.
fn take_drag(ui: &Ui, id: Id, view: &DataView, columns: &[Column], given: &[f32]) {
    let Some(now) = TableState::load(ui, id) else { return };
    for (at, column) in columns.iter().enumerate().skip(1) {
        let Some(edge) = ui.read_response(id.with(column.id_for(at)).with("resize")) else { continue };
        let moved = now.col_widths.get(&column.id_for(at)).copied().filter(|_| edge.dragged());
        if moved.is_none() && !edge.double_clicked() {
            continue;
        }
        ui.data_mut(|data| {
            let dragged: &mut Dragged = data.get_persisted_mut_or_default(dragged_id(view));
            match (moved, view.columns.get(at - 1)) {
                (Some(to), _) => widths::drag(dragged, &view.columns, given, at - 1, to),
                (None, Some(column)) => {
                    dragged.remove(&column.full_name());
                }
                (None, None) => {}
            }
        });
        ui.ctx().request_repaint();
    }
}

pub(super) const fn icon(role: ColumnRole) -> MaterialIcon {
    match role {
        ColumnRole::Input => icons::ICON_INPUT,
        ColumnRole::Expected => icons::ICON_TARGET,
        ColumnRole::Id => icons::ICON_TAG,
        ColumnRole::Tags => icons::ICON_LABEL,
        ColumnRole::Note => icons::ICON_STICKY_NOTE_2,
    }
}

/// The place of a row among those that are shown.
fn place(row: usize, found: Option<&[u32]>) -> Option<usize> {
    match found {
        None => Some(row),
        Some(found) => found.binary_search(&u32::try_from(row).ok()?).ok(),
    }
}

fn row_at(place: usize, found: Option<&[u32]>) -> Option<usize> {
    match found {
        None => Some(place),
        Some(found) => found.get(place).map(|row| *row as usize),
    }
}

fn keys(
    ui: &mut Ui,
    focus: &egui::Response,
    view: &DataView,
    rows: Rows<'_>,
    found: Option<&[u32]>,
    state: &mut State,
    asked: &mut Asked,
) {
    let nobody = ui.memory(|memory| memory.focused().is_none());
    if !(focus.has_focus() || nobody) || state.typing.is_some() || state.busy() {
        return;
    }
    let arrows = EventFilter { vertical_arrows: true, horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(focus.id, arrows));
    let count = found.map_or(view.rows, <[u32]>::len);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows on a screen")]
    let page = ((ui.available_height() - HEAD) / ROW).max(1.0) as usize;
    let at = state.row.and_then(|row| place(row, found));
    let pressed = |key| ui.input(|input| input.key_pressed(key) && !input.modifiers.command && !input.modifiers.alt);
    let to = if pressed(Key::ArrowDown) || pressed(Key::J) {
        at.map_or(Some(0), |at| Some(at + 1))
    } else if pressed(Key::ArrowUp) || pressed(Key::K) {
        at.map(|at| at.saturating_sub(1))
    } else if pressed(Key::PageDown) {
        Some(at.unwrap_or(0) + page)
    } else if pressed(Key::PageUp) {
        at.map(|at| at.saturating_sub(page))
    } else if pressed(Key::Home) {
        Some(0)
    } else if pressed(Key::End) {
        count.checked_sub(1)
    } else {
        None
    };
    if let Some(to) = to.filter(|_| count > 0) {
        let to = to.min(count - 1);
        state.row = row_at(to, found);
        state.scroll = Some(to);
    }
    let last = view.columns.len().saturating_sub(1);
    if pressed(Key::ArrowRight) {
        state.column = (state.column + 1).min(last);
    } else if pressed(Key::ArrowLeft) {
        state.column = state.column.saturating_sub(1);
    }
    if !view.inline {
        return;
    }
    if let Some(row) = state.row
        && (pressed(Key::Enter) || pressed(Key::F2))
    {
        begin(row, state.column, view, rows, state);
    }
    asked.delete = state.row.is_some() && pressed(Key::Delete);
    asked.duplicate = state.row.is_some() && ui.input(|input| input.modifiers.command && input.key_pressed(Key::D));
    asked.paste = ui.input(|input| {
        input.events.iter().find_map(|event| match event {
            Event::Paste(text) => Some(text.clone()),
            _ => None,
        })
    });
}

/// Begins to type into a cell. A text of several lines is typed into beside the table, where there is room for it.
fn begin(row: usize, column: usize, view: &DataView, rows: Rows<'_>, state: &mut State) {
    let (Some(Ok(case)), Some(of)) = (rows.case(row), view.columns.get(column)) else { return };
    let text = cells::text(&case, of);
    state.row = Some(row);
    state.column = column;
    if text.contains('\n') || text.len() > 160 {
        state.focus_detail = true;
        return;
    }
    state.typing = Some(Typing { row, column, text, before: case, wrong: None, fresh: true });
}

struct Drawing<'a> {
    view: &'a DataView,
    rows: Rows<'a>,
    found: Option<&'a [u32]>,
    state: &'a mut State,
    asked: &'a mut Asked,
}

impl Drawing<'_> {
    fn cells(&mut self, row: usize) -> &RowCells {
        self.state.cache.row(self.view, self.rows, row)
    }

    fn number(&mut self, ui: &mut Ui, row: usize) {
        let theme = Theme::of(ui);
        let broken = self.cells(row).is_err();
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            ui.label(RichText::new(format::count(row as u64 + 1)).small().color(theme.texts.faint));
            if broken {
                widgets::icon(ui, icons::ICON_ERROR, theme.tone(Tone::Fail).0);
            }
        });
    }

    fn value(&mut self, ui: &mut Ui, row: usize, index: usize) {
        let theme = Theme::of(ui);
        let rect = ui.max_rect();
        let chosen = self.state.row == Some(row) && self.state.column == index;
        let Some(column) = self.view.columns.get(index) else { return };
        let name = format!("Row {} {}", row + 1, column.full_name());
        let response = ui.interact(rect, ui.scope_id().with((row, index)), Sense::click());
        if response.clicked() {
            self.state.row = Some(row);
            self.state.column = index;
        }
        if response.double_clicked() && self.view.inline {
            begin(row, index, self.view, self.rows, self.state);
        }
        if chosen {
            let inner = rect.shrink(1.0);
            ui.painter().rect_stroke(inner, 3.0, Stroke::new(1.5, theme.accent.plain), egui::StrokeKind::Inside);
        }
        let shown = match self.cells(row) {
            Ok(cells) => cells.get(index).cloned().unwrap_or_default(),
            Err(message) if index == 0 => message.clone(),
            Err(_) => String::new(),
        };
        let broken = self.cells(row).is_err();
        response.widget_info(|| WidgetInfo::labeled(Role::Cell, true, format!("{name}: {shown}")));
        let colour = match (broken, column.role) {
            (true, _) => theme.tone(Tone::Fail).0,
            (false, ColumnRole::Id | ColumnRole::Note) => theme.texts.muted,
            (false, _) => theme.texts.plain,
        };
        let text = RichText::new(shown).color(colour);
        ui.add_space(10.0);
        ui.add(Label::new(text).truncate().selectable(false));
    }

    fn type_into(&mut self, ui: &mut Ui) {
        let theme = Theme::of(ui);
        let rect = ui.max_rect().shrink(1.0);
        let Some(typing) = &mut self.state.typing else { return };
        let Some(column) = self.view.columns.get(typing.column) else { return };
        let edit = TextEdit::singleline(&mut typing.text).margin(vec2(8.0, 5.0)).desired_width(f32::INFINITY);
        let response = ui.put(rect, edit);
        let name = format!("Type into row {} {}", typing.row + 1, column.full_name());
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_label(name));
        if std::mem::take(&mut typing.fresh) {
            response.request_focus();
        }
        if response.changed() {
            let mut case = typing.before.clone();
            typing.wrong = cells::put(&mut case, column, &typing.text).err();
            if typing.wrong.is_none() {
                self.asked.changed = Some((typing.row, case));
            }
        }
        let edge = if typing.wrong.is_some() { theme.tone(Tone::Fail).0 } else { theme.lines.focus };
        ui.painter().rect_stroke(rect, 3.0, Stroke::new(2.0, edge), egui::StrokeKind::Inside);
        if let Some(wrong) = &typing.wrong {
            response.show_tooltip_text(wrong);
        }
        if ui.input(|input| input.key_pressed(Key::Escape)) {
            self.asked.changed = Some((typing.row, typing.before.clone()));
            self.state.typing = None;
        } else if response.lost_focus() {
            self.state.typing = None;
        }
    }
}

impl TableDelegate for Drawing<'_> {
    fn default_row_height(&self) -> f32 {
        ROW
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let theme = Theme::of(ui);
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, theme.grounds.surface);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.lines.strong));
        let Some(column) = cell.col_range.start.checked_sub(1).and_then(|index| self.view.columns.get(index)) else {
            return;
        };
        if ui.is_sizing_pass() {
            return;
        }
        ui.painter().vline(rect.right() - 0.5, rect.y_range().shrink(12.0), Stroke::new(1.0, theme.lines.border));
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.add_space(10.0);
            let colour =
                if column.role == ColumnRole::Expected { theme.verdicts.pass.plain } else { theme.texts.muted };
            widgets::icon(ui, icon(column.role), colour);
            let name = ui.add(Label::new(RichText::new(&column.name).strong()).truncate());
            name.on_hover_text(format!("{}: {}", role_word(column.role), role_help(column.role)));
            if column.untrusted {
                let shield = widgets::icon(ui, icons::ICON_SHIELD, theme.tone(Tone::Warning).0);
                shield.on_hover_text("Untrusted: text from outside, fenced in the prompt.");
            }
        });
    }

    fn row_ui(&mut self, ui: &mut Ui, place: u64) {
        let theme = Theme::of(ui);
        let rect: Rect = ui.max_rect();
        let row = usize::try_from(place).ok().and_then(|place| row_at(place, self.found));
        if row.is_some() && row == self.state.row {
            ui.painter().rect_filled(rect, 0.0, theme.accent.soft);
        } else if ui.rect_contains_pointer(rect) {
            ui.painter().rect_filled(rect, 0.0, theme.grounds.hover);
        }
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.lines.border));
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let Some(row) = usize::try_from(cell.row_nr).ok().and_then(|place| row_at(place, self.found)) else { return };
        if ui.is_sizing_pass() {
            return;
        }
        let Some(index) = cell.col_nr.checked_sub(1) else {
            self.number(ui, row);
            return;
        };
        let typed = self.state.typing.as_ref().is_some_and(|typing| (typing.row, typing.column) == (row, index));
        if typed {
            self.type_into(ui);
        } else {
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| self.value(ui, row, index));
        }
    }
}
