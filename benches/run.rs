//! What a run costs the machine: CPU a trial, trials a second, the time of a slow provider, memory.
//!
//! `cargo bench --bench run`. The provider is the test support's loopback server, in a process of its own, so that the
//! figures are Strata's alone. The ledger is on, and every request differs from every other.
#![expect(clippy::unwrap_used, reason = "a bench stops where something is not as it prepared it")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use strata::analysis::quantile;
use strata::domain::{Capability, RunState};
use strata::provider::SystemKeys;
use strata::session::Shelf;
use strata::session::launch::{self, Start, Wish};
use strata::store::records::Records;
use strata::store::{open_workspace, preset};

#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "a bench needs a part of what tests need")]
mod support;

use support::{Orders, ServerProcess};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A measurement runs in a process of its own under this variable: its name.
const MEASURE: &str = "STRATA_BENCH_MEASURE";

fn main() {
    support::process::serve_if_asked();
    match std::env::var(MEASURE).as_deref() {
        Ok("throughput") => throughput(),
        Ok("latency") => latency(),
        Ok("memory") => memory(),
        Ok("guards") => guards(),
        _ => ["throughput", "latency", "memory", "guards"].into_iter().for_each(in_a_process_of_its_own),
    }
}

fn in_a_process_of_its_own(measure: &str) {
    let program = std::env::current_exe().unwrap();
    let done = std::process::Command::new(program).env(MEASURE, measure).status().unwrap();
    assert!(done.success(), "{measure} failed");
}

/// No latency: what a trial costs, and how many there are in a second.
fn throughput() {
    let cpu = |ran: &Ran| ran.cpu.as_secs_f64() * 1e3 / f64::from(ran.trials);
    let runs: Vec<Ran> = (0..3).map(|_| run(20_000, 64, Duration::ZERO)).collect();
    let best = runs.iter().min_by(|a, b| cpu(a).total_cmp(&cpu(b))).unwrap();
    println!("CPU per trial                     {:>8.3} ms   (goal 0.3)", cpu(best));
    println!(
        "trials per second, no latency     {:>8.0}      (goal 3000)",
        f64::from(best.trials) / best.wall.as_secs_f64()
    );
}

/// A provider that takes 100 ms, 500 calls in flight: the ideal is 20 rounds.
fn latency() {
    let ran = run(10_000, 500, Duration::from_millis(100));
    let wall = ran.wall.as_secs_f64();
    println!("10,000 trials at 100 ms, 500 wide {wall:>8.2} s    (ideal 2, goal 2.4)");
    println!("median latency recorded           {:>8.1} ms   (the server's own: 100, goal within 5 %)", ran.median_ms);
}

/// Memory does not follow the number of trials.
fn memory() {
    let small = run(10_000, 64, Duration::ZERO).peak_mb;
    let large = run(100_000, 64, Duration::ZERO).peak_mb;
    println!("peak memory, 10,000 trials        {small:>8.0} MB");
    println!("peak memory, 100,000 trials       {large:>8.0} MB   (goal 150)");
}

/// What all guards together add to a trial's CPU: bare and strict in turn, the best of each.
fn guards() {
    // Each ratio is of two runs one after the other, and the median of several is told: the machine is never quite quiet.
    let cpu = |preset| run_under(preset, 20_000, 64, Duration::ZERO).cpu.as_secs_f64();
    let mut ratios: Vec<f64> = (0..9).map(|_| cpu("strict") / cpu("bare")).collect();
    ratios.sort_by(f64::total_cmp);
    let (least, ratio, most) = (ratios[0], ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
    let more = |ratio: f64| 100.0 * (ratio - 1.0);
    println!(
        "CPU of all guards, strict to bare {:>8.1} %    (goal 20; {:.1} to {:.1})",
        more(ratio),
        more(least),
        more(most)
    );
}

struct Ran {
    trials: u32,
    wall: Duration,
    /// User and system time of this process.
    cpu: Duration,
    median_ms: f64,
    peak_mb: f64,
}

fn run(trials: u32, concurrency: u32, latency: Duration) -> Ran {
    run_under("bare", trials, concurrency, latency)
}

/// Under the guards of a preset.
fn run_under(name: &str, trials: u32, concurrency: u32, latency: Duration) -> Ran {
    let server = ServerProcess::start(Orders { latency, ..Orders::default() }, &[]);
    let folder = tempfile::tempdir().unwrap();
    write_workspace(folder.path(), &server.url(), trials);
    let mut workspace = open_workspace(folder.path()).unwrap();
    Arc::make_mut(&mut workspace.manifest).policy = preset(name).unwrap().clone();
    assert!(workspace.problems.is_empty(), "{:?}", workspace.problems);
    let wish =
        Wish { project: "bench".into(), experiment: "bench".into(), concurrency: Some(concurrency), ..Wish::default() };
    let prepared = launch::prepare(&workspace, &Shelf::default(), &wish).unwrap();
    let granted: BTreeSet<Capability> = prepared.asks.clone();
    let records = Records::open(folder.path()).unwrap();
    let runtime = launch::runtime().unwrap();
    let (begun, cpu_before) = (Instant::now(), cpu_time());
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
    let state = runtime.block_on(handle.ended());
    let (wall, cpu) = (begun.elapsed(), cpu_time().saturating_sub(cpu_before));
    assert_eq!(state, RunState::Completed);
    let peak_mb = peak_memory_mb();

    let mut board = strata::analysis::Board::new(handle.header().clone());
    records.replay(&handle.header().id, &mut |event| board.apply(&event)).unwrap();
    let column = board.column(0);
    assert_eq!(column.passed, u64::from(trials), "every trial passes: {} errored", column.errored);
    let latencies = column.latency();
    Ran { trials, wall, cpu, median_ms: quantile(latencies.sorted(), 0.5).unwrap(), peak_mb }
}

/// One variant, one model; each row asks something that no other row asks.
fn write_workspace(root: &Path, url: &str, rows: u32) {
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let workspace = format!(
        r#"(
    format: 1,
    name: "Bench",
    providers: {{ "local": (api: OpenAi, base_url: "{url}/v1") }},
    models: {{ "model": (provider: "local", model: "model", price: (input: 1.0, output: 2.0), max_output: 100) }},
)"#
    );
    write("workspace.ron", &workspace);
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
    write("projects/bench/variants/bench.ron", r#"(format: 1, prompt: "bench", params: (max_tokens: 50))"#);
    write(
        "projects/bench/experiments/bench.ron",
        r#"(
    format: 1, variants: ["bench"], models: ["model"], dataset: "rows",
    checks: [(kind: Length(min: 1)), (kind: Regex(pattern: "."))],
)"#,
    );
    let letter = "The parcel came late and one of the two cups was broken, so I would like to have my money back. ";
    let mut lines = String::new();
    for row in 0..rows {
        writeln!(lines, r#"{{"id":"row-{row}","body":"{letter}Order {row}.","tier":"free"}}"#).unwrap();
    }
    write("projects/bench/datasets/rows.jsonl", &lines);
}

/// In clock ticks of 10 ms, as Linux tells it.
fn cpu_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn peak_memory_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
