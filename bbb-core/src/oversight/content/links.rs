//! Links: a text leads to the sender's own pages and nowhere else.

use std::cell::LazyCell;

use super::Hit;
use super::context::Context;
use super::normal::Normal;
use super::own::Own;
use super::private::is_ours;
use crate::oversight::verdict::Ruling;

const RULE: &str = "content.foreign-link";

/// Ends of internet names: of countries, and those of more letters that are in wide use, in wide abuse, or reserved.
const COUNTRIES: &str = "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf cg \
    ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr \
    gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly \
    ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt \
    pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug \
    uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw";
const OTHERS: &str = "academy agency app arpa art asia bank biz blog business cam cash cat center chat click cloud club com company consulting coop \
    credit deals design dev digital directory domains edu email events example expert finance financial fit fun fund fyi games gmbh gov group guru \
    help host icu info ink int invalid jobs life link live llc loan local localhost lol ltd market media mil mobi money mov name net network news \
    ninja one onion online org page pay pics plus pro pub quest rest sale sbs services shop site social solutions space store support systems team \
    tech test tips today tools top trade travel vip website wiki win work works world wtf xyz zip zone";

/// Ends that nobody mistakes for a word.
const TORN: [&str; 9] = ["com", "org", "io", "biz", "xyz", "ru", "cn", "info", "www"];
/// Names of things with a point that lead nowhere, and ends of names of files.
const THINGS: [&str; 3] = ["asp.net", "vb.net", "ado.net"];
const FILES: &str = "js ts pdf png jpg jpeg gif svg csv mp3 mp4 wav txt doc docx xls xlsx ppt pptx html htm json xml ics psd";

/// Points that a reader sees as points and a mail program does not.
const POINTS: [&str; 6] = ["[.]", "(.)", "{.}", "[dot]", "(dot)", "{dot}"];

/// The most characters of a link, of a name, or of an address that are looked at.
const LONGEST_CHARS: usize = 256;

pub(super) fn find(context: &Context<'_>, normal: &Normal, original: &str, own: &Own<'_>, hits: &mut Vec<Hit>) {
    let text = normal.text.as_str();
    // What only looks like our name is not ours: letters of other alphabets have become Latin ones by now.
    let is_ascii = |start, end| {
        let (start, end) = normal.span(start, end);
        original.get(start..end).is_some_and(str::is_ascii)
    };
    let mut flag = |start: usize, end: usize, ruling: Ruling| {
        if !own.covers(start, end) {
            hits.push(Hit { ruling, ..Hit::of(RULE, normal, start, end) });
        }
    };
    let ours = LazyCell::new(|| Ours::of(context));
    let mut links_end = Vec::new();
    for link in links(text) {
        links_end.push((link.start, link.end));
        if !(is_ascii(link.start, link.end.min(link.start + link.head.len())) && ours.has_link(&link)) {
            flag(link.start, link.end, Ruling::Veto);
        }
    }
    for name in names(text) {
        let before = links_end.partition_point(|(start, _)| *start <= name.start);
        let in_link = before.checked_sub(1).is_some_and(|last| links_end[last].1 >= name.end);
        let fine = is_ascii(name.start, name.end) && ours.has_name(&text[name.start..name.end], name.leads_on);
        if !in_link && !fine {
            flag(name.start, name.end, name.ruling);
        }
    }
    for (at, _) in text.bytes().enumerate().filter(|(_, b)| matches!(b, b'[' | b'(' | b'{')) {
        let Some(point) = POINTS.iter().find(|point| text[at..].starts_with(**point)) else { continue };
        let end = at + point.len();
        let (before, after) = (text[..at].chars().next_back(), text[end..].chars().next());
        if before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric) {
            flag(at, end, Ruling::Veto);
        }
    }
    for (start, end) in torn(text) {
        flag(start, end, Ruling::Escalate);
    }
}

