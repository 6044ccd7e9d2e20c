//! Random definitions and random edits, for property tests.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::domain::{
    AlertRules, Api, Assertion, AssertionKind, AssertionSet, BreakerPolicy, Budget, Case, CaseOptions, Check,
    CheckKind, Code, Column, ColumnRole, CompressPolicy, ConfidencePolicy, Content, Context, Dataset, Embedder,
    Example, Examples, Experiment, FallbackPolicy, Filter, Foundation, HarmPolicy, History, HttpAnswer, HttpBody,
    HttpMethod, HttpSpec, Identity, KeyPlace, Layer, LeakPolicy, LimitPolicy, Manifest, ModelSpec, ModelTier, OtlpSpec,
    OutputAction, OutputFormat, OutputPolicy, OutputRules, Override, Params, PassRule, PhrasePolicy, Pick, PiiKind,
    PiiPolicy, Policy, Price, Prompt, ProviderSpec, RepairPolicy, ResponseFormat, RetryBudget, RetryPolicy, Risk, Role,
    SanitisePattern, SanitisePolicy, ScriptFile, SecretRef, SemanticMode, SemanticPolicy, Snippet, Source,
    StandInModel, Task, Text, Tier, TierPolicy, Tolerance, Tool, Tools, Turns, Usd, User, UserColumns, UserLimits,
    Variable, Variant,
};

/// Awkward on purpose: quotes, hashes, line breaks, braces, other scripts, comment signs.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z]{1,8}",
        "[a-zA-Z0-9 \"#\\\\\n\t{}()/,:é𝄞'-]{0,40}",
        Just("line one\r\nline two // no comment\n\"#\n".to_owned()),
        Just("/* not a comment\n".to_owned()),
        "\\PC{0,12}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_-]{0,6}"
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1000..1000_i32).prop_map(|n| json!(f64::from(n) / 16.0)),
        (-1000..1000_i32).prop_map(|n| json!(f64::from(n) / 10.0)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![vec(inner.clone(), 0..3).prop_map(Value::from), object_of(inner).prop_map(Value::Object)]
    })
}

fn object_of(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    vec((text(), inner), 0..3).prop_map(|entries| entries.into_iter().collect())
}

fn object() -> impl Strategy<Value = Map<String, Value>> {
    vec((name(), value()), 0..3).prop_map(|entries| entries.into_iter().collect())
}

fn usd() -> impl Strategy<Value = Usd> {
    (0..5_000_000_000_000_i64).prop_map(Usd::from_nanos)
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant)]
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        any::<u32>().prop_map(Pick::First),
        (text(), any::<u32>()).prop_map(|(tag, most)| Pick::Tagged { tag, most }),
        (any::<u32>(), any::<u64>()).prop_map(|(count, seed)| Pick::Sample { count, seed }),
    ]
}

fn foundation() -> impl Strategy<Value = Foundation> {
    (text(), text(), vec(text(), 0..3), option::of(any::<u32>()), any::<bool>()).prop_map(
        |(version, role, expertise, max_length, json)| Foundation {
            version,
            identity: Identity { role, personality: String::new(), expertise },
            output_rules: OutputRules {
                format: json.then_some(OutputFormat::Json),
                max_length,
                required_sections: Vec::new(),
            },
            ..Foundation::default()
        },
    )
}

fn task() -> impl Strategy<Value = Task> {
    (text(), btree_map(text(), text(), 0..3), option::of(value()), vec((text(), text()), 0..2)).prop_map(
        |(action, inputs, output_schema, examples)| Task {
            action,
            inputs,
            output_schema,
            examples: examples.into_iter().map(|(input, output)| Example { input, output }).collect(),
            example_form: Turns::Messages,
            ..Task::default()
        },
    )
}

