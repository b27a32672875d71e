//! The optional reviewer inside the engine, with scripted models: it can object to a text and do nothing else, and whatever becomes of its calls, no text leaves
//! unread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use bbb::agents::world::World;
use bbb::core::action::{ActionKind, CallModel, PromptPart};
use bbb::core::budget::Cap;
use bbb::core::decide::growth::Strategy;
use bbb::core::event::{Event, Payload, Recovery};
use bbb::core::id::{ContactId, ProposalId};
use bbb::core::invariant;
use bbb::core::journal::chain::Head;
use bbb::core::journal::store::{BoxFuture, Store};
use bbb::core::limits::{MAX_EFFECT_ATTEMPTS, MAX_REPAIRS};
use bbb::core::observe::Arrival;
use bbb::core::oversight::Oversight;
use bbb::core::oversight::charter::Charter;
use bbb::core::oversight::reviewer::{Category, Opinion, Silence, finding};
use bbb::core::oversight::verdict::{Finding, RuleId, Ruling, Verdict};
use bbb::core::receipt::ModelAnswer;
use bbb::core::seal::{DerivedKeys, Vault, owner_contact};
use bbb::core::spec::ModelSpec;
use bbb::core::state::State;
use bbb::core::state::work::Stage;
use bbb::core::time::{DAY_MS, HOUR_MS};
use bbb::host::store::redb::{OpenError, Options, RedbStore};
use bbb::prelude::*;
use proptest::prelude::*;

use crate::disk::Disk;
use crate::faults::ports::Outside;
use crate::faults::store::FlakyStore;
use crate::faults::{START, lead, live};
use crate::run::{Ran, chatbot, finished, journal, on_one_thread, on_threads};
use crate::worlds::{Clock, come_to_rest};

const EMAIL: &str = "ada@somewhere.com";

/// What a scripted reviewer says to a question: a function of the question alone, so that a run is a function of its seed.
type Script = fn(&[PromptPart]) -> Result<String, Failure>;

struct Reviewer {
    vault: Vault,
    recovery: Recovery,
    script: Script,
    asked: Mutex<Vec<(ContactId, Vec<PromptPart>)>>,
}

