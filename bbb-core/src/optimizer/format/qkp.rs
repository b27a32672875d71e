//! Quadratic knapsacks of Billionnet and Soutif: a name; the number of items; a line of their profits; a line for each item but the last with the profits of its pairs with
//! the items after it; `0` for a capacity that is a bound; the capacity; a line of weights. What follows, such as the density, is for people.

use std::fmt::Write;

use super::Format;
use super::error::{Error, Fault, WriteError, shown};
use super::lines::{Lines, MAX_WHOLE};
use super::problem::Problem;
use crate::optimizer::problem::knapsack::{Knapsack, MAX_ITEMS};

pub(super) fn read(text: &str) -> Result<Problem, Error> {
    let mut lines = Lines::of(text);
    let name = shown(lines.want("the name")?.text.trim());
    let items = lines.count("the number of items", MAX_ITEMS)?;
    let row = |lines: &mut Lines<'_>, what: &'static str, count: usize| -> Result<Vec<i64>, Error> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut line = lines.want(what)?;
        let row: Result<Vec<i64>, Error> = (0..count).map(|_| line.whole(what)).collect();
        let row = row?;
        line.end()?;
        Ok(row)
    };
    let profits = row(&mut lines, "a profit", items)?;
    let mut pairs = Vec::new();
    for item in 1..items {
        pairs.extend(row(&mut lines, "a profit of a pair", items - item)?);
    }
    let mut line = lines.want("the kind of the capacity")?;
    let kind = line.want("the kind of the capacity")?;
    line.end()?;
    match kind.whole("the kind of the capacity", 0, 1)? {
        0 => {}
        _ => return Err(kind.error(Fault::Unsupported("only capacities that are bounds are taken: kind 0".to_owned()))),
    }
    let mut line = lines.want("the capacity")?;
    let capacity = line.want("the capacity")?.whole("the capacity", 0, MAX_WHOLE)?;
    line.end()?;
    let weights = row(&mut lines, "a weight", items)?;
    let made = Knapsack::new(profits, &pairs, weights, capacity).map_err(|rule| lines.at_end(Fault::Unsupported(rule.to_owned())));
    let knapsack = made?;
    let bqm = knapsack.model().map_err(|error| lines.at_end(error.into()))?;
    Ok(Problem { name: Some(name), knapsack: Some(knapsack), ..Problem::value(Format::Qkp, bqm) })
}

pub(super) fn write(problem: &Problem) -> Result<String, WriteError> {
    let Some(knapsack) = &problem.knapsack else {
        return Err(WriteError::Inexpressible { format: Format::Qkp, what: "anything but a knapsack" });
    };
    let name: String =
        problem.name.as_deref().unwrap_or("knapsack").chars().map(|char| if char.is_control() { '_' } else { char }).collect();
    let row = |values: &mut dyn Iterator<Item = i64>| values.map(|value| value.to_string()).collect::<Vec<_>>().join(" ");
    let items = knapsack.len();
    let mut text = format!("{}\n{items}\n", if name.trim().is_empty() { "knapsack" } else { &name });
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}", row(&mut (0..items).map(|item| knapsack.profit(item))));
    for one in 0..items.saturating_sub(1) {
        let _ = writeln!(text, "{}", row(&mut (one + 1..items).map(|other| knapsack.pair(one, other))));
    }
    let _ = writeln!(text, "\n0\n{}\n{}", knapsack.capacity(), row(&mut (0..items).map(|item| knapsack.weight(item))));
    Ok(text)
}
