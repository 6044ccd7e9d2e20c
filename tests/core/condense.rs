//! Long context in a run: shortened once by a call of its own, or left as it is.

use std::sync::{Arc, Mutex};

use strata::domain::{CompressPolicy, Fault, FinishReason, Purpose, RunEvent, RunState, Step, Usd};

use crate::desk::{Desk, Setup, fails, says};

const LONG: &str = "The parcel of order 4711 left the house on Monday and arrives on Thursday, not before. ";

/// The model's desk, what it was asked, and a run with a long context.
fn long(condenser: &Arc<Desk>) -> (Setup, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = asked.clone();
    let desk = Desk::new(move |text, _| {
        kept.lock().unwrap().push(text.to_owned());
        says("right")
    });
    let mut setup = Setup {
        cases: 3,
        context: LONG.repeat(20).trim().to_owned(),
        condenser: Some(condenser.clone()),
        ..Setup::new(&desk)
    };
    setup.policy.retry.retries = 0;
    setup.policy.compress = CompressPolicy { model: Some("condenser".into()), threshold: 100, ratio: 0.3 };
    (setup, asked)
}

#[tokio::test(start_paused = true)]
async fn long_context_is_shortened_once_and_fenced() {
    let condenser = Desk::new(|_, _| says("Order 4711 arrives on Thursday."));
    let (setup, asked) = long(&condenser);
    let (state, record, spent) = setup.run().await;
    assert_eq!((state, condenser.calls()), (RunState::Completed, 1));
    for text in asked.lock().unwrap().iter() {
        assert!(
            text.contains(">Order 4711 arrives on Thursday.</untrusted-") && !text.contains("left the house"),
            "{text}"
        );
        assert!(text.contains("Answer question"), "{text}");
    }
    let (mut paid, mut on_context) = (Usd::ZERO, Usd::ZERO);
    for ended in record.ended() {
        let Step::Compressed { layer, before, after } = &ended.guarded.steps.last().unwrap().step else {
            panic!("{ended:?}")
        };
        assert!(layer.as_str() == "facts" && *before > 300 && *after < 20, "{before} {after}");
        paid += ended.spent;
        on_context += ended.guarded.compression_spent;
    }
    assert_eq!((paid, on_context > Usd::ZERO), (spent, true));
    let calls = record
        .count(|event| matches!(event, RunEvent::AttemptSent(call) if call.attempt.purpose == Purpose::Compression(0)));
    assert_eq!(calls, 1);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_was_cut_or_failed_is_not_used_and_a_step_says_so() {
    let cut = Arc::new(Desk { finish: FinishReason::Length, ..Desk::plain(|_, _| says("Order 47")) });
    let down = Desk::new(|_, _| fails(Fault::BadRequest));
    for (condenser, reason) in [(cut, "cut at its limit"), (down, "told to fail")] {
        let (setup, asked) = long(&condenser);
        let (state, record, _) = setup.run().await;
        assert_eq!((state, record.ended().len()), (RunState::Completed, 3));
        assert!(asked.lock().unwrap().iter().all(|text| text.contains("left the house")));
        for ended in record.ended() {
            let step = &ended.guarded.steps[0].step;
            assert!(matches!(step, Step::NotCompressed { reason: why, .. } if why.contains(reason)), "{step:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn short_context_is_left_alone() {
    let condenser = Desk::new(|_, _| says("short"));
    let (mut setup, _) = long(&condenser);
    setup.policy.compress.threshold = 2_000;
    let (_, record, _) = setup.run().await;
    assert_eq!(condenser.calls(), 0);
    assert!(record.ended().iter().all(|ended| ended.guarded.is_empty()));
}
