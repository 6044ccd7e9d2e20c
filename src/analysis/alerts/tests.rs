//! What raises an alert, and what does not.

use jiff::ToSpan;
use proptest::prelude::*;

use super::super::tests::{at, board, ended, header, scored, trial};
use super::*;
use crate::analysis::against;
use crate::domain::{Budget, CallError, CheckResult, Completion, Fingerprint, Outcome, Score, Verdict};

/// One call of a made-up run.
#[derive(Debug, Clone)]
struct Made {
    case: u32,
    number: u32,
    /// Which request it was: 0 is the first, others are in other words or to another model.
    request: u8,
    /// It is sent again as it was.
    repeats: bool,
    /// Milliseconds, or why it failed.
    result: Result<f64, Fault>,
    cost: i64,
}

fn made(case: u32, result: Result<f64, Fault>) -> Made {
    Made { case, number: 0, request: 0, repeats: false, result, cost: 1_000 }
}

fn events(call: &Made) -> [RunEvent; 2] {
    let attempt = AttemptRef { trial: at(call.case, 0, 0), purpose: Purpose::Answer, number: call.number };
    let sent = AttemptSent {
        attempt,
        key: Fingerprint::default(),
        request: Fingerprint([call.request; 32]),
        model: "m".into(),
        reserved: None,
        at: Timestamp::UNIX_EPOCH + i64::from(call.case).seconds(),
    };
    let answer = |latency_ms| Arc::new(Completion { latency_ms, ..Completion::given(String::new()) });
    let over = AttemptEnded {
        attempt,
        request: Fingerprint([call.request; 32]),
        result: call.result.map(answer).map_err(|fault| CallError::new(fault, "It failed.")),
        cost: Some(Usd::from_nanos(call.cost)),
        cacheable: false,
        retry_in_ms: call.repeats.then_some(5),
    };
    [RunEvent::AttemptSent(sent), RunEvent::AttemptEnded(over)]
}

/// A request that is answered after so many retries.
fn retried(case: u32, request: u8, retries: u32) -> Vec<Made> {
    let failed = |number| Made { number, request, repeats: true, ..made(case, Err(Fault::RateLimited)) };
    (0..retries).map(failed).chain([Made { number: retries, request, ..made(case, Ok(1.0)) }]).collect()
}

fn watch(rules: AlertRules, calls: &[Made]) -> AlertWatch {
    let mut watch = AlertWatch::new(rules, header(1000, 1, 1));
    calls.iter().flat_map(events).for_each(|event| watch.apply(&event));
    watch
}

fn told(watch: &AlertWatch) -> Vec<(AlertRule, u64, String)> {
    watch.alerts().into_iter().map(|alert| (alert.key.rule, alert.count, alert.cause)).collect()
}

#[test]
fn a_condition_is_raised_once_however_many_calls_meet_it() {
    let calls: Vec<_> =
        (0..50).map(|case| made(case, Ok(if case < 7 { 12_000.0 + f64::from(case) } else { 900.0 }))).collect();
    let watch = watch(AlertRules::default(), &calls);
    let expect = "7 calls to m took longer than 10.0 s; the slowest took 12.0 s.";
    assert_eq!(told(&watch), [(AlertRule::Latency, 7, expect.to_owned())]);
    let alert = &watch.alerts()[0];
    assert_eq!((alert.first_at, alert.last_at), (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + 6.seconds()));
    assert_eq!((alert.key.run.as_str(), alert.key.subject.as_str()), ("r", "m"));
}

#[test]
fn retries_and_cost_have_limits_that_may_be_reached() {
    let calls = [Made { cost: 1_000_000_000, ..made(2, Ok(1.0)) }, Made { cost: 2_500_000_000, ..made(3, Ok(1.0)) }];
    let calls = [retried(0, 0, 2), retried(1, 0, 3), calls.to_vec()].concat();
    let expect = [
        (AlertRule::Retries, 1, "1 call to m took more than 2 retries, up to 3.".to_owned()),
        (AlertRule::Cost, 1, "1 call to m cost more than $1.00; the dearest cost $2.50.".to_owned()),
    ];
    assert_eq!(told(&watch(AlertRules::default(), &calls)), expect);
    let off = AlertRules { retries_over: None, cost_over: None, ..AlertRules::default() };
    assert_eq!(told(&watch(off, &calls)), []);
    let one = AlertRules { retries_over: Some(1), cost_over: None, ..AlertRules::default() };
    assert_eq!(told(&watch(one, &retried(0, 0, 2)))[0].2, "1 call to m took more than 1 retry, up to 2.");
}

#[test]
fn requests_in_other_words_and_to_other_models_are_no_retries() {
    let apart: Vec<_> =
        (0..6).map(|number| Made { number: number.into(), request: number, ..made(0, Ok(1.0)) }).collect();
    assert_eq!(told(&watch(AlertRules::default(), &apart)), []);
    let two_of_them_retried = [retried(0, 0, 2), retried(0, 1, 2)].concat();
    assert_eq!(told(&watch(AlertRules::default(), &two_of_them_retried)), []);
    let over = told(&watch(AlertRules::default(), &[retried(0, 0, 1), retried(0, 1, 4), retried(1, 0, 5)].concat()));
    assert_eq!(over, [(AlertRule::Retries, 2, "2 calls to m took more than 2 retries, up to 5.".to_owned())]);
}

