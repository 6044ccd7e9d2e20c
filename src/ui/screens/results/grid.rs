//! The grid: a row a case, a column a variant on a model. Only what is in sight is read and drawn.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Align2, Color32, FontFamily, FontId, Painter, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};
use egui_material_icons::icons;
use egui_table::{CellInfo, Column, HeaderCellInfo, HeaderRow, PrefetchInfo, Table, TableDelegate};

use super::data::{self, CellData, ColumnHead};
use super::keys::{self, grid_id};
use super::screen::{Cursor, State};
use super::{bar, filter};
use crate::analysis::{Board, Change};
use crate::domain::TrialRef;
use crate::session::{Command, Session};
use crate::ui::format;
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::visible::{Mark, visible};
use crate::ui::widgets::{self, VerdictMark};

const HEAD: f32 = 126.0;
/// More of it where guards changed what a rate says.
const GUARDS: f32 = 17.0;
const ROW: f32 = 50.0;
const CASE_WIDTH: f32 = 236.0;
const LEAST_CASE_WIDTH: f32 = 120.0;
const LEAST_WIDTH: f32 = 208.0;
const PAD: f32 = 12.0;
/// Rows on a page: with more, a step of the scroll offset would be larger than a point.
const PAGE: usize = 150_000;

pub(super) fn show(
    session: &Session,
    board: &Board,
    heads: &[ColumnHead],
    state: &mut State,
    sender: &CommandSender,
    ui: &mut Ui,
) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(ui.max_rect(), 0.0, theme.grounds.surface);
    pages(state, ui);
    let focus = ui.interact(ui.max_rect(), grid_id(), Sense::focusable_noninteractive());
    focus.widget_info(|| WidgetInfo::labeled(Role::Grid, true, "Results grid"));
    if focus.has_focus() {
        let filter =
            egui::EventFilter { vertical_arrows: true, horizontal_arrows: true, escape: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(grid_id(), filter));
    }
    let start = state.page * PAGE;
    let rows = state.rows.len().saturating_sub(start).min(PAGE);
    let count = heads.len();
    let case_width = (ui.available_width() * 0.34).clamp(LEAST_CASE_WIDTH, CASE_WIDTH);
    #[expect(clippy::cast_precision_loss, reason = "a few columns")]
    let width = ((ui.available_width() - case_width) / count.max(1) as f32).floor().max(LEAST_WIDTH);
    let head = HEAD + if heads.iter().any(|head| !head.guards[0].is_empty()) { GUARDS } else { 0.0 };
    let mut columns = vec![Column::new(case_width).resizable(false)];
    columns.extend(std::iter::repeat_n(Column::new(width).resizable(false), count));
    let mut table = Table::new()
        .id_salt("results")
        .num_rows(rows as u64)
        .columns(columns)
        .num_sticky_cols(1)
        .headers([HeaderRow::new(head)]);
    if std::mem::take(&mut state.follow)
        && let Some(cursor) = state.cursor
    {
        let row = state.rows.row_of(cursor.case);
        if (start..start + rows).contains(&row) {
            table = table.scroll_to_row((row - start) as u64, None).scroll_to_column(cursor.column + 1, None);
        }
    }
    let mut grid = Grid {
        session,
        board,
        heads,
        rows: &state.rows,
        start,
        cursor: state.cursor,
        theme,
        wanted: Vec::new(),
        clicked: None,
    };
    table.show(ui, &mut grid);
    let Grid { wanted, clicked, .. } = grid;
    if rows == 0 {
        no_rows(head, state, sender, ui);
    }
    ask(session, state, sender, wanted);
    if let Some(cursor) = clicked {
        state.cursor = Some(cursor);
        // The panel that opens may lie over the column.
        state.follow = true;
        ui.memory_mut(|memory| memory.request_focus(grid_id()));
        keys::open(session, board, sender, cursor);
    }
}

