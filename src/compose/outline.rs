//! Parts of a layer become headed Markdown. A part without text leaves nothing behind, not even its heading.

use std::borrow::Cow;

use crate::domain::{HistoryWindow, Retrieved};

/// A string of a layer: plain, or a template by its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slot {
    Plain(String),
    Template(usize),
}

/// Takes the strings of a layer as its kind's file walks through it.
pub(super) trait Slots {
    /// `field` names the string inside the layer (`identity.role`), for messages.
    fn slot(&mut self, source: &str, field: &str) -> Slot;

    fn slots(&mut self, sources: &[String], field: &str) -> Vec<Slot> {
        sources.iter().zip(1..).map(|(source, item)| self.slot(source, &format!("{field}.{item}"))).collect()
    }

    /// A variable that the layer uses as a whole, not through a template.
    fn variable(&mut self, name: &str, field: &str);
}

#[derive(Debug, Clone)]
pub(super) enum Part {
    /// A heading over parts; without any text in them, nothing.
    Section {
        heading: &'static str,
        parts: Vec<Part>,
    },
    Paragraph(Slot),
    /// `- Label: text`
    Item {
        label: Cow<'static, str>,
        value: Slot,
    },
    /// A lead and one `-` line each.
    List {
        lead: &'static str,
        items: Vec<Slot>,
    },
    /// One line each where the value is one, else a heading over the value.
    Inputs(Vec<(String, Slot)>),
    Examples(Vec<(Slot, Slot)>),
    Documents(Retrieved),
    Turns(HistoryWindow),
}

impl Part {
    pub(super) fn item(label: impl Into<Cow<'static, str>>, value: Slot) -> Self {
        Self::Item { label: label.into(), value }
    }

    /// Whether the part is the same for every case.
    pub(super) fn is_constant(&self) -> bool {
        let plain = |slot: &Slot| matches!(slot, Slot::Plain(_));
        match self {
            Self::Section { parts, .. } => parts.iter().all(Self::is_constant),
            Self::Paragraph(slot) | Self::Item { value: slot, .. } => plain(slot),
            Self::List { items, .. } => items.iter().all(plain),
            Self::Inputs(inputs) => inputs.iter().all(|(_, slot)| plain(slot)),
            Self::Examples(examples) => examples.iter().all(|(input, output)| plain(input) && plain(output)),
            Self::Documents(_) | Self::Turns(_) => false,
        }
    }
}

/// Gives the text of what is not fixed.
pub(super) trait Fill {
    fn text<'s>(&mut self, slot: &'s Slot) -> Cow<'s, str>;
    fn documents(&mut self, retrieved: &Retrieved) -> String;
    fn turns(&mut self, window: &HistoryWindow) -> String;
}

/// The parts as Markdown, without blank lines at either end.
pub(super) fn markdown(parts: &[Part], fill: &mut impl Fill) -> String {
    let mut page = Page::default();
    page.parts(parts, fill);
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    depth: usize,
    in_list: bool,
}

impl Page {
    fn parts(&mut self, parts: &[Part], fill: &mut impl Fill) {
        for part in parts {
            self.part(part, fill);
        }
    }

    fn part(&mut self, part: &Part, fill: &mut impl Fill) {
        match part {
            Part::Section { heading, parts } => self.section(heading, |page| page.parts(parts, fill)),
            Part::Paragraph(slot) => self.paragraph(&fill.text(slot)),
            Part::Item { label, value } => self.item(label, &fill.text(value)),
            Part::List { lead, items } => self.list(lead, items, fill),
            Part::Inputs(inputs) => self.inputs(inputs, fill),
            Part::Examples(examples) => {
                for (index, (input, output)) in examples.iter().enumerate() {
                    self.example(index + 1, &fill.text(input), &fill.text(output));
                }
            }
            Part::Documents(retrieved) => self.paragraph(&fill.documents(retrieved)),
            Part::Turns(window) => self.paragraph(&fill.turns(window)),
        }
    }

    fn section(&mut self, heading: &str, write: impl FnOnce(&mut Self)) {
        let (start, in_list) = (self.text.len(), self.in_list);
        self.open();
        self.text.push_str("##");
        self.text.push_str(&"#".repeat(self.depth));
        self.text.push(' ');
        self.text.push_str(heading);
        let headed = self.text.len();
        self.depth += 1;
        write(self);
        self.depth -= 1;
        if self.text.len() == headed {
            self.text.truncate(start);
            self.in_list = in_list;
        }
    }

    /// Starts a block: a blank line after what stands already.
    fn open(&mut self) {
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        self.in_list = false;
    }

