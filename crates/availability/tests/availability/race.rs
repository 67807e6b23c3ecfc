//! A cluster as a race of exponential clocks, in which every node and every group has a name.
//!
//! The model goes node by node and group by group, as an operator sees the cluster. It checks the
//! chain, which counts similar nodes and groups together. It shares the parameters with the rest of
//! the crate, but no code.

use quorate::settings::Failback;
use quorate_availability::{Eviction, Parameters};

/// The reason why a group is down, in the order of [`Race::shares`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Why {
    Waiting,
    Failover,
    Undetected,
    Failback,
    Planned,
}

const WHYS: usize = 5;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Node {
    Up,
    Failed,
    Maintained,
}

/// The condition of a group. The number is that of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Group {
    Online(usize),
    /// The group starts there after its node failed, for the length of a failover.
    FailsOver(usize),
    /// The group starts there for the length of a move, at home or in place.
    Returns(usize),
    /// The group starts there because of maintenance, or makes room for such a move.
    Moves(usize),
    /// The group went down with that node. Its failover is not covered, but that is not noticed
    /// yet.
    Lost(usize),
    /// The group went down with that node and waits for an operator.
    Helpless(usize),
    /// The group has no node; it went down with that one.
    Homeless(usize),
    /// The group was put out by the maintenance of that node.
    Evicted(usize),
}

impl Group {
    /// Returns the node that the group occupies.
    const fn host(self) -> Option<usize> {
        match self {
            Self::Online(node)
            | Self::FailsOver(node)
            | Self::Returns(node)
            | Self::Moves(node) => Some(node),
            Self::Lost(_) | Self::Helpless(_) | Self::Homeless(_) | Self::Evicted(_) => None,
        }
    }

    const fn why(self) -> Option<Why> {
        match self {
            Self::Online(_) => None,
            Self::FailsOver(_) | Self::Lost(_) => Some(Why::Failover),
            Self::Returns(_) => Some(Why::Failback),
            Self::Moves(_) | Self::Evicted(_) => Some(Why::Planned),
            Self::Helpless(_) => Some(Why::Undetected),
            Self::Homeless(_) => Some(Why::Waiting),
        }
    }
}

/// The clock that is first, and so the next event.
#[derive(Clone, Copy, Debug)]
enum First {
    Failure(usize),
    Return(usize),
    Maintenance(usize),
    Step(usize),
}

/// The shares of a stretch of time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shares {
    /// The share for which one group is down, by cause.
    pub(crate) down: [f64; WHYS],
    /// The share for which any group is down.
    pub(crate) any: f64,
}

/// The cluster at one moment. Group 0 is at home on node 0, and so on; the spare nodes follow, the
/// better ones first.
pub(crate) struct Race {
    of: Parameters,
    nodes: Vec<Node>,
    groups: Vec<Group>,
    clocks: Vec<(f64, First)>,
    dice: u64,
}

impl Race {
    pub(crate) fn new(of: &Parameters, seed: u64) -> Self {
        let spares = of.spares[0] + of.spares[1];
        Self {
            of: *of,
            nodes: vec![Node::Up; of.homes + spares],
            groups: (0..of.homes).map(Group::Online).collect(),
            clocks: Vec::new(),
            dice: seed,
        }
    }

