//! The semantic cache in a run: what it answers, what it refuses, what an audit tells, and what its vectors cost.

use std::sync::Arc;
use std::time::Duration;

use strata::analysis::{Board, ColumnMetrics};
use strata::domain::{
    Budget, CallError, Embedder, Fault, Fingerprint, Purpose, RunEvent, RunState, SemanticMode, SemanticPolicy, Step,
    TrialEnded, Usd, Verdict,
};

use crate::desk::{Desk, Paid, Record, Setup, fails, says};

const ASKED: [&str; 4] = [
    "how do I change the password of my account?",
    "How do I change the password of my account",
    "How do I change the password of my accounts in 2 steps?",
    "When does my parcel arrive?",
];

/// One trial after the other, so that each knows the answers before it.
fn semantic(desk: &Arc<Desk>, mode: SemanticMode) -> Setup {
    let mut setup = Setup { cases: 4, concurrency: 1, questions: ASKED.to_vec(), ..Setup::new(desk) };
    setup.policy.semantic = SemanticPolicy { mode, threshold: 0.7, ..SemanticPolicy::default() };
    setup
}

fn with_embedder(desk: &Arc<Desk>, embedder: &Arc<Desk>, mode: SemanticMode) -> Setup {
    let mut setup = Setup { embedder: Some(embedder.clone()), ..semantic(desk, mode) };
    setup.policy.semantic.embedder = Embedder::Model("embedder".into());
    setup
}

fn by_case(record: &Record) -> Vec<Arc<TrialEnded>> {
    let mut ended = record.ended();
    ended.sort_by_key(|ended| ended.trial.case);
    ended
}

fn steps(ended: &TrialEnded) -> Vec<&Step> {
    ended.guarded.steps.iter().map(|timed| &timed.step).collect()
}

fn board(record: &Record) -> Board {
    let events = record.events();
    let RunEvent::Started(header) = &events[0] else { panic!("a run begins") };
    let mut board = Board::new(header.clone());
    for event in &events {
        board.apply(event);
    }
    board
}

fn first_column(record: &Record) -> ColumnMetrics {
    board(record).columns()[0].clone()
}

#[tokio::test(start_paused = true)]
async fn a_similar_question_is_answered_without_a_call_and_left_out() {
    let desk = Desk::new(|_, _| says("right"));
    let (state, record, spent) = semantic(&desk, SemanticMode::On).run().await;
    assert_eq!((state, desk.calls()), (RunState::Completed, 3));
    let ended = by_case(&record);
    let hit = &ended[1];
    assert_eq!(hit.answer.as_ref().unwrap().text, "right");
    assert_eq!((hit.cached, hit.attempts, hit.spent, hit.cost), (true, 0, Usd::ZERO, Some(Usd::ZERO)));
    assert_eq!((hit.guarded.left_out, hit.outcome.verdict()), (true, Some(Verdict::Unscored)));
    let [Step::SemanticHit { similarity, saved: Some(saved), .. }] = steps(hit)[..] else { panic!("{hit:?}") };
    assert!(*similarity > 0.99 && *saved + *saved + *saved == spent, "{similarity} {saved} {spent}");
    assert!(!matches!(steps(&ended[2])[..], [Step::SemanticHit { .. }]), "two steps are another question");
    assert!(steps(&ended[3]).is_empty());
    let column = first_column(&record);
    assert_eq!((column.semantic_hits, column.passed, column.unscored), (1, 3, 1));
    assert_eq!(column.deeds.semantic_saved, *saved);
}

