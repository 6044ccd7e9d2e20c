//! The frame law: `logic` changes the session and may not draw; `ui` draws and may only send.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use egui::{Context, ViewportBuilder};

use super::screens::Screens;
use super::sender::CommandSender;
use super::{dialogs, keys, shell, theme};
use crate::session::{Command, Session, SessionOptions, Wake};

/// A thousand events make one repaint.
const COALESCE: Duration = Duration::from_millis(33);
/// The longest that the end of the program waits for the last edits to be saved.
const LAST_SAVE: Duration = Duration::from_secs(5);

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    #[error("There is no display.")]
    NoDisplay,
    #[error("The window could not be opened: {0}.")]
    Failed(String),
}

/// Opens the window and returns when it is closed. `first` is done at once, such as opening a workspace.
///
/// # Errors
/// There is no display, or it cannot draw with OpenGL.
pub fn open_window(first: Vec<Command>) -> Result<(), WindowError> {
    if cfg!(target_os = "linux") && !has_display() {
        return Err(WindowError::NoDisplay);
    }
    let options = eframe::NativeOptions {
        // Said aloud: with other renderers compiled in, the default would be another one.
        renderer: eframe::Renderer::Glow,
        viewport: ViewportBuilder::default()
            .with_title("Strata")
            .with_app_id("strata")
            .with_inner_size([1280.0, 800.0])
            .with_min_inner_size([800.0, 520.0]),
        persist_window: true,
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "strata",
        options,
        Box::new(|context| {
            let mut app = App::new(&context.egui_ctx, SessionOptions::default())?;
            if first.is_empty() {
                app.session.open_last();
            }
            for command in first {
                app.session.apply(command);
            }
            Ok(Box::new(app))
        }),
    )
    .map_err(|error| WindowError::Failed(error.to_string()))
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The window's whole state: the session, and what only the window knows.
pub struct App {
    session: Session,
    sender: CommandSender,
    commands: mpsc::Receiver<Command>,
    shell: shell::ShellState,
    screens: Screens,
}

impl App {
    /// # Errors
    /// The session's threads could not be started.
    pub fn new(ctx: &Context, options: SessionOptions) -> std::io::Result<Self> {
        theme::install(ctx);
        let wake: Wake = {
            let ctx = ctx.clone();
            Arc::new(move || ctx.request_repaint_after(COALESCE))
        };
        let session = Session::new(SessionOptions { wake, ..options })?;
        let (sender, commands) = CommandSender::new(ctx.clone());
        theme::choose(ctx, session.settings().theme, session.settings().text_scale);
        Ok(Self { session, sender, commands, shell: shell::ShellState::default(), screens: Screens::default() })
    }

    /// The session, for tests that look behind the window.
    pub const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The first half of a frame: what was pressed and sent is done, and the background's work taken in.
    pub fn update(&mut self, ctx: &Context) {
        for command in keys::pressed(ctx) {
            self.apply(command);
        }
        while let Ok(command) = self.commands.try_recv() {
            self.apply(command);
        }
        let tick = self.session.tick(Instant::now());
        theme::choose(ctx, self.session.settings().theme, self.session.settings().text_scale);
        if let Some(again) = tick.again {
            ctx.request_repaint_after(again);
        }
    }

    /// The second half: the window as the session stands.
    pub fn draw(&mut self, ui: &mut egui::Ui) {
        shell::show(ui, &self.session, &mut self.shell, &mut self.screens, &self.sender);
    }

    fn apply(&mut self, command: Command) {
        match command {
            Command::AskForWorkspace => {
                dialogs::ask_folder("Open a workspace", self.sender.clone(), Command::OpenWorkspace);
            }
            other => self.session.apply(other),
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.update(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.session.flush(LAST_SAVE);
    }
}
