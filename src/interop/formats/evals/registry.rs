//! A registry file: for each eval its class, and where its samples are.

use serde_json::{Map, Value};

use crate::interop::formats::draft::{Draft, MOST_OF_A_KIND};
use crate::interop::formats::error::ImportError;
use crate::interop::formats::reading::Read;
use crate::interop::formats::source::Source;
use crate::interop::formats::yaml::Yaml;
use crate::interop::imported::Imported;

use super::grading::Grading;
use super::samples;

/// Reads all evals of a registry file that have a class.
pub fn read(source: Source, read: Read) -> Result<Imported, ImportError> {
    let yaml = Yaml::read(&source, source.text, 0)?;
    let Value::Object(entries) = &yaml.value else {
        return Err(source.error(Some(1), "The registry file is no mapping of evals.", ""));
    };
    let mut draft = Draft::new(source, source.stem());
    if entries.len() > MOST_OF_A_KIND {
        return Err(source.error(
            None,
            format!("The file has more than {MOST_OF_A_KIND} evals."),
            "Split it into smaller files.",
        ));
    }
    let mut found = 0;
    for (name, entry) in entries {
        let line = yaml.line(&[name]);
        match entry.get("class").and_then(Value::as_str) {
            Some(class) => {
                found += 1;
                eval(&mut draft, name, class, entry, line, read);
            }
            None => draft.exact(name.clone(), line, "A name for one of the evals below."),
        }
    }
    if found == 0 {
        return Err(source.error(
            None,
            "No eval of this file has a class.",
            "Choose the registry file that names `class:`.",
        ));
    }
    Ok(draft.imported)
}

fn eval(draft: &mut Draft, name: &str, class: &str, entry: &Value, line: Option<u32>, read: Read) {
    let none = Map::new();
    let args = entry.get("args").and_then(Value::as_object).unwrap_or(&none);
    let Some(file) = args.get("samples_jsonl").and_then(Value::as_str) else {
        draft.unsupported(name, line, "The eval names no samples.");
        return;
    };
    let text = match find(read, &[file.to_owned(), format!("../data/{file}"), format!("data/{file}")]) {
        Ok(text) => text,
        Err(reason) => {
            draft.unsupported(name, line, format!("Its samples {file} cannot be read: {reason}"));
            return;
        }
    };
    let rows = match Source::new(file, &text).and_then(|source| source.rows()) {
        Ok(rows) => rows,
        Err(error) => {
            draft.unsupported(name, line, error.to_string());
            return;
        }
    };
    for arg in args.keys().filter(|arg| !KNOWN.contains(&arg.as_str())) {
        draft.unsupported(format!("{name} args.{arg}"), line, "This setting is left out.");
    }
    let grading = Grading::of(draft, class, args, line, read);
    samples::add(draft, name, &rows, &grading, line);
}

const KNOWN: [&str; 5] = ["samples_jsonl", "ignore_case", "modelgraded_spec", "modelgraded_spec_file", "eval_type"];

/// The first of these files that can be read.
pub(super) fn find(read: Read, paths: &[String]) -> Result<String, String> {
    let is_safe = |path: &&String| !path.contains("://") && !path.starts_with(['/', '\\', '~']) && !path.contains(':');
    let mut reason = "only files of this registry are read.".to_owned();
    for path in paths.iter().filter(is_safe) {
        match read(path) {
            Ok(text) => return Ok(text),
            Err(told) => reason = told,
        }
    }
    Err(reason)
}
