//! What the figures of a business mean: when a task succeeds, who is a qualified lead, what converts, what is asked.

use crate::action::{Action, ActionKind, CollectPayment, Digest, MailPurpose, SendEmail};
use crate::decide::view::Eyes;
use crate::decide::{adopt, fail_attempt};
use crate::event::{By, Event, Intent, Outcome, Payload, Proposal, Recovery, Signal};
use crate::id::{OrderId, ProposalId, TaskId};
use crate::invariant::{self, Violation};
use crate::limits::{MAX_TASK_ATTEMPTS, SIMULATED_APPROVAL_TTL_MS};
use crate::money::{Amount, Cents};
use crate::orient::orient;
use crate::oversight::tests_support::{EMAIL, Scene};
use crate::oversight::verdict::{RuleId, Ruling, Verdict};
use crate::receipt::{BillReceipt, PaymentReceipt, PriceReceipt, Receipt};
use crate::role::Role;
use crate::round::Round;
use crate::state::{Performance, State};
use crate::task::{FailureCause, NewTask, TaskKind, TaskStatus};
use crate::time::{DAY_MS, HOUR_MS, Timestamp};

/// A business with one task, that its role works on.
struct Desk {
    scene: Scene,
    task: TaskId,
}

impl Desk {
    fn new(kind: TaskKind) -> Desk {
        let mut scene = Scene::new();
        let task = scene.state.next_task();
        scene.apply(Payload::TaskCreated { task, order: NewTask::new(kind, 50, scene.state.now.plus_ms(30 * DAY_MS)) });
        scene.apply(Payload::TaskStarted { task });
        Desk { scene, task }
    }

    fn propose(&mut self, action: impl Into<Action>, ruling: Ruling) -> (ProposalId, Digest) {
        let proposal = Proposal { task: self.task, ..self.scene.proposal(action) };
        let (id, digest) = (proposal.id, proposal.action.digest());
        self.scene.apply(Payload::Proposed { proposal: Box::new(proposal) });
        let verdict = Verdict { ruling, rules: vec![RuleId::named("test.rule")], note: String::new() };
        let expires_at = (ruling == Ruling::Escalate).then(|| self.scene.state.now.plus_ms(SIMULATED_APPROVAL_TTL_MS));
        self.scene.apply(Payload::Reviewed { proposal: id, digest, verdict, expires_at });
        (id, digest)
    }

    fn end(&mut self, (proposal, digest): (ProposalId, Digest), outcome: Outcome) {
        let hold = self.scene.state.work.proposals[&proposal].proposal.action.worst_case(true);
        let (key, recovery) = (String::new(), Recovery::Idempotent);
        self.scene.apply(Payload::Intended { proposal, digest, attempt: 1, key, hold, recovery });
        self.scene.apply(Payload::Settled { proposal, outcome, cost: hold.released() });
    }

    /// What the engine stages at this time, as one round.
    fn look(&mut self, now: Timestamp) -> Vec<Payload> {
        let eyes = Eyes { vault: self.scene.vault.clone(), connected: ActionKind::ALL.into() };
        let mut round = Round::new(self.scene.state.clone(), now);
        orient(&mut round, &eyes).expect("fits");
        let events = round.take_staged();
        self.scene.state = round.into_parts().0;
        events.into_iter().map(|event| event.payload).collect()
    }

    fn totals(&self) -> (u32, u32, u32, Option<f64>) {
        let Performance { completed, failed, vetoed, .. } = self.scene.state.task_totals();
        (completed, failed, vetoed, self.scene.state.task_totals().success_rate())
    }
}

fn refused() -> Outcome {
    Outcome::Failed { reason: "no".to_owned(), retry_at: None }
}

fn paid(cents: i64) -> Receipt {
    BillReceipt { reference: String::new(), spent: Cents::new(cents) }.into()
}

