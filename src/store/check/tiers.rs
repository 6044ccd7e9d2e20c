//! Checks of a variant's tiers: models that are there, thresholds that rise, weights that are shares.

use crate::domain::{DefinitionKey, ModelId, TierPolicy};

use super::Checker;
use super::manifest::meant;

impl Checker<'_> {
    pub(super) fn tiers(&mut self, key: &DefinitionKey, policy: &TierPolicy) {
        let models = &self.workspace.manifest.models;
        if policy.tiers.is_empty() {
            let message = "The tiers name no model.".to_owned();
            self.wrong(key, &["tiers", "tiers"], message, "Name a model for easy requests, or leave `tiers` out.");
        }
        let mut reached = 0.0;
        for (index, tier) in policy.tiers.iter().enumerate() {
            if self.lacks_model(&tier.model) {
                let hint = meant(tier.model.as_str(), models.keys().map(ModelId::as_str));
                let message = format!("The model `{}` of tier {} is not there.", tier.model, index + 1);
                self.wrong(key, &["tiers", "tiers"], message, &hint);
            }
            let up_to = policy.threshold(index);
            if !(0.0..=1.0).contains(&up_to) {
                let message = format!("Tier {} goes up to a complexity of {up_to}.", index + 1);
                self.wrong(key, &["tiers", "tiers"], message, "Give a number from 0 to 1.");
            } else if index > 0 && up_to <= reached {
                let message =
                    format!("Tier {} goes up to {up_to}, as the one before does: nothing is left for it.", index + 1);
                self.wrong(key, &["tiers", "tiers"], message, "Let each tier go further than the one before.");
            }
            reached = up_to;
        }
        for (name, weight) in policy.weights.all() {
            if !(0.0..=1.0).contains(&weight) {
                let message = format!("The weight of `{name}` is {weight}.");
                self.wrong(key, &["tiers", "weights", name], message, "Give a share from 0 to 1.");
            }
        }
    }
}
