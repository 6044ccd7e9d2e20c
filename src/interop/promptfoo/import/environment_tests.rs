//! What of a config reaches definitions, keys and results.

use std::collections::BTreeMap;
use std::fs;

use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::*;
use crate::compose::nunjucks;
use crate::domain::{Case, SecretRef};
use crate::interop::promptfoo::{Means, Process, read};

fn suite_with(text: &str, environment: Process<'_>) -> Suite {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("promptfooconfig.yaml"), text).unwrap();
    let render = |source: &str, env: &BTreeMap<String, String>| {
        nunjucks::render(source, &Map::new(), env).map_err(|error| error.to_string())
    };
    let means = Means { roots: Vec::new(), render: &render, environment, transform_vars: None };
    read(folder.path(), &means).unwrap_or_else(|refused| panic!("{text}: {refused}"))
}

fn suite(text: &str) -> Suite {
    suite_with(text, Process::Read(&|name| Some(format!("{name}-canary"))))
}

fn cases(imported: &Imported) -> Vec<Case> {
    match &imported.datasets[&DatasetId::from(TESTS)].source {
        Source::Cases(cases) => cases.clone(),
        Source::File(_) => panic!("a file"),
    }
}

/// The variables of the first case as it is run, and as results show them.
fn vars(suite: &Suite) -> (Value, Value) {
    let case = cases(&import(suite, Layers::Whole, Usual::LeftOut).0).remove(0);
    let shown = without_environment(suite, 0, case.clone());
    let seen = |mut case: Case| {
        case.vars.retain(|name, _| !name.starts_with("__"));
        Value::Object(case.vars)
    };
    (seen(case), seen(shown))
}

#[test]
fn templates_see_the_names_that_they_ask_for_and_results_show_none() {
    let check = |prompt: &str, vars: &str, run: Value, shown: Value| {
        let text = format!(
            "env: {{K: canary, L: other}}\nproviders: [echo]\nprompts: [\"{prompt}\"]\ntests: [{{vars: {vars}}}]"
        );
        assert_eq!(self::vars(&suite(&text)), (run, shown), "{prompt} {vars}");
    };
    let q = || json!({"q": 1});
    check("the env. {{q}}", "{q: 1}", q(), q());
    check("{{ env.K }} {{q}}", "{q: 1}", q(), q());
    check("{{ env.K if q else env.MINE }}", "{q: 1}", q(), q());
    check("{% if q %}{{ env.P }}{{ env.K | nope }}{% endif %}", "{q: 1}", json!({"q": 1, "env": {"K": "canary"}}), q());
    check("{% if env.K %}{{q}}{% endif %}", "{q: 1}", json!({"q": 1, "env": {"K": "canary"}}), q());
    check("{% if env.P %}{{q}}{% endif %}", "{q: 1}", json!({"q": 1, "env": {"P": "P-canary"}}), q());
    check(
        "{{ env[q] }} {{ env.x }}",
        "{q: K}",
        json!({"q": "K", "env": {"K": "canary", "L": "other"}}),
        json!({"q": "K"}),
    );
    let own = || json!({"env": {"K": "own"}});
    check("{% if env.K %}x{% endif %}", "{env: {K: own}}", own(), own());
}

#[test]
fn what_is_written_to_files_has_no_value_of_the_process() {
    let text = "
env: {K: '{{ env.SECRET }}'}
prompts: ['{{ env.SECRET }} {{ env.K }} {% if env.SECRET %}{% endif %}']
providers:
  - {id: 'https://h.example/a?q={{ env.SECRET }}', config: {body: {q: '{{ prompt }}'}}}
  - {id: 'https://h.example/b', config: {body: {q: '{{ prompt }}', t: '{{ env.K }}'}, headers: {X-Sub: '{{ env.K }}'}}}
  - {id: openai:chat:m, config: {passthrough: {t: '{{ env.K }}'}}}
tests: [{vars: {v: '{{ env.SECRET }}'}}]
";
    let (imported, keys) = import(&suite_with(text, Process::Kept), Layers::ByRole, Usual::LeftOut);
    assert!(keys.is_empty(), "{keys:?}");
    assert_eq!(cases(&imported)[0].vars["v"], "{{ env.SECRET }}");
    assert!(imported.report.parts.iter().any(|part| part.part == "SECRET" && part.note.contains("no file")));
    // A config that is trusted is run with the value, but its servers get it only as a key that is named.
    let (imported, keys) = import(&suite(text), Layers::Whole, Usual::LeftOut);
    assert!(keys.is_empty(), "{keys:?}");
    let described = format!("{:?}", imported.providers.values().skip(1).collect::<Vec<_>>());
    assert!(!described.contains("SECRET-canary"), "{described}");
    assert!(!format!("{:?}", imported.models).contains("SECRET-canary"));
}

