//! What Plots shows, as plain values: a few charts out of a board and the summaries of runs.

use super::chart::{Axis, Chart, Fact, Guide, Item, Kind, Leads, Legend, Look, Part, Tick};
use crate::analysis::{Board, ColumnMetrics, Sample, box_numbers, pareto, success_over_runs};
use crate::domain::{Interval, RunSummary, Usd};
use crate::ui::format;

/// Costs that are further apart than this are drawn by powers of ten.
const WIDE: f64 = 12.0;
/// A target further above everything than this would press the rest together; it is named, not drawn.
const ABOVE: f64 = 2.5;
/// How far up an axis goes, of the height of a target: its words stand above it.
const ROOM_FOR_WORDS: f64 = 1.14;
/// Runs that the last chart shows.
const RUNS: usize = 40;

/// Latencies that one wants to stay below, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Targets {
    pub p50: f64,
    pub p95: f64,
}

impl Default for Targets {
    fn default() -> Self {
        Self { p50: 2_000.0, p95: 5_000.0 }
    }
}

/// What all charts have in common.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Plots {
    pub legend: Legend,
    pub charts: Vec<Chart>,
    /// *Scripted, not a model.*
    pub scripted: bool,
}

/// The charts of a run, and of its experiment's runs.
pub(super) fn plots(board: &Board, recorded: &[RunSummary], targets: Targets) -> Plots {
    let header = board.header();
    let legend = Legend {
        variants: header.variants.iter().map(ToString::to_string).collect(),
        models: header.models.iter().map(|model| model.id.to_string()).collect(),
    };
    let columns = Columns { board, legend: &legend };
    let charts = [
        Some(success(&columns)),
        cost(&columns),
        latency(&columns, targets),
        first_token(&columns),
        front(&columns),
        tokens(&columns),
        runs(board, recorded),
    ];
    Plots { charts: charts.into_iter().flatten().collect(), scripted: header.scripted(), legend }
}

/// The columns of a board by place.
struct Columns<'a> {
    board: &'a Board,
    legend: &'a Legend,
}

struct Column<'a> {
    index: usize,
    look: Look,
    x: f64,
    metrics: &'a ColumnMetrics,
}

impl Columns<'_> {
    fn each(&self) -> impl Iterator<Item = Column<'_>> {
        let models = self.legend.models.len().max(1);
        self.board.columns().iter().enumerate().map(move |(index, metrics)| {
            let look = Look { series: index / models, shape: index % models };
            Column { index, look, x: self.place(look), metrics }
        })
    }

    /// The models of a variant stand together.
    #[expect(clippy::cast_precision_loss, reason = "a run has few columns")]
    fn place(&self, look: Look) -> f64 {
        let group = self.legend.models.len() as f64 + if self.legend.models.len() > 1 { 0.8 } else { 0.0 };
        look.series as f64 * group + look.shape as f64
    }

    /// One name below each variant's models, or below each model where there is one variant.
    #[expect(clippy::cast_precision_loss, reason = "a run has few columns")]
    fn axis(&self) -> Axis {
        let Legend { variants, models } = self.legend;
        let (last_variant, last_model) = (variants.len().saturating_sub(1), models.len().saturating_sub(1));
        let by_model = variants.len() == 1 && models.len() > 1;
        let middle = last_model as f64 / 2.0;
        let ticks = if by_model {
            let tick = |(shape, name): (usize, &String)| Tick {
                at: self.place(Look { series: 0, shape }),
                text: name.clone(),
            };
            models.iter().enumerate().map(tick).collect()
        } else {
            let tick = |(series, name): (usize, &String)| Tick {
                at: self.place(Look { series, shape: 0 }) + middle,
                text: name.clone(),
            };
            variants.iter().enumerate().map(tick).collect()
        };
        let label = if by_model { "Model" } else { "Variant" };
        let high = self.place(Look { series: last_variant, shape: last_model }) + 0.7;
        Axis { label: label.to_owned(), low: -0.7, high, ticks }
    }

    fn item(&self, column: &Column<'_>, parts: Vec<Part>, facts: Vec<Fact>) -> Item {
        let Legend { variants, models } = self.legend;
        let of = |names: &[String], index: usize| names.get(index).cloned().unwrap_or_default();
        let (variant, model) = (of(variants, column.look.series), of(models, column.look.shape));
        let mut all = facts;
        all.extend([Fact::raw("variant", &variant), Fact::raw("model", &model)]);
        Item {
            x: column.x,
            look: column.look,
            parts,
            name: format!("{variant} · {model}"),
            facts: all,
            leads: Leads::Column(column.index),
        }
    }
}

