//! What stands around every screen: rail, top bar, bottom bar, palette, notices.

mod bottom;
mod notices;
mod palette;
mod rail;
mod top;

use egui::{CentralPanel, Frame, Ui};

use super::screens::Screens;
use super::sender::CommandSender;
use super::theme::Theme;
use crate::session::Session;

/// What only the shell knows.
#[derive(Default)]
pub(super) struct ShellState {
    palette: palette::PaletteState,
}

/// Draws the whole window.
pub(super) fn show(
    ui: &mut Ui,
    session: &Session,
    state: &mut ShellState,
    screens: &mut Screens,
    sender: &CommandSender,
) {
    rail::show(ui, session, sender);
    top::show(ui, session, sender);
    bottom::show(ui, session, sender);
    let canvas = Theme::of(ui).grounds.canvas;
    CentralPanel::default().frame(Frame::new().fill(canvas)).show(ui, |ui| screens.show(ui, session, sender));
    notices::show(ui, session, sender);
    palette::show(ui, session, &mut state.palette, sender);
}
