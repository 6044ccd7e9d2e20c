//! Examples of a dataset: inputs, and the outputs that are right.

use serde_json::Value;

use crate::domain::Case;
use crate::interop::formats::draft::{Draft, vars};
use crate::interop::formats::error::ImportError;
use crate::interop::formats::source::{Row, Source};
use crate::interop::imported::Imported;

/// Reads JSON or JSONL.
pub fn read(source: Source) -> Result<Imported, ImportError> {
    let rows = source.rows()?;
    let mut draft = Draft::new(source, source.stem());
    let cases: Vec<Case> = rows.iter().filter_map(|row| example(&mut draft, row)).collect();
    if cases.is_empty() {
        return Err(source.error(
            Some(1),
            "There is no example with `inputs`.",
            "Export the dataset's examples as JSON.",
        ));
    }
    draft.exact("examples", None, format!("{} cases; what is right stands in `expected`.", cases.len()));
    draft.dataset(source.stem(), cases);
    Ok(draft.imported)
}

fn example(draft: &mut Draft, row: &Row) -> Option<Case> {
    let Some(inputs) = row.value.get("inputs").filter(|inputs| inputs.is_object()) else {
        draft.unsupported("example", Some(row.line), "An example without `inputs` is left out.");
        return None;
    };
    let has_files = row.value.get("attachments").and_then(Value::as_object).is_some_and(|files| !files.is_empty());
    if has_files {
        draft.unsupported("attachments", Some(row.line), "Files of an example do not go in.");
    }
    let split = ["dataset_split", "split"].iter().find_map(|name| row.value.get(*name)).unwrap_or(&Value::Null);
    let tags = match split {
        Value::String(tag) => vec![tag.clone()],
        Value::Array(tags) => tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let outputs = row.value.get("outputs").unwrap_or(&Value::Null);
    let id = row.value.get("id").and_then(Value::as_str).unwrap_or_default();
    let (vars, expected) = (vars(inputs, "input"), vars(outputs, "output"));
    let mut case = Case { id: id.into(), vars, expected, tags, ..Case::default() };
    if let Some(metadata) = row.value.get("metadata").and_then(Value::as_object) {
        case.options.metadata.clone_from(metadata);
    }
    Some(case)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{CaseOptions, Source as Rows};

    #[test]
    fn examples_are_cases() {
        let text = "{\"id\": \"1\", \"inputs\": {\"q\": \"Why?\"}, \"outputs\": {\"answer\": \"So.\"}, \"dataset_split\": \
                    [\"test\"], \"metadata\": {\"k\": 1}}\n{\"outputs\": {}}\n";
        let imported = read(Source::new("f.jsonl", text).unwrap()).unwrap();
        let map = |value: Value| value.as_object().unwrap().clone();
        let expect = Case {
            id: "1".into(),
            vars: map(json!({"q": "Why?"})),
            expected: map(json!({"answer": "So."})),
            tags: vec!["test".to_owned()],
            options: CaseOptions { metadata: map(json!({"k": 1})), ..CaseOptions::default() },
            ..Case::default()
        };
        assert_eq!(imported.datasets.values().next().unwrap().source, Rows::Cases(vec![expect]));
        let left_out = &imported.report.parts[0];
        assert_eq!((left_out.part.as_str(), left_out.place.line), ("example", Some(2)));
    }
}
