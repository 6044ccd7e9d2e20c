//! Objects inside a text: for each opening brace the shortest span whose braces balance, read as YAML.
//!
//! Quotes are not looked at when braces are counted, so a brace inside a string ends or lengthens a span. Where the text
//! ends first, the braces that are missing are added.

use serde_json::Value;

use crate::scoring::yaml;

/// A span may be this many UTF-16 units long; a longer one is cut here and its braces closed.
const LONGEST: usize = 100_000;

/// All spans together that are read, beyond a multiple of the text: where most braces lead nowhere, it ends here.
const SPARE: usize = 4 << 20;

/// Deeper spans are no objects: YAML is not read so deep either.
const DEEPEST: usize = 100;

/// What stands in the text, in order. What lies inside an object that was found is not looked for again.
pub(super) fn objects(text: &str) -> Vec<Value> {
    let braces = braces(text);
    let mut found = Vec::new();
    let mut budget = 4 * text.len() + SPARE;
    let mut done = 0;
    for (index, brace) in braces.iter().enumerate() {
        // A brace that is the last character is never looked behind.
        let in_question = brace.opens && brace.at >= done && brace.depth <= DEEPEST && brace.at + 1 < text.len();
        if !in_question {
            continue;
        }
        let span = Span::of(text, &braces[index..]);
        let Some(left) = budget.checked_sub(span.end - span.start) else { break };
        budget = left;
        if let Some(object) = span.read(text) {
            found.push(object);
            done = span.end;
        }
    }
    found
}

/// A brace, and how deep it goes until the one that closes it.
#[derive(Debug, Clone, Copy)]
struct Brace {
    at: usize,
    opens: bool,
    partner: Option<usize>,
    depth: usize,
}

/// All braces of a text in order, so that no span is walked twice.
fn braces(text: &str) -> Vec<Brace> {
    let mut braces: Vec<Brace> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        if byte == b'{' {
            open.push(braces.len());
            braces.push(Brace { at, opens: true, partner: None, depth: 1 });
        } else if byte == b'}' {
            if let Some(opening) = open.pop() {
                braces[opening].partner = Some(at);
                let depth = braces[opening].depth + 1;
                if let Some(outer) = open.last() {
                    braces[*outer].depth = braces[*outer].depth.max(depth);
                }
            }
            braces.push(Brace { at, opens: false, partner: None, depth: 0 });
        }
    }
    // What is never closed encloses all that follows it.
    let mut depth = 0;
    for opening in open.into_iter().rev() {
        depth = braces[opening].depth.max(depth + 1);
        braces[opening].depth = depth;
    }
    braces
}

#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    /// Closing braces to add.
    missing: usize,
}

impl Span {
    /// From the first of these braces on.
    fn of(text: &str, braces: &[Brace]) -> Self {
        let start = braces[0].at;
        match braces[0].partner {
            Some(partner) if partner - start < LONGEST => Self { start, end: partner + 1, missing: 0 },
            partner => {
                let limit = units_after(text, start, LONGEST);
                let inside = |place: usize| place < limit;
                if let Some(partner) = partner.filter(|partner| inside(*partner)) {
                    return Self { start, end: partner + 1, missing: 0 };
                }
                let missing = braces
                    .iter()
                    .take_while(|brace| inside(brace.at))
                    .fold(0_usize, |open, brace| if brace.opens { open + 1 } else { open.saturating_sub(1) });
                Self { start, end: limit, missing }
            }
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        let mut candidate = hashed(&text[self.start..self.end]);
        candidate.extend(std::iter::repeat_n('}', self.missing));
        yaml::read_json_mode(&candidate).ok().filter(|value| value.is_object() || value.is_array())
    }
}

/// The place that lies so many UTF-16 units after another, or the end.
fn units_after(text: &str, start: usize, units: usize) -> usize {
    if text.len() - start <= units {
        return text.len();
    }
    let mut left = units;
    for (at, character) in text[start..].char_indices() {
        let Some(rest) = left.checked_sub(character.len_utf16()) else { return start + at };
        left = rest;
    }
    text.len()
}

/// Comments of two slashes, made comments of YAML, line by line; not inside quotes.
fn hashed(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        hash_line(line, &mut out);
    }
    out
}

fn hash_line(line: &str, out: &mut String) {
    let mut quote = None;
    let mut before = None;
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let after_letter = before.is_some_and(|before: char| before.is_ascii_alphabetic());
        match (quote, character) {
            (None, '\'') if !after_letter => quote = Some('\''),
            (None, '"') => quote = Some('"'),
            (None, '/') if next == Some('/') => {
                let slashes = line[at..].bytes().take_while(|byte| *byte == b'/').count();
                out.extend(std::iter::repeat_n('#', slashes / 2));
                out.push_str(&line[at + slashes..]);
                return;
            }
            (Some('\''), '\'')
                if before != Some('\\') && !next.is_some_and(|next: char| next.is_ascii_alphabetic()) =>
            {
                quote = None;
            }
            (Some('"'), '"') if before != Some('\\') => quote = None,
            _ => {}
        }
        out.push(character);
        before = Some(character);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_are_found_in_prose_and_in_fences() {
        let check = |text: &str, expect: &[Value]| assert_eq!(objects(text), expect, "{text:?}");
        check("Sure: {\"x\": 1}, then {\"y\": [2, 3]}.", &[json!({"x": 1}), json!({"y": [2, 3]})]);
        check("```json\n{\"x\": {\"y\": null}}\n```", &[json!({"x": {"y": null}})]);
        check("[{\"x\": 1}, {\"x\": 2}]", &[json!({"x": 1}), json!({"x": 2})]);
        check("[1, 2] and \"text\" and 7", &[]);
        check("", &[]);
        check("{", &[]);
        check("}{", &[]);
    }

    #[test]
    fn reading_is_as_lenient_as_yaml() {
        let check = |text: &str, expect: Value| assert_eq!(objects(text), [expect], "{text:?}");
        check("{'x': 1, y: two,}", json!({"x": 1, "y": "two"}));
        check("{\"x\": 1, \"x\": 2}", json!({"x": 2}));
        check("{\"x\": 1, // one\n\"u\": \"http://h/p\"}", json!({"x": 1, "u": "http://h/p"}));
        check("{plain}", json!({"plain": null}));
    }

    #[test]
    fn braces_in_strings_mislead_and_missing_ones_are_added() {
        assert_eq!(objects("{\"x\": \"}\"}"), [] as [Value; 0]);
        assert_eq!(objects("say {\"x\": {\"y\": 1"), [json!({"x": {"y": 1}})]);
    }

    #[test]
    fn slashes_become_hashes_outside_quotes() {
        let check = |line: &str, expect: &str| assert_eq!(hashed(line), expect);
        check("a // b", "a # b");
        check("\"a // b\" //// c", "\"a // b\" ## c");
        check("it's // so", "it's # so");
        check("'it // \\' x' // y", "'it // \\' x' # y");
    }

    #[test]
    fn a_flood_of_braces_ends_soon() {
        for text in ["{".repeat(100_000), "{a:".repeat(50_000), "{}".repeat(5_000), "{{x}} ".repeat(5_000)] {
            objects(&text);
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[{}\\[\\]\"':,/ a\\n\\\\é😀-]{0,60}") {
            objects(&text);
        }
    }
}
