//! Every fault of the table, a thousand trials each, whole and streaming, 32 calls in flight: what becomes of the
//! trials, how long it takes, and what it leaves behind.
//!
//! `cargo bench --bench chaos`, or `-- status 100` for the rows that have "status" in their name, with 100 trials. The
//! provider is the test support's loopback server, in a process of its own; the runs are those of `tests/core/chaos.rs`,
//! and the bench stops where a trial ends in another class than the table's, where a run hangs, or where it leaves a
//! connection, a task or a file behind.
#![expect(clippy::unwrap_used, reason = "a bench stops where something is not as it prepared it")]

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

#[path = "../tests/support/chaos.rs"]
#[expect(dead_code, reason = "a bench needs a part of what tests need")]
mod chaos_runs;
#[path = "../tests/support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "a bench needs a part of what tests need")]
mod support;

use chaos_runs::{Knobs, Ran, WIDE, all_end, carry_out, run};
use strata::domain::Outcome;
use support::faults::{ANSWERED, Again, End, Row, table};
use support::{Orders, ServerProcess, Wire};

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A measurement runs in a process of its own under this variable: its name.
const MEASURE: &str = "STRATA_BENCH_MEASURE";
const TRIALS: u32 = 1_000;
/// The whole table takes no longer.
const BOUND: Duration = Duration::from_mins(15);
/// Until a server that says nothing is given up.
const SILENCE: Duration = Duration::from_millis(150);
const PATIENT: Duration = Duration::from_secs(30);
/// The body that is read in every case: a larger one is a right answer too, up to the cap.
const LARGE: usize = 10 << 20;

fn main() {
    support::process::serve_if_asked();
    match std::env::var(MEASURE).as_deref() {
        Ok("faults") => faults(),
        Ok("capped") => bodies("32 bodies at the cap of 32 MB", "huge body in chunks", 0),
        Ok("large") => bodies("32 answers of 10 MB", "", LARGE),
        _ => ["faults", "capped", "large"].into_iter().for_each(in_a_process_of_its_own),
    }
}

fn in_a_process_of_its_own(measure: &str) {
    let program = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new(program);
    let done = command.args(std::env::args().skip(1)).env(MEASURE, measure).status().unwrap();
    assert!(done.success(), "{measure} failed");
}

/// The rows that are asked for, with their places in the table, and the trials of each.
fn asked() -> (Vec<(usize, Row)>, u32) {
    let words: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let trials = words.iter().find_map(|word| word.parse().ok()).unwrap_or(TRIALS);
    let names: Vec<&String> = words.iter().filter(|word| word.parse::<u32>().is_err()).collect();
    let rows = table().into_iter().enumerate();
    (rows.filter(|(_, row)| names.iter().all(|name| row.name.contains(name.as_str()))).collect(), trials)
}

fn faults() {
    let (rows, trials) = asked();
    // The first runtime of a process opens what stays open: the way of signals.
    drop(strata::session::launch::runtime().unwrap());
    let (begun, before, mut worst) = (Instant::now(), Open::now(), Duration::ZERO);
    for (number, row) in &rows {
        for stream in [false, true] {
            let wire = row.wires[(number + usize::from(stream)) % row.wires.len()];
            let knobs = Knobs { wire, stream, trials, limits: row.limits(SILENCE, PATIENT) };
            worst = worst.max(one_fault(*number, row, knobs));
            assert!(begun.elapsed() < BOUND, "the table takes longer than {BOUND:?}");
        }
    }
    let after = Open::now();
    println!("rows, whole and streaming         {:>8}      ({trials} trials each, {WIDE} in flight)", rows.len());
    println!(
        "all in their class, none hangs    {:>8.1} s    (the longest run {:.1} s)",
        secs(begun),
        worst.as_secs_f64()
    );
    println!("open sockets, before and after    {:>8} {}", before.sockets, after.sockets);
    println!("open files, before and after      {:>8} {}", before.files, after.files);
    println!("peak memory                       {:>8.0} MB   (goal 500)", peak_memory_mb());
    assert!(after.sockets <= before.sockets && after.files <= before.files, "{before:?} {after:?}");
}

/// All trials of a run meet this fault.
fn one_fault(number: usize, row: &Row, knobs: Knobs) -> Duration {
    let server = ServerProcess::start(Orders { fault: Some(number), ..Orders::default() }, &[]);
    let begun = Instant::now();
    let ran = run(&server, &server.url(), knobs);
    let wall = begun.elapsed();
    all_end(&ran, row.name, row.end(knobs.stream), knobs);
    let (name, shape) = (row.name, if knobs.stream { "stream" } else { "whole" });
    let (wire, calls) = (format!("{:?}", knobs.wire), ran.calls.len());
    println!("{name:<34} {wire:<10}{shape:<7} {:<26} {calls:>5} calls {:>6.2} s", classes(&ran), wall.as_secs_f64());
    wall
}

/// How many trials ended in which class.
fn classes(ran: &Ran) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for trial in &ran.ended {
        let class = if let Outcome::Errored(error) = &trial.outcome { error.fault.word() } else { ANSWERED };
        *counts.entry(class).or_default() += 1;
    }
    if counts.is_empty() {
        let class =
            ran.calls.first().and_then(|call| call.error.as_ref()).map_or("nothing", |error| error.fault.word());
        return format!("stopped: {class}");
    }
    let counts: Vec<String> = counts.into_iter().map(|(class, count)| format!("{count} {class}")).collect();
    counts.join(", ")
}

/// As many bodies as there are calls in flight, all at once.
fn bodies(what: &str, fault: &str, answer: usize) {
    let fault = table().iter().position(|row| row.name == fault);
    let server = ServerProcess::start(Orders { fault, answer, ..Orders::default() }, &[]);
    let knobs = Knobs { wire: Wire::OpenAi, stream: false, trials: WIDE, limits: [PATIENT; 2] };
    let done = carry_out(&server, &server.url(), knobs);
    // What the bench itself reads of the record is no part of the run.
    let peak = peak_memory_mb();
    let class = fault.map_or(ANSWERED, |fault| table()[fault].end(false).class);
    all_end(&done.read(&server), what, End { class, again: Again::Never, billed: true }, knobs);
    println!("peak memory, {what:<29} {peak:>8.0} MB");
}

/// What this process holds open.
#[derive(Debug)]
struct Open {
    sockets: usize,
    files: usize,
}

impl Open {
    fn now() -> Self {
        let links = fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        let links: Vec<_> = links.collect();
        let sockets = links.iter().filter(|link| link.to_string_lossy().starts_with("socket:")).count();
        Self { sockets, files: links.len() }
    }
}

fn secs(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64()
}

fn peak_memory_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
