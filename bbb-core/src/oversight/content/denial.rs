//! Denials: words that take back what stands behind them, as in "we cannot guarantee".

use super::normal::{Normal, Word};

/// Words that deny.
pub(super) const DENIALS: [&str; 16] = [
    "no", "not", "never", "cannot", "can't", "don't", "doesn't", "won't", "isn't", "aren't", "nobody", "nothing", "without", "nor",
    "neither", "avoid",
];
/// Verbs behind which a denial is none: "do not hesitate to send".
const URGES: [&str; 10] = ["hesitate", "forget", "wait", "delay", "fail", "worry", "afraid", "miss", "shy", "overlook"];
/// What follows a denial that affirms: "no doubt", "not only".
const AFFIRMS: [&str; 9] = ["doubt", "doubts", "only", "just", "joke", "kidding", "question", "less", "wonder"];

/// The most words between a denial and what it denies.
const WITHIN: usize = 3;

/// Whether a word denies what stands behind it.
pub(super) fn denies(word: &str) -> bool {
    DENIALS.contains(&word)
}

/// Whether a denial stands shortly before this word, with no pause and no urging between them.
pub(super) fn is_denied(normal: &Normal, words: &[Word<'_>], index: usize) -> bool {
    (index.saturating_sub(WITHIN)..index)
        .rev()
        .take_while(|at| !pauses(normal, words, *at, index) && !URGES.contains(&words[*at].text))
        .any(|at| denies(words[at].text) && !AFFIRMS.contains(&words[at + 1].text))
}

/// Whether a pause stands between two words: what is said before it says nothing of what follows.
pub(super) fn pauses(normal: &Normal, words: &[Word<'_>], from: usize, to: usize) -> bool {
    normal.text[words[from].end..words[to].start].contains(['.', ',', ';', ':', '!', '?', '-', '(', ')', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_reaches_three_words_and_no_pause() {
        let denied = |text: &str| {
            let normal = Normal::of(text);
            let words = normal.words();
            is_denied(&normal, &words, words.iter().position(|word| word.text == "sure").expect("the word"))
        };
        for text in ["not sure", "it is never quite sure", "cannot make you sure", "nobody is sure", "no sure thing"] {
            assert!(denied(text), "{text}");
        }
        for text in [
            "sure",
            "not that you can be sure",
            "don't wait. sure",
            "no joke: sure",
            "no, sure",
            "not bad (sure)",
            "no doubt sure",
            "without doubt it's sure",
            "not only sure",
            "not just sure",
            "don't worry you are sure",
            "never fail to be sure",
            "why not - sure",
        ] {
            assert!(!denied(text), "{text}");
        }
    }
}
