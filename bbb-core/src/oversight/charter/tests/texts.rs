//! Texts of policies: the owner's and the shipped ones, right and wrong.

use super::cases::{good, outreach};
use super::*;

#[test]
fn owners_policies_forbid_and_ask_but_cannot_allow() {
    let text = r#"
        @id("no-ads") @says("We do not advertise.")
        forbid (principal, action == Action::"run_ads", resource);
        @id("ask-posts") @escalate("owner")
        forbid (principal, action == Action::"publish_post", resource) unless { context.owner_approved };
    "#;
    let charter = Charter::with_owner_policies("mine.cedar", text).expect("valid");
    let ruling = |kind, yes| {
        let mut scene = Scene::new();
        let proposal = good(&mut scene, kind);
        Verdict::from_findings(&charter.findings(&scene.facts_after(&proposal, yes)))
    };
    let no_ads = ruling(ActionKind::RunAds, true);
    assert_eq!((no_ads.ruling, no_ads.note.as_str()), (Ruling::Veto, "We do not advertise."));
    assert_eq!(ruling(ActionKind::PublishPost, false).ruling, Ruling::Escalate);
    assert_eq!(ruling(ActionKind::PublishPost, true).ruling, Ruling::Approve);
    assert_eq!(ruling(ActionKind::PayBill, false).ruling, Ruling::Approve);
    assert_eq!(charter.policies().filter(|info| info.owners).map(|info| info.id).collect::<Vec<_>>(), ["no-ads", "ask-posts"]);
    let (shipped, digest) = (Charter::shipped().digest(), charter.digest());
    assert_eq!((shipped.len(), owners_part(&shipped)), (64, None));
    assert!(digest.starts_with(&shipped) && owners_part(&digest).is_some_and(|own| own.len() == 64), "{digest}");
}

/// A charter whose owner's text went past no check.
fn unchecked(text: &str) -> Charter {
    let mut policies = PolicySet::new();
    let mut rules = Vec::new();
    for (name, text) in SHIPPED {
        load::load(name, text, false, &mut policies, &mut rules).expect("shipped");
    }
    let policy = cedar_policy::Policy::parse(Some(PolicyId::new("mine")), text).expect("a policy");
    let permits = policy.effect() == cedar_policy::Effect::Permit;
    policies.add(policy).expect("a new name");
    let text = || "mine".to_owned();
    rules.push(Rule { id: text(), sentence: text(), ground: text(), permits, escalates: false, owners: true });
    Charter::assemble(&policies, rules, String::new())
}

#[test]
fn shipped_forbid_wins_even_over_a_permit_that_slipped_in() {
    let charter = unchecked("permit (principal, action, resource);");
    let mut scene = Scene::new();
    scene.contact().suppressed = true;
    let proposal = outreach(&mut scene);
    let verdict = Verdict::from_findings(&charter.findings(&scene.facts_after(&proposal, true)));
    assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (Ruling::Veto, "charter.suppression-list"));
}

#[test]
fn policy_that_fails_to_evaluate_is_a_veto() {
    let check = |charter: &Charter, kind, rule: &str| {
        let mut scene = Scene::new();
        let proposal = good(&mut scene, kind);
        let findings = charter.findings(&scene.facts_after(&proposal, true));
        assert!(findings.iter().any(|finding| finding.ruling == Ruling::Approve), "the others allow it: {findings:?}");
        let verdict = Verdict::from_findings(&findings);
        assert_eq!((verdict.ruling, verdict.rules[0].as_str(), verdict.rules.len()), (Ruling::Veto, rule, 1));
    };
    let overflow = r#"@id("overflow") forbid (principal, action, resource) when { context.act.cost + 9223372036854775807 < 0 };"#;
    let charter = Charter::with_owner_policies("mine.cedar", overflow).expect("well typed");
    check(&charter, ActionKind::RunAds, "charter.error.overflow");
    let missing = unchecked("forbid (principal, action, resource) when { context.mail.commercial };");
    check(&missing, ActionKind::RunAds, "charter.error.mine");
    let permit = unchecked("permit (principal, action, resource) when { context.mail.commercial };");
    check(&permit, ActionKind::RunAds, "charter.error.mine");
}

