//! Settle: what an adapter answered becomes an event, and the hold is settled.

use crate::action::{Action, Cost};
use crate::event::{By, Outcome, Payload, Recovery};
use crate::id::ProposalId;
use crate::limits::{EFFECT_BACKOFF_MS, MAX_EFFECT_ATTEMPTS};
use crate::money::{Amount, Cents};
use crate::port::Failure;
use crate::receipt::Receipt;
use crate::round::Round;
use crate::state::work::Stage;
use crate::state::{Misfit, State, Status};
use crate::time::Timestamp;

/// What the runner reports of one effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// The adapter answered.
    Answered(Result<Receipt, Failure>),
    /// The permit was not used.
    Unused(String),
    /// The answer was lost with the process or the adapter, and the provider could not tell.
    LostAnswer(String),
}

impl Report {
    /// The same report where an earlier attempt may have happened: that this one did not is no proof that none did.
    #[must_use]
    pub fn after_doubt(self) -> Report {
        match self {
            Report::Answered(Err(Failure::Temporary(reason) | Failure::Permanent(reason))) | Report::Unused(reason) => {
                Report::LostAnswer(reason)
            }
            other => other,
        }
    }

    /// Whether the effect may have happened without anybody knowing.
    pub fn leaves_doubt(&self) -> bool {
        matches!(self, Report::Answered(Err(Failure::Unknown(_))) | Report::LostAnswer(_))
    }
}

/// Stages how an effect ended. A report on an effect that is not under way is ignored: it was settled before.
///
/// # Errors
/// [`Misfit`] on a defect of the engine.
pub fn settle(round: &mut Round, id: ProposalId, report: Report) -> Result<(), Misfit> {
    let Some(open) = round.state().work.proposals.get(&id) else { return Ok(()) };
    let Stage::Held { attempt, hold, recovery, unsure, .. } = &open.stage else { return Ok(()) };
    let (attempt, hold, recovery, cause) = (*attempt, *hold, *recovery, open.event);
    let report = if *unsure { report.after_doubt() } else { report };
    let retry_at = retry_at(round.now(), attempt);
    let report = match report {
        Report::Answered(Ok(receipt)) => match nonsense(round.state(), &open.proposal.action, &receipt) {
            Some(reason) => Report::LostAnswer(reason),
            None => Report::Answered(Ok(receipt)),
        },
        other => other,
    };
    let mut overrun = None;
    let (outcome, cost) = match report {
        Report::Answered(Ok(receipt)) => {
            let cost = cost_of(&open.proposal.action, &receipt, &hold);
            overrun = over(&open.proposal.action, &receipt, hold, cost);
            (Outcome::Done { receipt }, cost)
        }
        Report::Answered(Err(Failure::Temporary(reason))) => (Outcome::Failed { reason, retry_at }, hold.released()),
        Report::Answered(Err(Failure::Permanent(reason))) => (Outcome::Failed { reason, retry_at: None }, hold.released()),
        Report::Answered(Err(Failure::Unknown(reason))) | Report::LostAnswer(reason) => match recovery {
            Recovery::Repeatable => (Outcome::Lost { reason, retry_at }, hold),
            Recovery::Idempotent | Recovery::Verifiable | Recovery::AtMostOnce => match retry_at {
                Some(retry_at) if recovery == Recovery::Idempotent && !round.state().status.is_over() => {
                    (Outcome::Unanswered { reason, retry_at }, hold)
                }
                _ => (Outcome::InDoubt { reason }, hold),
            },
        },
        Report::Unused(reason) => (Outcome::Released { reason }, hold.released()),
    };
    let cause = round.stage(Payload::Settled { proposal: id, outcome, cost }, cause)?;
    if let Some((held, cost)) = overrun {
        round.stage(Payload::Overrun { proposal: id, held, cost }, cause)?;
        if round.state().status == Status::Active {
            let reason = format!("{id} moved more than was accepted for it");
            round.stage(Payload::Paused { by: By::Engine, reason }, cause)?;
        }
    }
    Ok(())
}

