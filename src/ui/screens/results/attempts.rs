//! The attempts of a trial on one time line.

use crate::domain::{AttemptState, Purpose};
use crate::store::records::AttemptRecord;
use crate::ui::format;

/// One attempt, with its place on the line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AttemptBar {
    /// `Answer, attempt 2`, `Judge of tone, attempt 1`.
    pub name: String,
    /// From 0 to 1 on the line: sent, over, and the end of the wait after it.
    pub start: f32,
    pub end: f32,
    pub waited: f32,
    pub failed: bool,
    /// How it ended, how long it took, what it cost.
    pub facts: String,
    pub error: Option<String>,
}

/// `metrics` are the names of the experiment's checks.
pub(super) fn time_line(attempts: &[AttemptRecord], metrics: &[String]) -> Vec<AttemptBar> {
    let Some(first) = attempts.iter().map(|attempt| attempt.sent_at).min() else { return Vec::new() };
    let begin = |attempt: &AttemptRecord| attempt.sent_at.duration_since(first).as_secs_f64() * 1e3;
    let end = |attempt: &AttemptRecord| begin(attempt) + attempt.latency_ms.unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let waited = |attempt: &AttemptRecord| end(attempt) + attempt.retry_in_ms.unwrap_or_default() as f64;
    let total = attempts.iter().map(waited).fold(1.0, f64::max);
    #[expect(clippy::cast_possible_truncation, reason = "shares of a line")]
    let share = |ms: f64| (ms / total) as f32;
    let bar = |attempt: &AttemptRecord| AttemptBar {
        name: name(attempt, attempts, metrics),
        start: share(begin(attempt)),
        end: share(end(attempt)),
        waited: share(waited(attempt)),
        failed: matches!(attempt.state, AttemptState::Failed | AttemptState::Ambiguous),
        facts: facts(attempt),
        error: attempt.error.as_ref().map(|error| error.message.clone()),
    };
    attempts.iter().map(bar).collect()
}

fn name(attempt: &AttemptRecord, attempts: &[AttemptRecord], metrics: &[String]) -> String {
    let number = attempt.attempt.number + 1;
    match attempt.attempt.purpose {
        Purpose::Answer => format!("Answer, attempt {number}{}", how(attempt, attempts)),
        Purpose::Judge(check) => {
            let metric = metrics.get(usize::from(check)).map_or("a check", String::as_str);
            format!("Judge of {metric}, attempt {number}")
        }
        Purpose::Compression(_) => format!("Shorter context, attempt {number}"),
        Purpose::Embedding => format!("Vector of the question, attempt {number}"),
    }
}

/// What tells it from a retry: another model is asked, or the request has other words.
fn how(attempt: &AttemptRecord, attempts: &[AttemptRecord]) -> String {
    let answers = || attempts.iter().filter(|other| other.attempt.purpose == Purpose::Answer);
    let first = answers().min_by_key(|other| other.attempt.number);
    let before = answers().filter(|other| other.attempt.number < attempt.attempt.number);
    let known = before.clone().any(|other| other.request == attempt.request);
    match (first, before.max_by_key(|other| other.attempt.number)) {
        (Some(first), _) if first.model != attempt.model => format!(": {} stands in", attempt.model),
        (_, Some(before)) if before.model == attempt.model && !known => ": in other words".to_owned(),
        _ => String::new(),
    }
}

fn facts(attempt: &AttemptRecord) -> String {
    let fault = attempt.error.as_ref().map(|error| error.fault.word());
    let parts = [
        Some(fault.unwrap_or_else(|| attempt.state.word()).to_owned()),
        attempt.status.filter(|status| *status != 200).map(|status| format!("HTTP {status}")),
        attempt.latency_ms.map(format::seconds),
        attempt.cost.map(|cost| cost.to_string()),
        #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
        attempt.retry_in_ms.map(|ms| format!("waited {}", format::seconds(ms as f64))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan};

    use super::*;
    use crate::domain::{AttemptRef, CallError, Fault, Fingerprint, TrialRef, Usd};

    fn attempt(number: u32, at_ms: i64, latency_ms: f64, retry: Option<u64>) -> AttemptRecord {
        let trial = TrialRef { case: 0, variant: 0, model: 0, repeat: 0 };
        let error = retry.map(|_| CallError::new(Fault::RateLimited, "Slow down."));
        AttemptRecord {
            attempt: AttemptRef { trial, purpose: Purpose::Answer, number },
            request: Fingerprint([0; 32]),
            model: "m".into(),
            state: if error.is_some() { AttemptState::Failed } else { AttemptState::Ended },
            sent_at: Timestamp::UNIX_EPOCH + at_ms.milliseconds(),
            reserved: None,
            cost: Some(Usd::ZERO),
            status: error.as_ref().map(|_| 429),
            request_id: None,
            first_token_ms: None,
            latency_ms: Some(latency_ms),
            retry_in_ms: retry,
            error,
            completion: None,
            body: None,
        }
    }

    #[test]
    fn attempts_stand_on_one_line_with_their_waits() {
        let bars = time_line(&[attempt(0, 0, 100.0, Some(300)), attempt(1, 400, 600.0, None)], &[]);
        assert_eq!(bars[0].name, "Answer, attempt 1");
        assert_eq!(bars[0].facts, "rate-limited · HTTP 429 · 100 ms · $0 · waited 300 ms");
        assert_eq!((bars[0].start, bars[0].end, bars[0].waited, bars[0].failed), (0.0, 0.1, 0.4, true));
        assert_eq!((bars[1].start, bars[1].end, bars[1].waited, bars[1].failed), (0.4, 1.0, 1.0, false));
        assert_eq!(bars[1].facts, "answered · 600 ms · $0");
    }

    #[test]
    fn a_repair_and_a_stand_in_are_told_from_a_retry() {
        let mut attempts: Vec<_> = (0..4).map(|number| attempt(number, 0, 1.0, None)).collect();
        attempts[2].request = Fingerprint([1; 32]);
        (attempts[3].request, attempts[3].model) = (Fingerprint([2; 32]), "n".into());
        let names: Vec<_> = time_line(&attempts, &[]).into_iter().map(|bar| bar.name).collect();
        let expect = ["attempt 1", "attempt 2", "attempt 3: in other words", "attempt 4: n stands in"];
        assert_eq!(names, expect.map(|rest| format!("Answer, {rest}")));
    }

    #[test]
    fn a_cached_answer_has_no_line() {
        assert_eq!(time_line(&[], &[]), []);
    }
}