/// Ends of names that stand apart from them: `evilcorp .com`.
fn torn(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.match_indices(" .").chain(text.match_indices(". ")).filter_map(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + 2..]);
        let length = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let ends = !after[length..].starts_with(|c: char| c.is_alphanumeric() || c == '\'');
        // A sentence may begin with "In" or "Me", but not with "Com".
        (before.ends_with(char::is_alphanumeric) && ends && TORN.contains(&&after[..length])).then_some((at, at + 2 + length))
    })
}

/// What is the sender's own.
struct Ours<'a> {
    /// The domain of its address. Names under it are its own, too.
    domain: String,
    /// The host of its unsubscribe link. Somebody else may run it for many senders, so names under it are not.
    unsubscribe: String,
    context: &'a Context<'a>,
}

/// The name behind the sign of an address.
fn domain(address: &str) -> String {
    address.rsplit_once('@').map_or_else(String::new, |(_, domain)| Normal::of(domain.trim()).text)
}

impl<'a> Ours<'a> {
    fn of(context: &'a Context<'a>) -> Ours<'a> {
        let unsubscribe = Normal::of(context.spec.sender.unsubscribe.trim()).text;
        Ours {
            domain: domain(&context.spec.sender.address),
            unsubscribe: links(&unsubscribe).find_map(|link| link.host().map(str::to_owned)).unwrap_or_default(),
            context,
        }
    }

    fn has_host(&self, host: &str) -> bool {
        let under = host.strip_suffix(self.domain.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
        (under && !self.domain.is_empty()) || (!self.unsubscribe.is_empty() && bare(host) == bare(&self.unsubscribe))
    }

    fn has_link(&self, link: &Link<'_>) -> bool {
        if link.scheme == "mailto" {
            // Whoever else it would write to stands behind the question mark.
            let (address, more) = link.rest.split_once('?').unwrap_or((link.rest, ""));
            return is_ours(self.context, address) && !["cc=", "to=", "@", "%"].iter().any(|mark| more.contains(mark));
        }
        link.host().is_some_and(|host| self.has_host(host))
    }

    /// Those who are written to may be named by their company's domain. `leads_on` says that a path or a port follows: then it is a link, and no company's name.
    fn has_name(&self, name: &str, leads_on: bool) -> bool {
        self.has_host(name) || (!leads_on && self.context.readers().any(|reader| domain(reader) == name))
    }
}

/// Something with a scheme, in a normalized text.
struct Link<'a> {
    start: usize,
    end: usize,
    scheme: &'a str,
    /// What follows the scheme and its colon.
    rest: &'a str,
    /// The scheme, the host and what stands between them.
    head: &'a str,
}

impl<'a> Link<'a> {
    /// The host of a link to a page; nothing where programs differ about where it leads.
    fn host(&self) -> Option<&'a str> {
        let after = self.rest.strip_prefix("//")?;
        let host = after.split(['/', '?', '#']).next()?;
        let host = host.split_once(':').map_or(host, |(host, port)| if port.bytes().all(|b| b.is_ascii_digit()) { host } else { "" });
        let plain = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
        (matches!(self.scheme, "http" | "https") && plain).then(|| host.trim_end_matches('.'))
    }
}

fn links(text: &str) -> impl Iterator<Item = Link<'_>> {
    text.match_indices(':').filter_map(|(colon, _)| {
        let letters = text[..colon].bytes().rev().take(LONGEST_CHARS).take_while(u8::is_ascii_alphabetic).count();
        let (start, scheme) = (colon - letters, &text[colon - letters..colon]);
        let rest = &text[colon + 1..];
        let known = matches!(scheme, "http" | "https" | "ftp" | "mailto");
        let leads = rest.starts_with("//") || rest.starts_with("\\\\");
        if scheme.is_empty() || !(leads || known) {
            return None;
        }
        let is_part = |c: &char| !matches!(c, ' ' | '"' | '<' | '>');
        let length = rest.chars().take(LONGEST_CHARS).take_while(is_part).map(char::len_utf8).sum();
        let rest = rest[..length].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '*', '_']);
        if rest.is_empty() {
            return None;
        }
        let end = colon + 1 + rest.len();
        let slashes = rest.len() - rest.trim_start_matches(['/', '\\']).len();
        let head = rest[slashes..].find(['/', '\\', '?', '#']).map_or(end, |at| colon + 1 + slashes + at);
        Some(Link { start, end, scheme, rest, head: &text[start..head] })
    })
}

