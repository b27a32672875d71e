use super::*;
use crate::optimizer::problem::tests::best_of_all;
use crate::optimizer::random::Random;

const SKILLS: [&str; 3] = ["write", "code", "call"];

fn whole(random: &mut Random, low: i64, high: i64) -> i64 {
    low + i64::try_from(random.below(usize::try_from(high - low + 1).expect("small"))).expect("small")
}

fn skills(random: &mut Random, one_in: usize) -> Vec<String> {
    SKILLS.iter().filter(|_| random.below(one_in) == 0).map(|skill| (*skill).to_owned()).collect()
}

fn random_input(seed: u64) -> Input {
    let mut random = Random::new(seed, 13);
    let tasks: Vec<Task> = (0..random.below(6))
        .map(|at| Task {
            name: format!("t{at}"),
            skills: skills(&mut random, 4),
            value: Cents::new(whole(&mut random, -10, 60)),
            optional: random.below(2) == 0,
        })
        .collect();
    let agents: Vec<Agent> = (0..random.below(5))
        .map(|at| Agent {
            name: format!("a{at}"),
            skills: [skills(&mut random, 2), skills(&mut random, 2)].concat(),
            capacity: u32::try_from(random.below(4)).expect("small"),
            cost: Cents::new(whole(&mut random, -5, 40)),
        })
        .collect();
    let mut costs: Vec<PairCost> = Vec::new();
    for task in &tasks {
        for agent in &agents {
            if random.below(3) == 0 {
                let cost = Cents::new(whole(&mut random, -5, 40));
                costs.push(PairCost { task: task.name.clone(), agent: agent.name.clone(), cost });
            }
        }
    }
    Input { tasks, agents, costs }
}

/// What a plan is worth by the words of the input alone, or none where it breaks a rule.
fn independent(input: &Input, agents: &[Option<usize>]) -> Option<i64> {
    let mut room: Vec<u32> = input.agents.iter().map(|agent| agent.capacity).collect();
    let mut worth = 0;
    for (task, agent) in input.tasks.iter().zip(agents) {
        let Some(at) = *agent else {
            if task.optional {
                continue;
            }
            return None;
        };
        let agent = &input.agents[at];
        room[at] = room[at].checked_sub(1)?;
        if !task.skills.iter().all(|skill| agent.skills.contains(skill)) {
            return None;
        }
        let own = input.costs.iter().find(|pair| pair.task == task.name && pair.agent == agent.name);
        worth += task.value.get() - own.map_or(agent.cost, |pair| pair.cost).get();
    }
    Some(worth)
}

fn best(input: &Input) -> Option<i64> {
    best_of_all(input.tasks.len(), input.agents.len(), |agents| independent(input, agents))
}

fn solved(input: &Input) -> Outcome<Plan> {
    Assignment::new(input.clone()).expect("within its rules").solve()
}

#[test]
fn answers_are_those_of_looking_at_every_plan_and_explain_themselves_truly() {
    let (mut feasible, mut infeasible, mut stuck, mut helped) = (0, 0, 0, 0);
    for seed in 0..600 {
        let input = random_input(seed);
        let outcome = solved(&input);
        let Some(best) = best(&input) else {
            infeasible += 1;
            check_violator(&input, seed);
            assert!(matches!(outcome, Outcome::Infeasible(_)), "seed {seed}");
            continue;
        };
        feasible += 1;
        let plan = outcome.answer().expect("there is one");
        let place = |name: &Option<String>| {
            name.as_ref().map(|name| input.agents.iter().position(|agent| agent.name == *name).expect("one of them"))
        };
        let agents: Vec<Option<usize>> = plan.agents.iter().map(place).collect();
        assert_eq!(independent(&input, &agents), Some(best), "seed {seed}");
        assert_eq!((plan.worth.get(), plan.optimal), (best, true), "seed {seed}");
        assert_eq!(plan.value.minus(plan.cost), plan.worth, "seed {seed}");
        let told = &plan.explanation;
        assert_eq!(told.done.iter().map(|done| done.value.minus(done.cost).get()).sum::<i64>(), best, "seed {seed}");
        stuck += usize::from(told.greedy.worth.is_none());
        assert!(told.greedy.worth.is_none_or(|greedy| greedy <= plan.worth), "seed {seed}");
        assert_eq!(told.greedy.worth.is_none(), !told.greedy.stuck.is_empty());
        for load in &told.loads {
            let used = plan.agents.iter().filter(|agent| agent.as_ref() == Some(&load.agent)).count();
            assert!(load.used as usize == used && load.used <= load.of, "seed {seed}");
        }
        // What more room would bring, for each agent that is told of and each that is not.
        for (at, agent) in input.agents.iter().enumerate() {
            let mut wider = input.clone();
            wider.agents[at].capacity += 1;
            let gain = self::best(&wider).expect("feasible before") - best;
            let relief = told.reliefs.iter().find(|relief| relief.limit == format!("for {}", agent.name));
            assert_eq!(relief.map_or(0.0, |relief| relief.gain), super::super::text::real(Cents::new(gain)), "seed {seed}");
            helped += usize::from(gain > 0);
        }
    }
    assert!(feasible > 200 && infeasible > 100 && stuck > 3 && helped > 20, "{feasible} {infeasible} {stuck} {helped}");
}

