//! How findings quote what they found.

use std::ops::Range;

/// The most characters of an excerpt.
const EXCERPT: usize = 80;

/// The characters of personal data and keys that are shown.
const SHOWN: usize = 3;

/// The part of the text on one line, shortened.
pub(super) fn excerpt(text: &str, span: &Range<usize>) -> String {
    let part = text.get(span.clone()).unwrap_or_default();
    let mut line: String = part.chars().take(EXCERPT).map(plain).collect();
    if part.chars().nth(EXCERPT).is_some() {
        line.pop();
        line.push('…');
    }
    line
}

/// The first characters only.
pub(super) fn masked(text: &str, span: &Range<usize>) -> String {
    let part = text.get(span.clone()).unwrap_or_default();
    part.chars().take(SHOWN).map(plain).chain("•••".chars()).collect()
}

fn plain(letter: char) -> char {
    if letter.is_whitespace() || letter.is_control() { ' ' } else { letter }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_one_short_line_and_secrets_are_masked() {
        assert_eq!(excerpt("a\nb c", &(0..3)), "a b");
        assert_eq!(excerpt(&"é".repeat(100), &(0..200)).chars().count(), EXCERPT);
        assert_eq!(excerpt("é", &(1..9)), "");
        assert_eq!(masked("anna@mail.example", &(0..17)), "ann•••");
    }
}
