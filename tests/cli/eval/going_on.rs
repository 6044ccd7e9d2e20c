//! An evaluation that was cut off goes on; and only a part of it is run where a part is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::{INLINE, asking, eval, json, with_config};
use crate::desk::{Desk, Running, asked, slow_server, wait_until};
use crate::support::{Misdeed, Plan, Server};

#[test]
fn what_was_answered_before_a_kill_is_not_asked_again() {
    let server = slow_server(Duration::from_millis(20));
    let desk = with_config(&asking(&server, 24, 2));
    let mut running = start(&desk);
    wait_until("some are asked", || server.requests() >= 7 || running.is_over());
    running.kill();
    wait_until("the connections are closed", || server.open_connections() == 0);
    let before = asked(&server);
    assert!(before.len() < 24);
    let ran = eval(&desk, &["--resume", "-o", "out.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains(" trials kept, "), "{}", ran.err);
    all_rows(&desk, 24);
    // A call that was open at the kill may have to be asked again, and no other: two may be open at once.
    let twice = asked(&server).values().filter(|times| **times > 1).count();
    assert!(twice <= 2, "{:?}", asked(&server));
    assert!(asked(&server).len() == 24 && server.requests() <= 26);
}

#[test]
fn what_was_answered_before_an_interrupt_is_not_asked_again() {
    let server = slow_server(Duration::from_millis(20));
    let desk = with_config(&asking(&server, 24, 2));
    let mut running = start(&desk);
    wait_until("some are asked", || server.requests() >= 5 || running.is_over());
    running.signal("INT");
    let ran = running.end();
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    assert!(asked(&server).len() < 24);
    let ran = eval(&desk, &["--resume", "--no-cache", "-o", "out.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    all_rows(&desk, 24);
    assert!(asked(&server).values().all(|times| *times == 1), "{:?}", asked(&server));
}

#[test]
fn what_an_interrupt_leaves_is_told_and_a_whole_run_is_not_opened_again() {
    let server = slow_server(Duration::from_millis(20));
    let config = asking(&server, 24, 2);
    let desk = with_config(&config);
    let mut running = start(&desk);
    wait_until("some are asked", || server.requests() >= 5 || running.is_over());
    running.signal("INT");
    let ran = running.end();
    assert!(ran.err.contains(" left. Go on with --resume."), "{}", ran.err);
    assert_eq!(eval(&desk, &["--resume"]).code, Some(0));
    let before = server.requests();
    let ran = eval(&desk, &["--resume", "-o", "out.json"]);
    assert_eq!((ran.code, server.requests()), (Some(0), before), "{}", ran.err);
    assert!(ran.err.contains(" is complete; nothing is left to do."), "{}", ran.err);
    all_rows(&desk, 24);
    // Another test is another evaluation.
    super::put(&desk, "promptfooconfig.yaml", &asking(&server, 2, 2));
    let ran = eval(&desk, &["--resume", "-o", "out.json"]);
    assert!(ran.code == Some(0) && ran.err.contains("The config has changed since run "), "{}", ran.err);
    all_rows(&desk, 2);
}

/// The same tests and columns, by their names: what is asked is another thing all the same.
#[test]
fn a_whole_run_has_no_verdicts_for_another_prompt_or_setting() {
    let server = slow_server(Duration::ZERO);
    let labelled = asking(&server, 3, 2)
        .replace("prompts: ['Answer {{ question }}']", "prompts: [{label: ask, raw: 'Answer {{ question }}'}]");
    let desk = with_config(&labelled);
    assert_eq!(eval(&desk, &["-o", "out.json"]).code, Some(0));
    let asked_again = |text: &str, calls: u64| {
        super::put(&desk, "promptfooconfig.yaml", text);
        let before = server.requests();
        let ran = eval(&desk, &["--resume", "-o", "out.json"]);
        assert_eq!((ran.code, server.requests() - before), (Some(0), calls), "{}", ran.err);
        all_rows(&desk, 3);
        ran
    };
    assert!(asked_again(&labelled, 0).err.contains(" is complete; nothing is left to do."));
    let other = labelled.replace("Answer {{", "Answer me {{");
    let ran = asked_again(&other, 3);
    assert!(ran.err.contains(" goes on: 0 trials kept, 3 to run"), "{}", ran.err);
    let warmer = other.replace("config: {", "config: {temperature: 0.7, ");
    asked_again(&warmer, 3);
    assert!(asked_again(&warmer, 0).err.contains(" is complete; nothing is left to do."));
    // The answers are the same, and what is judged is not.
    let shouted = warmer.replace("    config: {", "    transform: output + '!'\n    config: {");
    super::put(&desk, "promptfooconfig.yaml", &shouted);
    let ran = eval(&desk, &["--resume", "--trust", "-o", "out.json"]);
    assert!(ran.err.contains(" goes on: 0 trials kept, 3 to run"), "{}", ran.err);
}

#[test]
fn an_evaluation_that_cannot_begin_says_so_in_its_results() {
    let told = |text: &str, arguments: &[&str], words: &str| {
        let desk = with_config(text);
        std::fs::write(desk.path().join("outside.txt"), "x").unwrap();
        std::fs::write(desk.path().join("out.json"), "{\"results\": [\"old\"]}").unwrap();
        let ran = eval(&desk, &[&["-o", "out.json"], arguments].concat());
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        let results = json(&desk.path().join("out.json"));
        assert!(results["load_error"].as_str().unwrap().contains(words), "{results}");
        assert_eq!(results["results"], serde_json::json!([]));
        assert!(ran.err.contains(words), "{}", ran.err);
    };
    told("prompts: [file://../outside.txt]\nproviders: [echo]\n", &[], "needs trust");
    told("prompts: [a]\nproviders: ['openai:chat:gpt-5']\n", &[], "needs trust");
    told("prompts: [a]\nproviders: ['openai:chat:gpt-5']\n", &["--trust"], "OPENAI_API_KEY");
    told(WORDS, &["--filter", "nothing like it"], "No case takes part");
    told(WORDS, &["--provider", "third"], "no provider `third`");
}

#[test]
fn without_an_earlier_run_there_is_a_new_one() {
    let desk = with_config("prompts: ['{{x}}']\nproviders: [echo]\ntests: [{vars: {x: a}}]\n");
    let ran = eval(&desk, &["--resume", "-o", "out.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("No run of this config is on record: a new one begins."), "{}", ran.err);
}

fn start(desk: &Desk) -> Running {
    Running::of(desk.command(&["eval", "c", "-o", "out.json"]))
}

fn all_rows(desk: &Desk, count: usize) {
    let results = json(&desk.path().join("out.json"));
    let rows = results["results"].as_array().unwrap();
    assert!(rows.iter().zip(0..).all(|(row, index)| row["testIdx"] == index && row["pass"] == true), "{results}");
    assert_eq!(rows.len(), count);
}

const WORDS: &str = "prompts: ['{{w}}', 'the {{w}}']
providers: [echo, {id: echo, label: second}]
tests:
  - {description: A hot drink, vars: {w: tea}}
  - {vars: {w: coffee}}
  - {vars: {w: iced TEA}}
  - {vars: {w: water}}
";

#[test]
fn a_part_keeps_the_numbers_of_the_whole() {
    let desk = with_config(WORDS);
    let keys = |arguments: &[&str]| {
        let ran = eval(&desk, &[&["-o", "out.json"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let rows = json(&desk.path().join("out.json"))["results"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| (row["testIdx"].as_u64().unwrap(), row["promptIdx"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&["--filter", "tea"]), [0, 2].map(|test| [0, 1, 2, 3].map(|column| (test, column))).concat());
    assert_eq!(keys(&["--filter", "hot", "--provider", "second"]), [(0, 2), (0, 3)]);
    assert_eq!(keys(&["--limit", "1"]), [(0, 0), (0, 1), (0, 2), (0, 3)]);
    assert_eq!(keys(&["--filter", "TEA", "--limit", "2", "--provider", "second"]), [(0, 2), (0, 3), (2, 2), (2, 3)]);
    assert_eq!(keys(&[]).len(), 16);
    for (arguments, why) in
        [(["--filter", "nothing like it"], "No case takes part"), (["--provider", "third"], "no provider `third`")]
    {
        let ran = eval(&desk, &arguments);
        assert!(ran.code == Some(2) && ran.err.contains(why), "{}", ran.err);
    }
}

#[test]
fn no_more_calls_are_in_flight_than_asked_for() {
    let server = slow_server(Duration::from_millis(5));
    let desk = with_config(&asking(&server, 12, 6));
    assert_eq!(eval(&desk, &["-j", "1"]).code, Some(0));
    assert_eq!((server.requests(), server.connections()), (12, 1));
}

/// Each trial sees the answer of the one before it, so that all are run again when the evaluation goes on.
#[test]
fn a_conversation_that_was_cut_off_pays_for_no_answer_twice_without_a_cache() {
    let server = slow_server(Duration::from_millis(20));
    let config = asking(&server, 12, 1).replace("  - vars:", "  - options: {storeOutputAs: last}\n    vars:");
    let desk = with_config(&config.replace("Answer {{ question }}", "Answer {{ question }} {{ last }}"));
    let mut running = Running::of(desk.command(&["eval", "c", "-o", "out.json", "--no-cache"]));
    wait_until("some are asked", || server.requests() >= 5 || running.is_over());
    running.signal("INT");
    assert_eq!(running.end().code, Some(130));
    assert!((5..12).contains(&asked(&server).len()));
    let ran = eval(&desk, &["--resume", "--no-cache", "-o", "out.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    all_rows(&desk, 12);
    assert!(asked(&server).values().all(|times| *times == 1), "{:?}", asked(&server));
    let second = server.seen().into_iter().map(|seen| String::from_utf8(seen.body).unwrap()).nth(1).unwrap();
    assert!(second.contains("Four is the answer"), "{second}");
}

/// Two servers whose answers are compared by this assertion.
fn compared(first: &Server, second: &Server, by: &str) -> String {
    let provider = |label: &str, server: &Server| {
        format!(
            "  - {{id: 'openai:chat:loopback-1', label: {label}, config: {{apiBaseUrl: '{}/v1', apiKey: {INLINE}}}}}\n",
            server.url()
        )
    };
    let test = |case| format!("  - vars: {{question: '{}'}}\n", crate::desk::marker(case));
    let tests = (0..6).map(test).collect::<Vec<_>>().concat();
    format!(
        "prompts: ['Answer {{{{ question }}}}']\nproviders:\n{}{}defaultTest:\n  \
         assert: [{{type: contains, value: Four}}, {by}]\ntests:\n{tests}",
        provider("first", first),
        provider("second", second)
    )
}

/// A server that refuses its key as long as it is told to, and then gives this answer.
fn refusing(refuses: &Arc<AtomicBool>, answer: &'static str) -> Server {
    let refuses = refuses.clone();
    Server::start(Plan {
        keep: true,
        misdeed: Some(Arc::new(move |_| {
            refuses.load(Ordering::SeqCst).then(|| Misdeed::told(401, "authentication_error", "Who are you?"))
        })),
        ..Plan::answering(move |_| answer.to_owned())
    })
}

#[test]
fn what_was_answered_beside_a_server_that_stopped_is_kept_and_compared_when_it_is_back() {
    let refuses = Arc::new(AtomicBool::new(true));
    let first = slow_server(Duration::ZERO);
    let second = refusing(&refuses, crate::support::server::ANSWER);
    let desk = with_config(&compared(&first, &second, "{type: max-score}"));
    let ran = eval(&desk, &["-o", "out.json", "--no-cache"]);
    assert_ne!(ran.code, Some(0), "{}", ran.err);
    let rows = json(&desk.path().join("out.json"))["results"].as_array().unwrap().clone();
    let alone: Vec<&Value> = rows.iter().filter(|row| row["provider"] == "first" && row["unscored"] == true).collect();
    assert!(alone.len() >= 5, "{rows:?}");
    for row in alone {
        let said = row["assertions"].as_array().unwrap().iter().find(|said| said["type"] == "max-score").unwrap();
        assert!(said["reason"].as_str().unwrap().contains("did not end"), "{row}");
    }
    let before = first.requests();
    assert_eq!(before, 6);

    refuses.store(false, Ordering::SeqCst);
    let ran = eval(&desk, &["--resume", "--no-cache", "-o", "out.json"]);
    let rows = json(&desk.path().join("out.json"))["results"].as_array().unwrap().clone();
    let passed = |provider: &str| rows.iter().filter(|row| row["provider"] == provider && row["pass"] == true).count();
    // Of two that are equally good, the first wins.
    assert_eq!((rows.len(), passed("first"), passed("second")), (12, 6, 0), "{}", ran.err);
    assert_eq!(first.requests(), before, "what was answered is not asked again");
}

#[test]
fn answers_that_are_all_there_are_left_when_their_judge_stops_and_compared_when_it_is_back() {
    let refuses = Arc::new(AtomicBool::new(true));
    let (first, second) = (slow_server(Duration::ZERO), slow_server(Duration::ZERO));
    let judge = refusing(&refuses, r#"{"reason": "It is the better one.", "best": 1}"#);
    let asked =
        format!("{{id: 'openai:chat:judge-1', config: {{apiBaseUrl: '{}/v1', apiKey: {INLINE}}}}}", judge.url());
    let by = format!("{{type: select-best, value: the better one, provider: {asked}}}");
    let desk = with_config(&compared(&first, &second, &by));
    let ran = eval(&desk, &["-o", "out.json", "--no-cache"]);
    assert!(ran.code != Some(0) && ran.err.contains("12 trials are left"), "{}", ran.err);
    assert!(judge.requests() > 0, "{}", ran.err);

    refuses.store(false, Ordering::SeqCst);
    let ran = eval(&desk, &["--resume", "--no-cache", "-o", "out.json"]);
    let rows = json(&desk.path().join("out.json"))["results"].as_array().unwrap().clone();
    let passed = |provider: &str| rows.iter().filter(|row| row["provider"] == provider && row["pass"] == true).count();
    assert_eq!((rows.len(), passed("first"), passed("second")), (12, 0, 6), "{}", ran.err);
    assert_eq!((first.requests(), second.requests()), (6, 6), "what was answered is not asked again");
}

/// A server that takes the first question for a wrong request as long as it is told to.
fn refusing_the_first(refuses: &Arc<AtomicBool>) -> Server {
    let refuses = refuses.clone();
    Server::start(Plan {
        keep: true,
        misdeed: Some(Arc::new(move |seen| {
            let is_first = String::from_utf8_lossy(&seen.body).contains(&crate::desk::marker(0));
            (is_first && refuses.load(Ordering::SeqCst)).then(|| Misdeed::status(400))
        })),
        ..Plan::default()
    })
}

#[test]
fn columns_that_ended_in_several_executions_are_compared_by_the_one_that_has_them_all() {
    let refuses = Arc::new(AtomicBool::new(true));
    let (first, second) = (refusing_the_first(&refuses), refusing_the_first(&refuses));
    let desk = with_config(&compared(&first, &second, "{type: max-score}"));
    let passed = |arguments: &[&str]| {
        let ran = eval(&desk, &[&["--no-cache", "-o", "out.json"], arguments].concat());
        let rows = json(&desk.path().join("out.json"))["results"].as_array().unwrap().clone();
        let of = |name: &str| rows.iter().filter(|row| row["provider"] == name && row["pass"] == true).count();
        (of("first"), of("second"), ran.err)
    };
    // Each is the best of those that take part.
    let (alone, _, told) = passed(&["--provider", "first"]);
    assert_eq!(alone, 5, "{told}");
    let (_, alone, told) = passed(&["--provider", "second", "--resume"]);
    assert!(alone == 5 && told.contains(" goes on: "), "{told}");
    refuses.store(false, Ordering::SeqCst);
    let (of_first, of_second, told) = passed(&["--resume"]);
    assert_eq!((of_first, of_second), (6, 0), "{told}");
    assert_eq!((first.requests(), second.requests()), (7, 7), "what was answered is not asked again");
}

/// All trials of a case are scored again when its last one is there.
#[test]
fn vectors_that_were_paid_for_are_not_asked_for_again() {
    let refuses = Arc::new(AtomicBool::new(true));
    let (first, vectors) = (slow_server(Duration::ZERO), slow_server(Duration::ZERO));
    let second = refusing(&refuses, crate::support::server::ANSWER);
    let by = format!(
        "{{type: similar, threshold: 0, value: 'Answer to {{{{ question }}}}', provider: \
         {{id: 'openai:embedding:vectors-1', config: {{apiBaseUrl: '{}/v1', apiKey: {INLINE}}}}}}}, {{type: max-score}}",
        vectors.url()
    );
    let desk = with_config(&compared(&first, &second, &by));
    eval(&desk, &["--no-cache", "-o", "out.json"]);
    assert_eq!(vectors.requests(), 6);
    refuses.store(false, Ordering::SeqCst);
    let ran = eval(&desk, &["--resume", "--no-cache", "-o", "out.json"]);
    let rows = json(&desk.path().join("out.json"))["results"].as_array().unwrap().clone();
    let passed = |provider: &str| rows.iter().filter(|row| row["provider"] == provider && row["pass"] == true).count();
    assert_eq!((passed("first"), passed("second")), (6, 0), "{}", ran.err);
    assert_eq!((first.requests(), vectors.requests()), (6, 6), "what was paid for is not asked for again");
}