fn success(columns: &Columns<'_>) -> Chart {
    let items = columns.each().map(|column| {
        let rate = column.metrics.pass_rate();
        let parts = rate.map_or_else(Vec::new, |rate| {
            vec![Part::Interval { low: rate.low, high: rate.high }, Part::Mark { y: rate.value, filled: true }]
        });
        let mut facts = vec![Fact::maybe("Passed", rate.map(|rate| rate.value), "pass_rate", format::percent)];
        facts.extend(interval_facts(rate));
        facts.extend(counts(column.metrics));
        columns.item(&column, parts, facts)
    });
    Chart {
        kind: Kind::Success,
        about: "Passed of scored trials, with the 95 % interval (Wilson)".to_owned(),
        x: columns.axis(),
        y: Axis::share("Passed (%)"),
        items: items.collect(),
        guides: Vec::new(),
        paths: Vec::new(),
    }
}

fn cost(columns: &Columns<'_>) -> Option<Chart> {
    let top = columns.each().filter_map(|column| {
        Some(column.metrics.mean_cost()?.dollars() + column.metrics.mean_judge_cost().map_or(0.0, Usd::dollars))
    });
    let top = top.fold(None, |top: Option<f64>, one| Some(top.map_or(one, |top| top.max(one))))?;
    let items = columns.each().map(|column| {
        let answer = column.metrics.mean_cost();
        let judges = column.metrics.mean_judge_cost().filter(|judges| *judges > Usd::ZERO);
        let from = answer.map_or(0.0, Usd::dollars);
        let to = from + judges.map_or(0.0, Usd::dollars);
        let mut parts = Vec::new();
        if answer.is_some() {
            parts.push(Part::Bar { from: 0.0, to: from, pale: false });
        }
        if judges.is_some() {
            parts.push(Part::Bar { from, to, pale: true });
        }
        if !parts.is_empty() {
            parts.push(Part::Mark { y: to, filled: true });
        }
        let dollars = |cost: Option<Usd>| cost.map(Usd::dollars);
        let mut facts = vec![
            Fact::maybe("Answer", dollars(answer), "answer_usd", money),
            Fact::maybe("Judges", dollars(judges), "judges_usd", money),
        ];
        facts.extend(counts(column.metrics));
        if column.metrics.unpriced() > 0 {
            facts.push(Fact::new("Without a price", format::count(column.metrics.unpriced()), "", &""));
        }
        columns.item(&column, parts, facts)
    });
    let items: Vec<Item> = items.collect();
    let judged = items.iter().any(|item| item.parts.iter().any(|part| matches!(part, Part::Bar { pale: true, .. })));
    let about = if judged {
        "Mean of an answer, and in pale what judges took"
    } else {
        "Mean of an answer; judges took nothing"
    };
    Some(Chart {
        kind: Kind::Cost,
        about: about.to_owned(),
        x: columns.axis(),
        y: Axis::dollars("Cost per trial (US $)", top),
        items,
        guides: Vec::new(),
        paths: Vec::new(),
    })
}

fn latency(columns: &Columns<'_>, targets: Targets) -> Option<Chart> {
    let mut chart = boxes(columns, Kind::Latency, ColumnMetrics::latency)?;
    let top = chart.items.iter().flat_map(Chart::heights).fold(0.0, f64::max);
    let wanted = [("p50", targets.p50), ("p95", targets.p95)];
    let drawn = |target: f64| target <= top * ABOVE;
    let top = wanted.iter().map(|(_, target)| *target).filter(|target| drawn(*target)).fold(top, f64::max);
    chart.y = time_axis(Kind::Latency.title(), top);
    for (name, target) in wanted {
        if drawn(target) {
            chart.guides.push(Guide {
                at: target,
                text: format!("{name} target {}", format::seconds(target)),
                upright: false,
            });
            chart.y.high = chart.y.high.max(target * ROOM_FOR_WORDS);
        }
    }
    let met = |q: f64, target: f64| {
        columns.each().filter_map(|column| column.metrics.latency().quantile(q)).all(|found| found <= target)
    };
    let say = |name: &str, met: bool| format!("{name} target {}", if met { "met by all" } else { "missed by some" });
    chart.about = format!(
        "Box with p50 (filled) and p95 (open) · {} · {}",
        say("p50", met(0.5, targets.p50)),
        say("p95", met(0.95, targets.p95))
    );
    Some(chart)
}

