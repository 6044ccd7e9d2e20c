//! Repair, fallback and single flight against providers that do as they are told, under paused time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use strata::domain::{
    CallError, Fault, Guarded, OutputAction, OutputSpec, PiiKind, PiiPolicy, RunState, SanitiseAction, SanitisePattern,
    SanitiseScope, Side, StandIn, StandInModel, Step, Strategy, Treatment, TrialEnded, Usd, Verdict,
};

use crate::desk::{Desk, Setup, fails, fault_of, says};

fn form() -> OutputSpec {
    let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}});
    OutputSpec { schema: Some(schema), ..OutputSpec::default() }
}

fn repaired(desk: &Arc<Desk>, strategies: &[Strategy]) -> Setup {
    let mut setup = Setup { cases: 5, form: Some(form()), ..Setup::new(desk) };
    setup.policy.repair.on = true;
    setup.policy.repair.strategies = strategies.to_vec();
    setup
}

fn with_stand_in(desk: &Arc<Desk>, stand_in: &Arc<Desk>) -> Setup {
    let mut setup = Setup { cases: 5, stand_ins: vec![stand_in.clone()], ..Setup::new(desk) };
    setup.policy.retry.retries = 0;
    setup.policy.fallback.models = vec![StandInModel { model: "stand-in-0".into(), timeout_ms: None }];
    setup
}

