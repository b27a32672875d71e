//! The charter: the ethics policy of a business, in Cedar.
//!
//! The shipped policies are part of the binary and always evaluated. An owner may add policies, which can only forbid and ask: whatever the
//! shipped ones do not allow stays forbidden. Cedar denies by default and lets a forbid win; where it is lenient, this module is not:
//!
//! - Cedar skips a policy that fails to evaluate; here that is a veto of its own, whatever the other policies say.
//! - Cedar names the deciding policies in random order; here findings are sorted by rule.
//! - Cedar knows no escalation; here it is an annotation of a forbid that ends with `unless { context.owner_approved }`.
//!
//! Texts are in `bbb-core/charter/`; how they are read and checked is in `load`, what they may speak of in `schema.cedarschema`.

mod load;
mod request;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use cedar_policy::{ActionConstraint, AuthorizationError, Authorizer, Decision, Entities, Policy, PolicyId, PolicySet};

pub use self::load::{Error, MAX_OWNER_POLICIES, MAX_POLICY_BYTES};
use crate::action::ActionKind;
use crate::oversight::facts::Facts;
use crate::oversight::verdict::{Finding, RuleId, Ruling};

/// The shipped policies: file name and text.
const SHIPPED: [(&str, &str); 4] = [
    ("roles.cedar", include_str!("../../../charter/roles.cedar")),
    ("mail.cedar", include_str!("../../../charter/mail.cedar")),
    ("trade.cedar", include_str!("../../../charter/trade.cedar")),
    ("owner.cedar", include_str!("../../../charter/owner.cedar")),
];

/// A checked set of policies. A clone shares them.
#[derive(Clone)]
pub struct Charter(Arc<Inner>);

struct Inner {
    authorizer: Authorizer,
    entities: Entities,
    /// By kind of action, in the order of [`ActionKind::ALL`]: the policies whose scope admits it. The others could neither decide nor fail.
    policies: Vec<PolicySet>,
    /// In the order of the texts.
    rules: Vec<Rule>,
    by_policy: HashMap<PolicyId, usize>,
    digest: String,
}

/// One policy, without its conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    id: String,
    sentence: String,
    ground: String,
    permits: bool,
    escalates: bool,
    owners: bool,
}

/// What a policy is about, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyInfo<'a> {
    /// Its name; the rule is `charter.<id>`.
    pub id: &'a str,
    /// What it says, in one sentence.
    pub sentence: &'a str,
    /// Why: a statute, a guide, or decency.
    pub ground: &'a str,
    /// Whether it allows; otherwise it forbids.
    pub permits: bool,
    /// Whether it asks the owner instead of forbidding.
    pub escalates: bool,
    /// Whether the owner added it.
    pub owners: bool,
}

impl fmt::Debug for Charter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charter").field("digest", &self.0.digest).field("policies", &self.0.rules.len()).finish_non_exhaustive()
    }
}