fn first_token(columns: &Columns<'_>) -> Option<Chart> {
    boxes(columns, Kind::FirstToken, ColumnMetrics::first_token)
}

/// A box for each column; `None` where no column has a value.
fn boxes(columns: &Columns<'_>, kind: Kind, of: fn(&ColumnMetrics) -> &Sample) -> Option<Chart> {
    let items: Vec<Item> = columns
        .each()
        .map(|column| {
            let sample = of(column.metrics);
            let numbers = box_numbers(sample.sorted());
            let (p50, p95) = (sample.quantile(0.5), sample.quantile(0.95));
            let mut parts: Vec<Part> = numbers.into_iter().map(Part::Box).collect();
            parts.extend(p50.map(|y| Part::Mark { y, filled: true }));
            parts.extend(p95.map(|y| Part::Mark { y, filled: false }));
            let facts = vec![
                Fact::maybe("p50", p50, "p50_ms", format::seconds),
                Fact::maybe("p95", p95, "p95_ms", format::seconds),
                Fact::maybe("Quarter below", numbers.map(|numbers| numbers.q1), "q1_ms", format::seconds),
                Fact::maybe("Quarter above", numbers.map(|numbers| numbers.q3), "q3_ms", format::seconds),
                Fact::maybe("Fastest", numbers.map(|numbers| numbers.min), "min_ms", format::seconds),
                Fact::maybe("Slowest", numbers.map(|numbers| numbers.max), "max_ms", format::seconds),
                Fact::new("Answers", format::count(sample.len() as u64), "n", &sample.len()),
            ];
            columns.item(&column, parts, facts)
        })
        .collect();
    let top =
        items.iter().flat_map(Chart::heights).fold(None, |top: Option<f64>, one| Some(top.unwrap_or(0.0).max(one)))?;
    Some(Chart {
        kind,
        about: "Box with p50 (filled) and p95 (open), streamed answers only".to_owned(),
        x: columns.axis(),
        y: time_axis(kind.title(), top),
        items,
        guides: Vec::new(),
        paths: Vec::new(),
    })
}

fn time_axis(name: &str, top: f64) -> Axis {
    if top < 2_000.0 {
        return Axis::up_to(format!("{name} (ms)"), top, |ms| format!("{ms:.0}"));
    }
    let digits = usize::from(top < 8_000.0);
    Axis::up_to(format!("{name} (s)"), top, move |ms| format!("{:.digits$}", ms / 1e3))
}

fn tokens(columns: &Columns<'_>) -> Option<Chart> {
    let of = |metrics: &ColumnMetrics| metrics.mean_input_tokens().zip(metrics.mean_output_tokens());
    let top = columns.each().filter_map(|column| of(column.metrics)).map(|(input, output)| input + output);
    let top = top.fold(None, |top: Option<f64>, one| Some(top.unwrap_or(0.0).max(one)))?;
    let whole = |tokens: f64| format!("{tokens:.0}");
    let items = columns.each().map(|column| {
        let found = of(column.metrics);
        let parts = found.map_or_else(Vec::new, |(input, output)| {
            vec![
                Part::Bar { from: 0.0, to: input, pale: true },
                Part::Bar { from: input, to: input + output, pale: false },
                Part::Mark { y: input + output, filled: true },
            ]
        });
        let mut facts = vec![
            Fact::maybe("Input", found.map(|(input, _)| input), "input_tokens", whole),
            Fact::maybe("Output", found.map(|(_, output)| output), "output_tokens", whole),
        ];
        facts.extend(counts(column.metrics));
        columns.item(&column, parts, facts)
    });
    Some(Chart {
        kind: Kind::Tokens,
        about: "Mean input in pale, mean output in full".to_owned(),
        x: columns.axis(),
        y: Axis::up_to("Tokens per trial", top, whole),
        items: items.collect(),
        guides: Vec::new(),
        paths: Vec::new(),
    })
}

