//! Draws Settings.

use std::collections::{BTreeMap, BTreeSet};

use egui::{Align, Grid, Layout, RichText, TextEdit, Ui, vec2};
use egui_material_icons::icons;
use secrecy::SecretString;

use super::data;
use crate::domain::{Capability, ModelId, SecretRef};
use crate::session::{Command, EndpointView, Session, Settings, ThemeChoice, Trust, TrustState};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets;

#[derive(Default)]
pub(in crate::ui) struct State {
    /// The name as it is being typed.
    name: Option<String>,
    /// Keys that are being typed, by keyring entry; emptied when they are sent.
    keys: BTreeMap<String, String>,
    /// Hosts typed to confirm that a vendor's key may go to a foreign one.
    hosts: BTreeMap<String, String>,
}

const SCALES: [(f32, &str); 5] = [(0.8, "80 %"), (1.0, "100 %"), (1.25, "125 %"), (1.5, "150 %"), (2.0, "200 %")];

pub(in crate::ui) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    widgets::page(ui, "settings", |ui| {
        let about = "Your own settings and keys stand outside every workspace.";
        widgets::page_title(ui, "Settings", about, |_| {});
        look(ui, session, state, sender);
        if session.workspace().is_some() {
            trust(ui, session, state, sender);
            endpoints(ui, session, state, sender);
            prices(ui, session);
        }
        shortcuts(ui);
    });
}

fn look(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    widgets::section(
        ui,
        "Look",
        "",
        |_| {},
        |ui| {
            let settings = session.settings();
            widgets::facts(ui, 120.0, |facts| {
                facts.row("Theme", |ui| {
                    let choices = ThemeChoice::ALL.map(|choice| (choice, choice.word()));
                    if let Some(theme) = widgets::segmented(ui, "Theme", settings.theme, &choices) {
                        sender.send(Command::SetTheme(theme));
                    }
                });
                facts.row("Your name", |ui| name(ui, settings, state, sender));
                facts.row("Text size", |ui| {
                    if let Some(scale) = widgets::segmented(ui, "Text size", settings.text_scale, &SCALES) {
                        sender.send(Command::SetTextScale(scale));
                    }
                });
            });
        },
    );
}

/// Stands under what a person does, such as acknowledging an alert.
fn name(ui: &mut Ui, settings: &Settings, state: &mut State, sender: &CommandSender) {
    let typed = state.name.get_or_insert_with(|| settings.name.clone());
    let size = Theme::of(ui).size;
    let edit = TextEdit::singleline(typed)
        .hint_text("someone")
        .desired_width(240.0)
        .margin(vec2(10.0, 7.0))
        .min_size(vec2(0.0, size.control));
    let response = ui.add(edit);
    widgets::focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Your name"));
    if response.changed() {
        sender.send(Command::SetName(typed.trim().to_owned()));
    }
}

fn trust(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    let trust = session.trust();
    let about = "Before you have granted it, nothing in this workspace reaches the network, a key or another folder.";
    let (tone, words) = match trust.state() {
        TrustState::NothingAsked => (Tone::Neutral, "Nothing asked"),
        TrustState::Granted => (Tone::Pass, "Granted"),
        TrustState::Asked => (Tone::Warning, "Not granted"),
        TrustState::Changed => (Tone::Warning, "Changed since you granted it"),
    };
    let badge = |ui: &mut Ui| {
        widgets::pill(ui, tone, words);
    };
    widgets::section(ui, "Trust in this workspace", about, badge, |ui| {
        if trust.asked().is_empty() {
            widgets::muted(ui, "It asks for nothing beyond its own folder.");
        }
        let is_replaced = |gone: &&Capability| trust.added().iter().any(|one| one.replaces(gone));
        for capability in trust.removed().iter().filter(|gone| !is_replaced(gone)) {
            widgets::muted(ui, &format!("No longer asked: {capability}."));
        }
        for capability in trust.asked() {
            let is_changed = trust.removed().iter().any(|gone| capability.replaces(gone));
            let mark = trust.added().contains(capability).then_some(if is_changed { "Changed" } else { "New" });
            capability_row(ui, capability, trust.granted().contains(capability), mark);
        }
        for capability in trust.granted().difference(trust.asked()) {
            capability_row(ui, capability, true, None);
        }
        let confirmed = foreign_hosts(ui, trust, state);
        if trust.asked().is_empty() && trust.granted().is_empty() {
            return;
        }
        ui.horizontal(|ui| {
            if matches!(trust.state(), TrustState::Asked | TrustState::Changed) {
                let grant = ui.add_enabled_ui(confirmed, |ui| {
                    widgets::primary(ui, Some(icons::ICON_VERIFIED_USER), "Grant all of this")
                });
                if grant.inner.clicked() {
                    let asked: BTreeSet<Capability> = trust.asked().clone();
                    sender.send(Command::Grant(asked));
                }
            }
            if !trust.granted().is_empty() && widgets::danger(ui, None, "Revoke").clicked() {
                sender.send(Command::Revoke);
            }
        });
    });
}

fn capability_row(ui: &mut Ui, capability: &Capability, granted: bool, mark: Option<&str>) {
    ui.horizontal(|ui| {
        let theme = Theme::of(ui);
        let (icon, tone) =
            if granted { (icons::ICON_CHECK_CIRCLE, Tone::Pass) } else { (icons::ICON_GPP_MAYBE, Tone::Warning) };
        widgets::icon(ui, icon, theme.tone(tone).0);
        if let Some(mark) = mark {
            widgets::pill(ui, Tone::Warning, mark);
        }
        widgets::body(ui, &sentence(&capability.to_string()));
    });
}

