//! Puts the screen together, and remembers what only it knows.

use egui::{CentralPanel, Frame, Margin, Panel, Ui};
use egui_material_icons::icons;

use super::export::Asking;
use super::filter::{self, FilterState};
use super::{alerts, data, detail, export, health, spend, table};
use crate::domain::{Alert, CallRow};
use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum View {
    #[default]
    Log,
    Alerts,
    Spend,
    Endpoints,
}

/// The call that is shown in detail, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub index: u64,
    pub call: CallRow,
}

#[derive(Default)]
pub(in crate::ui) struct State {
    pub(super) view: View,
    pub(super) filter: FilterState,
    pub(super) chosen: Option<Chosen>,
    pub(super) page: u64,
    /// The session's pages that were in sight last.
    pub(super) in_sight: Vec<u64>,
    exporting: Option<Asking>,
}

pub(in crate::ui) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let alerts = session.alerts();
    let Some(recorded) = session.calls().recorded() else {
        reading(ui);
        return;
    };
    if recorded == 0 && alerts.is_empty() && session.runs().live().is_none() {
        let about = "Every call to a model stands here when it is made: when, to whom, how long it took, what it cost, \
                     and how it failed. Alerts and what was spent stand beside.";
        if widgets::empty(ui, icons::ICON_RECEIPT_LONG, "No call yet", about, Some("Go to Experiment")) {
            sender.send(Command::Go(Route::Experiment));
        }
        return;
    }
    head(session, &alerts, state, sender, ui);
    match state.view {
        View::Log => log(session, state, sender, ui),
        View::Alerts => alerts::show(session, &alerts, state, sender, ui),
        View::Spend => spend::show(session, sender, ui),
        View::Endpoints => health::show(session, sender, ui),
    }
    if let Some(asking) = &mut state.exporting
        && !export::ask(ui.ctx(), session, asking, sender)
    {
        state.exporting = None;
    }
}

fn reading(ui: &mut Ui) {
    ui.vertical_centered(|ui| {
        ui.add_space(ui.available_height() * 0.35);
        widgets::progress(ui, "Reading the call log", None, 160.0);
        widgets::muted(ui, "Reading the call log…");
    });
}

fn head(session: &Session, alerts: &[Alert], state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let side = Theme::of(ui).size.space.l;
    #[expect(clippy::cast_possible_truncation, reason = "a margin of a few points")]
    let margin = Margin { left: side as i8, right: side as i8, top: 12, bottom: 8 };
    Panel::top("calls head").frame(Frame::new().inner_margin(margin)).show_separator_line(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 8.0;
        let mut export = false;
        // Sums are of the calls that the filters ask for; the other views show all.
        let sums = session.calls().sums().filter(|_| state.view == View::Log);
        widgets::ends(
            ui,
            "calls",
            |ui| views(alerts, state, ui),
            |ui| {
                export = widgets::secondary(ui, Some(icons::ICON_UPLOAD), "Export…").clicked();
                if let Some(sums) = sums {
                    widgets::small(ui, &data::summary(sums));
                }
            },
        );
        if let Some(workspace) = session.workspace().filter(|_| export) {
            state.exporting = Some(Asking::new(&workspace.root));
        }
        if state.view == View::Log {
            filter::show(session, &mut state.filter, sender, ui);
        }
    });
}

fn views(alerts: &[Alert], state: &mut State, ui: &mut Ui) {
    let open = data::open_alerts(alerts);
    let alerts = if open > 0 { format!("Alerts {open}") } else { "Alerts".to_owned() };
    let choices =
        [(View::Log, "Log"), (View::Alerts, alerts.as_str()), (View::Spend, "Spend"), (View::Endpoints, "Endpoints")];
    if let Some(view) = widgets::segmented(ui, "View", state.view, &choices) {
        state.view = view;
    }
}

fn log(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    if let Some(call) = state.chosen.as_ref().map(|chosen| chosen.call.clone()) {
        let frame = Frame::new().fill(Theme::of(ui).grounds.surface).inner_margin(Margin::same(0));
        let most = (ui.available_width() - 320.0).max(300.0);
        Panel::right("call").frame(frame).default_size(380.0).size_range(300.0..=most).show(ui, |ui| {
            detail::show(session, &call, state, sender, ui);
        });
    }
    CentralPanel::default().frame(Frame::new()).show(ui, |ui| table::show(session, state, sender, ui));
}
