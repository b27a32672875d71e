//! Models in which all couplers and fields can be satisfied at once: balanced signed graphs (Harary, "On the notion of balance of a signed graph", Michigan
//! Mathematical Journal 2, 1953). A search along the signs finds such a state or a cycle that contradicts itself.

use super::ising::Ising;

/// Spins that satisfy every coupler and every field, if there are any; they are optimal.
pub(crate) fn balanced(ising: &Ising<f64>) -> Option<Vec<i8>> {
    let mut spins = vec![0_i8; ising.len()];
    let mut stack = Vec::new();
    // A field is a coupler to a spin that is always up.
    for (spin, field) in ising.fields.iter().enumerate().filter(|(_, field)| **field != 0.0) {
        spins[spin] = against(*field);
        stack.push(spin);
    }
    for first in 0..ising.len() {
        loop {
            while let Some(spin) = stack.pop() {
                for (other, coupler) in ising.row(spin) {
                    let wanted = against(coupler) * spins[spin];
                    if spins[other] == 0 {
                        spins[other] = wanted;
                        stack.push(other);
                    } else if spins[other] != wanted {
                        return None;
                    }
                }
            }
            if spins[first] != 0 {
                break;
            }
            spins[first] = 1;
            stack.push(first);
        }
    }
    Some(spins)
}

/// The spin that lowers the energy of this field.
fn against(field: f64) -> i8 {
    if field > 0.0 { -1 } else { 1 }
}
