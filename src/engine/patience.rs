//! The end of waiting: a run that nobody watches is not held up for ever by a provider that does not get well.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::{RunEvent, RunState};

use super::guard::Endpoint;
use super::trial::Bench;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// Ends the run as incomplete once no trial has ended for `limit` while a breaker held calls back for as long. Trials
/// that wait are left for a resume; none is failed. It never comes back by itself.
pub async fn lose_patience(bench: &Bench, limit: Duration) {
    let endpoints = endpoints(bench);
    let (mut ended, mut since) = (bench.control.ended(), Instant::now());
    loop {
        tokio::time::sleep(LOOK).await;
        let moves = bench.control.is_paused() || bench.control.ended() != ended;
        if moves {
            (ended, since) = (bench.control.ended(), Instant::now());
        }
        let unwell = endpoints.iter().filter_map(|endpoint| Some((endpoint, endpoint.longest_unwell()?)));
        let longest = unwell.max_by_key(|(_, (_, time))| *time).filter(|(_, (_, time))| *time >= limit);
        let Some((endpoint, (model, time))) = longest.filter(|_| since.elapsed() >= limit) else { continue };
        if !bench.control.is_draining() {
            let message = format!(
                "{model} at {} ({}) has been out of health for {} min and no trial ends any more: the run ends here, its \
                 other trials are left for a resume.",
                endpoint.id,
                endpoint.origin,
                time.as_secs() / 60
            );
            let _ = bench.ledger.say(RunEvent::Notice { message }).await;
            bench.control.drain(RunState::Incomplete);
        }
    }
}

/// All endpoints that the run may ask, each once.
fn endpoints(bench: &Bench) -> Vec<Arc<Endpoint>> {
    let world = &bench.world;
    let stand_ins = world.stand_ins.iter().map(|stand_in| &stand_in.route);
    let helpers = world.embedder.iter().chain(&world.condenser).chain(world.judges.values());
    let routes = world.routes.iter().chain(stand_ins).chain(world.tiers.values()).chain(helpers);
    let mut endpoints: Vec<Arc<Endpoint>> = Vec::new();
    for route in routes {
        if !endpoints.iter().any(|known| Arc::ptr_eq(known, &route.endpoint)) {
            endpoints.push(route.endpoint.clone());
        }
    }
    endpoints
}
