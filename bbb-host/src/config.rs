//! The configuration: one struct a section, read from a file, the environment above it, and checked once.
//!
//! `config.default.toml` beside this file is both the defaults and their documentation. Secrets are in neither: they come from the environment or from a file of their
//! own, and only when an adapter is made that needs them.

pub mod check;
mod server;
mod sign_in;

use std::env;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use bbb_core::budget::{Cap, Caps};
use bbb_core::money::Cents;
use bbb_core::spec::{ModelSpec, QuietHours, Sender};
use bbb_integrations::llm::openai::{AnswerFormat, AnswerLimit, OpenAiConfig};
use bbb_integrations::mail::smtp::{SmtpConfig, Tls};
use bbb_integrations::secret::Secret;
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use crate::fault::Fault;
use crate::outbound::Outbound;

pub use self::server::{RealBusinesses, Registration, ServerSection};
pub(crate) use self::sign_in::is_protected;
pub use self::sign_in::{ProviderKind, SignInSection};

/// The defaults, explained.
pub const DEFAULT_TOML: &str = include_str!("config.default.toml");
/// The file that is read where none is named.
pub const DEFAULT_FILE: &str = "bbb.toml";

/// The most bytes of a configuration file.
pub(crate) const MAX_CONFIG_BYTES: u64 = 1024 * 1024;
/// The most bytes of a file that holds a secret or a certificate.
const MAX_SECRET_BYTES: u64 = 64 * 1024;
/// The longest timeout that can be configured, in seconds: a day.
const MAX_TIMEOUT_S: u64 = 86_400;
/// The highest price of a million tokens that can be configured, in dollars: far above any, so that more is a slip of the pen.
const MAX_TOKEN_PRICE_USD: i64 = 1_000_000;

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct Config {
    pub sender: SenderSection,
    pub smtp: SmtpSection,
    pub llm: LlmSection,
    pub reviewer: ReviewerSection,
    pub owner: OwnerSection,
    pub caps: CapsSection,
    pub quiet_hours: QuietHoursSection,
    pub charter: CharterSection,
    pub server: ServerSection,
    pub outbound: OutboundSection,
}

/// `[charter]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct CharterSection {
    #[serde(deserialize_with = "names")]
    pub files: Vec<String>,
}

/// `[outbound]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct OutboundSection {
    #[serde(deserialize_with = "names")]
    pub allowed_hosts: Vec<String>,
    pub root_certificate_file: String,
}

/// `[sender]`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct SenderSection {
    pub name: String,
    pub address: String,
    pub postal_address: String,
    pub unsubscribe: String,
}

/// `[smtp]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct SmtpSection {
    pub host: String,
    pub port: u16,
    pub tls: TlsSetting,
    pub username: String,
    pub password_file: String,
    pub timeout_s: u64,
    pub answer_timeout_s: u64,
    pub hello_name: String,
    pub connections: usize,
    pub root_certificate_file: String,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub enum TlsSetting {
    Tls,
    StartTls,
    None,
}

/// `[llm]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct LlmSection {
    pub base_url: String,
    pub model: String,
    pub key_file: String,
    pub max_answer_tokens: u32,
    #[serde(deserialize_with = "dollars")]
    pub price_per_million_tokens_usd: Cents,
    pub answer_format: FormatSetting,
    pub answer_limit: LimitSetting,
    pub temperature_zero: bool,
    pub timeout_s: u64,
}

/// `[reviewer]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct ReviewerSection {
    pub mind: ReviewerSetting,
    pub model: String,
    pub max_answer_tokens: u32,
    #[serde(deserialize_with = "dollars")]
    pub price_per_million_tokens_usd: Cents,
}

/// Who reads texts before they leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub enum ReviewerSetting {
    None,
    Llm,
}

/// How answers are made to follow their schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub enum FormatSetting {
    JsonSchema,
    JsonObject,
    Text,
}

/// The field that limits an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub enum LimitSetting {
    MaxCompletionTokens,
    MaxTokens,
}

/// `[owner]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct OwnerSection {
    #[serde(deserialize_with = "dollars")]
    pub money_usd: Cents,
}

impl Default for OwnerSection {
    fn default() -> Self {
        OwnerSection { money_usd: Cents::from_dollars(200) }
    }
}

