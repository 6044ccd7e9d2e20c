//! What goes out comes in again, and says the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::export;
use crate::compose::nunjucks;
use crate::domain::{
    Api, Case, Check, CheckKind, Content, Dataset, Dialect, Experiment, LengthUnit, Manifest, ModelSpec, Need, Params,
    PassRule, Project, ProjectSpec, Prompt, ProviderSpec, Role, SecretRef, Source, Text, Tolerance, Usd, Variable,
    Variant,
};
use crate::interop::Imported;
use crate::interop::fixtures::layer;
use crate::interop::formats::Exported;
use crate::interop::promptfoo::{EVALUATION, Layers, Means, Process, TESTS, Usual, import, read};
use crate::scoring::yaml;

fn imported(config: &Path, layers: Layers) -> Option<Imported> {
    let render = |source: &str, env: &BTreeMap<String, String>| {
        nunjucks::render(source, &Map::new(), env).map_err(|error| error.to_string())
    };
    let means = Means { roots: Vec::new(), render: &render, environment: Process::Empty, transform_vars: None };
    read(config, &means).ok().map(|suite| import(&suite, layers, Usual::LeftOut).0)
}

fn shared<K: Ord + Clone, V: Clone>(map: &BTreeMap<K, V>) -> BTreeMap<K, Arc<V>> {
    map.iter().map(|(id, value)| (id.clone(), Arc::new(value.clone()))).collect()
}

fn manifest(imported: &Imported) -> Manifest {
    Manifest { providers: imported.providers.clone(), models: imported.models.clone(), ..empty_manifest() }
}

fn empty_manifest() -> Manifest {
    Manifest {
        format: crate::domain::FORMAT,
        name: String::new(),
        note: String::new(),
        providers: BTreeMap::new(),
        models: BTreeMap::new(),
        policy: crate::domain::Policy::default(),
        alerts: crate::domain::AlertRules::default(),
        otlp: None,
    }
}

fn written(imported: &Imported) -> Exported {
    let mut project = Project::new(Arc::new(imported.spec.clone()));
    project.prompts = shared(&imported.prompts);
    project.variants = shared(&imported.variants);
    project.datasets = shared(&imported.datasets);
    project.experiments = shared(&imported.experiments);
    export(&project, &manifest(imported), &EVALUATION.into(), cases(imported))
}

fn cases(imported: &Imported) -> &[Case] {
    match &imported.datasets[&TESTS.into()].source {
        Source::Cases(cases) => cases,
        Source::File(file) => panic!("the tests are in {file}"),
    }
}

/// Imports a config, writes it, and imports what was written.
fn goes_round(config: &Path) {
    for layers in [Layers::Whole, Layers::ByRole] {
        let Some(first) = imported(config, layers) else { panic!("{} is refused", config.display()) };
        let exported = written(&first);
        // In a folder of the same name, after which the project is called.
        let folder = TempDir::new().unwrap();
        let again = folder.path().join(config.file_name().unwrap());
        fs::create_dir(&again).unwrap();
        fs::write(again.join("promptfooconfig.yaml"), &exported.text).unwrap();
        let Some(second) = imported(&again, layers) else { panic!("not read again:\n{}", exported.text) };
        let name = config.display();
        assert_eq!(first.experiments, second.experiments, "{name}\n{}", exported.text);
        assert_eq!((&first.providers, &first.models), (&second.providers, &second.models), "{name}\n{}", exported.text);
        assert_eq!(first.variants, second.variants, "{name}\n{}", exported.text);
        assert_eq!(first.prompts, second.prompts, "{name}\n{}", exported.text);
        assert_eq!(cases(&first), cases(&second), "{name}\n{}", exported.text);
        assert_eq!(first.spec, second.spec, "{name}");
    }
}

/// What cannot be the same: `repeat` repeats, a script file is written in, `env` is filled in when it is read; texts with
/// a slash, and chats in files, are written in another form.
const OTHERWISE: [&str; 5] = ["repeat", "javascript", "environment", "chat-prompts", "nunjucks-values"];

