//! Sentences of a text, numbered for a grader.

use std::fmt::Write as _;

/// The sentences, by line ends and by full stops, question and exclamation marks before a space. A piece without a letter
/// or digit is none.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let mut from = 0;
        for (at, letter) in line.char_indices() {
            let end = at + letter.len_utf8();
            let closes = matches!(letter, '.' | '!' | '?') && line[end..].starts_with(char::is_whitespace);
            if closes || matches!(letter, '。' | '！' | '？') {
                found.push(&line[from..end]);
                from = end;
            }
        }
        found.push(&line[from..]);
    }
    let trimmed = found.into_iter().map(str::trim);
    trimmed.filter(|sentence| sentence.contains(char::is_alphanumeric)).collect()
}

/// One a line, each behind its number from 1.
pub(super) fn numbered<T: AsRef<str>>(items: &[T]) -> String {
    let mut text = String::new();
    for (index, item) in items.iter().enumerate() {
        let _ = writeln!(text, "[{}] {}", index + 1, item.as_ref().replace('\n', " "));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_at_marks_before_a_space_and_at_lines() {
        let check = |text: &str, expect: &[&str]| assert_eq!(sentences(text), expect, "{text}");
        check("", &[]);
        check("It costs 3.50 now. Is it? Yes!", &["It costs 3.50 now.", "Is it?", "Yes!"]);
        check("- one\n- two\n\n---\n", &["- one", "- two"]);
        check("一つ。二つ", &["一つ。", "二つ"]);
    }
}
