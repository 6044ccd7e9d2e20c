//! Whether a text is one well-formed XML document with namespaces. The first fault ends it.
//!
//! A document type may name an external subset, and then names of entities are taken as they come, unless the document
//! says that it stands alone. An internal subset is refused, so that no entity can be defined.

use std::collections::{HashMap, HashSet};

use super::names::{is_allowed, is_space, name};

/// Deeper documents are refused: what looks for required elements reads no deeper.
pub(super) const DEEPEST: usize = 101;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

type Fault = String;

/// # Errors
/// A clause that says what is wrong.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let mut reader = Reader::new(text.strip_prefix('\u{FEFF}').unwrap_or(text));
    reader.declaration()?;
    if let Some(wrong) = text.chars().find(|character| !reader.allows(*character)) {
        return Err(format!("the character U+{:04X} is not allowed", u32::from(wrong)));
    }
    while !reader.rest.is_empty() {
        reader.step()?;
    }
    reader.end()
}

struct Reader<'t> {
    rest: &'t str,
    is_version_1_0: bool,
    stands_alone: bool,
    doctype: Doctype,
    has_root: bool,
    open: Vec<Element<'t>>,
}

#[derive(PartialEq)]
enum Doctype {
    None,
    Plain,
    /// It names an external subset, which may define any entity.
    External,
}

struct Element<'t> {
    name: &'t str,
    /// The prefixes that it binds, with their URIs; the default namespace has no prefix.
    bound: HashMap<String, String>,
}

impl<'t> Reader<'t> {
    fn new(rest: &'t str) -> Self {
        Self {
            rest,
            is_version_1_0: true,
            stands_alone: false,
            doctype: Doctype::None,
            has_root: false,
            open: Vec::new(),
        }
    }

    fn allows(&self, character: char) -> bool {
        if self.is_version_1_0 {
            is_allowed(character)
        } else {
            is_allowed(character) && !matches!(character, '\u{7F}'..='\u{84}' | '\u{86}'..='\u{9F}')
        }
    }

    fn is_space(&self, character: char) -> bool {
        is_space(character) || !self.is_version_1_0 && matches!(character, '\u{85}' | '\u{2028}')
    }

    fn take(&mut self, expected: &str) -> bool {
        let stripped = self.rest.strip_prefix(expected);
        self.rest = stripped.unwrap_or(self.rest);
        stripped.is_some()
    }

    fn skip_space(&mut self) -> bool {
        let after = self.rest.trim_start_matches(|character| self.is_space(character));
        let skipped = after.len() < self.rest.len();
        self.rest = after;
        skipped
    }

