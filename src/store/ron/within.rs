//! Where a character of a text stands in the file that holds the text.

use super::syntax::{Node, Parser, Shape};

/// The byte offset in the source of the character at this line and column (both from 1) of a text; the text's end where
/// it is shorter, and the node's start where it is no text.
pub fn within(source: &str, text: &Node, line: u32, column: u32) -> usize {
    if !matches!(text.shape, Shape::Text(_)) {
        return text.span.start;
    }
    let mut walk = Walk { parser: Parser::at(source, text.span.start), line: 1, column: 1 };
    let raw = walk.open();
    while (walk.line, walk.column) < (line, column) && walk.parser.at < text.span.end {
        if !walk.step(raw) {
            break;
        }
    }
    walk.parser.at
}

/// A position in the source with the position in the decoded text that it stands for.
struct Walk<'s> {
    parser: Parser<'s>,
    line: u32,
    column: u32,
}

impl Walk<'_> {
    /// Goes behind the opening quote; true for a raw string.
    fn open(&mut self) -> bool {
        let source = self.parser.source;
        let quote = source[self.parser.at..].find('"').map_or(source.len(), |quote| self.parser.at + quote);
        let raw = source[self.parser.at..].starts_with('r');
        self.parser.at = source.len().min(quote + 1);
        raw
    }

    /// Goes on by a character of the source, or by an escape; false where the text ends.
    fn step(&mut self, raw: bool) -> bool {
        let Some(next) = self.parser.peek() else { return false };
        if next == '"' && !raw {
            return false;
        }
        self.parser.at += next.len_utf8();
        if next == '\\' && !raw {
            let mut decoded = String::new();
            if self.parser.escape(&mut decoded).is_err() {
                return false;
            }
            decoded.chars().for_each(|read| self.count(read));
        } else {
            self.count(next);
        }
        true
    }

    fn count(&mut self, read: char) {
        if read == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ron::{Tree, locate};

    #[test]
    fn a_place_in_a_text_is_a_place_in_the_file() {
        let check = |source: &str, (line, column), expect| {
            let tree = Tree::parse(source).unwrap();
            let text = tree.find(&["text"]).unwrap();
            assert_eq!(locate(source, within(source, text, line, column)), expect, "{source}");
        };
        check("(text: \"a {{ b }}\")", (1, 6), (1, 14));
        check("(\n    text: r#\"a\nbc \"x\" d\"#,\n)", (1, 1), (2, 14));
        check("(\n    text: r#\"a\nbc \"x\" d\"#,\n)", (2, 4), (3, 4));
        check("(text: \"a\\n\\u{e9}\\x41b\")", (2, 3), (1, 22));
        check("(text: \"a\\\n      b\")", (1, 2), (1, 10));
        check("(text: \"é c\")", (1, 3), (1, 11));
        check("(text: \"short\")", (4, 1), (1, 14));
        check("(text: 3)", (2, 2), (1, 8));
    }
}
