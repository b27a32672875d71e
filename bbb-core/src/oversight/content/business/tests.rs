//! Tests of what the words of a business say: what is found, what is disguised, and honest neighbours.

use super::*;
use crate::draw::Seed;

fn spec(concept: &str) -> Spec {
    let (origin, blueprint) = blueprint::resolve(concept).expect("a concept");
    Spec::simulated(origin, blueprint, Seed::new(1), 30)
}

#[test]
fn every_prohibited_trade_is_found() {
    let cases: [(&str, &[&str]); 16] = [
        (
            "controlled drugs",
            &[
                "Cocaine delivery for parties",
                "Cocaine delivery training",
                "Deals on cocaine",
                "Cocaine-laced sweets",
                "We sell weed to students",
                "Magic mushrooms by mail",
                "Cannabis edibles subscription",
            ],
        ),
        (
            "weapons",
            &[
                "Untraceable ghost guns",
                "Handguns by mail",
                "Selling used firearms online",
                "Weapons smuggling across borders",
                "Ammunition delivery",
            ],
        ),
        (
            "explosives and weapons of mass harm",
            &[
                "Homemade pipe bombs",
                "Dynamite and detonators for everyone",
                "Dynamite, free of charge",
                "Dynamite free of charge",
                "Sarin in small bottles",
            ],
        ),
        ("stolen goods", &["Stolen phones at half price", "A marketplace for stolen car parts and stolen cars"]),
        (
            "counterfeit goods",
            &["Replica watches", "Rolex replicas", "Fake designer handbags", "Counterfeit sneakers for resale", "Pirated software shop"],
        ),
        (
            "stolen cards, accounts or data",
            &[
                "Fresh stolen credit cards",
                "Leaked databases for researchers",
                "CVV dumps",
                "Selling hacked accounts",
                "SIM swaps on demand",
            ],
        ),
        (
            "malware and break-ins into computers",
            &[
                "Ransomware as a service",
                "Hackers for hire",
                "We hack Instagram accounts",
                "Custom undetectable malware",
                "Phishing kits",
                "DDoS attacks on rivals",
            ],
        ),
        ("forged documents", &["Fake IDs for students", "Forged passports", "Novelty diplomas", "Fake doctor's notes"]),
        (
            "trade in people and sexual services",
            &["Escort agency", "Human trafficking", "We sell kidneys", "Kidneys for cash", "Organ brokers"],
        ),
        ("sexual exploitation of children", &["Child porn", "Nude photos of minors"]),
        ("gambling without a licence", &["Unlicensed online casino", "Sports betting without a licence"]),
        (
            "pyramid and Ponzi schemes and fraud",
            &[
                "Ponzi fund",
                "A pyramid scheme for retirees",
                "We double your bitcoin",
                "Money laundering for small shops",
                "Fake charity",
                "Advance fee loans",
                "Loans for an upfront fee",
            ],
        ),
        (
            "fake reviews, followers or votes",
            &[
                "Fake followers for influencers",
                "We sell five star Google reviews",
                "Click farm",
                "Write positive reviews for Amazon sellers",
            ],
        ),
        (
            "academic cheating",
            &[
                "We write essays for students",
                "Take your exams for you",
                "Essay mill",
                "Ghostwriting dissertations",
                "Essay writing service for college students",
                "Doing homework: we do your homework",
                "Papers that bypass Turnitin",
            ],
        ),
        (
            "covert surveillance",
            &["Stalkerware", "Spy on your wife's phone", "Secretly track employees", "An app that reads messages without their knowledge"],
        ),
        (
            "unprescribed medicine, rigged elections and violence for hire",
            &[
                "Antibiotics without prescription",
                "Viagra, no prescription needed",
                "Election manipulation campaigns",
                "Hitman agency",
                "Voter suppression services",
                "Disinformation campaigns",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (category, concepts) in cases {
        for concept in concepts {
            let found = prohibited(&spec(concept));
            wrong.extend((found != Some(category)).then_some((*concept, found)));
        }
    }
    assert_eq!(wrong, []);
    assert!(PROHIBITED.iter().map(|prohibited| prohibited.0).eq(cases.iter().map(|case| case.0)), "every category has a case");
}

#[test]
fn disguises_do_not_hide_a_prohibited_trade() {
    let mut wrong: Vec<&str> = Vec::new();
    for concept in [
        "C0caine delivery",
        "c\u{43e}caine delivery",
        "co\u{200b}caine delivery",
        "c.o.c.a.i.n.e delivery",
        "c o c a i n e delivery",
        "co-caine delivery",
        "C\u{f3}ca\u{ef}ne delivery",
        "\u{1d41c}\u{1d428}\u{1d41c}\u{1d41a}\u{1d422}\u{1d427}\u{1d41e} delivery",
        "ｃｏｃａｉｎｅ delivery",
        "f4ke p4ssp0rts",
        "r@nsomware for h1re",
        "rep1ica watches",
        "COCA\u{202e}INE!",
        "\u{43a}\u{435}tamine shop",
    ] {
        wrong.extend(prohibited(&spec(concept)).is_none().then_some(concept));
    }
    assert_eq!(wrong, Vec::<&str>::new());
}

#[test]
fn honest_neighbours_pass() {
    let mut wrong = Vec::new();
    for concept in [
        "pharmacy inventory software",
        "knife sharpening",
        "gun safe installation",
        "counterfeit detection",
        "anti-fraud training",
        "addiction recovery coaching",
        "penetration testing with written permission",
        "Cocaine addiction recovery coaching",
        "Protect shops from counterfeit goods",
        "Malware removal for small offices",
        "Ransomware readiness exercises",
        "DDoS protection for online shops",
        "Anti-money-laundering compliance software",
        "Stolen vehicle tracking",
        "Fake review detection for hotels",
        "Fake ID scanners for bars",
        "Weed control for gardens",
        "We sell heat guns and glue guns",
        "Bath bombs made by hand",
        "Tutoring and homework help",
        "Essay coaching for applicants",
        "Support for survivors of human trafficking",
        "Code reviews for startups",
        "Growth hacking workshops",
        "Murder mystery dinners",
        "Wool carding lessons",
        "We help restaurants to answer Google reviews",
        "Teaching parents about heroin",
        "Phishing awareness training",
        "Secret recipe cooking classes",
        "Weekly lunch menus for restaurants",
        "We never sell stolen goods: certified used phones",
        "Pipe organs: tuning and repair",
        "Windshield crack repair",
        "Hot goods: spicy sauces",
        "Reading glasses without prescription",
        "Recover hacked accounts for families",
        "Ransomware recovery for clinics",
        "Paintball events",
        "Drug-free workplace posters",
        "A dynamite-free quarry",
        "Meth lab cleanup",
        "Thesis formatting and editing",
        "Plagiarism checks for universities",
        "Election observers training",
        "GPS tracking for bicycles",
        "Sex education for parents",
        "Organ concerts",
        "Faux leather bags",
        "Referral programmes for shops",
        "Growing mushrooms at home",
        "Poker chips engraved",
        "Bug bounty programme management",
        "We write speeches for students",
        "Review management for hotels",
        "Knife making workshop",
    ] {
        wrong.extend(prohibited(&spec(concept)).map(|category| (concept, category)));
    }
    assert_eq!(wrong, []);
    for blueprint in blueprint::all() {
        // As a concept of an owner's own, a template is not taken for curated; its words pass all the same.
        let mut spec = spec("Weekly lunch menus");
        spec.blueprint = blueprint.clone();
        assert_eq!(prohibited(&spec), None, "{}", blueprint.slug);
    }
}

#[test]
fn trades_that_need_a_licence_are_named_by_their_words() {
    let cases: [(&str, &str, &str); 18] = [
        ("notary", "Mobile notary at your door", "Websites for notaries"),
        ("tax preparer", "We prepare your taxes", "Tax preparation software"),
        ("health care", "Online doctor for rashes", "Scheduling for medical clinics"),
        ("pharmacy", "A neighbourhood pharmacy", "pharmacy inventory software"),
        ("real estate", "Real estate agency for lofts", "Photos for real estate agents"),
        ("insurance", "We sell travel insurance", "Podcasts for insurance brokers"),
        ("practise law", "Legal advice for tenants", "Newsletters for law firms"),
        ("investment adviser", "Retirement planning for nurses", "Books about rivers"),
        ("lending", "Payday loans", "Loaned bicycles"),
        ("money transmitter", "Crypto exchange", "Clothes exchange"),
        ("gambling", "Online casino", "Casino themed parties"),
        ("contractor", "Emergency plumber", "SEO for plumbers"),
        ("investigator", "Private detective", "Detective stories"),
        ("child care", "A daycare by the sea", "Daycare scheduling software"),
        ("alcohol", "Wine subscription", "Wine glasses with engraving"),
        ("vehicle-for-hire", "Taxi service", "Taxi history walks"),
        ("body art", "Tattoo studio", "Chalk art"),
        ("funeral", "Funeral home", "Home baking"),
    ];
    let mut wrong = Vec::new();
    for (licence, plies, serves) in cases {
        let named = licences(&spec(plies));
        wrong.extend((!named.iter().any(|name| name.contains(licence))).then_some((plies, named)));
        wrong.extend(Some((serves, licences(&spec(serves)))).filter(|(_, named)| !named.is_empty()));
    }
    assert_eq!(wrong, []);
    assert_eq!(cases.len(), LICENSED.len(), "every licence has a case");
    for template in blueprint::all() {
        let origin = Origin::Template { slug: template.slug.clone() };
        let spec = Spec::simulated(origin, template.clone(), Seed::new(1), 30);
        assert_eq!((prohibited(&spec), licences(&spec)), (None, Vec::new()), "{}", template.slug);
    }
}
