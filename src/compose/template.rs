//! Templates: Jinja, strict about what is missing, bounded in work and size, without any door to the outside.
//!
//! There is no loader, include, import or inheritance (the feature is not compiled in), no environment variable, clock or
//! randomness, and no escaping: a prompt is plain text. Data is rendered once; tags inside a value stay text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use crate::domain::Case;

use super::nunjucks::TemplateError;
use super::scan::{has_tags, line_and_column};
use super::values::{Vars, value_of};

/// Work that one template may do: about as many steps, or 64 times as many bytes.
const FUEL: u64 = 200_000;

/// Bytes that one template, and one rendered prompt, may have.
pub(super) const MOST_OUTPUT: usize = 4 << 20;

/// Macros inside macros.
const MOST_DEPTH: usize = 64;

/// An engine without templates yet.
pub(super) fn engine() -> Environment<'static> {
    let mut engine = Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        engine.set_syntax(syntax);
    }
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(MOST_DEPTH);
    engine.set_debug(true);
    engine.remove_global("debug");
    engine.set_formatter(write_value);
    engine
}

/// Writes a value as it is. A null is refused: the word `None` in a prompt is never what was meant.
fn write_value(out: &mut Output, _: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_none() {
        return Err(Error::new(ErrorKind::UndefinedError, "the value is null"));
    }
    if value.is_undefined() {
        return Ok(());
    }
    match value.as_str() {
        Some(text) => out.write_str(text),
        None => write!(out, "{value}"),
    }
    .map_err(|_| Error::from(ErrorKind::WriteFailure))
}

/// What is wrong with a template, or with a value in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    pub message: String,
    pub hint: String,
    pub line: Option<u32>,
    pub column: Option<u32>,
    /// What has no value, as the template says it: `user.name`.
    pub missing: Option<String>,
}

impl Mistake {
    pub(super) fn of(error: &Error, source: &str) -> Self {
        let detail = error.detail().unwrap_or_default();
        let missing = (error.kind() == ErrorKind::UndefinedError)
            .then(|| detail.strip_prefix('`')?.split_once('`'))
            .flatten()
            .map(|(name, _)| name.to_owned());
        let (message, hint) = words(error.kind(), detail);
        let place = error.range().map(|range| line_and_column(source, range.start));
        let line = place.map(|(line, _)| line).or_else(|| error.line().and_then(|line| u32::try_from(line).ok()));
        Self { message, hint: hint.to_owned(), line, column: place.map(|(_, column)| column), missing }
    }

    /// A mistake of a template in another dialect.
    pub(super) fn foreign(error: &TemplateError) -> Self {
        Self { message: error.to_string(), hint: String::new(), line: None, column: None, missing: None }
    }

    fn too_long() -> Self {
        let (message, hint) = words(ErrorKind::OutOfFuel, "");
        Self { message, hint: hint.to_owned(), line: None, column: None, missing: None }
    }

    /// One line: the message with its place and hint.
    fn sentence(&self) -> String {
        let place = match (self.line, self.column) {
            (Some(line), Some(column)) => format!("line {line}, column {column}: "),
            (Some(line), None) => format!("line {line}: "),
            _ => String::new(),
        };
        let gap = if self.hint.is_empty() { "" } else { " " };
        format!("{place}{}{gap}{}", self.message, self.hint)
    }
}

fn words(kind: ErrorKind, detail: &str) -> (String, &'static str) {
    match kind {
        ErrorKind::OutOfFuel => (
            "The template does more work than a prompt may (200,000 steps or 4 MB of text).".to_owned(),
            "Loop over fewer items or cut the values.",
        ),
        ErrorKind::UndefinedError => (format!("No value: {detail}."), ""),
        ErrorKind::UnknownFunction => (
            format!("There is no function here: {detail}."),
            "Templates have no clock, randomness, files or environment, so that a prompt renders the same each time.",
        ),
        ErrorKind::SyntaxError if detail.starts_with("unknown statement") => (
            format!("The template has an {detail}."),
            "Share text by a snippet layer; templates cannot include others.",
        ),
        ErrorKind::SyntaxError => {
            (format!("The template cannot be read: {detail}."), "Write literal braces as {% raw %}{{ }}{% endraw %}.")
        }
        _ if detail.is_empty() => (format!("The template fails: {kind}."), ""),
        _ => (format!("The template fails: {detail}."), ""),
    }
}

