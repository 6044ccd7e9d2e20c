//! A prompt: an ordered stack of layers and the variables that they use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::chat::Role;
use super::ids::{DatasetId, LayerId, PromptId};
use super::{format_one, is_default, is_true, yes};

/// A file `prompts/<id>.ron`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    #[serde(default = "format_one")]
    pub format: u32,
    #[serde(default, skip_serializing_if = "is_default")]
    pub title: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    /// Semantic version; what a release freezes.
    #[serde(default = "first_version")]
    pub version: String,
    /// What may stand in `{{ … }}`; a variable that no layer uses or that is not declared is a problem.
    #[serde(default, skip_serializing_if = "is_default")]
    pub variables: BTreeMap<String, Variable>,
    #[serde(default)]
    pub layers: Vec<Layer>,
}

fn first_version() -> String {
    "0.1.0".to_owned()
}

impl Default for Prompt {
    fn default() -> Self {
        Self {
            format: format_one(),
            title: String::new(),
            note: String::new(),
            version: first_version(),
            variables: BTreeMap::new(),
            layers: Vec::new(),
        }
    }
}

impl Prompt {
    #[must_use]
    pub fn layer(&self, id: &LayerId) -> Option<&Layer> {
        self.layers.iter().find(|layer| layer.id == *id)
    }
}

/// A slot `{{ name }}` that a case, a default or a variant fills.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    /// Used where a case does not have the variable; without one the variable is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Text from outside (a customer's words): fenced in delimiters that it cannot forge.
    #[serde(default, skip_serializing_if = "is_default")]
    pub untrusted: bool,
}

/// A block of the prompt that can be switched, moved, priced and compared by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    pub id: LayerId,
    #[serde(default, skip_serializing_if = "is_default")]
    pub title: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub note: String,
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub on: bool,
    /// Whose words these are; the kind's own default where it is not given (foundation: system, else user).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    pub content: Content,
}

impl Layer {
    #[must_use]
    pub fn role(&self) -> Role {
        self.role.unwrap_or(match self.content {
            Content::Foundation(_) | Content::Context(_) | Content::Tools(_) => Role::System,
            Content::Task(_) | Content::Text(_) | Content::Examples(_) | Content::Snippet(_) | Content::History(_) => {
                Role::User
            }
        })
    }

    /// The title, or the id where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.title.is_empty() { self.id.as_str() } else { &self.title }
    }
}

/// What a layer says, by kind. Every string in it is a template unless its doc says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Content {
    Foundation(Box<Foundation>),
    Context(Box<Context>),
    Task(Box<Task>),
    Text(Text),
    Examples(Examples),
    Snippet(Snippet),
    Tools(Tools),
    History(History),
}

impl Content {
    /// The kind's name in the window and in files.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Foundation(_) => "Foundation",
            Self::Context(_) => "Context",
            Self::Task(_) => "Task",
            Self::Text(_) => "Text",
            Self::Examples(_) => "Examples",
            Self::Snippet(_) => "Snippet",
            Self::Tools(_) => "Tools",
            Self::History(_) => "History",
        }
    }
}

/// Who the model is and by which rules it works.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Foundation {
    #[serde(skip_serializing_if = "is_default")]
    pub version: String,
    #[serde(skip_serializing_if = "is_default")]
    pub identity: Identity,
    #[serde(skip_serializing_if = "is_default")]
    pub capabilities: Capabilities,
    #[serde(skip_serializing_if = "is_default")]
    pub output_rules: OutputRules,
    #[serde(skip_serializing_if = "is_default")]
    pub safety: Safety,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Identity {
    #[serde(skip_serializing_if = "is_default")]
    pub role: String,
    #[serde(skip_serializing_if = "is_default")]
    pub personality: String,
    #[serde(skip_serializing_if = "is_default")]
    pub expertise: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    #[serde(skip_serializing_if = "is_default")]
    pub allowed: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub forbidden: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub requires_approval: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OutputFormat {
    #[default]
    Markdown,
    Json,
    Plain,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputRules {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<OutputFormat>,
    /// Characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    #[serde(skip_serializing_if = "is_default")]
    pub required_sections: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Safety {
    #[serde(skip_serializing_if = "is_default")]
    pub content_filters: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub escalation_triggers: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub uncertainty_handling: String,
}

/// What the model should know about this user, this session and this question.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Context {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryWindow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrieved: Option<Retrieved>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constraints: Option<Limits>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct User {
    pub id: String,
    /// `free`, `pro`, `enterprise` or a tier of one's own.
    pub tier: String,
    #[serde(skip_serializing_if = "is_default")]
    pub preferences: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Session {
    pub id: String,
    #[serde(skip_serializing_if = "is_default")]
    pub started_at: String,
    /// A number, or a template that gives one.
    #[serde(skip_serializing_if = "is_default")]
    pub turn_count: String,
    #[serde(skip_serializing_if = "is_default")]
    pub current_task: String,
}

/// Earlier turns, from a variable that holds a list of `{role, content}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HistoryWindow {
    /// The variable's name, not a template.
    pub variable: String,
    /// The last turns that go in.
    #[serde(default = "five")]
    pub last: u32,
    /// The most tokens that go in, the oldest turns being left out first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub form: Turns,
}

const fn five() -> u32 {
    5
}

/// How turns and examples go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Turns {
    /// As text inside the layer.
    #[default]
    Block,
    /// As real user and assistant messages.
    Messages,
}

/// Retrieved documents, from a variable that holds a list of `{content, title?, source?, relevance?}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retrieved {
    /// The variable's name, not a template.
    pub variable: String,
    /// The most tokens that go in, the least relevant documents being cut first, with a visible note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Documents below this relevance (0 to 1) stay out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_relevance: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_budget: Option<super::money::Usd>,
}

/// What is to be done, now.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Task {
    pub action: String,
    #[serde(skip_serializing_if = "is_default")]
    pub inputs: BTreeMap<String, String>,
    /// A JSON Schema; not a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// Ask the provider itself for the schema, where it can.
    #[serde(skip_serializing_if = "is_default")]
    pub structured_output: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub examples: Vec<Example>,
    #[serde(skip_serializing_if = "is_default")]
    pub example_form: Turns,
    #[serde(skip_serializing_if = "is_default")]
    pub constraints: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub input: String,
    pub output: String,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub text: String,
}

/// Examples taken from a dataset; the case under test is never among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    pub dataset: DatasetId,
    pub pick: Pick,
    /// Rendered with an example's variables (and `expected`).
    pub input: String,
    pub output: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub form: Turns,
}

/// Which rows of a dataset become examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Pick {
    First(u32),
    Tagged {
        tag: String,
        most: u32,
    },
    /// The same rows for the same seed.
    Sample {
        count: u32,
        seed: u64,
    },
}

/// A layer of another prompt, so that shared words have one home.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snippet {
    pub prompt: PromptId,
    pub layer: LayerId,
    /// The other prompt's version that was read and agreed; another one is a problem until it is agreed too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// Tools that the model may call; declared to the provider, not written into the text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tools {
    pub tools: Vec<Tool>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    pub name: String,
    pub description: String,
    /// A JSON Schema object; not a template.
    pub parameters: Map<String, Value>,
}

/// A place where a conversation goes in as real messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The variable's name, not a template: a list of `{role, content}`.
    pub variable: String,
    #[serde(default = "five")]
    pub last: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}
