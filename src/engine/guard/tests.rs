//! Simulations: many callers, a provider that behaves as providers do, and a clock that runs by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::endpoint::Outlook;
use super::retry::Backoff;
use super::{Bounds, BreakerState, Endpoint};
use crate::domain::{
    BreakerPolicy, CallError, ChatRequest, Completion, Fault, FinishReason, LimitPolicy, Policy, RawReply, RetryBudget,
    RetryPolicy, Usage,
};
use crate::provider::{BoxFuture, OnText, Provider, Received};

const MINUTE: Duration = Duration::from_mins(1);
/// Callers at once.
const CALLERS: u64 = 64;

/// A call as it arrived at the provider.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    at: Duration,
    usage: Usage,
    refused: bool,
}

type Behaviour = Box<dyn Fn(&mut Desk, Duration, Usage) -> (Duration, RawReply) + Send + Sync>;

/// A provider in memory.
struct Simulated {
    start: Instant,
    behaviour: Behaviour,
    desk: Mutex<Desk>,
}

struct Desk {
    rng: SmallRng,
    arrivals: Vec<Arrival>,
    /// Those of the last minute.
    recent: VecDeque<Arrival>,
    /// What is left of a token bucket, and since when.
    bucket: (f64, Duration),
}

impl Provider for Simulated {
    fn exchange<'a>(&'a self, _: &'a ChatRequest, _: OnText<'a>) -> BoxFuture<'a, Result<Received, CallError>> {
        let (latency, reply) = {
            let mut desk = self.desk.lock().unwrap();
            let now = self.start.elapsed();
            let usage = Usage {
                input_tokens: desk.rng.random_range(300..=700),
                output_tokens: desk.rng.random_range(20..=400),
                ..Usage::default()
            };
            let (latency, reply) = (self.behaviour)(&mut desk, now, usage);
            let refused = reply.status != 200;
            let arrival = Arrival { at: now, usage, refused };
            desk.arrivals.push(arrival);
            desk.recent.push_back(arrival);
            while desk.recent.front().is_some_and(|first| first.at + MINUTE <= now) {
                desk.recent.pop_front();
            }
            (latency, reply)
        };
        Box::pin(async move {
            tokio::time::sleep(latency).await;
            Ok(reply.into())
        })
    }

    fn read(&self, _: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError> {
        if reply.status != 200 {
            let retry_after_ms = reply.header("retry-after-ms").and_then(|ms| ms.parse().ok());
            let fault = if reply.status == 429 { Fault::RateLimited } else { Fault::Server };
            return Err(CallError { status: Some(reply.status), retry_after_ms, ..CallError::new(fault, "") });
        }
        Ok(Completion {
            text: String::new(),
            reasoning: None,
            tool_calls: Vec::new(),
            finish: FinishReason::Stop,
            usage: serde_json::from_slice(&reply.body).unwrap(),
            model: None,
            request_id: None,
            first_token_ms: None,
            latency_ms: reply.latency_ms,
        })
    }
}

fn answered(usage: Usage) -> RawReply {
    RawReply { status: 200, body: serde_json::to_vec(&usage).unwrap(), ..RawReply::default() }
}

fn status(status: u16, headers: &[(&str, String)]) -> RawReply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    RawReply { status, headers, ..RawReply::default() }
}

/// How a run of calls went.
struct Run {
    endpoint: Arc<Endpoint>,
    provider: Arc<Simulated>,
    answered: usize,
    failed: usize,
}

impl Run {
    fn arrivals(&self) -> Vec<Arrival> {
        self.provider.desk.lock().unwrap().arrivals.clone()
    }
}

