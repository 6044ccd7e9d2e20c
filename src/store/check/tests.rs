//! A small workspace, one mistake at a time.

use super::check_workspace;
use crate::store::open_workspace;
use crate::store::workspace::tests::{SMALL, workspace};

/// The problems of the small workspace with one file changed.
fn problems(path: &str, text: &str) -> Vec<String> {
    let mut files: Vec<(&str, &str)> = SMALL.iter().copied().filter(|(name, _)| *name != path).collect();
    files.push((path, text));
    let dir = workspace(&files);
    let opened = open_workspace(dir.path()).unwrap();
    assert_eq!(opened.problems, [], "{text}");
    check_workspace(&opened).iter().filter(|problem| problem.is_error()).map(ToString::to_string).collect()
}

fn one(path: &str, text: &str, expect: &str) {
    let found = problems(path, text);
    assert!(found.iter().any(|problem| problem == expect), "{expect}\n{found:#?}");
}

const EXPERIMENT: &str = "projects/a/experiments/e.ron";
const VARIANT: &str = "projects/a/variants/v.ron";
const PROMPT: &str = "projects/a/prompts/p.ron";

#[test]
fn a_sound_workspace_has_no_errors() {
    let dir = workspace(&SMALL);
    let found = check_workspace(&open_workspace(dir.path()).unwrap());
    assert!(!found.iter().any(crate::domain::Problem::is_error), "{found:#?}");
}

#[test]
fn references_that_lead_nowhere_have_line_column_and_the_nearest_name() {
    one(
        EXPERIMENT,
        "(\n    variants: [\"v\", \"vv\"],\n    models: [\"m\"],\n    dataset: \"d\",\n)",
        "projects/a/experiments/e.ron:2:21: error: The variant `vv` is not there. Did you mean `v`?",
    );
    one(
        EXPERIMENT,
        "(\n    variants: [\"v\"],\n    models: [\"gpt\"],\n    dataset: \"e\",\n)",
        "projects/a/experiments/e.ron:3:14: error: The model `gpt` is not there. There is `m`.",
    );
    one(
        EXPERIMENT,
        "(\n    variants: [\"v\"],\n    models: [\"m\"],\n    dataset: \"e\",\n)",
        "projects/a/experiments/e.ron:4:14: error: The dataset `e` is not there. Did you mean `d`?",
    );
    let without = "(\n    variants: [\"v\"],\n    models: [\"m\"],\n    dataset: \"d\",\n    without: [(\"v\", \"m\"), (\"w\", \"n\")],\n)";
    for expect in [
        "projects/a/experiments/e.ron:5:28: error: The variant `w` of a pair that is left out is not there. Did you mean `v`?",
        "projects/a/experiments/e.ron:5:33: error: The model `n` of a pair that is left out is not there. Did you mean `m`?",
    ] {
        one(EXPERIMENT, without, expect);
    }
    assert_eq!(problems(EXPERIMENT, without).len(), 2);
    one(
        EXPERIMENT,
        "(variants: [\"v\"], models: [\"m\"], dataset: \"d\", checks: [(kind: Json), (kind: Judge(model: \"j\", rubric: \"r\"))])",
        "projects/a/experiments/e.ron:1:91: error: The judge's model `j` is not there. Did you mean `m`?",
    );
    one(
        VARIANT,
        "(prompt: \"q\")",
        "projects/a/variants/v.ron:1:10: error: The prompt `q` is not there. Did you mean `p`?",
    );
    one(
        "workspace.ron",
        "(name: \"w\", providers: {\"s\": (api: Scripted(\"script.ron\"))}, models: {\"m\": (provider: \"t\", model: \"x\")})",
        "workspace.ron:1:87: error: The model `m` names the provider `t`, which is not there. Did you mean `s`?",
    );
    one(
        "workspace.ron",
        "(name: \"w\", providers: {\"s\": (api: Scripted(\"none.ron\"))}, models: {\"m\": (provider: \"s\", model: \"x\")})",
        "workspace.ron:1:36: error: The script `none.ron` is not there. Give its path from the workspace's folder.",
    );
    one(
        "workspace.ron",
        "(name: \"w\", providers: {\"s\": (api: Scripted(\"../s.ron\"))}, models: {\"m\": (provider: \"s\", model: \"x\")})",
        "workspace.ron:1:36: error: The path `../s.ron` leads out of the workspace. Give a path inside the workspace, \
         such as `cases.csv`.",
    );
    one(
        "workspace.ron",
        "(name: \"w\", providers: {\"s\": (api: Scripted(\"script.ron\"))}, models: {\"m\": (provider: \"s\", model: \"y\")})",
        "workspace.ron:1:99: error: The script `script.ron` has no model `y`. Did you mean `x`?",
    );
}

