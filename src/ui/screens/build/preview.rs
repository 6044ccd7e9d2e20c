//! The right column: what the model gets for a case, how long and how dear it is, and what is wrong.

use std::time::{Duration, Instant};

use egui::{
    Align, Align2, FontFamily, FontId, Frame, Label, Layout, Margin, Rect, RichText, Role, ScrollArea, Sense, Ui,
    WidgetInfo, pos2, vec2,
};
use egui_material_icons::icons;

use super::screen::Open;
use crate::domain::{DatasetId, ModelId, Place, Role as ChatRole};
use crate::session::{Command, Found, MessageView, ModelView, Preview, Previews, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::widgets::Share;
use crate::ui::{format, widgets};

/// A preview that is behind for longer than this says so.
const LATE: Duration = Duration::from_millis(700);
/// Characters of one message that are shown; the rest is told.
const SHOWN: usize = 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tab {
    #[default]
    Messages,
    Case,
    Tokens,
    Problems,
}

#[derive(Default)]
pub(super) struct PreviewState {
    tab: Tab,
}

pub(super) fn show(ui: &mut Ui, session: &Session, state: &mut PreviewState, open: &mut Open, sender: &CommandSender) {
    let previews = session.previews();
    let Some(preview) = previews.shown().cloned() else {
        widgets::heading(ui, "Preview");
        widgets::muted(ui, "Rendering…");
        return;
    };
    cases(ui, session, &preview, sender);
    ui.add_space(2.0);
    totals(ui, session, &preview, sender);
    ui.add_space(4.0);
    let wrong = preview.problems.len();
    let problems = if wrong == 0 { "Problems".to_owned() } else { format!("Problems {wrong}") };
    let tabs =
        [(Tab::Messages, "Messages"), (Tab::Case, "Case"), (Tab::Tokens, "Cost"), (Tab::Problems, problems.as_str())];
    ui.horizontal(|ui| {
        if let Some(tab) = widgets::segmented(ui, "Preview", state.tab, &tabs) {
            state.tab = tab;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| age(ui, previews));
    });
    ui.add_space(4.0);
    ScrollArea::vertical().id_salt(("preview", state.tab as u8)).auto_shrink(false).show(ui, |ui| {
        ui.set_width(ui.available_width());
        match state.tab {
            Tab::Messages => messages(ui, &preview, state, open),
            Tab::Case => case(ui, &preview),
            Tab::Tokens => tokens(ui, &preview),
            Tab::Problems => problems_list(ui, &preview, open),
        }
        ui.add_space(12.0);
    });
}

/// How old the preview is, where it is not of now.
fn age(ui: &mut Ui, previews: &Previews) {
    let Some(behind) = previews.behind(Instant::now()) else { return };
    if behind > LATE {
        widgets::faint(ui, &format!("from {} ago", format::seconds(behind.as_secs_f64() * 1e3)));
    }
}

/// The dataset and the case that is shown, with steps to its neighbours.
fn cases(ui: &mut Ui, session: &Session, preview: &Preview, sender: &CommandSender) {
    let row = preview.case.as_ref().map_or(0, |case| case.row);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        widgets::heading(ui, "Preview");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let next = ui.add_enabled_ui(row + 1 < preview.cases, |ui| {
                widgets::icon_button(ui, icons::ICON_CHEVRON_RIGHT, "Next case")
            });
            if next.inner.clicked() {
                sender.send(Command::PreviewCase(row + 1));
            }
            widgets::small(ui, &format!("{} / {}", format::count(row as u64 + 1), format::count(preview.cases as u64)));
            let last =
                ui.add_enabled_ui(row > 0, |ui| widgets::icon_button(ui, icons::ICON_CHEVRON_LEFT, "Previous case"));
            if last.inner.clicked() {
                sender.send(Command::PreviewCase(row.saturating_sub(1)));
            }
            let datasets = session.project().into_iter().flat_map(|project| project.datasets.keys());
            let choices: Vec<(DatasetId, String)> = datasets.map(|id| (id.clone(), id.to_string())).collect();
            if choices.is_empty() {
                widgets::small(ui, "No dataset");
            } else if let Some(id) =
                widgets::picker(ui, "Dataset of the preview", session.selection().dataset.as_ref(), choices)
            {
                sender.send(Command::SelectDataset(id));
            }
        });
    });
    if let Some(view) = &preview.case {
        let tags = view.case.tags.join(" · ");
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.add(Label::new(RichText::new(view.case.id.as_str()).small().monospace()).truncate());
            widgets::faint(ui, &tags);
        });
    }
}

