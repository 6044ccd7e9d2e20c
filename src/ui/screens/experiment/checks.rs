//! The checks as a list of cards: folded they tell what they ask, unfolded they are forms.

use egui::{Align, Label, Layout, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use egui_material_icons::icons;

use super::check_form;
use super::data::{ExperimentData, Target};
use super::kinds::{self, KINDS};
use super::screen::State;
use crate::domain::{Check, Experiment};
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

/// The width from which a folded check shows its metric and its weight.
const WITH_TAGS: f32 = 320.0;

/// What is to be done to the list once it has been drawn.
#[derive(Clone, Copy)]
enum Change {
    Remove(usize),
    Copy(usize),
    Move(usize, usize),
}

pub(super) fn show(ui: &mut Ui, data: &ExperimentData, draft: &mut Experiment, state: &mut State) {
    let about = "What an answer must be. Each check gives a score from 0 to 1 and counts by its weight.";
    let mut added = None;
    widgets::section(
        ui,
        "Checks",
        about,
        |ui| added = add_menu(ui, data),
        |ui| {
            if draft.checks.is_empty() {
                widgets::muted(
                    ui,
                    "Without a check every trial is unscored: answers, cost and time are still recorded.",
                );
            }
            let (mut change, count) = (None, draft.checks.len());
            for (index, check) in draft.checks.iter_mut().enumerate() {
                ui.push_id(("check", index), |ui| {
                    change = card(ui, (index, count), check, data, state).or(change.take());
                });
            }
            if let Some(change) = change {
                apply(change, &mut draft.checks, state);
            }
        },
    );
    if let Some(check) = added {
        state.open.insert(draft.checks.len());
        draft.checks.push(check);
    }
}

fn add_menu(ui: &mut Ui, data: &ExperimentData) -> Option<Check> {
    let theme = Theme::of(ui);
    let mut added = None;
    let words = (
        icons::ICON_ADD.rich_text().size(theme.size.text.icon).color(theme.texts.plain),
        RichText::new("Add check").color(theme.texts.plain),
    );
    let response = ui.menu_button(words, |ui| {
        ui.set_min_width((ui.ctx().content_rect().width() - 40.0).min(360.0));
        for kind in &KINDS {
            if menu_line(ui, kind).clicked() {
                let judge = data.models.iter().find(|model| model.there).map(|model| model.id.clone());
                added = Some(Check::new((kind.make)(judge)));
                ui.close();
            }
        }
    });
    widgets::named(response.response, Role::Button, "Add check");
    added
}

fn menu_line(ui: &mut Ui, kind: &kinds::Kind) -> egui::Response {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 30.0), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, theme.size.radius.control, theme.grounds.hover);
    }
    widgets::focus_ring(ui, &response);
    let inner = rect.shrink2(vec2(10.0, 0.0));
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    child.allocate_ui_with_layout(vec2(96.0, 30.0), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(96.0);
        ui.add(Label::new(RichText::new(kind.name).color(theme.texts.plain)));
    });
    child.add(Label::new(RichText::new(kind.help).small().color(theme.texts.muted)).truncate());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Add {} check", kind.name)));
    response
}

/// One check, at its place among how many.
fn card(
    ui: &mut Ui,
    (index, count): (usize, usize),
    check: &mut Check,
    data: &ExperimentData,
    state: &mut State,
) -> Option<Change> {
    let wrong = data.problems.iter().any(|(target, problem)| *target == Target::Check(index) && problem.is_error());
    let lead = state.lead == Some(Target::Check(index));
    if lead {
        state.open.insert(index);
    }
    let mut change = None;
    let response = ui.scope(|ui| {
        widgets::well(ui, |ui| {
            change = header(ui, (index, count), check, wrong, state);
            if state.open.contains(&index) {
                ui.add_space(4.0);
                check_form::show(ui, index, check, data, state);
                for (_, problem) in data.problems.iter().filter(|(target, _)| *target == Target::Check(index)) {
                    widgets::problems(ui, std::slice::from_ref(problem));
                }
            }
        });
    });
    if lead {
        response.response.scroll_to_me(Some(Align::Center));
    }
    change
}

