//! Which run is shown, and how it stands.

use egui::{Frame, Margin, RichText, Stroke, TextEdit, TextStyle, Ui, vec2};
use egui_material_icons::icons;

use super::data::{self, RunChoice, Standing};
use super::screen::{State, View};
use crate::analysis::Board;
use crate::domain::Usd;
use crate::session::{Command, RowsState, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

/// Points below which the list of runs stands in a line of its own.
const LEAST_PICKER: f32 = 160.0;

pub(super) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let choices = state.choices(session);
    let which = |ui: &mut Ui| {
        widgets::title(ui, "Results");
        ui.add_space(4.0);
        run_picker(session, &choices, sender, ui);
        if let Some(board) = session.runs().board() {
            if board.header().scripted() {
                widgets::pill(ui, Tone::Info, "Scripted, not a model");
            }
            widgets::faint(ui, &data::about_run(board, jiff::Timestamp::now()));
        }
    };
    widgets::ends(ui, "which run", which, |ui| {
        let views = [(View::Grid, "Grid"), (View::Compare, "Compare"), (View::Guards, "Guards")];
        if let Some(view) = widgets::segmented(ui, "View", state.view, &views) {
            state.view = view;
        }
    });
    if let Some(board) = session.runs().board() {
        standing(session, board, state, sender, ui);
        notes(session, board, ui);
    }
}

fn run_picker(session: &Session, choices: &[RunChoice], sender: &CommandSender, ui: &mut Ui) {
    if ui.available_size_before_wrap().x < LEAST_PICKER {
        ui.end_row();
    }
    let room = ui.available_size_before_wrap().x;
    ui.scope(|ui| {
        ui.set_max_width(room.min(420.0));
        let choices = format::told_apart(choices.iter().map(|run| (run.id.clone(), run.text.clone())).collect());
        if let Some(run) = widgets::picker(ui, "Run", session.runs().shown(), choices) {
            sender.send(Command::OpenRun(run));
        }
    });
}

fn standing(session: &Session, board: &Board, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let runs = session.runs();
    match data::standing(board, runs.live().as_ref()) {
        Standing::Completed => {}
        Standing::Running { done, total, text, paused } => {
            let tone = if paused { Tone::Warning } else { Tone::Info };
            let how_far = |ui: &mut Ui| {
                #[expect(clippy::cast_precision_loss, reason = "a share of a bar")]
                widgets::progress(ui, "Progress of the run", Some(done as f32 / total.max(1) as f32), 180.0);
                sentence(ui, &text);
            };
            strip(ui, tone, how_far, |ui| {
                let (name, command) =
                    if paused { ("Continue", Command::ContinueRun) } else { ("Pause", Command::PauseRun) };
                if widgets::secondary(ui, None, name).clicked() {
                    sender.send(command);
                }
            });
        }
        Standing::BudgetReached { budget, left } => {
            let estimated = runs.rest().map_or(String::new(), |rest| format!(", ≈ {} for them", rest.cost.likely));
            let words = format!("The budget of {budget} was reached. {}{estimated}.", not_run(board, left));
            let raise = |ui: &mut Ui| match runs.read_only() {
                Some(reason) => drop(widgets::faint(ui, &reason)),
                None => raise(session, board, budget, state, sender, ui),
            };
            strip(ui, Tone::Warning, |ui| warning(ui, &words), raise);
        }
        Standing::Left { what, left } => {
            let words = format!("{what} {}.", not_run(board, left));
            let resume = |ui: &mut Ui| {
                if let Some(reason) = runs.read_only() {
                    widgets::faint(ui, &reason);
                    return;
                }
                let name = format!("Resume {} trials", format::count(left));
                let wanted = ui.add_enabled_ui(runs.live().is_none(), |ui| widgets::secondary(ui, None, &name));
                if wanted.inner.clicked() {
                    sender.send(Command::ResumeRun(board.header().id.clone()));
                }
            };
            strip(ui, Tone::Warning, |ui| warning(ui, &words), resume);
        }
    }
}

