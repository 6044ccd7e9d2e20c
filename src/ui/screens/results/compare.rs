//! Columns side by side for one case at a time, and above them what the whole run says of them. A reader who knows no
//! templates must understand it.

use std::time::{Duration, Instant};

use egui::text::{LayoutJob, TextFormat};
use egui::{Align, FontFamily, FontId, Frame, Label, Layout, Margin, RichText, ScrollArea, Stroke, Ui, vec2};
use egui_material_icons::icons;

use super::data::{self, trial_at};
use super::detail::{expected, full_name, inputs, marked};
use super::diff::{self, Field, Piece};
use super::keys;
use super::screen::{Cursor, State};
use crate::analysis::{Board, Comparison, compare_with};
use crate::domain::{Case, Outcome, TrialRef};
use crate::session::{Command, Session, ShownTrial};
use crate::ui::format;
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets::{self, VerdictMark};

/// Columns that fit side by side.
const MOST: usize = 4;
/// Points of a column; where there is less room, they scroll.
const LEAST_WIDTH: f32 = 220.0;

#[derive(Default)]
pub(super) struct CompareState {
    columns: Vec<usize>,
    only_differences: bool,
    said: Option<Said>,
    differences: Option<Differences>,
    asked: Vec<TrialRef>,
}

/// What the whole run says of the columns, until its numbers or the columns change.
struct Said {
    revision: u64,
    columns: Vec<usize>,
    at: Instant,
    sentences: Vec<(String, Option<String>)>,
}

/// What differs between the answers in sight.
struct Differences {
    trials: Vec<TrialRef>,
    only: bool,
    fields: Option<Vec<Field>>,
    /// By column; empty for the first, which the others are seen against.
    pieces: Vec<Vec<Piece>>,
}

pub(super) fn show(session: &Session, board: &Board, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    if board.header().columns() < 2 {
        let about =
            "This run has one variant on one model. Add another one to its experiment to see them side by side.";
        if widgets::empty(ui, icons::ICON_COMPARE, "Nothing to compare", about, Some("Go to Experiment")) {
            sender.send(Command::Go(crate::session::Route::Experiment));
        }
        return;
    }
    settle(board, state);
    ScrollArea::vertical().id_salt("compare").auto_shrink(false).show(ui, |ui| {
        Frame::new().inner_margin(Margin { left: 16, right: 16, top: 4, bottom: 24 }).show(ui, |ui| {
            ui.set_width(ui.available_width());
            chosen(board, &mut state.compare, ui);
            said(session, board, &mut state.compare, ui);
            case_line(session, board, state, sender, ui);
            if let Some(cursor) = state.cursor {
                one_case(session, board, &mut state.compare, cursor.case, sender, ui);
            }
        });
    });
}

/// Two columns at least, and a case that is among the rows.
fn settle(board: &Board, state: &mut State) {
    let count = board.header().columns();
    let columns = &mut state.compare.columns;
    columns.retain(|column| *column < count);
    if columns.len() < 2 {
        *columns = (0..count.min(2)).collect();
    }
    let shown = state.cursor.and_then(|cursor| state.rows.case(state.rows.row_of(cursor.case)));
    let column = state.cursor.map_or(0, |cursor| cursor.column);
    state.cursor = shown.or_else(|| state.rows.case(0)).map(|case| Cursor { case, column });
}

fn chosen(board: &Board, state: &mut CompareState, ui: &mut Ui) {
    let names: Vec<(usize, String)> =
        (0..board.header().columns()).map(|column| (column, board.column_name(column))).collect();
    ui.horizontal_wrapped(|ui| {
        let mut away = None;
        for at in 0..state.columns.len() {
            widgets::small(ui, if at == 0 { "Compare" } else { "with" });
            let free =
                names.iter().filter(|(column, _)| *column == state.columns[at] || !state.columns.contains(column));
            let label = format!("Column {}", at + 1);
            if let Some(column) = widgets::picker(ui, &label, Some(&state.columns[at]), free.cloned()) {
                state.columns[at] = column;
            }
            if state.columns.len() > 2
                && at > 0
                && widgets::icon_button(ui, icons::ICON_CLOSE, &format!("Take away column {}", at + 1)).clicked()
            {
                away = Some(at);
            }
        }
        if let Some(at) = away {
            state.columns.remove(at);
        }
        let next = names.iter().map(|(column, _)| *column).find(|column| !state.columns.contains(column));
        if let Some(next) = next.filter(|_| state.columns.len() < MOST)
            && widgets::ghost(ui, Some(icons::ICON_ADD), "Add column").clicked()
        {
            state.columns.push(next);
        }
    });
}

