//! What differs between two releases, layer by layer, with the words that changed marked.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, CornerRadius, FontFamily, FontId, Frame, Label, Margin, Ui};

use super::data::Differences;
use crate::compose::{Change, DiffLine, LayerDiff, LineTag};
use crate::ui::theme::{Theme, Tone};
use crate::ui::visible::{Mark, visible};
use crate::ui::widgets;

/// Unchanged lines that are shown around a change.
const AROUND: usize = 2;

pub(super) fn show(ui: &mut Ui, differences: &Differences) {
    if differences.none() {
        widgets::muted(ui, "No layer, variable or parameter differs.");
        return;
    }
    for words in &differences.beside {
        widgets::body(ui, words);
    }
    for layer in &differences.layers {
        layer_ui(ui, layer);
    }
    if differences.same > 0 {
        let words = if differences.same == 1 { "layer is" } else { "layers are" };
        widgets::faint(ui, &format!("{} {words} the same.", differences.same));
    }
}

fn layer_ui(ui: &mut Ui, layer: &LayerDiff) {
    let theme = Theme::of(ui);
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        widgets::strong(ui, &layer.name);
        widgets::tag(ui, theme.layer(layer.kind), layer.kind);
        let (tone, word) = match layer.change {
            Change::Added => (Tone::Pass, "added"),
            Change::Removed => (Tone::Fail, "removed"),
            Change::Changed => (Tone::Warning, "changed"),
            Change::Moved | Change::Same => (Tone::Neutral, "moved"),
        };
        widgets::pill(ui, tone, word);
        if layer.moved && layer.change == Change::Changed {
            widgets::pill(ui, Tone::Neutral, "moved");
        }
    });
    if layer.change == Change::Moved || layer.change == Change::Same {
        return;
    }
    Frame::new().fill(theme.grounds.sunken).corner_radius(CornerRadius::same(6)).inner_margin(Margin::same(8)).show(
        ui,
        |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 0.0;
            let mut left_out = false;
            for (index, line) in layer.lines.iter().enumerate() {
                if is_near_a_change(&layer.lines, index) {
                    line_ui(ui, line);
                    left_out = false;
                } else if !left_out {
                    widgets::faint(ui, "…");
                    left_out = true;
                }
            }
        },
    );
}

fn is_near_a_change(lines: &[DiffLine], index: usize) -> bool {
    let from = index.saturating_sub(AROUND);
    lines.iter().take(index + AROUND + 1).skip(from).any(|line| line.tag != LineTag::Same)
}

fn line_ui(ui: &mut Ui, line: &DiffLine) {
    let theme = Theme::of(ui);
    let (sign, tone) = match line.tag {
        LineTag::Same => ("  ", None),
        LineTag::Removed => ("− ", Some(Tone::Fail)),
        LineTag::Added => ("+ ", Some(Tone::Pass)),
    };
    let (ink, ground) = tone.map_or((theme.texts.muted, Color32::TRANSPARENT), |tone| theme.tone(tone));
    let font = FontId::new(theme.size.text.mono, FontFamily::Monospace);
    let plain = if tone.is_some() { theme.texts.plain } else { theme.texts.muted };
    let format = |color, background| TextFormat { font_id: font.clone(), color, background, ..TextFormat::default() };
    let mut job = LayoutJob::default();
    job.append(sign, 0.0, format(ink, Color32::TRANSPARENT));
    for part in &line.parts {
        // Changed words are marked by a line below as well as by colour.
        let mut words = format(if part.changed { ink } else { plain }, Color32::TRANSPARENT);
        if part.changed {
            words.underline = egui::Stroke::new(1.5, ink);
        }
        for mark in visible(&part.text) {
            match mark {
                Mark::Plain(text) => job.append(text, 0.0, words.clone()),
                Mark::Hidden(name) => {
                    let (warn, soft) = theme.tone(Tone::Warning);
                    job.append(&format!("‹{name}›"), 0.0, format(warn, soft));
                }
            }
        }
    }
    Frame::new().fill(ground).inner_margin(Margin::symmetric(4, 1)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.add(Label::new(job).wrap().selectable(true));
    });
}
