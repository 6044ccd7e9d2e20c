//! Nouns: plain values that can be written to a file and read back. No I/O, no async, no clock, no randomness.

mod alert;
mod assertion;
mod call;
mod chat;
mod check;
mod credential;
mod dataset;
mod duration;
mod experiment;
mod fault;
mod finding;
mod fingerprint;
mod guarded;
mod http;
mod ids;
mod label;
mod manifest;
mod money;
mod output;
mod policy;
mod problem;
mod prompt;
mod release;
mod run;
mod script;
mod trust;
mod variant;
mod verdict;
mod workspace;

pub use alert::{Acknowledged, Alert, AlertKey, AlertRule, AlertRules};
pub use assertion::{Assertion, AssertionKind, AssertionSet, Code, ScriptFile};
pub use call::{AttemptState, CallFilter, CallQuery, CallRow, CallSort, CallSums};
pub use chat::{
    ChatRequest, Completion, FinishReason, Message, Params, RawReply, ReasoningEffort, ResponseFormat, Role,
};
pub use check::{Check, CheckKind, LengthUnit, Need, PassRule, Tolerance};
pub use credential::{KEY_SHAPES, KeyShape, SIGNED_TOKEN, names_credential};
pub use dataset::{Case, CaseOptions, Cases, Column, ColumnRole, Dataset, Source};
pub use duration::{duration, exact, wait};
pub use experiment::{Experiment, Filter};
pub use fault::{CallError, Fault, Phase, Retry};
pub use finding::{Finding, FindingKind, Risk};
pub use fingerprint::Fingerprint;
pub use guarded::{Guarded, Side, StandIn, Step, TimedStep, Treatment};
pub use http::{HttpAnswer, HttpBody, HttpMethod, HttpSpec, KeyPlace};
pub use ids::{
    CaseId, DatasetId, ExperimentId, LayerId, ModelId, ProjectId, PromptId, ProviderId, ReleaseId, RunId, VariantId,
};
pub use label::Label;
pub use manifest::{
    Api, Dialect, Manifest, ModelSpec, OtlpSpec, PriceEntry, PriceTable, ProjectSpec, ProviderSpec, SecretRef,
};
pub use money::{Price, Usage, Usd};
pub use output::OutputSpec;
pub use policy::{
    Asker, BreakerPolicy, Budget, CachePolicy, ComplexityWeights, ComplexityWords, CompressPolicy, ConfidencePolicy,
    Embedder, FallbackPolicy, HarmPolicy, LeakPolicy, LimitPolicy, ModelTier, OutputAction, OutputPolicy, PhrasePolicy,
    PiiKind, PiiPolicy, Policy, RepairPolicy, RetryBudget, RetryPolicy, SanitiseAction, SanitisePattern,
    SanitisePolicy, SanitiseScope, SemanticMode, SemanticPolicy, StandInModel, Strategy, Tier, TierPolicy, Timeouts,
    UserColumns, UserLimits,
};
pub use problem::{LayerText, Place, Problem, Severity};
pub use prompt::{
    Capabilities, Content, Context, Example, Examples, Foundation, History, HistoryWindow, Identity, Layer, Limits,
    OutputFormat, OutputRules, Pick, Prompt, Retrieved, Safety, Session, Snippet, Task, Text, Tool, Tools, Turns, User,
    Variable,
};
pub use release::{Evidence, Interval, Release, reaches};
pub use run::{
    AttemptEnded, AttemptRef, AttemptSent, Numbered, Purpose, RunEvent, RunHeader, RunModel, RunState, RunSummary,
    TrialEnded, TrialKey, TrialRef,
};
pub use script::{Choice, Condition, Fact, FaultRates, Reply, Rule, Script, ScriptedModel};
pub use trust::{Capability, OwnRequest};
pub use variant::{Override, Variant};
pub use verdict::{AssertionResult, Breakdown, CheckResult, Outcome, Score, Verdict};
pub use workspace::{Definition, DefinitionKey, Project, Workspace};

/// The format that this version writes; files say which they have.
pub const FORMAT: u32 = 1;

const fn format_one() -> u32 {
    FORMAT
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_true(value: &bool) -> bool {
    *value
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
