//! Regular expressions: linear time where it can be, bounded backtracking where look-around or back-references ask for it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::found::{Found, quote};
use super::subject::{Subject, place};

/// A compiled pattern may take this many bytes; `(x{1000}){1000}` does not.
pub(super) const SIZE_LIMIT: usize = 10 << 20;

/// After this many steps back a pattern gives up: some milliseconds.
pub(super) const BACKTRACK_LIMIT: usize = 100_000;

/// A pattern, compiled.
#[derive(Debug)]
pub(super) enum Pattern {
    Linear(regex::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

impl Pattern {
    /// # Errors
    /// A clause that says what is wrong with the pattern.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        guarded(|| Self::compile(pattern)).unwrap_or_else(|()| Err("the pattern cannot be compiled".to_owned()))
    }

    fn compile(pattern: &str) -> Result<Self, String> {
        let wrong = match regex::RegexBuilder::new(pattern).size_limit(SIZE_LIMIT).build() {
            Ok(regex) => return Ok(Self::Linear(regex)),
            Err(regex::Error::CompiledTooBig(_)) => {
                return Err(format!("the pattern is too large: compiled it takes more than {} MB", SIZE_LIMIT >> 20));
            }
            Err(error) => error.to_string(),
        };
        fancy_regex::RegexBuilder::new(pattern)
            .backtrack_limit(BACKTRACK_LIMIT)
            .delegate_size_limit(SIZE_LIMIT)
            .build()
            .map(|regex| Self::Backtracking(Box::new(regex)))
            .map_err(|_| last_line(&wrong))
    }

    /// The text that the pattern matches first.
    ///
    /// # Errors
    /// The pattern gave up: whether it matches is not known.
    pub(super) fn find<'t>(&self, text: &'t str) -> Result<Option<&'t str>, String> {
        guarded(|| match self {
            Self::Linear(regex) => Ok(regex.find(text).map(|found| found.as_str())),
            Self::Backtracking(regex) => regex
                .find(text)
                .map(|found| found.map(|found| &text[found.start()..found.end()]))
                .map_err(|_| format!("the pattern gave up after {BACKTRACK_LIMIT} steps back")),
        })
        .unwrap_or_else(|()| Err("the pattern's engine broke down".to_owned()))
    }

    /// It is found in every text, so that it tells nothing.
    pub(super) fn matches_everything(&self) -> bool {
        ["", "\n", "a", "0 b\nC", "ж\u{0}?"].iter().all(|text| matches!(self.find(text), Ok(Some(_))))
    }
}

pub(super) fn check(subject: &Subject, at: Option<&str>, pattern: &Pattern, source: &str) -> Result<Found, Found> {
    let text = subject.text(at)?;
    let place = place(at);
    Ok(match pattern.find(&text) {
        Ok(Some(found)) => Found::holds(true, format!("{place} has {}, as {} asks.", quote(found), quote(source))),
        Ok(None) => Found::holds(false, format!("{place} {} has no match for {}.", quote(&text), quote(source))),
        Err(why) => Found::untold(format!("Not told for {}: {why}.", quote(source))),
    })
}

/// Engines of patterns are large programs that have panicked on odd input before; a panic must not end the run.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, ()> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| ())
}

/// The engine draws the pattern with a marker below it, and says in the last line what is wrong.
fn last_line(error: &str) -> String {
    let line = error.lines().last().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expect: Option<&str>) {
        assert_eq!(Pattern::new(pattern).unwrap().find(text), Ok(expect), "{pattern} in {text}");
    }

    #[test]
    fn patterns_are_found_anywhere_unless_anchored() {
        check("b+", "abbc", Some("bb"));
        check("^b", "abbc", None);
        check(r"\d{4}-\d{2}", "on 2026-11-23", Some("2026-11"));
        check("(?i)STRASSE", "strasse", Some("strasse"));
    }

    #[test]
    fn look_around_and_back_references_work() {
        check(r"(?<=\$)\d+", "it is $42", Some("42"));
        check(r"(\w)\1", "hello", Some("ll"));
    }

    #[test]
    fn wrong_and_oversized_patterns_are_refused_with_a_reason() {
        assert_eq!(Pattern::new("(a").unwrap_err(), "unclosed group");
        assert!(Pattern::new("(x{1000}){1000}").unwrap_err().contains("too large"));
    }

    #[test]
    fn a_catastrophic_pattern_gives_up_and_never_says_no_match() {
        let pattern = Pattern::new(r"^(x+x+)+\1y").unwrap();
        assert!(pattern.find(&format!("{}zy", "x".repeat(40))).unwrap_err().contains("gave up"));
    }

    #[test]
    fn a_long_text_is_searched() {
        assert_eq!(
            Pattern::new("needle$").unwrap().find(&format!("{}needle", "hay ".repeat(250_000))),
            Ok(Some("needle"))
        );
    }

    #[test]
    fn patterns_that_match_everything_are_known() {
        let check = |pattern: &str, expect| {
            assert_eq!(Pattern::new(pattern).unwrap().matches_everything(), expect, "{pattern}");
        };
        check(".*", true);
        check("x?", true);
        check("^$", false);
        check("a", false);
    }
}
