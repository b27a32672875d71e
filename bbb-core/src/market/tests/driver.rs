//! A scripted operator who works on a state and a market directly, without actors: for tests and for calibration.

use std::sync::Arc;

use crate::action::{
    Action, AnswerTicket, CollectPayment, Cost, DeliverOrder, MailPurpose, PayBill, PublishPost, QualifyLeads, RefundPayment, RunAds,
    SendEmail, StudyMarket,
};
use crate::blueprint::{Channel, Origin, find};
use crate::draw::Seed;
use crate::event::{Event, Outcome, Payload, Proposal, Recovery};
use crate::id::{ContactId, ProposalId, TaskId};
use crate::market::{Market, SOURCE, Scenario};
use crate::money::Cents;
use crate::oversight::permit::Grant;
use crate::oversight::verdict::{RuleId, Ruling, Verdict};
use crate::port::Failure;
use crate::receipt::Receipt;
use crate::role::Role;
use crate::seal::{DerivedKeys, Vault};
use crate::spec::Spec;
use crate::state::State;
use crate::state::contacts::Interest;
use crate::task::{NewTask, TaskKind};
use crate::time::{DAY_MS, HOUR_MS, Timestamp};

/// What the operator does every day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// Organic channels that get a post on weekdays.
    pub(super) post_channels: usize,
    /// Spent on advertising, in percent of the expected expenses.
    pub(super) ads_percent: i64,
    /// The price offered, in percent of the blueprint's.
    pub(super) price_percent: i64,
    /// Whether leads are written to.
    pub(super) mails: bool,
    /// Every how manieth day paid orders are delivered; 0 for never.
    pub(super) deliver_every: u32,
    /// Whether customers get answers.
    pub(super) answers: bool,
}

/// Does its work well.
pub(super) const COMPETENT: Habits =
    Habits { post_channels: 3, ads_percent: 8, price_percent: 100, mails: true, deliver_every: 1, answers: true };

/// Sells at a third of the price, buys far too much advertising, tells nobody anything new, delivers late, and answers nobody.
pub(super) const CARELESS: Habits =
    Habits { post_channels: 0, ads_percent: 120, price_percent: 35, mails: true, deliver_every: 10, answers: false };

/// Does nothing at all.
pub(super) const IDLE: Habits =
    Habits { post_channels: 0, ads_percent: 0, price_percent: 100, mails: false, deliver_every: 0, answers: false };

/// A run in progress.
pub(super) struct Run {
    pub(super) spec: Spec,
    pub(super) vault: Vault,
    pub(super) state: State,
    pub(super) market: Market,
    pub(super) events: Vec<Event>,
    now: Timestamp,
}

pub(super) fn spec(slug: &str, seed: u64) -> Spec {
    let blueprint = find(slug).expect("a template").clone();
    Spec::simulated(Origin::Template { slug: slug.to_owned() }, blueprint, Seed::new(seed), 3_650)
}

pub(super) fn vault(spec: &Spec) -> Vault {
    Vault::new(Arc::new(DerivedKeys::new(spec.seed)))
}

/// A run of so many days.
pub(super) fn run(slug: &str, seed: u64, days: u32, habits: Habits) -> Run {
    let mut run = Run::new(slug, seed);
    for _ in 0..days {
        run.day(habits);
    }
    run
}

impl Run {
    pub(super) fn new(slug: &str, seed: u64) -> Run {
        Run::within(slug, seed, None)
    }

    /// A run whose launch gives these hidden parameters.
    pub(super) fn within(slug: &str, seed: u64, scenario: Option<Scenario>) -> Run {
        let mut spec = spec(slug, seed);
        spec.market = scenario.as_ref().map(Scenario::digest);
        let market = scenario.map(Box::new);
        let vault = vault(&spec);
        let launch = Event { sequence: 1, at: spec.start, cause: 0, payload: Payload::Launched { spec: Box::new(spec.clone()), market } };
        let state = State::launch(spec.id(), &launch).expect("a launch");
        let mut market = Market::new(&spec, vault.clone());
        market.apply(&launch);
        let mut run = Run { now: spec.start, spec, vault, state, market, events: vec![launch] };
        run.push(Payload::TaskCreated { task: TaskId::new(0), order: NewTask::new(TaskKind::PublishPosts, 50, Timestamp::MAX) });
        run.push(Payload::TaskStarted { task: TaskId::new(0) });
        run
    }

