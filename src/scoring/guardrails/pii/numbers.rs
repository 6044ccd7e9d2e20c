//! Numbers that mean a person: payment cards, social security numbers, telephones, addresses of machines.

use std::ops::Range;

use super::ip::is_version_4;
use crate::domain::PiiKind;
use crate::scoring::guardrails::scan::next_byte;

/// The most groups of digits that are read as one number.
const GROUPS: usize = 12;

/// How far before a number a word can say what it is, in bytes.
const NEAR: usize = 32;

/// Words that announce a telephone number, and a social security number.
const PHONE: [&str; 18] = [
    "phone",
    "telephone",
    "tel",
    "call",
    "ring",
    "mobile",
    "cell",
    "fax",
    "whatsapp",
    "dial",
    "sms",
    "home number",
    "work number",
    "text me",
    "hotline",
    "telefon",
    "tlf",
    "handy",
];
const SSN: [&str; 3] = ["ssn", "ssns", "social security"];

/// Words that announce the version of a program.
const VERSION: [&str; 4] = ["version", "release", "ver", "build"];

/// A run of digits.
struct Group {
    span: Range<usize>,
    /// What stands between it and the one before.
    gap: Range<usize>,
}

/// All such numbers in the text.
pub(super) fn numbers(text: &str) -> Vec<(PiiKind, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(digit) = next_byte(bytes, at, |byte| byte.is_ascii_digit()) {
        let groups = groups(bytes, digit);
        at = groups.last().map_or(bytes.len(), |group| group.span.end);
        classify(text, &groups, &mut found);
    }
    found
}

/// The groups of digits from here on that only separators part.
fn groups(bytes: &[u8], begin: usize) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut gap = begin..begin;
    let mut at = begin;
    while groups.len() < GROUPS {
        let end = at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        groups.push(Group { span: at..end, gap: gap.clone() });
        let parted =
            bytes[end..].iter().take(2).take_while(|byte| matches!(byte, b' ' | b'-' | b'.' | b'(' | b')')).count();
        let next = end + parted;
        if parted == 0 || !bytes.get(next).is_some_and(u8::is_ascii_digit) {
            break;
        }
        gap = end..next;
        at = next;
    }
    groups
}

/// Reads the longest number from each group on, and goes on after it.
fn classify(text: &str, groups: &[Group], found: &mut Vec<(PiiKind, Range<usize>)>) {
    let mut first = 0;
    while first < groups.len() {
        let number =
            (first..groups.len()).rev().find_map(|last| kind(text, &groups[first..=last]).map(|found| (last, found)));
        match number {
            Some((last, number)) => {
                found.push(number);
                first = last + 1;
            }
            None => first += 1,
        }
    }
}

fn kind(text: &str, groups: &[Group]) -> Option<(PiiKind, Range<usize>)> {
    let digits: usize = groups.iter().map(|group| group.span.len()).sum();
    if digits > 19 || digits < 7 && groups.len() != 4 {
        return None;
    }
    let number = Number::new(text, groups)?;
    if number.is_card() {
        Some((PiiKind::Card, number.span))
    } else if number.is_ssn() {
        Some((PiiKind::Ssn, number.span))
    } else if number.is_ip() {
        Some((PiiKind::Ip, number.span))
    } else {
        let span = number.phone()?;
        Some((PiiKind::Phone, span))
    }
}

struct Number<'a> {
    text: &'a str,
    span: Range<usize>,
    digits: String,
    lengths: Vec<usize>,
    /// The separator, where there is the same between all groups; 0 where there is one group.
    separator: Option<u8>,
}

