//! Adapters that fail in every way there is, and check with the journal whenever they begin.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bbb::core::action::{
    Action, ActionKind, AnswerTicket, CallModel, CollectPayment, DeliverOrder, Digest, Effect, PayBill, PublishPost, QualifyLeads,
    RefundPayment, RunAds, SendEmail, SetPrice, StudyMarket,
};
use bbb::core::event::{Event, Outcome, Payload, Recovery};
use bbb::core::id::{ContactId, ProposalId};
use bbb::core::journal::store::BoxFuture;
use bbb::core::money::{Amount, Cents};
use bbb::core::oversight::permit::Grant;
use bbb::core::port::Verification;
use bbb::core::receipt::{
    AdsReceipt, AnswerReceipt, BillReceipt, DeliveryReceipt, Findings, MailReceipt, ModelAnswer, PaymentReceipt, PostReceipt, PriceReceipt,
    Scores,
};
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::prelude::{Failure, Permit, Port, Ports, Seed};

use crate::faults::store::FlakyStore;

/// What becomes of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    /// Done, after other things could happen between the permit and the beginning, and between the beginning and the answer.
    Slow,
    Temporary,
    Permanent,
    /// No answer comes; it has happened, or not.
    Unknown(bool),
    PanicBefore,
    PanicAfter(bool),
    Never(bool),
    /// More is spent than was held.
    Overrun,
    /// The receipt is nonsense.
    Absurd,
}

impl Fate {
    const fn happens(self) -> bool {
        match self {
            Fate::Done | Fate::Slow | Fate::Overrun | Fate::Absurd => true,
            Fate::Unknown(happens) | Fate::PanicAfter(happens) | Fate::Never(happens) => happens,
            Fate::Temporary | Fate::Permanent | Fate::PanicBefore => false,
        }
    }
}

#[derive(Default)]
struct Book {
    fates: VecDeque<Fate>,
    /// Whether the attempt before, of each effect, is known to have come to nothing.
    clean: BTreeMap<ProposalId, bool>,
    /// What has happened, by key.
    happened: BTreeSet<String>,
    broken: Vec<String>,
    begun: Vec<ActionKind>,
}

/// The outside world.
pub(crate) struct Outside {
    store: Arc<FlakyStore>,
    book: Mutex<Book>,
}

impl Outside {
    pub(crate) fn new(store: Arc<FlakyStore>, fates: &[Fate]) -> Arc<Outside> {
        let book = Book { fates: fates.iter().copied().collect(), ..Book::default() };
        Arc::new(Outside { store, book: Mutex::new(book) })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The promises that were broken where an effect began.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.book().broken.clone()
    }

    /// An effect that has happened and that the journal says has not.
    pub(crate) fn forgotten(&self, events: &[Event]) -> Option<ProposalId> {
        let book = self.book();
        let mut denied = BTreeSet::new();
        for event in events {
            match &event.payload {
                Payload::Settled { proposal, outcome: Outcome::Failed { .. } | Outcome::Released { .. }, .. }
                | Payload::Withdrawn { proposal, .. } => drop(denied.insert(*proposal)),
                Payload::Intended { proposal, .. } => drop(denied.remove(proposal)),
                _ => {}
            }
        }
        let key_of = |id: &ProposalId| {
            events.iter().find_map(|event| match &event.payload {
                Payload::Intended { proposal, key, recovery, .. } if proposal == id && *recovery != Recovery::Repeatable => Some(key),
                _ => None,
            })
        };
        denied.into_iter().find(|id| key_of(id).is_some_and(|key| book.happened.contains(key)))
    }

    /// Which effects have begun, in order.
    pub(crate) fn begun(&self) -> Vec<ActionKind> {
        self.book().begun.clone()
    }

    /// From here on everything goes well.
    pub(crate) fn heal(&self) {
        self.book().fates.clear();
    }

