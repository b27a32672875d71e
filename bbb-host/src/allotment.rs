//! The owner-wide cap: real money is allotted to businesses beforehand, and each spends only its own allotment.
//!
//! So no commit ever needs two journals: what all businesses together may spend was decided when each got its cap.

use bbb_core::money::Cents;
use bbb_core::state::State;

use crate::fault::Fault;

/// What of the owner's money a business binds: its cap, or, once it is over, what it has spent and what is still held for effects in doubt.
pub fn bound_by(state: &State) -> Cents {
    match state.status.is_over() {
        true => state.books.real.spent().cents().plus(state.books.real.held().cents()),
        false => state.books.caps.real_money.total,
    }
}

/// Checks that an allotment fits beside what the other businesses bind.
///
/// # Errors
/// [`crate::fault::Kind::Refused`] with what is left.
pub fn check(cap: Cents, others: Cents, wanted: Cents) -> Result<(), Fault> {
    let left = cap.minus(others);
    if wanted <= Cents::ZERO || wanted <= left {
        return Ok(());
    }
    let left = left.max(Cents::ZERO);
    Err(Fault::refused(format!(
        "{wanted} USD of real money are more than the {left} USD that are left to allot: owner.money_usd is {cap} USD, and the businesses of this data directory bind {others} USD"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allotments_together_stay_within_the_owners_cap() {
        let dollars = Cents::from_dollars;
        let fits = |others, wanted| check(dollars(100), dollars(others), dollars(wanted)).is_ok();
        assert!(fits(0, 100) && fits(75, 25) && fits(100, 0) && fits(120, 0));
        assert!(!fits(0, 101) && !fits(75, 26) && !fits(120, 1));
        let refused = check(dollars(100), dollars(70), dollars(31)).expect_err("too much");
        assert!(refused.to_string().contains("30.00 USD that are left"), "{refused}");
    }
}
