//! Which run is shown, and how it stands.

use egui::{Align, Frame, Layout, Margin, Stroke, Ui, vec2};
use egui_material_icons::icons;

use super::data::{self, Standing};
use super::screen::{State, View};
use crate::analysis::Board;
use crate::session::{Command, RowsState, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

pub(super) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let runs = session.runs();
    ui.horizontal(|ui| {
        widgets::title(ui, "Results");
        ui.add_space(4.0);
        let choices = state.choices(session);
        let choices = choices.iter().map(|run| (run.id.clone(), run.text.clone()));
        ui.scope(|ui| {
            ui.set_max_width(420.0);
            if let Some(run) = widgets::picker(ui, "Run", runs.shown(), choices) {
                sender.send(Command::OpenRun(run));
            }
        });
        if let Some(board) = runs.board() {
            if board.header().scripted() {
                widgets::pill(ui, Tone::Info, "Scripted, not a model");
            }
            widgets::faint(ui, &data::about_run(board, jiff::Timestamp::now()));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let views = [(View::Grid, "Grid"), (View::Compare, "Compare")];
            if let Some(view) = widgets::segmented(ui, "View", state.view, &views) {
                state.view = view;
            }
        });
    });
    if let Some(board) = runs.board() {
        standing(session, board, sender, ui);
        notes(session, board, ui);
    }
}

fn standing(session: &Session, board: &Board, sender: &CommandSender, ui: &mut Ui) {
    let runs = session.runs();
    match data::standing(board, runs.live().as_ref()) {
        Standing::Completed => {}
        Standing::Running { done, total, text, paused } => {
            strip(ui, if paused { Tone::Warning } else { Tone::Info }, |ui| {
                #[expect(clippy::cast_precision_loss, reason = "a share of a bar")]
                widgets::progress(ui, "Progress of the run", Some(done as f32 / total.max(1) as f32), 180.0);
                ui.label(text);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let (name, command) =
                        if paused { ("Continue", Command::ContinueRun) } else { ("Pause", Command::PauseRun) };
                    if widgets::secondary(ui, None, name).clicked() {
                        sender.send(command);
                    }
                });
            });
        }
        Standing::Left { what, left } => strip(ui, Tone::Warning, |ui| {
            let colour = Theme::of(ui).tone(Tone::Warning).0;
            widgets::icon(ui, icons::ICON_WARNING, colour);
            ui.label(format!(
                "{what} {} of {} trials have not run.",
                format::count(left),
                format::count(board.trials())
            ));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if let Some(reason) = runs.read_only() {
                    widgets::faint(ui, &reason);
                    return;
                }
                let name = format!("Resume {} trials", format::count(left));
                let wanted = ui.add_enabled_ui(runs.live().is_none(), |ui| widgets::secondary(ui, None, &name));
                if wanted.inner.clicked() {
                    sender.send(Command::ResumeRun(board.header().id.clone()));
                }
            });
        }),
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

fn strip(ui: &mut Ui, tone: Tone, contents: impl FnOnce(&mut Ui)) {
    let theme = Theme::of(ui);
    let (colour, ground) = theme.tone(tone);
    Frame::new()
        .fill(ground)
        .stroke(Stroke::new(1.0, colour.gamma_multiply(0.4)))
        .corner_radius(theme.size.radius.control)
        .inner_margin(Margin::symmetric(12, 4))
        .show(ui, |ui| {
            ui.allocate_ui_with_layout(
                vec2(ui.available_width(), theme.size.control),
                Layout::left_to_right(Align::Center),
                |ui| {
                    ui.set_min_width(ui.available_width());
                    contents(ui);
                },
            );
        });
}
