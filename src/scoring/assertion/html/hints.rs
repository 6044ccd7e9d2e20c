//! What looks like HTML in a text, weighed. Nothing is parsed.

use std::sync::LazyLock;

use regex::Regex;

use super::super::space::CLASS;

static OPENING: LazyLock<Regex> = LazyLock::new(|| compiled(&format!("<[a-zA-Z][a-zA-Z0-9-]*(?:{CLASS}[^>]*)?>")));
static CLOSING: LazyLock<Regex> = LazyLock::new(|| compiled(&format!("</[a-zA-Z][a-zA-Z0-9-]*{CLASS}*>")));
static SELF_CLOSING: LazyLock<Regex> =
    LazyLock::new(|| compiled(&format!("<[a-zA-Z][a-zA-Z0-9-]*(?:{CLASS}[^>]*)?/>")));
static ENTITY: LazyLock<Regex> = LazyLock::new(|| compiled("&(?:[a-zA-Z]+|#[0-9]+|#x[0-9a-fA-F]+);"));
static DOCTYPE: LazyLock<Regex> = LazyLock::new(|| compiled(&format!("(?i-u:<!doctype){CLASS}+(?i-u:html)")));
static COMMENT: LazyLock<Regex> = LazyLock::new(|| compiled("<!--[^-]*(?:-[^-]+)*-->"));
static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| compiled(&format!("{CLASS}[a-zA-Z-]+={CLASS}*[\"'][^\"']*[\"']")));
static COMMON: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        "(?i-u:<(?:html|head|body|div|span|p|a|img|h[1-6]|ul|ol|li|table|tr|td|th|form|input|button|script|style|link|meta|\
         br|hr)\\b)",
    )
});

fn compiled(source: &str) -> Regex {
    Regex::new(source).expect("the pattern is a constant")
}

pub(super) fn weight(text: &str) -> u32 {
    let one = |pattern: &Regex| u32::from(pattern.is_match(text));
    let tags = one(&OPENING) + one(&CLOSING);
    tags + one(&SELF_CLOSING) + one(&ENTITY) + 2 * one(&DOCTYPE) + one(&COMMENT) + one(&ATTRIBUTE) + 2 * one(&COMMON)
}
