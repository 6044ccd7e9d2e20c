//! Draws the Build screen: three columns over one draft.

use egui::{Frame, Key, Margin, Modifiers, Panel, Stroke, Ui};
use egui_material_icons::icons;

use super::draft::Draft;
use super::{edits, middle, preview, stack, tiers_form, try_it};
use crate::domain::{Definition, DefinitionKey, Dialect, LayerId, Prompt, PromptId};
use crate::session::{Command, Preview, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets;

/// What is open in the middle.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Open {
    /// The first layer.
    #[default]
    First,
    Layer(LayerId),
    Prompt,
    Variant,
}

/// Widths of the screen from which all three columns, and two, stand beside each other.
const THREE: f32 = 880.0;
const TWO: f32 = 600.0;

/// What is seen where there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pane {
    #[default]
    Layers,
    Edit,
    Preview,
}

#[derive(Default)]
pub(in crate::ui) struct State {
    pane: Pane,
    pub(super) open: Open,
    /// The prompt that `open` is about.
    of: Option<PromptId>,
    pub(super) preview: preview::PreviewState,
    pub(super) trying: try_it::TryItState,
    fit: tiers_form::FitState,
}

pub(in crate::ui) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let Some(mut draft) = Draft::of(session) else {
        nothing(session, sender, ui);
        return;
    };
    if state.of != session.selection().prompt {
        state.of.clone_from(&session.selection().prompt);
        state.open = Open::First;
    }
    settle(&mut state.open, &draft);
    keys(ui, session, &state.open, &mut draft, sender);

    let dialect = session.project().map(|project| project.spec.dialect).unwrap_or_default();
    let room = ui.available_width();
    choose_pane(ui, room, state);
    let shown = session.previews().shown().map(|preview| &**preview);
    let (before, pane) = (state.open.clone(), state.pane);
    if room >= TWO || pane == Pane::Layers {
        layers(ui, room, dialect, state, &mut draft, shown);
    }
    if room < TWO && state.open != before {
        state.pane = Pane::Edit;
    }
    if room >= THREE {
        preview_beside(ui, session, state, sender);
    } else if pane == Pane::Preview {
        preview_column(ui, session, state, sender);
    }
    if room >= THREE || pane == Pane::Edit || (room >= TWO && pane == Pane::Layers) {
        egui::CentralPanel::default().frame(column(ui, Margin { left: 12, right: 12, top: 16, bottom: 0 })).show(
            ui,
            |ui| {
                let own = (&mut state.open, &mut state.fit);
                middle::show(ui, session, own, &mut draft, shown, sender);
            },
        );
    }
    draft.send(session, sender);
}

fn column(ui: &Ui, margin: Margin) -> Frame {
    Frame::new().fill(Theme::of(ui).grounds.canvas).inner_margin(margin)
}

/// Where there is no room for all, one chooses what to see.
fn choose_pane(ui: &mut Ui, room: f32, state: &mut State) {
    let all = [(Pane::Layers, "Layers"), (Pane::Edit, "Edit"), (Pane::Preview, "Preview")];
    let choices = match room {
        THREE.. => return,
        TWO.. => &all[1..],
        _ => &all[..],
    };
    let chosen = if room >= TWO && state.pane == Pane::Layers { Pane::Edit } else { state.pane };
    let margin = Margin { left: 16, right: 16, top: 10, bottom: 0 };
    Panel::top("panes").resizable(false).show_separator_line(false).frame(column(ui, margin)).show(ui, |ui| {
        if let Some(pane) = widgets::segmented(ui, "Shown", chosen, choices) {
            state.pane = pane;
        }
    });
}

fn layers(ui: &mut Ui, room: f32, dialect: Dialect, state: &mut State, draft: &mut Draft, shown: Option<&Preview>) {
    let frame = column(ui, Margin { left: 16, right: 4, top: 16, bottom: 0 });
    if room < TWO {
        egui::CentralPanel::default()
            .frame(frame)
            .show(ui, |ui| stack::show(ui, dialect, &mut state.open, draft, shown));
        return;
    }
    Panel::left("layers")
        .default_size((room * 0.22).clamp(220.0, 300.0))
        .size_range(200.0..=(room * 0.4).min(420.0))
        .show_separator_line(false)
        .frame(frame)
        .show(ui, |ui| stack::show(ui, dialect, &mut state.open, draft, shown));
}