impl Charter {
    /// The shipped policies alone.
    pub fn shipped() -> &'static Charter {
        static SHIPPED_CHARTER: LazyLock<Charter> = LazyLock::new(|| {
            // Cannot fail at run time: the texts are part of the binary, and a test loads them.
            Charter::load(None).expect("the embedded policies should be valid")
        });
        &SHIPPED_CHARTER
    }

    /// The shipped policies and an owner's. `name` tells the owner's text apart in errors; it is a file name or the like.
    ///
    /// An owner's policy is a `forbid` with an `@id` of its own; `@says` and `@ground` are welcome. With `@escalate("owner")` it asks, and
    /// must then end with `unless { context.owner_approved }`.
    ///
    /// # Errors
    /// [`Error`] names the text, the line, the column and the broken rule. Nothing of a refused text is used.
    ///
    /// ```
    /// # use bbb_core::oversight::charter::Charter;
    /// let charter = Charter::with_owner_policies(
    ///     "mine.cedar",
    ///     r#"@id("no-ads") forbid (principal, action == Action::"run_ads", resource);"#,
    /// )?;
    /// assert_ne!(charter.digest(), Charter::shipped().digest());
    ///
    /// let refused = Charter::with_owner_policies("mine.cedar", "@id(\"all\")\npermit (principal, action, resource);");
    /// assert!(refused.unwrap_err().to_string().starts_with("mine.cedar:1:1: "));
    /// # Ok::<(), bbb_core::oversight::charter::Error>(())
    /// ```
    pub fn with_owner_policies(name: &str, text: &str) -> Result<Charter, Error> {
        Charter::load(Some((name, text)))
    }

    fn load(owners: Option<(&str, &str)>) -> Result<Charter, Error> {
        let mut policies = PolicySet::new();
        let mut rules: Vec<Rule> = Vec::new();
        let mut digest = blake3::Hasher::new();
        let shipped = SHIPPED.iter().map(|(name, text)| (*name, *text, false));
        for (name, text, owners) in shipped.chain(owners.map(|(name, text)| (name, text, true))) {
            load::load(name, text, owners, &mut policies, &mut rules)?;
            digest.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes()).update(text.as_bytes());
        }
        Ok(Charter::assemble(&policies, rules, digest.finalize().to_hex().to_string()))
    }

    fn assemble(policies: &PolicySet, rules: Vec<Rule>, digest: String) -> Charter {
        let policies = ActionKind::ALL.iter().map(|kind| admitting(policies, *kind)).collect();
        let by_policy = rules.iter().enumerate().map(|(index, rule)| (PolicyId::new(&rule.id), index)).collect();
        Charter(Arc::new(Inner { authorizer: Authorizer::new(), entities: Entities::empty(), policies, rules, by_policy, digest }))
    }

    /// The BLAKE3 digest of all policies' texts: 64 hex digits.
    pub fn digest(&self) -> String {
        self.0.digest.clone()
    }

    /// All policies, shipped ones first, in the order of their texts.
    pub fn policies(&self) -> impl Iterator<Item = PolicyInfo<'_>> {
        self.0.rules.iter().map(|rule| PolicyInfo {
            id: &rule.id,
            sentence: &rule.sentence,
            ground: &rule.ground,
            permits: rule.permits,
            escalates: rule.escalates,
            owners: rule.owners,
        })
    }

    /// What the charter says about a proposal: a finding for each deciding policy, sorted by rule, never none.
    ///
    /// The owner is asked only about what a yes would let happen: if another policy would still forbid it, that is a veto now.
    pub fn findings(&self, facts: &Facts) -> Vec<Finding> {
        let mut findings = self.evaluate(facts, facts.owner_approved);
        if findings.iter().all(|finding| finding.ruling == Ruling::Escalate) {
            findings.extend(self.evaluate(facts, true).into_iter().filter(|finding| finding.ruling == Ruling::Veto));
        }
        findings.sort_by(|a, b| a.rule.cmp(&b.rule));
        findings.dedup();
        findings
    }

    fn evaluate(&self, facts: &Facts, owner_approved: bool) -> Vec<Finding> {
        let veto = |rule: RuleId, note: &str| Finding::new(Ruling::Veto, rule, note);
        let Ok(request) = request::build(facts, owner_approved) else {
            return vec![veto(RuleId::named("charter.error"), "the facts could not be put before the charter")];
        };
        let inner = &*self.0;
        let response = inner.authorizer.is_authorized(&request, &inner.policies[facts.kind as usize], &inner.entities);
        let mut findings: Vec<Finding> = response.diagnostics().reason().map(|policy| self.decided(policy, response.decision())).collect();
        if findings.is_empty() {
            findings.push(veto(RuleId::named("charter.default-deny"), "no policy allows this"));
        }
        findings.extend(response.diagnostics().errors().map(|AuthorizationError::PolicyEvaluationError(error)| {
            veto(RuleId::new(format!("charter.error.{}", error.policy_id())), "the policy could not be evaluated")
        }));
        findings
    }

    fn decided(&self, policy: &PolicyId, decision: Decision) -> Finding {
        let id: &str = policy.as_ref();
        let rule = self.0.by_policy.get(policy).map(|index| &self.0.rules[*index]);
        let (ruling, note) = match (decision, rule) {
            (Decision::Allow, Some(_)) => (Ruling::Approve, ""),
            (Decision::Deny, Some(rule)) if rule.escalates => (Ruling::Escalate, rule.sentence.as_str()),
            (Decision::Deny, Some(rule)) => (Ruling::Veto, rule.sentence.as_str()),
            (_, None) => (Ruling::Veto, "a policy decided that the charter does not know"),
        };
        Finding::new(ruling, RuleId::new(format!("charter.{id}")), note)
    }
}

/// The policies whose scope admits this kind of action.
fn admitting(policies: &PolicySet, kind: ActionKind) -> PolicySet {
    let admits = |policy: &&Policy| match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(action) => request::is_action(&action, kind),
        ActionConstraint::In(actions) => actions.iter().any(|action| request::is_action(action, kind)),
    };
    // Cannot fail: the names were unique in the set that they come from, and none is a template's.
    PolicySet::from_policies(policies.policies().filter(admits).cloned()).expect("a part of a policy set should be one")
}
