//! Text from outside, made safe to look at: characters that hide or turn text round are shown by name.

use std::borrow::Cow;

/// A piece of text for a reader's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark<'a> {
    Plain(&'a str),
    /// A character that cannot be seen or that changes how its neighbours are read, by its short name: `ZWSP`, `U+202E`.
    Hidden(Cow<'static, str>),
}

/// Splits a text at characters that would otherwise not show: bidi controls, zero-width and control characters, tags.
#[must_use]
pub fn visible(text: &str) -> Vec<Mark<'_>> {
    let mut marks = Vec::new();
    let mut start = 0;
    for (at, letter) in text.char_indices() {
        if let Some(name) = name(letter) {
            if at > start {
                marks.push(Mark::Plain(&text[start..at]));
            }
            marks.push(Mark::Hidden(name));
            start = at + letter.len_utf8();
        }
    }
    if start < text.len() {
        marks.push(Mark::Plain(&text[start..]));
    }
    marks
}

/// A text with what hides in it named in it: `‹ZWSP›`.
#[must_use]
pub fn marked(text: &str) -> String {
    let one = |mark| match mark {
        Mark::Plain(text) => text.to_owned(),
        Mark::Hidden(name) => format!("‹{name}›"),
    };
    visible(text).into_iter().map(one).collect()
}

fn name(letter: char) -> Option<Cow<'static, str>> {
    let known = match letter {
        '\n' | '\t' => return None,
        '\r' => "CR",
        '\u{0}' => "NUL",
        '\u{1b}' => "ESC",
        '\u{a0}' => "NBSP",
        '\u{ad}' => "SHY",
        '\u{200b}' => "ZWSP",
        '\u{200c}' => "ZWNJ",
        '\u{200d}' => "ZWJ",
        '\u{200e}' => "LRM",
        '\u{200f}' => "RLM",
        '\u{202a}' => "LRE",
        '\u{202b}' => "RLE",
        '\u{202c}' => "PDF",
        '\u{202d}' => "LRO",
        '\u{202e}' => "RLO",
        '\u{2066}' => "LRI",
        '\u{2067}' => "RLI",
        '\u{2068}' => "FSI",
        '\u{2069}' => "PDI",
        '\u{feff}' => "BOM",
        '\u{2028}' => "LS",
        '\u{2029}' => "PS",
        '\u{61c}' => "ALM",
        _ if letter.is_control() || hides(letter) => {
            return Some(Cow::Owned(format!("U+{:04X}", u32::from(letter))));
        }
        _ => return None,
    };
    Some(Cow::Borrowed(known))
}

/// Invisible characters without a short name of their own.
const fn hides(letter: char) -> bool {
    matches!(letter, '\u{2060}'..='\u{2065}' | '\u{180e}' | '\u{3164}' | '\u{115f}' | '\u{1160}' | '\u{ffa0}' | '\u{206a}'..='\u{206f}' | '\u{e0000}'..='\u{e007f}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[Mark<'_>]) {
        assert_eq!(visible(text), expect, "{text:?}");
    }

    #[test]
    fn what_hides_or_turns_text_is_named() {
        check("plain\ntext", &[Mark::Plain("plain\ntext")]);
        check("a\u{202e}b", &[Mark::Plain("a"), Mark::Hidden("RLO".into()), Mark::Plain("b")]);
        check("\u{200b}", &[Mark::Hidden("ZWSP".into())]);
        check("\u{7}", &[Mark::Hidden("U+0007".into())]);
        check("\u{e0041}", &[Mark::Hidden("U+E0041".into())]);
        check("مرحبا", &[Mark::Plain("مرحبا")]);
    }
}
