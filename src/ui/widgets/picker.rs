//! One of several, from a list that opens.

use egui::style::WidgetVisuals;
use egui::{Align2, ComboBox, FontId, Rect, RichText, Role, Ui};
use egui_material_icons::icons;

use super::named;
use crate::ui::theme::Theme;

/// A list of names under `label`. Returns the one that was picked now, where it is another than `chosen`.
pub fn picker<T: Clone + PartialEq>(
    ui: &mut Ui,
    label: &str,
    chosen: Option<&T>,
    choices: impl IntoIterator<Item = (T, String)>,
) -> Option<T> {
    let choices: Vec<(T, String)> = choices.into_iter().collect();
    let shown = choices.iter().find(|(value, _)| Some(value) == chosen).map_or("—", |(_, name)| name.as_str());
    let mut picked = None;
    let response = ComboBox::from_id_salt(label)
        .selected_text(RichText::new(shown).color(Theme::of(ui).texts.plain))
        .width(72.0)
        .icon(arrow)
        .truncate()
        .show_ui(ui, |ui| {
            ui.set_min_width(180.0);
            for (value, name) in &choices {
                if ui.selectable_label(Some(value) == chosen, name).clicked() && Some(value) != chosen {
                    picked = Some(value.clone());
                }
            }
        })
        .response;
    named(response, Role::ComboBox, label).on_hover_text(label);
    picked
}

fn arrow(ui: &Ui, rect: Rect, _visuals: &WidgetVisuals, _open: bool) {
    let theme = Theme::of(ui);
    let icon = icons::ICON_EXPAND_MORE;
    let font = FontId::new(theme.size.text.icon, icon.font_family());
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, icon.codepoint, font, theme.texts.muted);
}
