//! Puts the screen together, and remembers what only it knows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};
use egui_material_icons::icons;

use super::data::{self, ColumnHead, RunChoice};
use super::filter::{Facts, Filters, Rows};
use super::{banner, bar, compare, detail, grid, keys, run_guards};
use crate::analysis::Board;
use crate::domain::{RunId, RunState, TrialRef};
use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets;

/// How long a frame may look for rows.
const SLICE: Duration = Duration::from_millis(1);
/// While a run goes on, heads and the list of rows follow it four times a second: nobody reads faster.
const PACE: Duration = Duration::from_millis(250);
/// Below this width a trial is not shown beside the grid but in its place.
const BESIDE: f32 = 640.0;
/// The share of the height that the head takes at most; where it needs more, it scrolls.
const HEAD: f32 = 0.7;

#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum View {
    #[default]
    Grid,
    Compare,
    /// What the guards did over the whole run.
    Guards,
}

/// Where the keyboard is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub case: u32,
    pub column: usize,
}

#[derive(Default)]
pub(in crate::ui) struct State {
    run: Option<RunId>,
    pub(super) view: View,
    pub(super) filters: Filters,
    /// What is typed into the field for a search.
    pub(super) text: String,
    /// What is typed as the budget of a run that is to go on; `None` leaves the one that is proposed.
    pub(super) budget: Option<String>,
    pub(super) rows: Rows,
    pub(super) cursor: Option<Cursor>,
    /// The cursor was moved, and its row is to be in sight.
    pub(super) follow: bool,
    pub(super) page: usize,
    /// Trials asked for last, and whether the dataset was there then: the same is not asked for twice.
    pub(super) asked: (Vec<TrialRef>, bool),
    /// The board's revision that heads and rows stand for, and since when.
    followed: Option<(u64, Instant)>,
    heads: Heads,
    choices: Choices,
    pub(super) detail: detail::DetailState,
    pub(super) compare: compare::CompareState,
}

/// The runs to choose from, made anew when there may be others: not at every frame of a run under way.
#[derive(Default)]
struct Choices {
    made: Option<(Option<RunId>, u64)>,
    runs: Arc<[RunChoice]>,
}

impl State {
    fn revision(&self) -> u64 {
        self.followed.map_or(0, |(revision, _)| revision)
    }

    pub(super) fn choices(&mut self, session: &Session) -> Arc<[RunChoice]> {
        let live = session.runs().live().map(|live| live.header.id.clone());
        let revision = if live.is_some() { 0 } else { session.revision() };
        let made = Some((live, revision));
        if self.choices.made != made {
            self.choices = Choices { made, runs: data::run_choices(session).into() };
        }
        self.choices.runs.clone()
    }
}

/// Heads of columns, made anew when their numbers change.
#[derive(Default)]
struct Heads {
    /// The board's revision, and whether the run before was there.
    made: Option<(u64, bool)>,
    heads: Arc<[ColumnHead]>,
}

pub(in crate::ui) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let runs = session.runs();
    if runs.shown().is_none() {
        nothing(session, sender, ui);
        return;
    }
    if state.run.as_ref() != runs.shown() {
        let view = state.view;
        *state = State { run: runs.shown().cloned(), view, ..State::default() };
    }
    let side = Theme::of(ui).size.space.l;
    #[expect(clippy::cast_possible_truncation, reason = "a margin of a few points")]
    let margin = Margin { left: side as i8, right: side as i8, top: 12, bottom: 8 };
    let most = ui.available_height() * HEAD;
    Panel::top("results head").frame(Frame::new().inner_margin(margin)).show_separator_line(false).show(ui, |ui| {
        let scroll = ScrollArea::vertical().auto_shrink([false, true]).max_height(most).min_scrolled_height(most);
        scroll.show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            banner::show(session, state, sender, ui);
            if let Some(board) = runs.board().filter(|_| state.view != View::Guards) {
                bar::show(session, board, state, sender, ui);
            }
        });
    });
    let Some(board) = runs.board() else {
        reading(ui);
        return;
    };
    follow(board, state, ui);
    if state.view == View::Guards {
        return run_guards::show(session, board, sender, ui);
    }
    find_rows(session, board, state, ui);
    keys::handle(session, board, state, sender, ui);
    match state.view {
        View::Compare => compare::show(session, board, state, sender, ui),
        View::Grid | View::Guards => grid_and_detail(session, board, state, sender, ui),
    }
}

fn nothing(session: &Session, sender: &CommandSender, ui: &mut Ui) {
    let other =
        session.runs().recorded().iter().find(|run| Some(&run.header.project) == session.selection().project.as_ref());
    if let Some(run) = other {
        let about = "The chosen experiment has not been run yet. Another one of this project has.";
        if widgets::empty(ui, icons::ICON_GRID_VIEW, "No run of this experiment", about, Some("Show the last run")) {
            sender.send(Command::OpenRun(run.header.id.clone()));
        }
        return;
    }
    let about = "When an experiment has been run, its answers stand here side by side.";
    if widgets::empty(ui, icons::ICON_GRID_VIEW, "No run to show", about, Some("Go to Experiment")) {
        sender.send(Command::Go(Route::Experiment));
    }
}

fn reading(ui: &mut Ui) {
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.35);
        widgets::progress(ui, "Reading the run", None, 160.0);
        widgets::muted(ui, "Reading the run…");
    });
}

fn grid_and_detail(session: &Session, board: &Board, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let theme = Theme::of(ui);
    if let Some(trial) = session.selection().trial.filter(|_| ui.available_width() < BESIDE) {
        let frame = Frame::new().fill(theme.grounds.surface);
        CentralPanel::default().frame(frame).show(ui, |ui| detail::show(session, board, trial, state, sender, ui));
        return;
    }
    if let Some(trial) = session.selection().trial {
        let frame = Frame::new().fill(theme.grounds.surface).inner_margin(Margin::same(0));
        let most = (ui.available_width() - 320.0).max(320.0);
        Panel::right("trial").frame(frame).default_size(460.0).size_range(320.0..=most).show(ui, |ui| {
            detail::show(session, board, trial, state, sender, ui);
        });
    }
    let heads = heads(session, board, state);
    CentralPanel::default().frame(Frame::new()).show(ui, |ui| grid::show(session, board, &heads, state, sender, ui));
}

/// Goes on to the board's newest revision, where that is due.
fn follow(board: &Board, state: &mut State, ui: &Ui) {
    let newest = board.revision();
    if let Some((_, since)) = state.followed.filter(|(revision, _)| *revision != newest)
        && board.state() == RunState::Running
        && let Some(left) = PACE.checked_sub(since.elapsed())
    {
        ui.ctx().request_repaint_after(left);
        return;
    }
    if state.followed.is_none_or(|(revision, _)| revision != newest) {
        state.followed = Some((newest, Instant::now()));
    }
}

fn heads(session: &Session, board: &Board, state: &mut State) -> Arc<[ColumnHead]> {
    let previous = session.runs().previous();
    let made = Some((state.revision(), previous.is_some()));
    if state.heads.made != made {
        state.heads = Heads { made, heads: data::column_heads(board, previous).into() };
    }
    state.heads.heads.clone()
}

fn find_rows(session: &Session, board: &Board, state: &mut State, ui: &Ui) {
    let runs = session.runs();
    let facts = Facts { board, revision: state.revision(), previous: runs.previous(), rows: runs.rows() };
    let begun = Instant::now();
    if state.rows.update(&facts, &state.filters, || begun.elapsed() > SLICE) {
        ui.ctx().request_repaint();
    }
}
