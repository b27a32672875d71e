use super::*;
use crate::optimizer::random::Random;

fn money(dollars: i64) -> Cents {
    Cents::from_dollars(dollars)
}

fn whole(random: &mut Random, low: i64, high: i64) -> i64 {
    low + i64::try_from(random.below(usize::try_from(high - low + 1).expect("small"))).expect("small")
}

/// Few channels of few steps; some with minimums, maximums, fixed costs.
fn random_input(seed: u64) -> Input {
    let mut random = Random::new(seed, 12);
    let step = 50;
    let steps = |random: &mut Random, most: i64| money(step * whole(random, 0, most));
    let channels = (0..1 + random.below(4))
        .map(|at| {
            let response = match random.below(2) {
                0 => Response::Saturating { most: money(whole(&mut random, 0, 3000)), scale: money(whole(&mut random, 1, 900)) },
                _ => Response::Power {
                    factor: f64::from(u32::try_from(random.below(40)).expect("small")),
                    exponent: f64::from(u32::try_from(random.below(11)).expect("small")) / 10.0,
                },
            };
            let (min, fixed) = match random.below(3) {
                0 => (Cents::ZERO, Cents::ZERO),
                1 => (steps(&mut random, 4), Cents::ZERO),
                _ => (steps(&mut random, 2), steps(&mut random, 3)),
            };
            let max = (random.below(2) == 0).then(|| min.max(fixed).plus(money(whole(&mut random, 0, 300))));
            Channel { name: format!("c{at}"), response, min, max, fixed, required: random.below(4) == 0 }
        })
        .collect();
    let goal = if random.below(2) == 0 { Goal::Response } else { Goal::Profit };
    Input { budget: money(whole(&mut random, 0, 500)), step: money(step), channels, goal }
}

/// What an allocation is worth by the words of the input alone, or none where it breaks a rule.
fn independent(input: &Input, spent: &[Cents]) -> Option<f64> {
    let mut worth = 0.0;
    for (channel, spent) in input.channels.iter().zip(spent) {
        let least = channel.min.max(channel.fixed);
        let unused = *spent == Cents::ZERO && !channel.required;
        if !unused && (*spent < least || channel.max.is_some_and(|max| *spent > max)) || spent.get() % input.step.get() != 0 {
            return None;
        }
        let net = (real(*spent) - real(channel.fixed)).max(0.0);
        worth += match channel.response {
            _ if net == 0.0 => 0.0,
            Response::Saturating { most, scale } => real(most) * (1.0 - libm::exp(-net / real(scale))),
            Response::Power { factor, exponent } => factor * libm::pow(net, exponent),
        };
        if input.goal == Goal::Profit {
            worth -= real(*spent);
        }
    }
    (spent.iter().map(|spent| spent.get()).sum::<i64>() <= input.budget.get()).then_some(worth)
}

fn best(input: &Input) -> Option<f64> {
    let steps = input.budget.get() / input.step.get() + 1;
    let channels = u32::try_from(input.channels.len()).expect("small");
    let allocation = |mut number: i64| -> Vec<Cents> {
        (0..channels)
            .map(|_| {
                let own = number % steps;
                number /= steps;
                input.step.times(own)
            })
            .collect()
    };
    (0..steps.pow(channels)).filter_map(|number| independent(input, &allocation(number))).reduce(f64::max)
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-7 * (1.0 + one.abs())
}

fn solved(input: &Input) -> Outcome<Allocation> {
    Budget::new(input.clone()).expect("within its rules").solve()
}

