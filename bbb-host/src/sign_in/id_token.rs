//! ID tokens (OpenID Connect Core 1.0, sections 2 and 3.1.3.7): signed by a key of the issuer, for this client, for this attempt, now.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bbb_core::time::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Deserializer};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::sign_in::{Failure, Proven};

/// What signatures are taken: those of a private key alone. Neither none, nor one with a secret that both sides have.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// How far two clocks may be apart, in seconds.
const SKEW_S: i64 = 60;
/// The oldest token that is taken, in seconds: it was asked for a moment ago.
const MAX_AGE_S: i64 = 600;

/// What must hold.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    /// None for an issuer that gives none back.
    pub(super) nonce: Option<&'a str>,
    /// What came with it.
    pub(super) access_token: Option<&'a str>,
    pub(super) now: Timestamp,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Some(Vec<String>),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: f64,
    iat: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    at_hash: Option<String>,
    #[serde(default)]
    auth_time: Option<f64>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default, deserialize_with = "truth")]
    email_verified: bool,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    preferred_username: Option<String>,
}

/// True, or the word for it, as some issuers write it.
pub(super) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value == true || value == "true")
}

/// Whose key signed this, by its own word: what is not known yet may be new.
pub(super) fn needs_other_keys(token: &str, keys: &JwkSet) -> bool {
    jsonwebtoken::decode_header(token).is_ok_and(|header| candidates(keys, header.alg, header.kid.as_deref()).next().is_none())
}

/// The keys that may have signed with this algorithm, under this name where it gives one.
fn candidates<'a>(keys: &'a JwkSet, algorithm: Algorithm, kid: Option<&'a str>) -> impl Iterator<Item = &'a Jwk> {
    keys.keys.iter().filter(move |key| {
        let common = &key.common;
        let is_named = kid.is_none_or(|kid| common.key_id.as_deref() == Some(kid));
        let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let is_for_it = common.key_algorithm.is_none_or(|known| Algorithm::try_from(known) == Ok(algorithm));
        is_named && signs && is_for_it && fits(&key.algorithm, algorithm)
    })
}

fn fits(key: &AlgorithmParameters, algorithm: Algorithm) -> bool {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match (key, algorithm) {
        (AlgorithmParameters::RSA(_), RS256 | RS384 | RS512 | PS256 | PS384 | PS512) => true,
        (AlgorithmParameters::EllipticCurve(key), ES256) => key.curve == EllipticCurve::P256,
        (AlgorithmParameters::EllipticCurve(key), ES384) => key.curve == EllipticCurve::P384,
        (AlgorithmParameters::OctetKeyPair(key), EdDSA) => key.curve == EllipticCurve::Ed25519,
        _ => false,
    }
}

/// The left half of an access token's hash (section 3.1.3.6).
fn half_hash(algorithm: Algorithm, access_token: &str) -> String {
    let hash = match algorithm {
        Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => Sha384::digest(access_token).to_vec(),
        Algorithm::RS512 | Algorithm::PS512 | Algorithm::EdDSA => Sha512::digest(access_token).to_vec(),
        _ => Sha256::digest(access_token).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}

/// Who a token is about, where it may be believed.
pub(super) fn check(token: &str, keys: &JwkSet, expected: &Expected<'_>) -> Result<Proven, Failure> {
    let header =
        jsonwebtoken::decode_header(token).map_err(|_| Failure::untrusted("its ID token cannot be read, or has an unknown signature"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Failure::untrusted("its ID token is not signed with a key of its own"));
    }
    let claims = signed_claims(token, keys, (header.alg, header.kid.as_deref()))?;
    let wrong = |what: &str| Err(Failure::untrusted(format!("its ID token {what}")));
    if claims.iss != expected.issuer {
        return wrong("is another issuer's");
    }
    let (is_ours, is_alone) = match &claims.aud {
        Audience::One(one) => (one == expected.client_id, true),
        Audience::Some(all) => (all.iter().any(|one| one == expected.client_id), all.len() == 1),
    };
    match claims.azp.as_deref() {
        _ if !is_ours => return wrong("is for somebody else"),
        // With several it must say for whom; saying it, it must be us.
        None if !is_alone => return wrong("is for several, and does not say for whom"),
        Some(azp) if azp != expected.client_id => return wrong("is for somebody else"),
        _ => {}
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds are far below what a float holds exactly")]
    let now = expected.now.ms() as f64 / 1000.0;
    let skew = f64::from(i32::try_from(SKEW_S).unwrap_or(0));
    let age = f64::from(i32::try_from(MAX_AGE_S).unwrap_or(0));
    if !(claims.exp + skew > now && claims.exp > claims.iat) {
        return wrong("is too old");
    }
    if !(claims.iat - skew <= now && claims.nbf.is_none_or(|nbf| nbf - skew <= now)) {
        return wrong("is of the future: one of the clocks is wrong");
    }
    if now - claims.iat > age + skew {
        return wrong("is too old");
    }
    if expected.nonce.is_some() && claims.nonce.as_deref() != expected.nonce {
        return wrong("was not made for this attempt");
    }
    if let (Some(at_hash), Some(access_token)) = (&claims.at_hash, expected.access_token)
        && *at_hash != half_hash(header.alg, access_token)
    {
        return wrong("did not come with the access token");
    }
    Ok(Proven {
        issuer: claims.iss,
        subject: claims.sub,
        address: claims.email.filter(|_| claims.email_verified),
        name: claims.name.or(claims.preferred_username),
        shown_at: claims.auth_time.and_then(moment),
    })
}

/// A time in seconds as the rest of the program has it.
fn moment(seconds: f64) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "it is within the range, and what is below a millisecond matters to nobody")]
    let ms = (0.0..1e11).contains(&seconds).then_some((seconds * 1000.0) as i64)?;
    Some(Timestamp::from_ms(ms))
}

fn signed_claims(token: &str, keys: &JwkSet, (algorithm, kid): (Algorithm, Option<&str>)) -> Result<Claims, Failure> {
    let mut validation = Validation::new(algorithm);
    // The rest is checked here, against a clock that is handed in.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let mut why = "is signed with a key that is not the issuer's";
    for key in candidates(keys, algorithm, kid) {
        let Ok(key) = DecodingKey::from_jwk(key) else { continue };
        match jsonwebtoken::decode::<Claims>(token, &key, &validation) {
            Ok(data) => return Ok(data.claims),
            Err(error) if matches!(error.kind(), jsonwebtoken::errors::ErrorKind::Json(_)) => why = "lacks what it must have",
            Err(_) => {}
        }
    }
    Err(Failure::untrusted(format!("its ID token {why}")))
}

#[cfg(test)]
mod tests;
