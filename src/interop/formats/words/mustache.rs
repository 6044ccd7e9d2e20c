//! Mustache: slots, sections and inverted sections, as near as Jinja comes to them.

use serde_json::{Map, Value};

use crate::interop::formats::names::{path, variable};

use super::{Piece, Words};

/// Sections inside sections that are followed.
const DEEPEST: usize = 32;

/// A template of Mustache. `known` has values that its variables may have: what is a list there is looped over.
pub fn mustache(text: &str, known: &Map<String, Value>) -> Words {
    let mut reader = Reader { words: Words::default(), open: Vec::new(), known };
    let mut rest = text;
    let mut at_line_start = true;
    while let Some(open) = rest.find("{{") {
        let (inner, close) =
            if rest[open + 2..].starts_with('{') { (&rest[open + 3..], "}}}") } else { (&rest[open + 2..], "}}") };
        let Some(end) = inner.find(close) else { break };
        let (tag, after) = (&inner[..end], &inner[end + close.len()..]);
        let is_quiet = close == "}}" && tag.starts_with(['#', '^', '/', '!']);
        let alone = is_quiet.then(|| line_around(&rest[..open], after, at_line_start)).flatten();
        at_line_start = alone.is_some();
        let (before, after) = alone.unwrap_or((&rest[..open], after));
        reader.words.text(before);
        if close == "}}}" {
            reader.slot(tag);
        } else {
            reader.tag(tag, after);
        }
        rest = after;
    }
    reader.words.text(rest);
    reader.finish()
}

/// A tag of a section that has its line for itself takes the line with it.
fn line_around<'t>(before: &'t str, after: &'t str, at_line_start: bool) -> Option<(&'t str, &'t str)> {
    let start = before.trim_end_matches([' ', '\t']);
    let end = after.trim_start_matches([' ', '\t']);
    let is_alone = ((start.is_empty() && at_line_start) || start.ends_with('\n'))
        && (end.is_empty() || end.starts_with(['\n', '\r']));
    let end = end.strip_prefix("\r\n").or_else(|| end.strip_prefix('\n')).unwrap_or(end);
    is_alone.then_some((start, end))
}

struct Section {
    name: String,
    /// The loop's item; `None` for a condition.
    item: Option<String>,
}

struct Reader<'k> {
    words: Words,
    open: Vec<Section>,
    known: &'k Map<String, Value>,
}

