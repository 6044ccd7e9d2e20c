//! What the stack shows, and which names a template may use.

use std::collections::BTreeSet;

use super::edits;
use crate::domain::{LayerId, Override, Prompt, Role, Variant};
use crate::session::{Found, Preview};

/// A layer as a card of the stack.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Card {
    pub id: LayerId,
    pub kind: &'static str,
    pub name: String,
    pub role: Role,
    /// As the variant has it.
    pub on: bool,
    pub mark: Option<Mark>,
    /// `None` while it is not counted, and where the layer is off.
    pub tokens: Option<usize>,
    /// Of all layers' tokens, 0 to 1.
    pub share: f64,
    pub errors: usize,
    pub warnings: usize,
}

/// What the variant makes of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    SwitchedOn,
    SwitchedOff,
    Replaced,
}

impl Mark {
    pub const fn word(self) -> &'static str {
        match self {
            Self::SwitchedOn => "on in variant",
            Self::SwitchedOff => "off in variant",
            Self::Replaced => "replaced in variant",
        }
    }
}

/// A name that templates may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub word: String,
    pub about: String,
    pub declared: bool,
}

pub(super) fn cards(prompt: &Prompt, variant: Option<&Variant>, preview: Option<&Preview>) -> Vec<Card> {
    let total: usize = preview.map_or(0, |preview| preview.layers.iter().map(|layer| layer.tokens).sum());
    let card = |layer: &crate::domain::Layer| {
        let change = variant.and_then(|variant| variant.layers.get(&layer.id));
        let counted = preview.and_then(|preview| preview.layers.iter().find(|counted| counted.id == layer.id));
        let on = edits::is_on(layer, variant);
        let tokens = counted.filter(|_| on).map(|counted| counted.tokens);
        let kind = match change {
            Some(Override::Replace(content)) => content.kind(),
            _ => layer.content.kind(),
        };
        #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
        let share = tokens.map_or(0.0, |tokens| tokens as f64 / total.max(1) as f64);
        let (errors, warnings) = problems_of(&layer.id, preview).fold((0, 0), |(errors, warnings), found| {
            if found.problem.is_error() { (errors + 1, warnings) } else { (errors, warnings + 1) }
        });
        Card {
            id: layer.id.clone(),
            kind,
            name: layer.name().to_owned(),
            role: layer.role(),
            on,
            mark: change.map(|change| match change {
                Override::On => Mark::SwitchedOn,
                Override::Off => Mark::SwitchedOff,
                Override::Replace(_) => Mark::Replaced,
            }),
            tokens,
            share,
            errors,
            warnings,
        }
    };
    prompt.layers.iter().map(card).collect()
}

pub(super) fn problems_of<'a>(id: &LayerId, preview: Option<&'a Preview>) -> impl Iterator<Item = &'a Found> {
    let id = id.clone();
    preview.into_iter().flat_map(|preview| &preview.problems).filter(move |found| found.layer.as_ref() == Some(&id))
}

/// The variables that are declared, then the dataset's columns that are not.
pub(super) fn names(prompt: &Prompt, preview: Option<&Preview>) -> Vec<Name> {
    let mut seen = BTreeSet::new();
    let declared = prompt.variables.iter().map(|(name, variable)| Name {
        word: name.clone(),
        about: variable.note.clone(),
        declared: true,
    });
    let columns = preview.into_iter().flat_map(|preview| &preview.columns).map(|name| Name {
        word: name.clone(),
        about: "column, not declared yet".to_owned(),
        declared: false,
    });
    declared.chain(columns).filter(|name| seen.insert(name.word.clone())).collect()
}

/// Overrides of layers that the prompt does not have.
pub(super) fn orphans(prompt: &Prompt, variant: Option<&Variant>) -> Vec<LayerId> {
    let changed = variant.into_iter().flat_map(|variant| variant.layers.keys());
    changed.filter(|id| prompt.layer(id).is_none()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Content, Place, Problem, Text, Variable};
    use crate::session::LayerView;

    fn prompt() -> Prompt {
        let mut prompt = Prompt::default();
        for _ in 0..2 {
            edits::add(&mut prompt, None, Content::Text(Text::default()));
        }
        prompt.variables.insert("body".to_owned(), Variable::default());
        prompt
    }

    fn preview() -> Preview {
        let layer =
            |id: &str, tokens| LayerView { id: id.into(), kind: "Text", name: String::new(), role: Role::User, tokens };
        let problem = Problem::error(Place::file("prompts/p.ron").layer("text".into()).line(1, 2), "No.", "");
        Preview {
            layers: vec![layer("text", 30), layer("text-2", 10)],
            columns: vec!["body".to_owned(), "tier".to_owned()],
            problems: vec![Found { layer: Some("text".into()), field: String::new(), problem }],
            ..Preview::default()
        }
    }

    #[test]
    fn a_card_has_its_tokens_share_and_problems() {
        let cards = cards(&prompt(), None, Some(&preview()));
        assert_eq!(cards.iter().map(|card| card.tokens).collect::<Vec<_>>(), [Some(30), Some(10)]);
        assert!((cards[0].share - 0.75).abs() < 1e-9);
        assert_eq!((cards[0].errors, cards[0].warnings, cards[1].errors), (1, 0, 0));
    }

    #[test]
    fn what_the_variant_changes_is_marked() {
        let mut variant = Variant::of("p".into());
        variant.layers.insert("text".into(), Override::Off);
        variant.layers.insert("gone".into(), Override::On);
        let cards = cards(&prompt(), Some(&variant), Some(&preview()));
        assert_eq!((cards[0].on, cards[0].mark, cards[0].tokens), (false, Some(Mark::SwitchedOff), None));
        assert_eq!(cards[1].mark, None);
        assert_eq!(orphans(&prompt(), Some(&variant)), ["gone".into()]);
    }

    #[test]
    fn names_are_declared_variables_and_then_columns() {
        let names = names(&prompt(), Some(&preview()));
        let found: Vec<_> = names.iter().map(|name| (name.word.as_str(), name.declared)).collect();
        assert_eq!(found, [("body", true), ("tier", false)]);
    }
}
