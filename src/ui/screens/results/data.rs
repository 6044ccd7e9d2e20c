//! What the grid shows, as plain values: heads of columns, cells, the runs to choose from, how the run stands.

use jiff::Timestamp;

use crate::analysis::{Board, CellView, Change, ColumnChange, ColumnMetrics, Ending, TrialMark};
use crate::domain::{Interval, RunHeader, RunId, RunState, RunSummary, TrialRef, Usd};
use crate::session::{Previous, Rest, RunView, Session};
use crate::ui::format;
use crate::ui::widgets::{self, VerdictMark};

/// The head of a column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ColumnHead {
    pub variant: String,
    pub model: String,
    pub scripted: bool,
    pub rate: Option<Interval>,
    /// Mean cost of an answer, and latencies.
    pub facts: [String; 2],
    pub errored: u64,
    pub unscored: u64,
    /// What guards did to the rate, in short and in a sentence; empty where they did nothing.
    pub guards: [String; 2],
    pub change: Option<HeadChange>,
}

/// A column against the run before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct HeadChange {
    /// `+3.2 points`.
    pub text: String,
    /// Better, worse, or neither: only what is more than chance has a direction.
    pub direction: Option<Change>,
    pub about: String,
}

pub(super) fn column_heads(board: &Board, previous: Option<&Previous>) -> Vec<ColumnHead> {
    let header = board.header();
    let models = header.models.len().max(1);
    let head = |column: usize| {
        let metrics = board.column(column);
        let model = header.models.get(column % models);
        let change = previous.and_then(|previous| previous.baseline.columns.get(column)?.as_ref());
        ColumnHead {
            variant: header.variants.get(column / models).map(ToString::to_string).unwrap_or_default(),
            model: model.map(|model| model.id.to_string()).unwrap_or_default(),
            scripted: model.is_some_and(|model| model.scripted),
            rate: metrics.pass_rate(),
            facts: facts(metrics),
            errored: metrics.errored,
            unscored: metrics.unscored,
            guards: guards(metrics),
            change: change.and_then(head_change),
        }
    };
    (0..header.columns()).map(head).collect()
}

/// The mean cost of an answer, and how long answers took.
fn facts(metrics: &ColumnMetrics) -> [String; 2] {
    let cost = metrics.mean_cost().map_or_else(|| "price unknown".to_owned(), |cost| format!("{cost} on average"));
    let own = metrics.ended() > metrics.errored + metrics.left_out;
    let cost = if own { cost } else { String::new() };
    let latency = [(metrics.latency_p50(), "p50"), (metrics.latency_p95(), "p95")];
    let latency = latency.into_iter().filter_map(|(ms, name)| Some(format!("{name} {}", format::seconds(ms?))));
    [cost, latency.collect::<Vec<_>>().join(" · ")]
}

/// The rate before repair, and answers of stand-ins that are not in it.
fn guards(metrics: &ColumnMetrics) -> [String; 2] {
    let rates = metrics.pass_rate_at_first().zip(metrics.pass_rate()).filter(|_| metrics.repaired > 0);
    let rates = rates.map(|(first, rate)| [first, rate].map(|rate| format::percent(rate.value)));
    let left_out = (metrics.left_out > 0).then(|| format::count(metrics.left_out));
    let short = [
        rates.as_ref().map(|[first, _]| format!("pass@first {first}")),
        left_out.as_ref().map(|count| format!("{count} left out")),
    ];
    let long = [
        rates.map(|[first, rate]| format!("pass@first {first}, after repair {rate}")),
        left_out.map(|count| format!("answers of stand-ins left out: {count}")),
    ];
    [short, long].map(|parts| parts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
}

fn head_change(change: &ColumnChange) -> Option<HeadChange> {
    let difference = change.difference?;
    let direction = match change.p {
        Some(p) if p < 0.05 && difference.value > 0.0 => Some(Change::Fixed),
        Some(p) if p < 0.05 && difference.value < 0.0 => Some(Change::Regressed),
        _ => None,
    };
    let sign = if difference.value < 0.0 { '−' } else { '+' };
    let likely = if direction.is_some() { "" } else { " No more than chance can explain." };
    Some(HeadChange {
        text: if difference.value.abs() < 0.0005 {
            "as before".to_owned()
        } else {
            format!("{sign}{:.1} pts", difference.value.abs() * 100.0)
        },
        direction,
        about: format!(
            "Against the run before, over {} cases: {} turned right, {} turned wrong (95 % interval {:+.1} to {:+.1} points).{likely}",
            change.cases,
            change.fixed,
            change.regressed,
            difference.low * 100.0,
            difference.high * 100.0,
        ),
    })
}

/// One cell of the grid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CellData {
    pub mark: VerdictMark,
    /// `4/5`, where the cell has several trials.
    pub share: Option<String>,
    /// Latency and cost, and where the answer is from.
    pub facts: String,
    pub change: Option<Change>,
    /// The trial whose answer the cell shows.
    pub shown: TrialRef,
}

