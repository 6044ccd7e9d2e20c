//! What Calls shows, as plain values: lines of the log, alerts, bars of spend, endpoints.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::{Alert, AlertKey, AlertRule, AlertRules, AttemptState, CallRow, CallSums, RunSummary};
use crate::engine::{BreakerState, EndpointHealth, Left, ModelHealth};
use crate::store::records::SpendLine;
use crate::ui::format;
use crate::ui::theme::Tone;

/// The columns of the log, and how wide each is at least.
pub(super) const COLUMNS: [(&str, f32); 9] = [
    ("Sent", 158.0),
    ("Outcome", 132.0),
    ("Model", 116.0),
    ("Case", 116.0),
    ("Variant", 116.0),
    ("Input", 72.0),
    ("Output", 72.0),
    ("Latency", 84.0),
    ("Cost", 92.0),
];

/// The columns whose text stands at the right.
pub(super) const fn is_number(column: usize) -> bool {
    column >= 5
}

/// A line of the log: a text for each column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub cells: [String; COLUMNS.len()],
    pub tone: Tone,
}

pub(super) fn line(call: &CallRow) -> Line {
    let none = || "—".to_owned();
    let tokens = |count: Option<u64>| count.map_or_else(none, format::count);
    let usage = call.usage;
    Line {
        cells: [
            instant(call.sent_at),
            outcome(call),
            call.model.to_string(),
            call.case_id.as_ref().map_or_else(none, ToString::to_string),
            call.variant.as_ref().map_or_else(none, ToString::to_string),
            tokens(usage.map(|usage| usage.input_tokens)),
            tokens(usage.map(|usage| usage.output_tokens)),
            call.latency_ms.map_or_else(none, format::seconds),
            call.cost.map_or_else(none, |cost| cost.to_string()),
        ],
        tone: tone(call.state),
    }
}

/// How the call ended, and that it was a judge's or a retry.
fn outcome(call: &CallRow) -> String {
    let judge = if call.is_judge() { "judge: " } else { "" };
    let retry = if call.retries() > 0 { format!(" ×{}", call.retries() + 1) } else { String::new() };
    format!("{judge}{}{retry}", call.word())
}

pub(super) const fn tone(state: AttemptState) -> Tone {
    match state {
        AttemptState::Ended => Tone::Pass,
        AttemptState::Failed => Tone::Errored,
        AttemptState::Ambiguous => Tone::Warning,
        AttemptState::Sent | AttemptState::Received => Tone::Accent,
    }
}

