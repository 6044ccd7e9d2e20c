//! Boards of made-up runs, for the tests of this module.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CallError, Check, CheckKind, CheckResult, Completion, Experiment, Fault,
    Filter, Finding, FindingKind, Fingerprint, FinishReason, Guarded, Outcome, PassRule, Purpose, Risk, RunEvent,
    RunHeader, RunModel, RunState, RunSummary, Score, Side, StandIn, Step, TimedStep, Treatment, TrialEnded, TrialRef,
    Usage, Usd, Verdict,
};

/// A run of `variants` on one model.
pub(super) fn header(cases: u32, variants: u16, repeats: u32) -> Arc<RunHeader> {
    let letters = ["A", "B", "C", "D"];
    let variants: Vec<_> = letters.iter().take(usize::from(variants)).map(|letter| (*letter).into()).collect();
    let definition = Experiment {
        format: 1,
        title: String::new(),
        note: String::new(),
        variants: variants.clone(),
        models: vec!["m".into()],
        dataset: "d".into(),
        filter: Filter::default(),
        repeats,
        without: Vec::new(),
        checks: vec![Check::new(CheckKind::Json), Check { metric: "tone".into(), ..Check::new(CheckKind::Json) }],
        pass: PassRule::All,
        gate: None,
        policy: None,
        budget: crate::domain::Budget::default(),
    };
    let model = RunModel { id: "m".into(), model: "m".into(), origin: "scripted".into(), scripted: true };
    Arc::new(RunHeader {
        id: "r".into(),
        project: "p".into(),
        experiment: "e".into(),
        definition,
        variants,
        models: vec![model],
        dataset: "d".into(),
        dataset_fingerprint: Fingerprint::default(),
        cases,
        repeats,
        started_at: Timestamp::UNIX_EPOCH,
        program: "0".into(),
        prices_dated: "2026-11-23".into(),
        judges: Vec::new(),
        temperatures: Vec::new(),
        left_out: 0,
        idle: Vec::new(),
    })
}

pub(super) fn at(case: u32, variant: u16, repeat: u16) -> TrialRef {
    TrialRef { case, variant, model: 0, repeat }
}

pub(super) fn scored(passes: bool) -> Outcome {
    let verdict = if passes { Verdict::Pass } else { Verdict::Fail };
    let score = if passes { 1.0 } else { 0.25 };
    let check = |metric: &str, verdict, score| CheckResult {
        metric: metric.into(),
        verdict,
        score: Some(score),
        weight: 1.0,
        reason: String::new(),
    };
    let checks = vec![check("json", Verdict::Pass, 1.0), check("tone", verdict, score)];
    Outcome::Scored(Score::new(verdict, f64::midpoint(1.0, score), checks))
}

pub(super) fn unscored() -> Outcome {
    Outcome::Unscored(Score::new(Verdict::Unscored, 0.0, Vec::new()))
}

pub(super) fn errored() -> Outcome {
    Outcome::Errored(CallError::new(Fault::Server, "no"))
}

/// A trial of case `c<case>`; cost in nano-dollars.
pub(super) fn trial(place: TrialRef, outcome: Outcome, cost: i64, latency_ms: f64) -> TrialEnded {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&place.case.to_be_bytes());
    key[4..6].copy_from_slice(&place.variant.to_be_bytes());
    key[6..8].copy_from_slice(&place.repeat.to_be_bytes());
    let answer = (!matches!(outcome, Outcome::Errored(_))).then(|| {
        Arc::new(Completion {
            text: String::new(),
            reasoning: None,
            tool_calls: Vec::new(),
            finish: FinishReason::Stop,
            usage: Some(Usage { input_tokens: 100, output_tokens: 10, ..Usage::default() }),
            model: None,
            request_id: None,
            first_token_ms: Some(latency_ms / 4.0),
            latency_ms,
        })
    });
    TrialEnded {
        trial: place,
        key: Fingerprint(key),
        case_id: format!("c{}", place.case).into(),
        request: Fingerprint::default(),
        cost: answer.as_ref().map(|_| Usd::from_nanos(cost)),
        answer,
        outcome,
        cached: false,
        attempts: 1,
        spent: Usd::from_nanos(cost),
        judge_spent: Usd::ZERO,
        guarded: Guarded::default(),
    }
}

