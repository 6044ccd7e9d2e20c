//! How calls are guarded: each guard a switch with its few numbers, and presets for all of them.

use std::collections::BTreeSet;

use egui::Ui;

use super::data::ExperimentData;
use super::{guards, measured, saving, user_limits};
use crate::analysis::Guard;
use crate::domain::{Experiment, Policy};
use crate::store::{PRESETS, preset};
use crate::ui::widgets;

pub(super) fn show(ui: &mut Ui, data: &ExperimentData, draft: &mut Experiment) {
    let own = draft.policy.is_some();
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
    let mut policy = draft.policy.clone().unwrap_or_else(|| data.workspace_policy.clone());
    let before = policy.clone();
    let models: Vec<_> = data.models.iter().filter(|model| model.there).map(|model| model.id.clone()).collect();
    widgets::section(ui, "Policy", about, button, |ui| {
        presets(ui, &mut policy);
        guards::retries(ui, &mut policy.retry);
        guards::timeouts(ui, &mut policy.timeouts);
        guards::cache(ui, &mut policy.cache);
        guards::repair(ui, &mut policy.repair);
        guards::fallback(ui, &models, &mut policy.fallback);
        guards::breaker(ui, &mut policy.breaker);
        guards::limits(ui, &mut policy.limits);
        user_limits::show(ui, &mut policy.users);
        guards::sanitise(ui, &mut policy.sanitise);
        if policy.sanitise.on {
            measured::show(ui, data.guardrails.as_deref(), Guard::Input);
        }
        guards::output(ui, &mut policy.output);
        if policy.output.is_on() {
            measured::show(ui, data.guardrails.as_deref(), Guard::Output);
        }
        saving::semantic(ui, &models, &mut policy.semantic);
        saving::compress(ui, &models, &mut policy.compress);
        saving::confidence(ui, &mut policy.confidence);
    });
    if reset {
        draft.policy = None;
    } else if policy != before {
        draft.policy = Some(policy);
    }
}

/// Sets all guards at once; none is chosen where the numbers are one's own. Fallback stays, since it names models.
fn presets(ui: &mut Ui, policy: &mut Policy) {
    let alike = |name: &str| preset(name).is_some_and(|preset| policy.guarded_as(preset) == *policy);
    let chosen = PRESETS.iter().position(|(name, _)| alike(name)).unwrap_or(PRESETS.len());
    let mut choices: Vec<(usize, &str)> = PRESETS.iter().map(|(name, _)| *name).enumerate().collect();
    if chosen == PRESETS.len() {
        choices.push((chosen, "own"));
    }
    widgets::small(ui, "Preset");
    let tips = PRESETS.map(|(_, about)| about);
    let picked = widgets::segmented_told(ui, "Preset of the policy", chosen, &choices, &tips);
    if let Some(preset) = picked.and_then(|index| PRESETS.get(index)).and_then(|(name, _)| preset(name)) {
        *policy = policy.guarded_as(preset);
    }
    let about = PRESETS.get(chosen).map_or("Set by hand.", |(_, about)| about);
    widgets::small(ui, about);
    ui.add_space(4.0);
}

/// One of a set, ticked or not.
pub(super) fn ticks<T: Copy + Ord>(ui: &mut Ui, label: &str, chosen: &mut BTreeSet<T>, all: &[(T, &str)]) {
    widgets::small(ui, label);
    ui.horizontal_wrapped(|ui| {
        for (value, word) in all {
            let on = chosen.contains(value);
            if widgets::chip(ui, on, word, &format!("{label}: {word}")).clicked() {
                if on {
                    chosen.remove(value);
                } else {
                    chosen.insert(*value);
                }
            }
        }
    });
}
