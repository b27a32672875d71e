//! A state with the gain of every change of one variable at hand.
//!
//! Variables stand in blocks of 64, and of every block the best gain is known: of all its variables, and of those that are free. In dense models one pass over
//! a contiguous row updates all fields and these gains together; in sparse ones only blocks around the change are looked at again.

use crate::optimizer::model::ising::Ising;
use crate::optimizer::random::Random;
use crate::optimizer::sampler::simd::vectorized;
use crate::optimizer::sampler::single::Number;

const BLOCK: usize = 64;
/// Gains that are compared at once.
const LANES: usize = 8;
/// Models with at least this share of all couplers have contiguous rows.
const DENSE: f64 = 0.03;
/// The most entries of contiguous rows.
const MAX_DENSE_ENTRIES: usize = 1 << 27;

/// What gains are calculated in.
pub(super) trait Value: Number {
    /// Below all gains.
    const LEAST: Self;
    /// Whether sums are exact.
    const EXACT: bool;
}

impl Value for i32 {
    const LEAST: i32 = i32::MIN;
    const EXACT: bool = true;
}

impl Value for f64 {
    const LEAST: f64 = f64::NEG_INFINITY;
    const EXACT: bool = false;
}

/// The couplers in the form in which a change reads them.
pub(super) enum Rows<N: Number> {
    Sparse,
    /// Contiguous, each as long as the blocks.
    Narrow(Vec<N::Entry>),
    Wide(Vec<N>),
}

impl<N: Value> Rows<N> {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub(super) fn of(ising: &Ising<N>) -> Self {
        let n = ising.len();
        let padded = n.next_multiple_of(BLOCK);
        if (ising.couplers.len() as f64) < DENSE * (n * n) as f64 || n * padded > MAX_DENSE_ENTRIES {
            return Rows::Sparse;
        }
        if ising.couplers.iter().any(|coupler| coupler.entry().is_none()) {
            return Rows::Wide(fill(ising, padded, |coupler| coupler));
        }
        Rows::Narrow(fill(ising, padded, |coupler| coupler.entry().unwrap_or_default()))
    }
}

fn fill<N: Copy, E: Copy + Default>(ising: &Ising<N>, padded: usize, entry: impl Fn(N) -> E) -> Vec<E> {
    let mut rows = vec![E::default(); ising.len() * padded];
    for spin in 0..ising.len() {
        for (other, coupler) in ising.row(spin) {
            rows[spin * padded + other] = entry(coupler);
        }
    }
    rows
}

/// A state that is searched from.
pub(super) struct State<'a, N: Value> {
    pub(super) ising: &'a Ising<N>,
    rows: &'a Rows<N>,
    /// Beyond the variables, up to the end of the last block, there are spins that are never free.
    spins: Vec<i8>,
    fields: Vec<N>,
    /// 0 for free variables, -1 for others.
    blocked: Vec<i8>,
    /// By block, the best gain of a free variable, and of any.
    free: Vec<N>,
    any: Vec<N>,
    /// Energy in the units of the compiled model.
    pub(super) energy: f64,
    /// Changes so far.
    pub(super) changes: u64,
    pub(super) random: Random,
}

impl<'a, N: Value> State<'a, N> {
    pub(super) fn new(ising: &'a Ising<N>, rows: &'a Rows<N>, mut spins: Vec<i8>, random: Random) -> Self {
        let padded = ising.len().next_multiple_of(BLOCK);
        spins.resize(padded, 1);
        let blocks = padded / BLOCK;
        let mut state = State {
            ising,
            rows,
            spins,
            fields: vec![N::default(); padded],
            blocked: vec![0; padded],
            free: vec![N::LEAST; blocks],
            any: vec![N::LEAST; blocks],
            energy: 0.0,
            changes: 0,
            random,
        };
        state.release();
        state.refresh();
        state
    }

    /// The variables.
    pub(super) fn len(&self) -> usize {
        self.ising.len()
    }

    pub(super) fn spins(&self) -> &[i8] {
        &self.spins[..self.ising.len()]
    }

    /// Makes every variable free.
    pub(super) fn release(&mut self) {
        let n = self.len();
        self.blocked[..n].fill(0);
        self.blocked[n..].fill(-1);
        self.scan();
    }

    /// Makes only these variables free.
    pub(super) fn free_only(&mut self, variables: &[usize]) {
        self.blocked.fill(-1);
        for variable in variables {
            self.blocked[*variable] = 0;
        }
        self.scan();
    }

    /// Frees or blocks a variable; its block is looked at again with the next change where rows are contiguous, at once where not.
    #[inline(always)]
    pub(super) fn block(&mut self, variable: usize, blocked: bool) {
        self.blocked[variable] = -i8::from(blocked);
        if matches!(self.rows, Rows::Sparse) {
            self.scan_block(variable / BLOCK);
        }
    }

    /// Goes to another state, in which every variable is as free as it was.
    pub(super) fn go_to(&mut self, spins: &[i8]) {
        if N::EXACT {
            for (variable, spin) in spins.iter().enumerate() {
                if self.spins[variable] != *spin {
                    self.flip(variable);
                    self.changes += 1;
                }
            }
        } else {
            self.spins[..spins.len()].copy_from_slice(spins);
            self.refresh();
        }
    }

