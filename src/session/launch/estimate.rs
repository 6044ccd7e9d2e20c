//! What a prepared run will cost, learned from the runs on record.

use crate::domain::{ModelId, Price, RunHeader, RunId, VariantId};
use crate::plan::{Estimate, PastOutput, estimate};
use crate::store::records::{Column, Records, RecordsError};

use super::prepare::Prepared;

/// Earlier runs of the experiment that are asked how long answers were, from the newest on.
const LOOKED_BACK: usize = 8;

impl Prepared {
    /// What the run will cost. Answers are taken to be as long as those that the same variant got from the same model in
    /// the newest run of the experiment that has both, where the records have one.
    ///
    /// Renders a sample of the cases and reads records, so not for the main thread.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn estimate(&self, records: Option<&Records>) -> Result<Estimate, RecordsError> {
        let past = records.map(|records| past_output(records, &self.plan.header)).transpose()?.unwrap_or_default();
        Ok(estimate(&self.plan, &past, &self.judge_calls()))
    }

    /// The price of each model that grades, and how often it is called.
    fn judge_calls(&self) -> Vec<(Option<Price>, u64)> {
        let price = |model: &ModelId| self.reached.get(model).and_then(|reach| reach.price.clone());
        self.judges.iter().map(|(model, calls)| (price(model), *calls)).collect()
    }
}

/// Mean output tokens by variant and model, each from the newest run that knows it.
fn past_output(records: &Records, header: &RunHeader) -> Result<PastOutput, RecordsError> {
    let mut past = PastOutput::new();
    let mut before: Option<RunId> = None;
    for _ in 0..LOOKED_BACK {
        let Some(run) = records.previous_run(&header.project, &header.experiment, before.as_ref())? else { break };
        for (column, tokens) in records.output_tokens(&run.header.id)? {
            if let Some(pair) = in_both(&run.header, column, header) {
                past.entry(pair).or_insert(tokens);
            }
        }
        if past.len() >= header.columns() {
            break;
        }
        before = Some(run.header.id.clone());
    }
    Ok(past)
}

/// A column of an earlier run, where the planned one has it too: the variant of this name on the model of this name that
/// is still the same model of its provider.
fn in_both(earlier: &RunHeader, (variant, model): Column, planned: &RunHeader) -> Option<(VariantId, ModelId)> {
    let variant = earlier.variants.get(usize::from(variant))?;
    let model = earlier.models.get(usize::from(model))?;
    let same_model = planned.models.iter().any(|now| now.id == model.id && now.model == model.model);
    (same_model && planned.variants.contains(variant)).then(|| (variant.clone(), model.id.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RunState, Usd};
    use crate::plan::Range;
    use crate::session::Shelf;
    use crate::session::launch::{Wish, prepare};
    use crate::session::tests::{Scripted, run_to_its_end};
    use crate::store::open_workspace;

    fn prepared(desk: &Scripted) -> Prepared {
        let wish = Wish { project: "p".into(), experiment: "words".into(), no_cache: true, ..Wish::default() };
        prepare(&open_workspace(&desk.root()).unwrap(), &Shelf::default(), &wish).unwrap()
    }

    fn total(desk: &Scripted, records: &Records) -> Range {
        prepared(desk).estimate(Some(records)).unwrap().total().unwrap()
    }

    #[test]
    fn answers_are_as_long_as_those_on_record() {
        let desk = Scripted::new(8);
        let records = Records::open(&desk.root()).unwrap();
        let unlearned = total(&desk, &records);
        assert_eq!(prepared(&desk).estimate(None).unwrap().total(), Some(unlearned));
        assert_eq!(run_to_its_end(prepared(&desk), &records), RunState::Completed);
        let run = records.runs().unwrap().remove(0);
        let learned = total(&desk, &records);
        assert!(learned.likely < unlearned.likely, "{learned:?} after {unlearned:?}");
        // Within the tokens that wire formats add to each message.
        let off = (learned.likely - run.spent).nanos().abs();
        assert!(off * 2 < run.spent.nanos(), "{} was spent, {learned:?}", run.spent);
    }

    #[test]
    fn the_newest_run_that_knows_a_column_is_asked_and_another_model_of_that_name_is_not_it() {
        let desk = Scripted::new(4);
        let records = Records::open(&desk.root()).unwrap();
        run_to_its_end(prepared(&desk), &records);
        let short = total(&desk, &records);
        desk.edit("desk.ron", "text: \"yes\"", "text: \"yes, and that is all that can be said of this word today\"");
        run_to_its_end(prepared(&desk), &records);
        let long = total(&desk, &records);
        assert!(long.likely > short.likely, "{long:?} after {short:?}");
        desk.edit("workspace.ron", "model: \"clerk\"", "model: \"clerk-2\"");
        desk.edit("desk.ron", "{\"clerk\": ()}", "{\"clerk-2\": ()}");
        let unknown = prepared(&desk).estimate(None).unwrap().total().unwrap();
        assert_eq!(total(&desk, &records), unknown);
        assert!(unknown.high > Usd::ZERO);
    }
}
