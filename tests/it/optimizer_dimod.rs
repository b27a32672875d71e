//! Files of models, written by one and read by the other: dimod, which defined two of the formats.

use bbb_core::optimizer::format::{self, Format, Problem};
use bbb_core::optimizer::model::{Bqm, Vartype};

use crate::support::peers;

/// Reads COO and JSON that we wrote, prints the energies of all states, and then both formats as dimod writes them.
const SCRIPT: &str = r#"
import itertools, json, sys
import dimod
from dimod.serialization import coo
ours = json.load(sys.stdin)
answer = []
for case in ours:
    models = [coo.loads(case["coo"]), dimod.BinaryQuadraticModel.from_serializable(json.loads(case["json"]))]
    values = [0, 1] if models[0].vartype is dimod.BINARY else [-1, 1]
    order = list(models[0].variables)
    energies = []
    for model in models:
        labels = sorted(model.variables, key=int)
        states = [dict(zip(labels, state)) for state in itertools.product(values, repeat=len(labels))]
        energies.append([float(model.energy(state)) for state in states])
    answer.append({
        "energies": energies,
        "coo": coo.dumps(models[0], vartype_header=True),
        "json": json.dumps(models[1].to_serializable()),
        "pretty": json.dumps(models[1].to_serializable(), indent=1),
    })
json.dump(answer, sys.stdout)
"#;

/// Energies of all states, the last variable changing first.
fn energies(bqm: &Bqm) -> Vec<f64> {
    let n = bqm.num_variables();
    let [low, high] = bqm.vartype().values();
    let state = |bits: u32| -> Vec<i8> { (0..n).map(|at| if bits >> (n - 1 - at) & 1 == 1 { high } else { low }).collect() };
    (0..1_u32 << n).map(|bits| bqm.energy(&state(bits)).expect("a state")).collect()
}

/// Every variable has a term, since COO knows no other, and every energy is exact.
fn models() -> Vec<Bqm> {
    let spin = |offset| Bqm::from_ising(&[1.0, -2.5, 0.0, 4.0], [(0, 1, -1.0), (1, 3, 0.5), (0, 2, 3.0)], offset).expect("finite");
    let binary =
        Bqm::from_qubo([(0, 0, -3.0), (0, 1, 2.25), (1, 2, -7.0), (2, 2, 0.015_625), (3, 3, 0.5), (0, 4, 5.0)], 0.0).expect("finite");
    let labelled = binary.relabel(["10", "11", "12", "13", "14"].map(str::to_owned).to_vec()).expect("five labels");
    vec![spin(0.0), spin(12.0), binary, labelled, Bqm::builder(Vartype::Spin).linear(0, 1.0).build().expect("finite")]
}

#[test]
fn dimod_reads_our_models_and_we_read_its() {
    let models = models();
    let cases: Vec<serde_json::Value> = models
        .iter()
        .map(|bqm| {
            let problem = Problem::energy(Format::Json, bqm.clone());
            let text = |format| format::write(&problem, format).expect("both say any model");
            serde_json::json!({ "coo": text(Format::Coo), "json": text(Format::Json) })
        })
        .collect();
    let answer = peers::dimod(SCRIPT, &serde_json::Value::from(cases).to_string());
    let answer: Vec<serde_json::Value> = serde_json::from_str(&answer).expect("the script prints JSON");
    assert_eq!(answer.len(), models.len());
    for (bqm, answer) in models.iter().zip(&answer) {
        let ours = energies(bqm);
        let theirs = |which: usize| -> Vec<f64> { serde_json::from_value(answer["energies"][which].clone()).expect("numbers") };
        // dimod's COO has no offset.
        let shifted: Vec<f64> = theirs(0).iter().map(|energy| energy + bqm.offset()).collect();
        assert_eq!(shifted, ours, "COO as dimod reads it");
        assert_eq!(theirs(1), ours, "JSON as dimod reads it");
        for (field, format) in [("coo", Format::Coo), ("json", Format::Json), ("pretty", Format::Json)] {
            let text = answer[field].as_str().expect("a text");
            let read = format::read(text, None).unwrap_or_else(|error| panic!("{field}: {error} in {text}"));
            assert_eq!(read.format, format);
            let offset = if format == Format::Coo { bqm.offset() } else { 0.0 };
            let back: Vec<f64> = energies(&read.bqm).iter().map(|energy| energy + offset).collect();
            assert_eq!(back, ours, "{field} as dimod writes it");
        }
    }
}
