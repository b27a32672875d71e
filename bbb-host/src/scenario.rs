//! Market scenarios: TOML files that give hidden parameters of a simulated market. `docs/design/market.md` says what each field means.

use std::fmt;
use std::path::Path;

use bbb_core::market::Scenario;
use toml::de::DeTable;

use crate::config;
use crate::fault::Fault;

/// The most bytes of a scenario file.
pub const MAX_SCENARIO_BYTES: u64 = 64 * 1024;

/// A scenario and the name of its file, by which simulations tell it from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The file's name without its ending; letters, digits, dots, underscores and hyphens.
    pub name: String,
    /// What it gives.
    pub scenario: Scenario,
}

impl Named {
    /// Reads a scenario, as [`read`] does.
    ///
    /// # Errors
    /// Those of [`read`].
    pub fn read(path: &Path) -> Result<Named, Fault> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let plain = |letter: char| if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '-' };
        Ok(Named { name: name.chars().map(plain).collect(), scenario: read(path)? })
    }
}

/// Its name and the short digest of its content, as in: crowded-3f105fcf.
impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.scenario)
    }
}

/// Reads a scenario, and checks every figure against its range.
///
/// # Errors
/// [`crate::fault::Kind::Usage`] for a file that is too large, is no TOML, has a field that there is none of (with its line), or a figure out of its range
/// (with its line, the field and the range); the file system's.
pub fn read(path: &Path) -> Result<Scenario, Fault> {
    parse(&path.display().to_string(), &config::read(path, MAX_SCENARIO_BYTES)?)
}

/// A scenario from the text of the file of this name.
///
/// # Errors
/// What is wrong with it, for people, with the line.
pub fn parse(name: &str, text: &str) -> Result<Scenario, Fault> {
    config::nested_fairly(name, text)?;
    let scenario: Scenario = toml::from_str(text).map_err(|error| config::in_file(name, text, &error))?;
    match scenario.check() {
        Ok(()) => Ok(scenario),
        Err(error) => Err(Fault::usage(format!("{name}, line {}: {error}", line_of(text, error.field())))),
    }
}

/// The line on which a field is given, counted from 1: for a channel, that of the channel.
fn line_of(text: &str, field: &str) -> usize {
    // The text was read once, and every field that is complained about is in it; were it not, the file as a whole would be meant.
    place_of(text, field).and_then(|at| text.get(..at)).map_or(1, |before| before.matches('\n').count() + 1)
}

fn place_of(text: &str, field: &str) -> Option<usize> {
    let file = DeTable::parse(text).ok()?;
    let (table, key) = field.split_once('.').map_or((field, None), |(table, key)| (table, Some(key)));
    let (name, value) = file.get_ref().iter().find(|(name, _)| name.get_ref() == table)?;
    let Some(key) = key else { return Some(name.span().start) };
    let (name, _) = value.get_ref().as_table()?.iter().find(|(name, _)| name.get_ref() == key)?;
    Some(name.span().start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbb_core::blueprint::Channel;

    #[test]
    fn a_scenario_is_read_with_its_channels() {
        let scenario =
            parse("m", "size_percent = 150\nad_fatigue_percent = 0\n[quality_points]\nsocial = -20\n[share_percent]\nseo = 60\n").unwrap();
        assert_eq!((scenario.size_percent, scenario.ad_fatigue_percent), (Some(150), Some(0)));
        assert_eq!(scenario.quality_points.get(&Channel::Social), Some(&-20));
        assert_eq!(scenario.share_percent.get(&Channel::Seo), Some(&60));
        assert_eq!(parse("m", "").unwrap(), Scenario::default());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let deep = format!("\nx = {}", "[".repeat(1_000));
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
            ("# size_percent\n'size_percent' = 5\n", ["line 2", "size_percent is 5"]),
            ("\nquality_points.social = 51\n", ["line 2", "quality_points.social is 51"]),
            ("quality_points = { seo = 1,\n social = 51 }\n", ["line 2", "quality_points.social is 51"]),
            ("season_peak_day = 1\nseason_percent = 91\n", ["line 2", "season_percent is 91"]),
            (&deep, ["line 2", "dots and brackets"]),
        ] {
            let error = parse("m.toml", text).unwrap_err().message;
            assert!(error.starts_with("m.toml, line "), "{error}");
            assert!(named.iter().all(|part| error.contains(part)), "{text}: {error}");
        }
        let none = "[share_percent]\nseo = 0\nsocial = 0\nemail = 0\npaid_search = 0\nreferral = 0\noutbound = 0\n";
        assert!(parse("m.toml", none).unwrap_err().message.contains("share_percent gives no channel anything"));
    }
}
