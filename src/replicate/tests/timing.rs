//! The inequalities that spans have to keep.

use alloc::boxed::Box;

use super::*;
use crate::kind::ResourceOverrides;
use crate::replicate::{TimingError, TimingField};

fn worked() -> Timing {
    Timing {
        lease: millis(2_000),
        stop: millis(300),
        watchdog: Duration::ZERO,
        detection: millis(2_400),
        beat: millis(100),
        election: millis(300),
        charge: millis(50),
        drift_ppm: 200,
    }
}

#[test]
fn spans_that_fit_pass() {
    assert_eq!(worked().check(&spec(Fencing::Trusted)), Ok(()));
    for watchdog in [0, 1_000, 15_000] {
        for (beat, election, stop) in [(20, 60, 10), (100, 300, 300), (1_000, 5_000, 60_000)] {
            let timing =
                Timing::fitting(millis(beat), millis(election), millis(stop), millis(watchdog));
            let outcome = timing.check(&spec(Fencing::Trusted));
            let is_long = matches!(outcome, Err(TimingError::LeaseOutlivesOperation { .. }));
            assert!(outcome.is_ok() || is_long, "{timing:?}: {outcome:?}");
        }
    }
}

/// 2,300 ms with a drift of 200 millionths is a little less than 2,301 ms, and 1 ms more.
#[test]
fn drift_counts() {
    assert_eq!(worked().runs_until(), millis(2_302));
    let exact = Timing { detection: millis(2_302), ..worked() };
    assert_eq!(exact.check(&spec(Fencing::Trusted)), Ok(()));
    let short = Timing { detection: millis(2_301), ..worked() };
    assert_eq!(
        short.check(&spec(Fencing::Trusted)),
        Err(TimingError::TakenOverTooSoon {
            runs_until: millis(2_302),
            taken_over_after: millis(2_301),
            mend: TimingField::Detection,
        })
    );
}

#[test]
fn a_lease_in_the_declaration_is_compared_with_its_margin() {
    let lease =
        |duration, margin| Fencing::Lease { duration: millis(duration), margin: millis(margin) };
    let short_detection = Timing { detection: millis(500), ..worked() };
    assert_eq!(short_detection.check(&spec(lease(2_300, 2))), Ok(()));
    let error = short_detection.check(&spec(lease(2_300, 1)));
    let Err(TimingError::TakenOverTooSoon { mend, .. }) = error else { panic!("{error:?}") };
    assert_eq!(mend, TimingField::Margin);
    // A fence or an operator gives the proof, so no span has to.
    for fencing in [Fencing::Required, Fencing::Operator] {
        assert_eq!(short_detection.check(&spec(fencing)), Ok(()));
    }
}

/// A deaf leader is noticed after half of detection, and two elections may follow.
#[test]
fn a_lease_outlasts_an_election() {
    // 100 + 1,200 + 2 × 300 + 50
    let exact = Timing { lease: millis(1_951), ..worked() };
    assert_eq!(exact.check(&spec(Fencing::Trusted)), Ok(()));
    let short = Timing { lease: millis(1_950), ..worked() };
    let needed = millis(1_950);
    assert_eq!(
        short.check(&spec(Fencing::Trusted)),
        Err(TimingError::LeaseOutrunByElection { lease: millis(1_950), needed })
    );
}

#[test]
fn no_operation_times_out_within_a_lease() {
    let mut declaration = declaration(Fencing::Trusted);
    let overrides =
        ResourceOverrides { pending_timeout: Some(millis(1_999)), ..Default::default() };
    declaration.groups[0].resources[0].settings = Some(Box::new(overrides));
    let outcome = worked().check(&declaration.build().unwrap());
    let timeout = millis(1_999);
    assert_eq!(outcome, Err(TimingError::LeaseOutlivesOperation { lease: millis(2_000), timeout }));
}

#[test]
fn nothing_is_not_a_span() {
    let spec = spec(Fencing::Trusted);
    let zero = |timing: Timing| timing.check(&spec);
    let none = Duration::ZERO;
    assert_eq!(zero(Timing { beat: none, ..worked() }), Err(TimingError::Zero(TimingField::Beat)));
    assert_eq!(
        zero(Timing { lease: none, ..worked() }),
        Err(TimingError::Zero(TimingField::Lease))
    );
    let drift_ppm = Timing::MOST_DRIFT_PPM + 1;
    assert_eq!(zero(Timing { drift_ppm, ..worked() }), Err(TimingError::Drift(drift_ppm)));
    // Nothing overflows, however long the spans are.
    let ages = Timing { lease: Duration::MAX, stop: Duration::MAX, ..worked() };
    assert!(zero(ages).is_err());
}

#[test]
fn a_misfit_reads_well() {
    let error = Timing { detection: millis(2_000), ..worked() }.check(&spec(Fencing::Trusted));
    let text = alloc::format!("{}", error.unwrap_err());
    assert_eq!(
        text,
        "a node may run until 2.302s after its last beat, and another one takes over after 2s: \
         shorten lease, stop or watchdog, or lengthen detection"
    );
}

/// The rows of the table in `quorate::guide::replicate`: beat, election, stop and watchdog; then the
/// lease and the detection, in milliseconds.
#[test]
fn worked_values() {
    for (chosen, expected) in [
        ([50, 150, 100, 0], (906, 1_008)),
        ([100, 300, 300, 0], (1_909, 2_211)),
        ([100, 300, 300, 1_000], (2_914, 4_217)),
        ([200, 1_000, 5_000, 10_000], (19_891, 34_906)),
    ] {
        let [beat, election, stop, watchdog] = chosen.map(millis);
        let timing = Timing::fitting(beat, election, stop, watchdog);
        let found = (timing.lease.as_millis(), timing.detection.as_millis());
        assert_eq!(found, expected, "{chosen:?}");
    }
}
