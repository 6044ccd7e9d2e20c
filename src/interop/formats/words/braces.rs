//! Slots in braces: `{{ x }}`, Python's `{x}`, and `ChainForge`'s `{x}`.

use crate::interop::formats::names::{of_code, path, variable};

use super::{Words, near};

/// `{{ name }}` and `{{ a.b }}`; all else in braces stays text.
pub fn double_braces(text: &str) -> Words {
    double_braces_as(text, path)
}

/// `{{ … }}`, where `slot` has an expression for what stands between the braces.
pub fn double_braces_as(text: &str, slot: impl Fn(&str) -> Option<String>) -> Words {
    let mut words = Words::default();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let (before, tag) = rest.split_at(open);
        // Of three braces the first is text.
        let extra = usize::from(tag.starts_with("{{{"));
        words.text(before);
        words.text(&tag[..extra]);
        let inner = &tag[extra + 2..];
        let end = near(inner).find("}}");
        let expression = end.and_then(|end| slot(inner[..end].trim()));
        if let (Some(end), Some(expression)) = (end, expression) {
            words.push_slot(expression);
            rest = &inner[end + 2..];
        } else {
            words.text("{{");
            rest = inner;
        }
    }
    words.text(rest);
    words
}

/// Python's `str.format` and f-strings: `{x}`, with `{{` and `}}` for braces.
pub fn python_format(text: &str) -> Words {
    let mut words = Words::default();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        words.text(&rest[..at]);
        let brace = &rest[at..=at];
        let after = &rest[at + 1..];
        if let Some(after) = after.strip_prefix(brace) {
            words.text(brace);
            rest = after;
        } else if brace == "{" {
            rest = field(after, &mut words);
        } else {
            words.text(brace);
            rest = after;
        }
    }
    words.text(rest);
    words
}

/// One field after its brace; gives what comes after it.
fn field<'t>(after: &'t str, words: &mut Words) -> &'t str {
    let Some(end) = near(after).find('}') else {
        words.text("{");
        return after;
    };
    let (inner, rest) = (&after[..end], &after[end + 1..]);
    let name = inner.split(['!', ':']).next().unwrap_or(inner).trim_end_matches('=').trim();
    match path(name) {
        Some(expression) => {
            if name.len() < inner.trim().len() {
                words.note(format!("The form of `{{{inner}}}` is left out: the value goes in as it is."));
            }
            words.push_slot(expression);
        }
        None if is_code(name) => {
            let name = of_code(name);
            words.note(format!("`{{{inner}}}` is code, which is not run: give the variable `{name}` its value."));
            words.push_slot(name);
        }
        None => {
            words.text("{");
            words.text(inner);
            words.text("}");
        }
    }
    rest
}

/// An expression such as `f(x)` or `a + b`, and not the beginning of JSON.
fn is_code(inner: &str) -> bool {
    inner.starts_with(|first: char| first.is_alphabetic() || first == '_') && !inner.contains(['"', '\n', '{'])
}

/// `{x}`, `{#x}` for what travels with the data, `{=x}` for a setting, and `\{` for a brace.
pub fn chainforge(text: &str) -> Words {
    let mut words = Words::default();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '\\']) {
        words.text(&rest[..at]);
        let after = &rest[at + 1..];
        if rest[at..].starts_with('\\') {
            let escaped = after.starts_with(['{', '}']);
            words.text(if escaped { &after[..1] } else { "\\" });
            rest = if escaped { &after[1..] } else { after };
            continue;
        }
        let inner = near(after).find(['}', '{', '\n']).map(|end| &after[..end]);
        let Some(inner) = inner.filter(|inner| after[inner.len()..].starts_with('}') && !inner.trim().is_empty())
        else {
            words.text("{");
            rest = after;
            continue;
        };
        rest = &after[inner.len() + 1..];
        if let Some(setting) = inner.strip_prefix('=') {
            words.note(format!("`{{={setting}}}` sets a setting of the model by the data; it is left out."));
        } else {
            words.push_slot(variable(inner.trim_start_matches('#')));
        }
    }
    words.text(&rest.replace("\\}", "}"));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_braces_are_slots_where_they_hold_a_name() {
        let check = |text: &str, expect: &str| assert_eq!(double_braces(text).template(), expect);
        check("Hi {{name}} of {{ user.city }}", "Hi {{ name }} of {{ user.city }}");
        check("{{ x | upper }}", "{% raw %}{{ x | upper }}{% endraw %}");
        check("{\"a\": {\"b\": {{x}}}}", "{\"a\": {\"b\": {{ x }}}}");
        check("{{{x}}}", "{% raw %}{{% endraw %}{{ x }}}");
        check("open {{", "{% raw %}open {{{% endraw %}");
    }

    #[test]
    fn python_fields_are_slots() {
        let check = |text: &str, expect: &str, notes: usize| {
            let words = python_format(text);
            assert_eq!(words.template(), expect, "{text}");
            assert_eq!(words.notes.len(), notes, "{:?}", words.notes);
        };
        check("Sort {ticket} as {{\"a\": 1}}", "Sort {{ ticket }} as {\"a\": 1}", 0);
        check("{price:.2f} {who!r}", "{{ price }} {{ who }}", 2);
        check("{user.name} {rows[0]}", "{{ user.name }} {{ rows[0] }}", 0);
        check("{f(x)}", "{{ f_x }}", 1);
        check("{} and {0} and { \"a\": 1 }", "{} and {0} and { \"a\": 1 }", 0);
        check("{{{x}}}", "{% raw %}{{% endraw %}{{ x }}}", 0);
        check("}} {", "} {", 0);
    }

    #[test]
    fn chainforge_slots_are_escaped_by_a_backslash() {
        let check = |text: &str, expect: &str, notes: usize| {
            let words = chainforge(text);
            assert_eq!(words.template(), expect, "{text}");
            assert_eq!(words.notes.len(), notes);
        };
        check("What is {topic}? {#country}", "What is {{ topic }}? {{ country }}", 0);
        check("\\{\"a\": {x}\\} C:\\", "{\"a\": {{ x }}} C:\\", 0);
        check("{=system_msg}Hi {}", "Hi {}", 1);
    }
}
