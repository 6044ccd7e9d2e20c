//! Changes to a stack of layers and to what a variant makes of it.

use crate::domain::{Content, Layer, LayerId, Override, Prompt, Variant};

/// An id that no layer has: `task`, else `task-2`, and so on.
pub(super) fn fresh_id(prompt: &Prompt, like: &str) -> LayerId {
    let taken = |id: &str| prompt.layers.iter().any(|layer| layer.id.as_str() == id);
    let stem = slug(like);
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    let mut ids = std::iter::once(stem.clone()).chain(numbered).filter(|id| !taken(id));
    LayerId::from(ids.next().unwrap_or(stem))
}

fn slug(text: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let slug: String = text.chars().map(letter).collect();
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "layer".to_owned() } else { slug.to_owned() }
}

/// Adds a layer below another one, or at the end. Returns its id.
pub(super) fn add(prompt: &mut Prompt, below: Option<&LayerId>, content: Content) -> LayerId {
    let id = fresh_id(prompt, content.kind());
    let layer = Layer { id: id.clone(), title: String::new(), note: String::new(), on: true, role: None, content };
    let at = below.and_then(|id| position(prompt, id)).map_or(prompt.layers.len(), |at| at + 1);
    prompt.layers.insert(at, layer);
    id
}

/// Puts a copy of a layer below it. Returns the copy's id.
pub(super) fn duplicate(prompt: &mut Prompt, id: &LayerId) -> Option<LayerId> {
    let at = position(prompt, id)?;
    let copy = Layer { id: fresh_id(prompt, id.as_str()), ..prompt.layers[at].clone() };
    let id = copy.id.clone();
    prompt.layers.insert(at + 1, copy);
    Some(id)
}

/// Takes a layer away. Returns the one that stands in its place.
pub(super) fn delete(prompt: &mut Prompt, id: &LayerId) -> Option<LayerId> {
    let at = position(prompt, id)?;
    prompt.layers.remove(at);
    let near = at.min(prompt.layers.len().saturating_sub(1));
    prompt.layers.get(near).map(|layer| layer.id.clone())
}

/// Moves the layer at `from` into the gap before the one at `gap` (as they stand before the move).
pub(super) fn move_to(prompt: &mut Prompt, from: usize, gap: usize) {
    if from >= prompt.layers.len() || gap > prompt.layers.len() || gap == from || gap == from + 1 {
        return;
    }
    let layer = prompt.layers.remove(from);
    let at = if gap > from { gap - 1 } else { gap };
    prompt.layers.insert(at, layer);
}

/// Moves a layer one place up or down.
pub(super) fn nudge(prompt: &mut Prompt, id: &LayerId, up: bool) {
    let Some(at) = position(prompt, id) else { return };
    match (up, at) {
        (true, 0) => {}
        (true, at) => move_to(prompt, at, at - 1),
        (false, at) => move_to(prompt, at, at + 2),
    }
}

/// Gives a layer another id; the variant at hand follows. An id that is taken or empty changes nothing.
pub(super) fn rename(prompt: &mut Prompt, variant: Option<&mut Variant>, from: &LayerId, to: &str) -> bool {
    let to = LayerId::from(to);
    let taken = prompt.layer(&to).is_some() || to.as_str().is_empty();
    let Some(layer) = prompt.layers.iter_mut().find(|layer| layer.id == *from).filter(|_| !taken) else { return false };
    layer.id = to.clone();
    if let Some(variant) = variant
        && let Some(change) = variant.layers.remove(from)
    {
        variant.layers.insert(to, change);
    }
    true
}

/// Whether a layer takes part, as the variant has it.
pub(super) fn is_on(layer: &Layer, variant: Option<&Variant>) -> bool {
    match variant.and_then(|variant| variant.layers.get(&layer.id)) {
        Some(Override::On) => true,
        Some(Override::Off) => false,
        Some(Override::Replace(_)) | None => layer.on,
    }
}

/// Switches a layer where its switch stands: in the variant, where that one switches it, else in the prompt.
pub(super) fn switch(layer: &mut Layer, variant: Option<&mut Variant>, on: bool) {
    let change = variant.and_then(|variant| variant.layers.get_mut(&layer.id));
    match change {
        Some(change @ (Override::On | Override::Off)) => *change = if on { Override::On } else { Override::Off },
        Some(Override::Replace(_)) | None => layer.on = on,
    }
}

fn position(prompt: &Prompt, id: &LayerId) -> Option<usize> {
    prompt.layers.iter().position(|layer| layer.id == *id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Text;

    fn stack(ids: &[&str]) -> Prompt {
        let mut prompt = Prompt::default();
        for id in ids {
            let added = add(&mut prompt, None, Content::Text(Text::default()));
            assert!(rename(&mut prompt, None, &added, id));
        }
        prompt
    }

    fn ids(prompt: &Prompt) -> Vec<&str> {
        prompt.layers.iter().map(|layer| layer.id.as_str()).collect()
    }

    #[test]
    fn a_layer_moves_into_any_gap() {
        let check = |from, gap, expect: [&str; 3]| {
            let mut prompt = stack(&["a", "b", "c"]);
            move_to(&mut prompt, from, gap);
            assert_eq!(ids(&prompt), expect, "{from} to {gap}");
        };
        check(0, 0, ["a", "b", "c"]);
        check(0, 1, ["a", "b", "c"]);
        check(0, 2, ["b", "a", "c"]);
        check(0, 3, ["b", "c", "a"]);
        check(2, 0, ["c", "a", "b"]);
        check(2, 9, ["a", "b", "c"]);
    }

    #[test]
    fn a_nudge_stops_at_the_ends() {
        let mut prompt = stack(&["a", "b"]);
        nudge(&mut prompt, &"a".into(), true);
        nudge(&mut prompt, &"b".into(), false);
        assert_eq!(ids(&prompt), ["a", "b"]);
        nudge(&mut prompt, &"a".into(), false);
        assert_eq!(ids(&prompt), ["b", "a"]);
    }

    #[test]
    fn copies_and_new_layers_have_ids_of_their_own() {
        let mut prompt = stack(&["a", "b"]);
        assert_eq!(duplicate(&mut prompt, &"a".into()), Some("a-2".into()));
        assert_eq!(add(&mut prompt, Some(&"a".into()), Content::Text(Text::default())), "text".into());
        assert_eq!(ids(&prompt), ["a", "text", "a-2", "b"]);
        assert_eq!(delete(&mut prompt, &"b".into()), Some("a-2".into()));
        assert!(!rename(&mut prompt, None, &"a".into(), "text"));
    }

    #[test]
    fn a_switch_turns_what_the_variant_has_switched() {
        let mut prompt = stack(&["a"]);
        let mut variant = Variant::of("p".into());
        switch(&mut prompt.layers[0], Some(&mut variant), false);
        assert!(!prompt.layers[0].on);
        variant.layers.insert("a".into(), Override::Off);
        switch(&mut prompt.layers[0], Some(&mut variant), true);
        assert!(!prompt.layers[0].on && is_on(&prompt.layers[0], Some(&variant)));
    }
}
