//! Importing another tool's file: which one, what becomes of each part, what it will ask for, and where it goes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Align, Id, Key, Label, Layout, Modal, RichText, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use egui_material_icons::{MaterialIcon, icons};

use crate::domain::{Capability, Place};
use crate::interop::{Fidelity, ImportReport, ImportedPart};
use crate::session::{Command, ImportInto, Importing, Readable, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{dialogs, format, widgets};

/// The height of a part of the report, and of what stands below the report.
const PART: f32 = 46.0;
const BELOW: f32 = 118.0;
/// What a run will ask for, told in so many lines at most.
const ASKS: usize = 4;

/// Which parts of the report are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Shown {
    #[default]
    NotExact,
    Approximated,
    Unsupported,
    All,
}

impl Shown {
    const fn holds(self, fidelity: Fidelity) -> bool {
        match self {
            Self::NotExact => !matches!(fidelity, Fidelity::Exact),
            Self::Approximated => matches!(fidelity, Fidelity::Approximated),
            Self::Unsupported => matches!(fidelity, Fidelity::Unsupported),
            Self::All => true,
        }
    }
}

#[derive(Default)]
pub(super) struct State {
    path: String,
    title: String,
    folder: String,
    /// Into a new folder, not into the open workspace.
    anew: bool,
    shown: Shown,
    find: String,
    /// What the fields above were filled in from.
    of: Option<Arc<Readable>>,
    /// Positions of the parts that are shown, and what was asked for.
    listed: Option<(Shown, String, Vec<usize>)>,
}

pub(super) fn show(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    let Some(importing) = session.importing() else {
        *state = State::default();
        return;
    };
    let room = ui.ctx().content_rect().size();
    let response = Modal::new(Id::unique("import")).frame(widgets::raised(ui)).show(ui.ctx(), |ui| {
        ui.set_width((room.x - 160.0).clamp(320.0, 900.0));
        ui.set_max_height((room.y - 120.0).clamp(240.0, 820.0));
        contents(ui, session, importing, state, sender)
    });
    if response.inner || (response.should_close() && !importing.writing) {
        sender.send(Command::ShowImport(false));
    }
}

/// Returns whether it is over.
fn contents(ui: &mut Ui, session: &Session, importing: &Importing, state: &mut State, sender: &CommandSender) -> bool {
    let mut over = false;
    ui.horizontal(|ui| {
        widgets::heading(ui, "Import a project");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            over = widgets::icon_button(ui, icons::ICON_CLOSE, "Close the import").clicked();
        });
    });
    widgets::muted(
        ui,
        "A config of promptfoo, or a prompt or an evaluation of another tool, becomes a project. The file itself stays \
         as it is.",
    );
    which(ui, importing, state, sender);
    let Some(file) = &importing.file else { return over };
    trust(ui, file, importing, sender);
    match &importing.read {
        None => drop(widgets::muted(ui, "Reading the file…")),
        Some(Err(problem)) => widgets::problems(ui, std::slice::from_ref(problem)),
        Some(Ok(readable)) => {
            settle(state, file, session, readable);
            asks(ui, &readable.asks);
            report(ui, &readable.imported.report, state);
            target(ui, session, importing, state, sender);
        }
    }
    over
}

fn which(ui: &mut Ui, importing: &Importing, state: &mut State, sender: &CommandSender) {
    ui.horizontal_top(|ui| {
        let width = (ui.available_width() - 236.0).max(80.0);
        let hint = "/home/you/promptfooconfig.yaml";
        let response = ui.allocate_ui(vec2(width, 0.0), |ui| widgets::field(ui, "File", &mut state.path, hint)).inner;
        let enter = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if importing.file.is_none() && ui.memory(|memory| memory.focused().is_none()) {
            response.request_focus();
        }
        ui.vertical(|ui| {
            ui.add_space(18.0);
            ui.horizontal(|ui| {
                let typed = !state.path.trim().is_empty() && !importing.writing;
                let look = ui.add_enabled_ui(typed, |ui| widgets::secondary(ui, None, "Look in")).inner.clicked();
                if (look || enter) && typed {
                    let file = PathBuf::from(state.path.trim());
                    sender.send(Command::ReadImport { file, trusted: false });
                }
                if widgets::secondary(ui, Some(icons::ICON_FILE_OPEN), "Choose file…").clicked() {
                    let kinds = &["yaml", "yml", "json", "jsonl", "prompty", "cforge", "py", "ts", "sh", "txt"];
                    dialogs::ask_for_file("Import", "Configs and prompts", kinds, sender.clone(), |file| {
                        Command::ReadImport { file, trusted: false }
                    });
                }
            });
        });
    });
}

