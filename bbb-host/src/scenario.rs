//! Market scenarios: TOML files that give hidden parameters of a simulated market. `docs/design/market.md` says what each field means.

use std::path::Path;

use bbb_core::market::Scenario;

use crate::fault::Fault;

/// The most bytes of a scenario file.
pub const MAX_SCENARIO_BYTES: u64 = 64 * 1024;

/// Reads a scenario, and checks every figure against its range.
///
/// # Errors
/// [`crate::fault::Kind::Usage`] for a file that is too large, is no TOML, has a field that there is none of (with its line), or a figure out of its range
/// (with the field and the range); the file system's.
pub fn read(path: &Path) -> Result<Scenario, Fault> {
    let wrong = |why: String| Fault::usage(format!("{}: {why}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| Fault::file(path.display(), &error))?.len();
    if size > MAX_SCENARIO_BYTES {
        return Err(wrong(format!("the file has {size} bytes; a scenario has at most {MAX_SCENARIO_BYTES}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| Fault::file(path.display(), &error))?;
    parse(&text).map_err(wrong)
}

/// A scenario from the text of a file.
///
/// # Errors
/// What is wrong with it, for people, with the line.
pub fn parse(text: &str) -> Result<Scenario, String> {
    let scenario: Scenario = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| text.get(..span.start).map_or(0, |before| before.matches('\n').count() + 1));
        format!("line {line}: {}", error.message())
    })?;
    match scenario.check() {
        Ok(()) => Ok(scenario),
        Err(error) => Err(line_of(text, error.field()).map_or_else(|| error.to_string(), |line| format!("line {line}: {error}"))),
    }
}

/// The line on which a field is given, counted from 1: for a channel, that of the channel under its table.
fn line_of(text: &str, field: &str) -> Option<usize> {
    let (table, key) = field.split_once('.').map_or((None, field), |(table, key)| (Some(table), key));
    let from = table.map_or(Some(0), |table| text.find(table))?;
    let place = text.get(from..)?.find(key)? + from;
    Some(text.get(..place)?.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbb_core::blueprint::Channel;

    #[test]
    fn a_scenario_is_read_with_its_channels() {
        let scenario =
            parse("size_percent = 150\nad_fatigue_percent = 0\n[quality_points]\nsocial = -20\n[share_percent]\nseo = 60\n").unwrap();
        assert_eq!((scenario.size_percent, scenario.ad_fatigue_percent), (Some(150), Some(0)));
        assert_eq!(scenario.quality_points.get(&Channel::Social), Some(&-20));
        assert_eq!(scenario.share_percent.get(&Channel::Seo), Some(&60));
        assert_eq!(parse("").unwrap(), Scenario::default());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, named) in [
            ("\nsize_percnt = 1\n", ["line 2", "size_percnt"]),
            ("size_percent = 1\n", ["line 1", "size_percent is 1; it must be 10 to 1000"]),
            ("# much\n\nviral_percent = 101\n", ["line 3", "viral_percent is 101; it must be 0 to 100"]),
            ("[quality_points]\nseo = 1\nsocial = 51\n", ["line 3", "quality_points.social is 51; it must be -50 to 50"]),
            ("[share_percent]\nradio = 5\n", ["line 2", "radio"]),
            ("size_percent = -5\n", ["line 1", "invalid value"]),
            ("size_percent = 5.5\n", ["line 1", "invalid type"]),
            ("size_percent = 50\nsize_percent = 60\n", ["line 2", "duplicate"]),
            ("size_percent\n", ["line 1", ""]),
        ] {
            let error = parse(text).unwrap_err();
            assert!(named.iter().all(|part| error.contains(part)), "{text}: {error}");
        }
        let none = "[share_percent]\nseo = 0\nsocial = 0\nemail = 0\npaid_search = 0\nreferral = 0\noutbound = 0\n";
        assert!(parse(none).unwrap_err().contains("share_percent gives no channel anything"));
    }
}
