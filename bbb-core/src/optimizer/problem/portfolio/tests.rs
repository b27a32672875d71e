use super::*;
use crate::optimizer::random::Random;
use crate::optimizer::sampler::{Progress, Stop};

fn money(dollars: usize) -> Cents {
    Cents::from_dollars(i64::try_from(dollars).expect("small"))
}

fn whole(random: &mut Random, low: i64, high: i64) -> i64 {
    low + i64::try_from(random.below(usize::try_from(high - low + 1).expect("small"))).expect("small")
}

/// Random projects, of which few are required, pairs of every kind, and every kind of risk.
pub(super) fn random_input(n: usize, seed: u64) -> Input {
    let mut random = Random::new(seed, 11);
    let name = |at: usize| format!("p{at}");
    let projects: Vec<Project> = (0..n)
        .map(|at| Project {
            name: name(at),
            cost: Cents::new(whole(&mut random, 0, 50_000)),
            weekly_minutes: whole(&mut random, 0, 600),
            value: Cents::new(whole(&mut random, -20_000, 200_000)),
            industry: Some(format!("i{}", random.below(3))),
            required: random.below(12) == 0,
        })
        .collect();
    let pair = |random: &mut Random| {
        let one = random.below(n);
        [name(one), name((one + 1 + random.below(n - 1)) % n)]
    };
    let (mut synergies, mut conflicts): (Vec<Synergy>, Vec<[String; 2]>) = (Vec::new(), Vec::new());
    for _ in 0..if n < 2 { 0 } else { n } {
        let between = pair(&mut random);
        let is_new = |known: &[String; 2]| !(known.contains(&between[0]) && known.contains(&between[1]));
        if random.below(3) == 0 {
            conflicts.push(between);
        } else if synergies.iter().all(|synergy| is_new(&synergy.between)) {
            synergies.push(Synergy { between, bonus: Cents::new(whole(&mut random, -30_000, 50_000)) });
        }
    }
    let risk = match random.below(3) {
        0 => Risk::Ignored,
        1 => Risk::Assumed { aversion: 0.0005, deviation_share: 0.6, correlation: 0.4 },
        _ => {
            let factor: Vec<f64> = (0..2 * n).map(|_| f64::from(i32::try_from(whole(&mut random, -600, 600)).expect("small"))).collect();
            let covariance =
                (0..n).map(|one| (0..n).map(|other| factor[one] * factor[other] + factor[n + one] * factor[n + other]).collect()).collect();
            Risk::Given { aversion: 0.0004, covariance }
        }
    };
    let share = |random: &mut Random, sum: i64| sum * whole(random, 1, 9) / 10;
    let budget = Cents::new(share(&mut random, projects.iter().map(|project| project.cost.get()).sum()));
    let weekly_minutes = share(&mut random, projects.iter().map(|project| project.weekly_minutes).sum());
    Input { projects, budget, weekly_minutes, synergies, conflicts, risk }
}

/// What a choice is worth by the words of the input alone, or none where it breaks a rule.
fn independent(input: &Input, chosen: &[bool]) -> Option<f64> {
    let is = |name: &String| input.projects.iter().zip(chosen).any(|(project, chosen)| project.name == *name && *chosen);
    let all = || input.projects.iter().zip(chosen).filter(|(_, chosen)| **chosen).map(|(project, _)| project);
    let fits = all().map(|project| project.cost.get()).sum::<i64>() <= input.budget.get()
        && all().map(|project| project.weekly_minutes).sum::<i64>() <= input.weekly_minutes
        && input.conflicts.iter().all(|[one, other]| !(is(one) && is(other)))
        && input.projects.iter().all(|project| !project.required || is(&project.name));
    let value = |cents: Cents| text::real(cents);
    let covariance = |one: usize, other: usize| {
        let (a, b) = (&input.projects[one], &input.projects[other]);
        match &input.risk {
            Risk::Ignored => 0.0,
            Risk::Given { aversion, covariance } => aversion * covariance[one][other],
            Risk::Assumed { aversion, deviation_share, correlation } => {
                let together = if one == other {
                    1.0
                } else if a.industry == b.industry {
                    *correlation
                } else {
                    0.0
                };
                aversion * together * deviation_share * deviation_share * value(a.value).abs() * value(b.value).abs()
            }
        }
    };
    let mut worth: f64 = all().map(|project| value(project.value)).sum();
    worth += input.synergies.iter().filter(|s| is(&s.between[0]) && is(&s.between[1])).map(|s| value(s.bonus)).sum::<f64>();
    for one in (0..chosen.len()).filter(|one| chosen[*one]) {
        worth -= (0..chosen.len()).filter(|other| chosen[*other]).map(|other| covariance(one, other)).sum::<f64>();
    }
    fits.then_some(worth)
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-6 * (1.0 + one.abs())
}

