//! QPLIB's text format (Furini and others, "QPLIB: a library of quadratic programming instances", 2019, appendix B), as far as it says binary problems without constraints: types
//! whose second letter is B and whose third is N or B, and L with no constraint. Comments begin with `#`, `!` or `%`.
//!
//! The objective is `x'Qx / 2 + b'x + q`, of `Q` the lower triangle is listed. Starting points are checked and not used.

use std::fmt::Write;

use super::error::{Error, Fault, WriteError, shown};
use super::lines::{Field, Lines};
use super::problem::{Kind, Problem, Sense};
use super::{Format, MAX_VARIABLES};
use crate::optimizer::model::{Bqm, MAX_COUPLERS, Vartype};

const COMMENTS: &[char] = &['#', '!', '%'];

pub(super) fn looks_like(text: &str) -> bool {
    let mut lines = Lines::with_comments(text, COMMENTS);
    lines.next();
    let (kind, sense) = (lines.next(), lines.next());
    let is = |line: Option<super::lines::Line<'_>>, test: fn(&str) -> bool| line.is_some_and(|line| test(line.text.trim()));
    is(kind, is_type) && is(sense, |word| matches!(word.to_ascii_lowercase().as_str(), "minimize" | "maximize"))
}

fn is_type(word: &str) -> bool {
    let [objective, variables, constraints] = word.as_bytes() else { return false };
    b"LDCQ".contains(objective) && b"CBMIG".contains(variables) && b"NBLDCQ".contains(constraints)
}

/// Which parts a file has.
struct Header {
    name: String,
    sense: Sense,
    variables: usize,
    has_quadratic: bool,
    /// Whether there is a part for constraints, though it is empty.
    has_constraints: bool,
}

pub(super) fn read(text: &str) -> Result<Problem, Error> {
    let mut lines = Lines::with_comments(text, COMMENTS);
    let header = header(&mut lines)?;
    let variables = header.variables;
    let sign = if header.sense == Sense::Max { -1.0 } else { 1.0 };
    let mut builder = Bqm::builder(Vartype::Binary).variables(variables);
    if header.has_quadratic {
        for _ in 0..lines.count("the number of quadratic entries", MAX_COUPLERS)? {
            let mut line = lines.want("a quadratic entry")?;
            let row = line.index("a row", 1, variables)?;
            let column = line.index("a column of the lower triangle", 1, row + 1)?;
            let value = sign * line.real("a coefficient")?;
            line.end()?;
            // Half of x'Qx: an entry off the diagonal stands for two.
            builder.add_quadratic(row, column, if row == column { value / 2.0 } else { value });
        }
    }
    for (variable, value) in vector(&mut lines, "a linear coefficient", variables)?.into_iter().enumerate() {
        builder.add_linear(variable, sign * value);
    }
    builder.add_offset(sign * lines.real("the constant")?);
    let bqm = builder.build().map_err(|error| lines.at_end(error.into()))?;
    trailer(&mut lines, &header)?;
    let problem = match header.sense {
        Sense::Min => Problem::energy(Format::Qplib, bqm),
        Sense::Max => Problem::value(Format::Qplib, bqm),
    };
    Ok(Problem { name: Some(header.name), kind: Kind::Value, ..problem })
}

