//! The draft: which variant is frozen as which version, on what evidence, and what differs from before.

use egui::{Ui, vec2};
use egui_material_icons::icons;

use super::{data, evidence};
use crate::domain::{ProjectId, RunId, VariantId};
use crate::publish::{Step, Version};
use crate::session::releasing::{Draft, Pick, ProofWish, ReleaseWish, Source, runs_of};
use crate::session::{Command, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets;

/// What is chosen for the next version.
#[derive(Default)]
pub(super) struct Choice {
    step: StepChoice,
    own: String,
    proof: ProofChoice,
    note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum StepChoice {
    #[default]
    Proposed,
    Patch,
    Minor,
    Major,
    Own,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum ProofChoice {
    #[default]
    Best,
    Run(RunId),
    Nothing,
}

impl Choice {
    /// The wish, without its note; `None` where the version that is typed is none.
    pub fn wish(&self, project: &ProjectId, variant: &VariantId) -> Option<ReleaseWish> {
        let version = match self.step {
            StepChoice::Proposed => Pick::Proposed,
            StepChoice::Patch => Pick::Next(Step::Patch),
            StepChoice::Minor => Pick::Next(Step::Minor),
            StepChoice::Major => Pick::Next(Step::Major),
            StepChoice::Own => Pick::Exactly(self.own.trim().parse().ok()?),
        };
        let proof = match &self.proof {
            ProofChoice::Best => ProofWish::Best,
            ProofChoice::Run(run) => ProofWish::Run(run.clone()),
            ProofChoice::Nothing => ProofWish::Nothing,
        };
        let source = Source::Variant(variant.clone());
        Some(ReleaseWish { project: project.clone(), source, version, proof, note: String::new() })
    }
}

/// Draws the form and the evidence. Returns the draft, where there is one.
pub(super) fn show<'s>(
    ui: &mut Ui,
    session: &'s Session,
    choice: &mut Choice,
    sender: &CommandSender,
) -> Option<&'s Draft> {
    let (project, variant) = (session.selection().project.as_ref()?, session.selection().variant.as_ref()?);
    form(ui, session, choice, project, variant, sender);
    let Some(wish) = choice.wish(project, variant) else {
        widgets::error_panel(ui, "That is not a version.", "Write it as 1.4.0 or 2.0.0-rc.1.");
        return None;
    };
    if !session.has_draft(&wish) {
        sender.send(Command::DraftRelease(wish.clone()));
    }
    let draft = match session.releases().draft() {
        None => {
            widgets::muted(ui, "Looking at what would be frozen…");
            return None;
        }
        Some(Err(problems)) => {
            widgets::problems(ui, problems);
            return None;
        }
        Some(Ok(draft)) => draft,
    };
    ui.add_space(4.0);
    widgets::strong(ui, "Evidence");
    if let Some(remark) = &draft.remark {
        widgets::muted(ui, remark);
    }
    if !draft.release.evidence.is_empty() {
        evidence::table(ui, &draft.release.evidence);
    }
    ui.add_space(8.0);
    freeze(ui, session, choice, draft, &wish, sender);
    Some(draft)
}

fn form(
    ui: &mut Ui,
    session: &Session,
    choice: &mut Choice,
    project: &ProjectId,
    variant: &VariantId,
    sender: &CommandSender,
) {
    widgets::facts(ui, 90.0, |facts| {
        facts.row("Variant", |ui| {
            let all = session.project().into_iter().flat_map(|project| project.variants.keys());
            let all: Vec<(VariantId, String)> = all.map(|id| (id.clone(), id.to_string())).collect();
            if let Some(id) = widgets::picker(ui, "Variant to freeze", Some(variant), all) {
                sender.send(Command::SelectVariant(id));
            }
        });
        facts.row("Version", |ui| {
            let steps = [
                (StepChoice::Proposed, "Proposed"),
                (StepChoice::Patch, "Patch"),
                (StepChoice::Minor, "Minor"),
                (StepChoice::Major, "Major"),
                (StepChoice::Own, "Own"),
            ];
            ui.horizontal_wrapped(|ui| {
                if let Some(step) = widgets::segmented(ui, "Version", choice.step, &steps) {
                    choice.step = step;
                }
                if choice.step == StepChoice::Own {
                    own_version(ui, &mut choice.own);
                } else if let Some(Ok(draft)) = session.releases().draft() {
                    widgets::strong(ui, &draft.release.version);
                }
            });
        });
        facts.row("Evidence", |ui| {
            let runs = runs_of(session.runs().recorded(), project, variant);
            let run = |run: &crate::domain::RunSummary| {
                let header = &run.header;
                (ProofChoice::Run(header.id.clone()), data::run_words(header))
            };
            let all = std::iter::once((ProofChoice::Best, "The fitting run with most scored trials".to_owned()))
                .chain(runs.map(run))
                .chain([(ProofChoice::Nothing, "Without evidence".to_owned())]);
            if let Some(proof) = widgets::picker(ui, "Evidence", Some(&choice.proof), all) {
                choice.proof = proof;
            }
        });
        facts.row("Note", |ui| {
            let edit = egui::TextEdit::multiline(&mut choice.note)
                .hint_text("What is new, for whoever calls the prompt")
                .desired_rows(2)
                .desired_width(f32::INFINITY);
            let response = ui.add(edit);
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Note"));
        });
    });
}

fn own_version(ui: &mut Ui, own: &mut String) {
    let edit = egui::TextEdit::singleline(own)
        .hint_text("1.4.0")
        .desired_width(96.0)
        .align(egui::Align2::LEFT_CENTER)
        .margin(vec2(10.0, 6.0))
        .min_size(vec2(0.0, Theme::of(ui).size.control));
    let response = ui.add(edit);
    widgets::focus_ring(ui, &response);
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Own version"));
}

fn freeze(
    ui: &mut Ui,
    session: &Session,
    choice: &mut Choice,
    draft: &Draft,
    wish: &ReleaseWish,
    sender: &CommandSender,
) {
    ui.horizontal_wrapped(|ui| {
        let version = &draft.release.version;
        let ready = !draft.frozen_before && !session.releases().freezing();
        let button = ui
            .add_enabled_ui(ready, |ui| widgets::primary(ui, Some(icons::ICON_AC_UNIT), &format!("Freeze {version}")));
        if button.inner.clicked() {
            // The very version that is shown, even if another one has come meanwhile.
            let exactly = version.parse::<Version>().map_or(wish.version.clone(), Pick::Exactly);
            let note = std::mem::take(&mut choice.note);
            sender.send(Command::Freeze(ReleaseWish { version: exactly, note, ..wish.clone() }));
        }
        if draft.frozen_before {
            widgets::muted(ui, &format!("Nothing has changed since {version}, which is frozen already."));
        } else {
            widgets::muted(ui, "A version is written once and never changes.");
        }
    });
}