pub(super) fn ended(trial: TrialEnded) -> RunEvent {
    RunEvent::TrialEnded(Arc::new(trial))
}

pub(super) fn end() -> RunEvent {
    RunEvent::Ended { state: RunState::Completed, at: Timestamp::UNIX_EPOCH }
}

/// A finished run: `passes[column][case]`, one repeat; a pass costs what the column's number plus one says.
pub(super) fn board(passes: &[Vec<bool>]) -> Board {
    let cases = u32::try_from(passes[0].len()).unwrap();
    let mut board = Board::new(header(cases, u16::try_from(passes.len()).unwrap(), 1));
    for (variant, column) in (0_u16..).zip(passes) {
        for (case, passes) in (0_u32..).zip(column) {
            board.apply(&ended(trial(at(case, variant, 0), scored(*passes), 1_000 * i64::from(variant + 1), 100.0)));
        }
    }
    board.apply(&end());
    board
}

fn attempt(place: TrialRef, purpose: Purpose, number: u32) -> AttemptRef {
    AttemptRef { trial: place, purpose, number }
}

fn sent(attempt: AttemptRef, reserved: i64) -> RunEvent {
    RunEvent::AttemptSent(AttemptSent {
        attempt,
        key: Fingerprint::default(),
        request: Fingerprint::default(),
        model: "m".into(),
        reserved: Some(Usd::from_nanos(reserved)),
        at: Timestamp::UNIX_EPOCH,
    })
}

fn over(attempt: AttemptRef, cost: i64, retry_in_ms: Option<u64>) -> RunEvent {
    RunEvent::AttemptEnded(AttemptEnded {
        attempt,
        request: Fingerprint::default(),
        result: Err(CallError::new(Fault::Server, "no")),
        cost: Some(Usd::from_nanos(cost)),
        cacheable: false,
        retry_in_ms,
    })
}

/// What a reader can see of a board, as text.
fn seen(board: &Board) -> String {
    let mut text = format!("{:?} {} {:?}\n", board.totals(), board.in_flight(), board.state());
    for (column, metrics) in board.columns().iter().enumerate() {
        let _ = writeln!(
            text,
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            (metrics.passed, metrics.failed, metrics.unscored, metrics.errored, metrics.cached, metrics.retries),
            metrics.pass_rate(),
            metrics.mean_cost(),
            metrics.latency_p50(),
            metrics.latency_p95(),
            metrics.first_token().quantile(0.5),
            metrics.metrics(),
            metrics.mean_score(),
            metrics.total_tokens(),
        );
        for case in 0..board.header().cases {
            let _ = write!(text, "{:?} {:?};", board.cell(case, column), board.case_key(case));
        }
    }
    text
}

#[test]
fn a_trial_takes_few_bytes() {
    assert!(size_of::<Option<TrialMark>>() <= 56, "{}", size_of::<Option<TrialMark>>());
}

#[test]
fn the_three_outcomes_stay_apart() {
    let mut board = Board::new(header(4, 1, 1));
    for (case, outcome) in (0..).zip([scored(true), scored(false), unscored(), errored()]) {
        board.apply(&ended(trial(at(case, 0, 0), outcome, 10, 100.0)));
    }
    let column = board.column(0);
    assert_eq!((column.passed, column.failed, column.unscored, column.errored), (1, 1, 1, 1));
    let rate = column.pass_rate().unwrap();
    assert!((rate.value - 0.5).abs() < 1e-12, "only scored trials are below the line: {rate:?}");
    assert_eq!(board.trial(at(3, 0, 0)).unwrap().ending(), Ending::Errored(Fault::Server));
    assert_eq!(board.ended(), 4);
    assert_eq!(column.unpriced(), 0, "an error has no price to know");
}

#[test]
fn metrics_are_means_over_what_was_scored() {
    let board = board(&[vec![true, true, false, false]]);
    let metrics = board.column(0).metrics();
    assert_eq!(metrics.iter().map(|mean| mean.metric.as_str()).collect::<Vec<_>>(), ["json", "tone"]);
    assert!((metrics[1].mean - 0.625).abs() < 1e-4);
    assert_eq!(metrics[1].count, 4);
    assert_eq!(board.column(0).checks()[1].failed, 2);
    assert!(board.trial(at(2, 0, 0)).unwrap().check_failed(1));
    let scores = board.check_scores(at(2, 0, 0));
    assert!((scores[1].unwrap() - 0.25).abs() < 1e-4);
}

