//! What changed between two prompts, layer by layer, line by line, word by word.

use std::collections::BTreeSet;

use similar::{Algorithm, ChangeTag, TextDiff, capture_diff_slices};

use crate::domain::{Layer, LayerId, Prompt};

use super::render::layer_text;

/// One layer of either prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerDiff {
    pub id: LayerId,
    /// The newer name.
    pub name: String,
    pub kind: &'static str,
    pub change: Change,
    /// Stands elsewhere among the layers that both have; a changed layer can be moved too.
    pub moved: bool,
    /// All lines of the layer, the removed before the added; the first says kind, role and whether it is on.
    pub lines: Vec<DiffLine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Same,
    Added,
    Removed,
    Changed,
    /// Only its place is another.
    Moved,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    pub tag: LineTag,
    /// Line numbers from 1 in the layer's old and new text.
    pub old: Option<u32>,
    pub new: Option<u32>,
    pub parts: Vec<DiffPart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineTag {
    Same,
    Removed,
    Added,
}

/// Some words of a line; `changed` are those that differ from the line that it replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffPart {
    pub text: String,
    pub changed: bool,
}

impl DiffLine {
    /// The line without its marks.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts.iter().map(|part| part.text.as_str()).collect()
    }
}

/// The layers of both prompts in the order of the newer one, each removed layer after the one that it followed.
#[must_use]
pub fn diff_prompts(old: &Prompt, new: &Prompt) -> Vec<LayerDiff> {
    let moved = moved_layers(old, new);
    let mut diffs: Vec<LayerDiff> = new
        .layers
        .iter()
        .map(|layer| match old.layer(&layer.id) {
            Some(before) => compared(before, layer, moved.contains(&layer.id)),
            None => one_sided(layer, Change::Added),
        })
        .collect();
    for (index, layer) in old.layers.iter().enumerate() {
        if new.layer(&layer.id).is_none() {
            let before = index.checked_sub(1).map(|before| &old.layers[before].id);
            let at = before.and_then(|id| diffs.iter().position(|diff| diff.id == *id)).map_or(0, |at| at + 1);
            diffs.insert(at, one_sided(layer, Change::Removed));
        }
    }
    diffs
}

/// Layers of both prompts that are not in the longest common order.
fn moved_layers<'p>(old: &'p Prompt, new: &'p Prompt) -> BTreeSet<&'p LayerId> {
    fn shared<'p>(of: &'p Prompt, with: &Prompt) -> Vec<&'p LayerId> {
        of.layers.iter().map(|layer| &layer.id).filter(|id| with.layer(id).is_some()).collect()
    }
    let (before, after) = (shared(old, new), shared(new, old));
    let mut moved: BTreeSet<&LayerId> = after.iter().copied().collect();
    for op in capture_diff_slices(Algorithm::Lcs, &before, &after) {
        if let similar::DiffOp::Equal { new_index, len, .. } = op {
            for id in &after[new_index..new_index + len] {
                moved.remove(id);
            }
        }
    }
    moved
}

fn compared(old: &Layer, new: &Layer, moved: bool) -> LayerDiff {
    let lines = line_diff(&described(old), &described(new));
    let same = lines.iter().all(|line| line.tag == LineTag::Same);
    let change = match (same, moved) {
        (false, _) => Change::Changed,
        (true, true) => Change::Moved,
        (true, false) => Change::Same,
    };
    LayerDiff { id: new.id.clone(), name: new.name().to_owned(), kind: new.content.kind(), change, moved, lines }
}

fn one_sided(layer: &Layer, change: Change) -> LayerDiff {
    let text = described(layer);
    let lines = if change == Change::Added { line_diff("", &text) } else { line_diff(&text, "") };
    let kind = layer.content.kind();
    LayerDiff { id: layer.id.clone(), name: layer.name().to_owned(), kind, change, moved: false, lines }
}

/// A layer as text: what it is in one line, then what it says.
fn described(layer: &Layer) -> String {
    let off = if layer.on { "" } else { ", off" };
    let mut text = format!("{} ({}, {}{off})", layer.name(), layer.content.kind(), layer.role().word());
    for part in [layer.note.as_str(), layer_text(layer).as_str()] {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(part);
        }
    }
    text.push('\n');
    text
}

fn line_diff(old: &str, new: &str) -> Vec<DiffLine> {
    let diff = TextDiff::from_lines(old, new);
    let number = |index: Option<usize>| index.and_then(|index| u32::try_from(index + 1).ok());
    diff.iter_all_inline_changes()
        .map(|change| DiffLine {
            tag: match change.tag() {
                ChangeTag::Equal => LineTag::Same,
                ChangeTag::Delete => LineTag::Removed,
                ChangeTag::Insert => LineTag::Added,
            },
            old: number(change.old_index()),
            new: number(change.new_index()),
            parts: parts(change.iter_strings_lossy()),
        })
        .collect()
}

fn parts<'t>(strings: impl Iterator<Item = (bool, std::borrow::Cow<'t, str>)>) -> Vec<DiffPart> {
    strings
        .map(|(changed, text)| DiffPart { text: text.trim_end_matches(['\n', '\r']).to_owned(), changed })
        .filter(|part| !part.text.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::fixtures::{prompt, text};

    fn summary(old: &Prompt, new: &Prompt) -> Vec<(String, Change)> {
        diff_prompts(old, new).into_iter().map(|diff| (diff.id.0, diff.change)).collect()
    }

    fn expect(of: &[(&str, Change)]) -> Vec<(String, Change)> {
        of.iter().map(|(id, change)| ((*id).to_owned(), *change)).collect()
    }

    #[test]
    fn layers_are_added_removed_changed_and_moved() {
        let old = prompt([text("a", "one"), text("b", "two"), text("f", "six"), text("c", "three"), text("d", "four")]);
        let new =
            prompt([text("c", "three"), text("a", "one"), text("f", "six"), text("d", "FOUR"), text("e", "five")]);
        assert_eq!(
            summary(&old, &new),
            expect(&[
                ("c", Change::Moved),
                ("a", Change::Same),
                ("b", Change::Removed),
                ("f", Change::Same),
                ("d", Change::Changed),
                ("e", Change::Added)
            ])
        );
        assert!(summary(&old, &old).iter().all(|(_, change)| *change == Change::Same));
    }

    #[test]
    fn changed_words_are_marked_inside_their_lines() {
        let old = prompt([text("a", "Keep this line.\nAnswer in two short sentences.")]);
        let new = prompt([text("a", "Keep this line.\nAnswer in three short sentences.")]);
        let diffs = diff_prompts(&old, &new);
        let changed: Vec<(LineTag, String)> = diffs[0]
            .lines
            .iter()
            .flat_map(|line| line.parts.iter().filter(|part| part.changed).map(|part| (line.tag, part.text.clone())))
            .collect();
        assert_eq!(changed, [(LineTag::Removed, "two".to_owned()), (LineTag::Added, "three".to_owned())]);
        assert_eq!(diffs[0].lines[2].old, Some(3));
        assert_eq!(diffs[0].lines[2].text(), "Answer in two short sentences.");
    }

    #[test]
    fn a_switched_layer_is_changed() {
        let old = prompt([text("a", "one")]);
        let mut new = old.clone();
        new.layers[0].on = false;
        assert_eq!(summary(&old, &new), expect(&[("a", Change::Changed)]));
    }
}