/// Reads what is in sight and not there yet.
fn ask(session: &Session, state: &mut State, sender: &CommandSender, wanted: Vec<TrialRef>) {
    let wanted = (wanted, session.runs().rows().is_some());
    if !wanted.0.is_empty() && wanted != state.asked {
        sender.send(Command::ReadOutputs(wanted.0.clone()));
    }
    state.asked = wanted;
}

fn no_rows(head: f32, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let rect = ui.max_rect();
    let below = Rect::from_min_max(pos2(rect.left(), rect.top() + head), rect.max);
    ui.scope_builder(egui::UiBuilder::new().max_rect(below), |ui| {
        let about = "No case is as the filters ask for.";
        if widgets::empty(ui, icons::ICON_FILTER_ALT, "Nothing here", about, Some("Show all cases")) {
            bar::clear(state, sender);
        }
    });
}

/// Where there are more rows than a page holds.
fn pages(state: &mut State, ui: &mut Ui) {
    let count = state.rows.len().div_ceil(PAGE).max(1);
    state.page = state.page.min(count - 1);
    if state.follow
        && let Some(cursor) = state.cursor
    {
        state.page = state.rows.row_of(cursor.case) / PAGE;
    }
    if count < 2 {
        return;
    }
    ui.horizontal(|ui| {
        ui.add_space(PAD);
        if widgets::icon_button(ui, icons::ICON_CHEVRON_LEFT, "Page before").clicked() {
            state.page = state.page.saturating_sub(1);
        }
        let (first, last) = (state.page * PAGE + 1, ((state.page + 1) * PAGE).min(state.rows.len()));
        widgets::small(ui, &format!("Rows {} to {}", format::count(first as u64), format::count(last as u64)));
        if widgets::icon_button(ui, icons::ICON_CHEVRON_RIGHT, "Next page").clicked() {
            state.page = (state.page + 1).min(count - 1);
        }
    });
}

struct Grid<'a> {
    session: &'a Session,
    board: &'a Board,
    heads: &'a [ColumnHead],
    rows: &'a filter::Rows,
    /// The first row of the page.
    start: usize,
    cursor: Option<Cursor>,
    theme: &'static Theme,
    /// Trials in sight whose answers, or whose cases, are not read yet.
    wanted: Vec<TrialRef>,
    clicked: Option<Cursor>,
}

impl TableDelegate for Grid<'_> {
    fn prepare(&mut self, info: &PrefetchInfo) {
        let runs = self.session.runs();
        for row in info.visible_rows.clone() {
            let Some(case) = self.case(row) else { continue };
            let no_head = runs.head(case).is_none();
            for column in info.visible_columns.clone().filter_map(|column| column.checked_sub(1)) {
                let shown = data::shown_trial(self.board, case, column);
                let unread = self.board.trial(shown).is_some() && runs.output(shown).is_none();
                if unread || no_head {
                    self.wanted.push(shown);
                }
            }
        }
    }

    fn header_cell_ui(&mut self, ui: &mut Ui, cell: &HeaderCellInfo) {
        let rect = ui.max_rect();
        ui.painter().rect_filled(rect, 0.0, self.theme.grounds.canvas);
        let column = cell.col_range.start.checked_sub(1);
        if let Some(head) = column.and_then(|column| self.heads.get(column)) {
            column_head(ui, rect, head, self.theme);
        } else {
            let at = pos2(rect.left() + PAD, rect.top() + 10.0);
            line(ui.painter(), at, rect.width() - PAD * 2.0, "Case", body(self.theme), self.theme.texts.muted);
        }
        let edge = Stroke::new(1.0, self.theme.lines.border);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, self.theme.lines.strong));
        ui.painter().vline(rect.right() - 0.5, rect.y_range(), edge);
    }

    fn row_ui(&mut self, ui: &mut Ui, row: u64) {
        let rect = ui.max_rect();
        let on = self.case(row).is_some_and(|case| self.cursor.is_some_and(|cursor| cursor.case == case));
        if on {
            ui.painter().rect_filled(rect, 0.0, self.theme.grounds.sunken);
        }
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, self.theme.lines.border));
    }

    fn cell_ui(&mut self, ui: &mut Ui, cell: &CellInfo) {
        let rect = ui.max_rect();
        let Some(case) = self.case(cell.row_nr) else { return };
        match cell.col_nr.checked_sub(1) {
            None => self.case_cell(ui, rect, case),
            Some(column) => self.cell(ui, rect, case, column),
        }
        ui.painter().vline(rect.right() - 0.5, rect.y_range(), Stroke::new(1.0, self.theme.lines.border));
    }

    fn default_row_height(&self) -> f32 {
        ROW
    }
}

