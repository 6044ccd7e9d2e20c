//! The stack of layers as cards.

use egui::{Align, Align2, CursorIcon, FontFamily, FontId, Layout, Popup, Rect, RichText, Role, ScrollArea, Sense};
use egui::{Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2, vec2};
use egui_material_icons::icons;

use super::data::{self, Card};
use super::draft::Draft;
use super::screen::{Open, open_layer};
use super::{edits, kinds};
use crate::domain::{Dialect, Layer, LayerId};
use crate::session::Preview;
use crate::ui::theme::{Theme, Tone};
use crate::ui::{dialect as dialects, format, widgets};

const HEIGHT: f32 = 62.0;
const GAP: f32 = 6.0;

/// A layer that is being dragged: its place in the stack.
#[derive(Clone, Copy)]
struct Dragged(usize);

pub(super) fn show(ui: &mut Ui, dialect: Dialect, open: &mut Open, draft: &mut Draft, preview: Option<&Preview>) {
    let cards = data::cards(&draft.prompt, draft.variant.as_ref(), preview);
    ui.horizontal(|ui| {
        widgets::heading(ui, "Layers");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            add_menu(ui, open, draft);
        });
    });
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = GAP;
        ui.set_width(ui.available_width() - 10.0);
        settings_rows(ui, open, draft);
        ui.horizontal(|ui| dialects::pill(ui, dialect));
        ui.add_space(4.0);
        if cards.is_empty() {
            widgets::muted(ui, "No layers yet. Add one: who the model is, what it knows, what it is to do.");
        }
        for (at, card) in cards.iter().enumerate() {
            layer_card(ui, at, card, open, draft);
        }
        ui.add_space(24.0);
    });
}

/// The prompt and the variant, above their layers.
fn settings_rows(ui: &mut Ui, open: &mut Open, draft: &Draft) {
    let count = draft.prompt.variables.len();
    let about = format!("{} · {count} variable{}", draft.prompt.version, if count == 1 { "" } else { "s" });
    if setting(ui, icons::ICON_TUNE, "Prompt", &about, *open == Open::Prompt) {
        *open = Open::Prompt;
    }
    if let Some(variant) = &draft.variant {
        let params = &variant.params;
        let changes = variant.layers.len();
        let temperature = params.temperature.map(|number| format!("T {number}"));
        let limit = params.max_tokens.map(|number| format!("≤ {number} tokens"));
        let told = (changes > 0).then(|| format!("{changes} changed"));
        let said: Vec<String> = [temperature, limit, told].into_iter().flatten().collect();
        let about = if said.is_empty() { "the prompt as it is".to_owned() } else { said.join(" · ") };
        if setting(ui, icons::ICON_SCIENCE, "Variant", &about, *open == Open::Variant) {
            *open = Open::Variant;
        }
    }
}

fn setting(ui: &mut Ui, icon: egui_material_icons::MaterialIcon, name: &str, about: &str, chosen: bool) -> bool {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 32.0), Sense::click());
    let fill = match (chosen, response.hovered()) {
        (true, _) => theme.accent.soft,
        (false, true) => theme.grounds.hover,
        (false, false) => theme.grounds.canvas,
    };
    ui.painter().rect_filled(rect, theme.size.radius.control, fill);
    let ink = if chosen { theme.accent.plain } else { theme.texts.muted };
    let font = FontId::new(16.0, icon.font_family());
    ui.painter().text(pos2(rect.left() + 18.0, rect.center().y), Align2::CENTER_CENTER, icon.codepoint, font, ink);
    let body = FontId::new(theme.size.text.body, FontFamily::Proportional);
    let small = FontId::new(theme.size.text.small, FontFamily::Proportional);
    let name_at = pos2(rect.left() + 36.0, rect.center().y);
    ui.painter().text(name_at, Align2::LEFT_CENTER, name, body, theme.texts.plain);
    let about_at = pos2(rect.right() - 10.0, rect.center().y);
    let clip = ui.painter().with_clip_rect(rect.with_min_x(rect.left() + 88.0));
    clip.text(about_at, Align2::RIGHT_CENTER, about, small, theme.texts.faint);
    widgets::focus_ring(ui, &response);
    let label = format!("{name} settings");
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &label));
    response.clicked()
}

fn add_menu(ui: &mut Ui, open: &mut Open, draft: &mut Draft) {
    let button = widgets::secondary(ui, Some(icons::ICON_ADD), "Add layer");
    Popup::menu(&button).show(|ui| {
        ui.set_min_width((ui.ctx().content_rect().width() - 40.0).min(300.0));
        for kind in kinds::KINDS {
            if menu_row(ui, &kind) {
                let id = edits::add(&mut draft.prompt, open_layer(open), (kind.make)());
                *open = Open::Layer(id);
            }
        }
    });
}