pub fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        foundation().prop_map(|foundation| Content::Foundation(Box::new(foundation))),
        (text(), btree_map(text(), text(), 0..2)).prop_map(|(id, preferences)| {
            Content::Context(Box::new(Context {
                user: Some(User { id, tier: String::new(), preferences }),
                ..Context::default()
            }))
        }),
        task().prop_map(|task| Content::Task(Box::new(task))),
        text().prop_map(|text| Content::Text(Text { text })),
        (name(), pick(), text(), text()).prop_map(|(dataset, pick, input, output)| Content::Examples(Examples {
            dataset: dataset.into(),
            pick,
            input,
            output,
            form: Turns::Block,
        })),
        (name(), name(), option::of(text())).prop_map(|(prompt, layer, version)| Content::Snippet(Snippet {
            prompt: prompt.into(),
            layer: layer.into(),
            version
        })),
        vec((name(), text(), object()), 0..2).prop_map(|tools| Content::Tools(Tools {
            tools: tools
                .into_iter()
                .map(|(name, description, parameters)| Tool { name, description, parameters })
                .collect(),
        })),
        (name(), any::<u32>(), option::of(any::<u32>()))
            .prop_map(|(variable, last, max_tokens)| Content::History(History { variable, last, max_tokens })),
    ]
}

fn layer() -> impl Strategy<Value = Layer> {
    (name(), name(), text(), any::<bool>(), option::of(role()), content())
        .prop_map(|(id, title, note, on, role, content)| Layer { id: id.into(), title, note, on, role, content })
}

fn variables() -> impl Strategy<Value = BTreeMap<String, Variable>> {
    let variable = (text(), option::of(value()), any::<bool>()).prop_map(|(note, default, untrusted)| Variable {
        note,
        default,
        untrusted,
    });
    btree_map(name(), variable, 0..4)
}

pub fn prompt() -> impl Strategy<Value = Prompt> {
    (name(), text(), variables(), vec(layer(), 0..5)).prop_map(|(title, note, variables, layers)| Prompt {
        title,
        note,
        variables,
        layers,
        ..Prompt::default()
    })
}

fn params() -> impl Strategy<Value = Params> {
    let response =
        prop_oneof![Just(ResponseFormat::Text), Just(ResponseFormat::Json), value().prop_map(ResponseFormat::Schema)];
    (
        option::of(0.0..2.0_f64),
        option::of(any::<u32>()),
        vec(text(), 0..3),
        option::of(any::<i64>()),
        response,
        object(),
    )
        .prop_map(|(temperature, max_tokens, stop, seed, response, extra)| Params {
            temperature,
            max_tokens,
            stop,
            seed,
            response,
            extra,
            ..Params::default()
        })
}

pub fn variant() -> impl Strategy<Value = Variant> {
    let change = prop_oneof![Just(Override::On), Just(Override::Off), content().prop_map(Override::Replace)];
    let tier = (name(), option::of(0.0..1.0_f64)).prop_map(|(model, up_to)| ModelTier { model: model.into(), up_to });
    let tiers = (vec(tier, 0..3), any::<u32>(), option::of(usd()));
    let tiers = tiers.prop_map(|(tiers, long_context, max_cost)| TierPolicy {
        tiers,
        long_context,
        max_cost,
        ..TierPolicy::default()
    });
    let layers = btree_map(name().prop_map(Into::into), change, 0..3);
    (name(), layers, btree_map(name(), value(), 0..3), params(), option::of(tiers), object()).prop_map(
        |(prompt, layers, variables, params, tiers, kept)| Variant {
            layers,
            variables,
            params,
            tiers,
            kept,
            ..Variant::of(prompt.into())
        },
    )
}

fn pii_kinds() -> impl Strategy<Value = BTreeSet<PiiKind>> {
    btree_set(prop::sample::select(PiiKind::ALL.to_vec()), 0..4)
}

