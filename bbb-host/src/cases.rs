//! Case files: situations, and what the charter is expected to say about them. In TOML:
//!
//! ```toml
//! [[case]]
//! name = "nobody is written to without consent"
//! action = "send_email"
//! contact.consent = false
//! expect = "veto"
//! rules = ["mail-consent"]
//! ```
//!
//! `docs/design/oversight.md` explains the format. A case is judged by the charter alone: limits and content checks look at budgets and texts, which a case has not.

use std::fmt;

use bbb_core::action::ActionKind;
use bbb_core::oversight::charter::{Charter, Situation};
use bbb_core::oversight::verdict::{Ruling, Verdict};
use bbb_core::role::Role;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The most bytes of a case file.
pub const MAX_CASE_BYTES: usize = 256 * 1024;
/// The most cases of a file.
pub const MAX_CASES: usize = 1_000;
/// The most characters of a case's name.
const MAX_NAME_CHARS: usize = 120;
/// The most rules that a case names.
const MAX_RULES: usize = 32;
/// What rules of the charter are called in verdicts; a case may leave it out.
const CHARTER: &str = "charter.";

/// A situation and what is expected of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// The line that it begins in, counted from 1.
    pub line: usize,
    /// The situation.
    pub situation: Situation,
    /// What the charter should say.
    pub expect: Ruling,
    /// Rules that must be among the deciding ones.
    pub rules: Vec<String>,
}

impl Case {
    /// What this charter says, and whether that is what was expected.
    pub fn judge(&self, charter: &Charter) -> (Verdict, bool) {
        let verdict = charter.judge(&self.situation);
        let decided = |rule: &String| verdict.rules.iter().any(|decided| decided.as_str() == rule);
        let passed = verdict.ruling == self.expect && self.rules.iter().all(decided);
        (verdict, passed)
    }
}

/// Why a file of cases or of scenarios is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseError {
    /// The file.
    pub name: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// The rule that is broken.
    pub reason: String,
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.name, self.line, self.column, self.reason)
    }
}

impl std::error::Error for CaseError {}

/// A file's text, for places in it.
pub(crate) struct File<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
}

impl File<'_> {
    pub(crate) fn refuse(&self, offset: usize, reason: impl Into<String>) -> CaseError {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        CaseError {
            name: self.name.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            reason: reason.into(),
        }
    }
}

/// Reads a case file's text.
///
/// # Errors
/// [`CaseError`] names the file, the line, the column and the broken rule.
pub fn parse(name: &str, text: &str) -> Result<Vec<Case>, CaseError> {
    let file = File { name, text };
    if text.len() > MAX_CASE_BYTES {
        return Err(file.refuse(0, format!("the file has {} bytes: at most {MAX_CASE_BYTES} are allowed", text.len())));
    }
    let parsed = DeTable::parse(text).map_err(|error| file.refuse(error.span().map_or(0, |span| span.start), error.message().trim()))?;
    if let Some((key, _)) = parsed.get_ref().iter().find(|(key, _)| key.get_ref() != "case") {
        return Err(file.refuse(key.span().start, "a case file has nothing but cases: [[case]]"));
    }
    let Some((_, list)) = parsed.get_ref().iter().next() else {
        return Err(file.refuse(0, "the file has no cases: each begins with [[case]]"));
    };
    let wanted = || file.refuse(list.span().start, "cases are written as [[case]]");
    let cases = list.get_ref().as_array().ok_or_else(wanted)?;
    if let Some(first_too_many) = cases.get(MAX_CASES) {
        return Err(file.refuse(first_too_many.span().start, format!("a file has at most {MAX_CASES} cases")));
    }
    cases.iter().map(|case| read(&file, case)).collect()
}

fn read(file: &File<'_>, case: &Spanned<DeValue<'_>>) -> Result<Case, CaseError> {
    let start = case.span().start;
    let table = case.get_ref().as_table().ok_or_else(|| file.refuse(start, "cases are written as [[case]]"))?;
    let text = |key: &str| -> Result<Option<(&str, usize)>, CaseError> {
        let Some(value) = table.get(key) else { return Ok(None) };
        let place = value.span().start;
        value.get_ref().as_str().map(|text| Some((text, place))).ok_or_else(|| file.refuse(place, format!("{key} is a text")))
    };
    let needed = |key: &str| text(key)?.ok_or_else(|| file.refuse(start, format!("a case needs {key} = \"...\"")));
    let (name, place) = needed("name")?;
    if name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(file.refuse(place, format!("a name is 1 to {MAX_NAME_CHARS} characters on one line")));
    }
    let (action, place) = needed("action")?;
    let kinds = || ActionKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    let kind = ActionKind::ALL.iter().copied().find(|kind| kind.as_str() == action);
    let mut situation = Situation::good(kind.ok_or_else(|| file.refuse(place, format!("the actions are: {}", kinds())))?);
    if let Some((role, place)) = text("role")? {
        let known = Role::ALL.into_iter().find(|known| known.as_str() == role);
        let roles = || format!("the roles are: {}", Role::ALL.map(Role::as_str).join(", "));
        situation.set_role(known.ok_or_else(|| file.refuse(place, roles()))?);
    }
    let (expect, place) = needed("expect")?;
    let ruling = [Ruling::Approve, Ruling::Escalate, Ruling::Veto].into_iter().find(|ruling| ruling.as_str() == expect);
    let expect = ruling.ok_or_else(|| file.refuse(place, "expect is \"approve\", \"escalate\" or \"veto\""))?;
    let rules = rules(file, table)?;
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "name" | "action" | "role" | "expect" | "rules" => {}
            record => set(file, &mut situation, record, key.span().start, value)?,
        }
    }
    let line = file.refuse(start, "").line;
    Ok(Case { name: name.to_owned(), line, situation, expect, rules })
}