fn solved(input: &Input) -> Outcome<Choice> {
    Portfolio::new(input.clone()).expect("within its rules").solve(&Params::default(), &Run::default()).expect("fine parameters")
}

fn as_flags(input: &Input, names: &[String]) -> Vec<bool> {
    input.projects.iter().map(|project| names.contains(&project.name)).collect()
}

#[test]
fn answers_are_those_of_looking_at_every_choice_and_explain_themselves_truly() {
    let (mut feasible, mut infeasible) = (0, 0);
    for seed in 0..150 {
        let n = usize::try_from(seed).expect("small") % 11;
        let input = random_input(n, seed);
        let all = (0..1_u32 << n).map(|bits| (0..n).map(|at| bits >> at & 1 == 1).collect::<Vec<_>>());
        let best = all.filter_map(|chosen| independent(&input, &chosen)).reduce(f64::max);
        let outcome = solved(&input);
        let Some(best) = best else {
            infeasible += 1;
            assert!(matches!(outcome, Outcome::Infeasible(_)), "seed {seed}");
            continue;
        };
        feasible += 1;
        let answer = outcome.answer().expect("there is one");
        assert!(answer.optimal && close(answer.worth, best) && close(answer.at_most, best), "seed {seed}: {} {best}", answer.worth);
        check_explanation(&input, answer, seed);
    }
    assert!(feasible > 100 && infeasible > 5, "{feasible} {infeasible}");
}

fn check_explanation(input: &Input, answer: &Choice, seed: u64) {
    let told = &answer.explanation;
    let chosen = as_flags(input, &answer.chosen);
    let worth = independent(input, &chosen).expect("it keeps every rule");
    assert!(close(answer.worth, worth), "seed {seed}");
    assert!(close(told.value + told.bonus - told.risk_cost, worth), "seed {seed}");
    let greedy = as_flags(input, &told.greedy.chosen);
    assert!(independent(input, &greedy).is_some_and(|greedy| close(greedy, told.greedy.worth) && greedy <= worth + 1e-6), "seed {seed}");
    let sum = |of: fn(&Project) -> i64| -> i64 { input.projects.iter().zip(&chosen).filter(|(_, c)| **c).map(|(p, _)| of(p)).sum() };
    assert_eq!((told.used.get(), told.budget), (sum(|project| project.cost.get()), input.budget), "seed {seed}");
    assert_eq!((told.used_minutes, told.weekly_minutes), (sum(|project| project.weekly_minutes), input.weekly_minutes), "seed {seed}");
    for project in &told.left_out {
        let at = input.projects.iter().position(|other| other.name == project.name).expect("one of them");
        let mut with = chosen.clone();
        with[at] = true;
        let without_limits = Input { budget: check::MAX_MONEY, weekly_minutes: MAX_MINUTES, conflicts: Vec::new(), ..input.clone() };
        assert!(close(independent(&without_limits, &with).expect("no limits") - worth, project.would_add), "seed {seed}");
        let blocked = independent(input, &with).is_none();
        let by_limit = project.reasons.iter().any(|reason| !matches!(reason, Reason::NotWorth | Reason::Rounding));
        assert_eq!(blocked, by_limit, "seed {seed}: {project:?}");
    }
    for project in &told.chosen {
        let mut without = chosen.clone();
        without[input.projects.iter().position(|other| other.name == project.name).expect("one of them")] = false;
        let optional =
            Input { projects: input.projects.iter().map(|p| Project { required: false, ..p.clone() }).collect(), ..input.clone() };
        assert!(close(worth - independent(&optional, &without).expect("less is allowed"), project.adds), "seed {seed}");
    }
    for relief in &told.reliefs {
        assert!(relief.proved && relief.gain >= 0.0, "seed {seed}");
    }
    let hour = Input { weekly_minutes: input.weekly_minutes + 60, ..input.clone() };
    let gain = told.reliefs.iter().find(|relief| relief.by == "1 h").expect("always there").gain;
    if input.projects.len() < 9 {
        let n = input.projects.len();
        let all = (0..1_u32 << n).map(|bits| (0..n).map(|at| bits >> at & 1 == 1).collect::<Vec<_>>());
        let best = all.filter_map(|chosen| independent(&hour, &chosen)).reduce(f64::max).expect("feasible before");
        assert!(close(best - worth, gain), "seed {seed}");
    }
}

