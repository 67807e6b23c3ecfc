//! The command line.

use std::path::PathBuf;

use clap::Parser;

/// Runs seeds of the simulator: each is a cluster with its faults, played and judged.
#[derive(Clone, Debug, Parser)]
#[command(name = "simulate")]
pub(crate) struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 24)]
    pub(crate) seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    pub(crate) from: u64,
    /// Only this seed.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Inputs and timers of the hostile phase of a run.
    #[arg(long, default_value_t = 500)]
    pub(crate) steps: u64,
    /// Everything that happens, line by line (with --seed).
    #[arg(long, requires = "seed")]
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
    /// Where scenarios of seeds that fail are written.
    #[arg(long, default_value = "target")]
    pub(crate) scenarios: PathBuf,
    /// The report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
