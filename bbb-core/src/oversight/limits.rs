//! The first layer of oversight: budgets, autonomy, quiet hours and a paused business, in plain Rust.

use crate::action::{Action, ActionKind, Cost};
use crate::budget::{Resource, Window};
use crate::event::Proposal;
use crate::money::Cents;
use crate::oversight::content::plain;
use crate::oversight::verdict::{Finding, RuleId, Ruling};
use crate::spec::{Autonomy, QuietHours};
use crate::state::trade::BILLS_KEPT_MS;
use crate::state::{State, Status};
use crate::time::{self, HOUR_MS, Timestamp};

const ACTIVE: RuleId = RuleId::named("limits.active");
const ARGUMENTS: RuleId = RuleId::named("limits.arguments");
const ADAPTER: RuleId = RuleId::named("limits.no-adapter");
const ENDED: RuleId = RuleId::named("limits.ended");
const WITHIN: RuleId = RuleId::named("limits.within");
const SERVICE_MAILS: RuleId = RuleId::named("limits.service-mails");
const SAME_BILL: RuleId = RuleId::named("limits.same-bill");

/// Service mails to one contact in a day that the owner need not look at: that an order came in, a question about it, and that it is done. More are a mistake that
/// repeats itself, or advertising under another name.
pub const SERVICE_MAILS_A_DAY: usize = 3;

const AUTONOMY_NAMES: [&str; 5] = [
    "limits.autonomy-0-observe",
    "limits.autonomy-1-draft",
    "limits.autonomy-2-ask",
    "limits.autonomy-3-ask-unless-free-and-reversible",
    "limits.autonomy-4-ask-above-action-budget",
];

/// A rule of this layer, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitInfo {
    /// Its name.
    pub id: &'static str,
    /// What it says, in one sentence.
    pub sentence: &'static str,
    /// What it does where it decides.
    pub ruling: Ruling,
    /// Whether it holds per action, day and month as well, under its name with that at its end.
    pub windows: bool,
}

const fn limit(id: &'static str, ruling: Ruling, windows: bool, sentence: &'static str) -> LimitInfo {
    LimitInfo { id, sentence, ruling, windows }
}

/// The rules of this layer that can decide about a kind of action, with the one for facts that cannot be established.
pub fn rules_about(kind: ActionKind) -> Vec<LimitInfo> {
    let mut rules = vec![
        limit("limits.active", Ruling::Veto, false, "Nothing begins while the business is paused or over."),
        limit("limits.ended", Ruling::Veto, false, "Nothing begins after the planned end."),
        limit("limits.arguments", Ruling::Veto, false, "The action's arguments obey their own rules, such as lengths and amounts."),
        limit("limits.no-adapter", Ruling::Veto, false, "Nothing is approved that nothing is connected for."),
        limit("limits.facts", Ruling::Veto, false, "What must be known about it can be established: nothing is decided blindly."),
        limit("limits.budget", Ruling::Veto, true, "Money that is spent and held stays within its caps."),
        limit("limits.tokens", Ruling::Veto, true, "Model tokens that are used and held stay within their caps."),
        limit("limits.messages", Ruling::Veto, true, "Messages that are sent and held stay within their caps."),
    ];
    if !kind.is_read() {
        rules.extend([
            limit(AUTONOMY_NAMES[0], Ruling::Veto, false, "At level 0 the business only observes."),
            limit(AUTONOMY_NAMES[1], Ruling::Veto, false, "At level 1 the business only drafts."),
            limit(AUTONOMY_NAMES[2], Ruling::Escalate, false, "At level 2 the owner is asked before every effect."),
            limit(AUTONOMY_NAMES[4], Ruling::Escalate, false, "At level 4 the owner is asked above the per-action budget."),
        ]);
        let asks = "At level 3 the owner is asked unless it is both free and reversible.";
        rules.insert(rules.len() - 1, limit(AUTONOMY_NAMES[3], Ruling::Escalate, false, asks));
    }
    match kind {
        ActionKind::SendEmail => {
            let says = "The owner is asked about a fourth service mail to one contact within a day.";
            rules.push(limit("limits.service-mails", Ruling::Escalate, false, says));
        }
        ActionKind::PayBill => {
            let says = "The owner is asked about a bill with the label and the amount of one that was paid within the week before.";
            rules.push(limit("limits.same-bill", Ruling::Escalate, false, says));
        }
        _ => {}
    }
    rules
}

