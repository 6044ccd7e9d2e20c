//! `strata tiers`: thresholds of tiers, fitted to a recorded run.

use super::args::TiersArgs;
use super::chosen::{self, complain_all, say};
use super::exit::Exit;
use crate::domain::ModelTier;
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
    fitted.iter().for_each(tell);
    Ok(())
}

/// What came of a variant's fit, and the tiers as its file has them.
fn tell(found: &FittedTiers) {
    say(format!("{}:", found.variant));
    for sentence in found.sentences() {
        say(format!("  {sentence}"));
    }
    let as_ron =
        |tier: &ModelTier| format!("(model: \"{}\", up_to: {:.3})", tier.model, tier.up_to.unwrap_or_default());
    if let Some(tiers) = found.tiers() {
        say(format!("  tiers: (tiers: [{}])", tiers.iter().map(as_ron).collect::<Vec<_>>().join(", ")));
    }
}
