//! Starts a run and gives its owner a handle.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::domain::{RunEvent, RunHeader, RunState, Usd};
use crate::plan::Plan;

use super::clock::now;
use super::comparison::Comparison;
use super::control::{Control, RunStatus, Stopped, cancel};
use super::dispatcher::{Dispatcher, Ledger};
use super::executor::execute;
use super::guard::{Endpoint, Flights, Semantic, Wallet};
use super::memory::Memory;
use super::patience::lose_patience;
use super::sink::RunSink;
use super::trial::Bench;
use super::world::World;

/// A run under way. Dropping the handle does not stop the run.
pub struct RunHandle {
    header: Arc<RunHeader>,
    control: Arc<Control>,
    endpoints: Vec<Arc<Endpoint>>,
    state: watch::Receiver<Option<RunState>>,
    /// `None` when the run is over.
    ledger: Arc<Mutex<Option<Ledger>>>,
    runtime: Handle,
}

/// Starts a run. The first sink is the recorder: what it has not stored is not shown, and not paid for.
///
/// # Errors
/// The system has no thread left.
pub fn start(plan: Plan, world: World, sinks: Vec<Box<dyn RunSink>>, runtime: &Handle) -> std::io::Result<RunHandle> {
    let plan = Arc::new(plan);
    let (own, endpoints) = (world.own_endpoints(), world.endpoints());
    let kept = world.earlier.kept.len() as u64;
    let control = Arc::new(Control::new(Wallet::new(world.budget, world.earlier.spent), kept));
    let dispatcher = Dispatcher::new(plan.header.id.clone(), sinks, control.clone(), world.stall_limit);
    let (ledger, dispatcher) = dispatcher.spawn()?;
    let (state_sender, state) = watch::channel(None);
    let header = plan.header.clone();
    let handle = RunHandle {
        header,
        control: control.clone(),
        endpoints,
        state,
        ledger: Arc::new(Mutex::new(Some(ledger.clone()))),
        runtime: runtime.clone(),
    };
    let semantic = Semantic::new(&world.policy.semantic, world.embedder.clone());
    let bench = Arc::new(Bench {
        memory: Memory::default(),
        comparison: Comparison::default(),
        plan,
        world,
        flights: Flights::default(),
        semantic,
        ledger,
        control,
    });
    let shared_ledger = handle.ledger.clone();
    runtime.spawn(async move {
        let state = conduct(bench, &own).await;
        shared_ledger.lock().unwrap_or_else(PoisonError::into_inner).take();
        // The thread ends with its last ledger; then the recorder is closed, and the run is over.
        let _ = tokio::task::spawn_blocking(move || dispatcher.join()).await;
        state_sender.send_replace(Some(state));
    });
    Ok(handle)
}

/// The run from its first event to its last.
async fn conduct(bench: Arc<Bench>, endpoints: &[Arc<Endpoint>]) -> RunState {
    let told = async {
        open(&bench).await?;
        let state = tokio::select! {
            state = execute(bench.clone(), endpoints) => state,
            () = watched(&bench) => RunState::Incomplete,
        };
        if state != RunState::Running {
            bench.ledger.commit(RunEvent::Ended { state, at: now() }).await?;
        }
        Ok::<_, Stopped>(state)
    };
    told.await.unwrap_or(RunState::Incomplete)
}

/// Looks after the run while it goes on, for as long as it does.
async fn watched(bench: &Bench) {
    match bench.world.patience {
        Some(limit) => lose_patience(bench, limit).await,
        None => std::future::pending().await,
    }
}

/// Says that the run begins, or goes on with what is kept.
async fn open(bench: &Bench) -> Result<(), Stopped> {
    bench.ledger.commit(RunEvent::Started(bench.plan.header.clone())).await?;
    let earlier = &bench.world.earlier;
    if !earlier.begun {
        return Ok(());
    }
    let resumed = RunEvent::Resumed { kept: earlier.kept.len() as u64, ambiguous: earlier.ambiguous };
    bench.ledger.commit(resumed).await?;
    for (index, key) in &earlier.kept {
        bench.ledger.say(RunEvent::TrialKept { trial: bench.plan.trial(*index), key: *key }).await?;
    }
    Ok(())
}

impl RunHandle {
    #[must_use]
    pub fn header(&self) -> &Arc<RunHeader> {
        &self.header
    }

    /// Makes no further call until [`RunHandle::resume`]; calls in flight end.
    pub fn pause(&self) {
        if self.control.set_paused(true) {
            self.tell(RunEvent::Paused { reason: "Paused by a person.".to_owned() });
        }
    }

    pub fn resume(&self) {
        if self.control.set_paused(false) {
            self.tell(RunEvent::Continued);
        }
    }

    /// The first time no further call is made and calls in flight may end, for 30 s at most; the second time they are
    /// dropped, and listed as ambiguous.
    pub fn cancel(&self) {
        cancel(&self.control, &self.runtime);
    }

    /// The program ends: no further call is made, calls in flight may end, and the run stays open on record, so that it
    /// goes on when its workspace is opened again.
    pub fn leave(&self) {
        self.control.drain(RunState::Running);
    }

    /// Sets another hard budget while the run goes on.
    pub fn set_budget(&self, hard: Option<Usd>) {
        self.control.wallet.set_cap(hard);
        self.tell(RunEvent::BudgetRaised { hard });
    }

    #[must_use]
    pub fn status(&self) -> RunStatus {
        self.control.status(self.header.trials(), &self.endpoints, *self.state.borrow())
    }

    /// Waits for the run's end.
    pub async fn ended(&self) -> RunState {
        let mut state = self.state.clone();
        state.wait_for(Option::is_some).await.ok().and_then(|state| *state).unwrap_or(RunState::Incomplete)
    }

    fn tell(&self, event: RunEvent) {
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(ledger) = ledger {
            self.runtime.spawn(async move { ledger.say(event).await });
        }
    }
}
