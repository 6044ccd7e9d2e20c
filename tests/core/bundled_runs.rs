//! What the bundled experiments show when they are run: better prompts pass more often, and every outcome occurs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use strata::compose::{Composer, Library};
use strata::domain::{
    Api, Case, ChatRequest, Completion, DatasetId, Experiment, FinishReason, ModelId, Outcome, Project, VariantId,
    Verdict, Workspace,
};
use strata::provider::{self, ConnectOptions, Provider, SystemKeys};
use strata::scoring::{Answer, Checks, Next, Reply};
use strata::store::{OpenCases, open_cases};

use super::bundled::{bundled, open};

/// Each seed of the fence draws other answers: a few of them, so that the rates do not hang on one draw.
const FENCES: [u64; 2] = [1, 2];

/// A workspace with its providers connected.
struct Desk {
    workspace: Workspace,
    project: Project,
    providers: BTreeMap<String, Arc<dyn Provider>>,
    faults: u32,
}

/// What came of one variant with one model.
#[derive(Debug, Default)]
struct Column {
    passed: u32,
    failed: u32,
    unscored: u32,
    latencies: Vec<f64>,
    finishes: BTreeSet<&'static str>,
}

impl Column {
    /// Percent of the scored trials.
    fn rate(&self) -> f64 {
        100.0 * f64::from(self.passed) / f64::from(self.passed + self.failed)
    }

    fn latency(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_by(f64::total_cmp);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "small"
        )]
        sorted[(sorted.len() as f64 * share) as usize]
    }
}

impl Desk {
    fn new(name: &str) -> Self {
        let workspace = open(&bundled(name));
        let project = workspace.projects.values().next().unwrap().clone();
        let mut providers = BTreeMap::new();
        for (id, spec) in &workspace.manifest.providers {
            let Api::Scripted(path) = &spec.api else { panic!("{id} is not scripted") };
            assert_eq!(provider::check_script(path, &workspace.scripts[path]), [], "{path}");
            let options =
                ConnectOptions { script: Some(Arc::clone(&workspace.scripts[path])), ..ConnectOptions::default() };
            providers
                .insert(id.to_string(), provider::connect(spec, &options, Arc::new(SystemKeys::default())).unwrap());
        }
        Self { workspace, project, providers, faults: 0 }
    }

    fn open_cases(&self, id: &DatasetId) -> OpenCases {
        let project = self.workspace.projects.keys().next().unwrap();
        let opened = open_cases(&self.workspace.root, project, &self.project.datasets[id]).unwrap();
        assert_eq!(opened.problems, [], "{id}");
        opened
    }

    fn cases(&self, id: &DatasetId) -> Vec<Case> {
        let cases = self.open_cases(id).cases;
        (0..cases.len()).map(|index| cases.case(index).unwrap()).collect()
    }

    fn composer(&self, id: &VariantId) -> Composer {
        let variant = &self.project.variants[id];
        let examples = |id: &DatasetId| Some(Arc::new(self.cases(id)));
        let library =
            Library { dialect: self.project.spec.dialect, prompts: &self.project.prompts, examples: &examples };
        Composer::new(&self.project.prompts[&variant.prompt], variant, &library).unwrap()
    }

    /// Asks as the engine would: a fault is tried again.
    async fn ask(&mut self, model: &ModelId, mut request: ChatRequest) -> Completion {
        let spec = &self.workspace.manifest.models[model];
        request.model.clone_from(&spec.model);
        let provider = &self.providers[spec.provider.as_str()];
        for _ in 0..8 {
            let reply = provider.exchange(&request, &|_| {}).await;
            match reply.and_then(|reply| provider.read(&request, &reply)) {
                Ok(completion) => return completion,
                Err(_) => self.faults += 1,
            }
        }
        panic!("eight faults in a row");
    }

    async fn column(&mut self, experiment: &Experiment, variant: &VariantId, model: &ModelId) -> Column {
        let untrusted = self.open_cases(&experiment.dataset).untrusted;
        let checks = Checks::new(&experiment.checks, experiment.pass).unwrap();
        let composer = self.composer(variant);
        let params = self.project.variants[variant].params.clone();
        let mut column = Column::default();
        let cases = selected(experiment, self.cases(&experiment.dataset));
        for (case, fence) in cases.flat_map(|case| FENCES.map(|fence| (case.clone(), fence))) {
            let messages = composer.render(&case, &untrusted, fence).unwrap().messages;
            for sample in 0..experiment.repeats {
                let request = ChatRequest {
                    model: String::new(),
                    messages: messages.clone(),
                    params: params.clone(),
                    tools: Vec::new(),
                    sample,
                };
                let completion = self.ask(model, request).await;
                assert!(!completion.text.contains("<<"), "{}: {}", case.id, completion.text);
                let outcome = self.outcome(&checks, &completion, &case, sample).await;
                column.add(&outcome, &completion);
            }
        }
        column
    }

    async fn outcome(&mut self, checks: &Checks, completion: &Completion, case: &Case, sample: u32) -> Outcome {
        let answer = Answer::new(completion, case);
        let mut judged = BTreeMap::new();
        for (position, grader) in checks.graders(case) {
            let grading = grader.begin(&answer, "", sample);
            let mut replies = Vec::new();
            let result = loop {
                match grading.next(&replies) {
                    Next::Done(result) => break result,
                    Next::Ask(request) => {
                        let reply = self.ask(grader.model().unwrap(), *request).await;
                        replies.push(Reply::Said(Arc::new(reply)));
                    }
                    Next::Embed(texts) => panic!("vectors of {texts:?} are asked for"),
                    Next::Label(text) => panic!("labels of {text:?} are asked for"),
                }
            };
            judged.insert(position, result);
        }
        checks.score(&answer, &judged)
    }
}