#[test]
fn what_was_imported_goes_out_and_comes_in_as_the_same_definitions() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promptfoo");
    let mut configs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    configs.sort();
    let is_kept = |config: &&std::path::PathBuf| {
        let name = config.file_name().unwrap().to_string_lossy().into_owned();
        !OTHERWISE.contains(&name.as_str()) && !name.starts_with("refused")
    };
    let kept: Vec<_> = configs.iter().filter(is_kept).collect();
    assert!(kept.len() > 30);
    for config in kept {
        goes_round(config);
    }
}

#[test]
fn models_with_settings_and_graders_go_round() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("graded");
    fs::create_dir(&config).unwrap();
    let text = r"
prompts: ['{{q}}']
providers:
  - {id: 'openai:chat:gpt-5', config: {temperature: 0.25, max_tokens: 100, tools: [{type: function, function: {name: f}}]}}
  - {id: 'anthropic:messages:claude-opus-4-1', label: opus, config: {max_tokens: 50, apiKeyEnvar: OTHER_KEY}}
  - {id: 'openai:chat:local', label: here, config: {apiBaseUrl: 'http://127.0.0.1:8000/v1', apiKeyRequired: false}}
  - {id: 'nobody:knows', label: unknown}
  - {id: echo, config: {tools: [{type: function, function: {name: f}}]}}
tests:
  - vars: {q: a}
    assert:
      - {type: llm-rubric, value: is kind, provider: 'openai:chat:gpt-5-mini', rubricPrompt: 'Judge {{output}}', threshold: 0.7}
      - {type: llm-rubric, value: is brief, provider: {id: 'openai:chat:gpt-5', config: {temperature: 1}}}
      - {type: similar, value: b, provider: 'openai:embedding:text-embedding-3-small'}
      - type: answer-relevance
        provider: {text: 'openai:chat:gpt-5-mini', embedding: 'openai:embedding:text-embedding-3-small'}
      - {type: moderation, value: [hate], provider: 'openai:moderation:omni-moderation-latest'}
      - {type: classifier, value: joy, provider: 'huggingface:text-classification:team/moods'}
      - {type: not-equals, value: c, transform: output.trim(), config: {note: 1}, weight: 2}
  - vars: {q: [1, 'x']}
    providers: [opus, 'nobody:*']
    options: {storeOutputAs: kept}
    metadata: {conversationId: one}
";
    fs::write(config.join("promptfooconfig.yaml"), text).unwrap();
    goes_round(&config);
}

/// What nothing here does anything with is written again, and keys are not.
#[test]
fn what_nobody_knows_of_providers_and_prompts_goes_round() {
    let folder = TempDir::new().unwrap();
    let config = folder.path().join("odd");
    fs::create_dir(&config).unwrap();
    let text = r"
prompts:
  - {raw: 'Say {{q}}', label: said, id: first, mood: warm, display: old, config: {temperature: 0.5}}
  - {raw: 'Ask {{q}}', label: asked}
providers:
  - {id: 'openai:chat:gpt-5', delay: 100, inputs: {a: b}, unheard: [1, {x: y}], config: {maxRetries: 3, unheard: 1, temperature: 1}}
  - {id: 'exec:run.sh', label: program, config: {cwd: /srv, apiKey: sk-canary-123456}, transform: output.trim()}
  - 'bedrock:some.model': {config: {region: eu}, unheard: true}
  - {id: echo, transform: 'file://make.py'}
tests:
  - vars: {q: a}
    assert: [{type: llm-rubric, value: kind, provider: {id: 'openai:chat:gpt-5', config: {unheard: 2}}}]
";
    fs::write(config.join("promptfooconfig.yaml"), text).unwrap();
    goes_round(&config);
    let exported = written(&imported(&config, Layers::Whole).unwrap()).text;
    assert!(!exported.contains("sk-canary"), "{exported}");
    let again = yaml::read(&exported).unwrap();
    let (said, gpt, program, bedrock) =
        (&again["prompts"][0], &again["providers"][0], &again["providers"][1], &again["providers"][2]);
    assert_eq!((&said["mood"], &said["display"], &said["id"]), (&json!("warm"), &json!("old"), &json!("first")));
    assert_eq!(said["config"], json!({"temperature": 0.5}));
    assert_eq!((&gpt["delay"], &gpt["inputs"]), (&json!(100), &json!({"a": "b"})));
    assert_eq!((&gpt["unheard"], &gpt["config"]["maxRetries"]), (&json!([1, {"x": "y"}]), &json!(3)));
    assert_eq!((&program["config"], &program["transform"]), (&json!({"cwd": "/srv"}), &json!("output.trim()")));
    assert_eq!((&bedrock["config"]["region"], &bedrock["unheard"]), (&json!("eu"), &json!(true)));
    assert_eq!(again["providers"][3]["transform"], json!("file://make.py"));
    assert_eq!(again["tests"][0]["assert"][0]["provider"]["config"]["unheard"], json!(2));
}

