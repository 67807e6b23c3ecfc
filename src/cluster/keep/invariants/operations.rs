//! Rules that hold for the operations in flight.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{Checks, Inconsistency, StateRule, StateSubject};
use crate::id::{GroupId, NodeId, OpId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::spec::GroupSpec;
use crate::state::{NodeRecord, Operation, OperationKind, Orphan, OrphanState, ResourceRecord};
use crate::time::Timestamp;

impl Checks<'_> {
    /// Checks that the operation of a resource is the one that its state asks for, and its owner is
    /// a member; a start is on a node that was up when it was issued.
    pub(crate) fn operation(
        self,
        owner: Option<NodeId>,
        resource: ResourceId,
        record: &ResourceRecord,
    ) -> Result<(), Inconsistency> {
        let subject = StateSubject::Resource(resource);
        let kind = record.operation.map(|operation| operation.kind);
        require!(fits(record.state, kind), subject.clone(), StateRule::OperationDoesNotFit);
        let Some(operation) = record.operation else {
            return Ok(());
        };
        self.times(&subject, operation)?;
        let on = owner.map_or(NodeState::Down, |owner| self.state.node_state(owner));
        require!(on.is_member(), subject.clone(), StateRule::OperationOnNonMember);
        let may_start = match on {
            NodeState::Up | NodeState::Paused => true,
            NodeState::Down | NodeState::Joining | NodeState::Unclean => false,
        };
        let is_start = operation.kind == OperationKind::Start;
        require!(may_start || !is_start, subject, StateRule::StartOnNodeNotUp);
        Ok(())
    }

    /// Checks that the operation of a node is a fence, and the node is not certain to be off yet.
    /// Another attempt waits only while none is under way.
    pub(crate) fn fence(self, node: NodeId, record: &NodeRecord) -> Result<(), Inconsistency> {
        let subject = StateSubject::Node(node);
        let is_idle = record.fence.operation.is_none() && record.state != NodeState::Down;
        require!(
            is_idle || record.fence.retry_at.is_none(),
            subject.clone(),
            StateRule::FenceRetryWithoutNeed,
        );
        let Some(operation) = record.fence.operation else {
            return Ok(());
        };
        let is_fence = operation.kind == OperationKind::Fence;
        require!(is_fence, subject.clone(), StateRule::OperationDoesNotFit);
        self.times(&subject, operation)?;
        require!(record.state != NodeState::Down, subject, StateRule::FenceOfDownNode);
        Ok(())
    }

    /// Checks that a node that is asked what it runs is a member, and has not said so.
    pub(crate) fn inquiry(self, node: NodeId, record: &NodeRecord) -> Result<(), Inconsistency> {
        let subject = StateSubject::Node(node);
        let last = self.state.last_declared;
        require!(record.listed_in <= last, subject.clone(), StateRule::DeclaredInFuture);
        let Some(operation) = record.inquiry else {
            return Ok(());
        };
        let is_inventory = operation.kind == OperationKind::Inventory;
        require!(is_inventory, subject.clone(), StateRule::OperationDoesNotFit);
        let is_needed = record.listed_in < last;
        require!(is_needed, subject.clone(), StateRule::OperationDoesNotFit);
        require!(record.state.is_member(), subject.clone(), StateRule::OperationOnNonMember);
        self.times(&subject, operation)
    }

    /// Checks that orphans are known resources on known nodes that are not down, and that their
    /// operations fit.
    pub(crate) fn orphans(self) -> Result<(), Inconsistency> {
        let mut oldest_stops = BTreeMap::new();
        for (node, resource, orphan) in self.state.orphans() {
            let subject = StateSubject::Orphan { node, resource };
            let declared = self.spec.resource(resource);
            let Some(declared) = declared.filter(|_| self.spec.node(node).is_some()) else {
                return Err(Inconsistency::new(subject, StateRule::UnknownReference));
            };
            match self.state.node_state(node) {
                NodeState::Joining | NodeState::Unclean | NodeState::Up | NodeState::Paused => {}
                NodeState::Down => {
                    return Err(Inconsistency::new(subject, StateRule::OrphanOnDownNode));
                }
            }
            let owned = self.state.owner(declared.group()) == Some(node);
            let runs = owned && self.state.resource_state(resource).may_run();
            require!(!runs, subject.clone(), StateRule::OrphanBesideItself);
            self.orphan_operation(&subject, node, orphan)?;
            if let Some(stop) = orphan.operation {
                let oldest = oldest_stops.entry(declared.group()).or_insert(stop.id);
                *oldest = stop.id.min(*oldest);
            }
        }
        oldest_stops.into_iter().try_for_each(|(group, stop)| self.starts_precede(group, stop))
    }

    /// Checks that the operation of an orphan is the one that its state asks for, and its node is a
    /// member.
    fn orphan_operation(
        self,
        subject: &StateSubject,
        node: NodeId,
        orphan: &Orphan,
    ) -> Result<(), Inconsistency> {
        let asked = match orphan.state {
            OrphanState::Running | OrphanState::Unsettled => None,
            OrphanState::InDoubt(since) => {
                self.past(subject, [since])?;
                None
            }
            OrphanState::Stopping => Some(OperationKind::Stop),
            OrphanState::Terminating => Some(OperationKind::Terminate),
        };
        let kind = orphan.operation.map(|operation| operation.kind);
        require!(kind == asked, subject.clone(), StateRule::OperationDoesNotFit);
        let Some(operation) = orphan.operation else {
            return Ok(());
        };
        let is_member = self.state.node_state(node).is_member();
        require!(is_member, subject.clone(), StateRule::OperationOnNonMember);
        self.times(subject, operation)
    }

    /// Checks that no start of a group is younger than the operation that stops one of its
    /// resources elsewhere. An orphan that was found after the start was issued is legal, and is
    /// stopped.
    fn starts_precede(self, group: GroupId, stop: OpId) -> Result<(), Inconsistency> {
        let Some(declared) = self.spec.group(group) else {
            return Ok(());
        };
        for (resource, record) in self.resources_of(declared) {
            let start = record.operation.filter(|of| of.kind == OperationKind::Start);
            let precedes = start.is_none_or(|start| start.id < stop);
            require!(precedes, StateSubject::Resource(resource), StateRule::StartBesideOrphan);
        }
        Ok(())
    }

    /// Checks that operations were issued after the events that they wait for: a start when each
    /// clause had a member online, a stop when no dependent relied on the resource. A provider may
    /// fail later, so a member that left its state since then is given the benefit of the doubt.
    pub(crate) fn order(self, group: &GroupSpec) -> Result<(), Inconsistency> {
        for (position, id) in group.resources().enumerate() {
            let Some(record) = self.state.resource(id) else {
                continue;
            };
            let Some(operation) = record.operation else {
                continue;
            };
            match operation.kind {
                OperationKind::Start => {
                    let issued_at = operation.issued_at;
                    let mut clauses = group.graph().clauses(position);
                    let held = clauses.all(|clause| self.could_hold(group, clause, issued_at));
                    require!(held, StateSubject::Resource(id), StateRule::StartWithoutProvider);
                }
                OperationKind::Stop => self.stopped_last(group, position, operation)?,
                OperationKind::Terminate
                | OperationKind::CheckLooksAlive
                | OperationKind::CheckIsAlive
                | OperationKind::Probe
                | OperationKind::Fence
                | OperationKind::Inventory => {}
            }
        }
        Ok(())
    }

    fn stopped_last(
        self,
        group: &GroupSpec,
        provider: usize,
        stop: Operation,
    ) -> Result<(), Inconsistency> {
        for dependent in group.graph().dependents(provider) {
            let state = self.state.resource_state(group.resource_at(dependent));
            let relied_on = state.may_run()
                && group.graph().clauses(dependent).any(|clause| {
                    let mut members = clause.clone();
                    let others = clause.filter(|member| *member != provider);
                    members.any(|member| member == provider)
                        && !self.could_hold(group, others, stop.issued_at)
                });
            let subject = StateSubject::Resource(group.resource_at(provider));
            require!(!relied_on, subject, StateRule::StopBeforeDependent);
        }
        Ok(())
    }

    /// Tells whether any of these resources may have been online at that time. Operations that were
    /// armed anew when the core went on were issued before.
    fn could_hold(
        self,
        group: &GroupSpec,
        mut members: impl Iterator<Item = usize>,
        at: Timestamp,
    ) -> bool {
        members.any(|position| {
            let record = self.state.resource(group.resource_at(position));
            record.is_some_and(|record| {
                record.state == ResourceState::Online
                    || record.since >= at
                    || self.state.resumed_at == Some(at)
            })
        })
    }

    /// Checks that no two operations have the same id, and that all were issued.
    pub(crate) fn identities(self) -> Result<(), Inconsistency> {
        let mut all = self.in_flight();
        all.sort_unstable();
        let issued = all.last().filter(|(id, _)| *id >= self.state.next_operation);
        if let Some((_, subject)) = issued {
            return Err(Inconsistency::new(subject.clone(), StateRule::OperationNotIssued));
        }
        let same = all.iter().zip(all.iter().skip(1)).find(|(one, other)| one.0 == other.0);
        match same {
            Some((_, (_, subject))) => {
                Err(Inconsistency::new(subject.clone(), StateRule::OperationReused))
            }
            None => Ok(()),
        }
    }

    fn in_flight(self) -> Vec<(OpId, StateSubject)> {
        let state = self.state;
        let fences = state.nodes.iter().enumerate().filter_map(|(index, record)| {
            Some((record.fence.operation?.id, StateSubject::Node(NodeId::from_index(index))))
        });
        let resources = state.resources.iter().enumerate().filter_map(|(index, record)| {
            Some((record.operation?.id, StateSubject::Resource(ResourceId::from_index(index))))
        });
        let orphans = state.orphans().filter_map(|(node, resource, orphan)| {
            Some((orphan.operation?.id, StateSubject::Orphan { node, resource }))
        });
        let inquiries = state.nodes.iter().enumerate().filter_map(|(index, record)| {
            Some((record.inquiry?.id, StateSubject::Node(NodeId::from_index(index))))
        });
        fences.chain(inquiries).chain(resources).chain(orphans).collect()
    }

    fn times(self, subject: &StateSubject, operation: Operation) -> Result<(), Inconsistency> {
        let ordered = operation.issued_at <= operation.progress_at;
        require!(ordered, subject.clone(), StateRule::TimesOutOfOrder);
        self.past(subject, [operation.progress_at])
    }
}

/// Tells whether this operation, or none, belongs to a resource in this state.
fn fits(state: ResourceState, operation: Option<OperationKind>) -> bool {
    use OperationKind as Kind;
    let asked: &[Option<Kind>] = match state {
        ResourceState::Initializing | ResourceState::Offline | ResourceState::Failed => &[None],
        ResourceState::OnlinePending => &[Some(Kind::Start)],
        ResourceState::Online => &[None, Some(Kind::CheckLooksAlive), Some(Kind::CheckIsAlive)],
        ResourceState::OfflinePending => &[Some(Kind::Stop)],
        // Without an operation it waits for the resources that rely on it.
        ResourceState::Terminating => &[None, Some(Kind::Terminate)],
        ResourceState::InDoubt => &[None, Some(Kind::Terminate), Some(Kind::Probe)],
    };
    asked.contains(&operation)
}
