//! Results on a recorded run: filters, one trial in detail, columns side by side.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable;
use strata::domain::{Definition, Policy, RunState, SemanticMode, TrialRef, Usd, UserColumns, UserLimits};
use strata::session::launch::Wish;
use strata::session::{Command, Route};
use strata::store::preset;

use crate::support::{Window, cases, record};

/// A window on the results of a run of twelve cases in six columns.
fn results() -> Window {
    let mut window = Window::prepared(|root| {
        record(root, &cases("triage", 12));
    });
    window.send(Command::SelectExperiment("triage".into()));
    window.go(Route::Results);
    window.until("the run and what is in sight are read", |app| {
        let runs = app.session().runs();
        runs.board().is_some() && runs.head(0).is_some()
    });
    window
}

#[test]
fn without_a_run_the_screen_leads_to_the_experiment() {
    let mut window = Window::open();
    window.go(Route::Results);
    window.click("Go to Experiment");
    assert_eq!(window.harness.state_mut().session().route(), Route::Experiment);
}

#[test]
fn the_grid_names_its_columns_and_cells() {
    let window = results();
    assert!(window.sees("baseline, swift") && window.sees("layered, sage"));
    assert!(window.sees("Scripted, not a model"));
    assert!(window.sees("12 cases"));
}

#[test]
fn a_filter_leaves_the_cases_that_it_asks_for() {
    let mut window = results();
    window.click("Show: Failed");
    assert!(!window.sees("12 cases"), "some case passed everywhere");
    window.click("Show: Regressed");
    assert!(window.sees("0 of 12 cases"), "there is no run before");
    window.click("Show all cases");
    assert!(window.sees("12 cases"));
}

#[test]
fn a_text_is_found_in_the_answers() {
    let mut window = results();
    window.harness.get_by_label("Find in answers").focus();
    window.steps();
    window.harness.get_by_label("Find in answers").type_text("no such words at all");
    window.steps();
    window.harness.key_press(Key::Enter);
    window.steps();
    window
        .until("the search is over", |app| app.session().runs().search().is_some_and(|search| search.trials.is_some()));
    assert!(window.sees("0 of 12 cases"));
}

#[test]
fn a_trial_opens_by_keyboard_and_shows_all_about_itself() {
    let mut window = results();
    window.harness.key_press(Key::J);
    window.steps();
    window.harness.key_press(Key::J);
    window.steps();
    window.harness.key_press(Key::ArrowRight);
    window.steps();
    window.harness.key_press(Key::Enter);
    window.steps();
    let trial = window.harness.state_mut().session().selection().trial.unwrap();
    assert_eq!((trial.case, trial.variant, trial.model), (1, 0, 1));
    window.until("the trial is read", |app| {
        let runs = app.session().runs();
        runs.trial(trial).is_some() && runs.sent().is_some()
    });
    assert!(window.sees("Checks") && window.sees("Messages as sent") && window.sees("Usage and cost"));
    let sent = window.harness.state_mut().session().runs().sent().map(|(_, sent)| sent.clone());
    assert!(matches!(sent, Some(strata::session::Sent::Exactly(_))), "{sent:?}");
    window.harness.key_press(Key::Escape);
    window.steps();
    assert_eq!(window.harness.state_mut().session().selection().trial, None);
}

#[test]
fn a_cell_opens_by_click() {
    let mut window = results();
    let head = window.harness.state_mut().session().runs().head(2).unwrap().id.to_string();
    let cell = format!("{head}, baseline · swift");
    window.harness.get_by_label_contains(&cell).click();
    window.steps();
    assert_eq!(window.harness.state_mut().session().selection().trial.map(|trial| trial.case), Some(2));
    window.until("the trial is read", |app| {
        let trial = app.session().selection().trial.unwrap();
        app.session().runs().trial(trial).is_some()
    });
    window.click("Close trial");
    assert_eq!(window.harness.state_mut().session().selection().trial, None);
}

#[test]
fn columns_are_compared_in_a_sentence_and_side_by_side() {
    let mut window = results();
    window.click("View: Compare");
    window.until("both answers are read", |app| {
        let runs = app.session().runs();
        let trial = |variant, model| TrialRef { case: 0, variant, model, repeat: 0 };
        runs.trial(trial(0, 0)).is_some() && runs.trial(trial(0, 1)).is_some()
    });
    assert!(window.sees("1 of 12"));
    window.click("Next case");
    assert!(window.sees("2 of 12"));
    window.harness.key_press(Key::ArrowLeft);
    window.steps();
    assert!(window.sees("1 of 12"));
    window.click("Only what differs");
    window.click("Add column");
    assert!(window.sees("Take away column 3"));
}

#[test]
fn what_turned_since_the_run_before_is_found() {
    let mut window = Window::prepared(|root| {
        record(root, &cases("quick", 12));
        record(root, &cases("quick", 12));
    });
    window.send(Command::SelectExperiment("quick".into()));
    window.go(Route::Results);
    window.until("the run before is read", |app| app.session().runs().previous().is_some());
    window.click("Show: Changed");
    let session = window.harness.state_mut().session();
    let changed = &session.runs().previous().unwrap().baseline.changed;
    let cases: BTreeSet<u32> = changed.iter().map(|change| change.case).collect();
    let expect = if cases.len() == 12 { "12 cases".to_owned() } else { format!("{} of 12 cases", cases.len()) };
    assert!(window.sees(&expect), "{expect}");
}

