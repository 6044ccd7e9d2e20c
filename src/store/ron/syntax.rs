//! A small syntax tree of RON with byte spans. It knows brackets, names, members and strings, and nothing of types.

use std::ops::Range;

/// Bytes of the source.
pub type Span = Range<usize>;

/// Deeper nesting is refused, so that a hostile file cannot exhaust the stack.
const MAX_DEPTH: usize = 100;

#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    pub root: Node,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub span: Span,
    pub shape: Shape,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A string, decoded.
    Text(String),
    /// `true`, `None`, a unit variant, a field's name.
    Word(String),
    /// A number, a character or a byte string, as it is written.
    Literal(String),
    Group(Group),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bracket {
    Paren,
    Square,
    Brace,
}

/// Everything between two brackets, with the name before them if there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub name: Option<String>,
    pub bracket: Bracket,
    /// The offset of the opening bracket.
    pub open: usize,
    /// The offset of the closing bracket.
    pub close: usize,
    pub members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// A field's name (a word) or a map's key.
    pub key: Option<Node>,
    pub value: Node,
    /// The offset of the comma behind the value.
    pub comma: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    pub at: usize,
    pub message: String,
    pub hint: String,
}

impl Tree {
    /// # Errors
    /// The first place that is not RON, duplicate fields and duplicate map keys included.
    pub fn parse(source: &str) -> Result<Self, SyntaxError> {
        let mut parser = Parser::at(source, 0);
        parser.skip_attributes()?;
        parser.skip_blank()?;
        let root = parser.value()?;
        parser.skip_blank()?;
        match parser.peek() {
            None => Ok(Self { root }),
            Some(_) => Err(parser
                .error("There is text after the end of the definition.", "A file holds one value: remove the rest.")),
        }
    }

    /// The node that a path leads to: field names, map keys and list indices as text. `Some(…)` and the brackets of a
    /// variant around a single value are passed through.
    pub fn find(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(&self.root, |node, step| node.child(step))
    }

    /// The innermost group that holds the offset.
    pub fn enclosing(&self, offset: usize) -> &Node {
        let mut node = &self.root;
        while let Some(inner) =
            node.group().and_then(|group| group.members.iter().find(|member| member.value.holds_group(offset)))
        {
            node = &inner.value;
        }
        node
    }

    /// Calls `visit` for every node, keys included, parents first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Node)) {
        self.root.walk(visit);
    }
}

impl Node {
    pub fn group(&self) -> Option<&Group> {
        match &self.shape {
            Shape::Group(group) => Some(group),
            _ => None,
        }
    }

    /// The text of a string, or the word.
    pub fn name(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) | Shape::Word(text) => Some(text),
            Shape::Literal(_) | Shape::Group(_) => None,
        }
    }

    /// Whether both mean the same, wherever they stand.
    pub fn same(&self, other: &Self) -> bool {
        match (&self.shape, &other.shape) {
            (Shape::Group(a), Shape::Group(b)) => {
                a.name == b.name
                    && a.bracket == b.bracket
                    && a.members.len() == b.members.len()
                    && a.members.iter().zip(&b.members).all(|(a, b)| {
                        a.value.same(&b.value)
                            && match (&a.key, &b.key) {
                                (Some(a), Some(b)) => a.same(b),
                                (None, None) => true,
                                _ => false,
                            }
                    })
            }
            (Shape::Group(_), _) | (_, Shape::Group(_)) => false,
            (a, b) => a == b,
        }
    }

    fn child(&self, step: &str) -> Option<&Self> {
        let group = self.group()?;
        if let Some(member) = group.members.iter().find(|member| member.named(step)) {
            return Some(&member.value);
        }
        if let ([only], Bracket::Paren, None) = (group.members.as_slice(), group.bracket, self.index(step))
            && only.key.is_none()
        {
            return only.value.child(step);
        }
        self.index(step)
    }

    fn index(&self, step: &str) -> Option<&Self> {
        let group = self.group()?;
        if group.bracket == Bracket::Paren
            && let [only] = group.members.as_slice()
            && only.key.is_none()
            && only.value.group().is_some_and(|inner| inner.bracket == Bracket::Square)
        {
            return only.value.index(step);
        }
        let index: usize = step.parse().ok()?;
        group.members.get(index).filter(|member| member.key.is_none()).map(|member| &member.value)
    }

    fn holds_group(&self, offset: usize) -> bool {
        self.group().is_some() && self.span.contains(&offset)
    }

    fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        if let Some(group) = self.group() {
            for member in &group.members {
                if let Some(key) = &member.key {
                    key.walk(visit);
                }
                member.value.walk(visit);
            }
        }
    }
}

impl Member {
    pub fn start(&self) -> usize {
        self.key.as_ref().map_or(self.value.span.start, |key| key.span.start)
    }