impl<'a> Number<'a> {
    /// `None` where letters or digits touch it: then it is part of a name or a code.
    fn new(text: &'a str, groups: &[Group]) -> Option<Self> {
        let span = groups.first()?.span.start..groups.last()?.span.end;
        let (before, after) = (&text[..span.start], &text[span.end..]);
        let mut earlier = before.chars().rev();
        let touches = match earlier.next() {
            Some('-' | '.') => earlier.next().is_some_and(char::is_alphanumeric),
            Some(letter) => letter.is_alphanumeric() || letter == '_',
            None => false,
        };
        let mut later = after.chars();
        let goes_on = match later.next() {
            Some('-' | '.' | ',' | ':') => later.next().is_some_and(|next| next.is_ascii_digit()),
            Some(letter) => letter.is_alphanumeric() || letter == '_',
            None => false,
        };
        if touches || goes_on {
            return None;
        }
        let bytes = text.as_bytes();
        let gaps: Vec<&[u8]> = groups.iter().skip(1).map(|group| &bytes[group.gap.clone()]).collect();
        let separator = match gaps.split_first() {
            None => Some(0),
            Some((first, rest)) if first.len() == 1 && rest.iter().all(|gap| gap == first) => Some(first[0]),
            Some(_) => None,
        };
        let digits = groups.iter().map(|group| &text[group.span.clone()]).collect();
        let lengths = groups.iter().map(|group| group.span.len()).collect();
        Some(Self { text, span, digits, lengths, separator })
    }

    /// A card's start, its length and Luhn's check digit (ISO/IEC 7812-1).
    fn is_card(&self) -> bool {
        let parted = match self.separator {
            Some(0) => true,
            Some(b' ' | b'-') => self.lengths.iter().all(|length| (2..=6).contains(length)),
            _ => false,
        };
        let start = |length: usize| self.digits.get(..length).and_then(|start| start.parse::<u32>().ok()).unwrap_or(0);
        let long = match (start(2), start(4)) {
            (34 | 37, _) => self.digits.len() == 15,
            (30 | 36 | 38 | 39, _) => self.digits.len() == 14,
            (51..=55, _) | (_, 2221..=2720) => self.digits.len() == 16,
            (40..=49, _) => matches!(self.digits.len(), 13 | 16 | 19),
            (35 | 60..=69, _) => (16..=19).contains(&self.digits.len()),
            (50 | 56..=59, _) => (13..=19).contains(&self.digits.len()),
            _ => false,
        };
        parted && long && luhn(&self.digits)
    }

    /// Three, two and four digits in the ranges that are given out; the two numbers known from advertisements are not.
    fn is_ssn(&self) -> bool {
        let shaped = match self.separator {
            Some(b'-') => self.lengths == [3, 2, 4],
            Some(b' ') => self.lengths == [3, 2, 4] && self.announced(&SSN),
            Some(0) => self.digits.len() == 9 && self.announced(&SSN),
            _ => false,
        };
        let known = ["078051120", "219099999"];
        shaped && is_given_out(&self.digits) && !known.contains(&self.digits.as_str())
    }

    fn is_ip(&self) -> bool {
        self.separator == Some(b'.')
            && self.lengths.len() == 4
            && is_version_4(&self.text[self.span.clone()])
            && !self.announced(&VERSION)
    }

    /// An international number, a North American one, or one that a word announces.
    fn phone(&self) -> Option<Range<usize>> {
        let before = &self.text[..self.span.start];
        let (opened, before) = before.strip_suffix('(').map_or((0, before), |before| (1, before));
        let international = before.ends_with('+');
        let begin = self.span.start - opened - usize::from(international);
        let dotted = self.separator == Some(b'.');
        let count = self.digits.len();
        let fits = if international {
            (8..=15).contains(&count) && !self.digits.starts_with('0')
        } else if self.is_north_american(opened == 1) {
            true
        } else {
            (7..=12).contains(&count) && !dotted && !self.is_date() && self.announced(&PHONE)
        };
        fits.then_some(begin..self.span.end)
    }

    fn is_north_american(&self, in_brackets: bool) -> bool {
        let lengths: &[usize] = if self.lengths.first() == Some(&1) && self.digits.starts_with('1') {
            &self.lengths[1..]
        } else {
            &self.lengths
        };
        let national = &self.digits[self.digits.len().saturating_sub(10)..];
        let sound = |part: &str| part.bytes().next().is_some_and(|first| first >= b'2');
        let parted = in_brackets || matches!(self.separator, Some(b'-' | b'.' | b' '));
        lengths == [3, 3, 4] && parted && sound(&national[..3]) && sound(&national[3..6])
    }

