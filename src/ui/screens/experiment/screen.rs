//! Draws the Experiment screen.

use egui::Ui;
use egui_material_icons::icons;

use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::widgets;

#[derive(Default)]
pub(in crate::ui) struct State;

pub(in crate::ui) fn show(_session: &Session, _state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let about = "An experiment says which variants meet which models on which cases, and how the answers are checked.";
    if widgets::empty(ui, icons::ICON_SCIENCE, "No experiment is chosen", about, Some("Go to Home")) {
        sender.send(Command::Go(Route::Home));
    }
}
