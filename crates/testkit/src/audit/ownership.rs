//! Rules about the owners of groups.

use quorate::cluster::Event;
use quorate::machine::NodeState;
use quorate::quorum::WitnessState;
use quorate::settings::{AntiAffinityPlacement, Ownership, QuorumRule, RestartAction};
use quorate::state::{DownProof, MovementCause, Room};
use quorate::{Cluster, Epoch, GroupId, NodeId};

use super::Moment;
use crate::Invariant;
use crate::audit::seen::Seen;
use crate::audit::spelling::{capacity, is_same_dimension, share_a_class};
use crate::{Breach, ensure};

/// Judges a change of owner, and the beginning of a move.
pub(super) fn event(seen: &Seen, moment: &Moment<'_>, event: &Event) -> Result<(), Breach> {
    match event {
        Event::OwnerChanged { group, from, to, cause, epoch, proof, .. } => {
            let is_evicted = *cause == MovementCause::Configuration && to.is_none();
            ensure!(
                S5,
                seen.is_quorate || is_evicted && moment.is_reconfiguration(),
                "{event:?} without quorum"
            );
            ensure!(S7, seen.group(*group).owner == *from, "{event:?} from another owner");
            epoch_grows(seen, *group, *epoch)?;
            takeover(seen, *group, *from, *proof, *cause)?;
            match to {
                Some(to) => fit(seen, *group, *to, *cause),
                None => Ok(()),
            }
        }
        Event::MoveStarted { group, from, to, cause, .. } => {
            ensure!(S7, seen.group(*group).owner == Some(*from), "{event:?} from another owner");
            ensure!(S4, *to != Some(*from), "{event:?} to its owner");
            ensure!(S5, seen.is_quorate, "{event:?} without quorum");
            ensure!(
                S9,
                seen.node(*from).state.is_member(),
                "{event:?} from a node that is {}",
                seen.node(*from).state
            );
            let is_new = seen.group(*group).movement.is_none();
            if is_new && *cause == MovementCause::ResourceFailure {
                critical(seen, *group)?;
            }
            let _ = moment;
            to.map_or(Ok(()), |to| fit(seen, *group, to, *cause))
        }
        _ => Ok(()),
    }
}

/// Checks that the epoch of a group strictly grows with each change of owner.
fn epoch_grows(seen: &Seen, group: GroupId, epoch: Epoch) -> Result<(), Breach> {
    let known = seen.group(group).epoch;
    ensure!(S7, epoch > known, "{group} changes its owner in epoch {epoch} after {known}");
    Ok(())
}

/// Checks that a group gets another owner only when none of its resources may run: either its owner
/// stopped all of them, or the owner is down and the event carries the proof by which it went down.
fn takeover(
    seen: &Seen,
    group: GroupId,
    from: Option<NodeId>,
    proof: Option<DownProof>,
    cause: MovementCause,
) -> Result<(), Breach> {
    ensure!(S9, !seen.may_run(group), "{group} changes its owner while something of it may run");
    let Some(from) = from else {
        ensure!(S9, proof.is_none(), "{group} had no owner, and yet there is a proof");
        return Ok(());
    };
    let owner = seen.node(from);
    match owner.state {
        NodeState::Down => {
            ensure!(
                S9,
                proof == Some(owner.proof),
                "{from} is down by {:?}, the takeover of {group} says {proof:?}",
                owner.proof
            );
        }
        // The resources that it ran before it came back are stopped there, and it is evicted
        // afterwards.
        NodeState::Joining if cause == MovementCause::Configuration => {
            ensure!(S9, proof.is_none(), "{from} is joining, and yet there is a proof");
        }
        NodeState::Unclean | NodeState::Joining => {
            let words = format!("{group} is taken from {from}, which is {}", owner.state);
            return Err(Breach::of(Invariant::S9, words));
        }
        NodeState::Up | NodeState::Paused => {
            ensure!(S9, proof.is_none(), "{from} is {}, and yet there is a proof", owner.state);
        }
    }
    Ok(())
}

/// Checks that a new owner is up and can run all resources that must run. A group that is to run
/// also needs room there and, where anti-affinity is hard, no other group of its class. After a
/// node failure a group may also be parked on a paused node or on a node that cannot run all of it.
/// Where only the needed resources count, it may also start on a node that cannot run all of them,
/// if no node that is up can.
fn fit(seen: &Seen, group: GroupId, to: NodeId, cause: MovementCause) -> Result<(), Breach> {
    let state = seen.node(to).state;
    let is_parked = cause == MovementCause::NodeFailure;
    let is_up = state == NodeState::Up || (is_parked && state == NodeState::Paused);
    ensure!(S16, is_up, "{group} goes to {to}, which is {state}, because of {cause:?}");
    let obstacles = seen.obstacles(group, to);
    let is_least_evil = seen.spec.settings().ownership == Ownership::NeededResources
        && matches!(cause, MovementCause::Start | MovementCause::Configuration)
        && !seen.spec.nodes().any(|(node, _)| {
            seen.node(node).state == NodeState::Up && seen.obstacles(group, node).is_empty()
        });
    // A move goes on to the best node that there was when it began.
    let is_under_way = seen.group(group).movement == Some((Some(to), cause));
    let may_be_unable = is_parked || is_least_evil || is_under_way;
    ensure!(
        S16,
        obstacles.is_empty() || may_be_unable,
        "{group} goes to {to}, which cannot run {obstacles:?}"
    );
    // A group that is not to run there takes no room.
    if !seen.is_to_run(group) {
        return Ok(());
    }
    room(seen, group, to)?;
    apart(seen, group, to)
}

