//! Native dialogs, each on a thread of its own: the window never waits for one.

use std::path::PathBuf;

use super::sender::CommandSender;
use crate::session::Command;

/// Asks for a folder, and sends what `meaning` makes of it. Where there is no portal nothing is sent, as after Cancel:
/// every place that asks has a field for the path as well.
pub(super) fn ask_folder(
    title: &'static str,
    sender: CommandSender,
    meaning: impl FnOnce(PathBuf) -> Command + Send + 'static,
) {
    std::thread::spawn(move || {
        if let Some(folder) = rfd::FileDialog::new().set_title(title).pick_folder() {
            sender.send(meaning(folder));
        }
    });
}

/// Asks where to save a file, and sends what `meaning` makes of it.
pub(super) fn ask_file(
    title: &'static str,
    name: String,
    sender: CommandSender,
    meaning: impl FnOnce(PathBuf) -> Command + Send + 'static,
) {
    std::thread::spawn(move || {
        if let Some(path) = rfd::FileDialog::new().set_title(title).set_file_name(name).save_file() {
            sender.send(meaning(path));
        }
    });
}

/// Asks for a file with one of these endings, and sends what `meaning` makes of it.
pub(super) fn ask_for_file(
    title: &'static str,
    kind: &'static str,
    endings: &'static [&'static str],
    sender: CommandSender,
    meaning: impl FnOnce(PathBuf) -> Command + Send + 'static,
) {
    std::thread::spawn(move || {
        if let Some(file) = rfd::FileDialog::new().set_title(title).add_filter(kind, endings).pick_file() {
            sender.send(meaning(file));
        }
    });
}
