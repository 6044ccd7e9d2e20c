//! What the guards did over the whole run, column by column: repairs, stand-ins and findings, what tiers, compression and
//! the confidence filter did, what the semantic cache saved and where it was wrong, and the run as its users' traffic.

use egui::Ui;

use super::super::experiment::lead_to_guard;
use super::traffic;
use crate::analysis::{Board, ColumnMetrics, Deeds};
use crate::domain::{Policy, SemanticMode, Usd};
use crate::session::{Command, Route, Session};
use crate::ui::format;
use crate::ui::sender::CommandSender;
use crate::ui::widgets;

/// A cache that is wrong more often than once in a thousand answers costs more than it saves.
const MOST_WRONG: f64 = 0.001;

pub(super) fn show(session: &Session, board: &Board, sender: &CommandSender, ui: &mut Ui) {
    let policy = board.header().definition.policy.clone().unwrap_or_default();
    widgets::page(ui, "guards of the run", |ui| {
        let about = "Counted over the whole run. A trial's own steps stand in its detail, in the grid.";
        widgets::section(
            ui,
            "Answers and inputs",
            about,
            |_| {},
            |ui| {
                widgets::sheet(ui, "what guards did", &DEEDS, &deeds(board));
            },
        );
        thrift(board, ui);
        semantic(board, &policy, sender, ui);
        traffic::show(session, board, sender, ui);
    });
}

const DEEDS: [&str; 6] = ["", "asked again", "pass@first", "pass@repair", "by stand-ins", "with findings"];

fn deeds(board: &Board) -> Vec<Vec<String>> {
    rows(board, |metrics| {
        let rate = |rate: Option<crate::domain::Interval>| rate.map_or("–".to_owned(), format::interval);
        vec![
            format::count(metrics.repaired),
            rate(metrics.pass_rate_at_first()),
            rate(metrics.pass_rate()),
            format::count(metrics.stood_in),
            format::count(metrics.flagged),
        ]
    })
}

/// What tiers, compression and the confidence filter did, where they did anything.
fn thrift(board: &Board, ui: &mut Ui) {
    let about = "What they are worth in success and money shows beside the same experiment without them.";
    widgets::section(
        ui,
        "Tiers, compression and confidence",
        about,
        |_| {},
        |ui| {
            if board
                .columns()
                .iter()
                .all(|metrics| Deeds { semantic_saved: Usd::ZERO, ..metrics.deeds } == Deeds::default())
            {
                widgets::muted(ui, "In this run they did nothing: they were off, or had no occasion.");
                return;
            }
            widgets::sheet(ui, "what tiers, compression and confidence did", &THRIFT, &thrifts(board));
        },
    );
}

const THRIFT: [&str; 7] =
    ["", "by a tier's model", "context shortened", "tokens spared", "shortening cost", "items kept", "items dropped"];

fn thrifts(board: &Board) -> Vec<Vec<String>> {
    rows(board, |metrics| {
        let Deeds { tiered, compressed, tokens_spared, compression_spent, items_kept, items_dropped, .. } =
            metrics.deeds;
        let mut row: Vec<String> = [tiered, compressed, tokens_spared].map(format::count).into();
        row.push(compression_spent.to_string());
        row.extend([items_kept, items_dropped].map(format::count));
        row
    })
}

/// A row for each column of the run that takes part: its name, and what `values` makes of it.
fn rows(board: &Board, values: impl Fn(&ColumnMetrics) -> Vec<String>) -> Vec<Vec<String>> {
    let columns = (0..board.columns().len()).filter(|column| board.header().takes_part(*column));
    let row = |column: usize| [board.column_name(column)].into_iter().chain(values(board.column(column))).collect();
    columns.map(row).collect()
}

fn semantic(board: &Board, policy: &Policy, sender: &CommandSender, ui: &mut Ui) {
    let about = "Answers of similar questions, and in audit mode those that it would have given.";
    let to_policy = |ui: &mut Ui| go_to_guard(ui, "Set the semantic cache", "Semantic cache", sender);
    widgets::section(ui, "Semantic cache", about, to_policy, |ui| {
        let (heads, rows) = match policy.semantic.mode {
            SemanticMode::Off => {
                widgets::muted(ui, "It was off in this run. Audit mode measures it without relying on it.");
                return;
            }
            SemanticMode::On => (&HITS[..], hits(board)),
            SemanticMode::Audit => (&AUDIT[..], audits(board)),
        };
        widgets::body(ui, &semantic_words(board, policy.semantic.mode));
        widgets::sheet(ui, "semantic cache", heads, &rows);
    });
}

const HITS: [&str; 4] = ["", "answered", "hit rate", "saved"];
const AUDIT: [&str; 5] = ["", "would have answered", "hit rate", "wrongly", "false hits"];

fn hits(board: &Board) -> Vec<Vec<String>> {
    rows(board, |metrics| {
        let rate = metrics.semantic_hit_rate().map_or("–".to_owned(), format::interval);
        vec![format::count(metrics.semantic_hits), rate, metrics.deeds.semantic_saved.to_string()]
    })
}

fn audits(board: &Board) -> Vec<Vec<String>> {
    rows(board, |metrics| {
        let rate = metrics.semantic_hit_rate().map_or("–".to_owned(), format::interval);
        let wrong = metrics.false_hit_rate().map_or("–".to_owned(), format::interval);
        vec![format::count(metrics.semantic_audited), rate, format::count(metrics.semantic_wrong), wrong]
    })
}

