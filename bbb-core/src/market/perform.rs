//! What the world answers to an effect: a receipt or a failure, and nothing changes here. The fold learns of it from the journal.

use crate::action::{Action, CollectPayment, DeliverOrder, QualifyLeads, RefundPayment, RunAds, StudyMarket};
use crate::blueprint::Channel;
use crate::draw::Draw;
use crate::id::OrderId;
use crate::market::buyer::Traits;
use crate::market::climate::Climate;
use crate::market::deal::Deal;
use crate::market::{Market, cents, demand, whole};
use crate::money::{Amount, Cents};
use crate::oversight::permit::Grant;
use crate::port::Failure;
use crate::receipt::{
    AdsReceipt, AnswerReceipt, BillReceipt, DeliveryReceipt, Findings, MailReceipt, PaymentReceipt, PostReceipt, PriceReceipt, Receipt,
    Scores,
};
use crate::state::orders::BILLING_PERIOD_MS;

/// Chance that any effect fails for now.
const OUTAGE: f64 = 0.01;
/// Chance that a card is declined for now.
const DECLINED: f64 = 0.02;
/// The part of the unit cost below which nobody delivers.
const LEAST_DELIVERY: f64 = 0.7;
/// Clicks on an advertisement per lead.
const CLICKS_PER_LEAD: f64 = 12.0;

impl Market {
    /// What the world answers to an effect. Depends on the folded state, the action, and the grant's proposal, attempt and time; asking
    /// twice gives the same answer.
    ///
    /// # Errors
    /// [`Failure::Temporary`] in one of a hundred attempts, and for a declined card; [`Failure::Permanent`] for what makes no sense here: an
    /// unknown contact or order, a payment that is not due, a delivery below cost, a channel that shut the business out, a language model.
    pub fn perform(&self, grant: &Grant, action: &Action) -> Result<Receipt, Failure> {
        let index = u64::from(grant.proposal.get()) << 16 | u64::from(grant.attempt & 0xffff);
        let mut draw = self.params.seed.draw("effect", index);
        if draw.chance(OUTAGE) {
            return Err(Failure::Temporary("the simulated provider is out of order".to_owned()));
        }
        let reference = || format!("sim-{}", grant.proposal);
        Ok(match action {
            Action::StudyMarket(study) => self.study(study, &mut draw).into(),
            Action::QualifyLeads(leads) => self.score(leads).into(),
            Action::PublishPost(post) => {
                self.admitted(post.channel)?;
                PostReceipt { reference: reference() }.into()
            }
            Action::RunAds(ads) => {
                self.admitted(ads.channel)?;
                self.advertise(ads, reference(), &mut draw).into()
            }
            Action::SendEmail(mail) => {
                if !self.folded.people.contains_key(&mail.contact) {
                    return Err(Failure::Permanent("550 no such mailbox".to_owned()));
                }
                MailReceipt { message_id: format!("<{}@business.example>", reference()), response: "250 accepted".to_owned() }.into()
            }
            Action::DeliverOrder(delivery) => self.deliver(delivery, reference(), &mut draw)?.into(),
            Action::AnswerTicket(answer) => {
                if !self.folded.tickets.contains_key(&answer.ticket) {
                    return Err(Failure::Permanent(format!("{} is not open", answer.ticket)));
                }
                AnswerReceipt { reference: reference() }.into()
            }
            Action::CollectPayment(payment) => self.collect(grant, payment, reference(), &mut draw)?.into(),
            Action::RefundPayment(refund) => self.refund(refund, reference())?.into(),
            Action::PayBill(bill) => BillReceipt { reference: reference(), spent: bill.cost }.into(),
            Action::SetPrice(price) => PriceReceipt { price: price.price }.into(),
            Action::CallModel(_) => return Err(Failure::Permanent("the simulated world has no language model".to_owned())),
        })
    }

    /// Whether a channel takes anything of the business. A search engine that bans a site says nothing.
    fn admitted(&self, channel: Channel) -> Result<(), Failure> {
        match Climate::of(&self.params, self.folded.day).banned {
            Some((banned, _)) if banned == channel && channel != Channel::Seo => {
                Err(Failure::Permanent(format!("the business's account on {channel} is suspended")))
            }
            _ => Ok(()),
        }
    }

