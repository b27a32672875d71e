//! `bbb optimize` and `bbb bench optimizer`.

use serde_json::Value;

use super::Place;

const TRIANGLE: &str = "3 3\n1 2 1\n1 3 1\n2 3 1\n";
const KNAPSACK: &str = "a knapsack\n3\n5 6 7\n1 2\n3\n\n0\n10\n4 5 6\n";

fn place() -> Place {
    let place = Place::new();
    place.write("triangle.txt", TRIANGLE);
    place.write("knapsack.txt", KNAPSACK);
    place.write("value.qubo", "c sense max\np qubo 0 2 2 1\n0 0 3\n1 1 2\n0 1 -4\n");
    place.write("two.txt", "2\n1 1\n1 1 5\n1 1\n1 1 -5\n");
    place
}

#[test]
fn objectives_are_told_in_the_files_own_sense() {
    let place = place();
    let found = |args: &[&str]| place.bbb(&[&["optimize", "--json", "--reads", "4"], args].concat()).json();
    let check = |value: &Value, objective: i64, energy: i64, solver: &str| {
        let told = [&value["objective"], &value["energy"], &value["feasible"], &value["solver"]];
        assert_eq!(told, [&Value::from(objective), &Value::from(energy), &Value::from(true), &Value::from(solver)], "{value}");
    };
    let cut = found(&["triangle.txt"]);
    check(&cut, 2, -1, "auto(exact)");
    assert_eq!(cut["solution"].as_array().unwrap().len(), 3);
    assert!(cut["solution"].as_array().unwrap().iter().all(|side| side == 0 || side == 1));
    check(&found(&["triangle.txt", "--sense", "min", "--sampler", "sa"]), 0, -3, "sa");
    check(&found(&["value.qubo", "--sampler", "tabu"]), 3, -3, "tabu");
    let knapsack = found(&["knapsack.txt"]);
    check(&knapsack, 14, -14, "knapsack");
    assert_eq!(knapsack["solution"], serde_json::json!([1, 0, 1]));
    check(&found(&["two.txt", "--problem", "2", "--sampler", "sa"]), 0, 0, "sa");
}

#[test]
fn a_search_without_a_clock_is_a_function_of_its_seed_and_one_with_a_target_ends_there() {
    let place = place();
    let found = |args: &[&str]| {
        let mut value = place.bbb(&[&["optimize", "triangle.txt", "--sampler", "sa", "--json"], args].concat()).json();
        for field in ["seconds", "cpu_seconds", "updates_per_second"] {
            value.as_object_mut().unwrap().remove(field).unwrap();
        }
        value
    };
    let once = found(&["--seed", "7", "--reads", "40", "--sweeps", "5"]);
    assert_eq!(once, found(&["--seed", "7", "--reads", "40", "--sweeps", "5", "--threads", "2"]));
    assert_eq!((&once["seed"], &once["reads"]), (&Value::from(7), &Value::from(40)));
    let reached = found(&["--time", "1h", "--target", "2"]);
    assert_eq!(reached["target_reached"], true);
    let bounded = found(&["--cpu-time", "20ms"]);
    assert_eq!((&bounded["objective"], &bounded["target_reached"]), (&Value::from(2), &Value::Null));
}

#[test]
fn an_interrupted_search_tells_its_best_so_far() {
    let place = place();
    let mut running = place.start(&["optimize", "triangle.txt", "--sampler", "sa", "--time", "1h"]);
    running.until("cut 2");
    running.signal("-INT");
    assert_eq!(running.end(), 0);
}

