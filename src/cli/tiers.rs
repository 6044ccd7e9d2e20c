//! `strata tiers`: thresholds of tiers, fitted to a recorded run.

use super::args::TiersArgs;
use super::chosen::{self, complain_all, say};
use super::exit::Exit;
use crate::analysis::{Calibration, TierOutcome};
use crate::session::Shelf;
use crate::session::tiers::{FittedTiers, fitted_tiers};

pub(super) fn tiers(arguments: &TiersArgs) -> Exit {
    perform(arguments).map_or_else(|exit| exit, |()| Exit::Passed)
}

fn perform(arguments: &TiersArgs) -> Result<(), Exit> {
    let workspace = chosen::workspace(&arguments.workspace)?;
    let records = chosen::records(&workspace)?;
    let fitted = fitted_tiers(&workspace, &Shelf::default(), &records, &arguments.run, arguments.margin);
    let fitted = fitted.map_err(|problems| {
        complain_all(&problems);
        Exit::Usage
    })?;
    for of_variant in &fitted {
        tell(of_variant, arguments.margin);
    }
    Ok(())
}

fn tell(fitted: &FittedTiers, margin: f64) {
    let FittedTiers { variant, models, cases, left_out, calibration } = fitted;
    let unused = if *left_out > 0 { format!(", {left_out} more could not be used") } else { String::new() };
    say(format!("{variant}: {cases} cases{unused}"));
    let (Some(Calibration { up_to, fitted, held_out }), Some(last)) = (calibration, models.last()) else {
        return say("  Too few cases to fit anything to.");
    };
    let kept: Vec<String> = models
        .iter()
        .zip(up_to)
        .filter_map(|(model, up_to)| Some(format!("(model: \"{model}\", up_to: {:.3})", (*up_to)?)))
        .collect();
    if kept.is_empty() {
        return say(format!("  No cheaper model keeps within {:.1} points of {last}: no tiers.", margin * 100.0));
    }
    say(format!("  tiers: (tiers: [{}])", kept.join(", ")));
    say(format!("  {last} answers what is more complex."));
    say(format!("  chosen on: {}", words(fitted)));
    match held_out {
        Some(held_out) => say(format!("  held out:  {}", words(held_out))),
        None => say("  No case was held out, so nobody knows what this is worth on others."),
    }
}

fn words(outcome: &TierOutcome) -> String {
    let TierOutcome { cases, passes, passes_alone, cost, cost_alone, .. } = outcome;
    let percent = |share: f64| share * 100.0;
    format!(
        "{cases} cases, {:.1} % pass ({:.1}–{:.1}) for {cost} a case; the last model alone {:.1} % for {cost_alone}",
        percent(passes.value),
        percent(passes.low),
        percent(passes.high),
        percent(passes_alone.value),
    )
}
