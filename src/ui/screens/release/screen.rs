//! Draws Release: the versions at the left, the draft or one version at the right.

use std::sync::Arc;

use egui::{Align, Layout, Role, ScrollArea, Sense, Ui, WidgetInfo, vec2};
use egui_material_icons::icons;

use super::data::{self, Differences, VersionRow};
use super::{diff, draft, evidence, export};
use crate::domain::{Project, ProjectId, Release, ReleaseId};
use crate::session::{Command, Route, Session, releasing};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

const LIST: f32 = 300.0;

#[derive(Default)]
pub(in crate::ui) struct State {
    /// The version that is looked at; `None` is the draft.
    chosen: Option<ReleaseId>,
    /// What it is compared with; `None` is the version before.
    against: Option<ReleaseId>,
    draft: draft::Choice,
    export: export::Choice,
    compared: Option<Compared>,
}

/// A comparison, and what it was made of.
struct Compared {
    old: Option<Arc<Release>>,
    new: Arc<Release>,
    found: Differences,
}

pub(in crate::ui) fn show(session: &Session, state: &mut State, sender: &CommandSender, ui: &mut Ui) {
    let selection = session.selection();
    let (Some(id), Some(project)) = (selection.project.as_ref(), session.project()) else {
        return nothing(ui, sender);
    };
    if project.variants.is_empty() {
        return nothing(ui, sender);
    }
    if selection.variant.is_none() {
        if let Some(first) = project.variants.keys().next() {
            sender.send(Command::SelectVariant(first.clone()));
        }
        return;
    }
    let Some(variant) = session.variant() else { return };
    let rows = data::versions(project, &variant.prompt);
    if !rows.iter().any(|row| Some(&row.id) == state.chosen.as_ref()) {
        state.chosen = None;
    }
    egui::Panel::left("versions").exact_size(LIST).resizable(false).show(ui, |ui| {
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| list(ui, state, &rows, variant.prompt.as_str()));
    });
    ScrollArea::vertical().id_salt("release").auto_shrink(false).show(ui, |ui| {
        egui::Frame::new().inner_margin(egui::Margin::same(20)).show(ui, |ui| {
            ui.set_width(ui.available_width().min(980.0));
            match state.chosen.clone().and_then(|id| Some((id.clone(), project.releases.get(&id)?))) {
                None => drafted(ui, session, state, project, sender),
                Some((release_id, release)) => {
                    version(ui, session, state, (id, project), (&release_id, release), sender);
                }
            }
        });
    });
}

fn nothing(ui: &mut Ui, sender: &CommandSender) {
    let about = "A release freezes a variant of a prompt with the evidence of the run that showed it works. There is no \
                 variant yet.";
    if widgets::empty(ui, icons::ICON_ROCKET_LAUNCH, "Nothing to release", about, Some("Go to Build")) {
        sender.send(Command::Go(Route::Build));
    }
}

fn list(ui: &mut Ui, state: &mut State, rows: &[VersionRow], prompt: &str) {
    ui.add_space(Theme::of(ui).size.space.m);
    widgets::heading(ui, "Versions");
    widgets::faint(ui, &format!("of the prompt {prompt}"));
    ui.add_space(4.0);
    if row(ui, "Draft of the next version", state.chosen.is_none(), 48.0, |ui| {
        let colour = Theme::of(ui).accent.plain;
        widgets::icon(ui, icons::ICON_EDIT_NOTE, colour);
        ui.vertical(|ui| {
            ui.add_space(5.0);
            widgets::strong(ui, "Draft");
            widgets::faint(ui, "the next version");
        });
    }) {
        (state.chosen, state.against) = (None, None);
    }
    if rows.is_empty() {
        widgets::muted(ui, "No version is frozen yet. The draft beside becomes the first one.");
    }
    for version in rows {
        let chosen = state.chosen.as_ref() == Some(&version.id);
        if row(ui, &format!("Version {}", version.version), chosen, 78.0, |ui| version_row(ui, version)) {
            (state.chosen, state.against) = (Some(version.id.clone()), None);
        }
    }
}

