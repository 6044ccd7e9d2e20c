//! The form of each guard.

use egui::{Separator, Ui, vec2};

use super::policy::ticks;
use super::screen::row;
use crate::domain::{
    BreakerPolicy, CachePolicy, FallbackPolicy, LimitPolicy, ModelId, OutputAction, OutputPolicy, PiiKind,
    RepairPolicy, RetryPolicy, SanitiseAction, SanitisePolicy, SanitiseScope, StandInModel, Strategy, Timeouts, Usd,
};
use crate::ui::format;
use crate::ui::theme::Theme;
use crate::ui::widgets::{self, Amount};

pub(super) const FIELD: f32 = 168.0;
/// Points that a guard's name takes.
const HEAD: f32 = 20.0;
/// Points that a list's arrow and the room around its words take.
const ARROW: f32 = 56.0;

/// A guard's name and what it is for, with a switch where it can be off; its numbers show while it is on.
pub(super) fn guard(ui: &mut Ui, name: &str, about: &str, on: Option<&mut bool>, numbers: impl FnOnce(&mut Ui)) {
    let space = Theme::of(ui).size.space;
    ui.add(Separator::default().spacing(space.l));
    super::lead::arrive(ui, name);
    let mut shown = true;
    // The name stands close to what it is for.
    let usual = std::mem::replace(&mut ui.spacing_mut().interact_size.y, HEAD);
    ui.horizontal(|ui| {
        if let Some(on) = on {
            widgets::switch(ui, name, on);
            shown = *on;
        }
        widgets::strong(ui, name);
    });
    ui.spacing_mut().interact_size.y = usual;
    widgets::small(ui, about);
    if shown {
        row(ui, numbers);
    }
}

pub(super) fn number(ui: &mut Ui, label: &str, value: &mut u64, default: u64) {
    let hint = format::count(default);
    let show = |value: &u64| if *value == default { String::new() } else { format::count(*value) };
    let read = |text: &str| widgets::whole(text, Some(default));
    let how = Amount { label, hint: &hint, width: FIELD, show: &show, read: &read };
    if let Some(typed) = widgets::amount(ui, value, &how) {
        *value = typed;
    }
}

pub(super) fn small_number(ui: &mut Ui, label: &str, value: &mut u32, default: u32, most: u32) {
    let mut wide = u64::from(*value);
    number(ui, label, &mut wide, u64::from(default));
    *value = u32::try_from(wide).unwrap_or(u32::MAX).min(most);
}

/// A number above 0 and up to 1.
pub(super) fn share(ui: &mut Ui, label: &str, value: &mut f64, default: f64) {
    let hint = default.to_string();
    let show = |share: &f64| if (*share - default).abs() < 1e-9 { String::new() } else { share.to_string() };
    let read = |text: &str| if text.trim().is_empty() { Ok(default) } else { widgets::within(text, 0.001, 1.0) };
    let how = Amount { label, hint: &hint, width: FIELD, show: &show, read: &read };
    if let Some(typed) = widgets::amount(ui, value, &how) {
        *value = typed;
    }
}

/// A number that may be left out.
fn maybe_number(ui: &mut Ui, label: &str, hint: &str, value: &mut Option<u64>) {
    let show = |value: &Option<u64>| value.map(format::count).unwrap_or_default();
    let read = |text: &str| widgets::maybe(text, |text| widgets::whole(text, None));
    let how = Amount { label, hint, width: FIELD, show: &show, read: &read };
    if let Some(typed) = widgets::amount(ui, value, &how) {
        *value = typed;
    }
}

pub(super) fn option(ui: &mut Ui, words: &str, on: &mut bool) {
    if widgets::option(ui, *on, words) {
        *on = !*on;
    }
}

/// A choice with its words above it.
pub(super) fn choice<T: Copy + PartialEq>(ui: &mut Ui, label: &str, value: &mut T, choices: &[(T, &str)]) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        widgets::small(ui, label);
        if let Some(picked) = widgets::segmented(ui, label, *value, choices) {
            *value = picked;
        }
    });
}

