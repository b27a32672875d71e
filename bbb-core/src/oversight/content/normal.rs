//! Text made comparable: the same words look the same, however they were typed, and every place leads back to the text as it was.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Characters that show nothing and can hide or reorder what is around them.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            // Fillers: letters by their class, and nothing to see.
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
    )
}

/// Whether the character only decorates the one before it.
const fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// The ASCII character that this one passes for, by our own table, by its compatibility decomposition, or by Unicode's confusables (UTS 39).
fn seen_as(c: char) -> char {
    let seen = if c.is_ascii() { c } else { lookalike(c) };
    if seen.is_ascii() {
        return seen;
    }
    let alone = |seen: &mut dyn Iterator<Item = char>| match (seen.next(), seen.next()) {
        (Some(c), None) if c.is_ascii_alphanumeric() => Some(c.to_ascii_lowercase()),
        _ => None,
    };
    let decomposed = std::iter::once(c).nfkd().filter(|c| !matches!(c, '(' | ')' | '.' | ','));
    alone(&mut { decomposed }).or_else(|| alone(&mut unicode_security::skeleton(c.encode_utf8(&mut [0; 4])))).unwrap_or(c)
}

/// The ASCII character that this one passes for: full-width forms, and letters of other alphabets that look Latin.
const fn lookalike(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => ascii_of_fullwidth(c),
        '\u{1f1e6}'..='\u{1f1ff}' => letter_of_alphabets(c, 0x1f1e6),
        '\u{1d400}'..='\u{1d6a3}' => letter_of_alphabets(c, 0x1d400),
        '\u{24d0}'..='\u{24e9}' => letter_of_alphabets(c, 0x24d0 - 26),
        '\u{1f130}'..='\u{1f149}' => letter_of_alphabets(c, 0x1f130),
        '\u{1f150}'..='\u{1f169}' => letter_of_alphabets(c, 0x1f150),
        '\u{1f170}'..='\u{1f189}' => letter_of_alphabets(c, 0x1f170),
        'ᴀ'..='ᴢ' | 'ʙ' | 'ɢ' | 'ʜ' | 'ɪ' | 'ʟ' | 'ɴ' | 'ʀ' | 'ʏ' | 'ꜰ' | 'ꜱ' => small_capital(c),
        'а' | 'α' | 'ɑ' => 'a',
        'в' | 'β' | 'ь' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' | 'ɛ' | 'ɘ' | 'ə' | 'ǝ' => 'e',
        'ɡ' | 'ց' => 'g',
        'һ' | 'н' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'ӏ' => 'l',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'ո' | 'η' | 'п' => 'n',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' => 'y',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2024}' | '\u{3002}' | '\u{fe52}' | '\u{ff61}' => '.',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

const fn ascii_of_fullwidth(c: char) -> char {
    // The range has the order of ASCII from `!` to `~`, so the difference fits a byte.
    #[expect(clippy::cast_possible_truncation, reason = "the caller's range is 94 characters long")]
    let offset = (c as u32 - 0xff01) as u8;
    (b'!' + offset) as char
}

/// The letter that a small capital is.
const fn small_capital(c: char) -> char {
    match c {
        'ᴀ' => 'a',
        'ʙ' => 'b',
        'ᴄ' => 'c',
        'ᴅ' => 'd',
        'ᴇ' => 'e',
        'ꜰ' => 'f',
        'ɢ' => 'g',
        'ʜ' => 'h',
        'ɪ' => 'i',
        'ᴊ' => 'j',
        'ᴋ' => 'k',
        'ʟ' => 'l',
        'ᴍ' => 'm',
        'ɴ' => 'n',
        'ᴏ' => 'o',
        'ᴘ' => 'p',
        'ʀ' => 'r',
        'ꜱ' => 's',
        'ᴛ' => 't',
        'ᴜ' => 'u',
        'ᴠ' => 'v',
        'ᴡ' => 'w',
        'ʏ' => 'y',
        'ᴢ' => 'z',
        c => c,
    }
}

/// A letter of an alphabet in bold, script or circles that begins at `start`, where capitals and small letters take turns.
const fn letter_of_alphabets(c: char, start: u32) -> char {
    let offset = ((c as u32 - start) % 26) as u8;
    (b'a' + offset) as char
}

/// The plain letter under a letter with an accent, and the letter that a digit or a sign between letters stands for; `one` is what a one stands for.
const fn undisguised(c: char, one: char) -> char {
    match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | '4' | '@' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è'..='ë' | 'ē' | 'ę' | 'ě' | '3' | '€' => 'e',
        'ì'..='ï' | 'ī' | 'į' => 'i',
        'ł' => 'l',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ő' | '0' => 'o',
        'ś' | 'š' | 'ș' | '5' | '$' => 's',
        'ț' | 'ť' | '7' => 't',
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        '8' => 'b',
        '1' | '!' | '|' => one,
        c => c,
    }
}

