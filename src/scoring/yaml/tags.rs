//! The tags that collections and scalars may carry.

use saphyr_parser::Tag;

const STANDARD: &str = "tag:yaml.org,2002:";

/// What a node's tag says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tagged {
    /// No tag.
    Plain,
    /// `!`: a scalar is text, a collection what it is.
    Text,
    /// A standard tag, without its prefix (`set`).
    Standard(String),
    /// Any other, in full.
    Unknown(String),
}

impl Tagged {
    pub(super) fn of(tag: Option<&Tag>) -> Self {
        let Some(tag) = tag else { return Self::Plain };
        let full = format!("{}{}", tag.handle, tag.suffix);
        match full.strip_prefix(STANDARD) {
            Some(name) => Self::Standard(name.to_owned()),
            None if full == "!" => Self::Text,
            None => Self::Unknown(full),
        }
    }
}

/// What becomes of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Sequence,
    /// Mappings of one key each, no key twice.
    OrderedMap,
    /// Mappings of one key each, which become pairs.
    Pairs,
    Mapping,
    /// Keys without values.
    Set,
}

impl Shape {
    /// # Errors
    /// The tag, where no sequence has it.
    pub(super) fn of_sequence(tag: &Tagged) -> Result<Self, String> {
        match tag {
            Tagged::Plain | Tagged::Text => Ok(Self::Sequence),
            Tagged::Standard(name) => match name.as_str() {
                "seq" => Ok(Self::Sequence),
                "omap" => Ok(Self::OrderedMap),
                "pairs" => Ok(Self::Pairs),
                _ => Err(format!("!!{name}")),
            },
            Tagged::Unknown(name) => Err(name.clone()),
        }
    }

    /// # Errors
    /// The tag, where no mapping has it.
    pub(super) fn of_mapping(tag: &Tagged) -> Result<Self, String> {
        match tag {
            Tagged::Plain | Tagged::Text => Ok(Self::Mapping),
            Tagged::Standard(name) => match name.as_str() {
                "map" => Ok(Self::Mapping),
                "set" => Ok(Self::Set),
                _ => Err(format!("!!{name}")),
            },
            Tagged::Unknown(name) => Err(name.clone()),
        }
    }

    pub(super) fn is_mapping(self) -> bool {
        matches!(self, Self::Mapping | Self::Set)
    }
}
