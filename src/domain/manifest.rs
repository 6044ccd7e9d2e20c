//! `workspace.ron` and `project.ron`: providers, models, prices, and whose work it is.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::alert::AlertRules;
use super::assertion::Code;
use super::chat::Params;
use super::http::HttpSpec;
use super::ids::{ModelId, ProviderId};
use super::money::Price;
use super::policy::Policy;
use super::{format_one, is_default};

/// The file `workspace.ron`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    #[serde(default = "format_one")]
    pub format: u32,
    pub name: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub providers: BTreeMap<ProviderId, ProviderSpec>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub models: BTreeMap<ModelId, ModelSpec>,
    /// The policy of experiments that have none of their own.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: Policy,
    /// When an alert is raised.
    #[serde(default, skip_serializing_if = "is_default")]
    pub alerts: AlertRules,
    /// Where the call log may be sent to as OpenTelemetry traces, whenever a person asks for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp: Option<OtlpSpec>,
}

/// A collector of traces that speaks OTLP over HTTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtlpSpec {
    /// The address without `/v1/traces`, such as `http://127.0.0.1:4318`.
    pub endpoint: String,
    /// Where the key is found. Never the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretRef>,
    /// The header that carries the key as it is; `authorization: Bearer …` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
}

/// The file `projects/<id>/project.ron`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectSpec {
    #[serde(default = "format_one")]
    pub format: u32,
    pub title: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub owner: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    /// How the project's templates are read and its trials graded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dialect: Dialect,
    /// Settings of the imported file that do nothing here, for the way back.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kept: Map<String, Value>,
}

impl ProjectSpec {
    /// A project of which no more than the title is known.
    #[must_use]
    pub fn titled(title: &str) -> Self {
        Self {
            format: format_one(),
            title: title.to_owned(),
            owner: String::new(),
            note: String::new(),
            dialect: Dialect::default(),
            kept: Map::new(),
        }
    }
}

/// How templates are read, and how the checks of a trial make its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Dialect {
    /// Strict Jinja: what is missing is a mistake. A check that cannot be done leaves its trial unscored.
    #[default]
    Jinja,
    /// Nunjucks, as promptfoo renders: what is missing prints nothing, numbers and lists print as in JavaScript. Trials
    /// are graded by promptfoo's rules: an assertion that cannot be done makes its trial an error.
    Nunjucks,
}

/// An API and how to reach it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderSpec {
    pub api: Api,
    /// The vendor's own address where it is not given; required for servers that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Where the key is found. Never the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretRef>,
    /// The most calls in flight.
    #[serde(default = "eight")]
    pub concurrency: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
}

const fn eight() -> u32 {
    8
}

/// A wire format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Api {
    /// Chat Completions, of `OpenAI` and of every compatible server.
    OpenAi,
    /// Messages.
    Anthropic,
    /// `generateContent`.
    Gemini,
    /// `/api/chat`.
    Ollama,
    /// Labels of texts by Hugging Face's inference API: it classifies, and answers no prompt.
    HuggingFace,
    /// Answers from rules in a file of the workspace: *scripted, not a model*.
    Scripted(String),
    /// Answers with the prompt's own text, without a call: *echo, not a model*.
    Echo,
    /// What an imported file names and nothing here can call: its user binds another provider to the model.
    Unmapped,
    /// Any other API over HTTP: what is sent, and where the answer stands.
    Http(Box<HttpSpec>),
}

impl Api {
    #[must_use]
    pub const fn default_base_url(&self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("https://api.openai.com/v1"),
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::Gemini => Some("https://generativelanguage.googleapis.com"),
            Self::Ollama => Some("http://127.0.0.1:11434"),
            Self::HuggingFace => Some("https://router.huggingface.co/hf-inference"),
            Self::Scripted(_) | Self::Echo | Self::Unmapped | Self::Http(_) => None,
        }
    }

    /// The vendor's name in the bundled price table.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
            Self::HuggingFace => "huggingface",
            Self::Scripted(_) => "scripted",
            Self::Echo => "echo",
            Self::Unmapped => "unmapped",
            Self::Http(_) => "http",
        }
    }

    /// Makes vectors of texts, as far as is known: whoever stands for an unmapped one may.
    #[must_use]
    pub const fn gives_vectors(&self) -> bool {
        matches!(self, Self::OpenAi | Self::Gemini | Self::Ollama | Self::Unmapped)
    }

    /// Moderates or classifies texts, as far as is known: whoever stands for an unmapped one may.
    #[must_use]
    pub const fn gives_labels(&self) -> bool {
        matches!(self, Self::OpenAi | Self::HuggingFace | Self::Unmapped)
    }

    #[must_use]
    pub const fn is_scripted(&self) -> bool {
        matches!(self, Self::Scripted(_) | Self::Echo)
    }
}

/// Where a secret is; the secret itself stands in no file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SecretRef {
    /// An environment variable.
    Env(String),
    /// An entry of the operating system's keyring.
    Keyring(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Keyring(name) => write!(f, "keyring entry {name}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    pub provider: ProviderId,
    /// The provider's own name of the model.
    pub model: String,
    /// Stands before the bundled price table. A model with neither has an unknown price, never zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// The most tokens of input and output together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u32>,
    /// The most output tokens; the bound of a call that sets no `max_tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u32>,
    /// Parameters of every call; a variant's own stand before them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub params: Params,
    /// JavaScript that makes of an answer what is checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transform: Option<Code>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    /// What the imported file says of it and nothing here does anything with, for the way back.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub kept: Map<String, Value>,
}

/// What the bundled price table knows of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceEntry {
    /// [`Api::word`] of the vendor.
    pub provider: String,
    pub model: String,
    pub price: Price,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u32>,
}

/// The file `assets/pricing.ron`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// The day on which the prices were read, `2026-11-23`.
    pub dated: String,
    pub models: Vec<PriceEntry>,
}
