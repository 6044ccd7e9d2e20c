//! What a config may do: nothing beyond its folder and this machine, unless the user says so.

use std::fs;
use std::time::Duration;

use super::{INLINE, asking, eval, json, put, with_config};
use crate::desk::{CANARY, files_below, slow_server};
use crate::support::{Misdeed, Plan, Server};

const SCRIPT: &str = "prompts: ['{{said}}']
providers: [echo]
tests:
  - vars: {said: tea}
    assert:
      - {type: contains, value: t}
      - {type: javascript, value: output.length === 3}
      - {type: javascript, value: file://check.js}
";

#[test]
fn scripts_run_only_where_they_are_trusted() {
    let desk = with_config(SCRIPT);
    put(&desk, "check.js", "module.exports = (output) => output.startsWith('t');");
    let refused = eval(&desk, &["-o", "out.json"]);
    insta::assert_snapshot!(refused.told(&desk), @r"
    exit 2
    --- stderr
    strata: The config asks for what needs trust. Look at it, then grant it for one run with --trust:
      run the script `[dir]/c/promptfooconfig.yaml:7:28: output.length === 3`
      run the script `[dir]/c/check.js` ([dir]/c/promptfooconfig.yaml:8:28)
      run the JavaScript of the cases of `c/tests` in a sandbox without files and network (2 scripts: 9407779fd127)
    ");
    let told = json(&desk.path().join("out.json"));
    assert!(told["load_error"].as_str().unwrap().contains("needs trust"), "{told}");
    assert_eq!(told["results"], serde_json::json!([]));
    let ran = eval(&desk, &["-o", "out.json", "--trust"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("/c/check.js` ("), "{}", ran.err);
    assert_eq!(json(&desk.path().join("out.json"))["results"][0]["score"], 1.0);
}

#[test]
fn files_outside_the_folder_are_read_only_where_they_are_trusted() {
    let desk = with_config(
        "prompts: [file://../outside.txt]\nproviders: [echo]\ntests:\n  - vars: {word: file://../word.txt}\n    assert: [{type: equals, value: out here}]\n",
    );
    fs::write(desk.path().join("outside.txt"), "out {{ word }}").unwrap();
    fs::write(desk.path().join("word.txt"), "here").unwrap();
    let refused = eval(&desk, &[]);
    insta::assert_snapshot!(refused.told(&desk), @r"
    exit 2
    --- stderr
    strata: The config asks for what needs trust. Look at it, then grant it for one run with --trust:
      read `[dir]/outside.txt`, outside the config's folder ([dir]/c/promptfooconfig.yaml:1:11)
      read `[dir]/word.txt`, outside the config's folder ([dir]/c/promptfooconfig.yaml:4:12)
    ");
    let ran = eval(&desk, &["--trust"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    for name in ["outside.txt", "word.txt"] {
        let granted = format!("Granted for this run: read `{}`", desk.path().join(name).display());
        assert!(ran.err.contains(&granted), "{}", ran.err);
    }
}

#[test]
fn a_link_out_of_the_folder_is_outside() {
    let desk = with_config("prompts: [file://link.txt]\nproviders: [echo]\n");
    fs::write(desk.path().join("outside.txt"), "secret words").unwrap();
    std::os::unix::fs::symlink(desk.path().join("outside.txt"), desk.path().join("c/link.txt")).unwrap();
    let ran = eval(&desk, &["-o", "out.json"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("c/link.txt") && !ran.err.contains("secret words"), "{}", ran.err);
}

#[test]
fn a_server_on_this_machine_needs_no_trust_and_its_key_is_kept_nowhere() {
    let server = slow_server(Duration::ZERO);
    let desk = with_config(&asking(&server, 3, 2));
    for format in ["json", "html", "csv"] {
        let ran = eval(&desk, &["--format", format, "-o", &format!("out.{format}"), "--no-cache"]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
        assert!(!ran.out.contains(INLINE) && !ran.err.contains(INLINE));
    }
    assert_eq!(server.requests(), 9);
    assert!(server.seen().iter().all(|seen| seen.header("authorization") == Some(&format!("Bearer {INLINE}"))));
    let config = desk.path().join("c/promptfooconfig.yaml");
    let files: Vec<_> = files_below(desk.path()).into_iter().filter(|path| *path != config).collect();
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        let bytes = fs::read(&file).unwrap();
        let has_key = bytes.windows(INLINE.len()).any(|window| window == INLINE.as_bytes());
        assert!(!has_key, "the key is in {}", file.display());
    }
}

#[test]
fn an_address_elsewhere_is_told_with_the_keys_name() {
    let desk = with_config(
        "prompts: ['Answer {{q}}']
providers: [openai:chat:gpt-5]
tests: [{vars: {q: a}, assert: [{type: contains, value: a}]}]
",
    );
    insta::assert_snapshot!(eval(&desk, &[]).told(&desk), @r"
    exit 2
    --- stderr
    strata: The config asks for what needs trust. Look at it, then grant it for one run with --trust:
      send prompts and cases to https://api.openai.com, with the key from environment variable OPENAI_API_KEY
    ");
}

#[test]
fn a_key_in_the_config_is_told_as_such_and_never_shown() {
    let server = Server::start(Plan::always(Misdeed::EchoKey(401)));
    let refused = eval(&with_config(&asking(&server, 3, 1)), &[]);
    assert!(refused.err.contains(" It was sent with the key from the config itself."), "{}", refused.err);
    let elsewhere = "prompts: ['{{q}}']\nproviders: [{id: 'openai:chat:m', config: {apiBaseUrl: 'URL/v1', apiKey: KEY}}]\n\
                     tests: [{vars: {q: a}}]\n";
    let asked = |url: &str| eval(&with_config(&elsewhere.replace("URL", url).replace("KEY", INLINE)), &[]);
    let untrusted = asked("https://models.invalid");
    let told = "send prompts and cases to https://models.invalid, with the key from the config itself\n";
    assert!(untrusted.code == Some(2) && untrusted.err.contains(told), "{}", untrusted.err);
    for ran in [refused, untrusted] {
        assert!(!ran.err.contains("environment variable") && !ran.err.contains(INLINE), "{}", ran.err);
    }
}

#[test]
fn a_vendors_key_goes_to_a_stranger_whose_host_is_named_with_its_port() {
    let server = slow_server(Duration::ZERO);
    let desk = with_config(&format!(
        "prompts: ['{{{{q}}}}']\nproviders: [{{id: 'openai:chat:m', config: {{apiBaseUrl: '{}/v1', apiKeyEnvar: \
         OPENAI_API_KEY}}}}]\ntests: [{{vars: {{q: a}}, assert: [{{type: contains, value: Four}}]}}]\n",
        server.url()
    ));
    let trusting = |host: &str| {
        let mut command = desk.command(&["eval", "c", "--trust", "--trust-host", host]);
        crate::desk::Ran::new(&command.env("OPENAI_API_KEY", CANARY).output().unwrap())
    };
    let address = server.url().replace("http://", "");
    let refused = trusting("127.0.0.1");
    assert_eq!((refused.code, server.requests()), (Some(2), 0), "{}", refused.err);
    assert!(refused.err.contains(&format!("name it with --trust-host {address}.")), "{}", refused.err);
    let idle = "--trust-host 127.0.0.1 is not used by this config.";
    assert!(refused.err.contains(idle), "{}", refused.err);
    let ran = trusting(&address);
    assert_eq!((ran.code, server.requests()), (Some(0), 1), "{}", ran.err);
    assert!(!ran.err.contains("is not used"), "{}", ran.err);
}
