//! A business that thinks with a language model over many days, against a server that goes wrong in every way: what it asks stays as long as it was, the tokens of a
//! day stay under their cap, whatever the model says is recovered from, and the business keeps working.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bbb::core::budget::Cap;
use bbb::core::decide::llm::LlmMind;
use bbb::core::event::{Event, Payload};
use bbb::core::id::BusinessId;
use bbb::core::invariant;
use bbb::core::journal::store::Store;
use bbb::core::projection::models::{Models, models};
use bbb::core::seal::{DerivedKeys, Vault};
use bbb::core::spec::MindKind;
use bbb::core::state::State;
use bbb::host::config::Config;
use bbb::prelude::*;
use bbb_integrations::llm::openai::{OpenAiConfig, OpenAiModel};
use bbb_integrations::secret::Secret;

use crate::run::{Ran, finished, on_one_thread, run, spec};
use crate::support::model::{Asked, Fault, ModelServer};

const TEMPLATE: &str = "Technical Interview Prep Platform";
/// Thirty days are called a month here.
const MONTH_DAYS: u32 = 30;

/// A run with a model.
struct Thought {
    ran: Ran,
    asked: Vec<Asked>,
    models: Models,
    /// The tokens that were used and held, at most, in each day.
    tokens_by_day: Vec<u64>,
    cap: u64,
}

/// Runs a business whose roles all think with the model of a server that goes wrong this often, with the caps of the default configuration, or another one a day.
fn think(days: u32, faults_percent: u64, tokens_a_day: Option<u64>) -> Thought {
    let server = ModelServer::start(faults_percent);
    let mut spec = spec(TEMPLATE, 42, days);
    let caps = Config::default().caps(None);
    // Each call costs a cent at least, since money has whole cents; a year is more than the default allows.
    (spec.mind, spec.caps.tokens, spec.caps.real_money) = (MindKind::Llm, caps.tokens, Cap::of(Cents::from_dollars(200)));
    if let Some(cap) = tokens_a_day {
        spec.caps.tokens = Cap { action: cap, day: cap, ..caps.tokens };
    }
    let cap = spec.caps.tokens.day;
    let ran = on_one_thread(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let engine = Engine::builder(Arc::clone(&store)).minds(Minds::all(Arc::new(LlmMind))).build();
        let spec = engine.prepare(spec);
        let config = OpenAiConfig {
            base_url: format!("http://127.0.0.1:{}/v1", server.port),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            ..OpenAiConfig::new(Secret::default(), spec.model.model.clone(), spec.model.price_per_million_tokens)
        };
        let vault = Vault::new(Arc::new(DerivedKeys::new(spec.seed)));
        let model: Arc<dyn Port<bbb::core::action::CallModel>> = Arc::new(OpenAiModel::new(config, vault).unwrap());
        let state = engine.launch(spec.clone(), World::simulated(&spec, Some(model))).await.unwrap().wait().await.unwrap();
        finished(&store, state).await
    });
    invariant::check(&ran.events).unwrap();
    let tokens_by_day = tokens_by_day(&ran.events);
    Thought { asked: server.asked(), models: models(&ran.events).unwrap(), tokens_by_day, ran, cap }
}

fn tokens_by_day(events: &[Event]) -> Vec<u64> {
    let mut state = State::launch(BusinessId::from_bytes([0; 8]), &events[0]).unwrap();
    let mut days = vec![0];
    for event in &events[1..] {
        state.apply(event).unwrap();
        if matches!(event.payload, Payload::DayClosed { .. }) {
            days.push(0);
        }
        let today = days.last_mut().unwrap();
        *today = state.books.tokens.today.max(*today);
    }
    days
}

impl Thought {
    fn month(&self, month: u32) -> Vec<&Asked> {
        self.asked.iter().filter(|asked| asked.day / MONTH_DAYS == month).collect()
    }

    fn faults(&self) -> BTreeMap<Fault, usize> {
        let mut faults = BTreeMap::new();
        self.asked.iter().filter_map(|asked| asked.fault).for_each(|fault| *faults.entry(fault).or_default() += 1);
        faults
    }

    /// Attempts that the playbook decided, by why.
    fn alone(&self) -> BTreeMap<String, usize> {
        let mut alone = BTreeMap::new();
        for event in &self.ran.events {
            if let Payload::Unadvised { reason, .. } = &event.payload {
                *alone.entry(reason.split(':').next().unwrap().to_owned()).or_default() += 1;
            }
        }
        alone
    }

    /// What must hold of any such run.
    fn is_coherent(&self, playbook: &Ran) {
        let longest = |asked: &[&Asked]| asked.iter().map(|asked| asked.bytes).max().unwrap_or(0);
        let all: Vec<&Asked> = self.asked.iter().collect();
        assert!(longest(&all) <= MAX_PROMPT_BYTES, "a prompt of {} bytes", longest(&all));
        assert!(all.iter().all(|asked| asked.messages <= 4), "a chat grew");
        assert!(self.tokens_by_day.iter().all(|tokens| *tokens <= self.cap), "{:?}", self.tokens_by_day);
        assert!(self.ran.state.status == bbb::core::state::Status::Completed);
        let of_playbook = |figure: fn(&State) -> f64| figure(&self.ran.state) / figure(&playbook.state);
        let customers = of_playbook(|state| f64::from(state.trade.customers));
        let revenue = of_playbook(|state| state.books.of_world().revenue.get() as f64);
        assert!(customers > 0.6 && revenue > 0.6, "{customers} of the customers, {revenue} of the revenue");
        let tasks = self.ran.state.task_totals();
        assert!(tasks.completed > 4 * (tasks.failed + tasks.vetoed), "{tasks:?}");
    }

