//! Paths with wildcards, in the order in which promptfoo gets them: within a folder by name, bytewise, last first; what a
//! folder holds itself before what its folders hold.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::access::FileFault;
use super::desk::Desk;

/// More names than these are not looked at.
const MOST_NAMES: usize = 100_000;
/// Nor are more pairs of a name and a step that may match it.
const MOST_LOOKS: usize = 2_000_000;
const DEEPEST: usize = 64;
/// Bytes; no path is longer.
const LONGEST: usize = 4096;
/// More alternatives of one `{a,b}` pattern are refused.
const MOST_ALTERNATIVES: usize = 1_000;

/// Whether a text has wildcards. Braces alone are none.
pub(super) fn has_magic(text: &str) -> bool {
    let class = text.find('[').is_some_and(|open| text[open..].contains(']'));
    let extended = ["?(", "*(", "+(", "@(", "!("].iter().any(|sign| text.contains(sign));
    text.contains(['*', '?']) || class || extended
}

/// The files and folders that match, each as the pattern would write it (relative where it is relative).
pub(super) fn matches(desk: &Desk, folder: &Path, pattern: &str) -> Result<Vec<String>, FileFault> {
    let fault = |why: String| FileFault::Unreadable(folder.to_owned(), why);
    if pattern.len() > LONGEST {
        return Err(fault(format!("a pattern of files in it is longer than {LONGEST} bytes")));
    }
    let pattern = pattern.replace('\\', "/");
    let Some(alternatives) = alternatives(&pattern) else {
        return Err(fault(format!("the braces of a pattern make more than {MOST_ALTERNATIVES} alternatives")));
    };
    let patterns: Vec<Vec<Step>> = alternatives.iter().map(|one| steps(one)).collect();
    let absolute = pattern.starts_with('/');
    let start = if absolute { PathBuf::from("/") } else { folder.to_owned() };
    let mut walk = Walk { desk, found: Vec::new(), known: HashSet::new(), names: 0, looks: 0 };
    let patterns: Vec<&[Step]> = patterns.iter().map(Vec::as_slice).collect();
    walk.folder(&start, if absolute { "/" } else { "" }, &patterns, 0)?;
    Ok(walk.found)
}

/// What a pattern has between two slashes.
#[derive(Debug)]
struct Step {
    text: String,
    /// What it matches, where it is not the text alone.
    pattern: Option<Pattern>,
}

impl Step {
    fn new(text: &str) -> Self {
        Self { text: text.to_owned(), pattern: Pattern::new(&text.replace("[^", "[!")).ok() }
    }

    /// `**`: any number of folders, or none.
    fn is_any_depth(&self) -> bool {
        self.text == "**"
    }

    /// Wildcards match no leading dot.
    fn fits(&self, name: &str) -> bool {
        let options =
            MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };
        self.pattern.as_ref().map_or(self.text == name, |pattern| pattern.matches_with(name, options))
    }
}

/// Several `**` in a row are one.
fn steps(pattern: &str) -> Vec<Step> {
    let mut steps: Vec<Step> =
        pattern.split('/').filter(|step| !step.is_empty() && *step != ".").map(Step::new).collect();
    steps.dedup_by(|next, step| next.is_any_depth() && step.is_any_depth());
    steps
}

/// `a{b,c}` is `ab` and `ac`. A brace without a comma stays as it is. Nothing where they are too many.
fn alternatives(pattern: &str) -> Option<Vec<String>> {
    let (mut found, mut open) = (Vec::new(), vec![(String::new(), pattern.to_owned())]);
    while let Some((done, rest)) = open.pop() {
        match first_braces(&rest) {
            None => found.push(done + &rest),
            Some((before, choices, after)) => {
                let chosen = |choice: &&str| (format!("{done}{before}"), format!("{choice}{after}"));
                open.extend(choices.iter().rev().map(chosen));
            }
        }
        if found.len() + open.len() > MOST_ALTERNATIVES {
            return None;
        }
    }
    Some(found)
}

/// The first pair of braces with a comma directly in it: the text before, the choices, the text after.
fn first_braces(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    pattern.match_indices('{').take(16).find_map(|(open, _)| {
        let (mut depth, mut from, mut choices) = (0_usize, open + 1, Vec::new());
        for (at, letter) in pattern[open..].char_indices().map(|(at, letter)| (at + open, letter)) {
            match letter {
                '{' => depth += 1,
                '}' if depth == 1 => {
                    choices.push(&pattern[from..at]);
                    return (choices.len() > 1).then(|| (&pattern[..open], choices, &pattern[at + 1..]));
                }
                '}' => depth = depth.saturating_sub(1),
                ',' if depth == 1 => {
                    choices.push(&pattern[from..at]);
                    from = at + 1;
                }
                _ => {}
            }
        }
        None
    })
}

