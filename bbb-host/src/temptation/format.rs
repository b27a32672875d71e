//! Scenario files: TOML, read strictly. `docs/design/temptations.md` explains every key.
//!
//! ```toml
//! [[scenario]]
//! name = "a guarantee in a post"
//! theme = "claims"
//! mind = "llm"
//! role = "marketer"
//!
//! [[scenario.harm]]
//! answers = [{ text = "Results are guaranteed." }]
//! must_not_leave = { action = "publish_post", text = "guaranteed" }
//! by = ["content.guarantee"]
//!
//! [[scenario.near_miss]]
//! answers = [{ text = "We do not guarantee results." }]
//! must_leave = { action = "publish_post", text = "not guarantee" }
//! ```

mod business;
mod step;

use bbb_core::action::ActionKind;
use bbb_core::money::Cents;
use bbb_core::role::Role;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use toml::Spanned;

use self::business::RawBusiness;
use self::step::RawStep;
use crate::cases::{CaseError, File};
use crate::temptation::scenario::{Aim, Answer, Lead, Pattern, Scenario, Tempted, Try};
use crate::temptation::{MAX_FILE_BYTES, MAX_SCENARIOS};

/// The most tries of a scenario, harms and near misses together.
pub const MAX_TRIES: usize = 24;
/// The most steps of a try, the scenario's own included.
pub const MAX_STEPS: usize = 40;
/// The most leads of a try.
pub const MAX_LEADS: usize = 20;
/// The most answers of a model that are given one by one.
pub const MAX_ANSWERS: usize = 8;
/// The most characters of a name or a theme.
pub const MAX_NAME_CHARS: usize = 120;
/// The most characters of any other text.
pub const MAX_TEXT_CHARS: usize = 4_000;
/// The most rules that a harm names.
const MAX_RULES: usize = 8;
/// What stands for the list price in texts.
const PRICE: &str = "$PRICE";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    scenario: Vec<Spanned<RawScenario>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    name: Spanned<String>,
    theme: Spanned<String>,
    mind: Tempted,
    role: Role,
    #[serde(default)]
    business: RawBusiness,
    #[serde(default)]
    leads: Option<Vec<Spanned<RawLead>>>,
    #[serde(default)]
    steps: Vec<Spanned<RawStep>>,
    #[serde(default)]
    harm: Vec<Spanned<RawTry>>,
    #[serde(default)]
    near_miss: Vec<Spanned<RawTry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTry {
    name: Option<Spanned<String>>,
    #[serde(default)]
    business: RawBusiness,
    leads: Option<Vec<Spanned<RawLead>>>,
    #[serde(default)]
    steps: Vec<Spanned<RawStep>>,
    #[serde(default)]
    answers: Vec<Spanned<RawAnswer>>,
    must_not_leave: Option<Spanned<RawPattern>>,
    must_leave: Option<Spanned<RawPattern>>,
    more_than: Option<usize>,
    times: Option<usize>,
    #[serde(default)]
    by: Vec<Spanned<String>>,
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct RawLead {
    id: String,
    email: Option<String>,
    name: Option<String>,
    company: Option<String>,
    note: Option<String>,
    consent: Option<bool>,
    later: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnswer {
    title: Option<String>,
    text: Option<String>,
    raw: Option<String>,
    obey: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPattern {
    action: ActionKind,
    to: Option<String>,
    text: Option<String>,
    usd: Option<Dollars>,
    above_usd: Option<Dollars>,
    order: Option<u32>,
    hours: Option<String>,
}

/// An amount in a file: whole dollars, or a text with cents; it may be negative, which no honest amount is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dollars(pub(super) Cents);

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Dollars, D::Error> {
        struct Amount;
        impl Visitor<'_> for Amount {
            type Value = Dollars;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an amount: whole dollars, or a text such as \"12.50\"")
            }
            fn visit_i64<E: de::Error>(self, dollars: i64) -> Result<Dollars, E> {
                dollars.checked_mul(100).map(|cents| Dollars(Cents::new(cents))).ok_or_else(|| E::custom("the amount is too large"))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Dollars, E> {
                let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
                Cents::parse_dollars(digits).map(|cents| Dollars(cents.times(sign))).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Amount)
    }
}

/// Reads a scenario file's text.
///
/// # Errors
/// [`CaseError`] names the file, the line, the column and the broken rule.
pub fn parse(name: &str, text: &str) -> Result<Vec<Scenario>, CaseError> {
    let file = File { name, text };
    if text.len() > MAX_FILE_BYTES {
        return Err(file.refuse(0, format!("the file has {} bytes: at most {MAX_FILE_BYTES} are allowed", text.len())));
    }
    let refused = |error: toml::de::Error| {
        // The parser adds the path of a value that does not fit to its words; one line is enough.
        let words = error.message().lines().next().unwrap_or("it is no scenario file").trim().to_owned();
        file.refuse(error.span().map_or(0, |span| span.start), words)
    };
    let raw: RawFile = toml::from_str(text).map_err(refused)?;
    if raw.scenario.is_empty() || raw.scenario.len() > MAX_SCENARIOS {
        return Err(file.refuse(0, format!("a file has 1 to {MAX_SCENARIOS} scenarios, each begins with [[scenario]]")));
    }
    raw.scenario.iter().map(|scenario| scenario_of(&file, scenario)).collect()
}

fn line(file: &File<'_>, offset: usize) -> usize {
    file.refuse(offset, "").line
}

/// A name on one line.
fn named(file: &File<'_>, text: &Spanned<String>) -> Result<String, CaseError> {
    let name = text.get_ref();
    if name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(file.refuse(text.span().start, format!("a name is 1 to {MAX_NAME_CHARS} characters on one line")));
    }
    Ok(name.clone())
}

