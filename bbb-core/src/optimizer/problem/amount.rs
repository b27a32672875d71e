//! Amounts and times in files and answers: money in dollars, time in hours, exact to the cent and the minute.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::money::Cents;

/// Hundredths or sixtieths of what a file says.
struct Parts<const PER: i64>;

impl<const PER: i64> Parts<PER> {
    const WANTED: &'static str = if PER == 100 {
        "an amount in dollars with at most two decimals, such as 1200 or 12.50"
    } else {
        "hours that are whole minutes, such as 8 or 7.5"
    };
}

impl<const PER: i64> Visitor<'_> for Parts<PER> {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::WANTED)
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<i64, E> {
        whole.checked_mul(PER).ok_or_else(|| E::custom("the number is too large"))
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<i64, E> {
        i64::try_from(whole).map_err(|_| E::custom("the number is too large")).and_then(|whole| self.visit_i64(whole))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "whole and below 2^53, as is checked here")]
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        let parts = number * PER as f64;
        let whole = libm::round(parts);
        // Also no number at all.
        if !(whole.abs() < 9.0e15 && (parts - whole).abs() <= 1e-5) {
            return Err(E::custom(format!("{number} is not {}", Self::WANTED)));
        }
        Ok(whole as i64)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        let number: f64 = text.trim().parse().map_err(|_| E::custom(format!("{text:?} is not {}", Self::WANTED)))?;
        self.visit_f64(number)
    }
}

/// Whole where it is, else with decimals.
#[expect(clippy::cast_precision_loss, reason = "amounts are held below 2^53")]
fn write<S: Serializer>(parts: i64, per: i64, serializer: S) -> Result<S::Ok, S::Error> {
    if parts % per == 0 { serializer.serialize_i64(parts / per) } else { serializer.serialize_f64(parts as f64 / per as f64) }
}

/// Money.
pub(super) mod usd {
    use super::{Cents, Deserializer, Parts, Serializer, write};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub(in super::super) fn serialize<S: Serializer>(amount: &Cents, serializer: S) -> Result<S::Ok, S::Error> {
        write(amount.get(), 100, serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
        deserializer.deserialize_any(Parts::<100>).map(Cents::new)
    }
}

/// Money, for lists and options.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Usd(#[serde(with = "usd")] Cents);

/// Money, or none.
pub(super) mod usd_option {
    use super::{Cents, Deserialize, Deserializer, Serialize, Serializer, Usd};

    #[expect(clippy::ref_option, reason = "serde hands a reference")]
    pub(in super::super) fn serialize<S: Serializer>(amount: &Option<Cents>, serializer: S) -> Result<S::Ok, S::Error> {
        amount.map(Usd).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cents>, D::Error> {
        Ok(Option::<Usd>::deserialize(deserializer)?.map(|amount| amount.0))
    }
}

/// Amounts of money.
pub(super) mod usd_list {
    use super::{Cents, Deserialize, Deserializer, Serializer, Usd};

    pub(in super::super) fn serialize<S: Serializer>(amounts: &[Cents], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(amounts.iter().map(|amount| Usd(*amount)))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Cents>, D::Error> {
        Ok(Vec::<Usd>::deserialize(deserializer)?.into_iter().map(|amount| amount.0).collect())
    }
}

/// Time, in minutes.
pub(super) mod hours {
    use super::{Deserializer, Parts, Serializer, write};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub(in super::super) fn serialize<S: Serializer>(minutes: &i64, serializer: S) -> Result<S::Ok, S::Error> {
        write(*minutes, 60, serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
        deserializer.deserialize_any(Parts::<60>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Both {
        #[serde(with = "usd")]
        money: Cents,
        #[serde(with = "hours")]
        time: i64,
    }

    #[test]
    fn amounts_are_read_exactly_or_refused_and_written_so_that_they_are_read_again() {
        let read = |money: &str, time: &str| serde_json::from_str::<Both>(&format!("{{\"money\": {money}, \"time\": {time}}}"));
        let check = |money: &str, time: &str, cents: i64, minutes: i64| {
            let both = Both { money: Cents::new(cents), time: minutes };
            assert_eq!(read(money, time).expect("fine"), both);
            assert_eq!(serde_json::from_str::<Both>(&serde_json::to_string(&both).expect("plain")).expect("its own"), both);
        };
        check("1200", "8", 120_000, 480);
        check("0.29", "7.5", 29, 450);
        check("\"-12.50\"", "\"0.25\"", -1250, 15);
        check("90000000000.01", "0.05", 9_000_000_000_001, 3);
        for wrong in ["0.005", "1e300", "\"x\"", "\"nan\"", "\"inf\"", "true", "9223372036854775807", "18446744073709551615"] {
            assert!(read(wrong, "1").is_err(), "{wrong}");
            assert!(read("1", wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            (0..3000)
                .filter(|minutes| {
                    let both = Both { money: Cents::new(*minutes), time: *minutes };
                    serde_json::from_str::<Both>(&serde_json::to_string(&both).expect("plain")).expect("its own") != both
                })
                .count(),
            0
        );
    }
}
