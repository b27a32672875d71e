//! Compiling one source twice, with and without AVX2, and choosing when the program runs.
//!
//! This is the only unsafe code of the crate. What runs is the same source either way, integers and single operations on doubles without reordering, so that
//! results do not depend on the processor; a test compares both.

#![allow(unsafe_code, reason = "calling what is compiled for AVX2 after asking the processor for it")]

/// Runs `work`, compiled for AVX2 where the processor has it. What `work` calls must be `#[inline(always)]` to profit.
#[inline(always)]
pub(crate) fn vectorized<R>(work: impl FnOnce() -> R) -> R {
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
