//! Experiment: ticks, checks, numbers, new ones, and the dry run.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use strata::domain::{CheckKind, Experiment, Policy};
use strata::session::{Command, Route};
use strata::store::preset;

use crate::support::Window;

fn open() -> Window {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("quick".into()));
    window.go(Route::Experiment);
    window.until("the estimate is there", |app| {
        let session = app.session();
        session.offer().is_some() && !session.is_forecasting()
    });
    window
}

/// Scrolls a control into sight and presses it.
fn press(window: &mut Window, name: &str) {
    window.harness.get_by_label(name).scroll_to_me();
    window.steps();
    window.steps();
    window.click(name);
}

/// Scrolls a guard's switch into sight and turns it.
fn switch(window: &mut Window, name: &str) {
    window.harness.get_by_role_and_label(Role::Switch, name).scroll_to_me();
    window.steps();
    window.steps();
    window.harness.get_by_role_and_label(Role::Switch, name).click();
    window.steps();
}

fn write(window: &mut Window, name: &str, text: &str) {
    window.harness.get_by_label(name).scroll_to_me();
    window.harness.get_by_label(name).focus();
    window.steps();
    window.harness.get_by_label(name).type_text(text);
    window.steps();
}

/// Types another name into a tier's line.
fn rename(window: &mut Window, tier: &str, to: &str) {
    let name = format!("Name of tier {tier}");
    window.harness.get_by_label(&name).scroll_to_me();
    window.harness.get_by_label(&name).focus();
    window.steps();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.steps();
    window.harness.get_by_label(&name).type_text(to);
    window.steps();
}

fn chosen(window: &mut Window) -> Experiment {
    (**window.harness.state_mut().session().experiment().unwrap()).clone()
}

#[test]
fn ticks_of_rows_and_columns_say_what_runs() {
    let mut window = open();
    let before = chosen(&mut window);
    window.click("Variant layered-lean");
    let after = chosen(&mut window);
    let has = |experiment: &Experiment| experiment.variants.iter().any(|id| id.as_str() == "layered-lean");
    assert_ne!(has(&before), has(&after));
    window.send(Command::Undo);
    assert_eq!(chosen(&mut window), before);
}

#[test]
fn a_pair_is_left_out_by_a_press_and_taken_in_by_another() {
    let mut window = open();
    let before = chosen(&mut window);
    let (variant, model) = (before.variants[0].clone(), before.models[0].clone());
    window.click(&format!("{variant} × {model} runs"));
    assert_eq!(chosen(&mut window).without, [(variant.clone(), model.clone())]);
    window.click(&format!("{variant} × {model} does not run"));
    assert_eq!(chosen(&mut window), before);
}

#[test]
fn a_check_is_added_by_its_kind_filled_in_and_deleted() {
    let mut window = open();
    let count = chosen(&mut window).checks.len();
    press(&mut window, "Add check");
    window.click("Add Starts with check");
    window.steps();
    let form = window.harness.get_by_label("Text").rect();
    assert!((56.0..768.0).contains(&form.center().y), "what was added is in sight: {form:?}");
    write(&mut window, "Text", "{\"category\"");
    let experiment = chosen(&mut window);
    let expect = CheckKind::StartsWith { value: "{\"category\"".to_owned(), ignore_case: false };
    assert_eq!(experiment.checks.last().map(|check| check.kind.clone()), Some(expect));
    press(&mut window, &format!("Delete check {}", count + 1));
    assert_eq!(chosen(&mut window).checks.len(), count);
}

#[test]
fn what_is_no_number_changes_nothing_and_is_told() {
    let mut window = open();
    let before = chosen(&mut window);
    write(&mut window, "Repeats of each", "x");
    assert_eq!(chosen(&mut window).repeats, before.repeats);
    assert!(window.sees("Not a whole number."));
}

#[test]
fn a_copy_is_made_under_a_name_of_its_own() {
    let mut window = open();
    let before = chosen(&mut window);
    window.click("Duplicate experiment");
    window.click("Create");
    window.steps();
    let selection = window.harness.state_mut().session().selection().experiment.clone().unwrap();
    assert_eq!(selection.as_str(), "quick-copy");
    assert_eq!(chosen(&mut window), before);
}

#[test]
fn a_check_at_an_end_of_the_list_moves_no_further() {
    let mut window = open();
    let last = chosen(&mut window).checks.len();
    let able = |window: &Window, name: &str| !window.harness.get_by_label(name).accesskit_node().is_disabled();
    assert!(!able(&window, "Move check 1 up") && able(&window, "Move check 1 down"));
    assert!(able(&window, &format!("Move check {last} up")) && !able(&window, &format!("Move check {last} down")));
}

#[test]
fn a_long_name_leaves_its_price_in_sight() {
    const LONG: &str = "a-model-whose-name-is-far-longer-than-the-side-of-the-screen-is-wide";
    let mut window = Window::prepared(|root| {
        for file in ["workspace.ron", "projects/triage/experiments/quick.ron"] {
            let path = root.join(file);
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, text.replacen("\"swift\"", &format!("{LONG:?}"), 1)).unwrap();
        }
    });
    window.send(Command::SelectExperiment("quick".into()));
    window.go(Route::Experiment);
    window.until("the estimate is there", |app| app.session().offer().is_some() && !app.session().is_forecasting());
    let name = window.harness.get_by_label(&format!("Share of {LONG}")).rect();
    let row =
        |node: &egui_kittest::Node<'_>| node.rect().bottom() <= name.top() && node.rect().bottom() > name.top() - 30.0;
    let prices: Vec<_> = window.harness.query_all_by_label_contains("$").filter(row).collect();
    assert_eq!(prices.len(), 1);
    assert!(prices[0].rect().right() <= name.right() + 1.0, "{:?} {name:?}", prices[0].rect());
}

