//! Tests that what is compiled says what Cedar says: drawn policies of the whole grammar, the shipped ones and the packs, in drawn situations.

use std::collections::BTreeSet;

use cedar_policy::{Authorizer, Effect, Entities, PolicyId, PolicySet};

use super::*;
use crate::action::ActionKind;
use crate::draw::{Draw, Seed};
use crate::oversight::charter::situation::{AttributeType, attributes};
use crate::oversight::charter::vetting::{drawn, longs};
use crate::oversight::charter::{Charter, PACKS};
use crate::role::Role;

/// The names of the policies that apply and of those that fail, as Cedar has it. Forbids and permits are asked about apart, since beside a forbid Cedar names
/// no permit.
fn by_cedar(policies: &PolicySet, question: &Question) -> (BTreeSet<String>, BTreeSet<String>) {
    let request = question.request(None).expect("a request");
    let (mut applied, mut failed) = (BTreeSet::new(), BTreeSet::new());
    for effect in [Effect::Permit, Effect::Forbid] {
        let part = PolicySet::from_policies(policies.policies().filter(|policy| policy.effect() == effect).cloned()).expect("a part");
        let response = Authorizer::new().is_authorized(&request, &part, &Entities::empty());
        applied.extend(response.diagnostics().reason().map(ToString::to_string));
        let errors = response.diagnostics().errors();
        failed.extend(errors.map(|cedar_policy::AuthorizationError::PolicyEvaluationError(error)| error.policy_id().to_string()));
    }
    (applied, failed)
}

/// Writes policies about one kind of action: well typed ones for the most part, of every operator that Cedar has for what the schema knows.
struct Author<'a> {
    draw: &'a mut Draw,
    kind: ActionKind,
    /// How deep its conditions are at most.
    depth: u32,
}

