//! Reading and checking policy texts: whatever is wrong is refused with its place, and nothing of a refused text is used.

use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Effect, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use serde_json::Value;

use super::Rule;

/// The most bytes of an owner's text: 64 KiB.
pub const MAX_POLICY_BYTES: usize = 64 * 1024;
/// The most policies of an owner.
pub const MAX_OWNER_POLICIES: usize = 64;
/// The most words and signs of one policy: ten times what the longest shipped one has.
const MAX_POLICY_WORDS: usize = 600;
/// The most brackets and ifs within each other in one policy.
const MAX_NESTING: usize = 24;
/// The stack that texts are read on.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// The most characters of a policy's name.
const MAX_ID_CHARS: usize = 64;
/// The most characters of what a policy says.
const MAX_SENTENCE_CHARS: usize = 240;
/// The annotations that mean something; any other is a slip of the pen.
const ANNOTATIONS: [&str; 4] = ["id", "says", "ground", "escalate"];
/// Names that the charter uses itself: for denial by default and for failures.
const RESERVED_IDS: [&str; 2] = ["default-deny", "error"];

/// Why a text of policies is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}:{line}:{column}: {reason}")]
pub struct Error {
    /// The text's name, as its owner gave it.
    pub name: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The character in the line, counted from 1.
    pub column: usize,
    /// The rule that is broken.
    pub reason: String,
}

/// What policies may speak of.
pub(super) static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    // Cannot fail at run time: the schema is part of the binary, and a test loads it.
    let schema = Schema::from_str(include_str!("../../../charter/schema.cedarschema")).expect("the embedded schema should be valid");
    Validator::new(schema)
});

/// A text and the places in it.
struct Text<'a> {
    name: &'a str,
    text: &'a str,
}

impl Text<'_> {
    fn refuse(&self, offset: usize, reason: impl Into<String>) -> Error {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Error {
            name: self.name.chars().take(120).collect(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            reason: reason.into(),
        }
    }

    /// The refusal that Cedar gave, at the first place that it names.
    fn refused_by_cedar(&self, error: &DetailedError) -> Error {
        let offset = error.source_locations.iter().map(|label| label.loc.start).min();
        let mut reason = error.message.clone();
        for hint in error.source_locations.iter().filter_map(|label| label.label.as_ref()).chain(&error.help) {
            reason = format!("{reason}; {hint}");
        }
        self.refuse(offset.unwrap_or(0), reason)
    }
}

/// The refusal of an owner's texts that are too long together, at the beginning of the one that is too much.
pub(super) fn too_long(name: &str, text: &str, bytes: usize) -> Error {
    let reason = format!("with this text the owner's policies have {bytes} bytes: at most {MAX_POLICY_BYTES} are allowed");
    Text { name, text }.refuse(0, reason)
}

/// Does it on a stack that fits every text within the limits: Cedar's parser and validator recurse, and an overflow would end the process.
pub(super) fn with_room<T: Send>(name: &str, load: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let failed = |reason: &str| Text { name, text: "" }.refuse(0, reason);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, load);
        let thread = thread.map_err(|error| failed(&format!("the text could not be read, the system gives no thread: {error}")))?;
        thread.join().unwrap_or_else(|_| Err(failed("the text could not be read, because of a defect in its reader")))
    })
}

/// Reads one text, checks it, and adds its policies under their own names.
pub(super) fn load(name: &str, text: &str, owners: bool, policies: &mut PolicySet, rules: &mut Vec<Rule>) -> Result<(), Error> {
    let source = Text { name, text };
    if text.len() > MAX_POLICY_BYTES {
        return Err(source.refuse(0, format!("the text has {} bytes: at most {MAX_POLICY_BYTES} are allowed", text.len())));
    }
    bounded(&source)?;
    let parsed = PolicySet::from_str(text).map_err(|errors| source.refused_by_cedar(&DetailedError::from(&errors)))?;
    let starts = policy_starts(text);
    // An owner's texts are counted together: several files are no way around the limit.
    let room = MAX_OWNER_POLICIES.saturating_sub(rules.iter().filter(|rule| rule.owners).count());
    if owners && let Some(start) = starts.get(room) {
        return Err(source.refuse(*start, format!("an owner adds at most {MAX_OWNER_POLICIES} policies")));
    }
    let mut named = PolicySet::new();
    // Cedar names the policies of a text `policy0`, `policy1` and so on, in their order.
    for (index, start) in starts.iter().enumerate() {
        let refuse = |reason: String| source.refuse(*start, reason);
        let Some(policy) = parsed.policy(&PolicyId::new(format!("policy{index}"))) else {
            return Err(refuse("a policy has no slots such as ?principal: name whom it is about".to_owned()));
        };
        let rule = rule_of(policy, owners).map_err(refuse)?;
        if let Some(known) = rules.iter().find(|known| known.id == rule.id) {
            let whose = if known.owners { "another policy of the owner" } else { "a shipped policy" };
            return Err(refuse(format!("@id(\"{}\") is the name of {whose}", rule.id)));
        }
        let policy = policy.new_id(PolicyId::new(&rule.id));
        for set in [&mut named, &mut *policies] {
            set.add(policy.clone()).map_err(|error| refuse(error.to_string()))?;
        }
        rules.push(rule);
    }
    if parsed.num_of_policies() + parsed.num_of_templates() != starts.len() {
        return Err(source.refuse(0, "the policies of this text cannot be told apart"));
    }
    validate(&source, &named)
}

