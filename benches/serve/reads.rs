//! Authenticated reads beside a bare handler.

use std::net::TcpListener;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::bare::Bare;
use crate::daemon::Daemon;
use crate::setting;
use crate::users::{User, ok};
use crate::wrk::Load;

const CONNECTIONS: u32 = 64;
/// How often each of them is asked, in turn.
const ROUNDS: usize = 3;

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

pub(crate) async fn measure(daemon: &Daemon, users: &[User]) -> Result<()> {
    let user = users.first().context("a user")?;
    let paths =
        [("metrics", format!("/api/businesses/{}/metrics", user.business)), ("business", format!("/api/businesses/{}", user.business))];
    let seconds = setting("BBB_LOAD_SECONDS", 20)?;
    for (name, path) in paths {
        let answer = ok(daemon.client.get(daemon.url(&path)).bearer_auth(&user.token)).await?.to_string();
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let _bare = Bare::start(&daemon.path(), &answer, port)?;
        let (bare_url, url) = (format!("http://127.0.0.1:{port}/row"), daemon.url(&path));
        while daemon.client.get(&bare_url).send().await.is_err() {
            tokio::task::yield_now().await;
        }
        let ask = |url: &str, seconds: u32| Load { connections: CONNECTIONS, seconds, script: "read.lua", url, args: &[&user.token] }.run();
        ask(&bare_url, 1)?;
        ask(&url, 1)?;
        let (mut bares, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bares.push(ask(&bare_url, seconds)?);
            ours.push(ask(&url, seconds)?);
        }
        let rate = |counted: &[Value]| median(counted.iter().filter_map(|one| one["per_second"].as_f64()).collect());
        let refused: u64 = ours.iter().filter_map(|one| Some(one["refused"].as_u64()? + one["broken"].as_u64()?)).sum();
        let (bare, ours) = (rate(&bares), rate(&ours));
        println!(
            "reads of {name} ({} bytes, {CONNECTIONS} connections): {ours:.0} a second, {refused} failed; a bare handler: {bare:.0}; ratio {:.2}",
            answer.len(),
            ours / bare
        );
    }
    Ok(())
}
