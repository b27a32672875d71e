//! qbsolv's `.qubo`: comment lines that begin with `c`, one line `p qubo 0 maxNodes nNodes nCouplers`, and lines `i j q` from 0, of which `nNodes` have `i = j`.
//!
//! qbsolv minimises unless it is told otherwise on its command line. Three comments say what the format has no field for: `c sense max`, `c offset X`, and
//! `from beasley file`, with which the converted problems of the OR-Library begin, all of them to be maximised.

use std::fmt::Write;

use super::error::{Error, Fault, WriteError, shown};
use super::lines::{Line, Lines};
use super::problem::{Problem, Sense};
use super::{Format, MAX_VARIABLES};
use crate::optimizer::model::{Bqm, MAX_COUPLERS, Vartype};

/// What comments say.
struct Said {
    sense: Sense,
    offset: f64,
}

pub(super) fn read(text: &str) -> Result<Problem, Error> {
    let mut lines = Lines::of(text);
    let mut said = Said { sense: Sense::Min, offset: 0.0 };
    let mut header = after_comments(&mut lines, &mut said, "the line `p qubo`")?;
    let wanted = |line: &mut Line<'_>, word: &'static str, wanted: &'static str| {
        let field = line.want(wanted)?;
        let right = field.text == word;
        if right { Ok(()) } else { Err(field.error(Fault::Wanted { wanted, found: shown(field.text) })) }
    };
    wanted(&mut header, "p", "the line `p qubo`")?;
    wanted(&mut header, "qubo", "the word qubo")?;
    // `0`, `unconstrained`, or the name of a machine's topology, which does not change the problem.
    header.want("the target")?;
    let variables = header.count("the number of variables", MAX_VARIABLES)?;
    let nodes = header.count("the number of diagonal entries", MAX_COUPLERS)?;
    let couplers = header.count("the number of other entries", MAX_COUPLERS)?;
    header.end()?;
    let mut entries = Vec::new();
    let mut diagonal = 0;
    for _ in 0..nodes.saturating_add(couplers) {
        let mut line = after_comments(&mut lines, &mut said, "an entry")?;
        let one = line.index("a variable", 0, variables)?;
        let other = line.index("a variable", 0, variables)?;
        entries.push((one, other, line.real("a coefficient")?));
        line.end()?;
        diagonal += usize::from(one == other);
    }
    loop {
        match lines.next() {
            None => break,
            Some(line) if is_comment(&line) => comment(line, &mut said)?,
            Some(line) => return Err(line.error(Fault::After(shown(line.text.trim())))),
        }
    }
    if diagonal != nodes {
        return Err(lines.at_end(Fault::Count { what: "diagonal entries", found: nodes, counted: diagonal }));
    }
    problem(variables, entries, &said).map_err(|error| lines.at_end(error.into()))
}

fn problem(variables: usize, entries: Vec<(usize, usize, f64)>, said: &Said) -> Result<Problem, crate::optimizer::model::Error> {
    let sign = if said.sense == Sense::Max { -1.0 } else { 1.0 };
    let mut builder = Bqm::builder(Vartype::Binary).variables(variables).offset(sign * said.offset);
    for (one, other, coefficient) in entries {
        builder.add_quadratic(one, other, sign * coefficient);
    }
    let bqm = builder.build()?;
    Ok(match said.sense {
        Sense::Min => Problem::energy(Format::Qubo, bqm),
        Sense::Max => Problem::value(Format::Qubo, bqm),
    })
}

/// The next line that is no comment.
fn after_comments<'a>(lines: &mut Lines<'a>, said: &mut Said, what: &'static str) -> Result<Line<'a>, Error> {
    loop {
        let line = lines.want(what)?;
        if !is_comment(&line) {
            return Ok(line);
        }
        comment(line, said)?;
    }
}

fn is_comment(line: &Line<'_>) -> bool {
    line.clone().field().is_some_and(|field| field.text == "c")
}

fn comment(mut line: Line<'_>, said: &mut Said) -> Result<(), Error> {
    line.field();
    let text = line.rest();
    if text == "sense max" || text.contains("from beasley file") {
        said.sense = Sense::Max;
    } else if text.starts_with("offset ") {
        line.field();
        said.offset += line.real("an offset")?;
        line.end()?;
    }
    Ok(())
}

pub(super) fn write(problem: &Problem) -> Result<String, WriteError> {
    let bqm = problem.bqm.to_vartype(Vartype::Binary)?;
    let sign = if problem.sense == Sense::Max { -1.0 } else { 1.0 };
    let nodes = bqm.linear().iter().filter(|bias| **bias != 0.0).count();
    let mut text = String::new();
    if problem.sense == Sense::Max {
        text.push_str("c sense max\n");
    }
    // Writing to a string does not fail.
    if bqm.offset() != 0.0 {
        let _ = writeln!(text, "c offset {}", sign * bqm.offset());
    }
    let _ = writeln!(text, "p qubo 0 {} {nodes} {}", bqm.num_variables(), bqm.num_couplers());
    for (variable, bias) in bqm.linear().iter().enumerate().filter(|(_, bias)| **bias != 0.0) {
        let _ = writeln!(text, "{variable} {variable} {}", sign * bias);
    }
    for (one, other, bias) in bqm.quadratic() {
        let _ = writeln!(text, "{one} {other} {}", sign * bias);
    }
    Ok(text)
}
