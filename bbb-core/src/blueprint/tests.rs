//! Tests of blueprints: the embedded data, and what an owner's words are taken for.

use std::collections::BTreeSet;
use std::fmt;

use super::search::{general_consulting, slug_of};
use super::*;

fn unknown_suggestions<T: fmt::Debug>(result: Result<T, Error>) -> Vec<&'static str> {
    match result {
        Err(Error::Unknown { suggestions, .. }) => suggestions,
        other => panic!("expected Unknown, got {other:?}"),
    }
}

#[test]
fn figures_equal_the_known_rows_of_the_table() {
    let check = |index: usize, name: &str, industry: &str, figures: [i64; 5]| {
        let b = &all()[index];
        assert_eq!((b.name.as_str(), b.industry.as_str()), (name, industry));
        let found = [
            i64::from(b.ramp_up_months),
            b.startup_cost.get(),
            b.expected_monthly_revenue.get(),
            b.expected_monthly_expenses.get(),
            i64::from(b.time_commitment_hours_per_week),
        ];
        assert_eq!(found, figures, "{name}");
    };
    assert_eq!(all().len(), 33);
    check(0, "Financial Literacy Micro-Courses", "Education", [1, 120_000, 620_000, 180_000, 12]);
    check(12, "Real Estate Syndication Platform", "Finance", [5, 820_000, 1_650_000, 720_000, 35]);
    check(27, "Co-Working Space Operator", "Real Estate", [6, 1_200_000, 1_840_000, 920_000, 40]);
    check(32, "Remote Work Transition Coaching", "Consulting", [1, 40_000, 680_000, 120_000, 14]);
}

#[test]
fn every_template_is_complete_and_its_figures_agree() {
    let mut names = BTreeSet::new();
    for b in all().iter().chain([&general_consulting()]) {
        let name = &b.name;
        assert!(names.insert(name), "{name} twice");
        assert_eq!(b.slug, slug_of(name));
        assert!(b.slug.is_ascii() && !b.slug.starts_with("concept"), "{name}");
        let revenue = b.expected_monthly_revenue.get();
        let customers = revenue / b.price.get();
        assert_eq!(customers * b.price.get(), revenue, "{name}: customers must be whole");
        assert!((8..=150).contains(&customers), "{name}: {customers} customers");
        let share = b.unit_cost.get() * customers * 100 / b.expected_monthly_expenses.get();
        assert!((35..=60).contains(&share), "{name}: unit costs are {share} % of expenses");
        let total: u32 = Channel::ALL.iter().map(|&c| u32::from(b.channel_mix.percent(c))).sum();
        assert_eq!(total, 100, "{name}");
    }
    for b in all() {
        assert!((5..=8).contains(&b.keywords.len()), "{}", b.name);
        for keyword in &b.keywords {
            assert_eq!(slug_of(keyword), *keyword, "{}: not one lowercase word", b.name);
        }
    }
}

