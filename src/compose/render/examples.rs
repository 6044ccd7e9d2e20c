//! Examples from a dataset: rendered once for all cases; the case under test is left out of its own.

use std::sync::Arc;

use crate::compose::outline::Slot;
use crate::compose::sampling::{candidates, is_same_case};
use crate::domain::{Case, Examples, Turns};

pub(in crate::compose) struct ExamplesBody {
    cases: Arc<Vec<Case>>,
    /// Rows that can be taken, the first in front.
    order: Vec<usize>,
    most: usize,
    pub input: Slot,
    pub output: Slot,
    pub form: Turns,
    /// The texts of the first rows of `order`.
    ready: Vec<(String, String)>,
}

impl ExamplesBody {
    pub(in crate::compose) fn new(definition: &Examples, cases: Arc<Vec<Case>>, input: Slot, output: Slot) -> Self {
        let (order, most) = candidates(&definition.pick, &cases);
        Self { cases, order, most, input, output, form: definition.form, ready: Vec::new() }
    }

    /// Renders the rows that most cases will see: one more than are taken, for the case that is among them.
    ///
    /// # Errors
    /// The first row that cannot be rendered, with what `render` says of it.
    pub(in crate::compose) fn prepare<E>(
        &mut self,
        mut render: impl FnMut(&Case) -> Result<(String, String), E>,
    ) -> Result<(), (usize, E)> {
        for &index in self.order.iter().take(self.most.saturating_add(1)) {
            let example = &self.cases[index];
            self.ready.push(render(example).map_err(|error| (index, error))?);
        }
        Ok(())
    }

    pub(in crate::compose) fn row(&self, index: usize) -> &Case {
        &self.cases[index]
    }

    /// The rows that `case` gets as examples, with their texts where they are ready.
    pub(in crate::compose) fn for_case<'a>(
        &'a self,
        case: &'a Case,
    ) -> impl Iterator<Item = (&'a Case, Option<&'a (String, String)>)> {
        let rows = self.order.iter().enumerate().map(|(place, &index)| (&self.cases[index], self.ready.get(place)));
        rows.filter(|(example, _)| !is_same_case(example, case)).take(self.most)
    }
}
