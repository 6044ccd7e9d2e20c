//! The endpoints of the run under way: what each can take, and what is wrong with it.

use egui::{Ui, vec2};

use super::data::{self, EndpointCard};
use crate::session::Session;
use crate::ui::theme::Theme;
use crate::ui::widgets::{self, Share};

pub(super) fn show(session: &Session, ui: &mut Ui) {
    widgets::page(ui, |ui| {
        let Some(run) = session.runs().live() else {
            widgets::card(ui, |ui| {
                widgets::strong(ui, "No run is under way");
                widgets::muted(
                    ui,
                    "While one is, its endpoints stand here: how many calls are in flight, whether one was stopped, and why.",
                );
            });
            return;
        };
        widgets::muted(
            ui,
            &format!("The run of {}, {} calls on the wire.", run.header.experiment, run.status.in_flight),
        );
        ui.add_space(Theme::of(ui).size.space.s);
        for health in &run.status.endpoints {
            card(&data::endpoint(health), ui);
        }
    });
}

fn card(endpoint: &EndpointCard, ui: &mut Ui) {
    widgets::card(ui, |ui| {
        ui.horizontal(|ui| {
            widgets::strong(ui, &endpoint.name);
            let (tone, word) = endpoint.state;
            widgets::pill(ui, tone, word);
        });
        ui.horizontal(|ui| {
            let (calls, most) = endpoint.load;
            let part = Share { amount: calls.into(), colour: Theme::of(ui).accent.plain };
            widgets::shares(ui, &format!("Load of {}", endpoint.name), most.into(), &[part], vec2(160.0, 8.0));
            widgets::small(ui, &format!("{calls} of {most} calls in flight"));
        });
        ui.spacing_mut().interact_size.y = 22.0;
        widgets::facts(ui, 104.0, |facts| {
            for (name, value) in &endpoint.facts {
                facts.text(name, value);
            }
        });
    });
    ui.add_space(Theme::of(ui).size.space.s);
}
