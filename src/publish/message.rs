//! The commit message of a release.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::compose::{Change, LayerDiff, LineTag, diff_prompts};
use crate::domain::{Evidence, Fingerprint, Prompt, Release};

use super::markdown::{counts, milliseconds, percent};
use super::names::one_line;

/// `Release <prompt> <version>`; what changed since `previous`; the evidence; trailers.
#[must_use]
pub fn commit_message(release: &Release, previous: Option<&Release>) -> String {
    let mut text = format!("Release {} {}\n\n", name(release.source.as_str()), name(&release.version));
    if !release.note.trim().is_empty() {
        let _ = writeln!(text, "{}\n", note(&release.note));
    }
    text.push_str(&changes(&release.prompt, previous));
    text.push('\n');
    text.push_str(&evidence(&release.evidence));
    text.push('\n');
    text.push_str(&trailers(release));
    text
}

fn changes(prompt: &Prompt, previous: Option<&Release>) -> String {
    let Some(previous) = previous else {
        let on = prompt.layers.iter().filter(|layer| layer.on).count();
        return format!("First release, {on} {}.\n", if on == 1 { "layer" } else { "layers" });
    };
    let mut lines = layer_changes(&previous.prompt, prompt);
    let names = |prompt: &Prompt| prompt.variables.keys().cloned().collect::<BTreeSet<_>>();
    let (old, new) = (names(&previous.prompt), names(prompt));
    lines.extend(new.difference(&old).map(|added| format!("variable {} added", name(added))));
    lines.extend(old.difference(&new).map(|gone| format!("variable {} removed", name(gone))));
    if lines.is_empty() {
        return format!("Same layers as {}.\n", name(&previous.version));
    }
    let lines: Vec<String> = lines.iter().map(|line| format!("- {line}\n")).collect();
    format!("Since {}:\n{}", name(&previous.version), lines.concat())
}

/// What came, went, moved or says something else, with how many lines.
fn layer_changes(before: &Prompt, now: &Prompt) -> Vec<String> {
    diff_prompts(before, now).iter().filter_map(|diff| layer_change(diff, before, now)).collect()
}

fn layer_change(diff: &LayerDiff, before: &Prompt, now: &Prompt) -> Option<String> {
    let id = name(diff.id.as_str());
    let is_on = |prompt: &Prompt| prompt.layer(&diff.id).map(|layer| layer.on);
    let count = |tag: LineTag| diff.lines.iter().filter(|line| line.tag == tag).count();
    let lines = format!("+{} −{} lines", count(LineTag::Added), count(LineTag::Removed));
    let moved = if diff.moved { ", moved" } else { "" };
    match (diff.change, is_on(before), is_on(now)) {
        (Change::Same, ..) => None,
        (Change::Added, ..) => Some(format!("layer {id} added")),
        (Change::Removed, ..) => Some(format!("layer {id} removed")),
        (Change::Moved, ..) => Some(format!("layer {id} moved")),
        (Change::Changed, Some(true), Some(false)) => Some(format!("layer {id} switched off{moved}")),
        (Change::Changed, Some(false), Some(true)) => Some(format!("layer {id} switched on{moved}")),
        (Change::Changed, ..) => Some(format!("layer {id} changed ({lines}){moved}")),
    }
}

fn evidence(evidence: &[Evidence]) -> String {
    if evidence.is_empty() {
        return "No evidence: frozen without a run.\n".to_owned();
    }
    let mut text = "Evidence:\n".to_owned();
    for found in evidence {
        let scripted = if found.scripted { " (scripted, not a model)" } else { "" };
        let rate = found.pass_rate.map_or_else(|| "no pass rate".to_owned(), percent);
        let cost = found.mean_cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string());
        let _ = writeln!(text, "- {}{scripted}: {rate}, {}", name(found.model.as_str()), counts(found));
        let _ = writeln!(
            text,
            "  cost {cost}, latency p50 {}, p95 {}",
            milliseconds(found.latency_p50_ms),
            milliseconds(found.latency_p95_ms)
        );
    }
    text
}

/// The last paragraph, as `git interpret-trailers` reads it.
fn trailers(release: &Release) -> String {
    let mut lines = vec![
        format!("Prompt: {}", name(release.source.as_str())),
        format!("Prompt-Version: {}", name(&release.version)),
        format!("Variant: {}", name(release.variant.as_str())),
        format!("Content-SHA256: {}", content_hash(release)),
    ];
    let mut seen = BTreeSet::new();
    for found in &release.evidence {
        let run = format!("Run: {}", name(found.run.as_str()));
        let dataset = format!("Dataset: {} sha256:{}", name(found.dataset.as_str()), found.dataset_fingerprint);
        lines.extend([run, dataset].into_iter().filter(|line| seen.insert(line.clone())));
    }
    lines.join("\n") + "\n"
}

/// SHA-256 of what is shipped: prompt and parameters as compact JSON.
fn content_hash(release: &Release) -> Fingerprint {
    let shipped = serde_json::to_vec(&(&release.prompt, &release.params)).unwrap_or_default();
    Fingerprint(Sha256::digest(shipped).into())
}

fn name(text: &str) -> String {
    one_line(text, 60)
}

/// A note in its own lines, none of which can be taken for a trailer or a comment.
fn note(text: &str) -> String {
    text.trim()
        .lines()
        .map(|line| one_line(line, 100))
        .map(|line| line.replace(": ", " – "))
        .map(|line| line.trim_start_matches('#').trim().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::freeze::tests::{layer, release};
    use super::*;

    #[test]
    fn a_first_release_has_evidence_and_trailers() {
        let expect = format!(
            "Release triage 1.0.0\n\n\
             First release, 2 layers.\n\n\
             Evidence:\n\
             - small (scripted, not a model): 94.0 % (83.8–97.9 %), 47 of 50, 1 unscored, 2 errored\n  \
               cost $0.0042, latency p50 812 ms, p95 1904 ms\n\n\
             Prompt: triage\nPrompt-Version: 1.0.0\nVariant: concise\nContent-SHA256: {}\n\
             Run: 20261123-140501-7f3a\nDataset: messages sha256:{}\n",
            content_hash(&release("1.0.0")),
            "07".repeat(32),
        );
        assert_eq!(commit_message(&release("1.0.0"), None), expect);
    }

    #[test]
    fn changes_are_told_by_layer() {
        let before = release("1.0.0");
        let mut now = release("1.1.0");
        now.prompt.layers.swap(0, 1);
        now.prompt.layers[0] = layer("ask", "New words: {{ message }}");
        now.prompt.layers[1].on = false;
        now.prompt.layers.push(layer("more", "x"));
        now.prompt.variables.remove("tone");
        let message = commit_message(&now, Some(&before));
        let expect = "Since 1.0.0:\n- layer ask changed (+1 −1 lines)\n- layer who switched off, moved\n\
                      - layer more added\n- variable tone removed\n";
        assert!(message.contains(expect), "{message}");
        assert!(commit_message(&before, Some(&before)).contains("Same layers as 1.0.0."));
    }

    #[test]
    fn names_cannot_forge_trailers() {
        let mut hostile = release("1.0.0");
        hostile.source = "x\n\nSigned-off-by: Somebody".into();
        hostile.note = "fine\n\nRun: forged\n# a comment".to_owned();
        let message = commit_message(&hostile, None);
        assert!(message.starts_with("Release x Signed-off-by: Somebody 1.0.0\n\n"), "{message}");
        assert!(!message.lines().any(|line| line == "Run: forged" || line.starts_with("Signed-off-by")), "{message}");
        assert!(!message.contains("# a comment"), "{message}");
    }
}
