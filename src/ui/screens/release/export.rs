//! The way of a release into a git repository: where, what would be committed, whose leave it needs, and what came of it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use egui::{Align, Key, Layout, Ui, vec2};
use egui_material_icons::icons;

use crate::domain::{Capability, ProjectId, ReleaseId};
use crate::publish::{Base, Change, Exported, Preview};
use crate::session::{Command, ExportWish, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::{dialogs, widgets};

#[derive(Default)]
pub(super) struct Choice {
    /// What stands in the field, and the repository that it was taken from.
    path: String,
    shown: Option<PathBuf>,
    name: String,
    /// The definitions and the grant that the preview was made with.
    looked: Option<(ExportWish, u64)>,
}

pub(super) fn show(
    ui: &mut Ui,
    session: &Session,
    choice: &mut Choice,
    project: &ProjectId,
    release: &ReleaseId,
    sender: &CommandSender,
) {
    place(ui, session, choice, sender);
    let Some(repository) = session.repository() else {
        widgets::muted(ui, "Choose the folder of a git repository. Nothing is written before you have seen what.");
        return;
    };
    let name = Some(choice.name.trim().to_owned()).filter(|name| !name.is_empty());
    let wish =
        ExportWish { project: project.clone(), release: release.clone(), repository: repository.to_owned(), name };
    let looked = (wish.clone(), session.edition());
    if choice.looked.as_ref() != Some(&looked) {
        choice.looked = Some(looked);
        sender.send(Command::PreviewExport(wish.clone()));
    }
    match session.releases().preview(&wish) {
        None | Some(None) => {
            widgets::muted(ui, "Looking at the repository…");
        }
        Some(Some(Err(error))) => {
            widgets::error_panel(ui, &error.to_string(), error.hint());
            if widgets::secondary(ui, Some(icons::ICON_REFRESH), "Look again").clicked() {
                sender.send(Command::PreviewExport(wish));
            }
        }
        Some(Some(Ok(preview))) => planned(ui, session, preview, &wish, sender),
    }
}

fn place(ui: &mut Ui, session: &Session, choice: &mut Choice, sender: &CommandSender) {
    let known = session.repository().map(PathBuf::from);
    if choice.shown != known {
        choice.path = known.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        choice.shown = known;
    }
    ui.horizontal_top(|ui| {
        let width = (ui.available_width() - 400.0).max(200.0);
        let field = ui.allocate_ui(vec2(width, 0.0), |ui| {
            widgets::field(ui, "Folder of the repository", &mut choice.path, "/home/you/product")
        });
        let entered = field.inner.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.allocate_ui(vec2(150.0, 0.0), |ui| {
            widgets::field(ui, "Name in git", &mut choice.name, "the prompt's");
        });
        ui.vertical(|ui| {
            ui.add_space(18.0);
            ui.horizontal(|ui| {
                let typed = PathBuf::from(choice.path.trim());
                let other = choice.shown.as_ref() != Some(&typed) && !choice.path.trim().is_empty();
                let look = ui.add_enabled_ui(other, |ui| widgets::secondary(ui, None, "Look"));
                if other && (look.inner.clicked() || entered) {
                    sender.send(Command::ChooseRepository(typed));
                }
                if widgets::secondary(ui, Some(icons::ICON_FOLDER_OPEN), "Choose…").clicked() {
                    dialogs::ask_folder("Choose a git repository", sender.clone(), Command::ChooseRepository);
                }
            });
        });
    });
}

fn planned(ui: &mut Ui, session: &Session, preview: &Preview, wish: &ExportWish, sender: &CommandSender) {
    ui.add_space(4.0);
    ui.scope(|ui| facts(ui, preview));
    ui.add_space(4.0);
    act(ui, session, preview, wish, sender);
    match session.releases().exported(wish) {
        Some(Some(Ok(exported))) => done(ui, exported),
        Some(Some(Err(error))) => widgets::error_panel(ui, &error.to_string(), error.hint()),
        Some(None) | None => {}
    }
    ui.add_space(8.0);
    widgets::small(ui, "Files in the branch");
    ui.scope(|ui| files(ui, preview));
    if preview.new {
        ui.add_space(8.0);
        widgets::small(ui, "Commit message");
        widgets::well(ui, |ui| widgets::source(ui, &preview.message));
    }
}

fn facts(ui: &mut Ui, preview: &Preview) {
    ui.spacing_mut().interact_size.y = 22.0;
    widgets::facts(ui, 110.0, |facts| {
        facts.text("Repository", &preview.repository.display().to_string());
        let base = match &preview.base {
            Base::Branch(commit) => format!("goes on after {}", short(commit)),
            Base::Head(commit) => format!("new, from the commit that is checked out ({})", short(commit)),
            Base::Nothing => "new, in a repository without a commit".to_owned(),
        };
        facts.text("Branch", &format!("{} — {base}", preview.branch));
        let tag = if preview.tag_is_new { "new" } else { "there already" };
        facts.text("Tag", &format!("{} — {tag}", preview.tag));
    });
}

fn files(ui: &mut Ui, preview: &Preview) {
    ui.spacing_mut().interact_size.y = 20.0;
    ui.spacing_mut().item_spacing.y = 2.0;
    for file in &preview.files {
        ui.horizontal(|ui| {
            let theme = Theme::of(ui);
            let (icon, colour, word) = match file.change {
                Change::Added => (icons::ICON_ADD, theme.verdicts.pass.plain, "new"),
                Change::Changed => (icons::ICON_EDIT, theme.notices.warning.plain, "changed"),
                Change::Same => (icons::ICON_CHECK, theme.texts.faint, "same"),
            };
            widgets::icon(ui, icon, colour);
            ui.allocate_ui_with_layout(vec2(64.0, 20.0), Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(64.0);
                widgets::small(ui, word);
            });
            widgets::mono(ui, &file.path);
        });
    }
}

/// Asks for leave where it was not given, else exports.
fn act(ui: &mut Ui, session: &Session, preview: &Preview, wish: &ExportWish, sender: &CommandSender) {
    let capability = Capability::Export { repository: preview.repository.clone() };
    let under_way = matches!(session.releases().exported(wish), Some(None));
    let done = matches!(session.releases().exported(wish), Some(Some(Ok(_))));
    if !preview.new {
        if done {
            return;
        }
        widgets::muted(ui, "The repository has this content already: an export would make no new commit.");
        return;
    }
    if !session.trust().granted().contains(&capability) {
        let what = format!("This workspace may not yet {capability}.");
        widgets::error_panel(ui, &what, "Only the branch and the tag above are written; your checkout stays as it is.");
        if widgets::primary(ui, Some(icons::ICON_VERIFIED_USER), "Grant this repository").clicked() {
            sender.send(Command::Grant(BTreeSet::from([capability])));
        }
        return;
    }
    let button = ui.add_enabled_ui(!under_way, |ui| {
        widgets::primary(ui, Some(icons::ICON_UPLOAD), &format!("Export to {}", preview.branch))
    });
    if button.inner.clicked() {
        sender.send(Command::Export(wish.clone()));
    }
}

fn done(ui: &mut Ui, exported: &Exported) {
    ui.add_space(4.0);
    widgets::well(ui, |ui| {
        let words = if exported.new { "Exported" } else { "Same content: no new commit" };
        widgets::strong(ui, words);
        ui.spacing_mut().interact_size.y = 22.0;
        widgets::facts(ui, 98.0, |facts| {
            facts.text("Commit", &exported.commit);
            facts.text("Branch", &exported.branch);
            facts.text("Tag", &exported.tag);
        });
    });
}

fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}
