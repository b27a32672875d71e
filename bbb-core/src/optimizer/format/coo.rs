//! dimod's coordinates (`dimod.serialization.coo`): a comment `# vartype=BINARY` or `# vartype=SPIN`, and lines `i j q` from 0, of which those with `i = j` are linear
//! biases. A comment `# offset=X` gives the constant, for which the format itself has no place; dimod passes over it.
//!
//! Every number up to the highest one is a variable. Numbers are written without exponents, which dimod does not read.

use std::fmt::Write;

use super::error::{Error, Fault, shown};
use super::lines::Lines;
use super::problem::Problem;
use super::{Format, MAX_VARIABLES};
use crate::optimizer::model::{Bqm, Vartype};

pub(super) fn read(text: &str) -> Result<Problem, Error> {
    let mut lines = Lines::of(text);
    let mut known: Option<Vartype> = None;
    let mut offset = 0.0;
    let mut entries = Vec::new();
    while let Some(mut line) = lines.next() {
        if line.text.trim_start().starts_with('#') {
            if let Some(said) = vartype(line.text) {
                let vartype = said.map_err(|found| line.error(Fault::Wanted { wanted: "BINARY or SPIN", found: shown(found) }))?;
                if known.is_some_and(|known| known != vartype) {
                    return Err(line.error(Fault::Twice("the type of the variables".to_owned())));
                }
                known = Some(vartype);
            } else if let Some(value) = line.text.trim_start().strip_prefix("# offset=") {
                let place = line.error(Fault::NotANumber { what: "the offset", found: shown(value) });
                offset += value.trim().parse::<f64>().ok().filter(|value| value.is_finite()).ok_or(place)?;
            }
            continue;
        }
        let one = line.index("a variable", 0, MAX_VARIABLES)?;
        let other = line.index("a variable", 0, MAX_VARIABLES)?;
        entries.push((one, other, line.real("a bias")?));
        line.end()?;
    }
    let vartype = known.ok_or_else(|| lines.at_end(Fault::Ended("a comment `# vartype=BINARY` or `# vartype=SPIN`")))?;
    let mut builder = Bqm::builder(vartype).offset(offset);
    for (one, other, bias) in entries {
        // Of spins too: the square of a spin is 1, but `i i q` means its linear bias.
        if one == other { builder.add_linear(one, bias) } else { builder.add_quadratic(one, other, bias) }
    }
    let bqm = builder.build().map_err(|error| lines.at_end(error.into()))?;
    Ok(Problem::energy(Format::Coo, bqm))
}

/// The type of variables that a comment names, or the word in its place.
pub(super) fn vartype(comment: &str) -> Option<Result<Vartype, &str>> {
    let at = comment.find("vartype=").or_else(|| comment.find("vartype:"))?;
    let rest = comment[at + "vartype=".len()..].trim_start();
    let word = rest.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
    Some(match word {
        "BINARY" => Ok(Vartype::Binary),
        "SPIN" => Ok(Vartype::Spin),
        _ => Err(word),
    })
}

pub(super) fn write(bqm: &Bqm) -> String {
    let vartype = if bqm.vartype() == Vartype::Spin { "SPIN" } else { "BINARY" };
    let mut text = format!("# vartype={vartype}\n");
    // Writing to a string does not fail.
    if bqm.offset() != 0.0 {
        let _ = writeln!(text, "# offset={}", bqm.offset());
    }
    for (one, bias) in bqm.linear().iter().enumerate() {
        // The last variable is named in any case, so that it is there when the file is read.
        if *bias != 0.0 || one + 1 == bqm.num_variables() {
            let _ = writeln!(text, "{one} {one} {bias}");
        }
        for (other, bias) in bqm.neighborhood(one).filter(|(other, _)| *other > one) {
            let _ = writeln!(text, "{one} {other} {bias}");
        }
    }
    text
}
