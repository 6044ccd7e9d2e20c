//! Text from outside, made harmless for terminals and for the eye.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text in which nothing moves the cursor, changes colours, hides, or turns the reading direction: such characters become
/// visible tokens (`␛`, `⟨U+202E⟩`). Line breaks and tabs stay; right-to-left letters are letters.
#[must_use]
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        push(&mut safe, letter);
    }
    Cow::Owned(safe)
}

/// [`harmless`] text in one line of at most `longest` characters.
#[must_use]
pub fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let mut letters = text.trim().chars();
    for letter in letters.by_ref().take(longest) {
        match letter {
            '\n' => line.push('↵'),
            '\t' => line.push(' '),
            _ => push(&mut line, letter),
        }
    }
    if letters.next().is_some() {
        line.push('…');
    }
    line
}

fn push(safe: &mut String, letter: char) {
    match letter {
        '\u{0}'..='\u{1f}' if is_harmful(letter) => safe.extend(char::from_u32(0x2400 + u32::from(letter))),
        '\u{7f}' => safe.push('␡'),
        _ if is_harmful(letter) => {
            // Writing to a string cannot fail.
            let _ = write!(safe, "⟨U+{:04X}⟩", u32::from(letter));
        }
        _ => safe.push(letter),
    }
}

fn is_harmful(letter: char) -> bool {
    let invisible = matches!(
        letter,
        // Zero width, direction, line and paragraph separators, isolates, invisible operators.
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Soft hyphen, Arabic letter mark, Mongolian vowel separator, byte order mark, interlinear notes.
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        // Tags, and variation selectors that carry hidden text.
        | '\u{e0000}'..='\u{e0fff}'
    );
    let no_character = u32::from(letter) & 0xfffe == 0xfffe;
    invisible || no_character || (letter.is_control() && letter != '\n' && letter != '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_become_visible() {
        let check = |text: &str, expect: &str| assert_eq!(harmless(text), expect);
        check("\x1b[31mred\x1b[0m", "␛[31mred␛[0m");
        check("a\rb\x08\x07\x00\x7f", "a␍b␈␇␀␡");
        check("\u{9b}31m", "⟨U+009B⟩31m");
        check("abc\u{202e}fdp.exe", "abc⟨U+202E⟩fdp.exe");
        check("\u{e0041}\u{feff}\u{fffe}", "⟨U+E0041⟩⟨U+FEFF⟩⟨U+FFFE⟩");
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in ["two\nlines\tand a tab", "שלום العالم", "naïve 日本語 👍\u{fe0f}", ""] {
            assert!(matches!(harmless(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn a_line_is_cut_by_characters() {
        assert_eq!(one_line("  a\nb\x1b  ", 80), "a↵b␛");
        assert_eq!(one_line("日本語", 2), "日本…");
    }
}