/// With a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Asks for the host's name where a vendor's key would go to somebody else. Returns whether each was typed.
fn foreign_hosts(ui: &mut Ui, trust: &Trust, state: &mut State) -> bool {
    let mut all = true;
    for (who, origin) in trust.strangers() {
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        let what = format!("The key of {who} would go to {host}, which is not that vendor's host.");
        widgets::error_panel(ui, &what, "Type the host below if that is what you want.");
        let typed = state.hosts.entry(origin.to_owned()).or_default();
        widgets::field(ui, &format!("Host for {who}"), typed, "");
        all &= typed.trim() == host;
    }
    all
}

fn endpoints(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    let about = "Keys stand in the environment or in the system's keyring, never in a file. Each goes to its one host.";
    widgets::section(
        ui,
        "Endpoints and keys",
        about,
        |_| {},
        |ui| {
            if session.trust().endpoints().is_empty() {
                widgets::muted(ui, "This workspace names no provider in workspace.ron.");
            }
            for (index, endpoint) in session.trust().endpoints().iter().enumerate() {
                if index > 0 {
                    ui.separator();
                }
                endpoint_ui(ui, endpoint, state, sender);
            }
        },
    );
}

fn endpoint_ui(ui: &mut Ui, endpoint: &EndpointView, state: &mut State, sender: &CommandSender) {
    ui.horizontal(|ui| {
        widgets::strong(ui, endpoint.id.as_str());
        if endpoint.scripted {
            widgets::pill(ui, Tone::Info, "Scripted, not a model");
        } else if endpoint.granted {
            widgets::pill(ui, Tone::Pass, "Granted");
        } else {
            widgets::pill(ui, Tone::Warning, "Not granted");
        }
    });
    widgets::facts(ui, 120.0, |facts| {
        let models: Vec<&str> = endpoint.models.iter().map(ModelId::as_str).collect();
        let models_text = models.join(", ");
        facts.text("Models", if models.is_empty() { "none" } else { &models_text });
        if !endpoint.scripted {
            facts.text("Sends to", endpoint.origin.as_deref().unwrap_or("an address that is none"));
            facts.text("Key", &data::key_words(endpoint));
        }
    });
    if let Some(SecretRef::Keyring(entry)) = &endpoint.key {
        key_form(ui, entry, endpoint.key_present == Some(true), state, sender);
    }
}

fn key_form(ui: &mut Ui, entry: &str, present: bool, state: &mut State, sender: &CommandSender) {
    let typed = state.keys.entry(entry.to_owned()).or_default();
    ui.horizontal_top(|ui| {
        let width = (ui.available_width() - 220.0).clamp(80.0, 360.0);
        ui.allocate_ui(vec2(width, 0.0), |ui| widgets::secret(ui, &format!("New key for {entry}"), typed));
        ui.vertical(|ui| {
            ui.add_space(18.0);
            ui.horizontal(|ui| {
                let some = !typed.trim().is_empty();
                if ui.add_enabled_ui(some, |ui| widgets::secondary(ui, None, "Store key")).inner.clicked() {
                    let secret = SecretString::from(std::mem::take(typed).trim().to_owned());
                    sender.send(Command::StoreKey { entry: entry.to_owned(), secret });
                }
                if present && widgets::danger(ui, None, "Delete key").clicked() {
                    sender.send(Command::DeleteKey { entry: entry.to_owned() });
                }
            });
        });
    });
}

fn prices(ui: &mut Ui, session: &Session) {
    let rows = data::prices(session);
    if rows.is_empty() {
        return;
    }
    let about = "US dollars per million tokens. A price in workspace.ron stands before the bundled table.";
    widgets::section(
        ui,
        "Prices",
        about,
        |_| {},
        |ui| {
            ui.spacing_mut().interact_size.y = 20.0;
            Grid::new("prices").num_columns(4).striped(false).spacing([24.0, 6.0]).show(ui, |ui| {
                let heads = ["Model", "Input", "Output", "From"];
                for (index, head) in heads.into_iter().enumerate() {
                    let colour = Theme::of(ui).texts.muted;
                    let layout = if (1..=2).contains(&index) { right() } else { left() };
                    ui.with_layout(layout, |ui| ui.label(RichText::new(head).small().color(colour)));
                }
                ui.end_row();
                for row in rows {
                    ui.label(&row.model);
                    let amount = |pick: fn(&crate::domain::Price) -> crate::domain::Usd| {
                        row.price.as_ref().map_or_else(|| "—".to_owned(), |price| pick(price).to_string())
                    };
                    ui.with_layout(right(), |ui| ui.label(amount(|price| price.input)));
                    ui.with_layout(right(), |ui| ui.label(amount(|price| price.output)));
                    widgets::small(ui, &row.from);
                    ui.end_row();
                }
            });
        },
    );
}

fn left() -> Layout {
    Layout::left_to_right(Align::Center)
}

fn right() -> Layout {
    Layout::right_to_left(Align::Center)
}

fn shortcuts(ui: &mut Ui) {
    widgets::section(
        ui,
        "Shortcuts",
        "",
        |_| {},
        |ui| {
            widgets::facts(ui, 200.0, |facts| {
                for (name, keys) in data::shortcuts() {
                    facts.text(&keys, &name);
                }
            });
        },
    );
}
