//! The table of evidence: a row for each model.

use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use super::data;
use crate::domain::Evidence;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets::VerdictMark;
use crate::ui::{format, widgets};

const HEADS: [&str; 8] = ["Model", "Passed", "Pass rate (95 %)", "Unscored", "Errored", "Cost", "p50", "p95"];
const WIDTHS: [f32; HEADS.len()] = [150.0, 70.0, 150.0, 70.0, 64.0, 84.0, 70.0, 70.0];

/// Points that a line takes.
const LINE: f32 = 22.0;

pub(super) fn table(ui: &mut Ui, evidence: &[Evidence]) {
    let Some(first) = evidence.first() else {
        widgets::muted(ui, "No evidence: no run tells how well this works.");
        return;
    };
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = LINE;
        ui.horizontal_wrapped(|ui| {
            let run = format!("Run {} of {} on {}", first.run, first.experiment, first.dataset);
            widgets::muted(ui, &run);
            if evidence.iter().any(|one| one.scripted) {
                widgets::pill(ui, Tone::Info, "Scripted, not a model");
            }
            if evidence.iter().any(|one| one.canary) {
                widgets::pill(ui, Tone::Info, "Sent with a canary");
            }
        });
        if let Some((met, words)) = data::gate(evidence) {
            gate(ui, met, &words);
        }
        ui.add_space(4.0);
        // A narrow window moves the table, not the card around it.
        ScrollArea::horizontal().auto_shrink([false, true]).show(ui, |ui| rows(ui, evidence));
    });
}

fn rows(ui: &mut Ui, evidence: &[Evidence]) {
    let muted = Theme::of(ui).texts.muted;
    ui.spacing_mut().item_spacing.y = 4.0;
    row(ui, HEADS.map(|head| RichText::new(head).small().color(muted)));
    for one in evidence {
        row(ui, cells(one).map(RichText::new));
    }
}

/// Shape, word and colour say the same.
fn gate(ui: &mut Ui, met: bool, words: &str) {
    let mark = if met { VerdictMark::Pass } else { VerdictMark::Fail };
    ui.horizontal(|ui| {
        widgets::verdict_mark(ui, mark, 14.0);
        let colour = mark.colour(Theme::of(ui));
        ui.label(RichText::new(words).color(colour).strong());
    });
}

fn row(ui: &mut Ui, texts: [RichText; HEADS.len()]) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        for (column, (text, width)) in texts.into_iter().zip(WIDTHS).enumerate() {
            ui.allocate_ui_with_layout(vec2(width, LINE), side(column), |ui| {
                ui.set_min_width(width);
                ui.add(Label::new(text).truncate());
            });
        }
    });
}

fn cells(one: &Evidence) -> [String; HEADS.len()] {
    let missing = || "—".to_owned();
    let time = |ms: Option<f64>| ms.map_or_else(missing, format::seconds);
    let model = match &one.answered_by {
        Some(answered) if answered != one.model.as_str() => format!("{} ({answered})", one.model),
        _ => one.model.to_string(),
    };
    [
        model,
        format!("{}/{}", one.passed, one.scored),
        one.pass_rate.map_or_else(missing, format::interval),
        format::count(one.unscored),
        format::count(one.errored),
        one.mean_cost.map_or_else(missing, |cost| cost.to_string()),
        time(one.latency_p50_ms),
        time(one.latency_p95_ms),
    ]
}

fn side(column: usize) -> Layout {
    if column == 0 { Layout::left_to_right(Align::Center) } else { Layout::right_to_left(Align::Center) }
}