pub(super) fn cell(board: &Board, previous: Option<&Previous>, case: u32, column: usize) -> CellData {
    let view = board.cell(case, column);
    let scored = view.scored();
    let mark = if scored > 0 {
        if view.passed * 2 > scored { VerdictMark::Pass } else { VerdictMark::Fail }
    } else if view.errored > 0 {
        VerdictMark::Errored
    } else if view.unscored > 0 {
        VerdictMark::Unscored
    } else if board.is_running(case, column) {
        VerdictMark::Running
    } else {
        VerdictMark::Pending
    };
    let repeats = board.header().repeats;
    let share = (repeats > 1 && scored + view.errored + view.unscored > 0).then(|| {
        let ended = scored + view.errored + view.unscored;
        format!("{}/{ended}", view.passed)
    });
    let latency = view.latency_ms.map(|ms| format::seconds(f64::from(ms)));
    let cost = view.cost.map(|cost| cost.to_string());
    let cached = view.cached.then(|| "cached".to_owned());
    let shown = trial_of(board, &view, case, column);
    let stood_in = board.trial(shown).is_some_and(TrialMark::stood_in).then(|| "stand-in".to_owned());
    CellData {
        mark,
        share,
        facts: [latency, cost, stood_in, cached].into_iter().flatten().collect::<Vec<_>>().join(" · "),
        change: previous.and_then(|previous| previous.change(case, column)),
        shown,
    }
}

/// The trial whose answer a cell shows.
pub(super) fn shown_trial(board: &Board, case: u32, column: usize) -> TrialRef {
    trial_of(board, &board.cell(case, column), case, column)
}

/// The first of a cell's trials that agrees with its mark: what a person wants to read of a failed cell is a failure.
fn trial_of(board: &Board, view: &CellView, case: u32, column: usize) -> TrialRef {
    let header = board.header();
    if header.repeats == 1 {
        return trial_at(header, case, column, 0);
    }
    let right = view.passed * 2 > view.scored();
    let ends = |repeat: &u16| board.trial(trial_at(header, case, column, *repeat)).map(TrialMark::ending);
    let agrees = |repeat: &u16| match ends(repeat) {
        Some(Ending::Passed) => right,
        Some(Ending::Failed) => !right,
        _ => false,
    };
    let repeats = || 0..u16::try_from(header.repeats).unwrap_or(u16::MAX);
    let repeat = repeats().find(agrees).or_else(|| repeats().find(|repeat| ends(repeat).is_some()));
    trial_at(header, case, column, repeat.unwrap_or_default())
}

/// The trial at a place of the grid.
pub(super) fn trial_at(header: &RunHeader, case: u32, column: usize, repeat: u16) -> TrialRef {
    let models = header.models.len().max(1);
    let place = |index: usize| u16::try_from(index).unwrap_or(u16::MAX);
    TrialRef { case, variant: place(column / models), model: place(column % models), repeat }
}

/// A run to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunChoice {
    pub id: RunId,
    pub text: String,
}

/// The recorded runs of the chosen project, newest first, the one under way before them.
pub(super) fn run_choices(session: &Session) -> Vec<RunChoice> {
    let runs = session.runs();
    let live = runs.live().map(|live| RunChoice {
        id: live.header.id.clone(),
        text: format!("{} · {} · running", live.header.experiment, format::when(live.header.started_at)),
    });
    let project = session.selection().project.as_ref();
    let recorded = runs
        .recorded()
        .iter()
        .filter(|run| Some(&run.header.project) == project)
        .filter(|run| live.as_ref().is_none_or(|live| live.id != run.header.id))
        .map(run_choice);
    live.clone().into_iter().chain(recorded).collect()
}

