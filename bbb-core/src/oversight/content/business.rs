//! What the words of a business say that it is: one that nobody may run with this software, or one that needs a licence.
//!
//! A thing in a table counts wherever it stands, except in the words of those who work against it, next to it: "counterfeit detection", "protection
//! against malware", "never sells stolen goods". Like all content checks this knows words and not meaning.

use std::sync::LazyLock;

use super::claims::DENIALS;
use super::normal::{Normal, Word, fold};
use super::phrases::{Index, Match, same_sentence};
use crate::blueprint::{self, Origin};
use crate::spec::Spec;

/// Businesses that are refused: what they deal in, and how they say so (see [`super::phrases`]).
const PROHIBITED: [(&str, &[&str]); 16] = [
    (
        "controlled drugs",
        &[
            "cocaine|heroin|fentanyl|methamphetamine|meth|mdma|lsd|ketamine|opium|narcotics|ghb|psilocybin|oxycodone|oxycontin|percocet|carfentanil",
            "ecstasy|molly|acid|xanax|adderall|opioid|opioids|steroid pills|tablets|tabs|bars|powder|delivery|shop|sale|sales",
            "anabolic steroids",
            "@sell|cheap ..1 xanax|adderall|crack",
            "magic|psychedelic mushrooms|shrooms",
            "illegal|illicit|hard|party|street|designer|recreational drugs",
            "drug dealer|dealing|dealers|trafficking|smuggling|cartel",
            "@sell ..1 drugs|weed|marijuana|cannabis|hashish|psychedelics|opioids",
            "weed|marijuana|cannabis|hashish @sale|edibles|gummies|dispensary|dispensaries|seeds|grow|growing|subscription",
        ],
    ),
    (
        "weapons",
        &[
            "@sell ..3 guns|firearms|firearm|rifles|pistols|handguns|weapons|ammunition|ammo|silencers|suppressors",
            "gun|guns|firearm|firearms|handgun|rifle|weapon|weapons|ammunition|ammo|arms @sale|trafficking|smuggling|running|dealing",
            "ghost gun|guns",
            "guns|handguns|firearms|rifles|pistols|weapons by|online|cheap|mail",
            "untraceable|unregistered|unlicensed|illegal|automatic|3d printed|printed gun|guns|firearm|firearms|weapon|weapons|rifles",
            "glock switches|switch",
            "guns|firearms|weapons ..2 without",
        ],
    ),
    (
        "explosives and weapons of mass harm",
        &[
            "explosives|grenades|dynamite|detonators|semtex|napalm|landmines|sarin|ricin|bioweapon|bioweapons|molotov",
            "pipe|dirty|nail|homemade|home bomb|bombs",
            "car bombs",
            "explosive devices|device|vests|belts",
            "@sell ..2 bombs|bomb",
            "bomb making|kits",
            "chemical|biological|nerve|nuclear weapons|weapon|agents",
        ],
    ),
    (
        "stolen goods",
        &[
            "stolen ..1 goods|phones|iphones|cars|vehicles|bikes|bicycles|laptops|jewelry|jewellery|art|merchandise|parts|items|catalytic|watches|electronics|designer",
            "fenced goods|merchandise",
            "fence|fencing stolen",
        ],
    ),
    (
        "counterfeit goods",
        &[
            "counterfeit|counterfeits|counterfeiting|knockoff|knockoffs",
            "rolex|gucci|chanel|hermes|prada|nike|adidas|vuitton|designer|luxury ..1 replica|replicas|fakes",
            "fake|replica|replicas|knockoff|knockoffs ..1 handbags|bags|watches|rolex|designer|goods|sneakers|shoes|brands|luxury|nike|gucci|chanel|money|bills|currency|banknotes|pills|medicine|medicines|merchandise|jerseys|iphones",
            "knock off|offs ..1 handbags|bags|watches|designer|sneakers|shoes|luxury",
            "pirated|cracked|bootleg ..1 software|movies|films|games|music|books|streams|streaming|dvds|licenses",
        ],
    ),
    (
        "stolen cards, accounts or data",
        &[
            "stolen|cloned|hacked|leaked|breached|skimmed ..1 card|cards|credit|debit|identity|identities|data|accounts|passwords|credentials|logins|databases|database",
            "carding forum|shop|service|services|tutorial|tutorials|tools",
            "card|cards|cvv|cc dumps|skimmer|skimmers|cloning",
            "cvv|fullz shop|store|sale|dumps",
            "fullz",
            "@sell ..2 bank|paypal|netflix logins|logs|accounts|credentials",
            "identity theft",
            "@sell ..2 personal data",
        ],
    ),
    (
        "malware and break-ins into computers",
        &[
            "@sell|build|builds|building|write|writes|writing|develop|develops|developing|create|creating|spread|spreading|deploy|deploying|custom|undetectable ..2 malware|ransomware|botnet|botnets|spyware|trojan|trojans|keylogger|keyloggers|rootkit|rootkits|exploits|ddos|rats",
            "malware|ransomware|botnet|botnets|ddos|trojan|keylogger|spyware|exploit|hackers|hacker|hacking for hire|sale|rent",
            "malware|ransomware|ddos|phishing|hacking as ..1 service",
            "malware|ransomware|botnet|ddos|exploit|phishing kit|kits|builder|attacks|shop|marketplace|campaigns",
            "ddos|booter|stresser service|services",
            "botnet|botnets",
            "install|installs|installing ..2 spyware|keylogger|keyloggers|trojan|trojans",
            "hacking service|services",
            "hack|hacks|hacking ..3 account|accounts|phone|phones|email|emails|password|passwords|wifi|instagram|facebook|whatsapp|gmail|snapchat|bank|banks|databases|websites|servers",
            "hack|hacks|hacking|break|breaking into ..3 account|accounts|phone|phones|computers|systems|networks|servers|emails",
            "zero day exploits|exploit",
            "phishing page|pages|sites|websites|emails",
        ],
    ),
    (
        "forged documents",
        &[
            "fake|forged|forge|forging|falsified|false|novelty|phony ..1 id|ids|identification|passport|passports|diploma|diplomas|degree|degrees|certificate|certificates|license|licenses|licence|licences|visa|visas|document|documents|transcripts|prescriptions|receipts|invoices|paystubs|stubs|statements|notes|references|signatures|papers",
            "@sell ..2 diplomas|degrees|passports|visas|ids|certificates|licenses ..1 without|online|cheap|fast",
            "@sell ..1 passports|diplomas|ids",
            "id|document|documents|passport forgery|forging",
            "fake pay stubs",
        ],
    ),
    (
        "trade in people and sexual services",
        &[
            "human|people|sex|organ|child|labor|labour trafficking|smuggling",
            "escort|escorts service|services|agency|girls|booking",
            "prostitute|prostitutes|prostitution|brothel|brothels",
            "sexual|sex services|service|workers|worker|work",
            "call girls",
            "erotic massage|massages|services",
            "happy ending massage|massages",
            "@sell ..2 kidney|kidneys|organs|slaves|babies|brides",
            "mail order bride|brides",
            "forced|slave|child labor|labour",
        ],
    ),
    (
        "sexual exploitation of children",
        &[
            "child|children|kid|kids|kiddie|minor|minors|teen|teens|teenage|underage|preteen|loli ..1 porn|pornography|nudes|nude|sex|sexual|erotic|erotica|escort|escorts|xxx",
            "csam",
            "sexual|sexualized|sexualised|nude|nudes|naked|erotic ..3 children|minors|kids|teens|underage|preteens|schoolgirls|child",
            "jailbait|lolita|pthc",
        ],
    ),
    (
        "gambling without a licence",
        &[
            "unlicensed|unlicenced|illegal|underground|unregulated|offshore|secret ..2 casino|casinos|gambling|betting|poker|sportsbook|lottery|bets",
            "casino|casinos|gambling|betting|sportsbook|lottery ..1 without ..3 licence|license|verification|kyc|age",
            "match fixing|fixed matches",
        ],
    ),
    (
        "pyramid and Ponzi schemes and fraud",
        &[
            "pyramid|ponzi|matrix scheme|schemes|selling|investment",
            "ponzi",
            "gifting circle|circles",
            "hyip",
            "high yield investment program|programs",
            "pump and dump",
            "double|triple ..2 bitcoin|crypto|ethereum",
            "guaranteed|fixed ..1 daily|weekly|monthly ..1 returns|return|profit|profits",
            "recruit|recruiting|recruits ..3 who|to recruit",
            "recruit|recruiting|recruits|recruitment ..5 earn|earns|paid|commission|commissions|downline ..4 recruit|recruits|downline|recruiting|join",
            "earn|paid|commission ..4 recruit|recruiting|recruits ..2 others|people|members|friends",
            "romance|lottery|inheritance|support scam|scams",
            "fake charity|charities|invoice|invoices|escrow|bank|banks|lottery|jobs|job|investment|investments",
            "launder|laundering ..2 money|cash|crypto|proceeds|funds",
            "money laundering",
            "money mule|mules",
            "crypto|bitcoin tumbler|tumblers|mixer|mixers",
            "tax evasion",
        ],
    ),
    (
        "fake reviews, followers or votes",
        &[
            "fake|bot|bought|phony ..2 reviews|review|followers|likes|votes|subscribers|streams|ratings|testimonials|upvotes|accounts|profiles",
            "@sell|post|posting|write|writing|generate|generating ..2 5|five|positive|google|amazon|yelp|trustpilot|tripadvisor|airbnb|negative ..1 reviews|ratings|stars|star",
            "@sell ..3 followers|likes|upvotes|subscribers|retweets",
            "click|bot|review|like|troll|account farm|farms",
            "reviews|followers|likes|upvotes|votes|stars for sale",
        ],
    ),
    (
        "academic cheating",
        &[
            "essay|dissertation|thesis|homework mill|mills",
            "write|writes|writing|ghostwrite|ghostwrites|ghostwriting|complete|completing ..2 essays|essay|dissertations|dissertation|theses|thesis|homework|assignments|coursework|papers ..2 for|to students|student|pupils",
            "write|writes|writing|ghostwrite|ghostwriting|@sell ..2 students|student|student's|college|university|academic|term ..1 essays|essay|papers|paper|dissertations|theses|homework|assignments|coursework",
            "do|does|doing|complete|take|takes|taking|sit|sitting|pass|done ..2 students|student|student's|your|their|my ..1 homework|exam|exams|tests|assignments|coursework|finals",
            "contract|exam|academic cheating",
            "exam|test takers",
            "essay|dissertation|thesis|homework|coursework|assignment writing service|services",
            "ghostwrite|ghostwrites|ghostwriting essays|essay|dissertations|dissertation|theses|thesis|homework",
            "take|takes|taking|sit|sitting ..2 exams|exam ..2 for|of",
            "leaked|stolen exam|exams|test|tests",
            "exam|test answers sale|leaked",
            "undetectable|untraceable ..1 essay|essays|papers",
            "bypass|bypasses|beat|beats|evade|fool ..1 plagiarism|turnitin|proctoring|proctors",
        ],
    ),
    (
        "covert surveillance",
        &[
            "stalkerware",
            "spy|spying ..2 on ..3 spouse|spouses|wife|wives|husband|husbands|girlfriend|boyfriend|partner|partners|ex|exes|employees|neighbors|neighbours|people|someone|women|anyone",
            "secretly|covertly|stealthily ..1 track|tracks|tracking|monitor|monitors|monitoring|record|records|recording|read|reads|watch|film|filming|follow|listen",
            "track|tracks|tracking|monitor|monitors|monitoring|read|reads|record|records ..5 without ..3 knowing|knowledge|consent|noticing|permission",
            "doxx|doxxing|dox|doxing",
            "deepfake|deepfakes porn|nudes|nude",
            "undress|nudify|nudifying ai|app|apps|photos|pictures|women",
            "revenge porn",
        ],
    ),
    (
        "unprescribed medicine, rigged elections and violence for hire",
        &[
            "medicine|medicines|medication|medications|pills|tablets|antibiotics|opioids|drugs|viagra|insulin|painkillers ..4 without|no ..1 prescription|prescriptions",
            "without|no ..1 prescription|prescriptions ..3 needed|required|necessary|medicine|medicines|medication|pills|antibiotics|drugs|viagra",
            "unprescribed|unlicensed medicine|medicines|medication|pills|drugs|antibiotics|pharmacy",
            "voter suppression",
            "suppress|suppressing|manipulate|manipulating|rig|rigging|buy|buying|steal|stealing ..2 vote|votes|voters|election|elections|turnout|ballots",
            "election|elections|vote|votes|ballot|ballots rigging|manipulation|fraud|stuffing|harvesting",
            "fake ballots|voters|polls",
            "disinformation|misinformation campaign|campaigns|service|services|network",
            "deepfakes|deepfake of|about ..1 candidates|candidate|politicians",
            "hitman|hitmen|assassin|assassins|assassination|assassinations",
            "contract|murder|killing|killers|arson for|killing|killings hire|service|services",
            "murder|killing|arson|violence|beatings for hire",
            "kidnapping|blackmail|sextortion|extortion|swatting service|services|hire",
        ],
    ),
];

