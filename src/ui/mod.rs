//! The window. It draws the session and sends commands; nothing that is worth a test without a window lives here.
//!
//! `app` is the frame law: its `logic` changes the session and may not draw, its `ui` draws and may only send. `shell`
//! is what stands around every screen, `screens` has a folder for each, `widgets` the parts, `theme` every colour.

mod app;
mod dialect;
mod dialogs;
mod format;
mod icons;
mod keys;
pub mod screens;
mod sender;
mod shell;
mod theme;
mod visible;
pub mod widgets;

pub use app::{App, WindowError, open_window};
pub use format::{count, duration, interval, percent, seconds, since, when};
pub use sender::CommandSender;
pub use theme::{Theme, Tone};
pub use visible::{Mark, visible};
