//! What a business does not do with words, whatever it sells: made-up praise, agreed prices, borrowed names, pressure, exclusion.

use super::context::Context;
use super::denial::{denies, is_denied, pauses};
use super::normal::{Normal, Word};
use super::phrases::Match;
use crate::oversight::verdict::Ruling;

/// Patterns of one rule (see [`super::phrases`]), and where they do not count.
pub(super) struct Group {
    pub(super) rule: &'static str,
    pub(super) ruling: Ruling,
    pub(super) patterns: &'static [&'static str],
    /// Whether a denial just before takes it back: "we cannot guarantee".
    pub(super) deniable: bool,
    /// Whether it counts in advertising only: a customer may well be told that a subscription ends.
    pub(super) advertising: bool,
    /// Whether it is fine where the text says that this is not the authority, or names the official way.
    pub(super) unless_disclosed: bool,
    /// Whether it counts only in mail about a customer's own order.
    pub(super) service: bool,
    /// Whether the owner's own words may say it.
    pub(super) unless_own: bool,
    /// Whether it is no offence where it is called bad: "bought lists are a bad idea".
    pub(super) unless_blamed: bool,
    /// Whether it counts only in texts of housing, work or credit.
    pub(super) fair: bool,
    /// A confirmed licence whose text has one of these lets it pass.
    pub(super) licences: &'static [&'static str],
}

/// A veto, anywhere.
pub(super) const PLAIN: Group = Group {
    rule: "",
    ruling: Ruling::Veto,
    patterns: &[],
    deniable: true,
    advertising: false,
    service: false,
    unless_own: false,
    unless_blamed: false,
    unless_disclosed: false,
    fair: false,
    licences: &[],
};

/// What is called bad is not offered.
const BLAMES: [&str; 14] = [
    "bad",
    "illegal",
    "unlawful",
    "forbidden",
    "banned",
    "wrong",
    "risky",
    "harmful",
    "harm",
    "hurt",
    "hurts",
    "spam",
    "unethical",
    "avoid",
];
/// How many words behind what is said one that blames it is looked for.
const BLAMED_WITHIN: usize = 5;

/// What a licence names that lets its holder treat people.
pub(super) const HEALTH_LICENCES: [&str; 2] = ["telemedicine", "health care provider"];

/// Words of housing, work and credit, where the law forbids preferences by who somebody is.
const FAIR: [&str; 31] = [
    "apartment",
    "apartments",
    "rent",
    "rental",
    "rentals",
    "tenant",
    "tenants",
    "lease",
    "sublet",
    "roommate",
    "roommates",
    "housing",
    "landlord",
    "job",
    "jobs",
    "hire",
    "hiring",
    "recruit",
    "position",
    "positions",
    "vacancy",
    "vacancies",
    "applicants",
    "applicant",
    "candidates",
    "employees",
    "loan",
    "loans",
    "mortgage",
    "lender",
    "borrowers",
];

