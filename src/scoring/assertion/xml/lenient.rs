//! What elements a text has, read without being strict: as a tree in which an element that is there more than once is a
//! list, attributes begin with `@_`, and text beside attributes or elements is `#text`.

use std::collections::HashMap;

use super::super::space;
use super::strict::DEEPEST;

/// An element, or several of a name, or text.
#[derive(Debug, PartialEq)]
pub(super) enum Seen {
    Leaf,
    Element(HashMap<String, Seen>),
    List(Vec<Seen>),
}

impl Seen {
    /// Whether a path with dots leads somewhere. In a list an index goes on.
    pub(super) fn has(&self, path: &str) -> bool {
        path.split('.')
            .try_fold(self, |seen, step| match seen {
                Self::Leaf => None,
                Self::Element(parts) => parts.get(step),
                Self::List(items) => {
                    let index: usize = step.parse().ok()?;
                    (index.to_string() == step).then(|| items.get(index)).flatten()
                }
            })
            .is_some()
    }
}

/// An element that is still open.
#[derive(Default)]
struct Open {
    name: String,
    attributes: Vec<String>,
    parts: HashMap<String, Seen>,
    has_text: bool,
}

impl Open {
    fn add(&mut self, name: String, seen: Seen) {
        match self.parts.remove(&name) {
            None => drop(self.parts.insert(name, seen)),
            Some(Seen::List(mut items)) => {
                items.push(seen);
                self.parts.insert(name, Seen::List(items));
            }
            Some(first) => drop(self.parts.insert(name, Seen::List(vec![first, seen]))),
        }
    }

    fn close(mut self) -> (String, Seen) {
        let is_bare = self.attributes.is_empty() && self.parts.is_empty();
        if is_bare {
            return (self.name, Seen::Leaf);
        }
        if self.has_text {
            self.parts.insert("#text".to_owned(), Seen::Leaf);
        }
        self.parts.extend(self.attributes.into_iter().map(|name| (name, Seen::Leaf)));
        (self.name, Seen::Element(self.parts))
    }
}

/// Nothing if a mark is missing that the reading needs, or elements nest too deep.
pub(super) fn read(text: &str) -> Option<Seen> {
    let mut reader = Reader { rest: text, open: vec![Open::default()], pending: false };
    while let Some(at) = reader.rest.find('<') {
        reader.pending |= has_text(&reader.rest[..at]);
        reader.rest = &reader.rest[at..];
        reader.tag()?;
    }
    let mut open = reader.open;
    while open.len() > 1 {
        let (name, seen) = open.pop()?.close();
        open.last_mut()?.add(name, seen);
    }
    open.pop().map(|document| Seen::Element(document.parts))
}

struct Reader<'t> {
    rest: &'t str,
    /// The document first.
    open: Vec<Open>,
    /// Text was read that belongs to the element that is open, but was not given to it yet.
    pending: bool,
}

impl<'t> Reader<'t> {
    fn until(&mut self, mark: &str) -> Option<&'t str> {
        let (before, after) = self.rest.split_once(mark)?;
        self.rest = after;
        Some(before)
    }

    fn give_text(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if let Some(open) = self.open.last_mut() {
            open.has_text |= pending;
        }
    }

    fn tag(&mut self) -> Option<()> {
        let rest = self.rest;
        if rest.starts_with("</") {
            self.until(">")?;
            self.give_text();
            // A tag too many closes the document itself, and then nothing can be added.
            let (name, seen) = self.open.pop()?.close();
            self.open.last_mut()?.add(name, seen);
        } else if rest.starts_with("<?") {
            let (expression, length) = expression(&rest[1..], "?>")?;
            self.give_text();
            let tag = Written::of(&expression);
            let instruction = Open { attributes: tag.attributes(), name: tag.name, ..Open::default() };
            let (name, seen) = instruction.close();
            self.open.last_mut()?.add(name, seen);
            self.rest = &rest[1 + length..];
        } else if let Some(comment) = rest.strip_prefix("<!--") {
            self.rest = comment;
            self.until("-->")?;
        } else if rest.starts_with("<!D") {
            self.until(">")?;
        } else if rest.starts_with("<![") {
            let section = self.until("]]>")?;
            self.give_text();
            self.open.last_mut()?.has_text |= section.chars().nth(9).is_some();
        } else {
            self.opening()?;
        }
        Some(())
    }

    fn opening(&mut self) -> Option<()> {
        let (expression, length) = expression(&self.rest[1..], ">")?;
        self.rest = &self.rest[1 + length..];
        if self.open.len() > 1 {
            self.give_text();
        }
        self.pending = false;
        let mut tag = Written::of(&expression);
        let is_empty = tag.rest.ends_with('/');
        if is_empty {
            tag.drop_slash();
        }
        let element = Open { attributes: tag.attributes(), name: tag.name, ..Open::default() };
        if is_empty {
            let (name, seen) = element.close();
            self.open.last_mut()?.add(name, seen);
        } else {
            if self.open.len() > DEEPEST {
                return None;
            }
            self.open.push(element);
        }
        Some(())
    }
}

