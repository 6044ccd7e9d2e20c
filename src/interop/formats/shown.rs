//! An import as text, for snapshots: definitions as they would be written, without defaults, and the report.

use serde::Serialize;

use crate::interop::imported::Imported;

pub fn shown(imported: &Imported) -> String {
    let mut lines = vec![format!("project {}: {}", imported.project, imported.spec.title)];
    section(&mut lines, "providers", &imported.providers);
    section(&mut lines, "models", &imported.models);
    section(&mut lines, "prompts", &imported.prompts);
    section(&mut lines, "variants", &imported.variants);
    section(&mut lines, "datasets", &imported.datasets);
    section(&mut lines, "experiments", &imported.experiments);
    lines.push("report".to_owned());
    for part in &imported.report.parts {
        let line = part.place.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
        lines.push(format!("  {line} {}: {} ({})", part.fidelity, part.part, part.note));
    }
    lines.join("\n")
}

fn section(lines: &mut Vec<String>, name: &str, definitions: &impl Serialize) {
    let text = serde_json::to_string_pretty(definitions).unwrap_or_default();
    if text != "{}" {
        lines.push(format!("{name} {text}"));
    }
}
