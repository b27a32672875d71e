//! Amounts of money: a text names the price that its action has, and no other amount.

use std::sync::LazyLock;

use super::Hit;
use super::context::Context;
use super::normal::Normal;
use super::own::Own;
use super::phrases::Table;
use crate::money::Cents;
use crate::oversight::verdict::Ruling;

const RULE: &str = "content.price-mismatch";

const DOLLARS: [&str; 5] = ["usd", "dollar", "dollars", "buck", "bucks"];
const CENTS: [&str; 2] = ["cent", "cents"];
/// Names and codes of currencies in which nothing is ever sold here.
const FOREIGN: [&str; 36] = [
    "eur", "euro", "euros", "gbp", "sterling", "quid", "chf", "franc", "francs", "cad", "aud", "nzd", "sgd", "hkd", "jpy", "yen", "cny",
    "rmb", "yuan", "inr", "rupee", "rupees", "rub", "ruble", "rubles", "brl", "mxn", "peso", "pesos", "sek", "nok", "dkk", "btc",
    "bitcoin", "usdt", "usdc",
];
const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const TIMES: [(&str, i128); 10] = [
    ("k", 1_000),
    ("m", 1_000_000),
    ("mn", 1_000_000),
    ("bn", 1_000_000_000),
    ("hundred", 100),
    ("thousand", 1_000),
    ("grand", 1_000),
    ("million", 1_000_000),
    ("mio", 1_000_000),
    ("billion", 1_000_000_000),
];

static CURRENCIES: LazyLock<Table<Currency>> = LazyLock::new(|| {
    let dollars = DOLLARS.into_iter().map(|word| (word, Currency::Dollars));
    let cents = CENTS.into_iter().map(|word| (word, Currency::Cents));
    dollars.chain(cents).chain(FOREIGN.into_iter().map(|word| (word, Currency::Foreign))).collect()
});

/// What stands between a price and the time that it is for.
const PER: [&str; 4] = ["a", "per", "each", "every"];
const PERIODS: [&str; 7] = ["month", "mo", "year", "yr", "week", "seat", "user"];

/// The most characters between a figure and its currency, such as the blank and the bracket of `5 (USD)`.
const MAX_GAP: usize = 3;
/// The most words of one written-out number.
const MAX_NUMBER_WORDS: usize = 12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Currency {
    Dollars,
    Cents,
    Foreign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Figure,
    Word,
    Sign,
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    start: usize,
    end: usize,
}

pub(super) fn find(context: &Context<'_>, normal: &Normal, own: &Own<'_>, hits: &mut Vec<Hit>) {
    let tokens = tokens(&normal.text);
    let allowed = allowed(context);
    let fits = |amount: Option<i128>| amount.is_some_and(|amount| allowed.iter().flatten().any(|price| i128::from(price.get()) == amount));
    for (start, end, amount) in amounts(&normal.text, &tokens) {
        if !fits(amount) && !own.covers(start, end) {
            // That something costs nothing may be true of a part of the offer.
            let ruling = if amount == Some(0) { Ruling::Escalate } else { Ruling::Veto };
            hits.push(Hit { ruling, ..Hit::of(RULE, normal, start, end) });
        }
    }
    for (start, end, amount) in rates(&normal.text, &tokens) {
        if !fits(amount) && !own.covers(start, end) {
            hits.push(Hit::asks(RULE, normal, start, end));
        }
    }
}