fn has_text(text: &str) -> bool {
    !text.chars().all(space::is_space)
}

/// What a tag has written inside, up to a mark that is in no quotes, and how long it is with the mark.
fn expression(text: &str, mark: &str) -> Option<(String, usize)> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) => quote = quote.filter(|_| byte != open),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, _) if text.as_bytes()[at..].starts_with(mark.as_bytes()) => {
                return Some((text[..at].replace('\t', " "), at + mark.len()));
            }
            _ => {}
        }
    }
    None
}

/// A tag cut into its name and the rest. Without white space the rest is the name again.
struct Written {
    name: String,
    rest: String,
}

impl Written {
    fn of(expression: &str) -> Self {
        match expression.find(space::is_space) {
            None => Self { name: expression.to_owned(), rest: expression.to_owned() },
            Some(at) => Self {
                name: expression[..at].to_owned(),
                rest: expression[at..]
                    .chars()
                    .skip(1)
                    .collect::<String>()
                    .trim_start_matches(space::is_space)
                    .to_owned(),
            },
        }
    }

    fn drop_slash(&mut self) {
        if self.name.ends_with('/') {
            self.name.pop();
            self.rest.clone_from(&self.name);
        } else {
            self.rest.pop();
        }
    }

    /// Their names with the mark of attributes before. Whatever is neither space nor `=` is a name, with a value or not.
    fn attributes(&self) -> Vec<String> {
        let mut names = Vec::new();
        if self.rest == self.name {
            return names;
        }
        let mut rest = self.rest.as_str();
        loop {
            rest = rest.trim_start_matches(|character| character == '=' || space::is_space(character));
            let end = rest.find(|character| character == '=' || space::is_space(character)).unwrap_or(rest.len());
            if end == 0 {
                return names;
            }
            names.push(format!("@_{}", &rest[..end]));
            rest = &rest[end..];
            rest = quoted(rest).unwrap_or(rest);
        }
    }
}

/// What follows a value in quotes.
fn quoted(text: &str) -> Option<&str> {
    let value = text.trim_start_matches(space::is_space).strip_prefix('=')?.trim_start_matches(space::is_space);
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value[1..].split_once(quote).map(|(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_through_elements_lists_and_attributes() {
        let text = "<?xml version='1.0'?><r a='1'>t<i>1</i><i b=2>x</i><e/><c><![CDATA[ ]]></c><d k>y</d></r>";
        let seen = read(text).unwrap();
        for path in [
            "r",
            "?xml.@_version",
            "r.@_a",
            "r.#text",
            "r.i.0",
            "r.i.1.@_b",
            "r.i.1.@_2",
            "r.i.1.#text",
            "r.e",
            "r.c",
            "r.d.@_k",
        ] {
            assert!(seen.has(path), "{path}");
        }
        for path in ["", "i", "r.i.2", "r.i.0.#text", "r.i.b", "r.e.#text", "r.c.#text", "r.x", "r.i.-1", "r.i.01"] {
            assert!(!seen.has(path), "{path}");
        }
    }

    #[test]
    fn a_missing_mark_or_too_deep_a_nest_is_not_read() {
        for text in ["<a", "<a b='>", "<!-- x", "<![CDATA[ x", "<?go"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(read(&"<a>".repeat(101)).is_some());
        assert_eq!(read(&"<a>".repeat(102)), None);
    }
}
