//! Reads the tags of a template just far enough to know which names stand where.
//!
//! The engine parses; this reader answers what the engine does not: where a name stands, whether a use is guarded by
//! `is defined` or `default`, and from which variables the text of a tag can come.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Whether a text has any tag at all. Without one it is rendered as it stands.
pub(super) fn has_tags(source: &str) -> bool {
    source.as_bytes().windows(2).any(|pair| pair[0] == b'{' && matches!(pair[1], b'{' | b'%' | b'#'))
}

/// The line and column of a byte offset, both from 1, the column in characters.
pub(super) fn line_and_column(source: &str, offset: usize) -> (u32, u32) {
    let before = &source[..source.floor_char_boundary(offset.min(source.len()))];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagKind {
    /// `{{ … }}`
    Emit,
    /// `{% … %}`
    Statement,
}

#[derive(Debug)]
pub(super) struct Tag<'s> {
    pub kind: TagKind,
    /// Between the delimiters, without the marks of whitespace control.
    pub inner: Range<usize>,
    tokens: Vec<Token<'s>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece<'s> {
    Name(&'s str),
    Mark(char),
    /// A string or a number.
    Literal,
}

#[derive(Debug, Clone, Copy)]
struct Token<'s> {
    piece: Piece<'s>,
    at: usize,
}

/// The tags of a template in order, comments and raw blocks left out.
pub(super) fn tags(source: &str) -> Vec<Tag<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = next_open(source, at) {
        let (start, close) = match source.as_bytes()[open + 1] {
            b'#' => {
                at = source[open..].find("#}").map_or(source.len(), |end| open + end + 2);
                continue;
            }
            b'{' => (open + 2, "}}"),
            _ => (open + 2, "%}"),
        };
        // A mark of whitespace control is no part of what the tag says.
        let start = start + usize::from(source[start..].starts_with(['-', '+']));
        let (tokens, end) = tokens(source, start, close);
        let kind = if close == "}}" { TagKind::Emit } else { TagKind::Statement };
        at = (end + 2).min(source.len());
        let tag = Tag { kind, inner: start..without_mark(source, start, end), tokens };
        if tag.is_statement("raw") {
            at = end_of_raw(source, at);
        } else {
            found.push(tag);
        }
    }
    found
}

fn next_open(source: &str, from: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    (from..bytes.len().saturating_sub(1)).find(|&at| bytes[at] == b'{' && matches!(bytes[at + 1], b'{' | b'%' | b'#'))
}

fn end_of_raw(source: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(open) = source[at..].find("{%") {
        let start = at + open + 2;
        let word = source[start..].trim_start_matches(['-', '+']).trim_start();
        if word.starts_with("endraw") {
            return source[start..].find("%}").map_or(source.len(), |end| start + end + 2);
        }
        at = start;
    }
    source.len()
}

/// The end of what the tag says, before a mark of whitespace control.
fn without_mark(source: &str, start: usize, end: usize) -> usize {
    end - usize::from(source[start..end].ends_with(['-', '+']))
}

/// The tokens from `start` to the closing delimiter, and where that stands.
fn tokens<'s>(source: &'s str, start: usize, close: &str) -> (Vec<Token<'s>>, usize) {
    let mut tokens = Vec::new();
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(c) = source[at..].chars().next() {
        if depth == 0 && source[at..].starts_with(close) {
            return (tokens, at);
        }
        let end = match c {
            '"' | '\'' => end_of_string(source, at, c),
            c if c.is_alphanumeric() || c == '_' => end_of_word(source, at),
            c => at + c.len_utf8(),
        };
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(piece) = piece(c, &source[at..end]) {
            tokens.push(Token { piece, at });
        }
        at = end;
    }
    (tokens, source.len())
}

fn piece(first: char, text: &str) -> Option<Piece<'_>> {
    match first {
        '"' | '\'' => Some(Piece::Literal),
        c if c.is_numeric() => Some(Piece::Literal),
        c if c.is_alphabetic() || c == '_' => Some(Piece::Name(text)),
        c if c.is_whitespace() => None,
        c => Some(Piece::Mark(c)),
    }
}

fn end_of_word(source: &str, at: usize) -> usize {
    source[at..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(source.len(), |end| at + end)
}

fn end_of_string(source: &str, at: usize, quote: char) -> usize {
    let mut escaped = false;
    for (offset, c) in source[at + 1..].char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1 + offset + 1,
            _ => {}
        }
    }
    source.len()
}

/// Words of the language that stand inside expressions; they can be no variables.
const WORDS: [&str; 14] =
    ["and", "elif", "else", "False", "false", "if", "in", "is", "None", "none", "not", "or", "True", "true"];

impl<'s> Tag<'s> {
    fn is_statement(&self, word: &str) -> bool {
        self.kind == TagKind::Statement && self.name_at(0) == Some(word)
    }

