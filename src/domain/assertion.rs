//! Assertions of promptfoo, as checks: their types and what they ask. How each is graded is in `scoring::assertion`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::Check;
use super::ids::ModelId;
use super::is_default;

/// An assertion as an imported config declares it. Negation, weight, threshold and metric are the check's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    pub kind: AssertionKind,
    /// What is asked for; strings in it, and in a list that it is, are templates in the project's dialect.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// Makes of the output what is looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Code>,
    /// A script that `value` named by its file, as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<ScriptFile>,
    /// Settings of the type's own.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
    /// The model that grades, or that gives labels, for types that need one; without it such a check is unscored. For
    /// `similar` it makes the vectors where there is no `embedder`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelId>,
    /// The model that makes vectors, for types that compare them; the built-in vectors of letters and words where it is
    /// not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedder: Option<ModelId>,
    /// What the grader is told in place of the built-in words: text, or messages.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub prompt: Value,
    /// What the imported file says of it and nobody knows, for the way back.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kept: Map<String, Value>,
    /// Why it cannot be done, found when it was imported; its trials are errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

impl Assertion {
    #[must_use]
    pub fn new(kind: AssertionKind, value: Value) -> Self {
        let (transform, script, model, embedder) = (None, None, None, None);
        Self {
            kind,
            value,
            transform,
            script,
            config: Map::new(),
            model,
            embedder,
            prompt: Value::Null,
            kept: Map::new(),
            broken: None,
        }
    }
}

/// JavaScript; it runs in a sandbox, and only in a workspace that the user trusts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Code {
    /// A line is an expression, several lines are a function's body with `return`.
    Inline(String),
    File(ScriptFile),
    /// Code of an imported file that is not run here: what it would have made something of is an error.
    Unrun {
        /// The name that the config gave, `file://` and all.
        name: String,
        /// A sentence.
        why: String,
    },
}

impl Code {
    /// Why it is not run, where it is not.
    #[must_use]
    pub fn unrun(&self) -> Option<&str> {
        match self {
            Self::Unrun { why, .. } => Some(why),
            Self::Inline(_) | Self::File(_) => None,
        }
    }
}

/// JavaScript that stood in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptFile {
    /// The name that the config gave, `file://` and all.
    pub name: String,
    /// The exported function that is called; the default export where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    pub source: String,
}

/// Assertions that pass together or by a threshold on their weighted score.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssertionSet {
    #[serde(default, skip_serializing_if = "is_default")]
    pub checks: Vec<Check>,
}

macro_rules! assertion_kinds {
    ($($(#[doc = $doc:literal])? $variant:ident = $name:literal),+ $(,)?) => {
        /// The types of assertion, by promptfoo's names without `not-`.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub enum AssertionKind {
            $($(#[doc = $doc])? $variant,)+
            /// A type that this version does not know, by the name that the config gives it. The trial is an error, as it
            /// is in promptfoo.
            Other(String),
        }

        impl AssertionKind {
            /// Every type that is known, in the order in which they are offered.
            pub const KNOWN: &[Self] = &[$(Self::$variant),+];

            /// The type of this name, which has no `not-`.
            #[must_use]
            pub fn named(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)+
                    other => Self::Other(other.to_owned()),
                }
            }

            #[must_use]
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other(name) => name,
                }
            }
        }
    };
}

