//! The log as a table. Only what is in sight is read and drawn.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, FontFamily, FontId, Key, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons;
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate};

use super::data::{self, COLUMNS};
use super::filter;
use super::screen::{Chosen, State};
use crate::session::{CALL_PAGE, Command, Session};
use crate::ui::format;
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets;

const HEAD: f32 = 32.0;
const ROW: f32 = 30.0;
const PAD: f32 = 10.0;
/// Room for the scroll bar.
const BAR: f32 = 10.0;
/// Rows on a page of the table: with more, a step of the scroll offset would be larger than a point.
const PAGE: u64 = 150_000;

fn table_id() -> egui::Id {
    egui::Id::unique("calls table")
}

pub(super) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(ui.max_rect(), 0.0, theme.grounds.surface);
    let total = session.calls().count().unwrap_or_default();
    pages(state, total, ui);
    let start = state.page * PAGE;
    let rows = total.saturating_sub(start).min(PAGE);
    let moved = keyboard(session, state, total, ui);
    let mut table = Table::new()
        .id_salt("calls")
        .num_rows(rows)
        .columns(columns(ui.available_width()))
        .headers([HeaderRow::new(HEAD)]);
    if let Some(index) = moved.filter(|index| (start..start + rows).contains(index)) {
        table = table.scroll_to_row(index - start, None);
    }
    let mut lines =
        Lines { session, start, chosen: state.chosen.as_ref(), theme, pages: Vec::new(), clicked: None, found: None };
    table.show(ui, &mut lines);
    let Lines { mut pages, clicked, found, .. } = lines;
    pages.sort_unstable();
    pages.dedup();
    if rows > 0 && (state.in_sight != pages || missing(session, &pages)) {
        if state.in_sight != pages || !session.calls().is_reading() {
            sender.send(Command::ReadCalls(pages.clone()));
        }
        state.in_sight = pages;
    }
    if let (Some(chosen), Some(index)) = (&mut state.chosen, found) {
        chosen.index = index;
    }
    if let Some(chosen) = clicked {
        state.chosen = Some(chosen);
        ui.memory_mut(|memory| memory.request_focus(table_id()));
    }
    if rows == 0 && !session.calls().is_reading() {
        no_rows(session, state, sender, ui);
    }
}

fn missing(session: &Session, pages: &[u64]) -> bool {
    pages.iter().any(|page| session.calls().row(page * CALL_PAGE).is_none())
}

/// Room that is left goes to the case and the variant.
fn columns(room: f32) -> Vec<Column> {
    let least: f32 = COLUMNS.iter().map(|(_, width)| width).sum();
    let more = ((room - least - BAR) / 2.0).max(0.0).floor();
    let column = |(name, width): &(&str, f32)| {
        let wide = if matches!(*name, "Case" | "Variant") { width + more } else { *width };
        Column::new(wide).resizable(false)
    };
    COLUMNS.iter().map(column).collect()
}

/// Moves the choice by the arrows, j and k; returns where it is now.
fn keyboard(session: &Session, state: &mut State, total: u64, ui: &Ui) -> Option<u64> {
    let focus = ui.interact(ui.max_rect(), table_id(), Sense::focusable_noninteractive());
    focus.widget_info(|| WidgetInfo::labeled(Role::Grid, true, "Call log"));
    if !focus.has_focus() {
        return None;
    }
    let filter = egui::EventFilter { vertical_arrows: true, escape: true, ..Default::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(table_id(), filter));
    let pressed = |key| ui.input(|input| input.key_pressed(key));
    if pressed(Key::Escape) {
        state.chosen = None;
        return None;
    }
    let here = state.chosen.as_ref().map(|chosen| chosen.index);
    let next = if pressed(Key::ArrowDown) || pressed(Key::J) {
        here.map_or(0, |index| index + 1)
    } else if pressed(Key::ArrowUp) || pressed(Key::K) {
        here?.saturating_sub(1)
    } else {
        return None;
    };
    let call = session.calls().row(next.min(total.saturating_sub(1)))?.clone();
    state.chosen = Some(Chosen { index: next.min(total.saturating_sub(1)), call });
    Some(next)
}

fn no_rows(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let below = Rect::from_min_max(pos2(ui.max_rect().left(), ui.max_rect().top() + HEAD), ui.max_rect().max);
    ui.scope_builder(egui::UiBuilder::new().max_rect(below), |ui| {
        let about = "No call is as the filters ask for.";
        if widgets::empty(ui, icons::ICON_FILTER_ALT, "Nothing here", about, Some("Show all calls")) {
            filter::clear(session, &mut state.filter, sender);
        }
    });
}

