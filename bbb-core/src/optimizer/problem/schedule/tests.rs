use super::board::{Board, Part};
use super::*;
use crate::optimizer::problem::tests::best_of_all;
use crate::optimizer::random::Random;
use crate::optimizer::sampler::{Progress, Stop};

fn whole(random: &mut Random, low: i64, high: i64) -> i64 {
    low + i64::try_from(random.below(usize::try_from(high - low + 1).expect("small"))).expect("small")
}

fn small(random: &mut Random, low: u32, high: u32) -> u32 {
    low + u32::try_from(random.below((high - low + 1) as usize)).expect("small")
}

/// A few tasks of every kind in a week of two short days.
fn random_input(seed: u64) -> Input {
    let mut random = Random::new(seed, 15);
    let n = random.below(5);
    let per_day = small(&mut random, 2, 4);
    let days = vec!["Mon".to_owned(), "Tue".to_owned()];
    let name = |at: usize| format!("t{at}");
    let window = |random: &mut Random| {
        let from = small(random, 0, per_day - 1);
        Window {
            day: [None, Some("Mon".to_owned()), Some("Tue".to_owned())][random.below(3)].clone(),
            from,
            to: small(random, from + 1, per_day),
        }
    };
    let resources: Vec<Resource> =
        (0..2).map(|at| Resource { name: format!("r{at}"), capacity: [0, 1, 1, 1, 2, 2][random.below(6)] }).collect();
    let tasks = (0..n)
        .map(|at| Task {
            name: name(at),
            slots: small(&mut random, 1, 3),
            windows: (0..[0, 0, 1, 2][random.below(4)]).map(|_| window(&mut random)).collect(),
            prefer: (0..random.below(3)).map(|_| Preference { window: window(&mut random), bonus: whole(&mut random, -5, 9) }).collect(),
            resources: resources.iter().filter(|_| random.below(3) == 0).map(|resource| resource.name.clone()).collect(),
            after: (0..at).filter(|_| random.below(4) == 0).map(name).collect(),
            optional: random.below(3) == 0,
            value: whole(&mut random, -3, 9),
        })
        .collect();
    let mut clashes = Vec::new();
    for one in 0..n {
        clashes.extend((0..one).filter(|_| random.below(4) == 0).map(|other| [name(other), name(one)]));
    }
    Input { days, day_start_minute: 540, slot_minutes: 60, slots_per_day: per_day, tasks, resources, clashes }
}

/// The points of a schedule by the words of the input alone, or none where it breaks a rule.
fn independent(input: &Input, starts: &[Option<usize>]) -> Option<i64> {
    let per_day = input.slots_per_day as usize;
    let mut points = 0;
    let spans: Vec<Option<Range<usize>>> =
        input.tasks.iter().zip(starts).map(|(task, start)| start.map(|start| start..start + task.slots as usize)).collect();
    let of = |name: &String| spans[input.tasks.iter().position(|task| task.name == *name).expect("one of them")].clone();
    let apart = |one: &Range<usize>, other: &Range<usize>| one.end <= other.start || other.end <= one.start;
    for (task, span) in input.tasks.iter().zip(&spans) {
        let Some(span) = span else {
            if task.optional {
                continue;
            }
            return None;
        };
        if span.start / per_day != (span.end - 1) / per_day || span.end > per_day * input.days.len() {
            return None;
        }
        let lies_in = |window: &Window| {
            let day = &input.days[span.start / per_day];
            let from = span.start % per_day;
            window.day.as_ref().is_none_or(|own| own == day)
                && from >= window.from as usize
                && from + task.slots as usize <= window.to as usize
        };
        if !task.windows.is_empty() && !task.windows.iter().any(lies_in) {
            return None;
        }
        if task.after.iter().filter_map(of).any(|first| first.end > span.start) {
            return None;
        }
        points += task.value + task.prefer.iter().filter(|liked| lies_in(&liked.window)).map(|liked| liked.bonus).sum::<i64>();
    }
    let clash = |[one, other]: &[String; 2]| of(one).zip(of(other)).is_some_and(|(one, other)| !apart(&one, &other));
    if input.clashes.iter().any(clash) {
        return None;
    }
    for resource in &input.resources {
        for slot in 0..per_day * input.days.len() {
            let users =
                input.tasks.iter().zip(&spans).filter(|(task, span)| {
                    task.resources.contains(&resource.name) && span.as_ref().is_some_and(|span| span.contains(&slot))
                });
            if users.count() > resource.capacity as usize {
                return None;
            }
        }
    }
    Some(points)
}

