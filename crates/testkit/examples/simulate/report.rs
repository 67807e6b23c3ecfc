//! Reports the results of the seeds, as a table and as JSON.

use std::fmt;
use std::time::Duration;

use quorate_testkit::Breach;
use quorate_testkit::sim::{Atlas, FaultKind, Place, Weather};
use serde_json::{Value, json};

/// The results of all seeds.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) seeds: u64,
    pub(crate) inputs: u64,
    pub(crate) failed: Vec<Failed>,
    pub(crate) atlas: Atlas,
    /// A number that combines the outputs of all seeds.
    pub(crate) digest: u64,
    pub(crate) cpu: Duration,
}

/// A run that broke a promise.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) seed: u64,
    pub(crate) weather: Weather,
    pub(crate) breach: Breach,
}

impl Failed {
    /// Returns the name of the scenario; the twins of a seed have different names.
    pub(crate) fn file_name(&self) -> String {
        match self.weather {
            Weather::Benign => format!("seed_{}_benign.txt", self.seed),
            Weather::Hostile => format!("seed_{}.txt", self.seed),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "seed": self.seed,
            "weather": self.weather_in_words(),
            "breach": self.breach.to_string(),
        })
    }

    fn weather_in_words(&self) -> &'static str {
        match self.weather {
            Weather::Benign => "benign",
            Weather::Hostile => "hostile",
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seed {}", self.weather_in_words(), self.seed)
    }
}

impl Report {
    /// Combines the digest of a run into the digest of all; the order of the seeds counts.
    pub(crate) fn fold(&mut self, digest: u64) {
        self.digest = self.digest.rotate_left(7) ^ digest.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn faults_per_minute(&self) -> f64 {
        self.atlas.total() as f64 * 60.0 / self.cpu.as_secs_f64().max(1e-9)
    }

    /// Returns the names of the kinds that could have fired and never did.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.atlas.missing().map(|kind| format!("{kind:?}")).collect()
    }

    /// Returns the regions that never fired, of kinds that did.
    pub(crate) fn missing_regions(&self) -> Vec<String> {
        let regions = self.atlas.missing_regions();
        let of_fired = regions.filter(|(kind, _)| self.atlas.count(*kind) > 0);
        of_fired.map(|(kind, title)| format!("{kind:?} ({title})")).collect()
    }

    /// Returns the regions of a kind with their counts, as an object.
    fn regions(&self, kind: FaultKind) -> Value {
        self.atlas.regions(kind).map(|(title, count)| (title.to_owned(), json!(count))).collect()
    }

    pub(crate) fn to_json(&self) -> Value {
        let faults: Vec<Value> = FaultKind::ALL
            .iter()
            .map(|kind| {
                json!({
                    "id": kind.catalogue_id(),
                    "kind": format!("{kind:?}"),
                    "title": kind.title(),
                    "count": match kind.place() {
                        Place::BelongsTo(room) => json!({ "belongs_to": room.to_string() }),
                        _ => json!(self.atlas.count(*kind)),
                    },
                    "regions": self.regions(*kind),
                })
            })
            .collect();
        json!({
            "seeds": self.seeds,
            "inputs": self.inputs,
            "faults": self.atlas.total(),
            "failures": self.failed.len(),
            "failed": self.failed.iter().map(Failed::to_json).collect::<Vec<Value>>(),
            "cpu_seconds": self.cpu.as_secs_f64(),
            "faults_per_cpu_minute": self.faults_per_minute(),
            "digest": format!("{:016x}", self.digest),
            "missing": self.missing(),
            "missing_regions": self.missing_regions(),
            "atlas": faults,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.atlas)?;
        let (missing, regions) = (self.missing(), self.missing_regions());
        let seconds = self.cpu.as_secs_f64();
        writeln!(f, "seeds                  {:>14}", self.seeds)?;
        writeln!(f, "inputs                 {:>14}", self.inputs)?;
        writeln!(f, "faults                 {:>14}", self.atlas.total())?;
        writeln!(f, "kinds that never fired {:>14}", missing.len())?;
        // If no fault was to fire, the number is enough.
        if self.atlas.total() > 0 {
            for name in missing {
                writeln!(f, "  {name}")?;
            }
            writeln!(f, "regions never met      {:>14}", regions.len())?;
            for name in regions {
                writeln!(f, "  {name}")?;
            }
        }
        writeln!(f, "CPU seconds            {seconds:>14.1}")?;
        writeln!(f, "faults per CPU minute  {:>14.0}", self.faults_per_minute())?;
        writeln!(f, "digest                 {:016x}", self.digest)?;
        writeln!(f, "runs that fail         {:>14}", self.failed.len())
    }
}