/// A tick that reads the file again, with or without trust.
fn trust(ui: &mut Ui, file: &Path, importing: &Importing, sender: &CommandSender) {
    ui.add_enabled_ui(!importing.writing && importing.read.is_some(), |ui| {
        if widgets::option(ui, importing.trusted, "Trust this file") {
            sender.send(Command::ReadImport { file: file.to_owned(), trusted: !importing.trusted });
        }
    });
    widgets::small(
        ui,
        "It may then read files outside its own folder, and scripts that the import needs run, in a sandbox.",
    );
}

/// Fills the fields in once for each file.
fn settle(state: &mut State, file: &Path, session: &Session, readable: &Arc<Readable>) {
    if state.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, readable)) {
        return;
    }
    let path = file.display().to_string();
    let again = state.of.is_some() && state.path == path;
    if !again {
        state.title.clone_from(&readable.imported.spec.title);
        state.anew = session.workspace().is_none();
    }
    state.path = path;
    state.listed = None;
    state.of = Some(readable.clone());
}

fn asks(ui: &mut Ui, asks: &[Capability]) {
    if asks.is_empty() {
        return;
    }
    widgets::small(ui, "Before its first run, the project will ask to");
    for ask in asks.iter().take(ASKS) {
        ui.horizontal(|ui| {
            let colour = Theme::of(ui).tone(Tone::Warning).0;
            widgets::icon(ui, icons::ICON_SHIELD, colour);
            ui.add(Label::new(ask.to_string()).truncate());
        });
    }
    if asks.len() > ASKS {
        widgets::faint(ui, &format!("and {} more things", asks.len() - ASKS));
    }
}

fn report(ui: &mut Ui, report: &ImportReport, state: &mut State) {
    ui.add_space(4.0);
    choose(ui, report, state);
    let wanted = (state.shown, state.find.to_lowercase());
    let known = state.listed.take().filter(|(shown, find, _)| (*shown, find) == (wanted.0, &wanted.1));
    let (shown, find, rows) = known.unwrap_or_else(|| {
        let rows = listed(report, wanted.0, &wanted.1);
        (wanted.0, wanted.1, rows)
    });
    let height = (ui.available_height() - BELOW).max(PART * 2.0);
    widgets::well(ui, |ui| {
        ui.set_height(height - 24.0);
        if rows.is_empty() {
            let none = match shown {
                _ if !find.is_empty() => "No part holds this.",
                Shown::NotExact => "Every part is exact.",
                _ => "There is none.",
            };
            widgets::muted(ui, none);
        }
        ui.spacing_mut().item_spacing.y = 0.0;
        ScrollArea::vertical().auto_shrink(false).show_rows(ui, PART, rows.len(), |ui, range| {
            for row in range {
                if let Some(part) = rows.get(row).and_then(|at| report.parts.get(*at)) {
                    part_row(ui, part);
                }
            }
        });
    });
    state.listed = Some((shown, find, rows));
}

/// How many parts there are of each kind; one kind can be chosen, and a text looked for.
fn choose(ui: &mut Ui, report: &ImportReport, state: &mut State) {
    let count = |fidelity| report.count(fidelity);
    let (near, not) = (count(Fidelity::Approximated), count(Fidelity::Unsupported));
    let name = |word: &str, count: usize| format!("{word} {}", format::count(count as u64));
    let names = [
        (Shown::NotExact, name("Not exact", near + not)),
        (Shown::Approximated, name("Approximated", near)),
        (Shown::Unsupported, name("Not supported", not)),
        (Shown::All, name("All", report.parts.len())),
    ];
    let choices: Vec<(Shown, &str)> = names.iter().map(|(shown, name)| (*shown, name.as_str())).collect();
    ui.horizontal(|ui| {
        widgets::pill(ui, Tone::Pass, &format!("{} exact", format::count(count(Fidelity::Exact) as u64)));
        if let Some(shown) = widgets::segmented(ui, "Parts", state.shown, &choices) {
            state.shown = shown;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let width = ui.available_width().clamp(80.0, 220.0);
            let edit =
                TextEdit::singleline(&mut state.find).hint_text("Find in the report").desired_width(width - 20.0);
            let response = ui.add(edit.margin(vec2(10.0, 7.0)));
            widgets::focus_ring(ui, &response);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Find in the report"));
        });
    });
}

/// The parts that are chosen and hold a text in lower case, by their place in the file.
fn listed(report: &ImportReport, shown: Shown, find: &str) -> Vec<usize> {
    let holds = |part: &ImportedPart| {
        let text = || format!("{} {} {} {}", part.part, part.note, place(&part.place), part.fidelity).to_lowercase();
        shown.holds(part.fidelity) && (find.is_empty() || text().contains(find))
    };
    let mut rows: Vec<usize> = (0..report.parts.len()).filter(|at| holds(&report.parts[*at])).collect();
    let by_place = |at: &usize| (&report.parts[*at].place, &report.parts[*at].part);
    rows.sort_by(|one, other| by_place(one).cmp(&by_place(other)));
    rows
}

