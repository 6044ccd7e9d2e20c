//! The bottom bar: what runs, what it spends, whether edits are saved, trust, notices.

use egui::{Align, Frame, Layout, Margin, Panel, Popup, RichText, Role, Stroke, TextStyle, Ui, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons;

use super::notices;
use crate::engine::{BreakerState, EndpointHealth};
use crate::session::{Command, Route, RunView, Session, TrustState};
use crate::ui::format;
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets::{self, Share};

/// Below this width of the bar, trust and unsaved edits are icons with their words as tips.
const WITH_WORDS: f32 = 560.0;
/// Room for the two buttons of a run.
const BUTTONS: f32 = 80.0;

pub(super) fn show(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let response = Panel::bottom("bottom")
        .exact_size(theme.size.bottom_bar)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().fill(theme.grounds.rail).inner_margin(Margin::symmetric(12, 0)))
        .show(ui, |ui| {
            ui.spacing_mut().interact_size.y = 24.0;
            let with_words = ui.available_width() >= WITH_WORDS;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                notice_bell(ui, session, sender);
                if session.workspace().is_some() {
                    trust(ui, session, with_words, sender);
                    saved(ui, session, with_words);
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    if let Some(run) = session.runs().live() {
                        held_back(ui, &run.status.endpoints, with_words, sender);
                        running(ui, &run, sender);
                    }
                    jobs(ui, session);
                });
            });
        });
    let rect = response.response.rect;
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, theme.lines.border));
}

/// Endpoints that take no calls now; leads to more about them.
fn held_back(ui: &mut Ui, endpoints: &[EndpointHealth], with_words: bool, sender: &CommandSender) {
    let troubles: Vec<Trouble> = endpoints.iter().filter_map(trouble).collect();
    let Some(first) = troubles.first() else { return };
    let shown = if with_words { first.word } else { "" };
    let response = widgets::named(chip(ui, icons::ICON_WARNING, shown, Tone::Warning), Role::Button, first.word);
    let tip: Vec<&str> = troubles.iter().map(|trouble| trouble.sentence.as_str()).collect();
    if response.on_hover_text(tip.join("\n")).clicked() {
        sender.send(Command::Go(Route::Calls));
    }
}

/// Why an endpoint takes no calls now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trouble {
    word: &'static str,
    sentence: String,
}

fn trouble(endpoint: &EndpointHealth) -> Option<Trouble> {
    let id = &endpoint.id;
    if endpoint.stopped {
        let sentence = format!("{id} is stopped: every further call would fail the same way.");
        return Some(Trouble { word: "Endpoint stopped", sentence });
    }
    if let Some(left) = endpoint.paused {
        let sentence = format!("{id} asked for a pause, {} of it left.", format::duration(left));
        return Some(Trouble { word: "Endpoint paused", sentence });
    }
    endpoint.models.iter().find_map(|model| {
        let name = &model.model;
        let sentence = match model.breaker {
            BreakerState::Closed => return None,
            BreakerState::Open { left } => {
                format!("{name} at {id} fails too often: tried again in {}.", format::duration(left))
            }
            BreakerState::HalfOpen => format!("{name} at {id} failed too often: a few calls try whether it is well."),
        };
        Some(Trouble { word: "Breaker open", sentence })
    })
}

/// Progress with time left, and spend against budget.
fn running(ui: &mut Ui, run: &RunView<'_>, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let totals = run.totals;
    #[expect(clippy::cast_precision_loss, reason = "shares of a bar")]
    let parts = [
        (totals.passed, theme.verdicts.pass.plain),
        (totals.failed, theme.verdicts.fail.plain),
        (totals.unscored, theme.verdicts.unscored.plain),
        (totals.errored, theme.verdicts.errored.plain),
    ]
    .map(|(amount, colour)| Share { amount: amount as f64, colour });
    let spend = match run.budget {
        Some(budget) => format!("{} of {budget}", totals.spent),
        None => format!("{} spent", totals.spent),
    };
    let left = run.left.map(|left| format!("{} left", format::duration(left)));
    let facts = [Some(format!("{} of {} trials", format::count(totals.ended()), format::count(run.total))), left];
    let facts: Vec<String> = facts.into_iter().flatten().chain([spend]).collect();
    let room = ui.available_width() - BUTTONS;
    let bar = (room * 0.3).clamp(32.0, 160.0);
    #[expect(clippy::cast_precision_loss, reason = "shares of a bar")]
    let bar = widgets::shares(ui, "Run progress", run.total as f64, &parts, vec2(bar, 8.0));
    // What there is no room for is told by the bar's tip.
    bar.on_hover_text(facts.join(" · "));
    let mut room = ui.available_width() - BUTTONS;
    for fact in &facts {
        room -= widgets::width_of(ui, fact, &TextStyle::Small) + ui.spacing().item_spacing.x;
        if room >= 0.0 {
            widgets::small(ui, fact);
        }
    }
    let (icon, name, command) = if run.paused {
        (icons::ICON_PLAY_ARROW, "Continue the run", Command::ContinueRun)
    } else {
        (icons::ICON_PAUSE, "Pause the run", Command::PauseRun)
    };
    if widgets::icon_button(ui, icon, name).clicked() {
        sender.send(command);
    }
    if widgets::icon_button(ui, icons::ICON_STOP, "Cancel the run").clicked() {
        sender.send(Command::CancelRun);
    }
}

