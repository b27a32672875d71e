//! Finding a choice: greedily, by branch and bound, and through a QUBO.

use super::{CERTIFIED, Portfolio};
use crate::money::Cents;
use crate::optimizer::model::constraint::{ConstraintError, Model};
use crate::optimizer::model::{Bqm, Vartype};
use crate::optimizer::problem::qubo;
use crate::optimizer::sampler::{self, Params, Progress, Run};

/// Nodes of branch and bound, times projects, that are tried where more than [`CERTIFIED`] are free.
const WORK: usize = 1 << 22;
/// The same for what a wider limit would bring.
const RELIEF_WORK: usize = 1 << 20;
/// How often the clock is asked, in nodes.
const NODES_PER_ASK: usize = 1 << 10;
/// The share of all magnitudes by which worths may be rounded.
const ROUNDING: f64 = 1e-9;
/// Limits are counted in at most so many units in the QUBO: each doubling is a slack variable more, and makes its energies coarser.
const UNITS: i64 = 1023;
/// How many states of the sampler are improved.
const POLISHED: usize = 16;

/// What a search found.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) chosen: Vec<bool>,
    pub(super) greedy: Vec<bool>,
    pub(super) optimal: bool,
    pub(super) at_most: f64,
    pub(super) solver: String,
}

pub(super) fn solve(portfolio: &Portfolio, params: &Params, run: &Run<'_>) -> Result<Found, sampler::Error> {
    let greedy = greedy(portfolio);
    let mut polished = State::of(portfolio, &greedy);
    polished.polish();
    let begin = better(portfolio, greedy.clone(), polished.chosen);
    let (mut chosen, optimal, at_most) = branch_and_bound(portfolio, begin, WORK, run);
    let mut solver = "branch and bound".to_owned();
    if !optimal {
        // Without a sampler the state so far is a choice too, so that being stopped early loses nothing.
        let (found, name) = by_qubo(portfolio, params, run)?;
        if portfolio.worth(&found) > portfolio.worth(&chosen) {
            (chosen, solver) = (found, name);
        }
    }
    let worth = portfolio.worth(&chosen);
    Ok(Found { at_most: if optimal { worth } else { at_most.max(worth) }, chosen, greedy, optimal, solver })
}

/// The one that is worth more, the first where they are equal.
fn better(portfolio: &Portfolio, one: Vec<bool>, other: Vec<bool>) -> Vec<bool> {
    if portfolio.worth(&other) > portfolio.worth(&one) { other } else { one }
}

/// A choice in the making.
#[derive(Debug, Clone)]
struct State<'a> {
    portfolio: &'a Portfolio,
    chosen: Vec<bool>,
    /// What each project adds, or would add, to those that are chosen.
    gains: Vec<f64>,
    /// How many chosen projects exclude each.
    rivals: Vec<u32>,
    value: f64,
    money: i64,
    minutes: i64,
}