    /// Each channel's cost per lead at moderate effort, off by a quarter or so.
    fn study(&self, study: &StudyMarket, draw: &mut Draw) -> Findings {
        let params = &self.params;
        let noise = Channel::ALL.map(|_| draw.log_normal(0.25));
        let cost = |channel: Channel| {
            let index = channel as usize;
            let organic = params.post_cost / (params.leads_per_day * params.share[index].max(0.005));
            let paid = 1.6 * params.ad_scale[index] / params.ad_leads[index];
            let cost = if channel == Channel::PaidSearch { paid } else { organic };
            cents((cost * noise[index]).max(1.0))
        };
        Findings { cost_per_lead: study.channels.iter().map(|channel| (*channel, cost(*channel))).collect() }
    }

    /// Each known lead's fit, off by 10 points or so; asking again does not make it clearer.
    fn score(&self, leads: &QualifyLeads) -> Scores {
        let score = |contact| {
            let person = self.folded.people.get(contact)?;
            let seen = Traits::of(&self.params, person).fit + 0.1 * self.params.seed.draw("score", person.ordinal.into()).normal();
            Some((*contact, u8::try_from(whole(seen.clamp(0.0, 1.0) * 100.0)).unwrap_or(100)))
        };
        Scores { fit: leads.contacts.iter().filter_map(score).collect() }
    }

    /// Spends most of the limit, but never more than four times what the channel can use.
    fn advertise(&self, ads: &RunAds, reference: String, draw: &mut Draw) -> AdsReceipt {
        let index = ads.channel as usize;
        let limit = ads.spend_limit.get().max(0) as f64;
        let usable = limit.min(4.0 * self.params.ad_scale[index]);
        let spent = cents(libm::floor(usable * draw.between(0.92, 1.0))).min(ads.spend_limit.max(Cents::ZERO));
        let response = demand::ad_response(&self.params, ads.channel, spent) * demand::fresh(&self.params, &self.folded, ads.channel);
        let leads = self.params.ad_leads[index] * response;
        AdsReceipt { reference, spent, clicks: draw.poisson(leads * CLICKS_PER_LEAD) }
    }

    fn open_deal(&self, order: OrderId) -> Result<&Deal, Failure> {
        let deal = self.folded.deals.get(&order).filter(|deal| deal.open);
        deal.ok_or_else(|| Failure::Permanent(format!("{order} is not an open order")))
    }

    fn deliver(&self, delivery: &DeliverOrder, reference: String, draw: &mut Draw) -> Result<DeliveryReceipt, Failure> {
        let deal = self.open_deal(delivery.order)?;
        if deal.payments <= deal.deliveries {
            return Err(Failure::Permanent(format!("nothing that was paid for {} is left to deliver", delivery.order)));
        }
        if (delivery.cost.get() as f64) < LEAST_DELIVERY * self.params.unit_cost {
            let least = cents(LEAST_DELIVERY * self.params.unit_cost);
            return Err(Failure::Permanent(format!("nobody delivers {} for less than {least}", delivery.order)));
        }
        let spent = cents(self.params.unit_cost * draw.between(0.85, 1.05)).min(delivery.cost);
        Ok(DeliveryReceipt { reference, spent })
    }

    fn collect(&self, grant: &Grant, payment: &CollectPayment, reference: String, draw: &mut Draw) -> Result<PaymentReceipt, Failure> {
        let deal = self.open_deal(payment.order)?;
        let (order, number) = (payment.order, payment.installment);
        let refuse = |reason: String| Err(Failure::Permanent(reason));
        if payment.price > deal.price || payment.price <= Cents::ZERO {
            return refuse(format!("the customer of {order} agreed to {}", deal.price));
        }
        if number != deal.payments || (number > 0 && !deal.monthly) {
            return refuse(format!("payment {number} of {order} is not the next one"));
        }
        let due_at = deal.placed_at.plus_ms(BILLING_PERIOD_MS.saturating_mul(i64::from(number)));
        if grant.at < due_at {
            return refuse(format!("payment {number} of {order} is due at {due_at}"));
        }
        if draw.chance(DECLINED) {
            return Err(Failure::Temporary("the card was declined".to_owned()));
        }
        Ok(PaymentReceipt { reference, amount: Amount::simulated(payment.price) })
    }

    fn refund(&self, refund: &RefundPayment, reference: String) -> Result<PaymentReceipt, Failure> {
        // Money can go back to a customer who has left, but only once.
        let deal = self.folded.deals.get(&refund.order).filter(|deal| deal.refunded_on.is_none());
        let deal = deal.ok_or_else(|| Failure::Permanent(format!("{} has no money to give back", refund.order)))?;
        let paid = deal.price.times(i64::from(deal.payments));
        if refund.refund > paid || refund.refund <= Cents::ZERO {
            return Err(Failure::Permanent(format!("{paid} was paid for {}", refund.order)));
        }
        Ok(PaymentReceipt { reference, amount: Amount::simulated(refund.refund) })
    }
}
