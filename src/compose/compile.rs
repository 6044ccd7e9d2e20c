//! Makes a [`Composer`] of a prompt: follows snippets, parses templates, prepares examples.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::{Environment, ErrorKind};

use crate::domain::{
    Case, Content, Dialect, Examples, HistoryWindow, Layer, Place, Problem, Prompt, PromptId, Turns, Variable, Variant,
};

use super::composer::{Assembled, Body, Composer, Library, Parsed, ReadyLayer, Used, layer_problem};
use super::foreign;
use super::outline::{Part, Slot, Slots, trimmed};
use super::overrides::prompt_place;
use super::pass::constant;
use super::render::{ExamplesBody, content_slots, context, foundation, task, task_turns, tools};
use super::scan::{Applied, Tag, assigned, has_tags, line_and_column, tags};
use super::snippets::{Resolved, resolved};
use super::template::{Mistake, engine, render, vars_of};
use super::values::value_of;

pub(super) struct Compiler {
    prompt_id: PromptId,
    engine: Environment<'static>,
    dialect: Dialect,
    templates: Vec<Parsed>,
    whole: BTreeMap<String, Vec<Place>>,
    mentioned: BTreeSet<String>,
    pub(super) problems: Vec<Problem>,
    /// Where the strings that come next stand.
    place: Place,
    of_example: bool,
    is_one_text: bool,
}

impl Compiler {
    pub(super) fn new(prompt_id: &PromptId, dialect: Dialect) -> Self {
        Self {
            prompt_id: prompt_id.clone(),
            engine: engine(),
            dialect,
            templates: Vec::new(),
            whole: BTreeMap::new(),
            mentioned: BTreeSet::new(),
            problems: Vec::new(),
            place: Place::default(),
            of_example: false,
            is_one_text: false,
        }
    }

    /// Notes the names in all layers, on or off, so that a variable which another variant uses is not called unused.
    pub(super) fn mention(&mut self, prompt: &Prompt) {
        let mut mentions = Mentions(&mut self.mentioned);
        for layer in &prompt.layers {
            content_slots(&layer.content, &mut mentions);
        }
    }

    pub(super) fn finish(
        mut self,
        mut prompt: Prompt,
        variant: &Variant,
        library: &Library<'_>,
    ) -> Result<Composer, Vec<Problem>> {
        let mut layers = Vec::new();
        let mut declared = prompt.variables.clone();
        for layer in &mut prompt.layers {
            match resolved(&self.prompt_id, layer, library) {
                Err(problem) if layer.on => self.problems.push(problem),
                Err(_) => {}
                Ok(found) => {
                    declare(&mut declared, &found);
                    content_slots(&found.content, &mut Mentions(&mut self.mentioned));
                    if matches!(layer.content, Content::Snippet(_)) {
                        layer.content = found.content;
                        layer.role = Some(found.role);
                    }
                    if layer.on {
                        layers.extend(self.layer(layer, found.place, library));
                    }
                }
            }
        }
        let own: BTreeSet<&String> = prompt.variables.keys().collect();
        let mentioned = &self.mentioned;
        let from_snippets = declared.iter().filter(|(name, _)| !own.contains(name) && mentioned.contains(*name));
        let from_snippets: Vec<(String, Variable)> =
            from_snippets.map(|(name, variable)| (name.clone(), variable.clone())).collect();
        for (name, mut variable) in from_snippets {
            if let Some(value) = variant.variables.get(&name) {
                variable.default = Some(value.clone());
            }
            prompt.variables.insert(name, variable);
        }
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        let undeclared_values =
            variant.variables.keys().filter(|name| !prompt.variables.contains_key(*name)).cloned().collect();
        let used = self.used(&prompt, variant);
        Ok(Composer::assembled(Assembled {
            place: prompt_place(&self.prompt_id),
            prompt,
            layers,
            templates: self.templates,
            used,
            mentioned: self.mentioned,
            undeclared_values,
            engine: self.engine,
            dialect: self.dialect,
        }))
    }

