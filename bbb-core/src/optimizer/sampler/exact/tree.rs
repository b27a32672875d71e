//! Dynamic programming along an elimination order, which is a tree decomposition in other words (Bertelè, Brioschi, "Nonserial dynamic programming", 1972;
//! Dechter, "Bucket elimination", 1999). Orders come from the minimum degree and minimum fill rules (Bodlaender, Koster, "Treewidth computations I", 2010).
//!
//! Eliminating a spin makes a table of what it adds at best, over all values of its neighbors. Those become neighbors of each other.

use std::collections::BTreeSet;

use super::{Outcome, must_stop};
use crate::optimizer::model::ising::Ising;
use crate::optimizer::sampler::run::Run;

/// The most neighbors that a spin may have when it is eliminated.
pub(super) const MAX_WIDTH: usize = 22;
/// The most entries of all tables together: a bit of each is kept for the way back.
pub(super) const MAX_ENTRIES: u64 = 1 << 31;
/// The most entries of tables that are there at once, 8 bytes each.
const MAX_LIVE: u64 = 1 << 25;
/// Minimum fill is tried up to this many spins, since it takes longer.
const MAX_FILL_SPINS: usize = 512;
/// Bits of an index that are mapped at once.
const HALF: usize = 11;

/// Spins in the order of their elimination, each with its neighbors at that time, which come later.
pub(super) struct Order {
    steps: Vec<(u32, Vec<u32>)>,
    entries: u64,
}

/// A good order, if there is one of so many entries and within the bounds.
pub(super) fn order(ising: &Ising<f64>, entries: u64) -> Option<Order> {
    let by_degree = eliminate(ising, entries.min(MAX_ENTRIES), |graph, spin| graph[spin].len());
    let by_fill = if ising.len() <= MAX_FILL_SPINS { eliminate(ising, entries.min(MAX_ENTRIES), fill) } else { None };
    [by_degree, by_fill].into_iter().flatten().filter(within_bounds).min_by_key(|order| order.entries)
}

/// How many pairs of neighbors of a spin are no neighbors of each other.
fn fill(graph: &[Vec<u32>], spin: usize) -> usize {
    let around = &graph[spin];
    let missing =
        |(at, one): (usize, &u32)| around[at + 1..].iter().filter(|other| graph[*one as usize].binary_search(other).is_err()).count();
    around.iter().enumerate().map(missing).sum()
}

/// Eliminates the spin of the least score, again and again, as long as there are no more entries than these.
fn eliminate(ising: &Ising<f64>, entries: u64, score: fn(&[Vec<u32>], usize) -> usize) -> Option<Order> {
    // Cannot be cut off: a model has at most 2^24 variables.
    let short = |spin: usize| u32::try_from(spin).unwrap_or(u32::MAX);
    let mut graph: Vec<Vec<u32>> = (0..ising.len()).map(|spin| ising.row(spin).map(|(other, _)| short(other)).collect()).collect();
    let mut scores: Vec<usize> = (0..ising.len()).map(|spin| score(&graph, spin)).collect();
    let mut queue: BTreeSet<(usize, u32)> = scores.iter().enumerate().map(|(spin, score)| (*score, short(spin))).collect();
    let mut order = Order { steps: Vec::with_capacity(ising.len()), entries: 0 };
    while let Some((_, spin)) = queue.pop_first() {
        let around = std::mem::take(&mut graph[spin as usize]);
        if around.len() > MAX_WIDTH {
            return None;
        }
        let mut touched: BTreeSet<u32> = around.iter().copied().collect();
        for one in &around {
            let row = &mut graph[*one as usize];
            row.extend(around.iter().filter(|other| *other != one));
            row.sort_unstable();
            row.dedup();
            row.retain(|other| *other != spin);
            touched.extend(row.iter());
        }
        for other in touched {
            let new = score(&graph, other as usize);
            let old = std::mem::replace(&mut scores[other as usize], new);
            if new != old && queue.remove(&(old, other)) {
                queue.insert((new, other));
            }
        }
        order.entries += 1 << around.len();
        if order.entries > entries {
            return None;
        }
        order.steps.push((spin, around));
    }
    Some(order)
}

