//! Who does which task: agents with skills, a cost, and room for so many tasks.
//!
//! The problem is linear, so that it is solved exactly, without a QUBO: by successive shortest augmenting paths with prices (the Hungarian method: Kuhn, 1955; with room for several tasks, and in this
//! form, Edmonds and Karp, "Theoretical improvements in algorithmic efficiency for network flow problems", 1972). The prices that remain prove that nothing is cheaper, and are checked. Where a required task finds
//! no agent, those that the search has reached are a proof too: tasks that only agents without enough room can do (Hall's condition: Hall, "On representatives of subsets", 1935).
//!
//! Room is counted in tasks. With hours instead, of tasks that differ in length, the problem would be a harder one, the generalised assignment problem. It is never `Unknown`.

mod explain;
mod flow;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::explain::{Alternative, Done, Explanation, Greedy, LeftOut, Load, Reason};
use super::amount;
use super::answer::{Conflict, Invalid, Outcome};
use super::check;
use super::text::{counted, list};
use crate::money::Cents;

/// The most tasks, and the most agents.
pub const MAX_ENTRIES: usize = 1000;
/// The most skills of a task or an agent.
const MAX_SKILLS: usize = 100;

/// One task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// Its name, unlike all others.
    pub name: String,
    /// What its agent must have, all of it.
    #[serde(default)]
    pub skills: Vec<String>,
    /// What it is worth when it is done.
    #[serde(rename = "value_usd", default, with = "amount::usd")]
    pub value: Cents,
    /// Whether it can be left undone.
    #[serde(default)]
    pub optional: bool,
}

/// Somebody, or something, that does tasks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// Its name, unlike all others.
    pub name: String,
    /// What it can do.
    #[serde(default)]
    pub skills: Vec<String>,
    /// How many tasks it has room for.
    pub capacity: u32,
    /// What each of them costs.
    #[serde(rename = "cost_usd", default, with = "amount::usd")]
    pub cost: Cents,
}

/// What a task costs with one agent, where that differs from the agent's other tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairCost {
    /// The task.
    pub task: String,
    /// The agent. Its skills are asked for all the same.
    pub agent: String,
    /// What it costs.
    #[serde(rename = "cost_usd", with = "amount::usd")]
    pub cost: Cents,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What is to be done, at most [`MAX_ENTRIES`].
    #[serde(rename = "task", default)]
    pub tasks: Vec<Task>,
    /// Who can do it, at most [`MAX_ENTRIES`].
    #[serde(rename = "agent", default)]
    pub agents: Vec<Agent>,
    /// Costs of pairs.
    #[serde(rename = "cost", default)]
    pub costs: Vec<PairCost>,
}

/// A question that keeps the rules of its input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    tasks: Vec<Task>,
    agents: Vec<Agent>,
    /// What each task costs with each agent, a row for each task; none where skills are missing.
    costs: Vec<Option<i64>>,
}

/// What is to be done by whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Of each task, in the order of the input, its agent; none where it is left undone.
    pub agents: Vec<Option<String>>,
    /// What tasks cost.
    #[serde(rename = "cost_usd", with = "amount::usd")]
    pub cost: Cents,
    /// What done tasks are worth.
    #[serde(rename = "value_usd", with = "amount::usd")]
    pub value: Cents,
    /// Their value less their cost.
    #[serde(rename = "worth_usd", with = "amount::usd")]
    pub worth: Cents,
    /// Whether it is proved that no plan is worth more: always, by prices that are checked.
    pub optimal: bool,
    /// What found it.
    pub solver: String,
    /// Why.
    pub explanation: Explanation,
}

