//! Reports the results of the seeds, as a table and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use quorate::settings::Fencing;
use quorate_testkit::replicated::{self, Cause, Checks, Failure, Fault, Faults};
use serde_json::{Value, json};

/// The results of all seeds.
#[derive(Debug, Default)]
pub(crate) struct Report {
    runs: u64,
    pub(crate) failed: Vec<Failure>,
    faults: Faults,
    takeovers: BTreeMap<(Cause, &'static str), Vec<u64>>,
    by_nodes: BTreeMap<usize, u64>,
    by_fencing: BTreeMap<&'static str, u64>,
    entries: u64,
    lives: u64,
    grants: u64,
    checks: Checks,
    pub(crate) cpu: Duration,
}

const fn fencing_in_words(fencing: Fencing) -> &'static str {
    match fencing {
        Fencing::Required => "required",
        Fencing::Trusted => "trusted",
        Fencing::Lease { .. } => "lease",
        Fencing::Operator => "operator",
    }
}

impl Report {
    pub(crate) fn add(&mut self, run: replicated::Report) {
        let fencing = fencing_in_words(run.fencing);
        self.runs += 1;
        self.faults.add(&run.faults);
        *self.by_nodes.entry(run.nodes).or_default() += 1;
        *self.by_fencing.entry(fencing).or_default() += 1;
        for (cause, took) in run.takeovers {
            self.takeovers.entry((cause, fencing)).or_default().push(took);
        }
        self.entries += run.entries;
        self.lives += run.lives;
        self.grants += run.grants;
        self.checks.add(run.checks);
    }

    /// Returns the kinds of faults that never happened.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        self.faults.missing().map(Fault::title).collect()
    }

    fn judged(&self) -> [(&'static str, u64); 6] {
        let Checks { starts, leases, entries, digests, fences, ended_lives } = self.checks;
        [
            ("starts, against all machines", starts),
            ("milliseconds of a machine at work, against its lease", leases),
            ("entries, between replicas", entries),
            ("digests, between replicas", digests),
            ("fences", fences),
            ("lives that ended by themselves", ended_lives),
        ]
    }

    /// Returns count, median and worst of a list.
    fn figures(times: &[u64]) -> (usize, u64, u64) {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
        (sorted.len(), median, sorted.last().copied().unwrap_or_default())
    }

    pub(crate) fn to_json(&self) -> Value {
        let faults: BTreeMap<&str, u64> =
            Fault::ALL.iter().map(|fault| (fault.title(), self.faults.count(*fault))).collect();
        let takeovers: Vec<Value> = self
            .takeovers
            .iter()
            .map(|((cause, fencing), times)| {
                let (count, median, worst) = Self::figures(times);
                let cause = cause.title();
                json!({
                    "cause": cause, "fencing": fencing, "count": count,
                    "median_ms": median, "worst_ms": worst,
                })
            })
            .collect();
        let failed: Vec<Value> = self
            .failed
            .iter()
            .map(|of| json!({ "of": of.of, "breach": of.breach.to_string() }))
            .collect();
        json!({
            "runs": self.runs,
            "failed": failed,
            "nodes": self.by_nodes,
            "fencing": self.by_fencing,
            "faults": faults,
            "takeovers": takeovers,
            "judged": self.judged().into_iter().collect::<BTreeMap<_, _>>(),
            "entries": self.entries,
            "lives": self.lives,
            "grants": self.grants,
            "cpu_seconds": self.cpu.as_secs_f64(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<76} {:>10}", "fault", "times")?;
        for fault in Fault::ALL {
            writeln!(f, "{:<76} {:>10}", fault.title(), self.faults.count(*fault))?;
        }
        writeln!(
            f,
            "\n{:<30} {:<10} {:>7} {:>10} {:>10}",
            "takeover", "fencing", "count", "median", "worst"
        )?;
        for ((cause, fencing), times) in &self.takeovers {
            let (count, median, worst) = Self::figures(times);
            let cause = cause.title();
            writeln!(f, "{cause:<30} {fencing:<10} {count:>7} {median:>7} ms {worst:>7} ms")?;
        }
        writeln!(f, "\n{:<76} {:>10}", "judged", "times")?;
        for (what, times) in self.judged() {
            writeln!(f, "{what:<76} {times:>10}")?;
        }
        let nodes = self.by_nodes.iter().map(|(nodes, runs)| format!("{nodes} nodes {runs}"));
        let fencing = self.by_fencing.iter().map(|(fencing, runs)| format!("{fencing} {runs}"));
        writeln!(f, "\nruns without a failure  {:>10}", self.runs)?;
        writeln!(f, "  {}", nodes.collect::<Vec<_>>().join(", "))?;
        writeln!(f, "  {}", fencing.collect::<Vec<_>>().join(", "))?;
        writeln!(f, "faults                  {:>10}", self.faults.total())?;
        writeln!(f, "entries of the logs     {:>10}", self.entries)?;
        writeln!(f, "lives of nodes          {:>10}", self.lives)?;
        writeln!(f, "grants                  {:>10}", self.grants)?;
        writeln!(f, "CPU seconds             {:>10.1}", self.cpu.as_secs_f64())?;
        writeln!(f, "runs that fail          {:>10}", self.failed.len())
    }
}
