//! The form of one check: what its kind asks for, then what every check has.

use std::collections::BTreeSet;

use egui::{Ui, vec2};

use super::data::ExperimentData;
use super::json_field::JsonField;
use super::kinds::pii_word;
use super::screen::{State, row};
use super::{assertion_form, assertions};
use crate::domain::{Check, CheckKind, LengthUnit, Need, PiiKind, Tolerance, Usd};
use crate::ui::widgets::{self, Amount};

pub(super) fn show(ui: &mut Ui, check: &mut Check, data: &ExperimentData, state: &mut State) {
    kind(ui, &mut check.kind, data, state);
    ui.add_space(4.0);
    row(ui, |ui| common(ui, check));
}

fn kind(ui: &mut Ui, kind: &mut CheckKind, data: &ExperimentData, state: &mut State) {
    match kind {
        CheckKind::Equals { value, ignore_case } | CheckKind::StartsWith { value, ignore_case } => {
            template(ui, "Text", value, data, 1);
            case(ui, ignore_case);
        }
        CheckKind::Contains { values, need, ignore_case } => contains(ui, values, need, ignore_case, data),
        CheckKind::Regex { pattern } => {
            template(ui, "Pattern", pattern, data, 1);
            widgets::small(
                ui,
                "Found anywhere, unless it is anchored with ^ and $. Case counts; (?i) at its start ignores it.",
            );
        }
        CheckKind::Json => {
            widgets::muted(
                ui,
                "The answer is JSON from its first to its last character; a fence around it is an error.",
            );
        }
        CheckKind::JsonSchema { schema } => {
            let field = JsonField { label: "JSON Schema", example: "", optional: false, object: false };
            field.show(ui, schema, &mut state.typed);
        }
        CheckKind::Number { value, tolerance } => number(ui, value, tolerance, data),
        CheckKind::Length { min, max, unit } => length(ui, min, max, unit),
        CheckKind::Cost { max } => {
            let how = Amount {
                label: "At most (USD)",
                hint: "0.01",
                width: 140.0,
                show: &|max: &Usd| widgets::dollars(*max),
                read: &widgets::read_dollars,
            };
            if let Some(typed) = widgets::amount(ui, max, &how) {
                *max = typed;
            }
        }
        CheckKind::Latency { max_ms } => {
            let read = |text: &str| widgets::within(text, 0.0, f64::INFINITY);
            let how = Amount { label: "Within (ms)", hint: "3000", width: 140.0, show: &f64::to_string, read: &read };
            if let Some(typed) = widgets::amount(ui, max_ms, &how) {
                *max_ms = typed;
            }
        }
        CheckKind::Judge { model, rubric } => {
            widgets::small(ui, "Judge");
            let models = data.models.iter().filter(|column| column.there);
            let choices = models.map(|column| (column.id.clone(), format!("{} ({})", column.id, column.price)));
            if let Some(picked) = widgets::picker(ui, "Judge model", Some(model), choices) {
                *model = picked;
            }
            template(ui, "Rubric: what a good answer has", rubric, data, 4);
        }
        CheckKind::NoPii { kinds } => personal_data(ui, kinds),
        CheckKind::NoLeak { canary, share } => leak(ui, canary, share),
        CheckKind::NoInjection => {
            widgets::muted(
                ui,
                "Looks for orders to a model, such as “ignore all previous instructions”, plain or in disguise. \
                 How often it is right: strata guardrails.",
            );
        }
        CheckKind::Assertion(assertion) => assertion_form::show(ui, assertion, data, &mut state.typed),
        CheckKind::Set(_) => {
            widgets::muted(
                ui,
                "Checks with a score of their own, the weighted mean of theirs. Without a threshold all of them must pass.",
            );
        }
    }
}

/// A text that may name variables, with those that there are below it.
pub(super) fn template(ui: &mut Ui, label: &str, value: &mut String, data: &ExperimentData, rows: usize) {
    if rows > 1 || value.contains('\n') {
        widgets::multiline(ui, label, value, rows);
    } else {
        widgets::field(ui, label, value, "a text, or {{ expected.name }}");
    }
    names(ui, label, value, data);
}

