//! `$ref`: a part of the document, or of another file in its folder, put in the place of the reference.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::desk::{Desk, Read, refuse};
use super::external;
use super::size;
use super::spot::Spot;
use crate::scoring::yaml::Step;

const DEEPEST: usize = 100;
const MOST_NODES: usize = 1_000_000;
/// Bytes that references may bring.
const MOST_BROUGHT: usize = 64 << 20;

/// The document with its references replaced. Keys beside a `$ref` win over what it brings.
pub(super) fn dereference(document: Value, desk: &Desk, spot: &Spot) -> Read<Value> {
    if !has_reference(&document) {
        return Ok(document);
    }
    let root = Rc::new(document);
    let mut refs = Refs {
        desk,
        documents: HashMap::from([(String::new(), Rc::clone(&root))]),
        open: Vec::new(),
        nodes: 0,
        brought: 0,
    };
    refs.resolve(&root, "", spot, 0, &mut Vec::new())
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_reference),
        Value::Object(map) => map.contains_key("$ref") || map.values().any(has_reference),
        _ => false,
    }
}

struct Refs<'a> {
    desk: &'a Desk<'a>,
    /// By file name; the document itself has none.
    documents: HashMap<String, Rc<Value>>,
    /// The references that are being resolved.
    open: Vec<(String, String)>,
    nodes: usize,
    /// Bytes.
    brought: usize,
}

impl Refs<'_> {
    fn resolve(&mut self, value: &Value, file: &str, spot: &Spot, depth: usize, path: &mut Vec<Step>) -> Read<Value> {
        self.nodes += 1;
        let is_whole = is_verbatim(path) || !(value.is_array() || value.is_object());
        if is_whole && !self.open.is_empty() {
            self.brought += size::bytes(value);
        }
        if depth > DEEPEST || self.nodes > MOST_NODES || self.brought > MOST_BROUGHT {
            return Err(refuse("The references (`$ref`) make more of the config than can be read.", spot));
        }
        if is_whole {
            return Ok(value.clone());
        }
        match value {
            Value::Array(items) => {
                let mut found = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    path.push(Step::Index(index));
                    found.push(self.resolve(item, file, &spot.then(index), depth + 1, path)?);
                    path.pop();
                }
                Ok(Value::Array(found))
            }
            Value::Object(map) => match map.get("$ref") {
                Some(Value::String(reference)) => self.reference(map, reference, file, spot, depth),
                _ => self.object(map, file, spot, depth, path).map(Value::Object),
            },
            other => Ok(other.clone()),
        }
    }

    /// Without its reference.
    fn object(
        &mut self,
        map: &Map<String, Value>,
        file: &str,
        spot: &Spot,
        depth: usize,
        path: &mut Vec<Step>,
    ) -> Read<Map<String, Value>> {
        let mut found = Map::new();
        for (key, value) in map.iter().filter(|(key, value)| *key != "$ref" || !value.is_string()) {
            if !self.open.is_empty() {
                self.brought += key.len();
            }
            path.push(Step::Key(key.clone()));
            found.insert(key.clone(), self.resolve(value, file, &spot.then(key.as_str()), depth + 1, path)?);
            path.pop();
        }
        Ok(found)
    }

    fn reference(
        &mut self,
        map: &Map<String, Value>,
        reference: &str,
        file: &str,
        spot: &Spot,
        depth: usize,
    ) -> Read<Value> {
        let (other, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let other = if other.is_empty() { file.to_owned() } else { other.to_owned() };
        let key = (other.clone(), pointer.to_owned());
        if self.open.contains(&key) {
            return Err(refuse(format!("The reference `{reference}` leads back to itself."), spot));
        }
        let Some(document) = self.document(&other, spot)? else { return Ok(Value::Null) };
        let target = look_up(&document, pointer)
            .ok_or_else(|| refuse(format!("The reference `{reference}` leads nowhere."), spot))?;
        self.open.push(key);
        let found = self.resolve(target, &other, spot, depth + 1, &mut vec![Step::from("$ref")])?;
        self.open.pop();
        let Value::Object(found) = found else { return Ok(found) };
        let mut merged = self.object(map, file, spot, depth, &mut vec![Step::from("$ref")])?;
        for (key, value) in found {
            merged.entry(key).or_insert(value);
        }
        Ok(Value::Object(merged))
    }

    fn document(&mut self, file: &str, spot: &Spot) -> Read<Option<Rc<Value>>> {
        if let Some(known) = self.documents.get(file) {
            return Ok(Some(Rc::clone(known)));
        }
        if file.contains("://") && !file.starts_with("file://") {
            return Err(refuse(format!("The reference to `{file}` is not followed: only files are read."), spot));
        }
        let path = self.desk.path(file);
        let Some(text) = self.desk.needed_text(&path, spot)? else { return Ok(None) };
        let document = Rc::new(external::parsed(&path, &text).map_err(|why| refuse(why, spot))?);
        self.documents.insert(file.to_owned(), Rc::clone(&document));
        Ok(Some(document))
    }
}

/// Parameters of tools and functions are JSON Schema with references of their own.
fn is_verbatim(path: &[Step]) -> bool {
    let starts = matches!(path.first(), Some(Step::Key(key)) if key == "providers" || key == "targets");
    let inside = |name: &str| path.iter().any(|step| *step == Step::from(name));
    starts && path.last() == Some(&Step::from("parameters")) && (inside("tools") || inside("functions"))
}

/// JSON Pointer (RFC 6901), percent-encoding allowed.
fn look_up<'v>(document: &'v Value, pointer: &str) -> Option<&'v Value> {
    let mut found = document;
    for step in pointer.split('/').filter(|step| !step.is_empty()) {
        let step = decoded(step).replace("~1", "/").replace("~0", "~");
        found = match found {
            Value::Object(map) => map.get(&step)?,
            Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(found)
}

fn decoded(step: &str) -> String {
    let mut bytes = Vec::with_capacity(step.len());
    let mut rest = step.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(escaped) if *byte == b'%' => {
                bytes.push(escaped);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