fn check(kind: CheckKind) -> Check {
    Check::new(kind)
}

/// A project of Strata's own, with two models, two variants and one case.
fn own(checks: Vec<Check>, layers: Vec<crate::domain::Layer>) -> (Project, Manifest, Vec<Case>) {
    let spec = ProjectSpec { dialect: Dialect::Jinja, ..ProjectSpec::titled("Own") };
    let mut project = Project::new(Arc::new(spec));
    let variables = BTreeMap::from([
        ("q".to_owned(), Variable::default()),
        ("tone".to_owned(), Variable { default: Some(json!("kind")), ..Variable::default() }),
    ]);
    let prompt = Prompt { title: "Ask".to_owned(), layers, variables, ..Prompt::default() };
    project.prompts.insert("ask".into(), Arc::new(prompt));
    let dry = Variant { params: Params { temperature: Some(0.5), ..Params::default() }, ..Variant::of("ask".into()) };
    project.variants.insert("plain".into(), Arc::new(Variant::of("ask".into())));
    project.variants.insert("dry".into(), Arc::new(dry));
    let case = Case {
        id: "first".into(),
        vars: json!({"q": "what {{ is }} it?\n"}).as_object().unwrap().clone(),
        expected: json!({"label": "tea"}).as_object().unwrap().clone(),
        tags: vec!["hot".to_owned()],
        ..Case::default()
    };
    let mut dataset = Dataset::of_file(String::new());
    dataset.source = Source::Cases(vec![case.clone()]);
    project.datasets.insert("d".into(), Arc::new(dataset));
    let experiment: Experiment = Experiment {
        format: crate::domain::FORMAT,
        title: String::new(),
        note: String::new(),
        variants: vec!["plain".into(), "dry".into()],
        models: vec!["gpt".into(), "local".into(), "desk".into()],
        dataset: "d".into(),
        filter: crate::domain::Filter::default(),
        repeats: 3,
        without: vec![("dry".into(), "local".into())],
        checks,
        pass: PassRule::Score(0.75),
        gate: Some(0.9),
        policy: None,
        budget: crate::domain::Budget::default(),
    };
    project.experiments.insert("e".into(), Arc::new(experiment));
    let provider = |api: Api, base_url: Option<&str>, key: Option<&str>| ProviderSpec {
        api,
        base_url: base_url.map(str::to_owned),
        key: key.map(|name| SecretRef::Env(name.to_owned())),
        concurrency: 8,
        note: String::new(),
    };
    let model = |provider: &str, name: &str| ModelSpec {
        provider: provider.into(),
        model: name.to_owned(),
        price: None,
        context: None,
        max_output: None,
        params: Params::default(),
        transform: None,
        note: String::new(),
        kept: Map::new(),
    };
    let mut manifest = empty_manifest();
    manifest.providers.insert("openai".into(), provider(Api::OpenAi, None, Some("OPENAI_API_KEY")));
    manifest.providers.insert("box".into(), provider(Api::OpenAi, Some("http://127.0.0.1:8000/v1"), None));
    manifest.providers.insert("rules".into(), provider(Api::Scripted("rules.ron".to_owned()), None, None));
    manifest.models.insert("gpt".into(), model("openai", "gpt-5"));
    manifest.models.insert("local".into(), model("box", "qwen"));
    manifest.models.insert("desk".into(), model("rules", "clerk"));
    (project, manifest, vec![case])
}

