//! Workspaces for the window: as many cases as one likes, two variants on two scripted models, and a recorded run.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use strata::domain::{
    CheckResult, Completion, Fingerprint, FinishReason, Guarded, Numbered, Outcome, RunEvent, RunHeader, RunState,
    Score, TrialEnded, TrialRef, Usage, Usd, Verdict,
};
use strata::engine::RunSink;
use strata::session::Shelf;
use strata::session::launch::{self, Wish};
use strata::store::open_workspace;
use strata::store::records::Records;

/// Another one where a recorded run of before is not to be taken.
const MADE: &str = "made 2";
/// Trials in one transaction.
const GROUP: usize = 5_000;

/// Answers come after `latency` milliseconds, `concurrency` at a time.
pub fn write(root: &Path, cases: u32, latency: f64, concurrency: u32) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "workspace.ron",
        &format!(
            r#"(
    format: 1,
    name: "Bench",
    providers: {{ "desk": (api: Scripted("scripts/desk.ron"), concurrency: {concurrency}) }},
    models: {{
        "swift": (provider: "desk", model: "swift", price: (input: 0.15, output: 0.6), max_output: 100),
        "sage": (provider: "desk", model: "sage", price: (input: 3.0, output: 15.0), max_output: 100),
    }},
    policy: (cache: (on: false)),
)"#
        ),
    );
    write(
        "scripts/desk.ron",
        &format!(
            r#"(
    format: 1,
    models: {{ "swift": (median_ms: {latency:?}), "sage": (median_ms: {latency:?}) }},
    rules: [(replies: [
        (text: "{{\"category\": \"delivery\", \"summary\": \"Order came late, one of two cups broken\"}}", output_tokens: 20),
        (text: "It is about a delivery that came late, and about a cup.", output_tokens: 14),
    ])],
)"#
        ),
    );
    write("projects/bench/project.ron", r#"(format: 1, title: "Bench")"#);
    write(
        "projects/bench/prompts/bench.ron",
        r#"(
    format: 1,
    variables: { "body": (untrusted: true), "tier": () },
    layers: [
        (id: "foundation", content: Foundation(
            identity: (role: "You sort the letters of a shop.", expertise: ["billing", "delivery"]),
            output_rules: (format: Plain),
        )),
        (id: "context", content: Context(user: (id: "{{ tier }}-user", tier: "{{ tier }}"))),
        (id: "task", content: Task(action: "Say what this letter is about.", inputs: { "letter": "{{ body }}" })),
    ],
)"#,
    );
    write("projects/bench/variants/short.ron", r#"(format: 1, prompt: "bench", params: (max_tokens: 50))"#);
    write("projects/bench/variants/long.ron", r#"(format: 1, prompt: "bench", params: (max_tokens: 90))"#);
    write(
        "projects/bench/experiments/bench.ron",
        r#"(
    format: 1, variants: ["short", "long"], models: ["swift", "sage"], dataset: "rows",
    checks: [(kind: Json), (metric: "length", kind: Length(max: 200)), (metric: "topic", kind: Regex(pattern: "deliver"))],
)"#,
    );
    let letter = "The parcel came late and one of the two cups was broken, so I would like to have my money back. ";
    let mut lines = String::new();
    for row in 0..cases {
        let tier = ["free", "plus", "team"][row as usize % 3];
        writeln!(lines, r#"{{"id":"row-{row}","body":"{letter}Order {row}.","tier":"{tier}"}}"#).unwrap();
    }
    write("projects/bench/datasets/rows.jsonl", &lines);
}

/// The workspace with a completed run of all its trials, written where it is not there yet.
pub fn recorded(root: &Path, cases: u32) {
    let mark = root.join("made");
    if fs::read_to_string(&mark).is_ok_and(|made| made == MADE) {
        return;
    }
    eprintln!("writing a run of {} trials", cases * super::COLUMNS);
    let _ = fs::remove_dir_all(root);
    write(root, cases, 0.0, 8);
    let workspace = open_workspace(root).unwrap();
    assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
    let wish = Wish { project: "bench".into(), experiment: "bench".into(), ..Wish::default() };
    let header = launch::prepare(&workspace, &Shelf::default(), &wish).unwrap().plan.header;
    record(root, &header);
    fs::write(mark, MADE).unwrap();
}

fn record(root: &Path, header: &Arc<RunHeader>) {
    let records = Records::open(root).unwrap();
    let mut recorder = records.recorder(&header.id).unwrap();
    let trials = (0..header.cases).flat_map(|case| {
        (0..2).flat_map(move |variant| (0..2).map(move |model| TrialRef { case, variant, model, repeat: 0 }))
    });
    let events = std::iter::once(RunEvent::Started(header.clone()))
        .chain(trials.map(|trial| RunEvent::TrialEnded(Arc::new(ended(trial)))))
        .chain([RunEvent::Ended { state: RunState::Completed, at: header.started_at }]);
    let mut group = Vec::with_capacity(GROUP);
    for (number, event) in (1..).zip(events) {
        group.push(Arc::new(Numbered { run: header.id.clone(), number, event }));
        if group.len() == GROUP {
            recorder.on_events(&group).unwrap();
            group.clear();
        }
    }
    recorder.on_events(&group).unwrap();
}

fn ended(trial: TrialRef) -> TrialEnded {
    let place = trial.case * super::COLUMNS + u32::from(trial.variant) * 2 + u32::from(trial.model);
    let drawn = place.wrapping_mul(2_654_435_761) >> 8;
    let pass = !drawn.is_multiple_of(5 + u32::from(trial.variant) * 3);
    let check = |metric: &str, pass: bool| CheckResult {
        metric: metric.to_owned(),
        verdict: if pass { Verdict::Pass } else { Verdict::Fail },
        score: Some(f64::from(u8::from(pass))),
        weight: 1.0,
        reason: String::new(),
    };
    let verdict = if pass { Verdict::Pass } else { Verdict::Fail };
    let checks = vec![check("json", pass), check("length", true), check("topic", true)];
    let text = format!(
        "Order {place} is about a delivery: the parcel came late and one of two cups was broken. The customer asks for \
         the money back and has sent a photograph. The category is delivery, since what went wrong went wrong on the \
         way; the priority is high, since this is the second letter about it."
    );
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&place.to_be_bytes());
    TrialEnded {
        trial,
        key: Fingerprint(hash),
        case_id: format!("row-{}", trial.case).as_str().into(),
        request: Fingerprint(hash),
        outcome: Outcome::Scored(Score::new(verdict, if pass { 1.0 } else { 0.66 }, checks)),
        answer: Some(Arc::new(Completion {
            text,
            reasoning: None,
            tool_calls: Vec::new(),
            finish: FinishReason::Stop,
            usage: Some(Usage { input_tokens: 120, output_tokens: 30, ..Usage::default() }),
            model: None,
            request_id: None,
            first_token_ms: None,
            latency_ms: 200.0 + f64::from(drawn % 4_000),
        })),
        cached: false,
        attempts: 1,
        cost: Some(Usd::from_nanos(40_000 + i64::from(drawn % 1_000))),
        spent: Usd::from_nanos(40_000),
        judge_spent: Usd::ZERO,
        guarded: Guarded::default(),
    }
}