/// A list under its label, as wide as what is chosen; on a new line of its row where it would be cut.
pub(super) fn listed<T: Clone + PartialEq>(
    ui: &mut Ui,
    label: &str,
    chosen: &T,
    choices: impl IntoIterator<Item = (T, String)>,
) -> Option<T> {
    let choices: Vec<(T, String)> = choices.into_iter().collect();
    let shown = choices.iter().find(|(value, _)| value == chosen).map_or("", |(_, name)| name.as_str());
    let width = widgets::width_of(ui, shown, &egui::TextStyle::Button) + ARROW;
    ui.allocate_ui(vec2(width.max(FIELD), 0.0), |ui| {
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            widgets::small(ui, label);
            widgets::picker(ui, label, Some(chosen), choices)
        })
        .inner
    })
    .inner
}

pub(super) fn retries(ui: &mut Ui, retry: &mut RetryPolicy) {
    let default = RetryPolicy::default();
    let about = "A fault of the machinery (time-out, 429, 5xx) is tried again as it was; Retry-After is obeyed.";
    guard(ui, "Retries", about, None, |ui| {
        small_number(ui, "Retries", &mut retry.retries, default.retries, 100);
        number(ui, "First wait (ms)", &mut retry.base_ms, default.base_ms);
        number(ui, "Longest wait (ms)", &mut retry.cap_ms, default.cap_ms);
        number(ui, "Longest Retry-After (ms)", &mut retry.retry_after_cap_ms, default.retry_after_cap_ms);
        number(ui, "All attempts within (ms)", &mut retry.deadline_ms, default.deadline_ms);
    });
    option(ui, "Retry budget: at most a tenth of the calls, and one a second, are retries", &mut retry.budget.on);
}

pub(super) fn timeouts(ui: &mut Ui, timeouts: &mut Timeouts) {
    let default = Timeouts::default();
    guard(ui, "Time limits", "Of one attempt, by phase; past one of them the connection is closed.", None, |ui| {
        number(ui, "Connect (ms)", &mut timeouts.connect_ms, default.connect_ms);
        number(ui, "First byte (ms)", &mut timeouts.first_byte_ms, default.first_byte_ms);
        number(ui, "Between chunks (ms)", &mut timeouts.idle_ms, default.idle_ms);
        number(ui, "Whole attempt (ms)", &mut timeouts.total_ms, default.total_ms);
    });
}

pub(super) fn cache(ui: &mut Ui, cache: &mut CachePolicy) {
    let about = "The same request is paid once; repeats are other requests. Another epoch asks everything anew.";
    let mut on = cache.on;
    guard(ui, "Cache", about, Some(&mut on), |ui| {
        small_number(ui, "Cache epoch", &mut cache.epoch, 0, u32::MAX);
    });
    cache.on = on;
}

pub(super) fn repair(ui: &mut Ui, repair: &mut RepairPolicy) {
    let about = "An answer that breaks the prompt's form (schema, sections, length) is asked for again in other words.";
    let mut on = repair.on;
    guard(ui, "Repair", about, Some(&mut on), |ui| {
        ui.vertical(|ui| {
            strategies(ui, &mut repair.strategies);
            option(ui, "JSON inside a code fence is as good as JSON", &mut repair.accept_fenced);
        });
    });
    repair.on = on;
}

/// In the order in which they are tried: a click on one that is left adds it, on one that is chosen takes it out.
fn strategies(ui: &mut Ui, chosen: &mut Vec<Strategy>) {
    widgets::small(ui, "Ways to ask again, in this order");
    ui.horizontal_wrapped(|ui| {
        let mut gone = None;
        for (at, strategy) in chosen.iter().enumerate() {
            let name = format!("Strategy {}: {}", at + 1, strategy.words());
            if widgets::chip(ui, true, &format!("{}. {}", at + 1, strategy.words()), &name).clicked() {
                gone = Some(at);
            }
        }
        if let Some(at) = gone {
            chosen.remove(at);
        }
        for strategy in Strategy::ALL {
            let is_left = !chosen.contains(&strategy);
            let name = format!("Add strategy: {}", strategy.words());
            if is_left && widgets::chip(ui, false, strategy.words(), &name).clicked() {
                chosen.push(strategy);
            }
        }
    });
}

