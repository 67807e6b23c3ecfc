//! The command line.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Parser;
use clap::builder::RangedU64ValueParser;

/// Runs seeds of the simulator: each is a cluster with its faults, played and judged.
///
/// Ends with 0 if every promise was kept, with 1 if one was broken, and with 2 if the command line
/// cannot be meant. At 1,000 seeds or more it also ends with 1 if a kind of fault never fired, or
/// never in some region of its parameter, for nothing is proved of it then; not with --benign.
#[derive(Clone, Debug, Parser)]
#[command(name = "simulate")]
pub(crate) struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 24, value_parser = at_least_one())]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Only this seed.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    pub(crate) seed: Option<u64>,
    /// Inputs and timers of the hostile phase of a run.
    #[arg(long, default_value_t = 500, value_parser = at_least_one())]
    pub(crate) steps: u64,
    /// Everything that happens, line by line (with --seed).
    #[arg(long, requires = "seed", conflicts_with = "json")]
    pub(crate) trace: bool,
    /// Without faults: the benign twins only.
    #[arg(long)]
    pub(crate) benign: bool,
    /// Leaves the benign twins out.
    #[arg(long, conflicts_with = "benign")]
    pub(crate) no_twins: bool,
    /// Runs for the shrinking of a seed that fails.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) shrink: usize,
    /// Where scenarios of seeds that fail are written; it is made if it is not there.
    #[arg(long, default_value = "target")]
    pub(crate) scenarios: PathBuf,
    /// The report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

fn at_least_one() -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(1..)
}

/// With so many seeds every kind of fault and every region has had its chance.
const EVERY_KIND_FIRES: u64 = 1_000;

impl Options {
    /// Whether every kind of fault has to fire.
    pub(crate) fn wants_every_kind(&self) -> bool {
        let range = self.range();
        let after_first = range.end() - range.start();
        !self.benign && after_first >= EVERY_KIND_FIRES - 1
    }

    /// The seeds to run; the last one there can be ends them.
    pub(crate) fn range(&self) -> RangeInclusive<u64> {
        match self.seed {
            Some(seed) => seed..=seed,
            None => self.from..=self.from.saturating_add(self.seeds - 1),
        }
    }
}
