//! What an owner allows: `bbb autonomy`, `budget`, `delegate`. Without something to set they show what holds.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use bbb_agents::handle::Command;
use bbb_core::action::ActionKind;
use bbb_core::budget::{Caps, Resource, Window};
use bbb_core::event::Delegation;
use bbb_core::id::BusinessId;
use bbb_core::money::Cents;
use bbb_core::projection::agreement::{Agreement, agreement};
use bbb_core::projection::timeline::plain;
use bbb_core::spec::Autonomy;
use bbb_core::state::State;
use clap::Args;
use serde_json::{Value, json};

use crate::allotment;
use crate::cli::Common;
use crate::cli::access::{Access, decode};
use crate::cli::screen::Screen;
use crate::config::Config;
use crate::data_dir::DataDir;
use crate::fault::Fault;

/// The most that can be allowed, in dollars.
const MAX_USD: i64 = 1_000_000_000;

#[derive(Debug, Args)]
pub(super) struct AutonomyArgs {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// The level from now on, 0 (observe) to 6 (full); without it the levels and the owner's answers so far are shown
    #[arg(long, value_name = "0-6", value_parser = clap::value_parser!(u8).range(0..=6))]
    set: Option<u8>,
    /// Only for this kind of action, such as send_email
    #[arg(long, value_parser = kind, value_name = "KIND")]
    kind: Option<ActionKind>,
    /// The kind has no level of its own from now on
    #[arg(long, requires = "kind", conflicts_with = "set")]
    reset: bool,
}

#[derive(Debug, Args)]
pub(super) struct Budget {
    /// The business; may be left out where there is only one
    business: Option<BusinessId>,
    /// A cap from now on, such as real_money.day=12.50, tokens.total=100000 or ask_above=5; may be given several times
    #[arg(long, value_name = "WHAT=AMOUNT")]
    set: Vec<String>,
    /// What all businesses of the data directory together may be allotted of real money from now on, unless the configuration says less
    #[arg(long, value_parser = dollars, value_name = "USD")]
    owner_cap: Option<Cents>,
    /// The configuration file, which says what may be allotted in all [default: ./bbb.toml, if there is one]
    #[arg(long, env = "BBB_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Delegate {
    /// The business, where there are several, and who may answer; they say: bbb approve --as NAME. Without a name the delegates are shown
    #[arg(num_args = 0..=2, value_name = "[BUSINESS] NAME")]
    names: Vec<String>,
    /// What is worth at most this: what it may cost, and the amounts that it names, such as a price or a refund
    #[arg(long, value_parser = dollars, value_name = "USD")]
    up_to: Option<Cents>,
    /// Only this kind of action; may be given several times. Without it, all kinds whose content says what they are worth
    #[arg(long = "kind", value_parser = kind, value_name = "KIND")]
    kinds: Vec<ActionKind>,
    /// The name may answer nothing any more
    #[arg(long, conflicts_with_all = ["up_to", "kinds"])]
    revoke: bool,
}

pub(super) fn kind(text: &str) -> Result<ActionKind, String> {
    let known = || ActionKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    ActionKind::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or_else(|| format!("the kinds of action are: {}", known()))
}

fn dollars(text: &str) -> Result<Cents, String> {
    match Cents::parse_dollars(text) {
        Ok(amount) if amount > Cents::from_dollars(MAX_USD) => Err(format!("at most {MAX_USD} USD")),
        Ok(amount) => Ok(amount),
        Err(error) => Err(error.to_string()),
    }
}

impl AutonomyArgs {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        let level = self.set.map(Autonomy::try_from).transpose().map_err(|error| Fault::usage(error.to_string()))?;
        if level.is_some() || self.reset {
            access.command(id, Command::SetAutonomy(self.kind, level))?;
        } else if self.kind.is_some() {
            return Err(Fault::usage("say what the kind's level is to be: --set 0-6, or --reset"));
        }
        let state = access.now(id)?.state;
        let events = decode(&access.journal(id)?.0)?;
        let table = agreement(&events, &state);
        let kinds: serde_json::Map<String, Value> = ActionKind::ALL
            .iter()
            .copied()
            .filter(|kind| !kind.is_read())
            .map(|kind| {
                let row = table.get(&kind).copied().unwrap_or_default();
                (kind.to_string(), json!({ "level": state.autonomy.level(kind).get(), "answers": row }))
            })
            .collect();
        let object = json!({ "business_id": id, "base": state.autonomy.base.get(), "kinds": kinds });
        screen.result(&object, &levels(id, &state, |kind| table.get(&kind).copied().unwrap_or_default()))
    }
}

