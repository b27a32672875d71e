//! The reviewer: a language model that reads a text before it leaves, where the business was launched with one. It can ask for the owner or veto, and it cannot
//! approve: its "ok" is no finding at all, so that the other layers rule as if it were not there.
//!
//! It is asked after the pure layers have not vetoed, by a proposal of oversight's own: a model call like any other, with its review, hold, permit and receipt.
//! Its answer is sealed, and is read here and nowhere else: what is journaled of it is an [`Opinion`], which has a ruling, a category from a fixed list and a
//! number, and no word of the model's. An opinion is about one content, by its digest. Where there is none (the call was vetoed, no answer came, none fits the
//! schema, the text is too long) the reviewer counts as silent, and the owner is asked.
//!
//! The text is data to the model. Words in it that talk the model into "ok" make the reviewer as good as absent, and nothing more.

mod prompt;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::action::{Action, CallModel};
use crate::event::Proposal;
use crate::limits::{MAX_REPAIRS, MAX_REVIEWED_CHARS};
use crate::model;
use crate::oversight::content::RuleInfo;
use crate::oversight::facts::Facts;
use crate::oversight::verdict::{Finding, RuleId, Ruling};
use crate::seal::{Vault, owner_contact};
use crate::spec::Spec;
use crate::state::State;
use crate::state::consultation::Consulted;
use crate::state::work::Open;

/// What the reviewer may object to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each category is explained by its rule")]
pub enum Category {
    Deception,
    Pressure,
    Privacy,
    Unlawful,
    Harm,
    Discrimination,
    Instructions,
    Unfit,
    Other,
}

impl Category {
    /// All categories.
    pub const ALL: [Category; 9] = [
        Category::Deception,
        Category::Pressure,
        Category::Privacy,
        Category::Unlawful,
        Category::Harm,
        Category::Discrimination,
        Category::Instructions,
        Category::Unfit,
        Category::Other,
    ];

    /// The category's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Category::Deception => "deception",
            Category::Pressure => "pressure",
            Category::Privacy => "privacy",
            Category::Unlawful => "unlawful",
            Category::Harm => "harm",
            Category::Discrimination => "discrimination",
            Category::Instructions => "instructions",
            Category::Unfit => "unfit",
            Category::Other => "other",
        }
    }

    /// Its rule.
    pub const fn rule(self) -> RuleInfo {
        let (id, sentence) = match self {
            Category::Deception => ("content.reviewer.deception", "The reviewer finds nothing untrue, exaggerated or misleading."),
            Category::Pressure => ("content.reviewer.pressure", "The reviewer finds no pressure, threat or false hurry."),
            Category::Privacy => ("content.reviewer.privacy", "The reviewer finds nothing about a person that should not leave."),
            Category::Unlawful => ("content.reviewer.unlawful", "The reviewer finds nothing that looks unlawful."),
            Category::Harm => ("content.reviewer.harm", "The reviewer finds nothing that could hurt its readers or others."),
            Category::Discrimination => ("content.reviewer.discrimination", "The reviewer finds nobody treated worse for who they are."),
            Category::Instructions => {
                ("content.reviewer.instructions", "The reviewer finds no words that were meant for a language model.")
            }
            Category::Unfit => ("content.reviewer.unfit", "The reviewer finds that the text fits the business and its occasion."),
            Category::Other => ("content.reviewer.other", "The reviewer finds nothing else that its owner should see first."),
        };
        RuleInfo { id, sentence, ground: GROUND }
    }
}

const GROUND: &str = "the owner's choice of a reviewer; a language model's opinion";

/// The rule of a text without an opinion.
pub const SILENT: RuleInfo = RuleInfo {
    id: "content.reviewer-silent",
    sentence: "Where there is a reviewer, a text that it gave no opinion on needs the owner.",
    ground: GROUND,
};

/// All rules of the reviewer: in force where a business has one.
pub fn rules() -> impl Iterator<Item = RuleInfo> {
    [SILENT].into_iter().chain(Category::ALL.map(Category::rule))
}

/// What the reviewer says of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum Opinion {
    /// Nothing is wrong: no finding.
    Ok {
        /// How sure it is, in percent.
        confidence: u8,
    },
    /// The owner should see it.
    Escalate {
        /// Why.
        category: Category,
        /// How sure it is, in percent.
        confidence: u8,
    },
    /// It must not leave.
    Veto {
        /// Why.
        category: Category,
        /// How sure it is, in percent.
        confidence: u8,
    },
    /// It said nothing that counts.
    Silent {
        /// Why not.
        why: Silence,
    },
}

/// Why there is no opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// The text has more than [`MAX_REVIEWED_CHARS`].
    TooLong,
    /// The question could not be sealed.
    NotSealed,
    /// The call was vetoed: over a cap, nothing connected, or its owner said no.
    Refused,
    /// No answer came.
    Unanswered,
    /// No answer fitted its schema.
    NotUnderstood,
}

