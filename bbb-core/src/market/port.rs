//! The ports of the simulated world: they use the permit and ask the market.

use std::sync::{Arc, PoisonError, RwLock};

use crate::action::{
    AnswerTicket, CollectPayment, DeliverOrder, Effect, PayBill, PublishPost, QualifyLeads, RefundPayment, RunAds, SendEmail, SetPrice,
    StudyMarket,
};
use crate::event::Recovery;
use crate::journal::store::BoxFuture;
use crate::market::Market;
use crate::oversight::permit::{Begun, Permit};
use crate::port::{Failure, Port, Ports};
use crate::receipt::Receipt;

/// Carries effects out in a [`Market`]. Idempotent: the market's answer is a function of what was folded, the proposal and the attempt.
#[derive(Debug, Clone)]
pub struct SimulatedPorts {
    market: Arc<RwLock<Market>>,
}

impl SimulatedPorts {
    /// Ports into this market.
    pub fn new(market: Arc<RwLock<Market>>) -> SimulatedPorts {
        SimulatedPorts { market }
    }

    fn perform<A: Effect>(&self, begun: Begun<A>) -> Result<Receipt, Failure> {
        // Nothing panics while it holds the lock for writing but a bug; the fold is then as good as the journal, which decides.
        let market = self.market.read().unwrap_or_else(PoisonError::into_inner);
        market.perform(&begun.grant, &begun.action.into())
    }
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
        pub fn ports(market: Arc<RwLock<Market>>) -> Ports {
            let simulated = Arc::new(SimulatedPorts::new(market));
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