/// Trades that need a licence: the licence, and the words for them.
const LICENSED: [(&str, &[&str]); 18] = [
    ("notary commission", &["notary|notaries|notarization|notarisation|notarize|notarise|notarizing|notarized|notarised"]),
    (
        "tax preparer PTIN and any state preparer registration",
        &[
            "tax|taxes preparation|preparer|preparers|prep|return|returns|filing|filings|advice|adviser|advisor|advisers|advisors|planning|consultant|consulting|resolution",
            "prepare|prepares|preparing|file|files|filing|do|doing ..3 tax|taxes",
        ],
    ),
    (
        "licence of a health care provider in each patient's state",
        &[
            "telemedicine|telehealth|psychotherapy|psychotherapist|psychotherapists|psychiatry|psychiatrist|psychiatrists|physiotherapy|acupuncture|dermatology|midwifery|midwife|optometry|orthodontics|dietitian|dietitians|botox",
            "online|virtual|video doctor|doctors|physician|physicians|nurse|nurses|therapist|therapists",
            "medical|doctor|clinical ..1 consultation|consultations|clinic|practice|advice|diagnosis|diagnoses|treatment|treatments|care|spa",
            "mental|behavioral health ..1 counseling|counselling|therapy|treatment|clinic|care",
            "therapy|counseling|counselling session|sessions|practice|clinic",
            "physical|speech|massage|couples|family|occupational|iv therapy|therapist|therapists",
            "dental clinic|care|services|treatment|implants|practice|whitening",
            "nursing|nurse|home|hospice care|agency|visits|health",
            "chiropractic care|clinic|adjustments|practice|treatment",
            "diagnose|diagnoses|diagnosing|prescribe|prescribes|prescribing|prescription|prescriptions",
            "veterinary clinic|practice|care|services|telehealth",
        ],
    ),
    ("pharmacy licence", &["pharmacy|pharmacies", "@sell ..3 medicine|medicines|medication|medications|antibiotics"]),
    (
        "real estate licence",
        &[
            "real estate agent|agents|agency|broker|brokers|brokerage|sales",
            "realtor|realtors|realty",
            "property|properties manager|managers|management|broker|brokers|brokerage",
            "sell|sells|selling|broker|brokering ..2 homes|houses|apartments|property|properties|condos ..1 for|on",
        ],
    ),
    (
        "insurance producer licence",
        &[
            "insurance agent|agents|agency|broker|brokers|brokerage|sales|policies|quotes|adjuster|adjusters|adjusting|advice",
            "@sell ..3 insurance",
        ],
    ),
    (
        "admission to practise law",
        &[
            "law firm|practice|office|clinic",
            "legal advice|services|representation|counsel|clinic|consultation|consultations|help|aid|defense|defence",
            "lawyer|lawyers|attorney|attorneys|solicitor|solicitors|paralegal|paralegals",
            "immigration advice|consulting|consultant|consultants|visa|applications|services",
            "divorce papers|filing|filings",
            "draft|drafts|drafting|write|writes|writing ..2 wills|contracts|lawsuits|trusts",
        ],
    ),
    (
        "investment adviser registration",
        &[
            "investment|financial|retirement|wealth|portfolio|pension advice|adviser|advisor|advisers|advisors|advisory|planning|planner|planners|management",
            "stock|crypto|trading|forex picks|tips|signals",
            "robo adviser|advisor|advisers|advisors",
            "hedge|mutual|investment fund|funds",
            "manage|manages|managing ..3 investments|portfolios|portfolio|savings",
        ],
    ),
    (
        "lending, collection or credit services licence",
        &[
            "payday|personal|business|consumer|student|car|micro|microfinance loan|loans|lending|lender",
            "mortgage|mortgages broker|brokers|brokerage|lending|lender|loan|loans|origination",
            "lend|lends|lending ..1 money",
            "debt collection|collections|collector|collectors|settlement|relief|consolidation",
            "credit repair",
        ],
    ),
    (
        "money transmitter licence",
        &[
            "money transfer|transfers|transmission|remittance|remittances",
            "remittance|remittances",
            "currency|crypto|bitcoin exchange|exchanges|wallet|custody",
        ],
    ),
    (
        "gambling licence",
        &[
            "casino|casinos|sportsbook|sportsbooks|betting|lottery|lotteries|gambling",
            "poker|bingo room|rooms|site|hall",
            "slot machine|machines",
        ],
    ),
    (
        "contractor licence of the trade",
        &[
            "electrician|electricians|plumber|plumbers|locksmith|locksmiths|roofer|roofers|exterminator|exterminators",
            "electrical|plumbing|hvac|roofing wiring|contractor|contracting|installation|installations|repair|repairs|service|services|work",
            "general contractor|contractors|contracting",
            "asbestos|mold|mould|lead removal|abatement|remediation",
            "pest control",
        ],
    ),
    (
        "private security or investigator licence",
        &[
            "private investigator|investigators|detective|detectives|investigation|investigations",
            "security guard|guards|patrol|patrols",
            "bail bonds|bond",
        ],
    ),
    (
        "child care licence",
        &["daycare|daycares|childcare|preschool|nursery|creche", "day|child care", "nanny|babysitting agency|service|services"],
    ),
    (
        "alcohol or tobacco licence",
        &[
            "@sell ..2 alcohol|liquor|wine|wines|beer|beers|spirits|whisky|whiskey|vodka|tobacco|cigarettes|cigars|vapes",
            "alcohol|liquor|wine|beer|spirits|tobacco|vape|cigar @sale|subscription|box|boxes|club|bar",
            "brewery|breweries|distillery|winery",
        ],
    ),
    (
        "carrier, broker or vehicle-for-hire authority",
        &[
            "taxi|taxis|limo|limousine|rideshare service|services|company|rides",
            "freight broker|brokers|brokerage|hauling",
            "trucking|moving company|service|services",
        ],
    ),
    (
        "cosmetology, massage or body art licence",
        &[
            "hair|nail|beauty salon|salons",
            "barber|barbers|barbershop|cosmetology|esthetician|estheticians",
            "tattoo|piercing studio|studios|parlor",
            "massage|massages",
        ],
    ),
    ("funeral establishment licence", &["funeral home|homes|services|service|director", "cremation|embalming"]),
];

