//! The bench's report: a table for people, and the same as data.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use bbb_core::draw::Seed;
use serde::Serialize;
use serde_json::{Value, json};

use crate::temptation::Played;
use crate::temptation::judge::Result;
use crate::temptation::scenario::{Aim, Tempted};

/// What stands above the figures.
const SIMULATED: &str = "Simulated: adapters that only write down. Nobody was written to and no money moved.";

/// How the tries of a group went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Scenarios.
    pub scenarios: usize,
    /// Tries that would do harm.
    pub harmful: usize,
    /// Those that did not leave, for the reason that the file names.
    pub blocked: usize,
    /// Honest tries.
    pub near_misses: usize,
    /// Those that did not leave.
    pub wrongly_blocked: usize,
}

/// The figures of a bench.
#[derive(Debug)]
pub struct Report<'a> {
    seed: Seed,
    played: &'a [Played<'a>],
}

impl<'a> Report<'a> {
    /// The report of what was played under a seed.
    pub fn new(seed: Seed, played: &'a [Played<'a>]) -> Report<'a> {
        Report { seed, played }
    }

    /// Everything that did not go as it should.
    pub fn failures(&self) -> impl Iterator<Item = &'a Played<'a>> {
        self.played.iter().filter(|played| !played.outcome.result.is_good())
    }

    fn tally(&self, counts: impl Fn(&Played<'_>) -> bool) -> Tally {
        let mut tally = Tally::default();
        let mut scenarios = BTreeSet::new();
        for played in self.played.iter().filter(|played| counts(played)) {
            scenarios.insert(&played.scenario.name);
            let result = played.outcome.result;
            match played.attempt.aim {
                Aim::Harm { .. } => {
                    tally.harmful += 1;
                    tally.blocked += usize::from(result == Result::Blocked);
                }
                Aim::NearMiss { .. } => {
                    tally.near_misses += 1;
                    tally.wrongly_blocked += usize::from(result == Result::WronglyBlocked);
                }
            }
        }
        Tally { scenarios: scenarios.len(), ..tally }
    }

    /// By how the tempted role thinks.
    fn minds(&self) -> Vec<(&'static str, Tally)> {
        let minds = Tempted::ALL.iter().map(|mind| (mind.as_str(), self.tally(|played| played.scenario.mind == *mind)));
        minds.filter(|(_, tally)| tally.scenarios > 0).collect()
    }

    fn themes(&self) -> Vec<(&'a str, Tally)> {
        let themes: BTreeSet<&str> = self.played.iter().map(|played| played.scenario.theme.as_str()).collect();
        themes.into_iter().map(|theme| (theme, self.tally(|played| played.scenario.theme == theme))).collect()
    }

    fn roles(&self) -> Vec<(&'static str, Tally)> {
        let roles: BTreeSet<_> = self.played.iter().map(|played| played.scenario.role).collect();
        roles.into_iter().map(|role| (role.as_str(), self.tally(|played| played.scenario.role == role))).collect()
    }

    /// In how many harms each rule was among the deciding ones, most often first.
    fn rules(&self) -> Vec<(&'a str, usize)> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for played in self.played.iter().filter(|played| matches!(played.attempt.aim, Aim::Harm { .. })) {
            for rule in &played.outcome.rules {
                *counts.entry(rule).or_default() += 1;
            }
        }
        let mut rules: Vec<_> = counts.into_iter().collect();
        rules.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), *rule));
        rules
    }

    /// The report for people.
    pub fn text(&self) -> String {
        let all = self.tally(|_| true);
        let mut out = format!("TEMPTATION BENCH (SIMULATED), seed {}\n{SIMULATED}\n", self.seed.get());
        // Writing to a string cannot fail.
        let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let [scenarios, harms] = [plural(all.scenarios, "scenario", "scenarios"), plural(all.harmful, "harm", "harms")];
        let _ = writeln!(out, "{scenarios}, {harms}, {}\n", plural(all.near_misses, "near miss", "near misses"));
        table(&mut out, "mind of the tempted role", self.minds());
        table(&mut out, "role", self.roles());
        table(&mut out, "theme", self.themes());
        let _ = writeln!(out, "{:<46}  decided", "rule or other reason");
        for (rule, count) in self.rules() {
            let _ = writeln!(out, "{rule:<46}  {count:>7}");
        }
        out.push('\n');
        let failures: Vec<_> = self.failures().collect();
        if failures.is_empty() {
            out.push_str("Nothing harmful left, and no near miss was blocked.\n");
            return out;
        }
        let _ = writeln!(out, "{} of {} tries did not go as they should:\n", failures.len(), self.played.len());
        failures.iter().for_each(|played| failure(&mut out, played));
        out
    }

    /// The same as data.
    pub fn json(&self) -> Value {
        let rows = |rows: Vec<(&str, Tally)>| -> Vec<Value> {
            let row = |(name, tally): (&str, Tally)| {
                let mut row = json!(tally);
                row["name"] = json!(name);
                row
            };
            rows.into_iter().map(row).collect()
        };
        let rules: Vec<Value> = self.rules().into_iter().map(|(rule, count)| json!({ "rule": rule, "decided": count })).collect();
        let mut all = json!(self.tally(|_| true));
        all["failures"] = json!(self.failures().count());
        json!({
            "simulated": true,
            "seed": self.seed,
            "all": all,
            "minds": rows(self.minds()),
            "roles": rows(self.roles()),
            "themes": rows(self.themes()),
            "rules": rules,
            "tries": self.played.iter().map(one).collect::<Vec<_>>(),
        })
    }
}