impl Column {
    fn add(&mut self, outcome: &Outcome, completion: &Completion) {
        match outcome.verdict().unwrap() {
            Verdict::Pass => self.passed += 1,
            Verdict::Fail => self.failed += 1,
            Verdict::Unscored => self.unscored += 1,
        }
        self.latencies.push(completion.latency_ms);
        self.finishes.insert(match completion.finish {
            FinishReason::Stop => "stop",
            FinishReason::Length => "length",
            FinishReason::Refusal => "refusal",
            _ => "other",
        });
    }
}

fn selected(experiment: &Experiment, cases: Vec<Case>) -> impl Iterator<Item = Case> {
    let filter = experiment.filter.clone();
    let most = filter.limit.unwrap_or(usize::MAX);
    let wanted = move |case: &Case| filter.tags.is_empty() || case.tags.iter().any(|tag| filter.tags.contains(tag));
    cases.into_iter().filter(wanted).take(most)
}

fn between(name: &str, value: f64, least: f64, most: f64) {
    assert!((least..=most).contains(&value), "{name}: {value:.1} is not from {least} to {most}");
}

#[tokio::test(start_paused = true)]
async fn better_prompts_sort_more_tickets_right() {
    let mut desk = Desk::new("support-triage");
    let experiment = Arc::clone(&desk.project.experiments[&"triage".into()]);
    let bands = [
        ("baseline", "swift", 22.0, 42.0),
        ("baseline", "sage", 28.0, 50.0),
        ("layered", "swift", 60.0, 80.0),
        ("layered", "sage", 67.0, 87.0),
        ("layered-examples", "swift", 72.0, 90.0),
        ("layered-examples", "sage", 82.0, 97.0),
    ];
    let mut finishes = BTreeSet::new();
    let mut rates = BTreeMap::new();
    for (variant, model, least, most) in bands {
        let column = desk.column(&experiment, &variant.into(), &model.into()).await;
        between(&format!("{variant} × {model}"), column.rate(), least, most);
        let (median, p95) = (column.latency(0.5), column.latency(0.95));
        let expected = if model == "swift" { (120.0, 300.0) } else { (350.0, 900.0) };
        between("median latency", median, expected.0 * 0.7, expected.0 * 1.3);
        between("95th percentile of the latency", p95, expected.1 * 0.6, expected.1 * 1.6);
        rates.insert((model, variant), column.rate());
        finishes.extend(column.finishes);
    }
    for model in ["swift", "sage"] {
        let rate = |variant| rates[&(model, variant)];
        assert!(rate("baseline") < rate("layered") && rate("layered") < rate("layered-examples"), "{rates:?}");
    }
    assert_eq!(finishes.into_iter().collect::<Vec<_>>(), ["length", "refusal", "stop"]);
    between("faults in twice 444 trials", f64::from(desk.faults), 8.0, 60.0);
}

#[tokio::test(start_paused = true)]
async fn sources_make_answers_better_and_a_judge_may_be_at_a_loss() {
    let mut desk = Desk::new("policy-answers");
    let experiment = Arc::clone(&desk.project.experiments[&"answers".into()]);
    // Each is the mean over many draws, 16 points (two standard deviations of 36 answers) to either side.
    let bands = [
        ("plain", "clerk", 11.0, 43.0),
        ("plain", "scholar", 14.0, 46.0),
        ("cited", "clerk", 58.0, 90.0),
        ("cited", "scholar", 75.0, 100.0),
        ("cited-relevant", "clerk", 64.0, 96.0),
        ("cited-relevant", "scholar", 76.0, 100.0),
    ];
    let mut unscored = 0;
    for (variant, model, least, most) in bands {
        let column = desk.column(&experiment, &variant.into(), &model.into()).await;
        between(&format!("{variant} × {model}"), column.rate(), least, most);
        unscored += column.unscored;
    }
    between("unscored of twice 216 trials", f64::from(unscored), 4.0, 45.0);
}

#[tokio::test(start_paused = true)]
async fn the_first_experiments_pass_their_gates() {
    for (name, experiment) in [("support-triage", "quick"), ("support-triage", "ablation"), ("policy-answers", "quick")]
    {
        let mut desk = Desk::new(name);
        let experiment = Arc::clone(&desk.project.experiments[&experiment.into()]);
        for variant in &experiment.variants {
            for model in &experiment.models {
                let column = desk.column(&experiment, variant, model).await;
                between(
                    &format!("{name} × {variant} × {model}"),
                    column.rate(),
                    100.0 * experiment.gate.unwrap(),
                    100.0,
                );
            }
        }
    }
}

#[test]
fn their_templates_ask_only_for_what_the_datasets_have() {
    for name in ["support-triage", "policy-answers"] {
        let desk = Desk::new(name);
        for (id, experiment) in &desk.project.experiments {
            let opened = desk.open_cases(&experiment.dataset);
            let inputs: BTreeSet<String> = opened.columns.into_iter().collect();
            let expected: BTreeSet<String> = opened.expected.into_iter().collect();
            let checks = Checks::new(&experiment.checks, experiment.pass).unwrap();
            assert_eq!(checks.lint(&inputs, &expected), [], "{name}, {id}");
            for variant in &experiment.variants {
                assert_eq!(desk.composer(variant).lint(Some(&inputs)), [], "{name}, {id}, {variant}");
            }
        }
    }
}
