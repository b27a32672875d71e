//! `bbb bench optimizer`: how close the optimizer comes to the best values known, and how fast, by processor time.

mod chart;
mod instances;
mod measure;

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use bbb_core::optimizer::sampler;
use clap::Args;
use serde_json::json;

use self::measure::{Measured, measure};
use crate::cli::optimize::{INTERRUPTED, number, on_interrupt, time};
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct Optimizer {
    /// A folder of instances with a table best_known.tsv; without it, generated ones with known optima
    #[arg(long, value_name = "DIR")]
    instances: Option<PathBuf>,
    /// Only this instance; may be given several times
    #[arg(long = "only", value_name = "NAME")]
    only: Vec<String>,
    /// Processor time for each search, such as 10s
    #[arg(long, default_value = "10s", value_parser = time, value_name = "TIME")]
    time: Duration,
    /// How many seeds each instance is searched with
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000), value_name = "N")]
    seeds: u64,
    /// Search as many copies of each instance in disguise too: relabelled, and with values exchanged; not of knapsacks
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=100), value_name = "N")]
    copies: u64,
    /// How to search
    #[arg(long, default_value = "auto", value_parser = clap::builder::PossibleValuesParser::new(sampler::NAMES), value_name = "NAME")]
    sampler: String,
    /// Where optimizer.csv and optimizer.svg are written
    #[arg(long, default_value = "bbb-bench", value_name = "DIR")]
    out: PathBuf,
}

impl Optimizer {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let sampler = sampler::named(&self.sampler).ok_or_else(|| Fault::usage(format!("there is no sampler {}", self.sampler)))?;
        let instances = instances::with_copies(instances::all(self.instances.as_deref(), &self.only)?, self.copies)?;
        // Before hours are spent: the directory must be there at the end.
        std::fs::create_dir_all(&self.out).map_err(|error| Fault::file(self.out.display(), &error))?;
        on_interrupt(&INTERRUPTED)?;
        let mut measured = Vec::new();
        for (number, instance) in instances.iter().enumerate() {
            screen.note(&format!("{} of {}: {}, {} seeds of {:?}", number + 1, instances.len(), instance.name, self.seeds, self.time));
            measured.push(measure(instance, sampler.as_ref(), self.time, self.seeds, &INTERRUPTED)?);
            if INTERRUPTED.load(Ordering::Relaxed) {
                screen.note("interrupted: the rest is left out");
                break;
            }
        }
        let (csv, svg) = (self.out.join("optimizer.csv"), self.out.join("optimizer.svg"));
        write(&csv, &table_csv(&measured)?)?;
        write(&svg, chart::svg(&measured, self.time.as_secs_f64()).as_bytes())?;
        if screen.is_json() {
            return screen.object(&json!({
                "seconds": self.time.as_secs_f64(),
                "seeds": self.seeds,
                "sampler": self.sampler,
                "instances": measured.iter().map(Measured::object).collect::<Vec<_>>(),
                "csv": csv.display().to_string(),
                "svg": svg.display().to_string(),
            }));
        }
        let mut text = table(&measured);
        if self.instances.is_none() {
            text += "\nGenerated instances: their best value is known because it was hidden in them.\n";
        }
        text += &format!("\nEvery search and the drawing: {}, {}\n", csv.display(), svg.display());
        screen.print(&text)
    }
}

fn write(file: &Path, content: &[u8]) -> Result<(), Fault> {
    std::fs::write(file, content).map_err(|error| Fault::file(file.display(), &error))
}