    pub fn named(&self, name: &str) -> bool {
        self.key.as_ref().and_then(Node::name) == Some(name)
    }
}

/// Line and column of a byte offset, from 1; columns count characters.
pub fn locate(source: &str, offset: usize) -> (u32, u32) {
    let before = source.get(..offset).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

pub(super) struct Parser<'s> {
    pub source: &'s str,
    pub at: usize,
    depth: usize,
}

impl<'s> Parser<'s> {
    pub fn at(source: &'s str, at: usize) -> Self {
        Self { source, at, depth: 0 }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, what: &str) -> bool {
        let found = self.rest().starts_with(what);
        if found {
            self.at += what.len();
        }
        found
    }

    fn error(&self, message: impl Into<String>, hint: impl Into<String>) -> SyntaxError {
        self.error_at(self.at, message, hint)
    }

    #[expect(clippy::unused_self, reason = "reads like `error`")]
    fn error_at(&self, at: usize, message: impl Into<String>, hint: impl Into<String>) -> SyntaxError {
        SyntaxError { at, message: message.into(), hint: hint.into() }
    }

    fn skip_attributes(&mut self) -> Result<(), SyntaxError> {
        loop {
            self.skip_blank()?;
            if !self.take("#!") {
                return Ok(());
            }
            match self.rest().find(']') {
                Some(end) => self.at += end + 1,
                None => {
                    return Err(self.error("The `#![enable(…)]` line is not closed.", "Remove it; it is not needed."));
                }
            }
        }
    }

    /// White space and comments.
    fn skip_blank(&mut self) -> Result<(), SyntaxError> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            if self.rest().starts_with("//") {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.rest().starts_with("/*") {
                self.skip_block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    fn skip_block_comment(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            if self.take("/*") {
                depth += 1;
            } else if self.take("*/") {
                depth -= 1;
                if depth == 0 {
                    return Ok(());
                }
            } else if let Some(next) = self.peek() {
                self.at += next.len_utf8();
            } else {
                return Err(self.error_at(start, "The comment that begins here is not closed.", "Close it with `*/`."));
            }
        }
    }

    fn value(&mut self) -> Result<Node, SyntaxError> {
        let start = self.at;
        let Some(next) = self.peek() else {
            return Err(self.error(
                "The file ends where a value should stand.",
                "It may have been cut off: look for a missing bracket.",
            ));
        };
        let shape = match next {
            '(' | '[' | '{' => self.group(None)?,
            '"' => Shape::Text(self.escaped()?),
            'r' if self.rest()[1..].trim_start_matches('#').starts_with('"') => Shape::Text(self.raw(1)?),
            'b' if self.rest().starts_with("b\"") => {
                self.at += 1;
                self.escaped()?;
                Shape::Literal(self.source[start..self.at].to_owned())
            }
            'b' if self.rest().starts_with("br") && self.rest()[2..].trim_start_matches('#').starts_with('"') => {
                self.raw(2)?;
                Shape::Literal(self.source[start..self.at].to_owned())
            }
            '\'' => self.character()?,
            '0'..='9' | '-' | '+' | '.' => self.number(),
            'b' if self.rest().starts_with("b'") => {
                self.at += 1;
                self.character()?
            }
            letter if letter == '_' || letter.is_alphabetic() => self.word_or_named_group()?,
            other => return Err(self.unexpected(other)),
        };
        Ok(Node { span: start..self.at, shape })
    }

    fn unexpected(&self, found: char) -> SyntaxError {
        match found {
            ')' | ']' | '}' => self.error(
                format!("`{found}` stands where a value should."),
                "A value is missing before it, or a bracket is wrong.",
            ),
            ',' => self.error("A value is missing before the comma.", "Write the value or remove the comma."),
            _ => {
                self.error(format!("`{}` cannot begin a value.", found.escape_debug()), "Text stands in double quotes.")
            }
        }
    }

    fn number(&mut self) -> Shape {
        let start = self.at;
        let mut previous = ' ';
        while let Some(next) = self.peek() {
            let sign = matches!(next, '-' | '+') && (self.at == start || matches!(previous, 'e' | 'E'));
            if !(sign || next.is_ascii_alphanumeric() || matches!(next, '.' | '_')) {
                break;
            }
            previous = next;
            self.at += next.len_utf8();
        }
        Shape::Literal(self.source[start..self.at].to_owned())
    }

    fn character(&mut self) -> Result<Shape, SyntaxError> {
        let start = self.at;
        self.at += 1;
        if self.take("\\") {
            self.at += self.peek().map_or(0, char::len_utf8);
        }
        let line = self.rest().split('\n').next().unwrap_or_default();
        match line.char_indices().skip(usize::from(line.starts_with('\''))).find(|(_, c)| *c == '\'') {
            Some((end, _)) => self.at += end + 1,
            None if line.starts_with('\'') => self.at += 1,
            None => {
                return Err(self.error_at(
                    start,
                    "The character that begins here is not closed.",
                    "Text stands in double quotes.",
                ));
            }
        }
        Ok(Shape::Literal(self.source[start..self.at].to_owned()))
    }

    fn word(&mut self) -> String {
        let raw = self.take("r#");
        let start = self.at;
        while let Some(next) = self.peek() {
            let dashed = raw && matches!(next, '-' | '.' | '+');
            if !(next == '_' || next.is_alphanumeric() || dashed) {
                break;
            }
            self.at += next.len_utf8();
        }
        self.source[start..self.at].to_owned()
    }

    fn word_or_named_group(&mut self) -> Result<Shape, SyntaxError> {
        let word = self.word();
        let end = self.at;
        self.skip_blank()?;
        if self.peek() == Some('(') {
            return self.group(Some(word));
        }
        self.at = end;
        Ok(Shape::Word(word))
    }

    fn group(&mut self, name: Option<String>) -> Result<Shape, SyntaxError> {
        let open = self.at;
        let (bracket, end) = match self.peek() {
            Some('[') => (Bracket::Square, ']'),
            Some('{') => (Bracket::Brace, '}'),
            _ => (Bracket::Paren, ')'),
        };
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(
                self.error(format!("The brackets are nested deeper than {MAX_DEPTH}."), "No definition needs that.")
            );
        }
        self.at += 1;
        let mut members: Vec<Member> = Vec::new();
        let mut keys = std::collections::HashSet::new();
        loop {
            self.skip_blank()?;
            match self.peek() {
                Some(found) if found == end => break,
                None => return Err(self.unclosed(open, end)),
                Some(_) => {}
            }
            let mut member = self.member(bracket)?;
            if let Some(key) = &member.key
                && !keys.insert(self.source_of(key))
            {
                return Err(self.duplicate(key, bracket));
            }
            self.skip_blank()?;
            if self.peek() == Some(',') {
                member.comma = Some(self.at);
                self.at += 1;
            } else if self.peek() != Some(end) {
                return Err(self.missing_comma(open, end, &member));
            }
            members.push(member);
        }
        let close = self.at;
        self.at += 1;
        self.depth -= 1;
        Ok(Shape::Group(Group { name, bracket, open, close, members }))
    }

