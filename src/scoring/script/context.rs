//! What an assertion's script sees beside the answer.

use serde::Serialize;
use serde_json::{Map, Value};

/// The `context` of an assertion.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Context<'a> {
    pub vars: &'a Map<String, Value>,
    /// As it was sent.
    pub prompt: &'a str,
    /// The test as the config declares it, with its own `vars`.
    pub test: &'a Value,
    /// The assertion's `config`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<&'a Map<String, Value>>,
    /// A name; the script asks for it with `context.provider.id()`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<&'a str>,
    /// What the provider gave: `output`, `tokenUsage`, `cost` and more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_response: Option<&'a Value>,
    /// The provider's, for the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<&'a Value>,
}
