//! Draws the Experiment screen: the definition at the left, what a run of it would be at the right.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::{Align, Frame, Layout, Margin, Panel, ScrollArea, Stroke, TextEdit, Ui, vec2};
use egui_material_icons::icons;

use super::checks::At;
use super::data::{self, ExperimentData, Target};
use super::json_field::Typed;
use super::{add_menu, cases, checks, dry, matrix, policy, rules, side};
use crate::domain::{Definition, DefinitionKey, Experiment, ExperimentId};
use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets;

/// Below this width what a run would be stands above its definition, not beside it.
const BESIDE: f32 = 760.0;

#[derive(Default)]
pub(in crate::ui) struct State {
    data: Option<(u64, ExperimentData)>,
    /// The experiment whose checks are folded out below.
    shown: Option<DefinitionKey>,
    /// Checks that are folded out, by their position.
    pub(super) open: BTreeSet<At>,
    /// A check that was added, and is to be seen when it is there.
    pub(super) added: Option<At>,
    /// JSON that is being typed.
    pub(super) typed: Typed,
    /// The menus of checks that can be added to the list, and to a set.
    pub(super) menu: add_menu::State,
    pub(super) set_menu: add_menu::State,
    /// Where a click on a problem leads, in the next frame.
    pub(super) lead: Option<Target>,
    pub(super) dry: dry::State,
    new: Option<New>,
}

/// A new experiment that is being named.
struct New {
    id: String,
    from: Option<Arc<Experiment>>,
}

pub(in crate::ui) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let (Some(data), Some(defined)) = (gathered(session, state), session.experiment()) else {
        nothing(ui, session, sender);
        return;
    };
    if state.shown.as_ref() != Some(&data.key) {
        *state = State { shown: Some(data.key.clone()), data: state.data.take(), ..State::default() };
    }
    let mut draft = (**defined).clone();
    let policy = draft.policy.as_ref().unwrap_or(&data.workspace_policy);
    if data.guardrails.is_none() && (policy.sanitise.on || policy.output.is_on()) {
        sender.send(Command::MeasureGuardrails);
    }
    let beside = ui.available_width() >= BESIDE;
    if beside {
        side_panel(ui, session, &data, state, sender);
    }
    definition(ui, session, &data, &mut draft, beside, state, sender);
    dry::show(ui, session, &mut state.dry);
    if draft != **defined {
        let definition = Some(Definition::Experiment(Arc::new(draft)));
        sender.send(Command::Edit { key: data.key.clone(), definition });
    }
    state.lead = None;
    state.data = Some((session.revision(), data));
}

/// Gathered anew only when something has changed.
fn gathered(session: &Session, state: &mut State) -> Option<ExperimentData> {
    let kept = state.data.take().filter(|(revision, _)| *revision == session.revision());
    kept.map(|(_, data)| data).or_else(|| data::gather(session))
}

fn nothing(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    let about = "An experiment says which variants meet which models on which cases, and how the answers are checked.";
    let can = session.project().is_some_and(|project| !project.variants.is_empty() && !project.datasets.is_empty());
    if can {
        if widgets::empty(ui, icons::ICON_SCIENCE, "No experiment yet", about, Some("New experiment")) {
            create(session, "first", None, sender);
        }
        return;
    }
    let about = format!("{about} It needs a variant of a prompt and a dataset first.");
    if widgets::empty(ui, icons::ICON_SCIENCE, "No experiment yet", &about, Some("Go to Build")) {
        sender.send(Command::Go(Route::Build));
    }
}

fn side_panel(ui: &mut Ui, session: &Session, data: &ExperimentData, state: &mut State, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let response = Panel::right("experiment ahead")
        .exact_size(336.0)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().fill(theme.grounds.surface))
        .show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                Frame::new().inner_margin(Margin::same(20)).show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    side::show(ui, session, data, state, sender);
                });
            });
        });
    let rect = response.response.rect;
    ui.painter().vline(rect.left() + 0.5, rect.y_range(), Stroke::new(1.0, theme.lines.border));
}

fn definition(
    ui: &mut Ui,
    session: &Session,
    data: &ExperimentData,
    draft: &mut Experiment,
    beside: bool,
    state: &mut State,
    sender: &CommandSender,
) {
    widgets::page(ui, "experiment", |ui| {
        head(ui, session, data, draft, state, sender);
        if !beside {
            widgets::card(ui, |ui| side::show(ui, session, data, state, sender));
            ui.add_space(Theme::of(ui).size.space.s);
        }
        lead_to(ui, state, |target| target == Target::Matrix, |ui, _| matrix::show(ui, data, draft, sender));
        lead_to(ui, state, |target| target == Target::Cases, |ui, _| cases::show(ui, data, draft, sender));
        checks::show(ui, data, draft, state);
        rules::pass(ui, draft);
        rules::budget(ui, draft);
        policy::show(ui, data, draft);
    });
}

