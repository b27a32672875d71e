//! Language models behind the chat completions API, as OpenAI and many others offer it.
//!
//! A call is sent once: there are no retries in here, since each attempt costs money and needs a hold of its own. What a broken call means:
//!
//! | what happened | billed | failure |
//! |---|---|---|
//! | prompt or schema cannot be used, other model than the configured one | no | [`Failure::Permanent`], nothing was sent |
//! | no connection | no | [`Failure::Temporary`] |
//! | status 408, 429, 5xx except 504 | no | [`Failure::Temporary`] |
//! | any other status | no | [`Failure::Permanent`] |
//! | no answer in time, connection broke off, status 504 | perhaps | [`Failure::Unknown`] |
//! | an answer that is too long, not a completion, or cannot be sealed | yes | [`Failure::Unknown`] |
//!
//! Calls are [`Recovery::Repeatable`], and a failure of the last two kinds spends the whole hold: what may have been billed is never given
//! back. For the same reason a provider that does not count tokens is taken to have used all that was held.
//!
//! Answers are not judged here. A cut or refused answer is an answer, with its cost; whoever asked checks it against the schema.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use bbb_core::action::{CallModel, PromptPart, Speaker};
use bbb_core::event::Recovery;
use bbb_core::journal::store::BoxFuture;
use bbb_core::money::Cents;
use bbb_core::oversight::permit::{Grant, Permit};
use bbb_core::port::{Failure, Port};
use bbb_core::receipt::ModelAnswer;
use bbb_core::seal::{self, MAX_SEALED_BYTES, Vault};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::http::{CallError, Exchange};
use crate::ConfigError;
use crate::redact::redact;
use crate::secret::Secret;

/// The most characters of a provider's words that a failure repeats.
const MAX_WORDS_CHARS: usize = 300;

/// By which field the request limits the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerLimit {
    /// `max_completion_tokens`: OpenAI, and the only one that its reasoning models take.
    MaxCompletionTokens,
    /// `max_tokens`: most servers that copy the API.
    MaxTokens,
}

/// How the request makes the answer follow its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFormat {
    /// By the schema itself, strictly.
    JsonSchema,
    /// Some JSON object; the schema is put into words.
    JsonObject,
    /// Not at all; the schema is put into words.
    Text,
}

/// Which model is asked, where, and at what price.
#[derive(Debug, Clone)]
pub struct OpenAiConfig {
    /// The API's address, such as `https://api.openai.com/v1`. Plain http is for servers on this machine only.
    pub base_url: String,
    /// The API key, or empty where the server wants none.
    pub api_key: Secret,
    /// The model that the price is for. Calls of other models are refused.
    pub model: String,
    /// The price of a million tokens, prompt and answer alike, rounded up to the dearer of the two.
    pub price_per_million_tokens: Cents,
    /// By which field the answer is limited.
    pub answer_limit: AnswerLimit,
    /// How the schema is enforced.
    pub format: AnswerFormat,
    /// Whether to ask for temperature 0; some reasoning models refuse any.
    pub temperature_zero: bool,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the whole call may take, more than connecting.
    pub timeout: Duration,
    /// The most bytes of an answer that are read.
    pub max_response_bytes: usize,
}

impl OpenAiConfig {
    /// OpenAI itself.
    pub fn new(api_key: Secret, model: impl Into<String>, price_per_million_tokens: Cents) -> OpenAiConfig {
        OpenAiConfig {
            base_url: "https://api.openai.com/v1".to_owned(),
            api_key,
            model: model.into(),
            price_per_million_tokens,
            answer_limit: AnswerLimit::MaxCompletionTokens,
            format: AnswerFormat::JsonSchema,
            temperature_zero: true,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(120),
            max_response_bytes: 1024 * 1024,
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let url = reqwest::Url::parse(&self.base_url).map_err(|_| ConfigError::new("base_url", "is not an address"))?;
        let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
        let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => return Err(ConfigError::new("base_url", "needs https, or http for a server on this machine")),
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(ConfigError::new("base_url", "has no user, query or fragment; the key has a setting of its own"));
        }
        if !self.api_key.reveal().bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ConfigError::new("api_key", "needs printable ASCII characters without space"));
        }
        if self.model.is_empty() {
            return Err(ConfigError::new("model", "must be named"));
        }
        if self.price_per_million_tokens < Cents::ZERO {
            return Err(ConfigError::new("price_per_million_tokens", "must not be negative"));
        }
        if self.connect_timeout.is_zero() || self.timeout <= self.connect_timeout {
            return Err(ConfigError::new("timeout", "must be longer than connect_timeout, and that longer than nothing"));
        }
        if self.max_response_bytes == 0 {
            return Err(ConfigError::new("max_response_bytes", "must be more than 0"));
        }
        Ok(())
    }
}

