//! dimod's `BinaryQuadraticModel.to_serializable` (schema 3.0.0, and the older 2.0.0 without bytes) as JSON. Labels may be numbers, texts, or lists of those; where they are
//! not just 0, 1, 2 and so on they become the model's labels, lists as their JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{Error, Fault, shown};
use super::problem::Problem;
use super::{Format, MAX_VARIABLES};
use crate::optimizer::model::{self, Bqm, Vartype};

/// The most characters of a message of the parser.
const MAX_MESSAGE: usize = 200;

/// The fields that matter, as they are. Others, such as `info`, are passed over.
#[derive(Deserialize)]
struct Plain {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    version: Version,
    #[serde(default)]
    use_bytes: bool,
    variable_labels: Vec<Value>,
    variable_type: Vartype,
    offset: f64,
    linear_biases: Vec<f64>,
    quadratic_biases: Vec<f64>,
    quadratic_head: Vec<usize>,
    quadratic_tail: Vec<usize>,
}

#[derive(Deserialize, Default)]
struct Version {
    #[serde(default)]
    bqm_schema: String,
}

/// The model, or the field that is wrong and why.
fn checked(plain: &Plain) -> Result<Bqm, (&'static str, Fault)> {
    let wrong = |field, rule: String| Err((field, Fault::Json(rule)));
    // Older releases wrote the names of their own kinds, such as AdjVectorBQM.
    if plain.kind != "BinaryQuadraticModel" && !plain.kind.ends_with("BQM") {
        return wrong("type", format!("the type must be BinaryQuadraticModel, not {:?}", shown(&plain.kind)));
    }
    if plain.use_bytes {
        return wrong("use_bytes", "biases must be lists of numbers: write with use_bytes=False".to_owned());
    }
    if !plain.version.bqm_schema.starts_with("3.") && !plain.version.bqm_schema.starts_with("2.") {
        return wrong("version", "version.bqm_schema must be 2 or 3".to_owned());
    }
    let (variables, couplers) = (plain.linear_biases.len(), plain.quadratic_biases.len());
    if variables > MAX_VARIABLES {
        return wrong("linear_biases", format!("a file has at most {MAX_VARIABLES} variables"));
    }
    if plain.variable_labels.len() != variables {
        return wrong("variable_labels", format!("there are {} labels for {variables} linear_biases", plain.variable_labels.len()));
    }
    for (field, list) in [("quadratic_head", &plain.quadratic_head), ("quadratic_tail", &plain.quadratic_tail)] {
        if list.len() != couplers {
            return wrong(field, format!("{field} has {} entries, quadratic_biases {couplers}", list.len()));
        }
        if let Some(far) = list.iter().find(|variable| **variable >= variables) {
            return wrong(field, format!("there is no variable {far}: the model has {variables}"));
        }
    }
    let mut builder = Bqm::builder(plain.variable_type).variables(variables).offset(plain.offset);
    for (variable, bias) in plain.linear_biases.iter().enumerate() {
        builder.add_linear(variable, *bias);
    }
    for ((one, other), bias) in plain.quadratic_head.iter().zip(&plain.quadratic_tail).zip(&plain.quadratic_biases) {
        if one == other {
            return wrong("quadratic_head", format!("variable {one} has a coupler with itself"));
        }
        builder.add_quadratic(*one, *other, *bias);
    }
    let is_range = plain.variable_labels.iter().enumerate().all(|(at, label)| label.as_u64() == u64::try_from(at).ok());
    if !is_range {
        builder = builder.labels(plain.variable_labels.iter().map(label).collect());
    }
    builder.build().map_err(|error| match error {
        model::Error::SameLabel(_) => ("variable_labels", error.into()),
        _ => ("linear_biases", error.into()),
    })
}

fn label(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

pub(super) fn read(text: &str) -> Result<Problem, Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let plain: Plain = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line().max(1), error.column().max(1));
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        Error { line, column, fault: Fault::Json(shown_message(message.strip_suffix(&place).unwrap_or(&message))) }
    })?;
    let bqm = checked(&plain).map_err(|(field, fault)| {
        let (line, column) = place(text, field);
        Error { line, column, fault }
    })?;
    Ok(Problem::energy(Format::Json, bqm))
}

/// A message of the parser, which may repeat a long text of the file.
fn shown_message(message: &str) -> String {
    message.chars().take(MAX_MESSAGE).collect()
}

/// Where a field is named.
fn place(text: &str, field: &str) -> (usize, usize) {
    let before = &text[..text.find(&format!("\"{field}\"")).unwrap_or(0)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// In the order in which dimod writes it.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    version: Value,
    use_bytes: bool,
    index_type: &'static str,
    bias_type: &'static str,
    num_variables: usize,
    num_interactions: usize,
    variable_labels: Vec<Value>,
    variable_type: Vartype,
    offset: f64,
    info: Value,
    linear_biases: &'a [f64],
    quadratic_biases: Vec<f64>,
    quadratic_head: Vec<usize>,
    quadratic_tail: Vec<usize>,
}

pub(super) fn write(bqm: &Bqm) -> String {
    let labels = match bqm.labels() {
        Some(labels) => labels.iter().map(|label| Value::from(label.as_str())).collect(),
        None => (0..bqm.num_variables()).map(Value::from).collect(),
    };
    let written = Written {
        kind: "BinaryQuadraticModel",
        version: serde_json::json!({ "bqm_schema": "3.0.0" }),
        use_bytes: false,
        index_type: "int32",
        bias_type: "float64",
        num_variables: bqm.num_variables(),
        num_interactions: bqm.num_couplers(),
        variable_labels: labels,
        variable_type: bqm.vartype(),
        offset: bqm.offset(),
        info: serde_json::json!({}),
        linear_biases: bqm.linear(),
        quadratic_biases: bqm.quadratic().map(|(_, _, bias)| bias).collect(),
        quadratic_head: bqm.quadratic().map(|(one, _, _)| one).collect(),
        quadratic_tail: bqm.quadratic().map(|(_, other, _)| other).collect(),
    };
    // Plain data with finite numbers is always written.
    serde_json::to_string(&written).unwrap_or_default()
}
