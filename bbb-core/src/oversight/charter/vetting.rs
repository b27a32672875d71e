//! Comparing what was compiled with Cedar, before an owner's policies are used: Cedar's word is the policy's meaning, and where the two ever
//! disagree, or cannot be compared, Cedar evaluates the policy for good.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::{AuthorizationError, Authorizer, Entities, Policy, PolicyId, PolicySet};
use serde_json::Value;

use super::compiled::{Compiled, Failed};
use super::question::{Question, Scalar, slot_at};
use super::situation::{AttributeType, attributes};
use super::{Rule, admits};
use crate::action::ActionKind;
use crate::draw::{Draw, Seed};
use crate::role::Role;

/// How many situations of each kind of action an owner's policies are compared in. They are the same ones at every load of the same text.
const SITUATIONS: u64 = 32;
/// How likely an attribute is missing, where one may be. No fact ever is; but what an error is must be the same.
const GAP: f64 = 0.03;

/// The policies that need no Cedar, by their places among the rules.
pub(super) fn compile(policies: &PolicySet, rules: &[Rule]) -> Vec<Option<Arc<Compiled>>> {
    compile_with(policies, rules, Compiled::of)
}

/// The same, with a compiler that may be wrong.
fn compile_with(policies: &PolicySet, rules: &[Rule], of: impl Fn(&Policy) -> Option<Compiled>) -> Vec<Option<Arc<Compiled>>> {
    let policy = |rule: &Rule| policies.policy(&PolicyId::new(&rule.id));
    let mut compiled: Vec<Option<Arc<Compiled>>> = rules.iter().map(|rule| policy(rule).and_then(&of).map(Arc::new)).collect();
    // The shipped ones are fixed, and compared by tests. Of an owner's, only what forbids can be told apart in Cedar's answer.
    let owners = rules.iter().zip(&mut compiled).filter(|(rule, _)| rule.owners);
    let mut owners: Vec<(&Policy, &mut Option<Arc<Compiled>>)> =
        owners.filter_map(|(rule, compiled)| Some((policy(rule).filter(|_| !rule.permits)?, compiled))).collect();
    for kind in ActionKind::ALL {
        let mut about: Vec<_> = owners.iter_mut().filter(|(policy, compiled)| compiled.is_some() && admits(policy, *kind)).collect();
        let doubtful = doubtful(*kind, &about.iter().map(|(policy, compiled)| (*policy, compiled.as_deref())).collect::<Vec<_>>());
        for place in doubtful {
            *about[place].1 = None;
        }
    }
    for (rule, compiled) in rules.iter().zip(&mut compiled) {
        if rule.owners && rule.permits {
            *compiled = None;
        }
    }
    compiled
}

/// The places of the forbids that do not say what Cedar says.
fn doubtful(kind: ActionKind, forbids: &[(&Policy, Option<&Compiled>)]) -> BTreeSet<usize> {
    let mut doubtful = BTreeSet::new();
    if forbids.is_empty() {
        return doubtful;
    }
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    let Ok(set) = PolicySet::from_policies(forbids.iter().map(|(policy, _)| (*policy).clone())) else {
        return (0..forbids.len()).collect();
    };
    let longs = longs(forbids.iter().map(|(policy, _)| *policy));
    for index in 0..SITUATIONS {
        let question = drawn(kind, &mut Seed::new(index).draw("charter vetting", kind as u64), &longs);
        let Ok(request) = question.request(None) else { return (0..forbids.len()).collect() };
        let response = authorizer.is_authorized(&request, &set, &entities);
        let applied: BTreeSet<&PolicyId> = response.diagnostics().reason().collect();
        let errors = response.diagnostics().errors();
        let failed: BTreeSet<&PolicyId> = errors.map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id()).collect();
        for (place, (policy, compiled)) in forbids.iter().enumerate() {
            let by_cedar = if failed.contains(policy.id()) { Err(Failed) } else { Ok(applied.contains(policy.id())) };
            if compiled.map(|compiled| compiled.applies(&question)) != Some(by_cedar) {
                doubtful.insert(place);
            }
        }
    }
    doubtful
}

