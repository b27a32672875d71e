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

mod compiled;
mod load;
mod packs;
mod question;
mod situation;
#[cfg(test)]
mod tests;
mod vetting;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use cedar_policy::{ActionConstraint, AuthorizationError, Authorizer, Entities, Policy, PolicyId, PolicySet};

use self::compiled::Compiled;
pub use self::load::{Error, MAX_OWNER_POLICIES, MAX_POLICY_BYTES};
pub use self::packs::{PACKS, Pack, pack};
use self::question::{Question, Unfit};
pub use self::situation::{Attribute, AttributeType, Situation, Unsettable, attributes};
use crate::action::ActionKind;
use crate::oversight::facts::Facts;
use crate::oversight::verdict::{Finding, RuleId, Ruling, Verdict};

/// The shipped policies: file name and text.
const SHIPPED: [(&str, &str); 4] = [
    ("roles.cedar", include_str!("../../../charter/roles.cedar")),
    ("mail.cedar", include_str!("../../../charter/mail.cedar")),
    ("trade.cedar", include_str!("../../../charter/trade.cedar")),
    ("owner.cedar", include_str!("../../../charter/owner.cedar")),
];

/// What divides the two digests in [`Charter::digest`].
const OWNERS_PART: char = '+';

/// The part of a charter's digest that names the owner's policies; none where the charter is the shipped one.
pub fn owners_part(digest: &str) -> Option<&str> {
    digest.split_once(OWNERS_PART).map(|(_, owners)| owners)
}

/// A checked set of policies. A clone shares them.
#[derive(Clone)]
pub struct Charter(
    Arc<Inner>,
    /// The owner's policies as one text; empty where there are none.
    Arc<str>,
);

struct Inner {
    authorizer: Authorizer,
    entities: Entities,
    /// By kind of action, in the order of [`ActionKind::ALL`]: the policies whose scope admits it. The others could neither decide nor fail.
    policies: Vec<Policies>,
    /// In the order of the texts.
    rules: Vec<Rule>,
    by_policy: HashMap<PolicyId, usize>,
    digest: String,
    /// All policies, to hold what was compiled against.
    #[cfg(test)]
    cedar: PolicySet,
}

