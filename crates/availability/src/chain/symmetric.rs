//! Groups that stay in place: no node is the home of any of them.
//!
//! A node carries one group. A group whose node is off starts on any free node; if there is none it
//! waits for the first node that comes up, which may be its own. When a node fails, it is decided
//! at once whether the failover is covered. If it is not, the group stays with its node until an
//! operator helps or the node is repaired.

use super::Model;
use crate::causes::ByCause;
use crate::closed_form::Parameters;
use crate::rates::Eviction;

/// A cluster whose groups stay in place.
pub(super) struct Symmetric(pub(super) Parameters);

/// The condition of a node and of its group.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Node {
    /// Up, without a group.
    Idle,
    /// Up, with a group online.
    Online,
    /// A group is on its way here after a failure.
    FailingOver,
    /// A group is on its way here as planned.
    Moving,
    /// The group that was here starts again after a failure.
    Starting,
    /// The group that was here starts again after maintenance.
    StartingPlanned,
    /// Failed, without a group.
    Down,
    /// Failed. The failover of its group is not covered, but that is not noticed yet.
    Uncovered,
    /// Failed; its group waits for an operator.
    Undetected,
    /// Failed; its group waits for a node.
    Waiting,
    /// In maintenance, without a group.
    Maintained,
    /// In maintenance, and its group had no other node.
    Evicted,
}

impl Node {
    const fn is_up(self) -> bool {
        match self {
            Self::Idle
            | Self::Online
            | Self::FailingOver
            | Self::Moving
            | Self::Starting
            | Self::StartingPlanned => true,
            Self::Down
            | Self::Uncovered
            | Self::Undetected
            | Self::Waiting
            | Self::Maintained
            | Self::Evicted => false,
        }
    }

    /// Returns the node after a loss of quorum: what ran is stopped, and starts again when quorum
    /// returns.
    const fn stopped(self) -> Self {
        match self {
            Self::Online
            | Self::FailingOver
            | Self::Moving
            | Self::Starting
            | Self::StartingPlanned => Self::Starting,
            Self::Idle
            | Self::Down
            | Self::Uncovered
            | Self::Undetected
            | Self::Waiting
            | Self::Maintained
            | Self::Evicted => self,
        }
    }

    /// Returns the conditions in which the node can be after a failure, each with its probability.
    const fn failed(self, coverage: f64) -> [(Self, f64); 2] {
        match self {
            Self::Idle => [(Self::Down, 1.0), (Self::Down, 0.0)],
            Self::Online
            | Self::FailingOver
            | Self::Moving
            | Self::Starting
            | Self::StartingPlanned => {
                [(Self::Waiting, coverage), (Self::Uncovered, 1.0 - coverage)]
            }
            Self::Down
            | Self::Uncovered
            | Self::Undetected
            | Self::Waiting
            | Self::Maintained
            | Self::Evicted => [(self, 1.0), (self, 0.0)],
        }
    }
}

type State = Vec<Node>;

/// Changes the condition of the first node in condition `from`. Tells whether there was one.
fn replace(state: &mut State, from: Node, to: Node) -> bool {
    let place = state.iter_mut().find(|node| **node == from);
    match place {
        Some(node) => {
            *node = to;
            true
        }
        None => false,
    }
}

impl Symmetric {
    fn is_quorate(&self, state: &State) -> bool {
        state.iter().filter(|node| node.is_up()).count() >= self.0.quorum
    }

    fn is_quiet(state: &State) -> bool {
        state.iter().all(|node| matches!(node, Node::Idle | Node::Online))
    }

    fn with(&self, state: &State, index: usize, node: Node) -> State {
        let mut next = state.clone();
        if let Some(entry) = next.get_mut(index) {
            *entry = node;
        }
        self.settled(next)
    }

    /// Returns the state after everything that happens at once: without quorum all groups stop, and
    /// with it no group waits while a node is free.
    fn settled(&self, mut state: State) -> State {
        if self.is_quorate(&state) {
            while state.contains(&Node::Waiting)
                && replace(&mut state, Node::Idle, Node::FailingOver)
            {
                replace(&mut state, Node::Waiting, Node::Down);
            }
        } else {
            state.iter_mut().for_each(|node| *node = node.stopped());
        }
        state.sort_unstable();
        state
    }