    /// Calculates everything anew.
    fn refresh(&mut self) {
        let (mut linear, mut twice) = (0.0, 0.0);
        for variable in 0..self.len() {
            let around = self.ising.row(variable).map(|(other, coupler)| coupler.signed(self.spins[other]));
            self.fields[variable] = around.fold(self.ising.fields[variable], N::add);
            linear += self.ising.fields[variable].signed(self.spins[variable]).real();
            twice += self.fields[variable].signed(self.spins[variable]).real();
        }
        self.energy = 0.5 * (linear + twice);
        self.scan();
    }

    fn scan(&mut self) {
        for block in 0..self.free.len() {
            self.scan_block(block);
        }
    }

    #[inline(always)]
    fn scan_block(&mut self, block: usize) {
        let of = block * BLOCK..(block + 1) * BLOCK;
        let ends = (&mut self.free[block], &mut self.any[block]);
        let (fields, spins, blocked) = (&self.fields[of.clone()], &self.spins[of.clone()], &self.blocked[of]);
        if let (Ok(fields), Ok(spins), Ok(blocked)) = (fields.try_into(), spins.try_into(), blocked.try_into()) {
            (*ends.0, *ends.1) = best(fields, spins, blocked);
        }
    }

    /// The best gain: of the free variables, and of all.
    #[inline(always)]
    pub(super) fn gains(&self) -> (N, N) {
        let most = |gains: &[N]| gains.iter().fold(N::LEAST, |most, gain| if *gain > most { *gain } else { most });
        (most(&self.free), most(&self.any))
    }

    /// A variable of this gain; a free one if `free`. Which of several is left to chance.
    #[inline(always)]
    pub(super) fn find(&mut self, gain: N, free: bool) -> Option<usize> {
        let blocks = self.free.len();
        let first = self.random.below(blocks);
        let known = if free { &self.free } else { &self.any };
        let block = (first..blocks).chain(0..first).find(|block| known[*block] == gain)?;
        #[expect(clippy::cast_possible_truncation, reason = "only the low bits are wanted")]
        let inside = self.random.next() as usize % BLOCK;
        let order = (inside..BLOCK).chain(0..inside).map(|at| block * BLOCK + at);
        order.into_iter().find(|variable| {
            let own = self.fields[*variable].signed(self.spins[*variable]);
            own == gain && *variable < self.ising.len() && !(free && self.blocked[*variable] != 0)
        })
    }

    /// Changes a variable.
    #[inline(always)]
    pub(super) fn flip(&mut self, variable: usize) {
        let old = self.spins[variable];
        self.energy -= 2.0 * self.fields[variable].signed(old).real();
        self.spins[variable] = -old;
        let padded = self.spins.len();
        let row = variable * padded..(variable + 1) * padded;
        match self.rows {
            Rows::Sparse => {
                self.scan_block(variable / BLOCK);
                for (other, coupler) in self.ising.row(variable) {
                    self.fields[other] = self.fields[other].sub(coupler.signed(old).twice());
                    self.scan_block(other / BLOCK);
                }
            }
            Rows::Narrow(rows) => vectorized(|| self.pass(&rows[row], old, N::wide)),
            Rows::Wide(rows) => vectorized(|| self.pass(&rows[row], old, |entry| entry)),
        }
    }

    /// Updates all fields by one row, and looks at all blocks.
    #[inline(always)]
    fn pass<E: Copy>(&mut self, row: &[E], old: i8, wide: impl Fn(E) -> N) {
        if old > 0 {
            self.pass_by(row, |field, entry| field.sub(wide(entry).twice()));
        } else {
            self.pass_by(row, |field, entry| field.add(wide(entry).twice()));
        }
    }

    #[inline(always)]
    fn pass_by<E: Copy>(&mut self, row: &[E], change: impl Fn(N, E) -> N) {
        let rows = row.as_chunks::<BLOCK>().0.iter().zip(self.fields.as_chunks_mut::<BLOCK>().0);
        let states = self.spins.as_chunks::<BLOCK>().0.iter().zip(self.blocked.as_chunks::<BLOCK>().0);
        let ends = self.free.iter_mut().zip(&mut self.any);
        for (((row, fields), (spins, blocked)), (free, any)) in rows.zip(states).zip(ends) {
            for (field, entry) in fields.iter_mut().zip(row) {
                *field = change(*field, *entry);
            }
            (*free, *any) = best(fields, spins, blocked);
        }
    }
}

/// The best gain of a block: of the free variables, and of all.
#[inline(always)]
fn best<N: Value>(fields: &[N; BLOCK], spins: &[i8; BLOCK], blocked: &[i8; BLOCK]) -> (N, N) {
    let (mut free, mut any) = ([N::LEAST; LANES], [N::LEAST; LANES]);
    for start in (0..BLOCK).step_by(LANES) {
        for lane in 0..LANES {
            let gain = fields[start + lane].signed(spins[start + lane]);
            let key = if blocked[start + lane] == 0 { gain } else { N::LEAST };
            any[lane] = if gain > any[lane] { gain } else { any[lane] };
            free[lane] = if key > free[lane] { key } else { free[lane] };
        }
    }
    let most = |lanes: [N; LANES]| lanes.into_iter().fold(N::LEAST, |most, gain| if gain > most { gain } else { most });
    (most(free), most(any))
}
