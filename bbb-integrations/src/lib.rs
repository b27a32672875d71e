//! Adapters of the ports of Better Business Builder: what carries permitted effects to real providers.
//!
//! An adapter takes a permit, reads its arguments from nowhere else, and says in its [`bbb_core::port::Failure`] whether the effect may
//! have happened. That word is what keeps effects from happening twice, so each adapter argues for it in its own documentation:
//!
//! - [`mail`]: mail over SMTP (feature `mail`);
//! - [`llm`]: language models behind an OpenAI-compatible API (feature `llm`).
//!
//! Credentials reach adapters as a [`secret::Secret`], and nothing else in the workspace holds them.

#[cfg(feature = "llm")]
pub mod llm;
#[cfg(feature = "mail")]
pub mod mail;
#[cfg(any(feature = "mail", feature = "llm"))]
mod redact;
pub mod secret;

/// A setting that an adapter cannot work with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}")]
pub struct ConfigError {
    /// The setting's name.
    pub field: &'static str,
    /// The rule that it breaks. Never the value itself, which may be a secret.
    pub rule: String,
}

#[cfg(any(feature = "mail", feature = "llm"))]
impl ConfigError {
    fn new(field: &'static str, rule: impl Into<String>) -> Self {
        ConfigError { field, rule: rule.into() }
    }
}
