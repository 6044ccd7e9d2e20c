//! What a prompt becomes for one case, before anything is sent: messages, tokens by layer, costs, problems.
//!
//! [`preview`] is a function over values, so that a test needs no window; [`super::Session`] runs it in the background
//! when the definitions, the choices or the case have changed, and keeps the last one until the next is ready.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::launch::Bookcase;
use super::route::Route;
use super::shelf::Shelf;
use super::state::Session;
use crate::compose::{Composer, Exactness, Rendered, RenderedLayer, Tokenizer, count_tokens, tokenizer_for};
use crate::domain::{
    Case, DatasetId, LayerId, Manifest, ModelId, Place, Problem, ProjectId, Prompt, PromptId, ResponseFormat, Role,
    Variant, VariantId, Workspace,
};
use crate::plan::{Range, cost_of_call, fence_seed};
use crate::store::{OpenCases, limits_of, price_of};

/// How long edits rest before the preview is made anew.
const REST: Duration = Duration::from_millis(120);
/// Tokens that wire formats add to each message.
const PER_MESSAGE: usize = 4;

/// What is to be previewed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PreviewSpec {
    pub project: ProjectId,
    pub prompt: PromptId,
    /// `None` is the prompt as it is.
    pub variant: Option<VariantId>,
    pub dataset: Option<DatasetId>,
    /// The case's row in the dataset, from 0; past the end it is the last one.
    pub case: usize,
    /// The model whose tokenizer counts; the workspace's first where it is not given.
    pub model: Option<ModelId>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Preview {
    /// `None` without a dataset, and where the row cannot be read.
    pub case: Option<CaseView>,
    /// Cases in the dataset.
    pub cases: usize,
    /// The dataset's inputs, in the order of the file.
    pub columns: Vec<String>,
    /// Empty where the prompt cannot be rendered; the problems say why.
    pub messages: Vec<MessageView>,
    /// Every layer that is on, in order.
    pub layers: Vec<LayerView>,
    /// All input tokens of a call.
    pub tokens: usize,
    /// The counts by layer are not the chosen model's own.
    pub estimated: bool,
    /// The answer's form, where the provider is asked for it.
    pub form: Option<&'static str>,
    pub tools: usize,
    pub models: Vec<ModelView>,
    /// Variables without a value, shown by their names in brackets.
    pub unfilled: Vec<String>,
    pub problems: Vec<Found>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CaseView {
    pub row: usize,
    pub case: Case,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageView {
    pub role: Role,
    pub pieces: Vec<Piece>,
}

/// A stretch of a message that one layer wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Its place in [`Preview::layers`]; `None` where it cannot be told.
    pub layer: Option<usize>,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerView {
    pub id: LayerId,
    pub kind: &'static str,
    pub name: String,
    pub role: Role,
    pub tokens: usize,
}

/// One call on one of the workspace's models.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelView {
    pub id: ModelId,
    pub scripted: bool,
    pub input_tokens: usize,
    pub exact: bool,
    /// `None` where the price is unknown.
    pub cost: Option<Range>,
    /// The most tokens of input and output together, where it is known.
    pub context: Option<u32>,
}

impl ModelView {
    /// The input alone does not fit.
    #[must_use]
    pub fn overflows(&self) -> bool {
        self.context.is_some_and(|context| self.input_tokens > context as usize)
    }
}

/// A problem, and where in the prompt it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// `None` where it is no layer of this prompt.
    pub layer: Option<LayerId>,
    /// The field of the layer, such as `identity.role`; empty where the layer is one text.
    pub field: String,
    /// Its message without the field.
    pub problem: Problem,
}