    fn name_at(&self, index: usize) -> Option<&'s str> {
        match self.tokens.get(index)?.piece {
            Piece::Name(name) => Some(name),
            Piece::Mark(_) | Piece::Literal => None,
        }
    }

    fn mark_at(&self, index: usize) -> Option<char> {
        match self.tokens.get(index)?.piece {
            Piece::Mark(mark) => Some(mark),
            Piece::Name(_) | Piece::Literal => None,
        }
    }

    /// The filters and tests that the tag names, with their places.
    pub(super) fn filters_and_tests(&self) -> impl Iterator<Item = (Applied<'s>, usize)> + '_ {
        (1..self.tokens.len()).filter_map(|index| {
            let name = self.name_at(index)?;
            let at = self.tokens[index].at;
            if self.mark_at(index - 1) == Some('|') {
                return Some((Applied::Filter(name), at));
            }
            let after_is = self.is_test(index) && name != "not";
            after_is.then_some((Applied::Test(name), at))
        })
    }

    fn is_test(&self, index: usize) -> bool {
        let before = |back: usize| index.checked_sub(back).and_then(|index| self.name_at(index));
        before(1) == Some("is") || (before(1) == Some("not") && before(2) == Some("is"))
    }

    /// Indices of tokens that can be variables: no attribute, filter, test, keyword argument or word of the language.
    fn variables(&self) -> impl Iterator<Item = (usize, &'s str)> + '_ {
        let first = usize::from(self.kind == TagKind::Statement);
        (first..self.tokens.len()).filter_map(move |index| {
            let name = self.name_at(index)?;
            let after = index.checked_sub(1).and_then(|before| self.mark_at(before));
            let is_argument = self.mark_at(index + 1) == Some('=')
                && self.mark_at(index + 2) != Some('=')
                && matches!(after, Some('(' | ','));
            let named = matches!(after, Some('.' | '|')) || self.is_test(index) || is_argument || WORDS.contains(&name);
            (!named).then_some((index, name))
        })
    }

    /// Every name that can be a variable.
    pub(super) fn names(&self) -> impl Iterator<Item = &'s str> + '_ {
        self.variables().map(|(_, name)| name)
    }

    /// Where `name` is used as a variable in this tag.
    pub(super) fn use_of(&self, name: &str) -> Option<usize> {
        self.variables().find(|(_, used)| *used == name).map(|(index, _)| self.tokens[index].at)
    }

    /// Whether the tag asks if `name` is there, or says what stands for it.
    fn guards(&self, name: &str) -> bool {
        self.variables().filter(|(_, used)| *used == name).any(|(index, _)| {
            let next = |ahead: usize| self.name_at(index + ahead);
            let asks = |word: Option<&str>| matches!(word, Some("defined" | "undefined" | "none"));
            (next(1) == Some("is") && (asks(next(2)) || (next(2) == Some("not") && asks(next(3)))))
                || (self.mark_at(index + 1) == Some('|') && matches!(next(2), Some("default" | "d")))
        })
    }

    /// The names that the tag gives values to, and those that the values can come from.
    fn assignment(&self) -> Option<(BTreeSet<&'s str>, BTreeSet<&'s str>)> {
        let word = (self.kind == TagKind::Statement).then(|| self.name_at(0))??;
        let split_at = |found: &dyn Fn(usize) -> bool| (1..self.tokens.len()).find(|&index| found(index));
        match word {
            "for" => {
                let split = split_at(&|index| self.name_at(index) == Some("in"))?;
                Some(self.names_around(split))
            }
            "set" => {
                let split = split_at(&|index| self.mark_at(index) == Some('=')).unwrap_or(self.tokens.len());
                let (targets, sources) = self.names_around(split);
                Some((targets, sources))
            }
            "with" | "macro" => {
                let all: BTreeSet<&str> = (1..self.tokens.len()).filter_map(|index| self.name_at(index)).collect();
                Some((all.clone(), all))
            }
            _ => None,
        }
    }

    fn names_around(&self, split: usize) -> (BTreeSet<&'s str>, BTreeSet<&'s str>) {
        let targets = (1..split).filter_map(|index| self.name_at(index)).collect();
        let sources = self.variables().filter(|(index, _)| *index > split).map(|(_, name)| name).collect();
        (targets, sources)
    }
}

/// What a tag applies to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied<'s> {
    Filter(&'s str),
    Test(&'s str),
}

/// Names that `{% set %}` gives a value anywhere in the template, also inside a condition.
pub(super) fn assigned<'s>(tags: &[Tag<'s>]) -> BTreeSet<&'s str> {
    tags.iter().filter(|tag| tag.is_statement("set")).filter_map(Tag::assignment).flat_map(|(names, _)| names).collect()
}

