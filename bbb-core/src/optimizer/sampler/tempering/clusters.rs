//! Cluster moves: two replicas of one temperature exchange a connected set of spins in which they differ. The sum of their energies stays as it is, so that both
//! temperatures stay in balance, and both replicas are taken to valleys that single changes would take for ever to reach.
//!
//! They are of use where such sets are small parts of the model, as on lattices of two dimensions; elsewhere nearly all spins that differ are connected, and an
//! exchange of them only exchanges the replicas' names.

use super::replicas::Replicas;
use crate::optimizer::model::ising::Ising;
use crate::optimizer::random::Random;

/// Moves of one round.
const MOVES: usize = 8;
/// How often a spin is looked for in which two replicas differ.
const TRIES: usize = 64;
/// The largest share of half of all spins, drawn at random, that may be connected.
const MAX_CONNECTED: f64 = 0.5;

/// What a search of clusters needs.
#[derive(Clone)]
pub(super) struct Clusters {
    /// The last search in which a spin was met.
    pub(super) met: Vec<u64>,
    pub(super) search: u64,
    pub(super) members: Vec<usize>,
}

impl Clusters {
    /// Nothing for models where two replicas that differ in half of their spins, as in the heat, differ in one connected set.
    pub(super) fn of<N: Copy>(ising: &Ising<N>) -> Option<Clusters> {
        if ising.len() < 2 {
            return None;
        }
        let mut random = Random::new(0, 0xc105);
        let drawn: Vec<bool> = (0..ising.len()).map(|_| random.spin() > 0).collect();
        let mut clusters = Clusters { met: vec![0; ising.len()], search: 0, members: Vec::new() };
        let mut largest = 0;
        clusters.search = 1;
        for first in 0..ising.len() {
            if drawn[first] && clusters.met[first] == 0 {
                clusters.connected(ising, first, |spin| drawn[spin]);
                largest = largest.max(clusters.members.len());
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let share = largest as f64 / drawn.iter().filter(|drawn| **drawn).count().max(1) as f64;
        (share <= MAX_CONNECTED).then_some(clusters)
    }

    /// Makes the spins that are connected with this one by spins of the kind the members.
    fn connected<N: Copy>(&mut self, ising: &Ising<N>, first: usize, is_of_kind: impl Fn(usize) -> bool) {
        self.members.clear();
        self.members.push(first);
        self.met[first] = self.search;
        let mut at = 0;
        while at < self.members.len() {
            for (other, _) in ising.row(self.members[at]) {
                if self.met[other] != self.search && is_of_kind(other) {
                    self.met[other] = self.search;
                    self.members.push(other);
                }
            }
            at += 1;
        }
    }

    /// Makes the moves of one round, each at a random temperature. `ladder` names the replicas, two of each temperature side by side.
    pub(super) fn turn<N: Copy>(&mut self, ising: &Ising<N>, replicas: &mut impl Replicas, ladder: &[usize], random: &mut Random) {
        for _ in 0..MOVES {
            let Some([one, other]) = ladder.as_chunks().0.get(random.below(ladder.len() / 2)) else { return };
            let first =
                (0..TRIES).map(|_| random.below(ising.len())).find(|spin| replicas.spin(*one, *spin) != replicas.spin(*other, *spin));
            let Some(first) = first else { continue };
            self.search += 1;
            self.connected(ising, first, |spin| replicas.spin(*one, spin) != replicas.spin(*other, spin));
            for spin in &self.members {
                replicas.flip(*one, *spin);
                replicas.flip(*other, *spin);
            }
        }
    }
}