fn best(input: &Input) -> Option<i64> {
    best_of_all(input.tasks.len(), input.days.len() * input.slots_per_day as usize, |starts| independent(input, starts))
}

fn solved(input: &Input) -> Outcome<Timetable> {
    Schedule::new(input.clone()).expect("within its rules").solve(&Params::default(), &Run::default()).expect("fine parameters")
}

#[test]
fn answers_are_those_of_looking_at_every_schedule_and_explain_themselves_truly() {
    let (mut feasible, mut infeasible, mut stuck, mut kept) = (0, 0, 0, 0);
    for seed in 0..500 {
        let input = random_input(seed);
        let outcome = solved(&input);
        let Some(best) = best(&input) else {
            infeasible += 1;
            assert!(matches!(outcome, Outcome::Infeasible(_)), "seed {seed}");
            continue;
        };
        feasible += 1;
        let answer = outcome.answer().unwrap_or_else(|| panic!("seed {seed}: {outcome}"));
        assert_eq!((independent(&input, &answer.starts), answer.worth, answer.optimal), (Some(best), best, true), "seed {seed}");
        let told = &answer.explanation;
        stuck += usize::from(told.greedy.worth.is_none());
        assert!(told.greedy.worth.is_none_or(|greedy| greedy <= best), "seed {seed}");
        assert_eq!(told.greedy.worth.is_none(), !told.greedy.stuck.is_empty(), "seed {seed}");
        assert_eq!(told.placed.iter().map(|placed| placed.worth).sum::<i64>(), best, "seed {seed}");
        for placed in &told.placed {
            kept += placed.kept_by.len();
            // In an optimal schedule something keeps each task from a better place.
            assert_eq!(placed.worth < placed.at_best, !placed.kept_by.is_empty(), "seed {seed}: {placed:?}");
        }
        for left in &told.left_out {
            assert_eq!(left.at_best.is_some_and(|best| best > 0), !left.kept_by.is_empty(), "seed {seed}: {left:?}");
        }
        for relief in &told.reliefs {
            let mut wider = input.clone();
            match wider.resources.iter_mut().find(|resource| resource.name == relief.limit) {
                Some(resource) => resource.capacity += 1,
                None => continue,
            }
            let gain = self::best(&wider).expect("feasible before") - best;
            assert!(relief.proved && relief.gain == f64::from(i32::try_from(gain).expect("small")), "seed {seed}");
        }
    }
    assert!(feasible > 200 && infeasible > 100 && stuck > 2 && kept > 8, "{feasible} {infeasible} {stuck} {kept}");
}

#[test]
fn a_conflict_is_impossible_by_itself_and_nothing_of_it_can_be_spared() {
    let mut checked = 0;
    for seed in 0..300 {
        let input = random_input(seed);
        let Some(conflict) = solved(&input).conflict().cloned() else { continue };
        checked += 1;
        let named = |name: &String| conflict.constraints.iter().any(|told| told.starts_with(&format!("{name} takes")));
        let tasks: Vec<String> = input.tasks.iter().map(|task| task.name.clone()).filter(named).collect();
        assert!(!tasks.is_empty(), "seed {seed}");
        let only = |kept: &[String]| {
            let mut only = input.clone();
            only.tasks.retain(|task| kept.contains(&task.name));
            only.tasks.iter_mut().for_each(|task| task.after.retain(|first| kept.contains(first)));
            only.clashes.retain(|pair| pair.iter().all(|name| kept.contains(name)));
            only
        };
        assert_eq!(best(&only(&tasks)), None, "seed {seed}: {conflict}");
        for spared in 0..tasks.len() {
            let mut fewer = tasks.clone();
            fewer.remove(spared);
            assert!(best(&only(&fewer)).is_some(), "seed {seed}: {conflict}");
        }
    }
    assert!(checked > 60, "{checked}");
}

