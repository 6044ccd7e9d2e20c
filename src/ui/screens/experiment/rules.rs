//! When a case passes, and what a run may spend.

use egui::Ui;

use super::screen::row;
use crate::domain::{Experiment, PassRule, Usd};
use crate::ui::widgets::{self, Amount};

pub(super) fn pass(ui: &mut Ui, draft: &mut Experiment) {
    widgets::section(
        ui,
        "When it passes",
        "A case passes by its checks; a run passes its gate by its pass rates.",
        |_| {},
        |ui| {
            row(ui, |ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 4.0;
                    widgets::small(ui, "A case passes when");
                    let weighted = matches!(draft.pass, PassRule::Score(_));
                    let choices = [(false, "Every check passes"), (true, "The weighted score is high enough")];
                    match widgets::segmented(ui, "A case passes when", weighted, &choices) {
                        Some(true) => draft.pass = PassRule::Score(0.8),
                        Some(false) => draft.pass = PassRule::All,
                        None => {}
                    }
                });
                if let PassRule::Score(least) = draft.pass {
                    let read = |text: &str| widgets::within(text, 0.0, 1.0);
                    let how = Amount {
                        label: "Score from (0 to 1)",
                        hint: "0.8",
                        width: 140.0,
                        show: &f64::to_string,
                        read: &read,
                    };
                    if let Some(least) = widgets::amount(ui, &least, &how) {
                        draft.pass = PassRule::Score(least);
                    }
                }
                gate(ui, draft);
            });
        },
    );
}

fn gate(ui: &mut Ui, draft: &mut Experiment) {
    let show = |gate: &Option<f64>| gate.map_or_else(String::new, |gate| trimmed(gate * 100.0));
    let read = |text: &str| {
        widgets::maybe(text.trim().trim_end_matches('%'), |text| Ok(widgets::within(text, 0.0, 100.0)? / 100.0))
    };
    let how = Amount { label: "Gate: pass rate (%)", hint: "100", width: 150.0, show: &show, read: &read };
    if let Some(gate) = widgets::amount(ui, &draft.gate, &how) {
        draft.gate = gate;
    }
}

fn trimmed(number: f64) -> String {
    let text = format!("{number:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

pub(super) fn budget(ui: &mut Ui, draft: &mut Experiment) {
    widgets::section(
        ui,
        "Budget",
        "Nothing is sent that could take a run past its limit.",
        |_| {},
        |ui| {
            row(ui, |ui| {
                let show = |amount: &Option<Usd>| amount.map(widgets::dollars).unwrap_or_default();
                let read = |text: &str| widgets::maybe(text, widgets::read_dollars);
                for (label, hint, amount) in [
                    ("Stop at (USD)", "no limit", &mut draft.budget.hard),
                    ("Warn at (USD)", "no warning", &mut draft.budget.warn),
                ] {
                    let how = Amount { label, hint, width: 160.0, show: &show, read: &read };
                    if let Some(typed) = widgets::amount(ui, amount, &how) {
                        *amount = typed;
                    }
                }
            });
            if let (Some(hard), Some(warn)) = (draft.budget.hard, draft.budget.warn)
                && warn > hard
            {
                widgets::small(ui, "The warning is above the limit, so it is never given.");
            }
        },
    );
}