pub(super) fn fallback(ui: &mut Ui, models: &[ModelId], fallback: &mut FallbackPolicy) {
    let default = FallbackPolicy::default();
    let about = "When a model is not well or its quota is used up, these answer in its place, in this order. Their \
                 answers are not counted as the model's own.";
    guard(ui, "Fallback", about, None, |ui| {
        ui.vertical(|ui| {
            stand_ins(ui, models, &mut fallback.models);
            canned(ui, &mut fallback.canned);
        });
    });
    if !fallback.is_on() {
        return;
    }
    row(ui, |ui| {
        number(ui, "Whole route within (ms)", &mut fallback.deadline_ms, default.deadline_ms);
        let show = |amount: &Option<Usd>| amount.map(widgets::dollars).unwrap_or_default();
        let read = |text: &str| widgets::maybe(text, widgets::read_dollars);
        let how = Amount { label: "Dearest answer (USD)", hint: "no limit", width: FIELD, show: &show, read: &read };
        if let Some(typed) = widgets::amount(ui, &fallback.max_cost, &how) {
            fallback.max_cost = typed;
        }
    });
    option(ui, "Count answers of stand-ins like the model's own", &mut fallback.count_stand_ins);
}

fn stand_ins(ui: &mut Ui, models: &[ModelId], chosen: &mut Vec<StandInModel>) {
    ui.horizontal_wrapped(|ui| {
        let mut gone = None;
        for (at, stand_in) in chosen.iter().enumerate() {
            let name = format!("Stand-in {}: {}", at + 1, stand_in.model);
            if widgets::chip(ui, true, &format!("{}. {}", at + 1, stand_in.model), &name).clicked() {
                gone = Some(at);
            }
        }
        if let Some(at) = gone {
            chosen.remove(at);
        }
        for model in models {
            let is_left = !chosen.iter().any(|stand_in| stand_in.model == *model);
            if is_left && widgets::chip(ui, false, model.as_str(), &format!("Add stand-in: {model}")).clicked() {
                chosen.push(StandInModel { model: model.clone(), timeout_ms: None });
            }
        }
    });
}

/// The text that stands in when no model answers; none where it is empty.
fn canned(ui: &mut Ui, canned: &mut Option<String>) {
    let mut text = canned.clone().unwrap_or_default();
    ui.allocate_ui(vec2(ui.available_width().min(560.0), 0.0), |ui| {
        widgets::field(ui, "Canned answer when nobody can (empty: none)", &mut text, "none");
    });
    *canned = Some(text).filter(|text| !text.is_empty());
}

pub(super) fn breaker(ui: &mut Ui, breaker: &mut BreakerPolicy) {
    let default = BreakerPolicy::default();
    let about = "A model that fails too often gets no calls for a while, then one to try. Its trials wait; none fails \
                 by it.";
    let mut on = breaker.on;
    guard(ui, "Circuit breaker", about, Some(&mut on), |ui| {
        share(ui, "Opens at failures (share)", &mut breaker.failure_rate, default.failure_rate);
        small_number(ui, "Of at least so many calls", &mut breaker.min_calls, default.min_calls, u32::MAX);
        number(ui, "Open for (ms)", &mut breaker.open_ms, default.open_ms);
        number(ui, "Open at most for (ms)", &mut breaker.open_cap_ms, default.open_cap_ms);
        small_number(ui, "Calls that try at once", &mut breaker.probes, default.probes, 3);
    });
    breaker.on = on;
}

