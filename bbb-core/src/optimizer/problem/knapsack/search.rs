//! Tabu search (Glover, "Tabu search, part I", 1989) with strategic oscillation around the capacity.
//!
//! Reads begin with what a greedy choice by profit per weight gives, with ever more chance in it. Each move takes or leaves the item that is best by profit less a price for
//! what weighs too much; the price rises while too much is carried and falls while it is not, so that the search goes to and fro. Items that moved rest for a while, unless moving
//! them gives a new best. Choices that can be carried and are near the best are polished by adding and swapping, and only such are ever kept. After a while without a new best some
//! items are thrown out at random.

use super::Knapsack;
use crate::optimizer::model::Bqm;
use crate::optimizer::random::Random;
use crate::optimizer::sample_set::SampleSet;
use crate::optimizer::sampler::parts::{self, Part, Shape};
use crate::optimizer::sampler::{Error, Params, Progress, Run};

/// Moves of a read where nothing is said.
const DEFAULT_MOVES: u64 = 100_000;
/// The run is asked whether to stop after so many moves.
const MOVES_PER_ASK: u64 = 16;
/// Items rest for so many moves, and up to twice that.
const REST: usize = 6;
/// After so many moves on one side of the capacity the price of weight changes by a factor.
const MOVES_PER_PRICE: u32 = 5;
const PRICE_FACTOR: f64 = 1.25;
/// Choices within this share of the best are polished.
const NEAR: i64 = 100;

pub(super) fn search(knapsack: &Knapsack, bqm: &Bqm, params: &Params, run: &Run<'_>) -> Result<SampleSet, Error> {
    let shape = Shape { solver: "knapsack", reads_per_part: 1 };
    parts::run(bqm, params, run, shape, |number, _| {
        let mut search = Search::new(knapsack, Random::new(params.seed, number));
        match usize::try_from(number).ok().and_then(|number| params.initial_states.get(number)) {
            Some(state) => search.begin_with(state),
            None => search.greedy(number),
        }
        let stopped = search.run(params.num_sweeps.unwrap_or(DEFAULT_MOVES), run);
        let spins = search.best.iter().map(|chosen| 2 * chosen - 1).collect();
        Part { spins: vec![spins], sweeps: search.moves, updates: search.looked, stopped }
    })
}

/// A choice in the making.
struct Search<'a> {
    knapsack: &'a Knapsack,
    random: Random,
    chosen: Vec<i8>,
    /// What each item brings, or would bring, together with those that are chosen.
    gains: Vec<i64>,
    /// The move up to which each item rests.
    rests: Vec<u64>,
    /// What can still be carried, below 0 where it is too much already.
    slack: i64,
    value: i64,
    /// What a unit of weight beyond the capacity costs.
    price: f64,
    /// For how many moves it was carried, or, below 0, was not.
    side: i32,
    best: Vec<i8>,
    best_value: i64,
    moves: u64,
    /// Moves looked at.
    looked: u64,
}

impl<'a> Search<'a> {
    fn new(knapsack: &'a Knapsack, random: Random) -> Self {
        let n = knapsack.len();
        Search {
            knapsack,
            random,
            chosen: vec![0; n],
            gains: knapsack.profits.clone(),
            rests: vec![0; n],
            slack: knapsack.capacity,
            value: 0,
            price: 1.0,
            side: 0,
            best: vec![0; n],
            best_value: 0,
            moves: 0,
            looked: 0,
        }
    }

    /// Changes whether an item is chosen.
    fn turn(&mut self, item: usize) {
        let sign = if self.chosen[item] == 0 { 1 } else { -1 };
        self.value += sign * self.gains[item];
        self.slack -= sign * self.knapsack.weights[item];
        self.chosen[item] ^= 1;
        let n = self.knapsack.len();
        for (gain, pair) in self.gains.iter_mut().zip(&self.knapsack.pairs[item * n..item * n + n]) {
            *gain += sign * pair;
        }
    }

    /// Takes what a state chooses, as far as it can be carried.
    fn begin_with(&mut self, state: &[i8]) {
        for (item, chosen) in state.iter().enumerate() {
            if *chosen == 1 && self.knapsack.weights[item] <= self.slack {
                self.turn(item);
            }
        }
        self.keep();
    }

    /// Takes items by what they bring per weight. The first read does so strictly, later ones among more and more of the best.
    fn greedy(&mut self, number: u64) {
        let width = usize::try_from(number % 16).unwrap_or(0) + 1;
        loop {
            let mut fitting: Vec<usize> = (0..self.knapsack.len()).filter(|item| self.fits(*item) && self.gains[*item] > 0).collect();
            // Products of an i64 and an i64 fit an i128; a weight of 0 comes first.
            fitting.sort_by(|one, other| {
                let ratio = |item: usize, by: usize| i128::from(self.gains[item]) * i128::from(self.knapsack.weights[by]);
                ratio(*other, *one).cmp(&ratio(*one, *other)).then(one.cmp(other))
            });
            let among = fitting.len().min(width);
            if among == 0 {
                break;
            }
            let item = fitting[self.random.below(among)];
            self.turn(item);
        }
        self.keep();
    }

    fn fits(&self, item: usize) -> bool {
        self.chosen[item] == 0 && self.knapsack.weights[item] <= self.slack
    }