impl Grid<'_> {
    fn case(&self, row: u64) -> Option<u32> {
        self.rows.case(self.start + usize::try_from(row).ok()?)
    }

    fn case_cell(&mut self, ui: &Ui, rect: Rect, case: u32) {
        let theme = self.theme;
        let head = self.session.runs().head(case);
        let id = head.map(|head| head.id.as_str()).filter(|id| !id.is_empty());
        let id = id.map_or_else(|| format!("case {}", case + 1), str::to_owned);
        let response = ui.interact(rect, ui.scope_id().with("case"), Sense::CLICK);
        response.widget_info(|| WidgetInfo::labeled(Role::RowHeader, true, &id));
        if response.clicked() {
            self.clicked = Some(Cursor { case, column: self.cursor.map_or(0, |cursor| cursor.column) });
        }
        let room = rect.width() - PAD * 2.0;
        let at = pos2(rect.left() + PAD, rect.top() + 7.0);
        let used = line(ui.painter(), at, room * 0.6, &id, body(theme), theme.texts.plain);
        if let Some(head) = head {
            let tags = head.tags.join(", ");
            let left = room - used - 10.0;
            if left > 30.0 {
                line(ui.painter(), pos2(at.x + used + 10.0, at.y + 2.0), left, &tags, small(theme), theme.texts.faint);
            }
            let words = pos2(at.x, rect.top() + 27.0);
            line(ui.painter(), words, room, &head.words, small(theme), theme.texts.muted);
            if response.hovered() && !head.words.is_empty() {
                response.on_hover_text(&head.words);
            }
        }
    }

    fn cell(&mut self, ui: &Ui, rect: Rect, case: u32, column: usize) {
        let theme = self.theme;
        let cell = data::cell(self.board, self.session.runs().previous(), case, column);
        let response = ui.interact(rect, ui.scope_id().with("cell"), Sense::CLICK);
        response.widget_info(|| {
            let id =
                self.session.runs().head(case).map_or_else(|| format!("case {}", case + 1), |head| head.id.to_string());
            WidgetInfo::labeled(
                Role::Button,
                true,
                format!("{id}, {}: {}", self.board.column_name(column), cell.mark.word()),
            )
        });
        let here = self.cursor == Some(Cursor { case, column });
        if here || response.hovered() {
            ui.painter().rect_filled(rect, 0.0, if here { theme.accent.soft } else { theme.grounds.hover });
        }
        if here {
            let stroke = Stroke::new(2.0, theme.lines.focus);
            ui.painter().rect_stroke(rect.shrink(1.0), theme.size.radius.control, stroke, StrokeKind::Inside);
        }
        if response.clicked() {
            self.clicked = Some(Cursor { case, column });
        }
        let output = match self.session.runs().output(cell.shown) {
            Some(Some(text)) => Output::Begins(text),
            Some(None) => Output::None,
            None => Output::Unread,
        };
        paint_cell(ui.painter(), rect, &cell, output, theme);
    }
}

/// What there is of an answer.
#[derive(Clone, Copy)]
enum Output<'a> {
    Unread,
    None,
    Begins(&'a str),
}