    fn paragraph(&mut self, text: &str) {
        let text = trimmed(text);
        if !text.is_empty() {
            self.open();
            self.text.push_str(text);
        }
    }

    fn item(&mut self, label: &str, text: &str) {
        let text = trimmed(text);
        if !text.is_empty() {
            self.bullet(|out| {
                out.push_str(label);
                out.push_str(": ");
                push_indented(out, text);
            });
        }
    }

    fn bullet(&mut self, write: impl FnOnce(&mut String)) {
        if self.in_list {
            self.text.push('\n');
        } else {
            self.open();
        }
        self.text.push_str("- ");
        write(&mut self.text);
        self.in_list = true;
    }

    fn list(&mut self, lead: &str, items: &[Slot], fill: &mut impl Fill) {
        let mut announced = lead.is_empty();
        for item in items {
            let text = fill.text(item);
            let text = trimmed(&text);
            if text.is_empty() {
                continue;
            }
            if !announced {
                self.open();
                self.text.push_str(lead);
                announced = true;
                self.in_list = true;
            }
            self.bullet(|out| push_indented(out, text));
        }
        self.in_list = self.in_list && lead.is_empty();
    }

    fn inputs(&mut self, inputs: &[(String, Slot)], fill: &mut impl Fill) {
        let texts: Vec<(&str, Cow<'_, str>)> =
            inputs.iter().map(|(name, slot)| (name.as_str(), fill.text(slot))).collect();
        let (long, short): (Vec<_>, Vec<_>) = texts.into_iter().partition(|(_, text)| trimmed(text).contains('\n'));
        for (name, text) in short {
            self.item(name, &text);
        }
        for (name, text) in long {
            self.section(name, |page| page.paragraph(&text));
        }
    }

    fn example(&mut self, number: usize, input: &str, output: &str) {
        self.section(&format!("Example {number}"), |page| {
            page.labelled("Input", input);
            page.labelled("Output", output);
        });
    }

    fn labelled(&mut self, label: &str, text: &str) {
        let text = trimmed(text);
        if !text.is_empty() {
            self.open();
            self.text.push_str(label);
            self.text.push_str(":\n");
            self.text.push_str(text);
        }
    }
}

/// Without blank lines before and white space after; the indentation of the first line stays.
pub(super) fn trimmed(text: &str) -> &str {
    let end = text.trim_end();
    let indent = end.len() - end.trim_start().len();
    end[..indent].rfind('\n').map_or(end, |newline| &end[newline + 1..])
}

/// Lines after the first stand under the item's text.
fn push_indented(out: &mut String, text: &str) {
    for (index, line) in text.trim_start().lines().enumerate() {
        if index > 0 {
            out.push('\n');
            if !line.is_empty() {
                out.push_str("  ");
            }
        }
        out.push_str(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Fill for Nothing {
        fn text<'s>(&mut self, slot: &'s Slot) -> Cow<'s, str> {
            match slot {
                Slot::Plain(text) => Cow::Borrowed(text),
                Slot::Template(_) => Cow::Borrowed(""),
            }
        }

        fn documents(&mut self, _: &Retrieved) -> String {
            String::new()
        }

        fn turns(&mut self, _: &HistoryWindow) -> String {
            String::new()
        }
    }

    fn plain(text: &str) -> Slot {
        Slot::Plain(text.to_owned())
    }

    #[test]
    fn parts_are_written_with_blank_lines_between_blocks() {
        let parts = [
            Part::Section {
                heading: "Top",
                parts: vec![
                    Part::item("A", plain("one\ntwo")),
                    Part::item("B", plain("b")),
                    Part::List { lead: "Lead:", items: vec![plain("x"), plain(" "), plain("y")] },
                    Part::List { lead: "None:", items: vec![plain("")] },
                    Part::Section { heading: "Empty", parts: vec![Part::Paragraph(plain(" \n"))] },
                    Part::Section { heading: "Inner", parts: vec![Part::Paragraph(plain("\n  text \n"))] },
                ],
            },
            Part::Section { heading: "Gone", parts: vec![Part::Paragraph(Slot::Template(0))] },
        ];
        insta::assert_snapshot!(markdown(&parts, &mut Nothing), @r"
        ## Top

        - A: one
          two
        - B: b

        Lead:
        - x
        - y

        ### Inner

          text
        ");
    }

    #[test]
    fn trimming_keeps_the_indentation_of_the_first_line() {
        let check = |text: &str, expect: &str| assert_eq!(trimmed(text), expect, "{text:?}");
        check("\n\n  a\n b \n\n", "  a\n b");
        check("  a", "  a");
        check(" \n ", "");
        check("", "");
    }
}
