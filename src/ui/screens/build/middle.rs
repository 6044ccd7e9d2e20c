//! The middle: the layer that is open, or the settings of the prompt or the variant.

use std::cell::RefCell;

use egui::{Align, Frame, Id, Layout, Margin, Popup, RichText, ScrollArea, Stroke, Ui, vec2};
use egui_material_icons::icons;

use super::data::{self, Name};
use super::draft::Draft;
use super::fields::{self, Fields};
use super::screen::Open;
use super::tiers_form::FitState;
use super::{edits, forms, kinds, prompt_form, stack, values, variant_form};
use crate::domain::{LayerId, Override, PromptId, Role, VariantId};
use crate::session::{Preview, Session};
use crate::ui::sender::CommandSender;
use crate::ui::theme::Theme;
use crate::ui::widgets;

pub(super) fn show(
    ui: &mut Ui,
    session: &Session,
    (open, fit): (&mut Open, &mut FitState),
    draft: &mut Draft,
    preview: Option<&Preview>,
    sender: &CommandSender,
) {
    let names = data::names(&draft.prompt, preview);
    ScrollArea::vertical().id_salt(("middle", format!("{open:?}"))).auto_shrink(false).show(ui, |ui| {
        let theme = Theme::of(ui);
        Frame::new()
            .fill(theme.grounds.surface)
            .stroke(Stroke::new(1.0, theme.lines.border))
            .corner_radius(theme.size.radius.card)
            .inner_margin(Margin::same(16))
            .show(ui, |ui| {
                ui.set_width((ui.available_width() - 4.0).max(0.0));
                match open.clone() {
                    Open::Layer(id) => layer(ui, session, &id, open, draft, preview, &names),
                    Open::Prompt | Open::First => {
                        title(ui, "Prompt", session.selection().prompt.as_ref().map(PromptId::as_str));
                        elsewhere(ui, preview);
                        prompt_form::show(ui, &mut draft.prompt, &names);
                    }
                    Open::Variant => {
                        title(ui, "Variant", session.selection().variant.as_ref().map(VariantId::as_str));
                        variant_form::show(ui, session, fit, draft, sender);
                    }
                }
            });
        ui.add_space(24.0);
    });
}

fn title(ui: &mut Ui, what: &str, id: Option<&str>) {
    ui.horizontal(|ui| {
        widgets::heading(ui, what);
        widgets::mono(ui, id.unwrap_or_default());
    });
    ui.add_space(8.0);
}

/// Problems that are no layer's.
fn elsewhere(ui: &mut Ui, preview: Option<&Preview>) {
    for found in preview.into_iter().flat_map(|preview| &preview.problems).filter(|found| found.layer.is_none()) {
        fields::problem(ui, found);
    }
}

fn layer(
    ui: &mut Ui,
    session: &Session,
    id: &LayerId,
    open: &mut Open,
    draft: &mut Draft,
    preview: Option<&Preview>,
    names: &[Name],
) {
    head(ui, id, open, draft);
    if draft.layer(id).is_none() {
        return;
    }
    identity(ui, id, open, draft);
    in_variant(ui, session, id, draft);
    ui.add_space(4.0);
    ui.separator();
    let fields = Fields {
        id: Id::unique(("layer", session.selection().prompt.as_ref().map(ToString::to_string), id)),
        problems: data::problems_of(id, preview).collect(),
        names,
        declare: RefCell::default(),
    };
    if let Some(content) = draft.content_mut(id) {
        forms::content(ui, session, &fields, content);
    }
    for name in fields.declare.into_inner() {
        draft.prompt.variables.entry(name).or_default();
    }
}

fn head(ui: &mut Ui, id: &LayerId, open: &mut Open, draft: &mut Draft) {
    let Some(layer) = draft.layer(id) else { return };
    let (kind, name) = (layer.content.kind(), layer.name().to_owned());
    ui.horizontal(|ui| {
        let hue = Theme::of(ui).layer(kind);
        widgets::icon(ui, kinds::icon(kind), hue);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            let more = widgets::icon_button(ui, icons::ICON_MORE_VERT, "More about this layer");
            Popup::menu(&more).show(|ui| stack::layer_menu(ui, id, open, draft));
            if widgets::icon_button(ui, icons::ICON_DELETE, "Delete this layer").clicked() {
                *open = edits::delete(&mut draft.prompt, id).map_or(Open::Prompt, Open::Layer);
            }
            if widgets::icon_button(ui, icons::ICON_CONTENT_COPY, "Duplicate this layer").clicked()
                && let Some(copy) = edits::duplicate(&mut draft.prompt, id)
            {
                *open = Open::Layer(copy);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                widgets::heading(ui, &name);
                widgets::tag(ui, hue, kind);
            });
        });
    });
}

