//! The state by itself, whatever led to it.

use quorate::Cluster;
use quorate::cluster::Rule;

use crate::Breach;
use crate::Invariant;

/// Judges the state of a cluster by [`Cluster::check_invariants`].
///
/// # Errors
///
/// The first rule that is broken, as the promise that it belongs to.
pub fn state(cluster: &Cluster) -> Result<(), Breach> {
    cluster.check_invariants().map_err(|violation| {
        let words = violation.named(cluster.spec()).to_string();
        Breach::of(promise(violation.rule), words)
    })
}

/// The promise that a rule of the state belongs to.
const fn promise(rule: Rule) -> Invariant {
    match rule {
        Rule::FailedTwiceOnNode | Rule::FailedInLaterLife => Invariant::L3,
        Rule::RecordCount | Rule::UnknownReference | Rule::OccupancyDiffers => Invariant::S28,
        Rule::VotesDiffer => Invariant::S6,
        Rule::OutstandingDiffers => Invariant::S8,
        Rule::IndexDiffers | Rule::StandingDiffers => Invariant::S31,
        Rule::TimerDiffers => Invariant::S11,
        Rule::CounterTooLarge
        | Rule::ConfigurationNotCounted
        | Rule::DeclaredInFuture
        | Rule::OwnerWithoutEpoch
        | Rule::OrderedInLaterEpoch
        | Rule::RoomDiffers
        | Rule::InputNotAccepted => Invariant::S7,
        Rule::TimeInFuture | Rule::TimesOutOfOrder | Rule::ClockOutOfRange => Invariant::S29,
        Rule::LogTooLong => Invariant::S30,
        Rule::OperationReused | Rule::OperationNotIssued => Invariant::S11,
        Rule::OperationDoesNotFit => Invariant::S12,
        Rule::OperationOnNonMember
        | Rule::StartOnNodeNotUp
        | Rule::PauseDiffers
        | Rule::DrainOfResumedNode => Invariant::S16,
        Rule::StartBesideOrphan | Rule::RunsWithoutOwner | Rule::OrphanBesideItself => {
            Invariant::S1
        }
        Rule::StartWithoutProvider => Invariant::S2,
        Rule::StopBeforeDependent => Invariant::S3,
        Rule::UnopenedOnOwner
        | Rule::RecoveryDoesNotFit
        | Rule::FailureDoesNotFit
        | Rule::RunDoesNotFit
        | Rule::ForbiddenChange
        | Rule::PlanningWithoutEnd => Invariant::S33,
        Rule::RunsOnDownNode | Rule::DownWithoutProof => Invariant::S9,
        Rule::CertainOnLostNode | Rule::LateStartWithoutDoubt | Rule::DoubtDiffers => {
            Invariant::S13
        }
        Rule::MoveToOwner => Invariant::S4,
        Rule::OrphanOnDownNode => Invariant::S27,
        Rule::FenceOfDownNode | Rule::FenceRetryWithoutNeed => Invariant::S26,
        Rule::QuorumDiffers | Rule::FormationDiffers => Invariant::S5,
        // A rule that is newer than this crate.
        _ => Invariant::S28,
    }
}