    fn used(&mut self, prompt: &Prompt, variant: &Variant) -> Vec<Used> {
        let mut whole = std::mem::take(&mut self.whole);
        let in_templates = self.templates.iter().filter(|template| !template.of_example);
        let mut names: BTreeSet<String> = in_templates.flat_map(|template| template.needs.iter().cloned()).collect();
        names.extend(whole.keys().cloned());
        let used = names.into_iter().map(|name| {
            let variable = prompt.variables.get(&name);
            let default = variable.map_or_else(|| variant.variables.get(&name), |variable| variable.default.as_ref());
            Used {
                default: default.filter(|value| !value.is_null()).cloned(),
                default_value: default.filter(|value| !value.is_null()).map(value_of),
                untrusted: variable.is_some_and(|variable| variable.untrusted),
                whole: whole.remove(&name).unwrap_or_default(),
                name: Arc::from(name),
            }
        });
        used.collect()
    }

    fn layer(&mut self, layer: &Layer, place: Place, library: &Library<'_>) -> Option<ReadyLayer> {
        self.place.clone_from(&place);
        self.is_one_text = matches!(layer.content, Content::Text(_));
        let body = match &layer.content {
            Content::Foundation(content) => parts(foundation(content, self)),
            Content::Context(content) => {
                let history_after = content.history.clone().filter(|window| window.form == Turns::Messages);
                let parts = context(content, self);
                Body::Parts { turns_before: Vec::new(), parts, history_after }
            }
            Content::Task(content) => {
                let turns_before = task_turns(content, self);
                Body::Parts { turns_before, parts: task(content, self), history_after: None }
            }
            Content::Text(content) => Body::Text(self.slot(&content.text, "text")),
            Content::Examples(content) => Body::Examples(self.examples(content, library)?),
            Content::Tools(content) => Body::Tools(tools(content, self)),
            Content::History(content) => {
                self.variable(&content.variable, "variable");
                let (variable, last, max_tokens) = (content.variable.clone(), content.last, content.max_tokens);
                Body::History(HistoryWindow { variable, last, max_tokens, form: Turns::Messages })
            }
            Content::Snippet(_) => return None,
        };
        let (id, kind, name) = (layer.id.clone(), layer.content.kind(), layer.name().to_owned());
        Some(ReadyLayer { id, kind, name, role: layer.role(), place, body: folded(body) })
    }

    fn examples(&mut self, content: &Examples, library: &Library<'_>) -> Option<ExamplesBody> {
        let Some(cases) = (library.examples)(&content.dataset) else {
            let message = format!("There is no dataset `{}` to take examples from.", content.dataset);
            self.problems.push(layer_problem(&self.place, message, "Choose a dataset of this project."));
            return None;
        };
        let known = self.problems.len();
        self.of_example = true;
        let input = self.slot(&content.input, "input");
        let output = self.slot(&content.output, "output");
        self.of_example = false;
        if self.problems.len() > known {
            return None;
        }
        let mut body = ExamplesBody::new(content, cases, input.clone(), output.clone());
        let prepared = body.prepare(|example| self.example(&input, &output, example));
        match prepared {
            Ok(()) => Some(body),
            Err((row, (template, mistake))) => {
                let example = body.row(row);
                let who = format!("The example `{}`", example.id);
                let parsed = &self.templates[template];
                self.problems.push(parsed.problem(&mistake, &who, example.vars.keys().map(String::as_str)));
                None
            }
        }
    }

    fn example(&self, input: &Slot, output: &Slot, example: &Case) -> Result<(String, String), (usize, Mistake)> {
        let vars = vars_of(example);
        let text = |slot: &Slot| match slot {
            Slot::Plain(text) => Ok(text.clone()),
            Slot::Template(index) => {
                let parsed = &self.templates[*index];
                if self.dialect == Dialect::Nunjucks {
                    return foreign::text(&parsed.source, &example.vars)
                        .map_err(|error| (*index, Mistake::foreign(&error)));
                }
                render(&self.engine, &parsed.name, &parsed.source, vars.clone()).map_err(|mistake| (*index, mistake))
            }
        };
        Ok((text(input)?, text(output)?))
    }