assertion_kinds! {
    Equals = "equals",
    Contains = "contains",
    Icontains = "icontains",
    ContainsAll = "contains-all",
    ContainsAny = "contains-any",
    IcontainsAll = "icontains-all",
    IcontainsAny = "icontains-any",
    StartsWith = "starts-with",
    EndsWith = "ends-with",
    Regex = "regex",
    IsJson = "is-json",
    ContainsJson = "contains-json",
    IsXml = "is-xml",
    ContainsXml = "contains-xml",
    IsHtml = "is-html",
    ContainsHtml = "contains-html",
    IsSql = "is-sql",
    ContainsSql = "contains-sql",
    IsRefusal = "is-refusal",
    IsValidFunctionCall = "is-valid-function-call",
    IsValidOpenAiFunctionCall = "is-valid-openai-function-call",
    IsValidOpenAiToolsCall = "is-valid-openai-tools-call",
    ToolCallF1 = "tool-call-f1",
    WordCount = "word-count",
    CharacterCount = "character-count",
    Levenshtein = "levenshtein",
    Bleu = "bleu",
    Gleu = "gleu",
    RougeN = "rouge-n",
    Meteor = "meteor",
    Latency = "latency",
    Cost = "cost",
    FinishReason = "finish-reason",
    Guardrails = "guardrails",
    Perplexity = "perplexity",
    PerplexityScore = "perplexity-score",
    Javascript = "javascript",
    TraceSpanCount = "trace-span-count",
    TraceSpanDuration = "trace-span-duration",
    TraceErrorSpans = "trace-error-spans",
    TrajectoryToolUsed = "trajectory:tool-used",
    TrajectoryToolArgsMatch = "trajectory:tool-args-match",
    TrajectoryToolSequence = "trajectory:tool-sequence",
    TrajectoryStepCount = "trajectory:step-count",
    SkillUsed = "skill-used",
    LlmRubric = "llm-rubric",
    GEval = "g-eval",
    Factuality = "factuality",
    ModelGradedFactuality = "model-graded-factuality",
    ModelGradedClosedQa = "model-graded-closedqa",
    AnswerRelevance = "answer-relevance",
    ContextRecall = "context-recall",
    ContextRelevance = "context-relevance",
    ContextFaithfulness = "context-faithfulness",
    ConversationRelevance = "conversation-relevance",
    Similar = "similar",
    SimilarCosine = "similar:cosine",
    SimilarDot = "similar:dot",
    SimilarEuclidean = "similar:euclidean",
    Classifier = "classifier",
    Moderation = "moderation",
    #[doc = "The best of a case's outputs, as a model sees it."]
    SelectBest = "select-best",
    #[doc = "The output of a case with the highest score of the other assertions."]
    MaxScore = "max-score",
}

impl AssertionKind {
    /// A model is asked: text, vectors, labels.
    #[must_use]
    pub const fn is_model_graded(&self) -> bool {
        matches!(
            self,
            Self::LlmRubric
                | Self::GEval
                | Self::Factuality
                | Self::ModelGradedFactuality
                | Self::ModelGradedClosedQa
                | Self::AnswerRelevance
                | Self::ContextRecall
                | Self::ContextRelevance
                | Self::ContextFaithfulness
                | Self::ConversationRelevance
                | Self::Similar
                | Self::SimilarCosine
                | Self::SimilarDot
                | Self::SimilarEuclidean
                | Self::Classifier
                | Self::Moderation
                | Self::SelectBest
        )
    }

    /// Vectors of texts are compared; those of letters and words where no model makes them.
    #[must_use]
    pub const fn asks_vectors(&self) -> bool {
        let is_similar =
            matches!(self, Self::Similar | Self::SimilarCosine | Self::SimilarDot | Self::SimilarEuclidean);
        is_similar || matches!(self, Self::AnswerRelevance)
    }

    /// A service gives the output labels.
    #[must_use]
    pub const fn asks_labels(&self) -> bool {
        matches!(self, Self::Classifier | Self::Moderation)
    }

    /// A model is asked in words, and answers in words.
    #[must_use]
    pub const fn asks_words(&self) -> bool {
        let asks_others = self.asks_labels() || self.asks_vectors() && !matches!(self, Self::AnswerRelevance);
        self.is_model_graded() && !asks_others
    }

    /// The outputs of a case are compared with each other, after all of them are there.
    #[must_use]
    pub const fn compares_outputs(&self) -> bool {
        matches!(self, Self::SelectBest | Self::MaxScore)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_by_its_name() {
        for kind in AssertionKind::KNOWN {
            assert_eq!(AssertionKind::named(kind.name()), *kind);
        }
        assert_eq!(AssertionKind::named("iequals"), AssertionKind::Other("iequals".to_owned()));
    }
}
