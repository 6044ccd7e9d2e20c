//! What each verb prints, its exit code, and the files it leaves.

use std::fs;
use std::process::Stdio;

use crate::desk::{Desk, files_below};

/// Two pass and one fails: two thirds, and the gate is at a half.
const WORDS: [&str; 3] = ["tea", "no", "cake"];

#[test]
fn run_shows_a_table_and_passes_its_gate() {
    let desk = Desk::quick(&WORDS);
    insta::assert_snapshot!(desk.strata(&["run", "w"]).told(&desk), @r"
    exit 0
    Run [run] of words in p: completed
    words, 3 cases, 3 trials, $0.000042 spent

    Variant  Model  Pass rate  Passed  Unscored  Errored  Mean cost  p50  p95  Gate
    plain  clerk*  66.7 % (20.8–93.9)  2/3  0  0  $0.000014  [ms]  [ms]  passes

    * scripted, not a model
    --- stderr
    3 trials ≈ $0.00064 ($0.00041 to $0.00064)
    ");
    assert_eq!(desk.only_run().passed, 2);
    let kept: Vec<_> = files_below(&desk.workspace().join(".strata"));
    let names: Vec<_> = kept.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert!(names.contains(&".gitignore") && names.contains(&"records.db"), "{names:?}");
}

#[test]
fn a_gate_that_is_not_reached_is_exit_1() {
    let desk = Desk::quick(&["no", "no", "tea"]);
    insta::assert_snapshot!(desk.strata(&["run", "w", "--no-cache"]).told(&desk), @r"
    exit 1
    Run [run] of words in p: completed
    words, 3 cases, 3 trials, $0.000042 spent

    Variant  Model  Pass rate  Passed  Unscored  Errored  Mean cost  p50  p95  Gate
    plain  clerk*  33.3 % (6.1–79.2)  1/3  0  0  $0.000014  [ms]  [ms]  below 50 %

    * scripted, not a model
    --- stderr
    3 trials ≈ $0.00064 ($0.00041 to $0.00064)
    ");
}

#[test]
fn check_runs_list_and_show() {
    let desk = Desk::quick(&WORDS);
    insta::assert_snapshot!(desk.strata(&["check", "w"]).told(&desk), @r"
    exit 0
    No problems.
    ");
    insta::assert_snapshot!(desk.strata(&["runs", "w"]).told(&desk), @r"
    exit 0
    No run is on record yet.
    ");
    assert_eq!(desk.strata(&["run", "w", "--limit", "1"]).code, Some(0));
    insta::assert_snapshot!(desk.strata(&["runs", "w"]).told(&desk), @r"
    exit 0
    run  experiment  state  trials  passed  errored  spent
    [run]  p/words  completed  1/1  1  0  $0.000014
    ");
    assert_eq!(desk.strata(&["runs", "w", "--project", "other"]).out, "No run is on record yet.\n");
    let id = desk.only_run().header.id.0.clone();
    insta::assert_snapshot!(desk.strata(&["show", "w", &id]).told(&desk), @r"
    exit 0
    Run [run] of words in p: completed
    words, 1 case, 1 trial, $0.000014 spent

    Variant  Model  Pass rate  Passed  Unscored  Errored  Mean cost  p50  p95  Gate
    plain  clerk*  100.0 % (20.7–100.0)  1/1  0  0  $0.000014  [ms]  [ms]  passes

    * scripted, not a model
    ");
    insta::assert_snapshot!(desk.strata(&["show", "w", "20200101-000000-0000"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: There is no run `[run]`. See: strata runs w
    ");
    insta::assert_snapshot!(desk.strata(&["runs", "w", "--format", "csv"]).told(&desk), @r"
    exit 2
    --- stderr
    error: invalid value 'csv' for '--format <FORMAT>'
      [possible values: table, json, jsonl]

    For more information, try '--help'.
    ");
    let by_name = desk.strata(&["runs", "w", "-o", "runs.csv"]);
    assert!(by_name.code == Some(2) && by_name.err.contains("listed as table, json or jsonl"), "{}", by_name.err);
}

#[test]
fn runs_as_data_are_read_back() {
    let desk = Desk::quick(&WORDS);
    for _ in 0..2 {
        assert_eq!(desk.strata(&["run", "w", "--limit", "1"]).code, Some(0));
    }
    let json: serde_json::Value = serde_json::from_str(&desk.strata(&["runs", "w", "--format", "json"]).out).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 2);
    let lines = desk.strata(&["runs", "w", "-o", "runs.jsonl"]);
    assert_eq!((lines.code, lines.out.as_str()), (Some(0), ""));
    let lines = fs::read_to_string(desk.path().join("runs.jsonl")).unwrap();
    assert!(
        lines.lines().count() == 2 && lines.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok())
    );
}

#[test]
fn init_makes_a_workspace_that_runs_and_keeps_its_hands_off_others() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.strata(&["init", "new"]).told(&desk), @r"
    exit 0
    A new workspace is in new. Try it with: strata run new
    ");
    assert_eq!(desk.strata(&["check", "new"]).out, "No problems.\n");
    assert_eq!(desk.strata(&["run", "new", "--limit", "1", "--repeat", "1"]).code, Some(0));
    let before = files_below(&desk.path().join("new"));
    insta::assert_snapshot!(desk.strata(&["init", "new"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: new: error: The folder is not empty: it holds `projects`. Choose a new or an empty folder.
    ");
    assert_eq!(files_below(&desk.path().join("new")), before);
    insta::assert_snapshot!(desk.strata(&["init", "/proc/new"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: /proc/new/workspace.ron: error: The file cannot be written: it is not there. Look at the folder's rights.
    ");
}

#[test]
fn bundled_workspaces_run() {
    for (name, project, experiment) in
        [("support-triage", "triage", "quick"), ("policy-answers", "passenger-desk", "quick")]
    {
        let desk = Desk::bundled(name);
        let ran = desk.strata(&["run", "w", "--project", project, "--experiment", experiment, "--limit", "1"]);
        assert!(matches!(ran.code, Some(0 | 1)), "{}{}", ran.out, ran.err);
        assert!(ran.out.contains("* scripted, not a model"), "{}", ran.out);
        assert_eq!(desk.strata(&["check", "w"]).code, Some(0));
    }
}

#[test]
fn without_a_verb_or_with_a_wrong_one_the_program_says_what_it_knows() {
    let desk = Desk::empty();
    let help = desk.strata(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    for word in ["run", "check", "runs", "show", "release", "init", "trust", "guardrails", "Exit codes: 0 "] {
        assert!(help.out.contains(word), "{word}");
    }
    insta::assert_snapshot!(desk.strata(&["--version"]).told(&desk), @r"
    exit 0
    strata 0.1.0
    ");
    insta::assert_snapshot!(desk.strata(&["rnu", "w"]).told(&desk), @r"
    exit 2
    --- stderr
    error: unrecognized subcommand 'rnu'

      tip: a similar subcommand exists: 'runs'

    Usage: strata [COMMAND]

    For more information, try '--help'.
    ");
}

#[test]
fn a_reader_that_goes_away_is_no_mistake() {
    let desk = Desk::quick(&WORDS);
    for line in [
        &["run", "w"][..],
        &["run", "w", "--format", "json"],
        &["runs", "w"],
        &["check", "w"],
        &["trust", "w"],
        &["init", "new"],
        &["--help"],
    ] {
        let mut child = desk.command(line).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(
            (ended.status.code(), String::from_utf8(ended.stderr).unwrap().contains("panic")),
            (Some(0), false),
            "{line:?}"
        );
    }
    // Nobody reads the complaints either.
    let mut child = desk.command(&["run", "nowhere"]).spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let desk = Desk::quick(&WORDS);
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let ended = desk.command(&["run", "w"]).stdout(Stdio::from(full)).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(said.contains("Standard output cannot be written: No space left on device"), "{said}");
}

#[test]
fn a_poor_terminal_and_no_home_are_enough() {
    let desk = Desk::quick(&WORDS);
    let ran = desk.command(&["run", "w"]).env_clear().env("TERM", "dumb").output().unwrap();
    assert_eq!((ran.status.code(), ran.stdout.contains(&0x1b), ran.stderr.contains(&0x1b)), (Some(0), false, false));
    let revoked = desk.command(&["trust", "w", "--revoke"]).env_clear().output().unwrap();
    let said = String::from_utf8(revoked.stderr).unwrap();
    assert!(matches!(revoked.status.code(), Some(0 | 2)) && !said.contains("panic"), "{said}");
}
