//! Changes the text of a definition as little as the change allows: comments, layout and untouched lines stay.
//!
//! The value before and the value after are both serialised and compared by path (fields and map keys by name, list
//! elements by longest common subsequence). What did not change is copied from the source byte for byte; a list element
//! that moved takes its comments along; what is new is laid out like its neighbours. The result is read back before it
//! is given out; where a hand-written file is shaped in a way that cannot be followed, the file is laid out anew.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde::de::DeserializeOwned;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::print::{Layout, to_text, to_tree};
use super::read::{BOM, parse_exactly};
use super::syntax::{Bracket, Group, Member, Node, Shape, Tree};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("the file cannot be read as RON: {0}")]
    Source(String),
    #[error("the definition cannot be written as RON: {0}")]
    Value(String),
}

/// The source, with what differs between `before` (what the source says) and `after` changed.
///
/// # Errors
/// The source is not RON, or the value cannot be written as RON.
pub fn edit<T: Serialize + DeserializeOwned>(source: &str, before: &T, after: &T) -> Result<String, EditError> {
    let (before, wanted) = (to_tree(before).map_err(EditError::Value)?, to_tree(after).map_err(EditError::Value)?);
    if before.root.same(&wanted.root) {
        return Ok(source.to_owned());
    }
    let (bom, body) = source.strip_prefix(BOM).map_or(("", source), |body| (BOM, body));
    let tree = Tree::parse(body).map_err(|error| EditError::Source(error.message))?;
    let editor = Editor { source: body, layout: Layout::of(body) };
    let span = tree.root.span.clone();
    let root = editor.node(&tree.root, &before.root, &wanted.root);
    let edited = format!("{bom}{}{root}{}", &body[..span.start], &body[span.end..]);
    if says::<T>(&edited, &wanted) { Ok(edited) } else { to_text(after).map_err(EditError::Value) }
}

fn says<T: Serialize + DeserializeOwned>(source: &str, wanted: &Tree) -> bool {
    parse_exactly::<T>(source).and_then(|value| to_tree(&value).ok()).is_some_and(|tree| tree.root.same(&wanted.root))
}

struct Editor<'s> {
    source: &'s str,
    layout: Layout,
}

/// Where a member of the new group comes from.
enum Origin<'n> {
    /// The member of the source at this index, rewritten from one value to another.
    Kept {
        index: usize,
        before: &'n Node,
        after: &'n Node,
    },
    New {
        key: Option<&'n Node>,
        value: &'n Node,
    },
}

impl Origin<'_> {
    const fn index(&self) -> Option<usize> {
        match self {
            Self::Kept { index, .. } => Some(*index),
            Self::New { .. } => None,
        }
    }
}

/// The source of one member with everything that belongs to it.
struct Chunk<'s> {
    /// From the end of the chunk before: line breaks, indent, comments above.
    lead: &'s str,
    /// `key: `, if there is a key.
    key: &'s str,
    /// Between the value and the comma.
    gap: &'s str,
    comma: bool,
    /// Behind the comma, to the end of the line, if nothing but a comment stands there.
    trailer: &'s str,
}