impl Author<'_> {
    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.draw.below(u32::try_from(of.len()).expect("few")) as usize]
    }

    /// An attribute of one of these types; now and then one that this kind of action does not have.
    fn attribute(&mut self, fits: impl Fn(&AttributeType) -> bool) -> String {
        let kinds = ActionKind::ALL;
        let kind = if self.draw.chance(0.05) { kinds[self.draw.below(12) as usize % kinds.len()] } else { self.kind };
        let fitting: Vec<&str> = attributes(kind).iter().filter(|known| fits(&known.of)).map(|known| known.path.as_str()).collect();
        if fitting.is_empty() { "context.act.nothing".to_owned() } else { format!("context.{}", self.one(&fitting)) }
    }

    fn policy(&mut self, name: &str) -> String {
        let role = self.role();
        let principal =
            self.one(&["principal", "principal == ROLE", "principal in ROLE", "principal is Role", "principal is Role in ROLE"]);
        let action = self.one(&["action", "action == THIS", "action in [THIS]", "action in [Action::\"run_ads\", THIS]", "action in THIS"]);
        let resource = self.one(&["resource", "resource == Business::\"this\"", "resource is Business", "resource in Business::\"this\""]);
        let action = action.replace("THIS", &format!("Action::\"{}\"", self.kind));
        let mut text = format!("@id(\"{name}\") forbid ({}, {action}, {resource})", principal.replace("ROLE", &role));
        for _ in 0..1 + self.draw.below(2) {
            let kind = self.one(&["when", "unless"]);
            text = format!("{text}\n{kind} {{ {} }}", self.bool(self.depth));
        }
        format!("{text};")
    }

    fn role(&mut self) -> String {
        format!("Role::\"{}\"", self.one(&Role::ALL.map(Role::as_str)))
    }

    fn bool(&mut self, depth: u32) -> String {
        if self.draw.chance(0.01) {
            return self.long(depth);
        }
        match if depth == 0 { self.draw.below(4) } else { self.draw.below(17) } {
            0 | 1 => self.attribute(|of| *of == AttributeType::Bool),
            2 => self.plain_bool(),
            3 => self.presence(),
            4 | 5 => format!("({}) {} ({})", self.long(depth - 1), self.one(&["<", "<=", ">", ">=", "==", "!="]), self.long(depth - 1)),
            6 | 7 => format!("({}) && ({})", self.bool(depth - 1), self.bool(depth - 1)),
            8 | 9 => format!("({}) || ({})", self.bool(depth - 1), self.bool(depth - 1)),
            10 => format!("!({})", self.bool(depth - 1)),
            11 => format!("if {} then {} else {}", self.bool(depth - 1), self.bool(depth - 1), self.bool(depth - 1)),
            12 => format!("({}) {} ({})", self.bool(depth - 1), self.one(&["==", "!="]), self.bool(depth - 1)),
            13 => format!("({}) {} ({})", self.name(depth - 1), self.one(&["==", "!=", "in"]), self.name(depth - 1)),
            14 => format!("({}) in {}", self.name(depth - 1), self.set(depth - 1)),
            15 => format!("{}.contains({})", self.set(depth - 1), self.name(depth - 1)),
            _ => format!("{}.{}({})", self.set(depth - 1), self.one(&["containsAll", "containsAny"]), self.set(depth - 1)),
        }
    }

    fn plain_bool(&mut self) -> String {
        let name = self.name(0);
        let seldom =
            ["\"a*\" like \"a\\**\"", "[1].isEmpty()", "{a: 1} == {a: 1}", "context == context", "principal is Role in Role::\"sales\""];
        match self.draw.below(8) {
            0 => self.one(&["true", "false"]).to_owned(),
            1 => self.one(&seldom).to_owned(),
            2 => format!("{name} is {}", self.one(&["Role", "Interest", "Risk"])),
            3 => format!("principal == {}", self.role()),
            4 => "action == Action::\"send_email\"".to_owned(),
            5 => "resource == Business::\"this\"".to_owned(),
            _ => format!("{} {} {}", self.long(0), self.one(&["<", ">="]), self.long(0)),
        }
    }

    fn presence(&mut self) -> String {
        let forms = [
            "context has price",
            "context has price.percent_of_list",
            "context.price has below_unit_cost",
            "context has contact && context.contact has consent",
            "context has owner_approved",
            "context has \"price.percent_of_list\"",
            "context has ticket_matches",
            "context.act has cost",
            "context.act.risk has cost",
            "context has order.known",
            "context.order has nothing",
        ];
        format!("({})", self.one(&forms))
    }

    fn long(&mut self, depth: u32) -> String {
        match if depth == 0 { self.draw.below(5) } else { self.draw.below(10) } {
            0..=2 => self.attribute(|of| *of == AttributeType::Long),
            3 => self.draw.below(200).to_string(),
            4 => self.one(&["9223372036854775807", "-9223372036854775808", "-1", "100000", "0"]).to_owned(),
            5..=7 => format!("({}) {} ({})", self.long(depth - 1), self.one(&["+", "-", "*"]), self.long(depth - 1)),
            8 => format!("-({})", self.long(depth - 1)),
            _ => format!("(if {} then {} else {})", self.bool(depth - 1), self.long(depth - 1), self.long(depth - 1)),
        }
    }

    fn name(&mut self, depth: u32) -> String {
        match self.draw.below(if depth == 0 { 5 } else { 6 }) {
            0 | 1 => self.attribute(|of| matches!(of, AttributeType::OneOf { .. })),
            2 => self.one(&["principal", "action", "resource"]).to_owned(),
            3 => self.role(),
            4 => {
                let of = self.one(&["Interest::\"new\"", "Interest::\"lost\"", "Risk::\"high\"", "Purpose::\"offer\"", "World::\"live\""]);
                of.to_owned()
            }
            _ => format!("(if {} then {} else {})", self.bool(depth - 1), self.name(depth - 1), self.name(depth - 1)),
        }
    }

    fn set(&mut self, depth: u32) -> String {
        let members: Vec<String> = (0..1 + self.draw.below(3)).map(|_| self.name(depth)).collect();
        format!("[{}]", members.join(", "))
    }
}

