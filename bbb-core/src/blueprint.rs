//! Blueprints: what a business is launched from.
//!
//! A blueprint states what is sold, to whom, at which price and cost, and through which channels.
//! Thirty-three curated templates are embedded from `data/blueprints.json`; a founder's own
//! [`Concept`] becomes a blueprint by borrowing the figures of the template nearest to it by
//! keywords, or a modest consulting default when none is near. [`resolve`] decides which of the two
//! an owner meant, and refuses what looks like a misspelt template name instead of launching
//! something nobody asked for.
//!
//! The figures are planning assumptions, not forecasts: the market model and the optimizer start
//! from them and are corrected by what happens. Not here: goals, budgets and autonomy, which the
//! owner gives at launch.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::money::Cents;

/// Longest concept or query, in Unicode scalar values after trimming.
pub const MAX_CONCEPT_CHARS: usize = 500;

/// Longest name that a concept gives to its blueprint, in Unicode scalar values.
pub const MAX_NAME_CHARS: usize = 80;

/// Most names that an unknown query is answered with.
pub const MAX_SUGGESTIONS: usize = 3;

/// Largest edit distance at which a text is taken for a misspelt template name.
const TYPO_DISTANCE: usize = 2;

/// Why a text names no blueprint, or a blueprint cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing but white space was given.
    #[error("the text is empty; give 1 to {MAX_CONCEPT_CHARS} characters")]
    Empty,
    /// The text is too long; both figures are Unicode scalar values.
    #[error("the text has {length} characters; at most {max} are allowed")]
    TooLong {
        /// Length after trimming.
        length: usize,
        /// Longest allowed.
        max: usize,
    },
    /// The text holds a line break, a tab or another control character.
    #[error("character {position} is a control character; give plain text on one line")]
    ControlCharacter {
        /// Where it stands in the trimmed text, in Unicode scalar values, the first being 1.
        position: usize,
    },
    /// No template has this name or slug.
    #[error("no template is called {query:?}{}", hint(.suggestions))]
    Unknown {
        /// The text that was looked for, trimmed.
        query: String,
        /// Names of the closest templates, best first, at most [`MAX_SUGGESTIONS`].
        suggestions: Vec<&'static str>,
    },
    /// The percentages of a channel mix do not make a whole.
    #[error("the channel mix sums to {sum} percent; it must sum to 100")]
    MixSum {
        /// Sum of the six percentages.
        sum: u32,
    },
}

fn hint(suggestions: &[&'static str]) -> String {
    match suggestions {
        [] => String::new(),
        names => format!("; the closest are: {}", names.join(", ")),
    }
}

/// A way by which customers hear of a business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Pages found through unpaid search results.
    Seo,
    /// Posts on social networks.
    Social,
    /// Messages to contacts who agreed to receive them.
    Email,
    /// Advertisements beside search results.
    PaidSearch,
    /// Recommendations by customers and partners.
    Referral,
    /// First contact made by the business itself.
    Outbound,
}

impl Channel {
    /// Every channel, in the order of the declaration, which is also the order of `Ord`.
    pub const ALL: [Channel; 6] =
        [Channel::Seo, Channel::Social, Channel::Email, Channel::PaidSearch, Channel::Referral, Channel::Outbound];

    /// The name used in data and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::Seo => "seo",
            Channel::Social => "social",
            Channel::Email => "email",
            Channel::PaidSearch => "paid_search",
            Channel::Referral => "referral",
            Channel::Outbound => "outbound",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How often a customer pays the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Billing {
    /// Once for each sale.
    OneTime,
    /// Every month, until the customer leaves.
    Monthly,
}

/// Percentages of the marketing effort by channel, which always sum to 100; a channel absent from
/// the data has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Channel, u8>", into = "BTreeMap<Channel, u8>")]
pub struct ChannelMix([u8; Channel::ALL.len()]);

impl ChannelMix {
    /// Makes a mix of percentages given in the order of [`Channel::ALL`].
    ///
    /// # Errors
    /// [`Error::MixSum`] unless they sum to 100.
    pub fn new(percents: [u8; Channel::ALL.len()]) -> Result<Self, Error> {
        match percents.iter().copied().map(u32::from).sum() {
            100 => Ok(ChannelMix(percents)),
            sum => Err(Error::MixSum { sum }),
        }
    }

    /// The percentage of one channel, 0 to 100.
    pub const fn percent(&self, channel: Channel) -> u8 {
        self.0[channel as usize]
    }
}

impl TryFrom<BTreeMap<Channel, u8>> for ChannelMix {
    type Error = Error;

