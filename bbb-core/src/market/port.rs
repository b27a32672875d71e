//! The ports of the simulated world: they use the permit and ask the market.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use crate::action::{
    Action, AnswerTicket, CollectPayment, DeliverOrder, Effect, PayBill, PublishPost, QualifyLeads, RefundPayment, RunAds, SendEmail,
    SetPrice, StudyMarket,
};
use crate::event::Recovery;
use crate::journal::store::BoxFuture;
use crate::market::Market;
use crate::oversight::permit::{Begun, Grant, Permit};
use crate::port::{Failure, Port, Ports};
use crate::receipt::Receipt;

/// What answers an effect in a simulated world: a function of what was folded, the grant and the action, so that asking twice is harmless.
pub type Performer = Arc<dyn Fn(&Grant, &Action) -> Result<Receipt, Failure> + Send + Sync>;

/// Carries effects out by a [`Performer`].
#[derive(Clone)]
pub struct SimulatedPorts {
    performer: Performer,
}

impl fmt::Debug for SimulatedPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedPorts")
    }
}

impl SimulatedPorts {
    fn perform<A: Effect>(&self, begun: Begun<A>) -> Result<Receipt, Failure> {
        (self.performer)(&begun.grant, &begun.action.into())
    }
}

/// The ports of a market.
pub fn ports(market: Arc<RwLock<Market>>) -> Ports {
    // Nothing panics while it holds the lock for writing but a bug; the fold is then as good as the journal, which decides.
    ports_by(Arc::new(move |grant, action| market.read().unwrap_or_else(PoisonError::into_inner).perform(grant, action)))
}

macro_rules! simulated {
    ($($field:ident: $action:ident => $receipt:ident),* $(,)?) => {
        $(impl Port<$action> for SimulatedPorts {
            fn recovery(&self) -> Recovery {
                Recovery::Idempotent
            }

            fn perform(&self, permit: Permit<$action>) -> BoxFuture<'_, Result<<$action as Effect>::Receipt, Failure>> {
                Box::pin(async move {
                    match SimulatedPorts::perform(self, permit.begin()?)? {
                        Receipt::$receipt(receipt) => Ok(receipt),
                        _ => Err(Failure::Permanent("the market answered with the receipt of another action".to_owned())),
                    }
                })
            }
        })*

        /// The ports of every action but the call of a language model, which is no part of the simulated world.
        pub fn ports_by(performer: Performer) -> Ports {
            let simulated = Arc::new(SimulatedPorts { performer });
            let mut ports = Ports::default();
            $(ports.$field = Some(Arc::clone(&simulated) as Arc<dyn Port<$action>>);)*
            ports
        }
    };
}

simulated! {
    study_market: StudyMarket => Findings,
    qualify_leads: QualifyLeads => Scores,
    publish_post: PublishPost => PostReceipt,
    run_ads: RunAds => AdsReceipt,
    send_email: SendEmail => MailReceipt,
    deliver_order: DeliverOrder => DeliveryReceipt,
    answer_ticket: AnswerTicket => AnswerReceipt,
    collect_payment: CollectPayment => PaymentReceipt,
    refund_payment: RefundPayment => PaymentReceipt,
    pay_bill: PayBill => BillReceipt,
    set_price: SetPrice => PriceReceipt,
}
