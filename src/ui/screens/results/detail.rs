//! One trial in detail: its answer, its checks, what was sent, every attempt.

use egui::{
    Align, CollapsingHeader, Frame, Label, Layout, Margin, Rect, RichText, Role, ScrollArea, Sense, Stroke, TextStyle,
    Ui, WidgetInfo, pos2, vec2,
};
use egui_material_icons::icons;

use super::data::trial_at;
use super::screen::State;
use super::{attempts, breakdown, diff, guards};
use crate::analysis::Board;
use crate::domain::{
    Case, ChatRequest, CheckResult, FinishReason, ModelId, Outcome, RunHeader, TrialRef, VariantId, Verdict,
};
use crate::session::{Command, Sent, Session, ShownTrial};
use crate::ui::format;
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
pub(super) use crate::ui::visible::marked;
use crate::ui::widgets::{self, VerdictMark};

#[derive(Default)]
pub(super) struct DetailState {
    /// Show an answer that is JSON as it came.
    raw: bool,
    /// The trial that was asked for last, at which revision of the board.
    asked: Option<(TrialRef, u64)>,
    /// The answer of a trial laid out as JSON, where it is JSON.
    pretty: Option<(TrialRef, Option<String>)>,
}

pub(super) fn show(
    session: &Session,
    board: &Board,
    trial: TrialRef,
    state: &mut State,
    sender: &CommandSender,
    ui: &mut Ui,
) {
    let state = &mut state.detail;
    Frame::new().inner_margin(Margin { left: 16, right: 12, top: 12, bottom: 8 }).show(ui, |ui| {
        head(session, board, trial, sender, ui);
    });
    let line = ui.cursor().top();
    ui.painter().hline(ui.max_rect().x_range(), line, Stroke::new(1.0, Theme::of(ui).lines.border));
    ScrollArea::vertical().id_salt(("trial", trial)).auto_shrink(false).show(ui, |ui| {
        Frame::new().inner_margin(Margin { left: 16, right: 16, top: 12, bottom: 24 }).show(ui, |ui| {
            ui.set_width(ui.available_width());
            match session.runs().trial(trial) {
                Some(shown) => contents(session, board, trial, shown, state, ui),
                None => waiting(board, trial, state, sender, ui),
            }
        });
    });
}

/// It has not ended, or is being read.
fn waiting(board: &Board, trial: TrialRef, state: &mut DetailState, sender: &CommandSender, ui: &mut Ui) {
    if board.trial(trial).is_none() {
        widgets::muted(ui, not_there(board.header(), trial));
        return;
    }
    let asked = Some((trial, board.revision()));
    if state.asked != asked {
        state.asked = asked;
        sender.send(Command::SelectTrial(Some(trial)));
    }
    widgets::muted(ui, "Reading the trial…");
}

/// Why a trial has no answer.
fn not_there(header: &RunHeader, trial: TrialRef) -> &'static str {
    let variant = header.variants.get(usize::from(trial.variant));
    let model = header.models.get(usize::from(trial.model)).map(|model| &model.id);
    let is_pair = |(one, other): &(VariantId, ModelId)| Some(one) == variant && Some(other) == model;
    if header.definition.without.iter().any(is_pair) {
        "It was not run: the experiment leaves this pair of variant and model out."
    } else if header.left_out > 0 {
        "This trial has not ended yet, or its case is not for this variant and model."
    } else {
        "This trial has not ended yet. Its answer comes here when it has."
    }
}

fn head(session: &Session, board: &Board, trial: TrialRef, sender: &CommandSender, ui: &mut Ui) {
    let header = board.header();
    let column = header.column(trial);
    ui.horizontal(|ui| {
        let id = session
            .runs()
            .head(trial.case)
            .map_or_else(|| format!("case {}", trial.case + 1), |head| head.id.to_string());
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.set_max_width((ui.available_width() - 44.0).max(80.0));
            widgets::heading(ui, &id);
            widgets::faint(ui, &full_name(board, column));
        });
        ui.with_layout(Layout::right_to_left(Align::Min), |ui| {
            if widgets::icon_button(ui, icons::ICON_CLOSE, "Close trial").clicked() {
                sender.send(Command::SelectTrial(None));
            }
        });
    });
    if header.repeats > 1 {
        let names: Vec<(u16, String)> = (0..u16::try_from(header.repeats.min(12)).unwrap_or(12))
            .map(|repeat| (repeat, (repeat + 1).to_string()))
            .collect();
        let choices: Vec<(u16, &str)> = names.iter().map(|(repeat, name)| (*repeat, name.as_str())).collect();
        ui.horizontal(|ui| {
            widgets::small(ui, "Repeat");
            if let Some(repeat) = widgets::segmented(ui, "Repeat", trial.repeat, &choices) {
                sender.send(Command::SelectTrial(Some(trial_at(header, trial.case, column, repeat))));
            }
        });
    }
}