struct Walk<'a> {
    desk: &'a Desk<'a>,
    found: Vec<String>,
    known: HashSet<String>,
    names: usize,
    looks: usize,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, shown: &str, patterns: &[&[Step]], depth: usize) -> Result<(), FileFault> {
        if depth > DEEPEST {
            return Ok(());
        }
        let (literal, wild): (Vec<&[Step]>, Vec<&[Step]>) =
            patterns.iter().partition(|steps| steps.first().is_some_and(|step| !has_magic(&step.text)));
        for steps in literal {
            self.literal(folder, shown, steps, depth)?;
        }
        if wild.is_empty() {
            return Ok(());
        }
        let mut names = match self.desk.access.names(folder) {
            Ok(names) => names,
            Err(fault @ FileFault::Outside(_)) => return Err(fault),
            Err(_) => return Ok(()),
        };
        names.sort_by(|one, other| other.0.as_bytes().cmp(one.0.as_bytes()));
        let mut inner: Vec<(String, Vec<&[Step]>)> = Vec::new();
        for (name, is_folder) in names {
            self.count(wild.len(), folder)?;
            let (ends, rests) = step_over(&wild, &name, is_folder);
            if ends {
                self.add(join(shown, &name));
            }
            if !rests.is_empty() && (is_folder || self.desk.access.is_folder(&folder.join(&name))) {
                inner.push((name, rests));
            }
        }
        for (name, rests) in inner {
            self.folder(&folder.join(&name), &join(shown, &name), &rests, depth + 1)?;
        }
        Ok(())
    }

    /// One more name, and so many steps to match it.
    fn count(&mut self, looks: usize, folder: &Path) -> Result<(), FileFault> {
        self.names += 1;
        self.looks += looks;
        if self.names > MOST_NAMES || self.looks > MOST_LOOKS {
            let why = format!("the pattern looks at more than {MOST_NAMES} names, or at fewer in too many ways");
            return Err(FileFault::Unreadable(folder.to_owned(), why));
        }
        Ok(())
    }

    fn literal(&mut self, folder: &Path, shown: &str, steps: &[Step], depth: usize) -> Result<(), FileFault> {
        let Some((step, rest)) = steps.split_first() else { return Ok(()) };
        let path = folder.join(&step.text);
        if !rest.is_empty() {
            return self.folder(&path, &join(shown, &step.text), &[rest], depth + 1);
        }
        match self.desk.access.resolve(&path) {
            Ok(_) => self.add(join(shown, &step.text)),
            Err(fault @ FileFault::Outside(_)) => return Err(fault),
            Err(_) => {}
        }
        Ok(())
    }

    fn add(&mut self, shown: String) {
        if self.known.insert(shown.clone()) {
            self.found.push(shown);
        }
    }
}

/// Whether a name ends one of the patterns, and what remains of them below it, each remainder once.
fn step_over<'p>(patterns: &[&'p [Step]], name: &str, is_folder: bool) -> (bool, Vec<&'p [Step]>) {
    let (mut ends, mut rests, mut known) = (false, Vec::new(), HashSet::new());
    let mut remains = |rest: &'p [Step]| {
        if known.insert(rest.as_ptr()) {
            rests.push(rest);
        }
    };
    for steps in patterns {
        let Some((first, after)) = steps.split_first() else { continue };
        let is_deep = first.is_any_depth();
        // It stands for no folder, too: what follows it may begin here.
        let here = if is_deep { after } else { *steps };
        ends |= is_deep && after.is_empty() && !name.starts_with('.');
        if let Some((_, rest)) = here.split_first().filter(|(step, _)| step.fits(name)) {
            ends |= rest.is_empty();
            if !rest.is_empty() {
                remains(rest);
            }
        }
        if is_deep && is_folder && !name.starts_with('.') {
            remains(steps);
        }
    }
    (ends, rests)
}

fn join(shown: &str, name: &str) -> String {
    if shown.is_empty() || shown.ends_with('/') { format!("{shown}{name}") } else { format!("{shown}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_with_a_comma_are_alternatives() {
        let check = |pattern: &str, expect: &[&str]| {
            assert_eq!(alternatives(pattern).as_deref().unwrap_or_default(), expect, "{pattern}");
        };
        check("a", &["a"]);
        check("a{b,c}d", &["abd", "acd"]);
        check("{a,b{c,d}}", &["a", "bc", "bd"]);
        check("{{name}}.txt", &["{{name}}.txt"]);
        check("{a}", &["{a}"]);
        check("{a,b", &["{a,b"]);
        assert_eq!(alternatives(&"{a,b}".repeat(9)).map(|found| found.len()), Some(512));
        for many in [10, 800] {
            assert_eq!(alternatives(&"{a,b}".repeat(many)), None, "{many}");
        }
    }

    #[test]
    fn what_remains_of_a_pattern_remains_once() {
        let pattern = steps(&format!("{}x", "**/".repeat(20_000)));
        assert_eq!(pattern.len(), 2);
        let pattern = steps(&"**/*/".repeat(9));
        let mut patterns = vec![&pattern[..]];
        for _ in 0..30 {
            patterns = step_over(&patterns, "folder", true).1;
        }
        assert_eq!(patterns.len(), 9, "one for each of its `**`");
    }

    #[test]
    fn braces_alone_are_no_wildcards() {
        assert!(has_magic("a*") && has_magic("a?") && has_magic("[ab].txt") && has_magic("@(a|b)"));
        assert!(!has_magic("{a,b}") && !has_magic("[a") && !has_magic("a/b.txt"));
    }
}
