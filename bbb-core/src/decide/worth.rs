//! Worth: what a task is expected to bring, in cents, by the business's own record. A task's priority follows from it, so that what is worth most is done first where
//! messages or money are short.
//!
//! Messages and money are short per effect and not per task, so a task counts by its best effect, less what that costs:
//!
//! | task | brings |
//! |---|---|
//! | collect payments | the payment |
//! | refund orders | what is owed, which a dispute would take with its fee |
//! | deliver orders | the margin that is kept, what a monthly customer still pays, the fee of a dispute that does not come |
//! | answer tickets | what a customer is worth, as often as one who gets no answer leaves |
//! | make offers | the chance that an offer is taken, by the journal's own offers, times what a customer is worth |
//! | outreach, follow up | what a lead of its channel is worth, by its fit; half of it for each mail that went before |
//! | qualify leads | what the new leads are worth together: one effect scores all of them |
//! | publish, advertise | the leads that one more is expected to bring, by the last weeks, at what a lead is worth; as much as it costs where nothing is known |
//! | pay bills | what they come to: without tools and insurance there is no business |
//! | review the price | a tenth of a sale |
//! | take up what the market tempts with | a sale, since nobody says how much |
//!
//! What a lead and a customer are worth is what growth believes ([`crate::decide::growth::belief`]).

use crate::blueprint::{Billing, Channel};
use crate::decide::growth::{belief, cents};
use crate::decide::playbook as rules;
use crate::decide::view::View;
use crate::money::Cents;
use crate::state::contacts::{Contact, Interest};
use crate::task::{NewTask, TaskKind};

/// What a bank charges for a disputed payment, in cents, where nothing else is known.
const DISPUTE_FEE: f64 = 1_500.0;
/// Of customers who ask for help and get none, how many leave or want their money back.
const LEAVE_UNANSWERED: f64 = 0.25;
/// How much likelier an offer is taken by who asked for the price than by who only answered.
const ANSWERED_ONLY: f64 = 0.6;
/// How likely a customer takes an offer to buy again, compared with a lead that asked for the price.
const BUYS_AGAIN: f64 = 0.25;
/// The fit at which a lead is worth what leads of its channel are worth on average.
const USUAL_FIT: f64 = 75.0;
/// Offers that are thought of before any was made, of which half are taken.
const OFFERS_BEFORE: f64 = 4.0;
/// Weeks by which it is told what publishing and advertising bring.
const RECENT_WEEKS: usize = 4;

/// What things are worth to a business now.
pub struct Worth<'a> {
    view: &'a View<'a>,
    /// A lead of each channel, in the order of [`Channel::ALL`].
    leads: [f64; 6],
    /// A new customer.
    customer: f64,
    /// The chance that an offer is taken.
    taken: f64,
    /// The same, of an offer to somebody who did not answer one.
    taken_later: f64,
}

