//! A small business to try rules on: one contact that agreed, one paid order, one open request for help.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::action::{
    Action, ActionKind, AnswerTicket, CallModel, CollectPayment, DeliverOrder, MailPurpose, Message, PayBill, PublishPost, QualifyLeads,
    RefundPayment, RunAds, SendEmail, SetPrice, StudyMarket,
};
use crate::blueprint::{self, Channel};
use crate::draw::Seed;
use crate::event::{Event, Outcome, Payload, Profile, Proposal, Recovery, Signal};
use crate::id::{BusinessId, ContactId, OrderId, ProposalId, TaskId, TicketId};
use crate::money::{Amount, Cents};
use crate::oversight::facts::Facts;
use crate::oversight::verdict::{Finding, RuleId, Ruling, Verdict};
use crate::receipt::{BillReceipt, MailReceipt, PaymentReceipt};
use crate::role::Role;
use crate::seal::{self, DerivedKeys, Vault};
use crate::spec::Spec;
use crate::state::State;
use crate::state::contacts::Contact;
use crate::state::filed::Changing;
use crate::state::orders::Order;
use crate::task::{NewTask, TaskKind};
use crate::time::{DAY_MS, Timestamp};

pub(crate) const ORDER: OrderId = OrderId::new(0);
pub(crate) const TICKET: TicketId = TicketId::new(0);
pub(crate) const EMAIL: &str = "ada@customer.example";

/// What a future that does not wait comes to, as those of a store in memory.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

pub(crate) struct Scene {
    pub(crate) state: State,
    pub(crate) vault: Vault,
    pub(crate) contact: ContactId,
}

impl Scene {
    /// A simulated business that needs no licence.
    pub(crate) fn new() -> Scene {
        Scene::with("podcast-production-studio", |_| ())
    }

    /// A simulated business of this template, with a changed spec.
    pub(crate) fn with(slug: &str, edit: impl FnOnce(&mut Spec)) -> Scene {
        let (origin, blueprint) = blueprint::resolve(slug).expect("a template's slug");
        let mut spec = Spec::simulated(origin, blueprint, Seed::new(1), 90);
        edit(&mut spec);
        let launch =
            Event { sequence: 1, at: spec.start, cause: 0, payload: Payload::Launched { spec: Box::new(spec.clone()), market: None } };
        let state = State::launch(BusinessId::derive(&blake3::hash(b"scene")), &launch).expect("a launch");
        let vault = Vault::new(Arc::new(DerivedKeys::new(spec.seed)));
        let contact = vault.contact_id(EMAIL);
        let mut scene = Scene { state, vault, contact };
        scene.lead(EMAIL, true);
        let price = scene.state.trade.price;
        scene.signal(Signal::OrderPlaced { order: ORDER, contact, price, monthly: false });
        scene.signal(Signal::TicketOpened { ticket: TICKET, contact });
        scene.order().payments = 1;
        scene.state.now = scene.state.now.plus_ms(10 * DAY_MS);
        scene
    }

    pub(crate) fn apply(&mut self, payload: Payload) {
        let event = Event { sequence: self.state.sequence + 1, at: self.state.now, cause: 0, payload };
        self.state.apply(&event).expect("an event that fits");
    }

    pub(crate) fn signal(&mut self, signal: Signal) {
        self.apply(Payload::Received { source: "test".to_owned(), external_id: String::new(), signal });
    }

    pub(crate) fn lead(&mut self, email: &str, consent: bool) -> ContactId {
        let contact = self.vault.contact_id(email);
        let profile =
            Profile { email: email.to_owned(), name: "Ada Byron".to_owned(), company: String::new(), note: "+49 30 1234567".to_owned() };
        let profile = self.vault.seal(contact, &serde_json::to_string(&profile).expect("plain data")).expect("short");
        self.signal(Signal::LeadArrived { contact, channel: Channel::Email, consent, profile });
        contact
    }

