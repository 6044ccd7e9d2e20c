//! Tiers in a run: easy requests go to the cheaper model, and its answers are the variant's own.

use std::sync::Arc;

use strata::domain::{ComplexityWords, ModelTier, Params, Price, RunState, Step, TierPolicy, Usd, Verdict};
use strata::plan::{PlanModel, TierRoute};

use crate::desk::{Desk, Setup, says};

fn tiered(large: &Arc<Desk>, small: &Arc<Desk>) -> Setup {
    let words = ComplexityWords {
        reasoning: vec!["why".to_owned()],
        accuracy: vec!["exactly".to_owned()],
        ..ComplexityWords::default()
    };
    let price = Price { input: Usd::from_nanos(1_000), output: Usd::from_nanos(1_000), ..Price::FREE };
    let model = PlanModel {
        model: "small".to_owned(),
        origin: "small".to_owned(),
        price: Some(price),
        max_output: Some(10),
        params: Params::default(),
        is_echo: false,
        is_unmapped: false,
        is_told_max_tokens: true,
        transform: None,
    };
    let tiers = vec![ModelTier { model: "small".into(), up_to: None }];
    let route = TierRoute {
        policy: TierPolicy { tiers, ..TierPolicy::default() },
        words: Box::leak(Box::new(words)),
        models: vec![("small".into(), model)],
    };
    Setup {
        cases: 3,
        questions: vec!["what time it is", "why that is", "why that is, exactly"],
        tiers: Some(route),
        tier_desks: vec![small.clone()],
        ..Setup::new(large)
    }
}

#[tokio::test(start_paused = true)]
async fn easy_requests_go_to_the_cheaper_model_and_count() {
    let (large, small) = (Desk::new(|_, _| says("right")), Desk::new(|_, _| says("right")));
    let (state, record, _) = tiered(&large, &small).run().await;
    assert_eq!((state, large.calls(), small.calls()), (RunState::Completed, 1, 2));
    for ended in record.ended() {
        let Step::Tiered { model, complexity, reasons } = &ended.guarded.steps[0].step else { panic!("{ended:?}") };
        let (expect, by) = match ended.trial.case {
            0 => ("small", 0.0),
            1 => ("small", 0.3),
            _ => ("model-0", 0.6),
        };
        assert_eq!((model.as_str(), reasons.is_empty()), (expect, ended.trial.case == 0));
        assert!((complexity - by).abs() < 1e-9, "{complexity}");
        assert_eq!((ended.outcome.verdict(), ended.guarded.left_out), (Some(Verdict::Pass), false));
        let cheap = ended.cost.is_some_and(|cost| cost < Usd::from_nanos(5));
        assert_eq!(cheap, expect == "small", "{:?}", ended.cost);
    }
}

#[test]
fn a_plan_knows_the_tier_of_a_trial_and_its_call_is_that_models() {
    let (large, small) = (Desk::new(|_, _| says("right")), Desk::new(|_, _| says("right")));
    let setup = tiered(&large, &small);
    let untiered = Setup { tiers: None, ..tiered(&large, &small) }.plan();
    let plan = setup.plan();
    let call = |case: u64| {
        let (with, without) =
            (plan.prepare(plan.trial(case)).unwrap(), untiered.prepare(untiered.trial(case)).unwrap());
        (with.request.model.clone(), with.call == without.call, with.key == without.key)
    };
    assert_eq!(call(0), ("small".to_owned(), false, false));
    assert_eq!(call(2), ("model-0".to_owned(), true, true));
}
