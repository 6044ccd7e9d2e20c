//! The cases of the chosen dataset, opened in the background.

use std::sync::Arc;

use super::state::Session;
use crate::domain::{Dataset, DatasetId, Problem, ProjectId};
use crate::store::OpenCases;

/// What there is of the chosen dataset.
#[derive(Clone, Copy)]
pub enum CasesView<'a> {
    /// No dataset is chosen.
    None,
    Reading,
    Ready(&'a Arc<OpenCases>),
    Broken(&'a [Problem]),
}

pub(super) struct Opened {
    project: ProjectId,
    id: DatasetId,
    /// As it was when the cases were opened.
    definition: Arc<Dataset>,
    /// `None` while they are being read.
    cases: Option<Result<Arc<OpenCases>, Vec<Problem>>>,
}

impl Session {
    /// The cases of the chosen dataset. Rows are read by index, each for itself.
    #[must_use]
    pub fn cases(&self) -> CasesView<'_> {
        match &self.cases {
            None => CasesView::None,
            Some(Opened { cases: None, .. }) => CasesView::Reading,
            Some(Opened { cases: Some(Ok(cases)), .. }) => CasesView::Ready(cases),
            Some(Opened { cases: Some(Err(problems)), .. }) => CasesView::Broken(problems),
        }
    }

    /// Opens the chosen dataset where it is not open as it is defined now.
    pub(super) fn read_cases(&mut self) {
        let stands = self.dataset().zip(self.cases.as_ref()).is_some_and(|(dataset, opened)| {
            Some(&opened.project) == self.selection.project.as_ref()
                && Some(&opened.id) == self.selection.dataset.as_ref()
                && opened.definition == *dataset
        });
        if !stands {
            self.cases = None;
            self.read_cases_again();
        }
    }

    /// Opens the chosen dataset anew, since its file may have changed; what is open stays in sight until then.
    pub(super) fn read_cases_again(&mut self) {
        let (Some(workspace), Some(project), Some(id), Some(definition)) =
            (&self.workspace, self.selection.project.clone(), self.selection.dataset.clone(), self.dataset().cloned())
        else {
            return;
        };
        let (root, datasets) = (workspace.root.clone(), self.shelf.clone());
        if self.cases.is_none() {
            self.cases =
                Some(Opened { project: project.clone(), id: id.clone(), definition: definition.clone(), cases: None });
        }
        self.jobs.blocking(format!("Reading {id}"), move |_| {
            let cases = datasets.open(&root, &project, &id, &definition);
            Box::new(move |session| {
                let wanted = Some(&project) == session.selection.project.as_ref()
                    && Some(&id) == session.selection.dataset.as_ref();
                if wanted {
                    session.cases = Some(Opened { project, id, definition, cases: Some(cases) });
                }
            })
        });
    }
}
