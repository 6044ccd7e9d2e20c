//! Cuts a template into text, tags and the words inside of tags.

use super::error::TemplateError;
use super::text::{Text, find, is_space};

/// A line and a column, both from 1, the column in UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub line: u32,
    pub column: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Data(Text),
    Comment { trims_before: bool, trims_after: bool },
    BlockStart { trims: bool },
    BlockEnd { trims: bool },
    PrintStart { trims: bool },
    PrintEnd { trims: bool },
    Str(Text),
    Int(String),
    Float(String),
    Bool(bool),
    None,
    Symbol(String),
    Regex { body: Text, flags: String },
    Open(char),
    Close(char),
    Comma,
    Colon,
    Tilde,
    Pipe,
    Operator(&'static str),
}

impl Token {
    /// How a message names it.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Data(_) => "text".to_owned(),
            Self::Comment { .. } => "a comment".to_owned(),
            Self::BlockStart { .. } => "`{%`".to_owned(),
            Self::BlockEnd { .. } => "`%}`".to_owned(),
            Self::PrintStart { .. } => "`{{`".to_owned(),
            Self::PrintEnd { .. } => "`}}`".to_owned(),
            Self::Str(text) => format!("the text {text:?}"),
            Self::Int(number) | Self::Float(number) => format!("the number {number}"),
            Self::Bool(value) => format!("`{value}`"),
            Self::None => "`none`".to_owned(),
            Self::Symbol(name) => format!("`{name}`"),
            Self::Regex { .. } => "a regular expression".to_owned(),
            Self::Open(mark) | Self::Close(mark) => format!("`{mark}`"),
            Self::Comma => "`,`".to_owned(),
            Self::Colon => "`:`".to_owned(),
            Self::Tilde => "`~`".to_owned(),
            Self::Pipe => "`|`".to_owned(),
            Self::Operator(mark) => format!("`{mark}`"),
        }
    }
}

const OPERATORS: [&str; 17] =
    ["===", "!==", "==", "!=", "<=", ">=", "//", "**", "%", "*", "-", "+", "/", "#", ".", "<", ">"];

const DELIMITERS: &str = "()[]{}%*-+~/#,:|.<>=!";

pub(super) struct Lexer {
    units: Vec<u16>,
    at: usize,
    in_code: bool,
    /// Where the last asked place was, so that lines are counted once.
    seen: (usize, Place),
}

impl Lexer {
    pub(super) fn new(source: &str) -> Self {
        let units = source.encode_utf16().collect();
        Self { units, at: 0, in_code: false, seen: (0, Place { line: 1, column: 1 }) }
    }

