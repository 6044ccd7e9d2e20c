//! Names of folders, branches and tags that are safe on every file system and in every repository.

use sha2::{Digest, Sha256};

use crate::domain::Fingerprint;

use super::version::Version;

/// The longest slug in bytes, the hash included.
const LONGEST: usize = 64;
const HASH_DIGITS: usize = 8;

/// Names that Windows keeps for devices, whatever the extension.
const DEVICES: [&str; 6] = ["aux", "con", "conin", "conout", "nul", "prn"];

/// A name of lower-case letters, digits, `-` and `_` that stands for `name`.
///
/// A name that has this form already is its own slug. Any other gets eight digits of its hash, so that names which look
/// alike (by case, accents, Unicode form, or because they are cut) keep apart.
#[must_use]
pub fn slug(name: &str) -> String {
    if is_plain(name) {
        return name.to_owned();
    }
    let mut words = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if is_plain_letter(letter) {
            words.push(letter);
        } else if !words.ends_with('-') {
            words.push('-');
        }
        if words.len() >= LONGEST - HASH_DIGITS - 1 {
            break;
        }
    }
    let words = words.trim_matches(['-', '_']);
    let hash = short_hash(name);
    if words.is_empty() { format!("prompt-{hash}") } else { format!("{words}-{hash}") }
}

/// `strata/<slug>`.
#[must_use]
pub fn branch_name(name: &str) -> String {
    format!("strata/{}", slug(name))
}

/// `<slug>-v<version>`.
#[must_use]
pub fn tag_name(name: &str, version: &Version) -> String {
    format!("{}-v{version}", slug(name))
}

/// A name for people in one line: control characters and runs of white space become single spaces.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let words: Vec<&str> = text
        .split(|letter: char| letter.is_control() || letter.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect();
    let line = words.join(" ");
    if line.chars().count() <= longest {
        return line;
    }
    let cut: String = line.chars().take(longest.saturating_sub(1)).collect();
    format!("{cut}…")
}

/// The first digits of the SHA-256 of a name.
pub(super) fn short_hash(name: &str) -> String {
    let mut digits = Fingerprint(Sha256::digest(name.as_bytes()).into()).to_string();
    digits.truncate(HASH_DIGITS);
    digits
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST
        && name.chars().all(is_plain_letter)
        && !name.starts_with(['-', '_'])
        && !name.ends_with('-')
        && !is_device(name)
}

fn is_plain_letter(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '_'
}

fn is_device(name: &str) -> bool {
    let numbered = |stem: &str| {
        name.strip_prefix(stem).is_some_and(|rest| rest.len() == 1 && rest.chars().all(|digit| digit.is_ascii_digit()))
    };
    DEVICES.contains(&name) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_are_their_own_slug() {
        for name in ["support-triage", "a", "v2_final", "console", "0"] {
            assert_eq!(slug(name), name);
        }
    }

    #[test]
    fn hostile_names_become_harmless() {
        let check = |name: &str, start: &str| {
            let slug = slug(name);
            assert!(slug.starts_with(start), "{name:?} gave {slug}");
            assert!(is_plain(&slug), "{name:?} gave {slug}");
            assert_ne!(slug, name);
        };
        check("../../etc/passwd", "etc-passwd-");
        check("..", "prompt-");
        check("", "prompt-");
        check(".git/hooks/pre-commit", "git-hooks-pre-commit-");
        check(".GIT", "git-");
        check("git~1", "git-1-");
        check("a\0b", "a-b-");
        check("con", "con-");
        check("CON", "con-");
        check("com1", "com1-");
        check("-rf", "rf-");
        check("a.lock", "a-lock-");
        check("x@{1}", "x-1-");
        check("日本語", "prompt-");
        check(&"long".repeat(100), "longlong");
    }

    #[test]
    fn names_that_look_alike_stay_apart() {
        let alike = ["café", "cafe\u{301}", "cafe", "Cafe", "CAFE", "caf\u{e8}", "cafe ", "cafe."];
        let slugs: BTreeSet<String> = alike.iter().map(|name| slug(name)).collect();
        assert_eq!(slugs.len(), alike.len(), "{slugs:?}");
    }

    #[test]
    fn a_line_has_no_control_characters() {
        assert_eq!(one_line("a\n\nb\x1b[31m\tc", 80), "a b [31m c");
        assert_eq!(one_line("abcdef", 4), "abc…");
    }

    proptest! {
        #[test]
        fn every_name_gets_a_plain_slug(name in any::<String>()) {
            let slug = slug(&name);
            prop_assert!(is_plain(&slug), "{:?}", slug);
            prop_assert_eq!(super::slug(&slug), slug);
        }
    }
}
