//! Tokens: 256 random bits as text, behind a prefix that says what they are for, so that one that leaks is found by those who look for such. Only their hash is kept.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::accounts::Error;
use crate::accounts::id::random;

/// The bytes of a token's hash.
pub const HASH_BYTES: usize = 32;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Says who asks, for some minutes.
    Access,
    /// Gets the next pair of tokens, once.
    Refresh,
    /// A browser's session.
    Cookie,
    /// Makes the first administrator, once.
    FirstAdmin,
    /// Lets somebody register, once.
    Invitation,
    /// Says whose program asks, until it is taken back.
    Key,
    /// Proves that somebody reads the mail of an address, once.
    Confirm,
    /// Sets a forgotten password, once.
    Reset,
    /// Ties an attempt to sign in by another to one browser.
    Attempt,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Purpose; 9] = [
        Purpose::Access,
        Purpose::Refresh,
        Purpose::Cookie,
        Purpose::FirstAdmin,
        Purpose::Invitation,
        Purpose::Key,
        Purpose::Confirm,
        Purpose::Reset,
        Purpose::Attempt,
    ];

    const fn prefix(self) -> &'static str {
        match self {
            Purpose::Access => "bbb_at_",
            Purpose::Refresh => "bbb_rt_",
            Purpose::Cookie => "bbb_cs_",
            Purpose::FirstAdmin => "bbb_fa_",
            Purpose::Invitation => "bbb_iv_",
            Purpose::Key => "bbb_ak_",
            Purpose::Confirm => "bbb_ev_",
            Purpose::Reset => "bbb_pr_",
            Purpose::Attempt => "bbb_sa_",
        }
    }
}

/// A token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    purpose: Purpose,
    bits: [u8; 32],
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?}, ***)", self.purpose)
    }
}

impl Token {
    /// A new token.
    ///
    /// # Errors
    /// [`Error::Database`] where the system gives no random numbers.
    pub(crate) fn draw(purpose: Purpose) -> Result<Token, Error> {
        Ok(Token { purpose, bits: random()? })
    }

    /// The token that this text is; nothing where it is none.
    pub fn parse(text: &str) -> Option<Token> {
        let purpose = Purpose::ALL.into_iter().find(|purpose| text.starts_with(purpose.prefix()))?;
        let bits = URL_SAFE_NO_PAD.decode(text.strip_prefix(purpose.prefix())?).ok()?;
        Some(Token { purpose, bits: bits.try_into().ok()? })
    }

    /// What it is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The token itself: whoever has it is believed.
    pub fn reveal(&self) -> String {
        format!("{}{}", self.purpose.prefix(), URL_SAFE_NO_PAD.encode(self.bits))
    }

    /// A secret that only who has the token can know: another for each use. Nothing of it tells the token.
    pub(crate) fn secret_for(&self, what: &str) -> [u8; 32] {
        blake3::derive_key(what, &self.bits)
    }

    /// What is kept of it. A hash without a secret is enough: nobody guesses 256 bits, and so nobody learns from how long a comparison takes.
    pub(crate) fn hash(&self) -> [u8; HASH_BYTES] {
        blake3::Hasher::new_derive_key(self.purpose.prefix()).update(&self.bits).finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_differ_and_do_not_show_themselves() {
        let (one, other) = (Token::draw(Purpose::Access).unwrap(), Token::draw(Purpose::Access).unwrap());
        assert_ne!(one, other);
        assert!(!format!("{one:?}").contains(&one.reveal()[8..]));
        let same_bits = Token { purpose: Purpose::Refresh, bits: one.bits };
        assert_ne!(one.hash(), same_bits.hash(), "a token is good for one purpose");
    }

    proptest! {
        #[test]
        fn a_token_reads_back_what_it_shows(bits in any::<[u8; 32]>(), which in 0..Purpose::ALL.len()) {
            let token = Token { purpose: Purpose::ALL[which], bits };
            prop_assert_eq!(Token::parse(&token.reveal()), Some(token));
        }

        #[test]
        fn any_text_is_a_token_in_its_one_form_or_none(text in "(bbb_at_)?[A-Za-z0-9_=-]{0,50}") {
            if let Some(token) = Token::parse(&text) {
                prop_assert_eq!(token.reveal(), text);
            }
        }
    }
}
