//! Tests of the whole: one binary, a module per subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod cli;
mod coherence;
mod crash;
mod determinism;
mod disk;
mod doubt;
mod driver;
mod faults;
mod fold;
mod frozen;
mod fuzz;
mod journal_checkpoints;
mod kill;
mod kill_live;
mod llm;
mod mail;
mod minds;
mod observations;
mod optimizer_dimod;
mod outside;
mod owner;
mod pace;
mod papers;
mod policies;
mod priority;
mod projection;
mod races;
mod report;
mod reviewer;
mod run;
mod serve;
mod store_conformance;
mod store_crash;
mod store_golden;
mod store_kill;
mod store_redb;
mod supervision;
mod support;
mod temptation;
mod terms;
mod virtue;
mod what_if;
mod worlds;
