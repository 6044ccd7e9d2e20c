//! How good a guard is on the bundled texts, beside its form: precision and recall, and what it was wrong about.

use egui::{CollapsingHeader, Label, RichText, Ui};

use crate::analysis::{Detection, Guard, Miss};
use crate::scoring::guardrails::labelled::Half;
use crate::session::Detections;
use crate::ui::theme::Theme;
use crate::ui::visible::marked;
use crate::ui::{format, widgets};

/// Letters of a text that was missed.
const LETTERS: usize = 160;

pub(super) fn show(ui: &mut Ui, measured: Option<&Detections>, guard: Guard) {
    let Some(measured) = measured else {
        widgets::small(ui, "Measuring it on the bundled texts…");
        return;
    };
    for line in lines(measured, guard) {
        widgets::muted(ui, &line);
    }
    let misses: Vec<(Half, &Miss)> = halves(measured, guard)
        .flat_map(|(half, detection)| detection.misses.iter().map(move |miss| (half, miss)))
        .collect();
    if misses.is_empty() {
        return;
    }
    let name = format!("{} of the {} texts were not told right", misses.len(), texts(measured, guard));
    CollapsingHeader::new(RichText::new(&name).small()).id_salt(("misses", word(guard))).show(ui, |ui| {
        for (half, miss) in &misses {
            one(ui, *half, miss);
        }
    });
}

fn halves(measured: &Detections, guard: Guard) -> impl Iterator<Item = (Half, &Detection)> {
    // What was not tuned on comes first: it is what one may expect elsewhere.
    [Half::HeldOut, Half::Development].into_iter().filter_map(move |half| Some((half, measured.get(&(guard, half))?)))
}

fn texts(measured: &Detections, guard: Guard) -> u64 {
    halves(measured, guard).map(|(_, detection)| detection.texts).sum()
}

const fn word(guard: Guard) -> &'static str {
    match guard {
        Guard::Input => "input",
        Guard::Output => "output",
    }
}

/// The figures of each half, and what they are worth.
fn lines(measured: &Detections, guard: Guard) -> Vec<String> {
    let line = |(half, detection): (Half, &Detection)| {
        let rate = |rate: Option<crate::domain::Interval>| rate.map_or("–".to_owned(), format::interval);
        let (precision, recall) = (rate(detection.total.precision()), rate(detection.total.recall()));
        let half = match half {
            Half::HeldOut => "Held out (not tuned on)",
            Half::Development => "Tuned on",
        };
        format!("{half}, {} texts: precision {precision}, recall {recall}.", format::count(detection.texts))
    };
    let worth =
        "Built-in patterns on bundled texts by the same authors, 95 % intervals: other people's texts may do better.";
    halves(measured, guard).map(line).chain([worth.to_owned()]).collect()
}

fn one(ui: &mut Ui, half: Half, miss: &Miss) {
    let names = |names: &[String]| if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let tuned = if half == Half::HeldOut { "held out" } else { "tuned on" };
    widgets::small(
        ui,
        &format!("{} ({tuned}): {} expected, {} found", miss.id, names(&miss.expected), names(&miss.found)),
    );
    let beginning: String = miss.text.chars().take(LETTERS).collect();
    let more = if beginning.len() < miss.text.len() { "…" } else { "" };
    let text = RichText::new(marked(&beginning) + more).color(Theme::of(ui).texts.muted);
    ui.add(Label::new(text).wrap().selectable(true));
    ui.add_space(4.0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::measure;
    use crate::scoring::guardrails::labelled::bundled;

    #[test]
    fn the_half_that_was_not_tuned_on_comes_first_with_its_intervals() {
        let measured = measure(&bundled());
        for guard in [Guard::Input, Guard::Output] {
            let lines = lines(&measured, guard);
            assert_eq!(lines.len(), 3, "{lines:?}");
            assert!(lines[0].starts_with("Held out (not tuned on), ") && lines[0].contains(" %"), "{}", lines[0]);
            assert!(lines[1].starts_with("Tuned on, "), "{}", lines[1]);
            let misses: usize = halves(&measured, guard).map(|(_, detection)| detection.misses.len()).sum();
            assert!(misses > 0 && misses as u64 <= texts(&measured, guard));
        }
    }
}
