//! Starts a prepared run, or goes on with one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Display;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::domain::{
    Capability, Case, Fingerprint, ModelId, Place, Policy, Problem, ProviderId, RunHeader, RunId, SecretRef,
    StandInModel, TrialKey, TrialRef, Usd,
};
use crate::engine::{
    Answers, Earlier, Endpoint, NoCache, Route, RunHandle, RunSink, StandInRoute, TextWatcher, Unread, World, start,
};
use crate::plan::Plan;
use crate::provider::{ConnectOptions, KeyStore, Nobody, connect};
use crate::scoring::Checks;
use crate::store::records::{Records, RecordsError};

use super::prepare::Prepared;

#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error("{}", list(.0))]
    Problems(Vec<Problem>),
    #[error("This workspace is not trusted to do what the run needs:\n{}", list(.0))]
    Untrusted(BTreeSet<Capability>),
    /// Holds who has the JavaScript, in words.
    #[error(
        "The JavaScript of {0} was changed since the run began, so that the run cannot go on: only what the workspace \
         holds now can be granted. Start a new run, or put the script back as it was."
    )]
    Outdated(String),
    #[error("{0}")]
    Records(#[from] RecordsError),
    #[error("The run cannot start: {0}")]
    System(#[from] io::Error),
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join("\n")
}

/// What a run is started with.
pub struct Start<'a> {
    pub records: &'a Records,
    /// What the user has agreed to.
    pub granted: &'a BTreeSet<Capability>,
    pub keys: Arc<dyn KeyStore>,
    /// After the recorder, in this order.
    pub watchers: Vec<Box<dyn RunSink>>,
    pub runtime: &'a Handle,
    pub on_text: Option<TextWatcher>,
    pub stall_limit: Option<Duration>,
    /// How long the run stands still behind a breaker before it ends as incomplete; `None` waits for ever.
    pub patience: Option<Duration>,
}

/// Starts a new run.
///
/// # Errors
/// What the run asks for is not granted, a provider cannot be reached with what is set, or the record cannot be opened.
pub fn begin(prepared: Prepared, how: Start<'_>) -> Result<RunHandle, LaunchError> {
    go(prepared, Earlier::default(), how)
}

/// What a resume would do, before it does.
pub struct Resumed {
    pub prepared: Prepared,
    pub(super) earlier: Earlier,
    /// By column, the trials that will run and need an answer that is not on record: the others are scored alone.
    pub(super) calls: Vec<u64>,
}

impl Resumed {
    /// Trials that have ended and are kept.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.earlier.kept.len() as u64
    }

    /// Trials that will run.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.prepared.plan.trials().saturating_sub(self.kept())
    }

    /// What the run has paid so far.
    #[must_use]
    pub const fn spent(&self) -> Usd {
        self.earlier.spent
    }

    /// Attempts of which nobody knows whether they were answered.
    #[must_use]
    pub const fn ambiguous(&self) -> u64 {
        self.earlier.ambiguous
    }
}

/// Finds out what is left of a run: trials go by what they are and not by their place, so that only those run again
/// whose case, prompt or model has changed.
///
/// # Errors
/// The run cannot be read, or goes on at this moment.
pub fn take_up(mut prepared: Prepared, run: &RunId, records: &Records) -> Result<Resumed, LaunchError> {
    let earlier = records.resume(run)?;
    let mut header =
        RunHeader { id: run.clone(), started_at: earlier.header.started_at, ..(*prepared.plan.header).clone() };
    if !caches(&earlier.header) {
        prepared.policy.cache.on = false;
        header.definition.policy.iter_mut().for_each(|policy| policy.cache.on = false);
    }
    prepared.plan.header = Arc::new(header);
    let plan = &prepared.plan;
    // What later cases see of earlier answers is not on record as such: those are answered again, and not paid again.
    let indexes = plan.indexes().filter(|_| !plan.remembers);
    let asked: HashMap<u64, (TrialKey, Fingerprint)> = indexes
        .filter_map(|index| {
            let planned = plan.prepare(plan.trial(index)).ok()?;
            Some((index, (planned.key, planned.call)))
        })
        .collect();
    let finished = asked.iter().filter(|(_, (key, _))| earlier.finished.contains_key(key));
    let finished = finished.map(|(index, (key, _))| (*index, *key)).collect();
    let kept = with_whole_groups(plan, &prepared.checks, finished, &earlier.compared);
    let is_kept: HashSet<&TrialKey> = kept.values().collect();
    let again: HashSet<TrialKey> = earlier.finished.keys().filter(|key| !is_kept.contains(key)).copied().collect();
    let mut answered = if again.is_empty() { Answers::default() } else { records.answers_of(run, &again)? };
    answered.extend(earlier.answered);
    let unread = answers_unread(&earlier.received);
    let calls = calls_left(plan, &asked, &kept, &answered, unread, earlier.finished.len() as u64);
    let earlier = Earlier {
        kept,
        answered,
        vectors: Some(records.vectors_of(run)),
        received: Mutex::new(earlier.received),
        ambiguous: earlier.ambiguous,
        spent: earlier.spent,
        begun: true,
    };
    Ok(Resumed { prepared, earlier, calls })
}

