//! Work in the background. A job ends with what is to be done to the session, and [`super::Session::tick`] does it.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::disk;
use super::state::Session;

/// Called from any thread when there is something to take in.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What a finished job does to the session.
pub type Finish = Box<dyn FnOnce(&mut Session) + Send>;

/// What a job sees of itself.
#[derive(Clone)]
pub struct JobContext {
    progress: Arc<Progress>,
    pub cancel: CancellationToken,
    wake: Wake,
}

#[derive(Default)]
struct Progress {
    done: AtomicU64,
    total: AtomicU64,
    over: AtomicBool,
}

impl JobContext {
    /// Says how far the work is; a total of 0 is an unknown one.
    pub fn progress(&self, done: u64, total: u64) {
        self.progress.done.store(done, Ordering::Relaxed);
        self.progress.total.store(total, Ordering::Relaxed);
        (self.wake)();
    }

    #[must_use]
    pub fn cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

/// A job as the bottom bar shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobView {
    pub id: u64,
    /// What is being done: `Opening support-triage`.
    pub name: String,
    /// Done and total, where the total is known.
    pub progress: Option<(u64, u64)>,
}

struct Job {
    id: u64,
    name: String,
    progress: Arc<Progress>,
    cancel: CancellationToken,
}

pub struct Jobs {
    runtime: Handle,
    wake: Wake,
    running: Vec<Job>,
    next: u64,
    sender: mpsc::Sender<Finish>,
    finished: mpsc::Receiver<Finish>,
}

impl Jobs {
    pub(super) fn new(runtime: Handle, wake: Wake) -> Self {
        let (sender, finished) = mpsc::channel();
        Self { runtime, wake, running: Vec::new(), next: 0, sender, finished }
    }

    /// Runs blocking work (disk, git, the keyring) on a thread for such work. Returns the job's id.
    pub fn blocking<F>(&mut self, name: impl Into<String>, work: F) -> u64
    where
        F: FnOnce(&JobContext) -> Finish + Send + 'static,
    {
        let (context, guard) = self.enter(name.into());
        let sender = self.sender.clone();
        self.runtime.spawn_blocking(move || {
            let guard = guard;
            let finish = work(&context);
            // The session is gone when this fails, and nobody is left to tell.
            let _ = sender.send(finish);
            drop(guard);
        });
        self.next
    }

    /// Runs short blocking work that no list shows: a read that a screen waits for.
    pub fn quiet<F>(&self, work: F)
    where
        F: FnOnce(&JobContext) -> Finish + Send + 'static,
    {
        let context =
            JobContext { progress: Arc::default(), cancel: CancellationToken::new(), wake: self.wake.clone() };
        let sender = self.sender.clone();
        self.runtime.spawn_blocking(move || {
            let _ = sender.send(work(&context));
            (context.wake)();
        });
    }

    /// Runs asynchronous work on the session's runtime. Returns the job's id. A cancelled job ends without a result.
    pub fn spawn<F, W>(&mut self, name: impl Into<String>, work: F) -> u64
    where
        F: FnOnce(JobContext) -> W,
        W: Future<Output = Finish> + Send + 'static,
    {
        let (context, guard) = self.enter(name.into());
        let cancel = context.cancel.clone();
        let sender = self.sender.clone();
        let work = work(context);
        self.runtime.spawn(async move {
            let guard = guard;
            tokio::select! {
                () = cancel.cancelled() => {}
                finish = work => { let _ = sender.send(finish); }
            }
            drop(guard);
        });
        self.next
    }

    pub fn cancel(&self, id: u64) {
        if let Some(job) = self.running.iter().find(|job| job.id == id) {
            job.cancel.cancel();
        }
    }

    /// The jobs under way, oldest first.
    #[must_use]
    pub fn running(&self) -> Vec<JobView> {
        let view = |job: &Job| {
            let (done, total) = (job.progress.done.load(Ordering::Relaxed), job.progress.total.load(Ordering::Relaxed));
            JobView { id: job.id, name: job.name.clone(), progress: (total > 0).then_some((done.min(total), total)) }
        };
        self.running.iter().filter(|job| !job.progress.over.load(Ordering::Acquire)).map(view).collect()
    }

    /// What has finished since the last time.
    pub(super) fn finished(&mut self) -> Vec<Finish> {
        self.running.retain(|job| !job.progress.over.load(Ordering::Acquire));
        self.finished.try_iter().collect()
    }

    /// The next thing to finish, waited for.
    pub(super) fn wait(&mut self, limit: Duration) -> Option<Finish> {
        self.finished.recv_timeout(limit).ok()
    }

    pub(super) fn wake(&self) -> Wake {
        self.wake.clone()
    }

    /// Sends something to the session from a thread that is no job, such as a file watcher's.
    pub(super) fn sender(&self) -> mpsc::Sender<Finish> {
        self.sender.clone()
    }

    fn enter(&mut self, name: String) -> (JobContext, Over) {
        self.next += 1;
        let progress = Arc::new(Progress::default());
        let cancel = CancellationToken::new();
        self.running.push(Job { id: self.next, name, progress: progress.clone(), cancel: cancel.clone() });
        let over = Over { progress: progress.clone(), wake: self.wake.clone() };
        (JobContext { progress, cancel, wake: self.wake.clone() }, over)
    }
}

impl Session {
    /// Writes a file that a person asked for, and says where it is.
    pub(super) fn save_file(&mut self, path: PathBuf, bytes: Arc<[u8]>) {
        self.jobs.blocking(format!("Saving {}", path.display()), move |_| {
            let result = disk::write_file(&path, &bytes);
            Box::new(move |session| match result {
                Ok(()) => session.notices.success(format!("Saved {}.", path.display())),
                Err(reason) => {
                    let hint = format!("{reason} Choose another place.");
                    session.notices.error(format!("{} could not be saved.", path.display()), hint);
                }
            })
        });
    }
}

/// Marks a job as over however it ends, a panic included.
struct Over {
    progress: Arc<Progress>,
    wake: Wake,
}

impl Drop for Over {
    fn drop(&mut self) {
        self.progress.over.store(true, Ordering::Release);
        (self.wake)();
    }
}