/// The sentence that a product person reads. While a run goes on it is made anew once a second.
fn said(session: &Session, board: &Board, state: &mut CompareState, ui: &mut Ui) {
    let live = session.runs().live().is_some();
    let stands = state.said.as_ref().is_some_and(|said| {
        said.columns == state.columns
            && (said.revision == board.revision() || (live && said.at.elapsed() < Duration::from_secs(1)))
    });
    if !stands && let Some((first, others)) = state.columns.split_first() {
        let found = compare_with(board, *first, others);
        let several = found.len() > 1;
        let pair = |found: &Comparison| format!("{} and {}: ", found.a_name, found.b_name);
        let named = |found: &Comparison| if several { pair(found) } else { String::new() };
        let sentences =
            found.iter().map(|found| (format!("{}{}", named(found), found.sentence()), found.caveat())).collect();
        state.said =
            Some(Said { revision: board.revision(), columns: state.columns.clone(), at: Instant::now(), sentences });
    }
    widgets::card(ui, |ui| {
        for (sentence, caveat) in state.said.iter().flat_map(|said| &said.sentences) {
            let size = Theme::of(ui).size.text.heading;
            ui.add(Label::new(RichText::new(sentence).size(size)).wrap().selectable(true));
            if let Some(caveat) = caveat {
                widgets::muted(ui, caveat);
            }
        }
        if board.header().scripted() {
            widgets::small(ui, "Scripted, not a model: these numbers say nothing about a real model.");
        }
    });
}

fn case_line(session: &Session, board: &Board, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let count = state.rows.len();
    let at = state.cursor.map_or(0, |cursor| state.rows.row_of(cursor.case));
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        let mut to = None;
        if ui
            .add_enabled_ui(at > 0, |ui| widgets::icon_button(ui, icons::ICON_CHEVRON_LEFT, "Case before"))
            .inner
            .clicked()
        {
            to = Some(at - 1);
        }
        let id = state.cursor.and_then(|cursor| session.runs().head(cursor.case)).map(|head| head.id.to_string());
        if count > 0 {
            widgets::strong(ui, &id.unwrap_or_else(|| format!("case {}", at + 1)));
            widgets::small(ui, &format!("{} of {}", format::count(at as u64 + 1), format::count(count as u64)));
        } else {
            widgets::muted(ui, "No case is as the filters ask for.");
        }
        if ui
            .add_enabled_ui(at + 1 < count, |ui| widgets::icon_button(ui, icons::ICON_CHEVRON_RIGHT, "Next case"))
            .inner
            .clicked()
        {
            to = Some(at + 1);
        }
        if let Some(case) = to.and_then(|row| state.rows.case(row)) {
            keys::put_cursor(session, board, state, sender, Cursor { case, column: 0 });
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if widgets::option(ui, state.compare.only_differences, "Only what differs") {
                state.compare.only_differences = !state.compare.only_differences;
            }
        });
    });
    if count == 0 {
        state.cursor = None;
    }
}

fn one_case(
    session: &Session,
    board: &Board,
    state: &mut CompareState,
    case: u32,
    sender: &CommandSender,
    ui: &mut Ui,
) {
    let trials: Vec<TrialRef> = state
        .columns
        .iter()
        .map(|column| trial_at(board.header(), case, *column, data::cell(board, None, case, *column).shown.repeat))
        .collect();
    ask(session, board, state, &trials, sender);
    let shown: Vec<Option<&ShownTrial>> = trials.iter().map(|trial| session.runs().trial(*trial)).collect();
    if let Some(case) = shown.iter().flatten().find_map(|shown| shown.case.as_ref()) {
        case_card(case, ui);
    }
    compute(state, &trials, &shown);
    #[expect(clippy::cast_precision_loss, reason = "four columns at most")]
    let count = trials.len() as f32;
    let width = ((ui.available_width() - 12.0 * (count - 1.0)) / count).max(LEAST_WIDTH);
    ScrollArea::horizontal().id_salt("columns").auto_shrink([false, true]).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            for (at, shown) in shown.iter().enumerate() {
                ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::Min), |ui| {
                    ui.set_width(width);
                    column(board, state, at, trials[at], *shown, ui);
                });
            }
        });
    });
    legend(state, ui);
}