/// `[caps]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct CapsSection {
    #[serde(deserialize_with = "dollars")]
    pub money_usd: Cents,
    #[serde(deserialize_with = "dollars")]
    pub money_per_day_usd: Cents,
    #[serde(deserialize_with = "dollars")]
    pub money_per_month_usd: Cents,
    #[serde(deserialize_with = "dollars")]
    pub money_per_action_usd: Cents,
    #[serde(deserialize_with = "dollars")]
    pub ask_above_usd: Cents,
    pub tokens: u64,
    pub tokens_per_day: u64,
    pub tokens_per_month: u64,
    pub tokens_per_action: u64,
    pub messages: u64,
    pub messages_per_day: u64,
    pub messages_per_month: u64,
}

/// `[quiet_hours]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "config.default.toml explains every section and setting")]
pub struct QuietHoursSection {
    pub from: u8,
    pub to: u8,
}

impl Default for SmtpSection {
    fn default() -> Self {
        SmtpSection {
            host: String::new(),
            port: 465,
            tls: TlsSetting::Tls,
            username: String::new(),
            password_file: String::new(),
            timeout_s: 60,
            answer_timeout_s: 600,
            hello_name: "localhost".to_owned(),
            connections: 4,
            root_certificate_file: String::new(),
        }
    }
}

impl Default for LlmSection {
    fn default() -> Self {
        LlmSection {
            base_url: "https://api.openai.com/v1".to_owned(),
            model: "gpt-4o-mini".to_owned(),
            key_file: String::new(),
            max_answer_tokens: 1024,
            price_per_million_tokens_usd: Cents::new(60),
            answer_format: FormatSetting::JsonSchema,
            answer_limit: LimitSetting::MaxCompletionTokens,
            temperature_zero: true,
            timeout_s: 120,
        }
    }
}

impl Default for ReviewerSection {
    fn default() -> Self {
        ReviewerSection {
            mind: ReviewerSetting::None,
            model: String::new(),
            max_answer_tokens: 200,
            price_per_million_tokens_usd: Cents::new(60),
        }
    }
}

impl Default for CapsSection {
    fn default() -> Self {
        CapsSection {
            money_usd: Cents::from_dollars(50),
            money_per_day_usd: Cents::new(1250),
            money_per_month_usd: Cents::from_dollars(50),
            money_per_action_usd: Cents::from_dollars(10),
            ask_above_usd: Cents::from_dollars(5),
            tokens: 40_000_000,
            tokens_per_day: 200_000,
            tokens_per_month: 4_000_000,
            tokens_per_action: 50_000,
            messages: 10_000,
            messages_per_day: 50,
            messages_per_month: 1_000,
        }
    }
}

impl Default for QuietHoursSection {
    fn default() -> Self {
        let QuietHours { from, to } = QuietHours::default();
        QuietHoursSection { from, to }
    }
}

/// Reads an amount as a number or as text, exactly.
fn dollars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cents, D::Error> {
    use serde::de::Error;
    let text = match Value::deserialize(deserializer)? {
        Value::Integer(whole) => whole.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) => text,
        other => return Err(D::Error::custom(format!("an amount in USD is a number, not {}", other.type_str()))),
    };
    Cents::parse_dollars(&text).map_err(D::Error::custom)
}

/// Reads a list of names, or as text names with commas between them: the environment has no lists.
fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    use serde::de::Error;
    match Value::deserialize(deserializer)? {
        Value::String(text) => Ok(text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()),
        list => Vec::deserialize(list).map_err(|_| D::Error::custom("a list of names is wanted, such as [\"mine.cedar\"]")),
    }
}

impl Config {
    /// The configuration from `file`, or from [`DEFAULT_FILE`] where that is there, or the defaults; and from the environment.
    ///
    /// # Errors
    /// [`Fault`] names the file and the line, or the variable, and the rule.
    pub fn load(file: Option<&Path>) -> Result<Config, Fault> {
        let default = Path::new(DEFAULT_FILE);
        let text = match file {
            Some(path) => Some((path, read(path, MAX_CONFIG_BYTES)?)),
            None if default.exists() => Some((default, read(default, MAX_CONFIG_BYTES)?)),
            None => None,
        };
        let environment =
            |name: &str| env::var_os(name).map(|value| value.into_string().map_err(|_| Fault::usage(format!("{name} is not UTF-8"))));
        let text = text.as_ref().map(|(path, text)| (path.display().to_string(), text.as_str()));
        Config::parse(text.as_ref().map(|(name, text)| (name.as_str(), *text)), environment)
    }

