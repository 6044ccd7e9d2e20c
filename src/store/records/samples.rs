//! Runs made up for tests.

use std::sync::Arc;

use jiff::{Timestamp, ToSpan};

use super::{Recorder, Records};
use crate::domain::{
    AttemptEnded, AttemptRef, AttemptSent, CallError, CaseId, CheckResult, Completion, Fault, Fingerprint,
    FinishReason, Guarded, Numbered, Outcome, Purpose, RawReply, RunEvent, RunHeader, RunId, RunModel, RunState, Score,
    TrialEnded, TrialRef, Usage, Usd, Verdict,
};

pub(super) const CENT: i64 = 10_000_000;

pub(super) fn start() -> Timestamp {
    "2026-11-23T14:05:01.000000001Z".parse().unwrap()
}

pub(super) fn header(id: &str, cases: u32) -> Arc<RunHeader> {
    Arc::new(RunHeader {
        id: id.into(),
        project: "support".into(),
        experiment: "tone".into(),
        definition: ron::from_str("(variants: [\"a\", \"b\"], models: [\"m\"], dataset: \"tickets\")").unwrap(),
        variants: vec!["a".into(), "b".into()],
        models: vec![RunModel {
            id: "m".into(),
            model: "m-1".to_owned(),
            origin: "https://api.example.com".to_owned(),
            scripted: false,
        }],
        dataset: "tickets".into(),
        dataset_fingerprint: Fingerprint([9; 32]),
        cases,
        repeats: 1,
        started_at: start(),
        program: "0.1.0".to_owned(),
        prices_dated: "2026-11-01".to_owned(),
        judges: Vec::new(),
        temperatures: Vec::new(),
        left_out: 0,
        idle: Vec::new(),
    })
}

pub(super) fn place(index: u32) -> TrialRef {
    TrialRef { case: index / 2, variant: u16::try_from(index % 2).unwrap(), model: 0, repeat: 0 }
}

pub(super) fn hash(kind: u8, index: u32) -> Fingerprint {
    let mut bytes = [kind; 32];
    bytes[..4].copy_from_slice(&index.to_be_bytes());
    Fingerprint(bytes)
}

pub(super) fn key(index: u32) -> Fingerprint {
    hash(1, index)
}

pub(super) fn request(index: u32) -> Fingerprint {
    hash(2, index)
}

pub(super) fn attempt(index: u32, number: u32) -> AttemptRef {
    AttemptRef { trial: place(index), purpose: Purpose::Answer, number }
}

pub(super) fn completion(text: &str) -> Completion {
    Completion {
        text: text.to_owned(),
        reasoning: None,
        tool_calls: Vec::new(),
        finish: FinishReason::Stop,
        usage: Some(Usage { input_tokens: 100, output_tokens: 20, ..Usage::default() }),
        model: Some("m-1-2026".to_owned()),
        request_id: Some("req_1".to_owned()),
        first_token_ms: Some(120.5),
        latency_ms: 900.25,
    }
}

pub(super) fn sent(index: u32, number: u32) -> RunEvent {
    RunEvent::AttemptSent(AttemptSent {
        attempt: attempt(index, number),
        key: key(index),
        request: request(index),
        model: "m".into(),
        reserved: Some(Usd::from_nanos(2 * CENT)),
        at: start() + i64::from(index).seconds(),
    })
}

pub(super) fn reply(index: u32) -> Arc<RawReply> {
    Arc::new(RawReply {
        status: 200,
        headers: vec![("x-request-id".to_owned(), "req_1".to_owned())],
        body: format!("{{\"raw\": \"answer {index}\"}}").into_bytes(),
        streamed: false,
        first_token_ms: Some(120.5),
        latency_ms: 900.25,
    })
}

pub(super) fn received(index: u32, number: u32) -> RunEvent {
    RunEvent::AttemptReceived { attempt: attempt(index, number), reply: reply(index) }
}