/// Variant and model, both, whatever the other columns are.
pub(super) fn full_name(board: &Board, column: usize) -> String {
    let header = board.header();
    let models = header.models.len().max(1);
    let variant = header.variants.get(column / models).map(ToString::to_string).unwrap_or_default();
    let model = header.models.get(column % models);
    let name = model.map(|model| model.id.to_string()).unwrap_or_default();
    let scripted = if model.is_some_and(|model| model.scripted) { " (scripted, not a model)" } else { "" };
    format!("{variant} · {name}{scripted}")
}

fn contents(
    session: &Session,
    board: &Board,
    trial: TrialRef,
    shown: &ShownTrial,
    state: &mut DetailState,
    ui: &mut Ui,
) {
    let ended = &shown.detail.ended;
    verdict(ui, &ended.outcome, ended.cached);
    if let Some(asked) = board.header().models.get(usize::from(trial.model)) {
        guards::show_notes(&ended.guarded, &asked.id, ui);
    }
    ui.add_space(8.0);
    answer(trial, shown, state, ui);
    let score = match &ended.outcome {
        Outcome::Scored(score) | Outcome::Unscored(score) => Some(score),
        Outcome::Errored(_) => None,
    };
    checks(ended.outcome.checks(), ui);
    if let Some(told) = score.and_then(|score| score.breakdown.as_deref()) {
        breakdown::show(told, ended.outcome.checks().len(), ui);
    }
    if let Some(case) = &shown.case {
        case_section(case, ui);
    }
    sent(session, trial, ui);
    if !ended.guarded.steps.is_empty() {
        folded(ui, "Guards", true, |ui| guards::show(&ended.guarded, ui));
    }
    time_line(board, shown, ui);
    usage(shown, ui);
}

fn verdict(ui: &mut Ui, outcome: &Outcome, cached: bool) {
    let mark = VerdictMark::of(outcome);
    ui.horizontal(|ui| {
        widgets::verdict_mark(ui, mark, 18.0);
        widgets::strong(ui, mark.word());
        if let Outcome::Scored(score) | Outcome::Unscored(score) = outcome {
            widgets::small(ui, &format!("score {:.2}", score.score));
        }
        if cached {
            widgets::pill(ui, Tone::Neutral, "Cached");
        }
    });
    if let Outcome::Errored(error) = outcome {
        widgets::error_panel(
            ui,
            &error.message,
            "Machinery failed: this is no verdict on the answer, and not in any rate.",
        );
    }
}

fn answer(trial: TrialRef, shown: &ShownTrial, state: &mut DetailState, ui: &mut Ui) {
    let Some(answer) = &shown.detail.ended.answer else { return };
    if state.pretty.as_ref().is_none_or(|(of, _)| *of != trial) {
        state.pretty = Some((trial, diff::pretty(&answer.text)));
    }
    let pretty = state.pretty.as_ref().and_then(|(_, pretty)| pretty.as_deref());
    ui.horizontal(|ui| {
        widgets::heading(ui, "Answer");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if widgets::icon_button(ui, icons::ICON_CONTENT_COPY, "Copy answer").clicked() {
                ui.ctx().copy_text(answer.text.clone());
            }
            if pretty.is_some() {
                let choices = [(false, "Laid out"), (true, "As it came")];
                if let Some(raw) = widgets::segmented(ui, "JSON", state.raw, &choices) {
                    state.raw = raw;
                }
            }
        });
    });
    widgets::well(ui, |ui| match pretty.filter(|_| !state.raw) {
        Some(pretty) => widgets::source(ui, pretty),
        None if answer.text.is_empty() => widgets::muted(ui, "The answer is empty."),
        None => widgets::source(ui, &answer.text),
    });
    if let Some(reasoning) = &answer.reasoning {
        folded(ui, "Reasoning", false, |ui| {
            widgets::well(ui, |ui| widgets::source(ui, reasoning));
        });
    }
    for call in &answer.tool_calls {
        widgets::well(ui, |ui| widgets::source(ui, &serde_json::to_string_pretty(call).unwrap_or_default()));
    }
    ui.add_space(8.0);
}

