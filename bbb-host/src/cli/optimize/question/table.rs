//! Tables (CSV) of projects, channels and costs.

use bbb_core::money::Cents;
use bbb_core::optimizer::problem::{assignment, budget};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::input::File;
use crate::fault::Fault;

/// The row of a table of costs that says how many tasks agents have room for.
const CAPACITY: &str = "capacity";

/// A row by its columns, with its line.
type Row = (u64, Map<String, Value>);

/// The head of a table and the records after it, with their lines; all as long as the head.
fn records(file: &File) -> Result<(csv::StringRecord, Vec<(u64, csv::StringRecord)>), Fault> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file.text.as_bytes());
    let wrong = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        let words = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("{len} cells instead of {expected_len}"),
            _ => "this is no table".to_owned(),
        };
        Fault::usage(format!("{}, line {line}: {words}", file.name))
    };
    let head = reader.headers().map_err(wrong)?.clone();
    if let Some((_, name)) = head.iter().enumerate().find(|(at, name)| head.iter().take(*at).any(|other| other == *name)) {
        return Err(Fault::usage(format!("{}, line 1: the column {name:?} is there twice", file.name)));
    }
    let mut records = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        records.push((record.position().map_or(1, csv::Position::line), record));
    }
    Ok((head, records))
}

/// The lines of the rows of what is a table.
pub(super) fn lines(file: &File) -> Vec<usize> {
    let rows = records(file).map(|(_, records)| records).unwrap_or_default();
    rows.into_iter().map(|(line, _)| usize::try_from(line).unwrap_or(0)).collect()
}

/// Rows as what they stand for. Columns are words, yes or no, or numbers; empty cells are as if the column were not there.
pub(super) fn rows<T: DeserializeOwned>(file: &File, words: &[&str], answers: &[&str]) -> Result<Vec<T>, Fault> {
    maps(file, words, answers)?.into_iter().map(|(line, map)| typed(file, line, Value::Object(map))).collect()
}

fn typed<T: DeserializeOwned>(file: &File, line: u64, value: Value) -> Result<T, Fault> {
    serde_json::from_value(value).map_err(|error| Fault::usage(format!("{}, line {line}: {error}", file.name)))
}

fn maps(file: &File, words: &[&str], answers: &[&str]) -> Result<Vec<Row>, Fault> {
    let (head, records) = records(file)?;
    let row = |(line, record): (u64, csv::StringRecord)| {
        let mut map = Map::new();
        for (name, cell) in head.iter().zip(&record).filter(|(_, cell)| !cell.is_empty()) {
            let value = match cell {
                _ if words.contains(&name) => json!(cell),
                "yes" | "true" | "1" if answers.contains(&name) => json!(true),
                "no" | "false" | "0" if answers.contains(&name) => json!(false),
                _ => cell.parse::<serde_json::Number>().map_or_else(|_| json!(cell), Value::Number),
            };
            map.insert(name.to_owned(), value);
        }
        (line, map)
    };
    Ok(records.into_iter().map(row).collect())
}

/// Channels; the columns of a curve say which one it is.
pub(super) fn channels(file: &File) -> Result<Vec<budget::Channel>, Fault> {
    let channel = |(line, mut map): Row| {
        let curve = if map.contains_key("factor") || map.contains_key("exponent") { "power" } else { "saturating" };
        let mut response = Map::from_iter([("curve".to_owned(), json!(curve))]);
        for name in ["most_usd", "scale_usd", "factor", "exponent"] {
            response.extend(map.remove(name).map(|value| (name.to_owned(), value)));
        }
        map.insert("response".to_owned(), Value::Object(response));
        typed(file, line, Value::Object(map))
    };
    maps(file, &["name"], &["required"])?.into_iter().map(channel).collect()
}

/// What each task (a row) costs with each agent (a column). An agent without a cost cannot do the task.
pub(super) fn costs(file: &File) -> Result<assignment::Input, Fault> {
    let (head, records) = records(file)?;
    let mut input = assignment::Input::default();
    for name in head.iter().skip(1) {
        input.agents.push(assignment::Agent { name: name.to_owned(), capacity: 1, ..assignment::Agent::default() });
    }
    for (line, record) in records {
        let wrong = |agent: &str, rule: &str| Fault::usage(format!("{}, line {line}: {agent}: {rule}", file.name));
        let task = record.get(0).unwrap_or_default();
        if task == CAPACITY {
            for (agent, cell) in input.agents.iter_mut().zip(record.iter().skip(1)) {
                agent.capacity = cell.parse().map_err(|_| wrong(&agent.name, "a capacity is a whole number of tasks"))?;
            }
            continue;
        }
        // Who has a cost for a task is able to do it: a skill of its own.
        let skill = format!("a cost for {task}");
        input.tasks.push(assignment::Task { name: task.to_owned(), skills: vec![skill.clone()], ..assignment::Task::default() });
        for (agent, cell) in input.agents.iter_mut().zip(record.iter().skip(1)).filter(|(_, cell)| !cell.is_empty()) {
            let cost = Cents::parse_dollars(cell).map_err(|error| wrong(&agent.name, &error.to_string()))?;
            agent.skills.push(skill.clone());
            input.costs.push(assignment::PairCost { task: task.to_owned(), agent: agent.name.clone(), cost });
        }
    }
    Ok(input)
}