/// A row for each instance, and the mean gap of each family.
fn table(measured: &[Measured]) -> String {
    let heads = ["instance", "n", "couplers", "best known", "median", "best", "gap %", "s to 99 %", "s to 99.9 %", "updates/s", ""];
    let seconds = |time: Option<f64>| time.map_or_else(|| "-".to_owned(), |time| format!("{time:.3}"));
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for row in measured {
        let (middle, best) = row.objectives();
        rows.push(vec![
            row.name.clone(),
            row.variables.to_string(),
            row.couplers.to_string(),
            number(row.best_known).to_string(),
            number(middle).to_string(),
            number(best).to_string(),
            format!("{:.4}", row.median_gap()),
            seconds(row.until(1.0)),
            seconds(row.until(0.1)),
            format!("{:.2e}", row.rate()),
            if row.is_feasible() { String::new() } else { "NOT FEASIBLE".to_owned() },
        ]);
    }
    let widths: Vec<usize> = (0..heads.len()).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).enumerate();
        let cells: Vec<String> =
            cells.map(|(at, (cell, width))| if at == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }).collect();
        text += cells.join("  ").trim_end();
        text.push('\n');
    }
    for family in instances::FAMILIES {
        let gaps: Vec<f64> =
            measured.iter().filter(|row| row.family == family && row.copy_of.is_none()).map(Measured::median_gap).collect();
        if let Some(mean) = mean(&gaps) {
            text += &format!("\nmean gap of {} {family}: {mean:.4} %", gaps.len());
        }
    }
    text += &copies(measured);
    text.push('\n');
    text
}

/// How copies did beside their originals: if the order and the names of values do not matter, they differ by chance only.
fn copies(measured: &[Measured]) -> String {
    let is_copied = |row: &&Measured| measured.iter().any(|copy| copy.copy_of.as_ref() == Some(&row.name));
    let originals: Vec<f64> = measured.iter().filter(is_copied).map(Measured::median_gap).collect();
    let copies: Vec<f64> = measured.iter().filter(|row| row.copy_of.is_some()).map(Measured::median_gap).collect();
    match (mean(&originals), mean(&copies)) {
        (Some(original), Some(copy)) => format!(
            "\nmean gap of {} instances: {original:.4} %, of their {} copies in disguise: {copy:.4} %",
            originals.len(),
            copies.len()
        ),
        _ => String::new(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of instances")]
fn mean(gaps: &[f64]) -> Option<f64> {
    (!gaps.is_empty()).then(|| gaps.iter().sum::<f64>() / gaps.len() as f64)
}

/// A row for each search.
fn table_csv(measured: &[Measured]) -> Result<Vec<u8>, Fault> {
    let fault = |error: csv::Error| Fault::failed(format!("the table cannot be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let heads = [
        "instance",
        "family",
        "copy_of",
        "variables",
        "couplers",
        "sense",
        "best_known",
        "seed",
        "solver",
        "objective",
        "feasible",
        "gap_percent",
        "seconds_to_99_percent",
        "seconds_to_99_9_percent",
        "updates",
        "seconds",
        "cpu_seconds",
    ];
    writer.write_record(heads).map_err(fault)?;
    let seconds = |time: Option<f64>| time.map_or_else(String::new, |time| format!("{time:.6}"));
    for row in measured {
        for trial in &row.trials {
            let record = [
                row.name.clone(),
                row.family.to_owned(),
                row.copy_of.clone().unwrap_or_default(),
                row.variables.to_string(),
                row.couplers.to_string(),
                if row.sense == bbb_core::optimizer::format::Sense::Max { "max" } else { "min" }.to_owned(),
                number(row.best_known).to_string(),
                trial.seed.to_string(),
                trial.solver.clone(),
                number(trial.objective).to_string(),
                trial.feasible.to_string(),
                format!("{:.6}", trial.last_gap()),
                seconds(trial.until(1.0)),
                seconds(trial.until(0.1)),
                trial.updates.to_string(),
                format!("{:.6}", trial.wall.as_secs_f64()),
                format!("{:.6}", trial.cpu.as_secs_f64()),
            ];
            writer.write_record(&record).map_err(fault)?;
        }
    }
    writer.into_inner().map_err(|error| Fault::failed(format!("the table cannot be written: {error}")))
}
