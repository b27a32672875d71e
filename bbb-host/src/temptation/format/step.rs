//! The steps of a try: each is a table with one verb, and what belongs to it.

use std::collections::BTreeSet;

use bbb_core::action::{ActionKind, MailPurpose};
use bbb_core::blueprint::Channel;
use bbb_core::budget::{Resource, Window};
use bbb_core::event::{Delegation, Intent};
use bbb_core::limits::MAX_PROPOSALS_PER_DECISION;
use bbb_core::role::Agent;
use bbb_core::spec::Autonomy;
use bbb_core::time::{DAY_MS, HOUR_MS, MINUTE_MS};
use serde::Deserialize;
use toml::Spanned;

use super::{Dollars, Texts};
use crate::cases::{CaseError, File};
use crate::temptation::scenario::{Adapters, Lead, Step, Tempted, Wanted, What};

/// The most that all steps of a try may wait and jump, in milliseconds: 120 days.
const MAX_TIME_MS: i64 = 120 * DAY_MS;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStep {
    propose: Option<Vec<Spanned<RawWanted>>>,
    wait: Option<String>,
    jump: Option<String>,
    arrives: Option<String>,
    reply: Option<String>,
    intent: Option<Intent>,
    unsubscribe: Option<String>,
    erase: Option<String>,
    order: Option<String>,
    monthly: Option<bool>,
    usd: Option<Dollars>,
    ticket: Option<String>,
    refund_asked: Option<u32>,
    churn: Option<u32>,
    approve: Option<String>,
    veto: Option<String>,
    delegate: Option<String>,
    kinds: Option<BTreeSet<ActionKind>>,
    pause: Option<bool>,
    resume: Option<bool>,
    stop: Option<bool>,
    autonomy: Option<Autonomy>,
    kind: Option<ActionKind>,
    budget: Option<Resource>,
    window: Option<Window>,
    amount: Option<u64>,
    charter: Option<String>,
    doubt: Option<String>,
    restart: Option<bool>,
    crash: Option<Agent>,
    adapters: Option<Adapters>,
    mark: Option<bool>,
    at_once: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWanted {
    action: ActionKind,
    to: Option<String>,
    address: Option<String>,
    sealed_for: Option<String>,
    purpose: Option<MailPurpose>,
    title: Option<String>,
    text: Option<String>,
    usd: Option<Dollars>,
    order: Option<u32>,
    ticket: Option<u32>,
    installment: Option<u32>,
    channel: Option<Channel>,
    footer: Option<bool>,
    confidence: Option<u8>,
    times: Option<usize>,
}

/// The verbs, each with whether it is given and what may stand beside it.
fn verbs(raw: &RawStep) -> [(&'static str, bool, &'static [&'static str]); 24] {
    [
        ("propose", raw.propose.is_some(), &[]),
        ("wait", raw.wait.is_some(), &[]),
        ("jump", raw.jump.is_some(), &[]),
        ("arrives", raw.arrives.is_some(), &[]),
        ("reply", raw.reply.is_some(), &["intent"]),
        ("unsubscribe", raw.unsubscribe.is_some(), &[]),
        ("erase", raw.erase.is_some(), &[]),
        ("order", raw.order.is_some(), &["usd", "monthly"]),
        ("ticket", raw.ticket.is_some(), &[]),
        ("refund_asked", raw.refund_asked.is_some(), &[]),
        ("churn", raw.churn.is_some(), &[]),
        ("approve", raw.approve.is_some(), &["delegate"]),
        ("veto", raw.veto.is_some(), &["delegate"]),
        ("pause", raw.pause.is_some(), &[]),
        ("resume", raw.resume.is_some(), &[]),
        ("stop", raw.stop.is_some(), &[]),
        ("autonomy", raw.autonomy.is_some(), &["kind"]),
        ("budget", raw.budget.is_some(), &["window", "amount"]),
        ("charter", raw.charter.is_some(), &[]),
        ("doubt", raw.doubt.is_some(), &[]),
        ("restart", raw.restart.is_some(), &[]),
        ("crash", raw.crash.is_some(), &[]),
        ("adapters", raw.adapters.is_some(), &[]),
        ("mark", raw.mark.is_some(), &[]),
    ]
}

/// The one verb of a step, and that nothing stands beside it that does not belong to it.
fn verb(file: &File<'_>, place: usize, raw: &RawStep) -> Result<&'static str, CaseError> {
    let mut given = verbs(raw).into_iter().filter(|(_, given, _)| *given);
    let first = given.next();
    // A delegate is named by a step of its own, and by an answer in its name.
    let (verb, mates) = match (first, raw.delegate.is_some()) {
        (Some((verb, _, mates)), _) => (verb, mates),
        (None, true) => ("delegate", ["kinds", "usd"].as_slice()),
        (None, false) => {
            let names = verbs(raw).map(|(name, ..)| name).join(", ");
            return Err(file.refuse(place, format!("a step does one of these: {names}, delegate")));
        }
    };
    if let Some((other, ..)) = given.next() {
        return Err(file.refuse(place, format!("a step does one thing, not {verb} and {other}: write two steps")));
    }
    let beside = [
        ("intent", raw.intent.is_some()),
        ("usd", raw.usd.is_some()),
        ("monthly", raw.monthly.is_some()),
        ("delegate", raw.delegate.is_some() && verb != "delegate"),
        ("kinds", raw.kinds.is_some()),
        ("kind", raw.kind.is_some()),
        ("window", raw.window.is_some()),
        ("amount", raw.amount.is_some()),
    ];
    match beside.into_iter().find(|(name, given)| *given && !mates.contains(name)) {
        Some((name, _)) => Err(file.refuse(place, format!("{name} does not belong to {verb}"))),
        None => Ok(verb),
    }
}

/// Reads one step.
pub(super) fn step(texts: &Texts<'_>, mind: Tempted, leads: &[Lead], raw: &Spanned<RawStep>) -> Result<Step, CaseError> {
    let (place, raw) = (raw.span().start, raw.get_ref());
    let verb = verb(texts.file, place, raw)?;
    let refuse = |reason: String| texts.file.refuse(place, reason);
    let at_once = raw.at_once.unwrap_or(false);
    let flag = |flag: Option<bool>| match flag {
        Some(true) => Ok(()),
        _ => Err(refuse(format!("{verb} is written as {verb} = true"))),
    };
    let who = |id: &Option<String>| lead(texts.file, place, leads, id.as_deref().unwrap_or_default());
    let what = match verb {
        "propose" if mind != Tempted::Rogue => {
            return Err(refuse("only a rogue mind proposes what a file says: mind = \"rogue\"".to_owned()));
        }
        "propose" => What::Propose(proposals(texts, leads, raw)?),
        "wait" => What::Wait(duration(texts.file, place, raw.wait.as_deref(), false)?),
        "jump" => What::Jump(duration(texts.file, place, raw.jump.as_deref(), true)?),
        "arrives" => What::Arrives(who(&raw.arrives)?),
        "reply" => What::Reply(who(&raw.reply)?, raw.intent.ok_or_else(|| refuse("a reply needs intent = \"interested\"".to_owned()))?),
        "unsubscribe" => What::Unsubscribe(who(&raw.unsubscribe)?),
        "erase" => What::Erase(who(&raw.erase)?),
        "order" => What::Order(who(&raw.order)?, raw.usd.map(|usd| usd.0), raw.monthly.unwrap_or(false)),
        "ticket" => What::Ticket(who(&raw.ticket)?),
        "refund_asked" => What::RefundAsked(raw.refund_asked.unwrap_or_default()),
        "churn" => What::Churn(raw.churn.unwrap_or_default()),
        "approve" | "veto" => {
            let of = raw.approve.as_ref().or(raw.veto.as_ref()).map_or("", String::as_str);
            What::Answer { kind: kind(of).map_err(refuse)?, approve: verb == "approve", delegate: raw.delegate.clone() }
        }
        "delegate" => {
            let delegation = Delegation {
                kinds: raw.kinds.clone().unwrap_or_default(),
                up_to: raw.usd.map_or(bbb_core::money::Cents::ZERO, |usd| usd.0),
            };
            What::Delegate(raw.delegate.clone().unwrap_or_default(), delegation)
        }
        "pause" => flag(raw.pause).map(|()| What::Pause)?,
        "resume" => flag(raw.resume).map(|()| What::Resume)?,
        "stop" => flag(raw.stop).map(|()| What::Stop)?,
        "restart" => flag(raw.restart).map(|()| What::Restart)?,
        "mark" => flag(raw.mark).map(|()| What::Mark)?,
        "autonomy" => What::Autonomy(raw.kind, raw.autonomy.unwrap_or(Autonomy::ASK)),
        "budget" => {
            let (Some(resource), Some(amount)) = (raw.budget, raw.amount) else {
                return Err(refuse("a budget needs amount = 5, in cents, tokens or messages".to_owned()));
            };
            What::Budget(resource, raw.window.unwrap_or(Window::Day), amount)
        }
        "charter" => What::Charter(texts.read(place, raw.charter.as_deref().unwrap_or_default())?),
        "doubt" => match raw.doubt.as_deref() {
            Some("happened") => What::Doubt(true),
            Some("did_not") => What::Doubt(false),
            _ => return Err(refuse("doubt is \"happened\" or \"did_not\"".to_owned())),
        },
        "crash" => What::Crash(raw.crash.unwrap_or(Agent::Oversight)),
        _ => What::Adapters(raw.adapters.unwrap_or(Adapters::Work)),
    };
    Ok(Step { what, at_once })
}

fn lead(file: &File<'_>, place: usize, leads: &[Lead], id: &str) -> Result<usize, CaseError> {
    let known = || leads.iter().map(|lead| lead.id.as_str()).collect::<Vec<_>>().join(", ");
    leads.iter().position(|lead| lead.id == id).ok_or_else(|| file.refuse(place, format!("there is no lead {id}; there are: {}", known())))
}

/// A kind of action, or all of them.
fn kind(name: &str) -> Result<Option<ActionKind>, String> {
    if name == "all" {
        return Ok(None);
    }
    let found = ActionKind::ALL.iter().copied().find(|kind| kind.as_str() == name);
    found.map(Some).ok_or_else(|| format!("{name} is no action, and not \"all\""))
}

/// `3d`, `2h`, `30m`; with a sign, where that is allowed.
fn duration(file: &File<'_>, place: usize, text: Option<&str>, signed: bool) -> Result<i64, CaseError> {
    let text = text.unwrap_or_default();
    let (sign, digits) = text.strip_prefix('-').filter(|_| signed).map_or((1, text), |digits| (-1, digits));
    let read = || {
        let (count, unit) = digits.split_at_checked(digits.len().checked_sub(1)?)?;
        let unit = match unit {
            "d" => DAY_MS,
            "h" => HOUR_MS,
            "m" => MINUTE_MS,
            _ => return None,
        };
        count.parse::<u32>().ok().map(|count| i64::from(count).saturating_mul(unit)).filter(|ms| (1..=MAX_TIME_MS).contains(ms))
    };
    let rule = || file.refuse(place, format!("a time is \"3d\", \"2h\" or \"30m\", at most {} days", MAX_TIME_MS / DAY_MS));
    read().map(|ms| sign * ms).ok_or_else(rule)
}

/// That a try does not take forever.
pub(super) fn check_time(file: &File<'_>, place: usize, steps: &[Step]) -> Result<(), CaseError> {
    let taken = |step: &Step| match step.what {
        What::Wait(ms) | What::Jump(ms) => ms.abs(),
        What::Propose(_) => DAY_MS,
        _ => 0,
    };
    match steps.iter().map(taken).sum::<i64>() {
        ..=MAX_TIME_MS => Ok(()),
        _ => Err(file.refuse(place, format!("the steps of a try take at most {} days", MAX_TIME_MS / DAY_MS))),
    }
}

fn proposals(texts: &Texts<'_>, leads: &[Lead], raw: &RawStep) -> Result<Vec<Wanted>, CaseError> {
    let raw = raw.propose.as_deref().unwrap_or_default();
    let mut all = Vec::new();
    let mut count = 0_usize;
    for spanned in raw {
        let (place, raw) = (spanned.span().start, spanned.get_ref());
        let who = |id: &Option<String>| id.as_deref().map(|id| lead(texts.file, place, leads, id)).transpose();
        let wanted = Wanted {
            action: raw.action,
            to: who(&raw.to)?,
            address: texts.maybe(place, raw.address.as_ref())?,
            sealed_for: who(&raw.sealed_for)?,
            purpose: raw.purpose.unwrap_or(MailPurpose::Outreach),
            title: texts.maybe(place, raw.title.as_ref())?,
            text: texts.maybe(place, raw.text.as_ref())?,
            amount: raw.usd.map(|usd| usd.0),
            order: raw.order.unwrap_or(0),
            ticket: raw.ticket.unwrap_or(0),
            installment: raw.installment.unwrap_or(0),
            channel: raw.channel.unwrap_or(Channel::Social),
            footer: raw.footer.unwrap_or(true),
            confidence: raw.confidence.unwrap_or(80),
            times: raw.times.unwrap_or(1),
        };
        count = count.saturating_add(wanted.times);
        if count > MAX_PROPOSALS_PER_DECISION {
            return Err(texts.file.refuse(place, format!("a step proposes at most {MAX_PROPOSALS_PER_DECISION} actions")));
        }
        all.push(wanted);
    }
    Ok(all)
}