/// Renders a case, counts its tokens and finds what is wrong.
///
/// Opens the dataset, so not for the main thread.
#[must_use]
pub fn preview(workspace: &Workspace, shelf: &Shelf, spec: &PreviewSpec) -> Preview {
    let Some(project) = workspace.projects.get(&spec.project) else { return Preview::default() };
    let Some(prompt) = project.prompts.get(&spec.prompt) else { return Preview::default() };
    let bookcase = Bookcase { workspace, shelf, id: &spec.project, project };
    let own = Variant::of(spec.prompt.clone());
    let variant = spec.variant.as_ref().and_then(|id| project.variants.get(id)).map_or(&own, |variant| variant);

    let mut made = Preview::default();
    let mut problems = Vec::new();
    let cases = spec.dataset.as_ref().and_then(|id| {
        let opened = bookcase.cases(id, &Place::default());
        opened.map_err(|found| problems.extend(found)).ok()
    });
    if let Some(cases) = &cases {
        made.take_case(cases, spec.case, &mut problems);
    }
    match bookcase.composer(variant) {
        Ok(composer) => {
            let columns = cases.as_ref().map(|cases| cases.columns.iter().cloned().collect());
            problems.extend(composer.lint(columns.as_ref()));
            if let Some(rendered) = made.render(&composer, prompt, variant, cases.as_deref(), &mut problems) {
                made.take_messages(&rendered);
                made.count(&workspace.manifest, spec.model.as_ref(), variant, &rendered);
            }
        }
        Err(found) => problems.extend(found),
    }
    made.problems = placed(problems, &spec.prompt, prompt);
    made
}

impl Preview {
    fn take_case(&mut self, cases: &OpenCases, row: usize, problems: &mut Vec<Problem>) {
        self.cases = cases.cases.len();
        self.columns.clone_from(&cases.columns);
        let row = row.min(self.cases.saturating_sub(1));
        if self.cases > 0 {
            match cases.cases.case(row) {
                Ok(case) => self.case = Some(CaseView { row, case }),
                Err(problem) => problems.push(problem),
            }
        }
    }

    /// The messages. Variables without a value stand as their names in brackets, so that the rest can be seen.
    fn render(
        &mut self,
        composer: &Composer,
        prompt: &Prompt,
        variant: &Variant,
        cases: Option<&OpenCases>,
        problems: &mut Vec<Problem>,
    ) -> Option<Rendered> {
        let mut case = self.case.as_ref().map(|view| view.case.clone()).unwrap_or_default();
        for (name, variable) in &prompt.variables {
            let filled = case.vars.contains_key(name) || variant.variables.contains_key(name);
            if !filled && variable.default.is_none() {
                case.vars.insert(name.clone(), Value::String(format!("‹{name}›")));
                self.unfilled.push(name.clone());
            }
        }
        let untrusted = cases.map(|cases| cases.untrusted.clone()).unwrap_or_default();
        let seed = cases.map_or(0, |cases| fence_seed(cases.cases.fingerprint(), &case.id));
        match composer.render(&case, &untrusted, seed) {
            Ok(rendered) => Some(rendered),
            Err(found) => {
                problems.extend(found);
                None
            }
        }
    }

    fn take_messages(&mut self, rendered: &Rendered) {
        self.messages = messages(rendered);
        self.tools = rendered.tools.len();
        self.form = rendered.response.as_ref().map(|form| match form {
            ResponseFormat::Text => "text",
            ResponseFormat::Json => "JSON",
            ResponseFormat::Schema(_) => "JSON by schema",
        });
    }

    fn count(&mut self, manifest: &Manifest, chosen: Option<&ModelId>, variant: &Variant, rendered: &Rendered) {
        let wire_name = |id: &ModelId| manifest.models.get(id).map(|model| model.model.as_str());
        let name = chosen.and_then(wire_name).or_else(|| manifest.models.values().next().map(|it| it.model.as_str()));
        let (tokenizer, exactness) = tokenizer_for(name.unwrap_or_default());
        self.estimated = exactness == Exactness::Estimated;
        self.tokens = tokens(rendered, tokenizer);
        let layer = |layer: &RenderedLayer| LayerView {
            id: layer.id.clone(),
            kind: layer.kind,
            name: layer.name.clone(),
            role: layer.role,
            tokens: count_tokens(tokenizer, &layer.text),
        };
        self.layers = rendered.layers.iter().map(layer).collect();
        self.models = manifest.models.keys().map(|id| model(manifest, id, variant, rendered)).collect();
    }
}

