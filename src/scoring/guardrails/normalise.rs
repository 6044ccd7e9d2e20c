//! One spelling for each text, with the way back to the bytes that it came from.
//!
//! Compatibility decomposition (Unicode's NFKD) without combining marks, in lower case; invisible characters are gone,
//! letters of other scripts inside Latin words are Latin, digits that stand for letters are letters. White space and
//! punctuation stay, so that sentences do.

use std::ops::Range;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use super::confusables::{digit_letter, is_invisible, styled, twin};
use super::scan::next_byte;

/// A text as the finders read it.
#[derive(Debug)]
pub(super) struct Normalised {
    text: String,
    /// For each byte of the text, the bytes of the original character; `None` where all stand where they stood.
    origins: Option<Vec<(u32, u32)>>,
}

impl Normalised {
    pub(super) fn new(original: &str) -> Self {
        if original.is_ascii() {
            return Self { text: letters_for_digits(original.to_ascii_lowercase()), origins: None };
        }
        let mut writer = Writer::with_capacity(original.len());
        let mut letters = original.char_indices();
        while let Some((at, letter)) = letters.next() {
            let end = original.len() - letters.as_str().len();
            writer.write(letter, (place(at), place(end)));
        }
        writer.end_word();
        Self { text: letters_for_digits(writer.text), origins: Some(writer.origins) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the original that this part of the text came from.
    pub(super) fn origin(&self, part: &Range<usize>) -> Range<usize> {
        let Some(origins) = &self.origins else { return part.clone() };
        if part.is_empty() {
            let at = origins.get(part.start).map_or(0, |origin| origin.0 as usize);
            return at..at;
        }
        let first = origins.get(part.start).map_or(0, |origin| origin.0);
        let last = origins.get(part.end - 1).map_or(first, |origin| origin.1);
        first as usize..last as usize
    }
}

/// The normalised form alone.
pub(super) fn normalised(text: &str) -> String {
    Normalised::new(text).text
}

/// Texts are far below 4 GB; a longer one would only have wrong places.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

struct Writer {
    text: String,
    origins: Vec<(u32, u32)>,
    /// Where the word begins that is being written.
    word: usize,
    has_latin: bool,
    has_twin: bool,
}

impl Writer {
    fn with_capacity(bytes: usize) -> Self {
        Self {
            text: String::with_capacity(bytes),
            origins: Vec::with_capacity(bytes),
            word: 0,
            has_latin: false,
            has_twin: false,
        }
    }

    fn write(&mut self, letter: char, origin: (u32, u32)) {
        if letter.is_ascii() {
            return self.push(letter.to_ascii_lowercase(), origin);
        }
        if is_invisible(letter) {
            return;
        }
        if let Some(plain) = styled(letter) {
            return self.push(plain, origin);
        }
        decompose_compatible(letter, |part| {
            if !is_combining_mark(part) {
                part.to_lowercase().for_each(|lower| {
                    if !is_combining_mark(lower) {
                        self.push(styled(lower).unwrap_or(lower), origin);
                    }
                });
            }
        });
    }

    fn push(&mut self, letter: char, origin: (u32, u32)) {
        if letter.is_ascii_alphabetic() {
            self.has_latin = true;
        } else if twin(letter).is_some() {
            self.has_twin = true;
        } else if !letter.is_alphanumeric() {
            self.end_word();
        }
        self.text.push(letter);
        self.origins.resize(self.text.len(), origin);
        if !letter.is_alphanumeric() {
            self.word = self.text.len();
        }
    }

    /// Makes a word Latin that is so in part.
    fn end_word(&mut self) {
        if self.has_latin && self.has_twin {
            let written: Vec<(char, (u32, u32))> = self.text[self.word..]
                .char_indices()
                .map(|(at, letter)| (twin(letter).unwrap_or(letter), self.origins[self.word + at]))
                .collect();
            self.text.truncate(self.word);
            self.origins.truncate(self.word);
            for (letter, origin) in written {
                self.text.push(letter);
                self.origins.resize(self.text.len(), origin);
            }
        }
        self.has_latin = false;
        self.has_twin = false;
        self.word = self.text.len();
    }
}

/// Writes `1gn0re` as `ignore`: a word with at least two letters whose other signs are all
/// digits or marks that stand for a letter. No byte moves.
fn letters_for_digits(text: String) -> String {
    let Some(mut next) = next_byte(text.as_bytes(), 0, is_stand_in) else { return text };
    let mut bytes = text.into_bytes();
    loop {
        let begin = next - bytes[..next].iter().rev().take_while(|byte| in_word(**byte)).count();
        let end = next + bytes[next..].iter().take_while(|byte| in_word(**byte)).count();
        let letters = bytes[begin..end].iter().filter(|byte| byte.is_ascii_lowercase()).count();
        let stand_ins = bytes[begin..end].iter().filter(|byte| is_stand_in(**byte)).count();
        if letters >= 2 && letters + stand_ins == end - begin && !is_address(&bytes, begin..end) {
            spell_out(&mut bytes[begin..end]);
        }
        match next_byte(&bytes, end, is_stand_in) {
            Some(further) => next = further,
            None => break,
        }
    }
    // Only ASCII was exchanged for ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

const fn is_stand_in(byte: u8) -> bool {
    digit_letter(byte).is_some()
}

/// `name@host.example` is no word written with signs.
fn is_address(bytes: &[u8], word: Range<usize>) -> bool {
    let dotted = bytes.get(word.end) == Some(&b'.') && bytes.get(word.end + 1).is_some_and(u8::is_ascii_alphabetic);
    dotted && bytes[word].contains(&b'@')
}

/// Exclamation marks at the end of a word are what they are.
fn spell_out(word: &mut [u8]) {
    let end = word.iter().rposition(|byte| *byte != b'!').map_or(0, |last| last + 1);
    for byte in &mut word[..end] {
        *byte = digit_letter(*byte).unwrap_or(*byte);
    }
}

const fn in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'$' | b'!') || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguises_come_off() {
        let check = |text: &str, expect: &str| assert_eq!(normalised(text), expect, "{text}");
        check("IGNORE All", "ignore all");
        check("ig\u{200b}no\u{ad}re\u{2060} \u{202e}all", "ignore all");
        check("Ｉｇｎｏｒｅ 𝐢𝐠𝐧𝐨𝐫𝐞 ⓘⓖⓝⓞⓡⓔ", "ignore ignore ignore");
        check("ɪɢɴᴏʀᴇ 🅘🅖🅝🅞🅡🅔", "ignore ignore");
        check("Ignóre prévious", "ignore previous");
        check("i̶g̶n̶o̶r̶e̶", "ignore");
        check("іgnоrе", "ignore");
        check("1gn0r3 4ll pr3v10us $ystem", "ignore all previous system");
        check("ﬁne ½", "fine 1⁄2");
    }

    #[test]
    fn what_is_no_disguise_stays() {
        let check = |text: &str, expect: &str| assert_eq!(normalised(text), expect, "{text}");
        check("Привет, где заказ?", "привет, где заказ?");
        check("忽略之前的", "忽略之前的");
        check("v1 x86 2026 b2b 3d a1", "v1 x86 2026 b2b 3d a1");
        check("Wow!!! Great!", "wow!!! great!");
        check("anna@mail.example", "anna@mail.example");
        check("", "");
    }

    #[test]
    fn places_lead_back_to_the_original() {
        let check = |text: &str, word: &str, expect: &str| {
            let normal = Normalised::new(text);
            let at = normal.text().find(word).unwrap();
            assert_eq!(&text[normal.origin(&(at..at + word.len()))], expect);
        };
        check("say hello", "hello", "hello");
        check("é \u{200b}ig\u{200b}nore\u{200b} it", "ignore", "ig\u{200b}nore");
        check("a ﬁne day", "fine", "ﬁne");
        check("хіgnоrе", "xignore", "хіgnоrе");
        check("ｉｇｎｏｒｅ", "gno", "ｇｎｏ");
    }
}