fn menu_row(ui: &mut Ui, kind: &kinds::Kind) -> bool {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::click());
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, theme.size.radius.control, theme.grounds.hover);
    }
    let icon = kinds::icon(kind.name);
    let font = FontId::new(20.0, icon.font_family());
    let hue = theme.layer(kind.name);
    ui.painter().text(pos2(rect.left() + 20.0, rect.center().y), Align2::CENTER_CENTER, icon.codepoint, font, hue);
    let body = FontId::new(theme.size.text.body, FontFamily::Proportional);
    let small = FontId::new(theme.size.text.small, FontFamily::Proportional);
    let left = rect.left() + 42.0;
    ui.painter().text(pos2(left, rect.top() + 5.0), Align2::LEFT_TOP, kind.name, body, theme.texts.plain);
    ui.painter().text(pos2(left, rect.bottom() - 5.0), Align2::LEFT_BOTTOM, kind.about, small, theme.texts.muted);
    widgets::focus_ring(ui, &response);
    let name = format!("Add {}", kind.name);
    response.widget_info(|| WidgetInfo::labeled(Role::MenuItem, true, &name));
    response.clicked()
}

fn layer_card(ui: &mut Ui, at: usize, card: &Card, open: &mut Open, draft: &mut Draft) {
    let theme = Theme::of(ui);
    let chosen = open_layer(open) == Some(&card.id);
    let id = ui.scope_id().with(("layer", &card.id));
    let (_, rect) = ui.allocate_space(vec2(ui.available_width(), HEIGHT));
    let response = ui.interact(rect, id, Sense::click_and_drag());
    response.dnd_set_drag_payload(Dragged(at));
    if response.clicked() || response.drag_started() {
        *open = Open::Layer(card.id.clone());
    }
    let dragged = ui.ctx().is_being_dragged(id);
    let fill = match (chosen, response.hovered()) {
        (true, _) => theme.accent.soft,
        (false, true) => theme.grounds.hover,
        (false, false) => theme.grounds.surface,
    };
    let edge = if chosen { theme.accent.plain } else { theme.lines.border };
    let radius = theme.size.radius.control;
    let painter = ui.painter();
    painter.rect_filled(rect, radius, if dragged { theme.grounds.pressed } else { fill });
    painter.rect_stroke(rect, radius, Stroke::new(1.0, edge), StrokeKind::Inside);
    let hue = if card.on { theme.layer(card.kind) } else { theme.lines.strong };
    painter.rect_filled(Rect::from_min_size(rect.min + vec2(0.0, 8.0), vec2(3.0, HEIGHT - 16.0)), 1.5, hue);
    words(ui, rect, card);
    toggle(ui, rect, card, draft);
    drop_here(ui, rect, at, &response, draft);
    menu(&response, card, open, draft);
    widgets::focus_ring(ui, &response);
    let name = format!("Layer {}", card.name);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, chosen, &name));
    response.on_hover_cursor(if dragged { CursorIcon::Grabbing } else { CursorIcon::PointingHand });
}

/// Icon, name, kind, role, tokens and their share.
fn words(ui: &Ui, rect: Rect, card: &Card) {
    let theme = Theme::of(ui);
    let hue = if card.on { theme.layer(card.kind) } else { theme.texts.faint };
    let ink = if card.on { theme.texts.plain } else { theme.texts.faint };
    let icon = kinds::icon(card.kind);
    let body = FontId::new(theme.size.text.body, FontFamily::Proportional);
    let small = FontId::new(theme.size.text.small, FontFamily::Proportional);
    let painter = ui.painter();
    let icon_font = FontId::new(18.0, icon.font_family());
    painter.text(rect.min + vec2(22.0, 20.0), Align2::CENTER_CENTER, icon.codepoint, icon_font, hue);
    let name_right = rect.right() - 52.0;
    let upper = painter.with_clip_rect(Rect::from_min_max(rect.min, pos2(name_right, rect.bottom())));
    upper.text(rect.min + vec2(38.0, 11.0), Align2::LEFT_TOP, &card.name, body, ink);

    let tokens = match (card.on, card.tokens) {
        (false, _) => "off".to_owned(),
        (true, Some(tokens)) => format!("{} tokens", format::count(tokens as u64)),
        (true, None) => "…".to_owned(),
    };
    let right = painter.text(
        pos2(rect.right() - 12.0, rect.min.y + 33.0),
        Align2::RIGHT_TOP,
        tokens,
        small.clone(),
        theme.texts.muted,
    );
    let lower = painter.with_clip_rect(Rect::from_min_max(rect.min, pos2(right.left() - 6.0, rect.bottom())));
    let (about, colour) = match card.mark {
        Some(mark) => (mark.word().to_owned(), theme.accent.plain),
        None if card.errors > 0 => (problems(card.errors, "problem"), theme.tone(Tone::Fail).0),
        None if card.warnings > 0 => (problems(card.warnings, "warning"), theme.tone(Tone::Warning).0),
        None => (format!("{} · {}", card.kind, card.role.word()), theme.texts.faint),
    };
    lower.text(rect.min + vec2(38.0, 33.0), Align2::LEFT_TOP, about, small, colour);

    let bar = Rect::from_min_max(
        pos2(rect.left() + 38.0, rect.bottom() - 8.0),
        pos2(rect.right() - 12.0, rect.bottom() - 5.0),
    );
    painter.rect_filled(bar, 1.5, theme.grounds.pressed);
    if card.share > 0.0 {
        #[expect(clippy::cast_possible_truncation, reason = "points on a screen")]
        let width = (f64::from(bar.width()) * card.share) as f32;
        painter.rect_filled(Rect::from_min_size(bar.min, vec2(width.max(2.0), bar.height())), 1.5, hue);
    }
}

