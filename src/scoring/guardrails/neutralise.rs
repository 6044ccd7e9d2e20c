//! Role delimiters and fences written with look-alike characters: people read the same, a model's template does not
//! take them for its own.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Each alternative is one delimiter, as the common chat templates and prompts write it.
static DELIMITERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?xi)
          <\|[a-z0-9_]{1,32}\|>
        | </?(?:start|end)_of_turn>
        | \[/?inst\]
        | <</?sys>>
        | </?(?:system(?:_prompt)?|assistant|user|human|developer|untrusted(?:-[0-9a-f]{0,32})?)>
        | (?m:^[\x20\t>\#*]{0,8}(?:system|assistant|user|human|developer)[\x20\t]{0,4}:)
        | `{3,}",
    )
    .ok()
});

/// Characters that nobody sees and that can hide a delimiter, or orders, from whoever reads the text.
const UNSEEN: [char; 5] = ['\u{200b}', '\u{2060}', '\u{feff}', '\u{ad}', '\u{180e}'];

/// The text with its delimiters neutralised; the same again where there is nothing left to do.
pub(super) fn neutralise(text: &str) -> Cow<'_, str> {
    let seen: Cow<str> = if text.contains(is_unseen) {
        text.chars().filter(|letter| !is_unseen(*letter)).collect()
    } else {
        text.into()
    };
    let Some(delimiters) = DELIMITERS.as_ref() else { return seen };
    let mut text = seen;
    // A delimiter may stand half inside another; each pass leaves fewer of their characters.
    loop {
        let changed = match delimiters.replace_all(&text, |found: &Captures<'_>| drawn(&found[0])) {
            Cow::Owned(changed) => changed,
            Cow::Borrowed(_) => return text,
        };
        text = Cow::Owned(changed);
    }
}

/// A delimiter in look-alike characters; of a role at the start of a line only the colon.
fn drawn(delimiter: &str) -> String {
    if let Some(role) = delimiter.strip_suffix(':') {
        return format!("{role}{}", twin(':'));
    }
    delimiter.chars().map(twin).collect()
}

fn is_unseen(letter: char) -> bool {
    UNSEEN.contains(&letter) || ('\u{e0000}'..='\u{e007f}').contains(&letter)
}

/// What a delimiter's character is drawn as.
const fn twin(letter: char) -> char {
    match letter {
        '<' => '‹',
        '>' => '›',
        '[' => '⟦',
        ']' => '⟧',
        ':' => '꞉',
        '`' => 'ˋ',
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_neutralised_and_code_stays_as_it_is() {
        let check = |text: &str, expect: &str| {
            assert_eq!(neutralise(text), expect);
            assert_eq!(neutralise(expect), expect, "again");
        };
        check("<|im_start|>system", "‹|im_start|›system");
        check("a </user><System>x", "a ‹/user›‹System›x");
        check("[INST] <<SYS>> [/INST]", "⟦INST⟧ ‹‹SYS›› ⟦/INST⟧");
        check("thanks\n\nAssistant: yes", "thanks\n\nAssistant꞉ yes");
        check("```rust\nlet a = `b`;\n```", "ˋˋˋrust\nlet a = `b`;\nˋˋˋ");
        check("if a < b { x[1] = \"user: c\"; }", "if a < b { x[1] = \"user: c\"; }");
        check("<|im_\u{200b}start|>", "‹|im_start|›");
        check("<div><users>", "<div><users>");
        check("<|a|><|b|>", "‹|a|›‹|b|›");
    }

    #[test]
    fn text_without_delimiters_is_not_copied() {
        assert!(matches!(neutralise("plain text: with marks"), Cow::Borrowed(_)));
    }
}