    /// The configuration from a file's name and text, and from an environment.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(file: Option<(&str, &str)>, environment: impl Fn(&str) -> Option<Result<String, Fault>>) -> Result<Config, Fault> {
        let mut table = Table::new();
        if let Some((name, text)) = file {
            nested_fairly(name, text)?;
            // Read in its final form first: only that knows the line of what does not fit.
            toml::from_str::<Config>(text).map_err(|error| in_file(name, text, &error))?;
            table = toml::from_str(text).map_err(|error| in_file(name, text, &error))?;
        }
        let known: Table = toml::from_str(DEFAULT_TOML).map_err(|error| Fault::failed(format!("the embedded defaults: {error}")))?;
        for (section, settings) in &known {
            for (key, default) in settings.as_table().into_iter().flatten() {
                let name = format!("BBB_{}_{}", section.to_uppercase(), key.to_uppercase());
                let Some(value) = environment(&name) else { continue };
                let value = typed(value?, default);
                if let Value::Table(settings) = table.entry(section.clone()).or_insert_with(|| Value::Table(Table::new())) {
                    settings.insert(key.clone(), value);
                }
                Config::deserialize(table.clone()).map_err(|error| Fault::usage(format!("{name}: {}", error.message())))?;
            }
        }
        let config = Config::deserialize(table).map_err(|error| Fault::usage(format!("the configuration: {}", error.message())))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Fault> {
        let seconds = [
            ("smtp.timeout_s", self.smtp.timeout_s),
            ("smtp.answer_timeout_s", self.smtp.answer_timeout_s),
            ("llm.timeout_s", self.llm.timeout_s),
        ];
        if let Some((name, seconds)) = seconds.into_iter().find(|(_, seconds)| !(1..=MAX_TIMEOUT_S).contains(seconds)) {
            return Err(Fault::usage(format!("{name} is {seconds}: it needs 1 to {MAX_TIMEOUT_S} seconds")));
        }
        let prices = [("llm", self.llm.price_per_million_tokens_usd), ("reviewer", self.reviewer.price_per_million_tokens_usd)];
        if let Some((section, price)) = prices.into_iter().find(|(_, price)| *price > Cents::from_dollars(MAX_TOKEN_PRICE_USD)) {
            return Err(Fault::usage(format!("{section}.price_per_million_tokens_usd is {price}: it is at most {MAX_TOKEN_PRICE_USD}")));
        }
        self.server.check()?;
        if self.server.mail_links()?.is_some() && self.smtp.host.is_empty() {
            return Err(Fault::usage("server.mail_from needs smtp.host: without it no mail leaves"));
        }
        Outbound::new(&self.outbound.allowed_hosts, None)?;
        let (llm, reviewer) = (&self.llm, &self.reviewer);
        if reviewer.model == llm.model && reviewer.price_per_million_tokens_usd != llm.price_per_million_tokens_usd {
            return Err(Fault::usage(format!(
                "reviewer.model is llm.model at another price; leave reviewer.model empty to use {} at {}",
                llm.model, llm.price_per_million_tokens_usd
            )));
        }
        Ok(())
    }

    /// Who signs, where all of it is given.
    ///
    /// # Errors
    /// The first setting that is missing.
    pub fn sender(&self) -> Result<Sender, Fault> {
        let SenderSection { name, address, postal_address, unsubscribe } = &self.sender;
        let given = [("name", name), ("address", address), ("postal_address", postal_address), ("unsubscribe", unsubscribe)];
        if let Some((key, _)) = given.into_iter().find(|(_, value)| value.trim().is_empty()) {
            return Err(Fault::usage(format!("a live business needs sender.{key} in {DEFAULT_FILE}; see: bbb config")));
        }
        Ok(Sender {
            name: name.clone(),
            address: address.clone(),
            postal_address: postal_address.clone(),
            unsubscribe: unsubscribe.clone(),
        })
    }

