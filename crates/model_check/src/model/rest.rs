//! Liveness: nothing is stuck, and when no more faults happen, everything comes online.

use std::sync::Arc;
use std::time::Duration;

use quorate::cluster::Reason;
use quorate::machine::{NodeState, ResourceState};
use quorate::policy::Ring;
use quorate::settings::UnconfirmedStop;
use quorate::state::NoRestartCause;
use quorate::{Cluster, NodeId, ResourceId};
use quorate_testkit::audit::Audit;
use quorate_testkit::{Breach, Invariant};

use super::Configuration;
use super::declare::{self, GROUPS, NODES, members};
use super::rule::ensure;
use super::state::{Core, State, groups};

/// The most actions until everything that can be online is.
const PATIENCE: usize = 400;

impl State {
    /// Tells whether nothing can happen but faults, boots and operators: nothing is under way, no
    /// loss is unnoticed, and no timer runs.
    fn is_quiet(&self) -> bool {
        self.is_idle() && self.core.next_timer().is_none()
    }

    /// Tells whether nothing is under way and no loss is unnoticed.
    fn is_idle(&self) -> bool {
        let is_unnoticed = |node: usize| {
            !self.world.machines[node].is_reachable() && self.core.node_state(node).is_member()
        };
        !self.world.orders.as_slice().iter().any(|order| self.world.can_arrive(order))
            && self.world.letters.as_slice().is_empty()
            && !(0..NODES).any(is_unnoticed)
    }

    /// Tells whether this much time can pass without anything due by then.
    pub(crate) fn can_pass(&self, span: Duration) -> bool {
        let then = self.core.now(&self.world).after(span);
        self.is_idle() && self.core.next_timer().is_none_or(|at| at > then)
    }

    /// Judges a state in which nothing is going to happen by itself: every group is online or has a
    /// reason that lasts.
    pub(crate) fn judge_rest(&self) -> Result<(), Breach> {
        if !self.is_quiet() {
            return Ok(());
        }
        if self.core.audit.is_some() {
            return self.judge_rest_of_scene();
        }
        let live = self.core.live.as_slice();
        ensure!(live.is_empty(), L5, "{live:?} is outstanding, and no timer runs");
        if !self.core.cluster.state().is_quorate() {
            for group in 0..GROUPS {
                for resource in members(group) {
                    let is_left = |node: &usize| self.core.node_state(*node).is_member();
                    let left = self.world.copies(resource).find(is_left);
                    ensure!(left.is_none(), S25, "r{resource} runs on n{left:?}, without quorum");
                }
            }
        }
        self.judge_groups(Invariant::L5)
    }

    /// Continues without faults and operators until nothing happens any more, and judges the end:
    /// every group is online or has a reason that lasts even then.
    pub(crate) fn judge_calm(&self) -> Result<(), Breach> {
        let mut state = self.clone();
        for _ in 0..PATIENCE {
            let Some(action) = state.kind_action() else {
                return match state.core.audit {
                    Some(_) => state.judge_end_of_calm(),
                    None => state.judge_groups(Invariant::L1),
                };
            };
            state = state.act(action);
            if let Some(broken) = &state.broken {
                return Err((**broken).clone());
            }
        }
        ensure!(false, L1, "{PATIENCE} things happened, and there is no end of it");
        Ok(())
    }

    /// Judges that a cluster that is stored and restored continues identically, for every action
    /// that is possible next.
    pub(crate) fn judge_sameness(&self, configuration: &Configuration) -> Result<(), Breach> {
        let restored = Cluster::restore(self.core.cluster.snapshot(), Ring::new());
        let twin = match restored {
            Ok(twin) => {
                let audit = self.core.audit.as_ref().map(|_| Audit::new(&twin));
                Self::of(Arc::new(Core::new(twin, self.core.reach, audit)), self.world, None)
            }
            Err(error) => {
                let words = format!("cannot be restored: {error}");
                return Err(Breach::of(Invariant::S31, words));
            }
        };
        let mut actions = Vec::new();
        self.actions(configuration, &mut actions);
        for action in actions {
            let (one, other) = (self.act(action), twin.act(action));
            let is_same = one.key() == other.key()
                && one.core.cluster.state() == other.core.cluster.state()
                && one.core.cluster.poll_timeout() == other.core.cluster.poll_timeout();
            ensure!(is_same, S31, "a restored cluster does otherwise at {action:?}");
        }
        Ok(())
    }

    fn judge_groups(&self, invariant: Invariant) -> Result<(), Breach> {
        for (index, group) in groups() {
            let is_online = members(index).into_iter().all(|resource| {
                let id = ResourceId::from_index(resource);
                self.core.cluster.state().resource_state(id) == ResourceState::Online
            });
            let reason = self.core.cluster.why(group);
            let is_right = match reason {
                None => is_online,
                Some(reason) => !is_online && self.is_lasting(index, reason),
            };
            if !is_right {
                let words = match reason {
                    Some(reason) => self.core.cluster.spec().named(reason).to_string(),
                    None => "without a reason".into(),
                };
                let words = format!("g{index} is not online: {words}");
                return Err(Breach::of(invariant, words));
            }
        }
        Ok(())
    }

    /// Tells whether a reason is true in the world and will not go away by itself.
    fn is_lasting(&self, group: usize, reason: Reason) -> bool {
        let is_up = |node: usize| self.core.node_state(node) == NodeState::Up;
        let owner = self.core.cluster.state().owner(super::state::group_id(group));
        let has_other =
            (0..NODES).any(|node| is_up(node) && owner != Some(NodeId::from_index(node)));
        let limit = declare::fence_limit(&self.core.cluster);
        let is_fenced_out = |node: NodeId| {
            limit.is_some_and(|limit| self.world.diary.fences[node.index()] >= limit)
        };
        match reason {
            Reason::NoQuorum => {
                let members = (0..NODES).filter(|node| self.core.node_state(*node).is_member());
                members.count() * 2 <= NODES
            }
            Reason::NoCandidate => !(0..NODES).any(is_up),
            Reason::WaitingForNodeOff { node, .. } => is_fenced_out(node),
            Reason::InDoubt { resource, node } => {
                let declared = self.core.cluster.spec().resource(resource);
                let is_fatal = declared.is_some_and(|declared| {
                    declared.settings().unconfirmed_stop == UnconfirmedStop::FenceNode
                });
                is_fatal && is_fenced_out(node)
            }
            Reason::Failed { cause: NoRestartCause::Failovers, .. } => {
                self.world.is_out_of_failovers(group)
            }
            Reason::Failed { cause: NoRestartCause::NoCandidate, .. } => !has_other,
            _ => false,
        }
    }
}
