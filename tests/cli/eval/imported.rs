//! A config becomes a project of a workspace, or nothing is written.

use std::fmt::Write as _;

use super::{put, with_config};
use crate::desk::Desk;

/// So many tests of so many bytes, with this beside their variables.
fn long(tests: usize, bytes: usize, beside: &str) -> Desk {
    let mut config =
        "prompts: ['{{t}}']\nproviders: [echo]\ndefaultTest: {assert: [{type: contains, value: xx}]}\ntests:\n"
            .to_owned();
    for _ in 0..tests {
        writeln!(config, "  - {{vars: {{t: file://long.txt}}{beside}}}").unwrap();
    }
    let desk = with_config(&config);
    put(&desk, "long.txt", &"x".repeat(bytes));
    desk
}

#[test]
fn many_long_tests_become_rows_that_are_run() {
    let desk = long(3, 500_000, "");
    let ran = desk.strata(&["import", "c", "w"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(desk.workspace().join("projects/c/datasets/tests.jsonl").exists());
    let ran = desk.strata(&["run", "w"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    assert_eq!(desk.only_run().passed, 3);
}

#[test]
fn the_command_that_is_told_is_one_that_a_shell_takes() {
    let desk = long(1, 10, "");
    let ran = desk.strata(&["import", "c", "my w", "--project", "it's tea"]);
    let told = r"Run it with: strata run 'my w' --project 'it'\''s tea'";
    assert!(ran.out.contains(told), "{}{}", ran.out, ran.err);
    let command = ran.out.split("strata run ").nth(1).unwrap().trim();
    let words = std::process::Command::new("sh").args(["-c", &format!("printf '%s|' {command}")]).output().unwrap();
    assert_eq!(String::from_utf8(words.stdout).unwrap(), "my w|--project|it's tea|");
}

#[test]
fn what_cannot_be_imported_leaves_nothing() {
    let refused = |desk: &Desk, arguments: &[&str], words: &[&str]| {
        let ran = desk.strata(&[&["import", "c", "w"], arguments].concat());
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(words.iter().all(|word| ran.err.contains(word)), "{}", ran.err);
        assert!(!desk.workspace().exists());
    };
    let own = long(10, 2_000_000, ", assert: [{type: contains, value: x}]");
    refused(&own, &[], &["20 MB", "16 MB", "Of 10 cases, 10 have checks", "Nothing was written"]);
    refused(&long(1, 10, ""), &["--project", "a/b"], &["`a/b` cannot be the name of a file"]);
}