/// `2026-11-23 14:05:01`, in the reader's own time zone.
pub(super) fn instant(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// What is known of a call, by name.
pub(super) fn facts(call: &CallRow) -> Vec<(&'static str, String)> {
    let tokens = |count: u64| (count > 0).then(|| format::count(count));
    let usage = call.usage;
    let temperature = call.temperature.map(|temperature| temperature.to_string());
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let wait = call.retry_in_ms.map(|ms| format::seconds(ms as f64));
    let facts = [
        ("Sent", Some(instant(call.sent_at))),
        ("For", Some(if call.is_judge() { "a judge".to_owned() } else { "an answer".to_owned() })),
        ("Attempt", Some((call.attempt.number + 1).to_string())),
        ("Run", Some(call.run.to_string())),
        ("Experiment", Some(format!("{} › {}", call.project, call.experiment))),
        ("Case", call.case_id.as_ref().map(ToString::to_string)),
        ("User", call.user.clone()),
        ("Session", call.session.clone()),
        ("Variant", call.variant.as_ref().map(ToString::to_string)),
        ("Model", Some(model(call))),
        ("Answered by", call.answered_by.clone()),
        ("Endpoint", call.origin.clone()),
        ("Temperature", temperature),
        ("Finish", call.finish.as_ref().map(|finish| format!("{finish:?}").to_lowercase())),
        ("Form", call.valid.map(|valid| if valid { "as asked".to_owned() } else { "not as asked".to_owned() })),
        ("Input", usage.map(|usage| format!("{} tokens", format::count(usage.input_tokens)))),
        ("Output", usage.map(|usage| format!("{} tokens", format::count(usage.output_tokens)))),
        ("Cached input", usage.and_then(|usage| tokens(usage.cached_tokens))),
        ("Reasoning", usage.and_then(|usage| tokens(usage.reasoning_tokens))),
        ("Latency", call.latency_ms.map(format::seconds)),
        ("First token", call.first_token_ms.map(format::seconds)),
        ("Waited after", wait),
        ("Cost", Some(call.cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string()))),
        ("Reserved", call.reserved.map(|reserved| reserved.to_string())),
        ("HTTP status", call.status.map(|status| status.to_string())),
        ("Request id", call.request_id.clone()),
        ("Request hash", Some(call.request.short())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn model(call: &CallRow) -> String {
    let scripted = if call.scripted { " (scripted, not a model)" } else { "" };
    match &call.provider_model {
        Some(name) if *name != call.model.0 => format!("{} = {name}{scripted}", call.model),
        _ => format!("{}{scripted}", call.model),
    }
}

/// What calls sum up to, in a line.
pub(super) fn summary(sums: &CallSums) -> String {
    let calls = if sums.calls == 1 { "1 call".to_owned() } else { format!("{} calls", format::count(sums.calls)) };
    let failed = sums.error_rate().filter(|_| sums.failed > 0);
    let parts = [
        Some(calls),
        failed.map(|rate| format!("{} failed", format::percent(rate))),
        (sums.ambiguous > 0).then(|| format!("{} ambiguous", format::count(sums.ambiguous))),
        Some(format!("{} spent", sums.spent)),
        (sums.unpriced > 0).then(|| format!("{} of unknown price", format::count(sums.unpriced))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// An alert as its card shows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AlertCard {
    pub key: AlertKey,
    /// `Slow calls: swift`.
    pub title: String,
    pub cause: String,
    /// The run, and from when to when.
    pub about: String,
    /// Who has seen it, and when.
    pub seen: Option<String>,
}

/// Alerts that nobody has seen first.
pub(super) fn cards(alerts: &[Alert], runs: &[RunSummary]) -> Vec<AlertCard> {
    let card = |alert: &Alert| AlertCard {
        key: alert.key.clone(),
        title: alert.key.to_string(),
        cause: alert.cause.clone(),
        about: about(alert, runs),
        seen: alert.acknowledged.as_ref().map(|seen| format!("Seen by {}, {}", seen.by, format::when(seen.at))),
    };
    let (seen, open): (Vec<_>, Vec<_>) = alerts.iter().map(card).partition(|card| card.seen.is_some());
    open.into_iter().chain(seen).collect()
}

fn about(alert: &Alert, runs: &[RunSummary]) -> String {
    let run = runs.iter().find(|run| run.header.id == alert.key.run);
    let name =
        run.map_or_else(|| "a run".to_owned(), |run| format!("{} › {}", run.header.project, run.header.experiment));
    let (first, last) = (format::when(alert.first_at), format::when(alert.last_at));
    let time = if first == last { first } else { format!("{first} to {last}") };
    format!("{name} · run {} · {time}", alert.key.run)
}

/// Alerts that nobody has seen.
pub(super) fn open_alerts(alerts: &[Alert]) -> usize {
    alerts.iter().filter(|alert| alert.acknowledged.is_none()).count()
}

/// The rules of the workspace in words; those that are off say so.
pub(super) fn rules(rules: &AlertRules) -> Vec<(&'static str, String)> {
    let off = || "off".to_owned();
    let share =
        |share: Option<f64>, of: &str| share.map_or_else(off, |share| format!("over {} {of}", format::percent(share)));
    let switch = |on: bool, words: &str| if on { words.to_owned() } else { off() };
    #[expect(clippy::cast_precision_loss, reason = "milliseconds")]
    let latency =
        rules.latency_over_ms.map_or_else(off, |ms| format!("a call took over {}", format::seconds(ms as f64)));
    AlertRule::ALL
        .map(|rule| {
            let words = match rule {
                AlertRule::ErrorRate => share(rules.error_rate_over, "of the calls to a model, from 20 calls on"),
                AlertRule::Budget => share(rules.budget_share_over, "of a run's budget"),
                AlertRule::Success => switch(rules.success_below_baseline, "by more than chance (p < 0.05)"),
                AlertRule::Validation => switch(rules.validation_failed, "where a check asks for JSON"),
                AlertRule::Latency => latency.clone(),
                AlertRule::Retries => {
                    rules.retries_over.map_or_else(off, |limit| format!("over {limit} for one answer"))
                }
                AlertRule::Cost => rules.cost_over.map_or_else(off, |limit| format!("a call cost over {limit}")),
            };
            (rule.title(), words)
        })
        .into()
}

/// A line of spend, with its share of the largest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    pub name: String,
    pub share: f64,
    pub spent: String,
    pub about: String,
}

pub(super) fn bars<'a>(lines: impl Iterator<Item = &'a SpendLine> + Clone) -> Vec<Bar> {
    let most = lines.clone().map(|line| line.spent.dollars()).fold(0.0, f64::max);
    let bar = |line: &SpendLine| Bar {
        name: line.key.clone(),
        share: if most > 0.0 { line.spent.dollars() / most } else { 0.0 },
        spent: line.spent.to_string(),
        about: calls(line),
    };
    lines.map(bar).collect()
}

fn calls(line: &SpendLine) -> String {
    let calls = if line.calls == 1 { "1 call".to_owned() } else { format!("{} calls", format::count(line.calls)) };
    if line.unpriced == 0 { calls } else { format!("{calls}, {} of unknown price", format::count(line.unpriced)) }
}

/// An endpoint of the run under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EndpointCard {
    pub name: String,
    pub state: (Tone, &'static str),
    /// Calls in flight, and the most that may be.
    pub load: (u32, u32),
    /// Calls that may be in flight now, where they are fewer than the most.
    pub allowed: Option<u32>,
    pub facts: Vec<(&'static str, String)>,
    pub models: Vec<ModelLine>,
}

/// A model at an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelLine {
    pub name: String,
    pub breaker: BreakerState,
    /// What the breaker does, in words.
    pub words: String,
    /// `12 requests, 4000 tokens left`.
    pub left: Option<String>,
}

fn model_line(health: &ModelHealth) -> ModelLine {
    let words = match health.breaker {
        BreakerState::Closed => "calls go through".to_owned(),
        BreakerState::Open { left } => format!("held back, tries again in {}", format::duration(left)),
        BreakerState::HalfOpen => "a few calls try whether it is well".to_owned(),
    };
    ModelLine { name: health.model.clone(), breaker: health.breaker, words, left: left(health.left) }
}

/// What is left of a model's limits; `None` where it has none.
fn left(left: Left) -> Option<String> {
    let parts = [
        (left.requests, "requests"),
        (left.input_tokens, "input tokens"),
        (left.output_tokens, "output tokens"),
        (left.tokens, "tokens"),
    ];
    let parts = parts.into_iter().filter_map(|(count, what)| Some(format!("{} {what}", format::count(count?))));
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| format!("{} left", parts.join(", ")))
}

pub(super) fn endpoint(health: &EndpointHealth) -> EndpointCard {
    let state = if health.stopped {
        (Tone::Errored, "Stopped")
    } else if health.paused.is_some() {
        (Tone::Warning, "Paused")
    } else if health.models.iter().any(|model| model.breaker != BreakerState::Closed) {
        (Tone::Warning, "Breaker open")
    } else if health.last_error.is_some() {
        (Tone::Warning, "Working, with errors")
    } else {
        (Tone::Pass, "Working")
    };
    let facts = [
        ("Sends to", Some(health.origin.clone())),
        ("Pause", health.paused.map(|left| format!("{} left, as the provider asked", format::duration(left)))),
        ("Latency", health.latency_ms.map(|ms| format!("{}, the median of the latest answers", format::seconds(ms)))),
        ("Last error", health.last_error.clone()),
    ];
    EndpointCard {
        name: health.id.to_string(),
        state,
        load: (health.in_flight, health.limit),
        allowed: (health.allowed < health.limit).then_some(health.allowed),
        models: health.models.iter().map(model_line).collect(),
        facts: facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{Acknowledged, Usd};
    use crate::interop::call_log::tests::{call, failed};

    #[test]
    fn an_endpoint_says_what_holds_its_calls_back() {
        let model = |name: &str, breaker, left| ModelHealth { model: name.to_owned(), breaker, left };
        let well = EndpointHealth {
            id: "acme".into(),
            origin: "https://acme.example".to_owned(),
            in_flight: 1,
            limit: 8,
            allowed: 8,
            paused: None,
            latency_ms: Some(840.0),
            models: vec![model("swift", BreakerState::Closed, Left::default())],
            stopped: false,
            last_error: None,
        };
        let card = endpoint(&well);
        assert_eq!((card.state, card.allowed, card.models[0].left.as_deref()), ((Tone::Pass, "Working"), None, None));
        let limits = Left { requests: Some(12), tokens: Some(4000), ..Left::default() };
        let open = BreakerState::Open { left: Duration::from_millis(11_200) };
        let open = endpoint(&EndpointHealth { allowed: 3, models: vec![model("swift", open, limits)], ..well.clone() });
        assert_eq!((open.state.1, open.allowed), ("Breaker open", Some(3)));
        assert_eq!(open.models[0].words, "held back, tries again in 12 s");
        assert_eq!(open.models[0].left.as_deref(), Some("12 requests, 4000 tokens left"));
        let paused = endpoint(&EndpointHealth { paused: Some(Duration::from_secs(30)), ..well });
        assert_eq!(paused.state, (Tone::Warning, "Paused"));
        assert!(paused.facts.contains(&("Pause", "30 s left, as the provider asked".to_owned())));
    }

    #[test]
    fn a_call_is_a_line() {
        let answered = line(&call(1)).cells;
        assert_eq!(answered[1..], ["answered ×2", "small", "ticket-4", "concise", "40", "3", "812 ms", "$0.0042"]);
        let failed = line(&failed(2));
        assert_eq!(failed.cells[1..], ["rate-limited ×2", "small", "ticket-4", "concise", "—", "—", "—", "$0"]);
        assert_eq!(failed.tone, Tone::Errored);
    }

    #[test]
    fn what_is_not_known_of_a_call_is_left_out() {
        let names = |call: &CallRow| facts(call).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let (answered, failed) = (names(&call(1)), names(&failed(2)));
        assert!(
            answered.contains(&"Finish") && answered.contains(&"First token") && !answered.contains(&"Waited after")
        );
        assert!(!failed.contains(&"Finish") && failed.contains(&"Waited after"));
        assert!(facts(&call(1)).contains(&("Model", "small = small-1".to_owned())));
    }

    #[test]
    fn sums_are_told_in_a_line() {
        let sums = CallSums {
            calls: 1200,
            answered: 1188,
            failed: 12,
            spent: Usd::from_nanos(420_000_000),
            ..CallSums::default()
        };
        assert_eq!(summary(&sums), "1200 calls · 1 % failed · $0.42 spent");
        let one = CallSums { calls: 1, answered: 1, unpriced: 1, ..CallSums::default() };
        assert_eq!(summary(&one), "1 call · $0 spent · 1 of unknown price");
    }

    #[test]
    fn alerts_that_nobody_has_seen_stand_first() {
        let at = Timestamp::UNIX_EPOCH;
        let alert = |rule, seen: Option<&str>| Alert {
            key: AlertKey { run: "r".into(), rule, subject: "swift".to_owned() },
            count: 3,
            first_at: at,
            last_at: at,
            cause: "It was.".to_owned(),
            acknowledged: seen.map(|by| Acknowledged { by: by.to_owned(), at }),
        };
        let alerts = [alert(AlertRule::Latency, Some("Ada")), alert(AlertRule::Cost, None)];
        let cards = cards(&alerts, &[]);
        let titles: Vec<_> = cards.iter().map(|card| card.title.as_str()).collect();
        assert_eq!(titles, ["Dear calls: swift", "Slow calls: swift"]);
        assert!(cards[1].seen.as_ref().is_some_and(|seen| seen.starts_with("Seen by Ada, ")));
        assert_eq!(open_alerts(&alerts), 1);
    }

    #[test]
    fn bars_are_shares_of_the_largest() {
        let line = |key: &str, spent: i64, unpriced| SpendLine {
            key: key.to_owned(),
            calls: 2,
            spent: Usd::from_nanos(spent),
            unpriced,
        };
        let lines = [line("a", 400, 0), line("b", 100, 1), line("c", 0, 0)];
        let bars = bars(lines.iter());
        assert_eq!(bars.iter().map(|bar| bar.share).collect::<Vec<_>>(), [1.0, 0.25, 0.0]);
        assert_eq!(bars[1].about, "2 calls, 1 of unknown price");
    }

    #[test]
    fn a_rule_that_is_off_says_so() {
        let words = rules(&AlertRules { latency_over_ms: None, ..AlertRules::default() });
        assert_eq!(words.len(), AlertRule::ALL.len());
        assert!(words.contains(&("Slow calls", "off".to_owned())));
        assert!(words.contains(&("Dear calls", "a call cost over $1.00".to_owned())));
    }
}