fn checks(checks: &[CheckResult], ui: &mut Ui) {
    if checks.is_empty() {
        return;
    }
    widgets::heading(ui, "Checks");
    for check in checks {
        let mark = match check.verdict {
            Verdict::Pass => VerdictMark::Pass,
            Verdict::Fail => VerdictMark::Fail,
            Verdict::Unscored => VerdictMark::Unscored,
        };
        ui.horizontal_top(|ui| {
            widgets::verdict_mark(ui, mark, 15.0);
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                ui.spacing_mut().interact_size.y = 16.0;
                ui.horizontal(|ui| {
                    widgets::strong(ui, &check.metric);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                        let score = check.score.map_or_else(|| "—".to_owned(), |score| format!("{score:.2}"));
                        let weight = if check.weight == 0.0 {
                            "metric only".to_owned()
                        } else {
                            format!("weight {}", check.weight)
                        };
                        widgets::small(ui, &format!("{score} · {weight}"));
                    });
                });
                if !check.reason.is_empty() {
                    let colour = Theme::of(ui).texts.muted;
                    ui.add(Label::new(RichText::new(marked(&check.reason)).color(colour)).wrap().selectable(true));
                }
            });
        });
        ui.add_space(2.0);
    }
    ui.add_space(8.0);
}

fn case_section(case: &Case, ui: &mut Ui) {
    folded(ui, "Inputs", true, |ui| inputs(case, ui));
    if !case.expected.is_empty() {
        folded(ui, "Expected", true, |ui| expected(case, ui));
    }
}

/// What the prompt was filled in with.
pub(super) fn inputs(case: &Case, ui: &mut Ui) {
    values(&case.vars, ui);
    if !case.note.is_empty() {
        widgets::small(ui, &case.note);
    }
}

/// What is right.
pub(super) fn expected(case: &Case, ui: &mut Ui) {
    values(&case.expected, ui);
}

fn values(values: &serde_json::Map<String, serde_json::Value>, ui: &mut Ui) {
    ui.spacing_mut().interact_size.y = 20.0;
    widgets::facts(ui, 84.0, |facts| {
        for (name, value) in values {
            let text =
                value.as_str().map_or_else(|| serde_json::to_string_pretty(value).unwrap_or_default(), str::to_owned);
            facts.text(name, &marked(&text));
        }
    });
}

fn sent(session: &Session, trial: TrialRef, ui: &mut Ui) {
    let Some((_, sent)) = session.runs().sent().filter(|(of, _)| *of == trial) else { return };
    let canary = session.runs().board().and_then(|board| board.header().planted_canary().map(str::to_owned));
    folded(ui, "Messages as sent", false, |ui| {
        match sent {
            Sent::Exactly(request) => {
                widgets::small(
                    ui,
                    "Rendered again, guards included; the fingerprint says that these are the bytes that were sent.",
                );
                messages(request, ui);
            }
            Sent::Changed(request, changes) => {
                widgets::pill(ui, Tone::Warning, "Changed by a guard");
                widgets::small(
                    ui,
                    "These are the messages before the guards had them; what they did is not kept word for word.",
                );
                for change in changes {
                    widgets::small(ui, change);
                }
                messages(request, ui);
            }
            Sent::Now(request) => {
                widgets::pill(ui, Tone::Warning, "Rendered now");
                widgets::small(ui, "The workspace has changed since the run: this is what it would send today.");
                messages(request, ui);
            }
            Sent::Untold => {
                widgets::muted(ui, "It saw the answers of many trials before it: too many to go through again.");
            }
            Sent::Lost(problems) => {
                widgets::muted(ui, "The messages cannot be rendered any more.");
                widgets::problems(ui, problems);
            }
        }
        if let Some(canary) = canary.filter(|canary| holds(sent, canary)) {
            widgets::small(
                ui,
                &format!("{canary} is the canary of the output guard, which looks for it in the answer."),
            );
        }
    });
}

/// Whether the canary stands in a system message.
fn holds(sent: &Sent, canary: &str) -> bool {
    let (Sent::Exactly(request) | Sent::Changed(request, _) | Sent::Now(request)) = sent else { return false };
    request
        .messages
        .iter()
        .any(|message| message.role == crate::domain::Role::System && message.content.contains(canary))
}

fn messages(request: &ChatRequest, ui: &mut Ui) {
    for message in &request.messages {
        widgets::small(ui, message.role.word());
        widgets::well(ui, |ui| widgets::source(ui, &message.content));
    }
    if !request.tools.is_empty() {
        widgets::small(ui, &format!("{} tools", request.tools.len()));
    }
}