    /// Ports whose answers are lost in these ways.
    pub(crate) fn ports(self: &Arc<Self>, recovery: &[Recovery]) -> Ports {
        let mut ports = Ports::default();
        let mut classes = recovery.iter().copied().cycle();
        macro_rules! connect {
            ($($field:ident),*) => {
                $(ports.$field = classes.next().map(|recovery| Arc::new(Fickle { outside: Arc::clone(self), recovery }) as Arc<_>);)*
            };
        }
        connect!(collect_payment, deliver_order, run_ads, send_email, publish_post, pay_bill, refund_payment, answer_ticket, set_price);
        let read = || Fickle { outside: Arc::clone(self), recovery: Recovery::Repeatable };
        ports.study_market = Some(Arc::new(read()));
        ports.qualify_leads = Some(Arc::new(read()));
        ports.call_model = Some(Arc::new(read()));
        ports
    }

    /// What must hold whenever an effect begins.
    async fn check(&self, grant: &Grant, kind: ActionKind, digest: Digest, fate: Fate) {
        let events = self.store.events(grant.business).await;
        let closed = self.store.is_closed();
        let mut book = self.book();
        let complaint = complaint(&events, grant, digest)
            .or_else(|| closed.then_some("began although a pause was acknowledged"))
            .or_else(|| book.repeats(grant).then_some("began again although it may have happened"));
        book.broken.extend(complaint.map(|complaint| format!("{} attempt {}: {complaint}", grant.proposal, grant.attempt)));
        book.begun.push(kind);
        book.clean.insert(grant.proposal, matches!(fate, Fate::Temporary | Fate::Permanent));
        if fate.happens() {
            book.happened.insert(grant.key.clone());
        }
    }
}

impl Book {
    fn repeats(&self, grant: &Grant) -> bool {
        match grant.recovery {
            Recovery::AtMostOnce => self.clean.get(&grant.proposal) == Some(&false),
            Recovery::Verifiable => self.happened.contains(&grant.key),
            Recovery::Repeatable | Recovery::Idempotent => false,
        }
    }
}

/// Why the journal does not allow this effect to begin.
fn complaint(events: &[Event], grant: &Grant, digest: Digest) -> Option<&'static str> {
    let is_it = |event: &Event| match &event.payload {
        Payload::Intended { proposal, digest: intended, attempt, key, hold, recovery } => {
            (*proposal, *intended, *attempt, key, *hold, *recovery)
                == (grant.proposal, digest, grant.attempt, &grant.key, grant.hold, grant.recovery)
        }
        _ => false,
    };
    let Some(at) = events.iter().rposition(is_it) else { return Some("began without a committed intent") };
    let settled = |event: &Event| match &event.payload {
        Payload::Settled { proposal, outcome, .. } if *proposal == grant.proposal => !matches!(outcome, Outcome::InDoubt { .. }),
        _ => false,
    };
    events[at..].iter().any(settled).then_some("began after its attempt was settled")
}

struct Fickle {
    outside: Arc<Outside>,
    recovery: Recovery,
}

impl<A: Answered> Port<A> for Fickle {
    fn recovery(&self) -> Recovery {
        self.recovery
    }

    fn perform(&self, permit: Permit<A>) -> BoxFuture<'_, Result<A::Receipt, Failure>> {
        let fate = self.outside.book().fates.pop_front().unwrap_or(Fate::Done);
        Box::pin(async move {
            if fate == Fate::PanicBefore {
                fail();
            }
            if fate == Fate::Slow {
                rest().await;
            }
            let begun = permit.begin()?;
            let action: Action = begun.action.clone().into();
            self.outside.check(&begun.grant, A::KIND, action.digest(), fate).await;
            match fate {
                Fate::Done => Ok(begun.action.receipt(Cents::ZERO)),
                Fate::Overrun => Ok(begun.action.receipt(Cents::from_dollars(90_000))),
                Fate::Absurd => Ok(begun.action.absurd()),
                Fate::Slow => {
                    rest().await;
                    Ok(begun.action.receipt(Cents::ZERO))
                }
                Fate::Temporary => Err(Failure::Temporary("scripted".to_owned())),
                Fate::Permanent => Err(Failure::Permanent("scripted".to_owned())),
                Fate::Unknown(_) => Err(Failure::Unknown("scripted".to_owned())),
                Fate::PanicBefore | Fate::PanicAfter(_) => fail(),
                Fate::Never(_) => std::future::pending().await,
            }
        })
    }

    fn verify<'a>(&'a self, key: &'a str, action: &'a A) -> BoxFuture<'a, Verification<A::Receipt>> {
        Box::pin(async move {
            let mut book = self.outside.book();
            match book.fates.pop_front() {
                Some(Fate::PanicBefore | Fate::PanicAfter(_)) => fail(),
                Some(Fate::Unknown(_)) => Verification::Unknown("scripted".to_owned()),
                _ if book.happened.contains(key) => Verification::Happened(action.receipt(Cents::ZERO)),
                _ => Verification::DidNotHappen,
            }
        })
    }
}

