//! One of a few, all in sight where there is room for them.

use egui::{Button, Frame, Margin, RichText, Role, Stroke, Ui, WidgetInfo, vec2};

use crate::ui::theme::Theme;

/// Points around the words of a choice.
const AROUND: f32 = 20.0;
/// Points between choices.
const GAP: f32 = 2.0;

/// A row of choices named `label`; a list that opens where the row would not fit. Returns the one that was picked now,
/// where it is another than `chosen`.
pub fn segmented<T: Copy + PartialEq>(ui: &mut Ui, label: &str, chosen: T, choices: &[(T, &str)]) -> Option<T> {
    segmented_told(ui, label, chosen, choices, &[])
}

/// The same, where the pointer on a choice shows what it means: the first of `tips` for the first choice, and so on.
pub fn segmented_told<T: Copy + PartialEq>(
    ui: &mut Ui,
    label: &str,
    chosen: T,
    choices: &[(T, &str)],
    tips: &[&str],
) -> Option<T> {
    let width = |(_, name): &(T, &str)| super::width_of(ui, name, &egui::TextStyle::Button) + AROUND + GAP;
    let whole = choices.iter().map(width).sum::<f32>() + 8.0;
    if whole > ui.available_width() {
        let names = choices.iter().map(|(value, name)| (*value, (*name).to_owned()));
        return super::picker(ui, label, Some(&chosen), names);
    }
    if ui.layout().main_wrap && whole > ui.available_size_before_wrap().x {
        ui.end_row();
    }
    row(ui, label, chosen, choices, tips)
}

fn row<T: Copy + PartialEq>(ui: &mut Ui, label: &str, chosen: T, choices: &[(T, &str)], tips: &[&str]) -> Option<T> {
    let theme = Theme::of(ui);
    let mut picked = None;
    Frame::new()
        .fill(theme.grounds.sunken)
        .stroke(Stroke::new(1.0, theme.lines.border))
        .corner_radius(theme.size.radius.control + 2)
        .inner_margin(Margin::same(2))
        .show(ui, |ui| {
            ui.spacing_mut().interact_size.y = theme.size.control - 6.0;
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = GAP;
                ui.spacing_mut().button_padding = vec2(AROUND / 2.0, 2.0);
                // In a row that is filled from the right, the first choice still stands first.
                let backwards = ui.layout().prefer_right_to_left();
                let order = |at: usize| if backwards { choices.len() - 1 - at } else { at };
                for at in (0..choices.len()).map(order) {
                    let (value, name) = &choices[at];
                    let on = *value == chosen;
                    let colour = if on { theme.accent.plain } else { theme.texts.muted };
                    let fill = if on { theme.accent.soft } else { theme.grounds.sunken };
                    let button = Button::new(RichText::new(*name).color(colour))
                        .selected(on)
                        .fill(fill)
                        .stroke(Stroke::NONE)
                        .min_size(vec2(0.0, theme.size.control - 6.0));
                    let response = ui.add(button);
                    super::focus_ring(ui, &response);
                    let name = format!("{label}: {name}");
                    response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, on, &name));
                    if response.clicked() && !on {
                        picked = Some(*value);
                    }
                    if let Some(tip) = tips.get(at) {
                        response.on_hover_text(*tip);
                    }
                }
            });
        });
    picked
}
