//! Models that grade, in a run: what they are asked, what it costs, and what is left when they fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use strata::domain::{
    Assertion, AssertionKind, AssertionSet, Check, CheckKind, Fault, ModelId, Purpose, RunEvent, RunState, TrialEnded,
    Usd, Verdict,
};

use crate::desk::{Desk, Paid, Record, Setup, fails, says};

fn graded(kind: AssertionKind, value: Value, model: Option<&str>) -> Check {
    let assertion = Assertion { model: model.map(ModelId::from), ..Assertion::new(kind, value) };
    Check::new(CheckKind::Assertion(Box::new(assertion)))
}

fn rubric() -> Check {
    graded(AssertionKind::LlmRubric, json!("It is right."), Some("judge"))
}

fn right() -> Check {
    graded(AssertionKind::Contains, json!("right"), None)
}

fn says_right() -> Arc<Desk> {
    Desk::new(|_, _| says("right"))
}

/// One case, whose answer says `right`.
fn setup(judge: &Arc<Desk>, checks: Vec<Check>) -> Setup {
    Setup { cases: 1, checks, judges: vec![("judge", judge.clone())], ..Setup::new(&says_right()) }
}

/// The attempts of models that grade, in order: the check's position and the attempt's number.
fn lines(record: &Record) -> Vec<(u16, u32)> {
    let line = |event| match event {
        RunEvent::AttemptSent(sent) => match sent.attempt.purpose {
            Purpose::Judge(position) => Some((position, sent.attempt.number)),
            _ => None,
        },
        _ => None,
    };
    record.events().into_iter().filter_map(line).collect()
}

fn only(record: &Record) -> Arc<TrialEnded> {
    let ended = record.ended();
    assert_eq!(ended.len(), 1);
    ended[0].clone()
}

