//! The tiers of a variant: cheaper models for easier requests, by hand or fitted to a recorded run.

use std::collections::BTreeSet;

use egui::Ui;

use super::fields::{add, caption, optional, row_with_remove};
use crate::domain::{
    ComplexityWeights, ModelId, ModelTier, RunHeader, RunId, TierPolicy, Usd, Variant, VariantId, Workspace,
};
use crate::scoring::services_asked;
use crate::session::tiers::{FittedTiers, MOST_MODELS};
use crate::session::{Command, Session};
use crate::store::price_of;
use crate::ui::format;
use crate::ui::sender::CommandSender;
use crate::ui::widgets::{self, Amount};

/// Points of success that tiers may lose, of a hundred.
const MARGIN: f64 = 2.0;

/// What is chosen for a fit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FitState {
    run: Option<RunId>,
    /// In points, of a hundred.
    margin: f64,
}

impl Default for FitState {
    fn default() -> Self {
        Self { run: None, margin: MARGIN }
    }
}

pub(super) fn show(
    ui: &mut Ui,
    session: &Session,
    state: &mut FitState,
    variant: &mut Variant,
    sender: &CommandSender,
) {
    let models = session.workspace().map_or_else(Vec::new, by_price);
    let fresh = || {
        let tiers = models.first().map(|model| ModelTier { model: model.clone(), up_to: None });
        TierPolicy { tiers: tiers.into_iter().collect(), ..TierPolicy::default() }
    };
    optional(ui, "Tiers of models", &mut variant.tiers, fresh, |ui, policy| {
        let about = "Easier requests go to these models, from the easiest on; what is more complex goes to the model that \
                     the experiment asks. Beside the same variant without tiers, a run shows what they save and lose.";
        widgets::muted(ui, about);
        tiers(ui, &models, policy);
        numbers(ui, policy);
    });
    fit(ui, session, state, variant, sender);
}

/// The models of a workspace, the cheapest first (input and output count alike), since easier requests go to the first
/// tier. Those whose price nobody knows come behind them, and last those that make vectors and labels for others.
fn by_price(workspace: &Workspace) -> Vec<ModelId> {
    let manifest = &workspace.manifest;
    let experiments = || workspace.projects.values().flat_map(|project| project.experiments.values());
    let of_checks = experiments().flat_map(|experiment| services_asked(&experiment.checks)).map(|(_, model)| model);
    let policies = experiments().filter_map(|experiment| experiment.policy.as_ref()).chain([&manifest.policy]);
    let helpers: BTreeSet<&ModelId> = of_checks.chain(policies.filter_map(|policy| policy.semantic.model())).collect();
    let mut models: Vec<ModelId> = manifest.models.keys().cloned().collect();
    models.sort_by_key(|model| {
        let price = price_of(manifest, model).map(|price| price.input + price.output);
        (helpers.contains(model), price.is_none(), price)
    });
    models
}

fn tiers(ui: &mut Ui, models: &[ModelId], policy: &mut TierPolicy) {
    let mut gone = None;
    for at in 0..policy.tiers.len() {
        let default = TierPolicy { tiers: Vec::new(), ..TierPolicy::default() }.threshold(at);
        let tier = &mut policy.tiers[at];
        let name = format!("Tier {}", at + 1);
        row_with_remove(ui, &name, &mut gone, at, |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 4.0;
                caption(ui, &name);
                let choices = models.iter().map(|model| (model.clone(), model.to_string()));
                if let Some(model) = widgets::picker(ui, &format!("{name}: model"), Some(&tier.model), choices) {
                    tier.model = model;
                }
            });
            let label = format!("{name}: up to a complexity of");
            let hint = default.to_string();
            let show = |up_to: &Option<f64>| up_to.map(|up_to| up_to.to_string()).unwrap_or_default();
            let read = |text: &str| widgets::maybe(text, |text| widgets::within(text, 0.0, 1.0));
            let how = Amount { label: &label, hint: &hint, width: 190.0, show: &show, read: &read };
            if let Some(up_to) = widgets::amount(ui, &tier.up_to, &how) {
                tier.up_to = up_to;
            }
        });
    }
    if let Some(at) = gone {
        policy.tiers.remove(at);
    }
    let left = models.iter().find(|model| !policy.tiers.iter().any(|tier| tier.model == **model));
    if let Some(model) = left
        && add(ui, "Add a tier").clicked()
    {
        policy.tiers.push(ModelTier { model: model.clone(), up_to: None });
    }
}

fn numbers(ui: &mut Ui, policy: &mut TierPolicy) {
    let default = TierPolicy::default();
    ui.horizontal_top(|ui| {
        let show = |cost: &Option<Usd>| cost.map(widgets::dollars).unwrap_or_default();
        let read = |text: &str| widgets::maybe(text, widgets::read_dollars);
        let how = Amount { label: "Dearest request (USD)", hint: "no limit", width: 150.0, show: &show, read: &read };
        if let Some(typed) = widgets::amount(ui, &policy.max_cost, &how) {
            policy.max_cost = typed;
        }
        let hint = default.long_context.to_string();
        let read = |text: &str| {
            let tokens = widgets::whole(text, Some(default.long_context.into()))?;
            Ok(u32::try_from(tokens).unwrap_or(u32::MAX))
        };
        let show = |tokens: &u32| if *tokens == default.long_context { String::new() } else { tokens.to_string() };
        let how = Amount { label: "Long from (tokens)", hint: &hint, width: 150.0, show: &show, read: &read };
        if let Some(typed) = widgets::amount(ui, &policy.long_context, &how) {
            policy.long_context = typed;
        }
    });
    caption(ui, "What each factor adds to a complexity");
    let ComplexityWeights { reasoning, creativity, accuracy, long_context, complex_output } = &mut policy.weights;
    let usual = ComplexityWeights::default();
    weights(
        ui,
        [
            ("Reasoning", reasoning, usual.reasoning),
            ("Creativity", creativity, usual.creativity),
            ("Accuracy", accuracy, usual.accuracy),
        ],
    );
    weights(
        ui,
        [("Long context", long_context, usual.long_context), ("Complex output", complex_output, usual.complex_output)],
    );
}

