//! `prompt.md`: a release as people read it in a repository.

use std::fmt::Write as _;

use crate::compose::layer_text;
use crate::domain::{Evidence, Interval, Layer, Params, Prompt, Release, ResponseFormat};
use crate::interop::bodies::{ANTHROPIC_MAX_TOKENS, MODEL};

use super::names::one_line;

const LONGEST_CELL: usize = 200;

/// The whole page.
pub(super) fn page(release: &Release) -> String {
    let mut page = head(release);
    page.push_str(&layers(&release.prompt));
    page.push_str(&variables(&release.prompt));
    page.push_str(&parameters(&release.params));
    page.push_str(&evidence(&release.evidence));
    page.push_str(&how_to_use(&release.prompt));
    page
}

fn head(release: &Release) -> String {
    let prompt = &release.prompt;
    let title = if prompt.title.is_empty() { release.source.as_str() } else { &prompt.title };
    let mut text = format!("# {} {}\n\n", inline(title), inline(&release.version));
    let date = release.frozen_at.strftime("%Y-%m-%d %H:%M UTC");
    let _ = writeln!(
        text,
        "Prompt {}, variant {}, frozen on {date}.\n",
        code(release.source.as_str()),
        code(release.variant.as_str())
    );
    for note in [&release.note, &prompt.note] {
        if !note.trim().is_empty() {
            let _ = writeln!(text, "{}\n", fenced(note));
        }
    }
    text
}

fn layers(prompt: &Prompt) -> String {
    let mut text = "## Layers\n\n".to_owned();
    for (index, layer) in prompt.layers.iter().filter(|layer| layer.on).enumerate() {
        let _ = writeln!(text, "### {}. {}\n", index + 1, inline(layer.name()));
        let _ = writeln!(text, "{}, {} message.\n", layer.content.kind(), layer.role().word());
        let _ = writeln!(text, "{}\n", fenced(&layer_text(layer)));
    }
    let off: Vec<String> =
        prompt.layers.iter().filter(|layer| !layer.on).map(|layer: &Layer| code(layer.id.as_str())).collect();
    if !off.is_empty() {
        let _ = writeln!(text, "Switched off, and so not sent: {}.\n", off.join(", "));
    }
    text
}

fn variables(prompt: &Prompt) -> String {
    if prompt.variables.is_empty() {
        return String::new();
    }
    let mut text =
        "## Variables\n\n| Variable | Required | Default | Trust | Note |\n|---|---|---|---|---|\n".to_owned();
    for (name, variable) in &prompt.variables {
        let required = if variable.default.is_none() { "yes" } else { "no" };
        let default = variable.default.as_ref().map(|value| code(&value.to_string())).unwrap_or_default();
        let trust = if variable.untrusted { "untrusted: fence it" } else { "" };
        let _ = writeln!(text, "| {} | {required} | {default} | {trust} | {} |", code(name), inline(&variable.note));
    }
    text.push('\n');
    text
}

fn parameters(params: &Params) -> String {
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    let response = match &params.response {
        ResponseFormat::Text => None,
        ResponseFormat::Json => Some("JSON".to_owned()),
        ResponseFormat::Schema(_) => Some("JSON by schema".to_owned()),
    };
    let stop = serde_json::to_string(&params.stop).unwrap_or_default();
    let rows = [
        ("Temperature", number(params.temperature)),
        ("Top p", number(params.top_p)),
        ("Most output tokens", params.max_tokens.map(|most| most.to_string())),
        ("Stop", (!params.stop.is_empty()).then(|| code(&stop))),
        ("Seed", params.seed.map(|seed| seed.to_string())),
        ("Response", response),
        ("Reasoning effort", params.reasoning_effort.map(|effort| effort.word().to_owned())),
    ];
    let extra = params.extra.iter().map(|(name, value)| (code(name), code(&value.to_string())));
    let set = rows.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let lines: Vec<String> = set.chain(extra).map(|(name, value)| format!("| {name} | {value} |\n")).collect();
    if lines.is_empty() {
        return "## Parameters\n\nNone is set: the provider's own defaults hold.\n\n".to_owned();
    }
    format!("## Parameters\n\n| Parameter | Value |\n|---|---|\n{}\n", lines.concat())
}

fn evidence(evidence: &[Evidence]) -> String {
    if evidence.is_empty() {
        return "## Evidence\n\nNone: this version was frozen without a run.\n\n".to_owned();
    }
    let mut text = "## Evidence\n\n| Model | Pass rate (95 % interval) | Passed | Mean cost | Latency p50 / p95 | Run | Dataset |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for found in evidence {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} / {} | {} | {} `{}` |",
            model(found),
            found.pass_rate.map_or_else(|| "none".to_owned(), percent),
            counts(found),
            found.mean_cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string()),
            milliseconds(found.latency_p50_ms),
            milliseconds(found.latency_p95_ms),
            code(found.run.as_str()),
            code(found.dataset.as_str()),
            found.dataset_fingerprint.short(),
        );
    }
    if evidence.iter().any(|found| found.scripted) {
        text.push_str("\n*Scripted, not a model*: answers by rule. They show that the workspace works, not how a model answers.\n");
    }
    if evidence.iter().any(|found| found.canary) {
        text.push_str("\nThe run sent these messages with a canary in the system message, to see whether it leaks.\n");
    }
    text.push_str("\nUnscored and errored trials are not in the pass rate. The dataset is named with the start of its SHA-256.\n\n");
    text
}

