//! The end of waiting: a run that nobody watches is not held up for ever by a provider that does not get well.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{RunEvent, RunState, duration};

use super::guard::Endpoint;
use super::trial::Bench;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Ends the run as incomplete once no trial has ended for `limit` while a breaker held calls back for as long, or, with no
/// call in flight, a wait that the provider asked for, or limits that let none leave. Trials that wait are left for a
/// resume; none is failed. It never comes back by itself.
pub async fn lose_patience(bench: &Bench, limit: Duration) {
    let endpoints = bench.world.endpoints();
    let control = &bench.control;
    let (mut ended, mut since) = (control.ended(), Instant::now());
    let (mut begun, mut quiet) = (control.begun_and_over(), Instant::now());
    loop {
        tokio::time::sleep(LOOK).await;
        if control.is_paused() || control.ended() != ended {
            (ended, since) = (control.ended(), Instant::now());
        }
        // A call that waits for its record is not held back by a limit.
        let is_free = control.is_paused() || bench.ledger.is_waited_for();
        if is_free || control.begun_and_over() != begun || begun.is_none() {
            (begun, quiet) = (control.begun_and_over(), Instant::now());
        }
        let is_idle = control.begun_and_over().is_some();
        let held_up = endpoints.iter().filter_map(|endpoint| held_up_by(endpoint, is_idle));
        let held_up = held_up.max_by_key(|(_, time)| *time).filter(|(_, time)| *time >= limit);
        let quiet = Some(quiet.elapsed()).filter(|time| *time >= limit);
        let quiet =
            quiet.map(|time| ("The limits that are set, or that a provider told, let no call leave".to_owned(), time));
        let Some((what, time)) = held_up.or(quiet).filter(|_| since.elapsed() >= limit) else { continue };
        if !control.is_draining() {
            let message = format!(
                "{what} for {} and no trial ends any more: the run ends here, its other trials are left for a resume.",
                duration(time)
            );
            let _ = bench.ledger.say(RunEvent::Notice { message }).await;
            control.drain(RunState::Incomplete);
        }
    }
}

/// What holds calls of the endpoint back and for how long it has, where anything does. A wait that was asked for holds
/// nobody up while the run has calls in flight.
fn held_up_by(endpoint: &Endpoint, is_idle: bool) -> Option<(String, Duration)> {
    let Endpoint { id, origin, .. } = endpoint;
    let unwell = endpoint.longest_unwell();
    let unwell = unwell.map(|(model, time)| (format!("{model} at {id} ({origin}) has been out of health"), time));
    let paused = endpoint.paused_for().filter(|_| is_idle);
    let paused = paused.map(|time| (format!("{id} ({origin}) has asked for waits"), time));
    [unwell, paused].into_iter().flatten().max_by_key(|(_, time)| *time)
}
