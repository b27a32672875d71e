//! The timeline: one plain line for any event. No personal text: what is sealed stays sealed, and mail addresses in reasons are masked.

use std::borrow::Cow;

use crate::action::{Action, Cost};
use crate::decide::growth::Allotment;
use crate::event::{By, Event, Intent, Outcome, Payload, Proposal, Signal};
use crate::money::Cents;
use crate::oversight::charter::owners_part;
use crate::oversight::reviewer::Opinion;
use crate::oversight::verdict::{RuleId, Ruling, Verdict};
use crate::projection::{Price, tame};
use crate::receipt::Receipt;
use crate::task::{FailureCause, NewTask};
use crate::time::Timestamp;

/// The most characters of a reason that a line shows.
const MAX_REASON_CHARS: usize = 160;

/// The event's number, its time in UTC to the second, and [`what`] happened.
pub fn line(event: &Event) -> String {
    format!("{:>6}  {}  {}", event.sequence, moment(event.at), what(&event.payload))
}

/// A time in UTC to the second: `2026-01-05 09:00:00`.
pub fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..19) {
        Some(seconds) if text.ends_with('Z') => seconds.replacen('T', " ", 1),
        _ => text,
    }
}

/// What happened, in one plain line.
pub fn what(payload: &Payload) -> String {
    match payload {
        Payload::Launched { spec, market } => {
            let name = plain(&spec.blueprint.name);
            let market = market.as_ref().map_or_else(String::new, |market| format!(", market scenario {market}"));
            format!("launched {name} in a {} world, seed {}, autonomy {}{market}", spec.world, spec.seed.get(), spec.autonomy.get())
        }
        Payload::Forked { source, change } => format!("forked from {source}, from here on with {change}"),
        Payload::Upgraded { versions } => {
            let owners =
                owners_part(&versions.charter).map_or_else(String::new, |owners| format!(" with its owner's policies {}", short(owners)));
            format!("goes on with engine {} and charter {}{owners}", versions.engine, short(&versions.charter))
        }
        Payload::Received { source, signal, .. } => format!("{} (from {})", signalled(signal), plain(source)),
        Payload::DayClosed { day } => format!("day {} closed", day + 1),
        Payload::Allotted { allotment } => allotted(allotment),
        Payload::TaskCreated { task, order } => format!("{task} created: {}", ordered(order)),
        Payload::TaskStarted { task } => format!("{task} started"),
        Payload::TaskCompleted { task } => format!("{task} completed"),
        Payload::AttemptFailed { task, reason, retry_at } => {
            format!("{task}: an attempt came to nothing ({}); again from {}", plain(reason), moment(*retry_at))
        }
        Payload::TaskFailed { task, cause, reason } => format!("{task} failed, {}{}", cause_text(*cause), because(reason)),
        Payload::Unadvised { task, reason } => format!("{task}: the playbook decides, since {}", plain(reason)),
        Payload::Proposed { proposal } => proposed(proposal),
        Payload::Opined { proposal, opinion, .. } => format!("{proposal}: {}", opined(*opinion)),
        Payload::Reviewed { proposal, verdict, expires_at, .. } => {
            let until = expires_at.map_or_else(String::new, |at| format!("; waits until {}", moment(at)));
            format!("{proposal} {}{until}", ruled(verdict))
        }
        Payload::Answered { proposal, by, approve, reason, .. } => {
            let answer = if *approve { "approved" } else { "refused" };
            format!("{proposal} {answer} by {}{}", by_text(by), because(reason))
        }
        Payload::Withdrawn { proposal, verdict } => format!("{proposal} withdrawn before it began: {}", ruled(verdict)),
        Payload::Intended { proposal, attempt, hold, .. } => format!("{proposal} begins, attempt {attempt}, holding {}", cost(hold)),
        Payload::Settled { proposal, outcome, cost: spent } => format!("{proposal} {}", ended(outcome, spent)),
        Payload::Overrun { proposal, held, cost: spent } => format!("{proposal} overran: {} accepted, {} in fact", cost(held), cost(spent)),
        Payload::Doubted { proposal, reason } => format!("{proposal} is in doubt{}", because(reason)),
        Payload::DoubtResolved { proposal, happened } => {
            format!("{proposal}: the owner says that it {}", if *happened { "happened" } else { "did not happen" })
        }
        Payload::BudgetReached { resource, window, percent } => {
            format!("{percent} percent of the budget of {} for {window} is used", resource.as_str().replace('_', " "))
        }
        Payload::CapsSet { .. } => "the owner set other caps".to_owned(),
        Payload::AutonomySet { kind, level } => {
            let what = kind.map_or("everything else", |kind| kind.as_str());
            level.map_or_else(
                || format!("{what} has no level of autonomy of its own any more"),
                |level| format!("autonomy for {what} is {}", level.get()),
            )
        }
        Payload::Delegated { name, delegation } => match delegation {
            Some(delegation) => format!("{} may answer {delegation}", plain(name)),
            None => format!("{} answers nothing any more", plain(name)),
        },
        Payload::Paused { by, reason } => format!("paused by {}{}", by_text(by), because(reason)),
        Payload::Resumed { by } => format!("resumed by {}", by_text(by)),
        Payload::AgentFailed { agent, reason, restart_at } => {
            format!("{agent} died ({}); starts again at {}", plain(reason), moment(*restart_at))
        }
        Payload::Ended { by, completed } => match completed {
            true => "ended as planned".to_owned(),
            false => format!("ended by {}", by_text(by)),
        },
    }
}

