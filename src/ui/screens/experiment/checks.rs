//! The checks as a list of cards: folded they tell what they ask, unfolded they are forms. A set is a list in a card.

use std::collections::BTreeSet;

use egui::{Align, Label, Layout, RichText, Role, Sense, Ui, WidgetInfo};
use egui_material_icons::icons;

use super::data::{ExperimentData, Target};
use super::screen::State;
use super::{add_menu, check_form, kinds};
use crate::domain::{Check, CheckKind, Experiment};
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

/// The width from which a folded check shows its metric and its weight.
const WITH_TAGS: f32 = 380.0;
/// Points that a check's name takes at least.
const NAME: f32 = 92.0;

/// Where a check stands: in the list, or in the set at this place of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    set: Option<usize>,
    index: usize,
}

impl At {
    pub const fn list(index: usize) -> Self {
        Self { set: None, index }
    }

    /// `3`, or `3.1` for the first of the set at 3.
    fn number(self) -> String {
        match self.set {
            Some(set) => format!("{}.{}", set + 1, self.index + 1),
            None => (self.index + 1).to_string(),
        }
    }

    /// Where it stands after the checks of a list (of a set, where one is given) have moved.
    fn moved(self, set: Option<usize>, to: impl Fn(usize) -> Option<usize>) -> Option<Self> {
        match (set, self.set) {
            (None, Some(inside)) => Some(Self { set: Some(to(inside)?), ..self }),
            _ if set == self.set => Some(Self { index: to(self.index)?, ..self }),
            _ => Some(self),
        }
    }
}

/// What is to be done to a list once it has been drawn.
#[derive(Clone, Copy)]
enum Change {
    Remove(usize),
    Copy(usize),
    Move(usize, usize),
}

pub(super) fn show(ui: &mut Ui, data: &ExperimentData, draft: &mut Experiment, state: &mut State) {
    let about = "What an answer must be. Each check gives a score from 0 to 1 and counts by its weight.";
    let mut added = None;
    let mut menu = std::mem::take(&mut state.menu);
    widgets::section(
        ui,
        "Checks",
        about,
        |ui| added = add_menu::show(ui, "Add check", true, data, &mut menu),
        |ui| {
            if data.own_checks {
                widgets::muted(
                    ui,
                    "Cases of the dataset have checks of their own as well; Data shows them case by case.",
                );
            } else if draft.checks.is_empty() {
                widgets::muted(
                    ui,
                    "Without a check every trial is unscored: answers, cost and time are still recorded.",
                );
            }
            list(ui, None, &mut draft.checks, data, state);
        },
    );
    state.menu = menu;
    if let Some(check) = added {
        state.added = Some(At::list(draft.checks.len()));
        draft.checks.push(check);
    }
}

fn list(ui: &mut Ui, set: Option<usize>, checks: &mut Vec<Check>, data: &ExperimentData, state: &mut State) {
    let (mut change, count) = (None, checks.len());
    for (index, check) in checks.iter_mut().enumerate() {
        ui.push_id(("check", index), |ui| {
            change = card(ui, At { set, index }, count, check, data, state).or(change.take());
        });
    }
    if let Some(change) = change {
        apply(change, set, checks, state);
    }
}

