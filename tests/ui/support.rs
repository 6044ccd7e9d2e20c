//! A window on a temporary copy of a bundled workspace, with a configuration folder of its own. Tests have no fonts of
//! the system, so letters of other scripts are boxes there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use strata::domain::RunState;
use strata::provider::SystemKeys;
use strata::session::launch::{Start, Wish, begin, prepare};
use strata::session::{Command, Route, SessionOptions, Shelf};
use strata::store::open_workspace;
use strata::store::records::Records;
use strata::ui::App;

/// The window, and the folders that it may write into.
pub struct Window {
    pub harness: Harness<'static, App>,
    pub root: PathBuf,
    _folder: tempfile::TempDir,
}

impl Window {
    /// A window in which nothing is open.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config");
        let harness = Harness::builder().with_size(egui::vec2(1280.0, 800.0)).allow_missing_glyphs().build_eframe(
            move |context| {
                let options = SessionOptions { config_dir: Some(config), ..SessionOptions::default() };
                App::new(&context.egui_ctx, options).unwrap()
            },
        );
        Self { harness, root: folder.path().join("support-triage"), _folder: folder }
    }

    /// A window on a copy of the bundled workspace `support-triage`.
    pub fn open() -> Self {
        Self::prepared(|_| {})
    }

    /// The same, with something done to the copy before it is opened.
    pub fn prepared(prepare: impl FnOnce(&Path)) -> Self {
        let mut window = Self::new();
        let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("workspaces/support-triage");
        copy(&bundled, &window.root);
        prepare(&window.root);
        let root = window.root.clone();
        window.send(Command::OpenWorkspace(root));
        window.until("the workspace is open", |app| app.session().workspace().is_some());
        window
    }

    pub fn send(&mut self, command: Command) {
        self.harness.state_mut().session().apply(command);
        self.steps();
    }

    pub fn go(&mut self, route: Route) {
        self.send(Command::Go(route));
    }

    /// A few frames: what is sent in one is applied in the next and drawn in the one after.
    pub fn steps(&mut self) {
        self.harness.run_steps(3);
    }

    pub fn click(&mut self, name: &str) {
        self.harness.get_by_label(name).click();
        self.steps();
    }

    pub fn sees(&self, name: &str) -> bool {
        self.harness.query_all_by_label(name).next().is_some()
    }

    /// Whether something is drawn whose name holds this.
    pub fn sees_part(&self, words: &str) -> bool {
        self.harness.query_all_by_label_contains(words).next().is_some()
    }

    /// Frames until something of this name is drawn.
    pub fn until_seen(&mut self, name: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        while !self.sees(name) {
            assert!(Instant::now() < end, "waited too long to see {name}");
            self.harness.step();
            std::thread::yield_now();
        }
        self.steps();
    }

    /// Frames until something in the background has happened.
    pub fn until(&mut self, what: &str, mut happened: impl FnMut(&mut App) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !happened(self.harness.state_mut()) {
            assert!(Instant::now() < end, "waited too long until {what}");
            self.harness.step();
            std::thread::yield_now();
        }
        self.steps();
    }
}

/// The wish for the first cases of an experiment.
pub fn cases(experiment: &str, limit: usize) -> Wish {
    Wish { project: "triage".into(), experiment: experiment.into(), limit: Some(limit), ..Wish::default() }
}

/// Runs an experiment by script, and records it.
pub fn record(root: &Path, wish: &Wish) -> RunState {
    let workspace = open_workspace(root).unwrap();
    let prepared = prepare(&workspace, &Shelf::default(), wish).unwrap();
    let records = Records::open(root).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let start = Start {
        records: &records,
        granted: &BTreeSet::new(),
        keys: Arc::new(SystemKeys::default()),
        watchers: Vec::new(),
        runtime: runtime.handle(),
        on_text: None,
        stall_limit: None,
        patience: None,
    };
    let handle = begin(prepared, start).unwrap();
    runtime.block_on(handle.ended())
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == ".strata" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