pub(super) fn names(ui: &mut Ui, label: &str, value: &mut String, data: &ExperimentData) {
    if data.names.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        widgets::small(ui, "Insert");
        for name in data.names.iter().take(16) {
            if widgets::chip(ui, false, name, &format!("Insert {name} into {label}")).clicked() {
                value.push_str("{{ ");
                value.push_str(name);
                value.push_str(" }}");
            }
        }
    });
}

fn case(ui: &mut Ui, ignore_case: &mut bool) {
    if widgets::option(ui, *ignore_case, "Ignore case") {
        *ignore_case = !*ignore_case;
    }
}

fn contains(ui: &mut Ui, values: &mut Vec<String>, need: &mut Need, ignore_case: &mut bool, data: &ExperimentData) {
    let mut gone = None;
    let several = values.len() > 1;
    for (index, value) in values.iter_mut().enumerate() {
        ui.push_id(("value", index), |ui| {
            let label = format!("Text {}", index + 1);
            ui.horizontal_top(|ui| {
                let width = ui.available_width() - if several { 48.0 } else { 0.0 };
                ui.allocate_ui(vec2(width, 0.0), |ui| ui.vertical(|ui| template(ui, &label, value, data, 1)));
                if several {
                    let remove = format!("Remove text {}", index + 1);
                    if widgets::icon_button(ui, egui_material_icons::icons::ICON_CLOSE, &remove).clicked() {
                        gone = Some(index);
                    }
                }
            });
        });
    }
    if let Some(gone) = gone {
        values.remove(gone);
    }
    ui.horizontal(|ui| {
        let choices = [(Need::All, "All of them"), (Need::Any, "Any of them")];
        if let Some(picked) = widgets::segmented(ui, "Needed", *need, &choices) {
            *need = picked;
        }
        case(ui, ignore_case);
        if widgets::link(ui, "Add a text").clicked() {
            values.push(String::new());
        }
    });
}

fn number(ui: &mut Ui, value: &mut String, tolerance: &mut Tolerance, data: &ExperimentData) {
    template(ui, "Number", value, data, 1);
    ui.horizontal(|ui| {
        let relative = matches!(tolerance, Tolerance::Relative(_));
        let (Tolerance::Absolute(by) | Tolerance::Relative(by)) = *tolerance;
        let label = if relative { "Off by at most (share: 0.01 is 1 %)" } else { "Off by at most" };
        let read = |text: &str| widgets::within(text, 0.0, f64::INFINITY);
        let how = Amount { label, hint: "0", width: 220.0, show: &f64::to_string, read: &read };
        let typed = widgets::amount(ui, &by, &how);
        ui.vertical(|ui| {
            ui.add_space(18.0);
            let choices = [(false, "Absolute"), (true, "Share")];
            let turned = widgets::segmented(ui, "Tolerance", relative, &choices);
            if typed.is_some() || turned.is_some() {
                let by = typed.unwrap_or(by);
                let relative = turned.unwrap_or(relative);
                *tolerance = if relative { Tolerance::Relative(by) } else { Tolerance::Absolute(by) };
            }
        });
    });
}

fn length(ui: &mut Ui, min: &mut Option<u64>, max: &mut Option<u64>, unit: &mut LengthUnit) {
    row(ui, |ui| {
        for (label, bound) in [("At least", min), ("At most", max)] {
            let show = |bound: &Option<u64>| bound.map_or_else(String::new, |bound| bound.to_string());
            let read = |text: &str| widgets::maybe(text, |text| widgets::whole(text, None));
            let how = Amount { label, hint: "no limit", width: 120.0, show: &show, read: &read };
            if let Some(typed) = widgets::amount(ui, bound, &how) {
                *bound = typed;
            }
        }
        ui.vertical(|ui| {
            ui.add_space(18.0);
            let choices =
                [(LengthUnit::Characters, "Characters"), (LengthUnit::Words, "Words"), (LengthUnit::Lines, "Lines")];
            if let Some(picked) = widgets::segmented(ui, "Unit", *unit, &choices) {
                *unit = picked;
            }
        });
    });
}

