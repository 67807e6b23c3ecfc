//! Leaves a configuration, and enters the next.

use crate::cluster::check::configuration::Mapping;
use crate::cluster::check::without_quorum::Authority;
use crate::cluster::index::standing::Told;
use crate::cluster::settle::planner::Planner;
use crate::cluster::view::given_up::GivenUp;
use crate::cluster::words::Event;
use crate::id::NodeId;
use crate::spec::ClusterSpec;
use crate::state::{ClusterState, MovementCause};

/// Knowledge about a configuration that the next one needs, by the ids of the next.
pub(crate) struct Handover {
    given_up: GivenUp,
    told: Told,
    votes: u64,
}

impl Planner<'_> {
    /// Ends the configuration that is in force. Returns the state for the next one, and what that
    /// has to know.
    pub(crate) fn leave_configuration(&mut self, next: &ClusterSpec) -> (ClusterState, Handover) {
        let mapping = Mapping::new(self.ledger.spec(), next);
        self.leave_removed_nodes(&mapping);
        let given_up =
            self.view().given_up().mapped(|old| mapping.group(old), |old| mapping.resource(old));
        let mut state = self.view().mapped_state(&mapping, next);
        self.view().note_struck(&mapping, next, &mut state);
        let told = self.view().told(next);
        let votes = self.ledger.index().membership.total_votes;
        (state, Handover { given_up, told, votes })
    }

    /// Begins the configuration that was just put in force.
    pub(crate) fn enter_configuration(&mut self, handover: Handover, authority: Authority) {
        let Handover { given_up, told, votes } = handover;
        self.plan_indexes();
        if seeded!(RemovedNodeVotes) {
            self.ledger.keep_votes(votes);
        }
        self.ledger.set_told(told);
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
        for (group, _) in self.ledger.spec().groups() {
            self.ledger.touch(group);
        }
        for (node, _) in self.ledger.spec().nodes() {
            self.ledger.touch_node(node);
        }
    }

    /// Takes from the groups that stay an owner or a destination that is removed. The event names
    /// the configuration that the node is still part of.
    fn leave_removed_nodes(&mut self, mapping: &Mapping) {
        let is_removed = |node: Option<NodeId>| node.is_some_and(|of| mapping.node(of).is_none());
        for (group, _) in
            self.ledger.spec().groups().filter(|(group, _)| mapping.group(*group).is_some())
        {
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
        for (node, _) in self.ledger.spec().nodes() {
            if !seeded!(OldQuestionStands) {
                self.ledger.supersede_inquiry(node);
            }
        }
    }
}
