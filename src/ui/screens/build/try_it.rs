//! The box that sends this one case to a model and shows the answer while it comes.

use egui::{ScrollArea, Stroke, Ui, vec2};
use egui_material_icons::icons;

use crate::domain::{FinishReason, ModelId, Outcome, TrialEnded};
use crate::session::{Command, Preview, Route, Session, Try, TryState};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

#[derive(Default)]
pub(super) struct TryItState {
    /// The first model where none is chosen.
    model: Option<ModelId>,
}

pub(super) fn show(ui: &mut Ui, session: &Session, state: &mut TryItState, sender: &CommandSender) {
    let Some(workspace) = session.workspace() else { return };
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.top() - 4.0, Stroke::new(1.0, Theme::of(ui).lines.border));
    let models = &workspace.manifest.models;
    let known = state.model.clone().filter(|id| models.contains_key(id));
    let Some(model) = known.or_else(|| models.keys().next().cloned()) else {
        ui.horizontal(|ui| {
            widgets::muted(ui, "No model to try this on: workspace.ron names none.");
            if widgets::link(ui, "Go to Settings").clicked() {
                sender.send(Command::Go(Route::Settings));
            }
        });
        return;
    };
    let tried = session.tried();
    let under_way = tried.is_some_and(Try::is_under_way);
    let preview = session.previews().shown();
    let start = |ui: &mut Ui| {
        widgets::heading(ui, "Try it");
        let choices: Vec<(ModelId, String)> = models.keys().map(|id| (id.clone(), id.to_string())).collect();
        if let Some(picked) = widgets::picker(ui, "Model to try", Some(&model), choices) {
            state.model = Some(picked);
        }
    };
    widgets::ends(ui, "try it", start, |ui| {
        if under_way {
            if widgets::secondary(ui, Some(icons::ICON_STOP), "Stop").clicked() {
                sender.send(Command::StopTry);
            }
            return;
        }
        let ready = preview.is_some_and(|preview| sendable(preview));
        let words = price(preview.map(|preview| &**preview), &model);
        let button = ui.add_enabled_ui(ready, |ui| widgets::secondary(ui, Some(icons::ICON_SEND), &words)).inner;
        let button = if ready { button } else { button.on_disabled_hover_text("Mend the problems first.") };
        if button.clicked() {
            sender.send(Command::TryCase { model: model.clone(), fresh: false });
        }
    });
    match tried {
        Some(tried) => answer(ui, session, tried, sender),
        None => {
            widgets::small(
                ui,
                "Sends this one case, and shows the answer while it comes. It is recorded like any run.",
            );
        }
    }
}

/// Nothing is missing that would make the call fail before it leaves.
fn sendable(preview: &Preview) -> bool {
    !preview.messages.is_empty() && !preview.problems.iter().any(|found| found.problem.is_error())
}

/// What pressing the button costs.
fn price(preview: Option<&Preview>, model: &ModelId) -> String {
    let found = preview.and_then(|preview| preview.models.iter().find(|known| known.id == *model));
    match found.map(|model| model.cost) {
        Some(Some(cost)) => format!("Send 1 call ≈ {}", cost.likely),
        Some(None) => "Send 1 call, price unknown".to_owned(),
        None => "Send 1 call".to_owned(),
    }
}

fn answer(ui: &mut Ui, session: &Session, tried: &Try, sender: &CommandSender) {
    ui.horizontal(|ui| {
        widgets::small(ui, &format!("{} on {}", tried.case.as_ref().map_or("no case", |id| id.as_str()), tried.model));
        if tried.scripted {
            widgets::pill(ui, Tone::Info, "Scripted, not a model");
        }
        if tried.calls > 1 {
            widgets::pill(ui, Tone::Warning, &format!("{} calls", tried.calls));
        }
        if tried.is_under_way() {
            widgets::pill(ui, Tone::Accent, if tried.calls == 0 { "Waiting" } else { "Answering" });
        }
    });
    match &tried.state {
        TryState::Asked => text(ui, &tried.text()),
        TryState::Stopped => {
            text(ui, &tried.text());
            widgets::small(ui, "Stopped. What was sent may still be billed.");
        }
        TryState::Refused { what, hint } => {
            widgets::error_panel(ui, what, hint);
            if !session.trust().is_granted() && widgets::link(ui, "Go to Settings").clicked() {
                sender.send(Command::Go(Route::Settings));
            }
        }
        TryState::Ended(ended) => over(ui, tried, ended, sender),
    }
}

