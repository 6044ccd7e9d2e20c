//! Key-looking text in what is about to leave. A release is refused for it, never silently edited: what ships is what
//! was tested.

use crate::domain::{KEY_SHAPES, KeyShape, SIGNED_TOKEN};

/// Where something that looks like a key stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// From 1.
    pub line: usize,
    /// What it looks like.
    pub kind: &'static str,
    /// Its first characters, never more than a prefix that all keys of the kind share.
    pub start: &'static str,
}

/// The first text that looks like a key, a token or a private key.
#[must_use]
pub fn find_leak(text: &str) -> Option<Leak> {
    text.lines().enumerate().find_map(|(index, line)| {
        let (kind, start) = in_line(line)?;
        Some(Leak { line: index + 1, kind, start })
    })
}

fn in_line(line: &str) -> Option<(&'static str, &'static str)> {
    if line.contains("-----BEGIN") && line.contains("PRIVATE KEY-----") {
        return Some(("a private key", "-----BEGIN"));
    }
    KEY_SHAPES
        .iter()
        .find(|shape| has_shape(line, shape))
        .map(|shape| (shape.kind, shape.start))
        .or_else(|| has_json_web_token(line).then_some(("a signed token (JWT)", SIGNED_TOKEN)))
}

fn has_shape(line: &str, shape: &KeyShape) -> bool {
    line.match_indices(shape.start).any(|(at, _)| {
        let stands_alone = line[..at].chars().next_back().is_none_or(|before| !is_key_letter(before));
        let rest = &line[at + shape.start.len()..];
        let length = rest.chars().take_while(|letter| is_key_letter(*letter)).count();
        stands_alone && length >= shape.whole && rest[..length].bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// Three runs of base64url between dots, the first two of which open a JSON object.
fn has_json_web_token(line: &str) -> bool {
    line.split(|letter: char| !is_key_letter(letter) && letter != '.').any(|word| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 3
            && parts[..2].iter().all(|part| part.len() > 8 && part.starts_with(SIGNED_TOKEN))
            && parts[2].len() > 8
    })
}

fn is_key_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_with_their_line() {
        let check = |text: &str, kind: &str, line: usize| {
            let leak = find_leak(text).unwrap_or_else(|| panic!("nothing found in {text:?}"));
            assert_eq!((leak.kind, leak.line), (kind, line));
        };
        let digits = "0123456789".repeat(4);
        check(&format!("sk-ant-api03-{digits}"), "an Anthropic key", 1);
        check(&format!("a\nuse \"sk-{digits}\" here"), "an API key", 2);
        check(&format!("key=AIza{}", &digits[..35]), "a Google API key", 1);
        check(&format!("ghp_{digits}"), "a GitHub token", 1);
        check("AKIA0123456789ABCDEF", "an AWS access key", 1);
        check("x\n\n-----BEGIN RSA PRIVATE KEY-----", "a private key", 3);
        check("Bearer eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2QT4", "a signed token (JWT)", 1);
    }

    #[test]
    fn plain_words_are_not_keys() {
        for text in [
            "Keys start with sk- and are secret.",
            "task-oriented-answers-are-better-than-long-ones-in-2026",
            "sk-learn-is-a-library-for-machine-learning",
            "The AKIAK river",
            "version 1.2.3 of eyJ",
        ] {
            assert_eq!(find_leak(text), None, "{text}");
        }
    }
}