/// One check, at its place among so many.
fn card(
    ui: &mut Ui,
    at: At,
    count: usize,
    check: &mut Check,
    data: &ExperimentData,
    state: &mut State,
) -> Option<Change> {
    let target = Target::Check(at.index);
    let mine = || data.problems.iter().filter(|(of, _)| at.set.is_none() && *of == target);
    let wrong = mine().any(|(_, problem)| problem.is_error());
    let added = state.added == Some(at);
    if added {
        state.added = None;
    }
    let lead = added || (at.set.is_none() && state.lead == Some(target));
    if lead {
        state.open.insert(at);
    }
    let mut change = None;
    let response = ui.scope(|ui| {
        boxed(ui, at, |ui| {
            change = header(ui, at, count, check, wrong, state);
            if state.open.contains(&at) {
                ui.add_space(4.0);
                check_form::show(ui, check, data, state);
                if let CheckKind::Set(set) = &mut check.kind {
                    members(ui, at.index, &mut set.checks, data, state);
                }
                for (_, problem) in mine() {
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

/// A check of a set stands on the ground of a card, inside its set's.
fn boxed(ui: &mut Ui, at: At, contents: impl FnOnce(&mut Ui)) {
    if at.set.is_none() { widgets::well(ui, contents) } else { widgets::card(ui, contents) }
}

/// The checks of a set, which holds no further sets.
fn members(ui: &mut Ui, set: usize, checks: &mut Vec<Check>, data: &ExperimentData, state: &mut State) {
    ui.add_space(4.0);
    list(ui, Some(set), checks, data, state);
    let mut menu = std::mem::take(&mut state.set_menu);
    let name = format!("Add check to set {}", set + 1);
    if let Some(check) = add_menu::show(ui, &name, false, data, &mut menu) {
        state.added = Some(At { set: Some(set), index: checks.len() });
        checks.push(check);
    }
    state.set_menu = menu;
}

/// One line that folds the card out and in, and the buttons of the card.
fn header(ui: &mut Ui, at: At, count: usize, check: &Check, wrong: bool, state: &mut State) -> Option<Change> {
    ui.horizontal(|ui| {
        let width = (ui.available_width() - 4.0 * (Theme::of(ui).size.control + 2.0) - 8.0).max(80.0);
        let open = state.open.contains(&at);
        let verb = if open { "Fold" } else { "Edit" };
        let name = format!("{verb} check {} {}", at.number(), kinds::name(&check.kind));
        if summary(ui, width, &name, check, open, wrong) {
            if open {
                state.open.remove(&at);
            } else {
                state.open.insert(at);
            }
        }
        ui.spacing_mut().item_spacing.x = 2.0;
        buttons(ui, at, count)
    })
    .inner
}

/// What the check asks, in one line that is one button. Returns whether it was pressed.
fn summary(ui: &mut Ui, width: f32, name: &str, check: &Check, open: bool, wrong: bool) -> bool {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(egui::vec2(width, theme.size.control), Sense::click());
    widgets::focus_ring(ui, &response);
    let layout = Layout::left_to_right(Align::Center);
    let mut line = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(layout));
    line.shrink_clip_rect(rect);
    fold(&mut line, open, wrong);
    let title = kinds::name(&check.kind);
    // Names of one width stand below each other; a longer one is cut only where there is no room for it.
    let wide = widgets::width_of(&line, title, &egui::TextStyle::Body) + 2.0;
    let wide = wide.clamp(NAME, (width * 0.5).max(NAME));
    line.allocate_ui_with_layout(egui::vec2(wide, 24.0), layout, |ui| {
        ui.set_min_width(wide);
        widgets::strong(ui, title);
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

fn buttons(ui: &mut Ui, at: At, count: usize) -> Option<Change> {
    let (index, number) = (at.index, at.number());
    let button = |ui: &mut Ui, enabled: bool, icon, name: String| {
        ui.add_enabled_ui(enabled, |ui| widgets::icon_button(ui, icon, &name).clicked()).inner
    };
    let mut change = None;
    if button(ui, index > 0, icons::ICON_ARROW_UPWARD, format!("Move check {number} up")) {
        change = Some(Change::Move(index, index - 1));
    }
    if button(ui, index + 1 < count, icons::ICON_ARROW_DOWNWARD, format!("Move check {number} down")) {
        change = Some(Change::Move(index, index + 1));
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

/// What is folded out is known by position, and positions change.
fn apply(change: Change, set: Option<usize>, checks: &mut Vec<Check>, state: &mut State) {
    state.typed.clear();
    match change {
        Change::Remove(at) => {
            checks.remove(at);
            state.open = moved(&state.open, set, |one| (one != at).then(|| one - usize::from(one > at)));
        }
        Change::Copy(at) => {
            checks.insert(at + 1, checks[at].clone());
            state.open = moved(&state.open, set, |one| Some(one + usize::from(one > at)));
            state.open.insert(At { set, index: at + 1 });
        }
        Change::Move(from, to) if to < checks.len() => {
            checks.swap(from, to);
            state.open = moved(&state.open, set, |one| match one {
                _ if one == from => Some(to),
                _ if one == to => Some(from),
                _ => Some(one),
            });
        }
        Change::Move(..) => {}
    }
}

fn moved(open: &BTreeSet<At>, set: Option<usize>, to: impl Fn(usize) -> Option<usize>) -> BTreeSet<At> {
    open.iter().filter_map(|at| at.moved(set, &to)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_folded_out_moves_with_its_check_and_its_set() {
        let inside = |set, index| At { set: Some(set), index };
        let open = BTreeSet::from([At::list(0), At::list(2), inside(2, 1)]);
        let without_first = moved(&open, None, |one| one.checked_sub(1));
        assert_eq!(without_first, BTreeSet::from([At::list(1), inside(1, 1)]));
        let swapped = moved(&open, Some(2), |one| Some(1 - one));
        assert_eq!(swapped, BTreeSet::from([At::list(0), At::list(2), inside(2, 0)]));
        assert_eq!((At::list(2).number(), inside(2, 0).number()), ("3".to_owned(), "3.1".to_owned()));
    }
}