fn rules(file: &File<'_>, table: &DeTable<'_>) -> Result<Vec<String>, CaseError> {
    let Some(value) = table.get("rules") else { return Ok(Vec::new()) };
    let refuse = |place: usize| file.refuse(place, format!("rules is a list of at most {MAX_RULES} names, such as [\"mail-consent\"]"));
    let list = value.get_ref().as_array().filter(|list| list.len() <= MAX_RULES).ok_or_else(|| refuse(value.span().start))?;
    let named = |rule: &Spanned<DeValue<'_>>| {
        let name = rule.get_ref().as_str().ok_or_else(|| refuse(rule.span().start))?;
        Ok(if name.starts_with(CHARTER) { name.to_owned() } else { format!("{CHARTER}{name}") })
    };
    list.iter().map(named).collect()
}

/// Sets one attribute, or those of a record.
fn set(file: &File<'_>, situation: &mut Situation, path: &str, place: usize, value: &Spanned<DeValue<'_>>) -> Result<(), CaseError> {
    let plain = match value.get_ref() {
        DeValue::Table(fields) if !path.contains('.') => {
            for (key, value) in fields {
                set(file, situation, &format!("{path}.{}", key.get_ref()), key.span().start, value)?;
            }
            return Ok(());
        }
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            let number = i64::from_str_radix(&digits, number.radix());
            Value::from(number.map_err(|_| file.refuse(value.span().start, format!("{path} is too large a number")))?)
        }
        // As text: an amount is read digit by digit, and nothing else is a fraction.
        DeValue::Float(number) => Value::String(number.as_str().replace('_', "")),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            return Err(file.refuse(value.span().start, format!("{path} is one value: true, 12 or \"text\"")));
        }
    };
    situation.set(path, &plain).map_err(|error| {
        // An unknown name is the key's fault, anything else the value's.
        let unknown = error.to_string().contains("has no attribute");
        file.refuse(if unknown { place } else { value.span().start }, error.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "[[case]]\nname = \"a\"\naction = \"send_email\"\ncontact.consent = false\nexpect = \"veto\"\nrules = [\"mail-consent\"]\n";

    #[test]
    fn a_case_passes_only_where_ruling_and_rules_are_as_expected() {
        let judge = |text: &str| {
            let cases = parse("cases.toml", text).unwrap_or_else(|error| panic!("{error}"));
            cases[0].judge(Charter::shipped()).1
        };
        assert!(judge(GOOD));
        assert!(judge(&GOOD.replace("mail-consent", "charter.mail-consent")));
        assert!(!judge(&GOOD.replace("mail-consent", "suppression-list")), "another rule");
        assert!(!judge(&GOOD.replace("veto", "escalate")));
        assert!(!judge(&GOOD.replace("= false", "= true")));
        assert!(judge("[[case]]\nname = \"a\"\naction = \"pay_bill\"\nact.cost_usd = 1_200.50\nexpect = \"escalate\""));
        assert!(judge(
            "[[case]]\nname = \"a\"\naction = \"pay_bill\"\nact = { cost = 120050 }\nowner_approved = true\nexpect = \"approve\""
        ));
        assert!(judge("[[case]]\nname = \"a\"\naction = \"pay_bill\"\nrole = \"sales\"\nexpect = \"veto\"\nrules = [\"default-deny\"]"));
        assert_eq!(parse("f", &format!("\n{GOOD}")).expect("good")[0].line, 2);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let check = |text: &str, place: &str, reason: &str| {
            let error = parse("cases.toml", text).expect_err(text).to_string();
            assert!(error.starts_with(&format!("cases.toml:{place}: ")) && error.contains(reason), "{error}");
        };
        check("", "1:1", "no cases");
        check("[[case]]\nname =", "2:7", "");
        check("[[cases]]\nname = \"a\"", "1:3", "nothing but cases");
        check("case = 3", "1:8", "[[case]]");
        check("[[case]]\nname = \"a\"", "1:1", "needs action");
        check(&GOOD.replace("\"a\"", "3"), "2:8", "name is a text");
        check(&GOOD.replace("\"a\"", "\" \""), "2:8", "1 to 120");
        check(&GOOD.replace("send_email", "send_mail"), "3:10", "send_email");
        check(&GOOD.replace("contact.consent", "contact.consnt"), "4:9", "contact.consent");
        check(&GOOD.replace("contact.consent = false", "contact.consent = \"no\""), "4:19", "true or false");
        check(&GOOD.replace("contact.consent = false", "contact.consent.really = 3"), "4:9", "one value");
        check(&GOOD.replace("contact.consent = false", "contact.mails = 99999999999999999999"), "4:17", "too large");
        check(&GOOD.replace("contact.consent = false", "contact.mails = 1.5"), "4:17", "whole number");
        check(&GOOD.replace("contact.consent = false", "role = \"ceo\""), "4:8", "researcher");
        check(&GOOD.replace("contact.consent = false", "act.cost_usd = 0.001"), "4:16", "decimals");
        check(&GOOD.replace("\"veto\"", "\"no\""), "5:10", "escalate");
        check(&GOOD.replace("[\"mail-consent\"]", "\"mail-consent\""), "6:9", "a list");
        check(&GOOD.repeat(MAX_CASES + 1), &format!("{}:1", MAX_CASES * 6 + 1), "at most 1000");
        check(&format!("#{}", "x".repeat(MAX_CASE_BYTES)), "1:1", "bytes");
    }
}
