//! Checks of a policy, that of the workspace or an experiment's own: numbers that no call could live with.

use jiff::tz::TimeZone;

use crate::domain::{
    BreakerPolicy, CompressPolicy, ConfidencePolicy, DefinitionKey, Embedder, FallbackPolicy, LimitPolicy, ModelId,
    Policy, RepairPolicy, RetryPolicy, SemanticPolicy, Timeouts, UserLimits,
};
use crate::scoring::guardrails::{Inspector, Sanitiser};

use super::Checker;
use super::manifest::meant;

/// Each is a whole call.
const MOST_REPAIRS: usize = 8;
/// More answers than this take longer to look through than a call takes.
const MOST_SIMILAR: u32 = 100_000;

impl Checker<'_> {
    pub(super) fn policy(&mut self, key: &DefinitionKey, policy: &Policy) {
        self.times(key, &policy.timeouts, &policy.retry);
        self.retries(key, &policy.retry);
        self.breaker(key, &policy.breaker);
        self.limits(key, &policy.limits);
        self.users(key, &policy.users);
        self.repair(key, &policy.repair);
        self.fallback(key, &policy.fallback);
        self.finders(key, policy);
        self.semantic(key, &policy.semantic);
        self.compress(key, &policy.compress);
        self.confidence(key, &policy.confidence);
    }

    fn finders(&mut self, key: &DefinitionKey, policy: &Policy) {
        for problem in Sanitiser::new(&policy.sanitise).err().into_iter().flatten() {
            self.wrong(key, &["policy", "sanitise"], problem.message, &problem.hint);
        }
        for problem in Inspector::new(&policy.output).err().into_iter().flatten() {
            self.wrong(key, &["policy", "output"], problem.message, &problem.hint);
        }
    }

    fn repair(&mut self, key: &DefinitionKey, repair: &RepairPolicy) {
        let path = ["policy", "repair", "strategies"];
        if repair.on && repair.strategies.is_empty() {
            let hint = "Name at least one strategy, or switch the guard off.";
            self.wrong(key, &path, "The guard is on and has no way to ask again.".to_owned(), hint);
        }
        if repair.strategies.len() > MOST_REPAIRS {
            let message = format!("{} reformulations of one answer are too many.", repair.strategies.len());
            self.wrong(key, &path, message, &format!("Give at most {MOST_REPAIRS}; 1 is the default."));
        }
    }

    fn fallback(&mut self, key: &DefinitionKey, fallback: &FallbackPolicy) {
        let models = &self.workspace.manifest.models;
        for (index, stand_in) in fallback.models.iter().enumerate() {
            let index = index.to_string();
            if self.lacks_model(&stand_in.model) {
                let hint = meant(stand_in.model.as_str(), models.keys().map(ModelId::as_str));
                let message = format!("The model `{}` is not there.", stand_in.model);
                self.wrong(key, &["policy", "fallback", "models", &index, "model"], message, &hint);
            }
            if stand_in.timeout_ms == Some(0) {
                let message = "`timeout_ms` is 0, so that the model could never answer.".to_owned();
                let path = ["policy", "fallback", "models", &index, "timeout_ms"];
                self.wrong(key, &path, message, "Give milliseconds, or leave it out.");
            }
        }
        if fallback.is_on() && fallback.deadline_ms == 0 {
            let message = "The route's `deadline_ms` is 0, so that nobody could answer.".to_owned();
            self.wrong(key, &["policy", "fallback", "deadline_ms"], message, "Give milliseconds, or leave it out.");
        }
    }

    fn confidence(&mut self, key: &DefinitionKey, confidence: &ConfidencePolicy) {
        for (field, threshold) in [("critical", confidence.critical), ("others", confidence.others)] {
            if !(0.0..=1.0).contains(&threshold) {
                let message = format!("The confidence filter keeps `{field}` above {threshold}.");
                self.wrong(key, &["policy", "confidence", field], message, "Give a number from 0 to 1.");
            }
        }
        if !confidence.at.is_empty() && !confidence.at.starts_with('/') {
            let message = format!("`{}` is no JSON Pointer.", confidence.at);
            self.wrong(key, &["policy", "confidence", "at"], message, "Begin it with a slash, such as `/findings`.");
        }
    }

    fn compress(&mut self, key: &DefinitionKey, compress: &CompressPolicy) {
        let models = &self.workspace.manifest.models;
        if let Some(model) = compress.model.as_ref().filter(|model| self.lacks_model(model)) {
            let hint = meant(model.as_str(), models.keys().map(ModelId::as_str));
            let message = format!("The model `{model}` that is to shorten context is not there.");
            self.wrong(key, &["policy", "compress", "model"], message, &hint);
        }
        if !(compress.ratio > 0.0 && compress.ratio < 1.0) {
            let message = format!("The `ratio` of shortened context is {}.", compress.ratio);
            let hint = "Give a share above 0 and below 1; 0.3 is the default.";
            self.wrong(key, &["policy", "compress", "ratio"], message, hint);
        }
        if compress.threshold == 0 {
            let message = "Context is shortened from 0 tokens on.".to_owned();
            self.wrong(
                key,
                &["policy", "compress", "threshold"],
                message,
                "Give a number from 1; 2000 is the default.",
            );
        }
    }

    fn semantic(&mut self, key: &DefinitionKey, semantic: &SemanticPolicy) {
        if !(semantic.threshold > 0.0 && semantic.threshold <= 1.0) {
            let message = format!("The semantic cache's `threshold` is {}.", semantic.threshold);
            let hint = "Give a cosine above 0 and up to 1; 0.95 is the default.";
            self.wrong(key, &["policy", "semantic", "threshold"], message, hint);
        }
        if !(1..=MOST_SIMILAR).contains(&semantic.capacity) {
            let message = format!("The semantic cache's `capacity` is {}.", semantic.capacity);
            let hint = "Give a number from 1 to 100000; 10000 is the default.";
            self.wrong(key, &["policy", "semantic", "capacity"], message, hint);
        }
        if semantic.ttl_ms == 0 {
            let message = "The semantic cache's `ttl_ms` is 0, so that it keeps nothing.".to_owned();
            self.wrong(key, &["policy", "semantic", "ttl_ms"], message, "Give milliseconds, or leave it out.");
        }
        if let Embedder::Model(model) = &semantic.embedder {
            self.embedder(key, model);
        }
    }

    fn embedder(&mut self, key: &DefinitionKey, id: &ModelId) {
        let manifest = &self.workspace.manifest;
        let path = ["policy", "semantic", "embedder"];
        if self.unread.manifest() {
            return;
        }
        let Some(model) = manifest.models.get(id) else {
            let hint = meant(id.as_str(), manifest.models.keys().map(ModelId::as_str));
            return self.wrong(key, &path, format!("The embedder `{id}` is not there."), &hint);
        };
        let api = manifest.providers.get(&model.provider).map(|provider| &provider.api);
        if api.is_some_and(|api| !api.gives_vectors()) {
            let message = format!("The provider of the embedder `{id}` has no embeddings.");
            self.wrong(key, &path, message, "Name a model of another provider, or `Lexical`, which is built in.");
        }
    }

    fn times(&mut self, key: &DefinitionKey, timeouts: &Timeouts, retry: &RetryPolicy) {
        let limits = [
            (["policy", "timeouts", "connect_ms"], timeouts.connect_ms),
            (["policy", "timeouts", "first_byte_ms"], timeouts.first_byte_ms),
            (["policy", "timeouts", "idle_ms"], timeouts.idle_ms),
            (["policy", "timeouts", "total_ms"], timeouts.total_ms),
            (["policy", "retry", "deadline_ms"], retry.deadline_ms),
        ];
        for (path, _) in limits.iter().filter(|(_, limit)| *limit == 0) {
            let message = format!("`{}` is 0, so that no call can end in time.", path[2]);
            self.wrong(key, path, message, "Give milliseconds, or leave it out.");
        }
    }

    fn retries(&mut self, key: &DefinitionKey, retry: &RetryPolicy) {
        if retry.retries > 100 {
            let message = format!("{} retries are too many.", retry.retries);
            self.wrong(key, &["policy", "retry", "retries"], message, "Give at most 100; 4 is the default.");
        }
        let budget = &retry.budget;
        if !(0.0..=1.0).contains(&budget.share) {
            let message = format!("The retry budget's `share` is {}.", budget.share);
            self.wrong(
                key,
                &["policy", "retry", "budget", "share"],
                message,
                "Give a share from 0 to 1; 0.1 is the default.",
            );
        }
        if !(0.0..=1_000.0).contains(&budget.per_second) {
            let message = format!("The retry budget allows {} retries a second.", budget.per_second);
            let hint = "Give a number from 0 to 1000; 1 is the default.";
            self.wrong(key, &["policy", "retry", "budget", "per_second"], message, hint);
        }
    }

    fn breaker(&mut self, key: &DefinitionKey, breaker: &BreakerPolicy) {
        if !(breaker.failure_rate > 0.0 && breaker.failure_rate <= 1.0) {
            let message = format!("The breaker's `failure_rate` is {}.", breaker.failure_rate);
            let hint = "Give a share above 0 and up to 1; 0.5 is the default.";
            self.wrong(key, &["policy", "breaker", "failure_rate"], message, hint);
        }
        if !(1..=3).contains(&breaker.probes) {
            let message = format!("The breaker lets {} calls probe at once.", breaker.probes);
            self.wrong(key, &["policy", "breaker", "probes"], message, "Give 1, 2 or 3.");
        }
        if breaker.min_calls > breaker.window_calls {
            let message = format!(
                "The breaker waits for {} calls, and its window holds {}: it would never have a rate.",
                breaker.min_calls, breaker.window_calls
            );
            let hint = "Give a `min_calls` of at most `window_calls`.";
            self.wrong(key, &["policy", "breaker", "min_calls"], message, hint);
        }
        for (field, number) in [
            ("min_calls", u64::from(breaker.min_calls)),
            ("window_ms", breaker.window_ms),
            ("open_ms", breaker.open_ms),
            ("open_cap_ms", breaker.open_cap_ms),
            ("probe_deadline_ms", breaker.probe_deadline_ms),
            ("close_after", u64::from(breaker.close_after)),
            ("consecutive", u64::from(breaker.consecutive.unwrap_or(1))),
        ] {
            if number == 0 {
                let message = format!("The breaker's `{field}` is 0.");
                self.wrong(key, &["policy", "breaker", field], message, "Give a number from 1, or leave it out.");
            }
        }
    }

    fn limits(&mut self, key: &DefinitionKey, limits: &LimitPolicy) {
        for (field, limit) in [
            ("requests_per_minute", limits.requests_per_minute),
            ("input_tokens_per_minute", limits.input_tokens_per_minute),
            ("output_tokens_per_minute", limits.output_tokens_per_minute),
        ] {
            if limit == Some(0) {
                let message = format!("`{field}` is 0, so that no call can ever leave.");
                self.wrong(key, &["policy", "limits", field], message, "Give a number from 1, or leave it out.");
            }
        }
        if !(0.0..=1.0).contains(&limits.burst) {
            let message = format!("`burst` is {}.", limits.burst);
            self.wrong(key, &["policy", "limits", "burst"], message, "Give a share from 0 to 1; 0.02 is the default.");
        }
    }

    fn users(&mut self, key: &DefinitionKey, users: &UserLimits) {
        if users.arrivals_per_minute == 0 {
            let message = "`arrivals_per_minute` is 0, so that no request ever comes.".to_owned();
            let path = ["policy", "users", "arrivals_per_minute"];
            self.wrong(key, &path, message, "Give a number from 1; 60 is the default.");
        }
        if !users.tiers.contains_key(&users.default_tier) {
            let message = format!("The default tier `{}` is not among the tiers.", users.default_tier);
            let hint = meant(&users.default_tier, users.tiers.keys().map(String::as_str));
            self.wrong(key, &["policy", "users", "default_tier"], message, &hint);
        }
        for (name, tier) in &users.tiers {
            if TimeZone::get(&tier.time_zone).is_err() {
                let message = format!("The tier `{name}` has the time zone `{}`, which is not known.", tier.time_zone);
                let path = ["policy", "users", "tiers", name, "time_zone"];
                self.wrong(key, &path, message, "Give a name such as `Europe/Berlin`, or leave it out for UTC.");
            }
        }
    }
}