#[test]
fn wrong_texts_are_refused_with_line_and_column() {
    let check = |text: &str, line: usize, column: usize, reason: &str| {
        let error = Charter::with_owner_policies("mine.cedar", text).expect_err(text);
        assert_eq!((error.line, error.column), (line, column), "{error}");
        assert!(error.reason.contains(reason), "{error}");
        assert!(error.to_string().starts_with(&format!("mine.cedar:{line}:{column}: ")));
    };
    check("@id(\"a\")\nforbid (principal action, resource);", 2, 19, "unexpected token");
    check("forbid (principal, action, resource);", 1, 1, "@id");
    check("// ;\n\n  forbid (principal, action, resource);", 3, 3, "@id");
    check("@id(\"a\") forbid (principal, action, resource); @id(\"a\") forbid (principal, action, resource);", 1, 48, "another policy");
    check("@id(\"mail-consent\") forbid (principal, action, resource);", 1, 1, "shipped policy");
    check("@id(\"default-deny\") forbid (principal, action, resource);", 1, 1, "the charter uses itself");
    check("@id(\"No Spaces\") forbid (principal, action, resource);", 1, 1, "lowercase");
    check("@id(\"a\") permit (principal, action, resource);", 1, 1, "forbids");
    check("@id(\"a\") forbid (principal == ?principal, action, resource);", 1, 1, "slots");
    check("@id(\"a\") @because(\"x\") forbid (principal, action, resource);", 1, 1, "@because");
    check("@id(\"a\") @escalate(\"owner\") forbid (principal, action, resource);", 1, 1, "unless { context.owner_approved }");
    check("@id(\"a\") @escalate(\"mum\") forbid (principal, action, resource) unless { context.owner_approved };", 1, 1, "only escalation");
    check("@id(\"a\") forbid (principal, action, resource) unless { context.owner_approved };", 1, 1, "@escalate");
    let fields = "@id(\"a\") forbid (principal, action, resource)\nwhen { context.mail.commercial };";
    check(fields, 2, 8, "mail");
    check("@id(\"a\") forbid (principal == Role::\"ceo\", action, resource);", 1, 31, "ceo");
    check("@id(\"a\") forbid (principal, action == Action::\"steal\", resource);", 1, 39, "steal");
    check("@id(\"a\") forbid (principal, action, resource) when { context.act.cost > \"1\" };", 1, 73, "String");
    check("@id(\"a\") forbid (principal, action, resource) when { false };", 1, 1, "impossible");
    check(&format!("//{}", "x".repeat(MAX_POLICY_BYTES)), 1, 1, "bytes");
    assert!(Charter::with_owner_policies("mine.cedar", " // nothing but a comment; really\n").is_ok());
}

#[test]
fn strings_and_comments_do_not_confuse_the_places_of_policies() {
    let text = "@id(\"a\") @says(\"quoted \\\"; // x\") forbid (principal, action, resource); // ; \"\n @id(\"b\") forbid (principal, action, resource);";
    let charter = Charter::with_owner_policies("mine.cedar", text).expect("valid");
    let own: Vec<&str> = charter.policies().filter(|info| info.owners).map(|info| info.id).collect();
    assert_eq!(own, ["a", "b"]);
}

#[test]
fn shipped_policies_are_valid_and_only_escalations_look_at_the_owners_answer() {
    if let Err(error) = Charter::load(None) {
        panic!("{error}");
    }
    let charter = Charter::shipped();
    assert!(charter.policies().count() >= 12);
    for policy in charter.0.cedar.policies() {
        let text = policy.to_cedar().expect("a static policy");
        let escalates = policy.annotation("escalate") == Some("owner");
        assert_eq!(text.contains("owner_approved"), escalates, "{}", policy.id());
        assert!(policy.annotation("says").is_some_and(|says| says.ends_with('.')), "{}", policy.id());
        assert!(policy.annotation("ground").is_some(), "{}", policy.id());
    }
}

#[test]
fn every_policy_and_example_is_in_the_design_document() {
    let document = include_str!("../../../../../docs/design/oversight.md");
    for info in Charter::shipped().policies() {
        assert!(document.contains(&format!("`{}`", info.id)), "{}", info.id);
    }
    let (_, example) = document.split_once("```cedar\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    assert_eq!(
        Charter::with_owner_policies("document", example).map(|charter| charter.policies().filter(|info| info.owners).count()),
        Ok(2)
    );
}

#[test]
fn schema_knows_the_actions_of_the_code() {
    let named: BTreeSet<&str> = ActionKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let schema = load::VALIDATOR.schema();
    let known: BTreeSet<String> = schema.actions().map(|action| action.id().unescaped().to_owned()).collect();
    assert_eq!(known.iter().map(String::as_str).collect::<BTreeSet<_>>(), named);
}
