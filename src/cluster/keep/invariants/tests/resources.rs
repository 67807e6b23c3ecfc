//! Doubts, runs and recoveries of resources.

use super::*;

/// Where it is known whether a resource runs, no start is left to come.
#[test]
fn late_starts_are_in_doubt_or_being_terminated() {
    for name in ["job", "ip", "ip6", "name", "store", "share"] {
        resource_breaks(name, StateRule::LateStartWithoutDoubt, |record| {
            record.late_start = LateStart::Possible;
        });
    }
    for name in ["printer", "spooler"] {
        let verdict = verdict(|state| record(state, name).late_start = LateStart::Possible);
        assert_eq!(verdict, Ok(()), "{name}");
    }
}

/// A resource that runs, starts or stops in good order has not failed.
#[test]
fn failed_starts_are_off_or_on_their_way() {
    for name in ["disk", "ip", "name", "share"] {
        resource_breaks(name, StateRule::FailureDoesNotFit, |record| {
            record.failed_while = FailedWhile::Starting;
        });
    }
    for name in ["ip6", "store", "tape", "printer", "spooler"] {
        let verdict = verdict(|state| record(state, name).failed_while = FailedWhile::Starting);
        assert_eq!(verdict, Ok(()), "{name}");
    }
}

/// A resource that is off has no run, and no run goes back to a start that is still to come.
#[test]
fn runs_go_back_to_starts() {
    resource_breaks("store", StateRule::RunDoesNotFit, |record| record.run = Some(OpId::new(3)));
    resource_breaks("disk", StateRule::RunDoesNotFit, |record| {
        record.run = Some(OpId::new(1 << 40))
    });
    resource_breaks("name", StateRule::RunDoesNotFit, |record| record.run = None);
    resource_breaks("name", StateRule::RunDoesNotFit, |record| record.run = Some(OpId::new(3)));
    let verdict = verdict(|state| record(state, "disk").run = None);
    assert_eq!(verdict, Ok(()));
}

/// A resource that was online is in doubt on a lost node; one that is to be terminated is in doubt
/// on a member.
#[test]
fn doubts_fit_the_state_and_the_node() {
    for doubt in [Doubt::WasOnline, Doubt::ToTerminate] {
        for name in ["job", "ip", "ip6", "name", "store", "share", "printer"] {
            resource_breaks(name, StateRule::DoubtDiffers, |record| record.doubt = doubt);
        }
    }
    let verdict = verdict(|state| record(state, "tape").doubt = Doubt::WasOnline);
    assert_eq!(
        verdict,
        Err(Inconsistency::new(StateSubject::Resource(resource("tape")), StateRule::DoubtDiffers,))
    );
}

/// A resource that is left for an operator is in doubt and says so in both places, or its node said
/// that it is off.
#[test]
fn what_is_left_is_left_in_every_respect() {
    let left = Recovery::RetryAt { at: None, cause: NoRestartCause::Left };
    let timed = Recovery::RetryAt { at: Some(at(20_000)), cause: NoRestartCause::Left };
    let is_left =
        |record: &mut ResourceRecord| (record.doubt, record.recovery) = (Doubt::Left, left);
    assert_eq!(verdict(|state| is_left(record(state, "tape"))), Ok(()));
    assert_eq!(verdict(|state| record(state, "store").recovery = left), Ok(()));
    resource_breaks("tape", StateRule::RecoveryDoesNotFit, |record| record.doubt = Doubt::Left);
    resource_breaks("tape", StateRule::RecoveryDoesNotFit, |record| record.recovery = left);
    resource_breaks("tape", StateRule::RecoveryDoesNotFit, |record| {
        (record.doubt, record.recovery) = (Doubt::Left, timed);
    });
    for name in ["job", "ip", "ip6", "name", "share", "printer"] {
        resource_breaks(name, StateRule::DoubtDiffers, |record| record.doubt = Doubt::Left);
    }
    for name in ["job", "ip6", "printer"] {
        resource_breaks(name, StateRule::RecoveryDoesNotFit, |record| record.recovery = left);
    }
}

/// Only a resource that failed and has not been started since waits to be started again.
#[test]
fn recoveries_fit_the_state() {
    let retry = |at, cause| Recovery::RetryAt { at, cause };
    let recoveries = [
        Recovery::RestartAt(at(1)),
        Recovery::Failover,
        retry(None, NoRestartCause::Restarts),
        retry(Some(at(1)), NoRestartCause::Failovers),
    ];
    for (name, may_recover) in [
        ("job", false),
        ("ip", false),
        ("name", false),
        ("share", false),
        ("store", true),
        ("ip6", true),
        ("tape", true),
        ("spooler", true),
    ] {
        for recovery in recoveries {
            let result = verdict(|state| record(state, name).recovery = recovery);
            let subject = StateSubject::Resource(resource(name));
            let misfit = Err(Inconsistency::new(subject, StateRule::RecoveryDoesNotFit));
            assert_eq!(result, if may_recover { Ok(()) } else { misfit }, "{name}: {recovery:?}");
        }
    }
    for cause in [NoRestartCause::DontRestart, NoRestartCause::Retries] {
        let never = verdict(|state| record(state, "ip6").recovery = retry(None, cause));
        assert_eq!(never, Ok(()));
        resource_breaks("ip6", StateRule::RecoveryDoesNotFit, |record| {
            record.recovery = retry(Some(at(1)), cause);
        });
    }
}
