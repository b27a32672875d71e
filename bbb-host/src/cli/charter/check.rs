//! `bbb charter check`: whether texts of policies would be taken.

use bbb_core::oversight::charter::Charter;
use clap::Args;
use serde_json::{Value, json};

use crate::charter::{Text, charter_of};
use crate::cli::screen::Screen;
use crate::fault::{Fault, Kind};

#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// Cedar files, or packs such as pack:cautious
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

impl Check {
    pub(in crate::cli) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let (mut rows, mut lines, mut worst): (Vec<Value>, Vec<String>, Option<Fault>) = (Vec::new(), Vec::new(), None);
        let mut bad = 0_usize;
        for name in &self.files {
            let checked = Text::read(name).and_then(|text| Ok((text.blueprints()?, Charter::with_owner_policies(name, &text.text)?)));
            match checked {
                Ok((blueprints, charter)) => {
                    let count = charter.policies().filter(|info| info.owners).count();
                    rows.push(json!({ "file": name, "ok": true, "policies": count, "blueprints": blueprints }));
                    let only = if blueprints.is_empty() { String::new() } else { format!(", only for {}", blueprints.join(", ")) };
                    lines.push(format!("{name}: ok, {count} {}{only}", if count == 1 { "policy" } else { "policies" }));
                }
                Err(fault) => {
                    bad += 1;
                    rows.push(json!({ "file": name, "ok": false, "reason": fault.message }));
                    lines.push(fault.message.clone());
                    worst.get_or_insert(fault);
                }
            }
        }
        // Texts that are good alone may still not go together.
        if worst.is_none()
            && self.files.len() > 1
            && let Err(fault) = charter_of(&self.files)
        {
            lines.push(format!("together: {}", fault.message));
            worst = Some(Fault::new(fault.kind, format!("together: {}", fault.message)));
        }
        screen.result(&json!({ "ok": worst.is_none(), "files": rows }), &lines.join("\n"))?;
        match worst {
            None => Ok(()),
            // One fault is said as it is; of several each has its line above.
            Some(fault) if bad <= 1 => Err(fault),
            Some(fault) if fault.kind == Kind::Usage => Err(Fault::usage(format!("{bad} of {} texts are refused", self.files.len()))),
            Some(fault) => Err(fault),
        }
    }
}