/// Renders a template of an engine by its name there.
pub(super) fn render(engine: &Environment<'_>, name: &str, source: &str, vars: Value) -> Result<String, Mistake> {
    let text = engine
        .get_template(name)
        .and_then(|template| template.render(vars))
        .map_err(|error| Mistake::of(&error, source))?;
    if text.len() > MOST_OUTPUT { Err(Mistake::too_long()) } else { Ok(text) }
}

/// Renders the value of a check over a case's variables and `expected`.
///
/// # Errors
/// A sentence with line and column, where the template is wrong, needs what the case does not have, or does too much.
pub fn render_template(source: &str, case: &Case) -> Result<String, String> {
    static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(engine);
    if !has_tags(source) {
        return Ok(source.to_owned());
    }
    let text = ENGINE
        .template_from_str(source)
        .and_then(|template| template.render(vars_of(case)))
        .map_err(|error| Mistake::of(&error, source).sentence())?;
    if text.len() > MOST_OUTPUT { Err(Mistake::too_long().sentence()) } else { Ok(text) }
}

/// A case as checks and examples see it: its variables and `expected`.
pub(super) fn vars_of(case: &Case) -> Value {
    vars_named(case, |_| true)
}

fn vars_named(case: &Case, is_needed: impl Fn(&str) -> bool) -> Value {
    let mut vars: Vec<(Arc<str>, Value)> = Vec::new();
    if is_needed("expected") {
        // In front, so that a column of the same name does not hide what is expected.
        let expected = case.expected.iter().map(|(name, value)| (name.clone(), value_of(value)));
        vars.push((Arc::from("expected"), Value::from_pairs(expected)));
    }
    let given = case.vars.iter().filter(|(name, _)| is_needed(name));
    vars.extend(given.map(|(name, value)| (Arc::from(name.as_str()), value_of(value))));
    Vars::value(vars)
}

/// Templates parsed once and rendered often, by their index.
pub struct TemplateSet {
    engine: Environment<'static>,
    sources: Vec<Source>,
}

struct Source {
    text: String,
    /// Where the engine has it, with the names that it reads; `None` for text without tags.
    parsed: Option<(String, HashSet<String>)>,
}

impl TemplateSet {
    /// Parses every source; those without a tag are kept as text.
    ///
    /// # Errors
    /// Each source that cannot be read, by index, with a sentence that has line and column.
    pub fn new<S: Into<String>>(sources: impl IntoIterator<Item = S>) -> Result<Self, Vec<(usize, String)>> {
        let mut engine = engine();
        let mut kept = Vec::new();
        let mut wrong = Vec::new();
        for (index, text) in sources.into_iter().map(Into::into).enumerate() {
            let parsed = if has_tags(&text) { added(&mut engine, index, &text).map(Some) } else { Ok(None) };
            match parsed {
                Ok(parsed) => kept.push(Source { text, parsed }),
                Err(error) => wrong.push((index, Mistake::of(&error, &text).sentence())),
            }
        }
        if wrong.is_empty() { Ok(Self { engine, sources: kept }) } else { Err(wrong) }
    }

    pub fn len(&self) -> usize {
        self.sources.len()
    }

    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Renders one of the sources over a case's variables and `expected`; an index past the end is empty text.
    ///
    /// # Errors
    /// As [`render_template`].
    pub fn render(&self, index: usize, case: &Case) -> Result<Cow<'_, str>, String> {
        match self.sources.get(index) {
            None => Ok(Cow::Borrowed("")),
            Some(Source { text, parsed: None }) => Ok(Cow::Borrowed(text)),
            Some(Source { text, parsed: Some((name, needs)) }) => {
                let vars = vars_named(case, |name| needs.contains(name));
                render(&self.engine, name, text, vars).map(Cow::Owned).map_err(|mistake| mistake.sentence())
            }
        }
    }

    /// The names that one of the sources reads; `expected` is one of them where it reads what is expected.
    pub fn needs(&self, index: usize) -> impl Iterator<Item = &str> {
        let parsed = self.sources.get(index).and_then(|source| source.parsed.as_ref());
        parsed.into_iter().flat_map(|(_, needs)| needs).map(String::as_str)
    }
}