fn warning(ui: &mut Ui, words: &str) {
    let colour = Theme::of(ui).tone(Tone::Warning).0;
    widgets::icon(ui, icons::ICON_WARNING, colour);
    sentence(ui, words);
}

/// Words beside what stands before them: where they need several lines, these stand below each other.
fn sentence(ui: &mut Ui, words: &str) {
    let room = ui.available_size_before_wrap().x;
    if widgets::width_of(ui, words, &TextStyle::Body) <= room {
        ui.label(words);
        return;
    }
    ui.vertical(|ui| {
        ui.set_width(room);
        // The first line is as high as the buttons are.
        let above = (ui.spacing().interact_size.y - ui.text_style_height(&TextStyle::Body)) / 2.0;
        ui.add_space(above);
        widgets::body(ui, words);
        ui.add_space(4.0);
    });
}

fn not_run(board: &Board, left: u64) -> String {
    format!("{} of {} trials have not run", format::count(left), format::count(board.trials()))
}

/// The new budget, and the button that agrees to it by its amount. From right to left.
fn raise(session: &Session, board: &Board, old: Usd, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let runs = session.runs();
    let wanted = data::new_budget(state.budget.as_deref(), old, runs.rest());
    let name = match &wanted {
        Ok(budget) => format!("Raise the budget to ${} and go on", widgets::dollars(*budget)),
        Err(_) => "Raise the budget and go on".to_owned(),
    };
    let ready = wanted.is_ok() && runs.live().is_none();
    let button = ui.add_enabled_ui(ready, |ui| widgets::secondary(ui, None, &name)).inner;
    let why = wanted.as_ref().err().cloned().unwrap_or_else(|| "A run is under way.".to_owned());
    let clicked = button.on_disabled_hover_text(&why).clicked();

    let shown = runs.rest().map_or(old, |rest| rest.budget);
    let mut text = state.budget.clone().unwrap_or_else(|| widgets::dollars(shown));
    let edit = TextEdit::singleline(&mut text)
        .desired_width(84.0)
        .align(egui::Align2::LEFT_CENTER)
        .margin(vec2(10.0, 6.0))
        .min_size(vec2(0.0, Theme::of(ui).size.control));
    let response = ui.add(edit);
    widgets::focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("New budget (USD)"));
    if response.on_hover_text("The new budget, in US dollars").changed() {
        state.budget = Some(text);
    }
    widgets::small(ui, "$");
    if state.budget.is_some() && wanted.is_err() {
        let colour = Theme::of(ui).tone(Tone::Fail).0;
        ui.label(RichText::new(why).small().color(colour));
    }
    if let (true, Ok(budget)) = (clicked, wanted) {
        sender.send(Command::RaiseAndResume { run: board.header().id.clone(), budget });
        state.budget = None;
    }
}

/// What a reader must know before believing the numbers.
fn notes(session: &Session, board: &Board, ui: &mut Ui) {
    let ambiguous = board.totals().ambiguous;
    if ambiguous > 0 && session.runs().live().is_none() {
        widgets::small(
            ui,
            &format!("{ambiguous} calls were sent and nobody knows whether they were answered; they count as spent."),
        );
    }
    match session.runs().rows().map(crate::session::RunRows::state) {
        Some(RowsState::Changed) => {
            let about = "The dataset has changed since this run: inputs and tags of its cases cannot be shown.";
            widgets::small(ui, about);
        }
        Some(RowsState::Gone(reason)) => {
            widgets::small(ui, &format!("Inputs and tags cannot be shown. {reason}"));
        }
        Some(RowsState::Same) | None => {}
    }
}

/// A line in a tone: words, and what can be done about them.
fn strip(ui: &mut Ui, tone: Tone, words: impl FnOnce(&mut Ui), buttons: impl FnOnce(&mut Ui)) {
    let theme = Theme::of(ui);
    let (colour, ground) = theme.tone(tone);
    Frame::new()
        .fill(ground)
        .stroke(Stroke::new(1.0, colour.gamma_multiply(0.4)))
        .corner_radius(theme.size.radius.control)
        .inner_margin(Margin::symmetric(12, 4))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            widgets::ends(ui, "how it stands", words, buttons);
        });
}
