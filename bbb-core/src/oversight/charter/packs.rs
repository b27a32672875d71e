//! Packs: shipped texts that an owner may add as they are. Each is checked as any owner's text.

/// A shipped text for owners to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pack {
    /// Its name, as in `pack:cautious`.
    pub name: &'static str,
    /// Its policies.
    pub text: &'static str,
}

/// All packs, by name.
pub const PACKS: [Pack; 4] = [
    Pack { name: "b2b-only", text: include_str!("../../../charter/packs/b2b-only.cedar") },
    Pack { name: "cautious", text: include_str!("../../../charter/packs/cautious.cedar") },
    Pack { name: "no-ads", text: include_str!("../../../charter/packs/no-ads.cedar") },
    Pack { name: "regulated", text: include_str!("../../../charter/packs/regulated.cedar") },
];

/// The pack of this name.
pub fn pack(name: &str) -> Option<&'static Pack> {
    PACKS.iter().find(|pack| pack.name == name)
}

impl Pack {
    /// What it is for, in one sentence: its text begins with it.
    pub fn says(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.strip_prefix("// ").unwrap_or(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::ActionKind;
    use crate::oversight::charter::{Charter, MAX_POLICY_BYTES, Situation};
    use crate::oversight::verdict::Ruling;

    #[test]
    fn every_pack_is_a_valid_text_alone_and_with_all_others() {
        for pack in &PACKS {
            let charter = Charter::with_owner_policies(pack.name, pack.text).unwrap_or_else(|error| panic!("{error}"));
            let own: Vec<_> = charter.policies().filter(|info| info.owners).collect();
            assert!(!own.is_empty() && own.iter().all(|info| info.id.starts_with(pack.name)), "{own:?}");
            assert!(own.iter().all(|info| info.sentence.ends_with('.')), "{own:?}");
            assert!(pack.text.starts_with("// ") && pack.says().ends_with('.'), "{}", pack.says());
        }
        let all = PACKS.map(|pack| (pack.name, pack.text));
        assert!(Charter::with_owner_texts(&all).is_ok());
        assert!(PACKS.is_sorted_by_key(|pack| pack.name));
    }

    #[test]
    fn several_texts_are_one_charter_that_its_joined_text_makes_again() {
        let mine = "@id(\"mine\") forbid (principal, action == Action::\"run_ads\", resource); // the end";
        let cautious = pack("cautious").expect("a pack").text;
        let charter = Charter::with_owner_texts(&[("mine.cedar", mine), ("pack:cautious", cautious)]).expect("valid");
        let again = Charter::with_owner_policies("kept", charter.owner_text()).expect("valid");
        assert_eq!((again.digest(), again.owner_text()), (charter.digest(), charter.owner_text()));
        let names = |charter: &Charter| charter.policies().map(|info| info.id.to_owned()).collect::<Vec<_>>();
        assert_eq!(names(&again), names(&charter));
        assert_eq!(Charter::with_owner_texts(&[]).expect("nothing").digest(), Charter::shipped().digest());

        let yours = "@id(\"yours\") forbid (principal, action == Action::\"pay_bill\", resource);";
        let both = Charter::with_owner_texts(&[("one.cedar", mine), ("", ""), ("two.cedar", yours)]).expect("valid");
        assert_eq!(both.owner_text(), format!("{mine}\n{yours}\n"), "a comment at an end swallows no policy after it");
        let again = Charter::with_owner_policies("kept", both.owner_text()).expect("valid");
        assert_eq!(names(&again), names(&both));

        let comment = |bytes: usize| format!("//{}", "x".repeat(bytes - 2));
        let together = |first: usize, second: usize| {
            let texts = [comment(first), comment(second)];
            Charter::with_owner_texts(&[("one.cedar", &texts[0]), ("two.cedar", &texts[1])]).is_ok()
        };
        assert!(Charter::with_owner_policies("one.cedar", &comment(MAX_POLICY_BYTES)).is_ok());
        assert!(Charter::with_owner_policies("one.cedar", &comment(MAX_POLICY_BYTES + 1)).is_err());
        assert!(together(1_000, MAX_POLICY_BYTES - 1_001) && !together(1_000, MAX_POLICY_BYTES - 1_000));

        let twice = Charter::with_owner_texts(&[("one.cedar", mine), ("two.cedar", mine)]).expect_err("one name twice").to_string();
        assert!(twice.starts_with("two.cedar:1:1: ") && twice.contains("another policy of the owner"), "{twice}");
        let policy = |n: usize| format!("@id(\"p{n}\") forbid (principal, action == Action::\"run_ads\", resource);\n");
        let half = |from: usize| (from..from + 40).map(policy).collect::<String>();
        let many = Charter::with_owner_texts(&[("one.cedar", &half(0)), ("two.cedar", &half(40))]).expect_err("80 policies").to_string();
        assert!(many.starts_with("two.cedar:25:1: ") && many.contains("at most 64"), "{many}");
        let long = format!("//{}\n", "x".repeat(MAX_POLICY_BYTES / 2));
        let long = Charter::with_owner_texts(&[("one.cedar", &long), ("two.cedar", &long)]).expect_err("too long").to_string();
        assert!(long.starts_with("two.cedar:1:1: "), "{long}");
    }

    /// What each policy of a pack stops, and a near miss that passes.
    #[test]
    fn every_policy_of_a_pack_decides_and_lets_a_near_miss_pass() {
        type Settings = &'static [(&'static str, &'static str)];
        let cases: [(&str, &str, ActionKind, Settings, Settings, Ruling); 7] = [
            ("cautious", "first-mail", ActionKind::SendEmail, &[("contact.mails", "0")], &[("contact.mails", "1")], Ruling::Escalate),
            ("cautious", "spend", ActionKind::PayBill, &[("act.cost_usd", "20.01")], &[("act.cost_usd", "20")], Ruling::Escalate),
            ("cautious", "price", ActionKind::SetPrice, &[], &[("owner_approved", "true")], Ruling::Escalate),
            ("b2b-only", "companies", ActionKind::SendEmail, &[("contact.company_named", "false")], &[], Ruling::Veto),
            ("no-ads", "at-all", ActionKind::RunAds, &[], &[], Ruling::Veto),
            (
                "regulated",
                "offers",
                ActionKind::SendEmail,
                &[("mail.purpose", "\"offer\"")],
                &[("mail.purpose", "\"outreach\"")],
                Ruling::Escalate,
            ),
            ("regulated", "publicity", ActionKind::PublishPost, &[], &[("owner_approved", "true")], Ruling::Escalate),
        ];
        for (name, policy, kind, stopped, passes, ruling) in cases {
            let charter = Charter::with_owner_policies(name, pack(name).expect("a pack").text).expect("valid");
            let judge = |settings: Settings, kind| {
                let mut situation = Situation::good(kind);
                for (path, value) in settings {
                    situation.set(path, &serde_json::from_str(value).expect("a value")).expect(path);
                }
                charter.judge(&situation)
            };
            let verdict = judge(stopped, kind);
            assert_eq!((verdict.ruling, verdict.rules[0].as_str()), (ruling, format!("charter.{name}-{policy}").as_str()));
            assert_eq!(verdict.rules.len(), 1, "{verdict}");
            let near = if name == "no-ads" { judge(passes, ActionKind::PublishPost) } else { judge(passes, kind) };
            assert_eq!(near.ruling, Ruling::Approve, "{name}-{policy}: {near}");
        }
    }
}
