//! Rules for a state alone, independent of the steps before it.

use quorate::Cluster;
use quorate::cluster::StateRule;

use crate::Breach;
use crate::Invariant;

/// Judges the state of a cluster by [`Cluster::check_invariants`].
///
/// # Errors
///
/// The first broken rule, as the promise that it belongs to.
pub fn state(cluster: &Cluster) -> Result<(), Breach> {
    cluster.check_invariants().map_err(|violation| {
        let words = violation.named(cluster.spec()).to_string();
        Breach::of(promise(violation.rule), words)
    })
}

/// Returns the promise that a rule of the state belongs to.
const fn promise(rule: StateRule) -> Invariant {
    match rule {
        StateRule::FailedTwiceOnNode | StateRule::FailedInLaterLife => Invariant::L3,
        StateRule::RecordCount | StateRule::UnknownReference | StateRule::OccupancyDiffers => {
            Invariant::S28
        }
        StateRule::VotesDiffer => Invariant::S6,
        StateRule::OutstandingDiffers => Invariant::S8,
        StateRule::IndexDiffers | StateRule::StandingDiffers => Invariant::S31,
        StateRule::TimerDiffers => Invariant::S11,
        StateRule::CounterTooLarge
        | StateRule::ConfigurationNotCounted
        | StateRule::DeclaredInFuture
        | StateRule::OwnerWithoutEpoch
        | StateRule::OrderedInLaterEpoch
        | StateRule::RoomDiffers
        | StateRule::InputNotAccepted => Invariant::S7,
        StateRule::TimeInFuture | StateRule::TimesOutOfOrder | StateRule::ClockOutOfRange => {
            Invariant::S29
        }
        StateRule::LogTooLong => Invariant::S30,
        StateRule::OperationReused | StateRule::OperationNotIssued => Invariant::S11,
        StateRule::OperationDoesNotFit => Invariant::S12,
        StateRule::OperationOnNonMember
        | StateRule::StartOnNodeNotUp
        | StateRule::PauseDiffers
        | StateRule::DrainOfResumedNode => Invariant::S16,
        StateRule::StartBesideOrphan
        | StateRule::RunsWithoutOwner
        | StateRule::OrphanBesideItself => Invariant::S1,
        StateRule::StartWithoutProvider => Invariant::S2,
        StateRule::StopBeforeDependent => Invariant::S3,
        StateRule::UnopenedOnOwner
        | StateRule::RecoveryDoesNotFit
        | StateRule::FailureDoesNotFit
        | StateRule::RunDoesNotFit
        | StateRule::ForbiddenChange
        | StateRule::PlanningWithoutEnd => Invariant::S33,
        StateRule::RunsOnDownNode | StateRule::DownWithoutProof => Invariant::S9,
        StateRule::CertainOnLostNode
        | StateRule::LateStartWithoutDoubt
        | StateRule::DoubtDiffers => Invariant::S13,
        StateRule::MoveToOwner => Invariant::S4,
        StateRule::OrphanOnDownNode => Invariant::S27,
        StateRule::FenceOfDownNode | StateRule::FenceRetryWithoutNeed => Invariant::S26,
        StateRule::QuorumDiffers | StateRule::FormationDiffers => Invariant::S5,
        // This rule is newer than this crate.
        _ => Invariant::S28,
    }
}