#[test]
fn failed_calls_are_an_alert_from_a_share_and_a_number_on() {
    let failing = |failed: u32, all: u32| -> Vec<Made> {
        let fault = |case: u32| if case == 0 { Fault::Server } else { Fault::RateLimited };
        (0..all).map(|case| made(case, if case < failed { Err(fault(case)) } else { Ok(1.0) })).collect()
    };
    let check = |failed, all, expect: &[&str]| {
        let causes: Vec<_> =
            told(&watch(AlertRules::default(), &failing(failed, all))).into_iter().map(|alert| alert.2).collect();
        assert_eq!(causes, expect, "{failed} of {all}");
    };
    check(19, 19, &[]);
    check(2, 20, &[]);
    check(3, 20, &["3 of 20 calls to m failed (15.0 %): 2 × rate-limited, 1 × server."]);
    let cancelled: Vec<_> = (0..40).map(|case| made(case, Err(Fault::Cancelled))).collect();
    assert_eq!(told(&watch(AlertRules::default(), &cancelled)), []);
}

#[test]
fn a_budget_that_is_nearly_used_up_is_an_alert_until_it_is_raised() {
    let mut head = RunHeader::clone(&header(10, 1, 1));
    head.definition.budget = Budget { hard: Some(Usd::from_nanos(10_000)), warn: None };
    let mut watch = AlertWatch::new(AlertRules::default(), head.into());
    (0..8).map(|case| made(case, Ok(1.0))).flat_map(|call| events(&call)).for_each(|event| watch.apply(&event));
    assert_eq!(told(&watch), [], "80 % is not past 80 %");
    for event in events(&made(8, Ok(1.0))) {
        watch.apply(&event);
    }
    let cause = "The run has spent $0.0000090 of its budget of $0.000010 (90.0 %).".to_owned();
    assert_eq!(told(&watch), [(AlertRule::Budget, 1, cause)]);
    watch.apply(&RunEvent::BudgetRaised { hard: Some(Usd::from_nanos(20_000)) });
    assert_eq!(told(&watch), []);
}

#[test]
fn an_answer_of_the_wrong_form_is_an_alert_unless_it_was_cached() {
    let wrong = |case| {
        let check = CheckResult {
            metric: "json".into(),
            verdict: Verdict::Fail,
            score: Some(0.0),
            weight: 1.0,
            reason: String::new(),
        };
        trial(at(case, 0, 0), Outcome::Scored(Score::new(Verdict::Fail, 0.0, vec![check])), 0, 1.0)
    };
    let mut watch = watch(AlertRules::default(), &[made(0, Ok(1.0)), made(1, Ok(1.0)), made(2, Ok(1.0))]);
    watch.apply(&ended(wrong(0)));
    watch.apply(&ended(trial(at(1, 0, 0), scored(true), 0, 1.0)));
    watch.apply(&ended(TrialEnded { cached: true, ..wrong(2) }));
    let cause = "1 answer of m did not have the form that the experiment's checks ask for.".to_owned();
    assert_eq!(told(&watch), [(AlertRule::Validation, 1, cause)]);
}

#[test]
fn a_column_that_is_worse_than_chance_explains_is_an_alert() {
    let run = |passes: &dyn Fn(u32) -> bool| board(&[(0..200).map(passes).collect()]);
    let (before, worse, alike) = (run(&|_| true), run(&|case| case >= 20), run(&|case| case >= 2));
    let compared = |board: &Board| {
        let mut watch = AlertWatch::new(AlertRules::default(), board.header().clone());
        watch.compare(board, &against(board, &before), before.header());
        told(&watch)
    };
    let cause =
        "A · m passes 10.0 points less often than in run r over 200 cases: 20 turned wrong, 0 turned right (p = 0.00).";
    assert_eq!(compared(&worse), [(AlertRule::Success, 1, cause.to_owned())]);
    assert_eq!(compared(&alike), []);
}

proptest! {
    #[test]
    fn alerts_do_not_depend_on_the_order_in_which_calls_end(
        calls in prop::collection::vec(
            (prop_oneof![(0.0..30_000.0_f64).prop_map(Ok), Just(Err(Fault::Server)), Just(Err(Fault::Stalled))], 0..6_u8, 0..3_000_000_000_i64),
            0..60,
        ),
        turn in 0..60_usize,
    ) {
        let made = |(nth, (result, request, cost)): (u32, (Result<f64, Fault>, u8, i64))| {
            // Few cases, so that some requests are sent again and again.
            Made { case: nth % 5, number: nth, request: request % 2, repeats: result.is_err(), result, cost }
        };
        let mut calls: Vec<_> = (0..).zip(calls).map(made).collect();
        let expect = watch(AlertRules::default(), &calls).alerts();
        let middle = turn.min(calls.len());
        calls.rotate_left(middle);
        calls.reverse();
        prop_assert_eq!(watch(AlertRules::default(), &calls).alerts(), expect);
    }
}