#[tokio::test(start_paused = true)]
async fn g_eval_makes_two_calls_on_the_judges_line() {
    let judge = Desk::new(|text, _| {
        says(if text.contains("\"steps\"") { r#"{"steps": ["Read."]}"# } else { r#"{"reason": "r", "score": 9}"# })
    });
    let g_eval = graded(AssertionKind::GEval, json!("Is it right?"), Some("judge"));
    let (state, record, spent) = setup(&judge, vec![right(), g_eval]).run().await;
    assert_eq!((state, judge.calls()), (RunState::Completed, 2));
    assert_eq!(lines(&record), [(1, 0), (1, 1)]);
    let ended = only(&record);
    assert_eq!((ended.outcome.verdict(), ended.outcome.checks()[1].score), (Some(Verdict::Pass), Some(0.9)));
    // Every call of a desk takes 20 tokens at the same price, the answer's own included.
    assert_eq!((ended.judge_spent, ended.spent), (Usd::from_nanos(spent.nanos() / 3 * 2), spent));
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_or_is_not_there_leaves_its_check_unscored() {
    let check = async |judge: Arc<Desk>, check: Check, calls: u32, why: &str| {
        let (state, record, _) = setup(&judge, vec![right(), check]).run().await;
        assert_eq!((state, judge.calls()), (RunState::Completed, calls));
        let outcome = &only(&record).outcome;
        assert_eq!(outcome.verdict(), Some(Verdict::Unscored));
        assert!(outcome.checks()[1].reason.contains(why), "{}", outcome.checks()[1].reason);
    };
    check(Desk::new(|_, _| fails(Fault::BadRequest)), rubric(), 1, "told to fail").await;
    check(Desk::new(|_, _| says("I like it")), rubric(), 1, "cannot be used").await;
    check(says_right(), graded(AssertionKind::LlmRubric, json!("Good"), None), 0, "Choose the model").await;
    check(says_right(), graded(AssertionKind::LlmRubric, json!("Good"), Some("gone")), 0, "no model `gone`").await;
    check(
        Desk::new(|_, _| fails(Fault::BadRequest)),
        graded(AssertionKind::Similar, json!("a"), Some("judge")),
        1,
        "told to fail",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn parts_of_sets_and_checks_of_cases_are_judged() {
    let judge = Desk::new(|_, _| says(r#"{"reason": "r", "pass": false, "score": 0}"#));
    let set = Check::new(CheckKind::Set(AssertionSet { checks: vec![right(), rubric()] }));
    let (_, record, _) = setup(&judge, vec![set, right()]).run().await;
    assert_eq!(lines(&record), [(3, 0)]);
    assert_eq!(only(&record).outcome.verdict(), Some(Verdict::Fail));

    let setup = Setup { case_checks: vec![rubric()], ..setup(&judge, vec![right()]) };
    let (_, record, _) = setup.run().await;
    assert_eq!(lines(&record), [(1, 0)]);
    assert_eq!(only(&record).outcome.verdict(), Some(Verdict::Fail));
}

#[tokio::test(start_paused = true)]
async fn similar_asks_for_vectors_and_pays_for_them() {
    let judge = Desk::new(|text, _| says(if text == "right" { "1,0" } else { "0,1" }));
    let similar = |value| graded(AssertionKind::Similar, value, Some("judge"));
    for (value, verdict) in [(json!(["wrong", "right"]), Verdict::Pass), (json!("wrong"), Verdict::Fail)] {
        let calls = judge.calls();
        let (_, record, _) = setup(&judge, vec![similar(value)]).run().await;
        let ended = only(&record);
        assert_eq!((ended.outcome.verdict(), judge.calls()), (Some(verdict), calls + 1));
        assert!(ended.judge_spent > Usd::ZERO && lines(&record) == [(0, 0)]);
    }
}

#[tokio::test(start_paused = true)]
async fn moderation_asks_for_labels_once_and_keeps_them_on_record() {
    let moderation = |model| graded(AssertionKind::Moderation, json!(["hate"]), model);
    let check = async |labels: &'static str, verdict| {
        let judge = Desk::new(move |text, _| if text == "right" { says(labels) } else { fails(Fault::BadRequest) });
        let (state, record, _) = setup(&judge, vec![right(), moderation(Some("judge"))]).run().await;
        let ended = only(&record);
        assert_eq!((state, ended.outcome.verdict(), judge.calls()), (RunState::Completed, Some(verdict), 1));
        assert!(ended.judge_spent > Usd::ZERO && lines(&record) == [(1, 0)]);
        let kept = record.events().into_iter().find_map(|event| match event {
            RunEvent::AttemptEnded(ended) if ended.attempt.purpose == Purpose::Judge(1) => ended.result.ok(),
            _ => None,
        });
        assert!(kept.unwrap().text.contains(labels.split(',').next().unwrap()));
    };
    check("hate,violence", Verdict::Fail).await;
    check("violence", Verdict::Pass).await;
    check("fine", Verdict::Pass).await;
    let (_, record, _) = setup(&says_right(), vec![moderation(None)]).run().await;
    let outcome = &only(&record).outcome;
    assert_eq!(outcome.verdict(), Some(Verdict::Unscored));
    assert!(outcome.checks()[0].reason.contains("OpenAI's moderation"), "{}", outcome.checks()[0].reason);
}

#[tokio::test(start_paused = true)]
async fn a_model_chooses_the_best_of_a_cases_outputs_once() {
    let judge = Desk::new(|_, _| says(r#"{"reason": "It is kind.", "best": 1}"#));
    let best = graded(AssertionKind::SelectBest, json!("Kindness"), Some("judge"));
    let plain = setup(&judge, vec![right(), best.clone()]);
    let desks = vec![says_right(), Desk::new(|_, _| says("right, dear"))];
    let (state, record, _) = Setup { desks, ..plain }.run().await;
    assert_eq!((state, judge.calls()), (RunState::Completed, 1));
    let mut ended = record.ended();
    ended.sort_by_key(|ended| ended.trial.model);
    let verdicts: Vec<_> = ended.iter().map(|ended| ended.outcome.verdict()).collect();
    assert_eq!(verdicts, [Some(Verdict::Fail), Some(Verdict::Pass)]);
    assert!(ended[0].judge_spent > Usd::ZERO && ended[1].judge_spent == Usd::ZERO);
    assert!(ended[1].outcome.checks()[1].reason.contains("It is kind."));
    assert_eq!(ended.iter().map(|ended| ended.guarded.compared).collect::<Vec<_>>(), [2, 2]);

    let (state, record, _) = setup(&judge, vec![right(), best]).run().await;
    assert_eq!((state, judge.calls()), (RunState::Completed, 1), "one output is no choice");
    assert_eq!(only(&record).outcome.verdict(), Some(Verdict::Unscored));
}

#[tokio::test(start_paused = true)]
async fn outputs_whose_others_do_not_end_are_said_without_the_comparison() {
    let best = || graded(AssertionKind::SelectBest, json!("Kindness"), Some("judge"));
    let judge = Desk::new(|_, _| says(r#"{"reason": "So.", "best": 1}"#));
    let desks = vec![says_right(), Desk::new(|_, _| fails(Fault::Auth))];
    let plain = setup(&judge, vec![right(), best()]);
    let (state, record, _) = Setup { desks, cases: 3, concurrency: 1, ..plain }.run().await;
    assert_eq!(state, RunState::Incomplete);
    let of_first: Vec<_> = record.ended().into_iter().filter(|ended| ended.trial.model == 0).collect();
    let alone = of_first.iter().filter(|ended| {
        let said = ended.outcome.checks().get(1).map(|said| said.reason.as_str());
        ended.answer.is_some() && said.is_some_and(|reason| reason.contains("did not end"))
    });
    assert!(alone.count() >= 2, "{of_first:?}");
    assert!(of_first.iter().all(|ended| ended.outcome.verdict() == Some(Verdict::Unscored)));
    assert!(of_first.iter().all(|ended| ended.guarded.compared == 0));
}

fn similar() -> Check {
    graded(AssertionKind::Similar, json!("right"), Some("judge"))
}

#[tokio::test(start_paused = true)]
async fn a_trial_that_is_scored_again_asks_for_no_vector_again() {
    let judge = Desk::new(|_, _| says("0.1,0.7"));
    let (_, record, _) = setup(&judge, vec![similar()]).run().await;
    let mut again = setup(&judge, vec![similar()]);
    again.earlier.vectors = Some(Paid::of(&record));
    again.earlier.begun = true;
    let (_, again, _) = again.run().await;
    assert_eq!(judge.calls(), 1);
    let (first, second) = (only(&record), only(&again));
    assert_eq!(first.outcome, second.outcome);
    assert_eq!(second.judge_spent, Usd::ZERO);
}

#[tokio::test(start_paused = true)]
async fn faults_on_the_way_to_a_vector_or_a_label_are_tried_again_each_on_record() {
    let flaky = |said: &'static str| {
        let calls = AtomicU32::new(0);
        Desk::new(
            move |_, _| if calls.fetch_add(1, Ordering::SeqCst) < 2 { fails(Fault::Overloaded) } else { says(said) },
        )
    };
    let moderation = graded(AssertionKind::Moderation, json!(["hate"]), Some("judge"));
    // Vectors of two texts are asked for in one call.
    for (judge, check) in [(flaky("fine"), moderation), (flaky("0.5,0.5"), similar())] {
        let (state, record, spent) = setup(&judge, vec![right(), check]).run().await;
        let ended = only(&record);
        assert_eq!((state, ended.outcome.verdict()), (RunState::Completed, Some(Verdict::Pass)), "{ended:?}");
        assert_eq!((judge.calls(), lines(&record)), (3, vec![(1, 0), (1, 1), (1, 2)]));
        assert_eq!(ended.spent, spent);
    }
}

#[tokio::test(start_paused = true)]
async fn a_trial_whose_vectors_cannot_be_had_since_their_endpoint_stopped_is_left_for_a_resume() {
    let judge = Desk::new(|_, _| fails(Fault::Auth));
    let plain = setup(&judge, vec![right(), similar()]);
    let (state, record, _) = Setup { cases: 10, concurrency: 1, ..plain }.run().await;
    assert_eq!((state, judge.calls(), record.ended().len()), (RunState::Incomplete, 1, 0));
    assert_eq!(record.notices(), ["judge is stopped, its other trials are left for a resume: told to fail"]);
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_calls_for_vectors_that_wait_for_their_turn() {
    let judge = Arc::new(Desk { latency: Duration::from_secs(10), ..Desk::plain(|_, _| says("0.5,0.5")) });
    let handle = Setup { cases: 20, ..setup(&judge, vec![right(), similar()]) }.start();
    while judge.calls() < 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    handle.pause();
    // The record is a thread of its own, which paused time does not wait for.
    for _ in 0..100_000 {
        if handle.status().reserved == Usd::ZERO {
            break;
        }
        tokio::time::sleep(Duration::from_mins(1)).await;
        std::thread::yield_now();
    }
    assert!(judge.calls() <= 8, "{} calls, 4 when it was paused", judge.calls());
    assert_eq!(handle.status().reserved, Usd::ZERO, "what waits has promised nothing");
    handle.resume();
    assert_eq!(handle.ended().await, RunState::Completed);
    assert_eq!(judge.calls(), 20);
}
