//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use quorate::settings::Failback;
use quorate_availability::{Rates, Scatter};

/// How available a cluster will be: simulated through the real engine, by formula, and exactly.
///
/// FILE is the declaration of a cluster, or a design that names one and its rates, such as
/// crates/availability/designs/4+1.toml. Ends with 1 if a file cannot be used or a promise was broken,
/// and with 2 if the command line cannot be meant.
#[derive(Debug, Parser)]
#[command(name = "availability")]
pub(crate) struct Options {
    /// A cluster, or a design.
    pub(crate) file: PathBuf,
    /// Rates in place of those of the design; every field is documented in
    /// designs/rates.toml, whose values are the defaults.
    #[arg(long, value_name = "FILE")]
    pub(crate) rates: Option<PathBuf>,
    /// Another cluster or design to set beside the first.
    #[arg(long, value_name = "FILE")]
    pub(crate) compare: Option<PathBuf>,
    /// Years to simulate [default: as many as a standard error of a third of a per cent takes: a
    /// pilot of 1,000, extended by what the formula says, if one applies, and until the error is
    /// reached, up to 1,000,000 years or about 100,000,000 inputs, which are minutes of CPU time]
    #[arg(long, value_parser = years)]
    pub(crate) years: Option<f64>,
    /// Seed of all that is random; the same seed gives the same run, bit for bit.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Whether virtual servers return home, in place of what each declares and what the rates say.
    #[arg(long)]
    pub(crate) failback: Option<Choice>,
    /// How durations scatter, in place of what the rates say.
    #[arg(long)]
    pub(crate) durations: Option<Shape>,
    /// Print JSON for machines.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Choice {
    Allow,
    Prevent,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Shape {
    Exponential,
    Fixed,
}

impl Options {
    /// Whether all groups are to return home, if that was asked for.
    pub(crate) fn failback(&self) -> Option<Failback> {
        self.failback.map(|choice| match choice {
            Choice::Allow => Failback::Allow,
            Choice::Prevent => Failback::Prevent,
        })
    }

    /// Rates as the command line wants them.
    pub(crate) fn adjust(&self, rates: Rates) -> Rates {
        let durations = self.durations.map_or(rates.durations, |shape| match shape {
            Shape::Exponential => Scatter::Exponential,
            Shape::Fixed => Scatter::Fixed,
        });
        Rates { durations, ..rates }
    }
}

fn years(text: &str) -> Result<f64, String> {
    let years: f64 =
        text.replace(['_', ','], "").parse().map_err(|_| "not a number of years".to_string())?;
    if years > 0.0 && years <= 1e8 {
        Ok(years)
    } else {
        Err("must be more than 0 and at most 100,000,000".into())
    }
}