pub(super) const GROUPS: [Group; 27] = [
    Group {
        rule: "content.testimonial",
        patterns: &[
            "our|my customers|clients|users|members|students|patients ..1 say|says|said|love|rave|agree|report|tell|told|recommend|trust",
            "customers|clients|users love|loved us|our|it|this",
            "as seen|featured in|on",
            "trusted|loved|used|chosen|recommended by ..4 @people|experts|doctors|professionals|leaders",
            "join|joined|joining ..3 # ..3 @people",
            "helped|served|serving ..3 # ..3 @people",
            "more|over than|# ..1 happy|satisfied @people",
            "# ..1 happy|satisfied @people",
            "rated ..4 stars|star",
            "# out of 5|five|ten|10 stars|star",
            "5|five|4.5|4.6|4.7|4.8|4.9|5.0 star|stars ..1 rating|rated|service|reviews|quality",
            "top|best|highest rated",
            "award winning",
            "rave|glowing reviews",
            "market leader",
            "#1 choice",
            "number one choice|provider|rated",
            "number one|1 ..2 in america|town|europe",
            "number one|1 ..2 in the world|country|state|city",
            "one|two|three|four|five out of 5|five|ten|10 stars|star",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.review-incentive",
        patterns: &[
            "@gift ..6 for|if ..5 review|reviews|rating|ratings|testimonial|recommendation",
            "@gift ..2 in exchange|return for ..4 review|reviews|rating|ratings|testimonial|recommendation",
            "review|reviews|rating|testimonial ..4 get|receive|earn|win ..4 @gift",
            "leave|give|write|post|rate ..3 5|five|positive|glowing|great|good|nice star|stars|review|reviews",
            "give|leave|rate|review ..3 5|five stars|star",
            "review|rate us ..3 5|five stars|star",
            "positive|good|great reviews|review only|please",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.review-incentive",
        patterns: &[
            "i|we wrote|write|posted|post ..4 review|reviews ..2 ourselves|myself|us",
            "our|my own reviews",
            "staff|employees|employee|friends|family ..3 write|wrote|post|posted|leave ..4 review|reviews",
            "write|writing|post|posting ..3 fake|invented review|reviews|testimonials",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.price-collusion",
        patterns: &[
            "agree|align|coordinate|harmonize|harmonise|fix ..4 price|prices|pricing|rates|fees ..4 competitor|competitors|rival|rivals",
            "agree|align|coordinate|harmonize|harmonise ..3 our prices|pricing|rates|fees",
            "competitor|competitors|rival|rivals ..5 agree|align|coordinate|fix ..3 price|prices|pricing|rates|fees",
            "raise ..3 prices|rates|fees together",
            "both|all raise|keep|hold ..3 prices|rates|fees",
            "same minimum price|prices|rate|fee",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.price-collusion",
        patterns: &[
            "undercut|undercutting ..1 each|one other|another",
            "not ..1 undercut|undercutting us|our|your|me|my|them",
            "stop undercutting us|our|me|my",
            "split|divide|carve ..2 market|markets|territory|territories|customers|region|regions",
            "you|we stay|keep out of ..2 market|territory|region|area ..5 we|you|i",
            "bid rigging",
            "rig ..2 bid|bids|tender|tenders",
            "price fixing agreement|deal|arrangement",
            "we should not compete",
            "let's not compete",
            "no poach|poaching agreement|deal",
        ],
        deniable: false,
        ..PLAIN
    },
    Group {
        rule: "content.impersonation",
        patterns: &[
            "this is ..1 the|from|your ..1 @agency|bank",
            "we|i are|am|represent ..2 from|with|the @agency|bank",
            "i'm|we're from|with|the ..1 @agency|bank",
            "we|i work|write|call|calling|writing ..2 for|from the @agency",
            "on|in behalf|name of ..2 @agency|@platform|bank|authorities|uspto|state|secretary|treasury|customs|ministry",
            "internal revenue service|notice",
            "social security administration|office",
            "we|i are|am|represent ..1 from|with @platform",
            "i'm|we're from|with @platform",
            "@platform security|support|account|billing|fraud|legal team|department|centre|center",
            "irs|fbi|police|government|federal approved|authorised|authorized|endorsed|certified|sponsored|officer|agent",
            "approved|authorised|authorized|endorsed|certified|sponsored by ..1 @agency",
            "official government|state|federal|irs|court|police|bank|@platform ..1 notice|portal|website|representative|partner|service|agent|letter|form|filing|document",
            "officer|detective|judge|agent of the @agency",
            "your @platform account ..3 limited|suspended|locked|blocked|restricted",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.claims-human",
        patterns: &[
            "i am ..2 human|person",
            "i'm ..2 human|person",
            "we are ..1 real|actual people|humans|persons",
            "you|you're|are talking|speaking|writing|chatting to|with ..2 human|person",
            "i|we am|are not ..1 bot|robot|chatbot|ai|machine|automated|program",
            "i'm|we're not ..1 bot|robot|chatbot|ai|machine|automated|program",
            "this ..2 not|isn't ..1 bot|robot|automated|machine|ai",
            "no bot|robot|chatbot|ai wrote|writes|answers|here",
            "this|mail|message|answer ..3 written|typed by ..1 human|person|hand",
        ],
        deniable: false,
        ..PLAIN
    },
    Group {
        rule: "content.minors",
        patterns: &[
            "hey|hi|hello|dear|attention kids|children|teens|boys|girls",
            "ask|tell|get|beg your parents|parent|mom|mum|mommy|mummy|dad|daddy",
            "your parent's|parents|mom's|mum's|dad's credit|card|phone|permission",
            "if|are you ..3 under|younger ..1 13|thirteen|16|sixteen|18|eighteen",
            "kids|children|teens|minors can|may|should ..2 buy|order|sign|subscribe|join|register|pay",
            "for kids|children ..2 under 13|thirteen",
            "aimed|targeted|targeting|marketed|advertise|advertising ..2 kids|children|minors",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.health-claim",
        patterns: &[
            "fda|fda's approved|cleared|registered|certified",
            "approved|cleared by ..1 fda",
            "doctor|doctors|physician recommended|approved",
            "clinically|scientifically|medically proven|tested|shown|approved",
            "lose # pounds|lbs|kilos|kg",
            "lose ..2 pounds|lbs|kilos|kg|weight in|within # days|weeks",
            "reverse|reverses|reversing aging|ageing",
            "instead of ..2 medication|medicine|doctor|chemotherapy|insulin",
            "replace|replaces ..2 medication|insulin|chemotherapy|doctor",
            "no side effects",
            "lowers|lower|reduces|reduce ..2 blood pressure|sugar",
            "goodbye to ..2 depression|anxiety|insomnia|pain|diabetes|migraines|asthma",
            "without pills|medication|surgery",
            "miracle cure|remedy",
            "cures all",
            "detoxes|detoxifies your|the liver|body",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.regulated-advice",
        patterns: &[
            "i|we|our ..2 diagnose|diagnosed|prescribe|prescribed",
            "our|my diagnosis",
            "you|you've have|got adhd|anxiety|cancer|depression|diabetes|autism|ptsd|hypertension|asthma",
            "your symptoms suggest|indicate|mean|show|point",
            "stop|start|skip|increase|double taking|your ..1 medication|medicine|pills|dose|insulin|antidepressants|antibiotics",
            "we|i|our|get|free|personal ..2 medical|psychiatric advice|diagnosis|diagnoses|prescriptions|treatment",
            "as your doctor|physician|therapist|nurse",
        ],
        licences: &HEALTH_LICENCES,
        ..PLAIN
    },
    Group {
        rule: "content.regulated-advice",
        patterns: &[
            "you should|must|need|ought ..2 buy|sell|short|hold|invest ..4 stock|stocks|shares|bitcoin|crypto|bonds|fund|funds|options|etf|etfs|gold|token|tokens",
            "we|i recommend|advise|suggest ..1 you|buying|selling|investing ..4 stock|stocks|shares|bitcoin|crypto|bonds|fund|funds|etf|etfs|token|tokens",
            "buy|sell this|these stock|stocks|token|tokens|coin|coins",
            "we|i|our|get|free|personal|tailored|individual ..2 investment|financial|retirement|portfolio advice|recommendations",
            "as your financial|investment adviser|advisor|planner",
            "stock|crypto|trading|forex picks|signals",
        ],
        licences: &["investment adviser"],
        ..PLAIN
    },
    Group {
        rule: "content.regulated-advice",
        patterns: &[
            "you can|should|may ..1 deduct|write|depreciate ..6 tax|taxes|return",
            "you ..2 do|don't|need|owe ..2 tax|taxes ..2 on",
            "we|i|our|get|free|personal|tailored|individual ..2 tax advice",
            "as your accountant|tax",
        ],
        licences: &["tax preparer"],
        ..PLAIN
    },
    Group {
        rule: "content.regulated-advice",
        patterns: &[
            "you should|must|ought ..1 sue|plead|settle|litigate",
            "you have a ..1 strong|good|solid|winning case|lawsuit|claim",
            "we|i|our|get|free|personal|tailored|individual ..2 legal advice|representation|counsel",
            "as your lawyer|attorney|counsel|solicitor",
            "we|i will represent you|your",
            "our lawyers|attorneys|lawyer|attorney will|can|represent|advise",
        ],
        licences: &["practise law"],
        ..PLAIN
    },
    Group {
        rule: "content.fake-renewal",
        patterns: &[
            "your|the domain|registration|trademark|listing|subscription|account|licence|license|permit|warranty|website|hosting|filing ..5 expire|expires|expired|expiring|lapse|lapses|suspended|cancelled|canceled|terminated|deactivated|overdue",
            "pay now",
            "renew|pay|file ..2 now|today|immediately ..2 or|to ..2 avoid|keep|lose|prevent",
            "final|last renewal|reminder|invoice",
            "past due invoice|balance|payment",
            "outstanding|overdue invoice|balance|payment",
            "failure to pay|file|renew|respond",
            "your annual report|filing is due",
            "invoice ..2 attached|enclosed",
        ],
        advertising: true,
        ..PLAIN
    },
    Group {
        rule: "content.scraped-data",
        patterns: &[
            "scraped|harvested|bought|purchased|rented|leaked|crawled ..1 email|emails|list|lists|leads|addresses|contacts|profiles|mailing|database",
            "scrape|scrapes|scraping|harvest|harvesting|crawl ..3 emails|addresses|leads|contacts|profiles|linkedin|facebook|instagram",
            "buy|sell|selling|purchase|rent ..2 email|mailing|contact|lead|leads list|lists|database|databases|addresses",
            "email|mailing list|lists|addresses for sale",
            "email|mail|address|lead scraper|scrapers",
            "collected ..3 email|emails|address|addresses ..6 crawler|scraper|bot",
            "found your email|address on|through|via linkedin|facebook|instagram|google|scraping",
        ],
        unless_blamed: true,
        ..PLAIN
    },
    Group {
        rule: "content.platform-abuse",
        patterns: &[
            "bot|bots|fake|buy|bought|buying|purchased|purchase|sell|selling|cheap|instant followers|likes|upvotes|votes|subscribers|retweets|streams",
            "bot|fake|aged|bulk accounts|account|engagement",
            "create|creates|creating|open|opens|use|uses|several|many|multiple ..1 duplicate accounts|account",
            "mass|bulk|automated|auto dm|dms|follow|unfollow|commenting",
            "mass message|messages|messaging",
            "engagement pod|pods",
            "follow for follow",
            "# likes|followers|views|subscribers instantly|overnight",
            "our|a bot|bots comment|comments|like|likes|follow|follows",
            "like for like",
            "sock puppet|puppets",
            "solve|solves|solving|bypass|bypasses|bypassing captcha|captchas",
            "bypass|evade|evading|avoid|bypassing ..2 spam|bot|platform|account filter|filters|detection|ban|bans|limits",
            "fake reviews|review|profiles|profile|comments|testimonials",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.discrimination",
        patterns: &[
            "no|exclude|excluding|not @group|women|men|disabled|wheelchairs|seniors|moms|mothers|pregnant",
            "not|don't|won't|never rent|hire|lend|sell|serve|accept ..3 @group|women|disabled|families|children|seniors|elderly|foreigners|immigrants",
            "@group only|preferred|need",
            "only @group",
            "white|black|asian|hispanic ..1 applicants|tenants|candidates|people|families|men|women|employees only|preferred|need",
            "only|prefer|no white|black|asian|hispanic applicants|tenants|candidates|people|families|men|women|employees",
            "prefer|preferring|seeking|want|wanted ..1 @group",
            "whites|native born only",
            "need not apply",
        ],
        deniable: false,
        fair: true,
        ..PLAIN
    },
    Group {
        rule: "content.discrimination",
        patterns: &[
            "women|men|females|males|female|male|singles|adults|couples|christians|believers|citizens|bachelors only|preferred",
            "only ..1 women|men|females|males|singles|adults|young|able|healthy|citizens",
            "no kids|children|families|couples|seniors|elderly",
            "not|without suitable|for children|kids|families",
            "prefer|preferring|ideal|perfect|seeking|want|looking ..2 young|singles|single|women|men|male|female|childless|straight|able|healthy",
            "young|youthful|energetic ..1 applicants|candidates|tenants|employees|staff|team|people only",
            "young|youthful ..2 applicants|candidates|tenants|employees|hires",
            "under|below|over|above # only|preferred",
            "aged|ages|age # to|and|or # only|preferred",
            "must be under|below|younger ..1 #",
            "maximum|max age",
            "native speakers|english only",
        ],
        deniable: false,
        fair: true,
        ..PLAIN
    },
    Group {
        rule: "content.threat",
        patterns: &[
            "we|i|i'll|we'll ..2 sue|hurt|harm|kill|ruin|expose|arrest|destroy you",
            "you|you'll ..1 be sued|arrested|sorry|jailed|prosecuted|deported",
            "have you arrested|jailed|deported",
            "you|you'll ..2 go to jail|prison",
            "we|i know where you|your live|lives|family|children",
            "take|taking|pursue|start ..2 legal action against you",
            "garnish ..2 your|wages|salary",
            "seize|repossess ..1 your property|assets|house|home|car|wages",
            "we|i|i'll|we'll ..1 ruin|destroy|wreck|damage your",
            "report you to",
            "your employer|boss|family|neighbors|neighbours will hear|learn of|about",
            "tell|call|contact|inform|write your|to employer|boss|family|neighbors|neighbours|wife|husband ..3 debt|owe|unpaid",
            "pay up or|now|today",
            "or else we|you|you'll|i|i'll",
            "worthless|stupid|pathetic idiot|loser|person|fool",
            "you|you're|are ..2 idiot|moron|deadbeat|loser|stupid|pathetic",
            "debt collectors|collector will",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.refund-promise",
        ruling: Ruling::Escalate,
        patterns: &[
            "money back",
            "or your money returned",
            "full|complete refund|refunds",
            "we|i|we'll|i'll ..2 refund|refunded you|your|every|it|the|all",
            "refunded in full",
            "refund within # days",
            "your money is refunded|returned",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.income-claim",
        patterns: &[
            "recruit|recruiting ..3 earn|paid|commission",
            "earn ..3 recruiting|recruit",
            "returns of # a|per day|week|month",
            "paid|commission for every|each friend|person|member ..3 bring|refer|recruit|invite",
            "earn|earns|make|makes|making|earning ..1 fortune",
            "earn|make six|seven|five|6|7 figures",
            "triple your income|money|salary",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.price-mismatch",
        ruling: Ruling::Escalate,
        patterns: &[
            "half price|off",
            "at|for half the price",
            "# off|cheaper|discount",
            "discount|discounts of #",
            "buy one get one",
            "two|2|three|3 for one|1|two|2",
            "# free month|months|week|weeks|year",
            "a|one|two|three|free month|months|week|weeks|year free",
            "first|next ..1 month|months|week|weeks|year ..2 free",
            "free month|months|week|weeks|year|trial",
            "free of charge",
        ],
        unless_own: true,
        ..PLAIN
    },
    Group {
        rule: "content.official-filing",
        ruling: Ruling::Escalate,
        patterns: &[
            "file|filing|obtain|get|order|register|registering|renew|renewing|renewal|apply|submit|application ..4 ein|boi|itin|passport|passports|esta|visa",
            "file|filing|register|registering|renew|renewing|form|forming ..3 llc|corporation|trademark|trademarks",
            "ein|boi|itin|passport|esta|visa|trademark|llc ..2 filing|filings|registration|application|applications|renewal",
            "file|filing|submit ..3 annual|ownership report|reports",
            "beneficial ownership report|reports|information",
        ],
        advertising: true,
        unless_own: true,
        unless_disclosed: true,
        ..PLAIN
    },
    Group {
        rule: "content.advertising-in-service",
        ruling: Ruling::Escalate,
        patterns: &[
            "buy|order|book|subscribe|upgrade|join|sign ..1 now|today",
            "upgrade|upgrading|switch ..1 to|your ..4 plan|package|premium|pro|annual|yearly",
            "special|exclusive|limited|new|best|great ..1 offer|offers|deal|deals|discount|discounts|price|prices",
            "discount|discounts|coupon|promo|voucher",
            "on sale",
            "save #",
            "# off",
            "limited time",
            "you|you'll ..2 also like|love|enjoy",
            "check out our|the ..3 new|latest|other|range|shop|store|plans|offers",
            "refer|invite|bring ..1 a friend|friends",
        ],
        service: true,
        ..PLAIN
    },
    Group {
        rule: "content.payment-target",
        patterns: &[
            "pay|paying|paid|payment|payable|settle|send|buy|purchase ..5 gift|itunes|steam|prepaid card|cards|voucher|vouchers",
            "gift card|cards ..4 code|codes|number|numbers|pin|pins",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.payment-target",
        ruling: Ruling::Escalate,
        patterns: &[
            "pay|paying|payment|payments|send|transfer|deposit|deposits|wallet ..5 bitcoin|btc|ethereum|eth|usdt|usdc|crypto|cryptocurrency|monero",
            "bitcoin|btc|ethereum|eth|usdt|usdc|crypto ..1 wallet|address|payment|payments|only",
            "western union",
            "moneygram|zelle|venmo|cashapp",
            "cash app",
            "wire|transfer|send|pay|remit ..5 account|iban",
            "wire|bank transfer",
            "iban",
            "swift|bic|sort code",
            "new|changed|updated ..1 bank|account|payment details|account|information",
            "anydesk|teamviewer|ultraviewer|screenconnect",
            "remote access|control ..4 computer|pc|laptop|phone|device|desktop|screen",
        ],
        ..PLAIN
    },
    Group {
        rule: "content.urgency",
        patterns: &[
            "only # ..2 left|remaining",
            "offer ends today|tonight|soon",
            "last few spots|places|seats",
            "hurry up|while|before",
            "price|offer|deal ends ..1 today|tonight|midnight",
        ],
        ..PLAIN
    },
];

/// Whether a text says that its sender is not the authority, or where the authority is.
fn is_disclosed(text: &str) -> bool {
    [
        "not affiliated with",
        "not a government",
        "not the government",
        "not a federal",
        "not a state agency",
        "official site",
        "official portal",
        "official website",
    ]
    .iter()
    .any(|said| text.contains(said))
}

/// Whether a text is about housing, work or credit.
pub(super) fn is_fair_dealing(words: &[Word<'_>]) -> bool {
    words.iter().any(|word| FAIR.contains(&word.text))
}

/// Whether what ends with this word is called bad right behind it: "... are a bad idea".
fn is_blamed(normal: &Normal, words: &[Word<'_>], last: usize) -> bool {
    let behind = (last + 1..words.len()).take(BLAMED_WITHIN).take_while(|at| !pauses(normal, words, last, *at));
    let behind: Vec<&str> = behind.map(|at| words[at].text).collect();
    let called = behind.iter().position(|word| matches!(*word, "is" | "are" | "only" | "do" | "does"));
    called.is_some_and(|called| behind[called..].iter().any(|word| BLAMES.contains(word)) && !behind.iter().any(|word| denies(word)))
}

impl Group {
    /// Whether a match counts in this text.
    pub(super) fn counts(
        &self,
        found: &Match,
        context: &Context<'_>,
        normal: &Normal,
        words: &[Word<'_>],
        fair: impl Fn() -> bool,
    ) -> bool {
        !(self.deniable && (found.denied || is_denied(normal, words, found.first)))
            && !(self.unless_blamed && is_blamed(normal, words, found.last))
            && !(self.unless_disclosed && is_disclosed(&normal.text))
            && (!self.service || context.setting.service)
            && (!self.advertising || context.setting.commercial || context.setting.public)
            && (!self.fair || fair())
            && !context.licensed_for(self.licences)
    }
}
