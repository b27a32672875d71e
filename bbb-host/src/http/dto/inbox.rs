//! What waits for owners.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What waits for the owner of a business.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Inbox {
    business_id: String,
    /// Escalations without an answer, oldest first.
    waiting: Vec<Waiting>,
    /// Effects of which nobody knows whether they happened, oldest first.
    in_doubt: Vec<Doubt>,
}

/// An escalation without an answer.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Waiting {
    /// Its name.
    proposal: String,
    /// The task that it serves.
    task: String,
    /// Who proposes it.
    role: String,
    /// What kind of action it is.
    kind: String,
    /// What it costs at worst.
    cost: Cost,
    /// How much harm it can do.
    risk: String,
    /// Whether the business can take it back by itself.
    reversible: bool,
    /// How sure the role is, in percent.
    confidence: u8,
    /// Why, for people.
    rationale: String,
    /// The rules that escalated it.
    rules: Vec<String>,
    /// When it becomes a veto.
    expires_at: String,
    /// The digest of the content that an answer is bound to.
    digest: String,
    /// What exactly would happen, mail and all.
    content: String,
    /// What the rules saw.
    note: Option<String>,
}

/// What an action costs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Cost {
    /// Money in dollars.
    money: f64,
    /// Whether that money exists only in the simulator.
    simulated: bool,
    /// Model tokens.
    tokens: u64,
    /// Messages to people.
    messages: u64,
}

/// An effect of which nobody knows whether it happened.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct Doubt {
    /// Its name.
    proposal: String,
    /// The task that it serves.
    task: String,
    /// Who proposed it.
    role: String,
    /// What kind of action it is.
    kind: String,
    /// What stays held until its owner says what became of it.
    held: Cost,
    /// The digest of the content.
    digest: String,
    /// What exactly would have happened.
    content: String,
    /// Why it is in doubt.
    note: Option<String>,
}
