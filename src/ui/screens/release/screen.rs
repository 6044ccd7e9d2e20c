//! Draws Release: the versions at the left, the draft or one version at the right.

use std::sync::Arc;

use egui::{Align, Frame, Layout, Margin, Role, ScrollArea, Sense, TextStyle, Ui, WidgetInfo, vec2};
use egui_material_icons::icons;

use super::data::{self, Differences, VersionRow};
use super::{diff, draft, evidence, export};
use crate::domain::{Project, ProjectId, Release, ReleaseId};
use crate::session::{Command, Route, Session, releasing};
use crate::ui::sender::CommandSender;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{format, widgets};

/// Below this width the versions are chosen in a line above, not in a list beside.
const BESIDE: f32 = 760.0;
/// Points that the list takes of a screen, from and to.
const LIST: (f32, f32) = (220.0, 300.0);

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
    let beside = ui.available_width() >= BESIDE;
    if beside {
        let width = (ui.available_width() * 0.25).clamp(LIST.0, LIST.1);
        let frame = Frame::new().inner_margin(Margin { left: 12, right: 4, top: 16, bottom: 0 });
        egui::Panel::left("versions").exact_size(width).resizable(false).frame(frame).show(ui, |ui| {
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| list(ui, state, &rows, variant.prompt.as_str()));
        });
    }
    ScrollArea::vertical().id_salt("release").auto_shrink(false).show(ui, |ui| {
        Frame::new().inner_margin(Margin::same(if beside { 20 } else { 16 })).show(ui, |ui| {
            ui.set_width(ui.available_width().min(980.0));
            if !beside {
                line(ui, state, &rows, variant.prompt.as_str());
            }
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
    ui.set_width(ui.available_width() - 8.0);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        widgets::heading(ui, "Versions");
        widgets::faint(ui, &format!("of the prompt {prompt}"));
    });
    ui.add_space(Theme::of(ui).size.space.xs);
    let draft = |ui: &mut Ui| {
        let colour = Theme::of(ui).accent.plain;
        widgets::icon(ui, icons::ICON_EDIT_NOTE, colour);
        widgets::strong(ui, "Draft");
    };
    if row(ui, "Draft of the next version", state.chosen.is_none(), &["the next version"], draft) {
        (state.chosen, state.against) = (None, None);
    }
    if rows.is_empty() {
        widgets::muted(ui, "No version is frozen yet. The draft beside becomes the first one.");
    }
    for version in rows {
        let chosen = state.chosen.as_ref() == Some(&version.id);
        let facts: Vec<&str> = [&version.frozen, &version.cost, &version.p95]
            .into_iter()
            .map(String::as_str)
            .filter(|it| !it.is_empty())
            .collect();
        let below = [version.evidence.as_str(), &facts.join(" · ")];
        let first = |ui: &mut Ui| {
            widgets::strong(ui, &version.version);
            if version.scripted {
                widgets::pill(ui, Tone::Info, "Scripted");
            }
        };
        if row(ui, &format!("Version {}", version.version), chosen, &below, first) {
            (state.chosen, state.against) = (Some(version.id.clone()), None);
        }
    }
}

/// The versions where a list beside the form would leave it too little room.
fn line(ui: &mut Ui, state: &mut State, rows: &[VersionRow], prompt: &str) {
    ui.horizontal_wrapped(|ui| {
        widgets::heading(ui, "Versions");
        let draft = std::iter::once((None, "Draft of the next version".to_owned()));
        let all = draft.chain(rows.iter().map(|row| (Some(row.id.clone()), row.version.clone())));
        if let Some(chosen) = widgets::picker(ui, "Version to look at", Some(&state.chosen), all) {
            (state.chosen, state.against) = (chosen, None);
        }
        widgets::faint(ui, &format!("of the prompt {prompt}"));
    });
    ui.add_space(Theme::of(ui).size.space.xs);
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

/// A row that is one button as a whole: `first`, and lines `below` it. Returns whether it was pressed.
fn row(ui: &mut Ui, name: &str, chosen: bool, below: &[&str], first: impl FnOnce(&mut Ui)) -> bool {
    const FIRST: f32 = 20.0;
    const BETWEEN: f32 = 2.0;
    let theme = Theme::of(ui);
    let line = ui.text_style_height(&TextStyle::Small) + BETWEEN;
    let lines = std::iter::repeat_n(line, below.len()).sum::<f32>() + FIRST;
    let size = vec2(ui.available_width(), lines + 2.0 * theme.size.space.s);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
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
    let within = rect.shrink2(vec2(theme.size.space.m, theme.size.space.s));
    let mut child = ui.new_child(egui::UiBuilder::new().max_rect(within).layout(Layout::top_down(Align::Min)));
    child.spacing_mut().item_spacing.y = BETWEEN;
    child.spacing_mut().interact_size.y = FIRST;
    child.horizontal(first);
    for words in below {
        widgets::faint(&mut child, words);
    }
    response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked()
}
