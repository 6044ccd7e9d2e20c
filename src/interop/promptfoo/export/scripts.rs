//! JavaScript of files, written into the config.

use crate::domain::{Code, ScriptFile};

use super::notes::Notes;

/// Code as promptfoo takes it in a text; nothing where it cannot stand in one.
pub(super) fn written(code: &Code, notes: &mut Notes) -> Option<String> {
    match code {
        Code::Inline(code) => Some(code.clone()),
        Code::File(file) => inlined(file, notes),
        Code::Unrun { name, .. } => {
            notes.add(format!("`{name}` is named as it was: put that file beside the config."));
            Some(name.clone())
        }
    }
}

/// A module of a file as the body of a function that calls what it exports. A config is one text, so there is no file
/// beside it.
pub(super) fn inlined(file: &ScriptFile, notes: &mut Notes) -> Option<String> {
    let is_statement = |line: &str| ["import ", "export "].iter().any(|word| line.trim_start().starts_with(word));
    let is_template = ["{{", "{%", "{#"].iter().any(|tag| file.source.contains(tag));
    if file.source.lines().any(is_statement) || is_template {
        notes.add(format!(
            "The script {} is left out, since it cannot stand in the config itself. Put it beside the config and name it with file://.",
            file.name
        ));
        return None;
    }
    let found = match &file.export {
        Some(name) => format!("module.exports[{}]", serde_json::Value::from(name.as_str())),
        None => "(module.exports.default ?? module.exports)".to_owned(),
    };
    let source = file.source.trim_end();
    Some(format!(
        "const module = {{ exports: {{}} }};\nconst exports = module.exports;\n{source}\nreturn {found}(output, context);"
    ))
}