/// Title, id, role and note.
fn identity(ui: &mut Ui, id: &LayerId, open: &mut Open, draft: &mut Draft) {
    let room = ui.available_width();
    let mut renamed = None;
    let Some(layer) = draft.layer_mut(id) else { return };
    ui.horizontal_top(|ui| {
        ui.allocate_ui(vec2(room * 0.4, 0.0), |ui| {
            let hint = layer.id.to_string();
            widgets::field(ui, "Layer's title", &mut layer.title, &hint);
        });
        ui.allocate_ui(vec2(room * 0.24, 0.0), |ui| {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 4.0;
                fields::caption(ui, "Id");
                let width = ui.available_width() - 24.0;
                renamed = values::name(ui, Id::unique(("id of", id)), "Layer's id", id.as_str(), width);
            });
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            fields::caption(ui, "Role");
            let own = crate::domain::Layer { role: None, ..layer.clone() }.role();
            let of_kind = format!("{} (default)", own.word());
            let choices = [
                (None, of_kind),
                (Some(Role::System), "system".to_owned()),
                (Some(Role::User), "user".to_owned()),
                (Some(Role::Assistant), "assistant".to_owned()),
            ];
            if let Some(role) = widgets::picker(ui, "Layer's role", Some(&layer.role), choices) {
                layer.role = role;
            }
        });
    });
    ui.horizontal(|ui| {
        let edit = egui::TextEdit::singleline(&mut layer.note)
            .hint_text("A note for people: why this layer is here")
            .desired_width(f32::INFINITY)
            .margin(vec2(10.0, 7.0));
        widgets::named(ui.add(edit), egui::Role::TextInput, "Layer's note");
    });
    if let Some(to) = renamed {
        let Draft { prompt, variant } = draft;
        if edits::rename(prompt, variant.as_mut(), id, &to) {
            *open = Open::Layer(LayerId::from(to));
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Standing {
    AsPrompt,
    On,
    Off,
    Replaced,
}

/// What the chosen variant makes of the layer.
fn in_variant(ui: &mut Ui, session: &Session, id: &LayerId, draft: &mut Draft) {
    let content = draft.layer(id).map(|layer| layer.content.clone());
    let (Some(variant), Some(content)) = (&mut draft.variant, content) else { return };
    let name = session.selection().variant.as_ref().map_or("", |id| id.as_str());
    let standing = match variant.layers.get(id) {
        None => Standing::AsPrompt,
        Some(Override::On) => Standing::On,
        Some(Override::Off) => Standing::Off,
        Some(Override::Replace(_)) => Standing::Replaced,
    };
    ui.horizontal_wrapped(|ui| {
        widgets::small(ui, "In variant");
        ui.label(RichText::new(name).small().monospace());
        let choices = [
            (Standing::AsPrompt, "As in the prompt"),
            (Standing::On, "On"),
            (Standing::Off, "Off"),
            (Standing::Replaced, "Other words"),
        ];
        match widgets::segmented(ui, "In this variant", standing, &choices) {
            Some(Standing::AsPrompt) => {
                variant.layers.remove(id);
            }
            Some(Standing::On) => {
                variant.layers.insert(id.clone(), Override::On);
            }
            Some(Standing::Off) => {
                variant.layers.insert(id.clone(), Override::Off);
            }
            Some(Standing::Replaced) => {
                variant.layers.insert(id.clone(), Override::Replace(content));
            }
            None => {}
        }
    });
    if standing == Standing::Replaced {
        let words = "These are the variant's own words; the prompt's stay as they are for the others.";
        let colour = Theme::of(ui).accent.plain;
        ui.label(RichText::new(words).small().color(colour));
    }
}
