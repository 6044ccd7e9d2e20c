//! What is told is what is stored, and what is deleted is gone.

use std::sync::Arc;

use super::super::samples::*;
use super::super::*;
use super::support::*;
use crate::domain::*;

#[test]
fn a_replay_tells_what_the_run_told() {
    let (_dir, records) = records();
    let events = record_run(&records, "r1", 12, Some(RunState::Completed));
    assert_eq!(replayed(&records, "r1"), told(&events));
}

#[test]
fn totals_equal_the_rows() {
    let (_dir, records) = records();
    record_run(&records, "r1", 40, Some(RunState::Completed));
    check_consistent(&records, "r1");
    let summary = records.run(&RunId::from("r1")).unwrap().unwrap();
    assert_eq!((summary.passed, summary.failed, summary.unscored, summary.errored), (20, 10, 10, 0));
    assert_eq!(summary.spent.nanos(), 40 * CENT);
}

#[test]
fn equal_answers_are_stored_once() {
    let (_dir, records) = records();
    record_run(&records, "r1", 70, None);
    let count = |sql: &str| records.read(|conn| conn.query_row(sql, [], |row| row.get::<_, i64>(0))).unwrap();
    assert_eq!(count("SELECT count(*) FROM completions"), 7);
    assert_eq!(count("SELECT count(*) FROM replies"), 0, "raw replies that were read are dropped");
}

#[test]
fn of_a_failed_answer_the_beginning_is_kept() {
    let (_dir, records) = records();
    let run = RunId::from("r1");
    let long = RawReply { body: vec![b'x'; 10_000], status: 500, ..RawReply::default() };
    let events = vec![
        RunEvent::Started(header("r1", 1)),
        sent(0, 0),
        RunEvent::AttemptReceived { attempt: attempt(0, 0), reply: Arc::new(long) },
        failed(0, 0, Fault::Protocol),
        RunEvent::TrialEnded(Arc::new(trial_ended(0, None))),
    ];
    record(&mut records.recorder(&run).unwrap(), "r1", 1, events);
    let detail = records.trial(&run, place(0)).unwrap().unwrap();
    assert_eq!(detail.attempts[0].body.as_ref().map(Vec::len), Some(2048));
}

#[test]
fn notices_are_kept_in_order() {
    let (_dir, records) = records();
    let notices = vec![
        RunEvent::Paused { reason: "The disk is full.".to_owned() },
        RunEvent::Continued,
        RunEvent::Notice { message: "A price is missing.".to_owned() },
        RunEvent::BudgetRaised { hard: Some(Usd::from_nanos(CENT)) },
    ];
    let mut events = vec![RunEvent::Started(header("r1", 1))];
    events.extend(notices.clone());
    record(&mut records.recorder(&RunId::from("r1")).unwrap(), "r1", 1, events);
    assert_eq!(records.notices(&RunId::from("r1")).unwrap(), notices);
}

#[test]
fn a_deleted_run_leaves_no_byte_and_the_others_stay_whole() {
    let (dir, records) = records();
    let secret = |id: &str, text: &str| {
        let answer = Arc::new(completion(text));
        let mut events = vec![RunEvent::Started(header(id, 1)), sent(0, 0), received(0, 0)];
        events.extend([answered(0, 0, &answer), RunEvent::TrialEnded(Arc::new(trial_ended(0, Some(&answer))))]);
        record(&mut records.recorder(&RunId::from(id)).unwrap(), id, 1, events);
    };
    secret("r1", "canary one");
    secret("r2", "canary two");
    let shared = record_run(&records, "r3", 6, None);
    record_run(&records, "r4", 6, None);
    for run in ["r1", "r4"] {
        records.delete_run(&RunId::from(run)).unwrap();
    }
    let bytes: Vec<u8> = ["records.db", "records.db-wal"]
        .iter()
        .flat_map(|name| std::fs::read(dir.path().join(".strata").join(name)).unwrap_or_default())
        .collect();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(!holds("canary one") && holds("canary two"));
    assert_eq!(records.runs().unwrap().len(), 2);
    assert_eq!(replayed(&records, "r3"), told(&shared));
    assert_eq!(records.outputs(&RunId::from("r3"), &[place(0)], 99).unwrap(), [Some("Answer 0".to_owned())]);
    check_consistent(&records, "r2");
    assert!(matches!(records.delete_run(&RunId::from("r1")), Err(RecordsError::NoRun(_))));
}

#[test]
fn what_was_refused_before_it_was_sent_costs_nothing_and_what_was_paid_must_have_been_sent() {
    let (_dir, records) = records();
    let mut recorder = records.recorder(&RunId::from("r1")).unwrap();
    record(&mut recorder, "r1", 1, vec![RunEvent::Started(header("r1", 1)), failed(0, 0, Fault::Refused)]);
    assert_eq!(records.calls(&CallQuery::default(), 0, 1000).unwrap(), []);
    let paid = answered(0, 0, &Arc::new(completion("from nowhere")));
    assert!(recorder.record(&number("r1", 3, vec![paid])).is_err());
    recorder.record(&number("r1", 3, whole_trial(0))).unwrap();
    check_consistent(&records, "r1");
}

#[test]
fn a_recorded_run_raises_the_alerts_that_it_raised_live() {
    use crate::analysis::AlertWatch;
    let (_dir, records) = records();
    let rules = AlertRules {
        latency_over_ms: Some(900),
        retries_over: Some(0),
        error_rate_over: Some(0.1),
        ..AlertRules::default()
    };
    let mut header = RunHeader::clone(&header("r1", 20));
    header.definition.checks = vec![Check::new(CheckKind::Json)];
    header.definition.budget.hard = Some(Usd::from_nanos(41 * CENT));
    let header = Arc::new(header);
    let mut events = vec![RunEvent::Started(header.clone())];
    events.extend((0..40).flat_map(whole_trial));
    let mut live = AlertWatch::new(rules.clone(), header.clone());
    for event in &events {
        live.apply(event);
    }
    record(&mut records.recorder(&"r1".into()).unwrap(), "r1", 1, events);
    let mut replayed = AlertWatch::new(rules, header);
    records
        .call_stream(CallFilter { run: Some("r1".into()), ..CallFilter::default() })
        .for_each(|call| replayed.call(&call.unwrap()));
    let raised: Vec<_> = live.alerts().iter().map(|alert| (alert.key.rule, alert.count)).collect();
    let expect = [
        (AlertRule::ErrorRate, 8),
        (AlertRule::Budget, 1),
        (AlertRule::Validation, 10),
        (AlertRule::Latency, 40),
        (AlertRule::Retries, 8),
    ];
    assert_eq!((raised.as_slice(), replayed.alerts()), (expect.as_slice(), live.alerts()));
}
