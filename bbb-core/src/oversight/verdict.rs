//! Verdicts: oversight's answer to a proposal, always with the sorted ids of the rules that decided.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a rule: `<layer>.<rule>`, such as `limits.budget` or `charter.can-spam-footer`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RuleId(Cow<'static, str>);

impl RuleId {
    /// The rule with a name known at compile time.
    pub const fn named(name: &'static str) -> Self {
        RuleId(Cow::Borrowed(name))
    }

    /// The rule with this name.
    pub fn new(name: impl Into<String>) -> Self {
        RuleId(Cow::Owned(name.into()))
    }

    /// The rule's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What oversight says. The order is the order of strictness: of two findings the greater one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It may happen.
    Approve,
    /// A person decides.
    Escalate,
    /// It must not happen.
    Veto,
}

impl Ruling {
    /// The ruling's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Ruling::Approve => "approve",
            Ruling::Escalate => "escalate",
            Ruling::Veto => "veto",
        }
    }
}

/// One layer's opinion on a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What the rule says.
    pub ruling: Ruling,
    /// The rule.
    pub rule: RuleId,
    /// What the rule saw, for people; never personal text.
    pub note: String,
}

impl Finding {
    /// A finding of this rule.
    pub fn new(ruling: Ruling, rule: RuleId, note: impl Into<String>) -> Self {
        Finding { ruling, rule, note: note.into() }
    }
}

/// Oversight's answer to one proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What it says.
    pub ruling: Ruling,
    /// The rules that decided, sorted, without duplicates.
    pub rules: Vec<RuleId>,
    /// What the deciding rules saw, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Verdict {
    /// The verdict that follows from all findings of all layers: the strictest ruling holds, and the rules that ruled so are named.
    /// No finding at all is a veto: somebody must have said yes.
    pub fn from_findings(findings: &[Finding]) -> Verdict {
        let Some(ruling) = findings.iter().map(|finding| finding.ruling).max() else {
            return Verdict { ruling: Ruling::Veto, rules: vec![RuleId::named("limits.no-finding")], note: String::new() };
        };
        let mut deciding: Vec<&Finding> = findings.iter().filter(|finding| finding.ruling == ruling).collect();
        deciding.sort_by(|a, b| (&a.rule, &a.note).cmp(&(&b.rule, &b.note)));
        let mut rules: Vec<RuleId> = deciding.iter().map(|finding| finding.rule.clone()).collect();
        rules.dedup();
        let mut notes: Vec<&str> = deciding.iter().map(|finding| finding.note.as_str()).filter(|note| !note.is_empty()).collect();
        notes.dedup();
        Verdict { ruling, rules, note: notes.join("; ") }
    }
}

/// The rules, and what they saw.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<&str> = self.rules.iter().map(RuleId::as_str).collect();
        f.write_str(&rules.join(", "))?;
        if self.note.is_empty() { Ok(()) } else { write!(f, ", {}", self.note) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_finding_decides_and_its_rules_are_sorted() {
        let finding = |ruling, rule: &'static str| Finding::new(ruling, RuleId::named(rule), "");
        let check = |findings: &[Finding], ruling: Ruling, rules: &[&str]| {
            let verdict = Verdict::from_findings(findings);
            assert_eq!(verdict.ruling, ruling);
            assert_eq!(verdict.rules.iter().map(RuleId::as_str).collect::<Vec<_>>(), rules);
        };
        use Ruling::{Approve, Escalate, Veto};
        check(&[], Veto, &["limits.no-finding"]);
        check(&[finding(Approve, "b"), finding(Approve, "a"), finding(Approve, "a")], Approve, &["a", "b"]);
        check(&[finding(Approve, "a"), finding(Escalate, "c")], Escalate, &["c"]);
        check(&[finding(Veto, "z"), finding(Escalate, "c"), finding(Veto, "b")], Veto, &["b", "z"]);
    }
}
