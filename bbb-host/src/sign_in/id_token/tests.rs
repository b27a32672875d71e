use ed25519_dalek::SigningKey;
use jsonwebtoken::{EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const NOW_S: i64 = 1_800_000_000;

fn expected() -> Expected<'static> {
    let now = Timestamp::from_ms(NOW_S * 1000);
    Expected { issuer: "https://sso.example", client_id: "bbb", nonce: Some("n"), access_token: Some("the access token"), now }
}

fn claims() -> Value {
    json!({
        "iss": "https://sso.example", "sub": "ada", "aud": "bbb", "exp": NOW_S + 300, "iat": NOW_S - 1, "nonce": "n",
        "email": "ada@example.org", "email_verified": true, "name": "Ada",
    })
}

/// A key of the issuer, as its document has it and as it signs.
fn key(seed: u8, kid: &str) -> (Value, EncodingKey) {
    let seed = [seed; 32];
    let public = SigningKey::from_bytes(&seed).verifying_key();
    // PKCS#8 of an Ed25519 key (RFC 8410): what comes before the seed is always the same.
    let der = [&[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20][..], &seed].concat();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": kid, "x": URL_SAFE_NO_PAD.encode(public.as_bytes()) });
    (jwk, EncodingKey::from_ed_der(&der))
}

fn keys(all: &[Value]) -> JwkSet {
    serde_json::from_value(json!({ "keys": all })).expect("keys")
}

fn signed(claims: &Value, (kid, key): (Option<&str>, &EncodingKey)) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, key).expect("signed")
}

/// What comes of a token with these claims in the place of others.
fn checked(changes: Value) -> Result<Proven, Failure> {
    let (jwk, key) = key(1, "one");
    let mut all = claims();
    for (name, value) in changes.as_object().expect("claims") {
        match value {
            Value::Null => drop(all.as_object_mut().expect("claims").remove(name)),
            value => all[name] = value.clone(),
        }
    }
    check(&signed(&all, (Some("one"), &key)), &keys(&[jwk]), &expected())
}

fn refused(token: &str, keys: &JwkSet) -> String {
    match check(token, keys, &expected()) {
        Err(Failure::Untrusted(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_for_this_client_and_this_attempt_says_who_somebody_is() {
    let proven = checked(json!({ "auth_time": NOW_S - 5 })).expect("good");
    let shown_at = Some(Timestamp::from_ms((NOW_S - 5) * 1000));
    let [address, name] = ["ada@example.org", "Ada"].map(|text| Some(text.to_owned()));
    assert_eq!(proven, Proven { issuer: "https://sso.example".to_owned(), subject: "ada".to_owned(), address, name, shown_at });
    for good in [
        json!({ "aud": ["bbb"] }),
        json!({ "aud": ["bbb", "other"], "azp": "bbb" }),
        json!({ "exp": NOW_S - 59, "iat": NOW_S - 100 }),
        json!({ "iat": NOW_S + 59 }),
        json!({ "iat": 1_799_999_999.5 }),
        json!({ "at_hash": half_hash(Algorithm::EdDSA, "the access token") }),
        json!({ "email_verified": "true" }),
    ] {
        assert!(checked(good.clone()).is_ok_and(|proven| proven.address.is_some()), "{good}");
    }
    for unknown in [
        json!({ "email_verified": false }),
        json!({ "email_verified": null }),
        json!({ "email_verified": "false" }),
        json!({ "email_verified": 1 }),
    ] {
        assert!(checked(unknown.clone()).is_ok_and(|proven| proven.address.is_none()), "{unknown}");
    }
}

#[test]
fn any_other_says_nothing() {
    for wrong in [
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": "https://sso.example/" }),
        json!({ "iss": null }),
        json!({ "sub": null }),
        json!({ "aud": "other" }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "aud": ["bbb", "other"] }),
        json!({ "aud": ["bbb", "other"], "azp": "other" }),
        json!({ "azp": "other" }),
        json!({ "exp": NOW_S - 60 }),
        json!({ "exp": null }),
        json!({ "exp": NOW_S + 300, "iat": NOW_S + 300 }),
        json!({ "exp": "never" }),
        json!({ "iat": NOW_S + 61 }),
        json!({ "iat": NOW_S - 661 }),
        json!({ "iat": null }),
        json!({ "nbf": NOW_S + 61 }),
        json!({ "nonce": "m" }),
        json!({ "nonce": null }),
        json!({ "at_hash": half_hash(Algorithm::EdDSA, "another") }),
    ] {
        assert!(matches!(checked(wrong.clone()), Err(Failure::Untrusted(_))), "{wrong}");
    }
}

#[test]
fn only_a_key_of_the_issuers_own_signs() {
    let ((one, sign), (other, forge)) = (key(1, "one"), key(2, "two"));
    let good = signed(&claims(), (Some("one"), &sign));
    assert!(check(&good, &keys(&[other.clone(), one.clone()]), &expected()).is_ok());
    let nameless = signed(&claims(), (None, &sign));
    assert!(check(&nameless, &keys(&[other.clone(), one.clone()]), &expected()).is_ok(), "each is tried");
    let all = keys(&[one.clone(), other.clone()]);
    assert!(refused(&signed(&claims(), (Some("one"), &forge)), &all).contains("not the issuer's"));
    assert!(needs_other_keys(&signed(&claims(), (Some("three"), &sign)), &all) && !needs_other_keys(&good, &all));
    refused(&signed(&claims(), (Some("three"), &sign)), &all);
    let for_secrets = json!({ "kty": "OKP", "crv": "Ed25519", "use": "enc", "kid": "one", "x": one["x"] });
    refused(&good, &keys(&[for_secrets]));
    refused(&good, &keys(&[]));

    // Not signed, or signed with what everybody knows.
    let [_, body, _] = good.split('.').collect::<Vec<_>>()[..] else { panic!("a token has three parts") };
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"None","kid":"one"}"#, "{}"] {
        let header = URL_SAFE_NO_PAD.encode(header);
        for signature in ["", "AA"] {
            refused(&format!("{header}.{body}.{signature}"), &all);
        }
    }
    let known = one["x"].as_str().expect("text");
    let oct = json!({ "kty": "oct", "kid": "one", "k": known });
    let bits = URL_SAFE_NO_PAD.decode(known).expect("base64");
    for secret in [known.as_bytes(), &bits] {
        let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
        let token = jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(secret)).expect("signed");
        assert!(refused(&token, &keys(&[one.clone(), oct.clone()])).contains("not signed with a key of its own"));
    }
}

#[test]
fn an_access_tokens_hash_is_that_of_the_specification() {
    // The example of OpenID Connect Core 1.0, appendix A.3 and A.4.
    assert_eq!(half_hash(Algorithm::RS256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in "[A-Za-z0-9_.=-]{0,200}") {
        let (jwk, _) = key(1, "one");
        prop_assert!(check(&text, &keys(&[jwk]), &expected()).is_err());
    }
}
