//! A small journal built by hand, in which everything happens once, told by every projection.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::agents::agents;
use super::audit::{Ended, audit, outcomes};
use super::funnel::{Steps, funnel};
use super::inbox::inbox;
use super::spending::spending;
use super::summary::summary;
use super::tasks::tasks;
use super::why::{Plan, Unknown, why};
use super::{Dollars, tame, timeline};
use crate::action::{
    Action, ActionKind, CallModel, CollectPayment, Cost, MailPurpose, Message, PublishPost, QualifyLeads, RunAds, SendEmail,
};
use crate::blueprint::{self, Channel};
use crate::draw::Seed;
use crate::event::{By, Event, Intent, Outcome, Payload, Profile, Proposal, Recovery, Signal};
use crate::id::{BusinessId, ContactId, OrderId, ProposalId, TaskId};
use crate::journal::chain::{GENESIS, Head};
use crate::money::{Amount, Cents};
use crate::oversight::charter::Charter;
use crate::oversight::verdict::{RuleId, Ruling, Verdict};
use crate::receipt::{AdsReceipt, MailReceipt, PaymentReceipt, Receipt, Scores};
use crate::role::{Agent, Role};
use crate::seal::{DerivedKeys, Vault, owner_contact};
use crate::spec::Spec;
use crate::state::State;
use crate::task::{FailureCause, NewTask, TaskKind, TaskStatus};
use crate::time::{HOUR_MS, SIMULATION_START};

const BUDGET: RuleId = RuleId::named("limits.budget");
const CONSENT: RuleId = RuleId::named("charter.consent");

/// Writes a journal, an hour between two events.
struct Writer {
    events: Vec<Event>,
    vault: Vault,
    proposals: u32,
}

impl Writer {
    fn new() -> Writer {
        let (origin, blueprint) = blueprint::resolve("Podcast Production Studio").expect("a template");
        let spec = Box::new(Spec::simulated(origin, blueprint, Seed::new(1), 30));
        let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))));
        let mut writer = Writer { events: Vec::new(), vault, proposals: 0 };
        writer.add(Payload::Launched { spec, market: None });
        writer
    }

    fn add(&mut self, payload: Payload) {
        let sequence = self.events.len() as u64 + 1;
        let at = SIMULATION_START.plus_ms(HOUR_MS * (sequence.cast_signed() - 1));
        self.events.push(Event { sequence, at, cause: 0, payload });
    }

    fn task(&mut self, number: u32, kind: TaskKind, after: Option<u32>) {
        let mut order = NewTask::new(kind, 50, SIMULATION_START.plus_ms(1000 * HOUR_MS));
        order.depends_on.extend(after.map(TaskId::new));
        self.add(Payload::TaskCreated { task: TaskId::new(number), order });
    }

    fn signal(&mut self, signal: Signal) {
        self.add(Payload::Received { source: "market".to_owned(), external_id: String::new(), signal });
    }

    fn contact(&self, number: u32) -> ContactId {
        self.vault.contact_id(&format!("lead-{number}@mail.example"))
    }

    fn lead(&mut self, number: u32, channel: Channel) {
        let contact = self.contact(number);
        let profile =
            Profile { email: format!("lead-{number}@mail.example"), name: "Ada".to_owned(), company: String::new(), note: String::new() };
        let profile = self.vault.seal(contact, &serde_json::to_string(&profile).expect("plain")).expect("short");
        self.signal(Signal::LeadArrived { contact, channel, consent: true, profile });
    }

    /// Proposes and reviews.
    fn propose(&mut self, task: u32, action: impl Into<Action>, ruling: Ruling) -> ProposalId {
        let (id, action) = (ProposalId::new(self.proposals), action.into());
        self.proposals += 1;
        let (digest, role) = (action.digest(), action.kind().role().unwrap_or(Role::Sales));
        let proposal =
            Proposal { id, task: TaskId::new(task), role, action, confidence: 70, rationale: "because".to_owned(), reviews: None };
        self.add(Payload::Proposed { proposal: Box::new(proposal) });
        let rules = if ruling == Ruling::Veto { vec![CONSENT] } else { vec![BUDGET] };
        let expires_at = (ruling == Ruling::Escalate).then(|| SIMULATION_START.plus_ms(900 * HOUR_MS));
        self.add(Payload::Reviewed { proposal: id, digest, verdict: Verdict { ruling, rules, note: "a note".to_owned() }, expires_at });
        id
    }

    fn hold(&mut self, id: ProposalId, attempt: u32, hold: Cost) {
        let (digest, key) = (crate::action::Digest([0; 32]), "key".to_owned());
        self.add(Payload::Intended { proposal: id, digest, attempt, key, hold, recovery: Recovery::AtMostOnce });
    }

    fn settle(&mut self, id: ProposalId, outcome: Outcome, cost: Cost) {
        self.add(Payload::Settled { proposal: id, outcome, cost });
    }

    fn done(&mut self, id: ProposalId, receipt: impl Into<Receipt>, cost: Cost) {
        self.hold(id, 1, cost);
        self.settle(id, Outcome::Done { receipt: receipt.into() }, cost);
    }

    fn mail(&self, number: u32, purpose: MailPurpose) -> SendEmail {
        let contact = self.contact(number);
        let (to, subject) = (format!("lead-{number}@mail.example"), "Hello\nBcc: all".to_owned());
        let message = Message { to, subject, body: "Dear Ada,\n\u{1b}[2Jread this.".to_owned() };
        let message = self.vault.seal(contact, &serde_json::to_string(&message).expect("plain")).expect("short");
        SendEmail { contact, purpose, price: Some(Cents::new(89_000)), line: None, message }
    }

    fn state(&self) -> State {
        let business = BusinessId::from_bytes([1; 8]);
        State::replay(business, &self.events).expect("events that fit").expect("a launch")
    }
}