impl Reviewer {
    fn new(seed: u64, recovery: Recovery, script: Script) -> Arc<Reviewer> {
        let vault = Vault::new(Arc::new(DerivedKeys::new(Seed::new(seed))));
        Arc::new(Reviewer { vault, recovery, script, asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<(ContactId, Vec<PromptPart>)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Port<CallModel> for Reviewer {
    fn recovery(&self) -> Recovery {
        self.recovery
    }

    fn perform(&self, permit: Permit<CallModel>) -> BoxFuture<'_, Result<ModelAnswer, Failure>> {
        Box::pin(async move {
            let begun = permit.begin()?;
            let contact = begun.action.prompt.contact();
            let parts: Vec<PromptPart> = serde_json::from_str(self.vault.open(&begun.action.prompt).unwrap().reveal()).unwrap();
            let answer = (self.script)(&parts)?;
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push((contact, parts));
            let text = self.vault.seal(contact, &answer).unwrap();
            Ok(ModelAnswer { text, prompt_tokens: 300, answer_tokens: 20, spent: Cents::new(1) })
        })
    }
}

fn says(ruling: &str, category: &str) -> Result<String, Failure> {
    Ok(serde_json::json!({ "ruling": ruling, "category": category, "confidence": 80 }).to_string())
}

fn ok(_: &[PromptPart]) -> Result<String, Failure> {
    says("ok", "none")
}

fn escalates(_: &[PromptPart]) -> Result<String, Failure> {
    says("escalate", "pressure")
}

fn vetoes(_: &[PromptPart]) -> Result<String, Failure> {
    says("veto", "deception")
}

fn talks(_: &[PromptPart]) -> Result<String, Failure> {
    Ok("Ada Lovelace? I would send it.".to_owned())
}

/// Something else for each question: all that can be said, and failures.
fn mixed(parts: &[PromptPart]) -> Result<String, Failure> {
    let text: String = parts.iter().map(|part| part.text.as_str()).collect();
    match blake3::hash(text.as_bytes()).as_bytes()[0] % 8 {
        0 => escalates(parts),
        1 => vetoes(parts),
        2 => talks(parts),
        3 => Err(Failure::Permanent("scripted".to_owned())),
        4 => Err(Failure::Temporary("scripted".to_owned())),
        _ => ok(parts),
    }
}

fn model() -> Option<ModelSpec> {
    Some(ModelSpec { model: "reviewer".to_owned(), max_answer_tokens: 200, ..ModelSpec::default() })
}

/// A simulated business whose texts are read.
fn read(days: u32) -> Spec {
    let mut spec = chatbot(days);
    (spec.reviewer, spec.caps.tokens, spec.caps.real_money) = (model(), Cap::of(100_000_000), Cap::of(Cents::from_dollars(100)));
    spec
}

async fn simulated(spec: Spec, reviewer: Option<Arc<Reviewer>>, yields: [usize; 7]) -> Ran {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let engine = Engine::builder(Arc::clone(&store)).yields_before_reply(yields).build();
    let spec = engine.prepare(spec);
    let world = World::simulated(&spec, reviewer.map(|reviewer| reviewer as Arc<dyn Port<CallModel>>));
    let state = engine.launch(spec, world).await.unwrap().wait().await.unwrap();
    let ran = finished(&store, state).await;
    invariant::check(&ran.events).unwrap();
    ran
}

fn run(days: u32, script: Script) -> (Ran, Arc<Reviewer>) {
    let reviewer = Reviewer::new(42, Recovery::Repeatable, script);
    (on_one_thread(simulated(read(days), Some(Arc::clone(&reviewer)), [0; 7])), reviewer)
}

fn about(events: &[Event], proposal: ProposalId) -> Option<ActionKind> {
    events.iter().find_map(|event| match &event.payload {
        Payload::Proposed { proposal: known } if known.id == proposal => Some(known.action.kind()),
        _ => None,
    })
}

/// How many texts left.
fn left(events: &[Event]) -> usize {
    let begun = events.iter().filter_map(|event| match &event.payload {
        Payload::Intended { proposal, attempt: 1, .. } => about(events, *proposal),
        _ => None,
    });
    begun.filter(|kind| kind.sends_text()).count()
}

/// How often the reviewer was asked about each proposal.
fn calls(events: &[Event]) -> BTreeMap<ProposalId, usize> {
    let mut calls = BTreeMap::new();
    for event in events {
        if let Payload::Proposed { proposal } = &event.payload
            && let Some(subject) = proposal.reviews
        {
            *calls.entry(subject).or_default() += 1;
        }
    }
    calls
}

fn opinions(events: &[Event]) -> Vec<Opinion> {
    let of = |event: &Event| match event.payload {
        Payload::Opined { opinion, .. } => Some(opinion),
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

/// Each verdict on a text as it was, and as the other layers alone would have ruled in the same state.
fn with_and_without(ran: &Ran) -> Vec<(Verdict, Verdict)> {
    let Payload::Launched { spec, .. } = &ran.events[0].payload else { panic!("{:?}", ran.events[0]) };
    let world = World::simulated(spec, Some(Reviewer::new(42, Recovery::Repeatable, ok)));
    let oversight = Oversight::new(Charter::shipped().clone(), world.vault().clone(), world.ports());
    let mut state = State::launch(ran.state.business, &ran.events[0]).unwrap();
    let mut pairs = Vec::new();
    for event in &ran.events[1..] {
        if let Payload::Reviewed { proposal, verdict, .. } | Payload::Withdrawn { proposal, verdict } = &event.payload
            && let Some(open) = state.work.proposals.get(proposal)
            && open.proposal.action.kind().sends_text()
        {
            let mut unread = state.clone();
            unread.spec = Arc::new(Spec { reviewer: None, ..(*state.spec).clone() });
            let without = oversight.verdict(&unread, &open.proposal, event.at, open.stage.was_answered());
            pairs.push((verdict.clone(), without));
        }
        state.apply(event).unwrap();
    }
    pairs
}

#[test]
fn with_a_reviewer_that_always_says_ok_every_verdict_is_the_one_without() {
    let (ran, reviewer) = run(12, ok);
    let pairs = with_and_without(&ran);
    assert!(pairs.len() > 10 && !reviewer.asked().is_empty(), "{} texts", pairs.len());
    for (with, without) in pairs {
        assert_eq!(with, without);
    }
    assert!(left(&ran.events) > 5);
    assert!(opinions(&ran.events).iter().all(|opinion| *opinion == Opinion::Ok { confidence: 80 }));
}

#[test]
fn whatever_a_reviewer_says_no_verdict_is_milder_than_without_it() {
    for script in [mixed as Script, escalates, vetoes, talks] {
        let (ran, _) = run(12, script);
        let pairs = with_and_without(&ran);
        assert!(!pairs.is_empty());
        for (with, without) in pairs {
            assert!(with.ruling >= without.ruling, "{without} became {with}");
        }
        assert!(calls(&ran.events).values().all(|count| *count <= 1 + MAX_REPAIRS));
    }
    let said = opinions(&run(12, mixed).0.events);
    let is = |test: fn(&Opinion) -> bool| said.iter().any(test);
    assert!(is(|said| matches!(said, Opinion::Ok { .. })) && is(|said| matches!(said, Opinion::Silent { .. })), "{said:?}");
    assert!(is(|said| matches!(said, Opinion::Veto { .. })) || is(|said| matches!(said, Opinion::Escalate { .. })), "{said:?}");
}

proptest! {
    #[test]
    fn no_opinion_makes_a_verdict_milder(
        rulings in prop::collection::vec(0..3_u8, 1..6),
        says in 0..5_u8,
        index in 0..9_usize,
        confidence in 0..=100_u8,
        answered: bool,
    ) {
        let category = Category::ALL[index];
        let opinion = match says {
            0 => Some(Opinion::Ok { confidence }),
            1 => Some(Opinion::Escalate { category, confidence }),
            2 => Some(Opinion::Veto { category, confidence }),
            3 => Some(Opinion::Silent { why: Silence::Unanswered }),
            _ => None,
        };
        let ruling = |number| [Ruling::Approve, Ruling::Escalate, Ruling::Veto][usize::from(number)];
        let mut all: Vec<Finding> = rulings.iter().map(|number| Finding::new(ruling(*number), RuleId::named("a.rule"), "")).collect();
        let without = Verdict::from_findings(&all);
        all.extend(finding(opinion, answered));
        let with = Verdict::from_findings(&all);
        prop_assert!(with.ruling >= without.ruling, "{without} became {with}");
        if says == 0 {
            prop_assert_eq!(with, without);
        }
    }
}

#[test]
fn a_vetoed_text_never_leaves_and_its_rule_is_counted() {
    let (ran, reviewer) = run(6, vetoes);
    assert!(left(&ran.events) == 0 && !reviewer.asked().is_empty());
    let counted = ran.state.rulings.by_rule.get(&RuleId::named("content.reviewer.deception")).copied().unwrap_or(0);
    assert_eq!(counted, u64::try_from(opinions(&ran.events).len()).unwrap());
    // What only the reviewer's model costs is in the books of real money.
    assert_eq!(ran.state.books.real.spent().cents(), Cents::new(i64::try_from(reviewer.asked().len()).unwrap()));
}

#[test]
fn a_simulated_owner_answers_what_the_reviewer_escalates() {
    let reviewer = Reviewer::new(42, Recovery::Repeatable, escalates);
    let mut spec = read(6);
    spec.autonomy = bbb::core::spec::Autonomy::ESCALATE;
    let ran = on_one_thread(simulated(spec, Some(Arc::clone(&reviewer)), [0; 7]));
    let yes = ran.events.iter().any(|event| matches!(event.payload, Payload::Answered { approve: true, .. }));
    assert!(yes && left(&ran.events) > 0, "what got a yes left");
    assert!(calls(&ran.events).values().all(|count| *count == 1), "and was not asked about again");
}

#[test]
fn without_an_adapter_or_a_budget_each_text_asks_the_owner() {
    let unconnected = on_one_thread(simulated(read(4), None, [0; 7]));
    let poor = Spec { caps: chatbot(4).caps, ..read(4) };
    let poor = on_one_thread(simulated(poor, Some(Reviewer::new(42, Recovery::Repeatable, ok)), [0; 7]));
    for ran in [unconnected, poor] {
        let said = opinions(&ran.events);
        assert!(!said.is_empty() && said.iter().all(|opinion| *opinion == Opinion::Silent { why: Silence::Refused }), "{said:?}");
        assert_eq!(left(&ran.events), 0, "at full autonomy nobody answers");
    }
}

#[test]
fn the_same_answers_give_the_same_head_on_any_number_of_threads_and_in_any_order_of_replies() {
    let run = |threads, yields| {
        let reviewer = Reviewer::new(42, Recovery::Repeatable, mixed);
        on_threads(threads, simulated(read(10), Some(reviewer), yields)).head
    };
    let once = run(1, [0; 7]);
    for (threads, yields) in [(1, [6, 5, 4, 3, 2, 1, 0]), (2, [0; 7]), (4, [3, 0, 6, 0, 5, 1, 0])] {
        assert_eq!(run(threads, yields), once, "{threads} threads, {yields:?}");
    }
}

/// Launches or resumes the business on this disk, and runs it to its end.
async fn finish(disk: Disk) -> (Head, Vec<Event>) {
    let options = || Options { quiet_after: None, index_after_runs: 16, ..Options::default() };
    let store: Arc<dyn Store> = match RedbStore::open_with_backend(disk, options()) {
        Ok(store) => Arc::new(store),
        Err(OpenError::NotAStore { .. }) => Arc::new(RedbStore::open_with_backend(Disk::default(), options()).unwrap()),
        Err(error) => panic!("{error}"),
    };
    let engine = Engine::builder(Arc::clone(&store)).build();
    // The plan that never changes publishes every day, however near the end is.
    let spec = engine.prepare(Spec { strategy: Strategy::Fixed, ..read(3) });
    let world = |spec: &Spec| World::simulated(spec, Some(Reviewer::new(42, Recovery::Idempotent, mixed)));
    let known = store.list().await.unwrap().iter().any(|listed| listed.head != Head::EMPTY);
    let business = match known {
        true => engine.resume(spec.id(), |spec| Ok(world(spec))).await.unwrap(),
        false => engine.launch(spec.clone(), world(&spec)).await.unwrap(),
    };
    business.wait().await.unwrap();
    let (events, head) = journal(store.as_ref(), spec.id()).await;
    (head, events)
}

#[test]
fn a_run_killed_at_any_commit_and_resumed_has_the_same_opinions_and_the_same_head() {
    let disk = Disk::recording(None);
    let (nobody_killed, events) = on_one_thread(finish(disk.clone()));
    assert!(opinions(&events).len() > 3, "{:?}", opinions(&events));
    for (at, image) in disk.images().into_iter().enumerate() {
        let (resumed, events) = on_one_thread(finish(Disk::holding(image.durable.clone())));
        assert_eq!(resumed, nobody_killed, "killed at sync {at}");
        invariant::check(&events).unwrap();
    }
}

/// A live business with one lead, whose mail is read before it leaves.
struct Scene {
    store: Arc<FlakyStore>,
    outside: Arc<Outside>,
    reviewer: Arc<Reviewer>,
    engine: Engine,
    world: World,
    spec: Spec,
    clock: Clock,
    business: BusinessHandle,
}

impl Scene {
    async fn begin(script: Script) -> Scene {
        let store = Arc::new(FlakyStore::default());
        let reviewer = Reviewer::new(1, Recovery::Repeatable, script);
        let (clock, vault) = (Clock::at(START), reviewer.vault.clone());
        let outside = Outside::new(Arc::clone(&store), &[]);
        let mut ports = outside.ports(&[Recovery::AtMostOnce]);
        ports.call_model = Some(reviewer.clone());
        let world = World::live(ports, vault.clone(), clock.told());
        let engine = Engine::builder(store.clone()).build();
        let mut spec = live(false);
        (spec.reviewer, spec.caps.tokens) = (model(), Cap::of(1_000_000));
        let spec = engine.prepare(spec);
        let signal = lead(&vault, (vault.contact_id(EMAIL), EMAIL.to_owned()), "");
        let ada = Arrival { source: "outside".to_owned(), external_id: "ada".to_owned(), signal };
        let business = engine.launch_with(spec.clone(), world.clone(), vec![ada]).await.unwrap();
        Scene { store, outside, reviewer, engine, world, spec, clock, business }
    }

    async fn restart(&mut self) {
        self.business.passivate().await;
        let world = self.world.clone();
        self.business = self.engine.resume(self.spec.id(), |_| Ok(world)).await.unwrap();
    }

    async fn events(&self) -> Vec<Event> {
        let events = self.store.events(self.spec.id()).await;
        invariant::check(&events).unwrap_or_else(|broken| panic!("{broken}"));
        assert_eq!(self.outside.broken(), Vec::<String>::new());
        events
    }

    /// Lets hours pass until the first mail has its verdict; returns it with the mail.
    async fn judged(&self) -> (ProposalId, Verdict) {
        for _ in 0..72 {
            come_to_rest(&self.business).await;
            let events = self.events().await;
            let found = events.iter().find_map(|event| match &event.payload {
                Payload::Reviewed { proposal, verdict, .. } if about(&events, *proposal) == Some(ActionKind::SendEmail) => {
                    Some((*proposal, verdict.clone()))
                }
                _ => None,
            });
            if let Some(found) = found {
                return found;
            }
            self.clock.pass(HOUR_MS);
        }
        panic!("no mail is judged in three days");
    }

    fn mails(&self) -> usize {
        self.outside.begun().iter().filter(|kind| **kind == ActionKind::SendEmail).count()
    }
}

#[test]
fn an_owners_yes_to_this_very_content_settles_an_escalation_without_another_question() {
    on_one_thread(async {
        let mut scene = Scene::begin(escalates).await;
        let (mail, verdict) = scene.judged().await;
        assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (Ruling::Escalate, "content.reviewer.pressure"));
        assert_eq!(scene.mails(), 0);
        scene.restart().await;
        come_to_rest(&scene.business).await;
        scene.business.approve(mail).await.unwrap();
        come_to_rest(&scene.business).await;
        assert_eq!((scene.mails(), calls(&scene.events().await)[&mail]), (1, 1));
        let ada = scene.reviewer.vault.contact_id(EMAIL);
        assert_eq!(scene.reviewer.asked().iter().filter(|(contact, _)| *contact == ada).count(), 1, "sealed for the contact");
    });
}

#[test]
fn a_veto_binds_the_owner_too() {
    on_one_thread(async {
        let scene = Scene::begin(vetoes).await;
        let (mail, verdict) = scene.judged().await;
        assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (Ruling::Veto, "content.reviewer.deception"));
        assert!(scene.business.approve(mail).await.is_err());
        for _ in 0..3 {
            scene.clock.pass(DAY_MS);
            come_to_rest(&scene.business).await;
        }
        assert_eq!(scene.mails(), 0);
        // The same mail, proposed again, is vetoed by the opinion that is there.
        let events = scene.events().await;
        let questions = scene.reviewer.asked().iter().filter(|(contact, _)| *contact != owner_contact()).count();
        let contents: BTreeSet<String> = events
            .iter()
            .filter_map(|event| match event.payload {
                Payload::Opined { proposal, digest, .. } if about(&events, proposal) == Some(ActionKind::SendEmail) => {
                    Some(digest.to_string())
                }
                _ => None,
            })
            .collect();
        assert_eq!(questions, contents.len());
    });
}

#[test]
fn a_reviewer_that_does_not_answer_asks_the_owner() {
    let cases: [(Script, Silence, usize); 4] = [
        (talks, Silence::NotUnderstood, 1 + MAX_REPAIRS),
        (|_| Err(Failure::Permanent("no".to_owned())), Silence::Unanswered, 1),
        (|_| Err(Failure::Temporary("busy".to_owned())), Silence::Unanswered, 1),
        (|_| Err(Failure::Unknown("no answer in time".to_owned())), Silence::Unanswered, 1),
    ];
    for (script, why, count) in cases {
        on_one_thread(async {
            let scene = Scene::begin(script).await;
            let (mail, verdict) = scene.judged().await;
            assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (Ruling::Escalate, "content.reviewer-silent"), "{why:?}");
            let events = scene.events().await;
            let opinion = events.iter().find_map(|event| match event.payload {
                Payload::Opined { proposal, opinion, .. } if proposal == mail => Some(opinion),
                _ => None,
            });
            assert_eq!((opinion, calls(&events)[&mail], scene.mails()), (Some(Opinion::Silent { why }), count, 0));
            let attempts = events.iter().filter_map(|event| match event.payload {
                Payload::Intended { attempt, .. } => Some(attempt),
                _ => None,
            });
            assert!(attempts.max().unwrap_or(0) <= MAX_EFFECT_ATTEMPTS);
            let text: String = events.iter().map(|event| serde_json::to_string(&event.payload).unwrap()).collect();
            assert!(!text.contains("Lovelace"), "what it said stays sealed");
            scene.business.approve(mail).await.unwrap();
            come_to_rest(&scene.business).await;
            assert_eq!(scene.mails(), 1);
        });
    }
}

#[test]
fn a_live_business_restarted_at_any_moment_sends_a_read_mail_once() {
    for turns in 0..60 {
        on_one_thread(async {
            let mut scene = Scene::begin(ok).await;
            for _ in 0..20 {
                let _ = scene.business.receive(Vec::new()).await;
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                scene.restart().await;
                scene.clock.pass(HOUR_MS);
            }
            scene.judged().await;
            for _ in 0..3 {
                come_to_rest(&scene.business).await;
                scene.clock.pass(HOUR_MS);
            }
            let events = scene.events().await;
            let state = State::replay(scene.spec.id(), &events).unwrap().unwrap();
            let doubted = state.work.proposals.values().any(|open| matches!(open.stage, Stage::InDoubt { .. }));
            assert!(scene.mails() == 1 || doubted, "{turns} turns: {} mails", scene.mails());
        });
    }
}

#[test]
fn each_text_stands_in_one_block_of_its_question_and_the_instructions_hold_none_of_it() {
    let (_, reviewer) = run(4, ok);
    for (_, parts) in reviewer.asked() {
        assert!(parts.len() == 2 && !parts[0].text.contains("AI Chatbot"), "{}", parts[0].text);
        assert_eq!(parts[1].text.matches("</untrusted>").count(), 1);
    }
}
