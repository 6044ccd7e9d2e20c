//! Answers of the records to the questions of the window.

use jiff::ToSpan;

use super::super::samples::*;
use super::super::*;
use crate::domain::*;

#[test]
fn a_trial_is_told_whole_with_its_attempts() {
    let (_dir, records) = records();
    let run = RunId::from("r1");
    let events = record_run(&records, "r1", 6, None);
    let detail = records.trial(&run, place(4)).unwrap().unwrap();
    let RunEvent::TrialEnded(expect) = events.last_chunk::<5>().map(|chunk| chunk[0].clone()).unwrap() else {
        panic!("the fifth last event ends a trial")
    };
    assert_eq!(detail.ended, *expect);
    let states: Vec<_> = detail.attempts.iter().map(|attempt| attempt.state).collect();
    assert_eq!(states, [AttemptState::Failed, AttemptState::Ended]);
    let [first, second] = &detail.attempts[..] else { panic!("two attempts") };
    assert_eq!(first.error.as_ref().map(|error| &error.fault), Some(&Fault::Server));
    assert_eq!((first.status, first.retry_in_ms, first.cost), (Some(503), Some(500), Some(Usd::ZERO)));
    assert_eq!(second.completion, expect.answer);
    assert_eq!((second.status, second.body.clone(), second.sent_at), (Some(200), None, start() + 4.seconds()));
}

#[test]
fn output_tokens_are_told_by_column() {
    let (_dir, records) = records();
    let mut events = vec![RunEvent::Started(header("r1", 4))];
    for (index, tokens) in (0..).zip([10, 300, 20, 500]) {
        let usage = Some(Usage { input_tokens: 1, output_tokens: tokens, ..Usage::default() });
        let answer = Completion { usage, ..completion("x") };
        events.push(RunEvent::TrialEnded(trial_ended(index, Some(&answer.into())).into()));
    }
    let uncounted = Completion { usage: None, ..completion("x") };
    events.push(RunEvent::TrialEnded(trial_ended(4, Some(&uncounted.into())).into()));
    events.push(RunEvent::TrialEnded(trial_ended(6, None).into()));
    record(&mut records.recorder(&"r1".into()).unwrap(), "r1", 1, events);
    assert_eq!(records.output_tokens(&"r1".into()).unwrap(), [((0, 0), 15.0), ((1, 0), 400.0)]);
    assert_eq!(records.output_tokens(&"r2".into()).unwrap(), []);
}

#[test]
fn scored_trials_are_counted_by_variant() {
    let (_dir, records) = records();
    record_run(&records, "r1", 9, None);
    let scored = |run: &str, variant| records.scored(&run.into(), variant).unwrap();
    // Every fourth trial is unscored, all of them of the second variant.
    assert_eq!((scored("r1", 0), scored("r1", 1), scored("r1", 2), scored("r2", 0)), (5, 2, 0, 0));
}

#[test]
fn outputs_are_read_in_the_order_asked_for_and_found_by_their_words() {
    let (_dir, records) = records();
    let run = RunId::from("r1");
    record_run(&records, "r1", 10, None);
    let outputs = records.outputs(&run, &[place(8), place(99), place(0)], 7).unwrap();
    assert_eq!(outputs, [Some("Answer ".to_owned()), None, Some("Answer ".to_owned())]);
    assert_eq!(records.search_outputs(&run, "ANSWER 1", 10).unwrap(), [place(1), place(8)]);
    assert_eq!(records.search_outputs(&run, "answer", 3).unwrap().len(), 3);
}

#[test]
fn what_was_paid_answers_again() {
    let (_dir, records) = records();
    record_run(&records, "r1", 3, None);
    let cache = records.cache();
    let call = cache.get(&request(2)).unwrap();
    assert_eq!((call.completion.text.as_str(), call.cost), ("Answer 2", Some(Usd::from_nanos(CENT))));
    assert_eq!(*call.completion, completion("Answer 2"));
    assert_eq!(cache.get(&request(3)), None);
}

#[test]
fn the_call_log_is_filtered_and_paged() {
    let (_dir, records) = records();
    record_run(&records, "r1", 10, None);
    record_run(&records, "r2", 5, None);
    let calls = |filter: CallFilter| records.calls(&filter).unwrap();
    assert_eq!(calls(CallFilter::default()).len(), 12 + 6);
    let failures = calls(CallFilter { state: Some(AttemptState::Failed), ..CallFilter::default() });
    assert_eq!(failures.len(), 3);
    assert_eq!((failures[0].run.as_str(), failures[0].case_id.clone()), ("r2", Some(CaseId("case-2".to_owned()))));
    let servers = CallFilter { fault: Some("server".to_owned()), run: Some("r1".into()), ..CallFilter::default() };
    assert_eq!(calls(servers).len(), 2);
    let page = calls(CallFilter { limit: Some(4), ..CallFilter::default() });
    let next = calls(CallFilter { before: Some(page[3].id), limit: Some(4), ..CallFilter::default() });
    assert!(page.len() == 4 && next[0].id < page[3].id);
    let late = CallFilter { since: Some(start() + 8.seconds()), ..CallFilter::default() };
    assert_eq!(calls(late).len(), 3);
}

#[test]
fn the_ledger_adds_up_by_day_model_project_and_run() {
    let (_dir, records) = records();
    record_run(&records, "r1", 10, None);
    record_run(&records, "r2", 4, None);
    let line = |key: &str, calls, cents| SpendLine {
        key: key.to_owned(),
        calls,
        spent: Usd::from_nanos(cents * CENT),
        unpriced: 0,
    };
    let spend = |by| records.spend_by(by, None).unwrap();
    assert_eq!(spend(SpendBy::Day), [line("2026-11-23", 16, 14)]);
    assert_eq!(spend(SpendBy::Model), [line("m", 16, 14)]);
    assert_eq!(spend(SpendBy::Project), [line("support", 16, 14)]);
    assert_eq!(spend(SpendBy::Run), [line("r1", 12, 10), line("r2", 4, 4)]);
    assert_eq!(records.spend_by(SpendBy::Day, Some(start() + 100.seconds())).unwrap(), []);
}

#[test]
fn runs_are_found_by_their_experiment() {
    let (_dir, records) = records();
    record_run(&records, "r1", 2, Some(RunState::Completed));
    record_run(&records, "r2", 2, Some(RunState::Cancelled));
    let (project, experiment) = ("support".into(), "tone".into());
    let id = |run: Option<RunSummary>| run.map(|run| run.header.id.0.clone());
    let previous = |before: Option<&str>| {
        id(records.previous_run(&project, &experiment, before.map(RunId::from).as_ref()).unwrap())
    };
    assert_eq!(previous(None).as_deref(), Some("r2"));
    assert_eq!(previous(Some("r2")).as_deref(), Some("r1"));
    assert_eq!(previous(Some("r1")), None);
    let unfinished = || id(records.latest_unfinished(&project, &experiment).unwrap());
    assert_eq!(unfinished().as_deref(), Some("r2"));
    let recorder = records.recorder(&RunId::from("r2")).unwrap();
    assert_eq!(unfinished(), None, "it is under way");
    drop(recorder);
    record_run(&records, "r3", 2, Some(RunState::Completed));
    assert_eq!(unfinished(), None, "a later run is complete");
    let names: Vec<_> = records.runs().unwrap().into_iter().map(|run| run.header.id.0.clone()).collect();
    assert_eq!(names, ["r3", "r2", "r1"]);
}
