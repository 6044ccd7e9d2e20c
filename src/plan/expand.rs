//! Experiment → trials. A trial is an index; its request is made when it is asked for.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use crate::compose::{Composer, RenderedLayer};
use crate::domain::{
    Case, CaseId, Cases, ChatRequest, Code, Completion, Fingerprint, Message, Params, Place, Price, Problem, RunHeader,
    TrialKey, TrialRef, VariantId,
};

use serde_json::Value;

use super::canary::plant;
use super::fingerprint::{call_fingerprint, definition_fingerprint, trial_key};
use super::tiers::{TierRoute, Tiered};

/// The kind of layers that may be shortened, as [`crate::domain::Content::kind`] says it.
const CONTEXT: &str = "Context";

/// Everything that an experiment will do, without having done any of it.
#[derive(Clone)]
pub struct Plan {
    pub header: Arc<RunHeader>,
    pub variants: Vec<PlanVariant>,
    /// In the order of the header's models.
    pub models: Vec<PlanModel>,
    pub cases: Arc<dyn Cases>,
    pub selection: Selection,
    /// Columns whose values are fenced.
    pub untrusted: Arc<BTreeSet<String>>,
    /// The cache's epoch, part of every call's identity.
    pub epoch: u32,
    /// Indexes of trials that are not run.
    pub left_out: Arc<HashSet<u64>>,
    /// Trials that need an answer of a model, by column: neither left out nor given by their case, and of no echo.
    pub calls: Arc<[u64]>,
    /// Cases see answers of earlier ones, so that trials run one after the other.
    pub remembers: bool,
    /// Stands in every system message, so that a leak of it shows.
    pub canary: Option<Arc<str>>,
}

#[derive(Clone)]
pub struct PlanVariant {
    pub id: VariantId,
    pub composer: Arc<Composer>,
    pub params: Params,
    /// Who answers easier requests; `None` where the column's model answers all.
    pub tiers: Option<Arc<TierRoute>>,
}

#[derive(Debug, Clone)]
pub struct PlanModel {
    /// The provider's own name of the model.
    pub model: String,
    pub origin: String,
    /// `None` is unknown, never zero.
    pub price: Option<Price>,
    /// The most output tokens, where they are known.
    pub max_output: Option<u32>,
    /// Parameters of every call, where the variant sets none.
    pub params: Params,
    /// Answers with the prompt's own text.
    pub is_echo: bool,
    /// It was imported and nobody here can ask it: trials that need its answer are errors.
    pub is_unmapped: bool,
    /// Its API hears of a call's `max_tokens`; where it does not, they bound nothing.
    pub is_told_max_tokens: bool,
    /// Makes of each answer what is checked.
    pub transform: Option<Code>,
}

impl PlanModel {
    /// Its answers go through a transform that is never run, so that its trials are errors before anything is asked.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.transform.as_ref().is_some_and(|transform| transform.unrun().is_some())
    }
}

/// Which rows of the dataset take part.
#[derive(Debug, Clone)]
pub enum Selection {
    First(u32),
    Rows(Arc<[u32]>),
}

impl Selection {
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::First(count) => *count as usize,
            Self::Rows(rows) => rows.len(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The dataset's row of the case at `position` among those that take part.
    #[must_use]
    pub fn row(&self, position: u32) -> Option<usize> {
        match self {
            Self::First(count) => (position < *count).then_some(position as usize),
            Self::Rows(rows) => rows.get(position as usize).map(|row| *row as usize),
        }
    }
}

/// A trial with its request, ready to be sent.
#[derive(Debug, Clone)]
pub struct PlannedTrial {
    pub trial: TrialRef,
    pub case: Case,
    pub request: ChatRequest,
    /// Identity of the call.
    pub call: Fingerprint,
    /// Identity of the trial.
    pub key: TrialKey,
    /// The layers of context in the messages, as far as they have text.
    pub context: Vec<RenderedLayer>,
    /// The tier that answers, where the variant has tiers.
    pub tiered: Option<Tiered>,
    /// The prompt as one text, where its dialect has it so.
    pub text: Option<String>,
    /// The answer where nobody is asked for it: the case gives it, or the model is the prompt's echo.
    pub given: Option<Arc<Completion>>,
}

impl Plan {
    /// Trials that are run.
    #[must_use]
    pub fn trials(&self) -> u64 {
        self.header.trials()
    }

    /// The indexes of the trials that are run, in order.
    pub fn indexes(&self) -> impl Iterator<Item = u64> + use<> {
        let left_out = self.left_out.clone();
        (0..self.header.places()).filter(move |index| !left_out.contains(index))
    }

    /// The trials of the first cases that are run, in the order in which each may see what those before it were answered:
    /// case by case, in a case repeat by repeat, and in that model by model.
    #[must_use]
    pub fn in_turn(&self, cases: u32) -> Vec<TrialRef> {
        let per_case = self.header.columns() as u64 * u64::from(self.header.repeats);
        let indexes = self.indexes().take_while(|index| *index < u64::from(cases) * per_case);
        let mut trials: Vec<TrialRef> = indexes.map(|index| self.trial(index)).collect();
        trials.sort_by_key(|trial| (trial.case, trial.repeat, trial.model, trial.variant));
        trials
    }

