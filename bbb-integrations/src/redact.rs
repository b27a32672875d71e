//! What providers say, made fit for a journal: cut, tamed, and without what is secret or personal.
//!
//! A provider's words explain a failure better than its code alone, but they like to repeat what was sent: the recipient's address, a part
//! of the key.

const HIDDEN: &str = "***";

/// From this many characters on, a hidden text is looked for inside words too; a shorter one would hide half the language.
const MIN_INSIDE_CHARS: usize = 6;

/// The provider's `text` on one line, at most `max_chars` long. Hidden are words with an at sign or a provider's key prefix, and every word
/// that is, or contains, one of `hidden`, in whatever case.
pub(crate) fn redact(text: &str, hidden: &[&str], max_chars: usize) -> String {
    let hidden: Vec<String> = hidden.iter().map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()).collect();
    let mut line = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let lower = word.to_lowercase();
        let tell = word.contains('@') || lower.contains("sk-") || hidden.iter().any(|secret| tells(&lower, secret));
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(if tell { HIDDEN } else { word });
    }
    match line.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

fn tells(word: &str, secret: &str) -> bool {
    word == secret
        || word.trim_matches(|c: char| c.is_ascii_punctuation()) == secret
        || (secret.chars().count() >= MIN_INSIDE_CHARS && word.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keys_and_hidden_words_are_not_repeated() {
        let check = |text: &str, hidden: &[&str], expected: &str| assert_eq!(redact(text, hidden, 40), expected);
        check("5.1.1 <Ada@Example.com>: no such user ada", &["ada@example.com", "ada"], "5.1.1 *** no such user ***");
        check("Incorrect API key provided: sk-abc", &[], "Incorrect API key provided: ***");
        check("key topsecret1.", &["TopSecret1"], "key ***");
        check("user 'ada', a word with ada inside: adaptable", &["ada", "a"], "user *** *** word with *** inside: adapt...");
        check("two\r\nlines\tand \u{7}bell", &[""], "two lines and bell");
        check(&"x ".repeat(60), &[], &format!("{}...", "x ".repeat(20)));
        check("", &[], "");
    }
}