fn chat() -> Vec<crate::domain::Layer> {
    let mut system = layer("rules", "Be {{ tone }}.");
    system.role = Some(Role::System);
    vec![system, layer("ask", "Sort: {{ q }}")]
}

#[test]
fn a_project_of_its_own_becomes_a_config() {
    let checks = vec![
        check(CheckKind::Equals { value: "{{ expected.label }}".to_owned(), ignore_case: false }),
        Check {
            weight: 2.0,
            metric: "Tone".to_owned(),
            ..check(CheckKind::Judge { model: "gpt".into(), rubric: "Is kind".to_owned() })
        },
        check(CheckKind::NoInjection),
    ];
    let (project, manifest, cases) = own(checks, chat());
    let exported = export(&project, &manifest, &"e".into(), &cases);
    insta::assert_snapshot!(format!("{}---\n{}", exported.text, exported.notes.join("\n")), @r#"
    description: Own
    prompts:
      - raw: |-
          [
            {
              "role": "system",
              "content": "Be {{ tone }}."
            },
            {
              "role": "user",
              "content": "Sort: {{ q }}"
            }
          ]
        label: Ask
      - raw: |-
          [
            {
              "role": "system",
              "content": "Be {{ tone }}."
            },
            {
              "role": "user",
              "content": "Sort: {{ q }}"
            }
          ]
        label: dry
        config:
          temperature: 0.5
    providers:
      - id: 'openai:chat:gpt-5'
        label: gpt
      - id: 'openai:chat:qwen'
        label: local
        config:
          omitDefaults: true
          apiBaseUrl: 'http://127.0.0.1:8000/v1'
          apiKeyRequired: false
        prompts:
          - Ask
    evaluateOptions:
      maxConcurrency: 8
      repeat: 3
    defaultTest:
      vars:
        tone: kind
      assert:
        - type: equals
          value: '{{ expected.label }}'
          metric: equals
        - type: llm-rubric
          value: Is kind
          provider: 'openai:chat:gpt-5'
          threshold: 0.5
          weight: 2
          metric: Tone
      threshold: 0.75
    tests:
      - description: first
        vars:
          q: "what {{ is }} it?\n\n"
          expected:
            label: tea
        metadata:
          tags:
            - hot
    ---
    The model `desk` is left out: a script answers in its place, and promptfoo has nothing like that.
    The check `no-injection` is left out: promptfoo has no assertion like it.
    The gate is not written: promptfoo exits by its own pass rate (PROMPTFOO_PASS_RATE_THRESHOLD).
    "#);
}

#[test]
fn a_config_without_a_provider_is_told_as_one_that_does_not_run() {
    let exported = |models: &[&str]| {
        let (mut project, manifest, rows) = own(Vec::new(), chat());
        let experiment = Arc::make_mut(project.experiments.get_mut(&"e".into()).unwrap());
        experiment.models = models.iter().map(|model| (*model).into()).collect();
        let exported = export(&project, &manifest, &"e".into(), &rows);
        let count = yaml::read(&exported.text).unwrap()["providers"].as_array().unwrap().len();
        (count, exported.notes.iter().any(|note| note.contains("names no provider, so promptfoo does not run it")))
    };
    assert_eq!(exported(&["desk"]), (0, true));
    assert_eq!(exported(&["desk", "gpt"]), (1, false));
}

#[test]
fn a_variable_is_data_and_no_template() {
    let said = |layers| {
        let (project, manifest, rows) = own(Vec::new(), layers);
        yaml::read(&export(&project, &manifest, &"e".into(), &rows).text).unwrap()["tests"][0]["vars"]["q"].clone()
    };
    // A chat's variables are not filled in; of both, the last line end is taken off.
    assert_eq!(said(chat()), "what {{ is }} it?\n\n");
    assert_eq!(said(vec![layer("ask", "{{ q }}")]), "{% raw %}what {{ is }} it?\n{% endraw %}");
}

#[test]
fn each_check_has_the_nearest_assertion() {
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let contains =
        |values: &[&str], need, ignore_case| CheckKind::Contains { values: texts(values), need, ignore_case };
    let cases: Vec<(CheckKind, &str, Value)> = vec![
        (CheckKind::Equals { value: "a".to_owned(), ignore_case: false }, "equals", json!("a")),
        (contains(&["a"], Need::All, false), "contains", json!("a")),
        (contains(&["a"], Need::Any, true), "icontains", json!("a")),
        (contains(&["a", "b"], Need::All, false), "contains-all", json!(["a", "b"])),
        (contains(&["a", "b"], Need::All, true), "icontains-all", json!(["a", "b"])),
        (contains(&["a", "b"], Need::Any, false), "contains-any", json!(["a", "b"])),
        (contains(&["a", "b"], Need::Any, true), "icontains-any", json!(["a", "b"])),
        (CheckKind::StartsWith { value: "a".to_owned(), ignore_case: false }, "starts-with", json!("a")),
        (CheckKind::Regex { pattern: "^a".to_owned() }, "regex", json!("^a")),
        (CheckKind::Json, "is-json", Value::Null),
        (CheckKind::JsonSchema { schema: json!({"type": "object"}) }, "is-json", json!({"type": "object"})),
        (CheckKind::Length { min: Some(1), max: None, unit: LengthUnit::Words }, "word-count", json!({"min": 1})),
    ];
    for (kind, expected, value) in cases {
        let (project, manifest, rows) = own(vec![Check { not: true, ..check(kind.clone()) }], chat());
        let text = export(&project, &manifest, &"e".into(), &rows).text;
        let config = yaml::read(&text).unwrap();
        let assertion = &config["defaultTest"]["assert"][0];
        assert_eq!(assertion["type"], format!("not-{expected}"), "{kind:?}");
        assert_eq!(assertion["value"], value, "{kind:?}");
    }
    let limits = vec![
        check(CheckKind::Cost { max: Usd::from_dollars(0.25).unwrap() }),
        check(CheckKind::Latency { max_ms: 900.0 }),
    ];
    let (project, manifest, rows) = own(limits, chat());
    let config = yaml::read(&export(&project, &manifest, &"e".into(), &rows).text).unwrap();
    let assertions = &config["defaultTest"]["assert"];
    assert_eq!((&assertions[0]["threshold"], &assertions[1]["threshold"]), (&json!(0.25), &json!(900)));
}

/// Checks that become JavaScript say what they said here.
#[test]
fn code_that_stands_for_a_check_has_its_verdicts() {
    use crate::scoring::script;
    let length = |min, max, unit| CheckKind::Length { min, max, unit };
    let number = |value: &str, tolerance| CheckKind::Number { value: value.to_owned(), tolerance };
    let caseless = |value: &str| CheckKind::Equals { value: value.to_owned(), ignore_case: true };
    for (kind, output, passes) in [
        (length(Some(2), Some(3), LengthUnit::Characters), "ab😀", true),
        (length(Some(2), Some(3), LengthUnit::Characters), "abcd", false),
        (length(None, Some(2), LengthUnit::Lines), "a\nb\n", true),
        (length(None, Some(2), LengthUnit::Lines), "a\nb\nc", false),
        (number("12.5", Tolerance::Absolute(0.1)), "It is 12.45 kg.", true),
        (number("12.5", Tolerance::Absolute(0.01)), "It is 12.45 kg.", false),
        (number("1200", Tolerance::Relative(0.01)), "about 1,205", true),
        (number("1", Tolerance::default()), "none", false),
        (caseless("Tea"), "tEA", true),
        (caseless("Tea"), "coffee", false),
    ] {
        let (project, manifest, rows) = own(vec![check(kind.clone())], chat());
        let config = yaml::read(&export(&project, &manifest, &"e".into(), &rows).text).unwrap();
        let assertion = &config["defaultTest"]["assert"][0];
        assert_eq!(assertion["type"], "javascript", "{kind:?}");
        let code = crate::domain::Code::Inline(assertion["value"].as_str().unwrap().to_owned());
        let said = script::transform((&code).into(), &json!(output), &json!({})).unwrap();
        assert_eq!(said, json!(passes), "{kind:?} of {output}");
    }
    let at = Check {
        at: Some("/a~1b/0".to_owned()),
        ..check(CheckKind::Equals { value: "x".to_owned(), ignore_case: false })
    };
    let (project, manifest, rows) = own(vec![at], chat());
    let config = yaml::read(&export(&project, &manifest, &"e".into(), &rows).text).unwrap();
    let code = config["defaultTest"]["assert"][0]["transform"].as_str().unwrap().to_owned();
    let code = crate::domain::Code::Inline(code);
    assert_eq!(script::transform((&code).into(), &json!("{\"a/b\": [\"x\"]}"), &json!({})).unwrap(), json!("x"));
}

#[test]
fn what_is_lost_is_told() {
    let notes = |checks: Vec<Check>, layers| {
        let (project, manifest, rows) = own(checks, layers);
        export(&project, &manifest, &"e".into(), &rows).notes.join("\n")
    };
    let of_template = |text: &str| notes(Vec::new(), vec![layer("ask", text)]);
    assert!(of_template("{{ q | tojson }}").contains("`tojson`"));
    assert!(of_template("{{ q[1:2] }}").contains("promptfoo will stop at it"));
    assert!(!of_template("{{ q | upper }} tojson").contains("Nunjucks"));
    for kind in [
        CheckKind::NoInjection,
        CheckKind::NoPii { kinds: std::collections::BTreeSet::default() },
        CheckKind::NoLeak { canary: String::new(), share: 0.1 },
    ] {
        let told = notes(vec![check(kind.clone())], chat());
        assert!(told.contains(&format!("`{}` is left out", kind.name())), "{told}");
    }
    assert!(notes(vec![check(CheckKind::Regex { pattern: "(?i)a".to_owned() })], chat()).contains("flags"));
    let (project, manifest, rows) = own(Vec::new(), chat());
    let missing = export(&project, &manifest, &"other".into(), &rows);
    assert_eq!((missing.text.as_str(), missing.notes.len()), ("", 1));
}

#[test]
fn a_text_that_looks_like_a_path_is_sent_as_a_text() {
    for text in ["has {{ a }} / slash", "{{ a }} {{b.c}}", " led by a blank / slash"] {
        let content = Content::Text(Text { text: text.to_owned() });
        let only = crate::domain::Layer { content, ..layer("ask", "") };
        let (project, manifest, rows) = own(Vec::new(), vec![only]);
        let mut project = project;
        let spec = ProjectSpec { dialect: Dialect::Nunjucks, ..ProjectSpec::titled("Own") };
        project.spec = Arc::new(spec);
        let config = yaml::read(&export(&project, &manifest, &"e".into(), &rows).text).unwrap();
        let raw = config["prompts"][0]["raw"].as_str().unwrap().to_owned();
        assert!(raw.contains('\n'), "{raw}");
        let vars = json!({"a": "A", "b": {"c": "C"}});
        let rendered =
            |source: &str| nunjucks::render_prompt(source, vars.as_object().unwrap(), &BTreeMap::new()).unwrap();
        assert_eq!(rendered(&raw), rendered(text));
    }
}

/// The config in a folder of its own, as it is written to a workspace.
fn of_text(text: &str) -> Imported {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("promptfooconfig.yaml"), text).unwrap();
    fs::write(folder.path().join("t.js"), "module.exports = (output) => output.trim();").unwrap();
    imported(folder.path(), Layers::ByRole).unwrap()
}