/// All tokens as one bar in the hues of the layers, and what it means in money.
fn totals(ui: &mut Ui, session: &Session, preview: &Preview, sender: &CommandSender) {
    let theme = Theme::of(ui);
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    let parts: Vec<Share> = preview
        .layers
        .iter()
        .map(|layer| Share { amount: layer.tokens as f64, colour: theme.layer(layer.kind) })
        .collect();
    let total: f64 = parts.iter().map(|part| part.amount).sum();
    let width = ui.available_width();
    widgets::shares(ui, "Tokens by layer", total, &parts, vec2(width, 8.0));
    let count = |ui: &mut Ui| {
        let about = if preview.estimated { "≈ " } else { "" };
        widgets::strong(ui, &format!("{about}{} tokens", format::count(preview.tokens as u64)));
        if preview.estimated {
            widgets::small(ui, "estimated").on_hover_text("This model's own tokenizer is not public here.");
        }
    };
    widgets::ends(ui, "tokens", count, |ui| {
        let first = preview.models.first().map(|model| &model.id);
        let chosen = session.previews().model().or(first);
        let choices: Vec<(ModelId, String)> =
            preview.models.iter().map(|model| (model.id.clone(), model.id.to_string())).collect();
        if let Some(id) = widgets::picker(ui, "Count as", chosen, choices) {
            sender.send(Command::PreviewModel(id));
        }
        widgets::small(ui, "counted as");
    });
}

fn messages(ui: &mut Ui, preview: &Preview, state: &mut PreviewState, open: &mut Open) {
    if preview.messages.is_empty() {
        widgets::muted(ui, "This case cannot be rendered.");
        problems_list(ui, preview, open);
        return;
    }
    if !preview.unfilled.is_empty() {
        let words = format!("Without a value, shown by name: {}.", preview.unfilled.join(", "));
        let colour = Theme::of(ui).tone(Tone::Warning).0;
        ui.add(Label::new(RichText::new(words).small().color(colour)).wrap());
    }
    let errors = preview.problems.iter().filter(|found| found.problem.is_error()).count();
    if errors > 0 && widgets::link(ui, &format!("{errors} to mend before this can be sent")).clicked() {
        state.tab = Tab::Problems;
    }
    for message in &preview.messages {
        one_message(ui, message, preview, open);
    }
    if preview.tools > 0 {
        widgets::small(
            ui,
            &format!("With {} declared tool{}.", preview.tools, if preview.tools == 1 { "" } else { "s" }),
        );
    }
    if let Some(form) = preview.form {
        widgets::small(ui, &format!("The provider is asked for {form}."));
    }
}

/// A message: its role, and each layer's words beside a line in the layer's hue.
fn one_message(ui: &mut Ui, message: &MessageView, preview: &Preview, open: &mut Open) {
    let theme = Theme::of(ui);
    Frame::new()
        .fill(theme.grounds.sunken)
        .corner_radius(theme.size.radius.control)
        .inner_margin(Margin::same(10))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            let colour = match message.role {
                ChatRole::System => theme.texts.muted,
                ChatRole::User => theme.accent.plain,
                ChatRole::Assistant => theme.verdicts.pass.plain,
            };
            ui.label(RichText::new(message.role.word()).small().color(colour));
            for piece in &message.pieces {
                let layer = piece.layer.and_then(|index| preview.layers.get(index));
                let hue = layer.map_or(theme.lines.strong, |layer| theme.layer(layer.kind));
                let inner = ui.horizontal_top(|ui| {
                    ui.add_space(10.0);
                    ui.vertical(|ui| {
                        widgets::source(ui, beginning(&piece.text));
                        if piece.text.len() > SHOWN {
                            widgets::small(ui, "… the rest is not shown here.");
                        }
                    });
                });
                let rect = inner.response.rect;
                let gutter = Rect::from_min_max(rect.min, pos2(rect.left() + 10.0, rect.bottom()));
                ui.painter().rect_filled(gutter.with_max_x(rect.left() + 3.0), 1.5, hue);
                let Some(layer) = layer else { continue };
                let id = ui.scope_id().with(("gutter", piece.layer, rect.top().to_bits()));
                let response = ui.interact(gutter, id, Sense::click()).on_hover_text(&layer.name);
                response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("Go to layer {}", layer.name)));
                if response.clicked() {
                    *open = Open::Layer(layer.id.clone());
                }
            }
        });
}

fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(SHOWN.min(text.len()))]
}

/// The legend of the bar, and what a call costs on each model.
fn tokens(ui: &mut Ui, preview: &Preview) {
    let theme = Theme::of(ui);
    widgets::strong(ui, "By layer");
    let total = preview.layers.iter().map(|layer| layer.tokens).sum::<usize>().max(1);
    ui.spacing_mut().item_spacing.y = 2.0;
    for layer in &preview.layers {
        ui.horizontal(|ui| {
            widgets::dot(ui, theme.layer(layer.kind));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
                let share = layer.tokens as f64 / total as f64;
                cell(ui, 56.0, &format::percent(share));
                cell(ui, 64.0, &format::count(layer.tokens as u64));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(layer.name.as_str()).truncate());
                });
            });
        });
    }
    ui.add_space(12.0);
    widgets::strong(ui, "One call");
    widgets::small(ui, "Input tokens, and the likely cost with an answer of usual length.");
    if preview.models.is_empty() {
        widgets::muted(ui, "The workspace has no model yet. Add one in its workspace.ron.");
    }
    for model in &preview.models {
        one_model(ui, model);
    }
}