#[test]
fn the_qubo_keeps_every_rule_and_mostly_finds_the_best_of_small_ones() {
    let (mut best, mut all) = (0, 0);
    for seed in 0..30 {
        let input = random_input(12, seed);
        let portfolio = Portfolio::new(input.clone()).expect("within its rules");
        if portfolio.conflict().is_some() {
            continue;
        }
        let (found, solver) = search::by_qubo(&portfolio, &Params { num_reads: 8, ..Params::default() }, &Run::default()).expect("fine");
        let worth = independent(&input, &found);
        assert!(worth.is_some() && solver.starts_with("auto("), "seed {seed}");
        all += 1;
        best += usize::from(close(worth.unwrap_or(0.0), solved(&input).answer().expect("feasible").worth));
    }
    assert!(all > 15 && best * 10 >= all * 8, "{best} of {all}");
}

#[test]
fn large_portfolios_are_never_worse_than_greedy_and_never_called_the_best_without_proof() {
    for seed in 0..2 {
        let mut input = random_input(60, seed);
        input.projects.iter_mut().for_each(|project| project.required = false);
        let params = Params { num_reads: 2, num_sweeps: Some(50), seed, ..Params::default() };
        let portfolio = Portfolio::new(input.clone()).expect("within its rules");
        let outcome = portfolio.solve(&params, &Run::default()).expect("fine parameters");
        assert_eq!(Ok(outcome.clone()), portfolio.solve(&params, &Run::default()), "the same seed, the same answer");
        let answer = outcome.answer().expect("nothing is required");
        assert!(answer.worth >= answer.explanation.greedy.worth && answer.at_most >= answer.worth, "seed {seed}");
        assert!(independent(&input, &as_flags(&input, &answer.chosen)).is_some_and(|worth| close(worth, answer.worth)), "seed {seed}");
        assert!(answer.optimal || answer.to_string().contains("not proved"), "seed {seed}");
    }
}

#[test]
fn twenty_four_projects_are_certified() {
    for seed in 0..4 {
        let mut input = random_input(CERTIFIED, 100 + seed);
        input.projects.iter_mut().for_each(|project| project.required = false);
        assert!(solved(&input).answer().expect("nothing is required").optimal, "seed {seed}");
    }
}

struct AtOnce;

impl Stop for AtOnce {
    fn should_stop(&self, _: Progress) -> bool {
        true
    }
}

#[test]
fn a_search_that_is_stopped_at_once_has_an_answer_all_the_same() {
    let mut input = random_input(80, 5);
    input.projects.iter_mut().for_each(|project| project.required = false);
    let portfolio = Portfolio::new(input).expect("within its rules");
    let outcome = portfolio.solve(&Params { until_stopped: true, ..Params::default() }, &Run { stop: &AtOnce, ..Run::default() });
    let outcome = outcome.expect("fine parameters");
    let answer = outcome.answer().expect("nothing is required");
    assert!(!answer.optimal && answer.worth >= answer.explanation.greedy.worth);
}

#[test]
fn required_projects_that_cannot_be_are_named_with_the_limit() {
    let project = |name: &str, cost: usize, hours: i64| Project {
        name: name.to_owned(),
        cost: money(cost),
        weekly_minutes: hours * 60,
        value: money(100),
        required: true,
        ..Project::default()
    };
    let input = |projects: Vec<Project>| Input { projects, budget: money(1000), weekly_minutes: 600, ..Input::default() };
    let check = |input: Input, wanted: &str| {
        let outcome = solved(&input);
        let text = outcome.to_string();
        assert!(matches!(outcome, Outcome::Infeasible(_)) && text.contains(wanted), "{text}");
    };
    check(
        input(vec![project("a", 700, 1), project("b", 700, 1), project("free", 0, 1)]),
        "$1,400.00 together, $400.00 more than the budget",
    );
    check(input(vec![project("a", 1, 6), project("b", 1, 6)]), "12 h a week, 2 h more than there are");
    let mut both = input(vec![project("a", 1, 1), project("b", 1, 1)]);
    both.conflicts.push(["b".to_owned(), "a".to_owned()]);
    check(both, "a and b exclude each other");
}