#[test]
fn numbers_out_of_range_are_told() {
    one(
        VARIANT,
        "(prompt: \"p\", params: (max_tokens: 0))",
        "projects/a/variants/v.ron:1:36: error: `max_tokens` is 0, so that no answer can be given. Give a number from 1, \
         or leave it out.",
    );
    for temperature in ["NaN", "-0.5", "inf"] {
        let found = problems(VARIANT, &format!("(prompt: \"p\", params: (temperature: {temperature}))"));
        assert!(found[0].contains(":1:37: error: The temperature is"), "{temperature}: {found:?}");
    }
    let experiment = |rest: &str| format!("(variants: [\"v\"], models: [\"m\"], dataset: \"d\", {rest})");
    for (rest, part) in [
        ("repeats: 0", ":1:57: error: `repeats` is 0"),
        ("gate: 1.5", ":1:54: error: The gate is 1.5."),
        ("gate: NaN", "The gate is NaN"),
        ("filter: (limit: 0)", "The filter lets no case through"),
        ("checks: [(kind: Json), (weight: -1, kind: Json)]", ":1:71: error: Check 2 (json"),
        ("checks: [(threshold: 2, kind: Json)]", ":1:57: error: Check 1 (json"),
        ("pass: Score(2)", ":1:54: error: The pass rule"),
        ("policy: (timeouts: (idle_ms: 0))", "`idle_ms` is 0"),
        ("policy: (retry: (budget: (share: 2.0)))", "`share` is 2."),
        ("policy: (retry: (budget: (per_second: -1.0)))", "allows -1 retries a second"),
        ("policy: (breaker: (failure_rate: 0.0))", "`failure_rate` is 0."),
        ("policy: (breaker: (probes: 4))", "lets 4 calls probe"),
        ("policy: (breaker: (min_calls: 30))", "never have a rate"),
        ("policy: (breaker: (consecutive: 0))", "`consecutive` is 0"),
        (
            "policy: (compress: (model: \"n\"))",
            "The model `n` that is to shorten context is not there. Did you mean `m`?",
        ),
        ("policy: (confidence: (critical: 1.5))", "keeps `critical` above 1.5"),
        ("policy: (confidence: (others: NaN))", "keeps `others` above NaN"),
        ("policy: (confidence: (at: \"found\"))", "`found` is no JSON Pointer"),
        ("policy: (compress: (ratio: 1.0))", "`ratio` of shortened context is 1"),
        ("policy: (compress: (ratio: NaN))", "`ratio` of shortened context is NaN"),
        ("policy: (compress: (threshold: 0))", "shortened from 0 tokens on"),
        ("policy: (semantic: (threshold: 1.5))", "cache's `threshold` is 1.5"),
        ("policy: (semantic: (threshold: NaN))", "cache's `threshold` is NaN"),
        ("policy: (semantic: (capacity: 0))", "cache's `capacity` is 0"),
        ("policy: (semantic: (ttl_ms: 0))", "it keeps nothing"),
        ("policy: (semantic: (embedder: Model(\"n\")))", "The embedder `n` is not there. Did you mean `m`?"),
        ("policy: (semantic: (embedder: Model(\"m\")))", "the embedder `m` has no embeddings"),
        ("policy: (limits: (requests_per_minute: 0))", "`requests_per_minute` is 0"),
        ("policy: (limits: (burst: 2.0))", "`burst` is 2."),
        (
            "policy: (users: (default_tier: \"fre\"))",
            "The default tier `fre` is not among the tiers. Did you mean `free`?",
        ),
        ("policy: (users: (arrivals_per_minute: 0))", "no request ever comes"),
        (
            "policy: (users: (on: true, columns: (tier: \"plan\")))",
            "no column `plan`, which is to say the tier. There is",
        ),
        ("policy: (repair: (on: true, strategies: []))", "no way to ask again"),
        (
            "policy: (fallback: (models: [(model: \"mm\")]))",
            ":1:85: error: The model `mm` is not there. Did you mean `m`?",
        ),
        ("policy: (fallback: (models: [(model: \"m\", timeout_ms: 0)]))", "`timeout_ms` is 0"),
        ("policy: (fallback: (canned: \"Later.\", deadline_ms: 0))", "`deadline_ms` is 0"),
        ("policy: (users: (tiers: {\"free\": (time_zone: \"Mars\")}))", "the time zone `Mars`, which is not known"),
        ("policy: (sanitise: (patterns: [(name: \"own\", pattern: \"(\")]))", "`own` is wrong"),
        ("policy: (output: (leak: (share: 2.0)))", "share of 2"),
    ] {
        let found = problems(EXPERIMENT, &experiment(rest));
        assert!(found.iter().any(|problem| problem.contains(part)), "{rest}: {found:#?}");
    }
    for (rest, part) in [
        ("tiers: []", "The tiers name no model"),
        ("tiers: [(model: \"n\")]", "The model `n` of tier 1 is not there. Did you mean `m`?"),
        ("tiers: [(model: \"m\", up_to: 1.5)]", "up to a complexity of 1.5"),
        ("tiers: [(model: \"m\", up_to: NaN)]", "up to a complexity of NaN"),
        ("tiers: [(model: \"m\", up_to: 0.8), (model: \"m\")]", "Tier 2 goes up to 0.7, as the one before"),
        ("tiers: [(model: \"m\")], weights: (accuracy: -1.0)", "The weight of `accuracy` is -1"),
    ] {
        let found = problems(VARIANT, &format!("(prompt: \"p\", tiers: ({rest}))"));
        assert!(found.iter().any(|problem| problem.contains(part)), "{rest}: {found:#?}");
    }
    one(
        "workspace.ron",
        "(name: \"w\", providers: {\"s\": (api: Scripted(\"script.ron\"), concurrency: 0)}, models: {\"m\": (provider: \"s\", model: \"x\")})",
        "workspace.ron:1:73: error: The provider `s` may have 0 calls in flight. Give a number from 1 to 10000; 8 is the \
         default.",
    );
    for (http, part) in [
        ("body: Json({\"q\": \"{{country}}\"})", "`{{country}}` is not something that a call has"),
        ("headers: {\"x-api-key\": \"abc\"}", "The header `x-api-key` would carry a secret"),
        ("answer: Pointer(\"a.b\")", "`a.b` is not a JSON Pointer"),
        ("method: Get, body: Text(\"x\")", "A GET request has no body"),
    ] {
        let provider = format!("(api: Http({http}), base_url: \"https://a.example/ask\")");
        let found = problems("workspace.ron", &format!("(name: \"w\", providers: {{\"s\": {provider}}})"));
        assert!(found.iter().any(|problem| problem.contains(part)), "{http}: {found:#?}");
    }
}

