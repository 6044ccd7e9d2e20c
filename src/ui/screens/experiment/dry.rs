//! The dry run: the first requests of each variant as they would be sent. Nothing is sent.

use egui::{Id, Label, Modal, RichText, ScrollArea, Ui, vec2};
use egui_material_icons::icons;

use crate::domain::VariantId;
use crate::session::{Ready, Rehearsal, Session};
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

#[derive(Default)]
pub(super) struct State {
    pub open: bool,
    variant: Option<VariantId>,
    case: usize,
}

pub(super) fn show(ui: &mut Ui, session: &Session, state: &mut State) {
    if !state.open {
        return;
    }
    let Some(ready) = session.forecast().and_then(|forecast| forecast.outcome.as_ref().ok()) else {
        state.open = false;
        return;
    };
    let room = ui.ctx().content_rect().size();
    let response = Modal::new(Id::unique("dry run")).frame(widgets::raised(ui)).show(ui.ctx(), |ui| {
        ui.set_width((room.x - 160.0).clamp(320.0, 960.0));
        ui.set_height((room.y - 140.0).clamp(240.0, 820.0));
        contents(ui, ready, state);
    });
    if response.should_close() {
        state.open = false;
    }
}

fn contents(ui: &mut Ui, ready: &Ready, state: &mut State) {
    ui.horizontal(|ui| {
        widgets::heading(ui, "Dry run");
        widgets::pill(ui, Tone::Info, "Nothing is sent");
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if widgets::icon_button(ui, icons::ICON_CLOSE, "Close the dry run").clicked() {
                state.open = false;
            }
        });
    });
    let cost = ready.estimate.total().map_or_else(
        || "price unknown".to_owned(),
        |total| format!("{} ({} to {})", super::data::money(total.likely), total.low, total.high),
    );
    let totals = format!(
        "{} trials over {} cases, {cost}. These are the first requests of each variant, as {} would get them.",
        format::count(ready.estimate.trials),
        format::count(u64::from(ready.header.cases)),
        ready.rehearsals.first().map_or_else(|| "a model".to_owned(), |dry| dry.model.to_string()),
    );
    widgets::muted(ui, &totals);
    ui.add_space(4.0);
    let Some(chosen) = chosen(ui, &ready.rehearsals, state) else { return };
    request(ui, chosen, state);
}

/// The variant that is looked at, and which of its cases.
fn chosen<'a>(ui: &mut Ui, all: &'a [Rehearsal], state: &mut State) -> Option<&'a Rehearsal> {
    let position = all.iter().position(|dry| Some(&dry.variant) == state.variant.as_ref()).unwrap_or(0);
    ui.horizontal_wrapped(|ui| {
        for (index, dry) in all.iter().enumerate() {
            let name = format!("Variant {}", dry.variant);
            if widgets::chip(ui, index == position, dry.variant.as_str(), &name).clicked() {
                state.variant = Some(dry.variant.clone());
            }
        }
    });
    let chosen = all.get(position)?;
    let cases: Vec<(usize, String)> =
        (0..chosen.trials.len()).map(|case| (case, format!("Case {}", case + 1))).collect();
    let cases: Vec<(usize, &str)> = cases.iter().map(|(case, name)| (*case, name.as_str())).collect();
    state.case = state.case.min(cases.len().saturating_sub(1));
    if let Some(case) = widgets::segmented(ui, "Shown", state.case, &cases) {
        state.case = case;
    }
    Some(chosen)
}

fn request(ui: &mut Ui, dry: &Rehearsal, state: &State) {
    let Some(trial) = dry.trials.get(state.case) else { return };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| match trial {
        Err(problems) => widgets::problems(ui, problems),
        Ok(planned) => {
            let theme = Theme::of(ui);
            let id = format!("Case {}", planned.case.id);
            ui.add(Label::new(RichText::new(id).small().color(theme.texts.faint)).truncate());
            for message in &planned.request.messages {
                widgets::strong(ui, message.role.word());
                widgets::well(ui, |ui| widgets::source(ui, &message.content));
                ui.add_space(4.0);
            }
            let params = serde_json::to_string_pretty(&planned.request.params).unwrap_or_default();
            widgets::strong(ui, "parameters");
            widgets::well(ui, |ui| widgets::source(ui, &params));
            for tool in &planned.request.tools {
                widgets::strong(ui, "tool");
                let text = serde_json::to_string_pretty(tool).unwrap_or_default();
                widgets::well(ui, |ui| widgets::source(ui, &text));
            }
            ui.allocate_space(vec2(0.0, 8.0));
        }
    });
}
