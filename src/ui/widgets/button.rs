//! Buttons: one primary on a screen, the rest quiet.

use egui::{Button, Color32, Response, RichText, Role, Stroke, Ui, vec2};
use egui_material_icons::MaterialIcon;

use super::{focus_ring, named};
use crate::ui::theme::{Theme, Tone};

/// The one thing that the screen is for.
pub fn primary(ui: &mut Ui, icon: Option<MaterialIcon>, text: &str) -> Response {
    let theme = Theme::of(ui);
    filled(ui, icon, text, theme.accent.on, theme.accent.plain, theme.accent.hover)
}

/// A button beside the primary one.
pub fn secondary(ui: &mut Ui, icon: Option<MaterialIcon>, text: &str) -> Response {
    let theme = Theme::of(ui);
    let button = framed(icon, text, theme.texts.plain, theme).stroke(Stroke::new(1.0, theme.lines.strong));
    named(ui.add(button), Role::Button, text)
}

/// A button without a frame, for what is seldom wanted.
pub fn ghost(ui: &mut Ui, icon: Option<MaterialIcon>, text: &str) -> Response {
    let theme = Theme::of(ui);
    let button = framed(icon, text, theme.texts.muted, theme).frame_when_inactive(false);
    named(ui.add(button), Role::Button, text)
}

/// A button that takes something away.
pub fn danger(ui: &mut Ui, icon: Option<MaterialIcon>, text: &str) -> Response {
    let theme = Theme::of(ui);
    let (colour, ground) = theme.tone(Tone::Fail);
    let button = framed(icon, text, colour, theme).fill(ground).stroke(Stroke::new(1.0, colour.gamma_multiply(0.5)));
    named(ui.add(button), Role::Button, text)
}

/// A button that is only an icon. `name` is what it does: it is its tooltip, and what a screen reader says.
pub fn icon_button(ui: &mut Ui, icon: MaterialIcon, name: &str) -> Response {
    let theme = Theme::of(ui);
    let text = icon.rich_text().size(theme.size.text.icon).color(theme.texts.muted);
    let button = Button::new(text).frame_when_inactive(false).min_size(vec2(theme.size.control, theme.size.control));
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(4.0, 4.0);
        ui.add(button)
    });
    named(response.inner, Role::Button, name).on_hover_text(name)
}

/// Words that lead somewhere.
pub fn link(ui: &mut Ui, text: &str) -> Response {
    let colour = Theme::of(ui).accent.plain;
    let response = ui.scope(|ui| {
        ui.spacing_mut().button_padding = vec2(0.0, 0.0);
        ui.add(Button::new(RichText::new(text).color(colour)).frame(false))
    });
    let response = response.inner.on_hover_cursor(egui::CursorIcon::PointingHand);
    focus_ring(ui, &response);
    named(response, Role::Link, text)
}

fn framed(icon: Option<MaterialIcon>, text: &str, colour: Color32, theme: &Theme) -> Button<'static> {
    let words = RichText::new(text).color(colour);
    let button = match icon {
        Some(icon) => Button::new((icon.rich_text().size(theme.size.text.icon).color(colour), words)),
        None => Button::new(words),
    };
    button.min_size(vec2(0.0, theme.size.control))
}

fn filled(
    ui: &mut Ui,
    icon: Option<MaterialIcon>,
    text: &str,
    colour: Color32,
    ground: Color32,
    hovered: Color32,
) -> Response {
    let theme = Theme::of(ui);
    let response = ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        for (state, fill) in [
            (&mut widgets.inactive, ground),
            (&mut widgets.hovered, hovered),
            (&mut widgets.active, hovered),
            (&mut widgets.noninteractive, ground),
        ] {
            state.weak_bg_fill = fill;
            state.bg_stroke = Stroke::NONE;
        }
        ui.add(framed(icon, text, colour, theme))
    });
    focus_ring(ui, &response.inner);
    named(response.inner, Role::Button, text)
}