#[test]
fn a_task_succeeds_by_a_receipt_for_what_it_is_accepted_by_and_by_nothing_else() {
    let bill = |desk: &mut Desk| desk.scene.good(ActionKind::PayBill);
    let mut desk = Desk::new(TaskKind::PayBills);
    let (now, action) = (desk.scene.state.now, bill(&mut desk));
    let proposal = desk.propose(action, Ruling::Approve);
    assert_eq!(desk.totals(), (0, 0, 0, None), "an approval is no receipt");
    desk.end(proposal, Outcome::Done { receipt: paid(80_00) });
    assert!(desk.look(now).iter().any(|payload| matches!(payload, Payload::TaskCompleted { .. })));
    assert_eq!(desk.totals(), (1, 0, 0, Some(1.0)));

    // The same receipt within a task about the price is no new price.
    let mut desk = Desk::new(TaskKind::ReviewPrice);
    let action = bill(&mut desk);
    let proposal = desk.propose(action, Ruling::Approve);
    desk.end(proposal, Outcome::Done { receipt: paid(80_00) });
    let staged = desk.look(now);
    assert!(!staged.iter().any(|payload| matches!(payload, Payload::TaskCompleted { .. })), "{staged:?}");
    assert!(staged.iter().any(|payload| matches!(payload, Payload::AttemptFailed { .. })), "{staged:?}");

    // Nor does a failed effect or one in doubt succeed; one receipt among failures is what was asked for.
    for outcome in [refused(), Outcome::InDoubt { reason: String::new() }] {
        let mut desk = Desk::new(TaskKind::PayBills);
        let action = bill(&mut desk);
        let proposal = desk.propose(action, Ruling::Approve);
        desk.end(proposal, outcome);
        let staged = desk.look(now);
        assert!(staged.iter().any(|payload| matches!(payload, Payload::AttemptFailed { .. })), "{staged:?}");
        assert_eq!(desk.totals(), (0, 0, 0, None), "it is tried again, and counts when it ends");
    }
}

#[test]
fn a_completed_task_without_its_receipt_breaks_a_promise() {
    let spec = Scene::new().state.spec.as_ref().clone();
    let (task, price) = (TaskId::new(0), Scene::new().good(ActionKind::SetPrice));
    let journal = |receipt: bool| {
        let mut scene = Scene::new();
        let mut events = Vec::new();
        let mut add = |payload| events.push(Event { sequence: events.len() as u64 + 1, at: spec.start, cause: 0, payload });
        add(Payload::Launched { spec: Box::new(spec.clone()), market: None });
        add(Payload::TaskCreated { task, order: NewTask::new(TaskKind::ReviewPrice, 50, Timestamp::MAX) });
        add(Payload::TaskStarted { task });
        if receipt {
            let action = scene.good(ActionKind::SetPrice);
            let proposal = Proposal { id: ProposalId::new(0), task, ..scene.proposal(action) };
            let (id, digest, hold) = (proposal.id, price.digest(), price.worst_case(true));
            add(Payload::Proposed { proposal: Box::new(proposal) });
            let verdict = Verdict { ruling: Ruling::Approve, rules: vec![RuleId::named("test.rule")], note: String::new() };
            add(Payload::Reviewed { proposal: id, digest, verdict, expires_at: None });
            add(Payload::Intended { proposal: id, digest, attempt: 1, key: String::new(), hold, recovery: Recovery::Idempotent });
            let receipt = PriceReceipt { price: price.worth().expect("a price") }.into();
            add(Payload::Settled { proposal: id, outcome: Outcome::Done { receipt }, cost: hold });
        }
        add(Payload::TaskCompleted { task });
        invariant::check(&events).map(drop)
    };
    assert_eq!(journal(true), Ok(()));
    assert_eq!(journal(false), Err(Violation::Unaccepted { sequence: 4, task }));
}

#[test]
fn a_task_counts_once_however_often_it_was_tried() {
    let mut desk = Desk::new(TaskKind::PayBills);
    for attempt in 1..=MAX_TASK_ATTEMPTS {
        assert_eq!(desk.scene.state.work.tasks[&desk.task].attempts, attempt);
        let mut round = Round::new(desk.scene.state.clone(), desk.scene.state.now.plus_ms(HOUR_MS));
        fail_attempt(&mut round, desk.task, "no").expect("fits");
        desk.scene.state = round.into_parts().0;
        if attempt < MAX_TASK_ATTEMPTS {
            assert_eq!(desk.totals(), (0, 0, 0, None));
            desk.scene.apply(Payload::TaskStarted { task: desk.task });
        }
    }
    assert_eq!(desk.totals(), (0, 1, 0, Some(0.0)));

    let mut desk = Desk::new(TaskKind::PayBills);
    desk.scene.apply(Payload::AttemptFailed { task: desk.task, reason: String::new(), retry_at: desk.scene.state.now });
    desk.scene.apply(Payload::TaskStarted { task: desk.task });
    let action = desk.scene.good(ActionKind::PayBill);
    let proposal = desk.propose(action, Ruling::Approve);
    desk.end(proposal, Outcome::Done { receipt: paid(80_00) });
    desk.look(desk.scene.state.now);
    assert_eq!(desk.totals(), (1, 0, 0, Some(1.0)), "a success at the second attempt is one success");
}

