//! What the optimizer is measured on: the files of a folder, or models made here whose optima are known.

use std::path::{Path, PathBuf};

use bbb_core::optimizer::format::{self, Format, Problem};
use bbb_core::optimizer::problem::planted::frustrated_loops;

use crate::cli::optimize::read;
use crate::fault::Fault;

/// A problem, and the best value known of its objective.
pub(super) struct Instance {
    pub(super) name: String,
    /// What kind of instances it belongs to, for the drawing.
    pub(super) family: &'static str,
    pub(super) problem: Problem,
    pub(super) best_known: f64,
    /// The instance that it is in disguise.
    pub(super) copy_of: Option<String>,
}

/// The names of families, in the order of their colours.
pub(super) const FAMILIES: [&str; 5] = ["max-cut, sparse", "QUBO", "knapsack", "max-cut, dense", "planted (generated)"];

/// The instances of a folder with a table `best_known.tsv`: files below it that are named like a row, `K2000.upper_bits`, and Palubeckis's p3000_1 and p3000_2, which are
/// made here. Without a folder, generated ones.
pub(super) fn all(folder: Option<&Path>, only: &[String]) -> Result<Vec<Instance>, Fault> {
    let mut instances = match folder {
        Some(folder) => of_folder(folder, only)?,
        None => generated()?,
    };
    instances.retain(|instance| only.is_empty() || only.contains(&instance.name));
    if instances.is_empty() {
        return Err(Fault::usage("there is no such instance"));
    }
    Ok(instances)
}

/// Each instance, and after it so many copies in disguise; knapsacks have none.
pub(super) fn with_copies(instances: Vec<Instance>, copies: u64) -> Result<Vec<Instance>, Fault> {
    let mut all = Vec::new();
    for instance in instances {
        let mut disguised = Vec::new();
        for number in 1..=copies {
            let copy = instance.problem.disguised(number).map_err(|error| Fault::failed(format!("{}: {error}", instance.name)))?;
            let Some(problem) = copy else { break };
            let name = format!("{} copy {number}", instance.name);
            disguised.push(Instance { name, problem, copy_of: Some(instance.name.clone()), ..instance });
        }
        all.push(instance);
        all.extend(disguised);
    }
    Ok(all)
}

fn of_folder(folder: &Path, only: &[String]) -> Result<Vec<Instance>, Fault> {
    let table = folder.join("best_known.tsv");
    let text = std::fs::read_to_string(&table).map_err(|error| Fault::file(table.display(), &error))?;
    let mut lines = text.lines();
    let heads: Vec<&str> = lines.next().unwrap_or_default().split('\t').collect();
    let column = |name: &str| {
        let missing = || Fault::usage(format!("{}: there is no column {name}", table.display()));
        heads.iter().position(|head| *head == name).ok_or_else(missing)
    };
    let (name_at, best_at) = (column("instance")?, column("best_known")?);
    let files = files(folder, 2)?;
    let mut instances = Vec::new();
    for (number, line) in lines.enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        let (Some(name), Some(best)) = (fields.get(name_at), fields.get(best_at).and_then(|best| best.parse().ok())) else {
            return Err(Fault::usage(format!("{}, line {}: a name and a number are wanted", table.display(), number + 2)));
        };
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            let problem = problem(name, &files)?;
            instances.push(Instance { name: (*name).to_owned(), family: family(&problem), problem, best_known: best, copy_of: None });
        }
    }
    Ok(instances)
}

fn family(problem: &Problem) -> &'static str {
    match problem.format {
        Format::Qkp => FAMILIES[2],
        Format::Rudy if problem.bqm.density() > 0.5 => FAMILIES[3],
        Format::Rudy => FAMILIES[0],
        _ => FAMILIES[1],
    }
}

