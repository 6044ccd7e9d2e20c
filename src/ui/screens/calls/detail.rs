//! One call in detail, and the way from it to its trial.

use egui::{Align, Frame, Layout, Margin, ScrollArea, Stroke, Ui};
use egui_material_icons::icons;

use super::data;
use super::screen::State;
use crate::domain::{CallFilter, CallQuery, CallRow};
use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets;

pub(super) fn show(session: &Session, call: &CallRow, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    Frame::new().inner_margin(Margin { left: 16, right: 12, top: 12, bottom: 8 }).show(ui, |ui| {
        ui.horizontal(|ui| {
            widgets::heading(ui, "Call");
            widgets::pill(ui, data::tone(call.state), call.word());
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if widgets::icon_button(ui, icons::ICON_CLOSE, "Close call").clicked() {
                    state.chosen = None;
                }
            });
        });
    });
    let line = ui.cursor().top();
    ui.painter().hline(ui.max_rect().x_range(), line, Stroke::new(1.0, Theme::of(ui).lines.border));
    ScrollArea::vertical().id_salt(("call", call.id)).auto_shrink(false).show(ui, |ui| {
        Frame::new().inner_margin(Margin { left: 16, right: 16, top: 12, bottom: 24 }).show(ui, |ui| {
            ui.set_width(ui.available_width());
            if let Some(error) = &call.error {
                widgets::error_panel(ui, &error.message, "");
                ui.add_space(8.0);
            }
            leads(session, call, sender, ui);
            ui.add_space(8.0);
            ui.spacing_mut().interact_size.y = 22.0;
            widgets::facts(ui, 104.0, |facts| {
                for (name, value) in data::facts(call) {
                    facts.text(name, &value);
                }
            });
        });
    });
}

fn leads(session: &Session, call: &CallRow, sender: &CommandSender, ui: &mut Ui) {
    let runs = session.runs();
    let known = runs.recorded().iter().any(|run| run.header.id == call.run)
        || runs.live().is_some_and(|live| live.header.id == call.run);
    ui.horizontal_wrapped(|ui| {
        if let Some(trial) = call.trial.filter(|_| known)
            && widgets::primary(ui, Some(icons::ICON_GRID_VIEW), "Show its trial").clicked()
        {
            sender.send(Command::OpenRun(call.run.clone()));
            sender.send(Command::Go(Route::Results));
            sender.send(Command::SelectTrial(Some(trial)));
        }
        let of_run = session.calls().query().filter.run.as_ref() == Some(&call.run);
        if !of_run && widgets::secondary(ui, None, "Calls of this run").clicked() {
            let filter = CallFilter { run: Some(call.run.clone()), ..CallFilter::default() };
            sender.send(Command::QueryCalls(CallQuery { filter, sort: session.calls().query().sort }));
        }
    });
    if !known {
        widgets::muted(ui, "This call was a try in Build: it belongs to no run of an experiment.");
    } else if call.trial.is_none() {
        widgets::muted(ui, "Its trial has not ended, or is not in the plan of its run any more.");
    }
}
