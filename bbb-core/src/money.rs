//! Money in integer minor units, with real and simulated money as different types.
//!
//! [`Cents`] is a plain figure (a price on a price list, a limit, an estimate). [`Money`] is money that moved or will move, and its
//! type parameter says whether that happened in the world or in the simulator: the two cannot be added. [`Amount`] is the
//! sum type for places that must hold either, such as a journal; its arithmetic is fallible for that reason.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

/// A figure in US cents: prices, limits and estimates. May be negative (a loss).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(i64);

impl Cents {
    /// No money.
    pub const ZERO: Cents = Cents(0);

    /// A figure of `cents` US cents.
    pub const fn new(cents: i64) -> Self {
        Cents(cents)
    }

    /// A figure of `dollars` whole US dollars, saturating at the type's bounds.
    pub const fn from_dollars(dollars: i64) -> Self {
        Cents(dollars.saturating_mul(100))
    }

    /// The number of cents.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, saturating at the type's bounds (92 quadrillion dollars).
    #[must_use]
    pub const fn plus(self, other: Cents) -> Cents {
        Cents(self.0.saturating_add(other.0))
    }

    /// The difference, saturating at the type's bounds.
    #[must_use]
    pub const fn minus(self, other: Cents) -> Cents {
        Cents(self.0.saturating_sub(other.0))
    }

    /// This figure times `count`, saturating.
    #[must_use]
    pub const fn times(self, count: i64) -> Cents {
        Cents(self.0.saturating_mul(count))
    }

    /// `percent` hundredths of this figure, rounded toward zero.
    #[must_use]
    pub const fn percent(self, percent: i64) -> Cents {
        Cents(self.0.saturating_mul(percent) / 100)
    }

    /// Parses an amount of US dollars: `12`, `12.5` or `12.50`, with at most two decimals and no sign.
    ///
    /// # Errors
    /// [`ParseError`] names the text and the rule it breaks.
    ///
    /// ```
    /// # use bbb_core::money::Cents;
    /// assert_eq!(Cents::parse_dollars("1200.50").unwrap(), Cents::new(120_050));
    /// assert!(Cents::parse_dollars("-3").is_err());
    /// ```
    pub fn parse_dollars(text: &str) -> Result<Cents, ParseError> {
        let refuse = |rule| ParseError { text: text.chars().take(40).collect(), rule };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse("an amount is digits, optionally with a point and one or two decimals, and has no sign"));
        }
        if fraction.len() > 2 || !fraction.bytes().all(|b| b.is_ascii_digit()) || text.ends_with('.') {
            return Err(refuse("an amount has at most two decimals after its point"));
        }
        let dollars: i64 = whole.parse().map_err(|_| refuse("an amount is below 90 quadrillion dollars"))?;
        let cents: i64 = format!("{fraction:0<2}").parse().unwrap_or(0);
        let total = dollars.checked_mul(100).and_then(|c| c.checked_add(cents));
        total.map(Cents).ok_or_else(|| refuse("an amount is below 90 quadrillion dollars"))
    }
}

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        f.pad(&format!("{sign}{}.{:02}", cents / 100, cents % 100))
    }
}

/// An amount as people write it: `$1,234.50`, or `-$0.05`.
///
/// ```
/// # use bbb_core::money::{Cents, dollars};
/// assert_eq!(dollars(Cents::new(123_450)), "$1,234.50");
/// ```
pub fn dollars(cents: Cents) -> String {
    let (sign, size) = (if cents.0 < 0 { "-" } else { "" }, cents.0.unsigned_abs());
    format!("{sign}${}.{:02}", grouped(size / 100), size % 100)
}

/// A whole number with a comma between thousands: `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An amount of money that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an amount: {rule}")]
pub struct ParseError {
    text: String,
    rule: &'static str,
}

/// A currency, by its ISO 4217 code. Every business keeps its books in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Currency {
    /// United States dollar, two decimals.
    #[default]
    #[serde(rename = "USD")]
    Usd,
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("USD")
    }
}

