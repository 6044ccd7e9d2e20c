//! Draws the Data screen.

use egui::Ui;
use egui_material_icons::icons;

use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::widgets;

#[derive(Default)]
pub(in crate::ui) struct State;

pub(in crate::ui) fn show(_session: &Session, _state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let about = "A dataset holds the cases that a prompt is tried on, and what is right for each.";
    if widgets::empty(ui, icons::ICON_DATABASE, "No dataset is chosen", about, Some("Go to Home")) {
        sender.send(Command::Go(Route::Home));
    }
}