#[test]
fn parts_of_a_task_and_stand_ins_are_no_retries() {
    let retries = |attempts, repairs, other_requests| {
        let mut board = Board::new(header(1, 1, 1));
        let guarded = Guarded { repairs, other_requests, ..Guarded::default() };
        board.apply(&ended(TrialEnded { attempts, guarded, ..trial(at(0, 0, 0), scored(true), 5, 1.0) }));
        board.column(0).retries
    };
    assert_eq!(retries(3, 0, 0), 2);
    assert_eq!(retries(6, 1, 5), 0, "a request for each of five fields");
    assert_eq!(retries(4, 0, 1), 2, "another model after three attempts, or one that was asked twice");
    assert_eq!(retries(2, 1, 0), 0, "as runs on record tell it");
    assert_eq!(retries(0, 0, 0), 0);
}

#[test]
fn what_guards_did_is_counted_once_and_taken_back() {
    let mut board = Board::new(header(4, 1, 1));
    let finding =
        Finding { kind: FindingKind::Pii, name: "email".into(), span: 0..1, risk: Risk::High, excerpt: String::new() };
    let found = Step::Found { side: Side::Output, finding, treatment: Treatment::Flagged };
    let stand_in = Some(StandIn::Model("n".into()));
    let guards = [
        (scored(true), Guarded { repairs: 2, ..Guarded::default() }),
        (scored(true), Guarded { stand_in: stand_in.clone(), ..Guarded::default() }),
        (unscored(), Guarded { stand_in, left_out: true, ..Guarded::default() }),
        (scored(false), Guarded { steps: vec![TimedStep { at_ms: 0, step: found }; 2], ..Guarded::default() }),
    ];
    for (case, (outcome, guarded)) in (0..).zip(guards) {
        board.apply(&ended(TrialEnded { guarded, ..trial(at(case, 0, 0), outcome, 5, 1.0) }));
    }
    let counts = |board: &Board| {
        let column = board.column(0);
        [column.repaired, column.passed_at_first, column.stood_in, column.left_out, column.flagged]
    };
    assert_eq!(counts(&board), [1, 1, 2, 1, 1]);
    for case in 0..4 {
        board.apply(&ended(trial(at(case, 0, 0), scored(false), 5, 1.0)));
    }
    assert_eq!(counts(&board), [0; 5]);
}

#[test]
fn repeats_of_a_case_do_not_narrow_the_interval_as_new_cases_would() {
    let rate = |cases: u32, repeats: u16| {
        let mut board = Board::new(header(cases, 1, u32::from(repeats)));
        for case in 0..cases {
            for repeat in 0..repeats {
                board.apply(&ended(trial(at(case, 0, repeat), scored(case % 2 == 0), 10, 100.0)));
            }
        }
        let interval = board.column(0).pass_rate().unwrap();
        interval.high - interval.low
    };
    assert!((rate(20, 1) - rate(20, 5)).abs() < 0.02, "{} {}", rate(20, 1), rate(20, 5));
    assert!(rate(100, 1) < rate(20, 5) * 0.6);
}

#[test]
fn calls_under_way_and_money_are_counted_as_they_come() {
    let mut board = Board::new(header(2, 1, 1));
    let first = attempt(at(0, 0, 0), Purpose::Answer, 0);
    board.apply(&sent(first, 50));
    assert_eq!((board.in_flight(), board.is_running(0, 0), board.is_running(1, 0)), (1, true, false));
    board.apply(&over(first, 20, Some(500)));
    assert!(!board.is_running(0, 0), "it waits for its retry");
    let second = attempt(at(0, 0, 0), Purpose::Answer, 1);
    board.apply(&sent(second, 50));
    board.apply(&over(second, 30, None));
    let judge = attempt(at(0, 0, 0), Purpose::Judge(1), 0);
    board.apply(&sent(judge, 9));
    board.apply(&sent(attempt(at(0, 0, 0), Purpose::Judge(2), 0), 1));
    board.apply(&over(judge, 7, None));
    assert!(board.is_running(0, 0), "another judge of the trial is under way");
    board.apply(&over(attempt(at(0, 0, 0), Purpose::Judge(2), 0), 0, None));
    assert_eq!(board.totals().spent, Usd::from_nanos(57));
    let done = TrialEnded {
        spent: Usd::from_nanos(57),
        judge_spent: Usd::from_nanos(7),
        ..trial(at(0, 0, 0), scored(true), 30, 100.0)
    };
    board.apply(&ended(done));
    let totals = *board.totals();
    assert_eq!((totals.spent, totals.judge_spent), (Usd::from_nanos(57), Usd::from_nanos(7)));
    assert_eq!((totals.attempts, totals.retries, board.in_flight()), (4, 1, 0));
}

