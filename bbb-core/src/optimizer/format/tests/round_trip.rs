use super::super::{Format, Kind, Problem, Sense, WriteError, read, write};
use super::{SAMPLES, sample};
use crate::optimizer::model::tests::random_model;
use crate::optimizer::model::{Bqm, Vartype};
use crate::optimizer::problem::knapsack::tests::random_knapsack;

/// What is written in a format and read again, told by its content alone.
#[track_caller]
fn again(problem: &Problem, format: Format) -> Problem {
    let text = write(problem, format).unwrap_or_else(|error| panic!("{format}: {error}"));
    read(&text, None).unwrap_or_else(|error| panic!("{format}: {error} in\n{text}"))
}

#[test]
fn what_was_read_is_the_same_after_it_was_written_and_read() {
    for (format, _) in SAMPLES {
        let problem = sample(format);
        let found = again(&problem, format);
        assert_eq!(found.bqm, problem.bqm.relabel_as(&found.bqm), "{format}");
        assert_eq!((found.kind, found.sense, found.base, found.factor), (problem.kind, problem.sense, problem.base, problem.factor));
        assert_eq!(found.knapsack, problem.knapsack);
    }
}

impl Bqm {
    /// Labels that are texts stay texts: numbers among them are not numbers again.
    fn relabel_as(&self, other: &Bqm) -> Bqm {
        other.labels().map_or_else(|| self.clone(), |labels| self.relabel(labels.to_vec()).expect("as many"))
    }
}

#[test]
fn random_models_are_the_same_after_they_were_written_and_read() {
    for seed in 0..30 {
        let variables = usize::try_from(seed).expect("small") % 9 + 2;
        let spin = random_model(variables, Vartype::Spin, seed).scale(0.25).expect("finite");
        let binary = random_model(variables, Vartype::Binary, seed).scale(0.1).expect("finite");
        for bqm in [&spin, &binary] {
            let problem = Problem::energy(Format::Json, bqm.clone());
            assert_eq!(&again(&problem, Format::Json).bqm, bqm);
            assert_eq!(&again(&problem, Format::Coo).bqm, bqm);
        }
        for problem in [Problem::energy(Format::Qubo, binary.clone()), Problem::value(Format::Qubo, binary)] {
            for format in [Format::Qubo, Format::Qplib] {
                let found = again(&problem, format);
                assert_eq!((&found.bqm, found.sense, found.factor), (&problem.bqm, problem.sense, problem.factor), "{format}");
            }
        }
        let without = Bqm::from_qubo(random_model(variables, Vartype::Binary, seed).quadratic().chain([(0, 0, 7.0)]), 0.0).expect("finite");
        let found = again(&Problem::value(Format::Orlib, without.clone()), Format::Orlib);
        assert_eq!((found.bqm.quadratic().collect::<Vec<_>>(), found.sense), (without.quadratic().collect(), Sense::Max));
    }
}

#[test]
fn random_graphs_and_knapsacks_are_the_same_after_they_were_written_and_read() {
    for seed in 0..30 {
        let edges = random_model(9, Vartype::Spin, seed);
        let graph = Problem::cut(Format::Rudy, 9, edges.quadratic()).expect("finite");
        assert_eq!(again(&graph, Format::Rudy), graph);
        let least = graph.clone().with_sense(Sense::Min).expect("finite");
        assert_eq!(again(&least, Format::Rudy), graph, "the file says nothing of the sense");
        let knapsack = random_knapsack(usize::try_from(seed).expect("small") % 12 + 1, seed);
        let bqm = knapsack.model().expect("small");
        let problem = Problem { name: Some("k".to_owned()), knapsack: Some(knapsack), ..Problem::value(Format::Qkp, bqm) };
        assert_eq!(again(&problem, Format::Qkp), problem);
    }
}

#[test]
fn what_a_format_cannot_say_is_not_written() {
    let check = |problem: &Problem, format: Format, wanted: &str| {
        let error = write(problem, format).expect_err(wanted);
        assert!(matches!(error, WriteError::Inexpressible { .. }));
        assert_eq!(error.to_string(), format!("{format} cannot say {wanted}"));
    };
    check(&sample(Format::Qubo), Format::Rudy, "anything but a cut");
    check(&sample(Format::Qubo), Format::Orlib, "a constant");
    check(&sample(Format::Qubo), Format::Qkp, "anything but a knapsack");
    check(&sample(Format::Qkp), Format::Qubo, "the capacity of a knapsack");
    let empty = Problem { kind: Kind::Cut, ..Problem::energy(Format::Rudy, Bqm::builder(Vartype::Spin).build().expect("nothing")) };
    assert_eq!(write(&empty, Format::Rudy), Ok("0 0\n".to_owned()));
}