fn version_row(ui: &mut Ui, version: &VersionRow) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            widgets::strong(ui, &version.version);
            if version.scripted {
                widgets::pill(ui, Tone::Info, "Scripted");
            }
        });
        widgets::faint(ui, &version.evidence);
        let facts: Vec<&str> = [&version.frozen, &version.cost, &version.p95]
            .into_iter()
            .map(String::as_str)
            .filter(|it| !it.is_empty())
            .collect();
        widgets::faint(ui, &facts.join(" · "));
    });
}

fn drafted(ui: &mut Ui, session: &Session, state: &mut State, project: &Project, sender: &CommandSender) {
    let mut draft = None;
    widgets::section(
        ui,
        "Freeze a version",
        "The variant with its overrides applied and its snippets written out becomes a version of its prompt.",
        |_| {},
        |ui| draft = draft::show(ui, session, &mut state.draft, sender),
    );
    let Some(draft) = draft else { return };
    let new = draft.release.clone();
    if draft.frozen_before {
        return;
    }
    comparison(ui, state, project, &new);
}

fn version(
    ui: &mut Ui,
    session: &Session,
    state: &mut State,
    (project_id, project): (&ProjectId, &Project),
    (id, release): (&ReleaseId, &Arc<Release>),
    sender: &CommandSender,
) {
    let about = format!("Variant {}, frozen {}", release.variant, format::when(release.frozen_at));
    let heading = format!("{} {}", release.source, release.version);
    widgets::section(
        ui,
        &heading,
        &about,
        |_| {},
        |ui| {
            if !release.note.is_empty() {
                widgets::source(ui, &release.note);
            }
            evidence::table(ui, &release.evidence);
        },
    );
    let about = "A release goes to a branch of its own with a tag; your checkout stays as it is.";
    widgets::section(
        ui,
        "Export to git",
        about,
        |_| {},
        |ui| export::show(ui, session, &mut state.export, project_id, id, sender),
    );
    comparison(ui, state, project, release);
}

/// What differs from the version before, or from any other of the same prompt.
fn comparison(ui: &mut Ui, state: &mut State, project: &Project, new: &Arc<Release>) {
    let others: Vec<(Option<ReleaseId>, String)> = data::versions(project, &new.source)
        .into_iter()
        .filter(|row| row.version != new.version)
        .map(|row| (Some(row.id), row.version))
        .collect();
    if others.is_empty() {
        widgets::muted(ui, "This is the first version: there is nothing to compare it with.");
        return;
    }
    let before = releasing::previous(project, new);
    let against = state.against.clone();
    let old = against.as_ref().and_then(|id| project.releases.get(id)).or(before).cloned();
    let same = |compared: &Compared| {
        Arc::ptr_eq(&compared.new, new) && compared.old.as_ref().map(Arc::as_ptr) == old.as_ref().map(Arc::as_ptr)
    };
    if !state.compared.as_ref().is_some_and(same) {
        let found = data::differences(old.as_deref(), new);
        state.compared = Some(Compared { old: old.clone(), new: new.clone(), found });
    }
    let heading = old.as_ref().map_or_else(|| "Changes".to_owned(), |old| format!("Changes since {}", old.version));
    let mut picked = None;
    let choices = std::iter::once((None, "The version before".to_owned())).chain(others);
    widgets::section(
        ui,
        &heading,
        "",
        |ui| picked = widgets::picker(ui, "Compare with", Some(&against), choices),
        |ui| match &state.compared {
            Some(compared) if compared.old.is_some() => diff::show(ui, &compared.found),
            _ => {
                widgets::muted(ui, "No version comes before this one. Choose another one to compare with.");
            }
        },
    );
    if let Some(picked) = picked {
        state.against = picked;
    }
}

/// A row that is one button as a whole. Returns whether it was pressed.
fn row(ui: &mut Ui, name: &str, chosen: bool, height: f32, contents: impl FnOnce(&mut Ui)) -> bool {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click());
    let fill = match (chosen, response.hovered()) {
        (true, _) => Some(theme.accent.soft),
        (false, true) => Some(theme.grounds.hover),
        (false, false) => None,
    };
    if let Some(fill) = fill {
        ui.painter().rect_filled(rect, theme.size.radius.control, fill);
    }
    widgets::focus_ring(ui, &response);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, name));
    let layout = Layout::left_to_right(Align::Center);
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(rect.shrink2(vec2(12.0, 0.0))).layout(layout));
    contents(&mut child);
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
