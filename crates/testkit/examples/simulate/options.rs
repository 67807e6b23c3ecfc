//! The command line.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Parser;
use clap::builder::RangedU64ValueParser;

/// Runs seeds of the simulator: each is a cluster with its faults, which is played and judged.
///
/// Exits with 0 if every promise was kept, with 1 if one was broken, and with 2 if the command line
/// is invalid. With 1,000 seeds or more it also exits with 1 if a kind of fault never fired, or
/// never in some region of its parameter, because nothing is proved about it then; --benign turns
/// this off.
#[derive(Clone, Debug, Parser)]
#[command(name = "simulate")]
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
    /// Inputs and timers of the hostile phase of a run.
    #[arg(long, default_value_t = 500, value_parser = at_least_one())]
    pub(crate) steps: u64,
    /// Print everything that happens, line by line (with --seed).
    #[arg(long, requires = "seed", conflicts_with = "json")]
    pub(crate) trace: bool,
    /// Run without faults: only the benign twins.
    #[arg(long)]
    pub(crate) benign: bool,
    /// Leave out the benign twins.
    #[arg(long, conflicts_with = "benign")]
    pub(crate) no_twins: bool,
    /// Most runs for shrinking one seed that fails.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) shrink: usize,
    /// Directory for the scenarios of seeds that fail; it is created if needed.
    #[arg(long, default_value = "target")]
    pub(crate) scenarios: PathBuf,
    /// Play the seeds of this file, without benign twins, and compare the digests and hashes that
    /// stand there. Needs the number of steps for which they were written.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seeds", "from", "seed", "benign", "json"])]
    pub(crate) golden: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

fn at_least_one() -> RangedU64ValueParser<u64> {
    RangedU64ValueParser::new().range(1..)
}

/// The number of seeds from which every kind of fault and every region is expected to fire.
const EVERY_KIND_FIRES: u64 = 1_000;

impl Options {
    /// Tells whether every kind of fault has to fire.
    pub(crate) fn wants_every_kind(&self) -> bool {
        let range = self.range();
        let after_first = range.end() - range.start();
        !self.benign && after_first >= EVERY_KIND_FIRES - 1
    }

    /// Returns the seeds to run, up to the largest possible one.
    pub(crate) fn range(&self) -> RangeInclusive<u64> {
        match self.seed {
            Some(seed) => seed..=seed,
            None => self.from..=self.from.saturating_add(self.seeds - 1),
        }
    }
}
