//! The command palette: every command that can be given now, found by a few of its letters.

use egui::{
    Align, Align2, Frame, Id, Key, Label, Layout, Margin, Modal, Modifiers, RichText, ScrollArea, Sense, TextEdit,
};
use egui::{Role, Ui, WidgetInfo, vec2};

use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets;

/// What is typed, and where the arrow keys are.
#[derive(Default)]
pub(super) struct PaletteState {
    open: bool,
    text: String,
    at: usize,
}

const ROW: f32 = 36.0;

pub(super) fn show(ui: &mut Ui, session: &Session, state: &mut PaletteState, sender: &CommandSender) {
    if !session.palette() {
        state.open = false;
        return;
    }
    let just_opened = !state.open;
    if just_opened {
        *state = PaletteState { open: true, ..PaletteState::default() };
    }
    let found = matching(Command::offered(session), &state.text);
    let chosen = keys(ui, state, &found);
    let theme = Theme::of(ui);
    let frame = Frame::new()
        .fill(theme.grounds.raised)
        .stroke(egui::Stroke::new(1.0, theme.lines.strong))
        .corner_radius(theme.size.radius.card)
        .shadow(theme.shadow())
        .inner_margin(Margin::same(12));
    let id = Id::unique("palette");
    let area = Modal::default_area(id).anchor(Align2::CENTER_TOP, vec2(0.0, 96.0));
    let modal = Modal::new(id).area(area).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(600.0);
        field(ui, state);
        list(ui, &found, state.at, sender);
    });
    if let Some(command) = chosen {
        sender.send(Command::ShowPalette(false));
        sender.send(command);
    } else if modal.should_close() {
        sender.send(Command::ShowPalette(false));
    }
}

fn field(ui: &mut Ui, state: &mut PaletteState) {
    let edit = TextEdit::singleline(&mut state.text)
        .hint_text("Type a command…")
        .desired_width(f32::INFINITY)
        .margin(vec2(10.0, 9.0));
    let response = widgets::named(ui.add(edit), Role::TextInput, "Search commands");
    response.request_focus();
    if response.changed() {
        state.at = 0;
    }
    ui.add_space(4.0);
}

/// Arrows move, Enter chooses.
fn keys(ui: &Ui, state: &mut PaletteState, found: &[(Command, String)]) -> Option<Command> {
    let last = found.len().saturating_sub(1);
    ui.input_mut(|input| {
        if input.consume_key(Modifiers::NONE, Key::ArrowDown) {
            state.at = (state.at + 1).min(last);
        }
        if input.consume_key(Modifiers::NONE, Key::ArrowUp) {
            state.at = state.at.saturating_sub(1);
        }
        state.at = state.at.min(last);
        let enter = input.consume_key(Modifiers::NONE, Key::Enter);
        enter.then(|| found.get(state.at).map(|(command, _)| command.clone())).flatten()
    })
}

fn list(ui: &mut Ui, found: &[(Command, String)], at: usize, sender: &CommandSender) {
    if found.is_empty() {
        ui.add_space(8.0);
        widgets::muted(ui, "No command has these letters.");
        return;
    }
    ScrollArea::vertical().max_height(ROW * 10.0).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (index, (command, name)) in found.iter().enumerate() {
            row(ui, command, name, index == at, sender);
        }
    });
}

fn row(ui: &mut Ui, command: &Command, name: &str, on: bool, sender: &CommandSender) {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    if on {
        ui.painter().rect_filled(rect, theme.size.radius.control, theme.accent.soft);
        if ui.input(|input| input.key_pressed(Key::ArrowDown) || input.key_pressed(Key::ArrowUp))
            || !ui.clip_rect().contains_rect(rect)
        {
            response.scroll_to_me(None);
        }
    } else if response.hovered() {
        ui.painter().rect_filled(rect, theme.size.radius.control, theme.grounds.hover);
    }
    let info = command.info();
    let inner = rect.shrink2(vec2(10.0, 0.0));
    let mut row = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    row.add(Label::new(RichText::new(name).color(theme.texts.plain)).truncate());
    row.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if let Some(keys) = info.shortcut {
            widgets::small(ui, &keys.to_string());
        } else {
            widgets::faint(ui, &info.help);
        }
    });
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, name));
    if response.clicked() {
        sender.send(Command::ShowPalette(false));
        sender.send(command.clone());
    }
}

/// The commands whose names have the letters of `text` in this order, best first.
fn matching(commands: Vec<Command>, text: &str) -> Vec<(Command, String)> {
    let mut scored: Vec<(u32, Command, String)> = commands
        .into_iter()
        .filter_map(|command| {
            let name = command.info().name;
            Some((score(&name, text)?, command, name))
        })
        .collect();
    scored.sort_by_key(|(score, _, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, command, name)| (command, name)).collect()
}

/// How well the letters of `wanted` are found in `name`, in order: those that follow each other, or begin a word,
/// count more. `None` where they are not all there.
fn score(name: &str, wanted: &str) -> Option<u32> {
    let name: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    let (mut at, mut score, mut follows) = (0, 0, false);
    for letter in wanted.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase) {
        let found = at + name[at..].iter().position(|other| *other == letter)?;
        let begins = found == 0 || !name[found - 1].is_alphanumeric();
        score += 1 + u32::from(begins) * 3 + u32::from(follows && found == at) * 4;
        (at, follows) = (found + 1, true);
    }
    Some(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_found_in_order_and_word_beginnings_win() {
        assert!(score("Go to Build", "gb").is_some());
        assert!(score("Go to Build", "bg").is_none());
        assert!(score("Go to Build", "build") > score("Abundant guild", "build"));
        assert_eq!(score("anything", ""), Some(0));
        assert!(score("Über alles", "ü").is_some());
    }
}
