//! Text as JavaScript has it: a row of UTF-16 units, in which half a surrogate pair may stand alone.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Immutable text in UTF-16 units; cloning shares it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Text(Arc<[u16]>);

impl Text {
    pub(super) fn of(units: &[u16]) -> Self {
        Self(Arc::from(units))
    }

    /// As Rust text; half a pair becomes U+FFFD.
    pub(super) fn lossy(&self) -> String {
        String::from_utf16_lossy(&self.0)
    }

    /// The units from `start` to `end`, both cut to the length.
    pub(super) fn part(&self, start: usize, end: usize) -> Self {
        let end = end.min(self.len());
        if start == 0 && end == self.len() { self.clone() } else { Self::of(&self.0[start.min(end)..end]) }
    }

    pub(super) fn unit(&self, index: usize) -> Option<Self> {
        self.0.get(index).map(|unit| Self::of(&[*unit]))
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.0.iter().copied().eq(text.encode_utf16())
    }

    /// Where `part` stands first at or after `from`; an empty part stands everywhere.
    pub(super) fn find(&self, part: &[u16], from: usize) -> Option<usize> {
        find(&self.0, part, from)
    }

    /// Where `part` stands last at or before `from`.
    pub(super) fn find_last(&self, part: &[u16], from: usize) -> Option<usize> {
        let last = self.len().checked_sub(part.len())?.min(from);
        if part.len() <= SHORT {
            return (0..=last).rev().find(|at| self.0[*at..].starts_with(part));
        }
        let backwards = |units: &[u16]| units.iter().rev().copied().collect::<Vec<u16>>();
        let end = last + part.len();
        find_long(&backwards(&self.0[..end]), &backwards(part), 0).map(|at| end - at - part.len())
    }

    pub(super) fn upper(&self) -> Self {
        self.mapped(str::to_uppercase)
    }

    pub(super) fn lower(&self) -> Self {
        self.mapped(str::to_lowercase)
    }

    /// Changes the readable stretches and keeps half pairs between them.
    fn mapped(&self, change: impl Fn(&str) -> String) -> Self {
        let mut units = Vec::with_capacity(self.len());
        let mut stretch = String::new();
        for letter in char::decode_utf16(self.0.iter().copied()) {
            match letter {
                Ok(letter) => stretch.push(letter),
                Err(half) => {
                    units.extend(change(&stretch).encode_utf16());
                    stretch.clear();
                    units.push(half.unpaired_surrogate());
                }
            }
        }
        units.extend(change(&stretch).encode_utf16());
        Self::from(units)
    }

    pub(super) fn trimmed(&self) -> Self {
        self.trimmed_start().trimmed_end()
    }

    pub(super) fn trimmed_start(&self) -> Self {
        let start = self.0.iter().position(|unit| !is_space(*unit)).unwrap_or(self.len());
        self.part(start, self.len())
    }

    pub(super) fn trimmed_end(&self) -> Self {
        let end = self.0.iter().rposition(|unit| !is_space(*unit)).map_or(0, |at| at + 1);
        self.part(0, end)
    }

    /// The index that this text names as a key of a list: digits without a leading zero.
    pub(super) fn as_index(&self) -> Option<u32> {
        let digits = &self.0;
        if digits.is_empty() || digits.len() > 10 || (digits.len() > 1 && digits[0] == u16::from(b'0')) {
            return None;
        }
        let number = digits.iter().try_fold(0_u64, |sum, unit| {
            let digit = u8::try_from(*unit).ok().filter(u8::is_ascii_digit)?;
            Some(sum * 10 + u64::from(digit - b'0'))
        })?;
        u32::try_from(number).ok().filter(|number| *number < u32::MAX)
    }
}

/// Below this length, comparing at every place is quick enough whatever the text.
const SHORT: usize = 16;

/// Where `part` stands first in `units` at or after `from`.
pub(super) fn find(units: &[u16], part: &[u16], from: usize) -> Option<usize> {
    if part.is_empty() {
        return Some(from.min(units.len()));
    }
    if part.len() > SHORT {
        return find_long(units, part, from);
    }
    let last = units.len().checked_sub(part.len())?;
    (from..=last).find(|at| units[*at] == part[0] && units[*at..].starts_with(part))
}