    pub(crate) fn contact(&mut self) -> Changing<'_, ContactId, Contact> {
        self.state.trade.contacts.change(self.contact).expect("the scene's contact")
    }

    pub(crate) fn order(&mut self) -> Changing<'_, OrderId, Order> {
        self.state.trade.orders.change(ORDER).expect("the scene's order")
    }

    /// The scene's customer asked for its money back so many days ago.
    pub(crate) fn ask_refund(&mut self, days_ago: i64) {
        self.order().refund_asked_at = Some(self.state.now.plus_ms(-days_ago * DAY_MS));
    }

    /// A mail to the scene's contact that obeys all rules, but for what `edit` does to it.
    pub(crate) fn mail(&self, purpose: MailPurpose, edit: impl FnOnce(&mut Message)) -> SendEmail {
        let body = format!("Hello Ada,\n\nthis is what we do.\n\n{}", self.state.spec.sender.footer());
        let mut message = Message { to: EMAIL.to_owned(), subject: "Podcasts for your team".to_owned(), body };
        edit(&mut message);
        let message = self.vault.seal(self.contact, &serde_json::to_string(&message).expect("plain data")).expect("short");
        let price = (purpose == MailPurpose::Offer).then_some(self.state.trade.price);
        SendEmail { contact: self.contact, purpose, price, line: None, message }
    }

    pub(crate) fn answer(&self, text: &str) -> AnswerTicket {
        AnswerTicket { ticket: TICKET, body: self.vault.seal(self.contact, text).expect("short") }
    }

    /// An action of this kind that obeys all rules.
    pub(crate) fn good(&mut self, kind: ActionKind) -> Action {
        let price = self.state.trade.price;
        match kind {
            ActionKind::StudyMarket => StudyMarket { channels: vec![Channel::Seo] }.into(),
            ActionKind::QualifyLeads => QualifyLeads { contacts: vec![self.contact] }.into(),
            ActionKind::PublishPost => {
                let (title, body) = ("How we work".to_owned(), "First a short talk, then an offer.".to_owned());
                PublishPost { channel: Channel::Social, title, body, cost: Cents::from_dollars(5) }.into()
            }
            ActionKind::RunAds => {
                let headline = "Podcast production for busy founders".to_owned();
                RunAds { channel: Channel::PaidSearch, headline, spend_limit: Cents::from_dollars(20) }.into()
            }
            ActionKind::SendEmail => self.mail(MailPurpose::Outreach, |_| ()).into(),
            ActionKind::DeliverOrder => DeliverOrder { order: ORDER, cost: self.state.spec.blueprint.unit_cost }.into(),
            ActionKind::AnswerTicket => self.answer("Hello Ada,\n\nit is done.").into(),
            ActionKind::CollectPayment => {
                self.order().payments = 0;
                CollectPayment { order: ORDER, installment: 0, price }.into()
            }
            ActionKind::RefundPayment => {
                self.order().payments = 1;
                self.ask_refund(0);
                RefundPayment { order: ORDER, refund: price }.into()
            }
            ActionKind::PayBill => PayBill { label: "rent".to_owned(), cost: Cents::from_dollars(80) }.into(),
            ActionKind::SetPrice => SetPrice { price: price.percent(110) }.into(),
            ActionKind::CallModel => {
                let prompt = self.vault.seal(seal::owner_contact(), "[]").expect("short");
                let (purpose, model, schema) = ("plan".to_owned(), "model".to_owned(), "{}".to_owned());
                CallModel { purpose, model, prompt, schema, max_tokens: 100, cost: Cents::new(1) }.into()
            }
        }
    }

    /// The action as a proposal of the role that it belongs to, not yet in the state.
    pub(crate) fn proposal(&self, action: impl Into<Action>) -> Proposal {
        let action = action.into();
        Proposal {
            id: ProposalId::new(self.state.work.next_proposal),
            task: TaskId::new(0),
            role: action.kind().role().unwrap_or(Role::Orchestrator),
            action,
            confidence: 80,
            rationale: String::new(),
            reviews: None,
        }
    }

    /// Proposes the action within a task, and lets oversight approve it where `approved`.
    pub(crate) fn propose(&mut self, action: impl Into<Action>, approved: bool) -> Proposal {
        let task = self.state.next_task();
        let order = NewTask::new(TaskKind::Outreach, 50, Timestamp::MAX);
        self.apply(Payload::TaskCreated { task, order });
        self.apply(Payload::TaskStarted { task });
        let proposal = Proposal { task, ..self.proposal(action) };
        self.apply(Payload::Proposed { proposal: Box::new(proposal.clone()) });
        if approved {
            let verdict = Verdict::from_findings(&[Finding::new(Ruling::Approve, RuleId::named("test"), "")]);
            let digest = proposal.action.digest();
            self.apply(Payload::Reviewed { proposal: proposal.id, digest, verdict, expires_at: None });
        }
        proposal
    }

    /// A refund that was approved and paid.
    pub(crate) fn refund(&mut self, refund: Cents) {
        self.done(RefundPayment { order: ORDER, refund });
    }

    /// A refund, a bill or a mail that was approved and went well.
    pub(crate) fn done(&mut self, action: impl Into<Action>) {
        let proposal = self.propose(action, true);
        let (digest, hold) = (proposal.action.digest(), proposal.action.worst_case(true));
        let reference = String::new();
        let receipt = match &proposal.action {
            Action::RefundPayment(refund) => PaymentReceipt { reference, amount: Amount::simulated(refund.refund) }.into(),
            Action::PayBill(bill) => BillReceipt { reference, spent: bill.cost }.into(),
            Action::SendEmail(_) => MailReceipt { message_id: reference.clone(), response: reference }.into(),
            other => panic!("{other:?} has no receipt here"),
        };
        let (proposal, key, recovery) = (proposal.id, String::new(), Recovery::AtMostOnce);
        self.apply(Payload::Intended { proposal, digest, attempt: 1, key, hold, recovery });
        self.apply(Payload::Settled { proposal, outcome: Outcome::Done { receipt }, cost: hold });
    }

    pub(crate) fn facts(&self, proposal: &Proposal) -> Facts {
        self.facts_after(proposal, false)
    }

    pub(crate) fn facts_after(&self, proposal: &Proposal, owner_approved: bool) -> Facts {
        Facts::gather(&self.state, proposal, &self.vault, self.state.now, owner_approved).expect("facts")
    }
}
