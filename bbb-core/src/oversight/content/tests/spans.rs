//! Where findings say that something is: exactly the bytes of the original.

use super::*;

/// A rule and texts with what it finds in them: `«»` stands around what is vetoed, `‹›` around what the owner is asked about. A text without marks passes.
const MARKED: [(&str, &[&str]); 17] = [
    (
        "content.price-mismatch",
        &[
            "It is «$5», or so",
            "It is «$5». «5 USD».",
            "«$5» m of rope",
            "«5 hundred thousand million dollars» more",
            "«20$»5 seats",
            "«20 $» 5 seats",
            "3 «usd5» seats, 3 «$5» seats",
            "no «five k dollars», no «two bn dollars»",
            "as a ‹99 a month› plan",
            "a 12 month plan",
        ],
    ),
    (
        "content.health-claim",
        &[
            "It «cures cancer» at once",
            "It «prevents cancer» at once",
            "It «cures many diseases» at once",
            "It ‹prevents many diseases› at once",
        ],
    ),
    ("content.income-claim", &["You can «earn $50 a day» here", "You will not earn $5,000 a month"]),
    ("content.testimonial", &["\"Best sound ever«\"» - Maria", "Reply with \"yes\" - that is all"]),
    ("content.guarantee", &["It is «guaranteed», they say: nothing is guaranteed."]),
    (
        "content.asks-credentials",
        &["So «send us your password» please", "Now your «bank login is now required»", "Say: your «password is needed»"],
    ),
    ("content.placeholder", &["Dear «{name}», hello", "Pay «${» now", "An 88«}}» b", "And «lorem ipsum» dolor", "See «[insert date]»"]),
    ("content.invisible", &["é«\u{200b}»é", "a«\u{202e}»b", "a«\u{200d}»é", "é«\u{200d}»a", "é\u{200d}é", "so«\u{7}»"]),
    ("content.exclamation", &["Hi! So«!»!! And on"]),
    (
        "content.foreign-link",
        &[
            "pay at «http://evil.example/pay» now",
            "so well...«evil.com» and",
            "see evil«[.]»example now",
            "the stop(.) ends it, and so does (.)it",
            "Go to evilcorp‹ .com› now",
            "The end - .com - of it",
            "We met. Com's cafe is near",
            "Go to ‹evil.photography› now",
            "«www.evil.photography» then",
            "Write to bob@other.example, or Eve.Smith+x@mail.other.example",
        ],
    ),
    (
        "content.third-party-address",
        &["Write to «bob@other.example», or «Eve.Smith+x@mail.other.example».", "see @pods.example", "meet me@home today"],
    ),
    (
        "content.secret",
        &[
            "here: «-----BEGIN» RSA PRIVATE KEY-----",
            "the key is «sk-a1b2c3d4e5f6g7h8i9j0k1l2» here",
            "see a.«sk-a1b2c3d4e5f6g7h8i9j0k1l2» there",
            "ab c risk-a1b2c3d4e5f6g7h8i9j0k1l2",
            "the key is «sk_live_51H8abcdef»",
            "the key is sk_live_51H8abcde",
            "no akia1234567890abcd, no aiza5678901234567890",
            "from sk-learning-and-more-words-to-come",
        ],
    ),
    ("content.card-number", &["is «4242 4242 4242 4242» mine", "is 4242 4242 4242 mine", "is 1000 0000 0000 0008 mine"]),
    ("content.third-party-phone", &["call +‹44 20 7946 0958› now"]),
    ("content.payment-target", &["to ‹GB82 WEST 1234 5698 7654 32›, as ever", "see bc1 and 3dprintingservices"]),
    ("content.other-language", &["Garantierte Gewinne und ‹kein Risiko›!", "Nein: für Dich, ‹für alle›"]),
    ("content.refund-promise", &["You get a ‹full refund› soon"]),
];

/// The text without its marks, and what they stand around.
fn unmarked(marked: &str) -> (String, Vec<(Ruling, usize, usize)>) {
    let (mut text, mut places) = (String::new(), Vec::new());
    for c in marked.chars() {
        match c {
            '«' | '‹' => places.push((if c == '«' { Ruling::Veto } else { Ruling::Escalate }, text.len(), 0)),
            '»' | '›' => places.last_mut().expect("a beginning").2 = text.len(),
            c => text.push(c),
        }
    }
    (text, places)
}

/// What a rule finds in an answer.
fn places(rule: &str, text: &str) -> Vec<(Ruling, usize, usize)> {
    let scene = Scene::new();
    let facts = scene.facts(&scene.proposal(scene.answer("")));
    let mut hits = check(&Context::of(&facts), "answer", text);
    hits.retain(|hit| hit.rule == rule);
    hits.sort_unstable_by_key(|hit| hit.start);
    hits.dedup();
    hits.iter().map(|hit| (hit.ruling, hit.start, hit.end)).collect()
}

#[test]
fn findings_name_the_bytes_of_the_original() {
    let mut wrong = Vec::new();
    for (rule, text) in MARKED.into_iter().flat_map(|(rule, texts)| texts.iter().map(move |text| (rule, text))) {
        let (text, want) = unmarked(text);
        let found = places(rule, &text);
        let parts: Vec<Option<&str>> = found.iter().map(|(_, start, end)| text.get(*start..*end)).collect();
        wrong.extend((found != want).then(|| format!("{rule} in {text:?}: {want:?}, not {found:?}, {parts:?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_that_is_too_long_to_be_looked_at_is_judged_by_its_end() {
    for (length, want) in [(255, Ruling::Escalate), (256, Ruling::Escalate), (257, Ruling::Veto)] {
        let end = ".photography";
        let text = format!("{}{end}", "a".repeat(length - end.len()));
        assert_eq!(places("content.foreign-link", &text), [(want, 0, length)], "{length}");
    }
    assert_eq!(places("content.foreign-link", &format!("{}.12", "a".repeat(300))), []);
}

#[test]
fn a_finding_names_the_field_the_place_of_the_first_and_how_many_more() {
    let scene = Scene::new();
    let notes = |text: &str| -> Vec<String> {
        findings(&scene.facts(&scene.proposal(scene.answer(text)))).into_iter().map(|finding| finding.note).collect()
    };
    assert_eq!(notes("It is guaranteed."), ["answer, bytes 6 to 16"]);
    assert_eq!(notes("It is guaranteed, guaranteed, guaranteed."), ["answer, bytes 6 to 16 and 2 more"]);
    let mail = scene.mail(MailPurpose::Outreach, |mail| mail.body = "It is done.".to_owned());
    let bare: Vec<String> = findings(&scene.facts(&scene.proposal(mail))).into_iter().map(|finding| finding.note).collect();
    assert_eq!(bare, ["body, bytes 11 to 11"]);
}

#[test]
fn a_text_is_made_comparable_for_others_as_it_is_here() {
    assert_eq!(plain("Ｒｅ:\u{200b}  Y\u{43e}ur ORDER"), "re: your order");
}

#[test]
fn what_is_read_over_a_disguise_is_found_beside_other_findings_and_once() {
    for text in ["Act now: gu4r4nt33d", "It never fails and is gu4r4nt33d"] {
        assert_eq!(places("content.guarantee", text).len(), 1, "{text}");
    }
}
