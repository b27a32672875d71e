//! Checking a configuration: everything that is wrong with it, each with its place, and what holds.
//!
//! [`Config::parse`] ends with the first thing that is wrong; whoever mends a file wants to know of all.

use serde::{Deserialize, Serialize};
use toml::de::DeTable;
use toml::{Table, Value};

use crate::config::{Config, DEFAULT_TOML, in_file, nested_fairly, typed};
use crate::fault::Fault;

/// Variables of the environment that are no settings.
const OTHER_VARIABLES: [&str; 6] = ["BBB_DATA", "BBB_CONFIG", "BBB_LOG", "BBB_LOG_FORMAT", "BBB_SMTP_PASSWORD", "BBB_LLM_API_KEY"];

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Source {
    /// The defaults.
    Default,
    /// The file.
    File {
        /// The file, as it was named.
        file: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// The environment.
    Environment {
        /// The variable.
        variable: String,
    },
}

/// A setting as it holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Setting {
    /// Its section.
    pub section: String,
    /// Its name in the section.
    pub key: String,
    /// Its value. Of an address, without a password in it.
    pub value: Value,
    /// Where it comes from.
    #[serde(flatten)]
    pub source: Source,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// Where it is, where that is known.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The rule, for people.
    pub problem: String,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// All settings; one whose value is wrong is the default.
    pub settings: Vec<Setting>,
    /// What is wrong.
    pub troubles: Vec<Trouble>,
    /// Variables that look like settings, and are none: nothing reads them.
    pub unread: Vec<String>,
    /// The configuration, where nothing is wrong.
    #[serde(skip)]
    pub config: Option<Config>,
}

/// Checks a file, by its name and text, and the environment, all of it.
///
/// # Errors
/// Only where the embedded defaults are no TOML.
pub fn check(file: Option<(&str, &str)>, environment: &[(String, Option<String>)]) -> Result<Checked, Fault> {
    let known: Table = toml::from_str(DEFAULT_TOML).map_err(|error| Fault::failed(format!("the embedded defaults: {error}")))?;
    let mut found = Checked { settings: Vec::new(), troubles: Vec::new(), unread: Vec::new(), config: None };
    for (section, settings) in &known {
        for (key, value) in settings.as_table().into_iter().flatten() {
            let (section, key, value) = (section.clone(), key.clone(), value.clone());
            found.settings.push(Setting { section, key, value, source: Source::Default });
        }
    }
    if let Some((name, text)) = file {
        found.read_file(name, text);
    }
    found.read_environment(environment);
    found.rules();
    found.troubles.sort_by_key(|one| match one.source {
        Some(Source::File { line, .. }) => (1, line),
        Some(Source::Environment { .. }) => (2, 0),
        Some(Source::Default) | None => (0, 0),
    });
    for setting in &mut found.settings {
        if let Value::String(text) = &mut setting.value {
            *text = without_password(text);
        }
    }
    Ok(found)
}

impl Checked {
    fn trouble(&mut self, source: Option<Source>, problem: impl Into<String>) {
        self.troubles.push(Trouble { source, problem: problem.into() });
    }

    /// Takes a value, where it fits; else says why not.
    fn take(&mut self, section: &str, key: &str, value: Value, source: Source) {
        let alone = Table::from_iter([(key.to_owned(), value.clone())]);
        let alone = Table::from_iter([(section.to_owned(), Value::Table(alone))]);
        if let Err(error) = Config::deserialize(alone) {
            return self.trouble(Some(source), format!("{section}.{key}: {}", error.message()));
        }
        if let Some(setting) = self.settings.iter_mut().find(|one| one.section == section && one.key == key) {
            (setting.value, setting.source) = (value, source);
        }
    }

    fn read_file(&mut self, name: &str, text: &str) {
        let at = |start: usize| {
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            Source::File { file: name.to_owned(), line }
        };
        let read = nested_fairly(name, text).and_then(|()| {
            let places = DeTable::parse(text).map_err(|error| in_file(name, text, &error))?;
            let values: Table = toml::from_str(text).map_err(|error| in_file(name, text, &error))?;
            Ok((places, values))
        });
        let (places, values) = match read {
            Ok(read) => read,
            // Its words have the file and the line already.
            Err(fault) => return self.trouble(None, fault.message),
        };
        for (section, settings) in places.get_ref() {
            let (name, start) = (section.get_ref().as_ref(), section.span().start);
            let (Some(places), Some(values)) = (settings.get_ref().as_table(), values.get(name).and_then(Value::as_table)) else {
                let shown: String = name.chars().take(40).collect();
                self.trouble(Some(at(start)), format!("`{shown}` is no section; settings stand below a line such as [smtp]"));
                continue;
            };
            if !self.settings.iter().any(|one| one.section == name) {
                let mut sections: Vec<&str> = self.settings.iter().map(|one| one.section.as_str()).collect();
                sections.dedup();
                let shown: String = name.chars().take(40).collect();
                let problem = format!("there is no section [{shown}]; there are: {}", sections.join(", "));
                self.trouble(Some(at(start)), problem);
                continue;
            }
            for place in places.keys() {
                let key = place.get_ref().as_ref();
                if let Some(value) = values.get(key) {
                    self.take(name, key, value.clone(), at(place.span().start));
                }
            }
        }
    }