impl<'a> Worth<'a> {
    /// What this view shows things to be worth.
    pub fn new(view: &'a View<'a>) -> Worth<'a> {
        let (made, taken) =
            view.trade().offers.values().fold((0.0, 0.0), |(made, taken), offers| {
                (made + f64::from(offers.made), taken + f64::from(offers.taken.min(offers.made)))
            });
        let taken = (taken + OFFERS_BEFORE / 2.0) / (made + OFFERS_BEFORE);
        let later = view.growth().allotment.as_ref().and_then(|allotment| allotment.later);
        let taken_later = later.map_or(0.0, |later| belief::later(view, later.percent).mean(|share| *share));
        Worth { view, leads: belief::lead_values(view), customer: belief::customer_value(view), taken, taken_later }
    }

    /// The expected value of the best effect of such a task, less its cost: nothing where it has none, or costs more than it brings.
    pub fn of(&self, order: &NewTask) -> Cents {
        cents(self.expected(order.kind, order.channel))
    }

    /// The priority of such a task: 20 at a dollar, 20 more for each factor of ten, within 0 and 100.
    pub fn priority(&self, order: &NewTask) -> u8 {
        priority(self.of(order))
    }

    /// The same task with the priority that it is worth.
    pub fn ranked(&self, order: NewTask) -> NewTask {
        NewTask { priority: self.priority(&order), ..order }
    }

    /// What writing to this contact is expected to bring within such a task, in cents.
    pub fn contact(&self, kind: TaskKind, contact: &Contact) -> f64 {
        let lead = || self.leads[contact.channel as usize] * contact.fit.map_or(1.0, |fit| f64::from(fit) / USUAL_FIT);
        match kind {
            TaskKind::MakeOffers => {
                let taken = match contact.interest {
                    Interest::AskedPrice => self.taken,
                    Interest::Offered => self.taken_later,
                    Interest::Customer => BUYS_AGAIN * self.taken,
                    _ => ANSWERED_ONLY * self.taken,
                };
                taken * self.customer
            }
            TaskKind::Outreach => lead(),
            TaskKind::FollowUp => lead() * libm::pow(0.5, f64::from(contact.mails)),
            _ => 0.0,
        }
    }

    fn expected(&self, kind: TaskKind, channel: Option<Channel>) -> f64 {
        let (view, trade) = (self.view, self.view.trade());
        let (blueprint, now) = (&view.spec().blueprint, view.now());
        let most = |figures: &mut dyn Iterator<Item = f64>| figures.fold(0.0, f64::max);
        match kind {
            TaskKind::CollectPayments => {
                most(&mut trade.orders.open().filter(|(_, order)| rules::is_due(order, now)).map(|(_, order)| figure(order.price)))
            }
            TaskKind::RefundOrders => {
                let owed = trade.orders.owed_refunds();
                most(&mut owed.map(|(_, order)| figure(order.refundable()) + DISPUTE_FEE))
            }
            TaskKind::DeliverOrders => {
                let margin = figure(trade.price.minus(blueprint.unit_cost)).max(0.0);
                let stays = (self.customer - margin).max(0.0);
                let waiting = trade.orders.open().filter(|(_, order)| order.awaits_delivery());
                most(&mut waiting.map(|(_, order)| figure(order.price.minus(blueprint.unit_cost)).max(0.0) + stays + DISPUTE_FEE))
            }
            TaskKind::AnswerTickets => {
                let kept = if blueprint.billing == Billing::Monthly { self.customer } else { figure(trade.price) };
                LEAVE_UNANSWERED * kept
            }
            TaskKind::MakeOffers | TaskKind::Outreach | TaskKind::FollowUp => {
                most(&mut rules::who_wants_mail(kind, view).map(|(_, contact)| self.contact(kind, contact)))
            }
            TaskKind::QualifyLeads => {
                let new = trade.contacts.at_step(Interest::New);
                new.map(|(_, contact)| self.leads[contact.channel as usize]).sum()
            }
            TaskKind::PublishPosts | TaskKind::RunAds => channel.map_or(0.0, |channel| self.growth(kind, channel)),
            TaskKind::PayBills => figure(rules::weekly_bill(view)),
            TaskKind::ReviewPrice => self.customer / 10.0,
            TaskKind::TakeUpOffer => self.customer,
            TaskKind::StudyMarket | TaskKind::PlanDay => 0.0,
        }
    }

    /// What one more post, or another day of advertising, on a channel brings over its cost.
    fn growth(&self, kind: TaskKind, channel: Channel) -> f64 {
        let (growth, index) = (self.view.growth(), channel as usize);
        let Some(allotment) = &growth.allotment else { return 0.0 };
        let posts = kind == TaskKind::PublishPosts;
        let cost = figure(if posts { allotment.post_cost } else { allotment.ads[index] });
        let recent = growth.weeks.iter().rev().take(RECENT_WEEKS).map(|week| &week.channels[index]);
        let (leads, spent) = recent.fold((0.0, 0.0), |(leads, spent), week| (leads + f64::from(week.leads), spent + figure(week.spent)));
        // A dollar brought as much as any other that was spent there.
        if spent > 0.0 { (leads * self.leads[index] / spent - 1.0) * cost } else { cost }
    }
}

