//! The command line.

use std::ops::RangeInclusive;

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use quorate_testkit::replicated::Flaw;

/// Runs seeds of the simulator of replicated clusters.
///
/// Each run is a cluster of 3, 5 or 7 machines over 80 simulated seconds, with faults in the first
/// 45. Exits with 0 if every promise was kept, with 1 if one was broken, and with 2 if the command
/// line is invalid. With 500 seeds or more it also exits with 1 if a kind of fault never happened.
#[derive(Clone, Debug, Parser)]
#[command(name = "replicated")]
pub(crate) struct Options {
    /// Number of seeds.
    #[arg(long, default_value_t = 24, value_parser = at_least_one())]
    seeds: u64,
    /// First seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Run only this seed.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    pub(crate) seed: Option<u64>,
    /// Print everything that happens, line by line (with --seed).
    #[arg(long, requires = "seed", conflicts_with = "json")]
    pub(crate) trace: bool,
    /// Build on the parts with this mistake, to see that it is found.
    #[arg(long, value_name = "FLAW", value_parser = named)]
    flaw: Option<Flaw>,
    /// Play the histories that are written by hand, in place of seeds.
    #[arg(long, conflicts_with_all = ["seeds", "from", "seed", "json"])]
    pub(crate) schedules: bool,
    /// Play one of these histories, and print what happened.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["seeds", "from", "seed", "json"])]
    pub(crate) schedule: Option<String>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

fn at_least_one() -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(1..)
}

/// Returns the mistake of this name, or an error with all names.
fn named(name: &str) -> Result<Flaw, String> {
    let all = Flaw::ALL.iter();
    let found = all.clone().find(|flaw| format!("{flaw:?}").eq_ignore_ascii_case(name));
    let names: Vec<String> = all.map(|flaw| format!("{flaw:?}")).collect();
    found.copied().ok_or_else(|| format!("there are:\n  {}", names.join("\n  ")))
}

/// The number of seeds from which every kind of fault is expected to happen.
const EVERY_KIND_HAPPENS: u64 = 500;

impl Options {
    pub(crate) fn flaw(&self) -> Flaw {
        self.flaw.unwrap_or_default()
    }

    /// Tells whether every kind of fault has to happen.
    pub(crate) fn wants_every_kind(&self) -> bool {
        let range = self.range();
        range.end() - range.start() >= EVERY_KIND_HAPPENS - 1
    }

    /// Returns the seeds to run, up to the largest possible one.
    pub(crate) fn range(&self) -> RangeInclusive<u64> {
        match self.seed {
            Some(seed) => seed..=seed,
            None => self.from..=self.from.saturating_add(self.seeds - 1),
        }
    }
}