#[test]
fn boards_are_the_same_after_turning_back() {
    for seed in 0..60 {
        let schedule = Schedule::new(random_input(seed)).expect("within its rules");
        let part = Part::all(&schedule);
        let mut board = Board::new(&schedule, &part);
        let before = board.clone();
        let mut random = Random::new(seed, 16);
        let mut turned = Vec::new();
        for task in 0..schedule.input.tasks.len() {
            let free: Vec<usize> = schedule.of_task[task].clone().filter(|place| board.blocked[*place] == 0).collect();
            if !free.is_empty() {
                turned.push(free[random.below(free.len())]);
                board.turn(turned[turned.len() - 1]);
            }
        }
        let starts: Vec<Option<usize>> = board.placed.iter().map(|place| place.map(|place| schedule.places[place].start)).collect();
        let mut optional = schedule.input.clone();
        optional.tasks.iter_mut().for_each(|task| task.optional = true);
        assert_eq!(independent(&optional, &starts), Some(board.worth), "free places keep every rule, seed {seed}");
        random_order(&mut turned, &mut random);
        turned.into_iter().for_each(|place| board.turn(place));
        assert_eq!((&board.blocked, &board.free, board.worth), (&before.blocked, &before.free, 0), "seed {seed}");
    }
}

fn random_order(places: &mut [usize], random: &mut Random) {
    for at in (1..places.len()).rev() {
        places.swap(at, random.below(at + 1));
    }
}

/// Lessons of three classes and four teachers in two rooms, a hundred and more places each.
fn school(lessons: usize) -> Input {
    let task = |at: usize| Task {
        name: format!("lesson {at}"),
        slots: 1 + u32::from(at.is_multiple_of(4)),
        prefer: vec![Preference { window: Window { day: None, from: 0, to: 3 }, bonus: 1 + i64::try_from(at % 3).expect("small") }],
        resources: vec![format!("class {}", at % 3), format!("teacher {}", at % 4), "room".to_owned()],
        ..Task::default()
    };
    let one = |name: String| Resource { name, capacity: 1 };
    let mut resources: Vec<Resource> =
        (0..3).map(|at| one(format!("class {at}"))).chain((0..4).map(|at| one(format!("teacher {at}")))).collect();
    resources.push(Resource { name: "room".to_owned(), capacity: 2 });
    Input {
        days: ["Mon", "Tue", "Wed"].map(str::to_owned).to_vec(),
        day_start_minute: 480,
        slot_minutes: 60,
        slots_per_day: 6,
        tasks: (0..lessons).map(task).collect(),
        resources,
        clashes: Vec::new(),
    }
}

#[test]
fn the_qubo_keeps_every_rule_once_it_is_repaired() {
    let input = school(16);
    let schedule = Schedule::new(input.clone()).expect("within its rules");
    let part = Part::all(&schedule);
    let params = Params { num_reads: 2, num_sweeps: Some(100), ..Params::default() };
    let (boards, solver) = search::by_qubo(&schedule, &part, &params, &Run::default()).expect("fine").expect("not too large");
    assert!(solver.starts_with("auto("), "{solver}");
    let mut complete = 0;
    for board in boards.iter().filter(|board| board.is_complete()) {
        complete += 1;
        let starts: Vec<Option<usize>> = board.placed.iter().map(|place| place.map(|place| schedule.places[place].start)).collect();
        assert_eq!(independent(&input, &starts), Some(board.worth));
    }
    assert!(complete > 0);
}

