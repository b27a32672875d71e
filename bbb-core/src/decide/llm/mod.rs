//! The language-model mind: a model chooses among the options that the playbook sees, and may rewrite their words.
//!
//! The model can never widen what a role may do: it names options by their key and fills text fields, nothing else; recipients, prices, amounts and
//! kinds of action stay the playbook's. Its calls are proposals like any other, with review, hold and permit. What it answers is checked against a
//! JSON schema; an answer that does not fit is sent back with the error, [`MAX_REPAIRS`] times at most. Text from outside is marked as untrusted in the
//! prompt and cut.
//!
//! Options about a contact are asked about one contact at a time, and prompt and answer are sealed under that contact's key, so that erasing the contact
//! erases them too. What a model says is repeated nowhere else: a reason that is journaled names the schema's rule that an answer broke, not the answer.

mod answer;
mod prompt;

use std::collections::BTreeMap;

use crate::action::{CallModel, PromptPart, Speaker};
use crate::decide::llm::answer::Choice;
use crate::decide::playbook::Playbook;
use crate::decide::view::View;
use crate::decide::{Decision, Draft, Mind};
use crate::id::ContactId;
use crate::limits::{MAX_CONTACTS_PER_THOUGHT, MAX_MODEL_CALLS_PER_ATTEMPT, MAX_REPAIRS};
use crate::model::{self, Complaint};
use crate::seal::owner_contact;
use crate::task::{NewTask, Task};

/// A mind that asks a language model.
#[derive(Debug, Clone, Copy, Default)]
pub struct LlmMind;

/// Something that a model may choose.
#[derive(Debug, Clone)]
pub(super) enum Candidate {
    /// An action.
    Draft(Draft),
    /// A task to create; only in plans.
    Order(NewTask),
}

impl Candidate {
    /// The name by which a model chooses it: stable while the option exists, and not to be guessed from another one.
    pub(super) fn key(&self) -> String {
        match self {
            Candidate::Draft(draft) => draft.action.digest().to_string()[..8].to_owned(),
            Candidate::Order(order) => match order.channel {
                Some(channel) => format!("{}:{channel}", order.kind),
                None => order.kind.to_string(),
            },
        }
    }

    fn contact(&self) -> ContactId {
        match self {
            Candidate::Draft(draft) => draft.action.contact().unwrap_or_else(owner_contact),
            Candidate::Order(_) => owner_contact(),
        }
    }
}

/// What is asked in one conversation: the options about one contact, or all that are about none.
struct Question<'a> {
    contact: ContactId,
    candidates: Vec<&'a Candidate>,
    /// The model's answers so far, oldest first.
    answers: Vec<String>,
}

/// Where a conversation stands.
enum Standing {
    /// The model must be asked (again, where a complaint is given).
    Ask(Option<Complaint>),
    /// The model chose.
    Chosen(Vec<Choice>),
    /// The model did not manage to answer. Why goes into the journal in the clear, so it quotes nothing.
    Failed(String),
}

impl Mind for LlmMind {
    fn decide(&self, view: &View<'_>, task: &Task) -> Decision {
        let candidates: Vec<Candidate> = match Playbook.decide(view, task) {
            Decision::Propose(drafts) => drafts.into_iter().map(Candidate::Draft).collect(),
            Decision::Plan(orders) if orders.is_empty() => return Decision::Plan(orders),
            Decision::Plan(orders) => orders.into_iter().map(Candidate::Order).collect(),
            Decision::GiveUp(reason) => return Decision::GiveUp(reason),
        };
        let questions = questions(view, task, &candidates);
        let mut calls = Vec::new();
        let mut chosen = Vec::new();
        let mut failed = Vec::new();
        for question in &questions {
            match question.standing() {
                Standing::Ask(complaint) => calls.extend(question.call(view, task, complaint)),
                Standing::Chosen(choices) => chosen.extend(choices.into_iter().filter_map(|choice| question.find(choice))),
                Standing::Failed(reason) => failed.push(reason),
            }
        }
        if !calls.is_empty() {
            let left = MAX_MODEL_CALLS_PER_ATTEMPT.saturating_sub(task.calls);
            calls.truncate(usize::try_from(left).unwrap_or(0));
            let over = "the model was asked as often as one attempt allows".to_owned();
            return if calls.is_empty() { Decision::GiveUp(over) } else { Decision::Propose(calls) };
        }
        carry_out(view, chosen, failed)
    }
}