fn front(columns: &Columns<'_>) -> Option<Chart> {
    let known: Vec<(Column<'_>, f64, Interval)> = columns
        .each()
        .filter_map(|column| {
            let (cost, rate) = (column.metrics.mean_cost()?.dollars(), column.metrics.pass_rate()?);
            Some((column, cost, rate))
        })
        .collect();
    let costs = || known.iter().map(|(_, cost, _)| *cost);
    let (least, most) = (costs().reduce(f64::min)?, costs().reduce(f64::max)?);
    let by_power = least > 0.0 && most > least * WIDE;
    let x = if by_power {
        Axis::powers("Cost per trial (US $, by powers of ten)", least, most, money)
    } else {
        Axis { low: -most * 0.04, ..Axis::dollars("Cost per trial (US $)", most * 1.05) }
    };
    let across = |cost: f64| if by_power { cost.log10() } else { cost };
    let best = pareto(&known.iter().map(|(_, cost, rate)| (*cost, rate.value)).collect::<Vec<_>>());
    let mut path: Vec<[f64; 2]> = known
        .iter()
        .zip(&best)
        .filter(|(_, best)| **best)
        .map(|((_, cost, rate), _)| [across(*cost), rate.value])
        .collect();
    path.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let items = known.iter().zip(&best).map(|((column, cost, rate), best)| {
        let parts =
            vec![Part::Interval { low: rate.low, high: rate.high }, Part::Mark { y: rate.value, filled: *best }];
        let mut facts = vec![
            Fact::new("Passed", format::percent(rate.value), "pass_rate", &rate.value),
            Fact::new("Cost", money(*cost), "cost_usd", cost),
        ];
        facts.extend(interval_facts(Some(*rate)));
        let word = if *best { "on the front" } else { "beaten by another" };
        facts.push(Fact::new("Front", word, "on_front", best));
        facts.extend(counts(column.metrics));
        Item { x: across(*cost), ..columns.item(column, parts, facts) }
    });
    Some(Chart {
        kind: Kind::Front,
        about: "Filled marks on the line: no other is cheaper and better".to_owned(),
        x,
        y: Axis::share("Passed (%)"),
        items: items.collect(),
        guides: Vec::new(),
        paths: vec![path],
    })
}

/// The runs of the board's experiment, oldest first; `None` where there is only one.
#[expect(clippy::cast_precision_loss, reason = "a chart shows few runs")]
fn runs(board: &Board, recorded: &[RunSummary]) -> Option<Chart> {
    let header = board.header();
    let of_experiment: Vec<RunSummary> = recorded
        .iter()
        .filter(|run| run.header.project == header.project && run.header.experiment == header.experiment)
        .take(RUNS)
        .cloned()
        .collect();
    let points = success_over_runs(&of_experiment);
    if points.len() < 2 {
        return None;
    }
    let mut path = Vec::new();
    let items: Vec<Item> = points
        .iter()
        .enumerate()
        .map(|(index, point)| {
            let x = index as f64;
            let summary = of_experiment.iter().find(|run| run.header.id == point.run);
            let scored = summary.map_or(0, |run| run.passed + run.failed);
            let parts = point.pass_rate.map_or_else(Vec::new, |rate| {
                path.push([x, rate.value]);
                let filled = point.run == header.id;
                vec![Part::Interval { low: rate.low, high: rate.high }, Part::Mark { y: rate.value, filled }]
            });
            let rate = point.pass_rate.map(|rate| rate.value);
            let mut facts = vec![Fact::maybe("Passed", rate, "pass_rate", format::percent)];
            facts.extend(interval_facts(point.pass_rate));
            facts.extend([
                Fact::new("Scored", format::count(scored), "n", &scored),
                Fact::new(
                    "Without a verdict",
                    format::percent(point.without_verdict),
                    "without_verdict",
                    &point.without_verdict,
                ),
                Fact::new("Spent", point.spent.to_string(), "spent_usd", &point.spent.dollars()),
                Fact::raw("run", &point.run),
                Fact::raw("started_at", &point.started_at),
            ]);
            Item {
                x,
                look: Look { series: 0, shape: 0 },
                parts,
                name: format!("Run of {}", format::when(point.started_at)),
                facts,
                leads: Leads::Run(point.run.clone()),
            }
        })
        .collect();
    let every = points.len().div_ceil(5);
    let ticks = points.iter().enumerate().filter(|(index, _)| index % every == 0).map(|(index, point)| Tick {
        at: index as f64,
        text: format::when(point.started_at).chars().skip(5).collect(),
    });
    Some(Chart {
        kind: Kind::Runs,
        about: "All columns together, oldest run first; the filled mark is the run shown".to_owned(),
        x: Axis { label: "Started".to_owned(), low: -0.6, high: points.len() as f64 - 0.4, ticks: ticks.collect() },
        y: Axis::share("Passed (%)"),
        items,
        guides: Vec::new(),
        paths: vec![path],
    })
}

fn interval_facts(rate: Option<Interval>) -> [Fact; 3] {
    let shown =
        rate.map_or_else(|| "—".to_owned(), |rate| format!("{}–{}", whole_percent(rate.low), whole_percent(rate.high)));
    [
        Fact::new("95 % interval", shown, "", &""),
        Fact::maybe("", rate.map(|rate| rate.low), "low", |_| String::new()),
        Fact::maybe("", rate.map(|rate| rate.high), "high", |_| String::new()),
    ]
}

fn whole_percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// How many trials a number stands on, and how many are missing from it.
fn counts(metrics: &ColumnMetrics) -> Vec<Fact> {
    let mut facts = vec![Fact::new("Scored", format::count(metrics.scored()), "n", &metrics.scored())];
    for (name, column, count) in [("Unscored", "unscored", metrics.unscored), ("Errored", "errored", metrics.errored)] {
        let name = if count > 0 { name } else { "" };
        facts.push(Fact::new(name, format::count(count), column, &count));
    }
    facts
}

fn money(dollars: f64) -> String {
    Usd::from_dollars(dollars).unwrap_or_default().to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        Completion, Fingerprint, Guarded, Outcome, RunEvent, RunHeader, RunModel, RunState, Score, TrialEnded,
        TrialRef, Verdict,
    };

    pub fn header(variants: &[&str], models: &[&str]) -> RunHeader {
        let model = |id: &&str| RunModel {
            id: (*id).into(),
            model: (*id).to_owned(),
            origin: "scripted".to_owned(),
            scripted: true,
        };
        RunHeader {
            id: "run".into(),
            project: "p".into(),
            experiment: "e".into(),
            definition: serde_json::from_value(serde_json::json!({
                "variants": variants, "models": models, "dataset": "d", "checks": []
            }))
            .unwrap(),
            variants: variants.iter().map(|id| (*id).into()).collect(),
            models: models.iter().map(model).collect(),
            dataset: "d".into(),
            dataset_fingerprint: Fingerprint([0; 32]),
            cases: 10,
            repeats: 1,
            started_at: "2026-11-23T14:05:00Z".parse().unwrap(),
            program: String::new(),
            prices_dated: String::new(),
            judges: Vec::new(),
            temperatures: Vec::new(),
            left_out: 0,
            idle: Vec::new(),
        }
    }

    /// A run of two variants on two models: the second model is dearer, the second variant better.
    pub fn board() -> Board {
        let mut board = Board::new(Arc::new(header(&["plain", "better"], &["small", "large"])));
        for (case, variant, model) in (0..10).flat_map(|case| [(case, 0, 0), (case, 0, 1), (case, 1, 0), (case, 1, 1)])
        {
            let verdict = if case < 4 + 4 * u32::from(variant) { Verdict::Pass } else { Verdict::Fail };
            let key = Fingerprint([u8::try_from(case * 4 + u32::from(variant) * 2 + u32::from(model)).unwrap(); 32]);
            let answer: Completion = serde_json::from_value(serde_json::json!({
                "text": "", "finish": "Stop", "usage": null, "latency_ms": 100.0 * f64::from(case + 1)
            }))
            .unwrap();
            board.apply(&RunEvent::TrialEnded(Arc::new(TrialEnded {
                trial: TrialRef { case, variant, model, repeat: 0 },
                key,
                case_id: format!("case-{case}").as_str().into(),
                request: key,
                outcome: Outcome::Scored(Score::new(verdict, 1.0, Vec::new())),
                answer: Some(Arc::new(answer)),
                cached: false,
                attempts: 1,
                cost: Usd::from_dollars(if model == 0 { 0.001 } else { 0.05 }),
                spent: Usd::ZERO,
                judge_spent: Usd::from_nanos(1_000_000 * i64::from(model)),
                guarded: Guarded::default(),
            })));
        }
        board
    }

    fn chart(plots: &Plots, kind: Kind) -> Chart {
        plots.charts.iter().find(|chart| chart.kind == kind).cloned().unwrap()
    }

    #[test]
    fn columns_stand_by_variant_and_say_their_numbers() {
        let found = plots(&board(), &[], Targets::default());
        assert!(found.scripted);
        let success = chart(&found, Kind::Success);
        let names: Vec<&str> = success.items.iter().map(|item| item.name.as_str()).collect();
        assert_eq!(names, ["plain · small", "plain · large", "better · small", "better · large"]);
        let places: Vec<f64> = success.items.iter().map(|item| item.x).collect();
        assert!(places[2] - places[1] > places[1] - places[0], "{places:?}");
        assert!(success.spoken().contains("better · small 80 %"), "{}", success.spoken());
        assert!(matches!(success.items[0].parts[0], Part::Interval { low, high } if low < 0.4 && 0.4 < high));
    }

    #[test]
    fn judges_stand_apart_from_the_answers() {
        let cost = chart(&plots(&board(), &[], Targets::default()), Kind::Cost);
        let pale = |item: &Item| item.parts.iter().any(|part| matches!(part, Part::Bar { pale: true, .. }));
        assert_eq!(cost.items.iter().map(pale).collect::<Vec<_>>(), [false, true, false, true]);
    }

    #[test]
    fn costs_that_are_far_apart_are_drawn_by_powers_and_the_front_is_the_cheap_ones() {
        let front = chart(&plots(&board(), &[], Targets::default()), Kind::Front);
        assert!(front.x.label.contains("powers of ten"));
        // Nothing is as good as the better variant on the small model, or cheaper.
        assert_eq!(front.paths[0].len(), 1, "{:?}", front.paths);
        assert!((front.paths[0][0][0] + 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_target_far_above_is_named_and_not_drawn() {
        let latency = |targets| chart(&plots(&board(), &[], targets), Kind::Latency);
        let far = latency(Targets::default());
        assert_eq!(far.guides.iter().map(|guide| guide.text.as_str()).collect::<Vec<_>>(), ["p50 target 2.00 s"]);
        assert!(far.y.high >= 2_000.0 * ROOM_FOR_WORDS, "{}", far.y.high);
        assert!(far.about.contains("p95 target met by all"));
        assert!(latency(Targets { p50: 200.0, p95: 900.0 }).about.contains("p95 target missed by some"));
    }

    #[test]
    fn what_nothing_tells_is_left_out() {
        let empty = Board::new(Arc::new(header(&["plain"], &["small"])));
        let kinds: Vec<Kind> = plots(&empty, &[], Targets::default()).charts.iter().map(|chart| chart.kind).collect();
        assert_eq!(kinds, [Kind::Success]);
    }

    #[test]
    fn runs_of_the_experiment_stand_in_order() {
        let run = |id: &str, day: u8| RunSummary {
            header: Arc::new(RunHeader {
                id: id.into(),
                started_at: format!("2026-11-{day:02}T14:05:00Z").parse().unwrap(),
                ..header(&["plain"], &["small"])
            }),
            state: RunState::Completed,
            ended_at: None,
            passed: 8,
            failed: 2,
            unscored: 0,
            errored: 0,
            ambiguous: 0,
            spent: Usd::ZERO,
        };
        let found = plots(&board(), &[run("late", 9), run("early", 2)], Targets::default());
        let leads: Vec<Leads> = chart(&found, Kind::Runs).items.into_iter().map(|item| item.leads).collect();
        assert_eq!(leads, [Leads::Run("early".into()), Leads::Run("late".into())]);
    }
}
