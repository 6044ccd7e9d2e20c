//! A config as plain values: what promptfoo would run, before any template is filled in.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::report::{Ask, Location, Note};

/// A whole config.
#[derive(Debug, Clone)]
pub struct Suite {
    pub file: Arc<Path>,
    /// Where relative paths start.
    pub folder: PathBuf,
    pub description: Option<String>,
    pub providers: Vec<ProviderEntry>,
    pub prompts: Vec<PromptEntry>,
    /// Provider by provider, the prompts that it allows. A column's place here is promptfoo's `promptIdx`.
    pub columns: Vec<Column>,
    pub rows: Vec<Row>,
    pub derived_metrics: Vec<DerivedMetric>,
    pub settings: Settings,
    /// The `env` that templates see: that of the config, and what it mentions of the environment.
    pub env: BTreeMap<String, String>,
    /// Filters of the config's own, by name.
    pub filters: Vec<(String, Code)>,
    pub asks: Vec<Ask>,
    pub notes: Vec<Note>,
    /// The text of the config, for the way back.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Into [`Suite::providers`].
    pub provider: usize,
    /// Into [`Suite::prompts`].
    pub prompt: usize,
}

/// How the whole is to be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub max_concurrency: Option<usize>,
    pub delay_ms: Option<f64>,
    /// One row after the other, since rows build on earlier ones.
    pub sequential: bool,
    /// Whether answers may come from a cache.
    pub cache: bool,
    pub timeout_ms: Option<f64>,
}

#[derive(Debug, Clone)]
pub struct ProviderEntry {
    /// As the config writes it (`openai:chat:gpt-5`), with `{{ env.X }}` filled in.
    pub id: String,
    pub label: Option<String>,
    /// References to the environment of the process stay templates here, so that no key is read into the suite.
    pub config: Map<String, Value>,
    /// Labels or ids of the prompts that it is for.
    pub prompts: Option<Vec<String>>,
    pub transform: Option<Code>,
    pub delay_ms: Option<f64>,
    pub env: Map<String, Value>,
    /// The part of its file that it is, like `providers[1]`.
    pub path: String,
    pub at: Location,
    /// What promptfoo does not know of it, or nothing here does.
    pub others: Map<String, Value>,
}

impl ProviderEntry {
    /// What a result names it by.
    #[must_use]
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.id)
    }
}

#[derive(Debug, Clone)]
pub struct PromptEntry {
    /// The template.
    pub raw: String,
    pub label: String,
    pub id: Option<String>,
    /// Goes into the provider's config.
    pub config: Option<Value>,
    /// A function that makes the prompt, instead of the template.
    pub code: Option<Code>,
    /// The file that it was read from.
    pub file: Option<PathBuf>,
    pub at: Location,
    /// What promptfoo does not know of it, or nothing here does.
    pub others: Map<String, Value>,
}

/// What the files hold that variables name, by the variable. Rows that name the same file share its text.
pub type FileTexts = Arc<[(String, Arc<str>)]>;

/// One test index: a test, one combination of its variables, one repeat.
#[derive(Debug, Clone)]
pub struct Row {
    pub test_idx: usize,
    pub repeat_index: usize,
    /// As results show them: files are still `file://…`. Shared by the repeats.
    pub vars: Arc<Map<String, Value>>,
    pub loaded: FileTexts,
    /// A variable's file cannot be read: all cells of the row are errors. A sentence.
    pub vars_error: Option<String>,
    /// The columns that it has cells in.
    pub columns: Arc<[usize]>,
    pub case: Arc<CaseEntry>,
}

impl Row {
    /// The variables that templates see, with the files' texts copied in.
    #[must_use]
    pub fn seen(&self) -> Map<String, Value> {
        let mut seen = Map::clone(&self.vars);
        seen.extend(self.loaded.iter().map(|(name, text)| (name.clone(), Value::from(&**text))));
        seen
    }
}

/// A test with the defaults merged in, shared by its rows.
#[derive(Debug, Clone)]
pub struct CaseEntry {
    pub description: Option<String>,
    /// The defaults' first.
    pub assertions: Vec<Arc<AssertionEntry>>,
    pub threshold: Option<f64>,
    pub options: CaseOptions,
    /// Called instead of the column's.
    pub provider: Option<Value>,
    /// An answer that needs no call.
    pub provider_output: Option<Value>,
    pub metadata: Map<String, Value>,
    pub scoring_function: Option<Code>,
    pub at: Location,
    /// The test as its file writes it, without the defaults.
    pub authored: Arc<Map<String, Value>>,
}

#[derive(Debug, Clone, Default)]
pub struct CaseOptions {
    pub prefix: String,
    pub suffix: String,
    pub transform: Option<Code>,
    /// The register that the output goes to.
    pub store_output_as: Option<String>,
    /// Who judges.
    pub grader: Option<Value>,
    pub rubric_prompt: Option<Value>,
    pub run_serially: bool,
    /// All options after merging, by their names.
    pub all: Map<String, Value>,
}

#[derive(Debug, Clone)]
pub struct AssertionEntry {
    /// Without `not-`. Any text: promptfoo finds out at run time whether the type exists.
    pub type_name: String,
    pub not: bool,
    pub given: Given,
    pub threshold: Option<f64>,
    pub weight: Option<f64>,
    /// A template.
    pub metric: Option<String>,
    pub config: Map<String, Value>,
    pub transform: Option<Code>,
    pub context_transform: Option<Code>,
    pub provider: Option<Value>,
    pub rubric_prompt: Option<Value>,
    /// Of an `assert-set`.
    pub children: Vec<AssertionEntry>,
    /// The assertion cannot be carried out whatever the output is: it makes its rows errors. A sentence.
    pub broken: Option<String>,
    pub at: Location,
    /// Keys that promptfoo does not know, kept for the way back.
    pub others: Map<String, Value>,
}

/// An assertion's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    Absent,
    /// As written. A text, and the texts directly in a list, are templates.
    Written(Value),
    /// Read from a file; not a template.
    Loaded(Value),
    /// A list with items from files in it.
    Items(Vec<Given>),
    /// A function that makes the value, or the verdict.
    Code(Code),
    /// Its file cannot be read: the row is an error. A sentence.
    Unreadable(String),
}

/// Code in a config. It is never run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// JavaScript, as written.
    Inline(String),
    /// A JavaScript file, and the name of the function in it.
    File { path: PathBuf, export: Option<String>, source: Arc<str> },
    /// A language that is not run: `python`, `ruby`.
    Foreign { language: String, reference: String },
    /// The file cannot be read; why, in a sentence.
    Unreadable { reference: String, why: String },
}

/// `name = value`, computed over a column's named scores.
#[derive(Debug, Clone, PartialEq)]
pub struct DerivedMetric {
    pub name: String,
    /// An expression.
    pub value: Value,
}