/// Stops after a look or two, so that nothing can be proved.
struct Soon;

impl Stop for Soon {
    fn should_stop(&self, _: Progress) -> bool {
        true
    }
}

#[test]
fn what_is_neither_found_nor_excluded_is_unknown_and_names_what_was_in_the_way() {
    // Pigeons: eight tasks that all clash with each other, for seven slots. Counting does not see it, since no resource is in it.
    let task = |at: usize| Task { name: format!("t{at}"), slots: 1, ..Task::default() };
    let names: Vec<String> = (0..8).map(|at| format!("t{at}")).collect();
    let mut clashes = Vec::new();
    for one in 0..8 {
        clashes.extend((0..one).map(|other| [names[other].clone(), names[one].clone()]));
    }
    let input = Input {
        days: vec!["Mon".to_owned()],
        slot_minutes: 60,
        slots_per_day: 7,
        tasks: (0..8).map(task).collect(),
        clashes,
        ..Input::default()
    };
    let schedule = Schedule::new(input).expect("within its rules");
    let stopped = schedule.solve(&Params::default(), &Run { stop: &Soon, ..Run::default() }).expect("fine parameters");
    let text = stopped.to_string();
    assert!(matches!(stopped, Outcome::Unknown(_)) && text.contains("there may be one") && text.contains("clash"), "{text}");
    let ended = schedule.solve(&Params::default(), &Run::default()).expect("fine parameters");
    let conflict = ended.conflict().expect("eight of seven");
    assert!(matches!(ended, Outcome::Infeasible(_)) && conflict.constraints.len() == 8 + 28, "{conflict}");
}

#[test]
fn conflicts_say_what_is_wrong_in_a_founders_words() {
    let task = |name: &str, slots: u32| Task { name: name.to_owned(), slots, ..Task::default() };
    let base = Input { days: vec!["Mon".to_owned()], day_start_minute: 540, slot_minutes: 30, slots_per_day: 4, ..Input::default() };
    let check = |input: Input, wanted: &[&str]| {
        let outcome = solved(&input);
        let text = outcome.to_string();
        assert!(matches!(outcome, Outcome::Infeasible(_)), "{text}");
        wanted.iter().for_each(|wanted| assert!(text.contains(wanted), "{wanted} is missing in {text}"));
    };
    let morning = Window { day: Some("Mon".to_owned()), from: 0, to: 2 };
    let short = Task { windows: vec![morning.clone()], ..task("pitch", 3) };
    check(Input { tasks: vec![short], ..base.clone() }, &["pitch fits nowhere", "pitch takes 1.5 h within Mon 09:00-10:00"]);
    let both =
        Input { tasks: vec![task("a", 3), task("b", 2), task("c", 1)], clashes: vec![["a".to_owned(), "b".to_owned()]], ..base.clone() };
    check(both, &["a and b cannot both be done: each of the 2 places", "a and b clash"]);
    let order = Input { tasks: vec![task("a", 3), Task { after: vec!["a".to_owned()], ..task("b", 2) }], ..base.clone() };
    check(order, &["b comes after a"]);
    let room = |name: &str, slots: u32| Task { resources: vec!["room".to_owned()], ..task(name, slots) };
    let full = Input {
        tasks: vec![room("a", 2), room("b", 1), room("c", 2), task("free", 1)],
        resources: vec![Resource { name: "room".to_owned(), capacity: 1 }],
        ..base
    };
    check(full, &["a, b and c take more than there is", "room is for 1 at once"]);
}