fn finders() -> impl Strategy<Value = Policy> {
    let guards = (any::<bool>(), text(), option::of(any::<u32>()), pii_kinds(), vec(text(), 0..3), 0.0..1.0_f64);
    guards.prop_map(|(on, name, max_chars, kinds, forbidden, share)| {
        let patterns = vec![SanitisePattern { name: name.clone(), pattern: name.clone(), points: 7 }];
        let action = if on { OutputAction::Redact } else { OutputAction::Flag };
        Policy {
            sanitise: SanitisePolicy { on, patterns, max_chars, ..SanitisePolicy::default() },
            output: OutputPolicy {
                leak: LeakPolicy { on, share, canary: name, plant: on, ..LeakPolicy::default() },
                pii: PiiPolicy { kinds, action },
                harm: HarmPolicy { on, action },
                phrases: PhrasePolicy { forbidden, action },
                at_least: if on { Risk::High } else { Risk::Low },
            },
            ..Policy::default()
        }
    })
}

fn code() -> impl Strategy<Value = Code> {
    let unrun = (text(), text()).prop_map(|(name, why)| Code::Unrun { name, why });
    prop_oneof![text().prop_map(Code::Inline), script_file().prop_map(Code::File), unrun]
}

fn script_file() -> impl Strategy<Value = ScriptFile> {
    (name(), option::of(name()), text()).prop_map(|(name, export, source)| ScriptFile { name, export, source })
}

fn assertion() -> impl Strategy<Value = Assertion> {
    let kind = prop_oneof![proptest::sample::select(AssertionKind::KNOWN), text().prop_map(AssertionKind::Other),];
    let parts = (kind, value(), option::of(code()), option::of(script_file()), object(), option::of(name()));
    parts.prop_map(|(kind, value, transform, script, config, model)| Assertion {
        transform,
        script,
        config,
        model: model.map(Into::into),
        ..Assertion::new(kind, value)
    })
}

fn options() -> impl Strategy<Value = CaseOptions> {
    let ids = || option::of(vec(name(), 0..3));
    let texts = (text(), option::of(text()), option::of(text()));
    (texts, option::of(value()), option::of(code()), ids(), ids(), any::<u16>(), option::of(script_file()), object())
        .prop_map(|((prefix, store_as, broken), given, transform, variants, models, repetition, scoring, metadata)| {
            CaseOptions {
                prefix,
                store_as,
                broken,
                given: given.filter(|given| !given.is_null()),
                transform,
                variants: variants.map(|ids| ids.into_iter().map(Into::into).collect()),
                models: models.map(|ids| ids.into_iter().map(Into::into).collect()),
                repetition,
                scoring,
                metadata,
                ..CaseOptions::default()
            }
        })
}

fn check() -> impl Strategy<Value = Check> {
    let kind = prop_oneof![
        (text(), any::<bool>()).prop_map(|(value, ignore_case)| CheckKind::Equals { value, ignore_case }),
        text().prop_map(|pattern| CheckKind::Regex { pattern }),
        Just(CheckKind::Json),
        value().prop_map(|schema| CheckKind::JsonSchema { schema }),
        (text(), 0.0..1.0_f64)
            .prop_map(|(value, part)| CheckKind::Number { value, tolerance: Tolerance::Relative(part) }),
        usd().prop_map(|max| CheckKind::Cost { max }),
        pii_kinds().prop_map(|kinds| CheckKind::NoPii { kinds }),
        (text(), 0.0..1.0_f64).prop_map(|(canary, share)| CheckKind::NoLeak { canary, share }),
        Just(CheckKind::NoInjection),
        assertion().prop_map(|assertion| CheckKind::Assertion(Box::new(assertion))),
        vec(assertion(), 0..3).prop_map(|assertions| {
            let check = |assertion| Check::new(CheckKind::Assertion(Box::new(assertion)));
            CheckKind::Set(AssertionSet { checks: assertions.into_iter().map(check).collect() })
        }),
    ];
    (kind, 0.0..9.0_f64, option::of(text())).prop_map(|(kind, weight, at)| Check { weight, at, ..Check::new(kind) })
}