/// Whether the tables that are there at once fit.
fn within_bounds(order: &Order) -> bool {
    let place = places(order);
    let (mut live, mut ends) = (0_u64, vec![0_u64; order.steps.len()]);
    for (step, (_, around)) in order.steps.iter().enumerate() {
        let entries = 1_u64 << around.len();
        live += entries;
        if live + 2 * entries > MAX_LIVE {
            return false;
        }
        live -= ends[step];
        match around.iter().map(|other| place[*other as usize]).min() {
            Some(parent) => ends[parent] += entries,
            None => live -= entries,
        }
    }
    true
}

/// By spin, when it is eliminated.
fn places(order: &Order) -> Vec<usize> {
    let mut place = vec![0; order.steps.len()];
    for (step, (spin, _)) in order.steps.iter().enumerate() {
        place[*spin as usize] = step;
    }
    place
}

/// What eliminated spins add at best, over all values of those around them.
struct Table {
    around: Vec<u32>,
    values: Vec<f64>,
}

/// The optimum along this order.
pub(super) fn solve(ising: &Ising<f64>, order: &Order, run: &Run<'_>) -> Outcome {
    let place = places(order);
    let mut waiting: Vec<Vec<Table>> = (0..order.steps.len()).map(|_| Vec::new()).collect();
    let mut choices: Vec<Vec<u64>> = Vec::with_capacity(order.steps.len());
    let (mut updates, mut stopped) = (0, false);
    for (step, (spin, around)) in order.steps.iter().enumerate() {
        stopped = stopped || must_stop(run);
        if stopped {
            choices.push(Vec::new());
            continue;
        }
        let tables = std::mem::take(&mut waiting[step]);
        let (values, choice) = table(ising, *spin, around, &tables);
        updates += values.len() as u64;
        choices.push(choice);
        if let Some(parent) = around.iter().map(|other| place[*other as usize]).min() {
            waiting[parent].push(Table { around: around.clone(), values });
        }
    }
    let mut spins = vec![-1_i8; ising.len()];
    for ((spin, around), choice) in order.steps.iter().zip(&choices).rev() {
        let bit = |(at, other): (usize, &u32)| usize::from(spins[*other as usize] > 0) << at;
        let index: usize = around.iter().enumerate().map(bit).sum();
        let up = choice.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1);
        spins[*spin as usize] = if up { 1 } else { -1 };
    }
    Outcome { spins, updates, stopped }
}

/// The least of both values of a spin for each index over those around it, and which one it is.
fn table(ising: &Ising<f64>, spin: u32, around: &[u32], tables: &[Table]) -> (Vec<f64>, Vec<u64>) {
    let size = 1_usize << around.len();
    let coupler = |other: &u32| ising.row(spin as usize).find(|(to, _)| *to == *other as usize).map_or(0.0, |(_, coupler)| coupler);
    let couplers: Vec<f64> = around.iter().map(coupler).collect();
    let mut up = vec![0.0; size];
    up[0] = ising.fields[spin as usize] - couplers.iter().sum::<f64>();
    for index in 1..size {
        up[index] = up[index & (index - 1)] + 2.0 * couplers[index.trailing_zeros() as usize];
    }
    let mut down: Vec<f64> = up.iter().map(|field| -field).collect();
    for table in tables {
        let (low, high) = projection(around, &table.around);
        let own = table.around.iter().position(|other| *other == spin).map_or(0, |at| 1 << at);
        for (index, (up, down)) in up.iter_mut().zip(&mut down).enumerate() {
            let there = low[index & ((1 << HALF) - 1)] | high[index >> HALF];
            *down += table.values[there];
            *up += table.values[there | own];
        }
    }
    let mut choice = vec![0_u64; size.div_ceil(64)];
    for (index, (up, down)) in up.iter_mut().zip(&down).enumerate() {
        choice[index / 64] |= u64::from(*up < *down) << (index % 64);
        *up = up.min(*down);
    }
    (up, choice)
}

/// Which index over `to` an index over `from` stands for, as two tables: of its low bits, and of its high ones.
fn projection(from: &[u32], to: &[u32]) -> (Vec<usize>, Vec<usize>) {
    let of = |bits: &[u32]| -> Vec<usize> {
        let places: Vec<usize> = bits.iter().map(|spin| to.iter().position(|other| other == spin).map_or(0, |at| 1 << at)).collect();
        let mut map = vec![0; 1 << bits.len()];
        for index in 1..map.len() {
            map[index] = map[index & (index - 1)] | places[index.trailing_zeros() as usize];
        }
        map
    };
    (of(&from[..from.len().min(HALF)]), of(&from[from.len().min(HALF)..]))
}
