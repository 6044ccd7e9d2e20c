//! The endpoints of the run under way: what each can take, and what is wrong with it.

use egui::{Ui, vec2};
use egui_material_icons::icons;

use super::data::{self, EndpointCard, ModelLine};
use crate::engine::BreakerState;
use crate::session::{Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets::{self, Share};

pub(super) fn show(session: &Session, sender: &CommandSender, ui: &mut Ui) {
    let Some(run) = session.runs().live() else {
        let about = "While one is, its endpoints stand here: how many calls are in flight, what holds them back, whether \
                     one was stopped, and why.";
        if widgets::empty(ui, icons::ICON_DNS, "No run is under way", about, Some("Go to Experiment")) {
            sender.send(Command::Go(Route::Experiment));
        }
        return;
    };
    widgets::page(ui, "endpoints", |ui| {
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
            let allowed = endpoint.allowed.map(|allowed| format!(", {allowed} allowed now")).unwrap_or_default();
            widgets::small(ui, &format!("{calls} of {most} calls in flight{allowed}"));
        });
        ui.spacing_mut().interact_size.y = 22.0;
        widgets::facts(ui, 104.0, |facts| {
            for (name, value) in &endpoint.facts {
                facts.text(name, value);
            }
            for line in &endpoint.models {
                facts.row(&line.name, |ui| model(line, ui));
            }
        });
    });
    ui.add_space(Theme::of(ui).size.space.s);
}

/// A model's breaker by a sign of its own, in words, and what is left of its limits.
fn model(line: &ModelLine, ui: &mut Ui) {
    let (sign, word, tone) = match line.breaker {
        BreakerState::Closed => (icons::ICON_CHECK_CIRCLE, "Closed", Tone::Pass),
        BreakerState::Open { .. } => (icons::ICON_BLOCK, "Open", Tone::Errored),
        BreakerState::HalfOpen => (icons::ICON_PENDING, "Half-open", Tone::Warning),
    };
    let (colour, _) = Theme::of(ui).tone(tone);
    let left = line.left.as_ref().map(|left| format!(" · {left}")).unwrap_or_default();
    widgets::icon(ui, sign, colour);
    widgets::body(ui, &format!("{word}: {}{left}", line.words));
}
