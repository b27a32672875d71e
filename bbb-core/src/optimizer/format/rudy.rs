//! Graphs for maximum cuts, as in the G-set and as Rinaldi's generator rudy writes them: `n m`, then for each edge `i j w`, vertices from 1. Where there is no `w` it is 1.

use std::fmt::Write;

use super::error::{Error, WriteError};
use super::lines::Lines;
use super::problem::{Kind, Problem};
use super::{Format, MAX_VARIABLES};
use crate::optimizer::model::MAX_COUPLERS;

pub(super) fn read(text: &str) -> Result<Problem, Error> {
    let mut lines = Lines::of(text);
    let mut header = lines.want("the number of vertices")?;
    let vertices = header.count("the number of vertices", MAX_VARIABLES)?;
    let count = header.count("the number of edges", MAX_COUPLERS)?;
    header.end()?;
    let mut edges = Vec::new();
    for _ in 0..count {
        let mut line = lines.want("an edge")?;
        let one = line.index("a vertex", 1, vertices)?;
        let other = line.index("a vertex", 1, vertices)?;
        let weight = match line.field() {
            Some(field) => field.real("a weight")?,
            None => 1.0,
        };
        line.end()?;
        edges.push((one, other, weight));
    }
    lines.end()?;
    Problem::cut(Format::Rudy, vertices, edges).map_err(|error| lines.at_end(error.into()))
}

pub(super) fn write(problem: &Problem) -> Result<String, WriteError> {
    let bqm = &problem.bqm;
    if problem.kind != Kind::Cut {
        return Err(WriteError::Inexpressible { format: Format::Rudy, what: "anything but a cut" });
    }
    let mut text = format!("{} {}\n", bqm.num_variables(), bqm.num_couplers());
    for (one, other, coupler) in bqm.quadratic() {
        let weight = -2.0 * problem.factor * coupler;
        // Writing to a string does not fail.
        let _ = writeln!(text, "{} {} {weight}", one + 1, other + 1);
    }
    Ok(text)
}
