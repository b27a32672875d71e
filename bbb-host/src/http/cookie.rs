//! The one cookie: a browser's session. `__Host-` makes browsers keep it to this host, this path and secure connections (they count localhost as one).

use http::HeaderValue;
use http::header::{COOKIE, HeaderMap};

/// The cookie's name.
pub(crate) const NAME: &str = "__Host-bbb-session";

/// The session in a request's cookies. Nothing where there is none, and nothing where there are two: somebody else set one of them.
pub(crate) fn session(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut found = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name.trim() == NAME).then(|| value.trim())
    });
    match (found.next(), found.next()) {
        (Some(one), None) => Some(one),
        _ => None,
    }
}

/// Sets the cookie for so many seconds. None where the token cannot stand in a header, which no token of ours is.
pub(crate) fn set(token: &str, seconds: i64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{NAME}={token}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Strict")).ok()
}

/// Takes the cookie away.
pub(crate) fn clear() -> HeaderValue {
    HeaderValue::from_static("__Host-bbb-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict")
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
        session(&headers).map(str::to_owned)
    }

    #[test]
    fn the_session_is_found_among_other_cookies_and_two_of_them_are_none() {
        assert_eq!(read(&["a=1; __Host-bbb-session=x; b=2"]), Some("x".to_owned()));
        assert_eq!(read(&["a=1", "__Host-bbb-session=x"]), Some("x".to_owned()));
        assert_eq!(read(&["__Host-bbb-session=x; __Host-bbb-session=y"]), None);
        assert_eq!(read(&["X__Host-bbb-session=x"]), None);
        assert_eq!(read(&[]), None);
        assert!(clear().to_str().expect("text").starts_with(NAME));
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_harm_and_what_was_set_is_found(noise in "[ -~]{0,80}", token in "[A-Za-z0-9_-]{1,60}") {
            read(&[&noise]);
            prop_assume!(!noise.contains(NAME));
            let line = format!("{noise}; {NAME}={token}");
            prop_assert_eq!(read(&[&line]), Some(token));
        }
    }
}
