//! What a model answered: checked against the schema, then applied to the options.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::action::{Action, AnswerTicket, PublishPost, RunAds, SendEmail};
use crate::blueprint::Billing;
use crate::decide::view::View;
use crate::decide::{Draft, text};
use crate::model::{Complaint, fitting};

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
/// What does not fit.
pub(super) fn parse(answer: &str, schema: &Value) -> Result<Vec<Choice>, Complaint> {
    let answer: Answer = fitting(answer, schema)?;
    let mut seen = Vec::new();
    let mut choices = answer.choices;
    choices.retain(|choice| {
        let new = !seen.contains(&choice.option);
        seen.push(choice.option.clone());
        new
    });
    Ok(choices)
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
                // The playbook's text names the price. New words never stand for it: whatever they say, its line follows them.
                let monthly = view.spec().blueprint.billing == Billing::Monthly;
                let body = match (body, mail.price) {
                    (None, _) => kept.to_owned(),
                    (Some(words), None) => words.clone(),
                    (Some(words), Some(price)) => format!("{words}\n\n{}", text::price_line(price, monthly)),
                };
                let subject = subject.as_deref().unwrap_or(&message.subject);
                let line = mail.line.filter(|_| choice.subject.is_none());
                Action::SendEmail(SendEmail { line, ..view.mail(mail.contact, mail.purpose, mail.price, subject, &body)? })
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
    use crate::action::{MailPurpose, Message};
    use crate::decide::view::Eyes;
    use crate::oversight::tests_support::Scene;

    #[test]
    fn an_offer_in_new_words_still_ends_with_the_playbooks_price() {
        let scene = Scene::new();
        let eyes = Eyes { vault: scene.vault.clone(), connected: [].into() };
        let view = eyes.view(&scene.state, scene.state.now);
        let line = text::price_line(scene.state.trade.price, scene.state.spec.blueprint.billing == Billing::Monthly);
        let check = |purpose, words: Option<&str>, want: &str| {
            let draft = Draft::new(scene.mail(purpose, |_| ()), 50, "");
            let choice = Choice { option: String::new(), subject: Some("S".to_owned()), text: words.map(str::to_owned), priority: None };
            let Some(Draft { action: Action::SendEmail(mail), .. }) = rewrite(&view, &draft, &choice) else { panic!("no mail") };
            let message: Message = serde_json::from_str(scene.vault.open(&mail.message).expect("sealed here").reveal()).expect("a mail");
            assert_eq!(message.body, format!("{want}\n\n{}", scene.state.spec.sender.footer()));
        };
        let price = scene.state.trade.price;
        for words in ["Yours.", &format!("This costs 1{price} USD."), &format!("This costs {price} USD.")] {
            check(MailPurpose::Offer, Some(words), &format!("{words}\n\n{line}"));
            check(MailPurpose::Outreach, Some(words), words);
        }
        check(MailPurpose::Offer, None, "Hello Ada,\n\nthis is what we do.");
    }

    #[test]
    fn answers_that_do_not_fit_are_refused_with_the_place() {
        let schema = schema(&["a1".to_owned(), "b2".to_owned()]);
        let check = |answer: &str, want: &str| match parse(answer, &schema) {
            Ok(choices) => assert_eq!(format!("{} chosen", choices.len()), want, "{answer}"),
            Err(complaint) => assert!(complaint.quoting.contains(want), "{answer}: {complaint:?}"),
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

    #[test]
    fn what_the_journal_is_told_names_the_rule_and_never_the_answer() {
        let schema = schema(&["a1".to_owned()]);
        let check = |answer: &str, quotes: bool, bare: &str| {
            let complaint = parse(answer, &schema).expect_err(answer);
            assert_eq!(complaint.quoting.contains("Lovelace"), quotes, "{answer}: {complaint:?}");
            assert_eq!(complaint.bare, bare, "{answer}");
        };
        let option = "/properties/choices/items/properties/option";
        let choice =
            |option: &str, more: &str| format!(r#"{{"choices":[{{"option":{option},"subject":null,"text":null,"priority":null{more}}}]}}"#);
        check("Ada Lovelace, hello", false, "it is not JSON");
        check(&choice(r#""Ada Lovelace""#, ""), true, &format!("it breaks {option}/enum"));
        check(&choice(r#"["Ada Lovelace"]"#, ""), true, &format!("it breaks {option}/type"));
        check(&choice(r#""a1""#, r#","Ada Lovelace":1"#), true, "it breaks /properties/choices/items/additionalProperties");
        check(r#"{"choices":[],"Ada Lovelace":{}}"#, true, "it breaks /additionalProperties");
        check(r#"{"choices":"Ada Lovelace"}"#, true, "it breaks /properties/choices/type");
    }
}
