//! Why a plan is what it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::flow::{self, Found};
use super::{Assignment, Plan};
use crate::money::{Cents, dollars};
use crate::optimizer::problem::amount;
use crate::optimizer::problem::answer::Relief;
use crate::optimizer::problem::text::{counted, list, real, reliefs, table, usd};

/// For how many agents it is told what more room would bring: those where it could bring most.
const RELIEFS: usize = 8;

/// Who else could do a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The cheapest other agent with the skills.
    pub agent: String,
    /// What it would cost.
    #[serde(rename = "cost_usd", with = "amount::usd")]
    pub cost: Cents,
    /// Whether it has no room left.
    pub full: bool,
}

/// A task that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The task.
    pub task: String,
    /// Its agent.
    pub agent: String,
    /// What it costs.
    #[serde(rename = "cost_usd", with = "amount::usd")]
    pub cost: Cents,
    /// What it is worth.
    #[serde(rename = "value_usd", with = "amount::usd")]
    pub value: Cents,
    /// Who else could do it, if anybody.
    pub alternative: Option<Alternative>,
}

/// Why a task is left undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Nobody has the skills.
    Skills,
    /// It costs at least as much as it is worth.
    NotWorth {
        /// With the cheapest agent.
        #[serde(rename = "cost_usd", with = "amount::usd")]
        cost: Cents,
    },
    /// All who could do it at a profit do what is worth more.
    Full {
        /// Those.
        agents: Vec<String>,
    },
}

/// A task that is left undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The task.
    pub task: String,
    /// What it would be worth.
    #[serde(rename = "value_usd", with = "amount::usd")]
    pub value: Cents,
    /// Why.
    pub reason: Reason,
}

/// How much of an agent's room is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// The agent.
    pub agent: String,
    /// Its tasks.
    pub used: u32,
    /// Its room.
    pub of: u32,
}

/// What greed would have given: the cheapest pair first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greedy {
    /// What it is worth, where it does all required tasks.
    #[serde(rename = "worth_usd", with = "amount::usd_option")]
    pub worth: Option<Cents>,
    /// The required tasks that it leaves undone, since others took the agents who could do them.
    pub stuck: Vec<String>,
}

/// Why a plan is what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What is done.
    pub done: Vec<Done>,
    /// What is not.
    pub left_out: Vec<LeftOut>,
    /// How busy agents are.
    pub loads: Vec<Load>,
    /// What greed would have given.
    pub greedy: Greedy,
    /// What room for one more task would bring, agent by agent, in dollars; of others nothing.
    pub reliefs: Vec<Relief>,
}

pub(super) fn plan(assignment: &Assignment, found: &Found) -> Plan {
    let agents = &found.agents;
    let name = |agent: usize| assignment.agents[agent].name.clone();
    let load = |agent: usize| u32::try_from(agents.iter().filter(|of| **of == Some(agent)).count()).unwrap_or(u32::MAX);
    let loads: Vec<Load> = assignment
        .agents
        .iter()
        .enumerate()
        .map(|(at, agent)| Load { agent: agent.name.clone(), used: load(at), of: agent.capacity })
        .collect();
    let is_full = |agent: usize| loads[agent].used >= loads[agent].of;
    let (mut done, mut left_out) = (Vec::new(), Vec::new());
    for (at, task) in assignment.tasks.iter().enumerate() {
        let mut able: Vec<(i64, usize)> = (0..loads.len()).filter_map(|agent| Some((assignment.cost(at, agent)?, agent))).collect();
        able.sort_unstable();
        match agents[at] {
            Some(agent) => {
                let other = able.iter().find(|(_, other)| *other != agent);
                let alternative =
                    other.map(|(cost, other)| Alternative { agent: name(*other), cost: Cents::new(*cost), full: is_full(*other) });
                let cost = Cents::new(assignment.cost(at, agent).unwrap_or(0));
                done.push(Done { task: task.name.clone(), agent: name(agent), cost, value: task.value, alternative });
            }
            None => {
                let profitable =
                    able.iter().filter(|(cost, _)| *cost < task.value.get()).map(|(_, agent)| name(*agent)).collect::<Vec<_>>();
                let reason = match able.first() {
                    None => Reason::Skills,
                    Some((cost, _)) if profitable.is_empty() => Reason::NotWorth { cost: Cents::new(*cost) },
                    Some(_) => Reason::Full { agents: profitable },
                };
                left_out.push(LeftOut { task: task.name.clone(), value: task.value, reason });
            }
        }
    }
    let cost = done.iter().fold(Cents::ZERO, |sum, done| sum.plus(done.cost));
    let worth = Cents::new(assignment.worth(agents));
    let explanation = Explanation { done, left_out, loads, greedy: greedy(assignment), reliefs: wider(assignment, found) };
    Plan {
        agents: agents.iter().map(|agent| agent.map(name)).collect(),
        cost,
        value: worth.plus(cost),
        worth,
        optimal: found.optimal,
        solver: "successive shortest paths".to_owned(),
        explanation,
    }
}

