//! Reads a pattern into a tree.

use super::super::text::{Text, is_space};

/// Groups inside groups.
const MOST_NESTING: usize = 60;

#[derive(Debug, Clone)]
pub(super) enum Piece {
    Unit(u16),
    /// Every unit but a line end.
    Any,
    Class(Class),
    Start,
    End,
    WordEdge {
        is: bool,
    },
    Sequence(Vec<Piece>),
    Either(Vec<Piece>),
    Group(usize, Box<Piece>),
    Look {
        ahead: bool,
        is: bool,
        piece: Box<Piece>,
    },
    Back(usize),
    Repeat {
        piece: Box<Piece>,
        least: usize,
        most: Option<usize>,
        lazy: bool,
        groups: (usize, usize),
    },
}

#[derive(Debug, Clone, Default)]
pub(super) struct Class {
    pub inverted: bool,
    pub ranges: Vec<(u16, u16)>,
}

impl Class {
    pub(super) fn contains(&self, unit: u16) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&unit)) != self.inverted
    }
}

#[derive(Debug)]
pub(super) struct Pattern {
    pub piece: Piece,
    pub groups: usize,
    pub names: Vec<(Text, usize)>,
}

pub(super) fn parse(body: &Text) -> Result<Pattern, String> {
    let (count, names) = groups_of(body)?;
    let mut reader = Reader { units: body, at: 0, seen: 0, depth: 0, count, names };
    let piece = reader.either()?;
    if reader.at < reader.units.len() {
        return Err("a `)` closes nothing".to_owned());
    }
    Ok(Pattern { piece, groups: count, names: reader.names })
}

/// How many groups a pattern captures, and their names: references may stand before what they refer to.
fn groups_of(body: &[u16]) -> Result<(usize, Vec<(Text, usize)>), String> {
    let mut names: Vec<(Text, usize)> = Vec::new();
    let (mut count, mut at, mut in_class) = (0, 0, false);
    while at < body.len() {
        match char_at(body, at) {
            '\\' => at += 1,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let has_name = char_at(body, at + 1) == '?'
                    && char_at(body, at + 2) == '<'
                    && !matches!(char_at(body, at + 3), '=' | '!');
                count += usize::from(has_name || char_at(body, at + 1) != '?');
                if has_name {
                    let name = name_from(body, at + 3)?;
                    if names.iter().any(|(known, _)| *known == name) {
                        return Err(format!("two groups are called {name:?}"));
                    }
                    names.push((name, count));
                }
            }
            _ => {}
        }
        at += 1;
    }
    Ok((count, names))
}

/// The name of a group up to its `>`.
fn name_from(body: &[u16], start: usize) -> Result<Text, String> {
    let rest = body.get(start..).unwrap_or_default();
    let end = rest.iter().position(|unit| *unit == u16::from(b'>')).ok_or("a group's name has no end")?;
    let name = &rest[..end];
    let fits = |unit: &u16| {
        char::from_u32(u32::from(*unit)).is_none_or(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '$'))
    };
    let digit_first = name.first().is_some_and(|unit| (0x30..=0x39).contains(unit));
    if name.is_empty() || digit_first || !name.iter().all(fits) {
        return Err("a group's name is none".to_owned());
    }
    Ok(Text::of(name))
}

/// The unit at a place as a letter; NUL past the end and for half pairs.
fn char_at(units: &[u16], at: usize) -> char {
    units.get(at).and_then(|unit| char::from_u32(u32::from(*unit))).unwrap_or('\0')
}

struct Reader<'p> {
    units: &'p [u16],
    at: usize,
    /// Groups that have been opened so far.
    seen: usize,
    depth: usize,
    count: usize,
    names: Vec<(Text, usize)>,
}