fn cents(cents: i64) -> Cost {
    Cost::money(true, Cents::new(cents))
}

fn ads(dollars: i64) -> RunAds {
    RunAds { channel: Channel::Social, headline: "Podcasts".to_owned(), spend_limit: Cents::from_dollars(dollars) }
}

/// Two leads, one customer; a veto, an owner's no, a doubt, a retry, a crash; a post and an effect in doubt that wait.
fn journal() -> Writer {
    let mut writer = Writer::new();
    writer.task(0, TaskKind::QualifyLeads, None);
    writer.task(1, TaskKind::MakeOffers, Some(0));
    writer.task(2, TaskKind::RunAds, None);
    writer.lead(0, Channel::Social);
    writer.lead(1, Channel::Seo);
    let (first, second) = (writer.contact(0), writer.contact(1));

    writer.add(Payload::TaskStarted { task: TaskId::new(0) });
    let score = writer.propose(0, QualifyLeads { contacts: vec![first, second] }, Ruling::Approve);
    writer.done(score, Scores { fit: vec![(first, 90), (second, 20)] }, cents(0));
    writer.add(Payload::TaskCompleted { task: TaskId::new(0) });

    writer.add(Payload::TaskStarted { task: TaskId::new(1) });
    writer.signal(Signal::Replied { contact: first, intent: Intent::AskedPrice });
    writer.signal(Signal::Replied { contact: second, intent: Intent::Declined });
    let prompt = writer.vault.seal(owner_contact(), "[]").expect("short");
    let (model, schema) = ("model".to_owned(), "{}".to_owned());
    let call = CallModel { purpose: "words".to_owned(), model, prompt, schema, max_tokens: 10, cost: Cents::new(3) };
    let call = writer.propose(1, call, Ruling::Approve);
    writer.hold(call, 1, Cost { tokens: 12, ..Cost::money(false, Cents::new(3)) });
    writer.settle(
        call,
        Outcome::Lost { reason: "no answer".to_owned(), retry_at: None },
        Cost { tokens: 12, ..Cost::money(false, Cents::new(3)) },
    );
    let offer = writer.propose(1, writer.mail(0, MailPurpose::Offer), Ruling::Escalate);
    let digest = crate::action::Digest([0; 32]);
    writer.add(Payload::Answered { proposal: offer, digest, by: By::Owner, approve: true, reason: String::new() });
    let message = Cost { messages: 1, ..cents(0) };
    let mailed = MailReceipt { message_id: "<1@business.example>".to_owned(), response: "250 for lead-0@mail.example".to_owned() };
    writer.done(offer, mailed, message);
    writer.propose(1, writer.mail(1, MailPurpose::Offer), Ruling::Veto);
    let order = OrderId::new(0);
    writer.signal(Signal::OrderPlaced { order, contact: first, price: Cents::new(89_000), monthly: true });
    let pay = writer.propose(1, CollectPayment { order, installment: 0, price: Cents::new(89_000) }, Ruling::Approve);
    writer.done(pay, PaymentReceipt { reference: "p1".to_owned(), amount: Amount::simulated(Cents::new(89_000)) }, cents(0));

    writer.add(Payload::AgentFailed { agent: Agent::Role(Role::Marketer), reason: "panic".to_owned(), restart_at: SIMULATION_START });
    writer.add(Payload::TaskStarted { task: TaskId::new(2) });
    let refused = writer.propose(2, ads(50), Ruling::Escalate);
    writer.add(Payload::Answered { proposal: refused, digest, by: By::Expiry, approve: false, reason: "nobody answered".to_owned() });
    let retried = writer.propose(2, ads(20), Ruling::Approve);
    writer.hold(retried, 1, cents(2_000));
    let again = Outcome::Failed { reason: "busy".to_owned(), retry_at: Some(SIMULATION_START) };
    writer.settle(retried, again, cents(0));
    writer.hold(retried, 2, cents(2_000));
    let receipt = AdsReceipt { reference: "a1".to_owned(), spent: Cents::new(1_990), clicks: 7 };
    writer.settle(retried, Outcome::Done { receipt: receipt.into() }, cents(1_990));
    let doubted = writer.propose(2, ads(30), Ruling::Approve);
    writer.hold(doubted, 1, cents(3_000));
    writer.settle(doubted, Outcome::InDoubt { reason: "cut off".to_owned() }, cents(3_000));
    writer.add(Payload::DoubtResolved { proposal: doubted, happened: true });
    writer.add(Payload::TaskFailed { task: TaskId::new(2), cause: FailureCause::Vetoed, reason: "vetoed".to_owned() });

    writer.task(3, TaskKind::PublishPosts, Some(1));
    writer.task(4, TaskKind::PublishPosts, None);
    let post = |title: &str| PublishPost { channel: Channel::Seo, title: title.to_owned(), body: "Body".to_owned(), cost: Cents::new(800) };
    let left_open = writer.propose(4, post("In doubt"), Ruling::Approve);
    writer.hold(left_open, 1, cents(800));
    writer.settle(left_open, Outcome::InDoubt { reason: "cut off".to_owned() }, cents(800));
    writer.propose(4, post("Waits"), Ruling::Escalate);
    writer.propose(4, writer.mail(0, MailPurpose::Service), Ruling::Escalate);
    writer
}

