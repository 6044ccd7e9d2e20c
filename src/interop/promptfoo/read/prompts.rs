//! Prompts in all their forms: texts, files, wildcards, mappings with labels.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::suite::{Code, PromptEntry};
use super::access::FileFault;
use super::code;
use super::desk::{Desk, Read, refuse};
use super::external::extension;
use super::globs;
use super::json::{self, truthy};
use super::known;
use super::prompt_files;
use super::spot::Spot;

const EXTENSIONS: [&str; 14] =
    [".cjs", ".cts", ".j2", ".js", ".json", ".jsonl", ".md", ".mjs", ".mts", ".py", ".ts", ".txt", ".yml", ".yaml"];
const PROGRAMS: [&str; 8] = ["sh", "bash", "exe", "bat", "cmd", "ps1", "rb", "pl"];
const SERVICES: [&str; 3] = ["portkey://", "langfuse://", "helicone://"];

/// A prompt as the config writes it.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub raw: String,
    pub id: Option<String>,
    pub label: Option<String>,
    pub config: Option<Value>,
    pub others: Map<String, Value>,
    pub spot: Spot,
}

impl Draft {
    fn of_text(raw: &str, spot: Spot) -> Self {
        Self { raw: raw.to_owned(), id: None, label: None, config: None, others: Map::new(), spot }
    }

    /// A prompt of this draft's, with a label for where the draft has none.
    pub(super) fn entry(&self, raw: String, label: impl FnOnce(&str) -> String) -> PromptEntry {
        let label = self.label.clone().filter(|label| !label.is_empty()).unwrap_or_else(|| label(&raw));
        PromptEntry {
            raw,
            label,
            id: None,
            config: self.config.clone(),
            code: None,
            file: None,
            at: self.spot.location(),
            others: self.others.clone(),
        }
    }
}

pub(super) fn read(prompts: &Value, desk: &Desk, spot: &Spot) -> Read<Vec<PromptEntry>> {
    let drafts = drafts(prompts, desk, spot)?;
    if drafts.iter().all(|draft| draft.raw.is_empty() && draft.label.is_none()) {
        return Err(refuse("There must be at least one prompt.", spot));
    }
    let mut found = Vec::new();
    for draft in drafts {
        if draft.raw.trim().is_empty() {
            let text = "The prompt is empty, and is asked as it stands, as promptfoo does. Write one, or take it out.";
            desk.warn(&draft.spot, text);
        }
        let batch = prompts_of(&draft, desk)?;
        if batch.is_empty() && desk.still_needed().is_empty() {
            return Err(refuse(format!("There are no prompts in `{}`.", draft.raw), &draft.spot));
        }
        found.extend(batch);
    }
    Ok(found)
}

fn drafts(prompts: &Value, desk: &Desk, spot: &Spot) -> Read<Vec<Draft>> {
    match prompts {
        Value::String(text) => Ok(vec![Draft::of_text(text, spot.clone())]),
        Value::Array(items) => of_list(items, desk, spot),
        Value::Object(map) if !map.is_empty() => Ok(map
            .iter()
            .map(|(raw, label)| Draft {
                label: Some(json::text_of(label)).filter(|_| !label.is_null()),
                ..Draft::of_text(raw, spot.then(raw.as_str()))
            })
            .collect()),
        _ => Err(refuse("The prompts must be a text, a list or a mapping from prompts to labels.", spot)),
    }
}

/// A text that is there twice counts once; so does a file.
fn of_list(items: &[Value], desk: &Desk, spot: &Spot) -> Read<Vec<Draft>> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let spot = spot.then(index);
        match item {
            Value::String(text) => {
                let same =
                    if text.starts_with("file://") { desk.path(text) } else { PathBuf::from(format!("\n{text}")) };
                if seen.insert(same) {
                    found.push(Draft::of_text(text, spot));
                }
            }
            Value::Object(map) => found.push(of_mapping(map, desk, spot)?),
            Value::Null => return Err(refuse("This entry is empty: write a prompt there, or take it out.", &spot)),
            _ => return Err(refuse("A prompt must be a text, or a mapping with `raw` or `id`, and a `label`.", &spot)),
        }
    }
    Ok(found)
}

fn of_mapping(map: &Map<String, Value>, desk: &Desk, spot: Spot) -> Read<Draft> {
    known::note_others(map, known::PROMPT, desk, &spot);
    if map.contains_key("display") {
        desk.warn(&spot.then("display"), "`display` is an old name and is not looked at. Write `label`.");
    }
    let mut others = known::others(map, known::PROMPT);
    others.extend(map.get("display").map(|value| ("display".to_owned(), value.clone())));
    let text = |name: &str| map.get(name).and_then(Value::as_str);
    if let Some(id) = text("id").filter(|_| map.contains_key("raw")) {
        others.insert("id".to_owned(), Value::from(id));
    }
    let identified = truthy(map.get("id"));
    let complete = identified || (text("raw").is_some() && text("label").is_some());
    let raw = if map.contains_key("raw") { text("raw") } else { text("id") };
    let named = text("raw").is_some() || text("label").is_some();
    match raw {
        Some(raw) if complete && named => Ok(Draft {
            raw: raw.to_owned(),
            id: text("id").map(str::to_owned),
            label: text("label").map(str::to_owned),
            config: map.get("config").cloned(),
            others,
            spot,
        }),
        _ => Err(refuse("A prompt needs `raw` and `label`, or an `id` with one of them.", &spot)),
    }
}

