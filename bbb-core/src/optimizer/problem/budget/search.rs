//! Finding an allocation: by marginal allocation, and by dynamic programming for channels that break concavity.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::{Budget, high};

/// What a search found, in steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) allocation: Vec<usize>,
    pub(super) greedy: Vec<usize>,
    pub(super) solver: &'static str,
}

pub(super) fn solve(budget: &Budget) -> Found {
    let greedy = greedy(budget);
    let (allocation, solver) = exact(budget);
    // Both are sums that were rounded: the better one by the same sum is kept.
    let allocation = if budget.total(&greedy) > budget.total(&allocation) { greedy.clone() } else { allocation };
    Found { allocation, greedy, solver }
}

/// The best allocation, and how it was found.
pub(super) fn exact(budget: &Budget) -> (Vec<usize>, &'static str) {
    let (concave, rest): (Vec<usize>, Vec<usize>) = (0..budget.channels.len()).partition(|at| budget.channels[*at].is_concave());
    let base: Vec<usize> = budget.channels.iter().map(|line| line.base()).collect();
    let room = budget.steps() - base.iter().sum::<usize>();
    let given = marginal(budget, &concave, &base, room);
    let (used, solver) =
        if rest.is_empty() { (Vec::new(), "marginal allocation") } else { (program(budget, &rest, room, &given), "dynamic programming") };
    let mut allocation = base;
    for (channel, steps) in rest.iter().zip(&used) {
        allocation[*channel] = *steps;
    }
    for (channel, _) in &given[..given.len().min(room - used.iter().sum::<usize>())] {
        allocation[*channel] += 1;
    }
    (allocation, solver)
}

/// A step that could be given to a channel.
#[derive(PartialEq)]
struct Next {
    gain: f64,
    channel: usize,
}

impl Eq for Next {}

impl Ord for Next {
    fn cmp(&self, other: &Next) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.channel.cmp(&self.channel))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Next) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// At most so many steps beyond the base, in the order in which they are worth most: the channel of each, and what it adds. Those that add nothing are not given.
fn marginal(budget: &Budget, concave: &[usize], base: &[usize], room: usize) -> Vec<(usize, f64)> {
    let mut spent = base.to_vec();
    let next = |channel: usize, spent: usize| {
        let gain = budget.worth(channel, spent + 1) - budget.worth(channel, spent);
        (spent < budget.channels[channel].high && gain > 0.0).then_some(Next { gain, channel })
    };
    let mut heap: BinaryHeap<Next> = concave.iter().filter_map(|channel| next(*channel, spent[*channel])).collect();
    let mut given = Vec::with_capacity(room.min(1 << 16));
    while given.len() < room {
        let Some(Next { gain, channel }) = heap.pop() else { break };
        given.push((channel, gain));
        spent[channel] += 1;
        heap.extend(next(channel, spent[channel]));
    }
    given
}

/// How many steps to spend on each of these channels, where what they leave of the room is given to the others.
fn program(budget: &Budget, rest: &[usize], room: usize, given: &[(usize, f64)]) -> Vec<usize> {
    // What the others bring with so many steps.
    let mut best: Vec<f64> = Vec::with_capacity(room + 1);
    best.push(0.0);
    for at in 0..room {
        best.push(best[at] + given.get(at).map_or(0.0, |(_, gain)| *gain));
    }
    // After each channel, what it and all before it bring; and how much of that many steps it takes.
    let mut taken: Vec<Vec<usize>> = Vec::with_capacity(rest.len());
    for channel in rest {
        let line = &budget.channels[*channel];
        let high = line.high.min(room);
        let worth: Vec<f64> = (0..=high).map(|steps| budget.worth(*channel, steps)).collect();
        let mut takes = vec![0; room + 1];
        let mut next = best.clone();
        for all in line.low..=room {
            for own in line.low..=high.min(all) {
                let sum = worth[own] + best[all - own];
                if sum > next[all] {
                    (next[all], takes[all]) = (sum, own);
                }
            }
        }
        best = next;
        taken.push(takes);
    }
    let mut left = room;
    let mut used: Vec<usize> = taken
        .iter()
        .rev()
        .map(|takes| {
            let own = takes[left];
            left -= own;
            own
        })
        .collect();
    used.reverse();
    used
}

/// Again and again what brings most for its money: a step more, or the least that a channel must get to begin.
pub(super) fn greedy(budget: &Budget) -> Vec<usize> {
    let mut spent: Vec<usize> = budget.channels.iter().map(|line| line.base()).collect();
    let mut room = budget.steps() - spent.iter().sum::<usize>();
    let next = |channel: usize, spent: usize| {
        let line = &budget.channels[channel];
        let to = (spent + 1).max(line.low);
        #[expect(clippy::cast_precision_loss, reason = "at most 10^5")]
        let gain = (budget.worth(channel, to) - budget.worth(channel, spent)) / (to - spent) as f64;
        (to <= line.high && gain > 0.0).then_some(Next { gain, channel })
    };
    let mut heap: BinaryHeap<Next> = (0..spent.len()).filter_map(|channel| next(channel, spent[channel])).collect();
    while let Some(Next { channel, .. }) = heap.pop() {
        let to = (spent[channel] + 1).max(budget.channels[channel].low);
        // What does not fit now does not fit later.
        if to - spent[channel] <= room {
            room -= to - spent[channel];
            spent[channel] = to;
            heap.extend(next(channel, to));
        }
    }
    spent
}

/// The same to each channel, as far as it can take it; what is left to those that still can, in order.
pub(super) fn even(budget: &Budget) -> Vec<usize> {
    let mut spent: Vec<usize> = budget.channels.iter().map(|line| line.base()).collect();
    let mut room = budget.steps() - spent.iter().sum::<usize>();
    let share = budget.steps() / spent.len().max(1);
    for (line, spent) in budget.channels.iter().zip(&mut spent) {
        let to = share.min(line.high);
        if to >= line.low && to > *spent && to - *spent <= room {
            room -= to - *spent;
            *spent = to;
        }
    }
    for (line, spent) in budget.channels.iter().zip(&mut spent) {
        if *spent > 0 || line.low == 0 {
            let more = room.min(line.high - *spent);
            room -= more;
            *spent += more;
        }
    }
    spent
}

/// The same question with so many steps more.
pub(super) fn widened(budget: &Budget, steps: usize) -> Budget {
    let mut wider = budget.clone();
    let before = budget.steps();
    wider.budget = wider.budget.plus(budget.money(steps));
    for line in &mut wider.channels {
        line.high = high(&line.channel, budget.step, line.low, before + steps);
    }
    wider
}
