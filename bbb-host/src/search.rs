//! What a search of the optimizer gets from this machine: clocks, threads, and a way to end it early.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bbb_core::optimizer::format::Problem;
use bbb_core::optimizer::sample_set::SampleSet;
use bbb_core::optimizer::sampler::{Error, Executor, Job, Params, Progress, Run, Sampler, Stop};
use rustix::time::{ClockId, clock_gettime};

/// The processor's clock is a system call: it is read at most this often.
const CPU_LOOK: Duration = Duration::from_millis(1);

/// The processor time that this process has used, over all threads.
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    // Neither is negative.
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// When a search ends by itself. Without any limit it ends when its parameters say so.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// After so much time.
    pub wall: Option<Duration>,
    /// After so much processor time, over all threads.
    pub cpu: Option<Duration>,
    /// As soon as a state has at most this energy.
    pub energy: Option<f64>,
}

/// A moment at which a search had a new best state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Since the beginning.
    pub wall: Duration,
    /// Processor time since the beginning.
    pub cpu: Duration,
    /// The energy then.
    pub energy: f64,
}

/// Watches over a search: ends it at its limits or when it is cancelled, and remembers how the best energy fell.
pub struct Watch<'a> {
    limits: Limits,
    cancel: &'a AtomicBool,
    started: Instant,
    cpu_started: Duration,
    over: AtomicBool,
    seen: Mutex<Seen>,
    /// Called from any thread with each new best.
    on_best: &'a (dyn Fn(Step) + Sync),
}

struct Seen {
    /// When the processor's clock was read last.
    looked: Duration,
    steps: Vec<Step>,
}

impl<'a> Watch<'a> {
    /// The watch over a search that begins now.
    pub fn new(limits: Limits, cancel: &'a AtomicBool, on_best: &'a (dyn Fn(Step) + Sync)) -> Watch<'a> {
        let seen = Mutex::new(Seen { looked: Duration::ZERO, steps: Vec::new() });
        Watch { limits, cancel, started: Instant::now(), cpu_started: cpu_time(), over: AtomicBool::new(false), seen, on_best }
    }

    /// Time and processor time since the beginning.
    pub fn elapsed(&self) -> (Duration, Duration) {
        (self.started.elapsed(), cpu_time().saturating_sub(self.cpu_started))
    }

    /// How the best energy fell, in order.
    pub fn steps(&self) -> Vec<Step> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).steps.clone()
    }

    /// Whether the processor time is over. Where another thread looks just now, it answers.
    fn cpu_is_over(&self, wall: Duration, limit: Duration) -> bool {
        let Ok(mut seen) = self.seen.try_lock() else { return false };
        if wall < seen.looked + CPU_LOOK {
            return false;
        }
        seen.looked = wall;
        cpu_time().saturating_sub(self.cpu_started) >= limit
    }

    fn best(&self, energy: f64) {
        let step = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.steps.last().is_some_and(|last| last.energy <= energy) {
                return;
            }
            let (wall, cpu) = self.elapsed();
            let step = Step { wall, cpu, energy };
            seen.steps.push(step);
            step
        };
        if self.limits.energy.is_some_and(|wanted| energy <= wanted) {
            self.over.store(true, Ordering::Relaxed);
        }
        (self.on_best)(step);
    }
}

impl Stop for Watch<'_> {
    fn should_stop(&self, _: Progress) -> bool {
        if self.over.load(Ordering::Relaxed) || self.cancel.load(Ordering::Relaxed) {
            return true;
        }
        let wall = self.started.elapsed();
        let over =
            self.limits.wall.is_some_and(|limit| wall >= limit) || self.limits.cpu.is_some_and(|limit| self.cpu_is_over(wall, limit));
        if over {
            self.over.store(true, Ordering::Relaxed);
        }
        over
    }

    fn improved(&self, energy: f64, _: &[i8]) {
        self.best(energy);
    }
}

/// So many threads, for as long as a search takes.
#[derive(Debug, Clone, Copy)]
pub struct Threads(pub usize);

impl Executor for Threads {
    fn threads(&self) -> usize {
        self.0.max(1)
    }

    fn run(&self, jobs: Vec<Job<'_>>) {
        if self.0 <= 1 {
            return jobs.into_iter().for_each(|job| job());
        }
        std::thread::scope(|scope| {
            for job in jobs {
                scope.spawn(job);
            }
        });
    }
}

/// Searches a problem: a knapsack by its own search, which keeps to the capacity, any other with this sampler.
///
/// # Errors
/// [`Error`] where parameters break a rule or the sampler does not take the model.
pub fn search(problem: &Problem, sampler: &dyn Sampler, params: &Params, watch: &Watch<'_>, threads: usize) -> Result<SampleSet, Error> {
    let threads = Threads(threads);
    let run = Run { stop: watch, executor: &threads };
    let found = match &problem.knapsack {
        Some(knapsack) => knapsack.search(params, &run),
        None => sampler.sample(&problem.bqm, params, &run),
    }?;
    // What a sampler did not tell on the way counts from the end on.
    if let Some(row) = found.first() {
        watch.best(row.energy);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use bbb_core::optimizer::format;
    use bbb_core::optimizer::sampler;

    use super::*;

    #[test]
    fn a_search_ends_at_its_target_or_when_it_is_cancelled() {
        let problem = format::read("3 3\n1 2 1\n1 3 1\n2 3 1\n", None).expect("a triangle");
        let sampler = sampler::named("sa").expect("a sampler");
        let params = Params { until_stopped: true, ..Params::default() };
        let target = Limits { energy: Some(problem.energy_at(2.0)), ..Limits::default() };
        for (limits, cancelled) in
            [(target, false), (Limits::default(), true), (Limits { cpu: Some(Duration::ZERO), ..Limits::default() }, false)]
        {
            let cancel = AtomicBool::new(cancelled);
            let watch = Watch::new(limits, &cancel, &|_| {});
            let found = search(&problem, sampler.as_ref(), &params, &watch, 2).expect("fine parameters");
            let steps = watch.steps();
            assert_eq!(found.first().map(|row| row.energy), steps.last().map(|step| step.energy));
            assert!(steps.windows(2).all(|pair| pair[1].energy < pair[0].energy && pair[1].wall >= pair[0].wall));
        }
    }
}