/// One call as the guarded call makes it: enters, sends, records, and waits or enters again; whether it was answered.
async fn guarded_call(endpoint: &Endpoint, policy: &RetryPolicy, seed: u64) -> bool {
    // Four bytes to a token, and the most that the model may write.
    let bounds = Bounds { input_tokens: 4 * 500, output_tokens: 1_000 };
    let request = ChatRequest {
        model: "model".to_owned(),
        messages: Vec::new(),
        params: crate::domain::Params::default(),
        tools: Vec::new(),
        sample: 0,
    };
    let mut backoff = Backoff::new(policy, seed);
    let mut is_retry = false;
    loop {
        let mut entry = endpoint.enter("model", bounds).await.unwrap();
        entry.mark_sent(is_retry);
        is_retry = true;
        let exchanged = endpoint.provider.exchange(&request, &|_| {}).await;
        entry.free_slot();
        let read = |reply: &RawReply| endpoint.provider.read(&request, reply).map(Arc::new);
        let result = exchanged.as_deref().map_err(Clone::clone).and_then(read);
        let aftermath = entry.record(&result, exchanged.as_deref().ok());
        let Err(error) = result else { return true };
        if aftermath.enters_again {
            continue;
        }
        let wait = backoff.wait_after(&error).and_then(|wait| endpoint.retry_wait(wait, Duration::from_mins(10)));
        let Some(wait) = wait else { return false };
        tokio::time::sleep(wait).await;
    }
}

/// Makes calls, `CALLERS` at a time, one after the other each, until `calls` are made or `time` is over.
async fn run(policy: Policy, concurrency: u32, calls: u64, time: Duration, behaviour: Behaviour) -> Run {
    let start = Instant::now();
    let desk = Desk {
        rng: SmallRng::seed_from_u64(11),
        arrivals: Vec::new(),
        recent: VecDeque::new(),
        bucket: (f64::MAX, Duration::ZERO),
    };
    let provider = Arc::new(Simulated { start, behaviour, desk: Mutex::new(desk) });
    let endpoint = Endpoint::new("desk".into(), "desk".into(), provider.clone(), concurrency).with_policy(&policy, 5);
    let endpoint = Arc::new(endpoint);
    let retry = Arc::new(policy.retry);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (endpoint, retry) = (endpoint.clone(), retry.clone());
        callers.spawn(async move {
            let (mut answered, mut failed) = (0, 0);
            for call in 0..calls.div_ceil(CALLERS) {
                if start.elapsed() >= time {
                    break;
                }
                let ok = guarded_call(&endpoint, &retry, call * CALLERS + caller).await;
                (answered, failed) = if ok { (answered + 1, failed) } else { (answered, failed + 1) };
            }
            (answered, failed)
        });
    }
    let all = callers.join_all().await;
    let answered = all.iter().map(|(answered, _)| answered).sum();
    let failed = all.iter().map(|(_, failed)| failed).sum();
    Run { endpoint, provider, answered, failed }
}

/// The most of something in any stretch of that length, a moment being the start of each.
fn peak(arrivals: &[Arrival], stretch: Duration, units: impl Fn(&Arrival) -> u64) -> u64 {
    let (mut first, mut sum, mut most) = (0, 0, 0);
    for arrival in arrivals {
        sum += units(arrival);
        while arrivals[first].at + stretch <= arrival.at {
            sum -= units(&arrivals[first]);
            first += 1;
        }
        most = most.max(sum);
    }
    most
}

/// What was used between two minutes, a minute.
fn per_minute(arrivals: &[Arrival], minutes: std::ops::Range<u32>, units: impl Fn(&Arrival) -> u64) -> f64 {
    let within = arrivals.iter().filter(|arrival| (minutes.start * MINUTE..minutes.end * MINUTE).contains(&arrival.at));
    let sum = u32::try_from(within.map(units).sum::<u64>()).unwrap();
    f64::from(sum) / f64::from(minutes.end - minutes.start)
}

fn refused(arrivals: &[Arrival]) -> usize {
    arrivals.iter().filter(|arrival| arrival.refused).count()
}

/// A provider that counts what it took in the last 60 s and refuses what goes past its limit.
fn strict(limit: u64, units: fn(&Arrival) -> u64) -> Behaviour {
    Box::new(move |desk, now, usage| {
        let this = Arrival { at: now, usage, refused: false };
        let recent: u64 = desk.recent.iter().filter(|one| one.at + MINUTE > now && !one.refused).map(units).sum();
        let latency = Duration::from_millis(desk.rng.random_range(1_000..4_000));
        if recent + units(&this) > limit {
            return (Duration::from_millis(50), status(429, &[]));
        }
        (latency, answered(usage))
    })
}

