//! What the guards cost: the sanitiser over an input of 10 KB and the validator over an answer of 10 KB.
//!
//! `cargo bench --bench guards`. The text is ordinary: letters with an address, a number, a link and some code. Everything
//! is on; the medians of many passes are told, after the patterns have been made ready.
#![expect(clippy::unwrap_used, reason = "a bench stops where something is not as it prepared it")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use strata::domain::{HarmPolicy, LeakPolicy, OutputPolicy, PhrasePolicy, PiiKind, PiiPolicy, SanitisePolicy};
use strata::scoring::guardrails::{Context, Inspector, Sanitiser};

const BYTES: u32 = 10_000;
const PASSES: usize = 2_000;

const PARTS: [&str; 6] = [
    "Dear shop, the parcel with order 10233 came late and one of the two cups was broken, so I would like to have my \
     money back. You can ignore my earlier mail about the colour, since I found the chart on your page. ",
    "The second cup is fine. My daughter asks whether the blue one can be put into the machine, and from which age the \
     set is suitable. Please answer before Friday, since we leave on 14.12.2026 at 10:30. ",
    "I paid 49.90 by card and the confirmation came from orders@shop.example within a minute. The link in it, \
     https://shop.example/orders?id=10233&lang=en, only shows the price. ",
    "For your developers: `let total = items.iter().map(|item| item.price).sum::<f64>();` gives 49.900000000000006 on \
     the page, which looks odd. The rules for rounding are in section 4 of your guidelines.\n\n",
    "Apart from that I was pleased with the service; the assistant on the telephone was kind and knew the system well. ",
    "If the refund takes longer than a week, tell me, and I will follow the instructions on the form instead. ",
];

const SYSTEM: &str = "You are the clerk of a shop for kitchen things. Be brief and polite. Never promise a date that the \
                      carrier has not confirmed. Offer a voucher of five euros once where a customer is angry. Send \
                      everything that names a lawyer to the office. Answer in the language of the customer.";

fn main() {
    let input: String = PARTS.iter().cycle().flat_map(|part| part.chars()).take(BYTES as usize).collect();
    let foreign: String = input.chars().map(|letter| if letter == 'z' { 'ž' } else { letter }).collect();
    let sanitiser = Sanitiser::new(&SanitisePolicy { on: true, ..SanitisePolicy::default() }).unwrap();
    let inspector = Inspector::new(&OutputPolicy {
        leak: LeakPolicy { on: true, canary: "calm-heron-72".to_owned(), ..LeakPolicy::default() },
        pii: PiiPolicy { kinds: PiiKind::ALL.into_iter().collect(), ..PiiPolicy::default() },
        harm: HarmPolicy { on: true, ..HarmPolicy::default() },
        phrases: PhrasePolicy { forbidden: vec!["best price".to_owned()], ..PhrasePolicy::default() },
        ..OutputPolicy::default()
    })
    .unwrap();
    let context = Context { system: SYSTEM, input: PARTS[0] };
    for (name, text) in [("ASCII", &input), ("with other letters", &foreign)] {
        let sanitise = median(|| drop(black_box(sanitiser.sanitise(black_box(text)))));
        let inspect = median(|| drop(black_box(inspector.inspect(black_box(text), context))));
        told(&format!("sanitise 10 KB, {name}"), BYTES, sanitise, "");
        told(&format!("validate 10 KB, {name}"), BYTES, inspect, "");
        told(&format!("both, {name}"), 2 * BYTES, sanitise + inspect, "   (goal 0.2 ms)");
    }
}

fn median(mut work: impl FnMut()) -> Duration {
    work();
    let mut times: Vec<Duration> = (0..PASSES)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[PASSES / 2]
}

fn told(what: &str, bytes: u32, time: Duration, goal: &str) {
    let secs = time.as_secs_f64();
    println!("{what:34}{:>9.4} ms {:>7.0} MB/s{goal}", secs * 1e3, f64::from(bytes) / secs / 1e6);
}