    /// What stands before a mark, which is taken too.
    fn until(&mut self, mark: &str, what: &str) -> Result<&'t str, Fault> {
        let (before, after) = self.rest.split_once(mark).ok_or_else(|| format!("{what} is never closed"))?;
        self.rest = after;
        Ok(before)
    }

    fn name(&mut self) -> Option<&'t str> {
        let found = name(self.rest)?;
        self.rest = &self.rest[found.len()..];
        Some(found)
    }

    /// `<?xml version="1.0"?>`, which may stand at the very start only.
    fn declaration(&mut self) -> Result<(), Fault> {
        let is_there =
            self.rest.strip_prefix("<?xml").is_some_and(|after| after.starts_with('?') || after.starts_with(is_space));
        if !is_there {
            return Ok(());
        }
        self.rest = &self.rest["<?xml".len()..];
        let declared = self.until("?", "the XML declaration")?;
        if !self.take(">") {
            return Err("a question mark is not allowed inside the XML declaration".to_owned());
        }
        let mut expected: &[&str] = &["version"];
        let mut left = declared;
        while !left.trim_start_matches(is_space).is_empty() {
            let after = left.trim_start_matches(is_space);
            if after.len() == left.len() {
                return Err("the parts of the XML declaration must stand apart".to_owned());
            }
            let (key, value, more) = pair(after).ok_or("the XML declaration is incomplete")?;
            if !expected.contains(&key) {
                return Err(format!("`{key}` is not expected in the XML declaration"));
            }
            expected = self.declare(key, value)?;
            left = more;
        }
        if expected == ["version"] { Err("the XML declaration lacks a version".to_owned()) } else { Ok(()) }
    }

    /// Takes one part of the declaration, and says which may follow.
    fn declare(&mut self, key: &str, value: &str) -> Result<&'static [&'static str], Fault> {
        match key {
            "version" => {
                let minor = value.strip_prefix("1.").unwrap_or_default();
                self.is_version_1_0 = minor == "0";
                let is_right = !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit());
                if is_right { Ok(&["encoding", "standalone"]) } else { Err(format!("the version `{value}` is none")) }
            }
            "encoding" => {
                let is_right = value.starts_with(|character: char| character.is_ascii_alphabetic())
                    && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
                if is_right { Ok(&["standalone"]) } else { Err(format!("the encoding `{value}` is none")) }
            }
            _ => {
                self.stands_alone = value == "yes";
                if matches!(value, "yes" | "no") { Ok(&[]) } else { Err("`standalone` is yes or no".to_owned()) }
            }
        }
    }

    fn step(&mut self) -> Result<(), Fault> {
        if !self.rest.starts_with('<') {
            return self.text();
        }
        if self.take("<!--") {
            let comment = self.until("--", "a comment")?;
            return if self.take(">") {
                Ok(())
            } else {
                Err(format!("a comment has two hyphens after `{}`", short(comment)))
            };
        }
        if self.take("<![CDATA[") {
            if self.open.is_empty() {
                return Err("text stands outside of the root element".to_owned());
            }
            return self.until("]]>", "a CDATA section").map(drop);
        }
        if self.take("<!DOCTYPE") {
            return self.doctype();
        }
        if self.take("<?") {
            return self.instruction();
        }
        if self.take("</") {
            return self.close_tag();
        }
        if self.take("<") { self.open_tag() } else { Ok(()) }
    }

    fn text(&mut self) -> Result<(), Fault> {
        let end = self.rest.find('<').unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.rest = rest;
        if self.open.is_empty() {
            let is_blank = text.chars().all(|character| self.is_space(character));
            return if is_blank { Ok(()) } else { Err("text stands outside of the root element".to_owned()) };
        }
        if text.contains("]]>") {
            return Err("`]]>` is not allowed in text".to_owned());
        }
        // A reference reads up to its semicolon, over tags if need be; those are no names then.
        self.references(text)
    }

    fn references(&self, text: &str) -> Result<(), Fault> {
        for part in text.split('&').skip(1) {
            let Some((reference, _)) = part.split_once(';') else {
                return Err(format!("`&{}` is no reference", short(part)));
            };
            self.reference(reference)?;
        }
        Ok(())
    }

    fn reference(&self, reference: &str) -> Result<(), Fault> {
        let is_right = if let Some(number) = reference.strip_prefix('#') {
            let later = |character| !self.is_version_1_0 && matches!(character, '\u{1}'..='\u{1F}');
            character(number).is_some_and(|character| is_allowed(character) || later(character))
        } else {
            let foreign = self.doctype == Doctype::External && !self.stands_alone;
            matches!(reference, "amp" | "lt" | "gt" | "quot" | "apos") || foreign && name(reference) == Some(reference)
        };
        if is_right { Ok(()) } else { Err(format!("`&{};` stands for nothing", short(reference))) }
    }

    fn doctype(&mut self) -> Result<(), Fault> {
        if self.doctype != Doctype::None || self.has_root {
            return Err("a document type is not allowed here".to_owned());
        }
        let mut quote = None;
        let end = self.rest.find(|character| {
            if let Some(open) = quote {
                quote = quote.filter(|_| character != open);
                return false;
            }
            quote = Some(character).filter(|character| matches!(character, '"' | '\''));
            matches!(character, '>' | '[')
        });
        let Some(end) = end else { return Err("the document type is never closed".to_owned()) };
        if self.rest[end..].starts_with('[') {
            return Err("a document type with definitions of its own is not taken".to_owned());
        }
        let external = external_subset(&self.rest[..end]).ok_or("the document type is malformed")?;
        self.doctype = if external { Doctype::External } else { Doctype::Plain };
        self.rest = &self.rest[end + 1..];
        Ok(())
    }

    fn instruction(&mut self) -> Result<(), Fault> {
        let body = self.until("?>", "a processing instruction")?;
        let target =
            name(body).filter(|target| !target.contains(':')).ok_or("a processing instruction lacks a name")?;
        if target.eq_ignore_ascii_case("xml") {
            return Err("an XML declaration is not allowed here".to_owned());
        }
        if body.len() == target.len() || body[target.len()..].starts_with(|character| self.is_space(character)) {
            return Ok(());
        }
        Err("the name of a processing instruction has a character that is not allowed".to_owned())
    }

    fn close_tag(&mut self) -> Result<(), Fault> {
        let closed = self.name().unwrap_or_default();
        self.skip_space();
        if !self.take(">") {
            return Err(format!("the closing tag of `{}` has a character that is not allowed", short(closed)));
        }
        match self.open.pop() {
            Some(element) if element.name == closed => Ok(()),
            Some(element) => Err(format!("`{}` is closed by `{}`", short(element.name), short(closed))),
            None => Err(format!("`{}` is closed but was not open", short(closed))),
        }
    }

    fn open_tag(&mut self) -> Result<(), Fault> {
        let tag = self.name().ok_or("a tag has no name")?;
        if self.has_root && self.open.is_empty() {
            return Err("a document has one root element, here are more".to_owned());
        }
        self.has_root = true;
        let mut attributes = Vec::new();
        let is_empty = loop {
            let spaced = self.skip_space();
            if self.take(">") {
                break false;
            }
            if self.take("/") {
                if self.take(">") {
                    break true;
                }
                return Err(format!("the slash in the tag `{}` is not followed by `>`", short(tag)));
            }
            if !spaced {
                return Err(format!("the tag `{}` has a character that is not allowed", short(tag)));
            }
            attributes.push(self.attribute()?);
        };
        let bound = self.bindings(&attributes)?;
        self.open.push(Element { name: tag, bound });
        self.names(tag, &attributes)?;
        if is_empty {
            self.open.pop();
        } else if self.open.len() > DEEPEST {
            return Err(format!("the elements nest deeper than {DEEPEST}"));
        }
        Ok(())
    }

    fn attribute(&mut self) -> Result<(&'t str, &'t str), Fault> {
        let Some(key) = self.name() else {
            return Err("the name of an attribute has a character that is not allowed".to_owned());
        };
        self.skip_space();
        if !self.take("=") {
            return Err(format!("the attribute `{}` has no value", short(key)));
        }
        self.skip_space();
        let quote = if self.take("\"") {
            "\""
        } else if self.take("'") {
            "'"
        } else {
            return Err(format!("the value of the attribute `{}` has no quotes", short(key)));
        };
        let value = self.until(quote, "the value of an attribute")?;
        if value.contains('<') {
            return Err(format!("the value of the attribute `{}` has a `<`", short(key)));
        }
        self.references(value)?;
        Ok((key, value))
    }

    fn bindings(&self, attributes: &[(&str, &str)]) -> Result<HashMap<String, String>, Fault> {
        let mut bound = HashMap::new();
        for (key, value) in attributes {
            let (prefix, local) = qualified(key)?;
            let declared = if prefix == "xmlns" {
                local
            } else if *key == "xmlns" {
                ""
            } else {
                continue;
            };
            let uri = value.trim_matches(is_space);
            if uri.is_empty() && !declared.is_empty() && self.is_version_1_0 {
                return Err(format!("the prefix `{}` cannot be undone", short(declared)));
            }
            let is_right = match declared {
                "xmlns" => false,
                "xml" => uri == XML,
                _ => uri != XML && uri != XMLNS,
            };
            if !is_right {
                return Err(format!("`{}` cannot be bound to `{}`", short(declared), short(uri)));
            }
            bound.insert(declared.to_owned(), uri.to_owned());
        }
        Ok(bound)
    }

    /// Prefixes are bound, and no attribute is there twice, under another prefix either.
    fn names(&self, tag: &str, attributes: &[(&str, &str)]) -> Result<(), Fault> {
        let (prefix, _) = qualified(tag)?;
        if !prefix.is_empty() && (prefix == "xmlns" || self.resolve(prefix).is_none_or(str::is_empty)) {
            return Err(format!("the prefix `{}` is not bound", short(prefix)));
        }
        let mut seen = HashSet::new();
        for (key, _) in attributes {
            let (prefix, local) = qualified(key)?;
            let uri = if prefix.is_empty() { Some("") } else { self.resolve(prefix) };
            let Some(uri) = uri else { return Err(format!("the prefix `{}` is not bound", short(prefix))) };
            if !seen.insert((uri, if prefix.is_empty() { key } else { local })) {
                return Err(format!("the attribute `{}` is there twice", short(key)));
            }
        }
        Ok(())
    }

    fn resolve(&self, prefix: &str) -> Option<&str> {
        let bound = self.open.iter().rev().find_map(|element| element.bound.get(prefix)).map(String::as_str);
        bound.or(match prefix {
            "xml" => Some(XML),
            "xmlns" => Some(XMLNS),
            _ => None,
        })
    }

    fn end(&self) -> Result<(), Fault> {
        match self.open.last() {
            Some(element) => Err(format!("`{}` is never closed", short(element.name))),
            None if !self.has_root => Err("a document has a root element, here is none".to_owned()),
            None => Ok(()),
        }
    }
}