fn tokens(rendered: &Rendered, tokenizer: Tokenizer) -> usize {
    let messages = rendered.messages.iter().map(|message| count_tokens(tokenizer, &message.content) + PER_MESSAGE);
    let tools = rendered.tools.iter().map(|tool| count_tokens(tokenizer, &tool.to_string()));
    let schema = match &rendered.response {
        Some(ResponseFormat::Schema(schema)) => count_tokens(tokenizer, &schema.to_string()),
        _ => 0,
    };
    messages.chain(tools).sum::<usize>() + schema
}

fn model(manifest: &Manifest, id: &ModelId, variant: &Variant, rendered: &Rendered) -> ModelView {
    let spec = &manifest.models[id];
    let (tokenizer, exactness) = tokenizer_for(&spec.model);
    let input_tokens = tokens(rendered, tokenizer);
    let limits = limits_of(manifest, id);
    let limit = variant.params.max_tokens.or(limits.max_output);
    let cost = price_of(manifest, id).map(|price| cost_of_call(&price, input_tokens as u64, None, limit));
    let scripted = manifest.providers.get(&spec.provider).is_some_and(|provider| provider.api.is_scripted());
    let exact = exactness == Exactness::Exact;
    ModelView { id: id.clone(), scripted, input_tokens, exact, cost, context: limits.context }
}

/// The messages, cut where one layer's words end and the next one's begin.
fn messages(rendered: &Rendered) -> Vec<MessageView> {
    let mut cut = Cut { messages: Vec::new(), rendered, message: 0, at: 0 };
    for (index, layer) in rendered.layers.iter().enumerate().filter(|(_, layer)| layer.kind != "Tools") {
        cut.layer(index, &layer.text);
    }
    cut.finish()
}

struct Cut<'a> {
    messages: Vec<MessageView>,
    rendered: &'a Rendered,
    message: usize,
    /// Bytes of the message that are told.
    at: usize,
}

impl Cut<'_> {
    /// A layer's text stands in one message or runs on through several, with a blank line between.
    fn layer(&mut self, index: usize, text: &str) {
        const BETWEEN: &str = "\n\n";
        let mut rest = text;
        while let Some(message) = self.rendered.messages.get(self.message).filter(|_| !rest.is_empty()) {
            let left = &message.content[self.at..];
            let (skipped, left) = match left.strip_prefix(BETWEEN).filter(|_| self.at > 0) {
                Some(after) => (BETWEEN.len(), after),
                None => (0, left),
            };
            let shared = if left.starts_with(rest) {
                rest.len()
            } else if rest.starts_with(left) {
                left.len()
            } else {
                return;
            };
            self.piece(Some(index), &left[..shared]);
            self.at += skipped + shared;
            rest = rest[shared..].strip_prefix(BETWEEN).unwrap_or(&rest[shared..]);
            if self.at >= message.content.len() && (!rest.is_empty() || !self.goes_on()) {
                self.message += 1;
                self.at = 0;
            }
        }
    }

    /// A later layer may be in this message still; it is not when nothing of the message is left.
    fn goes_on(&self) -> bool {
        self.rendered.messages.get(self.message).is_some_and(|message| self.at < message.content.len())
    }

    fn piece(&mut self, layer: Option<usize>, text: &str) {
        while self.messages.len() <= self.message {
            let role = self.rendered.messages[self.messages.len()].role;
            self.messages.push(MessageView { role, pieces: Vec::new() });
        }
        if !text.is_empty() {
            self.messages[self.message].pieces.push(Piece { layer, text: text.to_owned() });
        }
    }

    /// What no layer owns up to is shown without one.
    fn finish(mut self) -> Vec<MessageView> {
        for message in self.message..self.rendered.messages.len() {
            let rest = self.rendered.messages[message].content[self.at..].to_owned();
            self.message = message;
            self.piece(None, &rest);
            self.at = 0;
        }
        self.messages
    }
}

/// Each problem once, with its layer and field. A problem of a row may repeat what the lint said of all rows.
fn placed(problems: Vec<Problem>, id: &PromptId, prompt: &Prompt) -> Vec<Found> {
    let own = PathBuf::from(format!("prompts/{id}.ron"));
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for problem in problems {
        let inside = problem.place.inside.clone().filter(|_| problem.place.file == own);
        let inside = inside.filter(|inside| prompt.layer(&inside.layer).is_some());
        let (layer, field) = inside.map(|inside| (inside.layer, inside.field)).unzip();
        // One place has one problem: what the lint says of it comes first.
        let told = problem.place.line.map_or_else(|| problem.message.clone(), |_| String::new());
        if seen.insert((problem.place.clone(), told)) {
            found.push(Found { layer, field: field.unwrap_or_default(), problem });
        }
    }
    found.sort_by_key(|found| std::cmp::Reverse(found.problem.severity));
    found
}

