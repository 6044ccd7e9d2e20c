//! Draws the Release screen.

use egui::Ui;
use egui_material_icons::icons;

use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::widgets;

#[derive(Default)]
pub(in crate::ui) struct State;

pub(in crate::ui) fn show(_session: &Session, _state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let about = "A release freezes a prompt with the evidence of the run that showed it works.";
    if widgets::empty(ui, icons::ICON_ROCKET_LAUNCH, "No release yet", about, Some("Go to Build")) {
        sender.send(Command::Go(Route::Build));
    }
}