fn problems(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn toggle(ui: &mut Ui, rect: Rect, card: &Card, draft: &mut Draft) {
    let place = Rect::from_min_size(pos2(rect.right() - 44.0, rect.top() + 10.0), vec2(32.0, 18.0));
    let mut on = card.on;
    let builder = UiBuilder::new().max_rect(place).id_salt(("switch", &card.id));
    // A child that takes no room of its own: it lies on the card.
    widgets::switch(&mut ui.new_child(builder), &format!("{} is on", card.name), &mut on);
    if on != card.on {
        let Draft { prompt, variant } = draft;
        if let Some(layer) = prompt.layers.iter_mut().find(|layer| layer.id == card.id) {
            edits::switch(layer, variant.as_mut(), on);
        }
    }
}

/// Shows where a dragged layer would go, and puts it there.
fn drop_here(ui: &Ui, rect: Rect, at: usize, response: &egui::Response, draft: &mut Draft) {
    let Some(pointer) = ui.input(|input| input.pointer.interact_pos()) else { return };
    let Some(dragged) = response.dnd_hover_payload::<Dragged>() else { return };
    let below = pointer.y > rect.center().y;
    let gap = if below { at + 1 } else { at };
    if gap != dragged.0 && gap != dragged.0 + 1 {
        let y = if below { rect.bottom() + GAP / 2.0 } else { rect.top() - GAP / 2.0 };
        ui.painter().hline(rect.x_range(), y, Stroke::new(2.0, Theme::of(ui).accent.plain));
    }
    if let Some(dropped) = response.dnd_release_payload::<Dragged>() {
        edits::move_to(&mut draft.prompt, dropped.0, gap);
    }
}

fn menu(response: &egui::Response, card: &Card, open: &mut Open, draft: &mut Draft) {
    Popup::context_menu(response).show(|ui| layer_menu(ui, &card.id, open, draft));
}

/// What can be done with a layer as a whole.
pub(super) fn layer_menu(ui: &mut Ui, id: &LayerId, open: &mut Open, draft: &mut Draft) {
    ui.set_min_width(190.0);
    let item = |ui: &mut Ui, enabled: bool, name: &str, keys: &str| {
        let theme = Theme::of(ui);
        let keys = RichText::new(keys).small().color(theme.texts.faint);
        let button = egui::Button::new(name).right_text(keys);
        widgets::named(ui.add_enabled(enabled, button), Role::MenuItem, name).clicked()
    };
    let layers = &draft.prompt.layers;
    let is = |end: Option<&Layer>| end.is_some_and(|layer| layer.id == *id);
    let (first, last) = (is(layers.first()), is(layers.last()));
    if item(ui, !first, "Move up", "Alt+Up") {
        edits::nudge(&mut draft.prompt, id, true);
    }
    if item(ui, !last, "Move down", "Alt+Down") {
        edits::nudge(&mut draft.prompt, id, false);
    }
    if item(ui, true, "Duplicate layer", "")
        && let Some(copy) = edits::duplicate(&mut draft.prompt, id)
    {
        *open = Open::Layer(copy);
    }
    ui.separator();
    if item(ui, true, "Delete layer", "") {
        *open = edits::delete(&mut draft.prompt, id).map_or(Open::Prompt, Open::Layer);
    }
}
