//! What a strict reader of JSON Schema draft 7 refuses before anything is validated: keywords and formats that it does
//! not know, and keywords that would have no effect where they stand.
//!
//! Definitions are looked at only where a reference leads to them. On the way each subschema is rewritten so that a
//! lenient draft-7 validator gives the same verdicts: keywords beside `$ref` count, `nullable` is a type, formats of
//! numbers are ranges.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::formats;

/// The keywords of draft 7 that say something of a value, and those that the strict reader adds to it.
const TELLING: &[&str] = &[
    "$ref",
    "maximum",
    "minimum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "multipleOf",
    "maxLength",
    "minLength",
    "pattern",
    "maxProperties",
    "minProperties",
    "required",
    "maxItems",
    "minItems",
    "uniqueItems",
    "type",
    "nullable",
    "const",
    "enum",
    "not",
    "anyOf",
    "oneOf",
    "allOf",
    "if",
    "then",
    "else",
    "propertyNames",
    "additionalProperties",
    "dependencies",
    "properties",
    "patternProperties",
    "additionalItems",
    "items",
    "contains",
    "format",
    "formatMaximum",
    "formatMinimum",
    "formatExclusiveMaximum",
    "formatExclusiveMinimum",
];

/// The other keywords: they say nothing of a value, so that a reference beside them stays alone.
const SILENT: &[&str] = &[
    "$schema",
    "$id",
    "$defs",
    "$vocabulary",
    "$comment",
    "definitions",
    "$async",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "examples",
    "contentMediaType",
    "contentEncoding",
    "contentSchema",
];

const ONE: &[&str] =
    &["not", "if", "then", "else", "additionalProperties", "additionalItems", "items", "contains", "propertyNames"];
const LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "items"];
const MAPS: &[&str] = &["properties", "patternProperties", "dependencies"];

/// Names of the draft that a schema may declare.
const DRAFTS: &[&str] = &["http://json-schema.org/draft-07/schema", "http://json-schema.org/schema"];

/// The schema rewritten, or a clause that says what is wrong with it.
pub(super) fn checked(schema: &Value) -> Result<Value, String> {
    let mut pending = vec![schema];
    let mut seen = HashSet::new();
    while let Some(next) = pending.pop() {
        refuse(next, schema, &mut pending, &mut seen)?;
    }
    Ok(rewritten(schema, true))
}

/// Looks at one subschema, and notes those that it leads to.
fn refuse<'s>(
    schema: &'s Value,
    root: &'s Value,
    pending: &mut Vec<&'s Value>,
    seen: &mut HashSet<&'s str>,
) -> Result<(), String> {
    let Value::Object(fields) = schema else { return Ok(()) };
    for key in fields.keys() {
        if key == "id" {
            return Err("the keyword `id` is not supported, `$id` is".to_owned());
        }
        if ![TELLING, SILENT].iter().any(|known| known.contains(&key.as_str())) {
            return Err(format!("the keyword `{key}` is unknown"));
        }
    }
    idle(fields)?;
    if let Some(Value::String(draft)) = fields.get("$schema")
        && !DRAFTS.contains(&draft.trim_end_matches('#'))
    {
        return Err(format!("the draft `{draft}` is unknown; draft 7 is known"));
    }
    if let Some(Value::String(format)) = fields.get("format")
        && !formats::KNOWN.contains(&format.as_str())
    {
        return Err(format!("the format `{format}` is unknown"));
    }
    if let Some(Value::String(pattern)) = fields.get("pattern") {
        unicode_pattern(pattern)?;
    }
    if let Some(Value::Object(patterns)) = fields.get("patternProperties") {
        overlapping(patterns, fields.get("properties"))?;
    }
    if fields.get("enum").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        return Err("`enum` is empty".to_owned());
    }
    if let Some(Value::String(reference)) = fields.get("$ref")
        && seen.insert(reference)
        && let Some(target) = reference.strip_prefix('#').and_then(|pointer| root.pointer(&unescaped(pointer)))
    {
        pending.push(target);
    }
    pending.extend(subschemas(fields));
    Ok(())
}

/// Keywords without effect where they stand.
fn idle(fields: &Map<String, Value>) -> Result<(), String> {
    let has = |key: &str| fields.contains_key(key);
    if has("if") && !has("then") && !has("else") {
        return Err("`if` without `then` and `else` has no effect".to_owned());
    }
    if let Some(key) = ["then", "else"].into_iter().find(|key| has(key) && !has("if")) {
        return Err(format!("`{key}` without `if` has no effect"));
    }
    if has("additionalItems") && !fields.get("items").is_some_and(Value::is_array) {
        return Err("`additionalItems` has no effect when `items` is no list of schemas".to_owned());
    }
    if has("nullable") && !has("type") {
        return Err("`nullable` cannot be used without `type`".to_owned());
    }
    if fields.get("nullable") == Some(&Value::Bool(false)) && types(fields).any(|kind| kind == "null") {
        return Err("`type` has null, which contradicts `nullable: false`".to_owned());
    }
    Ok(())
}

