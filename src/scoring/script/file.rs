//! Functions that stand in a file of their own.

use serde_json::Value;

use super::cross;
use super::error::ScriptError;
use super::sandbox::in_sandbox;

/// The text of a `file://x.js` or `file://x.js:name`, read by whoever may read files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptFile<'a> {
    /// `module.exports = …`, or a module with `export`.
    pub source: &'a str,
    /// The function's name; without one the file's only or default export is meant.
    pub export: Option<&'a str>,
}

/// Calls a file's function, waits for its promise, and gives what came of it; `undefined` is `None`.
///
/// # Errors
/// The file does not load, has no such function, or the function fails; or what it gives back is not JSON.
pub fn call_file(file: ScriptFile<'_>, args: &[Value]) -> Result<Option<Value>, ScriptError> {
    let args = args.iter().map(cross::write).collect::<Result<Vec<_>, _>>()?;
    in_sandbox(file.source, |realm| {
        let value = realm.call_export(file.source, file.export, &args)?;
        if value.is_undefined() {
            return Ok(None);
        }
        let kind = value.type_name();
        realm.json(value)?.map(Some).ok_or_else(|| ScriptError::NotJson(format!("a {kind}")).into())
    })
}

impl<'a> From<&'a crate::domain::ScriptFile> for ScriptFile<'a> {
    fn from(file: &'a crate::domain::ScriptFile) -> Self {
        Self { source: &file.source, export: file.export.as_deref() }
    }
}