    /// What makes two keys the same: the decoded text of strings, the source of anything else.
    fn source_of(&self, key: &Node) -> String {
        key.name().map_or_else(|| self.source[key.span.clone()].to_owned(), str::to_owned)
    }

    fn duplicate(&self, key: &Node, bracket: Bracket) -> SyntaxError {
        let what = if bracket == Bracket::Brace { "The key" } else { "The field" };
        let name = self.source_of(key);
        self.error_at(
            key.span.start,
            format!("{what} `{name}` stands here twice."),
            "Keep one of them; the other would be lost.",
        )
    }

    fn unclosed(&self, open: usize, end: char) -> SyntaxError {
        let (line, column) = locate(self.source, open);
        self.error(
            format!("The file ends before the bracket of line {line}, column {column} is closed."),
            format!("Add `{end}`, or look whether the file was cut off."),
        )
    }

    fn missing_comma(&self, open: usize, end: char, member: &Member) -> SyntaxError {
        match self.peek() {
            None => self.unclosed(open, end),
            Some(found @ (')' | ']' | '}')) => {
                let (line, column) = locate(self.source, open);
                self.error(
                    format!("`{found}` closes a bracket that was not opened; line {line}, column {column} waits for `{end}`."),
                    "One bracket is wrong or missing between the two.",
                )
            }
            Some(':') => self.error(
                "A colon stands where a comma should.",
                "Fields are `name: value`, and stand in round brackets.",
            ),
            Some(_) => self.error_at(member.value.span.end, "A comma is missing after this value.", "Add `,`."),
        }
    }

    fn member(&mut self, bracket: Bracket) -> Result<Member, SyntaxError> {
        let first = self.value()?;
        let end = self.at;
        self.skip_blank()?;
        let keyed = match bracket {
            Bracket::Paren => matches!(first.shape, Shape::Word(_)) && self.peek() == Some(':'),
            Bracket::Brace => true,
            Bracket::Square => false,
        };
        if !keyed {
            self.at = end;
            return Ok(Member { key: None, value: first, comma: None });
        }
        if !self.take(":") {
            return Err(self.error_at(
                first.span.end,
                "A colon and a value are missing after this key.",
                "A map is `{\"key\": value}`.",
            ));
        }
        self.skip_blank()?;
        let value = self.value()?;
        Ok(Member { key: Some(first), value, comma: None })
    }