/// The policies about one kind of action.
struct Policies {
    /// All of them, by their places among the rules.
    all: Vec<usize>,
    /// Those that need no Cedar.
    compiled: Vec<(usize, Arc<Compiled>)>,
    /// The others.
    by_cedar: PolicySet,
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

/// What texts were read to: policies, what they are about, and the digest of the texts.
type Parts = (PolicySet, Vec<Rule>, String);

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
        Charter::with_owner_texts(&[(name, text)])
    }

    /// The same with several texts of an owner: own policies and packs, each with its name. They are checked and counted together, so no two policies may have
    /// one name.
    ///
    /// # Errors
    /// As [`Charter::with_owner_policies`].
    pub fn with_owner_texts(texts: &[(&str, &str)]) -> Result<Charter, Error> {
        let name = texts.first().map_or("", |(name, _)| name);
        load::with_room(name, || Charter::load(Some(texts)))
    }

    fn load(owners: Option<&[(&str, &str)]>) -> Result<Charter, Error> {
        static SHIPPED_PARTS: LazyLock<Result<Parts, Error>> = LazyLock::new(read_shipped);
        let (mut policies, mut rules, mut digest) = SHIPPED_PARTS.clone()?;
        let mut owner_text = String::new();
        for (name, text) in owners.unwrap_or_default() {
            load::load(name, text, true, &mut policies, &mut rules)?;
            owner_text.push_str(text);
            // A comment at the end of one text must not swallow the beginning of the next.
            if !text.is_empty() && !text.ends_with('\n') {
                owner_text.push('\n');
            }
            if owner_text.len() > MAX_POLICY_BYTES + 1 {
                return Err(load::too_long(name, text, owner_text.len()));
            }
        }
        if !owner_text.is_empty() {
            digest = format!("{digest}{OWNERS_PART}{}", blake3::hash(owner_text.as_bytes()).to_hex());
        }
        let Charter(inner, _) = Charter::assemble(&policies, rules, digest);
        Ok(Charter(inner, owner_text.into()))
    }

    fn assemble(policies: &PolicySet, rules: Vec<Rule>, digest: String) -> Charter {
        let by_policy = rules.iter().enumerate().map(|(index, rule)| (PolicyId::new(&rule.id), index)).collect();
        let compiled = vetting::compile(policies, &rules);
        let inner = Inner {
            authorizer: Authorizer::new(),
            entities: Entities::empty(),
            #[cfg(test)]
            cedar: policies.clone(),
            policies: ActionKind::ALL.iter().map(|kind| about(policies, &rules, &compiled, *kind)).collect(),
            rules,
            by_policy,
            digest,
        };
        Charter(Arc::new(inner), Arc::from(""))
    }

    /// The owner's policies as one text, empty where there are none. [`Charter::with_owner_policies`] makes the same charter of it.
    pub fn owner_text(&self) -> &str {
        &self.1
    }

    /// The BLAKE3 digest of the shipped policies' texts, 64 hex digits; where an owner added policies, `+` and the digest of theirs follow.
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
        self.decide(Ok(Question::of(facts)))
    }

    /// What the charter alone says in a situation that somebody made up.
    pub fn judge(&self, situation: &Situation) -> Verdict {
        Verdict::from_findings(&self.decide(situation.question()))
    }

    /// The policies whose scope admits this kind of action, in the order of their texts: no other can decide about it.
    pub fn policies_about(&self, kind: ActionKind) -> impl Iterator<Item = PolicyInfo<'_>> {
        let about = &self.0.policies[kind as usize].all;
        self.policies().enumerate().filter(|(index, _)| about.contains(index)).map(|(_, info)| info)
    }

    fn decide(&self, question: Result<Question, Unfit>) -> Vec<Finding> {
        let unfit = |_: Unfit| vec![veto(RuleId::named("charter.error"), "the facts could not be put before the charter")];
        let evaluate = |question: &Question| self.evaluate(question).unwrap_or_else(unfit);
        let question = match question {
            Ok(question) => question,
            Err(error) => return unfit(error),
        };
        let mut findings = evaluate(&question);
        if findings.iter().all(|finding| finding.ruling == Ruling::Escalate) {
            findings.extend(evaluate(&question.after(true)).into_iter().filter(|finding| finding.ruling == Ruling::Veto));
        }
        findings.sort_by(|a, b| a.rule.cmp(&b.rule));
        findings.dedup();
        findings
    }

    fn evaluate(&self, question: &Question) -> Result<Vec<Finding>, Unfit> {
        let Outcome { applied, failed } = self.outcome(question)?;
        let forbids = applied.iter().any(|rule| !rule.permits);
        let mut findings: Vec<Finding> = applied.iter().filter(|rule| rule.permits != forbids).map(|rule| rule.finding()).collect();
        if findings.is_empty() {
            findings.push(veto(RuleId::named("charter.default-deny"), "no policy allows this"));
        }
        findings.extend(failed.iter().map(|id| veto(RuleId::new(format!("charter.error.{id}")), "the policy could not be evaluated")));
        Ok(findings)
    }

    /// Which policies apply, and which could not be evaluated. Cedar is asked about those alone that were not compiled.
    fn outcome(&self, question: &Question) -> Result<Outcome<'_>, Unfit> {
        let inner = &*self.0;
        let policies = &inner.policies[question.kind as usize];
        let mut outcome = Outcome::default();
        for (index, compiled) in &policies.compiled {
            let rule = &inner.rules[*index];
            match compiled.applies(question) {
                Ok(true) => outcome.applied.push(rule),
                Ok(false) => {}
                Err(_) => outcome.failed.push(rule.id.clone()),
            }
        }
        if !policies.by_cedar.is_empty() {
            let response = inner.authorizer.is_authorized(&question.request(None)?, &policies.by_cedar, &inner.entities);
            for policy in response.diagnostics().reason() {
                // A policy that the charter does not know is none that it can read as a yes or a no.
                match inner.by_policy.get(policy) {
                    Some(index) => outcome.applied.push(&inner.rules[*index]),
                    None => outcome.failed.push(policy.to_string()),
                }
            }
            let errors = response.diagnostics().errors();
            outcome.failed.extend(errors.map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id().to_string()));
        }
        Ok(outcome)
    }
}

