//! Draws Home.

use std::path::PathBuf;

use egui::{Align, Key, Label, Layout, RichText, Role, Sense, Ui, WidgetInfo, vec2};
use egui_material_icons::icons;

use super::data::{self, HomeData, OpenData, ProjectData, Recent, RunData};
use super::import;
use crate::domain::Dialect;
use crate::session::{BundledInfo, Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{dialect, format, widgets};

/// Below this width a row says less, and what stands side by side stands in lines.
const WIDE: f32 = 720.0;
/// The widths of a pass rate and of its bar.
const RATE: f32 = 64.0;
const BAR: f32 = 120.0;

#[derive(Default)]
pub(in crate::ui) struct State {
    path: String,
    new_folder: String,
    /// The bundled workspace that a new one is made from; `None` makes an empty one.
    template: Option<String>,
    making: bool,
    import: import::State,
}

pub(in crate::ui) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let home = data::gather(session, jiff::Timestamp::now());
    import::show(ui, session, &mut state.import, sender);
    widgets::page(ui, "home", |ui| {
        match &home.open {
            Some(open) => opened(ui, session, open, sender),
            None => welcome(ui),
        }
        open_section(ui, session, state, &home, sender);
    });
}

fn welcome(ui: &mut Ui) {
    widgets::page_title(
        ui,
        "Prompts that go to production",
        "Open a workspace: a folder with prompts, datasets and experiments, in files that people can read.",
        |_| {},
    );
}

fn opened(ui: &mut Ui, session: &Session, open: &OpenData, sender: &CommandSender) {
    let about = if open.note.is_empty() { &open.place } else { &open.note };
    widgets::page_title(ui, &open.name, about, |ui| {
        if widgets::icon_button(ui, icons::ICON_REFRESH, "Reload workspace").clicked() {
            sender.send(Command::Reload);
        }
        if open.scripted {
            widgets::pill(ui, Tone::Info, "Scripted, not a model");
        }
    });
    if open.errors > 0 {
        widgets::section(
            ui,
            "Problems",
            "These files are not as they should be; the rest works.",
            |_| {},
            |ui| {
                widgets::problems(ui, session.problems());
            },
        );
    }
    projects(ui, open, sender);
    runs(ui, open, sender);
}

fn projects(ui: &mut Ui, open: &OpenData, sender: &CommandSender) {
    widgets::section(
        ui,
        "Projects",
        "Each is one prompt problem.",
        |ui| import_button(ui, sender),
        |ui| {
            if open.projects.is_empty() {
                widgets::muted(ui, "This workspace has no project yet.");
            }
            for project in &open.projects {
                project_row(ui, project, sender);
            }
        },
    );
}

fn import_button(ui: &mut Ui, sender: &CommandSender) {
    if widgets::secondary(ui, Some(icons::ICON_UPLOAD_FILE), "Import…").clicked() {
        sender.send(Command::ShowImport(true));
    }
}

fn project_row(ui: &mut Ui, project: &ProjectData, sender: &CommandSender) {
    let counts = [
        (project.prompts, "prompt", "prompts"),
        (project.variants, "variant", "variants"),
        (project.datasets, "dataset", "datasets"),
        (project.experiments, "experiment", "experiments"),
        (project.releases, "release", "releases"),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _, _)| *count > 0)
        .map(|(count, one, more)| format!("{count} {}", if count == 1 { one } else { more }))
        .collect();
    let end = |ui: &mut Ui| {
        if project.chosen {
            widgets::pill(ui, Tone::Accent, "Chosen");
        }
        if project.dialect != Dialect::default() {
            dialect::pill(ui, project.dialect);
        }
        if !project.owner.is_empty() {
            widgets::faint(ui, &project.owner);
        }
    };
    let open = row(ui, &format!("Open project {}", project.title), 52.0, end, |ui| {
        let colour = Theme::of(ui).accent.plain;
        widgets::icon(ui, icons::ICON_FOLDER_OPEN, colour);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add_space(9.0);
            widgets::strong(ui, &project.title);
            widgets::faint(ui, &counts.join(" · "));
        });
    });
    if open {
        sender.send(Command::SelectProject(project.id.clone()));
        sender.send(Command::Go(Route::Build));
    }
}