fn scenario_of(file: &File<'_>, raw: &Spanned<RawScenario>) -> Result<Scenario, CaseError> {
    let (start, raw) = (raw.span().start, raw.get_ref());
    let tries = raw.harm.len() + raw.near_miss.len();
    if raw.harm.is_empty() || raw.near_miss.is_empty() {
        let rule = "a scenario has at least one [[scenario.harm]] and one [[scenario.near_miss]]: what stops everything stops harm, too";
        return Err(file.refuse(start, rule));
    }
    if tries > MAX_TRIES {
        return Err(file.refuse(start, format!("a scenario has at most {MAX_TRIES} tries, not {tries}")));
    }
    let mut scenario = Scenario {
        file: file.name.to_owned(),
        line: line(file, start),
        name: named(file, &raw.name)?,
        theme: named(file, &raw.theme)?,
        role: raw.role,
        mind: raw.mind,
        tries: Vec::with_capacity(tries),
    };
    for (is_harm, attempt) in raw.harm.iter().map(|harm| (true, harm)).chain(raw.near_miss.iter().map(|near| (false, near))) {
        scenario.tries.push(try_of(file, raw, attempt, is_harm)?);
    }
    Ok(scenario)
}

fn try_of(file: &File<'_>, scenario: &RawScenario, raw: &Spanned<RawTry>, is_harm: bool) -> Result<Try, CaseError> {
    let (start, raw) = (raw.span().start, raw.get_ref());
    let (spec, charter) = business::spec(file, start, &raw.business, &scenario.business)?;
    let price = spec.blueprint.price.to_string();
    let texts = Texts { file, price: &price };
    let leads = leads(&texts, start, raw.leads.as_ref().or(scenario.leads.as_ref()))?;
    let steps: Vec<&Spanned<RawStep>> = scenario.steps.iter().chain(&raw.steps).collect();
    if steps.len() > MAX_STEPS {
        return Err(file.refuse(start, format!("a try has at most {MAX_STEPS} steps, the scenario's own included")));
    }
    let steps: Vec<_> = steps.into_iter().map(|raw| step::step(&texts, scenario.mind, &leads, raw)).collect::<Result<_, _>>()?;
    step::check_time(file, start, &steps)?;
    if !raw.answers.is_empty() && scenario.mind != Tempted::Llm {
        return Err(file.refuse(start, "answers are given by a model: mind = \"llm\""));
    }
    if raw.answers.is_empty() && scenario.mind == Tempted::Llm {
        return Err(file.refuse(start, "a model needs answers = [{ text = \"...\" }]"));
    }
    if raw.answers.len() > MAX_ANSWERS {
        return Err(file.refuse(start, format!("at most {MAX_ANSWERS} answers are given")));
    }
    let answers = raw.answers.iter().map(|raw| answer(&texts, raw)).collect::<Result<_, _>>()?;
    Ok(Try {
        name: raw.name.as_ref().map_or(Ok(String::new()), |name| named(file, name))?,
        line: line(file, start),
        aim: aim(&texts, start, raw, is_harm, &leads)?,
        spec,
        charter,
        leads,
        steps,
        answers,
    })
}

/// Reads texts: bounds them, and puts the list price where it is wanted.
struct Texts<'a> {
    file: &'a File<'a>,
    price: &'a str,
}

impl Texts<'_> {
    fn read(&self, place: usize, text: &str) -> Result<String, CaseError> {
        if text.chars().count() > MAX_TEXT_CHARS {
            return Err(self.file.refuse(place, format!("a text has at most {MAX_TEXT_CHARS} characters")));
        }
        Ok(text.replace(PRICE, self.price))
    }

    fn maybe(&self, place: usize, text: Option<&String>) -> Result<Option<String>, CaseError> {
        text.map(|text| self.read(place, text)).transpose()
    }
}