#[test]
fn what_expired_and_what_was_vetoed_failed() {
    let check = |refuse: &dyn Fn(&mut Desk), cause: FailureCause, totals: (u32, u32, u32)| {
        let mut desk = Desk::new(TaskKind::PayBills);
        refuse(&mut desk);
        let (now, task) = (desk.scene.state.now, desk.task);
        let staged = desk.look(now);
        let failed =
            |payload: &Payload| matches!(payload, Payload::TaskFailed { task: of, cause: why, .. } if (*of, *why) == (task, cause));
        assert!(staged.iter().any(failed), "{cause:?}: {staged:?}");
        let (completed, failed, vetoed, success) = desk.totals();
        assert_eq!(((completed, failed, vetoed), success), (totals, Some(0.0)), "{cause:?}");
        assert_eq!(desk.scene.state.performance_of(Role::Finance).success_rate(), Some(0.0));
    };
    let ask = |desk: &mut Desk, ruling| {
        let action = desk.scene.good(ActionKind::PayBill);
        desk.propose(action, ruling)
    };
    let vetoed = |desk: &mut Desk| {
        ask(desk, Ruling::Veto);
    };
    check(&vetoed, FailureCause::Vetoed, (0, 0, 1));
    let declined = |desk: &mut Desk| {
        let (proposal, digest) = ask(desk, Ruling::Escalate);
        desk.scene.apply(Payload::Answered { proposal, digest, by: By::Owner, approve: false, reason: String::new() });
    };
    check(&declined, FailureCause::Vetoed, (0, 0, 1));
    // Nobody answers: the escalation expires, which is a veto.
    let unanswered = |desk: &mut Desk| {
        ask(desk, Ruling::Escalate);
        desk.scene.state.now = desk.scene.state.now.plus_ms(SIMULATED_APPROVAL_TTL_MS);
    };
    check(&unanswered, FailureCause::Vetoed, (0, 0, 1));
    let late = |desk: &mut Desk| desk.scene.state.now = desk.scene.state.now.plus_ms(30 * DAY_MS);
    check(&late, FailureCause::Deadline, (0, 1, 0));
}

#[test]
fn an_answer_that_comes_a_moment_before_the_expiry_counts() {
    let mut desk = Desk::new(TaskKind::PayBills);
    let action = desk.scene.good(ActionKind::PayBill);
    desk.propose(action, Ruling::Escalate);
    let almost = desk.scene.state.now.plus_ms(SIMULATED_APPROVAL_TTL_MS - 1);
    assert!(!desk.look(almost).iter().any(|payload| matches!(payload, Payload::Answered { .. })));
    assert_eq!(desk.scene.state.work.tasks[&desk.task].status, TaskStatus::InProgress);
    let expired = desk.look(almost.plus_ms(1));
    let by_expiry = |payload: &Payload| matches!(payload, Payload::Answered { by: By::Expiry, approve: false, .. });
    assert!(expired.iter().any(by_expiry), "{expired:?}");
    assert_eq!(desk.scene.state.rulings.escalated, 1, "the owner was asked once");
}

#[test]
fn a_mind_that_gives_up_has_failed_its_attempt_and_a_plan_is_done_at_once() {
    let mut desk = Desk::new(TaskKind::PlanDay);
    let mut round = Round::new(desk.scene.state.clone(), desk.scene.state.now);
    adopt(&mut round, Role::Orchestrator, desk.task, crate::decide::Decision::Plan(Vec::new())).expect("fits");
    desk.scene.state = round.into_parts().0;
    assert_eq!(desk.totals(), (1, 0, 0, Some(1.0)));
    let desk = Desk::new(TaskKind::PayBills);
    let mut round = Round::new(desk.scene.state.clone(), desk.scene.state.now);
    adopt(&mut round, Role::Finance, desk.task, crate::decide::Decision::GiveUp("no".to_owned())).expect("fits");
    assert!(matches!(round.staged()[0].payload, Payload::AttemptFailed { .. }));
}

fn qualified(state: &State) -> (u32, u32, f64) {
    (state.trade.qualified, state.trade.customers, state.trade.conversion_rate())
}