/// Runs against a limit for ten minutes: never above it, nearly all of it used, hardly anything refused.
async fn keeps_to(limits: LimitPolicy, limit: u64, units: fn(&Arrival) -> u64) {
    let policy = Policy { limits, ..Policy::default() };
    let run = run(policy, 64, 1_000_000, 10 * MINUTE, strict(limit, units)).await;
    let arrivals = run.arrivals();
    let most = peak(&arrivals, MINUTE, units);
    assert!(most <= limit, "{most} of {limit} in 60 s");
    let used = per_minute(&arrivals, 2..10, units);
    let share = used / f64::from(u32::try_from(limit).unwrap());
    assert!(share >= 0.95, "{used} of {limit} a minute are used");
    assert!(refused(&arrivals) * 100 < arrivals.len(), "{} of {}", refused(&arrivals), arrivals.len());
    assert_eq!(run.failed, 0);
}

#[tokio::test(start_paused = true)]
async fn requests_keep_to_their_limit_and_use_it() {
    for limit in [30, 300] {
        keeps_to(LimitPolicy { requests_per_minute: Some(limit), ..LimitPolicy::default() }, limit, |_| 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn input_tokens_keep_to_their_limit_and_use_it() {
    let limits = LimitPolicy { input_tokens_per_minute: Some(200_000), ..LimitPolicy::default() };
    keeps_to(limits, 200_000, |arrival| arrival.usage.input_tokens).await;
}

#[tokio::test(start_paused = true)]
async fn output_tokens_keep_to_their_limit_and_use_it_though_their_bound_is_five_times_too_large() {
    let limits = LimitPolicy { output_tokens_per_minute: Some(100_000), ..LimitPolicy::default() };
    keeps_to(limits, 100_000, |arrival| arrival.usage.output_tokens).await;
}

#[tokio::test(start_paused = true)]
async fn the_tightest_of_several_limits_holds() {
    let limits = LimitPolicy {
        requests_per_minute: Some(600),
        input_tokens_per_minute: Some(100_000),
        output_tokens_per_minute: Some(100_000),
        ..LimitPolicy::default()
    };
    keeps_to(limits, 100_000, |arrival| arrival.usage.input_tokens).await;
}

/// A token bucket of so many requests a minute that tells what is left, as providers do; some of it others use.
fn telling(limit: u32) -> Behaviour {
    let per_second = f64::from(limit) / 60.0;
    Box::new(move |desk, now, usage| {
        let (left, since) = desk.bucket;
        let left = (left + now.saturating_sub(since).as_secs_f64() * per_second).min(f64::from(limit));
        let fits = left >= 1.0;
        let left = if fits { left - 1.0 } else { left };
        desk.bucket = (left, now);
        let headers = [
            ("x-ratelimit-limit-requests", limit.to_string()),
            ("x-ratelimit-remaining-requests", left.floor().to_string()),
            ("x-ratelimit-reset-requests", format!("{}s", (f64::from(limit) - left) / per_second)),
        ];
        if !fits {
            return (Duration::from_millis(50), status(429, &headers));
        }
        let reply = RawReply { headers: status(200, &headers).headers, ..answered(usage) };
        (Duration::from_millis(desk.rng.random_range(1_000..4_000)), reply)
    })
}

#[tokio::test(start_paused = true)]
async fn limits_that_nobody_has_set_are_learned_from_the_answers() {
    let learning = Policy { limits: LimitPolicy { learn: true, ..LimitPolicy::default() }, ..Policy::default() };
    let run_for = |policy, minutes| run(policy, 64, 1_000_000, minutes * MINUTE, telling(300));
    let learned = run_for(learning, 6).await;
    let arrivals = learned.arrivals();
    assert!(refused(&arrivals) * 100 < arrivals.len(), "{} of {}", refused(&arrivals), arrivals.len());
    let used = per_minute(&arrivals, 2..6, |_| 1);
    assert!((285.0..=300.0).contains(&used), "{used} of 300");
    assert!(learned.endpoint.health().models[0].left.requests.is_some());
    let blind = run_for(Policy::default(), 2).await.arrivals();
    assert!(refused(&blind) * 5 > blind.len(), "without it a good part is refused");
}

/// Answers in about a second, and for a while not at all.
fn outage(from: Duration, to: Duration) -> Behaviour {
    Box::new(move |desk, now, usage| {
        let latency = Duration::from_millis(desk.rng.random_range(800..1_200));
        if (from..to).contains(&now) { (latency / 10, status(503, &[])) } else { (latency, answered(usage)) }
    })
}

fn guarded() -> Policy {
    Policy {
        breaker: BreakerPolicy { on: true, ..BreakerPolicy::default() },
        retry: RetryPolicy { budget: RetryBudget { on: true, ..RetryBudget::default() }, ..RetryPolicy::default() },
        ..Policy::default()
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_outage_calls_come_back_without_a_storm() {
    let secs = Duration::from_secs;
    let retries_only = Policy { retry: RetryPolicy { retries: 20, ..RetryPolicy::default() }, ..Policy::default() };
    for policy in [retries_only, guarded()] {
        let run = run(policy, 64, 1_000_000, secs(240), outage(secs(60), secs(120))).await;
        let arrivals = run.arrivals();
        let steady = per_minute(&arrivals, 0..1, |_| 1) / 12.0;
        let after: Vec<_> = arrivals.into_iter().filter(|arrival| arrival.at >= secs(120)).collect();
        let most = peak(&after, secs(5), |_| 1);
        let most = f64::from(u32::try_from(most).unwrap());
        assert!(most <= 1.5 * steady, "{most} in 5 s after the outage, {steady} before it");
        let again = per_minute(&after, 3..4, |_| 1) / 12.0;
        assert!(again >= 0.9 * steady, "{again} of {steady} in 5 s");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_five_minutes_fails_no_call_behind_the_breaker() {
    let secs = Duration::from_secs;
    let run = run(guarded(), 16, 10_000, 60 * MINUTE, outage(secs(60), secs(360))).await;
    assert_eq!(run.failed, 0);
    assert!(run.answered >= 10_000);
    let lost = refused(&run.arrivals());
    assert!(lost < 60, "{lost} calls were made in vain");
    assert_eq!(run.endpoint.health().models[0].breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_told_wait_pauses_the_endpoint_however_long_it_is() {
    let secs = Duration::from_secs;
    let told = || -> Behaviour {
        Box::new(move |_, now, usage| {
            if (secs(60)..secs(660)).contains(&now) {
                let left = secs(660).saturating_sub(now).as_millis().to_string();
                return (secs(1), status(429, &[("retry-after-ms", left)]));
            }
            (secs(1), answered(usage))
        })
    };
    let limits = LimitPolicy { pause: true, ..LimitPolicy::default() };
    let paused = run(Policy { limits, ..Policy::default() }, 16, 4_000, 60 * MINUTE, told()).await;
    assert_eq!((paused.answered, paused.failed), (4_032, 0));
    let arrivals = paused.arrivals();
    let lost = refused(&arrivals);
    assert!((1..=32).contains(&lost), "{lost} left before the first was told");
    assert!(!arrivals.iter().any(|arrival| (secs(62)..secs(660)).contains(&arrival.at)));
    let bare = run(Policy::default(), 16, 4_000, 60 * MINUTE, told()).await;
    assert!(bare.failed > 0, "by itself a call does not wait so long");
}

#[tokio::test(start_paused = true)]
async fn a_bare_policy_lets_every_call_through_and_shows_what_it_sees() {
    let run = run(Policy::default(), 8, 500, MINUTE, outage(MINUTE, MINUTE)).await;
    let health = run.endpoint.health();
    assert_eq!((health.limit, health.allowed, health.in_flight, health.paused), (8, 8, 0, None));
    assert_eq!(health.models[0].breaker, BreakerState::Closed);
    assert_eq!(health.models[0].left, super::Left::default());
    assert_eq!(run.answered, 512);
    assert!(health.latency_ms.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_model_out_of_health_does_not_hold_back_another() {
    let run = run(guarded(), 8, 64, MINUTE, outage(Duration::ZERO, Duration::ZERO)).await;
    let endpoint = &run.endpoint;
    let failure = Err(CallError::new(Fault::Connect, ""));
    let mut opened = None;
    for _ in 0..20 {
        if opened.is_some() {
            break;
        }
        let mut entry = endpoint.enter("sick", Bounds::default()).await.unwrap();
        entry.mark_sent(false);
        let aftermath = entry.record(&failure, None);
        let told = |outlook| endpoint.aftermath_notice("sick", &aftermath, outlook);
        opened = told(Outlook::Left).zip(told(Outlook::OthersAnswer)).zip(told(Outlook::NoVectors));
    }
    let ((left, others), no_vectors) = opened.unwrap();
    let check = |notice: &str, meanwhile| {
        let begins = format!("sick at desk fails too often: {meanwhile} for ");
        assert!(notice.starts_with(&begins) && notice.ends_with(", then one call tries it again."), "{notice}");
    };
    check(&left, "its calls are held back");
    check(&others, "other models of the route are asked in its place");
    check(&no_vectors, "questions are asked without its vectors");
    let began = Instant::now();
    drop(endpoint.enter("model", Bounds::default()).await.unwrap());
    assert_eq!(began.elapsed(), Duration::ZERO);
    let entry = endpoint.enter("sick", Bounds::default()).await.unwrap();
    assert!(entry.waited() > Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn a_provider_asks_for_waits_until_a_call_comes_back_without_one() {
    let limits = LimitPolicy { pause: true, ..LimitPolicy::default() };
    let endpoint = run(Policy { limits, ..Policy::default() }, 1, 0, MINUTE, outage(MINUTE, MINUTE)).await.endpoint;
    let call = async |fault, retry_after_ms| {
        let mut entry = endpoint.enter("model", Bounds::default()).await.unwrap();
        entry.mark_sent(false);
        entry.record(&Err(CallError { retry_after_ms, ..CallError::new(fault, "") }), None).paused
    };
    let second = Duration::from_secs(1);
    for round in 0..3 {
        assert_eq!(call(Fault::RateLimited, Some(1_000)).await, Some(second));
        assert_eq!(endpoint.paused_for(), Some(second * round));
    }
    assert_eq!((call(Fault::BadRequest, None).await, endpoint.paused_for()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn what_an_unsent_call_took_goes_back() {
    let limits = LimitPolicy { requests_per_minute: Some(1), ..LimitPolicy::default() };
    let run = run(Policy { limits, ..Policy::default() }, 1, 0, MINUTE, outage(MINUTE, MINUTE)).await;
    let began = Instant::now();
    for _ in 0..3 {
        drop(run.endpoint.enter("model", Bounds::default()).await.unwrap());
    }
    run.endpoint.enter("model", Bounds::default()).await.unwrap().mark_sent(false);
    assert_eq!(began.elapsed(), Duration::ZERO);
    let entry = run.endpoint.enter("model", Bounds::default()).await.unwrap();
    assert!(entry.waited() >= MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_comes_too_late_takes_no_token() {
    let budget = RetryBudget { on: true, share: 1.0, per_second: 0.001 };
    let policy = Policy { retry: RetryPolicy { budget, ..RetryPolicy::default() }, ..Policy::default() };
    let endpoint = Endpoint::new("p".into(), "p".into(), Arc::new(crate::provider::Nobody), 1).with_policy(&policy, 0);
    endpoint.retries.first_attempt();
    let secs = Duration::from_secs;
    assert_eq!(endpoint.retry_wait(secs(20), secs(10)), None);
    assert_eq!(endpoint.retry_wait(secs(1), secs(10)), Some(secs(1)), "the token is still there");
    assert_eq!(endpoint.retry_wait(secs(1), secs(10)), None, "it was the only one");
}