#[tokio::test(start_paused = true)]
async fn hits_count_where_they_are_asked_to_and_repeats_do_not_answer_for_each_other() {
    let desk = Desk::new(|_, _| says("right"));
    let mut setup = Setup { repeats: 2, ..semantic(&desk, SemanticMode::On) };
    setup.policy.semantic.count_hits = true;
    let (_, record, _) = setup.run().await;
    assert_eq!(desk.calls(), 6);
    let column = first_column(&record);
    assert_eq!((column.semantic_hits, column.passed, column.unscored), (2, 8, 0));
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_poor_in_form_are_not_kept() {
    let desk = Desk::new(|_, _| says(" "));
    let (_, record, _) = semantic(&desk, SemanticMode::On).run().await;
    assert_eq!(desk.calls(), 4);
    assert!(record.ended().iter().all(|ended| !ended.guarded.left_out));
}

#[tokio::test(start_paused = true)]
async fn an_audit_answers_from_the_model_and_counts_the_answers_that_would_have_been_wrong() {
    let words = |text: &str| if text.contains("How") { "No, that is not it. right" } else { "right" };
    let desk = Desk::new(move |text, _| says(words(text)));
    let (_, record, _) = semantic(&desk, SemanticMode::Audit).run().await;
    assert_eq!(desk.calls(), 4);
    let ended = by_case(&record);
    assert!(matches!(steps(&ended[1])[..], [Step::SemanticAudit { wrong: true, .. }]));
    assert!(ended.iter().all(|ended| ended.outcome.verdict() == Some(Verdict::Pass)));
    let column = first_column(&record);
    assert_eq!((column.semantic_audited, column.semantic_wrong), (1, 1));
    let rate = column.false_hit_rate().unwrap();
    assert!(rate.value > 0.999 && rate.low > 0.2 && rate.low < 0.21, "Wilson's interval of 1 in 1: {rate:?}");

    let alike = Desk::new(|text, _| says(if text.contains("How") { "right." } else { "Right" }));
    let (_, record, _) = semantic(&alike, SemanticMode::Audit).run().await;
    let column = first_column(&record);
    assert_eq!((column.semantic_audited, column.semantic_wrong), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn vectors_of_a_model_are_paid_on_record_and_on_their_own_line() {
    let desk = Desk::new(|_, _| says("right"));
    let embedder = Desk::new(|text, _| says(if text.contains("parcel") { "0,1" } else { "3,0" }));
    let (_, record, spent) = with_embedder(&desk, &embedder, SemanticMode::On).run().await;
    assert_eq!((desk.calls(), embedder.calls()), (3, 4));
    let paid: Usd = record.ended().iter().map(|ended| ended.spent).sum();
    let on_vectors: Usd = record.ended().iter().map(|ended| ended.guarded.embedding_spent).sum();
    assert_eq!((paid, on_vectors > Usd::ZERO), (spent, true));
    let begun = record.count(|event| {
        matches!(event, RunEvent::AttemptSent(call) if call.attempt.purpose == Purpose::Embedding && call.reserved.is_some())
    });
    let over = record.count(|event| {
        matches!(event, RunEvent::AttemptEnded(ended) if ended.attempt.purpose == Purpose::Embedding && ended.cost.is_some())
    });
    assert_eq!((begun, over), (4, 4));
    let hit = &by_case(&record)[1];
    assert_eq!((hit.cost, hit.spent), (Some(hit.guarded.embedding_spent), hit.guarded.embedding_spent));
    let totals = *board(&record).totals();
    assert_eq!((totals.spent, totals.embedding_spent), (spent, on_vectors));
}

#[tokio::test(start_paused = true)]
async fn without_a_vector_the_model_is_asked() {
    let desk = Desk::new(|_, _| says("right"));
    let down = Desk::new(|_, _| fails(Fault::Server));
    let (state, record, _) = with_embedder(&desk, &down, SemanticMode::On).run().await;
    assert_eq!((state, desk.calls(), down.calls()), (RunState::Completed, 4, 4));
    assert!(record.ended().iter().all(|ended| matches!(steps(ended)[..], [Step::NoVector { .. }])));
}

#[tokio::test(start_paused = true)]
async fn an_embedder_that_asks_for_a_long_wait_holds_no_question_up() {
    let desk = Desk::new(|_, _| says("right"));
    let told = || CallError { retry_after_ms: Some(4 * 3_600_000), ..CallError::new(Fault::RateLimited, "wait") };
    let waits = Desk::new(move |_, _| Err(told()));
    let mut setup = with_embedder(&desk, &waits, SemanticMode::On);
    setup.policy.limits.pause = true;
    let before = tokio::time::Instant::now();
    let (state, record, _) = setup.run().await;
    assert_eq!((state, desk.calls(), waits.calls()), (RunState::Completed, 4, 1));
    assert!(before.elapsed() < Duration::from_hours(1), "{:?}", before.elapsed());
    let is_told = |step: &Step| matches!(step, Step::NoVector { reason } if reason.contains("is not asked meanwhile"));
    let told = record.ended().iter().filter(|ended| matches!(steps(ended)[..], [step] if is_told(step))).count();
    assert_eq!(told, 3);
    let notices = record.notices();
    assert!(notices.len() == 1 && notices[0].ends_with("without its vectors meanwhile."), "{notices:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_text_is_embedded_once() {
    let desk = Desk::new(|_, _| says("right"));
    let embedder = Desk::new(|_, _| says("1,1"));
    let setup = Setup { alike: true, repeats: 3, ..with_embedder(&desk, &embedder, SemanticMode::Audit) };
    setup.run().await;
    assert_eq!(embedder.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn vectors_stop_at_the_budget_too() {
    let desk = Desk::new(|_, _| says("right"));
    let embedder = Desk::new(|_, _| says("1,1"));
    let mut setup = with_embedder(&desk, &embedder, SemanticMode::On);
    setup.budget = Budget { hard: Some(Usd::from_nanos(1)), warn: None };
    let (state, _, spent) = setup.run().await;
    assert_eq!((state, spent, embedder.calls()), (RunState::BudgetReached, Usd::ZERO, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_goes_on_asks_for_no_vector_again_whichever_trial_paid_for_it() {
    let desk = Desk::new(|_, _| says("right"));
    let embedder = Desk::new(|text, _| says(if text.contains("parcel") { "0,1" } else { "3,0" }));
    let (_, record, _) = with_embedder(&desk, &embedder, SemanticMode::On).run().await;
    let (asked, vectors) = (embedder.calls(), Paid::of(&record));
    // The same questions, of another repeat.
    let mut setup = Setup { repeats: 2, ..with_embedder(&desk, &embedder, SemanticMode::On) };
    setup.earlier.vectors = Some(vectors);
    setup.earlier.kept = (0..8)
        .filter(|index| setup.plan().trial(*index).repeat == 0)
        .map(|index| (index, Fingerprint([9; 32])))
        .collect();
    setup.earlier.begun = true;
    let (state, again, spent) = setup.run().await;
    assert_eq!((state, embedder.calls()), (RunState::Completed, asked));
    let hit = &by_case(&again)[1];
    assert!(matches!(steps(hit)[..], [Step::SemanticHit { .. }]), "the vectors are those that were paid for: {hit:?}");
    assert_eq!((hit.spent, hit.guarded.embedding_spent), (Usd::ZERO, Usd::ZERO));
    assert_eq!(hit.cost, by_case(&record)[1].cost, "it costs in production what it cost then");
    assert_eq!(again.ended().iter().map(|ended| ended.spent).sum::<Usd>(), spent);
}

#[tokio::test(start_paused = true)]
async fn where_the_embedder_stops_questions_are_asked_without_vectors_and_the_notice_says_so() {
    let desk = Desk::new(|_, _| says("right"));
    let refused = Desk::new(|_, _| fails(Fault::Auth));
    let (state, record, _) = with_embedder(&desk, &refused, SemanticMode::On).run().await;
    assert_eq!((state, desk.calls(), refused.calls()), (RunState::Completed, 4, 1));
    assert!(record.ended().iter().all(|ended| matches!(steps(ended)[..], [Step::NoVector { .. }])));
    assert_eq!(
        record.notices(),
        ["embedder is stopped, questions are asked without its vectors from here on: told to fail"]
    );
}
