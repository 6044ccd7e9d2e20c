//! Texts with slots, from the ways in which other tools write them, into Strata's templates.
//!
//! Each reader gives [`Words`]: literal text, slots, and statements. What of it looks like a tag is guarded when it is
//! [written](Words::template), so that the text that is sent is the text that stood there.

mod braces;
mod mustache;
mod simple;
mod substitutions;

pub(super) use braces::{chainforge, double_braces, double_braces_as, python_format};
pub(super) use mustache::mustache;
pub(super) use substitutions::substitutions;

/// The most notes on one text.
const MOST_NOTES: usize = 50;

/// The longest slot that is looked for, in bytes: a brace that opens is text where none closes within it.
const LONGEST_SLOT: usize = 400;

/// The beginning of a text in which a slot must end.
fn near(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST_SLOT)]
}

/// A text in pieces.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Words {
    pub pieces: Vec<Piece>,
    /// What is not quite as it was, as sentences.
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// As it stands, whatever is in it.
    Text(String),
    /// An expression: `{{ … }}`.
    Slot(String),
    /// A statement: `{% … %}`.
    Tag(String),
    /// A template already.
    Ready(String),
}

impl Words {
    /// Text without any slot.
    pub fn literal(text: &str) -> Self {
        Self { pieces: vec![Piece::Text(text.to_owned())], notes: Vec::new() }
    }

    /// Text that is a template already.
    pub fn ready(template: &str) -> Self {
        Self { pieces: vec![Piece::Ready(template.to_owned())], notes: Vec::new() }
    }

    pub fn slot(expression: &str) -> Self {
        Self { pieces: vec![Piece::Slot(expression.to_owned())], notes: Vec::new() }
    }

    fn text(&mut self, text: &str) {
        match self.pieces.last_mut() {
            _ if text.is_empty() => {}
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn push_slot(&mut self, expression: String) {
        self.pieces.push(Piece::Slot(expression));
    }

    fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if self.notes.len() < MOST_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The variable, where the text is one slot and nothing else.
    pub fn only_slot(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Slot(expression)] => Some(expression),
            _ => None,
        }
    }

    /// As a template.
    pub fn template(&self) -> String {
        let mut out = String::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => {
                    let before_tag =
                        matches!(self.pieces.get(index + 1), Some(next) if !matches!(next, Piece::Text(_)));
                    out.push_str(&guarded(text, before_tag));
                }
                Piece::Slot(expression) => {
                    out.push_str("{{ ");
                    out.push_str(expression);
                    out.push_str(" }}");
                }
                Piece::Tag(statement) => {
                    out.push_str("{% ");
                    out.push_str(statement);
                    out.push_str(" %}");
                }
                Piece::Ready(template) => out.push_str(template),
            }
        }
        out
    }
}

/// The template that renders to `text`. Before a tag an open brace must not touch it.
fn guarded(text: &str, before_tag: bool) -> String {
    let has_tags = ["{{", "{%", "{#"].iter().any(|open| text.contains(open));
    if !(has_tags || before_tag && text.ends_with('{')) {
        return text.to_owned();
    }
    if text.contains("endraw") {
        return text.replace('{', "{{ '{' }}");
    }
    format!("{{% raw %}}{text}{{% endraw %}}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compose::render_template;
    use crate::domain::Case;

    #[test]
    fn what_looks_like_a_tag_is_guarded() {
        let slot = || Piece::Slot("x".to_owned());
        let check = |pieces: Vec<Piece>, expect: &str| {
            assert_eq!(Words { pieces, notes: Vec::new() }.template(), expect);
        };
        check(vec![Piece::Text("{\"a\": 1}".to_owned())], "{\"a\": 1}");
        check(vec![Piece::Text("{".to_owned()), slot(), Piece::Text("}".to_owned())], "{% raw %}{{% endraw %}{{ x }}}");
        check(vec![Piece::Text("{{ y }}".to_owned())], "{% raw %}{{ y }}{% endraw %}");
    }

    #[test]
    fn long_runs_of_marks_are_read_to_their_end() {
        let none = serde_json::Map::new();
        for mark in ["{{", "{", "${", "{{#a}}", "}", "\\", "{a"] {
            let text = mark.repeat(10_000);
            for words in [
                double_braces(&text),
                python_format(&text),
                chainforge(&text),
                substitutions(&text),
                mustache(&text, &none),
            ] {
                assert!(words.notes.len() <= MOST_NOTES);
            }
        }
    }

    proptest! {
        #[test]
        fn a_literal_renders_to_itself(text in "[{}%# a-drw\n]{0,40}", tail in "[{}]{0,3}") {
            let pieces = vec![
                Piece::Text(format!("{text}{tail}")),
                Piece::Slot("'x'".to_owned()),
                Piece::Text(text.clone()),
            ];
            let template = Words { pieces, notes: Vec::new() }.template();
            prop_assert_eq!(render_template(&template, &Case::default()), Ok(format!("{text}{tail}x{text}")));
        }

        #[test]
        fn any_text_can_be_read_in_every_way(text in "[{}$#\\\\!:.^/=&>a-c \n]{0,60}") {
            let none = serde_json::Map::new();
            for words in [
                double_braces(&text), python_format(&text), chainforge(&text), substitutions(&text), mustache(&text, &none),
            ] {
                let _ = words.template();
            }
        }
    }
}