/// Whether money exists. Implemented by [`Real`] and [`Simulated`] only.
pub trait Kind: sealed::Sealed + Copy + fmt::Debug + Default {
    /// True for money that exists only in the simulator.
    const SIMULATED: bool;
}

/// Marks money that moved in the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Real;

/// Marks money that exists only in the simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Simulated;

impl Kind for Real {
    const SIMULATED: bool = false;
}

impl Kind for Simulated {
    const SIMULATED: bool = true;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Real {}
    impl Sealed for super::Simulated {}
}

/// Money of one kind, in minor units of `currency`.
///
/// Real and simulated money do not mix:
///
/// ```compile_fail,E0308
/// # use bbb_core::money::{Cents, Currency, Money, Real, Simulated};
/// let earned = Money::<Real>::new(Cents::new(100), Currency::Usd);
/// let dreamt = Money::<Simulated>::new(Cents::new(100), Currency::Usd);
/// earned.plus(dreamt);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Money<K: Kind> {
    minor: Cents,
    currency: Currency,
    #[serde(skip)]
    kind: PhantomData<K>,
}

impl<K: Kind> Money<K> {
    /// `minor` units of `currency`.
    pub const fn new(minor: Cents, currency: Currency) -> Self {
        Money { minor, currency, kind: PhantomData }
    }

    /// The figure, without its kind.
    pub const fn cents(self) -> Cents {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum with money of the same kind.
    #[must_use]
    pub const fn plus(self, other: Money<K>) -> Self {
        Money::new(self.minor.plus(other.minor), self.currency)
    }
}

impl<K: Kind> fmt::Display for Money<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = if K::SIMULATED { " simulated" } else { "" };
        write!(f, "{} {}{label}", self.minor, self.currency)
    }
}

/// Money of either kind: what an action costs, what a receipt proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amount {
    /// Money that moves in the world.
    Real(Money<Real>),
    /// Money of the simulator.
    Simulated(Money<Simulated>),
}

impl Amount {
    /// Real US dollars.
    pub const fn real(cents: Cents) -> Self {
        Amount::Real(Money::new(cents, Currency::Usd))
    }

    /// Simulated US dollars.
    pub const fn simulated(cents: Cents) -> Self {
        Amount::Simulated(Money::new(cents, Currency::Usd))
    }

    /// The figure, without its kind: for display and for limits of a book whose kind is known.
    pub const fn cents(self) -> Cents {
        match self {
            Amount::Real(money) => money.cents(),
            Amount::Simulated(money) => money.cents(),
        }
    }

    /// Whether this money exists only in the simulator.
    pub const fn is_simulated(self) -> bool {
        matches!(self, Amount::Simulated(_))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Real(money) => money.fmt(f),
            Amount::Simulated(money) => money.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_exactly_or_refused_with_the_rule() {
        let check = |text: &str, want: Option<i64>| {
            assert_eq!(Cents::parse_dollars(text).ok().map(Cents::get), want, "{text}");
        };
        check("0", Some(0));
        check("12", Some(1200));
        check("12.5", Some(1250));
        check("12.05", Some(1205));
        check("12.", None);
        check(".5", None);
        check("-1", None);
        check("1e9", None);
        check("1.005", None);
        check("99999999999999999999", None);
        check("92233720368547759", None);
        check("", None);
    }

    #[test]
    fn figures_print_with_two_decimals() {
        assert_eq!(Cents::new(-5).to_string(), "-0.05");
        assert_eq!(Amount::simulated(Cents::new(1205)).to_string(), "12.05 USD simulated");
        assert_eq!(format!("{:>8}", Cents::new(100)), "    1.00");
        assert_eq!(dollars(Cents::new(123_456_789)), "$1,234,567.89");
        assert_eq!(dollars(Cents::new(-5)), "-$0.05");
        assert_eq!(dollars(Cents::new(i64::MIN)), "-$92,233,720,368,547,758.08");
        assert_eq!([0, 999, 1_000, 999_999, 1_000_000].map(grouped), ["0", "999", "1,000", "999,999", "1,000,000"]);
    }
}