#[test]
fn answers_are_those_of_looking_at_every_allocation_and_explain_themselves_truly() {
    let (mut by_margins, mut by_program, mut infeasible, mut beyond_greedy) = (0, 0, 0, 0);
    for seed in 0..300 {
        let input = random_input(seed);
        let outcome = solved(&input);
        let Some(best) = self::best(&input) else {
            infeasible += 1;
            assert!(matches!(outcome, Outcome::Infeasible(_)), "seed {seed}");
            continue;
        };
        let answer = outcome.answer().expect("there is one");
        let told = &answer.explanation;
        assert!(close(answer.worth, best), "seed {seed}: {} instead of {best}", answer.worth);
        assert!(independent(&input, &answer.spent).is_some_and(|worth| close(worth, best)), "seed {seed}");
        assert!(answer.worth >= told.greedy && answer.worth >= told.even - 1e-9, "seed {seed}");
        beyond_greedy += usize::from(best > told.greedy + 0.01);
        match answer.solver.as_str() {
            "marginal allocation" => {
                by_margins += 1;
                assert!(close(told.greedy, best), "seed {seed}");
            }
            _ => by_program += 1,
        }
        let used: i64 = answer.spent.iter().map(|spent| spent.get()).sum();
        assert_eq!(told.used.get(), used, "seed {seed}");
        let cost = if input.goal == Goal::Profit { real(told.used) } else { 0.0 };
        assert!(close(told.brings - cost, best), "seed {seed}");
        let wider = Input { budget: input.budget.plus(input.step), ..input.clone() };
        assert!(close(self::best(&wider).expect("feasible before") - best, told.reliefs[0].gain), "seed {seed}");
        for (channel, spent) in told.channels.iter().zip(&answer.spent) {
            assert_eq!(channel.spent, *spent);
            assert!(channel.last_step >= 0.0 && channel.next_step.is_none_or(|next| next >= 0.0), "seed {seed}");
            assert_eq!(channel.next_step.is_none(), channel.reason == Reason::Max, "seed {seed}");
        }
    }
    assert!(
        by_margins > 50 && by_program > 50 && infeasible > 5 && beyond_greedy > 5,
        "{by_margins} {by_program} {infeasible} {beyond_greedy}"
    );
}

#[test]
fn every_allocation_keeps_to_its_lines() {
    for seed in 0..100 {
        let budget = Budget::new(random_input(seed)).expect("within its rules");
        if budget.solve().answer().is_none() {
            continue;
        }
        for allocation in [search::exact(&budget).0, search::greedy(&budget), search::even(&budget)] {
            assert!(allocation.iter().zip(&budget.channels).all(|(steps, line)| line.allows(*steps)), "seed {seed}");
            assert!(allocation.iter().sum::<usize>() <= budget.steps(), "seed {seed}");
        }
    }
}

#[test]
fn a_large_budget_is_given_out_in_fine_steps() {
    let channel = |at: i64| Channel {
        name: format!("c{at}"),
        response: Response::Saturating { most: money(1_000_000 + at), scale: money(100_000 + 1000 * at) },
        min: Cents::ZERO,
        max: None,
        fixed: Cents::ZERO,
        required: false,
    };
    let input = Input { budget: money(1_000_000), step: money(10), channels: (0..50).map(channel).collect(), goal: Goal::Response };
    let outcome = solved(&input);
    let answer = outcome.answer().expect("nothing is required");
    assert_eq!(answer.explanation.used, input.budget);
    // At the optimum a further step brings nowhere more than the last one did anywhere.
    let channels = &answer.explanation.channels;
    let last = channels.iter().filter(|channel| channel.spent > Cents::ZERO).map(|channel| channel.last_step).fold(f64::INFINITY, f64::min);
    assert!(channels.iter().filter_map(|channel| channel.next_step).all(|next| next <= last + 1e-6));
}

#[test]
fn minimums_beyond_the_budget_are_named() {
    let channel = |name: &str, min: i64| Channel {
        name: name.to_owned(),
        response: Response::Power { factor: 1.0, exponent: 0.5 },
        min: money(min),
        max: None,
        fixed: Cents::ZERO,
        required: true,
    };
    let input = Input {
        budget: money(1000),
        step: money(100),
        channels: vec![channel("fair", 700), channel("post", 500), channel("ads", 0)],
        goal: Goal::Response,
    };
    let outcome = solved(&input);
    let conflict = outcome.conflict().expect("1200 of 1000");
    assert!(conflict.reason.contains("$1,200.00, $200.00 more"), "{conflict}");
    assert_eq!(conflict.constraints.len(), 3, "{conflict}");
    assert!(matches!(outcome, Outcome::Infeasible(_)));
}

