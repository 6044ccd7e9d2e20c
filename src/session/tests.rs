//! The session without a window: opening, edits, saving, conflicts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::launch::{Prepared, Start, begin};
use super::trust::TrustState;
use super::{CasesView, Command, Route, Session, SessionOptions};
use crate::domain::{Definition, DefinitionKey, ProjectSpec, RunState};
use crate::provider::SystemKeys;
use crate::store::records::Records;

/// A workspace whose one model is a script that takes no time and has a price: 1 and 2 dollars for a million tokens in
/// and out, 100 tokens out at most.
pub(super) struct Scripted {
    folder: tempfile::TempDir,
}

impl Scripted {
    /// With the experiment `words` of the project `p`, over this many cases.
    pub fn new(cases: usize) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        let root = desk.root();
        write(
            &root,
            "workspace.ron",
            r#"(name: "Desk", providers: {"desk": (api: Scripted("desk.ron"), concurrency: 1)}, models: {"clerk":
                (provider: "desk", model: "clerk", price: (input: 1.0, output: 2.0), max_output: 100)})"#,
        );
        write(&root, "desk.ron", r#"(models: {"clerk": ()}, rules: [(replies: [(text: "yes")])])"#);
        write(&root, "projects/p/project.ron", r#"(title: "P")"#);
        write(
            &root,
            "projects/p/prompts/ask.ron",
            r#"(title: "Ask", variables: {"word": ()}, layers: [(id: "ask", content: Text(text: "Is it good? {{ word }}"))])"#,
        );
        write(&root, "projects/p/variants/plain.ron", r#"(title: "Plain", prompt: "ask")"#);
        let rows: Vec<String> = (0..cases).map(|case| format!("word-{case}")).collect();
        write(&root, "projects/p/datasets/words.csv", &format!("word\n{}\n", rows.join("\n")));
        write(
            &root,
            "projects/p/experiments/words.ron",
            r#"(variants: ["plain"], models: ["clerk"], dataset: "words", checks: [(kind: Equals(value: "yes"))])"#,
        );
        desk
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("desk")
    }

    /// Replaces text in one of its files.
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.root().join(path)).unwrap();
        assert!(text.contains(old), "{old} in {text}");
        write(&self.root(), path, &text.replace(old, new));
    }

    /// Each case sees what those before it were answered.
    pub fn converses(&self) {
        self.edit("projects/p/project.ron", "\"P\"", "\"P\", dialect: Nunjucks");
        let turns = "{{ word }}{% for turn in _conversation %} {{ turn.output }}{% endfor %}";
        self.edit("projects/p/prompts/ask.ron", "{{ word }}", turns);
    }

    /// A session in which it is open, its records too, and a run of `words` can be started.
    pub fn open(&self) -> Desk {
        let options =
            SessionOptions { config_dir: Some(self.folder.path().join("config")), ..SessionOptions::default() };
        let mut session = Session::new(options).unwrap();
        session.apply(Command::OpenWorkspace(self.root()));
        let mut desk = Desk { session, root: self.root(), _folder: tempfile::tempdir().unwrap() };
        desk.until(Session::is_at_rest);
        desk
    }
}

impl Session {
    /// What a run would be is known, and nothing goes on in the background.
    fn is_at_rest(&self) -> bool {
        self.runs.records.is_some()
            && self.offer().is_some()
            && !self.is_forecasting()
            && self.jobs().running().is_empty()
    }
}

