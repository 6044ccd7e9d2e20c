//! The files of a release. The same release gives the same bytes, on every machine.

use serde_json::{Map, Value, json};

use crate::domain::{Evidence, Release, Usd, names_credential};
use crate::interop::bodies::{anthropic, gemini, openai};
use crate::interop::slots::Slots;
use crate::store::ron::to_text;

use super::markdown::page;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseFile {
    /// Without a folder.
    pub name: String,
    /// UTF-8, lines ended by `\n`.
    pub bytes: Vec<u8>,
}

/// Writes a release out as files.
///
/// They hold what the release holds and nothing of the machine: no key, no header, no path, no user or host name.
///
/// # Errors
/// A parameter that is named like a credential, and values that no file can hold.
pub fn files(release: &Release) -> Result<Vec<ReleaseFile>, String> {
    if let Some(name) = release.params.extra.keys().find(|name| names_credential(name)) {
        return Err(format!("the further field `{name}` is named like a credential, which a release never holds."));
    }
    let slots = Slots::of(&release.prompt);
    let file = |name: &str, text: String| ReleaseFile { name: name.to_owned(), bytes: text.into_bytes() };
    Ok(vec![
        file("evidence.json", pretty(&evidence(release)?)?),
        file("messages.anthropic.json", pretty(&anthropic(&slots, &release.params))?),
        file("messages.gemini.json", pretty(&gemini(&slots, &release.params))?),
        file("messages.openai.json", pretty(&openai(&slots, &release.params))?),
        file("prompt.md", page(release)),
        file("prompt.ron", to_text(&release.prompt)?),
    ])
}

/// Fields in a fixed order, so that a diff shows what changed.
fn evidence(release: &Release) -> Result<Value, String> {
    let runs: Vec<Value> = release.evidence.iter().map(run).collect();
    Ok(json!({
        "format": 1,
        "prompt": release.source,
        "version": release.version,
        "variant": release.variant,
        "frozen_at": release.frozen_at.to_string(),
        "params": serde_json::to_value(&release.params).map_err(|error| error.to_string())?,
        "evidence": runs,
    }))
}

fn run(evidence: &Evidence) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("run", json!(evidence.run));
    put("experiment", json!(evidence.experiment));
    put("dataset", json!(evidence.dataset));
    put("dataset_sha256", json!(evidence.dataset_fingerprint.to_string()));
    put("model", json!(evidence.model));
    put("answered_by", json!(evidence.answered_by));
    put("source", json!(if evidence.scripted { "scripted, not a model" } else { "model" }));
    if evidence.canary {
        put("messages", json!("those of this release, and a canary in the system message"));
    }
    put("passed", json!(evidence.passed));
    put("scored", json!(evidence.scored));
    put("unscored", json!(evidence.unscored));
    put("errored", json!(evidence.errored));
    put(
        "pass_rate",
        json!(evidence.pass_rate.map(|rate| json!({"value": rate.value, "low_95": rate.low, "high_95": rate.high}))),
    );
    put("mean_cost_usd", json!(evidence.mean_cost.map(Usd::dollars)));
    put("latency_p50_ms", json!(evidence.latency_p50_ms));
    put("latency_p95_ms", json!(evidence.latency_p95_ms));
    Value::Object(fields)
}

fn pretty(value: &Value) -> Result<String, String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::freeze::tests::release;
    use super::*;
    use std::path::Path;

    use crate::domain::Prompt;
    use crate::store::ron::read;

    fn text(release: &Release, name: &str) -> String {
        let file = files(release).unwrap().into_iter().find(|file| file.name == name).unwrap();
        String::from_utf8(file.bytes).unwrap()
    }

    #[test]
    fn the_same_release_gives_the_same_bytes() {
        assert_eq!(files(&release("1.0.0")), files(&release("1.0.0")));
        let names: Vec<_> = files(&release("1.0.0")).unwrap().into_iter().map(|file| file.name).collect();
        assert!(names.is_sorted());
    }

    #[test]
    fn the_prompt_reads_back_from_its_file() {
        let release = release("1.0.0");
        let text = text(&release, "prompt.ron");
        let read = read::<Prompt>(text.as_bytes(), Path::new("prompt.ron"));
        assert_eq!(read.value.as_ref(), Some(&release.prompt), "{text}");
    }

    #[test]
    fn evidence_says_what_a_script_answered() {
        let mut release = release("1.0.0");
        let read: Value = serde_json::from_str(&text(&release, "evidence.json")).unwrap();
        assert_eq!(read["evidence"][0]["source"], "scripted, not a model");
        assert_eq!(read["evidence"][0]["pass_rate"], json!({"value": 0.94, "low_95": 0.838, "high_95": 0.979}));
        assert_eq!(read["evidence"][0]["dataset_sha256"], "07".repeat(32));
        assert_eq!(read["evidence"][0].get("messages"), None);
        release.evidence[0].scripted = false;
        release.evidence[0].canary = true;
        let read: Value = serde_json::from_str(&text(&release, "evidence.json")).unwrap();
        assert_eq!(read["evidence"][0]["source"], "model");
        assert_eq!(read["evidence"][0]["messages"], "those of this release, and a canary in the system message");
    }

    #[test]
    fn credentials_among_the_parameters_are_refused() {
        let mut release = release("1.0.0");
        release.params.extra.insert("X-API-Key".to_owned(), json!("x"));
        let error = files(&release).unwrap_err();
        assert!(error.contains("X-API-Key"), "{error}");
    }
}
