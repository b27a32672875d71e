//! Mail addresses: a strict subset of RFC 5321 that every server takes.

use lettre::Address;

/// The most characters of an address: RFC 5321, section 4.5.3.1.3, less the angle brackets.
pub const MAX_ADDRESS_CHARS: usize = 254;

/// Why text is not a usable mail address. It does not repeat the text, which is personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Longer than [`MAX_ADDRESS_CHARS`].
    #[error("a mail address has at most {MAX_ADDRESS_CHARS} characters")]
    TooLong,
    /// Internationalized addresses need a server that speaks SMTPUTF8, which few do; write the domain in its `xn--` form.
    #[error("a mail address has ASCII characters only")]
    NotAscii,
    /// Not `name@domain`.
    #[error("a mail address looks like name@domain.example")]
    Syntax,
}

/// Reads a mail address. Quoted local parts, address literals and domains without a dot are refused, although the standard knows them.
///
/// ```
/// use bbb_integrations::mail::address::{Error, parse};
///
/// assert_eq!(parse(" ada@example.com ").unwrap().domain(), "example.com");
/// assert_eq!(parse("ada@localhost"), Err(Error::Syntax));
/// assert_eq!(parse("ada@example.com\r\nBcc: eve@example.com"), Err(Error::Syntax));
/// ```
///
/// # Errors
/// [`Error`] names the rule.
pub fn parse(text: &str) -> Result<Address, Error> {
    let text = text.trim();
    if !text.is_ascii() {
        return Err(Error::NotAscii);
    }
    if text.len() > MAX_ADDRESS_CHARS {
        return Err(Error::TooLong);
    }
    if text.bytes().any(|b| b.is_ascii_control() || b.is_ascii_whitespace() || b"\"<>[](),;:\\".contains(&b)) {
        return Err(Error::Syntax);
    }
    let address: Address = text.parse().map_err(|_| Error::Syntax)?;
    let labels: Vec<&str> = address.domain().split('.').collect();
    // A top-level domain is never a number, which also refuses bare IP addresses.
    let named = labels.len() > 1 && labels.last().is_some_and(|top| top.bytes().any(|b| b.is_ascii_alphabetic()));
    if named { Ok(address) } else { Err(Error::Syntax) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_addresses_are_taken_and_everything_else_is_refused() {
        for good in ["a@b.example", "first.last+tag@sub.example.com", "o'neil@example.com", "x@xn--bcher-kva.example"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "@",
            "a",
            "a@",
            "@b.example",
            "a@b",
            "a@127.0.0.1",
            "a@[127.0.0.1]",
            "a b@c.example",
            "\"a\"@b.example",
            "a@b..example",
            "a@@b.example",
        ] {
            assert_eq!(parse(bad), Err(Error::Syntax), "{bad}");
        }
        assert_eq!(parse("bücher@example.com"), Err(Error::NotAscii));
        assert_eq!(parse(&format!("a@{}.example", "b".repeat(300))), Err(Error::TooLong));
    }
}