/// The whole run in a sentence or two.
fn semantic_words(board: &Board, mode: SemanticMode) -> String {
    let sum = |count: fn(&ColumnMetrics) -> u64| board.columns().iter().map(count).sum::<u64>();
    if mode == SemanticMode::On {
        let saved: Usd = board.columns().iter().map(|metrics| metrics.deeds.semantic_saved).sum();
        let hits = sum(|metrics| metrics.semantic_hits);
        return format!("It answered {} and saved {saved}. An audit says how often it is wrong.", questions(hits));
    }
    let (audited, wrong) = (sum(|metrics| metrics.semantic_audited), sum(|metrics| metrics.semantic_wrong));
    let Some(rate) = crate::analysis::wilson(wrong, audited) else {
        return "It would have answered no question: none was similar enough to an earlier one.".to_owned();
    };
    let worth = if rate.low > MOST_WRONG {
        "That is more than one in a thousand: do not switch it on like this."
    } else if rate.high <= MOST_WRONG {
        "That is at most one in a thousand."
    } else {
        "Too few to know whether that is less than one in a thousand."
    };
    format!(
        "It would have answered {}, {} of them wrongly: {}. {worth}",
        questions(audited),
        format::count(wrong),
        format::interval(rate)
    )
}

fn questions(count: u64) -> String {
    if count == 1 { "1 question".to_owned() } else { format!("{} questions", format::count(count)) }
}

/// A button that leads to where the guard is set.
pub(super) fn go_to_guard(ui: &mut Ui, name: &str, guard: &'static str, sender: &CommandSender) {
    if widgets::ghost(ui, None, name).clicked() {
        lead_to_guard(ui.ctx(), guard);
        sender.send(Command::Go(Route::Experiment));
    }
}

#[cfg(test)]
mod tests {
    use super::super::data::tests::{board, end_guarded};
    use super::*;
    use crate::domain::{Guarded, Step, TimedStep};

    fn guarded(step: Step) -> Guarded {
        Guarded { steps: vec![TimedStep { at_ms: 0, step }], ..Guarded::default() }
    }

    #[test]
    fn hits_and_what_they_saved_are_summed() {
        let mut board = board(3, 1);
        for case in 0..3 {
            let saved = Some(Usd::from_nanos(2_000_000));
            let hit = Step::SemanticHit { similarity: 0.99, age_ms: 10, saved };
            end_guarded(&mut board, case, u16::from(case == 2), 0, 'p', guarded(hit));
        }
        assert_eq!(hits(&board)[0][1..], ["2", "100 % (34.2–100.0)", "$0.0040"]);
        assert_eq!(hits(&board)[1][3], "$0.0020");
        let words = semantic_words(&board, SemanticMode::On);
        assert_eq!(words, "It answered 3 questions and saved $0.0060. An audit says how often it is wrong.");
    }

    #[test]
    fn tiers_compression_and_the_filter_are_counted() {
        let mut board = board(3, 1);
        assert_eq!(thrifts(&board)[0][1..], ["0", "0", "0", "$0", "0", "0"]);
        let asked = board.header().models[0].id.clone();
        let tiered = |model: &crate::domain::ModelId| {
            guarded(Step::Tiered { model: model.clone(), complexity: 0.1, reasons: Vec::new() })
        };
        end_guarded(&mut board, 0, 0, 0, 'p', tiered(&"another".into()));
        end_guarded(&mut board, 1, 0, 0, 'p', tiered(&asked));
        let mut shortened = guarded(Step::Compressed { layer: "facts".into(), before: 900, after: 300 });
        shortened.compression_spent = Usd::from_nanos(2_000_000);
        let filtered = Step::Filtered { kept: 3, dropped: 2, unknown: 0 };
        shortened.steps.push(TimedStep { at_ms: 0, step: filtered });
        end_guarded(&mut board, 2, 0, 0, 'p', shortened);
        assert_eq!(thrifts(&board)[0][1..], ["1", "1", "600", "$0.0020", "3", "2"]);
    }

    #[test]
    fn an_audit_says_whether_the_cache_is_wrong_too_often() {
        let check = |wrong: u32, right: u32, expect: &str| {
            let mut board = board(wrong + right, 1);
            for case in 0..wrong + right {
                let audit = Step::SemanticAudit { similarity: 0.99, wrong: case < wrong };
                end_guarded(&mut board, case, 0, 0, 'p', guarded(audit));
            }
            let words = semantic_words(&board, SemanticMode::Audit);
            assert!(words.contains(expect), "{words}");
        };
        check(0, 0, "no question");
        check(2, 8, "10 questions, 2 of them wrongly: 20 % (5.7–51.0). That is more than one in a thousand");
        check(0, 10, "0 of them wrongly: 0 % (0.0–27.8). Too few to know");
    }

    #[test]
    fn repairs_have_both_rates() {
        let mut board = board(2, 1);
        end_guarded(&mut board, 0, 0, 0, 'p', Guarded { repairs: 1, ..Guarded::default() });
        end_guarded(&mut board, 1, 0, 0, 'p', Guarded::default());
        let row = &deeds(&board)[0];
        assert_eq!((row[1].as_str(), &row[2][..4], &row[3][..5]), ("1", "50 %", "100 %"));
    }
}
