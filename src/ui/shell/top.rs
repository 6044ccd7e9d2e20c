//! The top bar: where one is, what is chosen, the palette, and the one action that always says what it costs.

use egui::{Align, Frame, Layout, Margin, Panel, Popup, RichText, Role, ScrollArea, Stroke, TextStyle, Ui};
use egui_material_icons::icons;

use crate::domain::Workspace;
use crate::session::{Command, Route, RunOffer, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::{format, widgets};

/// Widths of the bar from which the palette's button has its words, and its keys.
const WITH_WORDS: f32 = 1080.0;
const WITH_KEYS: f32 = 640.0;
/// Below this width of the bar the action leaves out how many trials there are.
const SHORT: f32 = 480.0;
/// The least width of a picker that still says what is chosen.
const LEAST_PICKER: f32 = 84.0;

pub(super) fn show(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let response = Panel::top("top")
        .exact_size(theme.size.top_bar)
        .resizable(false)
        .show_separator_line(false)
        .frame(Frame::new().fill(theme.grounds.canvas).inner_margin(Margin::symmetric(16, 0)))
        .show(ui, |ui| {
            let room = ui.available_width();
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                action(ui, session, room, sender);
                palette_button(ui, room, sender);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| place(ui, session, sender));
            });
        });
    line_below(ui, response.response.rect, theme);
}

fn line_below(ui: &Ui, rect: egui::Rect, theme: &Theme) {
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.lines.border));
}

/// One of several, in the bar or in its menu.
struct Choice {
    label: &'static str,
    /// Which of them is chosen.
    at: Option<usize>,
    of: Vec<(Command, String)>,
}

impl Choice {
    fn new<'a, Id: Clone + PartialEq + 'a>(
        label: &'static str,
        chosen: Option<&Id>,
        of: impl Iterator<Item = (&'a Id, String)>,
        command: fn(Id) -> Command,
    ) -> Self {
        let of: Vec<(&Id, String)> = of.collect();
        let at = of.iter().position(|(id, _)| Some(*id) == chosen);
        Self { label, at, of: of.into_iter().map(|(id, name)| (command(id.clone()), name)).collect() }
    }

    fn shown(&self) -> &str {
        self.at.and_then(|at| self.of.get(at)).map_or("—", |(_, name)| name)
    }
}

/// How the place stands in the room that there is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fit {
    /// The workspace's name, and labels before the pickers.
    Whole,
    /// Without labels, which the pickers have as their tips.
    Unlabelled,
    /// Pickers alone, none wider than this.
    Pickers(f32),
    /// A button that opens them as a list.
    Menu,
}

/// The roomiest way that fits. Widths are in points; `pickers` have one label each, but for the first.
fn fit(room: f32, name: f32, labels: &[f32], pickers: &[f32], gap: f32) -> Fit {
    let row = |widths: &[f32]| widths.iter().map(|width| width + gap).sum::<f32>();
    let pickers_row = row(pickers);
    #[expect(clippy::cast_precision_loss, reason = "a handful of pickers")]
    let each = room / pickers.len().max(1) as f32 - gap;
    if name + gap + row(labels) + pickers_row <= room {
        Fit::Whole
    } else if name + gap + pickers_row <= room {
        Fit::Unlabelled
    } else if pickers_row <= room {
        Fit::Pickers(f32::INFINITY)
    } else if each >= LEAST_PICKER {
        Fit::Pickers(each)
    } else {
        Fit::Menu
    }
}

/// Workspace › project, and what the screen works on.
fn place(ui: &mut Ui, session: &Session, sender: &CommandSender) {
    let Some(workspace) = session.workspace() else {
        widgets::strong(ui, "Strata");
        return;
    };
    let choices = choices(session, workspace);
    let style = ui.style().clone();
    let around = style.spacing.button_padding.x * 2.0 + style.spacing.icon_width + 16.0;
    let picker = |choice: &Choice| (widgets::width_of(ui, choice.shown(), &TextStyle::Button) + around).max(72.0);
    let pickers: Vec<f32> = choices.iter().map(picker).collect();
    let labels: Vec<f32> =
        choices.iter().skip(1).map(|choice| widgets::width_of(ui, choice.label, &TextStyle::Small)).collect();
    let name = widgets::width_of(ui, &workspace.manifest.name, &TextStyle::Body) + Theme::of(ui).size.text.icon + 16.0;
    let fit = fit(ui.available_width(), name, &labels, &pickers, style.spacing.item_spacing.x);
    if fit == Fit::Menu {
        menu(ui, &choices, sender);
        return;
    }
    if matches!(fit, Fit::Whole | Fit::Unlabelled) {
        widgets::strong(ui, &workspace.manifest.name);
        let colour = Theme::of(ui).texts.faint;
        widgets::icon(ui, icons::ICON_CHEVRON_RIGHT, colour);
    }
    let most = if let Fit::Pickers(most) = fit { most } else { f32::INFINITY };
    for (at, choice) in choices.iter().enumerate() {
        if at > 0 && fit == Fit::Whole {
            widgets::small(ui, choice.label);
        }
        ui.scope(|ui| {
            ui.set_max_width(most.min(ui.available_width()));
            let names = choice.of.iter().enumerate().map(|(at, (_, name))| (at, name.clone()));
            if let Some(at) = widgets::picker(ui, choice.label, choice.at.as_ref(), names) {
                sender.send(choice.of[at].0.clone());
            }
        });
    }
}