/// Draws a part, and scrolls to it where a click on a problem leads there.
fn lead_to(ui: &mut Ui, state: &mut State, here: impl Fn(Target) -> bool, part: impl FnOnce(&mut Ui, &mut State)) {
    let (lead, top) = (state.lead.is_some_and(here), ui.cursor().top());
    part(ui, state);
    if lead {
        let whole = ui.min_rect();
        ui.scroll_to_rect(whole.with_min_y(top.min(whole.bottom())), Some(Align::Min));
    }
}

/// Title, note, and what can be done with the experiment as a whole.
fn head(
    ui: &mut Ui,
    session: &Session,
    data: &ExperimentData,
    draft: &mut Experiment,
    state: &mut State,
    sender: &CommandSender,
) {
    let theme = Theme::of(ui);
    ui.horizontal_top(|ui| {
        let buttons = 116.0;
        ui.vertical(|ui| {
            ui.set_width((ui.available_width() - buttons).max(160.0));
            ui.spacing_mut().item_spacing.y = 2.0;
            let title = TextEdit::singleline(&mut draft.title)
                .hint_text(data.id.as_str())
                .font(egui::FontId::proportional(theme.size.text.title))
                .frame(Frame::NONE)
                .desired_width(f32::INFINITY);
            let response = ui.add(title);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Title"));
            let note = TextEdit::multiline(&mut draft.note)
                .hint_text("A note: what this experiment is to find out")
                .text_color(theme.texts.muted)
                .desired_rows(1)
                .frame(Frame::NONE)
                .desired_width(f32::INFINITY);
            let response = ui.add(note);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Note"));
        });
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            if widgets::icon_button(ui, icons::ICON_DELETE, "Delete experiment").clicked() {
                sender.send(Command::Edit { key: data.key.clone(), definition: None });
            }
            if widgets::icon_button(ui, icons::ICON_CONTENT_COPY, "Duplicate experiment").clicked() {
                begin_new(session, state, &format!("{}-copy", data.id), session.experiment().cloned());
            }
            if widgets::icon_button(ui, icons::ICON_ADD, "New experiment").clicked() {
                begin_new(session, state, "experiment", None);
            }
        });
    });
    naming(ui, session, state, sender);
    ui.add_space(theme.size.space.s);
}

fn begin_new(session: &Session, state: &mut State, base: &str, from: Option<Arc<Experiment>>) {
    if let Some(project) = session.project() {
        state.new = Some(New { id: data::free_id(project, base), from });
    }
}

/// The name of a new experiment, while it is typed.
fn naming(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    let (Some(new), Some(project)) = (&mut state.new, session.project()) else { return };
    let mut done = false;
    widgets::well(ui, |ui| {
        let label = if new.from.is_some() { "Name of the copy" } else { "Name of the new experiment" };
        let response = widgets::field(ui, label, &mut new.id, "a-name-for-its-file");
        let wrong = data::wrong_id(project, &new.id);
        if let Some(wrong) = wrong {
            widgets::small(ui, wrong);
        }
        let enter = response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        ui.horizontal(|ui| {
            let create_it =
                ui.add_enabled_ui(wrong.is_none(), |ui| widgets::primary(ui, None, "Create")).inner.clicked();
            if (create_it || enter) && wrong.is_none() {
                create(session, &new.id, new.from.clone(), sender);
                done = true;
            }
            done |= widgets::ghost(ui, None, "Cancel").clicked();
        });
    });
    if done {
        state.new = None;
    }
}

fn create(session: &Session, id: &str, from: Option<Arc<Experiment>>, sender: &CommandSender) {
    let (Some(project), Some(workspace)) = (session.project(), session.workspace()) else { return };
    let Some(project_id) = session.selection().project.clone() else { return };
    let models = workspace.manifest.models.keys().cloned();
    let experiment = from.unwrap_or_else(|| Arc::new(data::blank(project, models)));
    let id = ExperimentId::from(id);
    let key = DefinitionKey::Experiment(project_id, id.clone());
    sender.send(Command::Edit { key, definition: Some(Definition::Experiment(experiment)) });
    sender.send(Command::SelectExperiment(id));
}

/// Fields beside each other, each as wide as it asks, with the same room between them.
pub(super) fn row(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    let space = Theme::of(ui).size.space;
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = vec2(space.l, space.s);
        ui.horizontal_wrapped(|ui| ui.with_layout(Layout::left_to_right(Align::Min).with_main_wrap(true), contents));
    });
}
