//! What the verdict of an imported project's trial is made of: its metrics, its assertions, the output that they saw.

use egui::{Align, Label, Layout, RichText, Ui};

use super::detail::{folded, marked};
use crate::domain::{AssertionResult, Breakdown};
use crate::ui::theme::Theme;
use crate::ui::widgets::{self, VerdictMark};

/// `checks` is how many stand above: where there are more assertions, they say more.
pub(super) fn show(breakdown: &Breakdown, checks: usize, ui: &mut Ui) {
    let Breakdown { prompt, output, metrics, weights: _, assertions } = breakdown;
    if !metrics.is_empty() {
        folded(ui, "Metrics", true, |ui| {
            widgets::facts(ui, 130.0, |facts| {
                for (name, score) in metrics {
                    facts.text(name, &format!("{score:.2}"));
                }
            });
        });
    }
    if !assertions.is_empty() {
        folded(ui, "Assertions", assertions.len() > checks, |ui| {
            for result in assertions {
                assertion(result, ui);
            }
        });
    }
    if let Some(output) = output {
        folded(ui, "Output that was checked", true, |ui| {
            let text = output.as_str().map_or_else(|| pretty(output), str::to_owned);
            widgets::well(ui, |ui| widgets::source(ui, &text));
        });
    }
    if let Some(prompt) = prompt {
        folded(ui, "Prompt as one text", false, |ui| {
            widgets::well(ui, |ui| widgets::source(ui, prompt));
        });
    }
}

fn pretty(output: &serde_json::Value) -> String {
    serde_json::to_string_pretty(output).unwrap_or_default()
}

fn assertion(result: &AssertionResult, ui: &mut Ui) {
    let mark = if result.pass { VerdictMark::Pass } else { VerdictMark::Fail };
    ui.horizontal_top(|ui| {
        widgets::verdict_mark(ui, mark, 15.0);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.spacing_mut().interact_size.y = 16.0;
            ui.horizontal(|ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let score = result.score.map_or_else(|| "not a number".to_owned(), |score| format!("{score:.2}"));
                    widgets::small(ui, &score);
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| widgets::strong(ui, &result.kind));
                });
            });
            if !result.reason.is_empty() {
                let colour = Theme::of(ui).texts.muted;
                ui.add(Label::new(RichText::new(marked(&result.reason)).color(colour)).wrap().selectable(true));
            }
        });
    });
    ui.add_space(2.0);
}