pub(super) fn limits(ui: &mut Ui, limits: &mut LimitPolicy) {
    let about = "Of each model at each endpoint, in any minute. Calls wait for their turn.";
    guard(ui, "Rate limits", about, None, |ui| {
        maybe_number(ui, "Requests a minute", "no limit", &mut limits.requests_per_minute);
        maybe_number(ui, "Input tokens a minute", "no limit", &mut limits.input_tokens_per_minute);
        maybe_number(ui, "Output tokens a minute", "no limit", &mut limits.output_tokens_per_minute);
    });
    option(ui, "Learn the limits that the provider's answers tell", &mut limits.learn);
    option(ui, "Fewer calls at once after a refusal for load", &mut limits.adaptive);
    option(ui, "A told wait holds back all calls of the endpoint", &mut limits.pause);
}

pub(super) fn sanitise(ui: &mut Ui, sanitise: &mut SanitisePolicy) {
    let about = "Looks for orders to the model in text from outside.";
    let mut on = sanitise.on;
    guard(ui, "Input sanitising", about, Some(&mut on), |ui| {
        let actions = [
            (SanitiseAction::Flag, "Flag"),
            (SanitiseAction::Neutralise, "Neutralise"),
            (SanitiseAction::Block, "Block"),
        ];
        choice(ui, "What looks like an attack", &mut sanitise.action, &actions);
        let scopes = [(SanitiseScope::Untrusted, "Untrusted columns"), (SanitiseScope::UserText, "All user text")];
        choice(ui, "Where it is looked for", &mut sanitise.scope, &scopes);
        let mut most = sanitise.max_chars.map(u64::from);
        maybe_number(ui, "Longest input (characters)", "no limit", &mut most);
        sanitise.max_chars = most.map(|most| u32::try_from(most).unwrap_or(u32::MAX));
    });
    sanitise.on = on;
}

const ACTIONS: [(OutputAction, &str); 4] = [
    (OutputAction::Flag, "Flag"),
    (OutputAction::Redact, "Redact"),
    (OutputAction::Retry, "Ask again"),
    (OutputAction::Fail, "Fail"),
];

pub(super) fn output(ui: &mut Ui, output: &mut OutputPolicy) {
    let about = "What no answer may hold, unless it stands in the input, and what is done where one does.";
    guard(ui, "Output validation", about, None, |ui| {
        ui.vertical(|ui| {
            let kinds: Vec<(PiiKind, &str)> = PiiKind::ALL.into_iter().map(|kind| (kind, kind.word())).collect();
            ticks(ui, "Personal data and keys", &mut output.pii.kinds, &kinds);
            if !output.pii.kinds.is_empty() {
                choice(ui, "Personal data is", &mut output.pii.action, &ACTIONS);
            }
            option(ui, "The system text, as a leak", &mut output.leak.on);
            if output.leak.on {
                choice(ui, "A leak is", &mut output.leak.action, &ACTIONS);
                ui.allocate_ui(vec2(ui.available_width().min(360.0), 0.0), |ui| {
                    let none = if output.leak.plant { "made of the experiment's name" } else { "none" };
                    widgets::field(ui, "Canary: a word of the system text alone", &mut output.leak.canary, none);
                });
                option(ui, "Plant the canary at the end of the system message", &mut output.leak.plant);
            }
            option(ui, "Harmful content, by patterns", &mut output.harm.on);
            if output.harm.on {
                choice(ui, "Harmful content is", &mut output.harm.action, &ACTIONS);
            }
            phrases(ui, output);
        });
    });
}

/// One phrase a line.
fn phrases(ui: &mut Ui, output: &mut OutputPolicy) {
    let mut text = output.phrases.forbidden.join("\n");
    ui.allocate_ui(vec2(ui.available_width().min(560.0), 0.0), |ui| {
        // An empty line is a phrase to be, while it is typed.
        if !widgets::multiline(ui, "Forbidden phrases, one a line", &mut text, 2).has_focus() {
            text = text.lines().filter(|line| !line.trim().is_empty()).collect::<Vec<_>>().join("\n");
        }
    });
    let lines = text.split('\n').map(str::to_owned);
    output.phrases.forbidden = if text.is_empty() { Vec::new() } else { lines.collect() };
    if !output.phrases.forbidden.is_empty() {
        choice(ui, "A forbidden phrase is", &mut output.phrases.action, &ACTIONS);
    }
}
