//! What a prompt itself asks of an answer's form; a validator holds answers to it.

use serde_json::Value;

use super::prompt::OutputFormat;

/// The form that the layers of a prompt ask for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutputSpec {
    pub format: Option<OutputFormat>,
    /// A JSON Schema; an answer with one is JSON, whatever the format says.
    pub schema: Option<Value>,
    /// Headings that the answer must have.
    pub required_sections: Vec<String>,
    /// Characters.
    pub max_length: Option<u32>,
}

impl OutputSpec {
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.schema.is_some() || self.format == Some(OutputFormat::Json)
    }

    /// Nothing that an answer could miss.
    #[must_use]
    pub fn is_free(&self) -> bool {
        !self.is_json() && self.required_sections.is_empty() && self.max_length.is_none()
    }
}
