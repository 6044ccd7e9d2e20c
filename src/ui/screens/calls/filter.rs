//! Which calls are wanted, and in which order.

use egui::Ui;
use egui_material_icons::icons;
use jiff::SignedDuration;

use crate::domain::{AttemptState, CallFilter, CallQuery, CallSort, Usd};
use crate::engine::now;
use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::{format, widgets};

/// Runs to choose from.
const RUNS: usize = 30;

/// What is typed and chosen; the session has what is asked for.
#[derive(Default)]
pub(super) struct FilterState {
    text: String,
    since: Since,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Since {
    #[default]
    Ever,
    Hour,
    Day,
    Week,
    Month,
}

impl Since {
    const ALL: [(Self, &'static str, i64); 5] = [
        (Self::Ever, "Any time", 0),
        (Self::Hour, "Last hour", 1),
        (Self::Day, "Last 24 hours", 24),
        (Self::Week, "Last 7 days", 168),
        (Self::Month, "Last 30 days", 720),
    ];
}

/// How a call ended, as one chooses it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Any,
    State(AttemptState),
    Fault(String),
}

const LATENCIES: [(Option<u32>, &str); 5] = [
    (None, "Any latency"),
    (Some(1), "Over 1 s"),
    (Some(5), "Over 5 s"),
    (Some(10), "Over 10 s"),
    (Some(30), "Over 30 s"),
];
const COSTS: [(Option<i64>, &str); 4] = [
    (None, "Any cost"),
    (Some(10_000_000), "Over $0.01"),
    (Some(100_000_000), "Over $0.10"),
    (Some(1_000_000_000), "Over $1"),
];

pub(super) fn show(session: &Session, state: &mut FilterState, sender: &CommandSender, ui: &mut Ui) {
    let before = session.calls().query();
    let mut query = before.clone();
    ui.horizontal_wrapped(|ui| {
        search(state, &mut query.filter, ui);
        outcome(session, &mut query.filter, ui);
        model(session, &mut query.filter, ui);
        run(session, &mut query.filter, ui);
        project(session, &mut query.filter, ui);
        since(state, &mut query.filter, ui);
        limits(&mut query.filter, ui);
        let sorts = CallSort::ALL.map(|sort| (sort, sort.words().to_owned()));
        if let Some(sort) = widgets::picker(ui, "Order of calls", Some(&query.sort), sorts) {
            query.sort = sort;
        }
        if query.filter.is_all() {
            return;
        }
        if ui.available_size_before_wrap().x < Theme::of(ui).size.control {
            ui.end_row();
        }
        if widgets::icon_button(ui, icons::ICON_FILTER_ALT_OFF, "Clear filters").clicked() {
            *state = FilterState::default();
            query.filter = CallFilter::default();
        }
    });
    if query != *before {
        sender.send(Command::QueryCalls(query));
    }
}

/// Asks for all calls again.
pub(super) fn clear(session: &Session, state: &mut FilterState, sender: &CommandSender) {
    *state = FilterState::default();
    let sort = session.calls().query().sort;
    sender.send(Command::QueryCalls(CallQuery { filter: CallFilter::default(), sort }));
}

fn search(state: &mut FilterState, filter: &mut CallFilter, ui: &mut Ui) {
    let entered = widgets::search(ui, "Find calls", "Case, user, error, request", &mut state.text);
    let typed = Some(state.text.trim()).filter(|text| !text.is_empty());
    if entered || (typed.is_none() && filter.text.is_some()) {
        filter.text = typed.map(str::to_owned);
    }
}

fn outcome(session: &Session, filter: &mut CallFilter, ui: &mut Ui) {
    let chosen = match (&filter.fault, filter.state) {
        (Some(fault), _) => Outcome::Fault(fault.clone()),
        (None, Some(state)) => Outcome::State(state),
        (None, None) => Outcome::Any,
    };
    let states = AttemptState::ALL.map(|state| {
        let words = match state {
            AttemptState::Sent => "Under way",
            AttemptState::Received => "Received",
            AttemptState::Ended => "Answered",
            AttemptState::Failed => "Failed",
            AttemptState::Ambiguous => "Ambiguous",
        };
        (Outcome::State(state), words.to_owned())
    });
    let faults = session.calls().faults();
    let faults = faults
        .iter()
        .map(|(word, count)| (Outcome::Fault(word.clone()), format!("Failed: {word} ({})", format::count(*count))));
    let choices = std::iter::once((Outcome::Any, "Any outcome".to_owned())).chain(states).chain(faults);
    let Some(picked) = widgets::picker(ui, "Calls by outcome", Some(&chosen), choices) else { return };
    (filter.state, filter.fault) = match picked {
        Outcome::Any => (None, None),
        Outcome::State(state) => (Some(state), None),
        Outcome::Fault(fault) => (None, Some(fault)),
    };
}

fn model(session: &Session, filter: &mut CallFilter, ui: &mut Ui) {
    let each = session.calls().models().iter().map(|model| (Some(model.clone()), model.to_string()));
    let choices = std::iter::once((None, "Any model".to_owned())).chain(each);
    if let Some(model) = widgets::picker(ui, "Calls of model", Some(&filter.model), choices) {
        filter.model = model;
    }
}

fn run(session: &Session, filter: &mut CallFilter, ui: &mut Ui) {
    let runs = session.runs();
    let live = runs.live().map(|live| (live.header.id.clone(), format!("{}, under way", live.header.experiment)));
    let recorded = runs.recorded().iter().take(RUNS).map(|run| {
        let header = &run.header;
        (header.id.clone(), format!("{}, {}", header.experiment, format::when(header.started_at)))
    });
    let known = format::told_apart(live.into_iter().chain(recorded).collect());
    // A run that is asked for from elsewhere may be none of the last.
    let other = filter.run.clone().filter(|run| known.iter().all(|(id, _)| id != run)).map(|run| {
        let name = run.to_string();
        (run, name)
    });
    let each = known.into_iter().chain(other).map(|(id, name)| (Some(id), name));
    if let Some(run) = widgets::picker(
        ui,
        "Calls of run",
        Some(&filter.run),
        std::iter::once((None, "Any run".to_owned())).chain(each),
    ) {
        filter.run = run;
    }
}

fn project(session: &Session, filter: &mut CallFilter, ui: &mut Ui) {
    let Some(workspace) = session.workspace().filter(|workspace| workspace.projects.len() > 1) else { return };
    let each = workspace.projects.keys().map(|id| (Some(id.clone()), id.to_string()));
    let choices = std::iter::once((None, "Any project".to_owned())).chain(each);
    if let Some(project) = widgets::picker(ui, "Calls of project", Some(&filter.project), choices) {
        filter.project = project;
    }
}

fn since(state: &mut FilterState, filter: &mut CallFilter, ui: &mut Ui) {
    if filter.since.is_none() {
        state.since = Since::Ever;
    }
    let choices = Since::ALL.map(|(since, words, _)| (since, words.to_owned()));
    let Some(picked) = widgets::picker(ui, "Calls sent within", Some(&state.since), choices) else { return };
    state.since = picked;
    let hours = Since::ALL.into_iter().find(|(since, ..)| *since == picked).map_or(0, |(.., hours)| hours);
    filter.since = (hours > 0).then(|| now().checked_sub(SignedDuration::from_hours(hours)).ok()).flatten();
}

fn limits(filter: &mut CallFilter, ui: &mut Ui) {
    let latencies =
        LATENCIES.map(|(seconds, words)| (seconds.map(|seconds| f64::from(seconds) * 1e3), words.to_owned()));
    let over = |ms: f64| format!("Over {}", format::seconds(ms));
    limit(ui, "Calls by latency", &mut filter.min_latency_ms, latencies.into(), over);
    let costs = COSTS.map(|(cost, words)| (cost.map(Usd::from_nanos), words.to_owned()));
    limit(ui, "Calls by cost", &mut filter.min_cost, costs.into(), |cost| format!("Over {cost}"));
}

/// One of the limits, and the one that is asked for where an alert gave another.
fn limit<T: Copy + PartialEq>(
    ui: &mut Ui,
    label: &str,
    asked: &mut Option<T>,
    mut choices: Vec<(Option<T>, String)>,
    over: impl Fn(T) -> String,
) {
    let known = choices.iter().any(|(limit, _)| limit == asked);
    if let Some(own) = asked.filter(|_| !known) {
        choices.push((*asked, over(own)));
    }
    if let Some(picked) = widgets::picker(ui, label, Some(&*asked), choices) {
        *asked = picked;
    }
}
