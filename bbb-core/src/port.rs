//! Ports: how effects reach the outside. An adapter implements [`Port`] for the actions that it can carry out; it takes only permits.
//!
//! ```
//! use bbb_core::action::SetPrice;
//! use bbb_core::event::Recovery;
//! use bbb_core::journal::store::BoxFuture;
//! use bbb_core::oversight::permit::Permit;
//! use bbb_core::port::{Failure, Port};
//! use bbb_core::receipt::PriceReceipt;
//!
//! /// A price list on paper.
//! struct PriceList;
//!
//! impl Port<SetPrice> for PriceList {
//!     fn recovery(&self) -> Recovery {
//!         Recovery::Idempotent
//!     }
//!
//!     fn perform(&self, permit: Permit<SetPrice>) -> BoxFuture<'_, Result<PriceReceipt, Failure>> {
//!         Box::pin(async move {
//!             let begun = permit.begin()?;
//!             Ok(PriceReceipt { price: begun.action.price })
//!         })
//!     }
//! }
//! ```

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::action::{
    ActionKind, AnswerTicket, CallModel, CollectPayment, DeliverOrder, Effect, PayBill, PublishPost, QualifyLeads, RefundPayment, RunAds,
    SendEmail, SetPrice, StudyMarket,
};
use crate::event::Recovery;
use crate::journal::store::BoxFuture;
use crate::limits::MAX_EFFECT_MS;
use crate::oversight::permit::{Granted, Permit, Revoked};
use crate::receipt::{Receipt, ShadowReceipt};

/// Why an effect has no receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It definitely did not happen, and the same request may succeed later.
    #[error("failed, may be tried again: {0}")]
    Temporary(String),
    /// It definitely did not happen, and the same request will not succeed.
    #[error("failed: {0}")]
    Permanent(String),
    /// Nobody knows whether it happened.
    #[error("in doubt: {0}")]
    Unknown(String),
}

impl From<Revoked> for Failure {
    fn from(revoked: Revoked) -> Failure {
        Failure::Temporary(revoked.to_string())
    }
}

/// What a provider says about an effect whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification<R> {
    /// It happened.
    Happened(R),
    /// It did not happen and will not.
    DidNotHappen,
    /// The provider cannot tell now.
    Unknown(String),
}

/// Carries out actions of one type.
pub trait Port<A: Effect>: Send + Sync + 'static {
    /// What becomes of an effect whose answer was lost in a crash.
    fn recovery(&self) -> Recovery;

    /// How long the engine waits for this port, from the permit to the answer; after that a permit that was not used is taken back, and an answer counts as lost.
    /// None where the adapter itself ends every call in bounded time.
    fn time_limit(&self) -> Option<Duration> {
        Some(Duration::from_millis(MAX_EFFECT_MS))
    }

    /// Carries the action out. The arguments are in the permit and nowhere else.
    ///
    /// # Errors
    /// A [`Failure`] says whether the effect may have happened.
    fn perform(&self, permit: Permit<A>) -> BoxFuture<'_, Result<A::Receipt, Failure>>;

    /// Asks the provider what became of the effect with this idempotency key; only asked of [`Recovery::Verifiable`] ports.
    fn verify<'a>(&'a self, key: &'a str, action: &'a A) -> BoxFuture<'a, Verification<A::Receipt>> {
        let _ = (key, action);
        Box::pin(std::future::ready(Verification::Unknown("this port cannot be asked".to_owned())))
    }
}

/// What a shadow world records instead of doing it. Payments, deliveries and bills are not among them: nothing would prove them.
const RECORDED_IN_SHADOW: [ActionKind; 5] =
    [ActionKind::PublishPost, ActionKind::RunAds, ActionKind::SendEmail, ActionKind::AnswerTicket, ActionKind::SetPrice];

macro_rules! ports {
    ($($field:ident: $name:ident),* $(,)?) => {
        /// The adapters of a world: at most one for each action. An action without one is vetoed.
        #[derive(Clone, Default)]
        #[expect(missing_docs, reason = "each field is the port of the action of that name")]
        pub struct Ports {
            $(pub $field: Option<Arc<dyn Port<$name>>>,)*
            shadow: bool,
        }

        impl Ports {
            /// What a restart does with this kind of effect; absent where there is no adapter for it.
            pub fn recovery(&self, kind: ActionKind) -> Option<Recovery> {
                if self.only_records(kind) {
                    return RECORDED_IN_SHADOW.contains(&kind).then_some(Recovery::Idempotent);
                }
                match kind { $(ActionKind::$name => self.$field.as_ref().map(|port| port.recovery()),)* }
            }

            /// How long to wait for this kind of effect; none where its adapter sees to that.
            pub fn time_limit(&self, kind: ActionKind) -> Option<Duration> {
                match kind { $(ActionKind::$name => self.$field.as_ref().and_then(|port| port.time_limit()),)* }
            }

            /// Hands the permit to its adapter.
            ///
            /// # Errors
            /// The adapter's [`Failure`]; [`Failure::Permanent`] where there is none.
            pub async fn perform(&self, granted: Granted) -> Result<Receipt, Failure> {
                let grant = granted.grant();
                if self.only_records(granted.kind()) {
                    let note = format!("recorded under {} and not sent", grant.key);
                    return Ok(Receipt::ShadowReceipt(ShadowReceipt { note }));
                }
                let missing = || Failure::Permanent("no adapter is connected for this action".to_owned());
                match granted {
                    $(Granted::$name(permit) => {
                        let port = self.$field.as_ref().ok_or_else(missing)?;
                        port.perform(permit).await.map(Into::into)
                    })*
                }
            }

            /// Asks the adapter what became of an effect.
            pub async fn verify(&self, key: &str, action: &crate::action::Action) -> Verification<Receipt> {
                match action {
                    $(crate::action::Action::$name(action) => match &self.$field {
                        Some(port) => match port.verify(key, action).await {
                            Verification::Happened(receipt) => Verification::Happened(receipt.into()),
                            Verification::DidNotHappen => Verification::DidNotHappen,
                            Verification::Unknown(reason) => Verification::Unknown(reason),
                        },
                        None => Verification::Unknown("no adapter is connected for this action".to_owned()),
                    },)*
                }
            }

            /// The same adapters for a shadow world: reads and model calls are real, everything else is recorded and not sent.
            #[must_use]
            pub fn in_shadow(mut self) -> Ports {
                self.shadow = true;
                self
            }

            fn only_records(&self, kind: ActionKind) -> bool {
                self.shadow && !kind.is_read()
            }

            /// The kinds of action that have an adapter.
            pub fn connected(&self) -> Vec<ActionKind> {
                ActionKind::ALL.iter().copied().filter(|kind| self.recovery(*kind).is_some()).collect()
            }
        }
    };
}

ports! {
    study_market: StudyMarket,
    qualify_leads: QualifyLeads,
    publish_post: PublishPost,
    run_ads: RunAds,
    send_email: SendEmail,
    deliver_order: DeliverOrder,
    answer_ticket: AnswerTicket,
    collect_payment: CollectPayment,
    refund_payment: RefundPayment,
    pay_bill: PayBill,
    set_price: SetPrice,
    call_model: CallModel,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ports").field(&self.connected()).finish()
    }
}
