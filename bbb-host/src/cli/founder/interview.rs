//! The interview: six questions, each asked again until its answer keeps the rule.
//!
//! Questions go to standard error, so that the result stands alone on standard output. Answers are plain lines.

use std::io::{BufRead, Read, Write};

use bbb_core::money::{Cents, dollars};
use bbb_core::plan::founder::{self, MAX_HOURS, Risk};
use bbb_core::plan::state;

use super::Told;
use crate::fault::Fault;

/// The most bytes of an answer.
const MAX_ANSWER_BYTES: u64 = 1_000;
/// How often a question is asked at most.
const MAX_TRIES: u32 = 20;
/// The answer that takes back what is known.
const NONE: &str = "-";

/// Asks for everything, and offers what is known. `echo` ends each question with a line break, where no terminal shows that of the answer.
///
/// # Errors
/// Where the answers end before the questions, or a question is not answered in [`MAX_TRIES`] tries.
pub(super) fn ask(known: Told, answers: &mut impl BufRead, questions: &mut impl Write, echo: bool) -> Result<Told, Fault> {
    let mut talk = Talk { answers, questions, echo };
    talk.say("Six questions. An empty answer takes what stands in [brackets].\n");
    let name = talk.question("What are you called?", known.name, Clone::clone, false, &founder::name)?;
    let state = talk.question(
        "Which US state are you in? Two letters, or the name.",
        known.state,
        |state| state.name.to_owned(),
        false,
        &|text| state::find(text).map_err(|error| error.to_string()),
    )?;
    let branches = format!("Which branch of trade? A part of its name is enough: {}.", founder::industries().join(", "));
    let industry = talk.question(&branches, known.industry, Clone::clone, false, &founder::industry)?;
    let hours = talk.question("How many hours a week do you have, 1 to 80?", known.hours, u8::to_string, true, &hours)?;
    let budget =
        talk.question("How much money do you have to open with, in US dollars?", known.budget, |cents| dollars(*cents), true, &budget)?;
    let risk = talk.question(
        "How much risk do you take: careful, balanced or bold?",
        Some(known.risk.unwrap_or(Risk::Balanced)),
        |risk| posture(*risk).to_owned(),
        true,
        &risk,
    )?;
    Ok(Told { name, state, budget, hours, industry, risk })
}

fn hours(text: &str) -> Result<u8, String> {
    let hours = text.parse::<u8>().ok().filter(|hours| (1..=MAX_HOURS).contains(hours));
    hours.ok_or_else(|| format!("hours are a whole number from 1 to {MAX_HOURS}"))
}

/// As people write it: `$3,000` too.
fn budget(text: &str) -> Result<Cents, String> {
    Cents::parse_dollars(&text.trim_start_matches('$').replace(',', "")).map_err(|error| error.to_string())
}

fn risk(text: &str) -> Result<Risk, String> {
    match text.to_lowercase().as_str() {
        "careful" => Ok(Risk::Careful),
        "balanced" => Ok(Risk::Balanced),
        "bold" => Ok(Risk::Bold),
        _ => Err("it is careful, balanced or bold".to_owned()),
    }
}

const fn posture(risk: Risk) -> &'static str {
    match risk {
        Risk::Careful => "careful",
        Risk::Balanced => "balanced",
        Risk::Bold => "bold",
    }
}

struct Talk<'a, R, W> {
    answers: &'a mut R,
    questions: &'a mut W,
    echo: bool,
}