pub(super) fn answered(index: u32, number: u32, answer: &Arc<Completion>) -> RunEvent {
    RunEvent::AttemptEnded(AttemptEnded {
        attempt: attempt(index, number),
        request: request(index),
        result: Ok(Arc::clone(answer)),
        cost: Some(Usd::from_nanos(CENT)),
        cacheable: true,
        retry_in_ms: None,
    })
}

pub(super) fn failed(index: u32, number: u32, fault: Fault) -> RunEvent {
    RunEvent::AttemptEnded(AttemptEnded {
        attempt: attempt(index, number),
        request: request(index),
        result: Err(CallError { status: Some(503), ..CallError::new(fault, "The provider is down.") }),
        cost: Some(Usd::ZERO),
        cacheable: false,
        retry_in_ms: Some(500),
    })
}

pub(super) fn outcome(index: u32) -> Outcome {
    let verdict = match index % 4 {
        0 | 1 => Verdict::Pass,
        2 => Verdict::Fail,
        _ => Verdict::Unscored,
    };
    let checks = vec![CheckResult {
        metric: "exact".to_owned(),
        verdict,
        score: (verdict != Verdict::Unscored).then_some(1.0 / 3.0),
        weight: 1.0,
        reason: format!("answer {index} was read"),
    }];
    let score = Score::new(verdict, 0.1 + 0.2, checks);
    if verdict == Verdict::Unscored { Outcome::Unscored(score) } else { Outcome::Scored(score) }
}

pub(super) fn trial_ended(index: u32, answer: Option<&Arc<Completion>>) -> TrialEnded {
    TrialEnded {
        trial: place(index),
        key: key(index),
        case_id: CaseId(format!("case-{}", index / 2)),
        request: request(index),
        outcome: match answer {
            Some(_) => outcome(index),
            None => Outcome::Errored(CallError::new(Fault::Server, "The provider is down.")),
        },
        answer: answer.cloned(),
        cached: false,
        attempts: 1,
        cost: Some(Usd::from_nanos(CENT)),
        spent: Usd::from_nanos(CENT),
        judge_spent: Usd::ZERO,
        guarded: Guarded::default(),
    }
}

/// A trial from its first byte to its verdict. Every fifth fails once before it is answered.
pub(super) fn whole_trial(index: u32) -> Vec<RunEvent> {
    let answer = Arc::new(completion(&format!("Answer {}", index % 7)));
    let mut events = Vec::new();
    let last = u32::from(index % 5 == 4);
    if last == 1 {
        events.extend([sent(index, 0), failed(index, 0, Fault::Server)]);
    }
    events.extend([
        sent(index, last),
        received(index, last),
        answered(index, last, &answer),
        RunEvent::TrialEnded(Arc::new(trial_ended(index, Some(&answer)))),
    ]);
    events
}

pub(super) fn ended(state: RunState) -> RunEvent {
    RunEvent::Ended { state, at: start() + 60.seconds() }
}

/// Gives events numbers from `first` on.
pub(super) fn number(run: &str, first: u64, events: Vec<RunEvent>) -> Vec<Arc<Numbered>> {
    let numbers = first..;
    numbers.zip(events).map(|(number, event)| Arc::new(Numbered { run: run.into(), number, event })).collect()
}

/// Records of a new workspace, with next to no ballast.
pub(super) fn records() -> (tempfile::TempDir, Records) {
    let dir = tempfile::tempdir().unwrap();
    let records = Records::open_with(dir.path(), 1 << 12).unwrap();
    (dir, records)
}

/// A run whose first `trials` trials are over.
pub(super) fn record_run(records: &Records, id: &str, trials: u32, end: Option<RunState>) -> Vec<RunEvent> {
    let mut events = vec![RunEvent::Started(header(id, trials.div_ceil(2)))];
    events.extend((0..trials).flat_map(whole_trial));
    events.extend(end.map(ended));
    record(&mut records.recorder(&RunId::from(id)).unwrap(), id, 1, events.clone());
    events
}

pub(super) fn record(recorder: &mut Recorder, run: &str, first: u64, events: Vec<RunEvent>) {
    for group in number(run, first, events).chunks(5) {
        recorder.record(group).unwrap();
    }
}