    /// Whether anything about the sender is given.
    pub fn has_sender(&self) -> bool {
        let SenderSection { name, address, postal_address, unsubscribe } = &self.sender;
        [name, address, postal_address, unsubscribe].iter().any(|value| !value.trim().is_empty())
    }

    /// How mail is sent, with its password.
    ///
    /// # Errors
    /// The setting that is missing, or the file that cannot be read.
    pub fn smtp(&self) -> Result<SmtpConfig, Fault> {
        let smtp = &self.smtp;
        if smtp.host.is_empty() {
            return Err(Fault::usage(format!("sending mail needs smtp.host in {DEFAULT_FILE}; see: bbb config")));
        }
        let root_certificate = match smtp.root_certificate_file.as_str() {
            "" => None,
            path => Some(read(Path::new(path), MAX_SECRET_BYTES)?),
        };
        Ok(SmtpConfig {
            host: smtp.host.clone(),
            port: smtp.port,
            tls: match smtp.tls {
                TlsSetting::Tls => Tls::Tls,
                TlsSetting::StartTls => Tls::StartTls,
                TlsSetting::None => Tls::None,
            },
            username: smtp.username.clone(),
            password: secret("BBB_SMTP_PASSWORD", &smtp.password_file)?,
            timeout: Duration::from_secs(smtp.timeout_s),
            answer_timeout: Duration::from_secs(smtp.answer_timeout_s),
            hello_name: smtp.hello_name.clone(),
            connections: smtp.connections,
            root_certificate,
        })
    }

    /// What asks hosts that tenants name.
    ///
    /// # Errors
    /// What is no host, and a certificate that cannot be read or is none.
    pub fn outbound(&self) -> Result<Outbound, Fault> {
        let root = match self.outbound.root_certificate_file.as_str() {
            "" => None,
            path => Some(read(Path::new(path), MAX_SECRET_BYTES)?),
        };
        Outbound::new(&self.outbound.allowed_hosts, root.as_deref())
    }

    /// What the language-model mind may use.
    pub fn model(&self) -> ModelSpec {
        let llm = &self.llm;
        ModelSpec {
            model: llm.model.clone(),
            max_answer_tokens: llm.max_answer_tokens,
            price_per_million_tokens: llm.price_per_million_tokens_usd,
        }
    }

    /// The model that reads texts before they leave, where a business is to have one: the minds' own where the section names none.
    pub fn reviewer(&self) -> ModelSpec {
        let own = &self.reviewer;
        let (model, price_per_million_tokens) = match own.model.as_str() {
            "" => (self.llm.model.clone(), self.llm.price_per_million_tokens_usd),
            named => (named.to_owned(), own.price_per_million_tokens_usd),
        };
        ModelSpec { model, max_answer_tokens: own.max_answer_tokens, price_per_million_tokens }
    }

    /// Where the language model is, with its key. Which model and at which price says `model`: what the business was launched with.
    ///
    /// # Errors
    /// The file that cannot be read.
    pub fn llm(&self, model: &ModelSpec) -> Result<OpenAiConfig, Fault> {
        let key = secret("BBB_LLM_API_KEY", &self.llm.key_file)?;
        Ok(OpenAiConfig {
            base_url: self.llm.base_url.clone(),
            answer_limit: match self.llm.answer_limit {
                LimitSetting::MaxCompletionTokens => AnswerLimit::MaxCompletionTokens,
                LimitSetting::MaxTokens => AnswerLimit::MaxTokens,
            },
            format: match self.llm.answer_format {
                FormatSetting::JsonSchema => AnswerFormat::JsonSchema,
                FormatSetting::JsonObject => AnswerFormat::JsonObject,
                FormatSetting::Text => AnswerFormat::Text,
            },
            temperature_zero: self.llm.temperature_zero,
            timeout: Duration::from_secs(self.llm.timeout_s),
            ..OpenAiConfig::new(key, model.model.clone(), model.price_per_million_tokens)
        })
    }

    /// When advertising waits for the morning.
    pub fn quiet_hours(&self) -> QuietHours {
        QuietHours { from: self.quiet_hours.from, to: self.quiet_hours.to }
    }