fn preview_beside(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    let (theme, room) = (Theme::of(ui), ui.available_width());
    let right = Panel::right("preview")
        .default_size((room * 0.46).clamp(320.0, 640.0))
        .size_range(280.0..=(room * 0.65).min(900.0))
        .show_separator_line(false)
        .frame(Frame::new().fill(theme.grounds.surface))
        .show(ui, |ui| preview_column(ui, session, state, sender));
    let line = right.response.rect;
    ui.painter().vline(line.left(), line.y_range(), Stroke::new(1.0, theme.lines.border));
}

/// What is rendered, and below it the case to try it on.
fn preview_column(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    let surface = |top, bottom| {
        let margin = Margin { left: 16, right: 16, top, bottom };
        Frame::new().fill(Theme::of(ui).grounds.surface).inner_margin(margin)
    };
    let (above, below) = (surface(16, 0), surface(8, 12));
    Panel::bottom("try it")
        .resizable(false)
        .show_separator_line(false)
        .frame(below)
        .show(ui, |ui| try_it::show(ui, session, &mut state.trying, sender));
    egui::CentralPanel::default()
        .frame(above)
        .show(ui, |ui| preview::show(ui, session, &mut state.preview, &mut state.open, sender));
}

/// Makes what is open something that is there.
fn settle(open: &mut Open, draft: &Draft) {
    let there = match open {
        Open::First => false,
        Open::Layer(id) => draft.layer(id).is_some(),
        Open::Prompt => true,
        Open::Variant => draft.variant.is_some(),
    };
    if !there {
        *open = draft.prompt.layers.first().map_or(Open::Prompt, |layer| Open::Layer(layer.id.clone()));
    }
}

/// Alt+↑/↓ moves the layer, Alt+←/→ steps through the cases; ←/→ alone do where nothing else wants them.
fn keys(ui: &Ui, session: &Session, open: &Open, draft: &mut Draft, sender: &CommandSender) {
    let free = ui.memory(|memory| memory.focused().is_none());
    let pressed = |modifiers, key| ui.input_mut(|input| input.consume_key(modifiers, key));
    if let Open::Layer(id) = open {
        if pressed(Modifiers::ALT, Key::ArrowUp) {
            edits::nudge(&mut draft.prompt, id, true);
        }
        if pressed(Modifiers::ALT, Key::ArrowDown) {
            edits::nudge(&mut draft.prompt, id, false);
        }
    }
    let back = pressed(Modifiers::ALT, Key::ArrowLeft) || free && pressed(Modifiers::NONE, Key::ArrowLeft);
    let on = pressed(Modifiers::ALT, Key::ArrowRight) || free && pressed(Modifiers::NONE, Key::ArrowRight);
    let row = session.previews().case();
    if back && row > 0 {
        sender.send(Command::PreviewCase(row - 1));
    }
    if on {
        sender.send(Command::PreviewCase(row + 1));
    }
}

/// No prompt is chosen: there is none, or no project.
fn nothing(session: &Session, sender: &CommandSender, ui: &mut Ui) {
    let project = session.selection().project.clone();
    let (Some(id), Some(_)) = (project, session.project()) else {
        let about = "Prompts stand in projects. Choose a project on Home, or open another workspace.";
        if widgets::empty(ui, icons::ICON_LAYERS, "No project is open", about, Some("Go to Home")) {
            sender.send(Command::Go(Route::Home));
        }
        return;
    };
    let about = "A prompt is a stack of layers: who the model is, what it should know, what it is to do. Each can be \
                 switched off, moved, priced and compared by itself.";
    if widgets::empty(ui, icons::ICON_LAYERS, "This project has no prompt yet", about, Some("Make the first prompt")) {
        let prompt = first_prompt();
        let key = DefinitionKey::Prompt(id, PromptId::from("prompt"));
        sender.send(Command::Edit { key, definition: Some(Definition::Prompt(prompt.into())) });
    }
}

/// A task to fill in, so that a new prompt is no empty page.
fn first_prompt() -> Prompt {
    let mut prompt = Prompt::default();
    edits::add(&mut prompt, None, crate::domain::Content::Foundation(Box::default()));
    edits::add(&mut prompt, None, crate::domain::Content::Task(Box::default()));
    prompt
}

/// The layer that is open.
pub(super) fn open_layer(open: &Open) -> Option<&LayerId> {
    match open {
        Open::Layer(id) => Some(id),
        Open::First | Open::Prompt | Open::Variant => None,
    }
}