/// Checks that, where anti-affinity is hard, no other group of the class takes room on the node.
fn apart(seen: &Seen, group: GroupId, to: NodeId) -> Result<(), Breach> {
    let declared = seen.spec.group(group).expect("a declared group");
    if seen.spec.settings().anti_affinity == AntiAffinityPlacement::Hard {
        for other in seen.taking_room_on(to).filter(|other| *other != group) {
            let of = seen.spec.group(other).expect("a declared group");
            let shares = share_a_class(&seen.spec, declared, of);
            ensure!(S17, !shares, "{group} goes to {to}, where {other} of its class stands");
        }
    }
    Ok(())
}

/// Checks that the groups that stand on a node and those that are moving to it never take more than
/// the node has, at the moment when a group is added. A demand of zero adds nothing: it fits every
/// node, even one whose groups take more than it has since the configuration changed.
fn room(seen: &Seen, group: GroupId, to: NodeId) -> Result<(), Breach> {
    let declared = seen.spec.group(group).expect("a declared group");
    for (dimension, needed) in declared.demands() {
        let Some(capacity) = capacity(&seen.spec, to, *dimension) else { continue };
        let taken: u64 = seen
            .taking_room_on(to)
            .filter(|other| *other != group)
            .filter_map(|other| seen.spec.group(other))
            .flat_map(|other| other.demands())
            .filter(|(other, _)| is_same_dimension(&seen.spec, *other, *dimension))
            .map(|(_, amount)| amount)
            .sum();
        ensure!(
            S17,
            *needed == 0 || taken + needed <= capacity,
            "{group} goes to {to} with {needed}, where {taken} of {capacity} are taken"
        );
    }
    Ok(())
}

/// Checks that a group that took no room before finds some when it starts where it is.
pub(super) fn found_room(
    seen: &Seen,
    moment: &Moment<'_>,
    group: GroupId,
    node: NodeId,
) -> Result<(), Breach> {
    let name = seen.spec.group(group).map_or("", quorate::spec::GroupSpec::name);
    let before = moment.before.spec().group_id(name).and_then(|id| moment.before.state().group(id));
    let waited = before.is_some_and(|record| {
        record.room() == Room::Left && record.epoch() == seen.group(group).epoch
    });
    if waited {
        room(seen, group, node)?;
        apart(seen, group, node)?;
    }
    Ok(())
}

/// Checks that only the failure of a resource that affects its group moves the group.
fn critical(seen: &Seen, group: GroupId) -> Result<(), Breach> {
    let declared = seen.spec.group(group).expect("a declared group");
    let is_critical = declared.resources().any(|id| {
        let settings = seen.spec.resource(id).expect("a declared resource").settings();
        settings.restart_action == RestartAction::RestartNotify
            && seen.resource(id).state != quorate::machine::ResourceState::Online
    });
    ensure!(S32, is_critical, "{group} fails over, and no resource of it may make it");
    Ok(())
}

/// Checks that the cluster is quorate exactly when the present votes are more than half of all
/// votes.
pub(super) fn quorum(seen: &Seen, cluster: &Cluster) -> Result<(), Breach> {
    let settings = seen.spec.settings();
    let (mut present, mut total, mut members) = (0_u64, 0_u64, 0_u32);
    for (id, node) in seen.spec.nodes() {
        let votes = u64::from(node.vote_weight());
        total += votes;
        if seen.node(id).state.is_member() {
            present += votes;
            members += 1;
        }
    }
    let has_witness = cluster.state().witness() == WitnessState::Up;
    let witness = u64::from(settings.witness_weight);
    let is_quorate = match settings.quorum {
        QuorumRule::NodeMajority => 2 * present > total,
        QuorumRule::MajorityWithWitness => {
            let present = present + if has_witness { witness } else { 0 };
            members > 0 && 2 * present > total + witness
        }
        QuorumRule::DiskOnly => has_witness && members > 0,
        QuorumRule::Agreed => members > 0,
    };
    ensure!(S5, is_quorate == cluster.state().is_quorate(), "quorum is judged wrongly");
    ensure!(S5, is_quorate == seen.is_quorate, "quorum changed and nobody was told");
    Ok(())
}

/// Checks that every change of owner is reported: a group that stays under another configuration
/// has already lost an owner that the configuration removed.
pub(super) fn nothing_untold(seen: &Seen, cluster: &Cluster) -> Result<(), Breach> {
    for (id, declared) in seen.spec.groups() {
        if cluster.spec().group_id(declared.name()).is_none() {
            continue;
        }
        let owner = seen.group(id).owner.and_then(|owner| seen.spec.node(owner));
        let is_there = owner.is_none_or(|owner| cluster.spec().node_id(owner.name()).is_some());
        ensure!(
            S7,
            is_there,
            "the owner of {id} was evicted, and nobody was told that it has none"
        );
    }
    Ok(())
}