fn steps(ended: &TrialEnded) -> Vec<&Step> {
    ended.guarded.steps.iter().map(|timed| &timed.step).collect()
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_wrong_form_is_asked_for_again_and_every_attempt_is_paid() {
    let desk = Desk::new(|_, before| says(if before == 0 { "It is right." } else { "{\"a\": \"right\"}" }));
    let (_, record, spent) = repaired(&desk, &[Strategy::ExplicitFormat]).run().await;
    assert_eq!(desk.calls(), 10);
    for ended in record.ended() {
        assert_eq!(ended.outcome.verdict(), Some(Verdict::Pass));
        assert_eq!((ended.guarded.repairs, ended.attempts), (1, 2));
        assert!(matches!(steps(&ended)[..], [Step::Repaired { strategy: Strategy::ExplicitFormat, .. }]));
        assert_eq!(ended.cost.map(|cost| cost + cost + cost + cost + cost), Some(spent));
    }
}

#[tokio::test(start_paused = true)]
async fn a_good_form_is_asked_for_once_and_so_is_any_form_without_the_guard() {
    let good = Desk::new(|_, _| says("{\"a\": \"right\"}"));
    let (_, record, _) = repaired(&good, &[Strategy::AddExample]).run().await;
    assert_eq!(good.calls(), 5);
    assert!(record.ended().iter().all(|ended| ended.guarded == Guarded::default()));
    let poor = Desk::new(|_, _| says("It is right."));
    Setup { cases: 5, ..Setup::new(&poor) }.run().await;
    assert_eq!(poor.calls(), 5);
}

#[tokio::test(start_paused = true)]
async fn when_no_strategy_is_left_the_last_answer_stands_and_is_scored() {
    let desk = Desk::new(|_, _| says("wrong form"));
    let (_, record, _) = repaired(&desk, &[Strategy::AddExample, Strategy::SimplifyRequest]).run().await;
    assert_eq!(desk.calls(), 15);
    for ended in record.ended() {
        assert_eq!((ended.outcome.verdict(), ended.guarded.repairs), (Some(Verdict::Fail), 2));
        assert!(matches!(steps(&ended).last(), Some(Step::Invalid { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn machinery_faults_take_no_reformulation() {
    let desk = Desk::new(|_, before| match before {
        0 => says("wrong form"),
        1 | 2 => fails(Fault::Server),
        _ => says("{\"a\": \"right\"}"),
    });
    let (_, record, _) = repaired(&desk, &[Strategy::ExplicitFormat]).run().await;
    assert!(record.ended().iter().all(|ended| (ended.guarded.repairs, ended.attempts) == (1, 4)));
}

#[tokio::test(start_paused = true)]
async fn a_task_is_broken_down_into_its_fields() {
    let desk = Desk::new(|_, before| says(if before == 0 { "no" } else { "the right word" }));
    let (_, record, _) = repaired(&desk, &[Strategy::BreakDownTask]).run().await;
    assert_eq!(desk.calls(), 10);
    for ended in record.ended() {
        let answer = ended.answer.as_ref().unwrap();
        assert_eq!(answer.text, "{\"a\":\"the right word\"}");
        assert_eq!((answer.latency_ms, ended.outcome.verdict()), (100.0, Some(Verdict::Pass)));
    }
}

#[tokio::test(start_paused = true)]
async fn another_model_answers_when_the_own_one_is_not_well_and_is_left_out_of_its_numbers() {
    let (down, up) = (Desk::new(|_, _| fails(Fault::Overloaded)), Desk::new(|_, _| says("right")));
    let (state, record, _) = with_stand_in(&down, &up).run().await;
    assert_eq!((state, down.calls(), up.calls()), (RunState::Completed, 5, 5));
    for ended in record.ended() {
        assert_eq!(ended.guarded.stand_in, Some(StandIn::Model("stand-in-0".into())));
        assert_eq!((ended.guarded.left_out, ended.outcome.verdict()), (true, Some(Verdict::Unscored)));
        assert!(matches!(steps(&ended)[..], [Step::FellBack { .. }]));
    }
    let mut counted = with_stand_in(&down, &up);
    counted.policy.fallback.count_stand_ins = true;
    let (_, record, _) = counted.run().await;
    assert!(record.ended().iter().all(|ended| ended.outcome.verdict() == Some(Verdict::Pass)));
}

#[tokio::test(start_paused = true)]
async fn behind_an_open_breaker_nobody_waits_while_another_model_may_answer() {
    let (down, up) = (Desk::new(|_, _| fails(Fault::Server)), Desk::new(|_, _| says("right")));
    let mut setup = Setup { cases: 100, concurrency: 1, ..with_stand_in(&down, &up) };
    setup.policy.breaker.on = true;
    let before = tokio::time::Instant::now();
    let (state, record, _) = setup.run().await;
    assert_eq!((state, up.calls(), record.ended().len()), (RunState::Completed, 100, 100));
    assert!(down.calls() < 20, "{} calls to a model that is down", down.calls());
    assert!(before.elapsed().as_secs() < 60, "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_wrong_request_is_no_reason_to_ask_another_model() {
    for fault in [Fault::BadRequest, Fault::Auth, Fault::ContextLength] {
        let (down, up) = (Desk::new(move |_, _| fails(fault)), Desk::new(|_, _| says("right")));
        with_stand_in(&down, &up).run().await;
        assert_eq!(up.calls(), 0, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_is_met_once_and_the_others_go_to_the_stand_in() {
    let (down, up) = (Desk::new(|_, _| fails(Fault::Quota)), Desk::new(|_, _| says("right")));
    let (state, record, _) = Setup { concurrency: 1, ..with_stand_in(&down, &up) }.run().await;
    assert_eq!((state, down.calls(), up.calls()), (RunState::Completed, 1, 5));
    assert_eq!(record.ended().len(), 5);
    assert_eq!(
        record.notices(),
        ["model-0 is stopped, other models of the route are asked in its place: told to fail"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_that_a_provider_asks_for_is_not_waited_for_while_another_model_may_answer() {
    let told = || CallError { retry_after_ms: Some(3_600_000), ..CallError::new(Fault::RateLimited, "wait an hour") };
    let (down, up) = (Desk::new(move |_, _| Err(told())), Desk::new(|_, _| says("right")));
    let mut setup = Setup { cases: 20, concurrency: 1, ..with_stand_in(&down, &up) };
    setup.policy.limits.pause = true;
    let before = tokio::time::Instant::now();
    let (state, record, _) = setup.run().await;
    assert_eq!((state, down.calls(), up.calls(), record.ended().len()), (RunState::Completed, 1, 20, 20));
    assert!(before.elapsed() < Duration::from_mins(10), "{:?}", before.elapsed());
    let notice = "model-0 asks for 60 min without calls: other models of the route are asked in its place meanwhile.";
    assert_eq!(record.notices(), [notice]);
    let reasons = |ended: &TrialEnded| match steps(ended)[..] {
        [Step::FellBack { reason, .. }] => reason.clone(),
        _ => panic!("{ended:?}"),
    };
    let reasons: Vec<_> = record.ended().iter().map(|ended| reasons(ended)).collect();
    let passed_over = |reason: &str| {
        reason.starts_with("model-0 asks for ")
            && reason.ends_with(" min without calls. model-0 is not asked meanwhile.")
    };
    assert_eq!(reasons.iter().filter(|reason| passed_over(reason)).count(), 19, "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn when_all_fail_the_error_has_every_reason_or_the_canned_text_stands_in() {
    let (down, out) = (Desk::new(|_, _| fails(Fault::Server)), Desk::new(|_, _| fails(Fault::Connect)));
    let (_, record, _) = with_stand_in(&down, &out).run().await;
    for ended in record.ended() {
        assert_eq!(fault_of(&ended), Some(&Fault::Server));
        let strata::domain::Outcome::Errored(error) = &ended.outcome else { panic!("{ended:?}") };
        assert!(error.message.contains("model-0: ") && error.message.contains("stand-in-0: "), "{}", error.message);
    }
    let mut degraded = with_stand_in(&down, &out);
    degraded.policy.fallback.canned = Some("We will get back to you.".into());
    let (_, record, _) = degraded.run().await;
    for ended in record.ended() {
        assert_eq!(ended.answer.as_ref().unwrap().text, "We will get back to you.");
        assert_eq!((ended.guarded.stand_in.as_ref(), ended.cached), (Some(&StandIn::Canned), false));
    }
}

#[tokio::test(start_paused = true)]
async fn the_canned_text_takes_no_answers_place() {
    let desk = Desk::new(|_, before| if before == 0 { says("right, in the wrong form") } else { fails(Fault::Server) });
    let mut setup = repaired(&desk, &[Strategy::ExplicitFormat]);
    setup.policy.retry.retries = 0;
    setup.policy.fallback.canned = Some("Later.".into());
    let (_, record, _) = setup.run().await;
    for ended in record.ended() {
        assert_eq!(ended.answer.as_ref().unwrap().text, "right, in the wrong form");
        assert_eq!((ended.guarded.stand_in.as_ref(), ended.outcome.verdict()), (None, Some(Verdict::Pass)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_takes_nothing_of_the_routes_time() {
    let (desk, up) = (Desk::new(|_, _| says("right")), Desk::new(|_, _| says("right")));
    let setup = Setup { cases: 40, ..with_stand_in(&desk, &up) };
    let record = setup.record.clone();
    let handle = setup.start();
    handle.pause();
    tokio::time::sleep(Duration::from_hours(1)).await;
    handle.resume();
    assert_eq!(handle.ended().await, RunState::Completed);
    assert_eq!((up.calls(), desk.calls()), (0, 40));
    assert!(record.ended().iter().all(|ended| ended.outcome.verdict() == Some(Verdict::Pass)));
}

#[tokio::test(start_paused = true)]
async fn a_pause_takes_nothing_of_the_time_for_retries_though_the_call_was_held_back_before_it() {
    let desk = Desk::new(|_, before| if before < 2 { fails(Fault::Overloaded) } else { says("right") });
    let mut setup = Setup { cases: 1, ..Setup::new(&desk) };
    setup.policy.retry.deadline_ms = 30_000;
    setup.policy.breaker.on = false;
    setup.policy.limits.requests_per_minute = Some(1);
    let record = setup.record.clone();
    let handle = setup.start();
    while desk.calls() < 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // The second attempt waits a minute for its turn, and then for the end of the pause.
    tokio::time::sleep(Duration::from_secs(20)).await;
    handle.pause();
    tokio::time::sleep(Duration::from_secs(80)).await;
    handle.resume();
    handle.ended().await;
    let ended = record.ended();
    assert_eq!((desk.calls(), ended[0].outcome.verdict()), (3, Some(Verdict::Pass)), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_may_cost_too_much_is_passed_over() {
    let (down, up) = (Desk::new(|_, _| fails(Fault::Server)), Desk::new(|_, _| says("right")));
    let mut setup = with_stand_in(&down, &up);
    setup.policy.fallback.max_cost = Some(Usd::from_nanos(1));
    let (_, record, _) = setup.run().await;
    assert_eq!(up.calls(), 0);
    assert!(record.ended().iter().all(|ended| matches!(steps(ended)[..], [Step::PassedOver { .. }])));
}

#[tokio::test(start_paused = true)]
async fn same_requests_are_one_call_while_it_is_on_its_way() {
    let desk = Desk::new(|_, _| says("right"));
    let (_, record, spent) = Setup { cases: 64, alike: true, concurrency: 64, ..Setup::new(&desk) }.run().await;
    assert_eq!((desk.calls(), record.ended().len()), (1, 64));
    let paid: Vec<_> = record.ended().iter().map(|ended| ended.spent).filter(|paid| *paid > Usd::ZERO).collect();
    assert_eq!(paid, [spent]);
    assert_eq!(record.ended().iter().filter(|ended| !ended.cached).count(), 1);
}

/// A run whose fourth question looks like an attack.
fn sanitised(desk: &Arc<Desk>, action: SanitiseAction) -> Setup {
    let mut setup = Setup { cases: 5, ..Setup::new(desk) };
    setup.policy.sanitise.on = true;
    setup.policy.sanitise.scope = SanitiseScope::UserText;
    setup.policy.sanitise.action = action;
    let pattern = SanitisePattern { name: "three".into(), pattern: "question 3".into(), points: 10 };
    setup.policy.sanitise.patterns = vec![pattern];
    setup
}

#[tokio::test(start_paused = true)]
async fn an_input_that_looks_like_an_attack_is_flagged_or_not_sent() {
    let desk = Desk::new(|_, _| says("right"));
    let (_, record, _) = sanitised(&desk, SanitiseAction::Flag).run().await;
    let flagged: Vec<_> = record.ended().into_iter().filter(|ended| !ended.guarded.steps.is_empty()).collect();
    assert_eq!((desk.calls(), flagged.len()), (5, 1));
    assert_eq!(flagged[0].outcome.verdict(), Some(Verdict::Pass));
    assert!(matches!(steps(&flagged[0])[..], [Step::Found { side: Side::Input, treatment: Treatment::Flagged, .. }]));

    let desk = Desk::new(|text, _| says(if text.ends_with('3') { "sent" } else { "right" }));
    let (state, record, _) = sanitised(&desk, SanitiseAction::Block).run().await;
    assert_eq!((state, desk.calls()), (RunState::Completed, 4));
    let blocked: Vec<_> = record.ended().into_iter().filter(|ended| fault_of(ended).is_some()).collect();
    assert_eq!((blocked.len(), blocked[0].spent), (1, Usd::ZERO));
    assert!(matches!(steps(&blocked[0])[..], [Step::Found { treatment: Treatment::Blocked, .. }]));
}

#[tokio::test(start_paused = true)]
async fn an_input_that_is_too_long_is_cut_in_every_attempt() {
    let desk = Desk::new(|text, _| says(if text == "Answer que" { "right" } else { "wrong" }));
    let mut setup = sanitised(&desk, SanitiseAction::Flag);
    setup.policy.sanitise.max_chars = Some(10);
    let (_, record, _) = setup.run().await;
    assert!(record.ended().iter().all(|ended| ended.outcome.verdict() == Some(Verdict::Pass)));
}

/// A run whose answers are looked at for mail addresses.
fn inspected(desk: &Arc<Desk>, action: OutputAction) -> Setup {
    let mut setup = Setup { cases: 3, ..Setup::new(desk) };
    setup.policy.output.pii = PiiPolicy { kinds: [PiiKind::Email].into(), action };
    setup
}

#[tokio::test(start_paused = true)]
async fn what_an_answer_must_not_hold_is_flagged_redacted_asked_again_or_not_let_through() {
    let check = async |action, calls, text: &str, verdict, last: Treatment| {
        let desk = Desk::new(|_, before| says(if before == 0 { "right, from a@b.example" } else { "right again" }));
        let (_, record, _) = inspected(&desk, action).run().await;
        assert_eq!(desk.calls(), calls, "{action:?}");
        for ended in record.ended() {
            assert_eq!(ended.answer.as_ref().unwrap().text, text);
            assert_eq!(ended.outcome.verdict(), Some(verdict), "{action:?}");
            let treated = |step: &&Step| matches!(step, Step::Found { treatment, .. } if *treatment == last);
            assert!(steps(&ended).iter().any(treated), "{action:?} {:?}", ended.guarded.steps);
        }
    };
    check(OutputAction::Flag, 3, "right, from a@b.example", Verdict::Pass, Treatment::Flagged).await;
    check(OutputAction::Redact, 3, "right, from [email]", Verdict::Pass, Treatment::Redacted).await;
    check(OutputAction::Retry, 6, "right again", Verdict::Pass, Treatment::AskedAgain).await;
    check(OutputAction::Fail, 3, "right, from a@b.example", Verdict::Fail, Treatment::Withheld).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_keeps_what_it_must_not_hold_is_not_let_through() {
    let desk = Desk::new(|_, _| says("right, from a@b.example"));
    let (_, record, _) = inspected(&desk, OutputAction::Retry).run().await;
    assert_eq!(desk.calls(), 6);
    assert!(record.ended().iter().all(|ended| ended.guarded.withheld));
    assert!(record.ended().iter().all(|ended| ended.outcome.verdict() == Some(Verdict::Fail)));
}

#[tokio::test(start_paused = true)]
async fn items_without_confidence_leave_the_answer_before_it_is_scored() {
    let found = r#"[{"text": "right", "severity": "critical", "confidence": 0.6}, {"text": "no", "confidence": 0.6}]"#;
    let desk = Desk::new(move |text, _| says(if text.ends_with('4') { "It is right." } else { found }));
    let mut setup = Setup { cases: 5, ..Setup::new(&desk) };
    setup.policy.confidence.on = true;
    let (_, record, _) = setup.run().await;
    for ended in record.ended() {
        let answer = &ended.answer.as_ref().unwrap().text;
        assert_eq!(ended.outcome.verdict(), Some(Verdict::Pass));
        match steps(&ended)[..] {
            [Step::Filtered { kept: 1, dropped: 1, unknown: 0 }] => assert!(!answer.contains("no"), "{answer}"),
            [Step::NotFiltered { .. }] => assert_eq!((ended.trial.case, &answer[..]), (4, "It is right.")),
            ref other => panic!("{other:?}"),
        }
    }
}