#[test]
fn degenerate_inputs_have_answers() {
    let none = Input { budget: money(100), step: money(7), channels: Vec::new(), goal: Goal::Response };
    assert_eq!(solved(&none).answer().map(|answer| (answer.worth, answer.explanation.used)), Some((0.0, Cents::ZERO)));
    let channel = Channel {
        name: "one".to_owned(),
        response: Response::Saturating { most: money(100), scale: money(50) },
        min: money(200),
        max: None,
        fixed: Cents::ZERO,
        required: false,
    };
    let zero = Input { budget: Cents::ZERO, step: money(100), channels: vec![channel.clone()], goal: Goal::Response };
    let outcome = solved(&zero);
    let told = &outcome.answer().expect("nothing is required").explanation;
    assert_eq!((told.channels[0].reason, told.channels[0].next_money), (Reason::Start, money(200)));
    // It never brings more than $100, and takes $200 to begin.
    let profit = Input { budget: money(1000), goal: Goal::Profit, ..zero };
    assert_eq!(solved(&profit).answer().map(|answer| answer.spent.clone()), Some(vec![Cents::ZERO]));
}

#[test]
fn inputs_that_break_a_rule_are_refused_with_the_field() {
    let channel = || Channel {
        name: "one".to_owned(),
        response: Response::Power { factor: 1.0, exponent: 0.5 },
        min: Cents::ZERO,
        max: None,
        fixed: Cents::ZERO,
        required: false,
    };
    let check = |change: &dyn Fn(&mut Input), wanted: &str| {
        let mut input = Input { budget: money(1000), step: money(10), channels: vec![channel()], goal: Goal::Response };
        change(&mut input);
        let error = Budget::new(input).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}");
    };
    check(&|input| input.budget = money(-1), "budget must not be negative, and is -$1.00");
    check(&|input| input.step = Cents::ZERO, "step must be above 0, and is $0.00");
    check(&|input| input.step = Cents::new(i64::MAX), "step must be at most");
    check(&|input| input.step = Cents::new(1).times(-1), "step must be above 0");
    check(&|input| input.budget = money(10_000_000), "step of $10.00 makes 1000000 steps");
    check(&|input| input.channels[0].min = money(15), "channels[0].min must be a multiple of the step of $10.00, and is $15.00");
    check(&|input| input.channels[0].fixed = money(-10), "channels[0].fixed must not be negative");
    check(&|input| (input.channels[0].min, input.channels[0].max) = (money(20), Some(money(10))), "channels[0].max must be at least");
    check(&|input| input.channels.push(channel()), "channels[1].name is \"one\"");
    let response = |response: Response| move |input: &mut Input| input.channels[0].response = response;
    check(&response(Response::Power { factor: f64::NAN, exponent: 0.5 }), "channels[0].response.factor must be a number from 0");
    check(&response(Response::Power { factor: f64::INFINITY, exponent: 0.5 }), "channels[0].response.factor");
    check(&response(Response::Power { factor: 1.0, exponent: 1.5 }), "channels[0].response.exponent must be a number from 0 to 1, not 1.5");
    check(&response(Response::Saturating { most: money(-1), scale: money(1) }), "channels[0].response.most must not be negative");
    check(&response(Response::Saturating { most: money(1), scale: Cents::ZERO }), "channels[0].response.scale must be above 0");
    let fine = |input: &mut Input| {
        let many = (0..3).map(|at| Channel { name: at.to_string(), min: money(1), ..channel() });
        *input = Input { budget: money(100_000), step: money(1), channels: many.collect(), goal: Goal::Response };
    };
    check(&fine, "step of $1.00 is too fine");
}
