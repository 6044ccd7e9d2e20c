//! Between values and columns.

use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::{FromSql, Type, ValueRef};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::memory::attempt_state;
use crate::domain::{
    AttemptState, CallError, CheckResult, Completion, Fingerprint, FinishReason, Outcome, Purpose, RunState, Score,
    TrialRef, Usage, Usd, Verdict,
};

/// Trials and attempts that a run can have.
const RUN_BITS: u32 = 40;

/// The ids of a run's trials and attempts, both ends included.
pub(super) fn ids_of(run: i64) -> (i64, i64) {
    let first = run << RUN_BITS;
    (first, first | ((1 << RUN_BITS) - 1))
}

/// An amount, a count or a time never fails to be written for its size.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) fn nanos(amount: Option<Usd>) -> Option<i64> {
    amount.map(Usd::nanos)
}

pub(super) fn instant(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(if at < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX })
}

pub(super) fn get_instant(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Timestamp>> {
    let nanos: Option<i64> = row.get(at)?;
    nanos.map(|nanos| Timestamp::from_nanosecond(nanos.into()).map_err(|error| bad(at, error))).transpose()
}

pub(super) fn get_usd(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Usd>> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Usd::from_nanos))
}

pub(super) fn get_fingerprint(row: &Row<'_>, at: usize) -> rusqlite::Result<Fingerprint> {
    row.get(at).map(Fingerprint)
}

/// Variant, model and repeat in one number.
pub(super) fn slot(trial: TrialRef) -> i64 {
    i64::from(trial.variant) << 32 | i64::from(trial.model) << 16 | i64::from(trial.repeat)
}

#[expect(clippy::cast_sign_loss, reason = "each part is masked")]
pub(super) fn get_trial(row: &Row<'_>, at: usize) -> rusqlite::Result<TrialRef> {
    let slot: i64 = row.get(at + 1)?;
    let part = |shift: u32| (slot >> shift & 0xffff) as u16;
    Ok(TrialRef { case: row.get(at)?, variant: part(32), model: part(16), repeat: part(0) })
}

/// The first layer that is shortened; further ones go down from here.
const COMPRESSION: i64 = -3;

pub(super) fn purpose(purpose: Purpose) -> i64 {
    match purpose {
        Purpose::Answer => -1,
        Purpose::Judge(check) => check.into(),
        Purpose::Embedding => -2,
        Purpose::Compression(layer) => COMPRESSION - i64::from(layer),
    }
}

pub(super) fn get_purpose(row: &Row<'_>, at: usize) -> rusqlite::Result<Purpose> {
    match row.get::<_, i64>(at)? {
        -1 => Ok(Purpose::Answer),
        -2 => Ok(Purpose::Embedding),
        layer if layer <= COMPRESSION => {
            u16::try_from(COMPRESSION - layer).map(Purpose::Compression).map_err(|error| bad(at, error))
        }
        check => u16::try_from(check).map(Purpose::Judge).map_err(|error| bad(at, error)),
    }
}

/// How far an attempt has come, by its code in the file.
pub(super) const fn attempt_state(code: i64) -> AttemptState {
    match code {
        attempt_state::SENT => AttemptState::Sent,
        attempt_state::RECEIVED => AttemptState::Received,
        attempt_state::ENDED => AttemptState::Ended,
        attempt_state::FAILED => AttemptState::Failed,
        _ => AttemptState::Ambiguous,
    }
}

pub(super) const fn attempt_code(state: AttemptState) -> i64 {
    match state {
        AttemptState::Sent => attempt_state::SENT,
        AttemptState::Received => attempt_state::RECEIVED,
        AttemptState::Ended => attempt_state::ENDED,
        AttemptState::Failed => attempt_state::FAILED,
        AttemptState::Ambiguous => attempt_state::AMBIGUOUS,
    }
}

pub(super) const fn state(state: RunState) -> i64 {
    match state {
        RunState::Running => 0,
        RunState::Completed => 1,
        RunState::BudgetReached => 2,
        RunState::Cancelled => 3,
        RunState::Incomplete => 4,
    }
}