impl Reader<'_> {
    fn tag(&mut self, tag: &str, after: &str) {
        let name = tag.get(1..).unwrap_or_default().trim();
        match tag.as_bytes().first() {
            Some(b'#') => self.section(name, after),
            Some(b'^') => {
                let statement = format!("if not {}", self.expression(name));
                self.push(name, None, statement);
            }
            Some(b'/') => self.close(name),
            Some(b'!') => {}
            Some(b'&') => self.slot(name),
            Some(b'>') => self.words.note(format!("The partial `{name}` is another template; it is left out.")),
            Some(b'=') => self.words.note("Other delimiters are not supported; the tag that sets them is left out."),
            _ => self.slot(tag),
        }
    }

    fn slot(&mut self, name: &str) {
        let expression = self.expression(name.trim());
        self.words.push_slot(expression);
    }

    /// Inside a loop a name is the item's, unless the data has it.
    fn expression(&self, name: &str) -> String {
        let item = self.open.iter().rev().find_map(|section| section.item.as_deref());
        match (name, item) {
            (".", Some(item)) => item.to_owned(),
            (".", None) => "_".to_owned(),
            _ => {
                let path = path(name).unwrap_or_else(|| variable(name));
                let first = name.split('.').next().unwrap_or(name);
                match item {
                    Some(item) if !self.known.contains_key(first) => format!("{item}.{path}"),
                    _ => path,
                }
            }
        }
    }

    fn section(&mut self, name: &str, after: &str) {
        if self.open.len() >= DEEPEST {
            self.words.note(format!("Sections are more than {DEEPEST} deep; `{name}` is left out."));
            return;
        }
        let expression = self.expression(name);
        if self.is_list(name, after) {
            let item =
                format!("item{}", if self.open.is_empty() { String::new() } else { self.open.len().to_string() });
            self.words.note(format!("`{{{{#{name}}}}}` is a loop over a list here."));
            self.push(name, Some(item.clone()), format!("for {item} in {expression}"));
        } else {
            self.words.note(format!("`{{{{#{name}}}}}` is a condition here."));
            self.push(name, None, format!("if {expression}"));
        }
    }

    /// Whether the section is a loop: the data has a list, or the section says `{{.}}` or names that the data has not.
    fn is_list(&self, name: &str, after: &str) -> bool {
        match self.known.get(name) {
            Some(Value::Array(_)) => return true,
            Some(_) => return false,
            None => {}
        }
        let body = after.split_once(&format!("{{{{/{name}}}}}")).map_or(after, |(body, _)| body);
        let mut tags = body.split("{{").skip(1).filter_map(|tag| tag.split_once("}}")).map(|(tag, _)| tag.trim());
        tags.any(|tag| tag == "." || (!self.known.is_empty() && path(tag).is_some() && !self.known.contains_key(tag)))
    }

    fn push(&mut self, name: &str, item: Option<String>, statement: String) {
        if self.open.len() >= DEEPEST {
            self.words.note(format!("Sections are more than {DEEPEST} deep; `{name}` is left out."));
            return;
        }
        self.open.push(Section { name: name.to_owned(), item });
        self.words.pieces.push(Piece::Tag(statement));
    }

    fn close(&mut self, name: &str) {
        match self.open.last() {
            Some(section) if section.name == name => self.end(),
            _ => self.words.note(format!("`{{{{/{name}}}}}` closes what is not open; it is left out.")),
        }
    }

    fn end(&mut self) {
        if let Some(section) = self.open.pop() {
            let statement = if section.item.is_some() { "endfor" } else { "endif" };
            self.words.pieces.push(Piece::Tag(statement.to_owned()));
        }
    }

    fn finish(mut self) -> Words {
        while let Some(name) = self.open.last().map(|section| section.name.clone()) {
            self.words.note(format!("The section `{name}` is not closed; it goes to the end."));
            self.end();
        }
        self.words
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(text: &str, known: &Value, expect: &str, notes: usize) {
        let words = mustache(text, known.as_object().unwrap());
        assert_eq!(words.template(), expect, "{text}");
        assert_eq!(words.notes.len(), notes, "{:?}", words.notes);
    }

    #[test]
    fn slots_and_comments() {
        let known = json!({});
        check("Hi {{name}} {{{ raw }}} {{& x.y }}{{! no }}", &known, "Hi {{ name }} {{ raw }} {{ x.y }}", 0);
        check("{% a %} {{ b", &known, "{% raw %}{% a %} {{ b{% endraw %}", 0);
    }

    #[test]
    fn sections_are_loops_or_conditions() {
        check(
            "{{#docs}}\n- {{title}} by {{who}}\n{{/docs}}\nEnd",
            &json!({"docs": [], "who": ""}),
            "{% for item in docs %}- {{ item.title }} by {{ who }}\n{% endfor %}End",
            1,
        );
        check("{{#tags}}{{.}} {{/tags}}", &json!({}), "{% for item in tags %}{{ item }} {% endfor %}", 1);
        check(
            "{{#vip}}Dear {{name}}{{/vip}}{{^vip}}Hi{{/vip}}",
            &json!({"vip": true, "name": "A"}),
            "{% if vip %}Dear {{ name }}{% endif %}{% if not vip %}Hi{% endif %}",
            1,
        );
    }

    #[test]
    fn what_does_not_close_is_told() {
        check("{{#a}}x", &json!({"a": 1}), "{% if a %}x{% endif %}", 2);
        check("x{{/a}}{{> p}}", &json!({}), "x", 2);
    }
}
