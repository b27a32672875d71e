//! What stands around a thing that a table names, and says whether it is dealt in or worked against, plied or served.

use crate::oversight::content::denial::DENIALS;
use crate::oversight::content::normal::{Normal, Word};
use crate::oversight::content::phrases::{Match, same_sentence};

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

/// Whether a thing is dealt in, and not worked against.
pub(super) fn is_dealt_in(found: &Match, normal: &Normal, words: &[Word<'_>]) -> bool {
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
    // "Explosives-free", but not "explosives, free of charge".
    let free = words.get(last + 1).is_some_and(|word| word.text == "free" && &normal.text[words[last].end..word.start] == "-");
    let mut before = (0..first).rev().take_while(|at| close(*at, first)).skip_while(|at| has(&FILLERS, *at)).take(1);
    let before = before.next().is_some_and(|at| {
        let guarded = has(&["from", "about", "on"], at) && (at.saturating_sub(5)..at).any(|guard| has(&GUARDS, guard));
        has(&AGAINST_BEFORE, at) || has(&HARMLESS, at) || has(&DENIALS, at) || guarded
    });
    // "sell heat guns": the harmless word may stand in the pattern's gap.
    let inside = (first + 1..last).any(|at| has(&HARMLESS, at));
    after || free || before || inside
}

/// Whether a trade is plied, and not served: software for it, or pages for those who ply it.
pub(super) fn is_plied(found: &Match, normal: &Normal, words: &[Word<'_>]) -> bool {
    let has = |list: &[&str], at: usize| words.get(at).is_some_and(|word| list.contains(&word.text));
    let close = |from: usize, to: usize| to < words.len() && same_sentence(normal, words, from, to);
    let serves = (found.last + 1..found.last + 3).any(|at| close(found.last, at) && has(&SERVES_AFTER, at));
    let before: Vec<usize> = (found.first.saturating_sub(3)..found.first).rev().filter(|at| close(*at, found.first)).collect();
    let customers = before.iter().any(|at| has(&["for"], *at));
    let denied = before.iter().take(2).any(|at| has(&DENIALS, *at));
    !(found.denied || serves || customers || denied)
}
