//! What a check found, before weight, threshold and negation make a result of it.

/// The most characters of a reason.
const REASON: usize = 300;

/// The most characters of a quotation, so that two of them and a sentence fit into a reason.
const QUOTE: usize = 90;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// A score of 0 to 1.
    Scored { score: f64, reason: String },
    /// What the check looks at is not in the output. A failure, and a negated check fails as well: an output that lacks
    /// the place has not shown that the place is free of something.
    Absent { reason: String },
    /// Graded with its threshold and negation already.
    Graded { pass: bool, score: f64, reason: String },
    /// Could not be told, through no fault of the output.
    Untold { reason: String },
}

impl Found {
    pub(super) fn scored(score: f64, reason: impl Into<String>) -> Self {
        Self::Scored { score, reason: reason.into() }
    }

    pub(super) fn graded(pass: bool, score: f64, reason: impl Into<String>) -> Self {
        Self::Graded { pass, score, reason: reason.into() }
    }

    /// 1 or 0.
    pub(super) fn holds(holds: bool, reason: impl Into<String>) -> Self {
        Self::scored(if holds { 1.0 } else { 0.0 }, reason)
    }

    pub(super) fn absent(reason: impl Into<String>) -> Self {
        Self::Absent { reason: reason.into() }
    }

    pub(super) fn untold(reason: impl Into<String>) -> Self {
        Self::Untold { reason: reason.into() }
    }
}

/// The text in quotation marks, on one line, shortened.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("“");
    for (count, letter) in text.chars().enumerate() {
        if count == QUOTE {
            quoted.push('…');
            break;
        }
        match letter {
            '\n' => quoted.push('⏎'),
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted.push('”');
    quoted
}

/// A reason of at most 300 characters.
pub(super) fn shorten(reason: String) -> String {
    match reason.char_indices().nth(REASON) {
        None => reason,
        Some(_) => reason.chars().take(REASON - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotations_and_reasons_are_cut_between_characters() {
        assert_eq!(quote("a\nb\tc"), "“a⏎b c”");
        assert_eq!(quote(&"é".repeat(200)).chars().count(), QUOTE + 3);
        assert_eq!(shorten("é".repeat(301)).chars().count(), 300);
        assert_eq!(shorten("é".repeat(300)), "é".repeat(300));
    }
}
