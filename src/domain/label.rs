//! What a service finds in a text: a label with its score.

use serde::{Deserialize, Serialize};

/// A label that a service gives a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Label {
    pub name: String,
    /// How much of it the service sees, usually 0 to 1; finite.
    pub score: f64,
    /// Whether the service itself says that the text has it; `None` where it gives scores alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flagged: Option<bool>,
}
