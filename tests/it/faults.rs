//! Random live runs with faults everywhere: adapters, store, agents, clock, owner, restarts. Whatever happens, the engine's promises hold.
//!
//! A run is a [`Plan`], plain data, so that a failure shrinks to the few steps that cause it. `BBB_FAULT_SEED` and `BBB_FAULT_CASES` choose others.

pub(crate) mod ports;
pub(crate) mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bbb::agents::handle::Refused;
use bbb::core::blueprint::Channel;
use bbb::core::budget::Cap;
use bbb::core::event::{Event, Intent, Payload, Profile, Recovery, Signal};
use bbb::core::id::{ContactId, OrderId, TicketId};
use bbb::core::invariant;
use bbb::core::observe::Arrival;
use bbb::core::role::Agent;
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::core::spec::{Autonomy, ModelSpec, Sender, WorldKind};
use bbb::core::state::work::Stage;
use bbb::core::state::{State, Status};
use bbb::core::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};
use bbb::prelude::*;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::faults::ports::{Fate, Outside};
use crate::faults::store::{Fault, FlakyStore};
use crate::run::{on_one_thread, spec};

pub(crate) const START: Timestamp = Timestamp::from_ms(1_800_000_000_000);
const PEOPLE: u8 = 4;

/// One thing that happens to a business.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The clock jumps, to either side.
    Clock(i64),
    Lead(u8),
    Reply(u8),
    Unsubscribe(u8),
    Order(u8),
    Churn(u8),
    Refund(u8),
    Ticket(u8),
    /// The same payment provider's message once more.
    Again(u8),
    Approve,
    Veto,
    Doubt(bool),
    Pause,
    Resume,
    Stop,
    Crash(u8),
    /// The process ends and another one goes on from the journal.
    Restart,
    Break(Fault),
}

#[derive(Debug, Clone)]
struct Plan {
    asks: bool,
    /// Whether its texts are read by a reviewer.
    read: bool,
    recovery: Vec<Recovery>,
    fates: Vec<Fate>,
    /// What happens, each time after letting the engine work undisturbed for so many turns.
    steps: Vec<(u8, Step)>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let class = prop_oneof![
        1 => Just(Recovery::Repeatable),
        1 => Just(Recovery::Idempotent),
        1 => Just(Recovery::Verifiable),
        2 => Just(Recovery::AtMostOnce)
    ];
    let fate = prop_oneof![
        5 => Just(Fate::Done),
        4 => Just(Fate::Slow),
        2 => Just(Fate::Temporary),
        1 => Just(Fate::Permanent),
        1 => any::<bool>().prop_map(Fate::Unknown),
        1 => Just(Fate::PanicBefore),
        1 => any::<bool>().prop_map(Fate::PanicAfter),
        1 => any::<bool>().prop_map(Fate::Never),
        1 => Just(Fate::Overrun),
        1 => Just(Fate::Absurd),
    ];
    let somebody = || 0..PEOPLE;
    let clock = prop_oneof![Just(MINUTE_MS), Just(10 * MINUTE_MS), Just(9 * HOUR_MS), Just(2 * DAY_MS), Just(-3 * HOUR_MS)];
    let step = prop_oneof![
        8 => clock.prop_map(Step::Clock),
        4 => somebody().prop_map(Step::Lead),
        3 => somebody().prop_map(Step::Reply),
        1 => somebody().prop_map(Step::Unsubscribe),
        5 => somebody().prop_map(Step::Order),
        1 => somebody().prop_map(Step::Churn),
        2 => somebody().prop_map(Step::Refund),
        2 => somebody().prop_map(Step::Ticket),
        1 => somebody().prop_map(Step::Again),
        5 => Just(Step::Approve),
        1 => Just(Step::Veto),
        2 => any::<bool>().prop_map(Step::Doubt),
        3 => Just(Step::Pause),
        5 => Just(Step::Resume),
        1 => (0..20_u8).prop_map(|n| if n == 0 { Step::Stop } else { Step::Resume }),
        2 => (0..8_u8).prop_map(Step::Crash),
        3 => Just(Step::Restart),
        3 => prop_oneof![Just(Fault::Before), Just(Fault::After)].prop_map(Step::Break),
    ];
    let steps = prop::collection::vec((prop_oneof![2 => Just(255_u8), 1 => 0..60_u8], step), 1..40);
    (any::<bool>(), any::<bool>(), prop::collection::vec(class, 9), prop::collection::vec(fate, 0..40), steps)
        .prop_map(|(asks, read, recovery, fates, steps)| Plan { asks, read, recovery, fates, steps })
}

/// A business under test, with everything around it.
struct Run {
    store: Arc<FlakyStore>,
    outside: Arc<Outside>,
    engine: Engine,
    world: World,
    spec: Spec,
    clock: Arc<AtomicI64>,
    vault: Vault,
    business: BusinessHandle,
    arrivals: u32,
}

