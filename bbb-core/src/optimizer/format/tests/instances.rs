//! Real instances, where the environment variable BBB_INSTANCES names a folder of them.

use std::path::PathBuf;

use super::super::{Format, Kind, Sense, read, read_all, write};

/// The folder, or a note that nothing is checked.
fn folder(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("BBB_INSTANCES").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: {test} needs BBB_INSTANCES, a folder with gset, bqp and qkp");
    }
    folder
}

#[test]
fn real_instances_have_the_sizes_that_are_known_of_them() {
    let Some(folder) = folder("reading real instances") else { return };
    let table = std::fs::read_to_string(folder.join("best_known.tsv")).expect("a table of known values");
    let mut seen = 0;
    for row in table.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let [name, n, edges, ..] = fields[..] else { panic!("{row}") };
        let (file, format) = match name.as_bytes()[0] {
            b'G' => (format!("gset/{name}.txt"), Format::Rudy),
            b'b' => (format!("bqp/{name}.qubo"), Format::Qubo),
            b'j' => (format!("qkp/{name}.txt"), Format::Qkp),
            _ => continue,
        };
        let text = std::fs::read_to_string(folder.join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let problem = read(&text, None).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!((problem.format, problem.sense), (format, Sense::Max), "{name}");
        assert_eq!(problem.kind, if format == Format::Rudy { Kind::Cut } else { Kind::Value }, "{name}");
        assert_eq!(problem.bqm.num_variables().to_string(), n, "{name}");
        assert!(edges.is_empty() || problem.bqm.num_couplers().to_string() == edges, "{name}");
        let again = write(&problem, format).expect("its own format");
        assert_eq!(read_all(&again, None).expect("what was written")[0].bqm, problem.bqm, "{name}");
        seen += 1;
    }
    assert!(seen > 50, "{seen} instances");
}