    fn raw(&mut self, prefix: usize) -> Result<String, SyntaxError> {
        let start = self.at;
        self.at += prefix;
        let hashes = self.rest().len() - self.rest().trim_start_matches('#').len();
        self.at += hashes + 1;
        let end = format!("\"{}", "#".repeat(hashes));
        match self.rest().find(&end) {
            Some(length) => {
                let text = self.rest()[..length].to_owned();
                self.at += length + end.len();
                Ok(text)
            }
            None => {
                Err(self.error_at(start, "The text that begins here is not closed.", format!("Close it with `{end}`.")))
            }
        }
    }

    fn escaped(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(next) = self.peek() else {
                return Err(self.error_at(start, "The text that begins here is not closed.", "Close it with `\"`."));
            };
            self.at += next.len_utf8();
            match next {
                '"' => return Ok(text),
                '\\' => self.escape(&mut text)?,
                other => text.push(other),
            }
        }
    }

    /// Decodes the escape whose backslash has been passed.
    pub fn escape(&mut self, text: &mut String) -> Result<(), SyntaxError> {
        let start = self.at - 1;
        let wrong = |parser: &Self| {
            parser.error_at(
                start,
                "This escape is not known.",
                "Write `\\\\` for a backslash, or the text as r#\"…\"#.",
            )
        };
        let next = self.peek().ok_or_else(|| wrong(self))?;
        self.at += next.len_utf8();
        match next {
            '"' | '\\' | '\'' => text.push(next),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            '0' => text.push('\0'),
            'x' => {
                let digits = self.rest().get(..2).ok_or_else(|| wrong(self))?;
                text.push(char::from(u8::from_str_radix(digits, 16).map_err(|_| wrong(self))?));
                self.at += 2;
            }
            'u' => {
                let end = self.rest().find('}').filter(|_| self.rest().starts_with('{')).ok_or_else(|| wrong(self))?;
                let code = u32::from_str_radix(&self.rest()[1..end], 16).ok();
                text.push(code.and_then(char::from_u32).ok_or_else(|| wrong(self))?);
                self.at += end + 1;
            }
            '\r' | '\n' => {
                let rest = self.rest();
                self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            }
            _ => return Err(wrong(self)),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(source: &str, line_and_column: (u32, u32), part: &str) {
        let error = Tree::parse(source).expect_err(source);
        assert_eq!(locate(source, error.at), line_and_column, "{source}: {error:?}");
        assert!(error.message.contains(part), "{source}: {error:?}");
    }

    #[test]
    fn every_form_of_ron_is_read() {
        let source = "#![enable(implicit_some)]\n// head\nName(a: 1_000, b: -1.5e-3, c: 'x', d: '\\'', e: b\"x\", /* in /* nested */ */ \
                      f: r##\"a\"#b\"##, g: Some((1, two,)), h: {\"k\": [], 3: {}}, r#type: \"\\u{e9}\\n\\\"\", i: r#\"x\"#, j: ())";
        let tree = Tree::parse(source).unwrap();
        assert_eq!(tree.find(&["f"]).unwrap().name(), Some("a\"#b"));
        assert_eq!(tree.find(&["type"]).unwrap().name(), Some("é\n\""));
        assert_eq!(tree.find(&["g", "1"]).unwrap().name(), Some("two"));
        assert_eq!(tree.find(&["h", "k"]).unwrap().group().unwrap().bracket, Bracket::Square);
        assert_eq!(&source[tree.find(&["b"]).unwrap().span.clone()], "-1.5e-3");
    }

    #[test]
    fn mistakes_have_a_place() {
        wrong("(a: 1,\n b: [1, 2)", (2, 10), "closes a bracket");
        wrong("(a: 1,\n b: [1, 2", (2, 10), "line 2, column 5");
        wrong("(a: 1\n b: 2)", (1, 6), "comma is missing");
        wrong("(a: 1, a: 2)", (1, 8), "twice");
        wrong("{\"a\": 1, r\"a\": 2}", (1, 10), "twice");
        wrong("(a: \"x)", (1, 5), "not closed");
        wrong("(a: r#\"x\")", (1, 5), "not closed");
        wrong("(a: 1) x", (1, 8), "after the end");
        wrong("(a: )", (1, 5), "where a value should");
        wrong("(é: \"\\q\")", (1, 6), "escape");
        wrong("/* x", (1, 1), "not closed");
        wrong(&"[".repeat(100_000), (1, 101), "nested deeper");
    }

    #[test]
    fn parsing_any_prefix_never_panics() {
        let source = "(a: r#\"é\"#, b: {\"x\": 'é'}, c: \"\\u{41}\\x41\", d: b\"a\", /* c */ e: Name(1, -2.5)) // end";
        for (end, _) in source.char_indices() {
            assert!(Tree::parse(&source[..end]).is_err() || end > source.rfind(')').unwrap(), "{end}");
        }
    }
}
