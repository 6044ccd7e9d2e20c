//! `{{ env.X }}` in a config is filled in while it is read, before anything else looks at the text.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::means::{Means, Process};
use super::super::providers::environment_name;
use super::json;
use crate::compose::nunjucks::Template;

/// Longer texts are left as they are.
const LONGEST: usize = 50_000;

pub(super) struct Environment<'a> {
    means: &'a Means<'a>,
    own: RefCell<BTreeMap<String, Own>>,
    /// What was asked of the process so far.
    process: RefCell<BTreeMap<String, Option<String>>>,
    /// Names that templates mention.
    mentioned: RefCell<BTreeSet<String>>,
    /// Whether a template looks a name up that is known only when it is rendered.
    looked_up: Cell<bool>,
}

/// A variable of the config's own `env`.
struct Own {
    /// Rendered with what the process has.
    value: String,
    /// As the config writes it.
    written: String,
    /// Whether the process has a part in its value.
    of_process: bool,
}

/// Which names a text may use.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    /// All, in a text that decides what is sent: one that has no value stays a template, unless something stands in for
    /// it.
    Sent,
    /// Those that the config itself gives a value. What the process has a part in stays a template.
    Own,
}

impl<'a> Environment<'a> {
    pub(super) fn new(means: &'a Means<'a>) -> Self {
        Self {
            means,
            own: RefCell::default(),
            process: RefCell::default(),
            mentioned: RefCell::default(),
            looked_up: Cell::default(),
        }
    }