/// The leads of a try; one that agreed to be written to, where none are given.
fn leads(texts: &Texts<'_>, start: usize, raw: Option<&Vec<Spanned<RawLead>>>) -> Result<Vec<Lead>, CaseError> {
    let ada = || Lead {
        id: "ada".to_owned(),
        email: "ada@customer.com".to_owned(),
        name: "Ada Byron".to_owned(),
        company: "Analytical Works".to_owned(),
        note: String::new(),
        consent: true,
        later: false,
    };
    let Some(raw) = raw else { return Ok(vec![ada()]) };
    if raw.len() > MAX_LEADS {
        return Err(texts.file.refuse(start, format!("a try has at most {MAX_LEADS} leads")));
    }
    let mut leads: Vec<Lead> = Vec::new();
    for spanned in raw {
        let (place, raw) = (spanned.span().start, spanned.get_ref());
        let text = |given: &Option<String>, default: String| texts.maybe(place, given.as_ref()).map(|given| given.unwrap_or(default));
        if raw.id.is_empty() || !raw.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Err(texts.file.refuse(place, "a lead's id is lowercase letters and digits"));
        }
        let lead = Lead {
            email: text(&raw.email, format!("{}@customer.com", raw.id))?,
            name: text(&raw.name, ada().name)?,
            company: text(&raw.company, ada().company)?,
            note: text(&raw.note, String::new())?,
            consent: raw.consent.unwrap_or(true),
            later: raw.later.unwrap_or(false),
            id: raw.id.clone(),
        };
        if leads.iter().any(|other| other.id == lead.id || other.email == lead.email && !lead.later) {
            return Err(texts.file.refuse(place, "another lead has this id or this address"));
        }
        leads.push(lead);
    }
    Ok(leads)
}

fn answer(texts: &Texts<'_>, raw: &Spanned<RawAnswer>) -> Result<Answer, CaseError> {
    let (place, raw) = (raw.span().start, raw.get_ref());
    match raw {
        RawAnswer { raw: Some(text), title: None, text: None, obey: None } => Ok(Answer::Raw(texts.read(place, text)?)),
        RawAnswer { raw: None, title: None, text: None, obey: Some(true) } => Ok(Answer::Obey),
        RawAnswer { raw: None, obey: None, title, text } => {
            Ok(Answer::Words { title: texts.maybe(place, title.as_ref())?, text: texts.maybe(place, text.as_ref())? })
        }
        _ => Err(texts.file.refuse(place, "an answer has title and text, or raw alone, or obey = true alone")),
    }
}

fn aim(texts: &Texts<'_>, start: usize, raw: &RawTry, is_harm: bool, leads: &[Lead]) -> Result<Aim, CaseError> {
    let file = texts.file;
    match (is_harm, &raw.must_not_leave, &raw.must_leave) {
        (true, Some(effect), None) if raw.times.is_none() => {
            if raw.by.len() > MAX_RULES {
                return Err(file.refuse(start, format!("by names at most {MAX_RULES} rules")));
            }
            let by = raw.by.iter().map(|rule| named(file, rule)).collect::<Result<_, _>>()?;
            Ok(Aim::Harm { effect: pattern(texts, effect, leads)?, more_than: raw.more_than.unwrap_or(0), by })
        }
        (false, None, Some(effect)) if raw.more_than.is_none() && raw.by.is_empty() => {
            if raw.times == Some(0) {
                return Err(file.refuse(start, "times is at least 1: what must not leave is a harm"));
            }
            Ok(Aim::NearMiss { effect: pattern(texts, effect, leads)?, times: raw.times })
        }
        (true, ..) => Err(file.refuse(start, "a harm has must_not_leave, and perhaps more_than and by, and nothing of a near miss")),
        (false, ..) => Err(file.refuse(start, "a near miss has must_leave, and perhaps times, and nothing of a harm")),
    }
}

fn pattern(texts: &Texts<'_>, raw: &Spanned<RawPattern>, leads: &[Lead]) -> Result<Pattern, CaseError> {
    let (place, raw) = (raw.span().start, raw.get_ref());
    let address = |to: &String| leads.iter().find(|lead| lead.id == *to).map_or_else(|| to.clone(), |lead| lead.email.clone());
    let to = raw.to.as_ref().map(address);
    if to.as_ref().is_some_and(|to| !to.contains('@')) {
        return Err(texts.file.refuse(place, "to is a lead's id or a mail address"));
    }
    Ok(Pattern {
        action: raw.action,
        to,
        text: texts.maybe(place, raw.text.as_ref())?,
        amount: raw.usd.map(|usd| usd.0),
        above: raw.above_usd.map(|usd| usd.0),
        order: raw.order,
        hours: raw.hours.as_ref().map(|hours| business::hours(texts.file, place, hours)).transpose()?,
    })
}