fn header(lines: &mut Lines<'_>) -> Result<Header, Error> {
    let name = shown(lines.want("the name")?.text.trim());
    let mut line = lines.want("the type, such as QBN")?;
    let kind: Field<'_> = line.want("the type, such as QBN")?;
    line.end()?;
    if !is_type(kind.text) {
        return Err(kind.error(Fault::Wanted { wanted: "the type, such as QBN,", found: shown(kind.text) }));
    }
    if !kind.text[1..].starts_with('B') {
        return Err(kind.error(Fault::Unsupported(format!("only binary variables are taken, which {} has not", kind.text))));
    }
    let mut line = lines.want("minimize or maximize")?;
    let word = line.want("minimize or maximize")?;
    line.end()?;
    let sense = match word.text.to_ascii_lowercase().as_str() {
        "minimize" => Sense::Min,
        "maximize" => Sense::Max,
        _ => return Err(word.error(Fault::Wanted { wanted: "minimize or maximize", found: shown(word.text) })),
    };
    let variables = lines.count("the number of variables", MAX_VARIABLES)?;
    let has_constraints = !kind.text.ends_with(['N', 'B']);
    if has_constraints && lines.count("the number of constraints", MAX_VARIABLES)? > 0 {
        return Err(kind.error(Fault::Unsupported("only problems without constraints are taken".to_owned())));
    }
    Ok(Header { name, sense, variables, has_quadratic: !kind.text.starts_with('L'), has_constraints })
}

/// A default, and what differs from it.
fn vector(lines: &mut Lines<'_>, what: &'static str, length: usize) -> Result<Vec<f64>, Error> {
    let default = lines.real(what)?;
    let count = lines.count("the number of values", length)?;
    let mut values = vec![default; length];
    let mut given = vec![false; length];
    for _ in 0..count {
        let mut line = lines.want(what)?;
        let place = line.clone();
        let at = line.index("a variable", 1, length)?;
        values[at] = line.real(what)?;
        line.end()?;
        if std::mem::replace(&mut given[at], true) {
            return Err(place.error(Fault::Twice(format!("{what} of variable {}", at + 1))));
        }
    }
    Ok(values)
}

/// What follows the objective and does not change the problem. A file may end after each part.
fn trailer(lines: &mut Lines<'_>, header: &Header) -> Result<(), Error> {
    let more = |lines: &Lines<'_>| lines.clone().next().is_some();
    if more(lines) {
        lines.real("the value for infinity")?;
    }
    if more(lines) {
        vector(lines, "a starting value", header.variables)?;
    }
    if header.has_constraints && more(lines) {
        vector(lines, "a starting value of a multiplier", 0)?;
    }
    if more(lines) {
        vector(lines, "a starting value of a bound", header.variables)?;
    }
    for what in ["the number of variables with names", "the number of constraints with names"] {
        if !more(lines) {
            break;
        }
        for _ in 0..lines.count(what, header.variables)? {
            let mut line = lines.want("a name")?;
            line.index("a variable", 1, header.variables)?;
            line.want("a name")?;
        }
    }
    lines.end()
}

pub(super) fn write(problem: &Problem) -> Result<String, WriteError> {
    let bqm = problem.bqm.to_vartype(Vartype::Binary)?;
    let (sense, sign) = if problem.sense == Sense::Max { ("maximize", -1.0) } else { ("minimize", 1.0) };
    // A name of the format is one line; the default has no meaning.
    let name: String = problem
        .name
        .as_deref()
        .unwrap_or("problem")
        .chars()
        .map(|char| if char.is_control() || COMMENTS.contains(&char) { '_' } else { char })
        .collect();
    let name = if name.trim().is_empty() { "problem" } else { &name };
    let mut text = format!("{name}\nQBN\n{sense}\n{} # variables\n{} # quadratic entries\n", bqm.num_variables(), bqm.num_couplers());
    // Writing to a string does not fail.
    for (one, other, bias) in bqm.quadratic() {
        let _ = writeln!(text, "{} {} {}", other + 1, one + 1, sign * bias);
    }
    let linear = || bqm.linear().iter().enumerate().filter(|(_, bias)| **bias != 0.0);
    let _ = writeln!(text, "0 # linear default\n{} # linear entries", linear().count());
    for (variable, bias) in linear() {
        let _ = writeln!(text, "{} {}", variable + 1, sign * bias);
    }
    let _ = writeln!(text, "{} # constant\n1e30 # infinity\n0 # start\n0\n0 # bounds\n0\n0 # names\n0", sign * bqm.offset());
    Ok(text)
}
