//! Runs under fault: a workspace, the program's own way to start a run, its ledger and its providers, and a server that
//! does to each call what a row of the table of faults says.

use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use strata::domain::{
    AttemptState, CallQuery, CallRow, Outcome, RunEvent, RunId, RunState, RunSummary, TrialEnded, Usd, Verdict,
};
use strata::provider::SystemKeys;
use strata::session::Shelf;
use strata::session::launch::{self, Start, Wish};
use strata::store::open_workspace;
use strata::store::records::Records;
use tempfile::TempDir;

use crate::support::faults::{ANSWERED, Again, End, Row};
use crate::support::server::Seen;
use crate::support::{Counts, Plan, Server, Wire};

/// Calls in flight.
pub const WIDE: u32 = 32;
/// Retries of the policy.
const RETRIES: u32 = 2;
/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(3);

/// What is asked of a run.
#[derive(Debug, Clone, Copy)]
pub struct Knobs {
    pub wire: Wire,
    pub stream: bool,
    pub trials: u32,
    /// Until the first byte, and between two chunks.
    pub limits: [Duration; 2],
}

/// What came of a run.
pub struct Ran {
    pub summary: RunSummary,
    pub ended: Vec<Arc<TrialEnded>>,
    pub calls: Vec<CallRow>,
    pub requests: u64,
}

/// Every trial of the run meets this fault at each of its calls, and all of them end as its row says.
pub fn all_meet(row: &Row, knobs: Knobs) -> Ran {
    let server = Server::start(Plan::always(row.misdeed.clone()));
    let ran = run(&server, &server.url(), knobs);
    all_end(&ran, row.name, row.end(knobs.stream), knobs);
    ran
}

/// Every trial of a run ended so.
pub fn all_end(ran: &Ran, what: &str, end: End, knobs: Knobs) {
    let what = format!("{what}, {:?}, stream {}", knobs.wire, knobs.stream);
    if end.again == Again::Stops {
        assert_eq!((ran.summary.state, ran.ended.len()), (RunState::Incomplete, 0), "{what}");
        assert!((1..=WIDE as usize).contains(&ran.calls.len()), "{what}: {} calls", ran.calls.len());
    } else {
        assert_eq!((ran.summary.state, ran.ended.len()), (RunState::Completed, knobs.trials as usize), "{what}");
        ran.ended.iter().for_each(|trial| ended_so(trial, end, times(end), &what));
    }
    ran.calls.iter().for_each(|call| booked_so(call, end, &what));
    let reached = if end.class == "connect" { 0 } else { ran.calls.len() as u64 };
    assert_eq!(ran.requests, reached, "{what}: every request is on record, and the other way round");
    the_books_are_right(ran, &what);
}

/// A run in which chance deals the faults: a row for each case, and whether it spoils all calls or the first alone.
/// Every trial ends as its own row says.
pub fn each_meets_its_own(rows: &Arc<[Row]>, seed: u64, knobs: Knobs) -> Ran {
    let dealt = rows.clone();
    let misdeed = move |seen: &Seen| {
        let (row, lasting) = deal(&dealt, seed, case_in(&seen.body)?);
        (lasting || seen.nth == 0).then(|| row.misdeed.clone())
    };
    let server = Server::start(Plan { misdeed: Some(Arc::new(misdeed)), ..Plan::default() });
    let ran = run(&server, &server.url(), knobs);
    assert_eq!((ran.summary.state, ran.ended.len()), (RunState::Completed, knobs.trials as usize));
    for trial in &ran.ended {
        let (row, lasting) = deal(rows, seed, trial.trial.case);
        let end = row.end(knobs.stream);
        let what = format!("seed {seed}, case {}: {}, lasting {lasting}", trial.trial.case, row.name);
        let mends = !lasting && matches!(end.again, Again::Always | Again::Once);
        let last = if mends { End { class: ANSWERED, ..end } } else { end };
        ended_so(trial, last, if mends { 2 } else { times(end) }, &what);
    }
    for call in ran.calls.iter().filter(|call| call.state == AttemptState::Failed) {
        let (row, _) = deal(rows, seed, call.attempt.trial.case);
        booked_so(call, row.end(knobs.stream), row.name);
    }
    assert_eq!(ran.requests, ran.calls.len() as u64, "every request is on record, and the other way round");
    the_books_are_right(&ran, "dealt");
    ran
}

fn deal(rows: &[Row], seed: u64, case: u32) -> (&Row, bool) {
    let mut hasher = DefaultHasher::new();
    (seed, case).hash(&mut hasher);
    let drawn = hasher.finish();
    (&rows[(drawn >> 8) as usize % rows.len()], drawn.is_multiple_of(2))
}

fn case_in(body: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, behind) = text.split_once("question-")?;
    behind.get(..5)?.parse().ok()
}

/// How often a call is made in all.
fn times(end: End) -> u32 {
    match end.again {
        Again::Always => 1 + RETRIES,
        Again::Once => 2,
        Again::Never | Again::Stops => 1,
    }
}

fn ended_so(trial: &TrialEnded, end: End, times: u32, what: &str) {
    let class = match &trial.outcome {
        Outcome::Errored(error) => error.fault.word(),
        Outcome::Scored(score) if score.verdict == Verdict::Pass => ANSWERED,
        Outcome::Scored(_) | Outcome::Unscored(_) => "answered wrongly",
    };
    assert_eq!((class, trial.attempts), (end.class, times), "{what}: {:?}", trial.outcome);
}

