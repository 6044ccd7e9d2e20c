//! How promptfoo puts variables into a prompt and into the values of assertions.
//!
//! 1. Each text variable loses one line end at its end.
//! 2. `{{ name }}` in a variable is replaced by the variable of that name, as text, in up to five passes.
//! 3. A prompt that is JSON is rendered text by text and written anew, so that values are escaped. Otherwise each variable
//!    is rendered as a template itself, unless it reads one that is not there, and then the prompt with those.
//!
//! A text in which a tag is not closed on its line is taken as it stands (the *raw guard*), but not in assertions.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::TemplateError;
use super::js::{stringify, text_of};
use super::methods::{Match, expanded};
use super::references::{is_line_end, is_space, is_word, reads_missing};
use super::template::{Template, render};
use super::text::Text;
use super::value::{Heap, MOST_TEXT};

/// Passes over the variables in which one is put into another.
const PASSES: usize = 5;

type Env = BTreeMap<String, String>;
type Vars = Map<String, Value>;

/// A prompt that has been read once; rendering it does not read it again.
#[derive(Debug)]
pub struct PromptTemplate {
    json: Option<Part>,
    text: Result<Template, TemplateError>,
}

/// A piece of a prompt that is JSON.
#[derive(Debug)]
enum Part {
    Plain(Value),
    Text(Template),
    List(Vec<Part>),
    Object(Vec<(String, Part)>),
}

impl PromptTemplate {
    /// Reads a prompt. One that cannot be read says so when it is rendered.
    pub fn new(raw: &str) -> Self {
        let guarded = guarded(raw);
        let json = serde_json::from_str(&guarded).ok().and_then(|json| part(&json).ok());
        Self { json, text: Template::parse(&guarded) }
    }

    /// The text to send for these variables, as they are in the test; files in them have been loaded.
    ///
    /// # Errors
    /// A sentence, where the prompt or a variable cannot be read or rendered.
    pub fn render(&self, vars: &Vars, env: &Env) -> Result<String, TemplateError> {
        let mut vars = resolved_vars(vars);
        if let Some(json) = &self.json
            && let Ok(value) = filled(json, &vars, env)
        {
            return Ok(stringify(&value, 2));
        }
        let rendered = rendered_vars(&vars, env)?;
        vars.extend(rendered);
        match &self.text {
            Ok(template) => template.render(&vars, env),
            Err(error) => Err(error.clone()),
        }
    }
}

/// Reads and renders a prompt: see [`PromptTemplate::render`].
///
/// # Errors
/// As there.
pub fn render_prompt(raw: &str, vars: &Vars, env: &Env) -> Result<String, TemplateError> {
    PromptTemplate::new(raw).render(vars, env)
}

/// The value of an assertion: texts, and texts directly in a list, are rendered over the [resolved](resolved_vars)
/// variables. All else stays.
///
/// # Errors
/// As [`Template::render`]; a tag without an end is one.
pub fn render_value(value: &Value, vars: &Vars, env: &Env) -> Result<Value, TemplateError> {
    let rendered = |value: &Value| match value {
        Value::String(text) => rendered_text(text, vars, env).map(Value::String),
        _ => Ok(value.clone()),
    };
    match value {
        Value::Array(items) => items.iter().map(rendered).collect::<Result<_, _>>().map(Value::Array),
        _ => rendered(value),
    }
}

/// The variables as assertions see them: without a line end at the end, and with `{{ name }}` replaced.
pub fn resolved_vars(vars: &Vars) -> Vars {
    let mut vars = vars.clone();
    for value in vars.values_mut() {
        if let Value::String(text) = value
            && text.ends_with('\n')
        {
            text.pop();
        }
    }
    let names: Vec<String> =
        vars.iter().filter(|(_, value)| reference(value).is_some()).map(|(name, _)| name.clone()).collect();
    let mut written = 0;
    for _ in 0..PASSES {
        let mut changed = false;
        for name in &names {
            let Some(text) = replaced(&vars, name) else { continue };
            written += text.len();
            if written > 4 * MOST_TEXT {
                return vars;
            }
            vars.insert(name.clone(), Value::String(text));
            changed = true;
        }
        if !changed {
            break;
        }
    }
    vars
}

