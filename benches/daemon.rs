//! What a daemon with very many businesses needs: 100,000 at rest (`BBB_BUSINESSES`), how long it takes until the daemon answers, and until one that rests has been told something; 10,000 awake
//! (`BBB_AWAKE`), and how much memory it has then. Each part runs in a process of its own.
//!
//! Run with `cargo bench --bench daemon`. Directories are made under `TMPDIR`.

use std::path::{Path, PathBuf};
use std::process::Command as Process;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bbb::agents::handle::Command;
use bbb::agents::world::Pace;
use bbb::core::id::BusinessId;
use bbb::core::journal::store::Store;
use bbb::core::spec::Autonomy;
use bbb::prelude::*;
use bbb_host::accounts::{Accounts, BusinessRow, Owner};
use bbb_host::config::{Config, Registration};
use bbb_host::data_dir::DataDir;
use bbb_host::serve::{Daemon, wall_clock};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

/// How many are made at a time: the store writes them together.
const AT_A_TIME: usize = 512;
/// How many are woken.
const WAKES: usize = 2_000;

fn from_env(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|count| count.parse().ok()).unwrap_or(default)
}

fn main() {
    let told: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    match told.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", place, count, kind] => runtime.block_on(make(Path::new(place), count.parse().expect("a number"), kind == "rest")),
        ["rest", place] => runtime.block_on(bring_to_rest(Path::new(place))),
        ["start", place] => runtime.block_on(start(Path::new(place))),
        ["awake", place, count] => runtime.block_on(awake(Path::new(place), count.parse().expect("a number"))),
        _ => all(),
    }
}

fn all() {
    let (resting, awake) = (from_env("BBB_BUSINESSES", 100_000).to_string(), from_env("BBB_AWAKE", 10_000).to_string());
    let place = tempfile::tempdir().expect("a place");
    let part = |name: &str, args: &[&str]| {
        let directory = place.path().join(name);
        let mut process = Process::new(std::env::current_exe().expect("this very file"));
        let ended = process.arg(args[0]).arg(directory).args(&args[1..]).status().expect("it runs");
        assert!(ended.success(), "{args:?}");
    };
    part("awake", &["make", &awake, "awake"]);
    part("awake", &["awake", &awake]);
    part("rest", &["make", &resting, "rest"]);
    part("rest", &["rest"]);
    part("rest", &["start"]);
}

fn config(place: &Path) -> Config {
    let mut config = Config::default();
    config.server.listen = "127.0.0.1:0".to_owned();
    config.server.master_key_file = place.with_extension("key").display().to_string();
    config.server.live_businesses = 100_000;
    config.server.businesses_per_tenant = 100_000;
    config.server.starts_at_a_time = 256;
    config
}

async fn daemon(place: &Path, config: Config) -> Daemon {
    let data = DataDir::create(place).expect("a directory");
    let store = tokio::task::spawn_blocking(move || (data.try_open_store().expect("a store").expect("nobody else has it"), data));
    let (store, data) = store.await.expect("it opens");
    Daemon::start(data, store, config, wall_clock()).await.expect("it starts")
}

