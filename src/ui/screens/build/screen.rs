//! Draws the Build screen.

use egui::Ui;
use egui_material_icons::icons;

use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::widgets;

#[derive(Default)]
pub(in crate::ui) struct State;

pub(in crate::ui) fn show(_session: &Session, _state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let about =
        "A prompt is a stack of layers. Choose one from the list at the top, or go Home to open another workspace.";
    if widgets::empty(ui, icons::ICON_LAYERS, "No prompt is chosen", about, Some("Go to Home")) {
        sender.send(Command::Go(Route::Home));
    }
}
