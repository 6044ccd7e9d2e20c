//! What is wrong is found before anything is sent, and told with its place and what to do.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

use crate::desk::{Desk, Loopback, slow_server, wait_until};

#[test]
fn a_misspelt_variable_is_found_before_anything_is_sent() {
    let server = slow_server(Duration::ZERO);
    let desk = Desk::loopback(&server.url(), &Loopback::default());
    desk.trust();
    desk.edit("projects/p/prompts/ask.ron", "{{ question }}", "{{ qestion }}");
    insta::assert_snapshot!(desk.run(&[]).told(&desk), @r"
    exit 2
    --- stderr
    strata: projects/p/prompts/ask.ron:1:97: error: `qestion` is not declared as a variable of the prompt. Did you mean `question`?
    ");
    insta::assert_snapshot!(desk.strata(&["check", "w"]).told(&desk), @r"
    exit 2
    projects/p/prompts/ask.ron:1:97: error: `qestion` is not declared as a variable of the prompt. Did you mean `question`?
    projects/p/prompts/ask.ron: warning: The variable `question` is declared, but no layer uses it. Use it or take it out.
    1 error, 1 warning.
    ");
    desk.edit("projects/p/prompts/ask.ron", "{{ qestion }}", "{{ question }}");
    desk.edit("projects/p/datasets/words.csv", "id,question", "id,query");
    insta::assert_snapshot!(desk.run(&[]).told(&desk), @r"
    exit 2
    --- stderr
    strata: projects/p/prompts/ask.ron:1:97: error: The dataset has no column `question`, and the variable has no default. Give it a value, or a default in the prompt.
    ");
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_row_without_a_value_is_told_with_its_line() {
    let server = slow_server(Duration::ZERO);
    let desk = Desk::loopback(&server.url(), &Loopback::default());
    desk.trust();
    desk.write(
        "projects/p/datasets/words.jsonl",
        "{\"id\": \"a\", \"question\": \"question-00001.\"}\n{\"id\": \"b\"}\n",
    );
    desk.edit("projects/p/datasets/words.ron", "words.csv", "words.jsonl");
    let ran = desk.run(&[]);
    insta::assert_snapshot!(ran.told(&desk), @r"
    exit 3
    Run [run] of words in p: completed
    words, 2 cases, 2 trials, $0.000026 spent

    Variant  Model  Pass rate  Passed  Unscored  Errored  Mean cost  p50  p95  Gate
    plain  m  100.0 % (20.7–100.0)  1/1  0  1  $0.000026  [ms]  [ms]  passes
    --- stderr
    2 trials ≈ $0.00022
    strata: b errored: prompts/ask.ron · layer ask:1:11: error: The case `b` has no `question`. Give it a value, or a default in the prompt.
    strata: 1 trial errored, and will again until the cause is mended.
    ");
}

#[test]
fn a_wrong_file_is_told_with_line_and_column() {
    let desk = Desk::quick(&["tea"]);
    desk.edit("projects/p/experiments/words.ron", "dataset:", "datset:");
    insta::assert_snapshot!(desk.strata(&["check", "w"]).told(&desk), @r"
    exit 2
    projects/p/experiments/words.ron:1:58: error: The field `datset` is not known here. Did you mean `dataset`? The fields are `format`, `title`, `note`, `variants`, `models`, `dataset`, `filter`, `repeats`, `without`, `checks`, `pass`, `gate`, `policy`, `budget`.
    1 error, 0 warnings.
    ");
    insta::assert_snapshot!(desk.strata(&["run", "w"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: The project `p` has no experiment that can be read.
    strata: projects/p/experiments/words.ron:1:58: error: The field `datset` is not known here. Did you mean `dataset`? The fields are `format`, `title`, `note`, `variants`, `models`, `dataset`, `filter`, `repeats`, `without`, `checks`, `pass`, `gate`, `policy`, `budget`.
    ");
    desk.write("workspace.ron", "(name: \"Quick\"");
    insta::assert_snapshot!(desk.strata(&["run", "w"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: The project `p` has no experiment that can be read.
    strata: workspace.ron:1:15: error: The file ends before the bracket of line 1, column 1 is closed. Add `)`, or look whether the file was cut off.
    strata: projects/p/experiments/words.ron:1:58: error: The field `datset` is not known here. Did you mean `dataset`? The fields are `format`, `title`, `note`, `variants`, `models`, `dataset`, `filter`, `repeats`, `without`, `checks`, `pass`, `gate`, `policy`, `budget`.
    ");
    desk.write("workspace.ron", "");
    insta::assert_snapshot!(desk.strata(&["check", "w"]).told(&desk), @r"
    exit 2
    workspace.ron: error: The file is empty. Restore it from git or from `.strata/backups`, or remove it.
    projects/p/experiments/words.ron:1:58: error: The field `datset` is not known here. Did you mean `dataset`? The fields are `format`, `title`, `note`, `variants`, `models`, `dataset`, `filter`, `repeats`, `without`, `checks`, `pass`, `gate`, `policy`, `budget`.
    2 errors, 0 warnings.
    ");
}

#[test]
fn numbers_out_of_range_are_refused() {
    let desk = Desk::quick(&["tea"]);
    let refused = |arguments: &[&str], word: &str| {
        let ran = desk.strata(&[&["run", "w"], arguments].concat());
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert!(ran.err.contains(word), "{arguments:?}: {}", ran.err);
    };
    for budget in ["-1", "NaN", "inf", "1e99", "much"] {
        refused(&[&format!("--budget={budget}")], "an amount of US dollars is needed");
    }
    refused(&["--jobs", "0"], "0");
    refused(&["--limit", "0"], "0");
    refused(&["--repeat", "99999999999"], "99999999999");
    refused(&["--no-such-flag"], "--no-such-flag");
    refused(&["--format", "yaml"], "table, json, jsonl, junit, csv, md");
    refused(&["--resume", "--repeat", "2"], "cannot be used with");
}

#[test]
fn arguments_that_are_no_text_are_refused_and_folders_may_be_any_bytes() {
    let desk = Desk::quick(&["tea"]);
    let odd = OsStr::from_bytes(b"w\xff");
    let ran = desk.command(&["run", "w", "--project"]).arg(odd).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    fs::rename(desk.workspace(), desk.path().join(odd)).unwrap();
    let ran = desk.command(&["run"]).arg(odd).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn what_is_ambiguous_is_listed() {
    let desk = Desk::quick(&["tea"]);
    let experiment = fs::read_to_string(desk.workspace().join("projects/p/experiments/words.ron")).unwrap();
    desk.write("projects/p/experiments/others.ron", &experiment);
    insta::assert_snapshot!(desk.strata(&["run", "w"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: Say which experiment with --experiment. There are: `others`, `words`.
    ");
    insta::assert_snapshot!(desk.strata(&["run", "w", "--experiment", "wrods"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: There is no experiment `wrods`. There are: `others`, `words`.
    ");
    insta::assert_snapshot!(desk.strata(&["run", "w", "--project", "q"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: There is no project `q`. There are: `p`.
    ");
    desk.write("projects/q/project.ron", "(title: \"Q\")");
    insta::assert_snapshot!(desk.strata(&["run", "w"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: Say which project with --project. There are: `p`, `q`.
    ");
    insta::assert_snapshot!(desk.strata(&["run", "w", "--project", "q"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: The project `q` has no experiment that can be read.
    ");
}

#[test]
fn a_dead_server_errors_each_trial_and_keeps_nobody_waiting() {
    let address = slow_server(Duration::ZERO).url();
    let desk = Desk::loopback(&address, &Loopback { cases: 1, ..Loopback::default() });
    desk.trust();
    insta::assert_snapshot!(desk.run(&["--format", "jsonl"]).told(&desk), @r#"
    exit 3
    {"case":"case-0","variant":"plain","model":"m","repeat":1,"outcome":"errored","score":null,"reason":"No connection to http://[server]: Connection refused (os error 111).","output":"","finish":null,"cost_usd":null,"spent_usd":0.0,"latency_ms":null,"input_tokens":null,"output_tokens":null,"cached":false,"attempts":2,"fault":"connect","repairs":0,"stand_in":null,"left_out":false,"withheld":false,"findings":0}
    --- stderr
    1 trial ≈ $0.00011
    strata: case-0 errored: No connection to http://[server]: Connection refused (os error 111).
    strata: 1 trial errored. Try again with --resume.
    "#);
}

#[test]
fn a_second_program_is_told_who_is_first() {
    let server = slow_server(Duration::from_mins(10));
    let desk = Desk::loopback(&server.url(), &Loopback::default());
    desk.trust();
    let mut first = desk.start(&[]);
    wait_until("it has begun", || server.requests() > 0 || first.is_over());
    insta::assert_snapshot!(desk.run(&[]).told(&desk), @r"
    exit 2
    --- stderr
    strata: The records are read-only here, since another program (process [pid] on [host], since [time]) has them. Close it to start runs here.
    ");
    // It may look, and sees the run under way.
    let runs = desk.strata(&["runs", "w"]);
    assert!(runs.code == Some(0) && runs.out.contains(" running "), "{}{}", runs.out, runs.err);
    first.kill();
    let server = slow_server(Duration::ZERO);
    desk.edit("workspace.ron", "http://", &format!("{}/v1\", note: \"was http://", server.url()));
    desk.trust();
    assert_eq!(desk.run(&["--resume"]).code, Some(0), "the lock ends with its program");
}

#[test]
fn a_folder_that_cannot_be_written_can_be_looked_at() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::quick(&["tea"]);
    let mode = |mode| fs::set_permissions(desk.workspace(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o555);
    let writable = fs::write(desk.workspace().join("probe"), "").is_ok();
    let (checked, ran) = (desk.strata(&["check", "w"]), desk.strata(&["run", "w"]));
    mode(0o755);
    assert_eq!(checked.code, Some(0));
    // Nothing is read-only for root.
    if !writable {
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("cannot be written"), "{}", ran.err);
    }
}