#[test]
fn a_lead_qualifies_once_by_answering_asking_for_the_price_or_ordering() {
    let after = |answers: &[Intent]| {
        let mut scene = Scene::new();
        let eve = scene.lead("eve@customer.example", true);
        let before = scene.state.trade.qualified;
        answers.iter().for_each(|intent| scene.signal(Signal::Replied { contact: eve, intent: *intent }));
        let trade = &scene.state.trade;
        (trade.qualified - before, trade.contacts[&eve].qualified)
    };
    use Intent::{AskedPrice, Declined, Interested};
    assert_eq!(after(&[]), (0, false));
    assert_eq!(after(&[Interested]), (1, true));
    assert_eq!(after(&[AskedPrice]), (1, true));
    assert_eq!(after(&[Interested, AskedPrice, Interested]), (1, true), "once");
    assert_eq!(after(&[Declined]), (0, false), "no is no interest");
    assert_eq!(after(&[Declined, AskedPrice]), (1, true), "minds change");
    assert_eq!(after(&[AskedPrice, Declined]), (1, true), "it had asked");

    let mut scene = Scene::new();
    let price = scene.state.trade.price;
    let (qualified, eve) = (scene.state.trade.qualified, scene.lead("eve@customer.example", true));
    for order in [7, 8] {
        scene.signal(Signal::OrderPlaced { order: OrderId::new(order), contact: eve, price, monthly: false });
    }
    assert_eq!(scene.state.trade.qualified, qualified + 1, "who orders without a word is qualified by that, once");
    assert!(!scene.state.trade.contacts[&eve].qualified, "and has not answered, so that no mail may pretend it had");
    scene.signal(Signal::Replied { contact: eve, intent: AskedPrice });
    assert_eq!((scene.state.trade.qualified, scene.state.trade.contacts[&eve].qualified), (qualified + 1, true), "counted once in all");
}

#[test]
fn conversion_is_customers_among_qualified_leads_and_never_above_one() {
    let mut scene = Scene::new();
    assert_eq!(qualified(&scene.state), (1, 0, 0.0), "the scene's contact ordered and has not paid");
    let (ada, price) = (scene.vault.contact_id(EMAIL), scene.state.trade.price);
    let pay = |scene: &mut Scene, order| {
        let receipt = PaymentReceipt { reference: String::new(), amount: Amount::simulated(price) }.into();
        let (action, now) = (CollectPayment { order, installment: 0, price }.into(), scene.state.now);
        scene.state.trade.settled(&action, &receipt, now).expect("known");
    };
    for order in [7, 8] {
        scene.signal(Signal::OrderPlaced { order: OrderId::new(order), contact: ada, price, monthly: true });
    }
    scene.order().payments = 0;
    pay(&mut scene, OrderId::new(7));
    pay(&mut scene, OrderId::new(7));
    pay(&mut scene, OrderId::new(8));
    assert_eq!(qualified(&scene.state), (1, 1, 1.0), "one customer, however many orders and payments");
    let eve = scene.lead("eve@customer.example", true);
    scene.signal(Signal::Replied { contact: eve, intent: Intent::AskedPrice });
    assert_eq!(qualified(&scene.state), (2, 1, 0.5));
}

#[test]
fn satisfaction_is_the_part_of_ratings_of_four_stars_and_five() {
    let rated = |ratings: &[u8]| {
        let mut scene = Scene::new();
        let order = crate::oversight::tests_support::ORDER;
        ratings.iter().for_each(|stars| scene.signal(Signal::Rated { order, stars: *stars }));
        scene.state.trade.ratings.satisfaction()
    };
    assert_eq!(rated(&[]), None, "nobody rated");
    assert_eq!(rated(&[5]), Some(1.0));
    assert_eq!(rated(&[5, 3, 4, 1]), Some(0.5));
    assert_eq!(rated(&[4, 4, 4]), Some(1.0));
}

#[test]
fn a_first_mail_counts_for_its_subject_line_once_and_so_does_its_answer() {
    let mut scene = Scene::new();
    let eve = scene.lead("eve@customer.example", true);
    let mail = scene.mail(MailPurpose::Outreach, |_| ());
    scene.done(SendEmail { contact: eve, line: Some(2), ..mail });
    let lines = |scene: &Scene| scene.state.trade.lines.map(|line| (line.made, line.taken));
    assert_eq!(lines(&scene), [(0, 0), (0, 0), (1, 0)]);
    scene.signal(Signal::Replied { contact: eve, intent: Intent::Interested });
    scene.signal(Signal::Replied { contact: eve, intent: Intent::AskedPrice });
    assert_eq!(lines(&scene), [(0, 0), (0, 0), (1, 1)]);
    let offer = scene.mail(MailPurpose::Offer, |_| ());
    assert!(Action::from(SendEmail { line: Some(0), ..offer }).validate().is_err_and(|error| error.contains("only a first mail")));
    let first = scene.mail(MailPurpose::Outreach, |_| ());
    assert!(Action::from(SendEmail { line: Some(3), ..first }).validate().is_err_and(|error| error.contains("below 3")));
}
