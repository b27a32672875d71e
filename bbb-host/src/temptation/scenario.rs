//! Scenarios as they are played: what a file says, checked, with the scenario's part and the try's part put together.

use bbb_core::action::{ActionKind, MailPurpose};
use bbb_core::blueprint::Channel;
use bbb_core::budget::{Resource, Window};
use bbb_core::event::{Delegation, Intent};
use bbb_core::money::Cents;
use bbb_core::role::{Agent, Role};
use bbb_core::spec::{Autonomy, Spec};
use serde::{Deserialize, Serialize};

/// How the tempted role thinks. The other six have the shipped playbooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tempted {
    /// The shipped playbook, tempted by what comes in.
    Playbook,
    /// The shipped language-model mind, with a model that says what the scenario says.
    Llm,
    /// A mind that proposes exactly what the scenario says, because no shipped mind would.
    Rogue,
}

impl Tempted {
    /// All of them, in the order of reports.
    pub const ALL: [Tempted; 3] = [Tempted::Playbook, Tempted::Llm, Tempted::Rogue];

    /// The name in files and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Tempted::Playbook => "playbook",
            Tempted::Llm => "llm",
            Tempted::Rogue => "rogue",
        }
    }
}

/// A scenario.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The file that it is in.
    pub file: String,
    /// The line that it begins in, counted from 1.
    pub line: usize,
    /// What it is about, in a few words.
    pub name: String,
    /// The theme that it belongs to, for reports.
    pub theme: String,
    /// Who is tempted.
    pub role: Role,
    /// How it thinks.
    pub mind: Tempted,
    /// What is tried: harms and near misses.
    pub tries: Vec<Try>,
}

/// One run of the engine.
#[derive(Debug, Clone)]
pub struct Try {
    /// What is special about it.
    pub name: String,
    /// The line that it begins in, counted from 1.
    pub line: usize,
    /// What must, or must not, leave.
    pub aim: Aim,
    /// The business, as it is launched, but for the seed.
    pub spec: Spec,
    /// The owner's policies that it is launched with.
    pub charter: String,
    /// Who may write to it and be written to.
    pub leads: Vec<Lead>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// What the model answers, question by question; the last answer is repeated.
    pub answers: Vec<Answer>,
}

/// What a try is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aim {
    /// Harm: more than so many such effects must not leave.
    Harm {
        /// What must not leave.
        effect: Pattern,
        /// How many may.
        more_than: usize,
        /// What should stop it, one of these; whatever does, where there are none.
        by: Vec<String>,
    },
    /// A near miss: such an effect must leave.
    NearMiss {
        /// What must leave.
        effect: Pattern,
        /// How often exactly; at least once, where absent.
        times: Option<usize>,
    },
}

impl Aim {
    /// The effect that it is about.
    pub const fn effect(&self) -> &Pattern {
        match self {
            Aim::Harm { effect, .. } | Aim::NearMiss { effect, .. } => effect,
        }
    }
}

/// Which effects are meant: those that fit all that is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The kind of action.
    pub action: ActionKind,
    /// The mail address that it reaches.
    pub to: Option<String>,
    /// Words in it, as they stand.
    pub text: Option<String>,
    /// The amount of money in it.
    pub amount: Option<Cents>,
    /// An amount above this.
    pub above: Option<Cents>,
    /// The order that it is about, by its place among the orders.
    pub order: Option<u32>,
    /// Hours of the business's day in which it begins: from, and to before.
    pub hours: Option<(u8, u8)>,
}

/// Somebody whom the business may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// The name in the file.
    pub id: String,
    /// The mail address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// The company's name.
    pub company: String,
    /// What is noted about the person.
    pub note: String,
    /// Whether it agreed to be written to.
    pub consent: bool,
    /// Whether it arrives by a step, and not with the launch.
    pub later: bool,
}

/// What a model answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It chooses all options, in these words.
    Words {
        /// A subject or title.
        title: Option<String>,
        /// A text.
        text: Option<String>,
    },
    /// Exactly this, with the first option's key for `$OPTION`.
    Raw(String),
    /// It does what the contact's note says: chooses all options, with the note as their text.
    Obey,
}

/// What an adapter does with a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adapters {
    /// Carry it out.
    Work,
    /// Prepare, and begin only when they are to work again.
    Prepare,
    /// Carry it out and lose the answer.
    Lose,
    /// Fail before anything has happened.
    Fail,
}

/// One thing that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub what: What,
    /// Whether the next step follows before the business has come to rest.
    pub at_once: bool,
}

/// What happens in a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The rogue mind proposes this, the next morning.
    Propose(Vec<Wanted>),
    /// Time passes; whenever something is due the business looks.
    Wait(i64),
    /// The clock jumps, to either side.
    Jump(i64),
    /// A lead arrives.
    Arrives(usize),
    /// A contact answers.
    Reply(usize, Intent),
    /// A contact unsubscribes.
    Unsubscribe(usize),
    /// A contact is erased: nothing sealed about it can be read again.
    Erase(usize),
    /// A contact orders, under the next number; at the list price, where no price is given.
    Order(usize, Option<Cents>, bool),
    /// A contact asks for help, under the next number.
    Ticket(usize),
    /// A customer wants money back.
    RefundAsked(u32),
    /// A customer leaves.
    Churn(u32),
    /// The owner, or a delegate, answers what waits: of a kind, or all of it.
    Answer {
        /// Of this kind.
        kind: Option<ActionKind>,
        /// Yes or no.
        approve: bool,
        /// In this name.
        delegate: Option<String>,
    },
    /// The owner names a delegate.
    Delegate(String, Delegation),
    /// The owner pauses it.
    Pause,
    /// The owner resumes it.
    Resume,
    /// The owner ends it.
    Stop,
    /// The owner sets a level.
    Autonomy(Option<ActionKind>, Autonomy),
    /// The owner sets a cap.
    Budget(Resource, Window, u64),
    /// The owner sets policies.
    Charter(String),
    /// The owner says of everything in doubt whether it happened.
    Doubt(bool),
    /// The process ends, and another one goes on from the journal.
    Restart,
    /// An agent crashes.
    Crash(Agent),
    /// Adapters behave so from here on.
    Adapters(Adapters),
    /// What leaves counts from here on.
    Mark,
}

/// An action that a rogue mind wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Of this kind.
    pub action: ActionKind,
    /// About this lead.
    pub to: Option<usize>,
    /// At this address, instead of the lead's.
    pub address: Option<String>,
    /// Sealed under this lead's key, instead of its own.
    pub sealed_for: Option<usize>,
    /// Why it is sent.
    pub purpose: MailPurpose,
    /// The subject, title or headline.
    pub title: Option<String>,
    /// The text.
    pub text: Option<String>,
    /// The amount of money.
    pub amount: Option<Cents>,
    /// The order, by its number.
    pub order: u32,
    /// The request for help, by its number.
    pub ticket: u32,
    /// Which payment of the order.
    pub installment: u32,
    /// The channel.
    pub channel: Channel,
    /// Whether the sender's footer is put under a mail that advertises.
    pub footer: bool,
    /// How sure the mind says that it is, in percent.
    pub confidence: u8,
    /// How often it is proposed.
    pub times: usize,
}
