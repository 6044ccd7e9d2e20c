//! `strata release`: a variant goes to a branch of a git repository, once.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::desk::{Desk, Ran};

/// An empty repository beside the workspace.
fn repository(desk: &Desk) -> PathBuf {
    let folder = desk.path().join("product");
    fs::create_dir(&folder).unwrap();
    git(desk, &["init", "-q", "-b", "main"]);
    folder
}

fn git(desk: &Desk, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(desk.path().join("product")).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn release(desk: &Desk, more: &[&str]) -> Ran {
    let arguments = [&["release", "w", "--repo", "product"], more].concat();
    Ran::new(&desk.command(&arguments).env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap())
}

#[test]
fn a_variant_is_released_with_its_evidence_and_twice_is_once() {
    let desk = Desk::quick(&["yes", "no", "yes"]);
    repository(&desk);
    assert_eq!(desk.strata(&["run", "w"]).code, Some(0));
    let first = release(&desk, &["--variant", "plain", "--note", "The first."]);
    assert_eq!(first.code, Some(0), "{}{}", first.out, first.err);
    assert!(first.out.contains("clerk: 2/3 passed") && first.out.contains("scripted, not a model"), "{}", first.out);
    let commit = git(&desk, &["rev-parse", "strata/ask"]);
    assert!(first.out.contains(&commit), "{}", first.out);
    assert_eq!(git(&desk, &["rev-parse", "ask-v0.1.0^{commit}"]), commit);
    let file = desk.workspace().join("projects/p/releases/ask-0.1.0.ron");
    let written = fs::read_to_string(&file).unwrap();

    let second = release(&desk, &["--variant", "plain"]);
    assert_eq!(second.code, Some(0), "{}{}", second.out, second.err);
    assert!(second.out.contains("no new commit") && second.out.contains(&commit), "{}", second.out);
    assert_eq!(git(&desk, &["rev-list", "--count", "strata/ask"]), "1");
    assert_eq!(fs::read_to_string(&file).unwrap(), written);
}

#[test]
fn what_has_changed_since_the_run_is_released_without_its_evidence() {
    let desk = Desk::quick(&["yes"]);
    repository(&desk);
    assert_eq!(desk.strata(&["run", "w"]).code, Some(0));
    desk.edit("projects/p/prompts/ask.ron", "Is it good?", "Is it any good?");
    let refused = release(&desk, &["--variant", "plain", "--run", desk.only_run().header.id.as_str()]);
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    assert!(refused.err.contains("other messages"), "{}", refused.err);
    let told = release(&desk, &["--variant", "plain"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(told.err.contains("no evidence") && !told.out.contains("passed"), "{}{}", told.out, told.err);
}

#[test]
fn a_dry_run_and_a_refused_export_write_nothing() {
    let desk = Desk::quick(&["yes"]);
    let nowhere = release(&desk, &["--variant", "plain"]);
    assert_eq!(nowhere.code, Some(2), "{}", nowhere.out);
    repository(&desk);
    let dry = release(&desk, &["--variant", "plain", "--version", "2.1.0", "--dry-run"]);
    assert_eq!(dry.code, Some(0), "{}", dry.err);
    assert!(dry.out.contains("ask-v2.1.0") && dry.out.contains("prompt.md"), "{}", dry.out);
    assert_eq!(git(&desk, &["for-each-ref"]), "");
    assert!(!desk.workspace().join("projects/p/releases").exists());
}

#[test]
fn a_bundled_prompt_is_released_as_it_is() {
    let desk = Desk::bundled("support-triage");
    repository(&desk);
    let told = release(&desk, &["--prompt", "layered-examples"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert_eq!(git(&desk, &["branch", "--format=%(refname:short)"]), "strata/layered-examples");
}