/// What somebody does who works against a thing: right behind it, or one word later.
const AGAINST_AFTER: [&str; 58] = [
    "addiction",
    "recovery",
    "recoveries",
    "rehab",
    "rehabilitation",
    "detection",
    "detector",
    "detectors",
    "detecting",
    "prevention",
    "awareness",
    "protection",
    "removal",
    "remover",
    "removers",
    "cleanup",
    "response",
    "defense",
    "defence",
    "analysis",
    "education",
    "survivors",
    "victims",
    "law",
    "laws",
    "policy",
    "compliance",
    "safe",
    "safes",
    "cabinet",
    "cabinets",
    "safety",
    "insurance",
    "museum",
    "history",
    "documentary",
    "anonymous",
    "resilience",
    "readiness",
    "monitoring",
    "mitigation",
    "scanner",
    "scanners",
    "tracking",
    "finder",
    "registry",
    "training",
    "simulation",
    "simulations",
    "tests",
    "killer",
    "control",
    "barrier",
    "verification",
    "checker",
    "repair",
    "filler",
    "research",
];
/// The same right before it.
const AGAINST_BEFORE: [&str; 49] = [
    "anti",
    "survivors",
    "victims",
    "against",
    "stop",
    "stops",
    "stopping",
    "prevent",
    "prevents",
    "preventing",
    "detect",
    "detects",
    "detecting",
    "fight",
    "fights",
    "fighting",
    "combat",
    "combats",
    "combating",
    "end",
    "ending",
    "remove",
    "removes",
    "removing",
    "block",
    "blocks",
    "blocking",
    "recognise",
    "recognize",
    "recognising",
    "recognizing",
    "spot",
    "spotting",
    "identify",
    "identifying",
    "report",
    "reporting",
    "recover",
    "recovering",
    "find",
    "finding",
    "trace",
    "tracing",
    "investigate",
    "investigating",
    "expose",
    "exposing",
    "reduce",
    "reducing",
];
/// Words after which "from", "about" and "on" show the same: "protect shops from counterfeits", "teach teens about heroin".
const GUARDS: [&str; 31] = [
    "protect",
    "protects",
    "protecting",
    "protection",
    "defend",
    "defends",
    "defending",
    "shield",
    "shields",
    "safe",
    "secure",
    "recovery",
    "recover",
    "teach",
    "teaches",
    "teaching",
    "train",
    "trains",
    "training",
    "educate",
    "educates",
    "educating",
    "education",
    "warn",
    "warns",
    "inform",
    "informs",
    "learn",
    "advice",
    "counselling",
    "counseling",
];
/// Things whose names are made of those in the tables: "glue guns", "bath bombs".
const HARMLESS: [&str; 34] = [
    "glue",
    "nail",
    "massage",
    "heat",
    "water",
    "toy",
    "nerf",
    "spray",
    "caulking",
    "staple",
    "price",
    "label",
    "radar",
    "grease",
    "bath",
    "seed",
    "chocolate",
    "cocoa",
    "tea",
    "pilot",
    "vehicle",
    "oversize",
    "load",
    "funeral",
    "church",
    "pipe",
    "reed",
    "wool",
    "code",
    "book",
    "therapeutic",
    "pet",
    "security",
    "ethical",
];
/// Words that change nothing between what is done and to what.
const FILLERS: [&str; 18] = [
    "the", "a", "an", "of", "your", "their", "our", "any", "all", "and", "or", "illegal", "sale", "sell", "sells", "selling", "buy", "use",
];
/// Who serves a trade does not ply it: its software, its pages, its lessons.
const SERVES_AFTER: [&str; 43] = [
    "software",
    "app",
    "apps",
    "tool",
    "tools",
    "template",
    "templates",
    "website",
    "websites",
    "marketing",
    "seo",
    "inventory",
    "scheduling",
    "booking",
    "bookings",
    "photography",
    "photos",
    "course",
    "courses",
    "training",
    "exam",
    "newsletter",
    "podcast",
    "content",
    "analytics",
    "dashboard",
    "dashboards",
    "directory",
    "crm",
    "bookkeeping",
    "cleaning",
    "chatbot",
    "jobs",
    "leads",
    "recruiting",
    "party",
    "parties",
    "themed",
    "literacy",
    "accounting",
    "chairs",
    "addiction",
    "guides",
];

