//! A provider that does not get well holds a run up only as long as its owner waits, under paused time.
//!
//! Paused time runs on while the record's own thread works, so that waits are of hours: seconds would pass unseen.

use std::sync::Arc;
use std::time::Duration;

use strata::domain::{Fault, RunEvent, RunState};
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
