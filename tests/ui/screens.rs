//! Every screen opens, and Home and Settings do what they say.

use strata::session::{Route, ThemeChoice};

use crate::support::Window;

#[test]
fn every_screen_opens_from_the_rail() {
    let mut window = Window::open();
    for route in Route::ALL {
        window.click(route.word());
        assert_eq!(window.harness.state_mut().session().route(), route);
    }
}

#[test]
fn without_a_workspace_only_home_and_settings_open() {
    let mut window = Window::new();
    for route in Route::ALL {
        window.go(route);
        let expect = if route.needs_workspace() { Route::Home } else { route };
        assert_eq!(window.harness.state_mut().session().route(), expect, "{route:?}");
        window.go(Route::Home);
    }
}

#[test]
fn home_shows_the_open_workspace_and_leads_to_its_project() {
    let mut window = Window::open();
    assert!(window.sees("Support triage"));
    window.click("Open project Ticket triage");
    assert_eq!(window.harness.state_mut().session().route(), Route::Build);
}

#[test]
fn a_folder_that_is_no_workspace_is_told_and_nothing_opens() {
    let mut window = Window::new();
    let nowhere = window.root.join("nowhere");
    window.send(strata::session::Command::OpenWorkspace(nowhere));
    window.until("the failure is told", |app| !app.session().notices().is_empty());
    assert!(window.harness.state_mut().session().workspace().is_none());
    assert!(!window.harness.state_mut().session().opening());
}

#[test]
fn settings_change_theme_and_text_size() {
    let mut window = Window::new();
    window.go(Route::Settings);
    window.click("Theme: Light");
    window.click("Text size: 125 %");
    let settings = window.harness.state_mut().session().settings();
    assert_eq!(settings.theme, ThemeChoice::Light);
    assert!((settings.text_scale - 1.25).abs() < 0.001);
}
