//! Nothing is sent, and no key is read, before the user has agreed to exactly that; and keys stay where they are.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use crate::desk::{CANARY, Desk, KEY, Loopback, files_below, slow_server, wait_until};
use crate::support::{Misdeed, Plan, Server};

#[test]
fn an_untrusted_workspace_sends_nothing() {
    let server = slow_server(Duration::ZERO);
    let desk = Desk::loopback(&server.url(), &Loopback::default());
    insta::assert_snapshot!(desk.strata(&["run", "w"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: This workspace is not trusted to do what the run needs:
    send prompts and cases to http://[server], with the key from environment variable LOOPBACK_KEY
    See and grant it with: strata trust w
    ");
    insta::assert_snapshot!(desk.strata(&["trust", "w"]).told(&desk), @r"
    exit 0
    This workspace asks to:
      · send prompts and cases to http://[server], with the key from environment variable LOOPBACK_KEY
    It is not granted. Answer on a terminal, or write a trust file with --write for `run --trust-file`.
    ");
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_trust_file_grants_what_it_names_and_nothing_after_a_pull() {
    let server = slow_server(Duration::ZERO);
    let other = slow_server(Duration::ZERO);
    let desk = Desk::loopback(&server.url(), &Loopback::default());
    insta::assert_snapshot!(desk.strata(&["trust", "w", "--write", "trust.ron"]).told(&desk), @r"
    exit 0
    This workspace asks to:
      · send prompts and cases to http://[server], with the key from environment variable LOOPBACK_KEY
    Written to trust.ron. Whoever runs with --trust-file and this file grants exactly this.
    ");
    assert_eq!(desk.run(&["--limit", "1"]).code, Some(0));
    assert_eq!(server.requests(), 1);
    desk.edit("workspace.ron", &server.url(), &other.url());
    insta::assert_snapshot!(desk.run(&["--no-cache"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: This workspace is not trusted to do what the run needs:
    send prompts and cases to http://[server], with the key from environment variable LOOPBACK_KEY
    trust.ron was written for something else. Look at what is asked, and write it anew: strata trust w --write trust.ron
    ");
    assert_eq!((server.requests(), other.requests()), (1, 0));
    insta::assert_snapshot!(desk.strata(&["run", "w", "--trust-file", "none.ron"]).told(&desk), @r"
    exit 2
    --- stderr
    strata: none.ron: error: The file cannot be read: it is not there. Write one with `strata trust`.
    ");
    fs::write(desk.path().join("trust.ron"), "(hash: 12").unwrap();
    insta::assert_snapshot!(desk.run(&[]).told(&desk), @r"
    exit 2
    --- stderr
    strata: trust.ron:1:10: error: The file ends before the bracket of line 1, column 1 is closed. Add `)`, or look whether the file was cut off.
    ");
}

/// An experiment like `words`, with a script as a check.
fn scripted(desk: &Desk, code: &str) {
    let words = fs::read_to_string(desk.workspace().join("projects/p/experiments/words.ron")).unwrap();
    let check = format!("checks: [(kind: Assertion(kind: Javascript, value: \"{code}\")), ");
    desk.write("projects/p/experiments/scripted.ron", &words.replace("checks: [", &check));
}

#[test]
fn a_script_needs_a_grant_of_its_own_text_and_holds_up_no_other_experiment() {
    let desk = Desk::quick(&["tea", "no"]);
    scripted(&desk, "output.length > 1");
    let asked = "run the JavaScript of the experiment `p/scripted` in a sandbox without files and network (1 script: ";
    let untrusted = |experiment: &str| desk.strata(&["run", "w", "--experiment", experiment, "--no-cache"]);
    assert_eq!(untrusted("words").code, Some(0), "{}", untrusted("words").err);
    let refused = untrusted("scripted");
    assert!(refused.code == Some(2) && refused.err.contains(asked), "{}", refused.err);
    desk.trust();
    let run = |experiment: &str| desk.run(&["--experiment", experiment, "--no-cache"]);
    assert_eq!(run("scripted").code, Some(0), "{}", run("scripted").err);
    // A pull brings another text.
    scripted(&desk, "true");
    assert_eq!(run("scripted").code, Some(2));
    assert_eq!(run("words").code, Some(0), "{}", run("words").err);
}

#[test]
fn a_run_whose_script_was_changed_says_that_it_cannot_go_on_and_goes_on_when_it_is_put_back() {
    let server = slow_server(Duration::from_millis(20));
    let desk = Desk::loopback(&server.url(), &Loopback { cases: 12, concurrency: 1, ..Loopback::default() });
    scripted(&desk, "output.length > 1");
    desk.trust();
    let mut running = desk.start(&["--experiment", "scripted"]);
    wait_until("some are asked", || server.requests() >= 3 || running.is_over());
    running.signal("INT");
    assert_eq!(running.end().code, Some(130));
    let before = server.requests();
    scripted(&desk, "output.length > 2");
    desk.trust();
    let resume = || desk.run(&["--experiment", "scripted", "--resume"]);
    let refused = resume();
    let said = "The JavaScript of the experiment `p/scripted` was changed since the run began";
    assert!(refused.code == Some(2) && refused.err.contains(said), "{}", refused.err);
    assert!(refused.err.contains("Start a new run") && !refused.err.contains("strata trust"), "{}", refused.err);
    assert_eq!(server.requests(), before);
    scripted(&desk, "output.length > 1");
    desk.trust();
    assert_eq!(resume().code, Some(0));
    assert_eq!(server.requests(), 12);
}

#[test]
fn a_request_of_ones_own_needs_a_grant_of_its_own_description() {
    let server = slow_server(Duration::ZERO);
    let desk = Desk::loopback(&server.url(), &Loopback::default());
    let http =
        "api: Http(body: Json({\"messages\": \"{{messages}}\"}), answer: Pointer(\"/choices/0/message/content\"))";
    desk.edit("workspace.ron", "api: OpenAi", http);
    desk.edit("workspace.ron", "/v1\"", "/v1/chat/completions\"");
    desk.trust();
    let ran = desk.run(&["--limit", "1"]);
    assert_eq!((ran.code, server.requests()), (Some(0), 1), "{}", ran.err);
    desk.edit("workspace.ron", "\"{{messages}}\"", "\"{{messages}}\", \"more\": true");
    let ran = desk.run(&["--no-cache"]);
    assert_eq!((ran.code, server.requests()), (Some(2), 1), "{}", ran.err);
    assert!(ran.err.contains("by the workspace's own POST request ("), "{}", ran.err);
}

/// CI writes the file for whatever the workspace asks, and runs under it.
#[test]
fn where_nothing_is_asked_a_trust_file_is_written_and_grants_nothing() {
    let desk = Desk::quick(&["tea"]);
    insta::assert_snapshot!(desk.strata(&["trust", "w", "--write", "trust.ron"]).told(&desk), @r"
    exit 0
    This workspace reaches nothing outside its folder.
    Written to trust.ron. Whoever runs with --trust-file and this file grants nothing, as nothing is asked.
    ");
    let ran = desk.run(&[]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    // A pull that asks for something is not granted by it.
    let asking = "providers: {\"away\": (api: OpenAi, base_url: \"http://127.0.0.1:9/v1\"), ";
    desk.edit("workspace.ron", "providers: {", asking);
    desk.edit("workspace.ron", "(provider: \"desk\"", "(provider: \"away\"");
    let ran = desk.run(&["--no-cache"]);
    assert!(ran.code == Some(2) && ran.err.contains("not trusted"), "{}", ran.err);
}

#[test]
fn a_trust_file_cannot_be_written_just_anywhere() {
    let desk = Desk::loopback("http://127.0.0.1:9", &Loopback::default());
    insta::assert_snapshot!(desk.strata(&["trust", "w", "--write", "/proc/trust.ron"]).told(&desk), @r"
    exit 2
    This workspace asks to:
      · send prompts and cases to http://[server], with the key from environment variable LOOPBACK_KEY
    --- stderr
    strata: /proc/trust.ron cannot be written: No such file or directory (os error 2).
    ");
}

#[test]
fn a_pipe_is_nobody_to_ask() {
    let server = slow_server(Duration::ZERO);
    let desk = Desk::loopback(&server.url(), &Loopback::default());
    let mut child = desk.command(&["trust", "w"]).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"y\ny\ny\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(desk.strata(&["run", "w"]).code, Some(2));
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_key_that_is_not_set_is_missed_before_anything_is_sent() {
    let server = slow_server(Duration::ZERO);
    let desk = Desk::loopback(&server.url(), &Loopback::default());
    desk.trust();
    for value in [None, Some(""), Some("  ")] {
        let mut command = desk.command(&["run", "w", "--trust-file", "trust.ron"]);
        match value {
            None => command.env_remove(KEY),
            Some(value) => command.env(KEY, value),
        };
        let ran = command.output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!((ran.status.code(), server.requests()), (Some(2), 0), "{said}");
        assert!(said.contains(&format!("The environment variable {KEY} is ")), "{said}");
    }
    assert!(desk.records().runs().unwrap().is_empty());
}

#[test]
fn a_wrong_key_costs_one_call_and_is_named_but_never_shown() {
    // The worst server there is: it says the key in its answer.
    let server = Server::start(Plan { keep: true, ..Plan::always(Misdeed::EchoKey(401)) });
    let desk = Desk::loopback(&server.url(), &Loopback { cases: 200, concurrency: 1, ..Loopback::default() });
    desk.trust();
    let ran = desk.run(&["--format", "json"]);
    assert_eq!((ran.code, server.requests()), (Some(3), 1), "{}", ran.err);
    assert!(ran.err.contains(&format!("environment variable {KEY}")), "{}", ran.err);
    assert!(ran.err.contains("loop is stopped") && ran.err.contains("200 trials are left."), "{}", ran.err);
    assert_eq!(server.seen()[0].header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    no_canary(&desk, &[ran.out, ran.err]);
    // With more in flight, the others that had left are not tried again either.
    let ran = desk.run(&["--resume", "-j", "8"]);
    assert!(ran.code == Some(3) && server.requests() <= 9, "{} calls: {}", server.requests(), ran.err);
    no_canary(&desk, &[ran.out, ran.err]);
}

#[test]
fn a_key_that_comes_back_in_answers_and_errors_is_kept_nowhere() {
    for status in [200, 400, 500] {
        let server = Server::start(Plan::always(Misdeed::EchoKey(status)));
        let desk = Desk::loopback(&server.url(), &Loopback::default());
        desk.trust();
        for format in ["json", "csv", "junit", "md", "table"] {
            let ran = desk.run(&["--format", format, "--no-cache"]);
            no_canary(&desk, &[ran.out, ran.err]);
        }
    }
}

/// Scans what was printed, and every byte of the workspace and of the home.
fn no_canary(desk: &Desk, printed: &[String]) {
    assert!(printed.iter().all(|text| !text.contains(CANARY)), "the key was printed: {printed:?}");
    let canary = regex::bytes::Regex::new(CANARY).unwrap();
    for file in files_below(desk.path()) {
        let bytes = fs::read(&file).unwrap();
        assert!(!canary.is_match(&bytes), "the key is in {}", file.display());
    }
}