/// The calls that trials of each column are still to make: those whose answer is not there yet.
fn calls_left(
    plan: &Plan,
    asked: &HashMap<u64, (TrialKey, Fingerprint)>,
    kept: &HashMap<u64, TrialKey>,
    answered: &Answers,
    mut unread: HashMap<Fingerprint, usize>,
    ended: u64,
) -> Vec<u64> {
    let mut is_paid = |index: u64| {
        let Some((key, call)) = asked.get(&index) else { return false };
        answered.get(key, call).is_some()
            || unread.get_mut(call).is_some_and(|left| std::mem::replace(left, left.saturating_sub(1)) > 0)
    };
    let mut calls = vec![0; plan.header.columns()];
    for index in plan.indexes().filter(|index| !kept.contains_key(index)) {
        let trial = plan.trial(index);
        calls[plan.header.column(trial)] += u64::from(plan.asks(trial) && !is_paid(index));
    }
    if plan.remembers {
        for calls in &mut calls {
            *calls -= (ended * *calls / plan.trials().max(1)).min(*calls);
        }
    }
    calls
}

/// How many trials replies that nobody has read will answer, by their request: each answers one, and an error none.
fn answers_unread(received: &HashMap<Fingerprint, Vec<Unread>>) -> HashMap<Fingerprint, usize> {
    let answers = |replies: &[Unread]| replies.iter().filter(|unread| unread.reply.status < 300).count();
    received.iter().map(|(request, replies)| (*request, answers(replies))).collect()
}

/// Whether answers of earlier calls could stand in a run: one that asks everything anew does so to its end.
fn caches(header: &RunHeader) -> bool {
    header.definition.policy.as_ref().is_none_or(|policy| policy.cache.on)
}

/// Outputs that are compared with each other are kept all or none, and only where they were compared among just those that
/// the plan has of their case: trials may have ended one by one, each without the others, in several executions.
fn with_whole_groups(
    plan: &Plan,
    checks: &Checks,
    mut kept: HashMap<u64, TrialKey>,
    compared: &HashMap<TrialKey, u32>,
) -> HashMap<u64, TrialKey> {
    if !plan.cases.has_options() && !checks.compare_outputs(&Case::default()) {
        return kept;
    }
    let mut settled: HashMap<(u32, u16), usize> = HashMap::new();
    for (index, key) in &kept {
        let trial = plan.trial(*index);
        let is_settled = compared.get(key).is_some_and(|size| *size as usize == plan.columns_of(trial));
        *settled.entry((trial.case, trial.repeat)).or_default() += usize::from(is_settled);
    }
    let is_part = |trial: TrialRef| {
        let whole = settled.get(&(trial.case, trial.repeat)) == Some(&plan.columns_of(trial));
        !whole && plan.case(trial).is_ok_and(|case| checks.compare_outputs(&case))
    };
    kept.retain(|index, _| !is_part(plan.trial(*index)));
    kept
}

/// Goes on with a run.
///
/// # Errors
/// As [`begin`]; and JavaScript of its checks was changed since, and what it was is not granted.
pub fn resume(resumed: Resumed, how: Start<'_>) -> Result<RunHandle, LaunchError> {
    go(resumed.prepared, resumed.earlier, how)
}

fn go(prepared: Prepared, earlier: Earlier, how: Start<'_>) -> Result<RunHandle, LaunchError> {
    let refused: BTreeSet<Capability> = prepared.asks.difference(how.granted).cloned().collect();
    let outdated = prepared.outdated.as_ref().filter(|gone| earlier.begun && refused.contains(gone));
    if let Some(Capability::Run { of, .. }) = outdated {
        return Err(LaunchError::Outdated(of.clone()));
    }
    if !refused.is_empty() {
        return Err(LaunchError::Untrusted(refused));
    }
    missing_variables(&prepared, &*how.keys)?;
    let routes = connect_all(&prepared, how.granted, &how.keys)?;
    let run = prepared.plan.header.id.clone();
    let world = World {
        routes: prepared.plan.header.models.iter().filter_map(|model| routes.get(&model.id).cloned()).collect(),
        stand_ins: stand_ins(&prepared.policy, &routes),
        tiers: tiers(&prepared.plan, &routes),
        validations: prepared.validations,
        sanitiser: prepared.sanitiser,
        inspector: prepared.inspector,
        condenser: prepared.policy.compress.model.as_ref().and_then(|model| routes.get(model).cloned()),
        embedder: prepared.policy.semantic.model().and_then(|model| routes.get(model).cloned()),
        judges: routes.into_iter().filter(|(id, _)| prepared.judges.contains_key(id)).collect(),
        checks: prepared.checks,
        cache: if prepared.policy.cache.on { how.records.cache() } else { Arc::new(NoCache) },
        policy: prepared.policy,
        budget: prepared.budget,
        seed: seed(&run),
        earlier,
        on_text: how.on_text,
        stall_limit: how.stall_limit,
        patience: how.patience,
    };
    let mut sinks: Vec<Box<dyn RunSink>> = vec![Box::new(how.records.recorder(&run)?)];
    sinks.extend(how.watchers);
    Ok(start(prepared.plan, world, sinks, how.runtime)?)
}