/// Why a receipt cannot be one for this action; such a receipt proves nothing. Adapters are not trusted to make sense, and what they say must not stop the
/// business.
fn nonsense(state: &State, action: &Action, receipt: &Receipt) -> Option<String> {
    let negative = |what: &str, cents: Cents| (cents < Cents::ZERO).then(|| format!("the receipt says that {what} was {cents}"));
    match (action, receipt) {
        (Action::QualifyLeads(asked), Receipt::Scores(scores)) => {
            let stray = scores.fit.iter().find(|(contact, fit)| *fit > 100 || !asked.contacts.contains(contact));
            stray.map(|(contact, fit)| format!("the receipt scores {contact} with {fit}"))
        }
        (_, Receipt::Findings(findings)) => findings.cost_per_lead.iter().find_map(|(_, cost)| negative("the cost of a lead", *cost)),
        (_, Receipt::PaymentReceipt(payment)) => {
            let foreign = payment.amount.is_simulated() != state.spec.world.is_simulated();
            foreign.then(|| "simulated and real money do not mix".to_owned()).or_else(|| negative("the payment", payment.amount.cents()))
        }
        // What new customers pay is what was approved, or nobody knows what it is.
        (Action::SetPrice(asked), Receipt::PriceReceipt(set)) => (set.price != asked.price)
            .then(|| format!("the receipt says that the price is {}, and {} was asked for", set.price, asked.price)),
        (_, Receipt::AdsReceipt(ads)) => negative("the cost", ads.spent),
        (_, Receipt::DeliveryReceipt(delivery)) => negative("the cost", delivery.spent),
        (_, Receipt::BillReceipt(bill)) => negative("the cost", bill.spent),
        (_, Receipt::ModelAnswer(answer)) => negative("the cost", answer.spent),
        _ => None,
    }
}

/// The wait doubles with each attempt; none after the last.
fn retry_at(now: Timestamp, attempt: u32) -> Option<Timestamp> {
    (attempt < MAX_EFFECT_ATTEMPTS).then(|| now.plus_ms(EFFECT_BACKOFF_MS << attempt.saturating_sub(1).min(10)))
}

/// What was accepted and what it was in fact, where that is more: a cost over its hold, or more collected from a customer than was agreed, which no hold is for.
fn over(action: &Action, receipt: &Receipt, hold: Cost, cost: Cost) -> Option<(Cost, Cost)> {
    match (action, receipt) {
        (Action::CollectPayment(agreed), Receipt::PaymentReceipt(payment)) if payment.amount.cents() > agreed.price => {
            let money = |cents| Cost::money(payment.amount.is_simulated(), cents);
            Some((money(agreed.price), money(payment.amount.cents())))
        }
        _ => exceeds(&cost, &hold).then_some((hold, cost)),
    }
}

fn exceeds(cost: &Cost, hold: &Cost) -> bool {
    cost.money.cents() > hold.money.cents() || cost.tokens > hold.tokens || cost.messages > hold.messages
}