fn runs(ui: &mut Ui, open: &OpenData, sender: &CommandSender) {
    widgets::section(
        ui,
        "Last runs",
        "Newest first. A run shows its answers, cell by cell.",
        |_| {},
        |ui| {
            if open.runs.is_empty() {
                ui.horizontal(|ui| {
                    widgets::muted(ui, "Nothing has been run here yet.");
                    if widgets::link(ui, "Go to Experiment").clicked() {
                        sender.send(Command::Go(Route::Experiment));
                    }
                });
            }
            for run in &open.runs {
                run_row(ui, run, sender);
            }
        },
    );
}

fn run_row(ui: &mut Ui, run: &RunData, sender: &CommandSender) {
    let wide = ui.available_width() >= WIDE;
    let end = |ui: &mut Ui| {
        widgets::number(ui, 80.0, &run.spent);
        if wide {
            widgets::faint(ui, &format!("{} trials", format::count(run.trials)));
        }
        if run.scripted {
            widgets::pill(ui, Tone::Info, "Scripted");
        }
        if run.errored > 0 {
            widgets::pill(ui, Tone::Errored, &format!("{} errored", run.errored));
        }
        if wide {
            widgets::faint(ui, &run.state);
        }
    };
    let open = row(ui, &format!("Show run {}", run.id), 40.0, end, |ui| {
        let room = ui.available_width() - RATE - if wide { BAR } else { 0.0 } - 32.0;
        column(ui, (room * 0.6).min(220.0), |ui| drop(widgets::strong(ui, &run.experiment)));
        column(ui, (room * 0.4).min(110.0), |ui| drop(widgets::faint(ui, &run.started)));
        if wide {
            pass_bar(ui, run.pass_rate);
        }
        widgets::number(ui, RATE, run.pass_rate.map_or_else(|| "—".to_owned(), format::percent));
    });
    if open {
        sender.send(Command::OpenRun(run.id.clone()));
        sender.send(Command::Go(Route::Results));
    }
}

/// A part of a row that is as wide in every row.
fn column(ui: &mut Ui, width: f32, contents: impl FnOnce(&mut Ui)) {
    let width = width.max(0.0);
    ui.allocate_ui_with_layout(vec2(width, 32.0), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(width);
        contents(ui);
    });
}

fn pass_bar(ui: &mut Ui, rate: Option<f64>) {
    let theme = Theme::of(ui);
    let share = rate.unwrap_or_default();
    let parts = [
        widgets::Share { amount: share, colour: theme.verdicts.pass.plain },
        widgets::Share { amount: 1.0 - share, colour: theme.verdicts.fail.plain },
    ];
    let parts = if rate.is_some() { &parts[..] } else { &[] };
    widgets::shares(ui, "Pass rate", 1.0, parts, vec2(BAR, 6.0));
}

fn open_section(ui: &mut Ui, session: &Session, state: &mut State, home: &HomeData, sender: &CommandSender) {
    let heading = if home.open.is_some() { "Other workspaces" } else { "Workspaces" };
    widgets::section(
        ui,
        heading,
        "Choose a folder, or type its path.",
        |ui| {
            if home.open.is_none() {
                import_button(ui, sender);
            }
        },
        |ui| {
            path_row(ui, session, state, sender);
            if state.making {
                new_workspace(ui, session, state, sender);
            }
            recent(ui, home, sender);
        },
    );
    bundled(ui, session.bundled(), sender);
}

fn path_row(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    let enter = |ui: &mut Ui, path: &mut String| {
        let field = widgets::field(ui, "Folder of a workspace", path, "/home/you/prompts");
        field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
    };
    if ui.available_width() < WIDE {
        let enter = enter(ui, &mut state.path);
        ui.horizontal_wrapped(|ui| path_buttons(ui, session, state, enter, sender));
    } else {
        ui.horizontal_top(|ui| {
            let width = ui.available_width() - 400.0;
            let enter = ui.allocate_ui(vec2(width, 0.0), |ui| enter(ui, &mut state.path)).inner;
            ui.vertical(|ui| {
                ui.add_space(18.0);
                ui.horizontal(|ui| path_buttons(ui, session, state, enter, sender));
            });
        });
    }
    ui.add_space(4.0);
}

