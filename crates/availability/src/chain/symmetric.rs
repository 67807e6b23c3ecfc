//! Groups that stay where they are: no node is the home of any of them.
//!
//! A node carries one group. A group whose node is off starts on any free node; if there is none
//! it waits for the first that comes, which may be its own. Whether a failover is covered is settled
//! when the node fails: if not, the group stays at its node until the operator's word or the repair.

use super::Model;
use crate::causes::ByCause;
use crate::closed_form::Parameters;
use crate::rates::Eviction;

/// A cluster whose groups stay.
pub(super) struct Symmetric(pub(super) Parameters);

/// A node with its group.
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
    /// The group that was here starts again.
    Starting,
    /// The same after maintenance.
    StartingPlanned,
    /// Failed, without a group.
    Down,
    /// Failed; nobody has noticed yet that the failover of its group is not covered.
    Uncovered,
    /// Failed; its group waits for an operator.
    Undetected,
    /// Failed; its group waits for a node.
    Waiting,
    /// In maintenance, without a group.
    Maintained,
    /// In maintenance that was forced on its group.
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

    /// The same node without quorum: what ran is stopped, and starts again when quorum returns.
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

    /// The same node after a failure, each with its probability.
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

/// The first node in this condition becomes another one. Whether there was one.
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

    /// What follows at once: without quorum everything stops, with it nobody waits beside a free
    /// node.
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

    /// The operator has said that a node is off.
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