#[test]
fn a_key_in_an_entry_that_nothing_can_call_is_in_no_file() {
    let check = |entry: &str, told: &str| {
        let imported = of_text(&format!("prompts: [a]\nproviders:\n  - {entry}\n"));
        let exported = written(&imported).text;
        let kept = format!("{:?} {:?} {exported}", imported.models, imported.providers);
        assert!(!kept.contains("hunter2"), "{entry}: {kept}");
        let parts = &imported.report.parts;
        assert!(parts.iter().all(|part| !format!("{part:?}").contains("hunter2")), "{entry}: {parts:?}");
        assert!(parts.iter().any(|part| part.part.ends_with(told)), "{entry}: {parts:?}");
        exported
    };
    let body = "body: {p: '{{prompt}}'}";
    for url in ["https://gate.example/ask?key=hunter2", "https://gate.example/ask?a=b&to%6ben=hunter2"] {
        let exported = check(&format!("{{id: http, config: {{url: '{url}', {body}}}}}"), " config.url");
        assert!(exported.contains("{{prompt}}"), "what is no key is kept: {exported}");
        check(&format!("{{id: '{url}', config: {{{body}}}}}"), "gate.example/ask");
    }
    check(&format!("{{id: 'https://me:hunter2@gate.example/ask', config: {{{body}}}}}"), "https://gate.example/ask");
    check("{id: 'bedrock:x', config: {proxy: 'http://me:hunter2@proxy.example'}}", " config.proxy");
    let with = |config: &str| format!("{{id: http, config: {{url: 'https://gate.example/ask', {config}}}}}");
    check(&with("body: 'q={{prompt}}&token=hunter2'"), " config.body");
    check(&with(&format!("{body}, queryParams: {{sig: hunter2, v: '2'}}")), " config.queryParams.sig");
    check(&with(&format!("{body}, transformRequest: x, headers: {{X-Api-Key: hunter2}}")), "headers.X-Api-Key");
    check(
        &with(r#"transformRequest: x, request: "POST /ask HTTP/1.1\nHost: gate.example\nX-Auth: hunter2\n\n{}""#),
        " config.request",
    );
    check(&with(&format!("{body}, auth: {{type: api_key, placement: query, value: hunter2}}")), " config.auth.value");
    check("{id: 'bedrock:some.model', env: {DB_PASS: hunter2}}", " env.DB_PASS");
    check("{id: 'openai:chat:gpt-5', env: {DB_PASS: hunter2}}", " env");
}

#[test]
fn what_was_kept_of_a_provider_does_not_go_out_with_the_one_that_is_bound_in_its_place() {
    let entry = "{id: 'bedrock:x', delay: 5, config: {region: eu, max_tokens: 5}, transform: file://make.py}";
    let mut imported = of_text(&format!("prompts: [a]\nproviders:\n  - {entry}\n"));
    let as_it_was = written(&imported).text;
    assert!(as_it_was.contains("region") && as_it_was.contains("make.py"), "{as_it_was}");
    let spec = ProviderSpec { api: Api::OpenAi, ..imported.providers[&"unmapped".into()].clone() };
    imported.providers.insert("openai".into(), spec);
    let model = imported.models.values_mut().next().unwrap();
    (model.provider, model.model, model.transform) = ("openai".into(), "gpt-5-mini".to_owned(), None);
    let bound = written(&imported);
    assert!(bound.text.contains("openai:chat:gpt-5-mini"), "{}", bound.text);
    for word in ["region", "max_tokens", "make.py", "delay"] {
        assert!(!bound.text.contains(word), "{word}: {}", bound.text);
    }
    assert!(bound.notes.iter().any(|note| note.contains("another is asked in its place")), "{:?}", bound.notes);
}

#[test]
fn a_prompts_own_parameters_stand_before_what_was_kept_of_its_config() {
    let mut imported =
        of_text("prompts: [{raw: 'Say it', label: l, config: {temperature: 0.5, top_p: 0.9}}]\nproviders: [echo]\n");
    imported.variants.values_mut().next().unwrap().params.temperature = Some(0.25);
    let again = yaml::read(&written(&imported).text).unwrap();
    assert_eq!(again["prompts"][0]["config"], json!({"temperature": 0.25, "top_p": 0.9}));
}

#[test]
fn transforms_that_cannot_follow_each_other_are_both_written_again() {
    let config = "url: 'http://127.0.0.1:9/ask', body: {p: '{{prompt}}'}, transformResponse: 'json.a.trim()'";
    for file in ["t.js", "make.py"] {
        let text =
            format!("prompts: [a]\nproviders:\n  - {{id: http, config: {{{config}}}, transform: 'file://{file}'}}\n");
        let again = yaml::read(&written(&of_text(&text)).text).unwrap();
        let entry = &again["providers"][0];
        assert_eq!(entry["transform"], json!(format!("file://{file}")), "{entry}");
        assert_eq!(entry["config"]["transformResponse"], json!("json.a.trim()"), "{entry}");
    }
}