#[test]
fn degenerate_inputs_have_answers() {
    let empty = solved(&Input::default());
    assert_eq!(empty.answer().map(|answer| (answer.worth, answer.optimal)), Some((0.0, true)));
    let one = Project { name: "one".to_owned(), cost: money(1), value: money(5), ..Project::default() };
    let broke = solved(&Input { projects: vec![one.clone()], ..Input::default() });
    assert_eq!(broke.answer().map(|answer| answer.chosen.len()), Some(0));
    assert_eq!(broke.answer().expect("an answer").explanation.left_out[0].reasons, [Reason::Budget { short: money(1) }]);
    let loss = Project { value: money(5).minus(money(9)), ..one.clone() };
    let loss = solved(&Input { projects: vec![loss], budget: money(9), weekly_minutes: 9, ..Input::default() });
    assert_eq!(loss.answer().expect("an answer").explanation.left_out[0].reasons, [Reason::NotWorth]);
    let huge = Project { cost: check::MAX_MONEY, value: check::MAX_MONEY, ..one };
    let huge = solved(&Input { projects: vec![huge], budget: check::MAX_MONEY, ..Input::default() });
    assert_eq!(huge.answer().map(|answer| answer.worth), Some(1e10));
}

#[test]
fn inputs_that_break_a_rule_are_refused_with_the_field() {
    let project = |name: &str| Project { name: name.to_owned(), ..Project::default() };
    let base = || Input { projects: vec![project("a"), project("b")], ..Input::default() };
    let check = |change: &dyn Fn(&mut Input), wanted: &str| {
        let mut input = base();
        change(&mut input);
        let error = Portfolio::new(input).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}");
    };
    check(&|input| input.budget = Cents::new(-1), "budget must not be negative, and is -$0.01");
    check(&|input| input.projects[1].cost = Cents::new(-300), "projects[1].cost must not be negative, and is -$3.00");
    check(&|input| input.projects[1].value = Cents::new(i64::MIN), "projects[1].value must be at most $10,000,000,000.00");
    check(&|input| input.projects[0].weekly_minutes = -1, "projects[0].weekly_minutes must be from 0");
    check(&|input| input.weekly_minutes = i64::MAX, "weekly_minutes must be from 0");
    check(&|input| input.projects[1].name = "a".to_owned(), "projects[1].name is \"a\", as that of projects[0]");
    check(&|input| input.projects[1].name = "\n".to_owned(), "projects[1].name must be 1 to 80 characters");
    check(&|input| input.projects = (0..=MAX_PROJECTS).map(|at| project(&at.to_string())).collect(), "projects has 401 entries");
    check(&|input| input.conflicts = vec![["a".to_owned(), "c".to_owned()]], "conflicts[0] names \"c\", and there is no such project");
    check(&|input| input.conflicts = vec![["a".to_owned(), "a".to_owned()]], "conflicts[0] must name two that differ");
    let given = |aversion: f64, covariance: Vec<Vec<f64>>| {
        move |input: &mut Input| input.risk = Risk::Given { aversion, covariance: covariance.clone() }
    };
    check(&given(f64::NAN, Vec::new()), "risk.aversion must be a number from 0 to 1, not NaN");
    check(&given(0.1, Vec::new()), "risk.covariance must have a row for each of 2 projects, and has 0");
    check(&given(0.1, vec![vec![1.0, 0.0], vec![0.0]]), "risk.covariance[1] must have a number for each");
    check(&given(0.1, vec![vec![1.0, 0.0], vec![0.0, f64::INFINITY]]), "risk.covariance[1][1] must be a number");
    check(&given(0.1, vec![vec![1.0, 2.0], vec![2.0, 1.0]]), "risk.covariance must be positive semidefinite");
    let assumed = |deviation_share: f64, correlation: f64| {
        move |input: &mut Input| input.risk = Risk::Assumed { aversion: 0.0, deviation_share, correlation }
    };
    check(&assumed(-1.0, 0.0), "risk.deviation_share must be a number from 0 to 10");
    check(&assumed(1.0, 1.5), "risk.correlation must be a number from 0 to 1");
}
