//! `bbb charter test`: tries the cases of a file.

use std::fmt::Write;
use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::cases::{MAX_CASE_BYTES, parse};
use crate::charter::{charter_of, read_text};
use crate::cli::screen::Screen;
use crate::fault::Fault;

#[derive(Debug, Args)]
pub(in crate::cli) struct Test {
    /// The cases, as TOML; docs/design/oversight.md explains the format
    #[arg(value_name = "FILE.toml")]
    file: String,
    /// Policies on top of the shipped ones: a Cedar file or a pack; may be given several times
    #[arg(long, value_name = "FILE.cedar")]
    charter: Vec<String>,
}

impl Test {
    pub(in crate::cli) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let text = read_text(Path::new(&self.file), MAX_CASE_BYTES)?;
        let text = text.ok_or_else(|| Fault::not_found(format!("there is no file {}", self.file)))?;
        let cases = parse(&self.file, &text).map_err(|error| Fault::usage(error.to_string()))?;
        let charter = charter_of(&self.charter)?;
        let (mut rows, mut out, mut failed) = (Vec::new(), String::new(), 0_usize);
        for case in &cases {
            let (verdict, passed) = case.judge(&charter);
            failed += usize::from(!passed);
            let word = if passed { "passed" } else { "FAILED" };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{word}  {}: {}, {}", case.name, verdict.ruling.as_str(), rules(&verdict.rules));
            if !passed {
                let wanted = case.rules.join(", ");
                let with = if wanted.is_empty() { String::new() } else { format!(", by {wanted}") };
                let _ = writeln!(out, "        {}:{}: expected {}{with}", self.file, case.line, case.expect.as_str());
            }
            rows.push(json!({
                "name": case.name,
                "line": case.line,
                "action": case.situation.kind(),
                "expected": { "ruling": case.expect, "rules": case.rules },
                "verdict": verdict,
                "passed": passed,
            }));
        }
        let _ = write!(out, "{} passed, {failed} failed", cases.len() - failed);
        screen.result(&json!({ "passed": cases.len() - failed, "failed": failed, "cases": rows }), &out)?;
        match failed {
            0 => Ok(()),
            failed => Err(Fault::failed(format!("{failed} of {} cases failed", cases.len()))),
        }
    }
}

fn rules(rules: &[bbb_core::oversight::verdict::RuleId]) -> String {
    rules.iter().map(|rule| rule.as_str()).collect::<Vec<_>>().join(", ")
}