/// Starts a run and waits for its end.
pub(super) fn run_to_its_end(prepared: Prepared, records: &Records) -> RunState {
    let runtime = super::launch::runtime().unwrap();
    let start = Start {
        records,
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

pub(super) struct Desk {
    pub session: Session,
    root: PathBuf,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("desk");
        write(&root, "workspace.ron", r#"(format: 1, name: "Desk")"#);
        write(&root, "projects/a/project.ron", r#"(format: 1, title: "First")"#);
        write(&root, "projects/b/project.ron", r#"(format: 1, title: "Second")"#);
        write(&root, "projects/a/datasets/few.csv", "question\nWhy?\nHow?\n");
        let options = SessionOptions { config_dir: Some(folder.path().join("config")), ..SessionOptions::default() };
        let mut desk = Self { session: Session::new(options).unwrap(), root, _folder: folder };
        desk.session.apply(Command::OpenWorkspace(desk.root.clone()));
        desk.until(|session| session.workspace().is_some());
        desk
    }

    /// Ticks until something in the background has happened.
    pub fn until(&mut self, mut happened: impl FnMut(&Session) -> bool) {
        let end = Instant::now() + Duration::from_secs(20);
        while !happened(&self.session) {
            assert!(Instant::now() < end, "waited too long");
            self.session.tick(Instant::now());
            std::thread::yield_now();
        }
    }

    fn rename(&mut self, title: &str) {
        let definition = Some(Definition::Project(Arc::new(ProjectSpec::titled(title))));
        self.session.apply(Command::Edit { key: key(), definition });
    }

    fn title(&self) -> &str {
        &self.session.workspace().unwrap().projects[&"a".into()].spec.title
    }

    fn file(&self) -> String {
        fs::read_to_string(self.root.join(key().path())).unwrap()
    }
}

fn key() -> DefinitionKey {
    DefinitionKey::Project("a".into())
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn an_edit_is_saved_by_itself_after_a_rest() {
    let mut desk = Desk::new();
    let before = desk.file();
    desk.rename("Renamed");
    let soon = desk.session.tick(Instant::now());
    assert!(soon.again.is_some_and(|again| again <= Duration::from_secs(1)));
    assert_eq!(desk.file(), before);
    desk.session.tick(Instant::now() + Duration::from_secs(2));
    desk.until(|session| session.unsaved() == 0);
    assert!(desk.file().contains("Renamed"));
}

#[test]
fn an_edit_made_while_another_is_saved_is_on_disk_when_the_program_ends() {
    let mut desk = Desk::new();
    desk.rename("First thought");
    desk.session.apply(Command::Save);
    desk.rename("Second thought");
    desk.session.flush(Duration::from_secs(20));
    assert!(desk.file().contains("Second thought"), "{}", desk.file());
}

#[test]
fn no_key_is_looked_for_before_the_workspace_is_trusted() {
    let mut desk = Desk::new();
    let manifest = r#"(format: 1, name: "Desk", providers: {"here": (api: OpenAi, key: Env("PATH"))})"#;
    write(&desk.root, "workspace.ron", manifest);
    desk.session.apply(Command::Reload);
    desk.until(|session| !session.trust().endpoints().is_empty() && session.jobs().running().is_empty());
    assert_eq!(desk.session.trust().endpoints()[0].key_present, None);
    desk.session.apply(Command::Grant(desk.session.trust().asked().clone()));
    desk.until(|session| session.trust().endpoints()[0].key_present == Some(true));
}

fn script(code: &str) -> Command {
    let check = serde_json::json!({ "kind": { "Assertion": { "kind": "Javascript", "value": code } } });
    let experiment = serde_json::json!({ "variants": [], "models": [], "dataset": "few", "checks": [check] });
    let definition = Definition::Experiment(Arc::new(serde_json::from_value(experiment).unwrap()));
    Command::Edit { key: DefinitionKey::Experiment("a".into(), "e".into()), definition: Some(definition) }
}

#[test]
fn a_script_that_was_typed_goes_on_where_its_place_was_granted_and_a_pulled_one_does_not() {
    let mut desk = Desk::new();
    let state = |desk: &Desk| desk.session.trust().state();
    desk.session.apply(script("output == 1"));
    assert_eq!(state(&desk), TrustState::Asked);
    desk.session.apply(Command::Grant(desk.session.trust().asked().clone()));
    desk.until(|session| session.trust().is_granted());
    desk.session.apply(script("output == 2"));
    assert_eq!(state(&desk), TrustState::Granted);
    desk.session.apply(Command::Undo);
    assert_eq!(state(&desk), TrustState::Granted);
    desk.session.apply(script("output == 3"));
    desk.session.apply(Command::Save);
    let is_kept = |session: &Session| {
        let asked = session.trust().asked();
        session
            .trust_store
            .as_ref()
            .is_some_and(|store| store.about(&session.workspace().unwrap().root, asked).is_full(asked))
    };
    desk.until(|session| session.unsaved() == 0 && is_kept(session));

    let file = desk.root.join("projects/a/experiments/e.ron");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("output == 3"), "{text}");
    fs::write(&file, text.replace("output == 3", "steal()")).unwrap();
    desk.session.apply(Command::Reload);
    desk.until(|session| session.trust().state() == TrustState::Changed);
    let trust = desk.session.trust();
    assert!(trust.added().len() == 1 && trust.removed().len() == 1 && !trust.is_granted());
    // Typing in what was pulled grants nothing.
    desk.session.apply(script("steal() "));
    assert_eq!(state(&desk), TrustState::Changed);
}

#[test]
fn a_script_that_is_made_a_template_over_the_cases_is_asked_for_though_it_was_typed() {
    let mut desk = Desk::new();
    desk.session.apply(script("output == 1"));
    desk.session.apply(Command::Grant(desk.session.trust().asked().clone()));
    desk.until(|session| session.trust().is_granted());
    desk.session.apply(script("output == {{ x }}"));
    assert!(!desk.session.trust().is_granted());
    desk.session.apply(Command::Grant(desk.session.trust().asked().clone()));
    desk.until(|session| session.trust().is_granted());
    desk.session.apply(script("output == {{ x }} + 1"));
    assert!(desk.session.trust().is_granted(), "another template in the place of a granted one");
    desk.session.apply(script("output == 2"));
    assert!(desk.session.trust().is_granted(), "less than was granted");
}

#[test]
fn undo_back_to_what_is_on_disk_leaves_nothing_to_save() {
    let mut desk = Desk::new();
    desk.rename("Renamed");
    assert_eq!(desk.session.unsaved(), 1);
    desk.session.apply(Command::Undo);
    assert_eq!((desk.title(), desk.session.unsaved()), ("First", 0));
    desk.session.apply(Command::Redo);
    assert_eq!((desk.title(), desk.session.unsaved()), ("Renamed", 1));
}

#[test]
fn a_file_that_was_changed_outside_is_never_overwritten_unasked() {
    let mut desk = Desk::new();
    desk.rename("Mine");
    write(&desk.root, "projects/a/project.ron", r#"(format: 1, title: "Theirs")"#);
    desk.session.apply(Command::Save);
    desk.until(|session| !session.notices().is_empty());
    assert!(desk.file().contains("Theirs"));
    assert_eq!(desk.title(), "Mine");
    desk.session.apply(Command::Overwrite(key()));
    desk.until(|session| session.unsaved() == 0);
    assert!(desk.file().contains("Mine"));
}

#[test]
fn what_is_on_disk_can_be_taken_and_undo_brings_the_edit_back() {
    let mut desk = Desk::new();
    desk.rename("Mine");
    write(&desk.root, "projects/a/project.ron", r#"(format: 1, title: "Theirs")"#);
    desk.session.apply(Command::TakeFromDisk(key()));
    desk.until(|session| session.unsaved() == 0);
    assert_eq!(desk.title(), "Theirs");
    desk.session.apply(Command::Undo);
    assert_eq!(desk.title(), "Mine");
}

#[test]
fn reading_again_takes_what_changed_and_keeps_what_is_unsaved() {
    let mut desk = Desk::new();
    desk.rename("Mine");
    write(&desk.root, "projects/b/project.ron", r#"(format: 1, title: "Changed")"#);
    desk.session.apply(Command::Reload);
    desk.until(|session| session.workspace().unwrap().projects[&"b".into()].spec.title == "Changed");
    assert_eq!(desk.title(), "Mine");
    assert!(desk.session.notices().is_empty());
}

#[test]
fn the_last_edit_is_saved_before_the_program_ends() {
    let mut desk = Desk::new();
    desk.rename("Last words");
    desk.session.flush(Duration::from_secs(20));
    assert!(desk.file().contains("Last words"));
}

#[test]
fn the_cases_of_the_chosen_dataset_are_opened() {
    let mut desk = Desk::new();
    desk.until(|session| matches!(session.cases(), CasesView::Ready(_)));
    let CasesView::Ready(open) = desk.session.cases() else { panic!("not open") };
    assert_eq!(open.cases.len(), 2);
    desk.session.apply(Command::SelectProject("b".into()));
    assert!(matches!(desk.session.cases(), CasesView::None));
}

#[test]
fn closing_leads_home_and_forgets_what_was_chosen() {
    let mut desk = Desk::new();
    desk.session.apply(Command::Go(Route::Data));
    desk.session.apply(Command::CloseWorkspace);
    assert_eq!(desk.session.route(), Route::Home);
    assert!(desk.session.project().is_none());
    desk.session.apply(Command::Go(Route::Data));
    assert_eq!(desk.session.route(), Route::Home);
}

#[test]
fn every_command_that_is_offered_has_a_name_of_its_own() {
    let desk = Desk::new();
    let mut names: Vec<String> = Command::offered(&desk.session).iter().map(|command| command.info().name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn a_run_goes_on_by_itself_when_its_program_has_died() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("new");
    crate::store::init_workspace(&root).unwrap();
    let open = || {
        let options = SessionOptions { config_dir: Some(folder.path().join("config")), ..SessionOptions::default() };
        let mut session = Session::new(options).unwrap();
        session.apply(Command::OpenWorkspace(root.clone()));
        Desk { session, root: root.clone(), _folder: tempfile::tempdir().unwrap() }
    };
    let mut first = open();
    first.until(|session| session.offer().is_some() && session.jobs().running().is_empty());
    first.session.apply(Command::StartRun);
    first.until(|session| session.runs().live().is_some_and(|live| live.totals.ended() > 0));
    // No goodbye: as when the program is killed.
    drop(first);
    let mut second = open();
    second.until(|session| session.runs().recorded().iter().any(|run| run.state == RunState::Completed));
    let run = second.session.runs().recorded()[0].clone();
    assert_eq!((run.ended(), second.session.runs().recorded().len()), (run.header.trials(), 1));
}

#[test]
fn a_run_ends_in_peace_when_its_workspace_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("new");
    crate::store::init_workspace(&root).unwrap();
    let options = SessionOptions { config_dir: Some(folder.path().join("config")), ..SessionOptions::default() };
    let mut desk = Desk { session: Session::new(options).unwrap(), root: root.clone(), _folder: folder };
    desk.session.apply(Command::OpenWorkspace(root.clone()));
    desk.until(|session| session.offer().is_some() && session.jobs().running().is_empty());
    desk.session.apply(Command::StartRun);
    desk.until(|session| session.runs().live().is_some());
    desk.session.apply(Command::CloseWorkspace);
    desk.session.apply(Command::OpenWorkspace(root));
    desk.until(|session| !session.runs().recorded().is_empty());
    let run = &desk.session.runs().recorded()[0];
    assert_eq!((run.state, run.ambiguous), (RunState::Cancelled, 0));
}

#[test]
fn an_estimate_learns_from_a_run_that_nobody_looks_at() {
    let scripted = Scripted::new(4);
    let mut desk = scripted.open();
    let before = desk.session.offer().and_then(|offer| offer.at_most).unwrap();
    desk.session.apply(Command::StartRun);
    desk.until(|session| session.runs().recorded().iter().any(|run| run.state == RunState::Completed));
    desk.session.apply(Command::Go(Route::Build));
    desk.until(|session| session.offer().and_then(|offer| offer.at_most).is_some_and(|most| most < before));
    // Nor is it shown when the workspace is opened again.
    drop(desk);
    let desk = scripted.open();
    assert!(desk.session.runs().shown().is_none());
    assert!(desk.session.offer().and_then(|offer| offer.at_most).unwrap() < before);
}

#[test]
fn a_budget_below_the_estimate_is_told_before_the_run() {
    let scripted = Scripted::new(50);
    let short = |session: &Session| session.forecast().unwrap().outcome.as_ref().unwrap().shortfall;
    assert_eq!(short(&scripted.open().session), None);
    scripted.edit("projects/p/experiments/words.ron", "dataset:", "budget: (hard: 0.005), dataset:");
    let found = short(&scripted.open().session).unwrap();
    assert!(found.sure && (1..50).contains(&found.fit), "{found}");
}