    /// The next token with its place; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(Token, Place)>, TemplateError> {
        if self.in_code {
            while self.peek(0).is_some_and(|unit| matches!(unit, 0x20 | 0x0A | 0x09 | 0x0D | 0xA0)) {
                self.at += 1;
            }
        }
        let place = self.place();
        if self.at >= self.units.len() {
            return Ok(None);
        }
        let token = if self.in_code { self.code(place)? } else { self.data(place)? };
        Ok(Some((token, place)))
    }

    pub(super) fn place(&mut self) -> Place {
        let (mut at, mut place) = self.seen;
        if at > self.at {
            (at, place) = (0, Place { line: 1, column: 1 });
        }
        for unit in &self.units[at..self.at.min(self.units.len())] {
            if *unit == 0x0A {
                place = Place { line: place.line + 1, column: 1 };
            } else {
                place.column += 1;
            }
        }
        self.seen = (self.at, place);
        place
    }

    /// The text of a raw block up to its end, which is passed over. Without an end it is empty and the template goes
    /// on as if the tag were not there.
    pub(super) fn raw(&mut self, name: &str) -> Text {
        let mut text = Vec::new();
        let mut level = 1;
        while let Some((start, end, closes)) = self.raw_tag(name) {
            level = if closes { level - 1 } else { level + 1 };
            let kept = if level == 0 { start } else { end };
            text.extend_from_slice(&self.units[self.at..kept]);
            self.at = end;
            if level == 0 {
                break;
            }
        }
        Text::from(text)
    }

    /// The next `{% raw %}` or `{% endraw %}`: where it starts, where it ends, and whether it closes.
    fn raw_tag(&self, name: &str) -> Option<(usize, usize, bool)> {
        let name: Vec<u16> = name.encode_utf16().collect();
        let end: Vec<u16> = "end".encode_utf16().collect();
        let mut from = self.at;
        while let Some(start) = find(&self.units, &[0x7B, 0x25], from) {
            let mut at = self.after_spaces(start + 2);
            let closes = self.units[at..].starts_with(&end) && self.units[at + 3..].starts_with(&name);
            if closes {
                at += 3;
            }
            if self.units[at..].starts_with(&name) {
                at = self.after_spaces(at + name.len());
                if self.units[at..].starts_with(&[0x25, 0x7D]) {
                    return Some((start, at + 2, closes));
                }
            }
            from = start + 2;
        }
        None
    }

    fn after_spaces(&self, mut at: usize) -> usize {
        while self.units.get(at).is_some_and(|unit| is_space(*unit)) {
            at += 1;
        }
        at
    }

    fn peek(&self, ahead: usize) -> Option<u16> {
        self.units.get(self.at + ahead).copied()
    }

    fn char(&self, ahead: usize) -> Option<char> {
        char::from_u32(u32::from(self.peek(ahead)?))
    }

    fn starts(&self, mark: &str) -> bool {
        mark.encode_utf16().enumerate().all(|(ahead, unit)| self.peek(ahead) == Some(unit))
    }

    /// Passes over a mark if it stands here.
    fn takes(&mut self, mark: &str) -> bool {
        let found = self.starts(mark);
        if found {
            self.at += mark.len();
        }
        found
    }

    fn data(&mut self, place: Place) -> Result<Token, TemplateError> {
        for (mark, token) in [
            ("{%-", Token::BlockStart { trims: true }),
            ("{%", Token::BlockStart { trims: false }),
            ("{{-", Token::PrintStart { trims: true }),
            ("{{", Token::PrintStart { trims: false }),
        ] {
            if self.takes(mark) {
                self.in_code = true;
                return Ok(token);
            }
        }
        if self.starts("{#") {
            return self.comment(place);
        }
        let start = self.at;
        while self.at < self.units.len() {
            if self.starts("{%") || self.starts("{{") || self.starts("{#") {
                break;
            }
            if self.starts("#}") {
                let place = self.place();
                return Err(TemplateError::at("A comment ends here that has not begun: `#}`.", place));
            }
            self.at += 1;
        }
        Ok(Token::Data(Text::of(&self.units[start..self.at])))
    }

    fn comment(&mut self, place: Place) -> Result<Token, TemplateError> {
        let start = self.at;
        let Some(end) = find(&self.units, &[0x23, 0x7D], start + 2) else {
            return Err(TemplateError::at("The comment has no end: `#}` is missing.", place));
        };
        let minus = u16::from(b'-');
        self.at = end + 2;
        Ok(Token::Comment { trims_before: self.units[start + 2] == minus, trims_after: self.units[end - 1] == minus })
    }

    fn code(&mut self, place: Place) -> Result<Token, TemplateError> {
        for (mark, token) in [
            ("%}", Token::BlockEnd { trims: false }),
            ("-%}", Token::BlockEnd { trims: true }),
            ("}}", Token::PrintEnd { trims: false }),
            ("-}}", Token::PrintEnd { trims: true }),
        ] {
            if self.takes(mark) {
                self.in_code = false;
                return Ok(token);
            }
        }
        if let Some(quote @ (0x22 | 0x27)) = self.peek(0) {
            return Ok(Token::Str(self.string(quote)));
        }
        if self.starts("r/") {
            return Ok(self.regex());
        }
        match self.char(0) {
            Some(mark) if DELIMITERS.contains(mark) => self.delimiter(mark, place),
            _ => Ok(self.word()),
        }
    }

    fn string(&mut self, quote: u16) -> Text {
        self.at += 1;
        let mut text = Vec::new();
        while let Some(unit) = self.peek(0).filter(|unit| *unit != quote) {
            self.at += 1;
            if unit != u16::from(b'\\') {
                text.push(unit);
                continue;
            }
            let Some(escaped) = self.peek(0) else { break };
            text.push(match char::from_u32(u32::from(escaped)) {
                Some('n') => 0x0A,
                Some('t') => 0x09,
                Some('r') => 0x0D,
                _ => escaped,
            });
            self.at += 1;
        }
        self.at += 1;
        Text::from(text)
    }

    fn regex(&mut self) -> Token {
        self.at += 2;
        let start = self.at;
        let (slash, backslash) = (u16::from(b'/'), u16::from(b'\\'));
        while self.peek(0).is_some_and(|unit| unit != slash || self.units[self.at - 1] == backslash) {
            self.at += 1;
        }
        let body = Text::of(&self.units[start..self.at.min(self.units.len())]);
        self.at += 1;
        let mut flags = String::new();
        while let Some(flag @ ('g' | 'i' | 'm' | 'y')) = self.char(0) {
            flags.push(flag);
            self.at += 1;
        }
        Token::Regex { body, flags }
    }

    fn delimiter(&mut self, mark: char, place: Place) -> Result<Token, TemplateError> {
        if let Some(operator) = OPERATORS.into_iter().find(|operator| self.starts(operator)) {
            self.at += operator.len();
            return Ok(Token::Operator(operator));
        }
        self.at += 1;
        Ok(match mark {
            '(' | '[' | '{' => Token::Open(mark),
            ')' | ']' | '}' => Token::Close(mark),
            ',' => Token::Comma,
            ':' => Token::Colon,
            '~' => Token::Tilde,
            '|' => Token::Pipe,
            '=' => Token::Operator("="),
            '!' => Token::Operator("!"),
            _ => return Err(TemplateError::at(format!("A mark that has no meaning here: `{mark}`."), place)),
        })
    }

    fn word(&mut self) -> Token {
        let start = self.at;
        while self.char(0).is_none_or(|letter| !DELIMITERS.contains(letter) && !" \n\t\r\u{A0}".contains(letter))
            && self.at < self.units.len()
        {
            self.at += 1;
        }
        let word = String::from_utf16_lossy(&self.units[start..self.at]);
        if word.bytes().all(|byte| byte.is_ascii_digit()) {
            return self.number(word);
        }
        match word.as_str() {
            "true" => Token::Bool(true),
            "false" => Token::Bool(false),
            "none" | "null" => Token::None,
            _ => Token::Symbol(word),
        }
    }

    fn number(&mut self, whole: String) -> Token {
        if self.char(0) != Some('.') {
            return Token::Int(whole);
        }
        self.at += 1;
        let mut number = whole + ".";
        while let Some(digit) = self.char(0).filter(char::is_ascii_digit) {
            number.push(digit);
            self.at += 1;
        }
        Token::Float(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &str) -> Vec<Token> {
        let mut lexer = Lexer::new(source);
        std::iter::from_fn(|| lexer.next().expect("readable").map(|(token, _)| token)).collect()
    }

    #[test]
    fn text_tags_and_comments_are_told_apart() {
        let symbol = |name: &str| Token::Symbol(name.to_owned());
        let data = |text: &str| Token::Data(Text::from(text));
        assert_eq!(
            tokens("a {b {{- x -}} {#- c #}%}"),
            [
                data("a {b "),
                Token::PrintStart { trims: true },
                symbol("x"),
                Token::PrintEnd { trims: true },
                data(" "),
                Token::Comment { trims_before: true, trims_after: false },
                data("%}"),
            ]
        );
    }

    #[test]
    fn words_of_a_tag_are_cut_at_marks() {
        let check = |code: &str, expect: &[&str]| {
            let words: Vec<String> = tokens(&format!("{{{{{code}}}}}")).iter().map(Token::words).collect();
            assert_eq!(words[1..words.len() - 1], *expect, "{code}");
        };
        check("a.b[1]", &["`a`", "`.`", "`b`", "`[`", "the number 1", "`]`"]);
        check("1.5 2 3.x", &["the number 1.5", "the number 2", "the number 3.", "`x`"]);
        check("a===b!=c//d**2", &["`a`", "`===`", "`b`", "`!=`", "`c`", "`//`", "`d`", "`**`", "the number 2"]);
        check("none true nullx", &["`none`", "`true`", "`nullx`"]);
        check("r/a\\/b/gi|x", &["a regular expression", "`|`", "`x`"]);
        check("'it\\'s\\n'", &["the text \"it's\\n\""]);
    }

    #[test]
    fn places_count_lines_and_columns() {
        let mut lexer = Lexer::new("a\n  {{ x }}");
        let places: Vec<Place> =
            std::iter::from_fn(|| lexer.next().expect("readable").map(|(_, place)| place)).collect();
        let expect = [(1, 1), (2, 3), (2, 6), (2, 8)].map(|(line, column)| Place { line, column });
        assert_eq!(places, expect);
    }

    #[test]
    fn comments_must_begin_and_end() {
        let check = |source: &str| {
            let mut lexer = Lexer::new(source);
            assert!(std::iter::from_fn(|| lexer.next().transpose()).any(|token| token.is_err()), "{source}");
        };
        check("{# no end");
        check("no start #}");
        check("{#}");
    }

    #[test]
    fn raw_blocks_nest() {
        let check = |source: &str, inner: &str, rest: &str| {
            let mut lexer = Lexer::new(source);
            assert_eq!(lexer.raw("raw").lossy(), inner, "{source}");
            assert_eq!(String::from_utf16_lossy(&lexer.units[lexer.at..]), rest, "{source}");
        };
        check("a{{ b }}{% endraw %}c", "a{{ b }}", "c");
        check("{% raw %}x{%endraw%}y{% endraw %}z", "{% raw %}x{%endraw%}y", "z");
        check("no end {% if %}", "", "no end {% if %}");
        check("a{%- endraw %}b{% endraw %}", "a{%- endraw %}b", "");
    }
}
