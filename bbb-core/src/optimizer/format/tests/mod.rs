mod errors;
mod fuzz;
mod instances;
mod round_trip;

use super::{Format, Problem, read};

/// A small file of each format.
const SAMPLES: [(Format, &str); 7] = [
    (Format::Rudy, "4 4\n1 2 1\n2 3 -2.5\n3 4\n4 3 0.5\n"),
    (Format::Qubo, "c a comment\nc offset 2.5\np qubo 0 4 2 2\n0 0 3\n3 3 -1\nc another\n0 1 2\n3 2 -4\n"),
    (Format::Coo, "# vartype=SPIN\n# offset=-1.5\n0 0 1.000000\n0 1 -1\n2 1 4\n"),
    (
        Format::Json,
        r#"{"type": "BinaryQuadraticModel", "version": {"bqm_schema": "3.0.0"}, "use_bytes": false, "index_type": "int32",
"bias_type": "float64", "num_variables": 3, "num_interactions": 2, "variable_labels": ["a", 7, ["b", 1]], "variable_type": "SPIN",
"offset": 0.5, "info": {}, "linear_biases": [1.0, 0.0, -1.0], "quadratic_biases": [2.0, -3.0], "quadratic_head": [0, 1],
"quadratic_tail": [1, 2]}"#,
    ),
    (Format::Orlib, "2\n3 3\n1 1 5\n1 2 -3\n2 3 4\n2 1\n2 2 1\n"),
    (
        Format::Qplib,
        "QPLIB_0 # name\nQBL\nMaximize\n3 # variables\n0\n2\n2 1 4\n3 3 -2\n1 # default\n1\n2 -5\n0.5\n1e30\n0\n0\n0\n0\n0\n0\n0\n0\n",
    ),
    (Format::Qkp, "a name\n3\n5 6 7\n1 2\n3\n\n0\n10\n4 5 6\n\nDensity : 100.00 %\n"),
];

fn sample(format: Format) -> Problem {
    let text = SAMPLES.iter().find(|(other, _)| *other == format).expect("one of each").1;
    let all = super::read_all(text, Some(format)).unwrap_or_else(|error| panic!("{format}: {error}"));
    all.into_iter().next().expect("at least one")
}

/// The objective of a state.
fn objective(problem: &Problem, state: &[i8]) -> f64 {
    problem.objective(problem.bqm.energy(state).expect("a state"))
}

#[test]
fn every_format_is_known_by_its_content() {
    for (format, text) in SAMPLES {
        assert_eq!(super::detect(text), Ok(format));
        assert_eq!(super::detect(&text.replace('\n', "\r\n")), Ok(format));
        assert_eq!(format.as_str().parse(), Ok(format));
    }
    // Without the number of problems, a variable paired with itself tells the OR-Library from a graph.
    assert_eq!(super::detect("3 2\n1 2 4\n2 3 1\n"), Ok(Format::Rudy));
    assert_eq!(super::detect("3 2\n1 2 4\n2 2 1\n"), Ok(Format::Orlib));
    for nothing in ["", "\n\n", "hello", "hello\nworld\n", "1.5 2\n", "<html>\n<p>\n"] {
        assert!(super::detect(nothing).is_err(), "{nothing:?}");
    }
}

#[test]
fn objectives_are_those_of_the_file() {
    let rudy = sample(Format::Rudy);
    assert_eq!(objective(&rudy, &[1, -1, -1, 1]), 2.5, "edges of the same vertices add up");
    assert_eq!(objective(&rudy, &[1, -1, 1, 1]), -1.5);
    let looped = read("2 2\n1 2 3\n1 1 9\n", Some(Format::Rudy)).expect("a graph");
    assert_eq!([objective(&looped, &[1, -1]), objective(&looped, &[1, 1])], [3.0, 0.0], "a loop is never cut");
    let qubo = sample(Format::Qubo);
    assert_eq!(objective(&qubo, &[1, 1, 1, 1]), 2.5 + 3.0 - 1.0 + 2.0 - 4.0);
    let coo = sample(Format::Coo);
    assert_eq!(objective(&coo, &[-1, 1, 1]), -1.5 - 1.0 + 1.0 + 4.0);
    let json = sample(Format::Json);
    assert_eq!(objective(&json, &[1, 1, 1]), 0.5 + 1.0 - 1.0 + 2.0 - 3.0);
    assert_eq!(json.bqm.labels(), Some(["a", "7", "[\"b\",1]"].map(str::to_owned).as_slice()));
    let orlib = sample(Format::Orlib);
    assert_eq!(objective(&orlib, &[1, 1, 1]), 5.0 - 6.0 + 8.0, "an entry off the diagonal counts twice");
    let qplib = sample(Format::Qplib);
    assert_eq!(objective(&qplib, &[1, 1, 1]), 4.0 - 1.0 + 1.0 - 5.0 + 1.0 + 0.5, "half of x'Qx");
    let qkp = sample(Format::Qkp);
    assert_eq!(objective(&qkp, &[1, 0, 1]), 5.0 + 7.0 + 2.0);
    assert!(qkp.is_feasible(&[1, 0, 1]) && !qkp.is_feasible(&[0, 1, 1]));
}

#[test]
fn a_comment_tells_problems_of_the_or_library_that_were_converted() {
    let text = "c qubo problem number 1 from beasley file bqp50.txt\np qubo 0 2 1 1\n0 0 3\n0 1 4\n";
    let problem = read(text, None).expect("a file");
    assert_eq!((objective(&problem, &[1, 1]), problem.bqm.energy(&[1, 1])), (7.0, Ok(-7.0)));
}

#[test]
fn the_other_sense_has_the_same_objective_and_leads_back() {
    for (format, _) in SAMPLES {
        let problem = sample(format);
        let low = problem.bqm.vartype().values()[0];
        let state = vec![low; problem.bqm.num_variables()];
        for sense in [super::Sense::Min, super::Sense::Max] {
            let other = problem.clone().with_sense(sense).expect("finite");
            assert_eq!((other.sense, objective(&other, &state)), (sense, objective(&problem, &state)));
            assert_eq!(other.energy_at(objective(&other, &state)), other.bqm.energy(&state).expect("a state"));
            assert_eq!(other.with_sense(problem.sense).expect("finite"), problem);
        }
    }
}

#[test]
fn a_file_of_several_problems_is_read_as_a_whole_only() {
    let text = SAMPLES[4].1;
    let problems = super::read_all(text, None).expect("two problems");
    assert_eq!(problems.iter().map(|problem| problem.bqm.num_variables()).collect::<Vec<_>>(), [3, 2]);
    let error = read(text, None).expect_err("two problems");
    assert_eq!(error.to_string(), "line 1, column 1: the file holds 2 problems: say which one");
}