fn allotted(allotment: &Allotment) -> String {
    let posts: u32 = allotment.posts.iter().map(|posts| u32::from(*posts)).sum();
    let ads = allotment.ads.iter().fold(Cents::ZERO, |sum, ads| sum.plus(*ads));
    let price = allotment.price;
    format!("allotted {posts} posts a week at {} USD each, {ads} USD of advertising a day, a price of {price} USD", allotment.post_cost)
}

fn signalled(signal: &Signal) -> String {
    match signal {
        Signal::LeadArrived { contact, channel, consent, .. } => {
            format!("lead {contact} arrived over {channel}, {} consent", if *consent { "with" } else { "without" })
        }
        Signal::Replied { contact, intent } => format!("{contact} {}", intent_text(*intent)),
        Signal::Unsubscribed { contact } => format!("{contact} unsubscribed"),
        Signal::OrderPlaced { order, contact, price, monthly } => {
            format!("{contact} placed {order} at {price} USD{}", if *monthly { " a month" } else { "" })
        }
        Signal::Churned { order } => format!("{order} ended by its customer"),
        Signal::TicketOpened { ticket, contact } => format!("{contact} asks for help: {ticket}"),
        Signal::RefundRequested { order } => format!("money asked back for {order}"),
        Signal::ChargedBack { order, amount, fee } => {
            format!("{amount} USD of {order} taken back by its customer's bank, {fee} USD charged for it")
        }
        Signal::Tempted { temptation } => format!("the market tempts with {temptation}"),
        Signal::Rated { order, stars } => format!("{order} rated {stars} of 5 stars"),
    }
}

const fn intent_text(intent: Intent) -> &'static str {
    match intent {
        Intent::Interested => "wants to hear more",
        Intent::AskedPrice => "asked for the price",
        Intent::Declined => "declined",
    }
}

fn ordered(order: &NewTask) -> String {
    let channel = order.channel.map_or_else(String::new, |channel| format!(" on {channel}"));
    let names: Vec<String> = order.depends_on.iter().map(ToString::to_string).collect();
    let after = if names.is_empty() { String::new() } else { format!(", after {}", names.join(", ")) };
    format!("{}{channel} for {}, priority {}{after}", order.kind, order.kind.role(), order.priority)
}