/// What a normalized text says to somebody who reads over its disguises: digits and signs for letters, accents, points and hyphens within words, and words
/// written one letter at a time.
pub(super) fn fold(normal: &str, one: char) -> String {
    let mut folded = String::with_capacity(normal.len());
    let mut spelled = false;
    for chunk in normal.split(' ') {
        // A figure stays one, and so does the mark at the end of a sentence.
        let chunk = chunk.trim_end_matches(['!', '|', '.', ',', ';', ':', '?']);
        let letters = chunk.chars().any(char::is_alphabetic);
        let word: String = match letters {
            true => chunk.chars().map(|c| undisguised(c, one)).filter(|c| c.is_alphanumeric()).collect(),
            false => chunk.to_owned(),
        };
        let single = letters && word.chars().count() == 1;
        if !(folded.is_empty() || single && spelled) {
            folded.push(' ');
        }
        folded.push_str(&word);
        spelled = single;
    }
    folded
}

/// Letters in a row that are a word written one letter at a time, and no list.
const SPELLED_LETTERS: usize = 5;

/// The letter under an accent.
pub(super) fn without_accent(c: char) -> char {
    if c.is_alphabetic() { undisguised(c, c) } else { c }
}

/// What somebody reads who reads over disguises within words: accents, blanks between letters, digits and signs for letters, points and hyphens. There are two
/// readings at most, for a one is an `i` or an `l`, and none where no word that was disguised is one that `matters`.
pub(super) fn read_over(normal: &str, matters: impl Fn(&str) -> bool) -> Vec<String> {
    let ends = |c: char| matches!(c, '.' | ',' | '!' | '?' | ':' | ';' | '"' | ')' | '(' | '\'');
    let mut readings = Vec::new();
    let chunks: Vec<&str> = normal.split(' ').collect();
    let ones = if normal.contains(['1', '|', '!']) { &['i', 'l'][..] } else { &['i'] };
    for one in ones.iter().copied() {
        let (mut read, mut disguised) = (String::with_capacity(normal.len()), false);
        let mut at = 0;
        while at < chunks.len() {
            let run = chunks[at..].iter().take_while(|chunk| is_letter(chunk)).count();
            let taken = if run >= SPELLED_LETTERS {
                // Its last letter may bear the mark at the end of a sentence.
                let end = chunks.get(at + run).filter(|next| next.starts_with(char::is_alphabetic) && next.chars().count() == 2);
                run + usize::from(end.is_some_and(|next| next.ends_with(ends)))
            } else {
                1
            };
            let spelled = if taken == 1 { Cow::Borrowed(chunks[at]) } else { Cow::Owned(chunks[at..at + taken].concat()) };
            let core = spelled.trim_matches(ends);
            let word = word_in(core, one);
            let new = (taken > 1 || *word != *core) && matters(&word);
            disguised |= new;
            // What is no disguise of anything that matters stays as it is.
            if new {
                let start = spelled.len() - spelled.trim_start_matches(ends).len();
                read.extend([&spelled[..start], &word, &spelled[start + core.len()..], " "]);
            } else {
                read.extend(chunks[at..at + taken].iter().flat_map(|chunk| [chunk, " "]));
            }
            at += taken;
        }
        if disguised && !readings.contains(&read) {
            readings.push(read);
        }
    }
    readings
}

fn is_letter(chunk: &&str) -> bool {
    let mut chars = chunk.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

/// The word that is written here, if it is one: figures stay figures.
fn word_in(chunk: &str, one: char) -> Cow<'_, str> {
    let letters = chunk.chars().filter(|c| c.is_alphabetic()).count();
    let plain = chunk.bytes().all(|b| b.is_ascii_lowercase());
    if plain || letters < 2 {
        return Cow::Borrowed(chunk);
    }
    chunk.chars().filter(|c| !matches!(c, '.' | '-' | '_' | '*' | '/' | '\\' | '~' | '\'')).map(|c| undisguised(c, one)).collect()
}

/// Words for which there is room from the beginning: those of most texts.
const WORDS: usize = 128;