    /// Filters and tests are looked up when a template runs; here they are looked up before.
    fn check_applied(&mut self, found: &[Tag<'_>], source: &str, place: &Place) {
        let unknown: Vec<(String, usize)> = {
            let mut state = self.engine.empty_state();
            let applied = found.iter().flat_map(Tag::filters_and_tests);
            applied
                .filter_map(|(applied, at)| match applied {
                    Applied::Filter(name) => state
                        .apply_filter(name, &[])
                        .is_err_and(|error| error.kind() == ErrorKind::UnknownFilter)
                        .then(|| (format!("There is no filter `{name}`."), at)),
                    Applied::Test(name) => state
                        .perform_test(name, &[])
                        .is_err_and(|error| error.kind() == ErrorKind::UnknownTest)
                        .then(|| (format!("There is no test `{name}`."), at)),
                })
                .collect()
        };
        for (message, at) in unknown {
            let (line, column) = line_and_column(source, at);
            let place = place.clone().line(line, column);
            self.problems.push(Problem::error(place, message, "See Jinja's built-in filters and tests."));
        }
    }
}

impl Slots for Compiler {
    fn slot(&mut self, source: &str, field: &str) -> Slot {
        if !has_tags(source) {
            return Slot::Plain(source.to_owned());
        }
        let name = self.templates.len().to_string();
        let place = self.place.clone().field(if self.is_one_text { "" } else { field });
        if self.dialect == Dialect::Nunjucks {
            // What is missing prints nothing and what is wrong is the trial's error: neither is known before a case is.
            let (needs, source, of_example) = (Vec::new(), source.to_owned(), self.of_example);
            self.templates.push(Parsed { name, source, place, needs, of_example });
            return Slot::Template(self.templates.len() - 1);
        }
        if let Err(error) = self.engine.add_template_owned(name.clone(), source.to_owned()) {
            let mistake = Mistake::of(&error, source);
            self.problems.push(mistake.problem(place));
            return Slot::Plain(String::new());
        }
        let found = tags(source);
        self.check_applied(&found, source, &place);
        let parsed = Parsed {
            needs: needs(&self.engine, &name, &found),
            name,
            source: source.to_owned(),
            place,
            of_example: self.of_example,
        };
        self.templates.push(parsed);
        Slot::Template(self.templates.len() - 1)
    }

    fn variable(&mut self, name: &str, field: &str) {
        self.whole.entry(name.to_owned()).or_default().push(self.place.clone().field(field));
    }
}

fn needs(engine: &Environment<'_>, name: &str, found: &[Tag<'_>]) -> Vec<String> {
    let Ok(template) = engine.get_template(name) else { return Vec::new() };
    let set = assigned(found);
    let globals: BTreeSet<&str> = engine.globals().map(|(name, _)| name).collect();
    let mut needs: Vec<String> = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !set.contains(name.as_str()) && !globals.contains(name.as_str()))
        .collect();
    needs.sort_unstable();
    needs
}

/// Variables of the prompts that a snippet passed through are declared for its words.
fn declare(declared: &mut BTreeMap<String, Variable>, found: &Resolved) {
    for prompt in &found.through {
        for (name, variable) in &prompt.variables {
            declared.entry(name.clone()).or_insert_with(|| variable.clone());
        }
    }
}

fn parts(parts: Vec<Part>) -> Body {
    Body::Parts { turns_before: Vec::new(), parts, history_after: None }
}

/// A body that is the same for every case is rendered now.
fn folded(body: Body) -> Body {
    match body {
        Body::Text(Slot::Plain(text)) => Body::Constant(trimmed(&text).to_owned()),
        Body::Parts { turns_before, parts, history_after: None }
            if turns_before.is_empty() && parts.iter().all(Part::is_constant) =>
        {
            Body::Constant(constant(&parts))
        }
        other => other,
    }
}

struct Mentions<'a>(&'a mut BTreeSet<String>);

impl Slots for Mentions<'_> {
    fn slot(&mut self, source: &str, _: &str) -> Slot {
        if has_tags(source) {
            self.0.extend(tags(source).iter().flat_map(Tag::names).map(str::to_owned));
        }
        Slot::Plain(String::new())
    }

    fn variable(&mut self, name: &str, _: &str) {
        self.0.insert(name.to_owned());
    }
}
