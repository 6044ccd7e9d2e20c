//! Variables that a prompt prints and that nothing gives: a slip of the pen, most often. promptfoo prints nothing there
//! and says nothing; here it is told.

use std::collections::BTreeSet;

use super::super::report::{Location, Note, NoteKind};
use super::super::suite::{Column, PromptEntry, Row};
use super::desk::Desk;
use crate::compose::nearest;
use crate::compose::nunjucks::Template;

/// What each test may see besides its variables.
const GIVEN: [&str; 1] = ["_conversation"];

/// Tells each variable of a prompt that no row of its columns gives.
pub(super) fn note(prompts: &[PromptEntry], columns: &[Column], rows: &[Row], desk: &Desk) {
    // What a transform sets is known only where it is run.
    if rows.iter().any(|row| row.case.options.all.contains_key("transformVars")) && desk.means.transform_vars.is_none()
    {
        return;
    }
    // Of those that earlier outputs go to, any may be there when its turn comes.
    let kept: BTreeSet<&str> = rows.iter().filter_map(|row| row.case.options.store_output_as.as_deref()).collect();
    for (index, prompt) in prompts.iter().enumerate().filter(|(_, prompt)| prompt.code.is_none()) {
        let Ok(template) = Template::parse(&prompt.raw) else { continue };
        let needed = template.needed();
        if needed.is_empty() {
            continue;
        }
        let is_own = |column: &usize| columns.get(*column).is_some_and(|column| column.prompt == index);
        let own = || rows.iter().filter(|row| row.columns.iter().any(is_own));
        let vars = own().flat_map(|row| row.vars.keys().map(String::as_str));
        let given: BTreeSet<&str> = vars.chain(kept.iter().copied()).chain(GIVEN).collect();
        if own().next().is_none() {
            continue;
        }
        for name in needed.iter().filter(|name| !given.contains(&***name)) {
            let hint = nearest(name, given.iter().copied()).map(|near| format!(" Did you mean `{near}`?"));
            let text = format!(
                "No test gives the variable `{name}`, so that nothing is printed in its place.{}",
                hint.unwrap_or_default()
            );
            let at = prompt.file.as_deref().map_or_else(|| prompt.at.clone(), Location::whole);
            desk.tell(Note { kind: NoteKind::Unfilled, path: format!("prompts[{index}]"), at, text });
        }
    }
}
