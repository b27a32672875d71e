//! What a sampler found.

use serde::{Deserialize, Serialize};

use crate::optimizer::model::{Bqm, Error, Vartype};

/// One state, how good it is, and how often it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// A value for each variable.
    pub state: Vec<i8>,
    /// Its energy, calculated from the model itself.
    pub energy: f64,
    /// How many reads ended in it.
    pub occurrences: u64,
}

/// What was done to find them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effort {
    /// The sampler that found them, such as `sa`.
    pub solver: String,
    /// What randomness was derived from.
    pub seed: u64,
    /// Independent runs.
    pub reads: u64,
    /// Visits of all variables, over all runs.
    pub sweeps: u64,
    /// Changes of one variable whose cost was evaluated.
    pub updates: u64,
    /// Changes that were known to be hopeless without evaluating them one by one.
    pub skipped: u64,
    /// Whether the run ended before it had done all that its parameters ask for.
    pub interrupted: bool,
    /// Whether the first row is proved to be optimal.
    pub optimal: bool,
}

impl Effort {
    /// Nothing done yet.
    pub(crate) fn begin(solver: impl Into<String>, seed: u64) -> Effort {
        Effort { solver: solver.into(), seed, reads: 0, sweeps: 0, updates: 0, skipped: 0, interrupted: false, optimal: false }
    }
}

/// States, the lowest energy first, none of them twice after [`SampleSet::aggregate`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleSet {
    /// What values variables have.
    pub vartype: Vartype,
    /// Sorted by energy, then by state.
    pub rows: Vec<Row>,
    /// What was done to find them.
    pub effort: Effort,
}

impl SampleSet {
    /// A set of these states; their energies are calculated here.
    ///
    /// # Errors
    /// Where one is no state of the model.
    pub fn new(bqm: &Bqm, states: impl IntoIterator<Item = Vec<i8>>, effort: Effort) -> Result<SampleSet, Error> {
        let rows: Result<Vec<Row>, Error> =
            states.into_iter().map(|state| Ok(Row { energy: bqm.energy(&state)?, state, occurrences: 1 })).collect();
        let mut set = SampleSet { vartype: bqm.vartype(), rows: rows?, effort };
        set.rows.sort_by(|one, other| one.energy.total_cmp(&other.energy).then_with(|| one.state.cmp(&other.state)));
        Ok(set)
    }

    /// The best row.
    pub fn first(&self) -> Option<&Row> {
        self.rows.first()
    }

    /// The rows whose energy is at most `tolerance` above the lowest.
    pub fn lowest(&self, tolerance: f64) -> &[Row] {
        let Some(first) = self.rows.first() else { return &[] };
        let most = first.energy + tolerance.max(0.0);
        &self.rows[..self.rows.partition_point(|row| row.energy <= most)]
    }

    /// The set with equal states as one row, their occurrences added up.
    #[must_use]
    pub fn aggregate(mut self) -> SampleSet {
        self.rows.dedup_by(|next, kept| {
            let same = next.state == kept.state;
            if same {
                kept.occurrences += next.occurrences;
            }
            same
        });
        self
    }
}