    /// Takes the config's `env`, itself rendered with what the process has.
    pub(super) fn set_own(&self, env: Option<&Value>) {
        let Some(Value::Object(env)) = env else { return };
        let of = |value: &Value| {
            let written = json::text_of(value);
            // Its own names are not seen yet: whatever it asks for is the process's.
            Own { value: self.rendered(&written), of_process: !tagged(&written).is_empty(), written }
        };
        let own = env.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), of(value)));
        let own = own.collect();
        *self.own.borrow_mut() = own;
    }

    pub(super) fn rendered(&self, text: &str) -> String {
        self.text(text, Scope::All)
    }

    /// A config with all its texts rendered. In the `config` of a provider or of a grader, what the process must give
    /// stays a template: it may be a key.
    pub(super) fn rendered_config(&self, config: Value) -> Value {
        let Value::Object(map) = config else { return config };
        let parts = map.into_iter().map(|(key, value)| {
            let value = if key == "providers" || key == "targets" {
                self.providers(value)
            } else {
                self.value(value, Scope::All)
            };
            (key, value)
        });
        Value::Object(parts.collect())
    }

    /// A file of providers, which are rendered as those of the config are.
    pub(super) fn provider_file(&self, value: Value) -> Value {
        self.providers(value)
    }

    fn providers(&self, value: Value) -> Value {
        match value {
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.provider(item)).collect()),
            other => self.provider(other),
        }
    }

    fn provider(&self, value: Value) -> Value {
        let Value::Object(map) = value else { return self.value(value, Scope::Sent) };
        let parts = map.into_iter().map(|(key, value)| match value {
            Value::Object(inner) if key != "config" && key != "env" => (key, self.provider(Value::Object(inner))),
            value if key == "config" || key == "env" => (key, self.value(value, Scope::Own)),
            value if key == "id" => (key, self.value(value, Scope::Sent)),
            value => (key, self.value(value, Scope::All)),
        });
        Value::Object(parts.collect())
    }

    fn value(&self, value: Value, scope: Scope) -> Value {
        match value {
            Value::String(text) if text.contains("{{") => Value::String(self.text(&text, scope)),
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.value(item, scope)).collect()),
            Value::Object(map) => {
                Value::Object(map.into_iter().map(|(key, value)| self.field(key, value, scope)).collect::<Map<_, _>>())
            }
            other => other,
        }
    }

    fn field(&self, key: String, value: Value, scope: Scope) -> (String, Value) {
        let is_grader = key == "provider" && scope == Scope::All;
        let value = if is_grader { self.providers(value) } else { self.value(value, scope) };
        (key, value)
    }

    fn text(&self, text: &str, scope: Scope) -> String {
        if text.len() > LONGEST {
            return text.to_owned();
        }
        let (mut rendered, mut rest) = (String::with_capacity(text.len()), text);
        while let Some((before, expression, after)) = next_expression(rest) {
            rendered.push_str(before);
            rendered.push_str(&self.expression(expression, scope).unwrap_or_else(|| expression.to_owned()));
            rest = after;
        }
        rendered.push_str(rest);
        rendered
    }

    /// What an expression prints; nothing where it is to stay.
    fn expression(&self, expression: &str, scope: Scope) -> Option<String> {
        let names = names(expression);
        let first = names.first()?;
        if scope == Scope::Own || matches!(self.means.environment, Process::Kept) {
            let own = self.own.borrow();
            let known = names.iter().map(|name| own.get(*name)).collect::<Option<Vec<_>>>();
            let Some(known) = known else {
                if scope != Scope::Own {
                    names.iter().filter(|name| !own.contains_key(**name)).for_each(|name| _ = self.of_process(name));
                }
                return None;
            };
            if known.iter().any(|own| own.of_process) {
                let only = environment_name(expression).and_then(|name| own.get(name));
                return only.map(|own| own.written.clone());
            }
        }
        let env = self.seen(&names);
        if !expression.contains('|') && !env.contains_key(*first) {
            return None;
        }
        let lacks = scope == Scope::Sent && names.iter().any(|name| !env.contains_key(*name));
        if lacks && needs_more_than(&env, expression) {
            return None;
        }
        let printed = (self.means.render)(expression, &env).ok()?;
        (!lacks || !printed.trim().is_empty()).then_some(printed)
    }

    /// What these names stand for: the config's own, and else what the process has.
    fn seen(&self, names: &[&str]) -> BTreeMap<String, String> {
        let own = self.own.borrow();
        let value = |name: &str| own.get(name).map_or_else(|| self.of_process(name), |own| Some(own.value.clone()));
        names.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect()
    }

    fn of_process(&self, name: &str) -> Option<String> {
        let known = self.process.borrow().get(name).cloned();
        known.unwrap_or_else(|| {
            let value = match self.means.environment {
                Process::Read(read) => read(name),
                Process::Empty | Process::Kept => None,
            };
            self.process.borrow_mut().insert(name.to_owned(), value.clone());
            value
        })
    }

    /// What the process was asked for, whether it was read or not.
    pub(super) fn asked(&self) -> Vec<String> {
        self.process.borrow().keys().cloned().collect()
    }

    /// Remembers what a text asks of `env`, for its templates.
    pub(super) fn mention(&self, text: &str) {
        if text.contains("env") {
            self.mentioned.borrow_mut().extend(tagged(text).into_iter().map(str::to_owned));
            self.looked_up.set(self.looked_up.get() || tags(text).any(looks_up));
        }
    }

    /// What templates see as `env` later: the names that they mention, and all of the config's own where they look a
    /// name up.
    pub(super) fn of_templates(&self) -> BTreeMap<String, String> {
        let mentioned = self.mentioned.borrow();
        let mut seen = self.seen(&mentioned.iter().map(String::as_str).collect::<Vec<_>>());
        if self.looked_up.get() {
            seen.extend(self.own.borrow().iter().map(|(name, own)| (name.clone(), own.value.clone())));
        }
        seen
    }
}

/// The insides of `{{ … }}` and `{% … %}`.
pub(in crate::interop::promptfoo) fn tags(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let open = ["{{", "{%"].iter().filter_map(|tag| rest.find(tag)).min()?;
        let close = if rest[open..].starts_with("{{") { "}}" } else { "%}" };
        let end = open + 2 + rest[open + 2..].find(close)?;
        let inside = &rest[open + 2..end];
        rest = &rest[end + 2..];
        Some(inside)
    })
}

/// Whether a template in the text asks something of `env`.
pub(in crate::interop::promptfoo) fn asks_for_environment(text: &str) -> bool {
    tags(text).any(|tag| !names(tag).is_empty() || looks_up(tag))
}

/// The names that the templates in a text ask of `env`; what stands outside of a tag is no template.
fn tagged(text: &str) -> Vec<&str> {
    tags(text).flat_map(names).collect()
}

/// `env[name]`, where the name is not written there.
fn looks_up(tag: &str) -> bool {
    tag.split("env[").skip(1).any(|rest| !rest.trim_start_matches('\\').starts_with(['"', '\'']))
}

/// The first line, from 1, on which each of these names is asked for.
pub(super) fn lines(text: &str) -> BTreeMap<&str, usize> {
    let mut found = BTreeMap::new();
    for (line, content) in (1..).zip(text.lines()) {
        for name in names(content) {
            found.entry(name).or_insert(line);
        }
    }
    found
}

