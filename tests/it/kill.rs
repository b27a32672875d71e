//! The real binary, killed by the system's SIGKILL and started again, on simulated businesses: they end as if nobody had killed them.

use crate::support::process::{End, Finished, Moment, Place, draw};

/// How often the processes of a test are killed in all.
const KILLS: u64 = 100;
const TEMPLATE: &str = "AI Chatbot Integration Service";
/// The exit code for a business that was never launched.
const NOT_FOUND: i32 = 3;

fn launch(place: &Place, days: u64, seed: u64) -> crate::support::process::Running {
    place.start(&["launch", TEMPLATE, "--days", &days.to_string(), "--seed", &seed.to_string()])
}

/// The head that a run which nobody kills ends in.
fn undisturbed(days: u64, seed: u64) -> String {
    let place = Place::new();
    launch(&place, days, seed).finish().json();
    verified(&place)
}

/// The head of the only business, whose journal must verify and must tell of its end.
fn verified(place: &Place) -> String {
    let verdict = place.run(&["journal", "verify"]).json();
    assert_eq!(verdict["status"], "completed");
    verdict["head"].as_str().expect("a head").to_owned()
}

/// The moment of the n-th kill: while the binary is loaded, while the store is opened and repaired, and ever later after that.
fn moment(seed: u64, kill: u64) -> Moment {
    match kill % 8 {
        0 => Moment::Yields(draw(seed, kill, 2_000)),
        1 => Moment::Lines(1 + draw(seed, kill, 2)),
        2 | 3 => Moment::Writes(1 + draw(seed, kill, 15)),
        _ => Moment::Writes(1 + draw(seed, kill, 80)),
    }
}

#[test]
fn simulated_runs_killed_a_hundred_times_end_in_the_heads_of_runs_nobody_killed() {
    const DAYS: u64 = 30;
    let (mut kills, mut runs, mut starts) = (0, 0, 0);
    while kills < KILLS {
        runs += 1;
        assert!(runs <= 20, "only {kills} kills in {runs} runs");
        let seed = 100 + runs;
        let place = Place::new();
        let mut launched = false;
        // A launch that is repeated goes on with the business, so that either command may follow a kill.
        let finished: Finished = loop {
            starts += 1;
            let process = match launched && draw(seed, starts, 4) > 0 {
                true => place.start(&["resume"]),
                false => launch(&place, DAYS, seed),
            };
            launched = true;
            let end = if kills < KILLS { process.kill_at(moment(seed, kills)) } else { End::Exited(process.finish()) };
            match end {
                End::Killed => kills += 1,
                End::Exited(finished) if finished.code == NOT_FOUND => launched = false,
                End::Exited(finished) => break finished,
            }
        };
        finished.json();
        assert_eq!(verified(&place), undisturbed(DAYS, seed), "seed {seed}, after {kills} kills");
    }
    eprintln!("{kills} kills of {starts} processes in {runs} simulated runs of {DAYS} days");
}

#[test]
fn a_launch_killed_at_any_of_its_first_writes_is_launched_again() {
    const DAYS: u64 = 2;
    let head = undisturbed(DAYS, 7);
    let mut kills = 0;
    for write in 0..24 {
        let place = Place::new();
        if let End::Killed = launch(&place, DAYS, 7).kill_at(Moment::Writes(write)) {
            kills += 1;
        }
        launch(&place, DAYS, 7).finish().json();
        assert_eq!(verified(&place), head, "killed at write {write}");
    }
    assert!(kills > 0);
    eprintln!("{kills} launches killed");
}
