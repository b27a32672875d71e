//! The two cookies: a browser's session, and for ten minutes its attempt to sign in by a provider. `__Host-` makes browsers keep them to this host, this path and secure
//! connections (they count localhost as one).

use http::HeaderValue;
use http::header::{COOKIE, HeaderMap};

/// A cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) name: &'static str,
    /// When browsers send it with requests that other sites made them make.
    same_site: &'static str,
}

/// Who is signed in. No other site ever makes a browser send it.
pub(crate) const SESSION: Cookie = Cookie { name: "__Host-bbb-session", same_site: "Strict" };
/// What ties an attempt to the browser. It must come along when the provider sends that back, which is a navigation from another site.
pub(crate) const ATTEMPT: Cookie = Cookie { name: "__Host-bbb-sign-in", same_site: "Lax" };

impl Cookie {
    /// Its value in a request. Nothing where there is none, and nothing where there are two: somebody else set one of them.
    pub(crate) fn find(self, headers: &HeaderMap) -> Option<&str> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut found = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (name.trim() == self.name).then(|| value.trim())
        });
        match (found.next(), found.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    }

    /// Sets it for so many seconds. None where the token cannot stand in a header, which no token of ours is.
    pub(crate) fn set(self, token: &str, seconds: i64) -> Option<HeaderValue> {
        let Cookie { name, same_site } = self;
        HeaderValue::from_str(&format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite={same_site}")).ok()
    }

    /// Takes it away.
    pub(crate) fn clear(self) -> Option<HeaderValue> {
        self.set("", 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_str(line).expect("visible"));
        }
        SESSION.find(&headers).map(str::to_owned)
    }

    #[test]
    fn the_session_is_found_among_other_cookies_and_two_of_them_are_none() {
        assert_eq!(read(&["a=1; __Host-bbb-session=x; b=2"]), Some("x".to_owned()));
        assert_eq!(read(&["a=1", "__Host-bbb-session=x"]), Some("x".to_owned()));
        assert_eq!(read(&["__Host-bbb-session=x; __Host-bbb-session=y"]), None);
        assert_eq!(read(&["X__Host-bbb-session=x"]), None);
        assert_eq!(read(&[]), None);
        let cleared = SESSION.clear().expect("text");
        assert_eq!(cleared, "__Host-bbb-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict");
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_harm_and_what_was_set_is_found(noise in "[ -~]{0,80}", token in "[A-Za-z0-9_-]{1,60}") {
            read(&[&noise]);
            prop_assume!(!noise.contains(SESSION.name));
            let line = format!("{noise}; {}={token}", SESSION.name);
            prop_assert_eq!(read(&[&line]), Some(token));
        }
    }
}
