//! `strata eval`: ten thousand tests without a model, and how soon one test is over. Each measure is the program itself,
//! run as a user runs it.
#![expect(clippy::unwrap_used, reason = "a measure stops where something is not as it prepared it")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TESTS: usize = 10_000;
/// Of one test; the best says what the program takes, the others what the machine did meanwhile.
const STARTS: usize = 20;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let many = config(folder.path(), "many", TESTS);
    let (wall, peak) = best((0..3).map(|_| eval(folder.path(), &many)));
    println!("10,000 echo tests                 {:>8.2} s    (goal 2)", wall.as_secs_f64());
    println!("peak memory                       {peak:>8.0} MB   (goal 200)");
    let one = config(folder.path(), "one", 1);
    let (wall, _) = best((0..STARTS).map(|_| eval(folder.path(), &one)));
    println!("one test, from start to exit      {:>8.1} ms   (goal 50)", wall.as_secs_f64() * 1e3);
    if let Some(corpus) = std::env::var_os("STRATA_PROMPTFOO_CORPUS") {
        whole_corpus(folder.path(), Path::new(&corpus));
    }
}

/// Every config of a folder of configs, a process each.
fn whole_corpus(home: &Path, corpus: &Path) {
    let mut configs: Vec<_> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    configs.retain(|path| path.is_dir());
    let begun = Instant::now();
    for config in &configs {
        eval(home, config);
    }
    println!("{} configs, a process each       {:>8.1} s    (goal 20)", configs.len(), begun.elapsed().as_secs_f64());
}

/// The fastest, and the most memory of any.
fn best(measured: impl Iterator<Item = (Duration, f64)>) -> (Duration, f64) {
    measured.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1))).unwrap()
}

/// Wall time and peak memory in megabytes of one evaluation.
fn eval(home: &Path, config: &Path) -> (Duration, f64) {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_strata"))
        .args(["eval", "--trust", "-o"])
        .arg(home.join("out.json"))
        .arg(config)
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    loop {
        peak = peak.max(peak_mb(&status));
        if child.try_wait().unwrap().is_some() {
            return (begun.elapsed(), peak);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn peak_mb(status: &str) -> f64 {
    let status = fs::read_to_string(status).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    let kilobytes = line.split_whitespace().nth(1).and_then(|number| number.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

/// A config with so many tests, each with three assertions.
fn config(folder: &Path, name: &str, tests: usize) -> std::path::PathBuf {
    let mut text = "prompts: ['Answer {{ question }}']\nproviders: [echo]\ntests:\n".to_owned();
    for test in 0..tests {
        writeln!(
            text,
            "  - vars: {{ question: 'number {test}' }}\n    assert:\n      - {{ type: contains, value: 'number {test}' }}\n      \
             - {{ type: regex, value: '^Answer number \\d+$' }}\n      - {{ type: word-count, value: {{ min: 2 }} }}"
        )
        .unwrap();
    }
    let path = folder.join(format!("{name}.yaml"));
    fs::write(&path, text).unwrap();
    path
}
