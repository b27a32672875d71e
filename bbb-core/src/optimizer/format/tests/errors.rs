use super::super::{Format, read, read_all};

/// That reading this fails with this message.
#[track_caller]
fn check(format: Format, text: &str, wanted: &str) {
    match read_all(text, Some(format)) {
        Ok(problems) => panic!("{format} took {text:?}: {problems:?}"),
        Err(error) => assert_eq!(error.to_string(), wanted),
    }
}

#[test]
fn broken_graphs_are_refused_with_the_place() {
    let rudy = |text, wanted| check(Format::Rudy, text, wanted);
    rudy("", "line 1, column 1: the file ends where the number of vertices is wanted");
    rudy("3", "line 1, column 2: the line ends where the number of edges is wanted");
    rudy("3 x", "line 1, column 3: the number of edges must be a whole number, not \"x\"");
    rudy("3 1 5", "line 1, column 5: nothing more is wanted in this line, but there is \"5\"");
    rudy("-3 1", "line 1, column 1: the number of vertices must be from 0 to 4194304, not -3");
    rudy("99999999999999999999 1", "line 1, column 1: the number of vertices must be from 0 to 4194304, not 99999999999999999999");
    rudy("3 2\n1 2 1\n", "line 2, column 6: the file ends where an edge is wanted");
    rudy("3 1\n\n1 2 1\n2 3 1\n", "line 4, column 1: the problem is over, but there is \"2 3 1\"");
    rudy("3 1\n  1 0 1\n", "line 2, column 5: a vertex must be from 1 to 3, not 0");
    rudy("3 1\n1 2 1 4\n", "line 2, column 7: nothing more is wanted in this line, but there is \"4\"");
    rudy("3 1\n1 2 1e999\n", "line 2, column 5: a weight must be a finite number, not \"1e999\"");
    rudy("3 1\n1 2 nan\n", "line 2, column 5: a weight must be a finite number, not \"nan\"");
    rudy("3 1\n1 2 infinity\n", "line 2, column 5: a weight must be a finite number, not \"infinity\"");
    rudy(
        "3 1\n1 2 9007199254740993\n",
        "line 2, column 5: a weight must be from -9007199254740992 to 9007199254740992, not 9007199254740993",
    );
    rudy("2 2\n1 2 1.7e308\n1 2 1.7e308\n", "line 3, column 12: the magnitudes of the coefficients sum to more than a double holds");
    rudy("3 1\n1 ü 1\n", "line 2, column 3: a vertex must be a whole number, not \"ü\"");
    rudy("3 1\nüü ü 1\n", "line 2, column 1: a vertex must be a whole number, not \"üü\"");
    rudy("3 1\n\u{3000}1 x 1\n", "line 2, column 4: a vertex must be a whole number, not \"x\"");
    let long = format!("3 1\n1 {} 1\n", "z".repeat(100));
    rudy(&long, &format!("line 2, column 3: a vertex must be a whole number, not \"{}…\"", "z".repeat(40)));
}

#[test]
fn broken_qubos_are_refused_with_the_place() {
    let qubo = |text, wanted| check(Format::Qubo, text, wanted);
    qubo("c only\n", "line 1, column 7: the file ends where the line `p qubo` is wanted");
    qubo("0 0 1\n", "line 1, column 1: the line `p qubo` is wanted, not \"0\"");
    qubo("p ising 0 1 1 0\n", "line 1, column 3: the word qubo is wanted, not \"ising\"");
    qubo("p qubo 0 2 1 0\n", "line 1, column 15: the file ends where an entry is wanted");
    qubo("p qubo 0 2 1 0\n2 2 1\n", "line 2, column 1: a variable must be from 0 to 1, not 2");
    qubo("p qubo 0 2 1 0\n0 1 1\n", "line 2, column 6: 1 diagonal entries were announced and 0 are there");
    qubo("p qubo 0 2 1 0\n0 0 1\n1 1 1\n", "line 3, column 1: the problem is over, but there is \"1 1 1\"");
    qubo("c offset 1 2\np qubo 0 0 0 0\n", "line 1, column 12: nothing more is wanted in this line, but there is \"2\"");
}

