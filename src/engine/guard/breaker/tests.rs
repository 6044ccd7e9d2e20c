//! When the breaker opens, lets probes through and closes.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use tokio::task::JoinSet;

use super::*;
use crate::domain::Phase as TimePhase;

fn policy() -> BreakerPolicy {
    BreakerPolicy { on: true, ..BreakerPolicy::default() }
}

fn after(start: Instant, secs: u64) -> Instant {
    start + Duration::from_secs(secs)
}

fn permit(breaker: &Arc<Breaker>, now: Instant) -> Permit {
    match breaker.permit(now) {
        Admission::Permit(permit) => permit,
        Admission::WaitUntil(until) => panic!("held back for {:?}", until - now),
    }
}

fn is_held(breaker: &Arc<Breaker>, now: Instant) -> bool {
    matches!(breaker.permit(now), Admission::WaitUntil(_))
}

/// Calls one after the other, `x` a failure, until the breaker opens; gives back how many there were.
fn calls_until_open(policy: BreakerPolicy, pattern: &str, now: Instant) -> Option<usize> {
    let breaker = Breaker::new(policy, 0);
    pattern.chars().position(|call| {
        let health = if call == 'x' { Health::Unwell } else { Health::Well };
        permit(&breaker, now).record(health, now).is_some()
    })
}

/// A breaker that five failures have opened.
fn opened(policy: BreakerPolicy, now: Instant) -> Arc<Breaker> {
    let breaker = Breaker::new(policy, 0);
    for _ in 0..5 {
        permit(&breaker, now).record(Health::Unwell, now);
    }
    assert!(is_held(&breaker, now));
    breaker
}

#[test]
fn it_opens_by_its_rate_and_before_there_is_one_by_failures_in_a_row() {
    let now = Instant::now();
    let check = |pattern: &str, expect| assert_eq!(calls_until_open(policy(), pattern, now), expect, "{pattern}");
    check("xxxxx", Some(4));
    check("xxxx", None);
    check(".xxxx.xxxx", Some(9));
    // Five in a row of twenty are no rate of a half.
    check("..........xxxxx", None);
    check("..........xxxxxxxxxx", Some(19));
    check("xx.x.x.x.x", Some(9));
    check("x.x.x..x..", None);
    let rate_only = BreakerPolicy { consecutive: None, ..policy() };
    assert_eq!(calls_until_open(rate_only, "xxxxxxxxxx", now), Some(9));
    let off = BreakerPolicy::default();
    assert_eq!(calls_until_open(off, "xxxxxxxxxxxxxxxxxxxx", now), None);
}

#[test]
fn four_failures_of_five_open_it_though_they_never_come_in_a_long_row() {
    let pattern = ".xxxx".repeat(4);
    assert_eq!(calls_until_open(policy(), &pattern, Instant::now()), Some(9));
}

#[test]
fn what_is_older_than_the_window_is_forgotten() {
    let start = Instant::now();
    let breaker = Breaker::new(policy(), 0);
    for _ in 0..4 {
        permit(&breaker, start).record(Health::Unwell, start);
    }
    let late = after(start, 61);
    assert_eq!(permit(&breaker, late).record(Health::Unwell, late), None);
}

#[test]
fn only_the_providers_health_counts() {
    let check = |fault, status, expect| {
        let error = CallError { status, ..CallError::new(fault, "") };
        assert_eq!(Health::of(&error), expect, "{fault:?} {status:?}");
    };
    for fault in [Fault::Connect, Fault::Disconnected, Fault::Stalled, Fault::Overloaded] {
        check(fault, None, Health::Unwell);
    }
    check(Fault::Timeout(TimePhase::FirstByte), None, Health::Unwell);
    for status in [500, 502, 503, 504] {
        check(Fault::Server, Some(status), Health::Unwell);
    }
    for status in [408, 409, 425] {
        check(Fault::Server, Some(status), Health::Unknown);
    }
    for fault in [
        Fault::RateLimited,
        Fault::BadRequest,
        Fault::Auth,
        Fault::ContextLength,
        Fault::Protocol,
        Fault::Truncated,
        Fault::Cancelled,
    ] {
        check(fault, None, Health::Unknown);
    }
    let now = Instant::now();
    let breaker = Breaker::new(policy(), 0);
    for _ in 0..100 {
        permit(&breaker, now).record(Health::Unknown, now);
    }
    assert_eq!(breaker.state(now), BreakerState::Closed);
}

#[test]
fn it_stays_open_longer_each_time_up_to_its_cap() {
    let mut now = Instant::now();
    let breaker = Breaker::new(policy(), 7);
    for _ in 0..4 {
        permit(&breaker, now).record(Health::Unwell, now);
    }
    for full in [5.0, 10.0, 20.0, 40.0, 60.0, 60.0, 60.0] {
        let open = permit(&breaker, now).record(Health::Unwell, now).unwrap();
        assert!((full * 0.75..=full).contains(&open.as_secs_f64()), "{open:?} of {full} s");
        assert!(is_held(&breaker, now + open - Duration::from_millis(1)));
        now += open;
    }
    permit(&breaker, now).record(Health::Well, now);
    assert_eq!(breaker.state(now), BreakerState::Closed);
}

