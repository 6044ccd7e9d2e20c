//! Semantic versions of releases.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// `major.minor.patch`, with a pre-release (`-rc.1`) where there is one. Build metadata is refused: two versions that
/// differ only by it are the same version, and a release is written once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    pub major: u64,
    pub minor: u64,
    pub patch: u64,
    /// Dot-separated parts without the `-`; empty for a full release.
    pub pre: String,
}

/// How far the next version is from the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Other words, same slots.
    Patch,
    /// New things that callers may use: a layer, an optional variable, a tool.
    Minor,
    /// Callers must change: a variable became required or went away, or the answer's form differs.
    Major,
}

impl Version {
    #[must_use]
    pub fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch, pre: String::new() }
    }

    /// The version one step on. A pre-release goes to its own full release first where that is far enough.
    #[must_use]
    pub fn next(&self, step: Step) -> Self {
        let up = |number: u64| number.saturating_add(1);
        let reached = !self.pre.is_empty()
            && match step {
                Step::Patch => true,
                Step::Minor => self.patch == 0,
                Step::Major => self.minor == 0 && self.patch == 0,
            };
        match step {
            _ if reached => Self::new(self.major, self.minor, self.patch),
            Step::Patch => Self::new(self.major, self.minor, up(self.patch)),
            Step::Minor => Self::new(self.major, up(self.minor), 0),
            Step::Major => Self::new(up(self.major), 0, 0),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if self.pre.is_empty() { Ok(()) } else { write!(f, "-{}", self.pre) }
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("`{text}` is not a semantic version such as `1.4.0` or `2.0.0-rc.1`");
        let (core, pre) = match text.split_once('-') {
            Some((core, pre)) => (core, Some(pre)),
            None => (text, None),
        };
        let mut numbers = core.split('.').map(number);
        let mut next = || numbers.next().flatten().ok_or_else(wrong);
        let (major, minor, patch) = (next()?, next()?, next()?);
        if numbers.next().is_some() || !pre.is_none_or(is_pre_release) {
            return Err(wrong());
        }
        Ok(Self { major, minor, patch, pre: pre.unwrap_or_default().to_owned() })
    }
}

impl Ord for Version {
    /// By precedence: numbers first, a pre-release before its full release, its parts as numbers where they are.
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.pre.split('.').map(PrePart::of).cmp(other.pre.split('.').map(PrePart::of)),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A part of a pre-release; numbers stand before words.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum PrePart<'a> {
    Number(u64),
    Word(&'a str),
}

impl<'a> PrePart<'a> {
    fn of(part: &'a str) -> Self {
        number(part).map_or(Self::Word(part), Self::Number)
    }
}

/// Digits without leading zeros.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// `lock` as the last part is refused, since git has no ref that ends in `.lock`.
fn is_pre_release(pre: &str) -> bool {
    let fits = |part: &str| {
        let letters = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let zeros = part.len() > 1 && part.starts_with('0') && part.bytes().all(|byte| byte.is_ascii_digit());
        !part.is_empty() && letters && !zeros
    };
    pre.len() <= 64 && pre.split('.').all(fits) && pre.rsplit('.').next() != Some("lock")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_read_and_write_the_same() {
        for text in ["0.1.0", "1.0.0", "10.20.30", "2.0.0-rc.1", "1.0.0-alpha-x.7"] {
            assert_eq!(version(text).to_string(), text);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "1",
            "1.0",
            "1.0.0.0",
            "v1.0.0",
            "01.0.0",
            "1.0.0-",
            "1.0.0-01",
            "1.0.0+5",
            "1.0.0-a..b",
            "1.-1.0",
            "1.0.0-a/b",
            "1.0.0-x.lock",
            "1.0.99999999999999999999",
            "1. 0.0",
            "+1.0.0",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn precedence_is_that_of_semantic_versioning() {
        let rising =
            ["0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.1", "1.10.0"];
        for pair in rising.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn steps_lead_to_the_next_version() {
        let check = |from: &str, step, expect: &str| assert_eq!(version(from).next(step).to_string(), expect);
        check("1.2.3", Step::Patch, "1.2.4");
        check("1.2.3", Step::Minor, "1.3.0");
        check("1.2.3", Step::Major, "2.0.0");
        check("2.0.0-rc.1", Step::Patch, "2.0.0");
        check("2.0.0-rc.1", Step::Major, "2.0.0");
        check("2.1.0-rc.1", Step::Major, "3.0.0");
        check("2.0.1-rc.1", Step::Minor, "2.1.0");
    }
}
