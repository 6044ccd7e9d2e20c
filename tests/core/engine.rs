//! The engine against a provider that does as it is told, under paused time: input → events and calls.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use strata::analysis::Board;
use strata::domain::{Budget, Fault, Fingerprint, RawReply, RunEvent, RunState, Usd, Verdict};
use strata::engine::{Answers, CachedCall, Earlier, Unread};
use strata::provider::Provider;

use crate::desk::{Desk, Paid, Record, Setup, fails, fault_of, says};

#[tokio::test(start_paused = true)]
async fn every_trial_ends_with_its_verdict() {
    let desk = Desk::new(|text, _| says(if text.ends_with('3') { "wrong" } else { "right" }));
    let (state, record, _) = Setup::new(&desk).run().await;
    assert_eq!(state, RunState::Completed);
    let verdicts: Vec<_> = record.ended().iter().map(|ended| ended.outcome.verdict().unwrap()).collect();
    let count = |wanted| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    assert_eq!((count(Verdict::Pass), count(Verdict::Fail)), (18, 2));
}

#[tokio::test(start_paused = true)]
async fn events_are_numbered_without_a_gap_from_start_to_end() {
    let desk = Desk::new(|_, _| says("right"));
    let (_, record, _) = Setup::new(&desk).run().await;
    let numbers: Vec<u64> = record.events.lock().unwrap().iter().map(|event| event.number).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    assert!(matches!(record.events().first(), Some(RunEvent::Started(_))));
    assert!(matches!(record.events().last(), Some(RunEvent::Ended { state: RunState::Completed, .. })));
}