    fn try_from(map: BTreeMap<Channel, u8>) -> Result<Self, Error> {
        ChannelMix::new(Channel::ALL.map(|channel| map.get(&channel).copied().unwrap_or(0)))
    }
}

impl From<ChannelMix> for BTreeMap<Channel, u8> {
    fn from(mix: ChannelMix) -> Self {
        Channel::ALL.into_iter().zip(mix.0).collect()
    }
}

/// Everything a business needs to know about itself on its first day.
///
/// Money is US cents; the serialized names say so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blueprint {
    /// Name for addresses and commands: lowercase ASCII words joined by hyphens.
    pub slug: String,
    /// Name for people.
    pub name: String,
    /// Branch of trade, such as "Education".
    pub industry: String,
    /// Months until the expected figures are reached.
    pub ramp_up_months: u8,
    /// Cost to open, once, in cents.
    #[serde(rename = "startup_cost_usd_cents")]
    pub startup_cost: Cents,
    /// Revenue per month after the ramp-up, in cents.
    #[serde(rename = "expected_monthly_revenue_usd_cents")]
    pub expected_monthly_revenue: Cents,
    /// All expenses per month after the ramp-up, unit costs included, in cents.
    #[serde(rename = "expected_monthly_expenses_usd_cents")]
    pub expected_monthly_expenses: Cents,
    /// Hours per week the business would take a person.
    pub time_commitment_hours_per_week: u8,
    /// What the business does and how it earns.
    pub description: String,
    /// What the customer buys.
    pub offer: String,
    /// Who buys it.
    pub target_customer: String,
    /// Price of one sale, or of one month, in cents.
    #[serde(rename = "price_usd_cents")]
    pub price: Cents,
    /// How often the price is paid.
    pub billing: Billing,
    /// Cost to fulfil one sale, or one customer for a month, in cents.
    #[serde(rename = "unit_cost_usd_cents")]
    pub unit_cost: Cents,
    /// Where the marketing effort goes.
    pub channel_mix: ChannelMix,
    /// Licence or registration to confirm before operating; `None` means that none is known, which
    /// is no advice that none is needed.
    pub licence: Option<String>,
    /// Lowercase words by which a concept finds its nearest template.
    pub keywords: Vec<String>,
}

/// The templates, in the order of the data file.
pub fn all() -> &'static [Blueprint] {
    static TEMPLATES: LazyLock<Vec<Blueprint>> = LazyLock::new(|| {
        // Cannot fail at run time: the file is part of the binary, and a test below parses it.
        serde_json::from_str(include_str!("../data/blueprints.json")).expect("the embedded blueprints.json should be valid")
    });
    &TEMPLATES
}

/// Finds a template by its exact name or slug; case and surrounding white space are ignored.
///
/// # Errors
/// The errors of [`Concept::parse`], and [`Error::Unknown`] when no template is called that.
///
/// # Example
/// ```
/// # use bbb_core::blueprint::{self, Error};
/// let found = blueprint::find(" podcast production studio ")?;
/// assert_eq!(found.slug, "podcast-production-studio");
///
/// let Err(Error::Unknown { suggestions, .. }) = blueprint::find("podcats studio") else { panic!() };
/// assert_eq!(suggestions[0], "Podcast Production Studio");
/// # Ok::<(), Error>(())
/// ```
pub fn find(query: &str) -> Result<&'static Blueprint, Error> {
    let query = checked(query)?;
    exact(query).ok_or_else(|| unknown(query))
}

/// A founder's own idea of a business, in one line of at most [`MAX_CONCEPT_CHARS`] characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Concept(String);

impl Concept {
    /// Trims the text and checks it.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::TooLong`] or [`Error::ControlCharacter`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        checked(text).map(|text| Concept(text.to_owned()))
    }

    /// The trimmed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Concept {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Concept::parse(&text)
    }
}

/// Where a blueprint came from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Origin {
    /// One of the curated templates.
    Template {
        /// Its slug.
        slug: String,
    },
    /// The founder's own words.
    Concept {
        /// Those words.
        text: Concept,
    },
}

/// Turns what an owner typed into a blueprint: a template if the text names one, else a concept.
///
/// A concept's blueprint carries the concept's text as name, description and offer, and its slug
/// begins with `concept`, which no template's does. The other fields are the nearest template's.
/// The answer depends on the text and the embedded data alone.
///
/// # Errors
/// The errors of [`Concept::parse`], and [`Error::Unknown`] when the text is within two edits of a
/// template's name without being it.
///
/// # Example
/// ```
/// # use bbb_core::blueprint::{self, Error, Origin};
/// let (origin, blueprint) = blueprint::resolve("Weekly lunch menus for restaurants")?;
/// assert!(matches!(origin, Origin::Concept { .. }));
/// assert_eq!(blueprint.industry, "Marketing");
///
/// assert!(matches!(blueprint::resolve("Podcast Production Studo"), Err(Error::Unknown { .. })));
/// # Ok::<(), Error>(())
/// ```
pub fn resolve(input: &str) -> Result<(Origin, Blueprint), Error> {
    let text = Concept::parse(input)?;
    if let Some(template) = exact(text.as_str()) {
        let slug = template.slug.clone();
        return Ok((Origin::Template { slug }, template.clone()));
    }
    let spelling = slug_of(text.as_str());
    if all().iter().any(|template| edit_distance(&spelling, &template.slug) <= TYPO_DISTANCE) {
        return Err(unknown(text.as_str()));
    }
    let blueprint = derived(&text);
    Ok((Origin::Concept { text }, blueprint))
}

