//! Plots without a run says what it is for; with one it draws, leads to Results and saves files.

use strata::session::{Command, Route};

use crate::support::Window;

#[test]
fn without_a_run_plots_lead_to_the_experiment() {
    let mut window = Window::open();
    window.go(Route::Plots);
    window.click("Go to Experiment");
    assert_eq!(window.harness.state_mut().session().route(), Route::Experiment);
}

#[test]
fn an_experiment_that_was_not_run_leads_to_the_last_run_of_another() {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("quick".into()));
    window.until("a run is offered", |app| app.session().offer().is_some());
    window.send(Command::StartRun);
    window.until("the run is over and listed", |app| {
        app.session().runs().live().is_none() && !app.session().runs().recorded().is_empty()
    });
    window.send(Command::SelectExperiment("triage".into()));
    window.go(Route::Plots);
    window.until_seen("No run of this experiment");
    window.click("Show the last run");
    window.until_seen("Success rate");
}

#[test]
fn a_run_is_drawn_while_it_goes_and_saved_as_a_file() {
    let mut window = Window::open();
    window.send(Command::SelectExperiment("quick".into()));
    window.until("a run is offered", |app| app.session().offer().is_some());
    window.send(Command::StartRun);
    window.until("the run is over", |app| {
        let runs = app.session().runs();
        runs.live().is_none() && runs.board().is_some_and(|board| board.ended() == board.trials())
    });
    window.go(Route::Plots);
    window.until("the charts are made", |_| true);
    assert!(window.sees("Success rate") && window.sees("Cost per trial") && window.sees("Scripted, not a model"));
    window.click("Save Success rate");
    window.click("Save as: CSV");
    window.click("Save file");
    let folder = window.root.join("plots");
    window.until("the file is written", |_| folder.is_dir() && std::fs::read_dir(&folder).unwrap().count() == 1);
}
