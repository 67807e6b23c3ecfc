//! What must hold of the operations in flight.

use alloc::vec::Vec;

use super::{Checks, Rule, Subject, Violation, require};
use crate::id::{NodeId, OpId, ResourceId};
use crate::machine::{NodeState, ResourceState};
use crate::spec::GroupSpec;
use crate::state::{NodeRecord, Operation, OperationKind, Orphan, OrphanState, ResourceRecord};
use crate::time::Timestamp;

impl Checks<'_> {
    /// The operation of a resource is what its state asks for, and its owner is a member; a start
    /// is on a node that was up when it was issued.
    pub(super) fn operation(
        self,
        owner: Option<NodeId>,
        resource: ResourceId,
        record: &ResourceRecord,
    ) -> Result<(), Violation> {
        let subject = Subject::Resource(resource);
        let kind = record.operation.map(|operation| operation.kind);
        require(
            fits(record.state, kind),
            subject.clone(),
            Rule::OperationDoesNotFit,
        )?;
        let Some(operation) = record.operation else {
            return Ok(());
        };
        self.times(&subject, operation)?;
        let on = owner.map_or(NodeState::Down, |owner| self.state.node_state(owner));
        require(on.is_member(), subject.clone(), Rule::OperationOnNonMember)?;
        let may_start = match on {
            NodeState::Up | NodeState::Paused => true,
            NodeState::Down | NodeState::Joining | NodeState::Unclean => false,
        };
        let is_start = operation.kind == OperationKind::Start;
        require(may_start || !is_start, subject, Rule::StartOnNodeNotUp)
    }

    /// The operation of a node is a fence, and the node is not certain to be off yet.
    pub(super) fn fence(self, node: NodeId, record: &NodeRecord) -> Result<(), Violation> {
        let Some(operation) = record.fence.operation else {
            return Ok(());
        };
        let subject = Subject::Node(node);
        let is_fence = operation.kind == OperationKind::Fence;
        require(is_fence, subject.clone(), Rule::OperationDoesNotFit)?;
        self.times(&subject, operation)?;
        require(
            record.state != NodeState::Down,
            subject,
            Rule::FenceOfDownNode,
        )
    }

    /// Orphans are known resources on known nodes that are not down; their operations fit.
    pub(super) fn orphans(self) -> Result<(), Violation> {
        for (node, resource, orphan) in self.state.orphans() {
            let subject = Subject::Orphan { node, resource };
            let declared = self
                .spec
                .resource(resource)
                .filter(|_| self.spec.node(node).is_some());
            let Some(declared) = declared else {
                return Err(Violation::new(subject, Rule::UnknownReference));
            };
            let on = self.state.node_state(node);
            require(
                on != NodeState::Down,
                subject.clone(),
                Rule::OrphanOnDownNode,
            )?;
            let owned = self.state.owner(declared.group()) == Some(node);
            let runs = owned && self.state.resource_state(resource).may_run();
            require(!runs, subject.clone(), Rule::OrphanBesideItself)?;
            self.orphan_operation(&subject, on, orphan)?;
            self.start_beside(resource, orphan)?;
        }
        Ok(())
    }

    fn orphan_operation(
        self,
        subject: &Subject,
        on: NodeState,
        orphan: &Orphan,
    ) -> Result<(), Violation> {
        let Some(operation) = orphan.operation else {
            // When its node is lost, an orphan keeps its state and loses its operation.
            let idle = match orphan.state {
                OrphanState::Running | OrphanState::InDoubt(_) => true,
                OrphanState::Stopping | OrphanState::Terminating => !on.is_member(),
            };
            return require(idle, subject.clone(), Rule::OperationDoesNotFit);
        };
        let asked = match orphan.state {
            OrphanState::Running | OrphanState::InDoubt(_) => None,
            OrphanState::Stopping => Some(OperationKind::Stop),
            OrphanState::Terminating => Some(OperationKind::Terminate),
        };
        let fits = asked == Some(operation.kind);
        require(fits, subject.clone(), Rule::OperationDoesNotFit)?;
        require(on.is_member(), subject.clone(), Rule::OperationOnNonMember)?;
        self.times(subject, operation)
    }

    /// A start is not younger than the operation that stops the same resource elsewhere. An orphan
    /// that was found after the start was issued is legal, and is stopped.
    fn start_beside(self, resource: ResourceId, orphan: &Orphan) -> Result<(), Violation> {
        let operation = self
            .state
            .resource(resource)
            .and_then(|record| record.operation);
        let start = operation.filter(|operation| operation.kind == OperationKind::Start);
        let (Some(start), Some(stop)) = (start, orphan.operation) else {
            return Ok(());
        };
        require(
            start.id < stop.id,
            Subject::Resource(resource),
            Rule::StartBesideOrphan,
        )
    }

    /// Operations were issued after what they wait for: a start when each clause had a member
    /// online, a stop when no dependent relied on the resource. A provider may fail later, so a
    /// member that left its state since then is given the benefit of the doubt.
    pub(super) fn order(self, group: &GroupSpec) -> Result<(), Violation> {
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
                    require(held, Subject::Resource(id), Rule::StartWithoutProvider)?;
                }
                OperationKind::Stop => self.stopped_last(group, position, operation)?,
                OperationKind::Terminate
                | OperationKind::CheckLooksAlive
                | OperationKind::CheckIsAlive
                | OperationKind::Probe
                | OperationKind::Fence => {}
            }
        }
        Ok(())
    }

    fn stopped_last(
        self,
        group: &GroupSpec,
        provider: usize,
        stop: Operation,
    ) -> Result<(), Violation> {
        for dependent in group.graph().dependents(provider) {
            let state = self.state.resource_state(group.resource_at(dependent));
            let relied_on = state.may_run()
                && group.graph().clauses(dependent).any(|clause| {
                    let mut members = clause.clone();
                    let others = clause.filter(|member| *member != provider);
                    members.any(|member| member == provider)
                        && !self.could_hold(group, others, stop.issued_at)
                });
            let subject = Subject::Resource(group.resource_at(provider));
            require(!relied_on, subject, Rule::StopBeforeDependent)?;
        }
        Ok(())
    }

    /// Whether any of these resources may have been online at that time.
    fn could_hold(
        self,
        group: &GroupSpec,
        mut members: impl Iterator<Item = usize>,
        at: Timestamp,
    ) -> bool {
        members.any(|position| {
            let record = self.state.resource(group.resource_at(position));
            record.is_some_and(|record| record.state == ResourceState::Online || record.since >= at)
        })
    }

    /// No two operations have the same id, and all were issued.
    pub(super) fn identities(self) -> Result<(), Violation> {
        let mut all = self.in_flight();
        all.sort_unstable();
        let issued = all
            .last()
            .filter(|(id, _)| *id >= self.state.next_operation);
        if let Some((_, subject)) = issued {
            return Err(Violation::new(subject.clone(), Rule::OperationNotIssued));
        }
        let same = all
            .iter()
            .zip(all.iter().skip(1))
            .find(|(one, other)| one.0 == other.0);
        match same {
            Some((_, (_, subject))) => Err(Violation::new(subject.clone(), Rule::OperationReused)),
            None => Ok(()),
        }
    }

    fn in_flight(self) -> Vec<(OpId, Subject)> {
        let state = self.state;
        let fences = state
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(index, record)| {
                Some((
                    record.fence.operation?.id,
                    Subject::Node(NodeId::from_index(index)),
                ))
            });
        let resources = state
            .resources
            .iter()
            .enumerate()
            .filter_map(|(index, record)| {
                Some((
                    record.operation?.id,
                    Subject::Resource(ResourceId::from_index(index)),
                ))
            });
        let orphans = state.orphans().filter_map(|(node, resource, orphan)| {
            Some((orphan.operation?.id, Subject::Orphan { node, resource }))
        });
        fences.chain(resources).chain(orphans).collect()
    }

    fn times(self, subject: &Subject, operation: Operation) -> Result<(), Violation> {
        let ordered = operation.issued_at <= operation.progress_at;
        require(ordered, subject.clone(), Rule::TimesOutOfOrder)?;
        self.past(subject, [operation.progress_at])
    }
}

/// Whether this operation, or none, belongs to a resource in this state.
fn fits(state: ResourceState, operation: Option<OperationKind>) -> bool {
    use OperationKind as Kind;
    let asked: &[Option<Kind>] = match state {
        ResourceState::Initializing | ResourceState::Offline | ResourceState::Failed => &[None],
        ResourceState::OnlinePending => &[Some(Kind::Start)],
        ResourceState::Online => &[None, Some(Kind::CheckLooksAlive), Some(Kind::CheckIsAlive)],
        ResourceState::OfflinePending => &[Some(Kind::Stop)],
        ResourceState::Terminating => &[Some(Kind::Terminate)],
        ResourceState::InDoubt => &[None, Some(Kind::Terminate), Some(Kind::Probe)],
    };
    asked.contains(&operation)
}
