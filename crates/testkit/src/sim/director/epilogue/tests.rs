//! Breaks each end of a run on purpose, and checks that this is found.

use super::*;
use crate::Invariant;
use crate::sim::draw::{Draw, Weather};
use crate::sim::run::Simulator;

/// Returns the promise that the flaw breaks in the first seed with this end in which it is found.
/// Without the flaw the seed keeps every promise.
fn found(epilogue: Epilogue, flaw: Flaw) -> Option<Invariant> {
    let sound = Simulator::default().steps(60);
    let mut seeds = (0..1_000).filter(|seed| {
        let Draw { declaration, epilogue: drawn, .. } = Draw::new(*seed, Weather::Benign);
        let resources: usize = declaration.groups.iter().map(|of| of.resources.len()).sum();
        drawn == epilogue && resources <= 6
    });
    let (seed, failure) = seeds.find_map(|seed| {
        let failure = sound.with_flaw(flaw).run(seed, Weather::Benign).err()?;
        Some((seed, failure))
    })?;
    assert_eq!(sound.run(seed, Weather::Benign).err(), None, "without {flaw:?}");
    failure.breach.invariant
}

#[test]
fn a_reboot_of_what_is_not_empty_is_seen() {
    let seen = found(Epilogue::RollingReboot, Flaw::NotEmptied);
    assert_eq!(seen, Some(Invariant::L10));
}

#[test]
fn a_fence_after_power_is_back_is_seen() {
    let seen = found(Epilogue::PowerLoss, Flaw::PowerFlickers);
    assert_eq!(seen, Some(Invariant::L17));
}

#[test]
fn a_silence_that_spreads_is_seen() {
    let seen = found(Epilogue::Nothing, Flaw::SilenceSpreads);
    assert_eq!(seen, Some(Invariant::L14));
}
