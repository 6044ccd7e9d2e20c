//! A variant made ready: parsed once, rendered often.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use minijinja::Environment;
use minijinja::value::Value as TemplateValue;
use serde_json::Value;

use crate::domain::{
    Case, Content, DatasetId, Dialect, HistoryWindow, LayerId, Message, OutputSpec, Place, Problem, Prompt, PromptId,
    ResponseFormat, Role, Variant,
};

use super::compile::Compiler;
use super::fence;
use super::foreign;
use super::nunjucks::PromptTemplate;
use super::outline::{Part, Slot};
use super::overrides::{applied, prompt_place};
use super::pass::Pass;
use super::render::{ExamplesBody, ToolBody};
use super::scan::has_tags;
use super::template::engine;

/// What layers may refer to outside their own prompt.
pub struct Library<'a> {
    /// How the project's templates are read.
    pub dialect: Dialect,
    /// Prompts of the project, for snippets.
    pub prompts: &'a BTreeMap<PromptId, Arc<Prompt>>,
    /// Cases of a dataset, for layers of examples.
    pub examples: &'a dyn Fn(&DatasetId) -> Option<Arc<Vec<Case>>>,
}

/// One variant, compiled: overrides applied, snippets fetched, templates parsed. Cheap to share between threads.
pub struct Composer {
    /// The prompt's file.
    pub(super) place: Place,
    /// With overrides applied and snippets replaced by what they stand for.
    pub(super) prompt: Prompt,
    pub(super) layers: Vec<ReadyLayer>,
    pub(super) templates: Vec<Parsed>,
    pub(super) used: Vec<Used>,
    /// Names that some layer uses, whether it is on or off, before and after overrides.
    pub(super) mentioned: BTreeSet<String>,
    /// Names that the variant sets and no one declares.
    pub(super) undeclared_values: Vec<String>,
    pub(super) response: Option<ResponseFormat>,
    pub(super) engine: Environment<'static>,
    fenced: OnceLock<Environment<'static>>,
    pub(super) dialect: Dialect,
    /// The prompt of an imported project that is one text, read once.
    pub(super) whole: Option<PromptTemplate>,
}

/// A layer that is on, with all that can be known before a case is.
pub(super) struct ReadyLayer {
    pub id: LayerId,
    pub kind: &'static str,
    pub name: String,
    pub role: Role,
    pub place: Place,
    pub body: Body,
}

pub(super) enum Body {
    /// The same for every case.
    Constant(String),
    Text(Slot),
    Parts {
        turns_before: Vec<(Slot, Slot)>,
        parts: Vec<Part>,
        history_after: Option<HistoryWindow>,
    },
    Examples(ExamplesBody),
    Tools(Vec<ToolBody>),
    History(HistoryWindow),
}

/// A string with tags, parsed.
pub(super) struct Parsed {
    /// Its name in the engine.
    pub name: String,
    pub source: String,
    /// File, layer, and the string's name in it.
    pub place: Place,
    /// Variables that the template reads.
    pub needs: Vec<String>,
    /// Filled from an example's row, not from the case.
    pub of_example: bool,
}

/// A variable that is read when a case is rendered.
pub(super) struct Used {
    pub name: Arc<str>,
    pub default: Option<Value>,
    pub default_value: Option<TemplateValue>,
    pub untrusted: bool,
    /// Where a layer reads it as a whole (history, documents).
    pub whole: Vec<Place>,
}

/// What a case becomes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    pub messages: Vec<Message>,
    /// Declarations as in [`crate::domain::ChatRequest::tools`].
    pub tools: Vec<Value>,
    /// The form that a task asks of the provider; `None` leaves the variant's own.
    pub response: Option<ResponseFormat>,
    /// Every layer that is on, in order, those without text too.
    pub layers: Vec<RenderedLayer>,
    /// The prompt as one text, where its dialect renders it as one.
    pub text: Option<String>,
}

/// One layer's share.
#[derive(Debug, Clone, PartialEq)]
pub struct RenderedLayer {
    pub id: LayerId,
    pub kind: &'static str,
    pub name: String,
    pub role: Role,
    /// Its share of the messages; for tools, their declarations as JSON.
    pub text: String,
}

impl Composer {
    /// Applies the variant's overrides, follows snippets, parses all templates and renders the examples.
    ///
    /// # Errors
    /// Every mistake that makes the variant unusable whatever the case: an override or snippet that points nowhere, a
    /// snippet's version that was not agreed, a circle, a template that cannot be read, a filter that does not exist.
    pub fn new(prompt: &Prompt, variant: &Variant, library: &Library<'_>) -> Result<Self, Vec<Problem>> {
        let mut compiler = Compiler::new(&variant.prompt, library.dialect);
        same_ids(prompt, &variant.prompt, &mut compiler.problems);
        compiler.mention(prompt);
        let prompt = applied(prompt, variant, &mut compiler.problems);
        compiler.mention(&prompt);
        let composer = compiler.finish(prompt, variant, library)?;
        Ok(composer)
    }

