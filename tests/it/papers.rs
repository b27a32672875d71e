//! What the papers on security name is there: tests, files, and as many verdicts as they say.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const PAPERS: [&str; 3] = ["SECURITY.md", "docs/security.md", "docs/threat-model.md"];
const VERDICTS: [&str; 4] = ["met", "partly", "not met", "n/a"];
/// Names shorter than this are settings and fields rather than tests.
const MIN_TEST_CHARS: usize = 20;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(paper: &str) -> String {
    fs::read_to_string(root().join(paper)).unwrap_or_else(|error| panic!("{paper}: {error}"))
}

/// What stands between backticks outside of blocks of code.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|part| part.split('`').skip(1).step_by(2))
}

/// The functions of all Rust code of the repository that are marked as tests, in macros of proptest too.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut directories: Vec<PathBuf> =
        ["tests", "bbb-core", "bbb-agents", "bbb-integrations", "bbb-host"].map(|name| root().join(name)).into();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                directories.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let code = fs::read_to_string(&path).unwrap();
                let marked = code.split("#[test]").skip(1).chain(code.split("#[tokio::test").skip(1));
                found.extend(marked.filter_map(|rest| {
                    let name = rest.split_once("fn ")?.1;
                    Some(name.split('(').next()?.to_owned())
                }));
            }
        }
    }
    found
}

#[test]
fn every_test_and_file_that_the_papers_on_security_name_is_there() {
    let tests = tests();
    for paper in PAPERS {
        let text = read(paper);
        let mut named = 0;
        for word in quoted(&text) {
            let is_test = word.len() >= MIN_TEST_CHARS
                && word.contains('_')
                && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
            let is_file = [".rs", ".md", ".cedar", ".toml", ".js", ".html"].iter().any(|end| word.ends_with(end)) && !word.contains(' ');
            if is_test {
                assert!(tests.contains(word), "{paper} names {word}, which is no test");
            } else if is_file && word != "bbb.toml" {
                let there = root().join(word).exists() || root().join("bbb-host/src").join(word).exists();
                assert!(there, "{paper} names {word}, which is not there");
            }
            named += usize::from(is_test || is_file);
        }
        assert!(named > 0, "{paper} names nothing");
    }
}

#[test]
fn the_verdicts_are_as_many_as_is_said_and_those_that_are_met_say_where() {
    let text = read("docs/security.md");
    let (mut counted, mut told, mut ids) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        match cells[..] {
            [id, "1" | "2", _, verdict, shown] if VERDICTS.contains(&verdict) => {
                assert!(ids.insert(id.to_owned()), "{id} stands there twice");
                assert!(!shown.is_empty(), "{id} says nothing");
                *counted.entry(verdict.to_owned()).or_insert(0) += 1;
            }
            [verdict, count, _] if VERDICTS.contains(&verdict) => drop(told.insert(verdict.to_owned(), count.parse::<i32>().unwrap())),
            _ => {}
        }
    }
    assert_eq!(counted, told);
    assert_eq!(ids.len(), 253, "version 5.0.0 has so many requirements of levels 1 and 2");
}