fn model(found: &Evidence) -> String {
    let answered = found.answered_by.as_ref().map(|name| format!(" ({})", code(name))).unwrap_or_default();
    let scripted = if found.scripted { " *scripted, not a model*" } else { "" };
    format!("{}{answered}{scripted}", code(found.model.as_str()))
}

/// `47 of 50, 1 unscored, 2 errored`.
pub(super) fn counts(found: &Evidence) -> String {
    let mut text = format!("{} of {}", found.passed, found.scored);
    for (count, word) in [(found.unscored, "unscored"), (found.errored, "errored")] {
        if count > 0 {
            let _ = write!(text, ", {count} {word}");
        }
    }
    text
}

/// `94.0 % (83.8–97.9 %)`.
pub(super) fn percent(rate: Interval) -> String {
    format!("{:.1} % ({:.1}–{:.1} %)", rate.value * 100.0, rate.low * 100.0, rate.high * 100.0)
}

pub(super) fn milliseconds(value: Option<f64>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.0} ms"))
}

fn how_to_use(prompt: &Prompt) -> String {
    let untrusted: Vec<String> =
        prompt.variables.iter().filter(|(_, variable)| variable.untrusted).map(|(name, _)| code(name)).collect();
    let mut text = format!(
        "## Use\n\n\
         - `prompt.ron` is the prompt as Strata opens it.\n\
         - `messages.openai.json`, `messages.anthropic.json` and `messages.gemini.json` are request bodies. Put the model's \
         name in the place of `{MODEL}` (Gemini has it in the address), and render each text as a Jinja template with the \
         variables above: `{{{{ name }}}}` is a slot. A message that is \
         nothing but a slot of turns stands for those turns; documents go in as text.\n\
         - The key goes into the program that calls, never into these files. Fields of one provider only are in the table of \
         parameters and not in the bodies. Anthropic requires a limit of output tokens; where none is set it is \
         {ANTHROPIC_MAX_TOKENS}.\n\
         - `evidence.json` has the figures above in full.\n"
    );
    if !untrusted.is_empty() {
        let _ = writeln!(
            text,
            "- Text from outside ({}) goes between delimiters that it cannot forge, as it did when it was tested.",
            untrusted.join(", ")
        );
    }
    text
}

/// Text for a heading or a cell: one line, with nothing that Markdown or HTML would act on.
fn inline(text: &str) -> String {
    let mut safe = String::new();
    for letter in one_line(text, LONGEST_CELL).chars() {
        match letter {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '!' | '~' | '$' => {
                safe.push('\\');
                safe.push(letter);
            }
            _ => safe.push(letter),
        }
    }
    safe
}

/// Text in a code span; a pipe would end the table's cell even there.
fn code(text: &str) -> String {
    let line = one_line(text, LONGEST_CELL).replace('|', "\\|");
    let ticks = "`".repeat(longest_run(&line, '`') + 1);
    let gap = if line.starts_with('`') || line.ends_with('`') || line.is_empty() { " " } else { "" };
    format!("{ticks}{gap}{line}{gap}{ticks}")
}

/// Text in a fence that it cannot end.
fn fenced(text: &str) -> String {
    let fence = "`".repeat((longest_run(text, '`') + 1).max(3));
    format!("{fence}text\n{}\n{fence}", text.trim_end_matches('\n'))
}

fn longest_run(text: &str, letter: char) -> usize {
    text.split(|other| other != letter).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::freeze::tests::{layer, release};
    use super::*;

    #[test]
    fn the_page_reads_from_layers_to_evidence() {
        let mut release = release("1.2.0");
        release.note = "Shorter answers.".to_owned();
        release.prompt.layers.push(Layer { on: false, ..layer("old", "gone") });
        insta::assert_snapshot!(page(&release));
    }

    #[test]
    fn texts_cannot_forge_the_page() {
        let mut release = release("1.0.0");
        release.prompt.title = "x\n# Evidence: 100 %\n<img src=x>".to_owned();
        release.prompt.layers[1] = layer("ask", "```\n# Out\n````\n![](https://evil.example/?d)");
        let page = page(&release);
        assert!(page.starts_with("# x \\# Evidence: 100 % &lt;img src=x&gt; 1.0.0\n"), "{page}");
        assert!(page.contains("`````text\n```\n# Out\n````\n![](https://evil.example/?d)\n`````\n"), "{page}");
    }

    #[test]
    fn cells_keep_to_their_cell() {
        assert_eq!(inline("a|b\n*c*"), "a\\|b \\*c\\*");
        assert_eq!(code("a`b|c"), "``a`b\\|c``");
    }
}