/// Panics without the report that a panic prints, which would fill the screen.
fn fail() -> ! {
    std::panic::resume_unwind(Box::new("scripted"))
}

async fn rest() {
    for _ in 0..60 {
        tokio::task::yield_now().await;
    }
}

/// What a provider says when all went well, with this much spent on top of what was allowed; and what none should ever say.
trait Answered: Effect {
    fn receipt(&self, extra: Cents) -> Self::Receipt;

    fn absurd(&self) -> Self::Receipt {
        self.receipt(Cents::ZERO)
    }
}

macro_rules! answered {
    ($($action:ident: |$self:ident, $extra:ident| $receipt:expr, $absurd:expr;)*) => {
        $(impl Answered for $action {
            fn receipt(&self, $extra: Cents) -> Self::Receipt {
                let $self = self;
                let _ = ($self, $extra);
                $receipt
            }

            fn absurd(&self) -> Self::Receipt {
                let $self = self;
                let _ = $self;
                $absurd
            }
        })*
    };
}

fn name() -> String {
    "scripted".to_owned()
}

fn payment(amount: Amount) -> PaymentReceipt {
    PaymentReceipt { reference: name(), amount }
}

/// What a reviewer says, mostly nothing against it; sealed as the plans' business seals.
fn opinion(call: &CallModel, spent: Cents) -> ModelAnswer {
    let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))));
    let ruling = match call.prompt.text_bytes() % 8 {
        0 => "veto",
        1 | 2 => "escalate",
        3 => "approve",
        _ => "ok",
    };
    let answer = format!(r#"{{"ruling":"{ruling}","category":"other","confidence":50}}"#);
    let text = vault.seal(call.prompt.contact(), &answer).unwrap();
    ModelAnswer { text, prompt_tokens: 50, answer_tokens: 20, spent }
}

answered! {
    StudyMarket: |it, extra| Findings { cost_per_lead: it.channels.iter().map(|channel| (*channel, Cents::new(900))).collect() },
        Findings { cost_per_lead: it.channels.iter().map(|channel| (*channel, Cents::new(-1))).collect() };
    QualifyLeads: |it, extra| Scores { fit: it.contacts.iter().map(|contact| (*contact, 90)).collect() },
        Scores { fit: it.contacts.iter().map(|_| (ContactId::from_bytes([9; 8]), 90)).collect() };
    PublishPost: |it, extra| PostReceipt { reference: name() }, PostReceipt { reference: String::new() };
    RunAds: |it, extra| AdsReceipt { reference: name(), spent: it.spend_limit.plus(extra), clicks: 3 },
        AdsReceipt { reference: name(), spent: Cents::new(-500), clicks: 3 };
    SendEmail: |it, extra| MailReceipt { message_id: name(), response: "250".to_owned() },
        MailReceipt { message_id: String::new(), response: String::new() };
    DeliverOrder: |it, extra| DeliveryReceipt { reference: name(), spent: it.cost.plus(extra) },
        DeliveryReceipt { reference: name(), spent: Cents::new(-1) };
    AnswerTicket: |it, extra| AnswerReceipt { reference: name() }, AnswerReceipt { reference: String::new() };
    CollectPayment: |it, extra| payment(Amount::real(it.price)), payment(Amount::simulated(it.price));
    RefundPayment: |it, extra| payment(Amount::real(it.refund.plus(extra))), payment(Amount::simulated(it.refund));
    PayBill: |it, extra| BillReceipt { reference: name(), spent: it.cost.plus(extra) },
        BillReceipt { reference: name(), spent: Cents::new(-1) };
    CallModel: |it, extra| opinion(it, extra), opinion(it, Cents::new(-1));
    SetPrice: |it, extra| PriceReceipt { price: it.price }, PriceReceipt { price: Cents::new(-1) };
}
