//! Language: these checks read English. A text in another one is for a person to read.

use std::cell::LazyCell;
use std::sync::LazyLock;

use super::Hit;
use super::normal::{Normal, Word, without_accent};
use super::own::Own;
use super::phrases::Table;

pub(super) const RULE: &str = "content.other-language";

/// From how many words on a text must look English. A slogan may have none of its small words.
const ENOUGH_WORDS: usize = 12;
/// One word of so many, at least, is one of [`ENGLISH`] in a text of that length. In ordinary prose it is every second.
const ONE_OF: usize = 7;
/// So many words of [`OTHERS`] in a row of a shorter text give another language away; they are also English by chance now and then.
const GIVE_AWAY: usize = 2;

/// The small words that English is held together by.
const ENGLISH: &str = "a about after all also an and any are as at be been before but by can could did do does don't every for from get had has have \
    he her his how i if in into is it it's its just me more my need no not now of on one only or other our out over per please she should so some \
    than that the their them then there these they this those to today too until up us was we we'll we're were what when where which who why will \
    with without would yes yet you you'll you're your yours";

/// Small words of German, French, Spanish, Portuguese, Italian, Dutch, Polish and Swedish that are none in English, without their accents.
const OTHERS: &str = "aber al alla alle als aqui auch auf aux avec bei bez bij c'est cela ces cette chez como con cosa cuando dans das dass dein deine dem \
    den deren des desde det deze dla dla du duo een eine einem einen einer el ella ellas ellos er es esta este estas estos est et eu fur geen gli \
    haben hanno hasta het heute ich ihr ihre ihnen il ils ist jak jest jetzt kein keine las le les leur los maar mais mas mehr meno met mit moins mucho \
    muy nao nach nicht niet noch nos nosotros notre nous nuestra nuestro och oder ohne ou para pas pero perche piu pod por porque pour qu que quien \
    ser si sie siempre sin sind som sono sont soyez sua suo sur sus todo todos tous tout tu tutto uma und une uns unser uw van vi voce von voor vos \
    votre vous warum wenn wir wird wie y zijn zonder zum zur";

/// Small words, and whether they are English.
static SMALL: LazyLock<Table<bool>> =
    LazyLock::new(|| OTHERS.split(' ').map(|word| (word, false)).chain(ENGLISH.split(' ').map(|word| (word, true))).collect());

/// A text in another language.
pub(super) fn find(normal: &Normal, words: &[Word<'_>], own: &Own<'_>, hits: &mut Vec<Hit>) {
    // What the owner wrote, such as an address, is in the owner's language.
    let words: Vec<Word<'_>> = words.iter().filter(|word| !own.covers(word.start, word.end)).copied().collect();
    if let Some(at) = foreign(&words) {
        hits.push(Hit::asks(RULE, normal, words[at].start, words[words.len() - 1].end));
    }
}

/// Whether words are not English.
pub(super) fn is_foreign(words: &[Word<'_>]) -> bool {
    foreign(words).is_some()
}

/// Where a text begins that is not English, as a number of a word.
fn foreign(words: &[Word<'_>]) -> Option<usize> {
    let letters = |word: &&Word<'_>| word.text.chars().any(char::is_alphabetic);
    let spoken = LazyCell::new(|| words.iter().filter(letters).count());
    // Letters of other alphabets; those that look Latin have become so, and a single one may be a sign such as an omega.
    let alien = |word: &Word<'_>| word.text.chars().filter(|c| c.is_alphabetic() && !is_latin(*c)).count();
    let mut aliens = words.iter().enumerate().filter(|(_, word)| alien(word) > 0);
    if let Some((first, word)) = aliens.next()
        && (alien(word) > 1 || aliens.next().is_some())
    {
        return Some(first);
    }
    if *spoken >= ENOUGH_WORDS {
        let english = words.iter().filter(|word| SMALL.get(word.text) == Some(&true)).count();
        return (english * ONE_OF < *spoken).then_some(0);
    }
    let strange = |word: &Word<'_>| {
        let plain: String = word.text.chars().map(without_accent).collect();
        SMALL.get(plain.as_str()) == Some(&false)
    };
    let mut found = (0..words.len()).filter(|at| strange(&words[*at]));
    found.nth(GIVE_AWAY - 1)
}

const fn is_latin(c: char) -> bool {
    matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_told_from_other_languages() {
        let is_foreign = |text: &str| is_foreign(&Normal::of(text).words());
        for text in [
            "Wir versprechen Ihnen hohe Gewinne und ein Leben ohne Sorgen, wenn Sie heute bei uns bestellen.",
            "Nous vous promettons des revenus sans risque, garantis pour toute la vie et pour tous vos proches.",
            "Le aseguramos ingresos sin riesgo",
            "Garantierte Gewinne und kein Risiko",
            "Guadagno garantito per tutti: con noi, sempre, ogni mese, senza rischio, basta scrivere una parola.",
            "Qualität für Dich, Preise für Firmen",
            "Мы обещаем вам доход",
            "我们保证收入",
            "Kazançlarınız her ay artacak, hiçbir risk yok, bugün bize yazın ve hemen başlayın, pişman olmazsınız.",
        ] {
            assert!(is_foreign(text), "{text}");
        }
        for text in [
            "",
            "Podcast editing",
            "Dear Jürgen Größe, we edit what you record, and you have it back on the next day.",
            "Clear sound, quick turnaround, honest prices",
            "Editing for podcasts in Los Angeles",
            "Mixing, mastering, noise removal, show notes, transcripts, chapters: all in one plan for your show",
            "The resistor has 5 Ω",
            "The sign 漢 means Han",
            "Mixing, mastering, editing, noise removal, show notes, transcripts, chapters, clips, covers, music for you",
            "Café Olé, San Juan Capistrano, 12 Rue de la Paix",
        ] {
            assert!(!is_foreign(text), "{text}");
        }
    }
}