/// The adapter.
pub struct OpenAiModel {
    config: OpenAiConfig,
    client: Client<OpenAIConfig>,
    vault: Vault,
}

impl fmt::Debug for OpenAiModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiModel").field("model", &self.config.model).finish_non_exhaustive()
    }
}

impl OpenAiModel {
    /// An adapter whose sealed prompts `vault` opens. Nothing is connected yet.
    ///
    /// # Errors
    /// The first setting that does not work.
    pub fn new(config: OpenAiConfig, vault: Vault) -> Result<OpenAiModel, ConfigError> {
        config.check()?;
        let http = reqwest::Client::builder()
            .connect_timeout(config.connect_timeout)
            .timeout(config.timeout)
            // A redirect would carry prompt and key elsewhere, a retry would spend without a hold.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("bbb/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| ConfigError::new("base_url", "the HTTP client cannot be set up"))?;
        // Each field is set, so that nothing comes from the environment.
        let provider = OpenAIConfig::default()
            .with_api_base(config.base_url.trim_end_matches('/'))
            .with_api_key(config.api_key.reveal())
            .with_org_id("")
            .with_project_id("");
        let exchange = Exchange::new(http.clone(), config.max_response_bytes);
        let client = Client::build(http, provider).with_http_service(exchange);
        Ok(OpenAiModel { config, client, vault })
    }

    async fn call(&self, permit: Permit<CallModel>) -> Result<ModelAnswer, Failure> {
        let (request, personal) = self.request(permit.action())?;
        let begun = permit.begin()?;
        let answered: Result<Completion, OpenAIError> = self.client.chat().create_byot(&request).await;
        let completion = answered.map_err(|error| self.sort(error, &personal))?;
        self.receipt(&begun.grant, &begun.action, completion)
    }

    /// The request's body, and the words in it that its provider may know and a journal may not.
    fn request(&self, action: &CallModel) -> Result<(Value, Vec<String>), Failure> {
        let refuse = |rule: String| Failure::Permanent(format!("the model cannot be asked: {rule}"));
        if action.model != self.config.model {
            return Err(refuse(format!("the price of `{}` is known, not that of `{}`", self.config.model, action.model)));
        }
        if action.max_tokens == 0 {
            return Err(refuse("max_tokens must be more than 0".to_owned()));
        }
        let schema: Value = serde_json::from_str(&action.schema).map_err(|_| refuse("schema is not JSON".to_owned()))?;
        let opened = self.vault.open(&action.prompt).map_err(|error| match error {
            seal::Error::KeyStore(_) => Failure::Temporary(error.to_string()),
            _ => Failure::Permanent(error.to_string()),
        })?;
        // The parser's own words may quote the text.
        let parts: Vec<PromptPart> =
            serde_json::from_str(opened.reveal()).map_err(|_| refuse("what is sealed is not a prompt".to_owned()))?;
        if parts.is_empty() {
            return Err(refuse("the prompt is empty".to_owned()));
        }
        let personal = personal_words(&parts);
        Ok((self.body(action, schema, parts), personal))
    }

    fn body(&self, action: &CallModel, schema: Value, parts: Vec<PromptPart>) -> Value {
        let mut messages: Vec<Value> = parts.into_iter().map(|part| json!({ "role": role(part.speaker), "content": part.text })).collect();
        let mut body = Map::new();
        let format = match self.config.format {
            AnswerFormat::JsonSchema => {
                Some(json!({ "type": "json_schema", "json_schema": { "name": "answer", "strict": true, "schema": schema } }))
            }
            AnswerFormat::JsonObject => Some(json!({ "type": "json_object" })),
            AnswerFormat::Text => None,
        };
        if self.config.format != AnswerFormat::JsonSchema {
            // The hold counts the schema's bytes, wherever it stands in the request.
            messages.push(json!({ "role": "system", "content": format!("Answer in JSON by this schema: {}", action.schema) }));
        }
        if let Some(format) = format {
            body.insert("response_format".to_owned(), format);
        }
        let limit = match self.config.answer_limit {
            AnswerLimit::MaxCompletionTokens => "max_completion_tokens",
            AnswerLimit::MaxTokens => "max_tokens",
        };
        body.insert(limit.to_owned(), action.max_tokens.into());
        if self.config.temperature_zero {
            body.insert("temperature".to_owned(), 0.into());
        }
        body.insert("model".to_owned(), action.model.clone().into());
        body.insert("messages".to_owned(), messages.into());
        Value::Object(body)
    }