fn time_line(board: &Board, shown: &ShownTrial, ui: &mut Ui) {
    let metrics: Vec<String> = board.header().definition.checks.iter().map(|check| check.metric().to_owned()).collect();
    let bars = attempts::time_line(&shown.detail.attempts, &metrics);
    if bars.is_empty() {
        return;
    }
    folded(ui, "Attempts", true, |ui| {
        for bar in &bars {
            let theme = Theme::of(ui);
            ui.spacing_mut().interact_size.y = 18.0;
            let width = |text: &str, style| widgets::width_of(ui, text, &style);
            let whole = width(&bar.name, TextStyle::Body) + width(&bar.facts, TextStyle::Small) + 12.0;
            if whole <= ui.available_width() {
                ui.horizontal(|ui| {
                    ui.label(&bar.name);
                    ui.with_layout(Layout::right_to_left(Align::Center), |ui| widgets::small(ui, &bar.facts));
                });
            } else {
                widgets::body(ui, &bar.name);
                widgets::small(ui, &bar.facts);
            }
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 6.0), Sense::hover());
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{}: {}", bar.name, bar.facts)));
            let at = |share: f32| rect.left() + rect.width() * share;
            ui.painter().rect_filled(rect, 3.0, theme.grounds.pressed);
            let colour = if bar.failed { theme.verdicts.fail.plain } else { theme.accent.plain };
            let piece = Rect::from_min_max(
                pos2(at(bar.start), rect.top()),
                pos2(at(bar.end).max(at(bar.start) + 3.0), rect.bottom()),
            );
            ui.painter().rect_filled(piece, 3.0, colour);
            let wait = at(bar.end)..=at(bar.waited);
            ui.painter().hline(wait, rect.center().y, Stroke::new(2.0, theme.texts.faint));
            if let Some(error) = &bar.error {
                ui.add(
                    Label::new(RichText::new(marked(error)).small().color(theme.texts.muted)).wrap().selectable(true),
                );
            }
        }
    });
}

fn usage(shown: &ShownTrial, ui: &mut Ui) {
    let ended = &shown.detail.ended;
    folded(ui, "Usage and cost", true, |ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        widgets::facts(ui, 130.0, |facts| {
            if let Some(answer) = &ended.answer {
                if let Some(usage) = answer.usage {
                    facts.text(
                        "Input",
                        &tokens(
                            usage.input_tokens,
                            &[("cached", usage.cached_tokens), ("written to the cache", usage.cache_write_tokens)],
                        ),
                    );
                    facts.text("Output", &tokens(usage.output_tokens, &[("reasoning", usage.reasoning_tokens)]));
                }
                facts.text("Latency", &format::seconds(answer.latency_ms));
                if let Some(first) = answer.first_token_ms {
                    facts.text("First token", &format::seconds(first));
                }
                facts.text("Finished by", finish(&answer.finish));
                facts.text("Answered by", answer.model.as_deref().unwrap_or("not said"));
                facts.text("Request id", answer.request_id.as_deref().unwrap_or("not said"));
            }
            facts.text("Cost", &ended.cost.map_or_else(|| "unknown price".to_owned(), |cost| cost.to_string()));
            let judges = if ended.judge_spent.nanos() > 0 {
                format!(", {} of it for judges", ended.judge_spent)
            } else {
                String::new()
            };
            facts.text("Paid by this run", &format!("{}{judges}", ended.spent));
        });
    });
}

fn tokens(count: u64, parts: &[(&str, u64)]) -> String {
    let parts =
        parts.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!(", {} {name}", format::count(*count)));
    format!("{} tokens{}", format::count(count), parts.collect::<String>())
}

fn finish(reason: &FinishReason) -> &str {
    match reason {
        FinishReason::Stop => "the model's own end",
        FinishReason::Length => "the limit of tokens: the answer is cut",
        FinishReason::ToolCalls => "a call of tools",
        FinishReason::ContentFilter => "the provider's filter",
        FinishReason::Refusal => "a refusal",
        FinishReason::Other(word) => word,
    }
}

pub(super) fn folded(ui: &mut Ui, name: &str, open: bool, contents: impl FnOnce(&mut Ui)) {
    let size = Theme::of(ui).size.text.heading;
    CollapsingHeader::new(RichText::new(name).size(size))
        .id_salt(name)
        .default_open(open)
        .show_unindented(ui, contents);
    ui.add_space(6.0);
}

#[cfg(test)]
mod tests {
    use super::super::data::tests::board;
    use super::*;

    #[test]
    fn a_trial_that_is_not_there_is_left_out_or_still_to_come() {
        let (trial, header) = (TrialRef { case: 0, variant: 1, model: 0, repeat: 0 }, board(1, 1).header().clone());
        assert!(not_there(&header, trial).starts_with("This trial has not ended yet. "));
        let mut left_out = RunHeader { left_out: 1, ..(*header).clone() };
        assert!(not_there(&left_out, trial).contains("its case is not for"));
        left_out.definition.without = vec![("b".into(), "m".into())];
        assert!(not_there(&left_out, trial).starts_with("It was not run"));
    }
}
