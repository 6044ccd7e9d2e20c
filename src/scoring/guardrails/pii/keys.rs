//! Keys and tokens of known shapes, signed tokens, private keys.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use crate::domain::{KEY_SHAPES, SIGNED_TOKEN};

const PRIVATE: &str = "-----BEGIN ";

static STARTS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let starts = KEY_SHAPES.iter().map(|shape| shape.start).chain([SIGNED_TOKEN, PRIVATE]);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(starts).ok()
});

/// All keys in the text.
pub(super) fn keys(text: &str) -> Vec<Range<usize>> {
    let Some(starts) = STARTS.as_ref() else { return Vec::new() };
    let mut found: Vec<Range<usize>> = Vec::new();
    for start in starts.find_iter(text) {
        let (begin, after) = (start.start(), start.end());
        if found.last().is_some_and(|last| begin < last.end) {
            continue;
        }
        let end = match KEY_SHAPES.get(start.pattern().as_usize()) {
            Some(shape) => shaped(text, begin, after, shape.whole),
            None if text[begin..].starts_with(SIGNED_TOKEN) => signed_token(text, begin),
            None => private_key(text, begin),
        };
        found.extend(end.map(|end| begin..end));
    }
    found
}

fn shaped(text: &str, begin: usize, after: usize, least: usize) -> Option<usize> {
    let length = length_of(&text[after..], is_key);
    let rest = &text[after..after + length];
    let begins = !text[..begin].ends_with(is_key);
    (begins && length >= least && rest.bytes().any(|byte| byte.is_ascii_digit())).then_some(after + length)
}

/// Three runs of base64url between dots, the first two of which open a JSON object (RFC 7519).
fn signed_token(text: &str, begin: usize) -> Option<usize> {
    if text[..begin].ends_with(is_key) {
        return None;
    }
    let length = length_of(&text[begin..], |letter| is_key(letter) || letter == '.');
    let token = text[begin..begin + length].trim_end_matches('.');
    let parts: Vec<&str> = token.split('.').collect();
    let sound = parts.len() == 3
        && parts[..2].iter().all(|part| part.starts_with(SIGNED_TOKEN) && part.len() > 8)
        && parts[2].len() > 8;
    sound.then_some(begin + token.len())
}

/// From the first line to the last, or to the end of the first where there is no last.
fn private_key(text: &str, begin: usize) -> Option<usize> {
    const END: &str = "PRIVATE KEY-----";
    let rest = &text[begin..];
    let head = rest.find('\n').unwrap_or(rest.len());
    let opened = rest[..head].find(END)? + END.len();
    let closed = rest[opened..].find("-----END ").and_then(|at| {
        let at = opened + at;
        Some(at + rest[at..].find(END)? + END.len())
    });
    Some(begin + closed.unwrap_or(opened))
}

fn length_of(text: &str, of: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !of(letter)).unwrap_or(text.len())
}

const fn is_key(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_shape_are_found_whole() {
        let digits = "0123456789".repeat(4);
        for shape in KEY_SHAPES {
            let key = format!("{}{digits}", shape.start);
            let text = format!("the key \"{key}\" is");
            let found: Vec<&str> = keys(&text).into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, [key.as_str()]);
        }
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----";
        let text = format!("a {pem} b eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2QT4.");
        let found: Vec<&str> = keys(&text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, [pem, "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeKKF2QT4"]);
    }

    #[test]
    fn plain_words_are_not_keys() {
        for text in [
            "Keys start with sk- and are secret.",
            "task-oriented-answers-are-better-than-long-ones-in-2026",
            "sk-learn-is-a-library-for-machine-learning",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "eyJvcmRlciI6IDEyMywgIml0ZW1zIjogWyJjdXAiXX0=",
            "AKIAK river",
        ] {
            assert!(keys(text).is_empty(), "{text}");
        }
    }
}
