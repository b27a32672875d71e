//! Accounts: where money goes is for the business's payments, and not for a text to say.

use super::Hit;
use super::normal::{Normal, Word};

const RULE: &str = "content.payment-target";

/// Numbers of bank accounts and addresses of wallets.
pub(super) fn accounts(normal: &Normal, words: &[Word<'_>], hits: &mut Vec<Hit>) {
    for (index, word) in words.iter().enumerate() {
        let end = if is_wallet(word.text) { Some(word.end) } else { iban(normal, words, index) };
        hits.extend(end.map(|end| Hit::asks(RULE, normal, word.start, end)));
    }
}

/// An address of Bitcoin or Ethereum, by its form.
fn is_wallet(word: &str) -> bool {
    let plain = || word.bytes().all(|b| b.is_ascii_alphanumeric());
    match word.as_bytes() {
        [b'b', b'c', b'1', rest @ ..] => (11..=71).contains(&rest.len()) && plain(),
        [b'0', b'x', rest @ ..] => rest.len() == 40 && rest.iter().all(u8::is_ascii_hexdigit),
        [b'1' | b'3', rest @ ..] => {
            (25..=34).contains(&rest.len()) && plain() && rest.iter().filter(|b| b.is_ascii_alphabetic()).count() >= 8
        }
        _ => false,
    }
}

/// The most characters of an international bank account number.
const IBAN_CHARS: usize = 34;

/// Where an international bank account number (ISO 13616) ends that begins with this word: its check digits fit, in groups or in one.
fn iban(normal: &Normal, words: &[Word<'_>], index: usize) -> Option<usize> {
    let fits =
        |bytes: &[u8]| bytes.iter().take(4).enumerate().all(|(at, b)| if at < 2 { b.is_ascii_alphabetic() } else { b.is_ascii_digit() });
    // Most words are no beginning of one.
    if !fits(words[index].text.as_bytes()) {
        return None;
    }
    let mut number = String::new();
    let (mut end, mut whole) = (None, None);
    for word in &words[index..] {
        let gap = end.map_or("", |end: usize| &normal.text[end..word.start]);
        let joined = gap.chars().all(|c| matches!(c, ' ' | '-'));
        if !joined || !word.text.bytes().all(|b| b.is_ascii_alphanumeric()) || number.len() + word.text.len() > IBAN_CHARS {
            break;
        }
        number.push_str(word.text);
        end = Some(word.end);
        let bytes = number.as_bytes();
        if !fits(bytes) {
            break;
        }
        if bytes.len() >= 15 && has_check_digits(bytes) {
            whole = Some(word.end);
        }
    }
    whole
}

/// The check of ISO 7064, MOD 97-10: the country and the check digits come last, and letters count from ten.
fn has_check_digits(iban: &[u8]) -> bool {
    let rest = iban[4..].iter().chain(&iban[..4]).fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        // The number of `a` is 97, which counts as nothing here.
        letter => (rest * 100 + u32::from(*letter) + 10) % 97,
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_and_wallets_are_known_by_their_form() {
        let found = |text: &str| {
            let normal = Normal::of(text);
            let mut hits = Vec::new();
            accounts(&normal, &normal.words(), &mut hits);
            hits.first().map(|hit| text[hit.start..hit.end].to_owned())
        };
        // The examples of the standards.
        for account in [
            "GB82 WEST 1234 5698 7654 32",
            "GB82WEST12345698765432",
            "DE89 3704 0044 0532 0130 00",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2",
            "MT41ABCDEFGHIJKLMNOPQRSTUVWXYZ0123",
            "MT41 ABCD EFGH IJKL MNOP QRST UVWX YZ01 23",
            "0x52908400098527886E0F7030069857D2E4169EE7",
        ] {
            assert_eq!(found(&format!("It goes to {account}, as ever.")).as_deref(), Some(account));
            assert_eq!(found(account).as_deref(), Some(account));
        }
        for text in [
            "GB82 WEST 1234 5698 7654 33",
            "room AB12 on the 3rd floor of 1234 West Street",
            "0x52908400",
            "MT45ABCDEFGHIJKLMNOPQRSTUVWXYZ01234",
            "bc1 and 3dprintingservices",
            "1234567890123456789012345678",
            "",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
