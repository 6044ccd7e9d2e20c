//! The top bar: where one is, what is chosen, the palette, and the one action that always says what it costs.

use egui::{Align, Frame, Layout, Margin, Panel, RichText, Role, Stroke, Ui};
use egui_material_icons::icons;

use crate::domain::{Project, Workspace};
use crate::session::{Command, Route, RunOffer, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::{format, widgets};

/// Points that must be left for the palette's button to say what it does.
const ROOM_FOR_WORDS: f32 = 240.0;

pub(super) fn show(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let response = Panel::top("top")
        .exact_size(theme.size.top_bar)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().fill(theme.grounds.canvas).inner_margin(Margin::symmetric(16, 0)))
        .show(ui, |ui| {
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                place(ui, session, sender);
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    action(ui, session, sender);
                    palette_button(ui, sender);
                });
            });
        });
    line_below(ui, response.response.rect, theme);
}

fn line_below(ui: &Ui, rect: egui::Rect, theme: &Theme) {
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.lines.border));
}

/// Workspace › project, and what the screen works on.
fn place(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    let Some(workspace) = session.workspace() else {
        widgets::strong(ui, "Strata");
        return;
    };
    widgets::strong(ui, &workspace.manifest.name);
    chevron(ui);
    project_picker(ui, session, workspace, sender);
    if let Some(project) = session.project() {
        ui.add_space(8.0);
        match session.route() {
            Route::Build | Route::Release => {
                prompt_picker(ui, session, project, sender);
                variant_picker(ui, session, project, sender);
            }
            Route::Data => dataset_picker(ui, session, project, sender),
            Route::Experiment | Route::Results | Route::Plots => experiment_picker(ui, session, project, sender),
            Route::Home | Route::Settings => {}
        }
    }
}

fn chevron(ui: &mut Ui) {
    let colour = Theme::of(ui).texts.faint;
    widgets::icon(ui, icons::ICON_CHEVRON_RIGHT, colour);
}

fn project_picker(ui: &mut Ui, session: &Session, workspace: &Workspace, sender: &CommandSender) {
    let choices = workspace.projects.iter().map(|(id, project)| (id.clone(), project.spec.title.clone()));
    if let Some(id) = widgets::picker(ui, "Project", session.selection().project.as_ref(), choices) {
        sender.send(Command::SelectProject(id));
    }
}

fn prompt_picker(ui: &mut Ui, session: &Session, project: &Project, sender: &CommandSender) {
    let choices = project.prompts.keys().map(|id| (id.clone(), id.to_string()));
    if let Some(id) = labelled(ui, "Prompt", session.selection().prompt.as_ref(), choices) {
        sender.send(Command::SelectPrompt(id));
    }
}

fn variant_picker(ui: &mut Ui, session: &Session, project: &Project, sender: &CommandSender) {
    let chosen = session.selection();
    let fits = project.variants.iter().filter(|(_, variant)| Some(&variant.prompt) == chosen.prompt.as_ref());
    let choices: Vec<_> = fits.map(|(id, _)| (id.clone(), id.to_string())).collect();
    if choices.is_empty() {
        return;
    }
    if let Some(id) = labelled(ui, "Variant", chosen.variant.as_ref(), choices) {
        sender.send(Command::SelectVariant(id));
    }
}

fn dataset_picker(ui: &mut Ui, session: &Session, project: &Project, sender: &CommandSender) {
    let choices = project.datasets.keys().map(|id| (id.clone(), id.to_string()));
    if let Some(id) = labelled(ui, "Dataset", session.selection().dataset.as_ref(), choices) {
        sender.send(Command::SelectDataset(id));
    }
}

fn experiment_picker(ui: &mut Ui, session: &Session, project: &Project, sender: &CommandSender) {
    let choices = project.experiments.keys().map(|id| (id.clone(), id.to_string()));
    if let Some(id) = labelled(ui, "Experiment", session.selection().experiment.as_ref(), choices) {
        sender.send(Command::SelectExperiment(id));
    }
}

fn labelled<T: Clone + PartialEq>(
    ui: &mut Ui,
    label: &str,
    chosen: Option<&T>,
    choices: impl IntoIterator<Item = (T, String)>,
) -> Option<T> {
    widgets::small(ui, label);
    widgets::picker(ui, label, chosen, choices)
}

fn palette_button(ui: &mut Ui, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let icon = icons::ICON_SEARCH.rich_text().size(theme.size.text.icon).color(theme.texts.muted);
    let keys = RichText::new("Ctrl+K").small().color(theme.texts.faint);
    let button = if ui.available_width() < ROOM_FOR_WORDS {
        egui::Button::new((icon, keys))
    } else {
        egui::Button::new((icon, RichText::new("Search commands").color(theme.texts.muted), keys))
    };
    let button = button
        .fill(theme.grounds.sunken)
        .stroke(Stroke::new(1.0, theme.lines.border))
        .min_size(egui::vec2(0.0, theme.size.control));
    if widgets::named(ui.add(button), Role::Button, "Command palette").clicked() {
        sender.send(Command::ShowPalette(true));
    }
}

/// The primary action, where there is something to run: what it is, how much of it, and what it costs.
fn action(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    if let Some(offer) = session.offer()
        && session.runs().live().is_none()
    {
        let response = widgets::primary(ui, Some(icons::ICON_PLAY_ARROW), &words(&offer));
        if response.on_hover_text("Run the experiment (F5 or Ctrl+Enter)").clicked() {
            sender.send(Command::StartRun);
        }
        ui.add_space(8.0);
    }
}

fn words(offer: &RunOffer) -> String {
    let trials = format::count(offer.trials);
    let noun = if offer.trials == 1 { "trial" } else { "trials" };
    match offer.cost {
        Some(cost) => format!("Run {trials} {noun} ≈ {cost}"),
        None => format!("Run {trials} {noun}, price unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Usd;

    #[test]
    fn the_action_says_how_much_and_what_it_costs() {
        let check = |trials, cost, expect: &str| {
            assert_eq!(words(&RunOffer { trials, cost, at_most: None, scripted: false }), expect);
        };
        check(240, Usd::from_dollars(0.37), "Run 240 trials ≈ $0.37");
        check(1, Usd::from_dollars(0.0), "Run 1 trial ≈ $0");
        check(12, None, "Run 12 trials, price unknown");
    }
}
