//! Takes out what was found.

use std::ops::Range;

use crate::domain::{Finding, FindingKind};

/// The text with each found place replaced by its kind in brackets, `[email]`; from the last to the first, so that the
/// places of those before stay right. Places that overlap are replaced as one, under the name of the first. Places that
/// do not fit the text are left alone.
#[must_use]
pub fn redact(text: &str, findings: &[Finding]) -> String {
    let mut places: Vec<(Range<usize>, &Finding)> = findings
        .iter()
        .filter(|finding| !finding.span.is_empty() && text.get(finding.span.clone()).is_some())
        .map(|finding| (finding.span.clone(), finding))
        .collect();
    places.sort_by_key(|(span, _)| (span.start, span.end));
    places.dedup_by(|(next, _), (kept, _)| {
        let overlaps = next.start < kept.end;
        if overlaps {
            kept.end = kept.end.max(next.end);
        }
        overlaps
    });
    let mut text = text.to_owned();
    for (span, finding) in places.into_iter().rev() {
        text.replace_range(span, &mark(finding));
    }
    text
}

fn mark(finding: &Finding) -> String {
    match finding.kind {
        FindingKind::Pii => format!("[{}]", finding.name),
        FindingKind::Leak => "[withheld]".to_owned(),
        FindingKind::Injection | FindingKind::Length | FindingKind::Harm | FindingKind::Phrase => {
            "[removed]".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Risk;

    #[test]
    fn every_copy_is_replaced_in_place() {
        let finding = |span: Range<usize>, name: &str| Finding {
            kind: FindingKind::Pii,
            name: name.to_owned(),
            span,
            risk: Risk::Low,
            excerpt: String::new(),
        };
        let check = |findings: &[Finding], expect: &str| assert_eq!(redact("é one two one", findings), expect);
        check(&[], "é one two one");
        check(&[finding(11..14, "b"), finding(3..6, "a")], "é [a] two [b]");
        check(&[finding(3..8, "a"), finding(7..10, "b")], "é [a] one");
        check(&[finding(1..4, "a"), finding(9..99, "b"), finding(3..3, "c")], "é one two one");
    }
}
