//! What a prepared run will cost, learned from the runs on record.

use std::collections::BTreeMap;

use crate::domain::{ModelId, Price, RunHeader, RunId, VariantId};
use crate::plan::{Estimate, PastOutput, Plan, estimate, with_guards};
use crate::store::records::{Column, Records, RecordsError};

use super::asked::judging_trials;
use super::begin::Resumed;
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
        self.estimate_of(&self.plan, &self.judges, records)
    }

    /// What a plan's calls will cost, and so many of each model that grades.
    fn estimate_of(
        &self,
        plan: &Plan,
        judges: &BTreeMap<ModelId, u64>,
        records: Option<&Records>,
    ) -> Result<Estimate, RecordsError> {
        let past = records.map(|records| past_output(records, &plan.header)).transpose()?.unwrap_or_default();
        let judges: Vec<(Option<Price>, u64)> =
            judges.iter().map(|(model, calls)| (self.price(model), *calls)).collect();
        Ok(with_guards(estimate(plan, &past, &judges), plan, &self.policy, &|model| self.price(model)))
    }

    fn price(&self, model: &ModelId) -> Option<Price> {
        self.reached.get(model).and_then(|reach| reach.price.clone())
    }
}

impl Resumed {
    /// What the trials that will run are going to cost: those whose answer is on record no more than their graders.
    ///
    /// Renders a sample of the cases and reads records, so not for the main thread.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn estimate(&self, records: &Records) -> Result<Estimate, RecordsError> {
        let plan = Plan { calls: self.calls.clone().into(), ..self.prepared.plan.clone() };
        let judging = judging_trials(&plan, &|trial| !self.earlier.kept.contains_key(&plan.index(trial)));
        let estimate = self.prepared.estimate_of(&plan, &judging.calls, Some(records))?;
        Ok(Estimate { trials: self.left(), ..estimate })
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
    use crate::session::launch::{Wish, prepare, take_up};
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
    fn answers_that_are_given_and_trials_that_are_left_out_are_no_calls() {
        let desk = Scripted::new(1);
        let check = |cases: &str, without: &str, expect: u64| {
            let dataset = format!("(source: Cases([{cases}]))");
            std::fs::write(desk.root().join("projects/p/datasets/some.ron"), dataset).unwrap();
            let experiment =
                format!(r#"(variants: ["plain"], models: ["clerk"], dataset: "some", repeats: 2{without})"#);
            std::fs::write(desk.root().join("projects/p/experiments/some.ron"), experiment).unwrap();
            let wish = Wish { project: "p".into(), experiment: "some".into(), ..Wish::default() };
            let found = prepare(&open_workspace(&desk.root()).unwrap(), &Shelf::default(), &wish).unwrap();
            let estimate = found.estimate(None).unwrap();
            assert_eq!(estimate.models[0].calls, expect, "{cases}{without}");
            let cost = estimate.total().unwrap().likely;
            assert_eq!((cost > Usd::ZERO, estimate.dearest.is_some()), (expect > 0, expect > 0), "{cases}{without}");
            let broke = estimate.shortfall(Usd::ZERO, Usd::ZERO);
            assert_eq!(broke.is_some(), expect > 0, "{cases}{without}");
        };
        let (asked, given) = (r#"(vars: {"word": "a"})"#, r#"(vars: {"word": "b"}, options: (given: "yes"))"#);
        let elsewhere = r#"(vars: {"word": "c"}, options: (models: []))"#;
        check(&[asked, asked].join(","), "", 4);
        check(&[given, asked, elsewhere].join(","), "", 2);
        check(&[given, elsewhere].join(","), "", 0);
        check(asked, r#", without: [("plain", "clerk")]"#, 0);
    }

    #[test]
    fn guards_widen_the_range_by_what_they_may_ask_besides() {
        let desk = Scripted::new(8);
        let plain = prepared(&desk).estimate(None).unwrap();
        let input = plain.models[0].input_tokens;
        let plain = plain.total().unwrap();
        let mut before = "models:".to_owned();
        let mut under = |policy: &str| {
            let now = format!("policy: ({policy}), models:");
            desk.edit("workspace.ron", &before, &now);
            before = now;
            prepared(&desk).estimate(None).unwrap().total().unwrap()
        };
        assert_eq!(under("breaker: (on: true)"), plain);
        let sent_back = under(r#"output: (phrases: (forbidden: ["no"], action: Retry))"#);
        assert_eq!((sent_back.low, sent_back.likely), (plain.low, plain.likely));
        assert_eq!(sent_back.high.nanos(), 2 * plain.high.nanos());
        // A dollar for a million tokens in, and two for as many out.
        let nanos = i64::try_from(input).unwrap() * 1_000;
        let vectors = under(r#"semantic: (mode: Audit, embedder: Model("clerk"))"#);
        assert_eq!((vectors.low, vectors.likely.nanos()), (plain.low, plain.likely.nanos() + nanos));
        let shortened = under(r#"compress: (model: "clerk", threshold: 1, ratio: 0.5)"#);
        assert_eq!((shortened.likely, shortened.high.nanos()), (plain.likely, plain.high.nanos() + 2 * nanos));
        assert_eq!(under(r#"compress: (model: "clerk", threshold: 2000)"#), plain, "nothing is so long");
    }

    #[test]
    fn tiers_widen_the_range_by_their_prices() {
        let desk = Scripted::new(8);
        let plain = total(&desk, &Records::open(&desk.root()).unwrap());
        let tier = r#"models: {"junior": (provider: "desk", model: "junior", price: (input: 0.5, output: 0.5)), "#;
        desk.edit("workspace.ron", "models: {", tier);
        desk.edit("desk.ron", "(models: {", "(models: {\"junior\": (), ");
        desk.edit("projects/p/variants/plain.ron", "prompt:", "tiers: (tiers: [(model: \"junior\")]), prompt:");
        let tiered = prepared(&desk).estimate(None).unwrap().total().unwrap();
        assert_eq!((tiered.low.nanos() * 4, tiered.likely, tiered.high), (plain.low.nanos(), plain.likely, plain.high));
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

    #[test]
    fn what_is_only_scored_again_costs_its_graders_alone() {
        let check = |checks: &str, is_graded: bool| {
            let desk = Scripted::new(4);
            desk.edit("projects/p/experiments/words.ron", "checks: [", checks);
            let records = Records::open(&desk.root()).unwrap();
            assert_eq!(run_to_its_end(prepared(&desk), &records), RunState::Completed);
            let run = records.runs().unwrap().remove(0).header.id.clone();
            let ahead = || take_up(prepared(&desk), &run, &records).unwrap();
            let none = ahead();
            let cost = none.estimate(&records).unwrap();
            assert_eq!((none.left(), cost.trials, cost.total()), (0, 0, Some(Range::default())));
            // Another transform makes another trial of the same answer.
            desk.edit("workspace.ron", "max_output: 100", "max_output: 100, transform: Inline(\"output\")");
            let again = ahead().estimate(&records).unwrap();
            assert_eq!((again.trials, again.models[0].calls), (4, 0));
            assert_eq!(again.models[0].cost, Some(Range::default()));
            let whole = prepared(&desk).estimate(Some(&records)).unwrap();
            assert!(whole.models[0].calls == 4 && whole.total().unwrap().likely > again.total().unwrap().likely);
            assert_eq!((again.judges, again.judges != Some(Range::default())), (whole.judges, is_graded));
        };
        check("checks: [", false);
        check("checks: [(kind: Judge(model: \"clerk\", rubric: \"Is it right?\")), ", true);
    }
}