    /// The caps of a live or shadow business, with another budget where one is given: then a quarter of it may be spent in a day.
    pub fn caps(&self, budget: Option<Cents>) -> Caps {
        let section = self.caps;
        let total = budget.unwrap_or(section.money_usd);
        let day = budget.map_or(section.money_per_day_usd, |budget| budget.percent(25));
        let month = budget.unwrap_or(section.money_per_month_usd);
        Caps {
            real_money: Cap { action: section.money_per_action_usd.min(day), day, month, total },
            simulated_money: Cap::of(Cents::ZERO),
            tokens: Cap {
                action: section.tokens_per_action,
                day: section.tokens_per_day,
                month: section.tokens_per_month,
                total: section.tokens,
            },
            messages: Cap { action: 1, day: section.messages_per_day, month: section.messages_per_month, total: section.messages },
            ask_above: section.ask_above_usd,
        }
    }
}

/// A variable's text as a value of the default's type; what does not fit stays text and is refused by name.
fn typed(text: String, default: &Value) -> Value {
    let parsed = match default {
        Value::Integer(_) | Value::Float(_) => text.parse().map(Value::Integer).or_else(|_| text.parse().map(Value::Float)).ok(),
        Value::Boolean(_) => text.parse().map(Value::Boolean).ok(),
        _ => None,
    };
    parsed.unwrap_or(Value::String(text))
}

pub(crate) fn in_file(name: &str, text: &str, error: &toml::de::Error) -> Fault {
    let line = |span: std::ops::Range<usize>| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1;
    let line = error.span().map_or_else(|| deepest_line(text).0, line);
    Fault::usage(format!("{name}, line {line}: {}", error.message()))
}

/// The most dots and opening brackets in one line: the parser recurses, and a file must not be able to end the process.
const MAX_NESTING: usize = 100;

/// Refuses a text with a line of so many dots and brackets that reading it could end the process.
pub(crate) fn nested_fairly(name: &str, text: &str) -> Result<(), Fault> {
    match deepest_line(text) {
        (line, nesting) if nesting > MAX_NESTING => {
            Err(Fault::usage(format!("{name}, line {line}: more than {MAX_NESTING} dots and brackets in one line")))
        }
        _ => Ok(()),
    }
}

/// The line with the most dots and opening brackets, and how many they are: what is nested beyond all bounds is reported without its place.
fn deepest_line(text: &str) -> (usize, usize) {
    let depth = |line: &str| line.bytes().filter(|byte| b".[{".contains(byte)).count();
    let deepest = text.lines().enumerate().max_by_key(|(at, line)| (depth(line), std::cmp::Reverse(*at)));
    deepest.map_or((1, 0), |(at, line)| (at + 1, depth(line)))
}

/// Reads a text file of bounded size.
pub(crate) fn read(path: &Path, max_bytes: u64) -> Result<String, Fault> {
    let mut text = String::new();
    let file = fs::File::open(path).map_err(|error| Fault::file(path.display(), &error))?;
    file.take(max_bytes + 1).read_to_string(&mut text).map_err(|error| Fault::file(path.display(), &error))?;
    if text.len() as u64 > max_bytes {
        return Err(Fault::usage(format!("{} is over the limit of {max_bytes} bytes", path.display())));
    }
    Ok(text)
}

