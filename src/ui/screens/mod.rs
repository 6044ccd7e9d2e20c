//! One folder per screen: `data.rs` gathers a plain value out of the session, `screen.rs` draws it and sends commands.

mod build;
mod calls;
mod data;
mod experiment;
mod home;
mod plots;
mod release;
mod results;
mod settings;

use egui::Ui;

use super::sender::CommandSender;
use crate::session::{Route, Session};

/// What each screen remembers by itself: what is folded, scrolled, half typed. Nothing that would be missed.
#[derive(Default)]
pub(super) struct Screens {
    home: home::State,
    build: build::State,
    data: data::State,
    experiment: experiment::State,
    results: results::State,
    plots: plots::State,
    release: release::State,
    calls: calls::State,
    settings: settings::State,
}

impl Screens {
    /// Draws the screen that the session is on.
    pub fn show(&mut self, ui: &mut Ui, session: &Session, sender: &CommandSender) {
        match session.route() {
            Route::Home => home::show(session, &mut self.home, sender, ui),
            Route::Build => build::show(session, &mut self.build, sender, ui),
            Route::Data => data::show(session, &mut self.data, sender, ui),
            Route::Experiment => experiment::show(session, &mut self.experiment, sender, ui),
            Route::Results => results::show(session, &mut self.results, sender, ui),
            Route::Plots => plots::show(session, &mut self.plots, sender, ui),
            Route::Release => release::show(session, &mut self.release, sender, ui),
            Route::Calls => calls::show(session, &mut self.calls, sender, ui),
            Route::Settings => settings::show(session, &mut self.settings, sender, ui),
        }
    }
}