fn types(fields: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let listed = match fields.get("type") {
        Some(Value::Array(kinds)) => kinds.as_slice(),
        Some(kind) => std::slice::from_ref(kind),
        None => &[],
    };
    listed.iter().filter_map(Value::as_str)
}

fn unicode_pattern(pattern: &str) -> Result<(), String> {
    regress::Regex::with_flags(pattern, "u")
        .map(drop)
        .map_err(|error| format!("the pattern `{pattern}` is invalid: {}", error.text))
}

/// A property that a pattern matches too is refused: which schema is meant is not clear.
fn overlapping(patterns: &Map<String, Value>, properties: Option<&Value>) -> Result<(), String> {
    for pattern in patterns.keys() {
        unicode_pattern(pattern)?;
    }
    let Some(Value::Object(properties)) = properties else { return Ok(()) };
    for pattern in patterns.keys() {
        let Ok(compiled) = crate::scoring::pattern::Pattern::new(pattern) else { continue };
        if let Some(name) = properties.keys().find(|name| matches!(compiled.find(name), Ok(Some(_)))) {
            return Err(format!("the property `{name}` also matches the pattern `{pattern}`"));
        }
    }
    Ok(())
}

fn subschemas(fields: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    fields.iter().flat_map(|(key, value)| {
        let key = key.as_str();
        match value {
            Value::Object(inner) if MAPS.contains(&key) => inner.values().collect::<Vec<_>>(),
            Value::Array(inner) if LISTS.contains(&key) => inner.iter().collect(),
            Value::Object(_) if ONE.contains(&key) => vec![value],
            _ => Vec::new(),
        }
    })
}

/// A fragment of a reference as a JSON pointer: percent signs undone.
fn unescaped(pointer: &str) -> String {
    let mut bytes = Vec::with_capacity(pointer.len());
    let mut rest = pointer.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn rewritten(schema: &Value, is_root: bool) -> Value {
    let Value::Object(fields) = schema else { return schema.clone() };
    let mut out = Map::new();
    let mut also = Vec::new();
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("nullable", _) => {}
            ("format", Value::String(format)) if formats::is_numeric(format) => also.push(formats::range(format)),
            ("$schema", _) if is_root => {
                out.insert(key.clone(), json!("http://json-schema.org/draft-07/schema#"));
            }
            ("type", _) => {
                out.insert(key.clone(), with_null(value, fields));
            }
            (name, value) => {
                out.insert(key.clone(), rewritten_part(name, value));
            }
        }
    }
    let is_silent = |key: &String| key == "$ref" || SILENT.contains(&key.as_str());
    if !out.keys().all(is_silent) {
        also.extend(out.shift_remove("$ref").map(|reference| json!({ "$ref": reference })));
    }
    if !also.is_empty() {
        match out.get_mut("allOf") {
            Some(Value::Array(all)) => all.extend(also),
            _ => {
                out.insert("allOf".to_owned(), Value::Array(also));
            }
        }
    }
    Value::Object(out)
}

/// What stands at a keyword: a schema, several, or no schema at all.
fn rewritten_part(keyword: &str, value: &Value) -> Value {
    match value {
        Value::Object(inner) if MAPS.contains(&keyword) || matches!(keyword, "definitions" | "$defs") => each(inner),
        Value::Array(inner) if LISTS.contains(&keyword) => inner.iter().map(|part| rewritten(part, false)).collect(),
        Value::Object(_) if ONE.contains(&keyword) => rewritten(value, false),
        _ => value.clone(),
    }
}

fn each(schemas: &Map<String, Value>) -> Value {
    Value::Object(schemas.iter().map(|(name, schema)| (name.clone(), rewritten(schema, false))).collect())
}

fn with_null(kind: &Value, fields: &Map<String, Value>) -> Value {
    let nullable = fields.get("nullable") == Some(&Value::Bool(true)) && !types(fields).any(|kind| kind == "null");
    match kind {
        Value::String(_) if nullable => json!([kind, "null"]),
        Value::Array(kinds) if nullable => Value::Array(kinds.iter().cloned().chain([json!("null")]).collect()),
        _ => kind.clone(),
    }
}