/// The first `{{ name }}` of a text variable: where it is, and the name.
fn reference(value: &Value) -> Option<(usize, usize, &str)> {
    let text = value.as_str()?;
    let opens = text.match_indices('{').filter(|(start, _)| text[*start..].starts_with("{{"));
    opens.into_iter().find_map(|(start, _)| {
        let inside = text[start + 2..].trim_start_matches(is_space);
        let name_end = inside.find(|letter| !is_word(letter)).unwrap_or(inside.len());
        let after = inside[name_end..].trim_start_matches(is_space).strip_prefix("}}")?;
        (name_end > 0).then(|| (start, text.len() - after.len(), &inside[..name_end]))
    })
}

/// A variable with its first reference replaced by what it names; `None` where that is not there.
fn replaced(vars: &Vars, name: &str) -> Option<String> {
    let value = vars.get(name)?;
    let (start, end, named) = reference(value)?;
    let text = value.as_str()?;
    let with = text_of(vars.get(named)?);
    if !with.contains('$') {
        return Some([&text[..start], &with, &text[end..]].concat());
    }
    let whole = Text::from(text);
    let units = |text: &str| text.encode_utf16().count();
    let (start, end) = (units(&text[..start]), units(&text[..end]));
    let found = Match { text: &whole, start, end, groups: &[], names: &[] };
    let with = expanded(&Heap::new(), &Text::from(with.as_str()), &found).ok()?;
    Some([whole.part(0, start).lossy(), with.lossy(), whole.part(end, whole.len()).lossy()].concat())
}

/// The variables that are templates themselves, rendered.
fn rendered_vars(vars: &Vars, env: &Env) -> Result<Vec<(String, Value)>, TemplateError> {
    let mut rendered = Vec::new();
    for (name, value) in vars {
        if let Value::String(text) = value
            && may_have_tags(text)
            && !reads_missing(text, vars)
        {
            let text = render(&guarded(text), vars, env).map_err(|error| inside(name, error))?;
            rendered.push((name.clone(), Value::String(text)));
        }
    }
    Ok(rendered)
}

/// A mistake in a variable is told with the variable's name.
fn inside(name: &str, mut error: TemplateError) -> TemplateError {
    error.message = format!("In the variable `{name}`: {}", error.message);
    error
}

fn rendered_text(text: &str, vars: &Vars, env: &Env) -> Result<String, TemplateError> {
    if may_have_tags(text) { render(text, vars, env) } else { Ok(text.to_owned()) }
}

/// Text without any of these is its own rendering.
fn may_have_tags(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| matches!(pair, b"{{" | b"{%" | b"{#" | b"#}"))
}

fn part(json: &Value) -> Result<Part, TemplateError> {
    Ok(match json {
        Value::String(text) if may_have_tags(text) => Part::Text(Template::parse(text)?),
        Value::Array(items) => Part::List(items.iter().map(part).collect::<Result<_, _>>()?),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.clone(), part(value)?)));
            Part::Object(fields.collect::<Result<_, TemplateError>>()?)
        }
        _ => Part::Plain(json.clone()),
    })
}

fn filled(part: &Part, vars: &Vars, env: &Env) -> Result<Value, TemplateError> {
    Ok(match part {
        Part::Plain(value) => value.clone(),
        Part::Text(template) => Value::String(template.render(vars, env)?),
        Part::List(items) => Value::Array(items.iter().map(|item| filled(item, vars, env)).collect::<Result<_, _>>()?),
        Part::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.clone(), filled(value, vars, env)?)));
            Value::Object(fields.collect::<Result<_, TemplateError>>()?)
        }
    })
}

/// The raw guard: a text with a tag that is not closed on its line is put into a raw block.
fn guarded(text: &str) -> String {
    let is_wrapped = has_tag(text, "raw") && has_tag(text, "endraw");
    if has_open_tag(text) && !is_wrapped { format!("{{% raw %}}{text}{{% endraw %}}") } else { text.to_owned() }
}