/// `key = "value"` and what follows.
fn pair(text: &str) -> Option<(&str, &str, &str)> {
    let (key, after) = text.split_once('=')?;
    let after = after.trim_start_matches(is_space);
    let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let (value, more) = after[1..].split_once(quote)?;
    Some((key.trim_end_matches(is_space), value, more))
}

/// A name cut at its colon.
fn qualified(name: &str) -> Result<(&str, &str), Fault> {
    match name.split_once(':') {
        None => Ok(("", name)),
        Some((prefix, local)) if prefix.is_empty() || local.is_empty() || local.contains(':') => {
            Err(format!("the name `{}` is malformed", short(name)))
        }
        Some(parts) => Ok(parts),
    }
}

/// Whether a document type names an external subset; nothing if it is malformed.
fn external_subset(doctype: &str) -> Option<bool> {
    let spaced = |text: &'_ str| -> Option<usize> {
        let after = text.trim_start_matches(is_space);
        (after.len() < text.len()).then_some(text.len() - after.len())
    };
    let text = &doctype[spaced(doctype)?..];
    let text = &text[name(text)?.len()..];
    if text.trim_start_matches(is_space).is_empty() {
        return Some(false);
    }
    let text = &text[spaced(text)?..];
    let text = if let Some(public) = text.strip_prefix("PUBLIC") {
        let (id, rest) = literal(&public[spaced(public)?..])?;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b" \r\n'()+,./:=?;!*#@$_%-".contains(&byte);
        id.bytes().all(known).then_some(rest)?
    } else {
        text.strip_prefix("SYSTEM")?
    };
    let (id, rest) = literal(&text[spaced(text)?..])?;
    (!id.contains('#') && rest.trim_start_matches(is_space).is_empty()).then_some(true)
}