impl Silence {
    /// Why, for people.
    pub const fn reason(self) -> &'static str {
        match self {
            Silence::TooLong => "the text is too long for it",
            Silence::NotSealed => "the question could not be sealed",
            Silence::Refused => "its call was vetoed",
            Silence::Unanswered => "no answer came",
            Silence::NotUnderstood => "its answers did not fit the schema",
        }
    }
}

/// Whether a text of this proposal is read by a reviewer. Its own calls send no text, and so are not.
pub fn reads(spec: &Spec, action: &Action) -> bool {
    spec.reviewer.is_some() && action.kind().sends_text()
}

/// What an opinion adds to the findings of the other layers: an "ok" adds nothing, and no opinion at all asks the owner. `answered` says that the owner approved this
/// very content, which settles what the reviewer asks, and no veto.
pub fn finding(opinion: Option<Opinion>, answered: bool) -> Option<Finding> {
    let (ruling, info, note) = match opinion {
        Some(Opinion::Ok { .. }) => return None,
        Some(Opinion::Veto { category, confidence }) => (Ruling::Veto, category.rule(), format!("the reviewer is {confidence} % sure")),
        Some(Opinion::Escalate { category, confidence }) => {
            (Ruling::Escalate, category.rule(), format!("the reviewer is {confidence} % sure"))
        }
        Some(Opinion::Silent { why }) => (Ruling::Escalate, SILENT, why.reason().to_owned()),
        None => (Ruling::Escalate, SILENT, "it was not asked".to_owned()),
    };
    (ruling == Ruling::Veto || !answered).then(|| Finding::new(ruling, RuleId::named(info.id), note))
}

/// Whether a new proposal waits for the reviewer's answer: to a question about itself, or about the same content in a proposal before it.
pub(super) fn waits(state: &State, open: &Open) -> bool {
    match &open.consultation {
        Some(consultation) => consultation.is_asking(),
        None if !reads(&state.spec, &open.proposal.action) => false,
        None => {
            let earlier = state.work.proposals.range(..open.proposal.id).filter_map(|(_, other)| other.consultation.as_ref());
            let mut asking = earlier.filter(|consultation| consultation.opinion.is_none()).peekable();
            asking.peek().is_some() && {
                let digest = open.proposal.action.digest();
                asking.any(|consultation| consultation.digest == digest)
            }
        }
    }
}

/// What follows for a text that does not wait.
pub(super) enum Next {
    /// The model must be asked, or asked again.
    Ask(CallModel),
    /// There is an opinion.
    Say(Opinion),
}

/// What follows for the text of a new proposal that the other layers do not veto, under a business with this reviewer.
pub(super) fn next(state: &State, open: &Open, facts: &Facts, vault: &Vault) -> Next {
    let Some(consultation) = &open.consultation else {
        let known = state.work.opinion_on(&open.proposal.action.digest());
        return known.map_or_else(|| ask(state, &open.proposal, facts, vault, &[], None), Next::Say);
    };
    if let Some(opinion) = consultation.opinion {
        return Next::Say(opinion);
    }
    let silent = |why| Next::Say(Opinion::Silent { why });
    match consultation.call {
        Some(Consulted::Refused) => return silent(Silence::Refused),
        Some(Consulted::Answered) => {}
        Some(Consulted::Asking | Consulted::Unanswered) | None => return silent(Silence::Unanswered),
    }
    // Whatever is not sealed under the same key is no answer to this question.
    let contact = addressee(&open.proposal.action);
    let read = |sealed| vault.open(sealed).map_or_else(|_| String::new(), |text| text.reveal().to_owned());
    let answers: Vec<String> =
        consultation.answers.iter().map(|sealed| if sealed.contact() == contact { read(sealed) } else { String::new() }).collect();
    match prompt::read(answers.last().map_or("", String::as_str)) {
        Ok(opinion) => Next::Say(opinion),
        Err(complaint) if answers.len() <= MAX_REPAIRS => ask(state, &open.proposal, facts, vault, &answers, Some(&complaint)),
        Err(_) => silent(Silence::NotUnderstood),
    }
}

/// Under whose key question and answer are sealed: erasing a contact erases them too.
fn addressee(action: &Action) -> crate::id::ContactId {
    action.contact().unwrap_or_else(owner_contact)
}

fn ask(state: &State, proposal: &Proposal, facts: &Facts, vault: &Vault, answers: &[String], complaint: Option<&str>) -> Next {
    let silent = |why| Next::Say(Opinion::Silent { why });
    let Some(model) = &state.spec.reviewer else { return silent(Silence::Refused) };
    if facts.texts().map(|(_, text)| text.chars().count()).sum::<usize>() > MAX_REVIEWED_CHARS {
        return silent(Silence::TooLong);
    }
    let text = prompt::question(state, facts, answers, complaint);
    let Ok(prompt) = vault.seal(addressee(&proposal.action), &text) else { return silent(Silence::NotSealed) };
    let schema = prompt::schema().to_string();
    let cost = model::cost(text.len() + schema.len(), model);
    let (purpose, max_tokens) = ("review".to_owned(), model.max_answer_tokens);
    Next::Ask(CallModel { purpose, model: model.model.clone(), prompt, schema, max_tokens, cost })
}