/// Something that reads as an internet name, in a normalized text.
struct Name {
    start: usize,
    end: usize,
    /// Whether a path or a port follows.
    leads_on: bool,
    /// Whether it is surely one, or a person has to look.
    ruling: Ruling,
}

fn names(text: &str) -> Vec<Name> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_edge = ['.', '-', '_'];
    let mut names = Vec::new();
    let mut at = 0;
    // A name has a point, so only what surrounds one is looked at.
    while let Some(before) = text[at..].find('.') {
        let point = at + before;
        let mut start = point - text[at..point].chars().rev().take_while(|c| is_part(*c)).map(char::len_utf8).sum::<usize>();
        let end = text[point..].find(|c| !is_part(c)).map_or(text.len(), |length| point + length);
        at = end;
        // "well...then" is two words.
        for piece in text[start..end].split("..") {
            let (next, name) = (start + piece.len() + 2, piece.trim_matches(is_edge));
            let first = start + piece.len() - piece.trim_start_matches(is_edge).len();
            let last = first + name.len();
            let after = &text[last..];
            let port = after.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
            let leads_on = after.starts_with(['/', '\\']) || port;
            let found = is_name(name, leads_on).map(|ruling| Name { start: first, end: last, leads_on, ruling });
            names.extend(found.filter(|found| !is_in_address(text, found)));
            start = next;
        }
    }
    names
}

/// Whether this is a name: surely, or perhaps, for which a person is asked.
fn is_name(name: &str, leads_on: bool) -> Option<Ruling> {
    let (rest, end) = name.rsplit_once('.')?;
    let surely = |is_one: bool| is_one.then_some(Ruling::Veto);
    let letters = |label: &str| label.chars().all(char::is_alphabetic);
    if name.len() > LONGEST_CHARS {
        return surely(letters(end));
    }
    if name.split('.').count() == 4 && name.split('.').all(|part| part.parse::<u8>().is_ok()) {
        return Some(Ruling::Veto);
    }
    if leads_on {
        return surely(letters(end) && end.len() >= 2);
    }
    // "p.m.at" and "9.am" are times.
    let told = rest.split('.').any(|label| label.chars().count() >= 2 && (label.len() >= 3 || label.chars().any(char::is_alphabetic)));
    let known = || COUNTRIES.split(' ').chain(OTHERS.split(' ')).any(|known| known == end) || end.starts_with("xn--");
    if !told || THINGS.contains(&name) || FILES.split(' ').any(|known| known == end) {
        return None;
    }
    if known() || (name.starts_with("www.") && letters(end)) {
        return Some(Ruling::Veto);
    }
    // There are some fourteen hundred ends, and every year brings new ones.
    (letters(end) && end.len() >= 3 && rest.bytes().any(|b| b.is_ascii_alphabetic())).then_some(Ruling::Escalate)
}

/// Whether a name is part of a mail address, which has a rule of its own.
fn is_in_address(text: &str, name: &Name) -> bool {
    let is_local = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
    if let Some(before) = text[..name.start].strip_suffix('@') {
        return before.ends_with(is_local);
    }
    let after = &text[name.end..];
    let local: usize = after.chars().take(LONGEST_CHARS).take_while(|c| is_local(*c)).map(char::len_utf8).sum();
    let domain = after[local..].strip_prefix('@').map(|domain| domain.split(|c: char| !(c.is_alphanumeric() || ".-".contains(c))).next());
    domain.flatten().is_some_and(|domain| domain.trim_end_matches(['.', '-']).contains('.'))
}
