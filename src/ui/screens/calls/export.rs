//! The way of calls out of the window: to a file, or to the workspace's collector.

use std::path::{Path, PathBuf};

use egui::{Context, Frame, Id, Margin, Modal, Ui};
use egui_material_icons::icons;

use crate::interop::call_log::CallFormat;
use crate::session::{CollectorView, Command, Route, Session};
use crate::ui::sender::CommandSender;
use crate::ui::{dialogs, format, widgets};

/// The question where calls go.
pub(super) struct Asking {
    format: CallFormat,
    path: String,
}

const FORMATS: [(CallFormat, &str); 2] = [(CallFormat::Jsonl, "JSONL"), (CallFormat::Otlp, "OTLP")];

impl Asking {
    pub fn new(folder: &Path) -> Self {
        Self { format: CallFormat::Jsonl, path: folder.join("calls.jsonl").display().to_string() }
    }
}

/// Draws the question. Returns whether it stays open.
pub(super) fn ask(ctx: &Context, session: &Session, asking: &mut Asking, sender: &CommandSender) -> bool {
    let mut open = true;
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(20));
    let shown = Modal::new(Id::unique("export calls")).frame(frame).show(ctx, |ui| {
        ui.set_width(540.0);
        let calls = session.calls().count().unwrap_or_default();
        let which = if session.calls().query().filter.is_all() { "all" } else { "as filtered" };
        widgets::heading(ui, "Export the call log");
        widgets::muted(
            ui,
            &format!("{} calls, {which}. No prompt and no answer is among what leaves.", format::count(calls)),
        );
        ui.add_space(8.0);
        open &= to_file(ui, asking, sender);
        ui.add_space(12.0);
        ui.separator();
        ui.add_space(4.0);
        open &= to_collector(ui, session.trust().collector(), calls, sender);
        ui.add_space(12.0);
        open &= !widgets::ghost(ui, None, "Cancel").clicked();
    });
    open && !shown.should_close()
}

fn to_file(ui: &mut Ui, asking: &mut Asking, sender: &CommandSender) -> bool {
    if let Some(format) = widgets::segmented(ui, "Save as", asking.format, &FORMATS) {
        asking.format = format;
        asking.path = Path::new(&asking.path).with_extension(format.extension()).display().to_string();
    }
    widgets::muted(
        ui,
        match asking.format {
            CallFormat::Otlp => "OpenTelemetry traces as JSON, with the conventions for generative AI.",
            CallFormat::Jsonl | CallFormat::Table => "One JSON object a line for each call.",
        },
    );
    ui.add_space(4.0);
    widgets::field(ui, "File", &mut asking.path, "/home/you/calls.jsonl");
    ui.add_space(4.0);
    let mut open = true;
    ui.horizontal(|ui| {
        let path = asking.path.trim();
        let format = asking.format;
        let save = ui.add_enabled_ui(!path.is_empty(), |ui| widgets::primary(ui, Some(icons::ICON_SAVE), "Save file"));
        if save.inner.clicked() {
            sender.send(Command::SaveCalls { path: PathBuf::from(path), format });
            open = false;
        }
        if widgets::secondary(ui, Some(icons::ICON_FOLDER_OPEN), "Choose place…").clicked() {
            let name = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            dialogs::ask_file("Save the call log", name, sender.clone(), move |path| Command::SaveCalls {
                path,
                format,
            });
            open = false;
        }
    });
    open
}

fn to_collector(ui: &mut Ui, collector: Option<&CollectorView>, calls: u64, sender: &CommandSender) -> bool {
    let Some(collector) = collector else {
        widgets::muted(
            ui,
            "To send calls to an OpenTelemetry collector, name it in workspace.ron: otlp: (endpoint: \"http://127.0.0.1:4318\").",
        );
        return true;
    };
    let Some(origin) = &collector.origin else {
        widgets::error_panel(
            ui,
            &format!("The collector's address {} is refused.", collector.endpoint),
            "Correct it in workspace.ron.",
        );
        return true;
    };
    let key =
        collector.key.as_ref().map_or_else(|| "without a key".to_owned(), |key| format!("with the key from {key}"));
    widgets::body(ui, &format!("The workspace names the collector {origin}, {key}."));
    if !collector.granted {
        widgets::muted(ui, "Nothing is sent there before you have granted it.");
        if widgets::secondary(ui, Some(icons::ICON_VERIFIED_USER), "See what is asked").clicked() {
            sender.send(Command::Go(Route::Settings));
            return false;
        }
        return true;
    }
    let words = format!("Send {} calls to {origin}", format::count(calls));
    if widgets::secondary(ui, Some(icons::ICON_UPLOAD), &words).clicked() {
        sender.send(Command::SendCalls);
        return false;
    }
    true
}