fn proposed(proposal: &Proposal) -> String {
    let Proposal { id, task, role, action, confidence, .. } = proposal;
    if let Some(subject) = proposal.reviews {
        return format!("oversight proposes {id} about {subject}: {}", asked(action));
    }
    format!("{role} proposes {id} for {task}: {}, {confidence} % sure", asked(action))
}

/// What an action would do, in a few words and without personal text.
pub fn asked(action: &Action) -> String {
    match action {
        Action::StudyMarket(study) => format!("study {} channels", study.channels.len()),
        Action::QualifyLeads(leads) => format!("score {} leads", leads.contacts.len()),
        Action::PublishPost(post) => format!("publish a post on {}, {} USD", post.channel, post.cost),
        Action::RunAds(ads) => format!("advertise on {}, at most {} USD", ads.channel, ads.spend_limit),
        Action::SendEmail(mail) => {
            let price = mail.price.map_or_else(String::new, |price| format!(", {price} USD"));
            format!("{} mail to {}{price}", mail.purpose.as_str(), mail.contact)
        }
        Action::DeliverOrder(delivery) => format!("deliver {}, at most {} USD", delivery.order, delivery.cost),
        Action::AnswerTicket(answer) => format!("answer {}", answer.ticket),
        Action::CollectPayment(payment) => format!("collect {} USD for {}", payment.price, payment.order),
        Action::RefundPayment(refund) => format!("give back {} USD for {}", refund.refund, refund.order),
        Action::PayBill(bill) => format!("pay {} USD for {}", bill.cost, plain(&bill.label)),
        Action::SetPrice(price) => format!("set the price to {} USD", price.price),
        Action::CallModel(call) => format!("ask {}, at most {} USD", plain(&call.model), call.cost),
    }
}

/// What the reviewer says, in a few words.
pub fn opined(opinion: Opinion) -> String {
    match opinion {
        Opinion::Ok { confidence } => format!("the reviewer objects to nothing, {confidence} % sure"),
        Opinion::Escalate { category, confidence } => {
            format!("the reviewer wants its owner to see it ({}), {confidence} % sure", category.as_str())
        }
        Opinion::Veto { category, confidence } => format!("the reviewer vetoes it ({}), {confidence} % sure", category.as_str()),
        Opinion::Silent { why } => format!("the reviewer says nothing: {}", why.reason()),
    }
}

fn ruled(verdict: &Verdict) -> String {
    let how = match verdict.ruling {
        Ruling::Approve => "approved",
        Ruling::Escalate => "escalated to the owner",
        Ruling::Veto => "vetoed",
    };
    let rules: Vec<&str> = verdict.rules.iter().map(RuleId::as_str).collect();
    format!("{how} by {}{}", plain(&rules.join(", ")), because(&verdict.note))
}

fn ended(outcome: &Outcome, spent: &Cost) -> String {
    match outcome {
        Outcome::Done { receipt } => format!("done: {}", proved(receipt, spent)),
        Outcome::Failed { reason, retry_at } => format!("failed{}{}", because(reason), again(*retry_at)),
        Outcome::Unanswered { reason, retry_at } => format!("unanswered{}{}", because(reason), again(Some(*retry_at))),
        Outcome::InDoubt { reason } => format!("in doubt{}", because(reason)),
        Outcome::Lost { reason, retry_at } => {
            format!("lost{}; its hold counts as spent, {}{}", because(reason), cost(spent), again(*retry_at))
        }
        Outcome::Released { reason } => format!("released unused{}", because(reason)),
    }
}

fn again(retry_at: Option<Timestamp>) -> String {
    retry_at.map_or_else(|| "; given up".to_owned(), |at| format!("; again from {}", moment(at)))
}