fn booked_so(call: &CallRow, end: End, what: &str) {
    let class = call.error.as_ref().map_or(ANSWERED, |error| error.fault.word());
    assert_eq!(class, end.class, "{what}: {:?}", call.error);
    if call.usage.is_none() {
        let expected = if end.billed { call.reserved } else { Some(Usd::ZERO) };
        assert_eq!(call.cost, expected, "{what}: {:?}", call.error);
    }
}

/// What is on record adds up.
fn the_books_are_right(ran: &Ran, what: &str) {
    assert!(ran.calls.iter().all(|call| matches!(call.state, AttemptState::Ended | AttemptState::Failed)), "{what}");
    assert_eq!(ran.summary.ambiguous, 0, "{what}");
    let booked = ran.calls.iter().filter_map(|call| call.cost).fold(Usd::ZERO, |sum, cost| sum + cost);
    assert_eq!(ran.summary.spent, booked, "{what}");
    if ran.summary.state == RunState::Completed {
        let trials = ran.ended.iter().fold(Usd::ZERO, |sum, trial| sum + trial.spent);
        assert_eq!(trials, booked, "{what}");
    }
}

/// A run that has ended, whose record nobody has read yet.
pub struct Done {
    folder: TempDir,
    run: RunId,
}

pub fn run(server: &impl Counts, url: &str, knobs: Knobs) -> Ran {
    carry_out(server, url, knobs).read(server)
}

/// A run to its end, which comes, and after which no connection and no task is left.
pub fn carry_out(server: &impl Counts, url: &str, knobs: Knobs) -> Done {
    let folder = tempfile::tempdir().unwrap();
    write_workspace(folder.path(), url, knobs);
    let workspace = open_workspace(folder.path()).unwrap();
    assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
    let wish = Wish { project: "chaos".into(), experiment: "chaos".into(), ..Wish::default() };
    let prepared = launch::prepare(&workspace, &Shelf::default(), &wish).unwrap();
    let (granted, records) = (prepared.asks.clone(), Records::open(folder.path()).unwrap());
    let runtime = launch::runtime().unwrap();
    let start = Start {
        records: &records,
        granted: &granted,
        keys: Arc::new(SystemKeys::default()),
        watchers: Vec::new(),
        runtime: runtime.handle(),
        on_text: None,
        stall_limit: None,
        patience: None,
    };
    let handle = launch::begin(prepared, start).unwrap();
    let ended = runtime.block_on(async { tokio::time::timeout(PATIENCE, handle.ended()).await });
    assert!(ended.is_ok(), "the run hangs: {:?}", handle.status());
    let run = handle.header().id.clone();
    drop(handle);
    // The runtime lives on: a task that hangs would keep its connection.
    no_connection_is_left(server);
    no_task_is_left(&runtime);
    Done { folder, run }
}

impl Done {
    /// What is on record.
    pub fn read(self, server: &impl Counts) -> Ran {
        let records = Records::open(self.folder.path()).unwrap();
        let mut ended = Vec::new();
        let mut keep = |event| {
            if let RunEvent::TrialEnded(trial) = event {
                ended.push(trial);
            }
        };
        records.replay(&self.run, &mut keep).unwrap();
        let calls = records.calls(&CallQuery::default(), 0, 1_000_000).unwrap();
        let summary = records.run(&self.run).unwrap().unwrap();
        Ran { summary, ended, calls, requests: server.requests() }
    }
}

fn no_connection_is_left(server: &impl Counts) {
    let begun = Instant::now();
    while server.open_connections() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{} connections are left", server.open_connections());
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn no_task_is_left(runtime: &tokio::runtime::Runtime) {
    let begun = Instant::now();
    while runtime.metrics().num_alive_tasks() > 0 {
        assert!(begun.elapsed() < Duration::from_secs(10), "{} tasks hang", runtime.metrics().num_alive_tasks());
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn write_workspace(root: &Path, url: &str, knobs: Knobs) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let (wire, stream, [first, idle]) = (knobs.wire, knobs.stream, knobs.limits.map(|limit| limit.as_millis()));
    write(
        "workspace.ron",
        &format!(
            r#"(
    format: 1,
    name: "Chaos",
    providers: {{ "loop": (api: {wire:?}, base_url: "{url}", concurrency: {WIDE}) }},
    models: {{ "m": (provider: "loop", model: "loopback", price: (input: 1.0, output: 2.0), max_output: 50) }},
    policy: (
        retry: (retries: {RETRIES}, base_ms: 1, cap_ms: 2),
        timeouts: (connect_ms: 30000, first_byte_ms: {first}, idle_ms: {idle}),
    ),
)"#
        ),
    );
    write("projects/chaos/project.ron", r#"(format: 1, title: "Chaos")"#);
    write(
        "projects/chaos/prompts/ask.ron",
        r#"(format: 1, variables: { "question": () }, layers: [(id: "ask", content: Text(text: "Answer {{ question }}"))])"#,
    );
    write(
        "projects/chaos/variants/plain.ron",
        &format!(r#"(format: 1, prompt: "ask", params: (max_tokens: 50, stream: {stream}))"#),
    );
    write(
        "projects/chaos/experiments/chaos.ron",
        r#"(format: 1, variants: ["plain"], models: ["m"], dataset: "rows", checks: [(kind: Contains(values: ["Four"]))])"#,
    );
    let mut lines = String::new();
    for row in 0..knobs.trials {
        writeln!(lines, r#"{{"id":"row-{row}","question":"question-{row:05}."}}"#).unwrap();
    }
    write("projects/chaos/datasets/rows.jsonl", &lines);
}
