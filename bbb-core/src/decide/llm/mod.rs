//! The language-model mind: a model chooses among the options that the playbook sees, and may rewrite their words.
//!
//! The model can never widen what a role may do: it names options by their key and fills text fields, nothing else; recipients, prices, amounts and
//! kinds of action stay the playbook's. Its calls are proposals like any other, with review, hold and permit. What it answers is checked against a
//! JSON schema; an answer that does not fit is sent back with the error, [`MAX_REPAIRS`] times at most. Text from outside is marked as untrusted in the
//! prompt and cut.
//!
//! A model that says nothing which counts stops no business: where its answers never fit, where no answer comes, and where a question is over what is left of the
//! day's tokens or money, the playbook decides alone, and the journal says why ([`Decision::Unadvised`]). A model that chooses nothing is heard: nothing is done.
//!
//! There is no chat that grows: every question is put together anew from the state, with figures of the last week from the history, and of what was said before it has
//! the newest answer that did not fit, and nothing else.
//!
//! Options about a contact are asked about one contact at a time, and prompt and answer are sealed under that contact's key, so that erasing the contact
//! erases them too. What a model says is repeated nowhere else: a reason that is journaled names the schema's rule that an answer broke, not the answer.

mod answer;
mod prompt;

use std::collections::BTreeMap;

use crate::action::{CallModel, PromptPart, Speaker};
use crate::budget::{Resource, Window};
use crate::decide::llm::answer::Choice;
use crate::decide::playbook::Playbook;
use crate::decide::view::View;
use crate::decide::{Decision, Draft, Mind};
use crate::id::ContactId;
use crate::limits::{MAX_CONTACTS_PER_THOUGHT, MAX_MODEL_CALLS_PER_ATTEMPT, MAX_QUESTION_BYTES, MAX_REPAIRS};
use crate::model::{self, Complaint};
use crate::seal::owner_contact;
use crate::task::{NewTask, Step, Task, TaskStatus};

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

    /// The choice of it as it is.
    fn unchanged(&self) -> Choice {
        Choice { option: self.key(), subject: None, text: None, priority: None }
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
            nothing @ (Decision::GiveUp(_) | Decision::Unadvised { .. }) => return nothing,
        };
        let questions = questions(view, task, &candidates);
        let answered: usize = questions.iter().map(|question| question.answers.len()).sum();
        let is_silent = usize::try_from(task.calls).is_ok_and(|calls| calls > answered);
        let mut room = Room::of(view, task);
        let (mut calls, mut chosen, mut alone) = (Vec::new(), Vec::new(), Vec::new());
        let mut reason = None;
        let mut left_alone = |question: &Question<'_>, why: String| {
            alone.extend(question.candidates.iter().map(|candidate| candidate.unchanged()).map(|choice| (question.contact, choice)));
            reason.get_or_insert(why);
        };
        for question in &questions {
            match question.standing() {
                Standing::Chosen(choices) => chosen.extend(choices.into_iter().filter_map(|choice| question.find(choice))),
                Standing::Failed(why) => left_alone(question, format!("the model's answer did not fit: {why}")),
                Standing::Ask(_) if is_silent => left_alone(question, "the model gave no answer".to_owned()),
                Standing::Ask(complaint) => match question.call(view, task, complaint) {
                    // The contact was erased meanwhile.
                    None => {}
                    Some(call) => match call.and_then(|call| room.take(&call).map(|()| call)) {
                        Ok(call) => calls.push(call),
                        Err(why) => left_alone(question, why.to_owned()),
                    },
                },
            }
        }
        if !calls.is_empty() {
            // What found no room may find some when these have ended.
            return Decision::Propose(calls);
        }
        let of_contact = |contact: ContactId| questions.iter().find(move |question| question.contact == contact);
        chosen.extend(alone.into_iter().filter_map(|(contact, choice)| of_contact(contact)?.find(choice)));
        let decision = carry_out(view, chosen);
        match reason {
            Some(reason) => Decision::Unadvised { reason, decision: Box::new(decision) },
            None => decision,
        }
    }
}