/// A priority from what something is worth.
fn priority(worth: Cents) -> u8 {
    if worth <= Cents::ZERO {
        return 0;
    }
    let level = 20.0 + 20.0 * libm::log10(figure(worth) / 100.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 100")]
    let level = libm::round(level.clamp(0.0, 100.0)) as u8;
    level
}

fn figure(cents: Cents) -> f64 {
    cents.get() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::decide::growth::Allotment;
    use crate::decide::view::Eyes;
    use crate::id::ContactId;
    use crate::oversight::tests_support::Scene;
    use crate::state::trade::{ChannelResult, Offers};
    use crate::time::DAY_MS;

    fn worth_in<T>(scene: &Scene, then: impl FnOnce(&Worth<'_>) -> T) -> T {
        let eyes = Eyes { vault: scene.vault.clone(), connected: ActionKind::ALL.into() };
        then(&Worth::new(&eyes.view(&scene.state, scene.state.now)))
    }

    fn order(kind: TaskKind) -> NewTask {
        NewTask::new(kind, 50, crate::time::Timestamp::MAX)
    }

    fn lead(scene: &mut Scene, name: &str, edit: impl FnOnce(&mut Contact)) -> ContactId {
        let id = scene.lead(&format!("{name}@customer.example"), true);
        edit(&mut scene.state.trade.contacts.change(id).expect("known"));
        id
    }

    #[test]
    fn priorities_rise_with_worth_by_factors() {
        let of = |dollars: i64| priority(Cents::from_dollars(dollars));
        assert_eq!([of(-5), of(0), of(1), of(10), of(100), of(1_000), of(10_000), of(1_000_000)], [0, 0, 20, 40, 60, 80, 100, 100]);
        assert_eq!(priority(Cents::new(1)), 0);
        assert!((1..500).all(|dollars| of(dollars) <= of(dollars + 1)));
    }

    #[test]
    fn the_nearer_a_lead_is_to_buying_the_more_a_mail_to_it_is_worth() {
        let mut scene = Scene::new();
        let asked = lead(&mut scene, "asked", |contact| contact.interest = Interest::AskedPrice);
        let answered = lead(&mut scene, "answered", |contact| contact.interest = Interest::Interested);
        let fit = lead(&mut scene, "fit", |contact| (contact.interest, contact.fit) = (Interest::Fit, Some(90)));
        let less = lead(&mut scene, "less", |contact| (contact.interest, contact.fit) = (Interest::Fit, Some(55)));
        let reminded = lead(&mut scene, "reminded", |contact| {
            (contact.interest, contact.fit, contact.mails) = (Interest::Contacted, Some(90), 2);
            contact.last_mail_at = contact.last_mail_at.plus_ms(-9 * DAY_MS);
        });
        let figures = worth_in(&scene, |worth| {
            let of = |kind, id: &ContactId| worth.contact(kind, &scene.state.trade.contacts[id]);
            let (offers, outreach) = (TaskKind::MakeOffers, TaskKind::Outreach);
            [of(offers, &asked), of(offers, &answered), of(outreach, &fit), of(outreach, &less), of(TaskKind::FollowUp, &reminded)]
        });
        assert!(figures.is_sorted_by(|more, less| more > less), "{figures:?}");
        let priorities = worth_in(&scene, |worth| {
            [TaskKind::MakeOffers, TaskKind::Outreach, TaskKind::FollowUp].map(|kind| worth.priority(&order(kind)))
        });
        assert!(priorities.is_sorted_by(|more, less| more > less), "{priorities:?}");
    }

    #[test]
    fn an_offer_is_worth_what_earlier_offers_say() {
        let offered = |made, taken| {
            let mut scene = Scene::new();
            lead(&mut scene, "asked", |contact| contact.interest = Interest::AskedPrice);
            scene.state.trade.offers.insert(scene.state.trade.price, Offers { made, taken });
            worth_in(&scene, |worth| worth.of(&order(TaskKind::MakeOffers)))
        };
        let margin = Scene::new().state.trade.price.minus(Scene::new().state.spec.blueprint.unit_cost);
        assert!(offered(0, 0) >= margin.percent(50), "half of them, of at least one sale's margin");
        assert!(offered(50, 5) < offered(0, 0) && offered(0, 0) < offered(50, 45));
    }

    #[test]
    fn what_is_owed_is_worth_a_dispute_and_what_is_paid_its_margin() {
        let mut scene = Scene::new();
        let price = scene.order().price;
        let unit_cost = scene.state.spec.blueprint.unit_cost;
        let of = |scene: &Scene, kind| worth_in(scene, |worth| worth.of(&order(kind)));
        assert!(of(&scene, TaskKind::DeliverOrders) >= price.minus(unit_cost).plus(Cents::from_dollars(15)));
        assert_eq!(of(&scene, TaskKind::RefundOrders), Cents::ZERO, "nobody asked");
        scene.ask_refund(1);
        assert_eq!(of(&scene, TaskKind::RefundOrders), price.plus(Cents::from_dollars(15)));
        assert_eq!(of(&scene, TaskKind::CollectPayments), Cents::ZERO, "who wants money back pays nothing");
        assert!(of(&scene, TaskKind::AnswerTickets) >= price.percent(20));
    }

    #[test]
    fn publishing_is_worth_what_the_last_weeks_brought_over_its_cost() {
        let after = |leads: Option<u32>| {
            let mut scene = Scene::new();
            let allotment = Allotment {
                posts: [7; 6],
                post_cost: Cents::from_dollars(10),
                ads: [Cents::from_dollars(20); 6],
                price: scene.state.trade.price,
                sells: true,
                later: None,
                line: 0,
            };
            let mut channels = [ChannelResult::default(); 6];
            channels[Channel::Seo as usize] = ChannelResult {
                leads: leads.unwrap_or(0),
                spent: Cents::from_dollars(if leads.is_some() { 70 } else { 0 }),
                ..ChannelResult::default()
            };
            scene.state.growth.weeks.push(crate::state::growth::Week { allotment: allotment.clone(), channels });
            scene.state.growth.allotment = Some(allotment);
            worth_in(&scene, |worth| worth.of(&order(TaskKind::PublishPosts).on(Channel::Seo)))
        };
        assert_eq!(after(None), Cents::from_dollars(10), "as much as it costs where nothing is known");
        assert_eq!(after(Some(0)), Cents::ZERO, "it brought nothing");
        assert!(after(Some(1)) > Cents::ZERO && after(Some(5)) > after(Some(1)));
    }
}