impl<'s> Editor<'s> {
    fn text(&self, node: &Node) -> &'s str {
        &self.source[node.span.clone()]
    }

    fn node(&self, source: &Node, before: &Node, after: &Node) -> String {
        if before.same(after) {
            return self.text(source).to_owned();
        }
        if let Some(inner) = unwrapped(source, before) {
            let (span, outer) = (&inner.span, &source.span);
            return format!(
                "{}{}{}",
                &self.source[outer.start..span.start],
                self.node(inner, before, after),
                &self.source[span.end..outer.end]
            );
        }
        self.group(source, before, after).unwrap_or_else(|| self.anew(source, after))
    }

    /// The new value in the place of the old one.
    fn anew(&self, source: &Node, after: &Node) -> String {
        let line_start = self.line_start(source.span.start);
        let used = self.source[line_start..source.span.start].chars().count();
        self.layout.print(after, self.indent_at(source.span.start), used + 1)
    }

    /// A group of the same name and kind, member by member; `None` where the three do not correspond.
    fn group(&self, source: &Node, before: &Node, after: &Node) -> Option<String> {
        let (group, old, new) = (source.group()?, before.group()?, after.group()?);
        let alike = old.name == new.name
            && (old.name.is_none() || old.name == group.name)
            && old.bracket == new.bracket
            && old.bracket == group.bracket;
        if !alike || self.is_hollow(group) {
            return None;
        }
        let keyed = |group: &Group| group.members.iter().all(|member| member.key.is_some());
        let bare = |group: &Group| group.members.iter().all(|member| member.key.is_none());
        let origins = if keyed(group) && keyed(old) && keyed(new) {
            by_key(group, old, new)
        } else if bare(group) && bare(old) && bare(new) && group.members.len() == old.members.len() {
            by_order(old, new, group.bracket)?
        } else {
            return None;
        };
        Some(self.rebuild(source, group, &origins))
    }

    /// Empty, with nothing to keep inside.
    fn is_hollow(&self, group: &Group) -> bool {
        group.members.is_empty() && self.source[group.open + 1..group.close].trim().is_empty()
    }

    fn rebuild(&self, source: &Node, group: &Group, origins: &[Origin<'_>]) -> String {
        let (head, chunks, tail) = self.chunks(group);
        let broken = group
            .members
            .first()
            .map_or(&self.source[group.open..group.close], |first| &self.source[group.open..first.start()]);
        let broken = broken.contains('\n');
        let indent = self.member_indent(source, group);
        let mut text = Builder::new(&self.source[source.span.start..=group.open], &self.layout, &indent, broken);
        text.trivia(head);
        let kept: HashSet<usize> = origins.iter().filter_map(Origin::index).collect();
        let gone = |range: std::ops::Range<usize>| range.filter(|index| !kept.contains(index));
        let first_lead = chunks.first().map_or("", |first| first.lead);
        let last = origins.len().saturating_sub(1);
        let mut reached = 0;
        for (place, origin) in origins.iter().enumerate() {
            match origin {
                Origin::Kept { index, before, after } => {
                    gone(reached..*index).for_each(|gone| text.comments(chunks[gone].lead));
                    reached = reached.max(index + 1);
                    let chunk = &chunks[*index];
                    text.lead(chunk.lead, place == 0, first_lead);
                    text.push(chunk.key);
                    text.push(&self.node(&group.members[*index].value, before, after));
                    text.trivia(chunk.gap);
                    text.comma(place < last || chunk.comma && (broken || *index + 1 == chunks.len()));
                    text.trivia(chunk.trailer);
                }
                Origin::New { key, value } => {
                    text.fresh(place == 0);
                    text.push(&self.layout.member(*key, value, group.bracket, &indent));
                    text.comma(place < last || broken);
                }
            }
        }
        gone(reached..chunks.len()).for_each(|gone| text.comments(chunks[gone].lead));
        text.close(tail);
        text.push(&self.source[group.close..source.span.end]);
        text.text
    }

    /// What stands behind the opening bracket, the members with all that belongs to them, and what stands before the
    /// closing bracket.
    fn chunks(&self, group: &Group) -> (&'s str, Vec<Chunk<'s>>, &'s str) {
        let mut at = self.end_of_line(group.open + 1, group.close);
        let head = &self.source[group.open + 1..at];
        let mut chunks = Vec::with_capacity(group.members.len());
        for member in &group.members {
            let value = &member.value.span;
            let (gap_end, rest) = member.comma.map_or((value.end, value.end), |comma| (comma, comma + 1));
            let end = self.end_of_line(rest, group.close);
            chunks.push(Chunk {
                lead: &self.source[at..member.start()],
                key: &self.source[member.start()..value.start],
                gap: &self.source[value.end..gap_end],
                comma: member.comma.is_some(),
                trailer: &self.source[rest..end],
            });
            at = end;
        }
        (head, chunks, &self.source[at..group.close])
    }

    /// The end of the line, if nothing but blanks and comments stand from `at` to there; else `at`.
    fn end_of_line(&self, at: usize, limit: usize) -> usize {
        let rest = &self.source[at..limit];
        let Some(length) = rest.find('\n') else { return at };
        let line = rest[..length].trim_end_matches('\r');
        let mut left = line.trim_start();
        while let Some(comment) = left.strip_prefix("/*") {
            match comment.split_once("*/") {
                Some((inner, after)) if !inner.contains("/*") => left = after.trim_start(),
                _ => return at,
            }
        }
        if left.is_empty() || left.starts_with("//") { at + line.len() } else { at }
    }

    fn line_start(&self, offset: usize) -> usize {
        self.source[..offset].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// The indent of the line that the offset is on.
    fn indent_at(&self, offset: usize) -> &'s str {
        let line = &self.source[self.line_start(offset)..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    fn member_indent(&self, source: &Node, group: &Group) -> String {
        let own_line =
            |member: &&Member| self.source[self.line_start(member.start())..member.start()].trim().is_empty();
        match group.members.iter().find(own_line) {
            Some(member) => self.indent_at(member.start()).to_owned(),
            None => format!("{}{}", self.indent_at(source.span.start), self.layout.unit),
        }
    }
}

/// Puts the pieces of a group together; keeps commas and line comments apart.
struct Builder<'e> {
    text: String,
    layout: &'e Layout,
    indent: &'e str,
    broken: bool,
    /// The text ends inside a line comment: what follows must begin on a new line.
    in_comment: bool,
}

impl<'e> Builder<'e> {
    fn new(start: &str, layout: &'e Layout, indent: &'e str, broken: bool) -> Self {
        Self { text: start.to_owned(), layout, indent, broken, in_comment: false }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.in_comment = false;
    }

    /// White space and comments.
    fn trivia(&mut self, text: &str) {
        self.text.push_str(text);
        let last = text.rsplit('\n').next().unwrap_or_default();
        self.in_comment = last.contains("//") || self.in_comment && !text.contains('\n');
    }

    fn comma(&mut self, wanted: bool) {
        if wanted {
            self.text.push(',');
        }
    }

    /// Comments above a member that is no more stay where they are.
    fn comments(&mut self, lead: &str) {
        if let Some(end) = lead.rfind('\n')
            && lead[..end].contains("//")
        {
            let kept = lead[..end].trim_end_matches('\r');
            self.trivia(kept);
        }
    }

    fn lead(&mut self, lead: &str, first: bool, first_lead: &str) {
        let blank = lead.trim().is_empty() && !lead.contains('\n');
        let lead = match (first, blank) {
            (true, true) if !first_lead.contains('\n') => first_lead,
            (false, true) if lead.is_empty() => " ",
            _ => lead,
        };
        if !lead.contains('\n') && self.in_comment {
            self.line();
        }
        self.trivia(lead);
    }

    fn fresh(&mut self, first: bool) {
        if self.broken || self.in_comment {
            self.line();
        } else if !first {
            self.text.push(' ');
        }
    }

    fn line(&mut self) {
        self.text.push_str(self.layout.newline);
        self.text.push_str(self.indent);
        self.in_comment = false;
    }

    fn close(&mut self, tail: &str) {
        if self.in_comment && !tail.contains('\n') {
            self.line();
        }
        self.trivia(tail);
    }
}

/// The value inside `Some(…)` where the other side has none, as options are written implicitly.
fn unwrapped<'n>(source: &'n Node, before: &Node) -> Option<&'n Node> {
    let group = source.group().filter(|group| group.name.as_deref() == Some("Some"))?;
    if before.group().is_some_and(|group| group.name.as_deref() == Some("Some")) {
        return None;
    }
    match group.members.as_slice() {
        [only] if only.key.is_none() => Some(&only.value),
        _ => None,
    }
}