/// What this layer says of a proposal whose worst case is `hold`. `answered` says that the owner approved this very content, which settles what is asked, and no veto.
pub fn findings(state: &State, proposal: &Proposal, hold: &Cost, has_adapter: bool, now: Timestamp, answered: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut veto = |rule: RuleId, note: String| findings.push(Finding::new(Ruling::Veto, rule, note));
    if state.status != Status::Active {
        veto(ACTIVE, format!("the business is {}", state.status.as_str()));
    }
    if state.spec.end.is_some_and(|end| now >= end) {
        veto(ENDED, "the business has reached its planned end".to_owned());
    }
    if let Err(reason) = proposal.action.validate() {
        veto(ARGUMENTS, reason);
    }
    if !has_adapter {
        veto(ADAPTER, format!("nothing is connected that could {}", proposal.action.kind()));
    }
    // What is held already for an earlier attempt is in the books.
    let held_before = state.work.proposals.get(&proposal.id).is_some_and(|open| open.stage.held_before().is_some());
    budgets(state, hold, if held_before { hold.released() } else { *hold }, &mut veto);
    if let Some(finding) = autonomy(state, &proposal.action, hold, answered) {
        findings.push(finding);
    }
    findings.extend(too_often(state, &proposal.action, now).filter(|_| !answered));
    if findings.is_empty() {
        findings.push(Finding::new(Ruling::Approve, WITHIN, ""));
    }
    findings
}

/// Checks what holding `new` would come to, for an effect that takes `hold` in all.
fn budgets(state: &State, hold: &Cost, new: Cost, veto: &mut dyn FnMut(RuleId, String)) {
    let books = &state.books;
    for resource in Resource::ALL {
        let (all, more) = (resource.taken_by(hold), resource.taken_by(&new));
        for window in Window::ALL.into_iter().filter(|_| all > 0) {
            let (used, cap) = (books.usage(resource).over(window), books.caps.of(resource, window));
            let after = if window == Window::Action { all } else { used.saturating_add(more) };
            if after > cap {
                let show = |amount| resource.show(amount);
                veto(
                    budget_rule(resource, window),
                    format!("{} on top of {} is over the cap of {} for {window}", show(all), show(used), show(cap)),
                );
            }
        }
    }
}

/// The rule of a budget: `limits.budget` for money, and the resource's name for others, with the time where it is not the whole life.
fn budget_rule(resource: Resource, window: Window) -> RuleId {
    let resource = match resource {
        Resource::RealMoney | Resource::SimulatedMoney => "budget",
        other => other.as_str(),
    };
    match window {
        Window::Total => RuleId::new(format!("limits.{resource}")),
        shorter => RuleId::new(format!("limits.{resource}-{}", shorter.as_str())),
    }
}

fn autonomy(state: &State, action: &Action, hold: &Cost, answered: bool) -> Option<Finding> {
    let kind = action.kind();
    let level = state.autonomy.level(kind).get();
    let (ruling, note) = by_level(level, kind, hold, state.books.caps.ask_above)?;
    if ruling == Ruling::Escalate && answered {
        return None;
    }
    let rule = AUTONOMY_NAMES.get(usize::from(level)).map_or(WITHIN, |name| RuleId::named(name));
    Some(Finding::new(ruling, rule, note))
}

