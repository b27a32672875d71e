//! What people answer to mails, and who buys.
//!
//! A person has a fit (0 to 1), a willingness to pay and patience, all hidden and fixed. With `n` commercial mails so far:
//!
//! ```text
//! fit          = 0.58 + quality(channel) + 0.22 z, clamped to 0.02..0.98
//! willing      = normal price * exp(0.35 z) * (0.75 + 0.5 fit)
//! warm         = (0.12 + 0.62 fit) * 0.65^(n-1) * line               answers an outreach or a reminder with interest
//! line         = 1 for a reminder and the first subject line of an outreach, log-normal(0.15) for each other one
//! leaves       = 0.008 + 0.04 (n-1) (1 - patience)                   unsubscribes; four times that without consent
//! declines     = 0.08 + 0.22 (1 - fit)
//! accepts      = logistic(ln(willing * rivals' price / price) / tolerance)
//! buys         = 0.85 * interest * accepts * 0.6^(offers-1) * exp(reputation * (stars - 4.3))
//! answers      the same day, or, with the chance of a late reply, 1, 2 or 3 days later (5 : 3 : 2)
//! ```
//!
//! `interest` is 1 after an interested answer, 1.1 after a question for the price, 0.35 without either. Over all people this makes a price
//! elasticity of about -1.3 around the normal price: mild, since people here came by themselves; measured elasticities of consumer goods are
//! about -2.6 on average (Bijmolt, van Heerde and Pieters 2005). What a star is worth is of the order that was measured for restaurants, 5 to
//! 9 % (Luca 2016), and somewhat more.

use std::collections::BTreeSet;

use crate::action::MailPurpose;
use crate::draw::Draw;
use crate::event::{Intent, Signal};
use crate::market::climate;
use crate::market::customer::Counters;
use crate::market::figure;
use crate::market::fold::{Folded, Letter, Person};
use crate::market::params::Params;
use crate::money::Cents;

/// What is hidden in a person, fixed by its ordinal and channel.
pub(super) struct Traits {
    /// How well the offer fits, 0 to 1.
    pub(super) fit: f64,
    /// The price, in cents, at which buying is as likely as not.
    willing: f64,
    /// 0 to 1.
    patience: f64,
}

impl Traits {
    pub(super) fn of(params: &Params, person: &Person) -> Traits {
        let mut draw = params.seed.draw("traits", person.ordinal.into());
        let fit = (0.58 + params.quality[person.channel as usize] + 0.22 * draw.normal()).clamp(0.02, 0.98);
        let willing = params.normal_price * draw.log_normal(0.35) * (0.75 + 0.5 * fit);
        Traits { fit, willing, patience: draw.unit() }
    }

    /// How acceptable a price is to this person while rivals charge so many times the normal price, 0 to 1.
    pub(super) fn accepts(&self, params: &Params, price: Cents, rivals: f64) -> f64 {
        let distance = libm::log(self.willing * rivals / figure(price)) / params.price_tolerance;
        1.0 / (1.0 + libm::exp(-distance))
    }
}

/// The latest that an answer comes, in days.
pub(super) const LATEST_REPLY_DAYS: u32 = 3;

/// What comes back today, in the order in which the mails went out; one answer a day from each person.
pub(super) fn answers(params: &Params, folded: &Folded, counters: &mut Counters) -> Vec<Signal> {
    let rivals = climate::rivals_price(params, folded);
    let mut answered = BTreeSet::new();
    let mut signals = Vec::new();
    for letter in &folded.letters {
        let Some(person) = folded.people.get(&letter.contact).filter(|person| !person.gone) else { continue };
        if answered.contains(&letter.contact) || letter.sent_on + delay(params, letter, person) != folded.day {
            continue;
        }
        let mut draw = params.seed.draw("letter", letter.key(person));
        let reader = Reader { params, folded, letter, person, rivals };
        if let Some(signal) = reader.answer(&mut draw, counters) {
            answered.insert(letter.contact);
            signals.push(signal);
        }
    }
    signals
}

/// Days after which a letter is answered, if it is.
fn delay(params: &Params, letter: &Letter, person: &Person) -> u32 {
    let mut draw = params.seed.draw("delay", letter.key(person));
    match (draw.chance(params.late_replies), draw.below(10)) {
        (false, _) => 0,
        (true, 0..=4) => 1,
        (true, 5..=7) => 2,
        (true, _) => LATEST_REPLY_DAYS,
    }
}

/// Somebody who reads a letter.
struct Reader<'a> {
    params: &'a Params,
    folded: &'a Folded,
    letter: &'a Letter,
    person: &'a Person,
    /// What rivals charge, as a multiple of the normal price.
    rivals: f64,
}

impl Reader<'_> {
    fn answer(&self, draw: &mut Draw, counters: &mut Counters) -> Option<Signal> {
        let Reader { params, folded, letter, person, rivals } = *self;
        let contact = letter.contact;
        let traits = Traits::of(params, person);
        let weariness = f64::from(letter.nth.saturating_sub(1));
        let consent = if person.consent { 1.0 } else { 4.0 };
        let leaves = (0.008 + 0.04 * weariness * (1.0 - traits.patience)) * consent;
        if draw.chance(leaves) {
            return Some(Signal::Unsubscribed { contact });
        }
        // A customer of a running order, or someone who said no, has nothing to answer.
        if person.answer == Some(Intent::Declined) || counters.has_running(folded, contact) {
            return None;
        }
        if let Some(price) = letter.offered {
            let reminder = if letter.purpose == MailPurpose::FollowUp { 0.5 } else { 1.0 };
            let chance = reminder * self.buys(&traits, price);
            if draw.chance(chance) {
                return Some(Signal::OrderPlaced { order: counters.order(), contact, price, monthly: params.monthly });
            }
            let no = if figure(price) > traits.willing * rivals { 0.6 } else { 0.2 };
            return draw.chance(no).then_some(Signal::Replied { contact, intent: Intent::Declined });
        }
        if person.orders > 0 || person.answer.is_some() {
            return None;
        }
        let trust = if person.consent { 1.0 } else { 0.5 };
        let line = if letter.purpose == MailPurpose::Outreach { params.line(letter.line) } else { 1.0 };
        let warm = (0.12 + 0.62 * traits.fit) * libm::pow(0.65, weariness) * trust * line;
        let intent = if draw.chance(warm) {
            if draw.chance(0.4) { Intent::AskedPrice } else { Intent::Interested }
        } else if draw.chance(0.08 + 0.22 * (1.0 - traits.fit)) {
            Intent::Declined
        } else {
            return None;
        };
        Some(Signal::Replied { contact, intent })
    }

    /// The chance that an offer is taken.
    fn buys(&self, traits: &Traits, price: Cents) -> f64 {
        let Reader { params, folded, person, rivals, .. } = *self;
        let interest = match person.answer {
            _ if person.orders > 0 => 0.5,
            Some(Intent::Interested) => 1.0,
            Some(Intent::AskedPrice) => 1.1,
            Some(Intent::Declined) => 0.0,
            None => 0.35,
        };
        let again = libm::pow(0.6, f64::from(person.offers.saturating_sub(1)));
        0.85 * interest * traits.accepts(params, price, rivals) * again * folded.trust(params)
    }
}
