//! The bench's adapters: they write down what they were handed a used permit for, and do nothing.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bbb_core::action::{
    Action, AnswerTicket, CallModel, CollectPayment, DeliverOrder, Digest, Effect, PayBill, PublishPost, QualifyLeads, RefundPayment,
    RunAds, SendEmail, SetPrice, StudyMarket,
};
use bbb_core::event::Recovery;
use bbb_core::id::ContactId;
use bbb_core::journal::store::BoxFuture;
use bbb_core::money::{Amount, Cents};
use bbb_core::oversight::permit::{Grant, Permit};
use bbb_core::port::{Failure, Port, Ports};
use bbb_core::receipt::{
    AdsReceipt, AnswerReceipt, BillReceipt, DeliveryReceipt, Findings, MailReceipt, ModelAnswer, PaymentReceipt, PostReceipt, PriceReceipt,
    Scores,
};
use bbb_core::seal::{DerivedKeys, Error, Keys, SecretKey, Vault};
use bbb_core::time::Timestamp;
use tokio::sync::watch;

use crate::temptation::actions::{Seen, options, prompt, see};
use crate::temptation::minds;
use crate::temptation::run::Clock;
use crate::temptation::scenario::{Adapters, Answer, Lead};

/// An effect that an adapter carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Left {
    /// When, by the scenario's clock.
    pub at: Timestamp,
    /// With which permit.
    pub grant: Grant,
    /// The digest of what the adapter was handed.
    pub digest: Digest,
    /// What it was.
    pub seen: Seen,
}

/// Everything that is outside of a tried business.
pub(super) struct Outside {
    left: Mutex<Vec<Left>>,
    behaviour: watch::Sender<Adapters>,
    clock: Clock,
    leads: Vec<Lead>,
    /// Reads what was sent even where the business itself no longer can.
    reader: Vault,
    /// Writes what a model says, under the business's keys.
    vault: Vault,
    answers: Vec<Answer>,
    /// How many questions the model was asked.
    asked: Mutex<usize>,
}

impl Outside {
    pub(super) fn new(clock: Clock, leads: &[Lead], answers: &[Answer], reader: Vault, vault: Vault) -> Arc<Outside> {
        let behaviour = watch::Sender::new(Adapters::Work);
        let (left, asked) = (Mutex::default(), Mutex::default());
        Arc::new(Outside { left, behaviour, clock, leads: leads.to_vec(), reader, vault, answers: answers.to_vec(), asked })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has left so far, in order.
    pub(super) fn left(&self) -> Vec<Left> {
        self.lock().clone()
    }

    /// How many effects have left so far.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn behave(&self, adapters: Adapters) {
        self.behaviour.send_replace(adapters);
    }

    /// An adapter for every action; one for models only where a model is scripted.
    pub(super) fn ports(self: &Arc<Self>) -> Ports {
        let mut ports = Ports::default();
        macro_rules! connect {
            ($($field:ident: $recovery:ident),* $(,)?) => {
                $(ports.$field = Some(Arc::new(Adapter { outside: Arc::clone(self), recovery: Recovery::$recovery }));)*
            };
        }
        connect! {
            study_market: Repeatable, qualify_leads: Repeatable, call_model: Repeatable,
            publish_post: AtMostOnce, run_ads: AtMostOnce, send_email: AtMostOnce, answer_ticket: AtMostOnce, deliver_order: AtMostOnce,
            collect_payment: Idempotent, refund_payment: Idempotent, pay_bill: Idempotent, set_price: Idempotent,
        }
        ports
    }

    /// What the model says to this question.
    fn answer(&self, call: &CallModel) -> Result<ModelAnswer, Failure> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let silence = Answer::Raw(String::new());
        let answer = self.answers.get(*asked).or(self.answers.last()).unwrap_or(&silence);
        *asked += 1;
        let words = minds::say(answer, &prompt(call, &self.reader), &options(call));
        let text = self.vault.seal(call.prompt.contact(), &words).map_err(|error| Failure::Permanent(error.to_string()))?;
        Ok(ModelAnswer { text, prompt_tokens: 300, answer_tokens: 50, spent: Cents::new(1) })
    }
}

struct Adapter {
    outside: Arc<Outside>,
    recovery: Recovery,
}