fn added(engine: &mut Environment<'static>, index: usize, text: &str) -> Result<(String, HashSet<String>), Error> {
    let name = index.to_string();
    engine.add_template_owned(name.clone(), text.to_owned())?;
    let needs = engine.get_template(&name)?.undeclared_variables(false);
    Ok((name, needs))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn case() -> Case {
        let vars =
            json!({"q": "Why?", "n": 3, "tags": ["a", "b"], "code": "{{ q }}{% raw %}", "nil": null, "u": {"a": 1}});
        let expected = json!({"answer": "Because"});
        Case {
            vars: vars.as_object().cloned().unwrap_or_default(),
            expected: expected.as_object().cloned().unwrap_or_default(),
            ..Case::default()
        }
    }

    #[test]
    fn check_values_see_variables_and_what_is_expected() {
        let check = |source: &str, expect: &str| {
            assert_eq!(render_template(source, &case()).as_deref(), Ok(expect), "{source}");
            let set = TemplateSet::new([source]).expect("a readable template");
            assert_eq!(set.render(0, &case()).as_deref(), Ok(expect), "{source}");
        };
        check("plain { text }\n", "plain { text }\n");
        check("{{ q }} {{ expected.answer }}\n", "Why? Because\n");
        check("{{ tags | join('/') }}{{ n + 1 }}", "a/b4");
        check("{{ q if n > 2 else 'x' }}", "Why?");
        check("{% if missing is defined %}a{% else %}b{% endif %}", "b");
        check("{{ missing | default('d') }}", "d");
        check("{{ '<b>' }} & {{ \"'\" }}", "<b> & '");
        // A value that holds tags is data: it is written, not rendered.
        check("{{ code }}", "{{ q }}{% raw %}");
    }

    #[test]
    fn mistakes_say_where_they_are() {
        let check = |source: &str, expect: &str| {
            let error = render_template(source, &case()).expect_err(source);
            assert!(error.contains(expect), "{source}: {error}");
        };
        check("a\n  {{ qq }}", "line 2, column 6: No value: `qq` is undefined");
        check("é {{ u.b }}", "line 1, column 6: No value: `u.b` is undefined");
        check("{{ nil }}", "the value is null");
        check("{{ 1 + }}", "line 1");
        check("{% if q %}", "cannot be read");
        check("{% include 'a' %}", "snippet");
        check("{% extends 'a' %}", "snippet");
        check("{{ env.HOME }}", "`env` is undefined");
        check("{{ now() }}", "no clock");
        check("{{ random() }}", "no clock");
        check("{{ q | nope }}", "nope");
        check("{{ debug() }}", "debug");
    }

    /// What would take gigabytes or minutes without limits ends at once and as an error.
    #[test]
    fn work_and_size_are_bounded() {
        let deep_parens = format!("{{{{ {}1{} }}}}", "(".repeat(5_000), ")".repeat(5_000));
        let deep_ifs = format!("{}{}", "{% if true %}".repeat(5_000), "{% endif %}".repeat(5_000));
        for source in [
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            "{{ 'a' * 1073741824 }}",
            "{{ [0] * 1073741824 }}",
            "{{ range(1000000000) }}",
            "{% set ns = namespace(s='a') %}{% for i in range(64) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
            "{{ 'a' * 5000000 }}",
            &deep_parens,
            &deep_ifs,
        ] {
            assert!(render_template(source, &case()).is_err(), "{}", &source[..source.len().min(60)]);
        }
    }

    #[test]
    fn a_set_knows_what_its_sources_read() {
        let set = TemplateSet::new(["plain", "{{ q }} {{ expected.answer }}"]).expect("readable templates");
        let mut needs: Vec<&str> = set.needs(1).collect();
        needs.sort_unstable();
        assert_eq!((set.needs(0).count(), needs), (0, vec!["expected", "q"]));
    }

    #[test]
    fn every_unreadable_source_of_a_set_is_reported() {
        let wrong = TemplateSet::new(["ok", "{{", "{{ a }}", "{% if %}"]).err().expect("two mistakes");
        assert_eq!(wrong.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 3]);
    }
}
