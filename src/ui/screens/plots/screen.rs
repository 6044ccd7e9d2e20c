//! Draws the Plots screen.

use egui::Ui;
use egui_material_icons::icons;

use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::widgets;

#[derive(Default)]
pub(in crate::ui) struct State;

pub(in crate::ui) fn show(_session: &Session, _state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let about = "When an experiment has been run, its success, cost and latency are drawn here.";
    if widgets::empty(ui, icons::ICON_BAR_CHART, "No run to plot", about, Some("Go to Experiment")) {
        sender.send(Command::Go(Route::Experiment));
    }
}