#[test]
fn a_replay_without_attempts_shows_the_same_money() {
    let mut board = Board::new(header(2, 1, 1));
    board.apply(&ended(trial(at(0, 0, 0), scored(true), 30, 100.0)));
    assert_eq!(board.totals().spent, Usd::from_nanos(30));
    let summary = RunSummary {
        header: header(2, 1, 1),
        state: RunState::Incomplete,
        ended_at: None,
        passed: 1,
        failed: 0,
        unscored: 0,
        errored: 0,
        ambiguous: 1,
        spent: Usd::from_nanos(75),
    };
    board.settle(&summary);
    assert_eq!((board.totals().spent, board.totals().ambiguous), (Usd::from_nanos(75), 1));
}

#[test]
fn a_trial_that_is_told_again_replaces_itself() {
    let mut board = Board::new(header(2, 1, 1));
    board.apply(&ended(trial(at(0, 0, 0), errored(), 0, 0.0)));
    board.apply(&ended(trial(at(0, 0, 0), scored(true), 30, 100.0)));
    board.apply(&ended(trial(at(0, 0, 0), scored(false), 40, 300.0)));
    let column = board.column(0);
    assert_eq!((column.passed, column.failed, column.errored, column.ended()), (0, 1, 0, 1));
    assert_eq!(column.latency().sorted(), [300.0]);
    assert_eq!(column.total_cost(), Usd::from_nanos(40));
    assert_eq!(board.totals().spent, Usd::from_nanos(70), "what was paid stays paid");
}

#[test]
fn kept_trials_move_to_their_new_places() {
    let mut board = Board::new(header(3, 1, 1));
    let first = trial(at(0, 0, 0), scored(true), 10, 100.0);
    let second = trial(at(1, 0, 0), scored(false), 20, 200.0);
    let (key, gone) = (first.key, second.key);
    board.apply(&ended(first));
    board.apply(&ended(second));
    board.apply(&sent(attempt(at(2, 0, 0), Purpose::Answer, 0), 5));
    let known = board.case_key(0);
    board.apply(&RunEvent::Resumed { kept: 1, ambiguous: 1 });
    assert_eq!((board.ended(), board.in_flight()), (0, 0));
    board.apply(&RunEvent::TrialKept { trial: at(2, 0, 0), key });
    assert_eq!((board.column(0).passed, board.column(0).failed), (1, 0));
    assert!(board.trial(at(2, 0, 0)).is_some() && board.trial(at(0, 0, 0)).is_none());
    assert_eq!(board.case_key(2), known);
    assert_eq!((board.totals().kept, board.totals().ambiguous), (1, 1));
    assert_eq!(board.totals().spent, Usd::from_nanos(35), "an unanswered call is paid for in full");
    board.apply(&end());
    board.apply(&RunEvent::Resumed { kept: 2, ambiguous: 3 });
    assert_eq!(board.totals().ambiguous, 3, "a resume tells of all executions before it");
    board.apply(&RunEvent::TrialKept { trial: at(0, 0, 0), key });
    board.apply(&RunEvent::TrialKept { trial: at(1, 0, 0), key: gone });
    assert_eq!((board.column(0).passed, board.column(0).failed), (1, 1), "what one plan left out the next may keep");
}

