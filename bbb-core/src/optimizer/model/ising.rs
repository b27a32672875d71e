//! The form that samplers calculate with: spins, rows of couplers, and integers wherever the model allows them.

use super::bqm::{Bqm, Vartype};

/// The largest sum of magnitudes around one spin with which integer samplers calculate.
const MAX_REACH: f64 = (i32::MAX / 8) as f64;
/// Coefficients are tried as multiples of `2^-MAX_HALVINGS`.
const MAX_HALVINGS: u32 = 24;

/// `E(s) = scale * (sum_i h_i s_i + sum_{i<j} J_ij s_i s_j) + offset` over spins.
#[derive(Debug, Clone)]
pub(crate) struct Ising<W> {
    /// `h`.
    pub(crate) fields: Vec<W>,
    /// Where the row of each spin starts, and where the last one ends.
    pub(crate) starts: Vec<u32>,
    pub(crate) neighbors: Vec<u32>,
    /// `J`, beside `neighbors`.
    pub(crate) couplers: Vec<W>,
    pub(crate) scale: f64,
}

/// A model in integers, where its coefficients are multiples of one number and small enough; in doubles otherwise.
#[derive(Debug, Clone)]
pub(crate) enum Compiled {
    Whole(Ising<i32>),
    Real(Ising<f64>),
}

impl<W: Copy> Ising<W> {
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    /// The couplers of a spin.
    pub(crate) fn row(&self, spin: usize) -> impl Iterator<Item = (usize, W)> {
        let row = self.starts[spin] as usize..self.starts[spin + 1] as usize;
        row.map(|at| (self.neighbors[at] as usize, self.couplers[at]))
    }
}

impl Ising<i32> {
    /// For each spin the most that its local field can be.
    pub(crate) fn reaches(&self) -> impl Iterator<Item = i32> {
        (0..self.len()).map(|spin| self.fields[spin].abs() + self.row(spin).map(|(_, coupler)| coupler.abs()).sum::<i32>())
    }

    /// The same model in 16-bit integers, where no local field leaves them.
    pub(crate) fn narrow(&self) -> Option<Ising<i16>> {
        let narrow = |values: &[i32]| values.iter().map(|value| i16::try_from(*value).ok()).collect::<Option<Vec<_>>>();
        if self.reaches().any(|reach| reach > i32::from(i16::MAX)) {
            return None;
        }
        let (fields, couplers) = (narrow(&self.fields)?, narrow(&self.couplers)?);
        Some(Ising { fields, starts: self.starts.clone(), neighbors: self.neighbors.clone(), couplers, scale: self.scale })
    }
}

impl Compiled {
    /// The model in the form for samplers. Couplers of bias 0 are left out.
    pub(crate) fn of(bqm: &Bqm) -> Compiled {
        let real = real(bqm);
        match whole(&real) {
            Some(whole) => Compiled::Whole(whole),
            None => Compiled::Real(real),
        }
    }
}

/// The state of the model that spins stand for.
pub(crate) fn to_state(bqm: &Bqm, spin: impl Fn(usize) -> i8) -> Vec<i8> {
    let of = |variable| match bqm.vartype {
        Vartype::Spin => spin(variable),
        Vartype::Binary => i8::midpoint(spin(variable), 1),
    };
    (0..bqm.num_variables()).map(of).collect()
}

/// The spins that a state of the model stands for.
pub(crate) fn to_spins(bqm: &Bqm, state: &[i8]) -> Vec<i8> {
    match bqm.vartype {
        Vartype::Spin => state.to_vec(),
        Vartype::Binary => state.iter().map(|value| 2 * value - 1).collect(),
    }
}

/// The model over spins, four times as large where it was binary, so that whole numbers stay whole.
pub(crate) fn real(bqm: &Bqm) -> Ising<f64> {
    let n = bqm.num_variables();
    let binary = bqm.vartype == Vartype::Binary;
    let (mut fields, mut starts, mut neighbors, mut couplers) = (Vec::with_capacity(n), vec![0], Vec::new(), Vec::new());
    for variable in 0..n {
        let mut around = 0.0;
        for (other, bias) in bqm.neighborhood(variable).filter(|(_, bias)| *bias != 0.0) {
            // Cannot be cut off: there are at most 2^24 variables and 2^28 entries.
            neighbors.push(u32::try_from(other).unwrap_or(u32::MAX));
            couplers.push(bias);
            around += bias;
        }
        fields.push(if binary { 2.0 * bqm.linear[variable] + around } else { bqm.linear[variable] });
        starts.push(u32::try_from(neighbors.len()).unwrap_or(u32::MAX));
    }
    Ising { fields, starts, neighbors, couplers, scale: if binary { 0.25 } else { 1.0 } }
}

/// The same model in integers without a common divisor, if there is one.
fn whole(real: &Ising<f64>) -> Option<Ising<i32>> {
    let all = || real.fields.iter().chain(&real.couplers);
    let halvings = (0..=MAX_HALVINGS).find(|halvings| {
        let unit = f64::from(1_u32 << halvings);
        all().all(|bias| (bias * unit).fract() == 0.0)
    })?;
    let unit = f64::from(1_u32 << halvings);
    let largest = (0..real.len()).map(|spin| real.fields[spin].abs() + real.row(spin).map(|(_, coupler)| coupler.abs()).sum::<f64>());
    if largest.fold(0.0, f64::max) * unit > 9.0e15 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers below 2^53")]
    let divisor = all().fold(0_u64, |divisor, bias| gcd(divisor, (bias.abs() * unit) as u64)).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a divisor of numbers below 2^53")]
    let factor = divisor as f64;
    let reach = (0..real.len()).map(|spin| real.fields[spin].abs() + real.row(spin).map(|(_, coupler)| coupler.abs()).sum::<f64>());
    if reach.fold(0.0, f64::max) * unit / factor > MAX_REACH {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers below MAX_REACH")]
    let convert = |bias: &f64| (bias * unit / factor) as i32;
    Some(Ising {
        fields: real.fields.iter().map(convert).collect(),
        starts: real.starts.clone(),
        neighbors: real.neighbors.clone(),
        couplers: real.couplers.iter().map(convert).collect(),
        scale: real.scale * factor / unit,
    })
}

fn gcd(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { gcd(other, one % other) }
}
