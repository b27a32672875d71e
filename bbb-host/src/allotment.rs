//! The owner-wide cap: real money is allotted to businesses beforehand, and each spends only its own allotment.
//!
//! So no commit ever needs two journals: what all businesses together may spend was decided when each got its cap.
//!
//! The cap belongs to the data directory: the first allotment keeps the configuration's `owner.money_usd` in it, as `owner-cap.usd`. A configuration that says less
//! binds at once; one that says more does not, or each further file would be a further cap. The owner raises it with `bbb budget --owner-cap`.

use std::path::PathBuf;

use bbb_core::money::{Cents, ParseError};
use bbb_core::state::State;

use crate::charter::{read_text, write_private};
use crate::data_dir::DataDir;
use crate::fault::{Fault, Kind};

/// The longest file that keeps a cap.
const MAX_CAP_BYTES: usize = 64;

fn place(data: &DataDir) -> PathBuf {
    data.path().join("owner-cap.usd")
}

/// The cap that is kept in a data directory, where there is one.
///
/// # Errors
/// [`Kind::Corrupted`] where it is no amount.
pub fn kept(data: &DataDir) -> Result<Option<Cents>, Fault> {
    let path = place(data);
    let text = read_text(&path, MAX_CAP_BYTES).map_err(|fault| Fault::new(Kind::Corrupted, fault.message))?;
    let damaged =
        |error: ParseError| Fault::new(Kind::Corrupted, format!("{}: {error}; set it anew: bbb budget --owner-cap USD", path.display()));
    text.map(|text| Cents::parse_dollars(text.trim_end()).map_err(damaged)).transpose()
}

/// Keeps the cap of a data directory from now on.
///
/// # Errors
/// [`Fault`] where it cannot be written.
pub fn keep(data: &DataDir, cap: Cents) -> Result<(), Fault> {
    write_private(&place(data), &format!("{cap}\n"))
}

/// Checks that an allotment fits beside what the other businesses bind, under the cap of the data directory and that of the configuration. The first one that fits
/// makes the latter the former.
///
/// # Errors
/// [`Kind::Refused`] with what is left; as [`kept`] and [`keep`].
pub fn admit(data: &DataDir, configured: Cents, others: Cents, wanted: Cents) -> Result<(), Fault> {
    let kept = kept(data)?;
    check(kept.map_or(configured, |kept| kept.min(configured)), others, wanted).map_err(|fault| match kept {
        Some(kept) if kept < configured => {
            let hint = "this data directory keeps a lower cap than the configuration says; to raise it";
            Fault::new(fault.kind, format!("{}; {hint}: bbb budget --owner-cap {configured}", fault.message))
        }
        _ => fault,
    })?;
    if kept.is_none() && wanted > Cents::ZERO { keep(data, configured) } else { Ok(()) }
}

/// What of the owner's money a business binds: its cap, or, once it is over, what it has spent and what is still held for effects in doubt.
pub fn bound_by(state: &State) -> Cents {
    match state.status.is_over() {
        true => state.books.real.spent().cents().plus(state.books.real.held().cents()),
        false => state.books.caps.real_money.total,
    }
}

/// Checks that an allotment fits beside what the other businesses bind.
fn check(cap: Cents, others: Cents, wanted: Cents) -> Result<(), Fault> {
    let left = cap.minus(others);
    if wanted <= Cents::ZERO || wanted <= left {
        return Ok(());
    }
    let left = left.max(Cents::ZERO);
    Err(Fault::refused(format!(
        "{wanted} USD of real money are more than the {left} USD that are left to allot: the owner's cap (owner.money_usd) is {cap} USD, and the businesses of this data directory bind {others} USD"
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
        let place = tempfile::tempdir().expect("a directory");
        let data = DataDir::create(place.path()).expect("a data directory");
        let admitted = |configured, others, wanted| admit(&data, dollars(configured), dollars(others), dollars(wanted));
        assert!(admitted(300, 0, 301).is_err() && kept(&data) == Ok(None), "what is refused keeps no cap");
        assert!(admitted(100, 0, 60).is_ok() && kept(&data) == Ok(Some(dollars(100))));
        let refused = admitted(500, 60, 60).expect_err("another configuration is no other cap");
        assert!(refused.kind == Kind::Refused && refused.message.ends_with("bbb budget --owner-cap 500.00"), "{refused}");
        assert!(admitted(80, 60, 21).is_err() && admitted(80, 60, 20).is_ok(), "a lower one binds");
        assert_eq!(kept(&data), Ok(Some(dollars(100))));
        keep(&data, dollars(500)).expect("written");
        assert!(admitted(500, 60, 440).is_ok() && admitted(500, 60, 441).is_err() && admitted(200, 60, 141).is_err());
        std::fs::write(place.path().join("owner-cap.usd"), "lots").expect("a test's own file");
        assert_eq!(admitted(500, 0, 1).expect_err("damaged").kind, Kind::Corrupted);
        let refused = check(dollars(100), dollars(70), dollars(31)).expect_err("too much");
        assert!(refused.to_string().contains("30.00 USD that are left"), "{refused}");
    }
}
