//! What `--resume` goes on with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use strata::domain::Usd;

use crate::desk::{Desk, Loopback, asked, marker, slow_server, wait_until};
use crate::support::server::Seen;
use crate::support::{Misdeed, Plan, Server};

#[test]
fn a_run_goes_on_as_it_was_asked_for() {
    let server = slow_server(Duration::from_millis(20));
    let desk = Desk::loopback(&server.url(), &Loopback { cases: 50, concurrency: 1, ..Loopback::default() });
    desk.trust();
    let mut running = desk.start(&["--limit", "6", "--repeat", "2", "--budget", "0.5"]);
    wait_until("some are asked", || server.requests() >= 3 || running.is_over());
    running.kill();
    let listed = desk.strata(&["runs", "w"]).out;
    assert!(listed.contains(" interrupted "), "{listed}");
    assert_eq!(desk.run(&["--resume"]).code, Some(0));
    let run = desk.only_run();
    assert_eq!((run.ended(), run.header.cases, run.header.repeats, asked(&server).len()), (12, 6, 2, 6));
    assert_eq!(run.header.definition.budget.hard, Usd::from_dollars(0.5));
}

#[test]
fn a_complete_run_is_shown_again_and_none_at_all_begins() {
    let desk = Desk::quick(&["tea", "no"]);
    let first = desk.strata(&["run", "w", "--resume"]);
    insta::assert_snapshot!(first.told(&desk), @r"
    exit 0
    Run [run] of words in p: completed
    words, 2 cases, 2 trials, $0.000028 spent

    Variant  Model  Pass rate  Passed  Unscored  Errored  Mean cost  p50  p95  Gate
    plain  clerk*  50.0 % (9.5–90.5)  1/2  0  0  $0.000014  [ms]  [ms]  passes

    * scripted, not a model
    --- stderr
    strata: No run of `words` is on record: a new one begins.
    2 trials ≈ $0.00042 ($0.00027 to $0.00042)
    ");
    insta::assert_snapshot!(desk.strata(&["run", "w", "--resume"]).told(&desk), @r"
    exit 0
    Run [run] of words in p: completed
    words, 2 cases, 2 trials, $0.000028 spent

    Variant  Model  Pass rate  Passed  Unscored  Errored  Mean cost  p50  p95  Gate
    plain  clerk*  50.0 % (9.5–90.5)  1/2  0  0  $0.000014  [ms]  [ms]  passes

    * scripted, not a model
    --- stderr
    strata: Run [run] is complete; nothing is left to do.
    ");
    insta::assert_snapshot!(desk.strata(&["run", "w", "--resume", "--limit", "3"]).told(&desk), @r"
    exit 2
    --- stderr
    error: the argument '--resume' cannot be used with '--limit <N>'

    Usage: strata run --resume <WORKSPACE>

    For more information, try '--help'.
    ");
}

#[test]
fn a_run_that_asks_everything_anew_does_so_to_its_end() {
    let server = slow_server(Duration::from_millis(20));
    let desk = Desk::loopback(&server.url(), &Loopback { cases: 12, concurrency: 1, ..Loopback::default() });
    desk.trust();
    assert_eq!(desk.run(&[]).code, Some(0));
    let mut running = desk.start(&["--no-cache"]);
    wait_until("some are asked again", || server.requests() >= 15 || running.is_over());
    running.signal("INT");
    assert_eq!(running.end().code, Some(130));
    assert_eq!(desk.run(&["--resume"]).code, Some(0));
    assert!(asked(&server).values().all(|times| *times == 2), "{:?}", asked(&server));
}

#[test]
fn errored_trials_are_tried_again_and_others_are_not() {
    // Of each call, the first two attempts fail for one case.
    let server = Server::start(Plan {
        keep: true,
        misdeed: Some(Arc::new(|seen| {
            let troubled = String::from_utf8_lossy(&seen.body).contains("question-00001.");
            (troubled && seen.nth < 2).then(|| Misdeed::status(503))
        })),
        ..Plan::default()
    });
    let desk = Desk::loopback(&server.url(), &Loopback::default());
    desk.trust();
    let ran = desk.run(&[]);
    insta::assert_snapshot!(ran.told(&desk), @r"
    exit 3
    Run [run] of words in p: completed
    words, 4 cases, 4 trials, $0.000078 spent

    Variant  Model  Pass rate  Passed  Unscored  Errored  Mean cost  p50  p95  Gate
    plain  m  100.0 % (43.9–100.0)  3/3  0  1  $0.000026  [ms]  [ms]  passes
    --- stderr
    4 trials ≈ $0.00044
    strata: case-1 errored: The provider answered 503: It did not work.
    strata: 1 trial errored. Try again with --resume.
    ");
    assert_eq!(desk.run(&["--resume"]).code, Some(0));
    assert_eq!((asked(&server)[&1], server.requests()), (3, 6));
}

#[test]
fn only_what_changed_runs_again() {
    let server = slow_server(Duration::from_millis(20));
    let desk = Desk::loopback(&server.url(), &Loopback { cases: 10, concurrency: 1, ..Loopback::default() });
    desk.trust();
    let mut running = desk.start(&[]);
    wait_until("some are asked", || server.requests() >= 5 || running.is_over());
    running.signal("INT");
    assert_eq!(running.end().code, Some(130));
    let kept = desk.only_run().ended();
    let answered = *asked(&server).keys().next().unwrap();
    // A row in front of the others, and one of those that were answered is another now.
    let rows = std::fs::read_to_string(desk.workspace().join("projects/p/datasets/words.csv")).unwrap();
    let rows = rows.replace("case-0,", "new,question-00077.\ncase-0,").replace(&marker(answered), "question-00088.");
    desk.write("projects/p/datasets/words.csv", &rows);
    let ran = desk.run(&["--resume"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains(&format!("{} trials kept, {} to run", kept - 1, 11 - (kept - 1))), "{}", ran.err);
    assert!(asked(&server).values().all(|times| *times == 1));
    assert_eq!(desk.only_run().ended(), 11);
}

#[test]
fn a_provider_that_does_not_get_well_ends_the_run_and_its_trials_are_left() {
    let down = Arc::new(AtomicBool::new(true));
    let is_down = down.clone();
    let misdeed = move |_: &Seen| is_down.load(Ordering::SeqCst).then(|| Misdeed::status(500));
    let server = Server::start(Plan { misdeed: Some(Arc::new(misdeed)), ..Plan::default() });
    let knobs =
        Loopback { cases: 12, concurrency: 1, retry: "retries: 9, base_ms: 1, cap_ms: 2", ..Loopback::default() };
    let desk = Desk::loopback(&server.url(), &knobs);
    desk.edit("workspace.ron", "policy: (", "policy: (breaker: (on: true, open_ms: 100, open_cap_ms: 100), ");
    desk.trust();
    let ran = desk.run(&["--patience", "1s"]);
    assert_eq!(ran.code, Some(3), "{}{}", ran.out, ran.err);
    let who = format!("loopback-1 at loop ({})", server.url());
    let time = regex::Regex::new(r"out of health for \d+(\.\d)? s and").unwrap();
    assert!(time.is_match(&ran.err), "{}", ran.err);
    assert!(ran.err.contains(&who) && ran.err.contains("12 trials are left. Go on with --resume."), "{}", ran.err);
    down.store(false, Ordering::SeqCst);
    let ran = desk.run(&["--resume"]);
    assert_eq!((ran.code, desk.only_run().ended()), (Some(0), 12), "{}{}", ran.out, ran.err);
}