/// A secret from its variable or its file; empty where there is neither.
pub(crate) fn secret(variable: &str, file: &str) -> Result<Secret, Fault> {
    if let Some(value) = env::var_os(variable) {
        return value.into_string().map(Secret::new).map_err(|_| Fault::usage(format!("{variable} is not UTF-8")));
    }
    if file.is_empty() {
        return Ok(Secret::default());
    }
    let path = Path::new(file);
    let metadata = fs::metadata(path).map_err(|error| Fault::file(path.display(), &error))?;
    if metadata.mode() & 0o077 != 0 {
        return Err(Fault::usage(format!("{file} holds a secret and can be read by others; run: chmod 600 {file}")));
    }
    Ok(Secret::new(read(path, MAX_SECRET_BYTES)?.trim_end_matches(['\r', '\n'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let find = |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| Ok((*value).to_owned()));
        Config::parse(Some(("bbb.toml", text)), find).map_err(|fault| fault.message)
    }

    #[test]
    fn the_documented_defaults_are_the_defaults() {
        assert_eq!(parse(DEFAULT_TOML, &[]), Ok(Config::default()));
        assert_eq!(parse("", &[]), Ok(Config::default()));
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let config = parse("[smtp]\nport = 25\nhost = \"a\"", &[("BBB_SMTP_HOST", "b"), ("BBB_CAPS_MONEY_USD", "7.5")]).expect("valid");
        assert_eq!((config.smtp.port, config.smtp.host.as_str(), config.smtp.connections), (25, "b", 4));
        assert_eq!(config.caps.money_usd, Cents::new(750));
        let config = parse("[charter]\nfiles = [\"a.cedar\"]", &[]).expect("valid");
        assert_eq!(config.charter.files, ["a.cedar"]);
        let config = parse("[charter]\nfiles = [\"a.cedar\"]", &[("BBB_CHARTER_FILES", "b.cedar, pack:no-ads")]).expect("valid");
        assert_eq!(config.charter.files, ["b.cedar", "pack:no-ads"]);
    }

    #[test]
    fn the_reviewer_is_the_model_of_the_minds_unless_another_one_is_named() {
        let named = |text: &str| {
            let ModelSpec { model, max_answer_tokens, price_per_million_tokens } = parse(text, &[]).expect("valid").reviewer();
            (model, max_answer_tokens, price_per_million_tokens.get())
        };
        assert_eq!(named("[llm]\nmodel = \"m\"\nprice_per_million_tokens_usd = 5"), ("m".to_owned(), 200, 500));
        let own = "[reviewer]\nmodel = \"r\"\nmax_answer_tokens = 9\nprice_per_million_tokens_usd = 7\n[llm]\nmodel = \"m\"";
        assert_eq!(named(own), ("r".to_owned(), 9, 700));
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_line_or_variable() {
        let check = |text: &str, environment: &[(&str, &str)], parts: &[&str]| {
            let error = parse(text, environment).expect_err(text);
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        };
        check("[smtp]\n\nhots = \"a\"", &[], &["bbb.toml, line 3", "hots"]);
        check("[smpt]\nhost = \"a\"", &[], &["line 1", "smpt"]);
        check("[smtp]\nport = 70000", &[], &["line 2", "70000"]);
        check("[smtp]\ntls = \"maybe\"", &[], &["line 2", "maybe"]);
        check("[caps]\nmoney_usd = -3", &[], &["line 2", "-3"]);
        check("[caps]\ntokens = 1\nmoney_usd = 0.005", &[], &["line 3", "decimals"]);
        check("[caps\n", &[], &["line 1"]);
        check("[charter]\nfiles = [3]", &[], &["line 2", "a list of names"]);
        check("[smtp]\ntimeout_s = 0", &[], &["smtp.timeout_s", "1 to"]);
        for price in ["1000000.01", "\"92233720368547757\""] {
            check(&format!("[llm]\nprice_per_million_tokens_usd = {price}"), &[], &["llm.price_per_million_tokens_usd", "at most 1000000"]);
        }
        check("[server]\nlisten = \"7878\"", &[], &["server.listen", "127.0.0.1:7878"]);
        check("[server]\nregistration = \"closed\"", &[], &["line 2", "closed"]);
        check("[server]\nconnections = 0", &[], &["server.connections", "1 to"]);
        check("[server]\nrequests_per_minute = 0", &[], &["server.requests_per_minute"]);
        check("[reviewer]\nmind = \"me\"", &[], &["line 2", "me"]);
        check("[reviewer]\nprice_per_million_tokens_usd = 1000000.01", &[], &["reviewer.price_per_million_tokens_usd"]);
        check("[reviewer]\nmodel = \"m\"\n[llm]\nmodel = \"m\"\nprice_per_million_tokens_usd = 5", &[], &["llm.model at another price"]);
        assert!(parse("[llm]\nprice_per_million_tokens_usd = 1000000", &[]).is_ok());
        check("", &[("BBB_SMTP_PORT", "many")], &["BBB_SMTP_PORT"]);
        check("", &[("BBB_LLM_TEMPERATURE_ZERO", "perhaps")], &["BBB_LLM_TEMPERATURE_ZERO"]);
    }
}