impl Reader<'_> {
    fn ended(&self) -> bool {
        self.at >= self.units.len()
    }

    fn char(&self, ahead: usize) -> char {
        char_at(self.units, self.at + ahead)
    }

    fn takes(&mut self, mark: &str) -> bool {
        let found = mark
            .chars()
            .enumerate()
            .all(|(ahead, letter)| self.at + ahead < self.units.len() && self.char(ahead) == letter);
        if found {
            self.at += mark.len();
        }
        found
    }

    fn either(&mut self) -> Result<Piece, String> {
        let mut branches = vec![self.sequence()?];
        while self.takes("|") {
            branches.push(self.sequence()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Piece::Either(branches) })
    }

    fn sequence(&mut self) -> Result<Piece, String> {
        let mut pieces = Vec::new();
        while !self.ended() && !matches!(self.char(0), '|' | ')') {
            let before = self.seen;
            let piece = self.term()?;
            pieces.push(self.repeated(piece, before)?);
        }
        Ok(Piece::Sequence(pieces))
    }

    fn term(&mut self) -> Result<Piece, String> {
        let unit = self.units[self.at];
        let letter = self.char(0);
        if letter == '(' {
            return self.group();
        }
        if matches!(letter, '*' | '+' | '?') || (letter == '{' && self.braces(self.at).is_some()) {
            return Err("there is nothing to repeat".to_owned());
        }
        self.at += 1;
        match letter {
            '^' => Ok(Piece::Start),
            '$' => Ok(Piece::End),
            '.' => Ok(Piece::Any),
            '[' => self.class().map(Piece::Class),
            '\\' => self.escape(),
            _ => Ok(Piece::Unit(unit)),
        }
    }

    fn group(&mut self) -> Result<Piece, String> {
        self.depth += 1;
        if self.depth > MOST_NESTING {
            return Err("its groups nest too deep".to_owned());
        }
        let look = [("(?=", true, true), ("(?!", true, false), ("(?<=", false, true), ("(?<!", false, false)];
        let piece = if let Some((_, ahead, is)) = look.into_iter().find(|(mark, ..)| self.takes(mark)) {
            Piece::Look { ahead, is, piece: Box::new(self.either()?) }
        } else if self.takes("(?:") {
            self.either()?
        } else {
            if self.takes("(?<") {
                let name = name_from(self.units, self.at)?;
                self.at += name.len() + 1;
            } else {
                self.at += 1;
                if self.char(0) == '?' && !self.ended() {
                    return Err("`(?` begins no group".to_owned());
                }
            }
            self.seen += 1;
            let number = self.seen;
            Piece::Group(number, Box::new(self.either()?))
        };
        if !self.takes(")") {
            return Err("a `(` has no end".to_owned());
        }
        self.depth -= 1;
        Ok(piece)
    }

    /// The piece with the quantifier behind it, if there is one.
    fn repeated(&mut self, piece: Piece, before: usize) -> Result<Piece, String> {
        let (least, most) = match self.char(0) {
            _ if self.ended() => return Ok(piece),
            '*' => (0, None),
            '+' => (1, None),
            '?' => (0, Some(1)),
            '{' => match self.braces(self.at) {
                Some((least, most, end)) => {
                    self.at = end - 1;
                    (least, most)
                }
                None => return Ok(piece),
            },
            _ => return Ok(piece),
        };
        self.at += 1;
        if most.is_some_and(|most| most < least) {
            return Err("the numbers of a quantifier are out of order".to_owned());
        }
        if matches!(piece, Piece::Start | Piece::End | Piece::WordEdge { .. } | Piece::Look { ahead: false, .. }) {
            return Err("there is nothing to repeat".to_owned());
        }
        let lazy = self.takes("?");
        Ok(Piece::Repeat { piece: Box::new(piece), least, most, lazy, groups: (before + 1, self.seen) })
    }

    /// `{2}`, `{2,}` or `{2,3}` with where it ends; anything else in braces is plain text.
    fn braces(&self, start: usize) -> Option<(usize, Option<usize>, usize)> {
        let mut at = start + 1;
        let mut number = || {
            let from = at;
            while char_at(self.units, at).is_ascii_digit() {
                at += 1;
            }
            let digits = String::from_utf16_lossy(&self.units[from..at]);
            let found = (at > from).then(|| digits.parse().unwrap_or(usize::MAX));
            (found, char_at(self.units, at), at)
        };
        let (least, mark, end) = number();
        let least = least?;
        if mark == '}' {
            return Some((least, Some(least), end + 1));
        }
        if mark != ',' {
            return None;
        }
        at = end + 1;
        let mut at_most = at;
        while char_at(self.units, at_most).is_ascii_digit() {
            at_most += 1;
        }
        let digits = String::from_utf16_lossy(&self.units[at..at_most]);
        let most = (at_most > at).then(|| digits.parse().unwrap_or(usize::MAX));
        (char_at(self.units, at_most) == '}').then_some((least, most, at_most + 1))
    }

    fn escape(&mut self) -> Result<Piece, String> {
        if self.ended() {
            return Err("it ends in a backslash".to_owned());
        }
        match self.char(0) {
            'b' | 'B' => {
                self.at += 1;
                Ok(Piece::WordEdge { is: char_at(self.units, self.at - 1) == 'b' })
            }
            'k' if !self.names.is_empty() => {
                if char_at(self.units, self.at + 1) != '<' {
                    return Err("`\\k` has no name".to_owned());
                }
                let name = name_from(self.units, self.at + 2)?;
                self.at += name.len() + 3;
                let number = self.names.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
                number.map(Piece::Back).ok_or_else(|| format!("no group is called {name:?}"))
            }
            '1'..='9' => Ok(self.reference()),
            _ => Ok(match self.class_escape() {
                Some(class) => Piece::Class(class),
                None => Piece::Unit(self.unit_escape(false)),
            }),
        }
    }

    /// A reference to a group, or an old octal escape where there is no such group.
    fn reference(&mut self) -> Piece {
        let start = self.at;
        let mut end = start;
        while char_at(self.units, end).is_ascii_digit() {
            end += 1;
        }
        let number = String::from_utf16_lossy(&self.units[start..end]).parse().unwrap_or(usize::MAX);
        if number <= self.count {
            self.at = end;
            return Piece::Back(number);
        }
        Piece::Unit(self.unit_escape(false))
    }

    /// `\d`, `\w`, `\s` and their opposites.
    fn class_escape(&mut self) -> Option<Class> {
        let letter = self.char(0);
        let ranges = match letter.to_ascii_lowercase() {
            'd' => vec![(0x30, 0x39)],
            'w' => vec![(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)],
            's' => (0..=u16::MAX).filter(|unit| is_space(*unit)).map(|unit| (unit, unit)).collect(),
            _ => return None,
        };
        self.at += 1;
        Some(Class { inverted: letter.is_ascii_uppercase(), ranges })
    }

    fn unit_escape(&mut self, in_class: bool) -> u16 {
        let unit = self.units[self.at];
        let letter = self.char(0);
        self.at += 1;
        match letter {
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'v' => 0x0B,
            'f' => 0x0C,
            'b' if in_class => 0x08,
            'x' => self.hex(2).unwrap_or(unit),
            'u' => self.hex(4).unwrap_or(unit),
            'c' if self.char(0).is_ascii_alphabetic() => {
                self.at += 1;
                self.units[self.at - 1] % 32
            }
            'c' => {
                self.at -= 1;
                u16::from(b'\\')
            }
            '0'..='7' => self.octal(),
            _ => unit,
        }
    }

    fn hex(&mut self, digits: usize) -> Option<u16> {
        let text = self.units.get(self.at..self.at + digits)?;
        let text = String::from_utf16_lossy(text);
        let number = text.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(text)?;
        self.at += digits;
        u16::from_str_radix(&number, 16).ok()
    }

    fn octal(&mut self) -> u16 {
        self.at -= 1;
        let mut number = 0;
        for _ in 0..3 {
            let Some(digit) = self.char(0).to_digit(8).and_then(|digit| u16::try_from(digit).ok()) else { break };
            if self.ended() || number * 8 + digit > 255 {
                break;
            }
            number = number * 8 + digit;
            self.at += 1;
        }
        number
    }

    fn class(&mut self) -> Result<Class, String> {
        let mut class = Class { inverted: self.takes("^"), ranges: Vec::new() };
        loop {
            if self.ended() {
                return Err("a `[` has no end".to_owned());
            }
            if self.takes("]") {
                return Ok(class);
            }
            let first = self.member(&mut class)?;
            if self.char(0) != '-' || self.char(1) == ']' || self.at + 1 >= self.units.len() {
                class.ranges.extend(first.map(|unit| (unit, unit)));
                continue;
            }
            self.at += 1;
            let last = self.member(&mut class)?;
            match (first, last) {
                (Some(first), Some(last)) if first > last => return Err("a range is out of order".to_owned()),
                (Some(first), Some(last)) => class.ranges.push((first, last)),
                _ => {
                    let dash = u16::from(b'-');
                    class.ranges.extend(first.into_iter().chain(last).chain([dash]).map(|unit| (unit, unit)));
                }
            }
        }
    }

    /// One unit of a class; `None` where it was a class of its own, which is then part of this one.
    fn member(&mut self, class: &mut Class) -> Result<Option<u16>, String> {
        let unit = self.units[self.at];
        self.at += 1;
        if unit != u16::from(b'\\') {
            return Ok(Some(unit));
        }
        if self.ended() {
            return Err("it ends in a backslash".to_owned());
        }
        let Some(inner) = self.class_escape() else { return Ok(Some(self.unit_escape(true))) };
        if inner.inverted {
            class.ranges.extend(gaps(inner.ranges));
        } else {
            class.ranges.extend(inner.ranges);
        }
        Ok(None)
    }
}

/// What sorted ranges leave out.
fn gaps(ranges: Vec<(u16, u16)>) -> Vec<(u16, u16)> {
    let mut found = Vec::new();
    let mut next = Some(0_u16);
    for (first, last) in ranges {
        if let Some(start) = next.filter(|start| *start < first) {
            found.push((start, first - 1));
        }
        next = last.checked_add(1);
    }
    found.extend(next.map(|start| (start, u16::MAX)));
    found
}
