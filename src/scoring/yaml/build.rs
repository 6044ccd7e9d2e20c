//! The parser's events become values. Without recursion: a text's depth is bounded, and so is what its anchors and aliases
//! copy.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value};

use super::error::YamlError;
use super::order::ordered;
use super::places::{Parts, Spot};
use super::scalar::Scalar;
use super::tags::{Shape, Tagged};

const LARGEST_TEXT: usize = 64 << 20;
const DEEPEST: usize = 100;
const MOST_NODES: usize = 1_000_000;
const MOST_COPIED: usize = 64 << 20;
const MOST_MERGED_KEYS: usize = 10_000;

/// How a text is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reading {
    pub repeated_keys: bool,
    pub for_json: bool,
    pub places: bool,
}

/// A document, or a part of one.
#[derive(Debug, Clone, Default)]
pub(super) struct Built {
    pub value: Value,
    pub place: Spot,
}

/// A finished node, with what a parent must know of it.
#[derive(Debug, Clone)]
struct Node {
    built: Built,
    kind: Kind,
    size: Size,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Scalar(Scalar),
    Collection(Shape),
}

/// What copying a node costs.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

impl Size {
    fn hold(&mut self, part: Self) {
        self.nodes += part.nodes;
        self.bytes += part.bytes;
        self.depth = self.depth.max(part.depth + 1);
    }
}

/// A collection that is still open.
struct Frame {
    shape: Shape,
    anchor: usize,
    at: Marker,
    items: Vec<Value>,
    map: Map<String, Value>,
    key: Option<Key>,
    /// Keys that a merge brought, which a pair of the mapping's own may still replace.
    merged: HashSet<String>,
    size: Size,
    item_places: Vec<Spot>,
    /// In the order of the text; of a key that is there twice, the last counts.
    key_places: Vec<(Box<str>, Spot)>,
}

struct Key {
    name: String,
    merge: bool,
    at: Marker,
}

struct Builder {
    reading: Reading,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    document: Option<Built>,
    copied: Size,
    merged_keys: usize,
}

/// All documents of a text.
pub(super) fn documents(text: &str, reading: Reading) -> Result<Vec<Built>, YamlError> {
    if text.len() > LARGEST_TEXT {
        return Err(YamlError::new(format!("The text is larger than {} MB.", LARGEST_TEXT >> 20), 1, 1));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser::new_from_str(text);
    let mut builder = Builder {
        reading,
        frames: Vec::new(),
        anchors: HashMap::new(),
        document: None,
        copied: Size::default(),
        merged_keys: 0,
    };
    let mut found = Vec::new();
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = error.marker();
            YamlError::new(sentence(error.info()), at.line(), at.col() + 1)
        })?;
        if matches!(event, Event::DocumentEnd) {
            builder.anchors.clear();
            found.push(builder.document.take().unwrap_or_default());
        } else {
            builder.event(event, span.start)?;
        }
    }
    Ok(found)
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn at(message: impl Into<String>, at: Marker) -> YamlError {
    YamlError::new(message, at.line(), at.col() + 1)
}

