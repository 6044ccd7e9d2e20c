//! The only thing that a screen may do to the session: send it a command.

use std::sync::mpsc;

use egui::Context;

use crate::session::Command;

/// Sends commands that the next frame's `logic` applies. Cheap to clone; works from any thread.
#[derive(Clone)]
pub struct CommandSender {
    sender: mpsc::Sender<Command>,
    ctx: Context,
}

impl CommandSender {
    pub(super) fn new(ctx: Context) -> (Self, mpsc::Receiver<Command>) {
        let (sender, receiver) = mpsc::channel();
        (Self { sender, ctx }, receiver)
    }

    pub fn send(&self, command: Command) {
        // Nobody receives when the window is closing, and then nothing is to be done.
        if self.sender.send(command).is_ok() {
            self.ctx.request_repaint();
        }
    }
}