impl Assignment {
    /// Checks an input.
    ///
    /// # Errors
    /// [`Invalid`] names the field and the rule.
    pub fn new(input: Input) -> Result<Assignment, Invalid> {
        let Input { tasks, agents, costs } = input;
        check::count("tasks", tasks.len(), MAX_ENTRIES)?;
        check::count("agents", agents.len(), MAX_ENTRIES)?;
        let task_places = check::names("tasks", tasks.iter().map(|task| &task.name))?;
        let agent_places = check::names("agents", agents.iter().map(|agent| &agent.name))?;
        let mut skills: Vec<BTreeSet<&str>> = Vec::with_capacity(agents.len());
        for (at, agent) in agents.iter().enumerate() {
            check::amount(|| format!("agents[{at}].cost"), agent.cost)?;
            skills.push(skill_set(&format!("agents[{at}].skills"), &agent.skills)?);
        }
        let mut pairs = Vec::with_capacity(tasks.len() * agents.len());
        for (at, task) in tasks.iter().enumerate() {
            check::amount(|| format!("tasks[{at}].value"), task.value)?;
            let needed = skill_set(&format!("tasks[{at}].skills"), &task.skills)?;
            pairs.extend(agents.iter().zip(&skills).map(|(agent, has)| needed.is_subset(has).then_some(agent.cost.get())));
        }
        let mut seen = BTreeSet::new();
        for (at, pair) in costs.iter().enumerate() {
            let task = check::place(&format!("costs[{at}].task"), &pair.task, &task_places, "task")?;
            let agent = check::place(&format!("costs[{at}].agent"), &pair.agent, &agent_places, "agent")?;
            check::amount(|| format!("costs[{at}].cost"), pair.cost)?;
            if !seen.insert((task, agent)) {
                return Err(Invalid::new(format!("costs[{at}]"), "is the second cost of its task and agent"));
            }
            if let Some(cost) = &mut pairs[task * agents.len() + agent] {
                *cost = pair.cost.get();
            }
        }
        Ok(Assignment { tasks, agents, costs: pairs })
    }

    /// Finds the best plan.
    pub fn solve(&self) -> Outcome<Plan> {
        match flow::solve(self) {
            Ok(found) => Outcome::Solved(explain::plan(self, &found)),
            Err(violator) => Outcome::Infeasible(self.conflict(&violator)),
        }
    }

    fn cost(&self, task: usize, agent: usize) -> Option<i64> {
        self.costs[task * self.agents.len() + agent]
    }

    /// What done tasks are worth, less what they cost; agents are of the input.
    fn worth(&self, agents: &[Option<usize>]) -> i64 {
        let done = agents.iter().enumerate().filter_map(|(task, agent)| Some((task, self.cost(task, (*agent)?)?)));
        done.map(|(task, cost)| self.tasks[task].value.get() - cost).sum()
    }

    fn conflict(&self, violator: &flow::Violator) -> Conflict {
        let names = |of: &[usize], name: &dyn Fn(usize) -> String| of.iter().map(|at| name(*at)).collect::<Vec<_>>();
        let tasks = names(&violator.tasks, &|task| self.tasks[task].name.clone());
        let agents = names(&violator.agents, &|agent| self.agents[agent].name.clone());
        let room: u64 = violator.agents.iter().map(|agent| u64::from(self.agents[*agent].capacity)).sum();
        let needs = |task: &usize| {
            let of = &self.tasks[*task];
            let skills = if of.skills.is_empty() { "no skill".to_owned() } else { list(&of.skills) };
            format!("{} must be done and needs {skills}", of.name)
        };
        let mut constraints: Vec<String> = violator.tasks.iter().map(needs).collect();
        let room_of = |agent: &usize| {
            let of = &self.agents[*agent];
            format!("{} has room for {}", of.name, counted(usize::try_from(of.capacity).unwrap_or(usize::MAX), "task"))
        };
        constraints.extend(violator.agents.iter().map(room_of));
        let reason = if agents.is_empty() {
            format!("Nobody has the skills for {}.", list(&tasks))
        } else {
            format!(
                "Only {} can do {}: that is {}, and they have room for {room}.",
                list(&agents),
                list(&tasks),
                counted(tasks.len(), "task")
            )
        };
        Conflict { constraints, reason }
    }
}

fn skill_set<'a>(field: &str, skills: &'a [String]) -> Result<BTreeSet<&'a str>, Invalid> {
    check::count(field, skills.len(), MAX_SKILLS)?;
    match skills.iter().position(|skill| skill.trim().is_empty() || skill.chars().any(char::is_control)) {
        Some(at) => Err(Invalid::new(format!("{field}[{at}]"), "must be a name without line breaks")),
        None => Ok(skills.iter().map(String::as_str).collect()),
    }
}
