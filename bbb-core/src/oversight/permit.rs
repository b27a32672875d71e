//! Permits: what makes an effect possible, and what only a committed decision of oversight makes.
//!
//! A [`Permit`] owns its action. It cannot be made outside this crate, copied, read from bytes, or used twice:
//!
//! ```compile_fail,E0451
//! # use bbb_core::action::SetPrice;
//! # use bbb_core::money::Cents;
//! # use bbb_core::oversight::permit::{Grant, Permit};
//! fn forge(grant: Grant) -> Permit<SetPrice> {
//!     Permit { grant, action: SetPrice { price: Cents::ZERO }, use_mark: Default::default() }
//! }
//! ```
//!
//! ```compile_fail,E0599
//! # use bbb_core::action::SetPrice;
//! # use bbb_core::oversight::permit::Permit;
//! fn copy(permit: &Permit<SetPrice>) -> Permit<SetPrice> {
//!     Permit::<SetPrice>::clone(permit)
//! }
//! ```
//!
//! ```compile_fail,E0277
//! # use bbb_core::action::SetPrice;
//! # use bbb_core::oversight::permit::Permit;
//! fn read(bytes: &[u8]) -> Permit<SetPrice> {
//!     serde_json::from_slice(bytes).unwrap()
//! }
//! ```
//!
//! ```compile_fail,E0382
//! # use bbb_core::action::SetPrice;
//! # use bbb_core::oversight::permit::Permit;
//! fn use_twice(permit: Permit<SetPrice>) {
//!     let _ = permit.begin();
//!     let _ = permit.begin();
//! }
//! ```
//!
//! Nor can the acknowledgement that permits are made from:
//!
//! ```compile_fail,E0451
//! # use bbb_core::journal::writer::Acknowledgement;
//! let forged = Acknowledgement { business: todo!(), sequence: 1, intents: vec![] };
//! ```

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::action::{
    Action, ActionKind, AnswerTicket, CallModel, CollectPayment, Cost, DeliverOrder, Digest, Effect, PayBill, PublishPost, QualifyLeads,
    RefundPayment, RunAds, SendEmail, SetPrice, StudyMarket,
};
use crate::event::Recovery;
use crate::id::{BusinessId, ProposalId};
use crate::role::Role;
use crate::time::Timestamp;

/// What a permit allows beside its action: read-only, for adapters and records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The business that acts.
    pub business: BusinessId,
    /// The effect.
    pub proposal: ProposalId,
    /// Who proposed it.
    pub role: Role,
    /// The attempt, counted from 1.
    pub attempt: u32,
    /// The key under which a provider may deduplicate: the same for every attempt at the same effect.
    pub key: String,
    /// The digest of the permitted content.
    pub digest: Digest,
    /// What is held for it.
    pub hold: Cost,
    /// What a restart does with it.
    pub recovery: Recovery,
    /// When it was permitted, by the business's clock.
    pub at: Timestamp,
}

/// The right to carry out one action once.
#[must_use = "a permit that is dropped unused releases its hold"]
pub struct Permit<A: Effect> {
    grant: Grant,
    action: A,
    use_mark: UseMark,
}

impl<A: Effect> Permit<A> {
    /// What is permitted.
    pub fn action(&self) -> &A {
        &self.action
    }

    /// Under which conditions.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Uses the permit: from here on the effect may have happened. An adapter checks what it can before it calls this, and reaches outside after.
    ///
    /// # Errors
    /// [`Revoked`] where the business was paused or stopped meanwhile, or the adapter took too long: the effect must not begin.
    pub fn begin(self) -> Result<Begun<A>, Revoked> {
        match self.use_mark.change(BEGUN) {
            BEGUN => Ok(Begun { grant: self.grant, action: self.action }),
            _ => Err(Revoked),
        }
    }
}

impl<A: Effect> fmt::Debug for Permit<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("grant", &self.grant).field("action", &self.action).finish_non_exhaustive()
    }
}

/// A used permit: the action that is being carried out.
#[derive(Debug)]
pub struct Begun<A: Effect> {
    /// Under which conditions.
    pub grant: Grant,
    /// What is done.
    pub action: A,
}

/// A permit was taken back before it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the permit was taken back before it was used")]
pub struct Revoked;

const UNUSED: u8 = 0;
const BEGUN: u8 = 1;
const REVOKED: u8 = 2;

/// Whether a permit was used or taken back, for whoever watches over the effect. Exactly one of the two comes first, wherever the permit is by then.
#[derive(Debug, Clone, Default)]
pub struct UseMark(Arc<AtomicU8>);

impl UseMark {
    /// Takes the permit back; says whether that was in time. If it was, the effect has not begun and never will.
    #[must_use]
    pub fn revoke(&self) -> bool {
        self.change(REVOKED) == REVOKED
    }

    /// Makes an unused permit a `new` one; returns what it is then.
    fn change(&self, new: u8) -> u8 {
        self.0.compare_exchange(UNUSED, new, Ordering::SeqCst, Ordering::SeqCst).map_or_else(|found| found, |_| new)
    }
}

macro_rules! granted {
    ($($name:ident),*) => {
        /// A permit for an action of any kind.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "each variant is the permit of the action of that name")]
        #[must_use = "a permit that is dropped unused releases its hold"]
        pub enum Granted {
            $($name(Permit<$name>),)*
        }

        impl Granted {
            /// Made in oversight only, from an acknowledged intent.
            pub(in crate::oversight) fn new(grant: Grant, action: Action) -> Granted {
                let use_mark = UseMark::default();
                match action {
                    $(Action::$name(action) => Granted::$name(Permit { grant, action, use_mark }),)*
                }
            }

            /// Under which conditions.
            pub fn grant(&self) -> &Grant {
                match self { $(Granted::$name(permit) => &permit.grant,)* }
            }

            /// The permitted action's name.
            pub fn kind(&self) -> ActionKind {
                match self { $(Granted::$name(_) => ActionKind::$name,)* }
            }

            /// What tells whether the permit was used, and can take it back.
            pub fn use_mark(&self) -> UseMark {
                match self { $(Granted::$name(permit) => permit.use_mark.clone(),)* }
            }
        }
    };
}

granted!(
    StudyMarket,
    QualifyLeads,
    PublishPost,
    RunAds,
    SendEmail,
    DeliverOrder,
    AnswerTicket,
    CollectPayment,
    RefundPayment,
    PayBill,
    SetPrice,
    CallModel
);