/// What was done so often of late that the owner should look. What is under way is no matter of this: the charter lets the same thing begin once.
fn too_often(state: &State, action: &Action, now: Timestamp) -> Option<Finding> {
    let asks = |rule, note| Some(Finding::new(Ruling::Escalate, rule, note));
    match action {
        Action::SendEmail(mail) if !mail.purpose.is_commercial() => {
            let sent = state.trade.service_mails(mail.contact, now);
            if sent < SERVICE_MAILS_A_DAY {
                return None;
            }
            asks(SERVICE_MAILS, format!("the contact got {sent} service mails within a day"))
        }
        Action::PayBill(bill) => {
            // Another week in the label makes it another bill; capitals and blanks around it do not.
            let label = plain(bill.label.trim());
            let same = |paid: &&(Timestamp, String, Cents)| {
                now.since(paid.0) < BILLS_KEPT_MS && paid.2 == bill.cost && plain(paid.1.trim()) == label
            };
            let (at, ..) = state.trade.bills.iter().rev().find(same)?;
            asks(SAME_BILL, format!("a bill with this label and amount was paid {} hours ago", now.since(*at) / HOUR_MS))
        }
        _ => None,
    }
}

/// Whether the owner is asked at this level about an action of this kind that takes `hold` at worst.
pub fn asks(level: Autonomy, kind: ActionKind, hold: &Cost, ask_above: Cents) -> bool {
    by_level(level.get(), kind, hold, ask_above).is_some_and(|(ruling, _)| ruling == Ruling::Escalate)
}

/// What a level says, if it says anything, and why.
fn by_level(level: u8, kind: ActionKind, hold: &Cost, ask_above: Cents) -> Option<(Ruling, String)> {
    let cents = hold.money.cents();
    Some(match level {
        _ if kind.is_read() => return None,
        0 => (Ruling::Veto, "the business may only observe".to_owned()),
        1 => (Ruling::Veto, "the business may only draft".to_owned()),
        2 => (Ruling::Escalate, "the owner is asked before every effect".to_owned()),
        3 if !(hold.is_free() && kind.is_reversible()) => (Ruling::Escalate, "it is not both free and reversible".to_owned()),
        4 if cents > ask_above => (Ruling::Escalate, format!("{cents} is over the per-action budget of {ask_above}")),
        _ => return None,
    })
}

