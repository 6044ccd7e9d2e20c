//! Which variables a text seems to read, as promptfoo guesses it before it renders a variable.
//!
//! It looks for `{{ name }}` with at most a filter behind, and for what follows `if` or `for` in a tag. Whatever it does
//! not recognise counts as reading nothing.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// Bytes of a tag, from its name on, in which its end is looked for.
const MOST_TAG: usize = 4_096;

/// Whether a text reads a variable that is not there. `env` is always there.
pub(super) fn reads_missing(text: &str, vars: &Map<String, Value>) -> bool {
    let text = without_comments(text);
    names(&text).into_iter().any(|name| {
        let first = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
        let end = name.find(|letter| !is_word(letter)).unwrap_or(name.len());
        first && name[..end] != *"env" && !vars.contains_key(&name[..end])
    })
}

fn names(text: &str) -> HashSet<&str> {
    let mut found = HashSet::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = &rest[at..];
        match printed(rest).or_else(|| branched(rest)) {
            Some((name, after)) => {
                found.insert(name);
                rest = after;
            }
            None => rest = &rest[1..],
        }
    }
    let mut rest = text;
    while let Some(at) = rest.find("{%") {
        rest = &rest[at..];
        match repeated(rest) {
            Some((item, list, after)) => {
                found.remove(item);
                found.insert(list);
                rest = after;
            }
            None => rest = &rest[2..],
        }
    }
    found
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once("{#") {
        let Some((_, after)) = inside.split_once("#}") else { break };
        out.push_str(before);
        rest = after;
    }
    out + rest
}

/// `{{ name }}` or `{{ name | … }}` at the beginning: the name, and what follows the tag.
fn printed(text: &str) -> Option<(&str, &str)> {
    let inside = after_space(text.strip_prefix("{{")?);
    let (name, rest) = cut(inside, |letter| !"{}|".contains(letter) && !is_space(letter))?;
    let rest = after_space(rest);
    if let Some(after) = rest.strip_prefix("}}") {
        return Some((name, after));
    }
    let inside = rest.strip_prefix('|')?;
    let end = near(inside).find('}').filter(|end| *end > 0)?;
    inside[end..].strip_prefix("}}").map(|after| (name, after))
}

/// `{% if name … %}` or `{% for name … %}` at the beginning, on one line from the name on.
fn branched(text: &str) -> Option<(&str, &str)> {
    let inside = after_space(text.strip_prefix("{%")?);
    let inside = inside.strip_prefix("if").or_else(|| inside.strip_prefix("for"))?;
    let named = after_space(inside);
    if named.len() == inside.len() {
        return None;
    }
    let (name, rest) = cut(named, |letter| !"{}".contains(letter) && !is_space(letter))?;
    let inside = after_space(rest);
    let line = near(inside);
    let line = line.find(is_line_end).map_or(line, |end| &line[..end]);
    if let Some(close) = line.find("%}") {
        return Some((name, &inside[close + 2..]));
    }
    let name = name.strip_suffix('%').filter(|name| !name.is_empty())?;
    rest.strip_prefix('}').map(|after| (name, after))
}

/// As much of a text as a tag may have.
fn near(text: &str) -> &str {
    &text[..text.floor_char_boundary(MOST_TAG)]
}

/// `{% for item in list %}` at the beginning.
fn repeated(text: &str) -> Option<(&str, &str, &str)> {
    let inside = after_space(text.strip_prefix("{%")?).strip_prefix("for")?;
    let (item, rest) = cut(spaced(inside)?, is_word)?;
    let rest = spaced(rest)?.strip_prefix("in")?;
    let (list, rest) = cut(spaced(rest)?, is_word)?;
    after_space(rest).strip_prefix("%}").map(|after| (item, list, after))
}

/// The longest beginning of such letters, if there is one, and the rest.
fn cut(text: &str, fits: impl Fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text.find(|letter| !fits(letter)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// What follows white space, of which there must be some.
fn spaced(text: &str) -> Option<&str> {
    let rest = after_space(text);
    (rest.len() < text.len()).then_some(rest)
}

fn after_space(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

pub(super) fn is_space(letter: char) -> bool {
    u16::try_from(u32::from(letter)).is_ok_and(super::text::is_space)
}

pub(super) fn is_line_end(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_where_promptfoo_finds_them() {
        let check = |text: &str, expect: &[&str]| {
            let text = without_comments(text);
            assert_eq!(names(&text), expect.iter().copied().collect(), "{text}");
        };
        check("{{a}} {{ b.c | upper }} {{ d[0] }}", &["a", "b.c", "d[0]"]);
        check("{{ a + b }} {{- c -}}", &[]);
        check("{# {{ a }} #}{{b}}", &["b"]);
        check("{% if x%}", &["x"]);
        check("{% if x %}{% endif %}{% if not y %}", &["x", "not"]);
        check("{% for x in xs %}{{ x }}{{ y }}{% endfor %}", &["y", "xs"]);
        check("{% for k, v in o %}", &["k,"]);
        check("{{{n}}}", &["n"]);
        check("{{ 'a}b' }}", &[]);
        check("{% if x\n%}", &["x"]);
        check("{% if x y\n%}", &[]);
    }

    #[test]
    fn only_roots_that_are_names_can_be_missing() {
        let vars = serde_json::json!({"a": null, "b": {}});
        let vars = vars.as_object().cloned().unwrap_or_default();
        let check = |text: &str, expect: bool| assert_eq!(reads_missing(text, &vars), expect, "{text}");
        check("{{ a }}{{ b.c.d }}{{ 5 }}{{ \"x\" }}{{ env.HOME }}", false);
        check("{{ missing | default('d') }}", true);
        check("{{ range(3) }}", true);
        check("{{ missing + 1 }}", false);
    }
}