impl Run {
    async fn begin(plan: &Plan) -> Run {
        let store = Arc::new(FlakyStore::default());
        let outside = Outside::new(Arc::clone(&store), &plan.fates);
        let clock = Arc::new(AtomicI64::new(START.ms()));
        let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(1))));
        let told = Arc::clone(&clock);
        let time = Arc::new(move || Timestamp::from_ms(told.load(Ordering::SeqCst)));
        let world = World::live(outside.ports(&plan.recovery), vault.clone(), time);
        let engine = Engine::builder(store.clone()).build();
        let mut spec = live(plan.asks);
        if plan.read {
            (spec.reviewer, spec.caps.tokens) = (Some(ModelSpec::default()), Cap::of(200_000));
        }
        let spec = engine.prepare(spec);
        let business = engine.launch(spec.clone(), world.clone()).await.unwrap();
        Run { store, outside, engine, world, spec, clock, vault, business, arrivals: 0 }
    }

    /// Lets the engine work until nothing moves, or for so many turns.
    async fn settle(&self, turns: u8) {
        // What arrives, be it nothing, makes the business look at the clock.
        let _ = self.business.receive(Vec::new()).await;
        if turns < 255 {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            return;
        }
        let (mut before, mut same) = (None, 0);
        while same < 4 {
            for _ in 0..64 {
                tokio::task::yield_now().await;
            }
            let now = Some((self.outside.begun().len(), self.state().await.map(|state| state.sequence)));
            same = if now == before { same + 1 } else { 0 };
            before = now;
        }
    }

    async fn state(&self) -> Option<Arc<State>> {
        self.business.status().await.ok()
    }

    fn contact(&self, person: u8) -> (ContactId, String) {
        let email = format!("person-{person}@somewhere.com");
        (self.vault.contact_id(&email), email)
    }

    /// Something arrives under a name of its own, or under an earlier one.
    async fn arrive(&mut self, signal: Signal, again: bool) {
        self.arrivals += u32::from(!again);
        let arrival = Arrival { source: "outside".to_owned(), external_id: format!("{}", self.arrivals), signal };
        // Signals about what nobody knows are refused, and so is everything while the journal fails.
        let _ = self.business.receive(vec![arrival]).await;
    }

    async fn restart(&mut self) {
        self.business.passivate().await;
        let world = self.world.clone();
        self.business = match self.engine.resume(self.spec.id(), |_| Ok(world)).await {
            Ok(business) => business,
            // Nothing was written yet.
            Err(_) => self.engine.launch(self.spec.clone(), self.world.clone()).await.unwrap(),
        };
    }

    /// Answers all open questions of the owner's that a predicate chooses.
    async fn answer(&self, command: impl Fn(bbb::core::id::ProposalId, &Stage) -> Option<Command>) {
        let Some(state) = self.state().await else { return };
        for command in state.work.proposals.iter().filter_map(|(id, open)| command(*id, &open.stage)) {
            let _ = self.business.command(command).await;
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Clock(ms) => drop(self.clock.fetch_add(ms, Ordering::SeqCst)),
            Step::Crash(agent) => {
                let role = Role::ALL.get(usize::from(agent)).copied();
                self.business.crash(role.map_or(Agent::Oversight, Agent::Role));
            }
            Step::Restart => self.restart().await,
            Step::Break(fault) => self.store.break_next(Some(fault)),
            Step::Pause => drop(self.business.pause("a test").await),
            Step::Resume => drop(self.business.resume().await),
            Step::Stop => drop(self.business.stop().await),
            Step::Approve => self.answer(|id, stage| matches!(stage, Stage::Waiting { .. }).then_some(Command::Approve(id))).await,
            Step::Veto => self.answer(|id, stage| matches!(stage, Stage::Waiting { .. }).then(|| Command::Veto(id, String::new()))).await,
            Step::Doubt(happened) => {
                self.answer(|id, stage| matches!(stage, Stage::InDoubt { .. }).then_some(Command::ResolveDoubt(id, happened))).await;
            }
            _ => {
                let again = matches!(step, Step::Again(_));
                self.arrive(self.signal(step), again).await;
            }
        }
    }

    fn signal(&self, step: Step) -> Signal {
        let price = self.spec.blueprint.price;
        match step {
            Step::Reply(who) => Signal::Replied { contact: self.contact(who).0, intent: Intent::AskedPrice },
            Step::Unsubscribe(who) => Signal::Unsubscribed { contact: self.contact(who).0 },
            Step::Order(who) | Step::Again(who) => {
                Signal::OrderPlaced { order: OrderId::new(self.arrivals), contact: self.contact(who).0, price, monthly: who == 0 }
            }
            Step::Churn(order) => Signal::Churned { order: OrderId::new(order.into()) },
            Step::Refund(order) => Signal::RefundRequested { order: OrderId::new(order.into()) },
            Step::Ticket(who) => Signal::TicketOpened { ticket: TicketId::new(self.arrivals), contact: self.contact(who).0 },
            Step::Lead(who) => lead(&self.vault, self.contact(who), ""),
            other => panic!("{other:?} is no signal"),
        }
    }

    /// Ends all faults and lets the business come to rest.
    async fn heal(&mut self) {
        self.store.break_next(None);
        self.outside.heal();
        let _ = self.business.resume().await;
        self.settle(255).await;
        self.take(Step::Approve).await;
        self.take(Step::Clock(DAY_MS)).await;
        self.settle(255).await;
    }
}