/// The preview that is shown, and when the next one is due.
#[derive(Default)]
pub struct Previews {
    shown: Option<Arc<Preview>>,
    spec: PreviewSpec,
    made: Option<Instant>,
    /// When the next one is to be made; `None` while the shown one is of now.
    due: Option<Instant>,
    under_way: bool,
}

impl Previews {
    /// The last preview; `None` before the first one is ready.
    #[must_use]
    pub fn shown(&self) -> Option<&Arc<Preview>> {
        self.shown.as_ref()
    }

    /// How old the shown preview is, where it is not of now.
    #[must_use]
    pub fn behind(&self, now: Instant) -> Option<Duration> {
        let made = self.made.filter(|_| self.due.is_some() || self.under_way)?;
        Some(now.saturating_duration_since(made))
    }

    /// The row of the case that is chosen, from 0.
    #[must_use]
    pub const fn case(&self) -> usize {
        self.spec.case
    }

    /// The model whose tokenizer counts, where one is chosen.
    #[must_use]
    pub const fn model(&self) -> Option<&ModelId> {
        self.spec.model.as_ref()
    }

    pub(super) fn next_due(&self, now: Instant) -> Option<Duration> {
        self.due.filter(|_| !self.under_way).map(|due| due.saturating_duration_since(now))
    }
}

impl Session {
    /// What the chosen prompt becomes for the chosen case.
    #[must_use]
    pub const fn previews(&self) -> &Previews {
        &self.previews
    }

    /// Looks at another case of the chosen dataset.
    pub(super) fn preview_case(&mut self, row: usize) {
        let last = self.previews.shown.as_ref().map_or(usize::MAX, |preview| preview.cases.saturating_sub(1));
        self.previews.spec.case = row.min(last);
        self.previews.due = Some(Instant::now());
    }

    pub(super) fn preview_model(&mut self, model: ModelId) {
        self.previews.spec.model = Some(model);
        self.previews.due = Some(Instant::now());
    }

    /// The preview is made again, soon.
    pub(super) fn preview_due(&mut self, now: Instant) {
        self.previews.due.get_or_insert(now + REST);
    }

    /// Makes the preview where somebody looks at it and it has rested long enough.
    pub(super) fn make_preview(&mut self, now: Instant) {
        let rested = self.previews.next_due(now).is_some_and(|left| left.is_zero());
        if !rested || self.route != Route::Build {
            return;
        }
        let chosen = self.selection.clone();
        let (Some(workspace), Some(project), Some(prompt)) = (self.workspace.clone(), chosen.project, chosen.prompt)
        else {
            self.previews = Previews::default();
            return;
        };
        let old = &self.previews.spec;
        let same_rows = old.project == project && old.dataset == chosen.dataset;
        let same_prompt = old.project == project && old.prompt == prompt;
        let spec = PreviewSpec {
            variant: chosen.variant,
            dataset: chosen.dataset,
            case: if same_rows { old.case } else { 0 },
            model: old.model.clone(),
            project,
            prompt,
        };
        if !same_prompt {
            self.previews.shown = None;
        }
        self.previews.spec = spec.clone();
        self.previews.due = None;
        self.previews.under_way = true;
        let open = self.shelf.clone();
        self.jobs.quiet(move |_| {
            let made = Arc::new(preview(&workspace, &open, &spec));
            Box::new(move |session| session.preview_made(&spec, made))
        });
    }

    fn preview_made(&mut self, spec: &PreviewSpec, made: Arc<Preview>) {
        self.previews.under_way = false;
        self.previews.made = Some(Instant::now());
        if self.previews.spec.project == spec.project && self.previews.spec.prompt == spec.prompt {
            self.previews.shown = Some(made);
        }
    }
}

#[cfg(test)]
mod tests;