fn proved(receipt: &Receipt, spent: &Cost) -> String {
    match receipt {
        Receipt::Findings(findings) => format!("{} channels studied", findings.cost_per_lead.len()),
        Receipt::Scores(scores) => format!("{} leads scored", scores.fit.len()),
        Receipt::PostReceipt(post) => format!("published as {}, {}", plain(&post.reference), cost(spent)),
        Receipt::AdsReceipt(ads) => format!("{} clicks, {}", ads.clicks, cost(spent)),
        Receipt::MailReceipt(_) => "the mail server took the mail".to_owned(),
        Receipt::DeliveryReceipt(delivery) => format!("delivered as {}, {}", plain(&delivery.reference), cost(spent)),
        Receipt::AnswerReceipt(answer) => format!("answered as {}", plain(&answer.reference)),
        Receipt::PaymentReceipt(payment) => format!("{} moved, receipt {}", payment.amount, plain(&payment.reference)),
        Receipt::BillReceipt(bill) => format!("paid {}, receipt {}", cost(spent), plain(&bill.reference)),
        Receipt::PriceReceipt(price) => format!("the price is {} USD", price.price),
        Receipt::ModelAnswer(answer) => {
            format!("{} tokens asked, {} answered, {}", answer.prompt_tokens, answer.answer_tokens, cost(spent))
        }
        Receipt::ShadowReceipt(_) => "recorded, not sent".to_owned(),
    }
}

/// A cost in words: money where there is some, tokens and messages where there are some.
pub fn cost(cost: &Cost) -> String {
    Price::from(*cost).words().unwrap_or_else(|| "nothing".to_owned())
}

const fn cause_text(cause: FailureCause) -> &'static str {
    match cause {
        FailureCause::Attempts => "its attempts used up",
        FailureCause::Vetoed => "vetoed",
        FailureCause::Deadline => "its deadline passed",
        FailureCause::Dependency => "a task before it failed",
    }
}

fn by_text(by: &By) -> Cow<'_, str> {
    match by {
        By::Owner => "the owner".into(),
        By::SimulatedOwner => "the simulated owner".into(),
        By::Expiry => "expiry".into(),
        By::Engine => "the engine".into(),
        By::Delegate(name) => plain(name).into(),
    }
}

fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {}", plain(reason)) }
}

fn short(text: &str) -> String {
    tame(text, false).chars().take(12).collect()
}

/// A reason on one line: cut, without anything that moves a cursor, and with mail addresses masked.
pub fn plain(text: &str) -> String {
    let mask = |word| if str::contains(word, '@') { Cow::Borrowed("***") } else { tame(word, false) };
    let line = text.split_whitespace().map(mask).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_REASON_CHARS {
        return line;
    }
    line.chars().take(MAX_REASON_CHARS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Cents;

    #[test]
    fn a_line_is_one_line_without_addresses_or_escapes() {
        let reason = "550 no such user <ada@mail.example>\r\n\u{1b}[2Jtry\tagain";
        let event = |payload| Event { sequence: 7, at: crate::time::SIMULATION_START, cause: 0, payload };
        let payload = Payload::Settled {
            proposal: crate::id::ProposalId::new(3),
            outcome: Outcome::Failed { reason: reason.to_owned(), retry_at: None },
            cost: Cost::nothing(true),
        };
        assert_eq!(
            line(&event(payload)),
            "     7  2026-01-05 00:00:00  prop_3 failed: 550 no such user *** \u{fffd}[2Jtry again; given up"
        );
        assert_eq!(plain(&"x".repeat(500)).chars().count(), MAX_REASON_CHARS);
    }

    #[test]
    fn costs_are_told_by_their_parts() {
        let check = |cost: Cost, want: &str| assert_eq!(super::cost(&cost), want);
        check(Cost::nothing(true), "nothing");
        check(Cost::money(true, Cents::new(1250)), "12.50 USD simulated");
        check(Cost { tokens: 900, ..Cost::money(false, Cents::new(3)) }, "0.03 USD, 900 tokens");
        check(Cost { messages: 1, ..Cost::nothing(true) }, "1 message");
    }
}
