//! `bbb config`: the defaults, and whether a configuration would be taken.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::charter::charter_of;
use crate::cli::screen::Screen;
use crate::config::check::{Checked, Setting, Source, Trouble, check};
use crate::config::{Config, DEFAULT_FILE, DEFAULT_TOML, MAX_CONFIG_BYTES, read};
use crate::fault::Fault;
use crate::serve;

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: Option<ConfigCommand>,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print the configuration file with all defaults, explained
    Default,
    /// Say what is wrong with a configuration, and what holds: the file with the environment above it, secrets left out
    Check(Check),
}

#[derive(Debug, Args)]
struct Check {
    /// The configuration file [default: the one of BBB_CONFIG, or ./bbb.toml, if there is one]
    file: Option<PathBuf>,
}

impl ConfigArgs {
    pub(super) fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        match self.command {
            None | Some(ConfigCommand::Default) => screen.result(&defaults()?, DEFAULT_TOML),
            Some(ConfigCommand::Check(check)) => check.run(screen),
        }
    }
}

/// The defaults as data.
fn defaults() -> Result<toml::Table, Fault> {
    toml::from_str(DEFAULT_TOML).map_err(|error| Fault::failed(format!("the embedded defaults: {error}")))
}

/// A secret: where it comes from, and never what it is.
struct Secret {
    name: &'static str,
    origin: String,
}

impl Check {
    fn run(self, screen: &mut Screen) -> Result<(), Fault> {
        let named = self.file.or_else(|| env::var_os("BBB_CONFIG").map(PathBuf::from));
        let default = Path::new(DEFAULT_FILE);
        let path = named.as_deref().or_else(|| default.exists().then_some(default));
        let text = path.map(|path| read(path, MAX_CONFIG_BYTES)).transpose()?;
        let name = path.map(|path| path.display().to_string());
        let mut environment: Vec<(String, Option<String>)> =
            env::vars_os().map(|(name, text)| (name.to_string_lossy().into_owned(), text.into_string().ok())).collect();
        environment.sort();
        let mut found = check(name.as_deref().zip(text.as_deref()), &environment)?;
        let secrets = found.config.take().map(|config| files(&config, &mut found.troubles)).unwrap_or_default();
        let object = json!({
            "ok": found.troubles.is_empty(),
            "file": name,
            "settings": by_section(&found.settings),
            "secrets": secrets.iter().map(|one| (one.name.to_owned(), Value::from(one.origin.as_str()))).collect::<serde_json::Map<_, _>>(),
            "troubles": found.troubles,
            "unread": found.unread,
        });
        screen.result(&object, &text_of(name.as_deref(), &found, &secrets))?;
        match found.troubles.as_slice() {
            [] => Ok(()),
            [one] => Err(Fault::usage(told(one))),
            several => Err(Fault::usage(format!("{} things are wrong with the configuration", several.len()))),
        }
    }
}

/// Looks at the files that the configuration names, as whoever needs them will.
fn files(config: &Config, troubles: &mut Vec<Trouble>) -> Vec<Secret> {
    let mut note = |checked: Result<(), Fault>| {
        if let Err(fault) = checked {
            troubles.push(Trouble { source: None, problem: fault.message });
        }
    };
    note(serve::check_tls(&config.server));
    note(charter_of(&config.charter.files).map(drop));
    let mut secrets = Vec::new();
    for (name, variable, file) in
        [("smtp.password", "BBB_SMTP_PASSWORD", &config.smtp.password_file), ("llm.key", "BBB_LLM_API_KEY", &config.llm.key_file)]
    {
        note(crate::config::secret(variable, file).map(drop));
        let origin = match (env::var_os(variable).is_some(), file.as_str()) {
            (true, _) => format!("given by {variable}"),
            (false, "") => "not given".to_owned(),
            (false, file) => format!("in the file {file}"),
        };
        secrets.push(Secret { name, origin });
    }
    for provider in &config.server.sign_in {
        note(provider.client_secret().map(drop));
    }
    if !config.smtp.root_certificate_file.is_empty() {
        note(read(Path::new(&config.smtp.root_certificate_file), MAX_CONFIG_BYTES).map(drop));
    }
    if !config.outbound.root_certificate_file.is_empty() {
        note(config.outbound().map(drop));
    }
    secrets
}

fn by_section(settings: &[Setting]) -> BTreeMap<&str, BTreeMap<&str, Value>> {
    let mut sections: BTreeMap<&str, BTreeMap<&str, Value>> = BTreeMap::new();
    for Setting { section, key, value, source } in settings {
        let mut told = json!(source);
        told["value"] = json!(value);
        sections.entry(section).or_default().insert(key, told);
    }
    sections
}

fn place(source: &Source) -> String {
    match source {
        Source::Default => "default".to_owned(),
        Source::File { file, line } => format!("{file}, line {line}"),
        Source::Environment { variable } => variable.clone(),
    }
}

fn told(trouble: &Trouble) -> String {
    trouble.source.as_ref().map_or_else(|| trouble.problem.clone(), |source| format!("{}: {}", place(source), trouble.problem))
}

fn text_of(file: Option<&str>, found: &Checked, secrets: &[Secret]) -> String {
    let mut text = match file {
        Some(file) => format!("# {file}, and the environment\n"),
        None => format!("# No file: there is no {DEFAULT_FILE} here. The defaults, and the environment\n"),
    };
    let mut before = "";
    for Setting { section, key, value, source } in &found.settings {
        if section != before {
            // Writing to a string cannot fail, here and below.
            let _ = write!(text, "\n[{section}]\n");
            before = section;
        }
        let _ = match source {
            Source::Default => writeln!(text, "{key} = {value}"),
            source => writeln!(text, "{key} = {value}  # {}", place(source)),
        };
    }
    if !secrets.is_empty() {
        text.push_str("\n# Secrets\n");
    }
    for Secret { name, origin } in secrets {
        let _ = writeln!(text, "# {name}: {origin}");
    }
    for variable in &found.unread {
        let _ = write!(text, "\n# {variable} names no setting: nothing reads it\n");
    }
    if found.troubles.is_empty() {
        text.push_str("\n# Nothing is wrong.\n");
    } else {
        text.push_str("\n# Wrong; the default is shown for what does not fit:\n");
    }
    for trouble in &found.troubles {
        let _ = writeln!(text, "#   {}", told(trouble).replace('\n', " "));
    }
    text
}
