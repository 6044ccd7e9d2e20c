//! One engine for each thread, used again from script to script; a realm of its own for each script.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use rquickjs::context::intrinsic::{Date, Eval, Json, MapSet, Promise, Proxy, RegExp, RegExpCompiler, TypedArrays};
use rquickjs::{Context, Runtime};

use super::error::{ScriptError, Stop};
use super::realm::{Needs, Realm};

/// Without `Performance`, which is a clock, and `WeakRef`, whose answers hang on the collector.
type Parts = (Eval, RegExpCompiler, RegExp, Json, Proxy, MapSet, TypedArrays, Promise);
type PartsWithDate = (Date, Parts);

/// How far one evaluation may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// In units of ten thousand steps of the engine: calls, turns of a loop, steps back of a regular expression.
    /// Counted, so that a script that ends in time does so on each machine.
    pub work: u32,
    /// For steps that are long in themselves.
    pub time: Duration,
    /// Bytes; a realm itself takes some hundred thousand, and must always find room.
    pub memory: usize,
    /// Bytes of the calling thread's stack.
    pub stack: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { work: 10_000, time: Duration::from_secs(10), memory: 64 << 20, stack: 1 << 20 }
    }
}

/// An engine. It belongs to its thread.
pub(super) struct Sandbox {
    runtime: Runtime,
    meter: Rc<Meter>,
    limits: Limits,
    /// Runs nothing. While it is there the engine keeps the names that each new realm needs.
    _kept: Context,
}

impl Sandbox {
    pub(super) fn new(limits: Limits) -> Result<Self, ScriptError> {
        let runtime = Runtime::new().map_err(|error| ScriptError::NoEngine(error.to_string()))?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(limits.stack);
        let meter = Rc::new(Meter::new(limits));
        let looked_at = Rc::clone(&meter);
        runtime.set_interrupt_handler(Some(Box::new(move || looked_at.is_spent_by_one_more())));
        let kept =
            Context::custom::<PartsWithDate>(&runtime).map_err(|error| ScriptError::NoEngine(error.to_string()))?;
        Ok(Self { runtime, meter, limits, _kept: kept })
    }

    /// Gives a task a fresh realm: what it changes, be it `Array.prototype` itself, is gone with it.
    ///
    /// A fresh realm costs a fraction of a millisecond. Frozen built-ins in one realm for all would be quicker, but
    /// scripts that write to a global name or to `toString` of their own objects would then behave otherwise.
    pub(super) fn run<T>(
        &self,
        needs: Needs<'_>,
        task: impl for<'js> FnOnce(&Realm<'js>) -> Result<T, Stop>,
    ) -> Result<T, ScriptError> {
        self.meter.begin();
        let outcome = self.in_realm(needs, task);
        self.runtime.run_gc();
        if self.meter.is_spent() { outcome.map_err(|_| ScriptError::OutOfTime) } else { outcome }
    }

    fn in_realm<T>(
        &self,
        needs: Needs<'_>,
        task: impl for<'js> FnOnce(&Realm<'js>) -> Result<T, Stop>,
    ) -> Result<T, ScriptError> {
        let memory = self.limits.memory;
        let context = if needs.date() {
            Context::custom::<PartsWithDate>(&self.runtime)
        } else {
            Context::custom::<Parts>(&self.runtime)
        };
        context.map_err(|_| ScriptError::OutOfMemory(memory))?.with(|ctx| {
            let realm = Realm::new(ctx.clone(), needs, Rc::clone(&self.meter));
            realm.map_err(Stop::from).and_then(|realm| task(&realm)).map_err(|stop| stop.told(&ctx, memory))
        })
    }
}

/// Counts what a script does.
pub(super) struct Meter {
    limits: Limits,
    work: Cell<u32>,
    began: Cell<Instant>,
    spent: Cell<bool>,
}

impl Meter {
    fn new(limits: Limits) -> Self {
        Self { limits, work: Cell::new(0), began: Cell::new(Instant::now()), spent: Cell::new(false) }
    }

    fn begin(&self) {
        self.work.set(0);
        self.spent.set(false);
        self.began.set(Instant::now());
    }

    fn is_spent_by_one_more(&self) -> bool {
        self.work.set(self.work.get().saturating_add(1));
        if self.work.get() > self.limits.work {
            self.spent.set(true);
        }
        self.is_out_of_time()
    }

    /// Looks at the clock; also true where the work is used up.
    pub(super) fn is_out_of_time(&self) -> bool {
        if self.began.get().elapsed() > self.limits.time {
            self.spent.set(true);
        }
        self.spent.get()
    }

    pub(super) fn is_spent(&self) -> bool {
        self.spent.get()
    }
}

thread_local! {
    static OF_THIS_THREAD: RefCell<Option<Sandbox>> = const { RefCell::new(None) };
}

/// Runs a task with some code in the thread's sandbox.
///
/// A sandbox that a script has exhausted, or in which it has left work to do, is not used again.
pub(super) fn in_sandbox<T>(
    code: &str,
    task: impl for<'js> FnOnce(&Realm<'js>) -> Result<T, Stop>,
) -> Result<T, ScriptError> {
    let sandbox = match OF_THIS_THREAD.take() {
        Some(sandbox) => sandbox,
        None => Sandbox::new(Limits::default())?,
    };
    let outcome = sandbox.run(Needs { code }, task);
    let exhausted = matches!(outcome, Err(ScriptError::OutOfTime | ScriptError::OutOfMemory(_)));
    if !exhausted && !sandbox.runtime.is_job_pending() {
        OF_THIS_THREAD.set(Some(sandbox));
    }
    outcome
}