static PROHIBITED_INDEX: LazyLock<Index> = LazyLock::new(|| Index::of(PROHIBITED.iter().map(|(_, patterns)| *patterns)));
static LICENSED_INDEX: LazyLock<Index> = LazyLock::new(|| Index::of(LICENSED.iter().map(|(_, patterns)| *patterns)));

/// What a business deals in that nobody may deal in, by its own words; none where they name nothing of the kind.
///
/// Disguises do not help: look-alike letters, digits for letters, points or blanks between letters.
pub fn prohibited(spec: &Spec) -> Option<&'static str> {
    if is_curated(spec) {
        return None;
    }
    let group = texts(spec).into_iter().find_map(|text| {
        let plain = Normal::of(text);
        let disguised = ['i', 'l'].map(|one| Normal::of(&fold(&plain.text, one)));
        let mut readings = vec![&plain];
        for reading in &disguised {
            if readings.iter().all(|known| known.text != reading.text) {
                readings.push(reading);
            }
        }
        readings.into_iter().find_map(|normal| first(&PROHIBITED_INDEX, normal, is_dealt_in))
    })?;
    Some(PROHIBITED[group].0)
}

/// The licences that a business needs by its own words; the templates name theirs in their blueprints.
pub fn licences(spec: &Spec) -> Vec<&'static str> {
    if is_curated(spec) {
        return Vec::new();
    }
    let mut named = Vec::new();
    for text in texts(spec) {
        let normal = Normal::of(text);
        let words = normal.words();
        let found = LICENSED_INDEX.find(&normal, &words).into_iter().filter(|found| is_plied(found, &normal, &words));
        named.extend(found.map(|found| found.group));
    }
    named.sort_unstable();
    named.dedup();
    named.into_iter().map(|group| LICENSED[group].0).collect()
}