/// The conversations of a task, in the order of their contacts.
fn questions<'a>(view: &View<'_>, task: &Task, candidates: &'a [Candidate]) -> Vec<Question<'a>> {
    let mut by_contact: BTreeMap<ContactId, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        by_contact.entry(candidate.contact()).or_default().push(candidate);
    }
    let answers_of = |contact: ContactId| {
        let sealed = task.answers.iter().filter(move |answer| answer.contact() == contact);
        sealed.filter_map(|answer| Some(view.open(answer).ok()?.reveal().to_owned())).collect()
    };
    let bounded = by_contact.into_iter().take(MAX_CONTACTS_PER_THOUGHT);
    bounded.map(|(contact, candidates)| Question { contact, candidates, answers: answers_of(contact) }).collect()
}

impl<'a> Question<'a> {
    fn schema(&self) -> serde_json::Value {
        answer::schema(&self.candidates.iter().map(|candidate| candidate.key()).collect::<Vec<_>>())
    }

    fn standing(&self) -> Standing {
        let Some(last) = self.answers.last() else { return Standing::Ask(None) };
        match answer::parse(last, &self.schema()) {
            Ok(choices) => Standing::Chosen(choices),
            Err(complaint) if self.answers.len() <= MAX_REPAIRS => Standing::Ask(Some(complaint)),
            Err(complaint) => Standing::Failed(complaint.bare),
        }
    }

    /// The chosen option; one that is gone meanwhile is dropped.
    fn find(&self, choice: Choice) -> Option<(&'a Candidate, Choice)> {
        let candidate = self.candidates.iter().find(|candidate| candidate.key() == choice.option)?;
        Some((candidate, choice))
    }

    /// The model call that asks this; nothing where the prompt cannot be sealed, because the contact was erased or the prompt is too long.
    fn call(&self, view: &View<'_>, task: &Task, complaint: Option<Complaint>) -> Option<Draft> {
        let mut parts = prompt::parts(view, task, &self.candidates, self.contact);
        for answer in &self.answers {
            parts.push(PromptPart { speaker: Speaker::Assistant, text: answer.chars().take(model::MAX_ANSWER_CHARS).collect() });
        }
        if let Some(complaint) = complaint {
            parts.push(PromptPart { speaker: Speaker::User, text: model::complaint(&complaint.quoting) });
        }
        let text = serde_json::to_string(&parts).ok()?;
        let schema = self.schema().to_string();
        let spec = &view.spec().model;
        let cost = model::cost(text.len() + schema.len(), spec);
        let call = CallModel {
            purpose: task.order.kind.to_string(),
            model: spec.model.clone(),
            prompt: view.seal(self.contact, &text).ok()?,
            schema,
            max_tokens: spec.max_answer_tokens,
            cost,
        };
        Some(Draft::new(call, 90, format!("a model chooses how to {}", task.order.kind)))
    }
}

fn carry_out(view: &View<'_>, chosen: Vec<(&Candidate, Choice)>, failed: Vec<String>) -> Decision {
    let mut drafts = Vec::new();
    let mut orders = Vec::new();
    for (candidate, choice) in chosen {
        match candidate {
            Candidate::Draft(draft) => drafts.extend(answer::rewrite(view, draft, &choice)),
            Candidate::Order(order) => {
                let priority =
                    choice.priority.map_or(order.priority, |priority| u8::try_from(priority.clamp(0, 100)).unwrap_or(order.priority));
                orders.push(NewTask { priority, ..order.clone() });
            }
        }
    }
    match (drafts.is_empty(), orders.is_empty(), failed.first()) {
        (false, ..) => Decision::Propose(drafts),
        (_, false, _) => Decision::Plan(orders),
        (_, _, Some(reason)) => Decision::GiveUp(format!("the model's answer did not fit: {reason}")),
        (_, _, None) => Decision::GiveUp("the model chose none of the options".to_owned()),
    }
}