/// Whether an expression prints a variable that is not there, and has nothing in its place.
fn needs_more_than(env: &BTreeMap<String, String>, expression: &str) -> bool {
    let needed = Template::parse(expression).map(|template| template.needed_of_env());
    needed.is_ok_and(|needed| needed.iter().any(|name| !env.contains_key(name)))
}

/// The text before the next `{{ … }}`, the expression with its braces, and the text after.
fn next_expression(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find("{{")?;
    let close = open + 2 + text[open + 2..].find("}}")?;
    Some((&text[..open], &text[open..close + 2], &text[close + 2..]))
}

/// The names that a text asks of `env`, in order.
fn names(text: &str) -> Vec<&str> {
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut found = Vec::new();
    for (at, _) in text.match_indices("env") {
        let rest = &text[at + 3..];
        if let Some(rest) = rest.strip_prefix('.') {
            let begins = !text[..at].chars().next_back().is_some_and(word);
            let end = rest.find(|letter| !word(letter)).unwrap_or(rest.len());
            if begins && end > 0 {
                found.push(&rest[..end]);
            }
        } else if let Some(rest) = rest.strip_prefix('[') {
            // In a file of JSON the quotes are escaped.
            let quoted = rest.strip_prefix('\\').unwrap_or(rest).strip_prefix(['"', '\'']);
            let name = quoted.and_then(|rest| rest.split(['"', '\'', '\\']).next()).filter(|name| !name.is_empty());
            found.extend(name);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::nunjucks;

    #[test]
    fn an_id_stays_a_template_where_nothing_stands_in_for_a_variable_that_is_not_there() {
        let render = |text: &str, env: &BTreeMap<String, String>| {
            nunjucks::render(text, &Map::new(), env).map_err(|error| error.to_string())
        };
        let process = |name: &str| (name == "B").then(|| "b".to_owned());
        let environment = Process::Read(&process);
        let means = Means { roots: Vec::new(), render: &render, environment, transform_vars: None };
        let check = |id: &str, expect: &str| {
            assert_eq!(Environment::new(&means).provider_file(id.into()), Value::from(expect), "{id}");
        };
        check("x:{{ env.A | d('m') }}", "x:m");
        check("x:{{ env.A | default('m') | upper }}", "x:M");
        check("x:{{ (env.A or env.B) | trim }}", "x:b");
        check("x:{{ (env.B or env.A) | trim }}", "x:b");
        check("x:{{ env.B | upper }}", "x:B");
        let stays = |id: &str| check(id, id);
        stays("x:{{ env.A }}");
        stays("x:{{ env.my_default | upper }}");
        stays("x:{{ (env.A or env.C) | trim }}");
        stays("x:{{ ('gpt-' ~ env.A) | trim }}");
        stays("x:{{ env.B ~ '-' ~ env.A }}");
    }

    #[test]
    fn names_are_found_in_both_spellings() {
        let check = |text: &str, expect: &[&str]| assert_eq!(names(text), expect, "{text}");
        check("{{ env.A }}", &["A"]);
        check("{{env['A-B']}} {{ env[\"C\"] }}", &["A-B", "C"]);
        check("{{ env.A | default(env.B) }}", &["A", "B"]);
        check("{{ myenv.A }} {{ env }} {{ env.[x] }}", &[]);
        check(r#"{{ env[\"A\"] }}"#, &["A"]);
    }

    #[test]
    fn only_templates_ask_for_names() {
        let check = |text: &str, expect: &[&str]| assert_eq!(tagged(text), expect, "{text}");
        check("process.env.A {{ env.B }} env.C {% if env.D %}env.E{% endif %}", &["B", "D"]);
        check("{{ env.A", &[]);
        let asks = ["{{ env.A }}", "{{env['A'] | upper}}", "{{ env[name] }}", "{% if env.A %}"];
        assert!(asks.into_iter().all(asks_for_environment));
        let others = ["{{ myenv.A }}", "{{ environment }}", "{{", "}}", "env.A", "{{ x }} env.A {{ y }}"];
        assert!(!others.into_iter().any(asks_for_environment));
        assert!(looks_up(" env[name] ") && !looks_up(" env['A'] ") && !looks_up(" env.A "));
    }
}
