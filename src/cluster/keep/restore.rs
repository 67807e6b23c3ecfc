//! Restores a cluster from a snapshot, which may hold anything.
//!
//! The names are resolved, then the state is put together, then every invariant is checked; a
//! failure on the way leaves nothing behind.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use crate::cluster::keep::snapshot::{
    FailedNodeSnapshot, GroupSnapshot, MovementSnapshot, NodeSnapshot, OrphanSnapshot,
    QueuedSnapshot, ResourceSnapshot, Snapshot, SnapshotV1,
};
use crate::cluster::keep::{BEHAVIOUR, invariants};
use crate::cluster::ledger::room;
use crate::id::{NodeId, ResourceId};
use crate::machine::ResourceState;
use crate::policy::FailoverPolicy;
use crate::spec::{ClusterSpec, Limits};
use crate::state::{
    ClusterState, Drain, FailedNode, FailedNodes, Fence, GroupRecord, Movement, NodeRecord,
    Occupancy, Orphan, QueuedMove, ResourceRecord, Room,
};

mod error;

pub use error::RestoreError;

/// Checks that this release decides under this policy as the one did that wrote a snapshot, or as a
/// later one should.
pub(crate) fn check_rules(
    snapshot: &Snapshot,
    policy: &dyn FailoverPolicy,
) -> Result<(), RestoreError> {
    let stored = snapshot.behaviour();
    if stored > BEHAVIOUR {
        return Err(RestoreError::LaterBehaviour { stored, known: BEHAVIOUR });
    }
    let given = policy.name();
    match snapshot.policy_name() {
        Some(stored) if stored != given => {
            let (stored, given) = (stored.into(), given.into_owned());
            Err(RestoreError::OtherPolicy { stored, given })
        }
        Some(_) | None => Ok(()),
    }
}

/// Returns the configuration and the ground state that a snapshot holds, within `limits`.
pub(crate) fn restore_state_within(
    snapshot: Snapshot,
    limits: &Limits,
) -> Result<(ClusterSpec, ClusterState), RestoreError> {
    let Snapshot::V1(SnapshotV1 {
        declaration,
        policy: _,
        behaviour: _,
        now,
        inputs,
        next_operation,
        configuration,
        last_declared,
        witness,
        wall_clock,
        quorate_since,
        formed_at,
        resumed_at,
        nodes,
        groups,
        resources,
        orphans,
    }) = snapshot;
    let spec = declaration.build_within(limits).map_err(RestoreError::Declaration)?;
    let ids = IdsOf(&spec);
    let is_room_known = groups.iter().all(|group| group.room.is_some() || group.owner.is_none());
    let groups = ids.groups(groups)?;
    let mut state = ClusterState {
        now,
        inputs,
        next_operation: if seeded!(OperationIdReused) {
            crate::id::OpId::new(next_operation.value().div_ceil(2))
        } else {
            next_operation
        },
        configuration,
        last_declared,
        witness,
        wall_clock: wall_clock.map(|clock| (clock.read_at, clock.reading)),
        quorate_since,
        formed_at,
        resumed_at,
        nodes: ids.nodes(nodes)?,
        occupancy: Occupancy::default(),
        groups,
        resources: ids.resources(resources)?,
        orphans: ids.orphans(orphans)?,
    };
    if !is_room_known {
        room::recall(&spec, &mut state);
    }
    state.occupancy = state.rebuilt_occupancy(&spec);
    invariants::check(&spec, &state)
        .map_err(|violation| RestoreError::Inconsistent(violation.named(&spec)))?;
    Ok((spec, state))
}

/// Puts ids in the place of names.
#[derive(Clone, Copy)]
struct IdsOf<'a>(&'a ClusterSpec);