#[test]
fn blueprints_survive_serialization_and_unknown_fields_do_not() {
    for b in all() {
        let json = serde_json::to_string(b).expect("plain data");
        assert_eq!(serde_json::from_str::<Blueprint>(&json).expect("own text"), *b);
        let extra = json.replacen('{', r#"{"surprise":1,"#, 1);
        assert!(serde_json::from_str::<Blueprint>(&extra).is_err());
    }
    for channel in Channel::ALL {
        assert_eq!(serde_json::to_value(channel).expect("plain data"), channel.as_str());
    }
}

#[test]
fn mixes_that_are_not_a_whole_are_refused() {
    let check = |json: &str, message: &str| {
        let error = serde_json::from_str::<ChannelMix>(json).expect_err("refused").to_string();
        assert!(error.starts_with(message), "{error}");
    };
    let over = r#"{"seo":255,"social":255,"email":0,"paid_search":0,"referral":0,"outbound":0}"#;
    check(over, "the channel mix sums to 510 percent");
    check(r#"{"seo":60}"#, "the channel mix sums to 60 percent");
    check(r#"{"seo":50,"radio":50}"#, "unknown variant `radio`");
    assert_eq!(ChannelMix::new([99, 0, 0, 0, 0, 0]), Err(Error::MixSum { sum: 99 }));
    let mix = ChannelMix::new([50, 10, 10, 10, 15, 5]).expect("a whole");
    let json = r#"{"seo":50,"social":10,"email":10,"paid_search":10,"referral":15,"outbound":5}"#;
    assert_eq!(serde_json::to_string(&mix).expect("plain data"), json);
    assert_eq!(mix.percent(Channel::Referral), 15);
}

#[test]
fn every_template_is_found_by_name_and_slug_in_any_case() {
    for b in all() {
        for query in [b.name.clone(), b.slug.clone(), format!("\t {} \n", b.name.to_uppercase())] {
            assert_eq!(find(&query).expect("valid").slug, b.slug);
            let (origin, blueprint) = resolve(&query).expect("valid");
            assert_eq!(origin, Origin::Template { slug: b.slug.clone() });
            assert_eq!(blueprint, *b);
        }
    }
}

#[test]
fn unknown_names_are_answered_with_the_closest_ones() {
    let check = |query: &str, first: Option<&str>| {
        let suggestions = unknown_suggestions(find(query));
        assert_eq!(suggestions.first().copied(), first, "{query}: {suggestions:?}");
        assert!(suggestions.len() <= MAX_SUGGESTIONS);
    };
    check("Podcast Prodution Studio", Some("Podcast Production Studio"));
    check("podcst", Some("Podcast Production Studio"));
    check("tax prep", Some("Tax Prep for Creators"));
    check("GrantWritingConsultancy", Some("Grant Writing Consultancy"));
    check("junk removal and donation coordination", Some("Junk Removal & Donation Coordination"));
    check("xylophone zoology", None);
    check("!?", None);
    let message = find("Podcst Production Studio").expect_err("refused").to_string();
    let expected = r#"no template is called "Podcst Production Studio"; the closest are: Podcast Production Studio"#;
    assert!(message.starts_with(expected), "{message}");
}

#[test]
fn misspelt_template_name_is_not_launched_as_a_concept() {
    for input in ["Mobile Car Detaling", "mobile-car-detailing.", "SaaS Metric Dashbord", "Fractional CFO Pod"] {
        assert!(!unknown_suggestions(resolve(input)).is_empty(), "{input}");
    }
    assert!(resolve("Mobile car detailing for fleets").is_ok());
}

#[test]
fn concept_is_one_line_within_bounds() {
    let check = |text: &str, expected: Result<&str, Error>| {
        let quoted = serde_json::to_string(text).expect("plain data");
        let read = serde_json::from_str::<Concept>(&quoted);
        assert_eq!(read.is_ok(), expected.is_ok(), "{text:?}");
        assert_eq!(Concept::parse(text).as_ref().map(Concept::as_str), expected.as_ref().copied());
    };
    let longest = "ü".repeat(MAX_CONCEPT_CHARS);
    check("", Err(Error::Empty));
    check(" \n\t ", Err(Error::Empty));
    check("x", Ok("x"));
    check("  a tea shop\n", Ok("a tea shop"));
    check(&longest, Ok(&longest));
    check(&format!("{longest}ü"), Err(Error::TooLong { length: 501, max: 500 }));
    check(" tea\nshop", Err(Error::ControlCharacter { position: 4 }));
    check("é\u{0}", Err(Error::ControlCharacter { position: 2 }));
    check("tea\u{9b}shop", Err(Error::ControlCharacter { position: 4 }));
}

#[test]
fn concept_borrows_the_nearest_template_and_keeps_its_own_words() {
    let check = |text: &str, lender: Option<&str>| {
        let (origin, b) = resolve(text).expect("valid");
        let base = lender.map_or_else(general_consulting, |name| find(name).expect("valid").clone());
        assert_eq!(origin, Origin::Concept { text: Concept::parse(text).expect("valid") });
        let json = serde_json::to_string(&origin).expect("plain data");
        assert_eq!(serde_json::from_str::<Origin>(&json).expect("own text"), origin);
        let Blueprint { slug, name, description, offer, .. } = b.clone();
        assert_eq!((description.as_str(), offer.as_str()), (text, text));
        assert!(text.starts_with(&name) && name.chars().count() <= MAX_NAME_CHARS);
        assert!(slug.starts_with("concept") && slug.is_ascii(), "{slug}");
        assert_eq!(b, Blueprint { slug, name, description, offer, ..base }, "{text}");
    };
    check("Vitamins for old dogs", Some("premium-pet-supplement-brand"));
    check("A courier for bakery parcels", Some("last-mile-delivery-network"));
    check("Clay pots", None);
    check("日本茶の店", None);
    check(&"é".repeat(MAX_CONCEPT_CHARS), None);
    // "smarthome" belongs to two templates: the first in the file lends.
    check("smarthome", Some("smart-home-starter-kits"));
}

#[test]
fn resolve_is_deterministic() {
    for text in ["Podcasts about tax returns for restaurants", "Clay pots", "Tax Prep for Creator"] {
        let first = resolve(text);
        assert!((0..20).all(|_| resolve(text) == first), "{text}");
    }
}