/// Weights side by side; an empty field is the usual one.
fn weights<const COUNT: usize>(ui: &mut Ui, all: [(&str, &mut f64, f64); COUNT]) {
    ui.horizontal_top(|ui| {
        for (label, weight, usual) in all {
            let hint = usual.to_string();
            let show = |weight: &f64| {
                if weight.to_bits() == usual.to_bits() { String::new() } else { weight.to_string() }
            };
            let read = |text: &str| if text.trim().is_empty() { Ok(usual) } else { widgets::within(text, 0.0, 1.0) };
            let how = Amount { label, hint: &hint, width: 112.0, show: &show, read: &read };
            if let Some(typed) = widgets::amount(ui, weight, &how) {
                *weight = typed;
            }
        }
    });
}

/// Thresholds out of a run of several models; nothing where there is none.
fn fit(ui: &mut Ui, session: &Session, state: &mut FitState, variant: &mut Variant, sender: &CommandSender) {
    let Some(id) = session.selection().variant.clone() else { return };
    let runs = runs(session, &id);
    let Some((newest, _)) = runs.first() else { return };
    let run = state.run.clone().filter(|run| runs.iter().any(|(known, _)| known == run));
    let mut run = run.unwrap_or_else(|| newest.clone());
    ui.add_space(6.0);
    caption(ui, "Or fitted to what the models of a run made of this variant");
    if let Some(picked) = widgets::picker(ui, "Run to fit tiers to", Some(&run), runs) {
        run = picked;
        state.run = Some(run.clone());
    }
    let read = |text: &str| widgets::within(text, 0.0, 100.0);
    let label = "Points of success that tiers may lose";
    let how = Amount { label, hint: "2", width: 220.0, show: &f64::to_string, read: &read };
    if let Some(margin) = widgets::amount(ui, &state.margin, &how) {
        state.margin = margin;
    }
    if widgets::secondary(ui, None, "Fit tiers to the run").clicked() {
        sender.send(Command::FitTiers { run: run.clone(), margin: state.margin / 100.0 });
    }
    let margin = (state.margin / 100.0).to_bits();
    let Some(fit) = session.tier_fit().filter(|fit| fit.run == run && fit.margin.to_bits() == margin) else { return };
    match &fit.outcome {
        None => drop(widgets::progress(ui, "Fitting tiers", None, 160.0)),
        Some(Err(problems)) => widgets::problems(ui, problems),
        Some(Ok(fitted)) => match fitted.iter().find(|fitted| fitted.variant == id) {
            Some(fitted) if session.is_edited_since(fit) && !has_taken(variant, fitted) => {
                widgets::muted(ui, "Something was edited since these tiers were fitted: fit them again.");
            }
            Some(fitted) => found(ui, fitted, variant),
            None => drop(widgets::muted(ui, "That run gave this variant's requests to tiers already.")),
        },
    }
}

fn has_taken(variant: &Variant, fitted: &FittedTiers) -> bool {
    let own = variant.tiers.as_ref().map(|policy| &policy.tiers);
    own.is_some() && own == fitted.tiers().as_ref()
}

/// Runs of this variant on so many models that tiers can be fitted to them, newest first.
fn runs(session: &Session, variant: &VariantId) -> Vec<(RunId, String)> {
    let fits = |header: &RunHeader| {
        Some(&header.project) == session.selection().project.as_ref()
            && header.variants.contains(variant)
            && (2..=MOST_MODELS).contains(&header.models.len())
    };
    let recorded = session.runs().recorded().iter().map(|run| &run.header).filter(|header| fits(header));
    let named = recorded
        .map(|header| {
            let models: Vec<&str> = header.models.iter().map(|model| model.id.as_str()).collect();
            let text = format!("{} · {} · {}", header.experiment, format::when(header.started_at), models.join(", "));
            (header.id.clone(), text)
        })
        .collect();
    format::told_apart(named)
}

fn found(ui: &mut Ui, fitted: &FittedTiers, variant: &mut Variant) {
    for line in fitted.sentences() {
        widgets::body(ui, &line);
    }
    let Some(tiers) = fitted.tiers() else { return };
    if has_taken(variant, fitted) {
        widgets::muted(ui, "These are the variant's tiers.");
    } else if widgets::primary(ui, None, "Take these tiers").clicked() {
        // They were fitted with the usual weights, and hold with no others.
        let max_cost = variant.tiers.as_ref().and_then(|policy| policy.max_cost);
        variant.tiers = Some(TierPolicy { tiers, max_cost, ..TierPolicy::default() });
    }
}