/// A number at the right edge of a column.
fn cell(ui: &mut Ui, width: f32, text: &str) -> egui::Response {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 24.0), Sense::hover());
    let font = FontId::new(theme.size.text.body, FontFamily::Proportional);
    ui.painter().text(rect.right_center(), Align2::RIGHT_CENTER, text, font, theme.texts.plain);
    widgets::named(response, Role::Label, text)
}

fn one_model(ui: &mut Ui, model: &ModelView) {
    ui.horizontal(|ui| {
        ui.add(Label::new(model.id.as_str()).truncate());
        if model.scripted {
            widgets::pill(ui, Tone::Info, "Scripted, not a model");
        }
        if model.overflows() {
            widgets::pill(ui, Tone::Fail, "Too long for its context");
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let words = model.cost.map_or_else(|| "unknown".to_owned(), |cost| format!("≈ {}", cost.likely));
            let cost = cell(ui, 84.0, &words);
            match model.cost {
                Some(range) => cost.on_hover_text(format!("{} to {}", range.low, range.high)),
                None => cost.on_hover_text("No price is known for this model. Set one in workspace.ron."),
            };
            let about = if model.exact { "" } else { "≈ " };
            cell(ui, 64.0, &format!("{about}{}", format::count(model.input_tokens as u64)));
        });
    });
}

/// What the case brings, and what is right for it.
fn case(ui: &mut Ui, preview: &Preview) {
    let Some(view) = &preview.case else {
        widgets::muted(ui, "No dataset is chosen: the prompt is shown with its defaults alone.");
        return;
    };
    if !view.case.note.is_empty() {
        widgets::muted(ui, &view.case.note);
    }
    let sections = [("Variables", &view.case.vars), ("Expected; the prompt never sees it", &view.case.expected)];
    for (heading, values) in sections.into_iter().filter(|(_, values)| !values.is_empty()) {
        widgets::strong(ui, heading);
        for (name, value) in values {
            widgets::small(ui, name);
            let text = value.as_str().map_or_else(|| format!("{value:#}"), ToOwned::to_owned);
            widgets::well(ui, |ui| widgets::source(ui, beginning(&text)));
        }
    }
}

fn problems_list(ui: &mut Ui, preview: &Preview, open: &mut Open) {
    if preview.problems.is_empty() {
        ui.horizontal(|ui| {
            widgets::icon(ui, icons::ICON_CHECK_CIRCLE, Theme::of(ui).verdicts.pass.plain);
            widgets::muted(ui, "Nothing is wrong: every variable has a value.");
        });
    }
    for found in &preview.problems {
        if problem_row(ui, found) {
            *open = found.layer.clone().map_or(Open::Prompt, Open::Layer);
        }
    }
}

/// A problem that leads to its layer. Returns whether it was clicked.
fn problem_row(ui: &mut Ui, found: &Found) -> bool {
    let theme = Theme::of(ui);
    let problem = &found.problem;
    let (tone, icon) =
        if problem.is_error() { (Tone::Fail, icons::ICON_ERROR) } else { (Tone::Warning, icons::ICON_WARNING) };
    let (colour, ground) = theme.tone(tone);
    let inner = Frame::new()
        .fill(ground)
        .corner_radius(theme.size.radius.control)
        .inner_margin(Margin::symmetric(10, 8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                widgets::icon(ui, icon, colour);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 2.0;
                    ui.add(Label::new(problem.message.as_str()).wrap());
                    if !problem.hint.is_empty() {
                        ui.add(Label::new(RichText::new(&problem.hint).color(theme.texts.muted)).wrap());
                    }
                    ui.label(RichText::new(place(found)).small().color(theme.texts.muted));
                });
            });
        });
    let response = inner.response.interact(Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
    widgets::focus_ring(ui, &response);
    let name = format!("Problem: {}", problem.message);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    response.clicked()
}

fn place(found: &Found) -> String {
    let Place { file, line, column, .. } = &found.problem.place;
    let layer = found.layer.as_ref().map(|id| format!("layer {id}"));
    let whole = layer.unwrap_or_else(|| file.display().to_string());
    let field = (!found.field.is_empty()).then(|| found.field.clone());
    let line = line.zip(*column).map(|(line, column)| format!("line {line}, column {column}"));
    [Some(whole), field, line].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Problem;

    #[test]
    fn a_problem_says_where_it_is() {
        let check = |layer: Option<&str>, field: &str, at: Place, expect: &str| {
            let problem = Problem::error(at, "", "");
            let found = Found { layer: layer.map(Into::into), field: field.to_owned(), problem };
            assert_eq!(place(&found), expect);
        };
        check(Some("a"), "identity.role", Place::at("x", 2, 3), "layer a · identity.role · line 2, column 3");
        check(Some("a"), "", Place::file("x"), "layer a");
        check(None, "", Place::file("prompts/p.ron"), "prompts/p.ron");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = "é".repeat(SHOWN);
        assert_eq!(beginning(&text).len(), SHOWN);
        assert_eq!(beginning("short"), "short");
    }
}