/// When the effect of an approved proposal may begin at the earliest, if not now: advertising waits for the end of the quiet hours.
pub fn not_before(state: &State, proposal: &Proposal, now: Timestamp) -> Option<Timestamp> {
    let Action::SendEmail(mail) = &proposal.action else { return None };
    let quiet = state.spec.quiet_hours;
    if !mail.purpose.is_commercial() || quiet == QuietHours::NONE {
        return None;
    }
    let zone = time::zone(&state.spec.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let hour = u8::try_from(now.hour_in(&zone)).unwrap_or(0);
    quiet.contains(hour).then(|| now.next_hour_in(quiet.to, &zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{MailPurpose, PayBill};
    use crate::event::{Outcome, Payload};
    use crate::money::Amount;
    use crate::oversight::tests_support::Scene;
    use crate::time::DAY_MS;

    #[test]
    fn the_listed_rules_are_those_that_decide() {
        let listed = rules_about(ActionKind::PayBill);
        for resource in Resource::ALL {
            let family = budget_rule(resource, Window::Total);
            let known = listed.iter().find(|info| info.id == family.as_str());
            assert!(known.is_some_and(|info| info.windows), "{family}");
            for window in [Window::Action, Window::Day, Window::Month] {
                assert_eq!(budget_rule(resource, window).as_str(), format!("{family}-{}", window.as_str()));
            }
        }
        for rule in [ACTIVE, ARGUMENTS, ADAPTER, ENDED, SAME_BILL] {
            assert!(listed.iter().any(|info| info.id == rule.as_str()), "{rule}");
        }
        let asks: Vec<&str> = listed.iter().filter(|info| info.id.contains("autonomy")).map(|info| info.id).collect();
        assert_eq!(asks, AUTONOMY_NAMES);
        assert!(!rules_about(ActionKind::CallModel).iter().any(|info| info.id.contains("autonomy")), "reading is not asked about");
        let mail = rules_about(ActionKind::SendEmail);
        assert!(mail.iter().any(|info| info.id == SERVICE_MAILS.as_str()) && !mail.iter().any(|info| info.id == SAME_BILL.as_str()));
    }

    fn rules(scene: &Scene, action: impl Into<Action>, hold: &Cost, now: Timestamp, answered: bool) -> Vec<String> {
        let proposal = scene.proposal(action);
        let findings = findings(&scene.state, &proposal, hold, true, now, answered);
        findings.iter().map(|finding| format!("{} {}", finding.ruling.as_str(), finding.rule)).collect()
    }

    fn bill(cents: i64) -> PayBill {
        PayBill { label: "rent".to_owned(), cost: Cents::new(cents) }
    }

    #[test]
    fn what_is_spent_held_and_wanted_may_come_to_each_cap_and_not_over_it() {
        let check = |resource, window, cost: Cost, rule: &str| {
            let mut scene = Scene::new();
            for other in Window::ALL {
                scene.state.books.caps.set(resource, other, 1_000_000);
            }
            let used = if window == Window::Action { 0 } else { 100 };
            scene.state.books.hold(&Cost { money: Amount::simulated(Cents::new(100)), tokens: 100, messages: 100 });
            scene.state.books.hold(&Cost::money(false, Cents::new(100)));
            let amount = resource.taken_by(&cost);
            scene.state.books.caps.set(resource, window, used + amount);
            let said = |scene: &Scene| rules(scene, scene.mail(MailPurpose::Service, |_| ()), &cost, scene.state.now, false);
            assert_eq!(said(&scene), ["approve limits.within"], "{rule}");
            scene.state.books.caps.set(resource, window, used + amount - 1);
            assert_eq!(said(&scene), [format!("veto {rule}")]);
        };
        for (window, end) in [(Window::Action, "-action"), (Window::Day, "-day"), (Window::Month, "-month"), (Window::Total, "")] {
            let nothing = Cost::nothing(true);
            check(Resource::SimulatedMoney, window, Cost::money(true, Cents::new(30)), &format!("limits.budget{end}"));
            check(Resource::RealMoney, window, Cost::money(false, Cents::new(30)), &format!("limits.budget{end}"));
            check(Resource::Tokens, window, Cost { tokens: 30, ..nothing }, &format!("limits.tokens{end}"));
            check(Resource::Messages, window, Cost { messages: 1, ..nothing }, &format!("limits.messages{end}"));
        }
        let mut scene = Scene::new();
        scene.state.books.caps.messages = crate::budget::Cap::of(0);
        let (now, nothing) = (scene.state.now, Cost::nothing(true));
        assert_eq!(rules(&scene, bill(1), &nothing, now, false), ["approve limits.within"], "what takes nothing needs no room");
    }

    #[test]
    fn an_effect_that_is_tried_again_needs_no_second_room_and_none_that_is_gone() {
        let mut scene = Scene::new();
        let (hold, action) = (Cost::money(true, Cents::new(80)), bill(80));
        let proposal = scene.propose(action, true);
        let (id, digest, recovery) = (proposal.id, proposal.action.digest(), crate::event::Recovery::Idempotent);
        scene.apply(Payload::Intended { proposal: id, digest, attempt: 1, key: String::new(), hold, recovery });
        let outcome = Outcome::Unanswered { reason: String::new(), retry_at: scene.state.now };
        scene.apply(Payload::Settled { proposal: id, outcome, cost: hold });
        let mut ruling = |window, cap| {
            let before = scene.state.books.caps;
            scene.state.books.caps.set(Resource::SimulatedMoney, window, cap);
            let findings = findings(&scene.state, &proposal, &hold, true, scene.state.now, false);
            scene.state.books.caps = before;
            findings[0].ruling
        };
        for window in Window::ALL {
            assert_eq!((ruling(window, 80), ruling(window, 79)), (Ruling::Approve, Ruling::Veto), "{window:?}");
        }
    }

    #[test]
    fn autonomy_asks_as_its_level_says_and_a_yes_settles_that_alone() {
        let scene_at = |level: u8| {
            let mut scene = Scene::new();
            scene.state.autonomy.base = level.try_into().expect("a level");
            scene.state.books.caps.ask_above = Cents::new(50);
            scene
        };
        let check = |level, action: fn(&mut Scene) -> Action, rule: &str| {
            let mut scene = scene_at(level);
            let action = action(&mut scene);
            let (hold, now) = (action.worst_case(true), scene.state.now);
            assert_eq!(rules(&scene, action.clone(), &hold, now, false), [rule], "{level}");
            let after = if rule.starts_with("veto") { rule } else { "approve limits.within" };
            assert_eq!(rules(&scene, action, &hold, now, true), [after], "a yes at {level}");
        };
        let price: fn(&mut Scene) -> Action = |scene| scene.good(ActionKind::SetPrice);
        let mail: fn(&mut Scene) -> Action = |scene| scene.mail(MailPurpose::Service, |_| ()).into();
        let cheap: fn(&mut Scene) -> Action = |_| bill(50).into();
        let dear: fn(&mut Scene) -> Action = |_| bill(51).into();
        let study: fn(&mut Scene) -> Action = |scene| scene.good(ActionKind::StudyMarket);
        let within = "approve limits.within";
        for action in [price, mail, cheap, dear] {
            check(0, action, "veto limits.autonomy-0-observe");
            check(1, action, "veto limits.autonomy-1-draft");
            check(2, action, "escalate limits.autonomy-2-ask");
            check(5, action, within);
            check(6, action, within);
        }
        check(3, price, within);
        for action in [mail, cheap, dear] {
            check(3, action, "escalate limits.autonomy-3-ask-unless-free-and-reversible");
        }
        for action in [price, mail, cheap] {
            check(4, action, within);
        }
        check(4, dear, "escalate limits.autonomy-4-ask-above-action-budget");
        for level in 0..=6 {
            check(level, study, within);
        }
    }

    #[test]
    fn a_fourth_service_mail_to_a_contact_within_a_day_asks_the_owner() {
        let mut scene = Scene::new();
        let start = scene.state.now;
        let eve = scene.lead("eve@customer.example", true);
        let said = |scene: &Scene, purpose, answered| {
            let mail = scene.mail(purpose, |_| ());
            rules(scene, mail, &Cost::nothing(true), scene.state.now, answered)
        };
        for hour in [0, 1, 2] {
            assert_eq!(said(&scene, MailPurpose::Service, false), ["approve limits.within"], "{hour}");
            scene.state.now = start.plus_ms(hour * HOUR_MS);
            let mail = scene.mail(MailPurpose::Service, |_| ());
            scene.done(mail);
        }
        assert_eq!(said(&scene, MailPurpose::Service, false), ["escalate limits.service-mails"]);
        assert_eq!(said(&scene, MailPurpose::Service, true), ["approve limits.within"], "a yes settles it");
        assert_eq!(said(&scene, MailPurpose::FollowUp, false), ["approve limits.within"], "advertising has rules of its own");
        let answer = scene.answer("It is done.");
        assert_eq!(rules(&scene, answer, &Cost::nothing(true), scene.state.now, false), ["approve limits.within"], "an answer is none");
        let after = |ms| rules(&scene, scene.mail(MailPurpose::Service, |_| ()), &Cost::nothing(true), start.plus_ms(ms), false);
        assert_eq!(after(DAY_MS - 1), ["escalate limits.service-mails"]);
        assert_eq!(after(DAY_MS), ["approve limits.within"], "the first is a day ago");
        scene.contact = eve;
        assert_eq!(said(&scene, MailPurpose::Service, false), ["approve limits.within"], "another contact");
    }

    #[test]
    fn the_same_bill_within_a_week_asks_the_owner_and_that_of_another_week_passes() {
        let mut scene = Scene::new();
        let start = scene.state.now;
        let bill = |label: &str, cents| PayBill { label: label.to_owned(), cost: Cents::new(cents) };
        scene.done(bill("Hosting, week 1", 500));
        let said = |scene: &Scene, label: &str, cents, now, answered| {
            rules(scene, bill(label, cents), &Cost::money(true, Cents::new(cents)), now, answered)
        };
        let (asks, passes) = (["escalate limits.same-bill"], ["approve limits.within"]);
        for label in ["Hosting, week 1", " hosting, WEEK 1 ", "ｈosting, week 1"] {
            assert_eq!(said(&scene, label, 500, start, false), asks, "{label}");
            assert_eq!(said(&scene, label, 500, start.plus_ms(BILLS_KEPT_MS - 1), false), asks, "{label}");
            assert_eq!(said(&scene, label, 500, start.plus_ms(BILLS_KEPT_MS), false), passes, "{label}");
        }
        assert_eq!(said(&scene, "Hosting, week 1", 500, start, true), passes, "a yes settles it");
        assert_eq!(said(&scene, "Hosting, week 2", 500, start, false), passes);
        assert_eq!(said(&scene, "Hosting, week 1", 499, start, false), passes);
        // What is kept is what still counts.
        scene.state.now = start.plus_ms(BILLS_KEPT_MS - 1);
        scene.done(bill("Rent", 100));
        assert_eq!(scene.state.trade.bills.len(), 2);
        scene.state.now = start.plus_ms(BILLS_KEPT_MS);
        scene.done(bill("Hosting, week 1", 500));
        assert_eq!(scene.state.trade.bills.len(), 2);
    }

    #[test]
    fn a_business_that_is_paused_or_at_its_end_begins_nothing() {
        let mut scene = Scene::new();
        let (end, hold) = (scene.state.spec.end.expect("an end"), Cost::money(true, Cents::new(80)));
        assert_eq!(rules(&scene, bill(80), &hold, end.plus_ms(-1), true), ["approve limits.within"]);
        assert_eq!(rules(&scene, bill(80), &hold, end, true), ["veto limits.ended"]);
        scene.state.status = Status::Paused { reason: String::new() };
        assert_eq!(rules(&scene, bill(80), &hold, scene.state.now, true), ["veto limits.active"]);
        scene.state.status = Status::Active;
        assert_eq!(rules(&scene, bill(-1), &hold, scene.state.now, true), ["veto limits.arguments"]);
        let proposal = scene.proposal(bill(80));
        let findings = findings(&scene.state, &proposal, &hold, false, scene.state.now, true);
        assert_eq!((findings[0].ruling, findings[0].rule.as_str(), findings.len()), (Ruling::Veto, "limits.no-adapter", 1));
    }

    #[test]
    fn advertising_alone_waits_and_by_the_clock_of_its_zone() {
        let hour = |zone: &str, purpose, quiet, hour: i64| {
            let scene = Scene::with("podcast-production-studio", |spec| (spec.zone, spec.quiet_hours) = (zone.to_owned(), quiet));
            let proposal = scene.proposal(scene.mail(purpose, |_| ()));
            let midnight = scene.state.now;
            let start = not_before(&scene.state, &proposal, midnight.plus_ms(hour * HOUR_MS));
            start.map(|start| start.since(midnight) / HOUR_MS)
        };
        let night = QuietHours { from: 21, to: 8 };
        let advertises = MailPurpose::Outreach;
        for (at, start) in [(0, Some(8)), (7, Some(8)), (8, None), (20, None), (21, Some(32))] {
            assert_eq!(hour("UTC", advertises, night, at), start, "{at}");
        }
        assert_eq!(hour("America/New_York", advertises, night, 12), Some(13), "seven in the morning");
        assert_eq!(hour("America/New_York", advertises, night, 13), None);
        assert_eq!(hour("UTC", MailPurpose::Service, night, 0), None);
        assert_eq!(hour("UTC", advertises, QuietHours::NONE, 0), None);
        let mut scene = Scene::new();
        let answer = scene.good(ActionKind::AnswerTicket);
        assert_eq!(not_before(&scene.state, &scene.proposal(answer), scene.state.now), None, "whoever asks is answered at night");
    }
}
