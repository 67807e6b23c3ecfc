//! Counts how often each kind of fault really happened. A run proves nothing about a fault that
//! never happened.

use std::fmt;

use super::regions::Region;
use super::{FaultKind, Place};

/// A counter for each kind of fault, and for each region of its parameter if it has one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Atlas(Vec<Count>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Count {
    times: u64,
    /// Counts by region.
    regions: Vec<u64>,
}

impl Default for Atlas {
    fn default() -> Self {
        let count = |kind: &FaultKind| Count { times: 0, regions: vec![0; kind.ranges().len()] };
        Self(FaultKind::ALL.iter().map(count).collect())
    }
}

impl Atlas {
    /// Returns how often this kind happened.
    #[must_use]
    pub fn count(&self, kind: FaultKind) -> u64 {
        self.0.get(kind.index()).map_or(0, |count| count.times)
    }

    /// Returns how often any fault happened.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, count| sum.saturating_add(count.times))
    }

    /// Returns the regions of this kind's parameter in words, and how often each was met. A kind
    /// that draws two parameters counts for both.
    pub fn regions(&self, kind: FaultKind) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let titles = kind.ranges().iter().map(|region| region.title());
        let counts = self.0.get(kind.index()).map_or(&[][..], |count| &count.regions);
        titles.zip(counts.iter().copied())
    }

    /// Returns the kinds that could have happened and never did.
    pub fn missing(&self) -> impl Iterator<Item = FaultKind> + '_ {
        let kinds = FaultKind::ALL.iter().copied();
        kinds.filter(|kind| kind.applies() && self.count(*kind) == 0)
    }

    /// Returns the regions that were never met.
    pub fn missing_regions(&self) -> impl Iterator<Item = (FaultKind, &'static str)> + '_ {
        let kinds = FaultKind::ALL.iter().copied().filter(|kind| kind.applies());
        kinds.flat_map(|kind| {
            let never = self.regions(kind).filter(|(_, count)| *count == 0);
            never.map(move |(title, _)| (kind, title))
        })
    }

    /// Adds the counts of another atlas.
    pub fn add(&mut self, other: &Self) {
        let plus = |count: &mut u64, more: u64| *count = count.saturating_add(more);
        for (count, more) in self.0.iter_mut().zip(&other.0) {
            plus(&mut count.times, more.times);
            count.regions.iter_mut().zip(&more.regions).for_each(|(to, of)| plus(to, *of));
        }
    }

    pub(crate) fn fired(&mut self, kind: FaultKind) {
        if let Some(count) = self.0.get_mut(kind.index()) {
            count.times = count.times.saturating_add(1);
        }
    }

    /// Counts the region that holds the parameter of a fault that happened.
    pub(crate) fn met(&mut self, kind: FaultKind, value: u64) {
        let region = Region::index_of(kind.ranges(), value);
        let count = self.0.get_mut(kind.index());
        if let (Some(count), Some(region)) = (count, region)
            && let Some(met) = count.regions.get_mut(region)
        {
            *met = met.saturating_add(1);
        }
    }
}

/// Writes a table with one kind a line, each followed by the regions of its parameter.
impl fmt::Display for Atlas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in FaultKind::ALL {
            write!(f, "{:5}  ", kind.catalogue_id())?;
            match kind.place() {
                Place::World | Place::Message | Place::Run => {
                    write!(f, "{:>12}", self.count(*kind))?;
                }
                Place::BelongsTo(room) => write!(f, "{:>12}", std::format!("({room})"))?,
            }
            writeln!(f, "  {}", kind.title())?;
            for (index, (title, count)) in self.regions(*kind).enumerate() {
                match index {
                    0 => write!(f, "{:23}{title}: {count}", "")?,
                    _ => write!(f, ", {title}: {count}")?,
                }
            }
            if self.regions(*kind).next().is_some() {
                writeln!(f)?;
            }
        }
        Ok(())
    }
}