/// The key that each provider is called with: its name, and the key where the config holds it.
fn keys(text: &str) -> Vec<(String, Option<String>)> {
    let (imported, given) = import(&suite(text), Layers::Whole, Usual::LeftOut);
    let model = |id: &ModelId| &imported.providers[&imported.models[id].provider];
    let experiment = &imported.experiments[&ExperimentId::from(EVALUATION)];
    experiment
        .models
        .iter()
        .filter_map(|id| model(id).key.clone())
        .map(|name| {
            let secret = given.iter().find(|key| key.name == name).map(|key| key.secret.expose_secret().to_owned());
            let SecretRef::Env(name) = name else { panic!("{name}") };
            (name, secret)
        })
        .collect()
}

#[test]
fn a_key_of_the_config_takes_no_name_that_another_provider_is_called_with() {
    let check = |providers: &str, expect: &[(&str, Option<&str>)]| {
        let found = keys(&format!("prompts: [p]\nproviders: [{providers}]"));
        let found: Vec<(&str, Option<&str>)> = found.iter().map(|(name, key)| (&**name, key.as_deref())).collect();
        assert_eq!(found, expect, "{providers}");
    };
    let local = "apiBaseUrl: 'http://127.0.0.1:9/v1'";
    check(
        &format!("{{id: openai:a, config: {{{local}, apiKey: theirs, apiKeyEnvar: OPENAI_API_KEY}}}}, openai:b"),
        &[("HOST_127_0_0_1_9_API_KEY", Some("theirs")), ("OPENAI_API_KEY", None)],
    );
    let two = format!(
        "{{id: openai:a, config: {{{local}, apiKey: one}}}}, {{id: openai:b, config: {{{local}, apiKey: two}}}}, \
         {{id: openai:c, config: {{{local}, apiKey: one}}}}"
    );
    let (first, second) = (("HOST_127_0_0_1_9_API_KEY", Some("one")), ("HOST_127_0_0_1_9_API_KEY_2", Some("two")));
    check(&two, &[first, second, first]);
    check(
        &format!(
            "{{id: openai:a, config: {{{local}, apiKey: one}}}}, {{id: openai:b, config: {{apiKeyEnvar: HOST_127_0_0_1_9_API_KEY}}}}"
        ),
        &[("HOST_127_0_0_1_9_API_KEY_2", Some("one")), ("HOST_127_0_0_1_9_API_KEY", None)],
    );
}

#[test]
fn the_user_is_told_the_variable_that_the_provider_looks_in() {
    let text = "
prompts: [p]
providers:
  - {id: openai:a, config: {apiBaseUrl: 'http://127.0.0.1:9/v1', apiKey: one}}
  - {id: openai:b, config: {apiBaseUrl: 'http://127.0.0.1:9/v1', apiKey: two}}
tests: [{assert: [{type: llm-rubric, value: x, provider: {id: openai:g, config: {apiKey: three}}}]}]
";
    let (imported, _) = import(&suite(text), Layers::ByRole, Usual::LeftOut);
    let note = |key: &str| imported.report.parts.iter().find(|part| part.part.contains(key)).unwrap().note.clone();
    assert!(note("providers[0] openai:a config.apiKey").ends_with("set HOST_127_0_0_1_9_API_KEY to it."));
    assert!(note("providers[1] openai:b config.apiKey").ends_with("set HOST_127_0_0_1_9_API_KEY_2 to it."));
    assert!(note("openai:g config.apiKey").ends_with("set API_OPENAI_COM_API_KEY to it."));
}
