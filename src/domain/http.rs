//! An HTTP API that speaks none of the known wire formats: what is sent to it, and where its answer stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::is_default;

/// How an API of one's own is asked. Its address is the provider's `base_url`, and so is its key.
///
/// Texts are filled in with what a call has: `{{prompt}}` (the text of a single user message, else the messages as
/// JSON), `{{messages}}`, `{{model}}`, `{{temperature}}`, `{{top_p}}`, `{{max_tokens}}`, `{{stop}}` and `{{seed}}`.
/// `{{… | dump}}` writes as JSON, `{{… | urlencode}}` for an address or a form. Other names are refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpSpec {
    #[serde(default, skip_serializing_if = "is_default")]
    pub method: HttpMethod,
    /// Goes behind the address; the values are filled in, and then percent-encoded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub query: BTreeMap<String, String>,
    /// Headers of every request, as they stand. Never a key.
    #[serde(default, skip_serializing_if = "is_default")]
    pub headers: BTreeMap<String, String>,
    /// How the provider's key travels; as `authorization: Bearer …` where it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_header: Option<KeyPlace>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub body: HttpBody,
    #[serde(default, skip_serializing_if = "is_default")]
    pub answer: HttpAnswer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum HttpMethod {
    Get,
    #[default]
    Post,
    Put,
    Patch,
}

impl HttpMethod {
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }
}

/// The header that carries a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPlace {
    pub header: String,
    /// What stands before the key, such as `Token ` with its blank.
    #[serde(default, skip_serializing_if = "is_default")]
    pub before: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum HttpBody {
    /// Nothing is sent.
    #[default]
    Empty,
    /// JSON whose strings are filled in one by one, so that it stays JSON whatever a prompt holds. A string that is one
    /// name and nothing else becomes that value as it is, number or list; a field whose name has no value is left out.
    /// The model's `extra` goes in last.
    Json(Value),
    /// As [`HttpBody::Json`]; and a filled-in string that is a JSON object or list goes out as that value.
    UnpackedJson(Value),
    /// Text that is filled in as it stands. Where the content type is JSON and the outcome would not be, the values are
    /// escaped as inside a JSON string.
    Text(String),
}

/// Where the answer stands in what comes back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum HttpAnswer {
    /// It is the whole body, as it came.
    #[default]
    Text,
    /// It is the whole body: a JSON string is its text, other JSON is written in its compact form, and what is no JSON
    /// stays as it came.
    Json,
    /// It is what this JSON Pointer (RFC 6901) leads to: a string, or the compact form of another value.
    Pointer(String),
}