/// Policies whose every part may differ from its default.
fn policy() -> impl Strategy<Value = Policy> {
    let breaker = (any::<bool>(), 0.0..1.0_f64, option::of(1_u32..9));
    let breaker = breaker.prop_map(|(on, failure_rate, consecutive)| BreakerPolicy {
        on,
        failure_rate,
        consecutive,
        ..BreakerPolicy::default()
    });
    let limits = (option::of(any::<u64>()), any::<bool>()).prop_map(|(limit, learn)| LimitPolicy {
        requests_per_minute: limit,
        learn,
        ..LimitPolicy::default()
    });
    let retry = (vec(any::<u64>(), 0..3), any::<bool>()).prop_map(|(delays_ms, on)| RetryPolicy {
        delays_ms,
        budget: RetryBudget { on, ..RetryBudget::default() },
        ..RetryPolicy::default()
    });
    let tier = (any::<u32>(), usd(), text()).prop_map(|(requests_per_minute, cost_per_day, time_zone)| Tier {
        requests_per_minute,
        cost_per_day,
        time_zone,
        ..Tier::default()
    });
    let users = (btree_map(name(), tier, 0..3), any::<bool>(), option::of(text()), any::<u32>());
    let users = users.prop_map(|(tiers, on, user, arrivals_per_minute)| UserLimits {
        on,
        tiers,
        columns: UserColumns { arrival: user.clone(), user, ..UserColumns::default() },
        arrivals_per_minute,
        ..UserLimits::default()
    });
    let repair = (any::<bool>(), any::<bool>()).prop_map(|(on, accept_fenced)| RepairPolicy {
        on,
        accept_fenced,
        strategies: crate::domain::Strategy::ALL.to_vec(),
    });
    let stand_in = (name(), option::of(any::<u64>()));
    let stand_in = stand_in.prop_map(|(model, timeout_ms)| StandInModel { model: model.as_str().into(), timeout_ms });
    let fallback = (vec(stand_in, 0..3), option::of(text()), option::of(usd()));
    let fallback = fallback.prop_map(|(models, canned, max_cost)| FallbackPolicy {
        models,
        max_cost,
        canned,
        ..FallbackPolicy::default()
    });
    let embedder = prop_oneof![Just(Embedder::Lexical), name().prop_map(|model| Embedder::Model(model.into()))];
    let semantic = (any::<bool>(), 0.0..1.0_f64, embedder).prop_map(|(on, threshold, embedder)| SemanticPolicy {
        mode: if on { SemanticMode::Audit } else { SemanticMode::Off },
        threshold,
        embedder,
        ..SemanticPolicy::default()
    });
    let whole = (retry, breaker, limits, users, repair, fallback, semantic);
    let whole = whole.prop_map(|(retry, breaker, limits, users, repair, fallback, semantic)| Policy {
        semantic,
        compress: CompressPolicy { model: Some("short".into()), ..CompressPolicy::default() },
        confidence: ConfidencePolicy {
            keep_unknown: true,
            expected: "items".to_owned(),
            ..ConfidencePolicy::default()
        },
        retry,
        repair,
        fallback,
        breaker,
        limits,
        users,
        ..Policy::default()
    });
    prop_oneof![Just(Policy::default()), whole, finders()]
}

pub fn experiment() -> impl Strategy<Value = Experiment> {
    let rules = (option::of(0.0..1.0_f64), option::of(usd()), option::of(policy()));
    (vec(name(), 0..3), vec(name(), 0..3), name(), vec(check(), 0..3), rules).prop_map(
        |(variants, models, dataset, checks, (gate, hard, policy))| Experiment {
            format: 1,
            title: String::new(),
            note: String::new(),
            variants: variants.into_iter().map(Into::into).collect(),
            models: models.into_iter().map(Into::into).collect(),
            dataset: dataset.into(),
            filter: Filter { tags: vec!["a".to_owned()], limit: Some(3) },
            repeats: 2,
            without: Vec::new(),
            checks,
            pass: gate.map_or(PassRule::All, PassRule::Score),
            gate,
            policy,
            budget: Budget { hard, warn: None },
        },
    )
}

