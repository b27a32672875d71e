//! Points in time, in milliseconds; the core has no clock, so every time comes from outside.

use std::fmt;

use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// Milliseconds in a minute.
pub const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds in a day of 24 hours.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Where the virtual clock of every simulated business starts: Monday, 2026-01-05 00:00 UTC.
pub const SIMULATION_START: Timestamp = Timestamp(1_767_571_200_000);

/// A point in time: milliseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The latest time this type uses: the end of the year 9999.
    pub const MAX: Timestamp = Timestamp(253_402_207_200_000);

    /// `ms` milliseconds since the Unix epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Timestamp(ms)
    }

    /// Milliseconds since the Unix epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// This time plus `ms` milliseconds, saturating.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Timestamp(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this time.
    pub const fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The hour of the day, 0 to 23, in `zone`.
    pub fn hour_in(self, zone: &TimeZone) -> i8 {
        self.zoned(zone).map_or(0, |zoned| zoned.hour())
    }

    /// Whole days from the epoch to the calendar day that this time falls on in `zone`.
    pub fn day_in(self, zone: &TimeZone) -> i64 {
        let offset = jiff::Timestamp::from_millisecond(self.0).map_or(Offset::UTC, |t| zone.to_offset(t));
        self.0.saturating_add(i64::from(offset.seconds()) * 1000).div_euclid(DAY_MS)
    }

    /// The year and the month, 1 to 12, that this time falls on in `zone`.
    pub fn month_in(self, zone: &TimeZone) -> (i16, i8) {
        self.zoned(zone).map_or((1970, 1), |zoned| (zoned.year(), zoned.month()))
    }

    /// The first time after this one at which it is `hour` o'clock, 0 to 23, in `zone`.
    #[must_use]
    pub fn next_hour_in(self, hour: u8, zone: &TimeZone) -> Timestamp {
        let next = |zoned: jiff::Zoned| {
            let hour = i8::try_from(hour.min(23)).ok()?;
            let today = zoned.date().at(hour, 0, 0, 0).to_zoned(zone.clone()).ok()?;
            let found = if today > zoned { today } else { zoned.date().tomorrow().ok()?.at(hour, 0, 0, 0).to_zoned(zone.clone()).ok()? };
            Some(Timestamp(found.timestamp().as_millisecond()))
        };
        self.zoned(zone).and_then(next).unwrap_or(self.plus_ms(DAY_MS))
    }

    /// The first midnight after this time in `zone`. Where a zone skips midnight, the first moment of the next day.
    #[must_use]
    pub fn next_midnight_in(self, zone: &TimeZone) -> Timestamp {
        if *zone == TimeZone::UTC {
            return Timestamp(self.0.div_euclid(DAY_MS).saturating_add(1).saturating_mul(DAY_MS));
        }
        let tomorrow = self.zoned(zone).and_then(|now| now.tomorrow().ok()?.start_of_day().ok());
        tomorrow.map_or(self.plus_ms(DAY_MS), |midnight| Timestamp(midnight.timestamp().as_millisecond()))
    }

    fn zoned(self, zone: &TimeZone) -> Option<jiff::Zoned> {
        jiff::Timestamp::from_millisecond(self.0).ok().map(|time| time.to_zoned(zone.clone()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(time) => write!(f, "{time:.3}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// Finds a time zone by its IANA name in the bundled database.
///
/// # Errors
/// [`UnknownZone`] where the bundled database has no such zone.
pub fn zone(name: &str) -> Result<TimeZone, UnknownZone> {
    if name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    TimeZone::get(name).map_err(|_| UnknownZone(name.chars().take(64).collect()))
}

/// A time zone that is not in the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an IANA time zone such as America/New_York")]
pub struct UnknownZone(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_rfc_3339_and_fall_on_local_days() {
        assert_eq!(SIMULATION_START.to_string(), "2026-01-05T00:00:00.000Z");
        let new_york = zone("America/New_York").expect("bundled zone");
        assert_eq!(SIMULATION_START.hour_in(&new_york), 19);
        assert_eq!(SIMULATION_START.day_in(&new_york) + 1, SIMULATION_START.day_in(&TimeZone::UTC));
        assert!(zone("Mars/Olympus").is_err());
        let midnight = SIMULATION_START.next_midnight_in(&new_york);
        assert_eq!((midnight.since(SIMULATION_START), midnight.hour_in(&new_york)), (5 * HOUR_MS, 0));
        assert_eq!(SIMULATION_START.next_midnight_in(&TimeZone::UTC).since(SIMULATION_START), DAY_MS);
    }
}
