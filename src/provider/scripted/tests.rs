//! What a script promises: the same words for the same request, latency that is really waited, faults at their rates.

use std::sync::Mutex;

use super::*;
use crate::domain::{Choice, Condition, Fact as ScriptFact, Message, Params, Reply, Role, Rule};

fn reply(text: &str) -> Reply {
    Reply { text: text.to_owned(), weight: 1.0, finish: FinishReason::Stop, output_tokens: None, reasoning_tokens: 0 }
}

fn matching(pattern: &str) -> Condition {
    Condition::Match { pattern: pattern.to_owned(), role: Some(Role::User) }
}

fn choices(values: &[(&str, f64)]) -> Vec<Choice> {
    values.iter().map(|(value, weight)| Choice { value: (*value).to_owned(), weight: *weight }).collect()
}

fn script() -> Script {
    Script {
        format: 1,
        note: String::new(),
        seed: 1,
        models: BTreeMap::from([("small".to_owned(), ScriptedModel::default())]),
        facts: vec![
            ScriptFact { name: "mood".to_owned(), when: vec![matching("(?i)thank")], pick: choices(&[("glad", 1.0)]) },
            ScriptFact { name: "mood".to_owned(), when: vec![], pick: choices(&[("calm", 3.0), ("tired", 1.0)]) },
        ],
        rules: vec![
            Rule { when: vec![matching(r"order (?P<order>\d+)")], replies: vec![reply("<<mood>> about <<order>>")] },
            Rule { when: vec![Condition::Not(Box::new(matching("silent")))], replies: vec![reply("<<mood>>.")] },
        ],
    }
}

fn request(text: &str) -> ChatRequest {
    ChatRequest {
        model: "small".to_owned(),
        messages: vec![Message { role: Role::User, content: text.to_owned() }],
        params: Params::default(),
        tools: Vec::new(),
        sample: 0,
    }
}

fn provider(script: &Script) -> Scripted {
    Scripted::new("scripts/a.ron", Some(script)).unwrap()
}

async fn ask(provider: &Scripted, request: &ChatRequest) -> Result<Completion, CallError> {
    let reply = provider.exchange(request, &|_| {}).await?;
    provider.read(request, &reply)
}

#[tokio::test]
async fn facts_come_first_then_the_first_rule_that_holds() {
    let provider = provider(&script());
    let check = async |text: &str, expect: &str| {
        assert_eq!(ask(&provider, &request(text)).await.unwrap().text, expect, "{text}");
    };
    check("Thanks for order 77", "glad about 77").await;
    check("thank you", "glad.").await;
    let error = ask(&provider, &request("silent")).await.unwrap_err();
    assert_eq!(error.fault, Fault::BadRequest);
    assert!(error.message.contains("no rule of the script"), "{}", error.message);
    let stranger = ChatRequest { model: "large".to_owned(), ..request("x") };
    assert!(ask(&provider, &stranger).await.unwrap_err().message.contains("no model `large`"));
}

#[tokio::test]
async fn draws_repeat_exactly_and_follow_their_weights() {
    let (one, other) = (provider(&script()), provider(&script()));
    let mut calm = 0;
    for sample in 0..400 {
        let request = ChatRequest { sample, ..request("hello") };
        let said = ask(&one, &request).await.unwrap();
        assert_eq!(said, ask(&other, &request).await.unwrap());
        calm += u32::from(said.text == "calm.");
    }
    assert!((260..340).contains(&calm), "{calm} of 400 where 300 are expected");
    let seeded = provider(&Script { seed: 2, ..script() });
    let mut differ = 0;
    for sample in 0..50 {
        let request = ChatRequest { sample, ..request("hello") };
        differ += u32::from(ask(&one, &request).await.unwrap() != ask(&seeded, &request).await.unwrap());
    }
    assert!(differ > 0, "another seed draws otherwise");
}

#[tokio::test]
async fn tokens_are_counted_or_given() {
    let mut script = script();
    script.rules = vec![Rule {
        when: vec![],
        replies: vec![Reply { output_tokens: Some(9), reasoning_tokens: 30, ..reply("x") }],
    }];
    let usage = ask(&provider(&script), &request("hello")).await.unwrap().usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.reasoning_tokens), (5, 39, 30));
}