impl Builder {
    fn event(&mut self, event: Event, start: Marker) -> Result<(), YamlError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), start)?;
                self.finished(node, anchor, start)
            }
            Event::SequenceStart(anchor, tag) => {
                let shape = Shape::of_sequence(&Tagged::of(tag.as_deref())).map_err(|tag| unknown_tag(&tag, start))?;
                self.open(shape, anchor, start)
            }
            Event::MappingStart(anchor, tag) => {
                let shape = Shape::of_mapping(&Tagged::of(tag.as_deref())).map_err(|tag| unknown_tag(&tag, start))?;
                self.open(shape, anchor, start)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, start),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, start: Marker) -> Result<Node, YamlError> {
        let scalar = match Tagged::of(tag) {
            Tagged::Plain if style == ScalarStyle::Plain => Scalar::plain(text),
            Tagged::Plain | Tagged::Text => Scalar::Text(text.to_owned()),
            Tagged::Unknown(name) => return Err(unknown_tag(&name, start)),
            // Without any text, a collection's tag makes an empty collection.
            Tagged::Standard(name) if text.is_empty() && is_collection(&name) => return Ok(self.empty(&name, start)),
            Tagged::Standard(name) => Scalar::tagged(&name, text)
                .ok_or_else(|| at(format!("The text is no value of the tag `!!{name}`."), start))?,
        };
        let bytes = text.len();
        let value = scalar.clone().value(self.reading);
        let place = self.spot(start, || Parts::None);
        let nodes = value.as_object().map_or(1, |bytes| 1 + bytes.len());
        Ok(Node { built: Built { value, place }, kind: Kind::Scalar(scalar), size: Size { nodes, bytes, depth: 0 } })
    }

    fn empty(&self, tag: &str, start: Marker) -> Node {
        let tag = Tagged::Standard(tag.to_owned());
        let (shape, value) = match Shape::of_mapping(&tag) {
            Ok(shape) => (shape, Value::Object(Map::new())),
            Err(_) => (Shape::of_sequence(&tag).unwrap_or(Shape::Sequence), Value::Array(Vec::new())),
        };
        let place = self.spot(start, || Parts::None);
        let size = Size { nodes: 1, bytes: 0, depth: 0 };
        Node { built: Built { value, place }, kind: Kind::Collection(shape), size }
    }

    fn spot(&self, start: Marker, parts: impl FnOnce() -> Parts) -> Spot {
        let parts = if self.reading.places { parts() } else { Parts::None };
        let (line, column) = narrow(start);
        Spot { line, column, parts }
    }

    fn open(&mut self, shape: Shape, anchor: usize, start: Marker) -> Result<(), YamlError> {
        if self.frames.len() >= DEEPEST {
            return Err(at(format!("The text is nested deeper than {DEEPEST} levels."), start));
        }
        // A second use of an anchor's name hides the first, also while the second is still open.
        self.anchors.remove(&anchor);
        self.frames.push(Frame {
            shape,
            anchor,
            at: start,
            items: Vec::new(),
            map: Map::new(),
            key: None,
            merged: HashSet::new(),
            size: Size { nodes: 1, ..Size::default() },
            item_places: Vec::new(),
            key_places: Vec::new(),
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), YamlError> {
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let place = self.spot(frame.at, || {
            if frame.shape.is_mapping() {
                Parts::Keys(sorted(frame.key_places))
            } else {
                Parts::Items(frame.item_places.into())
            }
        });
        let value =
            if frame.shape.is_mapping() { Value::Object(ordered(frame.map)) } else { Value::Array(frame.items) };
        let node = Node { built: Built { value, place }, kind: Kind::Collection(frame.shape), size: frame.size };
        self.finished(node, frame.anchor, frame.at)
    }

    fn alias(&mut self, anchor: usize, start: Marker) -> Result<(), YamlError> {
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(at("The alias stands inside what it repeats.", start));
        };
        let size = node.size;
        if self.frames.len() + size.depth > DEEPEST {
            return Err(at(format!("The alias nests deeper than {DEEPEST} levels."), start));
        }
        self.count_copy(size, start)?;
        let Some(node) = self.anchors.get(&anchor).cloned() else { return Ok(()) };
        self.finished(node, 0, start)
    }

    /// An anchor keeps a copy of its node, and each alias makes one more.
    fn count_copy(&mut self, size: Size, start: Marker) -> Result<(), YamlError> {
        self.copied.nodes += size.nodes;
        self.copied.bytes += size.bytes;
        if self.copied.nodes > MOST_NODES || self.copied.bytes > MOST_COPIED {
            return Err(at("The anchors and aliases copy more than the reader allows.", start));
        }
        Ok(())
    }

    /// A node goes to the collection that is open, or is the document.
    fn finished(&mut self, node: Node, anchor: usize, start: Marker) -> Result<(), YamlError> {
        if anchor != 0 {
            self.count_copy(node.size, start)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(mut frame) = self.frames.pop() else {
            self.document = Some(node.built);
            return Ok(());
        };
        frame.size.hold(node.size);
        let added = if frame.shape.is_mapping() {
            match frame.key.take() {
                None => key_of(&node, start).map(|key| frame.key = Some(key)),
                Some(key) if key.merge => self.merge(&mut frame, &node, &key),
                Some(key) => self.pair(&mut frame, node, key, start),
            }
        } else {
            self.item(&mut frame, node, start)
        };
        self.frames.push(frame);
        added
    }

    fn item(&self, frame: &mut Frame, node: Node, start: Marker) -> Result<(), YamlError> {
        let merging = self.frames.last().and_then(|parent| parent.key.as_ref()).is_some_and(|key| key.merge);
        if merging && !is_mapping(&node) {
            return Err(at("Only mappings can be merged by `<<`.", start));
        }
        let value = match frame.shape {
            Shape::OrderedMap => {
                let (key, _) = only_pair(&node, start)?;
                if !frame.merged.insert(key.clone()) {
                    return Err(at(format!("The ordered map has the key `{key}` twice."), start));
                }
                node.built.value
            }
            Shape::Pairs => {
                let (key, value) = only_pair(&node, start)?;
                Value::Array(vec![Value::String(key.clone()), value.clone()])
            }
            _ => node.built.value,
        };
        if self.reading.places {
            frame.item_places.push(node.built.place.moved(narrow(start)));
        }
        frame.items.push(value);
        Ok(())
    }

    fn pair(&self, frame: &mut Frame, node: Node, key: Key, start: Marker) -> Result<(), YamlError> {
        if frame.shape == Shape::Set && !node.built.value.is_null() {
            return Err(at("A set has keys only, no values.", start));
        }
        let own = frame.map.contains_key(&key.name) && !frame.merged.remove(&key.name);
        if own && !self.reading.repeated_keys {
            return Err(at(format!("The key `{}` is there twice.", key.name), key.at));
        }
        if self.reading.places {
            let place = node.built.place.moved(narrow(key.at));
            frame.key_places.push((key.name.as_str().into(), place));
        }
        frame.map.insert(key.name, node.built.value);
        Ok(())
    }

    /// What `<<` names is folded in: a mapping, or several. A key that is there already stays.
    fn merge(&mut self, frame: &mut Frame, node: &Node, key: &Key) -> Result<(), YamlError> {
        let refused = || at("Only mappings can be merged by `<<`.", key.at);
        match (&node.kind, &node.built.value) {
            (Kind::Collection(_), Value::Object(_)) => self.fold(frame, &node.built, key),
            (Kind::Collection(_), Value::Array(sources)) => {
                for (index, source) in sources.iter().enumerate() {
                    let place = match &node.built.place.parts {
                        Parts::Items(places) => places.get(index).cloned().unwrap_or_default(),
                        _ => Spot::default(),
                    };
                    if !source.is_object() {
                        return Err(refused());
                    }
                    self.fold(frame, &Built { value: source.clone(), place }, key)?;
                }
                Ok(())
            }
            _ => Err(refused()),
        }
    }

    fn fold(&mut self, frame: &mut Frame, source: &Built, key: &Key) -> Result<(), YamlError> {
        for (name, value) in source.value.as_object().into_iter().flatten() {
            self.merged_keys += 1;
            if self.merged_keys > MOST_MERGED_KEYS {
                return Err(at(format!("More than {MOST_MERGED_KEYS} keys are merged by `<<`."), key.at));
            }
            if frame.map.contains_key(name) {
                continue;
            }
            if self.reading.places {
                let place = match &source.place.parts {
                    Parts::Keys(places) => {
                        let at = places.binary_search_by(|(known, _)| known.as_ref().cmp(name.as_str()));
                        at.map(|at| places[at].1.clone()).unwrap_or_default()
                    }
                    _ => Spot::default(),
                };
                frame.key_places.push((name.as_str().into(), place.moved(narrow(key.at))));
            }
            frame.map.insert(name.clone(), value.clone());
            frame.merged.insert(name.clone());
        }
        Ok(())
    }
}

fn sorted(mut places: Vec<(Box<str>, Spot)>) -> Arc<[(Box<str>, Spot)]> {
    places.reverse();
    places.sort_by(|one, other| one.0.cmp(&other.0));
    places.dedup_by(|later, first| later.0 == first.0);
    places.into()
}

/// Line and column, from 1.
fn narrow(at: Marker) -> (u32, u32) {
    let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    (narrow(at.line()), narrow(at.col() + 1))
}

fn is_collection(tag: &str) -> bool {
    matches!(tag, "map" | "seq" | "set" | "omap" | "pairs")
}

fn is_mapping(node: &Node) -> bool {
    matches!(node.kind, Kind::Collection(shape) if shape.is_mapping())
}

fn key_of(node: &Node, start: Marker) -> Result<Key, YamlError> {
    let name = match &node.kind {
        Kind::Scalar(scalar) => scalar.key(),
        Kind::Collection(_) => None,
    };
    let name = name.ok_or_else(|| at("A key must be text, a number, a truth value or null.", start))?;
    Ok(Key { name, merge: node.kind == Kind::Scalar(Scalar::Merge), at: start })
}

fn only_pair(node: &Node, start: Marker) -> Result<(&String, &Value), YamlError> {
    let pairs = node.built.value.as_object().filter(|map| is_mapping(node) && map.len() == 1);
    pairs.and_then(|map| map.iter().next()).ok_or_else(|| at("Each item here must be a mapping of one key.", start))
}

fn unknown_tag(tag: &str, start: Marker) -> YamlError {
    at(format!("The tag `{tag}` is not known."), start)
}