/// Numbers at which these policies may change their answer: those in their texts and their neighbours, and the ends of the range.
pub(super) fn longs<'a>(policies: impl Iterator<Item = &'a Policy>) -> Vec<i64> {
    fn collect(json: &Value, longs: &mut Vec<i64>) {
        match json {
            Value::Number(number) => longs.extend(number.as_i64().into_iter().flat_map(|n| [n.saturating_sub(1), n, n.saturating_add(1)])),
            Value::Array(items) => items.iter().for_each(|item| collect(item, longs)),
            Value::Object(fields) => fields.values().for_each(|value| collect(value, longs)),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
    let mut longs = vec![i64::MIN, -1, 0, 1, 100, i64::MAX];
    policies.filter_map(|policy| policy.to_json().ok()).for_each(|json| collect(&json, &mut longs));
    longs
}

/// A situation of this kind, with some of these numbers in it. In every fourth, something that should be there may be missing.
pub(super) fn drawn(kind: ActionKind, draw: &mut Draw, longs: &[i64]) -> Question {
    let pick = |draw: &mut Draw, of: usize| usize::try_from(draw.below(u32::try_from(of).unwrap_or(u32::MAX))).unwrap_or(0);
    let role = match kind.role() {
        Some(role) if draw.chance(0.5) => role,
        _ => Role::ALL[pick(draw, Role::ALL.len())],
    };
    let mut question = Question::new(role, kind);
    let (gaps, optional) = (draw.chance(0.25), draw.chance(0.7));
    for attribute in attributes(kind) {
        let value = match &attribute.of {
            AttributeType::Bool => Some(Scalar::Bool(draw.chance(0.5))),
            AttributeType::Long if longs.is_empty() || draw.chance(0.2) => Some(Scalar::Long(i64::from(draw.below(200)))),
            AttributeType::Long => Some(Scalar::Long(longs[pick(draw, longs.len())])),
            AttributeType::OneOf { name, values } => Scalar::named(name, &values[pick(draw, values.len())]),
        };
        let missing = attribute.optional && !optional || gaps && draw.chance(GAP);
        if let (Some(slot), Some(value), false) = (slot_at(&attribute.path), value, missing) {
            question.set(slot, value);
        }
    }
    question
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(condition: &str) -> Policy {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        Policy::parse(Some(PolicyId::new("mine")), text).expect("a policy")
    }

    /// As if the compiler had misread a policy: each pair differs in one operator, at one value, or in what is an error.
    #[test]
    fn a_compiled_policy_that_differs_from_cedar_anywhere_is_left_to_cedar() {
        for (said, read) in [
            ("context.act.cost > 100000", "context.act.cost >= 100000"),
            ("context.act.cost > 100000", "context.act.cost > 100001"),
            ("context.contact.consent && context.mail.commercial", "context.contact.consent || context.mail.commercial"),
            ("context.act.cost + 1 > 5", "context.act.cost >= 5"),
            ("context.contact.interest == Interest::\"lost\"", "context.contact.interest == Interest::\"new\""),
            ("context has price && context.price.percent_of_list > 90", "context.price.percent_of_list > 90"),
        ] {
            let (said, read) = (policy(said), policy(read));
            let [right, wrong] = [&said, &read].map(|policy| Compiled::of(policy).expect("known"));
            assert!(doubtful(ActionKind::SendEmail, &[(&said, Some(&right))]).is_empty());
            assert_eq!(doubtful(ActionKind::SendEmail, &[(&said, Some(&wrong))]).len(), 1, "{said} read as {read}");
        }
    }

    #[test]
    fn owners_forbids_are_compared_with_cedar_and_their_permits_are_left_to_it() {
        let all = [("shipped", false, false), ("right", false, true), ("wrong", false, true), ("permit", true, true)];
        let rules = all.map(|(id, permits, owners)| {
            let (id, sentence, ground) = (id.to_owned(), String::new(), String::new());
            Rule { id, sentence, ground, permits, escalates: false, owners }
        });
        let policies = PolicySet::from_policies(rules.iter().map(|rule| {
            let effect = if rule.permits { "permit" } else { "forbid" };
            let text = format!("{effect} (principal, action == Action::\"pay_bill\", resource) when {{ context.act.cost > 5 }};");
            Policy::parse(Some(PolicyId::new(&rule.id)), text).expect("a policy")
        }));
        let misread = policy("context.act.cost > 6");
        let of = |policy: &Policy| {
            Compiled::of(if ["shipped", "wrong"].contains(&policy.id().to_string().as_str()) { &misread } else { policy })
        };
        let compiled = compile_with(&policies.expect("four names"), &rules, of);
        assert_eq!(compiled.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false, false]);
    }

    #[test]
    fn situations_are_the_same_at_every_load_and_differ_among_themselves() {
        let draw = |index| format!("{:?}", drawn(ActionKind::SendEmail, &mut Seed::new(index).draw("x", 0), &[5]));
        assert_eq!(draw(1), draw(1));
        assert_eq!((0..SITUATIONS).map(draw).collect::<BTreeSet<_>>().len(), 32);
    }
}