    /// The trial at `index`; cases are outermost, so that a run fills its grid row by row.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "each part is smaller than its count, which fits")]
    pub fn trial(&self, index: u64) -> TrialRef {
        let repeats = u64::from(self.header.repeats);
        let models = self.models.len() as u64;
        let variants = self.variants.len() as u64;
        TrialRef {
            repeat: (index % repeats) as u16,
            model: (index / repeats % models) as u16,
            variant: (index / (repeats * models) % variants) as u16,
            case: (index / (repeats * models * variants)) as u32,
        }
    }

    /// The inverse of [`Plan::trial`].
    #[must_use]
    pub fn index(&self, trial: TrialRef) -> u64 {
        let column = u64::from(trial.variant) * self.models.len() as u64 + u64::from(trial.model);
        (u64::from(trial.case) * self.header.columns() as u64 + column) * u64::from(self.header.repeats)
            + u64::from(trial.repeat)
    }

    /// The case that a trial is about.
    ///
    /// # Errors
    /// The row cannot be read, or is not there any more.
    pub fn case(&self, trial: TrialRef) -> Result<Case, Vec<Problem>> {
        let row = self.selection.row(trial.case).ok_or_else(|| vec![no_such_row(trial.case)])?;
        self.cases.case(row).map_err(|problem| vec![problem])
    }

    /// Renders a trial's request.
    ///
    /// # Errors
    /// The row cannot be read, or the prompt cannot be rendered with it.
    pub fn prepare(&self, trial: TrialRef) -> Result<PlannedTrial, Vec<Problem>> {
        self.prepare_case(trial, self.case(trial)?)
    }

    /// Columns of a trial's case whose values come from outside, by the dataset or by its prompt.
    #[must_use]
    pub fn untrusted_names(&self, trial: TrialRef) -> BTreeSet<String> {
        let composer = &self.variants[usize::from(trial.variant)].composer;
        self.untrusted.iter().cloned().chain(composer.untrusted().map(str::to_owned)).collect()
    }

    /// Renders a trial's request with a case in the place of its own.
    ///
    /// # Errors
    /// The prompt cannot be rendered with it.
    pub fn prepare_case(&self, trial: TrialRef, case: Case) -> Result<PlannedTrial, Vec<Problem>> {
        let variant = &self.variants[usize::from(trial.variant)];
        let model = &self.models[usize::from(trial.model)];
        let rendered = variant.composer.render(&case, &self.untrusted, self.fence_seed(&case))?;
        let mut params = variant.params.clone().over(&model.params);
        params.max_tokens = params.max_tokens.filter(|_| model.is_told_max_tokens);
        if let Some(response) = rendered.response {
            params.response = response;
        }
        let id = &self.header.models[usize::from(trial.model)].id;
        let mut messages = rendered.messages;
        if let Some(canary) = &self.canary {
            plant(&mut messages, canary);
        }
        let mut request = ChatRequest {
            model: model.model.clone(),
            messages,
            params,
            tools: rendered.tools,
            sample: u32::from(trial.repeat.saturating_add(case.options.repetition)),
        };
        let choice = variant.tiers.as_ref().map(|tiers| tiers.choose(&request, (id, model)));
        let (tiered, answering) = choice.transpose().map_err(|problem| vec![problem])?.unzip();
        let answering = answering.unwrap_or(model);
        request.model.clone_from(&answering.model);
        let is_context = |layer: &RenderedLayer| layer.kind == CONTEXT && !layer.text.is_empty();
        let context = rendered.layers.into_iter().filter(is_context).collect();
        let call = call_fingerprint(&answering.origin, &request, self.epoch);
        // What a transform makes of an answer is judged in its place, so another transform makes another trial.
        let made = model.transform.as_ref().map(|code| definition_fingerprint(&(call, code)));
        let key = trial_key(&case.id, &variant.id, id, made.as_ref().unwrap_or(&call));
        let text = rendered.text;
        let given = given(&case, model, text.as_deref(), &request).map(Arc::new);
        if given.is_none() && answering.is_unmapped {
            return Err(vec![unmapped(&answering.model)]);
        }
        Ok(PlannedTrial { trial, case, request, call, key, context, tiered, text, given })
    }

    fn fence_seed(&self, case: &Case) -> u64 {
        fence_seed(self.header.dataset_fingerprint, &case.id)
    }
}

/// An answer that is known without a call.
fn given(case: &Case, model: &PlanModel, text: Option<&str>, request: &ChatRequest) -> Option<Completion> {
    let answer = match &case.options.given {
        Some(Value::String(answer)) => answer.clone(),
        Some(answer) => answer.to_string(),
        None if model.is_echo => text.map_or_else(|| whole(&request.messages), str::to_owned),
        None => return None,
    };
    Some(Completion::given(answer))
}

/// All messages as one text.
fn whole(messages: &[Message]) -> String {
    messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n\n")
}

/// The same case gets the same fence each time, so that repeats, re-runs and previews have the same bytes.
#[must_use]
pub fn fence_seed(dataset: Fingerprint, case: &CaseId) -> u64 {
    let bytes = case.as_str().bytes().chain(dataset.0);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn unmapped(model: &str) -> Problem {
    let message = format!("Nobody here can ask `{model}`.");
    Problem::error(
        Place::default(),
        message,
        "Bind it to a model: import the config, and give this one another provider.",
    )
}

fn no_such_row(position: u32) -> Problem {
    Problem::error(Place::default(), format!("The plan has no case {position}."), "")
}