impl<'a> State<'a> {
    fn of(portfolio: &'a Portfolio, chosen: &[bool]) -> State<'a> {
        let n = portfolio.projects.len();
        let mut state = State {
            portfolio,
            chosen: vec![false; n],
            gains: portfolio.linear.clone(),
            rivals: vec![0; n],
            value: 0.0,
            money: portfolio.budget.get(),
            minutes: portfolio.weekly_minutes,
        };
        (0..n).filter(|at| chosen[*at]).for_each(|at| state.turn(at));
        state
    }

    /// Chooses a project, or leaves it.
    fn turn(&mut self, project: usize) {
        let n = self.chosen.len();
        let entering = !self.chosen[project];
        let sign = if entering { 1.0 } else { -1.0 };
        self.value += sign * self.gains[project];
        self.chosen[project] = entering;
        for other in 0..n {
            self.gains[other] += if other == project { 0.0 } else { sign * self.portfolio.pairs[project * n + other] };
            if self.portfolio.excludes(project, other) {
                self.rivals[other] = if entering { self.rivals[other] + 1 } else { self.rivals[other] - 1 };
            }
        }
        let of = &self.portfolio.projects[project];
        let (cost, minutes) = (of.cost.get(), of.weekly_minutes);
        self.money += if entering { -cost } else { cost };
        self.minutes += if entering { -minutes } else { minutes };
    }

    fn fits(&self, project: usize) -> bool {
        let of = &self.portfolio.projects[project];
        !self.chosen[project] && self.rivals[project] == 0 && of.cost.get() <= self.money && of.weekly_minutes <= self.minutes
    }

    /// Adds, leaves or swaps, whichever is best, as long as that is an improvement.
    fn polish(&mut self) {
        let portfolio = self.portfolio;
        let n = self.chosen.len();
        let least = ROUNDING * magnitude(portfolio);
        // Every step is an improvement, so that it ends; the bound is for what rounding could do.
        for _ in 0..10 * n {
            let mut best: (f64, [Option<usize>; 2]) = (least, [None, None]);
            for one in (0..n).filter(|one| !portfolio.projects[*one].required) {
                if self.chosen[one] {
                    if -self.gains[one] > best.0 {
                        best = (-self.gains[one], [Some(one), None]);
                    }
                    for other in (0..n).filter(|other| !self.chosen[*other]) {
                        let gain = self.gains[other] - self.gains[one] - portfolio.pairs[one * n + other];
                        if gain > best.0 && self.fits_instead(other, one) {
                            best = (gain, [Some(one), Some(other)]);
                        }
                    }
                } else if self.gains[one] > best.0 && self.fits(one) {
                    best = (self.gains[one], [Some(one), None]);
                }
            }
            if best.1[0].is_none() {
                return;
            }
            best.1.into_iter().flatten().for_each(|project| self.turn(project));
        }
    }

    fn fits_instead(&self, project: usize, leaving: usize) -> bool {
        let (of, left) = (&self.portfolio.projects[project], &self.portfolio.projects[leaving]);
        self.rivals[project] == u32::from(self.portfolio.excludes(project, leaving))
            && of.cost.get() <= self.money + left.cost.get()
            && of.weekly_minutes <= self.minutes + left.weekly_minutes
    }
}

/// The sum of all magnitudes.
fn magnitude(portfolio: &Portfolio) -> f64 {
    portfolio.linear.iter().chain(&portfolio.pairs).map(|value| value.abs()).sum()
}

/// What a project takes of the limits, as shares of them.
#[expect(clippy::cast_precision_loss, reason = "a heuristic's measure")]
fn size(portfolio: &Portfolio, project: usize) -> f64 {
    let of = &portfolio.projects[project];
    let share = |part: i64, whole: i64| part as f64 / whole.max(1) as f64;
    share(of.cost.get(), portfolio.budget.get()) + share(of.weekly_minutes, portfolio.weekly_minutes)
}

/// After the required projects, again and again the one that fits and adds most for the share of budget and hours that it takes.
pub(super) fn greedy(portfolio: &Portfolio) -> Vec<bool> {
    let mut state = State::of(portfolio, &portfolio.required());
    let n = portfolio.projects.len();
    loop {
        let fitting = (0..n).filter(|project| state.fits(*project) && state.gains[*project] > 0.0);
        // What takes nothing comes first.
        let rate = |project: usize| state.gains[project] / size(portfolio, project).max(1e-12);
        let Some(best) = fitting.min_by(|one, other| rate(*other).total_cmp(&rate(*one))) else { return state.chosen };
        state.turn(best);
    }
}

/// Searches all choices that could be better than `begin`, or, of many projects, as many as so much work allows: the best, whether all were searched, and what no choice exceeds.
fn branch_and_bound(portfolio: &Portfolio, begin: Vec<bool>, work: usize, run: &Run<'_>) -> (Vec<bool>, bool, f64) {
    let state = State::of(portfolio, &portfolio.required());
    let n = portfolio.projects.len();
    let mut order: Vec<usize> = (0..n).filter(|project| state.fits(*project)).collect();
    let optimistic = |one: usize, among: &[usize]| {
        let others = among.iter().filter(|other| **other != one && !portfolio.excludes(one, **other));
        state.gains[one] + others.map(|other| portfolio.pairs[one * n + other].max(0.0)).sum::<f64>()
    };
    let rates: Vec<f64> = (0..n).map(|one| optimistic(one, &order) / size(portfolio, one).max(1e-12)).collect();
    order.sort_by(|one, other| rates[*other].total_cmp(&rates[*one]));
    // A pair's bonus is hoped for by the first of both.
    let hopes = (0..order.len()).map(|at| optimistic(order[at], &order[at..]) - state.gains[order[at]]).collect();
    let nodes = if order.len() <= CERTIFIED { usize::MAX } else { work / order.len() };
    let best_worth = portfolio.worth(&begin);
    let tolerance = ROUNDING * magnitude(portfolio);
    let mut tree = Tree { state, order, hopes, best: begin, best_worth, tolerance, nodes, visited: 0, stopped: false, run };
    let at_most = tree.bound(0).max(best_worth);
    tree.descend(0);
    (tree.best, !tree.stopped, at_most)
}

struct Tree<'a, 'r> {
    state: State<'a>,
    /// The projects to decide on, in this order.
    order: Vec<usize>,
    /// What each could add with those after it, beside what it adds to the chosen ones.
    hopes: Vec<f64>,
    best: Vec<bool>,
    best_worth: f64,
    tolerance: f64,
    nodes: usize,
    visited: usize,
    stopped: bool,
    run: &'a Run<'r>,
}

impl Tree<'_, '_> {
    fn descend(&mut self, depth: usize) {
        self.visited += 1;
        let asks = self.visited.is_multiple_of(NODES_PER_ASK);
        let progress = Progress { sweeps: self.visited as u64, energy: Some(-self.best_worth) };
        if self.visited > self.nodes || (asks && self.run.stop.should_stop(progress)) {
            self.stopped = true;
        }
        if self.stopped {
            return;
        }
        if self.state.value > self.best_worth {
            // The running sum has been rounded on the way: the worth itself decides.
            let worth = self.state.portfolio.worth(&self.state.chosen);
            if worth > self.best_worth {
                self.best_worth = worth;
                self.best.clone_from(&self.state.chosen);
            }
        }
        if depth == self.order.len() || self.bound(depth) <= self.best_worth + self.tolerance {
            return;
        }
        let project = self.order[depth];
        if self.state.fits(project) {
            self.state.turn(project);
            self.descend(depth + 1);
            self.state.turn(project);
        }
        self.descend(depth + 1);
    }