impl FromSql for StoredState {
    fn column_result(value: ValueRef<'_>) -> rusqlite::types::FromSqlResult<Self> {
        let state = match value.as_i64()? {
            0 => RunState::Running,
            1 => RunState::Completed,
            2 => RunState::BudgetReached,
            3 => RunState::Cancelled,
            4 => RunState::Incomplete,
            other => return Err(rusqlite::types::FromSqlError::OutOfRange(other)),
        };
        Ok(Self(state))
    }
}

pub(super) struct StoredState(pub RunState);

/// What a trial counts as. The number is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tally {
    Passed = 0,
    Failed = 1,
    Unscored = 2,
    Errored = 3,
}

impl Tally {
    pub(super) const fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Scored(Score { verdict: Verdict::Pass, .. }) => Self::Passed,
            Outcome::Scored(Score { verdict: Verdict::Fail, .. }) => Self::Failed,
            Outcome::Scored(Score { verdict: Verdict::Unscored, .. }) | Outcome::Unscored(_) => Self::Unscored,
            Outcome::Errored(_) => Self::Errored,
        }
    }

    pub(super) const fn from_code(code: i64) -> Self {
        match code & 3 {
            0 => Self::Passed,
            1 => Self::Failed,
            2 => Self::Unscored,
            _ => Self::Errored,
        }
    }
}

const fn verdict_code(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Fail => 1,
        Verdict::Unscored => 2,
    }
}

const fn verdict_of(code: i64) -> Verdict {
    match code {
        0 => Verdict::Pass,
        1 => Verdict::Fail,
        _ => Verdict::Unscored,
    }
}

/// The tally in the low two bits; above them, for an unscored outcome, the verdict of its score and 16.
pub(super) const fn outcome_code(outcome: &Outcome) -> i64 {
    let tally = Tally::of(outcome) as i64;
    match outcome {
        Outcome::Unscored(score) => tally | verdict_code(score.verdict) << 2 | 16,
        Outcome::Scored(_) | Outcome::Errored(_) => tally,
    }
}

pub(super) fn outcome(
    code: i64,
    score: Option<f64>,
    checks: Vec<CheckResult>,
    error: impl FnOnce() -> rusqlite::Result<CallError>,
) -> rusqlite::Result<Outcome> {
    let scored = |verdict| Score::new(verdict, score.unwrap_or(f64::NAN), checks);
    Ok(match Tally::from_code(code) {
        Tally::Errored => Outcome::Errored(error()?),
        _ if code & 16 != 0 => Outcome::Unscored(scored(verdict_of(code >> 2 & 3))),
        tally => Outcome::Scored(scored(verdict_of(tally as i64))),
    })
}

/// Metric, verdict, score and weight of each check; `None` where there is no check.
pub(super) fn checks_json(checks: &[CheckResult]) -> rusqlite::Result<Option<String>> {
    let rows: Vec<_> =
        checks.iter().map(|check| (&check.metric, verdict_code(check.verdict), check.score, check.weight)).collect();
    non_empty_json(&rows)
}

pub(super) fn reasons_json(checks: &[CheckResult]) -> rusqlite::Result<Option<String>> {
    if checks.iter().all(|check| check.reason.is_empty()) {
        return Ok(None);
    }
    non_empty_json(&checks.iter().map(|check| &check.reason).collect::<Vec<_>>())
}

fn non_empty_json<T: Serialize>(rows: &[T]) -> rusqlite::Result<Option<String>> {
    (!rows.is_empty()).then(|| json(&rows)).transpose()
}