#[cfg(test)]
impl Charter {
    /// All policies as Cedar has them.
    fn by_cedar(&self) -> PolicySet {
        self.0.cedar.clone()
    }

    /// How many policies about this kind of action Cedar evaluates.
    fn leaves_to_cedar(&self, kind: ActionKind) -> usize {
        self.0.policies[kind as usize].by_cedar.num_of_policies()
    }

    /// The names of the policies that apply and of those that fail.
    fn names(&self, question: &Question) -> (std::collections::BTreeSet<String>, std::collections::BTreeSet<String>) {
        let Outcome { applied, failed } = self.outcome(question).expect("a request");
        (applied.iter().map(|rule| rule.id.clone()).collect(), failed.into_iter().collect())
    }
}

/// What evaluating the policies came to.
#[derive(Default)]
struct Outcome<'a> {
    /// The policies that apply. Of those that Cedar evaluated it names no permit beside a forbid, where permits mean nothing.
    applied: Vec<&'a Rule>,
    /// The names of those that could not be evaluated.
    failed: Vec<String>,
}

impl Rule {
    /// What it says where it decides.
    fn finding(&self) -> Finding {
        let (ruling, note) = match (self.permits, self.escalates) {
            (true, _) => (Ruling::Approve, ""),
            (false, true) => (Ruling::Escalate, self.sentence.as_str()),
            (false, false) => (Ruling::Veto, self.sentence.as_str()),
        };
        Finding::new(ruling, RuleId::new(format!("charter.{}", self.id)), note)
    }
}

fn veto(rule: RuleId, note: &str) -> Finding {
    Finding::new(Ruling::Veto, rule, note)
}

/// The shipped policies, and the digest of their texts.
fn read_shipped() -> Result<Parts, Error> {
    let (mut policies, mut rules, mut digest) = (PolicySet::new(), Vec::new(), blake3::Hasher::new());
    for (name, text) in SHIPPED {
        load::load(name, text, false, &mut policies, &mut rules)?;
        digest.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes()).update(text.as_bytes());
    }
    Ok((policies, rules, digest.finalize().to_hex().to_string()))
}

/// The policies whose scope admits this kind of action; `compiled` has those that need no Cedar, by their places among the rules.
fn about(policies: &PolicySet, rules: &[Rule], compiled: &[Option<Arc<Compiled>>], kind: ActionKind) -> Policies {
    let mut about = Policies { all: Vec::new(), compiled: Vec::new(), by_cedar: PolicySet::new() };
    for (index, (rule, compiled)) in rules.iter().zip(compiled).enumerate() {
        let Some(policy) = policies.policy(&PolicyId::new(&rule.id)).filter(|policy| admits(policy, kind)) else { continue };
        about.all.push(index);
        match compiled {
            Some(compiled) => about.compiled.push((index, Arc::clone(compiled))),
            // Cannot fail: the names were unique in the set that they come from, and none is a template's.
            None => about.by_cedar.add(policy.clone()).expect("a part of a policy set should be one"),
        }
    }
    about
}

/// Whether the policy's scope admits this kind of action.
fn admits(policy: &Policy, kind: ActionKind) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(action) => question::is_action(&action, kind),
        ActionConstraint::In(actions) => actions.iter().any(|action| question::is_action(action, kind)),
    }
}