#[test]
fn large_schedules_are_never_worse_than_greedy_and_the_same_for_the_same_seed() {
    let input = school(20);
    let params = Params { num_reads: 1, num_sweeps: Some(50), seed: 3, ..Params::default() };
    let schedule = Schedule::new(input.clone()).expect("within its rules");
    let outcome = schedule.solve(&params, &Run::default()).expect("fine parameters");
    assert_eq!(Ok(&outcome), schedule.solve(&params, &Run::default()).as_ref());
    let answer = outcome.answer().expect("there is room");
    assert_eq!(independent(&input, &answer.starts), Some(answer.worth));
    assert!(answer.explanation.greedy.worth.is_none_or(|greedy| greedy <= answer.worth));
}

#[test]
fn degenerate_inputs_have_answers() {
    let empty = Input { slot_minutes: 1, slots_per_day: 1, ..Input::default() };
    assert_eq!(solved(&empty).answer().map(|answer| (answer.worth, answer.optimal)), Some((0, true)));
    let task = Task { name: "t".to_owned(), slots: 1, optional: true, value: 5, ..Task::default() };
    let nowhere = solved(&Input { tasks: vec![task.clone()], ..empty.clone() });
    assert_eq!(nowhere.answer().expect("an answer").explanation.left_out[0].at_best, None);
    let must = Input { tasks: vec![Task { optional: false, ..task.clone() }], ..empty.clone() };
    assert!(matches!(solved(&must), Outcome::Infeasible(_)));
    let day = Input { days: vec!["d".to_owned()], tasks: vec![Task { value: -5, ..task }], ..empty };
    assert_eq!(solved(&day).answer().map(|answer| answer.starts.clone()), Some(vec![None]));
}

#[test]
fn inputs_that_break_a_rule_are_refused_with_the_field() {
    let check = |change: &dyn Fn(&mut Input), wanted: &str| {
        let task = Task { name: "t".to_owned(), slots: 1, ..Task::default() };
        let mut input = Input { days: vec!["Mon".to_owned()], slot_minutes: 60, slots_per_day: 8, tasks: vec![task], ..Input::default() };
        change(&mut input);
        let error = Schedule::new(input).expect_err(wanted).to_string();
        assert!(error.contains(wanted), "{error}");
    };
    let window = |from: u32, to: u32| Window { day: None, from, to };
    check(&|input| input.slot_minutes = 0, "slot_minutes must be from 1 to 1440, and is 0");
    check(&|input| input.slots_per_day = 30, "slots_per_day makes the day end 1800 minutes after midnight");
    check(&|input| input.slots_per_day = u32::MAX, "slots_per_day must be from 1 to 1440");
    check(&|input| input.days.push("Mon".to_owned()), "days[1].name is \"Mon\"");
    check(&|input| input.tasks[0].slots = 0, "tasks[0].slots must be at least 1");
    check(&|input| input.tasks[0].value = i64::MIN, "tasks[0].value must be at most 1000000000");
    check(&|input| input.tasks[0].windows = vec![window(3, 3)], "tasks[0].windows[0] must go from a slot to a later one, of the 8");
    check(&|input| input.tasks[0].windows = vec![window(3, 9)], "tasks[0].windows[0] must go");
    check(&|input| input.tasks[0].prefer = vec![Preference { window: window(5, 4), bonus: 1 }], "tasks[0].prefer[0].window must go");
    let sunday = || Window { day: Some("Sun".to_owned()), ..window(0, 1) };
    check(&|input| input.tasks[0].windows = vec![sunday()], "tasks[0].windows[0].day names \"Sun\", and there is no such day");
    check(&|input| input.tasks[0].after = vec!["t".to_owned()], "tasks[0].after[0] names the task itself");
    check(&|input| input.tasks[0].after = vec!["u".to_owned()], "tasks[0].after[0] names \"u\", and there is no such task");
    check(&|input| input.tasks[0].resources = vec!["r".to_owned()], "tasks[0].resources[0] names \"r\"");
    check(&|input| input.clashes = vec![["t".to_owned(), "t".to_owned()]], "clashes[0] must name two that differ");
    check(&|input| input.days = (0..300).map(|day| day.to_string()).collect(), "slots of all days, which has 2400 entries");
}