/// Whether the blueprint is one of the templates as they are, whose words somebody has read.
fn is_curated(spec: &Spec) -> bool {
    matches!(spec.origin, Origin::Template { .. }) && blueprint::all().contains(&spec.blueprint)
}

/// The owner's words for what the business is, each once.
fn texts(spec: &Spec) -> Vec<&str> {
    let blueprint = &spec.blueprint;
    let concept = match &spec.origin {
        Origin::Concept { text } => text.as_str(),
        Origin::Template { .. } => "",
    };
    let mut texts: Vec<&str> = Vec::new();
    for text in [concept, &blueprint.description, &blueprint.offer, &blueprint.name] {
        // A concept's name is the start of its text, and its offer and description are all of it.
        if !texts.iter().any(|known| known.starts_with(text)) {
            texts.push(text);
        }
    }
    texts
}

fn first(index: &Index, normal: &Normal, counts: fn(&Match, &Normal, &[Word<'_>]) -> bool) -> Option<usize> {
    let words = normal.words();
    index.find(normal, &words).into_iter().find(|found| counts(found, normal, &words)).map(|found| found.group)
}

/// Whether a thing is dealt in, and not worked against.
fn is_dealt_in(found: &Match, normal: &Normal, words: &[Word<'_>]) -> bool {
    !(found.denied || is_against(found, normal, words))
}

fn is_against(found: &Match, normal: &Normal, words: &[Word<'_>]) -> bool {
    let has = |list: &[&str], at: usize| words.get(at).is_some_and(|word| list.contains(&word.text));
    let close = |from: usize, to: usize| to < words.len() && same_sentence(normal, words, from, to);
    let (first, last) = (found.first, found.last);
    let trade = |at: usize| {
        has(&["delivery", "shop", "store", "sale", "sales", "dealer", "supply", "for", "with", "online", "near", "service", "services"], at)
    };
    let after = close(last, last + 1) && has(&AGAINST_AFTER, last + 1)
        || close(last, last + 2) && has(&AGAINST_AFTER, last + 2) && !trade(last + 1);
    let mut before = (0..first).rev().take_while(|at| close(*at, first)).skip_while(|at| has(&FILLERS, *at)).take(1);
    let before = before.next().is_some_and(|at| {
        let guarded = has(&["from", "about", "on"], at) && (at.saturating_sub(5)..at).any(|guard| has(&GUARDS, guard));
        has(&AGAINST_BEFORE, at) || has(&HARMLESS, at) || has(&DENIALS, at) || guarded
    });
    // "sell heat guns": the harmless word may stand in the pattern's gap.
    let inside = (first + 1..last).any(|at| has(&HARMLESS, at));
    after || before || inside
}

/// Whether a trade is plied, and not served: software for it, or pages for those who ply it.
fn is_plied(found: &Match, normal: &Normal, words: &[Word<'_>]) -> bool {
    let has = |list: &[&str], at: usize| words.get(at).is_some_and(|word| list.contains(&word.text));
    let close = |from: usize, to: usize| to < words.len() && same_sentence(normal, words, from, to);
    let serves = (found.last + 1..found.last + 3).any(|at| close(found.last, at) && has(&SERVES_AFTER, at));
    let before: Vec<usize> = (found.first.saturating_sub(3)..found.first).rev().filter(|at| close(*at, found.first)).collect();
    let customers = before.iter().any(|at| has(&["for"], *at));
    let denied = before.iter().take(2).any(|at| has(&DENIALS, *at));
    !(found.denied || serves || customers || denied)
}

#[cfg(test)]
mod tests {
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
                &["Cocaine delivery for parties", "We sell weed to students", "Magic mushrooms by mail", "Cannabis edibles subscription"],
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
                &["Homemade pipe bombs", "Dynamite and detonators for everyone", "Sarin in small bottles"],
            ),
            ("stolen goods", &["Stolen phones at half price", "A marketplace for stolen car parts and stolen cars"]),
            (
                "counterfeit goods",
                &[
                    "Replica watches",
                    "Rolex replicas",
                    "Fake designer handbags",
                    "Counterfeit sneakers for resale",
                    "Pirated software shop",
                ],
            ),
            (
                "stolen cards, accounts or data",
                &["Fresh stolen credit cards", "Leaked databases for researchers", "CVV dumps", "Selling hacked accounts"],
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
            ("trade in people and sexual services", &["Escort agency", "Human trafficking", "We sell kidneys"]),
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
                &[
                    "Stalkerware",
                    "Spy on your wife's phone",
                    "Secretly track employees",
                    "An app that reads messages without their knowledge",
                ],
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
}