fn paint_cell(painter: &Painter, rect: Rect, cell: &CellData, output: Output<'_>, theme: &Theme) {
    let left = rect.left() + PAD;
    let sign = Rect::from_min_size(pos2(left, rect.top() + 8.0), vec2(15.0, 15.0));
    cell.mark.paint(painter, sign, theme);
    let mut at = pos2(sign.right() + 8.0, rect.top() + 7.0);
    let room = |at: Pos2| rect.right() - PAD - at.x;
    if let Some(share) = &cell.share {
        at.x += line(painter, at, room(at), share, body(theme), cell.mark.colour(theme)) + 8.0;
    }
    match (output, cell.mark) {
        (Output::Begins(text), _) => beginning(painter, at, room(at), text, theme),
        (Output::None, VerdictMark::Errored) => {
            line(painter, at, room(at), "No answer", body(theme), theme.verdicts.errored.plain);
        }
        (_, VerdictMark::Running) => {
            line(painter, at, room(at), "Under way", body(theme), theme.texts.faint);
        }
        _ => {}
    }
    let mut at = pos2(sign.right() + 8.0, rect.top() + 28.0);
    if let Some(change) = cell.change {
        let (text, colour) = match change {
            Change::Regressed => ("▼ was right", theme.verdicts.fail.plain),
            Change::Fixed => ("▲ was wrong", theme.verdicts.pass.plain),
        };
        at.x += line(painter, at, room(at), text, small(theme), colour) + 10.0;
    }
    line(painter, at, room(at), &cell.facts, small(theme), theme.texts.faint);
}

/// The beginning of an answer on one line, with what hides in it named.
fn beginning(painter: &Painter, at: Pos2, width: f32, text: &str, theme: &Theme) {
    let mut job = LayoutJob::default();
    let plain = TextFormat { font_id: body(theme), color: theme.texts.plain, ..TextFormat::default() };
    let (colour, background) = theme.tone(Tone::Warning);
    let hidden = TextFormat { font_id: small(theme), color: colour, background, ..TextFormat::default() };
    for mark in visible(seen(text, width, theme.size.text.body)) {
        match mark {
            Mark::Plain(text) => job.append(&text.replace(['\n', '\t'], " "), 0.0, plain.clone()),
            Mark::Hidden(name) => job.append(&format!("‹{name}›"), 0.0, hidden.clone()),
        }
    }
    put(painter, at, width, job, theme.texts.plain);
}

fn column_head(ui: &Ui, rect: Rect, head: &ColumnHead, theme: &Theme) {
    let response = ui.interact(rect, ui.scope_id().with("head"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, format!("{}, {}", head.variant, head.model)));
    let painter = ui.painter();
    let (left, top) = (rect.left() + PAD, rect.top());
    let room = rect.width() - PAD * 2.0;
    line(painter, pos2(left, top + 10.0), room, &head.variant, body(theme), theme.texts.plain);
    line(painter, pos2(left + 0.35, top + 10.0), room, &head.variant, body(theme), theme.texts.plain);
    let used = counts(painter, rect, head, theme);
    line(painter, pos2(left, top + 29.0), room - used, &head.model, small(theme), theme.texts.muted);
    let rate = head.rate.map_or_else(|| "—".to_owned(), |rate| format::percent(rate.value));
    let size = FontId::new(theme.size.text.heading, FontFamily::Proportional);
    let used = line(painter, pos2(left, top + 47.0), room, &rate, size, theme.texts.plain);
    if let Some(rate) = head.rate {
        let interval = format!("{:.0}–{:.0}", rate.low * 100.0, rate.high * 100.0);
        line(
            painter,
            pos2(left + used + 8.0, top + 51.0),
            room - used - 8.0,
            &interval,
            small(theme),
            theme.texts.muted,
        );
        interval_bar(painter, Rect::from_min_size(pos2(left, top + 73.0), vec2(room, 6.0)), rate, theme);
    }
    if let Some(change) = &head.change {
        let colour = match change.direction {
            Some(Change::Fixed) => theme.verdicts.pass.plain,
            Some(Change::Regressed) => theme.verdicts.fail.plain,
            None => theme.texts.muted,
        };
        painter.text(pos2(rect.right() - PAD, top + 51.0), Align2::RIGHT_TOP, &change.text, small(theme), colour);
    }
    for (facts, at) in head.facts.iter().chain([&head.guards[0]]).zip([86.0, 103.0, 103.0 + GUARDS]) {
        line(painter, pos2(left, top + at), room, facts, small(theme), theme.texts.muted);
    }
    response.on_hover_ui(|ui| {
        ui.set_max_width(320.0);
        ui.label(format!("{} on {}", head.variant, head.model));
        if let Some(rate) = head.rate {
            widgets::small(ui, &format!("Passed {} of what was scored (95 % interval)", format::interval(rate)));
        }
        widgets::small(
            ui,
            &format!("{} errored, {} unscored: shown, and not in the rate", head.errored, head.unscored),
        );
        if !head.guards[1].is_empty() {
            widgets::small(ui, &head.guards[1]);
        }
        if let Some(change) = &head.change {
            widgets::muted(ui, &change.about);
        }
    });
}