fn checked(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    match text.chars().count() {
        0 => return Err(Error::Empty),
        length if length > MAX_CONCEPT_CHARS => {
            return Err(Error::TooLong { length, max: MAX_CONCEPT_CHARS });
        }
        _ => {}
    }
    match text.chars().position(char::is_control) {
        Some(index) => Err(Error::ControlCharacter { position: index + 1 }),
        None => Ok(text),
    }
}

fn exact(query: &str) -> Option<&'static Blueprint> {
    let query = query.to_lowercase();
    all().iter().find(|template| template.name.to_lowercase() == query || template.slug == query)
}

/// The error that suggests the closest names. One whose distance exceeds half of the query is no
/// plausible reading of it and is left out.
fn unknown(query: &str) -> Error {
    let spelling = slug_of(query);
    let bound = spelling.chars().count() / 2;
    let mut ranked = Vec::new();
    for template in all() {
        let whole = edit_distance(&spelling, &template.slug);
        let distance = whole.min(word_distance(&spelling, &template.slug));
        if distance <= bound {
            ranked.push((distance, whole, template.name.as_str()));
        }
    }
    ranked.sort_by_key(|&(distance, whole, _)| (distance, whole)); // stable: ties keep the order
    let names = ranked.into_iter().map(|(.., name)| name);
    Error::Unknown { query: query.to_owned(), suggestions: names.take(MAX_SUGGESTIONS).collect() }
}

/// Sum over the query's words of the distance to the nearest word of the name, so that "podcats"
/// is near a name in which one of three words is "podcast".
fn word_distance(query: &str, name: &str) -> usize {
    let nearest = |word| name.split('-').map(|other| edit_distance(word, other)).min().unwrap_or(0);
    query.split('-').map(nearest).sum()
}

/// Levenshtein distance in Unicode scalar values. Callers bound both texts by [`checked`].
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The words in lowercase, joined by hyphens: for a template's name, its slug.
fn slug_of(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// Drops a plural's final s. Both sides of a comparison go through it, so it need not be right.
fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|stem| stem.len() >= 3).unwrap_or(word)
}

fn derived(concept: &Concept) -> Blueprint {
    let text = concept.as_str();
    let name: String = text.chars().take(MAX_NAME_CHARS).collect();
    let name = name.trim_end().to_owned();
    let slug = slug_of(&name);
    let ascii = slug.split('-').filter(|word| word.is_ascii() && !word.is_empty());
    Blueprint {
        slug: iter::once("concept").chain(ascii).collect::<Vec<_>>().join("-"),
        name,
        description: text.to_owned(),
        offer: text.to_owned(),
        ..nearest(text).cloned().unwrap_or_else(general_consulting)
    }
}

/// The template that shares most keywords with the text; of equals, the first.
fn nearest(text: &str) -> Option<&'static Blueprint> {
    let spelling = slug_of(text);
    let spoken: BTreeSet<&str> = spelling.split('-').map(singular).collect();
    let shared = |template: &Blueprint| template.keywords.iter().filter(|keyword| spoken.contains(singular(keyword))).count();
    // min_by_key keeps the first of equals, max_by_key would keep the last.
    let best = all().iter().min_by_key(|template| Reverse(shared(template)))?;
    (shared(best) > 0).then_some(best)
}

/// The figures of a concept that resembles no template: ten customers a month for small pieces of
/// work that one person could do.
fn general_consulting() -> Blueprint {
    Blueprint {
        slug: String::new(),
        name: String::new(),
        industry: "Consulting".to_owned(),
        ramp_up_months: 3,
        startup_cost: Cents::new(60_000),
        expected_monthly_revenue: Cents::new(400_000),
        expected_monthly_expenses: Cents::new(140_000),
        time_commitment_hours_per_week: 15,
        description: String::new(),
        offer: String::new(),
        target_customer: "people and small companies with the need that the concept describes".to_owned(),
        price: Cents::new(40_000),
        billing: Billing::OneTime,
        unit_cost: Cents::new(6_000),
        channel_mix: ChannelMix([20, 20, 15, 10, 20, 15]),
        licence: None,
        keywords: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
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
}