fn jobs(ui: &mut Ui, session: &Session) {
    if let Some(job) = session.jobs().running().first() {
        #[expect(clippy::cast_precision_loss, reason = "share of a bar")]
        let done = job.progress.map(|(done, total)| done as f32 / total as f32);
        let room = ui.available_width();
        if room > 24.0 {
            widgets::progress(ui, &job.name, done, room.min(96.0)).on_hover_text(&job.name);
        }
        if widgets::width_of(ui, &job.name, &TextStyle::Small) < room - 112.0 {
            widgets::small(ui, &job.name);
        }
    }
}

fn saved(ui: &mut Ui, session: &Session, with_words: bool) {
    let theme = Theme::of(ui);
    let text = match session.unsaved() {
        0 => return,
        1 => "1 unsaved edit".to_owned(),
        more => format!("{more} unsaved edits"),
    };
    if with_words {
        ui.label(RichText::new(text).small().color(theme.texts.muted));
    } else {
        let sign = widgets::icon(ui, icons::ICON_EDIT, theme.texts.muted);
        widgets::named(sign, Role::Label, &text).on_hover_text(text);
    }
}

fn trust(ui: &mut Ui, session: &Session, with_words: bool, sender: &CommandSender) {
    let (icon, text, tone) = match session.trust().state() {
        TrustState::NothingAsked => (icons::ICON_VERIFIED_USER, "Offline", Tone::Neutral),
        TrustState::Granted => (icons::ICON_VERIFIED_USER, "Trusted", Tone::Pass),
        TrustState::Asked => (icons::ICON_GPP_MAYBE, "Not trusted", Tone::Warning),
        TrustState::Changed => (icons::ICON_GPP_MAYBE, "Trust to review", Tone::Warning),
    };
    let help = match session.trust().state() {
        TrustState::NothingAsked => "This workspace reaches nothing outside its folder.",
        TrustState::Granted => "What this workspace asks for was granted. See Settings.",
        TrustState::Asked => {
            "This workspace asks to reach outside its folder. Nothing leaves before it is granted in Settings."
        }
        TrustState::Changed => {
            "This workspace asks for something else than you granted. Nothing leaves before you have seen the difference in Settings."
        }
    };
    let shown = if with_words { text } else { "" };
    let response = widgets::named(chip(ui, icon, shown, tone), Role::Button, text);
    if response.on_hover_text(format!("{text}. {help}")).clicked() {
        sender.send(Command::Go(Route::Settings));
    }
}

fn notice_bell(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    let count = session.notices().iter().len();
    let text = if count == 0 { String::new() } else { count.to_string() };
    let response = widgets::named(chip(ui, icons::ICON_NOTIFICATIONS, &text, Tone::Neutral), Role::Button, "Notices");
    let width = (ui.ctx().content_rect().width() - 40.0).min(380.0);
    Popup::menu(&response).width(width).show(|ui| notices::list(ui, session, sender));
}

fn chip(ui: &mut Ui, icon: MaterialIcon, text: &str, tone: Tone) -> egui::Response {
    let theme = Theme::of(ui);
    let (colour, _) = theme.tone(tone);
    let icon = icon.rich_text().size(16.0).color(colour);
    let words = RichText::new(text).small().color(colour);
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(6.0, 2.0);
        let button = if text.is_empty() { egui::Button::new(icon) } else { egui::Button::new((icon, words)) };
        ui.add(button.frame_when_inactive(false))
    });
    response.inner
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::{Left, ModelHealth};

    #[test]
    fn an_endpoint_that_takes_no_calls_is_told() {
        let endpoint = |stopped, paused, breaker| EndpointHealth {
            id: "acme".into(),
            origin: String::new(),
            in_flight: 0,
            limit: 4,
            allowed: 4,
            paused,
            latency_ms: None,
            models: vec![ModelHealth { model: "swift".to_owned(), breaker, left: Left::default() }],
            stopped,
            last_error: None,
        };
        let check = |health: EndpointHealth, expect: Option<&str>| {
            assert_eq!(trouble(&health).map(|trouble| trouble.word), expect);
        };
        let open = BreakerState::Open { left: Duration::from_secs(9) };
        check(endpoint(false, None, BreakerState::Closed), None);
        check(endpoint(false, None, open), Some("Breaker open"));
        check(endpoint(false, Some(Duration::from_secs(5)), open), Some("Endpoint paused"));
        check(endpoint(true, None, BreakerState::Closed), Some("Endpoint stopped"));
        let told = trouble(&endpoint(false, None, open)).map(|trouble| trouble.sentence);
        assert_eq!(told.as_deref(), Some("swift at acme fails too often: tried again in 9 s."));
    }
}