#[test]
fn drawn_policies_apply_and_fail_exactly_as_in_cedar() {
    let (mut taken, mut applied, mut failed) = (0, 0, 0);
    for index in 0..1_500 {
        let mut draw = Seed::new(1).draw("policies", index);
        let kind = ActionKind::ALL[draw.below(12) as usize % ActionKind::ALL.len()];
        let text = Author { draw: &mut draw, kind, depth: 4 }.policy("drawn");
        let policy = Policy::parse(Some(PolicyId::new("drawn")), &text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let Some(compiled) = Compiled::of(&policy) else { continue };
        taken += 1;
        let longs = longs([&policy].into_iter());
        let policies = PolicySet::from_policies([policy]).expect("one policy");
        for _ in 0..12 {
            let question = drawn(kind, &mut draw, &longs);
            let want = match by_cedar(&policies, &question) {
                (_, failures) if !failures.is_empty() => Err(Failed),
                (applies, _) => Ok(!applies.is_empty()),
            };
            assert_eq!(compiled.applies(&question), want, "number {index}:\n{text}\n{question:?}");
            applied += usize::from(want == Ok(true));
            failed += usize::from(want.is_err());
        }
    }
    // The test would say nothing if most policies were left to Cedar, or most situations alike.
    assert!(taken > 900 && applied > 1_500 && failed > 500, "{taken} taken, {applied} applied, {failed} failed");
}

#[test]
fn every_operator_is_compiled_and_says_what_cedar_says() {
    for condition in [
        "principal == Role::\"sales\"",
        "action == Action::\"send_email\"",
        "resource == Business::\"this\"",
        "-context.contact.mails < 0",
        "context.contact.interest != Interest::\"lost\"",
        "context.contact.mails < 4",
        "context.contact.mails <= 4",
        "context.contact.mails > 4",
        "context.contact.mails >= 4",
        "context.contact.mails + 4 > 0",
        "context.contact.mails - 4 > 0",
        "context.contact.mails * 4 > 0",
        "if context.mail.commercial then context.contact.consent else context.contact.served",
        "context.contact.interest is Interest",
        "context.contact.interest is Risk",
        "principal in Role::\"sales\"",
        "context.contact.interest in [Interest::\"new\", Interest::\"lost\"]",
        "context.contact.interest in [Interest::\"new\", Interest::\"new\"]",
        "[Interest::\"new\", Interest::\"lost\"].contains(context.contact.interest)",
        "[Interest::\"new\", context.contact.interest].containsAll([Interest::\"new\", Interest::\"lost\"])",
        "[Interest::\"new\", Interest::\"lost\"].containsAny([context.contact.interest, Interest::\"fit\"])",
        "context has price",
        "context has owner_approved",
        "context.price has percent_of_list",
        "context has price.percent_of_list",
        "!(context has price) || context.price.percent_of_list > 90",
    ] {
        let text = format!("forbid (principal, action, resource) when {{ {condition} }};");
        let policy = Policy::parse(Some(PolicyId::new("mine")), text).expect("a policy");
        let compiled = Compiled::of(&policy).unwrap_or_else(|| panic!("{condition} is left to Cedar: {:?}", policy.to_json()));
        let longs = longs([&policy].into_iter());
        let policies = PolicySet::from_policies([policy]).expect("one policy");
        for index in 0..80 {
            let question = drawn(ActionKind::SendEmail, &mut Seed::new(index).draw("operators", 0), &longs);
            let want = match by_cedar(&policies, &question) {
                (_, failures) if !failures.is_empty() => Err(Failed),
                (applies, _) => Ok(!applies.is_empty()),
            };
            assert_eq!(compiled.applies(&question), want, "{condition}\n{question:?}");
        }
    }
}

#[test]
fn whole_charters_say_what_cedar_says() {
    let mut charters = vec![Charter::shipped().clone()];
    charters.extend(PACKS.iter().map(|pack| Charter::with_owner_policies(pack.name, pack.text).expect("a pack")));
    let mut draw = Seed::new(2).draw("charters", 0);
    // Some that are compiled beside some that are not, all of them well typed.
    let mut text = String::new();
    let mut number = 0;
    while number < 30 {
        let kind = ActionKind::ALL[draw.below(12) as usize % ActionKind::ALL.len()];
        let policy = Author { draw: &mut draw, kind, depth: 1 }.policy(&format!("p{number}"));
        if Charter::with_owner_policies("one.cedar", &policy).is_ok() {
            text = format!("{text}{policy}\n");
            number += 1;
        }
    }
    charters.push(Charter::with_owner_policies("drawn.cedar", &text).expect("each is valid"));
    let mut failures = 0;
    for charter in &charters {
        let policies = charter.by_cedar();
        let longs = longs(policies.policies());
        for kind in ActionKind::ALL {
            for _ in 0..40 {
                let question = drawn(*kind, &mut draw, &longs);
                let (applied, failed) = charter.names(&question);
                let (mut want, want_failed) = by_cedar(&policies, &question);
                failures += want_failed.len();
                if charter.leaves_to_cedar(*kind) > 0 && want.iter().any(|id| charter.policies().any(|info| info.id == id && !info.permits))
                {
                    // Where Cedar evaluates some, it may name no permit beside a forbid.
                    want.retain(|id| charter.policies().any(|info| info.id == id && !info.permits) || applied.contains(id));
                }
                assert_eq!((applied, failed), (want, want_failed), "{question:?}");
            }
        }
    }
    assert!(failures > 100, "{failures}");
}

#[test]
fn the_shipped_policies_and_packs_need_no_cedar() {
    for (name, text) in [("", "")].into_iter().chain(PACKS.iter().map(|pack| (pack.name, pack.text))) {
        let charter = Charter::with_owner_policies(name, text).expect("a shipped text");
        assert!(ActionKind::ALL.iter().all(|kind| charter.leaves_to_cedar(*kind) == 0), "{name}");
    }
}

#[test]
fn what_is_not_known_here_is_left_to_cedar_and_decides_all_the_same() {
    let check = |condition: &str, known: bool| {
        let text = format!("@id(\"mine\") forbid (principal, action == Action::\"pay_bill\", resource) when {{ {condition} }};");
        let policy = Policy::parse(None, &text).unwrap_or_else(|error| panic!("{condition}: {error}"));
        assert_eq!(Compiled::of(&policy).is_some(), known, "{condition}");
    };
    check("context.act.cost > 5", true);
    check("context.act.cost > 5 && \"ab\" like \"a*\"", false);
    check("[context.act.cost].isEmpty()", false);
    check("{cost: context.act.cost} == {cost: 5}", false);
    check("context.act == context.act", false);
    check("context has \"price.percent_of_list\"", false);
    check("context[\"\"].owner_approved", false);
    check("context.act.nothing > 5", false);
    check("context.act.risk has cost", false);
    check("context.act has mail", false);
    check("context.act has owner_approved", false);
    check("context.mail has price.percent_of_list", false);
    check("principal == Role::\"ceo\"", false);

    let text =
        "@id(\"mine\") forbid (principal, action == Action::\"pay_bill\", resource) when { context.act.cost > 5 && \"ab\" like \"a*\" };";
    let charter = Charter::with_owner_policies("mine.cedar", text).expect("well typed");
    assert_eq!((charter.leaves_to_cedar(ActionKind::PayBill), charter.leaves_to_cedar(ActionKind::RunAds)), (1, 0));
    let mut bill = crate::oversight::charter::Situation::good(ActionKind::PayBill);
    bill.set("act.cost", &serde_json::json!(6)).expect("known");
    assert_eq!(charter.judge(&bill).rules[0].as_str(), "charter.mine");
    bill.set("act.cost", &serde_json::json!(5)).expect("known");
    assert_eq!(charter.judge(&bill).rules[0].as_str(), "charter.role-finance");
}
