//! What Release shows, as plain values.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::compose::{Change, LayerDiff, diff_prompts};
use crate::domain::{Evidence, Project, PromptId, Release, ReleaseId, RunHeader};
use crate::publish::Version;
use crate::ui::format;

/// A version in the list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VersionRow {
    pub id: ReleaseId,
    pub version: String,
    pub frozen: String,
    /// The first model's pass rate with its interval, and how many more models there are.
    pub evidence: String,
    pub cost: String,
    pub p95: String,
    pub scripted: bool,
}

/// The releases of a prompt, the newest version first.
pub(super) fn versions(project: &Project, prompt: &PromptId) -> Vec<VersionRow> {
    let mut found: Vec<(Option<Version>, &ReleaseId, &Arc<Release>)> = project
        .releases
        .iter()
        .filter(|(_, release)| release.source == *prompt)
        .map(|(id, release)| (release.version.parse().ok(), id, release))
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0));
    found.into_iter().map(|(_, id, release)| row(id, release)).collect()
}

fn row(id: &ReleaseId, release: &Release) -> VersionRow {
    let best = release.evidence.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)));
    let more = release.evidence.len().saturating_sub(1);
    let evidence = match best {
        None => "no evidence".to_owned(),
        Some(best) => {
            let shown = best.pass_rate.map_or_else(|| "nothing scored".to_owned(), format::interval);
            let more = if more > 0 { format!(", {more} more") } else { String::new() };
            format!("{} {shown}{more}", best.model)
        }
    };
    VersionRow {
        id: id.clone(),
        version: release.version.clone(),
        frozen: format::when(release.frozen_at),
        evidence,
        cost: best.and_then(|best| best.mean_cost).map(|cost| cost.to_string()).unwrap_or_default(),
        p95: best
            .and_then(|best| best.latency_p95_ms)
            .map(|ms| format!("p95 {}", format::seconds(ms)))
            .unwrap_or_default(),
        scripted: release.evidence.iter().any(|evidence| evidence.scripted),
    }
}

/// A run that may be the evidence: its experiment, its day, and how many trials each of its variants has.
pub(super) fn run_words(header: &RunHeader) -> String {
    let trials = header.trials() / header.variants.len().max(1) as u64;
    let noun = if trials == 1 { "trial" } else { "trials" };
    format!("{} · {} · {} {noun}", header.experiment, format::when(header.started_at), format::count(trials))
}

/// Whether the evidence meets the gate of its experiment, in words; `None` where no gate is known.
pub(super) fn gate(evidence: &[Evidence]) -> Option<(bool, String)> {
    let gate = evidence.first()?.gate?;
    let below: Vec<&str> = evidence.iter().filter(|one| one.meets_gate() != Some(true)).map(model).collect();
    let asked = format::percent(gate);
    Some(match below[..] {
        [] => (true, format!("Gate of {asked}: met")),
        [..] if evidence.len() == 1 => (false, format!("Gate of {asked}: not met")),
        [..] => (false, format!("Gate of {asked}: not met by {}", below.join(", "))),
    })
}

fn model(evidence: &Evidence) -> &str {
    evidence.model.as_str()
}

fn rate(evidence: &Evidence) -> f64 {
    evidence.pass_rate.map_or(-1.0, |rate| rate.value)
}

/// What differs between two releases.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Differences {
    /// Only layers that differ.
    pub layers: Vec<LayerDiff>,
    pub same: usize,
    /// In words: variables that came, went or changed; parameters that differ.
    pub beside: Vec<String>,
}

impl Differences {
    pub fn none(&self) -> bool {
        self.layers.is_empty() && self.beside.is_empty()
    }
}

/// Compares an older release with a newer one; nothing is older than a first one.
pub(super) fn differences(old: Option<&Release>, new: &Release) -> Differences {
    let Some(old) = old else { return Differences::default() };
    let (layers, same): (Vec<_>, Vec<_>) = diff_prompts(&old.prompt, &new.prompt)
        .into_iter()
        .partition(|layer| layer.change != Change::Same || layer.moved);
    Differences { layers, same: same.len(), beside: beside(old, new) }
}