    fn read_environment(&mut self, environment: &[(String, Option<String>)]) {
        for (variable, text) in environment.iter().filter(|(name, _)| name.starts_with("BBB_")) {
            let source = Source::Environment { variable: variable.clone() };
            let names = |one: &&Setting| *variable == format!("BBB_{}_{}", one.section.to_uppercase(), one.key.to_uppercase());
            match (self.settings.iter().find(names).cloned(), text) {
                (None, _) if !OTHER_VARIABLES.contains(&variable.as_str()) && !is_secret_of_provider(variable) => {
                    self.unread.push(variable.clone())
                }
                (None, _) => {}
                (Some(_), None) => self.trouble(Some(source), "it is not UTF-8"),
                (Some(Setting { section, key, value, .. }), Some(text)) => {
                    self.take(&section, &key, typed(text.clone(), &value), source);
                }
            }
        }
    }

    /// Applies the rules that bind several settings, or that types do not know. What breaks one is taken back, so that the next is found too.
    fn rules(&mut self) {
        loop {
            let mut table = Table::new();
            for Setting { section, key, value, .. } in &self.settings {
                if let Value::Table(settings) = table.entry(section.clone()).or_insert_with(|| Value::Table(Table::new())) {
                    settings.insert(key.clone(), value.clone());
                }
            }
            let config = match Config::deserialize(table) {
                Ok(config) => config,
                Err(error) => return self.trouble(None, error.message()),
            };
            let Err(fault) = config.check().and_then(|()| config.server.address().map(drop)) else {
                self.config = self.troubles.is_empty().then_some(config);
                return;
            };
            let broken = |one: &&mut Setting| {
                one.source != Source::Default && names_setting(&fault.message, &format!("{}.{}", one.section, one.key))
            };
            let Some(setting) = self.settings.iter_mut().find(broken) else { return self.trouble(None, fault.message) };
            let source = std::mem::replace(&mut setting.source, Source::Default);
            setting.value = default_of(&setting.section, &setting.key);
            self.trouble(Some(source), fault.message);
        }
    }
}

/// Whether a variable may be the secret that a provider of sign-ins knows this daemon by.
fn is_secret_of_provider(variable: &str) -> bool {
    variable.starts_with("BBB_SIGN_IN_") && variable.ends_with("_SECRET")
}

/// Whether a text has this name in it, and not only as the beginning of a longer one.
fn names_setting(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| !text[at + name.len()..].starts_with(|next: char| next == '_' || next.is_alphanumeric()))
}

fn default_of(section: &str, key: &str) -> Value {
    let known: Table = toml::from_str(DEFAULT_TOML).unwrap_or_default();
    known.get(section).and_then(|settings| settings.get(key)).cloned().unwrap_or_else(|| Value::String(String::new()))
}

/// An address without the user, the password and the query in it, which may be secrets; any other text as it is.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?***"));
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, host) = authority.rsplit_once('@').map_or(("", authority), |(_, host)| ("***@", host));
    format!("{scheme}://{user}{host}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, environment: &[(&str, &str)]) -> Checked {
        let environment: Vec<_> = environment.iter().map(|(name, text)| ((*name).to_owned(), Some((*text).to_owned()))).collect();
        check(Some(("bbb.toml", text)), &environment).expect("the defaults are TOML")
    }

    fn lines(found: &Checked) -> Vec<usize> {
        let line = |one: &Trouble| match one.source {
            Some(Source::File { line, .. }) => line,
            _ => 0,
        };
        found.troubles.iter().map(line).collect()
    }

    #[test]
    fn every_documented_setting_is_known_and_nothing_is_wrong_with_the_defaults() {
        let found = checked(DEFAULT_TOML, &[]);
        assert_eq!(found.troubles, []);
        assert_eq!(found.config, Some(Config::default()));
        assert!(found.settings.iter().all(|one| matches!(one.source, Source::File { .. })), "each has a line");
    }

    #[test]
    fn all_that_is_wrong_is_found_each_with_its_line_or_variable() {
        let text = "[smtp]\nhots = \"a\"\nport = 70000\nhost = \"b\"\ntimeout_s = 0\n[smpt]\nhost = \"a\"\n[llm]\ntimeout_s = 0\n[server]\nlisten = \"7878\"\n";
        let found = checked(text, &[("BBB_SERVER_CONNECTIONS", "many"), ("BBB_SMTP_HOTS", "x"), ("BBB_LOG", "info")]);
        assert_eq!(lines(&found), [2, 3, 5, 6, 9, 11, 0], "{:?}", found.troubles);
        assert_eq!(found.troubles[6].source, Some(Source::Environment { variable: "BBB_SERVER_CONNECTIONS".to_owned() }));
        assert_eq!((found.unread, found.config), (vec!["BBB_SMTP_HOTS".to_owned()], None));
        let host = found.settings.iter().find(|one| one.section == "smtp" && one.key == "host").expect("known");
        assert_eq!((&host.value, &host.source), (&Value::from("b"), &Source::File { file: "bbb.toml".to_owned(), line: 4 }));
        for text in ["[smtp\n", "smtp = 3\n", "x = 1\n", "[caps]\nmoney_usd = 0.001\n", "[server]\ntls_key_file = \"a\"\n"] {
            assert_eq!(checked(text, &[]).troubles.len(), 1, "{text}");
        }
        assert_eq!(checked("[smtp]\nport = 1\nport = 2\n", &[]).troubles[0].source, None, "its words have the line");
    }

    #[test]
    fn what_may_be_a_password_in_an_address_is_left_out() {
        for (text, shown) in [
            ("https://api.example.org/v1", "https://api.example.org/v1"),
            ("https://me:secret@api.example.org/v1?key=secret", "https://***@api.example.org/v1?***"),
            ("https://me:sec@ret@api.example.org", "https://***@api.example.org"),
            ("me@example.org", "me@example.org"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }
}
