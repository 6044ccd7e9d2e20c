//! Checks of `workspace.ron`: providers, models, scripts.

use crate::compose::nearest;
use crate::domain::{AlertRules, Api, DefinitionKey, ModelId, ModelSpec, Problem, ProviderSpec};
use crate::provider::{check_http, origin};
use crate::store::files::inside;

use super::Checker;

/// More calls in flight than this are a mistake.
const MOST_CALLS: u32 = 10_000;

impl Checker<'_> {
    pub(super) fn manifest(&mut self) {
        let manifest = &self.workspace.manifest;
        for (id, provider) in &manifest.providers {
            self.provider(id.as_str(), provider);
        }
        for (id, model) in &manifest.models {
            self.model(id.as_str(), model);
        }
        self.policy(&DefinitionKey::Manifest, &manifest.policy);
        self.alerts(&manifest.alerts);
        if let Some(Err(message)) = manifest.otlp.as_ref().map(|otlp| origin(&otlp.endpoint)) {
            let hint = "Give the collector's address without `/v1/traces`, such as http://127.0.0.1:4318.";
            self.wrong(&DefinitionKey::Manifest, &["otlp", "endpoint"], message, hint);
        }
    }

    fn alerts(&mut self, alerts: &AlertRules) {
        let shares = [("error_rate_over", alerts.error_rate_over), ("budget_share_over", alerts.budget_share_over)];
        for (field, share) in shares {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                let message = format!("`{field}` is {share}, and a share is from 0 to 1.");
                self.wrong(&DefinitionKey::Manifest, &["alerts", field], message, "Give 0.1 for 10 %.");
            }
        }
    }

    fn provider(&mut self, id: &str, provider: &ProviderSpec) {
        if provider.concurrency == 0 || provider.concurrency > MOST_CALLS {
            self.wrong(
                &DefinitionKey::Manifest,
                &["providers", id, "concurrency"],
                format!("The provider `{id}` may have {} calls in flight.", provider.concurrency),
                "Give a number from 1 to 10000; 8 is the default.",
            );
        }
        let path = ["providers", id, "api"];
        if let Api::Http(http) = &provider.api
            && let Err(message) = check_http(http)
        {
            let hint = "Names stand in double braces, as in {{prompt}}; the key is named by the provider's `key`.";
            self.wrong(&DefinitionKey::Manifest, &path, message, hint);
        }
        let Api::Scripted(script) = &provider.api else { return };
        match inside(&self.workspace.root, &self.workspace.root, script) {
            Err(error) => self.wrong(&DefinitionKey::Manifest, &path, error.message, error.hint),
            Ok(file) if !file.exists() => {
                let message = format!("The script `{script}` is not there.");
                self.wrong(&DefinitionKey::Manifest, &path, message, "Give its path from the workspace's folder.");
            }
            Ok(_) => {}
        }
    }

    fn model(&mut self, id: &str, model: &ModelSpec) {
        let providers = &self.workspace.manifest.providers;
        let Some(provider) = providers.get(&model.provider) else {
            let hint = meant(model.provider.as_str(), providers.keys().map(crate::domain::ProviderId::as_str));
            let message = format!("The model `{id}` names the provider `{}`, which is not there.", model.provider);
            return self.wrong(&DefinitionKey::Manifest, &["models", id, "provider"], message, &hint);
        };
        if model.model.trim().is_empty() {
            let message = format!("The model `{id}` has no name at its provider.");
            self.wrong(
                &DefinitionKey::Manifest,
                &["models", id, "model"],
                message,
                "Give the provider's own name of it.",
            );
        }
        for (field, limit) in [("context", model.context), ("max_output", model.max_output)] {
            if limit == Some(0) {
                let message = format!("The model `{id}` has a `{field}` of 0 tokens.");
                self.wrong(
                    &DefinitionKey::Manifest,
                    &["models", id, field],
                    message,
                    "Give a number from 1, or leave it out.",
                );
            }
        }
        if let Api::Scripted(path) = &provider.api
            && let Some(script) = self.workspace.scripts.get(path)
            && !script.models.contains_key(&model.model)
        {
            let hint = meant(&model.model, script.models.keys().map(String::as_str));
            let message = format!("The script `{path}` has no model `{}`.", model.model);
            self.wrong(&DefinitionKey::Manifest, &["models", id, "model"], message, &hint);
        }
    }

    /// Whether nothing has this name of a model, as far as the manifest can be read.
    pub(super) fn lacks_model(&self, id: &ModelId) -> bool {
        !self.unread.manifest() && !self.workspace.manifest.models.contains_key(id)
    }

    pub(super) fn wrong(&mut self, key: &DefinitionKey, path: &[&str], message: String, hint: &str) {
        let place = self.places.of(key, path);
        self.problems.push(Problem::error(place, message, hint));
    }

    pub(super) fn warn(&mut self, key: &DefinitionKey, path: &[&str], message: String, hint: &str) {
        let place = self.places.of(key, path);
        self.problems.push(Problem::warning(place, message, hint));
    }
}

/// `Did you mean …?`, or what there is.
pub(super) fn meant<'n>(found: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    if let Some(near) = nearest(found, known.clone()) {
        return format!("Did you mean `{near}`?");
    }
    let names: Vec<String> = known.take(8).map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "There is none yet.".to_owned() } else { format!("There is {}.", names.join(", ")) }
}