pub fn dataset() -> impl Strategy<Value = Dataset> {
    let pass = option::of((-2.0..2.0_f64).prop_map(PassRule::Score));
    let own = (vec(check(), 0..2), pass, options());
    let case = (name(), object(), object(), vec(text(), 0..3), own).prop_map(|(id, vars, expected, tags, own)| {
        let (checks, pass, options) = own;
        Case { id: id.into(), vars, expected, tags, checks, pass, options, ..Case::default() }
    });
    let column = any::<bool>().prop_map(|json| Column { role: ColumnRole::Expected, untrusted: !json, json });
    let source = prop_oneof![vec(case, 0..4).prop_map(Source::Cases), text().prop_map(Source::File)];
    (source, btree_map(name(), column, 0..3)).prop_map(|(source, columns)| Dataset {
        columns,
        source,
        ..Dataset::of_file(String::new())
    })
}

pub fn manifest() -> impl Strategy<Value = Manifest> {
    let api = prop_oneof![
        Just(Api::OpenAi),
        Just(Api::HuggingFace),
        text().prop_map(Api::Scripted),
        http().prop_map(Api::Http)
    ];
    let key = prop_oneof![text().prop_map(SecretRef::Env), text().prop_map(SecretRef::Keyring)];
    let provider =
        (api, option::of(text()), option::of(key), any::<u32>()).prop_map(|(api, base_url, key, concurrency)| {
            ProviderSpec { api, base_url, key, concurrency, note: String::new() }
        });
    let price = (usd(), usd(), option::of(usd())).prop_map(|(input, output, cached_input)| Price {
        input,
        output,
        cached_input,
        cache_write: None,
        reasoning: None,
    });
    let model = (name(), text(), option::of(price), option::of(any::<u32>()), object()).prop_map(
        |(provider, model, price, context, kept)| ModelSpec {
            provider: provider.into(),
            model,
            price,
            context,
            max_output: None,
            params: Params::default(),
            transform: None,
            note: String::new(),
            kept,
        },
    );
    let models = btree_map(name().prop_map(Into::into), model, 0..4);
    let providers = btree_map(name().prop_map(Into::into), provider, 0..3);
    (text(), providers, models, alert_rules(), option::of(otlp())).prop_map(
        |(name, providers, models, alerts, otlp)| Manifest {
            format: 1,
            name,
            note: String::new(),
            providers,
            models,
            policy: Policy::default(),
            alerts,
            otlp,
        },
    )
}

fn http() -> impl Strategy<Value = Box<HttpSpec>> {
    let body = prop_oneof![
        Just(HttpBody::Empty),
        text().prop_map(HttpBody::Text),
        (name(), text(), any::<i32>())
            .prop_map(|(name, text, number)| HttpBody::Json(serde_json::json!({ name: [text, number, null, {}] }))),
    ];
    let answer = prop_oneof![Just(HttpAnswer::Text), Just(HttpAnswer::Json), text().prop_map(HttpAnswer::Pointer)];
    let place = option::of((name(), text()).prop_map(|(header, before)| KeyPlace { header, before }));
    let method = prop_oneof![Just(HttpMethod::Get), Just(HttpMethod::Post)];
    let texts = || btree_map(name(), text(), 0..3);
    (method, texts(), texts(), place, body, answer).prop_map(|(method, query, headers, key_header, body, answer)| {
        Box::new(HttpSpec { method, query, headers, key_header, body, answer })
    })
}

