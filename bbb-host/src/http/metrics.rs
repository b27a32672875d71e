//! Metrics as Prometheus reads them (text format 0.0.4): requests since the start of the process, and what all journals here come to.
//!
//! Written here rather than by an exporter crate: those keep one registry for the whole process, while several daemons may run in one, and what is told of businesses is
//! not counted as it happens but read from their states, so that it is the same after a restart. What is left is a format of three kinds of lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bbb_agents::handle::BusinessHandle;
use bbb_core::id::BusinessId;
use bbb_core::money::Cents;
use bbb_core::role::Role;
use bbb_core::spec::WorldKind;
use bbb_core::state::{State, Status};
use http::Method;

use crate::accounts::Tally;
use crate::fault::Fault;
use crate::service::Service;

/// The media type of the text.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The upper ends of the buckets of durations, in seconds: up to the longest that a request may take by default.
const BUCKETS_S: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const OUTCOMES: [&str; 3] = ["completed", "failed", "vetoed"];
const WORLDS: [WorldKind; 3] = [WorldKind::Simulated, WorldKind::Shadow, WorldKind::Live];

/// How long requests took.
#[derive(Debug, Default, Clone)]
struct Durations {
    /// How many ended within each bucket and not within the one before; the last are those beyond all.
    within: [u64; BUCKETS_S.len() + 1],
    sum_s: f64,
}

/// What a business came to.
#[derive(Debug, Clone)]
struct Outcome {
    world: WorldKind,
    active: bool,
    revenue: Cents,
    /// By role, as [`OUTCOMES`].
    tasks: [[u64; OUTCOMES.len()]; Role::ALL.len()],
}

impl Outcome {
    fn of(state: &State) -> Outcome {
        Outcome {
            world: state.spec.world,
            active: state.status == Status::Active,
            revenue: state.books.of_world().revenue,
            tasks: Role::ALL.map(|role| {
                let ended = state.performance_of(role);
                [ended.completed, ended.failed, ended.vetoed].map(u64::from)
            }),
        }
    }
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    /// The hash of the token that whoever reads must have; without one, only this machine reads.
    token: Option<blake3::Hash>,
    /// By method, path pattern and status.
    requests: Mutex<BTreeMap<(&'static str, String, u16), u64>>,
    durations: Mutex<Durations>,
    /// What was found of businesses, and up to which event.
    tallies: tokio::sync::Mutex<BTreeMap<BusinessId, (u64, Outcome)>>,
}

/// Methods that somebody made up are one.
fn known(method: &Method) -> &'static str {
    let all = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS];
    let names = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
    all.iter().zip(names).find(|(known, _)| *known == method).map_or("other", |(_, name)| name)
}

impl Metrics {
    /// Metrics for whoever has this token, where there is one.
    pub(crate) fn guarded_by(token: Option<&str>) -> Metrics {
        Metrics { token: token.map(|token| blake3::hash(token.as_bytes())), ..Metrics::default() }
    }

    /// Whether a token is needed.
    pub(crate) fn needs_token(&self) -> bool {
        self.token.is_some()
    }

    /// Whether this is the token. Comparing hashes takes as long for each.
    pub(crate) fn is_token(&self, text: &str) -> bool {
        self.token == Some(blake3::hash(text.as_bytes()))
    }

    /// Counts a request that was answered. `route` is the pattern of the path: what stands in paths is no label.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((known(method), route.to_owned(), status)).or_default() += 1;
        drop(requests);
        let took_s = took.as_secs_f64();
        let bucket = BUCKETS_S.iter().position(|end| took_s <= *end).unwrap_or(BUCKETS_S.len());
        let mut durations = self.durations.lock().unwrap_or_else(PoisonError::into_inner);
        durations.within[bucket] += 1;
        durations.sum_s += took_s;
    }

    /// All of it as text. Journals of businesses that do not run are read once for as long as nothing is written to them.
    ///
    /// # Errors
    /// [`Fault`] where the store does not list the journals.
    pub(crate) async fn text(&self, service: &Service, letters: &[Tally]) -> Result<String, Fault> {
        let tallies = self.tally(service).await?;
        let mut text = String::new();
        self.write_requests(&mut text);
        write_businesses(&mut text, &tallies);
        write_letters(&mut text, letters);
        Ok(text)
    }

    async fn tally(&self, service: &Service) -> Result<Vec<Outcome>, Fault> {
        let mut known = self.tallies.lock().await;
        let running: BTreeSet<_> = service.handles().iter().map(BusinessHandle::id).collect();
        let mut all = Vec::new();
        for listed in service.store().list().await? {
            let id = listed.business;
            // One that runs is asked for its state, which may be ahead of its journal; one that wrote nothing since is not asked again.
            if known.get(&id).is_none_or(|(sequence, _)| *sequence != listed.head.sequence) {
                match service.now(id).await {
                    Ok(now) => drop(known.insert(id, (now.state.sequence, Outcome::of(&now.state)))),
                    Err(fault) => tracing::warn!(business = %id, %fault, "a business is not in the metrics"),
                }
            }
            let runs = running.contains(&id) || service.rests(id);
            all.extend(known.get(&id).map(|(_, tally)| Outcome { active: tally.active && runs, ..tally.clone() }));
        }
        Ok(all)
    }

    fn write_requests(&self, text: &mut String) {
        head(text, "bbb_requests_total", "counter", "Requests that were answered, by method, path pattern and status.");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((method, route, status), count) in requests {
            line(text, "bbb_requests_total", &[("method", method), ("route", &route), ("status", &status.to_string())], &count);
        }
        let name = "bbb_request_duration_seconds";
        head(text, name, "histogram", "How long it took until a request was answered; of live events, until the answer began.");
        let Durations { within, sum_s } = self.durations.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut count = 0;
        for (bucket, more) in within.iter().enumerate() {
            count += more;
            let end = BUCKETS_S.get(bucket).map_or_else(|| "+Inf".to_owned(), ToString::to_string);
            line(text, &format!("{name}_bucket"), &[("le", &end)], &count);
        }
        line(text, &format!("{name}_sum"), &[], &sum_s);
        line(text, &format!("{name}_count"), &[], &count);
    }
}

