//! A provider that does as it is told, a record that keeps what it is told, and a run between the two.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use strata::compose::{Composer, Library};
use strata::domain::{
    AttemptEnded, Budget, CallError, Case, Cases, ChatRequest, Check, CheckKind, Completion, Content, Context,
    Experiment, Fault, Filter, Fingerprint, FinishReason, Label, Layer, ModelId, Numbered, Outcome, OutputSpec, Params,
    PassRule, Policy, Price, Problem, Prompt, RawReply, Role, RunEvent, RunHeader, RunModel, RunState, Session, Text,
    TrialEnded, Usage, Usd, Variable, Variant,
};
use strata::engine::{
    CachedCall, CallCache, Earlier, Endpoint, NoCache, Route, RunHandle, RunSink, SinkError, StandInRoute, World, start,
};
use strata::plan::{Plan, PlanModel, PlanVariant, Selection, TierRoute};
use strata::provider::{BoxFuture, Embedded, OnText, Provider, Received};
use strata::scoring::guardrails::{Inspector, Sanitiser};
use strata::scoring::{Checks, Validation};

/// What the desk does with a call: given the prompt's text and how often that text was asked before.
pub type Behaviour = dyn Fn(&str, u32) -> Result<RawReply, CallError> + Send + Sync;

pub struct Desk {
    pub behaviour: Box<Behaviour>,
    pub latency: Duration,
    /// How every answer ends.
    pub finish: FinishReason,
    pub calls: AtomicU32,
    pub asked: Mutex<HashMap<String, u32>>,
    pub in_flight: AtomicUsize,
    pub most_in_flight: AtomicUsize,
}

