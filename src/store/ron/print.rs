//! Lays values out as people would write them: short groups on one line, long text as raw strings with real line breaks.

use serde::Serialize;

use super::read::options;
use super::syntax::{Bracket, Group, Node, Shape, Tree};

/// The longest line that a group may fill before it is broken into one member a line.
const WIDTH: usize = 100;
/// Groups nested deeper than this inside a line are broken up, however short.
const INLINE_DEPTH: usize = 2;

/// A definition as the text of a new file.
///
/// # Errors
/// The value cannot be written as RON; no definition of the house is such a value.
pub fn to_text<T: Serialize>(value: &T) -> Result<String, String> {
    let tree = to_tree(value)?;
    let mut text = String::new();
    if let Shape::Group(group) = &tree.root.shape
        && !group.members.is_empty()
    {
        Layout::default().broken(group, "", &mut text);
    } else {
        text = Layout::default().print(&tree.root, "", 0);
    }
    text.push('\n');
    Ok(text)
}

/// The syntax tree of a value as it would be written.
pub(super) fn to_tree<T: Serialize>(value: &T) -> Result<Tree, String> {
    let compact = options().to_string(value).map_err(|error| error.to_string())?;
    Tree::parse(&compact).map_err(|error| error.message)
}

/// How a file is laid out.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub unit: String,
    pub newline: &'static str,
}

impl Default for Layout {
    fn default() -> Self {
        Self { unit: "    ".to_owned(), newline: "\n" }
    }
}

impl Layout {
    /// The indent and line ends that a text uses.
    pub fn of(source: &str) -> Self {
        let newline = if source.find('\n').is_some_and(|at| source[..at].ends_with('\r')) { "\r\n" } else { "\n" };
        let unit = source
            .lines()
            .map(|line| &line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
            .find(|indent| !indent.is_empty() && indent.len() <= 8)
            .map_or_else(
                || "    ".to_owned(),
                |indent| if indent.starts_with('\t') { "\t".to_owned() } else { indent.to_owned() },
            );
        Self { unit, newline }
    }

    /// A value that begins after `used` columns of a line indented by `indent`.
    pub fn print(&self, node: &Node, indent: &str, used: usize) -> String {
        if let Some(line) = inline(node, INLINE_DEPTH)
            && used + line.chars().count() < WIDTH
        {
            return line;
        }
        match &node.shape {
            Shape::Group(group) => {
                let mut text = String::new();
                self.broken(group, indent, &mut text);
                text
            }
            Shape::Text(text) => quote(text),
            Shape::Word(text) | Shape::Literal(text) => text.clone(),
        }
    }

    fn broken(&self, group: &Group, indent: &str, text: &mut String) {
        let (open, close) = brackets(group.bracket);
        let inner = format!("{indent}{}", self.unit);
        text.push_str(group.name.as_deref().unwrap_or_default());
        text.push(open);
        for member in &group.members {
            text.push_str(self.newline);
            text.push_str(&inner);
            text.push_str(&self.member(member.key.as_ref(), &member.value, group.bracket, &inner));
            text.push(',');
        }
        if !group.members.is_empty() {
            text.push_str(self.newline);
            text.push_str(indent);
        }
        text.push(close);
    }

    /// `key: value`, without the comma.
    pub fn member(&self, key: Option<&Node>, value: &Node, bracket: Bracket, indent: &str) -> String {
        let key = key.map(|key| format!("{}: ", key_text(key, bracket))).unwrap_or_default();
        let used = indent.chars().count() + key.chars().count() + 1;
        format!("{key}{}", self.print(value, indent, used))
    }
}

fn key_text(key: &Node, bracket: Bracket) -> String {
    match &key.shape {
        Shape::Word(word) if bracket == Bracket::Paren => word.clone(),
        Shape::Text(text) => escaped(text),
        _ => inline(key, usize::MAX).unwrap_or_default(),
    }
}

const fn brackets(bracket: Bracket) -> (char, char) {
    match bracket {
        Bracket::Paren => ('(', ')'),
        Bracket::Square => ('[', ']'),
        Bracket::Brace => ('{', '}'),
    }
}

/// The value on one line; `None` where it holds long text or is nested too deep.
fn inline(node: &Node, depth: usize) -> Option<String> {
    match &node.shape {
        Shape::Text(text) => {
            let quoted = quote(text);
            (!quoted.contains('\n')).then_some(quoted)
        }
        Shape::Word(text) | Shape::Literal(text) => Some(text.clone()),
        Shape::Group(group) => {
            let (open, close) = brackets(group.bracket);
            let inner = if group.members.is_empty() { depth } else { depth.checked_sub(1)? };
            let mut parts = Vec::with_capacity(group.members.len());
            for member in &group.members {
                let value = inline(&member.value, inner)?;
                parts.push(match &member.key {
                    Some(key) => format!("{}: {value}", key_text(key, group.bracket)),
                    None => value,
                });
            }
            Some(format!("{}{open}{}{close}", group.name.as_deref().unwrap_or_default(), parts.join(", ")))
        }
    }
}

/// A string in quotes: raw where it has line breaks, quotes or backslashes, so that it reads as it is.
pub(super) fn quote(text: &str) -> String {
    let plain = |c: char| !c.is_control() || c == '\n' || c == '\t';
    let crlf_only = || text.replace("\r\n", "\n").chars().all(plain);
    if text.contains(['\n', '"', '\\']) && crlf_only() && !text.contains('\u{feff}') {
        let hashes = "#".repeat(longest_run_of_hashes(text) + 1);
        return format!("r{hashes}\"{text}\"{hashes}");
    }
    escaped(text)
}

/// A string in plain quotes, always on one line.
fn escaped(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || c == '\u{feff}' => {
                quoted.extend(c.escape_unicode());
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The most `#` that follow a quote in the text: one more closes the raw string safely.
fn longest_run_of_hashes(text: &str) -> usize {
    text.split('"').skip(1).map(|part| part.len() - part.trim_start_matches('#').len()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_read_back_as_they_were() {
        let check = |text: &str, expect: &str| {
            assert_eq!(quote(text), expect);
            assert_eq!(Tree::parse(expect).unwrap().root.name(), Some(text));
        };
        check("plain", "\"plain\"");
        check("say \"hi\"", "r#\"say \"hi\"\"#");
        check("two\nlines", "r#\"two\nlines\"#");
        check("a \"# b\n", "r##\"a \"# b\n\"##");
        check("bell\u{7}\n", "\"bell\\u{7}\\n\"");
        check("lone\rreturn", "\"lone\\rreturn\"");
        check("C:\\dir", "r#\"C:\\dir\"#");
    }

    #[test]
    fn short_groups_stay_on_one_line_and_long_ones_break() {
        let tree = Tree::parse("(a:[1,2],b:(x:\"long\\ntext\"),c:{},d:Some(1))").unwrap();
        let expect =
            "(\n    a: [1, 2],\n    b: (\n        x: r#\"long\ntext\"#,\n    ),\n    c: {},\n    d: Some(1),\n)";
        assert_eq!(Layout::default().print(&tree.root, "", 0), expect);
    }
}