#[test]
fn it_knows_how_long_it_has_been_out_of_health() {
    let zero = Instant::now();
    let breaker = opened(BreakerPolicy { open_ms: 4_000, ..policy() }, zero);
    assert_eq!(breaker.unwell_for(after(zero, 3)), Some(Duration::from_secs(3)));
    permit(&breaker, after(zero, 5)).record(Health::Unwell, after(zero, 5));
    assert_eq!(
        breaker.unwell_for(after(zero, 7)),
        Some(Duration::from_secs(7)),
        "a probe that fails begins nothing anew"
    );
    permit(&breaker, after(zero, 30)).record(Health::Well, after(zero, 30));
    assert_eq!(breaker.unwell_for(after(zero, 31)), None);
}

#[test]
fn late_results_change_nothing() {
    let start = Instant::now();
    let breaker = Breaker::new(policy(), 0);
    let (early, later) = (permit(&breaker, start), permit(&breaker, start));
    for _ in 0..5 {
        permit(&breaker, start).record(Health::Unwell, start);
    }
    let BreakerState::Open { left } = breaker.state(start) else { panic!("five failures open it") };
    early.record(Health::Well, start);
    assert_eq!(breaker.state(start), BreakerState::Open { left });
    let due = start + left;
    let probe = permit(&breaker, due);
    later.record(Health::Unwell, due);
    assert_eq!(breaker.state(due), BreakerState::HalfOpen, "a failure from before pushes nothing back");
    probe.record(Health::Well, due);
    assert_eq!(breaker.state(due), BreakerState::Closed);
}

#[test]
fn a_probe_that_hangs_or_is_dropped_frees_its_place() {
    let start = Instant::now();
    let breaker = opened(policy(), start);
    let due = after(start, 5);
    let hung = permit(&breaker, due);
    assert!(is_held(&breaker, after(due, 59)));
    assert!(hung.holds(after(due, 59)) && !hung.holds(after(due, 60)));
    let second = permit(&breaker, after(due, 60));
    assert!(is_held(&breaker, after(due, 61)));
    drop(second);
    let third = permit(&breaker, after(due, 61));
    third.record(Health::Unknown, after(due, 62));
    // What the slow one says at last is news of now all the same.
    hung.record(Health::Well, after(due, 63));
    assert_eq!(breaker.state(after(due, 63)), BreakerState::Closed);
}

#[test]
fn as_many_successes_close_it_as_the_policy_asks_for() {
    let start = Instant::now();
    let breaker = opened(BreakerPolicy { close_after: 2, probes: 3, ..policy() }, start);
    let due = after(start, 5);
    let probes = [permit(&breaker, due), permit(&breaker, due), permit(&breaker, due)];
    assert!(is_held(&breaker, due));
    let [first, second, _third] = probes;
    first.record(Health::Well, due);
    assert_eq!(breaker.state(due), BreakerState::HalfOpen);
    second.record(Health::Well, due);
    assert_eq!(breaker.state(due), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn of_five_hundred_waiting_callers_the_probes_alone_reach_the_wire() {
    for probes in 1..=3 {
        let breaker = opened(BreakerPolicy { probes, ..policy() }, Instant::now());
        let (on_wire, most, through) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let counts = Arc::new((on_wire, most, through));
        let mut callers = JoinSet::new();
        for _ in 0..500 {
            let (breaker, counts) = (breaker.clone(), counts.clone());
            callers.spawn(async move {
                let permit = breaker.admit().await;
                let probing = permit.is_probe();
                let now_on_wire = counts.0.fetch_add(1, Ordering::Relaxed) + 1;
                if probing {
                    counts.1.fetch_max(now_on_wire, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_secs(2)).await;
                counts.0.fetch_sub(1, Ordering::Relaxed);
                counts.2.fetch_add(usize::from(probing), Ordering::Relaxed);
                permit.record(Health::Well, Instant::now());
            });
        }
        let ended = callers.join_all().await.len();
        let (most, through) = (counts.1.load(Ordering::Relaxed), counts.2.load(Ordering::Relaxed));
        assert_eq!((ended, most, through), (500, probes as usize, probes as usize));
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_probe_holds_the_others_back_for_its_deadline_only() {
    let breaker = opened(policy(), Instant::now());
    let hung = breaker.admit().await;
    let began = Instant::now();
    let next = breaker.admit().await;
    assert_eq!(began.elapsed(), Duration::from_mins(1));
    next.record(Health::Well, Instant::now());
    breaker.admit().await.record(Health::Well, Instant::now());
    drop(hung);
    assert_eq!(breaker.state(Instant::now()), BreakerState::Closed);
}

proptest! {
    #[test]
    fn it_never_has_more_probes_than_places_and_never_holds_back_for_ever(
        steps in proptest::collection::vec((0_u8..5, 0_u64..20_000), 1..300),
        probes in 1_u32..=3,
    ) {
        let mut now = Instant::now();
        let breaker = Breaker::new(BreakerPolicy { probes, ..policy() }, 1);
        let mut open: Vec<(Permit, Instant)> = Vec::new();
        for (step, pass) in steps {
            now += Duration::from_millis(pass);
            match (step, breaker.permit(now)) {
                (_, Admission::WaitUntil(until)) => prop_assert!(until > now && until <= after(now, 60)),
                (0, Admission::Permit(permit)) => open.push((permit, now)),
                (1, Admission::Permit(permit)) => drop(permit),
                (2, Admission::Permit(permit)) => drop(permit.record(Health::Well, now)),
                (_, Admission::Permit(permit)) => drop(permit.record(Health::Unwell, now)),
            }
            let trying = open.iter().filter(|(permit, _)| permit.is_probe() && permit.holds(now)).count();
            prop_assert!(trying <= probes as usize);
            if step == 4 && !open.is_empty() {
                open.remove(0).0.record(Health::Unwell, now);
            }
        }
    }
}