    /// Returns the state after an operator has confirmed that a node is off.
    fn helped(&self, state: &State, index: usize) -> State {
        let mut next = state.clone();
        let has_room = self.is_quorate(state) && replace(&mut next, Node::Idle, Node::Online);
        if let Some(entry) = next.get_mut(index) {
            *entry = if has_room { Node::Down } else { Node::Waiting };
        }
        self.settled(next)
    }

    fn step_node(&self, state: &State, index: usize, node: Node, follow: &mut Follow<'_>) {
        let of = &self.0;
        if node.is_up() {
            for (failed, share) in node.failed(of.coverage) {
                follow(self.with(state, index, failed), share * of.failure_rate);
            }
        }
        let is_quorate = self.is_quorate(state);
        let mut to = |node, rate| follow(self.with(state, index, node), rate);
        match node {
            Node::Idle | Node::Online => {}
            Node::Down => to(Node::Idle, of.repair_rate),
            Node::Waiting => to(Node::Starting, of.repair_rate),
            Node::Maintained => to(Node::Idle, 1.0 / of.maintenance),
            Node::Evicted => to(Node::StartingPlanned, 1.0 / of.maintenance),
            Node::Undetected => {
                to(Node::Starting, of.repair_rate);
                follow(self.helped(state, index), 1.0 / of.manual);
            }
            Node::Moving | Node::Starting | Node::StartingPlanned if is_quorate => {
                to(Node::Online, 1.0 / of.planned_move);
            }
            Node::FailingOver if is_quorate => to(Node::Online, 1.0 / of.failover),
            Node::Uncovered => {
                to(Node::Starting, of.repair_rate);
                if is_quorate {
                    to(Node::Undetected, 1.0 / of.failover);
                }
            }
            Node::Moving | Node::Starting | Node::StartingPlanned | Node::FailingOver => {}
        }
    }

    fn step_maintenance(&self, state: &State, follow: &mut Follow<'_>) {
        let of = &self.0;
        if !Self::is_quiet(state) || of.nodes() <= of.quorum {
            return;
        }
        for (index, node) in state.iter().enumerate() {
            let mut next = state.clone();
            let out = match (node, of.eviction) {
                (Node::Idle, _) => Some(Node::Maintained),
                (_, _) if replace(&mut next, Node::Idle, Node::Moving) => Some(Node::Maintained),
                (_, Eviction::Forced) => Some(Node::Evicted),
                (_, Eviction::WhenRoom) => None,
            };
            if let Some(out) = out {
                follow(self.with(&next, index, out), of.maintenance_rate);
            }
        }
    }
}

type Follow<'a> = dyn FnMut(State, f64) + 'a;

impl Model for Symmetric {
    type State = State;

    fn initial(&self) -> State {
        let idle = core::iter::repeat_n(Node::Idle, self.0.spare_nodes());
        idle.chain(core::iter::repeat_n(Node::Online, self.0.homes)).collect()
    }

    fn step(&self, state: &State, follow: &mut dyn FnMut(State, f64)) {
        for (index, node) in state.iter().enumerate() {
            self.step_node(state, index, *node, follow);
        }
        self.step_maintenance(state, follow);
    }

    fn groups_down(&self, state: &State) -> ByCause<f64> {
        let mut down = ByCause::default();
        if !self.is_quorate(state) {
            down.waiting = self.0.homes as f64;
            return down;
        }
        for node in state {
            match node {
                Node::Idle | Node::Online | Node::Down | Node::Maintained => {}
                Node::FailingOver | Node::Uncovered => down.failover += 1.0,
                Node::Starting => down.failback += 1.0,
                Node::Moving | Node::StartingPlanned | Node::Evicted => down.planned += 1.0,
                Node::Undetected => down.undetected += 1.0,
                Node::Waiting => down.waiting += 1.0,
            }
        }
        down
    }

    fn groups(&self) -> usize {
        self.0.homes
    }
}