/// The file's name and the line.
fn place(place: &Place) -> String {
    let name = place.file.file_name().unwrap_or_default().to_string_lossy();
    place.line.map_or_else(|| name.to_string(), |line| format!("{name}:{line}"))
}

const fn look(fidelity: Fidelity) -> (Tone, MaterialIcon) {
    match fidelity {
        Fidelity::Exact => (Tone::Pass, icons::ICON_CHECK_CIRCLE),
        Fidelity::Approximated => (Tone::Warning, icons::ICON_WARNING),
        Fidelity::Unsupported => (Tone::Fail, icons::ICON_BLOCK),
    }
}

/// Two lines: what it is and where, then what became of it.
fn part_row(ui: &mut Ui, part: &ImportedPart) {
    let theme = Theme::of(ui);
    let (tone, icon) = look(part.fidelity);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), PART), egui::Sense::hover());
    let mut row = ui.new_child(egui::UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)));
    widgets::icon(&mut row, icon, theme.tone(tone).0);
    row.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.spacing_mut().interact_size.y = 20.0;
        ui.add_space(3.0);
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add_space(8.0);
                ui.label(RichText::new(place(&part.place)).small().color(theme.texts.faint));
                ui.label(RichText::new(part.fidelity.to_string()).small().color(theme.tone(tone).0));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| widgets::mono(ui, &part.part));
            });
        });
        ui.add(Label::new(RichText::new(&part.note).small().color(theme.texts.muted)).truncate());
    });
    let name = format!("{}, {}: {}. {}", part.part, place(&part.place), part.fidelity, part.note);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &name));
    response.on_hover_text(&part.note);
}

/// Under which name, and where to.
fn target(ui: &mut Ui, session: &Session, importing: &Importing, state: &mut State, sender: &CommandSender) {
    let open = session.workspace();
    ui.add_space(4.0);
    ui.add_enabled_ui(!importing.writing, |ui| {
        ui.horizontal_top(|ui| {
            let half = (ui.available_width() - 12.0) / 2.0;
            ui.allocate_ui(vec2(half, 0.0), |ui| {
                widgets::field(ui, "Name of the project", &mut state.title, "what people call it");
            });
            ui.allocate_ui(vec2(half, 0.0), |ui| {
                if state.anew {
                    let label = "Folder that is new or empty";
                    widgets::field(ui, label, &mut state.folder, "/home/you/new-prompts");
                }
            });
        });
        ui.horizontal(|ui| {
            if let Some(open) = open {
                let name = format!("Into {}", open.manifest.name);
                let choices = [(false, name.as_str()), (true, "Into a new workspace")];
                if let Some(anew) = widgets::segmented(ui, "Where to", state.anew, &choices) {
                    state.anew = anew;
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let named = !state.title.trim().is_empty() && (!state.anew || !state.folder.trim().is_empty());
                let import = |ui: &mut Ui| widgets::primary(ui, Some(icons::ICON_DOWNLOAD), "Import");
                if ui.add_enabled_ui(named, import).inner.clicked() {
                    let folder = PathBuf::from(state.folder.trim());
                    let into = if state.anew { ImportInto::Folder(folder) } else { ImportInto::Open };
                    sender.send(Command::Import { into, title: state.title.trim().to_owned() });
                }
                if importing.writing {
                    widgets::muted(ui, "Writing the project…");
                }
            });
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> ImportReport {
        let mut report = ImportReport::default();
        let at = |line| Place::at("/there/config.yaml", line, 1);
        report.add(Fidelity::Unsupported, "tests[1].assert[0] python", at(9), "Python is never run.");
        report.add(Fidelity::Exact, "prompts[0]", at(2), "A layer.");
        report.add(Fidelity::Approximated, "tests[0].assert[0] llm-rubric", at(6), "The words are our own.");
        report
    }

    #[test]
    fn parts_that_are_not_exact_stand_in_the_order_of_the_file() {
        assert_eq!(listed(&sample(), Shown::NotExact, ""), [2, 0]);
        assert_eq!(listed(&sample(), Shown::Approximated, ""), [2]);
        assert_eq!(listed(&sample(), Shown::All, ""), [1, 2, 0]);
    }

    #[test]
    fn a_part_is_found_by_its_name_its_note_and_its_line() {
        assert_eq!(listed(&sample(), Shown::NotExact, "never run"), [0]);
        assert_eq!(listed(&sample(), Shown::NotExact, "rubric"), [2]);
        assert_eq!(listed(&sample(), Shown::All, "config.yaml:2"), [1]);
        assert_eq!(listed(&sample(), Shown::NotExact, "layer"), [0; 0]);
    }
}