/// What an effect cost in fact, by its receipt; its kind of money is that of the hold.
fn cost_of(action: &Action, receipt: &Receipt, hold: &Cost) -> Cost {
    let money = |cents: Cents| match hold.money {
        Amount::Real(_) => Amount::real(cents),
        Amount::Simulated(_) => Amount::simulated(cents),
    };
    let spent = match (action, receipt) {
        (_, Receipt::ShadowReceipt(_)) => return hold.released(),
        (_, Receipt::AdsReceipt(ads)) => ads.spent,
        (_, Receipt::DeliveryReceipt(delivery)) => delivery.spent,
        (_, Receipt::BillReceipt(bill)) => bill.spent,
        (_, Receipt::ModelAnswer(answer)) => {
            return Cost { money: money(answer.spent), tokens: answer.prompt_tokens.saturating_add(answer.answer_tokens), messages: 0 };
        }
        (Action::RefundPayment(_), Receipt::PaymentReceipt(payment)) => payment.amount.cents(),
        _ => hold.money.cents(),
    };
    Cost { money: money(spent), ..*hold }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{ActionKind, CollectPayment, MailPurpose, QualifyLeads};
    use crate::blueprint::Channel;
    use crate::id::ContactId;
    use crate::oversight::tests_support::Scene;
    use crate::receipt::{
        AdsReceipt, BillReceipt, DeliveryReceipt, Findings, MailReceipt, ModelAnswer, PaymentReceipt, PriceReceipt, Scores, ShadowReceipt,
    };
    use crate::seal;

    const HELD: i64 = 80_00;

    fn bill(cents: i64) -> Report {
        Report::Answered(Ok(Receipt::BillReceipt(BillReceipt { reference: String::new(), spent: Cents::new(cents) })))
    }

    fn failed(failure: fn(String) -> Failure) -> Report {
        Report::Answered(Err(failure("why".to_owned())))
    }

    /// A bill of 80 dollars under way by this attempt, after one that may have happened where `unsure`.
    fn under_way(recovery: Recovery, attempt: u32, unsure: bool) -> (Scene, ProposalId) {
        let mut scene = Scene::new();
        let action = scene.good(ActionKind::PayBill);
        let proposal = scene.propose(action, true);
        let (id, digest, hold) = (proposal.id, proposal.action.digest(), Cost::money(true, Cents::new(HELD)));
        let intend = |scene: &mut Scene, attempt| {
            scene.apply(Payload::Intended { proposal: id, digest, attempt, key: "key".to_owned(), hold, recovery });
        };
        if unsure {
            intend(&mut scene, attempt - 1);
            let outcome = Outcome::Unanswered { reason: String::new(), retry_at: scene.state.now };
            scene.apply(Payload::Settled { proposal: id, outcome, cost: hold });
        }
        intend(&mut scene, attempt);
        (scene, id)
    }

    /// How it ends: the outcome's name, the wait before another attempt, what it cost, what is held after, and the events that follow.
    fn ended(scene: &Scene, id: ProposalId, report: Report) -> (&'static str, Option<i64>, i64, i64, usize) {
        let mut round = Round::new(scene.state.clone(), scene.state.now);
        settle(&mut round, id, report).expect("a settlement");
        let Some(Payload::Settled { outcome, cost, .. }) = round.staged().first().map(|event| &event.payload) else {
            return ("nothing", None, 0, 0, round.staged().len());
        };
        let (name, at) = match outcome {
            Outcome::Done { .. } => ("done", None),
            Outcome::Failed { retry_at, .. } => ("failed", *retry_at),
            Outcome::Unanswered { retry_at, .. } => ("unanswered", Some(*retry_at)),
            Outcome::InDoubt { .. } => ("in doubt", None),
            Outcome::Lost { retry_at, .. } => ("lost", *retry_at),
            Outcome::Released { .. } => ("released", None),
        };
        let wait = at.map(|at| at.since(scene.state.now) / EFFECT_BACKOFF_MS);
        (name, wait, cost.money.cents().get(), round.state().books.simulated.held().cents().get(), round.staged().len() - 1)
    }

    #[test]
    fn every_report_ends_an_effect_as_its_port_recovers() {
        use Recovery::{AtMostOnce, Idempotent, Repeatable, Verifiable};
        let check = |recovery, attempt, report: Report, end: (&str, Option<i64>, i64, i64)| {
            let (scene, id) = under_way(recovery, attempt, false);
            let (name, wait, cost, held, more) = ended(&scene, id, report.clone());
            assert_eq!((name, wait, cost, held, more), (end.0, end.1, end.2, end.3, 0), "{recovery:?} {attempt} {report:?}");
        };
        for recovery in [Repeatable, Idempotent, Verifiable, AtMostOnce] {
            check(recovery, 1, bill(HELD), ("done", None, HELD, 0));
            check(recovery, 1, bill(HELD - 1), ("done", None, HELD - 1, 0));
            check(recovery, 1, failed(Failure::Temporary), ("failed", Some(1), 0, 0));
            check(recovery, 3, failed(Failure::Temporary), ("failed", Some(4), 0, 0));
            check(recovery, MAX_EFFECT_ATTEMPTS - 1, failed(Failure::Temporary), ("failed", Some(8), 0, 0));
            check(recovery, MAX_EFFECT_ATTEMPTS, failed(Failure::Temporary), ("failed", None, 0, 0));
            check(recovery, 1, failed(Failure::Permanent), ("failed", None, 0, 0));
            check(recovery, 1, Report::Unused(String::new()), ("released", None, 0, 0));
        }
        for report in [failed(Failure::Unknown), Report::LostAnswer(String::new()), bill(-1)] {
            check(Repeatable, 1, report.clone(), ("lost", Some(1), HELD, 0));
            check(Repeatable, MAX_EFFECT_ATTEMPTS, report.clone(), ("lost", None, HELD, 0));
            check(Idempotent, 2, report.clone(), ("unanswered", Some(2), HELD, HELD));
            check(Idempotent, MAX_EFFECT_ATTEMPTS, report.clone(), ("in doubt", None, HELD, HELD));
            check(Verifiable, 1, report.clone(), ("in doubt", None, HELD, HELD));
            check(AtMostOnce, 1, report.clone(), ("in doubt", None, HELD, HELD));
        }
    }

    #[test]
    fn only_a_receipt_ends_the_doubt_that_an_earlier_attempt_left() {
        for report in [failed(Failure::Temporary), failed(Failure::Permanent), failed(Failure::Unknown), Report::Unused(String::new())] {
            let (scene, id) = under_way(Recovery::Idempotent, 2, true);
            assert_eq!(ended(&scene, id, report.clone()), ("unanswered", Some(2), HELD, HELD, 0), "{report:?}");
            let (scene, id) = under_way(Recovery::Verifiable, 2, true);
            assert_eq!(ended(&scene, id, report.clone()), ("in doubt", None, HELD, HELD, 0), "{report:?}");
        }
        let (scene, id) = under_way(Recovery::Idempotent, 2, true);
        assert_eq!(ended(&scene, id, bill(HELD)), ("done", None, HELD, 0, 0));
        let (mut scene, id) = under_way(Recovery::Idempotent, 1, false);
        scene.state.status = Status::Stopped;
        assert_eq!(ended(&scene, id, failed(Failure::Unknown)), ("in doubt", None, HELD, HELD, 0), "nothing is tried again after the end");

        assert!(failed(Failure::Unknown).leaves_doubt() && Report::LostAnswer(String::new()).leaves_doubt());
        for report in [failed(Failure::Temporary), failed(Failure::Permanent), bill(1), Report::Unused(String::new())] {
            assert!(!report.leaves_doubt(), "{report:?}");
        }
    }

    #[test]
    fn a_report_on_what_is_not_under_way_changes_nothing() {
        let (mut scene, id) = under_way(Recovery::Idempotent, 1, false);
        assert_eq!(ended(&scene, ProposalId::new(99), bill(HELD)).0, "nothing");
        let outcome = Outcome::InDoubt { reason: String::new() };
        scene.apply(Payload::Settled { proposal: id, outcome, cost: Cost::money(true, Cents::new(HELD)) });
        assert_eq!(ended(&scene, id, bill(HELD)), ("nothing", None, 0, 0, 0));
    }

    #[test]
    fn an_overrun_is_journaled_and_pauses_what_is_active() {
        let (mut scene, id) = under_way(Recovery::Idempotent, 1, false);
        assert_eq!(ended(&scene, id, bill(HELD + 1)), ("done", None, HELD + 1, 0, 2));
        scene.state.status = Status::Paused { reason: String::new() };
        assert_eq!(ended(&scene, id, bill(HELD + 1)), ("done", None, HELD + 1, 0, 1), "paused it is already");
        let (mut scene, order) = (Scene::new(), crate::id::OrderId::new(0));
        let price = scene.good(ActionKind::CollectPayment).worth().expect("a price");
        let collect = CollectPayment { order, installment: 0, price };
        let hold = Cost::nothing(true);
        let paid = |cents| Receipt::PaymentReceipt(PaymentReceipt { reference: String::new(), amount: Amount::simulated(cents) });
        let more = price.plus(Cents::new(1));
        let over = |amount| over(&collect.clone().into(), &paid(amount), hold, hold);
        assert_eq!((over(price), over(price.minus(Cents::new(1)))), (None, None));
        assert_eq!(over(more), Some((Cost::money(true, price), Cost::money(true, more))), "more is collected than was agreed");
        let hold = Cost { money: Amount::real(Cents::new(5)), tokens: 5, messages: 5 };
        assert!(!exceeds(&hold, &hold));
        for over in [
            Cost { money: Amount::real(Cents::new(6)), tokens: 0, messages: 0 },
            Cost { money: Amount::real(Cents::ZERO), tokens: 6, messages: 0 },
            Cost { money: Amount::real(Cents::ZERO), tokens: 0, messages: 6 },
        ] {
            assert!(exceeds(&over, &hold), "{over:?}");
        }
    }

    #[test]
    fn more_collected_than_was_agreed_is_journaled_and_pauses() {
        let mut scene = Scene::new();
        let action = scene.good(ActionKind::CollectPayment);
        let price = action.worth().expect("a price");
        let proposal = scene.propose(action, true);
        let (id, digest, hold, key) = (proposal.id, proposal.action.digest(), Cost::nothing(true), String::new());
        scene.apply(Payload::Intended { proposal: id, digest, attempt: 1, key, hold, recovery: Recovery::Idempotent });
        let after = |cents| {
            let amount = Amount::simulated(cents);
            let receipt = Receipt::PaymentReceipt(PaymentReceipt { reference: String::new(), amount });
            let mut round = Round::new(scene.state.clone(), scene.state.now);
            settle(&mut round, id, Report::Answered(Ok(receipt))).expect("a settlement");
            let kinds: Vec<&str> = round.staged().iter().map(|event| event.payload.name()).collect();
            (kinds.join(" "), round.state().status == Status::Active, round.state().books.simulated.revenue().cents())
        };
        let less = price.minus(Cents::new(1));
        assert_eq!(after(price), ("settled".to_owned(), true, price));
        assert_eq!(after(less), ("settled".to_owned(), true, less), "less is what came in");
        let more = price.plus(Cents::new(1));
        assert_eq!(after(more), ("settled overrun paused".to_owned(), false, more));
    }

    #[test]
    fn a_receipt_that_makes_no_sense_proves_nothing() {
        let mut scene = Scene::new();
        let (contact, reference) = (scene.contact, String::new);
        let asked = Action::from(QualifyLeads { contacts: vec![contact] });
        let scores = |contact, fit| Receipt::Scores(Scores { fit: vec![(contact, fit)] });
        let payment = |amount| Receipt::PaymentReceipt(PaymentReceipt { reference: reference(), amount });
        let text = scene.vault.seal(seal::owner_contact(), "{}").expect("short");
        let model = |spent| Receipt::ModelAnswer(ModelAnswer { text: text.clone(), prompt_tokens: 1, answer_tokens: 1, spent });
        let findings = |cost| Receipt::Findings(Findings { cost_per_lead: vec![(Channel::Seo, Cents::ZERO), (Channel::Social, cost)] });
        let zero_and_less = |make: &dyn Fn(Cents) -> Receipt| [make(Cents::ZERO), make(Cents::new(-1))];
        let pairs = [
            [scores(contact, 100), scores(contact, 101)],
            [scores(contact, 0), scores(ContactId::from_bytes([9; 8]), 0)],
            [payment(Amount::simulated(Cents::ZERO)), payment(Amount::simulated(Cents::new(-1)))],
            [payment(Amount::simulated(Cents::new(1))), payment(Amount::real(Cents::new(1)))],
            zero_and_less(&findings),
            zero_and_less(&model),
            zero_and_less(&|spent| Receipt::AdsReceipt(AdsReceipt { reference: reference(), spent, clicks: 0 })),
            zero_and_less(&|spent| Receipt::DeliveryReceipt(DeliveryReceipt { reference: reference(), spent })),
            zero_and_less(&|spent| Receipt::BillReceipt(BillReceipt { reference: reference(), spent })),
        ];
        for [sense, none] in pairs {
            assert_eq!(nonsense(&scene.state, &asked, &sense), None, "{sense:?}");
            assert!(nonsense(&scene.state, &asked, &none).is_some(), "{none:?}");
        }
        let asked = Action::from(crate::action::SetPrice { price: Cents::new(100) });
        let set = |cents| nonsense(&scene.state, &asked, &Receipt::PriceReceipt(PriceReceipt { price: Cents::new(cents) }));
        assert!(set(100).is_none() && set(101).is_some() && set(99).is_some() && set(-100).is_some(), "a price that nobody asked for");
        let mail = scene.good(ActionKind::SendEmail);
        assert_eq!(nonsense(&scene.state, &mail, &scores(contact, 101)), None, "scores are looked at where they were asked for");
    }

    #[test]
    fn what_an_effect_cost_is_what_its_receipt_says_or_all_that_was_held() {
        let mut scene = Scene::new();
        let hold = Cost { money: Amount::simulated(Cents::new(100)), tokens: 9, messages: 1 };
        let (reference, spent) = (String::new, Cents::new(7));
        let cost = |action: &Action, receipt: Receipt| {
            let cost = cost_of(action, &receipt, &hold);
            assert!(cost.money.is_simulated());
            (cost.money.cents().get(), cost.tokens, cost.messages)
        };
        let bill = scene.good(ActionKind::PayBill);
        assert_eq!(cost(&bill, Receipt::BillReceipt(BillReceipt { reference: reference(), spent })), (7, 9, 1));
        assert_eq!(cost(&bill, Receipt::AdsReceipt(AdsReceipt { reference: reference(), spent, clicks: 3 })), (7, 9, 1));
        assert_eq!(cost(&bill, Receipt::DeliveryReceipt(DeliveryReceipt { reference: reference(), spent })), (7, 9, 1));
        assert_eq!(cost(&bill, Receipt::ShadowReceipt(ShadowReceipt { note: reference() })), (0, 0, 0));
        let text = scene.vault.seal(seal::owner_contact(), "{}").expect("short");
        assert_eq!(cost(&bill, Receipt::ModelAnswer(ModelAnswer { text, prompt_tokens: 3, answer_tokens: 4, spent })), (7, 7, 0));
        let paid = || Receipt::PaymentReceipt(PaymentReceipt { reference: reference(), amount: Amount::simulated(spent) });
        let refund = scene.good(ActionKind::RefundPayment);
        assert_eq!(cost(&refund, paid()), (7, 9, 1), "what is given back leaves");
        let collection = scene.good(ActionKind::CollectPayment);
        assert_eq!(cost(&collection, paid()), (100, 9, 1), "what comes in is no cost");
        let mail = scene.mail(MailPurpose::Service, |_| ()).into();
        let sent = MailReceipt { message_id: reference(), response: reference() };
        assert_eq!(cost(&mail, Receipt::MailReceipt(sent)), (100, 9, 1));
        assert_eq!(cost(&mail, Receipt::PriceReceipt(PriceReceipt { price: spent })), (100, 9, 1));
        let real = Cost { money: Amount::real(Cents::new(100)), ..hold };
        let receipt = Receipt::BillReceipt(BillReceipt { reference: reference(), spent });
        assert!(!cost_of(&bill, &receipt, &real).money.is_simulated(), "the kind of money is that of the hold");
    }
}