/// Fields and map entries: those of the source in their order, new ones behind the one that they follow in the value.
fn by_key<'n>(group: &Group, old: &'n Group, new: &'n Group) -> Vec<Origin<'n>> {
    let find = |group: &'n Group, key: &Node| group.members.iter().find(|member| same_key(member, key));
    let mut origins: Vec<(Option<&Node>, Origin<'n>)> = Vec::new();
    for (index, member) in group.members.iter().enumerate() {
        let Some(key) = &member.key else { continue };
        match (find(old, key), find(new, key)) {
            (Some(before), Some(after)) => {
                origins.push((Some(key), Origin::Kept { index, before: &before.value, after: &after.value }));
            }
            (None, Some(after)) => {
                // Written out although it was the default: replaced as a whole.
                origins.push((Some(key), Origin::Kept { index, before: nothing(), after: &after.value }));
            }
            (None, None) => {
                origins.push((Some(key), Origin::Kept { index, before: nothing(), after: nothing() }));
            }
            (Some(_), None) => {}
        }
    }
    for (place, member) in new.members.iter().enumerate() {
        let Some(key) = &member.key else { continue };
        let known = |origins: &[(Option<&Node>, Origin<'n>)], key: &Node| {
            origins.iter().position(|(known, _)| known.is_some_and(|known| alike(known, key)))
        };
        let written = group.members.iter().any(|member| same_key(member, key));
        let changed = find(old, key).is_none_or(|before| !before.value.same(&member.value));
        if written || !changed {
            continue;
        }
        let mut before = new.members[..place].iter().rev().filter_map(|member| member.key.as_ref());
        let at = before.find_map(|key| known(&origins, key)).map_or(0, |index| index + 1);
        origins.insert(at, (Some(key), Origin::New { key: Some(key), value: &member.value }));
    }
    origins.into_iter().map(|(_, origin)| origin).collect()
}

/// Stands for a value that is not written; it is the same as itself and as nothing else.
fn nothing() -> &'static Node {
    static NOTHING: std::sync::OnceLock<Node> = std::sync::OnceLock::new();
    NOTHING.get_or_init(|| Node { span: 0..0, shape: Shape::Literal(String::new()) })
}

fn same_key(member: &Member, key: &Node) -> bool {
    member.key.as_ref().is_some_and(|own| alike(own, key))
}

fn alike(a: &Node, b: &Node) -> bool {
    a.name().is_some() && a.name() == b.name() || a.same(b)
}

/// Elements of lists, and values in the brackets of a variant.
fn by_order<'n>(old: &'n Group, new: &'n Group, bracket: Bracket) -> Option<Vec<Origin<'n>>> {
    let kept = |index: usize, place: usize| Origin::Kept {
        index,
        before: &old.members[index].value,
        after: &new.members[place].value,
    };
    if bracket == Bracket::Paren {
        return (old.members.len() == new.members.len())
            .then(|| (0..old.members.len()).map(|at| kept(at, at)).collect());
    }
    let (from, to) = numbered(old, new);
    let mut sources: Vec<Option<usize>> = vec![None; to.len()];
    let mut free = Vec::new();
    let mut gaps = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, &from, &to) {
        match op {
            DiffOp::Equal { old_index, new_index, len } => {
                (0..len).for_each(|step| sources[new_index + step] = Some(old_index + step));
            }
            DiffOp::Delete { old_index, old_len, .. } => free.extend(old_index..old_index + old_len),
            DiffOp::Insert { .. } => {}
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                free.extend(old_index..old_index + old_len);
                gaps.push((old_index..old_index + old_len, new_index..new_index + new_len));
            }
        }
    }
    let mut claim = |sources: &mut Vec<Option<usize>>, fits: &dyn Fn(usize, usize) -> bool| {
        for (place, source) in sources.iter_mut().enumerate().filter(|(_, source)| source.is_none()) {
            if let Some(found) = free.iter().position(|index| fits(*index, place)) {
                *source = Some(free.remove(found));
            }
        }
    };
    claim(&mut sources, &|index, place| from[index] == to[place]);
    let identity = |member: &'n Member| member.value.group().and_then(id_of);
    let ids =
        (old.members.iter().map(identity).collect::<Vec<_>>(), new.members.iter().map(identity).collect::<Vec<_>>());
    claim(&mut sources, &|index, place| ids.0[index].is_some() && ids.0[index] == ids.1[place]);
    let kin = |index: usize, place: usize| {
        let (a, b) = (old.members[index].value.group(), new.members[place].value.group());
        ids.0[index].is_none() && ids.1[place].is_none() && a.zip(b).is_some_and(|(a, b)| a.name == b.name)
            || a.is_none() && b.is_none()
    };
    claim(&mut sources, &|index, place| {
        kin(index, place) && gaps.iter().any(|(olds, news)| olds.contains(&index) && news.contains(&place))
    });
    let origin = |(place, source): (usize, &Option<usize>)| match source {
        Some(index) => kept(*index, place),
        None => Origin::New { key: None, value: &new.members[place].value },
    };
    Some(sources.iter().enumerate().map(origin).collect())
}