/// None chosen stands for all.
fn personal_data(ui: &mut Ui, kinds: &mut BTreeSet<PiiKind>) {
    widgets::small(ui, "What is looked for; all kinds where none is chosen. What was sent may come back.");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 4.0);
        for kind in PiiKind::ALL {
            let word = pii_word(kind);
            let on = kinds.contains(&kind);
            if widgets::chip(ui, on, word, &format!("Look for {word}")).clicked() && !kinds.remove(&kind) {
                kinds.insert(kind);
            }
        }
    });
}

fn leak(ui: &mut Ui, canary: &mut String, share: &mut f64) {
    widgets::field(ui, "Canary", canary, "a word of the system text that stands nowhere else");
    let read = |text: &str| widgets::within(text, 0.0, 1.0);
    let how = Amount {
        label: "Leak from share (0.1 is 10 %)",
        hint: "0.1",
        width: 220.0,
        show: &f64::to_string,
        read: &read,
    };
    if let Some(typed) = widgets::amount(ui, share, &how) {
        *share = typed;
    }
    widgets::small(ui, "The share of the system text's runs of eight words that come back.");
}

/// What every check has.
fn common(ui: &mut Ui, check: &mut Check) {
    ui.allocate_ui(vec2(150.0, 0.0), |ui| {
        widgets::field(ui, "Metric", &mut check.metric, check.kind.name());
    });
    // Imported configs may subtract.
    let least = if is_imported(&check.kind) { f64::NEG_INFINITY } else { 0.0 };
    let read = |text: &str| widgets::within(text, least, f64::INFINITY);
    let how = Amount { label: "Weight", hint: "1", width: 72.0, show: &f64::to_string, read: &read };
    if let Some(weight) = widgets::amount(ui, &check.weight, &how) {
        check.weight = weight;
    }
    threshold(ui, check);
    place(ui, check);
    if !check.not && !can_be_turned(&check.kind) {
        return;
    }
    ui.vertical(|ui| {
        ui.add_space(24.0);
        if widgets::option(ui, check.not, "Must not hold") {
            check.not = !check.not;
        }
    });
}

/// What imported configs declare, by rules of its own.
const fn is_imported(kind: &CheckKind) -> bool {
    matches!(kind, CheckKind::Assertion(_) | CheckKind::Set(_))
}

fn can_be_turned(kind: &CheckKind) -> bool {
    match kind {
        CheckKind::Assertion(assertion) => assertions::row(&assertion.kind).is_none_or(|row| row.negates),
        CheckKind::Set(_) => false,
        _ => true,
    }
}

/// From where the check passes, for those that have a score.
fn threshold(ui: &mut Ui, check: &mut Check) {
    let (label, hint) = match &check.kind {
        CheckKind::Assertion(assertion) => match assertions::row(&assertion.kind).and_then(|row| row.threshold) {
            Some(form) => form,
            None => return,
        },
        CheckKind::Set(_) => ("Passes from score", "all pass"),
        CheckKind::Judge { .. } => ("Passes from score", "0.5"),
        _ => ("Passes from score", "1"),
    };
    let (low, high) = if is_imported(&check.kind) { (f64::NEG_INFINITY, f64::INFINITY) } else { (0.0, 1.0) };
    let show = |threshold: &Option<f64>| threshold.map_or_else(String::new, |threshold| threshold.to_string());
    let read = |text: &str| widgets::maybe(text, |text| widgets::within(text, low, high));
    let how = Amount { label, hint, width: 130.0, show: &show, read: &read };
    if let Some(threshold) = widgets::amount(ui, &check.threshold, &how) {
        check.threshold = threshold;
    }
}

/// The place inside a JSON answer; cost and latency look at no text, and imported checks have a transform.
fn place(ui: &mut Ui, check: &mut Check) {
    if matches!(check.kind, CheckKind::Cost { .. } | CheckKind::Latency { .. }) || is_imported(&check.kind) {
        return;
    }
    let mut at = check.at.clone().unwrap_or_default();
    ui.allocate_ui(vec2(150.0, 0.0), |ui| {
        let response = widgets::field(ui, "At (JSON pointer)", &mut at, "the whole answer");
        response.on_hover_text("A value inside a JSON answer, such as /category or /items/0/name.");
    });
    check.at = Some(at).filter(|at| !at.is_empty());
}
