//! A founder's file: its text, and where in it something is.

use std::path::Path;

use bbb_core::optimizer::problem::Invalid;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config;
use crate::fault::Fault;

/// The most bytes of a file: a matrix of 400 covariances each way fits.
const MAX_BYTES: u64 = 16 << 20;
/// The most brackets that may be open at once, and dots of one line beside those of numbers: the parser recurses, and a file must not be able to end the process.
const MAX_NESTING: usize = 60;

/// A file that was read.
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: String,
    is_table: bool,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<File, Fault> {
        Ok(File::of(path, config::read(path, MAX_BYTES)?))
    }

    /// A text that was read from this file.
    pub(super) fn of(path: &Path, text: String) -> File {
        let is_table = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        File { name: path.display().to_string(), text, is_table }
    }

    /// Whether it is a table (CSV), by its name.
    pub(super) fn is_table(&self) -> bool {
        self.is_table
    }

    /// Its content.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        if let Some(line) = too_deep(&self.text) {
            return Err(Fault::usage(format!("{}, line {line}: more than {MAX_NESTING} dots or open brackets", self.name)));
        }
        toml::from_str(&self.text).map_err(|error| config::in_file(&self.name, &self.text, &error))
    }

    /// A rule that its content breaks, with the line where that is known.
    pub(super) fn refuse(&self, invalid: &Invalid) -> Fault {
        match self.line(&invalid.field) {
            Some(line) => Fault::usage(format!("{}, line {line}: {invalid}", self.name)),
            None => Fault::usage(format!("{}: {invalid}", self.name)),
        }
    }

    /// The line of a field such as `projects[2].cost`, or of the innermost part of it that is there.
    fn line(&self, field: &str) -> Option<usize> {
        if self.is_table {
            let row = field.split_once('[')?.1.split_once(']')?.0.parse::<usize>().ok()?;
            return super::table::lines(self).get(row).copied();
        }
        let table = DeTable::parse(&self.text).ok()?;
        let (mut found, mut place) = (None, Part::Table(table.get_ref()));
        for name in field.split(['.', '[', ']']).filter(|name| !name.is_empty()) {
            let Some((start, next)) = place.get(name) else { break };
            (found, place) = (Some(start), next);
        }
        found.map(|start| self.text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1)
    }
}

/// A part of a file.
#[derive(Clone, Copy)]
enum Part<'a> {
    Table(&'a DeTable<'a>),
    List(&'a [Spanned<DeValue<'a>>]),
    Leaf,
}

impl<'a> Part<'a> {
    /// Where a part of it begins, and the part. Lists are named in the singular in files, and amounts with their unit.
    fn get(self, name: &str) -> Option<(usize, Part<'a>)> {
        let value = match self {
            Part::Table(table) => {
                let singular = name.strip_suffix("ies").map_or_else(|| name.trim_end_matches('s').to_owned(), |stem| format!("{stem}y"));
                let names = [name.to_owned(), singular, format!("{name}_usd"), name.replace("minutes", "hours")];
                names.iter().find_map(|name| table.get(name.as_str()))?
            }
            Part::List(list) => list.get(name.parse::<usize>().ok()?)?,
            Part::Leaf => return None,
        };
        let part = match value.get_ref() {
            DeValue::Table(table) => Part::Table(table),
            DeValue::Array(list) => Part::List(list),
            _ => Part::Leaf,
        };
        Some((value.span().start, part))
    }
}

/// The line in which too much is nested, if one is.
fn too_deep(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (number, line) in text.lines().enumerate() {
        // Points of numbers nest nothing.
        let is_number = |cell: &&str| cell.trim_matches([' ', '\t', '[', ']']).parse::<f64>().is_ok() && cell.contains('.');
        let dots = line.matches('.').count().saturating_sub(line.split(',').filter(is_number).count());
        let (now, most) = line.bytes().fold((open, open), |(now, most), byte| match byte {
            b'[' | b'{' => (now + 1, most.max(now + 1)),
            b']' | b'}' => (now.saturating_sub(1), most),
            _ => (now, most),
        });
        open = now;
        if dots > MAX_NESTING || most > MAX_NESTING {
            return Some(number + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_nested_too_far_is_told_by_its_line_and_numbers_are_not() {
        assert_eq!(too_deep(&format!("a = 1\nb = {}", "[".repeat(61))), Some(2));
        assert_eq!(too_deep(&"[\n".repeat(100)), Some(61));
        assert_eq!(too_deep(&format!("x{} = 1", ".x".repeat(61))), Some(1));
        // One more dot than there are first cells without a bracket before them.
        assert_eq!(too_deep(&format!("[\n{}\n]", vec!["1.5"; 400].join(", "))), None);
        assert_eq!(too_deep("[a]\n[[b]]\nc = [[1.5, 2.5], [1.0, 0.1]]\n"), None);
    }

    #[test]
    fn fields_are_found_in_files_by_their_names_there() {
        let text = "budget_usd = 1\nweekly_hours = 2\n[[project]]\nname = 'a'\n[[project]]\nname = 'b'\ncost_usd = 3\n[[synergy]]\nbetween = ['a', 'c']\n";
        let file = File { name: "x.toml".to_owned(), text: text.to_owned(), is_table: false };
        let check = |field: &str, line: Option<usize>| assert_eq!(file.line(field), line, "{field}");
        check("budget", Some(1));
        check("weekly_minutes", Some(2));
        check("projects[1].cost", Some(7));
        check("projects[1].value", Some(5));
        check("synergies[0].between", Some(9));
        check("conflicts[0]", None);
    }
}