/// Text in lower case, with lookalikes in ASCII, runs of white space as one space, and nothing invisible.
#[derive(Debug)]
pub(super) struct Normal {
    /// The text.
    pub(super) text: String,
    /// For each byte of it, where the character that it came from begins in the original.
    origin: Vec<usize>,
    /// The length of the original.
    end: usize,
}

impl Normal {
    pub(super) fn of(original: &str) -> Normal {
        let mut normal =
            Normal { text: String::with_capacity(original.len()), origin: Vec::with_capacity(original.len()), end: original.len() };
        let mut at = 0;
        // Most of most texts is plain: it is taken as it is, a run at a time, and made small at the end.
        loop {
            let plain = original[at..].bytes().take_while(|b| b.is_ascii() && !b.is_ascii_whitespace()).count();
            normal.text.push_str(&original[at..at + plain]);
            normal.origin.extend(at..at + plain);
            at += plain;
            let Some(c) = original[at..].chars().next() else { break };
            if c.is_ascii() {
                normal.push(at, ' ');
            } else if !is_invisible(c) && !is_mark(c) {
                c.to_lowercase().map(seen_as).for_each(|c| normal.push(at, c));
            }
            at += c.len_utf8();
        }
        normal.text.make_ascii_lowercase();
        normal
    }

    fn push(&mut self, offset: usize, c: char) {
        if c == ' ' && self.text.ends_with(' ') {
            return;
        }
        self.text.push(c);
        self.origin.resize(self.text.len(), offset);
    }

    /// Where a range of this text lies in the original, in bytes.
    pub(super) fn span(&self, start: usize, end: usize) -> (usize, usize) {
        let at = |index: usize| self.origin.get(index).copied().unwrap_or(self.end);
        (at(start), at(end))
    }

    /// The words, in order: runs of letters, digits, apostrophes and currency signs, joined by points and commas within figures.
    pub(super) fn words(&self) -> Vec<Word<'_>> {
        let text = &self.text;
        let mut words = Vec::with_capacity(WORDS);
        let mut at = 0;
        while at < text.len() {
            let (start, (is_word, width)) = (at, word_part(text, at));
            at += width;
            if !is_word {
                continue;
            }
            while at < text.len() {
                let (is_word, width) = word_part(text, at);
                if !(is_word || joins_figures(text, at)) {
                    break;
                }
                at += width;
            }
            words.push(Word { text: &text[start..at], start, end: at });
        }
        words
    }
}

/// Whether the character that begins here is part of a word, and its length.
fn word_part(text: &str, at: usize) -> (bool, usize) {
    match text.as_bytes()[at] {
        b if b.is_ascii() => (b.is_ascii_alphanumeric() || matches!(b, b'\'' | b'$' | b'%'), 1),
        _ => text[at..].chars().next().map_or((false, 1), |c| (c.is_alphanumeric() || matches!(c, '€' | '£'), c.len_utf8())),
    }
}

fn joins_figures(text: &str, at: usize) -> bool {
    let digit = |index: Option<usize>| index.and_then(|index| text.as_bytes().get(index)).is_some_and(u8::is_ascii_digit);
    matches!(text.as_bytes()[at], b'.' | b',') && digit(at.checked_sub(1)) && digit(Some(at + 1))
}