/// What was asked, and beside it what is right.
fn case_card(case: &Case, ui: &mut Ui) {
    widgets::card(ui, |ui| {
        let halves = if case.expected.is_empty() { 1 } else { 2 };
        ui.columns(halves, |uis| {
            widgets::strong(&mut uis[0], "Asked");
            inputs(case, &mut uis[0]);
            if let Some(ui) = uis.get_mut(1) {
                widgets::strong(ui, "Expected");
                expected(case, ui);
            }
        });
    });
}

fn ask(session: &Session, board: &Board, state: &mut CompareState, trials: &[TrialRef], sender: &CommandSender) {
    let missing = |trial: &&TrialRef| board.trial(**trial).is_some() && session.runs().trial(**trial).is_none();
    let mut wanted: Vec<TrialRef> = trials.iter().filter(missing).copied().collect();
    if !wanted.is_empty() && wanted != state.asked {
        sender.send(Command::ReadTrials(wanted.clone()));
    }
    if session.runs().head(trials[0].case).is_none() && wanted.is_empty() && state.asked != trials {
        sender.send(Command::ReadOutputs(trials.to_vec()));
        wanted = trials.to_vec();
    }
    state.asked = wanted;
}

fn text_of(shown: Option<&ShownTrial>) -> Option<&str> {
    shown?.detail.ended.answer.as_ref().map(|answer| answer.text.as_str())
}

fn compute(state: &mut CompareState, trials: &[TrialRef], shown: &[Option<&ShownTrial>]) {
    let known =
        state.differences.as_ref().is_some_and(|known| known.trials == trials && known.only == state.only_differences);
    if known || shown.iter().any(Option::is_none) {
        return;
    }
    let texts: Vec<Option<&str>> = shown.iter().map(|shown| text_of(*shown)).collect();
    let all: Option<Vec<&str>> = texts.iter().copied().collect();
    let fields = all.and_then(|all| diff::fields(&all));
    let pieces = match texts.split_first() {
        Some((Some(first), others)) if fields.is_none() => {
            let seen = |other: Option<&str>| {
                let pieces = other.map(|other| diff::words(first, other)).unwrap_or_default();
                if state.only_differences { diff::only_differences(pieces) } else { pieces }
            };
            std::iter::once(Vec::new()).chain(others.iter().copied().map(seen)).collect()
        }
        _ => vec![Vec::new(); trials.len()],
    };
    state.differences = Some(Differences { trials: trials.to_vec(), only: state.only_differences, fields, pieces });
}

fn column(board: &Board, state: &CompareState, at: usize, trial: TrialRef, shown: Option<&ShownTrial>, ui: &mut Ui) {
    widgets::card(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 6.0;
        widgets::strong(ui, &board.column_name(state.columns[at])).on_hover_text(full_name(board, state.columns[at]));
        let Some(shown) = shown else {
            let ended = board.trial(trial).is_some();
            widgets::muted(ui, if ended { "Reading the answer…" } else { "This trial has not ended yet." });
            return;
        };
        let ended = &shown.detail.ended;
        ui.horizontal(|ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            let mark = VerdictMark::of(&ended.outcome);
            widgets::verdict_mark(ui, mark, 16.0);
            ui.label(mark.word());
            let latency = ended.answer.as_ref().map(|answer| format::seconds(answer.latency_ms));
            let facts = [latency, ended.cost.map(|cost| cost.to_string())];
            widgets::faint(ui, &facts.into_iter().flatten().collect::<Vec<_>>().join(" · "));
        });
        reasons(&ended.outcome, ui);
        let line = ui.cursor().top();
        ui.painter().hline(ui.max_rect().x_range(), line, Stroke::new(1.0, Theme::of(ui).lines.border));
        ui.add_space(6.0);
        match &ended.outcome {
            Outcome::Errored(error) => widgets::error_panel(ui, &error.message, "There is no answer to compare."),
            Outcome::Scored(_) | Outcome::Unscored(_) => body(state, at, text_of(Some(shown)).unwrap_or_default(), ui),
        }
    });
}

