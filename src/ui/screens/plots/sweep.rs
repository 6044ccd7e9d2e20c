//! Charts of the confidence filter: precision and recall of the items of lists, against the threshold.

use super::chart::{Axis, Chart, Fact, Guide, Item, Kind, Leads, Look, Part, Tick};
use crate::analysis::{Board, LabelledItem, SweepPoint, confidence_sweep, trustworthiness};
use crate::domain::Interval;
use crate::session::{Sweep, SweptColumn, SweptItems};
use crate::ui::format;

/// Thresholds of an axis from 0 to 1.
const STEPS: u32 = 20;

/// The columns whose lists can be swept, by name.
pub(super) fn columns(board: &Board, sweep: Option<&Sweep>) -> Vec<(usize, String)> {
    sweep.map_or_else(Vec::new, |sweep| {
        sweep.columns.keys().map(|column| (*column, board.column_name(*column))).collect()
    })
}

/// A chart for critical items and one for the others, as far as there are any; where the run filters and nothing can be
/// swept, one that says what is missing.
pub(super) fn charts(board: &Board, sweep: &Sweep, column: usize) -> Vec<Chart> {
    let policy = &sweep.policy;
    let some = |swept: &&SweptColumn| has_confidence(&swept.others) || has_confidence(&swept.critical);
    let Some(swept) = sweep.columns.get(&column).filter(some) else {
        return policy.on.then(|| empty(sweep)).into_iter().collect();
    };
    let models = board.header().models.len().max(1);
    let look = Look { series: column / models, shape: column % models };
    let of = Of { sweep, column, name: board.column_name(column), look };
    [(Kind::Confidence, &swept.others, policy.others), (Kind::CriticalConfidence, &swept.critical, policy.critical)]
        .into_iter()
        .filter(|(_, items, _)| has_confidence(items))
        .map(|(kind, items, chosen)| of.chart(kind, items, chosen))
        .collect()
}

/// Whether there is anything that a threshold could part.
fn has_confidence(swept: &SweptItems) -> bool {
    swept.items.iter().any(|item| item.confidence.is_some())
}

/// What the charts of a column have in common.
struct Of<'s> {
    sweep: &'s Sweep,
    column: usize,
    name: String,
    look: Look,
}

impl Of<'_> {
    fn chart(&self, kind: Kind, swept: &SweptItems, chosen: f64) -> Chart {
        let points = confidence_sweep(&swept.items, swept.missed, &thresholds(chosen), self.sweep.policy.keep_unknown);
        let path = |share: fn(&SweepPoint) -> Option<Interval>| -> Vec<[f64; 2]> {
            points.iter().filter_map(|point| Some([point.threshold, share(point)?.value])).collect()
        };
        let word = if self.sweep.policy.on { "chosen" } else { "would be chosen" };
        Chart {
            kind,
            about: self.about(&swept.items, &points, chosen),
            x: Axis { label: "Threshold of confidence".to_owned(), low: -0.02, high: 1.02, ticks: ticks() },
            y: Axis::share("Share of items (%)"),
            items: points.iter().map(|point| self.item(point)).collect(),
            guides: vec![Guide { at: chosen, text: format!("{chosen} {word}"), upright: true }],
            paths: vec![path(|point| point.precision), path(|point| point.recall)],
        }
    }

    /// What the chosen threshold is worth.
    fn about(&self, items: &[LabelledItem], points: &[SweepPoint], chosen: f64) -> String {
        let at = points.iter().find(|point| point.threshold.to_bits() == chosen.to_bits());
        let Some((precision, recall)) = at.and_then(|point| Some((point.precision?, point.recall?))) else {
            return format!("{}: above {chosen} nothing is kept, or nothing is right", self.name);
        };
        let kept = at.map_or(0, |point| point.kept);
        let cut = match self.sweep.cut {
            0 => String::new(),
            cut => format!("; {} answers are known as they were filtered only", format::count(cut)),
        };
        let trust = trustworthiness(items).map_or_else(String::new, |trust| {
            let off = format::percent(trust.calibration_error);
            format!("; calibration error {off}, Brier score {:.2}", trust.brier)
        });
        format!(
            "Precision filled, recall open. {}, above {chosen}: {} of {} kept are right, {} of the right ones are \
             kept{trust}{cut}",
            self.name,
            format::interval(precision),
            format::count(kept),
            format::percent(recall.value)
        )
    }

    fn item(&self, point: &SweepPoint) -> Item {
        let interval = point.precision.map(|rate| Part::Interval { low: rate.low, high: rate.high });
        let mark = |rate: Option<Interval>, filled| rate.map(|rate| Part::Mark { y: rate.value, filled });
        let parts = [interval, mark(point.precision, true), mark(point.recall, false)];
        let value = |rate: Option<Interval>| rate.map(|rate| rate.value);
        let low_high = |rate: Option<Interval>| rate.map_or("—".to_owned(), format::interval);
        Item {
            x: point.threshold,
            look: self.look,
            parts: parts.into_iter().flatten().collect(),
            name: format!("{}, above {}", self.name, point.threshold),
            facts: vec![
                Fact::maybe("", value(point.precision), "precision", format::percent),
                Fact::maybe("", value(point.recall), "recall", format::percent),
                Fact::new("Precision", low_high(point.precision), "", &""),
                Fact::new("Recall", low_high(point.recall), "", &""),
                Fact::new("Kept", format::count(point.kept), "kept", &point.kept),
                Fact::raw("threshold", &point.threshold),
            ],
            leads: Leads::Column(self.column),
        }
    }
}

