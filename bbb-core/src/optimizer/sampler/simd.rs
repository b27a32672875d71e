//! Compiling one source twice, with and without AVX2, and choosing when the program runs.
//!
//! This is the only unsafe code of the crate. What runs is the same source either way, integers and single operations on floating-point numbers without reordering, so that
//! results do not depend on the processor; a test compares both.

#![allow(unsafe_code, reason = "calling what is compiled for AVX2 after asking the processor for it")]

/// Runs `work`, compiled for AVX2 where the processor has it. What `work` calls must be `#[inline(always)]` to profit.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(test)]
    if tests::PLAIN.get() {
        return work();
    }
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2, and nothing else is asked of it.
        return unsafe { with_avx2(work) };
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::optimizer::sampler::tests::{all_samplers, kinds};
    use crate::optimizer::sampler::{Params, Run};

    std::thread_local! {
        /// Whether this thread takes the form without AVX2, as on a processor that has none.
        pub(super) static PLAIN: Cell<bool> = const { Cell::new(false) };
    }

    #[test]
    fn every_sampler_finds_the_same_with_and_without_avx2() {
        #[cfg(target_arch = "x86_64")]
        if !is_x86_feature_detected!("avx2") {
            println!("this processor has no AVX2: one form is compared with itself");
        }
        for sampler in all_samplers() {
            for (kind, bqm) in kinds() {
                // More than one part, and no more than it takes.
                let num_reads = if ["pt", "sqa"].contains(&sampler.name()) { 2 } else { 33 };
                let params = Params { num_reads, num_sweeps: Some(40), seed: 5, ..Params::default() };
                let found = |plain: bool| {
                    PLAIN.set(plain);
                    let found = sampler.sample(&bqm, &params, &Run::default()).expect("fine parameters");
                    PLAIN.set(false);
                    found
                };
                assert_eq!(found(true), found(false), "{} on {kind}", sampler.name());
            }
        }
    }
}
