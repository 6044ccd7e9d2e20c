//! Signals: the first lets calls end, the second drops them; a resume does what is left.

use std::time::{Duration, Instant};

use strata::domain::RunState;

use crate::desk::{Desk, Loopback, asked, slow_server, wait_until};

#[test]
fn one_signal_ends_the_run_when_its_calls_have_ended() {
    for signal in ["INT", "TERM"] {
        let server = slow_server(Duration::from_millis(300));
        let desk = Desk::loopback(&server.url(), &Loopback { cases: 30, ..Loopback::default() });
        desk.trust();
        let mut running = desk.start(&[]);
        wait_until("calls are under way", || server.requests() >= 8);
        running.signal(signal);
        let at_the_signal = server.requests();
        let ran = running.end();
        assert_eq!(ran.code, Some(130), "{signal}: {}", ran.err);
        // What had left when the signal came may arrive; nothing more does.
        assert!(server.requests() <= at_the_signal + 4, "{signal}: {} after {at_the_signal}", server.requests());
        let run = desk.only_run();
        assert_eq!((run.state, run.ended(), run.ambiguous), (RunState::Cancelled, server.requests(), 0), "{signal}");
        assert!(ran.err.contains("Stopping: ") && ran.err.contains("Go on with --resume."), "{}", ran.err);

        let ran = desk.run(&["--resume"]);
        assert_eq!(ran.code, Some(0), "{signal}: {}", ran.err);
        assert!(ran.err.contains(&format!("{} trials kept", run.ended())), "{}", ran.err);
        assert!(asked(&server).len() == 30 && asked(&server).values().all(|times| *times == 1), "{signal}");
    }
}

#[test]
fn two_signals_drop_the_calls_at_once() {
    let server = slow_server(Duration::from_mins(10));
    let desk = Desk::loopback(&server.url(), &Loopback { cases: 30, ..Loopback::default() });
    desk.trust();
    let mut running = desk.start(&[]);
    wait_until("calls are under way", || server.requests() == 4);
    running.signal("INT");
    // A second signal of the same kind that comes before the first is heard is the same signal.
    std::thread::sleep(Duration::from_millis(300));
    assert!(!running.is_over(), "calls in flight may end");
    running.signal("INT");
    let began = Instant::now();
    let ran = running.end();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(ran.code, Some(130));
    let run = desk.only_run();
    assert_eq!((run.state, run.ended(), server.requests()), (RunState::Cancelled, 0, 4));
    let resume = desk.records().resume(&run.header.id).unwrap();
    assert_eq!(resume.ambiguous, 4);
    assert!(resume.spent.dollars() > 0.0, "calls that may be billed stand with their reservation");
}
