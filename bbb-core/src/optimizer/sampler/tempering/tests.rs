use super::clusters::Clusters;
use super::replicas::{Replicas, Singles};
use super::*;
use crate::optimizer::model::tests::random_model;
use crate::optimizer::model::{Bqm, Vartype};
use crate::optimizer::sampler::exact::Exact;
use crate::optimizer::sampler::tests::least;

/// A lattice of two dimensions with both ends of each line joined.
fn torus(side: usize) -> Bqm {
    let mut random = Random::new(3, 0);
    let mut edges = Vec::new();
    for row in 0..side {
        for column in 0..side {
            let here = row * side + column;
            for other in [row * side + (column + 1) % side, (row + 1) % side * side + column] {
                edges.push((here, other, f64::from(random.spin())));
            }
        }
    }
    Bqm::from_ising(&[], edges, 0.0).expect("finite")
}

fn whole(bqm: &Bqm) -> Ising<i32> {
    match Compiled::of(bqm) {
        Compiled::Whole(ising) => ising,
        Compiled::Real(_) => panic!("the model should be whole"),
    }
}

fn spins(replicas: &impl Replicas, replica: usize, spins: usize) -> Vec<i8> {
    (0..spins).map(|spin| replicas.spin(replica, spin)).collect()
}

fn energy(ising: &Ising<i32>, spins: &[i8]) -> f64 {
    let of = |spin: usize| {
        let around: i32 = ising.row(spin).map(|(other, coupler)| coupler * i32::from(spins[other])).sum();
        f64::from(i32::from(spins[spin]) * (around + 2 * ising.fields[spin])) / 2.0
    };
    (0..spins.len()).map(of).sum()
}

/// Sweeps, flips and quenches; energies must be those of the states throughout.
fn keeps_its_books<R: Replicas>(ising: &Ising<i32>, mut replicas: R) {
    let betas: Vec<f64> = (0..replicas.count()).map(|replica| 0.05 * (replica + 1) as f64).collect();
    let mut random = Random::new(1, 0);
    for _ in 0..5 {
        replicas.set_betas(&betas);
        replicas.sweep();
        for _ in 0..10 {
            replicas.flip(random.below(betas.len()), random.below(ising.len()));
        }
        let want: Vec<f64> = (0..betas.len()).map(|replica| energy(ising, &spins(&replicas, replica, ising.len()))).collect();
        assert_eq!(replicas.energies(), want);
        let (least, state) = replicas.quenched();
        assert_eq!(energy(ising, &state), least);
        assert!(want.iter().all(|energy| *energy >= least));
        assert_eq!(replicas.energies(), want, "replicas stay where they are");
    }
}

#[test]
fn energies_are_those_of_the_states() {
    let model = random_model(30, Vartype::Spin, 5);
    let (ising, ring) = (whole(&model), whole(&torus(6)));
    keeps_its_books(&ising, Lanes::<i16>::new(&ising, Random::new(1, 0)));
    keeps_its_books(&ring, Lanes::<i8>::new(&ring, Random::new(1, 0)));
    keeps_its_books(&ising, Singles::new(&ising, &Rows::of(&ising), Random::new(1, 0)));
}

#[test]
fn sixteen_bits_do_what_thirty_two_do() {
    // Dense rows; then couplers of which the double leaves 16 bits.
    let ring = (0..39).map(|at| (at, (at + 1) % 39, if at % 3 == 0 { 20_000.0 } else { -12_001.0 }));
    for (bqm, dense) in [(random_model(90, Vartype::Spin, 4), true), (Bqm::from_ising(&[], ring, 0.0).expect("finite"), false)] {
        let wide = whole(&bqm);
        let narrow = wide.narrow().expect("small enough");
        let (wide_rows, narrow_rows) = (Rows::of(&wide), Rows::of(&narrow));
        assert_eq!(matches!(narrow_rows, Rows::Dense(_)), dense);
        let mut one = Singles::new(&wide, &wide_rows, Random::new(1, 0));
        let mut other = Singles::new(&narrow, &narrow_rows, Random::new(1, 0));
        let typical = Scale::of(&wide).expect("coefficients").typical;
        let betas: Vec<f64> = (1..=one.count()).map(|replica| 0.3 * replica as f64 / typical).collect();
        for _ in 0..40 {
            one.set_betas(&betas);
            other.set_betas(&betas);
            one.sweep();
            other.sweep();
            assert_eq!(one.energies(), other.energies());
        }
        assert_eq!(one.quenched(), other.quenched());
    }
    let large = Bqm::from_ising(&[1.0], [(0, 1, 32_767.0)], 0.0).expect("finite");
    assert!(whole(&large).narrow().is_none());
}