/// Refuses what is nested or chained too far, before Cedar reads it: its parser and validator recurse, and a text must not be able to end the process.
fn bounded(source: &Text<'_>) -> Result<(), Error> {
    let too = |offset, what: &str, most: usize| Err(source.refuse(offset, format!("a policy has at most {most} {what}")));
    let text = source.text;
    let (mut words, mut nested, mut offset) = (0_usize, 0_usize, 0_usize);
    while let Some(c) = text[offset..].chars().next() {
        let (start, rest) = (offset, &text[offset..]);
        offset += c.len_utf8();
        match c {
            c if c.is_whitespace() => continue,
            '/' if rest.starts_with("//") => {
                offset = start + rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            ';' => {
                (words, nested) = (0, 0);
                continue;
            }
            // A quote without an end is no string to Cedar either.
            '"' => offset += end_of_string(&text[offset..]).unwrap_or(0),
            '(' | '[' | '{' => nested += 1,
            ')' | ']' | '}' => nested = nested.saturating_sub(1),
            c if c.is_alphanumeric() || c == '_' => {
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
                offset = start + word.len();
                // What follows it is nested in it, without a bracket.
                nested += usize::from(word == "if");
            }
            _ => {}
        }
        words += 1;
        if nested > MAX_NESTING {
            return too(start, "brackets and ifs within each other", MAX_NESTING);
        }
        if words > MAX_POLICY_WORDS {
            return too(start, "words and signs", MAX_POLICY_WORDS);
        }
    }
    Ok(())
}

/// The length of a string up to and with its closing quote; nothing where it has none.
fn end_of_string(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((offset, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => return Some(offset + 1),
            _ => {}
        }
    }
    None
}

/// Checks the policies against the schema. A warning is a refusal too: it says that a policy never decides, or reads otherwise than it looks.
fn validate(source: &Text<'_>, named: &PolicySet) -> Result<(), Error> {
    let result = VALIDATOR.validate(named, ValidationMode::Strict);
    let errors = result.validation_errors().map(|error| source.refused_by_cedar(&DetailedError::from(error)));
    let warnings = result.validation_warnings().map(|warning| source.refused_by_cedar(&DetailedError::from(warning)));
    // Cedar says once for each action what is wrong with a policy of several, in random order.
    let first = |error: &Error| (error.line, error.column, error.to_string());
    match errors.min_by_key(first).or_else(|| warnings.min_by_key(first)) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// What the annotations say, and whether they fit the policy.
fn rule_of(policy: &Policy, owners: bool) -> Result<Rule, String> {
    if let Some((unknown, _)) = policy.annotations().find(|(name, _)| !ANNOTATIONS.contains(name)) {
        return Err(format!("@{unknown} means nothing here: the annotations are @{}", ANNOTATIONS.join(", @")));
    }
    let id = policy.annotation("id").ok_or("a policy needs a name: @id(\"...\")")?;
    let is_word = id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if id.is_empty() || id.len() > MAX_ID_CHARS || !is_word {
        return Err(format!("an @id is 1 to {MAX_ID_CHARS} lowercase letters, digits and hyphens"));
    }
    if RESERVED_IDS.contains(&id) {
        return Err(format!("@id(\"{id}\") is a name that the charter uses itself"));
    }
    let permits = policy.effect() == Effect::Permit;
    if permits && owners {
        return Err("an owner's policy forbids: a permit could only widen what the shipped policies allow".to_owned());
    }
    let sentence = policy.annotation("says").unwrap_or(if owners { "The owner's policy." } else { "" });
    let ground = policy.annotation("ground").unwrap_or(if owners { "the owner's wish" } else { "" });
    if [sentence, ground].iter().any(|text| text.is_empty() || text.chars().count() > MAX_SENTENCE_CHARS) {
        return Err(format!("@says and @ground are 1 to {MAX_SENTENCE_CHARS} characters each"));
    }
    let escalates = escalation(policy, permits)?;
    Ok(Rule { id: id.to_owned(), sentence: sentence.to_owned(), ground: ground.to_owned(), permits, escalates, owners })
}

/// Whether the policy asks the owner. If it does, it must yield to a yes; if it does not, a yes must not matter to it.
fn escalation(policy: &Policy, permits: bool) -> Result<bool, String> {
    let json = policy.to_json().map_err(|error| error.to_string())?;
    let conditions = json["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    match policy.annotation("escalate") {
        None if mentions_approval(&json) => Err("only a policy with @escalate(\"owner\") may look at owner_approved".to_owned()),
        None => Ok(false),
        Some(_) if permits => Err("a permit cannot escalate".to_owned()),
        Some("owner") if conditions.iter().any(yields_to_approval) => Ok(true),
        Some("owner") => Err("a policy with @escalate(\"owner\") ends with: unless { context.owner_approved }".to_owned()),
        Some(_) => Err("the only escalation is @escalate(\"owner\")".to_owned()),
    }
}

fn yields_to_approval(condition: &Value) -> bool {
    let approval = &condition["body"]["."];
    condition["kind"] == "unless" && approval["left"]["Var"] == "context" && approval["attr"] == "owner_approved"
}

fn mentions_approval(json: &Value) -> bool {
    match json {
        Value::String(text) => text == "owner_approved",
        Value::Array(items) => items.iter().any(mentions_approval),
        Value::Object(fields) => fields.iter().any(|(name, value)| name == "owner_approved" || mentions_approval(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Where each policy of a text that Cedar has read begins: past comments, one after each semicolon outside of strings.
fn policy_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut inside = false;
    let mut chars = text.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        match c {
            '/' if chars.peek().is_some_and(|(_, next)| *next == '/') => while chars.next_if(|(_, c)| *c != '\n').is_some() {},
            '"' => skip_string(&mut chars),
            ';' => inside = false,
            c if c.is_whitespace() || inside => {}
            _ => {
                starts.push(offset);
                inside = true;
            }
        }
    }
    starts
}

fn skip_string(chars: &mut impl Iterator<Item = (usize, char)>) {
    while let Some((_, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::action::ActionKind;
    use crate::oversight::charter::{Charter, Situation};

    /// An overflow would end the process, and so the test. What is taken is evaluated on the small stack of a test's thread.
    #[test]
    fn nested_and_chained_texts_are_refused_or_taken_and_never_overflow_the_stack() {
        let when = |condition: &str| format!("@id(\"a\") forbid (principal, action, resource) when {{ {condition} }};");
        let shapes: [fn(usize) -> String; 10] = [
            |n| format!("{}true{}", "(".repeat(n), ")".repeat(n)),
            |n| format!("{}context.act.cost{} > 1", "(1 + ".repeat(n), ")".repeat(n)),
            |n| format!("{}context.act.under_way{}", "if context.act.reversible then ".repeat(n), " else false".repeat(n)),
            |n| format!("{}context.act.cost > 1", "context.act.under_way && ".repeat(n)),
            |n| format!("{}context.act.cost > 1", "context.act.under_way || ".repeat(n)),
            |n| format!("{}context.act.cost > 1", "1 + ".repeat(n)),
            |n| format!("context{}", ".act".repeat(n)),
            |n| format!("{}1{}.contains(1)", "[".repeat(n), "]".repeat(n)),
            |n| format!("context.act.cost > {}1", "!-".repeat(n)),
            |n| format!("\" {}true{}", "(".repeat(n), ")".repeat(n)),
        ];
        for shape in shapes {
            for n in [1, 20, 145, 290, 600, 5_000] {
                let text = when(&shape(n));
                match Charter::with_owner_policies("mine.cedar", &text) {
                    Ok(charter) => {
                        assert!(n < 600 && charter.policies().any(|info| info.owners), "{n}");
                        let verdict = charter.judge(&Situation::good(ActionKind::PayBill));
                        assert!(!verdict.rules.iter().any(|rule| rule.as_str().contains("error")), "{n}: {verdict}");
                    }
                    Err(error) => assert!(error.line == 1 && !error.reason.is_empty(), "{error}"),
                }
            }
        }
        let refused = |condition: &str, reason: &str| {
            let error = Charter::with_owner_policies("mine.cedar", &when(condition)).expect_err(reason).to_string();
            assert!(error.contains(reason), "{error}");
        };
        refused(&shapes[0](30), "at most 24 brackets");
        refused(&shapes[3](300), "at most 600 words");
        let chain = shapes[3](20);
        assert!(Charter::with_owner_policies("mine.cedar", &when(&chain)).is_ok());
        let quoted = when(&format!("\"{}\" != \"x\" && {chain}", "(".repeat(900)));
        assert!(Charter::with_owner_policies("mine.cedar", &quoted).is_ok(), "brackets in a text are no nesting");
        let commented = format!("// {}\n{}", "(".repeat(900), when(&chain));
        assert!(Charter::with_owner_policies("mine.cedar", &commented).is_ok());
    }

    #[test]
    fn a_text_may_come_to_each_bound_and_not_over_it() {
        let when = |condition: &str| format!("@id(\"a\") forbid (principal, action, resource) when {{ {condition} }};");
        let refusal = |text: &str| Charter::with_owner_policies("mine.cedar", text).err().map_or_else(String::new, |error| error.reason);
        let check = |fits: &str, over: &str, reason: &str| {
            assert_eq!(refusal(fits), "", "{reason}");
            assert!(refusal(over).contains(reason), "{reason}: {}", refusal(over));
        };
        // 16 words and signs around the condition, 7 for each part of it.
        let chain = |n: usize| format!("{}context.act.cost > 1", "context.act.under_way && ".repeat(n));
        check(&when(&format!("!!!{}", chain(82))), &when(&format!("!!!!{}", chain(82))), "at most 600 words");
        let brackets = |n: usize| when(&format!("{}context.act.under_way{}", "(".repeat(n), ")".repeat(n)));
        check(&brackets(23), &brackets(24), "at most 24 brackets");
        let ifs =
            |n: usize| when(&format!("{}context.act.under_way{}", "if context.act.reversible then ".repeat(n), " else false".repeat(n)));
        check(&ifs(23), &ifs(24), "at most 24 brackets");
        check(&brackets(23), &when(&format!("/ {}", "(".repeat(24))), "at most 24 brackets");
        let quoted = |quote: &str| when(&format!("{quote} != \"x\" && context.act.under_way"));
        let closed = "(context.act.under_way) && [1].contains(context.act.cost) && ".repeat(25);
        for text in [
            when(&format!("{closed}context.act.under_way")),
            format!("{}{}", when(&chain(60)), when(&chain(60)).replace("\"a\"", "\"b\"")),
            quoted(&format!("\"\\\"{}\"", "(".repeat(30))),
            quoted(&format!("\"{}\"", "word ".repeat(700))),
            format!("// {}\n{}", "word ".repeat(700), when("context.act.under_way")),
        ] {
            assert_eq!(refusal(&text), "", "{text}");
        }

        let policy = |id: &str, more: &str| format!("@id(\"{id}\") {more} forbid (principal, action == Action::\"run_ads\", resource);\n");
        let many = |n: usize| (0..n).map(|n| policy(&format!("p{n}"), "")).collect::<String>();
        check(&many(64), &many(65), "at most 64 policies");
        check(&policy(&"a".repeat(64), ""), &policy(&"a".repeat(65), ""), "1 to 64");
        for (id, reason) in
            [("", "1 to 64"), ("A", "1 to 64"), ("a_b", "1 to 64"), ("error", "uses itself"), ("default-deny", "uses itself")]
        {
            check(&policy("a-1", ""), &policy(id, ""), reason);
        }
        for name in ["says", "ground"] {
            let said = |text: String| policy("a", &format!("@{name}(\"{text}\")"));
            check(&said("é".repeat(240)), &said("é".repeat(241)), "1 to 240");
            check(&said("x".to_owned()), &said(String::new()), "1 to 240");
        }
        let escaped = policy("a", r#"@says("a \"quoted; word\" // here")"#);
        assert_eq!(refusal(&format!("{escaped}{}", policy("b", ""))), "");
    }

    #[test]
    fn what_asks_the_owner_ends_with_unless_the_owner_approved() {
        let refusal = |end: &str| {
            let text = format!("@id(\"a\") @escalate(\"owner\") forbid (principal, action, resource) {end};");
            Charter::with_owner_policies("mine.cedar", &text).err().map_or_else(String::new, |error| error.reason)
        };
        assert_eq!(refusal("unless { context.owner_approved }"), "");
        assert_eq!(refusal("when { context.act.cost > 1 } unless { context.owner_approved }"), "");
        for end in [
            "",
            "when { context.act.cost > 1 }",
            "when { context.owner_approved }",
            "unless { context.act.under_way }",
            "unless { context.ticket_matches }",
            "unless { !context.owner_approved }",
            "unless { context.owner_approved && context.act.under_way }",
        ] {
            assert!(refusal(end).contains("ends with: unless"), "{end}: {}", refusal(end));
        }
    }
}