/// Evenly from 0 to 1, and the chosen one among them.
fn thresholds(chosen: f64) -> Vec<f64> {
    let mut all: Vec<f64> = (0..=STEPS).map(|step| f64::from(step) / f64::from(STEPS)).collect();
    all.retain(|threshold| (threshold - chosen).abs() > 1e-9);
    all.push(chosen);
    all.sort_by(f64::total_cmp);
    all
}

fn ticks() -> Vec<Tick> {
    [0.0, 0.25, 0.5, 0.75, 1.0].map(|at| Tick { at, text: at.to_string() }).into()
}

/// Says what a sweep needs.
fn empty(sweep: &Sweep) -> Chart {
    let about = if let Some(why) = &sweep.unread {
        why.clone()
    } else if sweep.without_list > 0 {
        format!(
            "{} answers to labelled cases have no list where the filter looks for one: nothing can be swept.",
            format::count(sweep.without_list)
        )
    } else if sweep.columns.values().any(|column| column.lists > 0) {
        "No list of this run has an item with a confidence: nothing can be swept.".to_owned()
    } else {
        "The filter is on, and no case says which items are right. Give the dataset an expected column with a list of \
         the right items; then precision and recall stand here against the threshold."
            .to_owned()
    };
    Chart {
        kind: Kind::Confidence,
        about,
        x: Axis { label: String::new(), low: 0.0, high: 1.0, ticks: Vec::new() },
        y: Axis::share(""),
        items: Vec::new(),
        guides: Vec::new(),
        paths: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::data::tests::header;
    use super::*;
    use crate::analysis::LabelledItem;
    use crate::domain::ConfidencePolicy;

    fn board() -> Board {
        Board::new(Arc::new(header(&["plain", "careful"], &["small"])))
    }

    fn sweep(on: bool) -> Sweep {
        let item = |confidence, right| LabelledItem { confidence: Some(confidence), right };
        let items = vec![item(0.9, true), item(0.8, true), item(0.75, false), item(0.6, true), item(0.3, false)];
        let others = SweptItems { items, missed: 1 };
        let column = SweptColumn { lists: 2, others, ..SweptColumn::default() };
        let policy = ConfidencePolicy { on, ..ConfidencePolicy::default() };
        Sweep { policy, columns: [(1, column)].into(), ..Sweep::default() }
    }

    #[test]
    fn precision_and_recall_stand_against_the_threshold_and_the_chosen_one_is_marked() {
        let charts = charts(&board(), &sweep(true), 1);
        let [chart] = &charts[..] else { panic!("no critical items, so one chart") };
        assert_eq!(
            chart.about,
            "Precision filled, recall open. careful, above 0.7: 66.7 % (20.8–93.9) of 3 kept are right, 50 % of the \
             right ones are kept; calibration error 35 %, Brier score 0.17"
        );
        assert_eq!(chart.guides, [Guide { at: 0.7, text: "0.7 chosen".to_owned(), upright: true }]);
        assert_eq!(chart.items.len(), 21);
        assert_eq!((chart.paths[0][0], chart.paths[1][0]), ([0.0, 0.6], [0.0, 0.75]));
        assert_eq!(chart.items[1].look, Look { series: 1, shape: 0 });
    }

    #[test]
    fn a_threshold_between_the_steps_is_one_of_them() {
        assert_eq!(thresholds(0.7).len(), 21);
        assert_eq!(thresholds(0.72).len(), 22);
        assert!(thresholds(0.72).is_sorted());
    }

    #[test]
    fn a_run_that_filters_without_labels_says_what_is_missing() {
        let none = |on| charts(&board(), &Sweep { columns: std::collections::BTreeMap::new(), ..sweep(on) }, 0);
        assert!(none(false).is_empty());
        let [chart] = &none(true)[..] else { panic!("one empty chart") };
        assert!(chart.items.is_empty() && chart.about.contains("no case says which items are right"));
        let bare = SweptColumn { lists: 1, ..SweptColumn::default() };
        let [chart] = &charts(&board(), &Sweep { columns: [(0, bare)].into(), ..sweep(true) }, 0)[..] else { panic!() };
        assert!(chart.about.starts_with("No list of this run has an item"), "{}", chart.about);
        let unread = Some("The dataset has changed since this run.".to_owned());
        let changed = Sweep { columns: std::collections::BTreeMap::new(), unread, ..sweep(true) };
        assert_eq!(charts(&board(), &changed, 0)[0].about, "The dataset has changed since this run.");
    }

    #[test]
    fn items_without_a_confidence_make_no_chart_and_are_counted_as_the_filter_does() {
        let nameless = LabelledItem { confidence: None, right: true };
        let of = |items: Vec<LabelledItem>, keep_unknown| {
            let mut sweep = sweep(true);
            sweep.policy.keep_unknown = keep_unknown;
            let others = SweptItems { items, missed: 0 };
            sweep.columns = [(0, SweptColumn { lists: 1, others, ..SweptColumn::default() })].into();
            charts(&board(), &sweep, 0).remove(0)
        };
        assert!(of(vec![nameless], true).items.is_empty(), "no threshold parts them");
        let sure = LabelledItem { confidence: Some(0.9), right: true };
        let kept = |keep_unknown| of(vec![nameless, sure], keep_unknown).about;
        assert!(kept(true).contains("of 2 kept are right"), "{}", kept(true));
        assert!(kept(false).contains("of 1 kept are right"), "{}", kept(false));
    }
}