fn levels(id: BusinessId, state: &State, answers: impl Fn(ActionKind) -> Agreement) -> String {
    let mut out = format!("autonomy of {id}: {} of 6\n", state.autonomy.base.get());
    for kind in ActionKind::ALL.iter().copied().filter(|kind| !kind.is_read()) {
        let (level, row) = (state.autonomy.level(kind).get(), answers(kind));
        let asked = row.share.map_or_else(String::new, |share| {
            format!(
                "  yes {} of {} times ({:.0} to {:.0} percent)",
                row.approved,
                row.approved + row.vetoed,
                share.low * 100.0,
                share.high * 100.0
            )
        });
        let hint = row
            .suggested
            .map_or_else(String::new, |level| format!("; level {level} would ask less: bbb autonomy {id} --kind {kind} --set {level}"));
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {:<16} {level}{asked}{hint}", kind.as_str());
    }
    out.trim_end().to_owned()
}

impl Budget {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        if let Some(cap) = self.owner_cap {
            allotment::keep(&DataDir::existing(&common.data)?, cap)?;
            if self.set.is_empty() && self.business.is_none() {
                let text = format!("all businesses of {} together may be allotted {cap} USD", common.data.display());
                return screen.result(&json!({ "owner_cap_cents": cap.get() }), &text);
            }
        }
        let access = Access::open(common)?;
        let id = access.pick(self.business)?;
        if !self.set.is_empty() {
            let mut caps = access.now(id)?.state.books.caps;
            for setting in &self.set {
                set(&mut caps, setting).map_err(|rule| Fault::usage(format!("--set {setting}: {rule}")))?;
            }
            self.check_allotment(&common.data, &access, id, &caps)?;
            access.command(id, Command::SetCaps(Box::new(caps)))?;
        }
        let state = access.now(id)?.state;
        screen.result(&usage_json(id, &state), &usage_text(id, &state))
    }
}

impl Budget {
    /// More real money must be left to allot; less always is.
    fn check_allotment(&self, data: &Path, access: &Access, id: BusinessId, caps: &Caps) -> Result<(), Fault> {
        let wanted = caps.real_money.total;
        if wanted <= access.now(id)?.state.books.caps.real_money.total {
            return Ok(());
        }
        let config = Config::load(self.config.as_deref())?;
        allotment::admit(&DataDir::existing(data)?, config.owner.money_usd, access.bound(Some(id))?, wanted)
    }
}

/// Changes one cap: `real_money.day=12.50`.
fn set(caps: &mut Caps, setting: &str) -> Result<(), String> {
    let (name, amount) = setting.split_once('=').ok_or("it is WHAT=AMOUNT, such as real_money.day=12.50")?;
    if name == "ask_above" {
        caps.ask_above = dollars(amount)?;
        return Ok(());
    }
    let unknown = || {
        let resources = Resource::ALL.map(Resource::as_str).join(", ");
        let windows = Window::ALL.map(Window::as_str).join(", ");
        format!("what can be set is ask_above, or one of {resources} with one of {windows}, such as tokens.day")
    };
    let (resource, window) = name.split_once('.').ok_or_else(unknown)?;
    let resource = Resource::ALL.into_iter().find(|known| known.as_str() == resource).ok_or_else(unknown)?;
    let window = Window::ALL.into_iter().find(|known| known.as_str() == window).ok_or_else(unknown)?;
    let amount = match resource {
        Resource::RealMoney | Resource::SimulatedMoney => {
            u64::try_from(dollars(amount)?.get()).map_err(|_| "an amount is not negative".to_owned())?
        }
        Resource::Tokens | Resource::Messages => amount.replace('_', "").parse().map_err(|_| "it is a whole number".to_owned())?,
    };
    caps.set(resource, window, amount);
    Ok(())
}

fn rows(state: &State) -> impl Iterator<Item = (Resource, Window, u64, u64)> {
    let simulated = state.spec.world.is_simulated();
    let shown = move |resource: &Resource| simulated || *resource != Resource::SimulatedMoney;
    let books = &state.books;
    Resource::ALL.into_iter().filter(shown).flat_map(move |resource| {
        Window::ALL.map(|window| (resource, window, books.usage(resource).over(window), books.caps.of(resource, window)))
    })
}

