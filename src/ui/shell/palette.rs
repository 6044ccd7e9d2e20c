//! The command palette: every command that can be given now, found by a few of its letters.

use egui::{
    Align, Align2, Frame, Id, Key, Label, Layout, Margin, Modal, Modifiers, RichText, ScrollArea, Sense, TextEdit,
};
use egui::{Role, Ui, WidgetInfo, vec2};

use super::top;
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
const WIDTH: f32 = 600.0;
/// Rows in sight at most.
const ROWS: f32 = 10.0;

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
    let window = ui.ctx().content_rect();
    let above = (window.height() * 0.12).min(96.0);
    let area = Modal::default_area(id).anchor(Align2::CENTER_TOP, vec2(0.0, above));
    let modal = Modal::new(id).area(area).frame(frame).show(ui.ctx(), |ui| {
        ui.set_width(WIDTH.min(window.width() - 56.0));
        field(ui, state);
        let room = window.height() - above * 2.0 - 80.0;
        list(ui, session, &found, state.at, room, sender);
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

fn list(ui: &mut Ui, session: &Session, found: &[(Command, String)], at: usize, room: f32, sender: &CommandSender) {
    if found.is_empty() {
        ui.add_space(8.0);
        widgets::muted(ui, "No command has these letters.");
        return;
    }
    ScrollArea::vertical().max_height((ROW * ROWS).min(room).max(ROW * 2.0)).auto_shrink([false, true]).show(
        ui,
        |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for (index, (command, name)) in found.iter().enumerate() {
                row(ui, session, command, name, index == at, sender);
            }
        },
    );
}

fn row(ui: &mut Ui, session: &Session, command: &Command, name: &str, on: bool, sender: &CommandSender) {
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
        }
        if let Some(offer) = session.offer().filter(|_| matches!(command, Command::StartRun)) {
            widgets::small(ui, &top::amount(&offer));
        } else if info.shortcut.is_none() {
            widgets::faint(ui, &info.help);
        }
    });
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on, name));
    if response.clicked() {
        sender.send(Command::ShowPalette(false));
        sender.send(command.clone());
    }
}

/// The commands that `text` finds by their names, best first. One that spends money is never found by scattered letters,
/// and stands behind the others unless its name begins with what is typed: Enter would give it by mistake.
fn matching(commands: Vec<Command>, text: &str) -> Vec<(Command, String)> {
    let wanted = text.split_whitespace().flat_map(|word| [" ", word]).skip(1).collect::<String>().to_lowercase();
    let mut found: Vec<(Fit, bool, Command, String)> = commands
        .into_iter()
        .filter_map(|command| {
            let name = command.info().name;
            let (fit, spends) = (fit(&name, &wanted)?, command.spends());
            let meant = !wanted.is_empty() && fit <= Fit::Beginning;
            let mistaken = spends && matches!(fit, Fit::Scattered(_));
            (!mistaken).then_some((fit, spends && !meant, command, name))
        })
        .collect();
    found.sort_by_key(|(fit, last, _, _)| (*fit, *last));
    found.into_iter().map(|(_, _, command, name)| (command, name)).collect()
}

/// How a name is found, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Whole,
    Beginning,
    /// Each word that is typed begins a word of the name, in this order.
    Words,
    Part,
    /// Its letters stand somewhere in the name, in this order; fewer gaps are closer.
    Scattered(usize),
}

/// How `wanted`, in small letters, is found in `name`; `None` where it is not.
fn fit(name: &str, wanted: &str) -> Option<Fit> {
    let name = name.trim_end_matches('…').to_lowercase();
    if name == wanted {
        return Some(Fit::Whole);
    }
    if name.starts_with(wanted) {
        return Some(Fit::Beginning);
    }
    let mut words = name.split(|letter: char| !letter.is_alphanumeric());
    if wanted.split(' ').all(|wanted| words.any(|word| word.starts_with(wanted))) {
        return Some(Fit::Words);
    }
    if name.contains(wanted) {
        return Some(Fit::Part);
    }
    gaps(&name, wanted).map(Fit::Scattered)
}

/// The gaps between the letters of `wanted` as they stand in `name`.
fn gaps(name: &str, wanted: &str) -> Option<usize> {
    let mut letters = name.chars();
    let mut gaps = 0;
    for wanted in wanted.chars().filter(|letter| !letter.is_whitespace()) {
        let skipped = letters.position(|letter| letter == wanted)?;
        gaps += usize::from(skipped > 0);
    }
    Some(gaps)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::session::Route;

    fn names(commands: Vec<Command>, text: &str) -> Vec<String> {
        matching(commands, text).into_iter().map(|(_, name)| name).collect()
    }

    #[test]
    fn the_closest_name_comes_first() {
        let check = |name, wanted, expect| assert_eq!(fit(name, wanted), expect, "{wanted} in {name}");
        check("Undo", "undo", Some(Fit::Whole));
        check("Open workspace…", "open workspace", Some(Fit::Whole));
        check("Go to Build", "go t", Some(Fit::Beginning));
        check("Go to Build", "build", Some(Fit::Words));
        check("Go to Plots", "go plots", Some(Fit::Words));
        check("Go to Plots", "plots go", None);
        check("Go to Build", "uild", Some(Fit::Part));
        check("Go to Build", "gb", Some(Fit::Scattered(1)));
        check("Go to Build", "bg", None);
        check("Über alles", "ü", Some(Fit::Beginning));
        assert!(Fit::Whole < Fit::Beginning && Fit::Beginning < Fit::Words);
        assert!(Fit::Words < Fit::Part && Fit::Part < Fit::Scattered(0));
    }

    #[test]
    fn scattered_letters_never_run_anything() {
        let all = || vec![Command::StartRun, Command::Go(Route::Experiment), Command::Redo, Command::Undo];
        // All of them stand in "Run the experiment", in this order.
        assert_eq!(names(all(), "rein"), Vec::<String>::new());
        assert_eq!(names(all(), "un"), ["Undo", "Run the experiment"]);
        assert_eq!(names(all(), "exp"), ["Go to Experiment", "Run the experiment"]);
        assert_eq!(names(all(), "run")[0], "Run the experiment");
        assert_eq!(names(all(), "").last().unwrap(), "Run the experiment");
    }

    proptest! {
        #[test]
        fn what_is_first_and_spends_has_what_was_typed(text in "[a-z ]{0,6}") {
            let resume = Command::ResumeRun("2026-a".into());
            let all = vec![Command::StartRun, resume, Command::Reload, Command::Undo, Command::Go(Route::Results)];
            if let Some((command, name)) = matching(all, &text).first() {
                let has = |word: &str| name.to_lowercase().contains(word);
                prop_assert!(!command.spends() || (!text.trim().is_empty() && text.split_whitespace().all(has)));
            }
        }
    }
}