/// Reads checks back; without reasons where `reasons` is `None`.
pub(super) fn read_checks(
    at: usize,
    checks: Option<&str>,
    reasons: Option<&str>,
) -> rusqlite::Result<Vec<CheckResult>> {
    // Numbers are read by the standard library, which gives back the very bits that were written.
    type Stored<'a> = (String, i64, Option<&'a RawValue>, &'a RawValue);
    let Some(checks) = checks else { return Ok(Vec::new()) };
    let rows: Vec<Stored> = serde_json::from_str(checks).map_err(|error| bad(at, error))?;
    let reasons: Vec<String> =
        reasons.map(serde_json::from_str).transpose().map_err(|error| bad(at, error))?.unwrap_or_default();
    let mut reasons = reasons.into_iter();
    rows.into_iter()
        .map(|(metric, verdict, score, weight)| {
            Ok(CheckResult {
                metric,
                verdict: verdict_of(verdict),
                score: score.map(|score| number(at, score)).transpose()?,
                weight: number(at, weight)?,
                reason: reasons.next().unwrap_or_default(),
            })
        })
        .collect()
}

fn number(at: usize, raw: &RawValue) -> rusqlite::Result<f64> {
    if raw.get() == "null" {
        return Ok(f64::NAN); // JSON has no word for it.
    }
    f64::from_str(raw.get()).map_err(|error| bad(at, error))
}

