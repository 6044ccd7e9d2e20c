//! The keyboard in the grid: j and k or the arrows move, Enter opens, Escape closes.

use egui::{Id, Key, Modifiers, Ui};

use super::data::trial_at;
use super::screen::{Cursor, State, View};
use crate::analysis::Board;
use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;

/// What holds the keyboard when the grid does.
pub(super) fn grid_id() -> Id {
    Id::unique("results grid")
}

pub(super) fn handle(session: &Session, board: &Board, state: &mut State, sender: &CommandSender, ui: &Ui) {
    let elsewhere = ui.memory(|memory| memory.focused().is_some_and(|id| id != grid_id()));
    if session.palette() || elsewhere || state.rows.len() == 0 {
        return;
    }
    let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    let (up, down) = (pressed(Key::ArrowUp) || pressed(Key::K), pressed(Key::ArrowDown) || pressed(Key::J));
    let (left, right) = (pressed(Key::ArrowLeft), pressed(Key::ArrowRight));
    let (first, last) = (pressed(Key::Home), pressed(Key::End));
    if pressed(Key::Escape) {
        if state.view == View::Compare {
            state.view = View::Grid;
        } else if session.selection().trial.is_some() {
            sender.send(Command::SelectTrial(None));
        }
    }
    let end = state.rows.len() - 1;
    let at = state.cursor.map(|cursor| state.rows.row_of(cursor.case));
    let sideways = state.view == View::Compare;
    let (back, on) = (up || (sideways && left), down || (sideways && right));
    let row = match at {
        _ if first => 0,
        _ if last => end,
        None => 0,
        Some(at) if back => at.saturating_sub(1),
        Some(at) if on => (at + 1).min(end),
        Some(at) => at,
    };
    let columns = board.header().columns();
    let column = state.cursor.map_or(0, |cursor| cursor.column);
    let column = match (left && !sideways, right && !sideways) {
        (true, _) => column.saturating_sub(1),
        (_, true) => (column + 1).min(columns.saturating_sub(1)),
        _ => column,
    };
    let moved = back || on || left || right || first || last;
    if moved && let Some(case) = state.rows.case(row) {
        put_cursor(session, board, state, sender, Cursor { case, column });
    }
    if pressed(Key::Enter)
        && state.view == View::Grid
        && let Some(cursor) = state.cursor
    {
        open(session, board, sender, cursor);
    }
}

/// Moves the cursor; an open detail goes with it.
pub(super) fn put_cursor(session: &Session, board: &Board, state: &mut State, sender: &CommandSender, cursor: Cursor) {
    if state.cursor != Some(cursor) {
        state.cursor = Some(cursor);
        state.follow = true;
        if session.selection().trial.is_some() {
            open(session, board, sender, cursor);
        }
    }
}

/// Shows the trial that a cell shows.
pub(super) fn open(session: &Session, board: &Board, sender: &CommandSender, cursor: Cursor) {
    let cell = super::data::cell(board, session.runs().previous(), cursor.case, cursor.column);
    sender.send(Command::SelectTrial(Some(trial_at(board.header(), cursor.case, cursor.column, cell.shown.repeat))));
}