fn over(ui: &mut Ui, tried: &Try, ended: &TrialEnded, sender: &CommandSender) {
    if let Outcome::Errored(error) = &ended.outcome {
        let hint = error.status.map(|status| format!("HTTP {status}.")).unwrap_or_default();
        widgets::error_panel(ui, &error.message, &hint);
        if !error.partial.is_empty() {
            text(ui, &tried.text());
        }
        return;
    }
    let Some(completion) = &ended.answer else { return };
    text(ui, &completion.text);
    for call in &completion.tool_calls {
        widgets::source(ui, &call.to_string());
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        for fact in facts(ended) {
            widgets::small(ui, &fact);
        }
        if ended.cached {
            widgets::pill(ui, Tone::Neutral, "Answered before, not paid again");
            if widgets::link(ui, "Ask anew").clicked() {
                sender.send(Command::TryCase { model: tried.model.clone(), fresh: true });
            }
        }
    });
}

/// Finish reason, tokens, cost, times.
fn facts(ended: &TrialEnded) -> Vec<String> {
    let Some(completion) = &ended.answer else { return Vec::new() };
    let finish = match &completion.finish {
        FinishReason::Stop => "finished".to_owned(),
        FinishReason::Length => "cut at the limit".to_owned(),
        FinishReason::ToolCalls => "calls a tool".to_owned(),
        FinishReason::ContentFilter => "withheld by a filter".to_owned(),
        FinishReason::Refusal => "declined".to_owned(),
        FinishReason::Other(word) => word.clone(),
    };
    let usage = completion.usage.map(|usage| {
        format!("{} tokens in, {} out", format::count(usage.input_tokens), format::count(usage.output_tokens))
    });
    let cost = ended.cost.map_or_else(|| "cost unknown".to_owned(), |cost| cost.to_string());
    let first = completion.first_token_ms.map(|ms| format!("first token {}", format::seconds(ms)));
    let parts = [Some(finish), usage, Some(cost), Some(format::seconds(completion.latency_ms)), first];
    parts.into_iter().flatten().collect()
}

fn text(ui: &mut Ui, text: &str) {
    if text.is_empty() {
        return;
    }
    widgets::well(ui, |ui| {
        let most = (ui.ctx().content_rect().height() * 0.26).max(120.0);
        ScrollArea::vertical().id_salt("answer").max_height(most).min_scrolled_height(most).stick_to_bottom(true).show(
            ui,
            |ui| {
                ui.set_min_size(vec2(ui.available_width(), 0.0));
                widgets::source(ui, text);
            },
        );
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usd;
    use crate::plan::Range;
    use crate::session::ModelView;

    #[test]
    fn the_button_says_what_it_costs() {
        let model =
            |cost| ModelView { id: "m".into(), scripted: false, input_tokens: 1, exact: true, cost, context: None };
        let check = |cost, expect: &str| {
            let preview = Preview { models: vec![model(cost)], ..Preview::default() };
            assert_eq!(price(Some(&preview), &"m".into()), expect);
        };
        check(None, "Send 1 call, price unknown");
        let likely = Usd::from_dollars(0.0042).unwrap_or_default();
        check(Some(Range { low: likely, likely, high: likely }), "Send 1 call ≈ $0.0042");
        assert_eq!(price(None, &"m".into()), "Send 1 call");
    }
}
