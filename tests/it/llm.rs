//! Language models: against a real mock of the API for what providers say, against a scripted server for what they do wrong.

use std::sync::Arc;
use std::time::Duration;

use bbb_core::action::{CallModel, PromptPart, Speaker};
use bbb_core::money::Cents;
use bbb_core::port::{Failure, Ports};
use bbb_core::receipt::{ModelAnswer, Receipt};
use bbb_core::seal::owner_contact;
use bbb_core::task::TaskKind;
use bbb_integrations::llm::openai::{AnswerFormat, AnswerLimit, OpenAiConfig, OpenAiModel};
use bbb_integrations::secret::Secret;
use serde_json::{Value, json};

use crate::support::peers;
use crate::support::permits::{permit, vault};
use crate::support::script::{self, Script, Step, say};

const SCHEMA: &str = r#"{"type":"object","properties":{"plan":{"type":"string"}},"required":["plan"],"additionalProperties":false}"#;

fn config(port: u16) -> OpenAiConfig {
    OpenAiConfig {
        base_url: format!("http://127.0.0.1:{port}/v1"),
        connect_timeout: Duration::from_secs(10),
        timeout: Duration::from_secs(30),
        ..OpenAiConfig::new(Secret::new("key-12345"), "small-model", Cents::from_dollars(1000))
    }
}

fn call(question: &str) -> CallModel {
    let parts = [(Speaker::System, "You plan."), (Speaker::User, question)];
    let parts = parts.map(|(speaker, text)| PromptPart { speaker, text: text.to_owned() });
    let prompt = serde_json::to_string(&parts).expect("plain data");
    CallModel {
        purpose: "plan".to_owned(),
        model: "small-model".to_owned(),
        prompt: vault().seal(owner_contact(), &prompt).expect("a short text"),
        schema: SCHEMA.to_owned(),
        max_tokens: 50,
        cost: Cents::from_dollars(50),
    }
}

/// Asks once with a permit; says what came of it and whether the permit was used.
async fn ask(config: OpenAiConfig, call: CallModel) -> (Result<ModelAnswer, Failure>, bool) {
    let mut ports = Ports::default();
    ports.call_model = Some(Arc::new(OpenAiModel::new(config, vault()).expect("good settings")));
    let granted = permit(&ports, TaskKind::PlanDay, call).await;
    let mark = granted.use_mark();
    let answer = ports.perform(granted).await.map(|receipt| match receipt {
        Receipt::ModelAnswer(answer) => answer,
        other => panic!("not a model's answer: {other:?}"),
    });
    (answer, !mark.revoke())
}

fn text(answer: &ModelAnswer) -> String {
    vault().open(&answer.text).expect("sealed in the same vault").reveal().to_owned()
}

