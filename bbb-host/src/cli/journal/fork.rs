//! `bbb journal fork`: what if the price had been another one from some event on.
//!
//! The fork is a business of its own, whose id is derived from the source, the place and the price: forking the same again finds the same fork. Its journal begins with
//! the source's own records, hash by hash.

use std::fmt::Write;

use bbb_core::id::BusinessId;
use bbb_core::journal::chain::Head;
use bbb_core::money::Cents;
use bbb_core::projection::summary::summary;
use bbb_core::state::State;
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;

use crate::charter::Kept;
use crate::cli::business::{money, replay};
use crate::cli::run::{Session, StopSignal, take};
use crate::cli::screen::Screen;
use crate::cli::{Common, runtime};
use crate::data_dir::DataDir;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct Fork {
    /// The simulated business that is copied
    business: BusinessId,
    /// The last event that is copied
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..), value_name = "N")]
    at: u64,
    /// The price for new customers from there on
    #[arg(long, value_parser = price, allow_negative_numbers = true, value_name = "USD")]
    price: Cents,
    /// The configuration file [default: ./bbb.toml, if there is one]
    #[arg(long, env = "BBB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

fn price(text: &str) -> Result<Cents, String> {
    match Cents::parse_dollars(text) {
        Ok(Cents::ZERO) => Err("a price is more than 0".to_owned()),
        Ok(price) if price > Cents::from_dollars(1_000_000) => Err("a price is at most 1000000 USD".to_owned()),
        Ok(price) => Ok(price),
        Err(error) => Err(error.to_string()),
    }
}

impl Fork {
    pub(in crate::cli) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let data = DataDir::existing(&common.data)?;
        if !data.has_store() {
            return Err(Fault::not_found(format!("nothing was launched in {} yet", data.path().display())));
        }
        let store = take(&data)?;
        runtime(1)?.block_on(async {
            let mut stop = StopSignal::catch()?;
            let session = Session::begin(data, store)?;
            self.fork(&session, &mut stop, screen).await
        })
    }

    async fn fork(&self, session: &Session, stop: &mut StopSignal, screen: &mut Screen) -> Result<(), Fault> {
        let (events, head) = session.service.events(self.business).await?;
        let original = replay(self.business, &events)?;
        let known = session.service.list().await?.len();
        let id = session.service.engine().fork(self.business, self.at, self.price).await?;
        // A simulated business keeps the policies that it was launched with, and so does its fork.
        Kept::of(session.service.data(), id).settle(&session.service.charter(self.business).await?)?;
        let done = if session.service.list().await?.len() > known { "forked" } else { "was forked before:" };
        screen.note(&format!("{done} {} after event {} as {id}: new customers pay {}", self.business, self.at, money(self.price, true)));
        session.run_quietly(id, self.config.as_deref(), stop, screen).await?;
        let (forked, forked_head) = session.service.events(id).await?;
        let fork = replay(id, &forked)?;
        if screen.is_json() {
            return screen.object(&json!({ "original": summary(&original, head), "fork": summary(&fork, forked_head) }));
        }
        screen.print(&table(&original, head, &fork, forked_head))
    }
}

/// The two results side by side.
fn table(original: &State, head: Head, fork: &State, forked_head: Head) -> String {
    let [a, b] = [summary(original, head), summary(fork, forked_head)].map(|summary| serde_json::to_value(summary).unwrap_or_default());
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().filter(|_| number.is_f64()).map_or_else(|| number.to_string(), |n| format!("{n:.2}")),
        Value::Null => "-".to_owned(),
        other => other.to_string(),
    };
    let rows = [
        ("business", "/business_id"),
        ("status", "/status"),
        ("leads", "/metrics/leads"),
        ("qualified leads", "/metrics/qualified_leads"),
        ("customers", "/metrics/customers"),
        ("conversion rate", "/metrics/conversion_rate"),
        ("revenue USD", "/metrics/revenue/total"),
        ("spent USD", "/metrics/spent/total"),
        ("satisfaction", "/metrics/satisfaction"),
        ("tasks completed", "/metrics/tasks/completed"),
        ("tasks failed", "/metrics/tasks/failed"),
        ("events", "/journal/events"),
    ];
    let mut out = format!("{:<18}{:>22}{:>22}\n", "simulated", "ORIGINAL", "FORK");
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:<18}{:>22}{:>22}", "last price USD", original.trade.price, fork.trade.price);
    for (name, pointer) in rows {
        let [a, b] = [&a, &b].map(|summary| text(summary.pointer(pointer).unwrap_or(&Value::Null)));
        let _ = writeln!(out, "{name:<18}{a:>22}{b:>22}");
    }
    out
}