    pub(super) fn push(&mut self, payload: Payload) {
        let event = Event { sequence: self.state.sequence + 1, at: self.now, cause: 0, payload };
        self.state.apply(&event).expect("the event fits");
        self.market.apply(&event);
        self.events.push(event);
    }

    /// Proposes, permits and carries out one action, with three attempts.
    pub(super) fn act(&mut self, action: impl Into<Action>) -> Option<Receipt> {
        self.act_for(TaskId::new(0), action)
    }

    /// The same for a task.
    pub(super) fn act_for(&mut self, task: TaskId, action: impl Into<Action>) -> Option<Receipt> {
        let action = action.into();
        action.validate().expect("arguments within bounds");
        let (id, digest, hold) = (ProposalId::new(self.state.work.next_proposal), action.digest(), action.worst_case(true));
        let role = action.kind().role().unwrap_or(Role::Orchestrator);
        let rationale = String::new();
        let proposal = Proposal { id, task, role, action: action.clone(), confidence: 80, rationale, reviews: None };
        self.push(Payload::Proposed { proposal: Box::new(proposal) });
        let verdict = Verdict { ruling: Ruling::Approve, rules: vec![RuleId::named("test.yes")], note: String::new() };
        self.push(Payload::Reviewed { proposal: id, digest, verdict, expires_at: None });
        for attempt in 1..=3 {
            let (key, recovery) = (id.to_string(), Recovery::Idempotent);
            self.push(Payload::Intended { proposal: id, digest, attempt, key: key.clone(), hold, recovery });
            let grant = Grant { business: self.state.business, proposal: id, role, attempt, key, digest, hold, recovery, at: self.now };
            let answer = self.market.perform(&grant, &action);
            assert_eq!(answer, self.market.perform(&grant, &action), "asking twice gives the same");
            let (outcome, cost) = match answer {
                Ok(receipt) => {
                    let cost = spent(&receipt, hold);
                    assert!(cost.money.cents() <= hold.money.cents(), "{action:?} cost {cost:?}");
                    (Outcome::Done { receipt }, cost)
                }
                Err(Failure::Temporary(reason)) if attempt < 3 => {
                    (Outcome::Failed { reason, retry_at: Some(self.now) }, Cost::nothing(true))
                }
                Err(failure) => (Outcome::Failed { reason: failure.to_string(), retry_at: None }, Cost::nothing(true)),
            };
            let receipt = if let Outcome::Done { receipt } = &outcome { Some(receipt.clone()) } else { None };
            let again = matches!(outcome, Outcome::Failed { retry_at: Some(_), .. });
            self.push(Payload::Settled { proposal: id, outcome, cost });
            if !again {
                return receipt;
            }
        }
        None
    }

    /// Works from eight o'clock and closes the day.
    pub(super) fn day(&mut self, habits: Habits) {
        self.work(habits);
        self.night();
    }

    /// Lets the world answer and closes the day.
    pub(super) fn night(&mut self) {
        let day = self.state.day;
        self.now = self.spec.start.plus_ms(i64::from(day) * DAY_MS + 23 * HOUR_MS);
        let signals = self.market.end_of_day(day);
        assert_eq!(signals, self.market.end_of_day(day), "asking twice gives the same");
        for signal in signals {
            self.push(Payload::Received { source: SOURCE.to_owned(), external_id: String::new(), signal });
        }
        self.push(Payload::DayClosed { day });
    }

    pub(super) fn work(&mut self, habits: Habits) {
        let day = self.state.day;
        self.now = self.spec.start.plus_ms(i64::from(day) * DAY_MS + 8 * HOUR_MS);
        self.serve(habits);
        if habits.mails {
            self.sell(habits);
        }
        self.market_the_offer(habits, day);
        if habits.mails && day % 30 == 29 {
            let cost = self.spec.blueprint.expected_monthly_expenses.percent(25);
            self.act(PayBill { label: "tools and insurance".to_owned(), cost });
        }
    }

    fn serve(&mut self, habits: Habits) {
        let due: Vec<CollectPayment> = (self.state.trade.orders.open())
            .filter(|(_, order)| order.due_at.is_some_and(|due| due <= self.now))
            .map(|(order, o)| CollectPayment { order: *order, installment: o.payments, price: o.price })
            .collect();
        for payment in due {
            self.act(payment);
        }
        if habits.deliver_every > 0 && self.state.day.is_multiple_of(habits.deliver_every) {
            let cost = self.spec.blueprint.unit_cost;
            let owed: Vec<_> = self.state.trade.orders.open().filter(|(_, o)| o.awaits_delivery()).map(|(order, _)| *order).collect();
            for order in owed {
                self.act(DeliverOrder { order, cost });
            }
        }
        if habits.answers {
            let tickets: Vec<_> = self.state.trade.tickets.iter().map(|(ticket, (contact, _))| (*ticket, *contact)).collect();
            for (ticket, contact) in tickets {
                let body = self.vault.seal(contact, "Here is how.").expect("short");
                self.act(AnswerTicket { ticket, body });
            }
            let unhappy: Vec<_> = (self.state.trade.orders.open())
                .filter(|(_, order)| order.refund_requested())
                .map(|(order, o)| RefundPayment { order: *order, refund: o.price })
                .collect();
            for refund in unhappy {
                self.act(refund);
            }
        }
    }

