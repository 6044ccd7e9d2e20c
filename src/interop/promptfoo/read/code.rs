//! Code in a config: JavaScript for the sandbox, and languages that are not run.

use std::path::Path;

use serde_json::Value;

use super::super::report::AskKind;
use super::super::suite::Code;
use super::desk::Desk;
use super::spot::Spot;

const JAVASCRIPT: [&str; 6] = ["js", "cjs", "mjs", "ts", "cts", "mts"];
const FOREIGN: [(&str, &str); 3] = [("py", "python"), ("rb", "ruby"), ("go", "go")];

/// The language of `x.js` or `x.js:name`, without `file://`.
pub(super) fn language_of(reference: &str) -> Option<&'static str> {
    let (path, _) = split(reference);
    let extension = Path::new(path).extension()?.to_str()?;
    if JAVASCRIPT.contains(&extension) {
        return Some("javascript");
    }
    FOREIGN.iter().find(|(known, _)| *known == extension).map(|(_, language)| *language)
}

/// The path, and the name after its last colon where that follows a file of code.
fn split(reference: &str) -> (&str, Option<&str>) {
    let is_code = |path: &str| {
        let extension = Path::new(path).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        JAVASCRIPT.contains(&extension) || FOREIGN.iter().any(|(known, _)| *known == extension)
    };
    match reference.rsplit_once(':') {
        Some((path, name)) if is_code(path) => (path, Some(name)),
        _ => (reference, None),
    }
}

/// A file of code, `file://` and the function's name included. JavaScript is asked for, other languages are noted.
pub(super) fn of_file(reference: &str, desk: &Desk, spot: &Spot) -> Code {
    let bare = reference.strip_prefix("file://").unwrap_or(reference);
    let (path, export) = split(bare);
    match language_of(bare) {
        Some("javascript") => {
            let path = desk.path(path);
            match desk.text(&path, spot) {
                Ok(source) => {
                    desk.ask(AskKind::Script, path.display().to_string(), spot);
                    Code::File { path, export: export.map(str::to_owned), source }
                }
                Err(fault) => Code::Unreadable { reference: reference.to_owned(), why: fault.sentence() },
            }
        }
        Some(language) => {
            desk.unsupported(spot, format!("Code in {language} is never run: `{bare}`."));
            Code::Foreign { language: language.to_owned(), reference: reference.to_owned() }
        }
        None => Code::Unreadable {
            reference: reference.to_owned(),
            why: format!("`{bare}` is no file of code that is known."),
        },
    }
}

/// A transform: JavaScript, or a file of code. Anything but text is none.
pub(super) fn of_transform(value: Option<&Value>, desk: &Desk, spot: &Spot) -> Option<Code> {
    let text = value?.as_str().filter(|text| !text.is_empty())?;
    if text.starts_with("file://") {
        return Some(of_file(text, desk, spot));
    }
    inline(text, desk, spot);
    Some(Code::Inline(text.to_owned()))
}

pub(super) fn inline(text: &str, desk: &Desk, spot: &Spot) {
    let location = spot.location();
    let first = text.lines().next().unwrap_or_default();
    let shown: String = first.chars().take(60).collect();
    desk.ask(AskKind::Script, format!("{location}: {shown}"), spot);
}