/// Where there are more rows than a page holds.
fn pages(state: &mut State, total: u64, ui: &mut Ui) {
    let count = total.div_ceil(PAGE).max(1);
    state.page = state.page.min(count - 1);
    if count < 2 {
        return;
    }
    ui.horizontal(|ui| {
        ui.add_space(PAD);
        if widgets::icon_button(ui, icons::ICON_CHEVRON_LEFT, "Page before").clicked() {
            state.page = state.page.saturating_sub(1);
        }
        let (first, last) = (state.page * PAGE + 1, ((state.page + 1) * PAGE).min(total));
        widgets::small(ui, &format!("Calls {} to {}", format::count(first), format::count(last)));
        if widgets::icon_button(ui, icons::ICON_CHEVRON_RIGHT, "Next page").clicked() {
            state.page = (state.page + 1).min(count - 1);
        }
    });
}

struct Lines<'a> {
    session: &'a Session,
    /// The first call of the page.
    start: u64,
    chosen: Option<&'a Chosen>,
    theme: &'static Theme,
    /// Pages of the session's that are in sight.
    pages: Vec<u64>,
    clicked: Option<Chosen>,
    /// Where the chosen call stands now.
    found: Option<u64>,
}

impl TableDelegate for Lines<'_> {
    fn prepare(&mut self, info: &PrefetchInfo) {
        let rows = &info.visible_rows;
        let (first, last) = (self.start + rows.start, self.start + rows.end.saturating_sub(1).max(rows.start));
        self.pages = (first / CALL_PAGE..=last / CALL_PAGE).collect();
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let (rect, theme) = (ui.max_rect(), self.theme);
        ui.painter().rect_filled(rect, 0.0, theme.grounds.canvas);
        let column = cell.col_range.start;
        let response = ui.interact(rect, ui.scope_id().with("head"), Sense::hover());
        let name = COLUMNS[column].0;
        response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, name));
        text(ui, rect, name, data::is_number(column), theme.size.text.small, theme.texts.muted);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.lines.strong));
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        let (rect, theme) = (ui.max_rect(), self.theme);
        let call = self.session.calls().row(self.start + row);
        if call.is_some_and(|call| self.is_chosen(call.id)) {
            ui.painter().rect_filled(rect, 0.0, theme.accent.soft);
        }
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.lines.border));
    }

    fn cell_ui(&mut self, ui: &mut Ui, place: &CellInfo) {
        let index = self.start + place.row_nr;
        let Some(call) = self.session.calls().row(index) else { return };
        let (rect, theme) = (ui.max_rect(), self.theme);
        let line = data::line(call);
        let column = place.col_nr;
        let response = ui.interact(rect, ui.scope_id().with("cell"), Sense::CLICK);
        let words = &line.cells[column];
        response.widget_info(|| {
            let (role, name) = if column == 0 {
                (Role::RowHeader, format!("Call at {words} to {} for {}: {}", call.model, line.cells[3], call.word()))
            } else {
                (Role::Cell, format!("{}: {words}", COLUMNS[column].0))
            };
            WidgetInfo::labeled(role, true, name)
        });
        let colour = match column {
            1 => theme.tone(line.tone).0,
            0 | 2..=4 => theme.texts.plain,
            _ => theme.texts.muted,
        };
        text(ui, rect, words, data::is_number(column), theme.size.text.body, colour);
        if self.is_chosen(call.id) {
            self.found = Some(index);
            if column == 0 {
                let mark = Rect::from_min_size(rect.min, vec2(3.0, rect.height()));
                ui.painter().rect(mark, 0.0, theme.lines.focus, Stroke::NONE, StrokeKind::Inside);
            }
        }
        if response.hovered() {
            ui.painter().hline(rect.x_range(), rect.bottom() - 1.0, Stroke::new(1.0, theme.lines.strong));
        }
        if response.clicked() {
            self.clicked = Some(Chosen { index, call: call.clone() });
        }
    }

    fn default_row_height(&self) -> f32 {
        ROW
    }
}

impl Lines<'_> {
    fn is_chosen(&self, id: i64) -> bool {
        self.chosen.is_some_and(|chosen| chosen.call.id == id)
    }
}

/// A text on one line, cut where its room ends.
fn text(ui: &Ui, rect: Rect, words: &str, right: bool, size: f32, colour: Color32) {
    let mut job = LayoutJob::simple_singleline(words.to_owned(), FontId::new(size, FontFamily::Proportional), colour);
    let width = (rect.width() - PAD * 2.0).max(0.0);
    job.wrap = TextWrapping { max_width: width, max_rows: 1, break_anywhere: true, ..TextWrapping::default() };
    let galley = ui.painter().layout_job(job);
    let left = if right { rect.right() - PAD - galley.size().x } else { rect.left() + PAD };
    ui.painter().galley(pos2(left, rect.center().y - galley.size().y / 2.0), galley, colour);
}