impl IdsOf<'_> {
    fn nodes(self, snapshots: Vec<NodeSnapshot>) -> Result<Vec<NodeRecord>, RestoreError> {
        let declared = self.0.nodes();
        let mut slots = Slots::new(declared.len());
        for snapshot in snapshots {
            let node = self.node(&snapshot.node)?;
            let NodeSnapshot {
                node: name,
                state,
                incarnation,
                since,
                up_in_input,
                attraction,
                pause,
                drain,
                proof,
                fence,
                fence_retry_at,
                fence_attempts,
                listed_in,
                inquiry,
                attributes,
            } = snapshot;
            let record = NodeRecord {
                state,
                incarnation,
                since,
                up_in_input,
                attraction,
                pause,
                drain: Drain {
                    status: drain.status,
                    mode: drain.mode,
                    target: self.optional(drain.target)?,
                    lock: drain.lock,
                    since: drain.since,
                },
                proof,
                fence: Fence {
                    operation: fence,
                    retry_at: fence_retry_at,
                    attempts: fence_attempts,
                },
                listed_in,
                inquiry,
                attributes: attributes.into_iter().collect(),
            };
            if slots.fill(node.index(), record) == Filled::Before {
                return Err(RestoreError::DuplicateNode(name));
            }
        }
        let names = declared.map(|(_, node)| node.name());
        slots.into_records(names).map_err(RestoreError::MissingNode)
    }

    fn groups(self, snapshots: Vec<GroupSnapshot>) -> Result<Vec<GroupRecord>, RestoreError> {
        let declared = self.0.groups();
        let mut slots = Slots::new(declared.len());
        for snapshot in snapshots {
            let name = snapshot.group.clone();
            let Some(group) = self.0.group_id(&name) else {
                return Err(RestoreError::UnknownGroup(name));
            };
            let record = self.group(snapshot)?;
            if slots.fill(group.index(), record) == Filled::Before {
                return Err(RestoreError::DuplicateGroup(name));
            }
        }
        let names = declared.map(|(_, group)| group.name());
        slots.into_records(names).map_err(RestoreError::MissingGroup)
    }

    fn group(self, snapshot: GroupSnapshot) -> Result<GroupRecord, RestoreError> {
        let GroupSnapshot {
            group: _,
            owner,
            epoch,
            desired,
            ordered_in,
            default_owner,
            failovers,
            failed_on,
            movement,
            return_to,
            queued,
            lock,
            drained_from,
            last_failback,
            placed_at,
            placed_in_input,
            home_wait,
            room,
            turn,
            tenure,
        } = snapshot;
        let has_owner = owner.is_some();
        Ok(GroupRecord {
            owner: self.optional(owner)?,
            epoch,
            desired,
            ordered_in,
            default_owner: self.optional(default_owner)?,
            failovers,
            failed_on: self.failed_nodes(failed_on)?,
            movement: movement.map(|movement| self.movement(movement)).transpose()?,
            return_to: self.optional(return_to)?,
            queued: queued.map(|queued| self.queued(queued)).transpose()?,
            lock,
            drained_from: self.optional(drained_from)?,
            last_failback,
            placed_at,
            placed_in_input,
            home_wait,
            room: room.unwrap_or(if has_owner { Room::Taken } else { Room::Left }),
            turn,
            tenure,
        })
    }

    fn failed_nodes(self, snapshots: Vec<FailedNodeSnapshot>) -> Result<FailedNodes, RestoreError> {
        let entries: Result<Vec<FailedNode>, RestoreError> = snapshots
            .into_iter()
            .map(|FailedNodeSnapshot { node, incarnation, at, for_good }| {
                let node = self.node(&node)?;
                let for_good = for_good.map(|name| self.resource(&name)).transpose()?;
                Ok(FailedNode { node, incarnation, at, for_good })
            })
            .collect();
        entries.map(FailedNodes::from_entries)
    }

    fn movement(self, snapshot: MovementSnapshot) -> Result<Movement, RestoreError> {
        let MovementSnapshot { to, cause, on_failure } = snapshot;
        Ok(Movement { to: self.optional(to)?, cause, on_failure })
    }

    fn queued(self, snapshot: QueuedSnapshot) -> Result<QueuedMove, RestoreError> {
        let QueuedSnapshot { to, on_failure, lock } = snapshot;
        Ok(QueuedMove { to: self.optional(to)?, on_failure, lock })
    }

    fn resources(
        self,
        snapshots: Vec<ResourceSnapshot>,
    ) -> Result<Vec<ResourceRecord>, RestoreError> {
        let declared = self.0.resources();
        let mut slots = Slots::new(declared.len());
        for snapshot in snapshots {
            let ResourceSnapshot {
                resource: name,
                state,
                since,
                desired,
                maintenance,
                operation,
                late_start,
                doubt,
                restarts,
                online_until,
                recovery,
                failed_while,
                run,
                started_at,
                retries,
                looked_alive_at,
                known_alive_at,
                sequence,
                declared_in,
                vouched,
            } = snapshot;
            let resource = self.resource(&name)?;
            let restarts = if seeded!(SnapshotForgets) { Default::default() } else { restarts };
            let start = operation
                .filter(|_| state == ResourceState::OnlinePending)
                .map(|operation| operation.id);
            let record = ResourceRecord {
                state,
                since,
                desired,
                maintenance,
                operation,
                late_start,
                doubt,
                restarts,
                online_until: online_until.unwrap_or(since),
                recovery,
                failed_while,
                run: run.or(start),
                started_at,
                retries,
                looked_alive_at,
                known_alive_at,
                sequence,
                declared_in,
                vouched,
            };
            if slots.fill(resource.index(), record) == Filled::Before {
                return Err(RestoreError::DuplicateResource(name));
            }
        }
        let names = declared.map(|(_, resource)| resource.name());
        slots.into_records(names).map_err(RestoreError::MissingResource)
    }

    fn orphans(
        self,
        snapshots: Vec<OrphanSnapshot>,
    ) -> Result<BTreeMap<(NodeId, ResourceId), Orphan>, RestoreError> {
        let mut orphans = BTreeMap::new();
        for OrphanSnapshot { node, resource, state, operation } in snapshots {
            let place = (self.node(&node)?, self.resource(&resource)?);
            if orphans.insert(place, Orphan { state, operation }).is_some() {
                return Err(RestoreError::DuplicateOrphan { node, resource });
            }
        }
        Ok(orphans)
    }

    fn node(self, name: &str) -> Result<NodeId, RestoreError> {
        self.0.node_id(name).ok_or_else(|| RestoreError::UnknownNode(name.into()))
    }

    fn optional(self, name: Option<String>) -> Result<Option<NodeId>, RestoreError> {
        name.map(|name| self.node(&name)).transpose()
    }

    fn resource(self, name: &str) -> Result<ResourceId, RestoreError> {
        self.0.resource_id(name).ok_or_else(|| RestoreError::UnknownResource(name.into()))
    }
}

/// Records that are put into their places; each place takes one.
struct Slots<R>(Vec<Option<R>>);

/// The state of a place before it was filled.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Filled {
    Now,
    Before,
}

impl<R: Clone> Slots<R> {
    /// Returns so many empty places.
    pub(crate) fn new(count: usize) -> Self {
        Self(vec![None; count])
    }

    fn fill(&mut self, index: usize, record: R) -> Filled {
        match self.0.get_mut(index) {
            Some(slot @ None) => {
                *slot = Some(record);
                Filled::Now
            }
            Some(Some(_)) | None => Filled::Before,
        }
    }

    /// Returns all records, or the name of the first place without one.
    fn into_records<'a>(self, names: impl Iterator<Item = &'a str>) -> Result<Vec<R>, String> {
        self.0
            .into_iter()
            .zip(names)
            .map(|(record, name)| record.ok_or_else(|| name.into()))
            .collect()
    }
}

#[cfg(test)]
mod tests;