#[test]
fn variables_that_no_case_fills_are_told() {
    let found = problems("projects/a/datasets/d.csv", "id,qq,expected\n1,one,1\n");
    assert!(found.iter().any(|problem| problem.contains("The dataset has no column `q`")), "{found:#?}");
    assert!(found[0].starts_with("projects/a/prompts/p.ron"), "{found:#?}");
}

#[test]
fn rows_that_cannot_be_read_are_told() {
    let found = problems("projects/a/datasets/d.csv", "id,q,expected\n1,one,1\n2\n");
    assert!(
        found.iter().any(|problem| problem.starts_with("projects/a/datasets/d.csv:3:1: error: 1 row")),
        "{found:#?}"
    );
}

#[test]
fn what_nothing_uses_is_a_warning() {
    let mut files = SMALL.to_vec();
    files.extend([
        ("projects/a/prompts/spare.ron", "()"),
        ("projects/a/datasets/spare.csv", "q\nx\n"),
        ("projects/a/variants/spare.ron", "(prompt: \"p\")"),
    ]);
    let dir = workspace(&files);
    let found = check_workspace(&open_workspace(dir.path()).unwrap());
    let warnings: Vec<_> = found.iter().filter(|problem| problem.message.contains("spare")).collect();
    assert_eq!(warnings.len(), 3, "{found:#?}");
    assert!(warnings.iter().all(|problem| !problem.is_error()));
}

