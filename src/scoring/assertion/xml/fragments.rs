//! Where a text has balanced elements.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::names::name;

/// A stretch of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fragment {
    pub(super) start: usize,
    pub(super) end: usize,
}

struct Found {
    fragment: Fragment,
    /// Where the tag stands that was open around it.
    parent: Option<usize>,
}

/// Stretches to look at, in this order: from the first to the last of elements side by side that have no complete element
/// around them, then each such element. A closing tag that fits nothing forgets all that is open.
pub(super) fn fragments(text: &str) -> Vec<Fragment> {
    let found = elements(text);
    let starts: HashSet<usize> = found.iter().map(|found| found.fragment.start).collect();
    let is_inside = |parent: Option<usize>| parent.is_some_and(|parent| starts.contains(&parent));
    let mut order: Vec<Option<usize>> = Vec::new();
    let mut siblings: HashMap<Option<usize>, Vec<Fragment>> = HashMap::new();
    for Found { fragment, parent } in found.iter().filter(|found| !is_inside(found.parent)) {
        let group = siblings.entry(*parent).or_default();
        if group.is_empty() {
            order.push(*parent);
        }
        group.push(*fragment);
    }
    let stretches = order.iter().filter_map(|parent| stretch(&siblings[parent]));
    let mut single: Vec<Fragment> = siblings.values().flatten().copied().collect();
    single.sort_by_key(|fragment| (fragment.start, std::cmp::Reverse(fragment.end)));
    let mut seen = HashSet::new();
    stretches.chain(single).filter(|fragment| seen.insert(*fragment)).collect()
}

/// From the first to the last of several; the last is the one that begins last.
fn stretch(group: &[Fragment]) -> Option<Fragment> {
    let first = group.iter().map(|fragment| fragment.start).min()?;
    let last = group.iter().max_by_key(|fragment| (fragment.start, fragment.end))?;
    (group.len() > 1).then_some(Fragment { start: first, end: last.end })
}

fn elements(text: &str) -> Vec<Found> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find('<') {
        let start = at + offset;
        at = start + 1;
        let Some(tag) = Tag::read(text, start) else { continue };
        at = tag.end;
        let mut complete = |start, open: &[(&str, usize)]| {
            let parent = open.last().map(|(_, parent)| *parent);
            found.push(Found { fragment: Fragment { start, end: tag.end }, parent });
        };
        match tag.kind {
            Kind::Other => {}
            Kind::Empty => complete(start, &open),
            Kind::Opens(name) => open.push((name, start)),
            Kind::Closes(name) => match open.pop() {
                Some((opened, from)) if opened == name => complete(from, &open),
                _ => open.clear(),
            },
        }
    }
    found
}

enum Kind<'t> {
    Opens(&'t str),
    Closes(&'t str),
    Empty,
    /// A comment, a declaration, an instruction, a CDATA section.
    Other,
}

struct Tag<'t> {
    kind: Kind<'t>,
    end: usize,
}

impl<'t> Tag<'t> {
    fn read(text: &'t str, start: usize) -> Option<Self> {
        let rest = &text[start + 1..];
        let other = |length: usize| Some(Tag { kind: Kind::Other, end: start + 1 + length });
        if let Some(comment) = rest.strip_prefix("!--") {
            return other(comment.find("-->").map_or(rest.len(), |at| at + 6));
        }
        if let Some(section) = rest.strip_prefix("![CDATA[") {
            return other(section.find("]]>").map_or(rest.len(), |at| at + 11));
        }
        if rest.starts_with('!') {
            return other(declaration(rest));
        }
        if let Some(instruction) = rest.strip_prefix('?') {
            return other(instruction.find("?>").map_or(rest.len(), |at| at + 3));
        }
        let (closes, named) = rest.strip_prefix('/').map_or((false, rest), |named| (true, named));
        let name = name(named)?;
        let length = inside(rest)?;
        let kind = if closes {
            Kind::Closes(name)
        } else if rest[..length].trim_end_matches(super::super::space::is_space).ends_with('/') {
            Kind::Empty
        } else {
            Kind::Opens(name)
        };
        Some(Tag { kind, end: start + 1 + length + 1 })
    }
}

/// Up to the `>` that is in no quotes; nothing if another `<` comes first.
fn inside(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in rest.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) => quote = quote.filter(|_| byte != open),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'<') => return None,
            (None, b'>') => return Some(at),
            _ => {}
        }
    }
    None
}

/// The length of a declaration with its `>`, which is in no quotes and no brackets.
fn declaration(rest: &str) -> usize {
    let (mut quote, mut brackets) = (None, 0_usize);
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match (quote, byte) {
            (Some(open), _) => quote = quote.filter(|_| byte != open),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'[') => brackets += 1,
            (None, b']') => brackets = brackets.saturating_sub(1),
            (None, b'>') if brackets == 0 => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Stretches that were read: what lies inside one of them is not looked at again.
#[derive(Debug, Default)]
pub(super) struct Covered {
    /// Ends by starts; both grow, since a stretch inside another one is left out.
    ends: BTreeMap<usize, usize>,
}

impl Covered {
    pub(super) fn covers(&self, fragment: Fragment) -> bool {
        self.ends.range(..=fragment.start).next_back().is_some_and(|(_, end)| *end >= fragment.end)
    }

    pub(super) fn add(&mut self, fragment: Fragment) {
        if self.covers(fragment) {
            return;
        }
        while let Some((start, end)) = self.ends.range(fragment.start..).next()
            && *end <= fragment.end
        {
            let start = *start;
            self.ends.remove(&start);
        }
        self.ends.insert(fragment.start, fragment.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_side_by_side_are_looked_at_together_first() {
        let check = |text: &str, expect: &[&str]| {
            let got: Vec<&str> = fragments(text).iter().map(|found| &text[found.start..found.end]).collect();
            assert_eq!(got, expect, "{text}");
        };
        check("x <a>1</a> y <b/> z", &["<a>1</a> y <b/>", "<a>1</a>", "<b/>"]);
        check("<a><b/><c/></a>", &["<a><b/><c/></a>"]);
        check("<open><b/><c></c>", &["<b/><c></c>", "<b/>", "<c></c>"]);
        check("<a><b></a>", &[]);
        check("<!-- <a/> --><![CDATA[<b/>]]><?c <d/> ?><!E '<f/>'>", &[]);
        check("<a b='>'/ >", &["<a b='>'/ >"]);
        check("1 < 2 <a/>", &["<a/>"]);
    }

    #[test]
    fn what_lies_inside_a_stretch_is_covered() {
        let fragment = |start, end| Fragment { start, end };
        let mut covered = Covered::default();
        covered.add(fragment(10, 20));
        covered.add(fragment(5, 12));
        covered.add(fragment(11, 15));
        let check = |start, end, expect| assert_eq!(covered.covers(fragment(start, end)), expect, "{start} {end}");
        check(10, 20, true);
        check(12, 19, true);
        check(6, 12, true);
        check(6, 13, false);
        check(4, 6, false);
        check(15, 21, false);
    }
}
