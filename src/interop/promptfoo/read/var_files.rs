//! Variables from files: all of a test's at once (`vars: file.yaml`), or one as text (`doc: file://a.txt`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::suite::FileTexts;
use super::code::language_of;
use super::desk::{Desk, Read, path_from, refuse};
use super::external::{extension, loaded_inside};
use super::globs;
use super::json;
use super::spot::Spot;
use super::text::trim;
use crate::scoring::yaml;

const IMAGES: [(&str, &str); 8] = [
    ("png", "png"),
    ("jpg", "jpeg"),
    ("jpeg", "jpeg"),
    ("gif", "gif"),
    ("bmp", "bmp"),
    ("webp", "webp"),
    ("svg", "svg+xml"),
    ("tiff", "tiff"),
];
const SOUNDS_AND_FILMS: [&str; 14] =
    ["wav", "mp3", "ogg", "aac", "m4a", "flac", "wma", "aiff", "opus", "mp4", "webm", "mov", "avi", "mkv"];

/// The mappings of all files that the value names, later ones over earlier ones. Files are looked for in each folder in
/// turn.
pub(super) fn merged(value: &Value, folders: &[PathBuf], desk: &Desk, spot: &Spot) -> Read<Map<String, Value>> {
    let names: Vec<&str> = match value {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut merged = Map::new();
    for name in names {
        for path in files(name, folders, desk, spot)? {
            let Some(text) = desk.needed_text(&path, spot)? else { continue };
            desk.environment.mention(&text);
            let inner = Spot::file(path.as_path());
            let document = yaml::read(&text).map_err(|error| refuse(error.to_string(), &inner))?;
            match loaded_inside(&document, desk, &inner)? {
                Value::Object(map) => merged.extend(map),
                Value::Null => {}
                _ => desk.warn(spot, format!("`{}` holds no variables: it is no mapping.", path.display())),
            }
        }
    }
    Ok(merged)
}

fn files(name: &str, folders: &[PathBuf], desk: &Desk, spot: &Spot) -> Read<Vec<PathBuf>> {
    let pattern = name.strip_prefix("file://").unwrap_or(name);
    for folder in folders {
        match globs::matches(desk, folder, pattern) {
            Ok(names) if names.is_empty() => {}
            Ok(names) => return Ok(names.iter().map(|name| path_from(folder, name)).collect()),
            Err(fault) => return desk.needed(&fault, spot).map(|()| Vec::new()),
        }
    }
    desk.warn(spot, format!("No file of variables is at `{pattern}`."));
    Ok(Vec::new())
}

/// What files hold that variables name: each is read once, and its text shared.
#[derive(Default)]
pub(super) struct Contents(HashMap<String, Arc<str>>);

impl Contents {
    /// The content of each variable that is a `file://` text, by the variable's name.
    ///
    /// # Errors
    /// A sentence on the first file that cannot be read.
    pub(super) fn of(&mut self, vars: &Map<String, Value>, desk: &Desk, spot: &Spot) -> Result<FileTexts, String> {
        let references = vars.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
        let files = references.filter(|(_, text)| text.starts_with("file://"));
        files.map(|(name, reference)| Ok((name.clone(), self.one(name, reference, desk, spot)?))).collect()
    }

    fn one(&mut self, name: &str, reference: &str, desk: &Desk, spot: &Spot) -> Result<Arc<str>, String> {
        if let Some(known) = self.0.get(reference) {
            return Ok(Arc::clone(known));
        }
        let text: Arc<str> = content(name, reference, desk, spot)?.into();
        self.0.insert(reference.to_owned(), Arc::clone(&text));
        Ok(text)
    }
}

fn content(name: &str, reference: &str, desk: &Desk, spot: &Spot) -> Result<String, String> {
    let bare = reference.strip_prefix("file://").unwrap_or(reference);
    let told = |why: String| format!("The variable `{name}`: {why}");
    if let Some(language) = language_of(bare) {
        return Err(told(format!("it is made by a program ({language}), which is not run.")));
    }
    let path = desk.path(bare);
    let kind = extension(&path).to_ascii_lowercase();
    if kind == "pdf" {
        return Err(told(format!("`{bare}` is a PDF file, which is not read. Save its text and name that.")));
    }
    if let Some((_, subtype)) = IMAGES.iter().find(|(known, _)| *known == kind) {
        return Ok(format!("data:image/{subtype};base64,{}", encoded(&path, desk, spot).map_err(told)?));
    }
    if SOUNDS_AND_FILMS.contains(&kind.as_str()) {
        return encoded(&path, desk, spot).map_err(told);
    }
    let text = desk.text(&path, spot).map_err(|fault| told(fault.sentence()))?;
    desk.environment.mention(&text);
    match kind.as_str() {
        "yaml" | "yml" => {
            let value = yaml::read_for_json(&text).map_err(|error| told(format!("`{bare}`, {error}")))?;
            Ok(json::stringify(&value))
        }
        _ => Ok(trim(&text).to_owned()),
    }
}

fn encoded(path: &Path, desk: &Desk, spot: &Spot) -> Result<String, String> {
    desk.bytes(path, spot).map(|bytes| base64(&bytes)).map_err(|fault| fault.sentence())
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = char::from(LETTERS[bits >> (18 - 6 * place) & 63]);
            text.push(if place > group.len() { '=' } else { letter });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_in_base64() {
        let check = |bytes: &str, expect: &str| assert_eq!(base64(bytes.as_bytes()), expect, "{bytes}");
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foobar", "Zm9vYmFy");
        check("\u{fb}\u{ff}", "w7vDvw==");
    }
}