fn usage_json(id: BusinessId, state: &State) -> Value {
    let mut budgets = Vec::new();
    for (resource, window, used, cap) in rows(state) {
        let money = matches!(resource, Resource::RealMoney | Resource::SimulatedMoney);
        let unit = if money { "cents" } else { resource.as_str() };
        let used = (window != Window::Action).then_some(used);
        budgets.push(json!({ "resource": resource, "window": window, "unit": unit, "used": used, "cap": cap }));
    }
    json!({ "business_id": id, "budgets": budgets, "ask_above_cents": state.books.caps.ask_above.get() })
}

fn usage_text(id: BusinessId, state: &State) -> String {
    let mut out = format!("budgets of {id}, spent and held\n");
    for (resource, window, used, cap) in rows(state) {
        let used = match window {
            Window::Action => "at most".to_owned(),
            _ => format!("{} of", resource.show(used)),
        };
        let _ = writeln!(out, "  {:<15} {:<13} {used:>24} {}", resource.as_str(), window.to_string(), resource.show(cap));
    }
    let _ = write!(out, "  at levels 4 and below its owner is asked above {} USD", state.books.caps.ask_above);
    out
}

impl Delegate {
    pub(super) fn run(self, common: &Common, screen: &mut Screen) -> Result<(), Fault> {
        let (business, name) = match self.names.as_slice() {
            [] => (None, None),
            [one] => one.parse::<BusinessId>().map_or_else(|_| (None, Some(one.clone())), |id| (Some(id), None)),
            [business, name, ..] => {
                let business = business.parse::<BusinessId>().map_err(|error| Fault::usage(error.to_string()))?;
                (Some(business), Some(name.clone()))
            }
        };
        let sets = self.up_to.is_some() || self.revoke || !self.kinds.is_empty();
        let access = Access::open(common)?;
        let id = access.pick(business)?;
        let name = match name {
            None if sets => return Err(Fault::usage("say who: bbb delegate NAME --up-to USD, or --revoke")),
            None => return delegates(id, &access.now(id)?.state, screen),
            Some(name) => name,
        };
        if self.up_to.is_none() && !self.revoke {
            return Err(Fault::usage(format!("say what {} may answer: --up-to USD, or --revoke", plain(&name))));
        }
        let kinds: BTreeSet<ActionKind> = self.kinds.into_iter().collect();
        let delegation = self.up_to.map(|up_to| Delegation { kinds, up_to });
        let object = json!({ "business_id": id, "name": name, "delegation": delegation });
        let text = match &delegation {
            Some(delegation) => format!("{name} may answer {delegation} for {id}: bbb approve {id} PROPOSAL --as NAME"),
            None => format!("{name} answers nothing for {id} any more"),
        };
        access.command(id, Command::Delegate(name, delegation))?;
        screen.result(&object, &text)
    }
}

/// Who may answer what.
fn delegates(id: BusinessId, state: &State, screen: &mut Screen) -> Result<(), Fault> {
    let mut text = format!("delegates of {id}: {}", state.delegates.len());
    for (name, delegation) in &state.delegates {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {} may answer {delegation}", plain(name));
    }
    screen.result(&json!({ "business_id": id, "delegates": state.delegates }), &text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbb_core::budget::Cap;

    #[test]
    fn settings_name_what_they_set_and_nothing_else_is_taken() {
        let mut caps = Caps {
            real_money: Cap::of(Cents::ZERO),
            simulated_money: Cap::of(Cents::ZERO),
            tokens: Cap::of(0),
            messages: Cap::of(0),
            ask_above: Cents::ZERO,
        };
        set(&mut caps, "real_money.day=12.50").expect("a cap");
        set(&mut caps, "tokens.total=1_000").expect("a cap");
        set(&mut caps, "ask_above=3").expect("a cap");
        assert_eq!((caps.real_money.day, caps.tokens.total, caps.ask_above), (Cents::new(1250), 1000, Cents::from_dollars(3)));
        assert_eq!(caps.real_money.total, Cents::ZERO, "nothing else is set");
        for (setting, reason) in [
            ("real_money.day", "WHAT=AMOUNT"),
            ("money.day=1", "one of real_money"),
            ("tokens.week=1", "one of action, day"),
            ("tokens.day=many", "whole number"),
            ("tokens.day=-1", "whole number"),
            ("real_money.day=-1", "no sign"),
            ("real_money.day=0.001", "decimals"),
        ] {
            let refused = set(&mut caps, setting).expect_err(setting);
            assert!(refused.contains(reason), "{setting}: {refused}");
        }
    }
}
