//! What everybody needs who asks a language model: the price of a call, and how an answer is read by its schema.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::money::Cents;
use crate::spec::ModelSpec;

/// The most characters of an earlier answer that are shown to the model again.
pub(crate) const MAX_ANSWER_CHARS: usize = 4_000;
/// The most characters of a complaint that are shown to the model.
const MAX_COMPLAINT_CHARS: usize = 500;

/// Why an answer does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// In full, for the model to repair. It may quote the answer, which may be personal: for sealed prompts only.
    pub(crate) quoting: String,
    /// The rule that is broken and where the schema has it, and no word of the answer: for the journal.
    pub(crate) bare: String,
}

impl Complaint {
    fn new(bare: impl Into<String>, error: &impl std::fmt::Display) -> Complaint {
        let bare = bare.into();
        Complaint { quoting: format!("{bare}: {error}"), bare }
    }
}

/// Reads an answer that must fit a schema.
///
/// # Errors
/// What does not fit.
pub(crate) fn fitting<T: DeserializeOwned>(answer: &str, schema: &Value) -> Result<T, Complaint> {
    let value: Value = serde_json::from_str(unfence(answer)).map_err(|error| Complaint::new("it is not JSON", &error))?;
    let validator = jsonschema::validator_for(schema).map_err(|error| Complaint::new("its schema is not usable", &error))?;
    if let Some(error) = validator.iter_errors(&value).next() {
        // The path is the schema's own. One in the answer could hold a name that the model made up.
        let bare = format!("it breaks {}", error.schema_path());
        return Err(Complaint { quoting: format!("at {}: {error}", error.instance_path()), bare });
    }
    serde_json::from_value(value).map_err(|error| Complaint::new("it has other fields than the schema", &error))
}

/// Many models put JSON into a Markdown fence, told or not.
fn unfence(answer: &str) -> &str {
    let inner = answer.trim();
    let inner = inner.strip_prefix("```json").or_else(|| inner.strip_prefix("```")).unwrap_or(inner);
    inner.strip_suffix("```").unwrap_or(inner).trim()
}

/// What the model is told about an answer that did not fit.
pub(crate) fn complaint(error: &str) -> String {
    let error: String = error.chars().take(MAX_COMPLAINT_CHARS).collect();
    format!("Your answer does not fit the schema: {error}. Answer again with one JSON object that fits it, and nothing else.")
}

/// What a call costs at most: a token is at least a byte. Rounded up, and held in full however dear it is.
pub(crate) fn cost(bytes: usize, spec: &ModelSpec) -> Cents {
    let tokens = i128::try_from(bytes).unwrap_or(i128::MAX).saturating_add(i128::from(spec.max_answer_tokens));
    let millionths = tokens.saturating_mul(i128::from(spec.price_per_million_tokens.get())).saturating_add(999_999);
    Cents::new(i64::try_from(millionths.div_euclid(1_000_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_may_cost_is_rounded_up_and_never_overflows() {
        let check = |bytes, max_answer_tokens, price, want| {
            let spec = ModelSpec { max_answer_tokens, price_per_million_tokens: Cents::new(price), ..ModelSpec::default() };
            assert_eq!(cost(bytes, &spec), Cents::new(want), "{bytes} bytes, {price} cents");
        };
        check(0, 0, 60, 0);
        check(1, 0, 60, 1);
        check(900_000, 100_000, 60, 60);
        check(900_000, 100_001, 60, 61);
        check(10_000, 1024, 0, 0);
        check(10_000, 1024, i64::MAX, 101_678_453_334_287_049);
        check(usize::MAX, u32::MAX, i64::MAX, i64::MAX);
    }
}
