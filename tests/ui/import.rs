//! Importing another tool's file: the report before anything is written, trust, and where the project goes.

use std::path::{Path, PathBuf};

use egui_kittest::kittest::Queryable;
use strata::domain::{CheckKind, Dialect};
use strata::session::launch::Wish;
use strata::session::{Command, Route};

use crate::support::{Window, record};

const CONFIG: &str = r"
description: Tea
prompts:
  - 'Say {{word}}'
providers: [echo]
tests:
  - vars: { word: tea }
    assert:
      - { type: contains, value: '{{word}}' }
      - { type: python, value: 'True' }
      - type: assert-set
        metric: words
        assert:
          - { type: word-count, value: { min: 1, max: 9 } }
          - { type: starts-with, value: Say }
";

fn write(folder: &Path, config: &str) -> PathBuf {
    let file = folder.join("promptfooconfig.yaml");
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(&file, config).unwrap();
    file
}

/// A window whose import has read this config, which stands in a folder beside the workspace.
fn looking_at(config: &str) -> Window {
    let mut window = Window::open();
    let file = write(&window.root.parent().unwrap().join("evals"), config);
    window.click("Import…");
    window.harness.get_by_label("File").focus();
    window.steps();
    window.harness.get_by_label("File").type_text(&file.display().to_string());
    window.steps();
    window.click("Look in");
    read(&mut window);
    window
}

fn read(window: &mut Window) {
    window.until("the file is read", |app| app.session().importing().is_some_and(|import| import.read.is_some()));
}

fn import(window: &mut Window) {
    window.click("Import");
    window.until("the project is there", |app| app.session().route() == Route::Build);
}

#[test]
fn the_report_tells_what_is_not_exact_before_anything_is_written() {
    let mut window = looking_at(CONFIG);
    assert!(window.sees_part("python"), "it is not supported");
    assert!(!window.sees_part("starts-with"), "what is exact is not in the way");
    window.harness.get_by_label_contains("Parts: All").click();
    window.steps();
    window.harness.get_by_label("Find in the report").focus();
    window.steps();
    window.harness.get_by_label("Find in the report").type_text("starts-with");
    window.steps();
    assert!(window.sees_part("starts-with") && !window.sees_part("python"));
    window.click("Close the import");
    assert!(window.harness.state_mut().session().importing().is_none());
    assert_eq!(window.harness.state_mut().session().workspace().unwrap().projects.len(), 1);
}

#[test]
fn an_import_into_the_open_workspace_is_a_project_that_runs_like_any_other() {
    let mut window = looking_at(CONFIG);
    import(&mut window);
    let session = window.harness.state_mut().session();
    let project = session.project().unwrap();
    assert_eq!((project.spec.title.as_str(), project.spec.dialect), ("Tea", Dialect::Nunjucks));
    assert_eq!(session.workspace().unwrap().projects.len(), 2);
    assert!(window.sees("Nunjucks"));
    window.go(Route::Data);
    window.until("the rows are there", |app| app.session().dataset().is_some());
    window.harness.key_press(egui::Key::Home);
    window.steps();
    assert!(window.sees("Checks of this case") && window.sees_part("Contains {{word}}"));
    assert!(window.sees("They are edited in the dataset's file."));
}

#[test]
fn a_new_name_and_a_new_workspace_are_as_they_were_asked_for() {
    let mut window = looking_at(CONFIG);
    let folder = window.root.parent().unwrap().join("anew");
    window.click("Where to: Into a new workspace");
    window.harness.get_by_label("Folder that is new or empty").focus();
    window.steps();
    window.harness.get_by_label("Folder that is new or empty").type_text(&folder.display().to_string());
    window.harness.get_by_label("Name of the project").focus();
    window.steps();
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    window.harness.get_by_label("Name of the project").type_text("Green tea");
    window.steps();
    import(&mut window);
    let session = window.harness.state_mut().session();
    let workspace = session.workspace().unwrap();
    assert_eq!(workspace.root, folder.canonicalize().unwrap());
    assert_eq!(workspace.projects.keys().map(ToString::to_string).collect::<Vec<_>>(), ["green-tea"]);
    assert!(folder.join("projects/green-tea/project.ron").is_file());
}

#[test]
fn a_file_outside_the_folder_needs_trust_and_trust_reads_it() {
    let config = "prompts: [file://../word.txt]\nproviders: [echo]\ntests: [{ vars: { word: tea } }]\n";
    let mut window = looking_at(config);
    assert!(window.sees_part("word.txt"), "it is told what needs trust");
    std::fs::write(window.root.parent().unwrap().join("word.txt"), "Say {{word}}").unwrap();
    window.click("Trust this file");
    read(&mut window);
    let session = window.harness.state_mut().session();
    assert!(session.importing().is_some_and(|import| import.trusted && matches!(import.read, Some(Ok(_)))));
}

#[test]
fn a_folder_that_holds_something_is_refused_and_nothing_is_lost() {
    let mut window = looking_at(CONFIG);
    let full = window.root.clone();
    window.send(Command::Import { into: strata::session::ImportInto::Folder(full), title: "Tea".to_owned() });
    window.until("the failure is told", |app| !app.session().notices().is_empty());
    let session = window.harness.state_mut().session();
    assert!(session.importing().is_some_and(|import| !import.writing && matches!(import.read, Some(Ok(_)))));
}

#[test]
fn a_trial_of_an_imported_project_tells_its_assertions() {
    let config = CONFIG.replace("      - { type: python, value: 'True' }\n", "");
    let mut window = looking_at(&config);
    import(&mut window);
    let session = window.harness.state_mut().session();
    let project = session.selection().project.clone().unwrap();
    let experiment = session.selection().experiment.clone().unwrap();
    let own = &session.project().unwrap().datasets.values().next().unwrap().source;
    let strata::domain::Source::Cases(cases) = own else { panic!("the tests are rows of the dataset") };
    assert!(matches!(cases[0].checks[1].kind, CheckKind::Set(_)));
    let root = window.root.clone();
    window.send(Command::CloseWorkspace);
    record(&root, &Wish { project: project.clone(), experiment, ..Wish::default() });
    window.send(Command::OpenWorkspace(root));
    window.until("the workspace is open", |app| app.session().workspace().is_some());
    window.send(Command::SelectProject(project));
    window.go(Route::Results);
    window.until("the run is read", |app| app.session().runs().board().is_some());
    let trial = strata::domain::TrialRef { case: 0, variant: 0, model: 0, repeat: 0 };
    window.send(Command::SelectTrial(Some(trial)));
    window.until_seen("assert-set");
    assert!(window.sees("Assertions") && window.sees("starts-with") && window.sees("Metrics"));
}
