//! SIGKILL under load: what was acknowledged is there afterwards.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Result, ensure};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::daemon::Daemon;
use crate::setting;
use crate::users::{TEMPLATE, User, list};
use crate::wrk::{Load, counted};

/// Requests of ours that are under way when it is killed.
const AT_A_TIME: usize = 8;

/// What was acknowledged.
#[derive(Debug)]
enum Told {
    Launched(String),
    Paused(String),
    Resumed(String),
    /// Not acknowledged: it may have been paused or resumed all the same.
    Unsure(String),
    Nothing,
}

/// All of it, each with the place of its user.
#[derive(Debug, Default)]
struct Acknowledged {
    launched: Vec<(usize, String)>,
    /// Whether a business is paused.
    standing: BTreeMap<String, (usize, bool)>,
}

impl Acknowledged {
    fn note(&mut self, place: usize, told: Told) {
        match told {
            Told::Launched(id) => self.launched.push((place, id)),
            Told::Paused(id) => drop(self.standing.insert(id, (place, true))),
            Told::Resumed(id) => drop(self.standing.insert(id, (place, false))),
            Told::Unsure(id) => drop(self.standing.remove(&id)),
            Told::Nothing => {}
        }
    }
}

async fn ask(daemon: &Daemon, user: &User, number: usize) -> Told {
    let id = user.business.clone();
    let post = |path: String| daemon.client.post(daemon.url(&path)).bearer_auth(&user.token);
    let request = match number % 3 {
        0 => post("/api/businesses/launch".to_owned()).json(&json!({ "blueprint": TEMPLATE, "pace": "realtime" })),
        1 => post(format!("/api/businesses/{id}/pause")).json(&json!({ "reason": format!("number {number}") })),
        _ => post(format!("/api/businesses/{id}/resume")),
    };
    let unsure = |id: String| if number.is_multiple_of(3) { Told::Nothing } else { Told::Unsure(id) };
    let Ok(answer) = request.send().await else { return unsure(id) };
    match (answer.status(), number % 3) {
        (StatusCode::CREATED, 0) => match answer.json::<Value>().await {
            Ok(told) => told["id"].as_str().map_or(Told::Nothing, |id| Told::Launched(id.to_owned())),
            Err(_) => Told::Nothing,
        },
        (status, 1) if status.is_success() => Told::Paused(id),
        (status, 2) if status.is_success() => Told::Resumed(id),
        _ => unsure(id),
    }
}

pub(crate) async fn measure(daemon: &mut Daemon, users: &[User]) -> Result<()> {
    let kills = usize::try_from(setting("BBB_LOAD_KILLS", 50)?)?;
    let (path, url) = (list(daemon, users)?, daemon.url("/"));
    let connections = u32::try_from(users.len())?;
    // Longer than it takes; it is ended below.
    let mut load = Load { connections, seconds: 3_600, script: "mix.lua", url: &url, args: &[&path.display().to_string()] }.start()?;
    let mut acknowledged = Acknowledged::default();
    let (mut number, mut worst) = (0, std::time::Duration::ZERO);
    for round in 0..kills {
        let mut answers = 0;
        {
            let mut under_way = FuturesUnordered::new();
            let shared = &*daemon;
            let next = |number: usize| async move {
                let place = number % users.len();
                (place, ask(shared, &users[place], number).await)
            };
            for _ in 0..AT_A_TIME {
                under_way.push(next(number));
                number += 1;
            }
            // It is killed with requests under way, after a number of answers that differs from round to round.
            while answers <= 16 + round * 7 % 48 {
                let Some((place, told)) = under_way.next().await else { break };
                acknowledged.note(place, told);
                answers += 1;
                under_way.push(next(number));
                number += 1;
            }
            // Those under way may or may not be acknowledged: their answers are read after the kill.
            let kill = std::process::Command::new("kill").args(["-KILL", &shared.id().to_string()]).status()?;
            ensure!(kill.success(), "it is not killed");
            while let Some((place, told)) = under_way.next().await {
                acknowledged.note(place, told);
            }
        }
        let began = Instant::now();
        daemon.kill().await?;
        worst = worst.max(began.elapsed());
    }
    load.kill()?;
    // It was killed, and counted nothing.
    drop(counted(load));
    let mut lost = 0;
    for (place, id) in &acknowledged.launched {
        let answer = daemon.client.get(daemon.url(&format!("/api/businesses/{id}"))).bearer_auth(&users[*place].token).send().await?;
        lost += usize::from(answer.status() != StatusCode::OK);
    }
    for (id, (place, paused)) in &acknowledged.standing {
        let answer = daemon.client.get(daemon.url(&format!("/api/businesses/{id}"))).bearer_auth(&users[*place].token).send().await?;
        let told: Value = answer.json().await?;
        lost += usize::from((told["status"] == "paused") != *paused);
    }
    println!(
        "{kills} kills under the load of {connections} users: {} launches and the standing of {} businesses were acknowledged, {lost} lost; it answered again after {worst:.1?} at the latest",
        acknowledged.launched.len(),
        acknowledged.standing.len(),
    );
    ensure!(lost == 0, "something acknowledged was lost");
    Ok(())
}
