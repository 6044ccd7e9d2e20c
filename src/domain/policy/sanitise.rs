//! Input sanitising: what is done about text from outside that tries to give orders.

use serde::{Deserialize, Serialize};

/// Looks for prompt injection in the input. A detector is a signal with a measured precision and recall
/// (`strata guardrails` prints them), not a wall: roles, fences and checks of the output come first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SanitisePolicy {
    pub on: bool,
    #[serde(skip_serializing_if = "super::is_default")]
    pub action: SanitiseAction,
    #[serde(skip_serializing_if = "super::is_default")]
    pub scope: SanitiseScope,
    /// The points from which a text is an attack. A pattern has up to 10, and those of one text add up.
    pub threshold: u32,
    /// Patterns of the workspace's own, beside the bundled ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<SanitisePattern>,
    /// The input is cut to this many characters; `None` cuts nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<u32>,
}

impl Default for SanitisePolicy {
    fn default() -> Self {
        Self {
            on: false,
            action: SanitiseAction::default(),
            scope: SanitiseScope::default(),
            threshold: 10,
            patterns: Vec::new(),
            max_chars: None,
        }
    }
}

/// What is done about an input that looks like an attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum SanitiseAction {
    /// Sent as it is; the findings are recorded.
    #[default]
    Flag,
    /// Role delimiters and fences are written with look-alike characters that no model takes for them, in every input;
    /// the rest stays as it is, so that code still reads.
    Neutralise,
    /// Not sent: the trial ends as refused.
    Block,
}

/// Which part of the input is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum SanitiseScope {
    /// The columns that are declared untrusted.
    #[default]
    Untrusted,
    /// All text of the user role.
    UserText,
}

/// A pattern of the workspace's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SanitisePattern {
    pub name: String,
    /// A regular expression over the normalised text: lower case, no accents, no invisible characters.
    pub pattern: String,
    /// 1 to 10; 10 is an attack by itself under the usual threshold.
    #[serde(default = "ten")]
    pub points: u32,
}

const fn ten() -> u32 {
    10
}