    fn receipt(&self, grant: &Grant, action: &CallModel, completion: Completion) -> Result<ModelAnswer, Failure> {
        let counted = completion.usage.as_ref().and_then(Usage::counted);
        let unusable = |what: &str| Failure::Unknown(format!("the model answered, but {what}"));
        let message = completion.choices.into_iter().next().and_then(|choice| choice.message).ok_or_else(|| unusable("said nothing"))?;
        let text = message.text();
        if text.len() > MAX_SEALED_BYTES {
            return Err(unusable("said more than can be sealed"));
        }
        let text = self.vault.seal(action.prompt.contact(), &text).map_err(|error| unusable(&error.to_string()))?;
        let (prompt_tokens, answer_tokens, spent) = match counted {
            Some((prompt, answer)) => (prompt, answer, price(u64::from(prompt) + u64::from(answer), self.config.price_per_million_tokens)),
            None => {
                let answer = action.max_tokens.min(grant.hold.tokens);
                (grant.hold.tokens - answer, answer, grant.hold.money.cents())
            }
        };
        Ok(ModelAnswer { text, prompt_tokens, answer_tokens, spent })
    }

    /// What a failed call means: the table above.
    fn sort(&self, error: OpenAIError, personal: &[String]) -> Failure {
        let error = match error {
            OpenAIError::Boxed(error) => match error.downcast::<CallError>() {
                Ok(error) => *error,
                Err(_) => CallError::Lost("the client failed".to_owned()),
            },
            OpenAIError::InvalidArgument(_) => CallError::NotSent("the request cannot be built".to_owned()),
            _ => CallError::Lost("the client failed".to_owned()),
        };
        match error {
            CallError::NotSent(what) => Failure::Temporary(format!("the model was not asked: {what}")),
            CallError::Lost(what) => Failure::Unknown(format!("the model was asked: {what}")),
            CallError::Unusable(what) => Failure::Unknown(format!("the model answered, but {what}")),
            CallError::Refused { status, words } => {
                // Some servers quote the request in what they refuse it with.
                let hidden: Vec<&str> = personal.iter().map(String::as_str).chain([self.config.api_key.reveal()]).collect();
                let words = redact(&words, &hidden, MAX_WORDS_CHARS);
                let what = format!("the model refused with status {status}: {words}");
                match status {
                    // A gateway gave up on a server that may still be working, and billing.
                    504 => Failure::Unknown(what),
                    408 | 429 | 500.. => Failure::Temporary(what),
                    _ => Failure::Permanent(what),
                }
            }
        }
    }
}

/// Every word of a prompt that came from outside, or that a model wrote about it.
fn personal_words(parts: &[PromptPart]) -> Vec<String> {
    let outside = parts.iter().filter(|part| part.speaker == Speaker::User).flat_map(|part| part.text.split("<untrusted>").skip(1));
    let outside = outside.map(|text| text.split("</untrusted>").next().unwrap_or_default());
    let written = parts.iter().filter(|part| part.speaker == Speaker::Assistant).map(|part| part.text.as_str());
    let words = outside.chain(written).flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| word.chars().count() > 1).map(str::to_owned).collect()
}

const fn role(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::System => "system",
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
    }
}

/// The price of so many tokens, rounded up.
fn price(tokens: u64, per_million: Cents) -> Cents {
    let millionths = i128::from(tokens) * i128::from(per_million.get());
    Cents::new(i64::try_from((millionths + 999_999).div_euclid(1_000_000)).unwrap_or(i64::MAX))
}

/// What is read of a completion. Everything else, and every unknown word, is passed over: servers add fields and values without notice.
#[derive(Deserialize)]
pub(super) struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    message: Option<Said>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Value,
    #[serde(default)]
    refusal: Value,
}

impl Said {
    /// The answer's text: plain, or in parts, or the refusal in its place.
    fn text(&self) -> String {
        match (&self.content, &self.refusal) {
            (Value::String(text), _) => text.clone(),
            (Value::Array(parts), _) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
            (_, Value::String(refusal)) => refusal.clone(),
            _ => String::new(),
        }
    }
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: Value,
    #[serde(default)]
    completion_tokens: Value,
}