    fn sell(&mut self, habits: Habits) {
        let with = |state: &State, interest| -> Vec<ContactId> {
            (state.trade.contacts.iter()).filter(|(_, contact)| contact.interest == interest).map(|(id, _)| *id).collect()
        };
        for contacts in with(&self.state, Interest::New).chunks(100) {
            self.act(QualifyLeads { contacts: contacts.to_vec() });
        }
        let price = self.spec.blueprint.price.percent(habits.price_percent);
        let mut mails = Vec::new();
        for (id, contact) in self.state.trade.contacts.iter() {
            if !contact.consent || contact.suppressed {
                continue;
            }
            let waited = self.now.since(contact.last_mail_at) >= 3 * DAY_MS;
            match contact.interest {
                Interest::Fit => mails.push((*id, MailPurpose::Outreach, None)),
                Interest::Contacted if contact.mails < 2 && waited => mails.push((*id, MailPurpose::FollowUp, None)),
                Interest::Interested | Interest::AskedPrice => mails.push((*id, MailPurpose::Offer, Some(price))),
                Interest::Offered if contact.mails < 4 && waited => mails.push((*id, MailPurpose::FollowUp, None)),
                _ => {}
            }
        }
        for (contact, purpose, price) in mails {
            let message = self.vault.seal(contact, "Dear reader").expect("short");
            self.act(SendEmail { contact, purpose, price, line: None, message });
        }
    }

    fn market_the_offer(&mut self, habits: Habits, day: u32) {
        let blueprint = self.spec.blueprint.clone();
        if day == 0 && habits.post_channels > 0 {
            self.act(StudyMarket { channels: Channel::ALL.to_vec() });
        }
        let mut organic: Vec<Channel> = Channel::ALL.into_iter().filter(|channel| *channel != Channel::PaidSearch).collect();
        organic.sort_by_key(|channel| std::cmp::Reverse(blueprint.channel_mix.percent(*channel)));
        let cost = Cents::new(blueprint.expected_monthly_expenses.get() / 400);
        for channel in organic.into_iter().take(if day % 7 < 5 { habits.post_channels } else { 0 }) {
            self.act(PublishPost { channel, title: "News".to_owned(), body: "What is new.".to_owned(), cost });
        }
        let spend_limit = Cents::new(blueprint.expected_monthly_expenses.percent(habits.ads_percent).get() / 30);
        if spend_limit > Cents::ZERO {
            self.act(RunAds { channel: Channel::PaidSearch, headline: "Look".to_owned(), spend_limit });
        }
    }

    /// Revenue earned in a month of 30 days, counted from 0.
    pub(super) fn month_revenue(&self, month: usize) -> Cents {
        let total = |days: usize| days.checked_sub(1).and_then(|last| self.state.history.get(last)).map_or(Cents::ZERO, |row| row.revenue);
        total(month * 30 + 30).minus(total(month * 30))
    }

    /// Money spent in a month of 30 days, counted from 0.
    pub(super) fn month_spending(&self, month: usize) -> Cents {
        let total = |days: usize| days.checked_sub(1).and_then(|last| self.state.history.get(last)).map_or(Cents::ZERO, |row| row.spent);
        total(month * 30 + 30).minus(total(month * 30))
    }
}

fn spent(receipt: &Receipt, hold: Cost) -> Cost {
    let money = match receipt {
        Receipt::AdsReceipt(ads) => ads.spent,
        Receipt::DeliveryReceipt(delivery) => delivery.spent,
        Receipt::PaymentReceipt(payment) if hold.money.cents() > Cents::ZERO => payment.amount.cents(),
        Receipt::PaymentReceipt(_) => Cents::ZERO,
        Receipt::BillReceipt(bill) => bill.spent,
        _ => hold.money.cents(),
    };
    Cost { messages: hold.messages, ..Cost::money(true, money) }
}