/// What one decision may use of the budgets for calls. Other tasks decide at the same time about the same state, and what they will hold is not seen here. So as much
/// is left for each that is before this one as this one takes with its first call, and further calls take of a part of the rest.
struct Room {
    calls: u32,
    simulated: bool,
    action: [u64; 2],
    left: [u64; 2],
    /// Tasks with a lower number that decide now.
    ahead: u64,
    first: bool,
}

impl Room {
    const RESOURCES: [Resource; 2] = [Resource::Tokens, Resource::RealMoney];
    /// Which part of what is left the calls of one decision may take.
    const PART: u64 = 4;

    fn of(view: &View<'_>, task: &Task) -> Room {
        let left = |resource| {
            let left = [Window::Day, Window::Month, Window::Total].map(|window| view.left_of(resource, window));
            left.into_iter().min().unwrap_or(0)
        };
        let decides = |other: &&Task| other.status == TaskStatus::InProgress && other.step == Step::Decide && other.id < task.id;
        Room {
            ahead: view.work().tasks.values().filter(decides).count() as u64,
            calls: MAX_MODEL_CALLS_PER_ATTEMPT.saturating_sub(task.calls),
            simulated: view.spec().world.is_simulated(),
            action: Room::RESOURCES.map(|resource| view.left_of(resource, Window::Action)),
            left: Room::RESOURCES.map(left),
            first: true,
        }
    }

    /// Takes what a call may cost at most; or says what there is not enough of.
    fn take(&mut self, call: &Draft) -> Result<(), &'static str> {
        let cost = call.action.worst_case(self.simulated);
        let wanted = Room::RESOURCES.map(|resource| resource.taken_by(&cost));
        if self.calls == 0 {
            return Err("the model was asked as often as one attempt allows");
        }
        if self.first {
            self.left = [0, 1].map(|index| self.left[index].saturating_sub(wanted[index].saturating_mul(self.ahead)));
        }
        for index in 0..2 {
            if wanted[index] > self.left[index] || wanted[index] > self.action[index] {
                return Err(["asking the model takes more tokens than are left", "asking the model takes more money than is left"][index]);
            }
        }
        if self.first {
            self.left = self.left.map(|left| left / Room::PART);
        }
        self.left = [0, 1].map(|index| self.left[index].saturating_sub(wanted[index]));
        self.calls -= 1;
        self.first = false;
        Ok(())
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

    /// The model call that asks this, or why it is not asked; nothing where the prompt cannot be sealed, because the contact was erased.
    fn call(&self, view: &View<'_>, task: &Task, complaint: Option<Complaint>) -> Option<Result<Draft, &'static str>> {
        let mut parts = prompt::parts(view, task, &self.candidates, self.contact);
        // The newest alone: what the model said before that was complained of already.
        if let Some(answer) = self.answers.last() {
            parts.push(PromptPart { speaker: Speaker::Assistant, text: answer.chars().take(model::MAX_ANSWER_CHARS).collect() });
        }
        if let Some(complaint) = complaint {
            parts.push(PromptPart { speaker: Speaker::User, text: model::complaint(&complaint.quoting) });
        }
        let text = serde_json::to_string(&parts).ok()?;
        let schema = self.schema().to_string();
        if text.len() + schema.len() > MAX_QUESTION_BYTES {
            return Some(Err("the question is too long for a model"));
        }
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
        Some(Ok(Draft::new(call, 90, format!("a model chooses how to {}", task.order.kind))))
    }
}

fn carry_out(view: &View<'_>, chosen: Vec<(&Candidate, Choice)>) -> Decision {
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
    match (drafts.is_empty(), orders.is_empty()) {
        (false, _) => Decision::Propose(drafts),
        (_, false) => Decision::Plan(orders),
        (true, true) => Decision::GiveUp("the model chose none of the options".to_owned()),
    }
}