impl Usage {
    /// Both counts, or nothing: half a count cannot be billed.
    fn counted(&self) -> Option<(u32, u32)> {
        let count = |value: &Value| value.as_u64().map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX));
        Some((count(&self.prompt_tokens)?, count(&self.completion_tokens)?))
    }
}

impl Port<CallModel> for OpenAiModel {
    fn recovery(&self) -> Recovery {
        Recovery::Repeatable
    }

    /// None: the request has a timeout of its own.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    fn perform(&self, permit: Permit<CallModel>) -> BoxFuture<'_, Result<ModelAnswer, Failure>> {
        Box::pin(self.call(permit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_provider_quotes_of_a_contact_is_hidden() {
        let part = |speaker, text: &str| PromptPart { speaker, text: text.to_owned() };
        let parts = [
            part(Speaker::System, "Everything between <untrusted> and </untrusted> comes from outside. Answer about the model."),
            part(
                Speaker::User,
                "About the contact:\n<untrusted>\n{\"name\":\"Ada King\",\"note\":\"met in Hull\"}\n</untrusted> What next?",
            ),
            part(Speaker::Assistant, "{\"text\":\"Dear Byron\"}"),
        ];
        let personal = personal_words(&parts);
        let hidden: Vec<&str> = personal.iter().map(String::as_str).collect();
        let said = redact("cannot answer about the contact \"Ada King\" met in Hull, dear byron: the model is down", &hidden, 200);
        assert_eq!(said, "cannot answer about the contact *** *** *** *** *** *** *** the model is down");
    }

    #[test]
    fn the_price_is_rounded_up_and_never_overflows() {
        let check = |tokens, per_million, expected| assert_eq!(price(tokens, Cents::new(per_million)), Cents::new(expected));
        check(0, 60, 0);
        check(1, 60, 1);
        check(1_000_000, 60, 60);
        check(1_000_001, 60, 61);
        check(5, 0, 0);
        check(u64::MAX, i64::MAX, i64::MAX);
    }

    #[test]
    fn whatever_servers_add_or_leave_out_is_read_or_passed_over() {
        let check = |body: &str, text: &str, counted: Option<(u32, u32)>| {
            let completion: Completion = serde_json::from_str(body).expect(body);
            let said = completion.choices.first().and_then(|choice| choice.message.as_ref()).map(Said::text).unwrap_or_default();
            assert_eq!((said.as_str(), completion.usage.as_ref().and_then(Usage::counted)), (text, counted), "{body}");
        };
        check(r#"{"choices":[{"message":{"content":"a"},"finish_reason":"eaten"}],"service_tier":7}"#, "a", None);
        check(r#"{"choices":[{"message":{"content":null,"refusal":"no"}}],"usage":null}"#, "no", None);
        check(r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"text":"b"},1]}}]}"#, "ab", None);
        check(r#"{"choices":[{"message":{}}],"usage":{"prompt_tokens":1}}"#, "", None);
        check(r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}"#, "", Some((1, 2)));
        check(r#"{"usage":{"prompt_tokens":99999999999,"completion_tokens":0}}"#, "", Some((u32::MAX, 0)));
        check(r#"{"usage":{"prompt_tokens":-1,"completion_tokens":1.5}}"#, "", None);
    }

    #[test]
    fn settings_that_would_leak_or_run_wild_are_refused_by_field() {
        let check = |change: &dyn Fn(&mut OpenAiConfig), field: Option<&str>| {
            let mut config = OpenAiConfig::new(Secret::new("key"), "m", Cents::new(60));
            change(&mut config);
            assert_eq!(config.check().err().map(|error| error.field), field, "{config:?}");
            assert!(!format!("{config:?}").contains("key\""), "{config:?}");
        };
        check(&|_| {}, None);
        check(&|c| c.base_url = "http://127.0.0.1:1/v1".to_owned(), None);
        check(&|c| c.base_url = "http://[::1]:1/v1".to_owned(), None);
        check(&|c| c.api_key = Secret::default(), None);
        for bad in
            ["http://api.example.com", "ftp://127.0.0.1", "nowhere", "https://user:word@api.example.com", "https://api.example.com/?k=1"]
        {
            check(&|c| c.base_url = bad.to_owned(), Some("base_url"));
        }
        check(&|c| c.api_key = Secret::new("a\nb"), Some("api_key"));
        check(&|c| c.model = String::new(), Some("model"));
        check(&|c| c.price_per_million_tokens = Cents::new(-1), Some("price_per_million_tokens"));
        check(&|c| c.timeout = c.connect_timeout, Some("timeout"));
        check(&|c| c.max_response_bytes = 0, Some("max_response_bytes"));
    }
}