/// Errored and unscored trials, at the right; returns the room they take.
fn counts(painter: &Painter, rect: Rect, head: &ColumnHead, theme: &Theme) -> f32 {
    let mut right = rect.right() - PAD;
    for (count, mark) in [(head.unscored, VerdictMark::Unscored), (head.errored, VerdictMark::Errored)] {
        if count == 0 {
            continue;
        }
        let drawn = painter.text(
            pos2(right, rect.top() + 29.0),
            Align2::RIGHT_TOP,
            format::count(count),
            small(theme),
            theme.texts.muted,
        );
        let sign = Rect::from_min_size(pos2(drawn.left() - 15.0, rect.top() + 30.0), vec2(11.0, 11.0));
        mark.paint(painter, sign, theme);
        right = sign.left() - 10.0;
    }
    rect.right() - PAD - right
}

/// A pass rate as a bar, its interval as a band around its end.
fn interval_bar(painter: &Painter, rect: Rect, rate: crate::domain::Interval, theme: &Theme) {
    #[expect(clippy::cast_possible_truncation, reason = "points on a screen")]
    let at = |share: f64| rect.left() + rect.width() * share as f32;
    painter.rect_filled(rect, 3.0, theme.grounds.pressed);
    let done = Rect::from_min_max(rect.min, pos2(at(rate.value), rect.bottom()));
    painter.rect_filled(done, 3.0, theme.verdicts.pass.plain.gamma_multiply(0.75));
    let middle = rect.center().y;
    let stroke = Stroke::new(1.5, theme.texts.plain);
    painter.hline(at(rate.low)..=at(rate.high), middle, stroke);
    for end in [rate.low, rate.high] {
        painter.vline(at(end), middle - 4.0..=middle + 4.0, stroke);
    }
}

fn body(theme: &Theme) -> FontId {
    FontId::new(theme.size.text.body, FontFamily::Proportional)
}

fn small(theme: &Theme) -> FontId {
    FontId::new(theme.size.text.small, FontFamily::Proportional)
}

/// Paints a line that is cut where its room ends; returns its width.
fn line(painter: &Painter, at: Pos2, width: f32, text: &str, font: FontId, colour: Color32) -> f32 {
    let text = seen(text, width, font.size).to_owned();
    put(painter, at, width, LayoutJob::simple_singleline(text, font, colour), colour)
}

/// As much of a text as could be in sight, and a little more: the rest would be shaped for nothing. A letter is a fifth
/// of its height wide at the least.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "letters on a line")]
fn seen(text: &str, width: f32, size: f32) -> &str {
    let most = (width / (size * 0.2)).max(0.0) as usize + 2;
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

fn put(painter: &Painter, at: Pos2, width: f32, mut job: LayoutJob, colour: Color32) -> f32 {
    job.wrap = TextWrapping { max_width: width.max(0.0), max_rows: 1, break_anywhere: true, ..TextWrapping::default() };
    let galley = painter.layout_job(job);
    let used = galley.size().x;
    painter.galley(at, galley, colour);
    used
}
