//! What a business is launched with: everything in its first event.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::action::ActionKind;
use crate::blueprint::{Blueprint, Origin};
use crate::budget::{Cap, Caps};
use crate::draw::Seed;
use crate::id::BusinessId;
use crate::money::Cents;
use crate::time::{DAY_MS, SIMULATION_START, Timestamp};

/// Which world a business acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorldKind {
    /// A virtual clock and a market model.
    Simulated,
    /// Real inputs; effects are recorded and not sent.
    Shadow,
    /// The real world.
    Live,
}

impl WorldKind {
    /// The world's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            WorldKind::Simulated => "simulated",
            WorldKind::Shadow => "shadow",
            WorldKind::Live => "live",
        }
    }

    /// Whether time and money exist only in the simulator.
    pub const fn is_simulated(self) -> bool {
        matches!(self, WorldKind::Simulated)
    }
}

impl fmt::Display for WorldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How the roles think.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MindKind {
    /// Deterministic rules from the blueprint.
    Playbook,
    /// A language model.
    Llm,
}

impl MindKind {
    /// The mind's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            MindKind::Playbook => "playbook",
            MindKind::Llm => "llm",
        }
    }
}

/// How much a business may do without asking: 0 to 6.
///
/// 0 observe, 1 draft, 2 ask before every effect, 3 ask unless free and reversible, 4 ask above the per-action budget, 5 ask only what oversight
/// escalates, 6 full: an escalation that nobody answers becomes a veto. Model calls and reads are never asked about, only held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Autonomy(u8);

impl Autonomy {
    /// Watch only.
    pub const OBSERVE: Autonomy = Autonomy(0);
    /// Prepare, do not act.
    pub const DRAFT: Autonomy = Autonomy(1);
    /// Ask before every effect: where live businesses start.
    pub const ASK: Autonomy = Autonomy(2);
    /// Ask only what oversight escalates.
    pub const ESCALATE: Autonomy = Autonomy(5);
    /// Full autonomy: where simulated businesses start.
    pub const FULL: Autonomy = Autonomy(6);

    /// The level's number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A level that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("autonomy is 0 (observe) to 6 (full), not {0}")]
pub struct NoSuchLevel(u8);

impl TryFrom<u8> for Autonomy {
    type Error = NoSuchLevel;

    fn try_from(level: u8) -> Result<Self, NoSuchLevel> {
        if level <= 6 { Ok(Autonomy(level)) } else { Err(NoSuchLevel(level)) }
    }
}

impl From<Autonomy> for u8 {
    fn from(level: Autonomy) -> u8 {
        level.0
    }
}

/// The levels of a business: one for everything, and another where a kind of action has its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutonomyPlan {
    /// For every kind without an own level.
    pub base: Autonomy,
    /// By kind of action.
    pub by_kind: BTreeMap<ActionKind, Autonomy>,
}

impl AutonomyPlan {
    /// The level for a kind of action.
    pub fn level(&self, kind: ActionKind) -> Autonomy {
        self.by_kind.get(&kind).copied().unwrap_or(self.base)
    }
}

/// The hours of the business's time zone in which no advertising leaves: it waits until they are over. The law has them for calls and texts (47 C.F.R.
/// 64.1200(c)(1), 8 to 21 o'clock), decency for mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// The hour that they begin with, 0 to 23.
    pub from: u8,
    /// The hour that they end before, 0 to 23; there are none where it is that of the beginning.
    pub to: u8,
}

impl Default for QuietHours {
    fn default() -> Self {
        QuietHours { from: 21, to: 8 }
    }
}

impl QuietHours {
    /// No quiet hours.
    pub const NONE: QuietHours = QuietHours { from: 0, to: 0 };

    /// Whether an hour of the day, 0 to 23, is quiet.
    pub const fn contains(self, hour: u8) -> bool {
        if self.from <= self.to { self.from <= hour && hour < self.to } else { hour >= self.from || hour < self.to }
    }
}

/// Domains that nobody has (RFC 2606, RFC 6761).
const RESERVED_ENDS: [&str; 7] = [".example", ".test", ".invalid", ".localhost", "@example.com", "@example.org", "@example.net"];

/// Who signs the mails of a business. The law wants a real postal address and a way out in commercial mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// The name in the From field and under the mail.
    pub name: String,
    /// The From address.
    pub address: String,
    /// The postal address in the footer.
    pub postal_address: String,
    /// Where a recipient unsubscribes: an https or mailto address.
    pub unsubscribe: String,
}

impl Sender {
    /// The footer of every commercial mail.
    pub fn footer(&self) -> String {
        format!("--\n{}, {}\nUnsubscribe: {}", self.name, self.postal_address, self.unsubscribe)
    }

    /// Whether answers to the From address can arrive: it is an address, and at no domain reserved for documentation and tests.
    pub fn is_reachable(&self) -> bool {
        let from = self.address.trim().to_lowercase();
        from.contains('@') && !RESERVED_ENDS.iter().any(|end| from.ends_with(end))
    }