impl<R: BufRead, W: Write> Talk<'_, R, W> {
    fn say(&mut self, text: &str) {
        // If nobody hears the questions, the answers are still taken.
        let _ = self.questions.write_all(text.as_bytes()).and_then(|()| self.questions.flush());
    }

    /// Asks until the answer keeps the rule.
    fn question<T>(
        &mut self,
        question: &str,
        known: Option<T>,
        show: impl Fn(&T) -> String,
        needed: bool,
        rule: &dyn Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Fault> {
        let offer = match (&known, needed) {
            (Some(known), true) => format!(" [{}]", show(known)),
            (Some(known), false) => format!(" [{}] ({NONE} for none)", show(known)),
            (None, true) => String::new(),
            (None, false) => " (empty for none)".to_owned(),
        };
        for _ in 0..MAX_TRIES {
            self.say(&format!("{question}{offer}{}", if self.echo { "\n" } else { " " }));
            let Some(answer) = self.line()? else {
                return Err(Fault::usage(format!("the interview ended before an answer to: {question}")));
            };
            let wrong = match answer.as_deref().map(str::trim) {
                Ok("") if known.is_some() || !needed => return Ok(known),
                Ok(NONE) if !needed => return Ok(None),
                Ok("") => "this needs an answer".to_owned(),
                Ok(text) => match rule(text) {
                    Ok(value) => return Ok(Some(value)),
                    Err(wrong) => wrong,
                },
                Err(wrong) => (*wrong).to_owned(),
            };
            self.say(&format!("  {wrong}\n"));
        }
        Err(Fault::usage(format!("no answer in {MAX_TRIES} tries to: {question}")))
    }

    /// The next line; none at the end; an error where it is no text.
    fn line(&mut self) -> Result<Option<Result<String, &'static str>>, Fault> {
        let mut bytes = Vec::new();
        let read = (&mut *self.answers).take(MAX_ANSWER_BYTES).read_until(b'\n', &mut bytes);
        match read.map_err(|error| Fault::file("standard input", &error))? {
            0 => Ok(None),
            count if count as u64 == MAX_ANSWER_BYTES && !bytes.ends_with(b"\n") => {
                Err(Fault::usage(format!("an answer has at most {MAX_ANSWER_BYTES} bytes")))
            }
            _ => Ok(Some(String::from_utf8(bytes).map_err(|_| "that is no text (UTF-8)"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(known: Told, answers: &[u8]) -> (Result<Told, Fault>, String) {
        let mut said = Vec::new();
        let told = ask(known, &mut &answers[..], &mut said, true);
        (told, String::from_utf8(said).unwrap())
    }

    #[test]
    fn each_question_is_asked_again_with_what_was_wrong() {
        let (told, said) = asked(Told::default(), b"Ada\nZZ\nca\nmining\n\n0\n81\nten\n15\n\nlots\n$3,000\nreckless\ncareful\n");
        let told = told.unwrap();
        assert_eq!((told.name.as_deref(), told.state.map(|state| state.code), &told.industry), (Some("Ada"), Some("CA"), &None));
        assert_eq!((told.hours, told.budget, told.risk), (Some(15), Some(Cents::from_dollars(3_000)), Some(Risk::Careful)));
        for words in [
            "\"ZZ\" is no US state",
            "no template is of \"mining\"",
            "from 1 to 80",
            "this needs an answer",
            "`lots` is not an amount",
            "it is careful",
        ] {
            assert!(said.contains(words), "`{words}` is not in: {said}");
        }
        assert_eq!(said.matches("How many hours").count(), 4);
    }

    #[test]
    fn what_is_known_is_offered_and_can_be_taken_back() {
        let known = Told {
            name: Some("Ada".to_owned()),
            budget: Some(Cents::from_dollars(9)),
            hours: Some(7),
            risk: Some(Risk::Bold),
            ..Told::default()
        };
        let (told, said) = asked(known.clone(), b"\n\n\n\n\n\n");
        assert_eq!(told, Ok(known.clone()));
        assert!(said.contains("[Ada] (- for none)") && said.contains("[$9.00]") && said.contains("[bold]"), "{said}");
        assert_eq!(asked(known, b"-\n\n\n\n\n\n").0.unwrap().name, None);
    }

    #[test]
    fn too_few_too_many_and_too_long_answers_end_it() {
        let ends = |answers: &[u8]| asked(Told::default(), answers).0.unwrap_err().message;
        assert!(ends(b"").contains("ended before an answer to: What are you called?"));
        assert!(ends(b"\n\n\n15").contains("ended before an answer to: How much money"));
        assert!(ends(&b"ZZ\n".repeat(50)).contains("no answer in 20 tries to: Which US state"));
        assert!(ends(&[b'x'; 5_000]).contains("at most 1000 bytes"));
        let (_, said) = asked(Told::default(), b"\xff\xfe\nAda\n");
        assert!(said.contains("that is no text (UTF-8)"), "{said}");
    }
}
