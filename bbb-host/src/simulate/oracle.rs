//! The oracle: the best of what was found by trying in one future, which no business can do.
//!
//! It runs every policy and then climbs: plans that never change, one part changed at a time, kept where the end is better. So it is never below any policy, and a
//! lower bound of what perfect knowledge would earn.

use bbb_agents::driver;
use bbb_core::action::SUBJECT_LINES;
use bbb_core::blueprint::Channel;
use bbb_core::decide::growth::{Allotment, LaterOffers, MAX_POSTS_A_WEEK, ORGANIC, PAID};
use bbb_core::money::Cents;
use bbb_core::state::State;

use super::{Job, Policy};

/// Rounds over all parts of a plan.
const ROUNDS: usize = 2;
/// Posts a week that are tried.
const POSTS: [u8; 4] = [0, 4, 7, MAX_POSTS_A_WEEK];
/// Advertising that is tried, in multiples of what the blueprint spends.
const ADS: [i64; 5] = [0, 1, 3, 7, 15];
/// Prices that are tried, in percent of the blueprint's.
const PRICES: [i64; 8] = [88, 94, 100, 107, 115, 123, 131, 140];
/// What those are offered who did not answer an offer, in percent of the price; nothing, where absent.
const LATER: [Option<u8>; 3] = [None, Some(90), Some(100)];

/// A plan as indices into what is tried: posts on [`ORGANIC`], advertising on [`PAID`], the price, later offers, the subject line.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Plan([usize; 10]);

impl Plan {
    const START: Plan = Plan([2, 2, 2, 2, 2, 2, 1, 2, 2, 0]);

    /// How many values a part has.
    const fn size(part: usize) -> usize {
        match part {
            0..=4 => POSTS.len(),
            5 | 6 => ADS.len(),
            7 => PRICES.len(),
            8 => LATER.len(),
            _ => SUBJECT_LINES,
        }
    }

    /// The plans that differ in one step of one part.
    fn neighbours(self, part: usize) -> impl Iterator<Item = Plan> {
        let at = self.0[part];
        let others = [at.checked_sub(1), Some(at + 1).filter(|next| *next < Plan::size(part))];
        others.into_iter().flatten().map(move |index| {
            let mut plan = self;
            plan.0[part] = index;
            plan
        })
    }

    fn allotment(self, job: &Job) -> Allotment {
        let expenses = job.blueprint.expected_monthly_expenses.get();
        let share = |per_10_000: i64| Cents::new(expenses * per_10_000 / 10_000).max(Cents::from_dollars(1));
        let (mut posts, mut ads) = ([0; 6], [Cents::ZERO; 6]);
        ORGANIC.iter().zip(self.0).for_each(|(channel, index)| posts[*channel as usize] = POSTS[index]);
        PAID.iter().zip(&self.0[5..]).for_each(|(channel, index)| ads[*channel as usize] = share(30).times(ADS[*index]));
        debug_assert_eq!(posts[Channel::PaidSearch as usize], 0);
        Allotment {
            posts,
            post_cost: share(25),
            ads,
            price: job.blueprint.price.percent(PRICES[self.0[7]]),
            sells: true,
            later: LATER[self.0[8]].map(|percent| LaterOffers { percent }),
            line: u8::try_from(self.0[9]).unwrap_or(0),
        }
    }
}

/// The state at the end of the best run.
pub(super) fn best(job: &Job) -> Result<State, driver::Error> {
    let mut plan = Plan::START;
    let mut best = job.run_given(plan.allotment(job))?;
    let mut climbed = profit(&best);
    let keep = |state: State, best: &mut State| {
        if profit(&state) > profit(best) {
            *best = state;
        }
    };
    for policy in Policy::ALL {
        if let Some(strategy) = policy.strategy() {
            keep(job.run_with(strategy)?, &mut best);
        }
    }
    for _ in 0..ROUNDS {
        let before = climbed;
        for part in 0..plan.0.len() {
            // Step by step in either direction, as long as it gets better.
            let mut steps: Vec<Plan> = plan.neighbours(part).collect();
            while let Some(other) = steps.pop() {
                let state = job.run_given(other.allotment(job))?;
                if profit(&state) > climbed {
                    let from = plan;
                    (climbed, plan) = (profit(&state), other);
                    steps = plan.neighbours(part).filter(|next| *next != from).collect();
                }
                keep(state, &mut best);
            }
        }
        if climbed == before {
            break;
        }
    }
    Ok(best)
}

fn profit(state: &State) -> Cents {
    let book = state.books.of_world();
    book.revenue.minus(book.spent)
}