#[test]
fn broken_models_of_dimod_are_refused_with_the_place() {
    let coo = |text, wanted| check(Format::Coo, text, wanted);
    coo("0 0 1\n", "line 1, column 6: the file ends where a comment `# vartype=BINARY` or `# vartype=SPIN` is wanted");
    coo("# vartype=REAL\n", "line 1, column 1: BINARY or SPIN is wanted, not \"REAL\"");
    coo("# vartype=SPIN\n# vartype=BINARY\n", "line 2, column 1: the type of the variables is given twice");
    coo("# vartype=SPIN\n# offset=x\n", "line 2, column 1: the offset must be a finite number, not \"x\"");
    coo("# vartype=SPIN\n0 1\n", "line 2, column 4: the line ends where a bias is wanted");
    coo("# vartype=SPIN\n0 4194304 1\n", "line 2, column 3: a variable must be from 0 to 4194303, not 4194304");
    let json = super::SAMPLES[3].1;
    let broken = |from: &str, to: &str, wanted: &str| check(Format::Json, &json.replace(from, to), wanted);
    broken(
        "\"BinaryQuadraticModel\"",
        "\"QuadraticModel\"",
        "line 1, column 2: the type must be BinaryQuadraticModel, not \"QuadraticModel\"",
    );
    broken("\"use_bytes\": false", "\"use_bytes\": true", "line 1, column 70: biases must be lists of numbers: write with use_bytes=False");
    broken("[0, 1]", "[0, 3]", "line 3, column 96: there is no variable 3: the model has 3");
    broken("[0, 1]", "[0, 2]", "line 3, column 96: variable 2 has a coupler with itself");
    broken("[0, 1]", "[0]", "line 3, column 96: quadratic_head has 1 entries, quadratic_biases 2");
    broken("\"a\", 7", "\"a\"", "line 2, column 68: there are 2 labels for 3 linear_biases");
    broken("\"a\", 7", "\"7\", 7", "line 2, column 68: two variables have the label \"7\"");
    broken("3.0.0", "1.0.0", "line 1, column 34: version.bqm_schema must be 2 or 3");
    broken("-1.0]", "-1e999]", "line 3, column 61: number out of range");
    broken("\"SPIN\"", "\"REAL\"", "line 2, column 129: unknown variant `REAL`, expected `BINARY` or `SPIN`");
    check(Format::Json, "{", "line 1, column 1: EOF while parsing an object");
    check(Format::Json, "{}", "line 1, column 2: missing field `type`");
    let deep = "[".repeat(100_000);
    assert!(read(&format!("{{\"variable_labels\": {deep}"), Some(Format::Json)).is_err());
}

#[test]
fn broken_problems_of_libraries_are_refused_with_the_place() {
    let orlib = |text, wanted| check(Format::Orlib, text, wanted);
    orlib("0\n", "line 1, column 1: the number of problems must be from 1 to 10000, not 0");
    orlib("2\n1 1\n1 1 1\n", "line 3, column 6: the file ends where the size of a problem is wanted");
    orlib("2 2\n1 1 1\n", "line 2, column 6: the file ends where an entry is wanted");
    orlib("2 1\n1 3 1\n", "line 2, column 3: a variable must be from 1 to 2, not 3");
    let qplib = |text, wanted| check(Format::Qplib, text, wanted);
    qplib("a\nQCN\nminimize\n", "line 2, column 1: only binary variables are taken, which QCN has not");
    qplib("a\nhello\n", "line 2, column 1: the type, such as QBN, is wanted, not \"hello\"");
    qplib("a\nQBN\nfind\n", "line 3, column 1: minimize or maximize is wanted, not \"find\"");
    qplib("a\nQBL\nminimize\n1\n1\n", "line 2, column 1: only problems without constraints are taken");
    qplib("a\nQBN\nminimize\n2\n1\n1 2 1\n", "line 6, column 3: a column of the lower triangle must be from 1 to 1, not 2");
    qplib("a\nQBN\nminimize\n2\n0\n0\n2\n1 1\n1 2\n0\n", "line 9, column 1: a linear coefficient of variable 1 is given twice");
    qplib("a\nQBN\nminimize\n2\n0\n0\n3\n", "line 7, column 1: the number of values must be from 0 to 2, not 3");
    qplib("a\nQBN\nminimize\n2\n0\n0\n0\n", "line 7, column 2: the file ends where the constant is wanted");
    qplib("a\nQBN\nminimize\n2\n0\n0\n0\n0\n1e30\n0\n0\n0\n0\n0\n0\nx\n", "line 16, column 1: the problem is over, but there is \"x\"");
    let qkp = |text, wanted| check(Format::Qkp, text, wanted);
    qkp("a\n4097\n", "line 2, column 1: the number of items must be from 0 to 4096, not 4097");
    qkp("a\n2\n1\n", "line 3, column 2: the line ends where a profit is wanted");
    qkp("a\n2\n1 2 3\n", "line 3, column 5: nothing more is wanted in this line, but there is \"3\"");
    qkp("a\n2\n1 2\n3\n1\n5\n1 1\n", "line 5, column 1: only capacities that are bounds are taken: kind 0");
    qkp("a\n2\n1 2\n3\n0\n-5\n1 1\n", "line 6, column 1: the capacity must be from 0 to 9007199254740992, not -5");
    qkp("a\n2\n1 2\n3\n0\n5\n1 -1\n", "line 7, column 5: the capacity and weights must not be negative");
    qkp("a\n2\n1 2\n3\n0\n5\n1 1.5\n", "line 7, column 3: a weight must be a whole number, not \"1.5\"");
}
