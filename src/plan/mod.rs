//! An experiment becomes trials. Pure and lazy: a plan of a million trials is a few kilobytes, since a trial is an index.

mod bound;
mod canary;
mod estimate;
mod expand;
mod fingerprint;
mod guarded;
mod left_out;
mod shortfall;
mod tiers;

pub use bound::worst_case;
pub use canary::canary_of;
pub use estimate::{Estimate, ModelEstimate, PastOutput, Range, cost_of_call, estimate};
pub use expand::{Plan, PlanModel, PlanVariant, PlannedTrial, Selection, fence_seed};
pub use fingerprint::{call_fingerprint, definition_fingerprint, embedding_fingerprint, labels_fingerprint, trial_key};
pub use guarded::with_guards;
pub use left_out::CONVERSATION;
pub use shortfall::Shortfall;
pub use tiers::{Complexity, TierRoute, Tiered, complexity};
