//! Calls on recorded runs: the log with its filters, alerts, spend, and the way out.

use std::path::Path;

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use strata::domain::{AlertRule, CallSort};
use strata::session::{Command, Route};
use strata::store::records::Records;

use crate::support::{Window, cases, record};

/// A window on the calls of one run of eight cases in two columns, with something done to the workspace before.
fn calls(prepare: impl FnOnce(&Path)) -> Window {
    let mut window = Window::prepared(|root| {
        prepare(root);
        record(root, &cases("quick", 8));
    });
    window.send(Command::SelectExperiment("quick".into()));
    window.go(Route::Calls);
    window.until("the log is read", |app| app.session().calls().row(0).is_some());
    window
}

fn total(window: &mut Window) -> u64 {
    window.harness.state_mut().session().calls().count().unwrap()
}

/// Waits for what the filters ask for.
fn until_read(window: &mut Window) {
    window.until("the log is read again", |app| !app.session().calls().is_reading());
}

#[test]
fn without_a_call_the_screen_leads_to_the_experiment() {
    let mut window = Window::open();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::Num9);
    window.steps();
    assert_eq!(window.harness.state_mut().session().route(), Route::Calls);
    window.until_seen("No call yet");
    window.click("Go to Experiment");
    assert_eq!(window.harness.state_mut().session().route(), Route::Experiment);
}

#[test]
fn the_log_is_filtered_and_sorted() {
    let mut window = calls(|_| {});
    let all = total(&mut window);
    until_read(&mut window);
    let model = window.harness.state_mut().session().calls().models()[0].to_string();
    window.click("Calls of model");
    window.click(&model);
    until_read(&mut window);
    let of_model = total(&mut window);
    assert!(of_model > 0 && of_model < all, "{of_model} of {all}");
    window.click("Order of calls");
    window.click("Slowest first");
    until_read(&mut window);
    let session = window.harness.state_mut().session();
    assert_eq!(session.calls().query().sort, CallSort::Slowest);
    let latency = |at| session.calls().row(at).unwrap().latency_ms;
    assert!(latency(0) >= latency(1) && latency(1) >= latency(of_model - 1));
    window.harness.get_by_label("Find calls").focus();
    window.steps();
    window.harness.get_by_label("Find calls").type_text("no such words at all");
    window.steps();
    window.harness.key_press(Key::Enter);
    window.steps();
    until_read(&mut window);
    assert_eq!(total(&mut window), 0);
    window.click("Show all calls");
    until_read(&mut window);
    assert_eq!(total(&mut window), all);
}

#[test]
fn a_call_opens_by_click_moves_by_keyboard_and_leads_to_its_trial() {
    let mut window = calls(|_| {});
    let first = window.harness.state_mut().session().calls().row(0).unwrap().clone();
    let second = window.harness.state_mut().session().calls().row(1).unwrap().clone();
    let case = first.case_id.clone().unwrap();
    window.click(&format!("Call at {} to {} for {case}: {}", local(&first), first.model, first.word()));
    assert!(window.sees(&first.request.short()));
    window.harness.key_press(Key::ArrowDown);
    window.steps();
    assert!(window.sees(&second.request.short()) && !window.sees(&first.request.short()));
    window.click("Show its trial");
    let session = window.harness.state_mut().session();
    assert_eq!((session.route(), session.selection().trial), (Route::Results, second.trial));
    assert_eq!(session.runs().shown(), Some(&second.run));
}

fn local(call: &strata::domain::CallRow) -> String {
    call.sent_at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

#[test]
fn an_alert_is_found_in_an_old_run_and_acknowledged_by_name() {
    let mut window = calls(|root| {
        let file = root.join("workspace.ron");
        let text = std::fs::read_to_string(&file).unwrap();
        let end = text.rfind(')').unwrap();
        std::fs::write(&file, format!("{}    alerts: (latency_over_ms: 0),\n)\n", &text[..end])).unwrap();
    });
    window.send(Command::SetName("Ada".to_owned()));
    window.until("the alert is found", |app| {
        app.session().alerts().iter().any(|alert| alert.key.rule == AlertRule::Latency)
    });
    let alerts = window.harness.state_mut().session().alerts();
    window.click(&format!("View: Alerts {}", alerts.len()));
    let slow = alerts.iter().find(|alert| alert.key.rule == AlertRule::Latency).unwrap().key.clone();
    window.click(&format!("Acknowledge {slow} in run {}", slow.run));
    assert!(!window.sees(&format!("Acknowledge {slow} in run {}", slow.run)));
    let root = window.root.clone();
    let kept = || Records::open(&root).unwrap().alerts().unwrap();
    window.until("it is on record", |_| {
        kept().iter().any(|alert| alert.key == slow && alert.acknowledged.as_ref().is_some_and(|seen| seen.by == "Ada"))
    });
    window.click(&format!("Show calls of {slow} in run {}", slow.run));
    until_read(&mut window);
    let filter = window.harness.state_mut().session().calls().query().filter.clone();
    assert_eq!((filter.run, filter.min_latency_ms), (Some(slow.run), Some(0.0)));
    // The rule's own limit is none of those to choose from, and stands there all the same.
    let limit = window.harness.get_by_label("Calls by latency").accesskit_node().value();
    assert_eq!(limit.as_deref(), Some("Over 0.0 ms"));
    // What stands beside the export is of the filtered calls, so it stands where they do.
    assert!(window.sees_part(" spent"));
    window.click("View: Spend");
    window.until("it is added up", |app| app.session().calls().spend().is_some());
    assert!(!window.sees_part(" spent"));
}

#[test]
fn all_alerts_are_acknowledged_at_once() {
    let mut window = calls(|root| {
        let file = root.join("workspace.ron");
        let text = std::fs::read_to_string(&file).unwrap();
        let end = text.rfind(')').unwrap();
        let rules = "    alerts: (latency_over_ms: 0, cost_over: 0.0),\n)\n";
        std::fs::write(&file, format!("{}{rules}", &text[..end])).unwrap();
    });
    window.until("the alerts are found", |app| app.session().alerts().len() > 2);
    let count = window.harness.state_mut().session().alerts().len();
    window.click(&format!("View: Alerts {count}"));
    window.click(&format!("Acknowledge all {count}"));
    let alerts = window.harness.state_mut().session().alerts();
    assert!(alerts.iter().all(|alert| alert.acknowledged.is_some()));
    assert!(window.sees("View: Alerts") && !window.sees_part("Acknowledge all"));
}

#[test]
fn spend_and_endpoints_have_views_of_their_own() {
    let mut window = calls(|_| {});
    window.click("View: Spend");
    window.until("it is added up", |app| app.session().calls().spend().is_some());
    let model = window.harness.state_mut().session().calls().spend().unwrap().by_model[0].clone();
    assert!(window.sees("By day") && window.sees(&format!("{}: {}", model.key, model.spent)));
    window.click("View: Endpoints");
    assert!(window.sees("No run is under way"));
    window.click("Go to Experiment");
    assert_eq!(window.harness.state_mut().session().route(), Route::Experiment);
}

#[test]
fn the_log_is_saved_where_a_person_says() {
    let mut window = calls(|_| {});
    let all = total(&mut window);
    window.click("Export…");
    window.click("Save as: OTLP");
    window.click("Save as: JSONL");
    window.click("Save file");
    let file = window.root.join("calls.jsonl");
    window.until("the file is there", |_| file.exists());
    let lines = std::fs::read_to_string(&file).unwrap().lines().count();
    assert_eq!(lines as u64, all);
}
