//! The table of evidence: a row for each model.

use egui::{Align, Grid, Layout, RichText, Ui};

use crate::domain::Evidence;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

const HEADS: [&str; 8] = ["Model", "Passed", "Pass rate (95 %)", "Unscored", "Errored", "Cost", "p50", "p95"];

pub(super) fn table(ui: &mut Ui, evidence: &[Evidence]) {
    let Some(first) = evidence.first() else {
        widgets::muted(ui, "No evidence: no run tells how well this works.");
        return;
    };
    ui.horizontal_wrapped(|ui| {
        let run = format!("Run {} of {} on {}", first.run, first.experiment, first.dataset);
        widgets::muted(ui, &run);
        if evidence.iter().any(|one| one.scripted) {
            widgets::pill(ui, Tone::Info, "Scripted, not a model");
        }
    });
    ui.add_space(4.0);
    Grid::new("evidence").num_columns(HEADS.len()).spacing([20.0, 6.0]).show(ui, |ui| {
        let muted = Theme::of(ui).texts.muted;
        for (index, head) in HEADS.into_iter().enumerate() {
            ui.with_layout(side(index), |ui| ui.label(RichText::new(head).small().color(muted)));
        }
        ui.end_row();
        for one in evidence {
            for (index, cell) in cells(one).into_iter().enumerate() {
                ui.with_layout(side(index), |ui| ui.label(cell));
            }
            ui.end_row();
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