/// A word of a [`Normal`] text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::Seed;

    #[test]
    fn disguised_words_are_read_as_what_they_look_like() {
        let check = |original: &str, want: &str| assert_eq!(Normal::of(original).text, want, "{original:?}");
        check("Guaranteed", "guaranteed");
        check("ＧＵＡＲＡＮＴＥＥＤ！", "guaranteed!");
        check("gu\u{200b}aran\u{ad}teed", "guaranteed");
        check("guаrаntееd", "guaranteed");
        check("g\u{301}uaranteed", "guaranteed");
        check("risk\u{2011}free\u{a0}\n offer", "risk-free offer");
        check("Grüße aus Köln", "grüße aus köln");
        check("ɢᴜᴀʀᴀɴᴛᴇᴇᴅ", "guaranteed");
        check("🄶🅄🄰🅁🅐🅝🆃🅴🅴🅳", "guaranteed");
        check("guar\u{3164}an\u{115f}teed", "guaranteed");
        check("g\u{20dd}u\u{1ab0}aranteed", "guaranteed");
        check("evil。example", "evil.example");
        check("⒢⒰⒜⒭⒜⒩⒯⒠⒠⒟", "guaranteed");
        check("ᵍᵘᵃʳᵃⁿᵗᵉᵉᵈ", "guaranteed");
        check("🇬🇺🇦🇷🇦🇳🇹🇪🇪🇩", "guaranteed");
        check("guɑrɑntεɘd ℊℓℴ", "guaranteed glo");
        check("gu\u{e0101}ar\u{180b}an\u{1bca0}t\u{1d173}ee\u{484}d", "guaranteed");
        check("Acme™ é ñ ½ m² 5 µm", "acme™ é ñ ½ m2 5 µm");
    }

    #[test]
    fn disguises_within_words_are_read_over() {
        let matters = |word: &str| ["guaranteed", "password", "pills", "sure", "pin", "ios"].contains(&word);
        let check = |normal: &str, want: Option<&str>| {
            assert_eq!(read_over(normal, matters).first().map(|read| read.trim_end()), want, "{normal}");
        };
        check("your passw0rd, please", Some("your password, please"));
        check("it is gu4r4nt33d!", Some("it is guaranteed!"));
        check("guar-anteed or g.u.a.r.a.n.t.e.e.d", Some("guaranteed or guaranteed"));
        check("b2b at 5pm for $5,000", None);
        check("a well-known café", None);
        assert_eq!(read_over("p1lls or pi1ls", matters), ["pills or pi1ls ", "p1lls or pills "]);
        check("gúárántééd now", Some("guaranteed now"));
        check("it is g u a r a n t e e d.", Some("it is guaranteed."));
        check("it is g u a r a n t e e d today.", Some("it is guaranteed today."));
        check("a b c d e or p1n", Some("a b c d e or pin"));
        check("it is guaranteed, 105 of 5m", None);
        check("plan a b c d or e", None);
        check("nothing to see, 5 € a b", None);
        check("", None);
    }

    #[test]
    fn spans_lead_back_to_the_original_bytes() {
        let original = "Ａ  \u{200b}Risk\u{2011}Free deal";
        let normal = Normal::of(original);
        let start = normal.text.find("risk-free").expect("is in it");
        let (from, to) = normal.span(start, start + "risk-free".len());
        assert_eq!(&original[from..to], "Risk\u{2011}Free");
        assert_eq!(normal.span(0, normal.text.len()), (0, original.len()));
    }

    #[test]
    fn figures_are_one_word() {
        let normal = Normal::of("Earn $5,000.50, don't wait.");
        let words: Vec<&str> = normal.words().iter().map(|word| word.text).collect();
        assert_eq!(words, ["earn", "$5,000.50", "don't", "wait"]);
    }

    /// The same one character at a time, as the documentation says it.
    fn plainly(original: &str) -> (String, Vec<usize>, Vec<String>) {
        let (mut text, mut origin) = (String::new(), Vec::new());
        for (at, c) in original.char_indices().filter(|(_, c)| !is_invisible(*c) && !is_mark(*c)) {
            for c in c.to_lowercase().map(seen_as) {
                let c = if c.is_ascii_whitespace() { ' ' } else { c.to_ascii_lowercase() };
                if c != ' ' || !text.ends_with(' ') {
                    text.push(c);
                    origin.resize(text.len(), at);
                }
            }
        }
        let chars: Vec<char> = text.chars().collect();
        let digit = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
        let is_word = |c: char| c.is_alphanumeric() || "'$€£%".contains(c);
        let (mut words, mut inside) = (Vec::<String>::new(), false);
        for (at, c) in chars.iter().enumerate() {
            let joins = inside && matches!(c, '.' | ',') && digit(at.checked_sub(1)) && digit(Some(at + 1));
            match words.last_mut().filter(|_| inside) {
                Some(word) if is_word(*c) || joins => word.push(*c),
                _ if is_word(*c) => words.push(c.to_string()),
                _ => {}
            }
            inside = is_word(*c) || joins;
        }
        (text, origin, words)
    }

    #[test]
    fn texts_and_words_are_what_they_are_one_character_at_a_time() {
        let chars: Vec<char> = "aZ19 \t\n\r\u{b}.,'$%!€£éßİＡ！а\u{a0}\u{200b}\u{301}\u{1d41c}ﬁ漢😀".chars().collect();
        for index in 0..3_000 {
            let mut draw = Seed::new(1).draw("texts", index);
            let length = draw.below(24);
            let original: String = (0..length).map(|_| chars[draw.below(u32::try_from(chars.len()).expect("few")) as usize]).collect();
            let normal = Normal::of(&original);
            let words = normal.words().iter().map(|word| word.text.to_owned()).collect();
            assert_eq!((normal.text.clone(), normal.origin.clone(), words), plainly(&original), "{original:?}");
        }
    }
}
