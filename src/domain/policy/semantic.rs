//! The semantic cache: a similar question may have the same answer.

use serde::{Deserialize, Serialize};

use crate::domain::ids::ModelId;
use crate::domain::is_default;

/// Answers of similar questions. Similarity is not equality: a template with a varying row makes all questions of a
/// dataset alike, so that this is an experiment of its own. Off by default, and what it answers is left out of a
/// model's numbers.
///
/// A question is compared with those that have the same endpoint, model, system messages, earlier turns, parameters and
/// tools, and never with another repeat of its own cell. The cache lives as long as the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SemanticPolicy {
    pub mode: SemanticMode,
    /// The least cosine of two questions, above 0 and up to 1, from which one answer does for both.
    pub threshold: f64,
    /// The most answers that are kept; those used least and longest ago go first.
    pub capacity: u32,
    /// How long an answer is kept, in milliseconds.
    pub ttl_ms: u64,
    pub embedder: Embedder,
    /// Count what the cache answers like the model's own answers.
    #[serde(skip_serializing_if = "is_default")]
    pub count_hits: bool,
}

impl Default for SemanticPolicy {
    fn default() -> Self {
        Self {
            mode: SemanticMode::Off,
            threshold: 0.95,
            capacity: 10_000,
            ttl_ms: 3_600_000,
            embedder: Embedder::Lexical,
            count_hits: false,
        }
    }
}

impl SemanticPolicy {
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.mode != SemanticMode::Off
    }

    /// The model that makes the vectors, where one does.
    #[must_use]
    pub fn model(&self) -> Option<&ModelId> {
        match &self.embedder {
            Embedder::Model(model) if self.is_on() => Some(model),
            Embedder::Model(_) | Embedder::Lexical => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SemanticMode {
    #[default]
    Off,
    /// The cache answers.
    On,
    /// The model answers, and each trial says whether the cache would have, and whether that would have been wrong.
    Audit,
}

/// What makes a vector of a question.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Embedder {
    /// Built in: counts of letters and words in common. It knows no meaning: a question in other words is another one.
    #[default]
    Lexical,
    /// A model of the workspace whose API has embeddings.
    Model(ModelId),
}