    fn tell(&self, playbook: &Ran) {
        println!("days {}, calls {}, cap a day {}", self.ran.state.day, self.models.calls, self.cap);
        println!("faults {:?}", self.faults());
        println!("{:?}, alone {:?}", self.models, self.alone());
        println!("month | calls | longest prompt | mean prompt | most tokens a day | mean tokens a day");
        for month in 0..self.ran.state.day.div_ceil(MONTH_DAYS) {
            let asked = self.month(month);
            let (longest, sum) =
                (asked.iter().map(|asked| asked.bytes).max().unwrap_or(0), asked.iter().map(|asked| asked.bytes).sum::<usize>());
            let days: Vec<u64> = self.tokens_by_day.iter().copied().skip((month * MONTH_DAYS) as usize).take(MONTH_DAYS as usize).collect();
            let (most, mean) = (days.iter().max().unwrap(), days.iter().sum::<u64>() / days.len() as u64);
            println!("{} | {} | {longest} | {} | {most} | {mean}", month + 1, asked.len(), sum / asked.len().max(1));
        }
        let mut failures: BTreeMap<String, usize> = BTreeMap::new();
        for event in &self.ran.events {
            match &event.payload {
                Payload::AttemptFailed { reason, .. } | Payload::TaskFailed { reason, .. } => {
                    *failures.entry(reason.clone()).or_default() += 1
                }
                _ => {}
            }
        }
        println!("failures {failures:?}, vetoes {:?}", self.ran.state.rulings.by_rule);
        for (name, ran) in [("model", &self.ran), ("playbook", playbook)] {
            let (state, tasks) = (&ran.state, ran.state.task_totals());
            let book = state.books.of_world();
            println!(
                "{name}: customers {}, revenue {}, spent {}, profit {}, satisfaction {:?}, tasks {} of {}, vetoed {}, tokens {}, real money {}",
                state.trade.customers,
                book.revenue,
                book.spent,
                book.revenue.minus(book.spent),
                state.trade.ratings.satisfaction(),
                tasks.completed,
                tasks.completed + tasks.failed + tasks.vetoed,
                state.rulings.vetoed,
                state.books.tokens.spent,
                state.books.real.spent().cents(),
            );
        }
    }
}

/// No question of this business is longer, on whatever day; three times as much is what the engine allows at most.
const MAX_PROMPT_BYTES: usize = 12 * 1024;

fn by_playbook(days: u32) -> Ran {
    on_one_thread(run(spec(TEMPLATE, 42, days), |engine| engine))
}

#[test]
fn a_model_that_goes_wrong_now_and_then_leaves_a_business_that_works() {
    let (thought, playbook) = (think(30, 100, None), by_playbook(30));
    thought.tell(&playbook);
    thought.is_coherent(&playbook);
    assert!(thought.faults().len() == 8 && thought.models.repairs > 10, "{:?}", thought.models);
}

/// Takes a minute or two; the figures are in docs/design/minds.md. Run with:
/// `cargo test --release --test it a_year_with_a_model -- --ignored --nocapture`
#[test]
#[ignore = "long; docs/design/minds.md has its figures"]
fn a_year_with_a_model_stays_within_its_bounds_from_the_first_month_to_the_last() {
    let (thought, playbook) = (think(365, 100, None), by_playbook(365));
    thought.tell(&playbook);
    thought.is_coherent(&playbook);
    let longest = |months: std::ops::Range<u32>| months.flat_map(|month| thought.month(month)).map(|asked| asked.bytes).max().unwrap_or(0);
    assert!(longest(9..13) <= longest(0..6) + 1_024, "the prompts of the last months are longer: {} and {}", longest(0..6), longest(9..13));
}

#[test]
fn with_hardly_any_tokens_a_day_the_playbook_does_the_rest() {
    let (thought, playbook) = (think(20, 0, Some(12_000)), by_playbook(20));
    thought.tell(&playbook);
    thought.is_coherent(&playbook);
    assert!(thought.alone().keys().any(|why| why.contains("more tokens than are left")), "{:?}", thought.alone());
    assert!(thought.models.calls > 20, "it asks while it can, each day anew");
    // With the same answers it is the same run.
    assert_eq!(think(20, 0, Some(12_000)).ran.head, thought.ran.head);
}

#[test]
fn a_model_that_never_makes_sense_is_as_good_as_none() {
    let (thought, playbook) = (think(20, 526, None), by_playbook(20));
    thought.tell(&playbook);
    thought.is_coherent(&playbook);
    assert!(thought.models.warnings.iter().any(|warning| warning.contains("were decided by the playbook")), "{:?}", thought.models);
}