    /// Draws a number above 0 and up to 1 (splitmix64, Steele, Lea and Flood 2014).
    fn roll(&mut self) -> f64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.dice;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::EPSILON / 2.0
    }

    /// Lets hours pass.
    pub(crate) fn pass(&mut self, hours: f64) -> Shares {
        let mut shares = Shares::default();
        let mut left = hours;
        while left > 0.0 {
            self.wind_up();
            let total: f64 = self.clocks.iter().map(|(rate, _)| rate).sum();
            let span = -self.roll().ln() / total;
            self.count(span.min(left) / hours, &mut shares);
            // Clocks have no memory: what would happen after the end may be drawn again.
            left -= span;
            if left > 0.0 {
                let first = self.draw(total);
                self.happen(first);
            }
        }
        shares
    }

    fn count(&self, share: f64, shares: &mut Shares) {
        let groups = self.groups.len() as f64;
        let mut is_any_down = false;
        for group in &self.groups {
            let why = if self.is_quorate() { group.why() } else { Some(Why::Waiting) };
            if let Some(why) = why {
                shares.down[why as usize] += share / groups;
                is_any_down = true;
            }
        }
        shares.any += if is_any_down { share } else { 0.0 };
    }

    fn draw(&mut self, total: f64) -> First {
        let mut point = self.roll() * total;
        for (rate, first) in &self.clocks {
            point -= rate;
            if point <= 0.0 {
                return *first;
            }
        }
        self.clocks.last().expect("nodes fail or return").1
    }

    /// Draws the time of every running clock.
    fn wind_up(&mut self) {
        let of = self.of;
        let mut clocks = std::mem::take(&mut self.clocks);
        clocks.clear();
        let takes_maintenance = self.is_quiet() && self.nodes.len() > of.quorum;
        for (node, state) in self.nodes.iter().enumerate() {
            match state {
                Node::Up => clocks.push((of.failure_rate, First::Failure(node))),
                Node::Failed => clocks.push((of.repair_rate, First::Return(node))),
                Node::Maintained => clocks.push((1.0 / of.maintenance, First::Return(node))),
            }
            if takes_maintenance {
                clocks.push((of.maintenance_rate, First::Maintenance(node)));
            }
        }
        let is_quorate = self.is_quorate();
        for (group, state) in self.groups.iter().enumerate() {
            let length = match state {
                Group::FailsOver(_) | Group::Lost(_) if is_quorate => of.failover,
                Group::Returns(_) | Group::Moves(_) if is_quorate => of.planned_move,
                Group::Helpless(_) => of.manual,
                Group::FailsOver(_) | Group::Lost(_) | Group::Returns(_) | Group::Moves(_) => {
                    continue;
                }
                Group::Online(_) | Group::Homeless(_) | Group::Evicted(_) => continue,
            };
            clocks.push((1.0 / length, First::Step(group)));
        }
        self.clocks = clocks;
    }

    fn goes_home(&self) -> bool {
        self.of.failback == Failback::Allow
    }

    fn is_quorate(&self) -> bool {
        self.nodes.iter().filter(|node| **node == Node::Up).count() >= self.of.quorum
    }

    /// Tells whether every node is up and every group is online and, if it returns home, there.
    fn is_quiet(&self) -> bool {
        let is_in_place = |(group, state): (usize, &Group)| match state {
            Group::Online(node) => !self.goes_home() || *node == group,
            _ => false,
        };
        self.nodes.iter().all(|node| *node == Node::Up)
            && self.groups.iter().enumerate().all(is_in_place)
    }

    /// Returns the best node that is up and carries no group.
    fn free(&self) -> Option<usize> {
        (self.of.homes..self.nodes.len()).chain(0..self.of.homes).find(|node| {
            self.nodes[*node] == Node::Up
                && self.groups.iter().all(|group| group.host() != Some(*node))
        })
    }

    fn happen(&mut self, first: First) {
        match first {
            First::Failure(node) => {
                self.nodes[node] = Node::Failed;
                for group in 0..self.groups.len() {
                    if self.groups[group].host() == Some(node) {
                        let is_covered = self.roll() <= self.of.coverage;
                        self.groups[group] =
                            if is_covered { Group::Homeless(node) } else { Group::Lost(node) };
                    }
                }
            }
            First::Return(node) => self.come_back(node),
            First::Maintenance(node) => self.maintain(node),
            First::Step(group) => self.step(group),
        }
        self.settle();
    }

    /// Brings a node back from repair or from maintenance.
    fn come_back(&mut self, node: usize) {
        let was = std::mem::replace(&mut self.nodes[node], Node::Up);
        let goes_home = self.goes_home();
        for (home, group) in self.groups.iter_mut().enumerate() {
            let is_its_own = match *group {
                _ if goes_home => home == node,
                Group::Lost(with) | Group::Helpless(with) | Group::Homeless(with) => with == node,
                Group::Evicted(from) => from == node,
                Group::Online(_) | Group::FailsOver(_) | Group::Returns(_) | Group::Moves(_) => {
                    false
                }
            };
            if is_its_own {
                *group =
                    if was == Node::Maintained { Group::Moves(node) } else { Group::Returns(node) };
            } else if matches!(*group, Group::Lost(with) | Group::Helpless(with) if with == node) {
                // A group that went down with this node is now known to be off.
                *group = Group::Homeless(node);
            }
        }
    }

    fn maintain(&mut self, node: usize) {
        let carried = self.groups.iter().position(|group| group.host() == Some(node));
        if let Some(group) = carried {
            let free = self.free();
            match (free, self.of.eviction) {
                (Some(free), _) => self.groups[group] = Group::Moves(free),
                (None, Eviction::Forced) => self.groups[group] = Group::Evicted(node),
                (None, Eviction::WhenRoom) => return,
            }
        }
        self.nodes[node] = Node::Maintained;
    }

    /// Completes the present move or start of a group.
    fn step(&mut self, group: usize) {
        self.groups[group] = match self.groups[group] {
            Group::FailsOver(node) | Group::Returns(node) | Group::Moves(node) => {
                Group::Online(node)
            }
            Group::Lost(node) => Group::Helpless(node),
            Group::Helpless(node) => match self.free().filter(|_| self.is_quorate()) {
                // The length of the failover has already passed.
                Some(free) => Group::Online(free),
                None => Group::Homeless(node),
            },
            other => other,
        };
    }

    /// Does what needs no time: without quorum all groups stop, and with it no group waits while a
    /// node is free.
    fn settle(&mut self) {
        let (is_quorate, goes_home) = (self.is_quorate(), self.goes_home());
        for group in 0..self.groups.len() {
            let state = self.groups[group];
            self.groups[group] = match (is_quorate, state) {
                (true, Group::Homeless(_)) => self.free().map_or(state, Group::FailsOver),
                (true, _) => state,
                (false, _) => match state.host() {
                    Some(node) if !goes_home || node == group => Group::Returns(node),
                    Some(node) => Group::Homeless(node),
                    None => state,
                },
            };
        }
    }
}