/// The part of a completion that is the same whenever a model says the same.
pub(super) struct Content {
    pub hash: Fingerprint,
    pub more: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct More {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reasoning: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Value>,
}

impl Content {
    pub(super) fn of(completion: &Completion) -> rusqlite::Result<Self> {
        let plain = completion.reasoning.is_none() && completion.tool_calls.is_empty();
        let more = (!plain)
            .then(|| json(&More { reasoning: completion.reasoning.clone(), tool_calls: completion.tool_calls.clone() }))
            .transpose()?;
        let mut hash = Sha256::new();
        hash.update(completion.text.len().to_le_bytes());
        hash.update(&completion.text);
        hash.update(more.as_deref().unwrap_or_default());
        Ok(Self { hash: Fingerprint(hash.finalize().into()), more })
    }
}

/// Adds text and all that belongs to it to a completion that was read without.
pub(super) fn fill_in(completion: &mut Completion, row: &Row<'_>, text: usize) -> rusqlite::Result<()> {
    completion.text = row.get(text)?;
    if let Some(more) = get_json::<More>(row, text + 1)? {
        completion.reasoning = more.reasoning;
        completion.tool_calls = more.tool_calls;
    }
    Ok(())
}

/// The columns of [`read_answer`], in order.
pub(super) const ANSWER: &str = "content, finish, input, output, cached_input, cache_write, reasoning, answered_by, \
                                 request_id, first_token, latency";
pub(super) const ANSWER_WIDTH: usize = 11;

/// How an answer was given, without what it says; `None` where there was none.
pub(super) fn read_answer(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Completion>> {
    if row.get_ref(at)? == ValueRef::Null {
        return Ok(None);
    }
    let tokens = |offset: usize| row.get::<_, Option<i64>>(at + offset).map(|value| value.map(count));
    let usage = match tokens(2)? {
        None => None,
        Some(input_tokens) => Some(Usage {
            input_tokens,
            output_tokens: tokens(3)?.unwrap_or(0),
            cached_tokens: tokens(4)?.unwrap_or(0),
            cache_write_tokens: tokens(5)?.unwrap_or(0),
            reasoning_tokens: tokens(6)?.unwrap_or(0),
        }),
    };
    Ok(Some(Completion {
        text: String::new(),
        reasoning: None,
        tool_calls: Vec::new(),
        finish: read_finish(row.get_ref(at + 1)?.as_str_or_null().map_err(|error| bad(at + 1, error))?),
        usage,
        model: row.get(at + 7)?,
        request_id: row.get(at + 8)?,
        first_token_ms: row.get(at + 9)?,
        latency_ms: row.get::<_, Option<f64>>(at + 10)?.unwrap_or(f64::NAN),
    }))
}

/// `None` for the usual one.
pub(super) fn finish(finish: &FinishReason) -> Option<String> {
    Some(match finish {
        FinishReason::Stop => return None,
        FinishReason::Length => "length".to_owned(),
        FinishReason::ToolCalls => "tool-calls".to_owned(),
        FinishReason::ContentFilter => "content-filter".to_owned(),
        FinishReason::Refusal => "refusal".to_owned(),
        FinishReason::Other(word) => format!("other:{word}"),
    })
}

fn read_finish(word: Option<&str>) -> FinishReason {
    match word {
        None => FinishReason::Stop,
        Some("length") => FinishReason::Length,
        Some("tool-calls") => FinishReason::ToolCalls,
        Some("content-filter") => FinishReason::ContentFilter,
        Some("refusal") => FinishReason::Refusal,
        Some(other) => FinishReason::Other(other.strip_prefix("other:").unwrap_or(other).to_owned()),
    }
}

/// An error without the bytes that came with it; those are in `replies`.
pub(super) fn error_json(error: &CallError) -> rusqlite::Result<String> {
    if error.partial.is_empty() {
        return json(error);
    }
    json(&CallError { partial: Vec::new(), ..error.clone() })
}

pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

pub(super) fn get_json<T: for<'de> Deserialize<'de>>(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<T>> {
    let text = row.get_ref(at)?.as_str_or_null().map_err(|error| bad(at, error))?;
    text.map(serde_json::from_str).transpose().map_err(|error| bad(at, error))
}

/// A value in the file that is not what it should be.
pub(super) fn bad(at: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, Type::Null, Box::new(error))
}

/// Input, output, cached, cache-written and reasoning tokens.
pub(super) fn usage_columns(completion: &Completion) -> [Option<i64>; 5] {
    let Some(usage) = completion.usage else { return [None; 5] };
    let tokens = [
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    ];
    tokens.map(|tokens| Some(int(tokens)))
}

/// Reads a completion with its text; the text and the rest stand right behind the answer's columns.
pub(super) fn read_full_answer(row: &Row<'_>, at: usize) -> rusqlite::Result<Option<Arc<Completion>>> {
    let Some(mut completion) = read_answer(row, at)? else { return Ok(None) };
    fill_in(&mut completion, row, at + ANSWER_WIDTH)?;
    Ok(Some(Arc::new(completion)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_come_back_to_the_bit() {
        let check = |score, weight, reason: &str| CheckResult {
            metric: "near \"exact\"".to_owned(),
            verdict: Verdict::Fail,
            score,
            weight,
            reason: reason.to_owned(),
        };
        let checks = vec![check(Some(0.1 + 0.2), 1.0 / 3.0, "é"), check(None, 2.5e-17, "")];
        let (stored, reasons) = (checks_json(&checks).unwrap(), reasons_json(&checks).unwrap());
        assert_eq!(read_checks(0, stored.as_deref(), reasons.as_deref()).unwrap(), checks);
        assert!(read_checks(0, stored.as_deref(), None).unwrap().iter().all(|check| check.reason.is_empty()));
    }

    #[test]
    fn every_outcome_comes_back() {
        let score = |verdict| Score::new(verdict, 0.5, Vec::new());
        let error = CallError::new(crate::domain::Fault::Auth, "no");
        let mut outcomes = vec![Outcome::Errored(error.clone())];
        for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Unscored] {
            outcomes.extend([Outcome::Scored(score(verdict)), Outcome::Unscored(score(verdict))]);
        }
        for expect in outcomes {
            let code = outcome_code(&expect);
            assert_eq!(outcome(code, Some(0.5), Vec::new(), || Ok(error.clone())).unwrap(), expect);
            assert_eq!(Tally::from_code(code), Tally::of(&expect));
        }
    }

    #[test]
    fn equal_texts_with_other_tool_calls_are_other_contents() {
        let plain = super::super::samples::completion("a");
        let mut calling = plain.clone();
        calling.tool_calls = vec![serde_json::json!({"name": "f"})];
        assert_ne!(Content::of(&plain).unwrap().hash, Content::of(&calling).unwrap().hash);
        let other_time = Completion { latency_ms: 7.0, ..plain.clone() };
        assert_eq!(Content::of(&plain).unwrap().hash, Content::of(&other_time).unwrap().hash);
    }
}
