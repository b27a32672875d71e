//! Whether a matrix can be one of covariances: symmetric and positive semidefinite.

/// How far from symmetric, and below zero, rounding may bring a matrix, as a share of its largest entry and for each row.
const ROUNDING: f64 = 1e-10;

/// Checks a matrix of `n` rows of finite numbers.
///
/// # Errors
/// The rule that it breaks, for people.
pub(super) fn check(n: usize, matrix: &[f64]) -> Result<(), String> {
    let largest = matrix.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for one in 0..n {
        for other in 0..one {
            let (below, above) = (matrix[one * n + other], matrix[other * n + one]);
            if (below - above).abs() > ROUNDING * largest {
                return Err(format!("must be symmetric: [{other}][{one}] is {above} and [{one}][{other}] is {below}"));
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let tolerance = ROUNDING * largest * n as f64;
    definite(n, matrix, tolerance)
}

/// By the least eigenvalue.
#[cfg(feature = "optimizer-psd")]
fn definite(n: usize, matrix: &[f64], tolerance: f64) -> Result<(), String> {
    if n == 0 {
        return Ok(());
    }
    // The mean of both halves; nalgebra reads one of them.
    let symmetric = nalgebra::DMatrix::from_fn(n, n, |one, other| (matrix[one * n + other] + matrix[other * n + one]) / 2.0);
    let least = symmetric.symmetric_eigenvalues().min();
    if least >= -tolerance {
        return Ok(());
    }
    Err(format!("must be positive semidefinite, or some choice has a negative variance: its least eigenvalue is {least:.6e}"))
}

#[cfg(not(feature = "optimizer-psd"))]
fn definite(n: usize, matrix: &[f64], tolerance: f64) -> Result<(), String> {
    if factorises(n, matrix, tolerance) {
        return Ok(());
    }
    Err("must be positive semidefinite, or some choice has a negative variance".to_owned())
}

/// By a factorisation `L D L'` with symmetric pivoting (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 10.3): the largest number of the diagonal is the next
/// pivot. Where none is left above the tolerance, what remains of a positive semidefinite matrix is zero.
#[cfg(any(test, not(feature = "optimizer-psd")))]
fn factorises(n: usize, matrix: &[f64], tolerance: f64) -> bool {
    let mut left: Vec<f64> = (0..n * n).map(|at| (matrix[at] + matrix[at % n * n + at / n]) / 2.0).collect();
    let mut rows: Vec<usize> = (0..n).collect();
    while let Some(at) = (0..rows.len()).max_by(|one, other| left[rows[*one] * (n + 1)].total_cmp(&left[rows[*other] * (n + 1)])) {
        let pivot = rows[at];
        let most = left[pivot * (n + 1)];
        if most <= tolerance {
            return rows.iter().all(|one| rows.iter().all(|other| left[one * n + other].abs() <= tolerance));
        }
        rows.swap_remove(at);
        for one in &rows {
            let factor = left[one * n + pivot] / most;
            for other in &rows {
                left[one * n + other] -= factor * left[pivot * n + other];
            }
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::random::Random;

    fn draw(random: &mut Random) -> f64 {
        f64::from(u32::try_from(random.below(2001)).expect("small")) / 1000.0 - 1.0
    }

    #[test]
    fn products_with_their_transpose_pass_and_lowered_diagonals_do_not() {
        let mut refused = 0;
        for seed in 0..60 {
            let mut random = Random::new(seed, 3);
            let (n, rank) = (1 + random.below(8), 1 + random.below(8));
            let factor: Vec<f64> = (0..n * rank).map(|_| draw(&mut random)).collect();
            let dot = |one: usize, other: usize| (0..rank).map(|at| factor[one * rank + at] * factor[other * rank + at]).sum::<f64>();
            let matrix: Vec<f64> = (0..n * n).map(|at| dot(at / n, at % n)).collect();
            assert_eq!(check(n, &matrix), Ok(()), "seed {seed}");
            assert!(factorises(n, &matrix, 1e-9), "seed {seed}");
            // The variance of a vector orthogonal to all columns is 0; where there is one, any less is negative.
            let mut lower = matrix.clone();
            (0..n).for_each(|at| lower[at * (n + 1)] -= 0.01);
            if rank < n {
                refused += 1;
                assert!(check(n, &lower).is_err(), "seed {seed}");
            }
            assert_eq!(check(n, &lower).is_ok(), factorises(n, &lower, 1e-9), "seed {seed}");
        }
        assert!(refused > 15, "{refused}");
    }

    #[test]
    fn what_is_no_covariance_is_refused() {
        assert!(check(2, &[1.0, 0.5, 0.4, 1.0]).is_err_and(|rule| rule.contains("symmetric: [0][1] is 0.5 and [1][0] is 0.4")));
        assert!(check(2, &[1.0, 2.0, 2.0, 1.0]).is_err_and(|rule| rule.contains("positive semidefinite")));
        assert!(check(2, &[0.0, 1.0, 1.0, 0.0]).is_err());
        assert_eq!(check(0, &[]), Ok(()));
        assert_eq!(check(2, &[0.0; 4]), Ok(()));
    }
}