fn greedy(assignment: &Assignment) -> Greedy {
    let agents = flow::greedy(assignment);
    let stuck = assignment.tasks.iter().zip(&agents).filter(|(task, agent)| agent.is_none() && !task.optional);
    let stuck: Vec<String> = stuck.map(|(task, _)| task.name.clone()).collect();
    Greedy { worth: stuck.is_empty().then(|| Cents::new(assignment.worth(&agents))), stuck }
}

/// What one task more of room would bring, by solving it again for agents whose price does not say already that it brings nothing.
fn wider(assignment: &Assignment, found: &Found) -> Vec<Relief> {
    let mut priced: Vec<usize> = (0..found.prices.len()).filter(|agent| found.prices[*agent] > 0).collect();
    priced.sort_by_key(|agent| (-found.prices[*agent], *agent));
    priced.truncate(RELIEFS);
    let relief = |agent: usize| {
        let mut wider = assignment.clone();
        wider.agents[agent].capacity = wider.agents[agent].capacity.saturating_add(1);
        // Cannot fail: what could be done still can.
        let then = flow::solve(&wider).map_or(0, |then| assignment.worth(&then.agents));
        let gain = real(Cents::new(then - assignment.worth(&found.agents)));
        Relief { limit: format!("for {}", assignment.agents[agent].name), by: "1 task".to_owned(), gain, proved: true }
    };
    priced.into_iter().map(relief).filter(|relief| relief.gain > 0.0).collect()
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proof = if self.optimal { "proved to be the best plan" } else { "not proved to be the best plan" };
        let (done, all) = (self.explanation.done.len(), self.agents.len());
        write!(f, "{done} of {} done, at {}", counted(all, "task"), dollars(self.cost))?;
        if self.value != Cents::ZERO {
            write!(f, ", for a value of {}", dollars(self.value))?;
        }
        writeln!(f, ": {proof}.\n")?;
        self.explanation.fmt(f)
    }
}

impl Explanation {
    /// Value less cost.
    fn worth(&self) -> Cents {
        self.done.iter().fold(Cents::ZERO, |sum, done| sum.plus(done.value).minus(done.cost))
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["task", "done by", "cost", "otherwise"].map(str::to_owned).to_vec();
        let row = |done: &Done| {
            let otherwise = done.alternative.as_ref().map_or_else(
                || "nobody else can".to_owned(),
                |other| format!("{} at {}{}", other.agent, dollars(other.cost), if other.full { ", who has no room left" } else { "" }),
            );
            vec![done.task.clone(), done.agent.clone(), dollars(done.cost), otherwise]
        };
        table(f, &[2], &std::iter::once(head).chain(self.done.iter().map(row)).collect::<Vec<_>>())?;
        if !self.left_out.is_empty() {
            writeln!(f, "\nLeft undone")?;
            let row = |left: &LeftOut| {
                let why = match &left.reason {
                    Reason::Skills => "nobody has the skills".to_owned(),
                    Reason::NotWorth { cost } => format!("costs {} at least", dollars(*cost)),
                    Reason::Full { agents } => format!("what {} could do instead is worth more", list(agents)),
                };
                vec![left.task.clone(), format!("worth {}", dollars(left.value)), why]
            };
            table(f, &[], &self.left_out.iter().map(row).collect::<Vec<_>>())?;
        }
        writeln!(f, "\nRoom")?;
        let row = |load: &Load| vec![load.agent.clone(), load.used.to_string(), format!("of {}", counted(load.of as usize, "task"))];
        table(f, &[1], &self.loads.iter().map(row).collect::<Vec<_>>())?;
        match self.greedy.worth {
            Some(worth) => writeln!(
                f,
                "\nThe cheapest pair first would have come to {}, value less cost; this plan comes to {}.",
                dollars(worth),
                dollars(self.worth())
            )?,
            None => writeln!(f, "\nThe cheapest pair first would have left undone what must be done: {}.", list(&self.greedy.stuck))?,
        }
        reliefs(f, &self.reliefs, usd)
    }
}