fn prompts_of(draft: &Draft, desk: &Desk) -> Read<Vec<PromptEntry>> {
    if let Some(program) = draft.raw.strip_prefix("exec:") {
        desk.unsupported(&draft.spot, format!("Prompts made by a program are not supported: `{program}`."));
        let mut entry = literal(draft);
        entry.code = Some(Code::Foreign { language: "exec".to_owned(), reference: program.to_owned() });
        return Ok(vec![entry]);
    }
    if SERVICES.iter().any(|service| draft.raw.contains(service)) {
        desk.unsupported(&draft.spot, format!("Prompts are not fetched from services: `{}`.", draft.raw));
        return Ok(vec![literal(draft)]);
    }
    if !looks_like_a_path(&draft.raw) {
        return Ok(vec![literal(draft)]);
    }
    let bare = draft.raw.strip_prefix("file://").unwrap_or(&draft.raw);
    if globs::has_magic(bare) {
        return of_pattern(draft, bare, desk);
    }
    of_path(draft, bare, desk)
}

fn literal(draft: &Draft) -> PromptEntry {
    let label = draft.label.clone().unwrap_or_else(|| draft.raw.clone());
    PromptEntry { id: draft.id.clone(), label, ..draft.entry(draft.raw.clone(), str::to_owned) }
}

/// Without a match, what looked like a pattern is a prompt.
fn of_pattern(draft: &Draft, pattern: &str, desk: &Desk) -> Read<Vec<PromptEntry>> {
    let names = match globs::matches(desk, &desk.folder, pattern) {
        Ok(names) => names,
        Err(fault) => return desk.needed(&fault, &draft.spot).map(|()| Vec::new()),
    };
    let mut found = Vec::new();
    for name in names {
        let label = draft.label.as_ref().map(|label| format!("{label}: {name}"));
        let one = Draft { label, ..draft.clone() };
        found.extend(of_file(&one, &desk.path(&name), desk)?);
    }
    if found.is_empty() && desk.still_needed().is_empty() {
        found.push(literal(draft));
    }
    Ok(found)
}

fn of_path(draft: &Draft, bare: &str, desk: &Desk) -> Read<Vec<PromptEntry>> {
    if code::language_of(bare).is_some_and(|language| language != "ruby") {
        let mut entry = literal(draft);
        entry.code = Some(code::of_file(bare, desk, &draft.spot));
        return Ok(vec![entry]);
    }
    let path = desk.path(bare);
    match desk.access.resolve(&path) {
        Ok(_) => of_file(draft, &path, desk),
        Err(FileFault::Missing(_) | FileFault::Outside(_)) if !is_meant_as_path(&draft.raw) => {
            desk.warn(&draft.spot, "The prompt looks like a path, and there is no such file. It is taken as text.");
            Ok(vec![literal(draft)])
        }
        Err(fault) => desk.needed(&fault, &draft.spot).map(|()| Vec::new()),
    }
}

fn of_file(draft: &Draft, path: &Path, desk: &Desk) -> Read<Vec<PromptEntry>> {
    if PROGRAMS.contains(&extension(path)) {
        desk.unsupported(&draft.spot, format!("Prompts made by a program are not supported: `{}`.", path.display()));
        let mut entry = literal(draft);
        entry.code = Some(Code::Foreign { language: "exec".to_owned(), reference: draft.raw.clone() });
        return Ok(vec![entry]);
    }
    if desk.access.is_folder(path) {
        desk.warn(&draft.spot, "The prompt names a folder. It is taken as text.");
        return Ok(vec![literal(draft)]);
    }
    let Some(text) = desk.needed_text(path, &draft.spot)? else { return Ok(Vec::new()) };
    let mut found = prompt_files::prompts(draft, path, &text, desk)?;
    for prompt in &mut found {
        prompt.file = Some(path.to_owned());
    }
    Ok(found)
}

/// A text that promptfoo takes for a path.
pub(in crate::interop::promptfoo) fn looks_like_a_path(text: &str) -> bool {
    if text.contains('\n') {
        return false;
    }
    let units: Vec<u16> = text.encode_utf16().collect();
    let dot_at =
        |from_end: usize| units.len().checked_sub(from_end).is_some_and(|at| units.get(at) == Some(&u16::from(b'.')));
    text.starts_with("file://")
        || has_known_extension(text)
        || dot_at(3)
        || dot_at(4)
        || text.contains(['*', '/', '\\'])
}

fn has_known_extension(text: &str) -> bool {
    text.rsplit(':').take(2).any(|part| EXTENSIONS.iter().any(|extension| part.ends_with(extension)))
}

/// Of those, a text that cannot well be a prompt: without such a file, the config is wrong.
fn is_meant_as_path(text: &str) -> bool {
    let spoken = text.contains("{{") || text.contains(char::is_whitespace);
    text.starts_with("file://") || ((has_known_extension(text) || extension(Path::new(text)) == "csv") && !spoken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_texts_are_taken_for_paths() {
        for text in [
            "file://x",
            "a.txt",
            "p.js:make",
            "a.csv",
            "{{a}} {{o.x}}",
            "has / slash",
            "star *",
            "a\\b",
            "the U.S.",
            ".py",
        ] {
            assert!(looks_like_a_path(text), "{text}");
        }
        for text in ["plain", "a/b\nc", "dots... {{v}} here", "end.", "", "x.y", "a.abcd"] {
            assert!(!looks_like_a_path(text), "{text}");
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_may_still_be_a_prompt() {
        assert!(is_meant_as_path("prompts/missing.txt") && is_meant_as_path("file://has spaces"));
        assert!(!is_meant_as_path("has / slash") && !is_meant_as_path("Summarise {{doc}}.md"));
    }
}
