//! The run as its users' traffic: whom the limits of the policy would refuse.

use std::time::Duration;

use egui::Ui;

use super::run_guards::go_to_guard;
use crate::analysis::{Board, Traffic, TrafficShare};
use crate::domain::RunState;
use crate::session::traffic::{RunTraffic, limits_of};
use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;
use crate::ui::{format, widgets};

pub(super) fn show(session: &Session, board: &Board, sender: &CommandSender, ui: &mut Ui) {
    let about =
        "The run's requests, let in as those of the users that the dataset names, under the policy as it is now.";
    let to_policy = |ui: &mut Ui| go_to_guard(ui, "Set the limits of users", "Per-user limits", sender);
    widgets::section(ui, "Per-user limits", about, to_policy, |ui| {
        let limits = session.workspace().map(|workspace| limits_of(workspace, board.header()));
        if !limits.is_some_and(|limits| limits.on) {
            widgets::muted(ui, "They are off in the policy. Switched on, they show here whom they would refuse.");
            return;
        }
        if board.state() == RunState::Running && session.runs().live().is_some() {
            widgets::muted(ui, "When the run is over, its requests are let in here.");
            return;
        }
        match session.traffic() {
            None => sender.send(Command::RehearseTraffic),
            Some(view) => match &view.outcome {
                None => drop(widgets::progress(ui, "Letting the requests in", None, 160.0)),
                Some(Ok(traffic)) => of_run(traffic, ui),
                Some(Err(problems)) => widgets::problems(ui, problems),
            },
        }
    });
}

fn of_run(traffic: &RunTraffic, ui: &mut Ui) {
    widgets::small(ui, &pace(traffic));
    for column in &traffic.columns {
        let name = format!("{} · {}", column.variant, column.model);
        ui.add_space(8.0);
        widgets::strong(ui, &name);
        widgets::body(ui, &words(&column.traffic));
        widgets::sheet(ui, &format!("traffic of {name}"), &HEADS, &rows(&column.traffic));
        for note in column.notes() {
            widgets::small(ui, &format!("{note}."));
        }
    }
}

fn pace(traffic: &RunTraffic) -> String {
    let how = traffic.evenly_per_minute.map_or_else(
        || "at the times that the dataset gives".to_owned(),
        |per_minute| format!("evenly, {} a minute", format::count(per_minute.into())),
    );
    format!("The first trial of each case is a request. They arrive {how}; one that is refused does not come again.")
}

/// What came of it, in sentences.
fn words(traffic: &Traffic) -> String {
    let TrafficShare { requests, served, refused, users, users_refused, not_spent, .. } = &traffic.total;
    let counted = |count: u64, one: &str| {
        if count == 1 { format!("1 {one}") } else { format!("{} {one}s", format::count(count)) }
    };
    let all = format!("{} of {}", counted(*requests, "request"), counted(*users, "user"));
    if refused.total() == 0 {
        return format!("Everybody was served: {all}.");
    }
    let reasons = refused.all().into_iter().filter(|(_, count)| *count > 0);
    let reasons: Vec<String> = reasons.map(|(limit, count)| format!("{} by {limit}", format::count(count))).collect();
    let time = |secs: f64| format::duration(Duration::try_from_secs_f64(secs).unwrap_or_default());
    let waits = traffic.retry_after_p50_secs.zip(traffic.retry_after_p95_secs);
    let waits = waits.map(|(p50, p95)| format!(" They are told to wait {} (p50) and {} (p95).", time(p50), time(p95)));
    let never = (traffic.never_fit > 0)
        .then(|| format!(" {} larger than the limit itself.", counted(traffic.never_fit, "request")));
    format!(
        "Of {all}, {} were served and {} refused: {}. {} affected, {not_spent} not spent.{}{}",
        format::count(*served),
        format::count(refused.total()),
        reasons.join(", "),
        counted(*users_refused, "user"),
        waits.unwrap_or_default(),
        never.unwrap_or_default()
    )
}

const HEADS: [&str; 10] = [
    "tier",
    "requests",
    "served",
    "refused",
    "by minute",
    "by tokens",
    "by cost",
    "by users at once",
    "users affected",
    "not spent",
];

fn rows(traffic: &Traffic) -> Vec<Vec<String>> {
    let row = |name: &str, share: &TrafficShare| {
        let refused = &share.refused;
        let counts = [
            share.requests,
            share.served,
            refused.total(),
            refused.requests_per_minute,
            refused.tokens_per_day,
            refused.cost_per_day,
            refused.users,
        ];
        let users = format!("{} of {}", format::count(share.users_refused), format::count(share.users));
        let mut row = vec![name.to_owned()];
        row.extend(counts.map(format::count));
        row.extend([users, share.not_spent.to_string()]);
        row
    };
    traffic.tiers.iter().map(|(tier, share)| row(tier, share)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::RefusedBy;
    use crate::domain::Usd;

    fn traffic() -> Traffic {
        let refused = RefusedBy { requests_per_minute: 3, tokens_per_day: 1, ..RefusedBy::default() };
        let free = TrafficShare {
            requests: 10,
            served: 6,
            refused,
            users: 4,
            users_refused: 1,
            not_spent: Usd::from_nanos(4_200_000),
            ..TrafficShare::default()
        };
        Traffic {
            total: free,
            tiers: [("free".to_owned(), free)].into(),
            retry_after_p50_secs: Some(18.0),
            retry_after_p95_secs: Some(120.0),
            never_fit: 1,
            ..Traffic::default()
        }
    }

    #[test]
    fn who_is_refused_is_said_in_sentences_and_in_a_table() {
        assert_eq!(
            words(&traffic()),
            "Of 10 requests of 4 users, 6 were served and 4 refused: 3 by requests a minute, 1 by tokens a day. 1 user \
             affected, $0.0042 not spent. They are told to wait 18 s (p50) and 2 min (p95). 1 request larger than the \
             limit itself."
        );
        assert_eq!(rows(&traffic()), [["free", "10", "6", "4", "3", "1", "0", "0", "1 of 4", "$0.0042"]]);
    }

    #[test]
    fn nobody_refused_is_a_short_sentence() {
        let total = TrafficShare { requests: 1, served: 1, users: 1, ..TrafficShare::default() };
        assert_eq!(words(&Traffic { total, ..Traffic::default() }), "Everybody was served: 1 request of 1 user.");
    }
}
