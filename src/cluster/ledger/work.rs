//! The nodes and groups that are to be planned in this step.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::cluster::index::Index;
use crate::cluster::ledger::Ledger;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::settings::Failback;
use crate::spec::GroupSpec;

impl Ledger {
    /// Notes that a group is to be planned in this step.
    pub(crate) fn touch(&mut self, group: GroupId) {
        self.index.touched.add(&self.spec, group);
    }

    pub(crate) fn touch_resource(&mut self, resource: ResourceId) {
        if let Some(declared) = self.spec.resource(resource) {
            self.touch(declared.group());
        }
    }

    /// Touches every group that stands on a node or is on its way to it.
    pub(crate) fn touch_groups_on(&mut self, node: NodeId) {
        for group in self.state.occupancy.groups_on(node) {
            self.index.touched.add(&self.spec, group);
        }
    }

    /// Notes that a change could help groups that await a node. They are planned once, after
    /// everything that is touched now.
    pub(crate) fn touch_awaiting(&mut self) {
        if !seeded!(WaitingForgotten) {
            self.index.touched.add_awaiting();
        }
    }

    /// Touches the groups that a change may help, which are groups that await a node and groups
    /// that would move. All are touched together, so that the higher priority goes first. Returns
    /// true if there was anything.
    pub(crate) fn touch_late(&mut self) -> bool {
        let mut is_any = self.index.touched.take_awaiting();
        if is_any {
            self.touch_all_awaiting();
        }
        while let Some(node) = self.index.touched.next_changed_node() {
            self.touch_returning(node);
            is_any = true;
        }
        while let Some(group) = self.index.touched.next_yielding() {
            self.touch(group);
            is_any = true;
        }
        is_any
    }

    /// Notes that a group is planned again when all that is touched now is settled.
    pub(crate) fn plan_later(&mut self, group: GroupId) {
        self.index.touched.add_yielding(group);
    }

    fn touch_all_awaiting(&mut self) {
        let Index { awaiting, touched, .. } = &mut self.index;
        for group in &*awaiting {
            touched.add(&self.spec, *group);
        }
    }

    /// Touches the groups that would fail back to a node, because the groups on that node changed.
    fn touch_returning(&mut self, node: NodeId) {
        let spec = Arc::clone(&self.spec);
        for group in spec.groups_returning_to(node) {
            if self.state.owner(*group) != Some(node) {
                self.touch(*group);
            }
        }
        // A group that its owner cannot run completely may go to any node, if failback is allowed.
        let unable: Vec<GroupId> = self
            .index
            .awaiting
            .iter()
            .copied()
            .filter(|group| {
                let settings = spec.group(*group).map(GroupSpec::settings);
                self.state.owner(*group).is_some()
                    && settings.is_some_and(|of| of.failback != Failback::Prevent)
            })
            .collect();
        for group in unable {
            self.touch(group);
        }
    }

    /// Notes that a node is to be planned.
    pub(crate) fn touch_node(&mut self, node: NodeId) {
        self.index.touched.add_node(node);
    }

    /// Returns the next node that is to be planned.
    pub(crate) fn next_node(&mut self) -> Option<NodeId> {
        self.index.touched.next_node()
    }

    /// Returns the next group that is to be planned.
    pub(crate) fn next_group(&mut self) -> Option<GroupId> {
        self.index.touched.next_group()
    }

    /// Notes that a group is to return to a node after all others are placed.
    pub(crate) fn touch_to_return(&mut self, group: GroupId, to: NodeId) {
        self.index.touched.add_returning(group, to);
    }

    /// Returns the next group that is to return, and the node it returns to.
    pub(crate) fn next_to_return(&mut self) -> Option<(GroupId, NodeId)> {
        self.index.touched.next_returning()
    }

    /// Notes that a group lets others leave the node to which it fails back.
    pub(crate) fn note_let_leave(&mut self, group: GroupId) {
        self.index.touched.note_let_leave(group);
    }

    /// Ends a step. In the next step groups can let others leave again.
    pub(crate) fn end_step(&mut self) {
        self.index.touched.forget_let_leave();
    }

    /// Notes the orphans on a node that are to be stopped because their deadlines have come.
    pub(crate) fn touch_due_orphans(&mut self, node: NodeId) {
        let Index { orphans, touched, .. } = &mut self.index;
        for resource in orphans.due(node, self.state.now) {
            touched.add_orphan(node, resource);
        }
    }

    /// Returns the next orphan on a node behind another one. `None` begins with the first.
    pub(crate) fn next_orphan(
        &mut self,
        node: NodeId,
        behind: Option<ResourceId>,
    ) -> Option<ResourceId> {
        self.index.touched.next_orphan(node, behind)
    }
}
