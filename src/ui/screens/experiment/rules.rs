//! When a case passes, what a run may spend, and how its calls are guarded.

use egui::{Ui, vec2};

use super::data::ExperimentData;
use super::screen::row;
use crate::domain::{Experiment, PassRule, Policy, Usd};
use crate::ui::widgets::{self, Amount};

pub(super) fn pass(ui: &mut Ui, draft: &mut Experiment) {
    widgets::section(
        ui,
        "When it passes",
        "A case passes by its checks; a run passes its gate by its pass rates.",
        |_| {},
        |ui| {
            row(ui, |ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 4.0;
                    widgets::small(ui, "A case passes when");
                    let weighted = matches!(draft.pass, PassRule::Score(_));
                    let choices = [(false, "Every check passes"), (true, "The weighted score is high enough")];
                    match widgets::segmented(ui, "A case passes when", weighted, &choices) {
                        Some(true) => draft.pass = PassRule::Score(0.8),
                        Some(false) => draft.pass = PassRule::All,
                        None => {}
                    }
                });
                if let PassRule::Score(least) = draft.pass {
                    let read = |text: &str| widgets::within(text, 0.0, 1.0);
                    let how = Amount {
                        label: "Score from (0 to 1)",
                        hint: "0.8",
                        width: 140.0,
                        show: &f64::to_string,
                        read: &read,
                    };
                    if let Some(least) = widgets::amount(ui, &least, &how) {
                        draft.pass = PassRule::Score(least);
                    }
                }
                gate(ui, draft);
            });
        },
    );
}

fn gate(ui: &mut Ui, draft: &mut Experiment) {
    let show = |gate: &Option<f64>| gate.map_or_else(String::new, |gate| trimmed(gate * 100.0));
    let read = |text: &str| {
        widgets::maybe(text.trim().trim_end_matches('%'), |text| Ok(widgets::within(text, 0.0, 100.0)? / 100.0))
    };
    let how = Amount { label: "Gate: pass rate (%)", hint: "100", width: 150.0, show: &show, read: &read };
    if let Some(gate) = widgets::amount(ui, &draft.gate, &how) {
        draft.gate = gate;
    }
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(super) fn budget(ui: &mut Ui, draft: &mut Experiment) {
    widgets::section(
        ui,
        "Budget",
        "Nothing is sent that could take a run past its limit.",
        |_| {},
        |ui| {
            row(ui, |ui| {
                let show = |amount: &Option<Usd>| amount.map(widgets::dollars).unwrap_or_default();
                let read = |text: &str| widgets::maybe(text, widgets::read_dollars);
                for (label, hint, amount) in [
                    ("Stop at (USD)", "no limit", &mut draft.budget.hard),
                    ("Warn at (USD)", "no warning", &mut draft.budget.warn),
                ] {
                    let how = Amount { label, hint, width: 160.0, show: &show, read: &read };
                    if let Some(typed) = widgets::amount(ui, amount, &how) {
                        *amount = typed;
                    }
                }
            });
            if let (Some(hard), Some(warn)) = (draft.budget.hard, draft.budget.warn)
                && warn > hard
            {
                widgets::small(ui, "The warning is above the limit, so it is never given.");
            }
        },
    );
}

/// A number of the policy: its label, and where it stands.
struct Knob {
    label: &'static str,
    get: fn(&mut Policy) -> &mut u64,
}

const WAITS: [Knob; 4] = [
    Knob { label: "First wait (ms)", get: |policy| &mut policy.retry.base_ms },
    Knob { label: "Longest wait (ms)", get: |policy| &mut policy.retry.cap_ms },
    Knob { label: "Longest Retry-After (ms)", get: |policy| &mut policy.retry.retry_after_cap_ms },
    Knob { label: "All attempts within (ms)", get: |policy| &mut policy.retry.deadline_ms },
];

const TIMEOUTS: [Knob; 4] = [
    Knob { label: "Connect (ms)", get: |policy| &mut policy.timeouts.connect_ms },
    Knob { label: "First byte (ms)", get: |policy| &mut policy.timeouts.first_byte_ms },
    Knob { label: "Between chunks (ms)", get: |policy| &mut policy.timeouts.idle_ms },
    Knob { label: "Whole attempt (ms)", get: |policy| &mut policy.timeouts.total_ms },
];

pub(super) fn policy(ui: &mut Ui, data: &ExperimentData, draft: &mut Experiment) {
    let own = draft.policy != Policy::default();
    let about = if own {
        "How calls are guarded: the experiment's own policy. An empty field is the default."
    } else {
        "How calls are guarded: the workspace's policy. A change here gives the experiment one of its own."
    };
    let mut reset = false;
    let button = |ui: &mut Ui| {
        if own {
            reset = widgets::ghost(ui, None, "Use the workspace's").clicked();
        }
    };
    // What holds now is what a change starts from.
    let mut policy = if own { draft.policy.clone() } else { data.workspace_policy.clone() };
    let before = policy.clone();
    widgets::section(ui, "Policy", about, button, |ui| {
        let mut defaults = Policy::default();
        row(ui, |ui| {
            if let Some(retries) =
                knob(ui, "Retries", u64::from(policy.retry.retries), u64::from(defaults.retry.retries))
            {
                policy.retry.retries = u32::try_from(retries).unwrap_or(u32::MAX).min(100);
            }
            for one in WAITS.iter().chain(&TIMEOUTS) {
                let default = *(one.get)(&mut defaults);
                let value = (one.get)(&mut policy);
                if let Some(typed) = knob(ui, one.label, *value, default) {
                    *value = typed;
                }
            }
        });
        ui.add_space(4.0);
        cache(ui, &mut policy);
    });
    if reset {
        draft.policy = Policy::default();
    } else if policy != before {
        draft.policy = policy;
    }
}

fn knob(ui: &mut Ui, label: &str, value: u64, default: u64) -> Option<u64> {
    let hint = default.to_string();
    let show = |value: &u64| if *value == default { String::new() } else { value.to_string() };
    let read = |text: &str| widgets::whole(text, Some(default));
    widgets::amount(ui, &value, &Amount { label, hint: &hint, width: 168.0, show: &show, read: &read })
}

fn cache(ui: &mut Ui, policy: &mut Policy) {
    ui.horizontal_top(|ui| {
        ui.allocate_ui(vec2(360.0, 0.0), |ui| {
            ui.vertical(|ui| {
                ui.add_space(22.0);
                let words = "Cache: the same request is paid once (default: on)";
                if widgets::option(ui, policy.cache.on, words) {
                    policy.cache.on = !policy.cache.on;
                }
            });
        });
        if let Some(epoch) = knob(ui, "Cache epoch", u64::from(policy.cache.epoch), 0) {
            policy.cache.epoch = u32::try_from(epoch).unwrap_or(u32::MAX);
        }
    });
    widgets::small(ui, "Another epoch asks everything anew and keeps the old answers.");
}
