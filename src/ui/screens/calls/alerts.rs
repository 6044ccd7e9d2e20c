//! The alerts with their causes, and the rules that raise them.

use egui::{Align, Layout, Ui};
use egui_material_icons::icons;

use super::data::{self, AlertCard};
use super::screen::{State, View};
use crate::domain::{Alert, AlertKey, AlertRule, AttemptState, CallFilter, CallQuery, CallSort};
use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

pub(super) fn show(session: &Session, alerts: &[Alert], state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let cards = data::cards(alerts, session.runs().recorded());
    widgets::page(ui, "alerts", |ui| {
        if cards.is_empty() {
            widgets::card(ui, |ui| {
                widgets::strong(ui, "No alert");
                widgets::muted(
                    ui,
                    "An alert is raised once for each condition below, while a run goes on and when an old one is opened.",
                );
            });
            ui.add_space(Theme::of(ui).size.space.s);
        }
        unseen(&cards, sender, ui);
        for card in &cards {
            card_ui(session, card, state, sender, ui);
        }
        rules(session, ui);
    });
}

/// How many nobody has seen, and one button for all of them.
fn unseen(cards: &[AlertCard], sender: &CommandSender, ui: &mut Ui) {
    let open: Vec<&AlertCard> = cards.iter().filter(|card| card.seen.is_none()).collect();
    if open.len() < 2 {
        return;
    }
    let words = format!("{} alerts that nobody has acknowledged", format::count(open.len() as u64));
    let button = format!("Acknowledge all {}", format::count(open.len() as u64));
    let mut all = false;
    widgets::ends(
        ui,
        "unseen",
        |ui| drop(widgets::muted(ui, &words)),
        |ui| {
            all = widgets::secondary(ui, Some(icons::ICON_DONE_ALL), &button).clicked();
        },
    );
    for card in open.into_iter().filter(|_| all) {
        sender.send(Command::Acknowledge(card.key.clone()));
    }
    ui.add_space(Theme::of(ui).size.space.s);
}

fn card_ui(session: &Session, card: &AlertCard, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    widgets::card(ui, |ui| {
        ui.horizontal(|ui| {
            let theme = Theme::of(ui);
            let (icon, tone) = match card.seen {
                Some(_) => (icons::ICON_CHECK_CIRCLE, Tone::Neutral),
                None => (icons::ICON_WARNING, Tone::Warning),
            };
            widgets::icon(ui, icon, theme.tone(tone).0);
            widgets::strong(ui, &card.title);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if card.seen.is_none() {
                    let response = widgets::secondary(ui, None, "Acknowledge");
                    if widgets::named(
                        response,
                        egui::Role::Button,
                        &format!("Acknowledge {} in run {}", card.title, card.key.run),
                    )
                    .clicked()
                    {
                        sender.send(Command::Acknowledge(card.key.clone()));
                    }
                }
                if let Some(filter) = calls_of(session, &card.key) {
                    let response = widgets::ghost(ui, None, "Show calls");
                    if widgets::named(
                        response,
                        egui::Role::Button,
                        &format!("Show calls of {} in run {}", card.title, card.key.run),
                    )
                    .clicked()
                    {
                        state.view = View::Log;
                        sender.send(Command::QueryCalls(CallQuery { filter, sort: CallSort::Newest }));
                    }
                }
            });
        });
        widgets::body(ui, &card.cause);
        widgets::small(ui, &card.about);
        if let Some(seen) = &card.seen {
            widgets::small(ui, seen);
        }
    });
    ui.add_space(Theme::of(ui).size.space.s);
}

/// The calls that met the condition, where a filter can tell them.
fn calls_of(session: &Session, key: &AlertKey) -> Option<CallFilter> {
    let rules = session.workspace().map(|workspace| &workspace.manifest.alerts)?;
    let of_model =
        CallFilter { run: Some(key.run.clone()), model: Some(key.subject.as_str().into()), ..CallFilter::default() };
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let latency = rules.latency_over_ms.map(|ms| ms as f64);
    Some(match key.rule {
        AlertRule::ErrorRate => CallFilter { state: Some(AttemptState::Failed), ..of_model },
        AlertRule::Latency => CallFilter { min_latency_ms: latency, ..of_model },
        AlertRule::Cost => CallFilter { min_cost: rules.cost_over, ..of_model },
        AlertRule::Retries | AlertRule::Validation => of_model,
        AlertRule::Budget => CallFilter { run: Some(key.run.clone()), ..CallFilter::default() },
        AlertRule::Success => return None,
    })
}

fn rules(session: &Session, ui: &mut Ui) {
    let Some(workspace) = session.workspace() else { return };
    let about = "They stand in `alerts` of workspace.ron; a limit of None switches a rule off.";
    widgets::section(
        ui,
        "What raises an alert",
        about,
        |_| {},
        |ui| {
            ui.spacing_mut().interact_size.y = 22.0;
            widgets::facts(ui, 240.0, |facts| {
                for (name, words) in data::rules(&workspace.manifest.alerts) {
                    facts.text(name, &words);
                }
            });
        },
    );
}