fn alert_rules() -> impl Strategy<Value = AlertRules> {
    let share = || option::of((0..=16_u8).prop_map(|share| f64::from(share) / 16.0));
    (option::of(any::<u64>()), option::of(any::<u32>()), option::of(usd()), share(), any::<bool>()).prop_map(
        |(latency_over_ms, retries_over, cost_over, error_rate_over, validation_failed)| AlertRules {
            latency_over_ms,
            retries_over,
            cost_over,
            validation_failed,
            error_rate_over,
            ..AlertRules::default()
        },
    )
}

fn otlp() -> impl Strategy<Value = OtlpSpec> {
    let key = option::of(text().prop_map(SecretRef::Env));
    (text(), key, option::of(name())).prop_map(|(endpoint, key, header)| OtlpSpec { endpoint, key, header })
}

/// One thing that a person does to the hand-laid-out prompt.
#[derive(Debug, Clone)]
pub enum PromptEdit {
    Title(String),
    Note(String),
    AddVariable(String, Variable),
    RemoveVariable(usize),
    LayerTitle(usize, String),
    Switch(usize),
    AddLayer(usize, Layer),
    Move(usize, usize),
    Expertise(Vec<String>),
}

pub fn prompt_edit() -> impl Strategy<Value = PromptEdit> {
    let variable = text().prop_map(|note| Variable { note, ..Variable::default() });
    prop_oneof![
        text().prop_map(PromptEdit::Title),
        text().prop_map(PromptEdit::Note),
        (name(), variable).prop_map(|(name, variable)| PromptEdit::AddVariable(name, variable)),
        (0..2_usize).prop_map(PromptEdit::RemoveVariable),
        (0..4_usize, text()).prop_map(|(at, title)| PromptEdit::LayerTitle(at, title)),
        (0..4_usize).prop_map(PromptEdit::Switch),
        (0..5_usize, layer()).prop_map(|(at, layer)| PromptEdit::AddLayer(at, layer)),
        (0..4_usize, 0..4_usize).prop_map(|(from, to)| PromptEdit::Move(from, to)),
        vec(text(), 0..3).prop_map(PromptEdit::Expertise),
    ]
}

impl PromptEdit {
    pub fn apply(&self, prompt: &mut Prompt) {
        let count = prompt.layers.len();
        match self {
            Self::Title(title) => prompt.title.clone_from(title),
            Self::Note(note) => prompt.note.clone_from(note),
            Self::AddVariable(name, variable) => {
                prompt.variables.insert(name.clone(), variable.clone());
            }
            Self::RemoveVariable(at) => {
                if let Some(name) = prompt.variables.keys().nth(*at).cloned() {
                    prompt.variables.remove(&name);
                }
            }
            Self::LayerTitle(at, title) => prompt.layers[at % count].title.clone_from(title),
            Self::Switch(at) => prompt.layers[at % count].on ^= true,
            Self::AddLayer(at, layer) => prompt.layers.insert(at % (count + 1), layer.clone()),
            Self::Move(from, to) => {
                let layer = prompt.layers.remove(from % count);
                prompt.layers.insert(to % count, layer);
            }
            Self::Expertise(expertise) => {
                if let Some(Content::Foundation(foundation)) =
                    prompt.layers.iter_mut().find(|layer| layer.id.as_str() == "who").map(|layer| &mut layer.content)
                {
                    foundation.identity.expertise.clone_from(expertise);
                }
            }
        }
    }

    /// The most lines of the hand-laid-out file that the edit may touch.
    pub const fn lines(&self) -> usize {
        match self {
            // With the brackets of the map, when it was the last.
            Self::RemoveVariable(_) => 2,
            Self::AddVariable(..)
            | Self::AddLayer(..)
            | Self::Title(_)
            | Self::Note(_)
            | Self::LayerTitle(..)
            | Self::Switch(_)
            | Self::Expertise(_) => 1,
            // The longest layer with its comment, and the blank line before it.
            Self::Move(..) => 24,
        }
    }
}
