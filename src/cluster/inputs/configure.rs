//! Puts another configuration in force.

use alloc::sync::Arc;

use crate::cluster::check::configuration::{Configuration, Mapping};
use crate::cluster::check::without_quorum::Authority;
use crate::cluster::settle::planner::Planner;
use crate::cluster::words::Event;
use crate::id::NodeId;
use crate::state::MovementCause;

impl Planner<'_> {
    /// Puts a checked configuration in force.
    pub(crate) fn reconfigure(&mut self, configuration: Configuration) {
        let Configuration { spec, authority } = configuration;
        let mapping = Mapping::new(self.ledger.spec(), &spec);
        self.leave_removed_nodes(&mapping);
        let given_up =
            self.view().given_up().mapped(|old| mapping.group(old), |old| mapping.resource(old));
        let mut state = self.view().mapped_state(&mapping, &spec);
        self.view().note_struck(&mapping, &spec, &mut state);
        let told = self.view().told_states(&spec);
        let votes = self.ledger.index().membership.total_votes;
        self.ledger.replace(Arc::new(spec), state);
        self.plan_indexes();
        if seeded!(RemovedNodeVotes) {
            self.ledger.keep_votes(votes);
        }
        self.ledger.set_told_states(told);
        let configuration = self.ledger.state().configuration;
        self.ledger.emit(Event::ConfigurationChanged { configuration });
        match authority {
            Authority::Votes => {}
            Authority::Proof => self.ledger.emit(Event::AcceptedWithoutQuorum { configuration }),
        }
        if self.ledger.state().last_declared == configuration {
            self.ask_anew();
        }
        self.ledger.judge_quorum();
        self.release_where_recovered();
        self.go_on_where_raised(given_up);
        self.rearm_retries();
        let spec = self.ledger.shared_spec();
        for (group, _) in spec.groups() {
            self.ledger.touch(group);
        }
        for (node, _) in spec.nodes() {
            self.ledger.touch_node(node);
        }
    }

    /// Takes from the groups that stay an owner or a destination that is removed. The event names
    /// the configuration that the node is still part of.
    fn leave_removed_nodes(&mut self, mapping: &Mapping) {
        let spec = self.ledger.shared_spec();
        let is_removed = |node: Option<NodeId>| node.is_some_and(|of| mapping.node(of).is_none());
        for (group, _) in spec.groups().filter(|(group, _)| mapping.group(*group).is_some()) {
            let owner = self.ledger.state().owner(group);
            let movement = self.ledger.state().group(group).and_then(|record| record.movement);
            if is_removed(owner) {
                let proof = self.view().proof_of(owner);
                self.ledger.transfer(group, None, MovementCause::Configuration, proof);
            } else if is_removed(movement.and_then(|movement| movement.to)) {
                self.ledger.abandon_move(group);
            }
        }
    }

    /// Asks the nodes again that are being asked what they run, as more was declared.
    pub(crate) fn ask_anew(&mut self) {
        let spec = self.ledger.shared_spec();
        for (node, _) in spec.nodes() {
            if !seeded!(OldQuestionStands) {
                self.ledger.supersede_inquiry(node);
            }
        }
    }
}
