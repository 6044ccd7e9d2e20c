//! All finders together, and what the input excuses.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use super::{email, iban, ip, keys, numbers};
use crate::domain::{Finding, FindingKind, PiiKind, Risk};
use crate::scoring::guardrails::excerpt::masked;

/// The last digits by which telephone numbers are the same, whatever stands before them.
const PHONE: usize = 7;

/// All data of these kinds in the output but those known, in the order of the text.
pub(in crate::scoring::guardrails) fn find(
    kinds: &BTreeSet<PiiKind>,
    output: &str,
    known: impl FnOnce() -> HashSet<(PiiKind, String)>,
) -> Vec<Finding> {
    let mut spans = all(kinds, output);
    if !spans.is_empty() {
        let known = known();
        spans.retain(|(kind, span)| !known.contains(&(*kind, value(*kind, &output[span.clone()]))));
    }
    spans.into_iter().map(|(kind, span)| finding(kind, output, span)).collect()
}

/// What the answer may repeat: what stands in the input, and in the system text whatever is no key.
pub(in crate::scoring::guardrails) fn known(
    kinds: &BTreeSet<PiiKind>,
    input: &str,
    system: &str,
) -> HashSet<(PiiKind, String)> {
    let given = all(kinds, input).into_iter().map(|(kind, span)| (kind, value(kind, &input[span])));
    let told = all(kinds, system).into_iter().filter(|(kind, _)| *kind != PiiKind::Key);
    given.chain(told.map(|(kind, span)| (kind, value(kind, &system[span])))).collect()
}

/// Where two finders meet, the first named is right.
fn all(kinds: &BTreeSet<PiiKind>, text: &str) -> Vec<(PiiKind, Range<usize>)> {
    let on = |kind: PiiKind| kinds.contains(&kind);
    let mut found: Vec<(PiiKind, Range<usize>)> = Vec::new();
    let mut take = |kind: PiiKind, spans: Vec<Range<usize>>| found.extend(spans.into_iter().map(|span| (kind, span)));
    if on(PiiKind::Key) {
        take(PiiKind::Key, keys::keys(text));
    }
    if on(PiiKind::Email) {
        take(PiiKind::Email, email::emails(text));
    }
    if on(PiiKind::Iban) {
        take(PiiKind::Iban, iban::ibans(text));
    }
    if on(PiiKind::Ip) {
        take(PiiKind::Ip, ip::version_6(text));
    }
    if [PiiKind::Card, PiiKind::Ssn, PiiKind::Phone, PiiKind::Ip].into_iter().any(on) {
        found.extend(numbers::numbers(text).into_iter().filter(|(kind, _)| on(*kind)));
    }
    apart(found)
}

fn apart(mut found: Vec<(PiiKind, Range<usize>)>) -> Vec<(PiiKind, Range<usize>)> {
    // Stable, so that of those that begin together the first finder's stays in front.
    found.sort_by_key(|(_, span)| span.start);
    let mut kept: Vec<(PiiKind, Range<usize>)> = Vec::with_capacity(found.len());
    for (kind, span) in found {
        if kept.last().is_none_or(|(_, last)| last.end <= span.start) {
            kept.push((kind, span));
        }
    }
    kept
}

/// By what two writings of a datum are the same.
fn value(kind: PiiKind, text: &str) -> String {
    match kind {
        PiiKind::Email | PiiKind::Ip => text.to_lowercase(),
        PiiKind::Key => text.to_owned(),
        PiiKind::Card | PiiKind::Ssn | PiiKind::Iban => text.chars().filter(char::is_ascii_alphanumeric).collect(),
        PiiKind::Phone => {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            digits[digits.len().saturating_sub(PHONE)..].to_owned()
        }
    }
}

fn finding(kind: PiiKind, output: &str, span: Range<usize>) -> Finding {
    let risk = match kind {
        PiiKind::Key | PiiKind::Card | PiiKind::Ssn | PiiKind::Iban => Risk::High,
        PiiKind::Email | PiiKind::Phone => Risk::Medium,
        PiiKind::Ip => Risk::Low,
    };
    let excerpt = masked(output, &span);
    Finding { kind: FindingKind::Pii, name: kind.word().to_owned(), span, risk, excerpt }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(output: &str, input: &str, system: &str, expect: &[&str]) {
        let kinds = PiiKind::ALL.into_iter().collect();
        let found = find(&kinds, output, || known(&kinds, input, system));
        let found: Vec<&str> = found.iter().map(|finding| &output[finding.span.clone()]).collect();
        assert_eq!(found, expect, "{output}");
    }

    #[test]
    fn a_datum_of_the_input_does_not_hide_a_new_one() {
        check("I wrote to me@x.example and boss@y.example.", "I am me@x.example", "", &["boss@y.example"]);
        check("a@x.example b@x.example c@x.example", "", "", &["a@x.example", "b@x.example", "c@x.example"]);
        check("219-09-9998, 457-55-5462", "", "", &["219-09-9998", "457-55-5462"]);
    }

    #[test]
    fn the_same_datum_in_another_writing_is_known() {
        check("4111-1111-1111-1111", "card 4111 1111 1111 1111?", "", &[]);
        check("+1 415 555 2671", "(415) 555-2671", "", &[]);
        check("ME@X.example", "me@x.example", "", &[]);
        check("help@x.example", "", "You may give out help@x.example.", &[]);
    }

    #[test]
    fn a_key_of_the_system_text_is_a_leak() {
        let key = "sk-proj-0123456789abcdefghijkl";
        check(key, "", key, &[key]);
        check(key, key, "", &[]);
    }

    #[test]
    fn only_the_kinds_that_are_asked_for_are_found_and_excerpts_are_masked() {
        let kinds = [PiiKind::Phone].into_iter().collect();
        let output = "a@x.example +47 22 12 34 56";
        let found = find(&kinds, output, HashSet::new);
        assert_eq!((found.len(), found[0].excerpt.as_str(), found[0].name.as_str()), (1, "+47•••", "phone"));
    }
}
