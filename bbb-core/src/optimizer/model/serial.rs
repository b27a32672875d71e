//! A model as data: a list of linear biases and a list of couplers. What is read is checked as if it were built by hand.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bqm::{Bqm, Vartype};
use super::builder::Builder;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    vartype: Vartype,
    offset: f64,
    linear: Vec<f64>,
    quadratic: Vec<(usize, usize, f64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<String>>,
}

impl Serialize for Bqm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let plain = Plain {
            vartype: self.vartype,
            offset: self.offset,
            linear: self.linear.clone(),
            quadratic: self.quadratic().collect(),
            labels: self.labels.clone(),
        };
        plain.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bqm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bqm, D::Error> {
        let plain = Plain::deserialize(deserializer)?;
        let mut builder = Builder::new(plain.vartype).offset(plain.offset);
        for (variable, bias) in plain.linear.iter().enumerate() {
            builder.add_linear(variable, *bias);
        }
        for (one, other, bias) in plain.quadratic {
            builder.add_quadratic(one, other, bias);
        }
        if let Some(labels) = plain.labels {
            builder = builder.labels(labels);
        }
        builder.build().map_err(serde::de::Error::custom)
    }
}
