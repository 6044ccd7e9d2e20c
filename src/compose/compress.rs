//! Lossless compression: white space and repetition that say nothing are taken out.

use std::collections::BTreeSet;

use super::tokens::{Tokenizer, count_tokens};

/// A text made shorter, with what it saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compressed {
    pub text: String,
    pub tokens_before: usize,
    pub tokens_after: usize,
}

/// Takes out trailing space, runs of blank lines and sections that were said before. Fenced code is left as it is.
#[must_use]
pub fn compress(text: &str, tokenizer: Tokenizer) -> Compressed {
    let tidy = without_blank_runs(text);
    let text_after = without_repeated_sections(&tidy);
    Compressed {
        tokens_before: count_tokens(tokenizer, text),
        tokens_after: count_tokens(tokenizer, &text_after),
        text: text_after,
    }
}

fn without_blank_runs(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut code = Code::default();
    for line in text.lines() {
        if code.holds(line) {
            lines.push(line);
            continue;
        }
        let line = line.trim_end();
        let blank_before = lines.last().is_none_or(|last| last.is_empty());
        if !(line.is_empty() && blank_before) {
            lines.push(line);
        }
    }
    lines.join("\n").trim_end().to_owned()
}

/// A section is a heading with all that stands under it up to the next heading of any level.
fn without_repeated_sections(text: &str) -> String {
    let mut seen = BTreeSet::new();
    let mut kept: Vec<String> = Vec::new();
    for section in sections(text) {
        let is_headed = section.starts_with('#');
        let says_something = section.trim().contains('\n');
        if !(is_headed && says_something) || seen.insert(section.trim().to_owned()) {
            kept.push(section);
        }
    }
    kept.join("\n").trim_end().to_owned()
}

fn sections(text: &str) -> Vec<String> {
    let mut sections: Vec<Vec<&str>> = vec![Vec::new()];
    let mut code = Code::default();
    for line in text.lines() {
        let starts = !code.holds(line) && is_heading(line);
        if starts {
            sections.push(Vec::new());
        }
        if let Some(section) = sections.last_mut() {
            section.push(line);
        }
    }
    sections.into_iter().filter(|lines| !lines.is_empty()).map(|lines| lines.join("\n")).collect()
}

fn is_heading(line: &str) -> bool {
    let level = line.bytes().take_while(|&byte| byte == b'#').count();
    (1..=6).contains(&level) && line[level..].starts_with(' ')
}

/// Whether a line is in a fenced block, its delimiters included.
#[derive(Default)]
struct Code {
    open: Option<&'static str>,
}

impl Code {
    fn holds(&mut self, line: &str) -> bool {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (self.open, mark) {
            (Some(open), Some(mark)) if open == mark => {
                self.open = None;
                true
            }
            (Some(_), _) => true,
            (None, Some(mark)) => {
                self.open = Some(mark);
                true
            }
            (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_is_taken_out() {
        let check = |text: &str, expect: &str| {
            let shorter = compress(text, Tokenizer::O200k);
            assert_eq!(shorter.text, expect, "{text:?}");
            assert!(shorter.tokens_after <= shorter.tokens_before, "{shorter:?}");
        };
        check("a  \n\n\n\nb\t\n\n", "a\n\nb");
        check("\n\na", "a");
        check("```\nx  \n\n\n\ny\n```", "```\nx  \n\n\n\ny\n```");
        check("## A\n\nSame.\n\n## B\n\nOther.\n\n## A\n\nSame.", "## A\n\nSame.\n\n## B\n\nOther.");
        check("## A\n\nOne.\n\n## A\n\nTwo.", "## A\n\nOne.\n\n## A\n\nTwo.");
        check("## A\n## B\n## A", "## A\n## B\n## A");
        check("```\n# x\ny\n```\n```\n# x\ny\n```", "```\n# x\ny\n```\n```\n# x\ny\n```");
        check("", "");
    }
}