#[test]
fn tasks_and_agents_tell_how_each_ended() {
    let writer = journal();
    let rows = tasks(&writer.events);
    let told: Vec<_> = rows.iter().map(|row| (row.status, row.attempts, row.failure.as_ref().map(|failure| failure.cause))).collect();
    let (open, blocked) = ((TaskStatus::Pending, 0, None), (TaskStatus::Blocked, 0, None));
    let failed = (TaskStatus::Failed, 1, Some(FailureCause::Vetoed));
    assert_eq!(told, [(TaskStatus::Completed, 1, None), (TaskStatus::InProgress, 1, None), failed, blocked, open]);
    let by_role = agents(&rows, &writer.events);
    let researcher = by_role[Role::Researcher.index()];
    assert_eq!((researcher.completed, researcher.success_rate, researcher.mean_hours), (1, Some(1.0), Some(10.0)));
    let marketer = by_role[Role::Marketer.index()];
    assert_eq!((marketer.vetoed, marketer.open, marketer.crashes, marketer.success_rate), (1, 2, 1, Some(0.0)));
    assert_eq!(by_role[Role::Finance.index()].success_rate, None);
}

#[test]
fn the_audit_tells_the_fate_of_every_proposal() {
    let writer = journal();
    let rows = audit(&writer.events);
    let told: Vec<Ended> = rows.iter().map(|row| row.outcome).collect();
    use Ended::{Done, InDoubt, Lost, Refused, ResolvedDone, Vetoed, Waiting};
    assert_eq!(told, [Done, Lost, Done, Vetoed, Done, Refused, Done, ResolvedDone, InDoubt, Waiting, Waiting]);
    assert_eq!(outcomes(&rows)[&Done], 4);
    let retried = &rows[6];
    assert_eq!((retried.attempts, retried.cost.map(|cost| cost.money)), (2, Some(Dollars(Cents::new(1_990)))));
    assert_eq!(rows[5].answer.as_ref().map(|answer| (answer.by.clone(), answer.approve)), Some((By::Expiry, false)));
    assert_eq!(rows[7].cost.map(|cost| cost.money), Some(Dollars(Cents::new(3_000))));
    assert_eq!((rows[8].cost, rows[8].hold.map(|hold| hold.money)), (None, Some(Dollars(Cents::new(800)))));
    assert!(rows[5].outcome.is_refused() && !rows[8].outcome.is_refused());
    let text = serde_json::to_string(&rows).expect("plain");
    assert!(text.contains(r#""proposal":"prop_3""#) && !text.contains('@'), "{text}");
}

#[test]
fn spending_keeps_kinds_of_money_apart_and_adds_up_to_the_books() {
    let writer = journal();
    let (spending, state) = (spending(&writer.events), writer.state());
    assert_eq!(spending.simulated.total.0, state.books.simulated.spent().cents());
    assert_eq!(spending.real.total.0, state.books.real.spent().cents());
    assert_eq!((spending.simulated.total.0, spending.real.total.0), (Cents::new(4_990), Cents::new(3)));
    assert_eq!(spending.simulated.by_kind[&ActionKind::RunAds].effects, 2);
    assert_eq!(spending.simulated.by_channel[&Channel::Social].0, Cents::new(4_990));
    assert_eq!((spending.payments, state.books.of_world().held), (1, Cents::new(800)));
}

#[test]
fn the_funnel_counts_each_contact_once_per_step() {
    let writer = journal();
    let (funnel, state) = (funnel(&writer.events), writer.state());
    assert_eq!(funnel.total, Steps { leads: 2, qualified: 1, offered: 1, customers: 1 });
    assert_eq!(funnel.by_channel[&Channel::Seo], Steps { leads: 1, ..Steps::default() });
    assert_eq!((funnel.total.leads, funnel.total.qualified), (state.trade.leads, state.trade.qualified));
}

#[test]
fn the_inbox_shows_exactly_what_would_happen() {
    let writer = journal();
    let sealed = inbox(&writer.state(), None);
    assert_eq!((sealed.waiting.len(), sealed.in_doubt.len()), (2, 1));
    assert_eq!(sealed.waiting[0].content, "Publish on seo for 8.00 USD\nTitle: Waits\n\nBody");
    assert_eq!((sealed.waiting[0].rules.clone(), sealed.waiting[0].cost.money.0), (vec![BUDGET], Cents::new(800)));
    assert!(sealed.in_doubt[0].content.contains("Title: In doubt") && sealed.in_doubt[0].held.money.0 == Cents::new(800));
    assert!(sealed.waiting[1].content.contains("[sealed, ") && !sealed.waiting[1].content.contains("Ada"));
    let opened = inbox(&writer.state(), Some(&writer.vault));
    let mail = &opened.waiting[1].content;
    assert!(mail.ends_with("To: lead-0@mail.example\nSubject: Hello\u{fffd}Bcc: all\n\nDear Ada,\n\u{fffd}[2Jread this."), "{mail}");
    let other = Vault::new(Arc::new(DerivedKeys::new(Seed::new(2))));
    assert!(inbox(&writer.state(), Some(&other)).waiting[1].content.contains("[not readable: "));
}

#[test]
fn the_summary_is_the_contract() {
    let writer = journal();
    let head = Head { sequence: writer.events.len() as u64, hash: GENESIS };
    let json = serde_json::to_value(summary(&writer.state(), head)).expect("plain");
    // Their order depends on a feature of the JSON library that other crates may turn on.
    let keys: BTreeSet<&str> = json.as_object().expect("a map").keys().map(String::as_str).collect();
    let want = ["agents", "business_id", "history", "journal", "metrics", "name", "oversight", "seed", "status", "world"];
    assert_eq!(keys, BTreeSet::from(want));
    assert_eq!(json["metrics"]["revenue"], serde_json::json!({"total": 890.0, "currency": "USD", "simulated": true}));
    assert_eq!(json["metrics"]["spent"]["total"], serde_json::json!(49.9));
    assert_eq!(json["metrics"]["tasks"], serde_json::json!({"completed": 1, "failed": 0, "vetoed": 1}));
    let fulfillment = serde_json::json!({"role": "fulfillment", "tasks_completed": 0, "tasks_failed": 0, "success_rate": null});
    assert_eq!((json["agents"].as_array().map(Vec::len), &json["agents"][3]), (Some(7), &fulfillment));
    let oversight = serde_json::json!({
        "reviewed": 11, "approved": 6, "vetoed": 1, "escalated": 4, "by_rule": {"charter.consent": 1, "limits.budget": 4}
    });
    assert_eq!(json["oversight"], oversight);
    assert_eq!(json["journal"]["head"], "0".repeat(64));
}

#[test]
fn every_event_has_a_line_without_personal_text() {
    let writer = journal();
    for event in &writer.events {
        let line = timeline::line(event);
        assert!(!line.contains('\n') && !line.contains('@') && !line.contains("Ada"), "{line}");
    }
    let lines: Vec<String> = writer.events.iter().map(|event| timeline::what(&event.payload)).collect();
    for want in [
        "prop_3 vetoed by charter.consent: a note",
        "prop_5 refused by expiry: nobody answered",
        "prop_6 begins, attempt 2, holding 20.00 USD simulated",
        "prop_7: the owner says that it happened",
        "task_1 created: make_offers for sales, priority 50, after task_0",
        "marketer died (panic); starts again at 2026-01-05 00:00:00",
    ] {
        assert!(lines.iter().any(|line| line == want), "`{want}` is missing in {lines:#?}");
    }
}

#[test]
fn money_is_written_without_noise() {
    let check = |cents: i64, want: &str| {
        assert_eq!(serde_json::to_string(&Dollars(Cents::new(cents))).expect("a number"), want);
    };
    check(0, "0.0");
    check(1, "0.01");
    check(120_050, "1200.5");
    check(-5, "-0.05");
    check(29, "0.29");
    check(999_999_999_999_999, "9999999999999.99");
}

#[test]
fn text_that_deceives_is_marked() {
    assert_eq!(tame("plain, with é and 漢", false), "plain, with é and 漢");
    assert_eq!(tame("a\u{1b}[2Jb", false), "a\u{fffd}[2Jb");
    assert_eq!(tame("two\nlines", true), "two\nlines");
    assert_eq!(tame("two\nlines", false), "two\u{fffd}lines");
    assert_eq!(tame("pay \u{202e}001", true), "pay \u{fffd}001");
}

#[test]
fn why_tells_the_way_from_the_goal_to_the_result() {
    let mut writer = journal();
    // A plan of a later day, made by its planning task, and a proposal that serves it and is vetoed under a rule of the charter.
    writer.add(Payload::DayClosed { day: 0 });
    writer.task(5, TaskKind::PlanDay, None);
    writer.add(Payload::TaskStarted { task: TaskId::new(5) });
    writer.task(6, TaskKind::Outreach, Some(1));
    writer.task(7, TaskKind::RunAds, None);
    writer.add(Payload::TaskCompleted { task: TaskId::new(5) });
    let id = writer.propose(6, writer.mail(1, MailPurpose::Offer), Ruling::Approve);
    let rules = vec![RuleId::named("charter.mail-no-means-no"), RuleId::named("limits.budget")];
    let verdict = Verdict { ruling: Ruling::Veto, rules, note: "the contact said no".to_owned() };
    writer.add(Payload::Withdrawn { proposal: id, verdict });
    let charter = Charter::shipped();
    let tell = |id: u32| why(&writer.events, ProposalId::new(id), charter).expect("proposed");

    let vetoed = tell(id.get());
    assert_eq!(
        (vetoed.goal.blueprint.as_str(), vetoed.task.id, vetoed.outcome),
        ("Podcast Production Studio", TaskId::new(6), Ended::Withdrawn)
    );
    assert!(matches!(vetoed.plan, Plan::Task { task, day: 2, .. } if task == TaskId::new(5)), "{:?}", vetoed.plan);
    assert_eq!(vetoed.parents.iter().map(|task| task.id.get()).collect::<Vec<_>>(), [1, 0]);
    let [first, second] = vetoed.verdicts.as_slice() else { panic!("{:?}", vetoed.verdicts) };
    assert_eq!((first.ruling, second.ruling, second.note.as_str()), (Ruling::Approve, Ruling::Veto, "the contact said no"));
    assert_eq!(second.rules[0].sentence.as_deref(), Some("Who said no gets no more advertising."));
    assert!(second.rules[0].ground.as_deref().is_some_and(|ground| ground.contains("CAN-SPAM")));
    assert_eq!((second.rules[1].sentence.as_deref(), vetoed.attempts.len(), vetoed.cost), (None, 0, None));
    assert!(second.other_charter, "the journal was written under no charter at all");

    let retried = tell(6);
    assert_eq!((retried.plan, retried.outcome, retried.attempts.len()), (Plan::Launch, Ended::Done, 2));
    assert_eq!(retried.attempts[0].results, ["failed: busy; again from 2026-01-05 00:00:00"]);
    assert_eq!(retried.attempts[1].results, ["done: 7 clicks, 19.90 USD simulated"]);
    assert_eq!(retried.cost.map(|cost| cost.money), Some(Dollars(Cents::new(1_990))));
    // The two advertisements before and after it, of the same channel for the same task.
    let ids = |tries: &[super::why::Try]| tries.iter().map(|tried| (tried.proposal.get(), tried.outcome)).collect::<Vec<_>>();
    assert_eq!(
        (retried.retry_at, ids(&retried.before), ids(&retried.after)),
        (None, vec![(5, Ended::Refused)], vec![(7, Ended::ResolvedDone)])
    );
    let doubted = tell(7);
    assert_eq!(doubted.attempts[0].results, ["in doubt: cut off", "the owner says that it happened"]);
    assert_eq!(tell(2).answer.map(|answer| (answer.by, answer.approve)), Some((By::Owner, true)));

    let text = serde_json::to_string(&tell(2)).expect("plain");
    assert!(!text.contains('@') && !text.contains("Ada") && text.contains(r#""id":"prop_2""#), "{text}");
    let error = why(&writer.events, ProposalId::new(99), charter).expect_err("never proposed").to_string();
    assert_eq!(error, format!("prop_99 was never proposed: the newest proposal is {id}"));
    assert!(matches!(why(&[], id, charter), Err(Unknown::Incomplete(_))));
}

#[test]
fn why_tells_the_other_attempts_at_what_failed() {
    let mut writer = journal();
    let at = SIMULATION_START.plus_ms(2000 * HOUR_MS);
    let failed = |retry_at| Outcome::Failed { reason: "busy".to_owned(), retry_at };
    let paid = |writer: &mut Writer, id, attempt| {
        writer.hold(id, attempt, cents(2_000));
        let receipt = AdsReceipt { reference: "a9".to_owned(), spent: Cents::new(1_990), clicks: 7 };
        writer.settle(id, Outcome::Done { receipt: receipt.into() }, cents(1_990));
    };
    let tell = |writer: &Writer, id: ProposalId| why(&writer.events, id, Charter::shipped()).expect("proposed");
    writer.task(8, TaskKind::RunAds, None);
    let first = writer.propose(8, ads(20), Ruling::Approve);
    writer.hold(first, 1, cents(2_000));
    writer.settle(first, failed(Some(at)), cents(0));
    let waits = tell(&writer, first);
    assert_eq!((waits.outcome, waits.retry_at, waits.reason.as_str()), (Ended::Failed, Some(at), "busy"));
    writer.hold(first, 2, cents(2_000));
    let again = tell(&writer, first);
    assert_eq!(
        (again.outcome, again.retry_at, again.reason.as_str()),
        (Ended::Begun, None, ""),
        "the first attempt's end is not the second's"
    );
    writer.settle(first, failed(None), cents(0));
    writer.propose(8, RunAds { channel: Channel::Seo, headline: "Ads".to_owned(), spend_limit: Cents::new(1) }, Ruling::Veto);
    writer.task(9, TaskKind::RunAds, None);
    writer.propose(9, ads(20), Ruling::Veto);
    let second = writer.propose(8, ads(20), Ruling::Approve);
    paid(&mut writer, second, 1);
    let (first, second) = (tell(&writer, first), tell(&writer, second));
    let ids = |tries: &[super::why::Try]| tries.iter().map(|tried| (tried.proposal, tried.outcome)).collect::<Vec<_>>();
    assert_eq!((first.outcome, ids(&first.before), ids(&first.after)), (Ended::Failed, vec![], vec![(second.proposal.id, Ended::Done)]));
    assert_eq!((second.outcome, ids(&second.before), ids(&second.after)), (Ended::Done, vec![(first.proposal.id, Ended::Failed)], vec![]));
    assert_eq!(second.before[0].reason, "busy");
}
