//! The nodes and groups that are to be planned in this step.

use alloc::string::String;

use crate::cluster::index::work::{NodeChange, Task};
use crate::cluster::index::{Index, Judged, groups_of};
use crate::cluster::ledger::Ledger;
use crate::cluster::view::placement::could_take;
use crate::cluster::words::Event;
use crate::id::{GroupId, NodeId, ResourceId};
use crate::machine::NodeState;
use crate::settings::Failback;
use crate::spec::{GroupSpec, NodeSet};

impl Ledger<'_> {
    /// Notes that a group is to be planned in this step.
    pub(crate) fn touch(&mut self, group: GroupId) {
        self.index.touched.add(self.spec, group);
    }

    /// Notes that a resource of a group starts, or that its start ended. What follows from a start
    /// that failed touches the group as a whole.
    pub(crate) fn touch_starting(&mut self, group: GroupId) {
        self.index.touched.add_as_it_is(self.spec, group);
    }

    /// Notes that a resource of a group came online.
    pub(crate) fn touch_started(&mut self, group: GroupId, resource: ResourceId) {
        self.index.touched.add_started(group, resource);
        self.schedule_resource(resource);
        self.touch_starting(group);
    }

    /// Notes whether a group that was just settled is calm.
    pub(crate) fn note_calm(&mut self, declared: &GroupSpec, group: GroupId) {
        while self.index.touched.next_started(self.spec, group).is_some() {}
        if self.facts().is_calm(declared, group) {
            self.index.touched.set_calm(group);
        }
    }

    /// Begins to plan a calm group: the resources that may be able to start now stand in the index.
    /// They are the dependents and the providers of those that came online, in the order of starts.
    pub(crate) fn begin_calm(&mut self, declared: &GroupSpec, group: GroupId) {
        let Index { touched, candidates, judged, .. } = &mut self.index;
        *judged = Judged::Calm;
        let graph = declared.graph();
        while let Some(resource) = touched.next_started(self.spec, group) {
            if let Some(position) = declared.position_of(resource) {
                candidates.extend(graph.dependents(position).chain(graph.providers(position)));
            }
        }
        candidates.sort_unstable_by_key(|position| core::cmp::Reverse(graph.rank(*position)));
    }

    /// Takes out the first resource of a calm group that may be able to start.
    pub(crate) fn next_candidate(&mut self) -> Option<usize> {
        self.index.candidates.pop()
    }

    /// Ends the plan of a calm group.
    pub(crate) const fn end_calm(&mut self) {
        self.index.judged = Judged::Each;
    }

    /// Has the group of a resource planned.
    pub(crate) fn touch_resource(&mut self, resource: ResourceId) {
        if let Some(declared) = self.spec.resource(resource) {
            self.touch(declared.group());
        }
    }

    /// Touches every group that stands on a node or is on its way to it.
    pub(crate) fn touch_groups_on(&mut self, node: NodeId) {
        for group in self.state.occupancy.groups_on(node) {
            self.index.touched.add(self.spec, group);
        }
    }

    /// Notes that a change could help any group that awaits a node. They are planned once, after
    /// everything that is touched now.
    pub(crate) fn touch_awaiting(&mut self) {
        if !seeded!(WaitingForgotten) {
            self.index.touched.add_awaiting();
        }
    }

    /// Notes that something became free on a node: room, or the place of a group of some class. Of
    /// the groups that await a node those are planned again that it could help.
    pub(crate) fn touch_awaiting_for(&mut self, node: NodeId) {
        if !seeded!(WaitingForgotten) {
            self.index.touched.add_freed_node(node);
        }
    }

    /// Touches the groups that a change may help, which are groups that await a node and groups
    /// that would move. All are touched together, so that the higher priority goes first.
    pub(crate) fn touch_late(&mut self) {
        self.touch_helped();
        if self.index.touched.has_changed_nodes() {
            self.touch_unable();
        }
        while let Some((node, change)) = self.index.touched.next_changed_node() {
            self.touch_attracted(node, change);
        }
        while let Some(group) = self.index.touched.next_yielding() {
            self.touch(group);
        }
    }

    /// Notes that a group is planned again when all that is touched now is settled.
    pub(crate) fn plan_later(&mut self, group: GroupId) {
        self.index.touched.add_yielding(group);
    }

    /// Notes that nodes are chosen by another policy. Every group may have another place to go;
    /// groups that await a node choose together with all others, in order of priority.
    pub(crate) fn note_policy(&mut self, from: String, to: String) {
        self.emit(Event::PolicyChanged { from, to });
        for (group, _) in self.spec.groups() {
            self.index.touched.add(self.spec, group);
        }
        self.touch_awaiting();
    }

    /// Touches the groups that await a node and that something may have helped.
    fn touch_helped(&mut self) {
        let Index { awaiting, touched, .. } = &mut self.index;
        if touched.take_awaiting() {
            touched.forget_freed_nodes();
            for group in &*awaiting {
                touched.add(self.spec, *group);
            }
        }
        let mut up = None;
        while let Some(node) = touched.next_freed_node() {
            if awaiting.is_empty() {
                continue;
            }
            let nodes = self.spec.nodes().map(|(node, _)| node);
            let is_up = |node: &NodeId| self.state.node_state(*node) == NodeState::Up;
            let up = up.get_or_insert_with(|| nodes.filter(is_up).collect::<NodeSet>());
            for group in &*awaiting {
                if could_take((self.spec, self.state), *group, node, up) {
                    touched.add(self.spec, *group);
                }
            }
        }
    }

    /// Touches the groups that would rather be on a node, because something changed there.
    fn touch_attracted(&mut self, node: NodeId, change: NodeChange) {
        let is_up = self.state.node_state(node) == NodeState::Up;
        let Index { attracted, touched, .. } = &mut self.index;
        for group in groups_of(attracted, node) {
            let is_moving = self.state.group(group).is_some_and(|of| of.movement.is_some());
            let is_concerned = match change {
                NodeChange::Groups => is_up && !is_moving,
                NodeChange::State => true,
            };
            if is_concerned {
                touched.add(self.spec, group);
            }
        }
    }

    /// Touches the groups that their owner cannot run completely: they may go to any node, if
    /// failback is allowed.
    fn touch_unable(&mut self) {
        let Index { awaiting, touched, .. } = &mut self.index;
        for group in &*awaiting {
            let settings = self.spec.group(*group).map(GroupSpec::settings);
            if self.state.owner(*group).is_some()
                && settings.is_some_and(|of| of.failback != Failback::Prevent)
            {
                touched.add(self.spec, *group);
            }
        }
    }

    /// Notes that a node is to be planned.
    pub(crate) fn touch_node(&mut self, node: NodeId) {
        self.index.touched.add_node(node);
    }

    /// Takes out the next piece of work of this step, and returns it. The order is a rule, for a
    /// group that is planned sees every group that was planned before it:
    ///
    /// 1. touched nodes, because they decide where groups may go;
    /// 2. touched groups, by priority and then as declared;
    /// 3. when none is left, the groups that a change may help and those that let others go first,
    ///    which are touched all together, so that the higher priority chooses first;
    /// 4. when nothing is touched, groups that an operator lets return.
    pub(crate) fn next_task(&mut self) -> Option<Task> {
        let touched = &mut self.index.touched;
        if let Some(node) = touched.next_node() {
            return Some(Task::Node(node));
        }
        if let Some(group) = touched.next_group() {
            return Some(Task::Group(group));
        }
        if touched.has_late() {
            return Some(Task::Late);
        }
        touched.next_returning().map(|(group, to)| Task::Return { group, to })
    }

    /// Notes that a group is to return to a node after all others are placed.
    pub(crate) fn touch_to_return(&mut self, group: GroupId, to: NodeId) {
        self.index.touched.add_returning(group, to);
    }

    /// Notes that a group lets others leave the node to which it fails back.
    pub(crate) fn note_let_leave(&mut self, group: GroupId) {
        self.index.touched.note_let_leave(group);
    }

    /// Ends a step. In the next step groups can let others leave again, and are placed jointly.
    pub(crate) fn end_step(&mut self) {
        self.index.touched.end_step();
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

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::*;
    use crate::cluster::keep::invariants::sample;
    use crate::cluster::ledger::store::Store;

    /// Whatever the order in which it was noted, work is done in the order that is a rule.
    #[test]
    fn work_has_an_order() {
        let spec = sample::spec();
        let state = sample::state(&spec);
        let mut store = Store::new(Arc::new(spec), state);
        let mut ledger = store.ledger();
        while let Some(task) = ledger.next_task() {
            assert_ne!(task, Task::Late, "nothing was changed");
        }
        let [first, second, third] = [0, 1, 2].map(GroupId::new);
        let (node, to) = (sample::node(1), sample::node(2));
        ledger.touch_to_return(first, to);
        ledger.plan_later(third);
        ledger.touch(second);
        ledger.touch(first);
        ledger.index.touched.add_node(node);
        assert_eq!(ledger.next_task(), Some(Task::Node(node)));
        let priority = |group| ledger.spec.group(group).map(|of| of.settings().priority);
        let (high, low) =
            if priority(second) > priority(first) { (second, first) } else { (first, second) };
        assert_eq!(ledger.next_task(), Some(Task::Group(high)));
        assert_eq!(ledger.next_task(), Some(Task::Group(low)));
        assert_eq!(ledger.next_task(), Some(Task::Late));
        ledger.touch_late();
        assert_eq!(ledger.next_task(), Some(Task::Group(third)));
        assert_eq!(ledger.next_task(), Some(Task::Return { group: first, to }));
        assert_eq!(ledger.next_task(), None);
    }
}
