//! What a run of the experiment would be: how much of it, what it costs, what is wrong, and the button.

use egui::{Label, Layout, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use egui_material_icons::icons;

use super::data::{self, CostLine, ExperimentData, RunAhead, Target};
use super::screen::State;
use crate::domain::Problem;
use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

pub(super) fn show(ui: &mut Ui, session: &Session, data: &ExperimentData, state: &mut State, sender: &CommandSender) {
    ui.horizontal(|ui| {
        widgets::heading(ui, "This run");
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            if data.stale {
                widgets::faint(ui, "estimating…");
            }
        });
    });
    match &data.ahead {
        Some(ahead) => {
            totals(ui, ahead);
            if let Some((sure, problem)) = &ahead.shortfall {
                shortfall(ui, *sure, problem);
            }
            buttons(ui, session, ahead, state, sender);
            parts(ui, ahead);
        }
        None if data.stale && data.problems.is_empty() => {
            widgets::muted(ui, "Reading the dataset and rendering a sample.");
        }
        None => {
            widgets::muted(ui, "It cannot run before these are mended:");
        }
    }
    problems(ui, data, state);
}

fn totals(ui: &mut Ui, ahead: &RunAhead) {
    let theme = Theme::of(ui);
    ui.add_space(theme.size.space.xs);
    ui.spacing_mut().item_spacing.y = 4.0;
    let noun = if ahead.trials == 1 { "trial" } else { "trials" };
    widgets::title(ui, &format!("{} {noun}", format::count(ahead.trials)));
    if let Some(total) = ahead.total {
        widgets::heading(ui, &data::money(total.likely));
        if total.low != total.high {
            widgets::small(ui, &data::range(total));
        }
    } else {
        widgets::heading(ui, "Price unknown");
        widgets::small(ui, "A model has no price: give it one in workspace.ron.");
    }
    if ahead.scripted {
        ui.add_space(2.0);
        widgets::pill(ui, Tone::Info, "Scripted, not a model");
    }
    ui.add_space(theme.size.space.s);
}

/// What happens at the budget. What is likely stands out; what is only possible is told.
fn shortfall(ui: &mut Ui, sure: bool, problem: &Problem) {
    if sure {
        widgets::problems(ui, std::slice::from_ref(problem));
    } else {
        widgets::muted(ui, &problem.message);
    }
    ui.add_space(Theme::of(ui).size.space.s);
}

fn buttons(ui: &mut Ui, session: &Session, ahead: &RunAhead, state: &mut State, sender: &CommandSender) {
    let live = session.runs().live().is_some();
    let enabled = !live && ahead.trials > 0;
    ui.horizontal(|ui| {
        let run = ui.add_enabled_ui(enabled, |ui| widgets::primary(ui, Some(icons::ICON_PLAY_ARROW), "Run")).inner;
        let run = run.on_hover_text("Run every trial (F5 or Ctrl+Enter)");
        if run.on_disabled_hover_text("A run is under way.").clicked() {
            sender.send(Command::StartRun);
        }
        let dry = widgets::secondary(ui, Some(icons::ICON_VISIBILITY), "Dry run");
        if dry.on_hover_text("See the first requests of each variant. Nothing is sent.").clicked() {
            state.dry.open = true;
        }
    });
    ui.add_space(Theme::of(ui).size.space.s);
}

fn parts(ui: &mut Ui, ahead: &RunAhead) {
    if ahead.lines.is_empty() {
        return;
    }
    ui.separator();
    widgets::strong(ui, "Estimate by part");
    for (index, line) in ahead.lines.iter().enumerate() {
        part(ui, line, index);
    }
    widgets::small(ui, "Answers from the cache are not paid again; retries are not in it.");
    ui.add_space(Theme::of(ui).size.space.s);
}

fn part(ui: &mut Ui, line: &CostLine, index: usize) {
    let faint = |words: &str| RichText::new(words).small().color(Theme::of(ui).texts.faint);
    let (about, range) = (faint(&line.about), faint(&line.range));
    let colour = Theme::of(ui).series(index);
    ui.add_space(6.0);
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 16.0;
        ui.spacing_mut().item_spacing.y = 6.0;
        pair(ui, RichText::new(&line.name), RichText::new(&line.likely));
        let share = widgets::Share { amount: line.share, colour };
        widgets::shares(ui, &format!("Share of {}", line.name), 1.0, &[share], vec2(ui.available_width(), 4.0));
        pair(ui, about, range);
    });
    ui.add_space(4.0);
}

/// Words, and an amount at the right edge that stays whole; the words have the room that it leaves, and under the
/// pointer they are whole as well.
fn pair(ui: &mut Ui, words: RichText, amount: RichText) {
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(amount);
            ui.with_layout(Layout::left_to_right(egui::Align::Center), |ui| ui.add(Label::new(words).truncate()));
        });
    });
}

fn problems(ui: &mut Ui, data: &ExperimentData, state: &mut State) {
    if data.problems.is_empty() {
        return;
    }
    ui.separator();
    widgets::strong(ui, "Problems");
    for (target, problem) in &data.problems {
        if one(ui, problem, *target) {
            state.lead = Some(*target);
        }
    }
}

/// A problem; where it leads somewhere on this screen, it is a button as a whole.
fn one(ui: &mut Ui, problem: &Problem, target: Target) -> bool {
    let response = ui.scope(|ui| widgets::problems(ui, std::slice::from_ref(problem))).response;
    if target == Target::Elsewhere {
        return false;
    }
    let response = response.interact(Sense::click());
    widgets::focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Show: {}", problem.message)));
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