/// Why it did not pass: the first reason, and what else failed.
fn reasons(outcome: &Outcome, ui: &mut Ui) {
    let mut failed = outcome.checks().iter().filter(|check| check.verdict == crate::domain::Verdict::Fail);
    let Some(first) = failed.next() else { return };
    let others: Vec<&str> = failed.map(|check| check.metric.as_str()).collect();
    let also = if others.is_empty() { String::new() } else { format!(" Also failed: {}.", others.join(", ")) };
    let colour = Theme::of(ui).texts.muted;
    let text = format!("{}: {}{also}", first.metric, marked(&first.reason));
    ui.add(Label::new(RichText::new(text).small().color(colour)).wrap());
}

fn body(state: &CompareState, at: usize, text: &str, ui: &mut Ui) {
    match &state.differences {
        Some(Differences { fields: Some(fields), .. }) => {
            for field in fields.iter().filter(|field| !(state.only_differences && field.is_same())) {
                json_field(field, at, ui);
            }
            if state.only_differences && fields.iter().all(Field::is_same) {
                widgets::muted(ui, "The answers are the same.");
            }
        }
        Some(Differences { pieces, .. }) if pieces.get(at).is_some_and(|pieces| !pieces.is_empty()) => {
            if state.only_differences && pieces[at].iter().all(|piece| matches!(piece, Piece::Same(_))) {
                widgets::muted(ui, "The same as the first answer.");
            } else {
                prose(&pieces[at], ui);
            }
        }
        _ => prose(&[Piece::Same(text.to_owned())], ui),
    }
}

fn json_field(field: &Field, at: usize, ui: &mut Ui) {
    let theme = Theme::of(ui);
    let differs = at > 0 && field.differs(at);
    widgets::small(ui, &field.name);
    let (colour, ground) = if differs {
        (theme.texts.plain, theme.verdicts.unscored.soft)
    } else {
        (theme.texts.plain, theme.grounds.sunken)
    };
    Frame::new().fill(ground).corner_radius(theme.size.radius.control).inner_margin(Margin::symmetric(8, 4)).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            match field.values.get(at).and_then(Option::as_ref) {
                Some(value) => {
                    let sign = if differs { "≠ " } else { "" };
                    ui.add(
                        Label::new(RichText::new(format!("{sign}{}", marked(value))).color(colour))
                            .wrap()
                            .selectable(true),
                    );
                }
                None => {
                    widgets::muted(ui, if differs { "≠ not in this answer" } else { "not in this answer" });
                }
            }
        },
    );
}

fn prose(pieces: &[Piece], ui: &mut Ui) {
    let theme = Theme::of(ui);
    let font = FontId::new(theme.size.text.body, FontFamily::Proportional);
    let plain = TextFormat { font_id: font, color: theme.texts.plain, ..TextFormat::default() };
    let added = TextFormat {
        background: theme.verdicts.pass.soft,
        underline: Stroke::new(1.0, theme.verdicts.pass.plain),
        ..plain.clone()
    };
    let missing = TextFormat {
        background: theme.verdicts.fail.soft,
        color: theme.texts.muted,
        strikethrough: Stroke::new(1.0, theme.verdicts.fail.plain),
        ..plain.clone()
    };
    let mut job = LayoutJob::default();
    for piece in pieces {
        match piece {
            Piece::Same(text) => job.append(&marked(text), 0.0, plain.clone()),
            Piece::Added(text) => job.append(&marked(text), 0.0, added.clone()),
            Piece::Missing(text) => job.append(&marked(text), 0.0, missing.clone()),
        }
    }
    ui.add(Label::new(job).wrap().selectable(true));
}

/// What the marks mean.
fn legend(state: &CompareState, ui: &mut Ui) {
    let Some(differences) = &state.differences else { return };
    ui.add_space(4.0);
    if differences.fields.is_some() {
        widgets::small(ui, "≠ marks a value that is not the first column's.");
    } else {
        widgets::small(ui, "Underlined stands only in this answer; struck out stands only in the first one.");
    }
}