#[tokio::test(start_paused = true)]
async fn a_call_is_on_record_before_it_leaves() {
    let record = Record::default();
    let seen = record.clone();
    let sent = |event: &RunEvent| matches!(event, RunEvent::AttemptSent(_));
    let unrecorded = Arc::new(AtomicU32::new(0));
    let missing = unrecorded.clone();
    let answered = AtomicUsize::new(0);
    let desk = Desk::new(move |_, _| {
        let done = answered.fetch_add(1, Ordering::SeqCst) + 1;
        if seen.count(sent) < done {
            missing.fetch_add(1, Ordering::SeqCst);
        }
        says("right")
    });
    Setup { record, ..Setup::new(&desk) }.run().await;
    assert_eq!(unrecorded.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn machinery_faults_are_tried_again_as_they_were_and_every_attempt_is_kept() {
    let desk = Desk::new(|_, before| if before < 2 { fails(Fault::Server) } else { says("right") });
    let (state, record, _) = Setup { cases: 5, ..Setup::new(&desk) }.run().await;
    assert_eq!(state, RunState::Completed);
    assert_eq!(desk.calls(), 15);
    assert!(record.ended().iter().all(|ended| ended.attempts == 3));
    let waits = |event: &RunEvent| matches!(event, RunEvent::AttemptEnded(ended) if ended.retry_in_ms.is_some());
    assert_eq!(record.count(waits), 10);
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_does_not_pass_ends_its_trial_as_errored_and_no_other() {
    let desk = Desk::new(|text, _| if text.ends_with(" 3") { fails(Fault::BadRequest) } else { says("right") });
    let (state, record, _) = Setup::new(&desk).run().await;
    assert_eq!(state, RunState::Completed);
    assert_eq!(desk.calls(), 20);
    let faults: Vec<_> = record.ended().iter().filter_map(|ended| fault_of(ended).copied()).collect();
    assert_eq!(faults, [Fault::BadRequest]);
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_stops_its_endpoint_after_the_calls_in_flight_and_the_other_goes_on() {
    let empty = Desk::new(|_, _| fails(Fault::Quota));
    let fine = Desk::new(|_, _| says("right"));
    let setup = Setup { desks: vec![empty.clone(), fine.clone()], concurrency: 1, ..Setup::new(&fine) };
    let (state, record, _) = setup.run().await;
    assert_eq!(state, RunState::Incomplete);
    assert_eq!((empty.calls(), fine.calls()), (1, 20));
    assert_eq!(record.ended().len(), 20);
    assert_eq!(record.count(|event| matches!(event, RunEvent::Notice { .. })), 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_in_flight_than_the_endpoint_allows() {
    let desk = Desk::new(|_, _| says("right"));
    Setup { cases: 200, concurrency: 7, ..Setup::new(&desk) }.run().await;
    assert_eq!(desk.most_in_flight.load(Ordering::SeqCst), 7);
}

#[tokio::test(start_paused = true)]
async fn the_health_of_every_endpoint_that_may_be_asked_is_told() {
    let desk = Desk::new(|_, _| says("right"));
    let judges = vec![("judge", Desk::new(|_, _| says("{}")))];
    let helper = |says_what: &'static str| Some(Desk::new(move |_, _| says(says_what)));
    let setup = Setup { judges, condenser: helper("short"), embedder: helper("vector"), ..Setup::new(&desk) };
    let handle = setup.start();
    assert_eq!(handle.status().endpoints.len(), 4, "the model's own, and one for each that helps it");
    handle.ended().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_its_trials_error_and_the_run_goes_on() {
    let desk = Desk::new(|text, _| says(if text.ends_with(" 3") { "panic" } else { "right" }));
    let (state, record, _) = Setup::new(&desk).run().await;
    assert_eq!(state, RunState::Completed);
    assert_eq!(record.ended().len(), 20);
    let faults: Vec<_> = record.ended().iter().filter_map(|ended| fault_of(ended).copied()).collect();
    assert_eq!(faults, [Fault::Internal]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_ends_is_cut_at_the_total_time() {
    let mut desk = Desk::new(|_, _| says("right"));
    Arc::get_mut(&mut desk).unwrap().latency = Duration::from_hours(1);
    let mut setup = Setup { cases: 1, ..Setup::new(&desk) };
    setup.policy.retry.retries = 0;
    let (_, record, spent) = setup.run().await;
    assert_eq!(fault_of(&record.ended()[0]), Some(&Fault::Timeout(strata::domain::Phase::Total)));
    assert!(spent > Usd::ZERO, "it may be billed, so the reservation is kept");
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_new_calls_and_loses_nothing() {
    let record = Record::default();
    let full = record.full.clone();
    let desk = Desk::new(move |text, _| {
        if text.ends_with(" 7") {
            full.store(true, Ordering::SeqCst);
        }
        says("right")
    });
    let handle = Setup { record: record.clone(), cases: 40, ..Setup::new(&desk) }.start();
    let stalled = || handle.status().stalled.is_some();
    while !stalled() || record.refused.load(Ordering::SeqCst) < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        std::thread::yield_now();
    }
    let paid_when_full = desk.calls();
    assert!(paid_when_full <= 8 + 4, "{paid_when_full} calls");
    record.full.store(false, Ordering::SeqCst);
    assert_eq!(handle.ended().await, RunState::Completed);
    assert_eq!((desk.calls(), record.ended().len()), (40, 40));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_ends_what_is_in_flight_and_leaves_the_rest() {
    let desk = Desk::new(|_, _| says("right"));
    let record = Record::default();
    let handle = Setup { record: record.clone(), cases: 1_000, ..Setup::new(&desk) }.start();
    tokio::time::sleep(Duration::from_millis(250)).await;
    handle.cancel();
    assert_eq!(handle.ended().await, RunState::Cancelled);
    let calls = desk.calls() as usize;
    assert!(calls < 1_000, "{calls} calls");
    assert_eq!(record.ended().len(), calls, "every call that was sent is a trial that ended");
}

#[tokio::test(start_paused = true)]
async fn a_paused_run_makes_no_call_until_it_goes_on() {
    let desk = Desk::new(|_, _| says("right"));
    let handle = Setup::new(&desk).start();
    handle.pause();
    tokio::time::sleep(Duration::from_mins(1)).await;
    let paused_at = desk.calls();
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(desk.calls(), paused_at);
    handle.resume();
    assert_eq!(handle.ended().await, RunState::Completed);
    assert_eq!(desk.calls(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_calls_that_wait_for_their_turn() {
    let desk = Desk::new(|_, _| says("right"));
    let handle = Setup::new(&desk).start();
    while desk.calls() < 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    handle.pause();
    let paused_at = desk.calls();
    // The record is a thread of its own, which paused time does not wait for.
    for _ in 0..100_000 {
        if handle.status().reserved == Usd::ZERO {
            break;
        }
        tokio::time::sleep(Duration::from_mins(10)).await;
        std::thread::yield_now();
    }
    assert!(desk.calls() <= paused_at + 4, "{} calls, {paused_at} when it was paused", desk.calls());
    assert_eq!(handle.status().reserved, Usd::ZERO, "what waits has promised nothing");
    handle.resume();
    assert_eq!(handle.ended().await, RunState::Completed);
    assert_eq!(desk.calls(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_resumed_run_runs_what_is_left_and_pays_nothing_twice() {
    let desk = Desk::new(|_, _| says("right"));
    let mut setup = Setup::new(&desk);
    let paid = setup.plan().prepare(setup.plan().trial(19)).unwrap();
    let completion = Arc::new(desk.read(&paid.request, &says("right").unwrap()).unwrap());
    let mut answered = Answers::default();
    answered.keep(paid.key, paid.call, CachedCall { completion, cost: Some(Usd::from_nanos(5)) });
    setup.earlier = Earlier {
        kept: (0..15).map(|index| (index, Fingerprint([9; 32]))).collect(),
        answered,
        spent: Usd::from_nanos(100),
        begun: true,
        ..Earlier::default()
    };
    let (state, record, _) = setup.run().await;
    assert_eq!(state, RunState::Completed);
    assert_eq!((desk.calls(), record.ended().len()), (4, 5));
    assert!(matches!(record.events()[1], RunEvent::Resumed { kept: 15, .. }));
}

#[tokio::test(start_paused = true)]
async fn trials_that_asked_the_same_are_scored_again_each_by_its_own_answer() {
    let desk = Desk::new(|_, _| says("right"));
    let mut setup = Setup { cases: 4, questions: vec!["the same"; 4], ..Setup::new(&desk) };
    let mut answered = Answers::default();
    let texts = ["first", "second", "third"];
    for (index, text) in texts.into_iter().enumerate() {
        let paid = setup.plan().prepare(setup.plan().trial(index as u64)).unwrap();
        let completion = Arc::new(desk.read(&paid.request, &says(text).unwrap()).unwrap());
        answered.keep(paid.key, paid.call, CachedCall { completion, cost: None });
    }
    setup.earlier = Earlier { answered, begun: true, ..Earlier::default() };
    let (_, record, _) = setup.run().await;
    let mut ended = record.ended();
    ended.sort_by_key(|ended| ended.trial);
    let told: Vec<_> = ended.iter().map(|ended| ended.answer.as_ref().unwrap().text.as_str()).collect();
    assert_eq!(told[..3], texts);
    assert!(texts.contains(&told[3]), "a trial without an answer of its own takes one that is paid for: {told:?}");
    assert_eq!(desk.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_reply_that_was_never_read_answers_one_trial_though_all_ask_the_same() {
    let check = async |replies: u32, calls: u32| {
        let desk = Desk::new(|_, _| says("right"));
        let mut setup = Setup { cases: 2, alike: true, ..Setup::new(&desk) };
        let asked = setup.plan().prepare(setup.plan().trial(0)).unwrap().call;
        let booked = Usd::from_nanos(100);
        let unread = (0..replies).map(|_| Unread { reply: says("right").unwrap(), booked }).collect();
        let before = (0..replies).map(|_| booked).sum();
        let received = Mutex::new(HashMap::from([(asked, unread)]));
        setup.earlier = Earlier { received, spent: before, begun: true, ..Earlier::default() };
        let (_, record, paid) = setup.run().await;
        let sent = record.count(|event| matches!(event, RunEvent::AttemptSent(_)));
        let ended = record.count(|event| matches!(event, RunEvent::AttemptEnded(_)));
        assert_eq!((desk.calls(), sent, ended, record.ended().len()), (calls, calls as usize, 2, 2));
        assert_eq!(paid, Usd::from_nanos(2 * 20), "each takes 20 tokens, whatever was booked for it");
    };
    check(1, 1).await;
    check(2, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_was_never_read_and_is_no_answer_is_settled_before_the_next_is_read_or_asked_for() {
    let refusal = || RawReply { status: 429, ..says("wait").unwrap() };
    let check = async |replies: Vec<RawReply>, calls: u32, costs: &[i64]| {
        let desk = Desk::new(|_, _| says("right"));
        let mut setup = Setup { cases: 1, ..Setup::new(&desk) };
        let asked = setup.plan().prepare(setup.plan().trial(0)).unwrap().call;
        let booked = Usd::from_nanos(100);
        let spent = replies.iter().map(|_| booked).sum();
        let unread = replies.into_iter().map(|reply| Unread { reply, booked }).collect();
        let received = Mutex::new(HashMap::from([(asked, unread)]));
        setup.earlier = Earlier { received, spent, begun: true, ..Earlier::default() };
        let (_, record, paid) = setup.run().await;
        let end = |event| match event {
            RunEvent::AttemptEnded(ended) => Some((ended.attempt.number, ended.cost.unwrap().nanos())),
            _ => None,
        };
        let ends: Vec<_> = record.events().into_iter().filter_map(end).collect();
        assert_eq!(ends, (0..).zip(costs.iter().copied()).collect::<Vec<_>>());
        assert_eq!((desk.calls(), paid), (calls, Usd::from_nanos(costs.iter().sum())));
        let ended = &record.ended()[0];
        assert_eq!((ended.attempts, ended.spent, ended.outcome.verdict()), (1, paid, Some(Verdict::Pass)));
    };
    check(vec![refusal()], 1, &[0, 20]).await;
    // The last is read first, as the record does.
    check(vec![says("right").unwrap(), refusal()], 0, &[0, 20]).await;
    check(vec![says("no form").unwrap()], 1, &[100, 20]).await;
}

#[tokio::test(start_paused = true)]
async fn the_cache_answers_the_same_request_and_keeps_repeats_apart() {
    let desk = Desk::new(|_, _| says("right"));
    let (_, record, _) = Setup { repeats: 3, ..Setup::new(&desk) }.run().await;
    assert_eq!(desk.calls(), 60, "repeats are separate samples");
    let ended = record.count(|event| matches!(event, RunEvent::AttemptEnded(ended) if ended.cacheable));
    assert_eq!(ended, 60);
    let memory = Paid::of(&record);
    let again = Desk::new(|_, _| says("wrong"));
    let (_, record, spent) = Setup { repeats: 3, cache: memory, ..Setup::new(&again) }.run().await;
    assert_eq!((again.calls(), spent), (0, Usd::ZERO));
    let ended = record.ended();
    assert!(ended.iter().all(|ended| ended.cached && ended.cost > Some(Usd::ZERO) && ended.spent == Usd::ZERO));
    assert!(ended.iter().all(|ended| ended.answer.as_ref().unwrap().latency_ms > 0.0), "the original latency is kept");
}

#[tokio::test(start_paused = true)]
async fn a_replayed_run_gives_the_same_board_as_the_live_one() {
    let desk = Desk::new(|text, before| match (text.len() % 3, before) {
        (0, 0) => fails(Fault::Overloaded),
        (1, _) => says("wrong"),
        _ => says("right"),
    });
    let setup = Setup { repeats: 2, ..Setup::new(&desk) };
    let header = setup.plan().header;
    let (_, record, spent) = setup.run().await;
    let board = |events: &mut dyn Iterator<Item = RunEvent>| {
        let mut board = Board::new(header.clone());
        events.for_each(|event| board.apply(&event));
        board
    };
    let live = board(&mut record.events().into_iter());
    let rows = record.events().into_iter().filter(|event| matches!(event, RunEvent::TrialEnded(_)));
    let replayed = board(&mut rows.collect::<Vec<_>>().into_iter().rev());
    assert_eq!(live.column(0).pass_rate(), replayed.column(0).pass_rate());
    assert_eq!(live.totals().ended(), replayed.totals().ended());
    assert_eq!(live.column(0).mean_cost(), replayed.column(0).mean_cost());
    assert_eq!(live.totals().spent, spent);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_run_never_spends_past_its_hard_budget(
        cap in 0_i64..2_000,
        concurrency in 1_u32..65,
        faulty in 0_u32..4,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let desk = Desk::new(move |_, before| {
            if before < faulty { fails(Fault::Disconnected) } else { says("right") }
        });
        let budget = Budget { hard: Some(Usd::from_nanos(cap)), warn: None };
        let (state, record, spent) =
            runtime.block_on(Setup { cases: 30, concurrency, budget, ..Setup::new(&desk) }.run());
        prop_assert!(spent <= Usd::from_nanos(cap), "{spent:?} of {cap}");
        let rows: Usd = record.events().iter().filter_map(|event| match event {
            RunEvent::AttemptEnded(ended) => ended.cost,
            _ => None,
        }).sum();
        prop_assert_eq!(rows, spent);
        prop_assert_eq!(state == RunState::Completed, record.ended().len() == 30);
    }
}
