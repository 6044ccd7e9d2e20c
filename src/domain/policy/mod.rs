//! The policy: as production would run it. Each guard is a few numbers with defaults, in a file of its own.

mod breaker;
mod budget;
mod cache;
mod compress;
mod confidence;
mod fallback;
mod limits;
mod output;
mod repair;
mod retry;
mod sanitise;
mod semantic;
mod tier;
mod timeouts;
mod users;

use serde::{Deserialize, Serialize};

use super::ids::ModelId;
use super::is_default;

pub use breaker::BreakerPolicy;
pub use budget::Budget;
pub use cache::CachePolicy;
pub use compress::CompressPolicy;
pub use confidence::ConfidencePolicy;
pub use fallback::{FallbackPolicy, StandInModel};
pub use limits::LimitPolicy;
pub use output::{HarmPolicy, LeakPolicy, OutputAction, OutputPolicy, PhrasePolicy, PiiKind, PiiPolicy};
pub use repair::{RepairPolicy, Strategy};
pub use retry::{RetryBudget, RetryPolicy};
pub use sanitise::{SanitiseAction, SanitisePattern, SanitisePolicy, SanitiseScope};
pub use semantic::{Embedder, SemanticMode, SemanticPolicy};
pub use tier::{ComplexityWeights, ComplexityWords, ModelTier, TierPolicy};
pub use timeouts::Timeouts;
pub use users::{Asker, Tier, UserColumns, UserLimits};

/// How the calls of an experiment are guarded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    #[serde(skip_serializing_if = "is_default")]
    pub retry: RetryPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub timeouts: Timeouts,
    #[serde(skip_serializing_if = "is_default")]
    pub cache: CachePolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub semantic: SemanticPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub compress: CompressPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub confidence: ConfidencePolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub repair: RepairPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub fallback: FallbackPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub breaker: BreakerPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub limits: LimitPolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub users: UserLimits,
    #[serde(skip_serializing_if = "is_default")]
    pub sanitise: SanitisePolicy,
    #[serde(skip_serializing_if = "is_default")]
    pub output: OutputPolicy,
}

impl Policy {
    /// The models that guards ask beside the experiment's own: stand-ins, the embedder, the one that shortens context.
    pub fn models(&self) -> impl Iterator<Item = &ModelId> {
        let stand_ins = self.fallback.models.iter().map(|stand_in| &stand_in.model);
        stand_ins.chain(self.semantic.model()).chain(&self.compress.model)
    }

    /// Guards as `preset` does; the fallback stays, since it names models, and so do the age of the cache and what the
    /// dataset says of users.
    #[must_use]
    pub fn guarded_as(&self, preset: &Self) -> Self {
        let mut policy = Self { fallback: self.fallback.clone(), ..preset.clone() };
        policy.cache.epoch = self.cache.epoch;
        policy.users.columns.clone_from(&self.users.columns);
        policy.users.arrivals_per_minute = self.users.arrivals_per_minute;
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preset_leaves_what_is_the_workspaces_own() {
        let mut own = Policy::default();
        own.users.columns.user = Some("customer".to_owned());
        (own.cache.epoch, own.repair.on) = (3, true);
        let guarded = own.guarded_as(&Policy::default());
        assert_eq!((guarded.cache.epoch, guarded.repair.on), (3, Policy::default().repair.on));
        assert_eq!(guarded.users, own.users);
    }
}
