//! The seven roles, and the ethics oversight beside them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the seven role agents of a business. The order is the canonical order of journal entries within a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Studies the market and qualifies leads.
    Researcher,
    /// Publishes and advertises.
    Marketer,
    /// Writes to leads and makes offers.
    Sales,
    /// Delivers what was ordered.
    Fulfillment,
    /// Answers customers.
    Support,
    /// Collects payments, pays bills, refunds.
    Finance,
    /// Keeps goals, plans tasks.
    Orchestrator,
}

impl Role {
    /// All roles in canonical order.
    pub const ALL: [Role; 7] =
        [Role::Researcher, Role::Marketer, Role::Sales, Role::Fulfillment, Role::Support, Role::Finance, Role::Orchestrator];

    /// The role's name in journals, policies and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::Researcher => "researcher",
            Role::Marketer => "marketer",
            Role::Sales => "sales",
            Role::Fulfillment => "fulfillment",
            Role::Support => "support",
            Role::Finance => "finance",
            Role::Orchestrator => "orchestrator",
        }
    }

    /// The role's place in [`Role::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An actor that can fail and be restarted: a role or the oversight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Agent {
    /// A role agent.
    Role(Role),
    /// The ethics oversight.
    Oversight,
}

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Agent::Role(role) => role.fmt(f),
            Agent::Oversight => f.pad("oversight"),
        }
    }
}

impl From<Agent> for String {
    fn from(agent: Agent) -> String {
        agent.to_string()
    }
}

impl TryFrom<String> for Agent {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let role = Role::ALL.into_iter().find(|role| role.as_str() == name);
        match role {
            Some(role) => Ok(Agent::Role(role)),
            None if name == "oversight" => Ok(Agent::Oversight),
            None => Err(format!("`{name}` is neither a role nor oversight")),
        }
    }
}
