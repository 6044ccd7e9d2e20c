//! Regular expressions of ECMAScript without the flags `u` and `v`, over UTF-16 units, with a bound on their work.
//!
//! A pattern is read into a tree ([`parse`]), laid out as a program ([`program`]) and run with a stack of its own
//! ([`exec`]): the deepest backtracking takes heap and fuel, never the stack of the thread.
//!
//! Source: ECMA-262, "`RegExp` (Regular Expression) Objects", with Annex B.

mod exec;
mod parse;
mod program;

use super::error::TemplateError;
use super::text::Text;
use super::value::{Heap, Result};
use program::Program;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Regex {
    program: Program,
    body: String,
    flags: String,
}

/// Where a pattern and its groups matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub start: usize,
    pub end: usize,
    /// By number from 1; `None` where a group took no part.
    pub groups: Vec<Option<(usize, usize)>>,
}

impl Regex {
    /// # Errors
    /// A sentence, where the pattern is none.
    pub(super) fn new(body: &Text, flags: &str) -> Result<Self> {
        let wrong = |why: String| TemplateError::new(format!("The regular expression is wrong: {why}."));
        if flags.chars().any(|flag| flags.matches(flag).count() > 1) {
            return Err(wrong(format!("the flags `{flags}` name one twice")));
        }
        let pattern = parse::parse(body).map_err(wrong)?;
        let program = program::compile(&pattern, flags).map_err(wrong)?;
        Ok(Self { program, body: body.lossy(), flags: flags.to_owned() })
    }

    pub(super) fn has_flag(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    pub(super) fn flags(&self) -> &str {
        &self.flags
    }

    /// As it is written: `/a+/g`.
    pub(super) fn source(&self) -> String {
        format!("/{}/{}", self.body, self.flags)
    }

    /// The names of groups, each with its number.
    pub(super) fn names(&self) -> &[(Text, usize)] {
        &self.program.names
    }

    /// The first match at or after `from`; with the flag `y` only at `from`.
    ///
    /// # Errors
    /// Where the search takes more work than the heap has left.
    pub(super) fn find(&self, heap: &Heap, text: &[u16], from: usize) -> Result<Option<Found>> {
        let last = if self.has_flag('y') { from } else { text.len() };
        let mut steps = 0;
        for start in from..=last.min(text.len()) {
            if let Some(found) = exec::run(&self.program, heap, text, start, &mut steps)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(pattern: &str, flags: &str, text: &str) -> Option<Vec<Option<String>>> {
        let regex = Regex::new(&Text::from(pattern), flags).expect(pattern);
        let text = Text::from(text);
        let found = regex.find(&Heap::new(), &text, 0).expect("little work")?;
        let part = |(start, end): (usize, usize)| text.part(start, end).lossy();
        let whole = Some(Some(part((found.start, found.end))));
        Some(whole.into_iter().chain(found.groups.into_iter().map(|group| group.map(part))).collect())
    }

    #[test]
    fn patterns_match_as_in_javascript() {
        let check = |pattern: &str, flags: &str, text: &str, expect: &[Option<&str>]| {
            let expect: Vec<Option<String>> = expect.iter().map(|part| part.map(str::to_owned)).collect();
            assert_eq!(found(pattern, flags, text), Some(expect), "/{pattern}/{flags} in {text:?}");
        };
        check("q\\w+", "", "the quick fox", &[Some("quick")]);
        check("(\\d+)-(\\d+)?", "", "a 12-b", &[Some("12-"), Some("12"), None]);
        check("a|ab", "", "ab", &[Some("a")]);
        check("(a|ab)(c|bcd)(d*)", "", "abcd", &[Some("abcd"), Some("a"), Some("bcd"), Some("")]);
        check(
            "(z)((a+)?(b+)?(c))*",
            "",
            "zaacbbbcac",
            &[Some("zaacbbbcac"), Some("z"), Some("ac"), Some("a"), None, Some("c")],
        );
        check("a{2,3}?", "", "aaaa", &[Some("aa")]);
        check("a{,2}", "", "a{,2}", &[Some("a{,2}")]);
        check("[^\\s,]+$", "m", "a b\nc", &[Some("b")]);
        check("HELLO", "i", "say hello", &[Some("hello")]);
        check("[A-C]+", "i", "xabcC", &[Some("abcC")]);
        check("(?<=\\$)\\d+(?!\\d|\\.)", "", "$12.5 $7", &[Some("7")]);
        check("(?<year>\\d{4})-\\k<year>", "", "2020-2020", &[Some("2020-2020"), Some("2020")]);
        check("(.)\\1", "", "abba", &[Some("bb"), Some("b")]);
        check("\\bfox\\b", "", "a fox", &[Some("fox")]);
        check("(?:)*x", "", "x", &[Some("x")]);
        check("\\p{L}", "", "p{L}", &[Some("p{L}")]);
        check("\\x41\\u0042\\0?", "", "AB", &[Some("AB")]);
        check("]", "", "]", &[Some("]")]);
        check("[]a]?|x", "", "x", &[Some("x")]);
        check("(?=(a+))a*b\\1", "", "baaabac", &[Some("aba"), Some("a")]);
    }

    #[test]
    fn what_does_not_match_is_not_found() {
        let check = |pattern: &str, text: &str| assert_eq!(found(pattern, "", text), None, "{pattern}");
        check("^b", "ab");
        check("[]", "a");
        check("a.c", "a\nc");
        check("(?<!a)b", "ab");
    }

    #[test]
    fn wrong_patterns_are_refused() {
        for pattern in ["(", ")", "a**", "*", "[b-a]", "(?i)a", "a{2,1}", "(?<n>a)(?<n>b)", "[", "\\", "a++", "(?x"] {
            assert!(Regex::new(&Text::from(pattern), "").is_err(), "{pattern}");
        }
        assert!(Regex::new(&Text::from("a"), "gg").is_err());
        assert!(Regex::new(&Text::from("((a{500}){500}){500}".to_owned().as_str()), "").is_err());
        assert!(Regex::new(&Text::from("(".repeat(5_000).as_str()), "").is_err());
    }

    #[test]
    fn endless_backtracking_ends_in_an_error() {
        let regex = Regex::new(&Text::from("^(a+)+$"), "").expect("a pattern");
        let text = Text::from(format!("{}b", "a".repeat(60)).as_str());
        assert!(regex.find(&Heap::new(), &text, 0).is_err());
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[ab()\\[\\]|*+?{}0-9,^$.\\\\<=!:kdw-]{0,16}", text in "[ab0-9 ]{0,12}") {
            if let Ok(regex) = Regex::new(&Text::from(pattern.as_str()), "") {
                let _ = regex.find(&Heap::new(), &Text::from(text.as_str()), 0);
            }
        }
    }
}