fn timed(median_ms: f64, p95_ms: f64, first_token: f64, faults: FaultRates) -> Scripted {
    let model = ScriptedModel { median_ms, p95_ms, first_token, faults };
    provider(&Script { models: BTreeMap::from([("small".to_owned(), model)]), ..script() })
}

#[tokio::test(start_paused = true)]
async fn latency_is_waited_and_log_normal() {
    let provider = timed(800.0, 2_000.0, 0.25, FaultRates::default());
    let mut seen = Vec::new();
    for sample in 0..300 {
        let start = Instant::now();
        let said = ask(&provider, &ChatRequest { sample, ..request("hello") }).await.unwrap();
        let waited = start.elapsed().as_secs_f64() * 1000.0;
        assert!((waited - said.latency_ms).abs() < 2.0, "{waited} {}", said.latency_ms);
        seen.push(said.latency_ms);
    }
    seen.sort_by(f64::total_cmp);
    assert!((700.0..900.0).contains(&seen[150]), "median {}", seen[150]);
    assert!((1_600.0..2_500.0).contains(&seen[285]), "p95 {}", seen[285]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_tells_its_text_in_pieces() {
    let provider = timed(1_000.0, 0.0, 0.25, FaultRates::default());
    let mut request = request(&format!("order {}", "7".repeat(300)));
    request.params.stream = true;
    let start = Instant::now();
    let seen = Mutex::new((String::new(), Vec::new()));
    let on_text = |text: &str| {
        let mut seen = seen.lock().unwrap();
        seen.0.push_str(text);
        seen.1.push(start.elapsed().as_millis());
    };
    let reply = provider.exchange(&request, &on_text).await.unwrap();
    let said = provider.read(&request, &reply).unwrap();
    let (text, times) = seen.into_inner().unwrap();
    assert_eq!(text, said.text);
    assert_eq!(said.first_token_ms, Some(250.0));
    assert!(times.len() > 10 && (250..=252).contains(&times[0]) && *times.last().unwrap() < 1_000, "{times:?}");
}

#[tokio::test]
async fn faults_strike_at_their_rates_and_retries_draw_anew() {
    let faults = FaultRates { rate_limited: 0.1, server: 0.1, disconnected: 0.1, truncated: 0.1 };
    let provider = timed(0.0, 0.0, 0.0, faults);
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for sample in 0..500 {
        let request = ChatRequest { sample, ..request("hello") };
        let mut attempts = 0;
        while let Err(error) = ask(&provider, &request).await {
            *seen.entry(error.fault.word().to_owned()).or_default() += 1;
            attempts += 1;
            assert!(attempts < 30, "a retry draws anew");
        }
    }
    assert_eq!(seen.keys().collect::<Vec<_>>(), ["disconnected", "rate-limited", "server", "truncated"]);
    assert!(seen.values().all(|count| (45..130).contains(count)), "{seen:?}");
    assert!(provider.failures.lock().unwrap().is_empty(), "answered requests are forgotten");
}

#[test]
fn mistakes_in_a_script_are_told() {
    let check = |change: &dyn Fn(&mut Script), expect: &str| {
        let mut script = script();
        change(&mut script);
        let problems = check_script("scripts/a.ron", &script);
        assert!(problems.iter().any(|problem| problem.message.contains(expect)), "{expect}: {problems:?}");
    };
    assert_eq!(check_script("scripts/a.ron", &script()), []);
    check(&|script| script.rules[0].when = vec![matching("(?=x)")], "regular expression `(?=x)` of rule 1");
    check(&|script| script.facts[0].pick.clear(), "The fact `mood` has nothing to draw from");
    check(&|script| script.rules[0].replies[0].weight = -1.0, "Rule 1 has nothing");
    check(&|script| script.rules[0].replies[0].text = "<<oder>>".into(), "`<<oder>>`");
    check(&|script| script.rules[0].when = vec![Condition::Model(vec!["x".into()])], "the model `x`");
    check(&|script| script.models.get_mut("small").unwrap().median_ms = f64::NAN, "latency");
    check(&|script| script.models.get_mut("small").unwrap().faults.server = 1.5, "share");
    let bad = Script { rules: vec![Rule { when: vec![matching("(")], replies: vec![reply("x")] }], ..script() };
    assert!(Scripted::new("scripts/a.ron", Some(&bad)).is_err());
    assert!(Scripted::new("scripts/a.ron", None).is_err());
}