    /// What no choice exceeds that decides on the projects from `depth` on: each adds what it can at best, in parts where the budget, or the hours, are the only limit (Dantzig's bound).
    fn bound(&self, depth: usize) -> f64 {
        let hopeful = (depth..self.order.len()).filter(|at| self.state.fits(self.order[*at]));
        let parts: Vec<(f64, &super::Project)> = hopeful
            .map(|at| (self.state.gains[self.order[at]] + self.hopes[at], &self.state.portfolio.projects[self.order[at]]))
            .filter(|(gain, _)| *gain > 0.0)
            .collect();
        let by_money = filled(parts.iter().map(|(gain, project)| (*gain, project.cost.get())).collect(), self.state.money);
        let by_minutes = filled(parts.iter().map(|(gain, project)| (*gain, project.weekly_minutes)).collect(), self.state.minutes);
        self.state.value + by_money.min(by_minutes)
    }
}

/// The most that parts of items bring, given what they bring and take in whole.
#[expect(clippy::cast_precision_loss, reason = "at most 2^53, and a bound that is checked with a tolerance")]
fn filled(mut items: Vec<(f64, i64)>, mut room: i64) -> f64 {
    if items.iter().map(|(_, size)| size).sum::<i64>() <= room {
        return items.iter().map(|(gain, _)| gain).sum();
    }
    items.sort_by(|one, other| (other.0 * one.1 as f64).total_cmp(&(one.0 * other.1 as f64)));
    let mut sum = 0.0;
    for (gain, size) in items {
        if size > room {
            return sum + gain * room as f64 / size as f64;
        }
        sum += gain;
        room -= size;
    }
    sum
}

/// Searches through a QUBO: the best of what the sampler finds, repaired and improved, and the sampler's name. It keeps every rule.
pub(super) fn by_qubo(portfolio: &Portfolio, params: &Params, run: &Run<'_>) -> Result<(Vec<bool>, String), sampler::Error> {
    let required = portfolio.required();
    let base = State::of(portfolio, &required);
    let free: Vec<usize> = (0..portfolio.projects.len()).filter(|project| base.fits(*project)).collect();
    let (model, found) = qubo::sample("portfolio", model(&base, &free), params, run)?;
    let mut best = required.clone();
    for solution in model.interpret(&found)?.into_iter().take(POLISHED) {
        let mut state = base.clone();
        // What is not feasible yet is taken as far as it fits, the best first.
        let mut wanted: Vec<usize> = free.iter().zip(&solution.state).filter(|(_, value)| **value == 1).map(|(at, _)| *at).collect();
        wanted.sort_by(|one, other| base.gains[*other].total_cmp(&base.gains[*one]));
        for project in wanted {
            if state.fits(project) {
                state.turn(project);
            }
        }
        state.polish();
        best = better(portfolio, best, state.chosen);
    }
    Ok((best, found.effort.solver))
}

/// The QUBO's model over the projects that can be chosen beside the required ones.
fn model(base: &State<'_>, free: &[usize]) -> Result<Model, ConstraintError> {
    let portfolio = base.portfolio;
    let n = portfolio.projects.len();
    let mut objective = Bqm::builder(Vartype::Binary).variables(free.len());
    let mut largest: f64 = 0.0;
    for (at, one) in free.iter().enumerate() {
        objective.add_linear(at, -base.gains[*one]);
        let pairs = |of: &usize| portfolio.pairs[one * n + of];
        for (to, other) in free.iter().enumerate().skip(at + 1).filter(|(_, other)| pairs(other) != 0.0) {
            objective.add_quadratic(at, to, -pairs(other));
        }
        let around: f64 = free.iter().filter(|other| *other != one).map(|other| pairs(other).abs()).sum();
        largest = largest.max(base.gains[*one].abs() + around);
    }
    let mut model = Model::new(&objective.build()?)?;
    let project = |at: &usize| &portfolio.projects[*at];
    for (label, sizes, room) in [
        ("budget", free.iter().map(|at| project(at).cost.get()).collect::<Vec<_>>(), base.money),
        ("hours", free.iter().map(|at| project(at).weekly_minutes).collect(), base.minutes),
    ] {
        if sizes.iter().sum::<i64>() > room {
            // Sizes are rounded up and the limit down, so that what keeps the coarse limit keeps the true one.
            let unit = (room / UNITS).max(1);
            let terms: Vec<(usize, i64)> =
                sizes.iter().map(|size| size.div_euclid(unit) + i64::from(size % unit > 0)).enumerate().collect();
            model.at_most(label, &terms, room / unit)?;
        }
    }
    for at in 0..free.len() {
        for to in (at + 1..free.len()).filter(|to| portfolio.excludes(free[at], free[*to])) {
            model.cardinality(&format!("{} or {}", project(&free[at]).name, project(&free[to]).name), &[at, to], 0, 1)?;
        }
    }
    // Not certified, which would be the sum over all projects and leave the sampler little to see of their values: just more than any one project can bring. What is broken for its
    // sake is repaired.
    model.set_penalty(largest + 1.0)?;
    Ok(model)
}

/// The same question with other limits.
pub(super) fn widened(portfolio: &Portfolio, money: Cents, minutes: i64) -> Portfolio {
    let mut wider = portfolio.clone();
    wider.budget = wider.budget.plus(money);
    wider.weekly_minutes += minutes;
    wider
}

/// The best choice under other limits that is found without a sampler, from a choice that keeps them; whether it is the best there is.
pub(super) fn resolve(portfolio: &Portfolio, from: &[bool], run: &Run<'_>) -> (f64, bool) {
    let mut state = State::of(portfolio, from);
    state.polish();
    let (chosen, optimal, _) = branch_and_bound(portfolio, better(portfolio, from.to_vec(), state.chosen), RELIEF_WORK, run);
    (portfolio.worth(&chosen), optimal)
}