    /// Remembers the choice if it is the best so far.
    fn keep(&mut self) -> bool {
        let better = self.slack >= 0 && self.value > self.best_value;
        if better {
            self.best_value = self.value;
            self.best.clone_from(&self.chosen);
        }
        better
    }

    /// Moves so often; says whether it was stopped.
    fn run(&mut self, moves: u64, run: &Run<'_>) -> bool {
        let n = self.knapsack.len();
        let patience = u64::try_from(2 * n).unwrap_or(u64::MAX).max(50);
        let (mut idle, mut told) = (0, i64::MIN);
        #[expect(clippy::cast_precision_loss, reason = "both at most 2^53")]
        let price = self.best_value as f64 / self.knapsack.capacity.max(1) as f64;
        self.price = price.max(1.0);
        while self.moves < moves {
            self.moves += 1;
            if self.step() {
                idle = 0
            } else {
                idle += 1
            }
            if idle > patience {
                self.throw_out();
                idle = 0;
            }
            if self.moves.is_multiple_of(MOVES_PER_ASK) {
                #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
                let energy = -(self.best_value as f64);
                if self.best_value > told {
                    told = self.best_value;
                    run.stop.improved(energy, &self.best);
                }
                if run.stop.should_stop(Progress { sweeps: self.moves, energy: Some(energy) }) {
                    return true;
                }
            }
        }
        false
    }

    /// Makes the best move that is allowed; says whether it led to a new best.
    fn step(&mut self) -> bool {
        let was_carried = self.slack >= 0;
        let Some(item) = self.best_turn() else { return false };
        self.turn(item);
        self.rests[item] = self.moves + u64::try_from(REST + self.random.below(REST)).unwrap_or(0);
        self.reprice();
        let mut better = self.keep();
        let near = self.best_value - self.best_value.abs() / NEAR;
        if self.slack >= 0 && (!was_carried || better) && self.value >= near {
            while self.polish() {}
            better |= self.keep();
        }
        better
    }

    /// Makes weight dearer where too much was carried for long, and cheaper where it was not.
    fn reprice(&mut self) {
        self.side = match (self.slack >= 0, self.side) {
            (true, side) => side.max(0) + 1,
            (false, side) => side.min(0) - 1,
        };
        if self.side.unsigned_abs() >= MOVES_PER_PRICE {
            self.price = if self.side > 0 { self.price / PRICE_FACTOR } else { self.price * PRICE_FACTOR };
            self.price = self.price.clamp(1e-6, 1e15);
            self.side = 0;
        }
    }

    /// The item whose turn is best.
    #[expect(clippy::cast_precision_loss, reason = "profits and weights sum to at most 2^53")]
    fn best_turn(&mut self) -> Option<usize> {
        self.looked += self.knapsack.len() as u64;
        let over = (-self.slack).max(0);
        let mut best: Option<(f64, usize)> = None;
        for item in 0..self.knapsack.len() {
            let sign = 1 - 2 * i64::from(self.chosen[item]);
            let slack = self.slack - sign * self.knapsack.weights[item];
            let gain = sign * self.gains[item];
            let score = gain as f64 - self.price * ((-slack).max(0) - over) as f64;
            let is_new_best = slack >= 0 && self.value + gain > self.best_value;
            if (self.rests[item] < self.moves || is_new_best) && best.is_none_or(|(most, _)| score > most) {
                best = Some((score, item));
            }
        }
        best.map(|(_, item)| item)
    }

    /// Takes an item or swaps two, whichever is best, where that is an improvement; says whether it was.
    fn polish(&mut self) -> bool {
        let n = self.knapsack.len();
        let (inside, outside): (Vec<usize>, Vec<usize>) = (0..n).partition(|item| self.chosen[*item] == 1);
        self.looked += (outside.len() + inside.len() * outside.len()) as u64;
        let mut best = (0, None, 0);
        for take in &outside {
            if self.knapsack.weights[*take] <= self.slack && self.gains[*take] > best.0 {
                best = (self.gains[*take], None, *take);
            }
        }
        for leave in &inside {
            let room = self.slack + self.knapsack.weights[*leave];
            let pairs = &self.knapsack.pairs[leave * n..leave * n + n];
            for take in &outside {
                let delta = self.gains[*take] - self.gains[*leave] - pairs[*take];
                if delta > best.0 && self.knapsack.weights[*take] <= room {
                    best = (delta, Some(*leave), *take);
                }
            }
        }
        let (delta, leave, take) = best;
        if delta > 0 {
            leave.into_iter().chain([take]).for_each(|item| self.turn(item));
        }
        delta > 0
    }

    /// Leaves a part of the items, at random, after going back to the best choice half of the time.
    fn throw_out(&mut self) {
        if self.random.spin() > 0 {
            for item in 0..self.knapsack.len() {
                if self.chosen[item] != self.best[item] {
                    self.turn(item);
                }
            }
        }
        let inside: Vec<usize> = (0..self.knapsack.len()).filter(|item| self.chosen[*item] == 1).collect();
        if inside.is_empty() {
            return;
        }
        for _ in 0..1 + self.random.below(inside.len().div_ceil(4)) {
            let item = inside[self.random.below(inside.len())];
            if self.chosen[item] == 1 {
                self.turn(item);
                self.rests[item] = self.moves + u64::try_from(REST + self.random.below(4 * REST)).unwrap_or(0);
            }
        }
    }
}