#[test]
fn what_is_no_problem_is_refused_with_the_file_and_the_place() {
    let place = place();
    place.write("broken.txt", "3 3\n1 2 1\n1 4 1\n");
    place.write("nothing.txt", "hello\n");
    std::fs::write(place.path().join("binary.txt"), b"3 3\n\xff\xfe").unwrap();
    let check = |args: &[&str], code: i32, fragment: &str| place.bbb(&[&["optimize"], args].concat()).fails(code, fragment);
    check(&["broken.txt"], 2, "broken.txt, line 3, column 3: a vertex must be from 1 to 3, not 4");
    check(&["nothing.txt"], 2, "none of the formats rudy, qubo");
    check(&["binary.txt"], 2, "binary.txt, line 2: this is no text");
    check(&["absent.txt"], 3, "absent.txt");
    check(&["two.txt"], 2, "two.txt holds 2 problems: say which one, --problem 1 to 2");
    check(&["two.txt", "--problem", "3"], 2, "there is no problem 3");
    check(&["triangle.txt", "--format", "png"], 2, "the formats are");
    check(&["triangle.txt", "--format", "json"], 2, "triangle.txt, line 1, column");
    check(&["triangle.txt", "--sampler", "quantum"], 2, "possible values");
    check(&["triangle.txt", "--time", "0s"], 2, "more than 0");
    check(&["triangle.txt", "--reads", "0"], 2, "--reads");
    check(&["knapsack.txt", "--sense", "min"], 2, "--sense max");
}

#[test]
fn a_bench_compares_with_the_best_known_and_writes_its_table_and_drawing() {
    let place = place();
    std::fs::create_dir(place.path().join("known")).unwrap();
    place.write("known/tri.txt", TRIANGLE);
    place.write("known/jeu.txt", KNAPSACK);
    place.write("known/best_known.tsv", "instance\tbest_known\ntri\t2\njeu\t14\n");
    let args = ["bench", "optimizer", "--instances", "known", "--time", "30ms", "--seeds", "2", "--copies", "2", "--json"];
    let told = place.bbb(&args).json();
    let instances = told["instances"].as_array().unwrap();
    let copies: Vec<&Value> = instances.iter().map(|instance| &instance["copy_of"]).collect();
    assert_eq!(copies, [&Value::Null, &Value::from("tri"), &Value::from("tri"), &Value::Null], "a knapsack has no copies");
    for instance in instances {
        assert_eq!((&instance["median"], &instance["feasible"]), (&instance["best_known"], &Value::from(true)), "{instance}");
        assert_eq!(instance["gap_percent"], 0.0);
    }
    let table = std::fs::read_to_string(place.path().join("bbb-bench/optimizer.csv")).unwrap();
    assert_eq!(table.lines().count(), 1 + 4 * 2);
    let drawing = std::fs::read_to_string(place.path().join("bbb-bench/optimizer.svg")).unwrap();
    assert!(drawing.starts_with("<svg") && drawing.contains("knapsack"));
    let text = place.bbb(&["bench", "optimizer", "--only", "loops-200-dense", "--time", "30ms", "--seeds", "1", "--copies", "1"]).ok();
    assert!(text.contains("loops-200-dense copy 1") && text.contains("hidden in them"), "{text}");
    assert!(text.contains("of their 1 copies in disguise: "), "{text}");
    place.bbb(&["bench", "optimizer", "--instances", "nowhere"]).fails(3, "best_known.tsv");
}

/// The examples, each with the kind of question and what else it needs.
const EXAMPLES: &[(&str, &str, &[&str])] = &[
    ("portfolio", "portfolio.toml", &[]),
    ("portfolio", "portfolio.csv", &["--budget", "9000", "--hours", "40"]),
    ("budget", "budget.toml", &[]),
    ("budget", "budget.csv", &["--budget", "3000", "--step", "50"]),
    ("assignment", "assignment.toml", &[]),
    ("assignment", "assignment.csv", &[]),
    ("schedule", "schedule.toml", &[]),
];

fn examples() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/optimize")
}