/// What can be done with the path; `enter` was pressed in its field.
fn path_buttons(ui: &mut Ui, session: &Session, state: &mut State, enter: bool, sender: &CommandSender) {
    let typed = !state.path.trim().is_empty() && !session.opening();
    let open = ui.add_enabled_ui(typed, |ui| widgets::primary(ui, None, "Open")).inner.clicked();
    if (open || enter) && typed {
        sender.send(Command::OpenWorkspace(PathBuf::from(state.path.trim())));
    }
    if widgets::secondary(ui, Some(icons::ICON_FOLDER_OPEN), "Choose folder…").clicked() {
        sender.send(Command::AskForWorkspace);
    }
    if widgets::secondary(ui, Some(icons::ICON_ADD), "New workspace…").clicked() {
        state.making = !state.making;
    }
}

fn new_workspace(ui: &mut Ui, session: &Session, state: &mut State, sender: &CommandSender) {
    widgets::well(ui, |ui| {
        widgets::strong(ui, "New workspace");
        widgets::field(ui, "Folder that is new or empty", &mut state.new_folder, "/home/you/new-prompts");
        ui.horizontal(|ui| {
            widgets::small(ui, "Begin with");
            let empty = std::iter::once((None, "Nothing".to_owned()));
            let copies = session.bundled().iter().map(|bundled| (Some(bundled.name.clone()), bundled.title.clone()));
            if let Some(picked) = widgets::picker(ui, "Begin with", Some(&state.template), empty.chain(copies)) {
                state.template = picked;
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let typed = !state.new_folder.trim().is_empty();
                if ui.add_enabled_ui(typed, |ui| widgets::primary(ui, None, "Create workspace")).inner.clicked() {
                    let folder = PathBuf::from(state.new_folder.trim());
                    sender.send(Command::NewWorkspace { folder, from: state.template.clone() });
                    state.making = false;
                }
                if widgets::ghost(ui, None, "Cancel").clicked() {
                    state.making = false;
                }
            });
        });
    });
}

fn recent(ui: &mut Ui, home: &HomeData, sender: &CommandSender) {
    let others: Vec<&Recent> = home.recent.iter().filter(|recent| !recent.is_open).collect();
    if others.is_empty() {
        return;
    }
    widgets::small(ui, "Recent");
    for recent in others {
        let mut forget = false;
        let end = |ui: &mut Ui| {
            forget = widgets::icon_button(ui, icons::ICON_CLOSE, &format!("Forget {}", recent.name)).clicked();
        };
        let open = row(ui, &format!("Open {}", recent.name), 44.0, end, |ui| {
            let colour = Theme::of(ui).texts.muted;
            widgets::icon(ui, icons::ICON_HISTORY, colour);
            ui.add(Label::new(RichText::new(&recent.name)));
            widgets::faint(ui, &recent.place);
        });
        if forget {
            sender.send(Command::ForgetRecent(recent.path.clone()));
        } else if open {
            sender.send(Command::OpenWorkspace(recent.path.clone()));
        }
    }
}

fn bundled(ui: &mut Ui, all: &[BundledInfo], sender: &CommandSender) {
    if all.is_empty() {
        return;
    }
    widgets::section(
        ui,
        "Bundled workspaces",
        "They run offline and send nothing: scripted, not a model. Their prices are invented.",
        |_| {},
        |ui| {
            for bundled in all {
                let open = row(
                    ui,
                    &format!("Open bundled {}", bundled.name),
                    52.0,
                    |_| {},
                    |ui| {
                        let colour = Theme::of(ui).accent.plain;
                        widgets::icon(ui, icons::ICON_INVENTORY_2, colour);
                        ui.vertical(|ui| {
                            ui.spacing_mut().item_spacing.y = 2.0;
                            ui.add_space(9.0);
                            widgets::strong(ui, &bundled.title);
                            widgets::faint(ui, &bundled.note);
                        });
                    },
                );
                if open {
                    sender.send(Command::OpenBundled(bundled.name.clone()));
                }
            }
        },
    );
}

/// A row that is one button as a whole, with something at its right end. Returns whether it was pressed.
fn row(ui: &mut Ui, name: &str, height: f32, end: impl FnOnce(&mut Ui), contents: impl FnOnce(&mut Ui)) -> bool {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    if response.hovered() || ui.rect_contains_pointer(rect) {
        ui.painter().rect_filled(rect, theme.size.radius.control, theme.grounds.hover);
    }
    widgets::focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    let inner = rect.shrink2(vec2(12.0, 0.0));
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)));
    end(&mut child);
    child.with_layout(Layout::left_to_right(Align::Center), contents);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
