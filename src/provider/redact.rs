//! Takes key-looking strings out of what providers say, since some repeat the key that they refuse.
//!
//! It is a net, not the wall: the wall is that no request that is kept ever held a key.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::domain::{KEY_SHAPES, KeyShape, SIGNED_TOKEN};

/// What stands in the place of a key.
pub const MARK: &str = "[key]";

static KEYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let shapes = KEY_SHAPES.iter().map(told).collect::<Vec<_>>().join("|");
    let token = format!(r"{SIGNED_TOKEN}[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_.-]+");
    let scheme = r"(?P<scheme>(?i:bearer\s+))[A-Za-z0-9._~+/*-]{6,}=*";
    let field =
        r#"(?P<field>(?i:(?:x-)?(?:goog-)?api[-_]?key|authorization)['"]?\s*[:=]\s*['"]?)[A-Za-z0-9._~+/*-]{8,}"#;
    Regex::new(&format!(r"\b(?:{shapes}|{token})|{scheme}|{field}")).ok()
});

/// A key as a provider repeats it: short, masked, or whole. Words in code begin with some of the starts that end in an
/// underscore, so behind those the first characters are no further one.
fn told(shape: &KeyShape) -> String {
    let parts = if shape.start.ends_with('_') { "" } else { "_-" };
    format!(r"{}[A-Za-z0-9*{parts}]{{{},}}[A-Za-z0-9_*-]*", regex::escape(shape.start), shape.told)
}

/// The text with key-looking strings replaced.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    let Some(keys) = KEYS.as_ref() else { return Cow::Borrowed(MARK) };
    keys.replace_all(text, |found: &Captures<'_>| {
        let kept = found.name("scheme").or_else(|| found.name("field")).map_or("", |kept| kept.as_str());
        format!("{kept}{MARK}")
    })
}

/// Replaces each copy of a known secret in the bytes.
pub(super) fn erase(bytes: &mut Vec<u8>, secret: &str) {
    let secret = secret.as_bytes();
    // A shorter one is no key, and would be found by chance.
    if secret.len() < 6 || bytes.len() < secret.len() {
        return;
    }
    let mut from = 0;
    while let Some(at) = find(&bytes[from..], secret) {
        bytes.splice(from + at..from + at + secret.len(), MARK.bytes());
        from += at + MARK.len();
    }
}

fn find(bytes: &[u8], secret: &[u8]) -> Option<usize> {
    let (first, rest) = secret.split_first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        if bytes[from + at + 1..].starts_with(rest) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_every_vendor_are_taken_out() {
        let check = |text: &str, expect: &str| assert_eq!(redact(text), expect);
        check("Incorrect API key provided: sk-proj-abc****wxyz. See", "Incorrect API key provided: [key]. See");
        check("sk-ant-api03-AbC_d-EfGh", "[key]");
        check("key AIzaSyA1234567890abcdefg is bad", "key [key] is bad");
        check("Authorization: Bearer abc.def-123456", "Authorization: Bearer [key]");
        check(r#"{"x-api-key":"0123456789abcdef"}"#, r#"{"x-api-key":"[key]"}"#);
        check("hf_abcdefghij gsk_12345678 ghp_123456789", "[key] [key] [key]");
        check("github_pat_11ABCDEFG0_x-yz, glpat-ab12cd34 and xoxb-12****34", "[key], [key] and [key]");
        check("xoxc-12345678, xoxd-12345678 and xoxe-1-2345678", "[key], [key] and [key]");
        check(
            "call hf_hub_download, npm_lifecycle_event or SG.connect_to_it",
            "call hf_hub_download, npm_lifecycle_event or SG.connect_to_it",
        );
        check("a task-list of risk-averse people asks for sk-8", "a task-list of risk-averse people asks for sk-8");
        check("Invalid API key.", "Invalid API key.");
    }

    #[test]
    fn a_whole_key_of_every_kind_is_taken_out_whole() {
        for shape in KEY_SHAPES {
            let key = format!("{}{}", shape.start, &"1a2B3c4D".repeat(8)[..shape.whole]);
            assert_eq!(redact(&format!("The key {key} is refused.")), "The key [key] is refused.", "{}", shape.start);
        }
    }

    #[test]
    fn a_known_secret_is_erased_wherever_it_stands() {
        let check = |text: &str, expect: &str| {
            let mut bytes = text.as_bytes().to_vec();
            erase(&mut bytes, "s3cret!");
            assert_eq!(String::from_utf8(bytes).unwrap(), expect);
        };
        check("s3cret!s3cret! a ss3cret!", "[key][key] a s[key]");
        check("s3cret", "s3cret");
        check("", "");
    }
}
