//! Opened datasets, kept open: a file of a million rows is indexed once and not at every look.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::{Dataset, DatasetId, Problem, ProjectId};
use crate::store::{OpenCases, open_cases};

/// Datasets by project and id. Cheap to share.
#[derive(Clone, Default)]
pub struct Shelf {
    open: Arc<Mutex<HashMap<(ProjectId, DatasetId), Opened>>>,
}

#[derive(Clone)]
struct Opened {
    definition: Arc<Dataset>,
    cases: Arc<OpenCases>,
}

impl Shelf {
    /// Opens a dataset, or gives it as it was opened. Reads the whole file the first time, so not for the main thread.
    ///
    /// # Errors
    /// The dataset cannot be read.
    pub fn open(
        &self,
        root: &Path,
        project: &ProjectId,
        id: &DatasetId,
        definition: &Arc<Dataset>,
    ) -> Result<Arc<OpenCases>, Vec<Problem>> {
        if let Some(known) = self.get(project, id, definition) {
            return Ok(known);
        }
        let cases = Arc::new(open_cases(root, project, definition)?);
        let opened = Opened { definition: definition.clone(), cases: cases.clone() };
        self.lock().insert((project.clone(), id.clone()), opened);
        Ok(cases)
    }

    /// The dataset, if it is open as it is defined now.
    #[must_use]
    pub fn get(&self, project: &ProjectId, id: &DatasetId, definition: &Arc<Dataset>) -> Option<Arc<OpenCases>> {
        let open = self.lock();
        let known = open.get(&(project.clone(), id.clone()))?;
        (known.definition == *definition).then(|| known.cases.clone())
    }

    /// Forgets what is open, so that the next look reads the files again.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(ProjectId, DatasetId), Opened>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
