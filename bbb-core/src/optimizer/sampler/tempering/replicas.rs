//! The replicas of a ladder: side by side in lanes, or one by one.

use crate::optimizer::model::ising::Ising;
use crate::optimizer::random::Random;
use crate::optimizer::sampler::lanes::{LANES, Lanes, Width};
use crate::optimizer::sampler::single::{self, Number, Rows, Single};

/// States that are swept together, each at an inverse temperature of its own. Energies are in the units of the compiled model.
pub(super) trait Replicas {
    /// Whether a sweep of all costs little more than a sweep of one.
    const SIDE_BY_SIDE: bool;
    /// Sweeps between two exchanges.
    const SWEEPS_PER_ROUND: u64;
    /// Rounds between two looks at what local minima there are.
    const ROUNDS_PER_QUENCH: u64;
    /// Sweeps on the way from high temperatures to their own.
    const WARM_SWEEPS: u64;

    fn count(&self) -> usize;
    /// Puts all of them in this state.
    fn set(&mut self, spins: &[i8]);
    fn set_betas(&mut self, betas: &[f64]);
    fn sweep(&mut self);
    fn energies(&self) -> Vec<f64>;
    fn spin(&self, replica: usize, spin: usize) -> i8;
    fn flip(&mut self, replica: usize, spin: usize);
    /// The best of the local minima that they are taken down to, while they stay where they are.
    fn quenched(&mut self) -> (f64, Vec<i8>);
    /// Visits of spins, in all replicas together.
    fn updates(&self) -> u64;
}

impl<T: Width> Replicas for Lanes<'_, T> {
    const SIDE_BY_SIDE: bool = true;
    const SWEEPS_PER_ROUND: u64 = 8;
    const ROUNDS_PER_QUENCH: u64 = 20;
    const WARM_SWEEPS: u64 = 256;

    fn count(&self) -> usize {
        LANES
    }

    fn set(&mut self, spins: &[i8]) {
        (0..LANES).for_each(|lane| Lanes::set(self, lane, spins));
        self.refresh();
    }

    fn set_betas(&mut self, betas: &[f64]) {
        if let Some(betas) = betas.first_chunk() {
            Lanes::set_betas(self, betas);
        }
    }

    fn sweep(&mut self) {
        Lanes::sweep(self);
    }

    fn energies(&self) -> Vec<f64> {
        // Exact: a whole number far below 2^53.
        #[expect(clippy::cast_precision_loss, reason = "energies of integer models are far below 2^53")]
        let half = |twice: &i64| *twice as f64 / 2.0;
        Lanes::energies(self).iter().map(half).collect()
    }

    fn spin(&self, replica: usize, spin: usize) -> i8 {
        Lanes::spin(self, replica, spin)
    }

    fn flip(&mut self, replica: usize, spin: usize) {
        Lanes::flip(self, replica, spin);
    }

    fn quenched(&mut self) -> (f64, Vec<i8>) {
        let mut copy = self.clone();
        copy.descend();
        self.updates = copy.updates;
        let energies = Replicas::energies(&copy);
        let best = (0..LANES).min_by(|one, other| energies[*one].total_cmp(&energies[*other])).unwrap_or(0);
        (energies[best], copy.state(best))
    }

    fn updates(&self) -> u64 {
        self.updates
    }
}

/// How many replicas there are one by one.
const SINGLES: u64 = 16;

/// Replicas one by one.
pub(super) struct Singles<'a, N: Number>(Vec<Single<'a, N>>);

impl<'a, N: Number> Singles<'a, N> {
    /// Replicas in random states.
    pub(super) fn new(ising: &'a Ising<N>, rows: &'a Rows<'a, N>, mut random: Random) -> Self {
        Singles((0..SINGLES).map(|replica| Single::new(ising, rows, Random::new(random.next(), replica))).collect())
    }
}

impl<N: Number> Replicas for Singles<'_, N> {
    const SIDE_BY_SIDE: bool = false;
    const SWEEPS_PER_ROUND: u64 = 2;
    const ROUNDS_PER_QUENCH: u64 = 10;
    const WARM_SWEEPS: u64 = 64;

    fn count(&self) -> usize {
        self.0.len()
    }

    fn set(&mut self, spins: &[i8]) {
        self.0.iter_mut().for_each(|single| single.set(spins));
    }

    fn set_betas(&mut self, betas: &[f64]) {
        self.0.iter_mut().zip(betas).for_each(|(single, beta)| single.set_beta(*beta));
    }

    fn sweep(&mut self) {
        single::sweep_all(&mut self.0);
    }

    fn energies(&self) -> Vec<f64> {
        self.0.iter().map(Single::energy).collect()
    }

    fn spin(&self, replica: usize, spin: usize) -> i8 {
        self.0[replica].spins[spin]
    }

    fn flip(&mut self, replica: usize, spin: usize) {
        self.0[replica].flip(spin);
    }

    fn quenched(&mut self) -> (f64, Vec<i8>) {
        let mut best = (f64::INFINITY, Vec::new());
        for single in &self.0 {
            let mut copy = single.clone();
            copy.descend();
            let energy = copy.energy();
            if best.1.is_empty() || energy < best.0 {
                best = (energy, copy.spins);
            }
        }
        best
    }

    fn updates(&self) -> u64 {
        self.0.iter().map(|single| single.updates).sum()
    }
}