    /// The messages of a case.
    ///
    /// Variables get their value from the case, else from the variant, else from the prompt's default. `untrusted` names
    /// variables whose values come from outside, beside those that the prompt declares so; they are fenced by a tag drawn
    /// from `fence_seed`.
    ///
    /// # Errors
    /// Every layer whose variables have no value, or whose template fails with these values, with line and column.
    pub fn render(&self, case: &Case, untrusted: &BTreeSet<String>, fence_seed: u64) -> Result<Rendered, Vec<Problem>> {
        if let Some(whole) = &self.whole {
            return self.render_whole(whole, case);
        }
        Pass::new(self, case, untrusted, fence_seed).finish()
    }

    /// Whether some layer, on or off, uses this variable.
    #[must_use]
    pub fn mentions(&self, name: &str) -> bool {
        self.mentioned.contains(name)
    }

    /// Variables that the prompt itself declares to come from outside.
    pub fn untrusted(&self) -> impl Iterator<Item = &str> {
        let untrusted = self.prompt.variables.iter().filter(|(_, variable)| variable.untrusted);
        untrusted.map(|(name, _)| name.as_str())
    }

    /// The form that the layers which are on ask for: the last of each rule holds. Sections that are templates have no
    /// text before a case is rendered, and are not held to.
    #[must_use]
    pub fn output_spec(&self) -> OutputSpec {
        let mut spec = OutputSpec::default();
        for layer in self.prompt.layers.iter().filter(|layer| layer.on) {
            match &layer.content {
                Content::Foundation(foundation) => {
                    let rules = &foundation.output_rules;
                    spec.format = rules.format.or(spec.format);
                    spec.max_length = rules.max_length.or(spec.max_length);
                    let sections = rules.required_sections.iter().filter(|section| !has_tags(section));
                    spec.required_sections.extend(sections.cloned());
                }
                Content::Task(task) if task.output_schema.is_some() => spec.schema.clone_from(&task.output_schema),
                _ => {}
            }
        }
        spec
    }

    /// Templates whose values pass through the fence; made when they are first needed.
    pub(super) fn fenced_engine(&self) -> &Environment<'static> {
        self.fenced.get_or_init(|| {
            let mut engine = engine();
            fence::install(&mut engine);
            for template in &self.templates {
                // A template that the rewriting spoils is left out, and then fails to render: never unfenced.
                let _ = engine.add_template_owned(template.name.clone(), fence::fenced_source(&template.source));
            }
            engine
        })
    }

    /// All that is sent is the text of one layer, as in imported projects.
    pub(super) const fn is_one_text(&self) -> bool {
        self.whole.is_some()
    }

    pub(super) fn assembled(parts: Assembled) -> Self {
        let Assembled { place, prompt, layers, templates, used, mentioned, undeclared_values, engine, dialect } = parts;
        let response = response(&prompt);
        let fenced = OnceLock::new();
        let whole = foreign::whole(&prompt).filter(|_| dialect == Dialect::Nunjucks).map(PromptTemplate::new);
        Self {
            place,
            prompt,
            layers,
            templates,
            used,
            mentioned,
            undeclared_values,
            response,
            engine,
            fenced,
            dialect,
            whole,
        }
    }
}

/// What the compiler hands over.
pub(super) struct Assembled {
    pub place: Place,
    pub prompt: Prompt,
    pub layers: Vec<ReadyLayer>,
    pub templates: Vec<Parsed>,
    pub used: Vec<Used>,
    pub mentioned: BTreeSet<String>,
    pub undeclared_values: Vec<String>,
    pub engine: Environment<'static>,
    pub dialect: Dialect,
}

/// The schema of the last task that asks the provider for it.
fn response(prompt: &Prompt) -> Option<ResponseFormat> {
    let tasks = prompt.layers.iter().filter(|layer| layer.on).filter_map(|layer| match &layer.content {
        Content::Task(task) => Some(task),
        _ => None,
    });
    let mut asked = tasks.filter(|task| task.structured_output).filter_map(|task| task.output_schema.as_ref());
    asked.next_back().map(|schema| ResponseFormat::Schema(schema.clone()))
}

fn same_ids(prompt: &Prompt, id: &PromptId, problems: &mut Vec<Problem>) {
    let mut seen = BTreeSet::new();
    for layer in &prompt.layers {
        if !seen.insert(&layer.id) {
            let message = format!("Two layers have the id `{}`.", layer.id);
            problems.push(Problem::error(prompt_place(id), message, "Give one of them another id."));
        }
    }
}

/// A problem in a layer as a whole.
pub(super) fn layer_problem(place: &Place, message: String, hint: impl Into<String>) -> Problem {
    Problem::error(place.clone(), message, hint)
}