/// The same choices where there is no room for pickers: one button, and a list under a heading for each.
fn menu(ui: &mut Ui, choices: &[Choice], sender: &CommandSender) {
    let button = widgets::icon_button(ui, icons::ICON_MENU, "What is chosen");
    Popup::menu(&button).show(|ui| {
        let most = ui.ctx().content_rect().height() - 120.0;
        ScrollArea::vertical().max_height(most).show(ui, |ui| {
            ui.set_min_width(200.0);
            for choice in choices {
                widgets::small(ui, choice.label);
                for (at, (command, name)) in choice.of.iter().enumerate() {
                    let item = ui.selectable_label(choice.at == Some(at), name);
                    let item = widgets::named(item, Role::MenuItem, &format!("{}: {name}", choice.label));
                    if item.clicked() && choice.at != Some(at) {
                        sender.send(command.clone());
                    }
                }
                ui.add_space(4.0);
            }
        });
    });
}

/// The project, and what the screen works on.
fn choices(session: &Session, workspace: &Workspace) -> Vec<Choice> {
    let chosen = session.selection();
    let projects = workspace.projects.iter().map(|(id, project)| (id, project.spec.title.clone()));
    let mut all = vec![Choice::new("Project", chosen.project.as_ref(), projects, Command::SelectProject)];
    let Some(project) = session.project() else { return all };
    match session.route() {
        Route::Build | Route::Release => {
            let prompts = project.prompts.keys().map(|id| (id, id.to_string()));
            all.push(Choice::new("Prompt", chosen.prompt.as_ref(), prompts, Command::SelectPrompt));
            let fits = project.variants.iter().filter(|(_, variant)| Some(&variant.prompt) == chosen.prompt.as_ref());
            let variants = fits.map(|(id, _)| (id, id.to_string()));
            all.push(Choice::new("Variant", chosen.variant.as_ref(), variants, Command::SelectVariant));
        }
        Route::Data => {
            let datasets = project.datasets.keys().map(|id| (id, id.to_string()));
            all.push(Choice::new("Dataset", chosen.dataset.as_ref(), datasets, Command::SelectDataset));
        }
        Route::Experiment | Route::Results | Route::Plots => {
            let experiments = project.experiments.keys().map(|id| (id, id.to_string()));
            all.push(Choice::new("Experiment", chosen.experiment.as_ref(), experiments, Command::SelectExperiment));
        }
        Route::Home | Route::Calls | Route::Settings => {}
    }
    all.retain(|choice| !choice.of.is_empty());
    all
}

fn palette_button(ui: &mut Ui, room: f32, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let icon = icons::ICON_SEARCH.rich_text().size(theme.size.text.icon).color(theme.texts.muted);
    let keys = RichText::new("Ctrl+K").small().color(theme.texts.faint);
    let button = match room {
        WITH_WORDS.. => egui::Button::new((icon, RichText::new("Search commands").color(theme.texts.muted), keys)),
        WITH_KEYS.. => egui::Button::new((icon, keys)),
        _ => egui::Button::new(icon),
    };
    let button = button
        .fill(theme.grounds.sunken)
        .stroke(Stroke::new(1.0, theme.lines.border))
        .min_size(egui::vec2(0.0, theme.size.control));
    let response = widgets::named(ui.add(button), Role::Button, "Command palette");
    if response.on_hover_text("Search commands (Ctrl+K)").clicked() {
        sender.send(Command::ShowPalette(true));
    }
}

/// The primary action, where there is something to run: what it is, how much of it, and what it costs.
fn action(ui: &mut Ui, session: &Session, room: f32, sender: &CommandSender) {
    if let Some(offer) = session.offer()
        && session.runs().live().is_none()
    {
        let whole = words(&offer);
        let said = if room < SHORT { price(&offer) } else { whole.clone() };
        let response = widgets::primary(ui, Some(icons::ICON_PLAY_ARROW), &said);
        let response = widgets::named(response, Role::Button, &whole);
        if response.on_hover_text(format!("{whole} (F5 or Ctrl+Enter)")).clicked() {
            sender.send(Command::StartRun);
        }
        ui.add_space(8.0);
    }
}

fn words(offer: &RunOffer) -> String {
    format!("Run {}", amount(offer))
}

/// How much a run is, and what it costs.
pub(super) fn amount(offer: &RunOffer) -> String {
    let trials = format::count(offer.trials);
    let noun = if offer.trials == 1 { "trial" } else { "trials" };
    match offer.cost {
        Some(_) => format!("{trials} {noun} {}", price(offer)),
        None => format!("{trials} {noun}, price unknown"),
    }
}

fn price(offer: &RunOffer) -> String {
    offer.cost.map_or_else(|| "price unknown".to_owned(), |cost| format!("≈ {cost}"))
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

    #[test]
    fn the_place_takes_the_room_that_there_is() {
        let fits = |room| fit(room, 140.0, &[40.0, 40.0], &[160.0, 120.0, 100.0], 8.0);
        assert_eq!(fits(700.0), Fit::Whole);
        assert_eq!(fits(560.0), Fit::Unlabelled);
        assert_eq!(fits(410.0), Fit::Pickers(f32::INFINITY));
        assert_eq!(fits(300.0), Fit::Pickers(92.0));
        assert_eq!(fits(200.0), Fit::Menu);
    }
}
