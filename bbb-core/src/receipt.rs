//! Receipts: a provider's proof that an effect happened, or the labelled simulator's.

use serde::{Deserialize, Serialize};

use crate::blueprint::Channel;
use crate::id::ContactId;
use crate::money::{Amount, Cents};
use crate::seal::Sealed;

/// What a market study found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Estimated cost of one lead per channel.
    pub cost_per_lead: Vec<(Channel, Cents)>,
}

/// How well leads fit the offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scores {
    /// Fit per lead, 0 to 100.
    pub fit: Vec<(ContactId, u8)>,
}

/// A published post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostReceipt {
    /// The provider's name for the post.
    pub reference: String,
}

/// A day of advertising.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdsReceipt {
    /// The provider's name for the campaign.
    pub reference: String,
    /// What it spent, at most the limit.
    pub spent: Cents,
    /// How many people clicked.
    pub clicks: u32,
}

/// A mail that a server took over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailReceipt {
    /// The Message-ID.
    pub message_id: String,
    /// The server's answer after the final dot.
    pub response: String,
}

/// A delivered order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryReceipt {
    /// The deliverer's name for the delivery.
    pub reference: String,
    /// What it cost, at most the limit.
    pub spent: Cents,
}

/// An answered request for help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerReceipt {
    /// The provider's name for the answer.
    pub reference: String,
}

/// Money that moved between customer and business. Revenue exists only where one of these says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReceipt {
    /// The provider's name for the payment.
    pub reference: String,
    /// How much moved.
    pub amount: Amount,
}

/// A paid bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillReceipt {
    /// The provider's name for the payment.
    pub reference: String,
    /// What was paid.
    pub spent: Cents,
}

/// A changed price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceReceipt {
    /// The price from now on.
    pub price: Cents,
}

/// A language model's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelAnswer {
    /// The answer's text, sealed.
    pub text: Sealed,
    /// Tokens of the prompt, as the provider counted them.
    pub prompt_tokens: u32,
    /// Tokens of the answer, as the provider counted them.
    pub answer_tokens: u32,
    /// What the call cost at the configured price.
    pub spent: Cents,
}

/// An effect that a shadow world recorded and did not send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowReceipt {
    /// What was done instead, for people.
    pub note: String,
}

macro_rules! receipts {
    ($($name:ident),*) => {
        /// Any receipt.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "receipt", rename_all = "snake_case")]
        #[expect(missing_docs, reason = "each variant is documented at its struct")]
        pub enum Receipt {
            $($name($name),)*
        }

        $(impl From<$name> for Receipt {
            fn from(receipt: $name) -> Self {
                Receipt::$name(receipt)
            }
        })*
    };
}

receipts!(
    Findings,
    Scores,
    PostReceipt,
    AdsReceipt,
    MailReceipt,
    DeliveryReceipt,
    AnswerReceipt,
    PaymentReceipt,
    BillReceipt,
    PriceReceipt,
    ModelAnswer,
    ShadowReceipt
);
