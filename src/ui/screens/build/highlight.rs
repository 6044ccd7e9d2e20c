//! Colours in templates: what is text, what is a tag, and where a mistake stands.

use std::ops::Range;
use std::sync::Arc;

use egui::cache::{ComputerMut, FrameCache};
use egui::text::{LayoutJob, TextFormat};
use egui::{FontFamily, FontId, Galley, Stroke, Ui};

use crate::ui::theme::{Theme, Tone};

/// Text longer than this is shown plain, so that typing in it stays quick.
const MOST: usize = 400_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Ink {
    Text,
    /// `{{`, `%}` and the marks between names.
    Mark,
    Name,
    Keyword,
    Literal,
    Comment,
}

/// A place in the text, line and column from 1, and how bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Slip {
    pub line: u32,
    pub column: u32,
    pub error: bool,
}

const KEYWORDS: [&str; 24] = [
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "in",
    "not",
    "and",
    "or",
    "is",
    "set",
    "endset",
    "with",
    "endwith",
    "filter",
    "endfilter",
    "raw",
    "endraw",
    "true",
    "false",
    "none",
    "defined",
    "macro",
];

/// The laid out text; laid out anew only when it or the theme changes.
pub(super) fn galley(ui: &Ui, text: &str, width: f32, slips: &[Slip]) -> Arc<Galley> {
    let dark = ui.visuals().dark_mode;
    let mut job = ui.ctx().memory_mut(|memory| memory.caches.cache::<Cache>().get((text, dark, slips)).clone());
    job.wrap.max_width = width;
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

type Cache = FrameCache<LayoutJob, Painter>;

#[derive(Default)]
struct Painter;

impl ComputerMut<(&str, bool, &[Slip]), LayoutJob> for Painter {
    fn compute(&mut self, (text, dark, slips): (&str, bool, &[Slip])) -> LayoutJob {
        job(text, Theme::dark_or_light(dark), slips)
    }
}

fn job(text: &str, theme: &Theme, slips: &[Slip]) -> LayoutJob {
    let font = FontId::new(theme.size.text.mono, FontFamily::Monospace);
    let wrong: Vec<(Range<usize>, bool)> = slips.iter().map(|slip| (word_at(text, *slip), slip.error)).collect();
    let mut job = LayoutJob::default();
    for (range, ink) in inks(text) {
        let mut format = TextFormat { font_id: font.clone(), color: colour(ink, theme), ..TextFormat::default() };
        format.italics = ink == Ink::Comment;
        if let Some((_, error)) = wrong.iter().find(|(wrong, _)| wrong.start < range.end && range.start < wrong.end) {
            let tone = if *error { Tone::Fail } else { Tone::Warning };
            format.underline = Stroke::new(2.0, theme.tone(tone).0);
        }
        job.append(&text[range], 0.0, format);
    }
    job
}

fn colour(ink: Ink, theme: &Theme) -> egui::Color32 {
    match ink {
        Ink::Text => theme.texts.plain,
        Ink::Mark | Ink::Comment => theme.texts.faint,
        Ink::Name => theme.accent.plain,
        Ink::Keyword => theme.layer("Examples"),
        Ink::Literal => theme.layer("History"),
    }
}

/// The text cut into stretches of one ink; together they are the whole text.
pub(super) fn inks(text: &str) -> Vec<(Range<usize>, Ink)> {
    let mut found = Vec::new();
    if text.len() > MOST {
        return vec![(0..text.len(), Ink::Text)];
    }
    let mut at = 0;
    while at < text.len() {
        let Some(open) = next_open(text, at) else { break };
        push(&mut found, at..open, Ink::Text);
        at = match text.as_bytes()[open + 1] {
            b'#' => {
                let end = text[open..].find("#}").map_or(text.len(), |end| open + end + 2);
                push(&mut found, open..end, Ink::Comment);
                end
            }
            b'{' => tag(text, open, "}}", &mut found),
            _ => {
                let end = tag(text, open, "%}", &mut found);
                let inner = text[open + 2..end].trim_start_matches(['-', '+']).trim_start();
                if inner.starts_with("raw") { raw(text, end, &mut found) } else { end }
            }
        };
    }
    push(&mut found, at..text.len(), Ink::Text);
    found
}

fn push(found: &mut Vec<(Range<usize>, Ink)>, range: Range<usize>, ink: Ink) {
    if !range.is_empty() {
        found.push((range, ink));
    }
}

fn next_open(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    (from..bytes.len().saturating_sub(1)).find(|&at| bytes[at] == b'{' && matches!(bytes[at + 1], b'{' | b'%' | b'#'))
}

/// Text up to `{% endraw %}` is text, whatever stands in it.
fn raw(text: &str, from: usize, found: &mut Vec<(Range<usize>, Ink)>) -> usize {
    let ends = text[from..].match_indices("{%").map(|(at, _)| from + at);
    let is_end = |at: &usize| {
        let inner = text[at + 2..].trim_start_matches(['-', '+']).trim_start();
        inner.starts_with("endraw")
    };
    let end = ends.into_iter().find(is_end).unwrap_or(text.len());
    push(found, from..end, Ink::Text);
    end
}

/// One tag from its opening to its closing; a quote hides what looks like a closing. Returns where it ends.
fn tag(text: &str, open: usize, close: &str, found: &mut Vec<(Range<usize>, Ink)>) -> usize {
    push(found, open..open + 2, Ink::Mark);
    let mut at = open + 2;
    let mut before = None;
    while let Some(letter) = text[at..].chars().next() {
        if text[at..].starts_with(close) {
            push(found, at..at + 2, Ink::Mark);
            return at + 2;
        }
        let rest = &text[at..];
        let (length, ink) = match letter {
            '"' | '\'' => (quoted(rest, letter), Ink::Literal),
            '0'..='9' => (run(rest, |c| c.is_ascii_digit() || c == '.'), Ink::Literal),
            c if c.is_alphabetic() || c == '_' => {
                let length = run(rest, |c| c.is_alphanumeric() || c == '_');
                let word = &rest[..length];
                let keyword = KEYWORDS.contains(&word) && before != Some('.');
                // What stands after a bar is a filter.
                (length, if keyword || before == Some('|') { Ink::Keyword } else { Ink::Name })
            }
            c => (c.len_utf8(), Ink::Mark),
        };
        if !letter.is_whitespace() {
            before = Some(letter);
        }
        push(found, at..at + length, ink);
        at += length;
    }
    at
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn run(rest: &str, takes: impl Fn(char) -> bool) -> usize {
    rest.find(|c| !takes(c)).unwrap_or(rest.len())
}

/// The word at a place, or its character where no word stands there.
fn word_at(text: &str, slip: Slip) -> Range<usize> {
    let line = slip.line.saturating_sub(1) as usize;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    let column = slip.column.saturating_sub(1) as usize;
    let from = start + rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    let word = run(&text[from..], |c| c.is_alphanumeric() || c == '_' || c == '.');
    let length = if word > 0 { word } else { text[from..].chars().next().map_or(0, char::len_utf8) };
    from..from + length
}

/// Whether the cursor (a byte offset) stands inside a tag that is open, and whether that tag is closed later.
pub(super) fn inside_tag(text: &str, cursor: usize) -> Option<bool> {
    let before = &text[..cursor];
    let open = before.rfind("{{").max(before.rfind("{%"))?;
    let closed = before[open..].contains("}}") || before[open..].contains("%}");
    let after = &text[cursor..];
    let end = after.find("}}").into_iter().chain(after.find("%}")).min();
    let next = after.find("{{").into_iter().chain(after.find("{%")).chain(after.find('\n')).min();
    (!closed).then(|| end.is_some_and(|end| next.is_none_or(|next| end < next)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stretches as `ink:text`, text alone as it is.
    fn shown(text: &str) -> Vec<String> {
        let stretches = inks(text);
        let whole: String = stretches.iter().map(|(range, _)| &text[range.clone()]).collect();
        assert_eq!(whole, text);
        let visible = |(range, _): &(Range<usize>, Ink)| !text[range.clone()].trim().is_empty();
        stretches
            .into_iter()
            .filter(visible)
            .map(|(range, ink)| match ink {
                Ink::Text => text[range].to_owned(),
                ink => format!("{ink:?}:{}", &text[range]),
            })
            .collect()
    }

    #[test]
    fn tags_are_told_from_text() {
        assert_eq!(shown("Hi {{ name }}!"), ["Hi ", "Mark:{{", "Name:name", "Mark:}}", "!"]);
        assert_eq!(shown("{% if a.if %}x"), ["Mark:{%", "Keyword:if", "Name:a", "Mark:.", "Name:if", "Mark:%}", "x"]);
        assert_eq!(shown("{# {{ no }} #}y"), ["Comment:{# {{ no }} #}", "y"]);
        assert_eq!(shown("{{ a|upper }}"), ["Mark:{{", "Name:a", "Mark:|", "Keyword:upper", "Mark:}}"]);
    }

    #[test]
    fn a_closing_in_quotes_closes_nothing() {
        assert_eq!(shown(r#"{{ a ~ "}}\"" }}z"#), ["Mark:{{", "Name:a", "Mark:~", r#"Literal:"}}\"""#, "Mark:}}", "z"]);
    }

    #[test]
    fn raw_text_is_text() {
        assert_eq!(
            shown("{% raw %}{{ a }}{%- endraw %}b"),
            ["Mark:{%", "Keyword:raw", "Mark:%}", "{{ a }}", "Mark:{%", "Mark:-", "Keyword:endraw", "Mark:%}", "b"]
        );
        assert_eq!(shown("{% raw %}{{ a"), ["Mark:{%", "Keyword:raw", "Mark:%}", "{{ a"]);
    }

    #[test]
    fn unfinished_and_foreign_text_is_kept_whole() {
        for text in ["{{", "{", "{{ ", "{{ 'é", "日本 {{ 名前 }}", "{%", "{#", "{{ a", "}} %}"] {
            shown(text);
        }
    }

    #[test]
    fn a_slip_covers_its_word() {
        let word = |text: &str, line, column| text[word_at(text, Slip { line, column, error: true })].to_owned();
        assert_eq!(word("é {{ qestion }}", 1, 6), "qestion");
        assert_eq!(word("a\nb {{ x.y }}", 2, 6), "x.y");
        assert_eq!(word("a", 7, 9), "");
    }

    #[test]
    fn a_cursor_knows_whether_it_is_in_a_tag() {
        let check = |text: &str, expect| {
            let cursor = text.find('|').unwrap_or(0);
            assert_eq!(inside_tag(&text.replacen('|', "", 1), cursor), expect, "{text}");
        };
        check("a | b", None);
        check("{{ na|", Some(false));
        check("{{ na| }}", Some(true));
        check("{{ a }} b|", None);
        check("{{ |\n{{ b }}", Some(false));
        check("{% if x|", Some(false));
    }
}
