//! The daemon under load, on this machine: the real `bbb serve` over loopback, driven by [wrk](https://github.com/wg/wrk).
//!
//! - `reads`: how many authenticated reads a second it answers, beside a bare axum handler that makes one read of a redb table, in the same run, in turn.
//! - `users`: 1,000 connected users, three reads of metrics to one launch at the pace of the wall, 1 to 5 seconds apart: how long they wait.
//! - `listeners`: 5,000 WebSocket readers: how long until the last of them has an event.
//! - `kills`: 50 times SIGKILL while all those users go on: whether everything that was acknowledged is there.
//!
//! Run with `cargo bench --bench serve`, or with the names of some of them behind `--`. It needs `wrk` (`apt-get install wrk`) and room for so many open files
//! (`ulimit -n 20000`). `BBB_LOAD_SECONDS`, `BBB_LOAD_USERS`, `BBB_LOAD_LISTENERS` and `BBB_LOAD_KILLS` make it smaller.

mod bare;
mod daemon;
mod kills;
mod listeners;
mod reads;
mod users;
mod wrk;

use anyhow::{Context, Result, bail};

use crate::daemon::Daemon;

/// A number from the environment.
fn setting(name: &str, default: u32) -> Result<u32> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} is {text}: it is a number")),
        Err(_) => Ok(default),
    }
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let Some(("bare", rest)) = words.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return runtime.block_on(bare::serve(rest));
    }
    let all = ["reads", "users", "listeners", "kills"];
    if let Some(word) = words.iter().find(|word| !all.contains(&word.as_str())) {
        bail!("there is no load {word}: {}", all.join(", "));
    }
    wrk::check()?;
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|word| word == name);
    runtime.block_on(async {
        let mut daemon = Daemon::start().await?;
        let users = users::register(&daemon, setting("BBB_LOAD_USERS", 1_000)?).await?;
        if is_wanted("reads") {
            reads::measure(&daemon, &users).await?;
        }
        if is_wanted("users") {
            users::measure(&daemon, &users)?;
        }
        if is_wanted("listeners") {
            listeners::measure(&daemon, &users).await?;
        }
        if is_wanted("kills") {
            kills::measure(&mut daemon, &users).await?;
        }
        println!("daemon: {:.0} MiB resident at the end", daemon.resident_mib());
        Ok(())
    })
}