    /// `2026-11-23`, `23.11.2026`.
    fn is_date(&self) -> bool {
        let year = |length: &usize| *length == 4;
        self.lengths.len() == 3
            && (self.lengths.first().is_some_and(year) || self.lengths.last().is_some_and(year))
            && self.digits.len() <= 8
    }

    /// One of the words stands shortly before.
    fn announced(&self, words: &[&str]) -> bool {
        let mut from = self.span.start.saturating_sub(NEAR);
        while !self.text.is_char_boundary(from) {
            from += 1;
        }
        let near = self.text[from..self.span.start].to_lowercase();
        words.iter().any(|word| {
            near.match_indices(word).any(|(at, _)| {
                let before = near[..at].chars().next_back();
                let after = near[at + word.len()..].chars().next();
                !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
            })
        })
    }
}

/// The check digit of Luhn (US patent 2,950,048; ISO/IEC 7812-1, annex B).
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0') * if index % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// No part is all zeros, and the first is neither 666 nor 900 and above (Social Security Administration, 2011).
fn is_given_out(digits: &str) -> bool {
    let (area, group, serial) = (&digits[..3], &digits[3..5], &digits[5..]);
    area != "000" && area != "666" && area < "900" && group != "00" && serial != "0000"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(PiiKind, &str)]) {
        let found: Vec<_> = numbers(text).into_iter().map(|(kind, span)| (kind, &text[span])).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn cards_have_a_start_a_length_and_a_check_digit() {
        use PiiKind::Card;
        check("4111 1111 1111 1111 exp", &[(Card, "4111 1111 1111 1111")]);
        check("3782-822463-10005", &[(Card, "3782-822463-10005")]);
        check("5555555555554444 and 30569309025904", &[(Card, "5555555555554444"), (Card, "30569309025904")]);
        check("order 4111111111111112", &[]);
        check("order 1234567890123452", &[]);
        check("ref 12 4111 1111 1111 1111", &[(Card, "4111 1111 1111 1111")]);
        check("x4111111111111111", &[]);
    }

    #[test]
    fn social_security_numbers_lie_in_their_ranges() {
        use PiiKind::Ssn;
        check("219-09-9998 and 457-55-5462", &[(Ssn, "219-09-9998"), (Ssn, "457-55-5462")]);
        check("SSN 536221234, SSN: 536 22 1234", &[(Ssn, "536221234"), (Ssn, "536 22 1234")]);
        for invalid in ["000-00-0000", "666-12-3456", "900-11-2222", "123-00-4567", "123-45-0000", "078-05-1120"] {
            check(invalid, &[]);
        }
        check("536 22 1234", &[]);
    }

    #[test]
    fn telephones_have_a_form_or_a_word_before_them() {
        use PiiKind::Phone;
        check("+47 22 12 34 56.", &[(Phone, "+47 22 12 34 56")]);
        check("(415) 555-2671, 415-555-0132", &[(Phone, "(415) 555-2671"), (Phone, "415-555-0132")]);
        check("Tel. 030 1234567", &[(Phone, "030 1234567")]);
        check("1-202-555-0143", &[(Phone, "1-202-555-0143")]);
        check("hotel 030 1234567", &[]);
        check("2026-11-23 14:05:01, 30.11.2026, ISBN 978-3-16-148410-0", &[]);
        check("call on 2026-11-23", &[]);
        check("1234567 pieces", &[]);
    }

    #[test]
    fn addresses_are_no_versions() {
        use PiiKind::Ip;
        check("203.0.113.45 and 10.1.2.3", &[(Ip, "203.0.113.45"), (Ip, "10.1.2.3")]);
        check("version 1.2.3.4, v10.20.30.40, 127.0.0.1, 256.1.1.1, 1.2.3.4.5", &[]);
    }
}