/// How far the states seen at each temperature are from Boltzmann's distribution, as the largest difference of a mean energy.
fn distance<R: Replicas>(ising: &Ising<i32>, replicas: R, mut clusters: Option<Clusters>) -> f64 {
    let copies = if clusters.is_some() { 2 } else { 1 };
    let mut ladder = Ladder::new((0.05, 0.6), replicas.count(), copies);
    let (mut replicas, mut random) = (replicas, Random::new(2, 0));
    let mut sums = vec![0.0; ladder.betas.len()];
    let rounds = 6_000;
    for round in 0..rounds {
        replicas.set_betas(&ladder.heat(1.0));
        replicas.sweep();
        let energies = replicas.energies();
        ladder.exchange(&energies, round, &mut random);
        if let Some(clusters) = &mut clusters {
            clusters.turn(ising, &mut replicas, &ladder.replicas, &mut random);
        }
        let energies = replicas.energies();
        for (place, replica) in ladder.replicas.iter().enumerate() {
            sums[place / copies] += energies[*replica] / (rounds as f64 * copies as f64);
        }
    }
    let mean = |beta: f64| {
        let (mut weights, mut sum) = (0.0, 0.0);
        for bits in 0..1_u32 << ising.len() {
            let spins: Vec<i8> = (0..ising.len()).map(|spin| if bits >> spin & 1 == 1 { 1 } else { -1 }).collect();
            let energy = energy(ising, &spins);
            let weight = (-beta * energy).exp();
            (weights, sum) = (weights + weight, sum + weight * energy);
        }
        sum / weights
    };
    ladder.betas.iter().zip(&sums).map(|(beta, seen)| (seen - mean(*beta)).abs()).fold(0.0, f64::max)
}

#[test]
fn every_temperature_keeps_its_balance() {
    // Energies lie between -12 and 12.
    let ising = whole(&torus(3));
    let lanes = || Lanes::<i8>::new(&ising, Random::new(1, 0));
    let clusters = Clusters { met: vec![0; ising.len()], search: 0, members: Vec::new() };
    let rows = Rows::of(&ising);
    for (name, distance) in [
        ("lanes", distance(&ising, lanes(), None)),
        ("lanes with clusters", distance(&ising, lanes(), Some(clusters))),
        ("singles", distance(&ising, Singles::new(&ising, &rows, Random::new(1, 0)), None)),
    ] {
        assert!(distance < 0.2, "{name}: {distance}");
    }
}

#[test]
fn clusters_are_moved_where_they_are_small_and_leave_the_sum_of_energies() {
    let bqm = torus(20);
    let ising = whole(&bqm);
    let mut clusters = Clusters::of(&ising).expect("a lattice of two dimensions");
    let dense = whole(&random_model(60, Vartype::Spin, 1));
    assert!(Clusters::of(&dense).is_none());
    let mut lanes = Lanes::<i8>::new(&ising, Random::new(1, 0));
    let ladder: Vec<usize> = (0..32).collect();
    let before = Replicas::energies(&lanes);
    clusters.turn(&ising, &mut lanes, &ladder, &mut Random::new(4, 0));
    let after = Replicas::energies(&lanes);
    assert_ne!(before, after);
    for (before, after) in before.chunks(2).zip(after.chunks(2)) {
        assert_eq!(before.iter().sum::<f64>(), after.iter().sum::<f64>());
    }
}

