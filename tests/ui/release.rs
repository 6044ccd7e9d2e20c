//! Release freezes a version once and exports it into a repository that was granted.

use std::process::Command as Process;

use egui_kittest::kittest::Queryable;
use strata::session::{Command, Route};

use crate::support::{Window, cases, record};

#[test]
fn a_version_is_frozen_granted_and_exported() {
    let mut window = Window::open();
    let repository = window.root.parent().unwrap().join("product");
    let init = Process::new("git").args(["init", "-q", "-b", "main"]).arg(&repository).status().unwrap();
    assert!(init.success());
    window.go(Route::Release);
    window.until("the draft is made", |app| matches!(app.session().releases().draft(), Some(Ok(_))));
    window.click("Freeze 1.0.0");
    window.until("it is frozen", |app| app.session().project().is_some_and(|project| !project.releases.is_empty()));
    window.click("Version 1.0.0");
    window.send(Command::ChooseRepository(repository.clone()));
    window.until_seen("Grant this repository");
    window.click("Grant this repository");
    window.until("it is granted", |app| !app.session().trust().granted().is_empty());
    let branch = {
        let prompt = window.harness.state_mut().session().selection().prompt.clone().unwrap();
        format!("strata/{prompt}")
    };
    window.until_seen(&format!("Export to {branch}"));
    window.click(&format!("Export to {branch}"));
    window.until_seen("Exported");
    let commit = Process::new("git").arg("-C").arg(&repository).args(["rev-parse", &branch]).output().unwrap();
    assert!(commit.status.success());
}

#[test]
fn a_version_that_is_none_is_told() {
    let mut window = Window::open();
    window.go(Route::Release);
    window.until("the draft is made", |app| app.session().releases().draft().is_some());
    window.click("Version: Own");
    assert!(window.sees("That is not a version."));
}

#[test]
fn the_gate_of_the_evidence_is_told_and_another_run_can_be_the_evidence() {
    let mut window = Window::prepared(|root| {
        record(root, &cases("triage", 6));
        record(root, &cases("triage", 2));
    });
    window.go(Route::Release);
    let scored = |app: &mut strata::ui::App| {
        let Some(Ok(draft)) = app.session().releases().draft() else { return None };
        draft.release.evidence.first().map(|found| found.scored + found.unscored + found.errored)
    };
    window.until("the bigger run is the evidence", |app| scored(app) == Some(6));
    window.steps();
    assert!(window.sees_part("Gate of "));
    window.harness.get_by_role_and_label(egui::accesskit::Role::ComboBox, "Evidence").click();
    window.steps();
    let smaller = window.harness.query_all_by_label_contains("· 4 trials").next().unwrap();
    smaller.click();
    window.steps();
    window.until("the smaller run is the evidence", |app| scored(app) == Some(2));
}