fn tiers(plan: &Plan, routes: &BTreeMap<ModelId, Route>) -> BTreeMap<ModelId, Route> {
    let models = plan.variants.iter().filter_map(|variant| variant.tiers.as_ref()).flat_map(|tiers| &tiers.models);
    models.filter_map(|(id, _)| Some((id.clone(), routes.get(id)?.clone()))).collect()
}

fn stand_ins(policy: &Policy, routes: &BTreeMap<ModelId, Route>) -> Vec<StandInRoute> {
    let route = |stand_in: &StandInModel| {
        let route = routes.get(&stand_in.model)?.clone();
        Some(StandInRoute { route, timeout: stand_in.timeout_ms.map(Duration::from_millis) })
    };
    policy.fallback.models.iter().filter_map(route).collect()
}

/// Environment variables that are to hold a key and do not, found before anything is sent. The keyring is not asked
/// here: it may wait for its user.
fn missing_variables(prepared: &Prepared, keys: &dyn KeyStore) -> Result<(), LaunchError> {
    let named: BTreeMap<&SecretRef, &str> = prepared
        .reached
        .values()
        .filter(|reach| reach.is_asked)
        .filter_map(|reach| Some((reach.provider.key.as_ref()?, reach.spec.provider.as_str())))
        .filter(|(key, _)| matches!(key, SecretRef::Env(_)))
        .collect();
    let missing = |(key, provider): (&SecretRef, &str)| Some(no_provider(provider, &keys.read(key).err()?.to_string()));
    let problems: Vec<Problem> = named.into_iter().filter_map(missing).collect();
    if problems.is_empty() { Ok(()) } else { Err(LaunchError::Problems(problems)) }
}

/// One endpoint for each provider, shared by its models and judges. A provider that nothing is asked of is not connected.
fn connect_all(
    prepared: &Prepared,
    granted: &BTreeSet<Capability>,
    keys: &Arc<dyn KeyStore>,
) -> Result<BTreeMap<ModelId, Route>, LaunchError> {
    let asked = prepared.reached.values().filter(|reach| reach.is_asked);
    let asked: BTreeSet<&ProviderId> = asked.map(|reach| &reach.spec.provider).collect();
    let mut endpoints = BTreeMap::new();
    let mut routes = BTreeMap::new();
    for (id, reach) in &prepared.reached {
        let provider_id = &reach.spec.provider;
        if !endpoints.contains_key(provider_id) {
            let options = ConnectOptions {
                timeouts: prepared.policy.timeouts.clone(),
                script: reach.script.clone(),
                allowed: granted.iter().cloned().collect(),
            };
            let provider = if asked.contains(provider_id) {
                connect(&reach.provider, &options, keys.clone())
                    .map_err(|error| LaunchError::Problems(vec![no_provider(&provider_id.0, &error.message)]))?
            } else {
                Arc::new(Nobody)
            };
            let concurrency = prepared.concurrency.unwrap_or(reach.provider.concurrency);
            let endpoint = Endpoint::new(provider_id.clone(), reach.origin.clone(), provider, concurrency)
                .with_key(reach.provider.key.as_ref().map(|key| keys.place(key)))
                .with_policy(&prepared.policy, seed(&prepared.plan.header.id));
            endpoints.insert(provider_id.clone(), Arc::new(endpoint));
        }
        if let Some(endpoint) = endpoints.get(provider_id) {
            routes.insert(id.clone(), reach.route(id, endpoint.clone()));
        }
    }
    Ok(routes)
}

fn seed(run: &RunId) -> u64 {
    run.0.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn no_provider(id: &str, message: &str) -> Problem {
    Problem::error(Place::file("workspace.ron"), format!("The provider `{id}` cannot be used: {message}"), "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RawReply;

    #[test]
    fn a_reply_that_nobody_has_read_answers_one_trial_and_an_error_none() {
        let request = |number| Fingerprint([number; 32]);
        let unread = |status| Unread { reply: RawReply { status, ..RawReply::default() }, booked: Usd::ZERO };
        let received =
            HashMap::from([(request(1), vec![unread(200), unread(500), unread(201)]), (request(2), vec![unread(429)])]);
        assert_eq!(answers_unread(&received), HashMap::from([(request(1), 2), (request(2), 0)]));
    }
}