/// The files in a folder and those below it.
fn files(folder: &Path, depth: u32) -> Result<Vec<PathBuf>, Fault> {
    let fault = |error: &std::io::Error| Fault::file(folder.display(), error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| fault(&error))? {
        let path = entry.map_err(|error| fault(&error))?.path();
        if path.is_dir() && depth > 1 {
            found.extend(files(&path, depth - 1)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn problem(name: &str, files: &[PathBuf]) -> Result<Problem, Fault> {
    let palubeckis = [("p3000_1", 50, 31_000), ("p3000_2", 80, 32_000)];
    if let Some((_, density, seed)) = palubeckis.iter().find(|(known, ..)| *known == name) {
        return palubeckis_problem(3000, *density, *seed);
    }
    let file = files.iter().find(|file| file.file_stem().is_some_and(|stem| stem == name));
    let file = file.ok_or_else(|| Fault::not_found(format!("there is no file for {name}")))?;
    if file.extension().is_some_and(|extension| extension == "upper_bits") {
        let bytes = std::fs::read(file).map_err(|error| Fault::file(file.display(), &error))?;
        return upper_bits(2000, &bytes).map_err(|error| Fault::usage(format!("{}: {error}", file.display())));
    }
    Ok(read(file, None)?.swap_remove(0))
}

/// A complete graph with weights of 1 and -1: bit k, the lowest of a byte first, is the k-th pair of the upper triangle.
fn upper_bits(vertices: usize, bytes: &[u8]) -> Result<Problem, String> {
    let pairs = vertices * (vertices - 1) / 2;
    if bytes.len() != pairs.div_ceil(8) {
        return Err(format!("{} bytes are wanted, not {}", pairs.div_ceil(8), bytes.len()));
    }
    let all = (0..vertices).flat_map(|one| (one + 1..vertices).map(move |other| (one, other)));
    let edges = all.enumerate().map(|(k, (one, other))| (one, other, if bytes[k / 8] >> (k % 8) & 1 == 1 { 1.0 } else { -1.0 }));
    Problem::cut(Format::Rudy, vertices, edges).map_err(|error| error.to_string())
}

/// The problems p3000 of G. Palubeckis, "Multistart tabu search strategies for the unconstrained binary quadratic optimization problem", 2004, by his generator.
fn palubeckis_problem(variables: usize, density: u32, seed: u64) -> Result<Problem, Fault> {
    let text = palubeckis_file(variables, density, seed);
    format::read(&text, Some(Format::Orlib)).map_err(|error| Fault::failed(format!("the generator: {error}")))
}

/// As a file of the OR-Library, whose matrix has both halves as these problems do.
fn palubeckis_file(variables: usize, density: u32, seed: u64) -> String {
    const MODULUS: u64 = (1 << 31) - 1;
    let mut z = seed;
    let mut draw = || {
        z = z * 16_807 % MODULUS;
        #[expect(clippy::cast_precision_loss, reason = "below 2^31")]
        let share = z as f64 / MODULUS as f64;
        share
    };
    let mut entries = Vec::new();
    for one in 1..=variables {
        entries.push((one, one, (201.0 * draw() - 100.0).floor()));
        for other in one + 1..=variables {
            if 100.0 * draw() <= f64::from(density) {
                entries.push((one, other, (201.0 * draw() - 100.0).floor()));
            }
        }
    }
    let mut text = format!("1\n{variables} {}\n", entries.len());
    for (one, other, value) in entries {
        text += &format!("{one} {other} {value}\n");
    }
    text
}

/// Frustrated loops of several sizes and densities. Their best value is the energy of the hidden state, which nothing beats.
fn generated() -> Result<Vec<Instance>, Fault> {
    let kinds = [
        ("loops-500-sparse", 500, 750, 6),
        ("loops-2000-sparse", 2000, 3000, 6),
        ("loops-5000-sparse", 5000, 7500, 8),
        ("loops-200-dense", 200, 10_000, 3),
        ("loops-600-dense", 600, 60_000, 3),
    ];
    let make = |(name, variables, loops, length): (&str, usize, usize, usize)| {
        let planted = frustrated_loops(variables, loops, length, 1).map_err(|error| Fault::failed(error.to_string()))?;
        Ok(Instance {
            name: name.to_owned(),
            family: FAMILIES[4],
            best_known: planted.energy,
            problem: Problem::energy(Format::Json, planted.bqm),
            copy_of: None,
        })
    };
    kinds.into_iter().map(make).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complete_graph_is_read_from_bits() {
        // Pairs 01, 02, 03, 12, 13, 23.
        let problem = upper_bits(4, &[0b0010_0001]).expect("six bits");
        let edges: Vec<_> = problem.bqm.quadratic().map(|(_, _, weight)| weight).collect();
        assert_eq!(edges, [1.0, -1.0, -1.0, -1.0, -1.0, 1.0]);
        assert!(upper_bits(4, &[0, 0]).is_err());
    }

    #[test]
    fn generated_instances_are_labelled_and_their_best_value_is_reached_by_the_hidden_state() {
        let instances = all(None, &[]).expect("made here");
        assert!(instances.len() >= 5);
        assert!(instances.iter().all(|instance| instance.family.contains("generated") && instance.best_known < 0.0));
        assert!(all(None, &["nothing".to_owned()]).is_err());
    }

    #[test]
    fn the_generator_of_palubeckis_draws_in_his_order() {
        // z = 31000, then 16807 z mod 2^31 - 1: 521017000, 1364531381...
        let text = palubeckis_file(2, 100, 31_000);
        let r = |z: u64| (201.0 * (z as f64 / 2_147_483_647.0) - 100.0).floor();
        let second = 521_017_000_u64 * 16_807 % 2_147_483_647;
        let third = second * 16_807 % 2_147_483_647;
        let fourth = third * 16_807 % 2_147_483_647;
        assert_eq!(text, format!("1\n2 3\n1 1 {}\n1 2 {}\n2 2 {}\n", r(521_017_000), r(third), r(fourth)));
    }
}