pub(crate) fn lead(vault: &Vault, (contact, email): (ContactId, String), note: &str) -> Signal {
    let profile = Profile { email, name: "Ada".to_owned(), company: "Engines".to_owned(), note: note.to_owned() };
    let profile = vault.seal(contact, &serde_json::to_string(&profile).unwrap()).unwrap();
    Signal::LeadArrived { contact, channel: Channel::Email, consent: true, profile }
}

/// The spec of a live business that may send mail.
pub(crate) fn live(asks: bool) -> Spec {
    let mut spec = spec("SEO Content Agency for Local Businesses", 1, 30);
    let budget = Cents::from_dollars(3_000);
    (spec.world, spec.start, spec.end) = (WorldKind::Live, START, None);
    spec.caps.real_money = Cap { day: budget.percent(40), ..Cap::of(budget) };
    spec.caps.messages = Cap { action: 1, day: 6, ..Cap::of(10_000) };
    spec.autonomy = if asks { Autonomy::ASK } else { Autonomy::FULL };
    spec.sender = Sender {
        name: "Local Words".to_owned(),
        address: "hello@local-words.com".to_owned(),
        postal_address: "12 Market Street, Springfield".to_owned(),
        unsubscribe: "mailto:stop@local-words.com".to_owned(),
    };
    spec
}

/// Runs a plan; returns the journal, or the promise that was broken.
async fn carry_out(plan: &Plan) -> Result<(Vec<Event>, usize), String> {
    let mut run = Run::begin(plan).await;
    for (turns, step) in &plan.steps {
        run.settle(*turns).await;
        run.take(*step).await;
    }
    run.settle(255).await;
    run.heal().await;
    let events = run.store.events(run.spec.id()).await;
    if let Some(broken) = run.outside.broken().first() {
        return Err(broken.clone());
    }
    invariant::check(&events).map_err(|violation| violation.to_string())?;
    if let Some(proposal) = run.outside.forgotten(&events) {
        return Err(format!("{proposal} has happened, and the journal says that it has not"));
    }
    books_stay_within_caps(&events)?;
    let replayed = State::replay(run.spec.id(), &events).map_err(|misfit| misfit.to_string())?.ok_or("an empty journal")?;
    match run.state().await {
        Some(live) if *live == replayed => {}
        Some(live) => return Err(format!("live at event {}, replayed at {}", live.sequence, replayed.sequence)),
        None => return Err("the business does not answer".to_owned()),
    }
    match run.business.pause("is it alive?").await {
        Err(Refused::Journal(reason)) => Err(format!("it still stands still: {reason}")),
        _ => Ok((events, run.outside.begun().len())),
    }
}

/// What is spent and held is above a cap only after a journaled overrun, and that pauses.
fn books_stay_within_caps(events: &[Event]) -> Result<(), String> {
    let (first, rest) = events.split_first().ok_or("an empty journal")?;
    let mut state = State::launch(bbb::core::id::BusinessId::from_bytes([0; 8]), first).map_err(|misfit| misfit.to_string())?;
    let (mut overrun, mut overrun_now) = (false, false);
    for event in rest {
        state.apply(event).map_err(|misfit| misfit.to_string())?;
        if overrun_now && state.status == Status::Active {
            return Err(format!("event {}: active after an overrun", event.sequence));
        }
        overrun_now = matches!(event.payload, Payload::Overrun { .. });
        overrun |= overrun_now;
        let (book, caps) = (state.books.of_world(), state.books.caps);
        let next_is_overrun =
            rest.iter().any(|next| next.sequence == event.sequence + 1 && matches!(next.payload, Payload::Overrun { .. }));
        if !overrun && !next_is_overrun && (book.spent.plus(book.held) > caps.real_money.total || book.today > caps.real_money.day) {
            return Err(format!("event {}: {book:?} is over {caps:?}", event.sequence));
        }
        if book.held < Cents::ZERO
            || book.spent < Cents::ZERO
            || book.revenue < Cents::ZERO
            || state.books.messages.today > caps.messages.day
        {
            return Err(format!("event {}: {:?}", event.sequence, state.books));
        }
    }
    Ok(())
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn whatever_fails_the_promises_hold() {
    let seed = setting("BBB_FAULT_SEED", 1);
    let cases = u32::try_from(setting("BBB_FAULT_CASES", 150)).unwrap();
    let config = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 2_000, ..ProptestConfig::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, blake3::hash(&seed.to_le_bytes()).as_bytes());
    let begun = std::cell::Cell::new(0);
    let outcome = TestRunner::new_with_rng(config, rng).run(&plan(), |plan| {
        let (_, count) = on_one_thread(carry_out(&plan)).map_err(TestCaseError::fail)?;
        begun.set(begun.get() + count);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("BBB_FAULT_SEED={seed}: {failure}");
    }
    assert!(begun.get() > usize::try_from(cases).unwrap() * 4, "the runs do something: {} effects", begun.get());
}