/// Figures that are a price without a currency, `99 a month` or `99/mo`, if they are one: that is for a person to judge.
fn rates(text: &str, tokens: &[Token<'_>]) -> Vec<(usize, usize, Option<i128>)> {
    let figure = |index: usize| tokens.get(index).is_some_and(|token| token.kind == Kind::Figure);
    (0..tokens.len())
        .filter(|index| figure(*index) && index.checked_sub(1).is_none_or(|before| currency(text, tokens, before).is_none()))
        .filter_map(|index| {
            let next = after(text, tokens, index)?;
            let last = if PER.contains(&tokens[next].text) { after(text, tokens, next)? } else { next };
            let slash = text[tokens[index].end..tokens[next].start].contains('/');
            let rate = PERIODS.contains(&tokens[last].text) && (last > next || slash);
            rate.then(|| (tokens[index].start, tokens[last].end, worth(tokens[index].text, 1, Currency::Dollars)))
        })
        .collect()
}

/// The prices that this text may name: a mail's own, or in public the list price now, and the one that the business was launched with.
fn allowed(context: &Context<'_>) -> [Option<Cents>; 2] {
    [context.setting.price, context.setting.public.then_some(context.spec.blueprint.price)]
}

/// All amounts of money, with their place and their worth in US cents; none where that is not known, or not money of the United States.
fn amounts(text: &str, tokens: &[Token<'_>]) -> Vec<(usize, usize, Option<i128>)> {
    if !(0..tokens.len()).any(|index| currency(text, tokens, index).is_some()) {
        return Vec::new();
    }
    let mut used = vec![false; tokens.len()];
    let mut found = Vec::new();
    for index in 0..tokens.len() {
        if tokens[index].kind == Kind::Figure {
            found.extend(in_figures(text, tokens, index, &mut used));
        }
    }
    for (index, used) in used.iter().enumerate() {
        if !used && let Some(currency) = currency(text, tokens, index) {
            found.extend(in_words(text, tokens, index, currency));
        }
    }
    found
}

/// `$5`, `5 USD`, `USD 5`, `US$ 5.00`, `5k dollars`.
fn in_figures(text: &str, tokens: &[Token<'_>], index: usize, used: &mut [bool]) -> Option<(usize, usize, Option<i128>)> {
    let mut last = index;
    let mut factor = 1;
    while let Some(times) = after(text, tokens, last).and_then(|next| TIMES.iter().find(|(word, _)| *word == tokens[next].text)) {
        // "5 m" is a length, "5m" may be money.
        if times.0.len() == 1 && tokens[last].end < tokens[last + 1].start {
            break;
        }
        factor *= times.1;
        last += 1;
        if last > index + 2 {
            break;
        }
    }
    let left = before(text, tokens, index).filter(|sign| !used[*sign]).and_then(|sign| Some((sign, currency(text, tokens, sign)?)));
    let mut right = after(text, tokens, last);
    if let Some(us) = right.filter(|us| matches!(tokens[*us].text, "us" | "american")) {
        right = after(text, tokens, us).filter(|next| currency(text, tokens, *next).is_some()).or(right);
    }
    let right = right.and_then(|sign| Some((sign, currency(text, tokens, sign)?)));
    // In "3 $5 seats" the sign belongs to what it touches.
    let touches_next = |sign: usize| {
        tokens[sign].start > tokens[last].end
            && tokens.get(sign + 1).is_some_and(|next| next.kind == Kind::Figure && next.start == tokens[sign].end)
    };
    let right = right.filter(|(sign, _)| !touches_next(*sign));
    for (sign, _) in left.iter().chain(&right) {
        used[*sign] = true;
    }
    let kind = match (left, right) {
        (None, None) => return None,
        (Some((_, one)), Some((_, other))) if one != other => Currency::Foreign,
        (Some((_, kind)), _) | (None, Some((_, kind))) => kind,
    };
    let start = left.map_or(tokens[index].start, |(sign, _)| tokens[sign].start);
    let end = right.map_or(tokens[last].end, |(sign, _)| tokens[sign].end);
    let amount = worth(tokens[index].text, factor, kind);
    Some((start, end, amount))
}

/// `five dollars`, `two thousand euros`.
fn in_words(text: &str, tokens: &[Token<'_>], index: usize, kind: Currency) -> Option<(usize, usize, Option<i128>)> {
    let mut first = index;
    while let Some(word) = before(text, tokens, first)
        && index - word <= MAX_NUMBER_WORDS
        && (number_word(tokens[word].text).is_some() || matches!(tokens[word].text, "and" | "us" | "american"))
    {
        first = word;
    }
    let words: Vec<(i128, i128)> = tokens[first..index].iter().filter_map(|word| number_word(word.text)).collect();
    if words.is_empty() {
        return None;
    }
    let (mut total, mut part) = (0_i128, 0_i128);
    for (value, times) in words {
        if times == 1 {
            part += value;
        } else {
            part = part.max(1).saturating_mul(times);
            if times > 100 {
                total = total.saturating_add(part);
                part = 0;
            }
        }
    }
    let total = total.saturating_add(part);
    let amount = match kind {
        Currency::Dollars => Some(total.saturating_mul(100)),
        Currency::Cents => Some(total),
        Currency::Foreign => None,
    };
    Some((tokens[first].start, tokens[index].end, amount))
}

/// What a word adds, or by how much it multiplies what stands before it.
fn number_word(word: &str) -> Option<(i128, i128)> {
    let at = |words: &[&str]| words.iter().position(|known| *known == word).and_then(|at| i128::try_from(at).ok());
    let times = TIMES.iter().find(|(known, _)| *known == word).map(|(_, times)| (0, *times));
    at(&ONES).map(|ones| (ones, 1)).or_else(|| at(&TENS).map(|tens| ((tens + 2) * 10, 1))).or(times)
}

/// The currency that a token names. A letter before a dollar sign makes it another country's, unless it is the United States.
fn currency(text: &str, tokens: &[Token<'_>], index: usize) -> Option<Currency> {
    let token = tokens[index];
    match token.kind {
        Kind::Figure => None,
        Kind::Sign => {
            let country = tokens[..index].last().filter(|word| word.kind == Kind::Word && word.end == token.start);
            match &text[token.start..token.end] {
                "$" if country.is_none_or(|word| matches!(word.text, "us" | "usd")) => Some(Currency::Dollars),
                "¢" => Some(Currency::Cents),
                _ => Some(Currency::Foreign),
            }
        }
        Kind::Word => CURRENCIES.get(token.text).copied(),
    }
}

/// The token before this one, where no more than a little stands between them.
fn before(text: &str, tokens: &[Token<'_>], index: usize) -> Option<usize> {
    let one = index.checked_sub(1)?;
    is_gap(&text[tokens[one].end..tokens[index].start]).then_some(one)
}

fn after(text: &str, tokens: &[Token<'_>], index: usize) -> Option<usize> {
    let next = tokens.get(index + 1)?;
    is_gap(&text[tokens[index].end..next.start]).then_some(index + 1)
}

fn is_gap(between: &str) -> bool {
    between.len() <= MAX_GAP && between.bytes().all(|b| b" -:()[]*_~=/".contains(&b))
}

/// Figures, words and signs of currencies; what stands between them is left out.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        at += c.len_utf8();
        let kind = if c.is_ascii_digit() {
            at = end_of_figure(text, at);
            Kind::Figure
        } else if c.is_alphabetic() {
            at += text[at..].find(|c: char| !c.is_alphabetic()).unwrap_or(text.len() - at);
            Kind::Word
        } else if matches!(c, '$' | '£' | '¢' | '¥' | '\u{20a0}'..='\u{20cf}') {
            Kind::Sign
        } else {
            continue;
        };
        tokens.push(Token { kind, text: &text[start..at], start, end: at });
    }
    tokens
}

/// Where a figure ends whose first digit ends at `at`: with separators, and with blanks between thousands.
fn end_of_figure(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let three = |at: usize| (at..at + 3).all(digit) && !digit(at + 3);
    loop {
        match bytes.get(at) {
            Some(b) if b.is_ascii_digit() => at += 1,
            Some(b'.' | b',' | b'\'') if digit(at + 1) => at += 1,
            Some(b' ') if three(at + 1) && bytes[..at].iter().rev().take_while(|b| b.is_ascii_digit()).count() <= 3 => at += 1,
            _ => return at,
        }
    }
}

/// What a figure is worth in cents, times `factor`; nothing where that is no whole number, or not clear.
fn worth(figure: &str, factor: i128, kind: Currency) -> Option<i128> {
    let point = figure.rfind(['.', ',']);
    let (whole, fraction) = point.map_or((figure, ""), |at| (&figure[..at], &figure[at + 1..]));
    let separator = point.map(|at| &figure[at..=at]);
    // The only separator before three digits, or one of several that are alike, sets thousands apart.
    let alike = separator.is_some_and(|separator| whole.contains(separator));
    let (whole, fraction) = if alike || (fraction.len() == 3 && !whole.contains(['.', ',']) && !whole.starts_with('0')) {
        (figure, "")
    } else {
        (whole, fraction)
    };
    let digits: String = whole.chars().chain(fraction.chars()).filter(char::is_ascii_digit).collect();
    let number: i128 = digits.parse().ok()?;
    let cents = match kind {
        Currency::Dollars => 100,
        Currency::Cents => 1,
        Currency::Foreign => return None,
    };
    let parts = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let scaled = number.checked_mul(factor)?.checked_mul(cents)?;
    (scaled % parts == 0).then(|| scaled / parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let check = |text: &str, want: &[Option<i128>]| {
            let found: Vec<Option<i128>> = {
                let text = Normal::of(text).text;
                amounts(&text, &tokens(&text)).into_iter().map(|(_, _, amount)| amount).collect()
            };
            assert_eq!(found, want, "{text}");
        };
        for text in [
            "$1,400",
            "$ 1400",
            "1400$",
            "1,400.00 USD",
            "USD 1400",
            "usd: 1400",
            "US$1400",
            "1400 dollars",
            "1400-dollar",
            "1.400,00 USD",
            "1 400 USD",
            "1'400 USD",
            "$1.4k",
            "1.4 thousand dollars",
            "1400 US dollars",
            "fourteen hundred dollars",
            "one thousand four hundred dollars",
            "1400 (USD)",
            "$1400 USD",
            "＄１４００",
            "140000 cents",
            "140000¢",
            "1400 american dollars",
        ] {
            check(text, &[Some(140_000)]);
        }
        check("€5 or 5 EUR or £5 or ¥5 or C$5 or 5 euros or five euros", &[None; 7]);
        check("$5 EUR and C$5 USD", &[None; 2]);
        check("two million dollars or two mn dollars", &[Some(200_000_000); 2]);
        check("two hundred thousand dollars, two hundred k dollars", &[Some(20_000_000); 2]);
        check("5 hundred thousand million dollars", &[Some(50_000_000_000_000)]);
        check("one two six 5 billion billion billion billion billion dollars", &[Some(500_000_000_000)]);
        check("twenty-five dollars and 50 cents", &[Some(50), Some(2_500)]);
        check("1400 USD 3 times, 20 $5 seats, 20 USD5 seats", &[Some(140_000), Some(500), Some(500)]);
        check("1 1400 USD", &[Some(140_000)]);
        check("$0.005", &[None]);
        check("$99999999999999999999", &[Some(9_999_999_999_999_999_999_900)]);
        check(&format!("${}", "9".repeat(40)), &[None]);
        check("5 m of rope, 3 episodes, day 2026, 5 %, a dollar sign, thousands of dollars", &[]);
        check("It costs USD. 3 episodes follow", &[]);
    }
}