#[test]
fn every_example_of_a_question_is_answered_with_a_proof() {
    let place = Place::new();
    for (kind, name, more) in EXAMPLES {
        let file = examples().join(name);
        let args = [&["optimize", kind, file.to_str().unwrap()], *more].concat();
        let told = place.bbb(&[&args[..], &["--json"]].concat()).json();
        assert_eq!(
            (&told["question"], &told["status"], &told["optimal"]),
            (&Value::from(*kind), &Value::from("solved"), &Value::from(true)),
            "{name}: {told}"
        );
        let text = place.bbb(&args).ok();
        assert!(text.contains("proved to be the best"), "{name}: {text}");
    }
    let mut there: Vec<String> =
        std::fs::read_dir(examples()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    let mut tried: Vec<&str> = EXAMPLES.iter().map(|(_, name, _)| *name).collect();
    tried.sort_unstable();
    assert_eq!(there, tried, "an example that nothing tries");
}

#[test]
fn an_answer_says_what_was_chosen_what_was_not_and_what_more_would_buy() {
    let place = Place::new();
    place.write(
        "two.toml",
        "budget_usd = 100\nweekly_hours = 10\n[[project]]\nname = 'Big'\ncost_usd = 100\nweekly_hours = 1\nvalue_usd = 1500\n\
         [[project]]\nname = 'Small'\ncost_usd = 60.50\nweekly_hours = 1\nvalue_usd = 1000\n",
    );
    let text = place.bbb(&["optimize", "portfolio", "two.toml"]).ok();
    for wanted in [
        "1 of 2 projects chosen, worth $1,500.00: proved",
        "$60.50 more than the budget has left",
        "The greedy choice",
        "What more would buy",
    ] {
        assert!(text.contains(wanted), "{wanted} is missing in {text}");
    }
    let told = place.bbb(&["optimize", "portfolio", "two.toml", "--budget", "160.50", "--json"]).json();
    assert_eq!((&told["worth_usd"], &told["chosen"]), (&Value::from(2500.0), &serde_json::json!(["Big", "Small"])));
    assert_eq!(told["explanation"]["budget_usd"], 160.5);
}

#[test]
fn that_there_is_no_answer_is_one() {
    let place = Place::new();
    place.write("broke.toml", "budget_usd = 100\nstep_usd = 10\n[[channel]]\nname = 'Fair'\nmin_usd = 200\nrequired = true\nresponse = { curve = 'power', factor = 1, exponent = 0.5 }\n");
    let text = place.bbb(&["optimize", "budget", "broke.toml"]).ok();
    assert!(text.contains("There is no answer, and this proves it.") && text.contains("Fair is required"), "{text}");
    assert_eq!(place.bbb(&["optimize", "budget", "broke.toml", "--json"]).json()["status"], "infeasible");
    place.write(
        "week.toml",
        "days = ['Mon']\nday_start = '09:00'\nday_end = '11:00'\nslot_minutes = 30\nclashes = [['a', 'b']]\n[[task]]\nname = 'a'\nminutes = 90\n[[task]]\nname = 'b'\nminutes = 60\n",
    );
    let text = place.bbb(&["optimize", "schedule", "week.toml"]).ok();
    assert!(text.contains("a and b cannot both be done") && text.contains("a takes 1.5 h of any day of 09:00-11:00"), "{text}");
}

#[test]
fn a_question_that_breaks_a_rule_is_refused_with_the_line() {
    let place = Place::new();
    let check = |name: &str, text: &str, args: &[&str], wanted: &str| {
        place.write(name, text);
        place.bbb(&[&["optimize", args[0], name], &args[1..]].concat()).fails(2, wanted);
    };
    let head = "budget_usd = 100\nweekly_hours = 10\n";
    check("a.toml", &format!("{head}colour = 1\n"), &["portfolio"], "a.toml, line 3: unknown field `colour`");
    check("a.toml", "budget_usd = 0.005\nweekly_hours = 1\n", &["portfolio"], "a.toml, line 1: 0.005 is not an amount in dollars");
    check("a.toml", "budget_usd = nan\nweekly_hours = 1\n", &["portfolio"], "a.toml, line 1: NaN is not an amount");
    check("a.toml", &format!("{head}conflicts = [['x', 'y']]\n"), &["portfolio"], "a.toml, line 3: conflicts[0] names \"x\"");
    let project = "[[project]]\nname = 'x'\ncost_usd = -5\nweekly_hours = 1\nvalue_usd = 1\n";
    check("a.toml", &format!("{head}{project}"), &["portfolio"], "a.toml, line 5: projects[0].cost must not be negative, and is -$5.00");
    let risk = "[risk]\nkind = 'given'\naversion = 0.1\ncovariance = [[1.0, 2.0], [2.0, 1.0]]\n";
    let two = "[[project]]\nname = 'x'\ncost_usd = 5\nweekly_hours = 1\nvalue_usd = 1\n[[project]]\nname = 'y'\ncost_usd = 5\nweekly_hours = 1\nvalue_usd = 1\n";
    check(
        "a.toml",
        &format!("{head}{risk}{two}"),
        &["portfolio"],
        "a.toml, line 6: risk.covariance must be positive semidefinite, or some choice has a negative variance: its least eigenvalue is -1",
    );
    check("deep.toml", &format!("a = {}", "[".repeat(100_000)), &["portfolio"], "deep.toml, line 1: more than 60");
    let table = "name,cost_usd,weekly_hours,value_usd\nx,5,1,1\ny,-5,1,1\n";
    check("a.csv", table, &["portfolio", "--budget", "10"], "needs --hours");
    check("a.csv", table, &["portfolio", "--budget", "10", "--hours", "10"], "a.csv, line 3: projects[1].cost must not be negative");
    check("a.csv", "name,cost\nx,5\n", &["portfolio", "--budget", "10", "--hours", "10"], "a.csv, line 2: unknown field `cost`");
    check("a.csv", "name,name\nx,5\n", &["portfolio", "--budget", "10", "--hours", "10"], "line 1: the column \"name\" is there twice");
    check("b.csv", "name,most_usd\nx,5,6\n", &["budget", "--budget", "10", "--step", "1"], "b.csv, line 2: 3 cells instead of 2");
    check("c.csv", "task,Ada\ncapacity,many\n", &["assignment"], "c.csv, line 2: Ada: a capacity is a whole number");
    check("c.csv", "task,Ada\nx,-5\n", &["assignment"], "c.csv, line 2: Ada: `-5` is not an amount");
    let week = |slot: &str, task: &str| {
        format!("days = ['Mon']\nday_start = '09:00'\nday_end = '11:00'\nslot_minutes = {slot}\n[[task]]\nname = 'a'\n{task}\n")
    };
    check("w.toml", &week("50", "minutes = 50"), &["schedule"], "w.toml, line 3: day_end must be whole slots of 50 minutes after 09:00");
    check(
        "w.toml",
        &week("30", "minutes = 45"),
        &["schedule"],
        "w.toml, line 7: tasks[0].minutes must be whole slots of 30 minutes, and is 45",
    );
    check("w.toml", &week("30", "minutes = 30\nwindows = ['Sun 09:00-10:00']"), &["schedule"], "w.toml, line 8: tasks[0].windows[0] must");
    check("w.toml", &week("30", "minutes = 30\nwindows = ['09:10-10:00']"), &["schedule"], "within the day, and has \"09:10\"");
    check("w.toml", &week("30", "minutes = 30\nwindows = ['25:00-26:00']"), &["schedule"], "must be a time of day such as 09:00");
    check("w.csv", "a,b\n", &["schedule"], "in TOML");
    place.bbb(&["optimize", "portfolio", "absent.toml"]).fails(3, "absent.toml");
    place.bbb(&["optimize"]).fails(2, "FILE");
    place.bbb(&["optimize", "--reads", "3", "portfolio", "a.toml"]).fails(2, "options come after the kind of question");
}

#[test]
fn questions_that_are_too_large_for_a_proof_are_functions_of_the_seed_or_end_in_time() {
    let place = Place::new();
    let mut text =
        "budget_usd = 5000\nweekly_hours = 100000\n[risk]\nkind = 'assumed'\naversion = 0.001\ndeviation_share = 1\ncorrelation = 0.9\n"
            .to_owned();
    for at in 0..40 {
        text.push_str(&format!(
            "[[project]]\nname = 'p{at}'\ncost_usd = {}\nweekly_hours = 1\nvalue_usd = {}\nindustry = 'i'\n",
            200 + at * 37 % 101,
            300 + at * 53 % 97
        ));
    }
    place.write("large.toml", &text);
    let found = |args: &[&str]| {
        let mut told = place.bbb(&[&["optimize", "portfolio", "large.toml", "--json"], args].concat()).json();
        told.as_object_mut().unwrap().retain(|key, _| !key.contains("seconds"));
        told
    };
    assert_eq!(found(&["--seed", "3", "--threads", "2"]), found(&["--seed", "3"]));
    let timed = found(&["--time", "50ms"]);
    let greedy = timed["explanation"]["greedy"]["worth_usd"].as_f64().unwrap();
    assert!(timed["worth_usd"].as_f64().unwrap() >= greedy, "{timed}");
}
