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
fn vectors_are_found_by_their_request_in_their_own_run() {
    let (_dir, records) = records();
    record_run(&records, "r1", 3, None);
    record_run(&records, "r2", 4, None);
    let known = |run: &str| {
        let vectors = records.vectors_of(&run.into());
        (0..5).filter(|index| vectors.get(&request(*index)).is_some()).collect::<Vec<_>>()
    };
    assert_eq!((known("r1"), known("r2"), known("r3")), (vec![0, 1, 2], vec![0, 1, 2, 3], vec![]));
    let call = records.vectors_of(&"r1".into()).get(&request(2)).unwrap();
    assert_eq!((call.completion.text.as_str(), call.cost), ("Answer 2", Some(Usd::from_nanos(CENT))));
}

fn calls(records: &Records, filter: CallFilter) -> Vec<CallRow> {
    records.calls(&CallQuery { filter, sort: CallSort::Newest }, 0, 1000).unwrap()
}

#[test]
fn the_call_log_is_filtered() {
    let (_dir, records) = records();
    record_run(&records, "r1", 10, None);
    record_run(&records, "r2", 5, None);
    let check = |filter: CallFilter, expect| {
        let found = calls(&records, filter.clone());
        assert_eq!(found.len(), expect, "{filter:?}");
        let sums = records.call_sums(&filter).unwrap();
        assert_eq!((sums.calls, sums.failed), (expect as u64, failures(&found)), "{filter:?}");
        assert_eq!(records.call_count(&filter).unwrap(), expect as u64, "{filter:?}");
        assert_eq!(sums.spent.nanos(), found.iter().filter_map(|call| call.cost).map(Usd::nanos).sum::<i64>());
        let mut streamed: Vec<_> = records.call_stream(filter).map(|call| call.unwrap().id).collect();
        let mut ids: Vec<_> = found.iter().map(|call| call.id).collect();
        streamed.sort_unstable();
        ids.sort_unstable();
        assert_eq!(streamed, ids);
    };
    let all = CallFilter::default;
    check(all(), 12 + 6);
    check(CallFilter { state: Some(AttemptState::Failed), ..all() }, 3);
    check(CallFilter { fault: Some("server".to_owned()), run: Some("r1".into()), ..all() }, 2);
    check(CallFilter { run: Some("r3".into()), ..all() }, 0);
    check(CallFilter { model: Some("m".into()), project: Some("support".into()), ..all() }, 18);
    check(CallFilter { model: Some("n".into()), ..all() }, 0);
    check(CallFilter { project: Some("other".into()), ..all() }, 0);
    check(CallFilter { since: Some(start() + 8.seconds()), ..all() }, 3);
    check(CallFilter { until: Some(start() + 1.seconds()), ..all() }, 2);
    check(CallFilter { min_latency_ms: Some(900.0), ..all() }, 15);
    check(CallFilter { min_latency_ms: Some(901.0), ..all() }, 0);
    check(CallFilter { min_cost: Some(Usd::from_nanos(1)), ..all() }, 15);
    check(CallFilter { judge: Some(true), ..all() }, 0);
    check(CallFilter { text: Some("Provider IS down".to_owned()), ..all() }, 3);
    check(CallFilter { text: Some("case-4".to_owned()), ..all() }, 3);
    check(CallFilter { text: Some("req_1".to_owned()), run: Some("r2".into()), ..all() }, 5);
}

fn failures(calls: &[CallRow]) -> u64 {
    calls.iter().filter(|call| call.state == AttemptState::Failed).count() as u64
}

#[test]
fn a_line_of_the_call_log_says_all_about_its_call() {
    let (_dir, records) = records();
    record_run(&records, "r1", 5, None);
    let found = calls(&records, CallFilter { run: Some("r1".into()), ..CallFilter::default() });
    let [answered, failed, ..] = &found[..] else { panic!("{} calls", found.len()) };
    assert_eq!(
        (failed.word(), failed.status, failed.retry_in_ms, failed.retries()),
        ("server", Some(503), Some(500), 0)
    );
    assert_eq!((failed.usage, failed.cost), (None, Some(Usd::ZERO)));
    assert_eq!((answered.word(), answered.retries(), answered.trial), ("answered", 1, Some(place(4))));
    assert_eq!(
        (answered.case_id.clone(), answered.variant.clone()),
        (Some("case-2".to_owned().into()), Some("a".into()))
    );
    assert_eq!((answered.model.as_str(), answered.provider_model.as_deref()), ("m", Some("m-1")));
    assert_eq!(answered.origin.as_deref(), Some("https://api.example.com"));
    assert_eq!((answered.project.as_str(), answered.experiment.as_str()), ("support", "tone"));
    assert_eq!((answered.request, answered.sent_at), (request(4), start() + 4.seconds()));
    let usage = answered.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens, answered.finish.clone()), (100, 20, Some(FinishReason::Stop)));
    assert_eq!((answered.first_token_ms, answered.latency_ms), (Some(120.5), Some(900.25)));
    assert_eq!((answered.answered_by.as_deref(), answered.request_id.as_deref()), (Some("m-1-2026"), Some("req_1")));
    assert_eq!((answered.trial_id, answered.valid), (failed.trial_id, None), "no check asks for a form");
}