fn table(out: &mut String, what: &str, rows: Vec<(&str, Tally)>) {
    let _ = writeln!(out, "{what:<26}  scenarios  harms  blocked  near misses  wrongly blocked");
    for (name, tally) in rows {
        let Tally { scenarios, harmful, blocked, near_misses, wrongly_blocked } = tally;
        let _ = writeln!(out, "{name:<26}  {scenarios:>9}  {harmful:>5}  {blocked:>7}  {near_misses:>11}  {wrongly_blocked:>15}");
    }
    out.push('\n');
}

/// What a try is called: its scenario's name, and its own where it has one.
fn name(played: &Played<'_>) -> String {
    let own = &played.attempt.name;
    if own.is_empty() { played.scenario.name.clone() } else { format!("{}: {own}", played.scenario.name) }
}

const fn aim(played: &Played<'_>) -> &'static str {
    match played.attempt.aim {
        Aim::Harm { .. } => "harm",
        Aim::NearMiss { .. } => "near_miss",
    }
}

fn failure(out: &mut String, played: &Played<'_>) {
    let (scenario, attempt, outcome) = (played.scenario, played.attempt, &played.outcome);
    let kind = aim(played).replace('_', " ");
    let _ = writeln!(out, "{}  {} ({kind}, {} {})", outcome.result.as_str(), name(played), scenario.mind.as_str(), scenario.role);
    let _ = writeln!(out, "    {}:{}: {}", scenario.file, attempt.line, outcome.note);
    if !outcome.rules.is_empty() {
        let _ = writeln!(out, "    decided: {}", outcome.rules.join(", "));
    }
    for left in &outcome.left {
        let _ = writeln!(out, "    left: {left}");
    }
}

fn one(played: &Played<'_>) -> Value {
    let (scenario, attempt, outcome) = (played.scenario, played.attempt, &played.outcome);
    json!({
        "scenario": scenario.name,
        "try": attempt.name,
        "kind": aim(played),
        "mind": scenario.mind,
        "role": scenario.role,
        "theme": scenario.theme,
        "file": scenario.file,
        "line": attempt.line,
        "action": attempt.aim.effect().action,
        "result": outcome.result,
        "good": outcome.result.is_good(),
        "rules": outcome.rules,
        "left": outcome.left,
        "note": outcome.note,
    })
}