/// Launches businesses whose days take days; those that are to rest are paused.
async fn make(place: &Path, count: u64, paused: bool) {
    // Whose they are.
    let first = daemon(place, config(place)).await;
    let token = first.accounts().first_admin_token().await.expect("accounts").expect("nobody is here").reveal();
    let client = reqwest::Client::new();
    let post = async |path: &str, body: Value| {
        let answer = client.post(format!("{}{path}", first.base())).json(&body).send().await.expect("an answer");
        answer.error_for_status().expect("a success").json::<Value>().await.expect("JSON")
    };
    let password = "correct horse battery staple 7";
    post("/api/auth/register", json!({ "token": token, "email": "a@example.org", "name": "Ada", "password": password })).await;
    let signed_in = post("/api/auth/login", json!({ "email": "a@example.org", "password": password })).await;
    let me = client.get(format!("{}/api/me", first.base())).bearer_auth(signed_in["access_token"].as_str().expect("a token"));
    let me: Value = me.send().await.expect("an answer").json().await.expect("JSON");
    let tenant = me["tenant"].as_str().expect("a tenant").parse().expect("a tenant");
    first.shut_down().await;

    let clock = Instant::now();
    let data = DataDir::create(place).expect("a directory");
    let store: Arc<dyn Store> = Arc::new(data.try_open_store().expect("a store").expect("nobody else has it"));
    let engine = Engine::builder(Arc::clone(&store)).build();
    let (origin, blueprint) = blueprint::resolve("AI Chatbot Integration Service").expect("a template");
    let made = stream::iter(0..count).map(|seed| {
        let spec = engine.prepare(Spec::simulated(origin.clone(), blueprint.clone(), Seed::new(seed), 90));
        let engine = &engine;
        async move {
            let world = World::simulated(&spec, None).paced(Pace::Realtime);
            let handle = engine.launch(spec, world).await.expect("a new business");
            if paused {
                handle.command(Command::Pause("to rest".to_owned())).await.expect("it is told");
            } else {
                handle.drain(Duration::from_secs(60)).await.expect("nothing is under way for long");
            }
            handle.passivate().await;
            handle.id()
        }
    });
    let ids: Vec<BusinessId> = made.buffer_unordered(AT_A_TIME).collect().await;
    drop((engine, store));
    if !paused {
        let key = PathBuf::from(config(place).server.master_key_file);
        let accounts = Accounts::open(&data, Registration::Invitation, key, wall_clock()).expect("accounts");
        for id in ids {
            let row = BusinessRow { tenant, by: None, at: accounts.now(), pace: Pace::Realtime, owner: Owner::Simulated };
            accounts.claim(id, row, usize::MAX, std::collections::BTreeSet::new()).await.expect("a row");
        }
    }
    println!("{count} businesses were made in {:.1?}", clock.elapsed());
}

/// The first start after they were made: all are woken and brought to rest.
async fn bring_to_rest(place: &Path) {
    let clock = Instant::now();
    let mut config = config(place);
    config.server.rest_after_s = 0;
    let daemon = daemon(place, config).await;
    let mut quiet = 0;
    while quiet < 10 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        quiet = if daemon.service().handles().is_empty() { quiet + 1 } else { 0 };
    }
    daemon.shut_down().await;
    println!("woken and brought to rest once in {:.1?}", clock.elapsed());
}

async fn start(place: &Path) {
    let clock = Instant::now();
    let daemon = daemon(place, config(place)).await;
    let client = reqwest::Client::new();
    let ready = client.get(format!("{}/ready", daemon.base())).send().await.expect("an answer");
    assert!(ready.status().is_success(), "{ready:?}");
    let took = clock.elapsed();
    let ids: Vec<_> = daemon.service().store().list().await.expect("a list").into_iter().map(|listed| listed.business).collect();
    println!("{} at rest: the daemon answers after {took:.2?}", ids.len());
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(daemon.service().handles().len(), 0, "all of them rest");
    let before = cpu();
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!("at rest: {:.0} MiB resident, {:.1} % of one processor", resident_mib(), (cpu() - before).as_secs_f64() * 10.0);
    let mut waits = Vec::new();
    // Spread over all of them: their ids are digests.
    for id in ids.iter().step_by((ids.len() / WAKES).max(1)) {
        let clock = Instant::now();
        daemon.service().command(*id, Command::SetAutonomy(None, Some(Autonomy::ASK))).await.expect("it is told");
        waits.push(clock.elapsed());
    }
    assert_eq!(daemon.service().handles().len(), waits.len(), "all of these are awake");
    waits.sort_unstable();
    let at = |percent: usize| waits[(waits.len() * percent / 100).min(waits.len() - 1)];
    println!("{} woken and told something, on disk: median {:.2?}, p99 {:.2?}, most {:.2?}", waits.len(), at(50), at(99), at(100));
    daemon.shut_down().await;
}

async fn awake(place: &Path, count: usize) {
    let mut config = config(place);
    config.server.rest_after_s = 24 * 60 * 60;
    let before = resident_mib();
    let clock = Instant::now();
    let daemon = daemon(place, config).await;
    while daemon.service().handles().len() < count {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let took = clock.elapsed();
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!("{count} awake after {took:.1?}: {:.0} MiB resident, {before:.0} MiB before", resident_mib());
    daemon.shut_down().await;
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or("VmRSS: 0 kB");
    let kib: f64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0.0);
    kib / 1024.0
}

/// What this process has used of processors.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<i64> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().filter_map(|field| field.parse().ok()).collect();
    // After the state, which is no number, `utime` and `stime` are the 11th and 12th, in hundredths of a second.
    let ticks = fields.get(10).copied().unwrap_or(0) + fields.get(11).copied().unwrap_or(0);
    Duration::from_millis(ticks.unsigned_abs() * 10)
}