fn run_choice(run: &RunSummary) -> RunChoice {
    let scored = run.passed + run.failed;
    #[expect(clippy::cast_precision_loss, reason = "counts of trials")]
    let rate = (scored > 0).then(|| format::percent(run.passed as f64 / scored as f64));
    let parts = [
        Some(run.header.experiment.to_string()),
        Some(format::when(run.header.started_at)),
        Some(state_word(run.state).to_owned()),
        rate.map(|rate| format!("{rate} passed")),
    ];
    RunChoice { id: run.header.id.clone(), text: parts.into_iter().flatten().collect::<Vec<_>>().join(" · ") }
}

/// How a recorded run ended; one that says it runs and is not under way here was cut short.
pub(super) const fn state_word(state: RunState) -> &'static str {
    match state {
        RunState::Running => "interrupted",
        RunState::Completed | RunState::BudgetReached | RunState::Cancelled | RunState::Incomplete => state.word(),
    }
}

/// How the shown run stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Standing {
    /// Under way.
    Running {
        done: u64,
        total: u64,
        text: String,
        paused: bool,
    },
    /// Over at its budget, and trials are left.
    BudgetReached {
        budget: Usd,
        left: u64,
    },
    /// Over for another reason, and trials are left.
    Left {
        what: String,
        left: u64,
    },
    Completed,
}

pub(super) fn standing(board: &Board, live: Option<&RunView<'_>>) -> Standing {
    let (done, total) = (board.ended(), board.trials());
    if let Some(live) = live.filter(|live| live.header.id == board.header().id) {
        let paused = board.paused().map(pause_words);
        let left = live.left.map(|left| format!("{} left", format::duration(left)));
        let spent = live.budget.map_or_else(
            || format!("{} spent", live.totals.spent),
            |budget| format!("{} of {budget}", live.totals.spent),
        );
        let count = format!("{} of {} trials", format::count(done), format::count(total));
        let parts = [paused.clone(), Some(count), left, Some(spent)];
        let text = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        return Standing::Running { done, total, text, paused: paused.is_some() };
    }
    let left = total.saturating_sub(done);
    let what = match board.state() {
        RunState::Completed => return Standing::Completed,
        _ if left == 0 => return Standing::Completed,
        RunState::BudgetReached if let Some(budget) = board.header().definition.budget.hard => {
            return Standing::BudgetReached { budget, left };
        }
        RunState::Running => "The program ended while the run was under way.",
        RunState::BudgetReached => "The budget was reached.",
        RunState::Cancelled => "The run was cancelled.",
        RunState::Incomplete => "The run could not go on: its endpoints stopped, or its record could not be written.",
    };
    Standing::Left { what: what.to_owned(), left }
}

/// Why a run is paused, to stand among other words in a line.
fn pause_words(reason: &str) -> String {
    let reason = reason.trim_end_matches('.');
    if reason.is_empty() { "Paused".to_owned() } else { reason.to_owned() }
}

/// The budget that is typed for a run that is to go on, or else the one that is proposed; a sentence where it lets
/// nothing run.
pub(super) fn new_budget(typed: Option<&str>, old: Usd, rest: Option<&Rest>) -> Result<Usd, String> {
    let budget = match typed {
        Some(typed) => widgets::read_dollars(typed)?,
        None => rest.map_or(old, |rest| rest.budget),
    };
    if budget > old { Ok(budget) } else { Err(format!("More than {old} is needed.")) }
}