fn literal(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    text[1..].split_once(quote)
}

/// The character of a number after `&#`.
fn character(number: &str) -> Option<char> {
    let code = match number.strip_prefix('x') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => u32::from_str_radix(digits, 16).ok(),
        None if number.bytes().all(|byte| byte.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    };
    code.and_then(char::from_u32)
}

/// Enough of a text for a reason.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(40)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_documents_are_taken() {
        for text in [
            "<a/>",
            "\u{FEFF}<a></a >",
            " \n<a\n b = \"1\"\tc='2' />\n<!-- end --><?go on?>",
            "<?xml version=\"1.0\" encoding='UTF-8' standalone=\"no\" ?><a>&#x41;&#66;&lt;</a>",
            "<!DOCTYPE a><a>]] ></a>",
            "<!DOCTYPE a SYSTEM 'a.dtd'><a b='&x;'>&y;</a>",
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0//EN\" \"x.dtd\"><html/>",
            "<a xml:lang='de'><![CDATA[<&]]></a>",
            "<p:a xmlns:p='u' xmlns:q='v' p:x='1' q:x='2' x='3'><p:b/></p:a>",
            "<ключ>é</ключ>",
            "<?xml version='1.1'?><a>&#1;</a>",
            "<a>1 > 0</a>",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn the_first_fault_is_told() {
        let check = |text: &str, expect: &str| {
            let fault = check(text).unwrap_err();
            assert!(fault.contains(expect), "{text}: {fault}");
        };
        check("", "a root element, here is none");
        check("text", "outside of the root");
        check("<a/>text", "outside of the root");
        check("<a/><![CDATA[x]]>", "outside of the root");
        check("<a/><b/>", "one root");
        check("<a>", "never closed");
        check("<a></b>", "closed by");
        check("</a>", "was not open");
        check("<a b/>", "no value");
        check("<a b=1/>", "no quotes");
        check("<a b='1'c='2'/>", "not allowed");
        check("<a b='1' b='2'/>", "twice");
        check("<a xmlns:p='u' xmlns:q='u' p:x='1' q:x='2'/>", "twice");
        check("<a b='<'/>", "has a `<`");
        check("<a / >", "not followed by");
        check("< a/>", "no name");
        check("<1a/>", "no name");
        check("<a>&nbsp;</a>", "stands for nothing");
        check("<a>& b</a>", "no reference");
        check("<a>&#0;</a>", "stands for nothing");
        check("<a>&#xD800;</a>", "stands for nothing");
        check("<a>\u{1}</a>", "U+0001");
        check("<a>]]></a>", "`]]>`");
        check("<a><!-- x -- y --></a>", "two hyphens");
        check("<a><!-- x", "never closed");
        check("<p:a/>", "not bound");
        check("<a p:b='1'/>", "not bound");
        check("<a:b:c xmlns:a='u'/>", "malformed");
        check("<a xmlns:p=''/>", "cannot be undone");
        check("<a xmlns:xml='u'/>", "cannot be bound");
        check(" <?xml version='1.0'?><a/>", "not allowed here");
        check("<?xml?><a/>", "lacks a version");
        check("<?xml version='2.0'?><a/>", "version `2.0`");
        check("<?xml encoding='UTF-8'?><a/>", "not expected");
        check("<?XML version='1.0'?><a/>", "not allowed here");
        check("<a/><!DOCTYPE a>", "not allowed here");
        check("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "definitions of its own");
        check("<!DOCTYPE a PUBLIC 'x'><a/>", "malformed");
        check("<!doctype a><a/>", "no name");
        check("<?xml version='1.0' standalone='yes'?><!DOCTYPE a SYSTEM 'a'><a>&x;</a>", "stands for nothing");
        check(&"<a>".repeat(500), "nest deeper");
    }
}