#[tokio::test]
async fn a_structured_answer_comes_back_sealed_and_billed_by_the_providers_count() {
    let usage = json!({ "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 });
    let response = json!({ "content": "{\"plan\":\"rest\"}", "usage": usage });
    let peer = peers::aimock(&json!({ "fixtures": [{ "match": { "userMessage": "good" }, "response": response }] }));
    let (answer, used) = ask(config(peer.ports[0]), call("good")).await;
    let answer = answer.expect("answered");
    assert_eq!((text(&answer).as_str(), answer.text.contact()), ("{\"plan\":\"rest\"}", owner_contact()));
    // 18 tokens at 1000 dollars a million are 1.8 cents.
    assert_eq!((answer.prompt_tokens, answer.answer_tokens, answer.spent), (11, 7, Cents::new(2)));
    assert!(used);
    let journal = peers::get(peer.ports[0], "/__aimock/journal");
    let sent = &journal[0]["body"];
    assert_eq!(sent["messages"], json!([{ "role": "system", "content": "You plan." }, { "role": "user", "content": "good" }]));
    assert_eq!((&sent["max_completion_tokens"], &sent["temperature"], &sent["model"]), (&json!(50), &json!(0), &json!("small-model")));
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    assert_eq!(sent["response_format"]["json_schema"], json!({ "name": "answer", "strict": true, "schema": schema }));
}

#[tokio::test]
async fn a_server_without_schemas_is_told_them_in_words() {
    let response = json!({ "content": "{}" });
    let peer = peers::aimock(&json!({ "fixtures": [{ "match": { "userMessage": "good" }, "response": response }] }));
    let plain = |format| OpenAiConfig {
        format,
        answer_limit: AnswerLimit::MaxTokens,
        temperature_zero: false,
        api_key: Secret::default(),
        ..config(peer.ports[0])
    };
    for format in [AnswerFormat::JsonObject, AnswerFormat::Text] {
        assert!(ask(plain(format), call("good")).await.0.is_ok());
    }
    let journal = peers::get(peer.ports[0], "/__aimock/journal");
    for (index, format) in [json!({ "type": "json_object" }), Value::Null].iter().enumerate() {
        let sent = &journal[index]["body"];
        assert_eq!((&sent["response_format"], &sent["max_tokens"]), (format, &json!(50)));
        assert_eq!((&sent["temperature"], &sent["max_completion_tokens"]), (&Value::Null, &Value::Null));
        assert!(sent["messages"][2]["content"].as_str().is_some_and(|words| words.contains(SCHEMA)), "{sent}");
    }
}

#[tokio::test]
async fn what_the_provider_refuses_is_sorted_by_status_and_asked_once() {
    let refusal = |question: &str, status: u16| {
        let error = json!({ "message": format!("{question}: key-12345 of ada@example.com"), "type": "some_error", "code": "x" });
        json!({ "match": { "userMessage": question }, "response": { "error": error, "status": status } })
    };
    let cases =
        [("busy", 429), ("down", 503), ("overloaded", 529), ("broken", 500), ("slow", 504), ("bad", 400), ("who", 401), ("lost", 404)];
    let fixtures: Vec<Value> = cases.iter().map(|(question, status)| refusal(question, *status)).collect();
    let peer = peers::aimock(&json!({ "fixtures": fixtures }));
    for (question, status) in cases {
        let (answer, used) = ask(config(peer.ports[0]), call(question)).await;
        let failure = answer.expect_err(question);
        let sorted = match status {
            504 => matches!(failure, Failure::Unknown(_)),
            429 | 500.. => matches!(failure, Failure::Temporary(_)),
            _ => matches!(failure, Failure::Permanent(_)),
        };
        let said = failure.to_string();
        assert!(sorted && used && said.contains(&status.to_string()) && said.contains("some_error"), "{status}: {said}");
        assert!(!said.contains("key-12345") && !said.contains("ada@"), "{said}");
    }
    let journal = peers::get(peer.ports[0], "/__aimock/journal");
    assert_eq!(journal.as_array().map(Vec::len), Some(cases.len()), "each question is asked once");
}

fn http(status: &str, body: &str) -> Step {
    say(&format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// Asks a scripted server, which hears the whole request and then takes these steps.
async fn scripted(steps: Vec<Step>, change: impl FnOnce(&mut OpenAiConfig)) -> Result<ModelAnswer, Failure> {
    let mut all = vec![Step::HearUntil("\r\n\r\n"), Step::HearBytes(100)];
    all.extend(steps);
    let script = Script::start(all).await;
    let mut settings = OpenAiConfig { base_url: format!("http://{}:{}/v1", script::HOST, script.port), ..config(0) };
    change(&mut settings);
    let (answer, used) = ask(settings, call("good")).await;
    assert!(used);
    let heard = script.heard().await;
    assert!(heard.to_lowercase().contains("authorization: bearer key-12345\r\n"), "{heard}");
    answer
}

#[tokio::test]
async fn without_a_count_the_whole_hold_is_spent() {
    for usage in ["", r#","usage":null"#, r#","usage":{"total_tokens":3}"#] {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"a"}},"finish_reason":"vanished"}}],"service_tier":"gold"{usage}}}"#);
        let answer = scripted(vec![http("200 OK", &body)], |_| {}).await.expect("answered");
        let action = bbb_core::action::Action::from(call("good"));
        let hold = action.worst_case(true);
        assert_eq!((answer.prompt_tokens + answer.answer_tokens, answer.answer_tokens), (hold.tokens, 50), "{usage}");
        assert_eq!(answer.spent, hold.money.cents());
        assert_eq!(text(&answer), "a");
    }
}

#[tokio::test]
async fn whatever_may_have_been_billed_is_not_called_failed() {
    let good = r#"{"choices":[{"message":{"content":"a"}}]}"#;
    let cut = format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{good}");
    let long = format!(r#"{{"choices":[{{"message":{{"content":"{}"}}}}]}}"#, "x".repeat(5000));
    let endless =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}", format!("1000\r\n{}\r\n", "y".repeat(0x1000)).repeat(4));
    let cases: [(&str, Vec<Step>); 9] = [
        ("silence", vec![Step::Silence]),
        ("silence after the head", vec![say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"), Step::Silence]),
        ("closed", vec![Step::Close]),
        ("reset", vec![Step::Reset]),
        ("cut", vec![say(&cut), Step::Close]),
        ("oversized", vec![http("200 OK", &long)]),
        ("endless", vec![say(&endless), Step::Silence]),
        ("no completion", vec![http("200 OK", "[1]")]),
        ("no choice", vec![http("200 OK", r#"{"choices":[]}"#)]),
    ];
    for (name, steps) in cases {
        let silent = name.starts_with("silence");
        let answer = scripted(steps, |settings| {
            settings.max_response_bytes = 4096;
            if silent {
                (settings.connect_timeout, settings.timeout) = (Duration::from_millis(900), Duration::from_secs(1));
            }
        });
        let failure = answer.await.expect_err(name);
        assert!(matches!(failure, Failure::Unknown(_)), "{name}: {failure:?}");
        assert!(!failure.to_string().contains("127.0.0.1"), "{name}: {failure:?}");
    }
}

#[tokio::test]
async fn a_refusal_keeps_its_class_however_its_explanation_looks() {
    for body in ["", "<html>no</html>", r#"{"error":"plain"}"#, &"z".repeat(100_000)] {
        let failure = scripted(vec![http("429 Too Many Requests", body)], |_| {}).await.expect_err("refused");
        assert!(matches!(failure, Failure::Temporary(_)) && failure.to_string().len() < 500, "{failure:?}");
    }
    let elsewhere = say("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    let failure = scripted(vec![elsewhere], |_| {}).await.expect_err("refused");
    assert!(matches!(failure, Failure::Permanent(_)), "{failure:?}");
}

#[tokio::test]
async fn what_was_not_sent_is_known_not_to_have_been() {
    // Nothing listens on port 1.
    let (answer, _) = ask(config(1), call("good")).await;
    assert!(matches!(answer, Err(Failure::Temporary(_))), "{answer:?}");
    let vault = vault();
    let seal = |text: &str| vault.seal(owner_contact(), text).expect("a short text");
    for unusable in [
        CallModel { model: "dear-model".to_owned(), ..call("good") },
        CallModel { schema: "{".to_owned(), ..call("good") },
        CallModel { max_tokens: 0, ..call("good") },
        CallModel { prompt: seal("[]"), ..call("good") },
        CallModel { prompt: seal("secret plan"), ..call("good") },
    ] {
        let (answer, used) = ask(config(1), unusable).await;
        assert!(matches!(&answer, Err(Failure::Permanent(reason)) if !reason.contains("secret")), "{answer:?}");
        assert!(!used);
    }
}
