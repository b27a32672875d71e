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
    let (outcome, cost) = match report {
        Report::Answered(Ok(receipt)) => {
            let cost = cost_of(&open.proposal.action, &receipt, &hold);
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
    if exceeds(&cost, &hold) {
        round.stage(Payload::Overrun { proposal: id, held: hold, cost }, cause)?;
        if round.state().status == Status::Active {
            let reason = format!("{id} cost more than was held for it");
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
