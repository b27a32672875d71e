//! Beasley's binary quadratic problems of the OR-Library: the number of problems, and for each of them `n m` and `m` lines `i j q` from 1. The matrix is symmetric and only one half
//! of it is listed: an entry off the diagonal counts twice. The value is to be maximised. A file that begins with `n m` holds one problem.

use std::fmt::Write;

use super::error::{Error, WriteError};
use super::lines::{Line, Lines};
use super::problem::Problem;
use super::{Format, MAX_PROBLEMS, MAX_VARIABLES};
use crate::optimizer::model::{Bqm, MAX_COUPLERS, Vartype};

pub(super) fn read(text: &str) -> Result<Vec<Problem>, Error> {
    let mut lines = Lines::of(text);
    let mut first = lines.want("the number of problems")?;
    let mut ahead = first.clone();
    let fields = std::iter::from_fn(|| ahead.field()).count();
    let problems = if fields == 1 {
        let count = first.want("the number of problems")?.whole("the number of problems", 1, MAX_PROBLEMS as i64)?;
        let mut problems = Vec::new();
        for number in 1..=count {
            let header = lines.want("the size of a problem")?;
            problems.push(Problem { name: Some(number.to_string()), ..one(header, &mut lines)? });
        }
        problems
    } else {
        vec![one(first, &mut lines)?]
    };
    lines.end()?;
    Ok(problems)
}

fn one(mut header: Line<'_>, lines: &mut Lines<'_>) -> Result<Problem, Error> {
    let variables = header.count("the number of variables", MAX_VARIABLES)?;
    let count = header.count("the number of entries", MAX_COUPLERS)?;
    header.end()?;
    let mut builder = Bqm::builder(Vartype::Binary);
    for _ in 0..count {
        let mut line = lines.want("an entry")?;
        let one = line.index("a variable", 1, variables)?;
        let other = line.index("a variable", 1, variables)?;
        let coefficient = line.real("a coefficient")?;
        line.end()?;
        let times = if one == other { 1.0 } else { 2.0 };
        builder.add_quadratic(one, other, -times * coefficient);
    }
    let bqm = builder.variables(variables).build().map_err(|error| lines.at_end(error.into()))?;
    Ok(Problem::value(Format::Orlib, bqm))
}

pub(super) fn write(problem: &Problem) -> Result<String, WriteError> {
    let bqm = problem.bqm.to_vartype(Vartype::Binary)?;
    if bqm.offset() != 0.0 {
        return Err(WriteError::Inexpressible { format: Format::Orlib, what: "a constant" });
    }
    let diagonal = || bqm.linear().iter().enumerate().filter(|(_, bias)| **bias != 0.0);
    let mut text = format!("1\n{} {}\n", bqm.num_variables(), diagonal().count() + bqm.num_couplers());
    // Writing to a string does not fail.
    for (variable, bias) in diagonal() {
        let _ = writeln!(text, "{} {} {}", variable + 1, variable + 1, -bias);
    }
    for (one, other, bias) in bqm.quadratic() {
        let _ = writeln!(text, "{} {} {}", one + 1, other + 1, -bias / 2.0);
    }
    Ok(text)
}
