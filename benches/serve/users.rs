//! Users, each with an account, a tenant and a business of their own.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::setting;
use crate::wrk::Load;

const PASSWORD: &str = "correct-horse-battery-8";
pub(crate) const TEMPLATE: &str = "AI Chatbot Integration Service";

/// Somebody who is signed in, and their business.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) token: String,
    pub(crate) business: String,
}

/// What a request that must succeed answers.
pub(crate) async fn ok(request: RequestBuilder) -> Result<Value> {
    let answer = request.send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "{status}: {text}");
    if text.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
}

fn word(told: &Value, name: &str) -> Result<String> {
    Ok(told[name].as_str().with_context(|| format!("{told} has {name}"))?.to_owned())
}

async fn enter(daemon: &Daemon, number: u32, token: Option<String>) -> Result<User> {
    let email = format!("user{number}@example.org");
    let register = json!({ "email": email, "name": format!("User {number}"), "password": PASSWORD, "token": token });
    ok(daemon.client.post(daemon.url("/api/auth/register")).json(&register)).await?;
    let sign_in = json!({ "email": email, "password": PASSWORD });
    let token = word(&ok(daemon.client.post(daemon.url("/api/auth/login")).json(&sign_in)).await?, "access_token")?;
    let launch = json!({ "blueprint": TEMPLATE, "pace": "realtime" });
    let launched = ok(daemon.client.post(daemon.url("/api/businesses/launch")).bearer_auth(&token).json(&launch)).await?;
    Ok(User { token, business: word(&launched, "id")? })
}

/// Registers users, signs them in, and launches a business for each.
pub(crate) async fn register(daemon: &Daemon, count: u32) -> Result<Vec<User>> {
    let first = enter(daemon, 0, Some(daemon.first_admin_token().await?)).await?;
    let others = stream::iter(1..count).map(|number| enter(daemon, number, None)).buffered(4).try_collect::<Vec<_>>().await?;
    let users: Vec<User> = std::iter::once(first).chain(others).collect();
    println!("{} users, each with a business: the daemon has {:.0} MiB resident", users.len(), daemon.resident_mib());
    Ok(users)
}

/// The file of users for the script.
pub(crate) fn list(daemon: &Daemon, users: &[User]) -> Result<PathBuf> {
    let path = daemon.path().join("users");
    let mut file = std::fs::File::create(&path)?;
    users.iter().try_for_each(|user| writeln!(file, "{} {}", user.token, user.business))?;
    Ok(path)
}

/// Everybody goes on for a while.
pub(crate) fn measure(daemon: &Daemon, users: &[User]) -> Result<()> {
    let (path, url) = (list(daemon, users)?, daemon.url("/"));
    let connections = u32::try_from(users.len())?;
    let seconds = setting("BBB_LOAD_SECONDS", 20)?.max(10) * 3;
    let counted = Load { connections, seconds, script: "mix.lua", url: &url, args: &[&path.display().to_string()] }.run()?;
    println!("{connections} users for {seconds} s, three reads of metrics to one launch: {counted}");
    Ok(())
}
