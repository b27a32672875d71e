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