#[test]
fn a_mistake_inside_a_template_has_its_line_and_column_in_the_file() {
    let undeclared = "error: `r` is not declared as a variable of the prompt. Did you mean `q`?";
    let check = |path: &str, text: &str, at: &str, what: &str| one(path, text, &format!("{path}:{at}: {what}"));
    check(
        PROMPT,
        "(variables: {\"q\": ()}, layers: [\n    (id: \"a\", content: Text(text: r#\"{{ q }}\nand {{ r }}\"#)),\n])",
        "3:8",
        undeclared,
    );
    check(
        PROMPT,
        "(\n    variables: {\"q\": ()},\n    layers: [(id: \"f\", content: Foundation(identity: (role: \"\\\"A\\\" {{ r }}\"), capabilities: (allowed: [\"{{ q }}\"])))],\n)",
        "3:71",
        undeclared,
    );
    check(
        PROMPT,
        "(\n    variables: {\"q\": ()},\n    layers: [(id: \"f\", content: Foundation(capabilities: (allowed: [\n        \"{{ q }}\",\n        \"{{ q | uper }}\",\n    ])))],\n)",
        "5:17",
        "error: There is no filter `uper`. See Jinja's built-in filters and tests.",
    );
    check(
        VARIANT,
        "(\n    prompt: \"p\",\n    layers: {\"l\": Replace(Text(text: \"Now {{ r }}\"))},\n)",
        "3:46",
        undeclared,
    );
}

/// All problems, warnings too, of the small workspace with these files beside or in the place of its own.
fn all_with(files: &[(&str, &str)]) -> Vec<String> {
    let kept = SMALL.iter().filter(|(name, _)| files.iter().all(|(other, _)| other != name));
    let dir = workspace(&kept.chain(files).copied().collect::<Vec<_>>());
    let found = check_workspace(&open_workspace(dir.path()).unwrap());
    // The small experiment has none, and need not.
    let of_checks = |told: &String| told.contains("The experiment has no checks");
    found.iter().map(ToString::to_string).filter(|told| !of_checks(told)).collect()
}

#[test]
fn nothing_is_said_that_only_an_unreadable_file_would_deny() {
    let broken = "(broken";
    for path in [EXPERIMENT, VARIANT, PROMPT, "workspace.ron", "projects/a/datasets/d.ron", "script.ron"] {
        assert_eq!(all_with(&[(path, broken)]), Vec::<String>::new(), "{path}");
    }
    let shared = "(layers: [(id: \"s\", content: Snippet(prompt: \"t\", layer: \"l\"))])";
    let examples = "(layers: [(id: \"s\", content: Examples(dataset: \"f\"))])";
    assert_eq!(all_with(&[(PROMPT, shared), ("projects/a/prompts/t.ron", broken)]), Vec::<String>::new());
    assert_eq!(all_with(&[(PROMPT, examples), ("projects/a/datasets/f.ron", broken)]), Vec::<String>::new());
    // What has nothing to do with the file is told all the same.
    let found = all_with(&[
        (EXPERIMENT, broken),
        ("projects/a/prompts/spare.ron", "()"),
        ("projects/b/project.ron", "(title: \"B\")"),
        ("projects/b/prompts/q.ron", "()"),
        ("projects/b/variants/w.ron", "(prompt: \"q\")"),
    ]);
    let warnings = ["No variant uses the prompt `spare`.", "No experiment uses the variant `w`."];
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(warnings.iter().all(|warning| found.iter().any(|problem| problem.contains(warning))), "{found:#?}");
}

#[test]
fn a_time_of_arrival_that_is_none_is_told_where_users_are_limited() {
    let experiment = |on: bool| {
        format!(
            "(variants: [\"v\"], models: [\"m\"], dataset: \"d\", policy: (users: (on: {on}, columns: (arrival: \"at\"))))"
        )
    };
    let told = "projects/a/datasets/d.csv: warning: The case `2` arrives at `soon`, which is no instant. Give it as \
                2026-11-23T14:05:00Z, or leave the column out of all cases.";
    let check = |rows: &str, on: bool, expect: bool| {
        let rows = format!("id,q,user_id,at\n{rows}");
        let found = all_with(&[(EXPERIMENT, &experiment(on)), ("projects/a/datasets/d.csv", &rows)]);
        assert_eq!(found.iter().any(|problem| problem == told), expect, "{rows}: {found:#?}");
    };
    check("1,one,u,2026-11-23T14:05:00Z\n2,two,u,soon\n", true, true);
    check("1,one,u,2026-11-23T14:05:00Z\n2,two,u,soon\n", false, false);
    check("1,one,u,2026-11-23T14:05:00Z\n2,two,u,2026-11-23T14:06:00Z\n", true, false);
    check("1,one,u,\n2,two,u,soon\n", true, false);
}