/// Tasks and agents that prove that there is no plan do prove it.
fn check_violator(input: &Input, seed: u64) {
    let assignment = Assignment::new(input.clone()).expect("within its rules");
    let flow::Violator { tasks, agents } = flow::solve(&assignment).expect_err("infeasible");
    let room: usize = agents.iter().map(|agent| input.agents[*agent].capacity as usize).sum();
    assert_eq!(room + 1, tasks.len(), "seed {seed}");
    for task in tasks {
        assert!(!input.tasks[task].optional, "seed {seed}");
        assert!((0..input.agents.len()).all(|agent| agents.contains(&agent) || assignment.cost(task, agent).is_none()), "seed {seed}");
    }
}

#[test]
fn too_many_tasks_for_too_few_who_can_do_them_are_named() {
    let task = |name: &str| Task { name: name.to_owned(), skills: vec!["code".to_owned()], ..Task::default() };
    let agent = |name: &str, skill: &str| Agent { name: name.to_owned(), skills: vec![skill.to_owned()], capacity: 2, ..Agent::default() };
    let mut input = Input {
        tasks: vec![task("site"), task("shop"), task("bot")],
        agents: vec![agent("Ada", "code"), agent("Bob", "write")],
        costs: Vec::new(),
    };
    let text = solved(&input).to_string();
    assert!(
        text.contains("Only Ada can do site, shop and bot: that is 3 tasks, and they have room for 2.") && !text.contains("Bob"),
        "{text}"
    );
    input.agents[0].skills.clear();
    let text = solved(&input).to_string();
    assert!(text.contains("Nobody has the skills for site."), "{text}");
}

#[test]
fn a_large_assignment_is_proved_by_its_prices() {
    let mut random = Random::new(1, 14);
    let tasks: Vec<Task> = (0..120).map(|at| Task { name: format!("t{at}"), ..Task::default() }).collect();
    let agents: Vec<Agent> = (0..50).map(|at| Agent { name: format!("a{at}"), capacity: 3, ..Agent::default() }).collect();
    let mut costs = Vec::new();
    for task in &tasks {
        for agent in &agents {
            costs.push(PairCost { task: task.name.clone(), agent: agent.name.clone(), cost: Cents::new(whole(&mut random, 1, 1_000_000)) });
        }
    }
    let outcome = solved(&Input { tasks, agents, costs });
    let plan = outcome.answer().expect("room for 150");
    assert!(plan.optimal && plan.explanation.greedy.worth.is_some_and(|greedy| greedy < plan.worth));
}

#[test]
fn degenerate_inputs_have_answers() {
    assert_eq!(solved(&Input::default()).answer().map(|plan| (plan.worth, plan.optimal)), Some((Cents::ZERO, true)));
    let task = |optional: bool| Task { name: "t".to_owned(), value: check::MAX_MONEY, optional, ..Task::default() };
    let alone = |optional: bool| solved(&Input { tasks: vec![task(optional)], ..Input::default() });
    assert!(matches!(alone(false), Outcome::Infeasible(_)));
    let alone = alone(true);
    assert_eq!(alone.answer().expect("an answer").explanation.left_out[0].reason, Reason::Skills);
    let agent = Agent { name: "a".to_owned(), capacity: u32::MAX, cost: Cents::ZERO.minus(check::MAX_MONEY), ..Agent::default() };
    let huge = solved(&Input { tasks: vec![task(false)], agents: vec![agent], ..Input::default() });
    assert_eq!(huge.answer().map(|plan| plan.worth), Some(check::MAX_MONEY.times(2)));
}

#[test]
fn inputs_that_break_a_rule_are_refused_with_the_field() {
    let check = |change: &dyn Fn(&mut Input), wanted: &str| {
        let task = Task { name: "t".to_owned(), ..Task::default() };
        let agent = Agent { name: "a".to_owned(), capacity: 1, ..Agent::default() };
        let mut input = Input { tasks: vec![task], agents: vec![agent], costs: Vec::new() };
        change(&mut input);
        let error = Assignment::new(input).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}");
    };
    let cost = |task: &str, agent: &str| PairCost { task: task.to_owned(), agent: agent.to_owned(), cost: Cents::ZERO };
    check(&|input| input.costs.push(cost("x", "a")), "costs[0].task names \"x\", and there is no such task");
    check(&|input| input.costs.push(cost("t", "x")), "costs[0].agent names \"x\", and there is no such agent");
    check(&|input| input.costs = vec![cost("t", "a"), cost("t", "a")], "costs[1] is the second cost");
    check(&|input| input.agents[0].cost = Cents::new(i64::MAX), "agents[0].cost must be at most");
    check(&|input| input.tasks[0].value = Cents::new(i64::MIN), "tasks[0].value must be at most");
    check(&|input| input.tasks[0].skills = vec![String::new()], "tasks[0].skills[0] must be a name");
    check(&|input| input.tasks.push(input.tasks[0].clone()), "tasks[1].name is \"t\"");
    check(&|input| input.agents.push(input.agents[0].clone()), "agents[1].name is \"a\"");
}
