//! What later cases see of earlier answers: the turns of their conversation, and answers that were stored by a name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::domain::{Case, Problem, Role, TrialEnded, TrialRef};
use crate::plan::{CONVERSATION, Plan, PlannedTrial};

use super::trial::output_of;

/// Kept for one run; its trials run one after the other.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Kept>);

type Conversation = (u16, u16, u16, String);

#[derive(Debug, Default)]
struct Kept {
    /// Of every variant and model, since the last to answer is seen by all.
    stored: Map<String, Value>,
    /// By variant, model, repeat and the conversation's name.
    turns: HashMap<Conversation, Vec<Value>>,
}

impl Memory {
    /// The case with what it may see. Stored answers stand before its own variables.
    pub fn recalled(&self, trial: TrialRef, mut case: Case) -> Case {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = kept.turns.get(&conversation(trial, &case)).cloned().unwrap_or_default();
        case.vars.insert(CONVERSATION.to_owned(), Value::Array(turns));
        case.vars.extend(kept.stored.clone());
        case
    }

    /// A trial of a recorded run with what it saw then, where all before it were gone through in this way. The next sees
    /// its answer as well.
    ///
    /// # Errors
    /// Its row cannot be read any more, or the prompt cannot be rendered with it.
    pub fn relived(
        &self,
        plan: &Plan,
        trial: TrialRef,
        ended: Option<&TrialEnded>,
    ) -> Result<PlannedTrial, Vec<Problem>> {
        let planned = plan.prepare_case(trial, self.recalled(trial, plan.case(trial)?))?;
        if let Some((ended, answer)) = ended.and_then(|ended| Some((ended, ended.answer.as_ref()?))) {
            self.keep(&planned, &output_of(&ended.outcome, answer));
        }
        Ok(planned)
    }

    /// Keeps what a trial was answered.
    pub fn keep(&self, planned: &PlannedTrial, output: &Value) {
        let asked = planned.request.messages.iter().rev().find(|message| message.role == Role::User);
        let prompt = planned.text.clone().or_else(|| asked.map(|message| message.content.clone()));
        let turn = json!({
            "prompt": prompt,
            "input": asked.map(|message| &message.content),
            "output": output,
        });
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turns.entry(conversation(planned.trial, &planned.case)).or_default().push(turn);
        if let Some(name) = &planned.case.options.store_as {
            kept.stored.insert(name.clone(), output.clone());
        }
    }
}

fn conversation(trial: TrialRef, case: &Case) -> Conversation {
    (trial.variant, trial.model, trial.repeat, case.options.conversation.clone().unwrap_or_default())
}