/// The elements of both lists as numbers that are equal where the elements are.
fn numbered(old: &Group, new: &Group) -> (Vec<usize>, Vec<usize>) {
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut number = |member: &Member| {
        let layout = Layout { unit: String::new(), newline: "\n" };
        let next = numbers.len();
        *numbers.entry(layout.print(&member.value, "", 0)).or_insert(next)
    };
    let from = old.members.iter().map(&mut number).collect();
    let to = new.members.iter().map(&mut number).collect();
    (from, to)
}

fn id_of(group: &Group) -> Option<&str> {
    let id = |name: &str| group.members.iter().find(|member| member.named(name)).and_then(|member| member.value.name());
    id("id").or_else(|| id("name"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::super::{read, samples};
    use super::*;
    use crate::domain::{Dataset, Experiment, Manifest, Prompt, Variant};

    const BY_HAND: &str = include_str!("by_hand.ron");

    fn load<T: DeserializeOwned>(source: &str) -> T {
        let loaded = read::<T>(source.as_bytes(), Path::new("t.ron"));
        loaded.value.unwrap_or_else(|| panic!("{:#?}\n{source}", loaded.problems))
    }

    fn change(source: &str, change: impl FnOnce(&mut Prompt)) -> String {
        let before: Prompt = load(source);
        let mut after = before.clone();
        change(&mut after);
        let edited = edit(source, &before, &after).unwrap();
        assert_eq!(load::<Prompt>(&edited), after, "{edited}");
        edited
    }

    /// Lines that only one side has.
    fn differing(a: &str, b: &str) -> (Vec<String>, Vec<String>) {
        let diff = similar::TextDiff::from_lines(a, b);
        let side = |tag| {
            let of_side = diff.iter_all_changes().filter(move |change| change.tag() == tag);
            of_side.map(|change| change.value().trim_end_matches(['\n', '\r']).to_owned()).collect()
        };
        (side(similar::ChangeTag::Delete), side(similar::ChangeTag::Insert))
    }

    fn lines(text: &[&str]) -> Vec<String> {
        text.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_save_without_a_change_is_the_same_file() {
        for source in [BY_HAND.to_owned(), BY_HAND.replace('\n', "\r\n"), format!("\u{feff}{BY_HAND}")] {
            assert_eq!(change(&source, |_| {}), source);
        }
    }

    #[test]
    fn one_field_changes_one_line() {
        let edited = change(BY_HAND, |prompt| prompt.title = "Sort \"mail\"".to_owned());
        let expect = (
            lines(&["    title: \"Sort mail\", // shown in lists"]),
            lines(&["    title: r#\"Sort \"mail\"\"#, // shown in lists"]),
        );
        assert_eq!(differing(BY_HAND, &edited), expect);
    }

    #[test]
    fn a_field_that_appears_takes_one_line_and_one_that_goes_takes_its_own() {
        let noted = change(BY_HAND, |prompt| prompt.layers[0].note = "why".to_owned());
        assert_eq!(differing(BY_HAND, &noted), (vec![], lines(&["            note: \"why\","])));
        let on = change(BY_HAND, |prompt| prompt.layers[2].on = true);
        assert_eq!(differing(BY_HAND, &on), (lines(&["            on: false,"]), vec![]));
    }

    #[test]
    fn a_layer_that_moves_takes_its_comments_along() {
        let moved = change(BY_HAND, |prompt| prompt.layers.swap(0, 1));
        let comment = moved.find("// Who the model is.").unwrap();
        assert!(
            comment > moved.find("id: \"rules\"").unwrap() && comment < moved.find("id: \"who\"").unwrap(),
            "{moved}"
        );
        let (gone, new) = differing(BY_HAND, &moved);
        assert_eq!(
            (gone.len(), {
                let mut sorted = new;
                sorted.sort();
                sorted
            }),
            (gone.len(), {
                let mut sorted = gone;
                sorted.sort();
                sorted
            })
        );
    }

    #[test]
    fn a_layer_that_is_changed_and_moved_keeps_its_comments() {
        let edited = change(BY_HAND, |prompt| {
            let mut layer = prompt.layers.remove(0);
            layer.title = "New".to_owned();
            prompt.layers.push(layer);
        });
        assert!(edited.contains("// Who the model is."), "{edited}");
    }

    #[test]
    fn text_within_one_line_is_edited_within_the_line() {
        let source = "(layers: [(id: \"a\", content: Text(text: \"x\")), (id: \"b\", content: Text(text: \"y\"))], title: \"t\")";
        let check = |edited: String, expect: &str| assert_eq!(edited, expect);
        check(
            change(source, |prompt| {
                prompt.layers.remove(0);
            }),
            "(layers: [(id: \"b\", content: Text(text: \"y\"))], title: \"t\")",
        );
        check(
            change(source, |prompt| {
                prompt.layers.remove(1);
            }),
            "(layers: [(id: \"a\", content: Text(text: \"x\"))], title: \"t\")",
        );
        check(change(source, |prompt| prompt.layers.clear()), "(layers: [], title: \"t\")");
        check(
            change(source, |prompt| prompt.title.clear()),
            "(layers: [(id: \"a\", content: Text(text: \"x\")), (id: \"b\", content: Text(text: \"y\"))])",
        );
    }

    #[test]
    fn addresses_in_text_are_no_comments() {
        let source = "(name: \"w\", providers: {\"p\": (api: OpenAi, base_url: \"https://x/v1\", concurrency: 3)})";
        let before: Manifest = load(source);
        let mut after = before.clone();
        after.providers.values_mut().for_each(|provider| provider.concurrency = 4);
        assert_eq!(edit(source, &before, &after).unwrap(), source.replace("concurrency: 3", "concurrency: 4"));
    }

    #[test]
    fn a_member_behind_a_line_comment_begins_a_new_line() {
        let source = "(title: \"t\", // c\n variables: {\"a\": () // last\n })";
        let edited = change(source, |prompt| {
            prompt.variables.insert("b".to_owned(), crate::domain::Variable::default());
        });
        assert_eq!(edited, "(title: \"t\", // c\n variables: {\"a\": (), // last\n  \"b\": ()\n })");
    }

    #[test]
    fn line_ends_of_the_file_are_used() {
        let source = BY_HAND.replace('\n', "\r\n");
        let edited = change(&source, |prompt| prompt.layers[0].note = "why".to_owned());
        assert!(edited.contains("            note: \"why\",\r\n"), "{edited}");
    }

    #[test]
    fn comments_of_a_removed_layer_stay() {
        let edited = change(BY_HAND, |prompt| {
            prompt.layers.remove(1);
        });
        assert!(edited.contains("// The rules, as agreed.") && !edited.contains("id: \"rules\""), "{edited}");
    }

    fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
        let text = to_text(value).unwrap();
        assert_eq!(&load::<T>(&text), value, "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_reads_back(
            prompt in samples::prompt(),
            variant in samples::variant(),
            experiment in samples::experiment(),
            dataset in samples::dataset(),
            manifest in samples::manifest(),
        ) {
            round_trip::<Prompt>(&prompt);
            round_trip::<Variant>(&variant);
            round_trip::<Experiment>(&experiment);
            round_trip::<Dataset>(&dataset);
            round_trip::<Manifest>(&manifest);
        }

        #[test]
        fn any_edit_leaves_the_other_lines_alone(edits in proptest::collection::vec(samples::prompt_edit(), 1..4)) {
            let before: Prompt = load(BY_HAND);
            let mut after = before.clone();
            for one in &edits {
                one.apply(&mut after);
            }
            let edited = edit(BY_HAND, &before, &after).unwrap();
            prop_assert_eq!(load::<Prompt>(&edited), after, "{}", edited);
            for comment in BY_HAND.lines().filter(|line| line.trim_start().starts_with("//")) {
                let inside_removed = comment.contains("inside") && !edited.contains(comment);
                prop_assert!(inside_removed || edited.contains(comment), "{comment}\n{edited}");
            }
            let (gone, _) = differing(BY_HAND, &edited);
            let touched: usize = edits.iter().map(samples::PromptEdit::lines).sum();
            prop_assert!(gone.len() <= touched, "{gone:#?} of {touched}\n{edited}");
        }

        #[test]
        fn any_two_prompts_can_be_edited_into_each_other(before in samples::prompt(), after in samples::prompt()) {
            let edited = edit(&to_text(&before).unwrap(), &before, &after).unwrap();
            prop_assert_eq!(load::<Prompt>(&edited), after);
        }
    }
}
