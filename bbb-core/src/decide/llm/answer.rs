//! What a model answered: checked against the schema, then applied to the options.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::action::{Action, AnswerTicket, PublishPost, RunAds};
use crate::decide::view::View;
use crate::decide::{Draft, text};

/// The most characters of a rewritten subject.
const MAX_SUBJECT_CHARS: usize = 150;
/// The most characters of a rewritten text.
const MAX_BODY_CHARS: usize = 4_000;

/// One chosen option.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Choice {
    /// The option's key.
    pub(super) option: String,
    /// A new subject or title.
    pub(super) subject: Option<String>,
    /// A new text.
    pub(super) text: Option<String>,
    /// A new priority, for tasks.
    pub(super) priority: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    choices: Vec<Choice>,
}

/// The schema of an answer about options with these keys. Every property is required and may be null, as strict providers want it.
pub(super) fn schema(keys: &[String]) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["choices"],
        "properties": { "choices": { "type": "array", "maxItems": keys.len(), "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["option", "subject", "text", "priority"],
            "properties": {
                "option": { "type": "string", "enum": keys },
                "subject": { "type": ["string", "null"], "minLength": 1, "maxLength": MAX_SUBJECT_CHARS },
                "text": { "type": ["string", "null"], "minLength": 1, "maxLength": MAX_BODY_CHARS },
                "priority": { "type": ["integer", "null"], "minimum": 0, "maximum": 100 },
            },
        } } },
    })
}

/// Reads an answer; each option counts once, the first time that it is chosen.
///
/// # Errors
/// What does not fit, for the model to repair.
pub(super) fn parse(answer: &str, schema: &Value) -> Result<Vec<Choice>, String> {
    let value: Value = serde_json::from_str(unfence(answer)).map_err(|error| format!("it is not JSON: {error}"))?;
    let validator = jsonschema::validator_for(schema).map_err(|error| format!("the schema is not usable: {error}"))?;
    if let Some(error) = validator.iter_errors(&value).next() {
        return Err(format!("at {}: {error}", error.instance_path()));
    }
    let answer: Answer = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let mut seen = Vec::new();
    let mut choices = answer.choices;
    choices.retain(|choice| {
        let new = !seen.contains(&choice.option);
        seen.push(choice.option.clone());
        new
    });
    Ok(choices)
}

/// Many models put JSON into a Markdown fence, told or not.
fn unfence(answer: &str) -> &str {
    let inner = answer.trim();
    let inner = inner.strip_prefix("```json").or_else(|| inner.strip_prefix("```")).unwrap_or(inner);
    inner.strip_suffix("```").unwrap_or(inner).trim()
}

/// The draft with the model's words in it. Only words change: whom it reaches, what it costs and what kind of action it is stay as they were. Nothing where the
/// contact is gone.
pub(super) fn rewrite(view: &View<'_>, draft: &Draft, choice: &Choice) -> Option<Draft> {
    let action = match &draft.action {
        Action::SendEmail(mail) => match (&choice.subject, &choice.text) {
            (None, None) => draft.action.clone(),
            (subject, body) => {
                let message = view.open(&mail.message).ok()?;
                let message: crate::action::Message = serde_json::from_str(message.reveal()).ok()?;
                let footer = format!("\n\n{}", view.spec().sender.footer());
                let kept = message.body.strip_suffix(&footer).unwrap_or(&message.body);
                let mut body = body.clone().unwrap_or_else(|| kept.to_owned());
                if let Some(price) = mail.price.filter(|price| !body.contains(&price.to_string())) {
                    body = format!("{body}\n\nPrice: {price} USD");
                }
                let subject = subject.as_deref().unwrap_or(&message.subject);
                Action::SendEmail(view.mail(mail.contact, mail.purpose, mail.price, subject, &body)?)
            }
        },
        Action::AnswerTicket(answer) => match &choice.text {
            None => draft.action.clone(),
            Some(words) => {
                let profile = view.profile(view.trade().contacts.get(&answer.body.contact())?)?;
                let body = view.seal(answer.body.contact(), &text::fill(words, &profile)).ok()?;
                Action::AnswerTicket(AnswerTicket { ticket: answer.ticket, body })
            }
        },
        Action::PublishPost(post) => Action::PublishPost(PublishPost {
            title: choice.subject.clone().unwrap_or_else(|| post.title.clone()),
            body: choice.text.clone().unwrap_or_else(|| post.body.clone()),
            ..post.clone()
        }),
        Action::RunAds(ads) => {
            Action::RunAds(RunAds { headline: choice.text.clone().unwrap_or_else(|| ads.headline.clone()), ..ads.clone() })
        }
        unchanged => unchanged.clone(),
    };
    Some(Draft { action, ..draft.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_do_not_fit_are_refused_with_the_place() {
        let schema = schema(&["a1".to_owned(), "b2".to_owned()]);
        let check = |answer: &str, want: &str| match parse(answer, &schema) {
            Ok(choices) => assert_eq!(format!("{} chosen", choices.len()), want, "{answer}"),
            Err(complaint) => assert!(complaint.contains(want), "{answer}: {complaint}"),
        };
        let choice = |option: &str| format!(r#"{{"option":"{option}","subject":null,"text":null,"priority":null}}"#);
        check(&format!(r#"{{"choices":[{}]}}"#, choice("a1")), "1 chosen");
        check(&format!("```json\n{{\"choices\":[{},{}]}}\n```", choice("a1"), choice("a1")), "1 chosen");
        check(r#"{"choices":[]}"#, "0 chosen");
        check("Sure! Here you go", "not JSON");
        check(&format!(r#"{{"choices":[{}]}}"#, choice("c3")), "/choices/0/option");
        check(r#"{"choices":[{"option":"a1"}]}"#, "required");
        check(r#"{"choices":[],"send_to":"x@y.example"}"#, "unexpected");
        check(&"[".repeat(10_000), "not JSON");
    }
}