#[test]
fn a_run_that_reached_its_budget_goes_on_under_a_higher_one() {
    let mut window = Window::prepared(|root| {
        let wish = Wish { budget: Usd::from_dollars(0.01), no_cache: true, ..cases("quick", 12) };
        assert_eq!(record(root, &wish), RunState::BudgetReached);
    });
    window.send(Command::SelectExperiment("quick".into()));
    window.go(Route::Results);
    window.until("what is left is estimated", |app| app.session().runs().rest().is_some());
    let left = window.harness.state_mut().session().runs().rest().unwrap().trials;
    let field = |window: &mut Window, text: &str| {
        window.harness.get_by_label("New budget (USD)").focus();
        window.steps();
        window.harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
        window.harness.get_by_label("New budget (USD)").type_text(text);
        window.steps();
    };
    field(&mut window, "0.001");
    assert!(window.sees_part("More than $0.010 is needed."));
    field(&mut window, "1.5");
    window.click("Raise the budget to $1.5 and go on");
    window.until("the run is complete", |app| app.session().runs().recorded()[0].state == RunState::Completed);
    let run = window.harness.state_mut().session().runs().recorded()[0].clone();
    assert!(left > 0 && run.ended() == run.header.trials());
    assert_eq!(run.header.definition.budget.hard, Usd::from_dollars(1.5));
}

#[test]
fn a_trial_tells_what_guards_did_to_it() {
    let mut window = Window::prepared(|root| {
        record(root, &Wish { policy: preset("strict").cloned(), ..cases("triage", 60) });
    });
    window.send(Command::SelectExperiment("triage".into()));
    window.go(Route::Results);
    window.until("the run is read", |app| app.session().runs().board().is_some());
    let board = window.harness.state_mut().session().runs().board().unwrap();
    let trials = (0..60).flat_map(|case| (0..3).map(move |variant| (case, variant)));
    let mut trials =
        trials.flat_map(|(case, variant)| (0..2).map(move |model| TrialRef { case, variant, model, repeat: 0 }));
    let repaired = trials.find(|trial| board.trial(*trial).is_some_and(|mark| mark.repairs() > 0));
    let repaired = repaired.expect("some answer of the script breaks its form");
    window.click("Show: Repaired");
    assert!(!window.sees("60 cases") && !window.sees("0 of 60 cases"), "some cases, not all");
    window.send(Command::SelectTrial(Some(repaired)));
    window.until("the trial is read", |app| app.session().runs().trial(repaired).is_some());
    assert!(window.sees("Guards") && window.sees("Repair"));
    assert!(window.sees_part("Asked again, with the format spelled out: "));
    assert!(window.sees("Answer, attempt 2: in other words"));
}

#[test]
fn a_run_is_seen_as_its_users_traffic() {
    let mut window = results();
    window.click("View: Guards");
    assert!(window.sees("Per-user limits") && window.sees_part("They are off in the policy."));
    assert!(!window.sees("Find in answers"), "filters are for the grid");
    let key = window.harness.state_mut().session().experiment_key().unwrap();
    let mut experiment = (**window.harness.state_mut().session().experiment().unwrap()).clone();
    let columns = UserColumns { user: Some("language".to_owned()), ..UserColumns::default() };
    let users = UserLimits { on: true, columns, ..UserLimits::default() };
    experiment.policy = Some(Policy { users, ..Policy::default() });
    window.send(Command::Edit { key, definition: Some(Definition::Experiment(Arc::new(experiment))) });
    window.until("the traffic is rehearsed", |app| {
        app.session().traffic().is_some_and(|traffic| traffic.outcome.is_some())
    });
    let session = window.harness.state_mut().session();
    let traffic = session.traffic().unwrap().outcome.clone().unwrap().unwrap();
    assert_eq!((traffic.columns.len(), traffic.columns[0].traffic.total.requests), (6, 12));
    assert!(
        window.sees_part("evenly, 60 a minute") && window.sees("baseline · swift") && window.sees("users affected")
    );
    window.click("Set the limits of users");
    assert_eq!(window.harness.state_mut().session().route(), Route::Experiment);
    window.steps();
    let switch = window.harness.get_by_role_and_label(Role::Switch, "Per-user limits").rect();
    assert!((56.0..768.0).contains(&switch.top()), "it leads to the guard itself: {switch:?}");
}

#[test]
fn an_audit_of_the_semantic_cache_is_summed_over_the_run() {
    let mut window = Window::prepared(|root| {
        let mut policy = Policy::default();
        (policy.semantic.mode, policy.semantic.threshold) = (SemanticMode::Audit, 0.3);
        record(root, &Wish { policy: Some(policy), ..cases("triage", 12) });
    });
    window.send(Command::SelectExperiment("triage".into()));
    window.go(Route::Results);
    window.until("the run is read", |app| app.session().runs().board().is_some());
    window.click("View: Guards");
    assert!(window.sees("false hits") && window.sees_part("It would have answered "));
}