fn beside(old: &Release, new: &Release) -> Vec<String> {
    let (before, after) = (&old.prompt.variables, &new.prompt.variables);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut words: Vec<String> = names
        .into_iter()
        .filter_map(|name| match (before.get(name), after.get(name)) {
            (None, Some(_)) => Some(format!("Variable `{name}` is new.")),
            (Some(_), None) => Some(format!("Variable `{name}` is gone.")),
            (Some(one), Some(other)) if one != other => Some(format!("Variable `{name}` is declared otherwise.")),
            _ => None,
        })
        .collect();
    if old.params != new.params {
        words.push("The model parameters differ.".to_owned());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Content, Layer, LayerId, Params, Prompt, Text, Variable};

    fn release(version: &str, words: &str) -> Release {
        let content = Content::Text(Text { text: words.to_owned() });
        let layer = Layer {
            id: LayerId::from("ask"),
            title: String::new(),
            note: String::new(),
            on: true,
            role: None,
            content,
        };
        Release {
            format: 1,
            version: version.to_owned(),
            source: "triage".into(),
            variant: "plain".into(),
            note: String::new(),
            frozen_at: "2026-11-23T14:30:00Z".parse().unwrap(),
            prompt: Prompt { layers: vec![layer], ..Prompt::default() },
            params: Params::default(),
            evidence: Vec::new(),
        }
    }

    #[test]
    fn versions_stand_by_precedence_and_those_of_other_prompts_stay_out() {
        let mut project = Project::new(Arc::new(serde_json::from_str(r#"{"title": "P"}"#).unwrap()));
        for version in ["1.9.0", "1.10.0", "1.10.0-rc.1"] {
            project.releases.insert(format!("triage-{version}").as_str().into(), Arc::new(release(version, "a")));
        }
        let other = Release { source: "other".into(), ..release("9.0.0", "a") };
        project.releases.insert("other-9.0.0".into(), Arc::new(other));
        let found: Vec<String> = versions(&project, &"triage".into()).into_iter().map(|row| row.version).collect();
        assert_eq!(found, ["1.10.0", "1.10.0-rc.1", "1.9.0"]);
    }

    #[test]
    fn the_gate_is_met_by_every_model_or_it_names_those_below() {
        let evidence = |model: &str, passed, gate: Option<f64>| -> Evidence {
            let gate = gate.map_or_else(String::new, |gate| format!(", gate: Some({gate})"));
            let zeros = "0".repeat(64);
            ron::from_str(&format!(
                r#"(run: "r", experiment: "e", dataset: "d", dataset_fingerprint: "{zeros}", model: "{model}",
                    passed: {passed}, scored: 20, pass_rate: None, mean_cost: None, latency_p50_ms: None,
                    latency_p95_ms: None{gate})"#
            ))
            .unwrap()
        };
        let check = |found: &[Evidence], expect: Option<(bool, &str)>| {
            assert_eq!(gate(found), expect.map(|(met, words)| (met, words.to_owned())));
        };
        let (met, below) = (evidence("sage", 17, Some(0.85)), evidence("swift", 16, Some(0.85)));
        check(std::slice::from_ref(&met), Some((true, "Gate of 85 %: met")));
        check(std::slice::from_ref(&below), Some((false, "Gate of 85 %: not met")));
        check(&[met.clone(), below.clone()], Some((false, "Gate of 85 %: not met by swift")));
        check(&[met.clone(), met], Some((true, "Gate of 85 %: met")));
        check(&[evidence("old", 20, None)], None);
        check(&[], None);
    }

    #[test]
    fn what_differs_is_told_and_what_is_the_same_counted() {
        let old = release("1.0.0", "Sort it.");
        let mut new = release("1.1.0", "Sort it well.");
        new.prompt.variables.insert("tone".to_owned(), Variable::default());
        let found = differences(Some(&old), &new);
        assert_eq!((found.layers.len(), found.same), (1, 0));
        assert_eq!(found.beside, ["Variable `tone` is new."]);
        assert!(differences(Some(&old), &release("1.0.1", "Sort it.")).none());
        assert!(differences(None, &new).none());
    }
}