fn write_businesses(text: &mut String, tallies: &[Outcome]) {
    head(text, "bbb_active_businesses", "gauge", "Businesses that run in this daemon and are not paused.");
    line(text, "bbb_active_businesses", &[], &tallies.iter().filter(|tally| tally.active).count());
    head(text, "bbb_agent_tasks_total", "counter", "Tasks of all businesses that ended, by role and outcome.");
    for (at, role) in Role::ALL.iter().enumerate() {
        for (which, outcome) in OUTCOMES.iter().enumerate() {
            let count: u64 = tallies.iter().map(|tally| tally.tasks[at][which]).sum();
            line(text, "bbb_agent_tasks_total", &[("role", role.as_str()), ("outcome", outcome)], &count);
        }
    }
    let words = "Revenue of all businesses in dollars, by world: simulated money is none, and shadow businesses send nothing.";
    head(text, "bbb_revenue_total", "counter", words);
    for world in WORLDS {
        let cents: i64 = tallies.iter().filter(|tally| tally.world == world).map(|tally| tally.revenue.get()).sum();
        let dollars = format!("{}.{:02}", cents / 100, cents.rem_euclid(100));
        line(text, "bbb_revenue_total", &[("world", world.as_str())], &dollars);
    }
}

fn write_letters(text: &mut String, letters: &[Tally]) {
    head(text, "bbb_outbox_waiting", "gauge", "Messages of the daemon itself that wait, by way.");
    for tally in letters {
        line(text, "bbb_outbox_waiting", &[("way", tally.way.as_str())], &tally.waiting);
    }
    let words = "What became of messages of the daemon itself, by way: said, failed attempts, given up, and dropped since too many waited.";
    head(text, "bbb_outbox_messages_total", "counter", words);
    for tally in letters {
        let counts = [("said", tally.said), ("failed_attempt", tally.failed), ("given_up", tally.given_up), ("dropped", tally.dropped)];
        for (outcome, count) in counts {
            line(text, "bbb_outbox_messages_total", &[("way", tally.way.as_str()), ("outcome", outcome)], &count);
        }
    }
}

fn head(text: &mut String, name: &str, kind: &str, words: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "# HELP {name} {words}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &[(&str, &str)], value: &dyn std::fmt::Display) {
    text.push_str(name);
    for (index, (label, content)) in labels.iter().enumerate() {
        let content = content.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let _ = write!(text, "{}{label}=\"{content}\"", if index == 0 { "{" } else { "," });
    }
    let _ = writeln!(text, "{} {value}", if labels.is_empty() { "" } else { "}" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_labels_are_quoted_and_methods_are_those_that_there_are() {
        let metrics = Metrics::default();
        for (method, took_ms) in [("GET", 5), ("GET", 6), ("BREW", 31_000)] {
            metrics.answered(&method.parse().unwrap(), "/a/{id}", 200, Duration::from_millis(took_ms));
        }
        let mut text = String::new();
        metrics.write_requests(&mut text);
        for wanted in [
            "bbb_requests_total{method=\"GET\",route=\"/a/{id}\",status=\"200\"} 2\n",
            "bbb_requests_total{method=\"other\",route=\"/a/{id}\",status=\"200\"} 1\n",
            "_bucket{le=\"0.005\"} 1\n",
            "_bucket{le=\"0.01\"} 2\n",
            "_bucket{le=\"30\"} 2\n",
            "_bucket{le=\"+Inf\"} 3\n",
            "_count 3\n",
        ] {
            assert!(text.contains(wanted), "{wanted}{text}");
        }
        text.clear();
        line(&mut text, "a", &[("b", "c\"d\\e\nf")], &1);
        assert_eq!(text, "a{b=\"c\\\"d\\\\e\\nf\"} 1\n");
    }

    #[test]
    fn money_of_different_worlds_is_never_added_up() {
        let tally = |world, cents| Outcome { world, active: true, revenue: Cents::new(cents), tasks: Default::default() };
        let mut text = String::new();
        let all = [tally(WorldKind::Simulated, 12_345), tally(WorldKind::Live, 7), tally(WorldKind::Simulated, 5)];
        write_businesses(&mut text, &all);
        for wanted in ["{world=\"simulated\"} 123.50\n", "{world=\"shadow\"} 0.00\n", "{world=\"live\"} 0.07\n", "businesses 3\n"] {
            assert!(text.contains(wanted), "{wanted}{text}");
        }
    }
}