impl Desk {
    pub fn new(behaviour: impl Fn(&str, u32) -> Result<RawReply, CallError> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self::plain(behaviour))
    }

    pub fn plain(behaviour: impl Fn(&str, u32) -> Result<RawReply, CallError> + Send + Sync + 'static) -> Self {
        Self {
            behaviour: Box::new(behaviour),
            latency: Duration::from_millis(100),
            finish: FinishReason::Stop,
            calls: AtomicU32::new(0),
            asked: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }
    }

    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Provider for Desk {
    fn exchange<'a>(&'a self, request: &'a ChatRequest, _: OnText<'a>) -> BoxFuture<'a, Result<Received, CallError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::SeqCst);
            let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_in_flight.fetch_max(now, Ordering::SeqCst);
            tokio::time::sleep(self.latency).await;
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            let text = &request.messages[0].content;
            let before = {
                let mut asked = self.asked.lock().unwrap();
                let count = asked.entry(text.clone()).or_default();
                *count += 1;
                *count - 1
            };
            (self.behaviour)(text, before).map(Received::from)
        })
    }

    /// What the behaviour says is the vector: numbers with commas between them.
    fn embed<'a>(&'a self, _: &'a str, texts: &'a [String]) -> BoxFuture<'a, Result<Embedded, CallError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.latency).await;
            let vector = |text: &String| {
                let reply = (self.behaviour)(text, 0)?;
                let text = String::from_utf8(reply.body).unwrap();
                Ok(text.split(',').map(|part| part.parse().unwrap()).collect())
            };
            let vectors = texts.iter().map(vector).collect::<Result<_, CallError>>()?;
            Ok(Embedded { vectors, usage: Some(Usage { input_tokens: 10, ..Usage::default() }) })
        })
    }

    /// What the behaviour says are the flagged categories, with commas between them; `fine` is a category that is not.
    fn label<'a>(&'a self, _: &'a str, text: &'a str) -> BoxFuture<'a, Result<Vec<Label>, CallError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(self.latency).await;
            let reply = String::from_utf8((self.behaviour)(text, 0)?.body).unwrap();
            let label = |name: &str| Label { name: name.to_owned(), score: 0.5, flagged: Some(name != "fine") };
            Ok(reply.split(',').map(label).collect())
        })
    }

    fn read(&self, _: &ChatRequest, reply: &RawReply) -> Result<Completion, CallError> {
        let text = String::from_utf8(reply.body.clone()).unwrap();
        assert!(!text.contains("panic"), "told to panic");
        if reply.status == 429 {
            return Err(CallError { status: Some(429), ..CallError::new(Fault::RateLimited, text) });
        }
        if text.contains("no form") {
            return Err(CallError { status: Some(reply.status), ..CallError::new(Fault::Protocol, text) });
        }
        Ok(Completion {
            text,
            reasoning: None,
            tool_calls: Vec::new(),
            finish: self.finish.clone(),
            usage: Some(Usage { input_tokens: 10, output_tokens: 10, ..Usage::default() }),
            model: None,
            request_id: None,
            first_token_ms: None,
            latency_ms: reply.latency_ms,
        })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a behaviour answers or fails")]
pub fn says(text: &str) -> Result<RawReply, CallError> {
    Ok(RawReply { status: 200, body: text.as_bytes().to_vec(), latency_ms: 100.0, ..RawReply::default() })
}

pub fn fails(fault: Fault) -> Result<RawReply, CallError> {
    Err(CallError::new(fault, "told to fail"))
}

/// How many, what they ask, and the checks of each.
struct Rows(u32, Vec<&'static str>, Vec<Check>);

impl Cases for Rows {
    fn len(&self) -> usize {
        self.0 as usize
    }

    fn case(&self, index: usize) -> Result<Case, Problem> {
        let question = self.1.get(index).map_or_else(|| format!("question {index}"), |asked| (*asked).to_owned());
        let vars = serde_json::Map::from_iter([("question".to_owned(), question.into())]);
        Ok(Case { id: format!("case-{index}").into(), vars, checks: self.2.clone(), ..Case::default() })
    }

    fn has_options(&self) -> bool {
        !self.2.is_empty()
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint([7; 32])
    }
}

/// Keeps what it is told, and can be told to fail.
#[derive(Clone, Default)]
pub struct Record {
    pub events: Arc<Mutex<Vec<Arc<Numbered>>>>,
    pub full: Arc<AtomicBool>,
    pub refused: Arc<AtomicU32>,
}

impl RunSink for Record {
    fn on_events(&mut self, events: &[Arc<Numbered>]) -> Result<(), SinkError> {
        if self.full.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(SinkError { message: "The disk is full.".into() });
        }
        self.events.lock().unwrap().extend_from_slice(events);
        Ok(())
    }
}

impl Record {
    pub fn events(&self) -> Vec<RunEvent> {
        self.events.lock().unwrap().iter().map(|numbered| numbered.event.clone()).collect()
    }

    pub fn ended(&self) -> Vec<Arc<TrialEnded>> {
        let ended = |event| match event {
            RunEvent::TrialEnded(ended) => Some(ended),
            _ => None,
        };
        self.events().into_iter().filter_map(ended).collect()
    }

    pub fn notices(&self) -> Vec<String> {
        let message = |event| match event {
            RunEvent::Notice { message } => Some(message),
            _ => None,
        };
        self.events().into_iter().filter_map(message).collect()
    }

    pub fn count(&self, wanted: fn(&RunEvent) -> bool) -> usize {
        self.events().iter().filter(|event| wanted(event)).count()
    }
}

/// The answers of a run that may answer again.
#[derive(Default)]
pub struct Paid(Mutex<HashMap<Fingerprint, CachedCall>>);

impl Paid {
    pub fn of(record: &Record) -> Arc<Self> {
        let paid = Self::default();
        for event in record.events() {
            if let RunEvent::AttemptEnded(AttemptEnded {
                request, result: Ok(completion), cost, cacheable: true, ..
            }) = event
            {
                paid.0.lock().unwrap().insert(request, CachedCall { completion, cost });
            }
        }
        Arc::new(paid)
    }
}

impl CallCache for Paid {
    fn get(&self, request: &Fingerprint) -> Option<CachedCall> {
        self.0.lock().unwrap().get(request).cloned()
    }
}

/// A run to be started; each test changes what it is about.
pub struct Setup {
    pub cases: u32,
    /// Every case is the first row.
    pub alike: bool,
    pub repeats: u32,
    pub concurrency: u32,
    pub desks: Vec<Arc<Desk>>,
    pub policy: Policy,
    pub budget: Budget,
    pub cache: Arc<dyn CallCache>,
    pub earlier: Earlier,
    pub record: Record,
    /// Who may answer in the place of the models.
    pub stand_ins: Vec<Arc<Desk>>,
    /// Stands before the question in a layer of context; none where it is empty.
    pub context: String,
    /// Who shortens context.
    pub condenser: Option<Arc<Desk>>,
    /// Who makes vectors.
    pub embedder: Option<Arc<Desk>>,
    /// Who answers easier requests, and by whose desks.
    pub tiers: Option<TierRoute>,
    pub tier_desks: Vec<Arc<Desk>>,
    /// What the prompts ask, by row; `question N` where it is not given.
    pub questions: Vec<&'static str>,
    /// The form that answers are held to.
    pub form: Option<OutputSpec>,
    /// What answers are asked; that they say `right` where it is empty.
    pub checks: Vec<Check>,
    /// What the answers of each case are asked beside.
    pub case_checks: Vec<Check>,
    /// Who grades, by the name of the model.
    pub judges: Vec<(&'static str, Arc<Desk>)>,
    /// How long the run stands still behind a breaker; for ever where it is not given.
    pub patience: Option<Duration>,
}

impl Setup {
    pub fn new(desk: &Arc<Desk>) -> Self {
        Self {
            cases: 20,
            alike: false,
            repeats: 1,
            concurrency: 4,
            desks: vec![desk.clone()],
            policy: Policy::default(),
            budget: Budget::default(),
            cache: Arc::new(NoCache),
            earlier: Earlier::default(),
            record: Record::default(),
            stand_ins: Vec::new(),
            context: String::new(),
            condenser: None,
            embedder: None,
            tiers: None,
            tier_desks: Vec::new(),
            questions: Vec::new(),
            form: None,
            checks: Vec::new(),
            case_checks: Vec::new(),
            judges: Vec::new(),
            patience: None,
        }
    }

    pub fn plan(&self) -> Plan {
        let prompt = Prompt {
            variables: BTreeMap::from([("question".to_owned(), Variable::default())]),
            layers: vec![Layer {
                id: "ask".into(),
                title: String::new(),
                note: String::new(),
                on: true,
                role: Some(Role::User),
                content: Content::Text(Text { text: "Answer {{ question }}".into() }),
            }],
            ..Prompt::default()
        };
        let prompt = if self.context.is_empty() { prompt } else { self.with_context(prompt) };
        let prompts = BTreeMap::new();
        let library = Library { dialect: strata::domain::Dialect::Jinja, prompts: &prompts, examples: &|_| None };
        let variant = Variant::of("prompt".into());
        let composer = Composer::new(&prompt, &variant, &library).unwrap();
        let price = Price { input: Usd::from_nanos(1_000_000), output: Usd::from_nanos(1_000_000), ..Price::FREE };
        let names: Vec<String> = (0..self.desks.len()).map(|desk| format!("model-{desk}")).collect();
        let model = |name: &String| PlanModel {
            model: name.clone(),
            origin: name.clone(),
            price: Some(price.clone()),
            max_output: Some(10),
            params: Params::default(),
            is_echo: false,
            is_unmapped: false,
            is_told_max_tokens: true,
            transform: None,
        };
        Plan {
            header: Arc::new(self.header(&names)),
            variants: vec![PlanVariant {
                id: "variant".into(),
                composer: Arc::new(composer),
                params: variant.params.clone(),
                tiers: self.tiers.clone().map(Arc::new),
            }],
            models: names.iter().map(model).collect(),
            left_out: Arc::default(),
            calls: Arc::default(),
            remembers: false,
            canary: None,
            cases: Arc::new(Rows(self.cases, self.questions.clone(), self.case_checks.clone())),
            selection: if self.alike {
                Selection::Rows(vec![0; self.cases as usize].into())
            } else {
                Selection::First(self.cases)
            },
            untrusted: Arc::new(BTreeSet::new()),
            epoch: 0,
        }
    }

    fn with_context(&self, mut prompt: Prompt) -> Prompt {
        let session = Session { current_task: self.context.clone(), ..Session::default() };
        let content = Content::Context(Box::new(Context { session: Some(session), ..Context::default() }));
        prompt.layers.insert(0, Layer { id: "facts".into(), content, ..prompt.layers[0].clone() });
        prompt
    }

    pub fn header(&self, names: &[String]) -> RunHeader {
        let models = names.iter().map(|name| RunModel {
            id: name.as_str().into(),
            model: name.clone(),
            origin: name.clone(),
            scripted: false,
        });
        let definition = Experiment {
            format: 1,
            title: String::new(),
            note: String::new(),
            variants: vec!["variant".into()],
            models: names.iter().map(|name| name.as_str().into()).collect(),
            dataset: "rows".into(),
            filter: Filter::default(),
            repeats: self.repeats,
            without: Vec::new(),
            checks: Vec::new(),
            pass: PassRule::All,
            gate: None,
            policy: Some(self.policy.clone()),
            budget: self.budget,
        };
        RunHeader {
            id: "run".into(),
            project: "project".into(),
            experiment: "experiment".into(),
            variants: definition.variants.clone(),
            definition,
            models: models.collect(),
            dataset: "rows".into(),
            dataset_fingerprint: Fingerprint([7; 32]),
            cases: self.cases,
            repeats: self.repeats,
            started_at: Timestamp::UNIX_EPOCH,
            program: "test".into(),
            prices_dated: "2026-11-23".into(),
            judges: Vec::new(),
            temperatures: Vec::new(),
            left_out: 0,
            idle: Vec::new(),
        }
    }

    fn endpoint(&self, name: &str, desk: &Arc<Desk>) -> Arc<Endpoint> {
        let endpoint = Endpoint::new(name.into(), name.to_owned(), desk.clone(), self.concurrency);
        Arc::new(endpoint.with_policy(&self.policy, 1))
    }

    pub fn start(self) -> RunHandle {
        let plan = self.plan();
        let route = |(desk, model): (&Arc<Desk>, &PlanModel)| Route {
            model: model.model.as_str().into(),
            provider_model: model.model.clone(),
            price: model.price.clone(),
            max_output: model.max_output,
            endpoint: self.endpoint(&model.model, desk),
        };
        let has_answer = Check::new(CheckKind::Contains {
            values: vec!["right".into()],
            need: strata::domain::Need::All,
            ignore_case: false,
        });
        let checks = if self.checks.is_empty() { vec![has_answer] } else { self.checks.clone() };
        let price = plan.models[0].price.clone();
        let stand_in = |(number, desk): (usize, &Arc<Desk>)| {
            let name = format!("stand-in-{number}");
            let endpoint = self.endpoint(&name, desk);
            let (price, max_output) = (price.clone(), Some(10));
            let route =
                Route { model: name.as_str().into(), provider_model: name.clone(), price, max_output, endpoint };
            StandInRoute { route, timeout: None }
        };
        let helper = |name: &str, desk: &Arc<Desk>| Route {
            model: name.into(),
            provider_model: name.to_owned(),
            price: plan.models[0].price.clone(),
            max_output: None,
            endpoint: self.endpoint(name, desk),
        };
        let stand_ins = self.stand_ins.iter().enumerate().map(stand_in).collect();
        let validation = |form: &OutputSpec| Arc::new(Validation::new(form.clone(), false).unwrap());
        let validations = vec![self.form.as_ref().map(validation)];
        let tier = |((id, model), desk): (&(ModelId, PlanModel), &Arc<Desk>)| {
            let endpoint = self.endpoint(id.as_str(), desk);
            let (price, max_output) = (model.price.clone(), model.max_output);
            let route = Route { model: id.clone(), provider_model: model.model.clone(), price, max_output, endpoint };
            (id.clone(), route)
        };
        let tiers = self.tiers.iter().flat_map(|tiers| &tiers.models).zip(&self.tier_desks).map(tier).collect();
        let world = World {
            tiers,
            stand_ins,
            validations,
            sanitiser: Some(Sanitiser::new(&self.policy.sanitise).unwrap()).filter(|_| self.policy.sanitise.on),
            inspector: Some(Inspector::new(&self.policy.output).unwrap()).filter(|_| self.policy.output.is_on()),
            routes: self.desks.iter().zip(&plan.models).map(route).collect(),
            judges: self.judges.iter().map(|(name, desk)| ((*name).into(), helper(name, desk))).collect(),
            embedder: self.embedder.as_ref().map(|desk| helper("embedder", desk)),
            condenser: self.condenser.as_ref().map(|desk| helper("condenser", desk)),
            checks: Arc::new(Checks::new(&checks, PassRule::All).unwrap()),
            cache: self.cache,
            policy: self.policy,
            budget: self.budget,
            earlier: self.earlier,
            seed: 1,
            on_text: None,
            stall_limit: None,
            patience: self.patience,
        };
        start(plan, world, vec![Box::new(self.record)], &tokio::runtime::Handle::current()).unwrap()
    }

    pub async fn run(self) -> (RunState, Record, Usd) {
        let record = self.record.clone();
        let handle = self.start();
        let state = handle.ended().await;
        (state, record, handle.status().spent)
    }
}

pub fn fault_of(ended: &TrialEnded) -> Option<&Fault> {
    match &ended.outcome {
        Outcome::Errored(error) => Some(&error.fault),
        Outcome::Scored(_) | Outcome::Unscored(_) => None,
    }
}