/// In one pass, also where text and part repeat themselves (Knuth, Morris and Pratt, 1977).
fn find_long(units: &[u16], part: &[u16], from: usize) -> Option<usize> {
    let mut borders = vec![0; part.len()];
    let mut length = 0;
    for at in 1..part.len() {
        while length > 0 && part[at] != part[length] {
            length = borders[length - 1];
        }
        length += usize::from(part[at] == part[length]);
        borders[at] = length;
    }
    let mut fits = 0;
    for (at, unit) in units.iter().enumerate().skip(from) {
        while fits > 0 && *unit != part[fits] {
            fits = borders[fits - 1];
        }
        fits += usize::from(*unit == part[fits]);
        if fits == part.len() {
            return Some(at + 1 - part.len());
        }
    }
    None
}

/// White space and line ends of JavaScript.
pub(super) fn is_space(unit: u16) -> bool {
    matches!(
        unit,
        0x09..=0x0D | 0x20 | 0xA0 | 0x1680 | 0x2000..=0x200A | 0x2028 | 0x2029 | 0x202F | 0x205F | 0x3000 | 0xFEFF
    )
}

/// The units of a piece of Rust text.
pub(super) fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

impl Deref for Text {
    type Target = [u16];

    fn deref(&self) -> &[u16] {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.encode_utf16().collect())
    }
}

impl From<Vec<u16>> for Text {
    fn from(units: Vec<u16>) -> Self {
        Self(Arc::from(units))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.lossy(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_keep_half_pairs() {
        let half = Text::from(vec![0x61, 0xD83D, 0x62]);
        assert_eq!(half.upper(), Text::from(vec![0x41, 0xD83D, 0x42]));
        assert_eq!(Text::from("Straße İ").lower().lossy(), "straße i\u{307}");
        assert_eq!(Text::from("straße").upper().lossy(), "STRASSE");
    }

    #[test]
    fn edges_are_trimmed_of_what_javascript_calls_space() {
        assert_eq!(Text::from("\u{FEFF}\u{A0} a b\u{2028}\n").trimmed().lossy(), "a b");
        assert_eq!(Text::from("\u{200B}a").trimmed().lossy(), "\u{200B}a");
        assert_eq!(Text::from(" \n").trimmed().lossy(), "");
    }

    #[test]
    fn parts_are_found_from_both_ends() {
        let text = Text::from("abcabc");
        let check = |part: &str, from: usize, first: Option<usize>, last: Option<usize>| {
            assert_eq!(text.find(&units(part), from), first, "{part} from {from}");
            assert_eq!(text.find_last(&units(part), from), last, "{part} back from {from}");
        };
        check("bc", 0, Some(1), None);
        check("bc", 2, Some(4), Some(1));
        check("", 3, Some(3), Some(3));
        check("abcabcd", 0, None, None);
    }

    #[test]
    fn long_parts_are_found_as_short_ones_are() {
        let part = "ab".repeat(10) + "c";
        let text = Text::from(format!("{part}{}{part}x{part}ab", "ab".repeat(30)).as_str());
        let whole = text.lossy();
        let part = units(&part);
        for from in 0..text.len() {
            let first = whole[from..].find(&Text::of(&part).lossy()).map(|at| at + from);
            assert_eq!(text.find(&part, from), first, "from {from}");
            let last = (0..=from).rev().find(|at| text[*at..].starts_with(&part));
            assert_eq!(text.find_last(&part, from), last, "back from {from}");
        }
        let same = Text::from("a".repeat(200_000).as_str());
        assert_eq!(same.find(&units(&("a".repeat(100_000) + "b")), 0), None);
    }

    #[test]
    fn only_plain_digits_are_an_index() {
        let check = |text: &str, expect: Option<u32>| assert_eq!(Text::from(text).as_index(), expect, "{text}");
        check("0", Some(0));
        check("10", Some(10));
        check("01", None);
        check("-1", None);
        check("1.5", None);
        check("", None);
        check("4294967295", None);
    }
}