fn has_open_tag(text: &str) -> bool {
    let bytes = text.as_bytes();
    // For `%`, `}` and `#`: whether it stands before the next line end. From the end, so that each byte is seen once.
    let mut closes = [false; 3];
    for at in (0..bytes.len().saturating_sub(1)).rev() {
        let opened = [b'%', b'{', b'#'].iter().position(|mark| bytes[at] == b'{' && bytes[at + 1] == *mark);
        if opened.is_some_and(|kind| !closes[kind]) {
            return true;
        }
        if text[text.floor_char_boundary(at + 1)..].starts_with(is_line_end) {
            closes = [false; 3];
        }
        if let Some(kind) = [b'%', b'}', b'#'].iter().position(|mark| bytes[at + 1] == *mark) {
            closes[kind] = true;
        }
    }
    false
}

/// Whether there is a tag of that name alone, such as `{% raw %}`.
fn has_tag(text: &str, name: &str) -> bool {
    text.match_indices("{%").any(|(at, _)| {
        let inside = text[at + 2..].trim_start_matches(is_space).strip_prefix(name);
        inside.is_some_and(|rest| rest.trim_start_matches(is_space).starts_with("%}"))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn vars(json: &Value) -> Vars {
        json.as_object().cloned().unwrap_or_default()
    }

    fn prompt(raw: &str, json: Value) -> Result<String, TemplateError> {
        let env = Env::from([("CITY".to_owned(), "Zürich".to_owned())]);
        match json {
            Value::Object(vars) => render_prompt(raw, &vars, &env),
            _ => render_prompt(raw, &Vars::new(), &env),
        }
    }

    #[test]
    fn variables_are_put_into_each_other_before_the_prompt() {
        let check =
            |raw: &str, json: Value, expect: &str| assert_eq!(prompt(raw, json).as_deref(), Ok(expect), "{raw}");
        check("{{a}} {{ b }}!", json!({"a": "x\n", "b": "{{a}}-{{a}}"}), "x x-x!");
        check("{{a}}", json!({"a": "line\r\n"}), "line\r");
        check("{{a}}", json!({"a": "{{{n}}}", "n": 5}), "{5}");
        check(
            "{{a}}",
            json!({"a": "{{l}} {{o}} {{z}} {{t}}", "l": [1, [2]], "o": {}, "z": null, "t": true}),
            "1,2 [object Object] null true",
        );
        check("{{a}}", json!({"a": "{{ b | upper }}", "b": "x"}), "X");
        check("{{a}}", json!({"a": "{{ missing | default('d') }}"}), "{{ missing | default('d') }}");
        check("{{a}}", json!({"a": "{{ missing }} and {{b}}", "b": "x"}), "{{ missing }} and {{b}}");
        check("{{a}}", json!({"a": "{{b}} and {{ missing }}", "b": "x"}), "x and {{ missing }}");
        check("{{a}}", json!({"a": "{{ env.CITY }} {{ 1 + 1 }}"}), "Zürich 2");
        check("{{a}}", json!({"a": "$& {{b}}", "b": "$&$1$$"}), "$& $&$1$$$1$$1$$1$$1$$1$");
        check("{{a}}", json!({"a": "x{{a}}"}), &format!("{}{{{{a}}}}", "x".repeat(64)));
        check("{{l}} {{o.a}}", json!({"l": ["{{b}}"], "o": {"a": "{{b}}"}, "b": "x"}), "{{b}} {{b}}");
    }

    #[test]
    fn json_prompts_are_rendered_text_by_text() {
        let check =
            |raw: &str, json: Value, expect: &str| assert_eq!(prompt(raw, json).as_deref(), Ok(expect), "{raw}");
        check(
            r#"[{"role": "user", "content": "{{q}}"}]"#,
            json!({"q": "a \"b\"\nc"}),
            "[\n  {\n    \"role\": \"user\",\n    \"content\": \"a \\\"b\\\"\\nc\"\n  }\n]",
        );
        check(
            r#"{"{{k}}": 1.0, "t": true, "n": "{{n}}"}"#,
            json!({"n": 5}),
            "{\n  \"{{k}}\": 1,\n  \"t\": true,\n  \"n\": \"5\"\n}",
        );
        check(r#""Hi {{name}}""#, json!({"name": "Ada"}), "\"Hi Ada\"");
        check("[]", json!({}), "[]");
        check(r#"{"a": "{{v}}"}"#, json!({"v": "{{ x | upper }}", "x": "y"}), "{\n  \"a\": \"{{ x | upper }}\"\n}");
        check(r#"{"n": {{n}}}"#, json!({"n": 5}), r#"{"n": 5}"#);
        // What cannot be rendered so is rendered as text, and is then an error too.
        assert!(prompt(r#"{"a": "{{ x | nope }}"}"#, json!({})).is_err());
    }

    #[test]
    fn a_tag_that_is_not_closed_on_its_line_makes_all_of_it_text() {
        for raw in [
            "{{\nname\n}}",
            "{{ name",
            "a{# b\nc #}{{ name }}",
            "{% if name\n%}x{% endif %}",
            "{{ name }} {%",
            "a {{ b \r }}",
        ] {
            assert_eq!(prompt(raw, json!({"name": "Ada"})).as_deref(), Ok(raw), "{raw}");
        }
        let check =
            |raw: &str, expect: &str| assert_eq!(prompt(raw, json!({"name": "Ada"})).as_deref(), Ok(expect), "{raw}");
        check("{% raw %}{{ name{% endraw %}", "{{ name");
        check("{{ name }}\u{2028}{", "Ada\u{2028}{");
        check("{{ name \u{2028}}}", "{{ name \u{2028}}}");
        check("{{", "{{");
        check("{% raw", "{% raw");
        check("{{ name }}\n{{ name }}", "Ada\nAda");
        check("{% if name %}\nx\n{% endif %}", "\nx\n");
        assert_eq!(
            prompt("{{v}}", json!({"name": "Ada", "v": "{{ name | upper\n}}"})).as_deref(),
            Ok("{{ name | upper\n}}")
        );
        assert!(prompt("{{{ name }}}", json!({"name": 1})).is_err());
    }

    #[test]
    fn values_of_assertions_have_no_raw_guard() {
        let vars = vars(&json!({"a": "x", "n": 5, "raw": "{{ a | upper }}"}));
        let check = |value: Value, expect: Option<Value>| {
            assert_eq!(render_value(&value, &vars, &Env::new()).ok(), expect, "{value}");
        };
        check(json!("{{a}} {{n}} {{raw}}{# c #}"), Some(json!("x 5 {{ a | upper }}")));
        check(json!(["{{a}}", 5, ["{{a}}"], {"b": "{{a}}"}]), Some(json!(["x", 5, ["{{a}}"], {"b": "{{a}}"}])));
        check(json!({"b": "{{a}}"}), Some(json!({"b": "{{a}}"})));
        check(json!(null), Some(json!(null)));
        check(json!("{{ a"), None);
        check(json!(["{{ a | nope }}"]), None);
        check(json!("a\n"), Some(json!("a\n")));
    }

    #[test]
    fn texts_of_nothing_but_openings_end_soon() {
        for piece in ["{", "{{", "{{a|", "{% if x ", "{% for x in y %}", "{{a", "{#", "{% raw %}"] {
            let text = piece.repeat(8_000 / piece.len());
            let _ = prompt(&format!("{text}}}"), json!({"v": format!("{text}}}"), "w": "{{v}}"}));
        }
    }

    #[test]
    fn a_variable_that_doubles_itself_ends_in_an_error() {
        let vars = vars(&json!({"a": format!("{}{{{{a}}}}", "x".repeat(MOST_TEXT / 40))}));
        assert!(render_prompt("{{a}}", &vars, &Env::new()).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn prompts_of_any_text_end(raw in "[a{}%# \"\n|\\[\\]:,v]{0,40}", value in "[{}%# v$&\n]{0,20}") {
            let _ = prompt(&raw, json!({"v": value}));
        }

        #[test]
        fn resolving_plain_variables_only_drops_a_line_end(text in "[^{]{0,30}") {
            let given = vars(&json!({"a": text.clone(), "n": 1}));
            let expect = text.strip_suffix('\n').unwrap_or(&text);
            let resolved = resolved_vars(&given);
            prop_assert_eq!(resolved.get("a").and_then(Value::as_str), Some(expect));
            prop_assert_eq!(resolved.get("n"), Some(&json!(1)));
        }
    }
}