/// The day and hour of a run, and with which program.
pub(super) fn about_run(board: &Board, now: Timestamp) -> String {
    let header = board.header();
    let parts = [
        format::since(header.started_at, now),
        format!("{} cases", format::count(header.cases.into())),
        format!("{} trials", format::count(board.trials())),
        format!("{} spent", board.totals().spent),
    ];
    parts.join(" · ")
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        CallError, CheckResult, Completion, Fault, Fingerprint, Guarded, Outcome, RunEvent, RunModel, Score, StandIn,
        TrialEnded, Verdict,
    };

    /// A run of two variants on one model, with two checks.
    pub fn board(cases: u32, repeats: u32) -> Board {
        Board::new(Arc::new(RunHeader {
            id: "r".into(),
            project: "p".into(),
            experiment: "e".into(),
            definition: ron::from_str(
                r#"(variants: ["a", "b"], models: ["m"], dataset: "d", checks: [(kind: Json), (metric: "tone", kind: Regex(pattern: "x"))])"#,
            )
            .unwrap(),
            variants: vec!["a".into(), "b".into()],
            models: vec![RunModel { id: "m".into(), model: "m-1".into(), origin: "scripted".into(), scripted: true }],
            dataset: "d".into(),
            dataset_fingerprint: Fingerprint([0; 32]),
            cases,
            repeats,
            started_at: Timestamp::UNIX_EPOCH,
            program: "0".into(),
            prices_dated: String::new(),
            judges: Vec::new(),
            temperatures: Vec::new(),
            left_out: 0,
        idle: Vec::new(),
        }))
    }

    /// `outcome`: `p` passed, `f` the second check failed, `u` unscored, `e` errored.
    pub fn end(board: &mut Board, case: u32, variant: u16, repeat: u16, outcome: char) {
        end_guarded(board, case, variant, repeat, outcome, Guarded::default());
    }

    pub fn end_guarded(board: &mut Board, case: u32, variant: u16, repeat: u16, outcome: char, guarded: Guarded) {
        let check = |metric: &str, pass: bool| CheckResult {
            metric: metric.into(),
            verdict: if pass { Verdict::Pass } else { Verdict::Fail },
            score: Some(f64::from(u8::from(pass))),
            weight: 1.0,
            reason: String::new(),
        };
        let score = |verdict, second| Score::new(verdict, 1.0, vec![check("json", true), check("tone", second)]);
        let outcome = match outcome {
            'p' => Outcome::Scored(score(Verdict::Pass, true)),
            'f' => Outcome::Scored(score(Verdict::Fail, false)),
            'u' => Outcome::Unscored(score(Verdict::Unscored, true)),
            _ => Outcome::Errored(CallError::new(Fault::Server, "down")),
        };
        let answered = !matches!(outcome, Outcome::Errored(_));
        let answer = answered.then(|| Arc::new(Completion { latency_ms: 840.0, ..Completion::given("x".to_owned()) }));
        let mut key = [0; 32];
        key[..4].copy_from_slice(&case.to_be_bytes());
        key[4..6].copy_from_slice(&variant.to_be_bytes());
        key[6..8].copy_from_slice(&repeat.to_be_bytes());
        board.apply(&RunEvent::TrialEnded(Arc::new(TrialEnded {
            trial: TrialRef { case, variant, model: 0, repeat },
            key: Fingerprint(key),
            case_id: format!("case {case}").into(),
            request: Fingerprint(key),
            outcome,
            answer,
            attempts: 1,
            cost: answered.then(|| Usd::from_nanos(4_200_000)),
            spent: Usd::ZERO,
            judge_spent: Usd::ZERO,
            cached: false,
            guarded,
        })));
    }

    #[test]
    fn a_head_has_rate_cost_latency_and_counts() {
        let mut board = board(4, 1);
        for (case, outcome) in (0..).zip("ppfe".chars()) {
            end(&mut board, case, 0, 0, outcome);
        }
        let heads = column_heads(&board, None);
        let first = &heads[0];
        assert_eq!((first.variant.as_str(), first.model.as_str(), first.scripted), ("a", "m", true));
        assert!((first.rate.unwrap().value - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(first.facts, ["$0.0042 on average", "p50 840 ms · p95 840 ms"]);
        assert_eq!((first.errored, first.unscored), (1, 0));
        assert_eq!((heads[1].rate, heads[1].facts.concat()), (None, String::new()));
    }

    #[test]
    fn a_head_says_what_repair_did_to_the_rate() {
        let mut board = board(4, 1);
        for case in 0..4 {
            let guarded = match case {
                0 => Guarded { repairs: 1, ..Guarded::default() },
                3 => Guarded { stand_in: Some(StandIn::Canned), left_out: true, ..Guarded::default() },
                _ => Guarded::default(),
            };
            end_guarded(&mut board, case, 0, 0, if case == 3 { 'u' } else { 'p' }, guarded);
        }
        let heads = column_heads(&board, None);
        assert_eq!(heads[0].guards[0], "pass@first 66.7 % · 1 left out");
        assert_eq!(heads[0].guards[1], "pass@first 66.7 %, after repair 100 % · answers of stand-ins left out: 1");
        assert_eq!(heads[1].guards.concat(), "");
    }

    #[test]
    fn an_answer_of_a_stand_in_is_told_and_has_no_numbers_of_the_model() {
        let mut board = board(1, 1);
        let guarded = Guarded { stand_in: Some(StandIn::Canned), left_out: true, ..Guarded::default() };
        end_guarded(&mut board, 0, 0, 0, 'u', guarded);
        assert_eq!(cell(&board, None, 0, 0).facts, "stand-in");
        assert_eq!(column_heads(&board, None)[0].facts.concat(), "", "no price is unknown: none was paid for its own");
    }

    #[test]
    fn a_cell_says_how_many_of_its_trials_passed() {
        let check = |outcomes: &str, mark: VerdictMark, share: Option<&str>, repeat: u16| {
            let mut board = board(1, 3);
            for (repeat, outcome) in (0..).zip(outcomes.chars()) {
                end(&mut board, 0, 0, repeat, outcome);
            }
            let cell = cell(&board, None, 0, 0);
            assert_eq!((cell.mark, cell.share.as_deref(), cell.shown.repeat), (mark, share, repeat), "{outcomes}");
        };
        check("ppf", VerdictMark::Pass, Some("2/3"), 0);
        check("pff", VerdictMark::Fail, Some("1/3"), 1);
        check("eee", VerdictMark::Errored, Some("0/3"), 0);
        check("eu", VerdictMark::Errored, Some("0/2"), 0);
        check("eup", VerdictMark::Pass, Some("1/3"), 2);
        check("", VerdictMark::Pending, None, 0);
    }

    #[test]
    fn a_change_has_a_direction_only_where_it_is_more_than_chance() {
        let check = |difference: f64, p: f64, direction: Option<Change>, text: &str| {
            let change = ColumnChange {
                before: 0,
                cases: 50,
                regressed: 1,
                fixed: 6,
                difference: Some(Interval { value: difference, low: difference - 0.05, high: difference + 0.05 }),
                p: Some(p),
                cost_ratio: None,
                latency_ratio: None,
            };
            let head = head_change(&change).unwrap();
            assert_eq!((head.direction, head.text.as_str()), (direction, text));
        };
        check(0.1, 0.01, Some(Change::Fixed), "+10.0 pts");
        check(-0.1, 0.01, Some(Change::Regressed), "−10.0 pts");
        check(0.1, 0.4, None, "+10.0 pts");
    }

    #[test]
    fn a_run_that_was_cut_short_says_what_is_left() {
        let mut board = board(4, 1);
        end(&mut board, 0, 0, 0, 'p');
        assert!(matches!(standing(&board, None), Standing::Left { left: 7, .. }));
        board.apply(&RunEvent::Ended { state: RunState::Completed, at: Timestamp::UNIX_EPOCH });
        assert_eq!(standing(&board, None), Standing::Completed);
    }

    #[test]
    fn a_pause_is_said_once() {
        assert_eq!(pause_words("Paused by a person."), "Paused by a person");
        assert_eq!(pause_words(""), "Paused");
    }

    #[test]
    fn a_run_that_reached_its_budget_asks_for_a_higher_one() {
        let usd = |dollars: f64| Usd::from_dollars(dollars).unwrap();
        let mut header = (**board(4, 1).header()).clone();
        header.definition.budget.hard = Some(usd(0.5));
        let mut board = Board::new(Arc::new(header));
        end(&mut board, 0, 0, 0, 'p');
        board.apply(&RunEvent::Ended { state: RunState::BudgetReached, at: Timestamp::UNIX_EPOCH });
        assert_eq!(standing(&board, None), Standing::BudgetReached { budget: usd(0.5), left: 7 });

        let rest = Rest { trials: 7, cost: crate::plan::Range::default(), budget: usd(1.2) };
        let check = |typed: Option<&str>, rest: Option<&Rest>, expect: Option<f64>| {
            assert_eq!(new_budget(typed, usd(0.5), rest).ok(), expect.map(usd), "{typed:?}");
        };
        check(None, Some(&rest), Some(1.2));
        check(None, None, None);
        check(Some("$0.75"), Some(&rest), Some(0.75));
        check(Some("0.75"), None, Some(0.75));
        check(Some("0.5"), Some(&rest), None);
        check(Some("much"), Some(&rest), None);
        check(Some(""), Some(&rest), None);
    }
}