/// One line that folds the card out and in, and the buttons of the card.
fn header(
    ui: &mut Ui,
    (index, count): (usize, usize),
    check: &Check,
    wrong: bool,
    state: &mut State,
) -> Option<Change> {
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 4.0 * (Theme::of(ui).size.control + 2.0) - 8.0).max(80.0);
        let open = state.open.contains(&index);
        let verb = if open { "Fold" } else { "Edit" };
        let name = format!("{verb} check {} {}", index + 1, kinds::name(&check.kind));
        if summary(ui, width, &name, check, open, wrong) {
            if open {
                state.open.remove(&index);
            } else {
                state.open.insert(index);
            }
        }
        ui.spacing_mut().item_spacing.x = 2.0;
        buttons(ui, index, count)
    })
    .inner
}

/// What the check asks, in one line that is one button. Returns whether it was pressed.
fn summary(ui: &mut Ui, width: f32, name: &str, check: &Check, open: bool, wrong: bool) -> bool {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, theme.size.control), Sense::click());
    widgets::focus_ring(ui, &response);
    let layout = Layout::left_to_right(Align::Center);
    let mut line = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
    line.shrink_clip_rect(rect);
    fold(&mut line, open, wrong);
    line.allocate_ui_with_layout(vec2(92.0, 24.0), layout, |ui| {
        ui.set_min_width(92.0);
        widgets::strong(ui, kinds::name(&check.kind));
    });
    if !check.metric.is_empty() && width > WITH_TAGS {
        widgets::tag(&mut line, theme.texts.muted, &check.metric);
    }
    if width > WITH_TAGS && (check.weight - 1.0).abs() > f64::EPSILON {
        widgets::tag(&mut line, theme.texts.muted, &format!("× {}", check.weight));
    }
    let summary = RichText::new(kinds::summary(check)).monospace().color(theme.texts.muted);
    line.add(Label::new(summary).truncate());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}

fn buttons(ui: &mut Ui, index: usize, count: usize) -> Option<Change> {
    let number = index + 1;
    let button = |ui: &mut Ui, enabled: bool, icon, name: String| {
        ui.add_enabled_ui(enabled, |ui| widgets::icon_button(ui, icon, &name).clicked()).inner
    };
    let mut change = None;
    if button(ui, index > 0, icons::ICON_ARROW_UPWARD, format!("Move check {number} up")) {
        change = Some(Change::Move(index, index - 1));
    }
    if button(ui, number < count, icons::ICON_ARROW_DOWNWARD, format!("Move check {number} down")) {
        change = Some(Change::Move(index, number));
    }
    if button(ui, true, icons::ICON_CONTENT_COPY, format!("Duplicate check {number}")) {
        change = Some(Change::Copy(index));
    }
    if button(ui, true, icons::ICON_DELETE, format!("Delete check {number}")) {
        change = Some(Change::Remove(index));
    }
    change
}

fn fold(ui: &mut Ui, open: bool, wrong: bool) {
    let theme = Theme::of(ui);
    let (icon, colour) = match (wrong, open) {
        (true, _) => (icons::ICON_ERROR, theme.tone(Tone::Fail).0),
        (false, true) => (icons::ICON_EXPAND_MORE, theme.texts.muted),
        (false, false) => (icons::ICON_CHEVRON_RIGHT, theme.texts.muted),
    };
    widgets::icon(ui, icon, colour);
}

fn apply(change: Change, checks: &mut Vec<Check>, state: &mut State) {
    // What is folded out is known by position, and positions change.
    let open = |state: &State, at: usize| state.open.contains(&at);
    state.schemas.clear();
    match change {
        Change::Remove(at) => {
            checks.remove(at);
            state.open = state.open.iter().filter(|one| **one != at).map(|one| one - usize::from(*one > at)).collect();
        }
        Change::Copy(at) => {
            checks.insert(at + 1, checks[at].clone());
            state.open = state.open.iter().map(|one| one + usize::from(*one > at)).collect();
            state.open.insert(at + 1);
        }
        Change::Move(from, to) if to < checks.len() => {
            checks.swap(from, to);
            let (first, second) = (open(state, from), open(state, to));
            for (at, is) in [(to, first), (from, second)] {
                if is {
                    state.open.insert(at);
                } else {
                    state.open.remove(&at);
                }
            }
        }
        Change::Move(..) => {}
    }
}