#[test]
fn a_dry_run_shows_requests_and_sends_nothing() {
    let mut window = open();
    window.click("Dry run");
    assert!(window.sees("Nothing is sent"));
    assert!(window.sees("parameters"));
    window.click("Close the dry run");
    assert!(!window.sees("Nothing is sent"));
    assert!(window.harness.state_mut().session().runs().live().is_none());
}

#[test]
fn what_is_wrong_is_told_and_leads_to_its_check() {
    let mut window = open();
    press(&mut window, "Add check");
    window.click("Add Regex check");
    write(&mut window, "Pattern", "(");
    window.until("the problem is told", |app| {
        let session = app.session();
        !session.is_forecasting() && session.forecast().is_some_and(|forecast| forecast.outcome.is_err())
    });
    assert!(window.sees("It cannot run before these are mended:"));
}

#[test]
fn a_budget_below_the_estimate_is_told_beside_it() {
    let mut window = open();
    assert!(!window.sees_part(", the budget "));
    window.harness.get_by_label("Stop at (USD)").scroll_to_me();
    window.harness.get_by_label("Stop at (USD)").focus();
    window.steps();
    window.harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.harness.get_by_label("Stop at (USD)").type_text("0.0001");
    window.steps();
    window.until("the estimate is made again", |app| {
        let session = app.session();
        let ready = session.forecast().and_then(|forecast| forecast.outcome.as_ref().ok());
        !session.is_forecasting() && ready.is_some_and(|ready| ready.shortfall.is_some())
    });
    assert!(window.sees_part(", the budget $0.00010"));
}

#[test]
fn the_policy_is_set_guard_by_guard_or_by_a_preset_that_keeps_the_route() {
    let mut window = open();
    assert!(!window.sees_part("Strategy 1: "));
    switch(&mut window, "Repair");
    let policy = chosen(&mut window).policy.unwrap();
    assert!(policy.repair.on && policy.retry.retries == 4, "it starts from the workspace's policy");
    let first = policy.repair.strategies[0].words();
    assert!(window.sees(&format!("Strategy 1: {first}")));
    press(&mut window, "Add stand-in: sage");
    let fallback = chosen(&mut window).policy.unwrap().fallback;
    assert_eq!(fallback.models.iter().map(|stand_in| stand_in.model.as_str()).collect::<Vec<_>>(), ["sage"]);
    press(&mut window, "Preset of the policy: strict");
    let strict = Policy { fallback, ..preset("strict").unwrap().clone() };
    assert_eq!(chosen(&mut window).policy, Some(strict));
    press(&mut window, "Use the workspace's");
    assert_eq!(chosen(&mut window).policy, None);
}

#[test]
fn a_list_at_the_end_of_a_row_is_not_cut() {
    let mut window = open();
    press(&mut window, "Similar questions: Audit");
    let list = window.harness.get_by_role_and_label(Role::ComboBox, "Vectors by").rect();
    assert!(list.width() > 180.0, "{list:?}");
}

#[test]
fn a_page_is_not_where_another_was_scrolled_to() {
    let mut window = open();
    window.harness.get_by_role_and_label(Role::Switch, "Confidence filter").scroll_to_me();
    window.steps();
    window.steps();
    assert!(window.harness.get_by_label("Checks").rect().top() < 0.0);
    window.go(Route::Settings);
    let theme = window.harness.get_by_label("Theme: Light").rect();
    assert!((56.0..768.0).contains(&theme.top()), "{theme:?}");
}

#[test]
fn limits_of_users_are_a_table_of_tiers() {
    let mut window = open();
    switch(&mut window, "Per-user limits");
    let users = |window: &mut Window| chosen(window).policy.unwrap().users;
    assert!(users(&mut window).on);
    write(&mut window, "free: requests a minute", "5");
    assert!(users(&mut window).tiers["free"].requests_per_minute > 10, "what is typed stands behind what was there");
    write(&mut window, "Column of the user", "customer");
    assert_eq!(users(&mut window).columns.user.as_deref(), Some("customer"));
    rename(&mut window, "pro", "free");
    assert!(window.sees("Another tier has this name.") && users(&mut window).tiers.contains_key("pro"));
    rename(&mut window, "pro", "pro");
    assert!(!window.sees("Another tier has this name."));
    press(&mut window, "Add tier");
    assert!(users(&mut window).tiers.contains_key("tier"));
    press(&mut window, "Delete tier tier");
    // The next edit is a step of its own, however soon it follows.
    window.send(Command::Undo);
    window.send(Command::Redo);
    press(&mut window, "Delete tier enterprise");
    assert_eq!(users(&mut window).tiers.keys().collect::<Vec<_>>(), ["free", "pro"]);
    window.send(Command::Undo);
    assert!(users(&mut window).tiers.contains_key("enterprise"));
}

#[test]
fn how_good_a_guard_is_stands_beside_it_with_what_it_got_wrong() {
    let mut window = open();
    assert!(!window.sees_part("Held out (not tuned on)"));
    switch(&mut window, "Input sanitising");
    window.until("the guards are measured", |app| app.session().guardrails().is_some());
    assert!(window.sees_part("Held out (not tuned on), "));
    let misses = window.harness.get_by_label_contains("texts were not told right");
    misses.scroll_to_me();
    window.steps();
    window.harness.get_by_label_contains("texts were not told right").click();
    window.steps();
    window.steps();
    assert!(window.sees_part("nothing found"), "an attack that was not seen");
}