impl<A: Answered> Port<A> for Adapter {
    fn recovery(&self) -> Recovery {
        self.recovery
    }

    fn perform(&self, permit: Permit<A>) -> BoxFuture<'_, Result<A::Receipt, Failure>> {
        Box::pin(async move {
            let outside = &self.outside;
            let mut behaviour = outside.behaviour.subscribe();
            // The sender lives as long as the outside, which this adapter holds.
            let now = behaviour.wait_for(|now| *now != Adapters::Prepare).await.map_or(Adapters::Work, |now| *now);
            if now == Adapters::Fail {
                return Err(Failure::Temporary("the adapter fails, as the scenario says".to_owned()));
            }
            let begun = permit.begin()?;
            let action: Action = begun.action.clone().into();
            let seen = see(&action, &outside.leads, &outside.reader);
            let (at, digest) = (outside.clock.now(), action.digest());
            outside.lock().push(Left { at, grant: begun.grant, digest, seen });
            match now {
                Adapters::Lose => Err(Failure::Unknown("the answer is lost, as the scenario says".to_owned())),
                _ => begun.action.receipt(outside),
            }
        })
    }
}

/// What a provider answers to an action.
trait Answered: Effect {
    fn receipt(&self, outside: &Outside) -> Result<Self::Receipt, Failure>;
}

macro_rules! answered {
    ($($name:ident: |$it:ident, $outside:ident| $receipt:expr;)*) => {
        $(impl Answered for $name {
            fn receipt(&self, $outside: &Outside) -> Result<Self::Receipt, Failure> {
                let $it = self;
                // Some receipts repeat nothing of their action.
                let _ = ($it, $outside);
                $receipt
            }
        })*
    };
}

fn reference() -> String {
    "bench".to_owned()
}

fn paid(price: Cents) -> Result<PaymentReceipt, Failure> {
    Ok(PaymentReceipt { reference: reference(), amount: Amount::real(price) })
}

answered! {
    StudyMarket: |it, outside| Ok(Findings { cost_per_lead: it.channels.iter().map(|channel| (*channel, Cents::new(900))).collect() });
    QualifyLeads: |it, outside| Ok(Scores { fit: it.contacts.iter().map(|contact| (*contact, 90)).collect() });
    PublishPost: |it, outside| Ok(PostReceipt { reference: reference() });
    RunAds: |it, outside| Ok(AdsReceipt { reference: reference(), spent: it.spend_limit, clicks: 1 });
    SendEmail: |it, outside| Ok(MailReceipt { message_id: reference(), response: "250".to_owned() });
    DeliverOrder: |it, outside| Ok(DeliveryReceipt { reference: reference(), spent: it.cost });
    AnswerTicket: |it, outside| Ok(AnswerReceipt { reference: reference() });
    CollectPayment: |it, outside| paid(it.price);
    RefundPayment: |it, outside| paid(it.refund);
    PayBill: |it, outside| Ok(BillReceipt { reference: reference(), spent: it.cost });
    SetPrice: |it, outside| Ok(PriceReceipt { price: it.price });
    CallModel: |it, outside| outside.answer(it);
}

/// Keys from a seed that can be destroyed, as an owner's key file can.
pub(super) struct ErasableKeys {
    keys: DerivedKeys,
    erased: Mutex<BTreeSet<ContactId>>,
}

impl ErasableKeys {
    pub(super) fn new(keys: DerivedKeys) -> Arc<ErasableKeys> {
        Arc::new(ErasableKeys { keys, erased: Mutex::default() })
    }

    pub(super) fn erase(&self, contact: ContactId) {
        self.erased.lock().unwrap_or_else(PoisonError::into_inner).insert(contact);
    }
}

impl Keys for ErasableKeys {
    fn contact_key(&self, contact: ContactId) -> Result<SecretKey, Error> {
        match self.erased.lock().unwrap_or_else(PoisonError::into_inner).contains(&contact) {
            true => Err(Error::Erased(contact)),
            false => self.keys.contact_key(contact),
        }
    }

    fn contact_key_or_new(&self, contact: ContactId) -> Result<SecretKey, Error> {
        self.contact_key(contact)
    }

    fn index_key(&self) -> SecretKey {
        self.keys.index_key()
    }
}
