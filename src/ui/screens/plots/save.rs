//! Saving a chart: where to, as what, and the picture of it in the window.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use egui::{ColorImage, Context, Frame, Id, Margin, Modal, Rect, Ui};
use egui_material_icons::icons;

use super::chart::{Chart, Kind};
use super::files::{Sheet, csv, svg};
use crate::session::Command;
use crate::ui::dialogs;
use crate::ui::sender::CommandSender;
use crate::ui::widgets;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Png,
    Svg,
    Csv,
}

impl Form {
    const ALL: [(Self, &'static str); 3] = [(Self::Png, "PNG"), (Self::Svg, "SVG"), (Self::Csv, "CSV")];

    const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Csv => "csv",
        }
    }

    const fn about(self) -> &'static str {
        match self {
            Self::Png => "The chart as it stands in the window, in its colours.",
            Self::Svg => "A drawing that scales, with title, axes and legend; hovering over it says the numbers.",
            Self::Csv => "One row for each mark, with all its numbers.",
        }
    }
}

/// Frames until a picture is taken: the question is gone by then, and the page has scrolled.
const FRAMES: u8 = 20;

/// The question where to save a chart.
pub(super) struct Asking {
    kind: Kind,
    form: Form,
    path: String,
}

/// A picture that is to be taken of the window: in a frame without the question before it.
pub(super) struct Picture {
    pub kind: Kind,
    target: Target,
    /// Frames since it was asked for.
    frames: u8,
    /// Set when it was taken.
    taken: Arc<AtomicBool>,
}

/// Where a file goes.
enum Target {
    Path(PathBuf),
    /// The desktop's own dialog asks.
    Dialog(String),
}

impl Asking {
    pub fn new(kind: Kind, folder: &Path, run: &str) -> Self {
        let name = format!("{}-{run}.svg", kind.stem());
        Self { kind, form: Form::Svg, path: folder.join("plots").join(name).display().to_string() }
    }

    pub fn is_for(&self, kind: Kind) -> bool {
        self.kind == kind
    }
}

/// Draws the question. Returns whether it stays open, and a picture that is to be taken.
pub(super) fn ask(
    ctx: &Context,
    asking: &mut Asking,
    chart: Option<&Chart>,
    sheet: &Sheet<'_>,
    sender: &CommandSender,
) -> (bool, Option<Picture>) {
    let Some(chart) = chart.filter(|chart| chart.kind == asking.kind) else { return (false, None) };
    let mut target = None;
    let mut closed = false;
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(20));
    let shown = Modal::new(Id::unique("save a chart")).frame(frame).show(ctx, |ui| {
        ui.set_width((ctx.content_rect().width() - 80.0).min(520.0));
        widgets::heading(ui, &format!("Save {}", chart.kind.title()));
        ui.add_space(8.0);
        if let Some(form) = widgets::segmented(ui, "Save as", asking.form, &Form::ALL) {
            asking.form = form;
            asking.path = Path::new(&asking.path).with_extension(form.extension()).display().to_string();
        }
        widgets::muted(ui, asking.form.about());
        ui.add_space(8.0);
        widgets::field(ui, "File", &mut asking.path, "/home/you/plots/success-rate.svg");
        ui.add_space(8.0);
        ui.horizontal_wrapped(|ui| {
            let path = asking.path.trim();
            let save =
                ui.add_enabled_ui(!path.is_empty(), |ui| widgets::primary(ui, Some(icons::ICON_SAVE), "Save file"));
            if save.inner.clicked() {
                target = Some(Target::Path(PathBuf::from(path)));
            }
            if widgets::secondary(ui, Some(icons::ICON_FOLDER_OPEN), "Choose place…").clicked() {
                let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
                target = Some(Target::Dialog(name.unwrap_or_default()));
            }
            closed = widgets::ghost(ui, None, "Cancel").clicked();
        });
    });
    let open = !closed && !shown.should_close() && target.is_none();
    let Some(target) = target else { return (open, None) };
    let bytes = match asking.form {
        Form::Png => return (false, Some(Picture { kind: chart.kind, target, frames: 0, taken: Arc::default() })),
        Form::Svg => svg(chart, sheet).into_bytes(),
        Form::Csv => csv(chart, sheet).unwrap_or_default(),
    };
    save(target, bytes, sender);
    (false, None)
}

/// Takes the picture of a card once it is wholly in sight and nothing is before it. Returns whether it was taken.
pub(super) fn take(ui: &Ui, picture: &mut Picture, card: Rect, sender: &CommandSender) -> bool {
    picture.frames = picture.frames.saturating_add(1);
    ui.ctx().request_repaint();
    if picture.frames < FRAMES / 2 {
        // To the top, away from the notices at the bottom.
        ui.scroll_to_rect_animation(card, Some(egui::Align::TOP), egui::style::ScrollAnimation::none());
    }
    if picture.frames != FRAMES {
        return picture.frames > FRAMES && (picture.taken.load(Ordering::Acquire) || picture.frames == u8::MAX);
    }
    let target = std::mem::replace(&mut picture.target, Target::Dialog(String::new()));
    let (sender, scale) = (sender.clone(), ui.ctx().pixels_per_point());
    let area = card.intersect(ui.clip_rect());
    let taken = picture.taken.clone();
    // The window answers in a later frame, and until then the card stays as it is to be seen.
    ui.ctx().request_screenshot(move |image| {
        taken.store(true, Ordering::Release);
        if let Some(bytes) = png_of(&image, area, scale) {
            save(target, bytes, &sender);
        }
    });
    false
}

fn save(target: Target, bytes: Vec<u8>, sender: &CommandSender) {
    let bytes: Arc<[u8]> = bytes.into();
    match target {
        Target::Path(path) => sender.send(Command::SaveFile { path, bytes }),
        Target::Dialog(name) => {
            dialogs::ask_file("Save the chart", name, sender.clone(), move |path| Command::SaveFile { path, bytes });
        }
    }
}

/// A part of the window's picture as a PNG file.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
fn png_of(image: &ColorImage, area: Rect, scale: f32) -> Option<Vec<u8>> {
    let pixel = |points: f32, most: usize| ((points * scale).round().max(0.0) as usize).min(most);
    let [width, height] = image.size;
    let (left, right) = (pixel(area.left(), width), pixel(area.right(), width));
    let (top, bottom) = (pixel(area.top(), height), pixel(area.bottom(), height));
    let mut rgb = Vec::with_capacity((right - left) * (bottom - top) * 3);
    for y in top..bottom {
        for pixel in image.pixels.get(y * width + left..y * width + right)? {
            rgb.extend([pixel.r(), pixel.g(), pixel.b()]);
        }
    }
    let mut bytes = Vec::new();
    let side = |from: usize, to: usize| u32::try_from(to - from).ok();
    let mut encoder = png::Encoder::new(&mut bytes, side(left, right)?, side(top, bottom)?);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rgb).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}
