//! Limits of cost and time.

use super::found::Found;
use super::subject::Subject;
use crate::domain::Usd;

/// An unknown price is not a price of nothing: the check is unscored.
pub(super) fn cost(subject: &Subject, max: Usd) -> Found {
    match subject.answer.cost {
        None => Found::untold("The model's price is unknown, so the cost cannot be told."),
        Some(cost) => Found::holds(cost <= max, format!("The answer cost {cost}; at most {max} is allowed.")),
    }
}

pub(super) fn latency(subject: &Subject, max_ms: f64) -> Found {
    let latency = subject.answer.completion.latency_ms;
    if !latency.is_finite() {
        return Found::untold("How long the answer took was not measured.");
    }
    Found::holds(latency <= max_ms, format!("The answer took {}; at most {} is allowed.", time(latency), time(max_ms)))
}

fn time(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.2} s", ms / 1000.0) }
}
