//! E-mail addresses.

use std::ops::Range;

/// The longest part before the `@` (RFC 5321).
const LOCAL: usize = 64;

/// The longest host name.
const HOST: usize = 253;

/// All addresses in the text.
pub(super) fn emails(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        if let Some(span) = around(text, at)
            && found.last().is_none_or(|last: &Range<usize>| last.end <= span.start)
        {
            found.push(span);
        }
    }
    found
}

/// The address around an `@`.
fn around(text: &str, at: usize) -> Option<Range<usize>> {
    let local = text[..at].chars().rev().take(LOCAL).take_while(|letter| in_local(*letter));
    let mut begin = at - local.map(char::len_utf8).sum::<usize>();
    begin += text[begin..at].len() - text[begin..at].trim_start_matches(['.', '-', '\'', '+']).len();
    let host = text[at + 1..].chars().take(HOST).take_while(|letter| in_host(*letter));
    let host = &text[at + 1..at + 1 + host.map(char::len_utf8).sum::<usize>()];
    let host = host.trim_end_matches(['.', '-']);
    (begin < at && !text[..at].ends_with('.') && is_host(host)).then(|| begin..at + 1 + host.len())
}

/// Labels of letters, digits and hyphens between dots, the last of them letters only.
fn is_host(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let sound = |label: &&str| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-');
    let last = labels.last().copied().unwrap_or_default();
    labels.len() > 1
        && labels.iter().all(sound)
        && last.chars().count() > 1
        && (last.chars().all(char::is_alphabetic) || last.starts_with("xn--"))
}

fn in_local(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '.' | '_' | '%' | '+' | '-' | '\'')
}

fn in_host(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '.' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_found_and_nothing_else() {
        let check = |text: &str, expect: &[&str]| {
            let found: Vec<&str> = emails(text).into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, expect, "{text}");
        };
        check("a@b.example, c.d+e@sub.f-g.example.", &["a@b.example", "c.d+e@sub.f-g.example"]);
        check("one@x.example two@x.example three@x.example", &["one@x.example", "two@x.example", "three@x.example"]);
        check("<käthe@müller.example>", &["käthe@müller.example"]);
        check("@name, a@b, a@b.1, @x.example, a@-b.example, a.@b.example, a@b..c", &[]);
        check("@scope/package@1.2.3", &[]);
    }
}
