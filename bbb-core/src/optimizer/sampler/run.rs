//! What a run gets from outside: when to stop, and which threads to use.

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Visits of all variables so far, in this part of the run.
    pub sweeps: u64,
    /// The lowest energy that this part of the run has seen since it was asked last; none where it has not looked.
    pub energy: Option<f64>,
}

/// When to stop. Samplers ask every few milliseconds of work, from any thread.
///
/// It is also how a caller learns of good states early: [`Stop::improved`] is called with what is the best state of one part of the run, in no fixed order.
pub trait Stop: Sync {
    /// Whether the run must end now.
    fn should_stop(&self, progress: Progress) -> bool;

    /// A state that may be better than those before: a caller compares its energy with what it has. The state is one of the model.
    fn improved(&self, energy: f64, state: &[i8]) {
        let _ = (energy, state);
    }
}

/// Never stops a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Never;

impl Stop for Never {
    fn should_stop(&self, _: Progress) -> bool {
        false
    }
}

/// A part of a run.
pub type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Runs the parts of a run, on whatever threads its owner has.
pub trait Executor: Sync {
    /// How many parts it runs at once, at least 1.
    fn threads(&self) -> usize;

    /// Runs all of them and returns when all have ended.
    fn run(&self, jobs: Vec<Job<'_>>);
}

/// Runs everything on the caller's thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline;

impl Executor for Inline {
    fn threads(&self) -> usize {
        1
    }

    fn run(&self, jobs: Vec<Job<'_>>) {
        for job in jobs {
            job();
        }
    }
}

/// What a run gets from outside.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// When to stop.
    pub stop: &'a dyn Stop,
    /// Which threads to use.
    pub executor: &'a dyn Executor,
}

impl Default for Run<'_> {
    fn default() -> Self {
        Run { stop: &Never, executor: &Inline }
    }
}
