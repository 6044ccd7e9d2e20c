//! Plots without a run says what it is for; with one it draws, leads to Results and saves files.

use strata::session::{Command, Route};

use crate::support::{Window, cases, record};

#[test]
fn without_a_run_plots_lead_to_the_experiment() {
    let mut window = Window::open();
    window.go(Route::Plots);
    window.click("Go to Experiment");
    assert_eq!(window.harness.state_mut().session().route(), Route::Experiment);
}

#[test]
fn an_experiment_that_was_not_run_leads_to_the_last_run_of_another() {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("quick".into()));
    window.until("a run is offered", |app| app.session().offer().is_some());
    window.send(Command::StartRun);
    window.until("the run is over and listed", |app| {
        app.session().runs().live().is_none() && !app.session().runs().recorded().is_empty()
    });
    window.send(Command::SelectExperiment("triage".into()));
    window.go(Route::Plots);
    window.until_seen("No run of this experiment");
    window.click("Show the last run");
    window.until_seen("Success rate");
}

#[test]
fn a_run_is_drawn_while_it_goes_and_saved_as_a_file() {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("quick".into()));
    window.until("a run is offered", |app| app.session().offer().is_some());
    window.send(Command::StartRun);
    window.until("the run is over", |app| {
        let runs = app.session().runs();
        runs.live().is_none() && runs.board().is_some_and(|board| board.ended() == board.trials())
    });
    window.go(Route::Plots);
    window.until("the charts are made", |_| true);
    assert!(window.sees("Success rate") && window.sees("Cost per trial") && window.sees("Scripted, not a model"));
    window.click("Save Success rate");
    window.click("Save as: CSV");
    window.click("Save file");
    let folder = window.root.join("plots");
    window.until("the file is written", |_| folder.is_dir() && std::fs::read_dir(&folder).unwrap().count() == 1);
}

const FINDINGS: &str = r#"[
    {"issue": "leak", "severity": "critical", "confidence": 0.9},
    {"issue": "typo", "severity": "minor", "confidence": 0.8},
    {"issue": "race", "severity": "minor", "confidence": 0.6},
    {"issue": "taste", "severity": "minor", "confidence": 0.2}]"#;

/// An experiment `lists`, whose answers are all that one list.
fn lists(root: &std::path::Path, expected: &str, on: bool) {
    let write = |path: &str, text: &str| std::fs::write(root.join(path), text).unwrap();
    let text = std::fs::read_to_string(root.join("workspace.ron")).unwrap();
    let text =
        text.replacen("providers: {", "providers: { \"lister\": (api: Scripted(\"scripts/lister.ron\")),", 1).replacen(
            "models: {",
            "models: { \"finder\": (provider: \"lister\", model: \"finder\", price: (input: 1.0, output: 1.0)),",
            1,
        );
    write("workspace.ron", &text);
    let reply = FINDINGS.replace('\n', " ");
    write("scripts/lister.ron", &format!("(models: {{\"finder\": ()}}, rules: [(replies: [(text: r#\"{reply}\"#)])])"));
    write(
        "projects/triage/datasets/code.ron",
        &format!(
            "(source: Cases([(id: \"one\", vars: {{\"subject\": \"s\", \"body\": \"b\", \"tier\": \"free\", \"language\": \"en\"}}, {expected})]))"
        ),
    );
    write(
        "projects/triage/experiments/lists.ron",
        &format!(
            "(variants: [\"baseline\"], models: [\"finder\"], dataset: \"code\", checks: [(kind: Json)],
              policy: (confidence: (on: {on})))"
        ),
    );
    record(root, &cases("lists", 1));
}

fn plots_of_lists(expected: &'static str) -> Window {
    let mut window = Window::prepared(|root| lists(root, expected, true));
    window.send(Command::SelectExperiment("lists".into()));
    window.go(Route::Plots);
    window.until("the lists are read", |app| app.session().runs().sweep().flatten().is_some());
    window.steps();
    window
}

#[test]
fn a_threshold_of_confidence_is_swept_over_labelled_lists() {
    let mut window = plots_of_lists("expected: {\"found\": [\"leak\", \"typo\", {\"issue\": \"race\"}]}");
    let sweep = window.harness.state_mut().session().runs().sweep().flatten().unwrap().clone();
    let column = &sweep.columns[&0];
    assert_eq!((column.critical.items.len(), column.others.items.len(), sweep.cut), (1, 3, 0), "before the filter");
    assert!(window.sees("Confidence of items") && window.sees("Confidence of critical items"));
    assert!(window.sees_part("above 0.7: 100 % (20.7–100.0) of 1 kept are right, 50 % of the right ones are kept"));
}

#[test]
fn a_filter_without_labels_says_what_a_sweep_needs() {
    let window = plots_of_lists("");
    assert!(window.sees("Confidence of items") && window.sees_part("no case says which items are right"));
    assert!(!window.sees("Save Confidence of items"));
}

#[test]
fn lists_that_no_filter_is_for_are_not_read() {
    let mut window = Window::prepared(|root| lists(root, "expected: {\"found\": [\"leak\"]}", false));
    window.send(Command::SelectExperiment("lists".into()));
    window.go(Route::Plots);
    window.until("the dataset is open", |app| app.session().runs().rows().is_some());
    window.steps();
    assert!(window.harness.state_mut().session().runs().sweep().is_none());
    assert!(!window.sees("Confidence of items"));
}