#[test]
fn an_answer_of_the_wrong_form_is_marked_in_the_call_log() {
    let (_dir, records) = records();
    let mut header = RunHeader::clone(&header("r1", 1));
    header.definition.checks = vec![Check::new(CheckKind::Json)];
    header.temperatures = vec![Some(0.5), None];
    let mut events = vec![RunEvent::Started(header.into())];
    // The third trial fails its check, the fourth is not scored.
    events.extend([0, 2, 3].into_iter().flat_map(whole_trial));
    events.push(sent(1, 0));
    record(&mut records.recorder(&"r1".into()).unwrap(), "r1", 1, events);
    let found = calls(&records, CallFilter::default());
    let told: Vec<_> = found.iter().map(|call| (call.attempt.trial, call.valid, call.temperature)).collect();
    let expect = [
        (place(3), Some(true), None),
        (place(2), Some(false), Some(0.5)),
        (place(1), None, None),
        (place(0), Some(true), Some(0.5)),
    ];
    assert_eq!(told, expect);
    assert_eq!(
        (found[2].state, found[2].trial, found[2].variant.clone()),
        (AttemptState::Sent, None, Some("b".into()))
    );
}

#[test]
fn pages_of_the_call_log_follow_each_other_in_every_order() {
    let (_dir, records) = records();
    record_run(&records, "r1", 10, None);
    record_run(&records, "r2", 700, None);
    for run in [None, Some("r2".into())] {
        for sort in CallSort::ALL {
            let query = CallQuery { filter: CallFilter { run: run.clone(), ..CallFilter::default() }, sort };
            let page = |skip, limit| records.calls(&query, skip, limit).unwrap();
            let all = page(0, 10_000);
            let parts: Vec<_> = (0..9).flat_map(|at| page(at * 100, 100)).collect();
            assert_eq!(parts, all, "{sort:?} of {run:?}");
            let ordered = all.windows(2).all(|pair| match sort {
                CallSort::Newest => pair[0].sent_at >= pair[1].sent_at,
                CallSort::Oldest => pair[0].sent_at <= pair[1].sent_at,
                CallSort::Slowest => pair[0].latency_ms >= pair[1].latency_ms,
                CallSort::Dearest => pair[0].cost >= pair[1].cost,
                CallSort::Longest => pair[0].usage.is_some() || pair[1].usage.is_none(),
            });
            assert!(ordered, "{sort:?} of {run:?}");
        }
        let filter = CallFilter { run: run.clone(), ..CallFilter::default() };
        let streamed: Vec<_> = records.call_stream(filter.clone()).map(Result::unwrap).collect();
        assert_eq!(streamed, calls_of(&records, filter), "a stream goes on behind its first page");
    }
}

fn calls_of(records: &Records, filter: CallFilter) -> Vec<CallRow> {
    records.calls(&CallQuery { filter, sort: CallSort::Newest }, 0, 100_000).unwrap()
}

#[test]
fn the_sums_of_the_call_log_count_faults_and_tokens() {
    let (_dir, records) = records();
    record_run(&records, "r1", 10, None);
    let sums = records.call_sums(&CallFilter::default()).unwrap();
    assert_eq!((sums.calls, sums.answered, sums.failed, sums.ambiguous), (12, 10, 2, 0));
    assert_eq!((sums.input_tokens, sums.output_tokens, sums.unpriced), (1000, 200, 0));
    assert_eq!((sums.spent, sums.faults.clone()), (Usd::from_nanos(10 * CENT), vec![("server".to_owned(), 2)]));
    assert!((sums.error_rate().unwrap() - 2.0 / 12.0).abs() < 1e-12);
    assert_eq!(CallSums::default().error_rate(), None);
    assert_eq!((records.called_models().unwrap(), records.call_faults().unwrap()), (vec!["m".into()], sums.faults));
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
    record_run(&records, "r3", 2, Some(RunState::Completed));
    assert_eq!(unfinished().as_deref(), Some("r2"), "a later run that is whole does not hide it");
    let names: Vec<_> = records.runs().unwrap().into_iter().map(|run| run.header.id.0.clone()).collect();
    assert_eq!(names, ["r3", "r2", "r1"]);
}