#[test]
fn a_read_ends_no_worse_than_it_began_and_tells_what_it_found() {
    let bqm = torus(4);
    let best = least(&bqm);
    let told = std::sync::Mutex::new(Vec::new());
    struct Listener<'a>(&'a std::sync::Mutex<Vec<f64>>);
    impl super::super::Stop for Listener<'_> {
        fn should_stop(&self, _: Progress) -> bool {
            false
        }
        fn improved(&self, energy: f64, _: &[i8]) {
            self.0.lock().expect("one thread").push(energy);
        }
    }
    let params = Params { num_reads: 1, num_sweeps: Some(500), ..Params::default() };
    let run = Run { stop: &Listener(&told), ..Run::default() };
    let found = ParallelTempering::default().sample(&bqm, &params, &run).expect("fine parameters");
    let first = found.first().expect("a row");
    assert_eq!((first.energy, told.into_inner().expect("one thread").last().copied()), (best, Some(best)));
    // One sweep in the heat would lose it.
    let params = Params { num_sweeps: Some(1), beta_range: Some((0.0, 0.0)), initial_states: vec![first.state.clone()], ..params };
    let again = ParallelTempering::default().sample(&bqm, &params, &Run::default()).expect("fine parameters");
    assert_eq!(again.first().map(|row| row.energy), Some(best));
}

#[test]
fn few_reads_find_the_optimum_of_models_of_up_to_twenty_variables() {
    for (variables, seed) in [(12, 1), (14, 2), (16, 3), (18, 4), (20, 5)] {
        let whole = random_model(variables, Vartype::Binary, seed);
        // Enumeration of more takes too long without optimisation.
        let best = if variables <= 16 {
            least(&whole)
        } else {
            let proved = Exact::default().sample(&whole, &Params::default(), &Run::default()).expect("within the nodes");
            assert!(proved.effort.optimal);
            proved.first().expect("a row").energy
        };
        // Side by side, then one by one.
        for (factor, kind) in [(1.0, "lanes"), (std::f64::consts::E, "singles")] {
            let bqm = whole.scale(factor).expect("finite");
            let params = Params { num_reads: 2, seed, ..Params::default() };
            let found = ParallelTempering::default().sample(&bqm, &params, &Run::default()).expect("fine parameters");
            let first = found.first().expect("a row").energy;
            assert!((first - factor * best).abs() < 1e-9 * best.abs().max(1.0), "{kind}, {variables} variables: {first}");
        }
    }
}

#[test]
fn a_read_that_is_stopped_ends_there_and_counts_what_it_did() {
    struct After(std::sync::atomic::AtomicU64, u64);
    impl super::super::Stop for After {
        fn should_stop(&self, _: Progress) -> bool {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 >= self.1
        }
    }
    let ring = torus(6);
    for (bqm, replicas) in [(ring.clone(), 32), (ring.scale(std::f64::consts::E).expect("finite"), 16)] {
        for (until_stopped, num_sweeps) in [(false, Some(1000)), (true, None)] {
            let stop = After(std::sync::atomic::AtomicU64::new(0), 13);
            let params = Params { num_reads: 3, until_stopped, num_sweeps, ..Params::default() };
            let found =
                ParallelTempering::default().sample(&bqm, &params, &Run { stop: &stop, ..Run::default() }).expect("fine parameters");
            let effort = &found.effort;
            assert_eq!((effort.interrupted, effort.reads, effort.sweeps), (true, 1, 13 * replicas));
            // Lanes count the visits of their last descent too.
            assert!(effort.updates >= 13 * replicas * 36, "{}", effort.updates);
            let first = found.first().expect("what was found until then");
            assert_eq!(bqm.energy(&first.state), Ok(first.energy));
        }
    }
}