    /// The sender of simulated businesses, at a domain reserved for documentation (RFC 2606).
    pub fn simulated() -> Self {
        Sender {
            name: "Simulated Business".to_owned(),
            address: "hello@business.example".to_owned(),
            postal_address: "1 Model Street, Simulation".to_owned(),
            unsubscribe: "https://business.example/unsubscribe".to_owned(),
        }
    }
}

/// What a language-model mind, or the reviewer, may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// The model's name, as its provider knows it.
    pub model: String,
    /// The most tokens of one answer.
    pub max_answer_tokens: u32,
    /// The price of a million tokens, prompt and answer alike, rounded up to the dearer of the two.
    pub price_per_million_tokens: Cents,
}

impl Default for ModelSpec {
    fn default() -> Self {
        ModelSpec { model: "gpt-4o-mini".to_owned(), max_answer_tokens: 1024, price_per_million_tokens: Cents::new(60) }
    }
}

/// The versions of what decided in a business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versions {
    /// The rules by which the engine and the minds decide: [`crate::ENGINE_VERSION`].
    pub engine: u32,
    /// The market model: [`crate::market::VERSION`].
    pub market: u32,
    /// The charter: a digest of its policies' text.
    pub charter: String,
}

/// Everything that a business is launched with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// A template's name or the founder's own concept.
    pub origin: Origin,
    /// The figures and words that the playbooks work from.
    pub blueprint: Blueprint,
    /// The founder's name.
    pub founder: String,
    /// The world that it acts on.
    pub world: WorldKind,
    /// What all randomness is derived from.
    pub seed: Seed,
    /// Tells apart businesses that are launched with the same words; empty in simulated ones with playbook minds, which are functions of their seed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub nonce: String,
    /// The business's time zone, an IANA name.
    pub zone: String,
    /// When it starts.
    pub start: Timestamp,
    /// When it ends by itself; live businesses may have no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Timestamp>,
    /// How much it may do without asking.
    pub autonomy: Autonomy,
    /// Kinds of action for which another level holds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub autonomy_by_kind: BTreeMap<ActionKind, Autonomy>,
    /// Its hard caps.
    pub caps: Caps,
    /// When advertising waits for the morning.
    pub quiet_hours: QuietHours,
    /// How its roles think.
    pub mind: MindKind,
    /// The model, where minds use one.
    pub model: ModelSpec,
    /// The model that reads every text before it leaves, and may ask for the owner or veto; none, where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewer: Option<ModelSpec>,
    /// Who signs its mails.
    pub sender: Sender,
    /// Whether the owner has confirmed the [licences](Spec::licences) that it needs.
    pub licence_confirmed: bool,
    /// What decides in it.
    pub versions: Versions,
    /// The digest of what its simulated market was given ([`crate::market::Scenario`]), which stands beside the spec in the launch; absent where all was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
}

impl Spec {
    /// A simulated business of `days` days with the defaults of `bbb launch`.
    pub fn simulated(origin: Origin, blueprint: Blueprint, seed: Seed, days: u32) -> Spec {
        let months = i64::from(days).div_euclid(30) + 1;
        let budget = blueprint.startup_cost.plus(blueprint.expected_monthly_expenses.times(months));
        Spec {
            origin,
            founder: "Founder".to_owned(),
            world: WorldKind::Simulated,
            seed,
            nonce: String::new(),
            zone: "UTC".to_owned(),
            start: SIMULATION_START,
            end: Some(SIMULATION_START.plus_ms(i64::from(days) * DAY_MS)),
            autonomy: Autonomy::FULL,
            autonomy_by_kind: BTreeMap::new(),
            caps: Caps {
                real_money: Cap::of(Cents::ZERO),
                simulated_money: Cap { action: budget.percent(25), day: budget.percent(25), ..Cap::of(budget) },
                tokens: Cap::of(0),
                messages: Cap { action: 1, day: 200, month: 200 * 31, total: 200 * u64::from(days.max(1)) },
                ask_above: Cents::from_dollars(500),
            },
            quiet_hours: QuietHours::default(),
            mind: MindKind::Playbook,
            model: ModelSpec::default(),
            reviewer: None,
            sender: Sender::simulated(),
            licence_confirmed: true,
            versions: Versions { engine: crate::ENGINE_VERSION, market: crate::market::VERSION, charter: String::new() },
            market: None,
            blueprint,
        }
    }

    /// The business's id: a digest of the whole spec.
    pub fn id(&self) -> BusinessId {
        BusinessId::derive(&blake3::hash(&serde_json::to_vec(self).unwrap_or_default()))
    }

    /// The licences that it needs: the blueprint's, and those of the trades that the owner's words name. None is no advice that none is needed.
    pub fn licences(&self) -> Vec<&str> {
        let named = crate::oversight::content::licences(self);
        self.blueprint.licence.as_deref().into_iter().chain(named).collect()
    }

    /// Whole days that the business is planned to run, at least one; none where it has no end.
    pub fn days(&self) -> Option<i64> {
        self.end.map(|end| (end.since(self.start) + DAY_MS - 1).div_euclid(DAY_MS).max(1))
    }
}
