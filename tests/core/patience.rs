//! A provider that does not get well holds a run up only as long as its owner waits, under paused time.
//!
//! Paused time runs on while the record's own thread works, so that waits are of hours: seconds would pass unseen.

use std::sync::Arc;
use std::time::Duration;

use strata::domain::{CallError, Fault, RawReply, RunEvent, RunState};
use tokio::time::Instant;

use crate::desk::{Desk, Record, Setup, fails, says};

const PATIENCE: Duration = Duration::from_hours(40);

/// Breakers hold calls back.
fn behind_breakers(desks: &[&Arc<Desk>], patience: Option<Duration>) -> Setup {
    let desks: Vec<_> = desks.iter().map(|desk| Arc::clone(desk)).collect();
    let mut setup = Setup { desks: desks.clone(), patience, ..Setup::new(&desks[0]) };
    setup.policy.breaker.on = true;
    setup
}

/// Down for so long, from now on.
fn down_for(time: Duration) -> Arc<Desk> {
    let start = Instant::now();
    Desk::new(move |_, _| if start.elapsed() < time { fails(Fault::Server) } else { says("right") })
}

/// Whether it is said once that the run ends, and because of whom.
fn names(record: &Record, model: &str) -> bool {
    let said = |event: &RunEvent| match event {
        RunEvent::Notice { message } => message.starts_with(model) && message.contains("the run ends here"),
        _ => false,
    };
    record.events().iter().filter(|event| said(event)).count() == 1
}

#[tokio::test(start_paused = true)]
async fn a_run_ends_when_nobody_gets_well_and_leaves_its_trials() {
    let down = down_for(Duration::from_hours(10_000));
    let begun = Instant::now();
    let (state, record, _) = behind_breakers(&[&down], Some(PATIENCE)).run().await;
    assert_eq!((state, record.ended().len()), (RunState::Incomplete, 0));
    assert!(begun.elapsed() >= PATIENCE, "{:?}", begun.elapsed());
    assert!(names(&record, "model-0"));
}

#[tokio::test(start_paused = true)]
async fn the_trials_of_others_go_on_meanwhile() {
    let (down, up) = (down_for(Duration::from_hours(10_000)), Desk::new(|_, _| says("right")));
    // They take longer than the patience lasts.
    let slow = Arc::new(Desk { latency: Duration::from_hours(8), ..Desk::plain(|_, _| says("right")) });
    let (state, record, _) = behind_breakers(&[&up, &down, &slow], Some(PATIENCE)).run().await;
    assert_eq!((state, record.ended().len()), (RunState::Incomplete, 40));
    assert!(names(&record, "model-1"));
}

#[tokio::test(start_paused = true)]
async fn who_is_waited_for_and_gets_well_is_asked_again() {
    let begun = Instant::now();
    for patience in [None, Some(Duration::from_hours(60))] {
        let (state, record, _) = behind_breakers(&[&down_for(Duration::from_hours(30))], patience).run().await;
        assert_eq!((state, record.ended().len()), (RunState::Completed, 20), "{patience:?}");
    }
    assert!(begun.elapsed() > Duration::from_hours(60));
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_no_standstill() {
    let down = down_for(Duration::from_hours(50));
    let setup = behind_breakers(&[&down], Some(PATIENCE));
    let record = setup.record.clone();
    let handle = setup.start();
    handle.pause();
    tokio::time::sleep(Duration::from_hours(45)).await;
    handle.resume();
    assert_eq!(handle.ended().await, RunState::Completed);
    assert_eq!(record.ended().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn waits_that_a_provider_asks_for_again_and_again_are_no_reason_to_wait_for_ever() {
    let told = || CallError { retry_after_ms: Some(4 * 3_600_000), ..CallError::new(Fault::RateLimited, "wait") };
    let refusing = |until: Duration| {
        let start = Instant::now();
        Desk::new(move |_, _| if start.elapsed() < until { Err(told()) } else { says("right") })
    };
    let setup = |desk: &Arc<Desk>| {
        let mut setup = Setup { patience: Some(PATIENCE), ..Setup::new(desk) };
        setup.policy.limits.pause = true;
        setup
    };
    let (state, record, _) = setup(&refusing(Duration::from_hours(10_000))).run().await;
    assert_eq!((state, record.ended().len()), (RunState::Incomplete, 0));
    assert!(names(&record, "model-0 (model-0) has asked for waits"));
    let (state, record, _) = setup(&refusing(Duration::from_hours(30))).run().await;
    assert_eq!((state, record.ended().len()), (RunState::Completed, 20));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_works_is_not_held_up_by_a_wait_that_another_provider_asks_for() {
    let slow = Arc::new(Desk { latency: Duration::from_hours(60), ..Desk::plain(|_, _| says("right")) });
    let told = || CallError { retry_after_ms: Some(50 * 3_600_000), ..CallError::new(Fault::RateLimited, "wait") };
    let waits = Desk::new(move |_, before| if before == 0 { Err(told()) } else { says("right") });
    let desks = vec![slow, waits.clone()];
    let mut setup = Setup { cases: 2, patience: Some(PATIENCE), desks, ..Setup::new(&waits) };
    setup.policy.limits.pause = true;
    setup.policy.timeouts.total_ms = 100 * 3_600_000;
    let (state, record, _) = setup.run().await;
    assert_eq!((state, record.ended().len()), (RunState::Completed, 4), "{:?}", record.notices());
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_whole_again_in_days_is_not_waited_for() {
    let told = |reset: &'static str| {
        let header = |(name, value): (&str, &str)| (format!("x-ratelimit-{name}-requests"), value.to_owned());
        let headers: Vec<_> = [("limit", "10"), ("remaining", "0"), ("reset", reset)].map(header).into();
        Desk::new(move |_, _| says("right").map(|reply| RawReply { headers: headers.clone(), ..reply }))
    };
    let setup = |desk: &Arc<Desk>| {
        let mut setup = Setup { cases: 3, concurrency: 1, patience: Some(PATIENCE), ..Setup::new(desk) };
        setup.policy.limits.learn = true;
        setup
    };
    let (state, record, _) = setup(&told("900h")).run().await;
    // The second may have left before it was told.
    assert!(state == RunState::Incomplete && (1..3).contains(&record.ended().len()), "{state:?}");
    assert!(names(&record, "The limits that are set"));
    let (state, record, _) = setup(&told("30h")).run().await;
    assert_eq!((state, record.ended().len()), (RunState::Completed, 3));
}