/// Whether some tag asks if `name` is there or gives a default for it, so that a case may go without it.
pub(super) fn is_guarded(tags: &[Tag<'_>], name: &str) -> bool {
    tags.iter().any(|tag| tag.guards(name))
}

/// For each emitting tag: the names from which its text can come, through loops and assignments.
pub(super) fn sources_of_emits<'s>(tags: &[Tag<'s>]) -> Vec<(Range<usize>, BTreeSet<&'s str>)> {
    let origins = origins(tags);
    tags.iter()
        .filter(|tag| tag.kind == TagKind::Emit)
        .map(|tag| {
            let named: BTreeSet<&str> = tag.variables().map(|(_, name)| name).collect();
            let through = named.iter().filter_map(|name| origins.get(name)).flatten().copied();
            (tag.inner.clone(), named.iter().copied().chain(through).collect())
        })
        .collect()
}

/// Local names with all the names that their values can come from, followed to the end.
fn origins<'s>(tags: &[Tag<'s>]) -> BTreeMap<&'s str, BTreeSet<&'s str>> {
    let mut origins: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (targets, sources) in tags.iter().filter_map(Tag::assignment) {
        for target in targets {
            origins.entry(target).or_default().extend(&sources);
        }
    }
    // The text of `{% call m(x) %}` comes out of the macro, whose arguments can then be `x`.
    let called: BTreeSet<&str> =
        tags.iter().filter(|tag| tag.is_statement("call")).flat_map(Tag::variables).map(|(_, name)| name).collect();
    for macro_tag in tags.iter().filter(|tag| tag.is_statement("macro")) {
        for (_, argument) in macro_tag.variables() {
            origins.entry(argument).or_default().extend(&called);
        }
    }
    loop {
        let mut grown = false;
        for name in origins.keys().copied().collect::<Vec<_>>() {
            let further: BTreeSet<&str> =
                origins[name].iter().filter_map(|source| origins.get(source)).flatten().copied().collect();
            if let Some(known) = origins.get_mut(name) {
                let before = known.len();
                known.extend(further);
                grown |= known.len() > before;
            }
        }
        if !grown {
            return origins;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn emits(source: &str) -> Vec<Vec<&str>> {
        sources_of_emits(&tags(source)).into_iter().map(|(_, names)| names.into_iter().collect()).collect()
    }

    #[test]
    fn the_names_behind_an_emit_are_found() {
        let check = |source: &str, expect: &[&[&str]]| assert_eq!(emits(source), expect, "{source}");
        check("{{ a }} and {{- b.c -}}", &[&["a"], &["b"]]);
        check("{{ a | title }} {{ x is even }}", &[&["a"], &["x"]]);
        check("{{ f(a, key=b) }}", &[&["a", "b", "f"]]);
        check("{# {{ a }} #}{% raw %}{{ b }}{% endraw %}{{ c }}", &[&["c"]]);
        check("{{ '}}' ~ a }}", &[&["a"]]);
        check("{{ {'k': a} }}", &[&["a"]]);
        check("{% for d in docs %}{{ d.title }}{% endfor %}", &[&["d", "docs"]]);
        check("{% set x = a %}{% set y = x %}{{ y }}", &[&["a", "x", "y"]]);
        check("{% for k, v in m | items %}{{ v }}{% endfor %}", &[&["m", "v"]]);
        check("{% macro m(p) %}{{ p }}{% endmacro %}{{ m(a) }}", &[&["m", "p"], &["a", "m", "p"]]);
        check("{% macro m(p) %}{{ p }}{% endmacro %}{% call m(a) %}{% endcall %}", &[&["a", "m", "p"]]);
        check("{%- for d in docs -%}{{- d -}}{%- endfor -%}{%- raw -%}{{ b }}{%- endraw -%}", &[&["d", "docs"]]);
        check("{% with w = a %}{{ w }}{% endwith %}", &[&["a", "w"]]);
    }

    #[test]
    fn a_guarded_name_is_seen() {
        let check = |source: &str, expect: bool| assert_eq!(is_guarded(&tags(source), "a"), expect, "{source}");
        check("{% if a is defined %}{{ a }}{% endif %}", true);
        check("{% if a is not none %}{{ a }}{% endif %}", true);
        check("{{ a | default('x') }}", true);
        check("{{ a }}", false);
        check("{% if a.b is defined %}x{% endif %}", false);
        check("{{ b | default(a) }}", false);
    }

    #[test]
    fn places_count_lines_and_characters() {
        let check = |source: &str, offset: usize, expect: (u32, u32)| {
            assert_eq!(line_and_column(source, offset), expect, "{source:?} {offset}");
        };
        check("abc", 0, (1, 1));
        check("é{{ x }}", 5, (1, 5));
        check("a\nb{{", 3, (2, 2));
        check("a", 99, (1, 2));
    }

    #[test]
    fn unfinished_tags_do_not_upset_the_reader() {
        for source in ["{{", "{%", "{#", "{{ 'a", "{% raw %}{{", "{{ a", "{", "", "{{-}}", "{{}}", "{%-%}"] {
            tags(source);
        }
    }
}