#[test]
fn what_the_semantic_cache_saved_is_summed_replaced_and_kept() {
    let hit = |place, saved: i64| {
        let step = Step::SemanticHit { similarity: 0.99, age_ms: 0, saved: Some(Usd::from_nanos(saved)) };
        let guarded = Guarded { steps: vec![TimedStep { at_ms: 0, step }], ..Guarded::default() };
        TrialEnded { guarded, ..trial(place, scored(true), 0, 1.0) }
    };
    let mut board = Board::new(header(3, 1, 1));
    let saved = |board: &Board| board.column(0).deeds.semantic_saved.nanos();
    let key = hit(at(0, 0, 0), 5).key;
    board.apply(&ended(hit(at(0, 0, 0), 5)));
    board.apply(&ended(hit(at(1, 0, 0), 7)));
    assert_eq!(saved(&board), 12);
    board.apply(&ended(hit(at(1, 0, 0), 4)));
    assert_eq!(saved(&board), 9, "the trial ended anew");
    board.apply(&ended(trial(at(1, 0, 0), scored(true), 0, 1.0)));
    assert_eq!(saved(&board), 5, "and was no hit the third time");
    board.apply(&RunEvent::Resumed { kept: 1, ambiguous: 0 });
    assert_eq!(saved(&board), 0);
    board.apply(&RunEvent::TrialKept { trial: at(2, 0, 0), key });
    assert_eq!(saved(&board), 5);
}

#[test]
fn events_of_another_plan_change_nothing() {
    let mut board = Board::new(header(2, 1, 1));
    for place in [at(2, 0, 0), at(0, 1, 0), at(0, 0, 1)] {
        board.apply(&ended(trial(place, scored(true), 0, 1.0)));
        assert!(board.trial(place).is_none());
    }
    assert_eq!(board.ended(), 0);
    assert_eq!(board.column(99).ended(), 0);
    assert_eq!(board.cell(99, 99), CellView::default());
}

#[test]
fn a_million_trials_fit() {
    let mut board = Board::new(header(250_000, 4, 1));
    for case in (0..250_000).step_by(25) {
        for variant in 0..4 {
            board.apply(&ended(trial(at(case, variant, 0), scored(case % 3 == 0), 10, f64::from(case))));
        }
    }
    assert_eq!(board.trials(), 1_000_000);
    assert_eq!(board.column(3).ended(), 10_000);
    assert!(board.column(0).latency_p95().unwrap() > board.column(0).latency_p50().unwrap());
}

#[test]
fn columns_are_named_by_what_tells_them_apart() {
    assert_eq!(board(&[vec![true], vec![true]]).column_name(1), "B");
}

/// The events of one trial, in their own order.
fn story(place: TrialRef, kind: u8, cost: i64, latency_ms: f64) -> Vec<RunEvent> {
    let outcome = match kind % 5 {
        0 => errored(),
        1 => unscored(),
        kind => scored(kind.is_multiple_of(2)),
    };
    let first = attempt(place, Purpose::Answer, 0);
    let cached = kind.is_multiple_of(7);
    let spent = if cached { Usd::ZERO } else { Usd::from_nanos(cost) };
    let done = TrialEnded { cached, spent, attempts: u32::from(!cached), ..trial(place, outcome, cost, latency_ms) };
    let mut events = Vec::new();
    if !cached {
        events.extend([sent(first, cost * 2), over(first, cost, None)]);
    }
    events.push(ended(done));
    events
}

proptest! {
    #[test]
    fn the_order_in_which_trials_end_changes_nothing(
        trials in prop::collection::btree_map((0_u32..6, 0_u16..2, 0_u16..3), (0_u8..35, 0_i64..1_000, 1.0..5_000.0_f64), 1..30),
        seed in any::<u64>(),
    ) {
        let stories: BTreeMap<_, _> = trials
            .into_iter()
            .map(|((case, variant, repeat), (kind, cost, latency))| {
                ((case, variant, repeat), story(at(case, variant, repeat), kind, cost, latency))
            })
            .collect();
        let mut straight = Board::new(header(6, 2, 3));
        stories.values().flatten().for_each(|event| straight.apply(event));

        let mut shuffled = Board::new(header(6, 2, 3));
        let mut left: Vec<_> = stories.into_values().map(Vec::into_iter).collect();
        let mut state = seed;
        while !left.is_empty() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let next = usize::try_from(state >> 33).unwrap() % left.len();
            match left[next].next() {
                Some(event) => shuffled.apply(&event),
                None => drop(left.swap_remove(next)),
            }
            // Reading in between must not matter either.
            let _ = shuffled.column(0).latency_p50();
        }
        prop_assert_eq!(seen(&straight), seen(&shuffled));
        prop_assert_eq!(straight.revision(), shuffled.revision());
    }
}
